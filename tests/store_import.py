"""An import that the kill test runs in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import strategies
from stromata import store as stores
from stromata.model import Record, Source, SourceImported


def records_of(sha256: str, count: int) -> Iterator[Record]:
    """Yield `count` records of about 1.5 kB."""
    for number in range(1, count + 1):
        yield Record(
            sha256, number, number, number, title=f"Title {number}", doi=f"10.1/{number}", abstract="word " * 250
        )


def work(folder: Path, count: int, *, begin: bool = False) -> None:
    """Import a source into review ``r`` and note in the file ``phases`` when each phase began."""

    def phase(name: str) -> None:
        with (folder / "phases").open("a") as noted:
            noted.write(f"{name} {time.monotonic()}\n")

    phase("opening")
    opening = stores.create if begin else stores.open_store
    with opening(folder / "reviews.db", files=folder / "files") as store:
        if begin:
            strategies.begin(store)
        phase("writing")
        sha256 = store.files.put(b"original")
        kept, _ = store.files.write_records(records_of(sha256, count))
        phase("appending")
        with store.transaction("r", actor="ana", at="2026-01-31T12:00:00Z") as tx:
            tx.append(SourceImported(Source(sha256, "export.ris", 8, "ris", "utf-8", count), kept))
            phase("committing")
        phase("done")

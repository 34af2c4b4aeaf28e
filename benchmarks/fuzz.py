# ruff: noqa: E501 - lists of pieces, as wide as they read best
"""Change files at random and read them: each reader by what the file looks like, and each reader by force.

    python benchmarks/fuzz.py --seconds 60 [--seed 1] [FOLDER]

Samples are written by this script, in every format that is written; files of a folder are added to them. What must
hold: nothing but the errors of stromata is raised, no reading takes long, every byte is accounted for, records lie
within the file, and come back as they were once they are written. One JSON line per finding, with the bytes saved in
``--save``; one line with the counts at the end. The status is 1 where there is a finding. ``fuzz_atheris.py`` looks for
the same, led by coverage.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType

from stromata import formats
from stromata.errors import StromataError
from stromata.formats.account import Ledger
from stromata.formats.catalogue import FORMATS
from stromata.formats.own import tidied
from stromata.formats.reading import Reading, scan, scan_bytes
from stromata.model import Name, Problem, Record

LONGEST = 200_000
"""Bytes of a sample; larger ones are cut, for hundreds of readings a second find more than one."""

SECONDS, SECONDS_PER_BYTE = 4.0, 2e-4
"""CPU that one reading may take at most: a hundred times what an ordinary file takes."""

WRITTEN = tuple(form.name for form in FORMATS if form.write or form.write_binary)
READERS = tuple(form.name for form in FORMATS if form.read and form.name not in {"xlsx", "parquet"})
_KEPT = 3
"""Records of a file that are written and read back."""

PIECES = (
    b"\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\x1a", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe3\x80\x80", b"\xc2\xa0",
    b"\xe2\x80\xa8", b"\x0c", b"\x85", b'"', b'""', b"'", b"{", b"}", b"{{", b"[", b"]", b"(", b")", b"<", b">", b"</",
    b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE", b"<?xml", b"?>", b"&", b"&amp;", b"&#0;", b"&#xD800;", b"&#x110000;",
    b"@", b"@string{", b"@comment{", b"=", b",", b";", b"\t", b"|", b"\\", b"\\u", b"\\ud800", b"%", b"%u", b"10.", b"10.1/", b"TY  - ",
    b"ER  - ", b"PMID- 1\n", b"FN ", b"PT ", b"EF", b"%0 ", b"RT ", b"<1>", b"NaN", b"1e999", b"-", b"\xd0\xc4", b"\xa1\xa1",
    b"9" * 400, b" " * 400, b"-" * 400, b"null", b"true", b"[[[[[[[[", b'{"a":', b"sep=,\n",
)  # fmt: skip
"""What matters to some format."""


def samples(folder: Path | None) -> list[bytes]:
    """Return the files that are changed."""
    records = [
        Record(
            source="0" * 64, number=n, line=n, end_line=n, type="article-journal", title=f"Stromal cells {n}: a trial",
            authors=(Name(family="Garcia", given="Ana"), Name(literal="The Group")), year=2020, date="2020-06-0" + str(n),
            journal="Fictional Journal", volume="1", issue="2", pages="3-9", issn=("1234-5679",), doi=f"10.99999/x.{n}",
            pmid=str(30_000_000 + n), abstract="Background: cells. Results: Grüße, p < 0.05 & more. 干细胞。" * 3,
            keywords=("cells", "skin"), language="en", notes=("note",), extra=(("C1", "a place"),),
            urls=("https://example.org/a",), registry_ids=("NCT01234567",),
        )
        for n in range(1, 6)
    ]  # fmt: skip
    found = []
    for form in FORMATS:
        if form.write or form.write_binary:
            stream = io.BytesIO()
            formats.write(records, form.name, stream)
            found.append(stream.getvalue())
    if folder is not None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        found += [data[:LONGEST] for path in paths if (data := path.read_bytes())]
    return found


def changed(chance: random.Random, sample: bytes, others: list[bytes]) -> bytes:
    """Return a sample after one to eight changes."""
    data = bytearray(sample)
    if len(data) > 5000 and chance.random() < 0.7:
        start = chance.randrange(len(data)) if chance.random() < 0.5 else 0
        data = data[start : start + chance.randint(500, 5000)]
    for _ in range(chance.randint(1, 8)):
        size = len(data)
        at, length = chance.randint(0, size), min(chance.randint(1, 60), chance.randint(1, 60))
        way = chance.randrange(8)
        if way == 0:
            del data[at : at + length]
        elif way == 1:
            data[at:at] = chance.choice(PIECES)
        elif way == 2:
            data[at : at + 1] = bytes((chance.randrange(256),))
        elif way == 3:
            data[at:at] = data[at : at + length] * chance.randint(1, 40)
        elif way == 4:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            data[at:at] = other[start : start + chance.randint(1, 800)]
        elif way == 5:
            lines = data.split(b"\n")
            chance.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        elif way == 6:
            del data[at:]
        else:
            data[at : at + length] = chance.choice(PIECES) * chance.randint(1, 30)
    return bytes(data)


class TooLong(Exception):  # noqa: N818 - no error of users
    """A reading took longer than it may."""


def _alarm(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a handler
    raise TooLong


def read(reading: Reading, written: str) -> Iterator[str]:
    """Read it all, and yield what is wrong with its account, or with the first records once they were written."""
    ledger = Ledger()
    kept: list[Record] = []
    last = 0
    try:
        for item in reading.noted(ledger):
            if isinstance(item, Problem):
                continue
            if not item.end_line >= item.line >= 1:
                yield f"record in lines {item.line} to {item.end_line}"
            last = max(last, item.end_line)
            if len(kept) < _KEPT:
                kept.append(item)
    except StromataError:
        return  # the file as a whole is refused: there is no account of it
    account = reading.account(ledger)
    parts = (account.record_bytes, account.passage_bytes, account.blank_bytes, account.unread_bytes)
    if sum(parts) != account.bytes or min(parts) < 0:
        yield f"sums {parts} of {account.bytes}"
    if account.unread_bytes:
        yield f"unread: {account.unread}"
    if not reading.content.is_packed:
        lines = sum(len(sizes) for _, sizes, _ in reading.content.measured())
        if last > lines:
            yield f"beyond the end: line {last} of {lines}"
    yield from returned(kept, written)


def returned(records: list[Record], name: str) -> Iterator[str]:
    """Write records and read them, and yield what is not the same."""
    stream = io.BytesIO()
    formats.write(records, name, stream)
    reading = scan_bytes(stream.getvalue())
    if reading.format != name:
        yield f"written as {name}: read as {reading.format}"
    back = [item for item in reading if isinstance(item, Record)]
    if len(back) != len(records):
        yield f"written as {name}: {len(records)} records, {len(back)} come back"
    for before, after in zip(map(alike, records), map(alike, back), strict=False):
        differ = [one.name for one in fields(Record) if getattr(before, one.name) != getattr(after, one.name)]
        if differ:
            yield f"written as {name}: {', '.join(differ)} differ"


def alike(record: Record) -> Record:
    """Return a record without its place in a file."""
    return replace(tidied(record), source="", number=0, line=0, end_line=0)


def trial(data: bytes, forced: str, written: str) -> Iterator[str]:
    """Read the bytes, and yield what is wrong: an error, or an account that does not come out even."""
    reader = forced or "by content"
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS + SECONDS_PER_BYTE * len(data))
        for part in formats.parts(data):
            reading = scan(part)
            if forced and not reading.content.is_packed:
                form = next(one for one in FORMATS if one.name == forced)
                reading = replace(reading, form=form, format=forced)
            reader = reading.format
            for wrong in read(reading, written):
                yield f"{reading.format}: {wrong}"
    except StromataError:
        pass
    except TooLong as error:
        yield f"{reader}: too long: {_place(error)}"
    except Exception as error:  # noqa: BLE001 - to find what nobody foresaw
        yield f"{reader}: {type(error).__name__}: {error}: {_place(error)}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _place(error: BaseException | None) -> str:
    frames = traceback.extract_tb(error.__traceback__) if error else []
    return " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames[-4:]))


def watch() -> None:
    """Have readings stopped that take too long."""
    signal.signal(signal.SIGVTALRM, _alarm)


class Findings:
    """What was found, told once or a few times for each kind, and the bytes that showed it."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.told: Counter[str] = Counter()

    def note(self, wrong: str, data: bytes, forced: str) -> None:
        """Print a finding, unless enough of its kind were, and keep the bytes."""
        kind = re.sub(r"\d+", "0", wrong) if " < " in wrong else ":".join(wrong.split(":")[:3])
        self.told[kind] += 1
        if self.told[kind] > 3:
            return
        name = hashlib.sha256(data).hexdigest()[:12]
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
        print(json.dumps({"finding": wrong, "reader": forced, "sample": name, "size": len(data)}), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Print one JSON line per finding, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path)
    chosen = parser.parse_args(arguments)
    watch()
    chance = random.Random(chosen.seed)
    files = samples(chosen.folder)
    found = Findings(chosen.save)
    runs, began = 0, time.process_time()
    while time.process_time() - began < chosen.seconds:
        data = changed(chance, chance.choice(files), files)
        for forced in ("", chance.choice(READERS)):
            runs += 1
            for wrong in trial(data, forced, chance.choice(WRITTEN)):
                found.note(wrong, data, forced)
        if runs % 10_000 == 0:
            spent = round(time.process_time() - began)
            print(json.dumps({"runs": runs, "cpu_seconds": spent, "findings": found.told.total()}), flush=True)
    spent = round(time.process_time() - began)
    print(json.dumps({"runs": runs, "cpu_seconds": spent, "samples": len(files), "findings": found.told}), flush=True)
    return 1 if found.told else 0


if __name__ == "__main__":
    sys.exit(main())

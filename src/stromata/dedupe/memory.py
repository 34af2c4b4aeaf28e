"""What a search has worked out, kept in a file so that the next one need not work it out again.

Two things take long: the normal form of a record, which depends on the record alone, and the decision on a pair, which
depends on its two forms and on what the whole collection says of both (`blocking.CONTEXT`). Both are kept with
all that they depend on. So a search with a memory finds what one without finds, to the letter, only sooner: nothing is
recalled where a form, the collection's word, or the method is not the same as it was.

The file may be deleted at any time. It is a ZIP archive, whose check sums tell of damage, of Arrow streams:

=========  =========================================================================================================
forms      `normal.SCHEMA`, in order of place
context    place and `blocking.CONTEXT` of each record when its pairs were compared
compared   left_place, right_place of all pairs that were compared
decided    those of them that are the same, doubtful or related, as `search.decided` gives them
=========  =========================================================================================================
"""

from __future__ import annotations

import hashlib
import json
import platform
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stromata import disk
from stromata.dedupe import blocking, normal
from stromata.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from stromata.engine import Engine

_TABLES = {
    "forms": "prepared", "context": "context_before", "compared": "compared_before", "decided": "decided_before",
}  # fmt: skip
"""Each member of the file, and the table that it becomes."""

_ABOUT = "about.json"

_UNCHANGED = "JOIN unchanged l ON k.left_place = l.place JOIN unchanged r ON k.right_place = r.place"
"""Joins that leave the pairs of records of which the collection says what it said before."""

_BLOCK = 1 << 20
"""Bytes read at a time when the check sums are computed."""

_UNUSABLE = (
    OSError, EOFError, KeyError, IndexError, ValueError, TypeError, OverflowError, NotImplementedError, RuntimeError,
    struct.error, zipfile.BadZipFile,
)  # fmt: skip
"""What a file that is missing, damaged or of another kind raises when it is opened: then there is no memory."""


class Memory:
    """What earlier searches of a collection worked out; empty where nothing that can be used was kept.

    Attributes
    ----------
    path : the file.
    of : names of the parts that the collection consists of, in order. A name changes when a record of its part does.
    parts, records : how many of these parts, and how many records in them, the memory holds.
    """

    def __init__(
        self, path: Path, of: tuple[str, ...], *, parts: int = 0, records: int = 0, held: zipfile.ZipFile | None = None
    ) -> None:
        self.path, self.of, self.parts, self.records = path, of, parts, records
        self._held = held

    def load(self, engine: Engine) -> int:
        """Make the tables of ``_TABLES``, if the memory holds any; return how many records were there."""
        import pyarrow as pa  # noqa: PLC0415 - loads late

        for name, table in _TABLES.items() if self._held else ():
            with self._member(name) as stream, pa.ipc.open_stream(stream) as batches:
                engine.insert(table, batches, batches.schema)
        return self.records

    def recall(self, engine: Engine, proposed: str) -> None:
        """Make of the proposed pairs the tables ``pairs``, those to be compared, and ``recalled``: decisions known."""
        same = " AND ".join(f"b.{name} = n.{name}" for name in ("place", *blocking.CONTEXT))
        engine.run("unchanged", f"SELECT b.place AS place FROM context_before b JOIN context n ON {same}")  # noqa: S608 - names of ours only
        known = f"SELECT k.left_place AS left_place, k.right_place AS right_place FROM compared_before k {_UNCHANGED}"  # noqa: S608
        engine.run(
            "pairs",
            f"""SELECT p.left_place AS left_place, p.right_place AS right_place FROM {proposed} p
LEFT JOIN ({known}) k ON {_of_pair("k")} WHERE k.left_place IS NULL""",  # noqa: S608
        )
        engine.run(
            "recalled",
            f"SELECT k.* FROM decided_before k {_UNCHANGED} JOIN {proposed} p ON {_of_pair('k')}",  # noqa: S608
        )

    def renew(self, engine: Engine, proposed: str, decided: pa.Schema) -> None:
        """Write what the engine now holds to the file, whole or not at all. One that cannot be written is no error.

        Parameters
        ----------
        proposed : name of the table of all pairs that blocking proposed.
        decided : schema of the table ``decided``.
        """
        try:
            disk.sweep(self.path)
            with disk.replacing(self.path, lasting=False) as out, zipfile.ZipFile(out, "w") as archive:
                rows = {
                    name: _store(archive, name, engine.read(sql), schema)
                    for name, (sql, schema) in _queries(proposed, decided).items()
                }
                about = {"fingerprint": fingerprint(), "of": self.of, "records": rows["forms"]}
                archive.writestr(zipfile.ZipInfo(_ABOUT), json.dumps(about))
        except (OSError, StoreError):  # no room, no permission: the next search takes longer, and that is all
            return

    def _member(self, name: str) -> IO[bytes]:
        if self._held is None:
            raise ValueError("an empty memory has no tables")
        return self._held.open(name)


@contextmanager
def recalled(path: Path, *, of: tuple[str, ...], anew: bool = False) -> Iterator[Memory]:
    """Give the memory that a file holds; an empty one if it is missing, damaged or of another method or collection.

    Parameters
    ----------
    of : as for `Memory`; the parts of the file must be the first of them.
    anew : pay no regard to what is there.
    """
    held = None if anew else _opened(path)
    if held is None:
        yield Memory(path, of)
        return
    with held:
        about = _about(held, of)
        yield Memory(path, of, parts=about[0], records=about[1], held=held) if about else Memory(path, of)


@cache
def fingerprint() -> str:
    """Return a digest of all that a decision depends on beside the records: with another one it may be another."""
    found = hashlib.sha256()
    for name in ("stromata", "rapidfuzz", "numpy", "pyarrow"):
        found.update(f"{name} {metadata.version(name)}\n".encode())
    found.update(platform.python_version().encode())  # brings its own tables of characters
    for item in sorted(resources.files("stromata.dedupe").iterdir(), key=lambda one: one.name):
        if item.name.endswith((".py", ".yaml")):
            found.update(item.name.encode())
            found.update(item.read_bytes())
    return found.hexdigest()


def _of_pair(other: str) -> str:
    return f"{other}.left_place = p.left_place AND {other}.right_place = p.right_place"


def _opened(path: Path) -> zipfile.ZipFile | None:
    try:
        return zipfile.ZipFile(path)
    except _UNUSABLE:
        return None


def _about(held: zipfile.ZipFile, of: tuple[str, ...]) -> tuple[int, int] | None:
    """Return how many parts and records a file holds; None when it is damaged, or of another method or collection."""
    try:
        about = json.loads(held.read(_ABOUT))
        parts = len(about["of"])
        if about["fingerprint"] != fingerprint() or tuple(about["of"]) != of[:parts]:
            return None
        for name in _TABLES:
            with held.open(name) as stream:
                while stream.read(_BLOCK):  # the check sum is compared at the end
                    pass
        return parts, int(about["records"])
    except _UNUSABLE:
        return None


def _queries(proposed: str, decided: pa.Schema) -> dict[str, tuple[str, pa.Schema]]:
    import pyarrow as pa  # noqa: PLC0415 - loads late

    columns = ", ".join(name for name, _ in normal.COLUMNS)
    pair = [("left_place", pa.int64()), ("right_place", pa.int64())]
    context = pa.schema([("place", pa.int64()), *((name, pa.int64()) for name in blocking.CONTEXT)])
    in_order = "ORDER BY p.left_place, p.right_place"
    return {
        "forms": (f"SELECT {columns} FROM prepared ORDER BY place", normal.SCHEMA),  # noqa: S608 - names of ours only
        "context": ("SELECT * FROM context ORDER BY place", context),
        "compared": (f"SELECT p.left_place, p.right_place FROM {proposed} p {in_order}", pa.schema(pair)),  # noqa: S608
        "decided": (f"SELECT d.* FROM decided d JOIN {proposed} p ON {_of_pair('d')} {in_order}", decided),  # noqa: S608
    }


def _store(archive: zipfile.ZipFile, name: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> int:
    """Write batches as a member of the archive; return how many rows there were."""
    import pyarrow as pa  # noqa: PLC0415 - loads late

    rows = 0
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as stream,
        pa.ipc.new_stream(stream, schema, options=options) as out,
    ):
        for batch in batches:
            out.write_batch(batch.cast(schema))
            rows += batch.num_rows
    return rows

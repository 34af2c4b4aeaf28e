"""Verification: is the log whole, and is the current state what the log makes it.

The state is rebuilt in a scratch database by the very functions that made it (`stromata.store.apply`), and compared
with the state that is there, row by row.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Table

from stromata.errors import InvalidInput, StromataError
from stromata.model import (
    GENESIS,
    Arm,
    DataPoint,
    Decision,
    Event,
    Outcome,
    PublishedClaim,
    RecordChecked,
    Resolution,
    Retrieval,
    ReviewProtocol,
    Source,
    SourceImported,
    StandardAdopted,
    StudiesLoaded,
    Study,
    Synthesis,
)
from stromata.model.codec import event_hash, from_json, to_data
from stromata.progress import Progress
from stromata.store import schema
from stromata.store.apply import apply
from stromata.store.files import FileStore, file_trouble
from stromata.store.read import event_of
from stromata.store.rows import BATCH
from stromata.store.transaction import write_event

MAX_SENTENCES = 20
"""Differences of one table that are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and what was found wrong.

    Attributes
    ----------
    ok : nothing was found wrong.
    events, reviews, files : how many of each were checked; a file that several events name counts once.
    differences : one sentence for each thing found wrong.
    """

    ok: bool
    events: int
    reviews: int
    files: int
    differences: tuple[str, ...] = ()


def verify(connection: Connection, files: FileStore, *, progress: Progress) -> Verification:
    """Check every review that the database holds, within the read transaction of `connection`.

    Checked are: the sequence of events, their hashes and their chain; that the log ends where the review's row says;
    the original and the records of every imported source, by hash (tables that studies were loaded from are checked
    where they were kept); and every row of current state against the state rebuilt from the log.

    What no check within one database can see: a log that was rewritten as a whole, each hash anew, and a review that
    was deleted with all its rows. Keep the head hash of `ReviewInfo` elsewhere to see that too.

    Parameters
    ----------
    progress : called with the number of events done; may raise Cancelled.

    Raises
    ------
    StoreError
        The database or a file cannot be read, or there is no room for the scratch database.
    """
    names = _review_ids(connection)
    total = connection.execute(sa.select(sa.func.count()).select_from(schema.events)).scalar_one()
    check = _Check(connection, files, progress, total)
    with scratch() as passing:
        for review in names:
            check.review(review, passing)
    found = tuple(check.differences)
    return Verification(not found, total, len(names), len(check.states), found)


def _review_ids(connection: Connection) -> list[str]:
    """Return every review that any table speaks of: rows may have outlived their review."""
    found = set(connection.execute(sa.select(schema.reviews.c.id)).scalars())
    for table in schema.metadata.sorted_tables:
        if table is not schema.reviews:
            found.update(connection.execute(sa.select(table.c.review).distinct()).scalars())
    return sorted(found)


class _Check:
    """One run of `verify`: what it has seen so far."""

    def __init__(self, connection: Connection, files: FileStore, progress: Progress, total: int) -> None:
        self._connection = connection
        self._files = files
        self._progress = progress
        self._total = total
        self._done = 0
        self.differences: list[str] = []
        self.states: dict[str, str] = {}

    def review(self, review: str, scratch: Connection) -> None:
        """Check one review, rebuilding its state in the scratch database."""
        if not self._replay(review, scratch):
            self._say(review, "the state was not compared: the log cannot be replayed")
            return
        for table in schema.STATE:
            self._compare(review, table, scratch)

    def _say(self, review: str, text: str) -> None:
        self.differences.append(f"review {review}: {text}")

    def _replay(self, review: str, scratch: Connection) -> bool:
        """Check each event and apply it to the scratch database; tell whether all could be applied."""
        expected, previous, whole = 1, GENESIS, True
        for row in self._log(review):
            if row.sequence != expected:
                gone = f"{expected}" if row.sequence == expected + 1 else f"{expected} to {row.sequence - 1}"
                self._say(review, f"the log has a gap: event {gone} is missing")
            if row.previous != previous:
                self._say(review, f"event {row.sequence} does not follow on the event before it: the chain is broken")
            expected, previous = row.sequence + 1, row.hash
            event = self._read(row)
            if event is None:
                whole = False
            else:
                self._check_files(event)
                whole = whole and self._apply(event, row.payload, scratch)
            self._done += 1
            self._progress(self._done, self._total, f"checking {review}")
        self._check_end(review, expected - 1, previous)
        return whole

    def _log(self, review: str) -> Iterator[Row[Any]]:  # Any: a row holds texts and integers
        table = schema.events
        rows = sa.select(table).where(table.c.review == review).order_by(table.c.sequence)
        with self._connection.execute(rows, execution_options={"yield_per": BATCH}) as found:
            yield from found

    def _read(self, row: Row[Any]) -> Event | None:  # Any: as above
        """Return the event of a row, None when its payload cannot be read; check its hash."""
        try:
            event = event_of(row)
        except StromataError as error:
            self._say(row.review, f"event {row.sequence} cannot be read: {error.message}")
            return None
        written = json.loads(row.payload)
        hashed = event_hash(
            review=event.review,
            sequence=event.sequence,
            at=event.at,
            actor=event.actor,
            kind=row.kind,
            version=row.version,
            payload=written,
            previous=event.previous,
        )
        # Reading passes over what it does not know: the payload must also be no more than what was read from it.
        if hashed != event.hash or not _within(written, to_data(event.payload)):
            self._say(row.review, f"event {row.sequence} ({row.kind}) was altered: its hash does not match")
        return event

    def _apply(self, event: Event, payload: str, scratch: Connection) -> bool:
        try:
            with scratch.begin_nested():
                apply(scratch, self._files, event)
                write_event(scratch, event, payload)
        except StromataError as error:
            text = f"event {event.sequence} ({event.payload.kind}) cannot be applied: {error.message}"
            self._say(event.review, text)
            return False
        return True

    def _check_files(self, event: Event) -> None:
        """Check the files that an event names, each once."""
        payload = event.payload
        if isinstance(payload, SourceImported):
            self._check_file(event, payload.source.sha256, f"the original of {payload.source.file!r}")
            self._check_file(event, payload.records_sha256, f"the file of records of {payload.source.file!r}")
        elif isinstance(payload, StudiesLoaded):
            for name, sha256 in payload.files:
                if self._files.has(sha256):
                    self._check_file(event, sha256, f"the table {name!r}")

        elif isinstance(payload, StandardAdopted) and payload.file[1]:
            self._check_file(event, payload.file[1], f"the standard {payload.file[0]!r}")
        elif isinstance(payload, RecordChecked) and payload.report.record_sha256:
            self._check_file(event, payload.report.record_sha256, f"the record {payload.name!r}")

    def _check_file(self, event: Event, sha256: str, what: str) -> None:
        if sha256 not in self.states:
            self.states[sha256] = self._files.check(sha256)
        state = self.states[sha256]
        if state != "whole":
            self._say(event.review, f"{what}, named by event {event.sequence}, is {state}: {self._files.path(sha256)}")

    def _check_end(self, review: str, last: int, head: str) -> None:
        """Check that the log ends where the review's row says it ends."""
        table = schema.reviews
        row = self._connection.execute(sa.select(table).where(table.c.id == review)).first()
        if row is None:
            self._say(review, "its row in the table reviews is missing")
        elif row.events > last:
            self._say(review, f"the log ends with event {last}, but event {row.events} was written: it was cut")
        elif (row.events, row.head) != (last, head):
            self._say(
                review, f"the log ends with event {last}, but its row speaks of event {row.events}, or of another hash"
            )

    def _compare(self, review: str, table: Table, scratch: Connection) -> None:
        """Compare the rows of one table in the order of their keys, walking both at once."""
        found = 0
        state, rebuilt = _rows(self._connection, table, review), _rows(scratch, table, review)
        for key, text in _differences(table, state, rebuilt):
            found += 1
            if found <= MAX_SENTENCES:
                self._say(review, f"table {table.name}: row {'/'.join(map(str, key)) or review} {text}")
        if found > MAX_SENTENCES:
            self._say(review, f"table {table.name}: {found - MAX_SENTENCES} further rows differ")


def _rows(connection: Connection, table: Table, review: str) -> Iterator[tuple[Any, ...]]:  # Any: texts and integers
    """Yield the rows of a table, key first, in the order of the key, which both databases sort by code point."""
    rows = sa.select(*_columns(table)).where(_owner(table) == review).order_by(*_key(table))
    with connection.execute(rows, execution_options={"yield_per": BATCH}) as found:
        yield from map(tuple, found)


def _owner(table: Table) -> sa.Column[Any]:  # Any: as above
    return table.c.id if table is schema.reviews else table.c.review


def _key(table: Table) -> list[sa.Column[Any]]:  # Any: as above
    return [column for column in table.primary_key.columns if column is not _owner(table)]


def _columns(table: Table) -> list[sa.Column[Any]]:  # Any: as above
    key = _key(table)
    return key + [column for column in table.columns if column not in set(key)]


def _differences(
    table: Table,
    state: Iterator[tuple[Any, ...]],
    rebuilt: Iterator[tuple[Any, ...]],  # Any: texts and integers
) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Merge two streams of rows that are sorted by key, and yield (key, what is wrong)."""
    width = len(_key(table))
    names = [column.name for column in _columns(table)]
    have, want = next(state, None), next(rebuilt, None)
    while have is not None or want is not None:
        if have is not None and (want is None or have[:width] < want[:width]):
            yield have[:width], "is not in the log: it was added"
            have = next(state, None)
        elif want is not None and (have is None or want[:width] < have[:width]):
            yield want[:width], "is missing"
            want = next(rebuilt, None)
        elif have is not None and want is not None:
            if have != want:
                columns = [
                    name
                    for name, left, right in zip(names, have, want, strict=True)
                    if left != right and not _same_value(_VALUES.get((table.name, name)), left, right)
                ]
                if columns:
                    yield want[:width], f"differs from the log in {', '.join(columns)}"
            have, want = next(state, None), next(rebuilt, None)


def _within(written: object, read: object) -> bool:
    """Tell whether all that was written has been read. Fields that a type has gained since are only in `read`."""
    if isinstance(written, dict) and isinstance(read, dict):
        return all(name in read and _within(value, read[name]) for name, value in written.items())
    if isinstance(written, list) and isinstance(read, list):
        return len(written) == len(read) and all(map(_within, written, read))
    return written == read


_VALUES: dict[tuple[str, str], type] = {
    ("reviews", "protocol"): ReviewProtocol,
    ("sources", "data"): Source,
    ("decisions", "data"): Decision,
    ("resolutions", "data"): Resolution,
    ("retrievals", "data"): Retrieval,
    ("studies", "data"): Study,
    ("arms", "data"): Arm,
    ("outcomes", "data"): Outcome,
    ("data_points", "data"): DataPoint,
    ("claims", "data"): PublishedClaim,
    ("syntheses", "data"): Synthesis,
}
"""What texts of the first schema's tables hold: they may have been written before their type gained a field."""


def _same_value(kind: type | None, left: object, right: object) -> bool:
    """Tell whether two texts hold the same value of a type, whichever fields it had when they were written."""
    if kind is None or not isinstance(left, str) or not isinstance(right, str):
        return False
    try:
        value: object = from_json(kind, left)
        return bool(_within(json.loads(left), to_data(value)) and value == from_json(kind, right))
    except InvalidInput:
        return False


@contextmanager
def scratch() -> Iterator[Connection]:
    """Give a passing database with empty tables. It need not survive anything, so it is never flushed."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="stromata-verify-")
    except OSError as error:
        raise file_trouble("write", Path(tempfile.gettempdir()), error) from error
    with folder as name:
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(Path(name) / "scratch.db", isolation_level=None),
            poolclass=sa.NullPool,
        )
        with engine.connect() as connection:
            for pragma in ("synchronous=OFF", "journal_mode=MEMORY", "foreign_keys=ON"):
                with closing(connection.connection.cursor()) as cursor:
                    cursor.execute(f"PRAGMA {pragma}")
            with connection.begin() as transaction:
                connection.exec_driver_sql("BEGIN")
                schema.metadata.create_all(connection, checkfirst=False)
                yield connection
                transaction.rollback()

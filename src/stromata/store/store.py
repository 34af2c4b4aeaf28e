"""A database of reviews with the files beside it: create, open, read, write, verify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy import Engine

from stromata.errors import InvalidInput, NotFound, StoreError
from stromata.progress import Progress, silent
from stromata.store import schema
from stromata.store.database import (
    Address,
    explained,
    make_engine,
    make_folder,
    parse_address,
    reading,
    revision,
    undone,
    upgrade,
    writing,
)
from stromata.store.files import FileStore
from stromata.store.past import past
from stromata.store.read import ReviewInfo, Snapshot
from stromata.store.rows import sound
from stromata.store.transaction import Transaction
from stromata.store.verify import Verification, verify


class Store:
    """An open database of reviews, and its folder of files. Use it as a context manager, or close it.

    It may be shared by threads: each transaction and each snapshot has a connection of its own.

    Attributes
    ----------
    url : path of the SQLite file, or URL of the PostgreSQL database without its password.
    files : originals and files of records.
    """

    def __init__(self, engine: Engine, *, url: str, files: FileStore) -> None:
        self._engine = engine
        self.url = url
        self.files = files

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def transaction(self, review: str, *, actor: str, at: str) -> Iterator[Transaction]:
        """Open a transaction that writes to one review; it is committed at the end of the block.

        Any exception in the block undoes all of it. Only one transaction writes to a review at a time; another one
        waits for its turn. A new review begins with a transaction whose first event is `ReviewCreated`.

        Parameters
        ----------
        review : id of the review.
        actor : who does this.
        at : ISO 8601 time in UTC; it stands in each event.

        Raises
        ------
        InvalidInput
            `actor` is empty, or `at` is no time in UTC.
        StoreError
            The database cannot be written, or another writer kept it for too long.
        """
        if "\x00" in review + actor or sound(review) != review:
            raise InvalidInput("the review's id or the actor's name holds the character NUL, or the id is not Unicode")
        with explained("write to", self.url), writing(self._engine, review) as connection:
            opened = Transaction(connection, review, files=self.files, actor=actor, at=at, where=self.url)
            yield opened
            opened.finish()

    @contextmanager
    def snapshot(self, review: str) -> Iterator[Snapshot]:
        """Open a view of one review that shows one moment, however long it is open and whoever writes meanwhile.

        Raises
        ------
        NotFound
            There is no such review.
        StoreError
            The database cannot be read.
        """
        with explained("read", self.url), reading(self._engine) as connection:
            opened = Snapshot(connection, review)
            opened.info()
            yield opened

    @contextmanager
    def past(self, review: str, *, sequence: int, progress: Progress = silent) -> Iterator[Snapshot]:
        """Open a view of one review as it was just after an event, rebuilt from the log in a passing database.

        Raises
        ------
        NotFound
            There is no such review, or its log has no such event.
        StoreError
            The database or a file cannot be read, or there is no room for the passing database.
        """
        with explained("read", self.url), reading(self._engine) as connection:
            Snapshot(connection, review).info()
            with past(connection, self.files, review, sequence=sequence, progress=progress) as view:
                yield view

    def reviews(self) -> tuple[ReviewInfo, ...]:
        """Return all reviews of the database, oldest first."""
        table = schema.reviews
        rows = sa.select(table.c.id, table.c.title, table.c.created_at, table.c.events, table.c.head)
        with explained("read", self.url), reading(self._engine) as connection:
            found = connection.execute(rows.order_by(table.c.created_at, table.c.id)).all()
        return tuple(ReviewInfo(*row) for row in found)

    def verify(self, *, progress: Progress = silent) -> Verification:
        """Check the log and its chain, the files, and whether the state is what the log makes it; see `verify`."""
        with explained("read", self.url), reading(self._engine) as connection:
            return verify(connection, self.files, progress=progress)


def create(url_or_path: str | Path, *, files: Path) -> Store:
    """Make a database with its folder of files, or open it if it is there already.

    When that fails, nothing that was made on the way is left behind.

    Parameters
    ----------
    url_or_path : path of a SQLite file, ``sqlite:///PATH``, or ``postgresql://USER@HOST/NAME`` (the database itself
        must exist there).
    files : folder for originals and files of records.

    Raises
    ------
    SchemaMismatch
        The database there is of a newer stromata or of another program.
    StoreError
        A folder or the database cannot be made.
    MissingExtra
        PostgreSQL without psycopg.
    """
    address = parse_address(url_or_path)
    files = files.absolute()
    with undone(address, files):
        if address.path is not None:
            make_folder(address.path.parent)
        make_folder(files)
        return _opened(address, files, make_engine(address, may_create=True), must_exist=False)


def open_store(url_or_path: str | Path, *, files: Path) -> Store:
    """Open a database that is there; one of an older stromata is brought to the present schema.

    One of the present schema is only read, so that a review in a folder without permission to write can be read.

    Raises
    ------
    NotFound
        There is no database, or none of stromata.
    SchemaMismatch
        It is of a newer stromata or of another program; it was left as it is.
    StoreError
        It cannot be opened, or is no database.
    MissingExtra
        PostgreSQL without psycopg.
    """
    address = parse_address(url_or_path)
    if address.path is not None:
        try:
            is_there = address.path.is_file()
        except OSError as error:
            raise StoreError(f"cannot open {address}: {error.strerror}", hint="Check the path.") from error
        if not is_there:
            raise _no_database(address)
    store = _opened(address, files, make_engine(address), must_exist=True)
    # Who may only read is not stopped by a missing folder; who writes will be told.
    with suppress(StoreError):
        make_folder(files)
    return store


def _opened(address: Address, files: Path, engine: Engine, *, must_exist: bool) -> Store:
    """Return the store once its schema is the present one; close everything when it cannot be."""
    try:
        with explained("open", address):
            _prepare(address, engine, must_exist=must_exist)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, url=str(address), files=FileStore(files))


def _prepare(address: Address, engine: Engine, *, must_exist: bool) -> None:
    with reading(engine) as connection:
        found = revision(connection)
    if must_exist and found is None:
        raise _no_database(address)
    if found != schema.REVISIONS[-1]:
        upgrade(engine)


def _no_database(address: Address) -> NotFound:
    return NotFound(
        f"there is no stromata database at {address}", hint="`stromata new` makes one; check the folder or address."
    )

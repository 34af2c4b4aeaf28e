"""Connections to SQLite and PostgreSQL: how they begin, how they lock, and what their errors mean.

SQLite runs in WAL mode with ``synchronous=FULL``: what was committed survives a killed process and a loss of power.
Python's own transaction handling is switched off (``isolation_level=None``); every transaction begins with a statement
of ours, ``BEGIN IMMEDIATE`` for writers, so that a writer waits for its turn before it reads.
On PostgreSQL a writer takes an advisory lock on its review, and a reader works in a REPEATABLE READ snapshot.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from stromata.errors import InvalidInput, MissingExtra, NotFound, SchemaMismatch, StoreError, StromataError
from stromata.store.files import file_trouble
from stromata.store.schema import REVISIONS

WAIT_SECONDS = 60
"""How long a writer waits for another one: longer than the import of a very large file takes."""

_CACHE_KIB = 32_768
"""Memory for pages of a SQLite file, in KiB: identifiers come in no order and are spread over their index."""

_UPGRADE_LOCK = 7_305_804_402_012_938_094
"""Key of the lock under which the schema is made or upgraded on PostgreSQL: any constant serves."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is: `path` for SQLite, `url` for PostgreSQL."""

    path: Path | None = None
    url: URL | None = None

    def __str__(self) -> str:
        """Return the address as it may be shown: without a password."""
        return str(self.path) if self.url is None else self.url.render_as_string(hide_password=True)


def parse_address(address: str | Path) -> Address:
    """Return the address that a path or URL stands for.

    Raises
    ------
    InvalidInput
        A URL of another kind than ``sqlite:///`` or ``postgresql://``.
    """
    text = str(address)
    if isinstance(address, Path) or "://" not in text:
        return Address(path=Path(address).absolute())
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise InvalidInput("the address of the database is not a URL", hint="Check it for stray characters.") from error
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite" and url.database:
        return Address(path=Path(url.database).absolute())
    if kind in {"postgresql", "postgres"}:
        return Address(url=url.set(drivername="postgresql+psycopg"))
    raise InvalidInput(
        f"{url.drivername!r} is no database for a review",
        hint="Give the path of a file, sqlite:///PATH, or postgresql://USER@HOST/NAME.",
    )


def make_engine(address: Address, *, may_create: bool = False) -> Engine:
    """Return an engine; nothing is opened yet.

    Raises
    ------
    MissingExtra
        PostgreSQL is asked for, and psycopg is not installed.
    """
    if address.url is None:
        return _sqlite_engine(Path(str(address.path)), mode="rwc" if may_create else "rw")
    try:
        return sa.create_engine(address.url, isolation_level="READ COMMITTED", pool_pre_ping=True)
    except ImportError as error:
        raise MissingExtra(
            "PostgreSQL needs the package psycopg, which is not installed",
            hint="pip install 'stromata[postgres]'",
        ) from error


def _sqlite_engine(path: Path, *, mode: str) -> Engine:
    def connect() -> sqlite3.Connection:
        try:
            return _sqlite_connection(path, f"mode={mode}", sqlite3.Connection)
        except sqlite3.OperationalError:
            # A database in WAL mode is opened by writing beside it, also to read. Where that is forbidden, and no
            # log of a writer lies there, the file alone is the whole database and can be read as it is.
            real = path.resolve()  # the log of a writer lies beside the file itself, not beside a link to it
            if not real.is_file() or os.access(real.parent, os.W_OK) or real.with_name(f"{real.name}-wal").exists():
                raise
            return _sqlite_connection(real, "mode=ro&immutable=1", _Unguarded)

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.QueuePool)

    @event.listens_for(engine, "checkin")
    def _checkin(connection: sqlite3.Connection | None, record: ConnectionPoolEntry) -> None:
        if isinstance(connection, _Unguarded):
            record.invalidate()  # its pages would be taken for fresh ones the next time

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


class _Unguarded(sqlite3.Connection):
    """A connection that reads a file without locks. Whoever may write to the file can change it meanwhile."""

    path: Path
    found: tuple[int, int]

    def was_changed(self) -> bool:
        """Tell whether the file has been written to since it was opened."""
        return _stamp(self.path) != self.found


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes with each writing: time and size."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _sqlite_connection(path: Path, options: str, kind: type[sqlite3.Connection]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{options}",
        uri=True,
        timeout=WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=kind,
    )
    try:
        if isinstance(connection, _Unguarded):
            connection.path, connection.found = path, _stamp(path)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute("PRAGMA schema_version")  # reads the file: what is wrong with it is told here
    except (sqlite3.Error, OSError):
        connection.close()
        raise
    return connection


@contextmanager
def writing(engine: Engine, review: str) -> Iterator[Connection]:
    """Give a connection in a transaction that no other writer of this review can be in."""
    with engine.connect().execution_options(begin="IMMEDIATE") as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            _lock(connection, int.from_bytes(hashlib.sha256(review.encode()).digest()[:8], signed=True))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database and cannot write."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(**options)  # noqa: PLW2901 - SQLAlchemy's way to set options
        with connection.begin():
            yield connection
            dbapi = connection.connection.dbapi_connection
            if isinstance(dbapi, _Unguarded) and dbapi.was_changed():
                raise StoreError(
                    f"{dbapi.path} was written to while it was read", hint="Nothing was lost: run the command again."
                )


def _lock(connection: Connection, key: int) -> None:
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def upgrade(engine: Engine) -> None:
    """Make the tables, or bring them to the present schema, in one transaction.

    Raises
    ------
    SchemaMismatch
        The database is newer than this stromata, or of another program.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Outside of a transaction: the journal mode cannot be changed within one. It stays with the file.
            connection.connection.execute("PRAGMA journal_mode=WAL")
    with engine.connect().execution_options(begin="IMMEDIATE") as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            _lock(connection, _UPGRADE_LOCK)
        if revision(connection) != REVISIONS[-1]:
            _run_migrations(connection)


def revision(connection: Connection) -> str | None:
    """Return the schema that the database has, None when it has none of ours.

    Raises
    ------
    SchemaMismatch
        It is newer than this stromata, or of another program.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table("alembic_version"):
        # A SQLite file belongs to one program; a PostgreSQL database may well hold the tables of several.
        if connection.dialect.name == "sqlite" and inspector.get_table_names():
            raise SchemaMismatch(
                "the file is a SQLite database of another program; it was left as it is",
                hint="Choose another file for the review.",
            )
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise SchemaMismatch(
            f"the database has schema {found!r}; this stromata knows schemas up to {REVISIONS[-1]!r}",
            hint="A newer stromata wrote it: upgrade with `pip install --upgrade stromata`. Nothing was changed.",
        )
    return found


def _run_migrations(connection: Connection) -> None:
    # Alembic takes a quarter of a second to import and is needed only here.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "stromata.store:migrations")
    command.upgrade(config, "head")


@contextmanager
def explained(doing: str, where: object) -> Iterator[None]:
    """Turn what a database driver or the operating system raises into a sentence.

    Parameters
    ----------
    doing : what was tried, such as ``open`` or ``write to``.
    where : the address.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translate(doing, where, _first(error).orig) from error
    except sqlite3.Error as error:
        raise _translate(doing, where, error) from error


def _first(error: DBAPIError) -> DBAPIError:
    """Return the error that began it: rolling back after a full disk raises a second one that says nothing."""
    found = error
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DBAPIError):
            found = cause
        cause = cause.__context__
    return found


_FULL = ("the disk is full", "Free some space on that disk, then run the command again.")
_BUSY = (
    f"another program has been writing to it for more than {WAIT_SECONDS} seconds",
    "Wait until the other program has finished, or stop it, then run the command again.",
)
_DENIED = (
    "it cannot be written there: a permission is missing, or the folder is read-only",
    "Change the permissions of the file and its folder, or work in a folder of your own.",
)
_DAMAGED = ("the file is damaged", "Put back the last backup, then run `stromata verify`.")

_NO_DATABASE = re.compile(r'database ".*" does not exist')

_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": _DENIED,
    "SQLITE_PERM": _DENIED,
    "SQLITE_AUTH": _DENIED,
    "SQLITE_CANTOPEN": (
        "the file cannot be opened: a folder is missing, a part of the path is a file, or a permission is missing",
        "Check the path and the permissions of its folder.",
    ),
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": ("the file is not a database", "Choose another file; this one was left as it is."),
    "SQLITE_IOERR": (
        "the disk failed, or a limit on the size of files was met",
        "Check the disk and its free space, then run the command again.",
    ),
}

_POSTGRES = {
    "53100": _FULL,
    "55P03": _BUSY,
    "42501": ("a permission is missing", "Ask the owner of the database to grant it."),
    "25006": ("the database is read-only", "Connect to the primary server."),
    "3D000": ("there is no database of that name", "Make it first, for example with `createdb NAME`."),
    "28P01": ("the password was refused", "Check the user and the password in the address."),
    "28000": ("the user was refused", "Check the user in the address."),
    "53300": ("the server has no connection left", "Wait a little, then run the command again."),
}


def _translate(doing: str, where: object, original: BaseException | None) -> StromataError:
    name = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    if _NO_DATABASE.search(str(original)):
        name = "3D000"  # while connecting, the driver tells only the server's words
    known = _POSTGRES.get(name) or _SQLITE.get("_".join(name.split("_")[:2]))
    first_line = str(original).strip().partition("\n")[0]
    what, hint = known or (first_line, "Check that the database is running and can be reached, then try again.")
    said = f" ({first_line})" if known else ""
    kind = NotFound if name == "3D000" else StoreError
    return kind(f"cannot {doing} {where}: {what}{said}; nothing was changed", hint=hint)


@contextmanager
def undone(address: Address, files: Path) -> Iterator[None]:
    """Remove, when the block fails, the folders and the SQLite file that it made; what was there before stays."""
    path = address.path
    wanted = [files, *files.parents] + ([] if path is None else list(path.parents))
    missing = [folder for folder in dict.fromkeys(wanted) if not os.path.lexists(folder)]
    is_new = path is not None and not os.path.lexists(path)
    try:
        yield
    except BaseException:
        if path is not None and is_new and _is_bare(path):
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
                with suppress(OSError):
                    path.with_name(name).unlink(missing_ok=True)
        for folder in sorted(missing, key=lambda folder: len(folder.parts), reverse=True):
            with suppress(OSError):  # something lies in it by now, or it was never made
                folder.rmdir()
        raise


def _is_bare(path: Path) -> bool:
    """Tell whether a SQLite file has no tables and nobody is making any: another program may have been quicker."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=0)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            return connection.execute("SELECT count(*) FROM sqlite_master").fetchall() == [(0,)]
    except sqlite3.Error:
        return path.is_file() and path.stat().st_size == 0


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; StoreError when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise file_trouble("write", folder, error) from error

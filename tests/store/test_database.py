from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from strategies import AT, append, begin, import_records, prepare_import
from stromata import store as stores
from stromata.errors import InvalidInput, MissingExtra, NotFound, SchemaMismatch, StoreError
from stromata.model import RoleGranted
from stromata.store import Store
from stromata.store.database import parse_address


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with stores.create(tmp_path / "reviews.db", files=tmp_path / "files") as made:
        begin(made)
        yield made


# Addresses


def test_paths_and_urls_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20 d.db"
    assert parse_address(path).path == parse_address(str(path)).path == path
    assert parse_address(f"sqlite:///{tmp_path}/x.db").path == tmp_path / "x.db"
    for kind in ("postgres", "postgresql", "postgresql+psycopg"):
        address = parse_address(f"{kind}://me:secret@host/name")
        assert address.url is not None
        assert address.url.drivername == "postgresql+psycopg"
        assert str(address) == "postgresql+psycopg://me:***@host/name"


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c%20 间充质"
    with stores.create(folder / "x?mode=ro.db", files=folder / "files") as made:
        begin(made)
    assert (folder / "x?mode=ro.db").is_file()
    with stores.open_store(folder / "x?mode=ro.db", files=folder / "files") as opened:
        assert opened.verify().ok


@pytest.mark.parametrize("address", ["mysql://host/name", "sqlite://", "http://x/y", "postgresql://host:port/x"])
def test_other_databases_are_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        stores.open_store(address, files=tmp_path)


def test_without_psycopg_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra) as caught:
        stores.open_store("postgresql://host/name", files=tmp_path)
    assert caught.value.hint == "pip install 'stromata[postgres]'"


def test_a_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open postgresql") as caught:
        stores.open_store(f"postgresql://me:secret@/name?host={tmp_path}", files=tmp_path)
    assert "secret" not in caught.value.message
    assert "running" in caught.value.hint


@pytest.mark.postgres
def test_a_missing_database_on_the_server_is_said(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no database of that name") as caught:
        stores.create(postgres.replace("/test", "/none"), files=tmp_path)
    assert "createdb" in caught.value.hint


# How SQLite is set


def test_sqlite_keeps_what_it_acknowledged(store: Store) -> None:
    with store._engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    with store.transaction("r", actor="ana", at=AT) as tx:
        tx.append(RoleGranted("bo", "lead"))
        assert store.reviews()[0].events == 1


# Files that are no database of ours


def test_a_missing_file_is_not_made_by_opening(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no stromata database"):
        stores.open_store(tmp_path / "none.db", files=tmp_path / "files")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    with pytest.raises(NotFound):
        stores.open_store(tmp_path / "x.db", files=tmp_path / "files")
    with stores.create(tmp_path / "x.db", files=tmp_path / "files") as made:
        assert made.reviews() == ()


@pytest.mark.parametrize("opening", [stores.open_store, stores.create])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, opening: object) -> None:
    path = tmp_path / "thesis.docx"
    path.write_bytes(b"PK" + bytes(5000))
    with pytest.raises(StoreError, match="the file is not a database") as caught:
        opening(path, files=tmp_path / "files")  # type: ignore[operator]
    assert str(path) in caught.value.message
    assert path.read_bytes() == b"PK" + bytes(5000)


def test_the_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE places (id)")
    connection.close()
    before = path.read_bytes()
    for opening in (stores.open_store, stores.create):
        with pytest.raises(SchemaMismatch, match="another program"):
            opening(path, files=tmp_path / "files")
    assert path.read_bytes() == before


def test_a_damaged_database_is_said(store: Store, tmp_path: Path) -> None:
    import_records(store, b"one", 300)
    store.close()
    path = tmp_path / "reviews.db"
    content = bytearray(path.read_bytes())
    content[8192:-4096] = bytes(len(content) - 12288)
    path.write_bytes(content)
    with (
        pytest.raises(StoreError, match="damaged") as caught,
        stores.open_store(path, files=tmp_path / "files") as opened,
        opened.snapshot("r") as view,
    ):
        list(view.records())
    assert "backup" in caught.value.hint


def test_a_path_below_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for opening in (stores.create, stores.open_store):
        with pytest.raises((StoreError, NotFound)) as caught:
            opening(tmp_path / "file" / "x.db", files=tmp_path / "files")
        assert str(tmp_path / "file") in caught.value.message


# Writing that fails


def _limit_pages(store: Store, pages: int) -> None:
    @sa.event.listens_for(store._engine, "connect")
    def _limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    store.close()


def test_a_full_disk_undoes_the_import_and_says_so(store: Store, tmp_path: Path) -> None:
    event = prepare_import(store, b"one", 3000)
    before = store.reviews()
    pages = (tmp_path / "reviews.db").stat().st_size // 4096
    _limit_pages(store, pages + 60)
    with pytest.raises(StoreError, match="the disk is full") as caught:
        append(store, event)
    assert "Free some space" in caught.value.hint
    assert store.reviews() == before
    assert store.verify().ok
    store.close()
    with stores.open_store(tmp_path / "reviews.db", files=tmp_path / "files") as roomy:
        append(roomy, event)
        assert roomy.verify().ok
        assert roomy.reviews()[0].events == 2


def test_a_full_disk_that_is_caught_still_loses_the_transaction(store: Store, tmp_path: Path) -> None:
    event = prepare_import(store, b"one", 3000)
    _limit_pages(store, (tmp_path / "reviews.db").stat().st_size // 4096 + 60)

    def go_on() -> None:
        with store.transaction("r", actor="ana", at=AT) as tx:
            tx.append(RoleGranted("bo", "lead"))
            with pytest.raises(StoreError, match="the disk is full"):
                tx.append(event)
            with pytest.raises(StoreError, match="earlier in this transaction"):
                tx.append(RoleGranted("cy", "lead"))

    with pytest.raises(StoreError):
        go_on()
    with store.snapshot("r") as view:
        assert (view.info().events, view.roles()) == (1, ())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_READONLY_DIRECTORY", "read-only"),
        ("SQLITE_CANTOPEN", "cannot be opened"),
        ("SQLITE_IOERR_WRITE", "the disk failed"),
        ("SQLITE_CORRUPT_INDEX", "damaged"),
        ("SQLITE_FULL", "full"),
        ("SQLITE_SOMETHING", "as the driver words it"),
    ],
)
def test_what_sqlite_says_becomes_a_sentence(
    store: Store, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    def fail(connection: sa.Connection, *_: object) -> None:
        error = sqlite3.OperationalError("as the driver words it")
        error.sqlite_errorname = name
        raise sa.exc.OperationalError("INSERT", {}, error)

    monkeypatch.setattr("stromata.store.transaction.apply", fail)
    with pytest.raises(StoreError, match=words) as caught:
        append(store, RoleGranted("bo", "lead"))
    assert caught.value.hint
    assert "nothing was changed" in caught.value.message
    assert store.reviews()[0].events == 1


LIMITED = """
import sys
from pathlib import Path
from stromata import store as stores
from stromata.errors import StoreError
from stromata.model import ReviewCreated
folder = Path(sys.argv[1])
try:
    with stores.create(folder / "reviews.db", files=folder / "files") as store:
        with store.transaction("s", actor="a", at="2026-01-31") as tx:
            tx.append(ReviewCreated("x" * 100_000))
except StoreError as error:
    print(error.message, "|", error.hint)
"""


@pytest.mark.parametrize("size", [0, 20_000, 300_000])
def test_a_database_that_may_not_grow_is_explained_and_stays_whole(tmp_path: Path, size: int) -> None:
    """With no room at all, room for a part of the tables, and room for the tables alone."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-B", "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=True)
    assert "the disk failed" in done.stdout or "full" in done.stdout or "cannot be opened" in done.stdout, done
    with stores.create(tmp_path / "reviews.db", files=tmp_path / "files") as again:
        assert again.reviews() == ()
        begin(again, "s")
        assert again.verify().ok

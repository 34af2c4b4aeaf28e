from __future__ import annotations

import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
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


# A review that may be read but not written


@pytest.fixture
def lent() -> Iterator[Path]:
    """A folder with a closed review that this user, or an unprivileged one, can read but not change."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "review"
        with stores.create(folder / "reviews.db", files=folder / "files") as made:
            begin(made)
            import_records(made, b"one", 5)
        assert not (folder / "reviews.db-wal").exists()
        _lock_up(folder)
        yield folder
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)


def _lock_up(folder: Path) -> None:
    folder.parent.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def _as_guest(work: Callable[[], object]) -> object:
    """Return what `work` returns, or the error it raises, when an unprivileged user does it."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def run() -> None:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            theirs.send(work())
        except StoreError as error:
            theirs.send((type(error).__name__, error.message, error.hint))

    process = context.Process(target=run)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    return ours.recv()


def _read(folder: Path) -> tuple[object, ...]:
    with stores.open_store(folder / "reviews.db", files=folder / "files") as opened:
        for _ in range(2):
            with opened.snapshot("r") as view:
                records = sum(1 for _ in view.records())
        return opened.reviews()[0].events, records, opened.verify().ok


def test_a_review_that_may_only_be_read_is_read(lent: Path) -> None:
    before = sorted(lent.rglob("*"))
    assert _as_guest(lambda: _read(lent)) == (2, 5, True)
    assert sorted(lent.rglob("*")) == before


def test_a_review_behind_a_link_is_read(lent: Path) -> None:
    (lent.parent / "link.db").symlink_to(lent / "reviews.db")

    def read() -> int:
        with stores.open_store(lent.parent / "link.db", files=lent / "files") as opened:
            return opened.reviews()[0].events

    assert _as_guest(read) == 2


def test_a_review_in_a_locked_folder_whose_file_may_be_written_is_read(lent: Path) -> None:
    (lent / "reviews.db").chmod(0o666)
    assert _as_guest(lambda: _read(lent)) == (2, 5, True)


def test_a_review_that_its_owner_has_open_is_read_with_the_newest_events(lent: Path) -> None:
    lent.chmod(0o755)
    (lent / "reviews.db").chmod(0o644)
    with stores.open_store(lent / "reviews.db", files=lent / "files") as owner:
        append(owner, RoleGranted("bo", "lead"))
        for path in lent.glob("reviews.db*"):
            path.chmod(0o444)
        lent.chmod(0o555)
        assert _as_guest(lambda: _read(lent)) == (3, 5, True)


def test_writing_to_a_review_that_may_only_be_read_is_refused_in_a_sentence(lent: Path) -> None:
    def write() -> None:
        with stores.open_store(lent / "reviews.db", files=lent / "files") as opened:
            append(opened, RoleGranted("bo", "lead"))

    kind, message, hint = _as_guest(write)  # type: ignore[misc]
    assert kind == "StoreError"
    assert f"cannot write to {lent / 'reviews.db'}: it cannot be written there" in message
    assert "permissions" in hint
    assert _as_guest(lambda: _read(lent)) == (2, 5, True)


def test_a_log_that_a_dead_writer_left_is_not_passed_over(lent: Path) -> None:
    lent.chmod(0o755)
    (lent / "reviews.db-wal").write_bytes(b"unread" * 1000)
    (lent / "reviews.db-wal").chmod(0o444)
    lent.chmod(0o555)
    kind, message, _ = _as_guest(lambda: _read(lent))  # type: ignore[misc]
    assert kind == "StoreError"
    assert str(lent / "reviews.db") in message


def test_a_change_during_a_reading_without_locks_is_said(lent: Path) -> None:
    def read() -> None:
        with stores.open_store(lent / "reviews.db", files=lent / "files") as opened, opened.snapshot("r") as view:
            list(view.records())
            os.utime(lent / "reviews.db")

    (lent / "reviews.db").chmod(0o666)
    kind, message, hint = _as_guest(read)  # type: ignore[misc]
    assert (kind, "was written to while it was read" in message, "again" in hint) == ("StoreError", True, True)


def test_a_review_without_its_folder_of_files_is_read(lent: Path) -> None:
    def read() -> int:
        with stores.open_store(lent / "reviews.db", files=lent / "gone" / "files") as opened:
            return opened.reviews()[0].events

    assert _as_guest(read) == 2


# Making that fails


def test_a_failed_making_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr("stromata.store.database._run_migrations", fail)
    with pytest.raises(StoreError, match="no room"):
        stores.create(tmp_path / "deep" / "reviews.db", files=tmp_path / "deep" / "other" / "files")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_making_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "thesis.docx"
    path.write_bytes(b"PK" + bytes(5000))
    (tmp_path / "mine").mkdir()
    with pytest.raises(StoreError):
        stores.create(path, files=tmp_path / "mine" / "files")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "mine", path]
    (tmp_path / "empty.db").touch()
    (tmp_path / "files").mkdir()
    monkeypatch.setattr("stromata.store.database._run_migrations", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stores.create(tmp_path / "empty.db", files=tmp_path / "files")
    assert (tmp_path / "empty.db").exists()
    assert (tmp_path / "files").is_dir()


def test_a_failed_making_leaves_the_database_that_another_program_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, files = tmp_path / "reviews.db", tmp_path / "files"

    def overtaken(_: object) -> None:
        monkeypatch.undo()
        with stores.create(path, files=files) as quicker:
            begin(quicker)
        raise StoreError("too late")

    monkeypatch.setattr("stromata.store.store.upgrade", overtaken)
    with pytest.raises(StoreError, match="too late"):
        stores.create(path, files=files)
    with stores.open_store(path, files=files) as opened:
        assert opened.reviews()[0].id == "r"


def test_a_folder_that_cannot_be_made_is_told_with_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("files").write_text("")
    with pytest.raises(StoreError, match="cannot write") as caught:
        stores.create("reviews.db", files=Path("files"))
    assert str(tmp_path / "files") in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


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

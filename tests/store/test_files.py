from __future__ import annotations

import errno
import fcntl
import gzip
import hashlib
import io
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import make_records, values, wild_texts
from stromata.errors import InvalidInput, NotFound, StoreError
from stromata.model import Record
from stromata.store import FileStore


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


def _all_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def test_bytes_paths_and_streams_are_kept_under_their_hash(files: FileStore, tmp_path: Path) -> None:
    expected = hashlib.sha256(b"abc").hexdigest()
    given_file = tmp_path / "given.txt"
    given_file.write_bytes(b"abc")
    assert files.put(b"abc") == files.put(given_file) == files.put(io.BytesIO(b"abc")) == expected
    given_file.unlink()
    assert files.path(expected) == tmp_path / expected[:2] / expected
    assert files.has(expected)
    with files.open(expected) as stream:
        assert stream.read() == b"abc"
    assert _all_files(tmp_path) == [expected]


def test_a_file_larger_than_a_block_is_kept_whole(files: FileStore) -> None:
    content = bytes(range(256)) * 10_000
    with files.open(files.put(io.BytesIO(content))) as stream:
        assert stream.read() == content


def test_putting_again_mends_a_damaged_copy(files: FileStore) -> None:
    sha256 = files.put(b"abc")
    files.path(sha256).write_bytes(b"ab")
    assert files.check(sha256) == "altered"
    files.put(b"abc")
    assert files.check(sha256) == "whole"


@pytest.mark.parametrize("damage", [b"xyz", b"ab", b"abcd", None])
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("kind", [bytes, Path, io.BytesIO])
def test_putting_makes_the_copy_whole_whatever_was_there(
    files: FileStore, tmp_path: Path, damage: bytes | None, check: bool, kind: type
) -> None:
    sha256 = files.put(b"abc")
    files.path(sha256).unlink() if damage is None else files.path(sha256).write_bytes(damage)
    (tmp_path / "given").write_bytes(b"abc")
    assert files.put(tmp_path / "given" if kind is Path else kind(b"abc"), check=check) == sha256
    assert files.check(sha256) == "whole"


@pytest.mark.parametrize("kind", [bytes, Path])
def test_a_copy_that_was_checked_and_is_whole_stays_the_file_it_is(
    files: FileStore, tmp_path: Path, kind: type
) -> None:
    sha256 = files.put(b"abc")
    (tmp_path / "given").write_bytes(b"abc")
    before = files.path(sha256).stat().st_ino
    files.put(tmp_path / "given" if kind is Path else b"abc", check=True)
    assert files.path(sha256).stat().st_ino == before


def test_a_given_file_that_is_missing_is_said_when_checking_too(files: FileStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        files.put(tmp_path / "nothing", check=True)


def test_trouble_is_told_with_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = FileStore(Path("missing"))
    for doing in (lambda: files.put(b"abc"), lambda: files.open("a" * 64)):
        with pytest.raises((StoreError, NotFound)) as caught:
            doing()
        assert str(tmp_path / "missing") in caught.value.message


def test_a_line_that_is_no_record_is_damage(files: FileStore) -> None:
    sha256 = files.put(gzip.compress(b'{"title": 1}\n', mtime=0))
    with pytest.raises(StoreError, match="is damaged") as caught:
        list(files.read_records(sha256))
    assert "backup" in caught.value.hint


def test_what_is_not_there_is_said(files: FileStore, tmp_path: Path) -> None:
    sha256 = "a" * 64
    assert not files.has(sha256)
    assert files.check(sha256) == "missing"
    with pytest.raises(NotFound, match="is missing from"):
        files.open(sha256)
    with pytest.raises(NotFound, match="is missing from"):
        list(files.read_records(sha256))
    with pytest.raises(NotFound, match="there is no file"):
        files.put(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["", "abc", "../" + "a" * 61, "A" * 64, "a" * 65])
def test_only_a_sha256_names_a_file(files: FileStore, name: str) -> None:
    with pytest.raises(InvalidInput, match="64 hexadecimal digits"):
        files.has(name)


@settings(max_examples=30, deadline=None)
@given(st.lists(values(Record, text=wild_texts), max_size=3))
def test_records_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    files = FileStore(tmp_path_factory.getbasetemp())
    sha256, count = files.write_records(iter(records))
    assert count == len(records)
    assert list(files.read_records(sha256)) == records


def test_the_same_records_make_the_same_file(files: FileStore, tmp_path: Path) -> None:
    other = FileStore(tmp_path / "other")
    other.folder.mkdir()
    records = make_records("a" * 64, 2000, abstract="word " * 200)
    sha256, count = files.write_records(records)
    assert (sha256, count) == other.write_records(records)
    assert files.check(sha256) == "whole"
    assert [record.number for record in files.read_records(sha256)] == list(range(1, 2001))


def test_a_record_that_is_not_unicode_leaves_no_file(files: FileStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"record 1 \(line 10\) cannot be kept"):
        files.write_records(make_records("a" * 64, 1, title="\ud800"))
    assert _all_files(tmp_path) == []


TORN = gzip.compress(b"{}", mtime=0)[:-4]
NO_TEXT = gzip.compress(b"\xff\n", mtime=0)


@pytest.mark.parametrize("damage", [b"", b"no gzip", TORN, NO_TEXT])
def test_a_damaged_file_of_records_is_said(files: FileStore, damage: bytes) -> None:
    sha256, _ = files.write_records(make_records("a" * 64, 3))
    files.path(sha256).write_bytes(damage or b"\x1f")
    with pytest.raises(StoreError, match="is damaged"):
        list(files.read_records(sha256))


def test_an_error_while_writing_leaves_nothing(files: FileStore, tmp_path: Path) -> None:
    def broken() -> Any:
        yield from make_records("a" * 64, 3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        files.write_records(broken())
    assert _all_files(tmp_path) == []


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.mkdir"])
@pytest.mark.parametrize(
    ("code", "hint"), [(errno.ENOSPC, "Free some space"), (errno.EACCES, "permissions"), (errno.EROFS, "read-only")]
)
def test_trouble_with_the_disk_is_explained_and_leaves_nothing(
    files: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int, hint: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(step, fail)
    with pytest.raises(StoreError, match="nothing was changed") as caught:
        files.put(b"abc")
    monkeypatch.undo()
    assert os.strerror(code) in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert hint in caught.value.hint
    assert _all_files(tmp_path) == []


def test_a_folder_below_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Not a directory") as caught:
        FileStore(tmp_path / "file" / "files").put(b"abc")
    assert "is a file" in caught.value.hint


LIMITED = """
import sys
from pathlib import Path
from stromata.errors import StoreError
from stromata.store import FileStore
files = FileStore(Path(sys.argv[1]))
try:
    files.put(bytes(100_000))
except StoreError as error:
    print(error.message, "|", error.hint)
"""


def test_a_file_that_may_not_grow_is_explained_and_leaves_nothing(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert "ulimit" in done.stdout
    assert _all_files(tmp_path) == []


def test_what_dead_writers_left_is_swept_and_what_living_ones_write_is_not(files: FileStore, tmp_path: Path) -> None:
    files.put(b"first")
    left = tmp_path / ".partial" / "left-by-a-dead-writer"
    left.write_bytes(b"half")
    with (tmp_path / ".partial" / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        files.put(b"second")
        assert left.exists()
    files.put(b"third")
    assert not left.exists()

import os
import stat

import pytest

from stromata import disk
from stromata.errors import NotFound, StoreError, Unreadable


def test_a_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\x00")
    assert disk.content(path) == b"\xef\xbb\xbfa\r\nb\x00"


def test_no_file_a_folder_and_a_file_on_the_way_are_told_apart(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "none", tmp_path / "file" / "below"):
        with pytest.raises(NotFound, match=f"there is no file {path}") as caught:
            disk.content(path)
        assert caught.value.hint
    with pytest.raises(Unreadable, match="is a folder; a file is needed"):
        disk.content(tmp_path, missing=StoreError, failed=StoreError)


def test_the_caller_may_choose_the_errors(tmp_path, monkeypatch):
    with pytest.raises(Unreadable, match="there is no file"):
        disk.content(tmp_path / "none", missing=Unreadable)
    path = tmp_path / "file"
    path.touch()

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    for options, error in (({}, Unreadable), ({"failed": StoreError}, StoreError)):
        with pytest.raises(error, match="file cannot be read: Permission denied"):
            disk.content(path, **options)


@pytest.mark.parametrize("lasting", [True, False])
def test_a_file_appears_when_all_is_written(tmp_path, lasting):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with disk.replacing(path, lasting=lasting) as out:
        out.write(b"after")
        out.flush()
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("trouble", [OSError, KeyboardInterrupt, ValueError])
def test_on_any_failure_the_file_before_stays_and_nothing_else(tmp_path, trouble):
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def write() -> None:
        with disk.replacing(path) as out:
            out.write(b"half")
            raise trouble

    with pytest.raises(trouble):
        write()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_must_last_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    path, synced = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append((os.fstat(number).st_size, path.exists())))
    with disk.replacing(path) as out:
        out.write(b"after")
    assert synced == [(5, False)]
    with disk.replacing(path, lasting=False) as out:
        out.write(b"again")
    assert len(synced) == 1


def test_permissions_are_those_of_the_file_before_or_of_any_new_file(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o640)
    for path in (old, new):
        with disk.replacing(path) as out:
            out.write(b"x")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE(new.stat().st_mode) == _mode_of_new(tmp_path)


def _mode_of_new(folder) -> int:
    path = folder / "any"
    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    return mode


def test_names_may_be_as_long_as_names_may_be(tmp_path):
    path = tmp_path / ("干" * 85)
    with disk.replacing(path) as out:
        out.write(b"x")
    assert path.read_bytes() == b"x"


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError), disk.replacing(tmp_path / "none" / "file"):
        pass


def test_only_unfinished_copies_of_this_file_are_swept(tmp_path):
    path, other = tmp_path / "a[1]", tmp_path / "a1"
    for one in (path, other):
        (tmp_path / f".{one.name}.0badc0de.partial").touch()
        one.touch()
    disk.sweep(path)
    assert sorted(item.name for item in tmp_path.iterdir()) == [".a1.0badc0de.partial", "a1", "a[1]"]

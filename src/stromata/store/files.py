"""Original files and files of records, each under the SHA-256 of its bytes.

``files/ab/abcdef...``: the first two digits are a folder. A file is written under a passing name in ``files/.partial``,
flushed to the disk and renamed, so that a name of 64 digits always stands for a whole file.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gzip
import hashlib
import io
import os
import re
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from stromata.errors import InvalidInput, NotFound, StoreError, StromataError
from stromata.model import Record
from stromata.model.codec import from_json, to_json

_BLOCK = 1 << 20
"""Bytes read or gathered at a time."""

_LEVEL = 1
"""Compression of files of records: the quickest level; higher ones save a tenth of the size for thrice the time."""

_PARTIAL = ".partial"
_RESTORE = "Copy it back from a backup; `stromata verify` lists every file that was altered."
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """A folder of files that are known by the SHA-256 of their bytes and never change.

    Parameters
    ----------
    folder : where the files lie; it must exist (`stromata.store.create` makes it).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def put(self, content: bytes | Path | BinaryIO, *, check: bool = False) -> str:
        """Keep a copy of `content` and return its SHA-256 in hexadecimal.

        The copy is whole afterwards, also when it was missing or altered before.

        Parameters
        ----------
        check : look first, by size and then by hash, whether a whole copy is there, and write nothing then. Of a
            stream the copy is written anyway: it can be read only once.

        Raises
        ------
        NotFound
            `content` is the path of a file that is not there.
        StoreError
            The disk is full, a permission is missing, or the disk failed; nothing was kept.
        """
        if check and isinstance(content, bytes | Path):
            sha256, size = _measure(content)
            if self._size(sha256) == size and self.check(sha256) == "whole":
                return sha256
        with contextlib.ExitStack() as stack:
            if isinstance(content, Path):
                stream: BinaryIO = stack.enter_context(_open_given(content))
            else:
                stream = io.BytesIO(content) if isinstance(content, bytes) else content
            with self._new_file() as out:
                while block := stream.read(_BLOCK):
                    out.write(block)
        return out.sha256

    def path(self, sha256: str) -> Path:
        """Return where the file with this hash lies, or would lie; InvalidInput when it is no SHA-256."""
        if not _SHA256.fullmatch(sha256):
            raise InvalidInput(f"{sha256[:80]!r} is not a SHA-256: 64 hexadecimal digits in lower case are expected")
        return self.folder / sha256[:2] / sha256

    def _size(self, sha256: str) -> int | None:
        path = self.path(sha256)
        return path.stat().st_size if path.is_file() else None

    def has(self, sha256: str) -> bool:
        """Tell whether the file is there."""
        return self.path(sha256).is_file()

    def open(self, sha256: str) -> BinaryIO:
        """Open the file for reading; NotFound when it is not there, StoreError when it cannot be read."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound(
                f"the file {sha256} is missing from {self.folder}",
                hint="Import the original again, or copy the file back from a backup.",
            ) from error
        except OSError as error:
            raise file_trouble("read", self.path(sha256), error) from error

    def check(self, sha256: str) -> Literal["whole", "missing", "altered"]:
        """Read the file and tell whether it still has this hash."""
        if not self.has(sha256):
            return "missing"
        with self.open(sha256) as stream:
            return "whole" if _hash(stream, self.path(sha256)) == sha256 else "altered"

    def write_records(self, records: Iterable[Record]) -> tuple[str, int]:
        """Keep records as a compressed file with one JSON object a line, in the order given.

        The records are taken one at a time and the same records always make the same bytes.

        Returns
        -------
        (SHA-256 of the stored bytes, number of records)

        Raises
        ------
        InvalidInput
            A record holds text that is not Unicode (half of a surrogate pair).
        StoreError
            As for `put`.
        """
        count = 0
        with self._new_file() as out, gzip.GzipFile("", "wb", _LEVEL, out, mtime=0) as packed:
            gathered: list[bytes] = []
            size = 0
            for record in records:
                line = _line(record)
                gathered.append(line)
                size += len(line)
                count += 1
                if size > _BLOCK:
                    packed.write(b"".join(gathered))
                    gathered.clear()
                    size = 0
            packed.write(b"".join(gathered))
        return out.sha256, count

    def read_lines(self, sha256: str) -> Iterator[str]:
        """Yield the lines of a file of records: each is one record as JSON.

        Raises
        ------
        NotFound
            The file is not there.
        StoreError
            It is damaged.
        """
        with self.open(sha256) as stream, gzip.GzipFile(fileobj=stream, mode="rb") as packed:
            try:
                for line in io.BufferedReader(packed, _BLOCK):
                    yield line.decode().rstrip("\n")
            except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
                raise StoreError(
                    f"the file of records {self.path(sha256)} is damaged: {error}",
                    hint=_RESTORE,
                ) from error

    def read_records(self, sha256: str) -> Iterator[Record]:
        """Yield the records of a file that `write_records` made; errors as `read_lines`."""
        for line in self.read_lines(sha256):
            try:
                yield from_json(Record, line)
            except InvalidInput as error:
                raise StoreError(
                    f"the file of records {self.path(sha256)} is damaged: {error.message}", hint=_RESTORE
                ) from error

    @contextmanager
    def _new_file(self) -> Iterator[_Hashing]:
        """Open a file that gets its name from its hash once it is whole; on any error it never existed."""
        with self._partial_folder() as folder:
            passing = folder / secrets.token_hex(16)
            try:
                with _explained(passing), passing.open("xb") as raw:
                    out = _Hashing(raw, passing)
                    yield out
                    raw.flush()
                    os.fsync(raw.fileno())
                target = self.path(out.sha256)
                with _explained(target):
                    target.parent.mkdir(exist_ok=True)
                    passing.replace(target)
                    _sync_folder(target.parent)
                    _sync_folder(self.folder)
            finally:
                with contextlib.suppress(OSError):
                    passing.unlink(missing_ok=True)

    @contextmanager
    def _partial_folder(self) -> Iterator[Path]:
        """Give the folder of unfinished files, swept of what killed writers left behind.

        Writers hold a shared lock as long as they write: who gets it alone knows that nobody else is writing.
        """
        folder = self.folder / _PARTIAL
        with contextlib.ExitStack() as stack:
            with _explained(folder):
                folder.mkdir(exist_ok=True)
                lock = stack.enter_context((folder / "lock").open("wb"))
            # A file system without locks (some network ones) only loses the sweeping.
            with contextlib.suppress(OSError):
                _sweep(folder, lock)
                fcntl.flock(lock, fcntl.LOCK_SH)
            yield folder


class _Hashing(io.RawIOBase):
    """A binary stream that hashes what is written through it and words its errors."""

    def __init__(self, raw: BinaryIO, path: Path) -> None:
        self._raw = raw
        self._path = path
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hash of all that was written."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # only bytes come here
        """Write and hash."""
        self._hash.update(data)
        try:
            return self._raw.write(data)
        except OSError as error:
            raise file_trouble("write", self._path, error) from error


def file_trouble(doing: Literal["read", "write"], path: Path, error: OSError) -> StromataError:
    """Word what the operating system said about a file: what, where (the whole path), and how to mend it."""
    full = "Free some space on that disk, then run the command again."
    allowed = "Change the permissions of that folder, or work in a folder of your own."
    hints = {
        errno.ENOSPC: full,
        errno.EDQUOT: full,
        errno.EFBIG: "Raise the limit on the size of files (`ulimit -f`), then run the command again.",
        errno.EACCES: allowed,
        errno.EPERM: allowed,
        errno.EROFS: "The disk is mounted read-only: work in another folder.",
        errno.ENOTDIR: "A part of that path is a file: choose another folder.",
        errno.EEXIST: "A file stands where a folder is needed: move it away, or choose another folder.",
        errno.ENOENT: "The folder has been moved or deleted: bring it back, or create the review again.",
    }
    hint = hints.get(error.errno or 0, "Check the disk, then run the command again.")
    return StoreError(f"cannot {doing} {path.absolute()}: {error.strerror or error}; nothing was changed", hint=hint)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise file_trouble("write", path, error) from error


def _open_given(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}") from error
    except OSError as error:
        raise file_trouble("read", path, error) from error


def _measure(content: bytes | Path) -> tuple[str, int]:
    """Return SHA-256 and size."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with _open_given(content) as stream:
        return _hash(stream, content), stream.tell()


def _hash(stream: BinaryIO, path: Path) -> str:
    hashed = hashlib.sha256()
    try:
        while block := stream.read(_BLOCK):
            hashed.update(block)
    except OSError as error:
        raise file_trouble("read", path, error) from error
    return hashed.hexdigest()


def _line(record: Record) -> bytes:
    try:
        return to_json(record).encode() + b"\n"
    except ValueError as error:
        raise InvalidInput(f"record {record.number} (line {record.line}) cannot be kept: {error}") from error


def _sweep(folder: Path, lock: BinaryIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for path in folder.iterdir():
        if path.name != "lock":
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

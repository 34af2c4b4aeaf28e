"""Files that people name: read whole, or the trouble worded; written whole, or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stromata.errors import NotFound, StromataError, Unreadable

_PARTIAL = ".partial"
_NAME = 40
"""Characters of a file's name in that of its unfinished copy: a name may have 255 bytes, and 4 to a character."""


def content(path: Path, *, missing: type[StromataError] = NotFound, failed: type[StromataError] = Unreadable) -> bytes:
    """Return what a file holds.

    Parameters
    ----------
    missing : the error for a file that is not there.
    failed : the error for one that is there and cannot be read.

    Raises
    ------
    Unreadable
        A folder stands there.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(f"there is no file {path}", hint="Check the name and its folder.") from error
    except IsADirectoryError as error:
        raise Unreadable(f"{path} is a folder; a file is needed", hint="Name the file in it.") from error
    except OSError as error:
        raise failed(f"{path} cannot be read: {error.strerror or error}", hint="Check its permissions.") from error


@contextmanager
def replacing(path: Path, *, lasting: bool = True) -> Iterator[BinaryIO]:
    """Give a new file beside `path` that takes its place at the end; on any failure nothing is left behind.

    It has the permissions of the file before, or those of any new file.

    Parameters
    ----------
    lasting : whether it must outlast a power failure; what can be made anew need not, and is written sooner.

    Raises
    ------
    OSError
        It cannot be written; a file that was there is as it was.
    """
    partial = path.parent / f".{path.name[:_NAME]}.{secrets.token_hex(8)}{_PARTIAL}"
    try:
        with partial.open("xb") as stream:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(stream.fileno(), stat.S_IMODE(path.stat().st_mode))
            yield stream
            if lasting:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove the unfinished copies of a file that killed writers left beside it."""
    for left in path.parent.glob(f".{glob.escape(path.name[:_NAME])}.*{_PARTIAL}"):
        left.unlink(missing_ok=True)

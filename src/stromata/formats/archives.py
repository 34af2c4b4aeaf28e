"""Files in archives: what a ZIP or gzip archive holds, each file of it as if it lay there unpacked.

An archive is a container only: the source of records is the file in it. Archives that would fill the memory or the
disk are refused, by what they claim and by what comes out of them.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from stromata.errors import Unreadable
from stromata.formats.content import PARQUET, WORKBOOK

MOST_BYTES = 1 << 34
"""Unpacked bytes of one file in an archive (16 GiB)."""

MOST_RATIO = 300
"""Unpacked bytes for one packed byte, beyond the first `FREE_BYTES`: text packs 3 to 30 times, XML up to 60 times."""

FREE_BYTES = 1 << 26
MOST_FILES = 10_000

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DOUBTFUL = {
    "[Content_Types].xml": "an Office document",
    "META-INF/MANIFEST.MF": "a Java program",
    "mimetype": "an OpenDocument file or an e-book",
}
_WORKBOOK = "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class Part:
    """One file to be read: by itself, or in an archive.

    Attributes
    ----------
    name : the file's name without folders; in an archive ``archive.zip/name``.
    open : gives the unpacked bytes from the start; reading them raises `Unreadable` where the archive is damaged.
    """

    name: str
    open: Callable[[], BinaryIO]


def unpack(name: str, opener: Callable[[], BinaryIO]) -> tuple[Part, ...]:
    """Return the files that a file stands for: itself, or what it holds as an archive, in the archive's order.

    A workbook (XLSX) is a ZIP archive by its bytes, but one file by its sense: it stands for itself.

    Raises
    ------
    Unreadable
        A damaged, encrypted or empty archive, one that unpacks to far more than text ever does, or one in another.
    """
    with opener() as stream:
        start = stream.read(4)
    if start.startswith(_GZIP):
        short = name[:-3] if name.lower().endswith(".gz") else name
        return (Part(name=short, open=lambda: _gunzipped(name, opener)),)
    if start not in _ZIP:
        return (Part(name=name, open=opener),)
    try:
        with opener() as stream, zipfile.ZipFile(stream) as archive:
            members = [info for info in archive.infolist() if not _is_aside(info)]
            names = {info.filename for info in members}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise Unreadable(f"{name} is a damaged ZIP archive: {error}.", hint="Fetch or pack it again.") from error
    if _WORKBOOK in names:
        return (Part(name=name, open=opener),)
    for mark, what in _DOUBTFUL.items():
        if mark in names:
            raise Unreadable(f"{name} is {what}, not an export of references.", hint="Export its references as RIS.")
    if not members:
        raise Unreadable(f"{name} is an empty ZIP archive.", hint="Export the references again.")
    if len(members) > MOST_FILES:
        raise Unreadable(
            f"{name} holds {len(members)} files; read are up to {MOST_FILES}.", hint="Unpack it, and give the exports."
        )
    return tuple(_member(name, opener, info) for info in members)


def packed_kind(opener: Callable[[], BinaryIO]) -> str:
    """Return what kind of table packed in bytes it is, `WORKBOOK` or `PARQUET`; nothing for everything else."""
    with opener() as stream:
        start = stream.read(4)
        if start == b"PAR1":
            return PARQUET
        if start in _ZIP:
            with contextlib.suppress(zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError):
                stream.seek(0)
                with zipfile.ZipFile(stream) as archive:
                    return WORKBOOK if _WORKBOOK in archive.namelist() else ""
    return ""


def _is_aside(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder, or what an operating system leaves in archives."""
    parts = PurePosixPath(info.filename).parts
    return (
        info.filename.endswith("/") or "__MACOSX" in parts or (bool(parts) and parts[-1] in {".DS_Store", "Thumbs.db"})
    )


def _member(name: str, opener: Callable[[], BinaryIO], info: zipfile.ZipInfo) -> Part:
    shown = f"{name}/{PurePosixPath(_decoded(info)).name}"
    if info.flag_bits & 0x1:
        raise Unreadable(f"{shown} is encrypted.", hint="Unpack the archive with its password, and give the file.")
    _check_size(shown, info.file_size, info.compress_size)
    return Part(name=shown, open=lambda: _unzipped(shown, opener, info))


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return a member's name; one that is not marked as UTF-8 is in the encoding of whoever packed it."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return info.filename


def _unzipped(shown: str, opener: Callable[[], BinaryIO], info: zipfile.ZipInfo) -> BinaryIO:
    outer = opener()
    try:
        archive = zipfile.ZipFile(outer)
        inner = archive.open(info)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        outer.close()
        raise _damaged(shown, error) from error
    return _guarded(shown, cast("BinaryIO", inner), lambda: info.compress_size, (archive, outer))


def _gunzipped(name: str, opener: Callable[[], BinaryIO]) -> BinaryIO:
    outer = opener()
    return _guarded(name, cast("BinaryIO", gzip.GzipFile(fileobj=outer)), outer.tell, (outer,))


def _guarded(
    shown: str,
    inner: BinaryIO,
    packed: Callable[[], int],
    owners: tuple[contextlib.AbstractContextManager[object], ...],
) -> BinaryIO:
    return io.BufferedReader(_Guarded(shown, inner, packed, owners), 1 << 18)


class _Guarded(io.RawIOBase):
    """Unpacked bytes, counted, with the archive's troubles told in words.

    `packed` tells how many packed bytes they come from, as far as is known: those read so far, or all of them.
    """

    def __init__(
        self,
        shown: str,
        inner: BinaryIO,
        packed: Callable[[], int],
        owners: tuple[contextlib.AbstractContextManager[object], ...],
    ) -> None:
        self._shown, self._inner, self._packed, self._owners = shown, inner, packed, owners
        self._done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer in the stubs
        try:
            block = self._inner.read(len(buffer))
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, zlib.error) as error:
            raise _damaged(self._shown, error) from error
        self._done += len(block)
        _check_size(self._shown, self._done, self._packed())
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            for owner in self._owners:
                owner.__exit__(None, None, None)
        super().close()


def _check_size(shown: str, unpacked: int, packed: int) -> None:
    """Refuse what no archive of references holds."""
    if unpacked > MOST_BYTES or unpacked > FREE_BYTES + MOST_RATIO * packed:
        raise Unreadable(
            f"{shown} unpacks to {unpacked:,} bytes or more from {packed:,}: references never pack that well.",
            hint="Unpack it yourself and look at it; give the file if it is what you expect.",
        )


def _damaged(shown: str, error: Exception) -> Unreadable:
    return Unreadable(
        f"{shown} cannot be unpacked: {error}.", hint="The archive is damaged or cut off: fetch it again."
    )

"""From bytes to numbered lines of text: hash, encoding and line ends, in memory that does not grow with the file.

A file is gone through twice. The first pass (`examine`) computes its hash and finds out how it is encoded; the second
(`Content.lines`) decodes it block by block. Lines end at LF, CR or CR LF, and at nothing else: form feeds and Unicode
separators occur inside values.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from charset_normalizer import from_bytes

from stromata.errors import Unreadable
from stromata.model import Problem
from stromata.progress import Progress, silent

BLOCK = 1 << 18
"""Bytes read at a time."""

HEAD = 1 << 18
"""Characters looked at to recognise the format."""

_SAMPLE = 1 << 16
"""Bytes of lines that are not UTF-8 which are kept to guess their encoding from."""

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", "Export the citation from the database as RIS, or save the page as text."),
    (b"PK\x03\x04", "an archive inside an archive", "Unpack it first."),
    (b"PK\x05\x06", "an archive inside an archive", "Unpack it first."),
    (b"\x1f\x8b", "an archive inside an archive", "Unpack it first."),
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first."),
    (b"Rar!\x1a\x07", "a RAR archive", "Unpack it first."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", "Export its references as RIS."),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "Export the citation as RIS, or save the page as text."),
    (b"\xff\xd8\xff", "a JPEG picture", "Export the citation as RIS, or save the page as text."),
    (b"GIF8", "a GIF picture", "Export the citation as RIS, or save the page as text."),
    (b"RIFF", "a picture, sound or film", "Export the citation as RIS, or save the page as text."),
    (b"II*\x00", "a TIFF picture", "Export the citation as RIS, or save the page as text."),
    (b"MM\x00*", "a TIFF picture", "Export the citation as RIS, or save the page as text."),
    (b"SQLite format 3\x00", "an SQLite database", "Export its references as RIS."),
    (b"PAR1", "a Parquet table", "Export its references as RIS."),
    (b"\x7fELF", "a program", "Choose the export file instead."),
    (b"{\\rtf", "an RTF document", "Save it as plain text, or export its references as RIS."),
    (b"\x00" * 16, "a file of zero bytes (an interrupted download?)", "Export it again."),
)

# C0 controls that no text file holds; tab, line ends, form feed, SUB (the end of old DOS files) and ESC may occur.
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27})
_CONTROL_LIMIT = 0.02
"""Share of control bytes above which a file is binary: damaged text holds a few, pictures and archives one in ten."""

PassageKind = Literal["preamble", "search-strategy", "wrapper", "comment", "stray"]
"""What text between records is: what a database puts around them, the search that made the export, the format's own
frame (XML's declaration, JSON's brackets, a table's heading), a remark, or text that belongs to nothing (and then has
a `Problem` too)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a file that are no record. Nothing of a file is in neither a record nor a passage, but blank lines.

    Attributes
    ----------
    line, end_line : 1-based first and last line.
    kind : what it is.
    text : the words, where they are worth keeping: a search strategy whole, else empty or the beginning.
    """

    line: int
    end_line: int
    kind: PassageKind
    text: str = ""


WORKBOOK, PARQUET = "xlsx", "parquet"
"""What stands for the encoding of a workbook or a Parquet table, which are no text; their formats bear these names."""

_BLANK = b" \t\r\n\x0b\x0c\x00\x1a\x1c\x1d\x1e\x1f"
_BLANK_SIGNS = "\x00\x1a\ufeff"
"""What is blank beside white space, in lines that are decoded to find out."""

NO_LINE_END = "no-line-end"
"""Code of the last Problem of `Content.lines` where the last line has no end."""

_DOUBLE_BYTE = frozenset(("gb18030", "big5", "euc_jp", "euc_kr", "shift_jis"))
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_INNER = re.compile(rb"(?<=[A-Za-z])[\xc0-\xd6\xd8-\xf6\xf8-\xff](?=[A-Za-z])")
"""One accented letter of Windows-1252 between letters of ASCII: ``für``, ``Müller``."""

_HIGH = bytes(range(128, 256))
_PLAIN_SIGN = re.compile(rb"[0-9A-Za-z]")  # no byte of a character that is white space, in any encoding
_UTF8_BY_CHANCE = (6, 12)
"""Bytes beyond ASCII from which a line that is valid UTF-8 is taken to be UTF-8, with and without East Asian signs in
what it then says: fewer occur by chance in a Chinese encoding, most often as pairs that are Greek or Cyrillic."""

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_EIGHT_BIT = re.compile(r"gb|big5|euc|shift|sjis|iso-?8859|windows-|cp\d|koi8|mac|latin")
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252"}
_LETTERS = re.compile(r"(?<=[a-z])[ß-öø-ÿ]|[ß-öø-ÿ](?=[a-z])|(?<=[\w.,)])[\u2018\u2019\u201c\u201d\u2013\u2014]")


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that turned out to be text.

    Attributes
    ----------
    name : what to call it in messages: the file's name without folders.
    sha256, size : of the bytes as they came; size in bytes.
    encoding : as named by Python's codecs, ``utf-8-sig`` for UTF-8 with a byte-order mark.
    fallback : encoding of single lines that `encoding` cannot decode; empty when there are none.
    nuls : bytes that are zero; in UTF-16 and UTF-32 most of them belong to other characters.
    ended : whether the last line has its line end.
    open : gives the bytes again from the start.
    """

    name: str
    sha256: str
    size: int
    encoding: str
    fallback: str
    nuls: int
    ended: bool
    open: Callable[[], BinaryIO]

    def head(self) -> str:
        """Return about the first `HEAD` characters, for recognition."""
        text: list[str] = []
        length = 0
        for _, item in self.blocks():
            if isinstance(item, str):
                text.append(item[: HEAD - length])
                length += len(text[-1])
                if length >= HEAD:
                    break
        return "".join(text).removesuffix("\n")

    def lines(self, *, progress: Progress = silent) -> Iterator[tuple[int, str | Problem]]:
        """Yield (line number, line without its end); before a line that needed another encoding, its Problem.

        Last come a Problem that counts NUL characters, if there are any, and one with the code `NO_LINE_END` if the
        last line has none: it is for readers that look for cut files, and is not shown.
        """
        wide = self.encoding.startswith(("utf-16", "utf-32"))
        found = self._wide_lines(progress) if wide else self._narrow_lines(progress)
        yield from _with_nuls(found) if self.nuls else found
        if not self.ended:
            yield 0, Problem(0, NO_LINE_END, "The last line has no line end.")

    @property
    def is_packed(self) -> bool:
        """Whether it is a workbook or a Parquet table, which have rows and no lines."""
        return self.encoding in {WORKBOOK, PARQUET}

    def measured(self) -> Iterator[tuple[int, list[int], list[bool]]]:
        """Yield, block by block, the number of its first line, and of each line its bytes and whether it is blank.

        The bytes of a line count its end; a byte-order mark counts as part of the first line.
        """
        number = 1
        skip = next((len(mark) for mark, encoding in _BOMS if encoding == self.encoding), 0)
        if self.encoding.startswith(("utf-16", "utf-32")):
            wide = self.encoding if self.encoding[-2:] in {"le", "be"} else f"{self.encoding}-le"
            for _, line in self.lines():
                if isinstance(line, str):
                    size = len(f"{line}\n".encode(wide, "replace"))
                    yield number, [size], [_is_blank(line)]
                    number += 1
            return
        left = self.size - skip
        codec = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        for block in _blocks(self.open, skip=skip):
            lines = block.splitlines(keepends=True)  # of bytes: at LF, CR LF and CR alone
            sizes = [len(line) for line in lines]
            sizes[0] += skip if number == 1 else 0
            left -= len(block)
            sizes[-1] += min(left, 0)  # the last line was given an end that it does not have
            blanks = [not line.strip(_BLANK) for line in lines]
            if not block.isascii():
                for place, raw in enumerate(lines):
                    if not (blanks[place] or raw.isascii() or _PLAIN_SIGN.search(raw)):
                        blanks[place] = _is_blank(self._decoded(raw.rstrip(b"\r\n"), codec)[0])
            yield number, sizes, blanks
            number += len(lines)

    def blocks(self, *, progress: Progress = silent) -> Iterator[tuple[int, str | Problem]]:
        """Yield what `lines` yields, but many lines in one text where they are decoded together.

        Each text consists of whole lines with their ends, which are LF; its number is that of its first line.
        """
        if self.fallback or self.nuls or self.encoding.startswith(("utf-16", "utf-32")):
            for number, line in self.lines(progress=progress):
                yield number, f"{line}\n" if isinstance(line, str) else line
            return
        number, done = 1, 0
        encoding = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        for block in _blocks(self.open, skip=3 if self.encoding == "utf-8-sig" else 0):
            done += len(block)
            text = _ends(block.decode(encoding, "replace"))
            yield number, text
            number += text.count("\n")
            progress(min(done, self.size), self.size, self.name)
        if not self.ended:
            yield 0, Problem(0, NO_LINE_END, "The last line has no line end.")

    def _narrow_lines(self, progress: Progress) -> Iterator[tuple[int, str | Problem]]:
        number = 0
        done = 0
        strict = not self.fallback
        encoding = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        for block in _blocks(self.open, skip=3 if self.encoding == "utf-8-sig" else 0):
            done += len(block)
            if strict or block.isascii():
                for line in _ends(block.decode(encoding if strict else "ascii", "replace")).split("\n")[:-1]:
                    number += 1
                    yield number, line
            else:
                for raw in _byte_ends(block).split(b"\n")[:-1]:
                    number += 1
                    line, used = self._decoded(raw, encoding)
                    if used:
                        yield number, self._odd_bytes(number, raw, used)
                    yield number, line
            progress(min(done, self.size), self.size, self.name)

    def _decoded(self, raw: bytes, encoding: str) -> tuple[str, str]:
        """Decode one line of a file that mixes encodings; the second value names the encoding if not the main one."""
        if raw.isascii():
            return raw.decode("ascii"), ""
        order = (encoding, self.fallback, "cp1252")
        if (encoding in _DOUBLE_BYTE or self.fallback in _DOUBLE_BYTE) and _western(raw):
            order = ("utf-8", "cp1252", self.fallback) if encoding == "utf-8" else ("cp1252", encoding, self.fallback)
        if self.fallback == "utf-8" and _is_utf8(raw):
            order = ("utf-8", encoding, "cp1252")
        for candidate in dict.fromkeys(order):
            try:
                return raw.decode(candidate), "" if candidate == encoding else candidate
            except UnicodeDecodeError:
                continue
        return raw.decode("latin-1"), "latin-1"

    def _odd_bytes(self, number: int, raw: bytes, used: str) -> Problem:
        odd = re.search(rb"[\x80-\xff]{1,8}", raw)
        shown = odd.group().hex(" ") if odd else ""
        return Problem(
            number,
            "encoding-line",
            f"The bytes {shown} are not {self.encoding}, as the rest of the file is; the line was read as {used}.",
            "Check the accents of this entry; if they are wrong, export the file again as UTF-8.",
        )

    def _wide_lines(self, progress: Progress) -> Iterator[tuple[int, str | Problem]]:
        """Yield the lines of UTF-16 and UTF-32, where line ends cannot be found among the bytes."""
        with self.open() as stream:
            reader = io.TextIOWrapper(stream, encoding=self.encoding, errors="replace", newline=None)
            for number, line in enumerate(reader, start=1):
                if "\ufffd" in line:
                    text = f"Some bytes are not {self.encoding}; they were replaced by the sign \ufffd."
                    yield number, Problem(number, "encoding-line", text, "Export the file again as UTF-8.")
                yield number, line.removesuffix("\n")
                if number % 4096 == 0:
                    progress(min(stream.tell(), self.size), self.size, self.name)
        progress(self.size, self.size, self.name)


def examine(name: str, opener: Callable[[], BinaryIO]) -> Content:
    """Hash the bytes, tell text from everything else, and find the encoding.

    Raises
    ------
    Unreadable
        Nothing in it, or not text.
    """
    digest = hashlib.sha256()
    size = controls = nuls = 0
    first = last = b""
    blank = True
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")("strict")
    ascii_only = True
    with opener() as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            size += len(block)
            first += block[: _SAMPLE - len(first)]
            blank = blank and not block.strip()
            last = (last + block[-4:])[-4:]
            nuls += block.count(0)
            controls += len(block) - len(block.translate(None, _CONTROLS))
            ascii_only = ascii_only and block.isascii()
            utf8 = _still(utf8, block)
    if utf8 is not None:
        utf8 = _still(utf8, b"", final=True)
    if blank:
        what = "is empty" if not size else "holds nothing but blank space"
        raise Unreadable(f"{name} {what}.", hint="Export it again, and look whether the search found anything.")
    _refuse_signatures(name, first)
    encoding, fallback = _marked(first), ""
    if not encoding:
        encoding = _unmarked_wide(first)
    if not encoding:
        if controls > size * _CONTROL_LIMIT:
            raise Unreadable(
                f"{name} is a binary file, not text: {controls} of its {size} bytes are control characters.",
                hint="Choose the export file of the database (RIS or nbib), or save the page as text.",
            )
        encoding = "ascii" if ascii_only else "utf-8"
    if utf8 is None and not encoding.startswith(("utf-16", "utf-32")):
        encoding, fallback = _other(opener, first, marked=encoding == "utf-8-sig")
    return Content(
        name=name, sha256=digest.hexdigest(), size=size, encoding=encoding, fallback=fallback, nuls=nuls,
        ended=last.rstrip(b"\x00\x1a").endswith((b"\n", b"\r")), open=opener,
    )  # fmt: skip


def weigh(name: str, opener: Callable[[], BinaryIO], kind: str) -> Content:
    """Hash a workbook or a Parquet table, which are no text; their readers unpack them."""
    digest = hashlib.sha256()
    size = 0
    with opener() as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            size += len(block)
    return Content(
        name=name, sha256=digest.hexdigest(), size=size, encoding=kind, fallback="", nuls=0, ended=True, open=opener
    )


def _still(
    decoder: codecs.IncrementalDecoder | None, block: bytes, *, final: bool = False
) -> codecs.IncrementalDecoder | None:
    """Return the decoder while all bytes so far are UTF-8, else None."""
    if decoder is None:
        return None
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return None
    return decoder


def _refuse_signatures(name: str, first: bytes) -> None:
    start = first.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    for signature, what, advice in _SIGNATURES:
        if start.startswith(signature) or first.startswith(signature):
            raise Unreadable(f"{name} is {what}, not an export of references.", hint=advice)


def _marked(first: bytes) -> str:
    return next((encoding for mark, encoding in _BOMS if first.startswith(mark)), "")


def _unmarked_wide(first: bytes) -> str:
    """Recognise UTF-16 without a mark: every second byte of western text is zero."""
    sample = first[:4096]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2].count(0) / len(sample[0::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    if even > 0.3 and odd < 0.05:
        return "utf-16-be"
    return ""


def _other(opener: Callable[[], BinaryIO], first: bytes, *, marked: bool) -> tuple[str, str]:
    """Return (main encoding, fallback) of a file that is not UTF-8 throughout.

    Lines are counted apart: those beyond ASCII that are UTF-8 and those that are not. With both, UTF-8 is the main
    encoding and the guess for the rest its fallback; a line in a Chinese encoding is UTF-8 by accident at most once
    in thousands, and then is short.
    """
    good = bad = 0
    sample: list[bytes] = []
    sampled = 0
    for block in _blocks(opener):
        for raw in _byte_ends(block).split(b"\n"):
            if raw.isascii():
                continue
            try:
                raw.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
                if sampled < _SAMPLE:
                    sample.append(raw[:_SAMPLE])
                    sampled += len(sample[-1])
    guess = _guess(b"\n".join(sample), first)
    if marked or good > bad / 20:
        return "utf-8-sig" if marked else "utf-8", guess
    return guess, "utf-8" if good else "cp1252" if guess != "cp1252" else "latin-1"


def _guess(sample: bytes, first: bytes) -> str:
    """Guess the encoding of lines that are not UTF-8."""
    declared = _CHARSET.search(first[:4096])
    if declared:
        name = declared.group(1).decode("ascii").lower()
        name = _ALIASES.get(name, name)
        if _EIGHT_BIT.match(name) and _decodes(sample, name):
            return name
    high = sum(map(len, _HIGH_RUN.findall(sample)))
    paired = sum(map(len, re.findall(rb"(?:[\xa1-\xf7][\xa1-\xfe]){2,}", sample)))
    if paired > 0.6 * high:
        # Two bytes to a character. The commonest Chinese characters lie in rows B0 to D7 of GB 2312.
        common = 2 * len(re.findall(rb"[\xb0-\xd7][\xa1-\xfe]", sample))
        rest = b"\n".join(line for line in sample.split(b"\n") if not _western(line))
        if common > 0.6 * high and _decodes(rest, "gb18030"):
            return "gb18030"
    if _decodes(sample, "big5"):
        # Rows A4 to C6 of Big5 hold the commonest characters; the second byte may be ASCII.
        common = len(re.findall(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]", sample))
        if common > 0.6 * sum(not sign.isascii() for sign in sample.decode("big5", "ignore")):
            return "big5"
    if paired > 0.6 * high:
        best = from_bytes(sample, cp_isolation=["gb18030", "big5", "euc_jp", "euc_kr", "shift_jis", "cp1251"]).best()
        if best is not None:
            return str(best.encoding)
    western = {name: len(_LETTERS.findall(sample.decode(name, "replace"))) for name in ("cp1252", "mac_roman")}
    if western["mac_roman"] > 2 * western["cp1252"]:
        return "mac_roman"
    if western["cp1252"] * 4 < high and not paired:
        best = from_bytes(sample, cp_isolation=["cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254"]).best()
        if best is not None:
            return str(best.encoding)
    return "cp1252" if _decodes(sample, "cp1252") else "latin-1"


def _western(raw: bytes) -> bool:
    """Tell whether a line is western text: at least half of its runs of high bytes are one letter inside a word.

    Such a byte and the letter after it are a valid pair in Chinese encodings, but there high bytes come in runs.
    """
    inner = len(_INNER.findall(raw))
    return inner > 0 and 2 * inner >= len(_HIGH_RUN.findall(raw))


def _is_utf8(raw: bytes) -> bool:
    """Tell whether a line of a file in another encoding is UTF-8, and not by chance."""
    high = len(raw) - len(raw.translate(None, _HIGH))
    east_asian, other = _UTF8_BY_CHANCE
    if high < east_asian:
        return False
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return high >= other or max(text) >= "\u2e80"


def _decodes(sample: bytes, encoding: str) -> bool:
    """Tell whether at least 95 of 100 lines are valid in the encoding."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    lines = sample.split(b"\n")
    failed = 0
    for line in lines:
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            failed += 1
    return failed * 20 <= len(lines)


def _with_nuls(lines: Iterator[tuple[int, str | Problem]]) -> Iterator[tuple[int, str | Problem]]:
    """Pass lines on, and at the end say how many NUL characters they held: the readers drop all controls."""
    count = first = 0
    for number, item in lines:
        if isinstance(item, str) and "\x00" in item:
            count += item.count("\x00")
            first = first or number
        yield number, item
    if count:
        text = f"The file holds {count} NUL characters (bytes of zero), the first in line {first}; they were left out."
        yield first, Problem(first, "nul-characters", text, "The file may be damaged: export it again.")


def _is_blank(line: str) -> bool:
    """Tell whether a decoded line holds nothing but white space, that of Unicode too, and signs that show nothing."""
    return not line or line.isspace() or not line.strip().strip(_BLANK_SIGNS).strip()


def _blocks(opener: Callable[[], BinaryIO], *, skip: int = 0) -> Iterator[bytes]:
    """Yield blocks of whole lines, each ending with a line end; the last one gets one if it had none."""
    parts: list[bytes] = []  # the beginning of a line whose end has not been met: a list, for lines of many megabytes
    with opener() as stream:
        stream.read(skip)
        while block := stream.read(BLOCK):
            cut = block.rfind(b"\n") + 1
            if not cut:
                # A file with CR alone. A CR at the very end may be half of CR LF: leave it to the next block.
                cut = block.rfind(b"\r", 0, -1) + 1
            if cut:
                parts.append(block[:cut])
                yield b"".join(parts)
                parts = [block[cut:]] if cut < len(block) else []
            else:
                parts.append(block)
    rest = b"".join(parts)
    if rest:
        yield rest if rest.endswith((b"\n", b"\r")) else rest + b"\n"


def _ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _byte_ends(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data

"""The doors of the stage: from a path or bytes to records and problems, and back to a file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stromata.errors import InvalidInput, NotFound, Unreadable
from stromata.formats.account import Account, Ledger
from stromata.formats.archives import Part, packed_kind, unpack
from stromata.formats.catalogue import FORMATS, Format, recognise
from stromata.formats.content import NO_LINE_END, Content, Passage, examine, weigh
from stromata.model import Problem, Record
from stromata.progress import Progress, silent

_SHOWN = 50
"""Problems of one kind that are told one by one, where each says the same of another line."""

_MOST = 10_000
"""Problems of any kind that are told one by one: more of them than any file has that was not made to have them."""

_REASON = 300
"""Characters of a problem that the refusal of a file repeats."""

_ASIDE = frozenset(("encoding-line", "nul-characters"))
"""Problems that do not explain why a file holds no record."""

_COUNTED = frozenset(("encoding-line", "ris-missing-er"))


@dataclass(frozen=True, slots=True)
class Reading:
    """A file about to be read: what it is, known before the first record.

    Iterating goes through the file, in memory that does not grow with it (CSL-JSON and pages are held whole), and
    yields records and problems in the order of the file. It can be done again.

    Attributes
    ----------
    format : name of the format, such as ``ris``.
    encoding : as named by Python's codecs, such as ``utf-8``.
    sha256 : of the bytes as they came.
    size : bytes.
    """

    format: str
    encoding: str
    sha256: str
    size: int
    content: Content
    form: Format
    progress: Progress

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield the records and problems of the file; raise `Unreadable` at the end when there was no record."""
        return self.noted(Ledger())

    def noted(self, ledger: Ledger) -> Iterator[Record | Problem]:
        """Yield the same, and note everything in a ledger, from which `account` tells afterwards where it all went."""
        if self.form.read is None:
            raise Unreadable(f"{self.content.name}: {self.format} is not read.")
        seen: Counter[str] = Counter()
        last: dict[str, Problem] = {}
        reason: Problem | None = None  # the first problem that could explain why there is no record
        records = 0
        for item in self.form.read(self.content, progress=self.progress):
            if isinstance(item, Record):
                records += 1
            elif isinstance(item, Passage):
                ledger.note(item)
                continue
            elif item.code == NO_LINE_END:
                continue
            else:
                if reason is None and item.code not in _ASIDE:
                    reason = item
                seen[item.code] += 1
                last[item.code] = item
                if seen[item.code] > _told(item.code):
                    continue
            ledger.note(item)
            yield item
        for code, count in seen.items():
            if count > _told(code):
                text = f"The same holds for {count - _told(code):,} more places, the last in line {last[code].line}."
                more = Problem(last[code].line, code, text, last[code].hint)
                ledger.note(more)
                yield more
        if not records:
            raise _nothing(self.content.name, self.format, reason)

    def account(self, ledger: Ledger) -> Account:
        """Return where every byte of the file went, by a ledger that `noted` has filled."""
        return ledger.account(self.content, self.format)


def _told(code: str) -> int:
    """Return how many problems of a kind are told one by one."""
    return _SHOWN if code in _COUNTED else _MOST


def _nothing(name: str, form: str, reason: Problem | None) -> Unreadable:
    text = f"{name} looks like {form} but holds no record that can be read"
    hint = "Export it again, and look whether the search found anything."
    if reason is None:
        return Unreadable(f"{text}.", hint=hint)
    said = reason.text if len(reason.text) <= _REASON else f"{reason.text[:_REASON]} ..."
    return Unreadable(f"{text}: {said}", hint=reason.hint or hint)


def parts(source: str | Path | bytes, *, name: str = "input") -> tuple[Part, ...]:
    """Return the files that a path or bytes stand for: the file itself, or those in a ZIP or gzip archive.

    Parameters
    ----------
    source : a path, or bytes that are at hand, such as standard input.
    name : what to call bytes in messages.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        A folder, a file that cannot be opened, or an archive that is damaged, encrypted, empty or a trap.
    """
    if isinstance(source, bytes):
        return unpack(name, lambda: io.BytesIO(source))
    path = Path(source)
    if not path.exists():
        if path.is_symlink():
            raise NotFound(f"{path} is a link that leads to no file", hint="Give the file that it should lead to.")
        raise NotFound(f"there is no file {path}", hint="Look at the spelling and at the folder you are in.")
    if path.is_dir():
        raise Unreadable(f"{path} is a folder.", hint="Give the files in it one by one.")
    try:
        return unpack(path.name, lambda: path.open("rb"))
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened: {error.strerror}.", hint="Look at its permissions.") from error


def scan(source: str | Path | Part, *, progress: Progress = silent) -> Reading:
    """Look at a file and return its `Reading`; nothing of it is kept in memory.

    Parameters
    ----------
    source : file of any size, or a part of an archive (see `parts`); its name plays no part. The path of an archive
        will do when it holds one file.
    progress : called with bytes read and the size while the reading is iterated.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It is empty, not text, not to be opened, or of no format that is read. The message says which and what to do.
        Iterating the reading raises it too, at the end, when no record came out.
    """
    part = source if isinstance(source, Part) else _only(parts(source), str(source))
    try:
        kind = packed_kind(part.open)
        content = weigh(part.name, part.open, kind) if kind else examine(part.name, part.open)
        return _reading(content, progress)
    except OSError as error:
        raise Unreadable(f"{part.name} cannot be opened: {error.strerror}.", hint="Look at its permissions.") from error


def _only(found: tuple[Part, ...], name: str) -> Part:
    if len(found) > 1:
        names = ", ".join(part.name for part in found[:5])
        raise Unreadable(f"{name} holds {len(found)} files: {names}.", hint="Take them one by one: `parts` lists them.")
    return found[0]


def scan_bytes(data: bytes, *, name: str = "input", progress: Progress = silent) -> Reading:
    """Do as `scan` for bytes that are at hand, such as standard input; `name` is used in messages."""
    return scan(_only(parts(data, name=name), name), progress=progress)


def _reading(content: Content, progress: Progress) -> Reading:
    if content.is_packed:
        form = next(form for form in FORMATS if form.name == content.encoding)
    else:
        form = recognise(content.name, content.head())
    return Reading(
        format=form.name,
        encoding=content.encoding,
        sha256=content.sha256,
        size=content.size,
        content=content,
        form=form,
        progress=progress,
    )


def read(path: str | Path, *, progress: Progress = silent) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Read a whole file and return its records and what was odd in it. Parameters and errors as for `scan`.

    Examples
    --------
    >>> records, problems = read("search.ris")  # doctest: +SKIP
    """
    return _sorted_out(scan(path, progress=progress))


def read_bytes(data: bytes, *, name: str = "input") -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """Do as `read` for bytes that are at hand; `name` is used in messages."""
    return _sorted_out(scan_bytes(data, name=name))


def _sorted_out(reading: Reading) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    records: list[Record] = []
    problems: list[Problem] = []
    for item in reading:
        if isinstance(item, Record):
            records.append(item)
        else:
            problems.append(item)
    return tuple(records), tuple(problems)


def write(records: Iterable[Record], format: str, stream: BinaryIO) -> None:  # noqa: A002 - the word of the domain
    """Write records to a stream of bytes, one after the other; text is written as UTF-8.

    Parameters
    ----------
    format : a name of `FORMATS` that is written, such as ``ris``.

    Raises
    ------
    InvalidInput
        No format of that name is written; the message lists those that are.
    """
    known = {form.name: form for form in FORMATS if form.write or form.write_binary}
    if format not in known:
        reason = "is only read" if any(form.name == format for form in FORMATS) else "is unknown"
        raise InvalidInput(f"format {format!r} {reason}; written are {', '.join(sorted(known))}")
    form = known[format]
    if form.write_binary is not None:
        form.write_binary(records, stream)
    elif form.write is not None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
        try:
            form.write(records, text)
            text.flush()
        finally:
            text.detach()

"""JSON as services answer it: one record, a list of them, pages of results, or one record to a line.

A document is walked from the outside in: what holds records (``results``, ``studies``, ``message.items`` ...) is
opened, everything else on the way is its frame, and each record is decoded by itself. So each knows its lines, a broken
one does not take the others with it, and a document that is cut off gives what is whole. Of the text, no more is held
than the record at hand and what was read with it.
"""

from __future__ import annotations

import codecs
import io
import json
import math
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from json.decoder import scanstring  # type: ignore[attr-defined]  # it has no stub
from typing import Any

from stromata.formats.content import Content, Passage
from stromata.formats.rows import SHOWN, Tally
from stromata.formats.text import clean, unique
from stromata.model import Problem, Record
from stromata.progress import Progress

Value = Any  # Any: JSON from elsewhere, looked at key by key

HOLDERS = frozenset(
    (
        "results", "studies", "data", "items", "message", "result", "resultList", "works", "papers", "publications",
        "records", "hits", "docs", "references", "response", "recommendedPapers", "articles", "entries", "collection",
    )
)  # fmt: skip
"""Keys under which services put lists of records."""

TITLES = frozenset(("title", "display_name", "protocolSection", "briefTitle", "paperId", "uid", "Title"))
"""Keys that only a record has: what holds one is no frame."""

LONGEST = 1 << 25
"""Characters of the longest record that is read; the largest registry entry with results has about ten million."""

_MOST_COMMAS = 1_000_000
"""Commas in what is read of a record of many megabytes: each value costs some hundred bytes of memory."""

_BLOCK = 1 << 20
"""Characters taken in at a time."""

_LONGEST_NUMBER = 400
"""Digits of a whole number that is taken as one; a longer one stays a text."""

_LONGEST_TOKEN = 512
"""Characters before the end of what is at hand where a number or word may have been cut in two."""

_LONGEST_KEY = 50_000
"""Characters of a name for whose end more text is read."""

_DEEPEST = 8
"""Frames that may lie in one another."""

_LONGEST_LEAD = 64
"""Signs of blank space before a record on its line that are compared with those of the next."""

_MOST_BROKEN = 500
"""Broken records after which the rest is given up: each costs a look through the text before it."""

_SHOWN = 300
"""Characters of a stretch that is no record that are shown."""

_ADVICE = "Export the file again, or mend its JSON there."
_TOO_DEEP = "lists and objects are nested too deeply in it"
_NAMED = 200
"""Repeated keys of a record that are named."""

_NUL = "\\u0000"
_LENIENT = False
"""How strictly texts are read: line ends inside a value are no JSON, but harmless."""

_SPACE = re.compile(r"[ \t\n\r\ufeff\x1e]*+")
_NEXT = re.compile(r"\n[ \t]*+\{|\}\s*+,\s*+(?=\{)")
_NOTHING = re.compile(r"(?:\{\s*+\}[\s,]*+)++")
_NO_RECORDS = re.compile(rf'(?:\{{\s*+"(?:{"|".join(sorted(HOLDERS))})"\s*+:\s*+\[\s*+\]\s*+\}}[\s,]*+)++')
"""Answers of services in a row that hold no record."""
_NO_LISTS = re.compile(r"(?:\[\s*+\][\s,]*+)++")
_FLAT = re.compile(r'\{(?:[^{}\[\]"]++|"(?:[^"\\]|\\.)*+")*+\}', re.DOTALL)
"""An object that holds no other and no list."""
_NEVER = re.compile(r"(?!)")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """One record: its place in the text, and what was odd inside it.

    Attributes
    ----------
    line, end_line : 1-based first and last line.
    value : the object.
    no_values : ``NaN`` and ``Infinity`` met in it, taken as missing.
    repeated : keys that stood twice in one object, with the value that the later one replaced.
    """

    line: int
    end_line: int
    value: dict[str, Value]
    no_values: tuple[str, ...] = ()
    repeated: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """Lines that are no JSON, or no record, why, how they begin, and whether the document ends there."""

    line: int
    end_line: int
    why: str
    begins: str = ""
    cut: bool = False


Found = Item | Broken
Steps = Generator[Found, None, int]
"""Yields what is found, and returns the place behind it."""


class _Cut(Exception):  # noqa: N818 - no error of users: it ends the walk
    """The rest of the text cannot be walked."""


@dataclass(slots=True)
class Walk:
    """Goes through a text that comes in pieces. Places are those in `text`; what drops its beginning gives the new one.

    Attributes
    ----------
    frame : what stands around the records, such as counts.
    text : the part that is at hand.
    nuls : number of NUL characters that are written by their code, and the line of the first.
    """

    pieces: Iterator[str]
    frame: dict[str, Value] = field(default_factory=dict)
    text: str = ""
    nuls: tuple[int, int] = (0, 0)
    _line: int = 1  # of the character `_counted`
    _counted: int = 0
    _dropped: int = 0  # characters before `text`
    _column: int = 0  # of them, those of the line with which `text` begins
    _lead: str = ""  # and the first of these
    _ended: bool = False
    _odd: list[str] = field(default_factory=list)
    _repeated: list[tuple[str, Value]] = field(default_factory=list)
    _decoder: json.JSONDecoder = field(init=False)
    _met: int = 0
    _spent: int = 0
    _failed: int = 0

    def __post_init__(self) -> None:
        self._decoder = json.JSONDecoder(
            parse_int=_whole, parse_float=_decimal, parse_constant=self._odd.append, strict=False,
            object_pairs_hook=self._object,
        )  # fmt: skip

    @property
    def lines(self) -> int:
        """Lines of the whole text, once the walk has ended."""
        return self._line_of(len(self.text)) - self.text.endswith("\n")

    def items(self) -> Iterator[Found]:
        """Yield each record and each broken stretch, in order."""
        at = self._skip(0)
        try:
            while (at := self._ready(at)) < len(self.text):
                sign = self.text[at]
                if sign in "{[":
                    at = yield from self._value(at, 0)
                elif sign == ",":
                    at += 1
                else:
                    at = yield from self._aside(at, "this is no JSON", self._resync)
        except _Cut:
            while self._more(len(self.text)):
                self._drop(len(self.text))

    # The text at hand.

    def _more(self, at: int) -> bool:
        """Take in as much text again as there is behind a place; False at the end of the text."""
        wanted = max(_BLOCK, len(self.text) - at)
        parts, got = [self.text], 0
        while got < wanted and not self._ended:
            piece = next(self.pieces, None)
            if piece is None:
                self._ended = True
            else:
                parts.append(piece)
                got += len(piece)
        if got:
            before = max(0, len(self.text) - len(_NUL) + 1)
            self.text = "".join(parts)
            if nuls := self.text.count(_NUL, before):
                first = self._line + self.text.count("\n", self._counted, self.text.find(_NUL, before))
                self.nuls = (self.nuls[0] + nuls, self.nuls[1] or first)
            self._met += got
        return got > 0

    def _ready(self, at: int) -> int:
        """Go past blank space, let go of what lies before it where that is much, and return the place.

        Behind it stands as much text as any name or number needs, if there is so much.
        """
        while True:
            at = self._blank(at)
            if at > _BLOCK or at + _LONGEST_TOKEN > len(self.text):
                self._drop(at)
                at = 0
                if len(self.text) < _LONGEST_TOKEN and self._more(0):
                    continue
            return at

    def _drop(self, at: int) -> None:
        self._line_of(at)
        begins = self.text.rfind("\n", 0, at) + 1
        self._lead = (self._lead * (not begins) + self.text[begins : min(at, begins + _LONGEST_LEAD)])[:_LONGEST_LEAD]
        self._column = at - begins + self._column * (not begins)
        self._dropped += at
        self.text = self.text[at:]
        self._counted = 0

    def _line_of(self, at: int) -> int:
        """Return the line of a character; places are asked for in order."""
        if at > self._counted:
            self._line += self.text.count("\n", self._counted, at)
            self._counted = at
        return self._line

    def _blank(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _skip(self, at: int) -> int:
        """Go past blank space, and let go of nothing."""
        while (at := self._blank(at)) == len(self.text) and self._more(0):
            pass
        return at

    def _broken(self, at: int, end: int, why: str, *, cut: bool = False) -> Broken:
        line = self._line_of(at)
        begins = clean(self.text[at : min(end, at + _SHOWN)])
        return Broken(line, self._line_of(max(at, end - 1)), why, begins, cut)

    def _aside(self, at: int, why: str, past: Callable[[int], int]) -> Steps:
        """Tell of a stretch that may be longer than what is at hand; `past` goes from its place to the one behind."""
        line, begins, start = self._line_of(at), self.text[at : at + _SHOWN], self._dropped + at
        at = past(at)
        size = self._dropped + at - start
        last = self._line_of(at) - bool(self._beginning(at))  # the next record's own line is none of it
        yield Broken(line, max(line, last), why, clean(begins[:size]))
        return at

    # What holds records.

    def _value(self, at: int, depth: int) -> Steps:
        """Walk a list or an object, and return where it ends."""
        if self.text[at] == "[":
            if empty := _NO_LISTS.match(self.text, at):
                return empty.end()
            return (yield from self._list(at, depth))
        if frames := _NO_RECORDS.match(self.text, at):
            return frames.end()
        if empty := _NOTHING.match(self.text, at):
            yield self._broken(at, empty.end(), "it holds nothing")
            return empty.end()
        if depth < _DEEPEST and self._holds_records(at):
            return (yield from self._members(at, depth))
        return (yield from self._record(at))

    def _holds_records(self, at: int) -> bool:
        """Tell whether an object is a frame: a key that holds records comes before any that only a record has."""
        if _FLAT.match(self.text, at):
            return False
        place, seen = self._skip(at + 1), 0
        while seen < 40 and self.text[place : place + 1] == '"':
            key, after, why = self._key(place)
            if why:
                return False
            if key in HOLDERS and self.text[after : after + 1] in {"[", "{"}:
                return True
            if key in TITLES:
                return False
            try:
                end = self._decoded(after)[1]
            except (json.JSONDecodeError, RecursionError):
                return False
            finally:
                self._forget()
            end = self._skip(end)
            if self.text[end : end + 1] != ",":
                return False
            place, seen = self._skip(end + 1), seen + 1
        return False

    def _members(self, at: int, depth: int, *, numbered: bool = False) -> Steps:
        """Walk an object that holds records: under the keys of `HOLDERS`, or, as PubMed's summaries, under numbers."""
        at += 1
        while (at := self._ready(at)) < len(self.text):
            if self.text[at] == "}":
                return at + 1
            if self.text[at] == ",":
                at += 1
                continue
            key, at, why = self._key(at)
            if why:
                yield self._broken(at, len(self.text), why, cut=True)
                raise _Cut
            opening = self.text[at : at + 1]
            if numbered and opening == "{":
                at = yield from self._record(at)
            elif key in HOLDERS and opening and opening in "[{" and not numbered:
                summaries = opening == "{" and key == "result" and '"uids"' in self.text[at : at + 200]
                at = yield from (
                    self._members(at, depth + 1, numbered=True) if summaries else self._value(at, depth + 1)
                )
            else:
                at = yield from self._member(key, at)
        yield self._broken(at, at, "the document has no end: it may have been cut off here", cut=True)
        raise _Cut

    def _key(self, at: int) -> tuple[str, int, str]:
        """Read ``"key":``; the third value tells why there is none."""
        if self.text[at] != '"':
            return "", at, "a name in quotation marks should stand here"
        try:
            key, end = scanstring(self.text, at + 1, _LENIENT)
        except json.JSONDecodeError:
            if len(self.text) - at < _LONGEST_KEY and self._more(at):
                return self._key(at)
            return "", at, "the document ends within a text: it was cut off here"
        end = self._skip(end)
        if self.text[end : end + 1] != ":":
            return "", at, "the document ends or breaks off after a name"
        return key, self._skip(end + 1), ""

    def _member(self, key: str, at: int) -> Steps:
        """Take a member of a frame that holds no records."""
        try:
            value, end = self._decoded(at)
        except (json.JSONDecodeError, RecursionError) as error:
            yield self._broken(at, len(self.text), f"'{key[:60]}' cannot be read ({self._reason(error)})", cut=True)
            raise _Cut from error
        finally:
            self._forget()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and len(self.frame) < _MOST_BROKEN:
            self.frame.setdefault(key, value)
        return end

    def _list(self, at: int, depth: int) -> Steps:
        at += 1
        while (at := self._ready(at)) < len(self.text):
            sign = self.text[at]
            if sign == "]":
                return at + 1
            if sign == ",":
                at += 1
            elif sign == "{":
                # A page of results may be an item of a list of pages.
                at = yield from self._value(at, depth + 1 if depth == 0 else _DEEPEST)
            else:
                at = yield from self._aside(at, "records should stand here", self._no_records)
        yield self._broken(at, at, "the list has no end: the file may have been cut off here", cut=True)
        raise _Cut

    def _no_records(self, at: int) -> int:
        """Return where the next record, or the end of the list, stands."""
        while (at := self._ready(at)) < len(self.text) and self.text[at] not in "{]":
            at = at + 1 if self.text[at] == "," else self._plain(at)
        return at

    def _plain(self, at: int) -> int:
        """Return the end of a value that is no record."""
        try:
            return max(at + 1, self._decoded(at)[1])
        except (json.JSONDecodeError, RecursionError):
            return self._resync(at)
        finally:
            self._forget()

    # Records.

    def _record(self, at: int) -> Steps:
        self._forget()
        try:
            value, end = self._decoded(at)
        except (json.JSONDecodeError, RecursionError) as error:
            return (yield from self._no_record(at, error))
        line = self._line_of(at)
        yield Item(line, self._line_of(end - 1), value, tuple(self._odd), tuple(self._repeated))
        return end

    def _no_record(self, at: int, error: Exception) -> Steps:
        """Tell what is wrong with a record, and return where the next may begin."""
        self._failed += 1
        if self._failed > _MOST_BROKEN:
            why = f"{_MOST_BROKEN} records before it were broken: the rest was not read"
            yield self._broken(at, len(self.text), why, cut=True)
            raise _Cut from error
        why = self._reason(error)
        if self._is_too_long(at):
            return (yield from self._aside(at, "it is larger than any record is", self._next_line))
        end, closed = self._end_of_broken(at)
        if end < 0:
            return (yield from self._aside(at, why, self._next_line))
        cut = self._ended and end == len(self.text) and not closed
        yield self._broken(at, end, why, cut=cut)
        if cut:
            raise _Cut from error
        return end

    def _decoded(self, at: int) -> tuple[Value, int]:
        """Decode the value at a place, taking in more text while it ends too early.

        Raises
        ------
        json.JSONDecodeError
            It is broken, cut off by the end of the text, or too long.
        """
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text, at)
            except json.JSONDecodeError as error:
                unclosed = error.msg.startswith("Unterminated")
                if not (unclosed or error.pos > len(self.text) - 16) or self._is_too_long(at) or not self._more(at):
                    raise
                self._forget()
            else:
                if end + _LONGEST_TOKEN < len(self.text) or self.text[end - 1] in '}]"' or not self._more(at):
                    return value, end
                self._forget()  # a number may go on

    def _is_too_long(self, at: int) -> bool:
        size = len(self.text) - at
        return size > LONGEST or (size > LONGEST // 16 and self.text.count(",", at) > _MOST_COMMAS)

    def _end_of_broken(self, at: int) -> tuple[int, bool]:
        """Return where a broken record ends, and whether by its closing brace or before a line that begins as its own.

        What lies within it is never taken for a record: authors and cited works look like some. The place is -1 where
        to look for the end would take too long.
        """
        needle = self._beginning(at)
        while True:
            following = self.text.find(needle, at + 1) if needle else -1
            last = following + 1 if following >= 0 else len(self.text)
            if self._spent > self._met + _BLOCK:
                return following + 1 if following >= 0 else -1, False
            end = self._closed(at, last)
            self._spent += (end if end >= 0 else last) - at
            if end >= 0:
                return end, True
            if following >= 0 or not self._more(at):
                return last, False

    def _beginning(self, at: int) -> str:
        """Return how another line begins on which a record stands as the one at a place; nothing if it has no own."""
        begins = self.text.rfind("\n", 0, at) + 1
        lead = self._lead * (not begins) + self.text[begins : min(at, begins + _LONGEST_LEAD)]
        return f"\n{lead}{{" if (not lead or lead.isspace()) and len(lead) < _LONGEST_LEAD else ""

    def _next_line(self, at: int) -> int:
        """Return where the next line begins on which a record stands as the one at a place."""
        needle = self._beginning(at)
        return self._found(at + 1, re.compile(re.escape(needle))) if needle else self._found(at, _NEVER)

    def _closed(self, at: int, last: int) -> int:
        """Return the place behind the brace that closes the object at a place; -1 where there is none."""
        depth = 0
        for token in _BRACKET.finditer(self.text, at, last):
            sign = token.group()
            if sign in "{[":
                depth += 1
            elif sign in "}]":
                depth -= 1
                if depth <= 0:
                    return token.end()
        return -1

    def _resync(self, at: int) -> int:
        """Return where a record may begin, after something at `at` that is no JSON."""
        return self._found(at + 1, _NEXT)

    def _found(self, at: int, pattern: re.Pattern[str]) -> int:
        """Return the end of what is searched for, before its brace; the end of the text if it does not come."""
        while (found := pattern.search(self.text, at)) is None:
            at = max(at, len(self.text) - _LONGEST_TOKEN)
            self._drop(at)
            at = 0
            if not self._more(0):
                return len(self.text)
        return found.end() - (self.text[found.end() - 1] == "{")

    def _forget(self) -> None:
        self._odd.clear()
        self._repeated.clear()

    def _object(self, pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: dict[str, Value] = {}
            for key, value in pairs:
                if key in seen:
                    self._repeated.append((key, seen[key]))
                seen[key] = value
        return found

    def _reason(self, error: Exception) -> str:
        if not isinstance(error, json.JSONDecodeError):
            return _TOO_DEEP
        column = error.colno + (self._column if error.lineno == 1 else 0)
        line = self._line + self.text.count("\n", self._counted, error.pos)
        said = f"{error.msg[0].lower()}{error.msg[1:]}"
        return f"its JSON ends or is wrong: {said} in line {line}, column {column}"


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _decimal(digits: str) -> float | str:
    """Read a number; one beyond all bounds (1e999) stays a text."""
    value = float(digits)
    return value if math.isfinite(value) else digits


# Whole files.

Maker = Callable[[Item, int, list[Problem]], Record | None]
"""Makes a record, of that number, of an item; None where it says nothing of a publication. It adds to the problems, and
leaves file and number out of account: both are filled in."""


def read_items(content: Content, make: Maker, *, prefix: str, progress: Progress) -> Iterator[
    Record | Problem | Passage
]:  # fmt: skip
    """Yield a Record for each item that is one, a Passage for what stands around them, a Problem for each odd thing.

    Parameters
    ----------
    prefix : of the codes of problems, such as ``csl``.
    """
    told: list[Problem] = []
    walk = Walk(_pieces(content, told, progress))
    tally = Tally()
    number = covered = 0
    cut = False
    for item in walk.items():
        yield from told
        told.clear()
        if item.line - 1 > covered:
            yield Passage(covered + 1, item.line - 1, "wrapper")
            covered = item.line - 1
        problems: list[Problem] = []
        made: Record | Broken | None = item if isinstance(item, Broken) else _made(item, make, number + 1, problems)
        if isinstance(made, Record):
            number += 1
            yield made
            problems += _oddities(item, prefix) if isinstance(item, Item) else []
        else:
            kind = "empty" if made is None else "cut" if made.cut else "broken"
            cut = cut or kind == "cut"
            told_before = tally.seen.get(f"{prefix}-{kind}", 0) >= SHOWN  # then its line alone is told
            begins = made.begins if made else "" if told_before else _shown(item)
            if item.end_line > covered:
                yield Passage(max(item.line, covered + 1), item.end_line, "stray", begins)
            why = made.why if made else "it says nothing of a publication"
            text = "" if told_before else _said(item, why, begins)
            problems = [Problem(item.line, f"{prefix}-{kind}", text, _ADVICE)]
        covered = max(covered, item.end_line)
        for problem in problems:
            yield from tally.tell(problem)
    yield from told
    if walk.lines > covered:
        said = "; ".join(f"{key}: {value}" for key, value in walk.frame.items())
        yield Passage(covered + 1, walk.lines, "stray" if cut else "wrapper", clean(said)[:_SHOWN])
    yield from tally.rest()
    if walk.nuls[0]:
        count, first = walk.nuls
        text = f"The file holds {count} NUL characters, the first in line {first}; they were left out."
        yield Problem(first, "nul-characters", text, "The file may be damaged: export it again.")


def _made(item: Item, make: Maker, number: int, problems: list[Problem]) -> Record | Broken | None:
    try:
        record = make(item, number, problems)
    except RecursionError:
        return Broken(item.line, item.end_line, _TOO_DEEP)
    if record is not None and item.repeated:
        again = tuple((f"{key} (again)", text) for key, value in item.repeated if (text := _text(value)))
        record = replace(record, extra=(*record.extra, *again))
    return record


def _oddities(item: Item, prefix: str) -> list[Problem]:
    found = []
    where = f"in line {item.line}" if item.line == item.end_line else f"in lines {item.line} to {item.end_line}"
    if item.repeated:
        names = ", ".join(unique(key for key, _ in item.repeated[:_NAMED]))
        said = f"The record {where} has keys twice ({names}); the last value counts, the others are kept."
        found.append(Problem(item.line, f"{prefix}-repeated-key", said, _ADVICE))
    if item.no_values:
        names = ", ".join(unique(item.no_values))
        said = f"The record {where} holds {names} where a value should stand; it was taken as missing."
        found.append(Problem(item.line, f"{prefix}-no-value", said, _ADVICE))
    return found


def _said(item: Found, why: str, begins: str) -> str:
    where = f"line {item.line}" if item.line == item.end_line else f"lines {item.line} to {item.end_line}"
    said = f"What stands in {where} was not read: {why}."
    return f"{said} It begins: {begins}" if begins else said


def _shown(item: Found) -> str:
    """Return how an item begins that says nothing."""
    return clean(_text(item.value)[:_SHOWN]) if isinstance(item, Item) else ""


def _text(value: Value) -> str:
    """Return a value as text; nothing where it is too deep to be written."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def _pieces(content: Content, told: list[Problem], progress: Progress) -> Iterator[str]:
    """Yield the text with LF alone at the end of lines; what is odd about its encoding goes to a list."""
    if content.encoding in {"ascii", "utf-8", "utf-8-sig"} and not content.fallback and not content.nuls:
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(content.encoding)("replace"), translate=True
        )
        done = 0
        with content.open() as stream:
            while block := stream.read(_BLOCK):
                done += len(block)
                yield decoder.decode(block)
                progress(done, content.size, content.name)
        yield decoder.decode(b"", final=True)
        return
    parts: list[str] = []
    size = 0
    for _, item in content.blocks(progress=progress):
        if isinstance(item, Problem):
            told.append(item)
            continue
        parts.append(item)
        size += len(item)
        if size > _BLOCK:
            yield "".join(parts)
            parts, size = [], 0
    yield "".join(parts)

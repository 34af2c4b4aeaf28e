"""JSON as services answer it: one record, a list of them, pages of results, or one record to a line.

A document is walked from the outside in: what holds records (``results``, ``studies``, ``message.items`` ...) is
opened, everything else on the way is its frame, and each record is decoded by itself. So each knows its lines, a broken
one does not take the others with it, and a document that is cut off gives what is whole.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]  # it has no stub
from typing import Any

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

_LONGEST_NUMBER = 400
"""Digits of a whole number that is taken as one; a longer one stays a text."""

_DEEPEST = 8
"""Frames that may lie in one another."""

_MOST_BROKEN = 500
"""Broken records after which the rest is given up: each costs a look through the text before it."""

_LENIENT = False
"""How strictly texts are read: line ends inside a value are no JSON, but harmless."""

_SPACE = re.compile(r"[ \t\n\r\ufeff\x1e]*")
_NEXT = re.compile(r"\n[ \t]*\{|\}\s*,\s*(?=\{)")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """One record: its place in the text, and what was odd inside it.

    Attributes
    ----------
    start, end : characters.
    value : the object.
    no_values : ``NaN`` and ``Infinity`` met in it, taken as missing.
    repeated : keys that stood twice in one object, with the value that the later one replaced.
    """

    start: int
    end: int
    value: dict[str, Value]
    no_values: tuple[str, ...] = ()
    repeated: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch that is no JSON, or no record, and why."""

    start: int
    end: int
    why: str
    cut: bool = False


class _Cut(Exception):  # noqa: N818 - no error of users: it ends the walk
    """The rest of the text cannot be walked."""


@dataclass(slots=True)
class Walk:
    """Goes through a text; `frame` collects what stands around the records, such as counts and tokens."""

    text: str
    frame: dict[str, Value] = field(default_factory=dict)
    _odd: list[str] = field(default_factory=list)
    _repeated: list[tuple[str, Value]] = field(default_factory=list)
    _decoder: json.JSONDecoder = field(init=False)
    _spent: int = 0
    _failed: int = 0

    def __post_init__(self) -> None:
        self._decoder = json.JSONDecoder(
            parse_int=_whole, parse_float=_decimal, parse_constant=self._odd.append, strict=False,
            object_pairs_hook=self._object,
        )  # fmt: skip

    def items(self) -> Generator[Item | Broken, None, None]:
        """Yield each record and each broken stretch, in order."""
        at = self._skip(0)
        try:
            while at < len(self.text):
                sign = self.text[at]
                if sign in "{[":
                    at = yield from self._value(at, 0)
                elif sign == ",":
                    at += 1
                else:
                    end = self._resync(at)
                    yield Broken(at, end, "this is no JSON")
                    at = end
                at = self._skip(at)
        except _Cut:
            return

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _value(self, at: int, depth: int) -> Generator[Item | Broken, None, int]:
        """Walk a list or an object, and return where it ends."""
        if self.text[at] == "[":
            return (yield from self._list(at, depth))
        if depth < _DEEPEST and self._holds_records(at):
            return (yield from self._frame(at, depth))
        return (yield from self._record(at))

    def _holds_records(self, at: int) -> bool:
        """Tell whether an object is a frame: a key that holds records comes before any that only a record has."""
        text, size = self.text, len(self.text)
        at = self._skip(at + 1)
        for _ in range(40):
            if at >= size or text[at] != '"':
                return False
            try:
                key, at = scanstring(text, at + 1, _LENIENT)
            except json.JSONDecodeError:
                return False
            at = self._skip(at)
            if text[at : at + 1] != ":":
                return False
            at = self._skip(at + 1)
            if key in HOLDERS and text[at : at + 1] in {"[", "{"}:
                return True
            if key in TITLES:
                return False
            try:
                _, at = self._decoder.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                return False
            finally:
                self._odd.clear()
                self._repeated.clear()
            at = self._skip(at)
            if text[at : at + 1] != ",":
                return False
            at = self._skip(at + 1)
        return False

    def _frame(self, at: int, depth: int) -> Generator[Item | Broken, None, int]:
        text, size = self.text, len(self.text)
        at = self._skip(at + 1)
        while at < size:
            if text[at] == "}":
                return at + 1
            if text[at] == ",":
                at = self._skip(at + 1)
                continue
            key, at, why = self._key(at)
            if why:
                yield Broken(at, size, why, cut=True)
                raise _Cut
            opening = text[at : at + 1]
            if key in HOLDERS and opening and opening in "[{":
                by_number = opening == "{" and key == "result"
                at = (
                    yield from self._numbered(at, depth + 1)
                    if by_number and '"uids"' in text[at : at + 200]
                    else self._value(at, depth + 1)
                )
            else:
                at = yield from self._member(key, at)
            at = self._skip(at)
        yield Broken(size, size, "the document has no end: it may have been cut off here", cut=True)
        raise _Cut

    def _key(self, at: int) -> tuple[str, int, str]:
        """Read ``"key":``; the third value tells why there is none."""
        if self.text[at] != '"':
            return "", at, "a name in quotation marks should stand here"
        try:
            key, end = scanstring(self.text, at + 1, _LENIENT)
        except json.JSONDecodeError:
            return "", at, "the document ends within a text: it was cut off here"
        end = self._skip(end)
        if self.text[end : end + 1] != ":":
            return "", at, "the document ends or breaks off after a name"
        return key, self._skip(end + 1), ""

    def _member(self, key: str, at: int) -> Generator[Item | Broken, None, int]:
        """Take a member of a frame that holds no records."""
        try:
            value, end = self._decoder.raw_decode(self.text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            yield Broken(at, len(self.text), f"'{key[:60]}' cannot be read ({_reason(error)})", cut=True)
            raise _Cut from error
        finally:
            self._odd.clear()
            self._repeated.clear()
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            self.frame.setdefault(key, value)
        return end

    def _numbered(self, at: int, depth: int) -> Generator[Item | Broken, None, int]:
        """Walk an object whose members are records under their numbers, as PubMed's summaries are."""
        text, size = self.text, len(self.text)
        at = self._skip(at + 1)
        while at < size:
            if text[at] == "}":
                return at + 1
            if text[at] == ",":
                at = self._skip(at + 1)
                continue
            key, at, why = self._key(at)
            if why:
                yield Broken(at, size, why, cut=True)
                raise _Cut
            at = (
                yield from self._record(at) if text[at : at + 1] == "{" and depth <= _DEEPEST else self._member(key, at)
            )
            at = self._skip(at)
        yield Broken(size, size, "the document has no end: it may have been cut off here", cut=True)
        raise _Cut

    def _list(self, at: int, depth: int) -> Generator[Item | Broken, None, int]:
        text, size = self.text, len(self.text)
        at = self._skip(at + 1)
        while at < size:
            sign = text[at]
            if sign == "]":
                return at + 1
            if sign == ",":
                at += 1
            elif sign == "{":
                # A page of results may be an item of a list of pages.
                at = yield from self._value(at, depth + 1) if depth == 0 else self._record(at)
            else:
                begin = at
                while at < size and text[at] not in "{]":
                    at = self._skip(at + 1 if text[at] == "," else self._plain(at))
                yield Broken(begin, at, "records should stand here")
            at = self._skip(at)
        yield Broken(size, size, "the list has no end: the file may have been cut off here", cut=True)
        raise _Cut

    def _plain(self, at: int) -> int:
        """Return the end of what stands where a record should."""
        try:
            return max(at + 1, self._decoder.raw_decode(self.text, at)[1])
        except (json.JSONDecodeError, RecursionError):
            return self._resync(at)
        finally:
            self._odd.clear()
            self._repeated.clear()

    def _record(self, at: int) -> Generator[Item | Broken, None, int]:
        self._odd.clear()
        self._repeated.clear()
        try:
            value, end = self._decoder.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            self._failed += 1
            if self._failed > _MOST_BROKEN:
                yield Broken(
                    at, len(self.text), f"{_MOST_BROKEN} records before it were broken: the rest was not read", cut=True
                )
                raise _Cut from error
            end, closed = self._end_of_broken(at)
            cut = end == len(self.text) and not closed
            yield Broken(at, end, f"its JSON ends or is wrong: {_reason(error)}", cut=cut)
            if cut:
                raise _Cut from error
            return end
        except RecursionError:
            self._failed += 1
            end = self._end_of_broken(at)[0] if self._failed <= _MOST_BROKEN else len(self.text)
            yield Broken(at, end, "lists and objects are nested too deeply in it")
            return end
        yield Item(at, end, value, tuple(self._odd), tuple(self._repeated))
        return end

    def _end_of_broken(self, at: int) -> tuple[int, bool]:
        """Return where a broken record ends, and whether by its closing brace or before a line that begins as its own.

        What lies within it is never taken for a record: authors and cited works look like some.
        """
        text = self.text
        lead = text[text.rfind("\n", 0, at) + 1 : at]
        following = text.find(f"\n{lead}{{", at + 1) if not lead or lead.isspace() else -1
        last = following + 1 if following >= 0 else len(text)
        self._spent += last - at
        if self._spent > 4 * len(text) + (1 << 20):
            return last, False
        depth = 0
        for token in _BRACKET.finditer(text, at, last):
            sign = token.group()
            if sign in "{[":
                depth += 1
            elif sign in "}]":
                depth -= 1
                if depth <= 0:
                    return token.end(), True
        return last, False

    def _resync(self, at: int) -> int:
        """Return where a record may begin, after something at `at` that is no JSON."""
        found = _NEXT.search(self.text, at + 1)
        return found.end() - (1 if self.text[found.end() - 1] == "{" else 0) if found else len(self.text)

    def _object(self, pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: dict[str, Value] = {}
            for key, value in pairs:
                if key in seen:
                    self._repeated.append((key, seen[key]))
                seen[key] = value
        return found


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _decimal(digits: str) -> float | str:
    """Read a number; one beyond all bounds (1e999) stays a text."""
    value = float(digits)
    return value if math.isfinite(value) else digits


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} in line {error.lineno}, column {error.colno}"
    return "it is nested too deeply"

r"""The entries of a BibTeX file: where each begins and ends, its fields in order, macros put in, parents found.

The usual field is one match of one pattern; concatenation, missing commas, open braces and stray text take the slow
way, field by field, and are told as Problems. LaTeX is left as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from stromata.formats.content import Content, Passage
from stromata.formats.tag_lines import told_empty
from stromata.formats.text import clean
from stromata.model import Problem

_OPENER = re.compile(r"[ \t\xa0\ufeff]*@[ \t]*[A-Za-z][\w-]*[ \t]*[{(]")
_ANY_OPENER = re.compile(r"(?<![\w.])@\s*([A-Za-z][\w-]*)\s*([{(])")


def _balanced(plain: str, escapes: str) -> str:
    """Return a pattern of text with braces nested up to four deep; possessive, so that no text makes it slow."""
    pattern = rf"{plain}*+(?:{escapes}{plain}*+)*+" if escapes else f"{plain}*+"
    for _ in range(4):
        inner = rf"\{{{pattern}\}}"
        pattern = rf"{plain}*+(?:(?:{escapes}|{inner}){plain}*+)*+" if escapes else rf"{plain}*+(?:{inner}{plain}*+)*+"
    return pattern


def _field_pattern(*, escapes: bool) -> re.Pattern[str]:
    """Return the pattern of one usual field: name, ``=``, one value, and after it a comma or the entry's end."""
    braced = _balanced(r"[^{}\\]" if escapes else "[^{}]", r"\\." if escapes else "")
    quoted = _balanced(r"[^{}\\]" if escapes else "[^{}]", r"\\." if escapes else "")
    outer = rf"(?:[^\"{{}}\\]|\\.|\{{{quoted}\}})*+" if escapes else rf"(?:[^\"{{}}]|\{{{quoted}\}})*+"
    return re.compile(
        rf"[\s,]*+([A-Za-z][^=,{{}}\"#\n]*+)=\s*+(?:\{{({braced})\}}|\"({outer})\"|([\w.:+/-]++))(?=\s*+[,}})])",
        re.DOTALL,
    )


_FIELD = {True: _field_pattern(escapes=True), False: _field_pattern(escapes=False)}
_BRACES = {True: re.compile(r"\\.|[{}]", re.DOTALL), False: re.compile(r"[{}]")}
_QUOTES = {True: re.compile(r"\\.|[{}\"]", re.DOTALL), False: re.compile(r"[{}\"]")}
_HOLLOW = r"[ \t]*+@(?!comment|preamble|string)[A-Za-z][\w-]*+[ \t]*+\{[ \t]*+[A-Za-z0-9_-]*+[ \t]*+,?[ \t]*+\}[ \t]*+"
_HOLLOWS = re.compile(rf"(?:{_HOLLOW})++", re.IGNORECASE)
"""A line of entries that have no field; the key, if any, is no identifier."""
_MACRO = re.compile(
    r"[ \t]*+@string[ \t]*+\{[ \t]*+([A-Za-z][^=,{}\"#\n]*+)=[ \t]*+(?:\{([^{}\\]*+)\}|\"([^{}\"\\]*+)\")[ \t]*+\}"
    r"[ \t]*+",
    re.IGNORECASE,
)
"""A line that is one usual macro."""
_ANY_MACRO = re.compile(r"[ \t]*+@string[ \t]*+\{[^@]*\}[ \t]*", re.IGNORECASE)
_SPACE = re.compile(r"\s*+")
_JOIN = re.compile(r"\s*+#\s*+")
_GAP = re.compile(r"[\s,]*+")
_NAME = re.compile(r"([A-Za-z][^=,{}\"#\n]{0,60}?)[ \t]{0,99}(?:=\s*|\s(?=[{\"]))")
_BARE = re.compile(r"[^\s,#{}\"()=]+")
_NEXT_FIELD = re.compile(
    r"(?:\n[ \t]*,?[ \t]*|,[ \t]*)(?=[A-Za-z][\w .:-]{0,40}[ \t]*=\s*[{\"\w])|\n[ \t]*(?=[})]\s*$)"
)
_LINE_FIELD = re.compile(r"\n[ \t]*,?[ \t]*(?=[A-Za-z][\w .:-]{0,40}?[ \t]*=[ \t]*(?:[{\"]|\w+[ \t]*,?[ \t]*\n))")
_GOES_ON = re.compile(r"\s*,?\s*[A-Za-z][\w.:-]{0,40}\s*=\s*[{\"]")
_AFTER_QUOTE = re.compile(r"\s*+(?:[,#})]|$|[A-Za-z][\w-]{0,40}[ \t]*=[ \t]*[\"{\d])")
_KEY = re.compile(r"[ \t\n]*+([^,\n{}]*+),?")
_KEY_ALONE = re.compile(r"\s*+([^\s,{}=]++)\s++(?=[A-Za-z][\w-]*\s*=\s*[{\"])")
_NO_KEY = re.compile(r"\s*[A-Za-z][\w-]*\s*=\s*[{\"\w]")

_TRIES = 5
"""Values of one entry whose end is looked for up to the entry's end in vain; from then on they end at the next field.
Without a bound, a million open braces would take a day."""

_LONGEST = 1 << 24
"""Characters after which lines without a new entry are dealt with, though their entry may not be closed."""

_LONGEST_MACRO = 10_000
"""Characters of the text a macro stands for; macros made of macros could stand for more than any memory holds."""

_LONGEST_VALUE = 1 << 24
"""Characters of a value that are read, and with `_MOST_FIELDS` fields of an entry: no publication has so many."""

_MOST_FIELDS = 100_000

_MOST_MACROS = 100_000
"""Macros that are remembered; the largest list of journals that is in use has some thousands."""

_MACRO_TEXT = 1 << 24
"""Characters that all macros together may stand for."""

_RUN = 1 << 18
"""Characters of lines of one kind that are held to be told together."""

_PARENTS = 50_000
"""Entries remembered that others inherit from."""

_TOLD = 20
"""Problems of one entry that are told; that something was left out always is."""

_SLOW = 2000
"""Fields of one entry that may be out of the ordinary; an entry with more of them is no entry."""

_WINDOW = 1 << 14
"""Characters in which the next field is looked for."""

_SHOWN = 300
"""Characters of odd text that a Problem repeats."""

_KEYWORDS = frozenset(("type", "language", "langid", "editortype", "pagination", "bookpagination", "pubstate"))
"""Fields whose values BibLaTeX names by words of its own."""

_MONTHS = frozenset(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])

_INHERITED = frozenset(
    [
        "author",
        "editor",
        "year",
        "date",
        "month",
        "publisher",
        "institution",
        "organization",
        "school",
        "address",
        "location",
        "series",
        "volume",
        "number",
        "issn",
        "isbn",
        "edition",
        "booktitle",
        "eventtitle",
        "eventdate",
        "venue",
        "language",
        "langid",
        "journal",
        "journaltitle",
        "keywords",
    ]
)
"""Fields that a part takes from the whole that its `crossref` names; never title, pages, DOI or abstract."""

_UNINHERITED = frozenset(("crossref", "xref", "xdata", "ids", "entryset", "entrysubtype", "related"))
_REFERENCE = re.compile(rb"(?:crossref|xdata)\s*+=")


_Kind = Literal["", "hollow", "macro"]


@dataclass(slots=True)
class Entry:
    """One entry as it stands: fields in order, macros put in, LaTeX not yet read."""

    line: int
    end_line: int
    type: str
    key: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Scanner:
    """Cuts lines into entries and what stands between them; holds the macros met so far."""

    def __init__(self) -> None:
        self.macros: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.macro_text = 0
        self.warned = False  # that there are more macros than are remembered

    def items(self, lines: Iterable[tuple[int, str | Problem]]) -> Iterator[Entry | Problem | Passage]:
        """Yield entries, passages and problems; the lines of one entry are held at a time."""
        held: list[str] = []
        first = size = 0
        kind: _Kind = ""  # of all lines that are held
        begun = 0  # place of the last of them on which an entry opens
        for number, line in lines:
            if not isinstance(line, str):
                yield line
                continue
            if "@" in line and _OPENER.match(line):
                new = self._kind(line)
                if held and not (new and new == kind and size < _RUN):
                    yield from self._told(held, first, kind)
                    held, size = [], 0
                kind, begun = new, len(held)
            elif size > _LONGEST:
                yield from self._told(held, first, kind)
                held, size = [], 0
            elif kind and line and not line.isspace():  # what follows may belong to the last of them
                if begun:
                    yield from self._told(held[:begun], first, kind)
                    held, first = held[begun:], first + begun
                kind = ""
            if not held:
                first = number
            held.append(line)
            size += len(line) + 1
        if held:
            yield from self._told(held, first, kind)

    def _kind(self, line: str) -> _Kind:
        """Tell what a line is on which an entry opens: one or more whole macros or entries without fields, or other."""
        if not line.rstrip().endswith("}"):
            return ""
        if _HOLLOWS.fullmatch(line):
            return "hollow"
        if _MACRO.fullmatch(line) or (self._is_full and _ANY_MACRO.fullmatch(line)):
            return "macro"
        return ""

    def _told(self, held: list[str], first: int, kind: _Kind) -> Iterator[Entry | Problem | Passage]:
        """Yield what lines hold; those of one kind are told together."""
        text = "\n".join(held)
        many = text.count("@") if kind == "hollow" else 0
        if many > 1:
            last = first + text.rstrip().count("\n")
            yield from told_empty("bibtex", first, last, many)
        elif kind == "macro":
            for line in held:
                match = _MACRO.fullmatch(line)
                if match is not None:
                    self._remember(match[1].rstrip(), match[2] if match[2] is not None else match[3])
            words = clean(held[0][:_SHOWN])
            yield Passage(first, first + text.rstrip().count("\n"), "wrapper", words)
        else:
            yield from self._chunk(text, first)
        if self._is_full and not self.warned:
            self.warned = True
            said = (
                f"The macros up to here are {len(self.macros)} in number and stand for {self.macro_text} characters, "
                "more than any file needs; those that follow were not read, and their names stand for them."
            )
            yield Problem(first, "bibtex-macro", said, "Delete the macros that no entry uses.")

    def _chunk(self, text: str, line: int) -> Iterator[Entry | Problem | Passage]:
        """Take lines from one beginning of an entry to before the next; more entries may stand on the same line."""
        position = counted = 0
        while True:
            opener = _ANY_OPENER.search(text, position)
            start = opener.start() if opener else len(text)
            yield from _outside(text[position:start], line + text.count("\n", counted, position))
            line, counted = line + text.count("\n", counted, position), position
            if opener is None:
                return
            line, counted = line + text.count("\n", counted, start), start
            kind = opener[1].lower()
            if kind in {"comment", "preamble"}:
                end = closing(text, opener.end() - 1, escapes=False)
                position = end + 1 if end >= 0 else len(text)
                last = line + text.count("\n", start, position)
                words = clean(text[start : min(position, start + _SHOWN)])
                yield Passage(line, last, "comment" if kind == "comment" else "wrapper", words)
                continue
            entry = Entry(line, line, kind, "")
            position = self._entry(entry, text, opener)
            entry.end_line = line + text.count("\n", start, position)
            if kind == "string":
                self._define(entry)
                yield Passage(line, entry.end_line, "wrapper", clean(text[start : min(position, start + _SHOWN)]))
                yield from entry.problems
            else:
                yield entry

    def _define(self, entry: Entry) -> None:
        for name, value in entry.fields:
            if len(value) > _LONGEST_MACRO:
                text = f"The macro '{name}' stands for {len(value)} characters; the first {_LONGEST_MACRO} are used."
                entry.problems.append(Problem(entry.line, "bibtex-macro", text))
            self._remember(name, value[:_LONGEST_MACRO])

    @property
    def _is_full(self) -> bool:
        return len(self.macros) >= _MOST_MACROS or self.macro_text >= _MACRO_TEXT

    def _remember(self, name: str, value: str) -> None:
        """Note what a macro stands for, unless there are more than any file has that was not made to have them."""
        if not self._is_full:
            self.macros[name.lower()] = value
            self.macro_text += len(value)

    def _entry(self, entry: Entry, text: str, opener: re.Match[str]) -> int:
        """Read one entry's fields and return where it ends; an unclosed one is tried again with every brace counted."""
        position = self._key(entry, text, opener)
        closer = "}" if opener[2] == "{" else ")"
        best = _Body(self, entry, text, opener.start(), closer, escapes=True)
        end = best.read(position)
        if not best.closed and "\\" in text:
            other = _Body(self, entry, text, opener.start(), closer, escapes=False)
            other_end = other.read(position)
            if other.closed:
                best, end = other, other_end
        while best.closed and (following := _going_on(text, end)) >= 0:
            said = (
                f"The entry that begins in line {entry.line} is closed too early, by a brace too many; it was read on."
            )
            best.odd(end, "closed-early", said, "Look for the unbalanced brace in it.")
            best.closed = False
            if rest := clean(text[end:following]).strip(" ,"):
                best.strays.append(rest)
            end = best.read(following)
        if not best.closed:
            said = f"The entry that begins in line {entry.line} is not closed; it was read as far as it goes."
            best.odd(len(text), "unclosed", said, "Look for an open brace or quotation mark in it.")
        entry.fields, entry.strays = best.fields, best.strays
        entry.problems += best.problems
        return end

    @staticmethod
    def _key(entry: Entry, text: str, opener: re.Match[str]) -> int:
        """Take the citation key and return where the fields begin."""
        position = opener.end()
        if entry.type == "string" or _NO_KEY.match(text, position):
            if entry.type != "string":
                said = f"The {entry.type} in line {entry.line} has no citation key."
                entry.problems.append(Problem(entry.line, "bibtex-no-key", said))
            return position
        match = _KEY_ALONE.match(text, position)
        if match is not None:
            said = f"A comma is missing after the citation key '{match[1][:_SHOWN]}'."
            entry.problems.append(Problem(entry.line, "bibtex-no-comma", said))
        else:
            match = _KEY.match(text, position)
        if match is None:
            return position
        entry.key = clean(match[1])
        return match.end()

    def word(self, word: str, name: str, body: _Body, place: int) -> str:
        """Return what a bare word stands for: a number or month itself, or the text of its macro."""
        if word[0].isdigit():
            return word
        macro = word.lower()
        if macro in self.macros:
            return self.macros[macro]
        told = macro in self.unknown or macro in _MONTHS or len(self.unknown) >= _MOST_MACROS
        if not told and name.strip().lower() not in _KEYWORDS:
            self.unknown.add(macro)
            body.odd(place, "macro", f"The macro '{word}' is nowhere defined; its name stands for it.")
        return word


class _Body:
    """The fields of one entry while they are read."""

    def __init__(self, scanner: Scanner, entry: Entry, text: str, start: int, closer: str, *, escapes: bool) -> None:
        self.scanner, self.entry, self.text, self.closer, self.escapes = scanner, entry, text, closer, escapes
        self.pattern = _FIELD[escapes]
        self.fields: list[tuple[str, str]] = []
        self.strays: list[str] = []
        self.problems: list[Problem] = []
        self.closed = False
        self.failures = self.slow = 0
        self.full = False
        self.start = start
        self.counted = (start, 0)  # a place, and the line ends between the entry's beginning and it

    def odd(self, place: int, code: str, text: str, hint: str = "") -> None:
        """Note a Problem at a place of the text."""
        if place < self.counted[0]:
            self.counted = (self.start, 0)
        before, lines = self.counted
        self.counted = (place, lines + self.text.count("\n", before, place))
        if len(self.problems) < _TOLD or code.startswith("long-"):
            line = self.entry.line + self.counted[1]
            self.problems.append(Problem(line, f"bibtex-{code}", text, hint))

    def read(self, position: int) -> int:
        """Read fields up to the entry's end; return the place after it."""
        text, match, add = self.text, self.pattern.match, self.fields.append
        while self.slow < _SLOW:
            found = match(text, position) if self.failures < _TRIES else None
            if found is not None:
                name, braced, quoted, bare = found.groups()
                value = braced if braced is not None else quoted if quoted is not None else ""
                if len(value) > _LONGEST_VALUE or len(self.fields) >= _MOST_FIELDS:
                    value = self._shortened(name.rstrip(), value, position)
                if len(self.fields) < _MOST_FIELDS:
                    add((name.rstrip(), value if bare is None else self.scanner.word(bare, name, self, position)))
                position = found.end()
                continue
            gap = _GAP.match(text, position)
            position = gap.end() if gap else position
            if position >= len(text):
                return position
            if text[position] == self.closer:
                self.closed = True
                return position + 1
            self.slow += 1
            position = self._slow(position)
        said = f"After {_SLOW} odd fields the rest of the entry was left unread."
        self.odd(position, "hopeless", said, "Export it again, or mend its braces.")
        self.strays.append(clean(text[position : position + _SHOWN]))
        return len(text)

    def _shortened(self, name: str, value: str, place: int) -> str:
        """Return as much of a value as is read, and tell that it, or all that follows, is more than any entry has."""
        if len(self.fields) < _MOST_FIELDS:
            said = f"The field '{name}' has {len(value)} characters; the first {_LONGEST_VALUE} were read."
            self.odd(place, "long-value", said, "Look whether a brace is missing in it.")
        elif not self.full:
            self.full = True
            line = self.entry.line
            said = f"The entry that begins in line {line} has more than {_MOST_FIELDS} fields; the rest was left out."
            self.odd(place, "long-entry", said, "Look whether the ends of entries are missing in the file.")
        return value[:_LONGEST_VALUE]

    def _slow(self, position: int) -> int:
        """Read one field that is out of the ordinary, or step over text that is none."""
        named = _NAME.match(self.text, position)
        if named is None:
            return self._stray(position)
        position = named.end()
        failures = self.failures
        parts: list[str] = []
        while position < len(self.text):
            position = self._part(position, named[1], parts)
            joined = _JOIN.match(self.text, position)
            if joined is None:
                break
            position = joined.end()
        value = "".join(parts)
        position, rest = self._rest(position) if self.failures == failures else (position, "")
        value = f"{value} {rest}" if rest else value
        if len(value) > _LONGEST_VALUE:
            value = self._shortened(named[1].strip(), value, position)
        self.fields.append((named[1].strip(), value))
        return position

    def _part(self, position: int, name: str, parts: list[str]) -> int:
        sign = self.text[position]
        if sign in '{"':
            end = self._end(position, sign)
            if end >= 0:
                parts.append(self.text[position + 1 : end])
                return end + 1
            self.failures += 1
            following = _LINE_FIELD.search(self.text, position)
            stop = following.start() if following else len(self.text)
            parts.append(self.text[position + 1 : stop].rstrip(" \t\n,}"))
            what = "brace" if sign == "{" else "quotation mark"
            said = "The value that begins here has no closing " + what + "; it was read up to the next field."
            self.odd(position, "open-value", said, f"Close it with a {what}.")
            return stop
        bare = _BARE.match(self.text, position)
        if bare is None:
            return position
        parts.append(self.scanner.word(bare[0], name, self, position))
        return bare.end()

    def _end(self, position: int, sign: str) -> int:
        """Return where a braced or quoted value ends, -1 where it does not."""
        limit = len(self.text)
        if self.failures >= _TRIES:
            following = _LINE_FIELD.search(self.text, position)
            limit = following.start() if following else limit
            limit = min(limit, position + _WINDOW)
        if sign == "{":
            return closing(self.text, position, escapes=self.escapes, limit=limit)
        depth, first = 0, -1
        for match in _QUOTES[self.escapes].finditer(self.text, position + 1, limit):
            found = match[0]
            if found == "{":
                depth += 1
            elif found == "}":
                if depth == 0:
                    break
                depth -= 1
            elif 0 <= first < match.start() - _WINDOW:
                break
            elif found == '"' and depth == 0:
                if _AFTER_QUOTE.match(self.text, match.end()):
                    return match.start()
                if self.failures >= _TRIES:
                    return match.start()
                self.failures += first < 0
                first = match.start() if first < 0 else first
        return first

    def _rest(self, position: int) -> tuple[int, str]:
        """Deal with what follows a value where neither a comma nor the entry's end does."""
        gap = _SPACE.match(self.text, position)
        after = gap.end() if gap else position
        sign = self.text[after : after + 1]
        if not sign or sign in {",", self.closer}:
            return after, ""
        if _NAME.match(self.text, after):
            self.odd(after, "no-comma", "A comma is missing before this field.")
            return after, ""
        if sign in "})":  # the other closing sign: it belongs to nothing
            self.odd(after, "stray-brace", f"A '{sign}' too many stands here.", "Take it away.")
            return after + 1, ""
        stop = self._stop(after)
        rest = self.text[after:stop].strip()
        self.odd(after, "after-value", f"After the value stands text that was added to it: {clean(rest)[:_SHOWN]}")
        return stop, rest

    def _stop(self, position: int) -> int:
        """Return where text that is no field ends: at the next field, or at a brace."""
        limit = min(len(self.text), position + _WINDOW)
        following = _NEXT_FIELD.search(self.text, position, limit)
        stop = following.start() if following else limit
        brace = self.text.find(self.closer, position, stop)
        return brace if brace >= 0 else stop

    def _stray(self, position: int) -> int:
        stop = max(self._stop(position), position + 1)
        stray = clean(self.text[position:stop])
        if stray.strip(',#={}()"'):
            self.strays.append(stray)
            self.odd(position, "stray-text", f"This text belongs to no field: {stray[:_SHOWN]}")
        return stop


def _going_on(text: str, end: int) -> int:
    """Return where fields go on after the end of an entry, which then was none; -1 where they do not."""
    if end >= len(text) or text.find("=", end, end + _WINDOW) < 0:
        return -1
    if _GOES_ON.match(text, end):
        return end
    following = _LINE_FIELD.search(text, end, min(len(text), end + _WINDOW))
    if following is None or _ANY_OPENER.search(text, end, following.start()):
        return -1
    return following.start()


def closing(text: str, position: int, *, escapes: bool, limit: int | None = None) -> int:
    """Return where the brace (or bracket) at `position` is closed, -1 where it is not."""
    depth = 0
    if text[position] == "(":
        return text.find(")", position)
    for match in _BRACES[escapes].finditer(text, position, len(text) if limit is None else limit):
        sign = match[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                return match.start()
    return -1


def _outside(text: str, line: int) -> Iterator[Problem | Passage]:
    """Yield what stands between entries: comments, and text that looks like lost fields."""
    if not text or text.isspace():
        return
    first = line + text.count("\n", 0, len(text) - len(text.lstrip()))
    last = line + text.count("\n", 0, len(text.rstrip()))
    if _LINE_FIELD.search(f"\n{text}"):
        yield Passage(first, last, "stray", clean(text[:_SHOWN]))
        where = f"Lines {first} to {last} hold fields"
        said = f"{where} that belong to no entry: {clean(text[:_SHOWN])}"
        yield Problem(first, "bibtex-outside-entry", said, "Put '@article{' and a key before them.")
    else:
        yield Passage(first, last, "comment", clean(text[:_SHOWN]))


def mentions_parents(content: Content) -> bool:
    """Tell whether any entry names another one that it inherits from."""
    before = b""
    with content.open() as stream:
        while block := stream.read(1 << 18):
            block = before + (block.replace(b"\x00", b"") if content.nuls else block)
            low = block.lower()
            if (b"crossref" in low or b"xdata" in low) and _REFERENCE.search(low):
                return True
            before = block[-32:]
    return False


def _entries(content: Content) -> Iterator[Entry]:
    return (item for item in Scanner().items(content.lines()) if isinstance(item, Entry))


def wanted(content: Content) -> frozenset[str]:
    """Return the keys, in lower case, of the entries that others inherit from."""
    found: set[str] = set()
    for entry in _entries(content):
        for name, value in entry.fields:
            if name.lower() in {"crossref", "xdata"} and len(found) < _PARENTS:
                found.update(key.strip().lower() for key in value.split(","))
    return frozenset(found)


def parents(content: Content, named: frozenset[str]) -> dict[str, dict[str, str]]:
    """Return the fields of the wanted entries by key; an xdata entry's own parents are put in when it is used."""
    found: dict[str, dict[str, str]] = {}
    for entry in _entries(content):
        key = entry.key.lower()
        if key in named and key not in found:
            found[key] = {name.lower(): value for name, value in entry.fields} | {"entrytype": entry.type}
    return found


def inherit(entry: Entry, offered: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """Return the fields that the entry takes from others, and say so in a field of our own."""
    own = {name.lower(): value for name, value in entry.fields}
    taken: list[tuple[str, str]] = []
    for name in ("xdata", "crossref"):
        for key in own.get(name, "").split(","):
            parent = offered.get(key.strip().lower())
            if not parent:
                if key.strip():
                    said = f"The entry '{entry.key}' inherits from '{key.strip()}', which is not in the file."
                    entry.problems.append(Problem(entry.line, "bibtex-no-parent", said))
                continue
            news_of = _offered(parent, whole=name == "xdata")
            news = [(one, value) for one, value in news_of if not _has(own, one)]
            own.update(news)
            taken += news
            if news:
                taken.append(("inherited", f"{', '.join(one for one, _ in news)} from {key.strip()}"))
    return taken


_SAME = (
    {"year", "date"}, {"address", "location"}, {"journal", "journaltitle"},
    {"publisher", "institution", "organization", "school"}, {"language", "langid"},
)  # fmt: skip


def _has(own: dict[str, str], name: str) -> bool:
    same = next((names for names in _SAME if name in names), {name})
    return any(own.get(one) for one in same) or (name == "month" and bool(own.get("date")))


def _offered(parent: dict[str, str], *, whole: bool) -> list[tuple[str, str]]:
    """Return what an entry offers to those that name it: its title is their container's."""
    if whole:
        return [(name, value) for name, value in parent.items() if name not in _UNINHERITED and name != "entrytype"]
    title = parent.get("booktitle") or parent.get("title", "")
    if parent.get("subtitle") and not parent.get("booktitle"):
        title = f"{title}: {parent['subtitle']}"
    offered = [("journal" if parent["entrytype"] == "periodical" else "booktitle", title)] if title else []
    collected = parent["entrytype"] in {"collection", "proceedings", "reference", "mvcollection", "mvproceedings"}
    return offered + [
        (name, value)
        for name, value in parent.items()
        if name in _INHERITED and name not in {"booktitle", "keywords"} and not (name == "author" and collected)
    ]

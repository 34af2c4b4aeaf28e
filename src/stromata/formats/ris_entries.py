"""The entries of a RIS file: where each begins and ends, and what stands between them.

There is no single standard. Any tag of letter, then letter or digit, is taken, with one, two or more blanks before its
hyphen; a line that merely begins like a tag (``T2-weighted``, ``ER positive``) is text. Accepted are entries without
an end, wrapped lines, and what databases put between entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from stromata.formats.content import NO_LINE_END, Passage
from stromata.formats.tag_lines import Entry, told_empty
from stromata.formats.text import clean, is_normal
from stromata.model import Problem

_KNOWN_TAGS = (
    "TY ER A1 A2 A3 A4 A5 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DO DP ED EP ET ID IS J1 J2 JA "
    "JF JO KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SP ST T1 T2 T3 TA TI TT U1 U2 U3 U4 "
    "U5 UR VL VO Y1 Y2 PMID PMCID PMC DOI ISSN ISBN"
)
_KNOWN = frozenset(_KNOWN_TAGS.split())
_PLAIN = re.compile(r"TY  - ?[A-Z]{3,7}[ ]*\n(?:(?!TY|ER)[A-Z][A-Z0-9]  -[^\n]*\n)++ER  -[ ]*\n")
"""An entry as nearly all are: one value to a line, nothing else. It is cut in one go; others line by line."""
_RUN = re.compile(r"(?:(?!TY|ER)[A-Z][A-Z0-9]  -[^\n]*\n)++")
_HOLLOW = r"TY  - ?[A-Z]{3,7}[ ]*\n(?:(?!TY|ER)[A-Z][A-Z0-9]  -[ ]*\n)*+"
_EMPTY = re.compile(rf"(?:{_HOLLOW}(?:ER  -[ ]*\n|(?=\n*+TY  -))(?:\n++(?=TY  -))?){{2,}}+")
"""Entries in a row of which none says anything, some of them without an end."""
_WORDS = (
    r"(?=\S)(?![<\d=_*#-]|record #|provider|database|content|source|platform|date run|search name|link to the"
    r"|end of file|https?:)(?:[^\n-]{1,24}\n|[^\n-]{24}[^\n]*\n)"
)
_FLOW = re.compile(rf"(?:{_WORDS})++", re.IGNORECASE)
"""Lines that no tag begins (see `_split`), nor anything that a database puts around entries."""
_FLOW_OUTSIDE = re.compile(rf"(?:{_WORDS}|(?-i:ER)  -[ ]*\n)++", re.IGNORECASE)
"""The same where no entry is open, and ends of entries."""
TAG = re.compile(r"[A-Z][A-Z0-9]")
_LOOSE = re.compile(r"([ \t\xa0]*)([A-Z][A-Z0-9]{1,4})([ \t\xa0]*)-([ \t\xa0]?)(.*)", re.DOTALL)
OPENING = re.compile(
    r"^[ \t\xa0]*TY[ \t\xa0]{0,3}-[ \t\xa0]*(?:[A-Z]{3,7}|[A-Z][a-z]+(?: [A-Za-z]+){0,3})[ \t\xa0]*$", re.MULTILINE
)
_TAG_LINE = re.compile(r"^[ \t]*[A-Z][A-Z0-9] {1,2}- ?\S", re.MULTILINE)

_OVID = re.compile(r"^[^\S\n]*+(?:<\s*\d+\s*\.?\s*>[^\S\n]*$|VN {1,2}- )", re.MULTILINE)
"""Ovid's own tagged text, which shares tags with RIS but means other things by them."""

_MEDLINE_OPENING = re.compile(r"\s*+(?:PMID|OWN ) ?- \S")
"""How MEDLINE text begins, in which a wrapped line may look like an opening."""

_LONG_TAGS = "AB N2 N1 AD KW C1 C2 C3 C4 C5 C6 C7 C8 U1 U2 U3 U4 U5 RN NO L1 L2 L4"
_LONG = frozenset(_LONG_TAGS.split())
"""Tags whose value may go on after a blank line."""

_TELLING = frozenset(("TI", "T1", "CT", "BT", "AU", "A1", "AB", "N2", "DO", "JF", "T2"))
"""Tags that make an entry, even where its opening is missing."""

_PREAMBLE = re.compile(
    r"\s*(?:<?\s*\d+\s*[.>)]*\s*>?|record #?\d+ of \d+"
    r"|(?:provider|database|content|source|platform|date run|search name)\s*:.*|link to the .*|end of file|https?://\S+|[-=_*#]{3,})\s*",
    re.IGNORECASE,
)
_NEXT_ENTRY = re.compile(r"\s*(?:Record #\d+ of \d+|Provider: )")
"""What a database writes before an entry: met inside one, it shows that the entry has lost its end."""
_DATABASE = re.compile(r"\s*database\s*:\s*(.+)", re.IGNORECASE)
_QUOTED = 2000
"""Characters of text outside entries that a Problem repeats; a search strategy is repeated whole."""
_OUTSIDE = 100_000
"""Characters of text outside entries that are held until it is told."""

TYPES = {
    "JOUR": "article-journal", "EJOUR": "article-journal", "JFULL": "article-journal", "INPR": "article-journal",
    "ABST": "article-journal", "BOOK": "book", "EBOOK": "book", "EDBOOK": "book", "SER": "book", "CHAP": "chapter",
    "ECHAP": "chapter", "CPAPER": "paper-conference", "CONF": "paper-conference", "THES": "thesis", "RPRT": "report",
    "GOVDOC": "report", "STAND": "standard", "ELEC": "webpage", "WEB": "webpage", "BLOG": "post-weblog",
    "DATA": "dataset", "AGGR": "dataset", "DBASE": "dataset", "NEWS": "article-newspaper", "MGZN": "article-magazine",
    "PAT": "patent", "COMP": "software", "MPCT": "motion_picture", "VIDEO": "motion_picture", "SLIDE": "speech",
    "UNPB": "manuscript", "MANSCPT": "manuscript", "PREP": "article", "ENCYC": "entry-encyclopedia",
    "DICT": "entry-dictionary", "LEGAL": "legislation", "CASE": "legal_case", "MAP": "map", "SOUND": "song",
    "PCOMM": "personal_communication", "PAMP": "pamphlet", "FIGURE": "figure", "GEN": "",
}  # fmt: skip
"""Types of RIS and what they are in CSL."""


@dataclass(slots=True)
class _Outside:
    """What stands between entries: where, and the beginning of what it says."""

    database: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def is_open(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.spans)

    def add(self, number: int, line: str) -> Iterator[Passage]:
        """Take a line; what a database puts between entries is a passage at once."""
        if not line or line.isspace():
            return
        if _PREAMBLE.fullmatch(line):
            named = _DATABASE.fullmatch(line)
            self.database = clean(named[1]) if named else self.database
            yield Passage(number, number, "preamble", _quoted(line))
            return
        if self.spans and self.spans[-1][1] == number - 1:
            self.spans[-1] = (self.spans[-1][0], number)
        else:
            self.spans.append((number, number))
        if self.size < _OUTSIDE:
            self.said.append(line)
            self.size += len(line)

    def goes_on(self, lines: list[str], number: int) -> None:
        """Take lines beside those that are held; none of them is blank. `number` is that of the first."""
        start, last = self.spans[-1]
        if last == number - 1:
            self.spans[-1] = (start, last + len(lines))
        else:
            self.spans.append((number, number + len(lines) - 1))
        for line in lines:
            if self.size >= _OUTSIDE:
                break
            self.said.append(line)
            self.size += len(line)

    def told(self) -> Iterator[Problem | Passage]:
        """Name the lines that belong to no entry, and forget them."""
        if not self.spans:
            return
        first, last = self.spans[0][0], self.spans[-1][1]
        where = f"Line {first} stands" if first == last else f"Lines {first} to {last} stand"
        yield Problem(
            first,
            "ris-outside-entry",
            f"{where} outside every entry: {_quoted(' '.join(self.said))}",
            "Look whether it belongs to the entry before; if so, join the lines.",
        )
        for start, end in self.spans:
            yield Passage(start, end, "stray")
        self.spans, self.said, self.size = [], [], 0


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like RIS: an entry opens, or several lines carry its tags."""
    if _MEDLINE_OPENING.match(head):
        return False
    if OPENING.search(head):
        return True
    if _OVID.search(head):
        return False
    tags = {line.group().strip()[:2] for line in _TAG_LINE.finditer(head)}
    return (
        len(tags & _KNOWN) >= 3
        and bool(tags & _TELLING)
        and not re.search(r"^PMID ?-|^(?:OWN|FAU|LID|PMC ) ?-", head, re.MULTILINE)
    )


class EntryCutter:
    """Takes lines one by one and gives entries as they end, with what stands between them."""

    plain, run, empty = _PLAIN, _RUN, _EMPTY

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.outside = _Outside()
        self.style = (False, 2)  # blanks before the tag, how many between tag and hyphen: as in the last opening
        self.blank = False

    @property
    def may_begin(self) -> bool:
        """Whether a plain entry may begin here: none is open."""
        return self.entry is None

    @property
    def may_run(self) -> bool:
        """Whether plain lines of tags here belong to an entry."""
        return self.entry is not None

    @property
    def flow(self) -> re.Pattern[str]:
        """Lines without a tag, by what they would go on with."""
        return _FLOW_OUTSIDE if self.entry is None else _FLOW

    @property
    def may_flow(self) -> bool:
        """Whether lines without a tag here go on with a value, or with lines outside every entry."""
        return not self.blank and (self.entry is not None or self.outside.is_open)

    def take_whole(self, text: str, number: int, after: int) -> Iterator[Entry | Problem | Passage]:
        """Take a plain entry, met when no other was open."""
        if self.outside.is_open:
            yield from self.outside.told()
        self.style = (False, 2)
        self.blank = False
        lines = text.split("\n")
        del lines[-2:]  # the end, and what stands after its line end
        bare = "".join(lines)
        tidy = "&" not in bare and bare.isprintable() and (bare.isascii() or is_normal(bare))
        fields = [(line[:2], [line[5:]]) for line in lines]
        entry = Entry(number, after - 1, fields, tidy=tidy and "  " not in text.replace("  -", "-"))
        entry.shorten()
        yield from entry.handed_on("ris")

    def take_run(self, text: str, number: int) -> int:
        """Take lines of plain tags that belong to the entry at hand."""
        if self.entry is not None:
            for line in text.split("\n")[:-1]:
                self.entry.add(line[:2], line[5:], number)
                number += 1
        self.blank = False
        return number

    def take_empty(self, text: str, number: int) -> Iterator[Entry | Problem | Passage]:
        """Take entries that say nothing, met when no other was open."""
        if self.outside.is_open:
            yield from self.outside.told()
        self.style = (False, 2)
        self.blank = False
        yield from told_empty("ris", number, number + text.count("\n") - 1, text.count("TY  -"))

    def take_flow(self, text: str, number: int) -> int:
        """Take lines without tags that belong to what the line before belongs to."""
        lines = text.split("\n")
        del lines[-1]
        if self.entry is not None:
            self.entry.go_on(lines, number)
        else:
            self.outside.goes_on(lines, number)
        return number + len(lines)

    def take(self, number: int, line: str) -> Iterator[Entry | Problem | Passage]:
        """Take the next line."""
        tag, value = _split(line, self.style)
        if tag == "ER":
            if self.entry:
                self.entry.end_line = number
                yield from self._closed()
                yield from self.outside.add(number, value)
            else:
                yield from self.outside.add(number, line)
        elif tag == "TY" or (tag and self.entry is None):
            yield from self._closed(missing=True)
            yield from self.outside.told()
            self.style = _style(line) if tag == "TY" else self.style
            self.entry = Entry(number, number)
            self.entry.add(tag, value, number)
        elif tag and self.entry:
            self.entry.add(tag, value, number)
        elif self.entry and not _NEXT_ENTRY.match(line):
            yield from self._take_text(self.entry, number, line)
        else:
            yield from self._closed(missing=True)
            yield from self.outside.add(number, line)
        self.blank = not line or line.isspace()

    def _take_text(self, entry: Entry, number: int, line: str) -> Iterator[Problem | Passage]:
        """Take a line without a tag as the continuation of the last value, unless it cannot be one."""
        if not line or line.isspace():
            return
        if self.blank and entry.fields[-1][0] not in _LONG and not line[0].isspace():
            yield Problem(number, "ris-stray-line", f"This line has no tag and belongs to nothing: {_quoted(line)}")
            yield Passage(number, number, "stray")
        else:
            entry.goes_on(line, number)

    def take_problem(self, problem: Problem) -> Iterator[Problem]:
        """Pass a Problem of decoding on."""
        if problem.code != NO_LINE_END:
            yield problem

    def ended(self) -> Iterator[Entry | Problem | Passage]:
        """Close what is open at the end of the file."""
        yield from self._closed(missing=True, last=True)
        yield from self.outside.told()

    def _closed(self, *, missing: bool = False, last: bool = False) -> Iterator[Entry | Problem | Passage]:
        entry, self.entry = self.entry, None
        if entry:
            yield from _closed(entry, missing=missing, last=last)


def _split(line: str, style: tuple[bool, int]) -> tuple[str, str]:
    """Return (tag, value) of a tag line, or nothing and the line."""
    if line[2:5] == "  -":
        tag = line[:2]
        if tag in _KNOWN or TAG.fullmatch(tag):
            return tag, line[5:]
    elif "-" not in line[1:24]:
        return "", line
    match = _LOOSE.match(line)
    if not match:
        return "", line
    lead, tag, gap, after, value = match.groups()
    spaced = bool(after) or not value
    if tag == "TY":
        sure = bool(OPENING.match(line)) and (len(gap) > 0 or spaced or value.strip() in TYPES)
        return ("TY", value) if sure else ("", line)
    if lead and not style[0]:
        return "", line
    if tag == "ER" and len(gap) < 2 and value.strip():
        return "", line
    known = tag in _KNOWN
    enough = len(gap) >= 2 or (known and spaced and len(gap) >= min(1, style[1]))
    return (tag, value) if enough and (known or len(tag) <= 4) else ("", line)


def _style(line: str) -> tuple[bool, int]:
    match = _LOOSE.match(line)
    return (bool(match[1]), len(match[3])) if match else (False, 2)


def _closed(entry: Entry, *, missing: bool, last: bool) -> Iterator[Entry | Problem | Passage]:
    """Yield an entry with what is odd about its frame; or, when it is none, a Problem that holds its text."""
    opened = entry.fields[0][0] == "TY"
    telling = any(tag in _TELLING for tag, _ in entry.fields)
    if not opened and not telling:
        text = " ".join(f"{tag} {' '.join(parts)}" for tag, parts in entry.fields)
        strategy = any(tag == "C1" for tag, _ in entry.fields)
        where = f"lines {entry.line} to {entry.end_line}"
        if strategy:
            yield Passage(entry.line, entry.end_line, "search-strategy", clean(text))
        else:
            yield Problem(entry.line, "ris-outside-entry", f"Tags outside every entry in {where}: {_quoted(text)}")
            yield Passage(entry.line, entry.end_line, "stray")
        return
    end_line = entry.end_line
    yield from entry.handed_on("ris")
    if not opened:
        yield Problem(
            entry.line,
            "ris-missing-ty",
            f"The entry in lines {entry.line} to {entry.end_line} does not begin with TY; it was read without a type.",
            "Put a line such as 'TY  - JOUR' before it.",
        )
    if last:
        yield Problem(
            end_line,
            "ris-truncated",
            f"The last entry (line {entry.line}) has no end (ER): the file may have been cut off here.",
            "Compare the number of records with what the database reported, and export again if they differ.",
        )
    elif missing:
        yield Problem(end_line, "ris-missing-er", f"The entry that begins in line {entry.line} has no end (ER).")


def _quoted(text: str) -> str:
    short = clean(text)
    return short if len(short) <= _QUOTED else f"{short[:_QUOTED]} ... ({len(short)} characters)"

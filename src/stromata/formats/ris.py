"""RIS: read as it comes, written as it should be.

There is no single standard. The reader takes any tag of letter, then letter or digit, with one, two or more blanks
before its hyphen; a line that merely begins like a tag (``T2-weighted``, ``ER positive``) is text. It accepts entries
without an end, wrapped lines, synonyms of tags, and what databases put between entries. Tags without a field here go
to `Record.extra` and are written back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from stromata.formats.content import NO_LINE_END, Content, Passage
from stromata.formats.language import detect_language, language_code
from stromata.formats.own import NOTE, lossless, restored
from stromata.formats.tag_lines import MOST_LINES, Pairs, beyond, cut, left_over
from stromata.formats.text import (
    clean,
    is_normal,
    iso_date,
    month_of,
    name_of,
    page_span,
    same_text,
    serial_numbers,
    unique,
    without_tags,
    written_name,
)
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import (
    find_registry_ids,
    normal_doi,
    normal_pmcid,
    normal_pmid,
)
from stromata.progress import Progress, silent

_KNOWN_TAGS = (
    "TY ER A1 A2 A3 A4 A5 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DO DP ED EP ET ID IS J1 J2 JA "
    "JF JO KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SP ST T1 T2 T3 TA TI TT U1 U2 U3 U4 "
    "U5 UR VL VO Y1 Y2 PMID PMCID PMC DOI ISSN ISBN"
)
_KNOWN = frozenset(_KNOWN_TAGS.split())
_PLAIN = re.compile(r"TY  - ?[A-Z]{3,7}[ ]*\n(?:(?!TY|ER)[A-Z][A-Z0-9]  -[^\n]*\n)++ER  -[ ]*\n")
"""An entry as nearly all are: one value to a line, nothing else. It is cut in one go; others line by line."""
_RUN = re.compile(r"(?:(?!TY|ER)[A-Z][A-Z0-9]  -[^\n]*\n)++")
_TAG = re.compile(r"[A-Z][A-Z0-9]")
_LOOSE = re.compile(r"([ \t\xa0]*)([A-Z][A-Z0-9]{1,4})([ \t\xa0]*)-([ \t\xa0]?)(.*)", re.DOTALL)
_OPENING = re.compile(
    r"^[ \t\xa0]*TY[ \t\xa0]{0,3}-[ \t\xa0]*(?:[A-Z]{3,7}|[A-Z][a-z]+(?: [A-Za-z]+){0,3})[ \t\xa0]*$", re.MULTILINE
)
_TAG_LINE = re.compile(r"^[ \t]*[A-Z][A-Z0-9] {1,2}- ?\S", re.MULTILINE)

_OVID = re.compile(r"^\s*(?:<\s*\d+\s*\.?\s*>\s*$|VN {1,2}- )", re.MULTILINE)
"""Ovid's own tagged text, which shares tags with RIS but means other things by them."""

_MEDLINE_OPENING = re.compile(r"\s*+(?:PMID|OWN ) ?- \S")
"""How MEDLINE text begins, in which a wrapped line may look like an opening."""

_LONG_TAGS = "AB N2 N1 AD KW C1 C2 C3 C4 C5 C6 C7 C8 U1 U2 U3 U4 U5 RN NO L1 L2 L4"
_LONG = frozenset(_LONG_TAGS.split())
"""Tags whose value may go on after a blank line."""

_BY_LINE = frozenset(("KW", "UR", "L1", "L2", "L3", "L4", "LK"))
"""Tags where each further line is a further value."""

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

_TYPES = {
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
_TYPE_WORDS = {
    "journal article": "article-journal", "electronic article": "article-journal", "article": "article-journal",
    "book": "book", "book section": "chapter", "book chapter": "chapter", "conference paper": "paper-conference",
    "conference proceedings": "paper-conference", "thesis": "thesis", "report": "report", "web page": "webpage",
    "dataset": "dataset", "generic": "",
}  # fmt: skip
_WRITTEN_TYPES = {csl: tag for tag, csl in reversed(_TYPES.items())}
_DOI_ALONE = re.compile(
    r"(?:(?:doi|digital object identifier)\s*[:=]?\s*)?(?:https?://\S*?)?10\.\d{4,9}/\S+", re.IGNORECASE
)
_PUBMED_SAYS = re.compile(r"\b(?:PUBMED|PMID|MEDLINE)\b[\s:]*([1-9]\d{0,7})\b", re.IGNORECASE)
_PUBMED_URL = re.compile(r"pubmed(?:\.ncbi\.nlm\.nih\.gov)?/([1-9]\d{0,7})(?!\d)|list_uids=([1-9]\d{0,7})")
_MEDLINE = re.compile(r"medline|pubmed", re.IGNORECASE)
_NOTE_PMID = re.compile(r"PMID: ?([1-9]\d{0,7})")
_NOTE_PMCID = re.compile(r"PMCID: ?(PMC\d+)")
_OURS = "stromata."
_OWN_EXTRA = f"{_OURS}extra: "
_ET_AL = re.compile(r"(?:et\.? al\.?|and others|等\.?|others)", re.IGNORECASE)
_ET_AL_LENGTH, _ET_AL_SIGNS = 16, frozenset("eEaAoO等")


@dataclass(slots=True)
class _Entry:
    """The lines of one entry: (tag, line number, the value's lines)."""

    line: int
    end_line: int
    opened: bool
    fields: list[tuple[str, int, list[str]]] = field(default_factory=list)
    database: str = ""
    tidy: bool = False
    """Whether the values need no cleaning but for blanks around them."""
    beyond: bool = False
    """Whether there were more lines than an entry may have."""

    def add(self, tag: str, number: int, value: str) -> None:
        """Take a line with a tag."""
        if number - self.line < MOST_LINES:
            self.fields.append((tag, number, [value]))
        else:
            self.beyond = True
        self.end_line = number

    def goes_on(self, number: int, line: str, *, after_blank: bool) -> Iterator[Problem | Passage]:
        """Take a line without a tag as the continuation of the last value, unless it cannot be one."""
        if not line or line.isspace():
            return
        if after_blank and self.fields[-1][0] not in _LONG and not line[0].isspace():
            yield Problem(number, "ris-stray-line", f"This line has no tag and belongs to nothing: {_quoted(line)}")
            yield Passage(number, number, "stray")
            return
        if number - self.line < MOST_LINES:
            self.fields[-1][2].append(line)
        else:
            self.beyond = True
        self.end_line = number


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
    if _OPENING.search(head):
        return True
    if _OVID.search(head):
        return False
    tags = {line.group().strip()[:2] for line in _TAG_LINE.finditer(head)}
    return (
        len(tags & _KNOWN) >= 3
        and bool(tags & _TELLING)
        and not re.search(r"^PMID ?-|^(?:OWN|FAU|LID|PMC ) ?-", head, re.MULTILINE)
    )


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each entry, a Problem for each odd thing, and a Passage for the rest, in the file's order."""
    number = 0
    for item in cut(content, _Cutter(), progress):
        if not isinstance(item, _Entry):
            yield item
            continue
        problems: list[Problem] = []
        record = _record(item, source=content.sha256, number=number + 1, problems=problems)
        if record is not None:
            number += 1
            yield record
        else:
            yield Passage(item.line, item.end_line, "stray")
        yield from problems


class _Cutter:
    """Takes lines one by one and gives entries as they end, with what stands between them."""

    plain, run = _PLAIN, _RUN

    def __init__(self) -> None:
        self.entry: _Entry | None = None
        self.outside = _Outside()
        self.style = (False, 2)  # blanks before the tag, how many between tag and hyphen: as in the last opening
        self.blank = False

    @property
    def may_begin(self) -> bool:
        return self.entry is None

    @property
    def may_run(self) -> bool:
        return self.entry is not None

    def take_whole(self, text: str, number: int, after: int) -> Iterator[_Entry | Problem | Passage]:
        """Take a plain entry, met when no other was open."""
        if self.outside.is_open:
            yield from self.outside.told()
        self.style = (False, 2)
        self.blank = False
        lines = text.split("\n")
        del lines[-2:]  # the end, and what stands after its line end
        bare = "".join(lines)
        tidy = "&" not in bare and bare.isprintable() and (bare.isascii() or is_normal(bare))
        entry = _Entry(
            number, after - 1, opened=True, fields=[(line[:2], number, [line[5:]]) for line in lines[:MOST_LINES]],
            database=self.outside.database, tidy=tidy and "  " not in text.replace("  -", "-"),
        )  # fmt: skip
        if len(lines) > MOST_LINES:
            entry.beyond = True
            yield from _closed(entry, missing=False, last=False)
        else:
            yield entry

    def take_run(self, text: str, number: int) -> int:
        """Take lines of plain tags that belong to the entry at hand."""
        if self.entry is not None:
            for line in text.split("\n")[:-1]:
                self.entry.add(line[:2], number, line[5:])
                number += 1
        self.blank = False
        return number

    def take(self, number: int, line: str) -> Iterator[_Entry | Problem | Passage]:
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
            self.entry = _Entry(number, number, opened=tag == "TY", database=self.outside.database)
            self.entry.add(tag, number, value)
        elif tag and self.entry:
            self.entry.add(tag, number, value)
        elif self.entry and not _NEXT_ENTRY.match(line):
            yield from self.entry.goes_on(number, line, after_blank=self.blank)
        else:
            yield from self._closed(missing=True)
            yield from self.outside.add(number, line)
        self.blank = not line or line.isspace()

    def take_problem(self, problem: Problem) -> Iterator[Problem]:
        """Pass a Problem of decoding on."""
        if problem.code != NO_LINE_END:
            yield problem

    def ended(self) -> Iterator[_Entry | Problem | Passage]:
        """Close what is open at the end of the file."""
        yield from self._closed(missing=True, last=True)
        yield from self.outside.told()

    def _closed(self, *, missing: bool = False, last: bool = False) -> Iterator[_Entry | Problem | Passage]:
        entry, self.entry = self.entry, None
        if entry:
            yield from _closed(entry, missing=missing, last=last)


def _split(line: str, style: tuple[bool, int]) -> tuple[str, str]:
    """Return (tag, value) of a tag line, or nothing and the line."""
    if line[2:5] == "  -":
        tag = line[:2]
        if tag in _KNOWN or _TAG.fullmatch(tag):
            return tag, line[5:]
    elif "-" not in line[1:24]:
        return "", line
    match = _LOOSE.match(line)
    if not match:
        return "", line
    lead, tag, gap, after, value = match.groups()
    spaced = bool(after) or not value
    if tag == "TY":
        sure = bool(_OPENING.match(line)) and (len(gap) > 0 or spaced or value.strip() in _TYPES)
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


def _closed(entry: _Entry, *, missing: bool, last: bool) -> Iterator[_Entry | Problem | Passage]:
    """Yield an entry with what is odd about its frame; or, when it is none, a Problem that holds its text."""
    telling = any(tag in _TELLING for tag, _, _ in entry.fields)
    if not entry.opened and not telling:
        text = " ".join(f"{tag} {' '.join(parts)}" for tag, _, parts in entry.fields)
        strategy = any(tag == "C1" for tag, _, _ in entry.fields)
        where = f"lines {entry.line} to {entry.end_line}"
        if strategy:
            yield Passage(entry.line, entry.end_line, "search-strategy", clean(text))
        else:
            yield Problem(entry.line, "ris-outside-entry", f"Tags outside every entry in {where}: {_quoted(text)}")
            yield Passage(entry.line, entry.end_line, "stray")
        return
    end_line = entry.end_line
    if entry.beyond:
        entry.end_line = entry.line + MOST_LINES - 1
    yield entry
    if entry.beyond:
        yield from beyond("ris", entry.line, end_line)
    if not entry.opened:
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


def _record(entry: _Entry, *, source: str, number: int, problems: list[Problem]) -> Record | None:
    """Turn an entry's tags into fields; tags that have none go to `extra`."""
    pairs = _pairs(entry)
    values: dict[str, list[str]] = {}
    for tag, value in pairs:
        if tag in values:
            values[tag].append(value)
        else:
            values[tag] = [value]
    ours = _own_notes(values)
    note = ours.get("record", [""])[-1]  # the last is the writer's
    kind = _kind(values)
    title, abstract = _title(values, kind), _abstract(values)
    if not entry.tidy or "<" in title or "<" in abstract:
        title, abstract = without_tags(title), without_tags(abstract)
    authors = _authors(pairs, values, entry, problems)
    year, date = _dates(values, entry, problems)
    journal, abbreviation = _journal(values, kind)
    keywords = unique(map(str.strip, ";".join(values.pop("KW", ())).split(";")))
    if all(tag == "TY" for tag, _ in pairs):
        text = f"The entry in lines {entry.line} to {entry.end_line} is empty."
        problems.append(Problem(entry.line, "ris-empty-entry", text, "Export this entry again."))
        return None
    if not title:
        problems.append(
            Problem(entry.line, "ris-no-title", f"The entry that begins in line {entry.line} has no title.")
        )
    doi = _doi(values, entry, problems)
    pmid, pmcid = _pubmed(values)
    issn, isbn = _serials(values)
    language, basis = _language(values, title, abstract)
    urls = unique(values.pop("UR", ()))
    accession = _first(values, "AN")
    database = _first(values, "DB") or entry.database
    notes = unique(values.pop("N1", ()))
    volume, issue = _first(values, "VL") or _first(values, "VO"), _first(values, "IS")
    pages = page_span(_first(values, "SP"), _first(values, "EP"))
    publisher = _first(values, "PB")
    short = values.get("ST")
    if short and same_text(short[0], title):
        del values["ST"]
    translations = _translations(values, ours)
    extra = tuple(left_over(pairs, values, note="N1", mark=_OWN_EXTRA)) if values or ours else ()
    record = Record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title, authors=authors,
        year=year, date=date, journal=journal, journal_abbreviation=abbreviation, volume=volume, issue=issue,
        pages=pages, publisher=publisher, issn=issn, isbn=isbn, doi=doi, pmid=pmid, pmcid=pmcid,
        registry_ids=tuple(ours["registry"]) if "registry" in ours
        else _registrations((title, abstract, accession, *urls), notes, extra),
        accession=accession, database=database, urls=urls, abstract=abstract, keywords=keywords, language=language,
        language_basis=basis, translations=translations, notes=notes, extra=extra,
    )  # fmt: skip
    return restored(record, note) if note else record


def _pairs(entry: _Entry) -> Pairs:
    """Return (tag, cleaned value) in the order met; empty values are dropped."""
    if entry.tidy:
        return [(tag, value) for tag, _, (one,) in entry.fields if (value := one.strip())]
    pairs: Pairs = []
    for tag, _, parts in entry.fields:
        if len(parts) == 1:
            values = [parts[0]]
        elif tag in _BY_LINE or (tag in {"AU", "A1"} and all("," in part for part in parts)):
            values = parts
        else:
            values = [" ".join(parts)]
        for value in values:
            tidy = clean(value)
            if tidy:
                pairs.append((tag, tidy))
    return pairs


def _first(values: dict[str, list[str]], tag: str) -> str:
    """Take the first value of a tag; any further ones stay and become extra."""
    found = values.get(tag)
    if not found:
        return ""
    first = found[0]
    rest = [value for value in found[1:] if value != first]
    if rest:
        values[tag] = rest
    else:
        del values[tag]
    return first


def _keep(values: dict[str, list[str]], tag: str, rest: list[str]) -> None:
    if rest:
        values[tag] = rest
    else:
        values.pop(tag, None)


def _kind(values: dict[str, list[str]]) -> str:
    """Return the CSL type. A TY that another type would be written with, or that is unknown, stays in extra."""
    said = values.get("TY", [""])[0]
    kind = _TYPES.get(said.upper(), _TYPE_WORDS.get(said.lower(), ""))
    if _WRITTEN_TYPES.get(kind) == said or not said:
        values.pop("TY", None)
    return kind


def _title(values: dict[str, list[str]], kind: str) -> str:
    order = ("TI", "T1", "CT") if kind == "chapter" else ("TI", "T1", "CT", "BT")
    title = ""
    for tag in order:
        if tag not in values:
            continue
        rest = [value for value in values.get(tag, ()) if not (title and same_text(value, title))]
        if rest and not title:
            title = rest[0]
            rest = [value for value in rest if not same_text(value, title)]
        _keep(values, tag, rest)
    return title


def _authors(pairs: Pairs, values: dict[str, list[str]], entry: _Entry, problems: list[Problem]) -> tuple[Name, ...]:
    first, second = values.pop("AU", None), values.pop("A1", None)
    given = first or second or []
    if first and second:
        given = [value for tag, value in pairs if tag in {"AU", "A1"}]
    names: list[Name] = []
    cut: list[str] = []
    plain = True
    for value in given:
        if len(value) < _ET_AL_LENGTH and value[0] in _ET_AL_SIGNS and _ET_AL.fullmatch(value.rstrip(",")):
            cut.append(value)
        elif ";" in value:
            names += [name_of(one) for one in value.split(";") if one.strip(" ,;")]
            plain = False
        elif value.strip(" ,"):
            names.append(name_of(value))
    if cut:
        values["AU"] = cut
        text = f"The list of authors of the entry in line {entry.line} ends in '{cut[0]}': some authors are missing."
        problems.append(Problem(entry.line, "ris-authors-cut", text))
    if plain and not (first and second) and len(names) == len(given) == len(set(given)):
        return tuple(names)  # nearly always: each name in a line of its own, and once
    return tuple(dict.fromkeys(names))


def _abstract(values: dict[str, list[str]]) -> str:
    """Join AB and N2: the longer text is the abstract; a differing one stays under its tag."""
    found = [(tag, value) for tag in ("AB", "N2") for value in values.pop(tag, ())]
    if not found:
        return ""
    best = max(found, key=lambda pair: len(pair[1]))
    for tag, value in found:
        if value != best[1] and not same_text(value, best[1]):
            values.setdefault(tag, []).append(value)
    return best[1]


def _dates(values: dict[str, list[str]], entry: _Entry, problems: list[Problem]) -> tuple[int | None, str]:
    """Return year and date. PY decides the year; Y1 and DA may only make it more precise."""
    date = ""
    for tag in ("PY", "Y1", "DA"):
        rest = []
        for value in values.get(tag, ()):
            found = iso_date(value)
            if not found and date and tag == "DA" and (month := month_of(value)):
                days = re.findall(r"\b\d{1,2}\b", value)
                found = iso_date(f"{date[:4]}-{month}" + (f"-{days[0]}" if len(days) == 1 else ""))
            if found and (not date or found.startswith(date)):
                date = found
            elif not found or not date.startswith(found):
                rest.append(value)
                if not found and tag != "DA":
                    text = f"{tag} holds '{value}', which is no date."
                    problems.append(Problem(entry.line, "ris-date", text, "Expected is a year or YYYY/MM/DD."))
        _keep(values, tag, rest)
    return (int(date[:4]) if date else None), date


def _journal(values: dict[str, list[str]], kind: str) -> tuple[str, str]:
    """Return the container's full and short title. A differing further title stays under its tag."""
    full_tags: tuple[str, ...] = ("JF", "T2", "JO", "JA", "J2", "J1")
    if kind == "chapter":
        full_tags = ("JF", "BT", *full_tags[1:])
    elif kind in {"book", "thesis", "report"}:
        full_tags = ("JF", *full_tags[2:])  # T2 names a series or a department there
    full = next((values[tag][0] for tag in full_tags if values.get(tag)), "")
    short = next(
        (value for tag in ("J2", "JA", "J1", "JO") for value in values.get(tag, ()) if not same_text(value, full)), ""
    )
    for tag in full_tags:
        if tag not in values:
            continue
        _keep(
            values,
            tag,
            [v for v in values.get(tag, ()) if not same_text(v, full) and not (short and same_text(v, short))],
        )
    return full, short


def _doi(values: dict[str, list[str]], entry: _Entry, problems: list[Problem]) -> str:
    """Return the DOI from its own tag, or from one where sources hide it. A list of cited works is no such place."""
    doi = ""
    for tag in ("DO", "DOI"):
        rest = []
        for value in values.get(tag, ()):
            found = normal_doi(value)
            doi = doi or found
            if not found:
                text = f"{tag} holds '{value}', which is no DOI."
                problems.append(Problem(entry.line, "ris-doi", text, "A DOI looks like 10.1234/abc."))
            if not found or found != doi:
                rest.append(value)
        _keep(values, tag, rest)
    for tag in ("UR", "L3", "M3", "N1", "U2", "AN", "L2", "LK"):
        if tag not in values:
            continue
        alone = [value for value in values[tag] if "10." in value and _DOI_ALONE.fullmatch(value)]
        for value in alone:
            found = normal_doi(value)
            doi = doi or found
            if found == doi and tag in {"L3", "M3", "N1", "U2"}:
                _keep(values, tag, [other for other in values.get(tag, ()) if other != value])
    return doi


def _pubmed(values: dict[str, list[str]]) -> tuple[str, str]:
    """Return PubMed and PMC numbers from the places where sources put them."""
    pmid = pmcid = ""
    for tag in ("PMID", "PMCID", "PMC"):
        for value in values.pop(tag, ()):
            pmcid = pmcid or normal_pmcid(value)
            pmid = pmid or ("" if tag != "PMID" else normal_pmid(value))
    notes = []
    for value in values.get("N1", ()):
        med, pmc = _NOTE_PMID.fullmatch(value), _NOTE_PMCID.fullmatch(value)
        if med and pmid in {"", med[1]}:
            pmid = med[1]
        elif pmc and pmcid in {"", pmc[1]}:
            pmcid = pmc[1]
        else:
            notes.append(value)
    _keep(values, "N1", notes)
    central = next((value for value in values.get("C2", ()) if re.fullmatch(r"PMC\d+", value)), "")
    if central and pmcid in {"", central}:
        pmcid = central
        _keep(values, "C2", [value for value in values["C2"] if value != central])
    if not pmid:
        medline = _MEDLINE.search(" ".join((*values.get("DB", ()), *values.get("DP", ()))))
        for value in (*values.get("AN", ()), *values.get("C3", ())):
            said = _PUBMED_SAYS.search(value)
            pmid = pmid or (said[1] if said else normal_pmid(value) if medline and value.isdigit() else "")
    if not pmid:
        found = next((m for value in values.get("UR", ()) if (m := _PUBMED_URL.search(value))), None)
        pmid = (found[1] or found[2]) if found else ""
    return pmid, pmcid


def _serials(values: dict[str, list[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return ISSNs and ISBNs; a value that holds neither stays."""
    issn: list[str] = []
    isbn: list[str] = []
    for tag in ("SN", "ISSN", "ISBN"):
        rest = []
        for value in values.get(tag, ()):
            serials, books = serial_numbers(value)
            isbn += books
            issn += serials
            if not books and not serials:
                rest.append(value)
        _keep(values, tag, rest)
    return unique(issn), unique(isbn)


def _language(values: dict[str, list[str]], title: str, abstract: str) -> tuple[str, LanguageBasis]:
    said = values.get("LA", [""])[0]
    code = language_code(said)
    if code:
        _first(values, "LA")
        return code, "stated"
    found = detect_language(f"{title} {abstract}")
    return found, "detected" if found else ""


def _registrations(texts: Iterable[str], notes: tuple[str, ...], extra: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Find trial registrations. Long notes and addresses of authors are left out: they cite or describe others."""
    short = [value for value in notes if len(value) < 300]
    short += [value for tag, value in extra if len(value) < 300 and tag not in {"AD", "A2", "ED"}]
    return find_registry_ids("\n".join((*texts, *short)))


def _own_notes(values: dict[str, list[str]]) -> dict[str, list[str]]:
    """Take out what our own writer put into notes: ``stromata.registry: NCT01234567``."""
    ours: dict[str, list[str]] = {}
    notes = []
    for note in values.get("N1", ()):
        name, colon, value = note.partition(": ")
        if name.startswith(_OURS) and colon:
            ours.setdefault(name.removeprefix(_OURS), []).append(value)
        else:
            notes.append(note)
    _keep(values, "N1", notes)
    return ours


def _translations(values: dict[str, list[str]], ours: dict[str, list[str]]) -> tuple[Translation, ...]:
    found: list[Translation] = []
    for value in ours.get("translation", ()):
        try:
            data = json.loads(value)
            found.append(
                Translation(
                    language=clean(str(data["language"])),
                    title=clean(str(data.get("title", ""))),
                    abstract=clean(str(data.get("abstract", ""))),
                    machine=bool(data.get("machine", False)),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # a note that only looks like ours; its text was kept by whoever changed it
    return tuple(found) or tuple(
        Translation(language=detect_language(value) or "und", title=value) for value in values.pop("TT", ())
    )


def write(records: Iterable[Record], stream: TextIO) -> None:
    """Write records as strict RIS: two blanks, one value to a line, UTF-8 when the stream is.

    What RIS has no tag for (PubMed numbers, registrations, translations, tags of other formats) goes to notes (N1)
    from which `read` takes it back; so does what would not come back as it was (see `own.lossless`).
    """
    stream.writelines(lossless(records, write=_entry, add=_noted, read=_read_back))


def _entry(record: Record) -> str:
    return "".join((*(f"{tag}  - {value}\n" for tag, value in _written(record)), _END))


def _noted(entry: str, note: str) -> str:
    return f"{entry.removesuffix(_END)}N1  - {NOTE}: {note}\n{_END}"


def _read_back(content: Content) -> Iterator[Record | Problem | Passage]:
    return read(content, progress=silent)


_END = "ER  - \n\n"


def _written(record: Record) -> Iterator[tuple[str, str]]:
    extra = list(record.extra)
    said = next((value for tag, value in extra if tag == "TY"), "")
    usable = said if _OPENING.fullmatch(f"TY  - {said}") else ""
    yield "TY", usable or _WRITTEN_TYPES.get(record.type, "GEN")
    single = (("TI", record.title), ("PY", f"{record.year}" if record.year is not None else record.date[:4]))
    yield from (pair for pair in single[:1] if pair[1])
    for name in record.authors:
        yield "AU", written_name(name)
    yield from (pair for pair in single[1:] if pair[1])
    if len(record.date) > 4:
        yield "DA", record.date.replace("-", "/")
    first, dash, last = record.pages.partition("-")
    split = bool(dash) and "-" not in last
    fields = (
        ("JF", record.journal),
        ("JA", record.journal_abbreviation),
        ("VL", record.volume),
        ("IS", record.issue),
        ("SP", first if split else record.pages),
        ("EP", last if split else ""),
        ("PB", record.publisher),
        *(("SN", number) for number in (*record.issn, *record.isbn)),
        ("DO", record.doi),
        ("AN", record.accession),
        ("DB", record.database),
        *(("UR", url) for url in record.urls),
        ("LA", record.language if record.language_basis == "stated" else ""),
        ("AB", record.abstract),
        *(("KW", word) for word in record.keywords),
        *(("N1", note) for note in record.notes),
        ("N1", f"PMID: {record.pmid}" if record.pmid else ""),
        ("N1", f"PMCID: {record.pmcid}" if record.pmcid else ""),
        *(("N1", f"{_OURS}registry: {number}") for number in record.registry_ids),
        *(("N1", f"{_OURS}translation: {_as_json(one)}") for one in record.translations if one.title or one.abstract),
    )
    yield from (pair for pair in fields if pair[1])
    for tag, value in extra:
        if (tag, value) != ("TY", usable) and value:
            yield (
                (tag, value)
                if _TAG.fullmatch(tag) and tag not in {"TY", "ER"}
                else ("N1", f"{_OWN_EXTRA}{tag}={value}")
            )


def _as_json(translation: Translation) -> str:
    data: dict[str, str | bool] = {"language": translation.language}
    if translation.title:
        data["title"] = translation.title
    if translation.abstract:
        data["abstract"] = translation.abstract
    if translation.machine:
        data["machine"] = True
    return json.dumps(data, ensure_ascii=False)

"""MEDLINE text as PubMed exports it (nbib): tags of up to four letters, a hyphen, continuation by six blanks.

Tags are those of https://www.nlm.nih.gov/bsd/mms/medlineelements.html. Tags without a field here go to `Record.extra`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TextIO

from stromata.formats.content import NO_LINE_END, Content, Passage
from stromata.formats.language import detect_language, language_code, medline_language
from stromata.formats.new_record import new_record
from stromata.formats.own import NOTE, astray, lossless, restored
from stromata.formats.tag_lines import Entry, Pairs, cut, left_over, told_empty
from stromata.formats.text import (
    clean,
    is_normal,
    iso_date,
    name_of,
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
    registry_of,
)
from stromata.progress import Progress, silent

_LINE = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,3}- ?(.*)", re.DOTALL)
_PLAIN = re.compile(r"PMID- [0-9]+ *\n(?:(?!PMID)[A-Z][A-Z0-9]{1,3} {0,2}- ?[^\n]*\n(?: [^\n]*\n)*+)++\n")
"""An entry as PubMed writes it, up to its blank line. It is cut in one go; others line by line."""
_FIELD = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}- ?([^\n]*(?:\n [^\n]*)*+)\n")
_RUN = re.compile(r"(?:(?!PMID)[A-Z][A-Z0-9]{1,3} {0,2}- ?[^\n]*\n)++")
_EMPTY = re.compile(
    r"(?:(?:PMID|PMC |OWN |STAT|TI  )- *\n(?:(?!PMID)[A-Z][A-Z0-9]{1,3} {0,2}- *\n)*+(?:\n++|(?=PMID)|\Z)){2,}+"
    r"(?=PMID|\Z)"
)
"""Entries in a row of which none says anything."""
_FLOW = re.compile(r"(?:[ \t]++[^\s][^\n]*\n)++")
_BRACKETED = re.compile(r"\[(.+)\]\.?")
_DATE_TAGS = frozenset(("DP", "DEP"))
_DOI_TAGS = frozenset(("LID", "AID", "DOI", "SO"))
_SERIAL_TAGS = frozenset(("IS", "ISSN", "ISBN"))
_WORD_TAGS = frozenset(("MH", "OT"))
_OPENERS = frozenset(("PMID", "PMC", "OWN", "STAT", "TI"))
"""Tags that begin an entry when a blank line stands before them."""

_MARKS = re.compile(
    r"^(?:PMID ?- ?\d|PMC ?- ?PMC\d"
    r"|(?:OWN|FAU|LID|AID|OID|DCOM|STAT|EDAT|MHDA|CRDT|PHST|PST|SB) ?- )",
    re.MULTILINE,
)
_TAG_LINE = re.compile(r"^([A-Z]{2,4}) {0,2}- ", re.MULTILINE)
_COMMON = frozenset(
    ("TI", "AB", "FAU", "JT", "TA", "DP", "PT", "MH", "AID", "LID", "VI", "PG", "PL", "LA", "FED", "CON")
)
"""Tags of which four kinds together make MEDLINE text, where an entry has lost its number."""

_TYPES = {
    "journal article": "article-journal", "review": "article-journal", "letter": "article-journal",
    "editorial": "article-journal", "comment": "article-journal", "case reports": "article-journal",
    "book": "book", "book chapter": "chapter", "preprint": "article", "dataset": "dataset",
    "technical report": "report", "academic dissertation": "thesis", "congress": "paper-conference",
}  # fmt: skip
_WRITTEN_TYPES = {
    "article-journal": "Journal Article", "book": "Book", "chapter": "Book Chapter", "article": "Preprint",
    "dataset": "Dataset", "thesis": "Academic Dissertation", "report": "Technical Report",
    "paper-conference": "Congress",
}  # fmt: skip
_STRAY = 10_000
"""Characters of stray lines that are held until they are told."""

_WIDTH = 88
"""Characters of a line in PubMed's own files."""

_OURS = "stromata"
"""The owner (OWN) of entries that we write without a PubMed number: an entry begins with a tag that opens one."""

_OWN_EXTRA = f"{_OURS}.extra: "
_NOTE = f"{NOTE}: "

_UNWRITTEN = frozenset(
    ("PMID", "TI", "BTI", "AB", "JT", "TA", "VI", "IP", "PG", "DP", "DOI", "PMC", "ISSN", "ISBN", "LA", "TT", "OAB",
     "OABL", "MH", "OT", "PB", "GN", "AU", "FAU", "CN",
     "TY", "ER")
)  # fmt: skip
"""Tags that reading gives a field of their own, and RIS's frame: extra of such a name is not written as it stands."""

_DATED = frozenset(("EDAT", "MHDA", "CRDT", "PHST"))
"""Dates that PubMed itself adds, in the last lines of an entry."""


@dataclass(slots=True)
class _Whole:
    """What the entries before the last one have in common, to tell whether the last one is cut off.

    shared : tags that all of them have.
    closing : the tag that ends all of them; empty where they end in different ones.
    entries : how many there are.
    """

    shared: set[str] = field(default_factory=set)
    closing: str = ""
    entries: int = 0

    def add(self, entry: Entry) -> None:
        tags = {tag for tag, _ in entry.fields}
        closing = entry.fields[-1][0]
        self.shared = self.shared & tags if self.entries else tags
        self.closing = closing if closing == self.closing or not self.entries else ""
        self.entries += 1

    def told(self, last: Entry) -> Iterator[Problem]:
        """Yield a Problem when the last entry, whose last line has no line end, looks cut off.

        A file written by hand may lack its last line end too, so the entry must lack more: SO, which ends each entry
        of PubMed, or the tag that ends all of two or more other entries and at least two more tags that all of them
        have. An entry that stands alone counts as PubMed's when it has OWN and STAT; without SO it is cut when it
        lacks the journal too, or has the dates that PubMed writes just before SO.
        """
        tags = {tag for tag, _ in last.fields}
        if self.closing == "SO":
            cut = "SO" not in tags
        elif self.entries:
            missing = self.shared - tags
            cut = self.entries > 1 and self.closing in missing and len(missing) >= 3
        else:
            cut = {"OWN", "STAT"} <= tags and "SO" not in tags and bool(tags & _DATED or not tags & {"JT", "TA"})
        if cut:
            yield Problem(
                last.end_line,
                "nbib-cut",
                f"The file ends in the middle of the last entry, which begins in line {last.line}: it has no line end "
                f"and no {self.closing or 'SO'}, with which an entry ends. What there is was read.",
                "Compare the number of records with what the database reported, and export again.",
            )


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like MEDLINE text."""
    if _MARKS.search(head):
        return True
    if re.search(r"^[^\S\n]*+(?:<\s*\d+\s*\.?\s*>[^\S\n]*$|VN {1,2}- )", head, re.MULTILINE):
        return False  # Ovid's own tagged text shares tags but means other things by them
    return len(_COMMON & {line[1] for line in _TAG_LINE.finditer(head)}) >= 4


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each entry, a Problem for each odd thing, and a Passage for the rest, in the file's order."""
    number = 0
    whole = _Whole()
    entry: Entry | None = None
    for item in cut(content, _Cutter(), progress):
        if not isinstance(item, Entry):
            if isinstance(item, Problem) and item.code == NO_LINE_END:
                yield from whole.told(entry) if entry else ()
            else:
                yield item
            continue
        if entry:
            whole.add(entry)
        entry = item
        problems: list[Problem] = []
        record = _record(item, source=content.sha256, number=number + 1, problems=problems)
        if record is not None:
            number += 1
            yield record
        else:
            yield Passage(item.line, item.end_line, "stray")
        yield from problems


class _Cutter:
    """Takes lines one by one and gives entries as they end: at PMID, and at a tag that opens one after blank lines."""

    plain, run, empty, flow = _PLAIN, _RUN, _EMPTY, _FLOW

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.numbered = False  # whether the entry at hand has its number
        self.unended: Problem | None = None
        self.blank = True
        self.stray: list[str] = []
        self.strays = (0, 0, 0)  # first line, last line, characters held

    @property
    def may_begin(self) -> bool:
        return self.blank

    @property
    def may_run(self) -> bool:
        return self.entry is not None and not self.blank

    @property
    def may_flow(self) -> bool:
        """Whether indented lines here go on with a value."""
        return self.entry is not None

    def take_whole(self, text: str, number: int, after: int) -> Iterator[Entry | Problem | Passage]:
        """Take an entry of PubMed with the blank line after it; what follows may still belong to it."""
        yield from self._turned()
        tidy = "&" not in text and text.replace("\n", "").isprintable() and (text.isascii() or is_normal(text))
        fields = [(tag, value.split("\n")) for tag, value in _FIELD.findall(text)]
        self.entry = Entry(number, after - 2, fields, tidy=tidy)
        self.entry.shorten()
        self.numbered = self.blank = True

    def take_run(self, text: str, number: int) -> int:
        """Take lines of tags that belong to the entry at hand."""
        if self.entry is not None:
            for tag, value in _FIELD.findall(text):
                self.entry.add(tag, value, number)
                number += 1
        return number

    def take_empty(self, text: str, number: int) -> Iterator[Entry | Problem | Passage]:
        """Take entries that say nothing."""
        yield from self._turned()
        lines = text.rstrip("\n").split("\n")
        many = sum(bool(line) and (line.startswith("PMID") or not before) for before, line in pairwise(["", *lines]))
        self.numbered, self.blank = False, text.endswith("\n\n")
        yield from told_empty("nbib", number, number + len(lines) - 1, many)

    def take_flow(self, text: str, number: int) -> int:
        """Take lines that go on with the last value."""
        lines = text.split("\n")
        del lines[-1]
        if self.entry is not None:
            self.entry.go_on(lines, number)
        self.blank = False
        return number + len(lines)

    def take(self, number: int, line: str) -> Iterator[Entry | Problem | Passage]:
        """Take the next line."""
        entry = self.entry
        match = _LINE.match(line)
        if match:
            tag, value = match.groups()
            if entry is None or (self.blank and tag in _OPENERS) or (tag == "PMID" and self.numbered):
                yield from self._turned()
                self.entry = entry = Entry(number, number)
                self.numbered = False
            entry.add(tag, value, number)
            self.numbered = self.numbered or tag == "PMID"
            self.blank = False
        elif not line or line.isspace():
            self.blank = True
        elif entry and line[0].isspace():
            entry.goes_on(line, number)
            self.blank = False
        else:
            first, last, held = self.strays
            if first and last != number - 1:
                yield from self._told()
                first = held = 0
            if held < _STRAY:
                self.stray.append(line)
            self.strays = first or number, number, held + len(line)

    def take_problem(self, problem: Problem) -> Iterator[Problem]:
        """Pass a Problem of decoding on; that the last line has no end is told after its entry."""
        if problem.code == NO_LINE_END:
            self.unended = problem
        else:
            yield problem

    def ended(self) -> Iterator[Entry | Problem | Passage]:
        """Close what is open at the end of the file."""
        yield from self._turned()
        if self.unended is not None and not self.blank:
            yield self.unended

    def _turned(self) -> Iterator[Entry | Problem | Passage]:
        """Hand on the entry at hand, and the stray lines in or behind it."""
        entry, self.entry = self.entry, None
        if entry:
            yield from entry.handed_on("nbib")
        yield from self._told()

    def _told(self) -> Iterator[Problem | Passage]:
        first, last, _ = self.strays
        if first:
            where = "This line has" if first == last else f"Lines {first} to {last} have"
            text = f"{where} neither a tag nor the blanks of a continuation: {clean(' '.join(self.stray))[:2000]}"
            yield Problem(first, "nbib-stray-line", text, "Indent it by six blanks if it belongs to the line above.")
            yield Passage(first, last, "stray")
        self.stray, self.strays = [], (0, 0, 0)


def _record(entry: Entry, *, source: str, number: int, problems: list[Problem]) -> Record | None:
    """Turn an entry's tags into fields; tags that have none go to `extra`."""
    pairs, note = _own(_pairs(entry))
    problems += astray(pairs, place="GN", line=entry.line, form="nbib")
    values: dict[str, list[str]] = {}
    for tag, value in pairs:
        if tag in values:
            values[tag].append(value)
        else:
            values[tag] = [value]
    authors = _authors(pairs)
    for tag in ("AU", "FAU", "CN"):
        values.pop(tag, None)
    title = without_tags(_take(values, "TI"))
    if not title:
        title = without_tags(_take(values, "BTI"))
    abstract = without_tags(_longest(values, "AB"))
    journal, short = _take(values, "JT"), _take(values, "TA")
    pmid = _number(values, "PMID", normal_pmid)
    if not (title or authors or abstract or pmid or note):
        text = f"The entry in lines {entry.line} to {entry.end_line} says nothing of a publication."
        problems.append(Problem(entry.line, "nbib-empty-entry", text, "Export this entry again."))
        return None
    if not title:
        problems.append(
            Problem(entry.line, "nbib-no-title", f"The entry that begins in line {entry.line} has no title.")
        )
    kind, values["PT"] = kind_of(values.pop("PT", []), journal=bool(journal or short))
    # What each of these looks for stands under tags of its own: an entry without them costs nothing.
    date = "" if _DATE_TAGS.isdisjoint(values) else _date(values, entry, problems)
    doi = "" if _DOI_TAGS.isdisjoint(values) else _doi(values)
    pmcid = _number(values, "PMC", normal_pmcid)
    issn, isbn = ((), ()) if _SERIAL_TAGS.isdisjoint(values) else _serials(values)
    language, basis = _language(values, title, abstract)
    title, translations = _translations(values, title, language)
    registered = _registered(values) if "SI" in values else ()
    keywords = () if _WORD_TAGS.isdisjoint(values) else unique((*values.pop("MH", ()), *values.pop("OT", ())))
    fields = {name: _take(values, tag) for name, tag in (("volume", "VI"), ("issue", "IP"), ("pages", "PG"))}
    publisher = _take(values, "PB")
    noted = values.pop("GN", ())
    notes = unique(value for value in noted if not value.startswith(_OWN_EXTRA)) if noted else ()
    left = noted or any(values.values())
    record = new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title, authors=authors,
        year=int(date[:4]) if date else None, date=date, journal=journal or short,
        journal_abbreviation=short if journal else "", volume=fields["volume"], issue=fields["issue"],
        pages=fields["pages"], publisher=publisher, issn=issn, isbn=isbn, doi=doi, pmid=pmid, pmcid=pmcid,
        registry_ids=unique((*registered, *find_registry_ids(f"{title}\n{abstract}"))) if title or abstract
        else registered, abstract=abstract,
        keywords=keywords, language=language, language_basis=basis, translations=translations, notes=notes,
        extra=tuple(left_over(pairs, values, note="GN", mark=_OWN_EXTRA)) if left else (),
    )  # fmt: skip
    return restored(record, note, form="nbib", problems=problems)


def _own(pairs: Pairs) -> tuple[Pairs, str]:
    """Take out what our own writer put in: that the entry is ours, and the note that makes it whole, if any."""
    if not any(value.startswith(_OURS) for tag, value in pairs if tag in {"OWN", "GN"}):
        return pairs, ""
    notes = [value.removeprefix(_NOTE) for tag, value in pairs if tag == "GN" and value.startswith(_NOTE)]
    rest = [
        (tag, value)
        for tag, value in pairs
        if (tag, value) != ("OWN", _OURS) and not (tag == "GN" and value.startswith(_NOTE))
    ]
    return rest, notes[-1] if notes else ""  # the last is the writer's


def _pairs(entry: Entry) -> Pairs:
    """Return (tag, cleaned value) in the order met; empty values are dropped."""
    joined = [(tag, " ".join(parts) if len(parts) > 1 else parts[0]) for tag, parts in entry.fields]
    if entry.tidy:
        return [
            (tag, tidy)
            for tag, value in joined
            if (tidy := " ".join(value.split()) if "  " in value else value.strip())
        ]
    return [(tag, tidy) for tag, value in joined if (tidy := clean(value))]


def _take(values: dict[str, list[str]], tag: str) -> str:
    """Take the first value of a tag; any further ones stay and become extra."""
    found = values.pop(tag, None)
    if not found:
        return ""
    if len(found) > 1:
        values[tag] = found[1:]
    return found[0]


def _number(values: dict[str, list[str]], tag: str, normal: Callable[[str], str]) -> str:
    """Take the first value of a tag as the number it should hold; one that is none stays."""
    number = normal(values[tag][0]) if values.get(tag) else ""
    if number:
        _take(values, tag)
    return number


def _longest(values: dict[str, list[str]], tag: str) -> str:
    found = values.pop(tag, [])
    best = max(found, key=len, default="")
    if len(found) > 1:
        values[tag] = [value for value in found if value != best]
    return best


def _authors(pairs: Pairs) -> tuple[Name, ...]:
    """Return the authors in order.

    MEDLINE gives each author twice: FAU (Smith, John) and, right after it, AU (Smith J), which then adds nothing. Two
    equal names under FAU are two persons; under AU and CN, which are written by hand too, the second adds nothing.
    """
    names: list[Name] = []
    met: set[Name] = set()
    full = False
    for tag, value in pairs:
        if tag == "FAU" or (tag == "AU" and not full) or tag == "CN":
            name = Name(literal=value) if tag == "CN" else name_of(value)
            if tag == "FAU" or name not in met:
                names.append(name)
                met.add(name)
        full = tag == "FAU" or (full and tag not in {"AU", "FAU"})
    return tuple(names)


def kind_of(said: list[str], *, journal: bool) -> tuple[str, list[str]]:
    """Return the CSL type of a list of publication types, and those that must be kept beside it."""
    kinds = [_TYPES[value.lower()] for value in said if value.lower() in _TYPES]
    kind = next((one for one in kinds if one != "article-journal"), kinds[0] if kinds else "")
    kind = kind or ("article-journal" if journal else "")
    return kind, [value for value in said if _WRITTEN_TYPES.get(kind) != value]


def _date(values: dict[str, list[str]], entry: Entry, problems: list[Problem]) -> str:
    said = values.get("DP", [""])[0]
    date = iso_date(said)
    if said and not date:
        text = f"DP holds '{said}', which is no date."
        problems.append(Problem(entry.line, "nbib-date", text, "Expected is a date such as 2024 Jun 23."))
        return ""
    _take(values, "DP")
    electronic = iso_date(values.get("DEP", [""])[0])
    if not date and electronic:
        _take(values, "DEP")
        date = electronic
    return date


def _doi(values: dict[str, list[str]]) -> str:
    """Return the DOI from LID or AID; other article identifiers (pii and so on) stay."""
    doi = ""
    for tag in ("LID", "AID", "DOI", "SO"):
        rest = []
        for value in values.get(tag, ()):
            marked = "[doi]" in value or tag == "DOI" or (value.lower().startswith(("doi", "http")) and tag != "SO")
            found = normal_doi(value.replace("[doi]", " ")) if marked or (tag == "SO" and "doi:" in value) else ""
            doi = doi or found
            if not found or found != doi or tag == "SO":
                rest.append(value)
        if tag in values:
            values[tag] = rest
    return doi


def _serials(values: dict[str, list[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    issn: list[str] = []
    isbn: list[str] = []
    for tag in ("IS", "ISSN", "ISBN"):
        rest = []
        for value in values.get(tag, ()):
            serials, books = serial_numbers(value)
            isbn += books
            issn += serials
            if not books and not serials:
                rest.append(value)
        if tag in values:
            values[tag] = rest
    return unique(issn), unique(isbn)


def _language(values: dict[str, list[str]], title: str, abstract: str) -> tuple[str, LanguageBasis]:
    code = language_code(values["LA"][0]) if "LA" in values else ""
    if code:
        _take(values, "LA")
        return code, "stated"
    found = detect_language(f"{title} {abstract}")
    return found, "detected" if found else ""


def _translations(values: dict[str, list[str]], title: str, language: str) -> tuple[str, tuple[Translation, ...]]:
    """Return the title without the brackets that mark it as translated, and what there is in other languages.

    The National Library of Medicine brackets an English title that it translated; TT then holds the original.
    """
    found: list[Translation] = []
    inner = _BRACKETED.fullmatch(title) if title.startswith("[") else None
    if inner and language not in {"", "en"}:
        title = inner[1]
        found.append(Translation(language=language, title=_take(values, "TT")))
    abstract = values["OAB"][0] if "OAB" in values else ""
    code = language_code(values.get("OABL", [""])[0]) if abstract else ""
    if code:
        _take(values, "OAB")
        _take(values, "OABL")
        if found and found[0].language == code:
            found[0] = Translation(language=code, title=found[0].title, abstract=abstract)
        else:
            found.append(Translation(language=code, abstract=abstract))
    return title, tuple(found)


def _registered(values: dict[str, list[str]]) -> tuple[str, ...]:
    """Take the trial registrations out of SI; accession numbers of sequence databases stay."""
    found: list[str] = []
    rest = []
    for value in values.get("SI", ()):
        numbers = find_registry_ids(value)
        found += numbers
        if not numbers:
            rest.append(value)
    if "SI" in values:
        values["SI"] = rest
    return unique(found)


def write(records: Iterable[Record], stream: TextIO) -> None:
    """Write records as MEDLINE text, lines wrapped as PubMed wraps them, a blank line after each record.

    Tags of other formats are written when they have two to four letters. What has no place in this format (accession
    numbers, databases, addresses, types of work that MEDLINE does not know) goes to general notes (GN) that begin with
    ``stromata.``, from which `read` takes it back.
    """
    stream.writelines(lossless(records, write=_entry, add=_noted, read=_read_back))


def _entry(record: Record) -> str:
    return "".join(_folded(tag, value) for tag, value in _written(record)) + "\n"


def _noted(entry: str, note: str) -> str:
    return entry.removesuffix("\n") + _folded("GN", _NOTE + note) + "\n"


def _read_back(content: Content) -> Iterator[Record | Problem | Passage]:
    return read(content, progress=silent)


def _written(record: Record) -> Iterator[tuple[str, str]]:
    original = next((one for one in record.translations if one.language == record.language), None)
    bracketed = original is not None and record.language not in {"", "en"} and record.language_basis == "stated"
    other = next((one for one in record.translations if one.abstract), None)
    fields = (
        ("PMID", normal_pmid(record.pmid)),
        *(("IS", f"{number} (Electronic)") for number in record.issn),
        *(("ISBN", number) for number in record.isbn),
        ("VI", record.volume),
        ("IP", record.issue),
        ("DP", _medline_date(record)),
        ("TI", f"[{record.title}]" if bracketed and record.title else record.title),
        ("PG", record.pages),
        *((tag, f"{record.doi} [doi]" if record.doi else "") for tag in ("LID", "AID")),  # PubMed gives both
        ("AB", record.abstract),
        ("OAB", other.abstract if other else ""),
        ("OABL", medline_language(other.language) if other else ""),
        *(pair for name in record.authors for pair in _written_author(name)),
        ("LA", medline_language(record.language) if record.language_basis == "stated" else ""),
        *(("SI", f"{registry_of(number)}/{number}") for number in record.registry_ids),
        ("PT", _WRITTEN_TYPES.get(record.type, "")),
        ("TT", original.title if bracketed and original else ""),
        ("PB", record.publisher),
        ("TA", record.journal_abbreviation),
        ("JT", record.journal),
        *(("OT", word) for word in record.keywords),
        ("PMC", record.pmcid),
        *(("GN", note) for note in record.notes),
        *(
            (tag, value)
            if _WRITTEN_TAG.fullmatch(tag) and tag not in _UNWRITTEN
            else ("GN", f"{_OWN_EXTRA}{tag}={value}")
            for tag, value in record.extra
            if value
        ),
    )
    if not normal_pmid(record.pmid):
        yield "OWN", _OURS
    yield from (pair for pair in fields if pair[1])


_WRITTEN_TAG = re.compile("[A-Z][A-Z0-9]{1,3}")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _medline_date(record: Record) -> str:
    if not record.date:
        return str(record.year) if record.year is not None else ""
    year, *rest = record.date.split("-")
    return " ".join((year, *(_MONTHS[int(rest[0]) - 1] for _ in rest[:1]), *(str(int(day)) for day in rest[1:])))


def _written_author(name: Name) -> Iterator[tuple[str, str]]:
    if name.literal:
        yield "CN", name.literal
        return
    yield "FAU", written_name(name)
    initials = "".join(part[0].upper() for part in re.split(r"[\s.-]+", name.given) if part)
    yield "AU", " ".join(part for part in (name.family, initials, name.suffix) if part)


def _folded(tag: str, value: str) -> str:
    """Wrap one value: words are kept whole."""
    lines: list[str] = []
    line = f"{tag:<4}-"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > _WIDTH and len(line) > 6:
            lines.append(line)
            line = "     "
        line += f" {word}"
    return "\n".join((*lines, line)) + "\n"

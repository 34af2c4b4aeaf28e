"""From the cells of one row, under headings that are known, to a Record: used by every kind of table.

What a spreadsheet program damaged (``#NAME?``, pages that became dates, numbers written as 2.02E+03) is told and kept
in `extra`; nothing is guessed back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeGuard

from stromata.formats import authors
from stromata.formats.columns import OWN, Columns, csl_type, is_database, is_joined
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.text import clean, iso_date, name_of, page_span, same_text, tidy, unique, without_tags
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import find_isbns, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.sheets import unguarded

SAMPLE_ROWS = 200
"""Rows from which the habits of a column are found out."""

SHOWN = 50
"""Problems of one code that are told one by one."""

_ONCE = frozenset(("table-authors-joined",))
"""Codes of what holds for a whole column: told for its first row, then counted."""

_ERRORS = re.compile(r"#(?:NAME\?|VALUE!|REF!|N/A|DIV/0!|NUM!|NULL!|SPILL!|CALC!|名称？|值！)|#{4,}")
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DATE_CELL = re.compile(
    rf"\d{{1,2}}-(?:{_MONTH})(?:-\d\d(?:\d\d)?)?|(?:{_MONTH})-\d\d"
    r"|\d{4}-\d\d-\d\d(?:[ T]00:00(?::00)?)?|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}月\d{1,2}日",
    re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}", re.IGNORECASE)
_WHOLE = re.compile(r"(\d+)\.0+")
_MISSING = frozenset(("NA", "NaN", "nan", "None", "NULL", "null", "N/A", "n/a", "<NA>", "-", "--"))
_PLACEHOLDER = re.compile(r"\[?no (?:abstract|author|title|authors?)\b[^\]]{0,40}available\]?\.?", re.IGNORECASE)
_FORMULA_LINK = re.compile(
    r"=\s*HYPERLINK\(\s*\"((?:[^\"]|\"\")*)\"\s*(?:[,;]\s*\"((?:[^\"]|\"\")*)\"\s*)?\)", re.IGNORECASE
)
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')
_PAGE_FIELDS = frozenset(("pages", "start_page", "end_page", "volume", "issue", "article_number"))
_NUMERIC = frozenset((*_PAGE_FIELDS, "year", "pmid", "doi", "pmcid", "issn", "isbn", "accession"))
_REGISTERS = frozenset(("ClinicalTrials.gov", "WHO ICTRP"))
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_URL = re.compile(r"https?://[^\s;|<>\"]+", re.IGNORECASE)
_BETWEEN_URLS = re.compile(r"\s*[;|,]\s*(?=https?://|www\.)|\s+|;$", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:grand )?(?:total|sum|count)(?: (?:number )?(?:of )?(?:records|references|results|articles|rows))?\s*"
    r"[:=]?\s*\d*"
    r"|(?:合计|总计|共计)\s*[:：]?\s*\d*",
    re.IGNORECASE,
)

_PUBMED_CITATION = re.compile(
    r"(?P<journal>[^;]+?)\.\s(?P<date>\d{4}(?:[ -][^;:.]{1,20})?)"
    r"(?:;(?P<volume>[^;:()]{0,30})(?:\((?P<issue>[^)]{1,30})\))?(?::(?P<pages>[^.;:]{1,40}))?)?\.(?:\s.*)?",
    re.DOTALL,
)
_EMBASE_CITATION = re.compile(
    r"(?P<journal>.+?)\s\((?P<year>\d{4})\)(?:\s(?P<volume>[^\s:]{1,20})(?::(?P<issue>[^\s(]{1,20}))?)?"
    r"(?:\s\((?P<pages>[^)]{1,40})\))?(?:\s?[A-Z].*)?\.?(?:\s?Date of Publication:\s?(?P<date>.{4,30}?))?\.?"
)

_PEOPLE = frozenset(("authors", "group_authors"))
_DATES = frozenset(("year", "date", "month", "day"))
_PAGES = frozenset(("pages", "start_page", "end_page", "article_number"))
_SERIALS = frozenset(("issn", "isbn"))
_NUMBERS = frozenset(("pmid", "pmcid"))

Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class Tally:
    """Problems that come row after row: the first of a code are told, then they are counted."""

    seen: dict[str, int] = field(default_factory=dict)
    last: dict[str, Problem] = field(default_factory=dict)

    def tell(self, problem: Problem) -> Iterator[Problem]:
        """Yield a problem unless many of its code were told."""
        self.seen[problem.code] = self.seen.get(problem.code, 0) + 1
        self.last[problem.code] = problem
        if self.seen[problem.code] <= (1 if problem.code in _ONCE else SHOWN):
            yield problem

    def rest(self) -> Iterator[Problem]:
        """Yield one problem for each code of which some were not told."""
        for code, count in self.seen.items():
            shown = 1 if code in _ONCE else SHOWN
            if count > shown:
                last = self.last[code]
                text = f"The same holds for {count - shown} more rows, the last in line {last.line}."
                yield Problem(last.line, code, text, last.hint, last.column)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    line, end_line : the lines it covers.
    cells : as they stand.
    links : addresses that stand behind cells.
    surplus : cells that belong to no heading: (column from 0, text).
    """

    line: int
    end_line: int
    cells: Sequence[str]
    links: tuple[str, ...] = ()
    surplus: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Habits:
    """What the first rows of a table told about its columns."""

    authors: tuple[authors.Habit, ...]  # one to a column; of others than authors it means nothing
    separators: tuple[str, ...]  # of lists, one to a column
    source_is_database: bool = False


def habits_of(columns: Columns, rows: Sequence[Row]) -> Habits:
    """Find out how the columns of a table write their authors and lists, from its first rows."""
    names: list[authors.Habit] = []
    separators: list[str] = []
    named = False
    for place, field_ in enumerate(columns.fields):
        cells = [row.cells[place] for row in rows if place < len(row.cells) and row.cells[place].strip()]
        is_author = field_ in {"authors", "group_authors"}
        names.append(authors.habit_of(cells, names=columns.dialect.names) if is_author else _NO_HABIT)
        separators.append(_list_separator(cells) if is_joined(field_) else "")
        if field_ == "journal" and columns.headings[place].casefold() == "source":
            named = bool(cells) and all(is_database(cell) for cell in cells)
    return Habits(authors=tuple(names), separators=tuple(separators), source_is_database=named)


_NO_HABIT = authors.Habit("none")


def _list_separator(cells: Sequence[str]) -> str:
    joined = "\x00".join(cells)
    return next((sign for sign in (";", "|", "；", "、", "\n", "，") if sign in joined), ",")


def read_row(
    row: Row, columns: Columns, habits: Habits, *, source: str, number: int, fallback_database: str = ""
) -> tuple[Record | None, list[Problem]]:
    """Turn a row into a Record and what was odd about it; None when it says nothing of a publication."""
    reader = _RowReader(row, columns, habits)
    values = reader.sorted_values()
    if columns.dialect.name == OWN:
        return _own_record(values, reader, source=source, number=number)
    return _record(values, reader, source=source, number=number, database=columns.dialect.database or fallback_database)


Values = dict[str, list[tuple[int, str]]]
"""For each field the values of its columns, best first: (column, text)."""


@dataclass(slots=True)
class _RowReader:
    row: Row
    columns: Columns
    habits: Habits
    extra: dict[int, Pairs] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def sorted_values(self) -> Values:
        """Put the cells into the fields of their columns; the rest into extra."""
        values: Values = {}
        fields, own = self.columns.fields, self.columns.dialect.name == OWN
        width = len(fields)
        for place, cell in enumerate(self.row.cells):
            if not cell:
                continue
            name = fields[place] if place < width else ""
            if own:
                text = unguarded(cell)
            elif name in {"title", "abstract", "original_title", "original_abstract"}:
                text = without_tags(cell)
            else:
                text = cell if name in {"authors", "group_authors", "keywords"} else clean(cell)
            if not text or text.isspace():
                continue
            if not own:
                if text[0] in "=#" or text[0] == "\ufeff":
                    text = self._formula(text)
                if name and (text in _MISSING or not self._sound(place, name, text)):
                    continue
            if name:
                values.setdefault(name, []).append((place, text))
            else:
                self.keep(place, text)
        for found in values.values():
            if len(found) > 1:
                found.sort(key=lambda pair: self.columns.order[pair[0]])
        for place, text in self.row.surplus:
            self.extra.setdefault(place, []).append((f"column {place + 1}", clean(text)))
        self.urls += [clean(url) for url in self.row.links]
        return values

    def keep(self, place: int, text: str) -> None:
        """Keep a value under the heading of its column."""
        headings = self.columns.headings
        name = headings[place] if place < len(headings) else f"column {place + 1}"
        text = clean(text)
        if text:
            self.extra.setdefault(place, []).append((name, text))

    def tell(self, code: str, text: str, hint: str, place: int) -> None:
        headings = self.columns.headings
        column = headings[place] if 0 <= place < len(headings) else ""
        self.problems.append(Problem(self.row.line, code, text, hint, column))

    def _formula(self, text: str) -> str:
        """Return the text that a formula shows, where it holds nothing but that; others stay as they stand."""
        link = _FORMULA_LINK.fullmatch(text)
        if link:
            address = clean(link[1].replace('""', '"'))
            self.urls.append(address)
            return clean((link[2] or link[1]).replace('""', '"')) or address
        plain = _FORMULA_TEXT.fullmatch(text)
        if plain:
            return clean(plain[1].replace('""', '"')) or text
        return text

    def _sound(self, place: int, name: str, text: str) -> bool:
        """Tell whether a value may fill its field; if not it is told and kept in extra."""
        where = f"The cell '{self.columns.headings[place]}' of the row in line {self.row.line} holds"
        if text[0] == "#" and _ERRORS.fullmatch(text):
            said = f"{where} '{text}': a spreadsheet program has destroyed it."
            self.tell("table-cell-destroyed", said, "Take this value from the original export.", place)
        elif name in _PAGE_FIELDS and _DATE_CELL.fullmatch(text):
            said = f"{where} the date '{text}': a spreadsheet program has changed it."
            self.tell("table-cell-date", said, "Take this value from the original export.", place)
        elif name in _NUMERIC and _SCIENTIFIC.fullmatch(text):
            said = f"{where} '{text}': a spreadsheet program has rounded a number."
            self.tell("table-cell-rounded", said, "Take this value from the original export.", place)
        elif text[0] in "[Nn" and _PLACEHOLDER.fullmatch(text):
            pass
        else:
            return True
        self.keep(place, text)
        return False

    def first(self, values: Values, name: str) -> str:
        """Take the best value of a field; others that differ go to extra."""
        found = values.pop(name, None)
        if not found:
            return ""
        text = found[0][1]
        for place, other in found[1:]:
            if not same_text(other, text):
                self.keep(place, other)
        return text

    def number(self, values: Values, name: str) -> str:
        """Take a value that is mostly a number: ``12.0``, as some programs write 12, is 12."""
        if name not in values:
            return ""
        text = self.first(values, name)
        whole = _WHOLE.fullmatch(text)
        return whole[1] if whole else text

    def listed(self, values: Values, name: str) -> tuple[str, ...]:
        """Take all values of a field that holds lists."""
        words: list[str] = []
        for place, text in values.pop(name, ()):
            words += split_list(text, self.habits.separators[place])
        return unique(words)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        return () if not self.extra else tuple(pair for place in sorted(self.extra) for pair in self.extra[place])


def split_list(text: str, separator: str) -> list[str]:
    """Split a cell that holds a list; a comma inside brackets does not separate."""
    listed = authors.as_list(text) if text[0] in "[c" else None
    if listed is not None:
        return [clean(one) for one in listed]
    if separator == "," and "(" in text:
        return [clean(one) for one in re.split(r",(?![^()]*\))", text)]
    return [clean(one) for one in text.split(separator)] if separator else [clean(text)]


def _record(
    values: Values, reader: _RowReader, *, source: str, number: int, database: str
) -> tuple[Record | None, list[Problem]]:
    row, line = reader.row, reader.row.line
    title = reader.first(values, "title")
    if reader.columns.dialect.name == "Embase" or "citation" in values:
        _read_citation(values, reader)
    # What each of these looks for stands in fields of its own: a row without them costs nothing.
    names = () if _PEOPLE.isdisjoint(values) else _names(values, reader)
    abstract = reader.first(values, "abstract")
    year, date = (None, "") if _DATES.isdisjoint(values) else _dates(values, reader)
    journal, database = _journal(values, reader, database)
    abbreviation = reader.first(values, "journal_abbreviation")
    abbreviation = "" if abbreviation and same_text(abbreviation, journal) else abbreviation
    volume, issue = reader.number(values, "volume"), reader.number(values, "issue")
    pages = "" if _PAGES.isdisjoint(values) else _pages(values, reader)
    issn, isbn = ((), ()) if _SERIALS.isdisjoint(values) else _serials(values, reader)
    doi = _doi(values, reader) if "doi" in values else ""
    pmid, pmcid = ("", "") if _NUMBERS.isdisjoint(values) else _pubmed(values, reader)
    kind = _kind(values, reader)
    accession = reader.first(values, "accession")
    urls = unique((*_addresses(values, reader), *reader.urls)) if reader.urls or "urls" in values else ()
    doi, urls = _doi_in_urls(doi, urls)
    keywords = reader.listed(values, "keywords") if "keywords" in values else ()
    notes = unique(text for _, text in values.pop("notes")) if "notes" in values else ()
    if "zotero_extra" in values:
        pmid, pmcid = _zotero_extra(values, reader, pmid, pmcid)
    registered = [text for _, text in values.pop("registry", ())]
    language, basis = _language(values, reader, title, abstract)
    translations = _translations(values, reader)
    publisher = reader.first(values, "publisher")
    if not (title or names or abstract or doi or pmid or translations or registered):
        return None, reader.problems
    if not title:
        reader.tell("table-no-title", f"The row in line {line} has no title.", "", -1)
    extra = reader.pairs()
    trial = reader.columns.dialect.name in _REGISTERS
    if trial and registered:
        accession = accession or clean(registered[0])
    ids = _registrations(registered, (title, abstract, accession), (*notes, *urls, *(text for _, text in extra)))
    extra = (
        extra
        if not registered
        else (
            *extra,
            *(
                ("registration", clean(text))
                for text in registered
                if not find_registry_ids(text) and text != accession
            ),
        )
    )
    record = new_record(
        source=source, number=number, line=line, end_line=row.end_line, type=kind, title=title, authors=names,
        year=year, date=date, journal=journal, journal_abbreviation=abbreviation, volume=volume, issue=issue,
        pages=pages, publisher=publisher, issn=issn, isbn=isbn, doi=doi, pmid=pmid, pmcid=pmcid, registry_ids=ids,
        accession=accession, database=database, urls=urls, abstract=abstract, keywords=keywords, language=language,
        language_basis=basis, translations=translations, notes=notes, extra=extra,
    )  # fmt: skip
    return record, reader.problems


def _registrations(stated: Sequence[str], texts: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Find trial registrations: those stated, then those mentioned; long further cells cite others."""
    # Looked for in each long text by itself: most have no number, and are then passed over quickly.
    short = "\n".join(text for text in others if len(text) < 300)
    return unique(found for text in (*stated, *texts, short) if text for found in find_registry_ids(text))


def _names(values: Values, reader: _RowReader) -> tuple[Name, ...]:
    """Read the authors of the best column that has any; corporate authors follow."""
    names: list[Name] = []
    chosen: tuple[int, str] | None = None
    for place, text in values.pop("authors", ()):
        if chosen is not None:
            if not same_text(text, chosen[1]):
                reader.keep(place, text)
            continue
        habit = reader.habits.authors[place] if place < len(reader.habits.authors) else _NO_HABIT
        found, cut = authors.read_names(text, habit)
        if not found:
            reader.keep(place, text)
            continue
        chosen = (place, text)
        names += found
        line = reader.row.line
        if cut:
            reader.keep(place, text)
            said = f"The list of authors of the row in line {line} ends in 'et al.': some authors are missing."
            reader.tell("table-authors-cut", said, "Look the authors up where the record comes from.", place)
        if habit.separator in {"joined-names", "joined-initials"} and len(found) > 1:
            reader.keep(place, text)
            said = f"The authors in line {line} follow one another without a sign; they were split at capital letters."
            reader.tell("table-authors-joined", said, "Compare names such as 'DeSouza' with the original.", place)
        if not habit.sure and "," in text:
            shown = clean(text)[:200]
            said = f"The authors in line {line} can be split in more than one way; they were kept whole: {shown}"
            reader.tell("table-authors-unclear", said, "Separate the names by semicolons.", place)
        if authors.has_numbers(text):
            reader.keep(place, text)
    for _, text in values.pop("group_authors", ()):
        names += [Name(literal=clean(one)) for one in re.split("[;；]", text) if clean(one)]
    return tuple(dict.fromkeys(names))


def _dates(values: Values, reader: _RowReader) -> tuple[int | None, str]:
    """Return year and date: the column of the year decides, the date may only make it more precise."""
    said = values.get("year", [])
    year = 0
    for place, text in said:
        found = iso_date(text) if text else ""
        if year:
            if found[:4] != str(year):
                reader.keep(place, text)
        elif found:
            year = int(found[:4])
            if len(found) > 4:
                values.setdefault("date", []).insert(0, (place, text))
        else:
            reader.keep(place, text)
            line = reader.row.line
            reader.tell(
                "table-date",
                f"The row in line {line} has '{text}' for a year, which is none.",
                "Expected is a year.",
                place,
            )
    values.pop("year", None)
    date = str(year) if year else ""
    for place, text in values.pop("date", ()):
        found = iso_date(text)
        if found and (not date or found.startswith(date)):
            date = found
        elif not found or not date.startswith(found):
            reader.keep(place, text)
    months, days = values.pop("month", []), values.pop("day", [])
    if months and len(date) == 4:
        parts = [date, *(text for _, text in (*months[:1], *days[:1]))]
        found = iso_date("-".join(parts)) if all(part.isdigit() for part in parts) else iso_date(" ".join(parts))
        if found.startswith(date) and len(found) > 4:
            date, months, days = found, months[1:], days[1:] if len(found) > 7 else days
    for place, text in (*months, *days):
        reader.keep(place, text)
    return (int(date[:4]) if date else None), date


def _journal(values: Values, reader: _RowReader, database: str) -> tuple[str, str]:
    """Return journal and database; a column `source` that holds nothing but databases is no journal."""
    if reader.habits.source_is_database:
        found = values.get("journal", [])
        source = [pair for pair in found if is_database(pair[1])]
        values["journal"] = [pair for pair in found if pair not in source]
        values.setdefault("database", []).extend(source)
    journal = reader.first(values, "journal")
    return journal, reader.first(values, "database") or database


def _pages(values: Values, reader: _RowReader) -> str:
    pages = page_span(reader.number(values, "pages"), "")
    first, last = reader.number(values, "start_page"), reader.number(values, "end_page")
    span = page_span(first, last)
    article = values.get("article_number", [])
    if pages and span and pages != span:
        reader.extra.setdefault(len(reader.columns.headings), []).append(("start and end page", span))
    if not (pages or span):
        return reader.number(values, "article_number")
    for place, text in article:
        reader.keep(place, text)
    values.pop("article_number", None)
    return pages or span


def _serials(values: Values, reader: _RowReader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    issn: list[str] = []
    isbn: list[str] = []
    for name in ("issn", "isbn"):
        for place, text in values.pop(name, ()):
            # An ISSN that a spreadsheet took for a number has lost its leading zeros: eight signs or none.
            books, serials = find_isbns(text), find_issns(text)
            isbn += books
            issn += serials
            if not books and not serials:
                reader.keep(place, text)
    return unique(issn), unique(isbn)


def _doi(values: Values, reader: _RowReader) -> str:
    doi = ""
    for place, text in values.pop("doi", ()):
        found = normal_doi(text)
        if not found:
            reader.keep(place, text)
            said = f"The row in line {reader.row.line} has '{text}' for a DOI, which is none."
            reader.tell("table-doi", said, "A DOI looks like 10.1234/abc.", place)
        elif not doi:
            doi = found
        elif found != doi:
            reader.keep(place, text)
    return doi


def _addresses(values: Values, reader: _RowReader) -> list[str]:
    """Return the addresses in cells that may hold several; what stands beside them stays in extra."""
    urls: list[str] = []
    for place, text in values.pop("urls", ()):
        listed = authors.as_list(text) if text[0] == "[" else None
        parts = [part for one in listed or (text,) for part in _BETWEEN_URLS.split(one) if part]
        if len(parts) > 1 and not all("://" in part or part.startswith("www.") for part in parts):
            found = _URL.findall(text)
            urls += found or [text]
            if found:
                reader.keep(place, text)
        else:
            urls += parts
    return urls


def _doi_in_urls(doi: str, urls: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return a DOI that stands among the addresses as its resolver's, where there is no other."""
    for url in urls if not doi else ():
        if re.match(r"(?:https?://)?(?:dx\.)?doi\.org/10\.", url, re.IGNORECASE):
            return normal_doi(url), urls
    return doi, urls


def _pubmed(values: Values, reader: _RowReader) -> tuple[str, str]:
    pmid = pmcid = ""
    for place, text in values.pop("pmid", ()):
        whole = _WHOLE.fullmatch(text)
        found = normal_pmid(whole[1] if whole else text)
        if not found or (pmid and found != pmid):
            reader.keep(place, text)
            if not found and text.strip("0"):
                said = f"The row in line {reader.row.line} has '{text}' for a PubMed number, which is none."
                reader.tell("table-pmid", said, "A PubMed number has up to eight digits.", place)
        pmid = pmid or found
    for place, text in values.pop("pmcid", ()):
        found = normal_pmcid(text if not text.isdigit() else f"PMC{text}")
        if not found or (pmcid and found != pmcid):
            reader.keep(place, text)
        pmcid = pmcid or found
    return pmid, pmcid


def _zotero_extra(values: Values, reader: _RowReader, pmid: str, pmcid: str) -> tuple[str, str]:
    """Look for PubMed numbers in the lines that Zotero keeps in one field; the field stays whole."""
    for place, text in values.pop("zotero_extra", ()):
        reader.keep(place, text)
        number = re.search(r"\bPMID:\s*([1-9]\d{0,7})\b", text)
        central = re.search(r"\bPMCID:\s*(PMC\d+)", text)
        pmid = pmid or (number[1] if number else "")
        pmcid = pmcid or (normal_pmcid(central[1]) if central else "")
    return pmid, pmcid


def _kind(values: Values, reader: _RowReader) -> str:
    """Return the CSL type; the word of the source stays in extra, which says more."""
    kind = ""
    for place, text in values.pop("type", ()):
        kind = kind or csl_type(text)
        reader.keep(place, text)
    return kind or ("report" if reader.columns.dialect.name in _REGISTERS else "")


def _language(values: Values, reader: _RowReader, title: str, abstract: str) -> tuple[str, LanguageBasis]:
    for place, text in values.pop("language", ()):
        code = language_code(text)
        if re.search(r"[;,/|]", text) or not code:
            reader.keep(place, text)
        if code:
            return code, "stated"
    found = detect_language(f"{title} {abstract}")
    return found, "detected" if found else ""


def _translations(values: Values, reader: _RowReader) -> tuple[Translation, ...]:
    title, abstract = reader.first(values, "original_title"), reader.first(values, "original_abstract")
    if not title and not abstract:
        return ()
    return (Translation(language=detect_language(f"{title} {abstract}") or "und", title=title, abstract=abstract),)


def _read_citation(values: Values, reader: _RowReader) -> None:
    """Take journal, date, volume, issue and pages from a citation in one cell, for what has no column of its own."""
    for place, text in values.pop("citation", ()):
        reader.keep(place, text)
        found = (
            _EMBASE_CITATION.fullmatch(text)
            if reader.columns.dialect.name == "Embase"
            else _PUBMED_CITATION.fullmatch(text)
        )
        if not found:
            continue
        for name, value in found.groupdict().items():
            taken = value and name not in values and not (name == "pages" and "start_page" in values)
            if taken and (name != "volume" or value.strip()):
                values[name] = [(place, clean(value))]


def _own_record(values: Values, reader: _RowReader, *, source: str, number: int) -> tuple[Record | None, list[Problem]]:
    """Read a row that our own writers wrote: every field as it was."""
    row = reader.row
    text = {name: tidy(found[0][1]) for name, found in values.items()}
    lists = {name: own_list(values[name][0][1]) for name in _OWN_LISTS if name in values}
    names = own_names(values["authors"][0][1]) if "authors" in values else ()
    extra: tuple[tuple[str, str], ...] = tuple(_own_damaged(values, reader))
    translations = _own_translations(text.get("translations", "")) or ()
    extra += _own_extra(text.get("extra", "")) or ()
    said = text.get("year", "")
    if said and not _OWN_YEAR.fullmatch(said):
        reader.tell(
            "table-date",
            f"The row in line {row.line} has '{said}' for a year, which is none.",
            "Expected is a year.",
            -1,
        )
        extra = (*extra, ("year", said))
    date = text.get("date", "")
    if date != iso_date(date):
        reader.tell("table-date", f"The row in line {row.line} has '{date}' for a date.", "Expected is 2024-06-23.", -1)
        extra, date = (*extra, ("date", date)), ""
    if not text:
        return None, reader.problems
    if "title" not in text:
        reader.tell("table-no-title", f"The row in line {row.line} has no title.", "", -1)
    bases: dict[str, LanguageBasis] = {"stated": "stated", "detected": "detected"}
    fields = {name: text.get(name, "") for name in _OWN_TEXTS}
    return new_record(
        source=source,
        number=number,
        line=row.line,
        end_line=row.end_line,
        authors=names,
        year=int(said) if _OWN_YEAR.fullmatch(said) else None,
        date=date,
        issn=lists.get("issn", ()),
        isbn=lists.get("isbn", ()),
        registry_ids=lists.get("registry", ()),
        urls=lists.get("urls", ()),
        keywords=lists.get("keywords", ()),
        notes=lists.get("notes", ()),
        language_basis=bases.get(text.get("language_basis", ""), ""),
        translations=translations,
        extra=(*extra, *reader.pairs()),
        **fields,
    ), reader.problems


_OWN_YEAR = re.compile(r"\d{1,4}", re.ASCII)
_OWN_LISTS = ("issn", "isbn", "registry", "urls", "keywords", "notes")
_OWN_TEXTS = (
    "type", "title", "journal", "journal_abbreviation", "volume", "issue", "pages", "publisher", "doi", "pmid", "pmcid",
    "accession", "database", "abstract", "language",
)  # fmt: skip


def own_list(text: str) -> tuple[str, ...]:
    """Read a list as our writers write it: parts between ``; ``, or JSON where a part could be misread."""
    data = _json(text) if text.startswith("[") else None
    if _are_texts(data):
        return tuple(map(tidy, data))
    return unique(tidy(part) for part in text.split("; "))


def own_names(text: str) -> tuple[Name, ...]:
    """Read authors as our writers write them: ``Family, Given, Suffix; ...``, or JSON where a name could be misread."""
    data = _json(text) if text.startswith("[") else None
    if _are_structures(data, _NAME):
        return tuple(Name(**{part: tidy(said) for part, said in one.items()}) for one in data)
    return tuple(name_of(part) for part in text.split("; ") if part.strip())


_NAME = {"family": str, "given": str, "suffix": str, "literal": str}
_TRANSLATION = {"language": str, "title": str, "abstract": str, "machine": bool}


def _are_texts(data: object) -> TypeGuard[list[str]]:
    return isinstance(data, list) and all(isinstance(one, str) for one in data)


def _are_structures(data: object, parts: Mapping[str, type]) -> TypeGuard[list[dict[str, Any]]]:  # Any: as `parts` says
    return isinstance(data, list) and all(
        isinstance(one, dict) and all(isinstance(said, parts.get(part, ())) for part, said in one.items())
        for one in data
    )


def _own_translations(text: str) -> tuple[Translation, ...] | None:
    """Read translations as our writers write them; None where they are damaged."""
    data = _json(text) if text else []
    if not _are_structures(data, _TRANSLATION):
        return None
    return tuple(
        Translation(
            tidy(one.get("language", "")),
            tidy(one.get("title", "")),
            tidy(one.get("abstract", "")),
            machine=one.get("machine", False),
        )
        for one in data
    )


def _own_extra(text: str) -> tuple[tuple[str, str], ...] | None:
    """Read pairs of tag and value as our writers write them; None where they are damaged."""
    data = _json(text) if text else []
    if not isinstance(data, list) or not all(_are_texts(one) and len(one) == 2 for one in data):
        return None
    return tuple((tidy(tag), tidy(value)) for tag, value in data)


def _own_damaged(values: Values, reader: _RowReader) -> Iterator[tuple[str, str]]:
    """Tell cells that our writers cannot have written so; yield those whose text has no field."""
    for name, ((place, text), *_) in values.items():
        if name == "translations":
            is_whole = _own_translations(tidy(text)) is not None
        elif name == "extra":
            is_whole = _own_extra(tidy(text)) is not None
        elif name == "authors":
            is_whole = not text.startswith("[") or _are_structures(_json(text), _NAME)
        elif name in _OWN_LISTS:
            is_whole = not text.startswith("[") or _are_texts(_json(text))
        else:
            is_whole = name != "language_basis" or tidy(text) in {"stated", "detected"}
        if not is_whole:
            said = f"The cell '{name}' of the row in line {reader.row.line} cannot be read; it was kept as it stands."
            reader.tell("table-own-cell", said, "Was the table changed by hand?", place)
            if name in {"translations", "extra", "language_basis"}:
                yield name, tidy(text)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_total(cells: Sequence[str]) -> bool:
    """Tell whether a row is a sum below a table: one word such as "Total", and besides it numbers at most."""
    said = [cell.strip() for cell in cells if cell.strip()]
    words = [cell for cell in said if not cell.replace(".", "").replace(",", "").isdigit()]
    return len(words) == 1 and len(said) <= 4 and bool(_TOTAL.fullmatch(words[0]))


def stands_right(cells: Sequence[str], columns: Columns) -> bool:
    """Tell whether the values of a row show that each stands under its heading: a year is a year, a DOI a DOI."""
    marks = [
        bool(fits.fullmatch(cells[place].strip()))
        for place, name in enumerate(columns.fields)
        if (fits := _CHECKS.get(name)) is not None and place < len(cells) and cells[place].strip()
    ]
    return bool(marks) and all(marks)


def aligned(cells: Sequence[str], columns: Columns) -> tuple[list[str], list[tuple[int, str]]] | None:
    """Put a row that is wider than its headings under them, where its own values prove how.

    Exports that were put together have rows with a column that the first one's headings lack. DOIs, years, numbers and
    languages show up to where cells stand right, and from where they stand further right by the surplus.

    Returns
    -------
    the cells under the headings and those that belong to no heading as (column from 0, text); None where nothing
    shows it.
    """
    width, surplus = len(columns.fields), len(cells) - len(columns.fields)
    marks: list[tuple[int, bool]] = []  # column, whether its value stands further right
    for place, name in enumerate(columns.fields):
        fits = _CHECKS.get(name)
        if fits is None:
            continue
        here, there = cells[place].strip(), cells[place + surplus].strip()
        at_home, moved = bool(fits.fullmatch(here)), bool(fits.fullmatch(there))
        if at_home != moved and (here or moved) and (there or at_home):
            marks.append((place, moved))
    if not any(moved for _, moved in marks) or any(one > other for (_, one), (_, other) in pairwise(marks)):
        return None
    start = max((place for place, moved in marks if not moved), default=-1) + 1
    end = min(place for place, moved in marks if moved)
    under = [*cells[:start], *([""] * (end - start)), *cells[end + surplus :]]
    left = [(place, cells[place]) for place in range(start, end + surplus) if cells[place].strip()]
    return under[:width], left


_CHECKS = {
    "doi": re.compile(r"(?:https?://(?:dx\.)?doi\.org/)?10\.\d{4,9}/\S+"),
    "year": _YEAR,
    "pmid": re.compile(r"[1-9]\d{4,7}"),
    "issn": re.compile(r"\d{4}-?\d{3}[\dXx](?:[;, ]+\d{4}-?\d{3}[\dXx])*"),
    "urls": re.compile(r"https?://\S+"),
    "language": re.compile(
        r"English|Chinese|German|French|Spanish|Japanese|Portuguese|Italian|Russian|Korean|eng|en|zh"
    ),
    "accession": re.compile(r"2-s2\.0-\d+|WOS:\w+|L\d{8,10}"),
}

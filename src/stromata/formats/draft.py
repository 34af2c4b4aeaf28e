"""From what an entry says, field by field, to a Record: the rules that tagged text and BibTeX share.

A reader names a field for each value it meets (`Draft.add`); what has no field, or turns out not to be what its field
asks for, stays in `Record.extra` under the reader's own name for it, in the order met.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.text import iso_date, month_of, page_span, same_text, unique, without_tags
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import (
    find_isbns,
    find_issns,
    find_registry_ids,
    normal_doi,
    normal_pmcid,
    normal_pmid,
)

FIELDS = frozenset(
    [
        "title",
        "translated-title",
        "abstract",
        "translated-abstract",
        "journal",
        "abbreviation",
        "container",
        "year",
        "date",
        "month",
        "day",
        "volume",
        "issue",
        "pages",
        "first-page",
        "last-page",
        "article-number",
        "publisher",
        "serial",
        "doi",
        "maybe-doi",
        "pmid",
        "pmcid",
        "accession",
        "database",
        "url",
        "keyword",
        "language",
        "note",
        "registry",
        "author",
        "full-author",
        "short-author",
        "type",
        "kind",
    ]
)
"""Names of fields that a value may be added under. `container` is the book or meeting that a part appeared in;
`author` and what is like it are taken out by the reader itself; `kind` is the CSL type once known."""

Said = tuple[int, str, str]
"""Place in the order met, name in extra, value."""

_WHOLE = frozenset(("book", "thesis", "report", "webpage", "dataset", "software", "standard", "legislation"))
"""Types whose own title is no part of a container."""

_DOI_ALONE = re.compile(
    r"(?:(?:doi|digital object identifier)\s*[:=]?\s*)?(?:https?://(?:dx\.)?(?:www\.)?(?:doi\.org|doi\.acm\.org)/+)?"
    r"10\.\d{4,9}/\S+",
    re.IGNORECASE,
)
_DOI_ADDRESS = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/|https?://link\.cnki\.net/doi/|doi:", re.IGNORECASE)
_NOTE_PMID = re.compile(r"(?:PubMed )?PMID ?: ?([1-9]\d{0,7})\.?", re.IGNORECASE)
_NOTE_PMCID = re.compile(r"PMCID ?: ?(PMC\d+)\.?", re.IGNORECASE)
_PUBMED_ADDRESS = re.compile(r"pubmed(?:\.ncbi\.nlm\.nih\.gov)?/([1-9]\d{0,7})(?!\d)")
_PAGE_RANGE = re.compile(r"\s*[-\u2010-\u2015\u2212\uff0d~]+\s*")
_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_LONG_NOTE = 300
"""Characters from which a note is not searched for registrations: long ones describe or cite other works."""

_NOT_OURS = frozenset(("AD", "CR", "ED", "A2", "A3", "GR", "references"))
"""Extras that name other works or other people's trials."""


_TRANSLATED = frozenset(("translated-title", "translated-abstract"))
_PUBMED = frozenset(("pmid", "pmcid", "url"))
_DOI = frozenset(("doi", "maybe-doi", "url"))
_JOURNAL = frozenset(("journal", "container", "abbreviation"))
_DATE = frozenset(("year", "date", "month", "day"))
_PAGES = frozenset(("pages", "article-number", "first-page", "last-page"))
_FRAME = frozenset(("ID", "TY", "PT", "M3", "source-type", "data-type"))
"""Extras that say nothing of a publication by themselves."""


@dataclass(slots=True)
class Draft:
    """What one entry says, before it is a record.

    Attributes
    ----------
    line, end_line : 1-based first and last line of the entry.
    format : beginning of the codes of its Problems, such as ``bibtex``.
    fields : values by field.
    authors : names, in order.
    extra : what has no field.
    translations : those that the reader knows whole.
    """

    line: int
    end_line: int
    format: str
    fields: dict[str, list[Said]] = field(default_factory=dict)
    authors: list[Name] = field(default_factory=list)
    extra: list[Said] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    met: int = 0

    def add(self, name: str, tag: str, value: str) -> None:
        """Take a value under a field of `FIELDS`; `tag` is its name in extra should it not fit."""
        self.met += 1
        if name in self.fields:
            self.fields[name].append((self.met, tag, value))
        else:
            self.fields[name] = [(self.met, tag, value)]

    def keep(self, tag: str, value: str) -> None:
        """Take a value that has no field."""
        self.met += 1
        self.extra.append((self.met, tag, value))

    def back(self, said: Iterable[Said]) -> None:
        """Put values into extra that do not fit their field."""
        self.extra += said

    def first(self, name: str) -> str:
        """Take the first value of a field; further ones that differ go to extra."""
        said = self.fields.pop(name, None)
        if not said:
            return ""
        if len(said) > 1:
            self.back(one for one in said[1:] if one[2] != said[0][2])
        return said[0][2]

    def every(self, name: str) -> list[Said]:
        """Take all values of a field."""
        return self.fields.pop(name, [])

    def problem(self, code: str, text: str, hint: str = "", *, line: int = 0) -> None:
        """Note what is odd about the entry."""
        self.problems.append(Problem(line or self.line, f"{self.format}-{code}", text, hint))

    def record(self, *, source: str, number: int) -> Record | None:
        """Return the record; None, with a Problem, where the entry says nothing of a publication."""
        fields = self.fields
        title, abstract, translations = self._texts()
        # What each of these looks for stands in fields of its own: an entry without them costs nothing.
        notes = self._notes() if "note" in fields else ()
        pmid, pmcid = ("", "") if _PUBMED.isdisjoint(fields) else self._pubmed()
        doi, urls = ("", ()) if _DOI.isdisjoint(fields) else self._doi()
        kind = fields["kind"][0][2] if "kind" in fields else ""
        journal, abbreviation = ("", "") if _JOURNAL.isdisjoint(fields) else self._journal(kind, title)
        year, date = (None, "") if _DATE.isdisjoint(fields) else self._date()
        pages = "" if _PAGES.isdisjoint(fields) else self._pages()
        language, basis = self._language(title, abstract)
        told = any(tag not in _FRAME for _, tag, _ in self.extra)
        if not (title or self.authors or abstract or doi or pmid or journal or urls or notes or told):
            where = f"in lines {self.line} to {self.end_line}"
            self.problem("empty-entry", f"The entry {where} says nothing of a publication.", "Export it again.")
            return None
        if not title:
            self.problem("no-title", f"The entry that begins in line {self.line} has no title.")
        issn, isbn = self._serials() if "serial" in fields else ((), ())
        singles = {name: self.first(name) for name in ("volume", "issue", "publisher", "accession", "database")}
        keywords = unique(one[2] for one in self.every("keyword")) if "keyword" in fields else ()
        kind = self.first("kind")
        registry = [one[2] for one in self.every("registry")]
        for said in fields.values():
            self.back(said)
        self.extra.sort()
        extra = tuple((tag, value) for _, tag, value in self.extra)
        searched = [title, abstract, singles["accession"], *urls]
        searched += [value for value in notes if len(value) < _LONG_NOTE]
        searched += [value for tag, value in extra if len(value) < _LONG_NOTE and tag not in _NOT_OURS]
        return new_record(
            source=source, number=number, line=self.line, end_line=self.end_line, type=kind, title=title,
            authors=tuple(dict.fromkeys(self.authors)), year=year, date=date, journal=journal,
            journal_abbreviation=abbreviation, pages=pages, issn=issn, isbn=isbn, doi=doi, pmid=pmid, pmcid=pmcid,
            registry_ids=unique(registry) if registry else find_registry_ids("\n".join(searched)), urls=urls,
            abstract=abstract, keywords=keywords, language=language, language_basis=basis, translations=translations,
            notes=notes, extra=extra, **singles,
        )  # fmt: skip

    def _texts(self) -> tuple[str, str, tuple[Translation, ...]]:
        """Return title and abstract, and what there is of them in other languages."""
        title = without_tags(self.first("title"))
        said = self.every("abstract")
        if not said and not self.translations and _TRANSLATED.isdisjoint(self.fields):
            return title, "", ()
        best = max(said, key=lambda one: len(one[2]), default=(0, "", ""))
        self.back(one for one in said if not _same(one[2], best[2]))
        abstract = without_tags(best[2])
        found = {one.language: one for one in self.translations}
        for name in ("translated-title", "translated-abstract"):
            for one in self.every(name):
                text = without_tags(one[2])
                code = detect_language(text) or ("en" if text.isascii() and _is_han(title or abstract) else "und")
                before = found.get(code, Translation(language=code))
                part = before.title if name == "translated-title" else before.abstract
                if part and not _same(part, text):
                    self.back([one])
                elif name == "translated-title" and not _same(text, title):
                    found[code] = Translation(language=code, title=text, abstract=before.abstract)
                elif name == "translated-abstract" and not _same(text, abstract):
                    found[code] = Translation(language=code, title=before.title, abstract=text)
        return title, abstract, tuple(found.values())

    def _notes(self) -> tuple[str, ...]:
        notes = []
        for one in self.fields.pop("note", ()):
            said = _NOTE_PMID.fullmatch(one[2])
            central = _NOTE_PMCID.fullmatch(one[2])
            if said:
                self.fields.setdefault("pmid", []).append((one[0], one[1], said[1]))
            elif central:
                self.fields.setdefault("pmcid", []).append((one[0], one[1], central[1]))
            else:
                notes.append(one[2])
        return unique(notes)

    def _pubmed(self) -> tuple[str, str]:
        pmid = pmcid = ""
        for one in self.every("pmid"):
            found = normal_pmid(one[2])
            if not found or (pmid and found != pmid):
                self.back([one])
            pmid = pmid or found
        for one in self.every("pmcid"):
            found = normal_pmcid(one[2]) or (f"PMC{one[2]}" if one[2].isdigit() else "")
            if not found or (pmcid and found != pmcid):
                self.back([one])
            pmcid = pmcid or found
        if not pmid and "url" in self.fields:
            found_in = (_PUBMED_ADDRESS.search(one[2]) for one in self.fields["url"])
            pmid = next((match[1] for match in found_in if match), "")
        return pmid, pmcid

    def _doi(self) -> tuple[str, tuple[str, ...]]:
        """Return the DOI from its own field, or from one where sources hide it, and the addresses."""
        doi = ""
        for one in self.every("doi"):
            found = normal_doi(one[2])
            doi = doi or found
            if not found:
                self.problem("doi", f"'{one[2][:200]}' is no DOI.", "A DOI looks like 10.1234/abc.")
            if not found or found != doi:
                self.back([one])
        for one in self.every("maybe-doi"):
            found = normal_doi(one[2]) if _DOI_ALONE.fullmatch(one[2]) else ""
            doi = doi or found
            if not found or found != doi:
                self.back([one])
        urls = unique(one[2] for one in self.every("url"))
        if not doi:
            doi = next((found for url in urls if _DOI_ADDRESS.match(url) and (found := normal_doi(url))), "")
        return doi, urls

    def _journal(self, kind: str, title: str) -> tuple[str, str]:
        """Return the container's full and short title."""
        said = self.every("journal")
        books = self.every("container")
        said = [*books, *said] if kind in {"chapter", "paper-conference"} else [*said, *books]
        short = self.every("abbreviation")
        if kind in _WHOLE:
            said = [one for one in said if not _same(one[2], title)]
            if not said:
                self.back(short)
                return "", ""
        full = said[0][2] if said else ""
        rest = [one for one in (*said[1:], *short) if not _same(one[2], full)]
        if not full and rest:
            full, rest = rest[0][2], rest[1:]
        brief = next((one for one in rest if one in short), None)
        self.back(one for one in rest if one is not brief and not (brief and _same(one[2], brief[2])))
        return full, brief[2] if brief else ""

    def _date(self) -> tuple[int | None, str]:
        """Return year and date. The year's own field decides; the others may only make it more precise."""
        date = ""
        for name in ("year", "date"):
            for one in self.every(name):
                found = iso_date(one[2])
                if not found and len(date) == 4 and (month := month_of(one[2])):
                    days = _DAY.findall(one[2])
                    found = iso_date(f"{date}-{month}" + (f"-{days[0]}" if len(days) == 1 else ""))
                if found and (not date or found.startswith(date)):
                    date = found
                elif not found or not date.startswith(found):
                    self.back([one])
                    if not found and name == "year" and not date:
                        self.problem("date", f"'{one[2][:200]}' is no year.", "Expected is a year or a date.")
        months, days_said = self.every("month"), self.every("day")
        if months and len(date) == 4:
            day = days_said[0][2] if days_said and days_said[0][2].isdecimal() else ""
            text = months[0][2]
            number = int(text) if text.isdecimal() and len(text) < 3 else month_of(text)
            inside = _DAY.findall(text) if not text.isdecimal() else []
            day = day or (inside[0] if len(inside) == 1 else "")
            finer = iso_date(f"{date}-{number}" + (f"-{day}" if day else "")) if number else ""
            if len(finer) > 4:
                date = finer
                months = months[1:]
                days_said = days_said[1:] if len(finer) == 10 else days_said
        self.back([*months, *days_said] if len(date) < 10 else [])
        return (int(date[:4]) if date else None), date

    def _pages(self) -> str:
        said = self.every("pages")
        spans = [one for one in said if "-" in _PAGE_RANGE.sub("-", one[2])]
        best = spans[0] if spans else said[0] if said else None
        self.back(one for one in said if best is not None and one[2] != best[2])
        numbers = self.every("article-number")
        first, last = self.first("first-page"), self.first("last-page")
        pages = page_span(first, last) or (_PAGE_RANGE.sub("-", best[2]) if best is not None else "")
        if not pages and numbers:
            pages = numbers[0][2]
            numbers = numbers[1:]
        elif best is not None and (first or last) and not _same(best[2], pages):
            self.back([best])
        self.back(numbers)
        return pages

    def _serials(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        issn: list[str] = []
        isbn: list[str] = []
        for one in self.fields.pop("serial", ()):
            books, serials = find_isbns(one[2]), find_issns(one[2])
            isbn += books
            issn += serials
            if not books and not serials:
                self.back([one])
        return unique(issn), unique(isbn)

    def _language(self, title: str, abstract: str) -> tuple[str, LanguageBasis]:
        said = self.every("language")
        for place, one in enumerate(said):
            code = language_code(one[2].strip("; ."))
            if code:
                self.back(said[:place] + said[place + 1 :])
                return code, "stated"
        self.back(said)
        found = detect_language(f"{title} {abstract}")
        return found, "detected" if found else ""


def _same(one: str, other: str) -> bool:
    """Tell whether two texts are the same but for signs; lengths come first, so that long ones are not read in vain."""
    return 2 * len(one) > len(other) and 2 * len(other) > len(one) and same_text(one, other)


def _is_han(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text[:200])

"""Records of services that answer in JSON: ClinicalTrials.gov, OpenAlex, Crossref, Semantic Scholar and others.

Each service has a function that fills the fields; what it does not take goes to `extra` under its own name, as text or
as JSON. Objects of nobody's known shape are read by their keys, as the columns of a table are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from stromata.formats import csl
from stromata.formats.columns import Columns, known_heading, read_headings
from stromata.formats.content import Content, Passage
from stromata.formats.json_text import Item, Value, read_items
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.rows import Row, habits_of, read_row
from stromata.formats.text import clean, iso_date, name_of, page_span, person, unique, without_tags
from stromata.model import LanguageBasis, Name, Problem, Record
from stromata.model.identifiers import find_isbns, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.progress import Progress, silent

_HEAD = 40_000
"""Characters of the head that are looked at."""

_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("ClinicalTrials.gov", r'"protocolSection"\s*:'),
        ("OpenAlex", r'"authorships"\s*:|"abstract_inverted_index"\s*:|"id"\s*:\s*"https://openalex\.org/W'),
        ("Crossref", r'"message-type"\s*:|"is-referenced-by-count"\s*:|"reference-count"\s*:'),
        ("Semantic Scholar", r'"paperId"\s*:|"externalIds"\s*:'),
        ("Europe PMC", r'"resultList"\s*:|"authorString"\s*:'),
        ("PubMed", r'"uids"\s*:|"sortpubdate"\s*:'),
    )
)
_PLAIN_KEY = re.compile(r'[\[{,]\s*"([^"\\]{1,60})"\s*:')
_CSL_KEY = re.compile(
    r'"(?:issued|container-title|citation-key|title-short)"\s*:|"author"\s*:\s*\[\s*\{\s*"(?:family|given|literal)"'
)
_FOREIGN_KEY = re.compile(r'"(?:@context|@graph|cells|nbformat|features)"\s*:')


def sniff(head: str) -> bool:
    """Tell whether the first part of a file is JSON of a service, or objects with a title and one more known key.

    CSL-JSON, which citation processors exchange, is left to its own reader.
    """
    start = head.lstrip("\ufeff \t\r\n\x1e")[:_HEAD]
    if start[:1] not in {"{", "["} or csl.is_ours(head):
        return False
    if not re.match(r"[\[{]\s*(?:[\[{\"\]}]|$)", start):
        return False
    if any(sign.search(start) for _, sign in _SIGNS):
        return True
    if _CSL_KEY.search(start) or _FOREIGN_KEY.search(start[:2000]):
        return False
    keys = tuple(dict.fromkeys(_PLAIN_KEY.findall(start)))
    found = read_headings(keys)
    # A type and CSL's own names: items of a citation processor that say little.
    known = {name for name in found.fields if name} - {"title", "type"}
    return found.is_bibliography and (not csl.sniff(head) or bool(known & _BEYOND_CSL & set(found.fields)))


_BEYOND_CSL = frozenset(("authors", "year", "journal", "pmid"))
"""Fields for which CSL-JSON has other keys than those of tables; "author" is one of both."""


def read(content: Content, *, progress: Progress = silent) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each object that is one, and what `read_items` yields beside them."""
    shapes: dict[tuple[str, ...], Columns] = {}

    def make(item: Item, number: int, problems: list[Problem]) -> Record | None:
        return _read(item, content.sha256, number, problems, shapes)

    yield from read_items(content, make, prefix="json", progress=progress)


def _read(
    item: Item, source: str, number: int, problems: list[Problem], shapes: dict[tuple[str, ...], Columns]
) -> Record | None:
    value, first = item.value, item.line
    for wrapper in ("message", "citingPaper", "citedPaper", "_source"):
        inner = value.get(wrapper)
        if isinstance(inner, dict) and "title" not in value:
            value = {**{key: one for key, one in value.items() if key != wrapper}, **inner}
    draft = _shaped(value)
    if draft is None:
        return _by_keys(value, item, source=source, number=number, problems=problems, shapes=shapes)
    record = draft.record(source=source, number=number, line=first, end_line=item.end_line)
    if record is not None and not record.title:
        problems.append(Problem(first, "json-no-title", f"The record that begins in line {first} has no title."))
    return record


def _by_keys(
    value: dict[str, Value],
    item: Item,
    *,
    source: str,
    number: int,
    problems: list[Problem],
    shapes: dict[tuple[str, ...], Columns],
) -> Record | None:
    """Read an object as a row under headings that are its keys; None where they are no headings of references."""
    flat = {key: cell for key, one in value.items() if (cell := cell_of(one))}
    more: list[tuple[str, str]] = []
    if len(flat) > _LONGEST_SHAPE or (len(shapes) >= _SHAPES and tuple(flat) not in shapes):
        known = {key: cell for key, cell in flat.items() if known_heading(key)}
        more = [(clean(key), clean(cell)) for key, cell in flat.items() if key not in known]
        flat = known
    names = tuple(flat)
    columns = shapes.get(names)
    if columns is None:
        columns = read_headings(names)
        if len(shapes) < (2 * _SHAPES if more else _SHAPES):
            shapes[names] = columns
    if "title" not in columns.fields and not columns.is_bibliography and columns.known < 2:
        return None
    row = Row(item.line, item.end_line, list(flat.values()))
    record, told = read_row(row, columns, habits_of(columns, [row]), source=source, number=number)
    problems += told
    return replace(record, extra=(*record.extra, *more)) if record and more else record


_SHAPES, _LONGEST_SHAPE = 1024, 200
"""Sets of keys that are remembered, and the keys of the largest such set: of larger objects, and of those with yet
another set, keys that are no heading go to `extra` as they are."""


def cell_of(value: Value) -> str:
    """Return what a key of an unknown object holds as a cell; lists of words and names as JSON."""
    if isinstance(value, list) and value:
        if all(isinstance(one, str | int | float) for one in value):
            return json.dumps([str(one) for one in value], ensure_ascii=False)
        names = [_person(one) for one in value]
        if all(names):
            return json.dumps([str(name) for name in names], ensure_ascii=False)
    return _text(value)


def _person(value: Value) -> str:
    """Return a name as ``Family, Given`` from an object that is one; nothing from any other."""
    if not isinstance(value, dict):
        return ""
    family = next(
        (_text(value[key]) for key in ("family", "last", "lastName", "last_name", "surname") if value.get(key)), ""
    )
    given = next(
        (
            _text(value[key])
            for key in ("given", "first", "firstName", "first_name", "forename", "initials")
            if value.get(key)
        ),
        "",
    )
    if family:
        return f"{family}, {given}" if given else family
    return next(
        (_text(value[key]) for key in ("name", "fullName", "display_name", "literal", "author") if value.get(key)), ""
    )


def _text(value: Value) -> str:
    """Return a value as text: lists and objects as JSON, nothing for what is missing."""
    if isinstance(value, str):
        return value
    if value is None or value is False or value in ([], {}):
        return ""
    if value is True:
        return "true"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _get(value: Value, *path: str | int) -> Value:
    """Follow a path of keys and places; None where it ends early."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _said(value: Value, *path: str | int) -> str:
    """Return what stands at a path as clean text; objects and lists give nothing."""
    found = _get(value, *path)
    return clean(_text(found)) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""


def _list(value: Value) -> list[Value]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@dataclass(slots=True)
class _Draft:
    """A record in the making: the object, the fields found, and which keys they took whole (dotted: inner ones)."""

    value: dict[str, Value]
    database: str
    taken: frozenset[str]
    type: str = ""
    title: str = ""
    authors: Iterable[Name] = ()
    date: str = ""
    journal: str = ""
    journal_abbreviation: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publisher: str = ""
    serials: str = ""
    isbn: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    registered: str = ""
    accession: str = ""
    urls: Iterable[str] = ()
    abstract: str = ""
    keywords: Iterable[str] = ()
    language: str = ""
    depth: dict[str, int] = field(default_factory=dict)

    def record(self, *, source: str, number: int, line: int, end_line: int) -> Record | None:
        title, abstract = without_tags(self.title), without_tags(self.abstract)
        names = tuple(dict.fromkeys(name for name in self.authors if str(name)))
        doi, accession = normal_doi(self.doi), clean(self.accession)
        if not (title or names or abstract or doi or self.pmid or self.registered):
            return None
        code = language_code(self.language) if self.language else ""
        found = "" if code else detect_language(f"{title} {abstract}")
        basis: LanguageBasis = "stated" if code else "detected" if found else ""
        date = iso_date(self.date)
        ids = (one for text in (self.registered, title, abstract) if text for one in find_registry_ids(text))
        return new_record(
            source=source,
            number=number,
            line=line,
            end_line=end_line,
            type=self.type,
            title=title,
            authors=names,
            year=int(date[:4]) if date else None,
            date=date,
            journal=without_tags(self.journal),
            journal_abbreviation=clean(self.journal_abbreviation) if self.journal_abbreviation != self.journal else "",
            volume=clean(self.volume),
            issue=clean(self.issue),
            pages=clean(self.pages),
            publisher=clean(self.publisher),
            issn=find_issns(self.serials),
            isbn=find_isbns(self.isbn),
            doi=doi,
            pmid=normal_pmid(self.pmid),
            pmcid=normal_pmcid(self.pmcid),
            registry_ids=unique(ids),
            accession=accession,
            database=self.database,
            urls=unique(map(clean, self.urls)),
            abstract=abstract,
            keywords=unique(clean(word) for word in self.keywords),
            language=code or found,
            language_basis=basis,
            extra=tuple(_rest(self.value, self.taken, self.depth)),
        )


def _rest(
    value: dict[str, Value], taken: frozenset[str], depth: dict[str, int], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield what was not taken, as (name, text); objects under the keys of `depth` are opened so many levels."""
    for key, one in value.items():
        name = f"{path}.{key}" if path else key
        if name in taken or one in (None, "", [], {}):
            continue
        levels = depth.get(key if not path else name.split(".")[0], 0) - name.count(".")
        if isinstance(one, dict) and levels > 0:
            yield from _rest(one, taken, depth, name)
        else:
            text = clean(_text(one) if one is not False else "false")
            if text:
                yield clean(name), text


def _shaped(value: dict[str, Value]) -> _Draft | None:
    for is_one, shape in _SHAPED:
        if is_one(value):
            return shape(value)
    return None


def _trial(value: dict[str, Value]) -> _Draft:
    """Read a study of ClinicalTrials.gov (API version 2, whole or reduced to some fields)."""
    section = _get(value, "protocolSection")
    identity = _get(section, "identificationModule")
    number, brief, official = _said(identity, "nctId"), _said(identity, "briefTitle"), _said(identity, "officialTitle")
    summary = _said(section, "descriptionModule", "briefSummary")
    others = [_said(one, "id") for one in _list(_get(identity, "secondaryIdInfos"))]
    words = (
        *_list(_get(section, "conditionsModule", "conditions")),
        *_list(_get(section, "conditionsModule", "keywords")),
    )
    first = next(
        (
            date
            for name in ("studyFirstPostDateStruct", "studyFirstSubmitDate")
            if (date := _said(section, "statusModule", name, "date") or _said(section, "statusModule", name))
        ),
        "",
    )
    base = "protocolSection"
    taken = {
        f"{base}.identificationModule.nctId",
        f"{base}.identificationModule.briefTitle",
        f"{base}.descriptionModule.briefSummary",
        f"{base}.conditionsModule.conditions",
        f"{base}.conditionsModule.keywords",
    }
    if not brief:
        taken.add(f"{base}.identificationModule.officialTitle")
    return _Draft(
        value,
        "ClinicalTrials.gov",
        frozenset(taken),
        type="report",
        title=brief or official,
        date=first,
        accession=number,
        registered=" ".join((number, *others)),
        abstract=summary,
        keywords=map(_text, words),
        urls=(f"https://clinicaltrials.gov/study/{number}",) if number else (),
        depth={base: 3, "resultsSection": 1},
    )


_OPENALEX_TYPES = {
    "article": "article-journal",
    "review": "article-journal",
    "letter": "article-journal",
    "editorial": "article-journal",
    "erratum": "article-journal",
    "preprint": "article",
    "book": "book",
    "book-chapter": "chapter",
    "dissertation": "thesis",
    "dataset": "dataset",
    "report": "report",
    "standard": "standard",
    "reference-entry": "entry",
    "journal-article": "article-journal",
    "proceedings-article": "paper-conference",
    "posted-content": "article",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "software": "software",
    "supplementary-materials": "document",
    "paratext": "",
    "other": "",
}  # fmt: skip


def _openalex(value: dict[str, Value]) -> _Draft:
    biblio, ids = _get(value, "biblio"), _get(value, "ids")
    place = _get(value, "primary_location", "source") or _get(value, "host_venue")
    names = (
        _said(one, "raw_author_name") or _said(one, "author", "display_name")
        for one in _list(_get(value, "authorships"))
    )
    words = (_said(one, "display_name") or _said(one, "keyword") or (clean(one) if isinstance(one, str) else "")
             for one in _list(_get(value, "keywords")))  # fmt: skip
    index = _get(value, "abstract_inverted_index")
    crossref = _said(value, "type_crossref")
    kind = _said(value, "type")
    said_date, year = _said(value, "publication_date"), _said(value, "publication_year")
    serials = [_text(one) for one in _list(_get(place, "issn"))]
    taken = {
        "title",
        "doi",
        "language",
        "publication_date",
        "publication_year",
        "abstract_inverted_index",
        "biblio",
        "id",
        "keywords",
        "relevance_score",
    }
    title = _said(value, "title") or _said(value, "display_name")
    if _said(value, "display_name") == title:
        taken.add("display_name")
    if _text(index) and not _inverted(index):
        taken.discard("abstract_inverted_index")
    return _Draft(
        value,
        "OpenAlex",
        frozenset(taken),
        title=title,
        type=_OPENALEX_TYPES.get(crossref or kind, _OPENALEX_TYPES.get(kind, "")),
        authors=(_full_name(name) for name in names if name),
        date=said_date if said_date.startswith(year) else year,
        journal=_said(place, "display_name"),
        volume=_said(biblio, "volume"),
        issue=_said(biblio, "issue"),
        pages=page_span(_said(biblio, "first_page"), _said(biblio, "last_page")),
        publisher=_said(place, "host_organization_name") or _said(place, "publisher"),
        serials=" ".join((_said(place, "issn_l"), *serials)),
        doi=_said(value, "doi") or _said(ids, "doi"),
        pmid=_said(ids, "pmid"),
        pmcid=_pmcid(_said(ids, "pmcid")),
        accession=_said(value, "id").rpartition("/")[2],
        abstract=_inverted(index),
        keywords=words,
        language=_said(value, "language"),
        urls=(_said(value, "primary_location", "landing_page_url"),),
    )


def _pmcid(address: str) -> str:
    """Return a PMC number that an address ends with, with or without its letters."""
    last = address.rstrip("/").rpartition("/")[2]
    return f"PMC{last}" if last.isdigit() else last


_MOST_WORDS = 200_000
"""Words of an abstract: places beyond it are an error of the service."""


def _inverted(index: Value) -> str:
    """Rebuild an abstract from its words and their places."""
    if not isinstance(index, dict):
        return ""
    placed = [
        (place, word)
        for word, places in index.items()
        for place in _list(places)
        if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < _MOST_WORDS
    ]
    return " ".join(word for _, word in sorted(placed))


def _full_name(text: str) -> Name:
    """Read a name that is written in full, given name first, or with a comma."""
    return name_of(text) if "," in text else person(text)


_CROSSREF_TYPES = {
    "journal-article": "article-journal",
    "posted-content": "article",
    "proceedings-article": "paper-conference",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-chapter": "chapter",
    "book-section": "chapter",
    "book-part": "chapter",
    "reference-entry": "entry",
    "dissertation": "thesis",
    "report": "report",
    "report-component": "report",
    "dataset": "dataset",
    "standard": "standard",
    "journal-issue": "periodical",
    "proceedings": "book",
    "peer-review": "review",
    "component": "",
    "other": "",
}  # fmt: skip


_CROSSREF_KEYS = frozenset(
    ("title", "container-title", "short-container-title", "author", "volume", "page", "publisher", "ISSN", "ISBN",
     "issn-type", "isbn-type", "DOI", "URL", "abstract", "subject", "language", "subtitle", "issue")
)  # fmt: skip
"""Keys of Crossref that have a field."""


def _crossref(value: dict[str, Value]) -> _Draft:
    titles, journals, short = (_list(_get(value, key)) for key in ("title", "container-title", "short-container-title"))
    subtitle = _said(value, "subtitle", 0)
    title = _text(titles[0]) if titles else ""
    if subtitle and subtitle.casefold() not in title.casefold():
        title = f"{title}: {subtitle}"
    date = next(
        (
            "-".join(_text(part) for part in parts[:3] if _text(part))
            for key in ("published-print", "issued", "published", "published-online", "created")
            if (parts := _list(_get(value, key, "date-parts", 0))) and parts[0]
        ),
        "",
    )
    trials = " ".join(_said(one, "clinical-trial-number") for one in _list(_get(value, "clinical-trial-number")))
    taken = set(_CROSSREF_KEYS)
    taken -= {
        key
        for key in ("title", "container-title", "short-container-title", "subtitle")
        if len(_list(value.get(key))) > 1
    }
    return _Draft(
        value,
        "Crossref",
        frozenset(taken),
        type=_CROSSREF_TYPES.get(_said(value, "type"), ""),
        title=title,
        authors=map(_crossref_name, _list(_get(value, "author"))),
        date=date,
        journal=_text(journals[0]) if journals else "",
        journal_abbreviation=_text(short[0]) if short else "",
        volume=_said(value, "volume"),
        issue=_said(value, "issue") or _said(value, "journal-issue", "issue"),
        pages=page_span(_said(value, "page") or _said(value, "article-number"), ""),
        publisher=_said(value, "publisher"),
        serials=" ".join(map(_text, _list(_get(value, "ISSN")))),
        isbn=" ; ".join(map(_text, _list(_get(value, "ISBN")))),
        doi=_said(value, "DOI"),
        urls=(_said(value, "URL"),),
        abstract=_text(_get(value, "abstract")),
        registered=trials,
        keywords=map(_text, _list(_get(value, "subject"))),
        language=_said(value, "language"),
    )


def _crossref_name(value: Value) -> Name:
    if isinstance(value, str):
        return _full_name(clean(value))
    family, given, group = _said(value, "family"), _said(value, "given"), _said(value, "name")
    if not family:
        return Name(literal=group or given)
    return Name(family=family, given=given, suffix=_said(value, "suffix"))


def _semantic_scholar(value: dict[str, Value]) -> _Draft:
    ids = _get(value, "externalIds")
    journal = _said(value, "journal", "name") or _said(value, "publicationVenue", "name") or _said(value, "venue")
    kinds = [_text(one) for one in _list(_get(value, "publicationTypes"))]
    types = {
        "JournalArticle": "article-journal",
        "Conference": "paper-conference",
        "Book": "book",
        "BookSection": "chapter",
        "Dataset": "dataset",
    }
    kind = next((types[one] for one in kinds if one in types), "article-journal" if "Review" in kinds else "")
    year, date = _said(value, "year"), _said(value, "publicationDate")
    taken = {"title", "abstract", "year", "publicationDate", "paperId", "url"}
    if journal == _said(value, "venue"):
        taken.add("venue")
    return _Draft(
        value,
        "Semantic Scholar",
        frozenset(taken),
        type=kind,
        title=_said(value, "title"),
        authors=(_full_name(_said(one, "name")) for one in _list(_get(value, "authors"))),
        date=date if date.startswith(year) else year,
        journal=journal,
        volume=_said(value, "journal", "volume"),
        pages=page_span(_said(value, "journal", "pages"), ""),
        serials=_said(value, "publicationVenue", "issn"),
        doi=_said(ids, "DOI") or _said(value, "doi"),
        pmid=_said(ids, "PubMed"),
        pmcid=_pmcid(_said(ids, "PubMedCentral")),
        accession=_said(value, "paperId"),
        urls=(_said(value, "url"),),
        abstract=_text(_get(value, "abstract")),
    )


_EUROPE_KEYS = frozenset(
    ("title", "authorString", "authorList", "abstractText", "pmid", "pmcid", "doi", "pageInfo", "journalTitle",
     "journalVolume", "issue", "journalIssn", "pubYear", "language", "keywordList", "fullTextUrlList", "id")
)  # fmt: skip
"""Keys of Europe PMC that have a field."""


def _europe_pmc(value: dict[str, Value]) -> _Draft:
    info = _get(value, "journalInfo")
    people = [_europe_name(one) for one in _list(_get(value, "authorList", "author"))]
    said = _said(value, "authorString").rstrip(".")
    if not people and said:
        people = [name_of(one.strip()) for one in said.split(",") if one.strip()]
    mesh = (_said(one, "descriptorName") for one in _list(_get(value, "meshHeadingList", "meshHeading")))
    words = (*map(_text, _list(_get(value, "keywordList", "keyword"))), *mesh)
    kinds = " ".join(map(_text, _list(_get(value, "pubTypeList", "pubType")))) + " " + _said(value, "pubType")
    kind = (
        "article"
        if "reprint" in kinds or _said(value, "source") == "PPR"
        else "book"
        if _said(value, "bookOrReportDetails", "isbn10")
        else ""
    )
    kind = kind or ("article-journal" if info or _said(value, "journalTitle") else "")
    urls = (_said(one, "url") for one in _list(_get(value, "fullTextUrlList", "fullTextUrl")))
    date = next(
        (text for text in (_said(value, "firstPublicationDate"), _said(info, "printPublicationDate")) if text), ""
    )
    year = _said(value, "pubYear") or _said(info, "yearOfPublication") or date[:4]
    # With people in full the string says nothing more; without, a name's number or place of work would be lost.
    taken = _EUROPE_KEYS - ({"authorList"} if people and _get(value, "authorList") else set())
    return _Draft(
        value,
        "Europe PMC",
        taken,
        type=kind,
        title=_text(_get(value, "title")),
        authors=people,
        date=date if date.startswith(year) else year,
        journal=_said(info, "journal", "title") or _said(value, "journalTitle"),
        journal_abbreviation=_said(info, "journal", "medlineAbbreviation") or _said(info, "journal", "isoabbreviation"),
        volume=_said(info, "volume") or _said(value, "journalVolume"),
        issue=_said(info, "issue") or _said(value, "issue"),
        pages=page_span(_said(value, "pageInfo"), ""),
        serials=" ".join((_said(value, "journalIssn"), _said(info, "journal", "issn"), _said(info, "journal", "essn"))),
        doi=_said(value, "doi"),
        pmid=_said(value, "pmid"),
        pmcid=_said(value, "pmcid"),
        accession=_said(value, "id"),
        abstract=_text(_get(value, "abstractText")),
        keywords=words,
        language=_said(value, "language"),
        urls=urls,
    )


def _europe_name(value: Value) -> Name:
    family = _said(value, "lastName")
    if family:
        return Name(family=family, given=_said(value, "firstName") or _said(value, "initials"))
    full = _said(value, "fullName")
    return name_of(full) if full else Name(literal=_said(value, "collectiveName"))


def _pubmed(value: dict[str, Value]) -> _Draft:
    """Read a summary as PubMed's esummary gives it."""
    ids = {_said(one, "idtype"): _said(one, "value") for one in _list(_get(value, "articleids"))}
    people = [_said(one, "name") for one in _list(_get(value, "authors")) if _said(one, "authtype") != "CollectiveName"]
    groups = [_said(one, "name") for one in _list(_get(value, "authors")) if _said(one, "authtype") == "CollectiveName"]
    authors = (*map(name_of, people), *(Name(literal=group) for group in groups))
    taken = frozenset(
        ("title", "fulljournalname", "source", "volume", "issue", "pages", "uid", "pubdate", "issn", "essn", "lang")
    )
    return _Draft(
        value,
        "PubMed",
        taken,
        type="article-journal" if _said(value, "fulljournalname") else "",
        title=_said(value, "title"),
        authors=authors,
        date=_said(value, "pubdate") or _said(value, "sortpubdate"),
        journal=_said(value, "fulljournalname"),
        journal_abbreviation=_said(value, "source"),
        volume=_said(value, "volume"),
        issue=_said(value, "issue"),
        pages=page_span(_said(value, "pages"), ""),
        serials=f"{_said(value, 'issn')} {_said(value, 'essn')}",
        doi=ids.get("doi", "") or _said(value, "elocationid"),
        pmid=_said(value, "uid"),
        pmcid=ids.get("pmc", "") or ids.get("pmcid", ""),
        language=_said(value, "lang", 0),
    )


def _is_crossref(value: dict[str, Value]) -> bool:
    marks = ("is-referenced-by-count", "reference-count", "indexed", "member", "prefix", "deposited")
    return "DOI" in value and (isinstance(value.get("title"), list) or sum(mark in value for mark in marks) >= 2)


_SHAPED: tuple[tuple[Callable[[dict[str, Value]], bool], Callable[[dict[str, Value]], _Draft]], ...] = (
    (lambda value: isinstance(value.get("protocolSection"), dict), _trial),
    (
        lambda value: (
            "authorships" in value
            or "abstract_inverted_index" in value
            or (isinstance(value.get("id"), str) and value["id"].startswith("https://openalex.org/W"))
        ),
        _openalex,
    ),
    (_is_crossref, _crossref),
    (lambda value: "paperId" in value or "externalIds" in value, _semantic_scholar),
    (lambda value: "authorString" in value or "abstractText" in value or "journalInfo" in value, _europe_pmc),
    (lambda value: "uid" in value and ("sortpubdate" in value or "articleids" in value), _pubmed),
)

"""Data that a page carries for programs: meta tags, schema.org JSON-LD, and JSON objects left in its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from stromata.formats.language import language_code
from stromata.formats.text import clean, iso_date, name_of, page_span, person, unique, without_tags
from stromata.model import Name, Translation
from stromata.model.identifiers import find_isbns, find_issns, normal_doi, normal_pmcid, normal_pmid

Data = dict[str, Any]  # Any: JSON from elsewhere, looked at field by field

_OPENING = re.compile(r"\{\s*\"")
_TRIES = 200
"""Objects in one page that are looked at: scripts may hold thousands, the article's own comes early."""

_DEPTH = 12

_ARTICLES = frozenset(
    (
        "scholarlyarticle", "medicalscholarlyarticle", "article", "review", "report", "thesis", "chapter", "dataset",
        "creativework", "techarticle", "book",
    )
)  # fmt: skip
_LINKED_TYPES = {
    "scholarlyarticle": "article-journal", "medicalscholarlyarticle": "article-journal", "thesis": "thesis",
    "chapter": "chapter", "dataset": "dataset", "book": "book", "report": "report",
}  # fmt: skip


@dataclass(slots=True)
class Facts:
    """What the data say of the article; empty where they say nothing."""

    kind: str = ""
    title: str = ""
    authors: tuple[Name, ...] = ()
    date: str = ""
    journal: str = ""
    journal_abbreviation: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publisher: str = ""
    issn: tuple[str, ...] = ()
    isbn: tuple[str, ...] = ()
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    language: str = ""
    urls: tuple[str, ...] = ()
    translations: tuple[Translation, ...] = ()
    extra: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, other: Facts) -> Facts:
        """Return these facts, with those of `other` where these are empty."""
        values = {one.name: getattr(self, one.name) or getattr(other, one.name) for one in fields(Facts)}
        if len(self.date) < len(other.date) and other.date.startswith(self.date):
            values["date"] = other.date
        values["extra"] = [*self.extra, *(pair for pair in other.extra if pair not in self.extra)]
        return Facts(**values)


def text_of(value: object) -> str:
    """Return a JSON value as clean text: the first of a list, the name of an object."""
    if isinstance(value, list):
        return next((text for one in value if (text := text_of(one))), "")
    if isinstance(value, dict):
        return text_of(value.get("name") or value.get("@value") or value.get("value") or value.get("text"))
    if value is None or isinstance(value, bool):
        return ""
    return without_tags(str(value))


def texts_of(value: object) -> list[str]:
    """Return a JSON value as a list of clean texts."""
    values = value if isinstance(value, list) else [value]
    return [text for one in values if (text := text_of(one))]


def objects_in(text: str) -> tuple[list[tuple[int, int, Data]], list[tuple[int, int]]]:
    """Return the JSON objects in a text as (start, end, object), and the spans of articles' data that are cut off."""
    decoder = json.JSONDecoder()
    found: list[tuple[int, int, Data]] = []
    broken: list[tuple[int, int]] = []
    position = tries = 0
    while tries < _TRIES and (match := _OPENING.search(text, position)):
        tries += 1
        start = match.start()
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            line_end = text.find("\n", start)
            end = line_end if line_end >= 0 else len(text)
            if re.match(r"\{[\s\S]{0,300}?\"(?:title|abstract|paperTitle)\"\s*:", text[start : start + 400]):
                broken.append((start, end))
                position = end
            else:
                position = start + 1
            continue
        found.append((start, end, value))
        position = end
    return found, broken


def salvaged(text: str) -> Data:
    """Return the plain text fields of an object that is cut off."""
    pairs = re.findall(r"\"(\w+)\"\s*:\s*\"((?:[^\"\\]|\\.)*)", text)
    data: Data = {}
    for key, value in pairs:
        try:
            data.setdefault(key, json.loads(f'"{value}"'))
        except ValueError:
            data.setdefault(key, value)
    return data


def article_in(values: Iterable[Data], page: str) -> Facts | None:
    """Return the facts of the object that describes the page's article, among all the objects on it.

    Every nested object is looked at. The one wins that fills most fields; a title that stands on the page outside the
    data counts as three more.
    """
    best: tuple[int, Facts] | None = None
    for value in values:
        for one in _nested(value, 0):
            facts = _facts(one)
            if not facts.title or not (facts.abstract or facts.authors or facts.doi):
                continue
            full = sum(bool(getattr(facts, entry.name)) for entry in fields(Facts))
            full += 3 * (page.count(facts.title.rstrip(".。")) > 0)
            if best is None or full > best[0]:
                best = (full, facts)
    return best[1] if best else None


def _nested(value: object, depth: int) -> Iterator[Data]:
    if depth > _DEPTH:
        return
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _nested(one, depth + 1)
    elif isinstance(value, list):
        for one in value[:200]:
            yield from _nested(one, depth + 1)


def _facts(data: Data) -> Facts:
    """Read an object as Semantic Scholar, Crossref and portals built on them have it; case of keys is free."""
    low = {str(key).lower().replace("_", "").replace("-", ""): value for key, value in data.items()}

    def first(*keys: str) -> str:
        return next((text for key in keys if (text := text_of(low.get(key)))), "")

    ids = (
        {str(key).lower(): value for key, value in low["externalids"].items()}
        if isinstance(low.get("externalids"), dict)
        else {}
    )
    container = low.get("journal")
    place: Data = container if isinstance(container, dict) else {}
    translations = Translation(
        language="zh",
        title=first("titlecn", "titlezh", "chinesetitle"),
        abstract=first("abstracttextcn", "abstractcn", "abstractzh", "chineseabstract"),
    )
    date = iso_date(
        first("publicationdate", "publisheddate", "datepublished", "pubdate", "publishdate", "published", "date")
    )
    year = iso_date(first("year", "publicationyear", "pubyear"))
    return Facts(
        title=first("title", "papertitle", "articletitle", "headline"),
        authors=_people(low.get("authors") or low.get("author") or low.get("authorlist")),
        date=date if date.startswith(year) else year,
        journal=first(
            "periodicalname", "journalname", "journal", "journaltitle", "containertitle", "publicationname", "venue"
        ),
        volume=first("volume") or text_of(place.get("volume")),
        issue=first("issue", "number"),
        pages=first("pages", "page", "pagination") or text_of(place.get("pages")),
        publisher=first("publisher", "publishername"),
        issn=find_issns(" ".join(texts_of(low.get("issn")))),
        doi=normal_doi(first("doi") or text_of(ids.get("doi"))),
        pmid=normal_pmid(first("pmid", "pubmedid") or text_of(ids.get("pubmed"))),
        pmcid=normal_pmcid(_central(first("pmcid", "pmc") or text_of(ids.get("pubmedcentral")))),
        abstract=first("abstract", "abstracttext", "paperabstract", "summary"),
        keywords=_words_of(low.get("keywords")),
        language=language_code(first("language", "lang")),
        kind="article-journal"
        if re.search("journal ?article", first("publicationtypes", "publicationtype"), re.IGNORECASE)
        else "",
        translations=(translations,) if translations.title or translations.abstract else (),
        extra=[
            ("publication type", one) for one in texts_of(low.get("publicationtypes") or low.get("publicationtype"))
        ],
    )


def _central(text: str) -> str:
    return f"PMC{text}" if text.isdigit() else text


def _people(value: object) -> tuple[Name, ...]:
    """Read authors: a text with separators, or a list of texts or objects."""
    if isinstance(value, dict):
        value = value.get("author") or value.get("authors") or [value]
    if isinstance(value, str):
        plain = clean(re.sub(r"<[^>]{0,200}>", " ", value))
        if ";" in plain or "；" in plain:
            return tuple(dict.fromkeys(_written(part) for part in re.split("[;；]", plain) if part.strip()))
        return tuple(dict.fromkeys(person(part) for part in re.split(r"[,，、]|\band\b", plain) if part.strip(" .")))
    names: list[Name] = []
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            family = text_of(one.get("familyName") or one.get("family") or one.get("lastName") or one.get("last"))
            given = text_of(one.get("givenName") or one.get("given") or one.get("firstName") or one.get("first"))
            whole = text_of(one.get("name") or one.get("fullName") or one.get("literal") or one.get("displayName"))
            if family:
                names.append(Name(family=family, given=given))
            elif whole:
                organisation = "organi" in str(one.get("@type", "")).lower()
                names.append(Name(literal=whole) if organisation else _written(whole))
        elif text_of(one):
            names.append(_written(text_of(one)))
    return tuple(dict.fromkeys(names))


def _written(text: str) -> Name:
    """Read one name in either order: with a comma the family name comes first."""
    text = text.strip()
    return name_of(text) if re.search("[,，]", text) else person(text)


def _words_of(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return unique(texts_of(value))
    text = text_of(value)
    return unique(part.strip() for part in re.split("[;；]" if re.search("[;；]", text) else "[,，、|]", text))


def linked(scripts: Iterable[str]) -> Facts | None:
    """Return what schema.org JSON-LD says of the article; the fullest description wins."""
    best: Facts | None = None
    for script in scripts:
        try:
            value = json.loads(
                script.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";"), strict=False
            )
        except (ValueError, RecursionError):
            continue
        for one in _nested(value, 0):
            kinds = {str(kind).rpartition("/")[2].lower() for kind in texts_of(one.get("@type"))}
            if not kinds & _ARTICLES:
                continue
            facts = _linked_facts(one, kinds)
            if facts.title and (best is None or _fullness(facts) > _fullness(best)):
                best = facts
    return best if best and (best.authors or best.doi or best.abstract or best.journal) else None


def _fullness(facts: Facts) -> int:
    return sum(bool(getattr(facts, one.name)) for one in fields(Facts))


def _linked_facts(data: Data, kinds: set[str]) -> Facts:
    chain = list(_containers(data.get("isPartOf"), 0))
    journal = next(
        (one for one in chain if "periodical" in str(one.get("@type", "")).lower()), chain[-1] if chain else {}
    )
    identifiers = [
        *_flat(data.get("identifier")),
        *_flat(data.get("sameAs")),
        *_flat(data.get("@id")),
        *_flat(data.get("url")),
    ]

    def through(key: str) -> str:
        return text_of(data.get(key)) or next((text for one in chain if (text := text_of(one.get(key)))), "")

    return Facts(
        kind=next((_LINKED_TYPES[kind] for kind in sorted(kinds) if kind in _LINKED_TYPES), ""),
        title=text_of(data.get("headline")) or text_of(data.get("name")),
        authors=_people(data.get("author") or data.get("creator")),
        date=iso_date(text_of(data.get("datePublished")) or text_of(data.get("dateCreated"))),
        journal=text_of(journal.get("name")),
        volume=through("volumeNumber"),
        issue=through("issueNumber"),
        pages=page_span(text_of(data.get("pageStart")), text_of(data.get("pageEnd")))
        or text_of(data.get("pagination")),
        publisher=text_of(data.get("publisher")) or text_of(journal.get("publisher")),
        issn=find_issns(" ".join((*texts_of(data.get("issn")), *texts_of(journal.get("issn"))))),
        isbn=find_isbns(" ; ".join(texts_of(data.get("isbn")))),
        doi=next((doi for one in identifiers if (doi := normal_doi(one))), ""),
        pmid=next((normal_pmid(one) for one in identifiers if "pubmed" in one.lower() or "pmid" in one.lower()), ""),
        pmcid=next((pmc for one in identifiers if (pmc := normal_pmcid(one))), ""),
        abstract=text_of(data.get("abstract")) or text_of(data.get("description")),
        keywords=_words_of(data.get("keywords")),
        language=language_code(text_of(data.get("inLanguage"))),
        urls=unique((text_of(data.get("url")),)),
    )


def _containers(value: object, depth: int) -> Iterator[Data]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and depth < _DEPTH:
            yield one
            yield from _containers(one.get("isPartOf"), depth + 1)


def _flat(value: object) -> list[str]:
    found: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            found.append(f"{text_of(one.get('propertyID'))} {text_of(one.get('value') or one.get('@id'))}")
        elif isinstance(one, str):
            found.append(one)
    return found


_META_NAMES = {
    "title": ("citation_title dc.title dcterms.title prism.title wkhealth_title eprints.title bepress_citation_title"),
    "journal": (
        "citation_journal_title prism.publicationname dc.source dcterms.ispartof "
        "citation_conference_title citation_inbook_title eprints.publication "
        "bepress_citation_journal_title citation_book_title"
    ),
    "journal_abbreviation": "citation_journal_abbrev prism.publicationabbreviation dc.source.abbreviation",
    "volume": "citation_volume prism.volume dc.source.volume bepress_citation_volume",
    "issue": "citation_issue prism.number prism.issueidentifier dc.source.issue bepress_citation_issue",
    "publisher": (
        "citation_publisher dc.publisher dcterms.publisher citation_dissertation_institution "
        "citation_technical_report_institution"
    ),
    "abstract": (
        "citation_abstract dcterms.abstract dc.description.abstract dc.description prism.teaser "
        "eprints.abstract dcterms.description"
    ),
    "date": (
        "citation_publication_date citation_date citation_online_date prism.publicationdate "
        "dc.date.issued dcterms.issued dc.date dcterms.date dc.date.created citation_year "
        "article:published_time eprints.date bepress_citation_date"
    ),
    "language": "citation_language dc.language dcterms.language",
    "first": "citation_firstpage prism.startingpage bepress_citation_firstpage",
    "last": "citation_lastpage prism.endingpage bepress_citation_lastpage",
    "pages": "citation_pages dc.identifier.pagenumber prism.pagerange eprints.pagerange",
    "authors": (
        "citation_author citation_authors dc.creator.personalname dc.creator dcterms.creator "
        "dc.contributor.author eprints.creators_name bepress_citation_author dc.contributor prism.author"
    ),
    "doi": (
        "citation_doi prism.doi dc.identifier.doi dc.identifier dcterms.identifier bepress_citation_doi "
        "citation_public_url eprints.doi publication_doi"
    ),
    "pmid": "citation_pmid dc.identifier.pmid ncbi_uid",
    "pmcid": "citation_pmcid citation_pmc_id",
    "issn": "citation_issn prism.issn prism.eissn dc.source.issn citation_eissn",
    "isbn": "citation_isbn prism.isbn",
    "keywords": "citation_keywords citation_keyword dc.subject dcterms.subject prism.keyword keywords",
    "urls": (
        "citation_abstract_html_url citation_public_url citation_fulltext_html_url dc.identifier.uri prism.url og:url"
    ),
    "kind": "citation_article_type dc.type dcterms.type dc.type.articletype",
}
_META: dict[str, tuple[str, ...]] = {entry: tuple(names.split()) for entry, names in _META_NAMES.items()}
"""Names of meta tags for each field, the more telling ones first."""

_ARTICLE_META = re.compile(
    r"^(?:citation_|dc\.|dcterms\.|prism\.|eprints\.|bepress_citation_|wkhealth_)", re.IGNORECASE
)
_LEFT_OUT = re.compile(r"reference|_url$|fulltext|springer_|rights|format$|access|relation|xml", re.IGNORECASE)


def meta(tags: list[tuple[str, str, str]]) -> Facts | None:
    """Return what Highwire, Dublin Core, PRISM and their kin say, from (name, content, language) of the meta tags."""
    named: dict[str, list[tuple[str, str]]] = {}
    for name, content, language in tags:
        key = re.sub(r"^dc:|^dcterms:|^prism:", lambda found: found[0][:-1] + ".", clean(name).lower())
        value = without_tags(content)
        if value:
            named.setdefault(key, []).append((value, language))
    if not any(_ARTICLE_META.match(key) for key in named):
        return None
    used: set[str] = set()

    def every(entry: str) -> list[tuple[str, str]]:
        for key in _META[entry]:
            if key in named:
                used.add(key)
                return named[key]
        return []

    def first(entry: str) -> str:
        return next((value for value, _ in every(entry)), "")

    titles, abstracts = every("title"), every("abstract")
    titles = [*titles, *named.get("dc.title.alternative", []), *named.get("citation_title_alternative", [])]
    used |= {"dc.title.alternative", "citation_title_alternative"}
    dates = [date for key in _META["date"] for value, _ in named.get(key, ()) if (date := iso_date(value))]
    used |= set(_META["date"])
    dois = [doi for key in _META["doi"] for value, _ in named.get(key, ()) if (doi := normal_doi(value))]
    used |= set(_META["doi"]) | set(_META["urls"]) | {"description", "viewport", "author"}
    facts = Facts(
        title=titles[0][0] if titles else "",
        authors=_meta_people([value for value, _ in every("authors")]),
        date=_date(dates),
        journal=first("journal"),
        journal_abbreviation=first("journal_abbreviation"),
        volume=first("volume"),
        issue=first("issue"),
        pages=page_span(first("first"), first("last")) or first("pages"),
        publisher=first("publisher"),
        issn=find_issns(" ".join(value for key in _META["issn"] for value, _ in named.get(key, ()))),
        isbn=find_isbns(" ; ".join(value for value, _ in every("isbn"))),
        doi=dois[0] if dois else "",
        pmid=normal_pmid(first("pmid")),
        pmcid=normal_pmcid(_central(first("pmcid"))),
        abstract=abstracts[0][0] if abstracts else "",
        keywords=_meta_words([value for value, _ in every("keywords")]),
        language=language_code(first("language")),
        urls=unique(
            (next((value for key in _META["urls"] for value, _ in named.get(key, ()) if value.startswith("http")), ""),)
        ),
        translations=_other_languages(titles, abstracts),
    )
    facts.kind = _meta_kind(named, first("kind"))
    used |= set(_META["issn"])
    facts.extra = [
        (key, value)
        for key, values in named.items()
        if key not in used and _ARTICLE_META.match(key) and not _LEFT_OUT.search(key) and key not in _COVERED
        for value, _ in dict.fromkeys(values)
    ]
    return facts if facts.title else None


_COVERED = frozenset(key for keys in _META.values() for key in keys)
"""Meta names with a field: a second tag for a field that is filled says the same again."""


def _meta_kind(named: dict[str, list[tuple[str, str]]], said: str) -> str:
    if "citation_dissertation_institution" in named or re.search("thesis|dissertation", said, re.IGNORECASE):
        return "thesis"
    if "citation_conference_title" in named:
        return "paper-conference"
    if "citation_inbook_title" in named:
        return "chapter"
    return "article-journal" if "citation_journal_title" in named or re.search("article", said, re.IGNORECASE) else ""


def _date(dates: list[str]) -> str:
    """Return the first date, as precisely as any other date of the same time gives it."""
    if not dates:
        return ""
    return max((date for date in dates if date.startswith(dates[0])), key=len)


def _meta_people(values: list[str]) -> tuple[Name, ...]:
    names: list[Name] = []
    for value in values:
        parts = re.split("[;；]", value)
        if len(parts) == 1 and value.count(",") > 2:
            parts = value.split(",")
        names += [_written(part) for part in parts if part.strip(" ,.")]
    return tuple(dict.fromkeys(names))


def _meta_words(values: list[str]) -> tuple[str, ...]:
    if len(values) > 1:
        return unique(part.strip() for value in values for part in re.split("[;；]", value))
    return _words_of(values[0]) if values else ()


def _other_languages(titles: list[tuple[str, str]], abstracts: list[tuple[str, str]]) -> tuple[Translation, ...]:
    """Pair further titles and abstracts that are marked with another language."""
    own = titles[0][1] if titles else ""
    codes = unique(language_code(language) for _, language in (*titles[1:], *abstracts) if language and language != own)
    found = []
    for code in codes:
        title = next((text for text, language in titles[1:] if language_code(language) == code), "")
        abstract = next((text for text, language in abstracts[1:] if language_code(language) == code), "")
        if title or abstract:
            found.append(Translation(language=code, title=title, abstract=abstract))
    return tuple(found)

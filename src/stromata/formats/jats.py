"""JATS, in which PubMed Central, Europe PMC and publishers give articles: what stands before the text, and works cited.

Elements are those of https://jats.nlm.nih.gov/. The body is part of the entry, and nothing of the record comes from it.
Works cited go to `Record.extra` as ``CR``: a cited work's DOI is never the article's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from stromata.formats.content import Content, Passage
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.text import clean, iso_date, page_span, unique
from stromata.formats.xml_entries import (
    Entry,
    Grammar,
    cited_work,
    first_text,
    innermost,
    is_rooted,
    left_over,
    raw_text,
    read_entries,
    text_of,
    texts_of,
)
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import find_isbns, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.progress import Progress

Pairs = list[tuple[str, str]]

_GRAMMAR = Grammar(
    entries=("article",),
    frame=(
        "pmc-articleset",
        "articles",
        "OAI-PMH",
        "responseDate",
        "request",
        "GetRecord",
        "ListRecords",
        "record",
        "metadata",
        "root",
    ),
    nests=True,
)
_FRONT = re.compile(r"<(?:[\w.-]+:)?(?:article-meta|journal-meta)[\s>]")
_ARTICLE = re.compile(r"<(?:[\w.-]+:)?article[\s>]")

_ORDER = ("ppub", "print", "pub", "collection", "epub", "epub-ppub", "electronic", "preprint")
"""Kinds of dates of publication, in the order in which they are preferred: as PubMed, the issue's date first."""

_TYPES = {"preprint": "article", "book-review": "review-book", "news": "article-journal"}
_META_READ = frozenset(
    (
        "article-id", "title-group", "contrib-group", "aff", "pub-date", "volume", "issue", "fpage", "lpage",
        "page-range", "elocation-id", "abstract", "trans-abstract", "kwd-group", "counts", "self-uri",
    )
)  # fmt: skip
_ALTERNATIVES = "citation-alternatives"
_CITATIONS = frozenset(("mixed-citation", "element-citation", "nlm-citation", "citation", _ALTERNATIVES))
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_BLOCKS = ("title", "p", "sec", "label", "list-item", "break", "disp-formula")


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like JATS."""
    return is_rooted(head, _GRAMMAR) and bool(_FRONT.search(head) and _ARTICLE.search(head))


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield what the file holds; parameters and errors as for `read_entries`."""
    yield from read_entries(content, _GRAMMAR, _make, progress=progress)


def _make(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | None:
    root = entry.root
    front = root.find("front")
    meta = front.find("article-meta") if front is not None else root.find("article-meta")
    journal = front.find("journal-meta") if front is not None else root.find("journal-meta")
    if meta is None:
        text = f"The article in lines {entry.line} to {entry.end_line} has no part that describes it (article-meta)."
        problems.append(Problem(entry.line, "jats-empty-entry", text, "Export this article again."))
        return None
    said = language_code(root.get(_XML_LANG, "") or root.get("lang", ""))
    extra: Pairs = []
    title, translations = _titles(meta, extra)
    abstract = _abstracts(meta, translations, extra)
    if not title:
        problems.append(Problem(entry.line, "jats-no-title", f"The article in line {entry.line} has no title."))
    ids = _identifiers(meta, extra)
    authors = _authors(meta, extra)
    date = _date(meta, extra)
    first, last = first_text(meta, "fpage"), first_text(meta, "lpage")
    pages = page_span(first, last) or first_text(meta, "page-range", "elocation-id")
    if first and (place := first_text(meta, "elocation-id")):
        extra.append(("elocation-id", place))
    serials = " ; ".join(texts_of(journal, "issn"))
    extra += [("AD", text) for text in map(text_of, innermost(meta, "aff")) if text]
    extra += left_over(meta, _META_READ)
    extra += _cited(root)
    detected = detect_language(f"{title} {abstract}")
    basis: LanguageBasis = "stated" if said else "detected" if detected else ""
    kind = _TYPES.get(root.get("article-type", ""), "article-journal")
    extra += [("article-type", one) for one in [root.get("article-type", "")] if one not in {"", "research-article"}]
    return new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title, authors=authors,
        year=int(date[:4]) if date else None, date=date, journal=first_text(journal, ".//journal-title"),
        journal_abbreviation=first_text(journal, ".//abbrev-journal-title") or _short(journal),
        volume=first_text(meta, "volume"), issue=first_text(meta, "issue"), pages=pages,
        publisher=first_text(journal, "publisher/publisher-name"), issn=find_issns(serials),
        isbn=find_isbns(" ; ".join(texts_of(meta, "isbn"))), doi=ids["doi"], pmid=ids["pmid"], pmcid=ids["pmcid"],
        registry_ids=find_registry_ids(f"{title}\n{abstract}"), abstract=abstract, keywords=_keywords(meta),
        language=said or detected, language_basis=basis, translations=tuple(translations.values()), extra=tuple(extra),
    )  # fmt: skip


def _cited(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the works that are cited, each with its numbers; one reference may hold several."""
    back = root.find("back")
    for reference in innermost(back, "ref") if back is not None else ():
        for one in [child for child in reference if child.tag in _CITATIONS] or [reference]:
            # alternatives are one work, said in several ways
            work = next((way for way in one if way.tag in _CITATIONS), one) if one.tag == _ALTERNATIVES else one
            # words in elements have no blanks between them, running text has its own
            text = raw_text(work) if work.tag == "mixed-citation" else " ".join(map(str, work.itertext()))
            numbers = [(number.get("pub-id-type", ""), text_of(number)) for number in work.iter("pub-id")]
            yield from cited_work([clean(text)], numbers)


def _short(journal: etree._Element | None) -> str:
    ids = journal.iterfind("journal-id") if journal is not None else ()
    return next((text_of(one) for one in ids if one.get("journal-id-type") in {"nlm-ta", "iso-abbrev"}), "")


def _identifiers(meta: etree._Element, extra: Pairs) -> dict[str, str]:
    found = {"doi": "", "pmid": "", "pmcid": ""}
    readers = {"doi": normal_doi, "pmid": normal_pmid, "pmc": _central, "pmcid": _central}
    for one in meta.iterfind("article-id"):
        kind, text = one.get("pub-id-type", ""), text_of(one)
        key = "pmcid" if kind == "pmc" else kind
        value = readers[kind](text) if kind in readers else ""
        if value and found.get(key) in {"", value}:
            found[key] = value
        elif text:
            extra.append(("AID", f"{text} [{kind}]"))
    return found


def _central(text: str) -> str:
    return normal_pmcid(f"PMC{text}" if text.isdigit() else text)


def _titles(meta: etree._Element, extra: Pairs) -> tuple[str, dict[str, Translation]]:
    """Return title and subtitle in one, and those in other languages."""
    group = meta.find("title-group")
    title = _joined(_running(_one(group, "article-title")), texts_of(group, "subtitle"))
    found: dict[str, Translation] = {}
    for one in group.iterfind("trans-title-group") if group is not None else ():
        text = _joined(_running(one.find("trans-title")), texts_of(one, "trans-subtitle"))
        _translated(found, one.get(_XML_LANG, ""), text, "title")
    for one in group.iterfind("trans-title") if group is not None else ():
        _translated(found, one.get(_XML_LANG, ""), _running(one), "title")
    extra += [("ST", text) for text in texts_of(group, "alt-title")]
    return title, found


def _one(element: etree._Element | None, name: str) -> etree._Element | None:
    return element.find(name) if element is not None else None


def _joined(title: str, subtitles: list[str]) -> str:
    for subtitle in subtitles:
        title = f"{title.rstrip(' :')}: {subtitle}" if title else subtitle
    return title


def _translated(found: dict[str, Translation], said: str, text: str, part: str) -> None:
    if not text:
        return
    code = language_code(said) or detect_language(text) or "und"
    before = found.get(code, Translation(language=code))
    found[code] = Translation(
        language=code, title=before.title or (text if part == "title" else ""),
        abstract=before.abstract or (text if part == "abstract" else ""),
    )  # fmt: skip


def _running(element: etree._Element | None) -> str:
    """Return the text of an element without footnotes, and without the second form of a formula."""
    if element is None:
        return ""
    parts: list[str] = []
    _walk(element, parts)
    return clean("".join(parts))


def _walk(element: etree._Element, parts: list[str]) -> None:
    if element.text:
        parts.append(element.text)
    has_formula = any(str(one.tag).endswith("math") and one.tag != "tex-math" for one in element)
    for child in element:
        tag = str(child.tag)
        second = tag == "tex-math" and has_formula
        if tag not in {"xref", "fn", "object-id"} and not second:
            if tag in _BLOCKS:
                parts.append(" ")
            _walk(child, parts)
            if tag in _BLOCKS:
                parts.append(" ")
        if child.tail:
            parts.append(child.tail)


def _abstracts(meta: etree._Element, translations: dict[str, Translation], extra: Pairs) -> str:
    """Return the abstract, with the headings of its parts as labels; summaries of other kinds go to `extra`."""
    abstract = ""
    for one in meta.iterfind("abstract"):
        text, kind = _structured(one), one.get("abstract-type", "")
        if text and not abstract and kind in {"", "section", "structured", "abstract", "web-summary", "main"}:
            abstract = text
        elif text:
            extra.append((f"abstract/{kind}" if kind else "abstract", text))
    for one in meta.iterfind("trans-abstract"):
        _translated(translations, one.get(_XML_LANG, ""), _structured(one), "abstract")
    if not abstract:
        other = next((one for one in extra if one[0] in {"abstract/summary", "abstract/executive-summary"}), None)
        if other:
            extra.remove(other)
            abstract = other[1]
    return abstract


def _structured(element: etree._Element) -> str:
    parts: list[str] = []
    for child in element:
        if child.tag == "title":
            if not re.fullmatch(r"(?i)(?:abstract|summary|résumé|resumen|zusammenfassung)[:.]?", text_of(child)):
                parts.append(f"{text_of(child).rstrip(':')}:")
        elif child.tag == "sec":
            heading = _running(child.find("title")).rstrip(": ")
            rest = " ".join(_running(one) for one in child if one.tag != "title")
            parts.append(f"{heading}: {rest}" if heading else rest)
        else:
            parts.append(_running(child))
    return clean(" ".join(parts)) or (text_of(element) if not len(element) else "")


def _authors(meta: etree._Element, extra: Pairs) -> tuple[Name, ...]:
    """Return the authors in order; editors and others go to `extra`."""
    names: list[Name] = []
    for group in meta.iterfind("contrib-group"):
        for one in group.iterfind("contrib"):
            kind = one.get("contrib-type", "author")
            name = _person(one)
            if not str(name):
                if one.find("anonymous") is not None:
                    extra.append(("AU", "Anonymous"))
                continue
            if kind in {"author", ""} and group.get("content-type", "authors") in {"authors", "author"}:
                names.append(name)
            else:
                extra.append(("FED" if "editor" in kind else kind or "contrib", str(name)))
            extra += [
                ("AUID", f"{said.get('contrib-id-type', '').upper()}: {text_of(said)}")
                for said in one.iterfind("contrib-id")
            ]
        names += [Name(literal=text_of(one)) for one in group.iterfind("collab") if text_of(one)]
    return tuple(names)


def _person(element: etree._Element) -> Name:
    for name in (element.find("name"), element.find("name-alternatives/name")):
        if name is not None:
            return Name(
                family=first_text(name, "surname"),
                given=first_text(name, "given-names"), suffix=first_text(name, "suffix"),
            )  # fmt: skip
    group = element.find("collab")
    if group is None:
        group = element.find("collab-alternatives/collab")
    if group is not None:  # its members may be listed inside it
        parts = [group.text or "", *(text for one in group for text in (_outer(one), one.tail or ""))]
        return Name(literal=clean("".join(parts)))
    return Name(literal=first_text(element, "string-name"))


def _outer(element: etree._Element) -> str:
    return "" if element.tag in {"contrib-group", "xref", "aff", "contrib"} else raw_text(element)


def _date(meta: etree._Element, extra: Pairs) -> str:
    """Return the date of publication; others that differ go to `extra`."""
    found: list[tuple[int, str, str]] = []
    for one in meta.iterfind("pub-date"):
        kind = one.get("pub-type") or one.get("publication-format") or one.get("date-type") or "pub"
        text = "-".join(text for name in ("year", "month", "day") if (text := first_text(one, name)))
        if not text.replace("-", "").isdigit():
            text = " ".join(text for name in ("year", "season", "month", "day") if (text := first_text(one, name)))
        date = iso_date(text) or iso_date(one.get("iso-8601-date", "")) or iso_date(first_text(one, "string-date"))
        if date:
            found.append((_ORDER.index(kind) if kind in _ORDER else len(_ORDER), date, kind))
    found.sort(key=lambda one: one[0])
    extra += [("pub-date", f"{date} [{kind}]") for _, date, kind in found[1:]]
    return found[0][1] if found else ""


def _keywords(meta: etree._Element) -> tuple[str, ...]:
    groups = [one for one in meta.iterfind("kwd-group") if one.get("kwd-group-type") != "abbreviations"]
    return unique(text for group in groups for one in innermost(group, "kwd", "compound-kwd") if (text := text_of(one)))

"""EndNote XML, as EndNote, Mendeley, Zotero and JabRef write it.

A value stands in runs of text (``style``), one for each change of face or font: all runs are read. Reference types are
told by name and number, fields by the names of EndNote's own. What has no field here goes to `Record.extra` under the
tag that RIS has for it, else under the name of its element. There is no public definition of the format; elements and
numbers of types are those of https://github.com/zotero/translators (``Endnote XML.js``) and of exports of EndNote.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from stromata.formats.content import Content, Passage, examine
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.own import NOTE, astray, lossless, restored, translation_of
from stromata.formats.text import clean, iso_date, month_of, name_of, page_span, same_text, unique, written_name
from stromata.formats.xml_entries import Entry, Grammar, is_rooted, left_over, raw_text, read_entries, text_of
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import find_isbns, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.progress import Progress, silent

Pairs = list[tuple[str, str]]

_GRAMMAR = Grammar(entries=("record",), frame=("xml", "records"))
_MARK = re.compile(r"<(?:ref-type|titles|contributors|rec-number|source-app)[\s/>]")
_RECORD = re.compile(r"<records?[\s/>]")

_TYPES: tuple[tuple[str, int, str], ...] = (
    # (name, number, CSL type); of several with one CSL type, the first is the one that is written
    ("Journal Article", 17, "article-journal"), ("Electronic Article", 43, "article-journal"),
    ("Book", 6, "book"), ("Edited Book", 28, "book"), ("Electronic Book", 44, "book"), ("Book Section", 5, "chapter"),
    ("Electronic Book Section", 60, "chapter"), ("Conference Paper", 47, "paper-conference"),
    ("Conference Proceedings", 10, "paper-conference"), ("Thesis", 32, "thesis"), ("Report", 27, "report"),
    ("Government Document", 46, "report"), ("Web Page", 12, "webpage"), ("Blog", 56, "post-weblog"),
    ("Dataset", 59, "dataset"), ("Online Database", 45, "dataset"), ("Aggregated Database", 55, "dataset"),
    ("Newspaper Article", 23, "article-newspaper"), ("Magazine Article", 19, "article-magazine"),
    ("Patent", 25, "patent"), ("Computer Program", 9, "software"), ("Standard", 58, "standard"),
    ("Film or Broadcast", 21, "motion_picture"), ("Unpublished Work", 34, "manuscript"),
    ("Manuscript", 36, "manuscript"), ("Encyclopedia", 53, "entry-encyclopedia"),
    ("Dictionary", 52, "entry-dictionary"), ("Statute", 31, "legislation"), ("Bill", 4, "bill"),
    ("Case", 7, "legal_case"), ("Hearing", 14, "hearing"), ("Map", 20, "map"),
    ("Personal Communication", 26, "personal_communication"), ("Pamphlet", 24, "pamphlet"), ("Figure", 37, "figure"),
    ("Artwork", 2, "graphic"), ("Preprint", 0, "article"), ("Generic", 13, ""),
)  # fmt: skip
_BY_NAME = {name.lower(): (name, csl) for name, _, csl in _TYPES}
_BY_NUMBER = {str(number): (name, csl) for name, number, csl in _TYPES if number}
_WRITTEN_TYPES = {csl: (name, number) for name, number, csl in reversed(_TYPES) if number}

_TAGS = {
    "auth-address": "AD", "auth-affiliaton": "AD", "pub-location": "CY", "edition": "ET", "section": "SE",
    "num-vols": "NV", "label": "LB", "call-num": "CN", "work-type": "M3", "reviewed-item": "RI", "orig-pub": "OP",
    "reprint-edition": "RP", "access-date": "Y2", "caption": "CA", "remote-database-provider": "DP",
    **{f"custom{number}": f"C{number}" for number in range(1, 9)},
}  # fmt: skip
_ELEMENTS = {tag: name for name, tag in reversed(_TAGS.items())}
"""The element of a tag: each stands once in a record."""

_OTHER_AUTHORS = {
    "secondary-authors": "A2", "tertiary-authors": "A3", "subsidiary-authors": "A4", "translated-authors": "TA",
}  # fmt: skip
_FILES = {"pdf-urls": "L1", "text-urls": "L2", "image-urls": "L4"}
_SERIES = frozenset(("book", "thesis", "report", "standard", "dataset", "software"))
"""Types whose second title names a series or a department, not what they stand in."""

_READ = frozenset(
    (
        "database", "source-app", "rec-number", "foreign-keys", "ref-type", "contributors", "titles", "periodical",
        "alt-periodical", "pages", "volume", "number", "issue", "keywords", "dates", "publisher", "isbn",
        "accession-num", "electronic-resource-num", "abstract", "notes", "research-notes", "urls",
        "remote-database-name", "language",
    )
)  # fmt: skip
_MEDLINE = re.compile(r"medline|pubmed|^nlm$", re.IGNORECASE)
_PUBMED_URL = re.compile(r"pubmed(?:\.ncbi\.nlm\.nih\.gov)?/([1-9]\d{0,7})(?!\d)|list_uids=([1-9]\d{0,7})")
_NOTE_ID = re.compile(r"PM(?:ID: ?[1-9]\d{0,7}|CID: ?PMC\d+)")
_OURS = "stromata."
_WRITER = "stromata"
"""What our own files name as the program that wrote them."""


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like EndNote XML: records with its own elements."""
    return is_rooted(head, _GRAMMAR) and bool(_RECORD.search(head) and _MARK.search(head))


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield what the file holds; parameters and errors as for `read_entries`."""
    yield from read_entries(content, _GRAMMAR, _make, progress=progress)


def _make(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | None:
    root = entry.root
    child = {str(one.tag): one for one in reversed(root)}
    extra: Pairs = []
    ours, research = _own_lines(child.get("research-notes"))
    translations = _translations(ours, research)
    kind = ours.get("type", [""])[0] or _kind(child.get("ref-type"), extra)
    authors = _contributors(child.get("contributors"), extra)
    title, journal, short, translated = _titles(child, kind, extra)
    texts = {key: text_of(child.get(name)) for key, name in _TEXTS}
    date = _date(child.get("dates"), entry, extra, problems)
    doi = normal_doi(texts["doi"])
    if texts["doi"] and not doi:
        extra.append(("DO", texts["doi"]))
        text = f"electronic-resource-num holds '{texts['doi']}', which is no DOI."
        problems.append(Problem(entry.line, "endnote-doi", text, "A DOI looks like 10.1234/abc."))
    issn, isbn = find_issns(texts["isbn"]), find_isbns(texts["isbn"])
    if texts["isbn"] and not issn and not isbn:
        extra.append(("SN", texts["isbn"]))
    notes = _paragraphs(child.get("notes"))
    urls = _urls(child.get("urls"), extra)
    _rest(root, extra)
    extra += [("research-notes", one) for one in research]
    problems += astray(extra, place="", line=entry.line, form="endnote")
    extra = _ordered([*extra, *_own_extra(ours)], ours)
    pmid, pmcid, extra = _pubmed(notes, texts, urls, extra)
    note = ours.get("record", [""])[-1]  # the last is the writer's
    if not (title or authors or texts["abstract"] or doi or journal or note):
        text = f"The entry in lines {entry.line} to {entry.end_line} says nothing of a publication."
        problems.append(Problem(entry.line, "endnote-empty-entry", text, "Export this entry again."))
        return None
    if not title:
        text = f"The entry that begins in line {entry.line} has no title."
        problems.append(Problem(entry.line, "endnote-no-title", text))
    language, basis = _language(texts["language"], f"{title} {texts['abstract']}", extra)
    kept = tuple(note for note in unique(notes) if not _NOTE_ID.fullmatch(note))
    said = [title, texts["abstract"], *(note for note in kept if len(note) < 300)]
    record = new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title, authors=authors,
        year=int(date[:4]) if date else None, date=date, journal=journal, journal_abbreviation=short,
        volume=texts["volume"], issue=texts["number"] or texts["issue"], pages=page_span(texts["pages"], ""),
        publisher=texts["publisher"], issn=issn, isbn=isbn, doi=doi, pmid=pmid, pmcid=pmcid,
        registry_ids=unique(ours.get("registry", ())) or find_registry_ids("\n".join(said)),
        accession=texts["accession"], database=texts["database"], urls=urls, abstract=texts["abstract"],
        keywords=_keywords(child.get("keywords")), language=language, language_basis=basis,
        translations=translations or translated, notes=kept, extra=tuple(extra),
    )  # fmt: skip
    return restored(record, note, form="endnote", problems=problems)


_TEXTS = (
    ("doi", "electronic-resource-num"), ("isbn", "isbn"), ("abstract", "abstract"), ("language", "language"),
    ("volume", "volume"), ("number", "number"), ("issue", "issue"), ("pages", "pages"), ("publisher", "publisher"),
    ("accession", "accession-num"), ("database", "remote-database-name"),
)  # fmt: skip


def _paragraphs(element: etree._Element | None) -> list[str]:
    """Return the paragraphs of a value, which EndNote parts by carriage returns."""
    if element is None:
        return []
    return [text for part in raw_text(element).split("\r") if (text := clean(part))]


_ANY = re.compile(".*+", re.DOTALL)
_OWN_LINES = {
    "extra": re.compile(" ?[^=]+=.*", re.DOTALL), "order": re.compile(r"[0-9 ]*+"), "record": _ANY, "registry": _ANY,
    "translation": _ANY, "type": _ANY,
}  # fmt: skip


def _own_lines(element: etree._Element | None) -> tuple[dict[str, list[str]], list[str]]:
    """Part what our own writer put into the research notes (``stromata.registry: NCT01234567``) from the rest."""
    ours: dict[str, list[str]] = {}
    rest: list[str] = []
    for line in _paragraphs(element):
        name, colon, value = line.partition(":")
        kind = name.removeprefix(_OURS) if name.startswith(_OURS) and colon else ""
        fits = _OWN_LINES.get(kind)
        if fits is not None and fits.fullmatch(value):
            ours.setdefault(kind, []).append(value.strip())
        else:
            rest.append(line)
    return ours, rest


def _own_extra(ours: dict[str, list[str]]) -> Pairs:
    return [(tag, value) for line in ours.get("extra", ()) for tag, _, value in [line.partition("=")]]


def _ordered(extra: Pairs, ours: dict[str, list[str]]) -> Pairs:
    """Bring the pairs into the order that our own writer noted."""
    places = [int(one) for one in ours.get("order", [""])[0].split() if one.isdecimal() and len(one) < 9]
    if sorted(places) != list(range(len(extra))):
        return extra
    return [pair for _, pair in sorted(zip(places, extra, strict=True), key=lambda one: one[0])]


def _kind(element: etree._Element | None, extra: Pairs) -> str:
    """Return the CSL type. A name or number that says more than it is kept."""
    if element is None:
        return ""
    name, number = clean(element.get("name", "")), text_of(element)
    found = _BY_NAME.get(name.lower()) or _BY_NUMBER.get(number) or _BY_NAME.get(number.lower())
    if found is None:
        if name or number not in {"", "0"}:
            extra.append(("ref-type", name or number))
        return ""
    if _WRITTEN_TYPES.get(found[1], ("", 0))[0] != found[0]:
        extra.append(("ref-type", found[0]))
    return found[1]


def _contributors(element: etree._Element | None, extra: Pairs) -> tuple[Name, ...]:
    names: list[Name] = []
    for group in element if element is not None else ():
        kind = str(group.tag)
        for one in group:
            texts = [part for part in text_of(one).split(";") if part.strip(" ,;")]
            if not texts and one.get("last-name"):
                texts = [f"{one.get('last-name')}, {one.get('first-name', '')}".rstrip(", ")]
            for text in texts:
                if kind == "authors":
                    names.append(name_of(clean(text)))
                else:
                    extra.append((_OTHER_AUTHORS.get(kind, kind), clean(text)))
    return tuple(names)


def _titles(child: dict[str, etree._Element], kind: str, extra: Pairs) -> tuple[str, str, str, tuple[Translation, ...]]:
    """Return title, journal or container, its short form, and a translated title."""
    said: dict[str, list[str]] = {}
    for one in child.get("titles", ()):
        if text := text_of(one):
            said.setdefault(str(one.tag), []).append(text)
    own = said.pop("title", [])
    title = own[0] if own else ""
    extra += [("T1", text) for text in own[1:] if not same_text(text, title)]
    full, short = _periodical(child.get("periodical"))
    alternative, its_short = _periodical(child.get("alt-periodical"))
    second = said.pop("secondary-title", [])
    candidates = [*full, *(second if kind not in _SERIES else ())]
    journal = candidates[0] if candidates else ""
    others = [("T2", text) for text in (*full[1:], *second)]
    others += [("J2", text) for text in (*short, *said.pop("alt-title", ()), *alternative, *its_short)]
    abbreviation = next((text for tag, text in others if tag == "J2" and not same_text(text, journal)), "")
    if not abbreviation and short and text_of(child.get("source-app")) == _WRITER:
        abbreviation = short[0]  # ours is not told to be the same
    if not journal and abbreviation and kind not in _SERIES:
        journal, abbreviation = abbreviation, ""
    for tag, text in dict.fromkeys(others):
        if not any(one and same_text(text, one) for one in (journal, abbreviation)):
            extra.append((tag, text))
    extra += [("T3", text) for text in said.pop("tertiary-title", ())]
    extra += [("ST", text) for text in said.pop("short-title", ()) if not same_text(text, title)]
    translated = said.pop("translated-title", [])
    extra += [(name, text) for name, texts in said.items() for text in texts]
    return title, journal, abbreviation, tuple(
        Translation(language=detect_language(text) or "und", title=text) for text in translated
    )  # fmt: skip


def _periodical(element: etree._Element | None) -> tuple[list[str], list[str]]:
    """Return the full titles and the abbreviations of a periodical."""
    full: list[str] = []
    short: list[str] = []
    for one in element if element is not None else ():
        if text := text_of(one):
            (full if one.tag == "full-title" else short).append(text)
    return full, short


def _date(element: etree._Element | None, entry: Entry, extra: Pairs, problems: list[Problem]) -> str:
    """Return the date: the year decides, and the date of publication may make it more precise."""
    date = ""
    for one in element if element is not None else ():
        text = text_of(one)
        if not text:
            continue
        if one.tag == "year":
            found = iso_date(text)
            if date or not found:
                extra.append(("PY", text))
            if not found:
                told = f"The year is '{text}', which is no date."
                problems.append(Problem(entry.line, "endnote-date", told, "Expected is a year or YYYY/MM/DD."))
            date = date or found
        elif one.tag == "pub-dates":
            for part in one:
                if said := text_of(part):
                    date = _refined(date, said, extra)
        else:
            extra.append((str(one.tag), text))
    return date


def _refined(date: str, said: str, extra: Pairs) -> str:
    found = iso_date(said)
    if not found and date and month_of(said):
        found = iso_date(f"{date[:4]} {said}")
    if found and len(found) > len(date) and found.startswith(date):
        if len(re.findall(r"[^\W\d_]{3,}|\d+", said)) > 3:  # more than a day, a month and a year
            extra.append(("DA", said))
        return found
    if found != date:
        extra.append(("DA", said))
    return date


def _keywords(element: etree._Element | None) -> tuple[str, ...]:
    """Return the keywords; a single element may hold them all."""
    if element is None:
        return ()
    values = [raw_text(one) for one in element]
    sign = "[\r;]" if len(values) == 1 else "\r"
    return unique(clean(part) for value in values for part in re.split(sign, value))


def _urls(element: etree._Element | None, extra: Pairs) -> tuple[str, ...]:
    found: list[str] = []
    for group in element if element is not None else ():
        values = [text for one in group if (text := text_of(one))] or [text_of(group)]
        kind = str(group.tag)
        if kind in _FILES:
            extra += [(_FILES[kind], value) for value in values if value]
        else:
            found += values
    return unique(found)


def _rest(root: etree._Element, extra: Pairs) -> None:
    """Keep every element that has no field, in the order of the file."""
    for one in root:
        name = str(one.tag)
        if name in _TAGS:
            extra += [(_TAGS[name], text) for text in _paragraphs(one)] if name == "auth-address" else []
            if name != "auth-address" and (text := text_of(one)):
                extra.append((_TAGS[name], text))
        elif name == "rec-number":
            if text := text_of(one):
                extra.append(("ID", text))
        elif name == "source-app":
            text = clean(f"{one.get('name', '')} {one.get('version', '')}") or text_of(one)
            if text and text != _WRITER:
                extra.append((name, text))
        elif name == "database" and text_of(one):
            extra.append((name, text_of(one)))
        elif name not in _READ:
            extra += left_over(one, within=name) if len(one) and one[0].tag != "style" else ()
            if (not len(one) or one[0].tag == "style") and (text := text_of(one)):
                extra.append((name, text))


def _pubmed(notes: list[str], texts: dict[str, str], urls: tuple[str, ...], extra: Pairs) -> tuple[str, str, Pairs]:
    """Return the PubMed and PMC numbers, from the places where sources put them, and what is left of `extra`."""
    pmid = next((normal_pmid(note) for note in notes if _NOTE_ID.fullmatch(note) and note.startswith("PMID")), "")
    pmcid = next((normal_pmcid(note) for note in notes if _NOTE_ID.fullmatch(note) and note.startswith("PMC")), "")
    central = next((value for tag, value in extra if tag == "C2" and value == normal_pmcid(value)), "")
    if central and pmcid in {"", central}:
        pmcid = central
        extra = [pair for pair in extra if pair != ("C2", central)]
    origin = (texts["database"], *(value for tag, value in extra if tag == "DP"))
    if not pmid and any(map(_MEDLINE.search, origin)):
        pmid = normal_pmid(texts["accession"])
    if not pmid:
        found = next((match for url in urls if (match := _PUBMED_URL.search(url))), None)
        pmid = (found[1] or found[2]) if found else ""
    return pmid, pmcid, extra


def _language(said: str, text: str, extra: Pairs) -> tuple[str, LanguageBasis]:
    code = language_code(said)
    if code:
        return code, "stated"
    if said:
        extra.append(("LA", said))
    found = detect_language(text)
    return found, "detected" if found else ""


def _translations(ours: dict[str, list[str]], research: list[str]) -> tuple[Translation, ...]:
    """Return the translations that our own writer noted; what cannot be read stays among the research notes."""
    found: list[Translation] = []
    for value in ours.get("translation", ()):
        translation = translation_of(value)
        if translation is None:
            research.append(f"{_OURS}translation: {value}")
        else:
            found.append(translation)
    return tuple(found)


# Writing.


def write(records: Iterable[Record], stream: TextIO) -> None:
    """Write records as EndNote XML, one record to a line.

    What EndNote has no field for goes to the research notes, in lines such as ``stromata.registry: NCT01234567`` and
    ``stromata.extra: TAG=value``, from which `read` takes it back.
    """
    stream.write(_START)
    stream.writelines(lossless(records, write=_entry, add=_noted, read=_read_back))
    stream.write(_END)


_START = '<?xml version="1.0" encoding="UTF-8"?>\n<xml><records>\n'
_END = "</records></xml>\n"


def _entry(record: Record) -> str:
    return f"{_written(record)}\n"


def _noted(entry: str, note: str) -> str:
    for end, start in (("</research-notes></record>\n", "&#xD;"), ("</record>\n", "<research-notes>")):
        if entry.endswith(end):
            return f"{entry.removesuffix(end)}{start}{NOTE}: {note}</research-notes></record>\n"
    return entry


def _read_back(content: Content) -> Iterator[Record | Problem | Passage]:
    def framed() -> BinaryIO:
        with content.open() as stream:
            return io.BytesIO(_START.encode() + stream.read() + _END.encode())

    return read(examine("", framed), progress=silent)


def _tagged(name: str, *values: str) -> str:
    """Return an element around the values that are not empty, or nothing."""
    inner = "".join(values)
    return f"<{name}>{inner}</{name}>" if inner else ""


def _value(name: str, text: str) -> str:
    return _tagged(name, escape(text))


def _written(record: Record) -> str:
    plan = _Plan(record)
    name, number = plan.kind
    titles = (
        _value("title", record.title),
        _value("secondary-title", record.journal if record.type not in _SERIES else ""),
    )
    urls = _tagged("related-urls", *(_value("url", url) for url in record.urls))
    keywords = [_value("keyword", word) for word in record.keywords]
    if len(keywords) == 1 and ";" in record.keywords[0]:
        keywords.append("<keyword></keyword>")  # a single one would be read as a list
    notes = [*record.notes, *([f"PMID: {record.pmid}"] if record.pmid else [])]
    notes += [f"PMCID: {record.pmcid}"] if record.pmcid else []
    return _tagged(
        "record",
        f'<source-app name="{_WRITER}">{_WRITER}</source-app>',
        f"<ref-type name={quoteattr(name)}>{number}</ref-type>",
        _tagged("contributors", _tagged("authors", *(_value("author", written_name(one)) for one in record.authors))),
        _tagged("titles", *titles),
        _tagged("periodical", _value("full-title", record.journal), _value("abbr-1", record.journal_abbreviation)),
        _value("pages", record.pages), _value("volume", record.volume), _value("number", record.issue),
        _tagged("keywords", *keywords),
        _tagged("dates", *_written_date(record)),
        _value("publisher", record.publisher), _value("isbn", "; ".join((*record.issn, *record.isbn))),
        _value("accession-num", record.accession), _value("electronic-resource-num", record.doi),
        _value("abstract", record.abstract), _tagged("notes", "&#xD;".join(map(escape, notes))),
        _tagged("urls", urls), _value("remote-database-name", record.database),
        _value("language", record.language if record.language_basis == "stated" else ""),
        *(_value(element, value) for element, value in plan.elements),
        _tagged("research-notes", "&#xD;".join(map(escape, plan.lines))),
    )  # fmt: skip


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _written_date(record: Record) -> Iterator[str]:
    year, *rest = record.date.split("-") if record.date else [str(record.year or "")]
    yield _value("year", year)
    said = " ".join((*(_MONTHS[int(month) - 1] for month in rest[:1]), *(str(int(day)) for day in rest[1:])))
    yield _tagged("pub-dates", _value("date", said))


class _Plan:
    """Where the parts of a record go for which EndNote has no field, or one that holds a single value.

    kind : name and number of the reference type.
    elements : (element, value) of the tags that EndNote has a field for, each once.
    lines : of the research notes.
    """

    def __init__(self, record: Record) -> None:
        said = next((value for tag, value in record.extra if tag == "ref-type"), "")
        known = next(
            ((name, number) for name, number, csl in _TYPES if name == said and csl == record.type and number), None
        )
        self.kind = known or _WRITTEN_TYPES.get(record.type) or ("Generic", 13)
        places = {tag: place for place, (tag, _) in reversed(tuple(enumerate(record.extra)))}
        typed = places["ref-type"] if known and self.kind != _WRITTEN_TYPES.get(record.type) else -1
        chosen = [(_ELEMENTS[tag], places[tag]) for tag in _ELEMENTS if tag in places]
        # C2 is where the PMC number is looked for
        chosen = [
            (name, place) for name, place in chosen if normal_pmcid(record.extra[place][1]) != record.extra[place][1]
        ]
        self.elements = [(name, record.extra[place][1]) for name, place in chosen]
        first = [typed] if typed >= 0 else []
        research = [
            place for place, (tag, value) in enumerate(record.extra) if tag == "research-notes" and _plain(value)
        ]
        done = {*first, *(place for _, place in chosen), *research}
        rest = [place for place in range(len(record.extra)) if place not in done]
        self.lines = [record.extra[place][1] for place in research]
        self.lines += [f"{_OURS}type: {record.type}"] if record.type not in _WRITTEN_TYPES else []
        self.lines += [f"{_OURS}registry: {number}" for number in record.registry_ids]
        self.lines += [f"{_OURS}translation: {_as_json(one)}" for one in record.translations]
        self.lines += [f"{_OURS}extra: {'='.join(record.extra[place])}" for place in rest]
        order = [*first, *(place for _, place in chosen), *research, *rest]
        if order != sorted(order):
            self.lines.append(f"{_OURS}order: {' '.join(map(str, order))}")


def _plain(value: str) -> bool:
    return not value.startswith(_OURS)


def _as_json(translation: Translation) -> str:
    data: dict[str, str | bool] = {"language": translation.language}
    data |= {key: value for key, value in (("title", translation.title), ("abstract", translation.abstract)) if value}
    if translation.machine:
        data["machine"] = True
    return json.dumps(data, ensure_ascii=False)

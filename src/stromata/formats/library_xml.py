"""Library catalogues as XML: MARCXML and MODS, for books, their chapters, theses, articles and data sets.

Fields are those of https://www.loc.gov/marc/bibliographic/ and https://www.loc.gov/standards/mods/. What has no field
goes to `Record.extra`: a MARC field under its number (``MARC 300``), a MODS element under its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from stromata.formats.content import Content, Passage
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.text import clean, iso_date, name_of, page_span, same_text, unique
from stromata.formats.xml_entries import (
    Entry,
    Grammar,
    first_text,
    is_rooted,
    left_over,
    read_entries,
    text_of,
    texts_of,
)
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import find_isbns, find_issns, find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.progress import Progress

Pairs = list[tuple[str, str]]

_MARC = Grammar(
    entries=("record",),
    frame=(
        "collection", "records", "recordSchema", "recordPacking", "recordData",
        "recordPosition", "searchRetrieveResponse", "version", "numberOfRecords", "OAI-PMH", "ListRecords",
        "GetRecord", "metadata", "header", "response",
    ),
    nests=True,
)  # fmt: skip
_MODS = Grammar(entries=("mods",), frame=("modsCollection", "collection", "records", "record", "metadata"))
_MARC_MARK = re.compile(r"<(?:[\w.-]+:)?(?:datafield|leader)[\s>]|MARC21/slim")
_MODS_MARK = re.compile(r"<(?:[\w.-]+:)?mods(?:Collection)?[\s>]")


def sniff_marc(head: str) -> bool:
    """Tell whether the first part of a file looks like MARCXML."""
    return is_rooted(head, _MARC) and bool(_MARC_MARK.search(head) and re.search(r"<(?:[\w.-]+:)?record[\s>]", head))


def sniff_mods(head: str) -> bool:
    """Tell whether the first part of a file looks like MODS."""
    return is_rooted(head, _MODS) and bool(
        _MODS_MARK.search(head) and re.search(r"<(?:[\w.-]+:)?(?:titleInfo|originInfo|relatedItem)[\s>]", head)
    )


def read_marc(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield what the file holds; parameters and errors as for `read_entries`."""
    yield from read_entries(content, _MARC, _catalogued, progress=progress)


def read_mods(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield what the file holds; parameters and errors as for `read_entries`."""
    yield from read_entries(content, _MODS, _described, progress=progress)


def _checked(record: Record, problems: list[Problem], code: str) -> Record | None:
    """Return the record if it says anything, and tell what is missing."""
    if not (record.title or record.authors or record.doi or record.isbn):
        text = f"The entry in lines {record.line} to {record.end_line} says nothing of a publication."
        problems.append(Problem(record.line, f"{code}-empty-entry", text, "Export this entry again."))
        return None
    if not record.title:
        text = f"The entry that begins in line {record.line} has no title."
        problems.append(Problem(record.line, f"{code}-no-title", text))
    return record


# MARC: fields of three digits with subfields of one letter.

Field = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Catalogued:
    """The parts of a MARC record: data fields and control fields by number, the leader, and what is kept as it is."""

    fields: dict[str, list[Field]]
    controls: dict[str, str]
    leader: str
    extra: Pairs


_TYPE_LETTERS = {
    "aa": "chapter", "ab": "article-journal", "ac": "book", "ad": "book", "am": "book", "as": "periodical",
    "ai": "webpage", "ta": "manuscript", "tm": "manuscript", "em": "map", "fm": "map", "gm": "motion_picture",
    "im": "song", "jm": "song", "mm": "software", "km": "graphic",
}  # fmt: skip
"""CSL types by the seventh and eighth sign of the leader: kind of material and bibliographic level."""

_CREATORS = frozenset(
    ("", "author", "aut", "creator", "cre", "verfasser", "verfasserin", "autor", "data collector", "collector")
)
_MARC_READ = frozenset(
    ("008", "020", "022", "024", "041", "100", "110", "111", "245", "246", "260", "264", "520", "650", "651", "653",
     "600", "610", "773", "700", "710", "711", "720", "856", "001")
)  # fmt: skip


def _catalogued(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | None:
    root = entry.root
    outer = root
    while root.find("datafield") is None and (inner := root.find(".//record")) is not None:
        root = inner  # a library's answer wraps its record into another
    fields: dict[str, list[Field]] = {}
    extra: Pairs = []
    for one in root.iterfind("datafield"):
        parts: Field = {}
        for part in one.iterfind("subfield"):
            if text := text_of(part):
                parts.setdefault(part.get("code", ""), []).append(text)
        tag = one.get("tag", "")
        fields.setdefault(tag, []).append(parts)
        if tag not in _MARC_READ and parts:
            extra.append(
                (f"MARC {tag}", " | ".join(f"${code} {text}" for code, texts in parts.items() for text in texts))
            )
    controls = {one.get("tag", ""): one.text or "" for one in root.iterfind("controlfield")}
    extra += [(f"MARC {tag}", clean(text)) for tag, text in controls.items() if tag not in _MARC_READ and clean(text)]
    if outer is not root:
        extra += [pair for pair in left_over(outer, frozenset(("recordData", "record"))) if pair[1] != "xml"]
    leader = first_text(root, "leader") and (root.findtext("leader") or "")
    record = _marc_record(_Catalogued(fields, controls, leader, extra), entry, source, number)
    return _checked(record, problems, "marc")


def _marc_record(said: _Catalogued, entry: Entry, source: str, number: int) -> Record:
    fields, controls, leader, extra = said.fields, said.controls, said.leader, said.extra
    title = _marc_title(fields)
    host = fields.get("773", [{}])[0]
    kind = _TYPE_LETTERS.get(leader[6:8].strip(), "") if len(leader) >= 8 else ""
    if "502" in fields:
        kind = "thesis"
    authors = _marc_authors(fields, extra)
    imprint = [one for tag in ("264", "260") for one in fields.get(tag, ())]
    publisher = next((_bare(text) for one in imprint for text in one.get("b", ())), "")
    extra += [("CY", _bare(text)) for one in imprint for text in one.get("a", ())]
    date = next((found for one in imprint for text in one.get("c", ()) if (found := iso_date(text))), "")
    fixed = controls.get("008", "")
    date = date or iso_date(fixed[7:11]) or iso_date(" ".join(host.get("g", ())))
    ids = _marc_numbers(fields, extra)
    language, basis = _marc_language(fields, fixed)
    volume, issue, pages = _enumeration(" ".join(host.get("g", ())))
    abstract = " ".join(text for one in fields.get("520", ()) for text in one.get("a", ()))
    urls = unique(text for one in fields.get("856", ()) for text in one.get("u", ()))
    extra += [("TT", " ".join(one.get("a", []))) for one in fields.get("246", ()) if one.get("a")]
    if host.get("g"):
        extra.append(("MARC 773$g", " ".join(host["g"])))
    doi = next((found for text in (*ids["doi"], *urls) if (found := normal_doi(text))), "")
    words = [_heading(one) for tag in ("600", "610", "650", "651", "653") for one in fields.get(tag, ())]
    return new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title, authors=authors,
        year=int(date[:4]) if date else None, date=date, journal=_bare(" ".join(host.get("t", ()))),
        journal_abbreviation=_bare(" ".join(host.get("p", ()))), volume=volume, issue=issue, pages=pages,
        publisher=publisher, issn=unique((*ids["issn"], *find_issns(" ; ".join(host.get("x", ()))))),
        isbn=unique(ids["isbn"]), doi=doi,
        registry_ids=find_registry_ids(f"{title}\n{abstract}"), accession=clean(controls.get("001", "")),
        database=clean(controls.get("003", "")), urls=urls, abstract=abstract, keywords=unique(words),
        language=language, language_basis=basis or ("detected" if language else ""), extra=tuple(extra),
    )  # fmt: skip


def _bare(text: str) -> str:
    """Return a value without the punctuation that the rules of cataloguing put behind it."""
    return re.sub(r"\s*[/:;,=]\s*$", "", text).strip(" []").strip()


def _marc_title(fields: dict[str, list[Field]]) -> str:
    said = fields.get("245", [{}])[0]
    title = _bare(" ".join(said.get("a", ())))
    for code in ("b", "n", "p"):
        for part in said.get(code, ()):
            text = _bare(part.split(" / ")[0])  # what follows names those responsible
            title = f"{title.rstrip('.')}{': ' if code == 'b' else '. '}{text}" if title else text
    return title


def _marc_authors(fields: dict[str, list[Field]], extra: Pairs) -> tuple[Name, ...]:
    """Return the authors; people in other roles go to `extra`, unless there is nobody else."""
    names: list[Name] = []
    others: list[tuple[str, Name]] = []
    for tag in ("100", "110", "111", "700", "710", "711", "720"):
        for one in fields.get(tag, ()):
            text = _bare(" ".join(one.get("a", ()))).rstrip(",")
            if not text:
                continue
            body = tag[1:] in {"10", "11"} or one.get("7", [""])[0].lower() == "organizational"
            if body:
                text = ". ".join((text.rstrip("."), *map(_bare, one.get("b", ()))))
            name = Name(literal=text) if body else name_of(re.sub(r"(\w{2,})\.$", r"\1", text))
            roles = {_bare(role).lower().strip(".") for role in (*one.get("e", ()), *one.get("4", ()))} or {""}
            if roles & _CREATORS or (tag == "100" and not roles - {""}):
                names.append(name)
            else:
                others.append((next(iter(sorted(roles))), name))
    for role, name in others:
        extra.append(("A2" if role in {"edt", "editor", "herausgeber", "hrsg"} else f"contributor/{role}", str(name)))
    return tuple(dict.fromkeys(names))


def _marc_numbers(fields: dict[str, list[Field]], extra: Pairs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"isbn": [], "issn": [], "doi": []}
    for one in fields.get("020", ()):
        found["isbn"] += [number for text in one.get("a", ()) for number in find_isbns(text)]
    for one in fields.get("022", ()):
        found["issn"] += [number for text in one.get("a", ()) for number in find_issns(text)]
    for one in fields.get("024", ()):
        for text in one.get("a", ()):
            doi = normal_doi(text)
            if doi and not found["doi"]:
                found["doi"].append(doi)
            elif text not in found["isbn"]:
                extra.append(("MARC 024", f"{text} [{one['2'][0]}]" if "2" in one else text))
    return found


def _marc_language(fields: dict[str, list[Field]], fixed: str) -> tuple[str, LanguageBasis]:
    said = [text for one in fields.get("041", ()) for text in one.get("a", ())] + [fixed[35:38]]
    code = next((found for text in said if (found := language_code(text)) and found != "und"), "")
    return code, "stated" if code else ""


def _heading(field: Field) -> str:
    return " -- ".join(_bare(text).rstrip(".") for code in ("a", "x", "y", "z") for text in field.get(code, ()))


def _enumeration(text: str) -> tuple[str, str, str]:
    """Return volume, issue and pages from a line such as ``Vol. 24, pt. B no. 9 (Sept. 1993), p. 235-48``."""
    volume = re.search(r"(?i)\b(?:vol\.?|volume|v\.|bd\.?|band)\s*:?\s*(\w+)", text)
    issue = re.search(r"(?i)\b(?:no\.?|issue|nr\.?|heft|h\.)\s*:?\s*(\w+)", text)
    pages = re.search(r"(?i)\b(?:pages?|pp?\.|seiten?|s\.)\s*:?\s*(\w+(?:\s*[-\u2010-\u2015]\s*\w+)?)", text)
    return volume[1] if volume else "", issue[1] if issue else "", page_span(pages[1], "") if pages else ""


# MODS.

_GENRES = {
    "journal article": "article-journal", "article": "article-journal", "academic journal": "article-journal",
    "book": "book", "book chapter": "chapter", "chapter": "chapter", "conference publication": "paper-conference",
    "conference paper": "paper-conference", "thesis": "thesis", "theses": "thesis", "dissertation": "thesis",
    "technical report": "report", "report": "report", "web site": "webpage", "web page": "webpage",
    "dataset": "dataset", "newspaper": "article-newspaper", "magazine": "article-magazine", "patent": "patent",
}  # fmt: skip
_HOSTS = {"periodical": "article-journal", "academic journal": "article-journal", "journal": "article-journal",
          "book": "chapter", "conference publication": "paper-conference", "newspaper": "article-newspaper",
          "magazine": "article-magazine"}  # fmt: skip
_MODS_READ = frozenset(
    ("titleInfo", "name", "originInfo", "language", "abstract", "subject", "note", "identifier", "genre", "part")
)


def _described(entry: Entry, source: str, number: int, problems: list[Problem]) -> Record | None:
    root = entry.root
    host = next((one for one in root.iterfind("relatedItem") if one.get("type") == "host"), None)
    extra: Pairs = [("ID", one) for one in [root.get("ID", "")] if one]
    title, translations = _mods_title(root, extra)
    journal, short = _mods_journal(host)
    ids = _mods_numbers(root, host, extra)
    part = next((one for place in (host, root) if place is not None and (one := place.find("part")) is not None), None)
    details = (
        {one.get("type", ""): first_text(one, "number", "caption") for one in part.iterfind("detail")}
        if part is not None
        else {}
    )
    date = _mods_date(root, host, part)
    said = next((code for text in texts_of(root, "language") if (code := language_code(text.split()[0]))), "")
    abstracts = texts_of(root, "abstract")
    abstract = max(abstracts, key=len, default="")
    extra += [("AB", one) for one in abstracts if one != abstract]
    language = said or detect_language(f"{title} {abstract}")
    kind = _mods_kind(root, host)
    extra += [("CY", text) for text in texts_of(root, "originInfo/place/placeTerm")]
    urls = unique((*texts_of(root, "location/url"), *ids["url"]))
    extra += left_over(root, _MODS_READ | {"location"})
    extra += [("location", text) for text in texts_of(root, "location/physicalLocation")]
    record = new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title,
        authors=_mods_authors(root, extra), year=int(date[:4]) if date else None, date=date, journal=journal,
        journal_abbreviation=short, volume=details.get("volume", ""),
        issue=details.get("issue", "") or details.get("number", ""), pages=_mods_pages(part),
        publisher=first_text(root, "originInfo/publisher") or first_text(host, "originInfo/publisher"),
        issn=unique(ids["issn"]), isbn=unique(ids["isbn"]), doi=next(iter(ids["doi"]), ""),
        pmid=next(iter(ids["pmid"]), ""), pmcid=next(iter(ids["pmcid"]), ""),
        registry_ids=find_registry_ids(f"{title}\n{abstract}"), urls=urls, abstract=abstract,
        keywords=unique(" -- ".join(texts_of(one, "*")) or text_of(one) for one in root.iterfind("subject")),
        language=language, language_basis="stated" if said else "detected" if language else "",
        translations=translations, notes=unique(texts_of(root, "note")), extra=tuple(extra),
    )  # fmt: skip
    return _checked(record, problems, "mods")


def _mods_title(root: etree._Element, extra: Pairs) -> tuple[str, tuple[Translation, ...]]:
    title = ""
    found: list[Translation] = []
    for one in root.iterfind("titleInfo"):
        parts = [first_text(one, "nonSort"), first_text(one, "title")]
        text = clean(" ".join(part for part in parts if part))
        for name, sign in (("subTitle", ": "), ("partNumber", ". "), ("partName", ". ")):
            text += "".join(f"{sign}{said}" for said in texts_of(one, name))
        kind = one.get("type", "")
        if not kind and not title:
            title = text
        elif kind == "translated" and text:
            found.append(
                Translation(language=language_code(one.get("lang", "")) or detect_language(text) or "und", title=text)
            )
        elif text and not same_text(text, title):
            extra.append(({"abbreviated": "ST", "alternative": "T1"}.get(kind, "T1"), text))
    return title, tuple(found)


def _mods_journal(host: etree._Element | None) -> tuple[str, str]:
    full = short = ""
    for one in host.iterfind("titleInfo") if host is not None else ():
        text = clean(" ".join(part for part in (first_text(one, "nonSort"), first_text(one, "title")) if part))
        if one.get("type") == "abbreviated":
            short = short or text
        else:
            full = full or text
    return (full or short), (short if full and not same_text(full, short) else "")


def _mods_numbers(root: etree._Element, host: etree._Element | None, extra: Pairs) -> dict[str, list[str]]:
    """Return the identifiers of the work, and of what it stands in those that name a serial or a book."""
    found: dict[str, list[str]] = {key: [] for key in ("doi", "pmid", "pmcid", "issn", "isbn", "url")}
    for place in (root, host):
        for one in place.iterfind("identifier") if place is not None else ():
            kind, text = one.get("type", "").lower(), text_of(one)
            own = place is root
            if own and kind in {"doi", "uri", "url"} and (doi := normal_doi(text)):
                found["doi"].append(doi)
            elif own and kind in {"uri", "url"}:
                found["url"].append(text)
            elif own and kind in {"pmid", "pubmed"}:
                found["pmid"].append(normal_pmid(text))
            elif own and kind in {"pmc", "pmcid"}:
                found["pmcid"].append(normal_pmcid(text))
            elif kind == "issn":
                found["issn"] += find_issns(text)
            elif kind == "isbn":
                found["isbn"] += find_isbns(text)
            elif own and kind == "citekey":
                extra.append(("ID", text))
            elif own and text:
                extra.append(("identifier", f"{text} [{kind}]" if kind else text))
    extra[:] = dict.fromkeys(extra)
    return found


def _mods_date(root: etree._Element, host: etree._Element | None, part: etree._Element | None) -> str:
    names = ("dateIssued", "copyrightDate", "dateCreated", "dateOther")
    said = [text for place in (root, host) for name in names for text in texts_of(place, f"originInfo/{name}")]
    said += texts_of(part, "date")
    dates = [date for text in said if (date := iso_date(text))]
    return max((date for date in dates if date[:4] == dates[0][:4]), key=len) if dates else ""


def _mods_pages(part: etree._Element | None) -> str:
    for one in part.iterfind("extent") if part is not None else ():
        if one.get("unit", "page") in {"page", "pages"}:
            return page_span(first_text(one, "start"), first_text(one, "end")) or first_text(one, "list")
    return ""


def _mods_kind(root: etree._Element, host: etree._Element | None) -> str:
    for text in texts_of(root, "genre"):
        if text.lower() in _GENRES:
            return _GENRES[text.lower()]
    for text in texts_of(host, "genre"):
        if text.lower() in _HOSTS:
            return _HOSTS[text.lower()]
    return ""


def _mods_authors(root: etree._Element, extra: Pairs) -> tuple[Name, ...]:
    names: list[Name] = []
    for one in root.iterfind("name"):
        parts: dict[str, list[str]] = {}
        for part in one.iterfind("namePart"):
            if text := text_of(part):
                parts.setdefault(part.get("type", ""), []).append(text)
        whole = " ".join(parts.get("", ()))
        if "family" in parts:
            given, after = " ".join(parts.get("given", ())), " ".join(parts.get("termsOfAddress", ()))
            name = Name(family=" ".join(parts["family"]), given=given, suffix=after)
        elif one.get("type") == "corporate":
            name = Name(literal=whole)
        else:
            name = name_of(whole)
        roles = {text.lower() for text in texts_of(one, "role/roleTerm")} or {""}
        if not str(name):
            continue
        if roles & _CREATORS:
            names.append(name)
        else:
            extra.append(("A2" if roles & {"editor", "edt"} else f"contributor/{min(roles)}", str(name)))
    return tuple(names)

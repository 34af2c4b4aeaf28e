"""CSL-JSON: the form in which reference managers and citation processors exchange items.

What CSL has no variable for goes under ``custom``, which its schema leaves to applications.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from stromata.formats import json_text
from stromata.formats.content import Content, Passage
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.own import astray, damaged, lossless, restored
from stromata.formats.text import clean, iso_date, unique, without_tags
from stromata.model import LanguageBasis, Name, Problem, Record, Translation
from stromata.model.identifiers import (
    find_isbns,
    find_issns,
    find_registry_ids,
    normal_doi,
    normal_pmcid,
    normal_pmid,
)
from stromata.progress import Progress, silent

Item = dict[str, Any]  # Any: JSON from elsewhere, looked at field by field

_TEXTS = (
    ("volume", "volume"), ("issue", "issue"), ("pages", "page"), ("publisher", "publisher"),
    ("accession", "archive_location"), ("database", "source"),
)  # fmt: skip
_READ = frozenset(
    (
        "id", "type", "title", "author", "issued", "container-title", "container-title-short", "ISSN", "ISBN", "DOI",
        "PMID", "PMCID", "URL", "abstract", "keyword", "language", "note", "custom", *(key for _, key in _TEXTS),
    )
)  # fmt: skip
_GENERIC = "document"
"""CSL's word for a type that is not said; our own is nothing."""


_OURS = re.compile(r'\[\s*\{"id": "[^"\n]*", "type": "')
"""How the files begin that we write."""


def is_ours(head: str) -> bool:
    """Tell whether our own writer wrote a file that begins so."""
    return _OURS.match(head) is not None


def sniff(head: str) -> bool:
    """Tell whether the first part of a file looks like CSL-JSON: items with a type and one more of its variables."""
    start = head.lstrip("\ufeff \t\r\n")[:20000]
    if not start.startswith(("[", "{")):
        return False
    if is_ours(head):
        return True
    others = ('"authorships"', '"protocolSection"', '"@context"')  # OpenAlex, ClinicalTrials.gov, JSON-LD
    if any(other in start for other in others):
        return False
    return '"type"' in start and any(f'"{key}"' in start for key in ("title", "author", "DOI", "issued"))


def read(content: Content, *, progress: Progress = silent) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each item that is one, and what `json_text.read_items` yields beside them."""

    def make(item: json_text.Item, number: int, problems: list[Problem]) -> Record | None:
        return _record(item, source=content.sha256, number=number, problems=problems)

    yield from json_text.read_items(content, make, prefix="csl", progress=progress)


def _record(entry: json_text.Item, *, source: str, number: int, problems: list[Problem]) -> Record | None:
    item = entry.value
    title, abstract = without_tags(_text(item.get("title"))), without_tags(_text(item.get("abstract")))
    authors = tuple(name for one in _list(item.get("author")) if (name := _name(one)) is not None)
    doi = normal_doi(clean(_text(item["DOI"]))) if "DOI" in item else ""
    ours, foreign = _own(item.get("custom"), entry.line, problems)
    note = _text(ours.get("record"))
    if not (title or authors or abstract or doi or note):
        return None
    date = _date(item.get("issued"))
    kind = clean(_text(item.get("type")))
    language, basis = _language(item, f"{title} {abstract}")
    texts = {field: clean(_text(item[key])) for field, key in _TEXTS if key in item}
    urls = unique((clean(_text(item.get("URL"))), *(clean(_text(url)) for url in _list(ours.get("urls")))))
    registered = tuple(clean(_text(one)) for one in _list(ours.get("registry_ids")))
    record = new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type="" if kind == _GENERIC else kind,
        title=title, authors=authors, year=int(date[:4]) if date else None, date=date,
        journal=clean(_text(item.get("container-title"))),
        journal_abbreviation=clean(_text(item.get("container-title-short"))),
        issn=find_issns(" ".join(map(_text, _list(item["ISSN"])))) if "ISSN" in item else (),
        isbn=find_isbns(" ; ".join(map(_text, _list(item["ISBN"])))) if "ISBN" in item else (), doi=doi,
        pmid=normal_pmid(_text(item["PMID"])) if "PMID" in item else "",
        pmcid=normal_pmcid(_text(item["PMCID"])) if "PMCID" in item else "",
        registry_ids=registered or find_registry_ids(f"{title}\n{abstract}"), urls=urls, abstract=abstract,
        keywords=_keywords(item, ours), language=language, language_basis=basis,
        translations=tuple(_translations(ours)), notes=_notes(item, ours),
        extra=(*_extra(item), *foreign, *_own_extra(ours)), **texts,
    )  # fmt: skip
    problems += astray(((tag, value) for tag, value in record.extra), place="", line=entry.line, form="csl")
    return restored(record, note, form="csl", problems=problems)


def _own(custom: object, line: int, problems: list[Problem]) -> tuple[Item, list[tuple[str, str]]]:
    """Part what our own writer put under ``custom`` from what others did and what was damaged, which goes to extra."""
    if custom in (None, "", [], {}):
        return {}, []
    if not isinstance(custom, dict):
        return {}, [("custom", _as_text(custom))]
    foreign = {key: value for key, value in custom.items() if key != _KEY}
    left = [("custom", _as_text(foreign))] if foreign else []
    said = custom.get(_KEY, {})
    if not isinstance(said, dict):
        said = {"": said}
    ours: Item = {}
    for key, value in said.items():
        if key in _OWN and _OWN[key](value):
            ours[key] = value
            continue
        name = f"custom.{_KEY}.{key}".rstrip(".")
        left.append((clean(name), _as_text(value)))
        problems.append(damaged(f"{name}: {_as_text(value)}", line=line, form="csl"))
    return ours, left


def _as_text(value: object) -> str:
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_pairs(value: object) -> bool:
    return isinstance(value, list) and all(_are_texts(one) and len(one) == 2 for one in value)


def _are_translations(value: object) -> bool:
    kinds = {"language": str, "title": str, "abstract": str, "machine": bool}
    return isinstance(value, list) and all(
        isinstance(one, dict) and all(isinstance(part, kinds.get(key, ())) for key, part in one.items())
        for one in value
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_KEY = "stromata"
_OWN = {
    "urls": _are_texts, "registry_ids": _are_texts, "keywords": _are_texts, "notes": _are_texts,
    "translations": _are_translations, "extra": _are_pairs, "record": _is_text,
}  # fmt: skip
"""What our own writer puts under ``custom``, and how it tells what it wrote."""


def _text(value: object) -> str:
    while isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return ""
    return str(value)


def _list(value: object) -> list[Any]:  # Any: as for Item
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _name(value: object) -> Name | None:
    if isinstance(value, str):
        return Name(literal=clean(value)) if value.strip() else None
    if not isinstance(value, dict):
        return None
    particle = _text(value.get("non-dropping-particle"))
    family = clean(f"{particle} {_text(value.get('family'))}")
    dropping = _text(value.get("dropping-particle"))
    given = clean(f"{_text(value.get('given'))} {dropping}")
    suffix, literal = clean(_text(value.get("suffix"))), clean(_text(value.get("literal")))
    name = Name(family=family, given=given, suffix=suffix, literal=literal)
    return name if str(name) else None


def _date(value: object) -> str:
    if not isinstance(value, dict):
        return iso_date(_text(value)) if value else ""
    parts = _list(value.get("date-parts"))
    first = _list(parts[0]) if parts else []
    if first:
        return iso_date("-".join(_text(part) for part in first[:3] if _text(part)))
    return iso_date(_text(value.get("raw")) or _text(value.get("literal")))


def _language(item: Item, text: str) -> tuple[str, LanguageBasis]:
    code = language_code(_text(item["language"])) if "language" in item else ""
    if code:
        return code, "stated"
    found = detect_language(text)
    return found, "detected" if found else ""


def _keywords(item: Item, ours: Item) -> tuple[str, ...]:
    if "keywords" in ours:
        return unique(clean(_text(word)) for word in _list(ours["keywords"]))
    said = item.get("keyword")
    if said is None:
        return ()
    words = said if isinstance(said, list) else _text(said).split(";" if ";" in _text(said) else ",")
    return unique(clean(_text(word)) for word in words)


def _notes(item: Item, ours: Item) -> tuple[str, ...]:
    if "notes" in ours:
        return unique(clean(_text(note)) for note in _list(ours["notes"]))
    return unique((clean(_text(item["note"])),)) if "note" in item else ()


def _translations(ours: Item) -> Iterator[Translation]:
    for one in _list(ours.get("translations")):
        if isinstance(one, dict):
            yield Translation(
                language=clean(_text(one.get("language"))),
                title=clean(_text(one.get("title"))),
                abstract=clean(_text(one.get("abstract"))),
                machine=one.get("machine") is True,
            )


def _extra(item: Item) -> Iterator[tuple[str, str]]:
    """Keep every variable without a field: texts as they are, the rest as JSON."""
    for key, value in item.items():
        if key not in _READ and value not in (None, "", [], {}):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if clean(text):
                yield clean(key), clean(text)
    issued = item.get("issued")
    if issued and not _date(issued):
        yield "issued", clean(json.dumps(issued, ensure_ascii=False))
    doi = _text(item["DOI"]) if "DOI" in item else ""
    if doi and not normal_doi(doi):
        yield "DOI", clean(doi)


def _own_extra(ours: Item) -> Iterator[tuple[str, str]]:
    for pair in _list(ours.get("extra")):
        if isinstance(pair, list) and len(pair) == 2:
            yield clean(_text(pair[0])), clean(_text(pair[1]))


def write(records: Iterable[Record], stream: TextIO) -> None:
    """Write records as a JSON list of CSL items, one item to a line."""
    stream.write("[")
    entries = lossless(records, write=_entry, add=_noted, read=_read_back)
    stream.writelines(("\n" if count == 0 else ",\n") + entry.rstrip("\n,") for count, entry in enumerate(entries))
    stream.write("\n]\n")


def _entry(record: Record) -> str:
    return f"{json.dumps(_item(record), ensure_ascii=False)},\n"


def _noted(entry: str, note: str) -> str:
    item = json.loads(entry.rstrip("\n,"))
    item.setdefault("custom", {}).setdefault("stromata", {})["record"] = note
    return f"{json.dumps(item, ensure_ascii=False)},\n"


def _read_back(content: Content) -> Iterator[Record | Problem | Passage]:
    return read(content)


def _item(record: Record) -> Item:
    date = [int(part) for part in record.date.split("-")] if record.date else []
    if not date and record.year is not None:
        date = [record.year]
    item: Item = {
        "id": record.id,
        "type": record.type or _GENERIC,
        "title": record.title,
        "author": [_person(name) for name in record.authors],
        "issued": {"date-parts": [date]} if date else None,
        "container-title": record.journal,
        "container-title-short": record.journal_abbreviation,
        **{key: getattr(record, field) for field, key in _TEXTS},
        "ISSN": record.issn[0] if len(record.issn) == 1 else list(record.issn),
        "ISBN": record.isbn[0] if len(record.isbn) == 1 else list(record.isbn),
        "DOI": record.doi,
        "PMID": record.pmid,
        "PMCID": record.pmcid,
        "URL": record.urls[0] if record.urls else "",
        "abstract": record.abstract,
        "keyword": ", ".join(record.keywords),
        "language": record.language if record.language_basis == "stated" else "",
        "note": "\n".join(record.notes),
        "custom": {"stromata": _custom(record)} if _custom(record) else None,
    }
    return {key: value for key, value in item.items() if value}


def _person(name: Name) -> dict[str, str]:
    parts = {"family": name.family, "given": name.given, "suffix": name.suffix, "literal": name.literal}
    return {key: value for key, value in parts.items() if value}


def _custom(record: Record) -> Item:
    own: Item = {
        "urls": list(record.urls[1:]),
        "registry_ids": list(record.registry_ids),
        "keywords": list(record.keywords),
        "notes": list(record.notes),
        "translations": [
            {"language": one.language, "title": one.title, "abstract": one.abstract, "machine": one.machine}
            for one in record.translations
        ],
        "extra": [list(pair) for pair in record.extra],
    }
    return {key: value for key, value in own.items() if value}

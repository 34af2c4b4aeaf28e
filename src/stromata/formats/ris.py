"""RIS: read as it comes, written as it should be.

`ris_entries` cuts a file into entries. Synonyms of tags are known here; tags without a field go to `Record.extra` and
are written back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from stromata.formats.content import Content, Passage
from stromata.formats.language import detect_language, language_code
from stromata.formats.new_record import new_record
from stromata.formats.own import NOTE, astray, damaged, lossless, restored, translation_of
from stromata.formats.ris_entries import OPENING, TAG, TYPES, EntryCutter
from stromata.formats.tag_lines import Entry, Pairs, cut, left_over
from stromata.formats.text import (
    clean,
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

_BY_LINE = frozenset(("KW", "UR", "L1", "L2", "L3", "L4", "LK"))
"""Tags where each further line is a further value."""

_TYPE_WORDS = {
    "journal article": "article-journal", "electronic article": "article-journal", "article": "article-journal",
    "book": "book", "book section": "chapter", "book chapter": "chapter", "conference paper": "paper-conference",
    "conference proceedings": "paper-conference", "thesis": "thesis", "report": "report", "web page": "webpage",
    "dataset": "dataset", "generic": "",
}  # fmt: skip
_DATE_TAGS = frozenset(("PY", "Y1", "DA"))
_JOURNAL_TAGS = frozenset(("JF", "T2", "JO", "JA", "J2", "J1", "BT"))
_DOI_TAGS = frozenset(("DO", "DOI", "UR", "L3", "M3", "N1", "U2", "AN", "L2", "LK"))
_PUBMED_TAGS = frozenset(("PMID", "PMCID", "PMC", "N1", "C2", "C3", "AN", "UR"))
_SERIAL_TAGS = frozenset(("SN", "ISSN", "ISBN"))
_WRITTEN_TYPES = {csl: tag for tag, csl in reversed(TYPES.items())}
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


def read(content: Content, *, progress: Progress) -> Iterator[Record | Problem | Passage]:
    """Yield a Record for each entry, a Problem for each odd thing, and a Passage for the rest, in the file's order."""
    number, cutter = 0, EntryCutter()
    for item in cut(content, cutter, progress):
        if not isinstance(item, Entry):
            yield item
            continue
        problems: list[Problem] = []
        record = _record(
            item, source=content.sha256, number=number + 1, database=cutter.outside.database, problems=problems
        )
        if record is not None:
            number += 1
            yield record
        else:
            yield Passage(item.line, item.end_line, "stray")
        yield from problems


def _record(entry: Entry, *, source: str, number: int, database: str, problems: list[Problem]) -> Record | None:
    """Turn an entry's tags into fields; tags that have none go to `extra`.

    database : what was said before the entry; its own tag goes before it.
    """
    pairs = _pairs(entry)
    values: dict[str, list[str]] = {}
    for tag, value in pairs:
        if tag in values:
            values[tag].append(value)
        else:
            values[tag] = [value]
    problems += astray(pairs, place="N1", line=entry.line, form="ris")
    ours, own_translations = _own_notes(values, entry, problems) if "N1" in values else ({}, ())
    note = ours.get("record", [""])[-1]  # the last is the writer's
    kind = _kind(values)
    title, abstract = _title(values, kind), _abstract(values)
    if not entry.tidy or "<" in title or "<" in abstract:
        title, abstract = without_tags(title), without_tags(abstract)
    authors = _authors(pairs, values, entry, problems)
    year, date = (None, "") if _DATE_TAGS.isdisjoint(values) else _dates(values, entry, problems)
    journal, abbreviation = ("", "") if _JOURNAL_TAGS.isdisjoint(values) else _journal(values, kind)
    keywords = unique(map(str.strip, ";".join(values.pop("KW")).split(";"))) if "KW" in values else ()
    if all(tag == "TY" for tag, _ in pairs):
        text = f"The entry in lines {entry.line} to {entry.end_line} is empty."
        problems.append(Problem(entry.line, "ris-empty-entry", text, "Export this entry again."))
        return None
    if not title:
        problems.append(
            Problem(entry.line, "ris-no-title", f"The entry that begins in line {entry.line} has no title.")
        )
    # What each of these looks for stands under tags of its own: an entry without them costs nothing.
    doi = "" if _DOI_TAGS.isdisjoint(values) else _doi(values, entry, problems)
    pmid, pmcid = ("", "") if _PUBMED_TAGS.isdisjoint(values) else _pubmed(values)
    issn, isbn = ((), ()) if _SERIAL_TAGS.isdisjoint(values) else _serials(values)
    language, basis = _language(values, title, abstract)
    urls = unique(values.pop("UR")) if "UR" in values else ()
    accession = _first(values, "AN")
    database = _first(values, "DB") or database
    notes = unique(values.pop("N1")) if "N1" in values else ()
    volume, issue = _first(values, "VL") or _first(values, "VO"), _first(values, "IS")
    pages = page_span(_first(values, "SP"), _first(values, "EP"))
    publisher = _first(values, "PB")
    short = values.get("ST")
    if short and same_text(short[0], title):
        del values["ST"]
    translations = own_translations or _translations(values)
    extra = tuple(left_over(pairs, values, note="N1", mark=_OWN_EXTRA)) if values or ours else ()
    record = new_record(
        source=source, number=number, line=entry.line, end_line=entry.end_line, type=kind, title=title, authors=authors,
        year=year, date=date, journal=journal, journal_abbreviation=abbreviation, volume=volume, issue=issue,
        pages=pages, publisher=publisher, issn=issn, isbn=isbn, doi=doi, pmid=pmid, pmcid=pmcid,
        registry_ids=tuple(ours["registry"]) if "registry" in ours
        else _registrations((title, abstract, accession, *urls), notes, extra),
        accession=accession, database=database, urls=urls, abstract=abstract, keywords=keywords, language=language,
        language_basis=basis, translations=translations, notes=notes, extra=extra,
    )  # fmt: skip
    return restored(record, note, form="ris", problems=problems)


def _pairs(entry: Entry) -> Pairs:
    """Return (tag, cleaned value) in the order met; empty values are dropped."""
    if entry.tidy:
        return [(tag, value) for tag, (one,) in entry.fields if (value := one.strip())]
    pairs: Pairs = []
    for tag, parts in entry.fields:
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
    kind = TYPES.get(said.upper(), _TYPE_WORDS.get(said.lower(), ""))
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


def _authors(pairs: Pairs, values: dict[str, list[str]], entry: Entry, problems: list[Problem]) -> tuple[Name, ...]:
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


def _dates(values: dict[str, list[str]], entry: Entry, problems: list[Problem]) -> tuple[int | None, str]:
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


def _doi(values: dict[str, list[str]], entry: Entry, problems: list[Problem]) -> str:
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
    code = language_code(values["LA"][0]) if "LA" in values else ""
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


def _own_notes(
    values: dict[str, list[str]], entry: Entry, problems: list[Problem]
) -> tuple[dict[str, list[str]], tuple[Translation, ...]]:
    """Take out what our own writer put into notes (``stromata.registry: NCT01234567``), translations by themselves.

    What cannot be read stays a note.
    """
    ours: dict[str, list[str]] = {}
    translations: list[Translation] = []
    notes = []
    for note in values.get("N1", ()):
        name, colon, value = note.partition(": ")
        kind = name.removeprefix(_OURS) if name.startswith(_OURS) and colon else ""
        if kind == "translation" and (found := translation_of(value)):
            translations.append(found)
        elif kind in {"extra", "record", "registry"}:
            ours.setdefault(kind, []).append(value)
        else:
            if kind == "translation":
                problems.append(damaged(note, line=entry.line, form="ris"))
            notes.append(note)
    _keep(values, "N1", notes)
    return ours, tuple(translations)


def _translations(values: dict[str, list[str]]) -> tuple[Translation, ...]:
    return tuple(Translation(language=detect_language(value) or "und", title=value) for value in values.pop("TT", ()))


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
    usable = said if OPENING.fullmatch(f"TY  - {said}") else ""
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
                (tag, value) if TAG.fullmatch(tag) and tag not in {"TY", "ER"} else ("N1", f"{_OWN_EXTRA}{tag}={value}")
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

"""Normal forms: from a record as exported to one row in which two spellings of the same thing are equal.

The table of these rows is called PREPARED; its columns are `SCHEMA`. Blocking (SQL) and comparison (Arrow) read
nothing else, so that the work may be shared among processes and machines. All text is lower case without accents;
an empty string means missing, a year of 0 likewise.

=============  ==========================================================================================
column         what it holds
=============  ==========================================================================================
place          order of input, 0 first; the earlier of two duplicates is kept
id             name of the record or reference
title          words of the title without markup, translation brackets and marks (``Erratum to``, ``WITHDRAWN.``)
title_key      the same without blanks, at most 240 characters
core           how many letters of `title_key` stand before the subtitle; all of them where there is none
alternative    title in a further language, in the same form as `title_key`
numbers        numbers in the title in order, Roman ones as Arabic (``part ii`` gives ``2``)
weight         how much an equal title says: 0 generic (Editorial, Reply), 1 short, 2 middling, 3 long
marks          what the title says the entry is: see `MARKS`; words parted by blanks
kind           what the source says it is: article, abstract, preprint, registry, book, chapter, thesis or ""
families       family names of the first thirty authors in order, each without inner blanks
first          first author's family name; `given` the rest of that name
given          folded given name or initials of the first author
authors        how many authors the record lists
year           year of publication
journal        words of the journal's (or book's) title without place and conference
issns          ISSN and ISBN, parted by blanks
volume, issue  numbers of volume and issue; a supplement is marked by a leading ``s`` of the issue
page, last     first page (or article number) and last page, the latter completed (12-9 means 12-19)
damaged        the pages went through a spreadsheet (``06-Oct``) and are known only roughly
doi            lower case, percent signs and entities decoded
doi_stem       the DOI without its version (``.pub2``, ``/v1``)
pmid, pmcid    bare numbers; registry: registrations parted by blanks (these, like the DOI, may come from an address)
accession      ``database:number`` as the source's database counts its entries
url            address of the one page that the record names (see `addresses`)
database       folded name of the source's database
abstract       letters of the abstract's first sentences, without headings, at most 160
abstract_size  length of the raw abstract in characters
words_key      the three longest words of the title in order of the alphabet: a key for blocking
authors_key    the first three family names (two at least) in order of the alphabet: a key for blocking
=============  ==========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from stromata.dedupe.addresses import told
from stromata.dedupe.people import authors
from stromata.dedupe.titles import core, folded, mended, numbers, title_words, weight, words_key
from stromata.entities import unescape
from stromata.model import Record

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    ("place", "int64"), ("id", "string"), ("title", "string"), ("title_key", "string"), ("core", "int16"),
    ("alternative", "string"),
    ("numbers", "string"), ("weight", "int8"), ("marks", "string"), ("kind", "string"), ("families", "string"),
    ("first", "string"), ("given", "string"), ("authors", "int16"), ("year", "int16"), ("journal", "string"),
    ("issns", "string"), ("volume", "string"), ("issue", "string"), ("page", "string"), ("last", "string"),
    ("damaged", "bool"), ("doi", "string"), ("doi_stem", "string"), ("pmid", "string"), ("pmcid", "string"),
    ("registry", "string"), ("accession", "string"), ("url", "string"), ("database", "string"), ("abstract", "string"),
    ("abstract_size", "int32"), ("words_key", "string"), ("authors_key", "string"),
)  # fmt: skip
"""Name and Arrow type of each column of PREPARED, in order."""

BATCH = 10_000
"""Rows of one batch of PREPARED."""

_KEY, _HEAD, _MOST_FAMILIES = 240, 160, 30
"""Letters of a title and of an abstract, and family names, that are kept."""

_LABELS = frozenset(  # a list of words
    [
        "abstract",
        "background",
        "objective",
        "objectives",
        "aim",
        "aims",
        "purpose",
        "introduction",
        "method",
        "methods",
        "result",
        "results",
        "conclusion",
        "conclusions",
        "context",
        "setting",
        "design",
        "importance",
        "and",
        "the",
        "of",
        "a",
        "an",
        "in",
        "to",
        "for",
    ]
)
"""Headings of structured abstracts and small words: databases keep or drop them."""

_DIGITS = re.compile(r"\d+")
_MONTHS = {name: str(number) for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
_MONTH_PAGES = re.compile(r"(\d{1,4})-([A-Za-z]{3})|([A-Za-z]{3})-(\d{1,4})")
_PAGE = re.compile(r"[a-z]{0,6}\d+[a-z]?(?:\.\d+)?|^[ivxlc]+$")
_VOLUME = re.compile(r"\d+")
_AFTER_VOLUME = re.compile(r"\((\d[^)]*|s\d*|suppl[^)]*)\)", re.IGNORECASE)

_PREPRINT_DOI = re.compile(
    r"10\.(?:1101/(?:\d{6}$|20\d\d\.)|21203/rs|2139/ssrn|31219/|31234/|20944/preprints|48550/arxiv|22541/au|26434/"
    r"|1590/scielopreprints|14293/s2199)"
)
"""Prefixes of bioRxiv and medRxiv, Research Square, SSRN, OSF, PsyArXiv, Preprints.org, arXiv, ChemRxiv and others."""

_PREPRINT_HOME = re.compile(
    r"^(?:biorxiv|medrxiv|arxiv|research square|ssrn|preprints|psyarxiv|osf preprints|chemrxiv)\b"
)
_VERSION = re.compile(r"(?:\.pub\d+|/v\d+|\.v\d+|(?<=research\.\d{5})\.\d|(?<=research\.\d{4})\.\d)$")
_MEETING = re.compile(r"meeting[ _]?ab?stract|conference abstract|poster", re.IGNORECASE)


@cache
def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - loads late

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in COLUMNS])


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything
    """Return `SCHEMA`, the Arrow schema of PREPARED; Arrow is loaded with it."""
    if name == "SCHEMA":
        return _schema()
    raise AttributeError(name)


def prepare(entries: Iterable[tuple[str, Record]], *, start: int = 0) -> Iterator[pa.RecordBatch]:
    """Turn records into rows of PREPARED.

    Parameters
    ----------
    entries : (id, record) in order of input.
    start : place of the first entry, for records that are added to a table.

    Yields
    ------
    pa.RecordBatch
        At most `BATCH` rows in the order of the entries, with the columns of `SCHEMA`.
    """
    rows: list[tuple[object, ...]] = []
    for place, (id_, record) in enumerate(entries, start):
        rows.append((place, id_, *row(record)))
        if len(rows) == BATCH:
            yield _batch(rows)
            rows = []
    if rows:
        yield _batch(rows)


def _batch(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415 - loads late

    schema = _schema()
    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )


def row(record: Record) -> tuple[object, ...]:
    """Return the values of PREPARED from `title` on, in the order of the columns."""
    title, marks = title_words(record.title)
    key = title.replace(" ", "")[:_KEY]
    alternative = title_words(record.translations[0].title)[0].replace(" ", "")[:_KEY] if record.translations else ""
    families, first, given = authors(record.authors)
    links = told(record.urls)
    doi = _doi(record.doi) or links.doi
    journal = _journal_title(record.journal or record.journal_abbreviation)
    volume, issue = _volume_issue(record.volume, record.issue)
    page, last, damaged = _pages(record.pages)
    abstract, size = _abstract(record.abstract)
    return (
        title, key, core(record.title, key, marks), alternative, numbers(title), weight(title, key, journal), marks,
        _kind(record, doi, journal),
        " ".join(families[:_MOST_FAMILIES]), first, given, min(len(families), 30_000),
        record.year if record.year and 0 < record.year < 3000 else 0, journal,
        " ".join((*record.issn, *record.isbn)).replace("-", "").lower(), volume, issue, page, last, damaged, doi,
        _VERSION.sub("", doi), record.pmid or links.pmid, record.pmcid.lower() or links.pmcid,
        " ".join(sorted({*record.registry_ids, *links.registry_ids})).lower(),
        f"{record.database}:{record.accession}".lower() if record.accession else "", links.page,
        folded(record.database),
        abstract, size, words_key(title), " ".join(sorted(families[:3])) if len(families) > 1 else "",
    )  # fmt: skip


@lru_cache(maxsize=65536)
def _journal_title(text: str) -> str:
    """Return the words of a journal's title without place, conference and series."""
    text = re.split(r"\.?\s+Conference(?: Publication)?:|\s+=\s+", text, maxsplit=1)[0]
    return folded(re.sub(r"\s*[\[(][^\])]*[\])]", "", text) or text)


@lru_cache(maxsize=65536)
def _volume_issue(volume: str, issue: str) -> tuple[str, str]:
    """Return the numbers of volume and issue; ``59 (1 Supplement 2)`` holds both, ``1)`` is a rest of neither."""
    inside = _AFTER_VOLUME.search(volume)
    outside = re.sub(r"\([^)]*\)?", "", volume)
    if inside and not issue:
        issue = inside.group(1)
    numbers = _VOLUME.findall(outside) if not outside.rstrip().endswith(")") else []
    return (
        numbers[-1].lstrip("0") if outside.lower().startswith(("part", "series")) else numbers[0].lstrip("0")
    ) if numbers else "", _issue(issue)


def _issue(text: str) -> str:
    low = text.lower()
    for name, number in _MONTHS.items():
        if name in low and _MONTH_PAGES.search(text):  # 2-Mar is issue 2-3 after a spreadsheet
            low = low.replace(name, number)
    numbers = " ".join(sorted({number.lstrip("0") for number in _DIGITS.findall(low)}, key=lambda n: (len(n), n)))
    return ("s" + numbers) if "s" in low and re.search(r"\bs(?:up|\d|$)", low) else numbers


@lru_cache(maxsize=65536)
def _pages(text: str) -> tuple[str, str, bool]:
    """Return first and last page, and whether a spreadsheet has made a date of them."""
    if not text:
        return "", "", False
    if (damage := _MONTH_PAGES.fullmatch(text.strip())) is not None:
        day, month = (damage[1], damage[2]) if damage[1] else (damage[4], damage[3])
        if month.lower() in _MONTHS:
            low, high = sorted((int(day), int(_MONTHS[month.lower()])))
            return str(low), str(high), True
    plain = text.lower().replace("\u2013", "-").replace("\u2014", "-")
    if "pagin" in plain or re.fullmatch(r"\s*\d+\s*pp?\.?\s*", plain):
        return "", "", False
    plain = re.sub(r"^\s*(?:pp?\.?|pages?|article(?: (?:no|id)\.?)?:?)\s*(?=[a-z]*\d)", "", plain)
    first, dash, rest = re.split(r"[;,]", plain, maxsplit=1)[0].partition("-")
    start, end = _PAGE.search(first.strip()), _PAGE.search(rest.strip(" -")) if dash else None
    if start is None:
        return "", end.group() if end else "", False
    return start.group().lstrip("0"), _completed(start.group(), end.group()) if end else "", False


def _completed(first: str, last: str) -> str:
    """Return the last page in full: 221-8 ends on 228, S12-9 on S19."""
    head, tail = re.sub(r"\d+$", "", first), first[len(re.sub(r"\d+$", "", first)) :]
    if not tail:
        return last
    bare = last[len(head) :] if head and last.startswith(head) else last
    if bare.isdigit() and len(bare) < len(tail):
        bare = tail[: len(tail) - len(bare)] + bare
    return head + bare if bare.isdigit() and head else bare


def _doi(text: str) -> str:
    if not text:
        return ""
    if "%" in text or "&" in text:
        text = unescape(unquote(text))
    at = text.find("10.")
    return text[at:].lower().rstrip(" .,;)]" if "(" not in text and "[" not in text else " .,;") if at >= 0 else ""


def _kind(record: Record, doi: str, journal: str) -> str:
    """Return what the source says the entry is, from the surest sign to the weakest."""
    if _PREPRINT_HOME.match(journal) or record.type == "article" or (not journal and _PREPRINT_DOI.match(doi)):
        return "preprint"
    if record.type == "report" and record.accession and record.accession in record.registry_ids:
        return "registry"
    if record.type in {"thesis", "book", "chapter"}:
        return record.type
    if journal.startswith("dissertation abstracts") or record.volume.lower().startswith("ph.d"):
        return "thesis"
    if "Conference:" in record.journal or _MEETING.search(record.issue) or _MEETING.search(record.type):
        return "abstract"
    return "article" if record.type in {"article-journal", "review"} else ""


def _abstract(text: str) -> tuple[str, int]:
    """Return the letters of the first sentences and the length of the whole."""
    if len(text) < 60:
        return "", 0
    head = folded(text[:300] if text.isascii() else mended(text[:300]))
    kept = "".join(word for word in head.split() if word not in _LABELS)
    return ("", 0) if head.startswith("no abstract") else (kept[:_HEAD], len(text))

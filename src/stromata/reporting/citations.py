"""References in Vancouver (NLM) style, and the addresses at which they can be found."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from stromata.model import Name, Record

MOST_AUTHORS = 6
"""Authors that are listed before ``et al.``; the ICMJE lists all, most journals six."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_RANGE = re.compile(r"^([A-Za-z]*)(\d+)\s*[-–—]+\s*([A-Za-z]*)(\d+)$")
_DOI = re.compile(r"^10\.\d{4,9}/\S+$")
_LANGUAGES = {
    "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "ru": "Russian", "fa": "Persian", "tr": "Turkish", "pl": "Polish",
}  # fmt: skip
_ON_THE_WEB = ("webpage", "post", "post-weblog", "dataset", "entry")


def vancouver(record: Record, *, most_authors: int = MOST_AUTHORS) -> str:
    """Return a record as a Vancouver reference, with only what the record holds.

    Parameters
    ----------
    record : the record, or the merged view of a reference.
    most_authors : authors listed before ``et al.``; at least 1.

    Returns
    -------
    Plain text: authors, title, journal, date, volume, issue, pages, then DOI, PMID and PMCID as far as known. A title
    in another language keeps its own words, followed by a translation in square brackets where the record has one.

    References
    ----------
    Patrias K. Citing Medicine, 2nd edition. National Library of Medicine, 2007 (updated since).
    """
    parts = [
        _ended(_authors(record.authors, most_authors)),
        _ended(_title(record)),
        _published(record),
        f"[Article in {_foreign(record)}]." if _foreign(record) else "",
        f"doi: {record.doi}." if record.doi else "",
        f"PMID: {record.pmid}." if record.pmid else "",
        f"PMCID: {record.pmcid}." if record.pmcid else "",
    ]
    if not (record.doi or record.pmid or record.pmcid) and record.urls:
        parts.append(f"Available from: {record.urls[0]}")
    return " ".join(part for part in parts if part)


def author(name: Name) -> str:
    """Return one author as ``Family AB``; Chinese names as they are written; literal names untouched."""
    if name.literal:
        return name.literal
    if _HAN.search(name.family + name.given):
        return name.family + name.given
    return " ".join(part for part in (name.family, initials(name.given), name.suffix.rstrip(".")) if part)


def initials(given: str) -> str:
    """Return at most two initials, without full stops: ``Li-Ming`` is ``LM``, ``J. R.`` is ``JR``."""
    words: list[str] = re.findall(r"[^\W\d_]+", given)
    if len(words) == 1 and words[0].isupper() and len(words[0]) <= 3:
        return words[0][:2]
    return "".join(word[0].upper() for word in words)[:2]


def pages(text: str) -> str:
    """Return a range of pages in its short form: ``284-287`` is ``284-7``. Anything else is returned as it is."""
    found = _RANGE.match(text.strip())
    if not found:
        return text.strip()
    prefix, first, other, last = found.groups()
    if other not in ("", prefix) or len(first) != len(last):
        return text.strip()
    same = 0
    while same < len(first) - 1 and first[same] == last[same]:
        same += 1
    return f"{prefix}{first}" if first == last else f"{prefix}{first}-{last[same:]}"


def doi_url(key: str) -> str:
    """Return the address of a DOI; empty when `key` is not one."""
    return f"https://doi.org/{quote(key, safe='/:;().-_')}" if _DOI.match(key) else ""


def safe_url(text: str) -> str:
    """Return `text` when it is a web address that may become a link (http or https, with a host), else nothing.

    Everything else that a record can hold in this place, such as ``javascript:`` or ``data:``, stays text.
    """
    address = text.strip()
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in address) or "\\" in address:
        return ""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return ""
    return address if parts.scheme.lower() in ("http", "https") and host else ""


def address(record: Record) -> str:
    """Return the best address of a record (DOI, PubMed, first web address); empty when it has none."""
    if doi_url(record.doi):
        return doi_url(record.doi)
    if record.pmid.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/"
    return next(filter(None, map(safe_url, record.urls)), "")


def keys(record: Record) -> tuple[str, ...]:
    """Return the identifiers by which a study or an evidence can name this record, in lower case."""
    found = (record.doi, record.pmid, record.pmcid, *record.registry_ids)
    return tuple(key.lower() for key in found if key)


def _authors(names: tuple[Name, ...], most: int) -> str:
    written = [text for text in map(author, names) if text]
    return ", ".join(written[:most]) + (", et al" if len(written) > most else "")


def _foreign(record: Record) -> str:
    """Return the name of the record's language when it is known and not English."""
    code = record.language.split("-")[0].lower()
    return "" if code in ("", "en") else _LANGUAGES.get(code, record.language)


def _title(record: Record) -> str:
    title = record.title.strip().rstrip(".") if not record.title.strip().endswith("..") else record.title.strip()
    english = next((each for each in record.translations if each.language.startswith("en") and each.title), None)
    if _foreign(record) and english:
        shown = english.title.strip().rstrip(".") + (" (machine translation)" if english.machine else "")
        title = f"{title} [{shown}]" if title else f"[{shown}]"
    return f"{title} [Internet]" if title and record.type in _ON_THE_WEB else title


def _ended(text: str) -> str:
    if not text:
        return ""
    return text if text[-1] in ".?!。？！" else text + "."


def _published(record: Record) -> str:
    """Return journal, date, volume, issue and pages; publisher and date where there is no journal."""
    date = _date(record)
    place = (record.journal_abbreviation or record.journal).strip().replace(".", "")
    where = record.volume + (f"({record.issue})" if record.issue else "")
    if record.pages:
        where += f":{pages(record.pages)}"
    if place:
        when = ";".join(part for part in (date, where) if part)
        return f"{place}. {when}." if when else f"{place}."
    publisher = record.publisher.strip().rstrip(".")
    text = "; ".join(part for part in (publisher, date) if part)
    return f"{text}." if text else ""


def _date(record: Record) -> str:
    found = re.match(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$", record.date)
    if not found:
        return str(record.year) if record.year is not None else ""
    year, month, day = found.groups()
    if not month or not 1 <= int(month) <= 12:
        return year
    return f"{year} {_MONTHS[int(month) - 1]}" + (f" {int(day)}" if day else "")

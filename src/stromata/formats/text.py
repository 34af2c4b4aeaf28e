"""Pure functions on the text of fields: cleaning, dates, names, pages. Shared by all readers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from stromata.entities import unescape
from stromata.model import Name
from stromata.model.identifiers import find_isbns, find_issns

# Controls (C0, DEL and C1: a terminal may obey them) and marks that show nothing: soft hyphen, zero-width signs, marks,
# overrides and isolates of direction (they reorder the text around them), byte-order mark. Tab, line ends and NEL are
# white space.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_TAGS = re.compile(r"</?(?:[a-z][a-z0-9]*:)?[a-z][a-z0-9]{0,15}(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK_TAGS = re.compile(
    r"<(?:/?(?:p|div|li|ul|ol|sec|title|jats:p|jats:title|jats:sec)|br)(?:\s[^<>]*)?/?>", re.IGNORECASE
)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january", "janvier", "januar", "enero"),
            ("feb", "february", "février", "februar", "febrero"),
            ("mar", "march", "mars", "märz", "marzo"),
            ("apr", "april", "avril", "abril"),
            ("may", "mai", "mayo"),
            ("jun", "june", "juin", "juni", "junio"),
            ("jul", "july", "juillet", "juli", "julio"),
            ("aug", "august", "août", "agosto"),
            ("sep", "sept", "september", "septembre", "septiembre"),
            ("oct", "october", "octobre", "oktober", "octubre"),
            ("nov", "november", "novembre", "noviembre"),
            ("dec", "december", "décembre", "dezember", "diciembre"),
        ),
        start=1,
    )
    for name in names
}
_YEAR = r"(1[5-9]\d\d|20\d\d)"
_NUMERIC = re.compile(rf"{_YEAR}(?:\s*[-/.年\s]\s*(\d{{1,2}})(?:\s*[-/.月\s]\s*(\d{{1,2}}))?)?(?!\d)")
_PACKED = re.compile(rf"{_YEAR}(\d\d)(\d\d)?")
_MONTH_WORD = re.compile(r"[^\W\d_]{3,}")
_ANY_YEAR = re.compile(rf"(?<!\d){_YEAR}(?!\d)")

_DASHES = re.compile(r"\s*[\u2010-\u2015-]+\s*")
_NOT_WORDS = re.compile(r"[\W_]+")

_SUFFIXES = {"jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "4th"}
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?[-\s]?){1,4}")
_PARTICLES = {
    "van",
    "von",
    "der",
    "den",
    "de",
    "del",
    "della",
    "di",
    "da",
    "dos",
    "du",
    "la",
    "le",
    "el",
    "al",
    "bin",
    "ter",
    "ten",
    "zu",
}
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_HAN_NAME = re.compile(r"[\u4e00-\u9fff·]{2,6}")


def clean(text: str) -> str:
    """Return `text` with entities decoded, in NFC, all white space one space, and nothing invisible in it.

    Entities are decoded twice where they were encoded twice (``&amp;lt;``), as portals do.
    """
    if "&" in text:
        text = unescape(text)
        if "&" in text:
            text = unescape(text)
    return tidy(text) if text else text


def tidy(text: str) -> str:
    """Return `text` in NFC, all white space one space, and nothing invisible in it; entities stay as they are."""
    # What goes is never printable, nor is white space other than the blank: most values need no search.
    if not text.isprintable():
        text = _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", text))
        text = " ".join(text.split())
    elif "  " in text:
        text = " ".join(text.split())
    else:
        text = text.strip()
    return text if text.isascii() or is_normal(text) else unicodedata.normalize("NFC", text)


def is_normal(text: str) -> bool:
    """Tell whether a text is in Unicode's form NFC."""
    return unicodedata.is_normalized("NFC", text)


def without_tags(text: str) -> str:
    """Return the text of a value that may hold HTML or JATS markup; ``p < 0.05`` stays as it is."""
    if "<" not in text and "&lt;" not in text:
        return clean(text)
    text = _INVISIBLE.sub("", unescape(text))  # first: one inside a tag would hide the tag
    return clean(_TAGS.sub("", _BLOCK_TAGS.sub(" ", text)))


@lru_cache(maxsize=1 << 12)  # one file holds few different dates
def iso_date(text: str) -> str:
    """Return the date in `text` as far as it is given (``2024``, ``2024-06``, ``2024-06-23``), or nothing.

    Read are numbers (``2024/6/23``, ``2024//``, ``20240623``, ``2024年6月23日``) and month names (``2018 May 3``,
    ``3 May 2018``, ``May 3, 2018``, ``2019 Nov-Dec``). Of a span the first date counts. Seasons give the year alone.
    """
    text = text.strip()
    packed = _PACKED.fullmatch(text)
    if packed:
        return _iso(int(packed[1]), int(packed[2]), int(packed[3] or 0))
    months = [_MONTHS[word] for word in map(str.lower, _MONTH_WORD.findall(text)) if word in _MONTHS]
    if months:
        year = _ANY_YEAR.search(text)
        if not year:
            return ""
        rest = text[: year.start()] + " " + text[year.end() :]
        days = re.findall(r"(?<![\d:])(\d{1,2})(?:st|nd|rd|th)?(?![\d:])", rest)
        return _iso(int(year[1]), months[0], int(days[0]) if days and len(months) == 1 else 0)
    day_first = re.search(rf"(?<!\d)(\d{{1,2}})[./](\d{{1,2}})[./]{_YEAR}(?!\d)", text)
    if day_first and int(day_first[2]) > 12 >= int(day_first[1]):
        return _iso(int(day_first[3]), int(day_first[1]), int(day_first[2]))
    if day_first and int(day_first[1]) > 12 >= int(day_first[2]):
        return _iso(int(day_first[3]), int(day_first[2]), int(day_first[1]))
    numeric = _NUMERIC.search(text)
    if numeric and not text[: numeric.start()][-1:].isdigit():
        return _iso(int(numeric[1]), int(numeric[2] or 0), int(numeric[3] or 0))
    year = _ANY_YEAR.search(text)  # 03/04/2020 may be April or March: the year alone is certain
    return year[1] if year else ""


def _iso(year: int, month: int, day: int) -> str:
    if not 1 <= month <= 12:
        return f"{year:04d}"
    lengths = (
        31,
        29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28,
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    )
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= day <= lengths[month - 1] else f"{year:04d}-{month:02d}"


def month_of(text: str) -> int:
    """Return the first month that `text` names (``AUG``, ``JUN 15``), 0 when it names none."""
    return next((_MONTHS[word] for word in map(str.lower, _MONTH_WORD.findall(text)) if word in _MONTHS), 0)


@lru_cache(maxsize=1 << 14)  # authors come again and again in one file; a Name never changes
def name_of(text: str) -> Name:
    """Read a name as reference files write it.

    ``Family, Given, Suffix`` is split. ``Family`` followed by initials, and initials followed by a family name, are
    split too. A trailing comma marks a name that must not be split (EndNote's way for corporate authors). Names in
    Chinese characters, and everything else without a comma, stay whole: a single word is a family name.
    """
    text = text.strip().strip(";").strip()
    if text.endswith(","):
        return Name(literal=text[:-1].strip())
    if "," in text or "，" in text:
        parts = [part.strip() for part in text.replace("，", ",").split(",")]
        if not parts[0]:
            return Name(literal=text)
        if len(parts) > 2 and parts[1].lower().strip(".") in _SUFFIXES:
            parts = [parts[0], " ".join(parts[2:]), parts[1]]
        return Name(family=parts[0], given=parts[1], suffix=", ".join(part for part in parts[2:] if part))
    words = text.split()
    if len(words) == 1 and not _HAN.search(text):
        return Name(family=text)
    if len(words) > 1:
        if (
            len(words[-1]) <= 6
            and _INITIALS.fullmatch(words[-1])
            and not words[0].endswith(".")
            and not words[0].isupper()
        ):
            return Name(family=" ".join(words[:-1]), given=words[-1])
        if words[0].endswith(".") and _INITIALS.fullmatch(words[0]):
            start = next(
                (i for i, word in enumerate(words) if not (word.endswith(".") and _INITIALS.fullmatch(word))), 0
            )
            if start:
                return Name(family=" ".join(words[start:]), given=" ".join(words[:start]))
    return Name(literal=text)


def written_name(name: Name) -> str:
    """Return the name so that `name_of` reads it back."""
    plain = str(name)
    if name_of(plain) == name:
        return plain
    if name.literal:
        return f"{plain},"
    if name.suffix and not name.given:
        return f"{name.family}, , {name.suffix}"
    return plain


def person(text: str) -> Name:
    """Read one name of a page's author list, where persons are written given name first (``Ana M. van Dijk``)."""
    text = text.strip(" .,;*†‡§#&")
    if _HAN.search(text):
        return Name(literal=text.replace(" ", "") if _HAN_NAME.fullmatch(text.replace(" ", "")) else text)
    found = name_of(text)
    words = text.split()
    if found.family or len(words) < 2:
        return found
    suffix = ""
    if words[-1].lower().strip(".") in _SUFFIXES and len(words) > 2:
        suffix = words.pop()
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return Name(family=" ".join(words[start:]), given=" ".join(words[:start]), suffix=suffix)


@lru_cache(maxsize=1 << 12)  # one file holds few journals
def serial_numbers(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ISSNs and the ISBNs in a text, each once."""
    return find_issns(text), find_isbns(text)


def page_span(first: str, last: str) -> str:
    """Return ``12-19`` from the first and last page, either of which may be empty or hold the span already."""
    first = _DASHES.sub("-", first.strip())
    if not last or last == first or "-" in first:
        return first
    return f"{first}-{last}" if first else last


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty, each once, in order."""
    return tuple(dict.fromkeys(filter(None, values))) if values else ()


def same_text(one: str, other: str) -> bool:
    """Tell whether two texts differ in nothing but spaces, case and punctuation."""
    return one == other or _NOT_WORDS.sub("", one).casefold() == _NOT_WORDS.sub("", other).casefold()

"""Forms of titles, names and journals in which two spellings of the same thing are equal."""

from __future__ import annotations

import re
import unicodedata

from stromata.model import Name, Record

_NOT_WORD = re.compile(r"[^\w]+")
_TAGS = re.compile(r"</?[a-z][^>]{0,40}>", re.IGNORECASE)

FEW_WORDS = 4
"""Titles with fewer words ("Editorial", "Reply") name many publications and identify none."""

FEW_HAN = 8
"""The same limit for titles in Chinese characters, where words are not spaced."""

_SMALL = {"of", "the", "and", "in", "for", "on", "de", "der", "und", "et", "la", "le", "des", "a", "an", "&"}


def folded(text: str) -> str:
    """Return `text` in lower case without accents, markup and punctuation, words parted by one space."""
    plain = unicodedata.normalize("NFKD", _TAGS.sub(" ", text))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(_NOT_WORD.sub(" ", plain.casefold()).replace("_", " ").split())


def title_key(record: Record) -> str:
    """Return the record's title in its folded form, or nothing when it is too short to identify a publication."""
    key = folded(record.title)
    han = sum("\u4e00" <= char <= "\u9fff" for char in key)
    enough = han >= FEW_HAN or len(key.split()) >= FEW_WORDS
    return key if enough else ""


def author_key(name: Name) -> str:
    """Return what stays the same of an author's name between databases: the folded family name."""
    if name.family:
        return folded(name.family)
    words = folded(name.literal).split()
    return words[0] if words else ""


def same_journal(left: str, right: str) -> bool | None:
    """Tell whether two journal titles can be the same, one perhaps abbreviated; None when one of them is missing.

    Two titles match when, small words aside, each word of one begins with the word of the other in the same place
    (``Ann Rheum Dis`` and ``Annals of the Rheumatic Diseases``).
    """
    one, two = _journal_words(left), _journal_words(right)
    if not one or not two:
        return None
    if len(one) != len(two):
        return False
    return all(a.startswith(b) or b.startswith(a) for a, b in zip(one, two, strict=True))


def _journal_words(journal: str) -> list[str]:
    without_place = re.sub(r"\([^)]*\)\s*$", "", journal)
    return [word for word in folded(without_place).split() if word not in _SMALL]

"""Names of people in comments: found however they are written, as far as a program can, and hidden.

The words that are no names stand in ``names.yaml``. This is an aid and no promise. Nicknames, slips of the pen,
descriptions ("our only patient") and a person's own way of writing are not found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from stromata.consensus.data import load

HIDDEN = "[name]"

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_CHINESE = re.compile("[\u3400-\u9fff]+")
# A name may stand between Chinese characters, which part no words, and between underscores.
_BEFORE, _AFTER = rf"(?<![^\W_{_CJK}])", rf"(?![^\W_{_CJK}])"

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe"})
_SAME = str.maketrans(dict.fromkeys("’‘‛ʼ`´′＇", "'") | dict.fromkeys("‐‑‒–—−", "-"))
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})


class NameHider:
    """Hides the names of a group of people in texts.

    Full names are found in capital or small letters, with or without accents, in full width, decomposed, between
    underscores or with invisible characters in them; so are their parts, such as a surname. Parts of two letters count
    where they begin with a capital or follow a title. Of Chinese names the given name counts, and the surname before a
    title. A part that is an ordinary word of pseudonyms, or that all share, is no name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        known = tuple(dict.fromkeys(filter(None, (" ".join(name.split()) for name in names))))
        plain = {*load("names")["ordinary"].split(), *_shared(known)}
        long, short = set[str](), set[str]()
        for own in (words for name in known for words in _spellings(name)):
            for run in _runs(own):
                strength = _strength(run, plain, whole=run == own)
                if strength:
                    (long if strength == "long" else short).add(_pattern(run))
        chinese = (pattern for name in known for pattern in _chinese(name))
        titled = (rf"{_BEFORE}(?:{load('names')['titles']})\.?\s+{one}{_AFTER}" for one in short)
        self._sure = _either((rf"{_BEFORE}{one}{_AFTER}" for one in long), chinese, titled)
        self._short = _either(rf"{_BEFORE}{one}{_AFTER}" for one in short)

    def hide(self, text: str) -> str:
        """Return a text with every name that was found replaced by ``[name]``."""
        whole = unicodedata.normalize("NFC", text)
        plain, places = _folded(whole)
        spans = [found.span() for found in self._sure.finditer(plain)] if self._sure else []
        if self._short:
            spans += [found.span() for found in self._short.finditer(plain) if whole[places[found.start()]].isupper()]
        shown, end = "", 0
        for first, last in sorted(spans):
            start, stop = places[first], places[last - 1] + 1
            while stop < len(whole) and unicodedata.combining(whole[stop]):
                stop += 1
            if stop <= end:
                continue
            shown += whole[end : max(start, end)] + (HIDDEN if start >= end else "")
            end = stop
        return shown + whole[end:]


def _folded(text: str) -> tuple[str, list[int]]:
    """Return a text without capitals, accents and invisible characters, and where in `text` each character stood."""
    plain: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        whole = char if "\uac00" <= char <= "\ud7af" else unicodedata.normalize("NFKD", char)
        for part in whole.casefold().translate(_LETTERS).translate(_SAME):
            if unicodedata.category(part) not in {"Mn", "Me", "Cf"}:
                plain.append(part)
                places.append(place)
    return "".join(plain), places


def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name, folded."""
    plain = _folded(unicodedata.normalize("NFC", name))[0]
    return tuple(filter(None, (word.strip(".,;:()[]\"'*-") for word in re.split(r"[\s_]+", plain))))


def _spellings(name: str) -> set[tuple[str, ...]]:
    """Return the words of a name as it is spelt, and as it is where umlauts are written with an e."""
    small = unicodedata.normalize("NFC", name).casefold()
    return {_words(one) for one in (name, small.translate(_UMLAUTS), re.sub("([aou])e", r"\1", small))}


def _shared(names: tuple[str, ...]) -> set[str]:
    """Return the words that all names share: they tell nobody from the others."""
    words = [set(_words(name)) for name in names]
    return set.intersection(*words) if len(words) > 2 else set()


def _strength(run: tuple[str, ...], plain: Collection[str], *, whole: bool) -> Literal["long", "short", ""]:
    """Return how words of a name are looked for: in any letters, with a capital or after a title, or not at all."""
    if len(run) > 1:
        return "long" if whole or any(word not in plain for word in run) else ""
    word = run[0]
    if len(word) == 1 or word.isdigit():  # such a pseudonym would be found in any text
        return ""
    if word in plain:
        return "short" if whole else ""
    return "short" if len(word) == 2 and word.isalpha() and not _CHINESE.search(word) else "long"


def _runs(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the whole name, all that stands side by side in it, its words, and the pieces of words with hyphens."""
    for first in range(len(words)):
        for last in range(first + 1, len(words) + 1):
            yield words[first:last]
    for word in words:
        pieces = re.split(r"[-'.]", word)
        if len(pieces) > 1:
            yield from ((piece,) for piece in pieces if len(piece) > 2)


def _pattern(run: tuple[str, ...]) -> str:
    """Return a pattern of words side by side, whatever stands for their hyphens, apostrophes and umlauts."""
    found = []
    for word in run:
        pieces = [re.escape(piece) for piece in re.split(r"[-'.]", word)]
        found.append(r"[-'.\s]?".join(pieces))
    plain = r"[\s.,_-]+".join(found)
    # A genitive as of the Germans has no apostrophe.
    return plain + "s?" if len(run[-1]) > 3 and run[-1].isalpha() and not _CHINESE.search(run[-1]) else plain


def _chinese(name: str) -> Iterator[str]:
    """Yield patterns of a Chinese name: the whole, the given name, and the surname before a title."""
    whole = "".join(_CHINESE.findall(name))
    if not 2 <= len(whole) <= 4:
        return
    words = load("names")
    titles, said = words["chinese_titles"], words["chinese_said"]
    size = 2 if len(whole) > 2 and whole[:2] in words["double_surnames"].split() else 1
    surname, given = whole[:size], whole[size:]
    yield re.escape(whole)
    yield rf"{surname}(?=(?:{titles}))"
    if len(given) > 1:
        yield given
    else:
        # One character is part of many words: it is a name where it stands alone, or at the head of a clause.
        yield rf"(?<![\u3400-\u9fff]){given}(?![\u3400-\u9fff])"
        yield rf"(?<![\u3400-\u9fff]){given}(?={said}|{titles})"
        yield rf"[小阿]{given}(?={said}|{titles}|[^\u3400-\u9fff]|$)"
        yield rf"{given}{given}"


def _either(*patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of any of these, the longest first; None without any."""
    told = sorted({one for some in patterns for one in some}, key=lambda one: (-len(one), one))
    return re.compile("|".join(told)) if told else None

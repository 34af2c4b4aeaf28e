"""Cells that hold a list of authors: how a column writes its names is found out once, then each cell is read by it.

Tools separate names by semicolons, commas, "and", bars or line breaks, write the family name first or last, put numbers
behind names, or print the list as a programming language does. One cell alone often does not tell: "Smith J, Doe A" is
two names and "Smith, John" is one. So a column is judged by its first rows together.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from stromata.formats.columns import NameOrder
from stromata.formats.text import clean, name_of, person
from stromata.model import Name

Separator = Literal[
    "none", ";", "|", "and", "comma", "pairs", "sentence", "sentence-pairs", "joined-initials", "joined-names"
]  # fmt: skip
"""What stands between two names of a column: a sign; "and" (BibTeX); commas between names or, with `pairs`, also within
them; `sentence`: commas and a last "and"; nothing but the end of the initials or of the name."""

Order = Literal["given", "family", "whole"]
"""How names without a comma are written; `whole`: they are groups, since the persons of the column have one."""

_ET_AL = re.compile(r"(?<![\s,;])[\s,;]*+(?:\bet\.? al\b\.?|\band others\b|，?等\.?)\s*$", re.IGNORECASE)
_ET_AL_ENDS = ("al", "al.", "others", "等", "等.")
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?[-\s]?){1,5}(?:(?:Jr|Sr|II|III|IV|2nd|3rd)\.?)?")
_FAMILY_INITIALS = re.compile(
    r"[^\W\d_][^\d,;]*?[\s,]+((?:[^\W\d_a-z]\.?[-\s]?){1,5})\.?(?:\s(?:Jr|Sr|II|III|IV|2nd|3rd)\.?)?"
)
_GIVEN_FIRST = re.compile(r"(?:[^\W\d_a-z]\.[-\s]?)+\s?[^\W\d_]{2,}|[^\W\d_]+(?:\s[^\W\d_]\.)+\s[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?<!\s)\s*+\((?:\d{6,}|[\d-]{15,19}X?)\)")
_JOINED_INITIALS = re.compile(r"(?<=\.)(?=[^\W\d_a-z][^\W\d_A-Z.]+)")
_JOINED_NAMES = re.compile(r"(?<=[^\W\d_A-Z’'.-])(?=[^\W\d_a-z](?:[^\W\d_A-Z]|\.))")
_PREFIXES = re.compile(r"(?:^|\s|[-’'])(?:Mc|Mac|De|Di|Del|La|Le|Lo|Van|Von|Fitz|El|Al|Du|Da|Dos|Des|Della)$")
_HAN = re.compile(r"[\u3400-\u9fff]")
_AND = re.compile(r"(?<!\s)\s++(?:and|AND|&)\s+")
_COMMA_OR_AND = re.compile(r",\s*(?:and\s+|&\s*)?|(?<!\s)\s++(?:and|AND|&)\s+")
_SUFFIX_PART = re.compile(r",\s*(?:Jr|Sr|I{2,3}|IV)\b")
_CAPITAL_FAMILY = re.compile(
    r"[^\W\d_a-z]{2,}\s+[^\W\d_a-z][^\W\d_A-Z]+(?:[-\s][^\W\d_]+)?|[^\W\d_a-z][^\W\d_A-Z]+\s+[^\W\d_a-z]{3,}"
)
_LIST = re.compile(r"\s*(?:c?\(|\[).*[\])]\s*", re.DOTALL)
_WORDS_OF_R = re.compile(r'"((?:[^"\\]++|\\.?)*+)(?:"|\Z)', re.DOTALL)
_BRACKETS_DEEP = 20

NO_AUTHOR = re.compile(r"\[?(?:no author(?:s|\s|\b).*|anonymous|\[anonymous\]|n\.?\s?n\.?)\]?", re.IGNORECASE)
"""What tools write where there is no author."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How a column of authors is written.

    Attributes
    ----------
    separator : see `Separator`.
    order : of names without a comma.
    sure : False when the signs could be read in two ways and names stay as they stand.
    capitals : family names are in capitals.
    """

    separator: Separator
    order: Order = "given"
    sure: bool = True
    capitals: bool = False


def habit_of(cells: Sequence[str], *, names: NameOrder = "") -> Habit:
    """Find out how a column writes its authors, from its first cells that hold any."""
    cells = [
        cell for cell in cells if cell.strip() and not _LIST.fullmatch(cell) and not NO_AUTHOR.fullmatch(cell.strip())
    ]
    if names == "joined":
        return Habit("joined-names")
    separator, sure = _separator(cells)
    habit = Habit(separator, sure=sure)
    if names == "given":
        return Habit(separator, order="given", sure=sure)
    pieces = [one for cell in cells for one in _split(_bare(cell)[0], habit)]
    singles = [one for one in pieces if "," not in one and " " in one]
    given = sum(bool(_GIVEN_FIRST.fullmatch(one)) for one in singles)
    family = sum(bool(_FAMILY_INITIALS.fullmatch(one)) and not _GIVEN_FIRST.fullmatch(one) for one in singles)
    capitals = sum(bool(_CAPITAL_FAMILY.fullmatch(one)) for one in singles)
    order: Order = "family" if family > given else "given"
    if not given and not family and 2 * len(singles) < len(pieces):
        order = "whole"
    return Habit(separator, order=order, sure=sure, capitals=2 * capitals >= len(singles) > 0)


def _separator(cells: Sequence[str]) -> tuple[Separator, bool]:
    plain = [_bare(cell)[0] for cell in cells]
    for sign in (";", "|"):
        if sum(sign in cell or (sign == ";" and "；" in cell) for cell in plain) * 5 >= max(len(plain), 1):
            return ";" if sign == ";" else "|", True
    ands = [cell for cell in plain if _AND.search(cell)]
    if ands and 5 * len(ands) >= len(plain):
        if 2 * sum(map(_is_sentence, ands)) <= len(ands):
            return "and", True
        inner, sure = _by_commas(
            [[part.strip() for part in _COMMA_OR_AND.split(cell) if part.strip()] for cell in ands]
        )
        return ("sentence-pairs" if inner == "pairs" else "sentence"), sure
    commas = [cell for cell in plain if "," in cell or "，" in cell or "、" in cell]
    if not commas:
        joined = sum(bool(_JOINED_INITIALS.search(cell)) for cell in plain)
        return ("joined-initials" if joined * 5 >= len(plain) > 0 and joined else "none"), True
    return _by_commas([[part.strip() for part in re.split("[,，、]", cell) if part.strip()] for cell in commas])


def _is_sentence(cell: str) -> bool:
    """Tell whether only the last two names have an "and" between them, and the others commas."""
    parts = _AND.split(cell)
    commas = [part.count(",") - bool(_SUFFIX_PART.search(part)) for part in parts]
    return commas[0] >= 2 or (len(parts) == 2 and commas[0] == 1 and commas[1] == 0 and " " in parts[1].strip())


def _by_commas(lists: list[list[str]]) -> tuple[Separator, bool]:
    """Tell what commas mean: between names, or also between family and given name."""
    pieces = [piece for parts in lists for piece in parts]
    if sum(bool(_HAN.search(piece)) for piece in pieces) * 2 > len(pieces):
        return "comma", True
    whole = sum(bool(_FAMILY_INITIALS.fullmatch(piece)) for piece in pieces)
    initials = sum(bool(_INITIALS.fullmatch(piece)) for piece in pieces)
    several = sum(" " in piece and not _INITIALS.fullmatch(piece) for piece in pieces)
    if 2 * whole >= len(pieces):
        return "comma", True
    if 3 * initials >= len(pieces) and all(len(parts) % 2 == 0 for parts in lists if len(parts) > 1):
        return "pairs", True
    if all(len(parts) <= 2 for parts in lists):
        # "Smith, John" throughout is one name to a cell; two full names would hold blanks.
        return ("comma" if 2 * several > len(pieces) and several > len(lists) else "none"), True
    if 3 * several >= 2 * len(pieces):
        return "comma", True
    return "none", False


def _bare(cell: str) -> tuple[str, bool]:
    """Return the list without numbers and without its "et al.", one blank for many, and whether there was one."""
    lines = (" ".join(line.split()) for line in cell.split("\n"))
    text = "\n".join(filter(None, lines)).strip()
    text = _NUMBER.sub("", text).strip() if "(" in text else text
    if not text[-8:].lower().endswith(_ET_AL_ENDS):
        return text, False
    short = _ET_AL.sub("", text)
    return short, short != text


@lru_cache(maxsize=1 << 12)
def read_names(cell: str, habit: Habit) -> tuple[tuple[Name, ...], bool]:
    """Return the names in a cell, in order, and whether the list is cut ("et al.")."""
    text = cell.strip()
    if NO_AUTHOR.fullmatch(text):
        return (), False
    listed = as_list(text)
    if listed is not None:
        return tuple(dict.fromkeys(_listed(one) for one in listed if one.strip())), False
    text, cut = _bare(text)
    if ";" in text and habit.separator not in {";", "|"}:
        habit = Habit(";", order=habit.order)  # one cell of a table put together from several
    pieces = list(_split(text, habit))
    if pieces and pieces[-1].endswith(".") and not any("." in piece for piece in pieces[:-1]) and len(pieces) > 1:
        pieces[-1] = pieces[-1][:-1]  # the full stop of a list: no other name has one
    found = (_name(clean(piece), habit) for piece in pieces)
    return tuple(dict.fromkeys(name for name in found if str(name))), cut


def _split(text: str, habit: Habit) -> Iterable[str]:
    pieces: Iterable[str]
    match habit.separator:
        case ";":
            pieces = re.split(r"[;；]|\n\s*(?:and\s)?" if "\n" in text else r"[;；]", text)
        case "|":
            pieces = text.split("|")
        case "and":
            pieces = _AND.split(text)
        case "sentence":
            pieces = _COMMA_OR_AND.split(text)
        case "sentence-pairs":
            parts = [part.strip() for part in _COMMA_OR_AND.split(text)]
            pieces = [", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
        case "comma":
            pieces = re.split("[,，、]", text)
        case "pairs":
            parts = [part.strip() for part in text.split(",")]
            pieces = [", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
        case "joined-initials":
            pieces = _JOINED_INITIALS.split(text)
        case "joined-names":
            pieces = _unjoined(text)
        case "none":
            pieces = re.split(r"(?<!\s)\s*\n\s*", text) if not _HAN.search(text) else re.split(r"[\s,，、;；]+", text)
    return [piece for one in pieces if (piece := one.strip(" \t\r\n,;"))]


def _unjoined(text: str) -> list[str]:
    """Split names that follow one another without a sign, where a small letter is followed by a capital."""
    names: list[str] = []
    for part in _JOINED_NAMES.split(text):
        # A name needs two words: what has one, or ends in "Mc", goes on.
        if names and (" " not in names[-1].strip() or _PREFIXES.search(names[-1])):
            names[-1] += part
        else:
            names.append(part)
    if len(names) > 1 and " " not in names[-1]:
        names[-2:] = ["".join(names[-2:])]
    return names


def _name(piece: str, habit: Habit) -> Name:
    if _HAN.search(piece):
        return name_of(piece)
    if habit.separator == "none" and not habit.sure:
        return Name(literal=piece)
    if "," in piece:
        return name_of(piece)
    words = piece.split()
    if len(words) < 2:
        return Name(family=piece)
    if habit.capitals and _CAPITAL_FAMILY.fullmatch(piece):  # "ZHANG Wei": how Chinese journals write
        family = words[0] if words[0].isupper() else words[-1]
        return Name(family=family, given=" ".join(word for word in words if word is not family))
    if _FAMILY_INITIALS.fullmatch(piece) and (habit.order == "family" or not _GIVEN_FIRST.fullmatch(piece)):
        return _family_first(words)
    return person(piece) if habit.order == "given" or _GIVEN_FIRST.fullmatch(piece) else Name(literal=piece)


def _family_first(words: list[str]) -> Name:
    """Read ``van der Berg J. A. Jr``: initials last, perhaps with a suffix."""
    suffix = words.pop() if re.fullmatch(r"(?:Jr|Sr|II|III|IV|2nd|3rd)\.?", words[-1]) and len(words) > 2 else ""
    start = len(words)
    while start > 1 and _INITIALS.fullmatch(words[start - 1]):
        start -= 1
    return Name(family=" ".join(words[:start]), given=" ".join(words[start:]), suffix=suffix)


def _listed(text: str) -> Name:
    """Read one name of a list printed by a program: with a comma, or in full."""
    text = clean(text)
    if "," in text or _HAN.search(text):
        return name_of(text)
    words = text.split()
    if len(words) > 1 and _FAMILY_INITIALS.fullmatch(text) and not _GIVEN_FIRST.fullmatch(text):
        return _family_first(words)
    return person(text)


def as_list(text: str) -> tuple[str, ...] | None:
    """Return the items of a list as Python, JSON or R print it (``['A', 'B']``, ``c("A", "B")``); None if it is none.

    Nothing is evaluated but plain literals.
    """
    if not _LIST.fullmatch(text) or text.count("[") + text.count("(") > _BRACKETS_DEEP + text.count("'") + text.count(
        '"'
    ):
        return None
    if text.lstrip()[0] != "[":
        found = _WORDS_OF_R.findall(text)
        return tuple(found) if found else None
    for load in (json.loads, ast.literal_eval):
        try:
            value = load(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
            return tuple(str(one) for one in value)
    return None


def has_numbers(cell: str) -> bool:
    """Tell whether the names of a cell carry the numbers of a database, which `read_names` leaves out."""
    return bool(_NUMBER.search(cell))

"""Numbers as papers print them: powers of ten, millions, ranges, lists of levels, Chinese numerals.

All reading is done on text folded character by character, so that every position holds for the text as given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

FLAGS = re.IGNORECASE | re.ASCII  # ASCII: a Chinese character beside a Latin word ends that word

MAX_EXPONENT = 30  # nobody gives 10^30 of anything; larger exponents are slips and would only overflow
MAX_ITEMS = 12  # numbers in one list; a longer one is a row of a table, no list of doses

SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_FROM_SUPERSCRIPT = str.maketrans(SUPERSCRIPTS, "0123456789")

Note = Literal["lost-superscript", "power-notation"]


@dataclass(frozen=True, slots=True)
class Number:
    """One number and where it stands.

    Attributes
    ----------
    value : as read; None where it cannot be a size (an exponent beyond `MAX_EXPONENT`).
    mantissa : the part before the power of ten or the word for one.
    exponent : its own power of ten, also as a word such as million; None where it has none.
    notes : what had to be read into it.
    """

    start: int
    end: int
    value: float | None
    mantissa: str
    exponent: int | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number, a range of two, or a list of levels.

    Attributes
    ----------
    values : in ascending order; one, two for a range, two or more for levels. Empty: a number that cannot be right.
    kind : how several values belong together.
    spread : what stands behind a plus-minus sign, on the scale of the values.
    """

    start: int
    end: int
    values: tuple[float, ...]
    kind: Literal["one", "range", "levels"] = "one"
    spread: float | None = None
    scaled: bool = False
    notes: tuple[Note, ...] = ()


@cache
def _folding() -> dict[int, str]:
    """Return the characters that are read as another one, each for exactly one."""
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width forms
    same = {
        " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
        "\u202f\u205f\u2060\u3000\ufeff",
        "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63",
        "~": "\u223c\u02dc\u301c\uff5e",
        "×": "\u2715\u2716\u2a2f\u2a09\u2573\u2217\u204e\u0445\u0425",  # the last two: the Cyrillic letter ha
        "·": "\u22c5\u2022\u2219\u30fb\u2027\u0387",
        "u": "\u00b5\u03bc",
        "'": "\u2019\u2018\u2032\u02b9",
        "/": "\u2044\u2215",
        "^": "\u02c6",
    }
    table.update({ord(old): new for new, olds in same.items() for old in olds})
    return table


def fold(text: str) -> str:
    """Return `text` with full-width forms, odd spaces, dashes and signs made plain; same length, same positions."""
    return text.translate(_folding())


_MANTISSA = (
    r"(?:[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,12},[0-9]{1,20}(?![0-9]|[.,][0-9])"
    r"|[1-9][0-9]{0,2}(?:[ '][0-9]{3}){1,12},[0-9]{1,2}(?![0-9]|[.,][0-9])"
    r"|[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,12}(?![0-9])"
    r"|[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){1,12}|(?:'[0-9]{3}){1,12}|(?: [0-9]{3}){1,12})(?![0-9])(?:\.[0-9]{1,20})?"
    r"|[0-9]{1,40}(?:[.,·][0-9]{1,20})?|\.[0-9]{1,20})"
)
_TIMES = r"\s{0,2}[x×*·]\s{0,2}"


def _explicit(number: int) -> str:
    """Return the pattern of a power of ten whose exponent is marked as one, with groups numbered."""
    return (
        r"10(?:\s?(?:\^|\*\*)\s?[({\[]?\s?\+?(?P<caret_>[0-9]{1,9})(?:\s?[)}\]])?"
        rf"|\s?(?P<raised_>[{SUPERSCRIPTS}]{{1,9}})"
        r"|\s?<sup>\s?(?P<tag_>[0-9]{1,9})\s?</sup>"
        r"|\s?\((?P<round_>[0-9]{1,2})\)|\{(?P<curly_>[0-9]{1,2})\})"
    ).replace("_>", f"{number}>")


_WORDS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=1
    )
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "eighty": 80}
TENS = "|".join(sorted(_WORDS, key=len, reverse=True))
_SPOKEN = (
    r"(?:(?P<half>half)(?:\s(?:of\s)?an?)?"
    rf"|(?:(?P<hundreds>an?|{TENS})[\s-])?(?P<hundred>hundred)|(?P<word>an?|{TENS}))"
)
_SCALES = {
    "thousand": 3, "k": 3, "million": 6, "millions": 6, "mio": 6, "mln": 6, "mil": 6, "m": 6,
    "billion": 9, "billions": 9, "bn": 9, "千": 3, "万": 4, "萬": 4, "十万": 5, "百万": 6, "百萬": 6,
    "千万": 7, "千萬": 7, "亿": 8, "億": 8, "十亿": 9, "百亿": 10,
}  # fmt: skip
_SCALE = (
    r"(?:\s{0,2}(?:thousand|millions?|mio\b|mln\b|mil\b|billions?|bn\b|(?-i:M|k|K)(?![A-Za-z0-9]))"
    r"|\s{0,2}(?:十万|百万|百萬|千万|千萬|十亿|百亿|亿|億|万|萬|千(?!克|克|瓦|米)))"
)
_NUMBER = re.compile(
    rf"(?P<m>{_MANTISSA})(?:{_TIMES}|\.(?=10\s?[\^{SUPERSCRIPTS}]))"
    rf"(?:{_explicit(1)}|10\s?[eE]\s?\+?(?P<hand>[0-9]{{1,2}})(?![0-9])"
    r"|10\s?(?P<lost>1[0-3]|[3-9])(?![0-9]|[.,·][0-9]|\s?%))"
    rf"|(?:{_explicit(2)})"
    rf"|(?P<base>{_MANTISSA})\s?[eE]\s?\+?(?P<exp>[0-9]{{1,9}})(?![0-9A-Za-z])"
    rf"|(?P<plain>{_MANTISSA})(?P<scale>{_SCALE})?",
    FLAGS,
)
_SPELT = re.compile(rf"\b{_SPOKEN}[\s-](?P<scale>thousand|millions?|billions?)\b", FLAGS)
_HAN = "[零〇一二两兩三四五六七八九十百千万萬亿億]"
_CHINESE = re.compile(  # "一百万一次" is a million, once
    rf"{_HAN}{{0,40}}[万萬亿億](?=[一二两兩三四五六七八九十]{{1,3}}\s?(?:次|个?月|周|天))|{_HAN}{{1,40}}", FLAGS
)
_BARE_POWER = re.compile(r"10(?P<lost>1[0-2]|[4-9])", FLAGS)
_SHARED = re.compile(
    rf"\s?[)\]]{_TIMES}(?:{_explicit(1)}|10[eE](?P<hand>[0-9]{{1,2}})(?![0-9])|10\s?(?P<lost>1[0-3]|[3-9])(?![0-9]"
    rf"|[.,·][0-9]))"
    rf"|\s?[)\]](?P<scale>{_SCALE})",
    FLAGS,
)
_STARTS = re.compile(
    rf"(?<![0-9][eE]-)(?<!\^-)(?<![A-Za-z0-9_.^{SUPERSCRIPTS}])(?:[0-9.]|\b(?:half|an?|hundred|{TENS})\b)"
    rf"|[一二两兩三四五六七八九十百千]",
    FLAGS,
)
_RANGE = re.compile(r"\s{0,2}(?:-|~|\bto\b|至|到|\.\.\.?)\s{0,2}", FLAGS)
_LEVEL = re.compile(
    r"\s{0,2}(?:,\s{0,2}(?:(?:and|or|then|to)\b)?|、|\b(?:and then|followed by|and|or|then|vs\.?|versus)(?![A-Za-z])"
    r"|/|和|或|及|与)\s{0,2}",
    FLAGS,
)
_SPREAD = re.compile(r"\s{0,2}(?:±|\+/-|\+-)\s{0,2}", FLAGS)
_BETWEEN = re.compile(r"between\s{1,2}$", FLAGS)
LABEL = re.compile(
    r"(?:\b(?:days?|weeks?|months?|visits?|patients?|groups?|arms?|phases?|cohorts?|cases?|tables?|figures?|fig\."
    r"|grades?|steps?|parts?|type"
    r"|class|stages?|passages?|p|d|w|n\s?=)|第|组|期)\s{0,2}$",
    FLAGS,
)


def _exponent(found: re.Match[str], group: int) -> str:
    """Return the digits of an explicit power of ten, or nothing."""
    raised = found[f"raised{group}"]
    if raised:
        return raised.translate(_FROM_SUPERSCRIPT)
    return found[f"caret{group}"] or found[f"tag{group}"] or found[f"round{group}"] or found[f"curly{group}"] or ""


def _plain(mantissa: str) -> str:
    """Return digits with a decimal point: thousands closed up, a decimal comma or raised point made plain."""
    if re.fullmatch(r"[0-9]{1,3}(?:[.' ][0-9]{3})+,[0-9]+", mantissa):
        return re.sub(r"[.' ]", "", mantissa).replace(",", ".")
    if mantissa.count(".") > 1:
        return mantissa.replace(".", "")
    if re.fullmatch(r"[0-9]{1,3}(?:[,' ][0-9]{3})+(?:\.[0-9]+)?", mantissa) and not mantissa.startswith("0"):
        return re.sub(r"[,' ]", "", mantissa)
    return mantissa.replace(",", ".").replace("·", ".")


def _value(mantissa: str, exponent: int) -> float | None:
    """Return mantissa times ten to the exponent, rounded once; None beyond `MAX_EXPONENT`."""
    if exponent > MAX_EXPONENT:
        return None
    value = float(f"{_plain(mantissa)}e{exponent}")
    return value if value < 10.0 ** (MAX_EXPONENT + 1) else None


def _scale_exponent(word: str) -> int:
    return _SCALES[word.strip().lower()]


def _printed(text: str, at: int) -> Number | None:
    """Read a number written in digits."""
    found = _NUMBER.match(text, at)
    if found is None:
        return None
    mantissa = found["m"] or found["base"] or found["plain"] or "1"
    marked = _exponent(found, 1) or _exponent(found, 2) or found["exp"]
    notes: tuple[Note, ...] = ()
    if marked:
        exponent = int(marked)
        if found["exp"] and _plain(mantissa) == "10":
            notes = ("power-notation",)
    elif found["hand"]:
        exponent, notes = int(found["hand"]), ("power-notation",)
    elif found["lost"]:
        exponent, notes = int(found["lost"]), ("lost-superscript",)
    elif found["scale"]:
        exponent = _scale_exponent(found["scale"])
    else:
        return Number(at, found.end(), _value(mantissa, 0), mantissa)
    return Number(at, found.end(), _value(mantissa, exponent), mantissa, exponent, notes)


def _spelt(text: str, at: int) -> Number | None:
    """Read ``one million``, ``half a million``, ``two hundred million``."""
    found = _SPELT.match(text, at)
    if found is None:
        return None
    if found["half"]:
        size = 0.5
    elif found["hundred"]:
        size = 100.0 * _WORDS.get((found["hundreds"] or "one").lower(), 1)
    else:
        size = float(_WORDS.get(found["word"].lower(), 1))
    mantissa = f"{size:g}"
    exponent = _scale_exponent(found["scale"])
    return Number(at, found.end(), _value(mantissa, exponent), mantissa, exponent)


_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "兩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}


def chinese_number(text: str) -> int | None:
    """Return the value of a Chinese numeral such as ``两千万``, or None where it is not one."""
    total = section = digit = 0
    if not text:
        return None
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _PLACES:
            section += (digit or 1) * _PLACES[sign]
            digit = 0
        elif sign in _MYRIADS:
            section = section + digit or int(total == 0)
            whole = _MYRIADS[sign] > total > 0  # 一万亿: what stands before counts the larger unit
            total = (total + section) * _MYRIADS[sign] if whole else total + section * _MYRIADS[sign]
            section = digit = 0
        else:
            return None
    return total + section + digit


def _chinese(text: str, at: int) -> Number | None:
    found = _CHINESE.match(text, at)
    value = chinese_number(found[0]) if found else None
    if found is None or not value or value > 10**14:
        return None
    return Number(at, found.end(), float(value), str(value), 0 if any(sign in _MYRIADS for sign in found[0]) else None)


def read_number(text: str, at: int) -> Number | None:
    """Read one number of folded `text` that starts at `at`; None where there is none."""
    return _printed(text, at) or _spelt(text, at) or _chinese(text, at)


def bare_power(text: str, number: Number) -> Number | None:
    """Read ``106`` as 10^6 with its lost superscript noted; None for any other number."""
    found = None if number.exponent is not None else _BARE_POWER.fullmatch(text, number.start, number.end)
    if found is None:
        return None
    exponent = int(found["lost"])
    return Number(number.start, number.end, _value("1", exponent), "1", exponent, ("lost-superscript",))


def number_starts(text: str) -> list[int]:
    """Return where in folded `text` a number may start."""
    return [found.start() for found in _STARTS.finditer(text)]


def _next_item(text: str, at: int) -> tuple[Number, bool] | None:
    """Return the next number of a list, and whether a sign of levels rather than of a range stands before it."""
    for pattern, levels in ((_RANGE, False), (_LEVEL, True)):
        found = pattern.match(text, at)
        number = read_number(text, found.end()) if found else None
        if number is not None:
            return number, levels
    return None


def _items(text: str, first: Number) -> tuple[list[Number], bool]:
    """Collect the numbers that stand in one list with the first, and whether they are levels."""
    numbers, levels = [first], False
    while True:
        following = _next_item(text, numbers[-1].end)
        if following is None or (numbers[-1].exponent is not None and following[0].exponent is None):
            break  # "2e6, 3 infusions": what follows a complete number is another matter
        numbers.append(following[0])
        levels = levels or following[1]
    if len(numbers) == 2 and _BETWEEN.search(text, max(0, first.start - 9), first.start):
        levels = False
    return numbers, levels or len(numbers) > 2


def _shared(text: str, numbers: list[Number]) -> list[Number]:
    """Give numbers without a power of ten the one that follows them: ``1-2 x 10^6``, ``(1-2) x 10^6``."""
    found = _SHARED.match(text, numbers[-1].end) if numbers[-1].exponent is None else None
    if found:
        marked = _exponent(found, 1) or found["hand"] or found["lost"]
        exponent = int(marked) if marked else _scale_exponent(found["scale"])
        notes: tuple[Note, ...] = (
            ("power-notation",) if found["hand"] else ("lost-superscript",) if found["lost"] else ()
        )
        last = numbers[-1]
        numbers[-1] = Number(last.start, found.end(), _value(last.mantissa, exponent), last.mantissa, exponent, notes)
    for place in range(len(numbers) - 2, -1, -1):
        number, after = numbers[place], numbers[place + 1]
        if number.exponent is None and after.exponent is not None:
            if number.value is None or number.value >= 1000:
                return numbers[place + 1 :]
            value = _value(number.mantissa, after.exponent)
            numbers[place] = Number(number.start, number.end, value, number.mantissa, after.exponent)
    return numbers


def _with_spread(text: str, first: Number) -> Quantity | None:
    """Read ``1.2 ± 0.3 x 10^6``; None where no plus-minus sign follows."""
    found = _SPREAD.match(text, first.end)
    spread = read_number(text, found.end()) if found else None
    if spread is None:
        return None
    both = _shared(text, [first, spread])
    if len(both) < 2 or both[0].value is None or both[1].value is None:
        return Quantity(first.start, spread.end, ())
    notes = first.notes + both[1].notes
    return Quantity(
        first.start, both[1].end, (both[0].value,), "one", both[1].value, both[1].exponent is not None, notes
    )


def read_quantity(text: str, at: int) -> Quantity | None:
    """Read the number, range or list of levels that starts at `at`.

    Numbers that only stand beside it ("phase 1, 2 × 10^6") are left out: the quantity may then start after `at`.

    Parameters
    ----------
    text : folded text, see `fold`.
    at : one of `number_starts`.
    """
    first = read_number(text, at)
    if first is None:
        return None
    spread = _with_spread(text, first)
    if spread is not None:
        return spread
    met, levels = _items(text, first)
    own = [number.exponent is not None for number in met]
    numbers = _shared(text, met)
    own = own[len(own) - len(numbers) :]
    values = [number.value for number in numbers]
    if None in values or len(met) > MAX_ITEMS:
        return Quantity(numbers[0].start, numbers[-1].end, ())
    sizes = [value for value in values if value is not None]
    scaled = numbers[-1].exponent is not None
    mixed = scaled and not all(own[:-1])
    labelled = LABEL.search(text, max(0, at - 12), at) is not None
    if mixed and (labelled or sorted(sizes) != sizes):
        numbers, sizes = numbers[-1:], sizes[-1:]
    notes = tuple(dict.fromkeys(note for number in numbers for note in number.notes))
    sizes = sorted(set(sizes))
    kind: Literal["one", "range", "levels"] = "one" if len(sizes) == 1 else "levels" if levels else "range"
    return Quantity(numbers[0].start, numbers[-1].end, tuple(sizes), kind, None, scaled, notes)

"""Whether what was read as a number is only a part of a longer one: its digits, sign, fraction or exponent cut off.

A part of a number is never an amount. "2 × 10^-6" is not 2, "1/2 million" is not 2 million, "twenty-five million" is
not five million. Such a number is taken whole, up to its last sign, and read as nothing.
"""

from __future__ import annotations

import re

from stromata.clinical.quantities import FLAGS, LABEL, SUPERSCRIPTS, TENS, Quantity, read_number

BEFORE = 40  # characters before a number in words that may still belong to it
BEFORE_DIGITS = 12  # likewise before a number in digits

_RAISED = f"{SUPERSCRIPTS}⁺⁻"
_FRACTIONS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_HAN_DIGITS = "零〇一二两兩三四五六七八九"
_HAN_PLACES = "十百千万萬亿億"
_TIMES = r"\s{0,2}[x×*·]\s{0,2}"
_POWER_WORDS = r"(?:exp\b|to\sthe\b(?:\spower\b)?(?:\sof\b)?|raised\sto\b(?:\sthe\b)?(?:\spower\b)?(?:\sof\b)?)"
_SCALE_WORDS = r"[\s-]{0,2}(?:thousand|millions?|billions?|trillions?)\b"
_OF_TIMES = r"\s?(?:times|doses|infus|inject|admin|weekly|monthly|daily|weeks?\b|months?\b|days?\b|次|周|天|个?月)"

_AFTER = re.compile(
    rf"[0-9{_RAISED}{_FRACTIONS}]|\s?\^|\*\*|</?su[pb]>|[)\]]\s?(?:\^|[{_RAISED}])"
    rf"|[.'·~+/-]+[0-9]|\s?[eE]{{1,2}}\s?[+-]?\s?[0-9]|,[0-9]+(?![0-9]|{_OF_TIMES})"
    rf"|(?:{_TIMES}10)?\s?{_POWER_WORDS}\s?[0-9]"
    rf"|{_TIMES}10\s?(?:[{_RAISED}^({{\[<]|\*\*)"
    rf"|{_TIMES}10\s?-\s?[0-9]{{1,2}}(?![0-9.,]|\s?(?:mL|cc|ug|mg|uL|mcg|micro|milli|[kM]\b|thousand|[mb]illion|毫|微|[百千万亿]))"
    rf"|{_SCALE_WORDS}|\s?[万萬亿億]",
    FLAGS,
)
_AFTER_HAN = re.compile(
    rf"(?:点|點)?[{_HAN_DIGITS}{_HAN_PLACES}半](?![{_HAN_DIGITS}{_HAN_PLACES}]?\s?(?:次|个?月|周|天|日|年|例|组|人))"
    rf"|[多余几来來]\s?[百千万萬亿億]",
    FLAGS,
)
_MANY_ZH = re.compile(r"[多余几来來]\s?[百千万萬亿億]", FLAGS)
_REST = re.compile(
    rf"(?:[0-9{_RAISED}{_FRACTIONS}{_HAN_DIGITS}{_HAN_PLACES}点點半]|[.,'·~+/*-]++(?=[0-9{_FRACTIONS}])"
    rf"|\s?\^\s?[({{\[]?\s?[+-]?\s?(?=[0-9])|</?su[pb]>-?|\s?[eE]{{1,2}}\s?[+-]?\s?(?=[0-9])"
    rf"|{_TIMES}(?=10(?![0-9]))|(?<=10)\s?-\s?(?=[0-9])|(?<=10)\s?[({{\[]\s?[+-]?\s?(?=[0-9])"
    rf"|\s?{_POWER_WORDS}\s?(?=[0-9])|(?<=[0-9])[)\]}}](?=\s?[\^{_RAISED}])|{_SCALE_WORDS}|[多余几来來](?=[百千万萬亿億]))*+",
    FLAGS,
)

_ATTACHED = re.compile(
    rf"(?<![A-Za-z])(?:[0-9{_RAISED}{_FRACTIONS}]|[0-9][)\]])(?:[.,'·^/~+*-]|--|\+-|\*\*|\.\.\.?)$|[0-9{_RAISED}{_FRACTIONS}]$",
    FLAGS,
)
_RATIO = re.compile(r"(?<![A-Za-z0-9.])[0-9.]+(?::|\s(?:in|per|out\sof)\s)$", FLAGS)
_MULTIPLIED = re.compile(
    rf"(?P<what>[0-9{_RAISED}{_FRACTIONS}%]|[0-9][)\]])?\s{{0,2}}(?<![A-Za-z])[x×*]\s{{0,2}}[(\[]?$", FLAGS
)
_BESIDE = re.compile(r"(?<![A-Za-z0-9.,^])[0-9]{1,3}(?:[.,][0-9]{1,3})?\s{1,2}$", FLAGS)
_SPACED = re.compile(r"[0-9]{1,3} [0-9]{3}", FLAGS)
_PURE_POWER = re.compile(rf"10\s?(?:[\^{SUPERSCRIPTS}]|\*\*|<sup>)", FLAGS)
_SPREAD_BEFORE = re.compile(r"(?:±|\+/?-)\s{0,2}$", FLAGS)
_SPELT_BEFORE = re.compile(
    rf"(?:(?<![A-Za-z0-9.])[0-9]+|\b(?:{TENS}|seventy|ninety|(?:thir|four|six|seven|eigh|nine)teen|hundred|thousand"
    r"|[mb]illion|point))[\s-]{1,2}(?:(?:and|or|to|point)[\s-])?(?:an?[\s-])?$",
    FLAGS,
)
_HAN_BEFORE = re.compile(rf"[{_HAN_DIGITS}{_HAN_PLACES}]$|[0-9{_HAN_DIGITS}十][点點]$", FLAGS)
_SEVERAL_ZH = re.compile(r"[数數几幾]$", FLAGS)

_FRACTION = re.compile(r"[0-9.,]++\s?/\s?[0-9.,]++(?!\s?/\s?[0-9]|[eE^])", FLAGS)
_FALLING = re.compile(r"(?P<first>[0-9]{1,30}(?:\.[0-9]{1,20})?)\s?-\s?(?P<last>[0-9]{1,30}(?:\.[0-9]{1,20})?)", FLAGS)
_GROUPED = re.compile(r"(?<![0-9])[0-9]{1,3}(?P<sign>[,' ])[0-9]{3}(?:(?P=sign)[0-9]{3})*(?![0-9])", FLAGS)
_POINTED = re.compile(r"[0-9]+\.[0-9]+(?:,[0-9]+\.[0-9]+)+(?![.,]?[0-9])", FLAGS)
_RUN_ON = re.compile(r"#,[0-9#]|[0-9],#|[0-9](?:[.,][0-9]+){2}|[0-9](?:-[0-9]+(?:\.[0-9]+)?){2}", FLAGS)
_SECOND_PART = re.compile(r"\s(?:and\s)?", FLAGS)


def cut_at(text: str, at: int, quantity: Quantity, *, factor: bool = False) -> int | None:
    """Return where a number ends of which `quantity` is only a part; None where the quantity is whole.

    Parameters
    ----------
    text : folded text.
    at : where reading began; the quantity may start later.
    quantity : what `read_quantity` found there.
    factor : what stands before is a number of repeats, as in "4 × 100 million".
    """
    second = _second_part(text, quantity)
    if second is not None:
        return second
    cut = not quantity.values or _cut_before(text, quantity, factor=factor) or _cut_after(text, quantity)
    if not cut and not _not_one_list(text, at, quantity):
        return None
    rest = _REST.match(text, quantity.end)
    return rest.end() if rest else quantity.end


def _cut_after(text: str, quantity: Quantity) -> bool:
    """Tell whether the number goes on behind what was read."""
    last = text[quantity.end - 1]
    if last in _HAN_PLACES + _HAN_DIGITS and _AFTER_HAN.match(text, quantity.end):
        return True
    return (_AFTER.match(text, quantity.end) or _MANY_ZH.match(text, quantity.end)) is not None


def _cut_before(text: str, quantity: Quantity, *, factor: bool) -> bool:
    """Tell whether the number began before what was read."""
    start, left = quantity.start, max(0, quantity.start - BEFORE_DIGITS)
    first = text[start]
    if first.isascii() and first.isalpha():
        found = _SPELT_BEFORE.search(text, max(0, start - BEFORE), start)
        return found is not None and LABEL.search(text, max(0, found.start() - 12), found.start()) is None
    if first in _HAN_DIGITS + _HAN_PLACES:
        several = first in _HAN_PLACES and _SEVERAL_ZH.search(text, left, start) is not None
        return several or _HAN_BEFORE.search(text, left, start) is not None
    if _ATTACHED.search(text, left, start) or _SPREAD_BEFORE.search(text, left, start) or _bracketed(text, quantity):
        return True
    if _SPACED.match(text, start) and LABEL.search(text, left, start):
        return True  # "day 7 100 µg": 7100 is two numbers
    ratio = _RATIO.search(text, left, start)
    if ratio and LABEL.search(text, max(0, ratio.start() - 12), ratio.start()) is None:
        return True
    pure = _PURE_POWER.match(text, start) is not None
    times = None if factor else _MULTIPLIED.search(text, left, start)
    if times and (times["what"] or pure):
        return True
    beside = _BESIDE.search(text, left, start) if pure or first == "." or not quantity.scaled else None
    return beside is not None and LABEL.search(text, max(0, beside.start() - 12), beside.start()) is None


def _bracketed(text: str, quantity: Quantity) -> bool:
    """Tell the spread of a mean from a number in brackets of its own: "1.2 (0.3) × 10^6", "1.2 (SD 0.3) × 10^6"."""
    span = text[quantity.start : quantity.end]
    if ")" not in span or "(" in span:
        return False
    before = text[max(0, quantity.start - 4) : quantity.start]
    return not before.endswith("(") or (quantity.kind == "one" and before[:-1].rstrip()[-1:].isdigit())


def _not_one_list(text: str, at: int, quantity: Quantity) -> bool:
    """Tell numbers that are not the ends of a range or levels: a fraction, a fall, digits with mixed separators."""
    if LABEL.search(text, max(0, at - 12), at):
        return False
    falling = _FALLING.match(text, at)
    if falling and falling.end() > quantity.start and float(falling["first"]) > float(falling["last"]):
        return True
    if quantity.kind == "one":
        return False
    if quantity.start == at and _FRACTION.match(text, at):
        return True
    span = _POINTED.sub("#", _GROUPED.sub("#", text[quantity.start : quantity.end]))
    return _RUN_ON.search(span) is not None


def _second_part(text: str, quantity: Quantity) -> int | None:
    """Return the end of the smaller part in "1 million 500 thousand"; None where none follows."""
    between = _SECOND_PART.match(text, quantity.end) if quantity.values and quantity.scaled else None
    following = read_number(text, between.end()) if between and text[quantity.end - 1].isalpha() else None
    if following is None or following.value is None or following.exponent is None:
        return None
    return following.end if following.value < quantity.values[-1] else None

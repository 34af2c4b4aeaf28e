"""Counts as people write them: digits, English number words, Chinese numerals."""

from __future__ import annotations

import re

# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}
# fmt: on
_ENGLISH = {word: value for value, word in enumerate(_UNITS)} | _TENS
_CHINESE = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "單": 1,
    "单": 1,
    "双": 2,
}
_CHINESE_POWERS = {"十": 10, "百": 100, "千": 1000}

_SMALL = "one|two|three|four|five|six|seven|eight|nine"
_WORDS = (
    rf"(?:(?:(?:{_SMALL}|a)[ -]hundred(?:[ -](?:and[ -])?)?)?(?:(?:{'|'.join(_TENS)})(?:[ -](?:{_SMALL}))?|"
    rf"{'|'.join(reversed(_UNITS))})"
    rf"|(?:{_SMALL}|a)[ -]hundred)"
)

DIGITS = r"(?<![\d.,/^-])(?:\d{1,3}(?:,\d{3}){1,2}|\d{1,6})(?![\d^]|[.,/]\d|\s?%)"
"""A whole number in digits: no part of a decimal, a date, a power or a percentage."""
COUNT = rf"(?:{DIGITS}|\b{_WORDS}\b)"
"""A whole number in digits or English words."""
COUNT_ZH = r"(?:(?<![\d.,/^-])\d{1,6}(?![\d^%]|[.,]\d)|[一二三四五六七八九十百两]{1,6})"
"""A whole number in digits or Chinese numerals."""
DECIMAL = r"(?<![\d.,])\d{1,4}(?:\.\d{1,3})?(?![\d]|[.,]\d)"
"""A number with or without decimals."""


def whole(written: str) -> int | None:
    """Return the whole number that `written` says; None when it says none.

    Examples
    --------
    >>> whole("1,024"), whole("Twenty-one"), whole("a hundred and five"), whole("十七"), whole("两")
    (1024, 21, 105, 17, 2)
    """
    bare = written.strip().replace(",", "")
    if bare.isascii() and bare.isdigit():
        return int(bare) if len(bare) <= 9 else None
    return _chinese(bare) if bare and bare[0] in _CHINESE | _CHINESE_POWERS else _english(bare.lower())


def _english(words: str) -> int | None:
    total = 0
    parts = [part for part in re.split(r"[ \n-]+", words) if part != "and"]
    if not parts:
        return None
    for part in parts:
        if part == "hundred":
            total = max(total, 1) * 100
        elif part == "a" and len(parts) > 1:
            continue
        elif part in _ENGLISH:
            total += _ENGLISH[part]
        else:
            return None
    return total


def _chinese(signs: str) -> int | None:
    total = digit = 0
    for sign in signs:
        if sign in _CHINESE:
            digit = _CHINESE[sign]
        elif sign in _CHINESE_POWERS:
            total += (digit or 1) * _CHINESE_POWERS[sign]
            digit = 0
        else:
            return None
    return total + digit


def plain(number: float) -> str:
    """Return a number with up to two decimals, without trailing zeros.

    Examples
    --------
    >>> plain(12.0), plain(24 / 4.345)
    ('12', '5.52')
    """
    return f"{number:.2f}".rstrip("0").rstrip(".")

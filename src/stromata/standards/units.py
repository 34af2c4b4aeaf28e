"""Units of records and criteria: which can be turned into which, and by what factor. Nothing is guessed.

A unit is a thing counted over nothing, one or two others: ``cells/kg``, ``EU/kg/h``. Two units convert where both name
the same kinds of things. Calendar months never become days: their lengths differ.
"""

from __future__ import annotations

import re
from functools import cache

from stromata.clinical.quantities import fold

_SCALES: dict[str, dict[str, float]] = {
    "share": {"percent": 1, "%": 1, "pct": 1, "per cent": 1, "fraction": 100, "proportion": 100, "per mille": 0.1},
    "time": {
        **dict.fromkeys(("s", "sec", "second", "seconds"), 1 / 60),
        **dict.fromkeys(("min", "mins", "minute", "minutes"), 1),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 60),
        **dict.fromkeys(("d", "day", "days"), 1440),
        **dict.fromkeys(("wk", "week", "weeks"), 10080),
    },
    "calendar": {
        **dict.fromkeys(("mo", "month", "months"), 1),
        **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 12),
    },
    "mass": {"kg": 1000, "g": 1, "mg": 1e-3, "ug": 1e-6, "mcg": 1e-6, "ng": 1e-9, "pg": 1e-12},
    "volume": {"l": 1000, "dl": 100, "ml": 1, "ul": 1e-3, "cm3": 1, "cc": 1},
    "length": {"m": 1e6, "cm": 1e4, "mm": 1e3, "um": 1, "micron": 1, "microns": 1, "nm": 1e-3},
    "endotoxin": {"eu": 1, "ieu": 1, "iu": 1},  # one international unit of endotoxin is one EU
    "cells": {"cells": 1, "cell": 1},
    "temperature": {"degc": 1, "°c": 1, "℃": 1, "c": 1, "celsius": 1},
    **{name: {name: 1, f"{name}s": 1} for name in ("passage", "doubling", "point")},
    "count": {"count": 1, "events": 1, "event": 1, "patients": 1, "n": 1},
}
_POWER = re.compile(r"(?:[x×*]\s*)?(?:10\s*(?:\^|\*\*)\s*(\d{1,2})|1e\+?(\d{1,2})|(millions?|mio)(?=\s))\s*")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_FAHRENHEIT = frozenset({"degf", "°f", "℉", "f", "fahrenheit"})
_KELVIN = frozenset({"k", "kelvin"})


def convert(value: float, unit: str, to: str) -> float | None:
    """Return `value` in the unit `to`; None when one does not turn into the other.

    Equal spellings always convert, also of units that are not known here. The result is rounded to twelve digits, so
    that 0.29 as a fraction is 29 percent and not a hair less.
    """
    if _plain(unit) == _plain(to):
        return value
    source, target = _read(_plain(unit)), _read(_plain(to))
    if target is not None and target[1] == ("temperature",):
        if _plain(unit) in _FAHRENHEIT:
            return _rounded((value - 32) / 1.8)
        if _plain(unit) in _KELVIN:
            return _rounded(value - 273.15)
    if source is None or target is None or source[1] != target[1]:
        return None
    return _rounded(value * source[0] / target[0])


def known(unit: str) -> bool:
    """Tell whether a unit can be converted at all."""
    return _read(_plain(unit)) is not None or _plain(unit) in _FAHRENHEIT | _KELVIN


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")


def _plain(unit: str) -> str:
    """Return a unit in one spelling: lower case, single spaces, raised digits as powers."""
    raised = re.sub("10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda found: f"10^{found.group(1).translate(_RAISED)}", unit)
    return " ".join(fold(raised).lower().replace(" per ", "/").split()).replace(" /", "/").replace("/ ", "/")


@cache
def _read(unit: str) -> tuple[float, tuple[str, ...]] | None:
    """Return the factor to the base units, and the kinds of things: the one counted, then those counted over."""
    power = _POWER.match(unit)
    factor = 1.0
    if power and power.end() < len(unit):
        factor = 10.0 ** int(power.group(1) or power.group(2) or 6)
        unit = unit[power.end() :]
    first, *others = unit.split("/")
    top = _atom(first)
    below = [_atom(part) for part in others]
    if top is None or any(part is None for part in below):
        return None
    found = [part for part in below if part is not None]
    for scale, _ in found:
        factor /= scale
    return factor * top[0], (top[1], *sorted(kind for _, kind in found))


def _atom(text: str) -> tuple[float, str] | None:
    return next(((scale[text], kind) for kind, scale in _SCALES.items() if text in scale), None)

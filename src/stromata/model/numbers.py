"""Numbers as a reader sees them: honest digits, one way of writing each kind.

Rounding never turns something into nothing: a proportion that is neither 0 nor 1 is never printed as 0 % or 100 %.
A missing number is an en dash, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import get_args

from stromata.model.measures import OF_ONE_GROUP, Family, MeasureKind, measure_family
from stromata.model.protocol import MeasureName
from stromata.model.synthesis import EffectSize, Interval

MISSING = "–"
"""What stands where there is no number."""

MINUS = "−"
KEPT = "\u00a0"
"""The space within a number and its unit, where no line may end."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

_LEAST_PLAIN = 1e-4
"""Size below which a number is written with a power of ten."""

MANY = 100
"""From this many people on, a percentage carries one decimal (one person is then one point or less)."""

CONTRASTS: frozenset[MeasureName] = frozenset(name for name in get_args(MeasureName) if measure_family(name).favours)
"""Measures that compare two groups, so that each side of no effect favours one of them."""


_ONE_TABLE: frozenset[MeasureKind] = frozenset({"pairs", "genotypes"})
"""Kinds whose cells `ai` to `di` are not two arms with and without events."""


def family(measure: MeasureName) -> Family:
    """Return how the natural scale of a measure is read."""
    return measure_family(measure).family


def measure_name(measure: MeasureName) -> str:
    """Return the measure's natural scale in words."""
    return measure_family(measure).name


def no_effect(measure: MeasureName) -> float | None:
    """Return the value of no effect on the natural scale; None for measures of a single group."""
    if measure_family(measure).kind in OF_ONE_GROUP:
        return None
    return 1.0 if family(measure) == "ratio" else 0.0


def fixed(value: float, decimals: int) -> str:
    """Return `value` with so many decimals, a true minus sign, thousands separators, and no negative zero."""
    text = f"{abs(value):,.{decimals}f}"
    return MINUS + text if value < 0 and float(text.replace(",", "")) != 0 else text


def count(value: int | None) -> str:
    """Return a count with thousands separators; an en dash when it is not known."""
    return MISSING if value is None else fixed(value, 0)


def plain(value: float) -> str:
    """Return a number as it was entered, without rounding: ``8``, ``47.1``, ``−0.5``."""
    if not math.isfinite(value):
        return MISSING
    if value == int(value) and abs(value) < 1e15:
        return fixed(value, 0)
    return repr(value).replace("-", MINUS)


def entered(value: float, *, decimals: int = 2) -> str:
    """Return an input of a computation: as it was entered, or with so many decimals where it has more."""
    return plain(round(value, decimals)) if math.isfinite(value) else MISSING


def precise(value: float) -> str:
    """Return a number of a conversion: as it was entered, or with six digits that count where it has more."""
    return plain(float(f"{value:.6g}")) if math.isfinite(value) else MISSING


def scientific(value: float) -> str:
    """Return a number of cells: as it is below 10,000, above with three digits at most and a power, ``1.5 × 10⁶``."""
    if not math.isfinite(value):
        return MISSING
    if abs(value) < 10_000:
        return plain(float(f"{value:.3g}"))
    digits, power = f"{value:.2e}".split("e")
    mantissa = digits.rstrip("0").rstrip(".").replace("-", MINUS)
    return f"{mantissa}{KEPT}×{KEPT}10{str(int(power)).translate(_SUPERSCRIPTS)}"


def percent(proportion: float | None, people: int | None) -> str:
    """Return a proportion in percent, without the sign.

    Parameters
    ----------
    proportion : in 0..1, or None.
    people : the denominator; from `MANY` on one decimal is printed, below it none. None counts as few.

    Returns
    -------
    Whole percent or one decimal. Values within a point of either end get one decimal, and what even that would round to
    an end that was not reached is ``<0.1`` or ``>99.9``.
    """
    if proportion is None or not math.isfinite(proportion):
        return MISSING
    value = 100 * proportion
    if proportion in (0, 1):
        return fixed(value, 0)
    if 0 < value < 0.05:
        return "<0.1"
    if 99.95 <= value < 100:
        return ">99.9"
    few = people is None or people < MANY
    near_an_end = 0 < value < 1 or 99 < value < 100
    return fixed(value, 0 if few and not near_an_end else 1)


def ratio(value: float | None) -> str:
    """Return a ratio with two decimals; three below 0.1, one from 10 and none from 100 on."""
    if value is None or not math.isfinite(value):
        return MISSING
    if 0 < value < 0.0005:
        return "<0.001"
    size = abs(value)
    decimals = 3 if size < 0.1 else 2 if size < 10 else 1 if size < 100 else 0
    return fixed(value, 0 if value == 0 else decimals)


def difference(value: float | None) -> str:
    """Return a difference or a mean with two decimals; one from 100 and none from 1000 on."""
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    return fixed(value, 2 if size < 100 else 1 if size < 1000 else 0)


def number(value: float | None) -> str:
    """Return a number of any size, such as a rate, with three digits that count: ``0.00521``, ``1.30``, ``1,250``."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < _LEAST_PLAIN:
        return _with_a_power(value)
    rounded = float(f"{value:.2e}")
    return fixed(rounded, max(0, 2 - math.floor(math.log10(abs(rounded)))))


def _with_a_power(value: float) -> str:
    """Return a tiny number with three digits and a power: ``1.25 × 10⁻⁶``."""
    digits, power = f"{value:.2e}".split("e")
    return f"{digits.replace('-', MINUS)}{KEPT}×{KEPT}10{str(int(power)).translate(_SUPERSCRIPTS)}"


def correlation(value: float | None) -> str:
    """Return a correlation with two decimals; what they would round to 1 or -1 without reaching it has more."""
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if 0.99995 <= size < 1:
        return ">0.9999" if value > 0 else f"<{MINUS}0.9999"
    return fixed(value, 2 if size < 0.995 or size >= 1 else 3 if size < 0.9995 else 4)


def natural(value: float | None, measure: MeasureName, people: int | None) -> str:
    """Return a value on a measure's natural scale; proportions in percent, without the sign."""
    kind = family(measure)
    if kind == "proportion":
        return percent(value, people)
    return {"ratio": ratio, "difference": difference, "number": number, "correlation": correlation}[kind](value)


def bounds(low: float | None, high: float | None, measure: MeasureName, people: int | None) -> str:
    """Return ``[low, high]``; an en dash when neither bound exists."""
    if low is None and high is None:
        return MISSING
    return f"[{natural(low, measure, people)}, {natural(high, measure, people)}]"


def estimate(interval: Interval, measure: MeasureName, people: int | None) -> str:
    """Return ``estimate [low, high]`` on the natural scale; ``not estimable`` without an estimate."""
    if interval.estimate is None:
        return "not estimable"
    value = natural(interval.estimate, measure, people)
    if interval.ci_low is None and interval.ci_high is None:
        return value
    return f"{value} {bounds(interval.ci_low, interval.ci_high, measure, people)}"


def unit(measure: MeasureName) -> str:
    """Return ``%`` for proportions, nothing for other measures."""
    return "%" if family(measure) == "proportion" else ""


def p_value(p: float | None) -> str:
    """Return ``p < 0.001``, or p with three decimals below 0.1 and two above; an en dash when it is missing."""
    if p is None or not math.isfinite(p):
        return MISSING
    if p < 0.001:
        return f"p{KEPT}<{KEPT}0.001"
    if p > 0.995:
        return f"p{KEPT}>{KEPT}0.99"
    return f"p{KEPT}={KEPT}{fixed(p, 3 if p < 0.0995 else 2)}"


def level(coverage: float) -> str:
    """Return the coverage of an interval in percent: ``95 %``."""
    return f"{coverage * 100:g}{KEPT}%"


def people(effects: Iterable[EffectSize]) -> int | None:
    """Return how many people the effects rest on; None when one of them does not say.

    The numbers of an effect are read by their usual names: ``ni`` for one group, ``n1i`` and ``n2i`` for two, or the
    cells ``ai``, ``bi``, ``ci``, ``di`` of a two-by-two table.
    """
    total = 0
    for effect in effects:
        sizes = group_sizes(effect)
        if not sizes:
            return None
        total += sum(sizes)
    return total


def group_sizes(effect: EffectSize) -> tuple[int, ...]:
    """Return the sizes of the effect's groups: one, two, or none when the effect does not say.

    A study of pairs, or of genotypes, is one group.
    """
    given = dict(effect.inputs)
    if "ni" in given:
        return (round(given["ni"]),)
    if "n1i" in given and "n2i" in given:
        return round(given["n1i"]), round(given["n2i"])
    if effect.measure == "MPORM":
        return (round(given["ai"] + given["bi"]),) if {"ai", "bi"} <= given.keys() else ()
    if measure_family(effect.measure).kind in _ONE_TABLE:
        return (round(sum(given[name] for name in ("ai", "bi", "ci", "di") if name in given)),) if given else ()
    if {"ai", "bi", "ci", "di"} <= given.keys():
        return round(given["ai"] + given["bi"]), round(given["ci"] + given["di"])
    return ()


def group_events(effect: EffectSize) -> tuple[int, ...]:
    """Return the counts of events in the effect's groups; none for measures of continuous outcomes."""
    given = dict(effect.inputs)
    if "xi" in given:
        return (round(given["xi"]),)
    if "x1i" in given and "x2i" in given:
        return round(given["x1i"]), round(given["x2i"])
    if "ai" in given and "ci" in given and measure_family(effect.measure).kind not in _ONE_TABLE:
        return round(given["ai"]), round(given["ci"])
    return ()


def heterogeneity(
    *,
    tau2: float | None = None,
    i2: float | None = None,
    q: float | None = None,
    df: int | None = None,
    p: float | None = None,
) -> str:
    """Return the usual line on heterogeneity, with only what there is; empty when there is nothing."""
    parts = []
    if tau2 is not None:
        parts.append("τ² < 0.01" if 0 < tau2 < 0.005 else f"τ² = {fixed(tau2, 2)}")
    if i2 is not None:
        parts.append(f"I² = {fixed(i2, 0)} %")
    if q is not None and df is not None:
        parts.append(f"Q = {fixed(q, 2)} (df = {df})")
        if p is not None:
            parts.append(p_value(p))
    return ", ".join(part.replace(" ", KEPT) for part in parts)

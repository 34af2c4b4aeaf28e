"""Numbers as a reader sees them: honest digits, one way of writing each kind.

Rounding never turns something into nothing: a proportion that is neither 0 nor 1 is never printed as 0 % or 100 %.
A missing number is an en dash, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from stromata.model import EffectSize, Interval, MeasureName

MISSING = "–"
"""What stands where there is no number."""

MINUS = "−"
KEPT = "\u00a0"
"""The space within a number and its unit, where no line may end."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

MANY = 100
"""From this many people on, a percentage carries one decimal (one person is then one point or less)."""

Family = Literal["proportion", "ratio", "difference"]

_FAMILY: dict[MeasureName, Family] = {
    "PR": "proportion",
    "PLN": "proportion",
    "PLO": "proportion",
    "PAS": "proportion",
    "PFT": "proportion",
    "OR": "ratio",
    "RR": "ratio",
    "RD": "difference",
    "MD": "difference",
    "SMD": "difference",
    "MN": "difference",
}
_NAMES: dict[MeasureName, str] = {
    "PR": "Proportion",
    "PLN": "Proportion",
    "PLO": "Proportion",
    "PAS": "Proportion",
    "PFT": "Proportion",
    "OR": "Odds ratio",
    "RR": "Risk ratio",
    "RD": "Risk difference",
    "MD": "Mean difference",
    "SMD": "Standardised mean difference",
    "MN": "Mean",
}
CONTRASTS: frozenset[MeasureName] = frozenset({"OR", "RR", "RD", "MD", "SMD"})
"""Measures that compare two arms, and so have a value of no effect."""


def family(measure: MeasureName) -> Family:
    """Return how the natural scale of a measure is read: a proportion, a ratio or a difference."""
    return _FAMILY[measure]


def measure_name(measure: MeasureName) -> str:
    """Return the measure's name in words."""
    return _NAMES[measure]


def no_effect(measure: MeasureName) -> float | None:
    """Return the value of no effect on the natural scale; None for measures of a single group."""
    if measure not in CONTRASTS:
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


def entered(value: float) -> str:
    """Return an input of a computation: as it was entered, or with two decimals where it has more."""
    return plain(round(value, 2)) if math.isfinite(value) else MISSING


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


def natural(value: float | None, measure: MeasureName, people: int | None) -> str:
    """Return a value on a measure's natural scale; proportions in percent, without the sign."""
    kind = family(measure)
    if kind == "proportion":
        return percent(value, people)
    return ratio(value) if kind == "ratio" else difference(value)


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
    """Return the sizes of the effect's groups: one, two, or none when the effect does not say."""
    given = dict(effect.inputs)
    if "ni" in given:
        return (round(given["ni"]),)
    if "n1i" in given and "n2i" in given:
        return round(given["n1i"]), round(given["n2i"])
    if {"ai", "bi", "ci", "di"} <= given.keys():
        return round(given["ai"] + given["bi"]), round(given["ci"] + given["di"])
    return ()


def group_events(effect: EffectSize) -> tuple[int, ...]:
    """Return the counts of events in the effect's groups; none for measures of continuous outcomes."""
    given = dict(effect.inputs)
    if "xi" in given:
        return (round(given["xi"]),)
    if "ai" in given and "ci" in given:
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

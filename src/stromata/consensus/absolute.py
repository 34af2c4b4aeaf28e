"""From relative to absolute effects: so many more or fewer in a thousand people, and effects in familiar units."""

from __future__ import annotations

import math
from typing import Literal

from stromata.errors import InvalidInput
from stromata.model import Caution, Interval
from stromata.model.findings import AbsoluteEffect, ContinuousEffect, RelativeMeasure

NULL: dict[RelativeMeasure, float] = {"RR": 1.0, "OR": 1.0, "HR": 1.0, "RD": 0.0}


def risk_with(measure: RelativeMeasure, effect: float, assumed: float) -> float:
    """Return the risk with the intervention.

    ``RR p``, ``OR p / (1 - p + OR p)``, ``1 - (1 - p)^HR``, ``p + RD``; kept within 0 and 1.

    Parameters
    ----------
    effect : on the natural scale; ratios are 0 or more, RD is -1 to 1.
    assumed : p, risk without the intervention, 0 to 1.

    Raises
    ------
    InvalidInput
        A value outside its range.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapters 14 and 15.
    """
    if not 0 <= assumed <= 1:
        raise InvalidInput(f"an assumed risk of {assumed} cannot be; it lies within 0 and 1")
    if math.isnan(effect) or (not -1 <= effect <= 1 if measure == "RD" else effect < 0):
        allowed = "-1 to 1" if measure == "RD" else "0 or more"
        raise InvalidInput(f"{measure} of {effect} cannot be; {allowed} is allowed")
    if math.isinf(effect):
        return 1.0 if assumed > 0 else 0.0
    if measure == "OR":
        return effect * assumed / (1 - assumed + effect * assumed) if effect or assumed < 1 else 0.0
    if measure == "HR":
        return 1 - math.pow(1 - assumed, effect)
    found = effect * assumed if measure == "RR" else assumed + effect
    return min(max(found, 0.0), 1.0)


def absolute_effect(measure: RelativeMeasure, relative: Interval, *, assumed: float, per: int = 1000) -> AbsoluteEffect:
    """Return the absolute effect at an assumed risk, its interval from the limits of the relative effect.

    A limit of a risk difference beyond -1 or 1, as few people can give it, counts as -1 or 1.

    Parameters
    ----------
    relative : estimate and interval on the natural scale.
    assumed : risk without the intervention, 0 to 1.
    per : people that the numbers are about, at least 1.

    Raises
    ------
    InvalidInput
        No estimate or interval, or a value outside its range.
    """
    if relative.estimate is None or relative.ci_low is None or relative.ci_high is None:
        raise InvalidInput("an absolute effect needs an estimate with its interval")
    if per < 1:
        raise InvalidInput(f"numbers per {per} people cannot be; at least 1 is needed")
    values = (relative.estimate, *(_possible(measure, limit) for limit in (relative.ci_low, relative.ci_high)))
    risks = [risk_with(measure, value, assumed) for value in values]
    with_, low, high = (per * risk for risk in risks)
    without = per * assumed
    difference = Interval(with_ - without, low - without, high - without)
    kept = measure in {"RR", "RD"} and not all(
        math.isclose(risk, assumed * value if measure == "RR" else assumed + value, abs_tol=1e-12)
        for risk, value in zip(risks, (relative.estimate, relative.ci_low, relative.ci_high), strict=True)
    )
    text = f"At a risk of {assumed:g} the {measure} leads beyond 0 or {per} of {per}; the number was kept within."
    cautions = (Caution("risk-kept-in-range", text),) if kept else ()
    return AbsoluteEffect(
        measure, relative, per, without, Interval(with_, low, high), difference, _say(difference, per), cautions
    )


def _possible(measure: RelativeMeasure, limit: float) -> float:
    return min(max(limit, -1.0), 1.0) if measure == "RD" else limit


_EXACT = 1e-9
"""People; what is nearer to nobody or everybody than this is so by rounding alone."""


def whole_people(count: float, per: int) -> str:
    """Return so many of `per` people in whole numbers; nobody and everybody only where that is exact.

    ``<1`` stands for fewer than half a person, and such as ``>999`` for all but fewer than half a person.
    """
    if _EXACT < count < 0.5:
        return "<1"
    return f">{per - 1}" if per - 0.5 <= count < per - _EXACT else f"{count:.0f}"


def _say(difference: Interval, per: int) -> str:
    low, high = difference.ci_low or 0.0, difference.ci_high or 0.0
    estimate, low_text, high_text = (_more(value, per) for value in (difference.estimate or 0.0, low, high))
    return f"{estimate} per {per} (from {low_text} to {high_text})"


def _more(count: float, per: int) -> str:
    return f"{whole_people(abs(count), per)} {'more' if count > _EXACT else 'fewer'}"


def continuous_effect(
    difference: Interval,
    *,
    instrument: str,
    unit: str = "",
    sd: float | None = None,
    important: float | None = None,
    of: Literal["difference", "change"] = "difference",
) -> ContinuousEffect:
    """Express a difference in means, a standardised one, or a mean change on an instrument that readers know.

    Parameters
    ----------
    difference : mean difference in the instrument's units; or standardised, when `sd` is given.
    sd : standard deviation of the instrument in a representative population, above 0: it turns the standardised
        difference into units.
    important : the minimal important difference, above 0.
    of : what was pooled, a difference between groups or the change within one.

    Raises
    ------
    InvalidInput
        No estimate or interval; `sd` or `important` not above 0.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 15 (re-expressing SMDs).
    """
    for name, value in (("sd", sd), ("important", important)):
        if value is not None and not value > 0:
            raise InvalidInput(f"{name} is {value}; it must be above 0")
    own = _scaled(difference, 1.0 if sd is None else sd)
    multiples = None if important is None else _scaled(own, 1 / important)
    text = f"{instrument}: mean {of} {_signed(own)}{' ' + unit if unit else ''}"
    if multiples is not None:
        text += f"; {abs(multiples.estimate or 0.0):.2g} times the minimal important difference of {important:g}"
    return ContinuousEffect(instrument, unit, own, important, multiples, text + ".")


def _scaled(interval: Interval, factor: float) -> Interval:
    if interval.estimate is None or interval.ci_low is None or interval.ci_high is None:
        raise InvalidInput("a difference needs an estimate with its interval")
    return Interval(interval.estimate * factor, interval.ci_low * factor, interval.ci_high * factor)


def _signed(interval: Interval) -> str:
    values = (interval.estimate or 0.0, interval.ci_low or 0.0, interval.ci_high or 0.0)
    estimate, low, high = (f"{value:+.3g}" for value in values)
    return f"{estimate} ({low} to {high})"


def smd_to_odds_ratio(difference: Interval) -> Interval:
    """Turn a standardised mean difference into an odds ratio: ``ln OR = (pi / sqrt 3) SMD``.

    The odds are those of the larger value. The distributions are taken for logistic with equal spread.

    Raises
    ------
    InvalidInput
        No estimate or interval.

    References
    ----------
    Chinn S (2000). A simple method for converting an odds ratio to effect size. Stat Med 19:3127-31.
    """
    found = _scaled(difference, math.pi / math.sqrt(3))
    return Interval(*(math.exp(value) for value in (found.estimate, found.ci_low, found.ci_high) if value is not None))

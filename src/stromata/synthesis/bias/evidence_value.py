"""Do the significant results carry evidence: the test of excess significance, and the p-curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, check_error, check_level, number
from stromata.synthesis.pooling import single
from stromata.synthesis.pooling.estimates import Method
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import (
    Alternative,
    Studies,
    StudySet,
    check_choice,
    check_options,
    frozen,
    study_set,
)

ExcessTest = Literal["exact", "binom", "chi2"]
"""Poisson-binomial with each study's own power; binomial with the mean power; chi-squared on one degree of freedom."""

_FEW_SIGNIFICANT = 5
"""Significant results below which a p-curve has next to no power (Simonsohn, Nelson and Simmons 2014, figure 2)."""

_SIGNIFICANT, _HALF = 0.05, 0.025
"""Two-sided levels of the full and the half p-curve."""

_HETEROGENEITY_P = 0.10
"""p-value of Cochran's test below which one true effect is doubted; 0.10 because the test has little power."""

_LOW_POWER = 1 / 3
"""Power against which flatness is tested (Simonsohn, Nelson and Simmons 2014)."""


@dataclass(frozen=True, slots=True)
class ExcessSignificance(Result):
    """Observed and expected numbers of significant results.

    Attributes
    ----------
    observed, expected, ratio : `ratio` is None when nothing is expected.
    power : (K,) probability that each study is significant were `theta` its true effect, read-only.
    significant : (K,) which are, read-only.
    theta : the common effect assumed.
    statistic : of ``chi2`` only.
    p : probability of such a number or one further out.
    limits : effects nearest to `theta` on either side at which p equals the level given; empty where there are none.
    """

    k: int
    observed: int
    expected: float
    ratio: float | None
    power: FloatArray
    significant: npt.NDArray[np.bool_]
    theta: float
    test: ExcessTest
    statistic: float | None
    p: float
    limits: tuple[float, ...]
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class PCurve(Result):
    """A p-curve.

    Attributes
    ----------
    k, significant, half : studies, those with p < 0.05, and those with p < 0.025 (two-sided).
    right_z, right_p, right_half_z, right_half_p : tests that the curve is skewed to the right, which is evidence of
        an effect; None without such results.
    flat_z, flat_p, flat_half_z, flat_half_p : tests that the curve is flatter than under a power of one third.
    evidence : the half curve is right-skewed at 0.05, or both curves are at 0.10.
    inadequate : the full curve is too flat at 0.05, or the half curve and (all p near 0.05) at 0.10.
    power, power_low, power_high : average power of the significant studies, with its 90 % interval; 0.05 to 0.99.
    """

    k: int
    significant: int
    half: int
    right_z: float | None
    right_p: float | None
    right_half_z: float | None
    right_half_p: float | None
    flat_z: float | None
    flat_p: float | None
    flat_half_z: float | None
    flat_half_p: float | None
    evidence: bool
    inadequate: bool
    power: float | None
    power_low: float | None
    power_high: float | None
    cautions: tuple[Caution, ...] = ()


@recorded("effects", "vi", "labels")
def tes(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    theta: float | None = None,
    method: Method = "ee",
    alternative: Alternative = "two.sided",
    alpha: float = 0.05,
    test: ExcessTest = "exact",
    excess: Alternative = "greater",
    limit_level: float = 0.10,
) -> ExcessSignificance:
    """Test whether more studies are significant than their power allows (Ioannidis and Trikalinos).

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 2.
    theta : true effect of all studies; the pooled estimate under `method` without.
    alternative, alpha : what counts as significant in a study.
    test : how the number is compared with the power.
    excess : whether too many, too few, or either is looked for.
    limit_level : p at which `limits` are given.

    References
    ----------
    Ioannidis and Trikalinos (2007), Clinical Trials 4, 245-253; Francis (2013), Journal of Mathematical Psychology 57,
    153-169. Le Cam (1960) and Hong (2013) for sums of unequal Bernoulli variables, here by direct convolution.
    """
    check_options(method=method)
    check_level(limit_level)
    check_error("alpha", alpha)
    check_choice("alternative", alternative, get_args(Alternative))
    check_choice("excess", excess, get_args(Alternative))
    check_choice("test", test, get_args(ExcessTest))
    studies = study_set(effects, vi, labels=labels, least=2, purpose="the test of excess significance")
    if theta is None:
        theta = single.fit(studies.y, studies.v, None if method == "ee" else method).estimate
    else:
        theta = number("theta", theta, "a finite number", math.isfinite)
    se = np.sqrt(studies.v)
    z = studies.y / se
    critical = -float(special.ndtri(alpha / 2 if alternative == "two.sided" else alpha))
    significant = {"greater": z >= critical, "less": z <= -critical}.get(alternative, np.abs(z) >= critical)
    observed = int(significant.sum())
    power = _power(np.array([theta]), se, critical, alternative)[0]
    statistic, p = _excess(observed, power, test, excess)

    def chance(value: float) -> float:
        return _excess(observed, _power(np.array([value]), se, critical, alternative)[0], test, excess)[1]

    limits = _limits(chance, theta, abs(theta) + 10 * float(se.max()), limit_level)
    expected = float(power.sum())
    significant.flags.writeable = False
    return ExcessSignificance(
        k=studies.k,
        observed=observed,
        expected=expected,
        ratio=observed / expected if expected > 0 else None,
        power=frozen(power),
        significant=significant,
        theta=theta,
        test=test,
        statistic=statistic,
        p=p,
        limits=limits,
        cautions=(*studies.cautions, *_about_excess(studies)),
    )


@recorded("effects", "vi", "labels")
def p_curve(effects: Studies, vi: npt.ArrayLike | None = None, *, labels: Sequence[str] | None = None) -> PCurve:
    """Return the p-curve of the significant results, in either direction, from z = y / sqrt(v).

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`.

    Notes
    -----
    Studies are combined by Stouffer's method: the sum of the probits of their probabilities, given significance,
    over the root of their number. `power` is the one under which that sum is 0, bounds where it is at the 5 % and
    95 % points.

    References
    ----------
    Simonsohn, Nelson and Simmons (2014), Journal of Experimental Psychology: General 143, 534-547, and (2015), the
    same 144, 1146-1152, for the half curve and Stouffer's method.
    """
    studies = study_set(effects, vi, labels=labels, purpose="a p-curve")
    z = np.abs(studies.y / np.sqrt(studies.v))
    full, half = (z[z > -float(special.ndtri(level / 2))] for level in (_SIGNIFICANT, _HALF))
    right, right_half = _stouffer(_log_given(full, _SIGNIFICANT, 0.0)), _stouffer(_log_given(half, _HALF, 0.0))
    shift = _shift(_LOW_POWER)
    flat, flat_half = _flatness(full, _SIGNIFICANT, shift), _flatness(half, _HALF, shift)
    right_p, right_half_p, flat_p, flat_half_p = (
        None if s is None else float(special.ndtr(s)) for s in (right, right_half, flat, flat_half)
    )
    low = [p if p is not None else 1.0 for p in (right_half_p, right_p, flat_p, flat_half_p)]
    both = 0.10  # level of either curve when both must agree (Simonsohn, Nelson and Simmons 2015)
    power = _average_power(full) if len(full) else (None, None, None)
    few = len(full) < _FEW_SIGNIFICANT
    text = f"Only {len(full)} significant results: a p-curve of so few can hardly show anything."
    return PCurve(
        k=studies.k,
        significant=len(full),
        half=len(half),
        right_z=right,
        right_p=right_p,
        right_half_z=right_half,
        right_half_p=right_half_p,
        flat_z=flat,
        flat_p=flat_p,
        flat_half_z=flat_half,
        flat_half_p=flat_half_p,
        evidence=low[0] < _SIGNIFICANT or max(low[0], low[1]) < both,
        inadequate=low[2] < _SIGNIFICANT or max(low[2], low[3]) < both,
        power=power[0],
        power_low=power[1],
        power_high=power[2],
        cautions=(*studies.cautions, *((Caution("few-significant", text),) if few else ())),
    )


# Excess significance. T trial values of the effect.


def _power(theta: FloatArray, se: FloatArray, critical: float, alternative: Alternative) -> FloatArray:
    """Return (T, K) probabilities of a significant result."""
    shift = theta[:, None] / se
    if alternative == "greater":
        return np.asarray(special.ndtr(shift - critical))
    if alternative == "less":
        return np.asarray(special.ndtr(-shift - critical))
    return np.asarray(special.ndtr(shift - critical) + special.ndtr(-shift - critical))


def _excess(observed: int, power: FloatArray, test: ExcessTest, excess: Alternative) -> tuple[float | None, float]:
    """Return the chi-squared statistic (or None) and the p-value."""
    k, expected = len(power), float(power.sum())
    if test == "chi2":
        return _chi_squared(observed, expected, k, excess)
    chances = _sum_of_bernoullis(power if test == "exact" else np.full(k, expected / k))
    below, above = float(chances[: observed + 1].sum()), float(chances[observed:].sum())
    if excess == "two.sided":
        own = chances[observed]
        return None, min(1.0, float(chances[chances <= own * (1 + 1e-7)].sum()))
    return None, min(1.0, above if excess == "greater" else below)


def _chi_squared(observed: int, expected: float, k: int, excess: Alternative) -> tuple[float | None, float]:
    if expected <= 0 or expected >= k:
        agrees = observed == round(expected)
        return None, 1.0 if agrees else 0.0
    distance = observed - expected
    statistic = distance**2 / expected + distance**2 / (k - expected)
    two_sided = float(special.erfc(math.sqrt(statistic / 2)))
    if excess == "two.sided":
        return statistic, two_sided
    in_direction = (distance > 0) == (excess == "greater")
    return statistic, two_sided / 2 if in_direction else 1 - two_sided / 2


def _sum_of_bernoullis(power: FloatArray) -> FloatArray:
    """Return the probabilities of 0 to K events that have these probabilities."""
    chances = np.zeros(len(power) + 1)
    chances[0] = 1.0
    for i, p in enumerate(power.tolist(), start=1):
        chances[1 : i + 1] = chances[1 : i + 1] * (1 - p) + chances[:i] * p
        chances[0] *= 1 - p
    return chances


def _limits(chance: Callable[[float], float], theta: float, reach: float, level: float) -> tuple[float, ...]:
    """Return the effects nearest to `theta` on either side, up to `reach` away, at which p crosses `level`.

    0 is among the trial values: a two-sided power has its minimum there.
    """

    def lead(value: float) -> float:
        return chance(value) - level

    start = lead(theta) > 0
    found = []
    for step in (-1.0, 1.0):
        trials = (theta + step * np.geomspace(1e-4, 1, 60) * reach).tolist()
        if theta * step < 0:
            trials = sorted((*trials, 0.0), key=lambda value: abs(value - theta))
        before = theta
        for value in trials:
            if (lead(value) > 0) != start:
                found.append(_crossing(lead, before, value))
                break
            before = value
    return tuple(found)


def _crossing(lead: Callable[[float], float], inside: float, outside: float) -> float:
    """Return where `lead` changes sign between two values, to the last places."""
    positive = lead(inside) > 0
    for _ in range(100):
        middle = (inside + outside) / 2
        if middle in {inside, outside}:
            break
        if (lead(middle) > 0) == positive:
            inside = middle
        else:
            outside = middle
    return outside


def _about_excess(studies: StudySet) -> tuple[Caution, ...]:
    spread = single.fit(studies.y, studies.v, None)
    if float(special.gammaincc((studies.k - 1) / 2, spread.q / 2)) >= _HETEROGENEITY_P:
        return ()
    text = (
        "The test assumes one true effect, but the studies differ by more than chance; an excess of significant "
        "results may then be no more than that."
    )
    return (Caution("excess-despite-heterogeneity", text),)


# The p-curve.


def _log_given(z: FloatArray, level: float, shift: float) -> FloatArray:
    """Return log probabilities of a result at least as far out as `z`, given one significant at `level`."""
    critical = np.array([-float(special.ndtri(level / 2))])

    def log_beyond(x: FloatArray) -> FloatArray:
        return np.logaddexp(special.log_ndtr(shift - x), special.log_ndtr(-shift - x))

    return np.minimum(log_beyond(z) - log_beyond(critical), 0.0)


def _stouffer(log_p: FloatArray) -> float | None:
    """Return the sum of the probits over the root of their number; None of none."""
    return float(special.ndtri_exp(log_p).sum()) / math.sqrt(len(log_p)) if len(log_p) else None


def _flatness(z: FloatArray, level: float, shift: float) -> float | None:
    """Return Stouffer's z of the probabilities of a result no further out than `z`, under this shift."""
    if not len(z):
        return None
    log_beyond = _log_given(z, level, shift)
    # the probit of 1 - p is minus that of p, and exact where p is small
    return -float(special.ndtri_exp(np.minimum(log_beyond, _ALMOST_CERTAIN)).sum()) / math.sqrt(len(z))


_ALMOST_CERTAIN = -1e-16
"""Logarithm of a probability that stands for 1, so that a result exactly at the threshold has a finite probit."""


def _shift(power: float) -> float:
    """Return the shift of z under which a two-sided test at 0.05 has this power, at least 0.05."""
    critical = -float(special.ndtri(_SIGNIFICANT / 2))

    def lead(shift: float) -> float:
        return float(special.ndtr(shift - critical) + special.ndtr(-shift - critical)) - power

    return _crossing(lead, 0.0, 40.0) if power > _SIGNIFICANT else 0.0


def _average_power(z: FloatArray) -> tuple[float, float, float]:
    """Return the power under which `_flatness` is at its middle, and those at its 5 % and 95 % points."""
    critical = -float(special.ndtri(_SIGNIFICANT / 2))
    found = []
    top = _shift(_LARGEST_POWER)
    for target in (0.0, -float(special.ndtri(0.05)), float(special.ndtri(0.05))):

        def lead(shift: float, target: float = target) -> float:
            return (_flatness(z, _SIGNIFICANT, shift) or 0.0) - target

        shift = 0.0 if lead(0.0) <= 0 else top if lead(top) >= 0 else _crossing(lead, 0.0, top)
        found.append(float(special.ndtr(shift - critical) + special.ndtr(-shift - critical)))
    return found[0], found[1], found[2]


_LARGEST_POWER = 0.99

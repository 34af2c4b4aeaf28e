"""The beta-binomial model: each arm's true proportion is drawn from a beta distribution.

G groups (one, or two arms) with K studies each, `x` events of `n` people. In group g the true proportions have the mean
p_g; `rho`, common to all groups, is the correlation between two people of the same arm and says how much they vary.
Arms without any event count as they are. With gamma = rho / (1 - rho), the log-likelihood of x of n is

    sum_{r < x} log(p + r gamma) + sum_{r < n - x} log(1 - p + r gamma) - sum_{r < n} log(1 + r gamma)

plus the log of the binomial coefficient: the binomial at gamma = 0, where the usual beta functions lose all digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, Interval, MeasureName
from stromata.synthesis.cautions import FEW_PEOPLE, FEW_STUDIES
from stromata.synthesis.effects.columns import (
    as_arrays,
    check,
    check_countable,
    choose_columns,
    label_texts,
    one_dimensional,
    whole_table,
)
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.intervals import FloatArray, check_level, exact_interval, normal_quantile, two_sided_p
from stromata.synthesis.pooling.conditional import common_odds_ratio
from stromata.synthesis.results.result import Result, recorded

_MEASURES = ("PLO", "OR", "RR")

_RHO_GRID = (1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95, 0.99, 0.999)
"""Values of rho from which the likelihood is climbed."""

_ALL_OR_NOTHING = 1 - 1e-9
"""rho from which every arm is all or nothing: the maximum is the one at 1."""

_GAIN = 1e-9
"""Gain in log-likelihood over rho = 0, per unit of its size, below which the two are the same number."""

_NOTHING = Interval(None, None, None)

_LARGEST_ARM = 10_000_000
"""People in one arm up to which the sums are computed."""


@dataclass(frozen=True, slots=True)
class PooledBetaBinomial(Result):
    """A pooled result; estimates on the logit or log scale, and on the natural one in `natural`.

    Attributes
    ----------
    outcome : ``fitted``; ``infinite`` when a group has no events or only events; ``no-studies``.
    estimate, se, ci_low, ci_high : logit of the mean proportion, or log of the ratio, with a normal interval there.
    means : mean proportion of each group.
    rho : correlation between people of the same arm, 0 (binomial) to 1 (all or nothing in every arm).
    tau2 : variance of the true proportions in the first group, rho p (1 - p), on the scale of proportions.
    p : of no difference; None for one group.
    """

    k: int
    measure: MeasureName
    level: float
    outcome: Literal["fitted", "infinite", "no-studies"]
    estimate: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    natural: Interval = _NOTHING
    means: tuple[float, ...] = ()
    rho: float | None = None
    tau2: float | None = None
    p: float | None = None
    log_likelihood: float | None = None
    cautions: tuple[Caution, ...] = ()


@recorded("labels")
def pool_beta_binomial(
    measure: str, *, level: float = 0.95, labels: Sequence[str] = (), **columns: npt.ArrayLike
) -> PooledBetaBinomial:
    """Pool counts under a beta-binomial model by maximum likelihood.

    Parameters
    ----------
    measure : ``PLO`` the mean proportion of one group (`xi`, `ni`); ``OR`` or ``RR`` of two (`ai`, `n1i`, `ci`, `n2i`,
        or `ai` to `di`). The ratio compares the two mean proportions. Studies without events are used.
    level : coverage of the interval, strictly between 0 and 1.
    labels : (K,) names of the studies, for messages.

    Returns
    -------
    A result always. Where a group has no events, or only events, `natural` holds the exact interval of all people
    together (PLO) or the exact one-sided bound (OR), and `cautions` say so.

    Raises
    ------
    InvalidInput
        Another measure, impossible counts (the study and the column are named), a level outside (0, 1), more than ten
        million people in an arm.

    Examples
    --------
    >>> result = pool_beta_binomial("PLO", xi=[6, 4, 0], ni=[6, 9, 12])
    >>> round(result.natural.estimate, 2), 0 < result.rho < 1
    (0.48, True)

    References
    ----------
    Kuss (2015), Statistics in Medicine 34, 1097-1116; Griffiths (1973), Biometrics 29, 637-648, for the product form.
    """
    check_level(level)
    if measure not in _MEASURES:
        raise InvalidInput(f"no beta-binomial model for {measure!r}", hint=f"There is one for: {', '.join(_MEASURES)}.")
    entry = get_measure(measure)
    names = choose_columns(entry, columns.keys())
    given = as_arrays(names, columns)
    one_dimensional(given)
    labels = label_texts(labels)
    if labels and len(labels) != len(given[names[0]]):
        raise InvalidInput(f"{len(labels)} labels for {len(given[names[0]])} studies; there must be one each")
    check(entry, given, labels=labels)
    check_countable(given, labels=labels)
    given = whole_table(entry, given)
    groups = _groups(given)
    blank = PooledBetaBinomial(len(groups[0][0]), entry.name, level, "no-studies")
    if blank.k == 0:
        return replace(blank, cautions=_cautions(blank, groups))
    if max(float(n.max()) for _, n in groups) > _LARGEST_ARM:
        raise InvalidInput(f"an arm has more than {_LARGEST_ARM:,} people", hint="Use a GLMM for so many people.")
    result = _pooled(blank, groups)
    return replace(result, cautions=_cautions(result, groups))


Groups = tuple[tuple[FloatArray, FloatArray], ...]


def _groups(given: dict[str, FloatArray]) -> Groups:
    if "xi" in given:
        return ((given["xi"], given["ni"]),)
    if "bi" in given:
        return (given["ai"], given["ai"] + given["bi"]), (given["ci"], given["ci"] + given["di"])
    return (given["ai"], given["n1i"]), (given["ci"], given["n2i"])


@dataclass(frozen=True, slots=True)
class _Tally:
    """Per group: how many studies have more than r events, more than r others, and more than r people."""

    events: FloatArray
    others: FloatArray
    people: FloatArray
    constant: float


def _tally(x: FloatArray, n: FloatArray) -> _Tally:
    coefficient = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    return _Tally(_above(x), _above(n - x), _above(n), float(coefficient.sum()))


def _above(counts: FloatArray) -> FloatArray:
    """Return for r = 0, 1, ... how many of the counts are above r."""
    frequency = np.bincount(counts.astype(np.int64))
    return np.asarray(len(counts) - np.cumsum(frequency)[:-1], dtype=np.float64)


def _pooled(blank: PooledBetaBinomial, groups: Groups) -> PooledBetaBinomial:
    shares = [float(x.sum() / n.sum()) for x, n in groups]
    if any(share in {0.0, 1.0} for share in shares):
        return replace(blank, outcome="infinite", means=tuple(shares), natural=_exact(blank, groups, shares))
    tallies = [_tally(x, n) for x, n in groups]
    means, rho, covariance, height = _fit(tallies, shares, groups)
    p = means[0]
    if blank.measure == "PLO":
        estimate, se = float(special.logit(p)), math.sqrt(covariance[0, 0]) / (p * (1 - p))
    else:
        q = means[1]
        odds = blank.measure == "OR"
        slopes = np.array([1 / (p * (1 - p)), -1 / (q * (1 - q))]) if odds else np.array([1 / p, -1 / q])
        estimate = float(special.logit(p) - special.logit(q)) if odds else math.log(p / q)
        se = math.sqrt(float(slopes @ covariance[:2, :2] @ slopes))
    half = normal_quantile(blank.level) * se
    back = special.expit if blank.measure == "PLO" else np.exp
    low, high = estimate - half, estimate + half
    natural = Interval(*(float(back(value)) for value in (estimate, low, high)))
    if blank.k == 1 and blank.measure == "PLO":
        natural = _exact(blank, groups, shares)
    return replace(
        blank,
        outcome="fitted",
        estimate=estimate,
        se=se,
        ci_low=low,
        ci_high=high,
        natural=natural,
        means=means,
        rho=rho,
        tau2=rho * p * (1 - p),
        p=None if blank.measure == "PLO" else two_sided_p(estimate / se, None),
        log_likelihood=height,
    )


def _exact(blank: PooledBetaBinomial, groups: Groups, shares: list[float]) -> Interval:
    if blank.measure == "PLO":
        x, n = groups[0]
        return Interval(shares[0], *exact_interval(float(x.sum()), float(n.sum()), blank.level))
    (a, first), (c, second) = groups
    if blank.measure == "OR":
        found = common_odds_ratio(a, first, a + c, second, level=blank.level)
        return Interval(None, None, None) if found is None else Interval(found.estimate, found.low, found.high)
    if shares[1] == 0:
        return Interval(math.inf if shares[0] > 0 else None, None, None)
    return Interval(shares[0] / shares[1], None, None)


def _fit(
    tallies: list[_Tally], shares: list[float], groups: Groups
) -> tuple[tuple[float, ...], float, npt.NDArray[np.float64], float]:
    """Return mean proportions, rho, covariance of the means (with gamma estimated), and the log-likelihood."""
    plain = np.array(shares)
    floor = _derivatives(tallies, plain, 0.0)[0]
    people = np.array([float(n.sum()) for _, n in groups])
    best: tuple[tuple[float, ...], float, npt.NDArray[np.float64], float] = (
        tuple(shares),
        0.0,
        np.diag(plain * (1 - plain) / people),
        floor,
    )
    if all(float(n.max()) <= 1 for _, n in groups):
        return best
    heights: list[float] = []
    places: list[FloatArray] = []
    for rho in _RHO_GRID:
        p = _best_means(tallies, plain if not places else places[-1], rho / (1 - rho))
        places.append(p)
        heights.append(_derivatives(tallies, p, rho / (1 - rho))[0])
    for i, rho in enumerate(_RHO_GRID):
        if heights[i] >= max(heights[max(i - 1, 0)], heights[min(i + 1, len(heights) - 1)]):
            found = _climb(tallies, places[i], rho / (1 - rho))
            if found is not None and found[3] > max(best[3], floor + _GAIN * max(1.0, abs(floor))):
                best = found
    extreme = _all_or_nothing(groups)
    return extreme if extreme is not None and extreme[3] > best[3] - 1e-9 else best


def _all_or_nothing(groups: Groups) -> tuple[tuple[float, ...], float, npt.NDArray[np.float64], float] | None:
    """Return the fit at rho = 1, where an arm is one observation; None when some arm is neither all nor nothing."""
    means, height = [], 0.0
    for x, n in groups:
        if ((x > 0) & (x < n)).any():
            return None
        share = float((x == n).mean())
        means.append(share)
        height += len(x) * float(special.xlogy(share, share) + special.xlog1py(1 - share, -share))
    if any(share in {0.0, 1.0} for share in means):
        return None
    spread = [share * (1 - share) / len(x) for share, (x, _) in zip(means, groups, strict=True)]
    return tuple(means), 1.0, np.diag(spread), height


def _derivatives(
    tallies: list[_Tally], p: FloatArray, gamma: float
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the log-likelihood, its gradient and its Hessian in the means and gamma."""
    size = len(p)
    value, gradient, hessian = 0.0, np.zeros(size + 1), np.zeros((size + 1, size + 1))
    for g, tally in enumerate(tallies):
        value += tally.constant
        for weight, start, sign in (
            (tally.events, p[g], 1.0),
            (tally.others, 1 - p[g], -1.0),
            (-tally.people, 1.0, 0.0),
        ):
            r = np.arange(len(weight))
            term = start + r * gamma
            value += float(weight @ np.log(term))
            once, twice = weight / term, weight / term**2
            gradient[g] += sign * float(once.sum())
            gradient[-1] += float(once @ r)
            hessian[g, g] -= sign * sign * float(twice.sum())
            hessian[g, -1] -= sign * float(twice @ r)
            hessian[-1, -1] -= float(twice @ (r * r))
        hessian[-1, g] = hessian[g, -1]
    return value, gradient, hessian


def _best_means(tallies: list[_Tally], p: FloatArray, gamma: float) -> FloatArray:
    """Return the most likely means at a given gamma; the log-likelihood is concave in each."""
    for _ in range(100):
        _, gradient, hessian = _derivatives(tallies, p, gamma)
        step = -gradient[:-1] / np.diag(hessian)[:-1]
        # Never more than nine tenths of the way to 0 or 1.
        p = np.clip(p + step, p * 0.1, 1 - (1 - p) * 0.1)
        if float(np.abs(step / (p * (1 - p))).max()) < 1e-10:
            break
    return p


def _climb(
    tallies: list[_Tally], p: FloatArray, gamma: float
) -> tuple[tuple[float, ...], float, npt.NDArray[np.float64], float] | None:
    """Climb in log gamma, with the means the most likely ones, by Newton's method on the profile."""
    t, largest = math.log(gamma), math.inf
    for _ in range(200):
        gamma = math.exp(t)
        p = _best_means(tallies, p, gamma)
        height, gradient, hessian = _derivatives(tallies, p, gamma)
        curve = hessian[-1, -1] - float((hessian[-1, :-1] ** 2 / np.diag(hessian)[:-1]).sum())
        slope, bend = gradient[-1] * gamma, curve * gamma**2 + gradient[-1] * gamma
        step = float(np.clip(slope / max(abs(bend), 1e-12), -1.0, 1.0))
        if gamma / (1 + gamma) > _ALL_OR_NOTHING or gamma < 1e-15:
            return None
        if abs(step) < 1e-9 or (largest < 1e-5 and abs(step) >= largest / 2):
            if bend >= 0:
                return None
            covariance = np.asarray(np.linalg.inv(-hessian), dtype=np.float64)
            return tuple(p.tolist()), gamma / (1 + gamma), covariance[:-1, :-1], height
        largest = abs(step)
        t += step
    return None


def _cautions(result: PooledBetaBinomial, groups: Groups) -> tuple[Caution, ...]:
    """Return every reservation that applies."""
    found: list[tuple[str, str]] = []
    people = sum(float(n.sum()) for _, n in groups)
    events = sum(float(x.sum()) for x, _ in groups)
    two = len(groups) > 1
    if result.outcome == "no-studies":
        found.append(("no-studies", "There is no study, so nothing was pooled."))
    elif events == 0:
        tail = "these studies cannot tell the groups apart" if two else "the exact upper bound is what the data carry"
        found.append(("no-events", f"Nobody had the event: {tail}."))
    elif events == people:
        tail = "these studies cannot tell the groups apart" if two else "the exact lower bound is what the data carry"
        found.append(("all-events", f"Everybody had the event: {tail}."))
    elif result.outcome == "infinite":
        text = (
            "In one group nobody, or everybody, had the event: the ratio has no estimate on the log scale. For the "
            "odds ratio the natural scale shows an exact one-sided bound."
        )
        found.append(("events-in-one-arm", text))
    if result.k == 1:
        found.append(("single-study", "One study only: nothing can be said about how results vary between studies."))
    elif 1 < result.k < FEW_STUDIES:
        found.append(("few-studies", f"Only {result.k} studies: how much they vary is hardly estimable."))
    if result.k > 1 and people > 0 and all(float(n.max()) <= 1 for _, n in groups):
        text = "Every arm has one person: variation between studies cannot be told from chance and was taken as none."
        found.append(("rho-not-identified", text))
    elif result.rho == 0 and result.k > 1:
        text = "No variation beyond chance was found; that is an estimate at its lower limit, not proof of agreement."
        found.append(("rho-zero", text))
    if result.rho == 1:
        found.append(("all-or-nothing", "Every arm is all or nothing: each study counts as one observation."))
    if two and result.k:
        text = (
            "This model does not keep the comparison within each study: the two arms are pooled as two series. It is a "
            "sensitivity analysis beside a model that does."
        )
        found.append(("arms-unpaired", text))
    if 0 < people < FEW_PEOPLE:
        who = "1 person" if people == 1 else f"{people:g} people"
        found.append(("small-total", f"Only {who} in all: the result is imprecise whatever the method."))
    if not two and result.k:
        text = "Single-arm data: without a comparison group this cannot be read as an effect of the treatment."
        found.append(("uncontrolled", text))
    return tuple(Caution(code, text) for code, text in found)

"""Exact inference on the common odds ratio, from the distribution of the events given all margins.

K tables (K,): `a` events of `n1` people in the first arm, `m` events in both arms, `n2` people in the second; whole
numbers. Given the margins the sum of `a` is the sum of K independent noncentral hypergeometric variables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from stromata.synthesis.counts.families import hypergeometric
from stromata.synthesis.intervals import FloatArray

_NEGLIGIBLE = -160.0
"""Log of the share of a table's largest probability below which a count is dropped: about 17 standard deviations."""

_PASSES = 6
"""The distribution is recomputed at the bound that was found until the bound stands still; two passes are usual."""


@dataclass(frozen=True, slots=True)
class ExactRatio:
    """Common odds ratio.

    Attributes
    ----------
    estimate : conditional maximum likelihood; 0 or infinite where the sum of events is at an end of its range.
    low, high : exact bounds; 0 and infinity at such an end.
    p : exact two-sided p-value of an odds ratio of 1: twice the smaller tail, 1 at most. It is below 1 - level just
        where the interval leaves 1 out, which a sum over small probabilities does not guarantee (Fay 2010).
    """

    estimate: float
    low: float
    high: float
    p: float


def homogeneity(a: FloatArray, n1: FloatArray, m: FloatArray, n2: FloatArray, *, log_ratio: float) -> tuple[float, int]:
    """Return the test statistic of one odds ratio for all tables, and its degrees of freedom.

    Breslow and Day's, with the exact conditional mean and variance of each table's events. At the conditional maximum
    likelihood estimate the observed and expected events agree in sum, so that Tarone's correction is 0.

    Parameters
    ----------
    a, n1, m, n2 : (K,) as of `common_odds_ratio`. log_ratio : its estimate, finite.

    References
    ----------
    Breslow and Day (1980), Statistical methods in cancer research 1, 142-146; Tarone (1985), Biometrika 72, 91-95.
    """
    open_tables = np.minimum(n1, m) > np.maximum(0.0, m - n2)
    family = hypergeometric(*(x[open_tables] for x in (a, n1, m, n2)))
    residual, variance = family.slopes(np.full((1, int(open_tables.sum())), log_ratio))
    return float((residual**2 / variance).sum()), int(open_tables.sum()) - 1


@dataclass(frozen=True, slots=True)
class _Sum:
    """Distribution of the sum at log odds ratio `at`: counts and the logs of their probabilities."""

    at: float
    counts: FloatArray
    logs: FloatArray

    def probabilities(self, theta: float) -> FloatArray:
        logs = self.logs + (theta - self.at) * (self.counts - self.counts[0])
        p = np.exp(logs - logs.max())
        return np.asarray(p / p.sum())


def common_odds_ratio(
    a: FloatArray, n1: FloatArray, m: FloatArray, n2: FloatArray, *, level: float
) -> ExactRatio | None:
    """Return the exact common odds ratio; None when the margins leave nothing to estimate.

    Parameters
    ----------
    a, n1, m, n2 : (K,) whole numbers.
    level : coverage of the interval, strictly between 0 and 1. It covers at least that, as Clopper and Pearson's does.

    References
    ----------
    Gart (1970), Biometrika 57, 471-475; Mehta, Patel and Gray (1985), JASA 80, 969-973; Fay (2010), The R
    Journal 2(1), 53-58, on p-values that match intervals.
    """
    least, most = np.maximum(0.0, m - n2), np.minimum(n1, m)
    open_tables = most > least
    if not open_tables.any():
        return None
    a, n1, m, n2, least, most = (x[open_tables] for x in (a, n1, m, n2, least, most))
    tables = _Tables(n1, m, n2, least, most)
    s, low_end, high_end = float(a.sum()), float(least.sum()), float(most.sum())
    tail = (1 - level) / 2
    none, null = tables.total(0.0), 0.0
    p = none.probabilities(null)
    both = float(p[none.counts <= s].sum()), float(p[none.counts >= s].sum())
    estimate = low = high = math.nan
    if s == low_end:
        estimate, low = 0.0, 0.0
    elif s == high_end:
        estimate = high = math.inf
    else:
        estimate = math.exp(tables.solve(lambda d, t: s - float(d.probabilities(t) @ d.counts)))
    if math.isnan(low):
        low = math.exp(tables.solve(lambda d, t: tail - float(d.probabilities(t)[d.counts >= s].sum())))
    if math.isnan(high):
        high = math.exp(tables.solve(lambda d, t: float(d.probabilities(t)[d.counts <= s].sum()) - tail))
    return ExactRatio(estimate, low, high, min(1.0, 2 * min(both)))


@dataclass(frozen=True, slots=True)
class _Tables:
    n1: FloatArray
    m: FloatArray
    n2: FloatArray
    least: FloatArray
    most: FloatArray

    def total(self, theta: float) -> _Sum:
        """Return the distribution of the sum at log odds ratio `theta`."""
        start, probabilities = 0.0, np.ones(1)
        for n1, m, n2, least, most in zip(self.n1, self.m, self.n2, self.least, self.most, strict=True):
            x = np.arange(least, most + 1)
            logs = theta * x - (
                special.gammaln(x + 1)
                + special.gammaln(n1 - x + 1)
                + special.gammaln(m - x + 1)
                + special.gammaln(n2 - m + x + 1)
            )
            keep = np.flatnonzero(logs > logs.max() + _NEGLIGIBLE)
            x, logs = x[keep[0] : keep[-1] + 1], logs[keep[0] : keep[-1] + 1]
            p = np.exp(logs - logs.max())
            start += float(x[0])
            probabilities = np.convolve(probabilities, p / p.sum())
        some = probabilities > 0
        counts = np.asarray(start + np.flatnonzero(some), dtype=np.float64)
        return _Sum(theta, counts, np.asarray(np.log(probabilities[some]), dtype=np.float64))

    def solve(self, falling: Callable[[_Sum, float], float]) -> float:
        """Return the log odds ratio at which a falling function of the distribution is 0."""
        theta = 0.0
        for _ in range(_PASSES):
            distribution = self.total(theta)
            found = _fall(lambda t, d=distribution: falling(d, t), theta)  # type: ignore[misc]
            if abs(found - theta) <= 1e-3:
                return found
            theta = found
        return theta


def _fall(function: Callable[[float], float], start: float) -> float:
    """Return the root of a falling function, by steps that double and then by halving."""
    low = high = start
    step = 1.0
    while function(low) < 0 and step < _FAR:
        low, step = low - step, 2 * step
    step = 1.0
    while function(high) > 0 and step < _FAR:
        high, step = high + step, 2 * step
    for _ in range(100):
        middle = (low + high) / 2
        if high - low <= 1e-14 * max(1.0, abs(middle)):
            break
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


_FAR = 512.0
"""Largest step away from the start, in log odds."""

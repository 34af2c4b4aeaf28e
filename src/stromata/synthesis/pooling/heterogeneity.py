"""The between-study variance, tau-squared, of one set of studies: its estimators and its confidence intervals.

K estimates `y` with sampling variances `v` (each > 0), K >= 2. T is the number of trial values of tau-squared.
Notation: w = 1 / (v + tau2), mu = sum(w y) / sum(w), and P = W - w w' / sum(w), the matrix that takes out the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import special

from stromata.errors import DidNotConverge, InvalidInput
from stromata.model import TauMethod
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.pooling import kernels, single
from stromata.synthesis.pooling.quadratic_forms import probability_below

TauInterval = Literal["qp", "genq", "pl"]
"""Q-profile, generalised Q, and profile likelihood."""

WEIGHTED: tuple[TauMethod, ...] = ("genq", "genqm")
"""Estimators with weights of their own."""


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """tau-squared with its asymptotic standard error; `modes` counts the local maxima of a likelihood (else 1).

    `gap` is the log-likelihood by which the highest maximum lies above the next; infinite with one.
    """

    tau2: float
    se: float
    modes: int = 1
    gap: float = math.inf


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of tau-squared. `empty`: no value from 0 on is compatible with the data; both bounds are then 0."""

    low: float
    high: float
    empty: bool = False


def estimate(y: FloatArray, v: FloatArray, method: TauMethod, *, weights: FloatArray | None = None) -> Heterogeneity:
    """Estimate tau-squared; estimators that would be negative give 0.

    Parameters
    ----------
    y, v : (K,) estimates and sampling variances, K >= 2, each v > 0.
    method : ``reml`` restricted and ``ml`` full maximum likelihood, ``dl`` DerSimonian-Laird, ``pm`` Paule-Mandel,
        ``pmm`` its median-unbiased form, ``eb`` empirical Bayes (the same equation as Paule-Mandel), ``he`` Hedges,
        ``hs`` Hunter-Schmidt, ``hsk`` the same corrected for few studies, ``sj`` Sidik-Jonkman, ``genq`` the
        generalised Q statistic with `weights`, ``genqm`` its median-unbiased form.
    weights : (K,) each > 0; for ``genq`` and ``genqm`` only.

    Raises
    ------
    InvalidInput
        Unknown method, or weights missing.
    DidNotConverge
        Variances too small or too far apart for double precision.

    References
    ----------
    Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293, for HE, DL, HS, ML and REML with
    their variances; Paule and Mandel (1982); Morris (1983) for EB; Sidik and Jonkman (2005); DerSimonian and Kacker
    (2007), Contemporary Clinical Trials 28, 105-114, and Jackson (2013), Research Synthesis Methods 4, 220-229, for
    the generalised Q; Viechtbauer (2021), in Lin and Kuo's Handbook of Meta-Analysis, for the median-unbiased forms.
    """
    if method not in get_args(TauMethod):
        raise InvalidInput(f"no tau-squared method {method!r}", hint=f"There are: {', '.join(get_args(TauMethod))}.")
    if method in WEIGHTED:
        if weights is None:
            raise InvalidInput(f"tau2 method {method} needs weights", hint="Give one weight per study.")
        return _generalised(y, v, weights, median=method == "genqm")
    with np.errstate(all="ignore"):
        found = single.fit(y, v, method)
    if not (math.isfinite(found.tau2) and math.isfinite(found.tau2_se)):
        raise DidNotConverge(
            f"no maximum can be computed: the sampling variances run from {v.min():g} to {v.max():g}",
            hint="Look for a study whose variance is far out of line.",
        )
    return Heterogeneity(found.tau2, found.tau2_se, found.modes, found.gap)


def fitted(y: FloatArray, w: FloatArray) -> tuple[float, float]:
    """Return the weighted mean and the weighted sum of squares around it (Cochran's Q when w = 1 / v).

    Estimates are counted from the most precise study's, so that no digit is lost where it has nearly all the weight.
    """
    origin = y[w.argmax()]
    y = y - origin
    mu = float(w @ y / w.sum())
    return float(origin) + mu, float(w @ (y - mu) ** 2)


def trace_p(w: FloatArray) -> float:
    """Return the trace of P."""
    w, total, others = _largest_first(w)
    return float((w * others).sum() / total)


def _largest_first(w: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return the weights with the largest first, their sum, and for each the sum of the others.

    Not by subtraction for the largest: when it has nearly all the weight, nothing would be left of the rest's digits.
    """
    w = w.copy()
    first = w.argmax()
    w[first], w[0] = w[0], w[first]
    rest = float(w[1:].sum())
    total = float(w[0]) + rest
    others = total - w
    others[0] = rest
    return w, total, others


def log_likelihood(y: FloatArray, v: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return the full or restricted log-likelihood at `tau2`, all constants included."""
    return single.log_likelihood(y - y[v.argmin()], v, tau2, restricted=restricted)


# The generalised Q statistic.


def _generalised(y: FloatArray, v: FloatArray, weights: FloatArray, *, median: bool) -> Heterogeneity:
    first = weights.argmax()
    order = np.arange(len(y))
    order[first], order[0] = 0, first
    y, v, a = y[order], v[order], weights[order] / float(weights.max())
    _, q = fitted(y, a)
    a, total, others = _largest_first(a)
    trace = float((a * others).sum()) / total
    by_moments = max((q - float((a * v * others).sum()) / total) / trace, 0.0)
    tau2 = _tau2_at(q, a, v, 0.5) if median else by_moments
    half_variance = kernels.trace_psps(a[:, None], (v + tau2)[:, None])
    return Heterogeneity(tau2, math.sqrt(2 * float(half_variance[0])) / trace)


def _tau2_at(q: float, a: FloatArray, v: FloatArray, probability: float) -> float:
    """Return tau2 at which the generalised Q is at most `q` with this probability; 0 where it always is with less."""

    def excess(tau2: float) -> float:
        return probability_below(q, a, v + tau2) - probability

    if q <= 0 or excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, q / float(a.sum()) + float(np.median(v))
    while excess(high) > 0:
        low, high = high, 4 * high
    return _root(excess, low, high)


# Confidence intervals.


def interval(
    y: FloatArray,
    v: FloatArray,
    *,
    kind: TauInterval,
    level: float,
    weights: FloatArray | None = None,
    restricted: bool = True,
) -> Bounds:
    """Return the confidence interval of tau-squared.

    Parameters
    ----------
    y, v : (K,) estimates and sampling variances, K >= 2, each v > 0.
    kind : ``qp`` Q-profile; ``genq`` generalised Q with `weights`; ``pl`` profile likelihood, full or `restricted`.
    level : coverage, strictly between 0 and 1.
    weights : (K,) each > 0, for ``genq``; 1 / v without.

    References
    ----------
    Viechtbauer (2007), Statistics in Medicine 26, 37-52, for the Q-profile method; Jackson (2013), Research Synthesis
    Methods 4, 220-229, for the generalised Q; Hardy and Thompson (1996), Statistics in Medicine 15, 619-629, for the
    profile likelihood. Of a likelihood with several peaks the smallest interval that holds all of the set is given.
    """
    tail = (1 - level) / 2
    if kind == "pl":
        return _profile_likelihood(y, v, level, restricted=restricted)
    if kind == "genq":
        a = 1 / v if weights is None else weights
        a = a / float(a.max())
        _, q = fitted(y, a)
        empty = probability_below(q, a, v) < tail
        return Bounds(_tau2_at(q, a, v, 1 - tail), _tau2_at(q, a, v, tail), empty)
    half_df = (len(y) - 1) / 2
    upper, lower = (2 * float(inverse(half_df, tail)) for inverse in (special.gammainccinv, special.gammaincinv))
    y = y - y[v.argmin()]
    _, q = fitted(y, 1 / v)
    return Bounds(single.solve_q(y, v, upper), single.solve_q(y, v, lower), q < lower)


def _profile_likelihood(y: FloatArray, v: FloatArray, level: float, *, restricted: bool) -> Bounds:
    y = y - y[v.argmin()]
    best = single.fit(y, v, "reml" if restricted else "ml").tau2
    top = single.log_likelihood(y, v, best, restricted=restricted)
    drop = float(special.gammaincinv(0.5, level))

    def lead(tau2: float) -> float:
        return single.log_likelihood(y, v, tau2, restricted=restricted) - top + drop

    spread = float(np.ptp(y)) ** 2
    high = max(spread, float(v.max()), best)
    while lead(high) > 0:
        high *= 4
    grid = [0.0, *np.geomspace(1e-3 * float(v.min()), high, _PROFILE_POINTS).tolist()]
    inside = [*(t for t in grid if lead(t) > 0), best]
    least, most = min(inside), max(inside)
    below = max((t for t in grid if t < least), default=0.0)
    above = min(t for t in grid if t > most)
    low = 0.0 if lead(0.0) > 0 else _root(lambda t: -lead(t), below, least)
    return Bounds(low, _root(lead, most, above))


_PROFILE_POINTS = 120
"""Trial values over which the profile likelihood is searched for peaks."""


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of a function that is positive at `low` and not at `high`, to the last places."""
    from scipy.optimize import brentq  # noqa: PLC0415 - loads slowly, and few need it

    return float(brentq(function, low, high, xtol=1e-300, rtol=1e-15, maxiter=500))

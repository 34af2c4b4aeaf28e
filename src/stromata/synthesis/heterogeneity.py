"""Estimators of the between-study variance, tau-squared, for independent estimates.

K estimates `y` with sampling variances `v` (each > 0), K >= 2. T is the number of trial values of tau-squared.
Notation: w = 1 / (v + tau2), mu = sum(w y) / sum(w), and P = W - w w' / sum(w), the matrix that takes out the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import numpy as np

from stromata.errors import DidNotConverge, InvalidInput
from stromata.model import TauMethod
from stromata.synthesis.intervals import FloatArray

_GRID = 400
"""Trial values over which the likelihood is searched; about a dozen per decade even when variances span 12 orders."""


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """tau-squared with its asymptotic standard error; `modes` counts the local maxima of a likelihood (else 1)."""

    tau2: float
    se: float
    modes: int = 1


def estimate(y: FloatArray, v: FloatArray, method: TauMethod) -> Heterogeneity:
    """Estimate tau-squared; estimators that would be negative give 0.

    Parameters
    ----------
    y, v : (K,) estimates and sampling variances, K >= 2, each v > 0.
    method : ``reml`` restricted and ``ml`` full maximum likelihood, ``dl`` DerSimonian-Laird, ``pm`` Paule-Mandel,
        ``eb`` empirical Bayes (the same equation as Paule-Mandel), ``he`` Hedges, ``hs`` Hunter-Schmidt,
        ``sj`` Sidik-Jonkman.

    Raises
    ------
    InvalidInput
        Unknown method.
    DidNotConverge
        A likelihood has no maximum that can be found.

    References
    ----------
    Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293, for HE, DL, HS, ML and REML with
    their variances; Paule and Mandel (1982); Morris (1983) for EB; Sidik and Jonkman (2005).
    """
    if method not in _ESTIMATORS:
        raise InvalidInput(f"no tau-squared method {method!r}", hint=f"There are: {', '.join(get_args(TauMethod))}.")
    return _ESTIMATORS[method](y, v)


def fitted(y: FloatArray, w: FloatArray) -> tuple[float, float]:
    """Return the weighted mean and the weighted sum of squares around it (Cochran's Q when w = 1 / v)."""
    mu = float(w @ y / w.sum())
    return mu, float(w @ (y - mu) ** 2)


def trace_p(w: FloatArray) -> float:
    """Return the trace of P."""
    return float((w * _others(w)).sum() / w.sum())


def _others(a: FloatArray) -> FloatArray:
    """Return, for each entry of (..., K) `a`, the sum of the others.

    By sums from both ends, not by subtraction from the total: when one study has nearly all the weight, nothing would
    be left of the digits of the rest.
    """
    zero = np.zeros_like(a[..., :1])
    before = np.concatenate((zero, np.cumsum(a[..., :-1], axis=-1)), axis=-1)
    after = np.concatenate((np.cumsum(a[..., :0:-1], axis=-1)[..., ::-1], zero), axis=-1)
    return np.asarray(before + after, dtype=np.float64)


def _trace_psps(w: FloatArray, s: FloatArray) -> float:
    """Return tr(P S P S) for diagonal S (K,): half the variance of the quadratic form y' P y when y has variance S."""
    total = w.sum()
    diagonal = ((w * s * _others(w)) ** 2).sum()
    across = (w**2 * s * _others(w**2 * s)).sum()
    return float((diagonal + across) / total**2)


def log_likelihood(y: FloatArray, v: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return the full or restricted log-likelihood at `tau2`, all constants included."""
    return float(_log_likelihoods(y, v, np.array([tau2]), restricted=restricted)[0])


def _log_likelihoods(y: FloatArray, v: FloatArray, tau2: FloatArray, *, restricted: bool) -> FloatArray:
    """Return (T,) log-likelihoods."""
    w = 1 / (v + tau2[:, None])
    total = w.sum(axis=1)
    mu = (w @ y) / total
    rss = (w * (y - mu[:, None]) ** 2).sum(axis=1)
    k = len(y)
    value = -0.5 * (k * math.log(2 * math.pi) - np.log(w).sum(axis=1) + rss)
    if restricted:
        value += 0.5 * (math.log(2 * math.pi) + math.log(k) - np.log(total))
    return np.asarray(value, dtype=np.float64)


def _scores(y: FloatArray, v: FloatArray, tau2: FloatArray, *, restricted: bool) -> FloatArray:
    """Return (T,) numbers with the sign and the roots of the derivative of the log-likelihood in tau2.

    The derivative itself is divided by sum(w^2) / 2, which is positive, so that it does not fade out at large tau2.
    """
    w = 1 / (v + tau2[:, None])
    total = w.sum(axis=1)
    mu = (w @ y) / total
    square = w**2
    gain = (square * (y - mu[:, None]) ** 2).sum(axis=1)
    trace = (w * _others(w)).sum(axis=1) / total if restricted else total
    return np.asarray((gain - trace) / square.sum(axis=1), dtype=np.float64)


def _likelihood(y: FloatArray, v: FloatArray, *, restricted: bool) -> Heterogeneity:
    """Return the highest of all local maxima, the boundary at 0 among them.

    The likelihood can have several (Viechtbauer 2005; common with very unequal variances), so a climb from one start
    is not enough: every sign change of the score over a grid from far below the variances to above the largest
    squared difference, past which the score is negative, is refined.
    """
    y = y - y[0]  # the likelihood knows differences alone; those of huge estimates would drown in their rounding
    spread = float(np.ptp(y)) ** 2
    maxima = [0.0] if _scores(y, v, np.array([0.0]), restricted=restricted)[0] <= 0 else []
    # Differences that small against every variance make the score negative everywhere, and a grid would underflow.
    if spread > 1e-8 * float(v.min()):
        low = 1e-8 * min(float(v.min()), spread)
        grid = np.concatenate(([0.0], np.geomspace(low, 2 * spread, _GRID)))
        score = _scores(y, v, grid, restricted=restricted)

        def at(tau2: float) -> float:
            return float(_scores(y, v, np.array([tau2]), restricted=restricted)[0])

        peaks = np.flatnonzero((score[:-1] > 0) & (score[1:] <= 0))
        maxima += [_root(at, float(grid[i]), float(grid[i + 1])) for i in peaks]
    if not maxima:
        raise DidNotConverge(
            f"the likelihood of the between-study variance has no maximum from 0 to {2 * spread:g}",
            hint="Look for a study whose variance is far out of line, or use another estimator, such as dl.",
        )
    values = _log_likelihoods(y, v, np.array(maxima), restricted=restricted)
    tau2 = maxima[int(np.argmax(values))]
    w = 1 / (v + tau2)
    information = _trace_psps(w, np.ones_like(w)) if restricted else float((w**2).sum())
    return Heterogeneity(tau2, math.sqrt(2 / information), modes=len(maxima))


def _reml(y: FloatArray, v: FloatArray) -> Heterogeneity:
    return _likelihood(y, v, restricted=True)


def _ml(y: FloatArray, v: FloatArray) -> Heterogeneity:
    return _likelihood(y, v, restricted=False)


def _dersimonian_laird(y: FloatArray, v: FloatArray) -> Heterogeneity:
    w = 1 / v
    _, q = fitted(y, w)
    divisor = trace_p(w)
    return _by_moments((q - (len(y) - 1)) / divisor, w, v, divisor)


def _hunter_schmidt(y: FloatArray, v: FloatArray) -> Heterogeneity:
    w = 1 / v
    _, q = fitted(y, w)
    divisor = float(w.sum())
    return _by_moments((q - len(y)) / divisor, w, v, divisor)


def _hedges(y: FloatArray, v: FloatArray) -> Heterogeneity:
    w = np.ones_like(v)
    _, rss = fitted(y, w)
    df = len(y) - 1
    return _by_moments(rss / df - float(v.mean()), w, v, df)


def _sidik_jonkman(y: FloatArray, v: FloatArray) -> Heterogeneity:
    start = float(np.mean((y - y.mean()) ** 2))
    if start == 0:
        return Heterogeneity(0.0, 0.0)
    w = start / (v + start)
    _, rss = fitted(y, w)
    df = len(y) - 1
    return _by_moments(rss / df, w, v, df)


def _paule_mandel(y: FloatArray, v: FloatArray) -> Heterogeneity:
    df = len(y) - 1

    def excess(tau2: float) -> float:
        return fitted(y, 1 / (v + tau2))[1] - df

    # The generalised Q falls in tau2, and is at most the plain sum of squares over tau2: beyond `top` no root can lie.
    top = float(((y - y.mean()) ** 2).sum()) / df
    tau2 = _root(excess, 0.0, top) if top > 0 and excess(0.0) > 0 else 0.0
    w = 1 / (v + tau2)
    k = len(y)
    return Heterogeneity(tau2, math.sqrt(2 * k * k / (k - 1)) / float(w.sum()))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of a function that is positive at `low` and not at `high`, to the last place, by halving."""
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            return high
        if function(middle) > 0:
            low = middle
        else:
            high = middle


def _by_moments(raw: float, w: FloatArray, v: FloatArray, divisor: float) -> Heterogeneity:
    """Return the truncated moment estimator; its quadratic form has variance 2 tr(P S P S) with S = V + tau2 I."""
    tau2 = max(raw, 0.0)
    return Heterogeneity(tau2, math.sqrt(2 * _trace_psps(w, v + tau2)) / divisor)


_ESTIMATORS: dict[TauMethod, Callable[[FloatArray, FloatArray], Heterogeneity]] = {
    "reml": _reml,
    "ml": _ml,
    "dl": _dersimonian_laird,
    "pm": _paule_mandel,
    "eb": _paule_mandel,
    "he": _hedges,
    "hs": _hunter_schmidt,
    "sj": _sidik_jonkman,
}
"""One function per estimator. A new one is one entry here and its name in `stromata.model.TauMethod`."""

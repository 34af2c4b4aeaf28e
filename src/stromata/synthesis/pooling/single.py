"""Random-effects fit of one set in as few calls as it takes: what simulations and dashboards call thousands of times.

The same estimators as `stromata.synthesis.pooling.kernels`, which fits many sets at once; here on (K,) arrays
and with plain numbers for results. No checks and no model types. The most precise study comes first and estimates
are counted from its own, so that no digit is lost where it has nearly all the weight. `rest` is (K,), 0 for that study
and 1 for the others: of a few numbers, a product with it takes a third of the time of a sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import special

from stromata.model import TauMethod
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.pooling import kernels

_FIRST_TRIAL = 0.3
"""Smallest trial value of tau2 in smallest variances: the score is nearly linear below it."""

_SEARCH_BLOCK = 20_000
"""Numbers per array in the search of a large set."""

_sum = np.add.reduce


@dataclass(frozen=True, slots=True)
class Fit:
    """What `stromata.synthesis.pooling.kernels.Fits` holds, of one set."""

    estimate: float
    se: float
    tau2: float
    tau2_se: float
    spread: float
    q: float
    typical: float
    log_likelihood: float
    modes: int = 1
    gap: float = math.inf


def fit(y: FloatArray, v: FloatArray, method: TauMethod | None, *, tau2: float | None = None) -> Fit:
    """Fit (K,) estimates `y` with variances `v`, K >= 2; the rest as `stromata.synthesis.pooling.kernels.fit`."""
    k = len(y)
    first = v.argmin()
    origin = float(y[first])
    y, v, rest = y - origin, v.copy(), np.ones(k)
    y[first], y[0], rest[0] = y[0], 0.0, 0.0
    v[first], v[0] = v[0], v[first]
    w = 1 / v
    q, trace = _heterogeneity(y, w, rest)
    between, se, modes, gap = tau2 or 0.0, math.nan, 1, math.inf
    searched = tau2 is None and method in {"reml", "ml"}
    if searched:
        between, modes, gap = likelihood(y, v, rest, restricted=method == "reml")
    elif tau2 is None and method is not None:
        between, se = _by_equation(y, v, q, trace, method)
    if between > 0:
        w = 1 / (v + between)
    others = float(w.dot(rest))
    total = float(w[0]) + others
    mean, squares = float(w.dot(y)) / total, q
    if between > 0:
        e = y - mean
        e *= e
        squares = float(w.dot(e))
    logs = np.log(w)
    value = -0.5 * (k * math.log(2 * math.pi) - float(logs[0]) - float(logs.dot(rest)) + squares)
    if method == "reml":
        value += 0.5 * (math.log(2 * math.pi) + math.log(k / total))
    if searched:
        information = _trace_pp(w, others) if method == "reml" else float(w.dot(w))
        se = math.sqrt(2 / information)
    return Fit(
        origin + mean, 1 / math.sqrt(total), between, se, squares / (k - 1), q, (k - 1) / trace, value, modes, gap
    )


def _by_equation(y: FloatArray, v: FloatArray, q: float, trace: float, method: TauMethod) -> tuple[float, float]:
    """Return tau2 and its standard error under an estimator that is not a likelihood's maximum."""
    k = len(y)
    if method == "dl":
        tau2 = max(0.0, (q - (k - 1)) / trace)
        return tau2, math.sqrt(2 * float(kernels.trace_psps(1 / v, v + tau2))) / trace
    if method in {"pm", "eb", "pmm"}:
        tau2 = solve_q(y, v, k - 1.0 if method != "pmm" else 2 * float(special.gammaincinv((k - 1) / 2, 0.5)))
        return tau2, math.sqrt(2 * k * k / (k - 1)) / float(_sum(1 / (v + tau2)))
    found = kernels.between(kernels.Sets(y[:, None], v[:, None], np.array([float(k)]), np.zeros(1)), method)
    return float(found.tau2[0]), float(found.se[0])


def _heterogeneity(y: FloatArray, w: FloatArray, rest: FloatArray) -> tuple[float, float]:
    """Return the weighted sum of squares around the mean, and the trace of P."""
    first, others = float(w[0]), float(w.dot(rest))
    total = first + others
    e = y - float(w.dot(y)) / total
    e *= e
    return float(w.dot(e)), (others * (first + total) - _square(w[1:])) / total


def _square(a: FloatArray) -> float:
    """Return the sum of squares."""
    return float(a.dot(a))


def likelihood(y: FloatArray, v: FloatArray, rest: FloatArray, *, restricted: bool) -> tuple[float, int, float]:
    """Return the highest maximum of the likelihood of tau2, the number met, and the lead of the highest over the next.

    `y` and `v` have the most precise study first, and `y` is 0 there. See `stromata.synthesis.pooling.kernels`.
    """
    top = (float(y.max()) - float(y.min())) ** 2
    smallest = float(v[0])
    if not top > 1e-9 * smallest:
        return 0.0, 1, math.inf
    low = min(_FIRST_TRIAL * smallest, 0.5 * top)
    grid = kernels.trial_values(low, top)
    excess = _excess(y, v, rest, grid, restricted=restricted).tolist()
    if _may_hide_roots(excess):
        column = kernels.Sets(y[:, None], v[:, None], np.array([float(len(y))]), np.zeros(1))
        found = kernels.search_again(column, np.array([low]), np.array([top]), restricted=restricted)
        return float(found[0][0]), int(found[1][0]), float(found[2][0])
    trials, excess = grid[1:].tolist(), excess[1:]
    maxima = [] if excess[0] > 0 else [0.0]
    for i in range(len(excess) - 1):
        if excess[i] > 0 and not excess[i + 1] > 0:
            start = _interpolated(trials[max(i - 1, 0) : i + 3], excess[max(i - 1, 0) : i + 3])
            maxima.append(_climb(y, v, rest, (trials[i], trials[i + 1]), start, restricted=restricted))
    if len(maxima) == 1:
        return maxima[0], 1, math.inf
    values = [log_likelihood(y, v, tau2, restricted=restricted) for tau2 in maxima]
    order = sorted(range(len(maxima)), key=values.__getitem__)
    return maxima[order[-1]], len(maxima), values[order[-1]] - values[order[-2]]


def _excess(y: FloatArray, v: FloatArray, rest: FloatArray, tau2: FloatArray, *, restricted: bool) -> FloatArray:
    """Return the score's ratio minus 1 at each of (T,) trial values."""
    block = max(1, _SEARCH_BLOCK // len(v))
    if len(tau2) > block:
        parts = [tau2[i : i + block] for i in range(0, len(tau2), block)]
        return np.concatenate([_excess(y, v, rest, part, restricted=restricted) for part in parts])
    w = v + tau2[:, None]
    np.reciprocal(w, out=w)
    first = w[:, 0].copy()
    others = w.dot(rest)
    total = first + others
    z = y - (w.dot(y) / total)[:, None]
    z *= w
    z *= z
    gain = z.dot(rest) + z[:, 0]
    if not restricted:
        return np.asarray(gain / total - 1)
    w *= w
    return np.asarray(gain * total / (others * (first + total) - w.dot(rest)) - 1)


def _may_hide_roots(excess: list[float]) -> bool:
    """Return whether the score may touch 0 between two trial values that have the same sign."""
    before = excess[1] - excess[0]
    for middle, after_it in pairwise(excess[1:]):
        after = after_it - middle
        bend = after - before
        if before * after < 0 and middle * bend > 0 and abs(middle) < abs(bend):
            return True
        before = after
    return False


def _interpolated(trials: list[float], excess: list[float]) -> float:
    """Return where the reciprocal of the ratio is 1, by inverse polynomial interpolation (Neville)."""
    g = [value / (1 + value) for value in excess]
    x = list(trials)
    for width in range(1, len(x)):
        for i in range(len(x) - width):
            gap = g[i] - g[i + width]
            x[i] = (g[i] * x[i + 1] - g[i + width] * x[i]) / gap if gap else math.nan
    return x[0]


def _climb(
    y: FloatArray, v: FloatArray, rest: FloatArray, ends: tuple[float, float], start: float, *, restricted: bool
) -> float:
    """Return the root between `ends`; the score is positive at the lower one, and at the upper one it is not."""
    low, high = ends
    tau2 = start if low < start < high else low + (high - low) / 2
    for _ in range(60):
        step = _newton(y, v, rest, tau2, restricted=restricted)
        if abs(step) <= kernels.SETTLED * tau2:
            return min(max(tau2 + step, low), high)
        if step > 0:
            low = tau2
        else:
            high = tau2
        tau2 += step
        if not low < tau2 < high:
            tau2 = low + (high - low) / 2
            if not low < tau2 < high:
                break
    return tau2


def _newton(y: FloatArray, v: FloatArray, rest: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return what one step of Newton's method adds to tau2; see `stromata.synthesis.pooling.kernels`."""
    w = 1 / (v + tau2)
    first, others = float(w[0]), float(w.dot(rest))
    total = first + others
    z = y - float(w.dot(y)) / total
    z *= w
    gain = _square(z)
    z -= float(w.dot(z)) / total
    z *= z
    gain_slope = -2 * float(w.dot(z))
    if not restricted:
        loss, loss_slope = total, -_square(w)
    else:
        loss, loss_slope = (others * (first + total) - _square(w[1:])) / total, -_trace_pp(w, others)
    slope = abs(loss_slope - loss / gain * gain_slope)
    return (gain - loss) / slope if slope > 0 else math.copysign(math.inf, gain - loss)


def _trace_pp(w: FloatArray, others: float) -> float:
    """Return the trace of P P from the weights, the largest first, and the sum of the others."""
    first, tail = float(w[0]), w[1:]
    total = first + others
    square = tail * tail
    square_rest = _square(tail)
    own = total - tail
    own *= tail
    across = 2 * first * first * square_rest + (square_rest * square_rest - _square(square))
    return ((first * others) ** 2 + _square(own) + across) / (total * total)


def log_likelihood(y: FloatArray, v: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return the full or restricted log-likelihood at `tau2`, all constants included."""
    w = 1 / (v + tau2)
    total = float(_sum(w))
    e = y - float(w.dot(y)) / total
    value = -0.5 * (len(y) * math.log(2 * math.pi) - float(_sum(np.log(w))) + float(w.dot(e * e)))
    if restricted:
        value += 0.5 * (math.log(2 * math.pi) + math.log(len(y) / total))
    return value


def solve_q(y: FloatArray, v: FloatArray, target: float) -> float:
    """Return tau2 at which the generalised Q equals `target`; 0 where it lies below for every tau2.

    1 / Q is concave and increasing in tau2, so that Newton's method from 0 climbs to the root and never passes it.
    """
    tau2 = 0.0
    for _ in range(200):
        w = 1 / (v + tau2)
        e = y - float(w.dot(y)) / float(_sum(w))
        z = w * e
        q = float(z.dot(e))
        if q <= target:
            break
        step = (q - target) / target * (q / float(z.dot(z)))
        tau2 += step
        if step <= kernels.SETTLED * tau2:
            break
    return tau2

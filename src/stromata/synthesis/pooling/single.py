"""Random-effects fit of one set in as few calls as it takes: what simulations and dashboards call thousands of times.

The same estimators as `stromata.synthesis.pooling.kernels`, which fits many sets at once; here on (K,) arrays
and with plain numbers for results. No checks and no model types. The most precise study comes first and estimates
are counted from its own, so that no digit is lost where it has nearly all the weight.
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

_SETTLED = 1e-7
"""Relative step of Newton's method that is its last: convergence is quadratic, what remains is far below 1e-12."""

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
    y, v = y - origin, v.copy()
    y[first], y[0] = y[0], 0.0
    v[first], v[0] = v[0], v[first]
    modes, gap = 1, math.inf
    if method is None or tau2 is not None:
        between, se = tau2 or 0.0, math.nan
    elif method in {"reml", "ml"}:
        between, modes, gap = likelihood(y, v, restricted=method == "reml")
        se = _information_se(1 / (v + between), restricted=method == "reml")
    elif method in {"pm", "eb", "pmm"}:
        between = solve_q(y, v, k - 1.0 if method != "pmm" else 2 * float(special.gammaincinv((k - 1) / 2, 0.5)))
        se = math.sqrt(2 * k * k / (k - 1)) / float(_sum(1 / (v + between)))
    else:
        found = kernels.between(kernels.Sets(y[:, None], v[:, None], np.array([float(k)]), np.zeros(1)), method)
        between, se = float(found.tau2[0]), float(found.se[0])
    w = 1 / v
    _, q, trace = _sums(y, w)
    mean, squares = 0.0, q
    if between > 0:
        w = 1 / (v + between)
    total = float(_sum(w))
    mean = float(w.dot(y)) / total
    if between > 0:
        e = y - mean
        squares = float(w.dot(e * e))
    value = -0.5 * (k * math.log(2 * math.pi) - float(_sum(np.log(w))) + squares)
    if method == "reml":
        value += 0.5 * (math.log(2 * math.pi) + math.log(k / total))
    return Fit(
        origin + mean, 1 / math.sqrt(total), between, se, squares / (k - 1), q, (k - 1) / trace, value, modes, gap
    )


def _sums(y: FloatArray, w: FloatArray) -> tuple[float, float, float]:
    """Return mean, weighted sum of squares around it, and trace of P."""
    rest = w[1:]
    first, others = float(w[0]), float(_sum(rest))
    total = first + others
    mean = float(w.dot(y)) / total
    e = y - mean
    return mean, float(w.dot(e * e)), (others * (first + total) - float(rest.dot(rest))) / total


def likelihood(y: FloatArray, v: FloatArray, *, restricted: bool) -> tuple[float, int, float]:
    """Return the highest maximum of the likelihood of tau2, the number met, and the lead of the highest over the next.

    `y` and `v` have the most precise study first, and `y` is 0 there. See `stromata.synthesis.pooling.kernels`.
    """
    top = (float(y.max()) - float(y.min())) ** 2
    smallest = float(v[0])
    if not top > 1e-9 * smallest:
        return 0.0, 1, math.inf
    low = min(_FIRST_TRIAL * smallest, 0.5 * top)
    grid = kernels.trial_values(low, top)
    excess = _excess(y, v, grid, restricted=restricted).tolist()
    if _may_hide_roots(excess):
        column = kernels.Sets(y[:, None], v[:, None], np.array([float(len(y))]), np.zeros(1))
        found = kernels.search_again(column, np.array([low]), np.array([top]), restricted=restricted)
        return float(found[0][0]), int(found[1][0]), float(found[2][0])
    trials = grid.tolist()
    maxima = [] if excess[0] > 0 else [0.0]
    for i in range(len(excess) - 1):
        if excess[i] > 0 and not excess[i + 1] > 0:
            start = _interpolated(trials[max(i - 1, 0) : i + 3], excess[max(i - 1, 0) : i + 3])
            maxima.append(_climb(y, v, trials[i], trials[i + 1], start, restricted=restricted))
    if len(maxima) == 1:
        return maxima[0], 1, math.inf
    values = [log_likelihood(y, v, tau2, restricted=restricted) for tau2 in maxima]
    order = sorted(range(len(maxima)), key=values.__getitem__)
    return maxima[order[-1]], len(maxima), values[order[-1]] - values[order[-2]]


def _excess(y: FloatArray, v: FloatArray, tau2: FloatArray, *, restricted: bool) -> FloatArray:
    """Return the score's ratio minus 1 at each of (T,) trial values."""
    k = len(v)
    block = max(1, _SEARCH_BLOCK // k)
    if len(tau2) > block:
        parts = [tau2[i : i + block] for i in range(0, len(tau2), block)]
        return np.concatenate([_excess(y, v, part, restricted=restricted) for part in parts])
    w = v + tau2[:, None]
    np.reciprocal(w, out=w)
    first = w[:, 0].copy()
    rest = np.ones(k)
    rest[0] = 0.0
    others = w.dot(rest)
    total = first + others
    z = y - (w.dot(y) / total)[:, None]
    z *= w
    gain = np.einsum("tk,tk->t", z, z)
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


def _climb(y: FloatArray, v: FloatArray, low: float, high: float, start: float, *, restricted: bool) -> float:
    """Return the root between `low`, where the score is positive, and `high`, where it is not."""
    tau2 = start if low < start < high else low + (high - low) / 2
    for _ in range(60):
        step = _newton(y, v, tau2, restricted=restricted)
        if abs(step) <= _SETTLED * tau2:
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


def _newton(y: FloatArray, v: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return what one step of Newton's method on the reciprocal of the ratio, nearly linear in tau2, adds to tau2.

    Its sign is that of the score.
    """
    w = 1 / (v + tau2)
    tail = w[1:]
    first, others = float(w[0]), float(_sum(tail))
    total = first + others
    z = w * (y - float(w.dot(y)) / total)
    gain = float(z.dot(z))
    shift = float(w.dot(z)) / total
    gain_slope = -2 * float(w.dot((z - shift) ** 2))
    if not restricted:
        loss, loss_slope = total, -float(w.dot(w))
    else:
        square_rest = float(tail.dot(tail))
        loss, loss_slope = (others * (first + total) - square_rest) / total, -_trace_pp(first, tail, others)
    return (gain - loss) / (loss_slope - loss / gain * gain_slope)


def _trace_pp(first: float, tail: FloatArray, others: float) -> float:
    """Return the trace of P P from the largest weight, the other weights and their sum."""
    total = first + others
    square = tail * tail
    square_rest = float(_sum(square))
    own = tail * (total - tail)
    across = 2 * first * first * square_rest + (square_rest * square_rest - float(square.dot(square)))
    return ((first * others) ** 2 + float(own.dot(own)) + across) / (total * total)


def log_likelihood(y: FloatArray, v: FloatArray, tau2: float, *, restricted: bool) -> float:
    """Return the full or restricted log-likelihood at `tau2`, all constants included."""
    w = 1 / (v + tau2)
    total = float(_sum(w))
    e = y - float(w.dot(y)) / total
    value = -0.5 * (len(y) * math.log(2 * math.pi) - float(_sum(np.log(w))) + float(w.dot(e * e)))
    if restricted:
        value += 0.5 * (math.log(2 * math.pi) + math.log(len(y) / total))
    return value


def _information_se(w: FloatArray, *, restricted: bool) -> float:
    if not restricted:
        return math.sqrt(2 / float(w.dot(w)))
    return math.sqrt(2 / _trace_pp(float(w[0]), w[1:], float(_sum(w[1:]))))


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
        if step <= _SETTLED * tau2:
            break
    return tau2

"""Random-effects fits on plain arrays: one set of studies or many at once, without checks and without model types.

K studies, N sets. Estimates `y` and sampling variances `v` are (K, N), a column per set. A study that a set does not
have stands there with an infinite variance: its weight is then exactly 0, so that ragged sets, leave-one-out and
subsets need no other code. T is the number of trial values of tau2.

Notation: w = 1 / (v + tau2), mu = sum(w y) / sum(w), P = W - w w' / sum(w), the matrix that takes out the mean. No
matrix is ever formed. In every column the most precise study comes first and estimates are counted from its own
(`arrange`). Where one study has nearly all the weight, the sums over the others are then taken on their own and no
digit is lost, however far the variances lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.model import TauMethod

Array: TypeAlias = npt.NDArray[np.float64]
"""Of any number of dimensions; the docstring says which."""

_PER_DECADE = 3
"""Trial values per factor of ten of tau2. The score is smooth on the log scale, with no feature narrower than a decade:
its only singularities lie at minus the variances."""

_DENSER, _LOWER = 8, 1e-3
"""How many times denser the search is repeated where the score comes close to 0 without a change of sign, and by which
factor lower it begins: a peak may hide between 0 and the first trial value."""

SETTLED = 1e-6
"""Relative step of Newton's method that is its last: convergence is quadratic, what remains is below 1e-12."""

_MOST_STEPS = 60
"""Steps of Newton's method, or halvings where it leaves the bracket, after which no digit is left to win."""

_BLOCK = 60_000
"""Numbers per array in the search over many sets; such arrays stay in the processor's cache."""

_sum = np.add.reduce


def _dot(a: Array, b: Array) -> Array:
    """Return the sums of products over the studies."""
    return np.asarray(np.einsum("k...,k...->...", a, b))


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets in the arrangement that the sums need.

    Attributes
    ----------
    y : (K, N) estimates minus `origin`; 0 in the first row and where a study is absent.
    v : (K, N) variances, the smallest of each column in the first row; infinite where a study is absent.
    k : (N,) studies present.
    origin : (N,) estimate of the most precise study.
    ragged : whether any study is absent.
    """

    y: Array
    v: Array
    k: Array
    origin: Array
    ragged: bool = False

    def only(self, columns: npt.NDArray[np.intp]) -> Sets:
        """Return some of the sets."""
        y, v = self.y.take(columns, axis=1), self.v.take(columns, axis=1)
        return Sets(y, v, self.k[columns], self.origin[columns], self.ragged)


@dataclass(frozen=True, slots=True)
class Fits:
    """Results, each (N,).

    Attributes
    ----------
    estimate, se : pooled estimate and its standard error without any rescaling.
    tau2, tau2_se : between-study variance and its asymptotic standard error.
    spread : weighted sum of squares around the estimate at tau2, divided by k - 1: Knapp and Hartung's factor.
    q : Cochran's Q.
    typical : typical sampling variance (Higgins and Thompson 2002, eq. 9).
    log_likelihood : restricted under ``reml``, full otherwise, all constants included.
    modes : local maxima of the likelihood that was maximised (1 for the other estimators).
    gap : log-likelihood by which the highest lies above the next; infinite with one.
    """

    estimate: Array
    se: Array
    tau2: Array
    tau2_se: Array
    spread: Array
    q: Array
    typical: Array
    log_likelihood: Array
    modes: npt.NDArray[np.intp]
    gap: Array


@dataclass(frozen=True, slots=True)
class _Between:
    """tau2 with its standard error and what the search met."""

    tau2: Array
    se: Array
    modes: npt.NDArray[np.intp]
    gap: Array


def one_set(y: Array, v: Array) -> Sets:
    """Arrange one set, (K,) each, K >= 1."""
    first = v.argmin()
    origin = y[first]
    y, v = y - origin, v.copy()
    y[first], y[0] = y[0], 0.0
    v[first], v[0] = v[0], v[first]
    return Sets(y[:, None], v[:, None], np.array([float(len(y))]), np.array([origin]))


def arrange(y: Array, v: Array) -> Sets:
    """Arrange (K, N) sets. An absent study has an infinite variance; every set has at least one that is present."""
    columns = np.arange(y.shape[1])
    first = v.argmin(axis=0)
    origin = y[first, columns]
    y, v = y - origin, v.copy()
    present = np.isfinite(v)
    ragged = not bool(present.all())
    if ragged:
        y = np.where(present, y, 0.0)
    y[first, columns], y[0] = y[0], 0.0
    smallest = v[first, columns]
    v[first, columns], v[0] = v[0], smallest
    return Sets(y, v, present.sum(axis=0).astype(np.float64), origin, ragged)


def fit(sets: Sets, method: TauMethod | None, *, tau2: float | None = None) -> Fits:
    """Fit every set by weights 1 / (v + tau2).

    Parameters
    ----------
    sets : each with at least two studies.
    method : estimator of tau2 without weights of its own; None is the common-effect model.
    tau2 : a value to take instead of an estimate.

    References
    ----------
    Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293, for HE, DL, HS, ML and REML with
    their variances; Paule and Mandel (1982); Morris (1983) for EB; Sidik and Jonkman (2005).
    """
    found = _fixed(sets, tau2 or 0.0) if method is None or tau2 is not None else between(sets, method)
    w = 1 / (sets.v[:, None] + np.stack((np.zeros_like(found.tau2), found.tau2)))
    others = _sum(w[1:])
    total = w[0] + others
    mean = _sum(w * sets.y[:, None]) / total
    squares = _sum(w * (sets.y[:, None] - mean) ** 2)
    trace = (others[0] * (w[0, 0] + total[0]) - _sum(w[1:, 0] ** 2)) / total[0]
    value = -0.5 * (sets.k * math.log(2 * math.pi) + _sum_of_logs(sets, w[:, 1]) + squares[1])
    if method == "reml":
        value = value + 0.5 * (math.log(2 * math.pi) + np.log(sets.k / total[1]))
    return Fits(
        estimate=sets.origin + mean[1],
        se=1 / np.sqrt(total[1]),
        tau2=found.tau2,
        tau2_se=found.se,
        spread=squares[1] / (sets.k - 1),
        q=squares[0],
        typical=(sets.k - 1) / trace,
        log_likelihood=value,
        modes=found.modes,
        gap=found.gap,
    )


def between(sets: Sets, method: TauMethod) -> _Between:
    """Estimate tau2 of every set; estimators that would be negative give exactly 0."""
    return _ESTIMATORS[method](sets)


def log_likelihoods(sets: Sets, tau2: Array, *, restricted: bool) -> Array:
    """Return (N,) full or restricted log-likelihoods at (N,) values of tau2, all constants included."""
    w = 1 / (sets.v + tau2)
    total = _sum(w)
    mean = _sum(w * sets.y) / total
    rss = _sum(w * (sets.y - mean) ** 2)
    value = -0.5 * (sets.k * math.log(2 * math.pi) + _sum_of_logs(sets, w) + rss)
    if restricted:
        value = value + 0.5 * (math.log(2 * math.pi) + np.log(sets.k / total))
    return np.asarray(value)


def _sum_of_logs(sets: Sets, w: Array) -> Array:
    """Return the sum of log(v + tau2) over the studies that are present."""
    if sets.ragged:
        w = np.where(w > 0, w, 1.0)
    return np.asarray(-_sum(np.log(w)))


def trace_psps(w: Array, s: Array) -> Array:
    """Return tr(P S P S) for weights (K, N) `w`, the largest first, and diagonal S (K, N).

    It is half the variance of the quadratic form y' P y when y has the variances S.
    """
    others = _sum(w[1:])
    total = w[0] + others
    rest = total - w
    rest[0] = others
    own = _sum((w * s * rest) ** 2)
    a = w * w * s
    a_rest = _sum(a[1:])
    across = 2 * a[0] * a_rest + (a_rest * a_rest - _sum(a[1:] ** 2))
    return np.asarray((own + across) / (total * total))


# Likelihood.


def _excess(y: Array, v: Array, tau2: Array, *, restricted: bool) -> Array:
    """Return numbers with the sign and the roots of the derivative of the log-likelihood in tau2.

    It is the ratio of the two terms of the derivative, minus 1: the ratio is 1 / (v + tau2) times a constant when all
    variances are equal, and never far from that.
    """
    w = v + tau2
    np.reciprocal(w, out=w)
    others = _sum(w[1:])
    total = w[0] + others
    z = y - _dot(w, y) / total
    z *= w
    if not restricted:
        return np.asarray(_dot(z, z) / total - 1)
    trace = (others * (w[0] + total) - _dot(w[1:], w[1:])) / total
    return np.asarray(_dot(z, z) / trace - 1)


def _newton(y: Array, v: Array, tau2: Array, *, restricted: bool) -> Array:
    """Return what one step of Newton's method on the reciprocal of the ratio, nearly linear in tau2, adds to tau2.

    Its sign is that of the score, also where the ratio rises and the method by itself would turn away from the root.
    """
    w = 1 / (v + tau2)
    others = _sum(w[1:])
    total = w[0] + others
    z = y - _dot(w, y) / total
    z *= w
    gain = _dot(z, z)
    z -= _dot(w, z) / total
    gain_slope = -2 * _dot(z * z, w)
    if restricted:
        rest = total - w
        rest[0] = others
        rest *= w
        square = w * w
        square_rest = _sum(square[1:])
        loss = (others * (w[0] + total) - square_rest) / total
        across = 2 * square[0] * square_rest + (square_rest * square_rest - _dot(square[1:], square[1:]))
        loss_slope = -(_dot(rest, rest) + across) / (total * total)
    else:
        loss, loss_slope = total, -_dot(w, w)
    return np.asarray((gain - loss) / np.abs(loss_slope - loss / gain * gain_slope))


def _likelihood(sets: Sets, *, restricted: bool) -> _Between:
    """Return the highest of all local maxima, the boundary at 0 among them.

    The likelihood can have several (Viechtbauer 2005; common with very unequal variances), so that a climb from one
    start is not enough: every change of sign of the score is refined. No root lies above the squared range of the
    estimates, because each study's own term of the score is then negative.
    """
    tau2, modes, gap = _searched(sets, restricted=restricted)
    w = 1 / (sets.v + tau2)
    information = trace_psps(w, np.ones_like(w)) if restricted else _sum(w * w)
    return _Between(tau2, np.sqrt(2 / information), modes, gap)


def _searched(sets: Sets, *, restricted: bool) -> tuple[Array, npt.NDArray[np.intp], Array]:
    """Search all sets, in blocks of like span when there are many; returns as `_search`."""
    low = 0.3 * sets.v[0]
    high = np.maximum((sets.y.max(axis=0) - sets.y.min(axis=0)) ** 2, 1e-9 * low)
    low = np.minimum(low, 0.5 * high)
    ratio = high / low
    numbers = len(sets.y) * (np.log10(ratio) * _PER_DECADE + 2)
    if numbers.max() * len(low) <= _BLOCK:
        return _search(sets, low, high, _PER_DECADE, restricted=restricted)
    order = np.argsort(ratio)
    tau2, modes, gap = np.empty_like(low), np.empty(len(low), dtype=np.intp), np.empty_like(low)
    start = 0
    while start < len(order):
        size = max(1, int(_BLOCK / numbers[order[start]]))
        size = max(1, int(_BLOCK / numbers[order[start : start + size][-1]]))
        block = order[start : start + size]
        found = _search(sets.only(block), low[block], high[block], _PER_DECADE, restricted=restricted)
        tau2[block], modes[block], gap[block] = found
        start += size
    return tau2, modes, gap


_STEPS = np.arange(4096.0)


def trial_values(low: float, high: float) -> Array:
    """Return trial values of tau2 from `low` to `high`, even on the log scale, after 0 and -`low`.

    The value below 0, for which the score is defined as well, shows on which way the score is at 0.
    """
    span = math.log(high / low)
    points = 2 + int(span * (_PER_DECADE / math.log(10)))
    grid = np.exp(_STEPS[: points + 2] * (span / (points - 1)))
    grid *= low * math.exp(-2 * span / (points - 1))
    grid[0], grid[1] = -low, 0.0
    return grid


def search_again(sets: Sets, low: Array, high: Array, *, restricted: bool) -> tuple[Array, npt.NDArray[np.intp], Array]:
    """Search as `between` does for the likelihoods, with trial values that lie closer together."""
    return _search(sets, _LOWER * low, high, _DENSER * _PER_DECADE, restricted=restricted)


def _search(
    sets: Sets, low: Array, high: Array, per_decade: int, *, restricted: bool
) -> tuple[Array, npt.NDArray[np.intp], Array]:
    """Return tau2, local maxima met, and the lead of the highest over the next, each (N,)."""
    span = np.log(high / low)
    points = 2 + int(span.max() * (per_decade / math.log(10)))
    grid = np.zeros((points + 2, len(low)))
    grid[0] = -low
    grid[2:] = low * np.exp(span * (_STEPS[:points, None] / (points - 1)))
    excess = _excess(sets.y[:, None], sets.v[:, None], grid, restricted=restricted)
    close = _close_calls(excess) if per_decade == _PER_DECADE else np.zeros(0, dtype=np.intp)
    grid, excess = grid[1:], excess[1:]
    rising = excess > 0
    cell, column = np.nonzero(rising[:-1] & ~rising[1:])
    at_zero = ~rising[0]
    tau2 = np.zeros_like(low)
    modes = np.bincount(column, minlength=len(low)) + at_zero
    gap = np.full_like(low, math.inf)
    if len(column):
        start = _interpolated(grid, excess, cell, column)
        ends = (grid[cell, column], grid[cell + 1, column])
        y, v = sets.y.take(column, axis=1), sets.v.take(column, axis=1)
        root = _climb(y, v, ends, start, restricted=restricted)
        tau2[column] = root
        if modes.max() > 1:
            column, root = np.append(column, np.flatnonzero(at_zero)), np.append(root, np.zeros(at_zero.sum()))
            _keep_highest(sets, column, root, tau2, gap, restricted=restricted)
    if len(close):
        again = search_again(sets.only(close), low[close], high[close], restricted=restricted)
        tau2[close], modes[close], gap[close] = again
    return tau2, modes, gap


def _close_calls(excess: Array) -> npt.NDArray[np.intp]:
    """Return the sets where (T, N) `excess` may touch 0 between two trial values that have the same sign."""
    slope = excess[1:] - excess[:-1]
    if (slope <= 0).all():
        return np.zeros(0, dtype=np.intp)
    bend = slope[1:] - slope[:-1]
    middle = excess[1:-1]
    turns = (slope[1:] * slope[:-1] < 0) & (middle * bend > 0) & (np.abs(middle) < np.abs(bend))
    return np.flatnonzero(turns.any(axis=0))


def _keep_highest(
    sets: Sets, column: npt.NDArray[np.intp], root: Array, tau2: Array, gap: Array, *, restricted: bool
) -> None:
    """Write the highest maximum of each column into `tau2`, and its lead over the next into `gap`."""
    value = log_likelihoods(sets.only(column), root, restricted=restricted)
    order = np.lexsort((value, column))
    column, root, value = column[order], root[order], value[order]
    last = np.append(column[1:] != column[:-1], True)
    tau2[column[last]] = root[last]
    second = np.flatnonzero(last & np.append(False, column[1:] == column[:-1]))
    gap[column[second]] = value[second] - value[second - 1]


def _interpolated(grid: Array, excess: Array, cell: npt.NDArray[np.intp], column: npt.NDArray[np.intp]) -> Array:
    """Return where the reciprocal of the ratio is 1, by inverse polynomial interpolation (Neville) around each cell."""
    width = min(4, len(grid))
    rows = np.clip(cell - 1, 0, len(grid) - width) + np.arange(width)[:, None]
    x, g = grid[rows, column], excess[rows, column]
    g = g / (1 + g)
    with np.errstate(all="ignore"):
        for reach in range(1, width):
            x = (g[:-reach] * x[1:] - g[reach:] * x[:-1]) / (g[:-reach] - g[reach:])
    return np.asarray(x[0])


def _climb(y: Array, v: Array, ends: tuple[Array, Array], start: Array, *, restricted: bool) -> Array:
    """Return (M,) roots between `ends`; the score is positive at the lower ones, and at the upper ones it is not."""
    low, high = ends
    tau2 = np.where((low < start) & (start < high), start, low + (high - low) / 2)
    going, now = np.arange(len(tau2)), tau2
    with np.errstate(all="ignore"):
        for _ in range(_MOST_STEPS):
            step = _newton(y, v, now, restricted=restricted)
            settled = np.abs(step) <= SETTLED * now
            after = np.clip(now + step, low, high)
            low, high = np.where(step > 0, now, low), np.where(step > 0, high, now)
            now = np.where(settled | ((low < after) & (after < high)), after, low + (high - low) / 2)
            tau2[going] = now
            left = np.flatnonzero(~settled)
            if not len(left):
                break
            if len(left) < len(going):
                going, now, low, high = going[left], now[left], low[left], high[left]
                y, v = y.take(left, axis=1), v.take(left, axis=1)
    return tau2


# Estimating equations on the generalised Q.


def solve_q(sets: Sets, target: Array) -> Array:
    """Return (N,) tau2 at which the generalised Q equals (N,) `target`; 0 where it lies below for every tau2.

    1 / Q is concave and increasing in tau2, so that Newton's method from 0 climbs to the root and never passes it.
    """
    tau2 = np.zeros_like(target)
    active = np.ones(len(target), dtype=np.bool_)
    for _ in range(200):
        w = 1 / (sets.v + tau2)
        total = _sum(w)
        e = sets.y - _sum(w * sets.y) / total
        z = w * e
        q = _sum(z * e)
        slope = _sum(z * z)
        with np.errstate(all="ignore"):
            step = np.where(active & (q > target), (q - target) / target * (q / slope), 0.0)
        tau2 = tau2 + step
        active = step > SETTLED * tau2
        if not active.any():
            break
    return tau2


def generalised_q(sets: Sets, tau2: Array) -> Array:
    """Return (N,) weighted sums of squares around the mean with weights 1 / (v + tau2)."""
    w = 1 / (sets.v + tau2)
    e = sets.y - _sum(w * sets.y) / _sum(w)
    return np.asarray(_sum(w * e * e))


def _paule_mandel(sets: Sets) -> _Between:
    return _from_q(sets, sets.k - 1)


def _median_unbiased(sets: Sets) -> _Between:
    # Viechtbauer (2021): Q equals the median of its distribution instead of its mean.
    return _from_q(sets, np.asarray(2 * special.gammaincinv((sets.k - 1) / 2, 0.5), dtype=np.float64))


def _from_q(sets: Sets, target: Array) -> _Between:
    tau2 = solve_q(sets, target)
    se = np.sqrt(2 * sets.k**2 / (sets.k - 1)) / _sum(1 / (sets.v + tau2))
    return _plain(tau2, se)


# Moments.


def _dersimonian_laird(sets: Sets) -> _Between:
    w = 1 / sets.v
    others = _sum(w[1:])
    total = w[0] + others
    divisor = (others * (w[0] + total) - _sum(w[1:] ** 2)) / total
    return _by_moments(sets, w, (_q(sets, w) - (sets.k - 1)) / divisor, divisor)


def _hunter_schmidt(sets: Sets) -> _Between:
    w = 1 / sets.v
    divisor = _sum(w)
    return _by_moments(sets, w, (_q(sets, w) - sets.k) / divisor, divisor)


def _hunter_schmidt_corrected(sets: Sets) -> _Between:
    # Brannick et al. (2019): Q times k / (k - 1), against the bias downwards with few studies.
    w = 1 / sets.v
    factor = sets.k / (sets.k - 1)
    divisor = _sum(w)
    return _by_moments(sets, w, (factor * _q(sets, w) - sets.k) / divisor, divisor / factor)


def _hedges(sets: Sets) -> _Between:
    w = np.isfinite(sets.v).astype(np.float64)
    mean_v = _sum(np.where(w > 0, sets.v, 0.0)) / sets.k
    return _by_moments(sets, w, _q(sets, w) / (sets.k - 1) - mean_v, sets.k - 1)


def _sidik_jonkman(sets: Sets) -> _Between:
    w = np.isfinite(sets.v).astype(np.float64)
    start = _q(sets, w) / sets.k
    known = np.where(start > 0, start, 1.0)
    w = known / (sets.v + known)
    found = _by_moments(sets, w, np.where(start > 0, _q(sets, w) / (sets.k - 1), 0.0), sets.k - 1)
    return replace(found, se=np.where(start > 0, found.se, 0.0))


def _q(sets: Sets, w: Array) -> Array:
    e = sets.y - _sum(w * sets.y) / _sum(w)
    return np.asarray(_sum(w * e * e))


def _by_moments(sets: Sets, w: Array, raw: Array, divisor: Array) -> _Between:
    """Return the truncated moment estimator; its quadratic form has variance 2 tr(P S P S) with S = V + tau2 I."""
    tau2 = np.maximum(raw, 0.0)
    s = np.where(w > 0, sets.v + tau2, 0.0) if sets.ragged else sets.v + tau2
    return _plain(tau2, np.sqrt(2 * trace_psps(w, s)) / divisor)


def _fixed(sets: Sets, tau2: float) -> _Between:
    return _plain(np.full_like(sets.k, tau2), np.full_like(sets.k, math.nan))


def _plain(tau2: Array, se: Array) -> _Between:
    return _Between(tau2, se, np.ones(len(tau2), dtype=np.intp), np.full_like(tau2, math.inf))


def _reml(sets: Sets) -> _Between:
    return _likelihood(sets, restricted=True)


def _ml(sets: Sets) -> _Between:
    return _likelihood(sets, restricted=False)


_ESTIMATORS: dict[TauMethod, Callable[[Sets], _Between]] = {
    "reml": _reml,
    "ml": _ml,
    "dl": _dersimonian_laird,
    "pm": _paule_mandel,
    "pmm": _median_unbiased,
    "eb": _paule_mandel,
    "he": _hedges,
    "hs": _hunter_schmidt,
    "hsk": _hunter_schmidt_corrected,
    "sj": _sidik_jonkman,
}
"""One function per estimator without weights of its own; ``genq`` and ``genqm`` stand in `generalised`."""

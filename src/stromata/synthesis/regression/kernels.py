"""Mixed-effects meta-regression on plain arrays: y = X beta + u + e, without checks and without model types.

K studies, p columns of X (full rank), n = K - p. T is the number of trial values of tau2. d = v + tau2 are the
marginal variances, w = 1 / d, and P = W - W X (X'WX)^-1 X'W takes out the coefficients.

Nothing here forms X'WX: with sampling variances that lie far apart it would lose the digits that count. Instead p
studies, precise ones whose rows span the columns, are the *pivots* B, and X is written in the coordinates in which
their rows are the identity; the rows of all others are then N (n, p). The contrasts z = y_N - N y_B are free of the
coefficients and have the variance D_N + N D_B N'. With E = N' D_N^-1 N, all there is follows from the (p, p) matrix

    G = I + D_B^(1/2) E D_B^(1/2),

whose eigenvalues are at least 1 and, because the pivots are the precise studies, not large. No K x K matrix is formed.
This is the elimination of Peters and Wilkinson for stiff least-squares problems; for X = 1 it counts all estimates from
the most precise study's.

References
----------
Peters and Wilkinson (1970), Computer Journal 13, 309-316, and Björck (1996), Numerical Methods for Least Squares
Problems, 4.4, for the elimination; Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293,
and Viechtbauer, López-López, Sánchez-Meca and Marín-Martínez (2015), Psychological Methods 20, 360-374, for the
estimators of tau2 with moderators; DerSimonian and Kacker (2007), Contemporary Clinical Trials 28, 105-114, and
Jackson, Turner, Rhodes and Viechtbauer (2014), BMC Medical Research Methodology 14:103, for the generalised Q.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.linalg import lapack

from stromata.model import TauMethod
from stromata.synthesis.pooling.quadratic_forms import probability_below

Array: TypeAlias = npt.NDArray[np.float64]
"""Of any number of dimensions; the docstring says which."""

COLLINEAR = 1e-10
"""Share of a column's length that is left when the columns before it are taken out, below which it depends on them.
Above, at least six digits of the coefficients are sound."""

_LARGEST_ENTRY = 100.0
"""Entries of N above which other pivots are sought. Digits are lost with its square."""

_DEPENDENT = 1e-24
"""Squared share of a row's length below which it counts as a combination of the pivots chosen before it."""

_PER_DECADE = 5
"""Trial values per factor of ten of tau2. On the log scale the score has no feature narrower than a decade: its only
singularities lie at minus the eigenvalues of the contrasts' covariance. So many also make the interpolated start of
Newton's method good to several digits."""

_DENSER = 8
"""How many times denser the search is repeated where the score comes close to 0 without a change of sign."""

_SETTLED = 1e-7
"""Relative step of Newton's method that is its last: convergence is quadratic, what remains is well below 1e-12."""

_LOG_2PI = math.log(2 * math.pi)

_sum = np.add.reduce


@dataclass(frozen=True, slots=True)
class Design:
    """A matrix X of full rank as `q` (K, p) with orthonormal columns and `back` (p, p), so that X = q back^-1."""

    q: Array
    back: Array


@dataclass(frozen=True, slots=True)
class Pivots:
    """One choice of pivots for one set of studies.

    Attributes
    ----------
    rows, rest : (p,) and (n,) places of the pivots and of all others.
    n : (n, p) rows of the others; `products` (n, p * p) those of their outer products.
    inverse : (p, p) inverse of the pivots' rows of `Design.q`.
    z : (n,) contrasts. y : (p,) estimates of the pivots.
    v_rest, v_rows : (n,) and (p,) sampling variances.
    log_volume : half the logarithm of det(I + N'N).
    """

    rows: npt.NDArray[np.intp]
    rest: npt.NDArray[np.intp]
    n: Array
    products: Array
    inverse: Array
    z: Array
    y: Array
    v_rest: Array
    v_rows: Array
    log_volume: float


@dataclass(frozen=True, slots=True)
class Problem:
    """One set with its pivots: `pivots[i]` serves tau2 up to `limits[i]`; nearly always there is one choice."""

    y: Array
    v: Array
    design: Design
    pivots: tuple[Pivots, ...]
    limits: tuple[float, ...]
    span: float

    @property
    def df(self) -> int:
        """Studies minus coefficients."""
        return len(self.y) - int(self.design.q.shape[1])

    def at(self, tau2: float) -> Pivots:
        """Return the pivots that serve this value."""
        for pivots, limit in zip(self.pivots, self.limits, strict=True):
            if tau2 <= limit:
                return pivots
        return self.pivots[-1]


@dataclass(frozen=True, slots=True)
class Between:
    """tau2, its asymptotic standard error, the local maxima met, and the lead of the highest over the next.

    The standard error under ``ml`` and ``reml`` is added by `fit`, where all that it needs is at hand.
    """

    tau2: float
    se: float
    modes: int = 1
    gap: float = math.inf


@dataclass(frozen=True, slots=True)
class Fitted:
    """Results of one fit.

    Attributes
    ----------
    beta, covariance : (p,) and (p, p), without any rescaling.
    between : tau2 and what belongs to it.
    rss : weighted sum of squares around the fit at tau2. q : the same at tau2 = 0 (Cochran's Q_E).
    trace : tr(P) at tau2 = 0; the typical sampling variance is (K - p) / trace.
    full, restricted : log-likelihoods, all constants included.
    """

    beta: Array
    covariance: Array
    between: Between
    rss: float
    q: float
    trace: float
    full: float
    restricted: float


@dataclass(frozen=True, slots=True)
class _Solved:
    """What depends on tau2.

    Attributes
    ----------
    w : (n,) weights of the others. d_rows : (p,) marginal variances of the pivots.
    e : (p, p) as in the notes above. factor : the Cholesky factor of G.
    gamma, ratio : D_B^(1/2) G^-1 D_B^(1/2), and D_B^(1/2) G^-1 D_B^(-1/2).
    r, r_rows : P y in its two parts.
    """

    w: Array
    d_rows: Array
    e: Array
    factor: Array
    gamma: Array
    ratio: Array
    r: Array
    r_rows: Array


def design(x: Array) -> tuple[Design, list[int]]:
    """Return X without the columns that depend on those before them, and the places of the columns kept."""
    scale = np.sqrt(np.einsum("kp,kp->p", x, x))
    if len(x) >= x.shape[1] and scale.all():
        factored, tau, _, _ = lapack.dgeqrf(x / scale)
        left = np.abs(factored.diagonal())
        if left.min() > COLLINEAR:
            back = lapack.dtrtri(factored[: len(scale)])[0]
            return Design(lapack.dorgqr(factored, tau)[0], np.triu(back) / scale[:, None]), list(range(len(scale)))
    kept: list[int] = []
    basis = np.zeros((len(x), 0))
    for j in np.flatnonzero(scale).tolist():
        column = x[:, j] / scale[j]
        for _ in range(2):  # twice is enough for full orthogonality
            column = column - basis @ (basis.T @ column)
        length = math.sqrt(float(column @ column))
        if length > COLLINEAR and len(kept) < len(x):
            kept.append(j)
            basis = np.column_stack((basis, column / length))
    q, r = np.linalg.qr(x[:, kept] / scale[kept])
    return Design(q, np.linalg.inv(r) / scale[kept][:, None]), kept


def problem(y: Array, v: Array, matrix: Design) -> Problem:
    """Choose the pivots; (K,) `y` and `v` > 0, K >= p."""
    residual = y - matrix.q @ (matrix.q.T @ y)
    span = 1.01 * float(residual @ residual)
    first = _quick_pivots(y, v, matrix)
    if first is not None:
        return Problem(y, v, matrix, (first,), (math.inf,), span)
    first = _careful_pivots(y, v, matrix, 0.0)
    pivots, limits = [first], []
    for tau2 in np.geomspace(1e-3 * float(v.min()), max(1e3 * float(v.max()), span), 100).tolist():
        if _growth(pivots[-1], tau2) > _LARGEST_ENTRY:
            other = _careful_pivots(y, v, matrix, tau2)
            if _growth(other, tau2) < _growth(pivots[-1], tau2):
                pivots.append(other)
                limits.append(tau2)
    return Problem(y, v, matrix, tuple(pivots), (*limits, math.inf), span)


def _growth(pivots: Pivots, tau2: float) -> float:
    scaled = np.abs(pivots.n) * np.sqrt((pivots.v_rows + tau2) / (pivots.v_rest + tau2)[:, None])
    return float(scaled.max(initial=0.0))


def _quick_pivots(y: Array, v: Array, matrix: Design) -> Pivots | None:
    """Choose pivots by a QR factorisation with column pivoting; None when they do not serve every tau2."""
    p = matrix.q.shape[1]
    order = lapack.dgeqp3(matrix.q.T / np.sqrt(v / v.min()))[1] - 1
    pivots = _with_rows(y, v, matrix, order[:p], order[p:])
    if pivots is None or (pivots.n.size and not np.abs(pivots.n).max() <= _LARGEST_ENTRY):
        return None
    return pivots


def _careful_pivots(y: Array, v: Array, matrix: Design, tau2: float) -> Pivots:
    """Choose pivots greedily: each time the study that adds most information to those chosen before.

    A row that depends on them but for rounding is never chosen, however large its weight.
    """
    q = matrix.q
    d = v + tau2
    m = q * np.sqrt(d.min() / d)[:, None]
    left = np.einsum("kp,kp->k", m, m)
    floor = _DEPENDENT * left
    rows: list[int] = []
    for _ in range(q.shape[1]):
        i = int(left.argmax())
        rows.append(i)
        u = m[i] / math.sqrt(left[i])
        for _ in range(2):
            m -= np.multiply.outer(m @ u, u)
        left = np.einsum("kp,kp->k", m, m)
        left[left <= floor] = 0.0
        left[rows] = -1.0
    others = np.setdiff1d(np.arange(len(y)), rows)
    pivots = _with_rows(y, v, matrix, np.array(rows), others)
    if pivots is None:  # pragma: no cover - full rank of q forbids it
        raise ArithmeticError("no pivots")
    return pivots


def _with_rows(
    y: Array, v: Array, matrix: Design, rows: npt.NDArray[np.intp], rest: npt.NDArray[np.intp]
) -> Pivots | None:
    factors, order, info = lapack.dgetrf(matrix.q[rows])
    if info:
        return None
    inverse = lapack.dgetri(factors, order)[0]
    n = matrix.q[rest] @ inverse
    products = (n[:, :, None] * n[:, None, :]).reshape(len(rest), len(rows) ** 2)
    volume = -float(np.log(np.abs(factors.diagonal())).sum())
    return Pivots(rows, rest, n, products, inverse, y[rest] - n @ y[rows], y[rows], v[rest], v[rows], volume)


@lru_cache(maxsize=64)
def _identity(p: int) -> Array:
    return np.eye(p)


def _solve(b: Pivots, tau2: float) -> _Solved:
    p = len(b.rows)
    w = 1 / (b.v_rest + tau2)
    d_rows = b.v_rows + tau2
    root = np.sqrt(d_rows)
    across = root[:, None]
    e = (w @ b.products).reshape(p, p)
    g = e * (across * root)
    g.ravel()[:: p + 1] += 1
    factor, inverse, _ = lapack.dposv(g, _identity(p))
    left = across * inverse
    gamma = left * root
    r, r_rows = _apply(b, w, gamma, b.z)
    return _Solved(w, d_rows, e, factor, gamma, left / root, r, r_rows)


def _apply(b: Pivots, w: Array, gamma: Array, z: Array) -> tuple[Array, Array]:
    """Return P x in its two parts, for the vector x whose contrasts are `z`."""
    c = w * z
    r = c - w * (b.n @ (gamma @ (c @ b.n)))
    return r, -(r @ b.n)


def _squares(s: _Solved) -> float:
    """Return y'PPy."""
    return float(s.r @ s.r + s.r_rows @ s.r_rows)


def _leverages(b: Pivots, s: _Solved) -> tuple[Array, Array]:
    """Return (n,) leverages of the others, and the (p, p) block of P that belongs to the pivots."""
    return s.w * (b.products @ s.gamma.ravel()), s.e @ s.ratio


def _trace(s: _Solved, h: Array, block: Array) -> float:
    """Return tr(P)."""
    return float(s.w @ (1 - h) + _sum(block.diagonal()))


def _weights(s: _Solved) -> float:
    return float(_sum(s.w) + _sum(1 / s.d_rows))


def _trace_pp(b: Pivots, s: _Solved, h: Array, block: Array) -> float:
    """Return tr(P P)."""
    u = s.w[:, None] * (b.n @ s.ratio)
    square = s.w * s.w
    y = (square @ b.products).reshape(block.shape) @ s.gamma
    return float(np.vdot(block, block) + 2 * np.vdot(u, u) + square @ (1 - 2 * h) + np.vdot(y, y.T))


def _trace_psps(b: Pivots, s: _Solved, spread: Array) -> float:
    """Return tr(P S P S) for diagonal S (K,); half the variance of y'Py when y has the variances S."""
    h, block = _leverages(b, s)
    rest, rows = spread[b.rest], spread[b.rows]
    u = s.w[:, None] * (b.n @ s.ratio)
    ws = s.w * rest
    y = ((ws * s.w) @ b.products).reshape(block.shape) @ s.gamma
    own = rows @ (block * block) @ rows + 2 * (rest @ (u * u) @ rows)
    return float(own + (ws * ws) @ (1 - 2 * h) + np.vdot(y, y.T))


def fit(data: Problem, method: TauMethod | None, *, tau2: float | None = None, weights: Array | None = None) -> Fitted:
    """Fit one set.

    Parameters
    ----------
    data : K > p studies; K >= p when `method` is None.
    method : estimator of tau2; None is the common-effect model.
    tau2 : a value to take instead of an estimate.
    weights : (K,) for ``genq`` and ``genqm``: they serve tau2 and the coefficients, whose covariance is then of the
        sandwich form.
    """
    if tau2 is not None:
        between = Between(tau2, math.nan)
    elif method is None:
        between = Between(0.0, math.nan)
    elif weights is not None:
        between = _by_moments(data, weights, method)
    else:
        between = _ESTIMATORS[method](data)
    b = data.at(between.tau2)
    s = _solve(b, between.tau2)
    if method in {"ml", "reml"} and tau2 is None:
        between = replace(between, se=_likelihood_se(b, s, restricted=method == "reml"))
    b0 = data.pivots[0]
    s0 = _solve(b0, 0.0) if between.tau2 else s
    full, restricted = _likelihoods(b, s)
    if weights is None:
        back = data.design.back @ b.inverse
        beta, covariance = back @ (b.y - s.d_rows * s.r_rows), back @ s.gamma @ back.T
    else:
        beta, covariance = _user_weighted(data, weights, between.tau2)
    trace = _trace(s0, *_leverages(b0, s0))
    covariance = (covariance + covariance.T) / 2
    return Fitted(beta, covariance, between, float(s.r @ b.z), float(s0.r @ b0.z), trace, full, restricted)


def _user_weighted(data: Problem, weights: Array, tau2: float) -> tuple[Array, Array]:
    """Return coefficients and their sandwich covariance."""
    own = problem(data.y, 1 / weights, data.design)
    b = own.pivots[0]
    s = _solve(b, 0.0)
    back = data.design.back @ b.inverse
    d = data.v + tau2
    to_rows = s.gamma / s.d_rows
    to_rest = s.gamma @ (b.n * s.w[:, None]).T
    meat = (to_rows * d[b.rows]) @ to_rows.T + (to_rest * d[b.rest]) @ to_rest.T
    return back @ (b.y - s.d_rows * s.r_rows), back @ meat @ back.T


def _likelihoods(b: Pivots, s: _Solved) -> tuple[float, float]:
    n, p = b.n.shape
    rss = float(s.r @ b.z)
    logs = -float(_sum(np.log(s.w)))
    full = -0.5 * ((n + p) * _LOG_2PI + logs + float(_sum(np.log(s.d_rows))) + rss)
    volume = float(_sum(np.log(s.factor.diagonal())))
    return full, b.log_volume - volume - 0.5 * (n * _LOG_2PI + logs + rss)


def log_likelihood(data: Problem, tau2: float, *, restricted: bool) -> float:
    """Return the restricted or the full log-likelihood at `tau2`, all constants included."""
    b = data.at(tau2)
    return _likelihoods(b, _solve(b, tau2))[1 if restricted else 0]


def residuals(data: Problem, tau2: float) -> tuple[Array, Array]:
    """Return (K,) residuals y - X beta, and (K,) 1 minus the leverages, which keeps its digits where that is near 0."""
    b = data.at(tau2)
    s = _solve(b, tau2)
    h, block = _leverages(b, s)
    out, free = np.empty_like(data.y), np.empty_like(data.y)
    out[b.rest], out[b.rows] = s.r / s.w, s.r_rows * s.d_rows
    free[b.rest], free[b.rows] = 1 - h, block.diagonal() * s.d_rows
    return out, free


# Likelihood.


def _excess(data: Problem, tau2: Array, *, restricted: bool) -> Array:
    """Return (T,) numbers with the sign and the roots of the derivative of the log-likelihood.

    They are the ratio of the two terms of the derivative, minus 1; written for all trial values at once.
    """
    if len(data.pivots) > 1:
        return np.array([_excess_at(data, value, restricted=restricted) for value in tau2.tolist()])
    b = data.pivots[0]
    p = len(b.rows)
    w = 1 / (b.v_rest + tau2[:, None])
    d_rows = b.v_rows + tau2[:, None]
    root = np.sqrt(d_rows)
    e = (w @ b.products).reshape(-1, p, p)
    g = e * (root[:, :, None] * root[:, None, :])
    g.reshape(-1, p * p)[:, :: p + 1] += 1
    left = root[:, :, None] * np.linalg.inv(g)
    gamma = left * root[:, None, :]
    c = w * b.z
    r = c - w * (np.matmul((c @ b.n)[:, None, :], gamma)[:, 0] @ b.n.T)
    r_rows = r @ b.n
    gain = np.einsum("tn,tn->t", r, r) + np.einsum("tp,tp->t", r_rows, r_rows)
    if not restricted:
        return np.asarray(gain / (_sum(w, axis=1) + _sum(1 / d_rows, axis=1)) - 1)
    h = w * (gamma.reshape(-1, p * p) @ b.products.T)
    left /= root[:, None, :]
    return np.asarray(gain / (np.einsum("tn,tn->t", w, 1 - h) + np.einsum("tab,tba->t", e, left)) - 1)


def _excess_at(data: Problem, tau2: float, *, restricted: bool) -> float:
    b = data.at(tau2)
    s = _solve(b, tau2)
    return _squares(s) / (_trace(s, *_leverages(b, s)) if restricted else _weights(s)) - 1


def _newton(data: Problem, tau2: float, *, restricted: bool) -> float:
    """Return what one step of Newton's method on the reciprocal of the ratio, nearly linear in tau2, adds to tau2."""
    b = data.at(tau2)
    s = _solve(b, tau2)
    gain = _squares(s)
    again, again_rows = _apply(b, s.w, s.gamma, s.r - b.n @ s.r_rows)
    gain_slope = -2 * float(s.r @ again + s.r_rows @ again_rows)
    if restricted:
        h, block = _leverages(b, s)
        loss, loss_slope = _trace(s, h, block), -_trace_pp(b, s, h, block)
    else:
        loss, loss_slope = _weights(s), -float(s.w @ s.w + _sum(s.d_rows**-2))
    bend = loss_slope - loss / gain * gain_slope
    return (gain - loss) / bend if bend else math.nan


def _likelihood(data: Problem, *, restricted: bool) -> Between:
    """Return the highest of all local maxima, the boundary at 0 among them.

    With the eigenvalues d of the contrasts' covariance, which lie between the smallest and the largest variance, the
    score is a sum of z^2 / (d + tau2)^2 - 1 / (d + tau2). No root lies above the sum of z^2, the residual sum of
    squares of the unweighted fit. With s its mean, bounds on both sums give u^2 <= s (u + v_max - v_min) at a root,
    where u = v_min + tau2.
    """
    least, most = float(data.v.min()), float(data.v.max())
    low, mean = 0.3 * least, data.span / data.df
    high = max(min(data.span, (mean + math.sqrt(mean * (mean + 4 * (most - least)))) / 2), 1e-9 * low)
    low = min(low, 0.5 * high)
    roots, excess = _roots(data, low, high, _PER_DECADE, restricted=restricted)
    if _close_call(excess):
        roots, excess = _roots(data, low, high, _DENSER * _PER_DECADE, restricted=restricted)
    if not excess[0] > 0:
        roots.insert(0, 0.0)
    modes, gap, tau2 = max(len(roots), 1), math.inf, roots[-1] if roots else 0.0
    if modes > 1:
        value = [log_likelihood(data, root, restricted=restricted) for root in roots]
        order = np.argsort(value)
        tau2, gap = roots[order[-1]], value[order[-1]] - value[order[-2]]
    return Between(tau2, math.nan, modes, gap)


def _likelihood_se(b: Pivots, s: _Solved, *, restricted: bool) -> float:
    """Return the standard error of tau2 from the expected information."""
    information = _trace_pp(b, s, *_leverages(b, s)) if restricted else float(s.w @ s.w + _sum(s.d_rows**-2))
    return math.sqrt(2 / information) if information > 0 else math.inf


def _roots(data: Problem, low: float, high: float, per_decade: int, *, restricted: bool) -> tuple[list[float], Array]:
    """Return the local maxima above 0, and the excess at all trial values, the first of which is 0."""
    span = math.log(high / low)
    points = 2 + int(span * (per_decade / math.log(10)))
    grid = np.zeros(points + 1)
    grid[1:] = low * np.exp(np.arange(float(points)) * (span / (points - 1)))
    excess = _excess(data, grid, restricted=restricted)
    rising = excess > 0
    cells = (rising[:-1] & ~rising[1:]).nonzero()[0].tolist()
    return [_refine(data, grid, excess, cell, restricted=restricted) for cell in cells], excess


def _close_call(excess: Array) -> bool:
    """Return whether the excess may touch 0 between two trial values that have the same sign."""
    slope = excess[1:] - excess[:-1]
    if slope.max() <= 0:
        return False
    bend, middle = slope[1:] - slope[:-1], excess[1:-1]
    turns = (slope[1:] * slope[:-1] < 0) & (middle * bend > 0) & (np.abs(middle) < np.abs(bend))
    return bool(turns.any())


def _refine(data: Problem, grid: Array, excess: Array, cell: int, *, restricted: bool) -> float:
    """Return the root in one cell: Newton's method, or halving where that leaves the cell."""
    low, high = grid[cell : cell + 2].tolist()
    tau2 = _interpolated(grid, excess, cell)
    for _ in range(8):
        step = _newton(data, tau2, restricted=restricted)
        tau2 += step
        if not low <= tau2 <= high:
            break
        if abs(step) <= _SETTLED * tau2:
            return tau2
    return halve(lambda t: _excess_at(data, t, restricted=restricted) > 0, low, high)


def _interpolated(grid: Array, excess: Array, cell: int) -> float:
    """Return where 1 minus the reciprocal of the ratio is 0, through up to six trial values (Neville's scheme)."""
    first = max(cell - 2, 0)
    t = grid[first : first + 6].tolist()
    a = [each / (1 + each) if each > -1 else -math.inf for each in excess[first : first + 6].tolist()]
    low, high = float(grid[cell]), float(grid[cell + 1])
    i = cell - first
    straight = low + (high - low) * (a[i] / (a[i] - a[i + 1])) if math.isfinite(a[i + 1]) else (low + high) / 2
    if any(x <= y for x, y in pairwise(a)):
        return straight
    for width in range(1, len(t)):
        t = [(a[j] * t[j + 1] - a[j + width] * t[j]) / (a[j] - a[j + width]) for j in range(len(t) - 1)]
    return t[0] if low < t[0] < high else straight


def halve(rising: Callable[[float], bool], low: float, high: float) -> float:
    """Return the root to the last place, by halving; `rising` is true below it."""
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            return high
        low, high = (middle, high) if rising(middle) else (low, middle)


# Estimating equations on the generalised Q.


def solve_q(data: Problem, target: float) -> float:
    """Return tau2 at which the weighted sum of squares equals `target`; 0 where it lies below for every tau2.

    Its reciprocal is concave and increasing in tau2, so that Newton's method from 0 climbs to the root and never
    passes it.
    """
    tau2 = 0.0
    for _ in range(200):
        b = data.at(tau2)
        s = _solve(b, tau2)
        q, slope = float(s.r @ b.z), _squares(s)
        if not (q > target and slope > 0):
            break
        step = (q - target) / target * (q / slope)
        tau2 += step
        if step <= _SETTLED * tau2:
            break
    return tau2


def generalised_q(data: Problem, tau2: float) -> float:
    """Return the weighted sum of squares around the fit with weights 1 / (v + tau2)."""
    b = data.at(tau2)
    return float(_solve(b, tau2).r @ b.z)


def _from_q(data: Problem, target: float) -> Between:
    tau2 = solve_q(data, target)
    k = len(data.y)
    return Between(tau2, math.sqrt(2 * k * k / data.df) / float(_sum(1 / (data.v + tau2))))


def _paule_mandel(data: Problem) -> Between:
    return _from_q(data, data.df)


def _median_unbiased(data: Problem) -> Between:
    return _from_q(data, 2 * float(special.gammaincinv(data.df / 2, 0.5)))


# Moments: all are quadratic forms y'Py with weights a of their own, whose variance is 2 tr(P S P S), S = V + tau2 I.


def _by_moments(data: Problem, weights: Array | None, method: str) -> Between:
    k, df = len(data.y), data.df
    own = data if weights is None else problem(data.y, 1 / weights, data.design)
    b = own.pivots[0]
    s = _solve(b, 0.0)
    q = float(s.r @ b.z)
    h, block = _leverages(b, s)
    if method in {"hs", "hsk"}:
        # Hunter and Schmidt expect K, not K - p, from Q; the corrected form scales Q up instead (Brannick et al. 2019).
        factor = k / df if method == "hsk" else 1.0
        total = _weights(s)
        raw, divisor = (factor * q - k) / total, total / factor
    elif method == "sj":
        raw, divisor = q / df, float(df)
    elif method == "genqm":
        raw, divisor = _tau2_at(data, q, own.v, 0.5), _trace(s, h, block)
    else:
        divisor = _trace(s, h, block)
        known = float((s.w * (1 - h)) @ data.v[b.rest] + block.diagonal() @ data.v[b.rows])
        raw = (q - known) / divisor
    tau2 = max(raw, 0.0)
    return Between(tau2, math.sqrt(2 * _trace_psps(b, s, data.v + tau2)) / divisor)


def tau2_at(data: Problem, weights: Array | None, probability: float) -> float:
    """Return tau2 at which a generalised Q as large as this one, or less, has this probability; 0 where none has.

    The generalised Q is that of `weights` (K,), or of 1 / v.
    """
    variances = data.v if weights is None else 1 / weights
    own = data if weights is None else problem(data.y, variances, data.design)
    return _tau2_at(data, generalised_q(own, 0.0), variances, probability)


def _tau2_at(data: Problem, q: float, variances: Array, probability: float) -> float:
    """The same for a Q that is known, with weights 1 / `variances`."""
    from scipy.optimize import brentq  # noqa: PLC0415 - loads slowly, and few need it

    a = variances.min() / variances
    q *= float(variances.min())

    def excess(tau2: float) -> float:
        return probability_below(q, a, data.v + tau2, data.design.q) - probability

    if q <= 0 or excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, q / float(a.sum()) + float(np.median(data.v))
    while excess(high) > 0:
        low, high = high, 4 * high
    return float(brentq(excess, low, high, xtol=1e-300, rtol=1e-15, maxiter=500))


def _hedges(data: Problem) -> Between:
    return _by_moments(data, np.ones_like(data.v), "he")


def _sidik_jonkman(data: Problem) -> Between:
    # Their start is the variance of all estimates, also with moderators; a crude start suffices.
    start = float(np.var(data.y))
    if not start > 0:
        return Between(0.0, 0.0)
    return _by_moments(data, start / (data.v + start), "sj")


_ESTIMATORS: dict[TauMethod, Callable[[Problem], Between]] = {
    "reml": lambda data: _likelihood(data, restricted=True),
    "ml": lambda data: _likelihood(data, restricted=False),
    "dl": lambda data: _by_moments(data, None, "dl"),
    "hs": lambda data: _by_moments(data, None, "hs"),
    "hsk": lambda data: _by_moments(data, None, "hsk"),
    "he": _hedges,
    "sj": _sidik_jonkman,
    "pm": _paule_mandel,
    "pmm": _median_unbiased,
    "eb": _paule_mandel,
}
"""One function per estimator without weights of its own."""

"""Pooling of vectors: studies that each tell something of the same p coefficients, which vary between studies.

K studies; study i has m_i estimates y_i = X_i (beta + u_i) + e_i with Var(e_i) = V_i known and Var(u_i) = Psi, any
(p, p) covariance matrix. With X_i = I they are p estimates per study. Dose-response curves and diagnostic accuracy end
here. Psi = L L', so that it never leaves the covariance matrices, and its boundary is no boundary of L.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import optimize

from stromata.errors import DidNotConverge
from stromata.model import Caution
from stromata.synthesis.cautions import CLOSE_MAXIMA
from stromata.synthesis.intervals import FloatArray, chi_squared_p
from stromata.synthesis.study_set import frozen

VectorMethod: TypeAlias = Literal["reml", "ml", "mm", "fixed"]
"""Estimators of Psi: restricted and full likelihood, moments; ``fixed`` takes none."""

NEARLY_ONE = 1 - 1e-6
"""Correlation between studies from which on it counts as being at its limit."""

Descent: TypeAlias = Callable[[FloatArray], tuple[float, FloatArray]]
"""Minus the log-likelihood and its gradient."""

_LOG_2PI = math.log(2 * math.pi)
_SAME = 1e-6
"""Log-likelihood units within which two searches have found the same maximum."""
_VANISHED = 1e-9
"""Eigenvalue of Psi, relative to the mean sampling variance, below which 0 is tried instead."""
_SINGULAR = 1e-13
"""Least eigenvalue of the coefficients' correlations up to which they are rounding, and no coefficients."""
_TOO_FAR_APART = (
    "no coefficients: one study or dose is so far from the rest, or so much more precise, that the others cannot be "
    "told from rounding beside it"
)
_LEAVE_OUT = "Look for a misprint in sei or dose, or leave that study out."
_NEWTON = 12
"""Newton steps after the search; it has come close, and convergence is quadratic."""

CODES = ("close-maxima", "correlation-at-limit", "variance-at-zero", "did-not-converge")
"""Codes of the cautions of a pooled vector."""


@dataclass(frozen=True, slots=True, eq=False)
class PooledVector:
    """A pooled vector. Arrays are read-only.

    Attributes
    ----------
    estimates, covariance : (p,) and (p, p).
    psi : (p, p) covariance of the true vectors between studies; zeros under ``fixed``.
    q, q_df, q_p : Cochran's test that all studies share one vector.
    log_likelihood : full, or restricted under ``reml``; None under ``mm``.
    cautions : of the search.
    """

    estimates: FloatArray
    covariance: FloatArray
    psi: FloatArray
    q: float
    q_df: int
    q_p: float
    log_likelihood: float | None
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Studies with the same number m of estimates: y (B, m), x (B, m, p), v (B, m, m)."""

    y: FloatArray
    x: FloatArray
    v: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What follows from one Psi; `slope` is the gradient of the log-likelihood `value` in Psi."""

    beta: FloatArray
    covariance: FloatArray
    squares: float
    value: float
    slope: FloatArray


def pool_vectors(
    y: Sequence[FloatArray], v: Sequence[FloatArray], method: VectorMethod, x: Sequence[FloatArray] | None = None
) -> PooledVector:
    """Pool K vectors; with one study Psi is 0.

    Parameters
    ----------
    y, v : per study (m,) estimates and their (m, m) covariance matrix, positive definite.
    method : ``mm`` needs studies without `x`.
    x : per study (m, p); identity matrices without. All together must have rank p.

    Raises
    ------
    DidNotConverge
        Standard errors, or rows of `x`, are so far apart that the coefficients cannot be told from rounding.

    References
    ----------
    Gasparrini, Armstrong and Kenward (2012), Statistics in Medicine 31, 3821-3839; Jackson, White and Riley (2013),
    Biometrical Journal 55, 231-245, for the estimator by moments, truncated to the nearest covariance matrix; Harville
    (1974), Biometrika 61, 383-385, for the restricted likelihood.
    """
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            found = _pooled(y, v, method, x)
            told = np.linalg.eigvalsh(found.covariance / np.outer(*[np.sqrt(found.covariance.diagonal())] * 2))[0]
    except (np.linalg.LinAlgError, FloatingPointError) as error:
        raise DidNotConverge(_TOO_FAR_APART, hint=_LEAVE_OUT) from error
    if not told > _SINGULAR:
        raise DidNotConverge(_TOO_FAR_APART, hint=_LEAVE_OUT)
    return found


def _pooled(
    y: Sequence[FloatArray], v: Sequence[FloatArray], method: VectorMethod, x: Sequence[FloatArray] | None
) -> PooledVector:
    """Return the pooled vector, unless floating-point numbers do not reach so far."""
    p = len(y[0]) if x is None else x[0].shape[1]
    own_x = [np.eye(p)] * len(y) if x is None else list(x)
    # each coefficient in units of the mean precision that studies have for it: the search is then well scaled
    information = np.mean([a.T @ np.linalg.solve(b, a) for a, b in zip(own_x, v, strict=True)], axis=0)
    unit = 1 / np.sqrt(information.diagonal())
    batches = _batches(y, [each * unit for each in own_x], v)
    restricted = method == "reml"
    common = _solve(batches, np.zeros((p, p)), restricted=restricted)
    state, psi = common, np.zeros((p, p))
    cautions: tuple[Caution, ...] = ()
    if method != "fixed" and len(y) > 1:
        if method == "mm":
            psi = _moments(batches[0])
        else:
            psi, cautions = _likeliest(batches, restricted=restricted)
        state = _solve(batches, psi, restricted=restricted)
    df = sum(map(len, y)) - p
    outer = np.outer(unit, unit)
    return PooledVector(
        frozen(state.beta * unit),
        frozen(state.covariance * outer),
        frozen(psi * outer),
        common.squares,
        df,
        chi_squared_p(common.squares, df),
        None if method == "mm" else state.value,
        cautions,
    )


def _batches(y: Sequence[FloatArray], x: Sequence[FloatArray], v: Sequence[FloatArray]) -> tuple[Batch, ...]:
    sizes = sorted({len(each) for each in y})
    places = [[i for i, each in enumerate(y) if len(each) == size] for size in sizes]
    return tuple(
        Batch(np.array([y[i] for i in own]), np.array([x[i] for i in own]), np.array([v[i] for i in own]))
        for own in places
    )


def _solve(batches: Sequence[Batch], psi: FloatArray, *, restricted: bool) -> _State:
    p = len(psi)
    weights = [np.linalg.inv(b.v + b.x @ psi @ b.x.swapaxes(1, 2)) for b in batches]
    weighted = [w @ b.x for w, b in zip(weights, batches, strict=True)]
    information = np.sum([np.einsum("bmp,bmq->pq", b.x, wx) for b, wx in zip(batches, weighted, strict=True)], axis=0)
    covariance = np.linalg.inv(information)
    right = np.sum([np.einsum("bmp,bm->p", wx, b.y) for b, wx in zip(batches, weighted, strict=True)], axis=0)
    beta = covariance @ right
    squares, value, slope, count = 0.0, 0.0, np.zeros((p, p)), 0
    for b, w, wx in zip(batches, weights, weighted, strict=True):
        residual = b.y - b.x @ beta
        pulled = np.einsum("bmn,bn->bm", w, residual)
        squares += float(np.einsum("bm,bm->", residual, pulled))
        value += 0.5 * float(np.linalg.slogdet(w)[1].sum())
        scores = np.einsum("bmp,bm->bp", b.x, pulled)
        own = b.x.swapaxes(1, 2) @ wx
        slope += 0.5 * (scores.T @ scores - own.sum(axis=0))
        if restricted:
            slope += 0.5 * (own @ covariance @ own).sum(axis=0)
        count += b.y.size
    value -= 0.5 * (squares + (count - restricted * p) * _LOG_2PI)
    if restricted:
        # relative to the volume of X'X, so that units of the coefficients do not matter (Harville 1974)
        volume = np.sum([np.einsum("bmp,bmq->pq", b.x, b.x) for b in batches], axis=0)
        value -= 0.5 * float(np.linalg.slogdet(information)[1] - np.linalg.slogdet(volume)[1])
    return _State(beta, covariance, squares, value, slope)


# Likelihood.


def _likeliest(batches: Sequence[Batch], *, restricted: bool) -> tuple[FloatArray, tuple[Caution, ...]]:
    """Search from several starts, and polish the best by Newton's method."""
    p = batches[0].x.shape[2]
    lower = np.tril_indices(p)

    def descent(flat: FloatArray) -> tuple[float, FloatArray]:
        factor = np.zeros((p, p))
        factor[lower] = flat
        state = _solve(batches, factor @ factor.T, restricted=restricted)
        return -state.value, -2 * (state.slope @ factor)[lower]

    found: list[tuple[float, FloatArray]] = []
    for start in _starts(p):
        result = optimize.minimize(descent, start[lower], jac=True, method="BFGS", options={"gtol": 1e-6})
        found.append((float(result.fun), result.x))
    found.sort(key=lambda pair: pair[0])
    flat, settled = _polished(descent, found[0][1])
    factor = np.zeros((p, p))
    factor[lower] = flat
    psi = _to_boundary(batches, factor @ factor.T, restricted=restricted)
    rest = [value for value, _ in found if value > found[0][0] + _SAME]
    seen = [value for value in rest if sum(abs(value - other) < _SAME for other, _ in found) > 1]
    return psi, tuple(_cautions(psi, seen[0] - found[0][0] if seen else math.inf, settled=settled))


def _starts(p: int) -> Iterator[FloatArray]:
    """Yield factors of Psi: small to large, and with all signs of correlations of neighbours."""
    for size in (0.3, 3.0, 30.0):
        yield size * np.eye(p)
    if p == 1:
        return
    for sign in (-1.0, 1.0):
        for size in (1.0, 10.0):
            place = np.arange(p)
            correlation = (sign * 0.95) ** np.abs(place[:, None] - place)
            yield size * np.linalg.cholesky(correlation)


def _polished(descent: Descent, flat: FloatArray) -> tuple[FloatArray, bool]:
    """Take Newton steps with the curvature from differences of the gradient; say whether they came to rest."""
    scale = max(float(np.abs(flat).max()), 1e-3)
    value, slope = descent(flat)
    for _ in range(_NEWTON):
        step = 1e-5 * scale
        both = [(descent(flat + step * e)[1] - descent(flat - step * e)[1]) / (2 * step) for e in np.eye(len(flat))]
        curvature = (np.array(both) + np.array(both).T) / 2
        values, vectors = np.linalg.eigh(curvature)
        # along flat directions (a vanished variance) nothing is to be gained
        inverse = np.where(values > 1e-9 * max(values.max(), 1e-300), 1 / np.where(values > 0, values, 1.0), 0.0)
        move = -(vectors * inverse) @ (vectors.T @ slope)
        other_value, other_slope = descent(flat + move)
        if not other_value <= value + 1e-12 * abs(value):
            break
        flat, value, slope = flat + move, other_value, other_slope
        if np.abs(move).max() <= 1e-12 * scale:
            break
    return flat, bool(np.abs(slope).max() < 1e-4)


def _to_boundary(batches: Sequence[Batch], psi: FloatArray, *, restricted: bool) -> FloatArray:
    """Set eigenvalues that have all but vanished to exactly 0, if the likelihood does not mind."""
    values, vectors = np.linalg.eigh(psi)
    if values[0] > max(_VANISHED, _VANISHED * values[-1]):
        return psi
    kept = np.where(values > max(_VANISHED, _VANISHED * values[-1]), values, 0.0)
    other = (vectors * kept) @ vectors.T
    before, after = (_solve(batches, each, restricted=restricted).value for each in (psi, other))
    return np.asarray(other if after >= before - 1e-9 else psi)


def _cautions(psi: FloatArray, gap: float, *, settled: bool) -> Iterator[Caution]:
    if not settled:
        text = "The search for the variation between studies did not come to rest; take its value with care."
        yield Caution("did-not-converge", text)
    if gap < CLOSE_MAXIMA:
        text = (
            "Two quite different patterns of variation between studies are almost equally likely; results may differ."
        )
        yield Caution("close-maxima", text)
    deviations = np.sqrt(psi.diagonal())
    if (deviations == 0).any():
        text = "For at least one quantity no variation between studies was found beyond chance."
        yield Caution("variance-at-zero", text)
    inside = np.outer(deviations, deviations)
    apart = ~np.eye(len(psi), dtype=bool) & (inside > 0)
    if (np.abs(psi[apart]) >= NEARLY_ONE * inside[apart]).any():
        text = (
            "The correlation between studies is at its limit of 1 or -1: there are too few studies, or they vary too "
            "little, to tell it."
        )
        yield Caution("correlation-at-limit", text)


# Moments.


def _moments(batch: Batch) -> FloatArray:
    """Equate the sum over studies of W (b - beta)(b - beta)' with its expectation, which is linear in Psi."""
    p = batch.x.shape[2]
    turn = np.linalg.inv(batch.x)
    b = np.einsum("bpm,bm->bp", turn, batch.y)
    w = np.linalg.inv(turn @ batch.v @ turn.swapaxes(1, 2))
    covariance = np.linalg.inv(w.sum(axis=0))
    residual = b - covariance @ np.einsum("bpq,bq->p", w, b)
    left = np.einsum("bpq,bq,br->pr", w, residual, residual)
    # residuals are M (u + e) with M_ij = 1[i = j] I - C W_j, C the covariance of beta
    constant = np.sum(np.eye(p) - w @ covariance, axis=0)
    linear = np.zeros((p * p, p * p))
    for i in range(len(w)):
        for j in range(len(w)):
            m = (i == j) * np.eye(p) - covariance @ w[j]
            linear += np.kron(m, w[i] @ m)
    psi = np.linalg.solve(linear, (left - constant).T.ravel()).reshape(p, p).T
    values, vectors = np.linalg.eigh((psi + psi.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)

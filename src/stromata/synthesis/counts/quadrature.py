"""Likelihoods of counts whose study effects are normal, by adaptive Gauss-Hermite quadrature, with their gradient.

K studies with J observations each; B trial values of the parameters; Q points; D random effects per study, 1 or 2.
Observation j of study i has the canonical parameter ``linear[j, i] + sum_d tau[d] loading[d, j] u[d, i]`` with
independent standard normal u, which are integrated out around each study's most likely u, at the scale of the
curvature there. One point is Laplace's approximation.

The gradient is that of the approximation itself: the points move with the parameters, and so does their scale. It is
written so that no large residuals have to cancel, which they would do in very large studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from stromata.synthesis.counts.families import Family
from stromata.synthesis.intervals import FloatArray

_BLOCK = 40_000
"""Numbers per array that are worked on at a time: they then stay in the processor's own memory."""

_FAR = 0.1
"""Step towards a mode beyond which it is held: further than 1.5 on the scale of eta, it would leave the region where
the quadratic is a fair picture."""

_CLOSE = 1e-8
"""Step towards a mode that is the last: what remains is of the size of its square."""

_sum, _largest = np.add.reduce, np.maximum.reduce


@dataclass(frozen=True, slots=True)
class Marginal:
    """What one evaluation gives.

    Attributes
    ----------
    value : (B, K) log-likelihood less the best of each study; 0 or below for one observation.
    shift : (B, J, K) its derivative with respect to `linear`.
    scale : (B, D, K) its derivative with respect to `tau`.
    mode : (B, D, K) the most likely study effects.
    bend : (B, J, J, K) the second derivative with respect to `linear`, by the same points; only with one random effect,
        and on request.
    """

    value: FloatArray
    shift: FloatArray
    scale: FloatArray
    mode: FloatArray
    bend: FloatArray | None = None


def marginal(
    family: Family,
    linear: FloatArray,
    loading: FloatArray,
    tau: FloatArray,
    *,
    points: int,
    start: FloatArray | None = None,
    bend: bool = False,
) -> Marginal:
    """Integrate the study effects out.

    Parameters
    ----------
    linear : (B, J, K).
    loading : (D, J) how much each observation takes of each random effect.
    tau : (B, D) standard deviations; the likelihood is even in each.
    points : points per random effect.
    start : (B, D, K) where to look for the most likely study effects first.
    bend : whether second derivatives are wanted; they need three points at least.

    References
    ----------
    Pinheiro and Bates (1995), Journal of Computational and Graphical Statistics 4, 12-35; for the second derivative,
    Louis (1982), Journal of the Royal Statistical Society B 44, 226-233.
    """
    each = max(1, int(_BLOCK // (linear[0].size * points ** len(loading))))
    parts = []
    for i in range(0, len(linear), each):
        rows = slice(i, i + each)
        own_start = None if start is None else start[rows]
        if loading.size == 1:
            parts.append(_single(family, linear[rows], loading[0, 0], tau[rows], points, own_start, bend=bend))
        elif len(loading) == 1:
            parts.append(_one(family, linear[rows], loading[0], tau[rows], points, own_start, bend=bend))
        else:
            parts.append(_two(family, linear[rows], loading, tau[rows], points, own_start))
    if len(parts) == 1:
        return parts[0]
    return Marginal(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.shift for part in parts]),
        np.concatenate([part.scale for part in parts]),
        np.concatenate([part.mode for part in parts]),
        np.concatenate([part.bend for part in parts if part.bend is not None]) if bend else None,
    )


@cache
def _rule(points: int) -> tuple[FloatArray, FloatArray]:
    """Return the points, for a standard normal variable, and the logs of their weights without the normal density."""
    z, weight = np.polynomial.hermite.hermgauss(points)
    return z * math.sqrt(2), np.log(weight) + z**2 - 0.5 * math.log(math.pi)


@cache
def _rule_of_two(points: int) -> tuple[FloatArray, FloatArray]:
    z, weight = _rule(points)
    first, second = np.meshgrid(z, z, indexing="ij")
    return np.stack((first.ravel(), second.ravel())), (weight[:, None] + weight).ravel()


def _single(  # noqa: PLR0917 - the arguments of `marginal`, one block of them
    family: Family,
    linear: FloatArray,
    loading: float,
    tau: FloatArray,
    points: int,
    start: FloatArray | None,
    *,
    bend: bool,
) -> Marginal:
    """Do what `_one` does for a single observation per study, in as few operations as there can be."""
    line, t = linear[:, 0], loading * tau
    mode, eta = _single_modes(family, line, t, None if start is None else start[:, 0])
    residual, second, third = (part[:, 0] for part in family.cumulants(eta[:, None]))
    taken, skew = t * second, t * t * third
    curvature = 1 + t * taken
    width = curvature**-0.5
    lead = mode / curvature
    node, log_weight = _rule(points)
    away = width[:, None] * node[:, None]  # (B, Q, K)
    u = mode[:, None] + away
    at = (line[:, None] + t[:, None] * u)[:, :, None]
    height, rest = (part[:, :, 0] for part in family.below(at))
    logs = height - 0.5 * u * u + log_weight[:, None]
    peak = _largest(logs, axis=1)
    share = np.exp(logs - peak[:, None])
    total = _sum(share, axis=1)
    share /= total[:, None]
    value = peak + np.log(total * width)
    apart = share * away
    stretch = _sum(apart * (t[:, None] * rest - u), axis=1) + 1
    mean_rest, mean_u = _sum(share * rest, axis=1), _sum(share * u, axis=1)
    shift = (mean_rest + mean_u * taken - 0.5 * stretch * skew / curvature) / curvature
    by_mode = (residual - taken * mode) * mean_u + (taken + skew * lead) * stretch
    by_tau = _sum(apart * rest, axis=1) + 2 * lead * mean_rest - by_mode / curvature
    bent = None
    if bend:
        spread = _sum(share * ((rest - mean_rest[:, None]) ** 2 - family.slopes(at)[1][:, :, 0]), axis=1)
        bent = spread[:, None, None]
    return Marginal(value, shift[:, None], loading * by_tau[:, None], mode[:, None], bent)


def _single_modes(
    family: Family, line: FloatArray, t: FloatArray, start: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return what `_modes` does, (B, K) both, for a single observation per study."""
    mode = np.zeros_like(line) if start is None else start
    limit = 1.5 / np.maximum(np.abs(t), 0.1)
    square = t * t
    eta = line + t * mode
    for _ in range(200):
        residual, second = family.slopes(eta[:, None])
        step = (t * residual[:, 0] - mode) / (1 + square * second[:, 0])
        largest = float(_largest(np.abs(step), axis=None, initial=0.0))
        if largest > _FAR:
            step = np.clip(step, -limit, limit)
        mode = mode + step
        eta = line + t * mode
        if largest < _CLOSE:
            break
    return mode, eta


def _modes(
    family: Family, linear: FloatArray, a: FloatArray, start: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return (B, K) the u that maximises each study's integrand, a concave function, and eta there (B, J, K)."""
    b, _, k = linear.shape
    mode = np.zeros((b, k)) if start is None else start
    limit = 1.5 / np.maximum(np.abs(a).max(axis=1), 0.1)
    square = a * a
    eta = linear + a * mode[:, None]
    for _ in range(200):
        residual, second = family.slopes(eta)
        slope = (a * residual).sum(axis=1) - mode
        step = slope / (1 + (square * second).sum(axis=1))
        largest = float(np.abs(step).max(initial=0.0))
        if largest > _FAR:
            step = np.clip(step, -limit, limit)
        mode = mode + step
        eta = linear + a * mode[:, None]
        if largest < _CLOSE:
            break
    return mode, eta


def _one(  # noqa: PLR0917 - the arguments of `marginal`, one block of them
    family: Family,
    linear: FloatArray,
    z: FloatArray,
    tau: FloatArray,
    points: int,
    start: FloatArray | None,
    *,
    bend: bool,
) -> Marginal:
    t = tau[:, :1]
    a = t[:, :, None] * z[:, None]  # (B, J, 1)
    mode, eta = _modes(family, linear, a, None if start is None else start[:, 0])
    residual, second, third = family.cumulants(eta)
    square = z[:, None] ** 2
    spread = (square * second).sum(axis=1)
    curvature = 1 + t * t * spread
    width = curvature**-0.5
    lead = 2 * mode / curvature  # d(tau u)/d(tau) at the mode
    mode_by_tau = ((z[:, None] * residual).sum(axis=1) - t * mode * spread) / curvature
    mode_by_shift = -a * second / curvature[:, None]
    skew = (a * square * third).sum(axis=1)
    width_by_tau = -0.5 * (2 * t * spread + t * skew * lead) / curvature  # relative to the width
    width_by_shift = -0.5 * (a * a * third + (t * t * skew)[:, None] * mode_by_shift) / curvature[:, None]
    node, log_weight = _rule(points)
    away = width[:, None] * node[:, None]  # (B, Q, K)
    u = mode[:, None] + away
    at = linear[:, None] + a[:, None] * u[:, :, None]  # (B, Q, J, K)
    height, rest = family.below(at)
    logs = height.sum(axis=2) - 0.5 * u * u + log_weight[:, None]
    peak = logs.max(axis=1)
    share = np.exp(logs - peak[:, None])
    total = share.sum(axis=1)
    share /= total[:, None]
    value = peak + np.log(total) + np.log(width)
    pull = (a[:, None] * rest).sum(axis=2) - u  # slope of the integrand's logarithm at the points
    stretch = (share * pull * away).sum(axis=1) + 1
    # own: 1 + tau z d(mode)/d(shift), without the difference of two numbers near 1.
    own = (1 + t * t * (spread[:, None] - square * second).transpose(1, 0, 2)).transpose(1, 0, 2) / curvature[:, None]
    mean_rest = (share[:, :, None] * rest).sum(axis=1)
    mean_u = (share * u).sum(axis=1)
    pulled = a * mean_rest
    others = pulled.sum(axis=1, keepdims=True) - pulled - mean_u[:, None]
    shift = mean_rest * own + others * mode_by_shift + stretch[:, None] * width_by_shift
    loaded = (z[:, None] * rest).sum(axis=2)
    by_tau = (share * (loaded * (away + lead[:, None]))).sum(axis=1) - mean_u * mode_by_tau + stretch * width_by_tau
    return Marginal(
        value, shift, by_tau[:, None], mode[:, None], _bend(family, at, share, rest, mean_rest) if bend else None
    )


def _bend(family: Family, at: FloatArray, share: FloatArray, rest: FloatArray, mean_rest: FloatArray) -> FloatArray:
    """Return the covariance of the residuals under the integrand, less the mean variance of the counts."""
    away = rest - mean_rest[:, None]
    weighted = share[:, :, None] * away
    second: FloatArray = np.einsum("bqik,bqjk->bijk", weighted, away)
    variance = (share[:, :, None] * family.slopes(at)[1]).sum(axis=1)
    for j in range(variance.shape[1]):
        second[:, j, j] -= variance[:, j]
    return second


def _modes_of_two(family: Family, linear: FloatArray, a: FloatArray, start: FloatArray | None) -> FloatArray:
    """Return (B, 2, K) the pairs u that maximise each study's integrand."""
    mode = np.zeros((len(a), 2, linear.shape[2])) if start is None else start
    limit = 1.5 / max(float(np.abs(a).max()), 0.1)
    for _ in range(200):
        eta = linear + np.einsum("bdj,bdk->bjk", a, mode)
        residual, second = family.slopes(eta)
        slope = np.einsum("bdj,bjk->bdk", a, residual) - mode
        inverse = _inverse(a, second)
        step = np.einsum("bdek,bek->bdk", inverse, slope)
        largest = float(np.abs(step).max(initial=0.0))
        mode = mode + np.clip(step, -limit, limit)
        if largest < _CLOSE:
            break
    return mode


def _two(  # noqa: PLR0917 - the arguments of `marginal`, one block of them
    family: Family, linear: FloatArray, loading: FloatArray, tau: FloatArray, points: int, start: FloatArray | None
) -> Marginal:
    a = tau[:, :, None] * loading  # (B, D, J)
    mode = _modes_of_two(family, linear, a, start)
    eta = linear + np.einsum("bdj,bdk->bjk", a, mode)
    residual, second, third = family.cumulants(eta)
    inverse = _inverse(a, second)
    factor = _cholesky(inverse)
    node, log_weight = _rule_of_two(points)
    away = np.einsum("bdek,eq->bqdk", factor, node)
    u = mode[:, None] + away
    height, rest = family.below(linear[:, None] + np.einsum("bdj,bqdk->bqjk", a, u))
    logs = height.sum(axis=2) - 0.5 * (u * u).sum(axis=2) + log_weight[:, None]
    peak = logs.max(axis=1)
    share = np.exp(logs - peak[:, None])
    total = share.sum(axis=1)
    share /= total[:, None]
    value = peak + np.log(total) + np.log(factor[:, 0, 0] * factor[:, 1, 1])
    pull = np.einsum("bdj,bqjk->bqdk", a, rest) - u
    mean_pull = (share[:, :, None] * pull).sum(axis=1)
    moment = np.einsum("bqk,bqdk,eq->bdek", share, pull, node)
    moment[:, 0, 0] += 1 / factor[:, 0, 0]
    moment[:, 1, 1] += 1 / factor[:, 1, 1]

    def along(slope_change: FloatArray, by_parameter: FloatArray, loads: FloatArray | None) -> FloatArray:
        """Return the part of the gradient that comes from moving points: of the mode, and of the scale.

        `slope_change` (B, D, K) is the mixed derivative of the integrand, `by_parameter` (B, J, K) that of eta at fixed
        u, `loads` (B, D, J) that of the loadings.
        """
        move = np.einsum("bdek,bek->bdk", inverse, slope_change)
        change = third * (by_parameter + np.einsum("bdj,bdk->bjk", a, move))
        grown = np.einsum("bdj,bej,bjk->bdek", a, a, change)
        if loads is not None:
            cross = np.einsum("bdj,bej,bjk->bdek", loads, a, second)
            grown = grown + cross + cross.transpose(0, 2, 1, 3)
        stretched = np.einsum("bdek,bdek->bk", moment, _factor_change(factor, grown))
        return np.asarray((mean_pull * move).sum(axis=1) + stretched)

    shift = (share[:, :, None] * rest).sum(axis=1)
    for j in range(linear.shape[1]):
        unit = np.zeros_like(linear)
        unit[:, j] = 1.0
        shift[:, j] += along(-a[:, :, j, None] * second[:, None, j], unit, None)
    scale = np.empty_like(mode)
    for d in range(2):
        direct = np.einsum("bqk,bqk,j,bqjk->bk", share, u[:, :, d], loading[d], rest)
        by_parameter = loading[d][:, None] * mode[:, d, None]
        slope_change = -np.einsum("bdj,bjk->bdk", a, second * by_parameter)
        slope_change[:, d] += np.einsum("j,bjk->bk", loading[d], residual)
        loads = np.zeros_like(a)
        loads[:, d] = loading[d]
        scale[:, d] = direct + along(slope_change, by_parameter, loads)
    return Marginal(value, shift, scale, mode)


def _inverse(a: FloatArray, second: FloatArray) -> FloatArray:
    """Return the inverses (B, 2, 2, K) of the curvatures 1 + sum_j second[j] a[:, j] a[:, j]'.

    The determinant is a sum of positive terms, so that nothing cancels where one observation outweighs the other.
    """
    one, two, both = (np.einsum("bj,bjk->bk", a[:, d] * a[:, e], second) for d, e in ((0, 0), (1, 1), (0, 1)))
    crossed = (a[:, 0, 0] * a[:, 1, 1] - a[:, 0, 1] * a[:, 1, 0]) ** 2
    determinant = 1 + one + two + crossed[:, None] * second[:, 0] * second[:, 1]
    out = np.empty((len(a), 2, 2, second.shape[2]))
    out[:, 0, 0], out[:, 1, 1] = (1 + two) / determinant, (1 + one) / determinant
    out[:, 0, 1] = out[:, 1, 0] = -both / determinant
    return out


def _cholesky(m: FloatArray) -> FloatArray:
    out = np.zeros_like(m)
    out[:, 0, 0] = np.sqrt(m[:, 0, 0])
    out[:, 1, 0] = m[:, 1, 0] / out[:, 0, 0]
    out[:, 1, 1] = np.sqrt(np.maximum(m[:, 1, 1] - out[:, 1, 0] ** 2, 1e-300))
    return out


def _factor_change(factor: FloatArray, grown: FloatArray) -> FloatArray:
    """Return how the Cholesky factor C of the inverse curvature changes when the curvature grows by `grown`.

    The inverse changes by -C C' G C C', so C by -C times the lower triangle of C' G C with its diagonal halved.
    """
    inner = np.einsum("bdek,bdfk,bfgk->begk", factor, grown, factor)
    inner[:, 0, 1] = 0.0
    inner[:, 0, 0] *= 0.5
    inner[:, 1, 1] *= 0.5
    return np.asarray(-np.einsum("bdek,begk->bdgk", factor, inner))

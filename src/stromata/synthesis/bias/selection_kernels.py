"""Likelihoods of selection models with their first and second derivatives, on plain arrays, without checks.

K studies, J intervals of a step function, M nodes, D parameters of the weight function, P = 2 + D. T places at which a
likelihood is worked out at once: rows of theta (T, P), each mu, tau2, delta. Selection is upwards or two-sided: who
wants it downwards turns the estimates round. Notation as in `selection`; S = v + tau2, s = root(v),
u = (x - mu) / root(S). G is 1, or K where the weight function differs from study to study.

Derivatives in tau2 are those in mu twice over: a normal density f has df/dtau2 = d2f/dmu2 / 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.synthesis.intervals import FloatArray

SelectionType = Literal["stepfun", "beta", "halfnorm", "negexp", "logistic", "power", "negexppow", "trunc", "truncest"]

Expansion: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""Log-likelihoods (T,), their gradients (T, P) and second derivatives (T, P, P)."""

_REACH = 8.3
"""z beyond which a p-value is 0 or 1 to the last place."""

_FAR = 38.0
"""The same where w depends on a small power of p, which goes to 0 no faster than log p goes to minus infinity."""

_FINE = (60, 24)
"""Gauss-Legendre nodes per 8.3 units, in each of two panels, and the fewest: the integrand has no feature narrower than
about half a unit, and the rule is then exact to rounding."""

_COARSE = (16, 8)
"""The same of a rule good to about three digits, with which a search may begin."""

_BLOCK = 1_000_000
"""Numbers that are worked on at once."""

_LOG_2PI = math.log(2 * math.pi)

_sum = np.add.reduce


@dataclass(frozen=True, slots=True)
class Model:
    """A likelihood; `scale` is a typical sampling variance, `counts` studies per interval (none of smooth functions).

    `values` returns (T,) log-likelihoods to about three digits, for a search; `expand` exact ones with derivatives.
    """

    values: Callable[[FloatArray], FloatArray]
    expand: Callable[[FloatArray], Expansion]
    size: int
    scale: float
    counts: tuple[int, ...]

    def likelihood(self, mu: float, tau2: float, delta: FloatArray) -> tuple[float, FloatArray]:
        """Return the log-likelihood at one place, and its gradient (P,)."""
        value, gradient, _ = self.expand(np.array([[mu, tau2, *delta]]))
        return float(value[0]), gradient[0]


# What all models share.


def _plain(e: FloatArray, total: FloatArray, size: int) -> Expansion:
    """Return the log-likelihood without selection of residuals (T, K), with room for all P derivatives."""
    inverse = 1 / total
    z = e * inverse
    squares = z * z
    value = -0.5 * (e.shape[1] * _LOG_2PI + _sum(np.log(total) + e * z, axis=1))
    gradient, hessian = np.zeros((len(e), 2 + size)), np.zeros((len(e), 2 + size, 2 + size))
    gradient[:, 0] = _sum(z, axis=1)
    gradient[:, 1] = 0.5 * _sum(squares - inverse, axis=1)
    hessian[:, 0, 0] = -_sum(inverse, axis=1)
    hessian[:, 0, 1] = hessian[:, 1, 0] = -_sum(z * inverse, axis=1)
    hessian[:, 1, 1] = _sum(inverse * (0.5 * inverse - squares), axis=1)
    return value, gradient, hessian


def _divide_by_chances(found: Expansion, chance: FloatArray, first: FloatArray, second: FloatArray) -> None:
    """Take the derivatives of log A out of `found`: A (T, K), with its own derivatives (T, P, K) and (T, P, P, K)."""
    _, gradient, hessian = found
    ratio = first / chance[:, None]
    gradient -= _sum(ratio, axis=2)
    hessian -= _sum(second / chance[:, None, None], axis=3)
    hessian += ratio @ ratio.transpose(0, 2, 1)


def _density(u: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi))


def _edge(u: FloatArray, density: FloatArray, r: FloatArray) -> FloatArray:
    """Return (5, ...) derivatives of Phi(u): by mu, tau2, twice mu, mu and tau2, twice tau2; `r` is 1 / root(S)."""
    found = np.empty((5, *u.shape))
    along, r2 = u * r, r * r
    square = along * along
    found[0] = -density * r
    found[2] = found[0] * along
    found[1] = 0.5 * found[2]
    found[3] = 0.5 * found[0] * (square - r2)
    found[4] = 0.25 * found[2] * (square - 3 * r2)
    return found


# Step functions.


def step_model(y: FloatArray, v: FloatArray, steps: tuple[float, ...], *, two_sided: bool) -> Model:
    """Return the model whose weight is delta_j for p-values in (steps_(j-1), steps_j], delta_1 included."""
    s = np.sqrt(v)
    z = np.abs(y / s) if two_sided else y / s
    tails = np.array([0.0, *steps]) / (2 if two_sided else 1)
    edges = -special.ndtri(tails)  # falling, from infinity
    edges[-1] = 0.0 if two_sided else -math.inf
    place = np.clip(np.searchsorted(-edges, -z, side="left") - 1, 0, len(steps) - 1)
    return _piecewise(y, v, place, edges[:, None] * s, mirrored=two_sided)


def cut_model(y: FloatArray, v: FloatArray, cut: float, *, last_below: float | None = None) -> Model:
    """Return the model whose weight is 1 for estimates above `cut` and delta below; D = 1.

    The estimates up to `last_below` lie below the cut-point, `cut` itself when it is not given.
    """
    place = np.where(y > (cut if last_below is None else last_below), 0, 1)
    edges = np.repeat(np.array([[math.inf], [cut], [-math.inf]]), len(y), axis=1)
    model = _piecewise(y, v, place, edges, mirrored=False)

    def with_one(theta: FloatArray) -> FloatArray:
        return np.insert(theta, 2, 1.0, axis=1)

    def expand(theta: FloatArray) -> Expansion:
        value, gradient, hessian = model.expand(with_one(theta))
        kept = np.array([0, 1, 3])
        return value, gradient[:, kept], hessian[:, kept[:, None], kept]

    return Model(lambda theta: model.values(with_one(theta)), expand, 1, model.scale, model.counts)


def _piecewise(
    y: FloatArray, v: FloatArray, place: npt.NDArray[np.intp], edges: FloatArray, *, mirrored: bool
) -> Model:
    """Return the model of weights that are constant between edges (J + 1, K) of the estimate, which fall; D = J.

    The first edge is infinite. When `mirrored` the last is 0, and each interval has a mirror image.
    """
    size = len(edges) - 1
    counts = np.bincount(place, minlength=size).astype(np.float64)
    present = counts > 0
    signs = (1.0, -1.0) if mirrored else (1.0,)

    def chances(mu: FloatArray, r: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Return (T, J, K) chances of each interval, and u at the edges, for each side."""
        us = [(sign * edges - mu) * r for sign in signs]
        found = _between(us[0][:, 1:], us[0][:, :-1])
        if mirrored:
            found += _between(us[1][:, :-1], us[1][:, 1:])
        return found, us

    def by_weight(delta: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(delta[:, present]) @ counts[present])

    def values(theta: FloatArray) -> FloatArray:
        total, mu, delta = v + theta[:, 1, None], theta[:, 0, None], theta[:, 2:]
        chance, _ = chances(mu[:, None], (1 / np.sqrt(total))[:, None])
        e, seen = y - mu, (delta[:, None] @ chance)[:, 0]
        plain = -0.5 * (len(y) * _LOG_2PI + (np.log(total) + e * e / total).sum(axis=1))
        return np.asarray(plain + by_weight(delta) - np.log(seen).sum(axis=1))

    def expand(theta: FloatArray) -> Expansion:
        total, mu, delta = v + theta[:, 1, None], theta[:, 0, None], theta[:, 2:]
        r = (1 / np.sqrt(total))[:, None]
        chance, us = chances(mu[:, None], r)
        seen = (delta[:, None] @ chance)[:, 0]
        value, gradient, hessian = found = _plain(y - mu, total, size)
        value += by_weight(delta) - np.log(seen).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(present, counts / delta, 0.0)
            gradient[:, 2:] += share
            places = np.arange(2, 2 + size)
            hessian[:, places, places] -= np.where(present, share / delta, 0.0)
        # an edge between two intervals takes from the one what it gives to the other
        by = np.zeros((5, *chance.shape))
        for sign, u in zip(signs, us, strict=True):
            inner = u[:, 1:-1]
            net = sign * _edge(inner, _density(inner), r)
            by[:, :, 1:] += net
            by[:, :, :-1] -= net
        first, second = _arrays((delta[:, None] @ by)[:, :, 0], len(y), size)
        first[:, 2:] = chance
        second[:, 0, 2:] = second[:, 2:, 0] = by[0]
        second[:, 1, 2:] = second[:, 2:, 1] = by[1]
        _divide_by_chances(found, seen, first, second)
        return found

    return Model(values, expand, size, float(np.median(v)), tuple(map(int, counts)))


def _arrays(by: FloatArray, k: int, size: int) -> tuple[FloatArray, FloatArray]:
    """Return arrays for the derivatives of A, filled with those in mu and tau2, `by` (5, T, K)."""
    first, second = np.empty((by.shape[1], 2 + size, k)), np.zeros((by.shape[1], 2 + size, 2 + size, k))
    first[:, 0], first[:, 1] = by[0], by[1]
    second[:, 0, 0], second[:, 1, 1] = by[2], by[4]
    second[:, 0, 1] = second[:, 1, 0] = by[3]
    return first, second


def _between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return normal probabilities from `a` to `b`, from whichever tail keeps the digits."""
    turn = a > 0
    return np.asarray(special.ndtr(np.where(turn, -a, b)) - special.ndtr(np.where(turn, -b, a)))


# Smooth functions.


@dataclass(frozen=True, slots=True)
class _Chances:
    """p-values (1, M) with the logarithms of p and of 1 - p."""

    p: FloatArray
    log_p: FloatArray
    log_q: FloatArray


@dataclass(frozen=True, slots=True)
class _Grid:
    """Nodes z (M,) with the logarithms of their weights, the p-values there, and the lowest and highest z reached.

    Beyond the last node the weight is that of the most extreme p-value, or 1 (`flat`) beyond a threshold.
    """

    z: FloatArray
    log_rule: FloatArray
    inside: _Chances
    limits: FloatArray
    ends: _Chances
    flat: npt.NDArray[np.bool_]


def smooth_model(
    y: FloatArray,
    v: FloatArray,
    kind: SelectionType,
    *,
    two_sided: bool,
    clip: float,
    threshold: float,
    imprecision: FloatArray | None,
) -> Model:
    """Return the model of a smooth weight function of the p-value.

    Parameters
    ----------
    clip : p-values are kept within `clip` and 1 - `clip`.
    threshold : p-value up to which the weight is 1; 0 for none.
    imprecision : (K,) factors of the first parameter.
    """
    s = np.sqrt(v)
    weigh, size = _WEIGHTS[kind]
    reach = _FAR if kind == "negexppow" else _REACH
    fine, coarse = (
        _grid(reach, density, two_sided=two_sided, clip=clip, threshold=threshold) for density in (_FINE, _COARSE)
    )
    own = _chances(y / s, two_sided=two_sided, clip=clip)
    factor: FloatArray | float = 1.0 if imprecision is None else imprecision
    column = factor if imprecision is None else imprecision[:, None]
    chosen = (own.p[0] > threshold).astype(np.float64) if threshold else np.ones(len(y))

    def values(theta: FloatArray) -> FloatArray:
        total = v + theta[:, 1, None]
        e = y - theta[:, 0, None]
        log_w = weigh(theta[:, 2:, None, None], own, factor)[0][:, 0]
        seen = _seen(coarse, weigh, column, s, theta).log_chance
        plain = -0.5 * (len(y) * _LOG_2PI + (np.log(total) + e * e / total).sum(axis=1))
        return np.asarray(plain + log_w @ chosen - seen.sum(axis=1))

    def expand(theta: FloatArray) -> Expansion:
        total = v + theta[:, 1, None]
        found = _plain(y - theta[:, 0, None], total, size)
        log_w, slopes, bends = weigh(theta[:, 2:, None, None], own, factor)
        seen = _seen(fine, weigh, column, s, theta)
        value = found[0] + log_w[:, 0] @ chosen - seen.log_chance.sum(axis=1)
        for j, slope in enumerate(slopes):
            found[1][:, 2 + j] += slope[:, 0] @ chosen
        for (j, m), bend in bends.items():
            found[2][:, 2 + j, 2 + m] += bend[:, 0] @ chosen
            if j != m:
                found[2][:, 2 + m, 2 + j] += bend[:, 0] @ chosen
        _divide_by_chances(found, *_derivatives(seen, 1 / np.sqrt(total)))
        return value, found[1], found[2]

    block = max(1, _BLOCK // (len(y) * len(fine.z)))
    return Model(
        lambda theta: np.concatenate([values(part) for part in _parts(theta, block)]),
        lambda theta: _joined([expand(part) for part in _parts(theta, block)]),
        size,
        float(np.median(v)),
        (),
    )


def _parts(theta: FloatArray, block: int) -> list[FloatArray]:
    return [theta[i : i + block] for i in range(0, len(theta), block)]


def _joined(parts: list[Expansion]) -> Expansion:
    if len(parts) == 1:
        return parts[0]
    value, gradient, hessian = (np.concatenate(each) for each in zip(*parts, strict=True))
    return value, gradient, hessian


@dataclass(frozen=True, slots=True)
class _Seen:
    """The integral A, in parts: at the nodes, and beyond the last on either side (all relative to the largest).

    Attributes
    ----------
    log_chance : (T, K) log A.
    u, mass : (T, K, M) at the nodes. u_ends, tails, at_ends : (T, K, 2) u at the limits, what lies beyond, and w times
        density there.
    slopes, bends : of log w at the nodes. end_slopes, end_bends : at the limits, 0 where the weight is fixed.
    """

    log_chance: FloatArray
    u: FloatArray
    mass: FloatArray
    u_ends: FloatArray
    tails: FloatArray
    at_ends: FloatArray
    slopes: list[FloatArray]
    bends: dict[tuple[int, int], FloatArray]
    end_slopes: list[FloatArray]
    end_bends: dict[tuple[int, int], FloatArray]


def _seen(grid: _Grid, weigh: _Weigh, factor: FloatArray | float, s: FloatArray, theta: FloatArray) -> _Seen:
    delta = theta[:, 2:, None, None]
    root = np.sqrt(s * s + theta[:, 1, None])
    alpha = (s / root)[:, :, None]
    beta = (-theta[:, 0, None] / root)[:, :, None]
    log_w, slopes, bends = weigh(delta, grid.inside, factor)
    log_end, end_slopes, end_bends = weigh(delta, grid.ends, factor)
    if grid.flat.any():
        log_end, moving = np.where(grid.flat, 0.0, log_end), ~grid.flat
        end_slopes = [slope * moving for slope in end_slopes]
        end_bends = {pair: bend * moving for pair, bend in end_bends.items()}
    u = alpha * grid.z + beta
    log_mass = (log_w + grid.log_rule) - 0.5 * (u * u)
    u_ends = alpha * grid.limits + beta
    unit = np.log(alpha) - 0.5 * _LOG_2PI
    log_tails = log_end + special.log_ndtr(_SIDES * u_ends) - unit
    highest = np.maximum(log_mass.max(axis=2), log_tails.max(axis=2))[:, :, None]
    mass, tails = np.exp(log_mass - highest), np.exp(log_tails - highest)
    log_chance = np.log(mass.sum(axis=2) + tails.sum(axis=2)) + (highest + unit)[:, :, 0]
    at_ends = np.exp(log_end - (highest + unit) - 0.5 * (u_ends * u_ends + _LOG_2PI))
    return _Seen(log_chance, u, mass, u_ends, tails, at_ends, slopes, bends, end_slopes, end_bends)


def _derivatives(seen: _Seen, r: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return A (T, K), relative as its parts are, and its derivatives (T, P, K) and (T, P, P, K); r is 1 / root(S)."""
    size = len(seen.slopes)
    pairs = [(j, m) for j in range(size) for m in range(j, size)]
    moments = _moments(seen, r, pairs)
    # beyond the limits: Phi(u) below the lower one, 1 - Phi(u) above the upper one
    edges = _SIDES * _edge(seen.u_ends, seen.at_ends, r[:, :, None])
    r2 = r * r
    by = edges.sum(axis=3)
    w = moments[..., 0]
    by[0] += w[1]
    bend = w[2] - w[0] * r2
    by[1] += 0.5 * bend
    by[2] += bend
    by[3] += 0.5 * (w[3] - 3 * w[1] * r2)
    by[4] += 0.25 * (w[4] - 6 * w[2] * r2 + 3 * w[0] * r2 * r2)
    first, second = _arrays(by, r.shape[1], size)
    for j, slope in enumerate(seen.end_slopes):
        s = moments[..., 1 + j]
        ends = (edges[:2] * slope).sum(axis=3)
        first[:, 2 + j] = s[0] + (seen.tails * slope).sum(axis=2)
        second[:, 0, 2 + j] = second[:, 2 + j, 0] = s[1] + ends[0]
        second[:, 1, 2 + j] = second[:, 2 + j, 1] = 0.5 * (s[2] - s[0] * r2) + ends[1]
    for place, (j, m) in enumerate(pairs, start=1 + size):
        curve = seen.end_slopes[j] * seen.end_slopes[m] + seen.end_bends.get((j, m), 0.0)
        whole = moments[0, ..., place] + (seen.tails * curve).sum(axis=2)
        second[:, 2 + j, 2 + m] = second[:, 2 + m, 2 + j] = whole
    return w[0] + seen.tails.sum(axis=2), first, second


def _moments(seen: _Seen, r: FloatArray, pairs: list[tuple[int, int]]) -> FloatArray:
    """Return (5, T, K, C) sums over the nodes of (u r)^0 to (u r)^4, times 1, each slope, and each second slope."""
    size, (t, k, m) = len(seen.slopes), seen.mass.shape
    groups = seen.slopes[0].shape[1]
    basis = np.empty((t, groups, m, 1 + size + len(pairs)))
    basis[..., 0] = 1.0
    for j, slope in enumerate(seen.slopes):
        basis[..., 1 + j] = slope
    for place, (j, n) in enumerate(pairs, start=1 + size):
        basis[..., place] = seen.slopes[j] * seen.slopes[n] + seen.bends.get((j, n), 0.0)
    along = seen.u * r[:, :, None]
    powers = np.empty((5, t, k, m))
    powers[0] = seen.mass
    for i in range(1, 5):
        np.multiply(powers[i - 1], along, out=powers[i])
    sums = powers.reshape(5, t, groups, k // groups, m) @ basis
    return np.asarray(sums.reshape(5, t, k, -1))


_SIDES = np.array([-1.0, 1.0])
"""Signs of u in the chance of what lies beyond the upper and beyond the lower limit."""


@lru_cache(maxsize=64)
def _grid(reach: float, density: tuple[int, int], *, two_sided: bool, clip: float, threshold: float) -> _Grid:
    half = 2 if two_sided else 1
    top = -float(special.ndtri(clip / half)) if clip else reach
    if threshold:
        top = min(top, -float(special.ndtri(threshold / half)))
    lowest_z = -_REACH if not clip else float(special.ndtri(clip))
    bottom = -top if two_sided else lowest_z
    middle = 0.0 if bottom < 0 < top else (bottom + top) / 2
    nodes, rule = [], []
    for low, high in ((bottom, middle), (middle, top)):
        count = max(density[1], math.ceil(density[0] * (high - low) / _REACH))
        points, weights = np.polynomial.legendre.leggauss(count)
        nodes.append(low + (high - low) * (points + 1) / 2)
        rule.append(weights * (high - low) / 2)
    z, limits = np.concatenate(nodes), np.array([top, bottom])
    return _Grid(
        z=z,
        log_rule=np.log(np.concatenate(rule)),
        inside=_chances(z, two_sided=two_sided, clip=clip),
        limits=limits,
        ends=_chances(limits, two_sided=two_sided, clip=clip),
        flat=np.array([bool(threshold), bool(threshold) and two_sided]),
    )


def _chances(z: FloatArray, *, two_sided: bool, clip: float) -> _Chances:
    if two_sided:
        log_p = math.log(2) + special.log_ndtr(-np.abs(z))
        p = np.minimum(2 * special.ndtr(-np.abs(z)), 1.0)
        log_p = np.minimum(log_p, 0.0)
        with np.errstate(divide="ignore"):
            log_q = np.log1p(-p)
    else:
        log_p, log_q, p = special.log_ndtr(-z), special.log_ndtr(z), special.ndtr(-z)
    if clip:
        low, high = math.log(clip), math.log1p(-clip)
        log_p, log_q, p = np.clip(log_p, low, high), np.clip(log_q, low, high), np.clip(p, clip, 1 - clip)
    return _Chances(p[None], log_p[None], log_q[None])


_Weighed: TypeAlias = tuple[FloatArray, list[FloatArray], dict[tuple[int, int], FloatArray]]
"""Log weights (T, G, M), their derivatives in each parameter, and those second derivatives that are not 0."""

_Weigh: TypeAlias = Callable[[FloatArray, _Chances, FloatArray | float], _Weighed]
"""From delta (T, D, 1, 1), p-values, and the factor of the first delta: (G, 1), (M,) or a number."""


def _linear(delta: FloatArray, *slopes: FloatArray) -> _Weighed:
    """Return log weights that are linear in the parameters."""
    log_w = delta[:, 0] * slopes[0]
    for j in range(1, len(slopes)):
        log_w = log_w + delta[:, j] * slopes[j]
    return log_w, [slope[None] for slope in slopes], {}


def _beta(delta: FloatArray, c: _Chances, _: FloatArray | float) -> _Weighed:
    return _linear(delta - 1, c.log_p, c.log_q)


def _halfnorm(delta: FloatArray, c: _Chances, factor: FloatArray | float) -> _Weighed:
    return _linear(delta, -factor * c.p**2)


def _negexp(delta: FloatArray, c: _Chances, factor: FloatArray | float) -> _Weighed:
    return _linear(delta, -factor * c.p)


def _power(delta: FloatArray, c: _Chances, factor: FloatArray | float) -> _Weighed:
    return _linear(delta, factor * c.log_q)


def _logistic(delta: FloatArray, c: _Chances, factor: FloatArray | float) -> _Weighed:
    along = factor * c.p
    u = delta[:, 0] * along
    rise = special.expit(u)
    return math.log(2) - np.logaddexp(0.0, u), [-along * rise], {(0, 0): -along * along * rise * (1 - rise)}


def _negexppow(delta: FloatArray, c: _Chances, factor: FloatArray | float) -> _Weighed:
    d, power = delta[:, 0], delta[:, 1]
    raised = factor * np.exp(c.log_p / power)
    turn = raised * c.log_p / power**2
    bends = {(0, 1): turn, (1, 1): -d * turn * (c.log_p / power**2 + 2 / power)}
    return -d * raised, [-raised, d * turn], bends


_WEIGHTS: dict[SelectionType, tuple[_Weigh, int]] = {
    "beta": (_beta, 2),
    "halfnorm": (_halfnorm, 1),
    "negexp": (_negexp, 1),
    "logistic": (_logistic, 1),
    "power": (_power, 1),
    "negexppow": (_negexppow, 2),
}
"""Each weight function with the number of its parameters."""

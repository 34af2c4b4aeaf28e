"""Likelihoods of selection models and their maximum, on plain arrays, without checks and without model types.

K studies, J intervals of a step function, M nodes, D parameters of the weight function. Selection is upwards or
two-sided: who wants it downwards turns the estimates round. Notation as in `selection`; S = v + tau2, s = root(v).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.synthesis.intervals import FloatArray

SelectionType = Literal["stepfun", "beta", "halfnorm", "negexp", "logistic", "power", "negexppow", "trunc", "truncest"]

Likelihood = Callable[[float, float, FloatArray], tuple[float, FloatArray]]
"""From mu, tau2 and delta (D,) to the log-likelihood and its gradient (2 + D,)."""

LOWEST: dict[SelectionType, tuple[float, ...]] = {
    "stepfun": (0.0,),
    "beta": (1e-5, 1e-5),
    "halfnorm": (0.0,),
    "negexp": (0.0,),
    "logistic": (0.0,),
    "power": (0.0,),
    "negexppow": (0.0, 1e-3),
    "trunc": (0.0,),
    "truncest": (0.0,),
}
"""Lower bounds of the parameters; the power of ``negexppow`` stays off 0, where w jumps."""

_ON_LOG = {"stepfun", "beta", "trunc", "truncest"}
"""Types whose parameters are searched on the log scale: factors, as likely to be 1/5 as 5."""

_SMALLEST_FACTOR = 1e-8
"""What stands for 0 in the search on the log scale."""

_REACH = 8.3
"""z beyond which a p-value is 0 or 1 to the last place."""

_FAR = 38.0
"""The same where w depends on a small power of p, which goes to 0 no faster than log p goes to minus infinity."""

_PANEL_NODES = 60
"""Gauss-Legendre nodes per 8.3 units, in each of two panels: the integrand has no feature narrower than about half a
unit, and the rule is then exact to rounding."""

_FEWEST_NODES = 24

_FIRST_ROUNDS, _ROUNDS = 5, 60
_SETTLED = 1e-12
"""Relative gain in log-likelihood of the last step."""
_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Model:
    """A likelihood, the number of its selection parameters, and studies per interval (empty for smooth functions)."""

    likelihood: Likelihood
    size: int
    scale: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Maximum:
    """The highest maximum found. `free` marks mu, tau2 and each delta that is neither fixed nor on a bound."""

    mu: float
    tau2: float
    delta: tuple[float, ...]
    value: float
    free: tuple[bool, ...]
    gap: float


# Step functions.


def step_model(y: FloatArray, v: FloatArray, steps: tuple[float, ...], *, two_sided: bool) -> Model:
    """Return the model whose weight is delta_j for p-values in (steps_(j-1), steps_j], delta_1 included."""
    s = np.sqrt(v)
    z = np.abs(y / s) if two_sided else y / s
    tails = np.array([0.0, *steps]) / (2 if two_sided else 1)
    edges = -special.ndtri(tails)  # falling, from infinity
    edges[-1] = 0.0 if two_sided else -math.inf
    place = np.clip(np.searchsorted(-edges, -z, side="left") - 1, 0, len(steps) - 1)
    # in two-sided selection each interval has a mirror image
    bounds = (edges[1:, None] * s, edges[:-1, None] * s)
    regions = (bounds, (-bounds[1], -bounds[0])) if two_sided else (bounds,)
    return _piecewise(y, v, place, regions)


def cut_model(y: FloatArray, v: FloatArray, cut: float, *, last_below: float | None = None) -> Model:
    """Return the model whose weight is 1 for estimates above `cut` and delta below; D = 1.

    The estimates up to `last_below` lie below the cut-point, `cut` itself when it is not given.
    """
    place = np.where(y > (cut if last_below is None else last_below), 0, 1)
    edges = np.array([math.inf, cut, -math.inf])
    low, high = np.repeat(edges[1:, None], len(y), axis=1), np.repeat(edges[:-1, None], len(y), axis=1)
    model = _piecewise(y, v, place, ((low, high),))

    def likelihood(mu: float, tau2: float, delta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = model.likelihood(mu, tau2, np.array([1.0, delta[0]]))
        return value, np.delete(gradient, 2)

    return Model(likelihood, 1, model.scale, model.counts)


def _piecewise(
    y: FloatArray,
    v: FloatArray,
    place: npt.NDArray[np.intp],
    regions: tuple[tuple[FloatArray, FloatArray], ...],
) -> Model:
    """Return the model of weights that are constant between bounds (J, K) of the estimate; D = J."""
    size = len(regions[0][0])
    counts = np.bincount(place, minlength=size)
    present = counts > 0

    def likelihood(mu: float, tau2: float, delta: FloatArray) -> tuple[float, FloatArray]:
        total = v + tau2
        root = np.sqrt(total)
        chance, by_mu, by_tau2 = (np.zeros((size, len(y))) for _ in range(3))
        for low, high in regions:
            a, b = (low - mu) / root, (high - mu) / root
            chance += _between(a, b)
            at_a, at_b = _density(a), _density(b)
            by_mu += at_a - at_b
            by_tau2 += _times(a, at_a) - _times(b, at_b)
        seen = delta @ chance
        e = y - mu
        plain, by_plain = _plain(e, total)
        with np.errstate(divide="ignore"):
            value = plain + float(counts[present] @ np.log(delta[present])) - float(np.log(seen).sum())
        gradient = np.empty(2 + size)
        gradient[0] = by_plain[0] - float(((delta @ by_mu) / (root * seen)).sum())
        gradient[1] = by_plain[1] - float(((delta @ by_tau2) / (2 * total * seen)).sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            gradient[2:] = np.where(present, counts / delta, 0.0) - (chance / seen).sum(axis=1)
        return value, gradient

    return Model(likelihood, size, float(np.median(v)), tuple(counts.tolist()))


def _between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return normal probabilities from `a` to `b`, from whichever tail keeps the digits."""
    turn = a > 0
    return np.asarray(special.ndtr(np.where(turn, -a, b)) - special.ndtr(np.where(turn, -b, a)))


def _density(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))


def _times(x: FloatArray, density: FloatArray) -> FloatArray:
    """Return x times its density, 0 at infinity."""
    return np.where(np.isfinite(x), x, 0.0) * density


def _plain(e: FloatArray, total: FloatArray) -> tuple[float, tuple[float, float]]:
    """Return the log-likelihood without selection and its derivatives in mu and tau2."""
    z = e / total
    value = -0.5 * (len(e) * _LOG_2PI + float(np.log(total).sum()) + float(e @ z))
    return value, (float(z.sum()), 0.5 * (float(z @ z) - float((1 / total).sum())))


# Smooth functions.


@dataclass(frozen=True, slots=True)
class _Chances:
    """p-values with the logarithms of p and of 1 - p, and the factor of the first delta (1 without a precision)."""

    p: FloatArray
    log_p: FloatArray
    log_q: FloatArray
    factor: FloatArray | float


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
    weight = _WEIGHTS[kind]
    column: FloatArray | float = 1.0 if imprecision is None else imprecision[:, None]
    reach = _FAR if kind == "negexppow" else _REACH
    nodes, rule, bottom, top = _nodes(reach, two_sided=two_sided, clip=clip, threshold=threshold)
    inside = _chances(nodes, column, two_sided=two_sided, clip=clip)
    own = _chances(y / s, 1.0 if imprecision is None else imprecision, two_sided=two_sided, clip=clip)
    ends = _chances(np.array([top, bottom]), column, two_sided=two_sided, clip=clip)
    chosen = own.p > threshold if threshold else np.ones(len(y), dtype=np.bool_)
    x = s[:, None] * nodes
    log_step = np.log(s)[:, None] + np.log(rule)
    limits = np.column_stack((top * s, bottom * s))
    sides = np.array([1.0, -1.0])
    # beyond the last node the weight is that of the most extreme p-value, or 1 beyond a threshold
    flat = np.array([bool(threshold), bool(threshold) and two_sided])

    def likelihood(mu: float, tau2: float, delta: FloatArray) -> tuple[float, FloatArray]:
        total = v + tau2
        e = y - mu
        value, (by_mu, by_tau2) = _plain(e, total)
        log_w, slopes = weight(delta, own)
        value += float(log_w[chosen].sum())
        log_in, slopes_in = weight(delta, inside)
        log_ends, slopes_ends = weight(delta, ends)
        log_ends = np.where(flat, 0.0, np.broadcast_to(log_ends, (len(y), 2)))
        d = x - mu
        squares = d * d / total[:, None]
        log_mass = log_in + log_step - 0.5 * (squares + (np.log(total) + _LOG_2PI)[:, None])
        root = np.sqrt(total)[:, None]
        a = sides * (limits - mu) / root
        log_tails = log_ends + special.log_ndtr(-a)
        highest = np.maximum(log_mass.max(axis=1), log_tails.max(axis=1))[:, None]
        mass, tails = np.exp(log_mass - highest), np.exp(log_tails - highest)
        seen = mass.sum(axis=1) + tails.sum(axis=1)
        value -= float((np.log(seen) + highest[:, 0]).sum())
        at = np.exp(log_ends - highest - 0.5 * a * a) / math.sqrt(2 * math.pi)
        mean_d = (np.einsum("km,km->k", mass, d) / total + (sides * at / root).sum(axis=1)) / seen
        mean_s = 0.5 * (
            (np.einsum("km,km->k", mass, squares) - mass.sum(axis=1)) / total + (a * at).sum(axis=1) / total
        )
        gradient = np.empty(2 + len(delta))
        gradient[0] = by_mu - float(mean_d.sum())
        gradient[1] = by_tau2 - float((mean_s / seen).sum())
        for j in range(len(delta)):
            at_ends = np.where(flat, 0.0, np.broadcast_to(slopes_ends[j], (len(y), 2)))
            expected = ((mass * slopes_in[j]).sum(axis=1) + (tails * at_ends).sum(axis=1)) / seen
            gradient[2 + j] = float(slopes[j][chosen].sum()) - float(expected.sum())
        return value, gradient

    return Model(likelihood, len(LOWEST[kind]), float(np.median(v)), ())


def _nodes(
    reach: float, *, two_sided: bool, clip: float, threshold: float
) -> tuple[FloatArray, FloatArray, float, float]:
    """Return nodes and weights over z, and the lowest and highest z that they reach."""
    half = 2 if two_sided else 1
    top = -float(special.ndtri(clip / half)) if clip else reach
    if threshold:
        top = min(top, -float(special.ndtri(threshold / half)))
    lowest_z = -_REACH if not clip else float(special.ndtri(clip))
    bottom = -top if two_sided else lowest_z
    middle = 0.0 if bottom < 0 < top else (bottom + top) / 2
    nodes, rule = [], []
    for low, high in ((bottom, middle), (middle, top)):
        points, weights = _rule(max(_FEWEST_NODES, math.ceil(_PANEL_NODES * (high - low) / _REACH)))
        nodes.append(low + (high - low) * (points + 1) / 2)
        rule.append(weights * (high - low) / 2)
    return np.concatenate(nodes), np.concatenate(rule), bottom, top


@cache
def _rule(count: int) -> tuple[FloatArray, FloatArray]:
    points, weights = np.polynomial.legendre.leggauss(count)
    return points, weights


def _chances(z: FloatArray, factor: FloatArray | float, *, two_sided: bool, clip: float) -> _Chances:
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
    return _Chances(np.asarray(p), np.asarray(log_p), np.asarray(log_q), factor)


Weighed = tuple[FloatArray, list[FloatArray]]
"""Log weights, and their derivatives in each parameter."""


def _beta(delta: FloatArray, c: _Chances) -> Weighed:
    return (delta[0] - 1) * c.log_p + (delta[1] - 1) * c.log_q, [c.log_p, c.log_q]


def _halfnorm(delta: FloatArray, c: _Chances) -> Weighed:
    slope = -c.factor * c.p**2
    return delta[0] * slope, [slope]


def _negexp(delta: FloatArray, c: _Chances) -> Weighed:
    slope = -c.factor * c.p
    return delta[0] * slope, [slope]


def _logistic(delta: FloatArray, c: _Chances) -> Weighed:
    u = delta[0] * c.factor * c.p
    return math.log(2) - np.logaddexp(0.0, u), [-c.factor * c.p * special.expit(u)]


def _power(delta: FloatArray, c: _Chances) -> Weighed:
    slope = c.factor * c.log_q
    return delta[0] * slope, [slope]


def _negexppow(delta: FloatArray, c: _Chances) -> Weighed:
    raised = c.factor * np.exp(c.log_p / delta[1])
    return -delta[0] * raised, [-raised, delta[0] * raised * c.log_p / delta[1] ** 2]


_WEIGHTS: dict[SelectionType, Callable[[FloatArray, _Chances], Weighed]] = {
    "beta": _beta,
    "halfnorm": _halfnorm,
    "negexp": _negexp,
    "logistic": _logistic,
    "power": _power,
    "negexppow": _negexppow,
}


# The maximum.


@dataclass(frozen=True, slots=True)
class _Search:
    """The likelihood in the coordinates of the search, x (P,), with their bounds; `back` returns mu, tau2 and delta."""

    function: Callable[[FloatArray], tuple[float, FloatArray]]
    back: Callable[[FloatArray], tuple[float, float, FloatArray]]
    low: FloatArray
    high: FloatArray


def maximise(
    model: Model,
    kind: SelectionType,
    *,
    start: tuple[float, float],
    fixed: tuple[float | None, ...],
    common: bool,
    delta_max: float,
    decreasing: bool,
) -> Maximum:
    """Return the highest maximum found from several starts: without selection, and with strong selection.

    An interval of a step function without studies has the weight 0, where its likelihood is highest; the first
    interval's weight is 1.
    """
    fixed = tuple(
        0.0 if value is None and kind == "stepfun" and model.counts[j] == 0 else value for j, value in enumerate(fixed)
    )
    estimated = [j for j, value in enumerate(fixed) if value is None]
    # the search counts in total variances of a typical study, so that its steps suit any amount of heterogeneity
    unit = np.array([math.sqrt(model.scale + start[1]), model.scale + start[1]])
    search = _search(model, kind, fixed, unit, common=common, delta_max=delta_max, decreasing=decreasing)
    starts = _starts(search, kind, np.array(start) / unit, estimated, decreasing=decreasing)
    climbs = _leading([_climb(search, x, rounds=_FIRST_ROUNDS) for x in starts])
    climbs = sorted((_climb(search, x, rounds=_ROUNDS) for x, _ in climbs), key=lambda climb: -climb[1])
    x, value = climbs[0]
    mu, tau2, delta = search.back(x)
    lowest_, inside = lowest(kind, len(fixed)), (x > search.low) & (x < search.high)
    free = [bool(inside[0]), bool(inside[1])] + [False] * len(fixed)
    for place, j in enumerate(estimated):
        free[2 + j] = bool(inside[2 + place]) and lowest_[j] + 1e-7 < delta[j] < delta_max * (1 - 1e-7)
    others = [v for other, v in climbs[1:] if abs(search.back(other)[0] - mu) > 1e-3 * unit[0]]
    gap = value - max(others, default=-math.inf)
    return Maximum(mu, tau2, tuple(delta.tolist()), value, tuple(free), gap)


def _leading(climbs: list[tuple[FloatArray, float]]) -> list[tuple[FloatArray, float]]:
    """Return the climbs that may still lead to the highest peak, one of those that have come to the same place."""
    climbs = sorted(climbs, key=lambda climb: -climb[1])
    kept: list[tuple[FloatArray, float]] = []
    for x, value in climbs:
        near = any(float(np.abs(x - other).max()) < _SAME_PLACE for other, _ in kept)
        if value > climbs[0][1] - _OUT_OF_REACH and not near:
            kept.append((x, value))
    return kept


_SAME_PLACE, _OUT_OF_REACH = 0.02, 3.0
"""Distance in units of the search, and log-likelihood behind the leader, after the first rounds."""


def lowest(kind: SelectionType, count: int) -> tuple[float, ...]:
    """Return the lower bounds of `count` parameters."""
    bounds = LOWEST[kind]
    return bounds if len(bounds) == count else bounds * count


def _search(
    model: Model,
    kind: SelectionType,
    fixed: tuple[float | None, ...],
    unit: FloatArray,
    *,
    common: bool,
    delta_max: float,
    decreasing: bool,
) -> _Search:
    """Return the search with mu and tau2 in these units."""
    estimated = np.array([j for j, value in enumerate(fixed) if value is None], dtype=np.intp)
    base = np.array([0.0 if value is None else value for value in fixed])
    on_log = kind in _ON_LOG
    # decreasing weights: each is the one before times a factor of at most 1
    mixing = np.tril(np.ones((len(estimated), len(estimated)))) if decreasing else np.eye(len(estimated))

    def back(x: FloatArray) -> tuple[float, float, FloatArray]:
        delta = base.copy()
        inner = mixing @ x[2:]
        delta[estimated] = np.exp(inner) if on_log else inner
        return float(x[0] * unit[0]), float(x[1] * unit[1]), delta

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        mu, tau2, delta = back(x)
        value, gradient = model.likelihood(mu, tau2, delta)
        inner = gradient[2:][estimated] * (delta[estimated] if on_log else 1.0)
        return value, np.concatenate((gradient[:2] * unit, mixing.T @ inner))

    bounds = np.array(lowest(kind, len(fixed)))[estimated]
    low = np.log(np.maximum(bounds, _SMALLEST_FACTOR)) if on_log else bounds
    high = np.full(len(estimated), math.log(delta_max) if on_log else delta_max)
    if decreasing:
        high = np.zeros(len(estimated))
    return _Search(
        function,
        back,
        np.concatenate(([-math.inf, 0.0], low)),
        np.concatenate(([math.inf, 0.0 if common else math.inf], high)),
    )


def _starts(
    search: _Search, kind: SelectionType, plain: FloatArray, estimated: list[int], *, decreasing: bool
) -> list[FloatArray]:
    """Return starts in the coordinates of the search: the fit without selection, and the best of a coarse grid.

    Selection upwards makes the mean of what is seen too high, so the grid reaches further below it than above.
    """
    mu, tau2 = plain.tolist()
    if not estimated:
        return [np.array([mu, tau2])]
    deltas = [np.resize(np.array(values), len(estimated)) for values in _delta_starts(kind, decreasing=decreasing)]
    means, spreads = (mu, 0.3 * mu, mu - 0.8, mu - 2.5, mu + 2.5), (0.0, tau2 + 0.1, 3 * tau2 + 0.5)
    cells = [(t, j) for t in range(len(spreads)) for j in range(len(deltas))]
    chosen = {}
    for t, j in cells:
        trials = [np.concatenate(([m, spreads[t]], deltas[j])) for m in means]
        trials = [np.clip(trial, search.low, search.high) for trial in trials]
        values = [search.function(trial)[0] for trial in trials]
        best = int(np.argmax(values))
        chosen[t, j] = (values[best], trials[best])
    # the best start of each degree of selection and of each amount of heterogeneity: they lead to different peaks
    leading = {
        max((cell for cell in cells if cell[axis] == level), key=lambda cell: chosen[cell][0])
        for axis in (0, 1)
        for level in {cell[axis] for cell in cells}
    }
    return [np.concatenate(([mu, tau2 + 0.1], deltas[0])), *(chosen[cell][1] for cell in sorted(leading))]


def _delta_starts(kind: SelectionType, *, decreasing: bool) -> tuple[tuple[float, ...], ...]:
    """Return degrees of selection, none to strong, on the scale of the search."""
    if decreasing:
        return (-0.05,), (-0.5,), (-2.0,)
    if kind == "beta":
        return (0.0, 0.0), (-0.7, 0.7), (-5.0, 0.8), (0.7, 0.1)
    if kind == "negexppow":
        return (0.5, 1.0), (8.0, 3.0), (30.0, 30.0)
    return ((0.0,), (-1.5,), (-4.0,)) if kind in _ON_LOG else ((0.5,), (6.0,), (30.0,))


def _climb(search: _Search, x: FloatArray, *, rounds: int) -> tuple[FloatArray, float]:
    """Return a local maximum within the bounds, by Newton's method with damping, and its value.

    It ends when a step gains next to nothing, or after so many rounds.
    """
    x = np.clip(x, search.low, search.high)
    value, gradient = search.function(x)
    damping = 1e-3
    for _ in range(rounds):
        free = ~(((x <= search.low) & (gradient <= 0)) | ((x >= search.high) & (gradient >= 0)))
        if not free.any():
            break
        curvature = -_hessian(search, x, gradient, free)
        for _ in range(_TRIALS):
            trial = x.copy()
            step = _damped(curvature, gradient[free], damping)
            trial[free] = np.clip(x[free] + step, search.low[free], search.high[free])
            new, new_gradient = search.function(trial)
            if new > value:
                break
            damping *= 8
        else:
            break
        gain, change = new - value, float(np.abs(trial - x).max())
        x, value, gradient = trial, new, new_gradient
        damping = max(damping / 20, 1e-12)
        if gain <= _SETTLED * (1 + abs(value)) and change <= math.sqrt(_SETTLED):
            break
    return x, value


_TRIALS = 12
"""Shorter and shorter steps before a place counts as the maximum."""


def _damped(curvature: FloatArray, gradient: FloatArray, damping: float) -> FloatArray:
    """Return an uphill step: along each principal axis by the size of the curvature there, whatever its sign."""
    if not np.isfinite(curvature).all():
        return gradient / (1 + float(np.abs(gradient).max()))
    values, axes = np.linalg.eigh(curvature)
    size = np.abs(values)
    step = axes @ ((axes.T @ gradient) / (size + damping * (1 + float(size.max()))))
    longest = float(np.abs(step).max())
    return np.asarray(step * min(1.0, _LONGEST / longest)) if longest > 0 else step


_LONGEST = 3.0
"""Longest step of the search in its units: standard deviations of a typical study, or factors of e."""


def _hessian(search: _Search, x: FloatArray, gradient: FloatArray, free: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the second derivatives in the free coordinates, by forward differences of the gradient."""
    places = np.flatnonzero(free)
    columns = []
    for j in places:
        h = 1e-6 * max(1.0, abs(float(x[j])))
        h = -h if x[j] + h > search.high[j] else h
        moved = x.copy()
        moved[j] += h
        columns.append((search.function(moved)[1][places] - gradient[places]) / h)
    hessian = np.array(columns)
    return np.asarray((hessian + hessian.T) / 2)


def standard_errors(model: Model, maximum: Maximum) -> list[float | None]:
    """Return the standard errors of mu, tau2 and every delta from the curvature; None where not free or not defined."""
    theta = np.array([maximum.mu, maximum.tau2, *maximum.delta])
    places = np.flatnonzero(np.array(maximum.free))
    errors: list[float | None] = [None] * len(theta)
    units = np.array([math.sqrt(model.scale), model.scale, *([1.0] * len(maximum.delta))])
    columns = []
    for j in places:
        h = 1e-4 * max(units[j] if j < 2 else 0.0, abs(float(theta[j])))
        h = min(h, 0.5 * float(theta[j])) if j else h
        gradients = []
        for side in (h, -h, 2 * h, -2 * h) if j == 0 or theta[j] > 2 * h else (h, -h):
            shifted = theta.copy()
            shifted[j] += side
            gradients.append(model.likelihood(float(shifted[0]), float(shifted[1]), shifted[2:])[1][places])
        near = (gradients[0] - gradients[1]) / (2 * h)
        columns.append(near if len(gradients) == 2 else (4 * near - (gradients[2] - gradients[3]) / (4 * h)) / 3)
    information = -np.array(columns)
    information = (information + information.T) / 2
    scaled = information * np.outer(units[places], units[places])
    if not np.isfinite(scaled).all() or float(np.linalg.eigvalsh(scaled).min()) <= _FLAT * float(np.abs(scaled).max()):
        return errors
    variances = np.diagonal(np.linalg.inv(scaled)) * units[places] ** 2
    for place, variance in zip(places.tolist(), variances.tolist(), strict=True):
        errors[place] = math.sqrt(variance)
    return errors


_FLAT = 1e-10
"""Smallest curvature, relative to the largest, that tells a maximum from a plateau."""

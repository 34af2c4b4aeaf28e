"""The highest maximum of the likelihood of a selection model, and the errors from its curvature.

S places from which the search climbs, all at once; P coordinates of the search: mu, tau2, and those delta that are not
fixed. Climbs are Newton's, damped (Levenberg and Marquardt), with the exact second derivatives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import DidNotConverge
from stromata.synthesis.bias.selection_kernels import Expansion, Model, SelectionType
from stromata.synthesis.intervals import FloatArray

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

_FIRST_ROUNDS, _ROUNDS = 5, 150
_SETTLED = 1e-12
"""Relative gain in log-likelihood of the last step, and the square of its length in the units of the search."""

_ROUNDING = 1e-14
"""Relative loss in log-likelihood that a short step may seem to bring."""

_AT_BOUND = 1e-13
"""Distance from a bound, in units of the search, that is none."""

_TRIALS = 12
"""Shorter and shorter steps before a place counts as the maximum."""

_DAMPED, _LEAST_DAMPED = 1e-3, 1e-12
"""Damping in largest curvatures: of the first step and, at least, after a step that failed; and the least of all."""

_EASED, _TIGHTENED = 20.0, 8.0
"""Factors on the damping after a good step and after one that failed."""

_LONGEST = 3.0
"""Longest step of the search in its units: standard deviations of a typical study, or factors of e."""

_SAME_PLACE, _OUT_OF_REACH = 0.02, 3.0
"""Distance in units of the search, and log-likelihood behind the leader, after the first rounds."""

_FLAT = 1e-10
"""Smallest curvature, relative to the largest, that tells a maximum from a plateau."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """The highest maximum found. `free` marks mu, tau2 and each delta that is neither fixed nor on a bound."""

    mu: float
    tau2: float
    delta: tuple[float, ...]
    value: float
    free: tuple[bool, ...]
    gap: float


def lowest(kind: SelectionType, count: int) -> tuple[float, ...]:
    """Return the lower bounds of `count` parameters."""
    bounds = LOWEST[kind]
    return bounds if len(bounds) == count else bounds * count


@dataclass(frozen=True, slots=True)
class _Search:
    """A likelihood in the coordinates of the search.

    Attributes
    ----------
    unit : (2,) of mu and tau2: total variances of a typical study, so that steps suit any amount of heterogeneity.
    base : (D,) values of the fixed parameters. kept : (P,) places in theta of mu, tau2 and the estimated parameters.
    mixing : (P, P) from coordinates to these; None for the coordinates themselves.
    low, high : (P,) bounds.
    """

    model: Model
    unit: FloatArray
    base: FloatArray
    kept: npt.NDArray[np.intp]
    mixing: FloatArray | None
    on_log: bool
    low: FloatArray
    high: FloatArray

    def theta(self, x: FloatArray) -> FloatArray:
        """Return the model's parameters at (S, P) places."""
        theta = np.empty((len(x), 2 + len(self.base)))
        theta[:, 2:] = self.base
        theta[:, self.kept] = x if self.mixing is None else x @ self.mixing.T
        theta[:, :2] *= self.unit
        if self.on_log:
            theta[:, self.kept[2:]] = np.exp(theta[:, self.kept[2:]])
        return theta

    def expand(self, x: FloatArray) -> Expansion:
        """Return values, gradients and second derivatives at (S, P) places."""
        theta = self.theta(x)
        value, gradient, hessian = self.model.expand(theta)
        factor = theta[:, self.kept] if self.on_log else np.ones_like(x)
        factor[:, :2] = self.unit
        gradient = gradient[:, self.kept] * factor
        hessian = hessian[:, self.kept[:, None], self.kept] * (factor[:, :, None] * factor[:, None])
        if self.on_log:
            inner = np.arange(2, x.shape[1])
            hessian[:, inner, inner] += gradient[:, 2:]
        if self.mixing is None:
            return value, gradient, hessian
        return value, gradient @ self.mixing, self.mixing.T @ hessian @ self.mixing


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

    Raises
    ------
    DidNotConverge
        The likelihood has no bound.
    """
    fixed = tuple(
        0.0 if value is None and kind == "stepfun" and model.counts[j] == 0 else value for j, value in enumerate(fixed)
    )
    estimated = [j for j, value in enumerate(fixed) if value is None]
    unit = np.array([math.sqrt(model.scale + start[1]), model.scale + start[1]])
    search = _search(model, kind, fixed, unit, common=common, delta_max=delta_max, decreasing=decreasing)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # what is not finite is no higher
        climbs = _climbs(search, _starts(search, kind, np.array(start) / unit, decreasing=decreasing))
    x, value = climbs[0]
    mu, tau2, *delta = search.theta(x[None])[0].tolist()
    lowest_, inside = lowest(kind, len(fixed)), (x > search.low) & (x < search.high)
    free = [bool(inside[0]), bool(inside[1])] + [False] * len(fixed)
    for place, j in enumerate(estimated):
        free[2 + j] = bool(inside[2 + place]) and lowest_[j] + 1e-7 < delta[j] < delta_max * (1 - 1e-7)
    others = [v for other, v in climbs[1:] if abs(other[0] - x[0]) > _ELSEWHERE]
    return Maximum(mu, tau2, tuple(delta), value, tuple(free), value - max(others, default=-math.inf))


_ELSEWHERE = 1e-3
"""Difference in mu, in units of the search, from which another peak is another answer."""


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
    places = np.array([j for j, value in enumerate(fixed) if value is None], dtype=np.intp)
    count, on_log = len(places), kind in _ON_LOG
    bounds = np.array(lowest(kind, len(fixed)))[places]
    low = np.log(np.maximum(bounds, _SMALLEST_FACTOR)) if on_log else bounds
    high = np.full(count, math.log(delta_max) if on_log else delta_max)
    mixing = None
    if decreasing:  # each weight is the one before times a factor of at most 1
        high, mixing = np.zeros(count), np.eye(2 + count)
        mixing[2:, 2:] = np.tril(np.ones((count, count)))
    return _Search(
        model,
        unit,
        np.array([0.0 if value is None else value for value in fixed]),
        np.concatenate((np.arange(2), places + 2)),
        mixing,
        on_log,
        np.concatenate(([-math.inf, 0.0], low)),
        np.concatenate(([math.inf, 0.0 if common else math.inf], high)),
    )


def _starts(search: _Search, kind: SelectionType, plain: FloatArray, *, decreasing: bool) -> FloatArray:
    """Return (S, P) starts: the fit without selection, and the best of a coarse grid.

    Selection upwards makes the mean of what is seen too high, so the grid reaches further below it than above.
    """
    mu, tau2 = plain.tolist()
    count = len(search.kept) - 2
    if not count:
        return plain[None]
    deltas = [np.resize(np.array(values), count) for values in _delta_starts(kind, decreasing=decreasing)]
    means, spreads = (mu, 0.3 * mu, mu - 0.8, mu - 2.5, mu + 2.5), (0.0, tau2 + 0.1, 3 * tau2 + 0.5)
    grid = np.array([[m, t, *delta] for t in spreads for delta in deltas for m in means])
    grid = np.clip(grid, search.low, search.high)
    values = search.model.values(search.theta(grid)).reshape(len(spreads), len(deltas), len(means))
    best, worth = values.argmax(axis=2), values.max(axis=2)
    # the best start of each degree of selection and of each amount of heterogeneity: they lead to different peaks
    leading = sorted(
        {(int(t), j) for j, t in enumerate(worth.argmax(axis=0))}
        | {(t, int(j)) for t, j in enumerate(worth.argmax(axis=1))}
    )
    grid = grid.reshape(*values.shape, -1)
    starts = [[mu, tau2 + 0.1, *deltas[0].tolist()], *(grid[t, j, best[t, j]].tolist() for t, j in leading)]
    return np.array(list(dict.fromkeys(map(tuple, np.clip(starts, search.low, search.high).tolist()))))


def _delta_starts(kind: SelectionType, *, decreasing: bool) -> tuple[tuple[float, ...], ...]:
    """Return degrees of selection, none to strong, on the scale of the search."""
    if decreasing:
        return (-0.05,), (-0.5,), (-2.0,)
    if kind == "beta":
        return (0.0, 0.0), (-0.7, 0.7), (-5.0, 0.8), (0.7, 0.1)
    if kind == "negexppow":
        return (0.5, 1.0), (2.0, 5.0), (8.0, 3.0), (30.0, 30.0), (5.0, 0.2), (50.0, 0.08)
    return ((0.0,), (-1.5,), (-4.0,)) if kind in _ON_LOG else ((0.5,), (6.0,), (30.0,))


_Peak: TypeAlias = tuple[FloatArray, float]
"""A place (P,) and the value there."""


def _climbs(search: _Search, x: FloatArray) -> list[_Peak]:
    """Climb from (S, P) starts, all at once; return the local maxima met, the highest first.

    After the first rounds only those go on that may still lead to the highest peak, one for each place come to.
    """
    value, gradient, hessian = search.expand(x)
    damping, failed = np.full(len(x), _DAMPED), np.zeros(len(x))
    ended: list[_Peak] = []
    for turn in range(1, _ROUNDS):
        trial = x + _step(search, x, gradient, hessian, damping)
        trial = np.where(trial < search.low + _AT_BOUND, search.low, trial)
        trial = np.where(trial > search.high - _AT_BOUND, search.high, trial)
        new, new_gradient, new_hessian = search.expand(trial)
        if (new == math.inf).any():
            raise DidNotConverge(
                "the likelihood has no maximum: the estimates lie at the edge of an interval of p-values, and the "
                "further the mean is from them, the likelier they are",
                hint="Give steps that lie apart from the studies' p-values, or take another type.",
            )
        change, gain, size = np.abs(trial - x).max(axis=1), new - value, 1 + np.abs(value)
        short = change <= math.sqrt(_SETTLED)
        better = (gain > 0) | (short & (gain > -_ROUNDING * size))
        # a short step says little while it is held short by the damping
        over = (better & short & (gain <= _SETTLED * size) & (damping <= _DAMPED)) | (change == 0)
        if better.all():
            x, value, gradient, hessian = trial, new, new_gradient, new_hessian
            damping, failed = np.maximum(damping / _EASED, _LEAST_DAMPED), np.zeros(len(x))
        else:
            x, gradient = (np.where(better[:, None], *each) for each in ((trial, x), (new_gradient, gradient)))
            value, hessian = np.where(better, new, value), np.where(better[:, None, None], new_hessian, hessian)
            damping = np.where(
                better, np.maximum(damping / _EASED, _LEAST_DAMPED), np.maximum(damping, _DAMPED) * _TIGHTENED
            )
            failed = np.where(better, 0, failed + 1)
            over |= failed >= _TRIALS
        if over.any():
            ended += [(x[i], float(value[i])) for i in over.nonzero()[0].tolist()]
        stays = ~over
        if turn >= _FIRST_ROUNDS:
            ended, stays = _leading(ended, x, value, stays)
        if not stays.all():
            if not stays.any():
                return sorted(ended, key=lambda peak: -peak[1])
            x, value, gradient, hessian = x[stays], value[stays], gradient[stays], hessian[stays]
            damping, failed = damping[stays], failed[stays]
    return sorted([*ended, *zip(x, value.tolist(), strict=True)], key=lambda peak: -peak[1])


def _leading(
    ended: list[_Peak], x: FloatArray, value: FloatArray, going: npt.NDArray[np.bool_]
) -> tuple[list[_Peak], npt.NDArray[np.bool_]]:
    """Return the peaks and the climbs, of those `going`, that are within reach, and not where a higher one is."""
    places = going.nonzero()[0].tolist()
    all_ = [(worth, at.tolist(), -1 - i) for i, (at, worth) in enumerate(ended)]
    all_ += [(float(value[i]), x[i].tolist(), i) for i in places]
    all_.sort(key=lambda each: -each[0])
    kept: list[tuple[float, list[float], int]] = []
    for each in all_:
        near = any(max(abs(a - b) for a, b in zip(each[1], other[1], strict=True)) < _SAME_PLACE for other in kept)
        if each[0] > all_[0][0] - _OUT_OF_REACH and not near:
            kept.append(each)
    stays = np.zeros(len(going), dtype=np.bool_)
    stays[[i for _, _, i in kept if i >= 0]] = True
    return [ended[-1 - i] for _, _, i in kept if i < 0], stays


def _step(search: _Search, x: FloatArray, gradient: FloatArray, hessian: FloatArray, damping: FloatArray) -> FloatArray:
    """Return (S, P) uphill steps: along each principal axis by the size of the curvature there, whatever its sign.

    Coordinates on a bound that would be left are cut out: their rows of the curvature are those of the identity.
    """
    curvature = -hessian
    held = ((x <= search.low) & (gradient <= 0)) | ((x >= search.high) & (gradient >= 0))
    if held.any():
        gradient = np.where(held, 0.0, gradient)
        curvature[held[:, :, None] | held[:, None]] = 0.0
        places = np.arange(x.shape[1])
        curvature[:, places, places] += held
    if not np.isfinite(curvature).all():
        curvature[~np.isfinite(curvature).all(axis=(1, 2))] = np.eye(x.shape[1])
    values, axes = np.linalg.eigh(curvature)
    size = np.abs(values)
    bent = size + (damping * (1 + size.max(axis=1)))[:, None]
    steps = (axes @ ((gradient[:, None] @ axes)[:, 0] / bent)[:, :, None])[:, :, 0]
    longest = np.abs(steps).max(axis=1)
    if (longest > _LONGEST).any():
        steps *= np.minimum(1.0, _LONGEST / np.maximum(longest, _LONGEST))[:, None]
    return np.asarray(steps)


def standard_errors(model: Model, maximum: Maximum) -> list[float | None]:
    """Return the standard errors of mu, tau2 and every delta from the curvature; None where not free or not defined."""
    places = np.flatnonzero(np.array(maximum.free))
    errors: list[float | None] = [None] * len(maximum.free)
    hessian = model.expand(np.array([[maximum.mu, maximum.tau2, *maximum.delta]]))[2][0]
    units = np.array([math.sqrt(model.scale), model.scale, *([1.0] * len(maximum.delta))])[places]
    scaled = -hessian[np.ix_(places, places)] * np.multiply.outer(units, units)
    if not np.isfinite(scaled).all() or float(np.linalg.eigvalsh(scaled).min()) <= _FLAT * float(np.abs(scaled).max()):
        return errors
    variances = np.diagonal(np.linalg.inv(scaled)) * units**2
    for place, variance in zip(places.tolist(), variances.tolist(), strict=True):
        errors[place] = math.sqrt(variance)
    return errors

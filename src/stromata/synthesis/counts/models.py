"""Maximum likelihood for counts with normal study effects: every maximum is looked for, and the highest is taken.

K studies, J observations each, P coefficients common to all studies, D random effects (0, 1 or 2), B trial values.
A study may have one parameter of its own (such as its baseline); it is estimated along with the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from stromata.synthesis.counts.families import Family
from stromata.synthesis.counts.quadrature import Marginal, marginal
from stromata.synthesis.intervals import FloatArray

TAU_GRID = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 4.0, 5.5, 8.0, 12.0, 20.0])
"""Values of tau, on the logit or log scale, from which the likelihood is climbed. A standard deviation of 20 between
logits means that every study is all or nothing: a maximum there is one at infinity."""

_ROUNDS = 60
"""Newton steps after which a climb is given up; three to six are usual."""

_PROFILE_ROUNDS = 6
"""Newton steps on the way along the grid: enough to see where the maxima are."""

_NEAR = 0.03
"""Largest step, in rough standard errors, at which the profile is good enough: the height is then off by 0.0005."""

_DONE = 1e-7
"""Newton step, in rough standard errors, that is the last: what remains is its square."""

_SETTLED = 1e-4
"""Newton step, in rough standard errors, from which on a step that no longer shrinks is rounding."""

_DIFFERENCE = 1e-4
"""Step of the differences of gradients, in rough standard errors."""

_GAIN = 1e-8
"""Gain in log-likelihood over tau = 0, per unit of its size, below which the two are the same number."""

_BELIEVED = 8.0
"""Size of a study's own parameter, in log odds, a single step may add."""

Outcome: TypeAlias = Literal["fitted", "infinite", "unbounded", "stuck"]


@dataclass(frozen=True, slots=True)
class Model:
    """Canonical parameters: ``offset + coefficients . fixed + own parameter * own + sum_d tau[d] loading[d] u[d]``.

    Attributes
    ----------
    offset : (J, K).
    fixed : (P, J, K).
    own : (J,) what each observation takes of its study's own parameter; None when studies have none.
    loading : (D, J).
    rough : (K,) rough estimates and (K,) variances of the last coefficient, study by study, to start from.
    """

    family: Family
    offset: FloatArray
    fixed: FloatArray
    own: FloatArray | None
    loading: FloatArray
    rough: tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Found:
    """A maximum.

    Attributes
    ----------
    coefficients, covariance : (P,) and (P, P).
    own : (K,) the studies' own parameters; zeros when there are none.
    tau, tau_se : (D,) standard deviations, none below 0, with their standard errors (NaN at 0).
    log_likelihood : with all constants, study effects integrated out.
    conditional : the same at the most likely study effects, nothing integrated out.
    points : of the quadrature; 0 when there was nothing to integrate.
    modes, gap : maxima met, and the lead of the highest over the next in log-likelihood.
    """

    outcome: Outcome
    coefficients: FloatArray
    covariance: FloatArray
    own: FloatArray
    tau: FloatArray
    tau_se: FloatArray
    log_likelihood: float = math.nan
    conditional: float = math.nan
    points: int = 0
    modes: int = 1
    gap: float = math.inf

    @property
    def se(self) -> float:
        """Standard error of the last coefficient."""
        return math.sqrt(float(self.covariance[-1, -1]))

    @property
    def estimate(self) -> float:
        """The last coefficient."""
        return float(self.coefficients[-1])


def without_numbers(outcome: Outcome, model: Model, *, points: int = 0) -> Found:
    """Return a result that says why it has no numbers."""
    p, d, k = len(model.fixed), len(model.loading), model.offset.shape[1]
    return Found(
        outcome,
        np.full(p, np.nan),
        np.full((p, p), np.nan),
        np.zeros(k),
        np.full(d, np.nan),
        np.full(d, np.nan),
        points=points,
    )


def fit_common(model: Model) -> Found:
    """Return the maximum without random effects (all tau 0), which must be finite.

    The log-likelihood is concave in all parameters: Newton's method with halved steps finds its only maximum.
    """
    p, k = len(model.fixed), model.offset.shape[1]
    place = np.zeros(p)
    own = np.zeros(k)
    height = -math.inf
    step, own_step = place, own
    covariance: FloatArray = np.zeros((p, p))
    settled = math.inf
    for _ in range(500):
        eta = _linear(model, place[None], own[None])[0]
        below, _ = model.family.below(eta)
        now = float(below.sum())
        if now < height - 1e-12 * max(1.0, abs(height)) and settled > _SETTLED:
            step, own_step = step / 2, own_step / 2
            place, own = place - step, own - own_step
            continue
        height = now
        residual, variance = model.family.slopes(eta)
        reduced, slope, cross, own_slope, own_curve = _normal_equations(model, residual, variance)
        covariance = np.asarray(np.linalg.inv(reduced), dtype=np.float64)
        step = covariance @ slope
        own_step = np.clip((own_slope - cross.T @ step) / own_curve, -_BELIEVED, _BELIEVED)
        size = float(np.abs(step / np.sqrt(np.diag(covariance))).max())
        scale = min(1.0, 4 / size) if size > 0 else 1.0
        step = step * scale
        place, own = place + step, own + own_step
        moved = max(size, float(np.abs(own_step * np.sqrt(own_curve)).max()) if model.own is not None else 0.0)
        if moved < 1e-10 or (settled < _SETTLED and moved >= settled / 4):
            break
        settled = moved
    height = float(model.family.below(_linear(model, place[None], own[None])[0])[0].sum())
    nothing = np.zeros(len(model.loading))
    total = height + float(model.family.best.sum())
    return Found("fitted", place, covariance, own, nothing, np.full_like(nothing, np.nan), total, total)


def _normal_equations(
    model: Model, residual: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return information and score of the coefficients with own parameters profiled out, and what undoes it."""
    weighted = model.fixed * variance
    full = np.einsum("pjk,qjk->pq", weighted, model.fixed)
    slope = np.einsum("pjk,jk->p", model.fixed, residual)
    k = residual.shape[1]
    if model.own is None:
        return full, slope, np.zeros((len(full), k)), np.zeros(k), np.ones(k)
    cross = np.einsum("pjk,j->pk", weighted, model.own)
    own_curve = np.maximum((model.own[:, None] ** 2 * variance).sum(axis=0), 1e-300)
    own_slope = (model.own[:, None] * residual).sum(axis=0)
    return full - (cross / own_curve) @ cross.T, slope - cross @ (own_slope / own_curve), cross, own_slope, own_curve


def fit(model: Model, common: Found, *, points: int, sigma: float | None = None) -> Found:
    """Return the highest maximum, with the last random effect free.

    Parameters
    ----------
    common : the fit without the last random effect; it is the answer where no tau above 0 is more likely.
    points : quadrature points per random effect.
    sigma : with two random effects, the first one's standard deviation under `common`.
    """
    trial = _grid(common.se)
    state = _start(model, common, trial, sigma)
    state, value = _profile(model, state, points, common)
    last = len(trial) - 1
    if int(np.argmax(value)) == last:
        return without_numbers("unbounded", model, points=points)
    floor = common.log_likelihood + _GAIN * max(1.0, abs(common.log_likelihood))
    best, other = None, -math.inf
    reached: list[Found] = []
    for i in range(1, last):
        if value[i] >= value[i - 1] and value[i] >= value[i + 1]:
            climbed = _climb(model, state.row(i), points, common)
            if climbed is not None and climbed.log_likelihood > floor:
                reached.append(climbed)
    if not reached:
        rose = bool(value.max() > floor)
        return without_numbers("stuck", model, points=points) if rose else common
    reached.sort(key=lambda found: found.log_likelihood)
    best = reached[-1]
    apart = [found for found in reached[:-1] if abs(found.tau[-1] - best.tau[-1]) > 1e-4 * best.tau[-1]]
    other = max([found.log_likelihood for found in apart], default=-math.inf)
    if best.tau[-1] > TAU_GRID[-1]:
        return without_numbers("unbounded", model, points=points)
    return _with_modes(best, 1 + len(apart), best.log_likelihood - other)


def refit(model: Model, common: Found, found: Found, *, points: int) -> Found:
    """Return the maximum under a rule of other points that is next to one `found` before.

    Where there is none any more, the highest of all.
    """
    state = _State(found.coefficients[None], found.own[None], found.tau[None], None)
    climbed = _climb(model, state, points, common)
    if climbed is None or climbed.log_likelihood < common.log_likelihood or climbed.tau[-1] > TAU_GRID[-1]:
        return fit(model, common, points=points, sigma=float(found.tau[0]) if len(found.tau) > 1 else None)
    return _with_modes(climbed, found.modes, found.gap)


def _with_modes(found: Found, modes: int, gap: float) -> Found:
    return Found(
        found.outcome,
        found.coefficients,
        found.covariance,
        found.own,
        found.tau,
        found.tau_se,
        found.log_likelihood,
        found.conditional,
        found.points,
        modes,
        gap,
    )


@dataclass(frozen=True, slots=True)
class OwnInformation:
    """Information on the studies' own parameters with all else estimated: ``diagonal - cross' inverse cross``."""

    own: FloatArray
    diagonal: FloatArray
    cross: FloatArray
    inverse: FloatArray

    def product(self, x: FloatArray, y: FloatArray) -> float:
        """Return x' information y for (K,) x and y."""
        return float((x * self.diagonal) @ y - (self.cross @ x) @ self.inverse @ (self.cross @ y))


def own_information(model: Model, found: Found) -> OwnInformation:
    """Return the information on the own parameters at a maximum."""
    k = model.offset.shape[1]
    state = _State(found.coefficients[None], found.own[None], found.tau[None], None)
    width = np.full(1, math.sqrt(float(found.tau[-1]) ** 2 / k + found.se**2))
    slopes = _slopes(model, state, max(found.points, 1), width, central=True)
    _, hessian, cross, _, curve = _reduced(model, slopes)
    whole = (cross[0] / curve[0]) @ cross[0].T - hessian[0]
    if found.tau[-1] == 0:
        whole, cross = whole[:-1, :-1], cross[:, :-1]
    return OwnInformation(found.own, curve[0], cross[0], np.linalg.inv(whole))


def log_likelihood(model: Model, coefficients: FloatArray, tau: FloatArray, *, points: int) -> FloatArray:
    """Return the (B,) log-likelihoods at (B, P) coefficients and (B, D) standard deviations.

    Own parameters, if studies have any, are the most likely ones there.
    """
    return _at(model, coefficients, tau, points=points)[0]


def conditional_log_likelihood(model: Model, coefficients: FloatArray, tau: FloatArray, *, points: int) -> FloatArray:
    """Return what `log_likelihood` does, at the most likely study effects instead of integrated over them."""
    return _at(model, coefficients, tau, points=points)[1]


def _at(model: Model, coefficients: FloatArray, tau: FloatArray, *, points: int) -> tuple[FloatArray, FloatArray]:
    b, k = len(tau), model.offset.shape[1]
    state = _State(coefficients, np.zeros((b, k)), tau, None)
    if model.own is not None:
        for _ in range(_ROUNDS):
            slopes = _slopes(model, state, points, np.full(b, 0.1), central=False)
            own_slope, own_curve = _own(model, slopes)
            step = np.clip(own_slope / own_curve, -2.0, 2.0)
            state = state.moved(np.zeros_like(coefficients), step, np.zeros_like(tau), slopes.here.mode)
            if float(np.abs(step).max()) < 1e-9:
                break
    here = _evaluate(model, state, points)
    best = float(model.family.best.sum())
    return here.value.sum(axis=1) + best, _conditional(model, state, here) + best


@dataclass(frozen=True, slots=True)
class _State:
    """Trial values: coefficients (B, P), own (B, K), tau (B, D), and the study effects found there (B, D, K)."""

    coefficients: FloatArray
    own: FloatArray
    tau: FloatArray
    mode: FloatArray | None

    def row(self, i: int) -> _State:
        mode = None if self.mode is None else self.mode[i : i + 1]
        return _State(self.coefficients[i : i + 1], self.own[i : i + 1], self.tau[i : i + 1], mode)

    def moved(self, coefficients: FloatArray, own: FloatArray, tau: FloatArray, mode: FloatArray | None) -> _State:
        return _State(self.coefficients + coefficients, self.own + own, self.tau + tau, mode)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Gradient (B, J + D, K) by observation and random effect, and its derivative (B, J + D, J + D, K)."""

    here: Marginal
    first: FloatArray
    second: FloatArray


def _grid(se: float) -> FloatArray:
    """Return 0 and the values of tau to look at: with huge studies they begin far below the usual ones."""
    lowest = min(se / 2, 0.01)
    finer = np.geomspace(lowest, 0.01, 1 + math.ceil(math.log2(0.01 / lowest)))
    return np.concatenate(([0.0], finer, TAU_GRID))


def _start(model: Model, common: Found, trial: FloatArray, sigma: float | None) -> _State:
    b = len(trial)
    coefficients = np.tile(common.coefficients, (b, 1))
    if len(model.fixed) == 1:
        y, v = model.rough
        w = 1 / (v + trial[:, None] ** 2)
        shift = (w @ y) / w.sum(axis=1)
        coefficients[1:, 0] += (shift - shift[0])[1:]
    tau = trial[:, None] if sigma is None else np.column_stack((np.full(b, max(sigma, 0.05)), trial))
    return _State(coefficients, np.tile(common.own, (b, 1)), tau, None)


def _linear(model: Model, coefficients: FloatArray, own: FloatArray) -> FloatArray:
    if len(model.fixed) == 1:
        linear = model.offset + coefficients[:, :1, None] * model.fixed[0]
    else:
        linear = model.offset + np.einsum("bp,pjk->bjk", coefficients, model.fixed)
    return np.asarray(linear if model.own is None else linear + own[:, None] * model.own[:, None])


def _evaluate(model: Model, state: _State, points: int) -> Marginal:
    linear = _linear(model, state.coefficients, state.own)
    return marginal(model.family, linear, model.loading, state.tau, points=points, start=state.mode)


def _conditional(model: Model, state: _State, here: Marginal) -> FloatArray:
    eta = _linear(model, state.coefficients, state.own)
    eta = eta + np.einsum("bd,dj,bdk->bjk", state.tau, model.loading, here.mode)
    return np.asarray(model.family.below(eta)[0].sum(axis=(1, 2)))


def _slopes(
    model: Model, state: _State, points: int, width: FloatArray, *, central: bool, free: bool = True
) -> _Slopes:
    """Return gradient and second derivatives, these as differences of gradients in steps of `width` (B,).

    With `free` False the last random effect's own row is left 0.
    """
    b, j = len(state.tau), model.offset.shape[0]
    d = len(model.loading)
    step = _DIFFERENCE * width
    signs = (1.0, -1.0) if central else (1.0,)
    moves = [(i, sign) for sign in signs for i in range(j + d - (0 if free else 1))]
    linear = _linear(model, state.coefficients, state.own)
    many = np.tile(linear, (1 + len(moves), 1, 1))
    tau = np.tile(state.tau, (1 + len(moves), 1))
    for m, (i, sign) in enumerate(moves, start=1):
        rows = slice(m * b, (m + 1) * b)
        if i < j:
            many[rows, i] += sign * step[:, None]
        else:
            tau[rows, i - j] += sign * step
    start = None if state.mode is None else np.tile(state.mode, (1 + len(moves), 1, 1))
    here = marginal(model.family, many, model.loading, tau, points=points, start=start)
    gradient = np.concatenate((here.shift, here.scale), axis=1)
    first = gradient[:b]
    second = np.zeros((b, j + d, j + d, first.shape[2]))
    for m, (i, sign) in enumerate(moves, start=1):
        change = sign * (gradient[m * b : (m + 1) * b] - first) / step[:, None, None]
        second[:, i] += change / len(signs)
    second = (second + second.transpose(0, 2, 1, 3)) / 2
    if not free:
        second[:, -1] *= 2
        second[:, :, -1] = second[:, -1]
    return _Slopes(Marginal(here.value[:b], here.shift[:b], here.scale[:b], here.mode[:b]), first, second)


def _own(model: Model, slopes: _Slopes) -> tuple[FloatArray, FloatArray]:
    """Return slope and (positive) curvature of the own parameters, (B, K)."""
    assert model.own is not None  # noqa: S101 - callers look
    j = len(model.own)
    slope = np.einsum("j,bjk->bk", model.own, slopes.first[:, :j])
    curve = -np.einsum("i,j,bijk->bk", model.own, model.own, slopes.second[:, :j, :j])
    return slope, np.maximum(np.abs(curve), 1e-10)


def _reduced(model: Model, slopes: _Slopes) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return gradient (B, P + D) and Hessian with own parameters profiled out, and what undoes it (as `_own`)."""
    p, j, k = model.fixed.shape
    d = len(model.loading)
    top = model.fixed
    first, second = slopes.first, slopes.second
    gradient = np.concatenate((np.einsum("pjk,bjk->bp", top, first[:, :j]), first[:, j:].sum(axis=2)), axis=1)
    mixed = np.concatenate(  # (B, P + D, J + D, K): second derivatives, rows by parameter
        (np.einsum("pjk,bjlk->bplk", top, second[:, :j]), second[:, j:]),
        axis=1,
    )
    left = np.einsum("bmjk,pjk->bmp", mixed[:, :, :j], top)
    hessian = np.concatenate((left, mixed[:, :, j:].sum(axis=3)), axis=2)
    if model.own is None:
        nothing = np.zeros((len(first), k))
        return gradient, hessian, np.zeros((len(first), p + d, k)), nothing, nothing + 1
    own_slope, own_curve = _own(model, slopes)
    cross = np.einsum("bmjk,j->bmk", mixed[:, :, :j], model.own)
    gradient = gradient + np.einsum("bmk,bk->bm", cross, own_slope / own_curve)
    hessian = hessian + np.einsum("bmk,bnk->bmn", cross / own_curve[:, None], cross)
    return gradient, hessian, cross, own_slope, own_curve


def _width(tau: FloatArray, k: int, common: Found) -> FloatArray:
    """Return a rough standard error at `tau`: the natural unit of steps."""
    return np.asarray(np.sqrt(tau**2 / k + common.se**2))


def _newton(
    model: Model, slopes: _Slopes, width: FloatArray, *, free: bool
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return steps of coefficients and tau (B, P + D), of own parameters (B, K), sizes in widths, and the Hessian."""
    gradient, hessian, cross, own_slope, own_curve = _reduced(model, slopes)
    size = gradient.shape[1] - (0 if free else 1)
    step = np.zeros_like(gradient)
    if size == 1:
        curve = np.maximum(np.abs(hessian[:, 0, 0]), 1e-3 / width**2)
        step[:, 0] = gradient[:, 0] / curve
    else:
        values, vectors = np.linalg.eigh(hessian[:, :size, :size])
        # Where the surface is not concave, walk uphill along that direction instead of to the saddle.
        along = np.einsum("bij,bi->bj", vectors, gradient[:, :size])
        along /= np.maximum(np.abs(values), 1e-3 / width[:, None] ** 2)
        step[:, :size] = np.einsum("bij,bj->bi", vectors, along)
    sizes = np.abs(step).max(axis=1) / width
    step *= np.minimum(1.0, 4 / np.maximum(sizes, 1e-300))[:, None]
    own_step = (own_slope + np.einsum("bmk,bm->bk", cross, step)) / own_curve
    return step, np.clip(own_step, -2.0, 2.0), sizes, hessian


def _profile(model: Model, state: _State, points: int, common: Found) -> tuple[_State, FloatArray]:
    """Improve all but the last random effect; return the places and the log-likelihoods there."""
    p, _, k = model.fixed.shape
    for _ in range(_PROFILE_ROUNDS if len(model.loading) == 1 and model.own is None else 3 * _PROFILE_ROUNDS):
        width = _width(state.tau[:, -1], k, common)
        slopes = _slopes(model, state, points, width, central=False, free=False)
        step, own_step, sizes, _ = _newton(model, slopes, width, free=False)
        if model.own is None:
            own_step = np.zeros_like(state.own)
        state = state.moved(step[:, :p], own_step, step[:, p:], slopes.here.mode)
        if float(sizes.max()) < _NEAR and float(np.abs(own_step).max()) < _NEAR:
            break
    return state, _evaluate(model, state, points).value.sum(axis=1) + float(model.family.best.sum())


def _climb(model: Model, state: _State, points: int, common: Found) -> Found | None:
    """Climb from one place by Newton steps; None when that failed or the place is no maximum."""
    p, _, k = model.fixed.shape
    largest, height = math.inf, -math.inf
    back: tuple[_State, FloatArray, FloatArray] | None = None
    for _ in range(_ROUNDS):
        width = _width(state.tau[:, -1], k, common)
        slopes = _slopes(model, state, points, width, central=False)
        now = float(slopes.here.value.sum())
        if back is not None and now < height - 1e-9 * max(1.0, abs(height)) and largest > _SETTLED:
            before, step, own_step = back
            back = (before, step / 2, own_step / 2)
            state = before.moved(step[:, :p] / 2, own_step / 2, step[:, p:] / 2, before.mode)
            continue
        height = now
        step, own_step, sizes, _ = _newton(model, slopes, width, free=True)
        if model.own is None:
            own_step = np.zeros_like(state.own)
        size = max(float(sizes[0]), float(np.abs(own_step).max()))
        back = (state, step, own_step)
        if largest < _SETTLED and size >= largest / 4:
            return _finished(model, state, points, common)
        state = state.moved(step[:, :p], own_step, step[:, p:], slopes.here.mode)
        if size < _DONE:
            return _finished(model, state, points, common)
        largest = size
    return None


def _finished(model: Model, state: _State, points: int, common: Found) -> Found | None:
    p, _, k = model.fixed.shape
    width = _width(state.tau[:, -1], k, common)
    slopes = _slopes(model, state, points, width, central=True)
    hessian = _reduced(model, slopes)[1][0]
    at_zero = np.abs(state.tau[0, :-1]) < 1e-6 * width[0]
    keep = np.concatenate((np.ones(p, dtype=bool), ~at_zero, [True]))
    inner = hessian[np.ix_(keep, keep)]
    if float(np.linalg.eigvalsh(inner).max()) >= 0:
        return None
    covariance = np.full_like(hessian, np.nan)
    covariance[np.ix_(keep, keep)] = np.linalg.inv(-inner)
    tau = np.abs(state.tau[0])
    tau[:-1][at_zero] = 0.0
    best = float(model.family.best.sum())
    return Found(
        "fitted",
        state.coefficients[0],
        covariance[:p, :p],
        state.own[0],
        tau,
        np.sqrt(np.diag(covariance)[p:]),
        float(slopes.here.value.sum()) + best,
        float(_conditional(model, state, slopes.here)[0]) + best,
        points,
    )

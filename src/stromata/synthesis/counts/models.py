"""Maximum likelihood for counts with normal study effects: every maximum is looked for, and the highest is taken.

K studies, J observations each, P coefficients common to all studies, D random effects (0, 1 or 2), B trial values.
A study may have one parameter of its own (such as its baseline); it is estimated along with the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import DidNotConverge
from stromata.synthesis.counts.families import Family
from stromata.synthesis.counts.quadrature import Marginal, marginal
from stromata.synthesis.intervals import FloatArray

TAU_GRID = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 4.0, 5.5, 8.0, 12.0, 20.0])
"""Values of tau, on the logit or log scale, from which the likelihood is climbed. A standard deviation of 20 between
logits means that every study is all or nothing: a maximum there is one at infinity."""

_ROUNDS = 60
"""Newton steps after which a climb is given up; three to six are usual."""

_PROFILE_ROUNDS = 18
"""Newton steps on the way along the grid: enough to see where the maxima are."""

_NEAR = 0.03
"""Largest step, in rough standard errors, at which the profile is good enough: the height is then off by 0.0005."""

_ROUGHLY = 0.1
"""The same for places that the profile only starts from."""

_FAR = 4.0
"""Log-likelihood below the highest, from which on a place along the grid is good enough as it is: a maximum near it
would be climbed all the same, and could not be the highest or close to it."""

_QUICK_ROUNDS = 2
"""Steps with second derivatives of the integral itself. They are not those of its approximation, which count where a
few points are too coarse for a large tau: what has not settled by then is led by differences of gradients."""

_FEWEST_POINTS = 3
"""Points from which the spread under the integrand is known well enough for such steps."""

_LAST_BUT_ONE = 0.02
"""Newton step, in rough standard errors, after which derivatives are taken with care: the next may be the last."""

_DONE = 1e-9
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
    """

    family: Family
    offset: FloatArray
    fixed: FloatArray
    own: FloatArray | None
    loading: FloatArray


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
    p = len(model.fixed)
    place, own = _first_place(model)
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
        covariance = _inverse(reduced)
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


def _inverse(information: FloatArray) -> FloatArray:
    try:
        found = np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        found = np.full_like(information, math.nan)
    if not (found.diagonal() > 0).all():
        raise DidNotConverge(
            "the counts or times of the studies differ too widely in size for this model",
            hint="Check the units of the columns, and the study with the largest count or time.",
        )
    return found


def _first_place(model: Model) -> tuple[FloatArray, FloatArray]:
    """Return coefficients and own parameters by least squares on the rough canonical parameters."""
    eta = model.family.rough
    residual, variance = model.family.slopes(eta)
    reduced, slope, cross, own_slope, own_curve = _normal_equations(
        model, residual + variance * (eta - model.offset), variance
    )
    place = _inverse(reduced) @ slope
    return place, (own_slope - cross.T @ place) / own_curve


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
    state, value, expected, rise = _profile(model, _start(common, sigma), points, common)
    last = len(value) - 1
    if int(np.argmax(expected)) == last:
        return without_numbers("unbounded", model, points=points)
    floor = common.log_likelihood + _GAIN * max(1.0, abs(common.log_likelihood))
    reached: list[Found] = []
    for i in range(1, last):
        if expected[i] >= expected[i - 1] and expected[i] >= expected[i + 1]:
            climbed = _climb(model, _summit(state, expected, rise, i), points, common)
            if climbed is not None and climbed.log_likelihood > floor:
                reached.append(climbed)
    if not reached:
        rose = bool(value.max() > floor)
        return without_numbers("stuck", model, points=points) if rose else common
    reached.sort(key=lambda found: found.log_likelihood)
    best = reached[-1]
    apart: list[Found] = []
    for found in reversed(reached[:-1]):
        if all(abs(found.tau[-1] - each.tau[-1]) > 1e-4 * each.tau[-1] for each in (best, *apart)):
            apart.append(found)
    other = apart[0].log_likelihood if apart else -math.inf
    if best.tau[-1] > TAU_GRID[-1]:
        return without_numbers("unbounded", model, points=points)
    return replace(best, modes=1 + len(apart), gap=best.log_likelihood - other)


def refit(model: Model, common: Found, found: Found, *, points: int) -> Found:
    """Return the maximum under a rule of other points that is next to one `found` before.

    Where there is none any more, the highest of all.
    """
    state = _State(found.coefficients[None], found.own[None], found.tau[None], None)
    climbed = _climb(model, state, points, common)
    if climbed is None or climbed.log_likelihood < common.log_likelihood or climbed.tau[-1] > TAU_GRID[-1]:
        return fit(model, common, points=points, sigma=float(found.tau[0]) if len(found.tau) > 1 else None)
    return replace(climbed, modes=found.modes, gap=found.gap)


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
    _, hessian, cross, _, curve = _reduced(model, slopes.first, slopes.second)
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
            own_slope, own_curve = _own(model, slopes.first, slopes.second)
            step = np.clip(own_slope / own_curve, -2.0, 2.0)
            state = state.moved(np.zeros_like(coefficients), step, slopes.mode)
            if float(np.abs(step).max()) < 1e-9:
                break
    here = _evaluate(model, state, points)
    best = float(model.family.best.sum())
    return here.value.sum(axis=1) + best, _conditional(model, state, here.mode) + best


@dataclass(frozen=True, slots=True)
class _State:
    """Trial values: coefficients (B, P), own (B, K), tau (B, D), and the study effects found there (B, D, K)."""

    coefficients: FloatArray
    own: FloatArray
    tau: FloatArray
    mode: FloatArray | None

    def rows(self, rows: npt.NDArray[np.intp]) -> _State:
        mode = None if self.mode is None else self.mode[rows]
        return _State(self.coefficients[rows], self.own[rows], self.tau[rows], mode)

    def with_rows(self, rows: npt.NDArray[np.intp], other: _State) -> _State:
        if len(rows) == len(self.tau):
            return other
        pairs = (
            (self.coefficients, other.coefficients),
            (self.own, other.own),
            (self.tau, other.tau),
            (self.mode, other.mode),
        )
        for whole, part in pairs:
            if whole is not None and part is not None:
                whole[rows] = part
        return self

    def moved(self, step: FloatArray, own: FloatArray, mode: FloatArray | None) -> _State:
        """Add a `step` (B, P + up to D) of coefficients and the first tau, and one of own parameters."""
        p = self.coefficients.shape[1]
        tau = self.tau.copy()
        tau[:, : step.shape[1] - p] += step[:, p:]
        return _State(self.coefficients + step[:, :p], self.own + own, tau, mode)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Gradient (B, J + E, K) by observation and the first E random effects, and its derivative.

    Attributes
    ----------
    height : (B,) log-likelihoods less the best of all studies.
    mode : (B, D, K) the most likely study effects.
    rise : (B,) derivative with respect to the last tau.
    second : (B, J + E, J + E, K).
    """

    height: FloatArray
    mode: FloatArray
    rise: FloatArray
    first: FloatArray
    second: FloatArray


def _grid(se: float) -> FloatArray:
    """Return 0 and the values of tau to look at: with huge studies they begin far below the usual ones."""
    lowest = min(se / 2, 0.01)
    finer = np.geomspace(lowest, 0.01, 1 + math.ceil(math.log2(0.01 / lowest)))
    return np.concatenate(([0.0], finer, TAU_GRID))


def _start(common: Found, sigma: float | None) -> _State:
    trial = _grid(common.se)
    b = len(trial)
    tau = trial[:, None] if sigma is None else np.column_stack((np.full(b, max(sigma, 0.05)), trial))
    return _State(np.tile(common.coefficients, (b, 1)), np.tile(common.own, (b, 1)), tau, None)


def _summit(state: _State, value: FloatArray, rise: FloatArray, i: int) -> _State:
    """Return the likely place of the maximum next to row `i`, which is no lower than its neighbours.

    Its tau is the top of the cubic through two neighbours' heights and slopes; all else follows it along a parabola.
    """
    rows = slice(i - 1, i + 2)
    x = state.tau[rows, -1]
    left, right = (i, i + 1) if rise[i] > 0 else (i - 1, i)
    top, low, high = float(x[1]), float(state.tau[left, -1]), float(state.tau[right, -1])
    if rise[left] > 0 > rise[right]:
        inner = rise[left] + rise[right] - 3 * (value[right] - value[left]) / (high - low)
        root = math.sqrt(inner**2 - rise[left] * rise[right])
        top = high - (high - low) * (root - rise[right] + inner) / (rise[left] - rise[right] + 2 * root)
    # Lagrange's weights of the three rows at the top.
    weight = np.array([[math.prod((top - x[m]) / (x[n] - x[m]) for m in range(3) if m != n) for n in range(3)]])
    mode = None if state.mode is None else np.tensordot(weight, state.mode[rows], 1)
    return _State(weight @ state.coefficients[rows], weight @ state.own[rows], weight @ state.tau[rows], mode)


def _linear(model: Model, coefficients: FloatArray, own: FloatArray) -> FloatArray:
    if len(model.fixed) == 1:
        linear = model.offset + coefficients[:, :1, None] * model.fixed[0]
    else:
        linear = model.offset + np.einsum("bp,pjk->bjk", coefficients, model.fixed)
    return np.asarray(linear if model.own is None else linear + own[:, None] * model.own[:, None])


def _evaluate(model: Model, state: _State, points: int) -> Marginal:
    linear = _linear(model, state.coefficients, state.own)
    return marginal(model.family, linear, model.loading, state.tau, points=points, start=state.mode)


def _conditional(model: Model, state: _State, mode: FloatArray) -> FloatArray:
    eta = _linear(model, state.coefficients, state.own)
    eta = eta + np.einsum("bd,dj,bdk->bjk", state.tau, model.loading, mode)
    return np.asarray(model.family.below(eta)[0].sum(axis=(1, 2)))


def _slopes(
    model: Model, state: _State, points: int, width: FloatArray, *, central: bool, free: bool = True
) -> _Slopes:
    """Return gradient and second derivatives, these as differences of gradients in steps of `width` (B,).

    With `free` False the last random effect is left out.
    """
    b, j = len(state.tau), model.offset.shape[0]
    size = j + len(model.loading) - (0 if free else 1)
    step = _DIFFERENCE * width
    signs = (1.0, -1.0) if central else (1.0,)
    moves = [(i, sign) for sign in signs for i in range(size)]
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
    gradient = np.concatenate((here.shift, here.scale[:, : size - j]), axis=1)
    first = gradient[:b]
    second = np.zeros((b, size, size, first.shape[2]))
    for m, (i, sign) in enumerate(moves, start=1):
        change = sign * (gradient[m * b : (m + 1) * b] - first) / step[:, None, None]
        second[:, i] += change / len(signs)
    second = (second + second.transpose(0, 2, 1, 3)) / 2
    return _Slopes(here.value[:b].sum(axis=1), here.mode[:b], here.scale[:b, -1].sum(axis=1), first, second)


def _curvature(a: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how the most likely study effect bends the likelihood: derivatives (B, J, J, K), and 1 + a' variance a.

    ``a`` (B, J, 1) is what eta takes of the study effect, `variance` (B, J, K) that of the counts at its mode.
    """
    taken = a * variance
    room = 1 + (a * taken).sum(axis=1)
    if variance.shape[1] == 1:
        return (-variance / room[:, None])[:, None], room
    second = taken[:, :, None] * (taken / room[:, None])[:, None]
    for j in range(variance.shape[1]):
        second[:, j, j] -= variance[:, j]
    return second, room


def _most_likely(model: Model, state: _State, width: FloatArray) -> _State:
    """Improve coefficients, own parameters and study effects at once, at given tau: nothing is integrated.

    This is concave (the penalised likelihood of Breslow and Clayton 1993, Journal of the American Statistical
    Association 88, 9-25), and what it finds is near enough to start from. One random effect.
    """
    a = state.tau[:, :, None] * model.loading[0][:, None]
    limit = 1.5 / np.maximum(np.abs(a).max(axis=1), 0.1)
    mode = np.zeros_like(state.own)
    for _ in range(_PROFILE_ROUNDS):
        linear = _linear(model, state.coefficients, state.own)
        residual, variance = model.family.slopes(linear + a * mode[:, None])
        second, room = _curvature(a, variance)
        pull = (a * residual).sum(axis=1) - mode
        first = residual - a * variance * (pull / room)[:, None]
        step, own_step, sizes, _ = _newton(model, first, second, width)
        state = state.moved(step, own_step, mode[:, None])
        change = _linear(model, state.coefficients, state.own) - linear
        mode_step = np.clip((pull - (a * variance * change).sum(axis=1)) / room, -limit, limit)
        mode = mode + mode_step
        if max(float(sizes.max()), float(np.abs(own_step).max()), float(np.abs(mode_step).max())) < _ROUGHLY:
            break
    return replace(state, mode=mode[:, None])


def _own(model: Model, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slope and (positive) curvature of the own parameters, (B, K)."""
    assert model.own is not None  # noqa: S101 - callers look
    j = len(model.own)
    slope = np.einsum("j,bjk->bk", model.own, first[:, :j])
    curve = -np.einsum("i,j,bijk->bk", model.own, model.own, second[:, :j, :j])
    return slope, np.maximum(np.abs(curve), 1e-10)


def _reduced(
    model: Model, first: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return gradient (B, P + E) and Hessian with own parameters profiled out, and what undoes it (as `_own`)."""
    j, k = model.offset.shape
    top = model.fixed
    gradient = np.concatenate((np.einsum("pjk,bjk->bp", top, first[:, :j]), first[:, j:].sum(axis=2)), axis=1)
    mixed = np.concatenate(  # (B, P + E, J + E, K): second derivatives, rows by parameter
        (np.einsum("pjk,bjlk->bplk", top, second[:, :j]), second[:, j:]),
        axis=1,
    )
    left = np.einsum("bmjk,pjk->bmp", mixed[:, :, :j], top)
    hessian = np.concatenate((left, mixed[:, :, j:].sum(axis=3)), axis=2)
    if model.own is None:
        nothing = np.zeros((len(first), k))
        return gradient, hessian, np.zeros((*gradient.shape, k)), nothing, nothing + 1
    own_slope, own_curve = _own(model, first, second)
    cross = np.einsum("bmjk,j->bmk", mixed[:, :, :j], model.own)
    gradient = gradient + np.einsum("bmk,bk->bm", cross, own_slope / own_curve)
    hessian = hessian + np.einsum("bmk,bnk->bmn", cross / own_curve[:, None], cross)
    return gradient, hessian, cross, own_slope, own_curve


def _width(tau: FloatArray, k: int, common: Found) -> FloatArray:
    """Return a rough standard error at `tau`: the natural unit of steps."""
    return np.asarray(np.sqrt(tau**2 / k + common.se**2))


def _newton(
    model: Model, first: FloatArray, second: FloatArray, width: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return steps of coefficients and tau (B, P + E), of own parameters (B, K), sizes in widths, and gains.

    The gain is what the log-likelihood rises by if it is the quadratic that the steps lead to the top of.
    """
    gradient, hessian, cross, own_slope, own_curve = _reduced(model, first, second)
    if gradient.shape[1] == 1:
        step = gradient / np.maximum(np.abs(hessian[:, 0]), 1e-3 / width[:, None] ** 2)
    else:
        values, vectors = np.linalg.eigh(hessian)
        # Where the surface is not concave, walk uphill along that direction instead of to the saddle.
        along = np.einsum("bij,bi->bj", vectors, gradient)
        along /= np.maximum(np.abs(values), 1e-3 / width[:, None] ** 2)
        step = np.einsum("bij,bj->bi", vectors, along)
    gain = (step * gradient).sum(axis=1) / 2
    sizes = np.abs(step).max(axis=1) / width
    step *= np.minimum(1.0, 4 / np.maximum(sizes, 1e-300))[:, None]
    if model.own is None:
        return step, own_slope, sizes, gain
    gain += (own_slope**2 / own_curve).sum(axis=1) / 2
    own_step = (own_slope + np.einsum("bmk,bm->bk", cross, step)) / own_curve
    return step, np.clip(own_step, -2.0, 2.0), sizes, gain


def _profile(
    model: Model, state: _State, points: int, common: Found
) -> tuple[_State, FloatArray, FloatArray, FloatArray]:
    """Improve all but the last random effect.

    Return the places, the heights there, the heights to be expected after one more step, and the slopes along tau.
    """
    b = len(state.tau)
    width = _width(state.tau[:, -1], model.offset.shape[1], common)
    one = len(model.loading) == 1
    if one:
        state = _most_likely(model, state, width)
    value, expected, rise = np.full((3, b), -math.inf)
    rows = np.arange(b)
    for turn in range(_PROFILE_ROUNDS):
        here = state.rows(rows)
        quick = one and points >= _FEWEST_POINTS and turn < _QUICK_ROUNDS
        slopes = (
            _held_slopes(model, here, points)
            if quick
            else _slopes(model, here, points, width[rows], central=False, free=False)
        )
        step, own_step, sizes, gain = _newton(model, slopes.first, slopes.second, width[rows])
        state = state.with_rows(rows, here.moved(step, own_step, slopes.mode))
        near = np.maximum(sizes, np.abs(own_step).max(axis=1)) < _NEAR
        value[rows] = slopes.height + float(model.family.best.sum())
        rise[rows] = slopes.rise
        expected[rows] = value[rows] + np.where(near, gain, 0.0)
        rows = rows[~near & (value[rows] + gain > value.max() - _FAR)]
        if not len(rows):
            break
    return state, value, expected, rise


def _held_slopes(model: Model, state: _State, points: int) -> _Slopes:
    """Return the slopes with the only random effect held, without differences."""
    linear = _linear(model, state.coefficients, state.own)
    here = marginal(model.family, linear, model.loading, state.tau, points=points, start=state.mode, bend=True)
    assert here.bend is not None  # noqa: S101 - asked for
    return _Slopes(here.value.sum(axis=1), here.mode, here.scale[:, -1].sum(axis=1), here.shift, here.bend)


def _climb(model: Model, state: _State, points: int, common: Found) -> Found | None:
    """Climb from one place by Newton steps; None when that failed or the place is no maximum."""
    k = model.offset.shape[1]
    largest, height = math.inf, -math.inf
    back: tuple[_State, FloatArray, FloatArray] | None = None
    for _ in range(_ROUNDS):
        width = _width(state.tau[:, -1], k, common)
        near = largest < _LAST_BUT_ONE
        slopes = _slopes(model, state, points, width, central=near)
        now = float(slopes.height[0])
        if back is not None and now < height - 1e-9 * max(1.0, abs(height)) and largest > _SETTLED:
            before, step, own_step = back
            back = (before, step / 2, own_step / 2)
            state = before.moved(step / 2, own_step / 2, before.mode)
            continue
        height = now
        step, own_step, sizes, _ = _newton(model, slopes.first, slopes.second, width)
        size = max(float(sizes[0]), float(np.abs(own_step).max()))
        if near and (size < _DONE or (largest < _SETTLED and size >= largest / 4)):
            return _finished(model, state.moved(step, own_step, slopes.mode), slopes, width, points)
        back = (state, step, own_step)
        state = state.moved(step, own_step, slopes.mode)
        largest = size
    return None


def _finished(model: Model, state: _State, slopes: _Slopes, width: FloatArray, points: int) -> Found | None:
    """Return the maximum at `state`, with the second derivatives from one last, tiny step before."""
    p = len(model.fixed)
    hessian = _reduced(model, slopes.first, slopes.second)[1][0]
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
        float(slopes.height[0]) + best,
        float(_conditional(model, state, slopes.mode)[0]) + best,
        points,
    )

"""A fitted multilevel model: its data and solution, its variances and correlations, tests, and reservations.

K effects, p coefficients, n free numbers of the covariance. What `multivariate` fits and all that follows reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
from scipy import special

from stromata.model import Caution
from stromata.synthesis.cautions import CLOSE_MAXIMA
from stromata.synthesis.intervals import FloatArray, chi_squared_p, normal_quantile, t_quantile
from stromata.synthesis.multilevel import block_likelihood, intercept_likelihood, structures
from stromata.synthesis.multilevel.block_likelihood import Objective, Solved
from stromata.synthesis.multilevel.intercept_likelihood import Nested, Solution
from stromata.synthesis.multilevel.random_terms import RandomTerm
from stromata.synthesis.multilevel.sampling_covariance import SamplingCovariance, read_only
from stromata.synthesis.regression.formulas import ModelMatrix

FEW_LEVELS = 5
"""Levels of a grouping factor below which its variance is hardly estimable."""
_FLAT = 1e-6
"""Curvature of the log-likelihood, per doubling of a component, below which the data say nothing about it."""
CODES = (
    "did-not-converge",
    "effects-left-out",
    "redundant-columns",
    "covariance-not-positive-definite",
    "flat-likelihood",
    "close-maxima",
    "variance-at-zero",
    "correlation-at-limit",
    "correlation-unknown",
    "few-clusters",
)
"""Codes of the cautions that a fit may carry."""


@dataclass(frozen=True, slots=True)
class Component:
    """One variance or correlation of the random effects.

    Attributes
    ----------
    name : sigma2, tau2, rho, gamma2 or phi.
    place : its number among those of the same name, from 0.
    term : the random term, such as ``district/school`` or ``outcome | study``.
    levels : inner levels that it is for; empty when it is for all.
    value : the estimate, or the value that was given; NaN for a correlation that nothing is known about.
    se : standard error from the observed information; None at a limit, for fixed components and flat likelihoods.
    fixed : it was given, or nothing is known about it.
    """

    name: str
    place: int
    term: str
    levels: tuple[str, ...]
    value: float
    se: float | None
    fixed: bool


@dataclass(frozen=True, slots=True)
class FittedModel:
    """Data and solution of a fit, in units of `unit` (estimates) and its square (variances).

    The structures of `objective` hold variances at 0 where that alone allows the correlation found. `turn` (p, p)
    brings coefficients of the orthonormal columns back to those of `x`; `made` is the formula's matrix.
    """

    y: FloatArray
    x: FloatArray
    sampling: SamplingCovariance
    terms: tuple[RandomTerm, ...]
    objective: Objective
    theta: FloatArray
    value: float
    unit: float
    turn: FloatArray
    made: ModelMatrix | None

    def state(self) -> Solved:
        """Return whitened data at the estimates; the leading axis of all arrays is 1."""
        state = self.objective.state(self.theta[None])
        assert state is not None  # noqa: S101 - the fit would have failed
        return block_likelihood.refined(self.objective.layout, state)

    def solution(self) -> Solution:
        """Return coefficients and likelihoods at the estimates."""
        objective = self.objective
        if isinstance(objective.intercepts, Nested):
            variances = objective.variances(self.theta[None])[0]
            found = intercept_likelihood.solution(objective.intercepts, variances[0])
            if found is not None:
                return found
        state = self.state()
        volume, gram, rss = (float(each[0]) for each in (state.log_volume, state.log_gram, state.rss))
        return Solution(state.beta[0], state.root[0], volume, gram, rss)

    def matrices(self) -> list[FloatArray]:
        """Return the matrix G of each term at the estimates, in units of the model."""
        return [g[0] for g in self.objective.matrices(self.theta[None]) or []]


@dataclass(frozen=True, slots=True)
class Search:
    """What the search for the maximum met: how many maxima, the lead of the highest, and whether it came to rest."""

    modes: int
    gap: float
    settled: bool


def residual_q(model: FittedModel) -> float | None:
    """Return the weighted sum of squares around the fit that uses V alone."""
    if not model.sampling.rows:
        root = np.sqrt(model.sampling.vi)
        basis, y = orthonormal(model.x / root[:, None])[0], model.y / root
        rest = y - basis @ (basis.T @ y)
        rest -= basis @ (basis.T @ rest)
        return float(rest @ rest)
    layout = model.objective.layout
    state = block_likelihood.solve(layout, layout.v[None])
    return None if state is None else float(block_likelihood.refined(layout, state).rss[0])


def orthonormal(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return orthonormal columns (K, p) that span those of `x`, and the (p, p) triangle that brings these back."""
    if x.shape[1] > 1:
        return np.linalg.qr(x)
    length = np.linalg.norm(x)
    return x / length, np.array([[length]])


def degrees(model: FittedModel, *, contain: bool) -> FloatArray:
    """Return (p,) degrees of freedom of t tests, by the levels of grouping factors where `contain`."""
    k, p = model.x.shape
    df = np.full(p, float(k - p))
    if contain:
        for term in model.terms:
            codes, levels = (
                (term.inner, len(term.inner_levels))
                if term.structure.kind == "known"
                else (
                    term.outer,
                    len(term.outer_levels),
                )
            )
            first = np.zeros(levels, dtype=np.intp)
            first[codes[::-1]] = np.arange(k)[::-1]
            constant = (model.x == model.x[first[codes]]).all(axis=0)
            df[constant] = np.minimum(df[constant], levels - p)
    return read_only(df)


# Tests.


class Tests(TypedDict):
    """Standard errors, statistics, two-sided p-values and bounds of estimates, each (p,) and read-only."""

    se: FloatArray
    statistic: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray


def wald(estimate: FloatArray, covariance: FloatArray, df: FloatArray | None, level: float) -> Tests:
    """Return tests and intervals of estimates (p,), by the names that results have for them."""
    se = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
    if df is None:
        quantiles = np.full(len(se), normal_quantile(level))
    else:
        quantiles = np.array([t_quantile(level, float(each)) if each > 0 else math.nan for each in df])
    with np.errstate(all="ignore"):
        statistic = estimate / se
        if df is None:
            p_values = special.erfc(np.abs(statistic) / math.sqrt(2))
        else:
            p_values = np.where(df > 0, special.betainc(df / 2, 0.5, df / (df + statistic**2)), math.nan)
    return Tests(
        se=read_only(se),
        statistic=read_only(statistic),
        p_values=read_only(p_values),
        ci_low=read_only(estimate - quantiles * se),
        ci_high=read_only(estimate + quantiles * se),
    )


def omnibus(
    x: FloatArray, beta: FloatArray, covariance: FloatArray, df: FloatArray | None
) -> tuple[float | None, tuple[int, float | None] | None, float | None]:
    """Return the test of all coefficients but the intercept: statistic, degrees of freedom, p-value."""
    tested = [i for i in range(x.shape[1]) if not (x[:, i] == 1.0).all()]
    if not tested:
        return None, None, None
    m = len(tested)
    own = covariance[np.ix_(tested, tested)]
    try:
        statistic = float(beta[tested] @ np.linalg.solve(own, beta[tested]))
    except np.linalg.LinAlgError:
        return None, None, None
    if df is None:
        return statistic, (m, None), chi_squared_p(statistic, m)
    low = float(df[tested].min())
    return statistic / m, (m, low), float(special.fdtrc(m, low, statistic / m)) if low > 0 else None


# Components.


def components_of(model: FittedModel) -> tuple[tuple[Component, ...], FloatArray, list[str]]:
    """Return the components, the covariance of those with a standard error, and those the data say nothing about."""
    listed = _listed(model)
    used, covariance, flat = _uncertainty(model, listed)
    out = listed
    for i, variance in zip(used, covariance.diagonal().tolist(), strict=True):
        out[i] = replace(out[i], se=math.sqrt(variance) if variance >= 0 else None)
    return tuple(out), read_only(covariance), flat


def _natural(model: FittedModel, thetas: FloatArray) -> FloatArray:
    """Return all variances and correlations at `thetas` (T, n), in the units of the data, in metafor's order."""
    parts = [np.zeros((len(thetas), 0))]
    for own, (start, end) in zip(model.objective.structures, model.objective.places, strict=True):
        tau2, rho = structures.natural(own, thetas[:, start:end])
        parts += [tau2 * model.unit**2, rho]
    return np.concatenate(parts, axis=1)


def _listed(model: FittedModel) -> list[Component]:
    """Return the components in metafor's order, without standard errors."""
    out: list[Component] = []
    seen: dict[str, int] = {}
    values = iter(_natural(model, model.theta[None])[0].tolist())
    for term in model.terms:
        own = term.structure
        tau2, rho = [next(values) for _ in own.tau2], [next(values) for _ in own.rho]
        single = len(tau2) == 1
        for i, value in enumerate(tau2):
            place = seen.get(term.variance, 0)
            seen[term.variance] = place + 1
            levels = () if single else (term.inner_levels[i],)
            out.append(Component(term.variance, place, term.label, levels, value, None, not math.isnan(own.tau2[i])))
        for i, value in enumerate(rho):
            pair: tuple[str, ...] = ()
            if own.kind in structures.UNSTRUCTURED:
                a, b = own.pairs[i]
                pair = (term.inner_levels[a], term.inner_levels[b])
                there = tau2[a] > 0 and tau2[b] > 0
            else:
                there = sum(each > 0 for each in tau2) > (0 if single else 1)
            given = not math.isnan(own.rho[i])
            unknown = i in term.missing_pairs or (not given and not there)
            held_here = given or i in term.missing_pairs or _without_variance(term, i)
            shown = math.nan if unknown else value
            out.append(Component(term.correlation, i, term.label, pair, shown, None, held_here))
    return out


def _without_variance(term: RandomTerm, pair: int) -> bool:
    """Return whether a correlation belongs to a variance that is held at 0."""
    if term.structure.kind not in structures.UNSTRUCTURED:
        return False
    return any(term.structure.tau2[level] == 0 for level in term.structure.pairs[pair])


def _uncertainty(model: FittedModel, listed: list[Component]) -> tuple[list[int], FloatArray, list[str]]:
    """Return which components have a standard error, their covariance, and the names of those not identified.

    The observed information is taken in the free numbers, where every point is an interior one, and carried over.
    """
    theta, objective = np.array(model.theta), model.objective
    moving = [i for i in range(len(theta)) if abs(theta[i]) > 0]
    inside = [i for i, component in enumerate(listed) if not component.fixed and not _at_limit(model, component)]
    if not moving or not inside:
        return [], np.zeros((0, 0)), []
    information = -block_likelihood.curvature(objective.both, theta, least=objective.least)[np.ix_(moving, moving)]
    h = 1e-6 * np.maximum(np.abs(theta[moving]), 1e-3)
    steps = np.eye(len(theta))[moving] * h[:, None]
    both_ways = _natural(model, np.concatenate([theta + steps, theta - steps]))
    change = both_ways[: len(moving)] - both_ways[len(moving) :]
    turn = change.T[inside] / (2 * h)
    scale = np.maximum(np.abs(theta[moving]), 1e-6)
    relative = information * np.multiply.outer(scale, scale)
    bend, axes = np.linalg.eigh(relative)
    weak = bend < _FLAT
    # A direction is weak for the components only when it moves them: scale-free directions of rows do not.
    moved = np.abs((turn * scale) @ axes[:, weak]) / np.array([[max(abs(listed[i].value), 1e-12)] for i in inside])
    flat = [_called(listed[i]) for n, i in enumerate(inside) if (moved[n] > 0.05).any()]
    if weak.any():
        inside = [i for i in inside if _called(listed[i]) not in flat]
        keep = [n for n, row in enumerate(moved) if not (row > 0.05).any()]
        turn = turn[keep]
    if not inside:
        return [], np.zeros((0, 0)), flat
    inverse = (axes[:, ~weak] / bend[~weak]) @ axes[:, ~weak].T * np.multiply.outer(scale, scale)
    return inside, np.asarray(turn @ inverse @ turn.T), flat


def _called(component: Component) -> str:
    return f"{component.name} of {component.term}" + (f" ({', '.join(component.levels)})" if component.levels else "")


def _at_limit(model: FittedModel, component: Component) -> bool:
    """Return whether a variance is 0, or a correlation at its limit."""
    if component.name.endswith("2"):
        return component.value == 0
    if math.isnan(component.value):
        return True
    place = next(i for i, term in enumerate(model.terms) if term.correlation == component.name)
    low, high = structures.rho_range(model.objective.structures[place])
    return min(component.value - low, high - component.value) < 1e-6


def cautions_of(
    model: FittedModel, components: tuple[Component, ...], flat: list[str], search: Search
) -> list[Caution]:
    """Return the reservations about a fit."""
    out = []
    if not search.settled:
        text = "The search for the most likely variances did not come to rest; do not rely on these numbers."
        out.append(Caution("did-not-converge", text))
    if flat:
        text = (
            f"The data do not tell these components apart, or say nothing about them: {', '.join(flat)}. At most their "
            "sum means something; take one of the random terms out."
        )
        out.append(Caution("flat-likelihood", text))
    if search.modes > 1 and search.gap < CLOSE_MAXIMA:
        text = (
            "Two quite different sets of variances are almost equally likely. The one shown is the likelier, but "
            "conclusions should hold under both."
        )
        out.append(Caution("close-maxima", text))
    free = [component for component in components if not component.fixed]
    zero = [_called(c) for c in free if c.name.endswith("2") and c.value == 0]
    if zero:
        text = (
            f"Estimated as exactly 0: {', '.join(zero)}. With few studies this is no proof that there is no such "
            "variation."
        )
        out.append(Caution("variance-at-zero", text))
    limit = [_called(c) for c in free if not c.name.endswith("2") and c.value == c.value and _at_limit(model, c)]
    if limit:
        text = f"Estimated at the limit of what is possible: {', '.join(limit)}. The data are too few to tell more."
        out.append(Caution("correlation-at-limit", text))
    unknown = [term.label for term in model.terms if term.missing_pairs]
    if unknown:
        text = f"Some levels never occur together, so that their correlation is unknown: {', '.join(unknown)}."
        out.append(Caution("correlation-unknown", text))
    few = [term.label for term in model.terms if _levels(term) < FEW_LEVELS]
    if few:
        text = f"Fewer than {FEW_LEVELS} levels of {', '.join(few)}: how much they vary is hardly estimable."
        out.append(Caution("few-clusters", text))
    return out


def _levels(term: RandomTerm) -> int:
    return len(term.inner_levels) if term.structure.kind == "known" else len(term.outer_levels)

"""What follows from a multilevel fit: predictions, random effects, profiles of components, comparisons, diagnostics.

K effects, p coefficients, M rows to predict.

References
----------
Robinson (1991), Statistical Science 6, 15-32 (best linear unbiased prediction); Hardy and Thompson (1996), Statistics
in Medicine 15, 619-629 (profile likelihood); Self and Liang (1987), JASA 82, 605-610 (tests on the boundary).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p, normal_quantile, t_quantile
from stromata.synthesis.multilevel import block_likelihood, structures
from stromata.synthesis.multilevel.block_likelihood import Objective, Solved
from stromata.synthesis.multilevel.fitted_model import Component, FittedModel, omnibus, wald
from stromata.synthesis.multilevel.multivariate import MultilevelFit
from stromata.synthesis.multilevel.random_terms import Places
from stromata.synthesis.multilevel.sampling_covariance import read_only
from stromata.synthesis.regression.formulas import Data, new_rows
from stromata.synthesis.results.result import Result, recorded

_TOLERANCE = 1e-9
"""Relative tolerance of the bounds of profile intervals."""
_OFF_ZERO = 1e-4
"""Least variance, in squared units of the term, from which a profile is climbed."""


# Predictions.


@dataclass(frozen=True, slots=True)
class Predictions(Result):
    """Average effects at M settings of the moderators, with confidence and prediction intervals; arrays (M,).

    `x` (M, p) are the settings, by the columns of the fit. The prediction interval is for the true effect in a new unit
    of every random term; NaN where a variance differs between inner levels and no level was named.
    """

    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    pi_low: FloatArray
    pi_high: FloatArray
    x: FloatArray


@recorded("fit", "X", "data")
def predict_mv(
    fit: MultilevelFit,
    *,
    X: npt.ArrayLike | None = None,
    data: Data | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
    level: float | None = None,
) -> Predictions:
    """Predict average effects, and the range of true effects around them.

    Parameters
    ----------
    fit : from `pool_mv`.
    X : (M, p) rows of moderators in the order of ``fit.names``; or
    data : columns of new data, with a fit that was made with a formula. Without both, the average effect of a model
        that has only an intercept.
    levels : inner level of each row per term, where variances differ: ``{"outcome | trial": ["AL", "PD"]}``.
    level : coverage; that of the fit without.

    Raises
    ------
    InvalidInput
        Rows of another width, both or neither of `X` and `data` where there are moderators, a level that is not there.
    """
    coverage = fit.level if level is None else level
    check_level(coverage)
    rows = _rows(fit, X, data)
    estimate = rows @ fit.beta
    variance = np.einsum("mp,pq,mq->m", rows, fit.covariance, rows)
    spread = np.zeros(len(rows))
    for term in fit.model.terms:
        own = [c.value for c in fit.components if c.name == term.variance and c.term == term.label]
        if term.z is not None:
            spread += math.nan
        elif len(own) == 1:
            spread += own[0]
        else:
            spread += _chosen(term.label, term.inner_levels, own, (levels or {}).get(term.label), len(rows))
    df = None if fit.df is None else float(fit.df.min())
    quantile = normal_quantile(coverage) if df is None else t_quantile(coverage, df)
    se = np.sqrt(np.maximum(variance, 0.0))
    half, reach = quantile * se, quantile * np.sqrt(variance + spread)
    bounds = (estimate - half, estimate + half, estimate - reach, estimate + reach)
    return Predictions(*map(read_only, (estimate, se, *bounds, rows)))


def _rows(fit: MultilevelFit, X: npt.ArrayLike | None, data: Data | None) -> FloatArray:
    if X is not None and data is not None:
        raise InvalidInput("settings both as a matrix and as data", hint="Give one of them.")
    if data is not None:
        if fit.model.made is None:
            raise InvalidInput("the fit was not made with a formula", hint="Give the rows as X.")
        return new_rows(fit.model.made, data)
    if X is None:
        if not (fit.p == 1 and (fit.model.x == 1).all()):
            raise InvalidInput("the fit has moderators, and no setting of them is given", hint="Give X or data.")
        return np.ones((1, 1))
    rows = np.atleast_2d(np.array(X, dtype=np.float64))
    if rows.shape[1] != fit.p:
        raise InvalidInput(f"X has {rows.shape[1]} columns; the fit has {fit.p}: {', '.join(fit.names)}")
    return rows


def _chosen(
    label: str, known: tuple[str, ...], values: list[float], chosen: Sequence[str] | None, count: int
) -> FloatArray:
    if chosen is None:
        return np.full(count, math.nan)
    if len(chosen) != count:
        raise InvalidInput(f"{count} rows and {len(chosen)} levels of {label!r}; there must be one each")
    for each in chosen:
        if str(each) not in known:
            raise InvalidInput(f"{label!r} has no level {each!r}", hint=f"There are: {', '.join(known)}.")
    return np.array([values[known.index(str(each))] for each in chosen])


# Random effects.


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """Best linear unbiased predictions of the random effects of one term, in the order of its levels.

    `levels` name outer and inner level (``3 | AL``) or the level alone; `estimate`, `se`, `pi_low`, `pi_high` are (L,)
    arrays. `se` are the standard errors of prediction.
    """

    term: str
    levels: tuple[str, ...]
    estimate: FloatArray
    se: FloatArray
    pi_low: FloatArray
    pi_high: FloatArray


def random_effects(fit: MultilevelFit, *, level: float | None = None) -> tuple[RandomEffects, ...]:
    """Return the predicted random effects of each term.

    Parameters
    ----------
    fit : from `pool_mv`.
    level : coverage of the prediction intervals; that of the fit without.

    Raises
    ------
    InvalidInput
        A level outside (0, 1).
    """
    coverage = fit.level if level is None else level
    check_level(coverage)
    df = None if fit.df is None else float(fit.df.min())
    quantile = normal_quantile(coverage) if df is None else t_quantile(coverage, df)
    model = fit.model
    inverse = Inverse.at(model)
    matrices = model.matrices()
    out = []
    for term, g in zip(model.terms, matrices, strict=True):
        names, estimates, variances = [], [], []
        for code, name in enumerate(term.outer_levels):
            rows = np.flatnonzero(term.outer == code)
            if term.z is None:
                present = np.arange(term.structure.q) if term.structure.kind == "known" else np.unique(term.inner[rows])
                z = (term.inner[rows][:, None] == present[None, :]).astype(float)
                own = g[np.ix_(present, present)]
            else:
                present, z, own = np.arange(term.structure.q), term.z[rows], g
            names += [_named(term.intercept, term.structure.kind, name, term.inner_levels[i]) for i in present]
            estimates.append(own @ z.T @ inverse.residual[rows])
            free = z.T @ inverse.projector(rows) @ z
            variances.append((own - own @ free @ own).diagonal())
        estimate = np.concatenate(estimates) * model.unit
        se = np.sqrt(np.maximum(np.concatenate(variances), 0.0)) * model.unit
        bounds = map(read_only, (estimate, se, estimate - quantile * se, estimate + quantile * se))
        out.append(RandomEffects(term.label, tuple(names), *bounds))
    return tuple(out)


def _named(intercept: bool, kind: str, outer: str, inner: str) -> str:  # noqa: FBT001 - a property of the term
    if kind == "known":
        return inner
    return outer if intercept else f"{outer} | {inner}"


@dataclass(frozen=True, slots=True)
class Inverse:
    """Inverse of the marginal covariance by blocks, in units of the model.

    `place` (K, 2): block and place of each row. `blocks`: W of each block; `side`: W X times the root of the
    coefficients' covariance, (K, p); `residual`: W (y - X beta), (K,).
    """

    place: Places
    blocks: tuple[FloatArray, ...]
    side: FloatArray
    residual: FloatArray

    @classmethod
    def at(cls, model: FittedModel) -> Inverse:
        """Return the inverse at the estimates."""
        state, layout = model.state(), model.objective.layout
        place = np.zeros((layout.k, 2), dtype=np.intp)
        side, residual = np.zeros((layout.k, layout.p)), np.zeros(layout.k)
        blocks: list[FloatArray] = []
        for bucket, factor, u, e in zip(layout.buckets, state.factors, state.white, state.residuals, strict=True):
            back = factor[0].transpose(0, 2, 1)
            w = back @ factor[0]
            wx, we = back @ (u[0, :, :, : layout.p] @ state.root[0]), (back @ e[0, :, :, None])[:, :, 0]
            here = bucket.rows >= 0
            rows = bucket.rows[here]
            block, at = np.nonzero(here)
            place[rows, 0], place[rows, 1] = len(blocks) + block, at
            side[rows], residual[rows] = wx[here], we[here]
            blocks += list(w)
        return cls(place, tuple(blocks), side, residual)

    def within(self, rows: Places) -> FloatArray:
        """Return W for rows of one block."""
        own = self.place[rows]
        return self.blocks[int(own[0, 0])][np.ix_(own[:, 1], own[:, 1])]

    def projector(self, rows: Places) -> FloatArray:
        """Return P for rows of one block."""
        return np.asarray(self.within(rows) - self.side[rows] @ self.side[rows].T)


# Profiles.


def _place(fit: MultilevelFit, component: Component) -> tuple[int, str, int]:
    """Return term, kind and place within the term of a component."""
    if component not in fit.components:
        raise InvalidInput(f"the fit has no component {component.name} {component.place}")
    for i, term in enumerate(fit.model.terms):
        own = [c for c in fit.components if c.term == term.label and c.name in {term.variance, term.correlation}]
        if component in own and component.name == term.variance:
            same = [c for c in own if c.name == term.variance]
            # Two terms may carry the same label, as in ~ 1 | study twice.
            if term.intercept:
                number = sum(t.intercept for t in fit.model.terms[:i])
                if number == component.place:
                    return i, "tau2", 0
                continue
            return i, "tau2", same.index(component)
        if component in own:
            return i, "rho", component.place
    raise InvalidInput(f"the fit has no component {component.name} {component.place}")


class _Profile:
    """The likelihood with one component held; remembers the last maximum, from which the next search starts."""

    def __init__(self, fit: MultilevelFit, component: Component) -> None:
        self.fit, self.model = fit, fit.model
        self.term, self.kind, self.place = _place(fit, component)
        target = self.model.objective
        self.natural = [
            structures.natural(term.structure, own[None])
            for term, own in zip(target.layout.terms, target.split(self.model.theta), strict=True)
        ]
        self.estimates = self.natural
        # Next to a correlation a variance may have one maximum at 0 and one above.
        self.several = any(rho.size for _, rho in self.natural)

    def __call__(self, value: float) -> float:
        """Return the log-likelihood, in units of the model, maximised over all other components."""
        scaled = value / self.model.unit**2 if self.kind == "tau2" else value
        held = [
            structures.with_fixed(each, "tau2" if self.kind == "tau2" else "rho", self.place, scaled)
            for each in self._forms()
            if self.kind == "tau2" or value >= structures.rho_range(each)[0]
        ]
        best, self.natural = max((self._highest(each) for each in held), key=lambda found: found[0])
        return best

    def _forms(self) -> list[structures.Structure]:
        """Return the structure at the maximum and, where that holds a variance at 0, the one that was asked for."""
        own = self.model.objective.layout.terms[self.term].structure
        given = np.isnan(self.model.terms[self.term].structure.tau2)
        if (np.isnan(own.tau2) == given).all():
            return [own]
        return [own, replace(own, tau2=np.where(given, math.nan, own.tau2))]

    def _highest(self, held: structures.Structure) -> tuple[float, list[tuple[FloatArray, FloatArray]]]:
        """Return the highest likelihood of a structure, and the components there."""
        target = self.model.objective
        layout = target.layout
        terms = tuple(replace(term, structure=held) if i == self.term else term for i, term in enumerate(layout.terms))
        objective = Objective.of(
            replace(layout, terms=terms), restricted=target.restricted, intercepts=target.intercepts
        )
        starts = [self.natural, self.estimates] if self.several else [self.natural]
        thetas = [
            np.concatenate([self._near(t, *own) for t, own in zip(terms, each, strict=True)], axis=1) for each in starts
        ]
        if self.several:
            thetas.append(np.concatenate([_middle(term.structure) for term in terms], axis=1))
        found = max(
            block_likelihood.climb(objective.both, np.concatenate(thetas), least=objective.least),
            key=lambda maximum: maximum.value,
        )
        if not math.isfinite(found.value):
            return found.value, self.natural
        return found.value, [
            structures.natural(term.structure, free[None])
            for term, free in zip(terms, objective.split(found.theta), strict=True)
        ]

    def _near(self, term: block_likelihood.Term, tau2: FloatArray, rho: FloatArray) -> FloatArray:
        """Return free numbers near given components, off the boundary, where the search would stay."""
        low = structures.rho_range(term.structure)[0]
        least = _OFF_ZERO * np.square(term.structure.unit)
        return structures.from_natural(term.structure, np.maximum(tau2, least), np.clip(rho, max(low, -0.999), None))


def _middle(s: structures.Structure) -> FloatArray:
    """Return the start that all points of a profile have in common."""
    return structures.start(s, np.full((1, len(s.tau2)), 0.2), np.full((1, len(s.rho)), 0.3))


def profile_likelihood(fit: MultilevelFit, component: Component, values: Sequence[float]) -> FloatArray:
    """Return the log-likelihood at given values of one component, maximised over all others.

    Parameters
    ----------
    fit : from `pool_mv`; its method says which likelihood.
    component : one of ``fit.components`` that was estimated.
    values : (N,) values, variances from 0 on.

    Raises
    ------
    InvalidInput
        A component that is not of this fit or was held, a negative variance.
    """
    if component.fixed:
        raise InvalidInput(f"{component.name} was held at {component.value:g}")
    if component.name.endswith("2") and min(values) < 0:
        raise InvalidInput(f"{component.name} is negative; a variance is 0 or more")
    profile = _Profile(fit, component)
    constant = (fit.k - fit.p if fit.method == "reml" else fit.k) * math.log(fit.model.unit)
    return read_only([profile(float(value)) - constant for value in values])


@dataclass(frozen=True, slots=True)
class ComponentInterval:
    """Profile-likelihood interval of one component; a bound at a limit is the limit, an open one is infinite."""

    component: Component
    low: float
    high: float


def component_intervals(fit: MultilevelFit, *, level: float | None = None) -> tuple[ComponentInterval, ...]:
    """Return profile-likelihood intervals of all components that were estimated.

    The interval holds the values whose profile likelihood lies within half the chi-squared quantile of the maximum.

    Parameters
    ----------
    fit : from `pool_mv`.
    level : coverage; that of the fit without.

    Raises
    ------
    InvalidInput
        A level outside (0, 1).
    """
    coverage = fit.level if level is None else level
    check_level(coverage)
    drop = float(special.chdtri(1, 1 - coverage)) / 2
    return tuple(_interval(fit, component, drop) for component in fit.components if not component.fixed)


def _interval(fit: MultilevelFit, component: Component, drop: float) -> ComponentInterval:
    top = fit.model.value
    variance = component.name.endswith("2")
    term = fit.model.objective.layout.terms[_place(fit, component)[0]]
    low, high = (0.0, math.inf) if variance else structures.rho_range(term.structure)
    step = component.se or 0.1 * (fit.model.unit**2 if variance else 1.0)
    step = max(step, 1e-3 * (fit.model.unit**2 if variance else 1.0))

    def bound(direction: float, limit: float) -> float:
        profile = _Profile(fit, component)
        seen = {component.value: math.sqrt(drop)}

        def excess(value: float) -> float:
            # The root of the fall is nearly a straight line, which takes few steps to follow.
            if value not in seen:
                seen[value] = math.sqrt(drop) - math.sqrt(max(top - profile(value), 0.0))
            return seen[value]

        near, width = component.value, 2 * step
        for _ in range(60):
            far = near + direction * width
            if (far - limit) * direction >= 0:
                far = limit
            if math.isfinite(far) and excess(far) < 0:
                break
            if far == limit:
                return limit
            near, width = far, 2 * width
        else:
            return direction * math.inf
        return float(optimize.brentq(excess, near, far, rtol=_TOLERANCE, xtol=_TOLERANCE * abs(far - near)))

    lower = low if component.value <= low else bound(-1.0, low)
    return ComponentInterval(component, lower, bound(1.0, high))


# Comparisons.


@dataclass(frozen=True, slots=True)
class LikelihoodRatio(Result):
    """Test of a model against a simpler one: `statistic`, `df` components less, `p`."""

    statistic: float
    df: int
    p: float


@recorded("full", "reduced")
def compare_fits(full: MultilevelFit, reduced: MultilevelFit) -> LikelihoodRatio:
    """Compare two nested models by their likelihoods.

    The p-value is that of the chi-squared distribution; for variances tested against 0 it is too large, up to twice.

    Raises
    ------
    InvalidInput
        Other data or methods, restricted likelihoods with other moderators, or a reduced model with more parameters.
    """
    if full.method != reduced.method or full.k != reduced.k or not np.array_equal(full.model.y, reduced.model.y):
        raise InvalidInput("the two models are not of the same effects and method", hint="Fit both in the same way.")
    if full.method == "reml" and not np.array_equal(full.model.x, reduced.model.x):
        raise InvalidInput("restricted likelihoods of other moderators cannot be compared", hint='Take method="ml".')
    df = full.parameters - reduced.parameters
    if df < 1:
        raise InvalidInput(
            f"the models have {full.parameters} and {reduced.parameters} parameters; the first is no wider"
        )
    pick = "log_likelihood_reml" if full.method == "reml" else "log_likelihood"
    statistic = max(2 * (getattr(full, pick) - getattr(reduced, pick)), 0.0)
    return LikelihoodRatio(statistic, df, chi_squared_p(statistic, df))


@dataclass(frozen=True, slots=True)
class Contrasts(Result):
    """Combinations of coefficients: arrays (N,), and the test that all are 0 (as `qm` of the fit)."""

    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    qm: float
    qm_df: tuple[int, float | None]
    qm_p: float


@recorded("fit", "L")
def contrast_mv(fit: MultilevelFit, L: npt.ArrayLike) -> Contrasts:
    """Estimate and test combinations of coefficients.

    Parameters
    ----------
    fit : from `pool_mv`.
    L : (N, p) or (p,) weights of the coefficients.

    Raises
    ------
    InvalidInput
        Rows of another width, or rows that follow from one another.
    """
    rows = contrast_rows(fit, L)
    estimate, covariance = rows @ fit.beta, rows @ fit.covariance @ rows.T
    df = None if fit.df is None else np.full(len(rows), float(fit.df.min()))
    tests = wald(estimate, covariance, df, fit.level)
    qm, qm_df, qm_p = omnibus(np.zeros((1, len(rows))), estimate, covariance, df)
    assert qm is not None and qm_df is not None and qm_p is not None  # noqa: S101, PT018 - rows are independent
    return Contrasts(estimate=read_only(estimate), **tests, qm=qm, qm_df=qm_df, qm_p=qm_p)


def contrast_rows(fit: MultilevelFit, L: npt.ArrayLike) -> FloatArray:
    """Return (N, p) weights of the coefficients.

    Raises
    ------
    InvalidInput
        Rows of another width, or rows that follow from one another.
    """
    rows = np.atleast_2d(np.array(L, dtype=np.float64))
    if rows.shape[1] != fit.p or not np.isfinite(rows).all():
        raise InvalidInput(f"L has the shape {rows.shape}; it needs {fit.p} numbers per row: {', '.join(fit.names)}")
    if np.linalg.matrix_rank(rows) < len(rows):
        raise InvalidInput("rows of L follow from one another", hint="Leave out what the others imply.")
    return rows


# Diagnostics.


@dataclass(frozen=True, slots=True)
class Residuals(Result):
    """Residuals of the fit, arrays (K,).

    `raw` y - X beta; `se` of them; `standardised` their ratio; `hat` leverages; `weight` row sums of the inverse
    marginal covariance as percentages of their sum.
    """

    raw: FloatArray
    se: FloatArray
    standardised: FloatArray
    hat: FloatArray
    weight: FloatArray


@recorded("fit")
def residuals_mv(fit: MultilevelFit) -> Residuals:
    """Return residuals, leverages and weights of a fit."""
    model = fit.model
    raw = model.y - model.x @ fit.beta
    state: Solved = model.state()
    layout = model.objective.layout
    marginal, hat, weight = np.empty(fit.k), np.empty(fit.k), np.empty(fit.k)
    flat = block_likelihood.covariance(layout, [g[None] for g in model.matrices()])[0]
    for bucket, factor, u in zip(layout.buckets, state.factors, state.white, strict=True):
        b, m = bucket.rows.shape
        here = bucket.rows >= 0
        back = factor[0].transpose(0, 2, 1)
        own = bucket.xy[:, :, : layout.p] @ state.root[0]
        side = back @ (u[0, :, :, : layout.p] @ state.root[0])
        rows = bucket.rows[here]
        hat[rows] = (own * side).sum(axis=2)[here]
        weight[rows] = (back @ factor[0] * here[:, None, :]).sum(axis=2)[here]
        diagonal = np.diagonal(flat[bucket.start : bucket.stop].reshape(b, m, m), axis1=1, axis2=2)
        marginal[rows] = (diagonal - (own**2).sum(axis=2))[here]
    se = np.sqrt(np.maximum(marginal, 0.0)) * model.unit
    with np.errstate(all="ignore"):
        standardised = raw / se
    weight = 100 * weight / weight.sum()
    return Residuals(*map(read_only, (raw, se, standardised, hat, weight)))

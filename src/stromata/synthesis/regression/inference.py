"""What is asked of a fitted meta-regression: contrasts, predictions, residuals, comparisons, inflation, intervals.

K studies, p coefficients, M rows asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p, normal_quantile, t_quantile
from stromata.synthesis.regression import kernels
from stromata.synthesis.regression.formulas import INTERCEPT, Data, ModelMatrix, new_rows
from stromata.synthesis.regression.meta_regression import (
    Coefficient,
    MetaRegression,
    WaldTest,
    coefficient,
    wald,
)
from stromata.synthesis.results.result import Result, recorded

_PROFILE_POINTS = 120
"""Trial values over which the profile likelihood is searched for peaks."""

_SAME = 1e-8
"""Share of a column that may lie outside the span of another model's columns and still be rounding."""


@dataclass(frozen=True, slots=True)
class Contrasts(Result):
    """Linear combinations of coefficients, and the test that all of them are 0."""

    rows: tuple[Coefficient, ...]
    joint: WaldTest


@dataclass(frozen=True, slots=True)
class Prediction:
    """The average effect at one setting of the moderators; the prediction interval is None under ``ee``."""

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Of the studies used, each (K,): residual, its standard error, their ratio, and the leverage (0 to 1)."""

    residual: FloatArray
    se: FloatArray
    standardised: FloatArray
    leverage: FloatArray


@dataclass(frozen=True, slots=True)
class LikelihoodRatio(Result):
    """Comparison of two nested models; `r2` is the percent of tau2 that the larger one accounts for."""

    statistic: float
    df: int
    p: float
    r2: float | None


@dataclass(frozen=True, slots=True)
class Inflation:
    """Variance inflation of one coefficient or term; `per_df` is made comparable between terms of several columns."""

    label: str
    df: int
    vif: float
    per_df: float


@dataclass(frozen=True, slots=True)
class HeterogeneityBounds:
    """Interval of residual heterogeneity. `empty`: no tau2 from 0 on is compatible with the data; both bounds are 0."""

    tau2_low: float
    tau2_high: float
    i2_low: float
    i2_high: float
    h2_low: float
    h2_high: float
    empty: bool = False


class Coefficients(Protocol):
    """What contrasts and predictions need of a fit: `MetaRegression` has it, and `GlmmRegression` of counts."""

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """In the order of the columns of `matrix`."""
        ...

    @property
    def beta(self) -> FloatArray:
        """(p,) estimates."""
        ...

    @property
    def covariance(self) -> FloatArray:
        """(p, p) of the estimates."""
        ...

    @property
    def tau2(self) -> float | None:
        """Residual variance between studies; None where there is none."""
        ...

    @property
    def df(self) -> int | None:
        """Degrees of freedom of the tests; None for normal ones."""
        ...

    @property
    def level(self) -> float:
        """Coverage of intervals."""
        ...

    @property
    def matrix(self) -> ModelMatrix:
        """Model matrix of the studies used."""
        ...

    @property
    def kept(self) -> tuple[int, ...]:
        """Places of its columns among those that were asked for."""
        ...


@recorded("fit", "weights")
def contrast(
    fit: Coefficients,
    weights: npt.ArrayLike | Mapping[str, float] | Sequence[Mapping[str, float]],
    *,
    names: Sequence[str] | None = None,
) -> Contrasts:
    """Test linear combinations of coefficients.

    Parameters
    ----------
    weights : (M, p) or (p,), in the order of `fit.coefficients`; or weights by the names of coefficients, such as
        ``{"allocrandom": 1, "allocsystematic": -1}``, the others being 0.
    names : (M,) labels of the combinations.

    Returns
    -------
    With the test and the level of `fit`. Rows may depend on one another, as all pairwise differences do: the joint test
    then counts those that do not.

    Raises
    ------
    InvalidInput
        Another number of columns, a name that no coefficient has, only zeros.
    """
    known = [each.name for each in fit.coefficients]
    rows = weight_rows(weights, known)
    labels = [f"contrast {i + 1}" for i in range(len(rows))] if names is None else list(names)
    if len(labels) != len(rows):
        raise InvalidInput(f"{len(labels)} names for {len(rows)} contrasts")
    if not (np.abs(rows).sum(axis=1) > 0).all():
        raise InvalidInput("a contrast has only zeros", hint="Give each at least one weight.")
    estimates, covariance = rows @ fit.beta, rows @ fit.covariance @ rows.T
    se = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    each = tuple(
        coefficient(label, label, estimate, error, df=fit.df, level=fit.level)
        for label, estimate, error in zip(labels, estimates.tolist(), se.tolist(), strict=True)
    )
    own = kernels.design(rows.T)[1]
    chosen = [labels[i] for i in own]
    return Contrasts(each, wald("all contrasts", chosen, estimates[own], covariance[np.ix_(own, own)], df=fit.df))


def weight_rows(
    weights: npt.ArrayLike | Mapping[str, float] | Sequence[Mapping[str, float]], known: list[str]
) -> FloatArray:
    """Return (M, p) weights of the coefficients `known`; see `contrast`.

    Raises
    ------
    InvalidInput
        A name that no coefficient has, another number of columns.
    """
    if isinstance(weights, Mapping):
        weights = [weights]
    if isinstance(weights, Sequence) and weights and all(isinstance(each, Mapping) for each in weights):
        rows = np.zeros((len(weights), len(known)))
        for i, given in enumerate(weights):
            for name, value in given.items():
                if name not in known:
                    raise InvalidInput(f"no coefficient {name!r}", hint=f"There are: {', '.join(known)}.")
                rows[i, known.index(name)] = value
        return rows
    rows = np.atleast_2d(np.array(weights, dtype=np.float64))
    if rows.ndim != 2 or rows.shape[1] != len(known) or not np.isfinite(rows).all():
        raise InvalidInput(f"contrasts of shape {rows.shape}; {len(known)} finite weights each are needed")
    return rows


def predict(
    fit: Coefficients, new: Data | npt.ArrayLike | None = None, *, level: float | None = None
) -> tuple[Prediction, ...]:
    """Predict the average effect for the studies themselves, or at new values of the moderators.

    Parameters
    ----------
    new : columns that the formula uses, (M,) each; or rows of the model matrix, (M, p) with the intercept.
    level : coverage of both intervals; that of `fit` without.

    Returns
    -------
    The prediction interval is for the true effect of a new study: the estimate plus and minus the quantile of the
    chosen test times sqrt(tau2 + se^2).

    Raises
    ------
    InvalidInput
        A column or level that is not known, a missing value, another number of columns, a level outside (0, 1).
    """
    level = fit.level if level is None else level
    check_level(level)
    x = fit.matrix.x if new is None else _rows(fit, new)
    quantile = normal_quantile(level) if fit.df is None else t_quantile(level, fit.df)
    estimates = (x @ fit.beta).tolist()
    variances = np.maximum(np.einsum("mp,pq,mq->m", x, fit.covariance, x), 0.0).tolist()
    found = []
    for estimate, variance in zip(estimates, variances, strict=True):
        se = math.sqrt(variance)
        ahead = None if fit.tau2 is None else quantile * math.sqrt(variance + fit.tau2)
        found.append(
            Prediction(
                estimate,
                se,
                estimate - quantile * se,
                estimate + quantile * se,
                None if ahead is None else estimate - ahead,
                None if ahead is None else estimate + ahead,
            )
        )
    return tuple(found)


def _rows(fit: Coefficients, new: Data | npt.ArrayLike) -> FloatArray:
    if isinstance(new, Mapping):
        if not fit.matrix.formula:
            raise InvalidInput("the model was given as a matrix", hint="Give rows of that matrix.")
        return new_rows(fit.matrix, new)[:, list(fit.kept)]
    x = np.atleast_2d(np.array(new, dtype=np.float64))
    if x.ndim != 2 or x.shape[1] != len(fit.coefficients) or not np.isfinite(x).all():
        raise InvalidInput(
            f"new rows of shape {x.shape}; {len(fit.coefficients)} finite columns are needed",
            hint=f"They are: {', '.join(fit.matrix.names)}.",
        )
    return x


def residuals(fit: MetaRegression) -> Residuals:
    """Return residuals, standardised by their own standard errors, and leverages.

    References
    ----------
    Hedges and Olkin (1985), Statistical Methods for Meta-Analysis, chapter 12; Viechtbauer and Cheung (2010), Research
    Synthesis Methods 1, 112-125.
    """
    design = kernels.design(fit.matrix.x)[0]
    tau2 = fit.tau2 or 0.0
    d = fit.vi + tau2
    if fit.weights is None:
        residual, free = kernels.residuals(kernels.problem(fit.yi, fit.vi, design), tau2)
        variance = d * free
    else:
        residual, free = kernels.residuals(kernels.problem(fit.yi, 1 / fit.weights, design), 0.0)
        spread = np.einsum("kp,pq,kq->k", fit.matrix.x, fit.covariance / fit.scale, fit.matrix.x)
        variance = np.maximum(d * (2 * free - 1) + spread, 0.0)
    se = np.sqrt(variance)
    # A study that decides a coefficient alone has no residual to speak of: its ratio is undefined.
    ratio = np.divide(residual, se, out=np.full_like(se, math.nan), where=free > 1e-14)
    return Residuals(residual, se, ratio, 1 - free)


@recorded("full", "reduced")
def likelihood_ratio(full: MetaRegression, reduced: MetaRegression) -> LikelihoodRatio:
    """Compare two nested models by their likelihoods.

    Raises
    ------
    InvalidInput
        Models not fitted by ``ml`` or both by ``ee`` (restricted likelihoods of different columns cannot be compared),
        on different studies, not nested, or with equally many coefficients.
    """
    methods = {full.method, reduced.method}
    if len(methods) != 1 or not methods <= {"ml", "ee"}:
        raise InvalidInput(
            f"the models were fitted by {full.method} and {reduced.method}; likelihoods are compared under ml, or ee",
            hint="Fit both with method='ml': restricted likelihoods of different moderators cannot be compared.",
        )
    if full.k != reduced.k or (full.yi != reduced.yi).any() or (full.vi != reduced.vi).any():
        raise InvalidInput(
            "the two models rest on different studies",
            hint="Leave the studies with missing moderators out of both.",
        )
    df = len(full.coefficients) - len(reduced.coefficients)
    if df <= 0:
        raise InvalidInput(
            "the first model has no more coefficients than the second", hint="Give the larger one first."
        )
    q, x = kernels.design(full.matrix.x)[0].q, reduced.matrix.x
    outside = np.linalg.norm(x - q @ (q.T @ x), axis=0) > _SAME * np.linalg.norm(x, axis=0)
    if outside.any():
        name = reduced.matrix.names[int(outside.argmax())]
        raise InvalidInput(f"the models are not nested: the larger one cannot express column {name!r}")
    statistic = max(2 * (full.log_likelihood - reduced.log_likelihood), 0.0)
    r2 = None
    if reduced.tau2 and full.tau2 is not None:
        r2 = 100 * max(0.0, (reduced.tau2 - full.tau2) / reduced.tau2)
    return LikelihoodRatio(statistic, df, chi_squared_p(statistic, df), r2)


def variance_inflation(fit: MetaRegression, *, by_term: bool = False) -> tuple[Inflation, ...]:
    """Return how much the variances of coefficients grow because moderators go together.

    Parameters
    ----------
    by_term : one generalised factor per term instead of one per coefficient.

    Raises
    ------
    InvalidInput
        A model with the intercept alone.

    References
    ----------
    Fox and Monette (1992), JASA 87, 178-183.
    """
    names, terms = fit.matrix.names, fit.matrix.terms
    moving = [j for j, term in enumerate(terms) if term != INTERCEPT]
    if not moving:
        raise InvalidInput("the model has no moderators, so nothing is inflated")
    part = fit.covariance[np.ix_(moving, moving)]
    se = np.sqrt(np.diagonal(part))
    correlation = part / np.multiply.outer(se, se)
    labels = [terms[j] if by_term else names[j] for j in moving]
    whole = float(np.linalg.slogdet(correlation)[1])
    found = []
    for label in dict.fromkeys(labels):
        own = [i for i, each in enumerate(labels) if each == label]
        others = [i for i, each in enumerate(labels) if each != label]
        logs = sum(float(np.linalg.slogdet(correlation[np.ix_(p, p)])[1]) for p in (own, others) if p)
        vif = math.exp(logs - whole)
        found.append(Inflation(label, len(own), vif, vif ** (1 / (2 * len(own)))))
    return tuple(found)


def tau2_interval(
    fit: MetaRegression, *, kind: Literal["qp", "genq", "pl"] = "qp", level: float | None = None
) -> HeterogeneityBounds:
    """Return a confidence interval of the residual between-study variance.

    Parameters
    ----------
    kind : ``qp`` Q-profile; ``genq`` generalised Q, with the weights of the fit, or 1 / v without; ``pl`` profile
        likelihood, full under ``ml`` and restricted under ``reml``.
    level : coverage; that of `fit` without.

    Raises
    ------
    InvalidInput
        An unknown kind, ``pl`` for another method, no degrees of freedom, a level outside (0, 1).

    References
    ----------
    Viechtbauer (2007), Statistics in Medicine 26, 37-52; Jackson, Turner, Rhodes and Viechtbauer (2014), BMC Medical
    Research Methodology 14:103, with moderators; Hardy and Thompson (1996), Statistics in Medicine 15, 619-629. Of a
    likelihood with several peaks the smallest interval that holds all of the set is given.
    """
    level = fit.level if level is None else level
    check_level(level)
    kinds = get_args(Literal["qp", "genq", "pl"])
    if kind not in kinds:
        raise InvalidInput(f"no interval {kind!r} for tau2", hint=f"There are: {', '.join(kinds)}.")
    if not fit.q_df or fit.typical is None:
        raise InvalidInput("as many coefficients as studies: nothing can be said about what varies between studies")
    data = kernels.problem(fit.yi, fit.vi, kernels.design(fit.matrix.x)[0])
    empty = False
    if kind == "pl":
        if fit.method not in {"ml", "reml"} or fit.tau2 is None:
            raise InvalidInput(f"a profile likelihood needs method ml or reml; the model has {fit.method}")
        low, high = _profile(data, fit.tau2, level, restricted=fit.method == "reml")
    elif kind == "genq":
        tail = (1 - level) / 2
        low, high = (kernels.tau2_at(data, fit.weights, each) for each in (1 - tail, tail))
        empty = high == 0
    else:
        half, tail = fit.q_df / 2, (1 - level) / 2
        upper, lower = (2 * float(inverse(half, tail)) for inverse in (special.gammainccinv, special.gammaincinv))
        low, high = kernels.solve_q(data, upper), kernels.solve_q(data, lower)
        empty = fit.q < lower
    i2 = [100 * value / (value + fit.typical) for value in (low, high)]
    h2 = [1 + value / fit.typical for value in (low, high)]
    return HeterogeneityBounds(low, high, i2[0], i2[1], h2[0], h2[1], empty)


def _profile(data: kernels.Problem, best: float, level: float, *, restricted: bool) -> tuple[float, float]:
    top = kernels.log_likelihood(data, best, restricted=restricted)
    drop = float(special.gammaincinv(0.5, level))

    def lead(tau2: float) -> float:
        return kernels.log_likelihood(data, tau2, restricted=restricted) - top + drop

    high = max(data.span, float(data.v.max()), best)
    while lead(high) > 0:
        high *= 4
    grid = [0.0, *np.geomspace(1e-3 * float(data.v.min()), high, _PROFILE_POINTS).tolist()]
    inside = [best, *(t for t in grid if lead(t) > 0)]
    least, most = min(inside), max(inside)
    below = max((t for t in grid if t < least), default=0.0)
    above = min(t for t in grid if t > most)
    low = 0.0 if lead(0.0) > 0 else kernels.halve(lambda t: lead(t) <= 0, below, least)
    return low, kernels.halve(lambda t: lead(t) > 0, most, above)

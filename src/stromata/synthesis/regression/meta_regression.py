"""Meta-regression: how effects vary with what is known of the studies.

The mixed-effects model y = X beta + u + e with u ~ N(0, tau2) and e ~ N(0, v); under ``ee`` without u. K studies, p
coefficients. What is asked of a fitted model (contrasts, predictions, ...) stands in `moderators`, permutation tests in
`permutation`, and the numbers are worked out in `regression_kernels`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, TauMethod, TestName
from stromata.synthesis.cautions import maxima_close
from stromata.synthesis.intervals import (
    FloatArray,
    check_level,
    chi_squared_p,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from stromata.synthesis.pooling import single
from stromata.synthesis.pooling.estimates import LARGEST, SMALLEST, Method
from stromata.synthesis.regression import kernels
from stromata.synthesis.regression.formulas import INTERCEPT, Data, ModelMatrix, model_matrix
from stromata.synthesis.results.result import Result, recorded

STUDIES_PER_COEFFICIENT = 10
"""Studies per moderator below which the Cochrane Handbook (10.11.5.1) advises against meta-regression."""

NEARLY = 1e-4
"""Share of a column's length that is left when the others are taken out, below which it hardly differs from them."""

_NO_SPREAD = 1e-12
"""Factor on the covariance below which the model goes through every study but for rounding."""

METHODS: tuple[Method, ...] = ("ee", *get_args(TauMethod))

_WEIGHTED = ("genq", "genqm")


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient, or a combination of them; `df` is None for a normal test."""

    name: str
    term: str
    estimate: float
    se: float
    statistic: float
    df: int | None
    p: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A test that several coefficients are all 0: chi-squared on `df`, or F on `df` and `df2`."""

    label: str
    coefficients: tuple[str, ...]
    statistic: float
    df: int
    df2: int | None
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class MetaRegression(Result):
    """A fitted meta-regression.

    Attributes
    ----------
    k : studies. method, test, level : as asked for.
    coefficients : in the order of the columns of `matrix`.
    covariance : (p, p) of the coefficients, read-only; rescaled under ``knha`` and ``adhoc``.
    tau2, tau2_se : residual variance between studies; None under ``ee``.
    typical : typical sampling variance. i2, h2 : residual heterogeneity, in percent and as a ratio.
    r2 : percent of tau2 that the moderators account for, against the same estimator without them; under ``ee`` the
        adjusted share of Q. None without an intercept, without moderators, and where there is nothing to account for.
    q, q_df, q_p : test of residual heterogeneity.
    omnibus : test of all coefficients but the intercept; of all, where there is no other or no intercept.
    terms : one test per term of the formula other than the intercept.
    log_likelihood : restricted under ``reml``, full otherwise.
    aic, bic, aicc : under ``ee``, ``ml`` and ``reml``. Under ``reml`` they compare only models with the same columns.
    scale : factor on the covariance under ``knha`` and ``adhoc``; else 1.
    modes, gap : local maxima of the likelihood, and the lead of the highest over the next.
    matrix : model matrix of the studies used, and how to make rows for others.
    kept : places of its columns among those that were asked for. dropped : names of those that depend on others.
    yi, vi, weights : of the studies used, in their order; `matrix.rows` has their places in the input.
    """

    k: int
    method: Method
    test: TestName
    level: float
    coefficients: tuple[Coefficient, ...]
    covariance: FloatArray
    tau2: float | None
    tau2_se: float | None
    typical: float | None
    i2: float | None
    h2: float | None
    r2: float | None
    q: float
    q_df: int
    q_p: float
    omnibus: WaldTest
    terms: tuple[WaldTest, ...]
    log_likelihood: float
    aic: float | None
    bic: float | None
    aicc: float | None
    scale: float
    modes: int
    gap: float
    matrix: ModelMatrix
    kept: tuple[int, ...]
    dropped: tuple[str, ...]
    yi: FloatArray
    vi: FloatArray
    weights: FloatArray | None
    cautions: tuple[Caution, ...] = ()

    @property
    def df(self) -> int | None:
        """Degrees of freedom of the tests; None for normal ones."""
        return None if self.test == "z" else self.q_df

    @property
    def beta(self) -> FloatArray:
        """(p,) estimates."""
        return np.array([each.estimate for each in self.coefficients])


@recorded("yi", "vi", "data", "weights", "studies")
def regress(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    moderators: str | npt.ArrayLike = "~ 1",
    *,
    data: Data | None = None,
    names: Sequence[str] | None = None,
    method: Method = "reml",
    test: TestName = "z",
    level: float = 0.95,
    weights: npt.ArrayLike | None = None,
    collinear: Literal["drop", "refuse"] = "drop",
    studies: Sequence[str] | None = None,
) -> MetaRegression:
    """Fit a meta-regression.

    Parameters
    ----------
    yi, vi : (K,) estimates and sampling variances; variances from 1e-30 to 1e30.
    moderators : a formula (see `model_matrix`), or the whole model matrix (K, p) with a column of ones for the
        intercept, where one is wanted.
    data : columns for the formula. Rows with a missing value in a column that it uses are left out, with a caution.
    names : (p,) of the columns of a matrix; ``intrcpt``, ``x1``, ``x2`` ... without.
    method : ``ee`` for a common effect (nothing varies but by chance and by the moderators), or an estimator of tau2:
        see `stromata.synthesis.pooling.heterogeneity.estimate`.
    test : ``z`` normal, ``t`` on K - p degrees of freedom, ``knha`` also rescaled (Knapp and Hartung), ``adhoc`` the
        same but never to less.
    level : coverage, strictly between 0 and 1.
    weights : (K,) each > 0, for ``genq`` and ``genqm`` only; they serve tau2 and the coefficients.
    collinear : whether a column that depends on those before it is dropped with a caution, or refused.
    studies : (K,) names for messages.

    Raises
    ------
    InvalidInput
        Unequal lengths, a value that is not finite, a variance out of range, too few studies, a formula or column that
        cannot be used, a column that depends on others with ``refuse``.

    Examples
    --------
    >>> fit = regress([0.1, 0.4, 0.5, 0.9], [0.02, 0.03, 0.02, 0.05], "~ dose", data={"dose": [1, 2, 3, 4]})
    >>> [each.name for each in fit.coefficients], round(fit.coefficients[1].estimate, 3)
    (['intrcpt', 'dose'], 0.236)

    References
    ----------
    Thompson and Higgins (2002), Statistics in Medicine 21, 1559-1573; Knapp and Hartung (2003), Statistics in Medicine
    22, 2693-2710, for the test; Viechtbauer et al. (2015), Psychological Methods 20, 360-374, for the estimators;
    Raudenbush (2009) in The Handbook of Research Synthesis and Meta-Analysis, 2nd ed., 295-315, for R2; Higgins and
    Thompson (2002), Statistics in Medicine 21, 1539-1558, for I2 and the typical variance.
    """
    _check_options(method, test, level, collinear)
    y, v, a = _numbers(yi, vi, weights, method, studies)
    matrix = moderator_matrix(moderators, data, names, len(y))
    rows = list(matrix.rows)
    y, v, a = y[rows], v[rows], None if a is None else a[rows]
    _check_size(len(y), int(matrix.x.any(axis=0).sum()), "ee", "z")
    design, kept = kernels.design(matrix.x)
    dropped = tuple(name for i, name in enumerate(matrix.names) if i not in kept)
    if dropped and collinear == "refuse":
        raise InvalidInput(
            f"column {dropped[0]!r} of the model matrix depends on those before it",
            hint="Take it out, or let it be dropped with collinear='drop'.",
        )
    _check_size(len(y), len(kept), method, test)
    matrix = only_columns(matrix, kept)
    task = _Task(y, v, a, method, test, level)
    result = _result(task, matrix, task.fit(design))
    result = replace(result, kept=tuple(kept), dropped=dropped)
    return replace(result, cautions=_cautions(result, design))


# Checks.


def _check_options(method: str, test: str, level: float, collinear: str) -> None:
    check_level(level)
    for value, allowed, what in (
        (method, METHODS, "method"),
        (test, get_args(TestName), "test"),
        (collinear, ("drop", "refuse"), "choice of collinear"),
    ):
        if value not in allowed:
            raise InvalidInput(f"no {what} {value!r} in meta-regression", hint=f"There are: {', '.join(allowed)}.")


def _numbers(
    yi: npt.ArrayLike, vi: npt.ArrayLike, weights: npt.ArrayLike | None, method: str, studies: Sequence[str] | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    y, v = _column("yi", yi), _column("vi", vi)
    if (weights is None) == (method in _WEIGHTED):
        raise InvalidInput(
            f"method {method} needs weights"
            if weights is None
            else f"weights were given, but method {method} has its own",
            hint="Weights go with the methods genq and genqm, and only with them.",
        )
    a = None if weights is None else _column("weights", weights)
    for name, column in (("vi", v), ("weights", a), ("studies", studies)):
        if column is not None and len(column) != len(y):
            raise InvalidInput(f"yi has {len(y)} values, {name} has {len(column)}", hint="Give one value per study.")

    def check(name: str, values: FloatArray, good: npt.NDArray[np.bool_], allowed: str) -> None:
        if not good.all():
            i = int((~good).argmax())
            study = f"study {studies[i]!r}" if studies is not None else f"study {i + 1}"
            raise InvalidInput(f"{study}: {name} is {float(values[i])!r}; it must be {allowed}")

    with np.errstate(invalid="ignore"):
        check("yi", y, np.abs(y) <= LARGEST, f"a number from {-LARGEST:g} to {LARGEST:g}")
        for name, column in (("vi", v), ("weights", a)):
            if column is not None:
                good = (column >= SMALLEST) & (column <= LARGEST)
                check(name, column, good, f"a number from {SMALLEST:g} to {LARGEST:g}")
    return y, v, a


def _column(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        column = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} has a value that is not a number: {error}") from error
    if column.ndim != 1:
        raise InvalidInput(f"{name} has {column.ndim} dimensions; one is needed")
    return column


def _check_size(k: int, p: int, method: str, test: str) -> None:
    if p == 0:
        raise InvalidInput("the model has no coefficients", hint="Leave the intercept in, or name a moderator.")
    least = p if method == "ee" and test == "z" else p + 1
    if k < least:
        raise InvalidInput(
            f"{k} studies for {p} coefficients; at least {least} studies are needed",
            hint="Take moderators out, or join levels of a factor.",
        )


def moderator_matrix(
    moderators: str | npt.ArrayLike, data: Data | None, names: Sequence[str] | None, k: int
) -> ModelMatrix:
    """Return the model matrix of a formula, or the one that was given, for `k` studies; parameters as `regress`."""
    if isinstance(moderators, str):
        if data is not None:
            for name in data:
                if len(data[name]) != k:
                    raise InvalidInput(f"column {name!r} has {len(data[name])} values; there are {k} studies")
        return model_matrix(moderators, data, rows=k)
    try:
        x = np.array(moderators, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"moderators hold something that is not a number, or rows of unequal length: {error}",
            hint="Give a formula such as '~ x' with data, or a row of numbers for each study.",
        ) from error
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) != k:
        raise InvalidInput(f"the model matrix is of shape {x.shape}; it needs {k} rows, one per study")
    constant = [bool((x[:, j] == 1).all()) for j in range(x.shape[1])]
    if names is None:
        free = iter(range(1, x.shape[1] + 1))
        first = constant.index(True) if True in constant else -1
        names = [INTERCEPT if j == first else f"x{next(free)}" for j in range(x.shape[1])]
    if len(names) != x.shape[1] or len(set(names)) != len(names):
        raise InvalidInput(f"{len(names)} names for {x.shape[1]} columns; each column needs one of its own")
    bad = np.argwhere(~(np.abs(x) <= LARGEST))
    if len(bad):
        i, j = bad[0]
        raise InvalidInput(f"study {i + 1}: column {names[j]!r} is {float(x[i, j])!r}; it must be a finite number")
    terms = tuple(INTERCEPT if c else name for c, name in zip(constant, names, strict=True))
    return ModelMatrix("", x, tuple(names), terms, tuple(range(k)), (), True in constant)


def only_columns(matrix: ModelMatrix, kept: list[int]) -> ModelMatrix:
    """Return a model matrix with the columns in the places `kept`."""
    x = matrix.x[:, kept]
    x.flags.writeable = False
    names, terms = (tuple(each[i] for i in kept) for each in (matrix.names, matrix.terms))
    return replace(matrix, x=x, names=names, terms=terms)


# The result.


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What is fitted, and how."""

    y: FloatArray
    v: FloatArray
    weights: FloatArray | None
    method: Method
    test: TestName
    level: float

    def fit(self, design: kernels.Design) -> kernels.Fitted:
        data = kernels.problem(self.y, self.v, design)
        return kernels.fit(data, None if self.method == "ee" else self.method, weights=self.weights)


def _result(task: _Task, matrix: ModelMatrix, fitted: kernels.Fitted) -> MetaRegression:
    k, p = matrix.x.shape
    df, random = k - p, task.method != "ee"
    scale = covariance_scale(fitted, df, task.test)
    covariance = fitted.covariance * scale
    tests_df = None if task.test == "z" else df
    se = np.sqrt(np.diagonal(covariance))
    moving = [j for j, term in enumerate(matrix.terms) if term != INTERCEPT] or list(range(p))
    labels = dict.fromkeys(term for term in matrix.terms if term != INTERCEPT)

    def test(label: str, which: list[int]) -> WaldTest:
        names = [matrix.names[j] for j in which]
        return wald(label, names, fitted.beta[which], covariance[which][:, which], df=tests_df)

    for array in (task.y, task.v, covariance):
        array.flags.writeable = False
    tau2, typical = fitted.between.tau2, df / fitted.trace if df else None
    likelihood = fitted.restricted if task.method == "reml" else fitted.full
    criteria = _criteria(likelihood, k - p if task.method == "reml" else k, p + random, task.method)
    return MetaRegression(
        k=k,
        method=task.method,
        test=task.test,
        level=task.level,
        coefficients=tuple(
            coefficient(name, term, estimate, error, df=tests_df, level=task.level)
            for name, term, estimate, error in zip(
                matrix.names, matrix.terms, fitted.beta.tolist(), se.tolist(), strict=True
            )
        ),
        covariance=covariance,
        tau2=tau2 if random else None,
        tau2_se=fitted.between.se if random else None,
        typical=typical,
        i2=_i2(fitted, typical, df, random=random),
        h2=None if typical is None else 1 + tau2 / typical if random else fitted.q / df,
        r2=_r2(task, matrix, fitted),
        q=fitted.q,
        q_df=df,
        q_p=chi_squared_p(fitted.q, df),
        omnibus=test("all moderators", moving),
        terms=tuple(test(label, [j for j, term in enumerate(matrix.terms) if term == label]) for label in labels),
        log_likelihood=likelihood,
        aic=criteria[0],
        bic=criteria[1],
        aicc=criteria[2],
        scale=scale,
        modes=fitted.between.modes,
        gap=fitted.between.gap,
        matrix=matrix,
        kept=(),
        dropped=(),
        yi=task.y,
        vi=task.v,
        weights=task.weights,
    )


def covariance_scale(fitted: kernels.Fitted, df: int, test: TestName) -> float:
    """Return the factor of Knapp and Hartung on the covariance; 1 under ``z`` and ``t``."""
    if test not in {"knha", "adhoc"}:
        return 1.0
    scale = fitted.rss / df
    return max(scale, 1.0) if test == "adhoc" else scale


def coefficient(name: str, term: str, estimate: float, se: float, *, df: int | None, level: float) -> Coefficient:
    """Return an estimate with its test and interval; a standard error of 0 gives an infinite statistic."""
    statistic = estimate / se if se > 0 else math.copysign(math.inf, estimate) if estimate else 0.0
    half = (normal_quantile(level) if df is None else t_quantile(level, df)) * se
    p = two_sided_p(statistic, df) if math.isfinite(statistic) else 0.0
    return Coefficient(name, term, estimate, se, statistic, df, p, estimate - half, estimate + half)


def wald(
    label: str, names: Sequence[str], estimates: FloatArray, covariance: FloatArray, *, df: int | None
) -> WaldTest:
    """Return the test that (m,) estimates with an (m, m) covariance are all 0; F on `df` where that is not None."""
    m = len(estimates)
    statistic = wald_statistic(estimates, covariance)
    if df is None:
        return WaldTest(label, tuple(names), statistic, m, None, chi_squared_p(statistic, m))
    ratio = statistic / m
    p = float(special.betainc(df / 2, m / 2, df / (df + m * ratio)))
    return WaldTest(label, tuple(names), ratio, m, df, p)


def wald_statistic(estimates: FloatArray, covariance: FloatArray) -> float:
    """Return b' V^-1 b; infinite where a standard error is 0."""
    if len(estimates) == 1:
        variance = float(covariance[0, 0])
        return float(estimates[0]) ** 2 / variance if variance > 0 else math.inf
    se = np.sqrt(np.diagonal(covariance))
    if not (se > 0).all():
        return math.inf
    z = estimates / se
    correlation = covariance / np.multiply.outer(se, se)
    try:
        return float(z @ np.linalg.solve(correlation, z))
    except np.linalg.LinAlgError:  # variances so far apart that correlations round to 1
        return float(z @ np.linalg.lstsq(correlation, z, rcond=None)[0])


def _i2(fitted: kernels.Fitted, typical: float | None, df: int, *, random: bool) -> float | None:
    if typical is None:
        return None
    if random:
        return 100 * fitted.between.tau2 / (fitted.between.tau2 + typical)
    return 100 * max(0.0, (fitted.q - df) / fitted.q) if fitted.q > 0 else 0.0


def _r2(task: _Task, matrix: ModelMatrix, fitted: kernels.Fitted) -> float | None:
    k, p = matrix.x.shape
    if not matrix.intercept or p < 2 or k == p:
        return None
    if task.method == "ee":
        whole, rest = single.fit(task.y, task.v, None).q / (k - 1), fitted.q / (k - p)
    else:
        whole, rest = _tau2_without(task), fitted.between.tau2
    return 100 * max(0.0, (whole - rest) / whole) if whole > 0 else None


def _tau2_without(task: _Task) -> float:
    """Return tau2 without moderators, by the same estimator."""
    if task.weights is not None:
        return task.fit(kernels.design(np.ones((len(task.y), 1)))[0]).between.tau2
    method: TauMethod = task.method  # type: ignore[assignment]  # not ee, which has no tau2
    return single.fit(task.y, task.v, method).tau2


def _criteria(likelihood: float, n: int, m: int, method: Method) -> tuple[float | None, float | None, float | None]:
    """Return AIC, BIC and AICc for m parameters and n independent observations.

    The last is held finite where n is near m, by counting at least m + 2 observations.
    """
    if method not in {"ee", "ml", "reml"}:
        return None, None, None
    deviance, counted = -2 * likelihood, max(n, m + 2)
    return deviance + 2 * m, deviance + m * math.log(n), deviance + 2 * m * counted / (counted - m - 1)


# Cautions.


def _cautions(result: MetaRegression, design: kernels.Design) -> tuple[Caution, ...]:
    found = []
    for code, rule in _RULES.items():
        text = rule(result, design)
        if text:
            found.append(Caution(code, text))
    return tuple(found)


def _left_out(result: MetaRegression, _: kernels.Design) -> str:
    gone = result.matrix.left_out
    if not gone:
        return ""
    columns = ", ".join(dict.fromkeys(name for _, name in gone))
    places = ", ".join(str(place + 1) for place, _ in gone)
    verb = "study was" if len(gone) == 1 else "studies were"
    return f"{len(gone)} {verb} left out because a moderator is missing (rows {places}; columns {columns})."


def _dropped(result: MetaRegression, _: kernels.Design) -> str:
    if not result.dropped:
        return ""
    return (
        f"Left out of the model because the other columns already say the same: {', '.join(result.dropped)}. "
        "Their own contribution cannot be told."
    )


def _nearly_collinear(result: MetaRegression, design: kernels.Design) -> str:
    # Row j of the inverse triangle has what is left of column j when all others are taken out.
    lengths = np.sqrt(np.einsum("kp,kp->p", result.matrix.x, result.matrix.x))
    left = 1 / (lengths * np.sqrt(np.einsum("pq,pq->p", design.back, design.back)))
    close = [name for name, share in zip(result.matrix.names, left, strict=True) if share < NEARLY]
    moving = [name for name in close if name != INTERCEPT]
    if len(close) < 2 or not moving:
        return ""
    return (
        f"The columns {', '.join(close)} are nearly combinations of one another; their coefficients are hardly "
        "determined on their own."
    )


def _few_studies(result: MetaRegression, _: kernels.Design) -> str:
    moving = sum(term != INTERCEPT for term in result.matrix.terms)
    if not moving or result.k >= STUDIES_PER_COEFFICIENT * moving:
        return ""
    what = "one coefficient" if moving == 1 else f"{moving} coefficients"
    return (
        f"{result.k} studies for {what} besides the intercept: fewer than {STUDIES_PER_COEFFICIENT} each. "
        "Findings are fragile, and chance findings likely."
    )


def _perfect_fit(result: MetaRegression, _: kernels.Design) -> str:
    if result.q_df and result.test == "knha" and result.scale < _NO_SPREAD:
        return "The model goes through every study, so that the rescaled standard errors are 0: they mean nothing."
    return ""


def _narrower(result: MetaRegression, _: kernels.Design) -> str:
    if result.test != "knha" or result.scale < _NO_SPREAD:
        return ""
    if t_quantile(result.level, result.q_df) * math.sqrt(result.scale) >= normal_quantile(result.level):
        return ""
    return (
        "The Hartung-Knapp intervals are narrower than the ordinary ones here, because the studies agree more than "
        "chance would have them; read the ordinary intervals as well."
    )


def _several_maxima(result: MetaRegression, _: kernels.Design) -> str:
    if result.modes < 2:
        return ""
    return (
        f"The likelihood of the between-study variance has {result.modes} peaks. The highest was taken; another "
        "program may stop at a lower one."
    )


def _maxima_close(result: MetaRegression, _: kernels.Design) -> str:
    return maxima_close(result.gap)


def _tau2_zero(result: MetaRegression, _: kernels.Design) -> str:
    if result.tau2 != 0:
        return ""
    return (
        "The residual between-study variance was estimated as zero. That is an estimate at its lower limit, not proof "
        "that the moderators explain all differences."
    )


def _common(result: MetaRegression, _: kernels.Design) -> str:
    if result.method != "ee" or result.q_p >= 0.10:
        return ""
    return (
        "No variation beyond chance and the moderators was assumed, but the studies still differ: the intervals are "
        "too narrow for a statement beyond these studies."
    )


_RULES: dict[str, Callable[[MetaRegression, kernels.Design], str]] = {
    "moderators-missing": _left_out,
    "collinear-dropped": _dropped,
    "nearly-collinear": _nearly_collinear,
    "few-studies-per-coefficient": _few_studies,
    "perfect-fit": _perfect_fit,
    "knha-narrower": _narrower,
    "several-maxima": _several_maxima,
    "maxima-close": _maxima_close,
    "tau2-zero": _tau2_zero,
    "common-despite-heterogeneity": _common,
}

REGRESSION_CAUTION_CODES: tuple[str, ...] = tuple(_RULES)
"""Codes of the cautions of a meta-regression; `docs/reference/meta-regression.md` has them."""

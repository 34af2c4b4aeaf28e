"""Funnel-plot asymmetry: regression and rank tests, trim-and-fill, PET-PEESE, and Henmi and Copas's interval.

K studies. Asymmetry has many causes, of which studies that were never published is one; none of these can tell which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, TestName
from stromata.synthesis.intervals import FloatArray, check_error, check_level, normal_quantile, t_quantile, two_sided_p
from stromata.synthesis.pooling import single
from stromata.synthesis.pooling.estimates import Method, PooledEstimate, pool_estimates
from stromata.synthesis.regression import kernels as regression_kernels
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.sensitivity import fit_regression, model_matrix
from stromata.synthesis.study_set import Studies, StudySet, check_choice, check_options, frozen, study_set

Predictor = Literal["sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"]
"""Standard error, sampling variance, number of people, its inverse, its root, the inverse of its root."""

AsymmetryModel = Literal["rma", "lm"]
"""Meta-regression with tau2, or weighted regression with a free scale (Egger's own)."""

Side = Literal["left", "right"]
FillEstimator = Literal["L0", "R0", "Q0"]

FEW_FOR_ASYMMETRY = 10
"""Studies below which such tests can hardly tell chance from asymmetry: Sterne et al. (2011), BMJ 343, d4002."""

_LEAST = 3
"""Studies from which a line can be fitted with something left over."""

_WITH_LIMIT: tuple[Predictor, ...] = ("sei", "vi", "ninv", "sqrtninv")
"""Predictors that go to 0 as a study grows, so that the intercept is the effect in a study without end."""

_ROUNDING = 1e-14
"""Distance from the centre, in largest estimates, below which a study lies at the centre: the rest is rounding."""

_EXACT_PAIRS = 400
"""Studies up to which the distribution of Kendall's statistic is computed exactly."""


@dataclass(frozen=True, slots=True)
class RegressionTest(Result):
    """A regression of the estimates on a measure of their precision.

    Attributes
    ----------
    k : studies.
    slope, se, statistic, df, p : of the predictor; `df` is None for a normal test. `statistic` and `p` are None when
        the studies lie exactly on the line.
    limit, limit_se, limit_low, limit_high : effect as the predictor goes to 0; None where it does not, or with
        moderators.
    tau2 : residual between-study variance; None under ``lm``.
    scale : residual variance in sampling variances, under ``lm`` only.
    """

    predictor: Predictor
    model: AsymmetryModel
    k: int
    slope: float
    se: float
    statistic: float | None
    df: int | None
    p: float | None
    limit: float | None
    limit_se: float | None
    limit_low: float | None
    limit_high: float | None
    tau2: float | None
    scale: float | None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class RankTest(Result):
    """Rank correlation of standardised deviates and variances; `exact` says how `p` was found. None without ranks."""

    k: int
    tau: float | None
    p: float | None
    exact: bool
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class TrimAndFill(Result):
    """Trim-and-fill.

    Attributes
    ----------
    side : where studies appear to be missing.
    k0, se_k0 : how many, with standard error; None where the estimator does not exist.
    p_k0 : probability of at least that many under a symmetric funnel, for ``R0`` only.
    filled_y, filled_v : (k0,) mirrored studies, read-only.
    original, pooled : without and with them; `pooled` is None where `k0` is.
    """

    estimator: FillEstimator
    side: Side
    k0: int | None
    se_k0: float | None
    p_k0: float | None
    filled_y: FloatArray
    filled_v: FloatArray
    original: PooledEstimate
    pooled: PooledEstimate | None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class PetPeese(Result):
    """Precision-effect estimates; `estimate` and its interval are those of the one in `chosen`."""

    pet: RegressionTest
    peese: RegressionTest
    chosen: Literal["pet", "peese"]
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class HenmiCopas(Result):
    """The common-effect estimate with an interval that holds under heterogeneity and withstands publication bias."""

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    tau2: float
    cautions: tuple[Caution, ...] = ()


@recorded("effects", "vi", "labels", "ni", "moderators")
def regtest(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    ni: npt.ArrayLike | None = None,
    predictor: Predictor = "sei",
    model: AsymmetryModel = "rma",
    method: Method = "reml",
    test: TestName = "z",
    level: float = 0.95,
    moderators: npt.ArrayLike | None = None,
) -> RegressionTest:
    """Test whether small studies differ from large ones, by regression (Egger's test and its relatives).

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 3.
    ni : (K,) people, for the predictors that need them; taken from the effects' inputs without.
    predictor : what stands for precision.
    model : ``rma`` meta-regression with `method` and `test`; ``lm`` regression with weights 1 / v and a free scale,
        tested by Student's t. Egger's own test is ``lm`` with ``sei``; Peters's uses ``ninv``.
    level : coverage of the interval of the limit.
    moderators : (K, p) model matrix, with its column of ones, to stand beside the predictor.

    Raises
    ------
    InvalidInput
        Fewer than three studies, a predictor that does not vary, sizes that are not known, a bad value or option.

    Examples
    --------
    >>> found = regtest([0.2, 0.3, 0.5, 0.9], [0.01, 0.02, 0.05, 0.1], model="lm")
    >>> found.slope > 0, [caution.code for caution in found.cautions]
    (True, ['few-for-asymmetry'])

    References
    ----------
    Egger et al. (1997), BMJ 315, 629-634; Sterne and Egger (2005), in Rothstein et al., Publication Bias in
    Meta-Analysis; Moreno et al. (2009), BMC Medical Research Methodology 9:2, for the limit.
    """
    check_options(method=method, test=test, level=level)
    check_choice("predictor", predictor, get_args(Predictor))
    check_choice("model", model, get_args(AsymmetryModel))
    studies = study_set(effects, vi, labels=labels, ni=ni, least=_LEAST, purpose="a test of asymmetry")
    base = np.ones((studies.k, 1)) if moderators is None else model_matrix(moderators, studies)
    x = np.column_stack((base, _predictor(studies, predictor)))
    k, p = x.shape
    if k <= p:
        raise InvalidInput(f"{p} coefficients cannot be tested with {k} studies")
    if len(regression_kernels.design(x)[1]) < p:
        raise InvalidInput(
            f"the predictor {predictor} does not vary between the studies"
            if moderators is None
            else f"the predictor {predictor} is a combination of the moderators",
            hint="Without studies of different precision there is no test of asymmetry.",
        )
    own: Method = "ee" if model == "lm" else method
    _, found = fit_regression(studies.y, studies.v, x, own)
    spread = found.rss / (k - p)
    factor = spread if model == "lm" else {"knha": spread, "adhoc": max(spread, 1.0)}.get(test, 1.0)
    df = k - p if model == "lm" or test != "z" else None
    slope, se = float(found.beta[-1]), math.sqrt(factor * float(found.covariance[-1, -1]))
    statistic = slope / se if se > 0 else None
    has_limit = moderators is None and predictor in _WITH_LIMIT
    limit, limit_se, limit_low, limit_high = _limit(found, factor, df, level) if has_limit else (None,) * 4
    return RegressionTest(
        predictor=predictor,
        model=model,
        k=k,
        slope=slope,
        se=se,
        statistic=statistic,
        df=df,
        p=None if statistic is None else two_sided_p(statistic, df),
        limit=limit,
        limit_se=limit_se,
        limit_low=limit_low,
        limit_high=limit_high,
        tau2=None if own == "ee" else found.between.tau2,
        scale=spread if model == "lm" else None,
        cautions=(*studies.cautions, *few_for_asymmetry(k)),
    )


@recorded("effects", "vi", "labels")
def ranktest(effects: Studies, vi: npt.ArrayLike | None = None, *, labels: Sequence[str] | None = None) -> RankTest:
    """Test the rank correlation between standardised deviates and sampling variances (Begg and Mazumdar).

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 3.

    Returns
    -------
    Kendall's tau-b. The p-value is exact without ties and up to 400 studies, else normal with the variance for ties
    and without a continuity correction. Both are None when all variances, or all deviates, are equal.

    References
    ----------
    Begg and Mazumdar (1994), Biometrics 50, 1088-1101; Kendall (1970), Rank Correlation Methods, chapters 4 and 5.
    """
    studies = study_set(effects, vi, labels=labels, least=_LEAST, purpose="a test of asymmetry")
    w = 1 / studies.v
    mean = single.fit(studies.y, studies.v, None).estimate
    deviates = (studies.y - mean) / np.sqrt(studies.v * _others_of(w) / w.sum())
    tau, p, exact = kendall(deviates, studies.v)
    return RankTest(studies.k, tau, p, exact, (*studies.cautions, *few_for_asymmetry(studies.k)))


@recorded("effects", "vi", "labels")
def trimfill(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    estimator: FillEstimator = "L0",
    side: Side | None = None,
    method: Method = "reml",
    test: TestName = "z",
    level: float = 0.95,
) -> TrimAndFill:
    """Estimate how many studies are missing from one side of the funnel, and pool with their mirror images.

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 3.
    estimator : of the number missing.
    side : where they are missing; without, the side on which small studies lie less, by the slope of the estimates on
        their standard errors under `method`.
    method, test, level : of the pooling, the centre of the funnel included.

    Raises
    ------
    InvalidInput
        Fewer than three studies, or no side given and standard errors that do not vary.

    Notes
    -----
    ``Q0`` does not exist when nearly all studies lie on one side; a caution says so. When the rounds come back to a
    count already met without settling, the smaller count is taken, with a caution.

    References
    ----------
    Duval and Tweedie (2000), Biometrics 56, 455-463, and (2000), JASA 95, 89-98, for the estimators and their
    variances.
    """
    check_options(method=method, test=test, level=level)
    check_choice("estimator", estimator, get_args(FillEstimator))
    if side is not None:
        check_choice("side", side, get_args(Side))
    studies = study_set(effects, vi, labels=labels, least=_LEAST, purpose="trim-and-fill")
    missing: Side = side or _missing_side(studies, method)
    sign = 1.0 if missing == "left" else -1.0
    order = np.argsort(sign * studies.y, kind="stable")
    y, v = sign * studies.y[order], studies.v[order]
    k0, se, centre, settled = _trim(y, v, estimator, method)
    original = pool_estimates(studies.y, studies.v, method=method, test=test, level=level)
    cautions = (
        *studies.cautions,
        *few_for_asymmetry(studies.k),
        *_fill_cautions(k0, missing, estimator, settled=settled),
    )
    nothing = frozen([])
    if k0 is None:
        return TrimAndFill(estimator, missing, None, None, None, nothing, nothing, original, None, cautions)
    kept = studies.k - k0
    filled_y, filled_v = sign * (2 * centre - y[kept:]), v[kept:]
    all_y, all_v = np.concatenate((studies.y, filled_y)), np.concatenate((studies.v, filled_v))
    pooled = pool_estimates(all_y, all_v, method=method, test=test, level=level)
    p = 0.5 ** (k0 + 1) if estimator == "R0" else None
    return TrimAndFill(estimator, missing, k0, se, p, frozen(filled_y), frozen(filled_v), original, pooled, cautions)


@recorded("effects", "vi", "labels")
def pet_peese(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    alpha: float = 0.10,
    level: float = 0.95,
) -> PetPeese:
    """Estimate the effect in a study without sampling error, by the conditional PET-PEESE rule.

    PET regresses the estimates on their standard errors, PEESE on their variances, both with weights 1 / v and a free
    scale. When PET's limit is clear of zero, PEESE's is taken, for PET is then too low; else PET's.

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 3.
    alpha : two-sided level of the test of PET's limit; 0.10 is the one-sided 5 % of the source.
    level : coverage of the interval.

    References
    ----------
    Stanley and Doucouliagos (2014), Research Synthesis Methods 5, 60-78; Stanley (2017), Social Psychological and
    Personality Science 8, 581-591, for when it fails: few studies, small samples, much heterogeneity.
    """
    check_error("alpha", alpha)
    studies = study_set(effects, vi, labels=labels, least=_LEAST, purpose="PET-PEESE")
    pet = regtest(studies.y, studies.v, model="lm", predictor="sei", level=level)
    peese = regtest(studies.y, studies.v, model="lm", predictor="vi", level=level)
    clear = pet.limit_se == 0 or _limit_p(pet) < alpha
    taken = peese if clear else pet
    estimate, se, low, high = (
        float(x or 0.0) for x in (taken.limit, taken.limit_se, taken.limit_low, taken.limit_high)
    )
    cautions = (*studies.cautions, *few_for_asymmetry(studies.k))
    return PetPeese(pet, peese, "peese" if clear else "pet", estimate, se, low, high, cautions)


@recorded("effects", "vi", "labels")
def henmi_copas(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
) -> HenmiCopas:
    """Return the common-effect estimate with Henmi and Copas's confidence interval.

    Large studies have their full weight, so that small ones, which publication bias touches most, move it least; the
    interval allows for the heterogeneity that the weights leave out, and for its estimation (DerSimonian-Laird).

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 2.
    level : coverage.

    References
    ----------
    Henmi and Copas (2010), Statistics in Medicine 29, 2969-2983: the distribution of the pivot given the estimate,
    with Q as a gamma variable of the same two moments. The moments here are the exact ones of a quadratic form.
    """
    check_level(level)
    studies = study_set(effects, vi, labels=labels, least=2, purpose="Henmi and Copas's interval")
    y, v = studies.y, studies.v
    tau2 = single.fit(y, v, "dl").tau2
    estimate = single.fit(y, v, None).estimate
    w = 1 / v
    total = float(w.sum())
    se = math.sqrt(tau2 * float(w @ w) + total) / total
    half = _pivot_quantile(w, tau2, level) * se
    return HenmiCopas(estimate, se, estimate - half, estimate + half, tau2, studies.cautions)


# Regression.


def _predictor(studies: StudySet, name: Predictor) -> FloatArray:
    if name in {"sei", "vi"}:
        return np.sqrt(studies.v) if name == "sei" else studies.v
    n = studies.n
    if n is None or not (np.isfinite(n) & (n > 0)).all():
        raise InvalidInput(f"the predictor {name} needs the number of people in every study", hint="Give ni, each > 0.")
    return {"ni": n, "ninv": 1 / n, "sqrtni": np.sqrt(n), "sqrtninv": 1 / np.sqrt(n)}[name]


def _limit(
    found: regression_kernels.Fitted, factor: float, df: int | None, level: float
) -> tuple[float, float, float, float]:
    """Return the intercept with standard error and bounds."""
    value, se = float(found.beta[0]), math.sqrt(factor * float(found.covariance[0, 0]))
    half = (normal_quantile(level) if df is None else t_quantile(level, df)) * se
    return value, se, value - half, value + half


def _limit_p(found: RegressionTest) -> float:
    return two_sided_p((found.limit or 0.0) / (found.limit_se or math.nan), found.df)


def few_for_asymmetry(k: int) -> tuple[Caution, ...]:
    """Return the caution about tests of asymmetry on few studies; empty from ten on."""
    if k >= FEW_FOR_ASYMMETRY:
        return ()
    text = (
        f"Only {k} studies: fewer than {FEW_FOR_ASYMMETRY} cannot tell a lopsided funnel from chance, so neither a "
        "clear nor an unclear result says much."
    )
    return (Caution("few-for-asymmetry", text),)


# Ranks.


def kendall(x: FloatArray, y: FloatArray) -> tuple[float | None, float | None, bool]:
    """Return Kendall's tau-b of (K,) `x` and `y`, its two-sided p-value, and whether that is exact."""
    n = len(x)
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    score = float(signs.sum()) / 2
    ties_x, ties_y = (np.unique(values, return_counts=True)[1].astype(np.float64) for values in (x, y))
    pairs = n * (n - 1) / 2
    free_x, free_y = (pairs - float((ties * (ties - 1)).sum()) / 2 for ties in (ties_x, ties_y))
    if free_x == 0 or free_y == 0:
        return None, None, False
    tau = score / math.sqrt(free_x * free_y)
    if free_x == pairs and free_y == pairs and n <= _EXACT_PAIRS:
        return tau, _exact_kendall(n, round((score + pairs) / 2)), True
    z = score / math.sqrt(_kendall_variance(n, ties_x, ties_y))
    return tau, two_sided_p(z, None), False


def _exact_kendall(n: int, concordant: int) -> float:
    """Return the two-sided p-value of a number of concordant pairs among n(n - 1)/2, all orders equally likely."""
    chances = np.ones(1)
    for size in range(2, n + 1):  # the i-th element has 0 to i - 1 of the earlier ones below it, each equally likely
        sums = np.concatenate((chances, np.zeros(size - 1))).cumsum()
        sums[size:] -= sums[:-size].copy()
        chances = sums / size
    below, above = float(chances[: concordant + 1].sum()), float(chances[concordant:].sum())
    return min(1.0, 2 * min(below, above))


def _kendall_variance(n: int, x: FloatArray, y: FloatArray) -> float:
    """Return the variance of the score with ties of these sizes (Kendall 1970, eq. 4.3)."""
    full, tied_x, tied_y = (float((t * (t - 1) * (2 * t + 5)).sum()) for t in (np.array([float(n)]), x, y))
    two = float((x * (x - 1)).sum()) * float((y * (y - 1)).sum())
    three = float((x * (x - 1) * (x - 2)).sum()) * float((y * (y - 1) * (y - 2)).sum())
    return (full - tied_x - tied_y) / 18 + two / (2 * n * (n - 1)) + three / (9 * n * (n - 1) * (n - 2))


def _others_of(w: FloatArray) -> FloatArray:
    """Return for each weight the sum of all others, without loss of digits where one has nearly all."""
    first = int(w.argmax())
    others: FloatArray = w.sum() - w
    others[first] = np.delete(w, first).sum()
    return others


# Trim-and-fill.


def _missing_side(studies: StudySet, method: Method) -> Side:
    x = np.column_stack((np.ones(studies.k), np.sqrt(studies.v)))
    if len(regression_kernels.design(x)[1]) < x.shape[1]:
        raise InvalidInput(
            "the side where studies are missing cannot be told: all studies have the same standard error",
            hint="Give side='left' or side='right'.",
        )
    return "right" if fit_regression(studies.y, studies.v, x, method)[1].beta[1] < 0 else "left"


def _trim(
    y: FloatArray, v: FloatArray, estimator: FillEstimator, method: Method
) -> tuple[int | None, float | None, float, bool]:
    """Return the count missing on the left of ascending `y`, its error, the centre, and whether it settled."""
    k = len(y)
    model = None if method == "ee" else method
    rounding = _ROUNDING * float(np.abs(y).max())
    k0 = 0
    met: dict[int, tuple[int, float | None, float]] = {}
    while k0 not in met:
        kept = k - k0
        centre = single.fit(y[:kept], v[:kept], model).estimate if kept > 1 else float(y[0])
        raw, se = _missing_count(np.where(np.abs(y - centre) <= rounding, 0.0, y - centre), estimator)
        if raw is None:
            return None, None, centre, True
        found = min(round(max(raw, 0.0)), k - 1)
        met[k0] = (found, se, centre)
        if found == k0:
            return k0, se, centre, True
        k0 = found
    cycle = [k0]
    while met[cycle[-1]][0] != k0:
        cycle.append(met[cycle[-1]][0])
    least = min(cycle)
    return least, met[least][1], met[least][2], False


def _missing_count(deviations: FloatArray, estimator: FillEstimator) -> tuple[float | None, float | None]:
    """Return the estimate before rounding, with its standard error; None where it does not exist."""
    k = len(deviations)
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(deviations), kind="stable")] = np.arange(1, k + 1)
    if estimator == "R0":
        below = ranks[deviations < 0]
        # where all studies lie at the centre, none is missing
        raw = k - (float(below.max()) if len(below) else 0.0) - 1 if deviations.any() else 0.0
        return raw, math.sqrt(2 * max(raw, 0.0) + 2)
    total = float(ranks[deviations > 0].sum())
    if estimator == "L0":
        raw = (4 * total - k * (k + 1)) / (2 * k - 1)
        return raw, 4 * math.sqrt(max(_rank_variance(k, raw), 0.0)) / (2 * k - 1)
    inside = 2 * k * k - 4 * total + 0.25
    if inside < 0:
        return None, None
    raw = k - 0.5 - math.sqrt(inside)
    divisor = (k - 0.5) ** 2 - raw * (2 * k - raw - 1)
    if divisor <= 0:
        return raw, None
    return raw, 2 * math.sqrt(max(_rank_variance(k, raw), 0.0)) / math.sqrt(divisor)


def _rank_variance(k: int, m: float) -> float:
    """Return the variance of the rank sum when `m` of k studies are missing."""
    return (k * (k + 1) * (2 * k + 1) + 10 * m**3 + 27 * m**2 + 17 * m - 18 * k * m**2 - 18 * k * m + 6 * k**2 * m) / 24


def _fill_cautions(k0: int | None, side: Side, estimator: FillEstimator, *, settled: bool) -> tuple[Caution, ...]:
    if k0 is None:
        text = f"The estimator {estimator} does not exist for these studies: nearly all lie on one side. Use L0 or R0."
        return (Caution("trimfill-undefined", text),)
    found = []
    if not settled:
        text = "Trim-and-fill went back and forth between counts of missing studies; the smallest of them was taken."
        found.append(Caution("trimfill-unsettled", text))
    if k0 > 0:
        what = "study is" if k0 == 1 else "studies are"
        text = (
            f"By estimator {estimator} {k0} {what} missing on the {side}, and mirror images were added. They are not "
            "data: read the pooled value as a sensitivity analysis."
        )
        found.append(Caution("trimfill-filled", text))
    return tuple(found)


# Henmi and Copas.


_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(200)
_REACH = 13.0
"""Standard deviations beyond which a normal density is below rounding."""


def _pivot_quantile(w: FloatArray, tau2: float, level: float) -> float:
    """Return t such that the pivot lies within -t and t with probability `level`."""
    k, total, second = len(w), float(w.sum()), float(w @ w)
    ratio = 1 + tau2 * second / total
    d, u = 1 / w + tau2, w * w - w * (second / total)
    form = tau2**2 * float(w @ u)
    mean = (k - 1) + tau2 * float(w @ _others_of(w)) / total - form / (total * ratio)
    pdpd = float(w * w @ (d * d)) - 2 * float(w**3 @ (d * d)) / total + (float(w * w @ d) / total) ** 2
    across = tau2**2 * float(u * u @ d)
    base = 2 * (pdpd - 2 * across / (total * ratio) + (form / (total * ratio)) ** 2)
    shift, slope = form / (total * ratio**2), 4 * (across - form**2 / (total * ratio)) / (total * ratio**2)
    stretch = float(w @ _others_of(w)) / second
    spread = math.sqrt(ratio)
    s = 0.5 + 0.5 * _NODES

    def beyond(t: float) -> float:
        r = t + _REACH * spread * s * s
        expected, variance = mean + shift * r * r, base + slope * r * r
        limit = (k - 1) + stretch * ((r / t) ** 2 - 1)
        below = special.gammainc(expected**2 / variance, limit * expected / variance)
        density = np.exp(-0.5 * (r / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
        return 2 * float((_NODE_WEIGHTS * s * below * density).sum()) * _REACH * spread

    low, high = 1e-3, 4.0
    while beyond(high) > 1 - level:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if beyond(middle) > 1 - level else (low, middle)
    return high

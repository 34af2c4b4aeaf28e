"""Generalised linear mixed models for counts: one group (PLO, IRLN), and odds or rate ratios of two groups (OR, IRR).

K studies. The counts are binomial, Poisson or, given all margins, noncentral hypergeometric; the studies' true effects
vary normally. Nothing is added to a zero cell. Two groups can be modelled in four ways:

- ``um.fs``: each study's baseline is a parameter of its own; effects vary as +1/2 in one group, -1/2 in the other;
- ``um.rs``: baselines vary normally too, independently of the effects;
- ``cm.el``: baselines drop out by conditioning on each study's total of events (exact);
- ``cm.al``: the same with the binomial distribution that the exact one comes close to when events are rare (OR only).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, Interval, MeasureName, StatisticalTest
from stromata.synthesis.counts import binomial_normal
from stromata.synthesis.counts import models as count_models
from stromata.synthesis.counts.binomial_normal import QUADRATURE_POINTS, fit_checked
from stromata.synthesis.counts.families import Binomial, Family, binomial, can_be_summed, hypergeometric, poisson
from stromata.synthesis.counts.glmm_cautions import GlmmTraces, glmm_cautions
from stromata.synthesis.counts.glmm_moderators import (
    Columns,
    GlmmRegression,
    choose_rows,
    regression,
    runaways,
    typical_variance,
    weighted_squares,
    with_columns,
)
from stromata.synthesis.counts.models import Found, Model, fit_common, without_numbers
from stromata.synthesis.effects.columns import (
    as_arrays,
    check,
    check_countable,
    choose_columns,
    label_texts,
    one_dimensional,
    whole_table,
)
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.intervals import (
    FloatArray,
    check_level,
    check_times,
    chi_squared_p,
    exact_interval,
    exact_rate_interval,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from stromata.synthesis.pooling import inverse_variance, mantel_haenszel
from stromata.synthesis.pooling.conditional import common_odds_ratio
from stromata.synthesis.regression.formulas import Data
from stromata.synthesis.regression.meta_regression import moderator_matrix
from stromata.synthesis.results.result import Result, recorded

GlmmModel: TypeAlias = Literal["um.fs", "um.rs", "cm.el", "cm.al"]
"""Ways to model two groups."""

_MODELS: tuple[GlmmModel, ...] = ("um.fs", "um.rs", "cm.el", "cm.al")
_MEASURES = ("PLO", "IRLN", "OR", "IRR")
_ONE_GROUP = ("PLO", "IRLN")
_MAX_POINTS = 100
_NOTHING = Interval(None, None, None)


@dataclass(frozen=True, slots=True)
class PooledGlmm(Result):
    """A pooled result; estimates on the logit or log scale, and on the natural one in `natural`.

    Attributes
    ----------
    k : studies that inform the result. `left_out` names the others.
    model : empty for one group.
    method : ``ml``, or ``ee`` for equal true effects.
    outcome : ``fitted``; ``infinite`` when all events that count lie on one side; ``unbounded`` when the likelihood
        rises without end as tau grows; ``stuck`` when the search failed; ``no-studies``. Only ``fitted`` has numbers on
        the analysis scale.
    tau2, tau2_se : between-study variance of the effects; None under ``ee`` and for one study.
    sigma2 : variance of the baselines under ``um.rs``.
    i2, h2 : from tau2 and the typical sampling variance (1/2 added to cells only for this).
    q, q_df, q_p : likelihood-ratio test of equal effects; `wald` is the Wald test of the same.
    log_likelihood : study effects integrated out, all constants included.
    conditional_log_likelihood : the same at the most likely study effects; metafor with lme4 prints this one for models
        with one random effect and `points` above 1.
    saturated_log_likelihood : that of each study's own proportions or rates.
    points : quadrature points per random effect; 0 where nothing was integrated.
    modes, gap : maxima of the likelihood, and the lead of the highest over the next.
    regression : coefficients of the moderators; there is then no single `estimate`, and tau2, I2 and Q are residual.
    """

    k: int
    measure: MeasureName
    model: GlmmModel | Literal[""]
    method: Literal["ml", "ee"]
    test: str
    level: float
    outcome: str
    estimate: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    pi_low: float | None = None
    pi_high: float | None = None
    natural: Interval = _NOTHING
    statistic: float | None = None
    df: int | None = None
    p: float | None = None
    tau2: float | None = None
    tau2_se: float | None = None
    sigma2: float | None = None
    i2: float | None = None
    h2: float | None = None
    q: float | None = None
    q_df: int | None = None
    q_p: float | None = None
    wald: StatisticalTest | None = None
    log_likelihood: float | None = None
    conditional_log_likelihood: float | None = None
    saturated_log_likelihood: float | None = None
    points: int = 0
    modes: int = 1
    gap: float = math.inf
    regression: GlmmRegression | None = None
    left_out: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


@recorded("data", "labels")
def pool_glmm(
    measure: str,
    *,
    model: GlmmModel = "um.fs",
    method: Literal["ml", "ee"] = "ml",
    points: int | None = None,
    test: Literal["z", "t"] = "z",
    level: float = 0.95,
    drop00: bool = True,
    moderators: str | npt.ArrayLike | None = None,
    data: Data | None = None,
    names: Sequence[str] | None = None,
    labels: Sequence[str] = (),
    **columns: npt.ArrayLike,
) -> PooledGlmm:
    """Pool counts under a generalised linear mixed model by maximum likelihood.

    Parameters
    ----------
    measure : ``PLO`` (`xi` events of `ni` people), ``IRLN`` (`xi` events in a time of `ti`), ``OR`` (`ai`, `n1i`, `ci`,
        `n2i`, or `ai` to `di`), ``IRR`` (`x1i`, `t1i`, `x2i`, `t2i`).
    model : how two groups are modelled; not used for one. ``cm.al`` is for OR only.
    method : ``ml`` true effects vary; ``ee`` they are equal.
    points : quadrature points per random effect, 1 (Laplace's approximation) to 100. None is 7, and 1 for ``um.rs``
        with ``ml``, as in metafor, so that numbers can be compared; 7 is more accurate there too.
    test : ``z``, or ``t`` on K less the number of coefficients degrees of freedom.
    level : coverage of all intervals, strictly between 0 and 1.
    drop00 : leave out two-group studies in which nobody or everybody had the event. They only ever inform ``um.rs``,
        through the baselines.
    moderators : a formula (see `model_matrix`), or the whole model matrix (K, P) with a column of ones for the
        intercept, where one is wanted. The result is then in `regression`.
    data : columns for the formula. Studies with a missing value there are left out, with a caution.
    names : (P,) of the columns of a matrix.
    labels : (K,) names of the studies; 1 to K by default.
    columns : (K,) counts under the names above.

    Returns
    -------
    A result always: where no finite estimate exists, `outcome` and `cautions` say why, and `natural` holds the exact
    interval or one-sided bound that the counts still carry. One study is answered with its own result and exact
    interval.

    Raises
    ------
    InvalidInput
        Another measure or model, ``cm.al`` for rates, impossible counts (the study and the column are named), points or
        level out of range, moderators that cannot be used, no more studies than coefficients.

    Examples
    --------
    >>> result = pool_glmm("OR", model="cm.el", ai=[1, 0, 2], n1i=[60, 50, 80], ci=[4, 3, 5], n2i=[58, 52, 81])
    >>> result.outcome, result.estimate < 0
    ('fitted', True)

    References
    ----------
    Stijnen, Hamza and Ozdemir (2010), Statistics in Medicine 29, 3046-3067; Turner, Omar, Yang, Goldstein and Thompson
    (2000), Statistics in Medicine 19, 3417-3432, for ``um.fs`` and ``um.rs``; Jackson, Law, Stijnen, Viechtbauer and
    White (2018), Statistics in Medicine 37, 1059-1085, for a comparison of all of them.
    """
    _check_options(measure, model, points, level)
    labels = label_texts(labels)
    given = _checked(measure, labels, columns)
    way = model if measure not in _ONE_GROUP else ""
    studies = labels or tuple(str(i + 1) for i in range(len(given[0])))
    used = _informative(measure, given, drop=drop00 or way != "um.rs")
    if way == "cm.el" and measure == "OR":
        used &= can_be_summed(given[0], given[1], given[0] + given[2], given[3])
    left_out = tuple(name for name, keep in zip(studies, used.tolist(), strict=True) if not keep)
    chosen: Columns | None = None
    missing: tuple[str, ...] = ()
    if moderators is not None:
        matrix = moderator_matrix(moderators, data, names, len(used))
        missing = tuple(studies[row] for row, _ in matrix.left_out)
        used &= np.isin(np.arange(len(used)), matrix.rows)
        chosen = choose_rows(matrix, used) if used.any() else None
    blank = PooledGlmm(
        int(used.sum()), get_measure(measure).name, way, method, test, level, "no-studies", left_out=left_out
    )
    counts = tuple(column[used] for column in given)
    if not used.any():
        return replace(blank, cautions=glmm_cautions(blank, GlmmTraces(given, missing=missing)))
    if points is not None:
        points = int(points)
    else:
        points = 1 if way == "um.rs" and method == "ml" and blank.k > 1 else QUADRATURE_POINTS
    # The baseline of one study cannot vary between studies.
    fitted_way = way if blank.k > 1 else way.replace("um.rs", "um.fs")
    away = () if chosen is None else _runaways(measure, fitted_way, counts, chosen)
    found, common, built = _fit(measure, fitted_way, method, counts, points, chosen, away)
    result = _numbers(blank, found, built, counts, chosen)
    if built is not None and result.k > 1:
        result = _with_tests(result, common, built, counts, points, chosen)
    identified = _identified(measure, way, counts)
    dropped = () if chosen is None else chosen.dropped
    traces = GlmmTraces(given, points, identified, missing, dropped, away)
    return replace(result, cautions=glmm_cautions(result, traces))


def _check_options(measure: str, model: str, points: int | None, level: float) -> None:
    check_level(level)
    if measure not in _MEASURES:
        raise InvalidInput(f"no GLMM for measure {measure!r}", hint=f"There are GLMMs for: {', '.join(_MEASURES)}.")
    if model not in _MODELS:
        raise InvalidInput(f"no model {model!r}", hint=f"There are: {', '.join(_MODELS)}.")
    if measure == "IRR" and model == "cm.al":
        raise InvalidInput(
            "cm.al approximates the exact conditional model of odds ratios; that of rate ratios needs no approximation",
            hint="Use cm.el.",
        )
    if points is not None:
        check_times("points", points, _MAX_POINTS)


def _checked(measure: str, labels: tuple[str, ...], columns: dict[str, npt.ArrayLike]) -> tuple[FloatArray, ...]:
    """Return the counts in the order that the rest of the module takes them."""
    entry = get_measure(measure)
    names = choose_columns(entry, columns.keys())
    given = as_arrays(names, columns)
    one_dimensional(given)
    if len(labels) and len(labels) != len(given[names[0]]):
        raise InvalidInput(f"{len(labels)} labels for {len(given[names[0]])} studies; there must be one each")
    check(entry, given, labels=labels)
    check_countable(given, labels=labels)
    given = whole_table(entry, given)
    if measure == "OR" and "bi" in given:
        a, b, c, d = (given[name] for name in ("ai", "bi", "ci", "di"))
        return a, a + b, c, c + d
    return tuple(given.values())


def _informative(measure: str, counts: tuple[FloatArray, ...], *, drop: bool) -> npt.NDArray[np.bool_]:
    if measure in _ONE_GROUP or not drop:
        return np.ones(len(counts[0]), dtype=bool)
    a, first, c, second = counts
    some = a + c > 0
    return np.asarray(some if measure == "IRR" else some & (a + c < first + second))


def _fit(  # noqa: PLR0917 - one call, all of it needed
    measure: str,
    way: str,
    method: str,
    counts: tuple[FloatArray, ...],
    points: int,
    chosen: Columns | None,
    away: tuple[str, ...],
) -> tuple[Found, Found | None, Model | None]:
    """Return the fit, that of equal effects, and the model; no model when all events lie on one side."""
    built = _model(measure, way, counts)
    if chosen is not None:
        built = with_columns(built, chosen)
    if away or (chosen is None and _one_sided(measure, way, counts)):
        return without_numbers("infinite", built), None, None
    if way == "um.rs":
        common = _random_baselines(built, points)
        if method == "ee" or common.outcome != "fitted":
            return common, common, built
        sigma = float(common.tau[0])
        return count_models.fit(built, common, points=points, sigma=sigma), common, built
    common = fit_common(built)
    if method == "ee" or len(counts[0]) == 1 or not _identified(measure, way, counts):
        return common, common, built
    return fit_checked(built, common, points=points), common, built


def _model(measure: str, way: str, counts: tuple[FloatArray, ...]) -> Model:
    if measure == "PLO":
        return binomial_normal.model(*counts)
    if measure == "IRLN":
        x, t = counts
        return _one_observation(poisson(x[None], t[None]), np.zeros((1, len(x))))
    a, first, c, second = counts
    rates = measure == "IRR"
    if way == "cm.el" and not rates:
        return _one_observation(hypergeometric(a, first, a + c, second), np.zeros((1, len(a))))
    if way in {"cm.el", "cm.al"}:
        return _one_observation(binomial(a[None], (a + c)[None]), np.log(first / second)[None])
    events, size = np.stack((a, c)), np.stack((first, second))
    family: Family = poisson(events, size) if rates else binomial(events, size)
    half = np.stack((np.full(len(a), 0.5), np.full(len(a), -0.5)))
    if way == "um.fs":
        return Model(family, np.zeros_like(half), half[None], np.ones(2), np.array([[0.5, -0.5]]))
    # Moderators change the first group; the second one's baselines vary around one mean, as in metafor.
    fixed = np.stack((np.ones_like(half), half + 0.5))
    return Model(family, np.zeros_like(half), fixed, None, np.array([[1.0, 1.0], [0.5, -0.5]]))


def _one_observation(family: Family, offset: FloatArray) -> Model:
    return Model(family, offset, np.ones((1, *offset.shape)), None, np.ones((1, 1)))


def _random_baselines(built: Model, points: int) -> Found:
    """Fit equal effects with normal baselines, the first random effect of the model."""
    first = replace(built, loading=built.loading[:1])
    found = count_models.fit(first, fit_common(first), points=points)
    if found.outcome != "fitted":
        return found
    both = np.array([found.tau[0], 0.0])
    return replace(found, tau=both, tau_se=np.array([found.tau_se[0], math.nan]), points=points)


def _ends(
    measure: str, way: str, counts: tuple[FloatArray, ...]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return (K,) whether the events that count are as few, and as many, as they can be, given what is conditioned on.

    With baselines of their own, studies tell of the effect only what they do given all margins.
    """
    if measure in _ONE_GROUP:
        x, size = counts
        return x == 0, (x == size) & (measure == "PLO")
    a, first, c, second = counts
    low, high = np.zeros_like(a), a + c
    if measure == "OR" and way != "cm.al":
        low, high = np.maximum(0.0, a + c - second), np.minimum(first, a + c)
    return a == low, a == high


def _direction(measure: str, way: str, counts: tuple[FloatArray, ...]) -> int:
    """Return -1 or 1 when the estimate is infinite in that direction, else 0."""
    low, high = _group_ends(measure, counts) if way == "um.rs" else _ends(measure, way, counts)
    if way == "um.rs":
        return int(low[1].all() or high[0].all()) - int(low[0].all() or high[1].all())
    if measure in _ONE_GROUP:
        return -1 if low.all() else int(high.all())
    return int(high.all()) - int(low.all())


def _group_ends(measure: str, counts: tuple[FloatArray, ...]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return (2, K) whether the events of each group are as few, and as many, as they can be."""
    events, size = np.stack(counts[::2]), np.stack(counts[1::2])
    return events == 0, (events == size) & (measure == "OR")


def _runaways(measure: str, way: str, counts: tuple[FloatArray, ...], chosen: Columns) -> tuple[str, ...]:
    """Return the names of coefficients without a finite estimate."""
    if way != "um.rs":
        return runaways(chosen.scaled.T, chosen, *_ends(measure, way, counts))
    low, high = _group_ends(measure, counts)
    x = np.concatenate([np.column_stack((np.ones(len(low[0])), group * chosen.scaled.T)) for group in (1, 0)])
    return runaways(x, chosen, low.ravel(), high.ravel())


def _one_sided(measure: str, way: str, counts: tuple[FloatArray, ...]) -> bool:
    return _direction(measure, way, counts) != 0


def _identified(measure: str, way: str, counts: tuple[FloatArray, ...]) -> bool:
    """Return whether tau2 leaves a trace in the data: not when every study observed one person or one event."""
    if measure == "PLO":
        return bool(counts[1].max() > 1)
    return measure == "IRLN" or way == "um.rs" or bool((counts[0] + counts[2]).max() > 1)


def _numbers(
    blank: PooledGlmm, found: Found, built: Model | None, counts: tuple[FloatArray, ...], chosen: Columns | None
) -> PooledGlmm:
    result = replace(blank, outcome=found.outcome, points=found.points, modes=found.modes, gap=found.gap)
    if built is not None:
        result = replace(result, saturated_log_likelihood=float(built.family.best.sum()))
    if found.outcome != "fitted":
        bounded = found.outcome == "infinite" and chosen is None
        return replace(result, natural=_exact(blank, counts)) if bounded else result
    result = replace(
        result,
        sigma2=float(found.tau[0]) ** 2 if len(found.tau) > 1 else None,
        log_likelihood=found.log_likelihood,
        conditional_log_likelihood=found.conditional,
    )
    if blank.method == "ml" and blank.k > 1:
        result = _with_spread(result, found, counts, chosen)
    if chosen is not None:
        df = None if blank.test == "z" else blank.k - len(chosen.scaled)
        return replace(result, df=df, regression=regression(chosen, found, tau2=result.tau2, df=df, level=blank.level))
    return _with_estimate(result, found, counts)


def _with_spread(
    result: PooledGlmm, found: Found, counts: tuple[FloatArray, ...], chosen: Columns | None
) -> PooledGlmm:
    tau = float(found.tau[-1])
    v = _variances(result.measure, counts)
    typical = inverse_variance.typical_variance(v) if chosen is None else typical_variance(v, chosen.scaled)
    return replace(
        result,
        tau2=tau**2,
        tau2_se=2 * tau * float(found.tau_se[-1]) if tau > 0 else None,
        i2=100 * tau**2 / (tau**2 + typical),
        h2=1 + tau**2 / typical,
    )


def _with_estimate(result: PooledGlmm, found: Found, counts: tuple[FloatArray, ...]) -> PooledGlmm:
    df = None if result.test == "z" or result.k == 1 else result.k - 1
    quantile = normal_quantile(result.level) if df is None else t_quantile(result.level, df)
    estimate, se = found.estimate, found.se
    low, high = estimate - quantile * se, estimate + quantile * se
    values: tuple[float, ...] = (estimate, low, high)
    if result.tau2 is not None:
        reach = quantile * math.hypot(math.sqrt(result.tau2), se)
        values = (*values, estimate - reach, estimate + reach)
        result = replace(result, pi_low=values[3], pi_high=values[4])
    natural = Interval(*(float(special.expit(v)) if result.measure == "PLO" else _exp(v) for v in values))
    return replace(
        result,
        estimate=estimate,
        se=se,
        ci_low=low,
        ci_high=high,
        natural=natural if result.k > 1 else _exact(result, counts),
        statistic=estimate / se,
        df=df,
        p=two_sided_p(estimate / se, df),
    )


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def _variances(measure: str, counts: tuple[FloatArray, ...]) -> FloatArray:
    """Return sampling variances for the scale of I2 alone: 1/2 is added where a cell is zero."""
    if measure == "PLO":
        cells: tuple[FloatArray, ...] = (counts[0], counts[1] - counts[0])
    elif measure == "IRLN":
        cells = (counts[0],)
    elif measure == "IRR":
        cells = (counts[0], counts[2])
    else:
        cells = (counts[0], counts[1] - counts[0], counts[2], counts[3] - counts[2])
    add = 0.5 * np.any([cell == 0 for cell in cells], axis=0)
    return np.asarray(np.sum([1 / (cell + add) for cell in cells], axis=0))


def _exact(blank: PooledGlmm, counts: tuple[FloatArray, ...]) -> Interval:
    """Return the exact result of all studies taken together, one-sided where all events lie on one side."""
    x, size = float(counts[0].sum()), float(counts[1].sum())
    if blank.measure == "PLO":
        return Interval(x / size, *exact_interval(x, size, blank.level))
    if blank.measure == "IRLN":
        return Interval(x / size, *exact_rate_interval(x, size, blank.level))
    a, first, c, second = counts
    if blank.measure == "OR":
        found = common_odds_ratio(a, first, a + c, second, level=blank.level)
        return Interval(None, None, None) if found is None else Interval(found.estimate, found.low, found.high)
    if len(a) == 1:
        low, high = exact_interval(float(a[0]), float(a[0] + c[0]), blank.level)
        ratio = float(second[0] / first[0])
        return Interval(*(ratio * (p / (1 - p) if p < 1 else math.inf) for p in (a[0] / (a[0] + c[0]), low, high)))
    bound = mantel_haenszel.rate_ratio_bound(a, first, c, second, level=blank.level)
    return Interval(0.0, 0.0, bound) if a.sum() == 0 else Interval(math.inf, bound, math.inf)


def _with_tests(  # noqa: PLR0917 - one call, all of it needed
    result: PooledGlmm,
    common: Found | None,
    built: Model,
    counts: tuple[FloatArray, ...],
    points: int,
    chosen: Columns | None,
) -> PooledGlmm:
    """Add the two tests of equal effects: against one effect per study."""
    if common is None or common.outcome != "fitted":
        return result
    x = np.ones((1, result.k)) if chosen is None else chosen.scaled
    df = result.k - len(x)
    best = float(built.family.best.sum())
    if result.model == "um.rs":
        q, wald = _tests_random_baselines(built, common, counts, points, x)
    else:
        q, wald = -2 * (common.log_likelihood - best), _wald(result.measure, result.model, built, counts, x)
    q = max(0.0, q)
    test = StatisticalTest("wald", wald, df, chi_squared_p(wald, df))
    return replace(result, q=q, q_df=df, q_p=chi_squared_p(q, df), wald=test)


def _wald(measure: str, way: str, built: Model, counts: tuple[FloatArray, ...], x: FloatArray) -> float:
    """Return Cochran's Q of the studies' own estimates; those at infinity have no weight."""
    if measure in _ONE_GROUP:
        events, size = counts
        cells: tuple[FloatArray, ...] = (events, size - events) if measure == "PLO" else (events,)
        y = np.log(np.maximum(events, 1) / (np.maximum(size - events, 1) if measure == "PLO" else size))
    elif way == "cm.el" and measure == "OR":
        return _wald_conditional(built, x)
    else:
        a, first, c, second = counts
        whole = measure == "OR" and way == "um.fs"
        b, d = (first - a, second - c) if whole else (first, second)
        cells = (a, b, c, d) if whole else (a, c)
        y = np.log(np.maximum(a, 1) * np.maximum(d, 0.5) / (np.maximum(c, 1) * np.maximum(b, 0.5)))
    w = np.where(np.all([cell > 0 for cell in cells], axis=0), 1.0, 0.0)
    w /= np.sum([1 / np.maximum(cell, 1) for cell in cells], axis=0)
    return weighted_squares(y, w, x)


def _wald_conditional(built: Model, x: FloatArray) -> float:
    """Return Q from each study's own conditional estimate and its information."""
    eta = built.family.rough
    for _ in range(100):
        residual, variance = built.family.slopes(eta)
        step = np.clip(residual / np.maximum(variance, 1e-12), -1.5, 1.5)
        eta = np.clip(eta + step, -30.0, 30.0)
        if float(np.abs(step).max()) < 1e-12:
            break
    variance = built.family.slopes(eta)[1][0]
    return weighted_squares(eta[0], np.where(variance > 1e-6, variance, 0.0), x)


def _tests_random_baselines(
    built: Model, common: Found, counts: tuple[FloatArray, ...], points: int, x: FloatArray
) -> tuple[float, float]:
    """Return likelihood-ratio and Wald statistics against one effect per study, the baselines still random.

    The first group of a study whose own effect is infinite is then fitted without loss, and says nothing.
    """
    a, first, c, second = counts
    family: Family
    if isinstance(built.family, Binomial):
        silent = (a == 0) | (a == first)
        family = binomial(np.stack((np.where(silent, 0, a), c)), np.stack((np.where(silent, 0, first), second)))
    else:
        silent = a == 0
        family = poisson(np.stack((a, c)), np.stack((np.where(silent, 1e-300, first), second)))
    one = replace(
        built,
        family=family,
        fixed=np.ones((1, *built.offset.shape)),
        own=np.array([1.0, 0.0]),
        loading=built.loading[:1],
    )
    ends = c.sum() == 0 or (isinstance(built.family, Binomial) and c.sum() == second.sum())
    if ends:
        return 0.0, 0.0
    full = count_models.fit(one, fit_common(one), points=points)
    if full.outcome != "fitted":
        return 0.0, 0.0
    above = (full.log_likelihood - family.best.sum()) - (common.log_likelihood - built.family.best.sum())
    information = count_models.own_information(one, full)
    told = np.where(silent, 0.0, x)
    own = np.where(silent, 0.0, information.own)
    weights = np.array([[information.product(one, other) for other in told] for one in told])
    means = np.linalg.lstsq(weights, np.array([information.product(one, own) for one in told]), rcond=None)[0]
    rest = own - means @ told
    return 2 * float(above), information.product(rest, rest)

"""Pool effect sizes into one synthesis, alone or by group."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import scipy

from stromata import __version__
from stromata.errors import InvalidInput
from stromata.model import (
    Caution,
    EffectSize,
    Interval,
    LeftOut,
    MeasureName,
    ModelName,
    SubgroupTest,
    Synthesis,
    TauMethod,
    TestName,
)
from stromata.model.codec import digest
from stromata.synthesis.cautions import Circumstances, cautions
from stromata.synthesis.counts import binomial_normal
from stromata.synthesis.effects.measures import Measure, get_measure
from stromata.synthesis.effects.sizes import at_levels, scale_size, uncorrected
from stromata.synthesis.intervals import (
    FloatArray,
    check_level,
    chi_squared_p,
    exact_interval,
    finite_or_none,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from stromata.synthesis.pooling import heterogeneity, inverse_variance, mantel_haenszel
from stromata.synthesis.pooling.conditional import common_odds_ratio, homogeneity
from stromata.synthesis.pooling.heterogeneity import TauInterval

_LARGEST = 1e30
"""Size of an estimate, a variance or its inverse above which the powers in the formulas leave the range of a double."""

_LARGEST_COUNT = 2.0**53
"""Count above which neighbouring whole numbers are the same double."""


Compat: TypeAlias = Literal["metafor", "meta", "revman"]
"""Programs whose conventions can be followed."""

Prediction: TypeAlias = Literal["test", "hts", "t", "z"]
"""Quantile of a prediction interval: that of the test, t on K - 2, t on K - 1, or normal."""

_TABLE_MEASURES: Mapping[ModelName, tuple[MeasureName, ...]] = {
    "mh": ("OR", "RR", "RD", "IRR", "IRD"),
    "peto": ("OR", "PETO"),
    "exact": ("OR", "PETO"),
}
"""Models that pool tables, and what they pool."""

_LARGEST_EXACT = 1e7
"""People in an arm up to which the exact distribution is computed."""


@dataclass(frozen=True, slots=True)
class _Method:
    measure: Measure
    model: ModelName
    tau2: TauMethod | float
    test: TestName
    level: float
    compat: Compat = "metafor"
    tau2_interval: TauInterval | None = None
    prediction: Prediction | None = None
    correct: bool = True
    add: float = 0.0
    weights: Mapping[int, float] = field(default_factory=dict)

    def quantile(self, df: float | None) -> float:
        return t_quantile(self.level, df) if df else normal_quantile(self.level)

    def reach(self, k: int, df: int | None) -> float | None:
        """Return the quantile of the prediction interval of K studies; None where there is none."""
        kind = self.prediction or ("hts" if self.compat == "meta" else "test")
        if kind == "hts":
            return t_quantile(self.level, k - 2) if k > 2 else None
        return self.quantile({"t": k - 1, "z": None, "test": df}[kind])

    def given(self, effects: Sequence[EffectSize]) -> FloatArray | None:
        """Return the weights that were given for these effects, if any."""
        return np.array([self.weights[id(effect)] for effect in effects]) if self.weights else None


def pool(
    effects: Sequence[EffectSize],
    *,
    measure: MeasureName | None = None,
    model: ModelName = "random",
    tau2: TauMethod | float = "reml",
    test: TestName = "z",
    level: float = 0.95,
    by_group: bool = False,
    weights: Sequence[float] | None = None,
    tau2_interval: TauInterval | None = None,
    prediction: Prediction | None = None,
    compat: Compat = "metafor",
    correct: bool = True,
    add: float | None = None,
) -> Synthesis:
    """Pool independent effect sizes.

    Parameters
    ----------
    effects : all of one measure. None at all, or one, is no error: the result then says so.
    measure : needed only when there are no effects to take it from.
    model : ``common`` one true effect for all studies; ``random`` true effects vary normally; ``glmm`` logit
        proportions vary normally and counts are binomial (PLO only; maximum likelihood, no correction); ``mh``
        Mantel-Haenszel (OR, RR, RD, IRR, IRD), ``peto`` Peto's one-step odds ratio, ``exact`` the common odds ratio by
        conditional likelihood with its exact interval. All but the first two work from the counts in `inputs`.
    tau2 : estimator of the between-study variance under ``random``, or a value (>= 0) to take; the other models do not
        use it. The estimators are those of `stromata.synthesis.pooling.heterogeneity.estimate`.
    test : ``z``, ``t``, or under ``random`` also ``knha`` and ``adhoc``; see
        `stromata.synthesis.pooling.inverse_variance.fit`.
    level : coverage of all intervals, strictly between 0 and 1.
    by_group : add one synthesis per `group`, each with its own tau2, and a test between groups.
    weights : (K,) each > 0, in the order of the effects: weights of the mean under ``common`` and ``random`` instead of
        inverse variances, and of ``genq`` and ``genqm``, which need them.
    tau2_interval : interval of tau2, I2 and H2 under ``random``: ``qp`` Q-profile, ``genq`` generalised Q, ``pl``
        profile likelihood (restricted unless `tau2` is ``ml``). None is the program's default.
    prediction : quantile of the prediction interval: ``test`` that of the test; ``hts`` t on K - 2 (Higgins, Thompson
        and Spiegelhalter 2009; Riley et al. 2011); ``t`` t on K - 1; ``z`` normal. None is the program's default.
    compat : whose conventions to follow where programs differ. ``metafor``; ``meta``: prediction interval ``hts``, I2
        from the standard error without rescaling, I2 and H2 from Q with the interval of Higgins and Thompson (2002),
        interval of tau2 under DL by the generalised Q with weights 1 / sqrt(v), `add` of 1/2 for ratios under ``mh``
        and the variance of Greenland and Robins for risk differences; ``revman``: as metafor, that variance, and the
        interval of tau2 by the Q-profile method whatever the estimator.
    correct : whether the tests of association of ``mh`` take 1/2 from the distance.
    add : under ``mh``, added to each cell of a table that has a zero cell; None is the program's default, mostly 0.

    Returns
    -------
    Estimates on the analysis scale, and on the natural scale in `natural`. The prediction interval is the estimate plus
    and minus a quantile times sqrt(tau2 + se^2). For one study a proportion carries its exact interval. Where all
    events lie in one arm, a ratio has no estimate on the log scale and the natural scale a one-sided exact bound, for
    OR and IRR. `cautions` holds every reservation.

    Raises
    ------
    InvalidInput
        Effects of several measures, an unknown model, method, test or convention, a test the model does not have, a
        model that does not pool this measure or finds no counts, weights that are missing or not above 0, a level
        outside (0, 1), or no effects and no measure.

    Examples
    --------
    >>> from stromata.synthesis import effect_sizes
    >>> result = pool(effect_sizes("PLO", xi=[6, 4, 0], ni=[6, 9, 12]), model="glmm")
    >>> result.k, 0 < result.natural.estimate < 1
    (3, True)
    """
    if not isinstance(by_group, bool | np.bool_):
        raise InvalidInput(
            f"by_group is {by_group!r}; it must be True or False", hint="The groups are the effects' own."
        )
    entry = _measure(effects, measure)
    method = _Method(entry, model, tau2, test, level, compat, tau2_interval, prediction, correct, add or 0.0)
    if add is None and compat == "meta" and model == "mh" and entry.name in {"OR", "RR", "IRR"}:
        method = replace(method, add=0.5)
    _check(method)
    _check_counts(method, effects)
    known = tuple(map(_without_infinities, effects))
    levelled = at_levels([uncorrected(effect) if model == "glmm" else effect for effect in known], method.level)
    if weights is not None or tau2 in heterogeneity.WEIGHTED:
        method = replace(method, weights=_weights(method, levelled, weights))
    result = _pool(levelled, method)
    if by_group:
        result = _with_subgroups(result, levelled, method)
    return replace(
        result,
        input_hash=_input_hash(levelled, method, by_group=by_group),
        versions=(("numpy", np.__version__), ("scipy", scipy.__version__), ("stromata", __version__)),
    )


def _measure(effects: Sequence[EffectSize], measure: MeasureName | None) -> Measure:
    names = {effect.measure for effect in effects} | ({measure} if measure else set())
    if len(names) != 1:
        found = f"effects of several measures: {', '.join(sorted(names))}" if names else "no effects and no measure"
        raise InvalidInput(found, hint="Pool one measure at a time, and name it when there may be no effects.")
    return get_measure(names.pop())


def _check(method: _Method) -> None:
    check_level(method.level)
    choices = (
        ("model", method.model, get_args(ModelName)),
        ("test", method.test, get_args(TestName)),
        ("tau2_interval", method.tau2_interval, (None, *get_args(TauInterval))),
        ("prediction", method.prediction, (None, *get_args(Prediction))),
        ("compat", method.compat, get_args(Compat)),
    )
    for what, value, allowed in choices:
        if value not in allowed:
            raise InvalidInput(f"no {what} {value!r}", hint=f"There are: {', '.join(filter(None, allowed))}.")
    if isinstance(method.tau2, str):
        if method.tau2 not in get_args(TauMethod):
            raise InvalidInput(f"no tau2 {method.tau2!r}", hint=f"There are: {', '.join(get_args(TauMethod))}.")
    elif not 0 <= method.tau2 <= _LARGEST:
        raise InvalidInput(f"tau2 is {method.tau2!r}; a value must lie between 0 and {_LARGEST:g}")
    if method.model != "random" and method.test in {"knha", "adhoc"}:
        raise InvalidInput(
            f"test {method.test!r} rescales a random-effects standard error; the {method.model} model has none",
            hint="Use z or t, or the random model.",
        )
    if not (math.isfinite(method.add) and method.add >= 0):
        raise InvalidInput(f"add is {method.add!r}; it must be a finite number, 0 or above")
    if method.add and method.model != "mh":
        raise InvalidInput(f"the {method.model} model adds nothing to tables", hint="Give add to effect_sizes.")


def _check_counts(method: _Method, effects: Sequence[EffectSize]) -> None:
    """Refuse a measure that the model does not pool, and effects without the counts that it works from."""
    name = method.measure.name
    if method.model == "glmm":
        if name != "PLO":
            raise InvalidInput(f"the glmm model needs measure PLO, not {name}", hint="Compute PLO from xi and ni.")
        without = [effect.label for effect in effects if not {"xi", "ni"} <= dict(effect.inputs).keys()]
        if without:
            raise InvalidInput(f"the glmm model needs the counts xi and ni in inputs; without: {', '.join(without)}")
    if method.model in _TABLE_MEASURES:
        allowed = _TABLE_MEASURES[method.model]
        if name not in allowed:
            raise InvalidInput(f"the {method.model} model pools {', '.join(allowed)}, not {name}")
        without = [effect.label for effect in effects if _table(effect) is None]
        if without:
            raise InvalidInput(
                f"the {method.model} model needs the counts of both arms in inputs; without: {', '.join(without)}"
            )


def _weights(method: _Method, effects: tuple[EffectSize, ...], weights: Sequence[float] | None) -> dict[int, float]:
    """Return the weight of each effect by its identity."""
    if method.model not in {"common", "random"} or method.test in {"knha", "adhoc"}:
        raise InvalidInput(
            f"weights do not go with the {method.model} model and test {method.test!r}",
            hint="Use the common or random model with test z or t.",
        )
    if weights is None:
        raise InvalidInput(f"tau2 method {method.tau2} needs weights", hint="Give one weight per effect.")
    if len(weights) != len(effects):
        raise InvalidInput(f"{len(weights)} weights for {len(effects)} effects; there must be one each")
    for effect, weight in zip(effects, weights, strict=True):
        if not 1 / _LARGEST <= weight <= _LARGEST:
            raise InvalidInput(f"the weight of {effect.label} is {weight!r}; it must be a number above 0")
    return {id(effect): float(weight) for effect, weight in zip(effects, weights, strict=True)}


def _pool(effects: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    used = tuple(effect for effect in effects if _usable(effect, method))
    if not used:
        return _finish(_blank(0, method), Circumstances(method.measure, _blank(0, method), effects, used), None)
    if method.model == "exact":
        return _exact(effects, used, method)
    if method.model in _TABLE_MEASURES:
        return _tables(effects, used, method)
    if len(used) == 1:
        result = _single(used[0], method)
        return _finish(result, Circumstances(method.measure, result, effects, used), None)
    return _glmm(effects, used, method) if method.model == "glmm" else _inverse_variance(effects, used, method)


def _without_infinities(effect: EffectSize) -> EffectSize:
    """Return an effect whose estimate and variance are finite, or both missing."""
    if all(value is None or math.isfinite(value) for value in (effect.yi, effect.vi)):
        return effect
    return replace(effect, yi=None, vi=None)


def _usable(effect: EffectSize, method: _Method) -> bool:
    if method.model == "glmm":
        return dict(effect.inputs)["ni"] <= _LARGEST_COUNT
    if method.model in _TABLE_MEASURES:
        cells = _table(effect) or ()
        if method.model == "exact" and any(cell != math.floor(cell) for cell in cells):
            return False
        return sum(cells) <= (_LARGEST_EXACT if method.model == "exact" else _LARGEST_COUNT)
    if effect.yi is None or effect.vi is None:
        return False
    return abs(effect.yi) <= _LARGEST and 1 / _LARGEST <= effect.vi <= _LARGEST


def _blank(k: int, method: _Method) -> Synthesis:
    name = "ml" if method.model == "glmm" else ""
    if method.model == "random":
        name = method.tau2 if isinstance(method.tau2, str) else "fixed"
    nothing = Interval(None, None, None)
    return Synthesis(
        k,
        method.measure.name,
        method.model,
        name,
        method.test,
        method.level,
        None,
        None,
        None,
        None,
        nothing,
        compat=method.compat,
        parameters=_parameters(method),
    )


def _finish(result: Synthesis, about: Circumstances, weights: Sequence[float] | None) -> Synthesis:
    """Add what every result carries: effects with weights, studies left out, cautions."""
    places = {id(effect): i for i, effect in enumerate(about.used)}
    shown = tuple(
        replace(
            effect, weight=None if weights is None or id(effect) not in places else float(weights[places[id(effect)]])
        )
        for effect in about.given
    )
    gone = tuple(
        LeftOut(effect.study, "", "", "no-variance", _why(effect, result.model), effect.data_points)
        for effect in about.given
        if id(effect) not in places
    )
    return replace(result, effects=shown, left_out=gone, cautions=cautions(replace(about, result=result)))


def _why(effect: EffectSize, model: str) -> str:
    if model == "glmm":
        return f"{effect.label}: its total is too large for a count; at most {_LARGEST_COUNT:.0f} can be used."
    if model in _TABLE_MEASURES:
        limit = f"at most {_LARGEST_EXACT:.0f} people, in whole numbers" if model == "exact" else "smaller numbers"
        return f"{effect.label}: its table cannot be computed with; the model needs {limit}."
    if effect.yi is not None and effect.vi is not None and effect.vi > 0:
        return (
            f"{effect.label}: no estimate with a variance that can be computed with exists: "
            f"estimate {effect.yi:g}, variance {effect.vi:g}."
        )
    what = "no estimate" if effect.yi is None else "no positive sampling variance"
    return f"{effect.label}: {what} exists on the scale of {effect.measure} for these counts."


def _single(effect: EffectSize, method: _Method) -> Synthesis:
    """Return one study's own result: exact for a proportion or rate, on both scales; else estimate and z errors."""
    blank = _blank(1, method)
    forward = method.measure.to_analysis
    if forward is not None and "xi" in dict(effect.inputs):
        exists = effect.yi is not None and not effect.adjusted
        n, exact = scale_size((effect,)), effect.natural
        low, high = (None if p is None else finite_or_none(forward(p, n)) for p in (exact.ci_low, exact.ci_high))
        return replace(
            blank,
            estimate=effect.yi if exists else None,
            se=math.sqrt(effect.vi) if exists and effect.vi is not None else None,
            ci_low=low,
            ci_high=high,
            natural=effect.natural,
        )
    y, se = effect.yi or 0.0, math.sqrt(effect.vi or 0.0)
    if method.model == "random" and not isinstance(method.tau2, str):
        return _estimated(
            (effect,), method, estimate=y, se=math.hypot(se, math.sqrt(method.tau2)), tau2=method.tau2, df=None
        )
    half = method.quantile(None) * se
    return replace(
        blank,
        estimate=y,
        se=se,
        ci_low=y - half,
        ci_high=y + half,
        natural=_natural(method.measure, (effect,), (y, y - half, y + half)),
        statistic=y / se,
        p=two_sided_p(y / se, None),
    )


def _inverse_variance(effects: tuple[EffectSize, ...], used: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    y = np.array([effect.yi for effect in used], dtype=np.float64)
    v = np.array([effect.vi for effect in used], dtype=np.float64)
    tau2 = method.tau2 if method.model == "random" else None
    weights = method.given(used)
    fit = inverse_variance.fit(y, v, tau2=tau2, test=method.test, weights=weights)
    result = replace(
        _estimated(
            used,
            method,
            estimate=fit.estimate,
            se=fit.se,
            tau2=fit.tau2,
            df=fit.df,
            reach_se=fit.wald_se if method.compat == "meta" else fit.se,
        ),
        tau2_se=fit.tau2_se,
        i2=fit.i2,
        h2=fit.h2,
        q=fit.q,
        q_df=fit.q_df,
        q_p=fit.q_p,
        log_likelihood=fit.log_likelihood,
    )
    empty = False
    if isinstance(tau2, str):
        kind = method.tau2_interval or _usual_interval(method)
        found = heterogeneity.interval(
            y,
            v,
            kind=kind,
            level=method.level,
            weights=v**-0.5 if weights is None and method.compat == "meta" else weights,
            restricted=method.tau2 != "ml",
        )
        result, empty = _with_bounds(result, found, kind, fit.typical), found.empty
    if method.compat == "meta":
        result = _from_q(result, method)
    width = 2 * method.quantile(None) * fit.wald_se
    about = Circumstances(
        method.measure, result, effects, used, wald_width=width, modes=fit.modes, gap=fit.gap, empty_interval=empty
    )
    return _finish(result, about, fit.weights.tolist())


def _usual_interval(method: _Method) -> TauInterval:
    """Return the interval of tau2 that the program gives by default."""
    if method.compat == "revman":
        return "qp"
    weighted = method.tau2 in heterogeneity.WEIGHTED or (method.compat == "meta" and method.tau2 == "dl")
    return "genq" if weighted else "qp"


def _with_bounds(result: Synthesis, bounds: heterogeneity.Bounds, kind: TauInterval, typical: float) -> Synthesis:
    low, high = bounds.low, bounds.high
    return replace(
        result,
        tau2_low=low,
        tau2_high=high,
        i2_low=100 * low / (low + typical),
        i2_high=100 * high / (high + typical),
        h2_low=1 + low / typical,
        h2_high=1 + high / typical,
        tau2_interval=kind,
    )


def _from_q(result: Synthesis, method: _Method) -> Synthesis:
    """Return the result with I2 and H2, and their bounds, from Q (Higgins and Thompson 2002)."""
    q, df = result.q or 0.0, result.q_df or 1
    h2 = max(q / df, 1.0)
    if q > df + 1:
        se = 0.5 * (math.log(q) - math.log(df)) / (math.sqrt(2 * q) - math.sqrt(2 * df - 1))
    else:
        se = math.sqrt((1 - 1 / (3 * (df - 1) ** 2)) / (2 * (df - 1))) if df > 1 else math.nan
    half = 2 * method.quantile(None) * se
    low, high = (max(math.exp(math.log(h2) + sign * half), 1.0) if math.isfinite(se) else None for sign in (-1, 1))
    i2, i2_low, i2_high = (None if value is None else 100 * (1 - 1 / value) for value in (h2, low, high))
    return replace(result, i2=i2, h2=h2, i2_low=i2_low, i2_high=i2_high, h2_low=low, h2_high=high)


# Tables.


def _table(effect: EffectSize) -> tuple[float, float, float, float] | None:
    """Return the four cells of a study, or the events and times of its arms; None where the inputs do not hold them."""
    counts = dict(effect.inputs)
    if {"x1i", "t1i", "x2i", "t2i"} <= counts.keys():
        return counts["x1i"], counts["t1i"], counts["x2i"], counts["t2i"]
    if not {"ai", "ci"} <= counts.keys() or not ({"bi", "di"} <= counts.keys() or {"n1i", "n2i"} <= counts.keys()):
        return None
    a, c = counts["ai"], counts["ci"]
    b, d = (counts["bi"], counts["di"]) if "bi" in counts else (counts["n1i"] - a, counts["n2i"] - c)
    return a, b, c, d


def _columns(used: tuple[EffectSize, ...]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    first, second, third, fourth = np.array([_table(effect) for effect in used]).T
    return first, second, third, fourth


def _with_added(
    columns: tuple[FloatArray, FloatArray, FloatArray, FloatArray], add: float, *, rates: bool, silent: bool
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the tables with `add` in every cell (of rates: every count) where one is 0.

    With `silent`, tables in which nobody or everybody had the event stay as they are: they then say nothing.
    """
    counts = (0, 2) if rates else (0, 1, 2, 3)
    zero = np.any([columns[i] == 0 for i in counts], axis=0)
    if silent:
        zero &= columns[0] + columns[2] > 0 if rates else _informative(columns)
    a, b, c, d = (column + add * zero if i in counts else column for i, column in enumerate(columns))
    return a, b, c, d


def _tables(effects: tuple[EffectSize, ...], used: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    name = method.measure.name
    rates = name in {"IRR", "IRD"}
    plain = _columns(used)
    columns = _with_added(plain, method.add, rates=rates, silent=method.compat == "meta")
    q = q_df = None
    if method.model == "peto":
        fit, q, q_df = mantel_haenszel.peto(*columns)
    elif name == "OR":
        fit = mantel_haenszel.odds_ratio(*columns, correct=method.correct)
    elif name == "RR":
        fit = mantel_haenszel.risk_ratio(*columns)
    elif name == "RD":
        fit = mantel_haenszel.risk_difference(*columns, sparse=method.compat == "metafor")
    elif name == "IRR":
        fit = mantel_haenszel.rate_ratio(*columns, correct=method.correct)
    else:
        fit = mantel_haenszel.rate_difference(*columns)
    result = replace(_blank(len(used), method), tests=fit.tests)
    if fit.estimate is not None and fit.se is not None:
        df = None if method.test == "z" else len(used) - 1
        result = replace(
            _estimated(used, method, estimate=fit.estimate, se=fit.se, tau2=None, df=df or None), tests=fit.tests
        )
        result = _with_spread(result, used, plain, rates=rates, q=q, q_df=q_df)
    elif fit.direction:
        result = replace(result, natural=_one_sided(plain, name, fit.direction, method.level))
    corrected = int((columns[0] != plain[0]).sum())
    about = Circumstances(
        method.measure,
        result,
        effects,
        used,
        corrected=corrected,
        silent=_without_information(used, columns, name),
        direction=fit.direction,
    )
    return _finish(result, about, None if fit.weights is None else fit.weights.tolist())


def _without_information(
    used: tuple[EffectSize, ...], columns: tuple[FloatArray, FloatArray, FloatArray, FloatArray], name: str
) -> tuple[str, ...]:
    """Return the labels of the tables that add nothing to the numerator or the denominator of a common ratio.

    Differences have none: a table without events says that the difference is 0. Nor does a table with only events add
    nothing to a risk ratio, of which it says that it is 1.
    """
    if name in {"RD", "IRD"}:
        return ()
    told = columns[0] + columns[2] > 0 if name in {"RR", "IRR"} else _informative(columns)
    return tuple(effect.label for effect, informative in zip(used, told.tolist(), strict=True) if not informative)


def _informative(columns: tuple[FloatArray, FloatArray, FloatArray, FloatArray]) -> npt.NDArray[np.bool_]:
    """Return the tables in which both outcomes occur."""
    a, b, c, d = columns
    return np.asarray((a + c > 0) & (b + d > 0))


def _with_spread(
    result: Synthesis,
    used: tuple[EffectSize, ...],
    columns: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    *,
    rates: bool,
    q: float | None,
    q_df: int | None,
) -> Synthesis:
    """Add Q, I2, H2 and the log-likelihood, from the studies' own estimates around the common one.

    A study in which nobody or everybody had the event is left out of them, whatever was added to its cells.
    """
    told = columns[0] + columns[2] > 0 if rates else _informative(columns)
    pairs = [
        (effect.yi, effect.vi)
        for effect, informative in zip(used, told.tolist(), strict=True)
        if informative and effect.yi is not None and effect.vi is not None and effect.vi > 0
    ]
    if len(pairs) < 2:
        return result
    y, v = np.array(pairs).T
    e = y - (result.estimate or 0.0)
    squares = float((e * e / v).sum())
    value = -0.5 * (len(y) * math.log(2 * math.pi) + float(np.log(v).sum()) + squares)
    if q is None or q_df is None:
        q, q_df = squares, len(y) - 1
    i2 = 100 * max(0.0, (q - q_df) / q) if q > 0 else 0.0
    return replace(result, q=q, q_df=q_df, q_p=chi_squared_p(q, q_df), log_likelihood=value, i2=i2, h2=q / max(q_df, 1))


def _one_sided(
    columns: tuple[FloatArray, FloatArray, FloatArray, FloatArray], name: str, direction: int, level: float
) -> Interval:
    """Return a ratio of 0 or infinity with the exact bound that the data still carry; a risk ratio has none."""
    low: float | None = 0.0 if direction < 0 else None
    high: float | None = None if direction < 0 else math.inf
    a, b, c, d = columns
    if name == "OR":
        found = common_odds_ratio(a, a + b, a + c, c + d, level=level)
        low, high = (found.low, found.high) if found else (low, high)
    elif name == "IRR":
        bound = mantel_haenszel.rate_ratio_bound(*columns, level=level)
        low, high = (0.0, bound) if direction < 0 else (bound, math.inf)
    return Interval(0.0 if direction < 0 else math.inf, low, high)


def _exact(effects: tuple[EffectSize, ...], used: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    """Return the common odds ratio by conditional likelihood; no standard error goes with an exact interval.

    Q is Breslow and Day's statistic, from the exact conditional moments.
    """
    a, b, c, d = _columns(used)
    found = common_odds_ratio(a, a + b, a + c, c + d, level=method.level)
    result = _blank(len(used), method)
    direction = 0
    if found is not None:
        direction = -1 if found.estimate == 0 else int(math.isinf(found.estimate))
        estimate, low, high = (
            math.log(value) if 0 < value < math.inf else None for value in (found.estimate, found.low, found.high)
        )
        natural = Interval(found.estimate, found.low, found.high)
        result = replace(result, estimate=estimate, ci_low=low, ci_high=high, natural=natural, p=found.p)
        if estimate is not None:
            q, q_df = homogeneity(a, a + b, a + c, c + d, log_ratio=estimate)
            if q_df > 0:
                result = replace(result, q=q, q_df=q_df, q_p=chi_squared_p(q, q_df))
    silent = _without_information(used, (a, b, c, d), method.measure.name)
    about = Circumstances(method.measure, result, effects, used, corrected=0, silent=silent, direction=direction)
    return _finish(result, about, None)


def _glmm(effects: tuple[EffectSize, ...], used: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    x = np.array([dict(effect.inputs)["xi"] for effect in used])
    n = np.array([dict(effect.inputs)["ni"] for effect in used])
    df = len(used) - 1
    fit = binomial_normal.fit(x, n)
    if fit.outcome == "fitted":
        result = _estimated(
            used, method, estimate=fit.beta, se=fit.se, tau2=fit.tau2, df=None if method.test == "z" else df
        )
        # The scale of sampling error for I2 alone needs a variance per study: 1/2 is added where a cell is zero.
        a, b = x + 0.5 * ((x == 0) | (x == n)), n - x + 0.5 * ((x == 0) | (x == n))
        typical = inverse_variance.typical_variance(1 / a + 1 / b)
        result = replace(
            result,
            tau2_se=fit.tau2_se,
            i2=100 * fit.tau2 / (fit.tau2 + typical),
            h2=1 + fit.tau2 / typical,
            log_likelihood=fit.log_likelihood,
        )
    elif fit.outcome == "infinite":
        events, people = float(x.sum()), float(n.sum())
        crude = Interval(events / people, *exact_interval(events, people, method.level))
        result = replace(_blank(len(used), method), natural=crude)
    else:
        result = _blank(len(used), method)
    result = replace(result, q=fit.deviance, q_df=df, q_p=chi_squared_p(fit.deviance, df))
    return _finish(result, Circumstances(method.measure, result, effects, used, binomial=fit), None)


def _estimated(
    used: tuple[EffectSize, ...],
    method: _Method,
    *,
    estimate: float,
    se: float,
    tau2: float | None,
    df: int | None,
    reach_se: float | None = None,
) -> Synthesis:
    """Return the blank result with estimate, intervals, test and natural scale filled in."""
    quantile = method.quantile(df)
    low, high = estimate - quantile * se, estimate + quantile * se
    reach = method.reach(len(used), df)
    spread = None if tau2 is None or reach is None else reach * math.hypot(math.sqrt(tau2), reach_se or se)
    pi = () if spread is None else (estimate - spread, estimate + spread)
    statistic = estimate / se if se > 0 else None
    return replace(
        _blank(len(used), method),
        estimate=estimate,
        se=se,
        ci_low=low,
        ci_high=high,
        pi_low=pi[0] if pi else None,
        pi_high=pi[1] if pi else None,
        natural=_natural(method.measure, used, (estimate, low, high, *pi)),
        tau2=tau2,
        statistic=statistic,
        df=df,
        p=None if statistic is None else two_sided_p(statistic, df),
    )


def _natural(measure: Measure, used: tuple[EffectSize, ...], values: tuple[float, ...]) -> Interval:
    """Return analysis-scale values on the natural scale; double roots at the harmonic mean of the sizes."""
    size = scale_size(used)
    return Interval(*(measure.to_natural(value, size) for value in values))


def _with_subgroups(whole: Synthesis, effects: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    """Add one synthesis per group and the test between them.

    The statistic is the sum over groups of (estimate - mean)^2 / se^2, with the mean weighted by 1 / se^2: Cochran's Q
    between groups under the common-effect model, and a Wald test on the groups' estimates (logits for the GLMM) under
    the others (Borenstein et al. 2009, chapter 19).
    """
    labels = tuple(dict.fromkeys(effect.group for effect in effects))
    groups = tuple(
        (label, _pool(tuple(effect for effect in effects if effect.group == label), method)) for label in labels
    )
    known = [(g.estimate, g.se) for _, g in groups if g.estimate is not None and g.se is not None and g.se > 0]
    test = None
    if len(known) > 1:
        y, se = np.array([e for e, _ in known]), np.array([s for _, s in known])
        mean = float((y / se**2).sum() / (1 / se**2).sum())
        q = float((((y - mean) / se) ** 2).sum())
        test = SubgroupTest(q, len(known) - 1, chi_squared_p(q, len(known) - 1))
    silent = [label for label, group in groups if group.estimate is None]
    extra = _silent_groups(silent) if silent and test is not None else ()
    return replace(whole, subgroups=groups, subgroup_test=test, cautions=whole.cautions + extra)


def _silent_groups(labels: list[str]) -> tuple[Caution, ...]:
    text = (
        f"The test between subgroups leaves out {', '.join(labels)}: there the estimate does not exist on the analysis "
        "scale. Compare the intervals instead."
    )
    return (Caution("subgroups-without-estimate", text),)


def _parameters(method: _Method) -> tuple[tuple[str, str], ...]:
    """Return the options that are not at their defaults and have no field of their own."""
    given = {
        "tau2_interval": method.tau2_interval,
        "prediction": method.prediction,
        "correct": None if method.correct else "no",
        "add": f"{method.add!r}" if method.add else None,
        "weights": "given" if method.weights else None,
    }
    return tuple((name, value) for name, value in given.items() if value is not None)


def _input_hash(effects: tuple[EffectSize, ...], method: _Method, *, by_group: bool) -> str:
    """Return the hash of inputs and method; what is at its default and came later leaves no trace in it."""
    extra = {
        "compat": method.compat if method.compat != "metafor" else None,
        "tau2_interval": method.tau2_interval,
        "prediction": method.prediction,
        "correct": None if method.correct else False,
        "add": method.add or None,
        "weights": [method.weights[id(effect)] for effect in effects] if method.weights else None,
    }
    return digest(
        {
            "measure": method.measure.name,
            "model": method.model,
            "tau2": method.tau2 if method.model == "random" else "",
            "test": method.test,
            "level": method.level,
            "by_group": by_group,
            "effects": [
                [effect.label, effect.group, effect.yi, effect.vi, [list(pair) for pair in effect.inputs]]
                for effect in effects
            ],
        }
        | {name: value for name, value in extra.items() if value is not None}
    )

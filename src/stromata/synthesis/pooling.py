"""Pool effect sizes into one synthesis, alone or by group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
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
from stromata.synthesis import binomial_normal, inverse_variance
from stromata.synthesis.cautions import Circumstances, cautions
from stromata.synthesis.effects import at_level, total, uncorrected
from stromata.synthesis.intervals import (
    check_level,
    chi_squared_p,
    exact_interval,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from stromata.synthesis.measures import Measure, get_measure

_LARGEST = 1e30
"""Size of an estimate, a variance or its inverse above which the powers in the formulas leave the range of a double."""

_LARGEST_COUNT = 2.0**53
"""Count above which neighbouring whole numbers are the same double."""


@dataclass(frozen=True, slots=True)
class _Method:
    measure: Measure
    model: ModelName
    tau2: TauMethod
    test: TestName
    level: float

    def quantile(self, df: float | None) -> float:
        return normal_quantile(self.level) if df is None else t_quantile(self.level, df)


def pool(
    effects: Sequence[EffectSize],
    *,
    measure: MeasureName | None = None,
    model: ModelName = "random",
    tau2: TauMethod = "reml",
    test: TestName = "z",
    level: float = 0.95,
    by_group: bool = False,
) -> Synthesis:
    """Pool independent effect sizes.

    Parameters
    ----------
    effects : all of one measure. None at all, or one, is no error: the result then says so.
    measure : needed only when there are no effects to take it from.
    model : ``common`` one true effect for all studies; ``random`` true effects vary normally; ``glmm`` logit
        proportions vary normally and counts are binomial (PLO only, from `inputs`; maximum likelihood, no correction).
    tau2 : estimator of the between-study variance under ``random``; the other models do not use it.
    test : ``z``, ``t``, or under ``random`` also ``knha`` and ``adhoc``; see `stromata.synthesis.inverse_variance.fit`.
    level : coverage of all intervals, strictly between 0 and 1.
    by_group : add one synthesis per `group`, each with its own tau2, and a test between groups.

    Returns
    -------
    Estimates on the analysis scale, and on the natural scale in `natural`. The prediction interval is the estimate plus
    and minus the quantile of the chosen test (normal, or t on K - 1) times sqrt(tau2 + se^2). For one study a
    proportion carries its exact interval. `cautions` holds every reservation.

    Raises
    ------
    InvalidInput
        Effects of several measures, an unknown model, method or test, a test the model does not have, ``glmm`` for
        anything but PLO with its counts, a level outside (0, 1), or no effects and no measure.

    Examples
    --------
    >>> from stromata.synthesis import effect_sizes
    >>> result = pool(effect_sizes("PLO", xi=[6, 4, 0], ni=[6, 9, 12]), model="glmm")
    >>> result.k, 0 < result.natural.estimate < 1
    (3, True)
    """
    method = _method(effects, measure=measure, model=model, tau2=tau2, test=test, level=level)
    known = tuple(map(_without_infinities, effects))
    levelled = tuple(at_level(uncorrected(effect) if model == "glmm" else effect, method.level) for effect in known)
    result = _pool(levelled, method)
    if by_group:
        result = _with_subgroups(result, levelled, method)
    return replace(
        result,
        input_hash=_input_hash(levelled, method, by_group=by_group),
        versions=(("numpy", np.__version__), ("scipy", scipy.__version__), ("stromata", __version__)),
    )


def _method(
    effects: Sequence[EffectSize],
    *,
    measure: MeasureName | None,
    model: ModelName,
    tau2: TauMethod,
    test: TestName,
    level: float,
) -> _Method:
    check_level(level)
    for what, value, allowed in (("model", model, ModelName), ("tau2", tau2, TauMethod), ("test", test, TestName)):
        if value not in get_args(allowed):
            raise InvalidInput(f"no {what} {value!r}", hint=f"There are: {', '.join(get_args(allowed))}.")
    if model != "random" and test in {"knha", "adhoc"}:
        raise InvalidInput(
            f"test {test!r} rescales a random-effects standard error; the {model} model has none",
            hint="Use z or t, or the random model.",
        )
    names = {effect.measure for effect in effects} | ({measure} if measure else set())
    if len(names) != 1:
        found = f"effects of several measures: {', '.join(sorted(names))}" if names else "no effects and no measure"
        raise InvalidInput(found, hint="Pool one measure at a time, and name it when there may be no effects.")
    entry = get_measure(names.pop())
    if model == "glmm":
        if entry.name != "PLO":
            raise InvalidInput(
                f"the glmm model needs measure PLO, not {entry.name}", hint="Compute PLO from xi and ni."
            )
        without = [effect.label for effect in effects if not {"xi", "ni"} <= dict(effect.inputs).keys()]
        if without:
            raise InvalidInput(f"the glmm model needs the counts xi and ni in inputs; without: {', '.join(without)}")
    return _Method(entry, model, tau2, test, level)


def _pool(effects: tuple[EffectSize, ...], method: _Method) -> Synthesis:
    used = tuple(effect for effect in effects if _usable(effect, method))
    if not used:
        return _finish(_blank(0, method), Circumstances(method.measure, _blank(0, method), effects, used), None)
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
    if effect.yi is None or effect.vi is None:
        return False
    return abs(effect.yi) <= _LARGEST and 1 / _LARGEST <= effect.vi <= _LARGEST


def _blank(k: int, method: _Method) -> Synthesis:
    name = {"common": "", "glmm": "ml"}.get(method.model, method.tau2)
    nothing = Interval(None, None, None)
    return Synthesis(
        k, method.measure.name, method.model, name, method.test, method.level, None, None, None, None, nothing
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


def _why(effect: EffectSize, model: ModelName) -> str:
    if model == "glmm":
        return f"{effect.label}: its total is too large for a count; at most {_LARGEST_COUNT:.0f} can be used."
    if effect.yi is not None and effect.vi is not None and effect.vi > 0:
        return (
            f"{effect.label}: no estimate with a variance that can be computed with exists: "
            f"estimate {effect.yi:g}, variance {effect.vi:g}."
        )
    what = "no estimate" if effect.yi is None else "no positive sampling variance"
    return f"{effect.label}: {what} exists on the scale of {effect.measure} for these counts."


def _single(effect: EffectSize, method: _Method) -> Synthesis:
    """Return one study's own result: exact for a proportion, on both scales; else estimate and z standard errors."""
    blank = _blank(1, method)
    counts = dict(effect.inputs)
    if method.measure.to_analysis is not None and {"xi", "ni"} <= counts.keys():
        exists = effect.yi is not None and not effect.adjusted
        n = counts["ni"]
        low, high = (_finite(method.measure.to_analysis(p, n)) for p in exact_interval(counts["xi"], n, method.level))
        return replace(
            blank,
            estimate=effect.yi if exists else None,
            se=math.sqrt(effect.vi) if exists and effect.vi is not None else None,
            ci_low=low,
            ci_high=high,
            natural=effect.natural,
        )
    y, se = effect.yi or 0.0, math.sqrt(effect.vi or 0.0)
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
    fit = inverse_variance.fit(y, v, tau2=tau2, test=method.test)
    result = replace(
        _estimated(used, method, estimate=fit.estimate, se=fit.se, tau2=fit.tau2, df=fit.df),
        tau2_se=fit.tau2_se,
        i2=fit.i2,
        h2=fit.h2,
        q=fit.q,
        q_df=fit.q_df,
        q_p=fit.q_p,
        log_likelihood=fit.log_likelihood,
    )
    width = 2 * method.quantile(None) * fit.wald_se
    about = Circumstances(method.measure, result, effects, used, wald_width=width, modes=fit.modes)
    return _finish(result, about, fit.weights.tolist())


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
    used: tuple[EffectSize, ...], method: _Method, *, estimate: float, se: float, tau2: float | None, df: int | None
) -> Synthesis:
    """Return the blank result with estimate, intervals, test and natural scale filled in."""
    quantile = method.quantile(df)
    low, high = estimate - quantile * se, estimate + quantile * se
    spread = None if tau2 is None else quantile * math.sqrt(tau2 + se * se)
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
    """Return analysis-scale values on the natural scale; PFT at the harmonic mean of the totals (Miller 1978)."""
    totals = [total(effect) for effect in used]
    harmonic = len(totals) / sum(1 / n for n in totals) if all(n > 0 for n in totals) else 1.0
    return Interval(*(measure.to_natural(value, harmonic) for value in values))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


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


def _input_hash(effects: tuple[EffectSize, ...], method: _Method, *, by_group: bool) -> str:
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
    )

"""Fits of counts, posteriors and meta-regressions as syntheses, so that what shows a result need not know its model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from stromata import synthesis
from stromata.errors import InvalidInput
from stromata.model import (
    Caution,
    Coefficient,
    EffectSize,
    Interval,
    LeftOut,
    MeasureName,
    ModeratorTest,
    Synthesis,
    ThresholdProbability,
)
from stromata.review.methods import COUNTS, Method, prior_text, read_prior
from stromata.synthesis.effects.sizes import scale_size
from stromata.synthesis.intervals import finite_or_none

if TYPE_CHECKING:
    from stromata.synthesis import PooledBayesCounts, PooledBetaBinomial, PooledGlmm, Result
    from stromata.synthesis.bayesian.estimates import PooledBayes, Threshold
    from stromata.synthesis.bayesian.posteriors import Posterior
    from stromata.synthesis.counts.glmm_moderators import GlmmRegression
    from stromata.synthesis.regression.meta_regression import Coefficient as Fitted
    from stromata.synthesis.regression.meta_regression import MetaRegression, WaldTest

Data = Mapping[str, Sequence[object]]
"""Moderators by name, one value per effect, in the order of the effects; None where one is missing."""


_LARGEST = 1e30
"""Size of an estimate, a variance or its inverse above which nothing is computed with it."""


def _blank(effects: Sequence[EffectSize], method: Method, k: int, tau2_method: str) -> Synthesis:
    nothing = Interval(None, None, None)
    return Synthesis(
        k,
        method.measure,
        method.model,
        tau2_method,
        method.test,
        method.level,
        None,
        None,
        None,
        None,
        nothing,
        effects=tuple(replace(effect, weight=None) for effect in effects),
    )


def _uncontrolled(found: tuple[Caution, ...], measure: MeasureName) -> tuple[Caution, ...]:
    """Add that nothing is compared, where it is so and nobody said it."""
    single = synthesis.get_measure(measure).kind in {"proportion", "rate", "one-mean", "change"}
    if not single or any(item.code == "uncontrolled" for item in found):
        return found
    text = "Single-arm data: without a comparison group this cannot be read as an effect of the treatment."
    return (*found, Caution("uncontrolled", text))


# Counts.


def _columns(effects: Sequence[EffectSize], method: Method) -> dict[str, Any]:  # Any: columns beside options
    """Return the counts that the model works from."""
    rows = [dict(effect.inputs) for effect in effects]
    for names in COUNTS[method.model][method.measure]:
        if all(set(names) <= row.keys() for row in rows):
            return {name: [row[name] for row in rows] for name in names}
    needed = " or ".join(", ".join(names) for names in COUNTS[method.model][method.measure])
    without = [
        effect.label
        for effect, row in zip(effects, rows, strict=True)
        if not any(set(names) <= row.keys() for names in COUNTS[method.model][method.measure])
    ]
    raise InvalidInput(
        f"the {method.model} model of {method.measure} needs the counts {needed}; without: {', '.join(without)}",
        hint="Give counts, or use the common or random model.",
    )


def _glmm(effects: Sequence[EffectSize], method: Method, data: Data | None) -> PooledGlmm:
    return synthesis.pool_glmm(
        method.measure,
        model=method.glmm,
        test="t" if method.test == "t" else "z",
        level=method.level,
        moderators=method.moderators or None,
        data=data,
        labels=[effect.label for effect in effects],
        **_columns(effects, method),
    )


def _of_glmm(effects: Sequence[EffectSize], method: Method, data: Data, found: PooledGlmm) -> Synthesis:
    """Return a GLMM of the counts behind effects, with or without moderators, as a synthesis."""
    silent = set(found.left_out)
    result = replace(
        _blank(effects, method, found.k, "ml"),
        estimate=found.estimate,
        se=found.se,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        pi_low=found.pi_low,
        pi_high=found.pi_high,
        natural=found.natural,
        statistic=found.statistic,
        df=found.df,
        p=found.p,
        tau2=found.tau2,
        tau2_se=found.tau2_se,
        i2=found.i2,
        h2=found.h2,
        q=found.q,
        q_df=found.q_df,
        q_p=found.q_p,
        tests=(found.wald,) if found.wald else (),
        log_likelihood=found.log_likelihood,
        left_out=tuple(_silent(effect) for effect in effects if effect.label in silent),
        cautions=_uncontrolled(found.cautions, method.measure),
    )
    if not method.moderators:
        return result
    unknown = _unknown(effects, data)
    gone = {id(effect) for effect in unknown}
    known = tuple(shown for shown, given in zip(result.effects, effects, strict=True) if id(given) not in gone)
    return _glmm_with_moderators(replace(result, effects=known), found.regression, unknown)


def _glmm_with_moderators(result: Synthesis, found: GlmmRegression | None, unknown: Sequence[EffectSize]) -> Synthesis:
    if found is not None and found.dropped:
        raise InvalidInput(
            f"column {found.dropped[0]!r} of the model matrix depends on those before it", hint=_COLLINEAR
        )
    return replace(
        result,
        coefficients=_coefficients(found.coefficients) if found else (),
        moderator_tests=_moderator_tests(found.omnibus, found.terms) if found else (),
        left_out=(*result.left_out, *map(_without_moderator, unknown)),
        cautions=(*result.cautions, _BY_MODERATOR),
    )


def _unknown(effects: Sequence[EffectSize], data: Data) -> list[EffectSize]:
    """Return the effects of which a moderator is not known."""
    return [
        effect for place, effect in enumerate(effects) if any(values[place] in (None, "") for values in data.values())
    ]


def _silent(effect: EffectSize) -> LeftOut:
    text = f"{effect.label}: nobody, or everybody, had the event, which says nothing about a ratio."
    return LeftOut(effect.study, "", "", "double-zero", text, effect.data_points)


def _betas(effects: Sequence[EffectSize], method: Method) -> PooledBetaBinomial:
    labels = [effect.label for effect in effects]
    return synthesis.pool_beta_binomial(method.measure, level=method.level, labels=labels, **_columns(effects, method))


def _of_betas(effects: Sequence[EffectSize], method: Method, found: PooledBetaBinomial) -> Synthesis:
    known = found.estimate is not None and bool(found.se) and found.p is not None
    return replace(
        _blank(effects, method, found.k, "ml"),
        estimate=found.estimate,
        se=found.se,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        natural=found.natural,
        statistic=cast("float", found.estimate) / cast("float", found.se) if known else None,
        p=found.p,
        rho=found.rho,
        log_likelihood=found.log_likelihood,
        cautions=_uncontrolled(found.cautions, method.measure),
    )


# Posteriors.


def _is_counted(effects: Sequence[EffectSize], method: Method) -> bool:
    """Tell whether the counts themselves are modelled."""
    return method.measure == "PLO" and all({"xi", "ni"} <= dict(effect.inputs).keys() for effect in effects)


def _count_posterior(effects: Sequence[EffectSize], method: Method) -> PooledBayesCounts:
    rows = [dict(effect.inputs) for effect in effects]
    more: dict[str, Any] = {"mu_prior": method.mu_prior} if method.mu_prior else {}  # Any: options by name
    return synthesis.pool_bayes_counts(
        xi=[row["xi"] for row in rows],
        ni=[row["ni"] for row in rows],
        tau_prior=read_prior(prior_text(method)),
        level=method.level,
        thresholds=method.thresholds,
        labels=[effect.label for effect in effects],
        **more,
    )


def _of_count_posterior(effects: Sequence[EffectSize], method: Method, found: PooledBayesCounts) -> Synthesis:
    mean, new = found.mu_natural, found.new_natural
    natural = Interval(mean.estimate, mean.ci_low, mean.ci_high, new.ci_low, new.ci_high)
    blank = _blank(effects, method, found.k, read_prior(prior_text(method)).name)
    result = _posterior(blank, found.mu, found.tau, found.new)
    return replace(
        result,
        natural=natural,
        probabilities=_probabilities(found.thresholds, method.thresholds),
        cautions=_uncontrolled(found.cautions, method.measure),
    )


def _estimate_posterior(used: Sequence[EffectSize], method: Method) -> PooledBayes:
    return synthesis.pool_bayes(
        *_numbers(used),
        tau_prior=read_prior(prior_text(method)),
        mu_prior=method.mu_prior,
        level=method.level,
        thresholds=[_to_analysis(method.measure, value) for value in method.thresholds],
        labels=[effect.label for effect in used],
    )


def _nothing_usable(effects: Sequence[EffectSize], method: Method) -> Synthesis:
    text = "No study gave a usable result, so nothing was pooled."
    blank = _blank(effects, method, 0, read_prior(prior_text(method)).name)
    return replace(blank, left_out=tuple(map(_without_estimate, effects)), cautions=(Caution("no-studies", text),))


def _of_posterior(effects: Sequence[EffectSize], method: Method, found: PooledBayes) -> Synthesis:
    used, gone = _usable(effects)
    prior = read_prior(prior_text(method))
    result = _posterior(_blank(effects, method, found.k, prior.name), found.mu, found.tau, found.new)
    entry, size = synthesis.get_measure(method.measure), scale_size(used)
    values = (result.estimate, result.ci_low, result.ci_high, result.pi_low, result.pi_high)
    return replace(
        result,
        natural=Interval(*(None if value is None else entry.to_natural(value, size) for value in values)),
        probabilities=_probabilities(found.thresholds, method.thresholds),
        left_out=tuple(_without_estimate(effect) for effect in gone),
        cautions=_uncontrolled((*_gone(gone), *found.cautions), method.measure),
    )


def _posterior(blank: Synthesis, mu: Posterior, tau: Posterior, new: Posterior) -> Synthesis:
    """Return medians and central intervals: under a change of scale they stay what they are."""
    return replace(
        blank,
        estimate=mu.median,
        se=mu.sd,
        ci_low=mu.central_low,
        ci_high=mu.central_high,
        pi_low=new.central_low,
        pi_high=new.central_high,
        tau2=tau.median**2,
        tau2_low=tau.central_low**2,
        tau2_high=tau.central_high**2,
        tau2_interval="posterior",
    )


def _probabilities(found: Sequence[Threshold], asked: Sequence[float]) -> tuple[ThresholdProbability, ...]:
    return tuple(
        ThresholdProbability(value, one.mu_below, one.new_below) for value, one in zip(asked, found, strict=True)
    )


def _to_analysis(measure: MeasureName, value: float) -> float:
    """Return a value of the natural scale on the analysis scale."""
    entry = synthesis.get_measure(measure)
    ratio = entry.null == 1.0
    if not math.isfinite(value) or (ratio and value <= 0):
        raise InvalidInput(f"the threshold {value!r} is no value of {measure}", hint="A ratio lies above 0.")
    if ratio:
        return math.log(value)
    if entry.to_analysis is not None:
        return entry.to_analysis(value, 1.0)
    if entry.to_natural(value, 1.0) != value:
        raise InvalidInput(f"thresholds of {measure} are not known on its analysis scale", hint="Leave them out.")
    return value


# Estimates, with and without moderators.


def _usable(effects: Sequence[EffectSize]) -> tuple[list[EffectSize], list[EffectSize]]:
    """Return the effects with an estimate and a variance that can be computed with, and the others."""
    good: list[EffectSize] = []
    gone: list[EffectSize] = []
    for effect in effects:
        y, v = effect.yi, effect.vi
        known = y is not None and v is not None and abs(y) <= _LARGEST and 1 / _LARGEST <= v <= _LARGEST
        (good if known else gone).append(effect)
    return good, gone


def _numbers(usable: Sequence[EffectSize]) -> tuple[list[float], list[float]]:
    return [float(effect.yi or 0.0) for effect in usable], [float(effect.vi or 0.0) for effect in usable]


def _without_estimate(effect: EffectSize) -> LeftOut:
    text = f"{effect.label}: no estimate with a positive sampling variance exists on the scale of {effect.measure}."
    return LeftOut(effect.study, "", "", "no-variance", text, effect.data_points)


def _gone(effects: Sequence[EffectSize]) -> tuple[Caution, ...]:
    if not effects:
        return ()
    names = ", ".join(effect.label for effect in effects)
    return (Caution("effects-left-out", f"Without an estimate or a variance, and therefore left out: {names}."),)


def _regression(
    effects: Sequence[EffectSize], usable: Sequence[EffectSize], method: Method, data: Data
) -> MetaRegression:
    ids = {id(effect) for effect in usable}
    places = [place for place, effect in enumerate(effects) if id(effect) in ids]
    try:
        return synthesis.regress(
            *_numbers(usable),
            method.moderators,
            data={name: [values[place] for place in places] for name, values in data.items()},
            method="ee" if method.model == "common" else cast("Any", method.tau2),  # Any: `method_fault` saw to it
            test=method.test,
            level=method.level,
            collinear="refuse",
            studies=[effect.label for effect in usable],
        )
    except InvalidInput as error:
        hint = _COLLINEAR if "depends on those before it" in error.message else error.hint
        raise InvalidInput(_named(error.message, usable), hint=hint) from error


def fitted(effects: Sequence[EffectSize], method: Method, data: Data) -> Result | None:
    """Return what the library gives for effects before it is made a `Synthesis`; it knows all that was asked.

    For models with moderators, GLMMs, beta-binomial and Bayesian ones. None where no effect can be used. What is wrong
    with a moderator is told with the name of the study.
    """
    if method.model == "glmm":
        return _glmm(effects, method, data if method.moderators else None)
    if method.moderators:
        return _regression(effects, _usable(effects)[0], method, data)
    if method.model == "beta-binomial":
        return _betas(effects, method)
    if _is_counted(effects, method):
        return _count_posterior(effects, method)
    used = _usable(effects)[0]
    return _estimate_posterior(used, method) if used else None


def as_synthesis(effects: Sequence[EffectSize], method: Method, data: Data, found: Result | None) -> Synthesis:
    """Return what `fitted` gave for the same effects, method and data as a synthesis."""
    # `fitted` decides by the method which class it is.
    known = cast("Any", found)  # Any: one class for each model
    if method.model == "glmm":
        return _of_glmm(effects, method, data, known)
    if method.moderators:
        return _of_regression(effects, method, known)
    if method.model == "beta-binomial":
        return _of_betas(effects, method, known)
    if found is None:
        return _nothing_usable(effects, method)
    if _is_counted(effects, method):
        return _of_count_posterior(effects, method, known)
    return _of_posterior(effects, method, known)


def _of_regression(effects: Sequence[EffectSize], method: Method, found: MetaRegression) -> Synthesis:
    usable, gone = _usable(effects)
    used = {id(usable[row]) for row in found.matrix.rows}
    weights = {
        id(usable[row]): 1 / (float(v) + (found.tau2 or 0.0))
        for row, v in zip(found.matrix.rows, found.vi, strict=True)
    }
    total = sum(weights.values())
    # Those without a moderator or an estimate stand among the left out: what is counted rests on these.
    shown = tuple(replace(effect, weight=100 * weights[id(effect)] / total) for effect in effects if id(effect) in used)
    unknown = [usable[row] for row, _ in found.matrix.left_out]
    return replace(
        _blank(effects, method, found.k, "" if method.model == "common" else str(method.tau2)),
        effects=shown,
        tau2=found.tau2,
        tau2_se=found.tau2_se,
        i2=found.i2,
        h2=found.h2,
        q=found.q,
        q_df=found.q_df,
        q_p=found.q_p,
        log_likelihood=found.log_likelihood,
        coefficients=_coefficients(found.coefficients),
        moderator_tests=_moderator_tests(found.omnibus, found.terms),
        r2=found.r2,
        left_out=(
            *(_without_estimate(effect) for effect in gone),
            *(_without_moderator(effect) for effect in unknown),
        ),
        cautions=_uncontrolled((*_gone(gone), *_regression_cautions(found, unknown), _BY_MODERATOR), method.measure),
    )


_COLLINEAR = "Take it out of the formula: the other moderators say the same."


def _coefficients(found: Iterable[Fitted]) -> tuple[Coefficient, ...]:
    return tuple(
        Coefficient(
            one.name, one.estimate, one.se, finite_or_none(one.statistic), one.df, one.p, one.ci_low, one.ci_high
        )
        for one in found
    )


def _moderator_tests(omnibus: WaldTest, terms: Sequence[WaldTest]) -> tuple[ModeratorTest, ...]:
    """Return the test of all moderators, and of each term where there are several."""
    return tuple(
        ModeratorTest(one.label, one.statistic, one.df, one.df2, one.p)
        for one in (omnibus, *(terms if len(terms) > 1 else ()))
        if math.isfinite(one.statistic)
    )


_BY_MODERATOR = Caution(
    "no-single-estimate",
    "Effects vary with the moderators, so that there is no single pooled effect. How they vary between studies is an "
    "observation: it was not randomised.",
)


def _regression_cautions(found: MetaRegression, unknown: Sequence[EffectSize]) -> Iterator[Caution]:
    """Yield the cautions of a meta-regression, with names for the studies whose moderators are missing."""
    for caution in found.cautions:
        if caution.code == "moderators-missing":
            names = ", ".join(effect.label for effect in unknown)
            yield Caution(caution.code, f"Left out, because a moderator was not reported: {names}.")
        else:
            yield caution


def _named(message: str, effects: Sequence[EffectSize]) -> str:
    """Return a message on a row with the name of its study."""
    found = re.match(r"row (\d+)", message)
    return f"study {effects[int(found[1]) - 1].label!r}{message[found.end() :]}" if found else message


def _without_moderator(effect: EffectSize) -> LeftOut:
    text = f"{effect.label}: a moderator of the meta-regression was not reported."
    return LeftOut(effect.study, "", "", "moderator-missing", text, effect.data_points)

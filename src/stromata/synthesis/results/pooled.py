"""What pooled results say: `Synthesis`, `PooledEstimate` and `PooledMany`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from stromata.model import Coefficient, EffectSize, MeasureName, Synthesis, numbers
from stromata.synthesis.cautions import FEWEST_TO_PREDICT
from stromata.synthesis.effects.measures import Measure, get_measure
from stromata.synthesis.effects.sizes import effect_arrays
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, describe, table_of_rows
from stromata.synthesis.results.wording import (
    ESTIMATORS,
    Write,
    ci,
    cite,
    computed,
    in_brackets,
    included,
    paragraph,
    participants,
    plain_number,
    random_sentence,
    reservations,
    significance,
    spread,
    studies,
    test_sentence,
)

_BY_ESCALC: frozenset[MeasureName] = frozenset(
    (
        *("PR", "PLN", "PLO", "PAS", "PFT", "IR", "IRLN", "IRS", "IRFT", "IRR", "IRD", "IRSD"),
        *("OR", "RR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "MD", "SMD", "MN", "COR", "ZCOR"),
    )
)
"""Measures that metafor's escalc computes from the same columns by the same formulas, in all its versions."""

_TO_NATURAL = {
    "exp": "PLN IRLN OR RR PETO IRR ROM CVR VR MNLN SDLN CVLN ROMC CVRC VRC HR MPRR MPOR MPORC MPPETO MPORM D2OR D2ORL "
    "D2ORN REH",
    "transf.ilogit": "PLO",
    "transf.iarcsin": "PAS",
    "transf.isqrt": "IRS",
    "transf.ztor": "ZCOR ZPCOR",
}
_TRANSFORMS = {name: function for function, names in _TO_NATURAL.items() for name in names.split()}
"""The functions of R and metafor from the analysis scale to the natural one; without one the two are the same, or the
way back needs the sizes of the studies."""


# Synthesis.


@describe.register
def _(result: Synthesis) -> Account:
    measure = get_measure(result.measure)
    used = used_of(result)
    whole = _row("pooled", result)
    parts = tuple(_row(f"subgroup {label}", part) for label, part in result.subgroups)
    pooled = tuple(map(_coefficient, result.coefficients)) if result.moderators else (whole,)
    rows = (*map(_study, result.effects), *parts, *pooled)
    return Account(
        table_of_rows(rows),
        _methods(result, measure, used),
        _results(result, measure, used),
        _r(result, used),
        coefficients=tuple(map(_coefficient, result.coefficients)) or (_row("intrcpt", result),),
    )


def used_of(result: Synthesis) -> tuple[EffectSize, ...]:
    """Return the effects that went into the pool."""
    if result.model in {"glmm", "mh", "peto", "exact"}:
        gone = {left.text.partition(":")[0] for left in result.left_out}
        return tuple(effect for effect in result.effects if effect.label not in gone)
    return tuple(
        effect for effect in result.effects if effect.yi is not None and effect.vi is not None and effect.vi > 0
    )


def _study(effect: EffectSize) -> Row:
    natural = effect.natural
    return Row(
        effect.label,
        effect.yi,
        None if effect.vi is None else math.sqrt(effect.vi),
        natural=natural.estimate,
        natural_low=natural.ci_low,
        natural_high=natural.ci_high,
        weight=effect.weight,
    )


def _coefficient(each: Coefficient) -> Row:
    return Row(each.term, each.estimate, each.se, each.statistic, each.df, each.p, each.ci_low, each.ci_high)


def _row(term: str, result: Synthesis) -> Row:
    return Row.of(term, result, result.natural)


_Q_NAMES = {"glmm": "likelihood-ratio statistic", "exact": "Breslow and Day's statistic"}
"""Models whose test of heterogeneity is not Cochran's Q."""

_OWN_CASE = ("Peto", "Yule")


def noun(measure: MeasureName) -> str:
    """Return the natural scale of a measure as it stands within a sentence."""
    name = numbers.measure_name(measure)
    return name if name.startswith(_OWN_CASE) else name[0].lower() + name[1:]


def measure_sentence(measure: Measure) -> str:
    """Return what was measured, and on which scale it was analysed."""
    natural = noun(measure.name)
    known = "outcome" if measure.null is None else "effect"
    if measure.title in {natural, f"raw {natural}"}:
        return f"The {known} measure was the {natural}."
    article = "" if measure.title[0].isupper() else "the "
    return f"The {known} measure was the {natural}, analysed as {article}{measure.title}."


_TABLE_MODELS = {
    "mh": "Studies were pooled by the Mantel-Haenszel method",
    "peto": "Odds ratios were pooled by Peto's one-step method",
    "exact": (
        "The common odds ratio, taken to be the same in all studies, was estimated by conditional maximum likelihood, "
        "with an exact confidence interval and an exact p-value that agrees with it (twice the smaller tail)"
    ),
}
_MH_SOURCES = {
    "OR": ("mantel-haenszel", "robins"),
    "RR": ("mantel-haenszel", "greenland-robins"),
    "RD": ("mantel-haenszel", "sato"),
    "IRR": ("mantel-haenszel", "greenland-robins"),
    "IRD": ("mantel-haenszel", "greenland-robins"),
}


GLMM_WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "um.fs": ("unconditional model with a fixed baseline for each study", ("turner-2000", "stijnen")),
    "um.rs": ("unconditional model with baselines that vary at random between studies", ("turner-2000", "stijnen")),
    "cm.el": ("conditional on the number of events in each study, with the exact likelihood", ("stijnen",)),
    "cm.al": ("conditional on the number of events in each study, with an approximate likelihood", ("stijnen",)),
}
"""How a GLMM takes two groups, in words, and its sources."""

TWO_GROUPS = frozenset(("OR", "IRR"))
"""Measures of GLMMs that compare two groups."""

_COUNTS_OF_GROUPS = (
    "Counts were pooled under a generalised linear mixed model by maximum likelihood, without a continuity correction"
)


def _model_sentence(result: Synthesis) -> str:
    if result.model == "bayes":
        from stromata.synthesis.results.posteriors import bayes_sentence  # noqa: PLC0415 - only posteriors need it

        return bayes_sentence(result)
    if result.model == "beta-binomial":
        return f"Counts were pooled under a beta-binomial model by maximum likelihood {cite('kuss')}."
    if result.model == "glmm" and result.measure in TWO_GROUPS:
        way = dict(result.parameters).get("glmm", "um.fs")
        words, sources = GLMM_WAYS[way]
        return f"{_COUNTS_OF_GROUPS} ({words}; in metafor {way.upper()}) {cite(*sources)}."
    if result.model == "glmm" and result.measure != "PLO":
        return f"{_COUNTS_OF_GROUPS} {cite('stijnen')}."
    if result.model == "common":
        return "Studies were pooled by inverse variance under a common-effect model, which assumes one true effect."
    if result.model == "glmm":
        exact = ""
        if result.estimate is None and result.natural.estimate is not None:
            exact = (
                " Where the estimate is infinite on the logit scale, the proportion of all participants together is "
                f"given with its exact confidence interval {cite('clopper-pearson')}."
            )
        return (
            "Studies were pooled under a random-effects model with binomial counts and normally distributed logits (a "
            "generalised linear mixed model), fitted by maximum likelihood, which needs no continuity correction "
            f"{cite('stijnen')}.{exact}"
        )
    if result.model in _TABLE_MODELS:
        sources = {"mh": _MH_SOURCES.get(result.measure, ()), "peto": ("peto",), "exact": ("mehta", "fay")}[
            result.model
        ]
        return f"{_TABLE_MODELS[result.model]} {cite(*sources)}."
    return random_sentence(result.tau2_method, result.tau2)


_BOUNDS = {
    "qp": ("the Q-profile method", ("q-profile",)),
    "genq": ("the generalised Q method", ("jackson-2013",)),
    "pl": ("profile likelihood", ("hardy-thompson",)),
}


def _spread_sentence(result: Synthesis) -> str:
    if result.q is None or result.estimate is None:
        return ""
    if result.model == "exact":
        tested = "Whether the odds ratio is the same in all studies was tested by Breslow and Day's statistic"
        return f"{tested} {cite('breslow-day')}."
    if result.model == "glmm":
        return "Heterogeneity was described by τ², I² and the likelihood-ratio test of equal true effects."
    if result.tau2 is None:
        return f"Heterogeneity was described by I² and Cochran's Q {cite('higgins-thompson')}."
    words, source = _BOUNDS.get(result.tau2_interval, ("", ()))
    bounds = f", with confidence intervals by {words}" if words else ""
    return f"Heterogeneity was described by τ², I² and Cochran's Q{bounds} {cite('higgins-thompson', *source)}."


def _methods(result: Synthesis, measure: Measure, used: Sequence[EffectSize]) -> str:
    start = measure_sentence(measure)
    end = computed(versions=result.versions)
    if not used:
        return paragraph(start, "No study could be pooled.", end)
    if result.k == 1 and result.model not in {*_TABLE_MODELS, "bayes"}:
        return paragraph(start, "With one study nothing was pooled.", _own_interval(measure, used[0], result), end)
    if result.moderators:
        return paragraph(start, _regression_sentence(result), test_sentence(result.test, result.level), end)
    exact = result.model in {"exact", "bayes"}
    tests = (
        f"The level of the interval is {numbers.level(result.level)}."
        if exact
        else test_sentence(result.test, result.level)
    )
    predicted = result.pi_low is not None and result.k >= FEWEST_TO_PREDICT
    groups = "Subgroups were pooled separately and compared by Cochran's Q between them." if result.subgroups else ""
    return paragraph(
        start,
        _model_sentence(result),
        tests,
        _zero_cells(result, used),
        _spread_sentence(result),
        "A prediction interval shows where the true value of a new study may lie." if predicted else "",
        groups,
        _conventions(result),
        end,
    )


def _regression_sentence(result: Synthesis) -> str:
    if result.model == "glmm":
        words, sources = "for counts", cast("tuple[str, ...]", ("stijnen",))
        if result.measure in TWO_GROUPS:
            way = dict(result.parameters).get("glmm", "um.fs")
            words, sources = f"for counts ({GLMM_WAYS[way][0]}; in metafor {way.upper()})", GLMM_WAYS[way][1]
        how = f"in a generalised linear mixed model {words} {cite(*sources)}"
    elif result.model == "common":
        how = f"by inverse-variance weights under a common-effect model {cite('thompson-higgins')}"
    else:
        words, source = ESTIMATORS.get(result.tau2_method, ("a given value", "thompson-higgins"))
        how = (
            "by inverse-variance weights under a mixed-effects model, with the residual between-study variance τ² "
            f"estimated by {words} {cite('thompson-higgins', source)}"
        )
    return f"Effects were regressed on the moderators {result.moderators} {how}."


def _own_interval(measure: Measure, effect: EffectSize, result: Synthesis) -> str:
    level = numbers.level(result.level)
    counts = dict(effect.inputs)
    if "xi" in counts and measure.kind == "proportion":
        return f"The study's own proportion has an exact {level} confidence interval {cite('clopper-pearson')}."
    if "xi" in counts and measure.kind == "rate":
        return f"The study's own rate has an exact {level} confidence interval {cite('garwood')}."
    return f"The study's own result has a {level} confidence interval from the normal distribution."


def _zero_cells(result: Synthesis, used: Sequence[EffectSize]) -> str:
    """Return what was done about cells without people."""
    counted = result.model == "bayes" and all({"xi", "ni"} <= dict(effect.inputs).keys() for effect in used)
    if result.model in {"glmm", "exact", "peto", "beta-binomial"} or (counted and result.measure == "PLO"):
        return ""
    if result.model == "mh":
        added = float(dict(result.parameters).get("add", "0"))
        some = " to the tables with a zero cell" if any(effect.adjusted for effect in used) else ""
        return f"For pooling, {added:g} was added{some}." if added else ""
    count = sum(effect.adjusted for effect in used)
    if not count:
        return ""
    what = "a constant"
    if _same_by_escalc([effect for effect in used if effect.adjusted]):
        what = "1/2"
    where = "each cell" if get_measure(result.measure).kind == "two-by-two" else "the counts"
    return f"In {studies(count)} with a zero cell {what} was added to {where}."


def _conventions(result: Synthesis) -> str:
    names = {"meta": "the R package meta", "revman": "Review Manager"}
    return (
        f"Where programs differ, the conventions of {names[result.compat]} were followed."
        if (result.compat in names)
        else ""
    )


def _results(result: Synthesis, measure: Measure, used: Sequence[EffectSize]) -> str:
    people = numbers.people(used) if used else None
    if not used:
        return paragraph(_remaining(result) or "No study gave a usable result, so nothing was pooled.")
    write = Write(result.measure, people)
    if result.k == 1 and result.model not in {*_TABLE_MODELS, "bayes"}:
        start = f"One study{_with(people)} was available; its own result is given."
        exact = ("zero-cells-corrected",) if measure.kind in {"proportion", "rate"} else ()
        left = reservations(result.cautions, but=exact)
        return paragraph(start, _counts(used), _estimate(result, write, "The"), left)
    the = "The pooled" if result.k > 1 else "The estimated"
    pooled = _coefficients(result) if result.moderators else _estimate(result, write, the)
    predicted = ""
    natural = result.natural
    if result.k >= FEWEST_TO_PREDICT and natural.pi_low is not None and natural.pi_high is not None:
        bounds = f"{write(natural.pi_low)} to {write(natural.pi_high)}"
        predicted = f"The {numbers.level(result.level)} prediction interval was {bounds}."
    return paragraph(
        included(result.k, _with(people)),
        _counts(used),
        pooled,
        ""
        if result.estimate is None and not result.moderators
        else spread(
            tau2=result.tau2,
            tau2_bounds=(result.tau2_low, result.tau2_high),
            i2=result.i2,
            i2_bounds=(result.i2_low, result.i2_high),
            q=result.q,
            q_df=result.q_df,
            q_p=result.q_p,
            level=result.level,
            test=_Q_NAMES.get(result.model, "Cochran's Q"),
            word="CrI" if result.model == "bayes" else "CI",
            what="Residual heterogeneity" if result.moderators else "Heterogeneity between studies",
        ),
        predicted,
        _probabilities(result, write),
        _groups(result, measure),
        _remaining(result),
    )


def _coefficients(result: Synthesis) -> str:
    """Return the coefficients of a meta-regression with the test of all moderators."""
    said = []
    for each in result.coefficients:
        bounds = ci(each.ci_low, each.ci_high, result.level, plain_number)
        test = significance(each.statistic, each.df, each.p)
        name = "intercept" if each.term == "intrcpt" else each.term
        said.append(f"{name} {plain_number(each.estimate)}{in_brackets(bounds, test)}")
    tested = ""
    if result.moderator_tests:
        first = result.moderator_tests[0]
        on = f"{first.df} df" if first.df2 is None else f"{first.df} and {first.df2} df"
        letter = "χ²" if first.df2 is None else "F"
        value = numbers.fixed(first.statistic, 2)
        tested = f" Test of {first.label}: {letter} = {value} on {on}, {numbers.p_value(first.p)}."
    return f"Coefficients on the analysis scale: {'; '.join(said)}.{tested}" if said else ""


def _probabilities(result: Synthesis, write: Write) -> str:
    """Return the posterior probabilities of a Bayesian synthesis."""
    said = [
        f"below {write(each.value)} with probability {numbers.fixed(each.mean_below, 3)}"
        for each in result.probabilities
    ]
    return f"The mean effect lies {'; '.join(said)}." if said else ""


def _with(people: int | None) -> str:
    shown = participants(people)
    return f" with {shown}" if shown else ""


def _counts(used: Sequence[EffectSize]) -> str:
    """Return how many had the event, where all studies say so."""
    events, sizes = [numbers.group_events(effect) for effect in used], [numbers.group_sizes(effect) for effect in used]
    groups = {len(each) for each in events}
    if groups == {1} and {len(each) for each in sizes} == {1}:
        return f"The event occurred in {_of(events, sizes, 0)}."
    if groups == {2} and {len(each) for each in sizes} == {2}:
        first, second = _of(events, sizes, 0), _of(events, sizes, 1)
        return f"The event occurred in {first} in the first group and {second} in the second."
    return ""


def _of(events: Sequence[tuple[int, ...]], sizes: Sequence[tuple[int, ...]], place: int) -> str:
    return f"{numbers.count(sum(e[place] for e in events))} of {participants(sum(n[place] for n in sizes)) or '0'}"


def _estimate(result: Synthesis, write: Write, article: str) -> str:
    """Return the estimate with its interval and test, as far as they exist."""
    natural, name = result.natural, noun(result.measure)
    if natural.estimate is None:
        bounds = ci(natural.ci_low, natural.ci_high, result.level, write)
        known = f" All that can be said is a {bounds}." if bounds else ""
        return f"{article} {name} could not be estimated from these data.{known}"
    test = ""
    if get_measure(result.measure).null is not None:
        test = significance(result.statistic, result.df, result.p)
    if math.isinf(natural.estimate):
        bounds = ci(natural.ci_low, natural.ci_high, result.level, write)
        return (
            f"{article} {name} has no finite estimate, because all events were in one group{in_brackets(bounds, test)}."
        )
    word = "CrI" if result.model == "bayes" else "CI"
    bounds = ci(natural.ci_low, natural.ci_high, result.level, write, word=word)
    if result.model == "glmm" and result.estimate is None:
        return f"The {name} in all participants together was {write(natural.estimate)}{in_brackets(bounds)}."
    return f"{article} {name} was {write(natural.estimate)}{in_brackets(bounds, test)}."


def _groups(result: Synthesis, measure: Measure) -> str:
    """Return the subgroups with their test."""
    if not result.subgroups:
        return ""
    parts = []
    for label, part in result.subgroups:
        write = Write(result.measure, numbers.people(used_of(part)))
        value = part.natural
        bounds = ci(value.ci_low, value.ci_high, part.level, write)
        shown = "no estimate" if value.estimate is None else f"{write(value.estimate)}{in_brackets(bounds)}"
        parts.append(f"{label or 'without a name'}, {studies(part.k)}: {shown}")
    test = result.subgroup_test
    compared = (
        f" Test between subgroups: Q = {numbers.fixed(test.q, 2)}, df = {test.df}, {numbers.p_value(test.p)}."
        if test
        else ""
    )
    return f"The {noun(measure.name)} by subgroup was: {'; '.join(parts)}.{compared}"


def _remaining(result: Synthesis) -> str:
    return reservations(result.cautions)


# R.


def _r(result: Synthesis, used: Sequence[EffectSize]) -> str:
    if not used:
        return r_code.without("No study could be pooled, so there is nothing to repeat in R.")
    if result.compat != "metafor":
        note = r_code.without(
            f"The conventions of {result.compat} were followed; where they differ from metafor's (prediction interval, "
            "interval of tau2, zero cells under mh), metafor's are shown here."
        )
    else:
        note = ""
    elsewhere = _elsewhere(result)
    if elsewhere:
        return r_code.without(*elsewhere)
    single = "xi" in dict(used[0].inputs) and get_measure(result.measure).kind in {"proportion", "rate"}
    if result.k == 1 and single:
        return _one_group(used[0], result.level)
    if result.model in {"glmm", "peto"} and result.estimate is None:
        return r_code.without(
            "metafor stops here or gives an estimate without meaning: no events, or only events, leave none on the",
            "analysis scale.",
        )
    if result.model in {"glmm", *_TABLE_MODELS}:
        return r_code.lines(note, _tables_call(result, used))
    return r_code.lines(note, _rma(result, used))


def _elsewhere(result: Synthesis) -> tuple[str, ...]:
    """Return why the synthesis itself cannot be repeated in R, and what can; empty when it can."""
    if result.moderators:
        return (
            "The values of the moderators are not in this synthesis.",
            "Fit it with regress(), whose r_call() has them.",
        )
    if result.model == "bayes":
        return ("The prior is not in this synthesis.", "Fit it with pool_bayes(), whose r_call() has it for bayesmeta.")
    if result.model == "beta-binomial":
        return (
            "metafor has no beta-binomial model.",
            "VGAM::vglm(..., betabinomial) fits the same likelihood for one group.",
        )
    return ()


def _one_group(effect: EffectSize, level: float) -> str:
    counts = dict(effect.inputs)
    size = counts.get("ni", counts.get("ti", 0.0))
    if "mi" in counts:
        size = counts["xi"] + counts["mi"]
    function = "poisson.test" if "ti" in counts else "binom.test"
    test = r_code.call(function, r_code.literal(counts["xi"]), r_code.literal(size), **{"conf.level": level})
    return f"fit <- {test}\nfit\n"


def _columns(used: Sequence[EffectSize]) -> dict[str, list[float]] | None:
    """Return the inputs that all studies have, by column; None when they differ."""
    names = {tuple(name for name, _ in effect.inputs) for effect in used}
    if len(names) != 1 or names == {()}:
        return None
    return {name: [dict(effect.inputs)[name] for effect in used] for name in next(iter(names))}


def _same_by_escalc(used: Sequence[EffectSize]) -> bool:
    """Tell whether the counts or means give the very estimates and variances that were pooled, by default options."""
    columns = _columns(used)
    if columns is None or used[0].measure not in _BY_ESCALC:
        return False
    known = {tuple(each) for each in get_measure(used[0].measure).columns}
    if tuple(columns) not in known or "yi" in columns or "out" in columns:
        return False
    y, v = effect_arrays(used[0].measure, **cast("dict[str, Any]", columns))
    same = [(effect.yi, effect.vi) == (a, b) for effect, a, b in zip(used, y.tolist(), v.tolist(), strict=True)]
    return all(same)


def _rma(result: Synthesis, used: Sequence[EffectSize]) -> str:
    data: dict[str, Sequence[object]] = {"study": [effect.label for effect in used]}
    columns = _columns(used)
    by_escalc = _same_by_escalc(used)
    made = ""
    if by_escalc and columns is not None:
        data |= columns
        arguments = [f"{name}={name}" for name in columns]
        made = f"dat <- {r_code.call('escalc', f'measure={r_code.text(result.measure)}', *arguments, 'data=dat')}"
    else:
        data |= {"yi": [effect.yi for effect in used], "vi": [effect.vi for effect in used]}
    if result.subgroups:
        data["group"] = [effect.group for effect in used]
    weights = [effect.weight for effect in used] if "weights" in dict(result.parameters) else None
    if weights is not None:
        data["w"] = weights
    arguments = [
        "yi",
        "vi",
        "data=dat",
        *r_code.rma_options(result.model, result.tau2_method, result.test, result.level),
    ]
    if result.tau2_method == "fixed" and result.model == "random":
        arguments.append(f"tau2={r_code.number(result.tau2 or 0.0)}")
    if weights is not None:
        arguments.append("weights=w")
    fit = f"fit <- {r_code.call('rma', *arguments)}"
    groups = ""
    if result.subgroups:
        inner = r_code.call("rma", *("data=d" if each == "data=dat" else each for each in arguments))
        groups = f"by_group <- lapply(split(dat, dat$group), function(d) {inner})"
    from_q = _I2_FROM_Q if result.compat == "meta" and result.model == "random" else ""
    return r_code.lines(r_code.METAFOR, r_code.frame(data), made, fit, from_q, groups, _shown(result))


_I2_FROM_Q = """# metafor takes I2 and H2 from tau2; meta, and this result, take them from Q:
i2 <- max(0, 100 * (fit$QE - (fit$k - 1)) / fit$QE)
h2 <- max(1, fit$QE / (fit$k - 1))
c(I2 = i2, H2 = h2)
"""


def _shown(result: Synthesis) -> str:
    transform = _TRANSFORMS.get(result.measure)
    asked = dict(result.parameters).get("prediction")
    note = "" if asked is None else f"  # prediction interval here: {asked}; see the documentation of stromata"
    shown = r_code.call("predict", "fit", **({"transf": r_code.Bare(transform)} if transform else {}))
    bounds = "confint(fit)\n" if result.tau2_interval == "qp" else ""
    return f"{bounds}{shown}{note}"


def _tables_call(result: Synthesis, used: Sequence[EffectSize]) -> str:
    columns = _columns(used)
    if columns is None:
        return r_code.without("The studies give their counts in different columns; bring them into one form first.")
    data = r_code.frame({"study": [effect.label for effect in used], **columns})
    arguments = [f"{name}={name}" for name in columns]
    if result.model == "exact":
        return _exact_call(data, columns, result.level)
    parameters = dict(result.parameters)
    level = {} if result.level == 0.95 else {"level": 100 * result.level}
    test = {} if result.test == "z" else {"test": result.test}
    if result.model == "glmm":
        way = {} if result.measure in {"PLO", "IRLN"} else {"model": parameters.get("glmm", "um.fs").upper()}
        measure = f"measure={r_code.text(result.measure)}"
        fit = r_code.call("rma.glmm", measure, *arguments, "data=dat", method="ML", **way, **test, **level)
    elif result.model == "peto":
        fit = r_code.call("rma.peto", *arguments, "data=dat", **level)
    else:
        added: dict[str, object] = {}
        if "add" in parameters:
            amounts = (0.5, float(parameters["add"]))
            added = {"add": amounts, "to": ("only0", "only0")}
        if "correct" in parameters:
            added["correct"] = False
        fit = r_code.call("rma.mh", f"measure={r_code.text(result.measure)}", *arguments, "data=dat", **added, **level)
    return r_code.lines(r_code.METAFOR, data, f"fit <- {fit}", "fit")


def _exact_call(data: str, columns: dict[str, list[float]], level: float) -> str:
    b = "bi" if "bi" in columns else "n1i - ai"
    d = "di" if "di" in columns else "n2i - ci"
    array = f"with(dat, aperm(array(c(ai, {b}, ci, {d}), c(nrow(dat), 2, 2)), c(3, 2, 1)))"
    several = len(columns["ai"]) > 1
    start = "mantelhaen.test(tables, exact=TRUE" if several else "fisher.test(tables[, , 1]"
    return r_code.lines(
        data,
        f"tables <- {array}",
        f"fit <- {start}, conf.level={r_code.number(level)})",
        "fit",
        "# R's p-value adds up all outcomes that are no more probable than the one seen, and may disagree with R's own",
        "# interval. The p-value that agrees with the interval, twice the smaller tail, is:",
        f"tail <- function(side) {start}, alternative=side)$p.value",
        'min(1, 2 * tail("less"), 2 * tail("greater"))',
    )

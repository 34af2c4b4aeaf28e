"""What models of counts say: `PooledGlmm` and `PooledBetaBinomial`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stromata.model import numbers
from stromata.synthesis.cautions import FEWEST_TO_PREDICT
from stromata.synthesis.counts.beta_binomial import PooledBetaBinomial
from stromata.synthesis.counts.glmm import PooledGlmm
from stromata.synthesis.counts.glmm_moderators import GlmmRegression
from stromata.synthesis.effects.measures import get_measure
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, describe, table_of_rows
from stromata.synthesis.results.pooled import GLMM_WAYS, measure_sentence, noun
from stromata.synthesis.results.regressions import coefficients_said, matrix_lines, row_of, spoken, wald_said
from stromata.synthesis.results.result import Asked
from stromata.synthesis.results.wording import (
    Write,
    ci,
    cite,
    computed,
    in_brackets,
    included,
    listed,
    paragraph,
    participants,
    reservations,
    significance,
    spread,
    test_sentence,
)


def _people(asked: Asked | None) -> int | None:
    """Return how many people there are; None when the counts do not say."""
    if asked is None:
        return None
    data = asked.data
    for names in (("ni",), ("n1i", "n2i"), ("ai", "bi", "ci", "di")):
        if all(name in data for name in names):
            return round(sum(float(sum(data[name])) for name in names))
    return None


def _counts(asked: Asked | None) -> dict[str, Any]:  # Any: columns of numbers
    return {name: values for name, values in asked.data.items() if name not in {"labels", "data"}} if asked else {}


@describe.register
def _(result: PooledGlmm) -> Account:
    if result.regression is not None:
        return _regression(result, result.regression)
    row = Row.of("pooled", result, result.natural)
    return Account(
        table_of_rows((row,)), _glmm_methods(result), _glmm_results(result), _glmm_r(result), coefficients=(row,)
    )


def _regression(result: PooledGlmm, fit: GlmmRegression) -> Account:
    """Return what a mixed model with moderators says."""
    rows = tuple(map(row_of, fit.coefficients))
    terms = listed(dict.fromkeys(term for term in fit.matrix.terms if term != "intrcpt"))
    methods = paragraph(f"The moderators were {terms}." if terms else "", _glmm_methods(result))
    moderation = wald_said(fit.omnibus) if any(name != "intrcpt" for name in fit.omnibus.coefficients) else ""
    results = paragraph(
        _included(result.k, None),
        coefficients_said([spoken(row.term) for row in rows], rows, result.level),
        f"Test of all moderators together: {moderation}." if moderation else "",
        spread(
            tau2=fit.tau2,
            i2=result.i2,
            q=result.q,
            q_df=result.q_df,
            q_p=result.q_p,
            what="Residual heterogeneity",
            test="likelihood-ratio statistic",
        ),
        reservations(result.cautions),
    )
    return Account(table_of_rows(rows), methods, results, _glmm_r(result), coefficients=rows)


def _glmm_methods(result: PooledGlmm) -> str:
    asked = result.asked
    start = measure_sentence(get_measure(result.measure))
    if result.k < 2:
        return paragraph(start, "With fewer than two studies nothing was pooled.", computed(asked))
    equal = ", with equal true effects in all studies," if result.method == "ee" else ""
    if result.model:
        words, sources = GLMM_WAYS[result.model]
        how = f"a generalised linear mixed model ({words}; in metafor {result.model.upper()}){equal} {cite(*sources)}"
    else:
        counts = "binomial" if result.measure == "PLO" else "Poisson"
        how = f"a generalised linear mixed model for {counts} counts{equal} {cite('stijnen')}"
    points = ""
    if result.points > 1:
        points = f"The likelihood was integrated by adaptive quadrature with {result.points} points per random effect."
    return paragraph(
        start,
        f"Counts were pooled by maximum likelihood under {how}. No continuity correction was needed.",
        points,
        test_sentence(result.test, result.level),
        computed(asked),
    )


def _glmm_results(result: PooledGlmm) -> str:
    asked = result.asked
    people = _people(asked) if not result.left_out else None
    write = Write(result.measure, people)
    name, natural = noun(result.measure), result.natural
    start = "No study informs the result." if result.k == 0 else _included(result.k, people)
    bounds = ci(natural.ci_low, natural.ci_high, result.level, write)
    pooled = "pooled " if result.k > 1 else ""
    test = significance(result.statistic, result.df, result.p) if get_measure(result.measure).null is not None else ""
    if result.estimate is not None:
        said = f"The {pooled}{name} was {write(natural.estimate)}{in_brackets(bounds, test)}."
    elif natural.estimate is not None or bounds:
        said = f"The model has no finite estimate; from all counts together the {name} is {write(natural.estimate)}"
        said = f"{said}{in_brackets(bounds)}."
    else:
        said = f"The {name} could not be estimated from these data."
    fitted = result.estimate is not None and result.k > 1
    predicted = ""
    if fitted and result.k >= FEWEST_TO_PREDICT and natural.pi_low is not None and natural.pi_high is not None:
        reach = f"{write(natural.pi_low)} to {write(natural.pi_high)}"
        predicted = f"The {numbers.level(result.level)} prediction interval was {reach}."
    return paragraph(
        start,
        said,
        spread(
            tau2=result.tau2,
            i2=result.i2,
            q=result.q,
            q_df=result.q_df,
            q_p=result.q_p,
            test="likelihood-ratio statistic",
        )
        if fitted
        else "",
        predicted,
        reservations(result.cautions),
    )


def _included(k: int, people: int | None) -> str:
    return included(k, f" with {participants(people)}" if people else "")


def _glmm_r(result: PooledGlmm) -> str:
    asked, fit = result.asked, result.regression
    columns = _counts(asked)
    if not columns or asked is None:
        return r_code.without("The counts are not known here.")
    if result.k < 2 or (result.estimate is None and fit is None):
        return _crude_r(result.measure, columns, result.level)
    arguments = [f"{name}={name}" for name in columns]
    made = ""
    if fit is not None:
        rows = list(fit.matrix.rows)
        columns = {name: [values[row] for row in rows] for name, values in columns.items()}
        names = [each.name for each in fit.coefficients]
        made, mods = matrix_lines(fit.matrix.x[:, list(fit.kept)], names)
        arguments += mods
    options: dict[str, Any] = {"method": "EE" if result.method == "ee" else "ML"}  # Any: values R has a word for
    if result.model:
        options = {"model": result.model.upper(), **options}
    if asked.get("points") is not None and result.points > 0:
        options["nAGQ"] = result.points
    if result.test != "z":
        options["test"] = result.test
    if result.level != 0.95:
        options["level"] = 100 * result.level
    call = r_code.call("rma.glmm", f"measure={r_code.text(result.measure)}", *arguments, "data=dat", **options)
    return r_code.lines(r_code.METAFOR, r_code.frame(columns), made, f"fit <- {call}", "fit")


def _crude_r(measure: str, columns: Mapping[str, Any], level: float) -> str:  # Any: columns of numbers
    """Return the exact test of all counts together, for results that have no estimate on the analysis scale."""
    data = r_code.frame(columns)
    end = f"conf.level={r_code.number(level)})"
    if measure == "PLO":
        return r_code.lines(data, f"fit <- binom.test(sum(dat$xi), sum(dat$ni), {end}", "fit")
    if measure == "IRLN":
        return r_code.lines(data, f"fit <- poisson.test(sum(dat$xi), sum(dat$ti), {end}", "fit")
    return r_code.without(
        "The estimate is infinite or does not exist, and metafor stops at such data.",
        "The exact conditional bound of an odds ratio is that of mantelhaen.test(..., exact=TRUE).",
    )


@describe.register
def _(result: PooledBetaBinomial) -> Account:
    natural = result.natural
    row = Row(
        "pooled",
        result.estimate,
        result.se,
        None,
        None,
        result.p,
        result.ci_low,
        result.ci_high,
        natural=natural.estimate,
        natural_low=natural.ci_low,
        natural_high=natural.ci_high,
    )
    methods = paragraph(
        measure_sentence(get_measure(result.measure)),
        "Counts were pooled by maximum likelihood under a beta-binomial model, which lets the true proportion vary "
        f"between studies and needs no continuity correction {cite('kuss')}.",
        f"Confidence intervals rest on the normal distribution; their level is {numbers.level(result.level)}."
        if result.estimate is not None
        else "",
        computed(result.asked),
    )
    return Account(table_of_rows((row,)), methods, _beta_results(result), _BETA_R, coefficients=(row,))


_BETA_R = r_code.without(
    "metafor has no beta-binomial model. In R, VGAM::vglm(cbind(xi, ni - xi) ~ 1, betabinomial) fits the same",
    "likelihood for one group; compare its logit of mu and its rho.",
)


def _beta_results(result: PooledBetaBinomial) -> str:
    people = _people(result.asked)
    write = Write(result.measure, people)
    name, natural = noun(result.measure), result.natural
    bounds = ci(natural.ci_low, natural.ci_high, result.level, write)
    if result.estimate is not None:
        said = f"The pooled {name} was {write(natural.estimate)}{in_brackets(bounds, numbers.p_value(result.p))}."
    elif natural.estimate is not None or bounds:
        said = f"The model has no finite estimate; from all counts together the {name} is {write(natural.estimate)}"
        said = f"{said}{in_brackets(bounds)}."
    else:
        said = f"The {name} could not be estimated from these data."
    rho = ""
    if result.rho is not None:
        rho = f"The correlation between participants of one arm was {numbers.correlation(result.rho)}."
    start = "No study informs the result." if result.k == 0 else _included(result.k, people)
    return paragraph(start, said, rho if result.k > 1 else "", reservations(result.cautions))

"""What tests and models of reporting bias say."""

from __future__ import annotations

from typing import Any

import numpy as np

from stromata.model import numbers
from stromata.synthesis.bias.asymmetry import HenmiCopas, PetPeese, RankTest, RegressionTest, TrimAndFill
from stromata.synthesis.bias.evidence_value import ExcessSignificance, PCurve
from stromata.synthesis.bias.failsafe import FailSafe
from stromata.synthesis.bias.selection import SelectionFit
from stromata.synthesis.bias.table_asymmetry import TableRegressionTest
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, Table, describe, table_of_columns, table_of_rows
from stromata.synthesis.results.result import Asked
from stromata.synthesis.results.wording import (
    ci,
    cite,
    computed,
    in_brackets,
    listed,
    model_words,
    paragraph,
    plain_number,
    reservations,
    significance,
    studies,
    test_sentence,
)
from stromata.synthesis.study_set import StudySet, study_set

_UNKNOWN = r_code.without("The studies are not known here: this result is a part of another, whose call has them.")


def given_studies(asked: Asked) -> StudySet:
    """Return the studies that a question was about."""
    return study_set(asked.get("effects"), asked.get("vi"), labels=asked.get("labels"), ni=asked.get("ni"))


def study_lines(asked: Asked, *, also: dict[str, Any] | None = None) -> str:  # Any: columns
    """Return the data frame of the studies that a question was about."""
    found = given_studies(asked)
    data: dict[str, Any] = {"study": found.labels, "yi": found.y, "vi": found.v}  # Any: columns
    return r_code.lines(r_code.METAFOR, r_code.frame(data | (also or {})))


def level_of(asked: Asked | None) -> float:
    """Return the level of confidence that was asked for."""
    value = asked.get("level") if asked else None
    return 0.95 if value is None else float(value)


def facts(**values: object) -> Table:
    """Return numbers by name, as a table of two columns."""
    return table_of_columns(quantity=list(values), value=list(values.values()))


def _sizes(asked: Asked) -> dict[str, Any]:  # Any: columns
    """Return the sizes of the studies as a column, where the question needs them."""
    found = given_studies(asked)
    return (
        {"ni": found.n}
        if found.n is not None and asked.get("predictor") in {"ni", "ninv", "sqrtni", "sqrtninv"}
        else {}
    )


# Asymmetry.

_PREDICTORS = {
    "sei": "the standard error",
    "vi": "the sampling variance",
    "ni": "the number of participants",
    "ninv": "the inverse of the number of participants",
    "sqrtni": "the root of the number of participants",
    "sqrtninv": "the root of the inverse number of participants",
}


@describe.register
def _(result: RegressionTest) -> Account:
    asked = result.asked
    level = level_of(asked)
    rows = (
        Row("slope", result.slope, result.se, result.statistic, result.df, result.p),
        Row("limit", result.limit, result.limit_se, ci_low=result.limit_low, ci_high=result.limit_high),
    )
    predictor = _PREDICTORS[result.predictor]
    if result.model == "lm":
        how = "a weighted linear regression with a free residual variance"
    else:
        method = asked.get("method") if asked else "reml"
        how = "a common-effect meta-regression" if method == "ee" else "a mixed-effects meta-regression"
    methods = paragraph(
        f"Asymmetry of the funnel plot was tested by regressing the estimates on {predictor} in {how} {cite('egger')}.",
        f"The limit of the effect as the predictor goes to 0 is that of the same line {cite('moreno')}."
        if result.limit is not None
        else "",
        computed(asked),
    )
    test = significance(result.statistic, result.df, result.p)
    limit = ""
    if result.limit is not None:
        bounds = in_brackets(ci(result.limit_low, result.limit_high, level, plain_number))
        limit = f"The effect extrapolated to a study without sampling error was {plain_number(result.limit)}{bounds}."
    results = paragraph(
        f"In {studies(result.k)}, the slope on {predictor} was {plain_number(result.slope)}{in_brackets(test)}.",
        limit,
        reservations(result.cautions),
    )
    return Account(table_of_rows(rows), methods, results, _regtest_r(result), coefficients=rows)


def _regtest_r(result: RegressionTest) -> str:
    asked = result.asked
    if asked is None:
        return _UNKNOWN
    data = study_lines(asked, also=_sizes(asked))
    sizes = ["ni=ni"] if "ni" in _sizes(asked) else []
    method, test, level = asked.get("method"), asked.get("test"), level_of(asked)
    x, mods = _matrix_of(asked)
    options = r_code.rma_options("common" if method == "ee" else "random", method, test, level)
    fit = r_code.call("rma", "yi", "vi", *mods, *sizes, "data=dat", *options)
    call = r_code.call("regtest", "fit", model=result.model, predictor=result.predictor)
    return r_code.lines(data, x, f"fit <- {fit}", f"test <- {call}", "test")


def _matrix_of(asked: Asked) -> tuple[str, list[str]]:
    """Return the line that makes the model matrix that was asked for, and the arguments that take it."""
    given = asked.get("moderators")
    if given is None:
        return "", []
    x = np.asarray(given, dtype=np.float64)[list(given_studies(asked).used)]
    return f"X <- {r_code.matrix(x)}", ["mods=X", "intercept=FALSE"]


@describe.register
def _(result: RankTest) -> Account:
    methods = paragraph(
        "Asymmetry of the funnel plot was tested by the rank correlation (Kendall's tau) between standardised "
        f"effects and sampling variances {cite('begg')}.",
        computed(result.asked),
    )
    if result.tau is None:
        said = f"The rank test has no answer for these {studies(result.k)}."
    else:
        how = "exact" if result.exact else "normal approximation"
        tau = numbers.correlation(result.tau)
        said = f"In {studies(result.k)}, Kendall's tau was {tau} ({numbers.p_value(result.p)}, {how})."
    r = _UNKNOWN
    if result.asked is not None and result.asked.function != "ranktest":
        r = r_code.without(
            "metafor has no rank test of tables; meta::metabias() has one, by Schwarzer, Antes and Schumacher."
        )
    elif result.asked is not None:
        r = r_code.lines(
            study_lines(result.asked),
            f"test <- ranktest(yi, vi, data=dat, exact={r_code.literal(result.exact)})",
            "test",
        )
    table = facts(k=result.k, tau=result.tau, p=result.p, exact=result.exact)
    return Account(table, methods, paragraph(said, reservations(result.cautions)), r)


_TABLE_TESTS = {
    "harbord": ("Harbord's test, of the score on its precision", "harbord"),
    "peters": ("Peters's test, of the log odds ratio on the inverse of the number of participants", "peters"),
    "deeks": ("Deeks's test, of the log odds ratio on the effective sample size", "deeks"),
    "macaskill": ("Macaskill's test, of the log odds ratio on the number of participants", "macaskill"),
    "macaskill-pooled": ("Macaskill's test, of the log odds ratio on the number of participants", "macaskill"),
    "arcsine": ("the arcsine test, of the difference of arcsines on its standard error", "ruecker-2008"),
}
_TABLE_LINES = {
    "harbord": ("I((ai - n1i * m / N) / V) ~ I(1 / sqrt(V))", "V"),
    "peters": ("yi ~ I(1 / N)", "1 / (1 / m + 1 / (N - m))"),
    "deeks": ("yi ~ I(1 / sqrt(4 * n1i * n2i / N))", "4 * n1i * n2i / N"),
    "macaskill": ("yi ~ N", "1 / vi"),
    "macaskill-pooled": ("yi ~ N", "1 / (1 / m + 1 / (N - m))"),
}
"""Model and weights of the regressions, as R has them."""


@describe.register
def _(result: TableRegressionTest) -> Account:
    row = Row("slope", result.slope, result.se, result.statistic, result.df, result.p)
    words, source = _TABLE_TESTS[result.type]
    methods = paragraph(
        f"Asymmetry of the funnel plot was tested in the two-by-two tables by {words} {cite(source)}.",
        computed(result.asked),
    )
    test = in_brackets(significance(result.statistic, result.df, result.p))
    said = f"In {studies(result.k)} the slope was {plain_number(result.slope)}{test}."
    results = paragraph(said, reservations(result.cautions))
    return Account(table_of_rows((row,)), methods, results, _tables_r(result), (row,))


def _tables_r(result: TableRegressionTest) -> str:
    asked = result.asked
    if asked is None:
        return _UNKNOWN
    names = ("ai", "n1i", "ci", "n2i")
    data = r_code.frame({name: asked.get(name) for name in names})
    if result.type == "arcsine":
        made = 'dat <- escalc(measure="AS", ai=ai, n1i=n1i, ci=ci, n2i=n2i, data=dat)'
        fit = r_code.call("rma", "yi", "vi", "data=dat", *r_code.rma_options("random", "reml", "t", 0.95))
        return r_code.lines(r_code.METAFOR, data, made, f"test <- regtest({fit})", "test")
    formula, weights = _TABLE_LINES[result.type]
    return r_code.lines(
        r_code.METAFOR,
        data,
        "dat <- subset(dat, ai + ci > 0 & ai + ci < n1i + n2i)",
        'dat <- escalc(measure="OR", ai=ai, n1i=n1i, ci=ci, n2i=n2i, data=dat)',
        "dat <- transform(dat, m = ai + ci, N = n1i + n2i)",
        "dat <- transform(dat, V = n1i * n2i * m * (N - m) / (N^2 * (N - 1)))",
        f"fit <- lm({formula}, weights={weights}, data=dat)",
        "summary(fit)",
    )


@describe.register
def _(result: TrimAndFill) -> Account:
    asked, level = result.asked, level_of(result.asked)
    rows = []
    for name, each in (("observed", result.original), ("with filled studies", result.pooled)):
        if each is not None:
            rows.append(
                Row(
                    name,
                    each.estimate,
                    each.se,
                    each.statistic,
                    each.df,
                    each.p,
                    each.ci_low,
                    each.ci_high,
                    each.pi_low,
                    each.pi_high,
                )
            )
    method = asked.get("method") if asked else "reml"
    methods = paragraph(
        f"Missing studies were imputed by trim and fill with estimator {result.estimator} {cite('duval-tweedie')}.",
        model_words(method),
        test_sentence(_test(asked), level),
        computed(asked),
    )
    original = result.original
    start = (
        f"The pooled estimate of the observed studies was {plain_number(original.estimate)}"
        f"{in_brackets(ci(original.ci_low, original.ci_high, level, plain_number))}."
    )
    if result.k0 is None or result.pooled is None:
        said = "How many studies are missing could not be estimated."
    else:
        uncertain = f" (standard error {plain_number(result.se_k0)})" if result.se_k0 is not None else ""
        missing = f"{studies(result.k0)} appeared to be missing on the {result.side} side{uncertain}"
        with_them = (
            f"; with {'it' if result.k0 == 1 else 'them'} the estimate was {plain_number(result.pooled.estimate)}"
            f"{in_brackets(ci(result.pooled.ci_low, result.pooled.ci_high, level, plain_number))}"
            if result.k0
            else ""
        )
        said = f"{missing}{with_them}."
    results = paragraph(start, said, reservations(result.cautions))
    r = _UNKNOWN
    if asked is not None:
        call = r_code.call("trimfill", "fit", side=result.side, estimator=result.estimator, maxiter=10000)
        r = r_code.lines(study_lines(asked), f"fit <- {r_code.rma_of(asked)}", f"filled <- {call}", "filled")
    return Account(table_of_rows(rows), methods, results, r, coefficients=tuple(rows))


def _test(asked: Asked | None) -> str:
    return str(asked.get("test")) if asked else "z"


@describe.register
def _(result: PetPeese) -> Account:
    level = level_of(result.asked)
    pet, peese = result.pet, result.peese
    rows = tuple(
        Row(name, each.limit, each.limit_se, ci_low=each.limit_low, ci_high=each.limit_high)
        for name, each in (("PET", pet), ("PEESE", peese))
    )
    methods = paragraph(
        "The effect in a study without sampling error was estimated by weighted regression of the estimates on their "
        "standard errors (PET) and on their variances (PEESE); PEESE is taken when the limit of PET differs from 0 "
        f"{cite('stanley')}.",
        computed(result.asked),
    )
    said = "; ".join(
        f"{row.term} {plain_number(row.estimate)}{in_brackets(ci(row.ci_low, row.ci_high, level, plain_number))}"
        for row in rows
    )
    results = paragraph(
        f"In {studies(pet.k)} the limits were: {said}. By the rule, {result.chosen.upper()} is the estimate.",
        reservations(result.cautions),
    )
    r = _UNKNOWN
    if result.asked is not None:
        r = r_code.lines(
            study_lines(result.asked).removeprefix(f"{r_code.METAFOR}\n"),
            "pet <- lm(yi ~ sqrt(vi), weights=1/vi, data=dat)",
            "peese <- lm(yi ~ vi, weights=1/vi, data=dat)",
            "summary(pet)",
            "summary(peese)",
        )
    return Account(table_of_rows(rows), methods, results, r, coefficients=rows)


@describe.register
def _(result: HenmiCopas) -> Account:
    level = level_of(result.asked)
    row = Row("pooled", result.estimate, result.se, ci_low=result.ci_low, ci_high=result.ci_high)
    methods = paragraph(
        "The common-effect estimate is given with the confidence interval of Henmi and Copas, which allows for "
        f"heterogeneity and is moved less by reporting bias {cite('henmi-copas')}.",
        computed(result.asked),
    )
    bounds = in_brackets(ci(result.ci_low, result.ci_high, level, plain_number))
    said = f"The estimate was {plain_number(result.estimate)}{bounds}; τ² = {plain_number(result.tau2)}."
    r = _UNKNOWN
    if result.asked is not None:
        options = r_code.rma_options("random", "dl", "z", level)
        fit = r_code.call("rma", "yi", "vi", "data=dat", *options)
        r = r_code.lines(study_lines(result.asked), f"fit <- {fit}", "test <- hc(fit, control=list(tol=1e-12))", "test")
    return Account(table_of_rows((row,)), methods, paragraph(said, reservations(result.cautions)), r, (row,))


# Selection models.

_WEIGHTS = {
    "stepfun": ("a step function of the p-value", "vevea-hedges"),
    "beta": ("a beta density of the p-value", "citkowicz"),
    "halfnorm": ("a half-normal function of the p-value", "preston"),
    "negexp": ("a negative exponential function of the p-value", "preston"),
    "logistic": ("a logistic function of the p-value", "preston"),
    "power": ("a power function of the p-value", "preston"),
    "negexppow": ("a negative exponential power function of the p-value", "begg"),
    "trunc": ("a step function of the estimate", "rust"),
    "truncest": ("a step function of the estimate with an estimated cut-point", "rust"),
}


@describe.register
def _(result: SelectionFit) -> Account:
    level = level_of(result.asked)
    rows = [
        Row("estimate", result.estimate, result.se, result.statistic, None, result.p, result.ci_low, result.ci_high),
        Row("tau2", result.tau2, result.tau2_se),
        *(
            Row(f"delta {i + 1}", delta, se, ci_low=low, ci_high=high)
            for i, (delta, se, low, high) in enumerate(
                zip(result.delta, result.delta_se, result.delta_low, result.delta_high, strict=True)
            )
        ),
        Row("estimate without selection", result.plain_estimate),
    ]
    words, source = _WEIGHTS[result.type]
    steps = ""
    if result.steps:
        inner = [f"{step:g}" for step in result.steps if step < 1]
        steps = f" with {'a cut-point' if len(inner) == 1 else 'cut-points'} at {listed(inner)}"
    side = {
        "greater": "towards positive effects",
        "less": "towards negative effects",
        "two.sided": "in either direction",
    }
    methods = paragraph(
        f"Reporting bias was modelled by {words}{steps}, with selection {side[result.alternative]}, fitted by maximum "
        f"likelihood {cite('iyengar', source)}.",
        computed(result.asked),
    )
    bounds = ci(result.ci_low, result.ci_high, level, plain_number)
    test = ""
    if result.lrt_p is not None:
        test = (
            f"Likelihood-ratio test of selection: χ² = {numbers.fixed(result.lrt, 2)} on {result.lrt_df} df, "
            f"{numbers.p_value(result.lrt_p)}."
        )
    results = paragraph(
        f"In {studies(result.k)} the mean effect was {plain_number(result.plain_estimate)} without a model of "
        f"selection and {plain_number(result.estimate)}{in_brackets(bounds)} with it; τ² was "
        f"{plain_number(result.plain_tau2)} and {plain_number(result.tau2)}.",
        test,
        "This is an analysis of sensitivity: the model of selection cannot be checked against what was not reported.",
        reservations(result.cautions),
    )
    return Account(table_of_rows(rows), methods, results, _selection_r(result), tuple(rows[:1]))


def _selection_r(result: SelectionFit) -> str:
    asked = result.asked
    if asked is None:
        return _UNKNOWN
    options: dict[str, Any] = {"type": result.type, "alternative": result.alternative}  # Any: values R has a word for
    given_steps = asked.get("steps") or (result.steps if result.type == "stepfun" else ())
    if given_steps:
        options["steps"] = list(given_steps)
    if asked.get("delta") is not None:
        options["delta"] = list(asked.get("delta"))
    if asked.get("prec") is not None:
        options["prec"] = asked.get("prec")
    if asked.get("decreasing"):
        options["decreasing"] = True
    plain = asked.get("method") == "ee"
    found = given_studies(asked)
    sizes = {"ni": found.n} if found.n is not None and asked.get("prec") in {"ninv", "sqrtninv"} else {}
    fit_options = r_code.rma_options("common" if plain else "random", "ml", "z", level_of(asked))
    fit = r_code.call("rma", "yi", "vi", *(["ni=ni"] if sizes else []), "data=dat", *fit_options)
    data = study_lines(asked, also=sizes)
    return r_code.lines(data, f"fit <- {fit}", f"sel <- {r_code.call('selmodel', 'fit', **options)}", "sel")


# Numbers of studies.

_FAIL_SAFE = {
    "rosenthal": ("Rosenthal's fail-safe N", "rosenthal"),
    "orwin": ("Orwin's fail-safe N", "orwin"),
    "rosenberg": ("Rosenberg's fail-safe N", "rosenberg"),
    "general": ("a fail-safe N under the random-effects model", "rosenberg"),
}


@describe.register
def _(result: FailSafe) -> Account:
    words, source = _FAIL_SAFE[result.type]
    methods = paragraph(
        f"{words[0].upper()}{words[1:]} was computed: the number of unreported studies without an average effect that "
        f"would overturn the result {cite(source)}.",
        computed(result.asked),
    )
    target = (
        f"bring the average to {plain_number(result.target)}" if result.target is not None else "make it insignificant"
    )
    if result.number == 0:
        said = f"The result of {studies(result.k)} is overturned already: the fail-safe N is 0."
    else:
        said = (
            f"Added to {studies(result.k)}, {numbers.count(result.number)} unreported "
            f"{'study' if result.number == 1 else 'studies'} without an average effect would {target}."
        )
    table = facts(
        number=result.number, k=result.k, alpha=result.alpha, target=result.target, estimate=result.estimate,
        tau2=result.tau2, p=result.p, estimate_with=result.estimate_with, tau2_with=result.tau2_with,
        p_with=result.p_with,
    )  # fmt: skip
    end = "Such a number rests on the assumption that what is unreported averages nothing."
    return Account(table, methods, paragraph(said, end, reservations(result.cautions)), _fsn_r(result))


def _fsn_r(result: FailSafe) -> str:
    asked = result.asked
    if asked is None:
        return _UNKNOWN
    if asked.get("combination") != "stouffer":
        return r_code.without("metafor's fsn() combines p-values by Stouffer's method.")
    options: dict[str, Any] = {"type": result.type.capitalize()}  # Any: values R has a word for
    if result.alpha is not None:
        options["alpha"] = result.alpha
    if result.target is not None:
        options["target"] = abs(result.target)
    note = ""
    if result.type == "orwin":
        options["weighted"] = bool(asked.get("weighted"))
    if result.type == "general":
        options["method"] = r_code.METHODS[asked.get("method")]
        note = "# Type General needs a newer metafor than 3.8."
    call = r_code.call("fsn", "yi", "vi", "data=dat", **options)
    return r_code.lines(study_lines(asked), note, f"test <- {call}", "test")


@describe.register
def _(result: ExcessSignificance) -> Account:
    asked = result.asked
    methods = paragraph(
        "The number of significant studies was compared with the number that their power leads to expect, were the "
        f"pooled effect the true one in all of them {cite('ioannidis')}.",
        computed(asked),
    )
    excess = "" if result.ratio is None else f", a ratio of {numbers.ratio(result.ratio)}"
    said = (
        f"Of {studies(result.k)}, {result.observed} {'was' if result.observed == 1 else 'were'} significant and "
        f"{numbers.fixed(result.expected, 1)} were expected{excess} ({numbers.p_value(result.p)})."
    )
    table = facts(
        k=result.k, observed=result.observed, expected=result.expected, ratio=result.ratio, theta=result.theta,
        statistic=result.statistic, p=result.p,
    )  # fmt: skip
    r = _UNKNOWN
    if asked is not None:
        call = r_code.call(
            "tes",
            "yi",
            "vi",
            "data=dat",
            theta=result.theta,
            alternative=asked.get("alternative"),
            alpha=asked.get("alpha"),
            test=result.test,
            **{"tes.alternative": asked.get("excess"), "progbar": False},
        )
        r = r_code.lines(study_lines(asked), f"test <- {call}", "test")
    return Account(table, methods, paragraph(said, reservations(result.cautions)), r)


@describe.register
def _(result: PCurve) -> Account:
    methods = paragraph(
        "The p-curve of the significant results was tested for evidential value: a curve that is skewed to the right "
        f"shows evidence of an effect {cite('p-curve')}.",
        computed(result.asked),
    )
    tests = _p_curve_tests(
        ("right skew", result.right_z, result.right_p),
        ("right skew of the half curve", result.right_half_z, result.right_half_p),
        ("flatter than with a power of one third", result.flat_z, result.flat_p),
    )
    power = ""
    if result.power is not None:
        bounds = in_brackets(
            ci(result.power_low, result.power_high, 0.90, lambda value: f"{numbers.percent(value, None)} %")
        )
        power = f"The average power of these studies was estimated at {numbers.percent(result.power, None)} %{bounds}."
    if result.evidence:
        verdict = "The curve shows evidential value."
    elif result.inadequate:
        verdict = "Evidential value, if there is any, is inadequate."
    else:
        verdict = "The curve neither shows evidential value nor rules it out."
    start = f"Of {studies(result.k)}, {result.significant} {'was' if result.significant == 1 else 'were'} significant."
    results = paragraph(start, tests, power, verdict if result.significant else "", reservations(result.cautions))
    table = facts(
        k=result.k, significant=result.significant, half=result.half, right_z=result.right_z, right_p=result.right_p,
        right_half_z=result.right_half_z, right_half_p=result.right_half_p, flat_z=result.flat_z, flat_p=result.flat_p,
        flat_half_z=result.flat_half_z, flat_half_p=result.flat_half_p, power=result.power, power_low=result.power_low,
        power_high=result.power_high,
    )  # fmt: skip
    r = r_code.without(
        "metafor has no p-curve. The program of its authors (p-curve.com) takes the z-values, yi / sqrt(vi)."
    )
    return Account(table, methods, results, r)


def _p_curve_tests(*tests: tuple[str, float | None, float | None]) -> str:
    said = [f"{name}, {significance(z, None, p)}" for name, z, p in tests if z is not None]
    return f"Tests: {'; '.join(said)}." if said else ""

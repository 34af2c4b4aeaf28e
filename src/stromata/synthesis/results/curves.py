"""What pooled curves say: dose and response, and the accuracy of tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stromata.model import numbers
from stromata.synthesis.curves.diagnostic import Accuracy, Proportion
from stromata.synthesis.curves.dose_response import DoseResponse
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, Table, describe, table_of_rows
from stromata.synthesis.results.result import Asked
from stromata.synthesis.results.wording import (
    ci,
    cite,
    computed,
    in_brackets,
    included,
    listed,
    paragraph,
    plain_number,
    reservations,
    significance,
    spread,
    studies,
)

_FITTED = {
    "reml": "restricted maximum likelihood",
    "ml": "maximum likelihood",
    "mm": "the method of moments",
    "fixed": "a common-effect model",
}


# Dose and response.


@describe.register
def _(result: DoseResponse) -> Account:
    rows = tuple(
        Row(each.name, each.estimate, each.se, each.statistic, None, each.p, each.ci_low, each.ci_high)
        for each in result.coefficients
    )
    return Account(
        table_of_rows(rows), _curve_methods(result), _curve_results(result), _curve_r(result), coefficients=rows
    )


def _curve_methods(result: DoseResponse) -> str:
    shape = {
        "linear": "a linear curve",
        "quadratic": "a quadratic curve",
        "rcs": f"a restricted cubic spline with knots at {listed(f'{knot:g}' for knot in result.knots)}",
    }[result.curve]
    kind = result.asked.get("covariance") if result.asked else "gl"
    source = {"gl": " " + cite("greenland-longnecker"), "hamling": " " + cite("hamling")}.get(kind, "")
    covariance = (
        "taken as independent" if kind == "independent" else f"with covariances reconstructed within studies{source}"
    )
    stages = cite("orsini-2012") if result.stages == 2 else cite("crippa-2019")
    return paragraph(
        f"Log relative risks by dose, {covariance}, were pooled with {shape} in "
        f"{'two stages' if result.stages == 2 else 'one stage'} by {_FITTED[result.method]} {stages}.",
        f"Intervals have a level of {numbers.level(result.level)}.",
        computed(result.asked),
    )


def _curve_results(result: DoseResponse) -> str:
    said = []
    for each in result.coefficients:
        bounds = ci(each.ci_low, each.ci_high, result.level, plain_number)
        said.append(f"{each.name} {plain_number(each.estimate)}{in_brackets(bounds)}")
    slope = ""
    if result.curve == "linear":
        (only,) = result.coefficients
        ratio, low, high = (math.exp(value) for value in (only.estimate, only.ci_low, only.ci_high))
        bounds = in_brackets(ci(low, high, result.level, numbers.ratio))
        slope = f"The relative risk per unit of dose was {numbers.ratio(ratio)}{bounds}."
    tests = (
        f"Test of any association: {_wald(result.association.statistic, result.association.df, result.association.p)}."
    )
    if result.nonlinearity is not None:
        bent = result.nonlinearity
        tests += f" Test of departure from a straight line: {_wald(bent.statistic, bent.df, bent.p)}."
    return paragraph(
        included(len(result.studies)),
        slope or f"Coefficients on the log scale: {'; '.join(said)}.",
        tests,
        spread(q=result.q, q_df=result.q_df, q_p=result.q_p, what="Heterogeneity between curves"),
        reservations(result.cautions),
    )


def _wald(statistic: float, df: int, p: float) -> str:
    return significance(statistic, df, p, letter="χ²")


def _curve_r(result: DoseResponse) -> str:
    asked = result.asked
    if asked is None:
        return r_code.without("The data are not known here.")
    columns: dict[str, Any] = {
        "id": [str(each) for each in asked.get("study")],
        "dose": asked.get("dose"),
    }  # Any: columns
    errors = [0.0 if each is None or math.isnan(each) else each for each in asked.get("sei")]
    columns |= {"logrr": asked.get("yi"), "se": errors}
    for name in ("cases", "n"):
        if asked.get(name) is not None:
            columns[name] = asked.get(name)
    design = asked.get("design")
    columns["type"] = [design] * len(errors) if isinstance(design, str) else list(design)
    shape = {
        "linear": "dose",
        "quadratic": "dose + I(dose^2)",
        "rcs": f"rms::rcs(dose, {r_code.literal(result.knots)})",
    }
    covariance = {"gl": "gl", "hamling": "h", "independent": "indep"}[asked.get("covariance")]
    fit = r_code.call(
        "dosresmeta",
        f"formula=logrr ~ {shape[result.curve]}",
        "id=id",
        "type=type",
        "se=se",
        *(f"{name}={name}" for name in ("cases", "n") if name in columns),
        "data=dat",
        method=result.method,
        covariance=covariance,
        proc=None if result.stages == 2 else "1stage",
    )
    return r_code.lines("library(dosresmeta)", r_code.frame(columns), f"fit <- {fit}", "summary(fit)")


# Accuracy.


@describe.register
def _(result: Accuracy) -> Account:
    summary = tuple(
        _accuracy_row(name, getattr(result, name.replace(" ", "_")))
        for name in ("sensitivity", "specificity", "positive ratio", "negative ratio", "odds ratio")
    )
    logits = tuple(
        Row(f"logit {name}", value, se)
        for name, value, se in zip(
            ("sensitivity", "specificity"),
            result.logits.tolist(),
            np.sqrt(result.covariance.diagonal()).tolist(),
            strict=True,
        )
    )
    return Account(
        _accuracy_table(result, (*summary, *logits)),
        _accuracy_methods(result),
        _accuracy_results(result),
        _accuracy_r(result.asked, result),
        coefficients=logits,
    )


def _accuracy_row(name: str, value: Proportion) -> Row:
    return Row(name, natural=value.estimate, natural_low=value.ci_low, natural_high=value.ci_high)


def _accuracy_table(result: Accuracy, rows: tuple[Row, ...]) -> Table:
    own = [
        _accuracy_row(f"{each.label}: {name}", value)
        for each in result.studies
        for name, value in (("sensitivity", each.sensitivity), ("specificity", each.specificity))
    ]
    return table_of_rows((*own, *rows))


def _accuracy_methods(result: Accuracy) -> str:
    adjusted = sum(each.adjusted for each in result.studies)
    zero = f"In {studies(adjusted)} with an empty cell a constant was added to the counts." if adjusted else ""
    return paragraph(
        "Sensitivity and specificity were pooled on the logit scale in a bivariate model "
        f"{cite('reitsma')}, fitted by {_FITTED[result.method]}.",
        f"The summary curve is that of the hierarchical model {cite('rutter-gatsonis')}." if result.curve else "",
        zero,
        f"Intervals have a level of {numbers.level(result.level)}.",
        computed(result.asked),
    )


def _accuracy_results(result: Accuracy) -> str:
    people = None
    if result.asked is not None:
        people = round(sum(float(sum(result.asked.get(name))) for name in ("TP", "FN", "FP", "TN")))

    def share(value: float | None) -> str:
        return f"{numbers.percent(value, people)} %"

    def said(value: Proportion, *, ratio: bool = False) -> str:
        write = numbers.ratio if ratio else share
        return f"{write(value.estimate)}{in_brackets(ci(value.ci_low, value.ci_high, result.level, write))}"

    area = f"The area under the summary curve was {numbers.fixed(result.curve.area, 2)}." if result.curve else ""
    return paragraph(
        included(result.k),
        f"At the summary point sensitivity was {said(result.sensitivity)} and specificity {said(result.specificity)}; "
        f"the likelihood ratios were {said(result.positive_ratio, ratio=True)} for a positive and "
        f"{said(result.negative_ratio, ratio=True)} for a negative result.",
        area,
        reservations(result.cautions),
    )


def _accuracy_r(asked: Asked | None, result: Accuracy) -> str:
    if asked is None:
        return r_code.without("The counts are not known here.")
    names = ("TP", "FN", "FP", "TN")
    data = r_code.frame({name: asked.get(name) for name in names})
    add = asked.get("add")
    correct = ""
    if any(each.adjusted for each in result.studies):
        rows = [i + 1 for i, each in enumerate(result.studies) if each.adjusted]
        correct = f"dat[{r_code.literal(rows)}, ] <- dat[{r_code.literal(rows)}, ] + {r_code.number(float(add))}"
    level = [] if result.level == 0.95 else [f"level={r_code.number(100 * result.level)}"]
    if result.method == "mm":
        return r_code.lines("library(mada)", data, correct, 'fit <- reitsma(dat, method="mm", correction=0)', "fit")
    long = (
        'long <- with(dat, data.frame(study = rep(seq_along(TP), 2), part = rep(c("1 sensitivity", "2 specificity"), '
        "each = length(TP)),\n  yi = c(log(TP / FN), log(TN / FP)), vi = c(1 / TP + 1 / FN, 1 / TN + 1 / FP)))"
    )
    random = (
        []
        if result.method == "fixed"
        else ["random=~ part | study", 'struct="UN"', f'method="{result.method.upper()}"']
    )
    tight = [] if result.method == "fixed" else ["control=list(rel.tol=1e-10)"]
    fit = r_code.call("rma.mv", "yi", "vi", "mods=~ part - 1", *random, "data=long", *level, *tight)
    return r_code.lines(r_code.METAFOR, data, correct, long, f"fit <- {fit}", "fit")

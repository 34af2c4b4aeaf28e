"""What meta-regressions say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stromata.model import numbers
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.regression.inference import Contrasts, LikelihoodRatio, weight_rows
from stromata.synthesis.regression.meta_regression import Coefficient, MetaRegression, WaldTest
from stromata.synthesis.regression.permutation import PermutationTest
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, describe, table_of_columns, table_of_rows
from stromata.synthesis.results.result import Asked
from stromata.synthesis.results.wording import (
    ESTIMATORS,
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
    test_sentence,
)

_MOST_SAID = 12
"""Coefficients that a paragraph names; more stand in the table."""

_OTHER_PACKAGES = re.compile(r"\b(rcs|poly|relevel|log1p)\b")
"""Parts of a formula that R knows from other packages, or that are not worth the risk of another meaning there."""


@describe.register
def _(result: MetaRegression) -> Account:
    rows = tuple(map(row_of, result.coefficients))
    return Account(table_of_rows(rows), _methods(result), _results(result), _r(result), coefficients=rows)


def row_of(each: Coefficient) -> Row:
    """Return a coefficient as a row."""
    return Row(each.name, each.estimate, each.se, each.statistic, each.df, each.p, each.ci_low, each.ci_high)


def _methods(result: MetaRegression) -> str:
    formula = result.matrix.formula
    terms = listed(dict.fromkeys(term for term in result.matrix.terms if term != "intrcpt"))
    on = f" on {terms}" if terms else " on a constant alone"
    if result.method == "ee":
        how = f"under a common-effect model {cite('thompson-higgins')}"
    else:
        words, source = ESTIMATORS[result.method]
        how = f"under a mixed-effects model, with the residual between-study variance τ² estimated by {words} "
        how += cite("thompson-higgins", source)
    return paragraph(
        f"Effects were regressed{on} by inverse-variance weights {how}.",
        f"The model formula was {formula}." if formula else "",
        test_sentence(result.test, result.level),
        "Residual heterogeneity was described by τ², I² and the test QE." if result.method != "ee" else "",
        computed(result.asked),
    )


def spoken(name: str) -> str:
    """Return the name of a coefficient as a sentence has it."""
    return "intercept" if name == "intrcpt" else name


def coefficients_said(names: Sequence[str], rows: Sequence[Row], level: float, *, letter: str = "") -> str:
    """Return the coefficients in a sentence; only how many there are when they are too many to read."""
    if len(rows) > _MOST_SAID:
        return f"The {len(rows)} coefficients are in the table."
    said = []
    for name, row in zip(names, rows, strict=True):
        bounds = ci(row.ci_low, row.ci_high, level, plain_number)
        test = significance(row.statistic, row.df, row.p, letter=letter)
        said.append(f"{name} {plain_number(row.estimate)}{in_brackets(bounds, test)}")
    return f"Coefficients: {'; '.join(said)}."


def wald_said(test: WaldTest) -> str:
    """Return a test of several coefficients in words; empty where it has no value."""
    if not math.isfinite(test.statistic):
        return ""
    value = numbers.fixed(test.statistic, 2)
    if test.df2 is None:
        return f"χ² = {value} on {test.df} df, {numbers.p_value(test.p)}"
    return f"F = {value} on {test.df} and {test.df2} df, {numbers.p_value(test.p)}"


def _results(result: MetaRegression) -> str:
    rows = [row_of(each) for each in result.coefficients]
    moderators = [name for name in result.omnibus.coefficients if name != "intrcpt"]
    moderation = wald_said(result.omnibus) if moderators else ""
    explained = ""
    if result.r2 is not None:
        explained = f"The moderators accounted for {numbers.fixed(result.r2, 0)} % of the heterogeneity (R²)."
    return paragraph(
        included(result.k),
        coefficients_said([spoken(row.term) for row in rows], rows, result.level),
        f"Test of all moderators together: {moderation}." if moderation else "",
        explained,
        spread(
            tau2=result.tau2,
            i2=result.i2,
            q=result.q,
            q_df=result.q_df,
            q_p=result.q_p,
            test="QE",
            what="Residual heterogeneity" if moderators else "Heterogeneity between studies",
        ),
        reservations(result.cautions),
    )


# What is asked of a meta-regression.


@describe.register
def _(result: Contrasts) -> Account:
    asked = result.asked
    fit = asked.get("fit") if asked else None
    regression = fit if isinstance(fit, MetaRegression) else None
    rows = tuple(map(row_of, result.rows))
    joint = wald_said(result.joint) if len(rows) > 1 else ""
    r = r_code.without("The fit is not known here, or R has no such contrasts of it.")
    if asked is not None and regression is not None:
        weights = weight_rows(_named(asked.get("weights")), [each.name for each in regression.coefficients])
        r = r_code.lines(_r(regression), f"anova(fit, X={r_code.matrix(weights)})")
    return Account(
        table_of_rows(rows),
        paragraph(
            "Combinations of the coefficients of a meta-regression were estimated.",
            test_sentence(regression.test, regression.level) if regression else "",
            computed(asked),
        ),
        paragraph(
            coefficients_said([row.term for row in rows], rows, fit.level if fit else 0.95),
            f"Test of all together: {joint}." if joint else "",
        ),
        r,
        coefficients=rows,
    )


@describe.register
def _(result: LikelihoodRatio) -> Account:
    asked = result.asked
    full, reduced = (asked.get(name) for name in ("full", "reduced")) if asked else (None, None)
    r = r_code.without("The fits are not known here.")
    if isinstance(full, MetaRegression) and isinstance(reduced, MetaRegression):
        r = r_code.lines(_r(full), "full <- fit", _r(reduced), "anova(full, fit)")
    quantities = {"statistic": result.statistic, "df": result.df, "p": result.p, "r2": result.r2}
    explained = ""
    if result.r2 is not None:
        explained = f"The larger model accounted for {numbers.fixed(result.r2, 0)} % of the heterogeneity (R²)."
    return Account(
        table_of_columns(quantity=quantities, value=quantities.values()),
        paragraph("Two nested meta-regressions were compared by a likelihood ratio test.", computed(asked)),
        paragraph(compared_said(result.statistic, result.df, result.p), explained),
        r,
    )


def compared_said(statistic: float, df: int, p: float) -> str:
    """Return a likelihood ratio test in words."""
    return f"Likelihood ratio test: χ² = {numbers.fixed(statistic, 2)} on {df} df, {numbers.p_value(p)}."


def _named(weights: Any) -> Any:  # noqa: ANN401 - what `contrast` takes, as it is remembered
    """Return weights by names as mappings again."""
    if not isinstance(weights, tuple) or not weights or not isinstance(weights[0], tuple):
        return weights
    return dict(weights) if isinstance(weights[0][0], str) else [_named(each) for each in weights]


@describe.register
def _(result: PermutationTest) -> Account:
    asked = result.asked
    fit = asked.get("fit") if asked else None
    count = numbers.count(result.permutations)
    how = f"all {count} different arrangements" if result.exact else f"{count} arrangements drawn at random"
    every = [f"{spoken(name)} {numbers.p_value(p)}" for name, p in zip(result.names, result.p, strict=True)]
    several = len(result.names) > 1
    r = r_code.without("The fit is not known here.")
    if isinstance(fit, MetaRegression):
        note = "" if result.exact else "# R draws other arrangements."
        permute = "permutest(fit, exact=TRUE)" if result.exact else f"permutest(fit, iter={result.permutations})"
        r = r_code.lines(_r(fit), note, permute)
    tests = [*zip(result.names, result.p, strict=True), *([("all", result.omnibus_p)] if several else [])]
    return Account(
        table_of_columns(term=[name for name, _ in tests], p=[p for _, p in tests]),
        paragraph(
            f"Coefficients were tested by permutation, over {how} {cite('higgins-thompson-2004')}.", computed(asked)
        ),
        paragraph(
            f"By permutation: {'; '.join(every)}.",
            f"All coefficients together: {numbers.p_value(result.omnibus_p)}." if several else "",
        ),
        r,
    )


# R.


def used_columns(data: object, formula: str, rows: Sequence[int]) -> dict[str, list[object]]:
    """Return the columns that a formula names, at the rows that were used."""
    pairs: Mapping[str, Sequence[object]] = dict(data) if isinstance(data, tuple) else {}
    words = set(re.findall(r"`([^`]+)`", formula)) | set(re.findall(r"[^\W\d][\w.]*", formula))
    return {name: [pairs[name][row] for row in rows] for name in pairs if name in words}


def formula_fits(formula: str, names: Sequence[str], columns: Mapping[str, Sequence[object]]) -> bool:
    """Tell whether R reads a formula as it was read here, from columns whose names R has too."""
    plain = all(name.isidentifier() and name.isascii() for name in columns)
    return bool(formula) and bool(names) and plain and not _OTHER_PACKAGES.search(formula)


def matrix_lines(x: FloatArray, names: Sequence[str]) -> tuple[str, list[str]]:
    """Return the lines that make a model matrix, and the arguments of rma() or rma.mv() that take it."""
    intercept = "intrcpt" in names
    keep = [i for i, name in enumerate(names) if not (intercept and name == "intrcpt")]
    if not keep:
        return "", []
    line = f"X <- {r_code.matrix(x[:, keep])}\ncolnames(X) <- {r_code.literal([names[i] for i in keep])}"
    return line, ["mods=X", *([] if intercept else ["intercept=FALSE"])]


def splines_needed(formula: str) -> str:
    """Return the line that loads R's splines, where a formula has any."""
    return "library(splines)" if re.search(r"\b(ns|bs)\(", formula) else ""


def _r(result: MetaRegression) -> str:
    asked = result.asked
    names = [each.name for each in result.coefficients]
    rows = result.matrix.rows
    labels = _labels(asked, rows)
    data: dict[str, Any] = {"study": labels, "yi": result.yi, "vi": result.vi}  # Any: columns
    formula = result.matrix.formula
    columns = used_columns(asked.get("data"), formula, rows) if asked else {}
    intercept = "intrcpt" in names
    lines = ""
    if not result.dropped and formula_fits(formula, names, columns):
        data |= columns
        mods = [f"mods={formula}"] if len(names) > 1 or not intercept else []
    else:
        lines, mods = matrix_lines(result.matrix.x[:, list(result.kept)], names)
    model = "common" if result.method == "ee" else "random"
    options = r_code.rma_options(model, result.method, result.test, result.level)
    weights = []
    if result.weights is not None:
        data["w"] = result.weights
        weights = ["weights=w"]
    fit = r_code.call("rma", "yi", "vi", *mods, "data=dat", *options, *weights)
    return r_code.lines(r_code.METAFOR, splines_needed(formula), r_code.frame(data), lines, f"fit <- {fit}", "fit")


def _labels(asked: Asked | None, rows: Sequence[int]) -> list[str]:
    given = asked.get("studies") if asked else None
    return [str(given[row]) if given else str(row + 1) for row in rows]

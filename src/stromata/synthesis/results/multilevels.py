"""What multilevel and multivariate models say, and robust variances."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stromata.model import numbers
from stromata.synthesis.cautions import counted
from stromata.synthesis.intervals import FloatArray, finite_or_none
from stromata.synthesis.multilevel.diagnostics import MultilevelInfluence, MultilevelRefits
from stromata.synthesis.multilevel.fitted_model import Component
from stromata.synthesis.multilevel.inference import Contrasts, LikelihoodRatio, Predictions, Residuals
from stromata.synthesis.multilevel.multivariate import MultilevelFit
from stromata.synthesis.multilevel.robust import RobustContrasts, RobustFit
from stromata.synthesis.multilevel.sampling_covariance import SamplingCovariance
from stromata.synthesis.results import r_code
from stromata.synthesis.results.account import Account, Row, describe, table_of_columns, table_of_rows
from stromata.synthesis.results.regressions import (
    coefficients_said,
    compared_said,
    formula_fits,
    matrix_lines,
    splines_needed,
    spoken,
    used_columns,
)
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
    spread,
    test_sentence,
)


def _rows(fit: MultilevelFit | RobustFit) -> tuple[Row, ...]:
    df = [None] * len(fit.names) if fit.df is None else [finite_or_none(each) for each in fit.df.tolist()]
    columns = (fit.beta, fit.se, fit.statistic, fit.p_values, fit.ci_low, fit.ci_high)
    values = [[finite_or_none(each) for each in column.tolist()] for column in columns]
    return tuple(
        Row(name, b, se, z, d, p, low, high)
        for name, d, b, se, z, p, low, high in zip(fit.names, df, *values, strict=True)
    )


# MultilevelFit.


@describe.register
def _(result: MultilevelFit) -> Account:
    rows = _rows(result)
    components = tuple(Row(_component(each), finite_or_none(each.value), each.se) for each in result.components)
    return Account(
        table_of_rows((*rows, *components)), _methods(result), _results(result, rows), _r(result), coefficients=rows
    )


_SYMBOLS = {"sigma2": "σ²", "tau2": "τ²", "rho": "ρ", "gamma2": "γ²", "phi": "φ"}


def _component(each: Component) -> str:
    """Return the name of a component: what it is called, and what it belongs to."""
    levels = f" ({', '.join(each.levels)})" if each.levels else ""
    return f"{each.name} {each.term}{levels}"


def _methods(result: MultilevelFit) -> str:
    asked = result.asked
    terms = list(dict.fromkeys(each.term for each in result.components))
    random = f"random effects for {listed(terms)}" if terms else "no random effects"
    words = {"reml": "restricted maximum likelihood", "ml": "maximum likelihood"}.get(
        result.method, "generalised least squares"
    )
    dependent = bool(result.model.sampling.blocks)
    errors = " and correlated sampling errors within clusters" if dependent else ""
    source = cite("konstantopoulos") if not dependent else cite("konstantopoulos", "berkey")
    formula = result.model.made.formula if result.model.made is not None else ""
    return paragraph(
        f"Effects were pooled in a multilevel model with {random}{errors}, fitted by {words} {source}.",
        f"The formula of the fixed effects was {formula}." if formula and formula.replace(" ", "") != "~1" else "",
        test_sentence(result.test, result.level),
        computed(asked),
    )


def _results(result: MultilevelFit, rows: Sequence[Row]) -> str:
    parts = []
    for each in result.components:
        fixed = " (held)" if each.fixed else ""
        levels = f", {', '.join(each.levels)}" if each.levels else ""
        if math.isfinite(each.value):
            parts.append(f"{_SYMBOLS[each.name]} for {each.term}{levels}: {plain_number(each.value)}{fixed}")
    components = f"Components of variance were {'; '.join(parts)}." if parts else ""
    moderation = ""
    if result.qm is not None and result.qm_df is not None:
        first, second = result.qm_df
        on = f"{first} df" if second is None else f"{first} and {second:g} df"
        letter = "χ²" if second is None else "F"
        value = numbers.fixed(result.qm, 2)
        moderation = f"Test of all moderators together: {letter} = {value} on {on}, {numbers.p_value(result.qm_p)}."
    return paragraph(
        included(result.k, what=counted(result.k, "effect")),
        coefficients_said(_spoken(rows), rows, result.level),
        moderation,
        components,
        spread(q=result.q, q_df=result.q_df, q_p=result.q_p, what="Residual heterogeneity", test="QE"),
        reservations(result.cautions),
    )


def _spoken(rows: Sequence[Row]) -> list[str]:
    """Return the names of coefficients as a sentence has them."""
    return ["mean effect" if len(rows) == 1 and row.term == "intrcpt" else spoken(row.term) for row in rows]


# R.


def _r(result: MultilevelFit) -> str:
    found = fit_lines(result)
    return found if found.startswith("#") else r_code.lines(r_code.METAFOR, found, "fit")


def fit_lines(result: MultilevelFit, *, also: Mapping[str, Sequence[object]] | None = None) -> str:
    """Return the lines that fit a model, with further columns in its data; a comment where R has no counterpart."""
    asked = result.asked
    if asked is None:
        return r_code.without("The data are not known here.")
    if asked.get("dist") is not None:
        return r_code.without(
            "The spatial structure rests on distances that were given; give them to rma.mv() as dist=list(...)."
        )
    rows = result.rows
    data: dict[str, Any] = {"yi": [float(asked.get("yi")[row]) for row in rows]}  # Any: columns
    covariance = _covariance(result.model.sampling, data)
    random, words = _random(asked)
    formula = asked.get("formula") or ""
    data |= used_columns(asked.get("data"), f"{words} {formula}", rows)
    data |= also or {}
    made, mods = _moderators(result, formula, data)
    arguments = ["yi", "V" if covariance else "vi", *mods, *random, *_held(asked), "data=dat", *_options(result, asked)]
    known = _known(asked.get("R") or ())
    if known:
        arguments.append(f"R=list({', '.join(name for name, _ in known)})")
    return r_code.lines(
        splines_needed(formula),
        r_code.frame(data),
        covariance,
        made,
        *(line for _, line in known),
        f"fit <- {r_code.call('rma.mv', *arguments)}",
    )


def _covariance(sampling: SamplingCovariance, data: dict[str, Any]) -> str:  # Any: columns
    """Return the lines that make V; none when errors are independent and their variances stand in the data."""
    data["vi"] = sampling.vi
    if not sampling.blocks:
        return ""
    blocks = [
        f"V[{r_code.literal((rows + 1).tolist())}, {r_code.literal((rows + 1).tolist())}] <- {r_code.matrix(block)}"
        for rows, block in zip((np.asarray(each) for each in sampling.rows), sampling.blocks, strict=True)
    ]
    return "\n".join(["V <- diag(dat$vi)", *blocks])


def _random(asked: Asked) -> tuple[list[str], str]:
    """Return the arguments on random effects, and all words in them."""
    given = asked.get("random")
    terms = [given] if isinstance(given, str) else list(given)
    if not terms:
        return [], ""
    struct = asked.get("struct")
    nested = any("|" in term and not term.replace(" ", "").startswith("~1|") for term in terms)
    arguments = [f"random=list({', '.join(terms)})"]
    if nested:
        arguments.append(f"struct={r_code.literal(struct)}")
    return arguments, " ".join(terms)


def _moderators(result: MultilevelFit, formula: str, data: Mapping[str, Any]) -> tuple[str, list[str]]:  # Any: columns
    """Return lines that make a model matrix, and the arguments on moderators."""
    asked = result.asked
    if asked is not None and asked.get("X") is None and (not formula or formula.replace(" ", "") == "~1"):
        return "", []
    if formula and formula_fits(formula, result.names, {name: data[name] for name in data if name not in {"yi", "vi"}}):
        return "", [f"mods={formula}"]
    return matrix_lines(result.model.x, result.names)


def _held(asked: Asked) -> list[str]:
    names = ("sigma2", "tau2", "rho", "gamma2", "phi")
    return [f"{name}={r_code.literal(asked.get(name))}" for name in names if asked.get(name) is not None]


def _options(result: MultilevelFit, asked: Asked) -> list[str]:
    options = [f'method="{result.method.upper()}"']
    if result.test != "z":
        options.append(f'test="{result.test}"')
    if asked.get("dfs") == "contain":
        options.append('dfs="contain"')
    if result.level != 0.95:
        options.append(f"level={r_code.number(100 * result.level)}")
    if result.method != "ee" and result.components:
        options.append("control=list(rel.tol=1e-10)")
    return options


def _known(given: Sequence[tuple[str, tuple[Sequence[object], FloatArray]]]) -> list[tuple[str, str]]:
    """Return known correlations: the argument for each, and the line that makes it."""
    found = []
    for i, (factor, (names, matrix)) in enumerate(given):
        levels = r_code.literal([str(name) for name in names])
        values = r_code.matrix(np.asarray(matrix, dtype=np.float64))
        line = f"R{i + 1} <- {values}\ndimnames(R{i + 1}) <- list({levels}, {levels})"
        found.append((f"{factor}=R{i + 1}", line))
    return found


# RobustFit.


@describe.register
def _(result: RobustFit) -> Account:
    rows = _rows(result)
    return Account(
        table_of_rows(rows),
        _robust_methods(result),
        _robust_results(result, rows),
        _robust_r(result),
        coefficients=rows,
    )


_KINDS = {
    "CR0": ("without a correction for few clusters", "the number of clusters minus that of coefficients"),
    "CR1": ("with the correction C / (C - p) for few clusters", "the number of clusters minus that of coefficients"),
    "CR1S": ("with Stata's correction for few clusters", "the number of clusters minus that of coefficients"),
    "CR2": ("with the bias-reduced form CR2", "Satterthwaite's degrees of freedom"),
}


def _robust_methods(result: RobustFit) -> str:
    words, degrees = _KINDS[result.kind]
    how = "Effects were pooled" if result.tau2 is not None else "Coefficients were given"
    source = cite("hedges-tipton", "tipton") if result.kind == "CR2" else cite("hedges-tipton")
    return paragraph(
        f"{how} with cluster-robust standard errors {words} {source}.",
        f"The degrees of freedom of t tests are {degrees}; the level of confidence is {numbers.level(result.level)}.",
        computed(result.asked),
    )


def _robust_results(result: RobustFit, rows: Sequence[Row]) -> str:
    moderation = ""
    if result.f is not None and result.f_df is not None:
        first, second = result.f_df
        value = numbers.fixed(result.f, 2)
        moderation = (
            f"Test of all moderators together: F = {value} on {first} and {numbers.fixed(second, 1)} df, "
            f"{numbers.p_value(result.f_p)}."
        )
    return paragraph(
        f"There were {numbers.count(result.clusters)} clusters.",
        coefficients_said(_spoken(rows), rows, result.level),
        moderation,
        spread(tau2=result.tau2, i2=result.i2, what="Heterogeneity"),
        reservations(result.cautions),
    )


def _robust_r(result: RobustFit) -> str:
    asked = result.asked
    fit = asked.get("fit") if asked else None
    if asked is None or not isinstance(fit, MultilevelFit):
        return r_code.without(
            "metafor's robust() needs a fitted model; this variance was computed from the weights directly.",
            "The R package robumeta (robu) gives it for weights that it estimates itself.",
        )
    lines = fit_lines(fit, also={"cluster": _kept_labels(fit, asked.get("cluster"))})
    if lines.startswith("#"):
        return lines
    options = {
        "CR0": "adjust=FALSE",
        "CR1": "adjust=TRUE",
        "CR2": "clubSandwich=TRUE",
    }.get(result.kind)
    if options is None:
        return r_code.without(
            'metafor has no CR1S; clubSandwich::vcovCR(fit, type="CR1S") gives it for a fit of rma.mv().'
        )
    return r_code.lines(
        r_code.METAFOR, lines, f"robust_fit <- robust(fit, cluster=dat$cluster, {options})", "robust_fit"
    )


def _combinations(result: Contrasts | RobustContrasts, df: Sequence[float | None]) -> tuple[Row, ...]:
    columns = (result.estimate, result.se, result.statistic, np.array(df, dtype=np.float64), result.p_values)
    values = [
        [finite_or_none(each) for each in column.tolist()] for column in (*columns, result.ci_low, result.ci_high)
    ]
    return tuple(Row(f"combination {i + 1}", *each) for i, each in enumerate(zip(*values, strict=True)))


@describe.register
def _(result: Contrasts) -> Account:
    fit = result.asked.get("fit") if result.asked else None
    count, df = result.qm_df
    rows = _combinations(result, [df] * len(result.estimate))
    letter, on = ("χ²", f"{count} df") if df is None else ("F", f"{count} and {df:g} df")
    joint = f"Test of all combinations together: {letter} = {numbers.fixed(result.qm, 2)} on {on}"
    known = fit if isinstance(fit, MultilevelFit) else None
    r = r_code.without("The fit is not known here.")
    if result.asked is not None and known is not None:
        lines = fit_lines(known)
        weights = np.atleast_2d(np.asarray(result.asked.get("L"), dtype=np.float64))
        anova = f"anova(fit, X={r_code.matrix(weights)})"
        r = lines if lines.startswith("#") else r_code.lines(r_code.METAFOR, lines, anova)
    return Account(
        table_of_rows(rows),
        paragraph(
            "Combinations of the coefficients of a multilevel model were estimated.",
            test_sentence(known.test, known.level) if known else "",
            computed(result.asked),
        ),
        paragraph(
            coefficients_said([row.term for row in rows], rows, known.level if known else 0.95),
            f"{joint}, {numbers.p_value(result.qm_p)}." if len(rows) > 1 else "",
        ),
        r,
        coefficients=rows,
    )


@describe.register
def _(result: RobustContrasts) -> Account:
    rows = _combinations(result, result.df.tolist())
    names = [row.term for row in rows]
    words, degrees = _KINDS[result.kind]
    methods = paragraph(
        f"Combinations of coefficients were estimated with cluster-robust standard errors {words} "
        f"{cite('hedges-tipton')}.",
        f"The degrees of freedom of t tests are {degrees}.",
        computed(result.asked),
    )
    level = result.asked.get("level") if result.asked else None
    fit = result.asked.get("fit") if result.asked else None
    coverage = level if level is not None else fit.level if isinstance(fit, MultilevelFit) else 0.95
    results = paragraph(
        f"There were {numbers.count(result.clusters)} clusters.",
        coefficients_said(names, rows, coverage),
        reservations(result.cautions),
    )
    return Account(table_of_rows(rows), methods, results, _contrasts_r(result), coefficients=rows)


def _contrasts_r(result: RobustContrasts) -> str:
    asked = result.asked
    fit = asked.get("fit") if asked else None
    if asked is None or not isinstance(fit, MultilevelFit):
        return r_code.without("The fit is not known here.")
    options = {"CR0": "adjust=FALSE", "CR1": "adjust=TRUE", "CR2": "clubSandwich=TRUE"}.get(result.kind)
    lines = fit_lines(fit, also={"cluster": _kept_labels(fit, asked.get("cluster"))})
    if options is None or lines.startswith("#"):
        return r_code.without("metafor has no counterpart of these options.")
    rows = np.atleast_2d(np.asarray(asked.get("L"), dtype=np.float64))
    return r_code.lines(
        r_code.METAFOR,
        lines,
        f"robust_fit <- robust(fit, cluster=dat$cluster, {options})",
        f"anova(robust_fit, L={r_code.matrix(rows)})",
    )


def _kept_labels(fit: MultilevelFit, labels: Sequence[object]) -> list[object]:
    """Return the labels of the effects that were fitted."""
    given = list(labels)
    return given if len(given) == fit.k else [given[row] for row in fit.rows]


@describe.register
def _(result: MultilevelRefits) -> Account:
    beta = {f"{name} estimate": result.beta[:, i] for i, name in enumerate(result.names)}
    errors = {f"{name} se": result.se[:, i] for i, name in enumerate(result.names)}
    table = table_of_columns(term=result.labels, k=result.k, q=result.q, **beta, **errors)
    methods = paragraph(
        "The multilevel model was refitted without each effect, or each cluster of effects, in turn.",
        computed(result.asked),
    )
    said = []
    for i, name in enumerate(_spoken([Row(each) for each in result.names])):
        column = result.beta[:, i][np.isfinite(result.beta[:, i])]
        if len(column):
            said.append(f"{name} from {plain_number(float(column.min()))} to {plain_number(float(column.max()))}")
    refits = counted(len(result.labels), "refit")
    ranges = f"In {refits}, estimates ranged: {'; '.join(said)}." if said else "No refit has an estimate."
    return Account(table, methods, paragraph(ranges, reservations(result.cautions)), _refits_r(result))


def _refits_r(result: MultilevelRefits) -> str:
    call = "update(fit, subset=dat$left != each)"
    return _deleted_r(result.asked, f"refits <- sapply(unique(dat$left), function(each) {call}$beta)", "refits")


def _deleted_r(asked: Asked | None, *calls: str) -> str:
    """Return calls on a fit whose data say in the column `left` what is left out together."""
    fit = asked.get("fit") if asked else None
    if asked is None or not isinstance(fit, MultilevelFit):
        return r_code.without("The fit is not known here.")
    given = asked.get("cluster")
    labels = _kept_labels(fit, given) if given is not None else list(range(1, fit.k + 1))
    lines = fit_lines(fit, also={"left": labels})
    return lines if lines.startswith("#") else r_code.lines(r_code.METAFOR, lines, *calls)


@describe.register
def _(result: MultilevelInfluence) -> Account:
    each_alone = max(result.joint_df) == 1
    what = "effect" if each_alone else "cluster"
    names = result.refits.names
    dfbetas = {f"{name} dfbetas": result.dfbetas[:, i] for i, name in enumerate(names)}
    alone = ("residual", "se", "rstudent", "hat", "weight") if each_alone else ("joint", "joint_df", "joint_p")
    columns = {name: getattr(result, name) for name in (*alone, "cook", "cov_ratio")}
    p = [numbers.MISSING if not math.isfinite(each) else numbers.p_value(each) for each in result.joint_p.tolist()]
    odd = [
        f"{label} ({said})"
        for label, each, said in zip(result.labels, result.joint_p.tolist(), p, strict=True)
        if each < _ODD
    ]
    known = np.isfinite(result.cook)
    top = int(np.argmax(np.where(known, result.cook, -1.0)))
    return Account(
        table_of_columns(term=result.labels, **columns, **dfbetas),
        paragraph(
            f"Influence was measured by refitting the multilevel model without each {what} in turn: deleted "
            f"residuals, Cook's distances and ratios of covariances {cite('viechtbauer-cheung')}.",
            computed(result.asked),
        ),
        paragraph(
            f"Among {counted(len(result.labels), what)}, the largest Cook's distance was "
            f"{plain_number(float(result.cook[top]))}, that of {result.labels[top]}."
            if known.any()
            else "No refit has an estimate.",
            f"Hard to reconcile with the model of the rest: {listed(odd)}." if odd else "",
            reservations(result.refits.cautions),
        ),
        _deleted_r(
            result.asked, "rstudent(fit, cluster=dat$left)", "cook <- cooks.distance(fit, cluster=dat$left)", "cook"
        ),
    )


_ODD = 0.05
"""p-value of deleted residuals below which a text names the effect or cluster."""


# Predictions, residuals, comparisons.


_MOST_SAID = 12
"""Predictions that a paragraph names; more stand in the table."""


@describe.register
def _(result: Predictions) -> Account:
    asked = result.asked
    fit = asked.get("fit") if asked else None
    known = fit if isinstance(fit, MultilevelFit) else None
    given = asked.get("level") if asked else None
    level = given if given is not None else known.level if known else 0.95
    names = (result.estimate, result.se, result.ci_low, result.ci_high, result.pi_low, result.pi_high)
    alone = known is not None and known.p == 1 and len(result.estimate) == 1 and result.x[0, 0] == 1
    rows = tuple(
        Row("average effect" if alone else f"setting {i + 1}", b, se, ci_low=low, ci_high=high, pi_low=down, pi_high=up)
        for i, (b, se, low, high, down, up) in enumerate(
            zip(*([finite_or_none(each) for each in column.tolist()] for column in names), strict=True)
        )
    )
    said = [
        f"{row.term} {plain_number(row.estimate)}"
        + in_brackets(
            ci(row.ci_low, row.ci_high, level, plain_number),
            ci(row.pi_low, row.pi_high, level, plain_number, word="prediction interval"),
        )
        for row in rows
    ]
    return Account(
        table_of_rows(rows),
        paragraph(
            "Average effects were predicted from a multilevel model, with prediction intervals for the true effect in "
            "a new unit of every random term.",
            test_sentence(known.test, level) if known else "",
            computed(asked),
        ),
        paragraph(
            f"Predicted: {'; '.join(said)}."
            if len(said) <= _MOST_SAID
            else f"The {len(said)} predictions are in the table.",
        ),
        r_code.without("The fit is not known here.") if known is None else _predict_r(result, known, level),
        coefficients=rows,
    )


def _predict_r(result: Predictions, fit: MultilevelFit, level: float) -> str:
    lines = fit_lines(fit)
    if lines.startswith("#"):
        return lines
    moderators = [i for i, name in enumerate(fit.names) if name != "intrcpt"]
    made = f"rows <- {r_code.matrix(result.x[:, moderators])}" if moderators else ""
    arguments = ["fit", *(["newmods=rows"] if moderators else [])]
    if len(moderators) < fit.p and (result.x[:, [i for i in range(fit.p) if i not in moderators]] != 1).any():
        return r_code.without("R's predict() takes the intercept as 1; these settings do not.")
    chosen = dict(result.asked.get("levels") or ()) if result.asked is not None else {}
    named = [term for term in fit.model.terms if term.label in chosen and len(term.structure.tau2) > 1]
    arguments += [f"{term.variance}.levels={r_code.literal(list(map(str, chosen[term.label])))}" for term in named]
    if level != 0.95:
        arguments.append(f"level={r_code.number(100 * level)}")
    return r_code.lines(r_code.METAFOR, lines, made, r_code.call("predict", *arguments))


@describe.register
def _(result: Residuals) -> Account:
    asked = result.asked
    fit = asked.get("fit") if asked else None
    labels = fit.labels if isinstance(fit, MultilevelFit) else tuple(str(i + 1) for i in range(len(result.raw)))
    sizes = np.where(np.isfinite(result.standardised), np.abs(result.standardised), -1.0)
    far = int(np.argmax(sizes))
    large = int((sizes > _FAR).sum())
    r = r_code.without("The fit is not known here.")
    if isinstance(fit, MultilevelFit):
        lines = fit_lines(fit)
        # R has row sums as weights of an intercept alone.
        weights = ['weights(fit, type="rowsum")'] if fit.names == ("intrcpt",) else []
        calls = ["rstandard(fit)", "hatvalues(fit)", *weights]
        r = lines if lines.startswith("#") else r_code.lines(r_code.METAFOR, lines, *calls)
    return Account(
        table_of_columns(
            term=labels,
            residual=result.raw,
            se=result.se,
            standardised=result.standardised,
            hat=result.hat,
            weight=result.weight,
        ),
        paragraph(
            "Residuals from the average effects of a multilevel model were divided by their standard errors.",
            computed(asked),
        ),
        paragraph(
            f"Among {counted(len(labels), 'effect')}, the largest standardised residual was "
            f"{numbers.fixed(float(result.standardised[far]), 2)}, that of {labels[far]}; {numbers.count(large)} "
            f"{'lies' if large == 1 else 'lie'} beyond {_FAR:g}."
            if sizes[far] >= 0
            else "No residual has a standard error."
        ),
        r,
    )


_FAR = 1.96
"""Standardised residual beyond which one effect in twenty is expected."""


@describe.register
def _(result: LikelihoodRatio) -> Account:
    asked = result.asked
    full, reduced = (asked.get(name) for name in ("full", "reduced")) if asked else (None, None)
    r = r_code.without("The fits are not known here.")
    if isinstance(full, MultilevelFit) and isinstance(reduced, MultilevelFit):
        wide, narrow = fit_lines(full), fit_lines(reduced)
        r = r_code.without("R has no counterpart of these fits.")
        if not (wide.startswith("#") or narrow.startswith("#")):
            r = r_code.lines(r_code.METAFOR, wide, "full <- fit", narrow, "anova(full, fit)")
    return Account(
        table_of_columns(quantity=("statistic", "df", "p"), value=(result.statistic, result.df, result.p)),
        paragraph("Two nested multilevel models were compared by a likelihood ratio test.", computed(asked)),
        paragraph(
            compared_said(result.statistic, result.df, result.p),
            "Where variances are tested against 0 the p-value is too large, up to twice.",
        ),
        r,
    )

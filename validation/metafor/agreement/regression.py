"""Models with moderators: rma(mods=), and what follows from them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from agreement.counting import ESTIMATE, EXACT, TAU2, Comparison, Json, LeftOut, difference, floats, real
from agreement.pooling import COMMON, ITERATIVE, METHODS, tau2_difference
from agreement.reading import SIZES, Call, DataSet, Frame, Studies, expression, matrix, parse
from stromata.synthesis import influence, regtest
from stromata.synthesis.regression import inference as moderators
from stromata.synthesis.regression import kernels
from stromata.synthesis.regression.formulas import INTERCEPT
from stromata.synthesis.regression.meta_regression import MetaRegression, WaldTest, regress

ARGUMENTS = {"data", "mods", "method", "control", "test", "level", "weights", "digits", "subset"}


@dataclass
class Model:
    """A fit, the call it was made by, and its data."""

    fit: MetaRegression
    call: Call
    studies: Studies

    @property
    def loose(self) -> bool:
        return self.call.method in ITERATIVE

    @property
    def estimate(self) -> float:
        return ESTIMATE if self.loose else EXACT

    @property
    def tau2(self) -> float:
        return TAU2 if self.loose else EXACT


def formula_of(data: DataSet, call: Call, frame: Frame) -> str:
    """Return the formula, with the reference levels that R was told."""
    text = call.named.get("mods", "~ 1").strip()
    for mean in re.findall(r"mean\(([\w.]+)\)", text):
        text = text.replace(f"mean({mean})", repr(float(np.nanmean(expression(mean, frame)))))
    for name, reference in data.references.items():
        if name in frame:
            text = re.sub(rf"\b{name}\b", f'relevel({name}, ref="{reference}")', text)
    return text


def model(data: DataSet, text: str) -> Model:
    """Fit what an rma() call with moderators fits."""
    call = parse(text)
    foreign = set(call.named) - ARGUMENTS
    if call.name not in {"rma", "rma.uni"} or foreign:
        raise LeftOut(f"argument {min(foreign)}" if foreign else f"{call.name}()")
    if call.method not in METHODS and call.method not in COMMON:
        raise LeftOut(f"method {call.method} is not offered")
    studies = data.studies(call)
    keep = studies.known
    columns = {
        name: [value for value, own in zip(values, keep, strict=True) if own]
        for name, values in studies.frame.items()
        if name != SIZES
    }
    options: dict[str, Any] = {}
    if "weights" in call.named:
        options["weights"] = np.array(expression(call.named["weights"], studies.frame), dtype=float)[keep]
    fit = regress(
        studies.y[keep],
        studies.v[keep],
        formula_of(data, call, studies.frame),
        data=columns,
        method=METHODS.get(call.method, "ee"),  # type: ignore[arg-type]  # a method by its name
        test=call.text("test", "z"),  # type: ignore[arg-type]
        level=call.level,
        **options,
    )
    return Model(fit, call, studies)


def compare_metareg(data: DataSet, c: Comparison) -> None:
    """Hold a model."""
    found = model(data, c.record["r"])
    value, fit, since = c.reference(found.fit), found.fit, c.mark()
    c.label = f"metareg {found.call.method}" + (f" {fit.test}" if fit.test != "z" else "")
    c.tolerance = found.estimate
    if real(value.get("k")) != fit.k:
        c.note("k", 1.0, 0.0)
        return
    terms = value.get("terms") or [INTERCEPT]
    c.note("names", float(terms != [each.name for each in fit.coefficients]), 0.0)
    se = floats(value["se"])
    for name, key in (
        ("estimate", "beta"),
        ("se", "se"),
        ("statistic", "zval"),
        ("ci_low", "ci_lb"),
        ("ci_high", "ci_ub"),
    ):
        for each, theirs, error in zip(fit.coefficients, floats(value[key]), se, strict=True):
            scale = 1.0 if key == "zval" else 0.0 if math.isnan(error) else error
            if getattr(each, name) is not None:
                c.hold(key, getattr(each, name), theirs, scale=scale)
    if isinstance(value.get("vb"), dict):
        theirs = np.array(value["vb"]["values"], dtype=float)
        size = np.sqrt(np.multiply.outer(np.diagonal(theirs), np.diagonal(theirs)))
        c.hold("vb", float(np.abs((fit.covariance - theirs) / size).max()) + 1, 1.0)
    c.note("tau2", tau2_difference(fit.tau2, value["tau2"], fit.vi), found.tau2)
    hold_heterogeneity(found, value, c)
    hold_omnibus(fit.omnibus, value, c)
    c.p([each.p for each in fit.coefficients], value["pval"])
    for name, key in (("aic", "AIC"), ("bic", "BIC"), ("aicc", "AICc")):
        c.have(key, getattr(fit, name), value.get(key), scale=1.0)
    explain(found, c, since, value)


def hold_heterogeneity(found: Model, value: Json, c: Comparison) -> None:
    fit = found.fit
    c.have("se_tau2", fit.tau2_se, value.get("se_tau2"), tolerance=found.tau2, scale=1e-12)
    for name, key in (("i2", "I2"), ("h2", "H2"), ("r2", "R2")):
        c.have(key, getattr(fit, name), value.get(key), tolerance=found.tau2, scale=1.0)
    c.have("vt", fit.typical, value.get("vt"), tolerance=EXACT)
    c.have("QE", fit.q, value.get("QE"), tolerance=EXACT, scale=1e-9)
    if real(value.get("QEp")) is not None:
        c.p(fit.q_p, value["QEp"])
    likelihood = value.get("ll_REML" if found.call.method == "REML" else "ll_ML")
    c.have("log-likelihood", fit.log_likelihood, likelihood, scale=1.0)
    c.have("s2w", fit.scale, value.get("s2w"), scale=1e-9)


def hold_omnibus(test: WaldTest, value: Json, c: Comparison) -> None:
    c.have("QM", test.statistic, value.get("QM"), tolerance=ESTIMATE, scale=1.0)
    if "m" in value:
        c.have("m", float(test.df), value["m"], tolerance=0.0)
    if real(value.get("QMp")) is not None:
        c.p(test.p, value["QMp"])


def explain(found: Model, c: Comparison, since: int, value: Json) -> None:
    """Take back what lies beyond tolerance where our tau2, or our arithmetic, can be shown to be the better one."""
    worst = c.beyond(since)
    if not worst:
        return
    fit = found.fit
    exact = float(exact_q(fit))
    theirs_q = real(value.get("QE"))
    mine, other = difference(fit.q or 0.0, exact), difference(theirs_q, exact) if theirs_q is not None else 0.0
    if worst < 1e-6 and mine < other / 100:
        c.explain(since, "rounding", f"in exact arithmetic QE is off by {mine:.0e}, the reference's by {other:.0e}")
        return
    theirs = real(value.get("tau2"))
    if not found.loose or theirs is None or fit.tau2 is None:
        return
    told = truer_tau2(fit, fit.tau2, theirs, found.call.method)
    if told and (worst < 1e-4 or not found.call.tight):
        c.explain(since, "stopped-early", told)


def truer_tau2(fit: MetaRegression, ours: float, theirs: float, method: str) -> str:
    """Return why our tau2 may stand; empty when it may not."""
    given = kernels.problem(fit.yi, fit.vi, kernels.design(fit.matrix.x)[0])
    if method in {"REML", "ML"}:
        mine, other = (kernels.log_likelihood(given, tau2, restricted=method == "REML") for tau2 in (ours, theirs))
        better = mine >= other - 1e-13 * max(abs(mine), 1.0)
        return f"our likelihood is not lower ({mine - other:.1e})" if better else ""
    left = [abs(kernels.generalised_q(given, tau2) - fit.q_df) for tau2 in (ours, theirs)]
    return f"ours leaves {left[0]:.0e} of its equation, the reference {left[1]:.0e}" if left[0] <= left[1] else ""


def exact_q(fit: MetaRegression) -> Fraction:
    """Return Q_E of the doubles at hand without any rounding, by Gauss's elimination on fractions."""
    x = [[Fraction(float(each)) for each in row] for row in fit.matrix.x]
    y, w = [Fraction(float(each)) for each in fit.yi], [1 / Fraction(float(each)) for each in fit.vi]
    rows = [*zip(*x, strict=True), y]
    # The last pivot of the cross-products of all columns and y, in that order, is the residual sum of squares.
    a = [
        [sum((p * q * z for p, q, z in zip(one, other, w, strict=True)), Fraction()) for other in rows] for one in rows
    ]
    for i in range(len(rows) - 1):
        for j in range(i + 1, len(rows)):
            factor = a[j][i] / a[i][i]
            a[j] = [p - factor * q for p, q in zip(a[j], a[i], strict=True)]
    return a[-1][-1]


def compare_predict(data: DataSet, c: Comparison) -> None:
    """Hold predictions, at the studies or at new rows."""
    outer = parse(c.record["r"])
    transform = outer.named.get("transf", "")
    outer.only("transf", "newmods")
    if transform not in {"", "exp"}:
        raise LeftOut("another kind of prediction")
    found = model(data, outer.first)
    new = None
    if "newmods" in outer.named:
        new = np.atleast_2d(matrix(outer.named["newmods"]))
        own = len(found.fit.coefficients) - found.fit.matrix.intercept
        new = new.T if new.shape[1] != own and own == 1 else new
        if found.fit.matrix.intercept:
            new = np.column_stack((np.ones(len(new)), new))
    ours = moderators.predict(found.fit, new)
    value, since = c.reference(found.fit), c.mark()
    ours = ours[:1] if len(floats(value["pred"])) == 1 else ours
    for name, key in (
        ("estimate", "pred"), ("se", "se"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub"), ("pi_low", "pi.lb"),
        ("pi_high", "pi.ub"),
    ):  # fmt: skip
        if key not in value:
            continue
        for each, theirs in zip(ours, floats(value[key]), strict=True):
            mine = getattr(each, name)
            if mine is not None and not math.isnan(theirs):
                shown = math.exp(mine) if transform == "exp" and key != "se" else mine
                c.hold(key, shown, theirs, scale=each.se, tolerance=found.estimate)
    explain(found, c, since, value)


def compare_anova(data: DataSet, c: Comparison) -> None:
    """Hold a Wald test of contrasts, or the likelihood ratio of two models."""
    outer = parse(c.record["r"])
    outer.only("X", "btt")
    if len(outer.positional) == 1:
        compare_wald(data, c, outer)
        return
    if len(outer.positional) != 2 or "tau2" in parse(outer.positional[1]).named:
        raise LeftOut("a likelihood ratio against a given tau2 is not offered")
    full, reduced = (model(data, text) for text in outer.positional)
    ours = moderators.likelihood_ratio(full.fit, reduced.fit)
    value = c.reference(full.fit, reduced.fit)
    c.hold("LRT", ours.statistic, value["LRT"], scale=1.0, tolerance=ESTIMATE)
    c.p(ours.p, value["pval"])
    c.have("R2", ours.r2, value.get("R2"), scale=1.0, tolerance=TAU2)
    for fit, key in ((full.fit, "fit.stats.f"), (reduced.fit, "fit.stats.r")):
        mine = (fit.log_likelihood, None, fit.aic, fit.bic, fit.aicc)
        for own, theirs in zip(mine, floats(value[key]), strict=True):
            if own is not None:
                c.hold("fit statistics", own, theirs, scale=1.0, tolerance=ESTIMATE)


def compare_wald(data: DataSet, c: Comparison, outer: Call) -> None:
    found = model(data, outer.first)
    p = len(found.fit.coefficients)
    if "btt" in outer.named:
        weights = np.eye(p)[[int(i) - 1 for i in np.atleast_1d(matrix(outer.named["btt"]))]]
    elif "X" in outer.named:
        weights = np.atleast_2d(matrix(outer.named["X"]))
    else:
        raise LeftOut("another kind of test")
    ours = moderators.contrast(found.fit, weights)
    value = c.reference(found.fit)
    c.hold("QM", ours.joint.statistic, value["QM"], scale=1.0, tolerance=ESTIMATE)
    c.p(ours.joint.p, value["QMp"])
    for name, key in (("estimate", "Xb"), ("se", "se"), ("statistic", "zval")):
        if value.get(key) is not None and "X" in outer.named:
            mine = [getattr(each, name) for each in ours.rows]
            c.hold(f"contrast {key}", mine, floats(value[key]), scale=0.01, tolerance=ESTIMATE)


def compare_vif(data: DataSet, c: Comparison) -> None:
    """Hold variance inflation factors."""
    outer = parse(c.record["r"])
    outer.only()
    found = model(data, outer.first)
    ours = moderators.variance_inflation(found.fit)
    value = c.reference(found.fit)
    c.hold("vif", [each.vif for each in ours], value["vifs"], tolerance=ESTIMATE)


def compare_confint(data: DataSet, c: Comparison) -> None:
    """Hold intervals of residual heterogeneity."""
    outer = parse(c.record["r"])
    outer.only("type", "fixed")
    found = model(data, outer.first)
    ours = moderators.tau2_interval(found.fit, kind="pl" if outer.text("type") == "PL" else "qp")
    value = c.reference(found.fit)
    table = value["random"]
    at = {row: table["values"][i] for i, row in enumerate(table["rows"])}
    floor = 1e-2 * float(np.median(found.fit.vi))
    for row, low, high, scale in (
        ("tau^2", ours.tau2_low, ours.tau2_high, floor),
        ("I^2(%)", ours.i2_low, ours.i2_high, 1.0),
        ("H^2", ours.h2_low, ours.h2_high, 1.0),
    ):
        c.have(row, low, at[row][1], scale=scale, tolerance=ESTIMATE)
        if value.get("ub_sign") == ">":
            c.note("beyond the search limit", float((high or 0.0) < (real(at[row][2]) or 0.0)), 0.0)
        else:
            c.have(row, high, at[row][2], scale=scale, tolerance=ESTIMATE)


INFLUENCE = (
    ("rstudent", "rstudent"), ("dffits", "dffits"), ("cook", "cook.d"), ("cov_ratio", "cov.r"),
    ("tau2_deleted", "tau2.del"), ("q_deleted", "QE.del"), ("hat", "hat"), ("weight", "weight"),
)  # fmt: skip
LOOSE = 1e-5
"""Relative, for what is divided by a spread that follows from an iterated tau2."""


def compare_influence(data: DataSet, c: Comparison) -> None:
    """Hold case-deletion diagnostics of a model with moderators."""
    found = model(data, parse(c.record["r"]).first)
    fit = found.fit
    ours = influence(fit.yi, fit.vi, method=METHODS.get(found.call.method, "ee"), moderators=fit.matrix.x)  # type: ignore[arg-type]
    value = c.reference(fit, ours)
    floor = float(np.median(fit.vi))
    for name, key in INFLUENCE:
        scale = {"tau2.del": floor, "rstudent": 1.0, "dffits": 1.0, "cook.d": 1.0, "QE.del": 1e-2, "cov.r": 1.0}
        mine = getattr(ours, name)
        theirs = np.array(floats(value["inf"][key]))
        theirs = theirs if len(theirs) == len(mine) else theirs[~np.isnan(theirs)]
        # a study that alone carries a coefficient leaves nothing to compare when it is left out
        alone = np.isnan(mine) & ~np.isnan(theirs)
        if alone.any():
            c.differs("undetermined-when-deleted", f"{int(alone.sum())} studies")
            theirs = np.where(alone, np.nan, theirs)
        c.hold(key, np.where(np.isnan(theirs), 0.0, mine), theirs, scale=scale.get(key, 1e-3), tolerance=LOOSE)


def compare_regtest(data: DataSet, c: Comparison) -> None:
    """Hold a test of asymmetry beside moderators."""
    outer = parse(c.record["r"])
    found = model(data, outer.first)
    fit = found.fit
    n = None if found.studies.n is None else found.studies.n[found.studies.known][list(fit.matrix.rows)]
    ours = regtest(
        fit.yi, fit.vi, ni=n, predictor=outer.text("predictor", "sei"), model=outer.text("model", "rma"),  # type: ignore[arg-type]
        method=METHODS.get(found.call.method, "ee"), moderators=fit.matrix.x,  # type: ignore[arg-type]
    )  # fmt: skip
    value = c.reference(fit, ours)
    c.hold("statistic", ours.statistic, value["zval"], scale=1.0, tolerance=max(ESTIMATE, found.estimate))
    c.p(ours.p, value["pval"])


COMPARE = {
    "rma.uni": compare_metareg,
    "metareg": compare_metareg,
    "predict": compare_predict,
    "anova": compare_anova,
    "vif": compare_vif,
    "confint": compare_confint,
    "influence": compare_influence,
    "regtest": compare_regtest,
}

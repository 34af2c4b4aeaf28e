"""Models of several levels or outcomes, and robust variances: rma.mv(), robust() and robumeta."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from agreement.counting import Comparison, Json, LeftOut, floats
from agreement.reading import Call, DataSet, Frame, expression, length, numbers, parse, plain, vector
from stromata.synthesis.multilevel.diagnostics import influence_mv
from stromata.synthesis.multilevel.fitted_model import Component
from stromata.synthesis.multilevel.inference import (
    compare_fits,
    component_intervals,
    contrast_mv,
    predict_mv,
    profile_likelihood,
    random_effects,
    residuals_mv,
)
from stromata.synthesis.multilevel.multivariate import MultilevelFit, pool_mv
from stromata.synthesis.multilevel.robust import RobustFit, cluster_robust, robust_estimate
from stromata.synthesis.multilevel.sampling_covariance import aggregate_effects

LIKELIHOOD = 1e-7
"""What the log-likelihood may lie below the reference's, relative to its size where that is above 1."""
HIGHER = 1e-6
"""Where ours is higher by more than this the reference stopped short, and what follows from it is not compared."""
COMPONENT, BETA, CLOSED, BOUND = 1e-4, 1e-5, 1e-8, 1e-3
"""Relative tolerances: components; coefficients and what follows from them (also relative to the standard error);
closed forms; bounds of profile intervals (the reference's search stops at 1.2e-4)."""
SMALL = 1e-6
"""Components below this share of the typical sampling variance count as 0: the reference stops at 1e-9 or so."""

# Fitting what an R call fits.

ARGUMENTS = {"yi", "V", "mods", "random", "struct", "data", "method", "test", "dfs", "sigma2", "tau2", "rho", "gamma2"}
ARGUMENTS |= {"phi", "R", "dist", "control", "cvvc", "level", "sparse", "digits"}


def fitted(data: DataSet, text: str) -> MultilevelFit:
    """Fit what rma.mv() fits; an rma() model has one random effect per row."""
    call = parse(text)
    named = call.named
    if call.name not in {"rma.mv", "rma"}:
        raise LeftOut(f"{call.name}()")
    if set(named) - ARGUMENTS or (call.name == "rma" and "tau2" in named):
        raise LeftOut(f"argument {min((set(named) - ARGUMENTS) or {'tau2'})}")
    frame = dict(data.frame(named.get("data", "dat")))
    y = expression(call.first or named["yi"], frame)
    second = call.positional[1] if len(call.positional) > 1 else named["V"]
    V: Any = data.matrices.get(second)
    if V is None:
        V = np.array(np.broadcast_to(expression(second, frame), (length(frame),)), dtype=float)
    options: dict[str, Any] = {"data": frame, "method": call.method.lower(), "level": call.level}
    if call.name == "rma" and options["method"] != "reml":
        raise LeftOut("robust variances of a model with another estimator of tau2")
    if "mods" in named:
        options["formula"] = moderators(data, named["mods"], frame)
    if call.name == "rma":
        frame[".row"] = [f"r{i}" for i in range(length(frame))]
        options["random"] = "~ 1 | .row"
    elif "random" in named:
        options["random"] = vector(named["random"])
    if "struct" in named:
        structs = [part.strip('"') for part in vector(named["struct"])]
        options["struct"] = structs[0] if len(structs) == 1 else structs
    for key in ("sigma2", "tau2", "rho", "gamma2", "phi"):
        if key in named:
            given = numbers(named[key])
            options[key] = given[0] if len(given) == 1 else given
    for key in ("test", "dfs"):
        if key in named:
            options[key] = call.text(key)
    if "R" in named:
        options["R"] = {
            part.partition("=")[0].strip(): data.tables[part.partition("=")[2].strip()] for part in vector(named["R"])
        }
    if "dist" in named:
        first = vector(named["dist"])[0]
        options["dist"] = data.tables[first.partition("=")[2].strip() or first]
    turn_levels(data, options)
    return pool_mv(np.array(y, dtype=float), V, **options)


def turn_levels(data: DataSet, options: Json) -> None:
    """Turn fixed values of levels round where R was told another reference level."""
    for term in options.get("random", []) if isinstance(options.get("random"), list) else [options.get("random", "")]:
        inner = term.replace("~", "").partition("|")[0].strip()
        if inner in data.references and isinstance(options.get("tau2"), list) and len(options["tau2"]) == 2:
            levels = sorted({plain(value) for value in options["data"][inner]})
            if levels[0] != data.references[inner]:
                options["tau2"] = options["tau2"][::-1]


def moderators(data: DataSet, text: str, frame: Frame) -> str:
    """Return the formula with the factors and the constants that R worked out."""
    run = re.search(r"factor\(1:(\d+)\)", text)
    if run:
        frame[".run"] = [f"{i + 1:03d}" for i in range(int(run[1]))]
        text = text.replace(run[0], "factor(.run)")
    for mean in re.findall(r"mean\(([\w.]+)\)", text):
        text = text.replace(f"mean({mean})", repr(float(np.nanmean(expression(mean, frame)))))
    for name, reference in data.references.items():
        if name in frame:
            text = re.sub(rf"\b{name}\b", f'relevel({name}, ref="{reference}")', text)
    return text


# Comparing.


def same_peak(fit: MultilevelFit, c: Comparison, value: Json) -> bool:
    """Hold the likelihoods; False where ours is higher, or the likelihood is flat."""
    theirs = floats(value["ll_REML" if value["method"] == "REML" else "ll_ML"])[0]
    ours = fit.log_likelihood_reml if value["method"] == "REML" else fit.log_likelihood
    c.note("likelihood below", max(theirs - ours, 0.0) / max(1.0, abs(theirs)), LIKELIHOOD)
    if ours > theirs + HIGHER * max(1.0, abs(theirs)):
        c.differs("likelihood-higher", f"by {ours - theirs:.2g}")
        return False
    return True


def compare_mv(data: DataSet, c: Comparison) -> None:
    """Hold rma.mv()."""
    fit = fitted(data, c.record["r"])
    value = c.reference(fit)
    if not same_peak(fit, c, value):
        return
    hold_table(fit, value, c)
    if fit.q is not None:
        c.hold("QE", fit.q, value["QE"], scale=1e-8, tolerance=CLOSED)
        c.p(fit.q_p, value["QEp"])
    if "QM" in value and fit.qm is not None:
        c.hold("QM", fit.qm, floats(value["QM"])[0], tolerance=10 * BETA)
        c.p(fit.qm_p, floats(value["QMp"])[0])
    for ours, theirs in (("log_likelihood", "ll_ML"), ("log_likelihood_reml", "ll_REML")):
        c.hold(theirs, getattr(fit, ours), value[theirs], scale=1.0, tolerance=BETA)
    for theirs in ("AIC", "BIC", "AICc"):
        c.hold(theirs, getattr(fit, theirs.lower()), value[theirs], scale=1.0, tolerance=1e-6)
    if "ddf" in value and fit.df is not None:
        c.hold("ddf", fit.df, value["ddf"], tolerance=1e-12)
    hold_components(fit, value, c)


def hold_components(fit: MultilevelFit, value: Json, c: Comparison) -> None:
    if any(caution.code == "flat-likelihood" for caution in fit.cautions):
        c.differs("flat-likelihood")
        return
    typical = float(np.mean(fit.model.sampling.vi))
    for what in ("sigma2", "tau2", "rho", "gamma2", "phi"):
        if what not in value or not fit.values(what):
            continue
        ours, theirs = list(fit.values(what)), floats(value[what])
        if len(ours) != len(theirs):
            c.note(f"{what} count", 1.0, 0.0)
            continue
        if what in {"tau2", "rho"} and "g_levels" in value and len(ours) > 1:
            ours = in_their_order(fit, what, value["g_levels"])
        for a, b in zip(ours, theirs, strict=True):
            if math.isnan(a):
                c.differs("component-unknown", f"{what}; the reference says {b:.3g}")
                continue
            scale = SMALL / COMPONENT * typical if what.endswith("2") else 1.0
            c.hold(what, a, b, scale=scale, tolerance=COMPONENT)


def in_their_order(fit: MultilevelFit, what: str, levels: list[str]) -> list[float]:
    mine = [component for component in fit.components if component.name == what]
    if not mine[0].levels or set(mine[0].levels) - set(levels):
        return [component.value for component in mine]
    if what == "tau2":
        return [
            next(each.value for each in mine if each.levels == (level,))
            for level in levels
            if any(each.levels == (level,) for each in mine)
        ]
    pairs = [(a, b) for i, a in enumerate(levels) for b in levels[i + 1 :]]
    return [next(each.value for each in mine if set(each.levels) == set(pair)) for pair in pairs]


def hold_table(ours: MultilevelFit | RobustFit, value: Json, c: Comparison) -> None:
    """Hold coefficients."""
    theirs = floats(value["beta"])
    if len(theirs) != len(ours.beta):
        c.note("coefficients", 1.0, 0.0)
        return
    for i, scale in enumerate(floats(value["se"])):
        c.hold("beta", ours.beta[i], theirs[i], scale=scale, tolerance=BETA)
        c.hold("se", ours.se[i], scale, tolerance=BETA * 3)
        for what, bound in (("ci_lb", ours.ci_low), ("ci_ub", ours.ci_high)):
            c.hold(what, bound[i], floats(value[what])[i], scale=scale, tolerance=BETA * 5)
        c.note("p-values (absolute)", abs(ours.p_values[i] - floats(value["pval"])[i]), 1e-5)
    if "vb" in value:
        gold = np.array(value["vb"]["values"], dtype=float)
        spread = np.sqrt(np.multiply.outer(gold.diagonal(), gold.diagonal()))
        c.note("vb", float(np.max(np.abs(ours.covariance - gold) / spread)), BETA * 10)


def compare_robust(data: DataSet, c: Comparison) -> None:
    """Hold robust()."""
    outer = parse(c.record["r"])
    outer.only("cluster", "adjust", "clubSandwich")
    fit = fitted(data, outer.first)
    frame = data.frame(parse(outer.first).named.get("data", "dat"))
    repeated = re.fullmatch(r"rep\((\d+),\s*(\d+)\)", outer.named["cluster"])
    if not repeated and outer.named["cluster"] not in frame:
        raise LeftOut("clusters worked out in R")
    labels = [repeated[1]] * int(repeated[2]) if repeated else frame[outer.named["cluster"]]
    kind: Any = (
        "CR2" if outer.named.get("clubSandwich") == "TRUE" else "CR0" if outer.named.get("adjust") == "FALSE" else "CR1"
    )
    ours = cluster_robust(fit, [plain(label) for label in labels], kind=kind)
    value = c.reference(fit, ours)
    c.label = f"robust {kind}"
    if "ll_REML" in value and not same_peak(fit, c, value):
        return
    hold_table(ours, value, c)
    wanted = floats(value["dfs"])
    c.hold("df", ours.df, wanted * len(ours.df) if len(wanted) == 1 else wanted, tolerance=COMPONENT)
    if "QM" in value and ours.f is not None and ours.f_df is not None and not math.isnan(floats(value["QM"])[0]):
        c.hold("F", ours.f, floats(value["QM"])[0], tolerance=COMPONENT)
        c.hold("F df", ours.f_df[1], floats(value["QMdf"])[1], tolerance=COMPONENT)
        c.note("F p", abs((ours.f_p or 0.0) - floats(value["QMp"])[0]), 1e-5)


def compare_robumeta(data: DataSet, c: Comparison) -> None:
    """Hold robumeta's robu()."""
    at = c.record["r"].find("robumeta::robu(")
    if at < 0:
        raise LeftOut("another kind of call")
    call = parse(c.record["r"][at:])
    frame = data.frame(call.named["data"])
    response, _, formula = call.first.partition("~")
    ours = robust_estimate(
        frame[response.strip()],
        frame[call.named["var.eff.size"]],
        [plain(x) for x in frame[call.named["studynum"]]],
        formula="~" + formula,
        data=frame,
        model="hierarchical" if call.text("modelweights") == "HIER" else "correlated",
        rho=float(call.named.get("rho", "0.8")),
        small=call.named.get("small", "TRUE") == "TRUE",
    )
    value = c.reference(ours)
    c.tolerance = CLOSED
    pairs: list[tuple[str, Any]] = [("b", ours.beta), ("SE", ours.se), ("t", ours.statistic), ("dfs", ours.df)]
    pairs += [("CI.L", ours.ci_low), ("CI.U", ours.ci_high)]
    pairs += [("tau.sq", ours.tau2), ("omega.sq", ours.omega2), ("I.2", ours.i2)]
    for what, mine in pairs:
        if what in value and mine is not None:
            c.hold(what, mine, value[what], scale=1e-12)


def compare_aggregate(data: DataSet, c: Comparison) -> None:
    """Hold aggregate()."""
    call = parse(c.record["r"])
    frame = data.frame(call.first)
    found = aggregate_effects(
        frame["yi"],
        frame["vi"],
        cluster=[plain(x) for x in frame[call.named["cluster"]]],
        rho=float(call.named["rho"]) if "rho" in call.named else None,
        struct=call.text("struct", "CS"),  # type: ignore[arg-type]
        weighted=call.named.get("weighted") != "FALSE",
    )
    value = c.reference(found)
    order = sorted(range(len(found.labels)), key=lambda i: sort_key(found.labels[i]))
    for what, ours in (("yi", found.yi), ("vi", found.vi)):
        c.hold(what, [float(ours[i]) for i in order], value[what], scale=1e-9, tolerance=CLOSED)


def sort_key(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return 0.0, label


def compare_confint(data: DataSet, c: Comparison) -> None:
    """Hold profile intervals of the components."""
    fit = fitted(data, parse(c.record["r"]).first)
    found = component_intervals(fit)
    given = c.reference(fit)
    values = given if isinstance(given, list) else [given]
    if len(values) != len(found):
        raise LeftOut("intervals of other components")
    for ours, theirs in zip(found, values, strict=True):
        _, low, high = floats(theirs["random"]["values"][0])
        scale = abs(ours.component.value)
        for what, mine, bound in (("low", ours.low, low), ("high", ours.high, high)):
            if what == "high" and theirs.get("ub_sign") == ">":
                c.note("open bound", float(mine < bound), 0.0)
                continue
            since = c.mark()
            c.hold(what, mine, bound, scale=scale, tolerance=BOUND)
            if c.beyond(since) and math.isfinite(mine):
                off = missed(fit, ours.component, mine, theirs=bound)
                if off:
                    c.explain(since, "bound-truer", off)


def missed(fit: MultilevelFit, component: Component, mine: float, *, theirs: float) -> str:
    """Return by how much the reference's bound misses the quantile where ours does not; else nothing."""
    top = fit.log_likelihood_reml if fit.method == "reml" else fit.log_likelihood
    at_ours, at_theirs = top - profile_likelihood(fit, component, [mine, theirs]) - 1.920729410347062
    return f"the reference's misses the quantile by {at_theirs:.1g}" if abs(at_ours) < 1e-6 < abs(at_theirs) else ""


def compare_profile(data: DataSet, c: Comparison) -> None:
    """Hold the profile likelihood at the reference's places."""
    outer = parse(c.record["r"])
    fit = fitted(data, outer.first)
    value = c.reference(fit)
    what = next((key for key in ("sigma2", "tau2", "rho", "gamma2", "phi") if key in outer.named or key in value), "")
    place = int(float(outer.named.get(what, "1"))) - 1
    component = next(each for each in fit.components if each.name == what and each.place == place)
    ours = profile_likelihood(fit, component, floats(value[what]))
    for a, b in zip(ours, floats(value["ll"]), strict=True):
        c.note("log-likelihood below", max(b - a, 0.0), 1e-6)
        if a > b + 1e-5:
            c.differs("likelihood-higher", f"by {a - b:.2g}")


def compare_predict(data: DataSet, c: Comparison) -> None:
    """Hold predictions."""
    outer = parse(c.record["r"])
    fit = fitted(data, outer.first)
    outer.only("newmods", "tau2.levels")
    rows: Any = None
    if "newmods" in outer.named:
        intercept = bool((fit.model.x[:, 0] == 1).all())
        given = [[float(x or 0) for x in numbers(part)] for part in vector(outer.named["newmods"])]
        if fit.p - intercept > 1 and not outer.named["newmods"].startswith("rbind"):
            given = [[row[0] for row in given]]
        rows = [([1.0] if intercept else []) + row for row in given]
    levels = None
    if "tau2.levels" in outer.named:
        term = next(term for term in fit.model.terms if not term.intercept)
        levels = {term.label: [term.inner_levels[int(i or 1) - 1] for i in numbers(outer.named["tau2.levels"])]}
    ours = predict_mv(fit, X=rows, levels=levels)
    value = c.reference(fit)
    scale = float(floats(value["se"])[0])
    names = (("estimate", "pred"), ("se", "se"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub"))
    for mine, theirs in (*names, ("pi_low", "pi.lb"), ("pi_high", "pi.ub")):
        c.hold(theirs, getattr(ours, mine), value[theirs], scale=scale, tolerance=5 * BETA)


def compare_ranef(data: DataSet, c: Comparison) -> None:
    """Hold predicted random effects."""
    at = c.record["r"].find("rma.mv(")
    fit = fitted(data, c.record["r"][at:])
    value = c.reference(fit)
    for ours, theirs in zip(random_effects(fit), value.values(), strict=True):
        for mine, name in (("estimate", "intrcpt"), ("se", "se"), ("pi_low", "pi.lb"), ("pi_high", "pi.ub")):
            c.hold(name, getattr(ours, mine), theirs[name], scale=0.1, tolerance=COMPONENT)


def compare_anova(data: DataSet, c: Comparison) -> None:
    """Hold likelihood ratios and Wald tests."""
    outer = parse(c.record["r"])
    outer.only("X", "btt")
    fits = [fitted(data, text) for text in outer.positional]
    if len(fits) == 2:
        ratio = compare_fits(*fits)
        value = c.reference(*fits)
        c.hold("LRT", ratio.statistic, value["LRT"], scale=1e-3, tolerance=COMPONENT)
        c.p(ratio.p, value["pval"])
        return
    value = c.reference(*fits)
    if "X" in outer.named:
        whole = outer.named["X"]
        rows: Any = [numbers(part) for part in vector(whole)] if whole.startswith("rbind") else [numbers(whole)]
    elif "btt" in outer.named:
        rows = [[float(i == int(j) - 1) for i in range(fits[0].p)] for j in floats(value["btt"])]
    else:
        raise LeftOut("another kind of test")
    found = contrast_mv(fits[0], rows)
    c.hold("QM", found.qm, floats(value["QM"])[0], tolerance=COMPONENT)
    c.p(found.qm_p, floats(value["QMp"])[0])


def compare_resid(data: DataSet, c: Comparison) -> None:
    """Hold residuals, leverages and weights."""
    outer = parse(c.record["r"])
    if outer.name in {"rstudent", "cooks.distance"}:
        compare_deleted(data, c, outer)
        return
    fields = {"rstandard": "standardised", "hatvalues": "hat", "weights": "weight"}
    if outer.name not in fields:
        raise LeftOut(f"{outer.name}() of several levels is not offered")
    fit = fitted(data, outer.first)
    ours = getattr(residuals_mv(fit), fields[outer.name])
    value = c.reference(fit)
    theirs = floats(value["z"] if isinstance(value, dict) and "z" in value else value)
    c.hold(outer.name, ours, theirs, scale=float(np.nanmax(np.abs(theirs))), tolerance=COMPONENT)


def compare_deleted(data: DataSet, c: Comparison, outer: Call) -> None:
    """Hold deleted residuals, and Cook's distances, by effect or by cluster."""
    fit = fitted(data, outer.first)
    frame = data.frame(parse(outer.first).named.get("data", "dat"))
    cluster = [plain(each) for each in frame[outer.named["cluster"]]] if "cluster" in outer.named else None
    ours = influence_mv(fit, cluster=cluster)
    value = c.reference(fit, ours.refits)
    if outer.name == "cooks.distance":
        names = [plain(each) for each in value["names"]] if "names" in value else list(ours.labels)
        order = [ours.labels.index(name) for name in names]
        c.hold("cook", ours.cook[order], value["values"], scale=1e-3, tolerance=REFITTED)
        return
    table = value.get("obs", value)
    for name, mine in (("resid", ours.residual), ("se", ours.se), ("z", ours.rstudent)):
        c.hold(name, mine, table[name], scale=float(np.nanmedian(ours.se)), tolerance=REFITTED)


REFITTED = 1e-3
"""The reference refits with its default optimiser."""


def compare_matrix(data: DataSet, c: Comparison) -> None:
    """Hold the covariance of the components, or a sampling covariance matrix that the lines before made."""
    text = c.record["r"]
    if "cvvc=TRUE" in text:
        fit = fitted(data, text.removesuffix("$vvc"))
        gold = np.array(c.reference(fit)["values"], dtype=float)
        spread = np.sqrt(np.multiply.outer(gold.diagonal(), gold.diagonal()))
        c.note("vvc", float(np.max(np.abs(fit.component_covariance - gold) / spread)), 1e-3)
        return
    made = data.matrices.get(text.strip())
    if made is None:
        c.makes_objects = "<-" in text
        return
    gold = np.array(c.reference()["values"], dtype=float)
    ours = made.matrix()
    known = ~np.isnan(gold) & ~np.isnan(ours)
    c.note("V", float(np.max(np.abs(ours - gold)[known]) / np.nanmax(gold)), CLOSED)


COMPARE = {
    "rma.mv": compare_mv,
    "robust": compare_robust,
    "robumeta": compare_robumeta,
    "aggregate": compare_aggregate,
    "confint": compare_confint,
    "profile": compare_profile,
    "predict": compare_predict,
    "ranef": compare_ranef,
    "anova": compare_anova,
    "resid": compare_resid,
    "matrix": compare_matrix,
}

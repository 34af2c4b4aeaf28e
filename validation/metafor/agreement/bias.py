"""Sensitivity and publication bias: leave-one-out, influence, asymmetry, selection, fail-safe numbers and the rest."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from scipy import special

from agreement.counting import EXACT, P_VALUE, Comparison, Json, LeftOut, floats, real
from agreement.effects import refused_by_name
from agreement.pooling import COMMON, METHODS
from agreement.reading import Array, Call, DataSet, Studies, expression, matrix, number_of, parse
from stromata.synthesis import effect_sizes, sensitivity
from stromata.synthesis.bias import asymmetry, evidence_value, failsafe, selection, selection_kernels
from stromata.synthesis.bias.table_asymmetry import ranktest_tables, regtest_tables
from stromata.synthesis.pooling import heterogeneity

ESTIMATE = 1e-7
"""Relative, for what follows from an iterative tau2."""
LOOSE = 1e-4
"""Relative, where the reference ran with its coarse default stopping rules, or integrates and searches coarsely."""
SEARCH = 1.3e-4
"""R's uniroot stops within 1.22e-4 of a root: of a limit of the excess, or of the quantile of Henmi and Copas."""
LIKELIHOOD = 1e-5
"""By how much a selection model's log-likelihood may lie below the reference."""
ITERATIVE = {"REML", "ML", "EB", "PM"}


def method_of(call: Call) -> Any:  # noqa: ANN401 - a method by its name
    if call.method in COMMON:
        return "ee"
    if call.method not in METHODS:
        raise LeftOut(f"method {call.method} is not offered")
    return METHODS[call.method]


UNDERSTOOD = {
    "regtest": ("predictor", "model"),
    "trimfill": ("estimator", "side"),
    "tes": ("test",),
    "selmodel": ("type", "alternative", "prec", "steps", "delta"),
}
"""Arguments of the outer call beside the model."""
TESTED = {"leave1out", "cumul", "influence", "regtest"}
"""What takes the test and the level of its model."""


def options_of(call: Call) -> dict[str, Any]:
    """Return the options of a refit."""
    return {"method": method_of(call), "test": call.text("test", "z"), "level": call.level}


def inner(data: DataSet, c: Comparison) -> tuple[Studies, Call, Call]:
    """Return the data of the rma() call within the record's call, that call, and the outer one."""
    outer = parse(c.record["r"])
    if not re.match(r"rma(\.uni)?\(", outer.first):
        raise LeftOut("not on rma()")
    call = parse(outer.first)
    outer.only(*UNDERSTOOD.get(outer.name, ()))
    call.only("yi", "vi", "data", "method", "subset", *(("test", "level") if outer.name in TESTED else ()))
    return data.studies(call), call, outer


def tolerance_of(studies: Studies, call: Call) -> float:
    v = np.abs(studies.v[studies.known])
    if call.method not in ITERATIVE:
        # beyond a variance ratio of 1e8 the reference itself keeps fewer digits
        return EXACT if len(v) == 0 or v.max() < 1e8 * v.min() else 1e-8
    # with tightened rules the reference stops when a step of tau2 is below 1e-12, absolute
    return max(ESTIMATE, 1e-10 / float(v.min() or 1.0)) if call.tight else LOOSE


REFIT = (
    ("estimate", "estimate"), ("se", "se"), ("statistic", "zval"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub"),
    ("q", "Q"), ("i2", "I2"), ("h2", "H2"),
)  # fmt: skip


def compare_table_refits(data: DataSet, c: Comparison, call: Call) -> None:
    """Refits of Mantel-Haenszel and Peto, from the counts."""
    model: Any = call.name.removeprefix("rma.")
    measure = "PETO" if model == "peto" else call.text("measure", "OR")
    roles = {"ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "t1i", "x2i", "t2i"}
    if set(call.named) - roles - {"measure", "data", "subset"}:
        raise LeftOut("options of the table models")
    columns = data.columns(call, roles)
    known = ~np.isnan(sum(columns.values()))
    c.cautions += ["missing values refused by name"] * refused_by_name(measure, columns, known)
    effects = effect_sizes(measure, **{name: each[known] for name, each in columns.items()})
    refit = sensitivity.leave_one_out if c.record["kind"] == "leave1out" else sensitivity.cumulative
    found = refit(effects, model=model)
    value = c.reference(found)
    c.label = f"{c.record['kind']} {model}"
    places = np.flatnonzero(known)
    spread = found.se[~np.isnan(found.se)]
    for ours, name in REFIT:
        if value.get(name) is None:
            continue
        theirs = np.array(floats(value[name]))
        theirs = theirs[places] if len(theirs) == len(known) else theirs
        mine = getattr(found, ours)
        undetermined = np.isnan(mine) & ~np.isnan(theirs)
        if undetermined.any():
            c.differs("undetermined-tables", f"{name} of {int(undetermined.sum())}")
        keep = ~np.isnan(mine)
        scale = {"Q": 1e-4, "I2": 1.0, "H2": 1.0, "zval": 1.0}.get(name, float(np.median(spread)) if len(spread) else 1)
        c.hold(name, mine[keep], theirs[keep], scale=scale)


def compare_refits(data: DataSet, c: Comparison) -> None:
    """Hold leave1out() and cumul()."""
    outer = parse(c.record["r"])
    outer.only()
    call = parse(outer.first)
    if call.name in {"rma.mh", "rma.peto"}:
        compare_table_refits(data, c, call)
        return
    studies, call, _ = inner(data, c)
    refit = sensitivity.leave_one_out if c.record["kind"] == "leave1out" else sensitivity.cumulative
    found = refit(studies.y, studies.v, **options_of(call))
    value = c.reference(found)
    c.label, c.tolerance = f"{c.record['kind']} {call.method}", tolerance_of(studies, call)
    se = float(np.median(found.se))
    for ours, name in REFIT:
        scale = {"estimate": se, "ci.lb": se, "ci.ub": se, "zval": 1.0, "Q": 1e-4, "I2": 1.0, "H2": 1.0}.get(name, 0.0)
        if name in value:
            c.hold(name, getattr(found, ours), value[name], scale=scale)
    if "tau2" in value:
        loose = call.method in ITERATIVE
        floor = 1e-3 * float(np.median(studies.v[studies.known]))
        c.hold("tau2", found.tau2, value["tau2"], scale=floor, tolerance=max(1e-6, c.tolerance) if loose else None)
    for ours, names in (("p", ("pval", "pvals")), ("q_p", ("Qp",))):
        for name in names:
            if value.get(name) is not None:
                c.p(getattr(found, ours), value[name])


INFLUENCE = (
    ("rstudent", "rstudent"), ("dffits", "dffits"), ("cook", "cook.d"), ("cov_ratio", "cov.r"),
    ("tau2_deleted", "tau2.del"), ("q_deleted", "QE.del"), ("hat", "hat"), ("weight", "weight"),
)  # fmt: skip


def compare_influence(data: DataSet, c: Comparison) -> None:
    """Hold influence()."""
    studies, call, _ = inner(data, c)
    found = sensitivity.influence(studies.y, studies.v, **options_of(call))
    value = c.reference(found)
    c.label, c.tolerance = f"influence {call.method}", tolerance_of(studies, call)
    floor = 1e-3 * float(np.median(studies.v[studies.known]))
    for ours, name in INFLUENCE:
        loose = max(1e-6, c.tolerance) if name == "tau2.del" and call.method in ITERATIVE else None
        scale = {"tau2.del": floor, "rstudent": 1.0, "dffits": 1.0, "cook.d": 1e-2, "QE.del": 1e-4}.get(name, 0.0)
        c.hold(name, getattr(found, ours), value["inf"][name], scale=scale, tolerance=loose)
    c.hold("dfbetas", found.dfbetas[:, 0], value["dfbs"]["intrcpt"], scale=1.0)
    theirs = value["is_infl"] if isinstance(value["is_infl"], list) else [value["is_infl"]]
    same = all(each in {None, ours} for ours, each in zip(found.influential.tolist(), theirs, strict=True))
    c.note("influential", float(not same), 0.0)


def compare_residuals(data: DataSet, c: Comparison) -> None:
    """Hold rstandard(), rstudent() and weights()."""
    studies, call, outer = inner(data, c)
    tolerance, method = tolerance_of(studies, call), method_of(call)
    if outer.name == "weights":
        weights = sensitivity.influence(studies.y, studies.v, method=method)
        value = c.reference(weights)
        # a weight follows tau2 more closely than the estimate does
        c.hold("weight", weights.weight, value["values"], tolerance=max(10 * tolerance, EXACT))
        return
    if outer.name not in {"rstandard", "rstudent"}:
        raise LeftOut(f"{outer.name}()")
    found = sensitivity.residuals(studies.y, studies.v, method=method, deleted=outer.name == "rstudent")
    value = c.reference(found)
    c.label, c.tolerance = outer.name, tolerance
    for ours, name, scale in (
        (found.residual, "resid", float(np.median(found.se))),
        (found.se, "se", 0.0),
        (found.z, "z", 1.0),
    ):
        c.hold(name, ours, value[name], scale=scale)


def compare_blup(data: DataSet, c: Comparison) -> None:
    """Hold blup() and ranef()."""
    studies, call, outer = inner(data, c)
    deviations = outer.name == "ranef"
    found = sensitivity.blups(studies.y, studies.v, method=method_of(call), deviations=deviations)
    value = c.reference(found)
    c.label, c.tolerance = outer.name, tolerance_of(studies, call)
    scale = float(np.sqrt(np.median(studies.v[studies.known])))
    for ours, name in ((found.value, "pred"), (found.se, "se"), (found.low, "pi.lb"), (found.high, "pi.ub")):
        c.hold(name, ours, value[name], scale=scale)


def compare_regtest(data: DataSet, c: Comparison) -> None:
    """Hold regtest()."""
    studies, call, outer = inner(data, c)
    predictor, model = outer.text("predictor", "sei"), outer.text("model", "rma")
    found = asymmetry.regtest(
        studies.y, studies.v, ni=studies.n, predictor=predictor, model=model, **options_of(call)  # type: ignore[arg-type]
    )  # fmt: skip
    value, since = c.reference(found), c.mark()
    if np.ptp(studies.y[studies.known]) == 0:
        c.differs("equal-estimates")
        return
    closed = model == "lm" or call.method in COMMON
    c.label = f"regtest {model} {call.method}"
    c.tolerance = 1e-9 if closed else max(tolerance_of(studies, call), 1e-7)
    c.hold("statistic", found.statistic, value["zval"], scale=1.0)
    c.p(found.p, value["pval"])
    for ours, name in ((found.limit, "est"), (found.limit_low, "ci.lb"), (found.limit_high, "ci.ub")):
        if ours is not None and value.get(name) is not None:
            c.hold("limit " + name, ours, value[name], scale=found.limit_se or 0.0)
    if c.beyond(since) and closed and np.ptp(studies.v[studies.known]) < 1e-6 * studies.v[studies.known].max():
        c.explain(since, "hardly-varies", "the predictor varies by less than 1e-6")


def compare_ranktest(data: DataSet, c: Comparison) -> None:
    """Hold ranktest()."""
    studies, _, _ = inner(data, c)
    found = asymmetry.ranktest(studies.y, studies.v)
    value = c.reference(found)
    if found.tau is None and real(value["tau"]) is None:
        c.note("no tau alike", 0.0, 0.0)
        return
    c.hold("tau", found.tau, value["tau"], scale=1.0)
    if found.exact and found.k > 170:  # 171! is beyond double precision
        c.differs("rank-exact", f"k = {found.k}")
        return
    c.p(found.p, value["pval"])


def compare_trimfill(data: DataSet, c: Comparison) -> None:
    """Hold trimfill()."""
    studies, call, outer = inner(data, c)
    estimator: Any = outer.text("estimator", "L0")
    side: Any = outer.text("side") or None
    found = asymmetry.trimfill(studies.y, studies.v, estimator=estimator, side=side, method=method_of(call))
    if found.pooled is None and c.fails:
        c.alike = True
        return
    value = c.reference(found)
    y, v = studies.y[studies.known], studies.v[studies.known]
    distances = np.round(np.abs(y - found.original.estimate) / np.abs(y).max(), 12)
    if len(set(distances.tolist())) < len(set(y.tolist())) or np.ptp(y) == 0:
        c.differs("tied-distances")
        return
    c.label, c.tolerance = f"trimfill {call.method} {estimator}", tolerance_of(studies, call)
    c.note("side", float(found.side != value["side"]), 0.0)
    c.note("k0", float(found.k0 != value["k0"]), 0.0)
    if found.k0 != value["k0"] or found.pooled is None:
        return
    c.hold("se_k0", found.se_k0, value["se_k0"])
    c.hold("p_k0", found.p_k0, value["p_k0"])
    se, since = found.pooled.se, c.mark()
    for ours, name in ((found.pooled.estimate, "beta"), (found.pooled.se, "se"), (found.pooled.ci_low, "ci_lb")):
        c.hold(name, ours, value[name], scale=se)
    c.hold("tau2", found.pooled.tau2 or 0.0, value["tau2"], scale=float(np.median(v)))
    for ours, name in ((sorted(found.filled_y), "fill_yi"), (sorted(found.filled_v), "fill_vi")):
        theirs = floats(value[name])
        # the reference's table ends with the studies it left out, not with those it added
        if not any(map(math.isnan, theirs)):
            c.hold(name, ours, sorted(theirs), scale=se, tolerance=max(c.tolerance, 1e-9) * 10)
    own = (y, v) if not found.k0 else (np.concatenate((y, found.filled_y)), np.concatenate((v, found.filled_v)))
    stopped_early(c, since, call, own, (found.pooled.tau2, real(value["tau2"])))


def stopped_early(
    c: Comparison, since: int, call: Call, studies: tuple[Array, Array], tau2: tuple[float | None, float | None]
) -> None:
    """Explain what lies beyond tolerance where the reference stopped early: our likelihood is higher."""
    ours, theirs = tau2
    if not c.beyond(since) or call.tight or call.method != "REML" or ours is None or theirs is None:
        return
    mine, other = (heterogeneity.log_likelihood(*studies, value, restricted=True) for value in (ours, theirs))
    if mine > other:
        c.explain(since, "stopped-early", f"our likelihood is higher by {mine - other:.1e}")


def compare_fsn(data: DataSet, c: Comparison) -> None:
    """Hold fsn()."""
    call = parse(c.record["r"])
    call.only("data", "type", "target", "test", "weighted", "subset")
    studies = data.studies(call)
    kind = call.text("type", "Rosenthal").lower()
    options: dict[str, Any] = {"type": kind}
    if "target" in call.named:
        options["target"] = number_of(call.named["target"])
    if "test" in call.named:
        options["combination"] = call.text("test").lower()
    if kind == "orwin":
        options["weighted"] = call.named.get("weighted") == "TRUE" or "v5" in c.record
    found = failsafe.fsn(studies.y, studies.v, **options)
    value = c.reference(found)
    c.label = f"fsn {kind}"
    if "combination" in options:
        c.differs("fisher-direction")
        return
    theirs, since = real(value["fsnum"]), c.mark()
    if kind == "general" and theirs == found.number + 1 and (found.p_with or 0) >= found.alpha:
        c.differs("one-study-fewer", f"{found.number} and {theirs:.0f}")
    elif theirs is not None:
        c.note("N", float(found.number != theirs), 0.0)
    loose = LOOSE if kind == "general" else None
    if found.p is not None and value.get("pval") is not None:
        c.hold("p", found.p, value["pval"], tolerance=loose or 1e-9, scale=P_VALUE)
    c.have("average", found.estimate, value.get("meanes"), tolerance=loose, scale=1e-9)
    if kind != "general":
        return
    y, v = studies.y[studies.known], studies.v[studies.known]
    if found.number == theirs:
        c.have("estimate with", found.estimate_with, value["est.fsn"], tolerance=LOOSE)
        c.have("tau2 with", found.tau2_with, value["tau2.fsn"], tolerance=LOOSE, scale=1e-3 * float(np.median(v)))
        c.have("p with", found.p_with, value["pval.fsn"], tolerance=LOOSE)
    stopped_early(c, since, call, (y, v), (found.tau2, real(value["tau2"])))


def compare_tes(data: DataSet, c: Comparison) -> None:
    """Hold tes()."""
    studies, call, outer = inner(data, c)
    test: Any = (c.record.get("value") or {}).get("test") or outer.text("test", "exact")
    found = evidence_value.tes(studies.y, studies.v, method=method_of(call), test=test)
    value = c.reference(found)
    c.label = f"tes {test}"
    for ours, name in (
        (found.observed, "O"),
        (found.expected, "E"),
        (found.ratio, "OEratio"),
        (found.power, "power"),
        (found.theta, "theta"),
        (found.statistic, "X2"),
    ):
        if ours is not None:
            c.hold(name, ours, value[name], scale={"theta": 1e-6, "X2": 1e-3}.get(name, 0.0))
    c.p(found.p, value["pval"])
    for limit in floats(value["theta.lim"]):
        if math.isfinite(limit):
            nearest = min((abs(limit - own) for own in found.limits), default=math.inf)
            c.note("limit (absolute)", nearest, SEARCH)


def compare_hc(data: DataSet, c: Comparison) -> None:
    """Hold hc()."""
    studies, _, _ = inner(data, c)
    found = asymmetry.henmi_copas(studies.y, studies.v)
    value = c.reference(found)
    v = studies.v[studies.known]
    c.tolerance = EXACT if v.max() < 1e8 * v.min() else 1e-8
    c.hold("estimate", found.estimate, value["beta"], scale=found.se)
    c.hold("se", found.se, value["se"])
    c.hold("tau2", found.tau2, value["tau2"], scale=1e-3 * float(np.median(v)))
    since = c.mark()
    for ours, name in ((found.ci_low, "ci.lb"), (found.ci_high, "ci.ub")):
        c.hold("interval", ours, value[name], scale=found.se, tolerance=2 * SEARCH)
    if c.beyond(since):
        theirs = (float(value["ci.ub"]) - float(value["beta"])) / float(value["se"])
        ours = (found.ci_high - found.estimate) / found.se
        misses = [abs(coverage(t, v, found.tau2) - 0.95) for t in (ours, theirs)]
        if misses[0] < 1e-8 < misses[1]:
            c.explain(since, "coverage", f"off by {misses[0]:.0e}, the reference by {misses[1]:.0e}")


def coverage(t: float, v: Array, tau2: float) -> float:
    """Return the probability that Henmi and Copas's pivot lies within -t and t, the plain way."""
    w = 1 / v
    p = np.diag(w) - np.outer(w, w) / w.sum()
    d = np.diag(v + tau2)
    ratio = 1 + tau2 * (w @ w) / w.sum()
    inside = d - d @ np.outer(w, w) @ d / (w @ d @ w)
    r = np.linspace(t, t + 14 * math.sqrt(ratio), 40001)
    direction = d @ w * math.sqrt(w.sum()) / (w @ d @ w)
    expected = np.trace(p @ inside) + r**2 * (direction @ p @ direction)
    variance = 2 * np.trace(p @ inside @ p @ inside) + 4 * r**2 * (direction @ p @ inside @ p @ direction)
    limit = len(v) - 1 + (w.sum() ** 2 / (w @ w) - 1) * ((r / t) ** 2 - 1)
    below = special.gammainc(expected**2 / variance, limit * expected / variance)
    density = np.exp(-(r**2) / (2 * ratio)) / math.sqrt(2 * math.pi * ratio)
    return 1 - 2 * float(np.trapezoid(below * density, r))


def compare_gosh(data: DataSet, c: Comparison) -> None:
    """Hold gosh()."""
    studies, call, _ = inner(data, c)
    found = sensitivity.gosh(studies.y, studies.v, method=method_of(call))
    value = c.reference(found)
    c.label = f"gosh {call.method}"
    c.hold("subsets", len(found.k), value["n_subsets"])
    # the reference's H2 is here Q / df also under a random-effects model; ours is that of pool()
    h2 = np.where(found.k > 1, found.q / np.maximum(found.k - 1, 1), 1.0)
    columns = {"k": found.k, "QE": found.q, "I2": found.i2, "H2": h2, "tau2": found.tau2, "estimate": found.estimate}
    for statistic, function in (("mean", np.mean), ("min", np.min), ("max", np.max)):
        for name, ours in columns.items():
            c.hold(f"{statistic} {name}", float(function(ours)), value[statistic][name], scale=1e-3)


def compare_selmodel(data: DataSet, c: Comparison) -> None:
    """Hold selmodel(). The likelihood decides; estimates are compared where both found the same maximum."""
    studies, _, outer = inner(data, c)
    options: dict[str, Any] = {
        name: outer.text(name) for name in ("type", "alternative", "prec") if name in outer.named
    }
    for name in ("steps", "delta"):
        if name in outer.named:
            options[name] = tuple(np.atleast_1d(matrix(outer.named[name])).tolist())
    y, v = studies.y[studies.known], studies.v[studies.known]
    found = selection.selmodel(y, v, **options)
    value = c.reference(found)
    c.label = f"selmodel {options['type']}"
    theirs, at_theirs = float(value["ll_ML"]), likelihood_at(y, v, options, value)
    c.note("log-likelihood at the reference's place minus ours", max(at_theirs - found.log_likelihood, 0.0), 1e-9)
    lead = found.log_likelihood - theirs
    if lead < -LIKELIHOOD and at_theirs <= found.log_likelihood:
        c.differs("likelihood-overstated", f"by {-lead:.1e}")
    else:
        c.note("log-likelihood below the reference", max(-lead, 0.0), LIKELIHOOD)
    if lead > LIKELIHOOD:
        c.differs("likelihood-higher", f"by {lead:.1e}")
        return
    se = found.se or 1.0
    # a log-likelihood within 1e-5 leaves a place within root(2e-5) = 4.5e-3 standard errors
    c.hold("estimate", found.estimate, value["beta"], scale=se, tolerance=5e-3)
    c.hold("tau2", found.tau2, value["tau2"], scale=found.tau2_se or float(np.median(v)), tolerance=5e-3)
    for ours, reference, error in zip(found.delta, floats(value["delta"]), found.delta_se, strict=True):
        c.hold("delta", ours, reference, scale=error or 1.0, tolerance=5e-3)
    c.have("se", found.se, value["se"], tolerance=2e-2)
    c.have("LRT", found.lrt, value["LRT"], scale=1.0, tolerance=1e-3)


def likelihood_at(y: Array, v: Array, options: dict[str, Any], value: Json) -> float:
    """Return our log-likelihood at the reference's estimates."""
    kind, direction = options["type"], -1.0 if options.get("alternative") == "less" else 1.0
    two_sided = options.get("alternative") == "two.sided"
    if kind == "stepfun":
        cuts = options["steps"] if options["steps"][-1] == 1 else (*options["steps"], 1.0)
        model = selection_kernels.step_model(direction * y, v, cuts, two_sided=two_sided)
    else:
        clip = 1e-5 if kind in {"beta", "power"} else 0.0
        imprecision = np.sqrt(v / v.max()) if options.get("prec") == "sei" else None
        model = selection_kernels.smooth_model(
            direction * y, v, kind, two_sided=two_sided, clip=clip, threshold=0.0, imprecision=imprecision
        )
    delta = np.array(floats(value["delta"]))
    return model.likelihood(direction * floats(value["beta"])[0], float(value["tau2"]), delta)[0]


TABLE_TESTS: dict[str, Any] = {"Harbord": "harbord", "Peters": "peters", "Deeks": "deeks", "Macaskill": "macaskill"}


def compare_metabias(data: DataSet, c: Comparison) -> None:
    """Tests of R's meta that are among ours, on its own tables."""
    outer = parse(re.sub(r"^\w+\((.*)\)$", r"\1", c.record["r"]))
    call, method = parse(outer.first), outer.text("method.bias")
    measure = {"OR": "OR", "ASD": "AS"}.get(call.text("sm"), "")
    if call.name != "metabin" or not measure:
        raise LeftOut("a test of asymmetry on another measure of R's meta")
    frame = data.frame(call.named.get("data", "dat"))
    ai, n1i, ci, n2i = (np.array(expression(text, frame), dtype=float) for text in call.positional)
    known = ~np.isnan(ai + n1i + ci + n2i)
    ai, n1i, ci, n2i = (each[known] for each in (ai, n1i, ci, n2i))
    given = effect_sizes(measure, ai=ai, n1i=n1i, ci=ci, n2i=n2i, drop00=measure == "OR")  # type: ignore[arg-type]
    effects = [e for e in given if e.yi is not None]
    c.cautions += ["no-estimate"] * (len(effects) < len(known))
    c.label, c.tolerance = f"metabias {method}", 1e-9
    if method == "Egger":
        found = asymmetry.regtest(effects, model="lm")
        value = c.reference(found)
        c.hold("statistic", found.statistic, value["statistic"])
        c.p(found.p, value["pval"])
        c.hold("bias", found.slope, value["bias"])
        c.hold("se", found.se, value["se_bias"])
    elif method == "Thompson":
        found = asymmetry.regtest(effects, model="rma", test="knha")
        value = c.reference(found)
        c.hold("statistic", found.slope, value["bias"], tolerance=LOOSE)
    elif method == "Begg":
        ranks = asymmetry.ranktest(effects)
        value = c.reference(ranks)
        hold_score(c, ranks, value)
    elif measure == "OR" and method == "Schwarzer":
        # R's meta adds 1/2 before it works out the odds ratio
        ranks = ranktest_tables(ai, n1i, ci, n2i, type="schwarzer", add=0.5)
        value = c.reference(ranks)
        hold_score(c, ranks, value)
    elif measure == "OR" and method in TABLE_TESTS:
        test = regtest_tables(ai, n1i, ci, n2i, type=TABLE_TESTS[method])
        value = c.reference(test)
        c.hold("statistic", test.statistic, value["statistic"], scale=1.0)
        c.p(test.p, value["pval"])
        c.hold("bias", test.slope, value["bias"])
        c.hold("se", test.se, value["se_bias"])
    else:
        raise LeftOut(f"the test of {method} is not offered")


def hold_score(c: Comparison, ranks: asymmetry.RankTest, value: Json) -> None:
    """Hold Kendall's score; the p-value where neither is exact."""
    c.hold("score", (ranks.tau or 0.0) * ranks.k * (ranks.k - 1) / 2, value["bias"])
    if ranks.exact:
        c.differs("rank-exact", f"p {ranks.p:.4f} and {value['pval']:.4f}")
    else:
        c.p(ranks.p, value["pval"])


COMPARE = {
    "leave1out": compare_refits,
    "cumul": compare_refits,
    "influence": compare_influence,
    "resid": compare_residuals,
    "blup": compare_blup,
    "regtest": compare_regtest,
    "ranktest": compare_ranktest,
    "trimfill": compare_trimfill,
    "fsn": compare_fsn,
    "tes": compare_tes,
    "hc": compare_hc,
    "gosh": compare_gosh,
    "selmodel": compare_selmodel,
    "metabias": compare_metabias,
}

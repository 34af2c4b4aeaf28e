"""Networks, dose-response curves and diagnostic accuracy beside R's netmeta, dosresmeta and mada."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from agreement.counting import EXACT, Comparison, Json, LeftOut, floats
from agreement.reading import DataSet, parse, plain, split_list, vector
from stromata.errors import InvalidInput
from stromata.synthesis import pool_estimates
from stromata.synthesis.curves import diagnostic
from stromata.synthesis.curves.dose_response import DoseResponse, dose_response
from stromata.synthesis.networks.components import additive
from stromata.synthesis.networks.contribution import contributions
from stromata.synthesis.networks.inconsistency import Evidence, inconsistency, split
from stromata.synthesis.networks.network import Network, network
from stromata.synthesis.networks.ranking import p_scores
from stromata.synthesis.networks.rare_events import network_conditional, network_mh

SEARCHED, TAU2 = 1e-5, 1e-4
"""Estimates and variance components of the reference's numerical searches for likelihoods."""
PSEUDO = 1e-5
"""The reference stops its pseudo-counts of Greenland and Longnecker at a step of 1e-5."""
HAMLING = 1e-2
"""It finds Hamling's pseudo-counts by a search that stops 1e-3 or so short."""
NCH = 5e-3
"""Its search for a conditional likelihood stops at a relative gain of 1e-8, which leaves some thousandths of a standard
error."""
AREA = 1e-6
SUFFIXES = ("common", "random")


def matrix(value: Json, names: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return a recorded matrix with rows and columns in the order of `names`."""
    rows, cols = ([value[side].index(name) for name in names] for side in ("rows", "cols"))
    return np.array(value["values"], dtype=object)[np.ix_(rows, cols)]


# Networks.


def contrasts(data: DataSet) -> Json:
    """Return the contrasts that the records of a data set work on: those of its pairwise() call."""
    for record in data.records:
        if record["kind"] == "netmeta" and "pairwise(" in record["r"] and "value" in record:
            return record["value"]  # type: ignore[no-any-return]
    raise LeftOut("no recorded contrasts")


def fitted(data: DataSet, call: str) -> Network:
    """Return the network of a netmeta() call: `pw`, or an object made from it, on the contrasts as recorded."""
    made = re.search(r"netmeta::netmeta\((pw[^()]*)\)", call)
    method = "DL"
    if made:
        inner = parse(f"netmeta({made[1]})")
        if inner.first != "pw":
            raise LeftOut("contrasts from elsewhere")
        method = inner.text("method.tau", "DL")
    elif not re.search(r"\bnm\b", call):
        raise LeftOut("another object")
    value = contrasts(data)
    te, se = (floats(value[name]) for name in ("TE", "seTE"))
    return network(
        value["studlab"], treat1=value["treat1"], treat2=value["treat2"], TE=te, seTE=se, tau2=method.lower()  # type: ignore[arg-type]
    )  # fmt: skip


def arms(data: DataSet, record: Json) -> dict[str, Any]:
    """Return the arms that a pairwise() call names, as arguments of network()."""
    at = record["r"].find("netmeta::pairwise(")
    if at < 0:
        raise LeftOut("another call")
    call = parse(record["r"][at:])
    frame = data.frame(call.named.get("data", "dat"))
    treat = call.named.get("treat") or call.first
    roles = {"event": "events", "n": "n", "mean": "mean", "sd": "sd", "time": "time"}
    given = {"treatment": treat, **{ours: call.named[theirs] for theirs, ours in roles.items() if theirs in call.named}}
    pasted = re.fullmatch(r"paste\((.*)\)", call.named["studlab"])
    parts = split_list(pasted[1]) if pasted else [call.named["studlab"]]
    labels = [frame[part.removeprefix("dat$")] for part in parts]
    out: dict[str, Any] = {"study": [], **{name: [] for name in given}}
    for i, row in enumerate(zip(*labels, strict=True)):
        for place in range(len(vector(treat))):
            values = {name: frame[vector(text)[place]][i] for name, text in given.items()}
            if values["treatment"] in {"", None}:
                continue
            out["study"].append(" ".join(map(plain, row)))
            for name, value in values.items():
                out[name].append(plain(value) if name == "treatment" else math.nan if value is None else value)
    return {**out, "measure": call.text("sm")}


def compare_pairwise(data: DataSet, c: Comparison) -> None:
    net = network(**arms(data, c.record))
    trials = {trial.label: trial for trial in net.trials}
    value = c.reference()
    for label, one, other, te, se in zip(
        *(value[name] for name in ("studlab", "treat1", "treat2", "TE", "seTE")), strict=True
    ):
        if te is None or se is None:
            if label in trials:
                c.differs("empty-pair", label)
            continue
        effect, variance = trials[label].contrast(net.place(one), net.place(other))
        c.hold("TE", effect, te, scale=se)
        c.hold("seTE", math.sqrt(variance), se)


def compare_fit(data: DataSet, c: Comparison) -> None:
    net = fitted(data, c.record["r"])
    value = c.reference(net)
    if [net.k, net.comparisons, len(net.designs)] != [value["k"], value["m"], value["d"]]:
        c.hold("k, m, d", [net.k, net.comparisons, len(net.designs)], [value[x] for x in "kmd"])
    tolerance = {"common": EXACT, "random": EXACT if net.method == "dl" else SEARCHED}
    if "tau2" in value:
        median = float(np.median(net.rows.v))
        gap = abs((net.tau2 or 0.0) - value["tau2"])
        floor = 1e-9 * median if net.method == "dl" else 1e-7 * median
        c.hold(
            "tau2",
            net.tau2 if gap > floor else value["tau2"],
            value["tau2"],
            tolerance=TAU2 if net.method != "dl" else None,
        )
    for suffix in SUFFIXES:
        relative = net.relative(suffix)  # type: ignore[arg-type]
        for ours, theirs in (("estimates", "TE"), ("se", "seTE"), ("ci_low", "lower"), ("ci_high", "upper")):
            held = matrix(value[f"{theirs}_{suffix}"], net.treatments)
            scale = float(np.median(relative.se[relative.se > 0]))
            c.hold(f"{ours} {suffix}", getattr(relative, ours), held, scale=scale, tolerance=tolerance[suffix])
        c.p(relative.p, matrix(value[f"pval_{suffix}"], net.treatments), f"p {suffix}")
    if net.random.pi_low is not None and "lower_predict" in value:
        scale = float(np.median(net.random.se))
        for ours, theirs in ((net.random.pi_low, "lower_predict"), (net.random.pi_high, "upper_predict")):
            c.hold(
                "prediction", ours, matrix(value[theirs], net.treatments), scale=scale, tolerance=tolerance["random"]
            )
    for ours, theirs in (("q", "Q"), ("q_within", "Q_heterogeneity"), ("q_between", "Q_inconsistency")):
        c.hold(ours, getattr(net, ours), value[theirs], scale=1e-3)
        c.hold(f"{ours}_df", getattr(net, f"{ours}_df"), value[f"df_{theirs}"])
        if getattr(net, f"{ours}_df"):
            c.p(getattr(net, f"{ours}_p"), value[f"pval_{theirs}"], f"{ours} p")
    for ours, theirs in ((net.i2, "I2"), (net.i2_low, "lower_I2"), (net.i2_high, "upper_I2")):
        if ours is not None:
            c.hold("I2", ours / 100, value[theirs], scale=0.01)
    leverages(net, value, c)


def leverages(net: Network, value: Json, c: Comparison) -> None:
    """Compare the diagonal of the hat matrix, sorted within each trial: its order and directions are not recorded."""
    if "H_matrix_common" not in value:
        return
    recorded = value["H_matrix_common"]
    theirs: dict[str, list[float]] = {}
    for i, label in enumerate(recorded["rows"]):
        theirs.setdefault(label, []).append(recorded["values"][i][i])
    for trial in net.trials:
        precision = np.linalg.inv(trial.v)
        weights = np.block(
            [[np.zeros((1, 1)), precision.sum(axis=0)[None]], [precision.sum(axis=0)[:, None], -precision]]
        )
        place = {arm: i for i, arm in enumerate(trial.arms)}
        own = [weights[place[a], place[b]] * net.common.se[a, b] ** 2 for a, b in trial.pairs()]
        c.hold("leverage", sorted(own), sorted(theirs[trial.label]), scale=1.0)


def compare_ranks(data: DataSet, c: Comparison) -> None:
    net = fitted(data, c.record["r"])
    value = c.reference(net)
    better = "lower" if '"desirable"' in c.record["r"] else "higher"
    for suffix in SUFFIXES:
        scores = {each.treatment: each.score for each in p_scores(net, better=better, model=suffix)}  # type: ignore[arg-type]
        held = value[f"P_{suffix}"]
        c.hold(f"P-score {suffix}", [scores[name] for name in held["names"]], held["values"], scale=1.0)


def compare_split(data: DataSet, c: Comparison) -> None:
    net = fitted(data, c.record["r"])
    value = c.reference(net)
    for suffix in SUFFIXES:
        ours = {(each.treatment, each.against): each for each in split(net, model=suffix)}  # type: ignore[arg-type]
        for i, name in enumerate(value["comparison"]):
            key, sign = pair_of(name, ours)
            c.hold(f"direct share {suffix}", ours[key].share, value[f"prop_{suffix}"][i], scale=1.0)
            c.hold("trials", ours[key].trials, value["k"][i])
            for part, theirs in (("direct", "direct"), ("indirect", "indirect"), ("difference", "compare")):
                evidence(c, f"{part} {suffix}", getattr(ours[key], part), value[f"{theirs}_{suffix}"], i=i, sign=sign)


def evidence(c: Comparison, name: str, ours: Evidence | None, held: Json, *, i: int, sign: int) -> None:
    if held["TE"][i] is None and ours is None:
        return
    if ours is None or held["TE"][i] is None:
        c.differs("all-direct", name)
        return
    # what is left after taking out a large direct share has fewer digits
    c.hold(f"{name} TE", sign * ours.estimate, held["TE"][i], scale=ours.se)
    c.hold(f"{name} seTE", ours.se, held["seTE"][i])
    c.p(ours.p, held["p"][i], f"{name} p")


def pair_of(name: str, known: dict[tuple[str, str], Any]) -> tuple[tuple[str, str], int]:
    """Return the pair that ``a:b`` names, and -1 if it is known the other way round."""
    for place, ch in enumerate(name):
        one, other = name[:place], name[place + 1 :]
        if ch == ":" and (one, other) in known:
            return (one, other), 1
        if ch == ":" and (other, one) in known:
            return (other, one), -1
    raise LeftOut("treatment names that cannot be told apart")


def compare_designs(data: DataSet, c: Comparison) -> None:
    net = fitted(data, c.record["r"])
    value = c.reference(net)
    found = inconsistency(net)
    held = value["Q_decomp"]
    c.hold("Q", [net.q, net.q_within, net.q_between], held["Q"], scale=1e-3)
    c.hold("Q df", [net.q_df, net.q_within_df, net.q_between_df], held["df"])
    designs = {":".join(each.treatments): each for each in net.designs}
    for name, q, df in zip(*(value["Q_het_design"][x] for x in ("design", "Q", "df")), strict=True):
        c.hold("Q of a design", designs[name].q, q, scale=1e-3)
        c.hold("Q of a design, df", designs[name].df, df)
    left = {":".join(each.treatments): each for each in found.detached}
    detached = value.get("Q_inc_detach") or {"design": [], "Q": [], "df": []}
    for name, q, df in zip(*(np.atleast_1d(detached[x]).tolist() for x in ("design", "Q", "df")), strict=True):
        c.hold("Q after detaching", left[name].q, q, scale=1e-3)
        c.hold("Q after detaching, df", left[name].df, df)
    random = value.get("Q_inc_random")
    if random and found.q_random is not None:
        c.hold("Q between, random", found.q_random, random["Q"], scale=1e-3)
        c.p(found.p_random, random["pval"], "Q between, random p")
        c.hold("tau within", math.sqrt(found.tau2_within or 0.0), random["tau.within"], scale=1e-6)


def compare_contributions(data: DataSet, c: Comparison) -> None:
    net = fitted(data, c.record["r"])
    value = c.reference(net)
    for suffix in SUFFIXES:
        ours = contributions(net, model=suffix)  # type: ignore[arg-type]
        held = value[suffix]
        numbers = np.array(held["values"], dtype=float)
        rows = [pair_of(name, dict.fromkeys(ours.estimates))[0] for name in held["rows"]]
        columns = [pair_of(name, dict.fromkeys(ours.direct))[0] for name in held["cols"]]
        for i, key in enumerate(rows):
            place = ours.estimates.index(key)
            order = [ours.direct.index(column) for column in columns]
            mine, hat = ours.shares[place][order], np.abs(ours.hat[place][order])
            same = float(np.abs(mine - numbers[i]).max()) <= 1e-8
            divides = abs(numbers[i].sum() - 1) < 1e-8 and (numbers[i] <= hat + 1e-8).all()
            if not same and divides and not (numbers[i][hat < 1e-10] > 1e-8).any():
                c.differs("equal-paths", ":".join(key))
                continue
            c.hold(f"contribution {suffix}", mine, numbers[i], scale=1.0, tolerance=1e-8)


def compare_components(data: DataSet, c: Comparison) -> None:
    net = fitted(data, c.record["r"])
    value = c.reference(net)
    for suffix in SUFFIXES:
        try:
            found = additive(net, model=suffix)  # type: ignore[arg-type]
        except InvalidInput as error:
            raise LeftOut(f"components that trials cannot tell apart: {error.message}"[:60]) from error
        ours = {each.component: each for each in found.effects}
        for name, b, se in zip(value["comps"], value[f"Comp.{suffix}"], value[f"seComp.{suffix}"], strict=True):
            c.hold(f"component {suffix}", ours[name].estimate, b, scale=se)
            c.hold(f"component se {suffix}", ours[name].se, se)
    c.hold("Q additive", found.q, value["Q.additive"])
    c.hold("Q additive, df", found.q_df, value["df"])
    c.hold("Q of additivity", found.q_difference, value["Q.diff"], scale=1e-3)
    c.hold("tau", math.sqrt(found.tau2), value["tau"], scale=1e-6)


NETWORK: tuple[tuple[str, Callable[[DataSet, Comparison], None]], ...] = (
    ("pairwise(", compare_pairwise),
    ("netcomb(", compare_components),
    ("netcontrib(", compare_contributions),
    ("NM(", compare_fit),
    ("NR(", compare_ranks),
    ("NS(", compare_split),
    ("DD(", compare_designs),
)


def compare_rare(data: DataSet, c: Comparison) -> None:
    """Hold netmetabin() by Mantel-Haenszel or by its conditional likelihood, from the arms."""
    call = parse(c.record["r"][c.record["r"].find("netmetabin(") :])
    method = call.text("method", "MH")
    if method not in {"MH", "NCH"} or set(call.named) - {"method"}:
        raise LeftOut("another network of rare events")
    source = next((r for r in data.records if "pairwise(" in str(r.get("r"))), c.record)
    given = arms(data, source)
    if given.pop("measure") != "OR":
        raise LeftOut("a network of rare events of another measure")
    study = given.pop("study")
    net = network_mh(study, **given) if method == "MH" else network_conditional(study, **given, likelihood="breslow")
    value = c.reference(net)
    c.label = f"netmeta {method}"
    found = net.relative("common")
    scale = float(np.median(found.se[found.se > 0]))
    for ours, theirs in (("estimates", "TE"), ("se", "seTE"), ("ci_low", "lower"), ("ci_high", "upper")):
        if f"{theirs}_common" in value:
            held = matrix(value[f"{theirs}_common"], net.treatments)
            c.hold(
                f"{ours} common", getattr(found, ours), held, scale=scale, tolerance=NCH if method == "NCH" else None
            )
    if value.get("Q") is not None and net.q is not None:
        c.hold("Q", net.q, value["Q"], scale=1e-3)


def compare_network(data: DataSet, c: Comparison) -> None:
    """Hold what a netmeta record holds."""
    call = c.record["r"]
    if "netmetabin" in call:
        compare_rare(data, c)
        return
    for word, compare in NETWORK:
        if word in call:
            c.label = f"netmeta {word.removesuffix('(')}"
            if c.fails:
                # an empty pair of a study with several arms is filled from its arms
                source = next((r for r in data.records if "pairwise(" in str(r.get("r"))), c.record)
                pairs = "wrong number of comparisons" in c.record["error"]
                c.reference(network(**arms(data, source)) if pairs else fitted(data, call))
            compare(data, c)
            return
    raise LeftOut("another call on a network")


# Dose-response.


def curve_of(data: DataSet, call: str, *, compat: bool) -> tuple[DoseResponse, str]:
    at = call.find("dosresmeta::dosresmeta(")
    if at < 0:
        raise LeftOut("another call on doses")
    asked = parse(call[at:])
    named = asked.named
    formula = (named.get("formula") or asked.first).replace(" ", "")
    form = re.fullmatch(r"(\w+)~(\w+)(\+I\(\2\^2\))?", formula)
    spline = re.fullmatch(r"(\w+)~(?:rms::)?rcs\((\w+),(?:c\(([\d.,]+)\)|(\d))\)", formula)
    if not form and not spline:
        raise LeftOut(f"another formula: {formula}"[:60])
    response, dose = (form or spline).groups()[:2]  # type: ignore[union-attr]
    curve, knots = ("quadratic" if form and form[3] else "linear"), ()
    if spline:
        if not spline[3]:
            raise LeftOut("knots placed in R")
        curve, knots = "rcs", tuple(float(x) for x in spline[3].split(","))
    covariance = {"h": "hamling", "indep": "independent"}.get(asked.text("covariance", "gl"), "gl")
    frame = data.frame(named.get("data", "dat"))

    def column(name: str) -> list[float]:
        return [math.nan if value is None else value for value in frame[name]]

    fit = dose_response(
        [plain(each) for each in frame[named["id"]]], column(dose), column(response), column(named["se"]),
        cases=column(named["cases"]), n=column(named["n"]), design=[plain(each) for each in frame[named["type"]]],  # type: ignore[misc]
        covariance=covariance, curve=curve, knots=knots or 3, method=asked.text("method", "reml"),  # type: ignore[arg-type]
        stages=1 if asked.text("proc", "2stage") == "1stage" else 2, compat="dosresmeta" if compat else None,
    )  # fmt: skip
    return fit, covariance


def compare_dose(data: DataSet, c: Comparison) -> None:
    fit, covariance = curve_of(data, c.record["r"], compat=True)
    value = c.reference()
    loose = HAMLING if covariance == "hamling" else max(PSEUDO, SEARCHED)
    likelihood = value.get("ll")
    higher = likelihood is not None and fit.log_likelihood is not None and fit.log_likelihood > likelihood + 1e-8
    errors = np.sqrt(np.array(value["vcov"]["values"], dtype=float).diagonal())
    beta = np.array([each.estimate for each in fit.coefficients])
    worst = float(np.abs((beta - np.array(value["coef"])) / errors).max())
    if higher and worst > loose:
        c.differs("likelihood-higher", f"by {fit.log_likelihood - likelihood:.1e}")
        loose = 1e-2
    for ours, theirs, scale in zip(beta.tolist(), value["coef"], errors.tolist(), strict=True):
        c.hold("coefficient", ours, theirs, scale=scale, tolerance=loose)
    outer = np.outer(errors, errors)
    gap = (fit.covariance - np.array(value["vcov"]["values"], dtype=float)) / outer
    c.hold("covariance", gap + 1, np.ones_like(gap), tolerance=max(10 * loose, TAU2))
    if value.get("Psi"):
        psi = np.array(value["Psi"]["values"], dtype=float)
        deviations = np.sqrt(np.maximum(psi.diagonal(), errors**2))
        gap = (fit.psi - psi) / np.outer(deviations, deviations)
        c.hold("Psi", gap + 1, np.ones_like(gap), tolerance=max(10 * loose, TAU2))
    if likelihood is not None and fit.log_likelihood is not None:
        c.hold("log-likelihood not below", max(likelihood - fit.log_likelihood, 0.0), 0.0, scale=1.0, tolerance=PSEUDO)
    plain, _ = curve_of(data, c.record["r"], compat=False)
    if plain.coefficients != fit.coefficients:
        c.differs("incidence-covariance")


# Diagnostic accuracy.


def tables(data: DataSet) -> list[list[float]]:
    return [[math.nan if x is None else x for x in data.dat[name]] for name in ("TP", "FN", "FP", "TN")]


def compare_accuracy(data: DataSet, c: Comparison) -> None:
    call = c.record["r"]
    cells = tables(data)
    if "madad(" in call:
        compare_each(cells, c)
    elif "madauni(" in call:
        corrected = np.array(cells) + (0.5 if (np.array(cells) == 0).any() else 0.0)
        tp, fn, fp, tn = corrected
        found = pool_estimates(np.log(tp * tn / (fn * fp)), (1 / corrected).sum(axis=0), method="dl")
        value = c.reference()
        c.hold("log DOR", found.estimate, value["coef"])
        c.hold("log DOR variance", found.se**2, value["vcov"]["values"])
    elif "reitsma(" in call:
        compare_bivariate(cells, c)
    else:
        raise LeftOut("another call")


def compare_each(cells: list[list[float]], c: Comparison) -> None:
    value = c.reference()
    ours = diagnostic.study_accuracy(*cells, to="if0all")
    for name, theirs in (("sensitivity", "sens"), ("specificity", "spec"), ("odds_ratio", "DOR")):
        found = [getattr(each, name) for each in ours]
        c.hold(name, [each.estimate for each in found], value[theirs])
        bounds = value[f"{theirs}_ci"]["values"]
        c.hold(f"{name} interval", [[each.ci_low, each.ci_high] for each in found], bounds)
    c.hold("positive_ratio", [each.positive_ratio.estimate for each in ours], value["posLR"])
    c.hold("negative_ratio", [each.negative_ratio.estimate for each in ours], value["negLR"])


def compare_bivariate(cells: list[list[float]], c: Comparison) -> None:
    method = re.search(r'method="(\w+)"', c.record["r"])
    if not method:
        raise LeftOut("another call")
    fit = diagnostic.accuracy(*cells, method=method[1], to="if0all")  # type: ignore[arg-type]
    value = c.reference()
    rows = value["coef"]["values"]
    se = np.sqrt(fit.covariance.diagonal())
    c.hold("logit sensitivity", fit.logits[0], rows[0][0], scale=se[0], tolerance=SEARCHED)
    c.hold("logit false positive rate", -fit.logits[1], rows[1][0], scale=se[1], tolerance=SEARCHED)
    c.hold("standard errors", se, [rows[0][1], rows[1][1]], tolerance=SEARCHED)
    found = fit.sensitivity
    c.hold(
        "sensitivity",
        [found.estimate, found.ci_low, found.ci_high],
        [rows[2][i] for i in (0, 4, 5)],
        tolerance=SEARCHED,
    )
    found = fit.specificity
    shown = [1 - found.estimate, 1 - found.ci_high, 1 - found.ci_low]
    c.hold("false positive rate", shown, [rows[3][i] for i in (0, 4, 5)], tolerance=SEARCHED)
    psi = np.array(value["Psi"]["values"], dtype=float) * [[1, -1], [-1, 1]]
    c.hold("Psi", fit.psi, psi, scale=float(np.abs(psi).max()) * 1e-2, tolerance=TAU2)
    if fit.curve is not None and value.get("AUC") is not None:
        c.hold("area, its way", diagnostic.area(fit, compat="mada"), value["AUC"], tolerance=AREA)
        if abs(fit.curve.area - value["AUC"]) > AREA:
            c.differs("area-by-integral", f"{fit.curve.area:.6f} and {value['AUC']:.6f}")
    corrected = np.array(cells) + (0.5 if (np.array(cells) == 0).any() else 0.0)
    tp, fn, fp, tn = corrected
    # theirs is the likelihood of proportions instead of logits, and leaves out the volume of X'X
    shift = -float(np.log(tp * fn / (tp + fn) ** 2).sum() + np.log(fp * tn / (fp + tn) ** 2).sum())
    shift -= math.log(len(tp)) if method[1] == "reml" else 0.0
    below = value["logLik"] - ((fit.log_likelihood or 0.0) + shift)
    c.hold("log-likelihood not below", max(below, 0.0), 0.0, scale=1.0, tolerance=1e-7)
    c.hold("log-likelihood", -below, 0.0, scale=1.0, tolerance=1e-5)


COMPARE: dict[str, Callable[[DataSet, Comparison], None]] = {
    "netmeta": compare_network,
    "dosresmeta": compare_dose,
    "mada": compare_accuracy,
}

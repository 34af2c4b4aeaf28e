"""Hold stromata's networks, dose-response curves and diagnostic accuracy against R's netmeta, dosresmeta and mada.

    python validation/metafor/network.py DIR [--all]

DIR as for `compare.py`. Exit status 3 when a number lies beyond its tolerance without a reason given here.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from compare import EXACT, P_VALUE, Folder, Json, Skip, Tally, difference, folders, real, split_call, target, text_of

from stromata.errors import InvalidInput
from stromata.synthesis import pool_estimates
from stromata.synthesis.curves import diagnostic
from stromata.synthesis.curves.dose_response import DoseResponse, dose_response
from stromata.synthesis.networks.components import additive
from stromata.synthesis.networks.contribution import contributions
from stromata.synthesis.networks.inconsistency import Evidence, inconsistency, split
from stromata.synthesis.networks.network import Network, network
from stromata.synthesis.networks.ranking import p_scores

SEARCHED, TAU2 = 1e-5, 1e-4
"""Estimates and variance components of the reference's numerical searches for likelihoods."""
PSEUDO = 1e-5
"""The reference stops its pseudo-counts of Greenland and Longnecker at a step of 1e-5."""
HAMLING = 1e-2
"""It finds Hamling's pseudo-counts by a search that stops 1e-3 or so short."""
AREA = 1e-6
SUFFIXES = ("common", "random")


@dataclass
class Differing(Tally):
    """A tally that also counts deliberate differences, by reason."""

    differs: Counter[str] = field(default_factory=Counter)


@dataclass
class Comparison:
    """One record being compared: every number goes through `hold`."""

    record: Json
    tally: Differing
    kind: str
    tolerance: float

    def hold(
        self, name: str, ours: object, theirs: object, *, scale: float = 0.0, tolerance: float | None = None
    ) -> None:
        mine = np.array(
            [math.nan if value is None else value for value in np.ravel(np.array(ours, dtype=object))], float
        )
        other = [_number(value) for value in np.ravel(np.array(theirs, dtype=object)).tolist()]
        if len(mine) != len(other):
            self.tally.note(self.kind, f"{name}: length", self.record["id"], math.inf, 0.0)
            return
        for a, b in zip(mine.tolist(), other, strict=True):
            if math.isnan(b):
                continue
            found = difference(a, b, scale) if math.isfinite(a) else math.inf
            self.tally.note(
                self.kind, name, self.record["id"], found, self.tolerance if tolerance is None else tolerance
            )

    def p(self, name: str, ours: object, theirs: object) -> None:
        mine = np.ravel(np.array(ours, dtype=object))
        for a, value in zip(mine.tolist(), np.ravel(np.array(theirs, dtype=object)).tolist(), strict=True):
            b = _number(value)
            if not math.isnan(b):
                gap = 1.0 if a is None or not math.isfinite(a) else abs(a - b)
                self.tally.note(self.kind, f"{name} (absolute)", self.record["id"], gap, P_VALUE)

    def differs(self, reason: str) -> None:
        self.tally.differs[reason] += 1
        self.tally.explained.append((self.record["id"], reason))


def _number(value: object) -> float:
    found = real(value)
    return math.nan if found is None else found


def matrix(value: Json, names: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return a recorded matrix with rows and columns in the order of `names`."""
    rows, cols = ([value[side].index(name) for name in names] for side in ("rows", "cols"))
    return np.array(value["values"], dtype=object)[np.ix_(rows, cols)]


# Networks.


def contrasts(folder: Folder) -> Json:
    """Return the contrasts that the records of a folder work on: those of its pairwise() call."""
    for record in folder.records:
        if record["kind"] == "netmeta" and "pairwise(" in record["r"] and "value" in record:
            return record["value"]  # type: ignore[no-any-return]
    raise Skip("no recorded contrasts")


def fitted(folder: Folder, call: str) -> Network:
    """Return the network of a netmeta() call: `pw`, or an object made from it, on the contrasts as recorded."""
    made = re.search(r"netmeta::netmeta\((pw[^()]*)\)", call)
    method = "DL"
    if made:
        _, positional, named = split_call(f"netmeta({made[1]})")
        if positional[:1] != ["pw"]:
            raise Skip("contrasts from elsewhere")
        method = text_of(named.get("method.tau"), "DL")
    elif not re.search(r"\bnm\b", call):
        raise Skip("another object")
    value = contrasts(folder)
    te, se = ([_number(x) for x in value[name]] for name in ("TE", "seTE"))
    return network(
        value["studlab"], treat1=value["treat1"], treat2=value["treat2"], TE=te, seTE=se, tau2=method.lower()  # type: ignore[arg-type]
    )  # fmt: skip


def arms(folder: Folder, record: Json) -> dict[str, Any]:
    """Return the arms that a pairwise() call names, as arguments of network()."""
    call = re.search(r"netmeta::pairwise\(.*?\)(?=;|$)", record["r"])
    if not call:
        raise Skip("another call")
    _, positional, named = split_call(call[0].removeprefix("netmeta::"))
    treat = named.get("treat") or positional[0]
    columns = {"event": "events", "n": "n", "mean": "mean", "sd": "sd", "time": "time"}
    given = {"treatment": treat, **{ours: named[theirs] for theirs, ours in columns.items() if theirs in named}}

    def wide(text: str) -> list[str]:
        inside = re.fullmatch(r"list\((.*)\)", text)
        return [part.strip() for part in inside[1].split(",")] if inside else [text]

    def study(row: dict[str, str]) -> str:
        pasted = re.fullmatch(r"paste\((.*)\)", named["studlab"])
        parts = pasted[1].split(",") if pasted else [named["studlab"]]
        return " ".join(row[part.strip().removeprefix("dat$")] for part in parts)

    out: dict[str, Any] = {"study": [], **{name: [] for name in given}}
    for row in folder.rows:
        for i in range(len(wide(treat))):
            values = {name: row[wide(text)[i]] for name, text in given.items()}
            if values["treatment"] in {"", "NA"}:
                continue
            out["study"].append(study(row))
            for name, value in values.items():
                out[name].append(
                    value if name == "treatment" else float(value) if value not in {"", "NA"} else math.nan
                )
    return {**out, "measure": text_of(named.get("sm"), "")}


def compare_pairwise(folder: Folder, c: Comparison) -> None:
    net = network(**arms(folder, c.record))
    trials = {trial.label: trial for trial in net.trials}
    value = target(c.record)
    for label, one, other, te, se in zip(
        *(value[name] for name in ("studlab", "treat1", "treat2", "TE", "seTE")), strict=True
    ):
        if te is None or se is None:
            if label in trials:
                c.differs("multi-arm study with an empty pair: all its arms are corrected alike and it stays")
            continue
        effect, variance = trials[label].contrast(net.place(one), net.place(other))
        c.hold("TE", effect, te, scale=se)
        c.hold("seTE", math.sqrt(variance), se)


def compare_fit(folder: Folder, c: Comparison) -> None:
    net, value = fitted(folder, c.record["r"]), target(c.record)
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
        c.p(f"p {suffix}", relative.p, matrix(value[f"pval_{suffix}"], net.treatments))
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
            c.p(f"{ours} p", getattr(net, f"{ours}_p"), value[f"pval_{theirs}"])
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


def compare_ranks(folder: Folder, c: Comparison) -> None:
    net, value = fitted(folder, c.record["r"]), target(c.record)
    better = "lower" if '"desirable"' in c.record["r"] else "higher"
    for suffix in SUFFIXES:
        scores = {each.treatment: each.score for each in p_scores(net, better=better, model=suffix)}  # type: ignore[arg-type]
        held = value[f"P_{suffix}"]
        c.hold(f"P-score {suffix}", [scores[name] for name in held["names"]], held["values"], scale=1.0)


def compare_split(folder: Folder, c: Comparison) -> None:
    net, value = fitted(folder, c.record["r"]), target(c.record)
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
        c.differs("all evidence is direct but for rounding: no indirect estimate is made of the rest")
        return
    # what is left after taking out a large direct share has fewer digits
    c.hold(f"{name} TE", sign * ours.estimate, held["TE"][i], scale=ours.se)
    c.hold(f"{name} seTE", ours.se, held["seTE"][i])
    c.p(f"{name} p", ours.p, held["p"][i])


def pair_of(name: str, known: dict[tuple[str, str], Any]) -> tuple[tuple[str, str], int]:
    """Return the pair that ``a:b`` names, and -1 if it is known the other way round."""
    for place, ch in enumerate(name):
        one, other = name[:place], name[place + 1 :]
        if ch == ":" and (one, other) in known:
            return (one, other), 1
        if ch == ":" and (other, one) in known:
            return (other, one), -1
    raise Skip("treatment names that cannot be told apart")


def compare_designs(folder: Folder, c: Comparison) -> None:
    net, value = fitted(folder, c.record["r"]), target(c.record)
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
        c.p("Q between, random p", found.p_random, random["pval"])
        c.hold("tau within", math.sqrt(found.tau2_within or 0.0), random["tau.within"], scale=1e-6)


def compare_contributions(folder: Folder, c: Comparison) -> None:
    net, value = fitted(folder, c.record["r"]), target(c.record)
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
                c.differs("equally short paths: which takes the flow first is a convention; both divide the same flow")
                continue
            c.hold(f"contribution {suffix}", mine, numbers[i], scale=1.0, tolerance=1e-8)


def compare_components(folder: Folder, c: Comparison) -> None:
    net, value = fitted(folder, c.record["r"]), target(c.record)
    for suffix in SUFFIXES:
        try:
            found = additive(net, model=suffix)  # type: ignore[arg-type]
        except InvalidInput as error:
            raise Skip(f"components that trials cannot tell apart: {error.message}"[:60]) from error
        ours = {each.component: each for each in found.effects}
        for name, b, se in zip(value["comps"], value[f"Comp.{suffix}"], value[f"seComp.{suffix}"], strict=True):
            c.hold(f"component {suffix}", ours[name].estimate, b, scale=se)
            c.hold(f"component se {suffix}", ours[name].se, se)
    c.hold("Q additive", found.q, value["Q.additive"])
    c.hold("Q additive, df", found.q_df, value["df"])
    c.hold("Q of additivity", found.q_difference, value["Q.diff"], scale=1e-3)
    c.hold("tau", math.sqrt(found.tau2), value["tau"], scale=1e-6)


NETWORK: tuple[tuple[str, Callable[[Folder, Comparison], None]], ...] = (
    ("pairwise(", compare_pairwise),
    ("netcomb(", compare_components),
    ("netcontrib(", compare_contributions),
    ("NM(", compare_fit),
    ("NR(", compare_ranks),
    ("NS(", compare_split),
    ("DD(", compare_designs),
)


def compare_network(folder: Folder, c: Comparison) -> None:
    call = c.record["r"]
    if "netmetabin" in call:
        raise Skip("Mantel-Haenszel and hypergeometric networks: not in stromata")
    for word, compare in NETWORK:
        if word in call:
            if "error" in c.record:
                answered(folder, c)
            else:
                c.kind = f"netmeta {word.removesuffix('(')}"
                compare(folder, c)
            return
    raise Skip("another call")


def answered(folder: Folder, c: Comparison) -> None:
    """Explain a record that is an error: the network has an answer here, from the arms if a pair is missing."""
    if "wrong number of comparisons" in c.record["error"]:
        source = next(r for r in folder.records if "pairwise(" in str(r.get("r")))
        net = network(**arms(folder, source))
        why = "multi-arm study with an empty pair: the reference refuses it, ours corrects all its arms alike"
    else:
        net = fitted(folder, c.record["r"])
        why = "the search of the reference fails; ours settles"
    if not np.isfinite(net.random.estimates).all():
        raise Skip("no answer either")
    c.differs(why)


# Dose-response.


def curve_of(folder: Folder, call: str, *, compat: bool) -> tuple[DoseResponse, str]:
    inside = re.search(r"dosresmeta::dosresmeta\((.*?)\); raw", call)
    if not inside:
        raise Skip("another call")
    _, _, named = split_call(f"dosresmeta({inside[1]})")
    formula = named.get("formula", "").replace(" ", "")
    form = re.fullmatch(r"(\w+)~(\w+)(\+I\(\2\^2\))?", formula)
    spline = re.fullmatch(r"(\w+)~(?:rms::)?rcs\((\w+),(?:c\(([\d.,]+)\)|(\d))\)", formula)
    if not form and not spline:
        raise Skip(f"another formula: {formula}"[:60])
    response, dose = (form or spline).groups()[:2]  # type: ignore[union-attr]
    curve, knots = ("quadratic" if form and form[3] else "linear"), ()
    if spline:
        if not spline[3]:
            raise Skip("knots placed in R")
        curve, knots = "rcs", tuple(float(x) for x in spline[3].split(","))
    covariance = {"h": "hamling", "indep": "independent"}.get(text_of(named.get("covariance"), "gl"), "gl")
    rows = folder.rows

    def column(name: str) -> list[float]:
        return [math.nan if value is None else value for value in folder.column(name)]

    fit = dose_response(
        [row[named["id"]] for row in rows], column(dose), column(response), column(named["se"]),
        cases=column(named["cases"]), n=column(named["n"]), design=[row[named["type"]] for row in rows],  # type: ignore[misc]
        covariance=covariance, curve=curve, knots=knots or 3, method=text_of(named.get("method"), "reml"),  # type: ignore[arg-type]
        stages=1 if text_of(named.get("proc"), "2stage") == "1stage" else 2, compat="dosresmeta" if compat else None,
    )  # fmt: skip
    return fit, covariance


def compare_dose(folder: Folder, c: Comparison) -> None:
    if "error" in c.record:
        raise Skip("the reference fails")
    fit, covariance = curve_of(folder, c.record["r"], compat=True)
    value = target(c.record)
    loose = HAMLING if covariance == "hamling" else max(PSEUDO, SEARCHED)
    likelihood = value.get("ll")
    higher = likelihood is not None and fit.log_likelihood is not None and fit.log_likelihood > likelihood + 1e-8
    errors = np.sqrt(np.array(value["vcov"]["values"], dtype=float).diagonal())
    beta = np.array([each.estimate for each in fit.coefficients])
    worst = float(np.abs((beta - np.array(value["coef"])) / errors).max())
    if higher and worst > loose:
        c.differs("our likelihood is higher")
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
    plain, _ = curve_of(folder, c.record["r"], compat=False)
    if plain.coefficients != fit.coefficients:
        c.differs("cumulative incidence: the reference leaves out -1/N of the covariance; so do we with compat only")


# Diagnostic accuracy.


def tables(folder: Folder) -> list[list[float]]:
    return [[math.nan if x is None else x for x in folder.column(name)] for name in ("TP", "FN", "FP", "TN")]


def compare_accuracy(folder: Folder, c: Comparison) -> None:
    call = c.record["r"]
    cells = tables(folder)
    if "madad(" in call:
        compare_each(cells, c)
    elif "madauni(" in call:
        corrected = np.array(cells) + (0.5 if (np.array(cells) == 0).any() else 0.0)
        tp, fn, fp, tn = corrected
        found = pool_estimates(np.log(tp * tn / (fn * fp)), (1 / corrected).sum(axis=0), method="dl")
        value = target(c.record)
        c.hold("log DOR", found.estimate, value["coef"])
        c.hold("log DOR variance", found.se**2, value["vcov"]["values"])
    elif "reitsma(" in call:
        compare_bivariate(cells, c)
    else:
        raise Skip("another call")


def compare_each(cells: list[list[float]], c: Comparison) -> None:
    value = target(c.record)
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
        raise Skip("another call")
    fit = diagnostic.accuracy(*cells, method=method[1], to="if0all")  # type: ignore[arg-type]
    if "error" in c.record:
        c.differs("the reference cannot summarise its own common-effect fit; ours has a result")
        return
    value = target(c.record)
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
            c.differs("area: ours is the integral from 0 to 1; theirs a sum over 98 trapezoids divided by 99")
    corrected = np.array(cells) + (0.5 if (np.array(cells) == 0).any() else 0.0)
    tp, fn, fp, tn = corrected
    # theirs is the likelihood of proportions instead of logits, and leaves out the volume of X'X
    shift = -float(np.log(tp * fn / (tp + fn) ** 2).sum() + np.log(fp * tn / (fp + tn) ** 2).sum())
    shift -= math.log(len(tp)) if method[1] == "reml" else 0.0
    below = value["logLik"] - ((fit.log_likelihood or 0.0) + shift)
    c.hold("log-likelihood not below", max(below, 0.0), 0.0, scale=1.0, tolerance=1e-7)
    c.hold("log-likelihood", -below, 0.0, scale=1.0, tolerance=1e-5)


COMPARE: dict[str, Callable[[Folder, Comparison], None]] = {
    "netmeta": compare_network,
    "dosresmeta": compare_dose,
    "mada": compare_accuracy,
}


def run(root: Path) -> Differing:
    """Compare every record under `root` that this script is for."""
    tally = Differing()
    for folder in folders(root):
        for record in folder.records:
            compare = COMPARE.get(record["kind"])
            if compare is None or not {"value", "error"} & record.keys():
                continue
            try:
                compare(folder, Comparison(record, tally, record["kind"], EXACT))
                tally.records[record["kind"]] += 1
            except Skip as reason:
                tally.skipped[record["kind"]][str(reason)] += 1
    return tally


def lines(tally: Differing, *, everything: bool) -> Iterator[str]:
    yield "| kind | quantity | values | worst difference | tolerance | record |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for key in sorted(tally.worst):
        worst, tolerance, record = tally.worst[key]
        yield f"| {key[0]} | {key[1]} | {tally.count[key]} | {worst:.1e} | {tolerance:.0e} | {record} |"
    yield f"\nRecords compared: {dict(tally.records)}"
    for kind, reasons in tally.skipped.items():
        yield f"Left out of {kind}: {dict(reasons.most_common())}"
    yield "\nDeliberate differences, confirmed:"
    for reason, count in tally.differs.most_common():
        yield f"  {count}: {reason}"
    yield f"Beyond tolerance: {len(tally.beyond)}"
    for kind, quantity, record, found, tolerance in tally.beyond if everything else tally.beyond[:40]:
        yield f"  {record} {kind} {quantity}: {found:.3e} > {tolerance:.0e}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--all", action="store_true", help="list every record beyond tolerance, not the first 40")
    arguments = parser.parse_args()
    tally = run(arguments.root)
    print("\n".join(lines(tally, everything=arguments.all)))
    return 3 if tally.beyond else 0


if __name__ == "__main__":
    sys.exit(main())

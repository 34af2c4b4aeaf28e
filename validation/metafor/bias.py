"""Hold stromata's analyses of sensitivity and bias against results of R's metafor and meta.

    python validation/metafor/bias.py DIR [--all]

DIR as for `compare.py`. Exit status 3 when a number lies beyond its tolerance without a reason given here.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from compare import EXACT, P_VALUE, Folder, Json, Skip, Tally, difference, folders, real, split_call, target, text_of
from scipy import special

from stromata.errors import StromataError
from stromata.synthesis import effect_sizes, sensitivity
from stromata.synthesis.bias import asymmetry, evidence_value, failsafe, selection, selection_kernels
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


@dataclass
class Data:
    """The studies an R call works on: all of them, with NaN where a value is missing."""

    y: np.ndarray
    v: np.ndarray
    n: np.ndarray | None
    named: dict[str, str]

    @property
    def method(self) -> str:
        return text_of(self.named.get("method"), "REML")

    @property
    def known(self) -> np.ndarray:
        return ~(np.isnan(self.y) | np.isnan(self.v))


def numbers(values: list[Any]) -> np.ndarray:
    return np.array([math.nan if real(value) is None else real(value) for value in values], dtype=float)


def data_of(folder: Folder, record: Json, positional: list[str], named: dict[str, str]) -> Data:
    """Return estimates, variances and sizes of a call on (yi, vi, data=...)."""
    if [text.strip() for text in positional[:2]] != ["yi", "vi"] or "data" not in named:
        raise Skip("another kind of call")
    if {"mods", "scale", "weights"} & named.keys():
        raise Skip("moderators or weights")
    n = None
    if named["data"] == "dat":
        y, v = numbers(folder.column("yi")), numbers(folder.column("vi"))
        if folder.rows and "ni" in folder.rows[0]:
            n = numbers(folder.column("ni"))
    else:
        source = next(
            (
                r
                for r in folder.records
                if re.match(rf"{re.escape(named['data'])}\s*<-\s*escalc", r["r"]) and "value" in r
            ),
            None,
        )
        if source is None:
            raise Skip("data made in R")
        value = target(source) if "v5" in record else source["value"]
        y, v = numbers(value["yi"]), numbers(value["vi"])
        n = numbers(value["ni"]) if value.get("ni") else None
    if "subset" in named:
        match = re.fullmatch(r'(\w+)=="?([\w.]+)"?', named["subset"])
        if not match or match[1] not in folder.rows[0]:
            raise Skip("another kind of subset")
        keep = np.array([row[match[1]] == match[2] for row in folder.rows])
        y, v, n = y[keep], v[keep], None if n is None else n[keep]
    return Data(y, v, n, named)


def inner(folder: Folder, record: Json) -> tuple[Data, dict[str, str]]:
    """Return the data of the rma() call within the record's call, and the outer call's arguments."""
    _, positional, named = split_call(record["r"])
    if not positional or not positional[0].startswith("rma("):
        raise Skip("not on rma()")
    _, inside, arguments = split_call(positional[0])
    return data_of(folder, record, inside, arguments), named


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
        mine = np.atleast_1d(np.array(math.nan if ours is None else ours, dtype=float))
        other = theirs if isinstance(theirs, list) else [theirs]
        if len(mine) != len(other):
            self.tally.note(self.kind, f"{name}: length", self.record["id"], math.inf, 0.0)
            return
        for a, b in zip(mine.tolist(), other, strict=True):
            reference = infinite(b)
            if reference is None or math.isnan(reference) or (math.isinf(reference) and a == reference):
                continue
            found = difference(a, reference, scale) if math.isfinite(a) else math.inf
            self.tally.note(
                self.kind, name, self.record["id"], found, self.tolerance if tolerance is None else tolerance
            )

    def p(self, ours: object, theirs: object, name: str = "p (absolute)") -> None:
        mine = np.atleast_1d(np.array(math.nan if ours is None else ours, dtype=float))
        other = theirs if isinstance(theirs, list) else [theirs]
        if len(mine) != len(other):
            self.tally.note(self.kind, f"{name}: length", self.record["id"], math.inf, 0.0)
            return
        for a, b in zip(mine.tolist(), other, strict=True):
            reference = real(b)
            if reference is not None:
                self.tally.note(
                    self.kind, name, self.record["id"], abs(a - reference) if math.isfinite(a) else 1.0, P_VALUE
                )


def infinite(value: object) -> float | None:
    return {"Inf": math.inf, "-Inf": -math.inf}.get(value) if isinstance(value, str) else real(value)


def tolerance_of(data: Data) -> float:
    if data.method not in ITERATIVE:
        v = data.v[data.known]
        # beyond a variance ratio of 1e8 the reference itself keeps fewer digits
        return EXACT if v.max() < 1e8 * v.min() else 1e-8
    # with tightened rules the reference stops when a step of tau2 is below 1e-12, absolute
    return max(ESTIMATE, 1e-10 / float(np.abs(data.v[data.known]).min() or 1.0)) if "control" in data.named else LOOSE


def refused(record: Json, tally: Differing, error: StromataError) -> None:
    """Note that stromata refuses: as the reference does, or a reason to look."""
    if "error" in record:
        tally.note(record["kind"], "refused alike", record["id"], 0.0, 0.0)
        return
    raise Skip("stromata refuses: " + str(error)[:70])


REFIT = (
    ("estimate", "estimate"), ("se", "se"), ("statistic", "zval"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub"),
    ("q", "Q"), ("i2", "I2"), ("h2", "H2"),
)  # fmt: skip


def compare_tables(folder: Folder, record: Json, tally: Differing, model: str, inside: str) -> None:
    """Refits of Mantel-Haenszel and Peto, from the counts."""
    _, _, named = split_call(inside)
    measure = text_of(named.get("measure"), "PETO") if model == "mh" else "PETO"
    roles = {"ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "t1i", "x2i", "t2i"} & named.keys()
    if set(named) - roles - {"measure", "data"}:
        raise Skip("options of the table models")
    columns = {name: numbers(folder.evaluate(named[name])) for name in roles}
    known = ~np.isnan(sum(columns.values()))
    effects = effect_sizes(measure, **{name: column[known] for name, column in columns.items()})
    call = sensitivity.leave_one_out if record["kind"] == "leave1out" else sensitivity.cumulative
    found = call(effects, model=model)
    value = answered(record, tally)
    compare = Comparison(record, tally, f"{record['kind']} {model}", EXACT)
    places = np.flatnonzero(known)
    for ours, name in REFIT:
        theirs = value.get(name)
        if theirs is None:
            continue
        theirs = [theirs[i] for i in places] if len(theirs) == len(known) else theirs
        mine = getattr(found, ours)
        undetermined = np.isnan(mine)
        if undetermined.any():
            tally.differs[
                "mh, peto: numbers that tables without events, with only events, or one alone do not determine"
            ] += 1
        theirs = [each for each, none in zip(theirs, undetermined.tolist(), strict=True) if not none]
        scale = {"Q": 1e-4, "I2": 1.0, "H2": 1.0, "zval": 1.0}.get(
            name, float(np.median(found.se[~np.isnan(found.se)])) if theirs else 1.0
        )
        compare.hold(name, mine[~undetermined], theirs, scale=scale)


def compare_refits(folder: Folder, record: Json, tally: Differing) -> None:
    _, positional, _ = split_call(record["r"])
    for name, model in (("rma.mh(", "mh"), ("rma.peto(", "peto")):
        if positional and positional[0].startswith(name):
            compare_tables(folder, record, tally, model, positional[0])
            return
    data, _ = inner(folder, record)
    call = sensitivity.leave_one_out if record["kind"] == "leave1out" else sensitivity.cumulative
    found = call(data.y, data.v, method=data.method.lower())
    value = answered(record, tally)
    compare = Comparison(record, tally, f"{record['kind']} {data.method}", tolerance_of(data))
    se = float(np.median(found.se))
    for ours, name in REFIT:
        scale = {"estimate": se, "ci.lb": se, "ci.ub": se, "zval": 1.0, "Q": 1e-4, "I2": 1.0, "H2": 1.0}.get(name, 0.0)
        if name in value:
            compare.hold(name, getattr(found, ours), value[name], scale=scale)
    if "tau2" in value:
        loose = data.method in ITERATIVE
        floor = float(np.median(data.v[data.known]))
        compare.hold(
            "tau2",
            found.tau2,
            value["tau2"],
            scale=1e-3 * floor,
            tolerance=max(1e-6, compare.tolerance) if loose else None,
        )
    compare.p(found.p, value.get("pval", value.get("pvals", [None] * len(found.p))))
    compare.p(found.q_p, value.get("Qp", [None] * len(found.p)), "Q p (absolute)")


def answered(record: Json, tally: Differing) -> Json:
    if "error" in record:
        tally.explained.append((record["id"], f"stromata answers; the reference: {record['error'][:60]}"))
        raise Skip("stromata answers, the reference fails")
    return target(record)


INFLUENCE = (
    ("rstudent", "rstudent"), ("dffits", "dffits"), ("cook", "cook.d"), ("cov_ratio", "cov.r"),
    ("tau2_deleted", "tau2.del"), ("q_deleted", "QE.del"), ("hat", "hat"), ("weight", "weight"),
)  # fmt: skip


def compare_influence(folder: Folder, record: Json, tally: Differing) -> None:
    data, _ = inner(folder, record)
    found = sensitivity.influence(data.y, data.v, method=data.method.lower())
    value = answered(record, tally)
    compare = Comparison(record, tally, f"influence {data.method}", tolerance_of(data))
    floor = float(np.median(data.v[data.known]))
    for ours, name in INFLUENCE:
        loose = max(1e-6, compare.tolerance) if name == "tau2.del" and data.method in ITERATIVE else None
        scale = {"tau2.del": 1e-3 * floor, "rstudent": 1.0, "dffits": 1.0, "cook.d": 1e-2, "QE.del": 1e-4}.get(
            name, 0.0
        )
        compare.hold(name, getattr(found, ours), value["inf"][name], scale=scale, tolerance=loose)
    compare.hold("dfbetas", found.dfbetas[:, 0], value["dfbs"]["intrcpt"], scale=1.0)
    same = all(
        theirs in {None, ours} for ours, theirs in zip(found.influential.tolist(), value["is_infl"], strict=True)
    )
    tally.note(compare.kind, "influential", record["id"], float(not same), 0.0)


def compare_residuals(folder: Folder, record: Json, tally: Differing) -> None:
    data, _ = inner(folder, record)
    name = split_call(record["r"])[0]
    if name not in {"rstandard", "rstudent", "weights"}:
        raise Skip(name)
    tolerance = tolerance_of(data)
    if name == "weights":
        found = sensitivity.influence(data.y, data.v, method=data.method.lower())
        value = answered(record, tally)
        # a weight follows tau2 more closely than the estimate does
        Comparison(record, tally, "weights", max(10 * tolerance, EXACT)).hold("weight", found.weight, value["values"])
        return
    result = sensitivity.residuals(data.y, data.v, method=data.method.lower(), deleted=name == "rstudent")
    value = answered(record, tally)
    compare = Comparison(record, tally, name, tolerance)
    for ours, theirs in ((result.residual, "resid"), (result.se, "se"), (result.z, "z")):
        compare.hold(
            theirs,
            ours,
            value[theirs],
            scale=0.0 if theirs == "se" else float(np.median(result.se)) if theirs == "resid" else 1.0,
        )


def compare_blup(folder: Folder, record: Json, tally: Differing) -> None:
    data, _ = inner(folder, record)
    deviations = split_call(record["r"])[0] == "ranef"
    found = sensitivity.blups(data.y, data.v, method=data.method.lower(), deviations=deviations)
    value = answered(record, tally)
    compare = Comparison(record, tally, "ranef" if deviations else "blup", tolerance_of(data))
    scale = float(np.sqrt(np.median(data.v[data.known])))
    for ours, name in ((found.value, "pred"), (found.se, "se"), (found.low, "pi.lb"), (found.high, "pi.ub")):
        compare.hold(name, ours, value[name], scale=scale)


def compare_regtest(folder: Folder, record: Json, tally: Differing) -> None:
    data, named = inner(folder, record)
    predictor = text_of(named.get("predictor"), "sei")
    model = text_of(named.get("model"), "rma")
    found = asymmetry.regtest(data.y, data.v, ni=data.n, predictor=predictor, model=model, method=data.method.lower())
    value = answered(record, tally)
    if np.ptp(data.y[data.known]) == 0:
        tally.differs["regtest: all estimates equal, so that the reference tests rounding errors"] += 1
        return
    closed = model == "lm" or data.method == "EE"
    compare = Comparison(
        record, tally, f"regtest {model} {data.method}", 1e-9 if closed else max(tolerance_of(data), 1e-7)
    )
    compare.hold("statistic", found.statistic, value["zval"], scale=1.0)
    compare.p(found.p, value["pval"])
    for ours, name in ((found.limit, "est"), (found.limit_low, "ci.lb"), (found.limit_high, "ci.ub")):
        if value.get(name) is not None:
            compare.hold("limit " + name, ours, value[name], scale=found.limit_se or 0.0)


def compare_ranktest(folder: Folder, record: Json, tally: Differing) -> None:
    data, _ = inner(folder, record)
    found = asymmetry.ranktest(data.y, data.v)
    value = answered(record, tally)
    compare = Comparison(record, tally, "ranktest", EXACT)
    compare.hold("tau", found.tau, value["tau"], scale=1.0)
    if found.exact and found.k > 170:  # 171! is beyond double precision
        tally.differs["ranktest: exact p with more than 170 studies, where the reference is normal or has none"] += 1
        return
    compare.p(found.p, value["pval"])


def compare_trimfill(folder: Folder, record: Json, tally: Differing) -> None:
    data, named = inner(folder, record)
    estimator = text_of(named.get("estimator"), "L0")
    side = named.get("side")
    found = asymmetry.trimfill(
        data.y, data.v, estimator=estimator, side=text_of(side, "") or None, method=data.method.lower()
    )
    if found.pooled is None and "error" in record:
        tally.note("trimfill", "undefined alike", record["id"], 0.0, 0.0)
        return
    value = answered(record, tally)
    distances = np.round(np.abs(data.y[data.known] - found.original.estimate) / np.abs(data.y[data.known]).max(), 12)
    if len(set(distances.tolist())) < len(set(data.y[data.known].tolist())) or np.ptp(data.y[data.known]) == 0:
        tally.differs["trimfill: studies at equal distances from the centre, whose ranks hang on the last bit"] += 1
        return
    compare = Comparison(record, tally, f"trimfill {data.method} {estimator}", tolerance_of(data))
    tally.note(compare.kind, "side", record["id"], float(found.side != value["side"]), 0.0)
    tally.note(compare.kind, "k0", record["id"], float(found.k0 != value["k0"]), 0.0)
    if found.k0 != value["k0"] or found.pooled is None:
        return
    compare.hold("se_k0", found.se_k0, value["se_k0"])
    compare.hold("p_k0", found.p_k0, value["p_k0"])
    se = found.pooled.se
    already = len(tally.beyond)
    for ours, name in ((found.pooled.estimate, "beta"), (found.pooled.se, "se"), (found.pooled.ci_low, "ci_lb")):
        compare.hold(name, ours, value[name], scale=se)
    floor = float(np.median(data.v[data.known]))
    compare.hold("tau2", found.pooled.tau2 or 0.0, value["tau2"], scale=floor)
    for ours, name in ((sorted(found.filled_y), "fill_yi"), (sorted(found.filled_v), "fill_vi")):
        theirs = value[name] if isinstance(value[name], list) else [value[name]]
        if None not in theirs:  # the reference's table ends with the studies it left out, not with those it added
            compare.hold(
                name,
                ours,
                sorted(float(each) for each in theirs),
                scale=se,
                tolerance=max(compare.tolerance, 1e-9) * 10,
            )

    y, v = data.y[data.known], data.v[data.known]
    own = (y, v) if not found.k0 else (np.concatenate((y, found.filled_y)), np.concatenate((v, found.filled_v)))
    loosely_stopped(compare, already, data, own, (found.pooled.tau2, real(value["tau2"])))


def loosely_stopped(
    compare: Comparison,
    already: int,
    data: Data,
    studies: tuple[np.ndarray, np.ndarray],
    tau2: tuple[float | None, float | None],
) -> None:
    """Move what lies beyond tolerance to the explained where the reference stopped early: our likelihood is higher."""
    tally, (ours, theirs) = compare.tally, tau2
    if (
        len(tally.beyond) == already
        or "control" in data.named
        or data.method != "REML"
        or ours is None
        or theirs is None
    ):
        return
    mine, other = (heterogeneity.log_likelihood(*studies, value, restricted=True) for value in (ours, theirs))
    if mine > other:
        del tally.beyond[already:]
        tally.differs["REML without tightened stopping rules in the reference; our likelihood is higher"] += 1


def compare_fsn(folder: Folder, record: Json, tally: Differing) -> None:
    _, positional, named = split_call(record["r"])
    data = data_of(folder, record, positional, named)
    kind = text_of(named.get("type"), "Rosenthal").lower()
    options: dict[str, Any] = {"type": kind}
    if "target" in named:
        options["target"] = float(named["target"])
    if "test" in named:
        options["combination"] = text_of(named["test"], "").lower()
    if kind == "orwin":
        options["weighted"] = named.get("weighted") == "TRUE" or "v5" in record
    found = failsafe.fsn(data.y, data.v, **options)
    value = answered(record, tally)
    compare = Comparison(record, tally, f"fsn {kind}", EXACT)
    if "combination" in options:
        tally.differs[
            "Fisher's combination: ours is one-sided in the direction of the average study; the undocumented "
            "option of the reference takes each study in its own direction"
        ] += 1
        return
    theirs = real(value["fsnum"])
    already = len(tally.beyond)
    if kind == "general" and theirs == found.number + 1 and (found.p_with or 0) >= found.alpha:
        tally.differs[
            "general: the reference gives one study more than the fewest that suffice (ours: p with N studies "
            "is at least alpha, as checked here)"
        ] += 1
    elif theirs is not None:
        tally.note(compare.kind, "N", record["id"], float(found.number != theirs), 0.0)
    loose = LOOSE if kind == "general" else None
    compare.hold("p", found.p, value.get("pval"), tolerance=loose or 1e-9, scale=P_VALUE)
    compare.hold("average", found.estimate, value.get("meanes"), tolerance=loose, scale=1e-9)
    if kind == "general" and found.number == value["fsnum"]:
        floor = float(np.median(data.v[data.known]))
        compare.hold("estimate with", found.estimate_with, value["est.fsn"], tolerance=LOOSE)
        compare.hold("tau2 with", found.tau2_with, value["tau2.fsn"], tolerance=LOOSE, scale=1e-3 * floor)
        compare.hold("p with", found.p_with, value["pval.fsn"], tolerance=LOOSE)
    if kind == "general":
        loosely_stopped(
            compare, already, data, (data.y[data.known], data.v[data.known]), (found.tau2, real(value["tau2"]))
        )


def compare_tes(folder: Folder, record: Json, tally: Differing) -> None:
    data, named = inner(folder, record)
    value = record.get("value") or {}
    test = value.get("test") or text_of(named.get("test"), "exact")
    found = evidence_value.tes(data.y, data.v, method=data.method.lower(), test=test)
    value = answered(record, tally)
    compare = Comparison(record, tally, f"tes {test}", EXACT)
    for ours, name in (
        (found.observed, "O"),
        (found.expected, "E"),
        (found.ratio, "OEratio"),
        (found.power, "power"),
        (found.theta, "theta"),
        (found.statistic, "X2"),
    ):
        compare.hold(name, ours, value[name], scale={"theta": 1e-6, "X2": 1e-3}.get(name, 0.0))
    compare.p(found.p, value["pval"])
    limits = value["theta.lim"] if isinstance(value["theta.lim"], list) else [value["theta.lim"]]
    for limit in (real(each) for each in limits):
        if limit is not None:
            nearest = min((abs(limit - own) for own in found.limits), default=math.inf)
            tally.note(compare.kind, "limit (absolute)", record["id"], nearest, SEARCH)


def compare_hc(folder: Folder, record: Json, tally: Differing) -> None:
    data, _ = inner(folder, record)
    found = asymmetry.henmi_copas(data.y, data.v)
    value = answered(record, tally)
    compare = Comparison(record, tally, "hc", EXACT)
    compare.hold("estimate", found.estimate, value["beta"], scale=found.se)
    compare.hold("se", found.se, value["se"])
    compare.hold("tau2", found.tau2, value["tau2"], scale=1e-3 * float(np.median(data.v[data.known])))
    already = len(tally.beyond)
    for ours, name in ((found.ci_low, "ci.lb"), (found.ci_high, "ci.ub")):
        compare.hold("interval", ours, value[name], scale=found.se, tolerance=2 * SEARCH)
    if len(tally.beyond) > already:
        theirs = (float(value["ci.ub"]) - float(value["beta"])) / float(value["se"])
        ours = (found.ci_high - found.estimate) / found.se
        misses = [abs(coverage(t, data.v[data.known], found.tau2) - 0.95) for t in (ours, theirs)]
        if misses[0] < 1e-8 < misses[1]:
            del tally.beyond[already:]
            tally.differs[f"{HC_REASON}"] += 1


HC_REASON = (
    "hc: the pivot's coverage, by dense matrices and a fine grid, is 95 % at our bound and not at the reference's"
)


def coverage(t: float, v: np.ndarray, tau2: float) -> float:
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


def compare_gosh(folder: Folder, record: Json, tally: Differing) -> None:
    data, _ = inner(folder, record)
    found = sensitivity.gosh(data.y, data.v, method=data.method.lower())
    value = answered(record, tally)
    compare = Comparison(record, tally, f"gosh {data.method}", EXACT)
    compare.hold("subsets", len(found.k), value["n_subsets"])
    for statistic, function in (("mean", np.mean), ("min", np.min), ("max", np.max)):
        # the reference's H2 is here Q / df also under a random-effects model; ours is that of pool()
        h2 = np.where(found.k > 1, found.q / np.maximum(found.k - 1, 1), 1.0)
        for name, ours in (
            ("k", found.k),
            ("QE", found.q),
            ("I2", found.i2),
            ("H2", h2),
            ("tau2", found.tau2),
            ("estimate", found.estimate),
        ):
            compare.hold(f"{statistic} {name}", float(function(ours)), value[statistic][name], scale=1e-3)


def compare_selmodel(folder: Folder, record: Json, tally: Differing) -> None:
    """The likelihood decides; estimates are compared where both found the same maximum."""
    data, named = inner(folder, record)
    options: dict[str, Any] = {
        name: text_of(named[name], "") for name in ("type", "alternative", "prec") if name in named
    }
    for name in ("steps", "delta"):
        if name in named:
            options[name] = tuple(vector(named[name]).tolist())
    y, v = data.y[data.known], data.v[data.known]
    found = selection.selmodel(y, v, **options)
    value = answered(record, tally)
    compare = Comparison(record, tally, f"selmodel {options['type']}", LOOSE)
    theirs = float(value["ll_ML"])
    at_theirs = likelihood_at(y, v, options, value)
    tally.note(
        compare.kind,
        "log-likelihood at the reference's place minus ours",
        record["id"],
        max(at_theirs - found.log_likelihood, 0.0),
        1e-9,
    )
    lead = found.log_likelihood - theirs
    if lead < -LIKELIHOOD and at_theirs <= found.log_likelihood:
        tally.differs[
            "selmodel: the reference's likelihood was overstated by its integration; at its place ours is higher"
        ] += 1
    else:
        tally.note(compare.kind, "log-likelihood below the reference", record["id"], max(-lead, 0.0), LIKELIHOOD)
    if lead > LIKELIHOOD:
        tally.differs["selmodel: our likelihood is higher than the reference's by more than 1e-5"] += 1
        return
    se = found.se or 1.0
    # a log-likelihood within 1e-5 leaves a place within root(2e-5) = 4.5e-3 standard errors
    compare.hold("estimate", found.estimate, value["beta"], scale=se, tolerance=5e-3)
    compare.hold("tau2", found.tau2, value["tau2"], scale=found.tau2_se or float(np.median(v)), tolerance=5e-3)
    errors = [error or 1.0 for error in found.delta_se]
    for ours, reference, error in zip(found.delta, value["delta"], errors, strict=True):
        compare.hold("delta", ours, reference, scale=error, tolerance=5e-3)
    compare.hold("se", found.se, value["se"], tolerance=2e-2)
    compare.hold("LRT", found.lrt, value["LRT"], scale=1.0, tolerance=1e-3)


def vector(text: str) -> np.ndarray:
    return np.array([float(part) for part in text.removeprefix("c(").rstrip(")").split(",")])


def likelihood_at(y: np.ndarray, v: np.ndarray, options: dict[str, Any], value: Json) -> float:
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
    delta = np.array([float(each) for each in value["delta"]])
    return model.likelihood(direction * float(value["beta"][0]), float(value["tau2"]), delta)[0]


def compare_metabias(folder: Folder, record: Json, tally: Differing) -> None:
    """Tests of R's meta that are among ours, on its own tables."""
    call = record["r"]
    method = re.search(r'method.bias="(\w+)"', call)
    binary = re.search(r"metabin\(([^,]+), ([^,]+), ([^,]+), ([^,]+), data=dat, sm=\"OR\"\)", call)
    if not method or not binary:
        raise Skip("another measure")
    ai, n1i, ci, n2i = (numbers(folder.evaluate(each)) for each in binary.groups())
    known = ~np.isnan(ai + n1i + ci + n2i)
    ai, n1i, ci, n2i = (each[known] for each in (ai, n1i, ci, n2i))
    effects = [e for e in effect_sizes("OR", ai=ai, n1i=n1i, ci=ci, n2i=n2i, drop00=True) if e.yi is not None]
    value = answered(record, tally)
    compare = Comparison(record, tally, f"metabias {method[1]}", 1e-9)
    if method[1] == "Egger":
        found = asymmetry.regtest(effects, model="lm")
        compare.hold("statistic", found.statistic, value["statistic"])
        compare.p(found.p, value["pval"])
        compare.hold("bias", found.slope, value["bias"])
        compare.hold("se", found.se, value["se_bias"])
    elif method[1] == "Thompson":
        found = asymmetry.regtest(effects, model="rma", test="knha")
        compare.hold("statistic", found.slope, value["bias"], tolerance=LOOSE)
    elif method[1] == "Begg":
        found = asymmetry.ranktest(effects)
        score = (found.tau or 0.0) * found.k * (found.k - 1) / 2
        compare.hold("score", score, value["bias"])
    else:
        raise Skip(f"test {method[1]} is not offered")


COMPARE: dict[str, Callable[[Folder, Json, Differing], None]] = {
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


def run(root: Path) -> Differing:
    """Compare every record under `root` of a kind named above."""
    tally = Differing()
    for folder in folders(root):
        for record in folder.records:
            compare = COMPARE.get(record["kind"])
            if compare is None or ("value" not in record and "error" not in record):
                continue
            try:
                try:
                    compare(folder, record, tally)
                except StromataError as error:
                    refused(record, tally, error)
                tally.records[record["kind"]] += 1
            except Skip as reason:
                tally.skipped[record["kind"]][str(reason)] += 1
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--all", action="store_true", help="list every record beyond tolerance, not the first 40")
    arguments = parser.parse_args()
    tally = run(arguments.root)
    print("| kind | quantity | values | worst difference | tolerance | record |")
    print("| --- | --- | --- | --- | --- | --- |")
    for key in sorted(tally.worst):
        worst, tolerance, record = tally.worst[key]
        print(f"| {key[0]} | {key[1]} | {tally.count[key]} | {worst:.1e} | {tolerance:.0e} | {record} |")
    print("\nRecords compared:", dict(tally.records))
    for kind, reasons in tally.skipped.items():
        print(f"Left out of {kind}:", dict(reasons.most_common()))
    print(f"\nStromata answers where the reference does not: {len(tally.explained)}")
    print(Counter(record.split(".")[0] for record, _ in tally.explained))
    print("\nDeliberate differences:")
    for reason, count in tally.differs.items():
        print(f"  {count}: {reason}")
    print(f"Beyond tolerance: {len(tally.beyond)}")
    for kind, quantity, record, found, tolerance in tally.beyond if arguments.all else tally.beyond[:40]:
        print(f"  {record} {kind} {quantity}: {found:.3e} > {tolerance:.0e}")
    return 3 if tally.beyond else 0


if __name__ == "__main__":
    sys.exit(main())

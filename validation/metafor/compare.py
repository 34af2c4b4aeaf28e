"""Hold stromata's synthesis against results of R's metafor, and print the worst difference per quantity.

    python validation/metafor/compare.py DIR [--all]

DIR holds one folder per data set with `input.csv` and `results.json` (see README.md here). Exit status 3 when a number
lies beyond its tolerance without a reason that the script can itself confirm.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval, Synthesis
from stromata.synthesis import (
    MEASURES,
    binomial_normal,
    effect_sizes,
    exact_interval,
    heterogeneity,
    pool,
    wilson_interval,
)

Json = dict[str, Any]  # Any: records as JSON gives them

EXACT = 1e-10
"""Relative tolerance of closed forms."""
ESTIMATE = 1e-7
"""Relative tolerance of estimates that follow from an iterative tau2."""
TAU2 = 1e-6
GLMM_ESTIMATE, GLMM_TAU2, GLMM_LIKELIHOOD = 1e-3, 1e-2, 1e-6
"""lme4's own stopping rule limits the reference; the likelihood at the reference's estimates must not exceed ours."""
P_VALUE = 1e-6
"""Absolute."""
ITERATIVE = {"REML", "ML", "EB", "PM"}
METHODS = {
    "EE": None,
    "FE": None,
    "DL": "dl",
    "HE": "he",
    "HS": "hs",
    "SJ": "sj",
    "ML": "ml",
    "REML": "reml",
    "EB": "eb",
}
METHODS |= {"PM": "pm"}
TRANSFORMS = {
    "exp": ("RR", "OR"),
    "transf.ilogit": ("PLO",),
    "transf.iarcsin": ("PAS",),
    "transf.ipft.hm": ("PFT",),
}
MISSING = {"", "NA", "NaN"}


@dataclass
class Tally:
    """Worst difference per quantity, what was skipped, and what lies beyond tolerance."""

    worst: dict[tuple[str, str], tuple[float, float, str]] = field(default_factory=dict)
    count: Counter[tuple[str, str]] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    skipped: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    beyond: list[tuple[str, str, str, float, float]] = field(default_factory=list)
    explained: list[tuple[str, str]] = field(default_factory=list)

    def note(self, kind: str, quantity: str, record: str, difference: float, tolerance: float) -> None:
        key = (kind, quantity)
        self.count[key] += 1
        if key not in self.worst or not difference <= self.worst[key][0]:
            self.worst[key] = (difference, tolerance, record)
        if not difference <= tolerance:
            self.beyond.append((kind, quantity, record, difference, tolerance))


class Skip(Exception):  # noqa: N818 - not an error: a record of something that stromata does not do
    """The record asks for something outside this comparison; the text says what."""


# Reading R calls. Only the shapes that the records have: name(argument, key=value, ...), nested.


def split_call(text: str) -> tuple[str, list[str], dict[str, str]]:
    """Return name, positional and named arguments of one R call."""
    match = re.match(r"\s*(?:\w+\s*<-\s*)?([\w.]+)\(", text)
    if not match:
        raise Skip("not a single call")
    depth, parts, start, quoted = 1, [], match.end(), False
    for i in range(match.end(), len(text)):
        ch = text[i]
        quoted ^= ch == '"'
        if quoted:
            continue
        depth += (ch in "([") - (ch in ")]")
        if depth == 0 or (depth == 1 and ch == ","):
            parts.append(text[start:i].strip())
            start = i + 1
        if depth == 0:
            rest = text[i + 1 :].strip()
            if rest and not rest.startswith((";", ")")):
                raise Skip("more than one call")
            break
    named, positional = {}, []
    for part in filter(None, parts):
        key = re.match(r"([\w.]+)\s*=(?!=)\s*(.*)$", part, re.DOTALL)
        if key:
            named[key[1]] = key[2].strip()
        else:
            positional.append(part)
    return match[1], positional, named


def text_of(value: str | None, default: str) -> str:
    return default if value is None else value.strip('"')


def number_of(value: str) -> float:
    top, _, bottom = value.partition("/")
    return float(top) / float(bottom or 1)


# Data of one folder.


@dataclass
class Folder:
    """One data set."""

    path: Path
    rows: list[dict[str, str]]
    records: list[Json]

    def column(self, name: str) -> list[float | None]:
        if not self.rows or name not in self.rows[0]:
            raise Skip(f"column computed in R: {name}"[:40])
        return [None if row[name] in MISSING else float(row[name]) for row in self.rows]

    def computed(self, name: str) -> Json:
        """Return the value of the record that creates the R object `name`."""
        for record in self.records:
            if re.match(rf"{re.escape(name)}\s*<-\s*escalc", record["r"]) and "value" in record:
                return target(record)
        raise Skip("data made in R")


def folders(root: Path) -> Iterator[Folder]:
    for path in sorted(root.iterdir()):
        source = path / "results.json"
        if not source.exists():
            continue
        records = json.loads(source.read_text(encoding="utf-8"))["results"]
        rows = []
        if (path / "input.csv").exists():
            with (path / "input.csv").open(encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
        yield Folder(path, rows, records)


def target(record: Json) -> Json:
    """Return the reference value; the newer metafor's where the two differ by definition."""
    newer = record.get("v5")
    value: Json = record["value"]
    return {**value, **newer} if isinstance(newer, dict) and isinstance(value, dict) else value


def real(value: object) -> float | None:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def difference(ours: float, reference: float, scale: float = 0.0) -> float:
    """Return the difference relative to the reference, or to `scale` (a standard error) where that is larger."""
    if ours == reference:
        return 0.0
    return abs(ours - reference) / max(abs(reference), scale, 1e-300)


# Effect sizes.


def effects_from(folder: Folder, named: dict[str, str], measure: str) -> tuple[list[int], tuple[EffectSize, ...]]:
    """Return the rows without missing values and their effects."""
    if measure not in MEASURES:
        raise Skip("measure not in stromata")
    if named.get("vtype", '"LS"') != '"LS"':
        raise Skip("another sampling variance (vtype)")
    names = {name for wanted in MEASURES[measure].columns for name in wanted} & named.keys()
    columns = {name: folder.column(named[name]) for name in names}
    complete = [i for i in range(len(folder.rows)) if all(column[i] is not None for column in columns.values())]
    options: dict[str, Any] = {"to": text_of(named.get("to"), "only0"), "drop00": named.get("drop00") == "TRUE"}
    if "add" in named:
        options["add"] = number_of(named["add"])
    return complete, effect_sizes(
        measure, **options, **{name: [column[i] for i in complete] for name, column in columns.items()}
    )


def compare_escalc(folder: Folder, record: Json, tally: Tally) -> None:
    call = record["r"]
    inner = re.search(r"escalc\(.*", call)
    if not inner or "to.wide" in call:
        raise Skip("data made in R")
    _, _, named = split_call(inner[0])
    measure = text_of(named.get("measure"), "")
    try:
        complete, effects = effects_from(folder, named, measure)
    except InvalidInput as error:
        if "error" in record:
            tally.note("escalc", "refused alike", record["id"], 0.0, 0.0)
            return
        if "at least one person" in str(error) or "empty arm" in str(error):
            raise Skip("an arm without people: stromata refuses the row") from error
        raise
    if "error" in record:
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    for name, attribute in (("yi", "yi"), ("vi", "vi")):
        reference = value.get(name) or []
        if len(reference) != len(folder.rows):
            raise Skip(f"{len(reference)} results for {len(folder.rows)} rows")
        for i, effect in zip(complete, effects, strict=True):
            ours, theirs = getattr(effect, attribute), real(reference[i])
            if ours is None or theirs is None:
                # metafor keeps a variance of 0 or an estimate where the other half does not exist
                tally.note(
                    "escalc", f"{name} missing alike", record["id"], float((ours is None) != (theirs is None)), 0.0
                )
            else:
                scale = 1e-6 if name == "yi" else 0.0
                tally.note("escalc", f"{measure} {name}", record["id"], difference(ours, theirs, scale), EXACT)
    if "ci.lb" in value and MEASURES[measure].kind != "proportion":
        for i, effect in zip(complete, effects, strict=True):
            low = real(value["ci.lb"][i])
            if low is not None and effect.natural.ci_low is not None and MEASURES[measure].null is not None:
                theirs = math.exp(low) if MEASURES[measure].null == 1.0 else low
                tally.note(
                    "escalc", "study interval", record["id"], difference(effect.natural.ci_low, theirs, 1e-6), EXACT
                )


# Pooling.


def uni_effects(folder: Folder, positional: list[str], named: dict[str, str]) -> tuple[EffectSize, ...]:
    """Return the effects that an rma() call pools: from its counts, or from the reference's own yi and vi."""
    foreign = {"mods", "weights", "weighted", "tau2", "btt", "data2", "scale", "intercept"} & named.keys()
    if foreign:
        raise Skip(f"argument {min(foreign)}")
    if "measure" in named:
        return effects_from(folder, named, text_of(named["measure"], ""))[1]
    if [text.strip() for text in positional[:2]] != ["yi", "vi"] or len(positional) > 2 or "data" not in named:
        raise Skip("another kind of call")
    if named["data"] == "dat":
        y, v = folder.column("yi"), folder.column("vi")
    else:
        value = folder.computed(named["data"])
        y, v = ([real(x) for x in value[name]] for name in ("yi", "vi"))
    keep = range(len(y))
    if "subset" in named:
        match = re.fullmatch(r"(\w+)==(\d+)", named["subset"])
        if not match:
            raise Skip("another kind of subset")
        chosen = folder.column(match[1])
        keep = [i for i in keep if chosen[i] == float(match[2])]
    pairs = [(y[i], v[i]) for i in keep if y[i] is not None and v[i] is not None]
    if any(b <= 0 for _, b in pairs):
        raise Skip("variances of zero or less: stromata leaves them out")
    nothing = Interval(None, None, None)
    return tuple(EffectSize(str(i), "MD", a, b, nothing) for i, (a, b) in enumerate(pairs))


def run_uni(folder: Folder, call: str) -> tuple[Synthesis, str, tuple[EffectSize, ...]]:
    name, positional, named = split_call(call)
    if name != "rma":
        raise Skip(f"{name}()")
    method = text_of(named.get("method"), "REML")
    if method not in METHODS:
        raise Skip(f"method {method}")
    if "control" not in named and method in ITERATIVE:
        raise Skip("loose stopping rule of the reference")
    test = text_of(named.get("test"), "z")
    if test not in {"z", "t", "knha", "adhoc"}:
        raise Skip(f"test {test}")
    effects = uni_effects(folder, positional, named)
    level = float(named.get("level", "95"))
    tau2 = METHODS[method]
    options: dict[str, Any] = {"model": "common" if tau2 is None else "random", "test": test}
    result = (
        pool(effects, measure="MD", level=level / 100 if level > 1 else level, tau2=tau2 or "reml", **options)
        if (not effects or effects[0].measure == "MD")
        else pool(effects, level=level / 100 if level > 1 else level, tau2=tau2 or "reml", **options)
    )
    return result, method, effects


UNI = (
    ("estimate", "beta"),
    ("se", "se"),
    ("statistic", "zval"),
    ("ci_low", "ci_lb"),
    ("ci_high", "ci_ub"),
    ("q", "QE"),
    ("i2", "I2"),
    ("h2", "H2"),
    ("tau2_se", "se_tau2"),
)


def compare_uni(folder: Folder, record: Json, tally: Tally) -> None:  # noqa: C901 - one list of quantities
    try:
        result, method, effects = run_uni(folder, record["r"])
    except InvalidInput as error:
        if "error" in record:
            tally.note("rma.uni", "refused alike", record["id"], 0.0, 0.0)
            return
        raise Skip("stromata refuses: " + str(error)[:60]) from error
    if "error" in record:
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    if real(value.get("k")) != result.k:
        raise Skip("rows of zero variance left out by stromata")
    kind = f"rma.uni {method}" if method in METHODS else "rma.uni"
    loose = method in ITERATIVE
    if result.k == 1 and effects[0].measure in {"PR", "PLN", "PLO", "PAS", "PFT"}:
        raise Skip("one proportion: stromata gives its exact interval")
    se = real(value["se"]) or 0.0
    used = [e for e in effects if e.vi]
    y, v = np.array([e.yi for e in used]), np.array([e.vi for e in used])
    already = len(tally.beyond)
    if result.tau2 is not None:
        tally.note(kind, "tau2", record["id"], tau2_difference(result, value, v), TAU2 if loose else EXACT)
    for ours_name, name in UNI:
        ours, reference = getattr(result, ours_name), real(value.get(name))
        if ours is None or reference is None or (name == "zval" and se == 0):
            continue
        scale = {"beta": se, "ci_lb": se, "ci_ub": se, "zval": 1.0, "I2": 1.0, "H2": 1.0}.get(name, 1e-12)
        scale = 1e-9 if name == "QE" else scale
        tally.note(
            kind,
            name,
            record["id"],
            difference(ours, reference, scale),
            (TAU2 if loose else EXACT) if name in {"I2", "H2", "se_tau2"} else (ESTIMATE if loose else EXACT),
        )
    prediction = value.get("pi")
    if isinstance(prediction, dict) and result.pi_low is not None and result.pi_high is not None:
        for ours, name in ((result.pi_low, "lb"), (result.pi_high, "ub")):
            reference = real(prediction[name])
            if reference is not None:
                tally.note(kind, "pi", record["id"], difference(ours, reference, se), ESTIMATE if loose else EXACT)
    for ours, name in ((result.p, "pval"), (result.q_p, "QEp")):
        reference = real(value.get(name))
        if ours is not None and reference is not None:
            tally.note(kind, "p-values (absolute)", record["id"], abs(ours - reference), P_VALUE)
    likelihood = real(value.get("ll_REML" if method == "REML" else "ll_ML"))
    if result.log_likelihood is not None and likelihood is not None:
        tally.note(
            kind,
            "log-likelihood",
            record["id"],
            difference(result.log_likelihood, likelihood, 1.0),
            ESTIMATE if loose else EXACT,
        )
    reason = better(y, v, result, value, method) if loose and len(tally.beyond) > already else ""
    if reason:
        worst = max(entry[3] for entry in tally.beyond[already:])
        del tally.beyond[already:]
        tally.explained.append((record["id"], f"worst {worst:.1e}; {reason}"))


def tau2_difference(result: Synthesis, value: Json, v: np.ndarray) -> float:
    """Return the relative difference, taking what is below 1e-9 median variances apart as equal."""
    reference = real(value["tau2"]) or 0.0
    ours = result.tau2 or 0.0
    floor = 1e-7 * float(np.median(v))
    if abs(ours - reference) <= 1e-2 * floor or (ours < floor and reference < floor):
        return 0.0
    return difference(ours, reference)


def leftover(y: np.ndarray, v: np.ndarray, tau2: float, method: str) -> float:
    """Return how far `tau2` is from solving the estimator's own equation."""
    w = 1 / (v + tau2)
    mean, q = heterogeneity.fitted(y, w)
    if method in {"PM", "EB"}:
        return abs(q - (len(y) - 1))
    trace = heterogeneity.trace_p(w) if method == "REML" else float(w.sum())
    return abs(float((w**2 * (y - mean) ** 2).sum()) / trace - 1)


def better(y: np.ndarray, v: np.ndarray, result: Synthesis, value: Json, method: str) -> str:
    """Return why our tau2 may stand although it differs; empty when nothing confirms it."""
    ours, theirs = result.tau2 or 0.0, real(value["tau2"]) or 0.0
    if method in {"REML", "ML"}:
        mine, other = (heterogeneity.log_likelihood(y, v, t, restricted=method == "REML") for t in (ours, theirs))
        if mine > other + 1e-9:
            return f"our likelihood is higher by {mine - other:.3g}"
    mine, other = leftover(y, v, ours, method), leftover(y, v, theirs, method)
    gap = difference(ours, theirs)
    if mine < other / 10 and gap < 1e-5:
        return f"tau2 differs by {gap:.1e}; ours leaves {mine:.0e} of its equation, the reference {other:.0e}"
    return ""


def compare_predict(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, named = split_call(record["r"])
    transform = named.get("transf", "")
    if name != "predict" or transform not in TRANSFORMS or "pi.type" in named or "newmods" in named:
        raise Skip("another kind of prediction")
    if not positional or not positional[0].startswith("rma("):
        raise Skip("another kind of prediction")
    if "error" in record:
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    result, _, _ = run_uni(folder, positional[0])
    if result.measure not in TRANSFORMS[transform]:
        raise Skip("transform of a foreign measure")
    if result.k == 1:
        raise Skip("one proportion: stromata gives its exact interval")
    n = result.natural
    for ours, name in (
        (n.estimate, "pred"),
        (n.ci_low, "ci.lb"),
        (n.ci_high, "ci.ub"),
        (n.pi_low, "pi.lb"),
        (n.pi_high, "pi.ub"),
    ):
        reference = real(value.get(name))
        if ours is not None and reference is not None:
            tally.note(f"predict {result.measure}", name, record["id"], difference(ours, reference, 1e-3), ESTIMATE)


def compare_glmm(folder: Folder, record: Json, tally: Tally) -> None:
    _, _, named = split_call(record["r"])
    if text_of(named.get("measure"), "") != "PLO" or "mods" in named:
        raise Skip("another kind of GLMM")
    points = int(named.get("nAGQ", "7"))
    x, n = (np.array([value for value in folder.column(named[c]) if value is not None]) for c in ("xi", "ni"))
    if "error" in record:
        raise Skip("no answer in the reference")
    value = target(record)
    beta, se, tau2 = (real(value[name]) or 0.0 for name in ("beta", "se", "tau2"))
    if text_of(named.get("method"), "ML") in {"EE", "FE"}:
        fit = binomial_normal.fit_common(x, n)
        if fit.outcome != "fitted":
            tally.explained.append((record["id"], "no or only events: the estimate is infinite, stromata gives none"))
            return
        tally.note("rma.glmm EE", "beta", record["id"], difference(fit.beta, beta, se), ESTIMATE)
        tally.note("rma.glmm EE", "se", record["id"], difference(fit.se, se), 1e-4)
        tally.note(
            "rma.glmm EE",
            "log-likelihood",
            record["id"],
            difference(fit.log_likelihood, real(value["ll_ML"]) or 0.0, 1.0),
            1e-9,
        )
        return
    if points == 1:
        raise Skip("Laplace approximation: stromata never uses one point")
    kind = f"rma.glmm ML nAGQ={points}"
    fit = binomial_normal.fit(x, n, points=points)
    if not fit.identified:
        tally.explained.append(
            (record["id"], "tau2 is not identified (one patient per study); stromata says so, takes 0")
        )
        return
    place = np.array([beta]), np.array([math.sqrt(tau2)])
    theirs = float(binomial_normal.log_likelihoods(x, n, *place, points=fit.points or points)[0])
    tally.note(
        kind,
        "log-likelihood at reference minus ours",
        record["id"],
        max(theirs - fit.log_likelihood, 0.0),
        GLMM_LIKELIHOOD,
    )
    tally.note(
        kind,
        "conditional log-likelihood at reference",
        record["id"],
        abs(conditional(x, n, beta, tau2) - (real(value["ll_ML"]) or 0.0)),
        1e-6,
    )
    tally.note(kind, "beta", record["id"], difference(fit.beta, beta, se), GLMM_ESTIMATE)
    tally.note(kind, "beta (absolute)", record["id"], abs(fit.beta - beta), GLMM_ESTIMATE)
    tally.note(kind, "se", record["id"], difference(fit.se, se), GLMM_ESTIMATE)
    tally.note(kind, "tau2", record["id"], 0.0 if max(fit.tau2, tau2) < 1e-9 else difference(fit.tau2, tau2), GLMM_TAU2)
    result = pool(effect_sizes("PLO", xi=x, ni=n), model="glmm", test=text_of(named.get("test"), "z"))  # type: ignore[arg-type]
    for ours, name, tolerance in (
        (result.i2, "I2", GLMM_TAU2),
        (result.q, "QE_LRT", 1e-6),
        (result.pi_low, "pi", GLMM_ESTIMATE),
        (result.ci_high, "ci_ub", GLMM_ESTIMATE),
    ):
        reference = real((value.get("pi") or {}).get("lb") if name == "pi" else value.get(name))
        if ours is not None and reference is not None:
            tally.note(kind, name, record["id"], difference(ours, reference, 1.0), tolerance)


def conditional(x: np.ndarray, n: np.ndarray, beta: float, tau2: float) -> float:
    """Return the binomial log-likelihood given the most likely study effects: what the reference calls ll_ML."""
    tau = math.sqrt(tau2)
    total = 0.0
    for events, people in zip(x, n, strict=True):
        u = 0.0
        for _ in range(200):
            p = special.expit(beta + tau * u)
            u += float(np.clip((tau * (events - people * p) - u) / (1 + tau2 * people * p * (1 - p)), -1, 1))
        eta = beta + tau * u
        total += events * special.log_expit(eta) + (people - events) * special.log_expit(-eta)
        total += special.gammaln(people + 1) - special.gammaln(events + 1) - special.gammaln(people - events + 1)
    return float(total)


def compare_interval(_: Folder, record: Json, tally: Tally) -> None:
    value = target(record)
    if record["kind"] == "binom":
        ours = exact_interval(value["x"], value["n"])
        for a, name in zip(ours, ("lb", "ub"), strict=True):
            tally.note("binom", "Clopper-Pearson", record["id"], difference(a, float(value[name])), EXACT)
        return
    if not record["r"].startswith("CIG("):
        raise Skip("Poisson intervals")
    level = float(record["r"].rstrip(")").split(",")[1])
    for i, (x, n) in enumerate(zip(value["x"], value["n"], strict=True)):
        for function, name in ((exact_interval, "cp"), (wilson_interval, "wilson")):
            for a, end in zip(function(x, n, level), ("lb", "ub"), strict=True):
                reference = real(value[f"{name}_{end}"][i])
                if reference is not None:
                    title = "Clopper-Pearson" if name == "cp" else "Wilson"
                    tally.note("interval", title, record["id"], difference(a, reference, 1e-9), EXACT)


COMPARE = {
    "escalc": compare_escalc,
    "rma.uni": compare_uni,
    "predict": compare_predict,
    "rma.glmm": compare_glmm,
    "interval": compare_interval,
    "binom": compare_interval,
}


def run(root: Path) -> Tally:
    """Compare every record under `root` that stromata has an answer to."""
    tally = Tally()
    for folder in folders(root):
        for record in folder.records:
            compare = COMPARE.get(record["kind"])
            if compare is None or ("value" not in record and "error" not in record):
                continue
            try:
                compare(folder, record, tally)
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
    print(f"\nDifferent for a confirmed reason: {len(tally.explained)}")
    for record, reason in tally.explained:
        print(f"  {record}: {reason}")
    print(f"Beyond tolerance: {len(tally.beyond)}")
    for kind, quantity, record, found, tolerance in tally.beyond if arguments.all else tally.beyond[:40]:
        print(f"  {record} {kind} {quantity}: {found:.3e} > {tolerance:.0e}")
    return 3 if tally.beyond else 0


if __name__ == "__main__":
    sys.exit(main())

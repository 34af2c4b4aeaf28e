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
from scipy import special, stats

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval, Synthesis
from stromata.synthesis import MEASURES, effect_sizes, exact_interval, pool, wilson_interval
from stromata.synthesis.counts import binomial_normal
from stromata.synthesis.effects import scales
from stromata.synthesis.effects.columns import bad_cells, choose_columns
from stromata.synthesis.effects.conversions import d_to_r
from stromata.synthesis.intervals import exact_rate_interval
from stromata.synthesis.pooling import heterogeneity

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
SEARCHED = 1e-3
"""The reference finds a tetrachoric correlation by a search that stops some 1e-5 short; its variance follows."""
ITERATIVE = {"REML", "ML", "EB", "PM", "PMM", "GENQM", "SJIT"}
BOUND = 1e-7
"""Relative tolerance of bounds of tau2, I2 and H2."""
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
METHODS |= {"PM": "pm", "PMM": "pmm", "HSk": "hsk", "GENQ": "genq", "GENQM": "genqm", "SJIT": "pm"}
"""SJIT iterates Sidik and Jonkman's step until it stands still: where Paule and Mandel's equation holds."""
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
    newer: bool = True
    """Whether the record at hand was made with the newer metafor as well, so that its data are to be taken too."""

    def column(self, name: str) -> list[float | None]:
        if not self.rows or name not in self.rows[0]:
            raise Skip(f"column computed in R: {name}"[:40])
        return [None if row[name] in MISSING else float(row[name]) for row in self.rows]

    def evaluate(self, text: str) -> list[float | None]:
        """Return a column, or what R works out from columns with + - * / and sqrt()."""
        if re.fullmatch(r"[\w.]+", text):
            return self.column(text)
        if not re.fullmatch(r"[\w.+*/() -]+", text):
            raise Skip(f"column computed in R: {text}"[:40])
        names = {name for name in re.findall(r"[A-Za-z][\w.]*", text) if name != "sqrt"}
        arrays = {
            name.replace(".", "_"): np.array([np.nan if value is None else value for value in self.column(name)])
            for name in names
        }
        code = re.sub(r"([A-Za-z])([\w.]*)", lambda match: match[0].replace(".", "_"), text)
        values = eval(code, {"__builtins__": {}, "sqrt": np.sqrt}, arrays)
        return [None if np.isnan(value) else float(value) for value in values]

    def prepare(self, lines: list[str]) -> None:
        """Do what the R lines before the calls do to the data: keep some rows, work out columns."""
        for line in lines:
            rows = re.fullmatch(r'dat <- dat\[dat\$([\w.]+)=="([^"]*)",\s*\]', line)
            column = re.fullmatch(r"dat\$([\w.]+) <- with\(dat, (.*)\)", line)
            if rows and self.rows and rows[1] in self.rows[0]:
                self.rows = [row for row in self.rows if row[rows[1]] == rows[2]]
            elif column:
                try:
                    values = self.evaluate(column[2])
                except Skip:
                    continue
                for row, value in zip(self.rows, values, strict=True):
                    row[column[1]] = "" if value is None else repr(value)

    def computed(self, name: str) -> Json:
        """Return the value of the record that creates the R object `name`."""
        for record in self.records:
            if re.match(rf"{re.escape(name)}\s*<-\s*escalc", record["r"]) and "value" in record:
                return target(record) if self.newer else record["value"]  # type: ignore[no-any-return]
        raise Skip("data made in R")


def folders(root: Path) -> Iterator[Folder]:
    for path in sorted(root.iterdir()):
        source = path / "results.json"
        if not source.exists():
            continue
        told = json.loads(source.read_text(encoding="utf-8"))
        rows = []
        if (path / "input.csv").exists():
            with (path / "input.csv").open(encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
        folder = Folder(path, rows, told["results"])
        folder.prepare(told.get("setup", []))
        yield folder


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


@dataclass
class Computed:
    """Effects, the rows that they are of, and the rows that stromata refuses."""

    rows: list[int]
    effects: tuple[EffectSize, ...]
    refused: list[int]


def computed(folder: Folder, named: dict[str, str], measure: str, *, all_rows: bool = False) -> Computed:
    """Compute what an escalc() or rma() call computes; rows with missing values or that are refused are left out."""
    if measure not in MEASURES:
        raise Skip(f"measure {measure} not in stromata")
    entry = MEASURES[measure]
    roles = {name for wanted in entry.columns for name in wanted} & named.keys()
    columns = {name: folder.evaluate(named[name]) for name in sorted(roles)}
    rows = [i for i in range(len(folder.rows)) if all(column[i] is not None for column in columns.values())]

    def chosen(keep: list[int]) -> dict[str, np.ndarray]:
        return {name: np.array([column[i] for i in keep], dtype=float) for name, column in columns.items()}

    wanted = choose_columns(entry, columns)
    refused = sorted({rows[cell.row - 1] for cell in bad_cells(entry, {name: chosen(rows)[name] for name in wanted})})
    if not all_rows:
        rows = [i for i in rows if i not in refused]
    options: dict[str, Any] = {"to": text_of(named.get("to"), "only0"), "drop00": named.get("drop00") == "TRUE"}
    if "add" in named:
        options["add"] = number_of(named["add"])
    if "vtype" in named:
        options["vtype"] = named["vtype"].strip('"')
    if named.get("correct") == "FALSE":
        options["correct"] = "none"
    return Computed(rows, effect_sizes(measure, **options, **chosen(rows)), refused)


def effects_from(folder: Folder, named: dict[str, str], measure: str) -> tuple[list[int], tuple[EffectSize, ...]]:
    """Return the rows without missing values, and their effects."""
    found = computed(folder, named, measure, all_rows=True)
    return found.rows, found.effects


def compare_escalc(folder: Folder, record: Json, tally: Tally) -> None:
    call = record["r"]
    inner = re.search(r"escalc\(.*", call)
    if not inner or "to.wide" in call or call.count("escalc(") > 1:
        raise Skip("data made in R")
    _, _, named = split_call(inner[0])
    measure = text_of(named.get("measure"), "")
    try:
        found = computed(folder, named, measure, all_rows="error" in record)
    except InvalidInput as error:
        if "error" in record:
            tally.note("escalc", "refused alike", record["id"], 0.0, 0.0)
            return
        raise Skip("stromata refuses: " + str(error)[:60]) from error
    if "error" in record:
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    yi, vi = ([real(each) for each in value.get(name) or []] for name in ("yi", "vi"))
    if len(yi) != len(folder.rows):
        raise Skip(f"{len(yi)} results for {len(folder.rows)} rows")
    answered = [i for i in found.refused if yi[i] is not None and vi[i] is not None]
    if found.refused:
        what = f"metafor answers {len(answered)}" if answered else "metafor has no answer there either"
        tally.explained.append((record["id"], f"{len(found.refused)} rows refused by stromata; {what}"))
    if answered and ("if0all" in call or "AV" in named.get("vtype", "")):
        tally.explained.append((record["id"], "the rows that stromata refuses change all others in the reference"))
        return
    for i, effect in zip(found.rows, found.effects, strict=True):
        for name, ours, theirs in (("yi", effect.yi, yi[i]), ("vi", effect.vi, vi[i])):
            if measure == "RTET" and effect.yi is None:
                continue  # an empty cell: the reference gives 1 or -1, with a variance of its search
            if ours is None or theirs is None:
                # metafor keeps a variance of 0 or an estimate where the other half does not exist
                both = yi[i] is not None and vi[i] is not None
                tally.note("escalc", f"{name} missing alike", record["id"], float((ours is not None) != both), 0.0)
            else:
                scale = 1e-6 if name == "yi" else 0.0
                scale, tolerance = (1.0, SEARCHED) if measure == "RTET" and name == "yi" else (scale, EXACT)
                tolerance = SEARCHED if measure == "RTET" else tolerance
                tally.note("escalc", f"{measure} {name}", record["id"], difference(ours, theirs, scale), tolerance)
    if "ci.lb" in value and MEASURES[measure].kind not in {"proportion", "rate"}:
        for i, effect in zip(found.rows, found.effects, strict=True):
            low, ours = real(value["ci.lb"][i]), effect.natural.ci_low
            if low is not None and ours is not None:
                theirs = MEASURES[measure].to_natural(low, 1.0)
                tally.note("escalc", "study interval", record["id"], difference(ours, theirs, 1e-6), EXACT)


# Pooling.


def uni_effects(folder: Folder, positional: list[str], named: dict[str, str]) -> tuple[EffectSize, ...]:
    """Return the effects that an rma() call pools: from its counts, or from the reference's own yi and vi."""
    foreign = {"mods", "btt", "data2", "scale", "intercept"} & named.keys()
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
        match = re.fullmatch(r'(\w+)=="?([\w.]+)"?', named["subset"])
        if not match or match[1] not in folder.rows[0]:
            raise Skip("another kind of subset")
        keep = [i for i in keep if folder.rows[i][match[1]] == match[2]]
    pairs = [(y[i], v[i]) for i in keep if y[i] is not None and v[i] is not None]
    if any(b <= 0 for _, b in pairs):
        raise Skip("variances of zero or less: stromata leaves them out")
    nothing = Interval(None, None, None)
    return tuple(EffectSize(str(i), "MD", a, b, nothing) for i, (a, b) in enumerate(pairs))


def given_weights(named: dict[str, str], effects: tuple[EffectSize, ...]) -> list[float] | None:
    """Return the weights of an rma() call."""
    if named.get("weighted") == "FALSE":
        return [1.0] * len(effects)
    expression = named.get("weights")
    if expression is None:
        return None
    found = {"1/vi": -1.0, "1/sqrt(vi)": -0.5}.get(expression.replace(" ", ""))
    if found is None:
        raise Skip("argument weights")
    return [(effect.vi or 1.0) ** found for effect in effects]


def run_uni(
    folder: Folder,
    call: str,
    **options: Any,  # noqa: ANN401 - whatever pool takes
) -> tuple[Synthesis, str, tuple[EffectSize, ...]]:
    name, positional, named = split_call(call)
    if name != "rma":
        raise Skip(f"{name}()")
    method = text_of(named.get("method"), "REML")
    if method not in METHODS:
        raise Skip(f"method {method}")
    if "control" not in named and method in ITERATIVE and "tau2" not in named:
        raise Skip("loose stopping rule of the reference")
    test = text_of(named.get("test"), "z")
    if test not in {"z", "t", "knha", "adhoc"}:
        raise Skip(f"test {test}")
    effects = uni_effects(folder, positional, named)
    level = float(named.get("level", "95"))
    tau2: Any = METHODS[method]
    options |= {"model": "common" if tau2 is None else "random", "test": test, "weights": given_weights(named, effects)}
    if "tau2" in named:
        tau2, method = float(named["tau2"]), "fixed"
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


def compare_uni(folder: Folder, record: Json, tally: Tally) -> None:  # noqa: C901, PLR0912 - one list of quantities
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
        if name == "se_tau2" and method == "SJIT":
            continue  # the reference gives that of one step
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
    if method in {"PM", "EB", "SJIT"}:
        return abs(q - (len(y) - 1))
    if method == "PMM":
        return abs(q - float(stats.chi2.median(len(y) - 1)))
    if method == "GENQM":
        return abs(imhof(heterogeneity.fitted(y, 1 / v)[1], 1 / v, v + tau2) - 0.5)
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
    if method == "SJIT" and ours == 0 and heterogeneity.fitted(y, 1 / (v + theirs))[1] < len(y) - 1:
        return f"tau2 is 0; the reference stopped on its way there, at {theirs:.1e}"
    if mine < other / 10 and gap < 1e-5:
        return f"tau2 differs by {gap:.1e}; ours leaves {mine:.0e} of its equation, the reference {other:.0e}"
    return ""


def compare_predict(folder: Folder, record: Json, tally: Tally) -> None:
    name, positional, named = split_call(record["r"])
    transform = named.get("transf", "")
    if named.get("pi.type") == '"Riley"' and positional and positional[0].startswith("rma("):
        compare_riley(folder, record, positional[0], tally)
        return
    if name == "predict" and positional and positional[0].startswith("rma.peto("):
        compare_peto_predict(folder, record, positional[0], tally)
        return
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


def compare_riley(folder: Folder, record: Json, call: str, tally: Tally) -> None:
    if "error" in record:
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    folder.newer = True  # these records hold the newer metafor's interval
    result, _, _ = run_uni(folder, call, prediction="hts")
    if result.pi_low is None or result.se is None:
        raise Skip("fewer than three studies: stromata gives no such interval")
    for ours, name in ((result.pi_low, "pi.lb"), (result.pi_high, "pi.ub")):
        reference = real(value.get(name))
        if reference is None or not math.isfinite(reference):
            raise Skip("no interval in the reference")
        tally.note("predict Riley", name, record["id"], difference(ours, reference, result.se), 10 * ESTIMATE)


# Confidence intervals of tau2, I2 and H2.


def compare_confint(folder: Folder, record: Json, tally: Tally) -> None:
    _, positional, named = split_call(record["r"])
    if not positional or not positional[0].startswith("rma("):
        raise Skip("another model")
    if "control" not in positional[0]:
        raise Skip("loose stopping rule of the reference")
    method = text_of(split_call(positional[0])[2].get("method"), "REML")
    kind = "pl" if named.get("type") == '"PL"' else "genq" if method.startswith("GENQ") else "qp"
    result, _, effects = run_uni(folder, positional[0], tau2_interval=kind)
    if "error" in record:
        if "k = 1" in record["error"] and result.tau2_low is None:
            tally.note("confint", "none for one study alike", record["id"], 0.0, 0.0)
            return
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    if result.tau2_low is None or result.tau2_high is None:
        raise Skip("fewer than two studies used")
    y, v = np.array([e.yi for e in effects]), np.array([e.vi for e in effects])
    floor = 1e-9 * float(np.median(v))
    rows = value["random"]["values"]
    already = len(tally.beyond)
    capped = value.get("ub_sign") == ">"
    bounds = (
        (0, 1, result.tau2_low, floor),
        (0, 2, result.tau2_high, floor),
        (2, 1, result.i2_low, 1e-2),
        (2, 2, result.i2_high, 1e-2),
        (3, 1, result.h2_low, 1e-2),
        (3, 2, result.h2_high, 1e-2),
    )
    for row, column, ours, scale in bounds:
        reference = real(rows[row][column])
        if reference is None or ours is None:
            continue
        if capped and column == 2:
            tally.note(f"confint {kind}", "beyond the search limit", record["id"], float(ours < reference), 0.0)
            continue
        small = row == 0 and abs(ours - reference) <= scale
        found = 0.0 if small else difference(ours, reference, scale)
        title = ("tau2", "tau", "I2", "H2")[row]
        tally.note(f"confint {kind}", title, record["id"], found, BOUND)
    fixed = value.get("fixed")
    if fixed:
        for ours, reference in zip((result.ci_low, result.ci_high), fixed["values"][0][1:], strict=True):
            found = difference(ours or 0.0, real(reference) or 0.0, result.se or 0.0)
            tally.note("confint", "estimate", record["id"], found, 10 * ESTIMATE)
    if len(tally.beyond) > already:
        reason = better_bound(y, v, result, rows[0][1:], kind=kind, restricted="REML" in positional[0])
        if reason:
            worst = max(entry[3] for entry in tally.beyond[already:])
            del tally.beyond[already:]
            tally.explained.append((record["id"], f"worst {worst:.1e}; {reason}"))


def better_bound(
    y: np.ndarray, v: np.ndarray, result: Synthesis, reference: list[object], *, kind: str, restricted: bool
) -> str:
    """Return by how much our bounds of tau2 leave their equations less than the reference's; empty when they do not."""
    tail = (1 - result.level) / 2

    def left(tau2: float, *, lower: bool) -> float:
        if kind == "pl":
            best = result.tau2 or 0.0
            top, here = (heterogeneity.log_likelihood(y, v, t, restricted=restricted) for t in (best, tau2))
            return abs(top - here - 0.5 * stats.chi2.ppf(result.level, 1))
        if kind == "qp":
            q = heterogeneity.fitted(y, 1 / (v + tau2))[1]
            return abs(stats.chi2.sf(q, len(y) - 1) - (tail if lower else 1 - tail))
        _, q = heterogeneity.fitted(y, 1 / v)
        return abs(imhof(q, 1 / v, v + tau2) - (1 - tail if lower else tail))

    told = []
    for lower, ours, theirs in (
        (True, result.tau2_low, real(reference[0])),
        (False, result.tau2_high, real(reference[1])),
    ):
        if ours is None or theirs is None or abs(ours - theirs) <= 1e-9 * float(np.median(v)):
            continue
        if difference(ours, theirs) > BOUND:
            mine, other = (left(tau2, lower=lower) for tau2 in (ours, theirs))
            if not mine < other / 10:
                return ""
            told.append(
                f"ours leaves {mine:.0e} of the {'lower' if lower else 'upper'} bound's equation, it {other:.0e}"
            )
    return "; ".join(told)


def imhof(q: float, a: np.ndarray, s: np.ndarray) -> float:
    """Return the probability that the generalised Q is at most `q`, by eigenvalues: independent of stromata's way.

    References
    ----------
    Ruben (1962), Annals of Mathematical Statistics 33, 542-570: a mixture of chi-squared distributions.
    """
    matrix = np.sqrt(s)[:, None] * (np.diag(a) - np.outer(a, a) / a.sum()) * np.sqrt(s)
    values = np.linalg.eigvalsh(matrix)[1:]
    beta = 2 / (1 / values.min() + 1 / values.max())
    ratio = 1 - beta / values
    terms = min(4000, int(60 / max(1e-3, -math.log(max(float(np.abs(ratio).max()), 1e-12)))) + 50)
    powers = np.cumprod(np.repeat(ratio[None], terms, axis=0), axis=0).sum(axis=1) / 2
    c = np.zeros(terms + 1)
    c[0] = math.exp(0.5 * float(np.log(beta / values).sum()))
    for j in range(1, terms + 1):
        c[j] = float(powers[:j][::-1] @ c[:j]) / j
    return float(c @ stats.chi2.cdf(q / beta, len(values) + 2 * np.arange(terms + 1)))


# Tables.


TABLES = (("estimate", "beta"), ("se", "se"), ("statistic", "zval"), ("ci_low", "ci_lb"), ("ci_high", "ci_ub"))
TABLES += (("q", "QE"), ("i2", "I2"), ("h2", "H2"), ("log_likelihood", "ll_ML"))
TESTS = (("cmh", "MH"), ("cochran", "CO"), ("breslow-day", "BD"), ("tarone", "TA"))


def run_tables(folder: Folder, call: str, model: str) -> Synthesis:
    _, _, named = split_call(call)
    measure = text_of(named.get("measure"), "PETO")
    columns = {key: value for key, value in named.items() if re.fullmatch(r"[abcd]i|[nxt][12]i", key)}
    _, effects = effects_from(folder, columns, measure)
    extra: Json = {"add": 0.5} if "add" in named else {}
    return pool(effects, measure=measure, model=model, correct=named.get("correct") != "FALSE", **extra)  # type: ignore[arg-type]


def compare_tables(folder: Folder, record: Json, tally: Tally) -> None:
    model = record["kind"].removeprefix("rma.")
    try:
        result = run_tables(folder, record["r"], model)
    except InvalidInput as error:
        if "error" in record:
            tally.note(record["kind"], "refused alike", record["id"], 0.0, 0.0)
            return
        if "at least one person" in str(error) or "empty arm" in str(error):
            raise Skip("an arm without people: stromata refuses the row") from error
        raise
    if "error" in record:
        if result.estimate is None:
            tally.note(record["kind"], "no estimate alike", record["id"], 0.0, 0.0)
            return
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    kind = f"{record['kind']} {result.measure}"
    if result.estimate is None:
        if real(value.get("beta")) is None:
            tally.note(kind, "no estimate alike", record["id"], 0.0, 0.0)
        elif real(value["se"]) == 0:
            tally.explained.append(
                (record["id"], "nobody had the event: the reference's standard error is 0, ours none")
            )
        else:
            tally.note(kind, "an estimate alike", record["id"], 1.0, 0.0)
        return
    note_tables(record, kind, result, value, tally)


def note_tables(record: Json, kind: str, result: Synthesis, value: Json, tally: Tally) -> None:
    se = result.se or 1.0
    for ours_name, name in TABLES:
        ours, reference = getattr(result, ours_name), real(value.get(name))
        if ours is not None and reference is not None:
            scale = {"beta": se, "ci_lb": se, "ci_ub": se, "zval": 1.0, "QE": 1e-6, "I2": 1.0, "ll_ML": 1.0}.get(
                name, 0.0
            )
            tally.note(kind, name, record["id"], difference(ours, reference, scale), EXACT)
    tests = {test.name: test for test in result.tests}
    for ours_name, name in TESTS:
        reference = real(value.get(name))
        if reference is not None and ours_name in tests:
            tally.note(kind, name, record["id"], difference(tests[ours_name].statistic, reference, 1e-2), EXACT)
            p = real(value.get(name + "p"))
            if p is not None:
                tally.note(kind, "p-values (absolute)", record["id"], abs(tests[ours_name].p - p), P_VALUE)
        elif reference is not None and reference > 1e-20:
            tally.note(kind, f"{name} missing alike", record["id"], 1.0, 0.0)
    for ours, name in ((result.p, "pval"), (result.q_p, "QEp")):
        reference = real(value.get(name))
        if ours is not None and reference is not None:
            tally.note(kind, "p-values (absolute)", record["id"], abs(ours - reference), P_VALUE)


META = (("q", "Q"), ("i2", "I2"), ("i2_low", "lower_I2"), ("i2_high", "upper_I2"))
META_DL = (("estimate", "TE_random"), ("se", "seTE_random"), ("ci_low", "lower_random"), ("ci_high", "upper_random"))
META_DL += (("pi_low", "lower_predict"), ("pi_high", "upper_predict"), ("tau2", "tau2"))
META_COMMON = (("estimate", "TE_common"), ("se", "seTE_common"), ("ci_low", "lower_common"))


def compare_meta(folder: Folder, record: Json, tally: Tally) -> None:
    """Compare what R's meta reports under `compat="meta"`; of random effects only closed forms (it stops early)."""
    match = re.fullmatch(r"MX\((meta::meta(bin|cont)\(.*\))\)", record["r"])
    if not match or "value" not in record:
        raise Skip("another kind of call")
    _, positional, named = split_call(match[1].removeprefix("meta::"))
    measure, method = text_of(named.get("sm"), ""), text_of(named.get("method"), "MH")
    options = {"method.predict", "incr", "method.smd", "exact.smd", "subgroup"} & named.keys()
    if options or "KR" in record["r"] or method == "SSW" or measure in {"SMD", "ROM", "ASD", "DOR"}:
        raise Skip("an effect size or option of meta's own")
    arrays = [folder.evaluate(text) for text in positional]
    names = ("ai", "n1i", "ci", "n2i") if match[2] == "bin" else ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
    columns: Any = dict(zip(names, arrays, strict=True))  # Any: lists of numbers
    model = "common" if match[2] == "cont" else {"MH": "mh", "Inverse": "common", "Peto": "peto"}[method]
    zero = match[2] == "bin" and any(value == 0 for name in ("ai", "ci") for value in columns[name])
    if zero and (measure == "RD" or (measure == "RR" and model == "common")):
        raise Skip("an effect size or option of meta's own")
    effects = effect_sizes("PETO" if model == "peto" else measure, drop00=measure in {"OR", "RR"}, **columns)
    tau2 = text_of(named.get("method.tau"), "REML").lower()
    value = record["value"]
    add = 0.0 if named.get("MH.exact") == "TRUE" and model == "mh" else None
    common = pool(effects, model=model, compat="meta", add=add)  # type: ignore[arg-type]  # one of three models
    random = pool(effects, tau2=tau2, compat="meta")  # type: ignore[arg-type]  # a method by its name
    compared = [(common, META_COMMON)]
    if not zero or (measure == "OR" and model != "peto"):
        compared.append((random, META + (META_DL if tau2 == "dl" else ())))
    for result, pairs in compared:
        for ours_name, name in pairs:
            reference, ours = real(value.get(name)), getattr(result, ours_name)
            if reference is not None and ours is not None:
                reference *= 100 if name.endswith("I2") else 1
                tally.note("meta", name, record["id"], difference(ours, reference, 1e-6), EXACT)


def compare_peto_predict(folder: Folder, record: Json, call: str, tally: Tally) -> None:
    if "error" in record:
        raise Skip("metafor fails, stromata answers")
    value = target(record)
    try:
        n = run_tables(folder, call, "peto").natural
    except InvalidInput as error:
        raise Skip("an arm without people: stromata refuses the row") from error
    for ours, name in ((n.estimate, "pred"), (n.ci_low, "ci.lb"), (n.ci_high, "ci.ub")):
        reference = real(value.get(name))
        if ours is not None and reference is not None:
            tally.note("predict PETO", name, record["id"], difference(ours, reference), EXACT)


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
    if record["r"].startswith("PIG("):
        level = float(record["r"].rstrip(")").split(",")[-1])
        for i, (x, t) in enumerate(zip(value["x"], value["t"], strict=True)):
            for ours, end in zip(exact_rate_interval(x, t, level), ("lb", "ub"), strict=True):
                reference = float(value[f"exact_{end}"][i])
                tally.note("interval", "Garwood", record["id"], difference(ours, reference, 1e-9), EXACT)
        return
    if not record["r"].startswith("CIG("):
        raise Skip("another kind of interval")
    level = float(record["r"].rstrip(")").split(",")[1])
    for i, (x, n) in enumerate(zip(value["x"], value["n"], strict=True)):
        for function, name in ((exact_interval, "cp"), (wilson_interval, "wilson")):
            for a, end in zip(function(x, n, level), ("lb", "ub"), strict=True):
                reference = real(value[f"{name}_{end}"][i])
                if reference is not None:
                    title = "Clopper-Pearson" if name == "cp" else "Wilson"
                    tally.note("interval", title, record["id"], difference(a, reference, 1e-9), EXACT)


ELEMENTWISE = {
    "transf.ztor": scales.tanh,
    "transf.ilogit": scales.expit,
    "transf.iarcsin": scales.sine_squared,
    "transf.isqrt": scales.square,
    "transf.logit": scales.logit_of,
    "transf.irft": scales.double_root,
    "transf.iirft": scales.undo_double_root,
}
GRID = np.arange(1, 31) * 0.05
"""seq(0.05, 1.5, by = .05)"""


def vector(text: str) -> np.ndarray:
    """Return the numbers of ``c(1, 2)``."""
    match = re.fullmatch(r"c\(([-\d., ]+)\)", text)
    if not match:
        raise Skip("another kind of vector")
    return np.array([float(part) for part in match[1].split(",")])


def transformed(folder: Folder, call: str) -> np.ndarray:
    """Return what stromata makes of a call of a transf function; those that belong to no measure are left out."""
    if call.startswith(("outer(seq(0.05,1.5,by=.05)", "sapply(seq(0.05,1.5,by=.05)")):
        sizes = re.search(r"c\([\d,]+\)", call)
        if not sizes or "transf.ipft" not in call:
            raise Skip("a transformation of no measure in stromata")
        n = vector(sizes[0])
        if "ipft.hm" in call:
            return scales.undo_double_arcsine(GRID, np.full_like(GRID, len(n) / (1 / n).sum()))
        return scales.undo_double_arcsine(*np.broadcast_arrays(GRID[:, None], n))
    name, positional, _ = split_call(call)
    if name == "transf.dtorpb" and positional == ["dat$x"]:
        d = np.array(folder.column("x"), dtype=float)
        return d_to_r(d, np.ones_like(d))[0]
    if name not in ELEMENTWISE:
        raise Skip("a transformation of no measure in stromata")
    x = np.array(folder.column("x"), dtype=float) if positional[0] == "dat$x" else vector(positional[0])
    with np.errstate(all="ignore"):
        return ELEMENTWISE[name](x, vector(positional[1]) if len(positional) > 1 else x)


def compare_transf(folder: Folder, record: Json, tally: Tally) -> None:
    ours = transformed(folder, record["r"])
    reference = target(record)
    if isinstance(reference, dict):
        reference = reference["values"]
    for mine, theirs in zip(ours.ravel().tolist(), np.ravel(np.array(reference, dtype=object)), strict=True):
        number = real(theirs)
        if number is not None and math.isfinite(mine):
            tally.note(
                "transf", record["id"].removeprefix("transf."), record["id"], difference(mine, number, 1e-6), EXACT
            )


COMPARE = {
    "escalc": compare_escalc,
    "rma.uni": compare_uni,
    "predict": compare_predict,
    "rma.glmm": compare_glmm,
    "confint": compare_confint,
    "meta": compare_meta,
    "rma.mh": compare_tables,
    "rma.peto": compare_tables,
    "interval": compare_interval,
    "transf": compare_transf,
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
            folder.newer = "v5" in record
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

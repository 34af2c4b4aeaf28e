"""Hold stromata's multilevel and robust models against results of R's metafor and robumeta.

    python validation/metafor/multivariate.py DIR [--all]

DIR holds one folder per data set with `input.csv` and `results.json` (see README.md here). The R lines that prepare the
data are read as far as this script knows their forms; a record that needs others is counted as skipped, with the
reason. Exit status 3 when a number lies beyond its tolerance without a reason that the script can itself confirm.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stromata.errors import InvalidInput
from stromata.synthesis import effect_arrays
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
from stromata.synthesis.multilevel.sampling_covariance import (
    SamplingCovariance,
    aggregate_effects,
    from_matrix,
    sampling_covariance,
)

Json = dict[str, Any]  # Any: records as JSON gives them
Frame = dict[str, list[Any]]  # Any: numbers, texts, None for missing

LIKELIHOOD = 1e-7
"""What the log-likelihood may lie below the reference's, relative to its size where that is above 1."""
HIGHER = 1e-6
"""Where ours is higher by more than this the reference stopped short, and what follows from it is not compared."""
COMPONENT, BETA, CLOSED, BOUND = 1e-4, 1e-5, 1e-8, 1e-3
"""Relative tolerances: components; coefficients and what follows from them (also relative to the standard error);
closed forms; bounds of profile intervals (the reference's search stops at 1.2e-4)."""
SMALL = 1e-6
"""Components below this share of the typical sampling variance count as 0: the reference stops at 1e-9 or so."""


class Skip(Exception):  # noqa: N818 - not an error: a record that needs something outside this comparison
    """The text says what."""


@dataclass
class Tally:
    """Worst difference per kind and quantity, what was skipped, and what lies beyond tolerance."""

    worst: dict[tuple[str, str], tuple[float, float, str]] = field(default_factory=dict)
    count: Counter[tuple[str, str]] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
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


# Reading R.


def split_call(text: str) -> tuple[str, list[str], dict[str, str]]:
    """Return name, positional and named arguments of the R call that the text starts with."""
    match = re.match(r"\s*([\w.:]+)\(", text)
    if not match:
        raise Skip("not a call")
    inside = text[match.end() : closing(text, match.end())]
    named, positional = {}, []
    for part in split_list(inside):
        key = re.match(r"([\w.]+)\s*=(?!=)\s*(.*)$", part, re.DOTALL)
        if key:
            named[key[1]] = key[2].strip()
        else:
            positional.append(part)
    return match[1], positional, named


def closing(text: str, start: int) -> int:
    depth, quoted = 1, False
    for i in range(start, len(text)):
        quoted ^= text[i] == '"'
        if not quoted:
            depth += (text[i] in "([") - (text[i] in ")]")
        if depth == 0:
            return i
    raise Skip("unbalanced call")


def split_list(text: str) -> list[str]:
    parts, depth, start, quoted = [], 0, 0, False
    for i, ch in enumerate(text):
        quoted ^= ch == '"'
        if quoted:
            continue
        depth += (ch in "([") - (ch in ")]")
        if ch == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def vector(text: str) -> list[str]:
    """Return the parts of c(...) or list(...), or the text alone."""
    match = re.fullmatch(r"(?:c|list|rbind)\((.*)\)", text.strip(), re.DOTALL)
    return split_list(match[1]) if match else [text.strip()]


def numbers(text: str) -> list[float | None]:
    out: list[float | None] = []
    for part in vector(text):
        rng = re.fullmatch(r"(\d+):(\d+)", part)
        if rng:
            out += [float(i) for i in range(int(rng[1]), int(rng[2]) + 1)]
        elif part == "NA":
            out.append(None)
        else:
            top, _, bottom = part.partition("/")
            out.append(float(top) / float(bottom or 1))
    return out


def read_frame(path: Path) -> Frame:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    frame: Frame = {}
    for j, name in enumerate(rows[0]):
        texts = [row[j] for row in rows[1:]]
        missing = {"", "NA", "NaN"}
        try:
            frame[name] = [None if text in missing else float(text) for text in texts]
        except ValueError:
            frame[name] = [None if text in {"", "NA"} else text for text in texts]
    return frame


def take(frame: Frame, keep: list[int]) -> Frame:
    return {name: [values[i] for i in keep] for name, values in frame.items()}


def length(frame: Frame) -> int:
    return len(next(iter(frame.values())))


@dataclass
class World:
    """The R objects of one data set."""

    path: Path
    records: list[Json]
    frames: dict[str, Frame] = field(default_factory=dict)
    matrices: dict[str, SamplingCovariance] = field(default_factory=dict)
    tables: dict[str, tuple[list[str], np.ndarray]] = field(default_factory=dict)
    newer: bool = False
    """Whether the record at hand was made with the newer metafor as well, so that its data are to be taken too."""
    references: dict[str, str] = field(default_factory=dict)
    """Reference levels of factors."""

    def frame(self, name: str) -> Frame:
        for record in self.records:
            if re.match(rf"as\.data\.frame\({re.escape(name)}\)\[", record["r"]) and "value" in record:
                self.shown(name, record["value"])
                return self.frames[name]
        for record in self.records:
            if re.match(rf"{re.escape(name)}\s*<-", record["r"]) and "value" in record:
                self.made(name, record)
                break
        if name not in self.frames:
            raise Skip(f"data made in R: {name}")
        return self.frames[name]

    def shown(self, name: str, value: Json) -> None:
        """Take a frame that a record shows whole; treatments get the contrast columns that contrmat() makes."""
        frame = {key: list(column) for key, column in value.items()}
        if {"treatment.1", "treatment.2"} <= frame.keys():
            pairs = list(zip(frame["treatment.1"], frame["treatment.2"], strict=True))
            for each in sorted({name for pair in pairs for name in pair}):
                frame[each] = [float(a == each) - float(b == each) for a, b in pairs]
        self.frames[name] = frame

    def made(self, name: str, record: Json) -> None:
        """Take a frame that an escalc() record made: the data it was made of, with its yi and vi."""
        line, _, more = record["r"].partition(";")
        call = line.split("<-", 1)[1]
        base = dict(self.frame(split_call(call)[2].get("data", "dat")))
        value = target(record) if self.newer else record["value"]
        if len(value["yi"]) != length(base):
            raise Skip("data made in R: other rows")
        self.frames[name] = {**base, "yi": value["yi"], "vi": value["vi"]}
        for each in more.split(";"):
            if "<-" in each:
                self.run(each.strip())

    def run(self, line: str) -> None:
        """Do one line of R, where its form is known."""
        if re.match(r"(TC|CC|TC2)\s*<-", line) or "<-" not in line:
            return
        target, _, right = (part.strip() for part in line.partition("<-"))
        for pattern, act in self.forms():
            match = re.fullmatch(pattern, right, re.DOTALL)
            if match:
                act(target, right, match)
                return
        raise Skip(f"R line: {line}"[:50])

    def forms(self) -> list[tuple[str, Any]]:  # Any: methods
        return [
            (r'read\.csv\("input.csv".*\)', lambda name, *_: self.frames.__setitem__(name, self.read())),
            (r'as\.matrix\(read\.csv\("([\w.]+)".*\)\)', self.table),
            (r"(\w+)\[!is\.na\((\w+)\$(\w+)\),\s*\]", self.complete),
            (r'(\w+)\[\w+\$([\w.]+)=="([^"]*)",\s*\]', self.filtered),
            (r"na\.omit\((\w+)\)", self.omitted),
            (r"vcalc\(.*\)", self.vcalc),
            (r"escalc\(.*\)", self.escalc),
            (r"relevel\(factor\((\w+)\$(\w+)\), ref=\"([^\"]+)\"\)", self.relevel),
            (r"factor\((\w+)\$(\w+)\)", lambda *_: None),
            (r"data\.frame\(.*\)", self.long_frame),
            (r"rcalc\(.*\)", self.rcalc),
            (r"tmp\$(V|dat)", self.from_rcalc),
            (r".*", self.assigned),
        ]

    def read(self) -> Frame:
        return read_frame(self.path / "input.csv")

    def table(self, name: str, _: str, match: re.Match[str]) -> None:
        with (self.path / match[1]).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        self.tables[name] = (
            [row[0] for row in rows[1:]],
            np.array([[float(x) for x in row[1:]] for row in rows[1:]]),
        )

    def complete(self, name: str, _: str, match: re.Match[str]) -> None:
        frame = self.frame(match[1])
        self.frames[name] = take(frame, [i for i, value in enumerate(frame[match[3]]) if value is not None])

    def filtered(self, name: str, _: str, match: re.Match[str]) -> None:
        frame = self.frame(match[1])
        keep = [i for i, value in enumerate(frame[match[2]]) if value is not None and plain(value) == match[3]]
        self.frames[name] = take(frame, keep)

    def omitted(self, name: str, _: str, match: re.Match[str]) -> None:
        frame = self.frame(match[1])
        keep = [i for i in range(length(frame)) if all(values[i] is not None for values in frame.values())]
        self.frames[name] = take(frame, keep)

    def relevel(self, _: str, __: str, match: re.Match[str]) -> None:
        self.references[match[2]] = match[3]

    def vcalc(self, name: str, text: str, _: object) -> None:
        self.matrices[name] = self.covariance(text)

    def covariance(self, text: str) -> SamplingCovariance:
        _, positional, named = split_call(text)
        frame = self.frame(named.get("data", "dat"))
        known = {"vi", "cluster", "obs", "type", "time1", "rho", "phi", "rvars", "data"}
        if set(named) - known:
            raise Skip(f"vcalc argument {min(set(named) - known)}")
        vi = positional[0] if positional else named["vi"]
        options: dict[str, Any] = {}
        for ours, theirs in (("cluster", "cluster"), ("obs", "obs"), ("type", "type"), ("time", "time1")):
            if theirs in named:
                options[ours] = frame[named[theirs]]
        if "rho" in named:
            rho = numbers(named["rho"])
            options["rho"] = rho[0] if len(rho) == 1 else rho
        if "phi" in named:
            options["phi"] = float(named["phi"])
        if "rvars" in named:
            options["rvars"] = np.array([frame[column] for column in vector(named["rvars"])]).T
        return sampling_covariance(1.0 if vi == "1" else frame[vi], **options)

    def escalc(self, name: str, text: str, _: object) -> None:
        _, _, named = split_call(text)
        source = named.pop("data", "dat")
        frame = self.long(source) if source.startswith("to.long") else dict(self.frame(source))
        measure = named.pop("measure").strip('"')
        names = [part.strip('"') for part in vector(named.pop("var.names", 'c("yi","vi")'))]
        if measure == "GEN":
            frame["yi"], frame["vi"] = frame[named["yi"]], frame[named["vi"]]
            self.frames[name] = frame
            return
        columns = {key: np.array(self.evaluate(value, frame), dtype=float) for key, value in named.items()}
        keep = np.flatnonzero(np.all([np.isfinite(column) for column in columns.values()], axis=0))
        yi, vi = effect_arrays(measure, **{key: column[keep] for key, column in columns.items()})
        for label, values in zip(names, (yi, vi), strict=True):
            out: list[Any] = [None] * length(frame)
            for i, value in zip(keep, values, strict=True):
                out[int(i)] = float(value) if math.isfinite(value) else None
            frame[label] = out
        self.frames[name] = frame

    def long(self, text: str) -> Frame:
        """Do to.long(measure="OR", ...): treated and control rows of each study, groups 1 and 2."""
        _, _, named = split_call(text)
        frame = self.frame(named.get("data", "dat"))
        rows = [i for i in range(length(frame)) for _ in range(2)]
        out = take(frame, rows)
        cells = [[frame[named[c]][i] for i in range(length(frame))] for c in ("ai", "bi", "ci", "di")]
        out["out1"] = [cells[2 * (n % 2)][i] for n, i in enumerate(rows)]
        out["out2"] = [cells[2 * (n % 2) + 1][i] for n, i in enumerate(rows)]
        out["group"] = [str(n % 2 + 1) for n in range(len(rows))]
        self.references["group"] = "2"
        return out

    def long_frame(self, name: str, text: str, _: object) -> None:
        """Do data.frame(study=rep(1:nrow(dat), each=N), time=1:N, yi=c(t(dat[c(...)])), ...)."""
        _, _, named = split_call(text)
        out: Frame = {}
        for key, value in named.items():
            repeated = re.fullmatch(r"rep\(1:nrow\((\w+)\), each=(\d+)\)", value)
            wide = re.fullmatch(r"c\(t\((\w+)\[(c\(.*\))\]\)\)", value)
            run = re.fullmatch(r"1:(\d+)", value)
            if repeated:
                out[key] = [
                    float(i + 1) for i in range(length(self.frame(repeated[1]))) for _ in range(int(repeated[2]))
                ]
            elif wide:
                columns = [self.frame(wide[1])[part.strip('"')] for part in vector(wide[2])]
                out[key] = [column[i] for i in range(len(columns[0])) for column in columns]
            elif run:
                out[key] = [float(i + 1) for i in range(int(run[1]))]
            else:
                raise Skip(f"R line: {value}"[:50])
        size = max(map(len, out.values()))
        self.frames[name] = {key: values * (size // len(values)) for key, values in out.items()}

    def rcalc(self, _: str, text: str, __: object) -> None:
        """Do rcalc(r ~ a + b | study, ni=n): correlations, ordered within studies, with their covariances."""
        _, positional, named = split_call(text)
        match = re.fullmatch(r"(\w+) ~ (\w+) \+ (\w+) \| (\w+)", positional[0])
        if not match:
            raise Skip("rcalc of another form")
        frame = self.frame(named["data"])
        out: Frame = {"study": [], "var1": [], "var2": [], "var1.var2": [], "yi": []}
        rows, blocks, at = [], [], 0
        studies = list(dict.fromkeys(frame[match[4]]))
        for study in studies:
            own = [i for i, value in enumerate(frame[match[4]]) if value == study]
            table = {}
            for i in own:
                a, b = frame[match[2]][i], frame[match[3]][i]
                table[a, b] = table[b, a] = frame[match[1]][i]
            names = sorted({name for pair in table for name in pair})
            pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
            n = frame[named["ni"]][own[0]]
            table |= {pair: math.nan for pair in pairs if pair not in table}
            table |= {(b, a): table[a, b] for a, b in pairs}
            blocks.append(correlation_covariance(pairs, table) / (n - 1))
            rows.append(np.arange(at, at + len(pairs)))
            at += len(pairs)
            for a, b in pairs:
                for key, value in zip(out, (study, a, b, f"{a}.{b}", table[a, b]), strict=True):
                    out[key].append(value)
        variances = np.concatenate([block.diagonal() for block in blocks])
        self.frames["tmp"] = out
        self.matrices["tmp"] = SamplingCovariance(variances, tuple(map(str, studies)), tuple(rows), tuple(blocks))

    def from_rcalc(self, name: str, _: str, match: re.Match[str]) -> None:
        if match[1] == "V":
            self.matrices[name] = self.matrices["tmp"]
        else:
            self.frames[name] = self.frames["tmp"]

    def assigned(self, target: str, right: str, _: object) -> None:
        match = re.fullmatch(r"(\w+)\$([\w.]+)", target)
        if not match:
            raise Skip(f"R line: {target} <- {right}"[:50])
        frame = self.frame(match[1])
        frame[match[2]] = self.evaluate(right, frame)

    def evaluate(self, text: str, frame: Frame) -> list[Any]:
        """Work out a column from columns: arithmetic, log, sqrt, mean, ave, ifelse."""
        text = text.strip()
        if text in frame:
            return frame[text]
        inner = re.fullmatch(r"with\(\w+, (.*)\)", text)
        code = inner[1] if inner else text
        code = re.sub(r"\b(\w+)\$", "", code).replace("na.rm=TRUE", "True").replace("^", "**")
        names = set(re.findall(r"[A-Za-z][\w.]*", code)) - FUNCTIONS.keys() - {"True"}
        known: dict[str, Any] = {}
        for name in names:
            if name not in frame:
                raise Skip(f"column computed in R: {text}"[:50])
            values = frame[name]
            numeric = all(value is None or isinstance(value, float | int) for value in values)
            known[name.replace(".", "_")] = (
                np.array([math.nan if value is None else value for value in values], dtype=float)
                if numeric
                else np.array(values, dtype=object)
            )
        for name in sorted(names, key=len, reverse=True):
            code = re.sub(rf"\b{re.escape(name)}\b", name.replace(".", "_"), code)
        if not re.fullmatch(r"[\w\s+*/().,><=-]+", code):
            raise Skip(f"column computed in R: {text}"[:50])
        value = eval(code, {"__builtins__": {}, **FUNCTIONS}, known)
        values = np.broadcast_to(value, (length(frame),))
        return [None if isinstance(x, float) and math.isnan(x) else x for x in values.tolist()]


def average_by(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.array([x[g == each].mean() for each in g])


FUNCTIONS: dict[str, Any] = {
    "log": np.log,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "mean": lambda x, *_: np.nanmean(x),
    "ave": average_by,
    "ifelse": np.where,
}


def correlation_covariance(pairs: list[tuple[str, str]], r: dict[tuple[str, str], float]) -> np.ndarray:
    """Return n times the large-sample covariances of correlations (Olkin and Siotani 1976; Steiger 1980, eq. 3)."""

    def of(a: str, b: str) -> float:
        return 1.0 if a == b else r[a, b]

    out = np.empty((len(pairs), len(pairs)))
    for i, (s, t) in enumerate(pairs):
        for j, (u, v) in enumerate(pairs):
            square = of(s, u) ** 2 + of(s, v) ** 2 + of(t, u) ** 2 + of(t, v) ** 2
            out[i, j] = (
                0.5 * of(s, t) * of(u, v) * square
                + of(s, u) * of(t, v)
                + of(s, v) * of(t, u)
                - (of(s, t) * of(s, u) * of(s, v) + of(t, s) * of(t, u) * of(t, v))
                - (of(u, s) * of(u, t) * of(u, v) + of(v, s) * of(v, t) * of(v, u))
            )
    return out


def plain(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


# Fitting what an R call fits.


def fit_of(world: World, text: str, **changes: Any) -> MultilevelFit:  # noqa: ANN401 - whatever pool_mv takes
    name, positional, named = split_call(text)
    if name not in {"rma.mv", "rma"}:
        raise Skip(f"{name}()")
    known = {"yi", "V", "mods", "random", "struct", "data", "method", "test", "dfs", "sigma2", "tau2", "rho", "gamma2"}
    known |= {"phi", "R", "dist", "control", "cvvc", "level", "sparse", "digits"}
    if set(named) - known or (name == "rma" and {"measure", "tau2"} & set(named)):
        raise Skip(f"argument {min((set(named) - known) or {'measure or tau2'})}")
    frame = dict(world.frame(named.get("data", "dat")))
    y = frame[positional[0] if positional else named["yi"]]
    second = positional[1] if len(positional) > 1 else named["V"]
    V: Any = world.matrices.get(second)
    if V is None:
        V = [math.nan if value is None else float(value) for value in world.evaluate(second, frame)]
    options: dict[str, Any] = {"data": frame, "method": named.get("method", '"REML"').strip('"').lower()}
    if name == "rma" and options["method"] != "reml":
        raise Skip("another estimator of tau2")
    if "mods" in named:
        options["formula"] = moderators(world, named["mods"], frame)
    if name == "rma":
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
            options[key] = named[key].strip('"')
    if "R" in named:
        options["R"] = {
            part.partition("=")[0].strip(): world.tables[part.partition("=")[2].strip()] for part in vector(named["R"])
        }
    if "dist" in named:
        options["dist"] = world.tables[vector(named["dist"])[0].partition("=")[2].strip() or vector(named["dist"])[0]]
    yi = [math.nan if value is None else float(value) for value in y]
    options |= changes
    return reorder(world, options, lambda: pool_mv(yi, V, **options))


def reorder(world: World, options: Json, work: Any) -> MultilevelFit:  # noqa: ANN401 - a call
    """Turn fixed values of levels round where R was told another reference level."""
    for term in options.get("random", []) if isinstance(options.get("random"), list) else [options.get("random", "")]:
        inner = term.replace("~", "").partition("|")[0].strip()
        if inner in world.references and isinstance(options.get("tau2"), list) and len(options["tau2"]) == 2:
            levels = sorted({plain(value) for value in options["data"][inner]})
            if levels[0] != world.references[inner]:
                options["tau2"] = options["tau2"][::-1]
    return work()  # type: ignore[no-any-return]


def moderators(world: World, text: str, frame: Frame) -> str:
    """Return the formula with the factors and the constants that R worked out."""
    run = re.search(r"factor\(1:(\d+)\)", text)
    if run:
        frame[".run"] = [f"{i + 1:03d}" for i in range(int(run[1]))]
        text = text.replace(run[0], "factor(.run)")
    for mean in re.findall(r"mean\((\w+)\)", text):
        values = [value for value in frame[mean] if value is not None]
        text = text.replace(f"mean({mean})", repr(float(np.mean(values))))
    for name, reference in world.references.items():
        if name in frame:
            text = re.sub(rf"\b{name}\b", f'relevel({name}, ref="{reference}")', text)
    return text


# Comparing.


def relative(ours: float, theirs: float, scale: float = 0.0) -> float:
    if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
        return 0.0
    return abs(ours - theirs) / max(abs(theirs), scale, 1e-300)


def floats(value: object) -> list[float]:
    many = value if isinstance(value, list) else [value]
    special = {"NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf, None: math.nan}
    return [special[each] if each in special else float(each) for each in many]


def target(record: Json) -> Json:
    newer = record.get("v5")
    value: Json = record["value"]
    return {**value, **newer} if isinstance(newer, dict) and isinstance(value, dict) else value


def likelihoods(fit: MultilevelFit, value: Json) -> tuple[float, float]:
    theirs = floats(value["ll_REML" if value["method"] == "REML" else "ll_ML"])[0]
    ours = fit.log_likelihood_reml if value["method"] == "REML" else fit.log_likelihood
    return ours, theirs


def same_peak(fit: MultilevelFit, record: Json, tally: Tally, kind: str) -> bool:
    """Compare the likelihoods; False where ours is higher, or the likelihood is flat."""
    value = target(record)
    ours, theirs = likelihoods(fit, value)
    tally.note(kind, "likelihood below", record["id"], max(theirs - ours, 0.0) / max(1.0, abs(theirs)), LIKELIHOOD)
    if ours > theirs + HIGHER * max(1.0, abs(theirs)):
        tally.explained.append((record["id"], f"our likelihood is higher by {ours - theirs:.2g}"))
        return False
    return True


def compare_mv(world: World, record: Json, tally: Tally) -> None:
    kind, name = record["kind"], record["id"]
    fit = fit_of(world, record["r"])
    value = target(record)
    if not same_peak(fit, record, tally, kind):
        return
    compare_table(fit, value, kind, name, tally)
    if fit.q is not None:
        tally.note(kind, "QE", name, relative(fit.q, floats(value["QE"])[0], 1e-8), CLOSED)
        tally.note(kind, "QEp", name, abs((fit.q_p or 0.0) - floats(value["QEp"])[0]), 1e-6)
    if "QM" in value and fit.qm is not None:
        tally.note(kind, "QM", name, relative(fit.qm, floats(value["QM"])[0]), 10 * BETA)
        tally.note(kind, "QMp", name, abs((fit.qm_p or 0.0) - floats(value["QMp"])[0]), 1e-6)
    for ours, theirs in (("log_likelihood", "ll_ML"), ("log_likelihood_reml", "ll_REML")):
        tally.note(kind, theirs, name, relative(getattr(fit, ours), floats(value[theirs])[0], 1.0), BETA)
    for theirs in ("AIC", "BIC", "AICc"):
        tally.note(kind, theirs, name, relative(getattr(fit, theirs.lower()), floats(value[theirs])[0], 1.0), 1e-6)
    if "ddf" in value and fit.df is not None:
        wanted = floats(value["ddf"])
        tally.note(kind, "ddf", name, max(relative(a, b) for a, b in zip(fit.df, wanted, strict=True)), 1e-12)
    compare_components(fit, record, tally)


def compare_components(fit: MultilevelFit, record: Json, tally: Tally) -> None:
    value, name = target(record), record["id"]
    if any(caution.code == "flat-likelihood" for caution in fit.cautions):
        tally.explained.append((name, "flat likelihood, said so by a caution: components are not compared"))
        return
    typical = float(np.mean(fit.model.sampling.vi))
    for what in ("sigma2", "tau2", "rho", "gamma2", "phi"):
        if what not in value or not fit.values(what):
            continue
        ours, theirs = list(fit.values(what)), floats(value[what])
        if len(ours) != len(theirs):
            tally.note(record["kind"], f"{what} count", name, 1.0, 0.0)
            continue
        if what in {"tau2", "rho"} and "g_levels" in value and len(ours) > 1:
            ours = in_their_order(fit, what, value["g_levels"])
        for a, b in zip(ours, theirs, strict=True):
            if math.isnan(a):
                tally.explained.append((name, f"{what}: nothing is known about it; the reference says {b:.3g}"))
                continue
            scale = SMALL / COMPONENT * typical if what.endswith("2") else 1.0
            tally.note(record["kind"], what, name, relative(a, b, scale), COMPONENT)


def in_their_order(fit: MultilevelFit, what: str, levels: list[str]) -> list[float]:
    mine = [component for component in fit.components if component.name == what]
    if not mine[0].levels or set(mine[0].levels) - set(levels):
        return [component.value for component in mine]
    if what == "tau2":
        return [
            next(c.value for c in mine if c.levels == (level,))
            for level in levels
            if any(c.levels == (level,) for c in mine)
        ]
    pairs = [(a, b) for i, a in enumerate(levels) for b in levels[i + 1 :]]
    return [next(c.value for c in mine if set(c.levels) == set(pair)) for pair in pairs]


def compare_table(ours: MultilevelFit | RobustFit, value: Json, kind: str, name: str, tally: Tally) -> None:
    theirs = floats(value["beta"])
    if len(theirs) != len(ours.beta):
        tally.note(kind, "coefficients", name, 1.0, 0.0)
        return
    for i, scale in enumerate(floats(value["se"])):
        tally.note(kind, "beta", name, relative(ours.beta[i], theirs[i], scale), BETA)
        tally.note(kind, "se", name, relative(ours.se[i], scale), BETA * 3)
        for what, bound in (("ci_lb", ours.ci_low), ("ci_ub", ours.ci_high)):
            tally.note(kind, what, name, relative(bound[i], floats(value[what])[i], scale), BETA * 5)
        tally.note(kind, "pval", name, abs(ours.p_values[i] - floats(value["pval"])[i]), 1e-5)
    if "vb" in value:
        gold = np.array(value["vb"]["values"], dtype=float)
        spread = np.sqrt(np.multiply.outer(gold.diagonal(), gold.diagonal()))
        tally.note(kind, "vb", name, float(np.max(np.abs(ours.covariance - gold) / spread)), BETA * 10)


def robust_of(world: World, text: str) -> tuple[MultilevelFit, RobustFit]:
    _, positional, named = split_call(text)
    fit = fit_of(world, positional[0])
    frame = world.frame(split_call(positional[0])[2].get("data", "dat"))
    if "rep(" in named["cluster"]:
        match = re.fullmatch(r"rep\((\d+),\s*(\d+)\)", named["cluster"])
        if not match:
            raise Skip("clusters computed in R")
        labels: list[Any] = [match[1]] * int(match[2])
    else:
        labels = frame[named["cluster"]]
    kind = "CR2" if named.get("clubSandwich") == "TRUE" else "CR0" if named.get("adjust") == "FALSE" else "CR1"
    return fit, cluster_robust(fit, [plain(label) for label in labels], kind=kind)


def compare_robust(world: World, record: Json, tally: Tally) -> None:
    name, value = record["id"], target(record)
    fit, ours = robust_of(world, record["r"])
    if "ll_REML" in value and not same_peak(fit, record, tally, "robust"):
        return
    label = f"robust {ours.kind}"
    compare_table(ours, value, label, name, tally)
    wanted = floats(value["dfs"])
    wanted = wanted * len(ours.df) if len(wanted) == 1 else wanted
    tally.note(label, "df", name, max(relative(a, b) for a, b in zip(ours.df, wanted, strict=True)), COMPONENT)
    if (
        "QM" in value
        and ours.f is not None
        and ours.f_df is not None
        and floats(value["QM"])[0] == floats(value["QM"])[0]
    ):
        tally.note(label, "F", name, relative(ours.f, floats(value["QM"])[0]), COMPONENT)
        tally.note(label, "F df", name, relative(ours.f_df[1], floats(value["QMdf"])[1]), COMPONENT)
        tally.note(label, "F p", name, abs((ours.f_p or 0.0) - floats(value["QMp"])[0]), 1e-5)


def compare_robumeta(world: World, record: Json, tally: Tally) -> None:
    call = re.search(r"robumeta::robu\(", record["r"])
    if not call:
        raise Skip("another kind of call")
    _, positional, named = split_call(record["r"][call.start() :])
    frame = world.frame(named["data"])
    formula = "~" + positional[0].partition("~")[2]
    model = "hierarchical" if named.get("modelweights") == '"HIER"' else "correlated"
    ours = robust_estimate(
        frame[positional[0].partition("~")[0].strip()],
        frame[named["var.eff.size"]],
        [plain(x) for x in frame[named["studynum"]]],
        formula=formula,
        data=frame,
        model=model,
        rho=float(named.get("rho", "0.8")),
        small=named.get("small", "TRUE") == "TRUE",
    )
    value, name = record["value"], record["id"]
    pairs = [("b", ours.beta), ("SE", ours.se), ("t", ours.statistic), ("dfs", ours.df), ("CI.L", ours.ci_low)]
    pairs += [("CI.U", ours.ci_high)]
    for what, mine in pairs:
        if what in value:
            gap = max(relative(a, b) for a, b in zip(mine, floats(value[what]), strict=True))
            tally.note("robumeta", what, name, gap, CLOSED)
    for what, one in (("tau.sq", ours.tau2), ("omega.sq", ours.omega2), ("I.2", ours.i2)):
        if what in value and one is not None:
            tally.note("robumeta", what, name, relative(one, floats(value[what])[0], 1e-12), CLOSED)


def compare_aggregate(world: World, record: Json, tally: Tally) -> None:
    _, positional, named = split_call(record["r"])
    world.run(f"agg <- {positional[0]}")
    frame = world.frame("agg")
    found = aggregate_effects(
        frame["yi"],
        frame["vi"],
        cluster=[plain(x) for x in frame[named["cluster"]]],
        rho=float(named["rho"]) if "rho" in named else None,
        struct=named.get("struct", '"CS"').strip('"'),  # type: ignore[arg-type]
        weighted=named.get("weighted") != "FALSE",
    )
    order = sorted(range(len(found.labels)), key=lambda i: sort_key(found.labels[i]))
    for what, ours in (("yi", found.yi), ("vi", found.vi)):
        gap = max(relative(float(ours[i]), b, 1e-9) for i, b in zip(order, floats(record["value"][what]), strict=True))
        tally.note("aggregate", what, record["id"], gap, CLOSED)


def sort_key(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return 0.0, label


def compare_confint(world: World, record: Json, tally: Tally) -> None:
    _, positional, _ = split_call(record["r"])
    fit = fit_of(world, positional[0])
    found = component_intervals(fit)
    values = record["value"] if isinstance(record["value"], list) else [record["value"]]
    if len(values) != len(found):
        raise Skip("other components")
    for ours, theirs in zip(found, values, strict=True):
        _, low, high = floats(theirs["random"]["values"][0])
        scale = abs(ours.component.value)
        if theirs.get("ub_sign") == ">":
            tally.note("confint", "open bound", record["id"], float(ours.high < high), 0.0)
        elif not confirmed(fit, ours.component, ours.high, theirs=high, record=record, tally=tally):
            tally.note("confint", "high", record["id"], relative(ours.high, high, scale), BOUND)
        if not confirmed(fit, ours.component, ours.low, theirs=low, record=record, tally=tally):
            tally.note("confint", "low", record["id"], relative(ours.low, low, scale), BOUND)


def confirmed(
    fit: MultilevelFit, component: Component, mine: float, *, theirs: float, record: Json, tally: Tally
) -> bool:
    """Return whether the likelihood itself says that our bound is the truer one."""
    if relative(mine, theirs, abs(component.value)) <= BOUND or not math.isfinite(mine):
        return False
    top = fit.log_likelihood_reml if fit.method == "reml" else fit.log_likelihood
    at_ours, at_theirs = top - profile_likelihood(fit, component, [mine, theirs]) - 1.920729410347062
    if abs(at_ours) < 1e-6 < abs(at_theirs):
        tally.explained.append(
            (record["id"], f"the reference's bound {theirs:.4g} misses the quantile by {at_theirs:.1g}")
        )
        return True
    return False


def compare_profile(world: World, record: Json, tally: Tally) -> None:
    _, positional, named = split_call(record["r"])
    fit = fit_of(world, positional[0])
    what = next(
        (key for key in ("sigma2", "tau2", "rho", "gamma2", "phi") if key in named or key in record["value"]), ""
    )
    place = int(float(named.get(what, "1"))) - 1
    component = next(c for c in fit.components if c.name == what and c.place == place)
    ours = profile_likelihood(fit, component, floats(record["value"][what]))
    for a, b in zip(ours, floats(record["value"]["ll"]), strict=True):
        tally.note("profile", "ll below", record["id"], max(b - a, 0.0), 1e-6)
        if a > b + 1e-5:
            tally.explained.append((record["id"], f"our profile is higher by {a - b:.2g}"))


def compare_predict(world: World, record: Json, tally: Tally) -> None:
    _, positional, named = split_call(record["r"])
    fit = fit_of(world, positional[0])
    rows: Any = None
    if "newmods" in named:
        intercept = bool((fit.model.x[:, 0] == 1).all())
        given = [[float(x or 0) for x in numbers(part)] for part in vector(named["newmods"])]
        if fit.p - intercept > 1 and not named["newmods"].startswith("rbind"):
            given = [[row[0] for row in given]]
        rows = [([1.0] if intercept else []) + row for row in given]
    levels = None
    if "tau2.levels" in named:
        term = next(term for term in fit.model.terms if not term.intercept)
        levels = {term.label: [term.inner_levels[int(i or 1) - 1] for i in numbers(named["tau2.levels"])]}
    ours = predict_mv(fit, X=rows, levels=levels)
    value = target(record)
    scale = float(floats(value["se"])[0])
    names = (("estimate", "pred"), ("se", "se"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub"))
    for mine, theirs in (*names, ("pi_low", "pi.lb"), ("pi_high", "pi.ub")):
        gap = max(relative(a, b, scale) for a, b in zip(getattr(ours, mine), floats(value[theirs]), strict=True))
        tally.note("predict", theirs, record["id"], gap, 5 * BETA)


def compare_ranef(world: World, record: Json, tally: Tally) -> None:
    call = re.search(r"rma\.mv\(", record["r"])
    if not call:
        raise Skip("another kind of call")
    fit = fit_of(world, record["r"][call.start() :])
    for ours, theirs in zip(random_effects(fit), record["value"].values(), strict=True):
        columns = [("estimate", "intrcpt"), ("se", "se"), ("pi_low", "pi.lb"), ("pi_high", "pi.ub")]
        for mine, name in columns:
            gap = max(relative(a, b, 0.1) for a, b in zip(getattr(ours, mine), floats(theirs[name]), strict=True))
            tally.note("ranef", name, record["id"], gap, COMPONENT)


def compare_anova(world: World, record: Json, tally: Tally) -> None:
    _, positional, named = split_call(record["r"])
    value = target(record)
    fits = [fit_of(world, text) for text in positional if text.startswith("rma.mv")]
    if len(fits) == 2:
        ours = compare_fits(*fits)
        tally.note("anova", "LRT", record["id"], relative(ours.statistic, floats(value["LRT"])[0], 1e-3), COMPONENT)
        tally.note("anova", "LRT p", record["id"], abs(ours.p - floats(value["pval"])[0]), 1e-6)
        return
    if "X" in named:
        rows = (
            [numbers(part) for part in vector(named["X"])] if named["X"].startswith("rbind") else [numbers(named["X"])]
        )
    elif "btt" in named:
        tested = [int(i) - 1 for i in floats(value["btt"])]
        rows = [[float(i == j) for j in range(fits[0].p)] for i in tested]
    else:
        raise Skip("another kind of anova")
    found = contrast_mv(fits[0], rows)
    tally.note("anova", "QM", record["id"], relative(found.qm, floats(value["QM"])[0]), COMPONENT)
    tally.note("anova", "QM p", record["id"], abs(found.qm_p - floats(value["QMp"])[0]), 1e-6)


def compare_resid(world: World, record: Json, tally: Tally) -> None:
    name, positional, _ = split_call(record["r"])
    fields = {"rstandard": "standardised", "hatvalues": "hat", "weights": "weight"}
    if name not in fields:
        raise Skip(f"{name}()")
    fit = fit_of(world, positional[0])
    ours = getattr(residuals_mv(fit), fields[name])
    value = record["value"]
    theirs = floats(value["z"] if isinstance(value, dict) and "z" in value else value["values"])
    scale = float(np.max(np.abs(theirs)))
    tally.note(
        "resid", name, record["id"], max(relative(a, b, scale) for a, b in zip(ours, theirs, strict=True)), COMPONENT
    )


def compare_matrix(world: World, record: Json, tally: Tally) -> None:
    if "cvvc=TRUE" not in record["r"]:
        raise Skip("another kind of matrix")
    fit = fit_of(world, record["r"].removesuffix("$vvc"))
    gold = np.array(target(record)["values"], dtype=float)
    spread = np.sqrt(np.multiply.outer(gold.diagonal(), gold.diagonal()))
    tally.note("matrix", "vvc", record["id"], float(np.max(np.abs(fit.component_covariance - gold) / spread)), 1e-3)


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


def ours(record: Json) -> bool:
    if record["kind"] in {"rma.mv", "robust", "robumeta", "aggregate", "ranef"}:
        return True
    return record["kind"] in COMPARE and "rma.mv(" in record["r"]


def run(root: Path, tally: Tally) -> None:
    for path in sorted(root.iterdir()):
        if not (path / "results.json").exists():
            continue
        told = json.loads((path / "results.json").read_text(encoding="utf-8"))
        if not any(ours(record) for record in told["results"]):
            continue
        world = World(path, told["results"])
        prepare(world, told.get("setup", []))
        for record in told["results"]:
            pre = record.get("pre") or []
            if ours(record):
                one(world, record, pre, tally)
            elif record["kind"] == "matrix" and re.match(r"V\w*\s*<-", record["r"]) and "value" in record:
                name = record["r"].partition("<-")[0].strip()
                world.matrices[name] = from_matrix(np.array(record["value"]["values"], dtype=float))
            elif any(re.match(r"\s*(V\w*|d\w)\s*<-", line) for line in pre):
                prepare(world, pre)


def prepare(world: World, lines: list[str]) -> None:
    for line in lines:
        try:
            world.run(line)
        except (Skip, InvalidInput, KeyError):
            # What the line makes stays unknown; a record that needs it says so.
            continue


def one(world: World, record: Json, pre: list[str], tally: Tally) -> None:
    kind = record["kind"]
    tally.total[kind] += 1
    before, world.newer = len(tally.beyond), "v5" in record
    try:
        try:
            for line in pre:
                world.run(line)
        except InvalidInput:
            if "error" not in record:
                raise
            tally.agreed[kind] += 1
            return
        if "error" in record:
            refused(world, record, tally)
            return
        COMPARE[kind](world, record, tally)
    except Skip as reason:
        tally.total[kind] -= 1
        tally.skipped[kind][str(reason)] += 1
        return
    except (KeyError, InvalidInput) as error:
        tally.beyond.append((kind, f"{type(error).__name__}: {error}"[:90], record["id"], math.inf, 0.0))
    tally.agreed[kind] += len(tally.beyond) == before


def refused(world: World, record: Json, tally: Tally) -> None:
    kind = record["kind"]
    try:
        robust_of(world, record["r"]) if kind == "robust" else fit_of(world, record["r"])
    except InvalidInput as error:
        tally.explained.append((record["id"], f"refused alike: {error.message}"[:110]))
        tally.agreed[kind] += 1
        return
    tally.explained.append((record["id"], f"stromata answers where the reference says: {record['error']}"[:110]))
    tally.agreed[kind] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="also print quantities within tolerance")
    options = parser.parse_args()
    tally = Tally()
    run(options.folder, tally)
    for kind in sorted(tally.total):
        print(f"{kind:10} {tally.agreed[kind]} of {tally.total[kind]} records agree")
        for reason, count in tally.skipped[kind].most_common():
            print(f"           {count} skipped: {reason}")
    if options.all:
        for key, (difference, tolerance, record) in sorted(tally.worst.items()):
            kind, quantity = key
            print(f"{kind:12} {quantity:18} {tally.count[key]:5} worst {difference:.2e} of {tolerance:.0e} {record}")
    for name, reason in tally.explained:
        print(f"explained {name}: {reason}")
    for kind, quantity, name, difference, tolerance in tally.beyond:
        print(f"BEYOND {kind} {quantity} {name}: {difference:.3g} of {tolerance:.0e}")
    return 3 if tally.beyond else 0


if __name__ == "__main__":
    sys.exit(main())

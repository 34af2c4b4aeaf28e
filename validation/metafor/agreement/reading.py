"""Data sets as R read them, and the shapes of R lines that prepare them and that records have."""

from __future__ import annotations

import ast
import csv
import json
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agreement.counting import Json, LeftOut, real, target
from stromata.errors import InvalidInput
from stromata.synthesis import SamplingCovariance, effect_arrays
from stromata.synthesis.multilevel.sampling_covariance import from_matrix, sampling_covariance

Frame = dict[str, list[Any]]  # Any: numbers, texts, None for missing
Array = np.ndarray
MISSING = {"", "NA", "NaN"}
SIZES = ".ni"
"""Name of the column of people that escalc() keeps with its estimates."""


# Calls.


@dataclass(frozen=True)
class Call:
    """One R call."""

    name: str
    positional: list[str]
    named: dict[str, str]

    def text(self, key: str, default: str = "") -> str:
        """Return a named argument without its quotation marks."""
        return self.named[key].strip('"') if key in self.named else default

    def number(self, key: str, default: float) -> float:
        return number_of(self.named[key]) if key in self.named else default

    def only(self, *known: str) -> None:
        """Leave the record out if the call has another argument than those that are understood."""
        foreign = set(self.named) - {*known, "control", "digits", "verbose", "progbar"}
        if foreign:
            raise LeftOut(f"argument {min(foreign)} of {self.name}()")

    @property
    def level(self) -> float:
        """Coverage, from 0 to 1."""
        level = self.number("level", 95)
        return level / 100 if level > 1 else level

    @property
    def first(self) -> str:
        return self.positional[0] if self.positional else ""

    @property
    def method(self) -> str:
        return self.text("method", "REML")

    @property
    def tight(self) -> bool:
        """Whether stopping rules were tightened."""
        return "control" in self.named


def parse(text: str) -> Call:
    """Read the first call in `text`, after an assignment if there is one."""
    match = re.match(r"\s*(?:[\w.]+\s*<-\s*)?([\w.]+(?:::[\w.]+)?)\(", text)
    if not match:
        raise LeftOut("not a single call")
    named, positional = {}, []
    for part in split_list(text[match.end() : closing(text, match.end())]):
        key = re.match(r"([\w.]+)\s*=(?!=)\s*(.*)$", part, re.DOTALL)
        if key:
            named[key[1]] = key[2].strip()
        else:
            positional.append(part)
    return Call(match[1].rpartition(":")[2], positional, named)


def closing(text: str, start: int) -> int:
    """Return the place of the bracket that closes what opened before `start`."""
    depth, quoted = 1, False
    for i in range(start, len(text)):
        quoted ^= text[i] == '"'
        if not quoted:
            depth += (text[i] in "([{") - (text[i] in ")]}")
        if depth == 0:
            return i
    raise LeftOut("unbalanced call")


def split_list(text: str, at: str = ",") -> list[str]:
    """Return the parts between commas outside brackets and quotation marks."""
    parts, depth, start, quoted = [], 0, 0, False
    for i, ch in enumerate(text):
        quoted ^= ch == '"'
        if quoted:
            continue
        depth += (ch in "([{") - (ch in ")]}")
        if ch == at and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def vector(text: str) -> list[str]:
    """Return the parts of c(...), list(...) or rbind(...), or the text alone."""
    match = re.fullmatch(r"(?:c|list|rbind)\((.*)\)", text.strip(), re.DOTALL)
    return split_list(match[1]) if match else [text.strip()]


def number_of(text: str) -> float:
    """Return a number, perhaps written as a fraction."""
    top, _, bottom = text.strip("() ").partition("/")
    try:
        return float(top) / float(bottom or 1)
    except ValueError as error:
        raise LeftOut("numbers worked out in R") from error


def numbers(text: str) -> list[float | None]:
    """Return the numbers of ``c(1, NA, 3:5)``."""
    out: list[float | None] = []
    for part in vector(text):
        run = re.fullmatch(r"(-?\d+):(-?\d+)", part)
        if run:
            out += [float(i) for i in range(int(run[1]), int(run[2]) + 1)]
        else:
            out.append(None if part == "NA" else number_of(part))
    return out


def matrix(text: str) -> Array:
    """Return a matrix written in R with rbind(), cbind(), c(), seq() and numbers."""
    if "(" not in text or text.startswith("("):
        found = numbers(text)
        return np.array(found[0] if len(found) == 1 else found, dtype=float)
    call = parse(text)
    if call.name == "seq":
        given = [call.named.get(key) for key in ("from", "to", "by")]
        low, high, step = (
            number_of(own or other) for own, other in zip(given, [*call.positional, *given], strict=False)
        )
        return np.arange(low, high + step / 2, step)
    if call.name == "c":
        return np.array(numbers(text), dtype=float)
    if call.name == "rbind":
        return np.stack([matrix(each) for each in call.positional])
    if call.name == "cbind":
        return np.stack(np.broadcast_arrays(*(matrix(each) for each in call.positional)), axis=1)
    raise LeftOut("numbers worked out in R")


def plain(value: object) -> str:
    """Return a value as R prints it as a level."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


# Expressions on columns.

TOKEN = re.compile(
    r'"[^"]*"|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[A-Za-z.][\w.]*|==|!=|<=|>=|&&?|\|\|?|[-+*/^()<>!,=$:]|\S|\s+'
)
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def average_by(x: Array, *groups: Array) -> Array:
    keys = list(zip(*(group.tolist() for group in groups), strict=True))
    return np.array([x[[other == key for other in keys]].mean() for key in keys])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "log": np.log,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "abs": np.abs,
    "mean": lambda x, **_: np.nanmean(x),
    "sum": lambda x, **_: np.nansum(x),
    "ave": average_by,
    "ifelse": np.where,
    "as.character": lambda x: np.array([None if missing(v) else plain(v) for v in x.tolist()], dtype=object),
    "as.numeric": lambda x: x.astype(float),
    "factor": lambda x: x,
    "c": lambda *parts: np.concatenate([np.atleast_1d(part) for part in parts]),
}
FUNCTIONS["is.na"] = lambda x: np.array([missing(v) for v in x.tolist()])


def column(values: list[Any]) -> Array:
    """Return a column as an array: of numbers with NaN where all values are numbers or missing, else of texts."""
    if all(value is None or isinstance(value, float | int) for value in values):
        return np.array([math.nan if value is None else value for value in values], dtype=float)
    return np.array(values, dtype=object)


def expression(text: str, frame: Frame) -> Array:
    """Work out what R works out from columns: arithmetic, comparisons and a few functions."""
    names: dict[str, str] = {}
    code: list[str] = []
    for token in TOKEN.findall(re.sub(r"^with\([\w.]+,(.*)\)$", r"\1", text.strip())):
        if re.match(r"[A-Za-z.]", token) and token not in {"TRUE", "FALSE"}:
            code.append(names.setdefault(token, f"n{len(names)}"))
        elif token == "$":
            code.pop()
        else:
            swap = {"^": "**", "&": " and ", "&&": " and ", "|": " or ", "||": " or ", "!": " not "}
            code.append(swap.get(token, token.title() if token in {"TRUE", "FALSE"} else token))
    known = {short: name for name, short in names.items()}

    def visit(node: ast.AST) -> Any:  # noqa: ANN401 - arrays, numbers, texts
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | bool):
            return float(node.value) if isinstance(node.value, int) else node.value
        if isinstance(node, ast.Name) and known.get(node.id, "") in frame:
            return column(frame[known[node.id]])
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](visit(node.left), visit(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            left, right = visit(node.left), visit(node.comparators[0])
            if isinstance(right, str) and isinstance(left, np.ndarray) and left.dtype.kind == "f":
                left = FUNCTIONS["as.character"](left)
            return OPERATORS[type(node.ops[0])](left, right)
        if isinstance(node, ast.UnaryOp):
            inner = visit(node.operand)
            return ~inner.astype(bool) if isinstance(node.op, ast.Not) else -inner
        if isinstance(node, ast.BoolOp):
            parts = np.array([visit(each) for each in node.values], dtype=bool)
            return parts.all(axis=0) if isinstance(node.op, ast.And) else parts.any(axis=0)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and known.get(node.func.id, "") in FUNCTIONS:
            return FUNCTIONS[known[node.func.id]](*map(visit, node.args))
        raise LeftOut(f"worked out in R: {text}"[:60])

    try:
        tree = ast.parse(re.sub(r",\s*n\d+\s*=\s*True", "", "".join(code).strip()), mode="eval")
    except SyntaxError as error:
        raise LeftOut(f"worked out in R: {text}"[:60]) from error
    with np.errstate(all="ignore"):
        value = visit(tree.body)
    size = len(next(iter(frame.values()))) if frame else 0
    return np.broadcast_to(np.asarray(value), (size,)) if np.ndim(value) == 0 else value


# Frames.


def read_frame(path: Path) -> Frame:
    """Read a table as R does: numbers where all values are numbers, else texts."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    frame: Frame = {}
    for j, name in enumerate(rows[0]):
        cells = [row[j] for row in rows[1:]]
        try:
            frame[name] = [None if cell in MISSING else float(cell) for cell in cells]
        except ValueError:
            frame[name] = [None if cell in {"", "NA"} else cell for cell in cells]
    return frame


def take(frame: Frame, keep: list[int]) -> Frame:
    return {name: [values[i] for i in keep] for name, values in frame.items()}


def length(frame: Frame) -> int:
    return len(next(iter(frame.values()))) if frame else 0


@dataclass(frozen=True)
class Studies:
    """What a model is fitted to: estimates and variances with NaN where missing, and the rows they stand in."""

    y: Array
    v: Array
    frame: Frame

    @property
    def known(self) -> Array:
        return ~(np.isnan(self.y) | np.isnan(self.v))

    @property
    def n(self) -> Array | None:
        """People, where escalc() made the estimates."""
        return column(self.frame[SIZES]) if SIZES in self.frame else None


def makes(text: str, name: str) -> bool:
    """Whether R lines end with the object of this name, made in them."""
    statements = split_list(text, ";")
    made = [each for each in statements if re.match(rf"{re.escape(name)}\s*<-", each)]
    return bool(made) and (len(statements) == 1 or statements[-1] == name)


@dataclass
class DataSet:
    """The R objects of one data set."""

    path: Path
    records: list[Json]
    frames: dict[str, Frame] = field(default_factory=dict)
    matrices: dict[str, SamplingCovariance] = field(default_factory=dict)
    tables: dict[str, tuple[list[str], Array]] = field(default_factory=dict)
    newer: bool = True
    """Whether the record at hand was made with the newer metafor as well, so that its data are to be taken too."""
    references: dict[str, str] = field(default_factory=dict)
    """Reference levels of factors."""
    made: dict[tuple[str, bool], Frame] = field(default_factory=dict)

    @property
    def dat(self) -> Frame:
        return self.frame("dat")

    def frame(self, name: str) -> Frame:
        """Return a data frame: as a record shows it, as an escalc() record made it, or as the lines before made it."""
        if name.startswith("escalc("):
            self.run(f".inline <- {name}")
            return self.frames[".inline"]
        if (name, self.newer) not in self.made:
            self.made[name, self.newer] = self._frame(name)
        return self.made[name, self.newer]

    def _frame(self, name: str) -> Frame:
        for record in self.records:
            if re.match(rf"as\.data\.frame\({re.escape(name)}\)\[", record["r"]) and "value" in record:
                return self.shown(record["value"])
        for record in self.records:
            value = record.get("value")
            if isinstance(value, dict) and "yi" in value and makes(record["r"], name):
                return self.computed(name, record)
        if name not in self.frames:
            raise LeftOut("data made in R")
        return self.frames[name]

    def shown(self, value: Json) -> Frame:
        """Take a frame that a record shows whole; treatments get the contrast columns that contrmat() makes."""
        frame = {key: list(values) for key, values in value.items()}
        if {"treatment.1", "treatment.2"} <= frame.keys():
            pairs = list(zip(frame["treatment.1"], frame["treatment.2"], strict=True))
            for each in sorted({name for pair in pairs for name in pair}):
                frame[each] = [float(a == each) - float(b == each) for a, b in pairs]
        return frame

    def computed(self, name: str, record: Json) -> Frame:
        """Take a frame that an escalc() record made: the data it was made of, with the recorded yi and vi."""
        statements = split_list(record["r"], ";")
        first = next(i for i, line in enumerate(statements) if re.match(rf"{re.escape(name)}\s*<-", line))
        base_name = parse(statements[first].split("<-", 1)[1]).named.get("data", "")
        base = dict(self.frames.get("dat", {}) if base_name in {"", name} else self.frame(base_name))
        value = target(record) if self.newer else record["value"]
        own = {"yi": list(value["yi"]), "vi": list(value["vi"])}
        if value.get("ni"):
            own[SIZES] = list(value["ni"])
        frame = {**(base if length(base) == len(own["yi"]) else {}), **own}
        self.frames[name] = frame
        for each in statements[first + 1 :]:
            if "<-" in each:
                try:
                    self.run(each)
                except LeftOut:
                    continue
        return self.frames[name]

    def studies(self, call: Call) -> Studies:
        """Return what rma(yi, vi, data=, subset=) is fitted to."""
        frame = self.frame(call.named.get("data", "dat"))
        if "subset" in call.named:
            keep = np.flatnonzero(expression(call.named["subset"], frame).astype(bool))
            frame = take(frame, keep.tolist())
        y = call.named.get("yi") or (call.positional or [""])[0]
        v = call.named.get("vi") or (call.positional[1] if len(call.positional) > 1 else "")
        if not y or not v:
            raise LeftOut("estimates and variances given otherwise")
        size = length(frame)
        return Studies(
            *(np.array(np.broadcast_to(expression(each, frame), (size,)), dtype=float) for each in (y, v)), frame
        )

    def columns(self, call: Call, roles: set[str]) -> dict[str, Array]:
        """Return the columns that a call names by roles such as ai and n1i."""
        frame = self.frame(call.named.get("data", "dat"))
        if "subset" in call.named:
            keep = np.flatnonzero(expression(call.named["subset"], frame).astype(bool))
            frame = take(frame, keep.tolist())
        found = {role: expression(call.named[role], frame) for role in sorted(roles & call.named.keys())}
        return {role: np.array(values, dtype=float) for role, values in found.items()}

    # Lines of R.

    def prepare(self, text: list[str]) -> None:
        """Run lines as far as their forms are known."""
        for line in text:
            for part in split_list(line, ";"):
                try:
                    self.run(part)
                except (LeftOut, InvalidInput, KeyError):
                    # What the line makes stays unknown; a record that needs it is left out.
                    self.forget(part.partition("<-")[0].strip())

    def forget(self, name: str) -> None:
        """Forget an object, or a column, that a line made anew in a way not known here."""
        column = re.match(r"([\w.]+)\$([\w.]+)", name)
        if column and column[1] in self.frames:
            self.frames[column[1]] = {key: own for key, own in self.frames[column[1]].items() if key != column[2]}
        elif not column:
            self.frames.pop(name, None)
            self.matrices.pop(name, None)
        self.made.clear()

    def run(self, line: str) -> None:
        """Do one line of R, where its form is known."""
        if re.match(r"(TC|CC|TC2)\s*<-", line) or "<-" not in line:
            return
        name, _, right = (part.strip() for part in line.partition("<-"))
        for pattern, act in self.forms():
            match = re.fullmatch(pattern, right, re.DOTALL)
            if match:
                act(name, right, match)
                self.made.clear()
                return
        raise LeftOut(f"R line: {line}"[:60])

    def forms(self) -> list[tuple[str, Any]]:  # Any: methods
        """Return the forms of right-hand sides, with what does them."""
        return [
            (r'read\.csv\("input.csv".*\)', lambda name, *_: self.frames.__setitem__(name, self.read())),
            (r'as\.matrix\(read\.csv\("([\w.]+)".*\)\)', self.table),
            (r"([\w.]+)\[([^,]*),\s*\]", self.filtered),
            (r"na\.omit\(([\w.]+)\)", self.omitted),
            (r"vcalc\(.*\)", self.vcalc),
            (r"escalc\(.*\)", self.escalc),
            (r"relevel\(factor\(([\w.]+)\$([\w.]+)\), ref=\"([^\"]+)\"\)", self.relevel),
            (r"factor\([\w.]+\$[\w.]+\)", lambda *_: None),
            (r"data\.frame\(.*\)", self.long_frame),
            (r"rcalc\(.*\)", self.rcalc),
            (r"([\w.]+)\$(V|dat)", self.from_rcalc),
            (r".*", self.assigned),
        ]

    def read(self) -> Frame:
        source = self.path / "input.csv"
        return read_frame(source) if source.exists() else {}

    def table(self, name: str, _: str, match: re.Match[str]) -> None:
        with (self.path / match[1]).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        self.tables[name] = (
            [row[0] for row in rows[1:]],
            np.array([[float(x) for x in row[1:]] for row in rows[1:]]),
        )

    def filtered(self, name: str, _: str, match: re.Match[str]) -> None:
        frame = self.frame(match[1])
        self.frames[name] = take(frame, np.flatnonzero(expression(match[2], frame).astype(bool)).tolist())

    def omitted(self, name: str, _: str, match: re.Match[str]) -> None:
        frame = self.frame(match[1])
        keep = [i for i in range(length(frame)) if all(values[i] is not None for values in frame.values())]
        self.frames[name] = take(frame, keep)

    def relevel(self, _: str, __: str, match: re.Match[str]) -> None:
        self.references[match[2]] = match[3]

    def vcalc(self, name: str, text: str, _: object) -> None:
        self.matrices[name] = self.covariance(text)

    def covariance(self, text: str) -> SamplingCovariance:
        """Do vcalc()."""
        call = parse(text)
        named = call.named
        frame = self.frame(named.get("data", "dat"))
        known = {"vi", "cluster", "obs", "type", "time1", "rho", "phi", "rvars", "data"}
        if set(named) - known:
            raise LeftOut(f"vcalc argument {min(set(named) - known)}")
        vi = call.first or named["vi"]
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
            options["rvars"] = np.array([frame[each] for each in vector(named["rvars"])]).T
        return sampling_covariance(1.0 if vi == "1" else frame[vi], **options)

    def escalc(self, name: str, text: str, _: object) -> None:
        """Do escalc() with stromata's own effect sizes; for data frames that no record holds."""
        call = parse(text)
        named = dict(call.named)
        source = named.pop("data", "dat")
        frame = self.long(source) if source.startswith("to.long") else dict(self.frame(source))
        measure = named.pop("measure").strip('"')
        names = [part.strip('"') for part in vector(named.pop("var.names", 'c("yi","vi")'))]
        if measure == "GEN":
            frame["yi"], frame["vi"] = frame[named["yi"]], frame[named["vi"]]
            self.frames[name] = frame
            return
        options: dict[str, Any] = {"vtype": named.pop("vtype").strip('"')} if "vtype" in named else {}
        if (
            set(named)
            - {"xi", "mi", "ni", "ti", "ri", "sdi"}
            - {f"{a}{b}i" for a in ("n", "m", "sd", "x", "t") for b in "12"}
            - {"ai", "bi", "ci", "di"}
        ):
            raise LeftOut(f"R line: {text}"[:60])
        columns = {key: np.array(expression(value, frame), dtype=float) for key, value in named.items()}
        keep = np.flatnonzero(np.all([np.isfinite(each) for each in columns.values()], axis=0))
        yi, vi = effect_arrays(measure, **options, **{key: each[keep] for key, each in columns.items()})
        for label, values in zip(names, (yi, vi), strict=True):
            out: list[Any] = [None] * length(frame)
            for i, value in zip(keep, values, strict=True):
                out[int(i)] = float(value) if math.isfinite(value) else None
            frame[label] = out
        self.frames[name] = frame

    def long(self, text: str) -> Frame:
        """Do to.long(measure="OR", ...): treated and control rows of each study, groups 1 and 2."""
        named = parse(text).named
        frame = self.frame(named.get("data", "dat"))
        if not {"ai", "bi", "ci", "di"} <= named.keys():
            raise LeftOut("to.long() of another measure")
        rows = [i for i in range(length(frame)) for _ in range(2)]
        out = take(frame, rows)
        cells = [frame[named[c]] for c in ("ai", "bi", "ci", "di")]
        out["out1"] = [cells[2 * (n % 2)][i] for n, i in enumerate(rows)]
        out["out2"] = [cells[2 * (n % 2) + 1][i] for n, i in enumerate(rows)]
        out["group"] = [str(n % 2 + 1) for n in range(len(rows))]
        self.references["group"] = "2"
        return out

    def long_frame(self, name: str, text: str, _: object) -> None:
        """Do data.frame(study=rep(1:nrow(dat), each=N), time=1:N, yi=c(t(dat[c(...)])), ...)."""
        out: Frame = {}
        for key, value in parse(text).named.items():
            repeated = re.fullmatch(r"rep\(1:nrow\(([\w.]+)\), each=(\d+)\)", value)
            wide = re.fullmatch(r"c\(t\(([\w.]+)\[(c\(.*\))\]\)\)", value)
            run = re.fullmatch(r"1:(\d+)", value)
            if repeated:
                out[key] = [
                    float(i + 1) for i in range(length(self.frame(repeated[1]))) for _ in range(int(repeated[2]))
                ]
            elif wide:
                columns = [self.frame(wide[1])[part.strip('"')] for part in vector(wide[2])]
                out[key] = [each[i] for i in range(len(columns[0])) for each in columns]
            elif run:
                out[key] = [float(i + 1) for i in range(int(run[1]))]
            else:
                raise LeftOut(f"R line: {value}"[:60])
        size = max(map(len, out.values()))
        self.frames[name] = {key: values * (size // len(values)) for key, values in out.items()}

    def rcalc(self, name: str, text: str, __: object) -> None:
        """Do rcalc(r ~ a + b | study, ni=n): correlations with their covariances within studies."""
        call = parse(text)
        match = re.fullmatch(r"([\w.]+) ~ ([\w.]+) \+ ([\w.]+) \| ([\w.]+)", call.first)
        if not match:
            raise LeftOut("rcalc() of another form")
        frame = self.frame(call.named["data"])
        out: Frame = {"study": [], "var1": [], "var2": [], "var1.var2": [], "yi": [], "ni": []}
        rows, blocks, at = [], [], 0
        studies = list(dict.fromkeys(frame[match[4]]))
        for study in studies:
            own = [i for i, value in enumerate(frame[match[4]]) if value == study]
            table = {}
            for i in own:
                a, b = frame[match[2]][i], frame[match[3]][i]
                table[a, b] = table[b, a] = frame[match[1]][i]
            pairs = [(frame[match[2]][i], frame[match[3]][i]) for i in own]
            n = frame[call.named["ni"]][own[0]]
            blocks.append(correlation_covariance(pairs, table) / (n - 1))
            rows.append(np.arange(at, at + len(pairs)))
            at += len(pairs)
            for a, b in pairs:
                for key, value in zip(out, (study, a, b, f"{a}.{b}", table[a, b], n), strict=True):
                    out[key].append(value)
        variances = np.concatenate([block.diagonal() for block in blocks])
        self.frames[name] = out
        self.matrices[name] = SamplingCovariance(variances, tuple(map(str, studies)), tuple(rows), tuple(blocks))

    def from_rcalc(self, name: str, right: str, match: re.Match[str]) -> None:
        if match[1] not in self.matrices:
            self.assigned(name, right, match)
        elif match[2] == "V":
            self.matrices[name] = self.matrices[match[1]]
        else:
            self.frames[name] = self.frames[match[1]]

    def assigned(self, name: str, right: str, _: object) -> None:
        match = re.fullmatch(r"([\w.]+)\$([\w.]+)", name)
        if not match and right in self.frames:
            self.frames[name] = dict(self.frames[right])
            return
        if not match:
            raise LeftOut(f"R line: {name} <- {right}"[:60])
        frame = dict(self.frame(match[1]))
        values = expression(right, frame)
        frame[match[2]] = [None if missing(each) else each for each in values.tolist()]
        self.frames[match[1]] = frame

    def recorded_matrix(self, record: Json) -> None:
        """Take a covariance matrix that a record holds."""
        name = record["r"].partition("<-")[0].strip()
        self.matrices[name] = from_matrix(np.array(record["value"]["values"], dtype=float))


def correlation_covariance(pairs: list[tuple[str, str]], r: dict[tuple[str, str], float]) -> Array:
    """Return n times the large-sample covariances of correlations (Olkin and Siotani 1976; Steiger 1980, eq. 3)."""

    def of(a: str, b: str) -> float:
        return 1.0 if a == b else r.get((a, b), math.nan)

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


def data_sets(root: Path, only: str = "") -> Iterator[DataSet]:
    """Yield the data sets under `root`, prepared by the lines before their records."""
    for path in sorted(root.iterdir()):
        if not (path / "results.json").exists() or (only and path.name != only):
            continue
        told = json.loads((path / "results.json").read_text(encoding="utf-8"))
        data = DataSet(path, told["results"])
        data.frames["dat"] = data.read()
        data.prepare(told.get("setup", []))
        yield data


def known_numbers(values: list[Any]) -> Array:
    """Return recorded numbers with NaN where there is none."""
    return np.array([math.nan if real(value) is None else real(value) for value in values], dtype=float)

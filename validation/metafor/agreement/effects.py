"""Effect sizes, transformations, and exact intervals of single proportions and rates."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from agreement.counting import EXACT, Comparison, Json, LeftOut, difference, floats, real
from agreement.reading import Array, Call, DataSet, matrix, number_of, parse
from stromata.model import EffectSize
from stromata.synthesis import MEASURES, effect_sizes, exact_interval, exact_rate_interval, wilson_interval
from stromata.synthesis.effects import scales
from stromata.synthesis.effects.columns import bad_cells, choose_columns
from stromata.synthesis.effects.conversions import d_to_r

SEARCHED = 1e-3
"""The reference finds a tetrachoric correlation by a search that stops some 1e-5 short; its variance follows."""


@dataclass
class Computed:
    """Effects, the rows that they are of, and the rows that stromata refuses."""

    rows: list[int]
    effects: tuple[EffectSize, ...]
    refused: list[int]
    size: int
    named: bool
    """Whether every row with a missing value would have been refused by name."""


def computed(data: DataSet, call: Call, measure: str = "", *, all_rows: bool = False) -> Computed:
    """Compute what an escalc() or rma() call computes; rows with missing values or that are refused are left out."""
    measure = measure or call.text("measure")
    if measure not in MEASURES:
        raise LeftOut(f"measure {measure} is not offered")
    entry = MEASURES[measure]
    columns = data.columns(call, {name for wanted in entry.columns for name in wanted})
    size = len(next(iter(columns.values()), ()))
    whole = np.all([np.isfinite(each) for each in columns.values()], axis=0) if columns else np.zeros(0, dtype=bool)
    rows = np.flatnonzero(whole).tolist()
    wanted = choose_columns(entry, columns)
    refused = sorted({rows[cell.row - 1] for cell in bad_cells(entry, {name: columns[name][rows] for name in wanted})})
    if not all_rows:
        rows = [i for i in rows if i not in refused]
    options: dict[str, Any] = {"to": call.text("to", "only0"), "drop00": call.named.get("drop00") == "TRUE"}
    if "add" in call.named:
        options["add"] = number_of(call.named["add"])
    if "vtype" in call.named:
        options["vtype"] = call.text("vtype")
    if call.named.get("correct") == "FALSE":
        options["correct"] = "none"
    found = effect_sizes(measure, **options, **{name: each[rows] for name, each in columns.items()})
    return Computed(rows, found, refused, size, refused_by_name(measure, columns, whole))


def refused_by_name(measure: str, columns: dict[str, Array], whole: Array) -> bool:
    """Return whether there are rows with missing values, and each of them would be refused by name."""
    named = {cell.row - 1 for cell in bad_cells(MEASURES[measure], columns)} if not whole.all() else set()
    return bool(named) and not set(np.flatnonzero(~whole).tolist()) - named


def compare_escalc(data: DataSet, c: Comparison) -> None:
    """Hold estimates and variances against those of escalc()."""
    text = c.record["r"]
    inner = re.search(r"escalc\(.*", text)
    if not inner or "to.wide" in text or "to.long" in text or text.count("escalc(") > 1:
        c.makes_objects = "error" not in c.record
        return
    call = parse(inner[0])
    measure = call.text("measure")
    found = computed(data, call, all_rows=c.fails)
    value = c.reference()
    yi, vi = ([real(each) for each in value.get(name) or []] for name in ("yi", "vi"))
    if len(yi) != found.size:
        raise LeftOut("other rows than those of the data")
    answered = [i for i in found.refused if yi[i] is not None and vi[i] is not None]
    if found.refused:
        what = f"metafor answers {len(answered)}" if answered else "metafor has no answer there either"
        c.differs("refused-rows", f"{len(found.refused)} rows; {what}")
    if answered and ("if0all" in text or "AV" in call.named.get("vtype", "")):
        return  # the rows that stromata refuses change all others in the reference
    c.cautions += ["continuity-correction"] * any(effect.adjusted for effect in found.effects)
    c.cautions += ["no-estimate"] * any(effect.yi is None or effect.vi is None for effect in found.effects)
    c.cautions += ["missing values refused by name"] * found.named
    for i, effect in zip(found.rows, found.effects, strict=True):
        for name, ours, theirs in (("yi", effect.yi, yi[i]), ("vi", effect.vi, vi[i])):
            if measure == "RTET" and effect.yi is None:
                if theirs is not None:  # an empty cell: the reference gives 1 or -1, with a variance of its search
                    c.differs("tetrachoric-undefined", f"{name} {theirs:.3g}")
                continue
            if ours is None or theirs is None:
                # metafor keeps a variance of 0 or an estimate where the other half does not exist
                both = yi[i] is not None and vi[i] is not None
                c.note(f"{name} missing alike", float((ours is not None) != both), 0.0)
            else:
                scale = 1.0 if measure == "RTET" and name == "yi" else 1e-6 if name == "yi" else 0.0
                tolerance = SEARCHED if measure == "RTET" else EXACT
                c.note(f"{measure} {name}", difference(ours, theirs, scale), tolerance)
    if "ci.lb" in value and MEASURES[measure].kind not in {"proportion", "rate"}:
        for i, effect in zip(found.rows, found.effects, strict=True):
            low, ours = real(value["ci.lb"][i]), effect.natural.ci_low
            if low is not None and ours is not None:
                c.hold("study interval", ours, MEASURES[measure].to_natural(low, 1.0), scale=1e-6)


def compare_data(data: DataSet, c: Comparison) -> None:
    """Hold a data frame that R made against what the same lines make here."""
    name = re.match(r"(?:as\.data\.frame\()?([\w.]+)", c.record["r"])
    value = c.reference()
    frame = data.frames.get(name[1] if name else "")
    if frame is None:
        c.makes_objects = True
        return
    for key, theirs in value.items():
        if key in frame and all(each is None or isinstance(each, float | int) for each in frame[key]):
            c.hold(key, [math.nan if each is None else each for each in frame[key]], theirs, scale=1e-6)


def compare_interval(_: DataSet, c: Comparison) -> None:
    """Hold exact and score intervals of proportions, and exact ones of rates."""
    value, text = c.reference(), c.record["r"]
    if c.record["kind"] == "binom":
        for ours, name in zip(exact_interval(value["x"], value["n"]), ("lb", "ub"), strict=True):
            c.hold("Clopper-Pearson", ours, value[name])
        return
    if not text.startswith(("PIG(", "CIG(")):
        raise LeftOut("another kind of interval")
    level = float(text.rstrip(")").split(",")[-1])
    ways = (
        (("exact", exact_rate_interval),) if text[0] == "P" else (("cp", exact_interval), ("wilson", wilson_interval))
    )
    for i, (x, n) in enumerate(zip(value["x"], value["t" if text[0] == "P" else "n"], strict=True)):
        for name, function in ways:
            for ours, end in zip(function(x, n, level), ("lb", "ub"), strict=True):
                c.hold(name, ours, value[f"{name}_{end}"][i], scale=1e-9)


ELEMENTWISE = {
    **{f"transf.i{name.lower()}": MEASURES[name].back for name in ("AHW", "ABT")},
    "transf.arcsin": scales.arcsine_of,
    "transf.ztor": scales.tanh,
    "transf.rtoz": np.arctanh,
    "transf.ilogit": scales.expit,
    "transf.iarcsin": scales.sine_squared,
    "transf.isqrt": scales.square,
    "transf.logit": scales.logit_of,
    "transf.irft": scales.double_root,
    "transf.iirft": scales.undo_double_root,
}


def transformed(data: DataSet, text: str) -> Array:
    """Return what stromata makes of a call of a transf function; those that belong to no measure are left out."""
    grid = re.match(r"(?:outer|sapply)\((seq\([^()]*\))", text)
    if grid:
        sizes, x = re.search(r"c\([\d,\s]+\)", text), matrix(grid[1])
        if not sizes or "transf.ipft" not in text:
            raise LeftOut("a transformation of no measure that is offered")
        n = matrix(sizes[0])
        if "ipft.hm" in text:
            return scales.undo_double_arcsine(x, np.full_like(x, len(n) / (1 / n).sum()))
        return scales.undo_double_arcsine(*np.broadcast_arrays(x[:, None], n))
    try:
        call = parse(text)
    except LeftOut:
        call = Call("", [], {})

    def argument(part: str) -> Array:
        column = re.fullmatch(r"dat\$([\w.]+)", part)
        return np.array(data.dat[column[1]], dtype=float) if column else matrix(part)

    if call.name == "transf.dtorpb" and not call.named:
        d = argument(call.first)
        return d_to_r(d, np.ones_like(d))[0]
    if call.name not in ELEMENTWISE:
        raise LeftOut("a transformation of no measure that is offered")
    parts = [argument(part) for part in call.positional]
    with np.errstate(all="ignore"):
        return ELEMENTWISE[call.name](parts[0], parts[1] if len(parts) > 1 else parts[0])


def compare_transf(data: DataSet, c: Comparison) -> None:
    ours = transformed(data, c.record["r"]).ravel().tolist()
    recorded: Json | Any = c.reference()
    theirs = floats(recorded)
    below = [a < 0 and b == 0 for a, b in zip(ours, theirs, strict=True)]
    if any(below) and re.match(r"transf\.i(ahw|abt)\(", c.record["r"]):
        c.differs("negative-alpha", f"{sum(below)} values")
        theirs = [math.nan if off else b for off, b in zip(below, theirs, strict=True)]
    c.hold("value", [a if math.isfinite(a) else 0.0 for a in ours], [
        b if math.isfinite(a) else math.nan for a, b in zip(ours, theirs, strict=True)
    ], scale=1e-6)  # fmt: skip


COMPARE = {
    "escalc": compare_escalc,
    "data": compare_data,
    "interval": compare_interval,
    "binom": compare_interval,
    "transf": compare_transf,
}

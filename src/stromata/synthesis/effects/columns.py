"""What columns a measure gets, and which of their values cannot be right.

Every impossible value is found before anything is computed, and each is named by its row and its column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.synthesis.effects.measures import Columns, Kind, Measure
from stromata.synthesis.intervals import FloatArray

Rule = Literal[
    "number", "count", "total", "above 0", "time", "deviation", "correlation", "share", "alpha", "probability", "not 0"
]
Flags = npt.NDArray[np.bool_]

_CELLS: dict[str, Rule] = {"ai": "count", "bi": "count", "ci": "count", "di": "count"}
_ARM: dict[str, Rule] = {"m1i": "number", "sd1i": "deviation", "m2i": "number", "sd2i": "deviation"}
_PRINTED: dict[str, Rule] = {
    "yi": "number",
    "out": "above 0",
    "vi": "above 0",
    "sei": "above 0",
    "ci_lb": "number",
    "ci_ub": "number",
    "zval": "not 0",
    "pval": "probability",
}
_ROLES: dict[Kind, dict[str, Rule]] = {
    "proportion": {"xi": "count", "ni": "total", "mi": "count"},
    "rate": {"xi": "count", "ti": "time"},
    "two-by-two": {**_CELLS, "n1i": "total", "n2i": "total"},
    "pairs": {**_CELLS, "ri": "correlation"},
    "two-rates": {"x1i": "count", "t1i": "time", "x2i": "count", "t2i": "time"},
    "two-means": {**_ARM, "n1i": "total", "n2i": "total"},
    "one-mean": {"mi": "number", "sdi": "deviation", "ni": "total"},
    "change": {**_ARM, "ni": "total", "ri": "correlation"},
    "correlation": {"ri": "correlation", "ni": "total", "ti": "number", "mi": "count", "r2i": "share"},
    "alpha": {"ai": "alpha", "mi": "total", "ni": "total"},
    "genotypes": _CELLS,
    "printed": {},
}
"""What each column holds, by the kind of the measure: the same name can mean different things."""

_WITHIN = (("xi", "ni"), ("ai", "n1i"), ("ci", "n2i"))
_RATIOS_OF_MEANS = frozenset({"ROM", "CVR", "ROMC", "CVRC"})
_LOGS_OF_MEANS = frozenset({"MNLN", "CVLN"})

_NEAREST = 1e-30
"""Least time, deviation or variance: what is divided by them then stays within floating-point numbers."""

_MOST_T = 1e6
"""Test statistic, over the root of its degrees of freedom, beyond which the correlation is 1 but for rounding."""

_LEAST, _LEAST_P = 1e-12, 1e-300
"""Nearest to 0 that a test statistic, or an estimate beside it, and a p-value tell a standard error."""

_TOO_SMALL = f"it must be at least {_NEAREST:g}"

_MIN_BOTH = 4
"""People in two arms together below which a pooled standard deviation has fewer than two degrees of freedom."""

_NAMED = 20
"""Impossible values that one message names; the others are counted."""


def _fraction(values: FloatArray) -> Flags:
    found: Flags = values != np.floor(values)
    return found


def _tiny(values: FloatArray) -> Flags:
    return values < _NEAREST


MOST = 2.0**53
"""Largest count: beyond it not every whole number is a floating-point number."""


_CHECKS: dict[Rule, tuple[tuple[Callable[[FloatArray], Flags], str], ...]] = {
    "number": (),
    "count": (
        (lambda x: x < 0, "a count cannot be negative"),
        (_fraction, "a count must be whole"),
    ),
    "total": (
        (lambda x: x < 0, "a count cannot be negative"),
        (lambda x: x == 0, "an arm needs at least one person"),
        (_fraction, "a count must be whole"),
    ),
    "time": ((lambda x: x <= 0, "a time at risk must be above 0"), (_tiny, _TOO_SMALL)),
    "deviation": ((lambda x: x <= 0, "a standard deviation must be above 0"), (_tiny, _TOO_SMALL)),
    "above 0": ((lambda x: x <= 0, "it must be above 0"), (_tiny, _TOO_SMALL)),
    "correlation": ((lambda x: np.abs(x) >= 1, "a correlation must lie strictly between -1 and 1"),),
    "share": ((lambda x: (x < 0) | (x >= 1), "R-squared must be at least 0 and below 1"),),
    "alpha": ((lambda x: x >= 1, "coefficient alpha must be below 1"),),
    "probability": (
        (lambda x: (x <= 0) | (x >= 1), "a p-value must lie strictly between 0 and 1"),
        (lambda x: x < _LEAST_P, f"a p-value below {_LEAST_P:g} tells no standard error"),
    ),
    "not 0": ((lambda x: np.abs(x) < _LEAST, "a test statistic of 0 has no standard error"),),
}


@dataclass(frozen=True, slots=True)
class BadCell:
    """An impossible value. `row` counts studies from 1; `reason` completes "<column> is <value>: ..."."""

    row: int
    column: str
    value: float
    reason: str
    label: str = ""

    def __str__(self) -> str:
        who = f" ({self.label})" if self.label else ""
        return f"row {self.row}{who}, {self.column} is {self.value:g}: {self.reason}"


def choose_columns(measure: Measure, given: Iterable[str]) -> tuple[str, ...]:
    """Return the set of columns to compute `measure` from.

    Raises
    ------
    InvalidInput
        What is given is not one of the measure's sets.
    """
    names = frozenset(given)
    for wanted in measure.columns:
        if frozenset(wanted) == names:
            return wanted
    allowed = " or ".join(", ".join(wanted) for wanted in measure.columns)
    strange = sorted(names - {name for wanted in measure.columns for name in wanted})
    hint = f"It does not take {', '.join(strange)}. " if strange else ""
    raise InvalidInput(
        f"{measure.name} got the columns {', '.join(sorted(names)) or '(none)'}; it needs {allowed}",
        hint=f"{hint}Name each column it needs, and no other.",
    )


def as_arrays(names: tuple[str, ...], columns: Mapping[str, npt.ArrayLike]) -> dict[str, FloatArray]:
    """Return the columns as float64 arrays of one shape, in the order of `names`.

    Raises
    ------
    InvalidInput
        A column that holds no numbers, or columns of different shapes.
    """
    arrays = {}
    for name in names:
        try:
            arrays[name] = np.atleast_1d(np.asarray(columns[name], dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"column {name} holds something that is not a number: {error}") from error
    shapes = {name: values.shape for name, values in arrays.items()}
    if len(set(shapes.values())) > 1:
        told = (f"{name} has {' x '.join(map(str, shape))}" for name, shape in shapes.items())
        raise InvalidInput("columns of unequal length: " + ", ".join(told))
    return arrays


def one_dimensional(columns: Columns) -> None:
    """Refuse columns with more than one dimension.

    Raises
    ------
    InvalidInput
        They have.
    """
    for name, values in columns.items():
        if values.ndim != 1:
            raise InvalidInput(f"column {name} has {values.ndim} dimensions; it must have one")


def label_texts(labels: Sequence[object] | None) -> tuple[str, ...]:
    """Return names of studies as texts; none for None.

    Raises
    ------
    InvalidInput
        It is no list of names, or one of them is missing; the message names its row.
    """
    if labels is None:
        return ()
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise InvalidInput(f"labels are {labels!r}; there must be a list of them", hint="Give one name per study.")
    found = tuple(labels)
    for i, label in enumerate(found):
        if label is None or (isinstance(label, float) and math.isnan(label)):  # an empty cell of a table
            raise InvalidInput(f"row {i + 1}, labels is {label!r}", hint="Give every study a name, or no labels.")
    return tuple(map(str, found))


def check(measure: Measure, columns: Columns, *, labels: tuple[str, ...] = ()) -> None:
    """Refuse impossible values.

    Raises
    ------
    InvalidInput
        There are some; the message names the first of them by row, label and column.
    """
    bad = bad_cells(measure, columns, labels=labels)
    if not bad:
        return
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    raise InvalidInput(
        f"{len(bad)} impossible values for {measure.name}: " + "; ".join(map(str, bad[:_NAMED])) + more,
        hint="Correct these rows or leave them out.",
    )


def check_countable(columns: Columns, *, labels: tuple[str, ...] = ()) -> None:
    """Refuse counts, and times, that a likelihood of counts cannot be computed with.

    Raises
    ------
    InvalidInput
        One is above 2^53; the message names its row, label and column.
    """
    for name, values in columns.items():
        for row in np.flatnonzero(values > MOST):
            label = labels[row] if row < len(labels) else ""
            raise InvalidInput(
                str(BadCell(int(row) + 1, name, float(values[row]), "no count of people or events is as large", label)),
                hint="Correct this row or leave it out.",
            )


def bad_cells(measure: Measure, columns: Columns, *, labels: tuple[str, ...] = ()) -> tuple[BadCell, ...]:
    """Return every impossible value of `columns`, by row and then by column; at most one reason for each."""
    roles = {**_ROLES[measure.kind], **_PRINTED}
    found: dict[tuple[int, str], str] = {}

    def note(column: str, bad: Flags, reason: Callable[[int], str] | str) -> None:
        if bad.any():
            for row in np.flatnonzero(bad):
                found.setdefault((int(row), column), reason if isinstance(reason, str) else reason(int(row)))

    for name, values in columns.items():
        note(name, ~np.isfinite(values), "it must be a finite number")
        for test, reason in _CHECKS[roles[name]]:
            note(name, test(values), reason)
        least = measure.least.get(name, 0)
        if least:
            note(name, values < least, f"{measure.name} needs at least {least}")
    for column, bad, why in _across(measure, {name: np.ravel(values) for name, values in columns.items()}):
        note(column, bad, why)
    order = {name: place for place, name in enumerate(columns)}
    return tuple(
        BadCell(row + 1, name, float(np.ravel(columns[name])[row]), reason, labels[row] if row < len(labels) else "")
        for (row, name), reason in sorted(found.items(), key=lambda item: (item[0][0], order[item[0][1]]))
    )


def _across(measure: Measure, c: Columns) -> list[tuple[str, Flags, Callable[[int], str] | str]]:
    """Return what is impossible between columns: column, rows, and why."""
    found: list[tuple[str, Flags, Callable[[int], str] | str]] = []
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite, or too large, has its reason already
        for part, whole in _WITHIN:
            if part in c and whole in c:
                totals = c[whole]
                bad = (totals >= 0) & (totals < c[part])
                found.append((part, bad, lambda row, totals=totals: f"more than the total of {totals[row]:g}"))  # type: ignore[misc]
        if measure.kind in {"proportion", "two-by-two"}:
            for first, second in (("ai", "bi"), ("ci", "di"), ("xi", "mi")):
                if first in c and second in c:
                    empty = (c[first] == 0) & (c[second] == 0)
                    found.append((second, empty, f"with {first} of 0 it makes an empty arm"))
        elif measure.kind in {"pairs", "genotypes"}:
            cells = [c[name] for name in ("ai", "bi", "ci", "di") if name in c]
            found.append(("ai", np.sum(cells, axis=0) == 0, "with all other cells 0 it makes an empty table"))
            if "ri" in c:
                uneven = c["ai"] + c["bi"] != c["ci"] + c["di"]
                found.append(("di", uneven, "the two margins must have as many pairs"))
        if measure.kind == "two-means" and "n1i" in c:
            found.append(("n1i", c["n1i"] + c["n2i"] < _MIN_BOTH, "fewer than 4 in both arms"))
        found += _means(measure, c) + _models(measure, c) + _printed(c)
    return found


def _means(measure: Measure, c: Columns) -> list[tuple[str, Flags, Callable[[int], str] | str]]:
    if measure.name in _RATIOS_OF_MEANS and "m1i" in c:
        reason = "the logarithm of a ratio of means needs two means of the same sign, neither 0"
        return [("m2i" if measure.kind == "change" else "m1i", ~(c["m1i"] * c["m2i"] > 0), reason)]
    if measure.name in _LOGS_OF_MEANS:
        return [("mi", c["mi"] <= 0, "the logarithm of a mean needs a mean above 0")]
    return []


def _models(measure: Measure, c: Columns) -> list[tuple[str, Flags, Callable[[int], str] | str]]:
    if measure.kind != "correlation" or "mi" not in c:
        return []
    left = c["ni"] - c["mi"] - (2 if measure.name == "ZPCOR" else 1)
    found: list[tuple[str, Flags, Callable[[int], str] | str]] = [
        ("ni", left <= 0, f"too few people for {measure.name} in a model with so many predictors")
    ]
    if "ti" in c:
        found.append(("ti", np.abs(c["ti"]) > _MOST_T * np.sqrt(np.maximum(left, 1)), "it makes a correlation of 1"))
    if "r2i" in c:
        usable = np.maximum(left, 1)
        own = c["ri"] ** 2 if "ri" in c else c["ti"] ** 2 * (1 - c["r2i"]) / usable
        found.append(("r2i", own > c["r2i"], f"one predictor alone explains more ({measure.name} squared)"))
    return found


def _printed(c: Columns) -> list[tuple[str, Flags, Callable[[int], str] | str]]:
    ratio, name = ("out" in c), ("out" if "out" in c else "yi")
    if name not in c:
        return []
    found: list[tuple[str, Flags, Callable[[int], str] | str]] = []
    if "ci_lb" in c:
        if ratio:
            found.append(("ci_lb", c["ci_lb"] <= 0, "a bound of a ratio must be above 0"))
        found.append(("ci_ub", c["ci_ub"] <= c["ci_lb"], "the upper bound must be above the lower"))
        outside = (c[name] < c["ci_lb"]) | (c[name] > c["ci_ub"])
        found.append((name, outside, "it lies outside its interval"))
    null = 1.0 if ratio else 0.0
    if "zval" in c or "pval" in c:
        found.append(
            (name, np.abs(c[name] - null) < _LEAST, "an estimate of no effect has no standard error from its test")
        )
    if "zval" in c:
        found.append(("zval", (c[name] - null) * c["zval"] < 0, "its sign is not that of the estimate"))
    return found


def whole_table(measure: Measure, columns: Columns) -> dict[str, FloatArray]:
    """Return the columns that are kept: `xi` and `mi` (non-events) of a proportion become `xi` and `ni`."""
    if measure.kind == "proportion" and "mi" in columns:
        return {"xi": columns["xi"], "ni": columns["xi"] + columns["mi"]}
    return dict(columns)

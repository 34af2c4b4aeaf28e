"""Effect sizes from the text cells of a table, with every bad cell reported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Problem
from stromata.synthesis.effects.columns import bad_cells, choose_columns
from stromata.synthesis.effects.measures import Correction, Measure, VarianceType, get_measure
from stromata.synthesis.effects.sizes import ZeroCells, effect_sizes

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "-"})
"""Cells that say that a value is missing, in lower case."""

_FIRST_ROW = 2
"""Line of the first row, under one line of headings."""


def table_effects(
    rows: Sequence[Mapping[str, str]],
    *,
    measure: str,
    columns: Mapping[str, str],
    lines: Sequence[int] = (),
    label: str | None = None,
    group: str | None = None,
    file: str = "",
    add: float | None = None,
    to: ZeroCells = "only0",
    drop00: bool = False,
    vtype: VarianceType | None = None,
    correct: Correction | None = None,
    ci_level: float = 0.95,
    level: float = 0.95,
) -> tuple[tuple[EffectSize, ...], tuple[Problem, ...]]:
    """Turn rows of text into effect sizes.

    Parameters
    ----------
    rows : as `csv.DictReader` gives them.
    lines : the line of each row in the file, for messages; without it rows stand one a line under one line of headings.
    columns : the measure's column names to the table's, such as ``{"xi": "events", "ni": "total"}``.
    label, group : the table's columns for the study's label and its subgroup. Without a label its line stands in.
    file : named in messages.
    add, to, drop00, vtype, correct, ci_level, level : as `effect_sizes`.

    Returns
    -------
    The effects of the good rows, and one `Problem` per bad cell. A row with a missing, unreadable or impossible cell is
    left out. A cell that begins with ``=`` is a formula: it is reported, never evaluated.

    Raises
    ------
    InvalidInput
        Unknown measure, columns that are not the measure's, a column that the table does not have, as many `lines` as
        there are not rows, or an option that the measure does not have.
    """
    entry = get_measure(measure)
    wanted = choose_columns(entry, columns.keys())
    _check_headings(rows, [columns[name] for name in wanted] + [name for name in (label, group) if name], file)
    if len(lines) not in {0, len(rows)}:
        raise InvalidInput(f"{len(rows)} rows and {len(lines)} lines; there must be one each", hint="Or give none.")
    places = lines if len(lines) else range(_FIRST_ROW, _FIRST_ROW + len(rows))
    problems: dict[int, list[Problem]] = {}
    read: list[tuple[int, Mapping[str, str], list[float]]] = []
    for line, row in zip(places, rows, strict=True):
        cells = [_number(row.get(columns[name]) or "", line=line, column=columns[name], file=file) for name in wanted]
        numbers = [cell for cell in cells if isinstance(cell, float)]
        if len(numbers) == len(wanted):
            read.append((line, row, numbers))
        else:
            problems[len(problems)] = [cell for cell in cells if isinstance(cell, Problem)]
    impossible = _impossible(entry, wanted, read, columns, file=file)
    good = [each for place, each in enumerate(read) if place not in impossible]
    told = sorted(
        (problem for found in (problems, impossible) for each in found.values() for problem in each), key=_line
    )
    if not good:
        return (), tuple(told)
    numeric: dict[str, Any] = {
        name: [numbers[i] for _, _, numbers in good] for i, name in enumerate(wanted)
    }  # Any: ** mixes types
    effects = effect_sizes(
        measure,
        labels=[_text(row, label) or f"line {line}" for line, row, _ in good],
        groups=[_text(row, group) for _, row, _ in good],
        add=add,
        to=to,
        drop00=drop00,
        vtype=vtype,
        correct=correct,
        ci_level=ci_level,
        level=level,
        **numeric,
    )
    return effects, tuple(told)


def _check_headings(rows: Sequence[Mapping[str, str]], needed: Sequence[str], file: str) -> None:
    if not rows:
        return
    there = [name for name in rows[0] if name]  # csv puts surplus cells under None
    missing = [name for name in needed if name not in there]
    if missing:
        raise InvalidInput(
            f"{file or 'the table'} has no column {', '.join(missing)}; it has {', '.join(there)}",
            hint="Name the columns as the first line of the table spells them.",
        )


def _number(text: str, *, line: int, column: str, file: str) -> float | Problem:
    cell = text.strip()
    where = f"{file}: " if file else ""
    if cell.lower() in _MISSING:
        return Problem(
            line, "cell-missing", f"{where}{column} is empty; the row is left out.", "Fill in the value.", column
        )
    if cell.startswith("="):
        return Problem(
            line,
            "cell-formula",
            f"{where}{column} holds the formula {cell!r}; formulas are not evaluated.",
            "Save the table with values instead of formulas.",
            column,
        )
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if "_" in cell or math.isnan(value):
        text = f"{where}{column} is {cell!r}, which is not a number."
        return Problem(line, "cell-not-a-number", text, "Write a plain number with a decimal point.", column)
    return value


def _impossible(
    measure: Measure,
    wanted: tuple[str, ...],
    read: Sequence[tuple[int, Mapping[str, str], list[float]]],
    columns: Mapping[str, str],
    *,
    file: str,
) -> dict[int, list[Problem]]:
    """Return the problems of rows whose numbers cannot be right, by their place in `read`."""
    where = f"{file}: " if file else ""
    numbers = np.array([cells for _, _, cells in read], dtype=np.float64).reshape(len(read), len(wanted))
    found: dict[int, list[Problem]] = {}
    for cell in bad_cells(measure, {name: numbers[:, i] for i, name in enumerate(wanted)}):
        problem = Problem(
            read[cell.row - 1][0],
            "cell-impossible",
            f"{where}{columns[cell.column]} is {cell.value:g}: {cell.reason}.",
            "Correct the value, or leave the row out.",
            columns[cell.column],
        )
        found.setdefault(cell.row - 1, []).append(problem)
    return found


def _line(problem: Problem) -> int:
    return problem.line


def _text(row: Mapping[str, str], column: str | None) -> str:
    return (row.get(column) or "").strip() if column else ""

"""Decisions, resolutions, retrievals and labels of earlier reviews kept in CSV files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stromata import disk, sheets
from stromata.errors import Unreadable
from stromata.model import STAGES, Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table of verdicts: its physical line, the key of the reference, and the cells."""

    line: int
    key: str
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Return the cell, without blanks around it; empty when the column is missing."""
        return self.cells.get(column, "").strip()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes in the column ``reasons``, parted by semicolons."""
        return tuple(part.strip() for part in self["reasons"].split(";") if part.strip())


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a table needs, and which words a column allows."""

    required: tuple[str, ...]
    allowed: Mapping[str, tuple[str, ...]]


DECISIONS: Layout = Layout(
    ("key", "stage", "reviewer", "verdict"), {"stage": STAGES, "verdict": ("include", "exclude", "maybe")}
)
RESOLUTIONS: Layout = Layout(("key", "stage", "verdict"), {"stage": STAGES, "verdict": ("include", "exclude")})
PRIORS: Layout = Layout(("key", "label"), {"label": ("0", "1")})
RETRIEVALS: Layout = Layout(("key", "status"), {"status": ("retrieved", "not-retrieved")})


def read_rows(path: Path, layout: Layout) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """Read a table of verdicts, as `stromata.sheets.read_rows`.

    Returns
    -------
    tuple
        The good rows in order, and one problem for each bad cell, with line and column.

    Raises
    ------
    Unreadable
        No such file, no text, or a required column is missing.
    """
    data = disk.content(path, missing=Unreadable)
    table = sheets.read_rows(data, lambda cells: len({*layout.required} & {cell.strip() for cell in cells}))
    sheets.check_read(str(path), table)
    header = [cell.strip() for cell in table.rows[0][1]] if table.rows else []
    missing = [name for name in layout.required if name not in header]
    if missing:
        raise Unreadable(
            f"{path}: no column {', '.join(missing)}; there are: {', '.join(header) or 'none'}",
            hint=f"The first line must name the columns {', '.join(layout.required)}.",
        )
    rows: list[Row] = []
    problems = list(table.problems)
    for line, cells in table.rows[1:]:
        named = dict(zip(header, cells, strict=False))
        row = Row(line, named.get("key", "").strip(), named)
        bad = list(_check(row, layout))
        problems += bad
        if not bad:
            rows.append(row)
    return tuple(rows), tuple(sorted(problems, key=lambda problem: problem.line))


def _check(row: Row, layout: Layout) -> Iterator[Problem]:
    for column in layout.required:
        if not row[column]:
            yield Problem(row.line, "empty-cell", f"{column} is empty", "Fill the cell or delete the row.", column)
    for column, allowed in layout.allowed.items():
        if row[column] and row[column] not in allowed:
            text = f"{column} is {row[column]!r}; allowed: {', '.join(allowed)}"
            yield Problem(row.line, "unknown-word", text, "Correct the cell.", column)

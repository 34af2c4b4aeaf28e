"""Decisions, resolutions and retrievals kept in CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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
RETRIEVALS: Layout = Layout(("key", "status"), {"status": ("retrieved", "not-retrieved")})


def read_rows(path: Path, layout: Layout) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """Read a table of verdicts.

    Returns
    -------
    tuple
        The good rows in order, and one problem for each bad cell, with line and column.

    Raises
    ------
    Unreadable
        No such file, not UTF-8 text, or a required column is missing.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    for row in _read(path, layout):
        bad = list(_check(row, layout))
        problems += bad
        if not bad:
            rows.append(row)
    return tuple(rows), tuple(problems)


def _read(path: Path, layout: Layout) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [name for name in layout.required if name not in (reader.fieldnames or ())]
            if missing:
                present = ", ".join(reader.fieldnames or ()) or "none"
                raise Unreadable(
                    f"{path}: no column {', '.join(missing)}; there are: {present}",
                    hint=f"The first line must name the columns {', '.join(layout.required)}.",
                )
            for cells in reader:
                texts = {key: value for key, value in cells.items() if isinstance(key, str) and isinstance(value, str)}
                if any(texts.values()):
                    yield Row(reader.line_num, texts.get("key", "").strip(), texts)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not UTF-8 text ({error.reason})", hint="Save the table as CSV in UTF-8.") from error
    except csv.Error as error:
        raise Unreadable(
            f"{path}: not a CSV table ({error})", hint="Check the quotation marks near the end."
        ) from error
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror})", hint="Check the name and its folder.") from error


def _check(row: Row, layout: Layout) -> Iterator[Problem]:
    for column in layout.required:
        if not row[column]:
            yield Problem(row.line, "empty-cell", f"{column} is empty", "Fill the cell or delete the row.", column)
    for column, allowed in layout.allowed.items():
        if row[column] and row[column] not in allowed:
            text = f"{column} is {row[column]!r}; allowed: {', '.join(allowed)}"
            yield Problem(row.line, "unknown-word", text, "Correct the cell.", column)

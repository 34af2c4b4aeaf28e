"""What a result has to say about itself, in the form that all kinds of results share."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import singledispatch
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stromata.errors import InvalidInput

if TYPE_CHECKING:
    from stromata.model import Interval, Synthesis
    from stromata.synthesis.counts.glmm import PooledGlmm
    from stromata.synthesis.pooling.estimates import PooledEstimate

Cell: TypeAlias = float | int | str | bool | None
"""One entry of a table; None where there is none."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; numbers as computed, None where there is none."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> str:
        """Return the table as CSV with a line of headers; numbers with all their digits, empty cells for None."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.headers)
        writer.writerows([["" if cell is None else cell for cell in row] for row in self.rows])
        return out.getvalue()

    def to_markdown(self) -> str:
        """Return the table as Markdown; numbers with four digits that count, an en dash for None."""
        lines = [self.headers, tuple("---" for _ in self.headers), *(map(_shown, row) for row in self.rows)]
        return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.4g}" if math.isfinite(cell) else {math.inf: "∞", -math.inf: "−∞"}.get(cell, "–")
    return str(cell).replace("|", "\\|").replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Row:
    """One line on an estimate: on the analysis scale, then on the natural one; `weight` in percent."""

    term: str
    estimate: float | None = None
    se: float | None = None
    statistic: float | None = None
    df: float | None = None
    p: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    pi_low: float | None = None
    pi_high: float | None = None
    natural: float | None = None
    natural_low: float | None = None
    natural_high: float | None = None
    weight: float | None = None

    @classmethod
    def of(cls, term: str, result: PooledEstimate | PooledGlmm | Synthesis, natural: Interval | None = None) -> Row:
        """Return the line of a result that has one estimate, and of its natural scale where it has one."""
        return cls(
            term,
            result.estimate,
            result.se,
            result.statistic,
            result.df,
            result.p,
            result.ci_low,
            result.ci_high,
            result.pi_low,
            result.pi_high,
            *((natural.estimate, natural.ci_low, natural.ci_high) if natural is not None else ()),
        )


@dataclass(frozen=True, slots=True)
class Account:
    """What a result has to say.

    Attributes
    ----------
    table, r : rows, and lines of R; where they are long, the functions that make them when they are wanted.
    methods, results : paragraphs for a paper.
    coefficients : what was estimated, for JSON.
    """

    table: Table | Callable[[], Table]
    methods: str
    results: str
    r: str | Callable[[], str]
    coefficients: tuple[Row, ...] = ()


@singledispatch
def describe(result: object) -> Account:
    """Return what a result has to say; each family of results adds its kinds.

    Raises
    ------
    InvalidInput
        It is of no kind that is known.
    """
    raise InvalidInput(f"a {type(result).__name__} is no result of a synthesis", hint="Give what pool returned, say.")


_COLUMNS = tuple(each.name for each in fields(Row))


def table_of_rows(rows: Sequence[Row], *, always: Sequence[str] = ("term", "estimate")) -> Table:
    """Return rows as a table, without the columns that are empty in all of them (but for those in `always`)."""
    kept = [name for name in _COLUMNS if name in always or any(getattr(row, name) is not None for row in rows)]
    return Table(tuple(kept), tuple(tuple(_cell(getattr(row, name)) for name in kept) for row in rows))


def table_of_columns(**columns: Iterable[object]) -> Table:
    """Return columns of one length as a table; a number that does not exist (NaN) is None."""
    return Table(
        tuple(columns), tuple(tuple(map(_cell, row)) for row in zip(*columns.values(), strict=True)) if columns else ()
    )


def table_of_records(records: Iterable[object]) -> Table:
    """Return values of one kind as a table of their fields; parts of a field stand as ``field_part``.

    A value that holds arrays gives a row for each place in them. Columns that are empty in all rows are left out.
    """
    rows = [row for record in records for row in _rows_of(_parts(record))]
    names = [
        name for name in dict.fromkeys(chain.from_iterable(rows)) if any(row.get(name) is not None for row in rows)
    ]
    return Table(tuple(names), tuple(tuple(_cell(row.get(name)) for name in names) for row in rows))


def _parts(record: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for each in fields(record):  # type: ignore[arg-type]  # a dataclass
        value = getattr(record, each.name)
        parts = {f"{each.name}_{name}": part for name, part in _parts(value).items()} if is_dataclass(value) else {}
        found |= parts or {each.name: value}
    return found


def _rows_of(parts: dict[str, object]) -> list[dict[str, object]]:
    sizes = {len(value) for value in parts.values() if isinstance(value, np.ndarray)}
    if not sizes:
        return [{name: ", ".join(map(str, v)) or None if isinstance(v, tuple) else v for name, v in parts.items()}]
    columns = {name: list(v) if isinstance(v, np.ndarray | tuple) else [v] * max(sizes) for name, v in parts.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _cell(value: object) -> Cell:
    """Return a value as plain Python has it; None for NaN."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if value is None or isinstance(value, str | int | float) else str(value)

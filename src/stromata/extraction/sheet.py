"""A CSV file as cells that know their line. Nothing in a cell is ever evaluated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stromata.model import Problem
from stromata.sheets import line_ends, plain_name, read_rows

_MOST_NAMED = 10
"""Columns that are named one by one when they cannot be read; the others are counted."""

_NOT_READ = {
    "unknown-column": "more columns are unknown and were not read",
    "duplicate-column": "more columns are there a second time and were not read",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of one cell, without surrounding spaces, and the 1-based line on which the cell begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The header and the other rows of a CSV file; rows without any text are left out."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    problems: tuple[Problem, ...] = ()


def read_sheet(data: bytes, *, names: frozenset[str]) -> Sheet:
    """Return the cells of a CSV file.

    Parameters
    ----------
    data : the bytes of the file: UTF-8, with or without a byte order mark; UTF-16 with one; or GB18030.
    names : column names to expect; the separator (comma, semicolon or tab) is the one that shows most of them.

    Returns
    -------
    Sheet
        With `problems` for rows that are not CSV and for a file that is not UTF-8. The code ``encoding`` is a remark:
        the file was read without loss in another encoding; ``wrong-encoding`` says that it was not read. The header
        is empty when nothing could be read.
    """
    table = read_rows(data, lambda cells: len(names & set(map(plain_name, cells))))
    rows = tuple(_with_lines(cells, line) for line, cells in table.rows)
    return Sheet(rows[0] if rows else (), rows[1:], table.problems)


def column_names(
    header: Sequence[Cell], known: Collection[str], *, passed_over: tuple[str, ...] = ()
) -> tuple[list[str], tuple[Problem, ...]]:
    """Return the name of each column, and problems for those that are not read.

    Parameters
    ----------
    known : the names that there are; of two columns with the same name the first is read.
    passed_over : endings of names that are not read and need no word.

    Returns
    -------
    list of str
        One for each cell of the header; empty for a column that is not read.
    tuple of Problem
        For columns that are unknown or doubled: the first ten of each kind by name, the others by number.
    """
    names: list[str] = []
    found: dict[str, list[Problem]] = {code: [] for code in _NOT_READ}
    for cell in header:
        name = plain_name(cell.text)
        doubled = name in known and name in names
        names.append(name if name in known and not doubled else "")
        if doubled:
            text = f"column {name!r} is there twice; the second was not read"
            found["duplicate-column"].append(Problem(cell.line, "duplicate-column", text, "Keep one.", name))
        elif name and not names[-1] and not (passed_over and name.endswith(passed_over)):
            text = f"column {shortened(cell.text)!r} is unknown and was not read"
            hint = f"The columns are {', '.join(known)}."
            found["unknown-column"].append(Problem(cell.line, "unknown-column", text, hint))
    for code, problems in found.items():
        surplus = len(problems) - _MOST_NAMED
        if surplus > 0:
            problems[_MOST_NAMED:] = [Problem(header[0].line, code, f"{surplus} {_NOT_READ[code]}", problems[0].hint)]
    return names, tuple(problem for problems in found.values() for problem in problems)


def shortened(text: str) -> str:
    """Return a text as a message can hold it."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _with_lines(cells: list[str], line: int) -> tuple[Cell, ...]:
    """Return the cells of a row that begins on `line`; line ends inside a cell move the next one down."""
    found = []
    for cell in cells:
        found.append(Cell(cell.strip(), line))
        line += line_ends(cell)
    return tuple(found)

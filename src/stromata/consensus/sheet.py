"""Tables that people fill in: rows under the names we use, whatever the separator, with every fault at its line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stromata import disk
from stromata.errors import Unreadable
from stromata.model import Problem
from stromata.sheets import ENCODING_HINT, Rows, check_read, read_rows

LONGEST = 60
"""Characters of a cell that a message shows; the rest of a longer one is cut off."""


@dataclass(slots=True)
class Sheet:
    """Rows of a table under the names we use, with the lines on which they begin, and the problems so far."""

    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def report(self, line: int, code: str, text: str, hint: str = "", column: str = "") -> None:
        """Note a fault; its column is named as the table's heading spells it."""
        self.problems.append(Problem(line, code, text, hint, self.columns.get(column, column)))


def folded(name: str) -> str:
    """Return a name without regard to capital letters, width of letters, and spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def cut(text: str) -> str:
    """Return a cell as a message may show it: its beginning, and how long it is where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def read_sheet(source: Path | str | bytes, names: Mapping[str, str], *, needed: tuple[str, ...]) -> Sheet:
    """Read a table.

    Parameters
    ----------
    source : the path of a file, or its text or bytes; as `stromata.sheets.read_rows`.
    names : heading (lower case, underscores) to the name we use; other columns are not looked at.
    needed : names that must be there.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It cannot be opened or decoded, a needed column is missing, or it has no rows.
    """
    where, data = _content(source)
    table = read_rows(data, lambda cells: sum(_plain(cell) in names for cell in cells))
    _check_text(where, table)
    sheet = Sheet(problems=list(table.problems))
    header: list[str] | None = None
    for line, cells in table.rows:
        if header is None:
            header = _header(where, cells, names, needed, sheet)
        elif len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            sheet.report(
                line,
                "row-too-long",
                f"The row has {len(cells)} cells and the table has {len(header)} columns; the row is left out.",
                "Put text that holds the separator in quotation marks.",
            )
        else:
            row = dict.fromkeys(sheet.columns, "")
            row.update((name, cell.strip()) for name, cell in zip(header, cells, strict=False) if name)
            sheet.rows.append((line, row))
    if header is None or not (sheet.rows or any(not problem.is_remark for problem in sheet.problems)):
        columns = ", ".join(dict.fromkeys(names.values()))
        raise Unreadable(f"{where} holds no rows", hint=f"The first line names the columns: {columns}.")
    return sheet


def _content(source: Path | str | bytes) -> tuple[str, str | bytes]:
    return (source.name, disk.content(source)) if isinstance(source, Path) else ("the table", source)


def _check_text(where: str, table: Rows) -> None:
    check_read(where, table)
    if any("\x00" in cell for _, cells in table.rows for cell in cells):
        raise Unreadable(f"{where} is not a text table", hint=ENCODING_HINT)


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFKC", heading).strip().strip('"').casefold())


def _header(where: str, cells: list[str], names: Mapping[str, str], needed: tuple[str, ...], sheet: Sheet) -> list[str]:
    found = [names.get(_plain(cell), "") for cell in cells]
    twice = [cell for cell, name in zip(cells, found, strict=True) if name and found.count(name) > 1]
    if twice:
        raise Unreadable(
            f"{where} has several columns for one thing: {cut(', '.join(twice))}", hint="Keep one of them."
        )
    missing = [name for name in needed if name not in found]
    if missing:
        there = cut(", ".join(cell.strip() for cell in cells))
        raise Unreadable(
            f"{where} has no column {', '.join(missing)}; it has {there}",
            hint=f"The columns are {', '.join(dict.fromkeys(names.values()))}.",
        )
    sheet.columns = {name: cell.strip() for name, cell in zip(found, cells, strict=True) if name}
    return found

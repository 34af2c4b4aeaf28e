"""Statements from a CSV table: what a panel is to vote on, and what each of them rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stromata.consensus.sheet import Sheet, folded, read_sheet
from stromata.model import Problem
from stromata.model.consensus import Statement

STATEMENT_COLUMNS = ("id", "text", "syntheses", "criteria", "proposed_by", "reason")

_NAMES: dict[str, str] = {
    **dict.fromkeys(("id", "statement", "statement_id"), "id"),
    **dict.fromkeys(("text", "wording"), "text"),
    **dict.fromkeys(("syntheses", "synthesis", "evidence"), "syntheses"),
    **dict.fromkeys(("criteria", "criterion"), "criteria"),
    **dict.fromkeys(("proposed_by", "proposer"), "proposed_by"),
    **dict.fromkeys(("reason", "why"), "reason"),
}
_LONGEST_ID = 60
"""Characters of an id: it stands in tables, ballots and commands."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One row: a statement, the line on which it begins, and why it was changed, where the row says so."""

    line: int
    statement: Statement
    reason: str = ""


def read_statements(source: Path | str | bytes) -> tuple[tuple[StatementRow, ...], tuple[Problem, ...]]:
    """Read statements from a CSV table.

    Parameters
    ----------
    source : the path of a file, or its text or bytes. Needed are the columns id and text; syntheses (``plan`` or
        ``plan/condition``), criteria (``standard/criterion``), proposed_by and reason are read where they are. Several
        syntheses or criteria in a cell have semicolons between them. Comma, semicolon or tab between cells.

    Returns
    -------
    tuple of StatementRow
        The good rows in the order of the table. Of several rows with one id the first counts.
    tuple of Problem
        Every fault in the order of lines.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It cannot be opened or decoded, a needed column is missing, or it has no rows.
    """
    sheet = read_sheet(source, _NAMES, needed=("id", "text"))
    found: dict[str, StatementRow] = {}
    for line, row in sheet.rows:
        if not _sound(line, row, sheet):
            continue
        earlier = found.get(folded(row["id"]))
        if earlier is not None:
            same = "the same id" if earlier.statement.id == row["id"] else f"{earlier.statement.id!r}"
            text = f"The id {row['id']!r} stands on line {earlier.line} already, as {same}; the first row counts."
            sheet.report(line, "statement-twice", text, "Give each statement an id of its own.", "id")
            continue
        statement = Statement(
            row["id"],
            row["text"],
            _parts(row.get("syntheses", "")),
            _parts(row.get("criteria", "")),
            row.get("proposed_by", ""),
        )
        found[folded(row["id"])] = StatementRow(line, statement, row.get("reason", ""))
    return tuple(found.values()), tuple(sorted(sheet.problems, key=lambda problem: problem.line))


def _sound(line: int, row: Mapping[str, str], sheet: Sheet) -> bool:
    """Report what a row lacks, and tell whether it can be used."""
    faults = len(sheet.problems)
    if not row["id"]:
        sheet.report(line, "id-missing", "The row has no id; it is left out.", "Give it one, such as S1.", "id")
    elif len(row["id"]) > _LONGEST_ID or re.search(r"[;*\x00-\x1f\x7f]", row["id"]):
        text = f"The id {row['id'][:_LONGEST_ID]!r} cannot be used; the row is left out."
        hint = f"Use at most {_LONGEST_ID} characters, without semicolons, asterisks and line breaks."
        sheet.report(line, "id-invalid", text, hint, "id")
    if not row["text"]:
        text = f"The statement {row['id']!r} has no text; the row is left out."
        sheet.report(line, "text-missing", text, "Write down what the panel is to vote on.", "text")
    return len(sheet.problems) == faults


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in cell.split(";") if part.strip()))

"""Statements from a CSV table: what a panel is to vote on, and what each of them rests on."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stromata.consensus.sheet import Sheet, cut, folded, read_sheet
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
_PARTING = ";,*/\\\"'`"
"""Marks that part ids in tables, stand for all of them, or part the words of a command."""


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


def id_fault(text: str) -> str:
    """Return why a text cannot be the id of a statement or a panel, as the end of a sentence; empty when it can.

    Ids stand in tables, commands and addresses within a page. Letters and digits of any script will do, with spaces,
    full stops, hyphens and the like between them.
    """
    if not text.strip():
        return "is empty"
    if len(text) > _LONGEST_ID:
        return f"has {len(text)} characters; at most {_LONGEST_ID} are allowed"
    for char in text:
        kind = unicodedata.category(char)
        if kind[0] == "C" or (kind[0] == "Z" and char != " "):
            return f"holds the character U+{ord(char):04X}, which cannot be seen"
        if char in _PARTING:
            return f"holds {char}, which parts ids from one another or stands for all"
    if text != " ".join(text.split()):
        return "begins, ends or is parted with more than one space"
    if not any(char.isalnum() for char in text):
        return "holds neither a letter nor a digit"
    if text.startswith("-"):
        return "begins with a hyphen, as the options of a command do"
    return ""


def _sound(line: int, row: Mapping[str, str], sheet: Sheet) -> bool:
    """Report what a row lacks, and tell whether it can be used."""
    faults = len(sheet.problems)
    fault = id_fault(row["id"])
    if not row["id"]:
        sheet.report(line, "id-missing", "The row has no id; it is left out.", "Give it one, such as S1.", "id")
    elif fault:
        text = f"The id {cut(row['id'])!r} {fault}; the row is left out."
        sheet.report(line, "id-invalid", text, "Use letters, digits, full stops and hyphens, such as S1.", "id")
    if not row["text"]:
        text = f"The statement {cut(row['id'])!r} has no text; the row is left out."
        sheet.report(line, "text-missing", text, "Write down what the panel is to vote on.", "text")
    return len(sheet.problems) == faults


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in cell.split(";") if part.strip()))

"""Votes and panels from CSV tables, and the seal of a round."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast, get_args

from stromata.errors import NotFound, Unreadable
from stromata.model import Problem, codec
from stromata.model.consensus import VOTING_ROLES, Interest, Panel, Panellist, PanelRole, Vote

VOTE_COLUMNS = ("statement", "panellist", "round", "vote", "comment")
PANEL_COLUMNS = ("name", "role", "group", "interests", "excluded_from", "declared")

_VOTE_NAMES: dict[str, str] = {
    **dict.fromkeys(("statement", "statement_id", "item", "item_id"), "statement"),
    **dict.fromkeys(("panellist", "panelist", "panel_member", "rater", "expert"), "panellist"),
    **dict.fromkeys(("round", "round_number"), "round"),
    **dict.fromkeys(("vote", "score", "rating"), "vote"),
    **dict.fromkeys(("comment", "comments"), "comment"),
}
_PANEL_NAMES: dict[str, str] = {
    **dict.fromkeys(("name", "panellist", "panelist"), "name"),
    **dict.fromkeys(("role",), "role"),
    **dict.fromkeys(("group", "stakeholder_group", "stakeholder"), "group"),
    **dict.fromkeys(("interests", "interest", "conflicts", "conflicts_of_interest"), "interests"),
    **dict.fromkeys(("excluded_from", "recused_from"), "excluded_from"),
    **dict.fromkeys(("declared", "interests_declared"), "declared"),
}
_UNABLE = frozenset(("u", "unable", "unable to score", "unable-to-score", "uts", "na", "n/a", "cannot score"))
"""Words for "unable to score", in lower case."""

_YES, _NO = frozenset(("yes", "y", "true", "1")), frozenset(("", "no", "n", "false", "0"))
_NO_INTERESTS = frozenset(("none", "no", "nil", "none declared"))
_DELIMITERS = (",", ";", "\t")
_WHOLE = re.compile(r"[+-]?\d{1,300}(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:[.,]\d+)?")
_ENCODING_HINT = "Save the table as “CSV UTF-8”."


def read_votes(
    source: Path | str | bytes, *, panel: Panel | None = None, statements: Collection[str] = ()
) -> tuple[tuple[Vote, ...], tuple[Problem, ...]]:
    """Read votes from a CSV table.

    Parameters
    ----------
    source : the path of a file, or its text or bytes. Needed are the columns statement, panellist and vote; round (1
        when there is no such column) and comment are read where they are. Comma, semicolon or tab between cells.
        A vote is a whole number from 1 to 9, or a word for unable to score: U, unable, NA.
    panel : when given, votes of others, and of members who may not vote, are problems.
    statements : ids of the statements that there are; empty = any.

    Returns
    -------
    tuple of Vote
        The good votes in the order of the table. A name is spelt as the panel spells it, or else as its first row
        does: upper and lower case and spaces do not make another person. Of several votes of one panellist on one
        statement in one round the first counts, and each further one is a problem.
    tuple of Problem
        Every fault in the order of lines.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It cannot be opened or decoded, a needed column is missing, or it has no rows.
    """
    sheet = _read(source, _VOTE_NAMES, needed=("statement", "panellist", "vote"))
    members = {_key(member.name): member for member in panel.members} if panel else None
    names = {key: member.name for key, member in (members or {}).items()}
    votes: list[Vote] = []
    first: dict[tuple[str, str, int], tuple[int, Vote]] = {}
    for line, row in sheet.rows:
        vote = _vote(line, row, sheet)
        if vote is None or not _allowed(line, vote, sheet, members, statements):
            continue
        key = (vote.statement, _key(vote.panellist), vote.round)
        if key in first:
            _report_double(line, vote, first[key], sheet)
            continue
        first[key] = (line, vote)
        votes.append(replace(vote, panellist=names.setdefault(_key(vote.panellist), vote.panellist)))
    return tuple(votes), tuple(sorted(sheet.problems, key=lambda problem: problem.line))


def read_panel(source: Path | str | bytes, *, id: str = "panel") -> tuple[Panel, tuple[Problem, ...]]:  # noqa: A002 - the word that users know it by
    """Read a panel from a CSV table.

    Parameters
    ----------
    source : as for `read_votes`. Needed is the column name; role, group, interests, excluded_from (ids of statements,
        semicolons between; ``*`` for all) and declared (yes or no) are read where they are. An entry under interests,
        ``none`` included, is a declaration.

    Raises
    ------
    NotFound, Unreadable
        As for `read_votes`.
    """
    sheet = _read(source, _PANEL_NAMES, needed=("name",))
    members: dict[str, Panellist] = {}
    for line, row in sheet.rows:
        member = _member(line, row, sheet)
        if member is None:
            continue
        if _key(member.name) in members:
            text = f"{member.name} stands in the panel twice; the first row counts."
            sheet.report(line, "panellist-twice", text, "Remove one of the rows.", "name")
            continue
        members[_key(member.name)] = member
    return Panel(id, members=tuple(members.values())), tuple(sheet.problems)


def seal(votes: Iterable[Vote], *, round_number: int, salts: Iterable[str] = ()) -> str:
    """Return the SHA-256 of the ballots of a round, in hexadecimal; see `stromata.model.codec.round_seal`."""
    return codec.round_seal(votes, round_number=round_number, salts=salts)


def may_vote(member: Panellist, statement: str) -> bool:
    """Tell whether a member of a panel may vote on a statement: by role, and by declared interests."""
    barred = {one for interest in member.interests for one in interest.excludes}
    return member.role in VOTING_ROLES and not barred & {statement, "*"}


# -- rows ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sheet:
    """Rows of a table under the names we use, with the lines on which they begin, and the problems so far."""

    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def report(self, line: int, code: str, text: str, hint: str = "", column: str = "") -> None:
        self.problems.append(Problem(line, code, text, hint, self.columns.get(column, column)))


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _read(source: Path | str | bytes, names: Mapping[str, str], *, needed: tuple[str, ...]) -> _Sheet:
    where, text = _text(source)
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = {mark: sum(_plain(cell) in names for cell in first.split(mark)) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: known[mark])
    sheet = _Sheet()
    header: list[str] | None = None
    for line, cells in _records(text, delimiter, sheet):
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
    if header is None or not (sheet.rows or sheet.problems):
        columns = ", ".join(dict.fromkeys(names.values()))
        raise Unreadable(f"{where} holds no rows", hint=f"The first line names the columns: {columns}.")
    return sheet


def _text(source: Path | str | bytes) -> tuple[str, str]:
    if isinstance(source, str):
        return "the table", source
    if isinstance(source, bytes):
        return "the table", _decoded("the table", source)
    try:
        return source.name, _decoded(source.name, source.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {source}") from error
    except OSError as error:
        raise Unreadable(f"{source} cannot be opened: {error.strerror or error}") from error


def _decoded(where: str, data: bytes) -> str:
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(f"{where} is not UTF-8: line {line} holds other bytes", hint=_ENCODING_HINT) from error
    if "\x00" in text:
        raise Unreadable(f"{where} is not a text table", hint=_ENCODING_HINT)
    return text


def _records(text: str, delimiter: str, sheet: _Sheet) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "Look for a quotation mark that is not closed, or not doubled."
            sheet.report(line, "broken-row", f"The row could not be split into cells ({error}).", hint)
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFKC", heading).strip().strip('"').casefold())


def _header(
    where: str, cells: list[str], names: Mapping[str, str], needed: tuple[str, ...], sheet: _Sheet
) -> list[str]:
    found = [names.get(_plain(cell), "") for cell in cells]
    twice = [cell for cell, name in zip(cells, found, strict=True) if name and found.count(name) > 1]
    if twice:
        raise Unreadable(f"{where} has several columns for one thing: {', '.join(twice)}", hint="Keep one of them.")
    missing = [name for name in needed if name not in found]
    if missing:
        there = ", ".join(cell.strip() for cell in cells)
        raise Unreadable(
            f"{where} has no column {', '.join(missing)}; it has {there}",
            hint=f"The columns are {', '.join(dict.fromkeys(names.values()))}.",
        )
    sheet.columns = {name: cell.strip() for name, cell in zip(found, cells, strict=True) if name}
    return found


# -- votes ---------------------------------------------------------------------------------------------------------


def _vote(line: int, row: Mapping[str, str], sheet: _Sheet) -> Vote | None:
    faulty = False
    for column in ("statement", "panellist"):
        if not row[column]:
            text = f"The row names no {column}; it is left out."
            sheet.report(line, f"{column}-missing", text, f"Fill in the {column}.", column)
            faulty = True
    number = _round(line, row, sheet)
    good, score = _score(line, row["vote"], sheet)
    if faulty or not good or number is None:
        return None
    return Vote(row["statement"], row["panellist"], number, score, row.get("comment", ""))


def _round(line: int, row: Mapping[str, str], sheet: _Sheet) -> int | None:
    if "round" not in row:
        return 1
    cell = unicodedata.normalize("NFKC", row["round"])
    found = re.fullmatch(r"(?:round|r)?\s*(\d{1,3}(?:\.0+)?)", cell, re.IGNORECASE)
    number = int(float(found.group(1))) if found else 0
    if number >= 1:
        return number
    shown = f"is {row['round']!r}" if row["round"] else "is empty"
    text = f"The round {shown}; whole numbers from 1 are allowed. The row is left out."
    sheet.report(line, "round-invalid", text, "Write the number of the round.", "round")
    return None


def _score(line: int, text: str, sheet: _Sheet) -> tuple[bool, int | None]:
    """Return whether the cell holds an answer, and the score, which is None for those unable to score."""
    cell = unicodedata.normalize("NFKC", text).strip()
    if _key(cell).rstrip(".") in _UNABLE:
        return True, None
    if _WHOLE.fullmatch(cell) and 1 <= float(cell) <= 9:
        return True, int(float(cell))
    if not cell:
        hint = "Write U if the panellist was unable to score; remove the row if there was no answer."
        sheet.report(line, "vote-missing", "The vote is empty; the row is left out.", hint, "vote")
        return False, None
    code, what = "vote-not-a-number", "which is no number"
    if _NUMBER.fullmatch(cell):
        whole = float(cell.replace(",", ".")) % 1 == 0
        code, what = ("vote-out-of-range", "not in 1 to 9") if whole else ("vote-not-whole", "not a whole number")
    hint = "Correct it to a whole number from 1 to 9, or write U for unable to score."
    sheet.report(line, code, f"The vote is {text!r}, {what}; the row is left out.", hint, "vote")
    return False, None


def _allowed(
    line: int, vote: Vote, sheet: _Sheet, members: Mapping[str, Panellist] | None, statements: Collection[str]
) -> bool:
    if statements and vote.statement not in statements:
        text = f"There is no statement {vote.statement!r}; the row is left out."
        sheet.report(line, "statement-unknown", text, "Correct the id of the statement.", "statement")
        return False
    if members is None:
        return True
    member = members.get(_key(vote.panellist))
    if member is None:
        text = f"{vote.panellist} is not a member of the panel; the vote is left out."
        sheet.report(line, "panellist-unknown", text, "Correct the name, or add the person to the panel.", "panellist")
        return False
    if not may_vote(member, vote.statement):
        barred = member.role in VOTING_ROLES
        why = "is kept from this statement by a declared interest" if barred else f"does not vote as {member.role}"
        text = f"{member.name} {why}; the vote is left out."
        sheet.report(line, "vote-not-allowed", text, "Remove the vote, or correct the panel.", "panellist")
        return False
    return True


def _report_double(line: int, vote: Vote, before: tuple[int, Vote], sheet: _Sheet) -> None:
    at, earlier = before
    same = "the same vote" if vote.score == earlier.score else "another vote"
    text = (
        f"{vote.panellist} voted on {vote.statement} in round {vote.round} already on line {at}, where {same} stands; "
        "the first counts."
    )
    sheet.report(line, "vote-twice", text, "Keep one of the two rows; ask the panellist which.", "panellist")


# -- panel ---------------------------------------------------------------------------------------------------------


def _member(line: int, row: Mapping[str, str], sheet: _Sheet) -> Panellist | None:
    if not row["name"]:
        sheet.report(line, "name-missing", "The row has no name; it is left out.", "Fill in the name.", "name")
        return None
    role = row.get("role", "").casefold() or "panellist"
    role = "panellist" if role == "panelist" else role
    if role not in get_args(PanelRole):
        text = f"The role is {row['role']!r}; allowed are {', '.join(get_args(PanelRole))}. The row is left out."
        sheet.report(line, "role-unknown", text, "Correct the role.", "role")
        return None
    said = row.get("declared", "").casefold()
    if said not in _YES | _NO:
        text = f"Whether interests were declared is {row['declared']!r}; yes or no are allowed. It is taken for no."
        sheet.report(line, "declared-unclear", text, "Write yes or no.", "declared")
    interest = row.get("interests", "")
    excludes = tuple(part.strip() for part in row.get("excluded_from", "").split(";") if part.strip())
    has = bool(excludes) or (bool(interest) and interest.casefold() not in _NO_INTERESTS)
    interests = (Interest(interest, excludes),) if has else ()
    declared = said in _YES or bool(interest)
    return Panellist(row["name"], cast("PanelRole", role), row.get("group", ""), interests, declared)

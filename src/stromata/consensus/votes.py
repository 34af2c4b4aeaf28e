"""Votes and panels from CSV tables, and the seal of a round."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from stromata.consensus.sheet import Sheet, folded, read_sheet
from stromata.model import Problem, codec
from stromata.model.consensus import VOTING_ROLES, Interest, Panel, Panellist, PanelRole, Round, Vote

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
_WHOLE = re.compile(r"[+-]?\d{1,300}(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:[.,]\d+)?")


def read_votes(
    source: Path | str | bytes,
    *,
    panel: Panel | None = None,
    statements: Collection[str] = (),
    asked: Round | None = None,
) -> tuple[tuple[Vote, ...], tuple[Problem, ...]]:
    """Read votes from a CSV table.

    Parameters
    ----------
    source : the path of a file, or its text or bytes. Needed are the columns statement, panellist and vote; round (1
        when there is no such column) and comment are read where they are. Comma, semicolon or tab between cells.
        A vote is a whole number from 1 to 9, or a word for unable to score: U, unable, NA.
    panel : when given, votes of others, and of members who may not vote, are problems.
    statements : ids of the statements that there are; empty = any.
    asked : the round that is open. Votes of another round, on what it does not ask, or of people whom it did not ask
        are problems then, and a table without the column round is of this one.

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
    sheet = read_sheet(source, _VOTE_NAMES, needed=("statement", "panellist", "vote"))
    members = {folded(member.name): member for member in panel.members} if panel else None
    names = {key: member.name for key, member in (members or {}).items()}
    votes: list[Vote] = []
    first: dict[tuple[str, str, int], tuple[int, Vote]] = {}
    for line, row in sheet.rows:
        vote = _vote(line, row, sheet, asked)
        if vote is None or not _allowed(line, vote, sheet, members, asked.statements if asked else statements):
            continue
        if asked is not None and not _is_asked(line, vote, sheet, asked):
            continue
        key = (vote.statement, folded(vote.panellist), vote.round)
        if key in first:
            _report_double(line, vote, first[key], sheet)
            continue
        first[key] = (line, vote)
        votes.append(replace(vote, panellist=names.setdefault(folded(vote.panellist), vote.panellist)))
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
    sheet = read_sheet(source, _PANEL_NAMES, needed=("name",))
    members: dict[str, Panellist] = {}
    for line, row in sheet.rows:
        member = _member(line, row, sheet)
        if member is None:
            continue
        if folded(member.name) in members:
            text = f"{member.name} stands in the panel twice; the first row counts."
            sheet.report(line, "panellist-twice", text, "Remove one of the rows.", "name")
            continue
        members[folded(member.name)] = member
    return Panel(id, members=tuple(members.values())), tuple(sheet.problems)


def seal(votes: Iterable[Vote], *, round_number: int, salts: Iterable[str] = ()) -> str:
    """Return the SHA-256 of the ballots of a round, in hexadecimal; see `stromata.model.codec.round_seal`."""
    return codec.round_seal(votes, round_number=round_number, salts=salts)


def may_vote(member: Panellist, statement: str) -> bool:
    """Tell whether a member of a panel may vote on a statement: by role, and by declared interests."""
    barred = {one for interest in member.interests for one in interest.excludes}
    return member.role in VOTING_ROLES and not barred & {statement, "*"}


# -- votes ---------------------------------------------------------------------------------------------------------


def _vote(line: int, row: Mapping[str, str], sheet: Sheet, asked: Round | None) -> Vote | None:
    faulty = False
    for column in ("statement", "panellist"):
        if not row[column]:
            text = f"The row names no {column}; it is left out."
            sheet.report(line, f"{column}-missing", text, f"Fill in the {column}.", column)
            faulty = True
    number = asked.number if asked and "round" not in row else _round(line, row, sheet)
    good, score = _score(line, row["vote"], sheet)
    if faulty or not good or number is None:
        return None
    return Vote(row["statement"], row["panellist"], number, score, row.get("comment", ""))


def _round(line: int, row: Mapping[str, str], sheet: Sheet) -> int | None:
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


def _score(line: int, text: str, sheet: Sheet) -> tuple[bool, int | None]:
    """Return whether the cell holds an answer, and the score, which is None for those unable to score."""
    cell = unicodedata.normalize("NFKC", text).strip()
    if folded(cell).rstrip(".") in _UNABLE:
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
    line: int, vote: Vote, sheet: Sheet, members: Mapping[str, Panellist] | None, statements: Collection[str]
) -> bool:
    if statements and vote.statement not in statements:
        text = f"{vote.statement!r} is not among the statements that are voted on; the row is left out."
        sheet.report(line, "statement-unknown", text, "Correct the id of the statement.", "statement")
        return False
    if members is None:
        return True
    member = members.get(folded(vote.panellist))
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


def _is_asked(line: int, vote: Vote, sheet: Sheet, asked: Round) -> bool:
    if vote.round != asked.number:
        text = f"The vote is of round {vote.round}, and round {asked.number} is open; the row is left out."
        hint = "A round that was closed is sealed: it is never changed, only superseded."
        sheet.report(line, "round-not-open", text, hint, "round")
        return False
    if folded(vote.panellist) not in {folded(name) for name in asked.invited}:
        text = f"{vote.panellist} was not asked to vote in round {asked.number}; the vote is left out."
        sheet.report(line, "panellist-not-asked", text, "Remove the vote.", "panellist")
        return False
    return True


def _report_double(line: int, vote: Vote, before: tuple[int, Vote], sheet: Sheet) -> None:
    at, earlier = before
    same = "the same vote" if vote.score == earlier.score else "another vote"
    text = (
        f"{vote.panellist} voted on {vote.statement} in round {vote.round} already on line {at}, where {same} stands; "
        "the first counts."
    )
    sheet.report(line, "vote-twice", text, "Keep one of the two rows; ask the panellist which.", "panellist")


# -- panel ---------------------------------------------------------------------------------------------------------


def _member(line: int, row: Mapping[str, str], sheet: Sheet) -> Panellist | None:
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

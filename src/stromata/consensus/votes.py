"""Votes and panels from CSV tables, and the seal of a round."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from stromata.consensus.sheet import Sheet, cut, folded, read_sheet
from stromata.errors import InvalidInput
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
_WHOLE = re.compile(r"[+-]?\d{1,300}(?:[.,]0+)?")
TAKEN = (
    "Whole numbers from 1 to 9 are taken (7, 7.0, 7,0 and +7 are the same), and for those unable to score U, unable, "
    "NA or n/a."
)
_LONGEST_NAME = 200
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What no name holds: control characters, marks of direction, characters without width, halves of characters."""

_NUMBER = re.compile(r"[+-]?\d{1,300}(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One row of a table of people: a member, and the line on which it begins."""

    line: int
    member: Panellist


def read_votes(
    source: Path | str | bytes,
    *,
    panel: Panel | None = None,
    statements: Collection[str] = (),
    asked: Round | None = None,
    by_hand: Collection[str] = (),
    first_counts: bool = True,
) -> tuple[tuple[Vote, ...], tuple[Problem, ...]]:
    """Read votes from a CSV table.

    Parameters
    ----------
    source : the path of a file, or its text or bytes. Needed are the columns statement, panellist and vote; round (1
        when there is no such column) and comment are read where they are. Comma, semicolon or tab between cells.
        A vote is as `read_score` reads it.
    panel : when given, votes of others, and of members who may not vote, are problems.
    statements : ids of the statements that there are; empty = any.
    asked : the round that is open. Votes of another round, on what it does not ask, or of people whom it did not ask
        are problems then, and a table without the column round is of this one.
    by_hand : names of people who vote themselves in it, and for whom nobody enters votes: each such row is a problem.
    first_counts : whether the first of two different votes of one panellist on one statement counts, or neither.

    Returns
    -------
    tuple of Vote
        The good votes in the order of the table. A name is spelt as the panel spells it, or else as its first row
        does: upper and lower case and spaces do not make another person. Of several votes of one panellist on one
        statement in one round the first counts, if any, and each further one is a problem.
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
    themselves = {folded(name) for name in by_hand}
    votes: dict[tuple[str, str, int], Vote] = {}
    first: dict[tuple[str, str, int], tuple[int, Vote]] = {}
    for line, row in sheet.rows:
        vote = _vote(line, row, sheet, asked)
        if vote is None or not _allowed(line, vote, sheet, members, asked.statements if asked else statements):
            continue
        if asked is not None and not _is_asked(line, vote, sheet, asked):
            continue
        if folded(vote.panellist) in themselves:
            _report_by_hand(line, vote, sheet)
            continue
        key = (vote.statement, folded(vote.panellist), vote.round)
        if key in first:
            _report_double(line, vote, first[key], sheet, first_counts=first_counts)
            if not first_counts and vote.score != first[key][1].score:
                votes.pop(key, None)
            continue
        first[key] = (line, vote)
        votes[key] = replace(vote, panellist=names.setdefault(folded(vote.panellist), vote.panellist))
    return tuple(votes.values()), tuple(sorted(sheet.problems, key=lambda problem: problem.line))


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
    rows, problems = read_members(source)
    return Panel(id, members=tuple(row.member for row in rows)), problems


def read_members(source: Path | str | bytes) -> tuple[tuple[MemberRow, ...], tuple[Problem, ...]]:
    """Read the people of a panel from a CSV table, each with its line; as `read_panel`."""
    sheet = read_sheet(source, _PANEL_NAMES, needed=("name",))
    rows: dict[str, MemberRow] = {}
    for line, row in sheet.rows:
        member = _member(line, row, sheet)
        if member is None:
            continue
        if folded(member.name) in rows:
            text = f"{member.name} stands in the panel twice; the first row counts."
            sheet.report(line, "panellist-twice", text, "Remove one of the rows.", "name")
            continue
        rows[folded(member.name)] = MemberRow(line, member)
    return tuple(rows.values()), tuple(sheet.problems)


def read_score(text: str) -> int | None:
    """Return the score that a text holds; None for a word that says unable to score.

    Raises
    ------
    InvalidInput
        It holds neither. `TAKEN` says what is taken.
    """
    fault, score = _reading(text)
    if fault:
        what = "is empty" if fault == "vote-missing" else f"is {cut(text)!r}, {_FAULTS[fault]}"
        raise InvalidInput(f"the vote {what}", hint=TAKEN)
    return score


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
    shown = f"is {cut(row['round'])!r}" if row["round"] else "is empty"
    text = f"The round {shown}; whole numbers from 1 are allowed. The row is left out."
    sheet.report(line, "round-invalid", text, "Write the number of the round.", "round")
    return None


_FAULTS = {
    "vote-not-a-number": "which is no number",
    "vote-out-of-range": "not in 1 to 9",
    "vote-not-whole": "not a whole number",
}


def _reading(text: str) -> tuple[str, int | None]:
    """Return what is wrong with a vote, as a code, and its score."""
    cell = unicodedata.normalize("NFKC", text).strip()
    if not cell:
        return "vote-missing", None
    if folded(cell).rstrip(".") in _UNABLE:
        return "", None
    if any(unicodedata.category(char) == "No" for char in text):  # ² is an exponent or a note, and no 2
        return "vote-not-a-number", None
    if _WHOLE.fullmatch(cell):
        number = float(cell.replace(",", "."))
        return ("", int(number)) if 1 <= number <= 9 else ("vote-out-of-range", None)
    return ("vote-not-whole" if _NUMBER.fullmatch(cell) else "vote-not-a-number"), None


def _score(line: int, text: str, sheet: Sheet) -> tuple[bool, int | None]:
    """Return whether the cell holds an answer, and the score, which is None for those unable to score."""
    fault, score = _reading(text)
    if fault == "vote-missing":
        hint = "Write U if the panellist was unable to score; remove the row if there was no answer."
        sheet.report(line, fault, "The vote is empty; the row is left out.", hint, "vote")
    elif fault:
        said = f"The vote is {cut(text)!r}, {_FAULTS[fault]}; the row is left out."
        sheet.report(line, fault, said, f"Correct it. {TAKEN}", "vote")
    return not fault, score


def _allowed(
    line: int, vote: Vote, sheet: Sheet, members: Mapping[str, Panellist] | None, statements: Collection[str]
) -> bool:
    if statements and vote.statement not in statements:
        text = f"{cut(vote.statement)!r} is not among the statements that are voted on; the row is left out."
        sheet.report(line, "statement-unknown", text, "Correct the id of the statement.", "statement")
        return False
    if members is None:
        return True
    member = members.get(folded(vote.panellist))
    if member is None:
        text = f"{cut(vote.panellist)} is not a member of the panel; the vote is left out."
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


def _report_by_hand(line: int, vote: Vote, sheet: Sheet) -> None:
    # On what they voted is not told: a refusal must not depend on it, or rows could be tried one by one.
    text = (
        f"{vote.panellist} votes themselves in round {vote.round}: nobody enters votes for them. The row is left out."
    )
    hint = "They can vote, and change their votes, while the round is open."
    sheet.report(line, "vote-there", text, hint, "panellist")


def _report_double(line: int, vote: Vote, before: tuple[int, Vote], sheet: Sheet, *, first_counts: bool) -> None:
    at, earlier = before
    alike = vote.score == earlier.score
    same, counts = ("the same vote" if alike else "another vote"), "the first counts"
    if not (alike or first_counts):
        counts = "neither is kept"
    text = (
        f"{cut(vote.panellist)} voted on {cut(vote.statement)} in round {vote.round} already on line {at}, where "
        f"{same} stands; {counts}."
    )
    sheet.report(line, "vote-twice", text, "Keep one of the two rows; ask the panellist which.", "panellist")


# -- panel ---------------------------------------------------------------------------------------------------------


def _nameable(line: int, name: str, sheet: Sheet) -> bool:
    """Tell whether a text can name a person, and report why not."""
    unseen = _UNSEEN.search(name)
    text = ""
    if unseen:
        text = f"The name {cut(name)!a} holds the character U+{ord(unseen.group()):04X}, which cannot be seen."
    elif len(name) > _LONGEST_NAME:
        text = f"The name {cut(name)!r} is too long; at most {_LONGEST_NAME} characters are allowed."
    if text:
        sheet.report(line, "name-invalid", f"{text} The row is left out.", "Write the name in plain letters.", "name")
    return not text


def _member(line: int, row: Mapping[str, str], sheet: Sheet) -> Panellist | None:
    if not row["name"]:
        sheet.report(line, "name-missing", "The row has no name; it is left out.", "Fill in the name.", "name")
        return None
    if not _nameable(line, row["name"], sheet):
        return None
    role = row.get("role", "").casefold() or "panellist"
    role = "panellist" if role == "panelist" else role
    if role not in get_args(PanelRole):
        text = f"The role is {cut(row['role'])!r}; allowed are {', '.join(get_args(PanelRole))}. The row is left out."
        sheet.report(line, "role-unknown", text, "Correct the role.", "role")
        return None
    said = row.get("declared", "").casefold()
    if said not in _YES | _NO:
        text = (
            f"Whether interests were declared is {cut(row['declared'])!r}; yes or no are allowed. It is taken for no."
        )
        sheet.report(line, "declared-unclear", text, "Write yes or no.", "declared")
    interest = row.get("interests", "")
    excludes = tuple(part.strip() for part in row.get("excluded_from", "").split(";") if part.strip())
    has = bool(excludes) or (bool(interest) and interest.casefold() not in _NO_INTERESTS)
    interests = (Interest(interest, excludes),) if has else ()
    declared = said in _YES or bool(interest)
    return Panellist(row["name"], cast("PanelRole", role), row.get("group", ""), interests, declared)

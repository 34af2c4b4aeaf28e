"""What events about certainty, panels, frames and standards do to the current state.

A round that was closed is sealed: no event can change its votes. A later round of the same number can take its place,
and both stay to be seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from stromata.errors import Conflict, InvalidInput, NotFound
from stromata.model import (
    Ballot,
    BallotCast,
    CertaintyJudged,
    Event,
    EvidenceBasis,
    FrameSet,
    KeptStatement,
    Panel,
    PanelSet,
    RecordChecked,
    Round,
    RoundClosed,
    RoundOpened,
    StandardAdopted,
    StatementDropped,
    StatementReviewed,
    StatementSet,
)
from stromata.model.codec import from_json, round_seal, to_json
from stromata.store import schema
from stromata.store.rows import Row, check_key, next_position, replace_row

T = TypeVar("T")

ConsensusPayload = (
    CertaintyJudged
    | PanelSet
    | StatementSet
    | StatementReviewed
    | StatementDropped
    | RoundOpened
    | BallotCast
    | RoundClosed
    | FrameSet
    | StandardAdopted
    | RecordChecked
)


def apply_to_consensus(connection: Connection, event: Event, payload: ConsensusPayload) -> None:
    """Change what is known of a consensus as `event` says; errors as in `stromata.store.apply.apply`."""
    match payload:
        case CertaintyJudged(judgement=judged):
            _keep(connection, event, schema.certainty, check_key("the synthesis", judged.outcome), judged)
        case PanelSet(panel=panel):
            _keep(connection, event, schema.panels, check_key("the id of the panel", panel.id), panel)
        case StatementSet():
            _set_statement(connection, event, payload)
        case StatementReviewed():
            kept = _statement(connection, event.review, payload.statement)
            _keep_statement(connection, event, replace(kept, basis=payload.basis, reviewed=payload.reason))
        case StatementDropped():
            kept = _statement(connection, event.review, payload.statement)
            _keep_statement(connection, event, replace(kept, dropped=payload.reason))
        case RoundOpened():
            _open(connection, event, payload)
        case BallotCast():
            _cast(connection, event, payload.ballot)
        case RoundClosed():
            _close(connection, event, payload)
        case FrameSet(frame=frame):
            _keep(connection, event, schema.frames, check_key("the id of the frame", frame.id), frame)
        case StandardAdopted(standard=standard):
            _keep(
                connection, event, schema.adopted_standards, check_key("the id of the standard", standard.id), payload
            )
        case RecordChecked():
            _keep(connection, event, schema.record_checks, check_key("the name of the record", payload.name), payload)


def _keep(connection: Connection, event: Event, table: Table, name: str, value: object) -> None:
    """Put a value in the place of the one of the same id, whose position it takes."""
    key = {"review": event.review, "id": name}
    chosen = sa.select(table.c.position).where(table.c.review == event.review, table.c.id == name)
    known = connection.execute(chosen).scalar()
    position = next_position(connection, table, event.review) if known is None else known
    replace_row(connection, table, key, {"position": position, "data": to_json(value)})


def _find(connection: Connection, review: str, table: Table, cls: type[T], name: str) -> T | None:
    text = connection.execute(sa.select(table.c.data).where(table.c.review == review, table.c.id == name)).scalar()
    return None if text is None else from_json(cls, str(text))


# Statements


def _set_statement(connection: Connection, event: Event, payload: StatementSet) -> None:
    name = check_key("the id of the statement", payload.statement.id)
    _require_panel(connection, event.review, payload.panel)
    if not payload.statement.text.strip():
        raise InvalidInput(f"statement {name!r} has no text")
    before = _find(connection, event.review, schema.statements, KeptStatement, name)
    if before is not None and before.panel != payload.panel:
        raise Conflict(f"statement {name!r} belongs to the panel {before.panel!r}", hint="Choose another id.")
    open_now = _open_round(connection, event.review, payload.panel)
    if open_now is not None and name in open_now.statements:
        raise Conflict(
            f"statement {name!r} is being voted on in round {open_now.number}",
            hint="Close the round before you change it.",
        )
    _keep_statement(connection, event, KeptStatement(payload.panel, payload.statement, payload.basis, payload.reason))


def _keep_statement(connection: Connection, event: Event, kept: KeptStatement) -> None:
    _keep(connection, event, schema.statements, kept.statement.id, kept)


def _statement(connection: Connection, review: str, name: str) -> KeptStatement:
    found = _find(connection, review, schema.statements, KeptStatement, name)
    if found is None:
        raise NotFound(f"there is no statement {name!r} in this review")
    return found


def _require_panel(connection: Connection, review: str, name: str) -> Panel:
    found = _find(connection, review, schema.panels, Panel, name)
    if found is None:
        raise NotFound(f"there is no panel {name!r} in this review", hint="Name its people first.")
    return found


# Rounds


def _rounds(connection: Connection, review: str, panel: str) -> list[Round]:
    table = schema.rounds
    rows = sa.select(table.c.data).where(table.c.review == review, table.c.panel == panel)
    texts = connection.execute(rows.order_by(table.c.number, table.c.edition)).scalars()
    return [from_json(Round, str(text)) for text in texts]


def _open_round(connection: Connection, review: str, panel: str) -> Round | None:
    return next((one for one in _rounds(connection, review, panel) if not one.closed), None)


def _keep_round(connection: Connection, event: Event, panel: str, held: Round) -> None:
    key = {"review": event.review, "panel": panel, "number": held.number, "edition": held.edition}
    replace_row(connection, schema.rounds, key, {"data": to_json(held)})


def _open(connection: Connection, event: Event, payload: RoundOpened) -> None:
    members = {member.name for member in _require_panel(connection, event.review, payload.panel).members}
    asked, there = payload.round, _rounds(connection, event.review, payload.panel)
    if any(not one.closed for one in there):
        raise Conflict("a round of this panel is open", hint="Close it first.")
    _check_place(asked, there)
    strangers = [name for name in (*asked.invited, *(one.name for one in asked.people)) if name not in members]
    if strangers or not asked.invited or not asked.statements:
        what = f"{strangers[0]!r} is not on the panel" if strangers else "a round needs people and statements"
        raise InvalidInput(f"round {asked.number} cannot be opened: {what}")
    bases: dict[str, tuple[EvidenceBasis, ...]] = dict(payload.basis)
    texts = []
    for name in asked.statements:
        kept = _statement(connection, event.review, name)
        if kept.panel != payload.panel or kept.dropped:
            raise InvalidInput(f"statement {name!r} was taken out, or belongs to another panel")
        texts.append(kept.statement.text)
        _keep_statement(connection, event, replace(kept, basis=bases.get(name, kept.basis), reviewed=""))
    for one in there:
        if one.number >= asked.number and not one.superseded:
            unfinished = bool(asked.interrupted) and one.seal == asked.interrupted
            _keep_round(connection, event, payload.panel, replace(one, superseded=True, unfinished=unfinished))
    held = replace(asked, opened=event.at, closed="", seal="", superseded=False, unfinished=False, texts=tuple(texts))
    _keep_round(connection, event, payload.panel, held)


def _check_place(asked: Round, there: list[Round]) -> None:
    """Raise unless a round is the next one, or the next edition of one that it names by its seal."""
    current = {one.number: one for one in there if not one.superseded}
    editions = [one.edition for one in there if one.number == asked.number]
    edition = max(editions, default=0) + 1
    before = current.get(asked.number)
    if before is None:
        following = max(current, default=0) + 1
        if (asked.number, asked.edition, asked.supersedes) != (following, edition, ""):
            raise Conflict(f"the next round is {following}, not {asked.number}")
        return
    if asked.supersedes != before.seal or asked.edition != edition:
        raise Conflict(
            f"round {asked.number} was sealed as {before.seal[:12]} and cannot be changed",
            hint="It can be superseded: open it anew with its seal and a reason.",
        )
    if not asked.reason.strip():
        raise InvalidInput(f"round {asked.number} is superseded without a reason", hint="Say why: the report shows it.")


def _cast(connection: Connection, event: Event, ballot: Ballot) -> None:
    held = _open_round(connection, event.review, ballot.panel)
    if held is None or (held.number, held.edition) != (ballot.round, ballot.edition):
        raise Conflict(f"round {ballot.round} is not open", hint="Votes are taken while a round is open.")
    if ballot.panellist not in held.invited:
        raise NotFound(f"{ballot.panellist!r} was not asked to vote in round {held.number}")
    for vote in ballot.votes:
        if vote.statement not in held.statements:
            raise NotFound(f"statement {vote.statement!r} is not part of round {held.number}")
        if vote.score is not None and not 1 <= vote.score <= 9:
            raise InvalidInput(f"the vote on {vote.statement} is {vote.score}; 1 to 9 are allowed")
        if (vote.panellist, vote.round) != (ballot.panellist, held.number):
            raise InvalidInput("a vote on the ballot is of another person or round")
    names = [vote.statement for vote in ballot.votes]
    if len(set(names)) != len(names):
        raise InvalidInput("the ballot holds two votes on one statement")
    key = {"review": event.review, "panel": ballot.panel, "number": held.number, "edition": held.edition}
    key |= {"panellist": check_key("the panellist's name", ballot.panellist)}
    before = _ballot(connection, key)
    earlier = [vote for vote in before.votes if vote.statement not in names] if before else []
    whole = replace(ballot, votes=(*earlier, *ballot.votes))
    replace_row(connection, schema.ballots, key, {"sequence": event.sequence, "data": to_json(whole)})


def _ballot(connection: Connection, key: Row) -> Ballot | None:
    table = schema.ballots
    chosen = sa.select(table.c.data).where(*(table.c[name] == value for name, value in key.items()))
    text = connection.execute(chosen).scalar()
    return None if text is None else from_json(Ballot, str(text))


def _close(connection: Connection, event: Event, payload: RoundClosed) -> None:
    held = _open_round(connection, event.review, payload.panel)
    if held is None or (held.number, held.edition) != (payload.number, payload.edition):
        raise Conflict(f"round {payload.number} is not open")
    table = schema.ballots
    rows = sa.select(table.c.data).where(
        table.c.review == event.review,
        table.c.panel == payload.panel,
        table.c.number == held.number,
        table.c.edition == held.edition,
    )
    ballots = [from_json(Ballot, str(text)) for text in connection.execute(rows).scalars()]
    votes = [vote for ballot in ballots for vote in ballot.votes]
    if round_seal(votes, round_number=held.number, salts=[ballot.salt for ballot in ballots]) != payload.seal:
        raise InvalidInput(f"the seal of round {held.number} does not fit its ballots")
    _keep_round(connection, event, payload.panel, replace(held, closed=event.at, seal=payload.seal))

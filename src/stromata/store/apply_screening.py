"""What events of screening do to the current state: verdicts, settlements, plans, stops, audits and priors."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from stromata.errors import InvalidInput, NotFound
from stromata.model import (
    Audit,
    AuditDrawn,
    ConflictResolved,
    Decision,
    DecisionMade,
    Event,
    PriorsImported,
    Resolution,
    Retrieval,
    RetrievalRecorded,
    ScreeningPlanned,
    ScreeningResumed,
    ScreeningStopped,
    Stop,
)
from stromata.model.codec import to_json
from stromata.store import schema
from stromata.store.rows import batches, check_key, replace_row, require_reference

ScreeningPayload = (
    DecisionMade
    | ConflictResolved
    | RetrievalRecorded
    | ScreeningPlanned
    | ScreeningStopped
    | ScreeningResumed
    | AuditDrawn
    | PriorsImported
)


def apply_to_screening(connection: Connection, event: Event, payload: ScreeningPayload) -> None:
    """Change what is known of screening as `event` says; errors as in `stromata.store.apply.apply`."""
    match payload:
        case DecisionMade():
            _decide(connection, event, payload)
        case ConflictResolved():
            _resolve(connection, event, payload)
        case RetrievalRecorded():
            _retrieve(connection, event, payload)
        case ScreeningPlanned():
            _plan(connection, event, payload)
        case ScreeningStopped():
            _stop(connection, event, payload)
        case ScreeningResumed():
            _resume(connection, event, payload)
        case AuditDrawn():
            _audit(connection, event, payload)
        case PriorsImported():
            _take_priors(connection, event, payload)


def _decide(connection: Connection, event: Event, payload: DecisionMade) -> None:
    require_reference(connection, event.review, payload.reference)
    reviewer = check_key("the reviewer's name", payload.reviewer)
    decision = Decision(
        payload.reference, payload.stage, reviewer, payload.verdict, payload.reasons, payload.note, event.at
    )
    key = {"review": event.review, "stage": payload.stage, "reference": payload.reference, "reviewer": reviewer}
    replace_row(connection, schema.decisions, key, {"sequence": event.sequence, "data": to_json(decision)})


def _resolve(connection: Connection, event: Event, payload: ConflictResolved) -> None:
    require_reference(connection, event.review, payload.reference)
    if payload.verdict == "maybe":
        raise InvalidInput("a conflict cannot be settled by 'maybe'; allowed are 'include' and 'exclude'")
    settled = Resolution(
        payload.reference, payload.stage, event.actor, payload.verdict, payload.reasons, payload.note, event.at
    )
    key = {"review": event.review, "stage": payload.stage, "reference": payload.reference}
    replace_row(connection, schema.resolutions, key, {"sequence": event.sequence, "data": to_json(settled)})


def _retrieve(connection: Connection, event: Event, payload: RetrievalRecorded) -> None:
    require_reference(connection, event.review, payload.reference)
    retrieval = Retrieval(payload.reference, payload.status, payload.note, event.at)
    key = {"review": event.review, "reference": payload.reference}
    replace_row(connection, schema.retrievals, key, {"sequence": event.sequence, "data": to_json(retrieval)})


def _plan(connection: Connection, event: Event, payload: ScreeningPlanned) -> None:
    plan = payload.plan
    _require_references(connection, event.review, (*plan.calibration, *plan.control, *plan.known))
    for person in (*plan.readers, *(name for name, _ in plan.limits)):
        check_key("the name of a reader", person)
    key = {"review": event.review, "stage": plan.stage}
    replace_row(connection, schema.screening_plans, key, {"sequence": event.sequence, "data": to_json(plan)})


def _stop(connection: Connection, event: Event, payload: ScreeningStopped) -> None:
    if not payload.references:
        raise InvalidInput("no reference is left unread: there is nothing to stop")
    _require_references(connection, event.review, payload.references)
    made = Stop(
        payload.stage, event.actor, payload.references, payload.evidence, payload.ranking, payload.reason, event.at
    )
    key = {"review": event.review, "stage": payload.stage}
    replace_row(connection, schema.screening_stops, key, {"sequence": event.sequence, "data": to_json(made)})


def _resume(connection: Connection, event: Event, payload: ScreeningResumed) -> None:
    table = schema.screening_stops
    chosen = (table.c.review == event.review, table.c.stage == payload.stage)
    if connection.execute(table.delete().where(*chosen)).rowcount == 0:
        raise NotFound(f"screening at {payload.stage} was not stopped", hint="There is nothing to take back.")


def _audit(connection: Connection, event: Event, payload: AuditDrawn) -> None:
    if not 0 < len(payload.references) <= payload.frame:
        raise InvalidInput(f"an audit of {len(payload.references)} out of {payload.frame} references cannot be")
    _require_references(connection, event.review, payload.references)
    made = Audit(payload.stage, payload.frame, payload.references, payload.seed, event.at)
    row = {"review": event.review, "sequence": event.sequence, "stage": payload.stage, "data": to_json(made)}
    connection.execute(schema.screening_audits.insert(), row)


def _take_priors(connection: Connection, event: Event, payload: PriorsImported) -> None:
    if not payload.priors:
        raise InvalidInput("no label was taken over")
    for prior in payload.priors:
        if not 0 <= prior.relevance <= 1:
            raise InvalidInput(f"the relevance of {prior.reference} is {prior.relevance:g}; 0 to 1 is allowed")
    _require_references(connection, event.review, [prior.reference for prior in payload.priors])
    for prior in payload.priors:
        key = {"review": event.review, "reference": prior.reference}
        replace_row(connection, schema.screening_priors, key, {"sequence": event.sequence, "data": to_json(prior)})


def _require_references(connection: Connection, review: str, ids: Iterable[str]) -> None:
    """Raise NotFound unless all ids are references now."""
    table = schema.members
    for names in batches(dict.fromkeys(ids)):
        wanted = sa.select(table.c.record).where(
            table.c.review == review, table.c.record.in_(names), table.c.record == table.c.reference
        )
        strangers = set(names) - set(connection.execute(wanted).scalars())
        if strangers:
            raise NotFound(
                f"there is no reference {min(strangers)!r} in this review now",
                hint="It may have been merged into another one since.",
            )

"""What events about studies do to the current state: data, links, extractions, suggestions, appraisals, syntheses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from stromata.errors import InvalidInput, NotFound
from stromata.model import (
    Appraisal,
    AppraisalSettled,
    AppraisalWithdrawn,
    Appraised,
    Arm,
    CohortMarked,
    DataPoint,
    Event,
    ExtractionSettled,
    ExtractionWithdrawn,
    Outcome,
    PublishedClaim,
    ReviewInclusion,
    StudiesLoaded,
    Study,
    StudyExtracted,
    StudyLinked,
    StudyTables,
    StudyUnlinked,
    SuggestionJudged,
    SuggestionsMade,
    SuggestionVerdict,
    SynthesisRun,
)
from stromata.model.codec import to_json
from stromata.store import schema
from stromata.store.rows import Row, batches, check_key, next_position, replace_row

StudyPayload = (
    StudiesLoaded
    | StudyLinked
    | StudyUnlinked
    | CohortMarked
    | SuggestionsMade
    | SuggestionJudged
    | StudyExtracted
    | ExtractionWithdrawn
    | ExtractionSettled
    | Appraised
    | AppraisalWithdrawn
    | AppraisalSettled
    | SynthesisRun
)


def apply_to_studies(connection: Connection, event: Event, payload: StudyPayload) -> None:
    """Change what is known of studies as `event` says; errors as in `stromata.store.apply.apply`."""
    match payload:
        case StudiesLoaded():
            _load(connection, event.review, payload.tables)
        case StudyLinked():
            _set_link(connection, event, payload, linked=1)
        case StudyUnlinked():
            _set_link(connection, event, payload, linked=0)
        case CohortMarked():
            _mark_cohort(connection, event, payload)
        case SuggestionsMade():
            _suggest(connection, event, payload)
        case SuggestionJudged():
            _judge_suggestion(connection, event, payload)
        case StudyExtracted():
            _extract(connection, event, payload)
        case ExtractionWithdrawn():
            key = {"study": payload.study, "extractor": payload.extractor}
            _withdraw(connection, schema.extractions, {"review": event.review} | key)
        case ExtractionSettled():
            _settle_extraction(connection, event, payload)
        case Appraised():
            _appraise(connection, event, payload)
        case AppraisalWithdrawn():
            key = {"tool": payload.tool, "study": payload.study, "result": payload.result}
            key |= {"appraiser": payload.appraiser}
            _withdraw(connection, schema.appraisals, {"review": event.review} | key)
        case AppraisalSettled():
            _settle_appraisal(connection, event, payload)
        case SynthesisRun():
            _synthesise(connection, event.review, payload)


def _load(connection: Connection, review: str, tables: StudyTables) -> None:
    """Add studies and what belongs to them; rows with known ids take the place of those that were there."""
    _store_rows(connection, review, schema.studies, tables.studies)
    studies = _known_ids(connection, review, schema.studies)
    rows: tuple[Arm | Outcome | DataPoint, ...] = (*tables.arms, *tables.outcomes, *tables.data_points)
    for row in rows:
        if row.study not in studies:
            raise InvalidInput(f"{row.id!r} belongs to study {row.study!r}, which is not among the studies")
    _store_rows(connection, review, schema.arms, tables.arms)
    _store_rows(connection, review, schema.outcomes, tables.outcomes)
    arms = _known_ids(connection, review, schema.arms)
    outcomes = _known_ids(connection, review, schema.outcomes)
    for point in tables.data_points:
        if point.arm not in arms:
            raise InvalidInput(f"data point {point.id!r} belongs to arm {point.arm!r}, which is not among the arms")
        if point.outcome not in outcomes:
            raise InvalidInput(
                f"data point {point.id!r} belongs to outcome {point.outcome!r}, which is not among the outcomes"
            )
    _store_rows(connection, review, schema.data_points, tables.data_points)
    _store_rows(connection, review, schema.claims, tables.claims)
    _store_rows(connection, review, schema.inclusions, tables.inclusions)


def _known_ids(connection: Connection, review: str, table: Table) -> dict[str, int]:
    rows = connection.execute(sa.select(table.c.id, table.c.position).where(table.c.review == review))
    return {row.id: row.position for row in rows}


def _store_rows(
    connection: Connection,
    review: str,
    table: Table,
    rows: Sequence[Study | Arm | Outcome | DataPoint | PublishedClaim | ReviewInclusion],
) -> None:
    """Add rows; those with a known id take the place, and keep the position, of the row that was there."""
    known = _known_ids(connection, review, table)
    following = max(known.values(), default=0) + 1
    values: dict[str, Row] = {}
    for row in rows:
        if row.id in values:
            raise InvalidInput(f"the id {row.id!r} stands twice among the {table.name}; ids must differ")
        check_key(f"an id among the {table.name}", row.id)
        position = known.get(row.id)
        if position is None:
            position, following = following, following + 1
        values[row.id] = {"review": review, "id": row.id, "position": position, "data": to_json(row)}
    for ids in batches(name for name in values if name in known):
        connection.execute(table.delete().where(table.c.review == review, table.c.id.in_(ids)))
    for batch in batches(values.values()):
        connection.execute(table.insert(), batch)


def _synthesise(connection: Connection, review: str, payload: SynthesisRun) -> None:
    """Put the result of a plan in the place of the earlier one."""
    table = schema.syntheses
    plan = check_key("the plan of a synthesis", payload.synthesis.plan)
    known = connection.execute(
        sa.select(table.c.position).where(table.c.review == review, table.c.plan == plan)
    ).scalar()
    position = next_position(connection, table, review) if known is None else known
    replace_row(
        connection, table, {"review": review, "plan": plan}, {"position": position, "data": to_json(payload.synthesis)}
    )


# Which references describe a study, and which studies share patients


def _set_link(connection: Connection, event: Event, payload: StudyLinked | StudyUnlinked, *, linked: int) -> None:
    _require_study(connection, event.review, payload.study)
    key = {
        "review": event.review,
        "study": payload.study,
        "link": check_key("the key of the reference", payload.key),
    }
    values: Row = {"sequence": event.sequence, "linked": linked, "reason": payload.reason}
    replace_row(connection, schema.study_links, key, values)


def _mark_cohort(connection: Connection, event: Event, payload: CohortMarked) -> None:
    """Say that studies may share patients, or that they do not."""
    if not payload.studies:
        raise InvalidInput("a cohort names no studies")
    if payload.cohort:
        check_key("the name of the cohort", payload.cohort)
    for study in payload.studies:
        _require_study(connection, event.review, study)
        key = {"review": event.review, "study": study}
        values: Row = {"sequence": event.sequence, "cohort": payload.cohort, "reason": payload.reason}
        replace_row(connection, schema.study_cohorts, key, values)


def _require_study(connection: Connection, review: str, study: str) -> None:
    table = schema.studies
    known = sa.select(table.c.id).where(table.c.review == review, table.c.id == study)
    if connection.execute(known).first() is None:
        raise NotFound(f"there is no study {study!r} in this review", hint="`stromata studies` lists them.")


# Suggestions, extractions


def _suggest(connection: Connection, event: Event, payload: SuggestionsMade) -> None:
    """Keep what a program proposed."""
    key = {"review": event.review, "id": check_key("the id of the suggestions", payload.run.id)}
    replace_row(connection, schema.suggestion_runs, key, {"sequence": event.sequence, "data": to_json(payload.run)})


def _judge_suggestion(connection: Connection, event: Event, payload: SuggestionJudged) -> None:
    """Keep what a person made of a suggestion."""
    table = schema.suggestion_runs
    known = sa.select(table.c.id).where(table.c.review == event.review, table.c.id == payload.run)
    if connection.execute(known).first() is None:
        raise NotFound(f"there are no suggestions {payload.run!r} in this review")
    verdict = SuggestionVerdict(
        payload.run, payload.number, payload.verdict, event.actor, event.at, payload.value, payload.note
    )
    key = {"review": event.review, "run": payload.run, "number": payload.number}
    values: Row = {"sequence": event.sequence, "data": to_json(verdict)}
    replace_row(connection, schema.suggestion_verdicts, key, values)


def _extract(connection: Connection, event: Event, payload: StudyExtracted) -> None:
    """Keep one person's extraction of one study in the place of their earlier one."""
    extraction = payload.extraction
    key = {
        "review": event.review,
        "study": check_key("the id of the study", extraction.study),
        "extractor": check_key("the extractor's name", extraction.extractor),
    }
    replace_row(connection, schema.extractions, key, {"sequence": event.sequence, "data": to_json(extraction)})


def _settle_extraction(connection: Connection, event: Event, payload: ExtractionSettled) -> None:
    """Keep what an adjudicator took for fields on which two extractors differ."""
    for item in payload.settlements:
        key = {
            "review": event.review,
            "study": check_key("the id of the study", item.study),
            "level": item.answer.level,
            "subject": item.answer.subject and check_key("the subject of a field", item.answer.subject),
            "field": check_key("the field", item.answer.field),
        }
        settled = replace(item, adjudicator=event.actor)
        replace_row(connection, schema.settlements, key, {"sequence": event.sequence, "data": to_json(settled)})


def _withdraw(connection: Connection, table: Table, key: Row) -> None:
    chosen = (table.c[name] == value for name, value in key.items())
    if connection.execute(table.delete().where(*chosen)).rowcount == 0:
        listed = ", ".join(str(value) for name, value in key.items() if name != "review" and value)
        raise NotFound(f"there is nothing to withdraw: {listed}")


# Appraisals


def _appraise(connection: Connection, event: Event, payload: Appraised) -> None:
    """Keep one person's appraisal in the place of their earlier one."""
    key = _appraised(event, payload.appraisal) | {
        "appraiser": check_key("the appraiser's name", payload.appraisal.appraiser)
    }
    values: Row = {"sequence": event.sequence, "data": to_json(payload.appraisal)}
    replace_row(connection, schema.appraisals, key, values)


def _settle_appraisal(connection: Connection, event: Event, payload: AppraisalSettled) -> None:
    """Keep the consensus of an appraisal in the place of the earlier one."""
    values: Row = {"sequence": event.sequence, "data": to_json(payload.appraisal)}
    replace_row(connection, schema.settled_appraisals, _appraised(event, payload.appraisal), values)


def _appraised(event: Event, appraisal: Appraisal) -> Row:
    return {
        "review": event.review,
        "tool": check_key("the tool", appraisal.tool),
        "study": check_key("the study", appraisal.study),
        "result": appraisal.result and check_key("the result", appraisal.result),
    }

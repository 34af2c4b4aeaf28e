"""The report: everything a review holds at one point of its log, gathered and rendered; and exports of its parts."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from stromata import __version__, clinical, formats, reporting
from stromata.errors import InvalidInput
from stromata.model import (
    Problem,
    PublishedClaim,
    Record,
    Reference,
    ReviewProtocol,
    Stage,
    StudyTables,
    Synthesis,
    codec,
)
from stromata.progress import Progress, silent
from stromata.review import report_parts as parts
from stromata.review.advice import advice_sections
from stromata.review.board import Board
from stromata.review.certainty import findings_sections, hold
from stromata.review.extraction import field_agreement
from stromata.review.flow import count_flow, flow
from stromata.review.frames import frame_sections
from stromata.review.history import events
from stromata.review.panel_results import panel_sections
from stromata.review.practice import study_checks, team_standards
from stromata.review.project import Project
from stromata.review.references import combined, find_by_key, references
from stromata.review.rules import require
from stromata.review.sensitivity import sensitivity_sections
from stromata.review.synthesis import study_references
from stromata.screening import Standing, agreement
from stromata.sheets import guarded
from stromata.store import Snapshot


def report_html(project: Project, *, progress: Progress = silent) -> str:
    """Return the report as one self-contained HTML page.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    progress(0, 2, "gathering")
    content = report_content(project)
    progress(1, 2, "drawing")
    text = reporting.render(content)
    progress(2, 2, "done")
    return text


def report_content(project: Project) -> reporting.ReportContent:
    """Gather what the report shows, from one consistent view of the review.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    found = _held(project)
    return replace(
        found,
        advice=tuple(advice_sections(found.syntheses)),
        sensitivity=tuple(sensitivity_sections(found.syntheses)),
    )


def _held(project: Project) -> reporting.ReportContent:
    """Gather what the review holds, without what is computed anew from its results: exports need none of that."""
    at = project.clock()
    with project.store.snapshot(project.id) as view:
        require(project, view, "write reports")
        info, protocol, tables, results = view.info(), view.protocol(), view.tables(), view.syntheses()
        mappings = clinical.harmonise(tables.outcomes, protocol)
        board = Board(view)
        standings = board.standings()
        links = study_references(view)
        known = {item.id: item for item in combined(view)}
        passed = {id_ for id_, item in standings["full-text"].items() if item.state == "included"}
        cited = passed | _excluded(standings["full-text"]) | _claiming(view, tables) | parts.overlapping(tables, view)
        shown = _included_tables(tables, links, passed)
        panels = panel_sections(view, protocol)
        held = hold(view, protocol, tables)
        head = next(view.events(after=info.events - 1)).hash
        return reporting.ReportContent(
            title=info.title,
            generated_at=at,
            version=__version__,
            head_hash=head,
            events=info.events,
            flow=count_flow(view),
            protocol=protocol,
            sources=view.sources(),
            references=tuple(item for id_, item in known.items() if id_ in cited),
            included=tuple(id_ for id_ in known if id_ in passed),
            excluded=tuple(_excluded_reports(standings["full-text"], known, protocol)),
            tables=shown,
            syntheses=_in_plan_order(results, protocol),
            claims=tuple(_compare(claim, results, tables, protocol) for claim in tables.claims),
            agreement=tuple(_agreement(standings)),
            stopped=tuple(_stopped(board, standings)),
            notes=tuple(_notes(view, protocol, tables, passed - set().union(*links.values()))),
            doses=parts.arm_doses(shown),
            mappings=tuple(item for item in mappings if item.outcome in {outcome.id for outcome in shown.outcomes}),
            appraisals=parts.appraisal_sections(view, tables, mappings, protocol),
            map_labels=parts.map_labels(protocol, shown),
            reviews=parts.published_reviews(view, tables),
            cohorts=tuple(parts.cohort_reasons(shown)),
            extraction_agreement=field_agreement(view),
            automation=parts.automation(view),
            answers=tuple(parts.own_answers(view, protocol)),
            findings=findings_sections(held),
            frames=frame_sections(view, held),
            panels=panels,
            study_checks=study_checks(view, protocol, shown),
            record_checks=view.record_checks(),
            team_standards=team_standards(view, [item for panel in panels for item in panel.statements]),
        )


def export(project: Project, what: str, *, to: str = "ris") -> str:
    """Return a part of the review as text: what `write_export` writes, but for formats that are no text.

    Raises
    ------
    InvalidInput
        There is no such part, or no format of that name that is text.
    """
    if what in _BIBLIOGRAPHIES and any(form.name == to and form.write_binary for form in formats.FORMATS):
        raise InvalidInput(f"format {to!r} is no text", hint="Use write_export, which writes to a stream of bytes.")
    out = io.BytesIO()
    write_export(project, what, out, to=to)
    return out.getvalue().decode("utf-8")


def write_export(project: Project, what: str, stream: BinaryIO, *, to: str = "ris") -> None:
    """Write a part of the review to a stream of bytes; text is UTF-8.

    Parameters
    ----------
    what : ``references`` or ``included`` (in the format `to`), ``studies`` or ``data`` (CSV), ``flow``,
        ``appraisals``, ``evidence-map``, ``overlap``, ``findings``, ``statements``, ``votes`` (counts, never names),
        ``checks`` or ``record-checks`` (CSV), ``log`` (JSON lines).
    to : a format that `stromata.formats.write` knows, such as ``ris`` or ``xlsx``.

    Raises
    ------
    InvalidInput
        There is no such part or format; nothing has been written then.
    """
    if what in _BIBLIOGRAPHIES:
        formats.write(_BIBLIOGRAPHIES[what](project), to, stream)
        return
    if what not in _TEXTS:
        raise InvalidInput(f"{what!r} cannot be exported; there are: {', '.join((*_BIBLIOGRAPHIES, *_TEXTS))}")
    stream.write(_TEXTS[what](project).encode())


def _all_records(project: Project) -> Iterator[Record]:
    return (item.merged for item in references(project))


def _included_records(project: Project) -> Iterator[Record]:
    with project.store.snapshot(project.id) as view:
        passed = {id_ for id_, item in Board(view).standings()["full-text"].items() if item.state == "included"}
    return (item.merged for item in references(project) if item.id in passed)


def _flow_csv(project: Project) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("key", "stage", "column", "box", "label", "n"))
    writer.writerows(
        (row.key, row.stage, row.column, row.box, guarded(row.label), row.n)
        for row in reporting.flow_table(flow(project))
    )
    return out.getvalue()


_BIBLIOGRAPHIES: dict[str, Callable[[Project], Iterator[Record]]] = {
    "references": _all_records,
    "included": _included_records,
}
"""Parts that are references, to be written in any format of `stromata.formats`."""

_TEXTS: dict[str, Callable[[Project], str]] = {
    "studies": lambda project: reporting.studies_csv(_held(project)),
    "data": lambda project: reporting.data_points_csv(_held(project)),
    "flow": _flow_csv,
    "appraisals": lambda project: reporting.appraisals_csv(_held(project)),
    "evidence-map": lambda project: reporting.evidence_map_csv(_held(project)),
    "overlap": lambda project: reporting.overlap_csv(_held(project)),
    "findings": lambda project: reporting.findings_csv(_held(project).findings),
    "statements": lambda project: reporting.statements_csv(_held(project)),
    "votes": lambda project: reporting.votes_csv(_held(project)),
    "checks": lambda project: reporting.checks_csv(_held(project).study_checks),
    "record-checks": lambda project: reporting.record_checks_csv(_held(project).record_checks),
    "log": lambda project: "".join(codec.to_json(entry) + "\n" for entry in events(project)),
}
"""Parts that have a format of their own."""


def _excluded(full_text: dict[str, Standing]) -> set[str]:
    return {id_ for id_, item in full_text.items() if item.state == "excluded"}


def _claiming(view: Snapshot, tables: StudyTables) -> set[str]:
    return {view.reference_of(record) for claim in tables.claims for record in find_by_key(view, claim.review)}


def _excluded_reports(
    full_text: dict[str, Standing], known: dict[str, Reference], protocol: ReviewProtocol
) -> Iterator[reporting.ExcludedReport]:
    words = {reason.code: reason.text for reason in protocol.reasons}
    for id_, item in full_text.items():
        if item.state == "excluded":
            notes = [item.resolution.note] if item.resolution else [given.note for given in item.decisions]
            yield reporting.ExcludedReport(
                reference=known[id_],
                reason=words.get(item.counted_reason, item.counted_reason or "no reason given"),
                note="; ".join(dict.fromkeys(note for note in notes if note)),
            )


def _included_tables(tables: StudyTables, links: dict[str, set[str]], passed: set[str]) -> StudyTables:
    """Return the tables without studies that are not included: they are in the log, but not in the report's numbers."""
    kept = {study.id for study in tables.studies if links[study.id] & passed}
    return StudyTables(
        studies=tuple(item for item in tables.studies if item.id in kept),
        arms=tuple(item for item in tables.arms if item.study in kept),
        outcomes=tuple(item for item in tables.outcomes if item.study in kept),
        data_points=tuple(item for item in tables.data_points if item.study in kept),
        claims=tables.claims,
        inclusions=tables.inclusions,
    )


def _in_plan_order(results: tuple[Synthesis, ...], protocol: ReviewProtocol) -> tuple[Synthesis, ...]:
    order = [plan.id for plan in protocol.plans]
    return tuple(sorted((item for item in results if item.plan in order), key=lambda item: order.index(item.plan)))


def _compare(
    claim: PublishedClaim, results: tuple[Synthesis, ...], tables: StudyTables, protocol: ReviewProtocol
) -> reporting.ClaimComparison:
    """Set a published figure beside the result of the plan that asks the same, or say why there is none."""
    planned = {plan.id for plan in protocol.plans}
    found = next((item for item in results if item.plan == claim.plan and item.plan in planned), None)
    if found is None:
        why = claim.why_not or (f"Plan {claim.plan} has not been computed." if claim.plan else "No plan asks this.")
        return reporting.ClaimComparison(claim, why_not=why)
    plan = next(item for item in protocol.plans if item.id == found.plan)
    if not plan.by_condition:
        return reporting.ClaimComparison(claim, found.id, "", found, claim.why_not)
    label = next((item.label for item in protocol.conditions if item.id == claim.condition), claim.condition)
    part = dict(found.subgroups).get(label)
    why = claim.why_not or ("" if part else _nothing(found, claim, tables))
    return reporting.ClaimComparison(claim, found.id, label, part, why)


def _nothing(found: Synthesis, claim: PublishedClaim, tables: StudyTables) -> str:
    of_condition = {study.id for study in tables.studies if study.condition == claim.condition}
    reasons = Counter(item.text for item in found.left_out if item.study in of_condition)
    if not reasons:
        return "What was read of the included studies of this disease does not report this outcome."
    listed = " ".join(f"{text} ({n} {'result' if n == 1 else 'results'})" for text, n in reasons.most_common())
    return f"No included study of this disease gives numbers that may be pooled. {listed}"


def _agreement(standings: dict[Stage, dict[str, Standing]]) -> Iterator[reporting.Agreement]:
    for stage, found in standings.items():
        complete = [item for item in found.values() if item.decisions and item.state != "open"]
        pairs = agreement((decision for item in complete for decision in item.decisions), stage=stage)
        conflicts = sum(item.resolution is not None or item.state == "conflict" for item in complete)
        for pair in pairs:
            yield reporting.Agreement(stage, pair.n, pair.observed, pair.kappa, conflicts)


def _stopped(board: Board, standings: dict[Stage, dict[str, Standing]]) -> Iterator[reporting.StoppedStage]:
    for stage, stop in board.stops.items():
        left = sum(item.state == "unread" for item in standings[stage].values())
        if left:
            yield reporting.StoppedStage(stop, left)


def _notes(view: Snapshot, protocol: ReviewProtocol, tables: StudyTables, unlinked: set[str]) -> Iterator[str]:
    if protocol.about:
        yield protocol.about
    if unlinked:
        yield f"{len(unlinked)} included references are not linked to any extracted study yet."
    problems: list[Problem] = [problem for source in view.sources() for problem in source.problems]
    if problems:
        yield f"{len(problems)} entries or lines of the imported files had problems; the search log names them."
    unread = [study.id for study in tables.studies if not any(p.study == study.id for p in tables.data_points)]
    if unread:
        yield f"{len(unread)} studies are in the review without usable data: {', '.join(unread)}."

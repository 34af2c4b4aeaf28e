"""The log as people may read it: every event, with verdicts sealed until blinding is lifted."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.model import Appraised, BallotCast, DecisionMade, Event, StudyExtracted, SuggestionJudged, codec
from stromata.review.appraisal import AppraisalKey, finished_appraisals
from stromata.review.board import Board
from stromata.review.extraction import finished_extractions
from stromata.review.project import Project
from stromata.review.rules import may_see_names, require_insider
from stromata.store import Snapshot


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event as it may be shown.

    Attributes
    ----------
    payload : what happened, as plain data; of what is sealed only who wrote it, and about what.
    sealed : somebody else's verdict, extraction, appraisal or ballot, hidden because it is still blind.
    """

    sequence: int
    at: str
    actor: str
    kind: str
    version: int
    payload: dict[str, object]
    previous: str
    hash: str
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class _Blinding:
    """What is still blind at this moment of the review, got once for all events.

    Attributes
    ----------
    appraised, extracted : what waits for nobody. `runs` : suggestions by id, with the study that they are about.
    named : panels, rounds and editions whose ballots the actor may see with names.
    """

    view: Snapshot
    board: Board
    appraised: frozenset[AppraisalKey]
    extracted: frozenset[str]
    runs: dict[str, str]
    named: frozenset[tuple[str, int, int]]


def _blinding(view: Snapshot, actor: str) -> _Blinding:
    return _Blinding(
        view,
        Board(view),
        finished_appraisals(view),
        finished_extractions(view),
        {run.id: run.about for run in view.suggestion_runs()},
        frozenset(
            (panel.id, held.number, held.edition)
            for panel in view.panels()
            if may_see_names(view, panel, actor)
            for held in view.rounds(panel.id)
            if held.closed and not held.unfinished
        ),
    )


def _sealed(event: Event, now: _Blinding, actor: str) -> dict[str, object] | None:
    """Return what `actor` may see of somebody else's work that is still blind; None when all of it may be seen.

    Votes of a panel stay anonymous to peers for good.
    """
    owner, blind = event.actor, False
    shown: dict[str, object] = {}
    match event.payload:
        case DecisionMade() as given:
            owner, shown = (
                given.reviewer,
                {"reference": given.reference, "stage": given.stage, "reviewer": given.reviewer},
            )
            blind = now.board.standing(now.view.reference_of(given.reference), given.stage).state == "open"
        case StudyExtracted(extraction=item):
            owner, shown = item.extractor, {"study": item.study, "extractor": item.extractor}
            blind = item.study not in now.extracted
        case SuggestionJudged() as judged:
            shown = {"run": judged.run, "number": judged.number}
            about = now.runs.get(judged.run, "")
            blind = bool(about) and about not in now.extracted
        case Appraised(appraisal=made):
            owner = made.appraiser
            shown = {"tool": made.tool, "study": made.study, "result": made.result, "appraiser": made.appraiser}
            blind = (made.tool, made.study, made.result) not in now.appraised
        case BallotCast(ballot=cast):
            owner, shown = (
                cast.panellist,
                {
                    "panel": cast.panel,
                    "round": cast.round,
                    "edition": cast.edition,
                    "panellist": cast.panellist,
                    "votes": len(cast.votes),
                },
            )
            blind = (cast.panel, cast.round, cast.edition) not in now.named
    return shown if blind and owner != actor else None


def events(project: Project, *, last: int = 0) -> tuple[LogEntry, ...]:
    """Return the newest events of the log, oldest first; all of them for ``last=0``.

    Verdicts of others stay sealed while the reference still waits for verdicts.

    Raises
    ------
    NotAllowed
        The actor has no role in the review and sits on none of its panels.
    """
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "read its log")
        now = _blinding(view, project.actor)
        after = max(0, view.info().events - last) if last else 0
        return tuple(_entry(event, now, project.actor) for event in view.events(after=after))


def _entry(event: Event, now: _Blinding, actor: str) -> LogEntry:
    payload = event.payload
    part = _sealed(event, now, actor)
    shown: dict[str, object] = codec.to_data(payload) if part is None else part
    return LogEntry(
        event.sequence,
        event.at,
        event.actor,
        payload.kind,
        payload.version,
        shown,
        event.previous,
        event.hash,
        sealed=part is not None,
    )

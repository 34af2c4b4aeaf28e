"""The log as people may read it: every event, with verdicts sealed until blinding is lifted."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.model import Appraised, DecisionMade, Event, StudyExtracted, SuggestionJudged, codec
from stromata.review.appraisal import is_open
from stromata.review.board import Board
from stromata.review.extraction import is_sealed
from stromata.review.project import Project
from stromata.store import Snapshot


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event as it may be shown.

    Attributes
    ----------
    payload : what happened, as plain data; of what is sealed only who wrote it, and about what.
    sealed : somebody else's verdict, extraction or appraisal, hidden because not all of those asked for are in.
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


def _sealed(event: Event, view: Snapshot, board: Board, actor: str) -> dict[str, object] | None:
    """Return what `actor` may see of somebody else's work that is still blind; None when all of it may be seen."""
    owner, blind = event.actor, False
    shown: dict[str, object] = {}
    match event.payload:
        case DecisionMade() as given:
            owner, shown = (
                given.reviewer,
                {"reference": given.reference, "stage": given.stage, "reviewer": given.reviewer},
            )
            blind = board.standing(view.reference_of(given.reference), given.stage).state == "open"
        case StudyExtracted(extraction=item):
            owner, shown = item.extractor, {"study": item.study, "extractor": item.extractor}
            blind = is_sealed(view, item.study)
        case SuggestionJudged() as judged:
            shown = {"run": judged.run, "number": judged.number}
            about = next((run.about for run in view.suggestion_runs() if run.id == judged.run), "")
            blind = bool(about) and is_sealed(view, about)
        case Appraised(appraisal=made):
            owner = made.appraiser
            shown = {"tool": made.tool, "study": made.study, "result": made.result, "appraiser": made.appraiser}
            blind = is_open(view, made)
    return dict(shown) if blind and owner != actor else None


def events(project: Project, *, last: int = 0) -> tuple[LogEntry, ...]:
    """Return the newest events of the log, oldest first; all of them for ``last=0``.

    Verdicts of others stay sealed while the reference still waits for verdicts.
    """
    with project.store.snapshot(project.id) as view:
        board = Board(view)
        after = max(0, view.info().events - last) if last else 0
        return tuple(_entry(event, view, board, project.actor) for event in view.events(after=after))


def _entry(event: Event, view: Snapshot, board: Board, actor: str) -> LogEntry:
    payload = event.payload
    part = _sealed(event, view, board, actor)
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

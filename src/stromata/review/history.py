"""The log as people may read it: every event, with verdicts sealed until blinding is lifted."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.model import DecisionMade, Event, codec
from stromata.review.board import Board
from stromata.review.project import Project
from stromata.store import Snapshot


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event as it may be shown.

    Attributes
    ----------
    payload : what happened, as plain data; of a sealed verdict only reference, stage and reviewer.
    sealed : the verdict is hidden, because not all verdicts on the reference are in and it is somebody else's.
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
    sealed = (
        isinstance(payload, DecisionMade)
        and payload.reviewer != actor
        and board.standing(view.reference_of(payload.reference), payload.stage).state == "open"
    )
    data: dict[str, object] = codec.to_data(payload)
    shown = {key: data[key] for key in ("reference", "stage", "reviewer")} if sealed else data
    return LogEntry(
        event.sequence,
        event.at,
        event.actor,
        payload.kind,
        payload.version,
        shown,
        event.previous,
        event.hash,
        sealed=sealed,
    )

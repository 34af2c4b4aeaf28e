"""Screening: independent verdicts, kept blind until they are complete; conflicts; settlements; retrieval of reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from stromata import screening
from stromata.errors import InvalidInput, NotAllowed, NotFound, StromataError
from stromata.model import (
    STAGES,
    ConflictResolved,
    DecisionMade,
    Problem,
    RetrievalRecorded,
    RetrievalStatus,
    Stage,
    Verdict,
)
from stromata.review.board import Board
from stromata.review.project import Project
from stromata.review.references import resolve_key
from stromata.review.rules import check_word, require, require_reviewer, visible
from stromata.screening import Standing
from stromata.store import Transaction


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far a stage is: references by state, and each reviewer's number of verdicts."""

    stage: Stage
    total: int
    open: int
    conflicts: int
    included: int
    excluded: int
    verdicts: tuple[tuple[str, int], ...]


def decide(
    project: Project,
    reference: str,
    verdict: Verdict,
    *,
    stage: Stage,
    reasons: tuple[str, ...] = (),
    note: str = "",
) -> None:
    """Record the actor's verdict on one reference at one stage.

    It replaces the actor's earlier verdict, as long as the verdicts are not complete; the log keeps both.

    Raises
    ------
    NotAllowed
        The actor is no reviewer, the reference has not passed the stage before, or the verdicts are complete (then
        only an adjudicator can change the outcome, because blinding has been lifted).
    InvalidInput
        Verdict and reasons do not fit the stage and the protocol.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "screen")
        id_ = resolve_key(tx, reference)
        given = DecisionMade(id_, stage, project.actor, verdict, reasons, note, project.salt())
        Board(tx, only=id_).decide(tx, given)


def import_decisions(project: Project, path: Path, *, stage: Stage | None = None) -> tuple[int, tuple[Problem, ...]]:
    """Import verdicts of several reviewers from a CSV file; the good rows go in together, the bad ones are named.

    Columns: ``key`` (DOI, PMID, registry id, title or id), ``stage``, ``reviewer``, ``verdict``, ``reasons``, ``note``.

    Parameters
    ----------
    stage : import the rows of this stage only; all by default, in the order of the file.

    Returns
    -------
    tuple
        How many verdicts went in, and a problem for each row that did not.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    Unreadable
        The file is not a table of verdicts.
    """
    rows, problems = _of_stage(screening.read_rows(path, screening.DECISIONS), stage)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "import decisions")
        return _import(
            tx, rows, problems, lambda tx, board, row, id_: _decision_row(tx, board, row, id_, project.salt())
        )


def import_resolutions(project: Project, path: Path, *, stage: Stage | None = None) -> tuple[int, tuple[Problem, ...]]:
    """Import settlements of conflicts from a CSV file (``key``, ``stage``, ``verdict``, ``reasons``, ``note``).

    Raises
    ------
    NotAllowed
        The actor is not an adjudicator.
    """
    rows, problems = _of_stage(screening.read_rows(path, screening.RESOLUTIONS), stage)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "settle conflicts")
        return _import(tx, rows, problems, _resolution_row)


def import_retrievals(project: Project, path: Path) -> tuple[int, tuple[Problem, ...]]:
    """Import which reports were got, from a CSV file (``key``, ``status``, ``note``).

    Raises
    ------
    NotAllowed
        The actor is neither lead nor reviewer.
    """
    rows, problems = screening.read_rows(path, screening.RETRIEVALS)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "record retrievals")
        return _import(tx, rows, problems, _retrieval_row)


def resolve(
    project: Project,
    reference: str,
    verdict: Verdict,
    *,
    stage: Stage,
    reasons: tuple[str, ...] = (),
    note: str = "",
) -> None:
    """Settle a conflict as an adjudicator.

    Raises
    ------
    NotAllowed
        The actor is no adjudicator.
    InvalidInput
        There is no conflict to settle, or verdict and reasons do not fit the stage and the protocol.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "settle conflicts")
        id_ = resolve_key(tx, reference)
        Board(tx, only=id_).resolve(tx, ConflictResolved(id_, stage, verdict, reasons, note))


def record_retrieval(project: Project, reference: str, status: RetrievalStatus, *, note: str = "") -> None:
    """Record that the full report of a reference was got or could not be got.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor reviewer, or the reference has not been included at title and abstract.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "record retrievals")
        id_ = resolve_key(tx, reference)
        Board(tx, only=id_).retrieve(tx, RetrievalRecorded(id_, status, note))


def standings(project: Project, *, stage: Stage) -> tuple[Standing, ...]:
    """Return where each reference stands at `stage`, in order of import, as far as the actor may see.

    While verdicts are missing, a reviewer sees their own only.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        return tuple(
            Standing(
                item.reference,
                item.stage,
                item.state,
                visible(item.decisions, item, actor=project.actor),
                item.resolution,
                item.counted_reason,
                item.missing,
            )
            for item in Board(view).standings()[stage].values()
        )


def conflicts(project: Project, *, stage: Stage) -> tuple[Standing, ...]:
    """Return the references whose verdicts disagree and that nobody has settled."""
    return tuple(item for item in standings(project, stage=stage) if item.state == "conflict")


def queue(project: Project, *, stage: Stage) -> tuple[str, ...]:
    """Return the references that wait for the actor's verdict at `stage`, in order of import.

    Raises
    ------
    NotAllowed
        The actor is no reviewer.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        require(project, view, "screen")
        return tuple(
            item.reference
            for item in Board(view).standings()[stage].values()
            if item.state == "open" and project.actor not in {decision.reviewer for decision in item.decisions}
        )


def progress_of(project: Project) -> tuple[StageProgress, ...]:
    """Return how far each stage is."""
    with project.store.snapshot(project.id) as view:
        return tuple(_progress(stage, found) for stage, found in Board(view).standings().items())


def agreements(project: Project) -> tuple[screening.Agreement, ...]:
    """Return the agreement of each pair of reviewers at each stage, over references whose verdicts are complete."""
    with project.store.snapshot(project.id) as view:
        return tuple(
            pair
            for stage, found in Board(view).standings().items()
            for pair in screening.agreement(
                (decision for item in found.values() if item.state != "open" for decision in item.decisions),
                stage=stage,
            )
        )


def _decision_row(tx: Transaction, board: Board, row: screening.Row, id_: str, salt: str) -> None:
    require_reviewer(board.roles, row["reviewer"])
    given = DecisionMade(
        id_,
        row["stage"],  # type: ignore[arg-type]  # read_rows has checked the word
        row["reviewer"],
        row["verdict"],  # type: ignore[arg-type]  # likewise
        row.reasons,
        row["note"],
        salt,
    )
    board.decide(tx, given)


def _resolution_row(tx: Transaction, board: Board, row: screening.Row, id_: str) -> None:
    given = ConflictResolved(
        id_,
        row["stage"],  # type: ignore[arg-type]  # read_rows has checked the word
        row["verdict"],  # type: ignore[arg-type]  # likewise
        row.reasons,
        row["note"],
    )
    board.resolve(tx, given)


def _retrieval_row(tx: Transaction, board: Board, row: screening.Row, id_: str) -> None:
    board.retrieve(tx, RetrievalRecorded(id_, row["status"], row["note"]))  # type: ignore[arg-type]  # likewise


def _of_stage(
    read: tuple[tuple[screening.Row, ...], tuple[Problem, ...]], stage: Stage | None
) -> tuple[tuple[screening.Row, ...], tuple[Problem, ...]]:
    rows, problems = read
    return (tuple(row for row in rows if stage is None or row["stage"] == stage), problems)


def _import(
    tx: Transaction,
    rows: Iterable[screening.Row],
    problems: tuple[Problem, ...],
    append: Callable[[Transaction, Board, screening.Row, str], None],
) -> tuple[int, tuple[Problem, ...]]:
    found = list(problems)
    board = Board(tx)
    find = cache(partial(resolve_key, tx))  # a reference has a row for each reviewer and stage; verdicts move none
    done = 0
    for row in rows:
        try:
            append(tx, board, row, find(row.key))
        except (InvalidInput, NotAllowed, NotFound) as error:
            found.append(Problem(row.line, _code(error), f"{row.key}: {error.message}", error.hint))
        else:
            done += 1
    return done, tuple(sorted(found, key=lambda problem: problem.line))


def _code(error: StromataError) -> str:
    return {"InvalidInput": "invalid", "NotAllowed": "not-allowed"}.get(type(error).__name__, "not-found")


def _progress(stage: Stage, found: dict[str, Standing]) -> StageProgress:
    states = [item.state for item in found.values()]
    counts: dict[str, int] = defaultdict(int)
    for item in found.values():
        for decision in item.decisions:
            counts[decision.reviewer] += 1
    return StageProgress(
        stage=stage,
        total=len(states),
        open=states.count("open"),
        conflicts=states.count("conflict"),
        included=states.count("included"),
        excluded=states.count("excluded"),
        verdicts=tuple(sorted(counts.items())),
    )

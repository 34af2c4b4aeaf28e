"""Screening: independent verdicts, kept blind until they are complete; conflicts; settlements; retrieval of reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from stromata import dedupe, screening
from stromata.model import (
    STAGES,
    ConflictResolved,
    Decision,
    DecisionMade,
    RetrievalRecorded,
    RetrievalStatus,
    ScreeningPlan,
    Stage,
    Verdict,
)
from stromata.progress import Progress, silent
from stromata.review import rank_file
from stromata.review.board import FIRST, Board
from stromata.review.project import Project
from stromata.review.rank_file import RankingInfo
from stromata.review.ranking import rank
from stromata.review.references import resolve_key
from stromata.review.rules import check_word, require, require_insider, visible
from stromata.review.screening_plan import queue_of
from stromata.review.stopping import LedgerEntry, StoppingStatus, assess, ledger, stopping_status
from stromata.screening import Standing
from stromata.screening.agreement import JointAgreement, joint_agreement
from stromata.store import Snapshot

Why = Literal["calibration", "control", "ranking", "audit", "import"]
"""Why a reference comes next: drawn for a sample, by rank, for an audit, or in order of import."""


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


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    """How many verdicts a reviewer has given at a stage, and how many references wait for them."""

    reviewer: str
    done: int
    left: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration round of a stage: its size, how many wait, how far people agree in it, and what to do now."""

    references: int
    open: int
    agreement: tuple[screening.Agreement, ...]
    joint: JointAgreement | None
    advice: str


@dataclass(frozen=True, slots=True)
class StageStatus:
    """Where a stage stands.

    Attributes
    ----------
    unread : references left unread when screening was stopped.
    stopping : what the rule of the plan says; None at full text, where everything is read.
    automation : the ledger of the stage.
    """

    stage: Stage
    progress: StageProgress
    unread: int
    reviewers: tuple[ReviewerProgress, ...]
    agreement: tuple[screening.Agreement, ...]
    joint: JointAgreement | None
    calibration: Calibration | None
    plan: ScreeningPlan | None
    ranking: RankingInfo | None
    stopping: StoppingStatus | None
    automation: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class NextReference:
    """What to read next.

    Attributes
    ----------
    why : what put it there. `place` : in the ranking, from 1; None when that does not know it yet.
    ranking : id of the ranking, for `decide`; empty when there is none.
    left : references that wait for this person, this one included.
    """

    stage: Stage
    reference: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    year: int | None
    journal: str
    doi: str
    keywords: tuple[str, ...]
    why: Why
    place: int | None
    ranking: str
    left: int


def decide(
    project: Project,
    reference: str,
    verdict: Verdict,
    *,
    stage: Stage,
    reasons: tuple[str, ...] = (),
    note: str = "",
    ranking: str | None = None,
) -> None:
    """Record the actor's verdict on one reference at one stage, with the ranking by which it was shown.

    It replaces the actor's earlier verdict, as long as the verdicts are not complete; the log keeps both.

    Parameters
    ----------
    ranking : id of the ranking, as `next_reference` told it; the newest finished one by default.

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
        shown = rank_file.read_info(project, stage) if ranking is None and stage in STAGES else None
        name = ranking or ("" if shown is None else shown.id)
        given = DecisionMade(id_, stage, project.actor, verdict, reasons, note, project.salt(), name)
        Board(tx, only=id_).decide(tx, given)


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
    """Return the references whose verdicts disagree and that nobody has settled.

    Those that look most relevant come first, as far as there is a ranking; then by order of import.
    """
    found = {item.reference: item for item in standings(project, stage=stage) if item.state == "conflict"}
    return tuple(found[id_] for id_ in _in_order(project, stage, tuple(found)))


def reason_differences(project: Project, *, stage: Stage) -> tuple[Standing, ...]:
    """Return the references that all exclude, but for different reasons; the protocol's order has settled which counts.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see verdicts")
        return tuple(
            item
            for item in Board(view).standings()[stage].values()
            if item.state == "excluded"
            and item.resolution is None
            and len({frozenset(given.reasons) for given in item.decisions}) > 1
        )


def queue(project: Project, *, stage: Stage) -> tuple[str, ...]:
    """Return the references that wait for the actor's verdict at `stage`, in the order in which to read them.

    First the calibration round and the control sample, then by the newest finished ranking, then by order of import.

    Raises
    ------
    NotAllowed
        The actor is no reviewer.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        require(project, view, "screen")
        board = Board(view)
        waiting = queue_of(view, board, stage=stage, person=project.actor)
        first = _drawn_first(board, stage)
    return _in_order(project, stage, waiting, first=first)


def left_of(project: Project, *, stage: Stage = FIRST) -> int:
    """Return how many references wait for the actor's verdict at a stage.

    Raises
    ------
    NotAllowed
        The actor is no reviewer.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        require(project, view, "screen")
        return len(queue_of(view, Board(view), stage=stage, person=project.actor))


def next_reference(project: Project, *, stage: Stage = FIRST, progress: Progress = silent) -> NextReference | None:
    """Return the reference that the actor should read next; None when none waits.

    It comes from the newest finished ranking: nobody waits for a new one. Only where there is none yet, it is made.

    Raises
    ------
    NotAllowed
        The actor is no reviewer.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        require(project, view, "screen")
        board = Board(view)
        waiting = queue_of(view, board, stage=stage, person=project.actor)
        if not waiting:
            return None
        first = _drawn_first(board, stage)
        if rank_file.read_info(project, stage) is None:
            rank(project, stage=stage, progress=progress)
        held = set(waiting)
        drawn = next((id_ for id_ in first if id_ in held), None)
        with rank_file.opened(project, stage) as ranking:
            info, order = (None, iter(())) if ranking is None else ranking
            place = next((item for item in order if item.reference in (held if drawn is None else {drawn})), None)
        chosen = drawn or (waiting[0] if place is None else place.reference)
        merged = dedupe.combine(chosen, [view.record(record) for record in view.members(chosen)]).merged
    why: Why = "import" if place is None else "ranking"
    if chosen in first:
        why = "calibration" if board.in_calibration(chosen, stage) else "control"
    elif board.in_audit(chosen, stage):
        why = "audit"
    return NextReference(
        stage,
        chosen,
        merged.title,
        merged.abstract,
        tuple(str(name) for name in merged.authors),
        merged.year,
        merged.journal,
        merged.doi,
        merged.keywords,
        why,
        None if place is None else place.place,
        "" if info is None else info.id,
        len(waiting),
    )


def progress_of(project: Project) -> tuple[StageProgress, ...]:
    """Return how far each stage is."""
    with project.store.snapshot(project.id) as view:
        return tuple(_progress(stage, found) for stage, found in Board(view).standings().items())


def agreements(project: Project) -> tuple[screening.Agreement, ...]:
    """Return the agreement of each pair of reviewers at each stage, over references whose verdicts are complete."""
    with project.store.snapshot(project.id) as view:
        board = Board(view)
        return tuple(
            pair for stage in STAGES for pair in screening.agreement(_complete_verdicts(board, stage), stage=stage)
        )


def screening_status(project: Project) -> tuple[StageStatus, ...]:
    """Return where each stage stands: people, agreement, calibration, what may be left, what the stopping rule says.

    Nothing in it tells a verdict that is still blind: reviewers are shown with what they have done, not with what
    they said, and all else rests on complete verdicts.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see how screening stands")
        board = Board(view)
        return tuple(_stage_status(project, view, board, stage) for stage in STAGES)


def _stage_status(project: Project, view: Snapshot, board: Board, stage: Stage) -> StageStatus:
    found = board.standings()[stage]
    verdicts = tuple(_complete_verdicts(board, stage))
    calibration = None
    if stage in board.plans and board.plans[stage][1].calibration:
        calibration = _calibration(board, stage)
    reviewers = dict.fromkeys(person for person, role in view.roles() if role == "reviewer")
    done = dict(_progress(stage, found).verdicts)
    first = stage == FIRST
    return StageStatus(
        stage,
        _progress(stage, found),
        sum(item.state == "unread" for item in found.values()),
        tuple(
            ReviewerProgress(
                person,
                done.get(person, 0),
                len(queue_of(view, board, stage=stage, person=person)) if person in reviewers else 0,
            )
            for person in sorted({*reviewers, *done})
        ),
        screening.agreement(verdicts, stage=stage),
        joint_agreement(verdicts, stage=stage),
        calibration,
        board.plans[stage][1] if stage in board.plans else None,
        rank_file.read_info(project, stage),
        stopping_status(assess(project, view, board, stage=stage)) if first and found else None,
        tuple(item for item in ledger(view, board) if item.stage == stage),
    )


def _calibration(board: Board, stage: Stage) -> Calibration:
    _, plan = board.plans[stage]
    ids = board.at_home(plan.calibration)
    items = [board.standing(id_, stage) for id_ in ids]
    given = [decision for item in items if item.state != "open" for decision in item.decisions]
    pairs, joint = screening.agreement(given, stage=stage), joint_agreement(given, stage=stage)
    kappas = [pair.kappa for pair in pairs if pair.kappa is not None]
    advice = ""
    open_ = sum(item.state == "open" for item in items)
    if open_:
        advice = f"{open_} references of the calibration round wait for verdicts."
    elif plan.kappa is not None and kappas:
        lowest = min(kappas)
        enough = lowest >= plan.kappa
        advice = f"The lowest kappa of two reviewers is {lowest:.2f}; the plan says {plan.kappa:g}. " + (
            "Go on." if enough else "Talk about the differences, sharpen the criteria, and plan another round."
        )
    return Calibration(len(ids), open_, pairs, joint, advice)


def _complete_verdicts(board: Board, stage: Stage) -> Iterator[Decision]:
    for item in board.standings()[stage].values():
        if item.state != "open":
            yield from item.decisions


def _drawn_first(board: Board, stage: Stage) -> dict[str, None]:
    """Return what is read before anything that is ranked, in that order: calibration round, control sample."""
    if stage not in board.plans:
        return {}
    _, plan = board.plans[stage]
    return dict.fromkeys(board.home(id_) for id_ in (*plan.calibration, *plan.control))


def _in_order(project: Project, stage: Stage, ids: tuple[str, ...], *, first: Iterable[str] = ()) -> tuple[str, ...]:
    """Return ids in reading order; those that the ranking does not know yet come last, in the order given."""
    wanted = set(ids)
    found = dict.fromkeys(id_ for id_ in first if id_ in wanted)
    with rank_file.opened(project, stage) as held:
        if held is not None:
            found.update(dict.fromkeys(item.reference for item in held[1] if item.reference in wanted))
    return (*found, *(id_ for id_ in ids if id_ not in found))


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

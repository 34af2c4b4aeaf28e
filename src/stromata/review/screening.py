"""Screening: independent verdicts, kept blind until they are complete; conflicts; settlements; retrieval of reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from stromata import screening
from stromata.errors import InvalidInput, NotAllowed, NotFound, StromataError
from stromata.model import (
    STAGES,
    ConflictResolved,
    Decision,
    DecisionMade,
    Problem,
    Resolution,
    Retrieval,
    RetrievalRecorded,
    RetrievalStatus,
    ReviewProtocol,
    Stage,
    Verdict,
)
from stromata.review.project import Project
from stromata.review.references import resolve_key
from stromata.review.rules import check_verdict, check_word, require, require_reviewer, require_stage, visible
from stromata.screening import Standing
from stromata.store import Snapshot, Transaction


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
        _append_decision(tx, _Verdict(id_, stage, project.actor, verdict, reasons, note))


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
        return _import(tx, rows, problems, _decision_row)


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
        _append_resolution(tx, _Verdict(id_, stage, project.actor, verdict, reasons, note))


def record_retrieval(project: Project, reference: str, status: RetrievalStatus, *, note: str = "") -> None:
    """Record that the full report of a reference was got or could not be got.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor reviewer, or the reference has not been included at title and abstract.
    """
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "record retrievals")
        _append_retrieval(tx, resolve_key(tx, reference), status, note)


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
            for item in all_standings(view)[stage].values()
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
            for item in all_standings(view)[stage].values()
            if item.state == "open" and project.actor not in {decision.reviewer for decision in item.decisions}
        )


def progress_of(project: Project) -> tuple[StageProgress, ...]:
    """Return how far each stage is."""
    with project.store.snapshot(project.id) as view:
        return tuple(_progress(stage, found) for stage, found in all_standings(view).items())


def agreements(project: Project) -> tuple[screening.Agreement, ...]:
    """Return the agreement of each pair of reviewers at each stage, over references whose verdicts are complete."""
    with project.store.snapshot(project.id) as view:
        return tuple(
            pair
            for stage, found in all_standings(view).items()
            for pair in screening.agreement(
                (decision for item in found.values() if item.state != "open" for decision in item.decisions),
                stage=stage,
            )
        )


def all_standings(view: Snapshot) -> dict[Stage, dict[str, Standing]]:
    """Return, for each stage in order, the standing of each reference that has reached it, in order of import."""
    protocol = view.protocol()
    home = {record: id_ for id_, records in view.references() for record in records}
    decided = _latest(view.decisions(), home)
    settled = {(home[item.reference], item.stage): item for item in view.resolutions()}
    lost = _not_retrieved(view.retrievals(), home)
    found: dict[Stage, dict[str, Standing]] = {}
    reached = list(dict.fromkeys(home.values()))
    for stage in STAGES:
        found[stage] = {
            id_: screening.standing(id_, stage, decided[id_, stage], settled.get((id_, stage)), protocol=protocol)
            for id_ in reached
        }
        reached = [id_ for id_, item in found[stage].items() if item.state == "included" and id_ not in lost]
    return found


def _not_retrieved(retrievals: Iterable[Retrieval], home: dict[str, str]) -> set[str]:
    """Return the references of which no report was got: one report of a merged reference is enough."""
    states: dict[str, set[str]] = defaultdict(set)
    for item in retrievals:
        if item.reference in home:
            states[home[item.reference]].add(item.status)
    return {id_ for id_, found in states.items() if found == {"not-retrieved"}}


@dataclass(frozen=True, slots=True)
class _Verdict:
    reference: str
    stage: Stage
    person: str
    verdict: Verdict
    reasons: tuple[str, ...]
    note: str


def _latest(decisions: Iterable[Decision], home: dict[str, str]) -> dict[tuple[str, Stage], list[Decision]]:
    """Gather verdicts by present reference; of two by one reviewer (on records merged since) the later one counts."""
    kept: dict[tuple[str, Stage, str], Decision] = {}
    for decision in sorted(decisions, key=lambda item: item.at):
        kept[home[decision.reference], decision.stage, decision.reviewer] = decision
    gathered: dict[tuple[str, Stage], list[Decision]] = defaultdict(list)
    for (id_, stage, _), decision in kept.items():
        gathered[id_, stage].append(decision)
    return gathered


def _standing_of(view: Snapshot, reference: str, stage: Stage, protocol: ReviewProtocol) -> Standing:
    members = view.members(reference)
    home = dict.fromkeys(members, reference)
    given = [item for member in members for item in view.decisions(stage=stage, reference=member)]
    settled: Resolution | None = None
    for item in view.resolutions():
        if item.reference in home and item.stage == stage:
            settled = item
    decisions = _latest(given, home)[reference, stage]
    return screening.standing(reference, stage, decisions, settled, protocol=protocol)


def _require_reached(view: Snapshot, reference: str, stage: Stage, protocol: ReviewProtocol) -> None:
    """Raise `NotAllowed` unless the reference has come to `stage` and its report, if that was sought, was got."""
    if stage == STAGES[0]:
        return
    require_stage(_standing_of(view, reference, STAGES[0], protocol), stage)


def _require_retrieved(view: Snapshot, reference: str, stage: Stage) -> None:
    home = dict.fromkeys(view.members(reference), reference)
    if stage != STAGES[0] and _not_retrieved(view.retrievals(), home):
        raise NotAllowed(
            f"the report of {reference} was recorded as not retrieved",
            hint="Record that it was got: stromata screen retrieval KEY retrieved.",
        )


def _append_decision(tx: Transaction, given: _Verdict) -> None:
    protocol = tx.protocol()
    check_verdict(protocol, given.stage, given.verdict, given.reasons)
    _require_reached(tx, given.reference, given.stage, protocol)
    _require_retrieved(tx, given.reference, given.stage)
    now = _standing_of(tx, given.reference, given.stage, protocol)
    if now.state != "open":
        raise NotAllowed(
            f"the verdicts on {given.reference} at {given.stage} are complete ({now.state})",
            hint="Blinding has been lifted; an adjudicator can settle it: stromata screen resolve.",
        )
    tx.append(
        DecisionMade(
            reference=given.reference,
            stage=given.stage,
            reviewer=given.person,
            verdict=given.verdict,
            reasons=given.reasons,
            note=given.note,
        )
    )


def _append_resolution(tx: Transaction, given: _Verdict) -> None:
    protocol = tx.protocol()
    check_verdict(protocol, given.stage, given.verdict, given.reasons)
    now = _standing_of(tx, given.reference, given.stage, protocol)
    if given.verdict == "maybe":
        raise InvalidInput("a settlement is include or exclude, not maybe")
    if now.state != "conflict" and now.resolution is None:
        raise InvalidInput(
            f"{given.reference} has no conflict at {given.stage}: it is {now.state}",
            hint="List the conflicts: stromata screen conflicts.",
        )
    tx.append(
        ConflictResolved(
            reference=given.reference, stage=given.stage, verdict=given.verdict, reasons=given.reasons, note=given.note
        )
    )


def _append_retrieval(tx: Transaction, reference: str, status: RetrievalStatus, note: str) -> None:
    check_word("status", status, ("retrieved", "not-retrieved"))
    _require_reached(tx, reference, "full-text", tx.protocol())
    tx.append(RetrievalRecorded(reference=reference, status=status, note=note))


def _decision_row(tx: Transaction, row: screening.Row) -> None:
    require_reviewer(tx, row["reviewer"])
    given = _Verdict(
        resolve_key(tx, row.key),
        row["stage"],  # type: ignore[arg-type]  # read_rows has checked the word
        row["reviewer"],
        row["verdict"],  # type: ignore[arg-type]  # likewise
        row.reasons,
        row["note"],
    )
    _append_decision(tx, given)


def _resolution_row(tx: Transaction, row: screening.Row) -> None:
    given = _Verdict(
        resolve_key(tx, row.key),
        row["stage"],  # type: ignore[arg-type]  # read_rows has checked the word
        "",
        row["verdict"],  # type: ignore[arg-type]  # likewise
        row.reasons,
        row["note"],
    )
    _append_resolution(tx, given)


def _retrieval_row(tx: Transaction, row: screening.Row) -> None:
    _append_retrieval(tx, resolve_key(tx, row.key), row["status"], row["note"])  # type: ignore[arg-type]  # likewise


def _of_stage(
    read: tuple[tuple[screening.Row, ...], tuple[Problem, ...]], stage: Stage | None
) -> tuple[tuple[screening.Row, ...], tuple[Problem, ...]]:
    rows, problems = read
    return (tuple(row for row in rows if stage is None or row["stage"] == stage), problems)


def _import(
    tx: Transaction,
    rows: Iterable[screening.Row],
    problems: tuple[Problem, ...],
    append: Callable[[Transaction, screening.Row], None],
) -> tuple[int, tuple[Problem, ...]]:
    found = list(problems)
    done = 0
    for row in rows:
        try:
            append(tx, row)
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

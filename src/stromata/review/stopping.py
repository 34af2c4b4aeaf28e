"""When a stage may stop, what an audit of the excluded finds, and the ledger of what was left to automation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isfinite
from typing import TYPE_CHECKING

from stromata.errors import InvalidInput, NotAllowed
from stromata.model import (
    STAGES,
    Audit,
    AuditDrawn,
    Caution,
    ScreeningPlan,
    ScreeningResumed,
    ScreeningStopped,
    Stage,
    Stop,
    StoppingEvidence,
)
from stromata.review import rank_file
from stromata.review.board import FIRST, Board
from stromata.review.project import Project
from stromata.review.ranking import plan_of
from stromata.review.rules import check_word, require, require_insider, require_reason
from stromata.screening.audit import AuditEstimate, audit_estimate
from stromata.screening.standing import Standing
from stromata.screening.workload import sample

if TYPE_CHECKING:
    from stromata.screening.stopping import Assessment, Control
    from stromata.store import Snapshot

COMPLETE = frozenset(("included", "excluded", "conflict"))
"""States of a reference whose verdicts are in. A conflict counts as relevant until it is settled: it is a doubt."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One thing that was left to automation, or taken back.

    Attributes
    ----------
    what : ``stopped`` or ``resumed``.
    references : how many it concerned then. `standing` : how many of those are still left unread now.
    evidence : what the rule said; None for ``resumed``.
    """

    sequence: int
    at: str
    confirmed_by: str
    stage: Stage
    what: str
    references: int
    standing: int
    ranking: str
    reason: str
    evidence: StoppingEvidence | None = None


@dataclass(frozen=True, slots=True)
class StoppingStatus:
    """What the stopping rule says now.

    Attributes
    ----------
    more : how many more to read before it may say stop, should none be relevant; None when it says stop or cannot
        tell. `how` : ``ranked`` or ``random``, in which way those are to be chosen; empty when `more` is None.
    """

    said: StoppingEvidence
    more: int | None
    how: str
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """An audit of a stage, and what has come of it so far; `wrong` counts settled outcomes and open conflicts."""

    stage: Stage
    at: str
    seed: int
    waiting: int
    unsettled: int
    estimate: AuditEstimate


def assess_screening(project: Project, *, stage: Stage = FIRST, rule: str = "") -> Assessment:
    """Say what may be left unread at a stage, and whether the rule of the plan, or another one, lets reading stop.

    Only complete verdicts count: nothing that is still blind enters.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    NotFound
        There is no such rule.
    """
    check_word("stage", stage, STAGES)
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see what screening has found")
        return assess(project, view, Board(view), stage=stage, rule=rule)


def assess(project: Project, view: Snapshot, board: Board, *, stage: Stage, rule: str = "") -> Assessment:
    """Return what the stopping rule says of a board; see `assess_screening`."""
    from stromata.screening import stopping  # noqa: PLC0415 - takes long to load

    plan = plan_of(view, stage)
    target = stopping.Target(plan.recall, plan.confidence)
    found = board.standings()[stage]
    calibration, control = board.at_home(plan.calibration), board.at_home(plan.control)
    read = sorted((item for item in found.values() if item.state in COMPLETE), key=_completed)
    relevant = [item.state != "excluded" for item in read]
    drawn = [item.reference in calibration or item.reference in control for item in read]
    reading = stopping.Reading(
        n=len(found),
        relevant=relevant,  # type: ignore[arg-type]  # it makes the array itself
        random=drawn if any(drawn) else None,  # type: ignore[arg-type]  # likewise
        control=_control(project, found, control, stage) if control else None,
    )
    return stopping.assess(reading, target=target, rule=rule or plan.rule)


def stop_screening(project: Project, *, stage: Stage = FIRST, reason: str = "", against_rule: bool = False) -> Stop:
    """Confirm that the references that nobody has read are left unread; one event with what the rule said.

    References with a verdict stay: theirs must be completed. The flow counts what is left unread as excluded by
    automation tools. `resume_screening` takes it back.

    Parameters
    ----------
    against_rule : stop although the rule does not say so; that takes a reason, and the event shows both.

    Raises
    ------
    NotAllowed
        The actor is not the lead, the rule does not say stop, or the stage is full text, where all is read.
    InvalidInput
        Nothing is unread, or a reason is missing.
    """
    check_word("stage", stage, STAGES)
    if stage != FIRST:
        raise NotAllowed("reports are all read at full text: screening stops at title-abstract only")
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "stop screening")
        board = Board(tx)
        said = assess(project, tx, board, stage=stage)
        if not said.stop:
            if not against_rule:
                raise NotAllowed(
                    f"the rule {said.rule!r} does not say stop: {said.claim}",
                    hint="Go on reading; or confirm it against the rule, with a reason: --against-rule --reason TEXT.",
                )
            require_reason("stopping against the rule", reason)
        left = tuple(id_ for id_, item in board.standings()[stage].items() if _is_untouched(item))
        if not left:
            raise InvalidInput(f"no reference at {stage} is unread: there is nothing to stop")
        info = rank_file.read_info(project, stage)
        event = tx.append(
            ScreeningStopped(stage, left, _evidence(said), "" if info is None else info.id, reason.strip())
        )
        return Stop(stage, event.actor, left, _evidence(said), "" if info is None else info.id, reason, event.at)


def resume_screening(project: Project, *, stage: Stage = FIRST, reason: str) -> int:
    """Take a stop back, and return how many references wait for verdicts again.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotFound
        Screening was not stopped.
    InvalidInput
        No reason was given.
    """
    check_word("stage", stage, STAGES)
    require_reason("resuming", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "stop screening")
        left = sum(item.state == "unread" for item in Board(tx).standings()[stage].values())
        tx.append(ScreeningResumed(stage, reason))
        return left


def automation_of_screening(project: Project) -> tuple[LedgerEntry, ...]:
    """Return the ledger: every stop and resumption, with counts, evidence and who confirmed it, in order.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see the ledger")
        return tuple(ledger(view, Board(view)))


def ledger(view: Snapshot, board: Board) -> Iterator[LedgerEntry]:
    """Yield the entries of the ledger; see `automation_of_screening`."""
    unread = {
        stage: {id_ for id_, item in found.items() if item.state == "unread"}
        for stage, found in board.standings().items()
    }
    stopped: dict[Stage, int] = {}
    evidence: StoppingEvidence | None
    for event in view.events(kinds=(ScreeningStopped.kind, ScreeningResumed.kind)):
        match event.payload:
            case ScreeningStopped() as made:
                stage, n, ranking, evidence = made.stage, len(made.references), made.ranking, made.evidence
                what, reason = "stopped", made.reason
                stopped[stage] = n
                holds = stage in board.stops and board.stops[stage].at == event.at
                left = len(unread[stage] & board.at_home(made.references)) if holds else 0
            case ScreeningResumed() as back:
                stage, n, ranking, evidence = back.stage, stopped[back.stage], "", None
                what, reason, left = "resumed", back.reason, 0
            case _:
                continue
        yield LedgerEntry(event.sequence, event.at, event.actor, stage, what, n, left, ranking, reason, evidence)


def draw_audit(
    project: Project,
    *,
    stage: Stage = FIRST,
    share: float | None = None,
    size: int | None = None,
    seed: int | None = None,
) -> Audit:
    """Draw a random sample of the excluded, each to be read by one more person who has not judged it yet.

    Until that person has decided, the verdicts on it are blind again; if they differ, it becomes a conflict.

    Parameters
    ----------
    share, size : of the references excluded by verdicts that agree; the plan's share by default. Those that an
        adjudicator has settled, and those of an earlier audit, are not drawn.
    seed : the plan's by default.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    InvalidInput
        There is nothing to draw from or nobody to read it, or share and size make no sample.
    """
    check_word("stage", stage, STAGES)
    if share is not None and size is not None:
        raise InvalidInput("an audit takes a share or a size, not both")
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "stop screening")
        board = Board(tx)
        plan = plan_of(tx, stage)
        frame = [id_ for id_, item in board.standings()[stage].items() if _may_be_audited(board, item)]
        wanted = _audit_size(len(frame), share=share, size=size, plan=plan)
        chosen = sample(frame, wanted, seed=plan.seed if seed is None else seed, purpose=f"audit/{len(board.audits)}")
        _require_somebody(board, stage, chosen)
        made = AuditDrawn(stage, len(frame), chosen, plan.seed if seed is None else seed)
        return Audit(stage, made.frame, made.references, made.seed, tx.append(made).at)


def audits(project: Project) -> tuple[AuditResult, ...]:
    """Return each audit with the estimate of how many were excluded wrongly, from what has been read of its sample.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see the audits")
        board = Board(view)
        return tuple(_result(board, audit) for audit in board.audits)


def _result(board: Board, audit: Audit) -> AuditResult:
    found = [board.standing(board.home(id_), audit.stage) for id_ in audit.references]
    read = [item for item in found if item.state in COMPLETE]
    wrong = sum(item.state != "excluded" for item in read)
    return AuditResult(
        audit.stage,
        audit.at,
        audit.seed,
        waiting=len(found) - len(read),
        unsettled=sum(item.state == "conflict" for item in read),
        estimate=audit_estimate(frame=audit.frame, drawn=len(found), read=len(read), wrong=wrong),
    )


def _audit_size(frame: int, *, share: float | None, size: int | None, plan: ScreeningPlan) -> int:
    if not frame:
        raise InvalidInput("no reference is excluded by verdicts that agree: there is nothing to audit")
    wanted = plan.audit if share is None else share
    if size is None and not 0 < wanted <= 1:
        raise InvalidInput(
            f"the share to audit is {wanted:g}; above 0 up to 1 is allowed", hint="Give --share or --size, or plan it."
        )
    found = ceil(wanted * frame) if size is None else size
    if not 1 <= found <= frame:
        raise InvalidInput(f"a sample of {found} was asked for; {frame} excluded references can be drawn")
    return found


def _may_be_audited(board: Board, item: Standing) -> bool:
    return (
        item.state == "excluded"
        and item.resolution is None
        and not board.in_audit(item.reference, item.stage)
        and len(item.decisions) == board.required(item.reference, item.stage)
    )


def _require_somebody(board: Board, stage: Stage, chosen: tuple[str, ...]) -> None:
    """Raise `InvalidInput` when all reviewers have judged one of the sample already."""
    reviewers = {person for person, role in board.roles if role == "reviewer"}
    stuck = [
        id_ for id_ in chosen if reviewers <= {decision.reviewer for decision in board.standing(id_, stage).decisions}
    ]
    if stuck:
        raise InvalidInput(
            f"nobody is left to read {len(stuck)} references of the sample again: all reviewers have judged them",
            hint="Let another person in: stromata team add NAME --role reviewer.",
        )


def _control(project: Project, found: dict[str, Standing], control: frozenset[str], stage: Stage) -> Control | None:
    """Return what the control sample says: how many of its relevant ones the ranking has come to by now."""
    from stromata.screening import stopping  # noqa: PLC0415 - takes long to load

    if any(found[id_].state not in COMPLETE for id_ in control if id_ in found):
        return None  # part of a sample would say too much or too little
    relevant = {id_ for id_ in control if id_ in found and found[id_].state in {"included", "conflict"}}
    reached: set[str] = set()
    with rank_file.opened(project, stage) as held:
        for item in () if held is None else held[1]:
            standing = found.get(item.reference)
            if item.reference in control:
                reached.add(item.reference)
            elif standing is not None and standing.state not in COMPLETE:
                break
    return stopping.Control(len(relevant), len(relevant & reached))


def _is_untouched(item: Standing) -> bool:
    return item.state in {"open", "unread"} and not item.decisions


def _completed(item: Standing) -> str:
    return max([given.at for given in item.decisions] + ([item.resolution.at] if item.resolution else []))


def stopping_status(said: Assessment) -> StoppingStatus:
    """Return what a rule says as it can be shown without the rules themselves."""
    more = said.more
    return StoppingStatus(
        _evidence(said), None if more is None else more.count, "" if more is None else more.how, said.cautions
    )


def _evidence(said: Assessment) -> StoppingEvidence:
    """Return what a rule said as it is kept; a bound that is not finite is no bound."""

    def kept(value: float | None) -> float | None:
        return value if value is not None and isfinite(value) else None

    return StoppingEvidence(
        rule=said.rule,
        version=said.version,
        recall=said.target.recall,
        confidence=said.target.confidence,
        references=said.read + said.unread,
        read=said.read,
        relevant=said.found,
        says_stop=said.stop,
        claim=said.claim,
        left=None if said.left is None else kept(said.left.value),
        left_low=None if said.left is None else kept(said.left.low),
        left_high=None if said.left is None else kept(said.left.high),
        recall_low=None if said.recall is None else kept(said.recall.low),
    )

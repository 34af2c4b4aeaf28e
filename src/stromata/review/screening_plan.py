"""The plan of screening, stated before it begins: target, ranking, samples, and who reads what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import (
    STAGES,
    ScreeningPlan,
    ScreeningPlanned,
    Stage,
)
from stromata.review.board import FIRST, Board
from stromata.review.project import Project
from stromata.review.ranking import ranker_named
from stromata.review.references import resolve_key
from stromata.review.rules import check_word, require, require_insider, require_reviewer
from stromata.screening import required_reviewers
from stromata.screening.workload import Split, sample, split_work
from stromata.store import Snapshot, Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What is to be planned for a stage, in the words of the lead. None leaves a part as it was, or at its default.

    Attributes
    ----------
    calibration : size of the calibration round. `control` : share of all references in the control sample, 0 to 1.
    readers : reviewers among whom the work goes round; all who are reviewers now, by default.
    known : keys (DOI, PMID, title or id) of references that are known to be relevant.
    The rest is as in `ScreeningPlan`.
    """

    recall: float | None = None
    confidence: float | None = None
    rule: str | None = None
    ranker: str | None = None
    seed: int | None = None
    readers: tuple[str, ...] | None = None
    split: str | None = None
    limits: tuple[tuple[str, int], ...] | None = None
    calibration: int | None = None
    kappa: float | None = None
    control: float | None = None
    audit: float | None = None
    known: tuple[str, ...] | None = None
    learn: str | None = None


def plan_screening(project: Project, wish: PlanWish, *, stage: Stage = FIRST, reason: str = "") -> ScreeningPlan:
    """State how a stage is screened, or change the plan with a reason, and return it with its samples drawn.

    A sample whose size and seed stay the same is not drawn anew.

    Raises
    ------
    NotAllowed
        The actor is not the lead, or the change would unseal verdicts that are still blind.
    InvalidInput
        Something in the plan cannot be, or a plan is changed, or made after screening began, without a reason.
    NotFound
        There is no such rule, ranker or reference.
    """
    check_word("stage", stage, STAGES)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "plan screening")
        board = Board(tx)
        begun = any(item.decisions for item in board.standings()[stage].values())
        if (stage in board.plans or begun) and not reason.strip():
            what = "a plan is changed" if stage in board.plans else f"screening at {stage} has begun"
            raise InvalidInput(f"{what}: that needs a reason", hint="Say in a few words why, with --reason.")
        plan = _drawn(tx, board, wish, stage)
        _check(plan, board)
        _require_sealed(tx, plan)
        tx.append(ScreeningPlanned(plan, reason))
        return plan


def screening_plans(project: Project) -> tuple[ScreeningPlan, ...]:
    """Return the plan of each stage that has one.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    """
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see the plan of screening")
        return tuple(plan for _, plan in view.screening_plans())


def queue_of(view: Snapshot, board: Board, *, stage: Stage, person: str) -> tuple[str, ...]:
    """Return the references that wait for a person's verdict at a stage, in order of import.

    Those are the references that are open and that they have not judged. Where work was split, it is those dealt to
    them, the calibration round, audits, and what was dealt to somebody who is a reviewer no more.
    """
    standings = board.standings()[stage]
    waiting = [
        id_
        for id_, item in standings.items()
        if item.state == "open" and person not in {decision.reviewer for decision in item.decisions}
    ]
    if stage not in board.plans:
        return tuple(waiting)
    _, plan = board.plans[stage]
    most = dict(plan.limits).get(person)
    done = sum(person in {given.reviewer for given in item.decisions} for item in standings.values())
    if most is not None and done >= most:
        return ()
    if person not in plan.readers:
        waiting = [id_ for id_ in waiting if not board.in_calibration(id_, stage)]
    if plan.split == "all" or not waiting:
        return tuple(waiting)
    dealt = deal(view, board, stage).readers
    gone = {name for name in plan.readers if (name, "reviewer") not in board.roles}
    return tuple(
        id_
        for id_ in waiting
        if person in dealt.get(id_, ())
        or gone.intersection(dealt.get(id_, ()))
        or board.in_audit(id_, stage)
        or board.in_calibration(id_, stage)
    )


def deal(view: Snapshot, board: Board, stage: Stage) -> Split:
    """Return who was dealt which reference at a stage whose work is split.

    At title and abstract the references are dealt in the order in which they stood when the plan was made, then what
    was imported later, record by record: merging and splitting references, and importing more, move no other one. At
    full text they are dealt in the order in which they came to that stage.
    """
    _, plan = board.plans[stage]
    order = _as_planned(view, board, plan) if stage == FIRST else _as_reached(board, stage)
    each = min(required_reviewers(board.protocol, stage), len(plan.readers))
    return split_work(order, plan.readers, each=each, seed=plan.seed, limits=dict(plan.limits))


def _as_planned(view: Snapshot, board: Board, plan: ScreeningPlan) -> tuple[str, ...]:
    place = {source.id: number for number, source in enumerate(view.sources())}

    def imported(record: str) -> tuple[int, int]:
        source, _, number = record.partition(".")
        return place[source], int(number)

    return tuple(dict.fromkeys((*plan.dealt, *sorted(board.records(), key=imported))))


def _as_reached(board: Board, stage: Stage) -> tuple[str, ...]:
    standings = board.standings()

    def came(id_: str) -> str:
        before = standings[FIRST][id_]
        return max([given.at for given in before.decisions] + ([before.resolution.at] if before.resolution else []))

    return tuple(sorted(standings[stage], key=came))


def _check(plan: ScreeningPlan, board: Board) -> None:
    from stromata.screening import stopping  # noqa: PLC0415 - takes long to load

    stopping.Target(plan.recall, plan.confidence)
    if plan.rule not in stopping.RULES:
        raise NotFound(f"there is no stopping rule {plan.rule!r}; there are: {', '.join(stopping.RULES)}")
    for person in (*plan.readers, *(name for name, _ in plan.limits)):
        require_reviewer(board.roles, person)
    each = required_reviewers(board.protocol, plan.stage)
    if plan.split == "drawn" and len(plan.readers) < each:
        raise InvalidInput(
            f"each reference needs {each} reviewers at {plan.stage}, and there are {len(plan.readers)}",
            hint="Name more reviewers: stromata team add NAME --role reviewer.",
        )
    if not 0 <= plan.audit <= 1:
        raise InvalidInput(f"audit is {plan.audit:g}; a share from 0 to 1 is allowed")
    if plan.kappa is not None and not -1 <= plan.kappa <= 1:
        raise InvalidInput(f"kappa is {plan.kappa:g}; -1 to 1 is allowed")
    for person, most in plan.limits:
        if most < 1:
            raise InvalidInput(f"the limit of {person} is {most}; at least 1 verdict", hint="Leave them out instead.")


def _drawn(tx: Transaction, board: Board, wish: PlanWish, stage: Stage) -> ScreeningPlan:
    """Return the plan with its samples: drawn now, or kept where nothing about them has changed."""
    before = board.plans[stage][1] if stage in board.plans else ScreeningPlan(stage)
    check_word("split", wish.split or before.split, ("all", "drawn"))
    check_word("learn", wish.learn or before.learn, ("every", "complete"))
    reviewers = tuple(person for person, role in tx.roles() if role == "reviewer")
    readers = wish.readers or before.readers or reviewers
    ranker = ranker_named(_kept(wish.ranker, before.ranker))
    plan = replace(
        before,
        recall=_kept(wish.recall, before.recall),
        confidence=_kept(wish.confidence, before.confidence),
        rule=_kept(wish.rule, before.rule),
        ranker=_kept(wish.ranker, before.ranker),
        ranker_version=ranker.version,
        seed=_kept(wish.seed, before.seed),
        readers=tuple(dict.fromkeys(readers)),
        split="drawn" if (wish.split or before.split) == "drawn" else "all",
        limits=_kept(wish.limits, before.limits),
        kappa=_kept(wish.kappa, before.kappa),
        audit=_kept(wish.audit, before.audit),
        learn="complete" if (wish.learn or before.learn) == "complete" else "every",
        known=before.known if wish.known is None else tuple(resolve_key(tx, key) for key in wish.known),
    )
    ids = tuple(board.standings()[stage])
    if plan.split == "drawn" and stage == FIRST and not plan.dealt:
        plan = replace(plan, dealt=ids)
    calibration, control = plan.calibration, plan.control
    if wish.calibration is not None and (wish.calibration, plan.seed) != (len(before.calibration), before.seed):
        calibration = sample(ids, wish.calibration, seed=plan.seed, purpose="calibration")
    if wish.control is not None:
        if not 0 <= wish.control <= 1:
            raise InvalidInput(f"control is {wish.control:g}; a share from 0 to 1 is allowed")
        rest = [id_ for id_ in ids if id_ not in set(calibration)]
        size = min(ceil(wish.control * len(ids)), len(rest))
        if (size, plan.seed) != (len(before.control), before.seed):
            control = sample(rest, size, seed=plan.seed, purpose="control")
    return replace(
        plan,
        calibration=tuple(map(board.home, calibration)),
        control=tuple(map(board.home, control)),
        known=tuple(map(board.home, plan.known)),
    )


def _kept(wished: T | None, before: T) -> T:
    return before if wished is None else wished


def _require_sealed(tx: Transaction, plan: ScreeningPlan) -> None:
    """Raise `NotAllowed` when the plan would complete verdicts that are blind now, while others are to read yet."""
    before = Board(tx).standings()[plan.stage]
    after = Board(tx).planned(plan).standings()[plan.stage]
    unsealed = [
        id_ for id_, item in before.items() if item.state == "open" and item.decisions and after[id_].state != "open"
    ]
    if unsealed:
        raise NotAllowed(
            f"this plan would unseal verdicts on {len(unsealed)} references of the calibration round",
            hint="Let all readers finish it; who has left gives up the role first: stromata team remove NAME.",
        )


def read_limits(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return limits written as ``NAME=NUMBER``.

    Raises
    ------
    InvalidInput
        One is written otherwise.
    """
    found = []
    for text in texts:
        name, _, number = text.rpartition("=")
        if not name.strip() or not number.strip().isdigit():
            raise InvalidInput(f"a limit is written {text!r}; NAME=NUMBER is expected, as in ann=500")
        found.append((name.strip(), int(number)))
    return tuple(found)

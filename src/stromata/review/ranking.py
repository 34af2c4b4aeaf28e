"""The ranking of a review: what it reads and learns, the order that it gives, and why a reference stands where it does.

What nobody may learn from it: another reviewer's verdict while it is still blind. One model learns from all verdicts,
but the place of a reference never depends on a blind verdict on that same reference, and explanations come from a
model that knows only what the reader may see. `docs/how-to/screen.md` says what that leaves open.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stromata import plugins
from stromata.errors import InvalidInput, NotAllowed
from stromata.model import (
    STAGES,
    ConflictResolved,
    DecisionMade,
    PriorsImported,
    ProtocolSet,
    ReferencesMerged,
    ReferenceSplit,
    RetrievalRecorded,
    ReviewCreated,
    ScreeningPlan,
    ScreeningPlanned,
    SourceImported,
    Stage,
    codec,
)
from stromata.progress import Progress, silent
from stromata.review import rank_file
from stromata.review.board import FIRST, FULL_TEXT, Board
from stromata.review.project import Project
from stromata.review.rank_file import Ranked, RankingInfo
from stromata.review.references import combined, resolve_key
from stromata.review.rules import check_word, require, require_insider
from stromata.screening.cited import cited_by, names_of
from stromata.screening.documents import Document, Explanation, Label, Ranker, Topic
from stromata.screening.second_look import Suspicion, second_look
from stromata.screening.workload import draw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stromata.screening.documents import Ranking
    from stromata.screening.engine_features import Counting
    from stromata.store import Snapshot

FULL_TEXT_WEIGHT = 2.0
"""An outcome at full text rests on the whole report, and on a settlement where people differed."""

PRIOR_WEIGHT = 0.5
"""A label of another review was given under other criteria."""

RELEVANCE = {"include": 1.0, "maybe": 0.5, "exclude": 0.0}

FOLDS = 2
"""Parts into which references with blind verdicts are dealt: each part is placed by a model that knows the blind
verdicts of the other part only."""

_TEXTS = (SourceImported.kind, ReferencesMerged.kind, ReferenceSplit.kind, ProtocolSet.kind, ScreeningPlanned.kind)
_VERDICTS = (DecisionMade.kind, ConflictResolved.kind, RetrievalRecorded.kind, PriorsImported.kind)
_BEGINNING = (ReviewCreated.kind,)


@dataclass(frozen=True, slots=True)
class RankingTable:
    """A ranking: what it rests on, and every reference of the review in reading order."""

    info: RankingInfo
    order: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """A label, when the first of what it rests on was given, and whether verdicts on that reference are still blind."""

    label: Label
    at: str
    blind: bool


def rank(
    project: Project,
    *,
    stage: Stage = FIRST,
    at: int | None = None,
    counting: Counting | None = None,
    progress: Progress = silent,
) -> RankingTable:
    """Return the reading order of all references from the present verdicts, and keep it for those who read.

    Parameters
    ----------
    at : give the ranking as it was after this event of the log, rebuilt; nothing is kept then.
    counting : an engine that counts the words, for more references than this machine has memory for; the ranking is
        the same.

    Raises
    ------
    NotAllowed
        The actor has no role in the review; or is a reviewer who asks for an earlier ranking while others' verdicts are
        blind: two rankings side by side tell what a verdict between them moved.
    InvalidInput
        There are no references; or the ranker that is planned counts no words on an engine.
    NotFound
        The log has no event `at`, or no ranker has the name that the plan gives.
    """
    check_word("stage", stage, STAGES)
    if at is not None:
        with project.store.snapshot(project.id) as now:
            require_insider(project, now, "see the ranking")
            _require_open(project, now, stage)
        with project.store.past(project.id, sequence=at, progress=progress) as view:
            return _Bench(view, stage, counting=counting, progress=progress).rank(view)
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see the ranking")
        with rank_file.opened(project, stage) as held:
            if held is not None and _is_fresh(view, held[0]):
                return RankingTable(held[0], tuple(held[1]))
        made = _Bench(view, stage, counting=counting, progress=progress).rank(view)
    rank_file.save(project, made.info, made.order)
    return made


def keep_ranked(project: Project, *, stage: Stage = FIRST, wait: Callable[[int], bool]) -> int:
    """Rank anew whenever verdicts have come in, so that no person waits for it; return how often.

    One process a stage does so; another one returns at once. What was read of the texts stays in memory, so that
    learning one more verdict is quick.

    Parameters
    ----------
    wait : called when there is nothing to do, with how many looks in a row were in vain; pauses and tells whether to
        look again.
    """
    times = idle = 0
    with rank_file.alone(project, stage) as mine:
        bench: _Bench | None = None
        while mine:
            with project.store.snapshot(project.id) as view:
                held = rank_file.read_info(project, stage)
                if held is None or not _is_fresh(view, held):
                    bench = bench if bench is not None and bench.still_reads(view) else _Bench(view, stage)
                    made = bench.rank(view)
                    rank_file.save(project, made.info, made.order)
                    times, idle = times + 1, 0
                    continue
            idle += 1
            if not wait(idle):
                break
    return times


def is_stale(project: Project, *, stage: Stage = FIRST) -> bool:
    """Tell whether there is a ranking, verdicts have come in since, and nobody is at work on a new one."""
    info = rank_file.read_info(project, stage)
    if info is None:
        return False
    with project.store.snapshot(project.id) as view:
        if info.sequence == _newest(view):
            return False
    with rank_file.alone(project, stage) as free:
        return free


def explain_rank(
    project: Project, key: str, *, stage: Stage = FIRST, limit: int = 10, progress: Progress = silent
) -> Explanation:
    """Say why a reference stands where it stands: terms and neighbours that raise or lower it.

    The reasons come from a model that has learnt only what the actor may see: complete verdicts, and their own.

    Raises
    ------
    NotAllowed
        The actor has no role in the review.
    NotFound
        Nothing has that key.
    """
    with project.store.snapshot(project.id) as view:
        require_insider(project, view, "see the ranking")
        id_ = resolve_key(view, key)
        board = Board(view)
        bench = _Bench(view, stage, progress=progress)
        return bench.explain(id_, [item.label for item in _labels(view, board, seen_by=project.actor)], limit=limit)


def suspicious_verdicts(
    project: Project, *, stage: Stage = FIRST, limit: int = 20, progress: Progress = silent
) -> tuple[Suspicion, ...]:
    """Return the complete outcomes that surprise the model most, for a second look; blind ones are left out.

    Raises
    ------
    NotAllowed
        The actor is neither lead nor adjudicator.
    InvalidInput
        Too little has been screened.
    """
    with project.store.snapshot(project.id) as view:
        require(project, view, "take a second look")
        board = Board(view)
        known = [item for item in _labels(view, board) if not item.blind]
        decided = {id_ for id_ in board.references() if board.standing(id_, FIRST).decisions}
        bench = _Bench(view, stage, progress=progress)
        found = second_look(bench.ranking, bench.ids, [item.label for item in known], seed=bench.plan.seed)
        return tuple(item for item in found if item.reference in decided)[:limit]


class _Bench:
    """A ranker that has read the review's texts, ready to learn any set of labels."""

    def __init__(
        self, view: Snapshot, stage: Stage, *, counting: Counting | None = None, progress: Progress = silent
    ) -> None:
        self.stage = stage
        self.plan = plan_of(view, stage)
        self.ranker = ranker_named(self.plan.ranker)
        documents = tuple(_documents(view))
        if not documents:
            raise InvalidInput("there are no references to rank", hint="Import some: stromata import FILE.")
        topic = topic_of(view, self.plan, {item.id: item for item in documents})
        self.ids = tuple(item.id for item in documents)
        self._texts = _hash_of(documents, topic)
        self._read_at = view.newest(_TEXTS)
        self.ranking = _read(
            self.ranker, documents, topic=topic, seed=self.plan.seed, counting=counting, progress=progress
        )
        self._learners: dict[str, tuple[Ranking, tuple[Label, ...]]] = {}
        self._chance = [draw(f"{self.plan.seed}/tie/{id_}") for id_ in self.ids]

    def still_reads(self, view: Snapshot) -> bool:
        """Tell whether the texts and the plan are still those of the review."""
        return view.newest(_TEXTS) == self._read_at

    def rank(self, view: Snapshot) -> RankingTable:
        """Return the order after all that the view knows."""
        known = _labels(view, Board(view))
        if self.plan.learn == "complete":
            known = [item for item in known if not item.blind]
        scores = self._learnt("all", [item.label for item in known])
        places = self._places(scores)
        keys, shown = list(places), [float(score) for score in scores]
        for fold in range(FOLDS):
            hidden = {item.label.id for item in known if item.blind and _fold(item.label.id) == fold}
            if hidden:
                scores = self._learnt(f"fold {fold}", [item.label for item in known if item.label.id not in hidden])
                places = self._places(scores)
                for number, id_ in enumerate(self.ids):
                    if id_ in hidden:
                        keys[number], shown[number] = places[number], float(scores[number])
        order = sorted(range(len(self.ids)), key=lambda number: (keys[number], self._chance[number]))
        table = tuple(Ranked(self.ids[number], place, shown[number]) for place, number in enumerate(order, start=1))
        return RankingTable(self._info(view, known), table)

    def explain(self, id_: str, labels: Sequence[Label], *, limit: int) -> Explanation:
        """Say why a reference stands where it stands after these labels."""
        learner = copy.deepcopy(self.ranking)
        learner.learn(labels)
        return learner.explain(id_, limit=limit)

    def _learnt(self, model: str, labels: Sequence[Label]) -> NDArray[np.float64]:
        """Return the scores after these labels, by a model that goes on from what it learnt last where it can.

        A ranking depends on its labels and their order alone, so that it may, unless one was taken back or moved.
        """
        learner, before = self._learners.get(model, (None, ()))
        wanted = {label.id: label for label in labels}
        kept = [label for label in before if wanted.get(label.id) == label]
        held = set(kept)
        fresh = [label for label in labels if label not in held]
        if learner is None or any(label.id not in wanted for label in before) or [*kept, *fresh] != list(labels):
            learner, fresh = copy.deepcopy(self.ranking), list(labels)
        learner.learn(fresh)
        self._learners[model] = learner, tuple(labels)
        return learner.scores()

    def _places(self, scores: NDArray[np.float64]) -> list[int]:
        """Return each document's place by score; equal scores stand in an order of chance that the seed fixes."""
        order = sorted(range(len(self.ids)), key=lambda number: (-scores[number], self._chance[number]))
        places = [0] * len(order)
        for place, number in enumerate(order):
            places[number] = place
        return places

    def _info(self, view: Snapshot, known: Sequence[_Known]) -> RankingInfo:
        labels = [[item.label.id, item.label.relevance, item.label.weight, item.blind] for item in known]
        sequence = _newest(view)
        content = [self._texts, labels, self.ranker.name, self.ranker.version, self.plan.seed]
        return RankingInfo(
            f"{sequence}-{codec.digest(content)[:16]}",
            self.stage,
            self.ranker.name,
            self.ranker.version,
            self.plan.seed,
            sequence,
            len(self.ids),
            len(known),
        )


def _read(
    ranker: Ranker,
    documents: Sequence[Document],
    *,
    topic: Topic,
    seed: int,
    counting: Counting | None,
    progress: Progress,
) -> Ranking:
    """Have a ranker read the texts, in memory or on an engine."""
    if counting is None:
        return ranker.open(documents, topic=topic, seed=seed, progress=progress)
    from stromata.screening.rankers import Words  # noqa: PLC0415 - takes long to load

    if not isinstance(ranker, Words):
        raise InvalidInput(
            f"the ranker {ranker.name!r} counts no words on an engine",
            hint="Leave --engine out, or plan --ranker default.",
        )
    with counting.opened() as engine:
        return ranker.open(documents, topic=topic, seed=seed, progress=progress, engine=engine)


def _require_open(project: Project, view: Snapshot, stage: Stage) -> None:
    """Raise `NotAllowed` where an earlier ranking would give a reviewer a hint of what is still blind to them."""
    if (project.actor, "reviewer") not in view.roles() or plan_of(view, stage).learn == "complete":
        return
    board = Board(view)
    blind = [
        id_
        for id_ in board.judged()
        if (standing := board.standing(id_, FIRST)).state == "open"
        and any(given.reviewer != project.actor for given in standing.decisions)
    ]
    if blind:
        raise NotAllowed(
            f"verdicts of others on {len(blind)} references are still blind, and earlier rankings could hint at them",
            hint="Ask somebody who is no reviewer, or wait until those verdicts are complete.",
        )


def ranker_named(name: str) -> Ranker:
    """Return the ranker of this name, built in or installed; NotFound when there is none."""
    from stromata.screening.rankers import RANKERS  # noqa: PLC0415 - takes long to load

    found: Ranker | type[Ranker] = plugins.get("rankers", name, builtin=RANKERS)
    return found() if isinstance(found, type) else found


def plan_of(view: Snapshot, stage: Stage) -> ScreeningPlan:
    """Return the plan of a stage; that of title and abstract, or the usual one, where it has none of its own."""
    plans = {plan.stage: plan for _, plan in view.screening_plans()}
    found = plans.get(stage) or plans.get(FIRST)
    return ScreeningPlan(stage) if found is None else replace(found, stage=stage)


def topic_of(view: Snapshot, plan: ScreeningPlan, known: dict[str, Document]) -> Topic:
    """Return what is being looked for, in the words of the protocol, with the references known to be relevant."""
    protocol = view.protocol()
    asked = protocol.question
    parts = (view.info().title, asked.population, asked.intervention, asked.comparator, asked.outcomes, asked.designs)
    homes = dict.fromkeys(view.reference_of(id_) for id_ in plan.known)
    return Topic(
        question=". ".join(part.strip(" .") for part in parts if part.strip(" .")),
        include=tuple(item.text for item in protocol.criteria if item.kind == "include"),
        exclude=tuple(item.text for item in protocol.criteria if item.kind == "exclude"),
        known=tuple(known[id_] for id_ in homes if id_ in known),
    )


def _is_fresh(view: Snapshot, info: RankingInfo) -> bool:
    ranker = ranker_named(plan_of(view, info.stage).ranker)
    return info.sequence == _newest(view) and (info.ranker, info.version) == (ranker.name, ranker.version)


def _newest(view: Snapshot) -> int:
    """Return the newest event that a ranking rests on."""
    return view.newest((*_BEGINNING, *_TEXTS, *_VERDICTS))


def _documents(view: Snapshot) -> Iterator[Document]:
    for item in combined(view):
        record = item.merged
        yield Document(item.id, record.title, record.abstract, record.keywords, names_of(record), cited_by(record))


def _labels(view: Snapshot, board: Board, *, seen_by: str | None = None) -> list[_Known]:
    """Return what there is to learn: at most one label a reference, in the order in which they were first judged.

    The verdicts of all reviewers make one label: their mean, with a doubt as one half; a settlement stands above them,
    and an outcome at full text above both. Labels of earlier reviews count where nobody has decided yet. A control
    sample is not learnt from: it must not know the ranking that it judges.

    Parameters
    ----------
    seen_by : leave out verdicts that are blind to this person; None for all.
    """
    plans = dict(board.plans)
    control = board.at_home(plans[FIRST][1].control) if FIRST in plans else frozenset()
    found: dict[str, _Known] = {}
    for prior in view.priors():
        id_ = board.home(prior.reference)
        found[id_] = _Known(Label(id_, prior.relevance, PRIOR_WEIGHT), at="", blind=False)
    for id_ in board.judged():
        if id_ not in control:
            item = _label(board, id_, seen_by)
            if item is not None:
                found[id_] = item
    return sorted(found.values(), key=lambda item: item.at)


def _label(board: Board, id_: str, seen_by: str | None) -> _Known | None:
    first, full = board.standing(id_, FIRST), board.standing(id_, FULL_TEXT)
    blind = first.state == "open"
    given = [item for item in first.decisions if not blind or seen_by in {None, item.reviewer}]
    if not given and first.resolution is None:
        return None
    at = min([item.at for item in given] + ([first.resolution.at] if first.resolution else []))
    relevance = sum(RELEVANCE[item.verdict] for item in given) / max(1, len(given))
    if first.resolution is not None:
        relevance = RELEVANCE[first.resolution.verdict]
    weight = 1.0
    if first.state == "included" and full.state in {"included", "excluded"}:
        relevance, weight = float(full.state == "included"), FULL_TEXT_WEIGHT
    return _Known(Label(id_, relevance, weight), at, blind)


def _hash_of(documents: Iterable[Document], topic: Topic) -> str:
    found = hashlib.sha256(codec.canonical(codec.to_data(topic)))
    for item in documents:
        text = "\x1f".join(
            (item.id, item.title, item.abstract, *item.keywords, "\x1e", *item.names, "\x1e", *item.cites)
        )
        found.update(text.encode("utf-8", "surrogatepass") + b"\x00")
    return found.hexdigest()


def _fold(id_: str) -> int:
    return draw(f"fold/{id_}")[0] % FOLDS

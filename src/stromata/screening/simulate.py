"""Replay a labelled set: what a ranker would have shown to the people who screened it, one reference at a time."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stromata.errors import Cancelled, InvalidInput
from stromata.progress import Progress, silent
from stromata.screening.documents import Document, Label, Ranker, Ranking, Topic
from stromata.screening.labelled import LabelledSet
from stromata.screening.metrics import Measures, measures
from stromata.screening.stopping import DEFAULT, RULES, Reading, Target, assess

Clock = Callable[[], float]
"""Gives CPU seconds, such as `time.process_time`; processes must be able to import it."""

_MISTAKES = 1
"""Second part of the seed of the verdicts that are wrong, so that they do not go with the order of the rows."""

_POLL_SECONDS = 0.2

_LOOKS = 200
"""How often a rule is asked whether to stop, in a replay of more references than that; in a shorter one each time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a set is replayed.

    Attributes
    ----------
    topic : what the ranker is told before it begins.
    priors : how many relevant and how many irrelevant references are known from the start.
    seed : of the order of the rows, of the priors and of the ranker.
    every : after how many verdicts the ranker learns and ranks anew.
    mistakes : share of the verdicts that the people who screened give wrongly; the measures count the labels of the
        set, the ranker learns what it is told. Priors are right.
    target, rules : what is to be reached, and the stopping rules that are asked whether it is.
    """

    topic: Topic = field(default_factory=Topic)
    priors: tuple[int, int] = (1, 1)
    seed: int = 0
    every: int = 1
    mistakes: float = 0.0
    target: Target = field(default_factory=Target)
    rules: tuple[str, ...] = (DEFAULT,)

    def __post_init__(self) -> None:
        """Refuse what cannot be replayed."""
        if min(self.priors) < 0:
            raise InvalidInput(f"priors are {self.priors[0]},{self.priors[1]}; they cannot be below 0")
        if self.seed < 0:
            raise InvalidInput(f"the seed is {self.seed}; it cannot be below 0")
        if self.every < 1:
            raise InvalidInput(f"ranking anew after {self.every} verdicts; it must be 1 or more")
        if not 0 <= self.mistakes < 0.5:  # from a half on verdicts say nothing, or the opposite
            raise InvalidInput(f"a share of {self.mistakes:g} wrong verdicts; it must lie from 0 to below 0.5")
        for name in self.rules:
            if name not in RULES:
                raise InvalidInput(f"there is no stopping rule {name!r}; there are: {', '.join(RULES)}")


@dataclass(frozen=True, slots=True)
class Task:
    """One replay to be done."""

    data: LabelledSet
    ranker: Ranker
    plan: Plan


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a rule would have ended reading, and what that would have meant; priors are not counted.

    Attributes
    ----------
    rule, version, target : of the rule, and what it was to reach.
    stopped : whether it said stop while something was unread.
    read, found : references read by then, and relevant ones among them, as they were judged.
    recall : share of the relevant ones that had been shown by then; by the labels of the set.
    work_saved : share of the references that were never read.
    claim : what the rule said then.
    """

    rule: str
    version: str
    target: Target
    stopped: bool
    read: int
    found: int
    recall: float
    work_saved: float
    claim: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out of a replay.

    Attributes
    ----------
    name, seed : of the set and of the plan.
    ranker, version : name and version of the ranker.
    n, relevant : references in the set, relevant ones among them, priors included.
    priors : positions of what was known from the start, in the file.
    order : positions of all others, in the order in which they were shown.
    labels : 1 for relevant, 0 for irrelevant, in the same order.
    trained : for each of `order`, how many references the ranker had learnt when it was shown.
    replayed : after so many of `order` nothing relevant was left: the others follow as they were ranked then.
    measures : of `labels`.
    cpu_ms_first : CPU milliseconds until the first reference was shown: features and first ranking.
    cpu_ms_per_verdict : CPU milliseconds that learning and ranking anew took, per verdict that was replayed.
    stops : what each of the plan's rules would have done.
    """

    name: str
    seed: int
    ranker: str
    version: str
    n: int
    relevant: int
    priors: tuple[int, ...]
    order: tuple[int, ...]
    labels: tuple[int, ...]
    trained: tuple[int, ...]
    replayed: int
    measures: Measures
    cpu_ms_first: float
    cpu_ms_per_verdict: float
    stops: tuple[Stop, ...]


def replay(data: LabelledSet, ranker: Ranker, plan: Plan, *, clock: Clock, progress: Progress = silent) -> Replay:
    """Show a set to a ranker reference by reference, each time the one it puts first, and tell it the verdict.

    The rows are shuffled by the seed (``numpy.random.default_rng(seed).permutation``): many sets list the included
    references first, and no ranker may profit from that. The first relevant and the first irrelevant rows in this order
    are the priors. Everything but the CPU time depends on set, ranker and plan alone.

    Parameters
    ----------
    progress : called with references shown and all of them.

    Raises
    ------
    InvalidInput
        The priors leave nothing relevant, or nothing irrelevant, to be found.
    Cancelled
        `progress` raised it.
    """
    rows = np.random.default_rng(plan.seed).permutation(len(data.documents))
    documents = tuple(data.documents[row] for row in rows)
    truth = np.array(data.relevant, dtype=bool)[rows]
    priors = _priors(data.name, truth, plan.priors)
    wrong = np.random.default_rng((plan.seed, _MISTAKES)).random(len(rows)) < plan.mistakes
    wrong[priors] = False
    run = _Run(documents, truth, truth ^ wrong, priors, plan.every)
    began = clock()
    run.begin(ranker.open(documents, topic=plan.topic, seed=plan.seed))
    first = clock()
    for done in run.steps():
        progress(done, len(rows), data.name)
    ended = clock()
    stops = tuple(_stop(run.truth[run.shown], run.told[run.shown], rule, plan.target) for rule in plan.rules)
    order = np.array(run.shown)
    positions = [int(documents[place].id) for place in range(len(documents))]
    labels = tuple(int(one) for one in truth[order])
    return Replay(
        name=data.name, seed=plan.seed, ranker=ranker.name, version=ranker.version,
        n=len(rows), relevant=int(truth.sum()),
        priors=tuple(positions[place] for place in priors), order=tuple(positions[place] for place in order),
        labels=labels, trained=tuple(run.trained), replayed=run.replayed, measures=measures(labels),
        cpu_ms_first=1000 * (first - began), cpu_ms_per_verdict=1000 * (ended - first) / max(1, run.replayed),
        stops=stops,
    )  # fmt: skip


def _stop(truth: NDArray[np.bool_], told: NDArray[np.bool_], rule: str, target: Target) -> Stop:
    """Ask a rule again and again whether to stop, until it says so."""
    n = len(truth)
    looks = iter(range(max(1, n // _LOOKS), n, max(1, n // _LOOKS)))
    read = next(looks, n)
    said = assess(Reading(n=n, relevant=told[:read]), target=target, rule=rule)
    while not said.stop:  # a rule says stop when nothing is unread
        read = next(looks, n)
        said = assess(Reading(n=n, relevant=told[:read]), target=target, rule=rule)
    return Stop(
        rule=said.rule, version=said.version, target=target, stopped=read < n, read=read, found=said.found,
        recall=float(truth[:read].sum() / truth.sum()), work_saved=1 - read / n, claim=said.claim,
    )  # fmt: skip


def _priors(name: str, truth: NDArray[np.bool_], wanted: tuple[int, int]) -> list[int]:
    """Return the places of the first relevant and the first irrelevant references."""
    found: list[int] = []
    for count, kind, places in zip(
        wanted, ("relevant", "irrelevant"), (np.flatnonzero(truth), np.flatnonzero(~truth)), strict=True
    ):
        if count >= len(places):
            raise InvalidInput(
                f"{name}: {count} {kind} prior(s) of {len(places)} {kind} references leave nothing to find",
                hint="Take fewer priors, such as --priors 0,0.",
            )
        found += [int(place) for place in places[:count]]
    return found


@dataclass(slots=True)
class _Run:
    """A replay under way; places are those of the shuffled rows."""

    documents: Sequence[Document]
    truth: NDArray[np.bool_]
    told: NDArray[np.bool_]
    priors: Sequence[int]
    every: int
    shown: list[int] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)
    replayed: int = 0
    ranking: Any = None  # a Ranking, once it is open
    queue: list[int] = field(default_factory=list)

    def begin(self, ranking: Ranking) -> None:
        """Tell the ranking the priors and take the first references that it puts on top."""
        self.ranking = ranking
        if self.priors:
            self._learn(self.priors)
        self.queue = self._best()

    def steps(self) -> Iterator[int]:
        """Go on until nothing relevant is left, yielding how many references are shown; then take the rest at once."""
        left = int(self.truth.sum() - self.truth[list(self.priors)].sum())
        while left:
            known = len(self.priors) + len(self.shown)
            self.shown += self.queue
            self.trained += [known] * len(self.queue)
            left -= int(self.truth[self.queue].sum())
            self._learn(self.queue)
            self.queue = self._best() if left else []
            yield len(self.priors) + len(self.shown)
        self.replayed = len(self.shown)
        rest = self._best(all_=True)
        self.trained += [len(self.priors) + len(self.shown)] * len(rest)
        self.shown += rest

    def _learn(self, places: Sequence[int]) -> None:
        self.ranking.learn([Label(self.documents[place].id, float(self.told[place])) for place in places])

    def _best(self, *, all_: bool = False) -> list[int]:
        """Return the places of the unread references that rank first; of equal ones the first in the shuffled order."""
        scores = np.array(self.ranking.scores(), dtype=float)
        scores[self.priors] = -np.inf
        scores[self.shown] = -np.inf
        unread = len(scores) - len(self.priors) - len(self.shown)
        if all_ or self.every > 1:
            return [
                int(place)
                for place in np.argsort(-scores, kind="stable")[: unread if all_ else min(self.every, unread)]
            ]
        return [int(np.argmax(scores))]


# Many sets and seeds at once.


def replay_all(
    tasks: Sequence[Task], *, clock: Clock, jobs: int = 1, progress: Progress = silent
) -> tuple[Replay, ...]:
    """Do many replays, in the order of the tasks; the results do not depend on the number of processes.

    Parameters
    ----------
    jobs : how many processes; with more than one, rankers and sets are sent to them, so that they must be picklable.
    progress : called with references shown and to be shown in all replays together.

    Raises
    ------
    InvalidInput
        No process, or as `replay`.
    Cancelled
        `progress` raised it, or a process was killed.
    """
    if jobs < 1:
        raise InvalidInput(f"{jobs} processes; there must be 1 or more")
    total = sum(len(task.data.documents) for task in tasks)
    if jobs == 1 or len(tasks) < 2:
        return tuple(_in_turn(tasks, total, clock, progress))
    return _at_once(tasks, total, clock, min(jobs, len(tasks)), progress)


def _in_turn(tasks: Sequence[Task], total: int, clock: Clock, progress: Progress) -> Iterator[Replay]:
    before = 0
    for task in tasks:
        yield replay(task.data, task.ranker, task.plan, clock=clock, progress=_after(before, total, progress))
        before += len(task.data.documents)
        progress(before, total, task.data.name)


def _after(before: int, whole: int, progress: Progress) -> Progress:
    """Return a progress of one replay that counts on from those done before."""

    def tell(done: int, total: int | None, note: str = "") -> None:  # noqa: ARG001 - the signature is Progress's
        progress(before + done, whole, note)

    return tell


def _at_once(tasks: Sequence[Task], total: int, clock: Clock, jobs: int, progress: Progress) -> tuple[Replay, ...]:
    """Give the longest replays to the processes first, and add up how far all of them are."""
    context = get_context("spawn")  # a fork would copy locks that threads of this process may hold
    shown = context.Array("q", len(tasks) + 1)
    longest = sorted(range(len(tasks)), key=lambda place: (-len(tasks[place].data.documents), place))
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_join, initargs=(shown,)) as pool:
        futures = {pool.submit(_one, tasks[place], place, clock): place for place in longest}
        try:
            waiting: set[Future[Replay]] = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                progress(min(sum(shown[:-1]), total), total, f"{len(futures) - len(waiting)} of {len(futures)} replays")
                for future in done:
                    future.result()
            return tuple(future.result() for future, _ in sorted(futures.items(), key=lambda item: item[1]))
        except BrokenProcessPool as error:
            raise Cancelled(
                "a process was killed before its replay was done",
                hint="Memory may be short: take fewer at once; or the ranker cannot be imported by another process.",
            ) from error
        finally:
            shown[-1] = 1
            pool.shutdown(wait=False, cancel_futures=True)


_shown: Any = None
"""In a process of its own: how far each replay is, and at the end whether all are to stop; shared by all processes."""


def _join(shown: Any) -> None:  # noqa: ANN401 - multiprocessing names no type for it
    global _shown  # noqa: PLW0603 - what is shared can only be handed over when a process begins
    _shown = shown
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it too, and tells the others to stop


def _one(task: Task, place: int, clock: Clock) -> Replay:
    def tell(done: int, total: int | None, note: str = "") -> None:  # noqa: ARG001 - the signature is Progress's
        _shown[place] = done
        if _shown[-1]:
            raise Cancelled("stopped")

    found = replay(task.data, task.ranker, task.plan, clock=clock, progress=tell)
    _shown[place] = len(task.data.documents)
    return found

"""Replays with a small ranker of our own, whose every step can be followed."""

import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from stromata.errors import Cancelled, InvalidInput
from stromata.screening.documents import Document, Topic
from stromata.screening.labelled import LabelledSet
from stromata.screening.rankers import RANKERS
from stromata.screening.simulate import Plan, Task, replay, replay_all
from stromata.screening.stopping import Target


class Counting:
    """Score by shared words: those of relevant documents for, those of others against."""

    def __init__(self, documents, topic):
        self.words = [set(document.title.split()) for document in documents]
        self.place = {document.id: number for number, document in enumerate(documents)}
        self.topic, self.known, self.batches = set(topic.question.split()), {}, []

    def learn(self, labels):
        self.batches.append(len(labels))
        self.known |= {label.id: label.relevance for label in labels}

    def scores(self):
        weights = dict.fromkeys(self.topic, 1.0)
        for id_, relevance in self.known.items():
            for word in self.words[self.place[id_]]:
                weights[word] = weights.get(word, 0.0) + (1.0 if relevance else -0.5)
        return np.array([sum(weights.get(word, 0.0) for word in words) for words in self.words])


@dataclass(frozen=True)
class Simple:
    """Its ranker; `opened` takes what it opens."""

    name: str = "simple"
    version: str = "7"
    opened: tuple[list, ...] = ()

    def open(self, documents, *, topic, seed=0, progress=None):
        ranking = Counting(list(documents), topic)
        for taken in self.opened:
            taken.append(ranking)
        return ranking


def made_up(size=60, relevant=12, name="made up"):
    """References of which the relevant ones speak of cells, most of them."""
    rng = np.random.default_rng(5)
    marks = np.arange(size) < relevant
    titles = [
        " ".join(["cells" if mark and rng.random() < 0.8 else "other", *(f"w{rng.integers(30)}" for _ in range(5))])
        for mark in marks
    ]
    documents = tuple(Document(id=str(100 + place), title=title) for place, title in enumerate(titles))
    return LabelledSet(name, documents, tuple(bool(mark) for mark in marks))


def done(data, plan, ranker=None):
    return replay(data, ranker or Simple(), plan, clock=time.process_time)


def timeless(run):
    return replace(run, cpu_ms_first=0.0, cpu_ms_per_verdict=0.0)


def test_priors_are_the_first_of_each_kind_in_the_shuffled_order():
    data = made_up()
    rows = np.random.default_rng(3).permutation(60)
    relevant = [int(row) + 100 for row in rows if row < 12]
    irrelevant = [int(row) + 100 for row in rows if row >= 12]
    run = done(data, Plan(priors=(2, 1), seed=3))
    assert run.priors == (*relevant[:2], irrelevant[0])


def test_every_reference_is_shown_once_with_its_label():
    data = made_up()
    run = done(data, Plan(seed=1))
    assert sorted((*run.order, *run.priors)) == [100 + place for place in range(60)]
    assert run.labels == tuple(int(position < 112) for position in run.order)
    assert (run.n, run.relevant, run.measures.n, run.measures.relevant) == (60, 12, 58, 11)
    assert (run.ranker, run.version, run.seed) == ("simple", "7", 1)


def test_each_reference_shown_is_the_best_by_all_verdicts_before_it():
    """The replay is done again by hand, step by step."""
    data = made_up()
    run = done(data, Plan(seed=2, priors=(1, 1)))
    rows = np.random.default_rng(2).permutation(60)
    documents = [data.documents[row] for row in rows]
    hand = Counting(documents, Topic())
    known = [next(number for number, one in enumerate(documents) if int(one.id) == prior) for prior in run.priors]
    for step in range(run.replayed):
        hand.known = {documents[number].id: float(rows[number] < 12) for number in known}
        scores = hand.scores()
        scores[known] = -np.inf
        best = int(np.argmax(scores))
        assert run.order[step] == int(documents[best].id)
        assert run.trained[step] == len(known)
        known.append(best)


def test_a_replay_ends_with_the_last_relevant_reference_and_ranks_the_rest_once():
    opened = []
    run = done(made_up(), Plan(seed=1), Simple(opened=(opened,)))
    assert run.labels[run.replayed - 1] == 1
    assert not any(run.labels[run.replayed :])
    assert len(set(run.trained[run.replayed :])) <= 1
    (ranking,) = opened
    assert ranking.batches == [2] + [1] * run.replayed


def test_ranking_anew_now_and_then_shows_several_at_a_time():
    opened = []
    run = done(made_up(), Plan(seed=1, every=5), Simple(opened=(opened,)))
    assert opened[0].batches[:3] == [2, 5, 5]
    assert run.trained[:6] == (2, 2, 2, 2, 2, 7)
    assert sorted((*run.order, *run.priors)) == [100 + place for place in range(60)]


def test_a_cold_start_knows_the_topic_only():
    cold = done(made_up(), Plan(topic=Topic(question="cells"), priors=(0, 0)))
    blind = done(made_up(), Plan(priors=(0, 0)))
    assert cold.priors == ()
    assert cold.labels[0] == 1
    assert cold.measures.loss < blind.measures.loss


def test_wrong_verdicts_are_learnt_but_the_labels_are_measured():
    """What is measured stays what the set says; the ranker is told otherwise, and finds later."""
    opened = []
    run = done(made_up(), Plan(seed=4, mistakes=0.3), Simple(opened=(opened,)))
    assert sum(run.labels) == 11
    told = opened[0].known
    wrong = [id_ for id_, relevance in told.items() if bool(relevance) != (int(id_) < 112)]
    assert 3 < len(wrong) < len(told) / 2
    assert not {str(prior) for prior in run.priors} & set(wrong)
    assert sum(stop.found for stop in run.stops) != sum(run.labels)


def test_a_rule_is_asked_until_it_says_stop():
    data = made_up(200, 12)
    run = done(data, Plan(target=Target(0.8, 0.9), rules=("row-50", "ranked-sample")))
    row, _ = run.stops
    assert (row.rule, row.stopped, row.target) == ("row-50", True, Target(0.8, 0.9))
    labels = np.array(run.labels)
    assert not labels[row.read - 50 : row.read].any()
    assert all(labels[end - 50 : end].any() for end in range(50, row.read))
    assert row.recall == labels[: row.read].sum() / labels.sum()
    assert row.work_saved == pytest.approx(1 - row.read / 198)
    assert row.found == labels[: row.read].sum()


def test_the_same_seed_gives_the_same_and_another_another():
    first, again, other = (timeless(done(made_up(), Plan(seed=seed))) for seed in (0, 0, 1))
    assert first == again
    assert first.order != other.order


def test_results_do_not_depend_on_the_number_of_processes():
    told = []
    ranker = RANKERS["default"]  # another process cannot import a test
    tasks = [Task(made_up(40 + size, name=f"set {size}"), ranker, Plan(seed=size, rules=())) for size in range(3)]
    one = replay_all(tasks, clock=time.process_time, progress=lambda *given: told.append(given))
    two = replay_all(tasks, clock=time.process_time, jobs=2, progress=lambda *given: told.append(given))
    assert [timeless(run) for run in one] == [timeless(run) for run in two]
    assert [run.name for run in two] == ["set 0", "set 1", "set 2"]
    assert {total for _, total, _ in told} == {123}
    assert max(shown for shown, _, _ in told) == 123


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_can_cancel_all(jobs):
    def refuse(*_given):
        raise Cancelled("enough")

    tasks = [Task(made_up(), RANKERS["random"], Plan(seed=seed, rules=())) for seed in range(3)]
    with pytest.raises(Cancelled, match="enough"):
        replay_all(tasks, clock=time.process_time, jobs=jobs, progress=refuse)


@pytest.mark.parametrize("priors", [(12, 0), (0, 48), (13, 1)])
def test_priors_must_leave_something_to_find(priors):
    with pytest.raises(InvalidInput, match="leave nothing to find"):
        done(made_up(), Plan(priors=priors))


@pytest.mark.parametrize(
    "wrong", [{"priors": (-1, 0)}, {"seed": -1}, {"every": 0}, {"mistakes": 0.5}, {"rules": ("row-7",)}]
)
def test_plans_that_cannot_be_are_refused(wrong):
    with pytest.raises(InvalidInput):
        Plan(**wrong)


def test_at_least_one_process_is_needed():
    with pytest.raises(InvalidInput, match="0 processes"):
        replay_all([], clock=time.process_time, jobs=0)

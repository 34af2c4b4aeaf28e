"""What a ranking by words says of itself: votes, reasons and settings."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from stromata.progress import silent
from stromata.screening import citations, features
from stromata.screening.documents import Document, Label, Topic
from stromata.screening.voters import Weights
from stromata.screening.word_ranking import Settings, WordRanking, _turn, outside

WORDS = [
    "knee",
    "cell",
    "pain",
    "graft",
    "bone",
    "skin",
    "plaque",
    "drug",
    "code",
    "fault",
    "test",
    "trial",
    "group",
    "score",
    "year",
]
RNG = np.random.default_rng(8)
DOCUMENTS = [
    Document(f"r{i}", title=" ".join(RNG.choice(WORDS[(i % 3) * 5 :], 6)), abstract=" ".join(RNG.choice(WORDS, 20)))
    for i in range(60)
]
LABELS = [Label(f"r{i}", float(i % 3 == 0)) for i in range(15)]


def ranking(*, settings=None, topic=None, meanings=None, verdicts=LABELS):
    reader = citations.Reader()
    ids, read = features.read(reader.noting(DOCUMENTS), progress=silent)
    found = WordRanking(
        ids, read, reader, meanings, topic=topic or Topic(), seed=1, settings=settings or Settings(design=0.0)
    )
    found.learn(verdicts)
    return found


def points(known=0):
    found = np.random.default_rng(3).standard_normal((61 + known, 8)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("voter", ["words", "nearest", "theme", "spread", "asked"])
def test_reasons_of_each_voter_add_up_to_its_score_less_a_constant(voter):
    weights = Weights(((voter, 1.0),), ((voter, (1.0, 0.0, 0.0)),))
    topic = Topic("randomised trials of cells for knee pain")
    found = ranking(settings=Settings(voters=weights), topic=topic)
    rest = []
    for document in DOCUMENTS[20:24]:
        told = found.explain(document.id, limit=1000)
        rest.append(told.score - sum(one.effect for one in told.reasons if one.kind in {"term", "topic"}))
    assert np.ptp(rest) < 1e-4


def test_without_voters_the_machine_decides():
    plain = ranking(settings=Settings(voters="", design=0.0))
    assert set(plain.votes()) == {"words"}
    assert plain.scores() == pytest.approx(plain.votes()["words"], abs=1e-6)
    assert set(ranking().votes()) == {"words", "nearest", "theme", "spread", "asked"}


def test_what_was_read_does_not_move_the_scale_of_a_vote():
    weights = Weights((), (("words", (1.0, 0.0, 0.0)),))
    found = ranking(settings=Settings(voters=weights, design=0.0))
    unread = np.array([int(document.id[1:]) >= 15 for document in DOCUMENTS])
    assert found.scores()[unread].std() == pytest.approx(1, abs=1e-5)


def test_meaning_moves_scores_and_is_a_reason_of_its_own():
    weights = Weights((), (("meaning", (1.0, 0.0, 0.0)), ("question", (0.5, 0.0, 0.0))))
    found = ranking(settings=Settings(voters=weights, design=0.0), topic=Topic("knee"), meanings=points())
    told = found.explain("r30")
    meant = [one for one in told.reasons if one.kind in {"meaning", "topic"}]
    assert sum(one.effect for one in meant) == pytest.approx(told.score, abs=1e-5)
    relevant = [0, 3, 6, 9, 12]
    nearest = relevant[int(np.argmax(points()[relevant] @ points()[30]))]
    assert {one.kind: one.text for one in meant} == {"meaning": f"r{nearest}", "topic": "the question of the protocol"}


def test_known_references_elsewhere_have_a_meaning_and_a_theme_too():
    known = Document("elsewhere", title="skin plaque drug")
    topic = Topic("knee", known=(known,))
    told = ranking(topic=topic, meanings=points(known=1), settings=Settings(voters="embedding"), verdicts=())
    without = ranking(topic=Topic("knee"), meanings=points(), settings=Settings(voters="embedding"), verdicts=())
    assert np.abs(told.scores() - without.scores()).max() > 0.1
    assert outside(topic, ["r0"]) == [known]
    assert outside(topic, ["elsewhere"]) == []


def test_a_changed_verdict_is_unlearnt_by_all_voters():
    changed, straight = ranking(), ranking(verdicts=[*LABELS[1:], Label("r0", 0.0)])
    changed.learn([Label("r0", 0.0)])
    for name, votes in changed.votes().items():
        assert votes == pytest.approx(straight.votes()[name], abs=1e-5), name


def test_turns_grow_and_are_reached():
    turns = sorted({_turn(count) for count in range(1, 2000)})
    assert turns[:4] == [1, 2, 3, 4]
    assert all(_turn(turn) == turn for turn in turns)
    assert all(b <= max(a + 1, 1.25 * a) for a, b in pairwise(turns))
    assert _turn(0) == 0


def test_references_of_the_same_text_have_the_same_score_wherever_they_stand():
    same = Document("x", title="graft of skin", abstract="cell graft skin plaque")
    twins = [replace(same, id=f"t{i}") for i in range(3)]
    documents = [twins[0], *DOCUMENTS[:30], twins[1], *DOCUMENTS[30:], twins[2]]
    reader = citations.Reader()
    ids, read = features.read(reader.noting(documents), progress=silent)
    found = WordRanking(ids, read, reader, None, topic=Topic("knee"), seed=1, settings=Settings())
    found.learn(LABELS)
    scores = [found.scores()[ids.index(one.id)] for one in twins]
    assert np.ptp(np.round(scores, 6)) <= 1e-6

"""The voters beside the machine of words: what each says, and how they are weighed."""

import copy

import numpy as np
import pytest
from scipy import sparse

from stromata.screening.themes import themes
from stromata.screening.voters import MOST, Voters, Weights, stage, weights_of
from stromata.screening.word_ranking import Settings


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


rng = np.random.default_rng(4)
ROWS = sparse.csr_array(unit((rng.random((30, 80)) * (rng.random((30, 80)) < 0.2)).astype(np.float32)))
LIKE = (ROWS @ ROWS.T).toarray().astype(np.float32)
SCORES = rng.standard_normal(30)
UNREAD = np.ones(30, dtype=bool)
ALL = ("words", "nearest", "theme", "spread", "asked")


def seated(*, meanings=None):
    found = themes(ROWS, count=10)
    question = None if meanings is None else meanings @ meanings[0].astype(float)
    return Voters(found, found.places[:0], meanings, asked=LIKE[3].astype(float), question=question)


def taught(voters, *points, sure=1.0):
    for point in points:
        voters.take(point, LIKE[point], sure)
    return voters


def only(name, weight=1.0):
    return Weights(((name, weight),), ((name, (weight, 0.0, 0.0)),))


@pytest.mark.parametrize("known", [1, 2, 3, 4, 9])
def test_the_nearest_are_the_three_most_alike_or_as_many_as_are_known(known):
    points = list(range(5, 5 + known))
    votes = taught(seated(), *points).votes(SCORES)["nearest"]
    assert votes == pytest.approx(np.sort(LIKE[points], axis=0)[-3:].mean(axis=0), abs=1e-6)


def test_the_nearest_do_not_depend_on_the_order_of_verdicts():
    votes = [taught(seated(), *points).votes(SCORES)["nearest"] for points in ((1, 2, 3, 4), (4, 2, 1, 3))]
    assert (votes[0] == votes[1]).all()


def test_the_theme_of_relevant_references_weighs_them_by_how_sure_they_are():
    voters = seated()
    places = unit(voters.themes.places[:, 1:])
    voters.take(1, LIKE[1], 1.0)
    voters.take(2, LIKE[2], 0.5)
    assert voters.votes(SCORES)["theme"] == pytest.approx(places @ (places[1] + 0.5 * places[2]), abs=1e-5)


def test_meaning_is_heard_where_there_is_one():
    meanings = unit(rng.standard_normal((30, 6)).astype(np.float32))
    voters = taught(seated(meanings=meanings), 4)
    votes = voters.votes(SCORES)
    assert votes["meaning"] == pytest.approx(meanings @ meanings[4], abs=1e-5)
    assert votes["question"] == pytest.approx(meanings @ meanings[0], abs=1e-5)
    assert voters.nearest_in_meaning(9) == 4
    assert "meaning" not in seated().votes(SCORES)
    assert seated().nearest_in_meaning(9) is None


def test_a_vote_counts_in_standard_deviations_among_the_unread():
    unread = UNREAD.copy()
    unread[:10] = False
    total = seated().total(SCORES, only("words", 2.0), unread)
    assert total[unread].mean() == pytest.approx(0, abs=1e-12)
    assert total[unread].std() == pytest.approx(2)
    assert total == pytest.approx(2 * (SCORES - SCORES[unread].mean()) / SCORES[unread].std())


def test_with_one_unread_left_all_are_looked_at():
    unread = np.zeros(30, dtype=bool)
    unread[3] = True
    total = seated().total(SCORES, only("words"), unread)
    assert total == pytest.approx((SCORES - SCORES.mean()) / SCORES.std())


def test_a_voter_that_says_the_same_of_all_is_not_heard():
    total = seated().total(np.full(30, 3.0), Weights((("words", 1.0), ("spread", 1.0)), ()), UNREAD)
    assert not total.any()


def test_votes_add_up():
    weights = Weights((), tuple((name, (0.3, 0.2, 0.1)) for name in ALL))
    voters = taught(seated(), 1, 2)
    votes = voters.votes(SCORES)
    heard = voters.heard(votes, weights, UNREAD)
    summed = sum(unit_ * (votes[name] - middle) for name, (unit_, middle) in heard.items())
    assert set(heard) == set(ALL)
    assert voters.total(SCORES, weights, UNREAD) == pytest.approx(summed)


def test_what_themes_add_is_what_the_voters_by_themes_say():
    weights = Weights((), tuple((name, (0.5, 0.1, 0.2)) for name in ("theme", "spread", "asked")))
    voters = taught(seated(), 1, 2, 8)
    heard = {name: unit_ for name, (unit_, _) in voters.heard(voters.votes(SCORES), weights, UNREAD).items()}
    rest = []
    for point in (0, 5, 29):
        learnt, asked = voters.along(point, heard, SCORES)
        place = voters.themes.places[point].astype(float)
        rest.append(voters.total(SCORES, weights, UNREAD)[point] - place @ (learnt + asked))
    assert np.ptp(rest) < 1e-5


def test_weights_depend_on_how_many_relevant_are_known():
    weights = Weights((("words", 0.7),), (("words", (1.0, 2.0, 7.0)),))
    assert weights.at(0) == {"words": 0.7}
    assert weights.at(3)["words"] == pytest.approx(1 + 2 / 2 + np.log(4))
    assert weights.at(10 * MOST) == weights.at(MOST)
    assert stage(1) == pytest.approx([1, 0.75, np.log(2) / 7])


def test_what_was_learnt_can_be_forgotten_and_copied():
    voters = taught(seated(), 1, 2)
    other = copy.copy(voters).copy()
    before = voters.votes(SCORES)
    taught(other, 5)
    assert all((vote == voters.votes(SCORES)[name]).all() for name, vote in before.items())
    voters.forget()
    fresh = seated().votes(SCORES)
    assert all((vote == fresh[name]).all() for name, vote in voters.votes(SCORES).items())


@pytest.mark.parametrize("name", ["default", "embedding"])
def test_the_shipped_weights_are_complete_and_hear_the_words(name):
    weights = weights_of(name)
    assert weights is not None
    assert set(dict(weights.after)) == {*ALL, *(("meaning", "question") if name == "embedding" else ())}
    for known in (0, 1, 10, 100, 1000):
        heard = weights.at(known)
        assert heard["words"] > 0
        assert all(np.isfinite(list(heard.values())))


def test_weights_may_be_given_or_left_out():
    own = only("words")
    assert weights_of(own) is own
    assert weights_of("") is None
    assert Settings().voters == "default"

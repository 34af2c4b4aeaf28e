"""Clusters: what is united, what a contradiction keeps apart, and that the order of pairs plays no part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.dedupe import cluster as module
from stromata.dedupe.cluster import Decisions, cluster

SAME, ASK, DIFFERENT, FOES = "same", "ask", "different", "foes"


def decisions(*rows: tuple[int, int, float, str], related: tuple[tuple[int, int], ...] = ()) -> Decisions:
    left, right, score, verdict = zip(*rows, strict=True) if rows else ((), (), (), ())
    verdict = np.array(verdict, dtype=object)
    return Decisions(
        left=np.array(left, dtype=np.int64), right=np.array(right, dtype=np.int64),
        score=np.array(score, dtype=np.float32), same=verdict == SAME, asked=verdict == ASK,
        contradicts=verdict == FOES, related=np.array([row[:2] in related for row in rows], dtype=bool),
    )  # fmt: skip


class Judge:
    """Says that all pairs are without a verdict, but for those that it was told are foes."""

    def __init__(self, *foes: tuple[int, int]) -> None:
        self.foes, self.asked = set(foes), []

    def __call__(self, left, right) -> Decisions:
        pairs = list(zip(left.tolist(), right.tolist(), strict=True))
        self.asked += pairs
        return decisions(*((*pair, -1.0, FOES if pair in self.foes else DIFFERENT) for pair in pairs))


def united(found) -> dict[int, int]:
    return dict(zip(found.places.tolist(), found.firsts.tolist(), strict=True))


def test_pairs_make_clusters_named_after_their_earliest_member():
    found = cluster(decisions((3, 7, 5.0, SAME), (1, 7, 4.0, SAME), (2, 9, 4.0, SAME)), judge=Judge())
    assert united(found) == {1: 1, 3: 1, 7: 1, 2: 2, 9: 2}
    assert found.merges.tolist() == [[1, 7], [2, 9], [3, 7]]
    assert found.questions.tolist() == []


def test_nothing_decided_gives_nothing():
    found = cluster(decisions(), judge=Judge())
    assert (len(found.places), len(found.merges), len(found.questions), len(found.relatives)) == (0, 0, 0, 0)


def test_a_chain_breaks_at_its_weakest_link_which_is_asked():
    chain = decisions((1, 2, 9.0, SAME), (2, 3, 2.0, SAME), (3, 4, 7.0, SAME))
    found = cluster(chain, judge=Judge((1, 4)))
    assert united(found) == {1: 1, 2: 1, 3: 3, 4: 3}
    assert found.questions.tolist() == [[2, 3]]


def test_the_judge_sees_every_pair_of_a_would_be_cluster_that_is_not_known_and_no_other():
    judge = Judge()
    cluster(decisions((1, 2, 9.0, SAME), (2, 3, 2.0, SAME), (5, 6, 9.0, SAME), (6, 8, 1.0, ASK)), judge=judge)
    assert judge.asked == [(1, 3)]


def test_a_bridge_between_foes_that_leans_to_neither_is_asked_about_with_both():
    found = cluster(decisions((1, 2, 5.0, SAME), (2, 3, 5.0, SAME)), judge=Judge((1, 3)))
    assert united(found) == {}
    assert sorted(found.questions.tolist()) == [[1, 2], [2, 3]]


def test_copies_are_united_although_they_bridge_foes():
    # 2, 3 and 4 are copies that fit 1 as well as 5, which contradict each other.
    pairs = [(2, 3), (2, 4), (3, 4), (1, 2), (1, 3), (1, 4), (2, 5), (3, 5), (4, 5)]
    found = cluster(decisions(*((*pair, 6.0, SAME) for pair in pairs)), judge=Judge((1, 5)))
    assert united(found) == {2: 2, 3: 2, 4: 2}
    assert len(found.questions) == 2, "one question for each two clusters, not for each pair of records"


def test_questions_come_by_doubt_and_once_for_each_two_clusters():
    found = cluster(
        decisions((1, 2, 9.0, SAME), (1, 5, -1.5, ASK), (2, 5, -0.5, ASK), (7, 8, 0.2, ASK), (1, 9, -1.9, ASK)),
        judge=Judge(),
    )
    assert found.questions.tolist() == [[7, 8], [2, 5], [1, 9]]


def test_a_question_within_a_cluster_is_answered():
    found = cluster(decisions((1, 2, 9.0, SAME), (2, 3, 9.0, SAME), (1, 3, -1.0, ASK)), judge=Judge())
    assert united(found) == {1: 1, 2: 1, 3: 1}
    assert found.questions.tolist() == []


def test_what_a_person_parted_is_neither_united_nor_asked_about_not_even_through_others():
    pairs = decisions((1, 2, 9.0, SAME), (2, 3, 5.0, SAME), (1, 3, 7.0, SAME))
    found = cluster(pairs, judge=Judge(), apart=[(1, 3)])
    assert united(found) == {1: 1, 2: 1}
    assert found.questions.tolist() == []


def test_what_a_person_merged_stays_together_and_grows():
    judge = Judge((1, 2), (2, 3))
    found = cluster(decisions((1, 3, 9.0, SAME), (4, 5, 9.0, SAME)), judge=judge, settled=[(1, 2), (6, 8)])
    assert united(found) == {1: 1, 2: 1, 4: 4, 5: 4, 6: 6, 8: 6}
    assert found.questions.tolist() == [[1, 3]], "the newcomer contradicts a member"
    assert united(cluster(decisions((1, 3, 9.0, SAME)), judge=Judge((1, 2)), settled=[(1, 2)])) == {1: 1, 2: 1, 3: 1}


def test_relatives_are_told_once_for_each_two_clusters():
    rows = ((1, 2, 9.0, SAME), (1, 5, -3.0, DIFFERENT), (2, 5, -2.0, DIFFERENT), (3, 4, -1.0, ASK))
    found = cluster(decisions(*rows, related=((1, 5), (2, 5), (3, 4))), judge=Judge())
    assert found.relatives.tolist() == [[2, 5], [3, 4]]


def test_a_chain_of_too_many_breaks_where_it_is_weakest(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_CLUSTER", 3)
    scores = [5.0, 5.5, 1.0, 6.0, 6.5]
    found = cluster(decisions(*((n, n + 1, score, SAME) for n, score in enumerate(scores))), judge=Judge())
    assert united(found) == {0: 0, 1: 0, 2: 0, 3: 3, 4: 3, 5: 3}
    assert found.questions.tolist() == [[2, 3]]


def test_large_places_keep_their_pairs():
    far = 250_000_000
    found = cluster(decisions((far, far + 1, 3.0, SAME), (1, far, 2.0, ASK)), judge=Judge())
    assert united(found) == {far: far, far + 1: far}
    assert found.questions.tolist() == [[1, far]]


PLACES = 9
PAIRS = [(left, right) for left in range(PLACES) for right in range(left + 1, PLACES)]


@given(
    rows=st.dictionaries(
        st.sampled_from(PAIRS),
        st.tuples(st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([SAME, SAME, ASK, FOES])),
        max_size=18,
    ),
    hidden=st.frozensets(st.sampled_from(PAIRS), max_size=6),
    apart=st.frozensets(st.sampled_from(PAIRS), max_size=3),
    order=st.permutations(range(PLACES)),
)
def test_no_cluster_holds_foes_and_the_order_of_input_plays_no_part(rows, hidden, apart, order):
    hidden -= rows.keys()

    def run(names):
        def renamed(pair):
            return tuple(sorted(names[place] for place in pair))

        given_rows = decisions(
            *((*renamed(pair), *row) for pair, row in sorted(rows.items(), key=lambda item: renamed(item[0])))
        )
        found = cluster(given_rows, judge=Judge(*map(renamed, hidden)), apart=map(renamed, apart))
        back = {new: old for old, new in enumerate(names)}
        groups = {}
        for place, first in united(found).items():
            groups.setdefault(first, set()).add(back[place])
        questions = [frozenset(back[place] for place in pair) for pair in found.questions.tolist()]
        home = {place: frozenset(group) for group in groups.values() for place in group}
        asked = [frozenset(home.get(place, frozenset([place])) for place in pair) for pair in questions]
        return {frozenset(group) for group in groups.values()}, asked

    clusters, asked = run(list(range(PLACES)))
    foes = {pair for pair, (_, verdict) in rows.items() if verdict == FOES} | set(hidden) | set(apart)
    assert not [pair for pair in foes for group in clusters if set(pair) <= group]
    assert len(asked) == len(set(asked))
    assert not [pair for pair in apart if frozenset(pair) in asked]
    other_clusters, other_asked = run(list(order))
    assert other_clusters == clusters
    assert set(other_asked) == set(asked)


@pytest.mark.parametrize("size", [2, 50])
def test_a_star_is_one_cluster(size):
    found = cluster(decisions(*((0, place, 4.0, SAME) for place in range(1, size))), judge=Judge())
    assert set(found.firsts.tolist()) == {0}
    assert found.places.tolist() == list(range(size))


def test_a_question_names_the_contradiction_that_kept_its_pair_from_being_merged():
    chain = decisions((1, 2, 9.0, SAME), (2, 3, 2.0, SAME), (3, 4, 7.0, SAME), (5, 6, 0.5, ASK))
    found = cluster(chain, judge=Judge((1, 4)))
    assert found.questions.tolist() == [[5, 6], [2, 3]]
    assert found.barring.tolist() == [[-1, -1], [1, 4]]
    alone = cluster(decisions((1, 2, 9.0, SAME)), judge=Judge())
    assert alone.barring.shape == (0, 2)

"""Samples and work dealt out: equal loads, mixed pairs, nothing moved by what comes later."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.screening.workload import draw, sample, split_work

IDS = [f"aa.{number}" for number in range(1, 301)]


def test_a_sample_depends_on_seed_and_purpose_and_not_on_the_order_of_ids():
    drawn = sample(IDS, 20, seed=1, purpose="audit")
    assert drawn == sample(reversed(IDS), 20, seed=1, purpose="audit")
    assert len(set(drawn)) == 20
    assert set(drawn) != set(sample(IDS, 20, seed=2, purpose="audit"))
    assert set(drawn) != set(sample(IDS, 20, seed=1, purpose="control"))


def test_chance_is_the_same_in_every_process():
    assert draw("1/audit/aa.1").hex() == "ee57235444431e3430a59ab0d393fcc240f97272368d78846684c42ad69089b8"
    assert draw("1/audit/aa.1") != draw("1/audit/aa.2")


def test_a_sample_larger_than_the_frame_is_refused():
    with pytest.raises(InvalidInput, match="300"):
        sample(IDS, 301, seed=1, purpose="audit")


def test_every_reference_is_about_equally_often_drawn():
    counts = Counter(id_ for seed in range(300) for id_ in sample(IDS[:10], 3, seed=seed, purpose="audit"))
    assert min(counts.values()) > 60
    assert max(counts.values()) < 120


@given(st.integers(2, 7), st.data())
def test_loads_differ_by_one_at_most_and_pairs_meet_alike(people, data):
    each = data.draw(st.integers(1, people))
    readers = [f"p{number}" for number in range(people)]
    dealt = split_work(IDS, readers, each=each, seed=data.draw(st.integers(0, 99)))
    loads = Counter(person for given in dealt.readers.values() for person in given)
    assert max(loads.values()) - min(loads[person] for person in readers) <= 1
    assert all(len(set(given)) == each for given in dealt.readers.values())
    if each == 2 and people > 2:
        met = Counter(dealt.readers.values())
        mean = len(IDS) / len(list(combinations(readers, 2)))
        assert max(met.values()) <= mean * 1.5 + 2
        assert min(met[pair] for pair in combinations(readers, 2)) >= mean * 0.5 - 2


def test_what_is_added_later_moves_nothing():
    before = split_work(IDS[:100], "abc", each=2, seed=5).readers
    after = split_work(IDS, "abc", each=2, seed=5).readers
    assert {id_: after[id_] for id_ in IDS[:100]} == before


def test_a_limit_is_kept_and_what_it_leaves_short_is_named():
    dealt = split_work(IDS, "abc", each=2, seed=5, limits={"a": 10})
    assert sum("a" in given for given in dealt.readers.values()) == 10
    assert dealt.short == ()
    short = split_work(IDS[:5], "ab", each=2, seed=5, limits={"a": 3}).short
    assert short == ("aa.4", "aa.5")


def test_more_readers_than_people_are_refused():
    with pytest.raises(InvalidInput, match="there are 1"):
        split_work(IDS, ["a"], each=2, seed=0)

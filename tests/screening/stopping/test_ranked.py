from math import comb

import numpy as np
import pytest

from stromata.screening.stopping import Reading, assess
from stromata.screening.stopping.ranked import in_a_row


def reading(n, *runs):
    """Runs of verdicts: a positive number of relevant ones, a negative one of irrelevant ones."""
    return Reading(n=n, relevant=np.concatenate([np.full(abs(run), run > 0) for run in runs]))


def smallest_p(given, spare):
    """The published test, urn by urn, without any short cut."""
    chances = []
    for start in range(given.read):
        x, size = int(given.relevant[start:].sum()), given.read - start
        population, relevant = given.unread + size, x + spare + 1
        if relevant > population:
            continue
        ways = sum(comb(relevant, k) * comb(population - relevant, size - k) for k in range(x + 1))
        chances.append(ways / comb(population, size))
    return min(chances)


@pytest.mark.parametrize(
    "given",
    [
        reading(200, 19, -60),
        reading(200, 19, -140),
        reading(300, 10, -20, 9, -30, 2, -150),
        reading(300, 10, -20, 9, -30, 1, -60, 1, -120),
        reading(150, -30, 40, -5, 3, -60),
        reading(60, 25, -1, 5, -20),
    ],
)
def test_it_decides_as_the_test_over_every_end_of_the_reading_does(given):
    result = assess(given, rule="ranked-sample")
    assert result.stop == (smallest_p(given, 1 if given.found < 38 else 2) < 0.05)
    assert smallest_p(given, result.left.high) < 0.05
    assert result.left.high == 0 or smallest_p(given, result.left.high - 1) >= 0.05


def test_it_says_how_many_more_irrelevant_ones_it_needs():
    short = assess(reading(1000, 40, -100), rule="ranked-sample")
    assert not short.stop
    assert short.more.how == "ranked"
    assert assess(reading(1000, 40, -100 - short.more.count), rule="ranked-sample").stop
    assert not assess(reading(1000, 40, -99 - short.more.count), rule="ranked-sample").stop


def test_looking_at_some_ends_only_never_stops_sooner(monkeypatch):
    relevant = np.zeros(400, dtype=bool)
    relevant[:240:2] = True
    given = Reading(n=500, relevant=relevant)
    all_ends = assess(given, rule="ranked-sample").left.high
    monkeypatch.setattr("stromata.screening.stopping.ranked.URNS", 10)
    assert assess(given, rule="ranked-sample").left.high >= all_ends


def test_it_warns_that_the_ranking_is_taken_for_chance():
    codes = {caution.code for caution in assess(reading(100, 5, -20), rule="ranked-sample").cautions}
    assert codes == {"ranked-taken-for-random"}


@pytest.mark.parametrize(("irrelevant", "stop"), [(49, False), (50, True), (51, True)])
def test_a_run_counts_irrelevant_ones_since_the_last_relevant_one(irrelevant, stop):
    result = assess(reading(1000, -80, 3, -irrelevant), rule="row-50")
    assert result.stop is stop
    assert result.left is None
    assert result.recall is None
    assert result.more is None if stop else result.more.count == 50 - irrelevant


def test_a_run_before_the_first_relevant_one_does_not_count():
    assert not assess(reading(1000, -500), rule="row-100").stop


def test_a_run_in_percent_goes_by_the_whole_collection():
    assert not assess(reading(2000, 5, -99), rule="row-5-percent").stop
    assert assess(reading(2000, 5, -100), rule="row-5-percent").stop


def test_a_run_says_that_it_has_no_statistical_basis():
    assert [caution.code for caution in in_a_row(reading(100, 1, -9), run=5).cautions] == ["no-statistical-basis"]

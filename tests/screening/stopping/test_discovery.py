import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.screening.stopping import Reading, Target, assess
from stromata.screening.stopping.discovery import LEAST


def ranked(relevant, irrelevant, *, median, spread, strays=0.0, seed=0):
    """An order in which relevant references turn up as the model has it."""
    rng = np.random.default_rng(seed)
    times = np.exp(rng.normal(np.log(median), spread, relevant))
    astray = rng.random(relevant) < strays
    times[astray] = rng.exponential(1, astray.sum())
    every = np.concatenate([times, rng.exponential(1, irrelevant)])
    return np.argsort(every, kind="stable") < relevant


def stopped(order, **options):
    """Where the rule first says stop, looking after every fiftieth part."""
    n = len(order)
    for read in range(n // 50, n, n // 50):
        if assess(Reading(n=n, relevant=order[:read]), **options).stop:
            return read
    return n


def test_where_its_model_holds_it_meets_the_target_and_saves_work():
    recalls, saved = [], []
    for seed in range(12):
        order = ranked(100, 1900, median=0.03, spread=1.0, seed=seed)
        read = stopped(order)
        recalls.append(order[:read].sum() / 100)
        saved.append(1 - read / 2000)
    assert np.mean(np.array(recalls) >= 0.95) >= 0.9
    assert np.mean(saved) > 0.4


def test_a_random_order_saves_next_to_nothing():
    for seed in range(4):
        order = ranked(100, 900, median=1.0, spread=1.0, strays=1.0, seed=seed)
        assert order[: stopped(order)].sum() >= 90


def test_late_finds_raise_what_is_expected_to_be_left():
    calm = np.concatenate([np.full(40, True), np.zeros(460, bool)])
    late = calm.copy()
    late[[300, 380, 470]] = True
    before, after = (assess(Reading(n=1000, relevant=order)) for order in (calm, late))
    assert after.left.value > before.left.value
    assert after.left.high > before.left.high
    assert before.stop
    assert not after.stop


def test_more_irrelevant_reading_lowers_the_bounds():
    order = ranked(60, 940, median=0.05, spread=1.2, seed=3)
    last = int(np.flatnonzero(order)[-3])
    highs = []
    for extra in range(0, 400, 50):
        relevant = np.concatenate([order[:last], np.zeros(extra, bool)])
        highs.append(assess(Reading(n=1000, relevant=relevant)).left.high)
    assert highs == sorted(highs, reverse=True)
    assert highs[-1] < highs[0]


def test_it_says_how_many_more_to_read():
    order = ranked(60, 940, median=0.05, spread=1.2, seed=3)[:200]
    short = assess(Reading(n=1000, relevant=order))
    assert not short.stop
    assert short.more.how == "ranked"

    def then(extra):
        return assess(Reading(n=1000, relevant=np.concatenate([order, np.zeros(extra, bool)]))).stop

    assert then(short.more.count)
    assert not then(short.more.count - 1)


def test_a_higher_target_asks_for_more():
    order = ranked(200, 1800, median=0.04, spread=1.2, seed=1)
    reads = [
        stopped(order, target=Target(recall=recall, confidence=confidence))
        for recall, confidence in ((0.8, 0.8), (0.9, 0.9), (0.95, 0.95), (0.99, 0.95))
    ]
    assert reads == sorted(reads)
    assert reads[0] < reads[-1]


@pytest.mark.parametrize("recall", [0.5, 0.8, 0.9, 0.94])
def test_where_reading_may_stop_for_95_percent_it_may_stop_for_less(recall):
    for seed in range(6):
        order = ranked(150, 1850, median=0.04, spread=1.2, strays=0.05, seed=seed)
        for read in range(100, 2000, 100):
            reading = Reading(n=2000, relevant=order[:read])
            if assess(reading).stop:
                lower = assess(reading, target=Target(recall=recall))
                assert lower.stop
                assert lower.recall.low >= recall
                break
        else:
            pytest.fail("it never stopped")


def test_strays_that_turn_up_sooner_than_by_chance_are_waited_for():
    recalls, saved = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        times = np.where(rng.random(100) < 0.15, rng.exponential(1 / 3, 100), np.exp(rng.normal(np.log(0.03), 1, 100)))
        order = np.argsort(np.concatenate([times, rng.exponential(1, 1900)]), kind="stable") < 100
        read = stopped(order)
        recalls.append(order[:read].sum() / 100)
        saved.append(1 - read / 2000)
    assert np.mean(np.array(recalls) >= 0.95) >= 0.9
    assert np.mean(saved) > 0.35


def test_below_ten_relevant_the_curve_is_not_modelled():
    few = Reading(n=1000, relevant=np.arange(700) < LEAST - 1)
    result = assess(few)
    assert "few-relevant-found" in {caution.code for caution in result.cautions}
    assert result.left == assess(few, rule="ranked-sample").left
    assert result.stop is assess(few, rule="ranked-sample").stop


def test_what_was_drawn_at_random_counts_as_found_but_not_for_the_ranking():
    order = ranked(60, 940, median=0.05, spread=1.0, seed=2)[:500]
    plain = Reading(n=1000, relevant=order)
    mixed = Reading(
        n=1040,
        relevant=np.concatenate([np.zeros(38, bool), [True, True], order]),
        random=np.concatenate([np.full(40, True), np.zeros(500, bool)]),
    )
    assert assess(mixed).left == assess(plain).left
    assert assess(mixed).found == assess(plain).found + 2


def test_the_same_course_at_ten_times_the_size_gives_the_same_estimate():
    order = ranked(50, 950, median=0.05, spread=1.0, seed=4)[:400]
    small = assess(Reading(n=1000, relevant=order))
    places = np.flatnonzero(order)
    irrelevant = 10 * (places - np.arange(len(places)))
    large = np.zeros(10 * (400 - len(places)) + len(places), bool)
    large[irrelevant + np.arange(len(places))] = True
    grown = assess(Reading(n=9500 + 10 * (50 - 50) + 50, relevant=large))
    assert abs(grown.left.high - small.left.high) <= 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(0, 300))
def test_any_reading_gets_bounds_in_order(relevant, unread):
    result = assess(Reading(n=len(relevant) + unread, relevant=relevant))
    assert 0 <= result.left.low <= result.left.high <= unread
    assert result.left.value is None or result.left.low <= result.left.value <= result.left.high
    assert result.stop or result.more.count <= unread
    if result.found:
        assert result.stop == (result.recall.low >= 0.95 - 1e-9)


@pytest.mark.parametrize("order", [np.arange(600) < 590, np.arange(600) >= 10])
def test_extreme_orders_are_borne(order):
    for read in (15, 300, 599):
        assert assess(Reading(n=600, relevant=order[:read])).claim

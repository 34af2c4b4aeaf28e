from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.screening.stopping import Control, Reading, Target, assess
from stromata.screening.stopping.sampled import hypergeometric, smallest


def exact(x, population, relevant, drawn):
    ways = sum(comb(relevant, k) * comb(population - relevant, drawn - k) for k in range(x + 1) if k <= relevant)
    return float(Fraction(ways, comb(population, drawn)))


def ours(*numbers):
    return float(hypergeometric(*(np.array([number]) for number in numbers))[0])


@st.composite
def draws(draw):
    population = draw(st.integers(2, 400))
    relevant = draw(st.integers(1, population))
    drawn = draw(st.integers(0, population))
    least = max(0, drawn - (population - relevant))
    return draw(st.integers(least, max(least, min(relevant, drawn)))), population, relevant, drawn


@given(draws())
def test_the_hypergeometric_sum_is_never_too_small_and_exact_where_it_decides(numbers):
    value, truth = ours(*numbers), exact(*numbers)
    assert value >= truth * (1 - 1e-9)
    if truth < 0.3:
        assert value == pytest.approx(truth, rel=1e-3)


def test_more_relevant_ones_than_there_are_is_impossible():
    assert ours(0, 10, 11, 3) == 0
    assert ours(0, 10, 8, 3) == 0  # only two irrelevant ones, three drawn


@pytest.mark.parametrize("answer", [0, 1, 7, 10])
def test_smallest_finds_the_first_number_that_holds(answer):
    assert smallest(lambda number: number >= answer, 0, 10) == answer


def after_ranking(found, ranked, hits, drawn, n):
    relevant = [True] * found + [False] * (ranked - found) + [True] * hits + [False] * (drawn - hits)
    return Reading(n=n, relevant=relevant, random=[False] * ranked + [True] * drawn)


def test_a_random_sample_stops_exactly_when_missing_the_target_is_improbable():
    # 40 found spare 2; with 3 of 500 left, none in m drawn has a probability of about (1 - m/500)^3
    enough = next(m for m in range(500) if exact(0, 500, 3, m) < 0.05)
    assert not assess(after_ranking(40, 500, 0, enough - 1, 1000), rule="random-sample").stop
    result = assess(after_ranking(40, 500, 0, enough, 1000), rule="random-sample")
    assert result.stop
    assert result.left.high == 2
    assert result.recall.low == pytest.approx(40 / 42)
    assert result.more is None


def test_it_says_how_many_more_to_draw():
    short = assess(after_ranking(40, 500, 0, 100, 1000), rule="random-sample")
    assert short.more.how == "random"
    assert assess(after_ranking(40, 500, 0, 100 + short.more.count, 1000), rule="random-sample").stop
    assert not assess(after_ranking(40, 500, 0, 99 + short.more.count, 1000), rule="random-sample").stop


def test_only_the_last_run_of_random_draws_is_the_sample():
    relevant = [False] * 100 + [True] * 40 + [False] * 60
    early = Reading(n=1000, relevant=relevant, random=[True] * 100 + [False] * 100)
    result = assess(early, rule="random-sample")
    assert not result.stop
    assert "no-random-sample" in {caution.code for caution in result.cautions}
    assert result.left.value is None


@pytest.mark.parametrize("rule", ["random-sample", "random-anytime"])
def test_a_sample_without_relevant_ones_never_widens_the_bound(rule):
    bounds = [assess(after_ranking(60, 300, 0, drawn, 1000), rule=rule).left.high for drawn in range(0, 700, 50)]
    assert bounds == sorted(bounds, reverse=True)


def test_a_bound_for_any_number_of_looks_is_wider_than_one_for_a_single_look():
    for drawn in (50, 200, 400, 650):
        reading = after_ranking(60, 300, 1, drawn, 1000)
        once, always = (assess(reading, rule=rule).left.high for rule in ("random-sample", "random-anytime"))
        assert always >= once


def errors(rule, looks, *, runs=150, n=400, ranked=100, found=40, left=3):
    """Share of runs in which the rule stops although too many are left: 40 found spare 2."""
    rng, wrong = np.random.default_rng(5), 0
    for _ in range(runs):
        rest = np.zeros(n - ranked, dtype=bool)
        rest[rng.choice(n - ranked, left, replace=False)] = True
        head = np.arange(ranked) < found
        for drawn in looks:
            relevant = np.concatenate([head, rest[:drawn]])
            reading = Reading(n=n, relevant=relevant, random=np.arange(len(relevant)) >= ranked)
            if assess(reading, rule=rule).stop:
                wrong += found + rest[:drawn].sum() < 0.95 * (found + left)
                break
    return wrong / runs


def test_one_look_errs_as_rarely_as_stated():
    assert errors("random-sample", [200]) <= 0.09


def test_many_looks_err_as_rarely_as_stated_with_the_anytime_rule_only():
    assert errors("random-anytime", range(20, 300, 20)) <= 0.05


def control(relevant, reached, target=None):
    reading = Reading(n=1000, relevant=np.arange(400) < 90, control=Control(relevant=relevant, reached=reached))
    return assess(reading, target=target, rule="control-sample")


def test_a_control_sample_of_fewer_than_59_relevant_cannot_support_95_percent():
    # 0.95^58 = 0.0511, 0.95^59 = 0.0485
    too_small = control(58, 58)
    assert not too_small.stop
    assert "control-too-small" in {caution.code for caution in too_small.cautions}
    assert "59" in too_small.claim
    assert control(59, 59).stop
    assert not control(59, 58).stop


def test_a_control_sample_stops_at_the_quantile_bound():
    # smallest j with P(Binomial(100, 0.8) < j) >= 0.95
    needed = next(j for j in range(101) if sum(comb(100, k) * 0.8**k * 0.2 ** (100 - k) for k in range(j)) >= 0.95)
    target = Target(recall=0.8)
    assert control(100, needed, target).stop
    assert not control(100, needed - 1, target).stop
    assert control(100, needed, target).recall.low >= 0.8


def test_without_a_control_sample_its_rule_says_nothing():
    result = assess(Reading(n=10, relevant=[True]), rule="control-sample")
    assert not result.stop
    assert result.left is None
    assert [caution.code for caution in result.cautions] == ["no-control-sample"]

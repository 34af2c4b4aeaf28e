import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stromata.errors import InvalidInput
from stromata.synthesis import exact_interval, exact_rate_interval, wilson_interval
from stromata.synthesis.intervals import (
    chi_squared_p,
    exact_bounds,
    finite_or_none,
    normal_quantile,
    number,
    t_quantile,
    two_sided_p,
    wilson_bounds,
)

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_exact_bounds_leave_half_the_error_in_each_tail(case, level):
    x, n = case
    low, high = exact_interval(x, n, level)
    tail = (1 - level) / 2
    assert low == 0 if x == 0 else stats.binom.sf(x - 1, n, low) == pytest.approx(tail, rel=1e-8)
    assert high == 1 if x == n else stats.binom.cdf(x, n, high) == pytest.approx(tail, rel=1e-8)


@given(counts)
def test_wilson_bounds_are_where_the_score_statistic_reaches_the_quantile(case):
    x, n = case
    z = normal_quantile(0.95)
    for bound in wilson_interval(x, n):
        if 0 < bound < 1:
            assert abs(x / n - bound) / math.sqrt(bound * (1 - bound) / n) == pytest.approx(z, rel=1e-7)


@pytest.mark.parametrize("interval", [exact_interval, wilson_interval])
@pytest.mark.parametrize("n", [1, 6, 1000, 10**7])
def test_none_and_all_give_bounds_of_exactly_0_and_1(interval, n):
    assert interval(0, n)[0] == 0.0
    assert interval(n, n)[1] == 1.0
    assert 0 < interval(0, n)[1] == pytest.approx(1 - interval(n, n)[0], rel=1e-7)


@given(counts)
def test_swapping_events_and_non_events_mirrors_both_intervals(case):
    x, n = case
    for interval in (exact_interval, wilson_interval):
        low, high = interval(x, n)
        assert interval(n - x, n) == (pytest.approx(1 - high, abs=1e-12), pytest.approx(1 - low, abs=1e-12))


@pytest.mark.parametrize(
    ("x", "n", "level"), [(-1, 5, 0.95), (6, 5, 0.95), (0, 0, 0.95), (math.nan, 5, 0.95), (1, 5, 1)]
)
def test_impossible_arguments_are_refused(x, n, level):
    for interval in (exact_interval, wilson_interval):
        with pytest.raises(InvalidInput):
            interval(x, n, level)


@pytest.mark.parametrize("df", [1, 2, 5, 12, 400])
def test_quantiles_and_tails_agree_with_scipy_stats(df):
    assert t_quantile(0.95, df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-12)
    assert two_sided_p(2.3, df) == pytest.approx(2 * stats.t.sf(2.3, df), rel=1e-10)
    assert two_sided_p(-9.0, None) == pytest.approx(2 * stats.norm.sf(9), rel=1e-12)
    assert chi_squared_p(31.4, df) == pytest.approx(stats.chi2.sf(31.4, df), rel=1e-10)
    assert chi_squared_p(0.0, 0) == 1.0


@pytest.mark.parametrize(("x", "t"), [(0, 1.0), (1, 7.5), (4, 120.0), (30, 0.5), (1000, 3.0)])
def test_garwoods_bounds_are_where_the_poisson_tails_reach_half_the_rest(x, t):
    low, high = exact_rate_interval(x, t)
    assert stats.poisson.cdf(x, high * t) == pytest.approx(0.025, rel=1e-9)
    if x == 0:
        assert low == 0.0
    else:
        assert stats.poisson.sf(x - 1, low * t) == pytest.approx(0.025, rel=1e-9)


def test_garwoods_bounds_as_r_prints_them():
    # R 4.2.2, exact Poisson limits of 2 events in 7.5.
    assert exact_rate_interval(2, 7.5) == (pytest.approx(0.0322945704725287), pytest.approx(0.963291689029861))


@pytest.mark.parametrize(("x", "t", "level"), [(-1, 5, 0.95), (1, 0, 0.95), (math.inf, 5, 0.95), (1, 5, 0)])
def test_impossible_rates_are_refused(x, t, level):
    with pytest.raises(InvalidInput):
        exact_rate_interval(x, t, level)


@given(st.lists(counts, min_size=1, max_size=5), st.floats(0.5, 0.999))
def test_many_intervals_at_once_are_those_of_each(cases, level):
    x, n = (np.array(values, dtype=float) for values in zip(*cases, strict=True))
    for many, one in ((exact_bounds, exact_interval), (wilson_bounds, wilson_interval)):
        low, high = many(x, n, level)
        for place, case in enumerate(cases):
            assert (low[place], high[place]) == pytest.approx(one(*case, level), rel=1e-14)


@pytest.mark.parametrize("value", [None, "0.5", [0.5], math.nan, math.inf, 10**400, 2.0])
def test_an_option_that_is_no_number_or_out_of_range_is_refused_by_name(value):
    with pytest.raises(InvalidInput, match="share is ") as caught:
        number("share", value, "a number up to 1", lambda share: share <= 1)
    assert "a number up to 1" in caught.value.hint


@pytest.mark.parametrize("value", [None, "95", [0.95], 95, math.nan])
def test_a_level_of_another_type_is_refused_as_one_out_of_range_is(value):
    with pytest.raises(InvalidInput, match="level is "):
        exact_interval(1, 2, value)


def test_only_finite_values_are_values():
    assert [finite_or_none(one) for one in (-1.5, 0.0, math.inf, -math.inf, math.nan)] == [-1.5, 0.0, None, None, None]

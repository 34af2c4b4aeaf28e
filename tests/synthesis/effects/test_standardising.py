import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.synthesis.effects.standardising import average, hedges


def test_the_factor_is_a_ratio_of_gamma_functions_for_even_and_odd_degrees_of_freedom():
    # By hand: gamma(1) / gamma(1/2) at 2, and gamma(2) / (root 2 gamma(3/2)) at 4.
    df = np.array([2.0, 4.0])
    expected = [1 / math.sqrt(math.pi), 1 / (math.sqrt(2) * math.sqrt(math.pi) / 2)]
    np.testing.assert_allclose(hedges(df), expected, rtol=1e-14)


def test_the_series_takes_over_without_a_step():
    df = np.arange(60.0, 220.0)
    exact = np.exp([math.lgamma(m / 2) - math.log(math.sqrt(m / 2)) - math.lgamma((m - 1) / 2) for m in df])
    np.testing.assert_allclose(hedges(df), exact, rtol=3e-13)


def test_many_people_need_hardly_a_correction_and_lose_no_digits():
    # 1 - 3 / (4 m) - 7 / (32 m^2), the first terms of its expansion in 1 / m.
    for m in (1e4, 1e6, 1e9):
        assert hedges(np.array([m]))[0] == pytest.approx(1 - 3 / (4 * m) - 7 / (32 * m * m), rel=1e-12)


@given(st.integers(2, 10**6))
def test_the_factor_shrinks_and_the_approximation_is_close(df):
    m = np.array([float(df)])
    exact, near = hedges(m)[0], hedges(m, "approximate")[0]
    assert 0 < exact < 1
    assert near == pytest.approx(exact, abs=0.008)
    assert hedges(m, "none")[0] == 1.0


def test_an_average_is_weighted_by_size_leaves_out_what_is_missing_and_keeps_its_axis():
    values = np.array([[1.0, 4.0, np.nan], [2.0, 2.0, 8.0]])
    sizes = np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])
    assert average(values, sizes).tolist() == [[3.0], [5.0]]

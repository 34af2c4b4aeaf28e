import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.synthesis.effects import scales


def test_a_logarithm_beyond_a_double_is_an_infinite_ratio_and_no_warning():
    assert scales.exp(np.array([-1e4, 0.0, 709.0, 710.0, np.inf]), np.ones(5)).tolist() == [
        0.0,
        1.0,
        pytest.approx(8.218407461554972e307),
        np.inf,
        np.inf,
    ]


def test_the_double_root_is_undone_exactly_and_is_0_below_what_no_event_gives():
    times = np.array([10.0, 10.0, 3.5, 7.0])
    back = scales.undo_double_root(np.array([0.3, 0.5, 1.0, 2.0]), times)
    # From R's metafor 3.8-1, transf.iirft().
    np.testing.assert_allclose(back, [0.0469444444444444, 0.2025, 0.862244897959184, 3.92889030612245], rtol=1e-13)
    smallest = scales.double_root(np.zeros(4), times)
    assert scales.undo_double_root(smallest, times).tolist() == [0.0] * 4
    assert scales.undo_double_root(smallest / 2, times).tolist() == [0.0] * 4


def test_the_double_arcsine_is_undone_as_in_metafor():
    grid = np.array([0.2, 0.5, 0.9, 1.4])
    size = 3 / (1 / 5 + 1 / 9 + 1 / 17)
    # From R's metafor 3.8-1, transf.ipft.hm() at sizes 5, 9 and 17.
    expected = [0.00366049609945135, 0.19912946661799, 0.626796043835429, 0.999983235335239]
    np.testing.assert_allclose(scales.undo_double_arcsine(grid, np.full(4, size)), expected, rtol=1e-12)


@given(st.floats(-3, 3))
def test_alpha_never_passes_1(y):
    for back in (scales.at_most_one, scales.one_minus_cube, scales.one_minus_exp):
        assert back(np.float64(y), np.float64(1)) <= 1


def test_logs_and_logits_of_nobody_and_everybody_are_infinite_without_a_warning():
    assert scales.log_of(np.array([0.0, 1.0]), np.ones(2)).tolist() == [-np.inf, 0.0]
    assert scales.logit_of(np.array([0.0, 1.0]), np.ones(2)).tolist() == [-np.inf, np.inf]

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis.effects import conversions as c
from stromata.synthesis.effects.sizes import effect_arrays

SIZES = st.floats(-4, 4)
VARIANCES = st.floats(1e-6, 10)


@given(SIZES, VARIANCES, st.sampled_from(["logistic", "normal"]))
def test_d_and_log_odds_ratio_undo_each_other(d, v, outcome):
    back = c.log_odds_ratio_to_d(*c.d_to_log_odds_ratio(d, v, outcome=outcome), outcome=outcome)
    assert (float(back[0]), float(back[1])) == (pytest.approx(d, abs=1e-12), pytest.approx(v))


@given(st.floats(-0.99, 0.99), VARIANCES)
def test_r_survives_the_way_to_d_of_equal_groups_and_to_z(r, v):
    for there, back in ((c.r_to_d, c.d_to_r), (c.r_to_z, c.z_to_r), (c.r_to_log_odds_ratio, c.log_odds_ratio_to_r)):
        found = back(*there(r, v))
        assert (float(found[0]), float(found[1])) == (pytest.approx(r, abs=1e-12), pytest.approx(v, rel=1e-6))


@pytest.mark.parametrize(
    ("function", "at", "options"),
    [
        (c.d_to_r, 0.7, {}),
        (c.d_to_r, -0.7, {"n1": 20, "n2": 60}),
        (c.r_to_d, 0.3, {}),
        (c.r_to_z, 0.3, {}),
        (c.z_to_r, 0.9, {}),
        (c.log_odds_ratio_to_r, 1.2, {}),
        (c.r_to_log_odds_ratio, -0.4, {}),
    ],
)
def test_variances_follow_the_slope(function, at, options):
    step = 1e-6
    slope = (function(at + step, 1, **options)[0] - function(at - step, 1, **options)[0]) / (2 * step)
    assert float(function(at, 0.05, **options)[1]) == pytest.approx(float(slope) ** 2 * 0.05, rel=1e-6)


def test_a_log_odds_ratio_is_1_81_or_1_65_times_d():
    assert float(c.d_to_log_odds_ratio(1, 1)[0]) == pytest.approx(1.8138, abs=1e-4)
    assert float(c.d_to_log_odds_ratio(1, 1, outcome="normal")[0]) == 1.65


def test_the_conversions_are_those_of_the_measures():
    table = {"ai": [8], "bi": [12], "ci": [3], "di": [27]}
    for name, outcome in (("OR2DL", "logistic"), ("OR2DN", "normal")):
        np.testing.assert_allclose(
            c.log_odds_ratio_to_d(*effect_arrays("OR", **table), outcome=outcome),
            effect_arrays(name, **table),
            rtol=1e-14,
        )


def test_arrays_keep_their_shape():
    r, v = c.d_to_r([[0.2, 0.5]], [[0.1, 0.1]], n1=[[10, 20]], n2=[[10, 60]])
    assert r.shape == v.shape == (1, 2)
    assert r[0, 1] == pytest.approx(0.5 / math.sqrt(0.25 + 80 * 80 / 1200))


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: c.d_to_r([0.1, np.nan], [1, 1]), "d is nan in row 2"),
        (lambda: c.d_to_r(0.1, 0), "the variance of d is 0 in row 1"),
        (lambda: c.d_to_r([0.1, 0.2], [1]), "shape"),
        (lambda: c.d_to_r("x", 1), "not a number"),
        (lambda: c.d_to_r(0.1, 1, n1=10), "one of n1 and n2 is missing"),
        (lambda: c.d_to_r(0.1, 1, n1=10, n2=0), "row 1 is no size; it must lie from 1"),
        (lambda: c.d_to_r([0.1], [1], n1=["x"], n2=[10]), "n1 holds something that is not a number"),
        (lambda: c.z_to_r([0.1, 1e300], [1, 1]), "z is 1e+300 in row 2"),
        (lambda: c.d_to_r([0.1], [1], n1=10, n2=10), "shapes"),
        (lambda: c.r_to_d(1, 1), "r is 1 in row 1; it must lie strictly between -1 and 1"),
        (lambda: c.r_to_z([0, -2], [1, 1]), "r is -2 in row 2"),
        (lambda: c.d_to_log_odds_ratio(1, 1, outcome="cauchy"), "logistic or normal"),
    ],
)
def test_what_cannot_be_right_is_refused(call, part):
    with pytest.raises(InvalidInput) as caught:
        call()
    assert part in caught.value.message

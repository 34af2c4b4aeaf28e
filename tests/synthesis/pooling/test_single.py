import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.synthesis.pooling import single
from synthesis.pooling.test_kernels import METHODS, studies


@pytest.mark.parametrize("method", METHODS)
def test_order_shift_and_scale(method):
    generator = np.random.default_rng(7)
    v = generator.gamma(1.5, 0.2, 9) + 0.01
    y = generator.normal(0, np.sqrt(v + 0.3))
    one = single.fit(y, v, method)
    other = single.fit(1e3 * (y[::-1] + 50), 1e6 * v[::-1], method)
    assert other.estimate == pytest.approx(1e3 * (one.estimate + 50), rel=1e-12)
    assert other.tau2 == pytest.approx(1e6 * one.tau2, rel=1e-9)
    assert other.se == pytest.approx(1e3 * one.se, rel=1e-10)


@given(studies)
def test_the_restricted_score_is_0_at_an_inner_estimate(case):
    y, v = case
    tau2 = single.fit(y, v, "reml").tau2
    p = np.diag(1 / (v + tau2)) - np.outer(1 / (v + tau2), 1 / (v + tau2)) / (1 / (v + tau2)).sum()
    score, scale = y @ p @ p @ y - np.trace(p), np.trace(p)
    assert score <= 1e-9 * scale if tau2 == 0 else abs(score) <= 1e-9 * scale


def test_a_large_set_is_searched_in_parts_and_gives_the_same():
    generator = np.random.default_rng(8)
    v = generator.gamma(1.5, 0.2, 6000) + 0.01
    y = generator.normal(0, np.sqrt(v + 0.2))
    tau2 = single.fit(y, v, "reml").tau2
    assert single.log_likelihood(y, v, tau2, restricted=True) >= max(
        single.log_likelihood(y, v, trial, restricted=True) for trial in tau2 * np.array([0.0, 0.9, 0.999, 1.001, 1.1])
    )


@given(st.floats(1e-3, 30), st.floats(1e-3, 10))
def test_two_studies_have_a_closed_form(distance, v):
    # REML and Paule-Mandel of two studies: half the squared difference minus the mean variance, not below 0.
    expected = max(distance**2 / 2 - (v + 0.5) / 2, 0.0)
    for method in ("reml", "pm"):
        found = single.fit(np.array([0.0, distance]), np.array([v, 0.5]), method).tau2
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_given_tau2_is_taken():
    y, v = np.array([0.0, 1.0, 3.0]), np.array([0.1, 0.2, 0.3])
    w = 1 / (v + 0.7)
    found = single.fit(y, v, None, tau2=0.7)
    assert found.tau2 == 0.7
    assert found.estimate == pytest.approx((w * y).sum() / w.sum(), rel=1e-13)

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.synthesis.pooling import kernels, single

METHODS = ("reml", "ml", "dl", "pm", "pmm", "eb", "he", "hs", "hsk", "sj")
FIELDS = ("estimate", "se", "tau2", "tau2_se", "spread", "q", "typical", "log_likelihood")

studies = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=2, max_size=12
).map(lambda pairs: (np.array([y for y, _ in pairs]), np.array([v for _, v in pairs])))  # fmt: skip


def drawn(seed, k=10, n=40):
    generator = np.random.default_rng(seed)
    v = 10 ** generator.uniform(-3, 1, (k, n))
    return generator.normal(0, np.sqrt(v + 0.3)), v


@pytest.mark.parametrize("method", [*METHODS, None])
def test_many_sets_at_once_give_what_each_gives_alone(method):
    y, v = drawn(1)
    found = kernels.fit(kernels.arrange(y, v), method)
    for column in range(y.shape[1]):
        alone = single.fit(y[:, column], v[:, column], method)
        for name in FIELDS:
            expected = getattr(alone, name)
            got = getattr(found, name)[column]
            assert got == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), name
        assert found.modes[column] == alone.modes


@pytest.mark.parametrize("method", [*METHODS, None])
def test_a_study_of_infinite_variance_is_absent(method):
    y, v = drawn(2, k=8, n=1)
    y, v = y[:, 0], v[:, 0]
    left_out = np.where(np.eye(8, dtype=bool), np.inf, v[:, None])
    found = kernels.fit(kernels.arrange(np.tile(y[:, None], 8), left_out), method)
    for i in range(8):
        alone = single.fit(np.delete(y, i), np.delete(v, i), method)
        for name in FIELDS:
            expected = getattr(alone, name)
            assert getattr(found, name)[i] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), name


@given(studies)
@settings(max_examples=30)
def test_q_and_the_trace_by_exact_arithmetic_when_variances_span_twelve_powers_of_ten(case):
    y, v = case
    v = v * 10 ** np.linspace(-8, 4, len(v))
    exact_y, exact_w = [Fraction(x) for x in y.tolist()], [1 / Fraction(x) for x in v.tolist()]
    total = sum(exact_w)
    mean = sum(w * x for w, x in zip(exact_w, exact_y, strict=True)) / total
    q = sum(w * (x - mean) ** 2 for w, x in zip(exact_w, exact_y, strict=True))
    trace = total - sum(w * w for w in exact_w) / total
    found = kernels.fit(kernels.one_set(y, v), None)
    # Counting from the most precise study rounds each difference once: what that does to Q is its own scale.
    # Squares below 1e-300 lose digits because a double ends there.
    rounding = 1e-302 + sum(float(w) * 1e-32 * float(x) ** 2 for w, x in zip(exact_w, exact_y, strict=True))
    assert found.q[0] == pytest.approx(float(q), rel=1e-12, abs=100 * rounding)
    assert found.typical[0] == pytest.approx(float((len(y) - 1) / trace), rel=1e-13)
    assert single.fit(y, v, None).q == pytest.approx(float(q), rel=1e-12, abs=100 * rounding)


@given(studies, st.floats(0, 3))
def test_the_trace_of_psps_by_matrix_algebra(case, tau2):
    v = np.sort(case[1])
    w = 1 / v
    p = np.diag(w) - np.outer(w, w) / w.sum()
    s = np.diag(v + tau2)
    expected = np.trace(p @ s @ p @ s)
    assert kernels.trace_psps(w[:, None], (v + tau2)[:, None])[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_no_trial_value_is_more_likely_than_the_estimate(restricted, seed):
    generator = np.random.default_rng(seed)
    v = 10 ** generator.uniform(-7, 3, (6, 200))
    sets = kernels.arrange(generator.normal(0, np.sqrt(v + 0.01)), v)
    tau2 = kernels.fit(sets, "reml" if restricted else "ml").tau2
    best = kernels.log_likelihoods(sets, tau2, restricted=restricted)
    for trial in (0.0, *np.geomspace(1e-9, 1e5, 300)):
        here = kernels.log_likelihoods(sets, np.full(200, trial), restricted=restricted)
        assert (here <= best + 1e-9 * (1 + np.abs(best))).all()


def test_two_peaks_are_counted_and_their_distance_told():
    # Two precise studies that agree, three vague ones far apart: a peak near 0 and one near the vague ones' spread.
    y = np.array([0.0, 0.02, 5.0, -4.0, 6.0])
    v = np.array([1e-6, 1e-6, 4.0, 4.0, 4.0])
    found = kernels.fit(kernels.one_set(y, v), "reml")
    sets = kernels.one_set(y, v)
    grid = np.geomspace(1e-8, 200, 4000)
    values = np.array([kernels.log_likelihoods(sets, np.array([t]), restricted=True)[0] for t in grid])
    peaks = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])) + 1
    heights = np.sort(values[peaks])
    assert found.modes[0] == 2 == len(peaks)
    assert found.gap[0] == pytest.approx(heights[-1] - heights[-2], abs=1e-4)
    assert single.fit(y, v, "reml").gap == pytest.approx(found.gap[0], rel=1e-9)


def test_peaks_that_one_pass_over_few_trial_values_would_miss_are_found():
    generator = np.random.default_rng(11)
    v = np.where(generator.random((5, 400)) < 0.4, 1e-5, 3.0) * 10 ** generator.uniform(-0.5, 0.5, (5, 400))
    y = generator.normal(0, 0.02, (5, 400)) + generator.normal(0, 2.5, (5, 400)) * (v > 0.01)
    sets = kernels.arrange(y, v)
    found = kernels.fit(sets, "ml")
    assert (found.modes > 1).sum() > 20
    best = kernels.log_likelihoods(sets, found.tau2, restricted=False)
    for trial in np.geomspace(1e-8, 100, 400):
        assert (kernels.log_likelihoods(sets, np.full(400, trial), restricted=False) <= best + 1e-9).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_boundary_is_exactly_0(method):
    y, v = np.array([[0.1], [0.1000001], [0.0999999]]), np.array([[0.5], [0.4], [0.3]])
    assert kernels.fit(kernels.arrange(y, v), method).tau2[0] == (
        pytest.approx(0.0, abs=1e-13) if method == "sj" else 0
    )


def test_paule_mandel_converges_from_far_below():
    y, v = np.array([0.0, 1e6, -1e6]), np.array([1e-6, 1e-6, 1e-6])
    tau2 = single.fit(y, v, "pm").tau2
    w = 1 / (v + tau2)
    mean = (w * y).sum() / w.sum()
    assert (w * (y - mean) ** 2).sum() == pytest.approx(2.0, rel=1e-12)


def test_restricted_log_likelihood_counts_the_studies_that_are_there():
    y, v = np.array([[0.2], [0.7], [9.0]]), np.array([[0.1], [0.2], [np.inf]])
    sets = kernels.arrange(y, v)
    two = single.log_likelihood(np.array([0.0, 0.5]), np.array([0.1, 0.2]), 0.3, restricted=True)
    assert kernels.log_likelihoods(sets, np.array([0.3]), restricted=True)[0] == pytest.approx(two, rel=1e-13)
    assert two == pytest.approx(
        -0.5 * (math.log(2 * math.pi) - math.log(2) + math.log(0.4 * 0.5 * (1 / 0.4 + 1 / 0.5)) + 0.25 / 0.9), rel=1e-12
    )


def test_the_climb_turns_towards_the_root_where_the_score_rises():
    # The score falls to nearly 0, rises again and only then falls through 0: found by halving, and by no other way.
    y = [-29.037601256190314, -1.5071340680564784, -6.77525880607958, -3.692650616254877]
    y += [-0.011635565863877914, 0.14786588545590523, 0.010879286592219812, -25.49823838750544]
    v = [5769.286903043484, 1.4698274185840208, 52.37748790920761, 8.79156498977115]
    v += [1.1376796376483516e-05, 0.0040837376070545425, 1.6482900439997108e-06, 321.57012948863013]
    one = single.fit(np.array(y), np.array(v), "reml")
    many = kernels.fit(kernels.one_set(np.array(y), np.array(v)), "reml")
    assert one.tau2 == pytest.approx(0.0017170122246100, rel=1e-12)
    assert many.tau2[0] == pytest.approx(one.tau2, rel=1e-12)
    assert one.modes == many.modes[0] == 1


def test_a_low_peak_between_no_spread_and_the_smallest_variances_is_found():
    # At 0 the score is just below 0, then above it, then below: 0 is a maximum, and not the highest.
    y, v = np.array([0.5, -0.27, -0.39, 0.0, 1.01]), np.array([0.33, 0.8, 0.11, 0.03, 0.31])
    lo, hi = 0.5, 4.0
    for _ in range(60):  # stretch the estimates until the score at 0 is just below 0
        middle = (lo + hi) / 2
        rising = single.log_likelihood(middle * y, v, 1e-7, restricted=True) > single.log_likelihood(
            middle * y, v, 0.0, restricted=True
        )
        lo, hi = (lo, middle) if rising else (middle, hi)
    y = y * lo * (1 - 5e-5)
    trials = np.concatenate(([0.0], np.geomspace(1e-8, 10, 4000)))
    values = [single.log_likelihood(y, v, trial, restricted=True) for trial in trials]
    assert max(values) > values[0] + 1e-9
    for found in (single.fit(y, v, "reml"), kernels.fit(kernels.one_set(y, v), "reml")):
        tau2 = float(np.ravel(found.tau2)[0])
        assert single.log_likelihood(y, v, tau2, restricted=True) >= max(values) - 1e-13

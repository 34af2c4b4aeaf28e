import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from stromata.synthesis.counts import binomial_normal
from stromata.synthesis.counts.binomial_normal import fit, fit_common, log_likelihoods
from synthesis.published import DEBRUIN, PRITZ


def counts(data):
    return np.array(data["xi"], dtype=float), np.array(data["ni"], dtype=float)


def by_integration(x, n, beta, tau):
    # The trapezium rule is exact to rounding for smooth functions that vanish at both ends.
    u = np.linspace(-12, 12, 2401)
    density = stats.binom.pmf(x[:, None], n[:, None], expit(beta + tau * u)) * stats.norm.pdf(u)
    return float(np.log(density.sum(axis=1) * (u[1] - u[0])).sum())


# rma.glmm(measure="PLO", method="ML"), metafor 3.8-1 with lme4 1.1-31, whose stopping rule leaves about 1e-5.
@pytest.mark.parametrize(
    ("data", "beta", "se", "tau2"),
    [
        (PRITZ, 1.37660438896057, 0.288387187848756, 0.589330901792856),
        (DEBRUIN, -0.111811436387272, 0.188043304520409, 0.378682872005458),
    ],
)
def test_estimates_agree_with_metafor_and_are_at_least_as_likely(data, beta, se, tau2):
    x, n = counts(data)
    found = fit(x, n)
    assert found.beta == pytest.approx(beta, abs=1e-5)
    assert found.se == pytest.approx(se, rel=1e-5)
    assert found.tau2 == pytest.approx(tau2, rel=2e-5)
    theirs = log_likelihoods(x, n, np.array([beta]), np.array([math.sqrt(tau2)]), points=found.points)[0]
    assert found.log_likelihood >= theirs


@pytest.mark.parametrize("data", [PRITZ, DEBRUIN])
def test_the_quadrature_gives_the_integral(data):
    x, n = counts(data)
    value = log_likelihoods(x, n, np.array([0.4]), np.array([0.7]), points=41)[0]
    assert value == pytest.approx(by_integration(x, n, 0.4, 0.7), rel=1e-9)


def test_the_standard_error_comes_from_the_curvature_of_the_exact_likelihood():
    x, n = counts(PRITZ)
    found = fit(x, n, points=41)
    tau, h = math.sqrt(found.tau2), 1e-2

    def at(i, j):
        return by_integration(x, n, found.beta + i * h, tau + j * h)

    bb = (at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / h**2
    tt = (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / h**2
    bt = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h**2)
    assert found.se == pytest.approx(math.sqrt(-tt / (bb * tt - bt**2)), rel=1e-3)
    assert abs(at(1, 0) - at(-1, 0)) / (2 * h) < 1e-3


@given(st.lists(st.integers(1, 25).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=8))
@settings(max_examples=25, deadline=None)
def test_nothing_on_a_grid_is_more_likely_and_the_mirror_image_mirrors_the_result(case):
    x = np.array([float(a) for a, _ in case])
    n = np.array([float(b) for _, b in case])
    found, mirrored = fit(x, n), fit(n - x, n)
    assert found.outcome == mirrored.outcome
    if found.outcome != "fitted":
        assert x.sum() in {0, n.sum()} or found.outcome == "unbounded"
        return
    assert mirrored.beta == pytest.approx(-found.beta, abs=2e-6)
    assert mirrored.tau2 == pytest.approx(found.tau2, rel=1e-4, abs=1e-6)
    beta, tau = (grid.ravel() for grid in np.meshgrid(found.beta + np.linspace(-2, 2, 17), np.linspace(0, 6, 25)))
    points = max(found.points, binomial_normal.QUADRATURE_POINTS)
    if found.identified:
        assert log_likelihoods(x, n, beta, tau, points=points).max() <= found.log_likelihood + 1e-5


def test_homogeneous_counts_give_the_pooled_logit():
    x, n = np.array([2.0, 4.0, 6.0]), np.array([10.0, 20.0, 30.0])
    found = fit(x, n)
    assert (found.tau2, found.beta) == (0.0, pytest.approx(math.log(12 / 48)))
    assert found.se == pytest.approx(math.sqrt(1 / 12 + 1 / 48))
    assert found.log_likelihood == pytest.approx(stats.binom.logpmf(x, n, 0.2).sum())


def test_the_common_fit_agrees_with_metafor():
    # rma.glmm(measure="PLO", method="EE") on dat.debruin2009: likelihood-ratio test and log-likelihood.
    found = fit_common(*counts(DEBRUIN))
    assert found.beta == pytest.approx(-0.235916634511113, rel=1e-9)
    assert found.se == pytest.approx(0.051724280879677, rel=1e-5)
    assert found.log_likelihood == pytest.approx(-84.7194107269613, rel=1e-12)
    assert found.deviance == pytest.approx(108.765288972876, rel=1e-12)


@pytest.mark.parametrize("x", [[0.0, 0.0, 0.0], [6.0, 9.0, 12.0]])
def test_none_or_all_events_have_no_finite_estimate(x):
    found = fit(np.array(x), np.array([6.0, 9.0, 12.0]))
    assert found.outcome == "infinite"
    assert math.isnan(found.beta)


@pytest.mark.parametrize(
    ("x", "n"), [([0, 30, 0, 25], [30, 30, 40, 25]), ([0, 0, 0, 0, 0, 1, 0], [2, 1, 3, 6, 6, 1, 1]), ([0, 3], [7, 3])]
)
def test_all_or_nothing_studies_have_no_finite_spread(x, n):
    assert fit(np.array(x, dtype=float), np.array(n, dtype=float)).outcome == "unbounded"


def test_one_patient_per_study_leaves_tau2_unidentified():
    found = fit(np.array([1.0, 0.0, 1.0, 1.0]), np.ones(4))
    assert (found.identified, found.tau2, found.beta) == (False, 0.0, pytest.approx(math.log(3)))


def test_too_few_points_are_noticed():
    x, n = counts(PRITZ)
    assert fit(x, n).points == 7
    assert fit(x, n, points=1).points > 7


def test_order_does_not_matter_and_merging_all_people_does():
    x, n = counts(PRITZ)
    assert fit(x[::-1], n[::-1]).beta == pytest.approx(fit(x, n).beta, abs=1e-9)
    assert fit(x, n).beta != pytest.approx(fit_common(x, n).beta, abs=0.05)


def test_the_likelihood_is_even_in_tau():
    x, n = counts(PRITZ)
    both = log_likelihoods(x, n, np.array([1.0, 1.0]), np.array([0.6, -0.6]), points=25)
    assert both[0] == pytest.approx(both[1], rel=1e-10)


def test_huge_studies_with_a_tiny_spread_are_resolved():
    # With very many people per study the logits are known, and the model becomes a normal one: ML mean and variance.
    logits = np.array([-1.003, -1.001, -0.999, -0.9985, -1.0005, -0.998])
    n = np.full(6, 1e8)
    found = fit(np.round(n * expit(logits)), n)
    v = 1 / (1e8 * expit(-1) * expit(1))
    assert found.beta == pytest.approx(logits.mean(), abs=1e-6)
    assert found.tau2 == pytest.approx(logits.var() - v, rel=1e-3)
    assert found.se == pytest.approx(math.sqrt(logits.var() / 6), rel=1e-3)


@pytest.mark.parametrize("size", [1e6, 1e9, 1e12, 1e15])
def test_huge_studies_are_fitted_as_normal_logits(size):
    """With sampling errors gone, beta is the mean logit and tau2 the plain variance of the logits (divisor K)."""
    p = np.array([0.1, 0.2, 0.3, 0.15])
    logits = np.log(p / (1 - p))
    found = fit(p * size, np.full(4, size))
    assert found.outcome == "fitted"
    assert found.beta == pytest.approx(logits.mean(), abs=1e-5)
    assert found.tau2 == pytest.approx(logits.var(), rel=1e-4)
    assert found.se == pytest.approx(math.sqrt(logits.var() / 4), rel=1e-4)


def test_one_huge_study_among_small_ones_is_fitted_alike_at_any_size():
    small = np.array([20.0, 15.0, 30.0]), np.array([100.0, 50.0, 80.0])
    fits = [fit(np.append(0.1 * n, small[0]), np.append(n, small[1])) for n in (1e9, 1e12, 1e15)]
    for found in fits[1:]:
        assert (found.beta, found.tau2) == pytest.approx((fits[0].beta, fits[0].tau2), rel=1e-4)
        assert found.deviance == pytest.approx(fits[0].deviance, rel=1e-6)


def test_huge_studies_that_agree_have_no_spread():
    found = fit(np.full(4, 1e14), np.full(4, 1e15))
    assert (found.outcome, found.tau2, found.deviance) == ("fitted", 0.0, 0.0)
    assert found.beta == pytest.approx(-math.log(9), rel=1e-12)


def test_the_common_likelihood_of_many_people_is_the_binomial_one():
    x, n = np.array([0.0, 7, 19, 20, 41, 3000]), np.array([9.0, 7, 39, 61, 90, 10_000])
    expected = stats.binom.logpmf(x, n, x.sum() / n.sum()).sum()
    assert fit_common(x, n).log_likelihood == pytest.approx(expected, rel=1e-11)


def test_a_rule_too_coarse_to_see_the_maximum_is_not_believed():
    # With 7 points the likelihood of these counts seems to rise without end along tau; with many it has a maximum.
    x, n = np.array([6.0, 0, 0, 2, 0, 4, 2, 0, 0]), np.array([6.0, 1, 5, 3, 2, 4, 2, 3, 3])
    found = fit(x, n)
    assert (found.outcome, found.points) == ("fitted", 41)
    tau = np.sqrt(found.tau2) * np.array([0.7, 1.0, 1.4])
    heights = log_likelihoods(x, n, np.full(3, found.beta), tau, points=90)
    assert heights.argmax() == 1

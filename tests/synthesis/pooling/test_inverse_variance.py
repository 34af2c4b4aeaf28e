import math

import numpy as np
import pytest

from stromata.synthesis import effect_sizes
from stromata.synthesis.pooling import inverse_variance
from synthesis.published import BCG, NORMAND


def arrays(measure, columns):
    effects = effect_sizes(measure, **columns)
    return np.array([effect.yi for effect in effects]), np.array([effect.vi for effect in effects])


def test_common_effect_agrees_with_metafor():
    # dat.bcg, log risk ratios, rma(method="EE"), metafor 3.8-1.
    fit = inverse_variance.fit(*arrays("RR", BCG), tau2=None, test="z")
    assert fit.estimate == pytest.approx(-0.430285163654091, rel=1e-12)
    assert fit.se == pytest.approx(0.0404987517108638, rel=1e-12)
    assert fit.q == pytest.approx(152.233008082373, rel=1e-12)
    assert fit.i2 == pytest.approx(92.1173468545621, rel=1e-12)
    assert fit.h2 == pytest.approx(12.6860840068644, rel=1e-12)
    assert fit.log_likelihood == pytest.approx(-70.2235699044309, rel=1e-12)
    assert (fit.tau2, fit.tau2_se) == (None, None)


def test_reml_on_mean_differences_agrees_with_metafor():
    # dat.normand1999, rma(measure="MD", method="REML") with stopping rules at 1e-12, metafor 3.8-1.
    fit = inverse_variance.fit(*arrays("MD", NORMAND), tau2="reml", test="z")
    assert fit.estimate == pytest.approx(-15.1060274734783, rel=1e-10)
    assert fit.se == pytest.approx(8.94655283975496, rel=1e-10)
    assert fit.tau2 == pytest.approx(684.646151929666, rel=1e-10)
    assert fit.i2 == pytest.approx(98.9712743473906, rel=1e-10)
    assert fit.log_likelihood == pytest.approx(-37.9082183280619, rel=1e-11)


@pytest.mark.parametrize(
    ("tau2", "test", "se"),
    [
        ("reml", "knha", 0.180791744092848),
        ("reml", "adhoc", 0.180791744092848),
        ("sj", "knha", 0.181428451527755),
        ("sj", "adhoc", 0.187059458416427),
        ("sj", "t", 0.187059458416427),
    ],
)
def test_rescaled_standard_errors_agree_with_metafor(tau2, test, se):
    # dat.bcg, log risk ratios; under SJ the factor is below 1, where adhoc keeps the ordinary standard error.
    fit = inverse_variance.fit(*arrays("RR", BCG), tau2=tau2, test=test)
    assert fit.se == pytest.approx(se, rel=1e-10)
    assert fit.df == 12


def test_by_plain_matrix_algebra():
    y, v = arrays("RR", BCG)
    fit = inverse_variance.fit(y, v, tau2="dl", test="knha")
    w = np.diag(1 / (v + fit.tau2))
    x = np.ones((13, 1))
    b = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    e = y - x @ b
    variance = np.linalg.inv(x.T @ w @ x) * (e @ w @ e) / 12
    assert fit.estimate == pytest.approx(float(b[0]), rel=1e-12)
    assert fit.se == pytest.approx(math.sqrt(variance[0, 0]), rel=1e-12)
    assert fit.weights.sum() == pytest.approx(100)
    assert fit.weights == pytest.approx(100 * np.diag(w) / np.trace(w))


def test_equal_studies_share_the_weight_and_give_their_mean():
    fit = inverse_variance.fit(np.array([1.0, 2.0, 6.0]), np.full(3, 0.5), tau2="reml", test="z")
    assert fit.estimate == pytest.approx(3.0)
    assert fit.weights == pytest.approx([100 / 3] * 3)
    assert fit.se == pytest.approx(math.sqrt(7.0 / 3))  # the sample variance is 7, whatever the sampling variance


def test_identical_estimates_leave_no_heterogeneity():
    fit = inverse_variance.fit(np.full(4, 0.4), np.array([0.01, 0.02, 0.05, 0.4]), tau2="reml", test="z")
    assert (fit.tau2, fit.i2, fit.h2) == (0.0, 0.0, 1.0)
    assert fit.q == pytest.approx(0.0, abs=1e-20)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_tiny_and_huge_variances_change_only_the_scale(scale):
    y, v = arrays("RR", BCG)
    one = inverse_variance.fit(y, v, tau2="reml", test="knha")
    other = inverse_variance.fit(y * math.sqrt(scale), v * scale, tau2="reml", test="knha")
    assert other.estimate == pytest.approx(one.estimate * math.sqrt(scale), rel=1e-9)
    assert other.se == pytest.approx(one.se * math.sqrt(scale), rel=1e-9)
    assert other.i2 == pytest.approx(one.i2, rel=1e-9)

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stromata.errors import InvalidInput
from stromata.synthesis.bayesian import priors
from stromata.synthesis.bayesian.estimates import pool_bayes

# Teacher expectancy (Raudenbush 1985; dat.raudenbush1985): 19 standardised mean differences.
RAUDENBUSH = (
    [0.03, 0.12, -0.14, 1.18, 0.26, -0.06, -0.02, -0.32, 0.27, 0.8, 0.54, 0.18, -0.02, 0.23, -0.18, -0.06, 0.3, 0.07,
     -0.07],
    [0.0156, 0.0216, 0.0279, 0.1391, 0.1362, 0.0106, 0.0106, 0.0484, 0.0269, 0.063, 0.0912, 0.0497, 0.0835, 0.0841,
     0.0253, 0.0279, 0.0193, 0.0088, 0.0303],
)  # fmt: skip
TWO = ([-0.35, -0.1], [0.04, 0.09])
EDGE = 0.10125
"""A threshold in the middle between two points of the plain grid, where its error is smallest."""


def codes(result):
    return [caution.code for caution in result.cautions]


# bayesmeta 3.4 with mu.prior c(0, 4): mode, median, mean, sd and shortest interval of tau, and the two Bayes factors.
@pytest.mark.parametrize(
    ("data", "prior", "tau", "factors"),
    [
        (
            TWO,
            priors.half_normal(0.5),
            [0, 0.239578706390805, 0.30185224044038, 0.249382212532845, 0, 0.796750822913135],
            (1.45352101590682, 8.20517980404955),
        ),
        (
            TWO,
            priors.half_cauchy(0.5),
            [0, 0.245587610636829, 0.404263653727232, 0.631680947874486, 0, 1.26025729519188],
            (1.84329018746313, 7.85141185109495),
        ),
        (
            RAUDENBUSH,
            priors.dumouchel(),
            [0, 0.0926543644033923, 0.104680863654935, 0.0764608052010339, 0, 0.246466948110485],
            (1.12926301539357, 23.2155365019698),
        ),
        (
            RAUDENBUSH,
            priors.half_normal(0.5),
            [0.133259933311013, 0.139059991784421, 0.145581865391394, 0.08467863788216, 0, 0.295451675027345],
            (1.58309555308231, 21.5512516353714),
        ),
    ],
    ids=["two half-normal", "two half-Cauchy", "teachers DuMouchel", "teachers half-normal"],
)
def test_tau_and_bayes_factors_agree_with_bayesmeta(data, prior, tau, factors):
    found = pool_bayes(*data, tau_prior=prior, mu_prior=(0, 4))
    t = found.tau
    assert [t.mode, t.median, t.mean, t.sd, t.low, t.high] == pytest.approx(tau, abs=1e-5)
    assert (found.bayes_factor_tau, found.bayes_factor_mu) == pytest.approx(factors, rel=1e-10)


def grid(y, v, prior, mu_prior):
    s = np.linspace(-16, 2, 1201)
    mu, tau = np.linspace(-3, 3, 801), np.exp(s)
    w = tau * (s[1] - s[0])
    logs = np.zeros((len(mu), len(tau)))
    for a, b in zip(y, v, strict=True):
        logs += stats.norm.logpdf(a, mu[:, None], np.sqrt(b + tau**2))
    if mu_prior:
        logs += stats.norm.logpdf(mu, *mu_prior)[:, None]
    p = np.exp(logs + prior.log_density(tau, np.array(v))) * w
    return mu, tau, p / p.sum(), math.log(p.sum() * (mu[1] - mu[0]))


@pytest.mark.parametrize("mu_prior", [None, (0.2, 0.5)])
def test_the_mean_effect_and_the_studies_are_what_a_plain_grid_gives(mu_prior):
    y, v = RAUDENBUSH[0][:6], RAUDENBUSH[1][:6]
    prior = priors.half_normal(0.3)
    found = pool_bayes(y, v, tau_prior=prior, mu_prior=mu_prior, thresholds=[EDGE])
    mu, tau, p, height = grid(y, v, prior, mu_prior)
    by_mu = p.sum(axis=1)
    mean = by_mu @ mu
    assert found.mu.mean == pytest.approx(mean, abs=1e-5)
    assert found.mu.sd == pytest.approx(math.sqrt(by_mu @ (mu - mean) ** 2), abs=1e-5)
    assert found.new.sd == pytest.approx(math.sqrt(by_mu @ (mu - mean) ** 2 + p.sum(axis=0) @ tau**2), abs=1e-5)
    share = tau**2 / (tau**2 + v[3])
    own = share * y[3] + (1 - share) * mu[:, None]
    assert found.studies[3].mean == pytest.approx((p * own).sum(), abs=1e-5)
    below = (p * stats.norm.cdf(EDGE, mu[:, None], tau)).sum()
    assert found.thresholds[0].new_below == pytest.approx(below, abs=1e-5)
    assert found.thresholds[0].mu_below == pytest.approx(by_mu[mu < EDGE].sum(), abs=1e-4)
    if mu_prior is None:
        assert found.log_marginal_likelihood is None
    else:
        assert found.log_marginal_likelihood == pytest.approx(height, abs=1e-5)


@given(st.floats(-5, 5), st.floats(0.1, 10))
@settings(max_examples=8, deadline=None)
def test_shifting_and_scaling_shift_and_scale_the_posterior(shift, factor):
    y, v = np.array(TWO[0]), np.array(TWO[1])
    plain = pool_bayes(y, v, tau_prior=priors.half_normal(0.5))
    other = pool_bayes(shift + factor * y, factor**2 * v, tau_prior=priors.half_normal(0.5 * factor))
    assert other.mu.median == pytest.approx(shift + factor * plain.mu.median, abs=1e-8 * (1 + factor))
    assert other.tau.high == pytest.approx(factor * plain.tau.high, rel=1e-6)
    assert other.new.low == pytest.approx(shift + factor * plain.new.low, abs=1e-6 * (1 + factor))


def test_a_tiny_prior_is_the_common_effect_model():
    found = pool_bayes(*TWO, tau_prior=priors.half_normal(1e-6))
    assert found.mu.mean == pytest.approx((-0.35 / 0.04 - 0.1 / 0.09) / (1 / 0.04 + 1 / 0.09), abs=1e-9)
    assert found.mu.sd == pytest.approx((1 / 0.04 + 1 / 0.09) ** -0.5, rel=1e-8)


def test_many_studies_are_integrated_as_finely_as_few():
    rng = np.random.default_rng(5)
    v = rng.uniform(0.01, 0.2, 2000)
    y = rng.normal(0.3, 0.5, 2000) + rng.normal(0, 1, 2000) * np.sqrt(v)
    found = pool_bayes(y, v, tau_prior=priors.half_normal(1))
    information = ((v + 0.25) ** -2).sum() / 2 * (2 * 0.5) ** 2
    assert found.tau.sd == pytest.approx(information**-0.5, rel=0.05)
    assert found.tau.mean == pytest.approx(0.5, abs=0.05)


def test_moments_that_do_not_exist_are_none():
    found = pool_bayes(*TWO, tau_prior=priors.uniform(), mu_prior=(0, 4))
    assert (found.tau.mean, found.tau.sd, found.new.mean, found.new.sd) == (None, None, None, None)
    assert found.mu.mean is not None
    assert found.log_marginal_likelihood is not None or found.bayes_factor_tau is None


def test_one_study_rests_on_the_prior_and_says_so():
    found = pool_bayes([0.4], [0.1], tau_prior=priors.half_normal(0.5))
    assert found.tau.median == pytest.approx(stats.halfnorm.ppf(0.5, scale=0.5), rel=1e-8)
    assert codes(found) == ["prior", "single-study"]
    assert "few-studies" in codes(pool_bayes(*TWO, tau_prior=priors.half_normal(0.5)))


def test_priors_without_a_posterior_are_refused():
    with pytest.raises(InvalidInput, match="no proper posterior with 2 studies"):
        pool_bayes(*TWO, tau_prior=priors.uniform())
    with pytest.raises(InvalidInput, match="mu_prior"):
        pool_bayes(*TWO, tau_prior=priors.half_normal(1), mu_prior=(0, 0))
    with pytest.raises(InvalidInput, match="vi is -1"):
        pool_bayes([0.1, 0.2], [0.1, -1], tau_prior=priors.half_normal(1))


def test_a_missing_estimate_is_left_out_with_a_caution():
    found = pool_bayes([0.1, math.nan, 0.3], [0.1, 0.1, 0.1], tau_prior=priors.half_normal(1), labels=["A", "B", "C"])
    assert (found.k, [study.label for study in found.studies]) == (2, ["A", "C"])
    assert "effects-left-out" in codes(found)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"mu_prior": 3}, "mu_prior is 3"),
        ({"mu_prior": ("x", 1)}, "the mean of mu_prior is 'x'"),
        ({"mu_prior": (0, 0)}, "the standard deviation of mu_prior is 0"),
        ({"thresholds": ["x"]}, "thresholds holds something"),
        ({"thresholds": [math.inf]}, "thresholds are"),
    ],
)
def test_priors_and_thresholds_of_the_wrong_type_are_refused(options, named):
    with pytest.raises(InvalidInput, match=named):
        pool_bayes([0.1, 0.3], [0.02, 0.03], tau_prior=priors.half_normal(0.5), **options)

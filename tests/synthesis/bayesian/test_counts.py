import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from stromata.errors import InvalidInput
from stromata.synthesis.bayesian import counts, priors
from stromata.synthesis.bayesian.counts import WIDE, mean_proportion, pool_bayes_counts
from stromata.synthesis.bayesian.priors import half_normal


def codes(result):
    return [caution.code for caution in result.cautions]


def brute(x, n, prior, mu_prior):
    """Mean and spread of mu, mean of tau, log evidence, and the first study's mean logit, on a plain grid."""
    mu, tau, u = np.linspace(-12, 12, 241), np.linspace(1e-4, 4.5, 91), np.linspace(-7, 7, 101)
    density = stats.norm.pdf(u) * (u[1] - u[0])
    logs, own = np.zeros((len(mu), len(tau))), np.zeros((len(mu), len(tau)))
    for j, t in enumerate(tau):
        for i, (a, b) in enumerate(zip(x, n, strict=True)):
            eta = mu[:, None] + t * u
            inside = stats.binom.pmf(a, b, expit(eta)) * density
            total = np.maximum(inside.sum(axis=1), 1e-300)
            logs[:, j] += np.log(total)
            if i == 0:
                own[:, j] = (inside * eta).sum(axis=1) / total
    ends = np.ones(len(tau))
    ends[[0, -1]] = 0.5
    p = np.exp(logs + stats.norm.logpdf(mu, *mu_prior)[:, None] + prior.log_density(tau, np.ones(1))) * ends
    height = math.log(p.sum() * (mu[1] - mu[0]) * (tau[1] - tau[0]))
    p /= p.sum()
    by_mu = p.sum(axis=1)
    mean = by_mu @ mu
    return mean, math.sqrt(by_mu @ (mu - mean) ** 2), p.sum(axis=0) @ tau, height, (p * own).sum()


@pytest.mark.parametrize(("x", "n"), [([0], [6]), ([1], [1]), ([6, 4, 0], [6, 9, 12])])
def test_the_posterior_is_what_a_plain_grid_gives(x, n):
    prior = priors.half_normal(0.8)
    found = pool_bayes_counts(xi=x, ni=n, tau_prior=prior)
    mean, sd, tau, height, own = brute(x, n, prior, WIDE)
    assert (found.mu.mean, found.mu.sd) == pytest.approx((mean, sd), abs=3e-4)
    assert found.tau.mean == pytest.approx(tau, abs=3e-4)
    assert found.log_marginal_likelihood == pytest.approx(height, abs=1e-3)
    assert found.studies[0].mean == pytest.approx(own, abs=1e-3)


@pytest.mark.parametrize(
    ("x", "n", "prior"),
    [
        ([0], [6], priors.half_cauchy(0.5)),
        ([6, 4, 0], [6, 9, 12], priors.half_normal(1)),
        ([1, 50, 2], [100, 60, 300], priors.log_normal(-2.5, 1.7)),
        ([3000, 4300], [10_000, 14_000], priors.half_normal(0.01)),
    ],
)
def test_a_finer_grid_gives_the_same(monkeypatch, x, n, prior):
    rough = pool_bayes_counts(xi=x, ni=n, tau_prior=prior, thresholds=[0.2])
    finer = {"_STEP": 0.3, "_KERNEL": 1.4, "_TAU_REST": 1e-10, "_NEGLIGIBLE": 34.0, "_TRACE": 1e-14}
    for name, value in finer.items():
        monkeypatch.setattr(counts, name, value)
    fine = pool_bayes_counts(xi=x, ni=n, tau_prior=prior, thresholds=[0.2])
    for part in ("mu", "tau"):
        for name in ("mean", "sd"):
            value = getattr(getattr(fine, part), name)
            assert value is None or getattr(getattr(rough, part), name) == pytest.approx(value, rel=2e-6)
    assert rough.log_marginal_likelihood == pytest.approx(fine.log_marginal_likelihood, abs=1e-8)
    for part in ("mu", "tau", "new"):
        for name in ("low", "high", "median", "central_low", "central_high"):
            assert getattr(getattr(rough, part), name) == pytest.approx(
                getattr(getattr(fine, part), name), rel=3e-5, abs=1e-6
            )
    assert rough.thresholds[0].new_below == pytest.approx(fine.thresholds[0].new_below, abs=1e-6)
    for one, other in zip(rough.studies, fine.studies, strict=True):
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-6)


def own_logits(x, n, prior, place):
    """Central interval of one study's own logit on a plain grid of mu, tau and the logit."""
    mu, theta = np.arange(-9, 9.01, 0.15), np.arange(-40, 40.01, 0.1)
    lik = [stats.binom.pmf(a, b, expit(theta)) for a, b in zip(x, n, strict=True)]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    density = np.zeros(len(theta))
    for t, w in zip(6 * (nodes + 1), 6 * weights, strict=True):
        if t < 0.1:
            continue  # the prior of the test holds next to nothing there
        kernel = stats.norm.pdf(theta, mu[:, None], t) * 0.1
        inside = [kernel @ each for each in lik]
        others = math.exp(prior.log_density(np.array([t]), np.ones(1))[0]) * w * stats.norm.pdf(mu, *WIDE)
        for i, each in enumerate(inside):
            others = others * (each if i != place else 1.0)
        density += lik[place] * (others @ kernel)
    below = np.cumsum(density) / density.sum()
    return np.interp([0.025, 0.975], below, theta + 0.05)


@pytest.mark.parametrize(("x", "n"), [([0], [6]), ([1, 29, 30], [30, 30, 30])])
def test_the_interval_of_a_study_is_that_of_its_exact_posterior(x, n):
    prior = priors.log_normal(0.0, 0.8)
    found = pool_bayes_counts(xi=x, ni=n, tau_prior=prior)
    for i, study in enumerate(found.studies):
        low, high = own_logits(x, n, prior, i)
        # A normal approximation of each pair's logit is wrong by 0.02 and more.
        assert (np.log(study.low / (1 - study.low)), np.log(study.high / (1 - study.high))) == pytest.approx(
            (low, high), abs=6e-3
        )


def test_a_heavy_tail_of_tau_is_integrated_as_exactly_as_a_light_one():
    # Given tau, mu and x = 0 of 1 the likelihood is one half by symmetry around mu = 0, whatever tau.
    found = pool_bayes_counts(xi=[0], ni=[1], tau_prior=priors.half_cauchy(0.2), mu_prior=(0, 1e-3))
    assert found.log_marginal_likelihood == pytest.approx(math.log(0.5), abs=2e-3)
    assert found.tau.median == pytest.approx(0.2, rel=0.01)


def test_the_mean_proportion_alone_is_that_of_the_whole_result():
    prior = priors.half_normal(1)
    whole = pool_bayes_counts(xi=[6, 4, 0], ni=[6, 9, 12], tau_prior=prior, level=0.9)
    alone, cautions = mean_proportion(np.array([6.0, 4, 0]), np.array([6.0, 9, 12]), tau_prior=prior, level=0.9)
    assert (alone.estimate, alone.ci_low, alone.ci_high) == pytest.approx(
        (whole.mu_natural.estimate, whole.mu_natural.ci_low, whole.mu_natural.ci_high), rel=1e-8
    )
    assert cautions == whole.cautions


def test_large_studies_are_known_as_well_as_their_normal_logits_are():
    found = pool_bayes_counts(xi=[3000, 4300], ni=[10_000, 14_000], tau_prior=priors.half_normal(0.01), mu_prior=None)
    p = 7300 / 24_000
    assert found.mu.mean == pytest.approx(math.log(p / (1 - p)), abs=5e-3)
    assert found.mu.sd == pytest.approx((24_000 * p * (1 - p)) ** -0.5, rel=0.25)
    assert found.log_marginal_likelihood is None


def test_the_mirror_image_mirrors_the_result():
    found = pool_bayes_counts(xi=[1, 4], ni=[9, 12], tau_prior=priors.half_cauchy(0.5), thresholds=[0.3])
    mirrored = pool_bayes_counts(xi=[8, 8], ni=[9, 12], tau_prior=priors.half_cauchy(0.5), thresholds=[0.7])
    assert mirrored.mu.median == pytest.approx(-found.mu.median, abs=1e-6)
    assert mirrored.new_natural.ci_low == pytest.approx(1 - found.new_natural.ci_high, abs=1e-4)
    assert mirrored.thresholds[0].mu_below == pytest.approx(1 - found.thresholds[0].mu_below, abs=1e-6)
    assert found.new.sd is None


def test_a_new_study_is_less_certain_than_the_mean_and_studies_are_drawn_in():
    found = pool_bayes_counts(xi=[1, 4, 9], ni=[12, 12, 12], tau_prior=priors.half_normal(1), labels=["A", "B", "C"])
    assert found.new_natural.ci_low < found.mu_natural.ci_low
    assert found.new_natural.ci_high > found.mu_natural.ci_high
    assert math.log(1 / 11) < found.studies[0].mean < found.studies[1].mean < found.studies[2].mean < math.log(3)
    assert [study.label for study in found.studies] == ["A", "B", "C"]
    for study in found.studies:
        assert 0 < study.low < study.high < 1


def test_none_or_all_events_say_where_the_other_end_comes_from():
    none = pool_bayes_counts(xi=[0, 0], ni=[4, 6], tau_prior=priors.half_normal(1))
    every = pool_bayes_counts(xi=[4, 6], ni=[4, 6], tau_prior=priors.half_normal(1))
    assert codes(none) == ["prior", "few-studies", "no-events", "uncontrolled"]
    assert "all-events" in codes(every)
    assert every.mu_natural.ci_low == pytest.approx(1 - none.mu_natural.ci_high, abs=1e-6)


@pytest.mark.parametrize(
    ("columns", "options", "text"),
    [
        ({"xi": [0], "ni": [5]}, {"mu_prior": None}, "flat prior"),
        ({"xi": [2], "ni": [5]}, {"tau_prior": priors.uniform()}, "does not go with counts"),
        ({"xi": [2], "ni": [5]}, {"tau_prior": priors.dumouchel()}, "does not go with counts"),
        ({"xi": [7], "ni": [5]}, {}, "row 1, xi is 7"),
        ({"xi": [], "ni": []}, {}, "no studies"),
        ({"xi": [2], "ni": [5]}, {"thresholds": [1.0]}, "thresholds"),
        ({"xi": [2], "ni": [5]}, {"labels": ["A", "B"]}, "labels"),
    ],
)
def test_what_has_no_answer_is_refused(columns, options, text):
    with pytest.raises(InvalidInput, match=text):
        pool_bayes_counts(**columns, **{"tau_prior": priors.half_normal(1), **options})


@pytest.mark.parametrize("labels", [7, "abc", ["a", None, "c"], ["a"]])
def test_labels_that_are_no_list_of_names_are_refused(labels):
    with pytest.raises(InvalidInput, match="labels"):
        pool_bayes_counts(xi=[1, 2, 3], ni=[10, 12, 14], tau_prior=half_normal(0.5), labels=labels)

import pytest

from stromata import synthesis as st
from stromata.synthesis.bayesian import priors
from stromata.synthesis.results.posteriors import prior_words


def said(result):
    return st.results_text(result).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("prior", "words", "lines"),
    [
        (priors.half_normal(0.5), "half-normal prior with scale 0.5", "dhalfnormal(t, scale=0.5)"),
        (priors.half_cauchy(1), "half-Cauchy prior with scale 1", "dhalft(t, scale=1, df=1)"),
        (priors.half_t(1, 4), "half-t prior on 4 degrees", "dhalft(t, scale=1, df=4)"),
        (priors.uniform(3), "uniform prior from 0 to 3", "dunif(t, 0, 3)"),
        (priors.log_normal(-2, 1.5), "log τ² is normal", "dnorm(2 * log(t), -2, 1.5)"),
        (priors.log_t(-2, 1.5), "t distribution", "dt((2 * log(t) - -2) / 1.5, df=5) / 1.5"),
        (priors.jeffreys(), "Jeffreys' prior", '"Jeffreys"'),
        (priors.dumouchel(), "DuMouchel's prior", '"DuMouchel"'),
        (priors.uniform(), "a flat prior", '"uniform"'),
    ],
)
def test_priors_have_words_and_a_form_in_r(prior, words, lines):
    result = st.pool_bayes([0.1, 0.5, 0.9, 0.4], [0.04] * 4, tau_prior=prior)
    assert words in prior_words(prior)
    assert words in st.methods_text(result)
    assert lines in st.r_call(result)


def test_intervals_are_credible_and_not_confidence():
    text = said(st.pool_bayes([0.1, 0.5, 0.9], [0.04] * 3, tau_prior=priors.half_normal(0.5)))
    assert "95 % CrI" in text
    assert "95 % CI" not in text
    assert " p = " not in text


def test_nobody_of_six_is_told_with_its_prior():
    result = st.pool_bayes_counts(xi=[0], ni=[6], tau_prior=priors.half_normal(0.5), thresholds=[0.5])
    assert "The event occurred in 0 of 6 participants." in said(result)
    assert "below 50 % with probability 0.98" in said(result)
    assert "comes from the prior" in said(result)


def test_probabilities_are_never_rounded_to_certainty():
    result = st.pool_bayes([9.0, 9.1], [0.01, 0.01], tau_prior=priors.half_normal(0.1))
    assert "with probability < 0.001" in said(result)


def test_the_mean_prior_reaches_r():
    result = st.pool_bayes([0.1, 0.5], [0.04] * 2, tau_prior=priors.half_normal(0.5), mu_prior=(0, 4))
    assert "mu.prior.mean=0, mu.prior.sd=4" in st.r_call(result)

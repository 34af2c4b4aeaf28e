import math

import numpy as np
import pytest
from scipy import integrate, stats

from stromata.errors import InvalidInput
from stromata.synthesis.bayesian import priors

V = np.array([0.04, 0.09, 0.2])


@pytest.mark.parametrize(
    "prior",
    [
        priors.half_normal(0.5),
        priors.half_cauchy(0.7),
        priors.half_t(0.4, 3),
        priors.uniform(2.0),
        priors.log_normal(-2.56, 1.74),
        priors.log_t(-3.44, 2.59),
        priors.dumouchel(),
        priors.empirical("turner-2015"),
        priors.empirical("rhodes-2015", "pain"),
    ],
    ids=lambda prior: prior.name,
)
def test_a_proper_prior_integrates_to_one(prior):
    assert prior.proper
    top = 2.0 if prior.kind == "uniform" else 1e12
    total = sum(
        integrate.quad(lambda s: math.exp(float(prior.log_density(np.array([math.exp(s)]), V)[0]) + s), a, b)[0]
        for a, b in zip((-60, -12, -4, -1), (-12, -4, -1, math.log(top)), strict=True)
    )
    assert total == pytest.approx(1.0, abs=2e-3 if prior.kind == "log-t" else 1e-6)


def test_densities_are_those_of_the_distributions():
    tau = np.array([0.1, 0.5, 2.0])
    assert np.exp(priors.half_normal(0.5).log_density(tau, V)) == pytest.approx(stats.halfnorm.pdf(tau, scale=0.5))
    assert np.exp(priors.half_cauchy(0.5).log_density(tau, V)) == pytest.approx(stats.halfcauchy.pdf(tau, scale=0.5))
    assert np.exp(priors.half_t(0.5, 4).log_density(tau, V)) == pytest.approx(2 * stats.t.pdf(tau, 4, scale=0.5))
    spread = stats.lognorm(1.74, scale=math.exp(-2.56))  # of tau squared
    assert np.exp(priors.log_normal(-2.56, 1.74).log_density(tau, V)) == pytest.approx(spread.pdf(tau**2) * 2 * tau)
    assert np.exp(priors.jeffreys().log_density(tau, V)) == pytest.approx(
        [math.sqrt(sum((t / (v + t * t)) ** 2 for v in V)) for t in tau]
    )


def test_tails_fall_as_they_say():
    far = np.array([1e5, 1e6])
    for prior in (priors.half_cauchy(1), priors.half_t(1, 3), priors.uniform(), priors.jeffreys(), priors.dumouchel()):
        first, second = prior.log_density(far, V)
        assert (first - second) / math.log(10) == pytest.approx(prior.tail, abs=1e-3)
    assert math.isinf(priors.half_normal(1).tail)
    assert math.isinf(priors.uniform(3).tail)


def test_named_priors_say_where_they_come_from():
    found = priors.empirical("turner-2015", "adverse-events")
    assert (found.mean, found.sd) == (-1.87, 1.52)
    assert "Statistics in Medicine 34" in found.citation
    assert "general" in priors.empirical_outcomes("rhodes-2015")
    assert priors.empirical_outcomes("nobody") == ()


def test_what_does_not_exist_is_refused():
    with pytest.raises(InvalidInput, match="no empirical prior"):
        priors.empirical("turner")
    with pytest.raises(InvalidInput, match="no outcome"):
        priors.empirical("turner-2015", "happiness")
    for call in (
        lambda: priors.half_normal(0),
        lambda: priors.half_t(1, math.inf),
        lambda: priors.uniform(-1),
        lambda: priors.log_normal(math.nan, 1),
    ):
        with pytest.raises(InvalidInput):
            call()

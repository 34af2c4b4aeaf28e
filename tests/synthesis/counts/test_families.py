import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from stromata.synthesis.counts.families import best_binomial, binomial, can_be_summed, hypergeometric, poisson

ETA = np.array([[-3.0, -0.2, 0.0, 1.7]])


def cases():
    y, n = np.array([[0.0, 3, 7, 12]]), np.array([[5.0, 9, 7, 40]])
    yield binomial(y, n), lambda eta: stats.binom.logpmf(y, n, expit(eta))
    t = np.array([[1.0, 2.5, 0.3, 40]])
    yield poisson(y, t), lambda eta: stats.poisson.logpmf(y, t * np.exp(eta))
    a, n1, m, n2 = (
        np.array([0.0, 3, 7, 12]),
        np.array([5.0, 9, 7, 40]),
        np.array([2.0, 5, 9, 30]),
        np.array([6.0, 8, 9, 35]),
    )
    yield (
        hypergeometric(a, n1, m, n2),
        lambda eta: np.array(
            [
                [
                    stats.nchypergeom_fisher.logpmf(*(int(v[i]) for v in (a, n1 + n2, n1, m)), np.exp(eta[0, i]))
                    for i in range(4)
                ]
            ]
        ),
    )


@pytest.mark.parametrize(("family", "exact"), list(cases()), ids=["binomial", "poisson", "hypergeometric"])
def test_the_likelihood_is_that_of_the_distribution_and_the_slopes_are_its_slopes(family, exact):
    below, residual = family.below(ETA)
    assert below.sum(axis=0) + family.best == pytest.approx(exact(ETA).sum(axis=0), rel=1e-9, abs=1e-10)
    assert (below <= 1e-12).all()
    h = 1e-5
    assert residual == pytest.approx((exact(ETA + h) - exact(ETA - h)) / (2 * h), abs=1e-6)
    first, second, third = family.cumulants(ETA)
    assert first == pytest.approx(residual, abs=1e-9)
    up, down = family.slopes(ETA + h), family.slopes(ETA - h)
    assert second == pytest.approx(-(up[0] - down[0]) / (2 * h), rel=1e-6, abs=1e-8)
    assert third == pytest.approx((up[1] - down[1]) / (2 * h), rel=1e-6, abs=1e-6)


@given(st.integers(0, 40), st.integers(1, 40), st.floats(-20, 20))
@settings(max_examples=60, deadline=None)
def test_very_many_people_are_counted_as_few_are(x, n, eta):
    y, people = np.array([[float(min(x, n))]]), np.array([[float(n)]])
    plain, careful = binomial(y, people), binomial(np.append(y, [[1.0]], 1), np.append(people, [[1e6]], 1))
    at = np.array([[eta]])
    below, residual = careful.below(np.array([[eta, 0.0]]))
    assert below[0, 0] == pytest.approx(plain.below(at)[0][0, 0], rel=1e-9, abs=1e-11)
    assert residual[0, 0] == pytest.approx(plain.below(at)[1][0, 0], rel=1e-9, abs=1e-11)


def test_a_thinned_distribution_gives_what_the_whole_one_does():
    a, n1, m, n2 = (np.array([v]) for v in (10_300.0, 30_000.0, 20_500.0, 30_500.0))
    assert can_be_summed(a, n1, m, n2).all()
    thin = hypergeometric(a, n1, m, n2)
    assert len(thin.steps[0]) <= 20_001
    eta = np.array([[0.05]])
    whole = stats.nchypergeom_fisher(60_500, 30_000, 20_500, np.exp(0.05))
    assert -thin.slopes(eta)[0][0, 0] == pytest.approx(whole.mean() - 10_300, rel=1e-6)
    assert thin.slopes(eta)[1][0, 0] == pytest.approx(whole.var(), rel=1e-6)


def test_a_distribution_that_cannot_be_thinned_is_told():
    few = can_be_summed(np.array([0.0]), np.array([1e6]), np.array([5e5]), np.array([1e6]))
    assert not few[0]
    assert can_be_summed(np.array([0.0]), np.array([1e6]), np.array([3.0]), np.array([1e6]))[0]


def test_the_best_binomial_likelihood_is_the_one_at_its_own_proportion():
    y, n = np.array([0.0, 4, 9, 300]), np.array([3.0, 9, 9, 1000])
    assert best_binomial(y, n) == pytest.approx(stats.binom.logpmf(y, n, y / n), abs=1e-12)

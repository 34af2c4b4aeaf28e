import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stromata.synthesis.bayesian.posteriors import Mixture, compressed, nodes, panels, shortest, summarise

ONE = Mixture(np.ones(1), np.array([0.3]), np.array([2.0]))
TWO = Mixture(np.array([0.7, 0.3]), np.array([0.0, 1.5]), np.array([1.0, 2.5]))


def test_a_normal_distribution_is_summarised_as_one():
    found = summarise(ONE, mean=ONE.mean, sd=ONE.sd, level=0.9)
    ends = stats.norm.ppf([0.05, 0.95], 0.3, 2.0)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)
    assert (found.central_low, found.central_high) == pytest.approx(ends, rel=1e-10)
    assert (found.median, found.mode) == (pytest.approx(0.3, abs=1e-12), pytest.approx(0.3, abs=1e-6))
    assert (found.mean, found.sd) == pytest.approx((0.3, 2.0))


@given(st.floats(1e-9, 1 - 1e-9))
@settings(max_examples=40, deadline=None)
def test_quantiles_undo_probabilities(p):
    x = TWO.quantile(p)
    assert TWO.below(x) == pytest.approx(p, rel=1e-9)
    assert TWO.below(x) + TWO.above(x) == pytest.approx(1.0)


def test_quantiles_survive_components_of_all_sizes():
    wild = Mixture(np.array([0.5, 0.5 - 1e-12, 1e-12]), np.zeros(3), np.array([1e-3, 1.0, 1e15]))
    for p in (0.01, 0.4, 0.5, 0.97):
        assert wild.below(wild.quantile(p)) == pytest.approx(p, abs=1e-12)


def test_the_shortest_interval_has_equal_densities_at_its_ends_and_holds_what_it_should():
    low, high = shortest(TWO, 0.9)
    assert TWO.below(high) - TWO.below(low) == pytest.approx(0.9, abs=1e-9)
    assert TWO.density(low) == pytest.approx(TWO.density(high), rel=1e-6)
    assert high - low < TWO.quantile(0.95) - TWO.quantile(0.05)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_panels_give_the_distribution_back(logarithmic):
    # A half-normal with scale 2, whose shortest interval begins at 0.
    exact = stats.halfnorm(scale=2.0)
    edges = np.linspace(-20, 3.2, 40) if logarithmic else np.linspace(0, 24, 20)
    s, width = nodes(edges)
    density = exact.pdf(np.exp(s)) * np.exp(s) if logarithmic else exact.pdf(s)
    assert width.sum() == pytest.approx(edges[-1] - edges[0])
    found = panels(edges, density, logarithmic=logarithmic, lowest=0.0)
    for p in (0.01, 0.3, 0.5, 0.99):
        assert found.quantile(p) == pytest.approx(exact.ppf(p), rel=1e-6)
        assert found.below(exact.ppf(p)) == pytest.approx(p, rel=1e-6)
        assert found.density(exact.ppf(p)) == pytest.approx(exact.pdf(exact.ppf(p)), rel=1e-6)
    summary = summarise(found, mean=None, sd=None, level=0.95)
    assert (summary.low, summary.mode, summary.mean) == (0.0, 0.0, None)
    assert summary.high == pytest.approx(exact.ppf(0.95), rel=1e-6)
    assert summary.central_low == pytest.approx(exact.ppf(0.025), rel=1e-5)


def test_a_curve_is_a_density():
    curve = np.array(summarise(TWO, mean=None, sd=None, level=0.95).curve)
    assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(0.996, abs=1e-3)
    assert (curve[:, 1] >= 0).all()


def test_compressing_keeps_the_moments_and_nearly_the_rest():
    rng = np.random.default_rng(2)
    weights = rng.random(4000)
    many = Mixture(weights / weights.sum(), rng.normal(0, 1, 4000), np.exp(rng.normal(-1, 0.5, 4000)))
    few = compressed(many)
    assert len(few.weights) < len(many.weights)
    assert (few.mean, few.sd) == pytest.approx((many.mean, many.sd), rel=1e-12)
    assert max(abs(few.below(x) - many.below(x)) for x in np.linspace(-4, 4, 50)) < 1e-4
    assert math.isclose(few.weights.sum(), 1.0)

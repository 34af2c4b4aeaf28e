import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stromata.synthesis.bayesian.posteriors import Mixture, nodes, panels, resolved, shortest, summarise

ONE = Mixture(np.ones(1), np.array([0.3]), np.array([2.0]))
TWO = Mixture(np.array([0.7, 0.3]), np.array([0.0, 1.5]), np.array([1.0, 2.5]))


def test_a_normal_distribution_is_summarised_as_one():
    found = summarise(ONE, mean=ONE.mean, sd=ONE.sd, level=0.9)
    ends = stats.norm.ppf([0.05, 0.95], 0.3, 2.0)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)
    assert (found.central_low, found.central_high) == pytest.approx(ends, rel=1e-10)
    assert (found.median, found.mode) == (pytest.approx(0.3, abs=1e-12), pytest.approx(0.3, abs=1e-6))
    assert (found.mean, found.sd) == pytest.approx((0.3, 2.0))


def at(function, *x):
    return function(np.array(x)).tolist()


@given(st.floats(1e-9, 1 - 1e-9))
@settings(max_examples=40, deadline=None)
def test_quantiles_undo_probabilities(p):
    (x,) = at(TWO.quantile, p)
    assert at(TWO.below, x) == pytest.approx([p], rel=1e-9)


def test_quantiles_survive_components_of_all_sizes():
    wild = Mixture(np.array([0.5, 0.5 - 1e-12, 1e-12]), np.zeros(3), np.array([1e-3, 1.0, 1e15]))
    p = np.array([0.01, 0.4, 0.5, 0.97])
    assert wild.below(wild.quantile(p)) == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("wide", [2.5, 1e3])
def test_a_tabulated_mixture_is_the_mixture(wide):
    # A narrow component far from the others must be found and resolved.
    mixture = Mixture(np.array([0.6, 0.3, 0.1]), np.array([0.0, 1.5, -40.0]), np.array([1.0, wide, 0.01]))
    table = mixture.tabulated()
    p = np.array([0.002, 0.05, 0.3, 0.5, 0.9, 0.998])
    x = mixture.quantile(p)
    assert table.below(x) == pytest.approx(p, abs=1e-9)
    assert table.density(x) == pytest.approx(mixture.density(x), rel=1e-7)
    assert table.quantile(p) == pytest.approx(x, rel=1e-7)


def test_panels_are_split_where_the_density_bends_and_not_elsewhere():
    edges, values = resolved(stats.norm(0.31, 1e-2).pdf, np.array([0.0, 0.3, 1.0, 50.0]))
    assert (edges[0], edges[-1], len(values)) == (0.0, 50.0, 10 * (len(edges) - 1))
    assert np.diff(edges).min() < 0.03
    assert np.diff(edges).max() == 49.0
    s, width = nodes(edges)
    assert (width * values).sum() == pytest.approx(1.0, abs=1e-10)
    assert values == pytest.approx(stats.norm.pdf(s, 0.31, 1e-2))


def test_the_shortest_interval_has_equal_densities_at_its_ends_and_holds_what_it_should():
    low, high = shortest(TWO, 0.9)
    before, after = at(TWO.below, low, high)
    assert after - before == pytest.approx(0.9, abs=1e-9)
    densities = at(TWO.density, low, high)
    assert densities[0] == pytest.approx(densities[1], rel=1e-6)
    assert high - low < np.ptp(at(TWO.quantile, 0.05, 0.95))


@pytest.mark.parametrize("logarithmic", [True, False])
def test_panels_give_the_distribution_back(logarithmic):
    # A half-normal with scale 2, whose shortest interval begins at 0.
    exact = stats.halfnorm(scale=2.0)
    edges = np.linspace(-20, 3.2, 40) if logarithmic else np.linspace(0, 24, 20)
    s, width = nodes(edges)
    density = exact.pdf(np.exp(s)) * np.exp(s) if logarithmic else exact.pdf(s)
    assert width.sum() == pytest.approx(edges[-1] - edges[0])
    found = panels(edges, density, logarithmic=logarithmic, lowest=0.0)
    p = np.array([0.01, 0.3, 0.5, 0.99])
    x = exact.ppf(p)
    assert found.quantile(p) == pytest.approx(x, rel=1e-6)
    assert found.below(x) == pytest.approx(p, rel=1e-6)
    assert found.density(x) == pytest.approx(exact.pdf(x), rel=1e-6)
    summary = summarise(found, mean=None, sd=None, level=0.95)
    assert (summary.low, summary.mode, summary.mean) == (0.0, 0.0, None)
    assert summary.high == pytest.approx(exact.ppf(0.95), rel=1e-6)
    assert summary.central_low == pytest.approx(exact.ppf(0.025), rel=1e-5)


def test_a_curve_is_a_density():
    curve = np.array(summarise(TWO, mean=None, sd=None, level=0.95).curve)
    assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(0.996, abs=1e-3)
    assert (curve[:, 1] >= 0).all()

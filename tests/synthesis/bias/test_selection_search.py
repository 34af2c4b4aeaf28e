"""The search for the highest maximum: on likelihoods with several peaks, on bounds, and in many units."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import DidNotConverge
from stromata.synthesis.bias import selection_kernels as kernels
from stromata.synthesis.bias import selection_search as search
from stromata.synthesis.bias.selection import selmodel

RANDOM = np.random.default_rng(5)
V = RANDOM.uniform(0.01, 0.2, 18)
Y = RANDOM.normal(0.3, np.sqrt(V + 0.03))
START = (0.3, 0.03)


def step(y=Y, v=V):
    return kernels.step_model(y, v, (0.025, 1.0), two_sided=False)


def climb(model, kind="stepfun", *, start=START, fixed=(1.0, None), common=False, delta_max=100.0, decreasing=False):
    return search.maximise(
        model, kind, start=start, fixed=fixed, common=common, delta_max=delta_max, decreasing=decreasing
    )


def peak(height, place, width):
    """A likelihood of mu alone, with one bump at `place` and a lower, wider one at 0."""

    def expand(theta):
        mu, tau2 = theta[:, 0], theta[:, 1]
        value, gradient, hessian = -(tau2**2), np.zeros_like(theta), np.zeros((len(theta), 3, 3))
        gradient[:, 1], hessian[:, 1, 1] = -2 * tau2, -2.0
        for top, centre, wide in ((height, place, width), (1.0, 0.0, 1.0)):
            z = (mu - centre) / wide
            bump = top * np.exp(-0.5 * z * z)
            value = value + bump
            gradient[:, 0] -= bump * z / wide
            hessian[:, 0, 0] += bump * (z * z - 1) / wide**2
        return value, gradient, hessian

    return kernels.Model(lambda theta: expand(theta)[0], expand, 1, 1.0, ())


@pytest.mark.parametrize(("place", "height"), [(-2.5, 1.5), (2.5, 3.0), (2.5, 1.1)])
def test_the_highest_of_two_peaks_wins_and_the_other_is_told(place, height):
    model = peak(height, place, 0.5)
    grid = np.zeros((100_001, 3))
    grid[:, 0] = np.linspace(-5, 5, len(grid))
    values = model.values(grid)
    found = climb(model, "negexp", start=(0.0, 0.0), fixed=(None,))
    assert found.mu == pytest.approx(grid[values.argmax(), 0], abs=2e-4)
    assert found.value == pytest.approx(values.max(), abs=1e-7)
    around_0 = values[np.abs(grid[:, 0]) < 0.5].max()
    assert found.gap == pytest.approx(values.max() - around_0, abs=1e-7)


def test_at_the_maximum_the_gradient_of_what_is_free_is_zero():
    model = step()
    found = climb(model)
    gradient = model.likelihood(found.mu, found.tau2, np.array(found.delta))[1]
    assert found.free[0]
    assert not found.free[2]
    assert np.abs(gradient[np.array(found.free)]).max() < 1e-7


def test_what_is_fixed_stays_and_what_is_common_has_no_tau2():
    found = climb(step(), fixed=(1.0, 0.4))
    assert found.delta == (1.0, 0.4)
    assert climb(step(), common=True).tau2 == 0.0


def test_bounds_hold_exactly():
    most = climb(step()).delta[1] / 2
    found = climb(step(), delta_max=most)
    assert found.delta[1] == pytest.approx(most, rel=1e-12)
    assert not found.free[3]
    calm = climb(step(np.full(18, 0.3), V))
    assert calm.tau2 == 0.0
    assert not calm.free[1]


def test_decreasing_weights_never_rise():
    model = kernels.step_model(Y, V, (0.025, 0.2, 0.5, 1.0), two_sided=False)
    found = climb(model, fixed=(1.0, None, None, None), decreasing=True)
    assert all(later <= earlier + 1e-12 for earlier, later in zip(found.delta, found.delta[1:], strict=False))
    free = climb(model, fixed=(1.0, None, None, None))
    assert free.value >= found.value - 1e-9


def test_errors_are_the_inverse_of_minus_the_second_derivatives():
    model = step()
    found = climb(model)
    hessian = model.expand(np.array([[found.mu, found.tau2, *found.delta]]))[2][0]
    places = np.flatnonzero(found.free)
    expected = np.sqrt(np.diagonal(np.linalg.inv(-hessian[np.ix_(places, places)])))
    ours = search.standard_errors(model, found)
    assert [ours[i] for i in places] == pytest.approx(expected.tolist(), rel=1e-9)
    assert all(ours[i] is None for i in range(4) if i not in places)


def test_a_plateau_has_no_errors():
    flat = kernels.Model(
        lambda theta: np.zeros(len(theta)),
        lambda theta: (np.zeros(len(theta)), np.zeros((len(theta), 3)), np.zeros((len(theta), 3, 3))),
        1,
        1.0,
        (),
    )
    found = search.Maximum(0.0, 1.0, (1.0,), 0.0, (True, True, True), math.inf)
    assert search.standard_errors(flat, found) == [None, None, None]


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([1e-4, 0.01, 100.0, 1e5]), st.permutations(range(18)))
def test_units_and_order_change_nothing_else(scale, order):
    order = list(order)
    plain, other = (
        climb(step()),
        climb(step(Y[order] * scale, V[order] * scale**2), start=(0.3 * scale, 0.03 * scale**2)),
    )
    assert other.mu == pytest.approx(plain.mu * scale, rel=1e-6)
    assert other.tau2 == pytest.approx(plain.tau2 * scale**2, rel=1e-5)
    assert other.delta == pytest.approx(plain.delta, rel=1e-6)
    assert other.value == pytest.approx(plain.value - 18 * math.log(scale), abs=1e-9)


@pytest.mark.parametrize("vi", [[0.1] * 8, [0.02, 0.03, 0.05, 0.04, 0.03, 0.02, 0.06, 0.05]])
def test_a_likelihood_without_a_bound_is_said_to_have_none(vi):
    # every p-value is 0.5, a step: seen from a mean far below, they are as likely as one pleases
    with pytest.raises(DidNotConverge, match="has no maximum"):
        selmodel([0.0] * 8, vi, type="stepfun", steps=[0.025, 0.5])

import math

import numpy as np
import pytest

from stromata.synthesis.multilevel import block_likelihood, structures
from stromata.synthesis.multilevel.block_likelihood import Layout, Maximum, Objective
from stromata.synthesis.multilevel.structures import Structure

K, RNG = 12, np.random.default_rng(11)
OUTER = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4])
INNER = np.array([0, 1, 2, 0, 2, 0, 1, 2, 2, 1, 0, 1])
Y, V = RNG.normal(0.3, 0.5, K), RNG.uniform(0.02, 0.2, K)
X = np.linalg.qr(np.column_stack([np.ones(K), RNG.normal(size=K)]))[0]
XY = np.column_stack([X, Y])
UN = Structure("UN", 3, np.full(3, math.nan), np.full(3, math.nan))


def objective(*, restricted=True):
    blocks = [np.flatnonzero(i == OUTER) for i in range(5)]
    block = np.array([[V[0], 0.3 * math.sqrt(V[0] * V[1])], [0.3 * math.sqrt(V[0] * V[1]), V[1]]])
    buckets, flat = block_likelihood.arrange(XY, V, blocks, [(np.array([0, 1]), block)])
    terms = (block_likelihood.term(UN, buckets, OUTER, INNER),)
    return Objective.of(Layout(K, 2, flat, buckets, terms), restricted=restricted)


def dense(theta, *, restricted):
    g = structures.matrix(UN, theta[None])[0]
    m = np.diag(V) + g[np.ix_(INNER, INNER)] * (OUTER[:, None] == OUTER[None, :])
    m[0, 1] += 0.3 * math.sqrt(V[0] * V[1])
    m[1, 0] = m[0, 1]
    w = np.linalg.inv(m)
    gram = X.T @ w @ X
    e = Y - X @ np.linalg.solve(gram, X.T @ w @ Y)
    count = K - 2 if restricted else K
    extra = np.linalg.slogdet(gram)[1] if restricted else 0.0
    return -0.5 * (count * math.log(2 * math.pi) + np.linalg.slogdet(m)[1] + extra + e @ w @ e)


@pytest.mark.parametrize("restricted", [True, False])
def test_likelihoods_and_derivatives_are_those_of_the_full_matrix(restricted):
    target = objective(restricted=restricted)
    thetas = np.random.default_rng(2).normal(0, 0.5, (4, 6))
    values, slopes = target.both(thetas)
    for theta, value, slope in zip(thetas, values, slopes, strict=True):
        assert value == pytest.approx(dense(theta, restricted=restricted), rel=1e-11)
        for i in range(6):
            step = np.zeros(6)
            step[i] = 1e-6
            numeric = dense(theta + step, restricted=restricted) - dense(theta - step, restricted=restricted)
            assert slope[i] == pytest.approx(numeric / 2e-6, rel=1e-5, abs=1e-7)
    assert target.values(thetas) == pytest.approx(values, rel=1e-13)


def test_random_slopes_enter_by_their_values():
    z = np.column_stack([np.ones(K), RNG.normal(size=K)])
    s = Structure("GEN", 2, np.full(2, math.nan), np.full(1, math.nan))
    buckets, flat = block_likelihood.arrange(XY, V, [np.arange(K)], [])
    term = block_likelihood.term(s, buckets, OUTER, None, z)
    theta = np.array([0.5, 0.2, -0.3])
    g = structures.matrix(s, theta[None])[0]
    layout = Layout(K, 2, flat, buckets, (term,))
    full = block_likelihood.covariance(layout, [g[None]])[0].reshape(K, K)
    assert full == pytest.approx(np.diag(V) + z @ g @ z.T * (OUTER[:, None] == OUTER[None, :]), abs=1e-14)


def test_a_covariance_that_is_not_positive_definite_has_no_likelihood():
    block = np.array([[0.1, 0.2], [0.2, 0.1]])
    one = np.ones((2, 1)) / math.sqrt(2)
    buckets, flat = block_likelihood.arrange(
        np.column_stack([one, Y[:2]]), np.full(2, 0.1), [np.arange(2)], [(np.arange(2), block)]
    )
    target = Objective.of(Layout(2, 1, flat, buckets, ()), restricted=True)
    assert target.values(np.zeros((1, 0))).tolist() == [-math.inf]


def test_padding_changes_nothing():
    whole = block_likelihood.arrange(XY, V, [np.arange(K)], [])
    parts = block_likelihood.arrange(XY, V, [np.arange(0, 7), np.arange(7, 8), np.arange(8, K)], [])
    values = [
        Objective.of(Layout(K, 2, flat, b, ()), restricted=True).values(np.zeros((1, 0)))[0]
        for b, flat in (whole, parts)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-13)


def two_hills(thetas):
    x = thetas[:, 0]
    return -((x**2 - 1) ** 2) + 0.3 * x, (-4 * x * (x**2 - 1) + 0.3)[:, None]


def test_the_search_leaves_a_saddle_and_finds_the_hill_to_machine_precision():
    (found,) = block_likelihood.climb(two_hills, np.array([[0.08]]))
    assert found.settled
    assert abs(two_hills(found.theta[None])[1][0, 0]) < 1e-7
    assert found.theta[0] > 0.9


def test_the_search_stops_near_a_known_maximum():
    (known,) = block_likelihood.climb(two_hills, np.array([[0.5]]))
    assert block_likelihood.climb(two_hills, np.array([[1.5]]), known=[known])[0] is known


def test_a_variance_that_costs_nothing_becomes_exactly_zero():
    target = objective()
    (best,) = block_likelihood.climb(target.both, structures.start(UN, np.full((1, 3), 0.2), np.full((1, 3), 0.3)))
    tiny = best.theta.copy()
    tiny[3:] = 1e-12
    value = target.values(tiny[None])[0]
    moved = block_likelihood.to_boundary(target, Maximum(tiny, value, settled=True), 1e-6)
    assert structures.natural(UN, moved.theta[None])[0][0, 2] == 0.0
    assert moved.value >= value - 1e-9

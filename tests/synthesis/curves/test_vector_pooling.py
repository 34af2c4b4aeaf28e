"""Pooling of vectors: closed forms, likelihoods by brute force, boundaries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag
from scipy.stats import multivariate_normal

from stromata.synthesis.curves.vector_pooling import CODES, pool_vectors
from stromata.synthesis.pooling.estimates import pool_estimates

B = [np.array(row) for row in ([0.2, 1.1], [0.9, 0.4], [-0.3, 1.9], [0.5, 1.0], [1.4, -0.2], [0.1, 0.7])]
V = [
    np.array([[0.04, r], [r, 0.09]]) * s
    for r, s in zip((0.01, 0.02, -0.01, 0.03, 0.0, 0.02), (1, 2, 1, 0.5, 1.5, 1), strict=True)
]


def likelihood(psi, *, restricted):
    k, p = len(B), 2
    x, y = np.tile(np.eye(p), (k, 1)), np.concatenate(B)
    s = block_diag(*[v + psi for v in V])
    w = np.linalg.inv(s)
    beta = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    value = multivariate_normal(x @ beta, s).logpdf(y)
    if restricted:
        value += 0.5 * (p * np.log(2 * np.pi) - np.linalg.slogdet(x.T @ w @ x)[1] + np.linalg.slogdet(x.T @ x)[1])
    return value


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_the_likelihood_is_what_it_says_and_highest_there(method):
    found = pool_vectors(B, V, method)
    best = likelihood(found.psi, restricted=method == "reml")
    assert found.log_likelihood == pytest.approx(best, rel=1e-10)
    generator = np.random.default_rng(3)
    for _ in range(200):
        step = generator.normal(size=(2, 2))
        other = found.psi + 0.05 * (step + step.T)
        if np.linalg.eigvalsh(other)[0] >= 0:
            assert likelihood(other, restricted=method == "reml") <= best + 1e-9


def test_fixed_is_weighted_least_squares():
    found = pool_vectors(B, V, "fixed")
    w = [np.linalg.inv(v) for v in V]
    assert found.covariance == pytest.approx(np.linalg.inv(sum(w)))
    assert found.estimates == pytest.approx(found.covariance @ sum(a @ b for a, b in zip(w, B, strict=True)))
    assert found.q == pytest.approx(
        sum((b - found.estimates) @ a @ (b - found.estimates) for a, b in zip(w, B, strict=True))
    )
    assert (found.q_df, found.psi.tolist()) == (10, [[0, 0], [0, 0]])
    assert found.log_likelihood == pytest.approx(likelihood(np.zeros((2, 2)), restricted=False))


@pytest.mark.parametrize("method", ["reml", "ml", "mm"])
def test_one_quantity_is_an_ordinary_meta_analysis(method):
    y, v = np.array([0.1, 0.9, -0.4, 0.5, 1.2]), np.array([0.02, 0.05, 0.04, 0.01, 0.08])
    found = pool_vectors([np.array([a]) for a in y], [np.array([[a]]) for a in v], method)
    usual = pool_estimates(y, v, method="dl" if method == "mm" else method)
    assert found.psi[0, 0] == pytest.approx(usual.tau2, rel=1e-8)
    assert found.estimates[0] == pytest.approx(usual.estimate, rel=1e-8)
    assert found.covariance[0, 0] == pytest.approx(usual.se**2, rel=1e-8)


def test_equal_studies_do_not_vary_at_all():
    found = pool_vectors([np.array([0.3, 0.4])] * 5, [np.diag([0.1, 0.2])] * 5, "reml")
    assert found.psi.tolist() == [[0, 0], [0, 0]]
    assert "variance-at-zero" in [c.code for c in found.cautions]


def test_one_study_is_its_own_answer():
    found = pool_vectors(B[:1], V[:1], "reml")
    assert found.estimates == pytest.approx(B[0])
    assert found.covariance == pytest.approx(V[0])


def test_units_of_the_quantities_change_nothing():
    scale = np.array([1e-3, 1e4])
    found, other = (
        pool_vectors(B, V, "reml"),
        pool_vectors([b * scale for b in B], [v * np.outer(scale, scale) for v in V], "reml"),
    )
    assert other.estimates / scale == pytest.approx(found.estimates, rel=1e-7)
    assert other.psi / np.outer(scale, scale) == pytest.approx(found.psi, rel=1e-6)
    assert other.log_likelihood == pytest.approx(found.log_likelihood - 5 * np.log(scale).sum(), rel=1e-9)


def test_studies_that_know_one_quantity_only_contribute():
    y = [*B, np.array([0.2])]
    v = [*V, np.array([[1e-6]])]
    x = [np.eye(2)] * 6 + [np.array([[1.0, 0.0]])]
    found = pool_vectors(y, v, "fixed", x)
    assert found.estimates[0] == pytest.approx(0.2, abs=1e-3)
    assert found.q_df == 11


def test_the_higher_of_two_maxima_is_taken():
    # slopes and curvatures of six studies whose restricted likelihood has a second, lower maximum at correlation 1
    b = [np.array(row) for row in ([-0.2, 0.1], [-1.6, 1.3], [-3.2, 3.0], [0.3, -0.6], [-1.1, 1.0], [-0.4, 0.2])]
    v = [np.array([[1.0, -0.9], [-0.9, 1.0]]) * s for s in (0.1, 0.3, 1.5, 0.6, 0.08, 0.2)]
    found = pool_vectors(b, v, "reml")
    grid = [
        -np.inf if abs(r) > 1 else _value(b, v, np.array([[s, r * np.sqrt(s * t)], [r * np.sqrt(s * t), t]]))
        for s in np.geomspace(0.01, 10, 12)
        for t in np.geomspace(0.01, 10, 12)
        for r in np.linspace(-1, 1, 21)
    ]
    assert found.log_likelihood >= max(grid)


def _value(b, v, psi):
    w = [np.linalg.inv(each + psi) for each in v]
    total = sum(w)
    beta = np.linalg.solve(total, sum(a @ c for a, c in zip(w, b, strict=True)))
    squares = sum((c - beta) @ a @ (c - beta) for a, c in zip(w, b, strict=True))
    logs = sum(np.linalg.slogdet(a)[1] for a in w) - np.linalg.slogdet(total)[1] + 2 * np.log(len(b))
    return 0.5 * (logs - squares - 2 * (len(b) - 1) * np.log(2 * np.pi))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_any_studies_get_an_answer(seed, k):
    generator = np.random.default_rng(seed)
    b = [generator.normal(size=2) * 10 ** generator.uniform(-2, 2) for _ in range(k)]
    roots = generator.normal(size=(k, 2, 2))
    v = list(roots @ roots.swapaxes(1, 2) + 1e-3 * np.eye(2))
    found = pool_vectors(b, v, "reml")
    assert np.isfinite(found.estimates).all()
    assert np.linalg.eigvalsh(found.psi)[0] >= -1e-9 * max(1.0, np.abs(found.psi).max())
    assert {c.code for c in found.cautions} <= set(CODES)
    assert found.log_likelihood >= _value(b, v, np.zeros((2, 2))) - 1e-8

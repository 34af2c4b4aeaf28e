import math

import numpy as np
import pytest

from stromata.synthesis.multilevel import intercept_likelihood

K, RNG = 24, np.random.default_rng(8)
A = np.repeat([0, 1, 2, 3], 6)
B = np.tile([0, 0, 0, 1, 1, 1], 4) + 2 * A
OWN = np.arange(K)
Y, V = RNG.normal(0.3, 0.5, K), RNG.uniform(0.02, 0.2, K)
X = np.linalg.qr(np.column_stack([np.ones(K), RNG.normal(size=K)]))[0]
ROWS = [np.concatenate([np.arange(12).reshape(2, 6), np.full((2, 1), -1)], axis=1), np.arange(12, 24).reshape(2, 6)]


def arranged(outer):
    levels = [len(set(codes.tolist())) for codes in outer]
    return intercept_likelihood.arrange(np.column_stack([X, Y]), V, ROWS, outer, levels)


def dense(outer, variances, *, restricted):
    m = np.diag(V) + sum(s * (codes[:, None] == codes[None, :]) for s, codes in zip(variances, outer, strict=True))
    w = np.linalg.inv(m)
    gram = X.T @ w @ X
    e = Y - X @ np.linalg.solve(gram, X.T @ w @ Y)
    return np.linalg.slogdet(m)[1] + e @ w @ e + (np.linalg.slogdet(gram)[1] if restricted else 0.0)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize(
    "outer", [(A, OWN), (A, B, OWN), (A, B), (OWN,), (B, A)], ids=["2", "3", "no own", "own", "turned"]
)
def test_value_and_derivatives_are_those_of_the_full_matrix(outer, restricted):
    variances = np.random.default_rng(1).uniform(0, 0.5, (3, len(outer)))
    variances[2, 0] = 0.0
    total, slopes = intercept_likelihood.solve(arranged(outer), variances, restricted=restricted, slopes=True)
    for row, value, slope in zip(variances, total, slopes, strict=True):
        assert value == pytest.approx(dense(outer, row, restricted=restricted), rel=1e-11)
        for i in range(len(outer)):
            step = np.zeros(len(outer))
            step[i] = 1e-6
            up, down = (dense(outer, row + sign * step, restricted=restricted) for sign in (1, -1))
            assert -2 * slope[i] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-6)


def test_without_derivatives_the_value_is_the_same():
    variances = np.array([[0.1, 0.2]])
    data = arranged((A, OWN))
    with_slopes, without = (
        intercept_likelihood.solve(data, variances, restricted=True, slopes=each) for each in (True, False)
    )
    assert with_slopes[0] == without[0]
    assert not without[1].any()


def test_many_levels_per_block_do_not_pay():
    assert arranged((A, np.arange(K) // 1 % 23)) is None


def test_huge_and_tiny_variances_stay_finite():
    for size in (1e-12, 1e8):
        total, slopes = intercept_likelihood.solve(
            arranged((A, OWN)), np.array([[size, size]]), restricted=True, slopes=True
        )
        assert math.isfinite(total[0])
        assert np.isfinite(slopes).all()


def test_a_singular_design_has_no_solution():
    data = intercept_likelihood.nested(np.column_stack([np.zeros(K), Y]), V, (A, OWN), [4, K])
    assert intercept_likelihood.solution(data, np.array([0.1, 0.1])) is None
    assert intercept_likelihood.solve(data, np.array([[0.1, 0.1]]), restricted=True, slopes=True) is None


def test_terms_that_overlap_are_not_nested():
    assert intercept_likelihood.nested(np.column_stack([X, Y]), V, (A, B), [4, 8]) is None
    assert intercept_likelihood.nested(np.column_stack([X, Y]), V, (OWN,), [K]) is None


def test_the_solution_keeps_its_digits_where_a_level_varies_far_more_than_its_effects():
    # Between 4 levels of variance 1e8 the mean is that of their weighted means, with variance 1e8 / 4.
    x = np.full((K, 1), 1 / math.sqrt(K))
    data = intercept_likelihood.nested(np.column_stack([x, Y]), V, (A,), [4])
    found = intercept_likelihood.solution(data, np.array([1e8]))
    means = [np.average(Y[i == A], weights=1 / V[i == A]) for i in range(4)]
    assert found.beta[0] / math.sqrt(K) == pytest.approx(np.mean(means), rel=1e-8)
    assert found.root[0, 0] ** 2 / K == pytest.approx(1e8 / 4, rel=1e-8)

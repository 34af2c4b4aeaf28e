"""The numbers of a meta-regression against plain matrix algebra and against exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from stromata.synthesis.pooling import kernels as plain
from stromata.synthesis.regression import kernels

METHODS = ("reml", "ml", "dl", "he", "hs", "hsk", "sj", "pm", "pmm", "eb")


def example(seed, k=14, p=3, spread=1.0):
    random = np.random.default_rng(seed)
    x = np.column_stack((np.ones(k), random.normal(size=(k, p - 1))))
    v = np.exp(random.normal(size=k) * spread) * 0.05
    y = x @ np.arange(1.0, p + 1) + random.normal(size=k) * np.sqrt(v + 0.1)
    return y, v, x


def prepared(y, v, x):
    return kernels.problem(np.array(y), np.array(v), kernels.design(np.array(x))[0])


def projection(d, x):
    """Return P by its definition."""
    w = np.diag(1 / d)
    return w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", [None, *METHODS])
def test_estimates_are_those_of_generalised_least_squares(method, seed):
    y, v, x = example(seed)
    found = kernels.fit(prepared(y, v, x), method)
    d = v + found.between.tau2
    information = x.T @ (x / d[:, None])
    assert_allclose(found.beta, np.linalg.solve(information, x.T @ (y / d)), rtol=1e-11)
    assert_allclose(found.covariance, np.linalg.inv(information), rtol=1e-11)
    assert found.rss == pytest.approx(y @ projection(d, x) @ y, rel=1e-11)
    assert found.q == pytest.approx(y @ projection(v, x) @ y, rel=1e-11)
    assert found.trace == pytest.approx(np.trace(projection(v, x)), rel=1e-11)


@pytest.mark.parametrize("seed", range(4))
def test_likelihoods_are_those_of_the_normal_distribution(seed):
    y, v, x = example(seed)
    k, p = x.shape
    data = prepared(y, v, x)
    for tau2 in (0.0, 0.07, 3.0):
        d = v + tau2
        full = -0.5 * (k * math.log(2 * math.pi) + np.log(d).sum() + y @ projection(d, x) @ y)
        assert kernels.log_likelihood(data, tau2, restricted=False) == pytest.approx(full, rel=1e-12)
        # The density of K - p contrasts that are free of the coefficients, with orthonormal weights.
        contrasts = np.linalg.qr(x, mode="complete")[0][:, p:].T
        covariance, z = (contrasts * d) @ contrasts.T, contrasts @ y
        restricted = -0.5 * (
            (k - p) * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1] + z @ np.linalg.solve(covariance, z)
        )
        assert kernels.log_likelihood(data, tau2, restricted=True) == pytest.approx(restricted, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_each_estimator_solves_its_own_equation(seed):
    y, v, x = example(seed)
    k, p = x.shape
    data = prepared(y, v, x)
    at0, plain_p = projection(v, x), projection(np.ones(k), x)
    q = y @ at0 @ y
    closed = {
        "dl": (q - (k - p)) / np.trace(at0),
        "hs": (q - k) / (1 / v).sum(),
        "hsk": (k / (k - p) * q - k) / (1 / v).sum(),
        "he": (y @ plain_p @ y - np.trace(plain_p * v)) / (k - p),
    }
    start = np.var(y)
    closed["sj"] = start * (y @ projection(v + start, x) @ y) / (k - p)
    for method, expected in closed.items():
        assert kernels.fit(data, method).between.tau2 == pytest.approx(max(expected, 0.0), rel=1e-11, abs=1e-15)
    for method, target in (("pm", k - p), ("eb", k - p)):
        tau2 = kernels.fit(data, method).between.tau2
        assert tau2 == 0 or y @ projection(v + tau2, x) @ y == pytest.approx(target, rel=1e-11)
    for method in ("reml", "ml"):
        tau2 = kernels.fit(data, method).between.tau2
        at = projection(v + tau2, x)
        loss = np.trace(at) if method == "reml" else (1 / (v + tau2)).sum()
        assert tau2 == 0 or y @ at @ at @ y == pytest.approx(loss, rel=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_standard_errors_of_tau2_are_those_of_quadratic_forms(seed):
    y, v, x = example(seed, spread=0.5)
    k, p = x.shape
    data = prepared(y, v, x)
    start = np.var(y)
    for method, at, divisor in (
        ("dl", projection(v, x), None),
        ("he", projection(np.ones(k), x), None),
        ("hs", projection(v, x), (1 / v).sum()),
        ("hsk", projection(v, x), (1 / v).sum() * (k - p) / k),
        ("sj", projection(v + start, x) * start, k - p),
    ):
        found = kernels.fit(data, method).between
        form = at @ np.diag(v + found.tau2)
        expected = math.sqrt(2 * np.trace(form @ form)) / (np.trace(at) if divisor is None else divisor)
        assert found.se == pytest.approx(expected, rel=1e-11)
    found = kernels.fit(data, "reml").between
    at = projection(v + found.tau2, x)
    assert found.se == pytest.approx(math.sqrt(2 / np.trace(at @ at)), rel=1e-10)
    found = kernels.fit(data, "ml").between
    assert found.se == pytest.approx(math.sqrt(2 / ((v + found.tau2) ** -2).sum()), rel=1e-10)
    found = kernels.fit(data, "pm").between
    assert found.se == pytest.approx(math.sqrt(2 * k * k / (k - p)) / (1 / (v + found.tau2)).sum(), rel=1e-10)


def test_weights_of_ones_own_serve_tau2_and_coefficients():
    y, v, x = example(3)
    a = 1 / np.sqrt(v)
    found = kernels.fit(prepared(y, v, x), "genq", weights=a)
    at = projection(1 / a, x)
    assert found.between.tau2 == pytest.approx((y @ at @ y - np.trace(at * v)) / np.trace(at), rel=1e-11)
    inverse = np.linalg.inv(x.T @ (x * a[:, None]))
    to_beta = inverse @ (x * a[:, None]).T
    assert_allclose(found.beta, to_beta @ y, rtol=1e-11)
    assert_allclose(found.covariance, (to_beta * (v + found.between.tau2)) @ to_beta.T, rtol=1e-11)
    form = at @ np.diag(v + found.between.tau2)
    assert found.between.se == pytest.approx(math.sqrt(2 * np.trace(form @ form)) / np.trace(at), rel=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_without_moderators_all_is_as_in_pooling(method):
    y, v, _ = example(5)
    ours = kernels.fit(prepared(y, v, np.ones((len(y), 1))), method)
    theirs = plain.fit(plain.one_set(y, v), method)
    assert ours.between.tau2 == pytest.approx(float(theirs.tau2[0]), rel=1e-11)
    assert ours.between.se == pytest.approx(float(theirs.tau2_se[0]), rel=1e-10)
    assert ours.beta[0] == pytest.approx(float(theirs.estimate[0]), rel=1e-12)


def exact_q(y, v, x, tau2):
    """Return the weighted sum of squares without any rounding."""
    w = [1 / (Fraction(float(each)) + Fraction(tau2)) for each in v]
    rows = [[Fraction(float(each)) for each in column] for column in (*np.transpose(x), y)]
    a = [[sum(p * q * z for p, q, z in zip(one, other, w, strict=True)) for other in rows] for one in rows]
    for i in range(len(rows) - 1):
        for j in range(i + 1, len(rows)):
            factor = a[j][i] / a[i][i]
            a[j] = [p - factor * q for p, q in zip(a[j], a[i], strict=True)]
    return float(a[-1][-1])


@pytest.mark.parametrize("decades", [3, 8, 14])
def test_no_digits_are_lost_where_variances_lie_far_apart(decades):
    random = np.random.default_rng(decades)
    for _ in range(8):
        k = int(random.integers(4, 9))
        x = np.column_stack((np.ones(k), 1950 + random.integers(0, 40, k), random.normal(size=k)))
        v = 10 ** random.uniform(-decades, decades, k)
        y = random.normal(size=k)
        if len(kernels.design(x)[1]) < 3:
            continue
        data = prepared(y, v, x)
        for tau2 in (0.0, 10.0**-decades, 1.0, 10.0**decades):
            assert kernels.generalised_q(data, tau2) == pytest.approx(exact_q(y, v, x, tau2), rel=1e-9)


def test_pivots_are_exchanged_where_precise_studies_hardly_differ():
    x = np.column_stack((np.ones(6), [0.0, 1e-5, 1.0, 2.0, 3.0, 5.0]))
    y, v = np.array([0.1, 0.1000001, 0.5, 0.2, 0.9, 0.4]), np.array([1e-14, 1e-14, 1.0, 2.0, 1.0, 0.5])
    data = prepared(y, v, x)
    assert len(data.pivots) > 1
    for tau2 in (0.0, 1e-14, 1e-10, 1e-4, 1.0, 1e6):
        assert kernels.generalised_q(data, tau2) == pytest.approx(exact_q(y, v, x, tau2), rel=1e-9)
    found = kernels.fit(data, "reml")
    trials = [0.0, *np.geomspace(1e-16, 10, 500).tolist()]
    best = max(kernels.log_likelihood(data, tau2, restricted=True) for tau2 in trials)
    assert found.restricted >= best - 1e-9


def test_the_highest_of_several_maxima_is_found():
    # Two precise studies that disagree and many vague ones that do not: the likelihood has more than one peak.
    random = np.random.default_rng(7)
    several = 0
    for _ in range(40):
        k = int(random.integers(4, 8))
        v = 10 ** random.uniform(-5, 3, k)
        x = np.column_stack((np.ones(k), random.normal(size=k)))
        data = prepared(random.normal(size=k) * np.sqrt(v + 10 ** random.uniform(-4, 1)), v, x)
        for method in ("reml", "ml"):
            found = kernels.fit(data, method)
            several += found.between.modes > 1
            top = found.restricted if method == "reml" else found.full
            trials = [0.0, *np.geomspace(1e-6, 1e4, 100).tolist()]
            best = max(kernels.log_likelihood(data, tau2, restricted=method == "reml") for tau2 in trials)
            assert top >= best - 1e-10 * max(1.0, abs(best))
    assert several > 1


@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(3, 9),
    p=st.integers(1, 4),
    shift=st.floats(-50, 50),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=60, deadline=None)
def test_order_shift_and_scale_change_what_they_should(seed, k, p, shift, scale):
    p = min(p, k - 1)
    y, v, x = example(seed, k, p)
    if len(kernels.design(x)[1]) < p:
        return
    order = np.random.default_rng(seed).permutation(k)
    for method in ("reml", "dl", "pm"):
        base = kernels.fit(prepared(y, v, x), method)
        other = kernels.fit(
            prepared(scale * (y + shift)[order], scale**2 * v[order], x[order] @ np.diag(np.arange(1.0, p + 1))), method
        )
        assert other.between.tau2 == pytest.approx(scale**2 * base.between.tau2, rel=1e-6, abs=1e-9 * scale**2)
        moved = scale * (base.beta + shift * (np.arange(p) == 0)) / np.arange(1.0, p + 1)
        assert_allclose(other.beta, moved, rtol=1e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("method", METHODS)
def test_studies_on_the_line_give_exactly_zero(method):
    x = np.column_stack((np.ones(5), np.arange(5.0)))
    found = kernels.fit(prepared(x @ [1.0, 2.0], np.full(5, 0.1), x), method)
    if method != "sj":  # which is never 0 where the estimates themselves vary
        assert found.between.tau2 == 0
    assert math.isfinite(found.between.se)
    assert_allclose(found.beta, [1.0, 2.0], rtol=1e-12)


def test_columns_that_depend_on_others_are_found():
    x = np.column_stack((np.ones(6), np.arange(6.0), 3 - 2 * np.arange(6.0), np.zeros(6), np.arange(6.0) ** 2))
    assert kernels.design(x)[1] == [0, 1, 4]
    matrix, kept = kernels.design(x[:, [0, 1, 4]])
    assert kept == [0, 1, 2]
    assert_allclose(matrix.q @ np.linalg.inv(matrix.back), x[:, [0, 1, 4]], atol=1e-12)
    assert_allclose(matrix.q.T @ matrix.q, np.eye(3), atol=1e-14)


def test_residuals_and_leverages_are_those_of_the_hat_matrix():
    y, v, x = example(2)
    residual, free = kernels.residuals(prepared(y, v, x), 0.2)
    d = v + 0.2
    hat = x @ np.linalg.inv(x.T @ (x / d[:, None])) @ x.T / d
    assert_allclose(residual, y - hat @ y, atol=1e-13)
    assert_allclose(1 - free, np.diagonal(hat), rtol=1e-12)

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logsumexp

from stromata.synthesis.counts import quadrature
from stromata.synthesis.counts.families import binomial, hypergeometric, poisson
from stromata.synthesis.counts.quadrature import marginal

Y = np.array([[0.0, 3, 7, 12], [2.0, 0, 5, 9]])
N = np.array([[5.0, 9, 7, 40], [6.0, 8, 9, 35]])
LINEAR = np.random.default_rng(4).normal(0, 1, (3, 2, 4))
ONE, HALF = np.array([[1.0, 1.0]]), np.array([[0.5, -0.5]])


def differences(family, linear, loading, tau, points, h=1e-6):
    for j in range(linear.shape[1]):
        step = np.zeros_like(linear)
        step[:, j] = h
        up, down = (marginal(family, linear + s * step, loading, tau, points=points).value for s in (1, -1))
        yield "shift", j, (up - down) / (2 * h)
    for d in range(len(loading)):
        step = np.zeros_like(tau)
        step[:, d] = h
        up, down = (marginal(family, linear, loading, tau + s * step, points=points).value for s in (1, -1))
        yield "scale", d, (up - down) / (2 * h)


@pytest.mark.parametrize("points", [1, 5])
@pytest.mark.parametrize(
    ("family", "loading"),
    [
        (binomial(Y, N), HALF),
        (poisson(Y, N), ONE),
        (binomial(Y, N), np.concatenate((ONE, HALF))),
        (hypergeometric(Y[0], N[0], Y.sum(axis=0), N[1]), np.ones((1, 1))),
    ],
    ids=["half", "rates", "two effects", "conditional"],
)
def test_the_gradient_is_that_of_the_approximation(family, loading, points):
    linear = LINEAR[:, : loading.shape[1]]
    tau = np.array([[0.3, 0.8], [1.0, 0.2], [2.0, 1.1]])[:, : len(loading)]
    here = marginal(family, linear, loading, tau, points=points)
    for kind, place, slope in differences(family, linear, loading, tau, points):
        assert getattr(here, kind)[:, place] == pytest.approx(slope, abs=2e-7)


def test_one_effect_gives_the_integral():
    u = np.linspace(-12, 12, 2401)
    for tau in (0.0, 0.4, 1.5):
        eta = LINEAR[0][:, :, None] + tau * HALF[0][:, None, None] * u
        density = stats.binom.pmf(Y[:, :, None], N[:, :, None], expit(eta)).prod(axis=0) * stats.norm.pdf(u)
        exact = np.log(density.sum(axis=1) * (u[1] - u[0]))
        family = binomial(Y, N)
        value = marginal(family, LINEAR[:1], HALF, np.array([[tau]]), points=41).value[0] + family.best
        assert value == pytest.approx(exact, abs=1e-9)


def test_two_effects_give_the_integral():
    u = np.linspace(-9, 9, 361)
    first, second = np.meshgrid(u, u, indexing="ij")
    family = binomial(Y, N)
    value = marginal(family, LINEAR[:1], np.concatenate((ONE, HALF)), np.array([[0.7, 1.2]]), points=25).value[0]
    for i in range(4):
        logs = stats.norm.logpdf(first) + stats.norm.logpdf(second)
        for j, sign in ((0, 0.5), (1, -0.5)):
            logs += stats.binom.logpmf(Y[j, i], N[j, i], expit(LINEAR[0, j, i] + 0.7 * first + 1.2 * sign * second))
        exact = logsumexp(logs) + 2 * np.log(u[1] - u[0])
        assert value[i] + family.best[i] == pytest.approx(exact, abs=1e-6)


def test_blocks_and_starts_change_nothing(monkeypatch):
    family, tau = binomial(Y, N), np.array([[0.3], [1.0], [2.0]])
    whole = marginal(family, LINEAR, HALF, tau, points=7)
    monkeypatch.setattr(quadrature, "_BLOCK", 1)
    parts = marginal(family, LINEAR, HALF, tau, points=7, start=whole.mode)
    for name in ("value", "shift", "scale", "mode"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), abs=1e-12)


def test_more_points_are_closer():
    family = binomial(Y, N)
    values = [marginal(family, LINEAR, HALF, np.full((3, 1), 2.5), points=q).value for q in (1, 7, 61)]
    assert np.abs(values[1] - values[2]).max() < np.abs(values[0] - values[2]).max()


@pytest.mark.parametrize(
    ("family", "loading"),
    [(binomial(Y, N), HALF), (binomial(Y[:1], N[:1]), np.ones((1, 1))), (poisson(Y[:1], N[:1]), np.array([[0.7]]))],
    ids=["two arms", "one arm", "rates"],
)
def test_second_derivatives_are_those_of_the_integral(family, loading):
    size = loading.shape[1]
    linear, tau, h = LINEAR[:, :size], np.array([[0.3], [1.0], [2.0]]), 1e-4
    found = marginal(family, linear, loading, tau, points=40, bend=True)
    for j in range(size):
        step = np.zeros_like(linear)
        step[:, j] = h
        up, down = (marginal(family, linear + s * step, loading, tau, points=40).shift for s in (1, -1))
        assert found.bend[:, j] == pytest.approx((up - down) / (2 * h), rel=1e-4, abs=1e-4)


def test_one_observation_per_study_is_two_of_which_one_says_nothing():
    # The quick way of a single observation against the general one.
    alone = marginal(binomial(Y[:1], N[:1]), LINEAR[:, :1], np.array([[0.8]]), np.full((3, 1), 1.3), points=7)
    silent = binomial(np.stack((Y[0], 0 * Y[0])), np.stack((N[0], 0 * N[0])))
    general = marginal(silent, LINEAR, np.array([[0.8, 0.5]]), np.full((3, 1), 1.3), points=7)
    assert alone.value == pytest.approx(general.value, rel=1e-12)
    assert alone.shift[:, 0] == pytest.approx(general.shift[:, 0], rel=1e-9, abs=1e-12)
    assert alone.scale == pytest.approx(general.scale, rel=1e-9, abs=1e-12)

"""Likelihoods of selection models against adaptive quadrature, and their gradients against differences."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

from stromata.synthesis.bias import selection_kernels as kernels

Y = np.array([0.1, 0.5, 0.9, -0.2, 0.4, 1.4])
V = np.array([0.05, 0.08, 0.02, 0.1, 0.04, 0.3])
IMPRECISION = np.sqrt(V / V.max())


def upper_p(z):
    return special.ndtr(-z)


def two_sided_p(z):
    return 2 * special.ndtr(-abs(z))


def by_quadrature(mu, tau2, weight, p_of, corners=()):
    """The definition, study by study. `weight` takes a p-value and the study's place."""
    total = 0.0
    for i, (y, v) in enumerate(zip(Y, V, strict=True)):
        s, spread = math.sqrt(v), math.sqrt(v + tau2)

        def seen(x, i=i, s=s, spread=spread):
            return weight(p_of(x / s), i) * math.exp(-0.5 * ((x - mu) / spread) ** 2) / spread / math.sqrt(2 * math.pi)

        edges = sorted({mu - 9 * spread, mu + 9 * spread, 0.0, *(c * s for c in corners), mu})
        edges = [edge for edge in edges if mu - 9 * spread <= edge <= mu + 9 * spread]
        chance = sum(integrate.quad(seen, a, b, epsabs=1e-13, epsrel=1e-11, limit=200)[0] for a, b in pairwise(edges))
        total += math.log(seen(y)) - math.log(chance)
    return total


def clipped(p):
    return min(max(p, 1e-5), 1 - 1e-5)


SMOOTH = {
    "beta": ((0.4, 1.7), lambda d, p: clipped(p) ** (d[0] - 1) * (1 - clipped(p)) ** (d[1] - 1), 1e-5),
    "halfnorm": ((3.0,), lambda d, p: math.exp(-d[0] * p * p), 0.0),
    "negexp": ((2.0,), lambda d, p: math.exp(-d[0] * p), 0.0),
    "logistic": ((4.0,), lambda d, p: 2 / (1 + math.exp(d[0] * p)), 0.0),
    "power": ((1.5,), lambda d, p: (1 - clipped(p)) ** d[0], 1e-5),
    "negexppow": ((2.0, 3.0), lambda d, p: math.exp(-d[0] * p ** (1 / d[1])), 0.0),
}
CLIP = -special.ndtri(1e-5)
HALF_CLIP = -special.ndtri(5e-6)


@pytest.mark.parametrize("kind", SMOOTH)
@pytest.mark.parametrize("two_sided", [False, True])
def test_smooth_functions_are_integrated_to_rounding(kind, two_sided):
    delta, weight, clip = SMOOTH[kind]
    model = kernels.smooth_model(Y, V, kind, two_sided=two_sided, clip=clip, threshold=0.0, imprecision=None)
    p_of = two_sided_p if two_sided else upper_p
    corners = (-HALF_CLIP, HALF_CLIP, -CLIP, CLIP)
    if two_sided and clip:  # the two-sided p-value has a second corner where it comes close to 1
        near = -special.ndtri((1 - clip) / 2)
        corners = (*corners, -near, near)
    plain = by_quadrature(0.3, 0.1, lambda p, _: weight(delta, p), p_of, corners)
    # of the kink at 1 - clip, one node's share is missed
    tolerance = 1e-5 if two_sided and clip else 1e-9
    assert model.likelihood(0.3, 0.1, np.array(delta))[0] == pytest.approx(plain, abs=tolerance)


@pytest.mark.parametrize("two_sided", [False, True])
def test_below_a_threshold_every_study_is_seen(two_sided):
    model = kernels.smooth_model(Y, V, "negexp", two_sided=two_sided, clip=0.0, threshold=0.05, imprecision=None)
    p_of = two_sided_p if two_sided else upper_p
    corner = -special.ndtri(0.025 if two_sided else 0.05)
    plain = by_quadrature(0.3, 0.1, lambda p, _: 1.0 if p <= 0.05 else math.exp(-2 * p), p_of, (corner, -corner))
    assert model.likelihood(0.3, 0.1, np.array([2.0]))[0] == pytest.approx(plain, abs=1e-9)


def test_imprecision_scales_the_first_parameter():
    model = kernels.smooth_model(Y, V, "halfnorm", two_sided=False, clip=0.0, threshold=0.0, imprecision=IMPRECISION)
    plain = by_quadrature(0.3, 0.1, lambda p, i: math.exp(-3 * IMPRECISION[i] * p * p), upper_p)
    assert model.likelihood(0.3, 0.1, np.array([3.0]))[0] == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize("two_sided", [False, True])
def test_step_functions_need_normal_probabilities_alone(two_sided):
    steps, delta = (0.025, 0.3, 1.0), np.array([1.0, 0.6, 0.2])
    model = kernels.step_model(Y, V, steps, two_sided=two_sided)
    p_of = two_sided_p if two_sided else upper_p
    half = 2 if two_sided else 1
    corners = [sign * special.ndtri(step / half) for step in steps[:2] for sign in (-1, 1)]
    plain = by_quadrature(0.3, 0.1, lambda p, _: delta[np.searchsorted(steps, p)], p_of, corners)
    assert model.likelihood(0.3, 0.1, delta)[0] == pytest.approx(plain, abs=1e-9)
    p = np.array([p_of(z) for z in Y / np.sqrt(V)])
    assert model.counts == tuple(np.bincount(np.searchsorted(steps, p), minlength=3).tolist())


def test_a_cut_point_weighs_estimates():
    model = kernels.cut_model(Y, V, 0.3)
    value = model.likelihood(0.2, 0.1, np.array([0.4]))[0]
    spread = np.sqrt(V + 0.1)
    below = special.ndtr((0.3 - 0.2) / spread)
    density = -0.5 * ((Y - 0.2) / spread) ** 2 - np.log(spread) - 0.5 * math.log(2 * math.pi)
    assert value == pytest.approx((density + np.log(np.where(Y > 0.3, 1, 0.4)) - np.log(1 - 0.6 * below)).sum())
    assert model.counts == (4, 2)


MODELS = {
    "step": (kernels.step_model(Y, V, (0.025, 0.3, 1.0), two_sided=False), (1.0, 0.6, 0.2)),
    "step two-sided": (kernels.step_model(Y, V, (0.05, 1.0), two_sided=True), (1.0, 0.6)),
    "cut": (kernels.cut_model(Y, V, 0.3), (0.4,)),
    "prec": (
        kernels.smooth_model(Y, V, "logistic", two_sided=False, clip=0.0, threshold=0.05, imprecision=IMPRECISION),
        (2.0,),
    ),
} | {
    kind: (kernels.smooth_model(Y, V, kind, two_sided=False, clip=clip, threshold=0.0, imprecision=None), delta)
    for kind, (delta, _, clip) in SMOOTH.items()
}


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_the_likelihood(name):
    model, delta = MODELS[name]
    theta = np.array([0.3, 0.1, *delta])
    gradient = model.likelihood(theta[0], theta[1], theta[2:])[1]
    for j in range(len(theta)):
        h = 1e-5
        up, down = theta.copy(), theta.copy()
        up[j], down[j] = up[j] + h, down[j] - h
        difference = (model.likelihood(up[0], up[1], up[2:])[0] - model.likelihood(down[0], down[1], down[2:])[0]) / (
            2 * h
        )
        assert gradient[j] == pytest.approx(difference, rel=1e-6, abs=1e-7), j


@pytest.mark.parametrize("name", MODELS)
def test_second_derivatives_are_those_of_the_gradient(name):
    model, delta = MODELS[name]
    theta = np.array([0.3, 0.1, *delta])
    hessian = model.expand(theta[None])[2][0]
    assert hessian == pytest.approx(hessian.T, rel=1e-12)
    for j in range(len(theta)):
        h = 1e-5
        up, down = theta.copy(), theta.copy()
        up[j], down[j] = up[j] + h, down[j] - h
        difference = (model.expand(up[None])[1][0] - model.expand(down[None])[1][0]) / (2 * h)
        assert hessian[j] == pytest.approx(difference, rel=1e-6, abs=1e-6), j


@pytest.mark.parametrize("name", MODELS)
def test_many_places_at_once_are_each_its_own(name):
    model, delta = MODELS[name]
    theta = np.array([[0.3, 0.1, *delta], [-0.5, 0.0, *delta], [2.0, 1.5, *delta]])
    together = model.expand(theta)
    for i, place in enumerate(theta):
        for whole, alone in zip(together, model.expand(place[None]), strict=True):
            assert whole[i] == pytest.approx(alone[0], rel=1e-11, abs=1e-11)
    assert model.values(theta) == pytest.approx(together[0], abs=0.01)


def test_far_tails_stay_finite():
    y, v = np.array([8.0, 9.0, 10.0]), np.array([0.01, 0.01, 0.04])
    for kind, (delta, _, clip) in SMOOTH.items():
        model = kernels.smooth_model(y, v, kind, two_sided=False, clip=clip, threshold=0.0, imprecision=None)
        value, gradient = model.likelihood(-3.0, 0.01, np.array(delta))
        assert math.isfinite(value)
        assert np.isfinite(gradient).all()

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.synthesis.counts import models as count_models
from stromata.synthesis.counts.binomial_normal import model as proportions
from stromata.synthesis.counts.families import binomial
from stromata.synthesis.counts.models import Model
from synthesis.published import PRITZ
from synthesis.sparse_data import CATHETERS

COUNTS = [np.array(CATHETERS[name], dtype=float) for name in ("ai", "n1i", "ci", "n2i")]
TOLD = COUNTS[0] + COUNTS[2] > 0
A, N1, C, N2 = (column[TOLD] for column in COUNTS)


def two_arms():
    half = np.stack((np.full(len(A), 0.5), np.full(len(A), -0.5)))
    return Model(
        binomial(np.stack((A, C)), np.stack((N1, N2))),
        np.zeros_like(half),
        half[None],
        np.ones(2),
        np.array([[0.5, -0.5]]),
    )


def test_equal_effects_with_own_baselines_solve_their_equations():
    found = count_models.fit_common(two_arms())
    p1, p2 = (1 / (1 + np.exp(-(found.own + s * found.estimate / 2))) for s in (1, -1))
    assert (N1 * p1).sum() == pytest.approx(A.sum(), rel=1e-9)
    assert N1 * p1 + N2 * p2 == pytest.approx(A + C, rel=1e-9)


def test_the_standard_error_is_the_curvature_of_the_profile():
    built = two_arms()
    found = count_models.fit(built, count_models.fit_common(built), points=7)
    tau, h = float(found.tau[0]), 1e-3

    def at(i, j):
        return count_models.log_likelihood(
            built, np.array([[found.estimate + i * h]]), np.array([[tau + j * h]]), points=7
        )[0]

    bb, tt = (at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / h**2, (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / h**2
    bt = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h**2)
    assert found.se == pytest.approx((-tt / (bb * tt - bt**2)) ** 0.5, rel=1e-4)
    assert found.tau_se[0] == pytest.approx((-bb / (bb * tt - bt**2)) ** 0.5, rel=1e-4)
    assert abs(at(1, 0) - at(-1, 0)) / (2 * h) < 1e-4


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(1, 20), st.integers(0, 8), st.integers(1, 20)), min_size=3, max_size=6
    )
)
@settings(max_examples=15, deadline=None)
def test_nothing_on_a_grid_is_more_likely(rows):
    a, _, c, _ = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    m, n = a + c, np.maximum(a + c, 1)
    if a.sum() in {0, m.sum()}:
        return
    built = proportions(a, np.where(m > 0, m, n))
    common = count_models.fit_common(built)
    found = count_models.fit(built, common, points=7)
    if found.outcome != "fitted":
        return
    beta, tau = (
        grid.ravel()[:, None] for grid in np.meshgrid(found.estimate + np.linspace(-2, 2, 9), np.linspace(0, 6, 13))
    )
    assert count_models.log_likelihood(built, beta, tau, points=7).max() <= found.log_likelihood + 1e-6


def test_refitting_with_other_points_starts_from_what_was_found():
    built = proportions(np.array(PRITZ["xi"], float), np.array(PRITZ["ni"], float))
    common = count_models.fit_common(built)
    found = count_models.fit(built, common, points=7)
    again = count_models.refit(built, common, found, points=25)
    whole = count_models.fit(built, common, points=25)
    assert (again.estimate, again.tau[0], again.points) == pytest.approx((whole.estimate, whole.tau[0], 25), rel=1e-9)


def test_the_information_on_own_effects_is_the_curvature_with_all_else_refitted():
    # Random baselines, one effect per study in the first arm; studies without events there say nothing.
    keep = A > 0
    x, n = np.stack((A, C))[:, keep], np.stack((N1, N2))[:, keep]
    built = Model(binomial(x, n), np.zeros_like(x), np.ones((1, *x.shape)), np.array([1.0, 0.0]), np.ones((1, 2)))
    full = count_models.fit(built, count_models.fit_common(built), points=7)
    information = count_models.own_information(built, full)
    k, h = int(keep.sum()), 1e-3
    fixed = Model(built.family, built.offset, built.fixed, None, built.loading)

    def height(step):
        # The likelihood at given own effects, the mean and the spread of the baselines refitted by a fine search.
        shifted = Model(
            fixed.family,
            fixed.offset + built.own[:, None] * (full.own + step),
            fixed.fixed,
            None,
            fixed.loading,
        )
        again = count_models.fit(shifted, count_models.fit_common(shifted), points=7)
        return again.log_likelihood

    direction = np.zeros(k)
    direction[0], direction[1] = 1.0, -0.5
    curve = (2 * height(0 * direction) - height(h * direction) - height(-h * direction)) / h**2
    assert information.product(direction, direction) == pytest.approx(curve, rel=1e-3)


def test_a_spread_of_zero_is_exactly_zero():
    built = proportions(np.array([2.0, 4, 6]), np.array([10.0, 20, 30]))
    found = count_models.fit(built, count_models.fit_common(built), points=7)
    assert found.tau[0] == 0
    assert found.log_likelihood == found.conditional

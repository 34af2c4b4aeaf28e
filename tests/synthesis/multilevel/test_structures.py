import math

import numpy as np
import pytest

from stromata.synthesis.multilevel import structures
from stromata.synthesis.multilevel.structures import Structure

FREE = math.nan
LAGS = np.abs(np.subtract.outer(np.arange(3.0), np.arange(3.0)))
PLACES = np.abs(np.subtract.outer(np.array([0.0, 1.3, 4.0]), np.array([0.0, 1.3, 4.0])))


def free(kind, q=3, known=None):
    variances, correlations = (1, 0) if kind == "known" else structures.counts(kind, q)
    return Structure(kind, q, np.full(variances, FREE), np.full(correlations, FREE), known)


ALL = {
    "CS": free("CS"),
    "HCS": free("HCS"),
    "UN": free("UN"),
    "ID": free("ID"),
    "DIAG": free("DIAG"),
    "AR": free("AR", known=LAGS),
    "HAR": free("HAR", known=LAGS),
    "CAR": free("CAR", known=PLACES),
    "SPEXP": free("SPEXP", known=PLACES),
    "SPGAU": free("SPGAU", known=PLACES),
    "SPLIN": free("SPLIN", known=PLACES),
    "SPRAT": free("SPRAT", known=PLACES),
    "SPSPH": free("SPSPH", known=PLACES),
    "GEN": free("GEN"),
    "GDIAG": free("GDIAG"),
    "known": free("known", known=np.exp(-PLACES)),
    "UN, a variance fixed": Structure("UN", 3, np.array([FREE, 0.5, FREE]), np.full(3, FREE)),
    "UN, a variance 0": Structure("UN", 3, np.array([FREE, 0.0, FREE]), np.full(3, FREE)),
    "UN, a correlation fixed": Structure("UN", 3, np.full(3, FREE), np.array([FREE, -0.4, FREE])),
    "UN, two correlations fixed": Structure("UN", 3, np.full(3, FREE), np.array([0.2, 0.1, FREE])),
    "UN, all correlations fixed": Structure("UN", 3, np.full(3, FREE), np.full(3, 0.5)),
    "HCS, correlation fixed": Structure("HCS", 3, np.full(3, FREE), np.array([-0.3])),
    "UN, of unlike units": Structure("UN", 3, np.full(3, FREE), np.full(3, FREE), None, np.array([1.0, 0.01, 30.0])),
    "HCS, of unlike units": Structure("HCS", 3, np.full(3, FREE), np.full(1, FREE), None, np.array([1.0, 0.01, 30.0])),
    "UN, all kinds": Structure(
        "UN", 3, np.array([FREE, FREE, 0.2]), np.array([0.5, FREE, FREE]), None, np.array([2.0, 0.1, 1.0])
    ),
}


@pytest.mark.parametrize("s", ALL.values(), ids=ALL.keys())
def test_derivatives_are_those_of_the_matrix(s):
    rng = np.random.default_rng(3)
    weight = rng.normal(size=(3, 3))
    weight = weight + weight.T
    theta = structures.start(s, np.full((1, len(s.tau2)), 0.7), np.full((1, len(s.rho)), 0.4))[0] * np.exp(
        rng.normal(0, 0.1, structures.size(s))
    )

    def value(at):
        return float((weight * structures.matrix(s, at[None])[0]).sum())

    found = structures.pull(s, theta[None], weight[None])[0]
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = 1e-6
        assert found[i] == pytest.approx((value(theta + step) - value(theta - step)) / 2e-6, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("s", ALL.values(), ids=ALL.keys())
def test_every_point_is_a_covariance_matrix_that_keeps_what_is_fixed(s):
    rng = np.random.default_rng(5)
    for _ in range(20):
        theta = rng.normal(0, 2, structures.size(s))
        found = structures.matrix(s, theta[None])
        if found is None:
            continue
        g = found[0]
        assert np.linalg.eigvalsh(g)[0] > -1e-9 * np.abs(g).max()
        tau2, rho = (each[0] for each in structures.natural(s, theta[None]))
        assert tau2[~np.isnan(s.tau2)] == pytest.approx(s.tau2[~np.isnan(s.tau2)])
        if s.kind in structures.UNSTRUCTURED:
            sd = np.sqrt(g.diagonal())
            for (a, b), value in zip(s.pairs, rho, strict=True):
                if sd[a] > 0 and sd[b] > 0:
                    assert value == pytest.approx(g[a, b] / sd[a] / sd[b], abs=1e-9)


@pytest.mark.parametrize("s", ALL.values(), ids=ALL.keys())
def test_components_give_the_free_numbers_back(s):
    theta = structures.start(s, np.full((1, len(s.tau2)), 0.7), np.full((1, len(s.rho)), 0.4))
    again = structures.from_natural(s, *structures.natural(s, theta))
    assert structures.matrix(s, again) == pytest.approx(structures.matrix(s, theta), abs=1e-9)


def test_the_first_unstructured_correlations_are_those_of_the_first_level():
    s = Structure("UN", 3, np.full(3, 1.0), np.array([0.1, 0.2, 0.3]))
    g = structures.matrix(s, np.zeros((1, 0)))[0]
    assert (g[0, 1], g[0, 2], g[1, 2]) == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("SPEXP", math.exp(-0.5)),
        ("SPGAU", math.exp(-0.25)),
        ("SPLIN", 0.5),
        ("SPRAT", 0.8),
        ("SPSPH", 1 - 0.75 + 0.0625),
    ],
)
def test_spatial_correlations_at_half_the_reach(kind, expected):
    # Pinheiro and Bates (2000), table 5.2.
    distance = np.array([[0.0, 1.0], [1.0, 0.0]])
    s = Structure(kind, 2, np.array([1.0]), np.array([2.0]), distance)
    assert structures.matrix(s, np.zeros((1, 0)))[0][0, 1] == pytest.approx(expected, rel=1e-14)


def test_compound_symmetry_allows_negative_correlation_up_to_its_limit():
    s = free("CS", 4)
    assert structures.rho_range(s) == (-1 / 3, 1.0)
    g = structures.matrix(s, structures.from_natural(s, np.array([[1.0]]), np.array([[-1 / 3]])))[0]
    assert np.linalg.eigvalsh(g)[0] == pytest.approx(0, abs=1e-12)


def test_a_small_variance_can_be_set_to_exactly_zero():
    s = free("UN", 2)
    theta = structures.from_natural(s, np.array([[1.0, 1e-9]]), np.array([[0.9]]))[0]
    groups = structures.zeros(s, theta, 1e-6)
    assert groups == [[1, 2]]
    theta[groups[0]] = 0
    tau2 = structures.natural(s, theta[None])[0][0]
    assert tau2[0] == pytest.approx(1.0)
    assert tau2[1] == 0.0


def test_continuous_time_reaches_both_limits_smoothly():
    s = free("CAR", 2, np.array([[0.0, 0.1], [0.1, 0.0]]))
    one = structures.from_natural(s, np.array([[1.0]]), np.array([[1.0]]))[0]
    assert structures.matrix(s, one[None])[0, 0, 1] == 1.0
    assert structures.pull(s, one[None], np.ones((1, 2, 2)))[0, 1] == 0.0
    far = np.array([1.0, 40.0])
    assert structures.natural(s, far[None])[1][0, 0] < 1e-300
    assert np.isfinite(structures.pull(s, far[None], np.ones((1, 2, 2)))).all()

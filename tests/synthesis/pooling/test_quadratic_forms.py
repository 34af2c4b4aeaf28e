import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from stromata.synthesis.pooling.quadratic_forms import probability_below


@pytest.mark.parametrize("k", [2, 3, 5, 20, 300])
@pytest.mark.parametrize("probability", [1e-6, 0.025, 0.5, 0.975, 1 - 1e-6])
def test_inverse_variance_weights_give_chi_squared(k, probability):
    v = np.random.default_rng(k).gamma(1, 1, k) + 0.01
    q = stats.chi2.ppf(probability, k - 1)
    assert probability_below(q, 1 / v, v) == pytest.approx(probability, abs=1e-12)
    assert probability_below(1e9 * q, 1e9 / v, v) == pytest.approx(probability, abs=1e-12)


@given(
    st.lists(st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)), min_size=3, max_size=3), st.floats(0.05, 10)
)  # fmt: skip
def test_three_studies_by_eigenvalues(pairs, q):
    # Two eigenvalues, l1 and l2: the sum of two weighted chi-squared variables on one degree of freedom each.
    a, s = np.array(pairs).T
    matrix = np.sqrt(s)[:, None] * (np.diag(a) - np.outer(a, a) / a.sum()) * np.sqrt(s)
    _, small, large = np.linalg.eigvalsh(matrix)

    def conditional(angle):  # polar coordinates of the two normal variables; the radius integrates to 1 - exp
        return -special.expm1(-q / (2 * (small * np.cos(angle) ** 2 + large * np.sin(angle) ** 2)))

    expected = integrate.quad(conditional, 0, np.pi / 2, epsabs=1e-13, epsrel=1e-13, limit=400)[0] / (np.pi / 2)
    assert probability_below(q, a, s) == pytest.approx(expected, abs=1e-11)


def test_it_rises_from_0_to_1():
    a, s = np.array([3.0, 0.2, 1.0, 8.0]), np.array([0.4, 2.0, 1.0, 0.05])
    values = [probability_below(q, a, s) for q in np.geomspace(1e-6, 1e4, 60)]
    assert probability_below(0.0, a, s) == 0.0
    assert values[-1] == 1.0
    assert all(before <= after + 1e-13 for before, after in itertools.pairwise(values))


def test_it_rises_when_variances_and_weights_lie_far_apart():
    generator = np.random.default_rng(0)
    for _ in range(60):
        s = 10 ** generator.uniform(-6, 6, generator.integers(2, 20))
        a = s ** -generator.uniform(-0.5, 1.5)
        mean = (a * s * (1 - a / a.sum())).sum()
        values = [probability_below(q, a, s) for q in mean * 10.0 ** np.arange(-8, 3, 0.5)]
        assert np.diff(values).min() >= -1e-13
        assert values[-1] > 0.999

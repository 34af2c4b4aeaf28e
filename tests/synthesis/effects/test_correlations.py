import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from stromata.synthesis.effects import correlations as kernels


def of(r, n):
    return {"ri": np.array([float(r)]), "ni": np.array([float(n)])}


def hypergeometric(a, b, c, z):
    """Euler's integral of 2F1."""
    value, _ = integrate.quad(lambda t: t ** (b - 1) * (1 - t) ** (c - b - 1) * (1 - z * t) ** (-a), 0, 1, limit=200)
    return value * math.gamma(c) / (math.gamma(b) * math.gamma(c - b))


@pytest.mark.parametrize("n", [5, 8, 25, 41, 43, 120])
@pytest.mark.parametrize("r", [0.05, 0.4, 0.9])
def test_the_unbiased_correlation_is_olkin_and_pratts(n, r):
    g, v = kernels.unbiased_correlation(of(r, n), vtype="UB")
    expected = r * hypergeometric(0.5, 0.5, (n - 2) / 2, 1 - r * r)
    assert g[0] == pytest.approx(expected, rel=1e-7)
    spread = (n - 3) / (n - 2) * (1 - r * r) * hypergeometric(1, 1, n / 2, 1 - r * r)
    assert v[0] == pytest.approx(expected**2 - 1 + spread, rel=1e-5, abs=1e-9)


@given(st.floats(-0.999, 0.999), st.integers(4, 5000))
def test_the_unbiased_correlation_is_finite_odd_and_a_little_larger(r, n):
    g, v = kernels.unbiased_correlation(of(r, n))
    assert abs(r) * (1 - 1e-15) <= abs(g[0]) <= 1
    assert kernels.unbiased_correlation(of(-r, n))[0][0] == -g[0]
    assert v[0] >= 0


def test_no_correlation_stays_none_even_for_four_people():
    assert kernels.unbiased_correlation(of(0, 4))[0][0] == 0.0


def test_a_correlation_by_its_t_and_by_itself_is_one_partial_correlation():
    t = {"ti": np.array([4.61]), "ni": np.array([218.0]), "mi": np.array([4.0])}
    r, v = kernels.partial_correlation(t)
    assert r[0] == pytest.approx(4.61 / math.sqrt(4.61**2 + 213))
    again = kernels.partial_correlation({"ri": r, "ni": t["ni"], "mi": t["mi"]})
    assert (again[0][0], again[1][0]) == (r[0], v[0])
    z, vz = kernels.partial_fisher_z(t)
    assert (z[0], vz[0]) == (pytest.approx(math.atanh(r[0])), pytest.approx(1 / 212))


def test_a_semipartial_correlation_with_nothing_else_in_the_model_is_the_correlation():
    r = 0.4
    c = {"ri": np.array([r]), "ni": np.array([50.0]), "mi": np.array([1.0]), "r2i": np.array([r * r])}
    y, v = kernels.semipartial_correlation(c)
    assert (y[0], v[0]) == (r, pytest.approx((1 - r * r) ** 2 / 50))


def test_alpha_by_hand():
    c = {"ai": np.array([0.75]), "mi": np.array([4.0]), "ni": np.array([20.0])}
    assert [float(x[0]) for x in kernels.alpha(c)] == [0.75, pytest.approx(8 * 0.0625 / (3 * 18))]
    assert [float(x[0]) for x in kernels.alpha_bonett(c)] == [pytest.approx(math.log(4)), pytest.approx(8 / 54)]
    y, v = kernels.alpha_hakstian_whalen(c)
    assert (y[0], v[0]) == (pytest.approx(1 - 0.25 ** (1 / 3)), pytest.approx(72 * 19 * 0.25 ** (2 / 3) / (3 * 169**2)))


def test_whatever_was_printed_beside_an_estimate_gives_one_variance():
    z = 1.959963984540054
    out, se = np.array([0.7]), 0.15
    low, high = out * math.exp(-z * se), out * math.exp(z * se)
    p = math.erfc(abs(math.log(0.7)) / se / math.sqrt(2))
    for beside in (
        {"ci_lb": low, "ci_ub": high},
        {"sei": np.array([se])},
        {"vi": np.array([se**2])},
        {"zval": np.log(out) / se},
        {"pval": np.array([p])},
    ):
        y, v = kernels.printed({"out": out, **beside})
        assert (y[0], v[0]) == (pytest.approx(math.log(0.7)), pytest.approx(se**2))
        y, v = kernels.printed({"yi": np.array([-0.3]), "sei": np.array([0.2])})
        assert (y[0], v[0]) == (-0.3, pytest.approx(0.04))


def test_the_coverage_of_a_printed_interval_counts():
    c = {"yi": np.array([1.0]), "ci_lb": np.array([0.0]), "ci_ub": np.array([2.0])}
    assert kernels.printed(c, level=0.9)[1][0] == pytest.approx((1 / 1.6448536269514722) ** 2)

import math

import numpy as np
import pytest
from scipy import special

from stromata.synthesis.effects import counts as kernels


def table(a, b, c, d):
    return dict(
        zip(("ai", "bi", "ci", "di"), map(np.array, ([float(a)], [float(b)], [float(c)], [float(d)])), strict=True)
    )


def both(pair):
    return float(pair[0][0]), float(pair[1][0])


def gradient_variance(function, cells, covariance, step=1e-6):
    """The delta method by differences: the gradient of `function` at `cells` around `covariance`."""
    cells = np.array(cells, dtype=float)
    rise = []
    for i in range(len(cells)):
        up, down = cells.copy(), cells.copy()
        up[i] += step * cells[i]
        down[i] -= step * cells[i]
        rise.append((function(*up) - function(*down)) / (2 * step * cells[i]))
    return np.array(rise) @ covariance @ np.array(rise)


def multinomial(cells):
    cells = np.array(cells, dtype=float)
    return np.diag(cells) - np.outer(cells, cells) / cells.sum()


def two_binomials(cells):
    a, b, c, d = cells
    covariance = np.zeros((4, 4))
    for i, (x, y) in ((0, (a, b)), (2, (c, d))):
        v = x * y / (x + y)
        covariance[i : i + 2, i : i + 2] = [[v, -v], [-v, v]]
    return covariance


CELLS = (8, 12, 3, 27)


def phi(a, b, c, d):
    return (a * d - b * c) / math.sqrt((a + b) * (c + d) * (a + c) * (b + d))


@pytest.mark.parametrize(("vtype", "covariance"), [("ST", two_binomials), ("CS", multinomial)])
def test_the_variance_of_phi_is_the_delta_method_under_its_sampling(vtype, covariance):
    y, v = both(kernels.phi(table(*CELLS), vtype=vtype))
    assert y == pytest.approx(phi(*CELLS))
    assert v == pytest.approx(gradient_variance(phi, CELLS, covariance(CELLS)), rel=1e-7)


def test_yules_measures_have_the_variance_of_the_delta_method():
    def q(a, b, c, d):
        return (a * d - b * c) / (a * d + b * c)

    def y(a, b, c, d):
        return math.tanh(math.log(a * d / (b * c)) / 4)

    for kernel, function in ((kernels.yule_q, q), (kernels.yule_y, y)):
        estimate, variance = both(kernel(table(*CELLS)))
        assert estimate == pytest.approx(function(*CELLS))
        assert variance == pytest.approx(gradient_variance(function, CELLS, two_binomials(CELLS)), rel=1e-7)


def test_the_probit_difference_has_the_variance_of_the_delta_method():
    def probits(a, b, c, d):
        return special.ndtri(a / (a + b)) - special.ndtri(c / (c + d))

    y, v = both(kernels.probit_difference(table(*CELLS)))
    assert y == pytest.approx(probits(*CELLS))
    assert v == pytest.approx(gradient_variance(probits, CELLS, two_binomials(CELLS)), rel=1e-7)


@pytest.mark.parametrize(
    ("kernel", "function"),
    [
        (kernels.paired_difference, lambda a, b, c, d: (b - c) / (a + b + c + d)),
        (kernels.paired_risk_ratio, lambda a, b, c, d: math.log((a + b) / (a + c))),
        (
            kernels.paired_odds_ratio,
            lambda a, b, c, d: math.log((a + b) / (c + d)) - math.log((a + c) / (b + d)),
        ),
        (kernels.conditional_odds_ratio, lambda a, b, c, d: math.log(b / c)),
    ],
)
def test_measures_of_pairs_have_the_variance_of_the_delta_method(kernel, function):
    y, v = both(kernel(table(*CELLS)))
    assert y == pytest.approx(function(*CELLS))
    assert v == pytest.approx(gradient_variance(function, CELLS, multinomial(CELLS)), rel=1e-7)


def test_the_margins_and_their_correlation_give_the_marginal_odds_ratio_of_the_pairs():
    a, b, c, d = CELLS
    margins = {**table(a + b, c + d, a + c, b + d), "ri": np.array([phi(*CELLS)])}
    whole, parts = (
        both(kernels.paired_odds_ratio(table(*CELLS))),
        both(kernels.paired_odds_ratio_from_margins(margins)),
    )
    assert parts == (pytest.approx(whole[0]), pytest.approx(whole[1]))


def test_petos_odds_ratio_by_hand():
    # 4 of 10 against 1 of 10: 1.5 above the 2.5 expected, hypergeometric variance 5 * 15 * 100 / (400 * 19).
    v = 5 * 15 * 100 / (400 * 19)
    assert both(kernels.peto(table(4, 6, 1, 9))) == (pytest.approx(1.5 / v), pytest.approx(1 / v))


def test_genotypes_in_equilibrium_have_no_excess():
    y, v = both(kernels.relative_excess_heterozygosity(table(25, 50, 25, 0)))
    assert (y, v) == (pytest.approx(0.0, abs=1e-15), pytest.approx(1 / 100 + 1 / 50 + 1 / 100))


def test_rates_by_hand():
    one = {"xi": np.array([9.0]), "ti": np.array([100.0])}
    assert both(kernels.rate(one)) == (0.09, pytest.approx(0.0009))
    assert both(kernels.log_rate(one)) == (pytest.approx(math.log(0.09)), pytest.approx(1 / 9))
    assert both(kernels.root_rate(one)) == (pytest.approx(0.3), 0.0025)
    assert both(kernels.double_root_rate(one)) == (pytest.approx((0.3 + math.sqrt(0.1)) / 2), 0.0025)
    two = {"x1i": np.array([9.0]), "t1i": np.array([100.0]), "x2i": np.array([4.0]), "t2i": np.array([400.0])}
    assert both(kernels.rate_ratio(two)) == (pytest.approx(math.log(9)), pytest.approx(1 / 9 + 1 / 4))
    assert both(kernels.rate_difference(two)) == (pytest.approx(0.08), pytest.approx(0.0009 + 4 / 160000))
    assert both(kernels.root_rate_difference(two)) == (pytest.approx(0.2), pytest.approx(1 / 400 + 1 / 1600))


def test_variances_of_proportions_at_n_minus_1_and_at_the_average():
    c = {"xi": np.array([1.0, 6.0]), "ni": np.array([5.0, 15.0])}
    assert kernels.raw_proportion(c, vtype="UB")[1] == pytest.approx([0.16 / 4, 0.24 / 14])
    assert kernels.raw_proportion(c, vtype="AV")[1] == pytest.approx([0.35 * 0.65 / 5, 0.35 * 0.65 / 15])

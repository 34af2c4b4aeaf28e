"""Bases of curves: they span the right spaces, and agree with printed values of R."""

import numpy as np
import pytest
from scipy.interpolate import BSpline

from stromata.errors import InvalidInput
from stromata.synthesis.regression.splines import basis

X = np.array([0.3, 1.0, 1.4, 2.2, 3.1, 3.3, 4.9, 5.0, 6.7, 8.0, 8.1, 9.6])


def second_differences(made, at, step=1e-3):
    at = np.array(at)
    return (made.at(at + step) - 2 * made.at(at) + made.at(at - step)) / step**2


def test_polynomials_are_orthonormal_and_without_a_mean():
    made = basis("poly", X, {"degree": (3.0,)}).at(X)
    np.testing.assert_allclose(made.T @ made, np.eye(3), atol=1e-13)
    np.testing.assert_allclose(made.sum(axis=0), 0, atol=1e-13)


def test_polynomials_of_whole_numbers_are_the_tabulated_ones():
    # Fisher and Yates (1963), Statistical Tables, table XXIII: n = 5, linear and quadratic.
    made = basis("poly", np.arange(1.0, 6), {"degree": (2.0,)})
    np.testing.assert_allclose(made.at(np.arange(1.0, 6))[:, 0], np.array([-2, -1, 0, 1, 2]) / np.sqrt(10), atol=1e-14)
    np.testing.assert_allclose(made.at(np.arange(1.0, 6))[:, 1], np.array([2, -1, -2, -1, 2]) / np.sqrt(14), atol=1e-14)


def test_b_splines_are_a_partition_of_one_and_cubic():
    made = basis("bs", X, {"df": (5.0,)})
    columns = made.at(X)
    assert columns.shape == (12, 5)
    assert (columns >= -1e-15).all()
    np.testing.assert_allclose(columns[X.min() < X].sum(axis=1)[-1], 1, atol=1e-14)
    # All cubics lie in their span, together with the constant.
    whole = np.column_stack((np.ones(12), columns))
    for power in range(4):
        rest = np.linalg.lstsq(whole, X**power, rcond=None)[1]
        assert rest.sum() < 1e-18 * np.sum(X ** (2 * power))


def test_b_splines_go_on_as_polynomials_outside():
    made = basis("bs", X, {"df": (3.0,)})
    whole = np.column_stack((np.ones(12), made.at(X)))
    weights = np.linalg.lstsq(whole, X**3, rcond=None)[0]
    far = np.array([-2.0, 15.0])
    np.testing.assert_allclose(np.column_stack((np.ones(2), made.at(far))) @ weights, far**3, rtol=1e-9)


def test_natural_splines_are_straight_outside_and_bend_inside():
    made = basis("ns", X, {"df": (4.0,)})
    assert made.at(X).shape == (12, 4)
    assert np.linalg.matrix_rank(np.column_stack((np.ones(12), made.at(X)))) == 5
    np.testing.assert_allclose(second_differences(made, [-1.0, 12.0]), 0, atol=1e-6)
    assert np.abs(second_differences(made, [4.0])).max() > 1e-3
    np.testing.assert_allclose(made.at(np.array([X.min()])), 0, atol=1e-14)


def test_natural_splines_hold_every_straight_line():
    made = basis("ns", X, {"df": (3.0,)})
    whole = np.column_stack((np.ones(12), made.at(X)))
    weights = np.linalg.lstsq(whole, X, rcond=None)[0]
    far = np.array([-3.0, 20.0])
    np.testing.assert_allclose(np.column_stack((np.ones(2), made.at(far))) @ weights, far, rtol=1e-10)


def test_natural_splines_agree_with_what_r_prints():
    # lm(weight ~ ns(height, df = 5), data = women), the example of R's help page on ns(), as printed by R. Heights and
    # weights of American women: The World Almanac and Book of Facts (1975), R's data set `women`.
    height = np.arange(58.0, 73)
    weight = np.array([115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164.0])
    x = np.column_stack((np.ones(15), basis("ns", height, {"df": (5.0,)}).at(height)))
    found = np.linalg.lstsq(x, weight, rcond=None)[0]
    np.testing.assert_allclose(found, [114.74466, 15.94736, 25.16949, 33.25822, 50.78938, 45.03633], atol=5.1e-6)


def test_b_splines_agree_with_an_independent_evaluation():
    made = basis("bs", X, {"df": (6.0,)})
    at = np.linspace(X.min(), X.max(), 40)[:-1]
    expected = BSpline.design_matrix(at, made.knots, 3).toarray()[:, 1:]
    np.testing.assert_allclose(made.at(at), expected, atol=1e-14)
    np.testing.assert_allclose(made.knots[4:-4], np.quantile(X, [0.25, 0.5, 0.75]))


@pytest.mark.parametrize(
    ("count", "quantiles"),
    [
        (3, [0.1, 0.5, 0.9]),
        (4, [0.05, 0.35, 0.65, 0.95]),
        (5, [0.05, 0.275, 0.5, 0.725, 0.95]),
        (6, [0.05, 0.23, 0.41, 0.59, 0.77, 0.95]),
        (7, [0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975]),
    ],
)
def test_knots_of_restricted_splines_are_harrells(count, quantiles):
    # Harrell (2015), Regression Modeling Strategies, 2nd ed., table 2.3.
    x = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(basis("rcs", x, {"knots": (float(count),)}).knots, quantiles, atol=5.1e-5)


def test_with_fewer_than_a_hundred_values_the_outer_knots_are_the_fifth_from_each_end():
    x = np.arange(1.0, 41)
    np.testing.assert_allclose(basis("rcs", x, {"knots": (3.0,)}).knots, [5, 20.5, 36])
    few = np.arange(1.0, 9)  # the fifth from each end would cross
    np.testing.assert_allclose(basis("rcs", few, {"knots": (3.0,)}).knots, np.quantile(few, [0.1, 0.5, 0.9]))


def test_restricted_splines_are_straight_outside_the_knots():
    made = basis("rcs", X, {"knots": (1.0, 3.0, 5.0, 8.0)})
    assert made.suffixes == ("", "'", "''")
    np.testing.assert_allclose(second_differences(made, [0.5, 9.0, 30.0]), 0, atol=1e-5)
    assert np.abs(second_differences(made, [4.0])[:, 1:]).min() > 1e-3
    # By hand: knots 0, 1, 2 and x = 2: (8 - 1 * 2 + 0) / 4.
    assert basis("rcs", X, {"knots": (0.0, 1.0, 2.0)}).at(np.array([2.0]))[0, 1] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("kind", "given", "what"),
    [
        ("poly", {"degree": (1.5,)}, "whole number"),
        ("poly", {"degree": (12.0,)}, "13 different values"),
        ("bs", {"df": (2.0,)}, "at least 3"),
        ("ns", {"knots": (20.0,)}, "inside the range"),
        ("bs", {"knots": (3.0, 3.0)}, "apart"),
        ("rcs", {"knots": (2.0,)}, "from 3 to 7"),
        ("rcs", {"knots": (1.0, 1.0, 2.0)}, "three different"),
    ],
)
def test_knots_that_cannot_be_placed_are_refused(kind, given, what):
    with pytest.raises(InvalidInput, match=what):
        basis(kind, X, given)

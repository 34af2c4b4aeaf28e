"""Covariances of relative risks from cell counts."""

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.curves.pseudo_counts import greenland_longnecker, hamling

CASES, PEOPLE = np.array([40.0, 55.0, 30.0]), np.array([200.0, 230.0, 110.0])


def crude(design):
    """Log relative risks and the covariance matrix of the crude table."""
    a, n = CASES, PEOPLE
    if design == "cc":
        y = np.log(a / (n - a))
        v = 1 / a + 1 / (n - a)
    elif design == "ir":
        y, v = np.log(a / n), 1 / a
    else:
        y, v = np.log(a / n), 1 / a - 1 / n
    return y[1:] - y[0], np.diag(v[1:]) + v[0]


@pytest.mark.parametrize("method", [greenland_longnecker, hamling])
@pytest.mark.parametrize("design", ["cc", "ir", "ci"])
def test_crude_relative_risks_give_back_the_crude_covariances(method, design):
    y, v = crude(design)
    assert method(y, np.sqrt(v.diagonal()), CASES, PEOPLE, design) == pytest.approx(v, rel=1e-8)


def test_adjusted_errors_keep_the_correlations_of_the_pseudo_counts():
    y, v = crude("cc")
    wider = greenland_longnecker(y, 1.3 * np.sqrt(v.diagonal()), CASES, PEOPLE, "cc")
    assert wider == pytest.approx(1.69 * v, rel=1e-8)


def test_hamling_keeps_the_covariance_of_the_pseudo_reference_group():
    y, v = crude("cc")
    found = hamling(y + np.array([0.1, -0.2]), 1.3 * np.sqrt(v.diagonal()), CASES, PEOPLE, "cc")
    assert found.diagonal() == pytest.approx(1.69 * v.diagonal())
    assert found[0, 1] > v[0, 1]


@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_relative_risks_far_from_the_crude_ones_still_have_pseudo_counts(shift):
    y, v = crude("cc")
    found = greenland_longnecker(y + shift, np.sqrt(v.diagonal()), CASES, PEOPLE, "cc")
    assert np.linalg.eigvalsh(found)[0] > 0


def test_errors_too_small_for_the_cases_have_no_pseudo_counts():
    y, _ = crude("cc")
    with pytest.raises(InvalidInput, match="no pseudo-counts agree"):
        hamling(y, np.array([1e-4, 5.0]), CASES, PEOPLE, "cc")

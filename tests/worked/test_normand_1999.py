"""Normand (1999), Statistics in Medicine 18, 321-359: lidocaine after heart attacks, and care of strokes.

Tables III (page 330) and VII (349): risk differences of Hine et al. (1989) in percentage points; tables VIII (351) and
IX (352): differences in days of stay with one standard deviation for both groups. Held against the pages by the authors
of metafor: wviechtb/metafor, tests/testthat/test_analysis_example_normand1999.r, commit 0d037744.
"""

import numpy as np
import pytest

from stromata.synthesis import effect_sizes, pool_estimates
from synthesis.published import NORMAND

LIDOCAINE = {
    "ai": [2, 4, 6, 7, 7, 11],
    "n1i": [39, 44, 107, 103, 110, 154],
    "ci": [1, 4, 4, 5, 3, 4],
    "n2i": [43, 44, 110, 100, 106, 146],
}


def interval(result):
    return result.estimate, result.ci_low, result.ci_high


@pytest.fixture(scope="module")
def deaths():
    effects = effect_sizes("RD", **LIDOCAINE)
    return np.array([each.yi for each in effects]) * 100, np.array([each.vi for each in effects]) * 100**2


@pytest.fixture(scope="module")
def stays():
    n1, n2, s1, s2 = (np.array(NORMAND[name]) for name in ("n1i", "n2i", "sd1i", "sd2i"))
    pooled = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
    effects = effect_sizes("MD", **NORMAND | {"sd1i": pooled, "sd2i": pooled})
    return [each.yi for each in effects], [each.vi for each in effects]


def test_table_iii(deaths):
    y, v = deaths
    assert y == pytest.approx([2.8026, 0.0000, 1.9711, 1.7961, 3.5334, 4.4031], abs=5e-5)
    assert v == pytest.approx([17.7575, 37.5657, 8.1323, 10.8998, 8.0114, 6.1320], abs=5e-5)
    assert y - 1.959964 * np.sqrt(v) == pytest.approx([-5.5, -12.0, -3.6, -4.7, -2.0, -0.5], abs=0.051)
    assert y + 1.959964 * np.sqrt(v) == pytest.approx([11.1, 12.0, 7.6, 8.3, 9.1, 9.3], abs=0.051)


@pytest.mark.parametrize("method", ["ee", "reml", "dl"])
def test_table_vii(deaths, method):
    result = pool_estimates(*deaths, method=method)
    assert interval(result) == pytest.approx((2.94, 0.4, 5.5), abs=0.05)
    assert result.estimate == pytest.approx(2.94, abs=5e-3)
    assert not result.tau2


def test_table_viii(stays):
    y, v = stays
    assert y == [-20, -2, -55, -71, -4, 1, 11, -10, 7]
    assert v == pytest.approx([40.59, 2.05, 15.28, 150.22, 20.19, 1.22, 95.38, 8.03, 20.69], abs=5e-3)


@pytest.mark.parametrize(
    ("method", "printed", "tau2"),
    [
        ("ee", (-3.49, -5.03, -1.96), None),
        ("dl", (-14.10, -24.45, -3.75), 218.72),
        ("reml", (-15.12, -32.67, 2.43), 685.20),
    ],
)
def test_table_ix(stays, method, printed, tau2):
    result = pool_estimates(*stays, method=method)
    assert interval(result) == pytest.approx(printed, abs=5e-3)
    assert tau2 is None or result.tau2 == pytest.approx(tau2, abs=5e-3)

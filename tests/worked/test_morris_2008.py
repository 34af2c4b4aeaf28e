"""Morris (2008), Organizational Research Methods 11, 364-386: changes of two groups, standardised at the start.

Table 1 (page 368). Held against the page by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_morris2008.r, commit 0d037744.
"""

import pytest

from stromata.synthesis import effect_sizes

R = [0.47, 0.64, 0.77, 0.89, 0.44]
TREATED = {
    "m1i": [38.5, 26.8, 0.7, 75.9, 36.0],
    "m2i": [30.6, 23.5, 0.5, 53.4, 35.6],
    "sd1i": [15.0, 3.1, 0.1, 14.5, 4.7],
    "ni": [20, 50, 9, 10, 14],
    "ri": R,
}
CONTROL = {
    "m1i": [19.7, 25.3, 0.6, 60.7, 33.4],
    "m2i": [23.1, 24.9, 0.6, 55.7, 34.8],
    "sd1i": [13.8, 4.1, 0.2, 17.3, 3.1],
    "ni": [20, 42, 9, 11, 14],
    "ri": R,
}


def test_table_1():
    changes = zip(effect_sizes("SMCR", **TREATED), effect_sizes("SMCR", **CONTROL), strict=True)
    found = [one.yi - other.yi for one, other in changes]
    assert found == pytest.approx([0.74, 0.95, 1.81, 1.15, 0.51], abs=5.1e-3)

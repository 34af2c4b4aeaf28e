"""Boundaries that the R package ldbounds printed in a question to the R-help list (J. Sorkin, March 2020).

Looks at 0.10, 0.33 and 1.00 of the information, O'Brien-Fleming spending, 0.025 to each side; four decimals, from a
numerical integration with a coarser grid.
"""

import pytest

from stromata.synthesis.sequential import monitoring_boundaries


def test_the_printed_boundaries():
    found = monitoring_boundaries([0.10, 0.33, 1.00], alpha=0.05, spending="obrien-fleming")
    assert found.efficacy.tolist() == pytest.approx([6.9913, 3.7308, 1.9605], abs=2e-4)
    assert found.spent.tolist() == pytest.approx([2.7227e-12, 1.9097e-04, 5.0000e-02], rel=5e-4)


def test_five_equally_spaced_looks():
    # boundaries() of R's RTSA, two-sided 0.05, O'Brien-Fleming spending, as several public programs have them pinned:
    # tarak-dhaouadi/tsahr, tests/testthat/test-alpha-spend-rtsa.R, commit ae683c7c.
    found = monitoring_boundaries([0.2, 0.4, 0.6, 0.8, 1.0], alpha=0.05, spending="obrien-fleming")
    assert found.efficacy.tolist() == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=5e-4)

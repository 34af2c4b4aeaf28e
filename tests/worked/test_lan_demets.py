"""Boundaries printed for five equally spaced looks, two-sided 0.05, with Lan and DeMets's spending functions.

Jennison and Turnbull (1999), Group Sequential Methods, and the packages `ldbounds` and `gsDesign` print: O'Brien-Fleming
type 4.877, 3.357, 2.680, 2.290, 2.031; Pocock type 2.438, 2.427, 2.410, 2.397, 2.386.
"""

import pytest

from stromata.synthesis.sequential import monitoring_boundaries

LOOKS = [0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(
    ("spending", "printed"),
    [("obrien-fleming", [4.877, 3.357, 2.680, 2.290, 2.031]), ("pocock", [2.438, 2.427, 2.410, 2.397, 2.386])],
)
def test_the_printed_boundaries(spending, printed):
    assert monitoring_boundaries(LOOKS, spending=spending).efficacy.tolist() == pytest.approx(printed, abs=6e-4)

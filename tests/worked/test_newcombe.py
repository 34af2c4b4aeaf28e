"""Newcombe (1998), Two-sided confidence intervals for the single proportion, Statist. Med. 17, 857-872, Table I.

Four decimals; the score method without continuity correction, and the exact (Clopper-Pearson) method.
"""

import pytest

from stromata.synthesis import exact_interval, wilson_interval

SCORE = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0000, 0.1611),
    (1, 29): (0.0061, 0.1718),
}
EXACT = {
    (81, 263): (0.2527, 0.3676),
    (15, 148): (0.0578, 0.1617),
    (0, 20): (0.0000, 0.1684),
    (1, 29): (0.0009, 0.1776),
}


@pytest.mark.parametrize("case", SCORE)
def test_the_printed_intervals(case):
    assert wilson_interval(*case) == pytest.approx(SCORE[case], abs=5e-5)
    assert exact_interval(*case) == pytest.approx(EXACT[case], abs=5e-5)

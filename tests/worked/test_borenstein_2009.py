"""Borenstein, Hedges, Higgins and Rothstein (2009), Introduction to Meta-Analysis, Wiley: examples of chapters 4 and 7.

As quoted by others: the two groups of chapter 4 with d about 0.60 by the tests of several programs, and the odds ratio
of chapter 7 with its standardised mean difference by the reference of R's meta (or2smd, smd2or), to four decimals.
"""

import pytest

from stromata.synthesis.effects.conversions import d_to_log_odds_ratio, log_odds_ratio_to_d
from stromata.synthesis.effects.sizes import effect_arrays

# Two groups of 50: means 103 and 100, standard deviations 5.5 and 4.5.
GROUPS = {"m1i": [103], "sd1i": [5.5], "n1i": [50], "m2i": [100], "sd2i": [4.5], "n2i": [50]}


def printed(pair, digits=4):
    return tuple(round(float(x[0]), digits) for x in pair)


def test_chapter_4_standardised_mean_difference():
    d, _ = effect_arrays("SMD", correct="none", **GROUPS)
    assert d[0] == pytest.approx(0.597, abs=5e-4)


def test_chapter_7_odds_ratio_and_d():
    d, v = log_odds_ratio_to_d([0.9069], [0.0676])
    assert printed((d, v)) == (0.5, 0.0205)
    y, _ = d_to_log_odds_ratio([0.5], [0.0205])
    assert round(float(y[0]), 4) == 0.9069

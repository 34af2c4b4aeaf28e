"""Borenstein, Hedges, Higgins and Rothstein (2009), Introduction to Meta-Analysis, Wiley: the examples of chapters 4-7.

Chapter 4 has means, 5 two-by-two tables, 6 correlations, 7 conversions. Digits as remembered: the book was not at hand
when this was written, so they are to be checked against it.
"""

import pytest

from stromata.synthesis.effects.conversions import d_to_log_odds_ratio, d_to_r, log_odds_ratio_to_d, r_to_d
from stromata.synthesis.effects.sizes import effect_arrays

# Two groups of 50: means 103 and 100, standard deviations 5.5 and 4.5.
GROUPS = {"m1i": [103], "sd1i": [5.5], "n1i": [50], "m2i": [100], "sd2i": [4.5], "n2i": [50]}
# 5 dead of 100 treated, 10 of 100 controls.
TABLE = {"ai": [5], "bi": [95], "ci": [10], "di": [90]}


def printed(pair, digits=4):
    return tuple(round(float(x[0]), digits) for x in pair)


def test_chapter_4_mean_difference_with_one_standard_deviation():
    y, v = effect_arrays("MD", vtype="HO", **GROUPS)
    assert (y[0], v[0]) == (3.0, pytest.approx(1.0100, abs=5e-5))


def test_chapter_4_d_and_g():
    d, _ = effect_arrays("SMD", correct="none", **GROUPS)
    assert d[0] == pytest.approx(0.5970, abs=5e-5)
    _, v = effect_arrays("SMD", vtype="LS2", correct="none", **GROUPS)
    assert v[0] == pytest.approx(0.0418, abs=5e-5)
    g, v = effect_arrays("SMD", vtype="LS2", correct="approximate", **GROUPS)
    assert (g[0], v[0]) == (pytest.approx(0.5924, abs=5e-5), pytest.approx(0.0411, abs=5e-5))


def test_chapter_4_response_ratio():
    columns = {"m1i": [61.515], "sd1i": [19.475], "n1i": [10], "m2i": [51.015], "sd2i": [19.475], "n2i": [10]}
    y, v = effect_arrays("ROM", vtype="HO", correct="none", **columns)
    # The book takes the logarithm of the rounded ratio, 1.2058.
    assert (y[0], v[0]) == (pytest.approx(0.1871, abs=1e-4), pytest.approx(0.0246, abs=5e-5))


@pytest.mark.parametrize(
    ("measure", "y", "v"), [("RR", -0.6931, 0.2800), ("OR", -0.7472, 0.3216), ("RD", -0.0500, 0.0014)]
)
def test_chapter_5_risk_ratio_odds_ratio_and_risk_difference(measure, y, v):
    found = effect_arrays(measure, **TABLE)
    assert (found[0][0], found[1][0]) == (pytest.approx(y, abs=5e-5), pytest.approx(v, abs=5e-5))


def test_chapter_6_correlation_and_fishers_z():
    assert printed(effect_arrays("COR", ri=[0.5], ni=[100])) == (0.5, 0.0057)
    assert printed(effect_arrays("ZCOR", ri=[0.5], ni=[100])) == (0.5493, 0.0103)


def test_chapter_7_odds_ratio_and_d():
    d, v = log_odds_ratio_to_d([0.9069], [0.0676])
    assert printed((d, v)) == (0.5, 0.0205)
    y, _ = d_to_log_odds_ratio([0.5], [0.0205])
    assert round(float(y[0]), 4) == 0.9069


def test_chapter_7_r_and_d():
    assert printed(r_to_d([0.5], [0.0058])) == (1.1547, 0.0550)
    assert printed(d_to_r([1.1547], [0.0550], n1=[100], n2=[100])) == (0.5, 0.0058)

"""Van Houwelingen, Zwinderman and Stijnen (1993), Statistics in Medicine 12, 2273-2284: a conditional logistic model.

Bleeding in trials of prevention (Collins and Langman 1985): pages 2275 (one odds ratio) and 2277 (odds ratios that
vary). Held against the pages by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_vanhouwelingen1993.r, commit 01464f36; an upper bound is 0.31 in print. Errors and
bounds agree to 0.001 only: two ways of computing the exact information here give 0.0996 where 0.099 is printed.
"""

import pytest

from stromata.synthesis.counts.glmm import pool_glmm

# Bleeding and people: treated (c), not treated (a); two of the 27 trials did not count bleeding.
TRIALS = {
    "ci": [8, 11, 5, 2, 12, 9, 7, 5, 0, 9, 10, 44, 0, 1, 4, 14, 50, 3, 6, 16, 16, 6, 11, 3, 2],
    "n2i": [50, 56, 18, 14, 33, 40, 20, 46, 18, 45, 21, 153, 14, 10, 24, 78, 259, 10, 31, 51, 106, 33, 36, 34, 15],
    "ai": [16, 12, 1, 6, 10, 11, 8, 12, 3, 3, 8, 30, 0, 4, 5, 21, 51, 1, 12, 15, 15, 7, 5, 13, 3],
    "n1i": [50, 53, 12, 15, 36, 48, 20, 47, 19, 43, 19, 132, 14, 9, 24, 80, 260, 11, 29, 54, 107, 39, 26, 31, 14],
}


def test_one_odds_ratio():
    result = pool_glmm("OR", model="cm.el", method="ee", **TRIALS)
    assert result.estimate == pytest.approx(0.122, abs=5e-4)
    assert (result.se, result.ci_low) == pytest.approx((0.099, -0.073), abs=1e-3)
    assert result.ci_high == pytest.approx(0.32, abs=5e-3)


def test_odds_ratios_that_vary():
    result = pool_glmm("OR", model="cm.el", **TRIALS)
    assert (result.estimate, result.se, result.tau2) == pytest.approx((0.175, 0.136, 0.119), abs=6e-4)
    assert (result.ci_low, result.ci_high) == pytest.approx((-0.092, 0.441), abs=1e-3)

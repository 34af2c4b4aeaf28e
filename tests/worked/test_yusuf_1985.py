"""Yusuf, Peto, Lewis, Collins and Sleight (1985), Progress in Cardiovascular Diseases 27, 335-371: Peto's method.

Table 6, early oral beta-blockers and deaths: a typical odds ratio of 0.93 (0.74 to 1.18). Held against its print
("page 107") by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_yusuf1985.r, commit 01464f36.
"""

import pytest

from stromata.synthesis import effect_sizes, pool

TRIALS = {
    "ai": [14, 18, 15, 10, 21, 3, 2, 19, 15, 5, 0, 8, 3, 0, 1, 0, 14, 0, 8, 6, 3],
    "n1i": [56, 66, 100, 52, 226, 38, 20, 76, 106, 62, 9, 133, 48, 16, 42, 25, 221, 11, 259, 157, 177],
    "ci": [15, 19, 12, 12, 24, 6, 3, 15, 9, 4, 0, 11, 3, 0, 1, 3, 15, 0, 7, 4, 2],
    "n2i": [58, 64, 95, 47, 228, 31, 20, 67, 114, 57, 8, 127, 49, 13, 46, 25, 228, 11, 129, 158, 136],
}


def test_the_printed_typical_odds_ratio():
    natural = pool(effect_sizes("PETO", **TRIALS), model="peto").natural
    assert (natural.estimate, natural.ci_low, natural.ci_high) == pytest.approx((0.93, 0.74, 1.18), abs=5e-3)

"""Henmi and Copas (2010), Statistics in Medicine 29, 2969-2983: acupressure against nausea (Lee and Done 2004).

Page 2978: the random-effects result and the authors' own interval. Held against the page by the authors of metafor:
wviechtb/metafor, tests/testthat/test_analysis_example_henmi2010.r, commit 140bd37e.
"""

import pytest

from stromata.synthesis import effect_sizes, pool
from stromata.synthesis.bias.asymmetry import henmi_copas

TRIALS = {
    "ai": [18, 5, 9, 32, 9, 11, 69, 3, 1, 11, 7, 4, 1, 24, 16, 28],
    "n1i": [100, 50, 20, 135, 23, 18, 122, 25, 30, 30, 44, 47, 30, 40, 50, 110],
    "ci": [20, 18, 7, 31, 10, 12, 80, 12, 1, 19, 16, 6, 13, 71, 53, 25],
    "n2i": [100, 50, 20, 139, 23, 18, 122, 25, 30, 30, 39, 47, 30, 80, 88, 111],
}


def test_the_printed_results():
    effects = effect_sizes("OR", **TRIALS)
    random = pool(effects, tau2="dl")
    found = (random.tau2, random.estimate, random.ci_low, random.ci_high)
    assert found == pytest.approx((0.3325, -0.6787, -1.0664, -0.2911), abs=5.1e-5)
    ours = henmi_copas(effects)
    assert (ours.estimate, ours.ci_low, ours.ci_high) == pytest.approx((-0.5145, -0.9994, -0.0295), abs=1.1e-4)

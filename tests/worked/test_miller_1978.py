"""Miller (1978), American Statistician 32, 138: the double arcsine and its inverse, four proportions.

Held against the page by the authors of metafor: wviechtb/metafor, tests/testthat/test_analysis_example_miller1978.r,
commit 0aecc950. The article's transformation is twice the one used here; the shares are the inverse at the harmonic
mean of the sizes.
"""

import numpy as np
import pytest

from stromata.synthesis import effect_sizes, pool

COUNTS = {"xi": [3, 6, 10, 1], "ni": [11, 17, 21, 6]}


def test_the_printed_angles():
    effects = effect_sizes("PFT", **COUNTS)
    assert [2 * each.yi for each in effects] == pytest.approx([1.1391, 1.2888, 1.5253, 0.9515], abs=5e-5)
    assert [4 * each.vi for each in effects] == pytest.approx([0.0870, 0.0571, 0.0465, 0.1538], abs=5e-5)


def test_the_mean_angle_and_the_share_it_stands_for():
    effects = effect_sizes("PFT", **COUNTS)
    assert 2 * np.mean([each.yi for each in effects]) == pytest.approx(1.2262, abs=5e-5)
    result = pool(effects, model="common")
    assert 2 * result.estimate == pytest.approx(1.3093, abs=5e-5)
    assert result.natural.estimate == pytest.approx(0.3595, abs=5e-5)

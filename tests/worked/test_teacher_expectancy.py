"""Raudenbush (2009), in Cooper, Hedges and Valentine, Handbook of Research Synthesis and Meta-Analysis, chapter 16.

Nineteen standardised mean differences on teacher expectancy (data: Raudenbush and Bryk 1985, dat.raudenbush1985), as
reproduced on the metafor project's pages: REML 0.0837 (0.0516), tau2 0.0188, Q 35.8295 on 18.
"""

import pytest

from stromata.model import EffectSize, Interval
from stromata.synthesis import pool

Y = [
    0.03,
    0.12,
    -0.14,
    1.18,
    0.26,
    -0.06,
    -0.02,
    -0.32,
    0.27,
    0.80,
    0.54,
    0.18,
    -0.02,
    0.23,
    -0.18,
    -0.06,
    0.30,
    0.07,
    -0.07,
]
V = [
    0.0156, 0.0216, 0.0279, 0.1391, 0.1362, 0.0106, 0.0106, 0.0484, 0.0269, 0.0630, 0.0912, 0.0497, 0.0835, 0.0841,
    0.0253, 0.0279, 0.0193, 0.0088, 0.0303,
]  # fmt: skip


def test_the_printed_random_effects_model():
    nothing = Interval(None, None, None)
    result = pool([EffectSize(str(i), "SMD", y, v, nothing) for i, (y, v) in enumerate(zip(Y, V, strict=True), 1)])
    assert result.estimate == pytest.approx(0.0837, abs=5e-5)
    assert result.se == pytest.approx(0.0516, abs=5e-5)
    assert result.tau2 == pytest.approx(0.0188, abs=5e-5)
    assert result.tau2_se == pytest.approx(0.0155, abs=5e-5)
    assert (result.q, result.q_df) == (pytest.approx(35.8295, abs=5e-5), 18)
    assert result.q_p == pytest.approx(0.0074, abs=5e-5)
    assert (result.ci_low, result.ci_high) == pytest.approx((-0.0175, 0.1849), abs=5e-5)

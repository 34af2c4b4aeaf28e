"""Viechtbauer (2010), Conducting meta-analyses in R with the metafor package, J. Statistical Software 36(3).

Section on the random-effects model: BCG vaccination against tuberculosis (Colditz et al. 1994), log risk ratios,
REML. The printed output has four decimals, percentages two.
"""

import pytest

from stromata.synthesis import effect_sizes, pool
from synthesis.published import BCG


def test_the_printed_random_effects_model():
    result = pool(effect_sizes("RR", **BCG), model="random", tau2="reml")
    assert result.k == 13
    assert result.tau2 == pytest.approx(0.3132, abs=5e-5)
    assert result.tau2_se == pytest.approx(0.1664, abs=5e-5)
    assert result.i2 == pytest.approx(92.22, abs=5e-3)
    assert result.h2 == pytest.approx(12.86, abs=5e-3)
    assert (result.q, result.q_df) == (pytest.approx(152.2330, abs=5e-5), 12)
    assert result.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert result.se == pytest.approx(0.1798, abs=5e-5)
    assert result.statistic == pytest.approx(-3.9744, abs=5e-5)
    assert result.p < 0.0001
    assert (result.ci_low, result.ci_high) == pytest.approx((-1.0669, -0.3622), abs=5e-5)


def test_the_average_risk_is_about_halved():
    natural = pool(effect_sizes("RR", **BCG)).natural
    assert (natural.estimate, natural.ci_low, natural.ci_high) == pytest.approx((0.49, 0.34, 0.70), abs=5e-3)

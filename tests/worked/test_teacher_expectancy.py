"""Raudenbush (2009), in Cooper, Hedges and Valentine, Handbook of Research Synthesis and Meta-Analysis, chapter 16.

Nineteen standardised mean differences on teacher expectancy (data: Raudenbush and Bryk 1985, dat.raudenbush1985), as
reproduced on the metafor project's pages: REML 0.0837 (0.0516), tau2 0.0188, Q 35.8295 on 18. Tables 16.2 (pages 301
and 302) and 16.3 (page 309) were held against the chapter by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_raudenbush2009.r, commit 01464f36; in print 1.65 stands for 1.655 and 0.083 for
0.0837.
"""

import pytest

from stromata.model import EffectSize, Interval
from stromata.synthesis import pool, pool_estimates
from stromata.synthesis.regression.meta_regression import regress

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


# Weeks that teachers had known their pupils before; the chapter counts from three on as three.
WEEKS = [min(weeks, 3) for weeks in (2, 21, 19, 0, 0, 3, 17, 24, 0, 1, 0, 0, 1, 2, 17, 5, 1, 2, 7)]


def test_table_16_2():
    common = pool_estimates(Y, V, method="ee")
    assert (common.estimate, common.statistic) == pytest.approx((0.0604, 1.6553), abs=5e-5)
    fit = regress(Y, V, "~ weeks", data={"weeks": WEEKS})
    assert [each.estimate for each in fit.coefficients] == pytest.approx([0.407, -0.157], abs=5e-4)
    assert [each.statistic for each in fit.coefficients] == pytest.approx([4.68, -4.39], abs=6e-3)
    assert (fit.tau2, fit.q) == pytest.approx((0.0, 16.57), abs=5e-3)


@pytest.mark.parametrize(
    ("method", "tau2", "mean", "plain", "knapp"),
    [
        ("ee", 0.000, 0.060, (0.036, 1.655, -0.011, 0.132), None),
        ("ml", 0.013, 0.078, (0.047, 1.637, -0.015, 0.171), (0.059, 1.311, -0.047, 0.202)),
        ("reml", 0.019, 0.084, (0.052, 1.621, -0.018, 0.185), (0.062, 1.359, -0.046, 0.213)),
        ("dl", 0.026, 0.089, (0.056, 1.601, -0.020, 0.199), (0.064, 1.405, -0.044, 0.223)),
        ("he", 0.080, 0.114, (0.079, 1.443, -0.041, 0.270), (0.071, 1.608, -0.035, 0.264)),
    ],
)
def test_table_16_3(method, tau2, mean, plain, knapp):
    for test, printed in (("z", plain), ("knha", knapp)):
        if printed is None:
            continue
        found = pool_estimates(Y, V, method=method, test=test)
        assert (found.tau2 or 0.0, found.estimate) == pytest.approx((tau2, mean), abs=5.1e-4)
        assert (found.se, found.statistic, found.ci_low, found.ci_high) == pytest.approx(printed, abs=6e-4)

"""Lipsey and Wilson (2001), Practical Meta-Analysis, Sage: ten studies.

Exhibits 7.3 (page 133), 7.4 (138), 7.6 and 7.7 (141): one effect, two groups, regression on randomisation and
intensity. Held against the pages by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_lipsey2001.r, commit 0d037744, which also names the last digits that are off in
print (7.0738, 6.4383, 7.6902, 7.6833, 0.3613, 5.5709).
"""

import pytest

from stromata.synthesis import pool_estimates
from stromata.synthesis.regression.meta_regression import regress

Y = [-0.33, 0.32, 0.39, 0.31, 0.17, 0.64, -0.33, 0.15, -0.02, 0.00]
V = [0.084, 0.035, 0.017, 0.034, 0.072, 0.117, 0.102, 0.093, 0.012, 0.067]
MODERATORS = {"random": [0] * 6 + [1] * 4, "intensity": [7, 3, 7, 5, 7, 7, 4, 4, 5, 6]}


def coefficients(fit):
    return [(each.estimate, each.se, each.statistic, each.p, each.ci_low, each.ci_high) for each in fit.coefficients]


def test_exhibit_7_3():
    common, random = (pool_estimates(Y, V, method=method) for method in ("ee", "dl"))
    for result, printed in (
        (common, (0.1549, 0.0609, 2.5450, 0.0109, 0.0356, 0.2742)),
        (random, (0.1534, 0.0858, 1.7893, 0.0736, -0.0146, 0.3215)),
    ):
        found = (result.estimate, result.se, result.statistic, result.p, result.ci_low, result.ci_high)
        assert found == pytest.approx(printed, abs=5e-5)
    assert (common.q, common.q_p) == pytest.approx((14.7640, 0.0976), abs=5e-5)
    assert random.tau2 == pytest.approx(0.025955, abs=5e-7)


def test_exhibit_7_4():
    fit = regress(Y, V, "~ random", data=MODERATORS, method="ee")
    one, other = pool_estimates(Y[:6], V[:6], method="ee"), pool_estimates(Y[6:], V[6:], method="ee")
    assert (one.estimate, one.se, one.ci_low, one.ci_high) == pytest.approx((0.2984, 0.0813, 0.1390, 0.4578), abs=5e-5)
    found = (other.estimate, other.se, other.ci_low, other.ci_high)
    assert found == pytest.approx((-0.0277, 0.0917, -0.2075, 0.1521), abs=5e-5)
    assert (fit.omnibus.statistic, fit.omnibus.p) == pytest.approx((7.0739, 0.0078), abs=5e-5)
    assert (fit.q, fit.q_p) == pytest.approx((7.6901, 0.4643), abs=5e-5)
    assert (one.q, one.q_p, other.q, other.q_p) == pytest.approx((6.4382, 0.2659, 1.2519, 0.7406), abs=5e-5)


def test_exhibit_7_6():
    fit = regress(Y, V, "~ random + intensity", data=MODERATORS, method="ee")
    printed = [
        (0.3223, 0.2998, 1.0752, 0.2823, -0.2652, 0.9099),
        (-0.3298, 0.1304, -2.5286, 0.0115, -0.5854, -0.0742),
        (-0.0041, 0.0493, -0.0829, 0.9339, -0.1007, 0.0925),
    ]
    for found, row in zip(coefficients(fit), printed, strict=True):
        assert found == pytest.approx(row, abs=5.1e-5)
    assert (fit.omnibus.statistic, fit.omnibus.p, fit.q, fit.q_p) == pytest.approx(
        (7.0807, 0.0290, 7.6832, 0.3614), abs=5e-5
    )


def test_exhibit_7_7():
    fit = regress(Y, V, "~ random + intensity", data=MODERATORS, method="dl")
    printed = [
        (0.3311, 0.3198, 1.0351, 0.3006, -0.2958, 0.9579),
        (-0.3269, 0.1439, -2.2712, 0.0231, -0.6090, -0.0448),
        (-0.0068, 0.0528, -0.1292, 0.8972, -0.1103, 0.0967),
    ]
    for found, row in zip(coefficients(fit), printed, strict=True):
        assert found == pytest.approx(row, abs=5.1e-5)
    assert (fit.omnibus.statistic, fit.omnibus.p) == pytest.approx((5.5711, 0.0617), abs=5e-5)
    assert fit.tau2 == pytest.approx(0.00488, abs=5e-6)

"""Konstantopoulos (2011), Research Synthesis Methods 2, 61-76: a three-level model, schools within districts.

The printed digits are those of the analysis on metafor-project.org (analyses:konstantopoulos2011), REML. Table 4 (page
70, two levels) and table 5 (page 71, three levels, maximum likelihood) were held against the article by the authors of
metafor: wviechtb/metafor, tests/testthat/test_analysis_example_konstantopoulos2011.r, commit 0aecc950.
"""

import pytest

from stromata.synthesis import pool_estimates
from stromata.synthesis.multilevel.multivariate import pool_mv
from synthesis.published_dependent import CALENDARS


def test_schools_within_districts():
    fit = pool_mv(CALENDARS["yi"], CALENDARS["vi"], random="~ 1 | district/school", data=CALENDARS)
    assert fit.k == 56
    assert fit.values("sigma2") == pytest.approx((0.0651, 0.0327), abs=5e-5)
    assert (fit.beta[0], fit.se[0]) == pytest.approx((0.1847, 0.0846), abs=5e-5)
    assert (fit.ci_low[0], fit.ci_high[0]) == pytest.approx((0.0190, 0.3504), abs=5e-5)
    assert (fit.q, fit.q_df) == (pytest.approx(578.8640, abs=5e-5), 55)


def test_the_same_model_with_correlated_schools():
    nested = pool_mv(CALENDARS["yi"], CALENDARS["vi"], random="~ 1 | district/school", data=CALENDARS)
    crossed = pool_mv(CALENDARS["yi"], CALENDARS["vi"], random="~ school | district", data=CALENDARS)
    assert crossed.values("tau2") == pytest.approx((0.0978,), abs=5e-5)
    assert crossed.values("rho") == pytest.approx((0.6653,), abs=5e-5)
    assert crossed.values("tau2")[0] == pytest.approx(sum(nested.values("sigma2")), rel=1e-7)
    assert crossed.log_likelihood_reml == pytest.approx(nested.log_likelihood_reml, abs=1e-10)


def test_table_4():
    result = pool_estimates(CALENDARS["yi"], CALENDARS["vi"])
    found = (result.estimate, result.se, result.tau2, result.tau2_se)
    assert found == pytest.approx((0.1279, 0.0439, 0.0884, 0.0202), abs=5e-5)


def test_table_5():
    fit = pool_mv(CALENDARS["yi"], CALENDARS["vi"], random="~ 1 | district/school", data=CALENDARS, method="ml")
    assert (fit.beta[0], fit.se[0]) == pytest.approx((0.1845, 0.0805), abs=5e-5)
    assert fit.values("sigma2") == pytest.approx((0.0577, 0.0329), abs=5e-5)

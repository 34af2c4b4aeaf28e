"""Viechtbauer (2010), Conducting meta-analyses in R with the metafor package, J. Statistical Software 36(3).

Section on the mixed-effects model: BCG vaccination against tuberculosis, log risk ratios on absolute latitude and year
of publication, REML. The printed output has four decimals, percentages two. It stops the search for tau-squared at a
step of 1e-5, which moves the four-decimal figures of the intercept (a year 0 that is 1,950 years away) by up to 5e-4.
"""

import pytest

from stromata.synthesis import effect_sizes
from stromata.synthesis.regression.meta_regression import regress
from synthesis.published import BCG
from synthesis.published_moderators import BCG_MODERATORS


@pytest.fixture
def fit():
    effects = effect_sizes("RR", **BCG)
    return regress([e.yi for e in effects], [e.vi for e in effects], "~ ablat + year", data=BCG_MODERATORS)


def test_the_printed_heterogeneity(fit):
    assert (fit.tau2, fit.tau2_se) == pytest.approx((0.1108, 0.0845), abs=5e-5)
    assert (fit.i2, fit.h2, fit.r2) == pytest.approx((71.98, 3.57, 64.63), abs=5e-3)
    assert (fit.q, fit.q_df) == (pytest.approx(28.3251, abs=5e-5), 10)
    assert fit.q_p == pytest.approx(0.0016, abs=5e-5)


def test_the_printed_test_of_moderators(fit):
    assert fit.omnibus.coefficients == ("ablat", "year")
    assert (fit.omnibus.statistic, fit.omnibus.df) == (pytest.approx(12.2043, abs=2e-4), 2)
    assert fit.omnibus.p == pytest.approx(0.0022, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "printed", "within"),
    [
        ("intrcpt", (-3.5455, 29.0959, -0.1219, 0.9030, -60.5724, 53.4814), 1e-3),
        ("ablat", (-0.0280, 0.0102, -2.7371, 0.0062, -0.0481, -0.0080), 5e-5),
        ("year", (0.0019, 0.0147, 0.1299, 0.8966, -0.0269, 0.0307), 5e-5),
    ],
)
def test_the_printed_coefficients(fit, name, printed, within):
    (row,) = (each for each in fit.coefficients if each.name == name)
    assert (row.estimate, row.se, row.statistic, row.p, row.ci_low, row.ci_high) == pytest.approx(printed, abs=within)

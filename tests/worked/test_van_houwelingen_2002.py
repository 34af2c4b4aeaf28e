"""Van Houwelingen, Arends and Stijnen (2002), Statistics in Medicine 21, 589-624: BCG, one outcome and two.

Log odds ratios on pages 596 and 597 and, on latitude, on 608 and 609; log odds of both groups on 604 and 605 and, on
latitude, on 612 and 613. Held against the pages by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_vanhouwelingen2002.r, commit 01464f36; the upper bound on page 596 is 0.703 in
print, 0.702 when computed.
"""

import numpy as np
import pytest

from stromata.synthesis import effect_sizes, pool_estimates
from stromata.synthesis.multilevel.multivariate import pool_mv
from stromata.synthesis.regression.meta_regression import regress
from synthesis.published import BCG
from synthesis.published_moderators import BCG_MODERATORS


@pytest.fixture(scope="module")
def ratios():
    effects = effect_sizes("OR", **BCG)
    return [each.yi for each in effects], [each.vi for each in effects]


@pytest.fixture(scope="module")
def groups():
    vaccinated = effect_sizes("PLO", xi=BCG["ai"], mi=BCG["bi"])
    control = effect_sizes("PLO", xi=BCG["ci"], mi=BCG["di"])
    both = [*vaccinated, *control]
    return {
        "yi": [each.yi for each in both],
        "vi": [each.vi for each in both],
        "trial": [*range(13), *range(13)],
        "group": ["1 vaccinated"] * 13 + ["2 control"] * 13,
        "latitude": [each - 33 for each in BCG_MODERATORS["ablat"]] * 2,
    }


@pytest.mark.parametrize(
    ("method", "printed"), [("ee", (0.647, 0.595, 0.7025)), ("ml", (0.476, 0.336, 0.675))], ids=["596", "597"]
)
def test_the_printed_odds_ratios(ratios, method, printed):
    result = pool_estimates(*ratios, method=method)
    found = np.exp([result.estimate, result.ci_low, result.ci_high])
    assert found == pytest.approx(printed, abs=5.1e-4)
    assert method == "ee" or result.tau2 == pytest.approx(0.302, abs=5e-4)


def test_the_printed_bivariate_model(groups):
    fit = pool_mv(groups["yi"], groups["vi"], formula="~ group - 1", random="~ group | trial", struct="UN",
                  data=groups, method="ml")  # fmt: skip
    assert fit.beta == pytest.approx([-4.834, -4.096], abs=5e-4)
    assert fit.values("tau2") == pytest.approx((1.431, 2.407), abs=5e-4)
    assert fit.values("rho") == pytest.approx((0.947,), abs=5e-4)
    assert fit.se[1] == pytest.approx(0.435, abs=5e-4)
    difference = fit.beta[0] - fit.beta[1]
    error = float(np.sqrt(np.array([1, -1]) @ fit.covariance @ np.array([1, -1])))
    assert (difference, error) == pytest.approx((-0.738, 0.180), abs=6e-4)
    one, other = fit.values("tau2")
    assert one + other - 2 * fit.values("rho")[0] * (one * other) ** 0.5 == pytest.approx(0.324, abs=5e-4)


def test_the_printed_regression_on_latitude(ratios):
    fit = regress(*ratios, "~ ablat", data=BCG_MODERATORS, method="ml")
    assert [each.estimate for each in fit.coefficients] == pytest.approx([0.371, -0.033], abs=5e-4)
    assert [each.se for each in fit.coefficients] == pytest.approx([0.106, 0.003], abs=5e-4)
    assert fit.tau2 == pytest.approx(0.004, abs=5e-4)
    assert fit.r2 == pytest.approx(98.7, abs=0.05)


def test_the_printed_bivariate_regression_on_latitude(groups):
    fit = pool_mv(groups["yi"], groups["vi"], formula="~ group + group:latitude - 1", random="~ group | trial",
                  struct="UN", data=groups, method="ml")  # fmt: skip
    assert fit.beta == pytest.approx([-4.826, -4.117, 0.039, 0.072], abs=6e-4)
    assert fit.se == pytest.approx([0.313, 0.306, 0.022, 0.022], abs=6e-4)
    assert fit.values("tau2") == pytest.approx((1.23, 1.18), abs=6e-3)
    assert fit.values("rho") == pytest.approx((1.0,), abs=5e-4)

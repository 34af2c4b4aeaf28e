"""Berkey et al. (1998), Statistics in Medicine 17, 2537-2550: two outcomes in five periodontal trials.

The printed digits are those of the analysis on metafor-project.org (analyses:berkey1998), REML, unstructured. Table II
(page 2545, on the year of publication, maximum likelihood) was held against the article by the authors of metafor:
wviechtb/metafor, tests/testthat/test_analysis_example_berkey1998.r, commit 0b9744c3.
"""

import pytest

from stromata.synthesis.multilevel.multivariate import pool_mv
from stromata.synthesis.multilevel.sampling_covariance import sampling_covariance
from synthesis.published_dependent import BERKEY


def test_two_outcomes_with_unstructured_random_effects():
    V = sampling_covariance(1.0, cluster=BERKEY["trial"], rvars=BERKEY["rows"])
    fit = pool_mv(BERKEY["yi"], V, formula="~ outcome - 1", random="~ outcome | trial", struct="UN", data=BERKEY)
    assert fit.names == ("outcomeAL", "outcomePD")
    assert fit.beta == pytest.approx([-0.3392, 0.3534], abs=5e-5)
    assert fit.se == pytest.approx([0.0879, 0.0588], abs=5e-5)
    assert fit.values("tau2") == pytest.approx((0.0327, 0.0117), abs=5e-5)
    assert fit.values("rho") == pytest.approx((0.6088,), abs=5e-5)
    assert fit.q == pytest.approx(128.2267, abs=5e-5)
    assert fit.qm == pytest.approx(108.8607, abs=1e-3)


def test_table_ii():
    years = {"1": 0, "2": -1, "3": -4, "4": 4, "5": 5}  # from 1983
    data = BERKEY | {"year": [years[trial] for trial in BERKEY["trial"]]}
    V = sampling_covariance(1.0, cluster=BERKEY["trial"], rvars=BERKEY["rows"])
    fit = pool_mv(BERKEY["yi"], V, formula="~ outcome + outcome:year - 1", random="~ outcome | trial", struct="UN",
                  data=data, method="ml")  # fmt: skip
    assert fit.beta == pytest.approx([-0.3351, 0.3479, -0.0108, 0.0010], abs=5.1e-5)
    assert fit.se == pytest.approx([0.0787, 0.0520, 0.0243, 0.0154], abs=5.1e-5)
    one, other = fit.values("tau2")
    assert (one, other, fit.values("rho")[0]) == pytest.approx((0.0250, 0.0080, 0.6587), abs=1.1e-4)
    assert fit.values("rho")[0] * (one * other) ** 0.5 == pytest.approx(0.0093, abs=5e-5)

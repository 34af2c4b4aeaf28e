"""Berkey et al. (1998), Statistics in Medicine 17, 2537-2550: two outcomes in five periodontal trials.

The printed digits are those of the analysis on metafor-project.org (analyses:berkey1998), REML, unstructured.
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

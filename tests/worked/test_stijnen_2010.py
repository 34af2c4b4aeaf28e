"""Stijnen, Hamza and Ozdemir (2010), Statistics in Medicine 29, 3046-3067: infections with coated catheters.

Table II (page 3050) has the binomial-normal model of each group, Table III (page 3052) the hypergeometric-normal one.
The printed figures are those that metafor's analysis example quotes from these pages.
"""

import pytest

from stromata.synthesis.counts.glmm import pool_glmm
from synthesis.sparse_data import CATHETERS


def test_the_binomial_normal_models_of_table_ii():
    coated = pool_glmm("PLO", xi=CATHETERS["ai"], ni=CATHETERS["n1i"])
    assert (coated.estimate, coated.se, coated.tau2) == pytest.approx((-4.81, 0.36, 0.83), abs=5e-3)
    natural = coated.natural
    assert (natural.estimate, natural.ci_low, natural.ci_high) == pytest.approx((0.008, 0.004, 0.016), abs=5e-4)
    standard = pool_glmm("PLO", xi=CATHETERS["ci"], ni=CATHETERS["n2i"])
    assert standard.tau2 == pytest.approx(0.81, abs=5e-3)
    natural = standard.natural
    assert (natural.estimate, natural.ci_low, natural.ci_high) == pytest.approx((0.029, 0.018, 0.048), abs=5e-4)


def test_the_hypergeometric_normal_model_of_table_iii():
    result = pool_glmm("OR", model="cm.el", **CATHETERS)
    assert (result.estimate, result.se) == pytest.approx((-1.353, 0.351), abs=5e-4)

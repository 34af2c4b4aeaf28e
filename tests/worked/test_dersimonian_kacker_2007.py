"""DerSimonian and Kacker (2007), Contemporary Clinical Trials 28, 105-114: estimators of heterogeneity in CLASP.

Tables 3 and 4 (pages 111 and 112), low-dose aspirin in pregnancy: tau, mean and its error. Held against the pages by
the authors of metafor: wviechtb/metafor, tests/testthat/test_analysis_example_dersimonian2007.r, commit 0d037744. The
two-step estimators take the weights of a first estimate, here through the generalised Q.
"""

import numpy as np
import pytest

from stromata.synthesis import effect_sizes, pool

TRIALS = {
    "ai": [5, 5, 12, 69, 9, 313],
    "n1i": [156, 303, 565, 1570, 103, 4659],
    "ci": [8, 17, 9, 94, 11, 352],
    "n2i": [74, 303, 477, 1565, 105, 4650],
}


@pytest.mark.parametrize(
    ("method", "printed"),
    [
        ("pm", (0.3681, -0.3811, 0.2060)),
        ("he", (0.4410, -0.4035, 0.2327)),
        ("dl", (0.2323, -0.3240, 0.1540)),
        ("eb", (0.3681, -0.3811, 0.2060)),
        ("reml", (0.1843, -0.2980, 0.1343)),
        ("hs", (0.1330, -0.2666, 0.1125)),
        ("sj", (0.4572, -0.4079, 0.2386)),
    ],
)
def test_the_printed_estimates(method, printed):
    result = pool(effect_sizes("OR", **TRIALS), tau2=method)
    assert (result.tau2**0.5, result.estimate, result.se) == pytest.approx(printed, abs=6e-5)


@pytest.mark.parametrize(("first", "printed"), [("he", (0.3831, -0.3861, 0.2115)), ("dl", (0.3254, -0.3655, 0.1901))])
def test_the_printed_two_step_estimates(first, printed):
    effects = effect_sizes("OR", **TRIALS)
    v = np.array([each.vi for each in effects])
    start = pool(effects, tau2=first).tau2
    second = pool(effects, tau2="genq", weights=1 / (v + start)).tau2
    result = pool(effects, tau2=second)
    assert (second**0.5, result.estimate, result.se) == pytest.approx(printed, abs=6e-5)

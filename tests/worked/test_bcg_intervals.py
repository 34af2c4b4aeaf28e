"""BCG vaccination against tuberculosis (Colditz et al. 1994): printed intervals of the between-study variance.

Viechtbauer (2010), Conducting meta-analyses in R with the metafor package, J. Statistical Software 36(3), section on
the random-effects model, prints the Q-profile intervals for log risk ratios; the analysis of van Houwelingen, Arends
and Stijnen (2002), Statistics in Medicine 21, 589-624 (data in Table I, p. 594), as repeated at
https://metafor-project.org/doku.php/analyses:vanhouwelingen2002, the one for log odds ratios, 0.1302 to 1.1812. Both
were found by a search that stops at a difference of 1e-4, which is the tolerance here.
"""

import pytest

from stromata.synthesis import effect_sizes, pool
from synthesis.published import BCG


def test_the_printed_intervals_for_risk_ratios():
    result = pool(effect_sizes("RR", **BCG))
    assert (result.tau2_low, result.tau2_high) == pytest.approx((0.1197, 1.1115), abs=1e-4)
    assert (result.i2_low, result.i2_high) == pytest.approx((81.92, 97.68), abs=1e-2)
    assert (result.h2_low, result.h2_high) == pytest.approx((5.53, 43.07), abs=1e-2)


def test_the_printed_interval_for_odds_ratios():
    result = pool(effect_sizes("OR", **BCG), tau2="ml")
    assert (result.tau2_low, result.tau2_high) == pytest.approx((0.1302, 1.1812), abs=1e-4)

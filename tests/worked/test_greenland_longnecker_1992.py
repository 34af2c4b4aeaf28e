"""Greenland and Longnecker (1992), American Journal of Epidemiology 135, 1301-1309: alcohol and breast cancer.

The case-control study of Rohan and McMichael. The trend per gram of alcohol a day is also printed by Orsini, Bellocco
and Greenland (2006), Stata Journal 6, 40-57: 0.0454 with the covariances, 0.0334 if they are ignored. Data and trends
as remembered: the papers were not at hand when this was written, so they are to be checked against them.
"""

import numpy as np
import pytest

from stromata.synthesis.curves.dose_response import dose_response

RATIOS, LOW, HIGH = (np.array(row) for row in ([1, 0.80, 1.16, 1.57], [1, 0.51, 0.73, 0.99], [1, 1.27, 1.85, 2.51]))


@pytest.mark.parametrize(("covariance", "slope"), [("gl", 0.0454), ("independent", 0.0334)])
def test_the_printed_trend(covariance, slope):
    fit = dose_response(
        ["Rohan"] * 4,
        [0, 2, 6, 11],
        np.log(RATIOS),
        np.log(HIGH / LOW) / (2 * 1.96),
        cases=[165, 74, 90, 122],
        n=[337, 167, 186, 212],
        design="cc",
        covariance=covariance,
        method="fixed",
    )
    assert fit.coefficients[0].estimate == pytest.approx(slope, abs=5e-5)

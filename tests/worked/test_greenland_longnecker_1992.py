"""Greenland and Longnecker (1992), American Journal of Epidemiology 135, 1301-1309: alcohol and breast cancer.

The case-control study of Rohan and McMichael. Printed by the authors of R's dosresmeta in its reference, first example
of dosresmeta() (alecri/dosresmeta, docs/reference/dosresmeta.html, commit dcc47a98): the trend per gram of alcohol a
day 0.0454 (standard error 0.0207, z 2.1985, 95 % interval 0.0049 to 0.0859, chi-squared 4.8333, p 0.0279) and the
relative risk of one gram 1.046477 (1.004941 to 1.089729). That page does not print the data. They were typed from
secondary sources; seven digits of the result agree.
"""

import numpy as np
import pytest

from stromata.synthesis.curves.dose_response import dose_response, predict_doses

RATIOS, LOW, HIGH = (np.array(row) for row in ([1, 0.80, 1.16, 1.57], [1, 0.51, 0.73, 0.99], [1, 1.27, 1.85, 2.51]))


@pytest.fixture
def fit():
    return dose_response(
        ["Rohan"] * 4,
        [0, 2, 6, 11],
        np.log(RATIOS),
        np.log(HIGH / LOW) / (2 * 1.959964),
        cases=[165, 74, 90, 122],
        n=[337, 167, 186, 212],
        design="cc",
        method="fixed",
    )


def test_the_printed_trend(fit):
    (slope,) = fit.coefficients
    found = (slope.estimate, slope.se, slope.statistic, slope.ci_low, slope.ci_high, slope.p)
    assert found == pytest.approx((0.0454, 0.0207, 2.1985, 0.0049, 0.0859, 0.0279), abs=5e-5)
    assert fit.association.statistic == pytest.approx(4.8333, abs=5e-5)


def test_the_printed_relative_risk_of_one_gram(fit):
    (one,) = predict_doses(fit, [1])
    assert (one.ratio, one.ci_low, one.ci_high) == pytest.approx((1.046477, 1.004941, 1.089729), abs=5e-7)

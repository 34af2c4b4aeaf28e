"""Rothman, Greenland and Lash (2008), Modern Epidemiology, 3rd ed., chapter 15: stratified tables by Mantel-Haenszel.

Tables 15-1 (tolbutamide, two ages), 15-2 (smoking among doctors, five ages, person-years) and 15-5 (spermicides and
Down syndrome), intervals of 90 %. Held against the chapter by the authors of metafor: wviechtb/metafor,
tests/testthat/test_analysis_example_rothman2008.r, commit 0014f62b; two figures are 0.088 and 0.001 in print.
"""

import pytest

from stromata.synthesis import effect_sizes, pool

TOLBUTAMIDE = {"ai": [8, 22], "bi": [98, 76], "ci": [5, 16], "di": [115, 69]}
DOCTORS = {
    "x1i": [32, 104, 206, 186, 102],
    "t1i": [5.2407, 4.3248, 2.8612, 1.2663, 0.5317],
    "x2i": [2, 12, 28, 28, 31],
    "t2i": [1.8790, 1.0673, 0.5710, 0.2585, 0.1462],
}
SPERMICIDES = {"ai": [3, 1], "bi": [9, 3], "ci": [104, 5], "di": [1059, 86]}


@pytest.mark.parametrize(
    ("measure", "data", "printed", "q", "q_p"),
    [
        ("RD", TOLBUTAMIDE, (0.0349, -0.0176, 0.0874), 0.0017, 0.9669),
        ("RR", TOLBUTAMIDE, (0.2818, -0.1442, 0.7078), 0.4472, 0.5037),
        ("OR", TOLBUTAMIDE, (0.3387, -0.1731, 0.8505), 0.3474, 0.5556),
        ("IRD", DOCTORS, (11.4392, 6.3498, 16.5286), 26.8758, 0.0000),
        ("IRR", DOCTORS, (0.3539, 0.1776, 0.5303), 10.4117, 0.0340),
        ("OR", SPERMICIDES, (1.3300, 0.3579, 2.3021), 0.1378, 0.7105),
    ],
)
def test_the_printed_mantel_haenszel_results(measure, data, printed, q, q_p):
    result = pool(effect_sizes(measure, **data), model="mh", level=0.90)
    assert (result.estimate, result.ci_low, result.ci_high) == pytest.approx(printed, abs=5.1e-5)
    assert (result.q, result.q_p) == pytest.approx((q, q_p), abs=5.1e-5)


@pytest.mark.parametrize(
    ("measure", "data", "printed"),
    [
        ("RR", TOLBUTAMIDE, (1.3256, 0.8658, 2.0296)),
        ("OR", TOLBUTAMIDE, (1.4031, 0.8411, 2.3409)),
        ("IRR", DOCTORS, (1.4247, 1.1944, 1.6994)),
    ],
)
def test_the_printed_ratios(measure, data, printed):
    natural = pool(effect_sizes(measure, **data), model="mh", level=0.90).natural
    assert (natural.estimate, natural.ci_low, natural.ci_high) == pytest.approx(printed, abs=5.1e-5)


def test_the_strata_of_table_15_2():
    effects = effect_sizes("IRD", **DOCTORS)
    assert [each.yi for each in effects] == pytest.approx([5.0417, 12.8040, 22.9610, 38.5674, -20.2008], abs=5e-4)

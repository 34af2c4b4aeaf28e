"""Worked examples of the Cochrane Handbook, version 5.1: sections 7.7.3.3 and 16.4.6.4 (handbook-5-1.cochrane.org)."""

import math

import pytest

from stromata.extraction.conversions import convert


def test_a_difference_with_its_p_value():
    # 7.7.3.3: groups of 25 and 22, a difference of 3.8, P = 0.008 on 45 degrees of freedom: t is 2.78, the error 1.37.
    se = dict(convert("p-to-se", estimate=3.8, p=0.008, df=45).outputs)["se"]
    assert 3.8 / se == pytest.approx(2.78, abs=0.005)
    assert se == pytest.approx(1.37, abs=0.005)


def test_the_spread_of_differences_within_people():
    # 16.4.6.4: ten people measured twice, 6.5 (SD 2.21) and 7.0 (SD 2.38), correlation 0.68: error of the mean 0.583.
    step = convert(
        "final-to-change", mean_baseline=6.5, sd_baseline=2.21, mean_final=7.0, sd_final=2.38, correlation=0.68
    )
    outputs = dict(step.outputs)
    assert outputs["change_mean"] == pytest.approx(0.5)
    assert outputs["change_sd"] / math.sqrt(10) == pytest.approx(0.583, abs=0.0005)

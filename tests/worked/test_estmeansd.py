"""The example in the README of estmeansd, the program by the authors of McGrath et al. (2020).

https://github.com/stmcg/estmeansd, "Usage": minimum 2, median 4, maximum 9, n = 100. Quantile estimation: 4.347284
and 1.502171; the Box-Cox method, from random draws, 4.210971 and 1.337348 with seed 1.
"""

import pytest

from stromata.extraction.conversions import convert

SAMPLE = {"min": 2, "median": 4, "max": 9, "n": 100}


def test_quantile_estimation():
    # Their search stops at a slightly larger sum of squares, hence not all printed digits.
    step = convert("quantiles-to-mean-sd-fitted", **SAMPLE)
    assert dict(step.outputs) == pytest.approx({"mean": 4.347284, "sd": 1.502171}, abs=2e-5)
    assert "log-normal" in step.assumptions[0]


def test_box_cox():
    # Their values come from random draws: the last digits are chance.
    outputs = dict(convert("quantiles-to-mean-sd-box-cox", **SAMPLE).outputs)
    assert outputs["mean"] == pytest.approx(4.210971, abs=0.03)
    assert outputs["sd"] == pytest.approx(1.337348, abs=0.03)

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.model import MeasureName
from stromata.synthesis import MEASURES, get_measure


def test_every_measure_of_the_model_has_an_entry_under_its_own_name():
    assert set(MEASURES) == set(MeasureName.__args__)
    assert all(name == measure.name for name, measure in MEASURES.items())


def test_an_unknown_measure_lists_those_there_are():
    with pytest.raises(InvalidInput, match="HR") as caught:
        get_measure("HR")
    assert "PLO" in caught.value.hint
    assert "SMD" in caught.value.hint


@given(st.floats(0.001, 0.999), st.integers(2, 500))
def test_a_proportion_survives_the_way_to_the_analysis_scale_and_back(p, n):
    for measure in MEASURES.values():
        if measure.to_analysis is not None:
            assert measure.to_natural(measure.to_analysis(p, n), n) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize("name", ["PR", "PLN", "PLO", "PAS", "PFT"])
def test_the_two_directions_of_a_proportion_use_the_same_function(name):
    measure = MEASURES[name]
    yi, _ = measure.compute({"xi": np.array([3.0]), "ni": np.array([10.0])})
    assert measure.to_analysis(0.3, 10) == pytest.approx(float(yi[0]))


@pytest.mark.parametrize("name", ["PR", "PLN", "PLO", "PAS", "PFT"])
def test_no_value_leads_outside_0_to_1(name):
    for y in (-50.0, -2.0, 0.0, 0.7, 1.6, 3.0, 50.0):
        assert 0 <= MEASURES[name].to_natural(y, 9) <= 1


def test_double_arcsine_values_that_no_count_reaches_become_0_and_1():
    back = MEASURES["PFT"].to_natural
    assert back(0.01, 12.0) == 0.0
    assert back(math.pi / 2 - 0.01, 12.0) == 1.0


@pytest.mark.parametrize("name", ["OR", "RR", "RD", "MD", "SMD"])
def test_equal_arms_have_no_effect(name):
    columns = {"ai": 3, "bi": 7, "ci": 3, "di": 7} if MEASURES[name].kind == "two-by-two" else {
        "m1i": 4, "sd1i": 2, "n1i": 9, "m2i": 4, "sd2i": 2, "n2i": 9,
    }  # fmt: skip
    yi, vi = MEASURES[name].compute({key: np.array([float(value)]) for key, value in columns.items()})
    assert MEASURES[name].to_natural(float(yi[0]), 1.0) == MEASURES[name].null
    assert vi[0] > 0

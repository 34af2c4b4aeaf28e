import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.model import MeasureName
from stromata.synthesis import MEASURES, get_measure
from stromata.synthesis.effects.sizes import effect_arrays, effect_sizes
from synthesis.published_measures import PINNED, columns_of

PROPORTIONS = ["PR", "PLN", "PLO", "PAS", "PFT"]
RATES = ["IR", "IRLN", "IRS", "IRFT"]


def test_every_measure_of_the_model_has_an_entry_under_its_own_name():
    assert set(MEASURES) == set(MeasureName.__args__)
    assert all(name == measure.name for name, measure in MEASURES.items())


def test_an_unknown_measure_lists_those_there_are():
    with pytest.raises(InvalidInput, match="XYZ") as caught:
        get_measure("XYZ")
    assert "PLO" in caught.value.hint
    assert "SMD" in caught.value.hint


def test_every_measure_and_every_variance_is_pinned():
    pinned = {(measure, vtype) for measure, vtype, *_ in PINNED}
    for measure in MEASURES.values():
        if (
            measure.kind == "printed" or measure.name == "RTET"
        ):  # the latter in its own file: the reference is not exact
            continue
        assert (measure.name, "") in pinned
        assert all((measure.name, vtype) in pinned for vtype in measure.vtypes[1:])


@pytest.mark.parametrize(("measure", "vtype", "data", "first", "last"), PINNED)
def test_estimates_and_variances_agree_with_metafor(measure, vtype, data, first, last):
    yi, vi = effect_arrays(measure, vtype=vtype or None, **columns_of(measure, data))
    for place, (y, v) in ((0, first), (-1, last)):
        assert yi[place] == pytest.approx(y, rel=1e-10, abs=1e-16)
        assert vi[place] == pytest.approx(v, rel=1e-10)


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_the_order_of_the_studies_does_not_matter(name):
    pin = next((pin for pin in PINNED if pin[0] == name), PINNED[0] if name == "RTET" else None)
    columns = columns_of(name, pin[2]) if pin else {"yi": [0.2, -0.3, 0.1], "sei": [0.1, 0.2, 0.3]}
    there = np.array(effect_arrays(name, **columns))
    back = np.array(effect_arrays(name, **{key: values[::-1] for key, values in columns.items()}))
    np.testing.assert_array_equal(there, back[:, ::-1])


@given(st.floats(0.001, 0.999), st.integers(2, 500))
def test_a_proportion_survives_the_way_to_the_analysis_scale_and_back(p, n):
    for name in PROPORTIONS:
        assert MEASURES[name].to_natural(MEASURES[name].to_analysis(p, n), n) == pytest.approx(p, abs=1e-6)


@given(st.floats(1e-6, 1e3), st.floats(0.1, 1e6))
def test_a_rate_survives_the_way_to_the_analysis_scale_and_back(rate, time):
    for name in RATES:
        assert MEASURES[name].to_natural(MEASURES[name].to_analysis(rate, time), time) == pytest.approx(rate, rel=1e-6)


def test_only_proportions_and_rates_have_a_way_to_the_analysis_scale():
    assert {name for name, measure in MEASURES.items() if measure.to_analysis is not None} == {*PROPORTIONS, *RATES}


@pytest.mark.parametrize("name", PROPORTIONS)
def test_the_two_directions_of_a_proportion_use_the_same_function(name):
    measure = MEASURES[name]
    yi, _ = measure.compute({"xi": np.array([3.0]), "ni": np.array([10.0])})
    assert measure.to_analysis(0.3, 10) == pytest.approx(float(yi[0]))


@pytest.mark.parametrize("name", RATES)
def test_the_two_directions_of_a_rate_use_the_same_function(name):
    measure = MEASURES[name]
    yi, _ = measure.compute({"xi": np.array([3.0]), "ti": np.array([40.0])})
    assert measure.to_analysis(3 / 40, 40) == pytest.approx(float(yi[0]))


@pytest.mark.parametrize("name", PROPORTIONS)
def test_no_value_leads_outside_0_to_1(name):
    for y in (-50.0, -2.0, 0.0, 0.7, 1.6, 3.0, 50.0):
        assert 0 <= MEASURES[name].to_natural(y, 9) <= 1


@pytest.mark.parametrize("name", RATES)
def test_no_value_leads_to_a_negative_rate(name):
    for y in (-50.0, -2.0, 0.0, 0.01, 50.0):
        assert MEASURES[name].to_natural(y, 9) >= 0


@pytest.mark.parametrize("name", ["COR", "UCOR", "ZCOR", "PCOR", "ZPCOR", "SPCOR", "PHI", "YUQ", "YUY", "RTET", "RPB"])
def test_no_value_leads_to_a_correlation_beyond_1(name):
    assert [MEASURES[name].to_natural(y, 1.0) for y in (-50.0, 50.0)] == [-1.0, 1.0]


def test_double_arcsine_values_that_no_count_reaches_become_0_and_1():
    assert MEASURES["PFT"].to_natural(0.01, 12.0) == 0.0
    assert MEASURES["PFT"].to_natural(math.pi / 2 - 0.01, 12.0) == 1.0


TWO_ARMS = {"ai": [3], "bi": [7], "ci": [3], "di": [7]}
TWO_MEANS = {"m1i": [4], "sd1i": [2], "n1i": [9], "m2i": [4], "sd2i": [2], "n2i": [9]}
TWO_RATES = {"x1i": [3], "t1i": [50], "x2i": [3], "t2i": [50]}
CHANGE = {"m1i": [4], "sd1i": [2], "m2i": [4], "sd2i": [2], "ni": [9], "ri": [0.5]}
EQUAL = {
    "two-by-two": TWO_ARMS,
    "two-means": TWO_MEANS,
    "two-rates": TWO_RATES,
    "change": CHANGE,
    "pairs": {"ai": [5], "bi": [3], "ci": [3], "di": [7]},
}


@pytest.mark.parametrize("name", sorted(name for name, measure in MEASURES.items() if measure.kind in EQUAL))
def test_equal_arms_have_no_effect(name):
    columns = EQUAL[MEASURES[name].kind]
    if name == "MPORM":
        columns = {**TWO_ARMS, "ri": [0.3]}
    effect = effect_sizes(name, **columns)[0]
    assert effect.natural.estimate == pytest.approx(MEASURES[name].null, abs=1e-15)
    assert effect.vi > 0


@pytest.mark.parametrize("name", sorted(name for name, m in MEASURES.items() if m.kind in {"two-by-two", "two-rates"}))
def test_exchanging_the_arms_turns_the_effect_around(name):
    there, back = (
        ({"ai": [8], "bi": [12], "ci": [3], "di": [27]}, {"ai": [3], "bi": [27], "ci": [8], "di": [12]})
        if MEASURES[name].kind == "two-by-two"
        else (
            {"x1i": [8], "t1i": [20], "x2i": [3], "t2i": [31]},
            {"x1i": [3], "t1i": [31], "x2i": [8], "t2i": [20]},
        )
    )
    (y1, v1), (y2, v2) = effect_arrays(name, **there), effect_arrays(name, **back)
    assert y1[0] == pytest.approx(-y2[0], rel=1e-12)
    assert v1[0] == pytest.approx(v2[0], rel=1e-12)


@pytest.mark.parametrize("name", ["SMD", "SMDH", "SMD1", "SMD1H", "ROM", "CVR", "VR", "RPB", "RBIS", "D2OR", "D2ORN"])
def test_measures_without_a_unit_do_not_change_with_the_unit(name):
    columns = {"m1i": [14.0], "sd1i": [2.5], "n1i": [9.0], "m2i": [11.0], "sd2i": [2.0], "n2i": [12.0]}
    scaled = {key: [value[0] * 1000 if key[0] in "ms" else value[0]] for key, value in columns.items()}
    np.testing.assert_allclose(effect_arrays(name, **columns), effect_arrays(name, **scaled), rtol=1e-12)

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.builders import proportion, ratios, response
from stromata.model import Interval, MeasureName, numbers
from stromata.synthesis import MEASURES


@pytest.mark.parametrize(
    ("value", "people", "text"),
    [
        (0.4706, 17, "47"),
        (0.4919, 124, "49.2"),
        (0.0, 6, "0"),
        (1.0, 600, "100"),
        (0.004, 50, "0.4"),
        (0.996, 50, "99.6"),
        (0.0001, 20000, "<0.1"),
        (0.9999, 20000, ">99.9"),
        (0.5, None, "50"),
        (None, 10, "–"),
        (float("nan"), 10, "–"),
    ],
)
def test_percentages_have_the_digits_that_the_number_of_people_supports(value, people, text):
    assert numbers.percent(value, people) == text


@given(st.floats(0, 1), st.one_of(st.none(), st.integers(1, 10**7)))
def test_only_none_and_all_are_printed_as_0_and_100(value, people):
    text = numbers.percent(value, people)
    assert (text == "0") == (value == 0)
    assert (text == "100") == (value == 1)
    assert text not in ("0.0", "100.0")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.234, "1.23"), (0.046, "0.046"), (12.34, "12.3"), (132.2, "132"), (0.0001, "<0.001"), (0.0, "0"), (None, "–")],
)
def test_ratios_keep_their_meaning_at_every_size(value, text):
    assert numbers.ratio(value) == text


def test_negative_numbers_have_a_true_minus_and_zero_has_no_sign():
    assert numbers.difference(-3.3) == "−3.30"
    assert numbers.difference(-0.001) == "0.00"
    assert numbers.difference(-1234.5) == "−1,234"
    assert numbers.plain(-0.5) == "−0.5"


def test_entered_values_are_not_rounded():
    assert numbers.plain(47.1) == "47.1"
    assert numbers.plain(8.0) == "8"
    assert (numbers.entered(-9.2), numbers.entered(20.0), numbers.entered(1 / 3)) == ("−9.2", "20", "0.33")
    assert numbers.plain(12345678.0) == "12,345,678"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.00005, "p < 0.001"), (0.0432, "p = 0.043"), (0.0996, "p = 0.10"), (0.2, "p = 0.20"), (0.999, "p > 0.99")],
)
def test_p_values_are_never_printed_as_zero_or_one(p, text):
    assert numbers.p_value(p).replace(numbers.KEPT, " ") == text


def test_an_estimate_is_printed_with_its_interval_on_the_natural_scale():
    assert numbers.estimate(Interval(0.5, 0.2, 0.8), "PLO", 10) == "50 [20, 80]"
    assert numbers.estimate(Interval(1.5, 0.9, 2.5), "RR", 10) == "1.50 [0.90, 2.50]"
    assert numbers.estimate(Interval(None, None, None), "RR", 10) == "not estimable"
    assert numbers.estimate(Interval(0.5, None, None), "PLO", 10) == "50"


def test_small_between_study_variance_is_not_printed_as_none():
    line = numbers.heterogeneity(tau2=0.001, i2=12.4, q=3.21, df=2, p=0.2).replace(numbers.KEPT, " ")
    assert line == "τ² < 0.01, I² = 12 %, Q = 3.21 (df = 2), p = 0.20"
    assert numbers.heterogeneity(tau2=0.0).endswith("0.00")
    assert numbers.heterogeneity() == ""


def test_people_are_counted_from_whatever_columns_an_effect_has():
    assert numbers.people(response().effects) == 169
    assert numbers.people(ratios().effects) == 295
    assert numbers.people([replace(proportion("A", 1, 2), inputs=())]) is None


def test_pairs_and_genotypes_are_one_group_and_rates_say_no_people():
    def given(measure, **inputs):
        return replace(proportion("A", 1, 2), measure=measure, inputs=tuple(inputs.items()))

    pairs = given("MPOR", ai=5.0, bi=3.0, ci=2.0, di=7.0)
    assert (numbers.group_sizes(pairs), numbers.group_events(pairs)) == ((17,), ())
    margins = given("MPORM", ai=8.0, bi=9.0, ci=7.0, di=10.0, ri=0.4)
    assert numbers.group_sizes(margins) == (17,)
    genes = given("REH", ai=5.0, bi=3.0, ci=2.0)
    assert (numbers.group_sizes(genes), numbers.group_events(genes)) == ((10,), ())
    rates = given("IRR", x1i=5.0, t1i=30.5, x2i=2.0, t2i=70.5)
    assert (numbers.group_sizes(rates), numbers.group_events(rates)) == ((), (5, 2))
    printed = given("HR", out=0.7, ci_lb=0.5, ci_ub=0.98)
    assert (numbers.group_sizes(printed), numbers.group_events(printed)) == ((), ())


def test_no_effect_exists_for_all_but_measures_of_one_group():
    assert (numbers.no_effect("RR"), numbers.no_effect("MD"), numbers.no_effect("PLO")) == (1.0, 0.0, None)
    assert (numbers.no_effect("HR"), numbers.no_effect("ZCOR"), numbers.no_effect("IRLN")) == (1.0, 0.0, None)
    assert numbers.no_effect("MN") is None


def test_every_measure_is_shown_with_a_name_a_family_and_the_null_of_its_definition():
    for name in MeasureName.__args__:
        assert numbers.measure_name(name)
        assert numbers.no_effect(name) == MEASURES[name].null
        assert (numbers.family(name) == "proportion") == (MEASURES[name].kind == "proportion")
        assert numbers.estimate(Interval(0.5, 0.25, 0.75), name, 50)
        assert (numbers.family(name) == "ratio") == (MEASURES[name].null == 1.0)


def test_only_comparisons_of_two_groups_favour_a_side():
    assert {"OR", "IRR", "HR", "SMD", "MPOR"} <= numbers.CONTRASTS
    assert not {"PLO", "ZCOR", "MC", "GEN", "ARAW"} & numbers.CONTRASTS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00520833, "0.00521"),
        (0.0999999, "0.100"),
        (1.3, "1.30"),
        (-12.345, "−12.3"),
        (1250.4, "1,250"),
        (1.25e-6, "1.25 × 10⁻⁶"),
        (-2e-5, "−2.00 × 10⁻⁵"),
        (0.0, "0"),
        (None, "–"),
        (float("inf"), "–"),
    ],
)
def test_numbers_of_any_size_keep_three_digits(value, text):
    assert numbers.number(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.50"),
        (-0.123, "−0.12"),
        (0.997, "0.997"),
        (-0.99996, "<−0.9999"),
        (0.99999, ">0.9999"),
        (0.9996, "0.9996"),
        (1.0, "1.00"),
        (None, "–"),
    ],
)
def test_correlations_near_1_keep_their_digits(value, text):
    assert numbers.correlation(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5e6, "1.5 × 10⁶"),
        (2e7, "2 × 10⁷"),
        (714285.7, "7.14 × 10⁵"),
        (1234.5, "1,230"),
        (0.5, "0.5"),
        (9.999e9, "1 × 10¹⁰"),
        (-2e6, "−2 × 10⁶"),
        (float("nan"), "–"),
    ],
)
def test_numbers_of_cells_are_written_with_powers(value, text):
    assert numbers.scientific(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"), [(8.0, "8"), (47.1, "47.1"), (0.7761143, "0.776114"), (-0.5, "−0.5"), (float("inf"), "–")]
)
def test_numbers_of_conversions_keep_six_digits(value, text):
    assert numbers.precise(value) == text

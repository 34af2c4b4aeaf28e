"""From relative to absolute effects."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.consensus import absolute_effect, continuous_effect, risk_with, smd_to_odds_ratio
from stromata.consensus.absolute import NULL, whole_people
from stromata.errors import InvalidInput
from stromata.model import Interval

RISK = st.floats(0, 1)


def test_the_formulas_by_hand():
    assert risk_with("RR", 0.5, 0.2) == pytest.approx(0.1)
    assert risk_with("OR", 0.5, 0.2) == pytest.approx(0.1 / 0.9)
    assert risk_with("HR", 2.0, 0.2) == pytest.approx(1 - 0.8**2)
    assert risk_with("RD", -0.05, 0.2) == pytest.approx(0.15)


@pytest.mark.parametrize("measure", NULL)
@settings(max_examples=60, deadline=None)
@given(risk=RISK)
def test_no_effect_changes_nothing(measure, risk):
    assert risk_with(measure, NULL[measure], risk) == pytest.approx(risk, abs=1e-12)


@pytest.mark.parametrize("measure", ["RR", "OR", "HR"])
@settings(max_examples=60, deadline=None)
@given(effect=st.floats(0, 50), risk=RISK)
def test_a_risk_stays_a_risk_and_rises_with_the_effect(measure, effect, risk):
    found = risk_with(measure, effect, risk)
    assert 0 <= found <= 1
    assert risk_with(measure, effect + 1, risk) >= found - 1e-12


@settings(max_examples=60, deadline=None)
@given(effect=st.floats(0.01, 50), risk=st.floats(0.01, 0.99))
def test_an_odds_ratio_can_be_turned_round(effect, risk):
    assert risk_with("OR", 1 / effect, risk_with("OR", effect, risk)) == pytest.approx(risk)


def test_infinite_and_zero_effects():
    assert risk_with("OR", math.inf, 0.2) == 1
    assert risk_with("RR", math.inf, 0.0) == 0
    assert risk_with("OR", 0.0, 1.0) == 0
    assert risk_with("HR", 0.0, 1.0) == 0


@pytest.mark.parametrize(
    ("measure", "effect", "risk"), [("RR", -1, 0.2), ("RD", 1.5, 0.2), ("OR", 1, 1.2), ("OR", math.nan, 0.2)]
)
def test_values_that_cannot_be(measure, effect, risk):
    with pytest.raises(InvalidInput):
        risk_with(measure, effect, risk)


def test_the_interval_goes_through_the_same_formula():
    found = absolute_effect("RR", Interval(0.6, 0.4, 1.1), assumed=0.15)
    assert found.comparator == pytest.approx(150)
    assert (found.intervention.estimate, found.intervention.ci_low) == pytest.approx((90, 60))
    assert found.difference.ci_high == pytest.approx(15)
    assert found.text == "60 fewer per 1000 (from 90 fewer to 15 more)"
    assert found.cautions == ()


def test_small_differences_and_other_denominators():
    found = absolute_effect("RD", Interval(0.0002, -0.0001, 0.01), assumed=0.001, per=100)
    assert found.text == "<1 more per 100 (from <1 fewer to 1 more)"
    assert absolute_effect("RR", Interval(1, 1, 1), assumed=0.3).text == "0 fewer per 1000 (from 0 fewer to 0 fewer)"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (0.4, "<1"),
        (72.7, "73"),
        (999.4, "999"),
        (999.7, ">999"),
        (1000, "1000"),
        (1e-13, "0"),
        (1000 - 1e-12, "1000"),
    ],
)
def test_people_are_rounded_one_way_and_nobody_is_exact(count, shown):
    assert whole_people(count, 1000) == shown


def test_a_risk_above_one_is_kept_in_range_and_told():
    found = absolute_effect("RR", Interval(2.0, 1.5, 4.0), assumed=0.4)
    assert found.intervention.ci_high == 1000
    assert [one.code for one in found.cautions] == ["risk-kept-in-range"]


def test_what_has_no_interval_is_refused():
    with pytest.raises(InvalidInput):
        absolute_effect("RR", Interval(0.5, None, None), assumed=0.1)
    with pytest.raises(InvalidInput):
        absolute_effect("RR", Interval(0.5, 0.4, 0.6), assumed=0.1, per=0)


def test_a_standardised_difference_on_an_instrument():
    found = continuous_effect(Interval(-0.5, -0.8, -0.2), instrument="PASI", unit="points", sd=10, important=4)
    assert (found.difference.estimate, found.difference.ci_low) == (-5, -8)
    assert found.multiples.estimate == pytest.approx(-1.25)
    assert found.text == "PASI: mean difference -5 (-8 to -2) points; 1.2 times the minimal important difference of 4."
    plain = continuous_effect(Interval(3, 1, 5), instrument="DLQI")
    assert (plain.difference, plain.multiples) == (Interval(3, 1, 5), None)


@pytest.mark.parametrize("more", [{"sd": 0}, {"important": -1}, {"sd": math.nan}])
def test_units_that_cannot_be(more):
    with pytest.raises(InvalidInput):
        continuous_effect(Interval(1, 0, 2), instrument="x", **more)


def test_chinn():
    found = smd_to_odds_ratio(Interval(0.5, 0.0, 1.0))
    assert found.estimate == pytest.approx(math.exp(0.5 * 1.8138), rel=1e-4)
    assert found.ci_low == 1


def test_a_limit_of_a_risk_difference_beyond_one_counts_as_one():
    found = absolute_effect("RD", Interval(0.66, 0.2, 1.1), assumed=0.0)
    assert (found.intervention.estimate, found.intervention.ci_high) == (660, 1000)
    assert [one.code for one in found.cautions] == ["risk-kept-in-range"]
    with pytest.raises(InvalidInput):
        absolute_effect("RD", Interval(1.1, 0.2, 1.2), assumed=0.0)

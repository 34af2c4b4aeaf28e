from dataclasses import replace

import pytest

from reporting.builders import convert, differences, example, full, ratios, response
from stromata.model import Arm, DataPoint, EffectSize, Interval, Step
from stromata.reporting.tracing import broken_steps, converted, source_of, untraced

ARMS = {
    "t1": Arm("t1", "s", "one", n=10),
    "t2": Arm("t2", "s", "two", n=20),
    "c": Arm("c", "s", "none", role="comparator", n=30),
}


def points(*given):
    made = [DataPoint(f"{arm}.{statistic}", "s", arm, "o", statistic, value) for arm, statistic, value in given]
    return {each.id: each for each in made}


def effect(inputs, known, steps=()):
    nothing = Interval(None, None, None)
    return EffectSize("S", "PLO", None, None, nothing, tuple(inputs.items()), data_points=tuple(known), steps=steps)


def gaps(inputs, known, *steps):
    return untraced(effect(inputs, known, steps), known, ARMS)


def test_numbers_as_extracted_need_no_step():
    known = points(("t1", "events", 4), ("t1", "total", 10))
    assert gaps({"xi": 4.0, "ni": 10.0}, known) == ()
    assert gaps({"xi": 5.0, "ni": 10.0}, known) == ("xi",)


def test_the_example_can_be_walked_back():
    tables = example().tables
    known, arms = {each.id: each for each in tables.data_points}, {each.id: each for each in tables.arms}
    for synthesis in (response(), ratios(), differences()):
        assert [untraced(each, known, arms) for each in synthesis.effects] == [()] * len(synthesis.effects)


def test_arms_that_were_added_together_must_add_up():
    known = points(("t1", "events", 4), ("t1", "total", 10), ("t2", "events", 3), ("t2", "total", 20))
    assert gaps({"xi": 7.0, "ni": 30.0}, known) == ()
    assert gaps({"xi": 4.0, "ni": 30.0}, known) == ("xi",)  # one of the arms alone


def test_people_without_the_event_are_what_is_left_of_their_own_group():
    known = points(("t1", "events", 4), ("t1", "total", 10), ("c", "events", 3), ("c", "total", 28))
    assert gaps({"ai": 4.0, "bi": 6.0, "ci": 3.0, "di": 25.0}, known) == ()
    assert gaps({"ai": 4.0, "bi": 24.0, "ci": 3.0, "di": 7.0}, known) == ("bi", "di")
    assert gaps({"ai": 3.0, "bi": 7.0, "ci": 4.0, "di": 24.0}, known) == ("ai", "bi", "ci", "di")


def test_values_before_and_after_are_of_the_same_people():
    known = points(("t1", "mean", 9), ("t1", "sd", 3), ("t1", "baseline-mean", 14), ("t1", "baseline-sd", 4))
    given = {"m1i": 9.0, "sd1i": 3.0, "m2i": 14.0, "sd2i": 4.0, "ni": 10.0}
    assert gaps(given, known) == ()
    assert gaps(given | {"m2i": 9.0}, known) == ("m2i",), "a final value is none before treatment"


def test_the_number_of_people_may_come_from_the_arm_when_no_point_states_it():
    known = points(("t1", "events", 4))
    assert gaps({"xi": 4.0, "ni": 10.0}, known) == ()
    assert gaps({"xi": 4.0, "ni": 9.0}, known) == ("ni",)
    assert gaps({"xi": 4.0, "ni": 10.0}, known | points(("t1", "total", 9))) == ("ni",)


@pytest.mark.parametrize("statistic", ["se", "q1", "baseline-sd"])
def test_a_spread_of_another_kind_is_no_standard_deviation_without_a_step(statistic):
    known = points(("t1", "mean", 5), ("t1", statistic, 2), ("t1", "total", 16))
    assert gaps({"mi": 5.0, "sdi": 2.0, "ni": 16.0}, known) == ("sdi",)


def test_a_median_is_no_mean_without_a_step():
    known = points(("t1", "median", 5), ("t1", "sd", 2), ("t1", "total", 16))
    assert gaps({"mi": 5.0, "sdi": 2.0, "ni": 16.0}, known) == ("mi",)


def test_steps_lead_from_data_points_to_inputs():
    known = points(("t1", "mean", 5), ("t1", "se", 0.5), ("t1", "total", 16))
    step = Step("se-to-sd", (("se", 0.5), ("n", 16.0)), (("sd", 2.0),))
    inputs = {"mi": 5.0, "sdi": 2.0, "ni": 16.0}
    assert gaps(inputs, known) == ("sdi",)
    assert gaps(inputs, known, step) == ()
    assert gaps(inputs | {"sdi": 2.1}, known, step) == ("sdi",)
    assert gaps(inputs, known, replace(step, inputs=(("se", 0.4), ("n", 16.0)))) == ("sdi",)  # nobody extracted 0.4


def test_a_step_may_begin_at_the_outcome_of_an_earlier_one_and_not_of_a_later_one():
    known = points(("t1", "mean", 5), ("t1", "ci-low", 4), ("t1", "ci-high", 6), ("t1", "total", 16))
    one = Step("ci-to-se", (("ci_low", 4.0), ("ci_high", 6.0), ("level", 0.95)), (("se", 0.51),))
    two = Step("se-to-sd", (("se", 0.51), ("n", 16.0)), (("sd", 2.04),))
    inputs = {"mi": 5.0, "sdi": 2.04, "ni": 16.0}
    assert gaps(inputs, known, one, two) == ()
    assert gaps(inputs, known, two, one) == ("sdi",)


def test_an_assumed_number_must_be_named_in_the_assumptions():
    known = points(("t1", "mean", 5), ("t1", "total", 16))
    step = Step("guess", (("factor", 0.4),), (("sd", 2.0),), ("A factor of 0.4 was taken.",))
    inputs = {"mi": 5.0, "sdi": 2.0, "ni": 16.0}
    assert gaps(inputs, known, step) == ()
    assert gaps(inputs, known, replace(step, assumptions=("A factor of 0.45 was taken.",))) == ("sdi",)


def test_a_converted_number_leads_to_its_steps_and_others_to_their_points():
    content = full()
    known = {each.id: each for each in content.tables.data_points}
    first = convert(ratios().effects[0])
    assert converted(first, "ai")
    assert not converted(first, "ci")
    assert source_of(47.1, first, known) == "Abel2016.pct"
    assert source_of(1.0, first, known) == ""


def test_steps_of_a_data_point_must_give_its_value():
    point = replace(next(iter(points(("t1", "sd", 2)).values())), steps=(Step("se-to-sd", (), (("sd", 2.0),)),))
    assert not broken_steps(point)
    assert broken_steps(replace(point, value=2.1))
    assert not broken_steps(replace(point, steps=()))

"""Numbers come as printed; other statistics stand in only where the plan allows it, and every conversion is a step."""

import math
from dataclasses import replace

import pytest

from stromata.extraction.conversions import replay
from stromata.model import DataPoint, SynthesisPlan
from stromata.review.numbers import (
    Numbers,
    correlations,
    counts,
    means,
    missing,
    printed,
    rates,
    scale_of,
    taken_together,
)

PLAN = SynthesisPlan("p", "P", "score", "MN", "random")
ALL = replace(
    PLAN,
    conversions=("percent-to-events", "se-to-sd", "ci-to-sd", "quantiles-to-mean-sd", "final-to-change"),
    correlation=0.5,
)


def points(**values):
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return {name: DataPoint(name, "s", "a", "o", name, float(value)) for name, value in named.items()}


def test_printed_counts_need_no_step():
    assert counts(points(events=8, total=17, percent=50), ALL) == Numbers((8, 17), ("events", "total"))


def test_a_percentage_becomes_a_count_only_where_the_plan_says_so():
    given = points(percent=47.1, total=17)
    assert counts(given, PLAN) is None
    found = counts(given, ALL)
    assert (found.values, found.points) == ((8, 17), ("percent", "total"))
    assert dict(found.steps[0].inputs) == {"percent": 47.1, "total": 17}
    assert "A percentage alone" in missing(given, PLAN, "events", "total")


def test_a_percentage_that_no_count_gives_is_not_used():
    assert counts(points(percent=47, total=17), ALL).values == (8, 17)
    impossible = points(percent=50, total=17)
    assert counts(impossible, ALL) is None  # 8 and 9 of 17 are printed as 47 and 53
    assert "no count out of 17 is printed as 50 %" in missing(impossible, ALL, "events", "total")


def test_the_spread_comes_from_whatever_was_printed():
    assert means(points(mean=4, sd=2, total=16), PLAN, "final").values == (4, 2, 16)
    by_error = means(points(mean=4, se=0.5, total=16), ALL, "final")
    assert (by_error.values, by_error.points) == ((4, pytest.approx(2), 16), ("mean", "se", "total"))
    assert means(points(mean=4, se=0.5, total=16), PLAN, "final") is None
    # Handbook 6.5.2.2: for 16 people the interval is 2 * t(15) = 2 * 2.13145 standard errors wide.
    limits = {"ci_low": 4 - 2.13145 * 0.5, "ci_high": 4 + 2.13145 * 0.5}
    by_interval = means(points(mean=4, total=16, **limits), ALL, "final")
    assert by_interval.values == (4, pytest.approx(2, rel=1e-5), 16)


def test_a_printed_sd_goes_before_everything_else():
    assert means(points(mean=4, sd=3, se=0.5, total=16), ALL, "final").steps == ()


FINAL = {"mean": 6, "sd": 3, "baseline_mean": 10, "baseline_sd": 4, "total": 20}


def test_a_change_is_never_a_final_value_nor_the_other_way_round():
    assert means(points(change_mean=-3, change_sd=2, total=9), ALL, "final") is None
    assert means(points(mean=6, sd=3, total=9), ALL, "change") is None
    assert means(points(**FINAL), PLAN, "change") is None
    assert means(points(**FINAL), PLAN, "final").values == (6, 3, 20)


def test_changes_are_as_printed_or_worked_out_under_the_stated_correlation():
    worked = means(points(**FINAL), ALL, "change")
    # Handbook 6.5.2.8: variance of the change = 16 + 9 - 2 * 0.5 * 4 * 3 = 13.
    assert worked.values == (pytest.approx(-4), pytest.approx(13**0.5), 20)
    assert means(points(**FINAL, change_mean=-3.9, change_sd=3.5), ALL, "change").values == (-3.9, 3.5, 20)
    by_error = means(points(**FINAL, change_mean=-3.9, change_se=1), ALL, "change")
    assert by_error.values == (-3.9, pytest.approx(20**0.5), 20)


def test_conversions_follow_one_another():
    given = {name: value for name, value in FINAL.items() if name != "sd"} | {"se": 1, "total": 16}
    found = means(points(**given), ALL, "change")
    # The SD of the final value is 1 * sqrt(16) = 4; the variance of the change is 16 + 16 - 2 * 0.5 * 4 * 4 = 16.
    assert found.values == (pytest.approx(-4), pytest.approx(4), 16)
    assert [step.method for step in found.steps] == ["se-to-sd", "final-to-change"]


def test_medians_stand_in_last():
    given = points(q1=2, median=4, q3=6, total=40)
    assert means(given, PLAN, "final") is None
    found = means(given, ALL, "final")
    assert found.points == ("q1", "median", "q3", "total")
    assert found.values[0] == pytest.approx(4)
    assert found.steps[0].method == "quantiles-to-mean-sd"


def test_without_the_number_of_people_there_is_no_mean():
    assert means(points(mean=4, sd=2), ALL, "final") is None


def test_arms_taken_together_leave_a_step_that_can_be_done_again():
    both = taken_together([Numbers((3, 10), ("a", "b")), Numbers((4, 12), ("c", "d"))], "combine-events")
    assert (both.values, both.points) == ((7, 22), ("a", "b", "c", "d"))
    assert replay(both.steps[0]) == both.steps[0]
    # Handbook table 6.5.a: (n1 m1 + n2 m2) / (n1 + n2) and the pooled spread about it.
    means_of_two = taken_together([Numbers((1, 1, 2), ("a",)), Numbers((3, 1, 2), ("b",))], "combine-groups")
    assert means_of_two.values == (pytest.approx(2), pytest.approx((6 / 3) ** 0.5), 4)
    assert taken_together([Numbers((3, 10), ("a", "b"))], "combine-events").steps == ()


def test_arms_whose_numbers_cannot_be_true_are_not_taken_together():
    assert taken_together([Numbers((1, 1, 1), ("a",)), Numbers((3, 1, 2), ("b",))], "combine-groups") is None
    assert taken_together([Numbers((5, 4), ("a",)), Numbers((3, 9), ("b",))], "combine-events") is None


def held(unit: str = "", **values: float):
    """Return data points that all have one unit."""
    return {name: replace(point, unit=unit) for name, point in points(**values).items()}


@pytest.mark.parametrize(
    ("unit", "time", "years", "steps"),
    [
        ("person-years", 20, 20, []),
        ("person-months", 240, 20, ["months-to-years"]),
        ("person-days", 7305, 20, ["days-to-years"]),
    ],
)
def test_a_rate_is_per_person_year_whatever_unit_was_printed(unit, time, years, steps):
    found = rates(held(unit, events=6, person_time=time))
    assert found.values == (6, pytest.approx(years))
    assert [step.method for step in found.steps] == steps
    assert found.points == ("events", "person-time")


def test_a_rate_needs_events_and_time():
    assert rates(held("person-years", events=6)) is None
    assert rates(held("person-years", person_time=6)) is None


def test_rates_of_several_arms_are_added():
    both = taken_together([Numbers((3, 10.5), ("a",)), Numbers((4, 12), ("b",))], "combine-rates")
    assert (both.values, both.points) == ((7, 22.5), ("a", "b"))
    assert replay(both.steps[0]) == both.steps[0]


def test_a_printed_ratio_becomes_a_logarithm_and_its_interval_an_error():
    found = printed(held("HR", estimate=0.62, estimate_ci_low=0.4, estimate_ci_high=0.96))
    assert found.values == (pytest.approx(math.log(0.62)), pytest.approx(math.log(0.96 / 0.4) / 3.919928, rel=1e-6))
    wide = printed(held("HR", estimate=0.62, estimate_ci_low=0.4, estimate_ci_high=0.96, estimate_level=90))
    assert wide.values[1] == pytest.approx(math.log(0.96 / 0.4) / (2 * 1.6448536))
    assert "estimate-level" in wide.points


def test_an_error_goes_before_an_interval_and_an_interval_before_p():
    every = {"estimate": 0.5, "estimate_se": 0.3, "estimate_ci_low": 0.2, "estimate_ci_high": 1.2, "estimate_p": 0.04}
    assert printed(held("HR", **every)).values == (pytest.approx(math.log(0.5)), 0.3)
    del every["estimate_se"]
    assert printed(held("HR", **every)).steps[0].method == "ratio-ci-to-se"
    del every["estimate_ci_low"]
    by_p = printed(held("HR", **every))
    assert by_p.steps[0].method == "ratio-p-to-se"
    assert by_p.values[1] == pytest.approx(math.log(2) / 2.0537489)


def test_what_is_no_ratio_stays_as_it_is_printed():
    assert printed(held("MD", estimate=-3, estimate_se=1.5)).values == (-3, 1.5)
    assert printed(held("MD", estimate=-3, estimate_se=1.5)).steps == ()
    assert printed(held("log HR", estimate=-0.3, estimate_ci_low=-0.692, estimate_ci_high=0.092)).values == (
        -0.3,
        pytest.approx(0.2, rel=1e-4),
    )
    assert printed(held("MD", estimate=-3, estimate_p=0.05)).values[1] == pytest.approx(3 / 1.959964)


def test_an_estimate_outside_its_interval_or_alone_gives_nothing():
    assert printed(held("HR", estimate=0.99, estimate_ci_low=0.4, estimate_ci_high=0.96)) is None
    assert printed(held("HR", estimate=0.6)) is None
    assert printed(held("HR", estimate=0.6, estimate_ci_low=0.4)) is None


def test_a_logarithm_is_of_the_same_kind_as_its_ratio():
    assert scale_of(held("log HR", estimate=-0.3)) == scale_of(held("HR", estimate=0.7)) == "HR"
    assert scale_of(held("MD", estimate=2)) == "MD"
    assert scale_of({}) == ""


def test_a_partial_correlation_is_no_correlation():
    whole, part = held(correlation=0.4, total=20), held(partial_correlation=0.3, total=20, predictors=3)
    assert correlations(whole, "ZCOR").values == (0.4, 20)
    assert correlations(part, "PCOR").values == (0.3, 20, 3)
    assert correlations(whole, "PCOR") is None
    assert correlations(part, "COR") is None

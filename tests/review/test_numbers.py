"""Numbers come as printed; other statistics stand in only where the plan allows it, and every conversion is a step."""

from dataclasses import replace

import pytest

from stromata.extraction.conversions import replay
from stromata.model import DataPoint, SynthesisPlan
from stromata.review.numbers import Numbers, combined, counts, means, missing

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
    assert "A percentage alone" in missing(given, "events", "total")


def test_a_percentage_that_no_count_gives_is_not_used():
    assert counts(points(percent=47, total=17), ALL).values == (8, 17)
    assert counts(points(percent=50, total=17), ALL) is None  # 8 and 9 of 17 are printed as 47 and 53


def test_the_spread_comes_from_whatever_was_printed():
    assert means(points(mean=4, sd=2, total=16), PLAN).values == (4, 2, 16)
    by_error = means(points(mean=4, se=0.5, total=16), ALL)
    assert (by_error.values, by_error.points) == ((4, pytest.approx(2), 16), ("mean", "se", "total"))
    assert means(points(mean=4, se=0.5, total=16), PLAN) is None
    # Handbook 6.5.2.2: for 16 people the interval is 2 * t(15) = 2 * 2.13145 standard errors wide.
    by_interval = means(points(mean=4, ci_low=4 - 2.13145 * 0.5, ci_high=4 + 2.13145 * 0.5, total=16), ALL)
    assert by_interval.values == (4, pytest.approx(2, rel=1e-5), 16)


def test_a_printed_sd_goes_before_everything_else():
    assert means(points(mean=4, sd=3, se=0.5, total=16), ALL).steps == ()


def test_printed_changes_go_before_changes_worked_out_and_those_before_final_values():
    final = {"mean": 6, "sd": 3, "baseline_mean": 10, "baseline_sd": 4, "total": 20}
    worked = means(points(**final), ALL)
    # Handbook 6.5.2.8: variance of the change = 16 + 9 - 2 * 0.5 * 4 * 3 = 13.
    assert worked.values == (pytest.approx(-4), pytest.approx(13**0.5), 20)
    assert means(points(**final), PLAN).values == (6, 3, 20)
    assert means(points(**final, change_mean=-3.9, change_sd=3.5), ALL).values == (-3.9, 3.5, 20)
    by_error = means(points(**final, change_mean=-3.9, change_se=1), ALL)
    assert by_error.values == (-3.9, pytest.approx(20**0.5), 20)


def test_medians_stand_in_last():
    given = points(q1=2, median=4, q3=6, total=40)
    assert means(given, PLAN) is None
    found = means(given, ALL)
    assert found.points == ("q1", "median", "q3", "total")
    assert found.values[0] == pytest.approx(4)
    assert found.steps[0].method == "quantiles-to-mean-sd"


def test_without_the_number_of_people_there_is_no_mean():
    assert means(points(mean=4, sd=2), ALL) is None


def test_arms_taken_together_leave_a_step_that_can_be_done_again():
    both = combined([Numbers((3, 10), ("a", "b")), Numbers((4, 12), ("c", "d"))])
    assert (both.values, both.points) == ((7, 22), ("a", "b", "c", "d"))
    assert replay(both.steps[0]) == both.steps[0]
    # Handbook table 6.5.a: (n1 m1 + n2 m2) / (n1 + n2) and the pooled spread about it.
    means_of_two = combined([Numbers((1, 1, 2), ("a",)), Numbers((3, 1, 2), ("b",))])
    assert means_of_two.values == (pytest.approx(2), pytest.approx((6 / 3) ** 0.5), 4)
    assert combined([Numbers((3, 10), ("a", "b"))]).steps == ()


def test_arms_whose_numbers_cannot_be_true_are_not_taken_together():
    assert combined([Numbers((1, 1, 1), ("a",)), Numbers((3, 1, 2), ("b",))]) is None
    assert combined([Numbers((5, 4), ("a",)), Numbers((3, 9), ("b",))]) is None

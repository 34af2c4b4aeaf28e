"""Conversions: by algebra, there and back, and what is refused. Published examples are in tests/worked."""

import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stromata.errors import InvalidInput
from stromata.extraction.conversions import (
    CONVERSIONS,
    cautions,
    convert,
    possible_events,
    printed_decimals,
    replay,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conversions.md"

EXAMPLES = {
    "se-to-sd": {"se": 1.2, "n": 16},
    "sd-to-se": {"sd": 4.8, "n": 16},
    "ci-to-se": {"ci_low": 1, "ci_high": 3, "n": 12, "estimate": 2},
    "ci-to-sd": {"ci_low": 1, "ci_high": 3, "n": 12},
    "ratio-ci-to-se": {"ci_low": 0.5, "ci_high": 2},
    "p-to-se": {"estimate": -2.5, "p": 0.03},
    "ratio-p-to-se": {"ratio": 0.7, "p": 0.03},
    "t-to-se": {"estimate": -2.5, "t": 2},
    "f-to-se": {"estimate": -2.5, "f": 4},
    "se-of-difference-to-sd": {"se": 1.37, "n1": 25, "n2": 22},
    "quantiles-to-mean-sd": {"n": 20, "q1": 4, "median": 6, "q3": 10},
    "quantiles-to-mean-sd-box-cox": {"n": 20, "q1": 4, "median": 6, "q3": 10, "min": 1, "max": 20},
    "quantiles-to-mean-sd-fitted": {"n": 20, "min": 1, "median": 6, "max": 20},
    "final-to-change": {"mean_baseline": 20, "sd_baseline": 5, "mean_final": 12, "sd_final": 6, "correlation": 0.5},
    "change-correlation": {"sd_baseline": 5, "sd_final": 6, "sd_change": 5.5},
    "combine-groups": {"n1": 5, "mean1": 1, "sd1": 1, "n2": 6, "mean2": 2, "sd2": 1},
    "combine-events": {"events1": 1, "total1": 5, "events2": 2, "total2": 6},
    "combine-rates": {"events1": 1, "time1": 5.5, "events2": 2, "time2": 6},
    "ratio-to-log": {"ratio": 0.62},
    "split-group": {"n": 25, "parts": 2},
    "split-events": {"events": 7, "total": 25, "parts": 3},
    "cluster-effective-size": {"n": 120, "cluster_size": 20, "icc": 0.05, "events": 30},
    "percent-to-events": {"percent": 47.1, "total": 17, "decimals": 1},
}


def outputs(method, **inputs):
    return dict(convert(method, **inputs).outputs)


def examples():
    for name in CONVERSIONS:
        yield name, EXAMPLES.get(name, {"value": 12.0})


@pytest.mark.parametrize(("name", "inputs"), list(examples()))
def test_a_step_can_be_done_again_and_gives_the_same(name, inputs):
    step = convert(name, **inputs)
    assert step.method == name
    assert step.source
    assert replay(step) == step
    first, value = step.outputs[0]
    for wrong in (value + 1, value * (1 + 2e-9) if value else 1e-8):
        with pytest.raises(InvalidInput, match="now; recorded was"):
            replay(replace(step, outputs=((first, wrong), *step.outputs[1:])))
    near = replace(step, outputs=((first, value * (1 + 1e-10)), *step.outputs[1:]))
    assert replay(near) == step


def test_a_step_with_other_outputs_does_not_pass():
    step = replace(convert("se-to-sd", se=1, n=4), outputs=(("mean", 2.0),))
    with pytest.raises(InvalidInput, match="gives sd now; recorded were mean"):
        replay(step)


@pytest.mark.parametrize(
    ("altered", "word"),
    [
        ({"assumptions": ()}, "Recorded was: nothing"),
        ({"assumptions": ("The value comes from a normal distribution.",)}, "Recorded was: The value comes from a n"),
        ({"source": "our own"}, "recorded was 'our own'"),
        # The level is left to its default, and named twice: the number comes out the same both times.
        ({"inputs": (("ci_low", 1.0), ("ci_high", 3.0), ("n", 12.0))}, "takes ci_low 1.0, .* level 0.95, n 12.0; rec"),
        (
            {"inputs": (("ci_low", 0.0), ("ci_low", 1.0), ("ci_high", 3.0), ("level", 0.95), ("n", 12.0))},
            "recorded were ci_low 0.0, ci_low 1.0",
        ),
        ({"outputs": (("se", 9.0), *convert("ci-to-se", ci_low=1, ci_high=3, n=12).outputs)}, "recorded were se, se"),
    ],
)
def test_whatever_was_altered_in_a_step_is_found(altered, word):
    step = convert("ci-to-se", ci_low=1, ci_high=3, n=12)
    with pytest.raises(InvalidInput, match=word):
        replay(replace(step, **altered))


HANDBOOK = "Cochrane Handbook 6.4, section {}, training.cochrane.org/handbook"
T_OF_11 = "The value comes from Student's t distribution with n - 1 = 11 degrees of freedom."
NORMAL = "The value comes from a normal distribution; no number of people or degrees of freedom was given."
MCGRATH = "McGrath 2020, {}, 10.1177/0962280219889080"
OF_THE_TEST = "The p-value is two-sided, exact as printed, and from a test of this estimate."

WORDS = {
    "se-to-sd": (HANDBOOK.format("6.5.2.2"),),
    "sd-to-se": (HANDBOOK.format("6.5.2.2"),),
    "ci-to-se": (HANDBOOK.format("6.3.1"), T_OF_11),
    "ci-to-sd": (HANDBOOK.format("6.5.2.2"), T_OF_11),
    "ratio-ci-to-se": (HANDBOOK.format("6.3.2"), "The interval was made on the log scale.", NORMAL),
    "p-to-se": (HANDBOOK.format("6.3.1"), NORMAL, OF_THE_TEST),
    "ratio-p-to-se": (HANDBOOK.format("6.3.2"), "The test was made on the log scale.", NORMAL, OF_THE_TEST),
    "t-to-se": (HANDBOOK.format("6.5.2.3"), "The t-value is from a test of this estimate."),
    "f-to-se": (
        HANDBOOK.format("6.5.2.3"),
        "The F-value compares two groups only (one degree of freedom above), so that it is the square of t.",
    ),
    "se-of-difference-to-sd": (HANDBOOK.format("6.5.2.3"), "Both groups have the same standard deviation."),
    "quantiles-to-mean-sd": (
        "mean: Luo 2018, 10.1177/0962280216669183; SD: Wan 2014, 10.1186/1471-2288-14-135",
        "The values are from a normal distribution (scenario C3).",
    ),
    "quantiles-to-mean-sd-box-cox": (
        MCGRATH.format("Box-Cox method"),
        "A power of the values is normally distributed.",
    ),
    "quantiles-to-mean-sd-fitted": (
        MCGRATH.format("quantile estimation method"),
        "The values are from a gamma distribution, the closest of those tried.",
    ),
    "final-to-change": (
        HANDBOOK.format("6.5.2.8"),
        "Baseline and final values are correlated with r = 0.5.",
        "The same people were measured both times.",
    ),
    "change-correlation": (HANDBOOK.format("6.5.2.8"), "All three standard deviations are of the same people."),
    "combine-groups": (HANDBOOK.format("6.5.2.10"),),
    "combine-events": (HANDBOOK.format("23.3.4"),),
    "combine-rates": ("arithmetic",),
    "ratio-to-log": ("arithmetic",),
    "split-group": (
        HANDBOOK.format("23.3.4"),
        "Each part keeps the mean and standard deviation of the whole group.",
    ),
    "split-events": (
        HANDBOOK.format("23.3.4"),
        "Events are spread evenly over the parts, in whole people; a remainder goes to the first parts.",
    ),
    "cluster-effective-size": (
        "Cochrane Handbook 5.1, section 16.3.4, handbook-5-1.cochrane.org",
        "People of one cluster are alike with an intracluster correlation of 0.05.",
        "All clusters are of about the same size.",
    ),
    "percent-to-events": ("arithmetic", "The percentage was printed with 1 decimal, and refers to all 17 people."),
    "days-to-weeks": ("definition of the units",),
    "months-to-weeks": ("definition of the units", "A month is a twelfth of 365.25 days."),
}


@pytest.mark.parametrize("name", [*EXAMPLES, "days-to-weeks", "months-to-weeks"])
def test_a_step_says_what_it_has_always_said(name):
    """Words stand in every recorded step. Whoever changes one must let `replay` accept the older one, too."""
    step = convert(name, **dict(examples())[name])
    assert (step.source, *step.assumptions) == WORDS[name]


@pytest.mark.parametrize("name", CONVERSIONS)
def test_the_reference_page_has_every_conversion_with_its_inputs(name):
    page = PAGE.read_text(encoding="utf-8")
    if name in EXAMPLES:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        for item in CONVERSIONS[name].inputs:
            assert f"`{item.name}`" in row
    else:
        one, other = name.split("-to-")
        assert f"`{one}`" in page
        assert f"`{other}`" in page


def test_standard_errors_and_deviations():
    assert outputs("se-to-sd", se=1.2, n=16) == {"sd": pytest.approx(4.8)}
    assert outputs("sd-to-se", sd=4.8, n=16) == {"se": pytest.approx(1.2)}


def test_an_interval_is_read_with_t_when_the_number_of_people_is_known():
    large = convert("ci-to-se", ci_low=1, ci_high=3)
    small = convert("ci-to-se", ci_low=1, ci_high=3, n=10)
    assert dict(large.outputs)["se"] == pytest.approx(1 / 1.959963984540054)
    assert dict(small.outputs)["se"] == pytest.approx(1 / 2.2621571628540993)
    assert "normal distribution" in large.assumptions[0]
    assert "n - 1 = 9" in small.assumptions[0]
    assert outputs("ci-to-sd", ci_low=1, ci_high=3, n=10)["sd"] == pytest.approx(math.sqrt(10) / 2.2621571628540993)
    difference = outputs("ci-to-se", ci_low=1, ci_high=3, df=45, level=0.9)
    assert difference["se"] == pytest.approx(1 / 1.679427392652355)


def test_an_interval_that_is_not_symmetrical_is_remarked():
    assert len(convert("ci-to-se", ci_low=1, ci_high=3, estimate=2.05).assumptions) == 1
    assert "not symmetrical" in convert("ci-to-se", ci_low=1, ci_high=3, estimate=1.6).assumptions[1]


def test_ratios_are_handled_as_logarithms():
    found = outputs("ratio-ci-to-se", ci_low=0.5, ci_high=2)
    assert found["log_estimate"] == pytest.approx(0, abs=1e-12)
    assert found["se"] == pytest.approx(math.log(2) / 1.959963984540054)
    stated = outputs("ratio-ci-to-se", ci_low=0.5, ci_high=2, estimate=1.02)
    assert stated["log_estimate"] == pytest.approx(math.log(1.02))
    # A ratio whose interval just touches 1 has p = 0.05.
    ratio, p = 1.5, 0.05
    touching = outputs("ratio-ci-to-se", ci_low=1, ci_high=ratio**2)
    assert outputs("ratio-p-to-se", ratio=ratio, p=p)["se"] == pytest.approx(touching["se"])


@settings(deadline=None, max_examples=60)
@given(st.floats(-50, 50).filter(lambda x: abs(x) > 0.01), st.floats(0.01, 20), st.integers(3, 200))
def test_estimate_error_and_p_value_agree(estimate, se, df):
    p = float(2 * stats.t.sf(abs(estimate / se), df))
    if 1e-200 < p < 0.999:
        assert outputs("p-to-se", estimate=estimate, p=p, df=df)["se"] == pytest.approx(se, rel=1e-6)
    assert outputs("t-to-se", estimate=estimate, t=estimate / se)["se"] == pytest.approx(se)
    assert outputs("f-to-se", estimate=estimate, f=(estimate / se) ** 2)["se"] == pytest.approx(se)


def test_the_smallest_p_values_keep_their_digits():
    z = -NormalDist().inv_cdf(5e-31)
    assert outputs("p-to-se", estimate=1, p=1e-30)["se"] == pytest.approx(1 / z)


def test_the_error_of_a_difference_gives_the_deviation_within_groups():
    assert outputs("se-of-difference-to-sd", se=2, n1=8, n2=8)["sd"] == pytest.approx(4)


def test_quantiles_are_passed_on():
    step = convert("quantiles-to-mean-sd", n=25, q1=10, median=14, q3=22)
    assert dict(step.outputs)["mean"] == pytest.approx(0.7156 * 16 + 0.2844 * 14)
    assert "scenario C3" in step.assumptions[0]


def test_the_change_and_its_correlation_undo_each_other():
    given_r = outputs("final-to-change", mean_baseline=20, sd_baseline=5, mean_final=12, sd_final=6, correlation=0.37)
    assert given_r["change_mean"] == -8
    back = outputs("change-correlation", sd_baseline=5, sd_final=6, sd_change=given_r["change_sd"])
    assert back["correlation"] == pytest.approx(0.37)


def test_the_change_has_the_spread_of_paired_differences():
    random = np.random.default_rng(8)
    before = random.normal(10, 3, 500)
    after = 0.5 * before + random.normal(0, 2, 500)
    sds = {"sd_baseline": before.std(ddof=1), "sd_final": after.std(ddof=1)}
    r = float(np.corrcoef(before, after)[0, 1])
    step = outputs("final-to-change", mean_baseline=before.mean(), mean_final=after.mean(), correlation=r, **sds)
    assert step["change_sd"] == pytest.approx((after - before).std(ddof=1))
    assert step["change_mean"] == pytest.approx((after - before).mean())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9), min_size=2, max_size=5))
def test_combined_groups_are_as_if_all_people_were_one_group(groups):
    inputs = {}
    for number, values in enumerate(groups, start=1):
        inputs |= {f"n{number}": len(values), f"mean{number}": np.mean(values), f"sd{number}": np.std(values, ddof=1)}
    found = outputs("combine-groups", **inputs)
    people = np.concatenate(groups)
    assert found["n"] == len(people)
    assert found["mean"] == pytest.approx(people.mean(), abs=1e-9)
    assert found["sd"] == pytest.approx(people.std(ddof=1), abs=1e-6)


def test_a_single_person_joins_a_group_without_a_spread_of_their_own():
    found = outputs("combine-groups", n1=3, mean1=2, sd1=1, n2=1, mean2=6, sd2=0)
    assert found == {"n": 4, "mean": 3, "sd": pytest.approx(np.std([1, 2, 3, 6], ddof=1))}


def test_combined_events_are_added():
    assert outputs("combine-events", events1=1, total1=5, events2=2, total2=6, events3=0, total3=4) == {
        "events": 3,
        "total": 15,
    }


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 300), st.integers(0, 300), st.integers(2, 6))
def test_a_split_group_loses_nobody(total, events, parts):
    events, parts = min(events, total), min(parts, total)
    found = outputs("split-events", events=events, total=total, parts=parts)
    numbers = range(1, parts + 1)
    assert sum(found[f"events{number}"] for number in numbers) == events
    assert sum(found[f"total{number}"] for number in numbers) == total
    for number in numbers:
        assert 0 <= found[f"events{number}"] <= found[f"total{number}"]
    sizes = list(outputs("split-group", n=total, parts=parts).values())
    assert sum(sizes) == total
    assert max(sizes) - min(sizes) <= 1


def test_a_cluster_trial_shrinks_by_its_design_effect():
    found = outputs("cluster-effective-size", n=120, cluster_size=20, icc=0.05, events=30)
    assert found == pytest.approx({"design_effect": 1.95, "n_effective": 120 / 1.95, "events_effective": 30 / 1.95})
    assert outputs("cluster-effective-size", n=120, cluster_size=20, icc=0)["n_effective"] == 120


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.data(), st.integers(0, 3))
def test_the_true_count_is_always_among_the_possible_ones(total, data, decimals):
    events = data.draw(st.integers(0, total))
    printed = round(100 * events / total, decimals)
    possible = possible_events(printed, total, decimals=decimals)
    assert events in possible
    assert all(abs(100 * count / total - printed) <= 0.5001 * 10**-decimals for count in possible)
    step = convert("percent-to-events", percent=printed, total=total, decimals=decimals)
    found = dict(step.outputs)
    assert found["events"] in possible
    assert ("events_min" in found) == (len(possible) > 1)
    codes = [caution.code for caution in cautions(step)]
    assert codes == ["events-from-percent"] + ["events-not-unique"] * (len(possible) > 1)


def test_a_halfway_percentage_fits_whichever_way_it_was_rounded():
    # 1 of 8 is 12.5 %, printed as 12 or 13.
    assert possible_events(12, 8, decimals=0) == (1,)
    assert possible_events(13, 8, decimals=0) == (1,)


def test_several_counts_behind_one_percentage_are_all_named():
    step = convert("percent-to-events", percent=33, total=500, decimals=0)
    assert dict(step.outputs) == {"events": 165, "events_min": 163, "events_max": 167}
    assert "163 to 167 of 500" in cautions(step)[1].text


def test_a_percentage_that_no_count_gives_is_refused_with_the_nearest():
    with pytest.raises(
        InvalidInput, match=r"no count out of 17 is printed as 50\.0 %; the nearest is 9, which is 52\.9 %"
    ):
        convert("percent-to-events", percent=50.0, total=17, decimals=1)


def test_decimals_that_were_not_counted_are_those_of_the_number():
    step = convert("percent-to-events", percent=47.1, total=17)
    assert dict(step.outputs) == {"events": 8}
    assert "zeros at the end are lost" in step.assumptions[1]
    assert replay(step) == step
    # 25.0 % of 200 is 50; read as 25 % it could be 49, 50 or 51.
    assert outputs("percent-to-events", percent=25.0, total=200) == {"events": 50, "events_min": 49, "events_max": 51}
    assert outputs("percent-to-events", percent=25.0, total=200, decimals=1) == {"events": 50}
    assert cautions(convert("percent-to-events", percent=25.0, total=200))[1].code == "events-not-unique"


@pytest.mark.parametrize(("text", "decimals"), [("47.1", 1), ("25.00 %", 2), ("25", 0), ("8,5%", 1), ("~30 %", 0)])
def test_decimals_are_counted_as_printed(text, decimals):
    assert printed_decimals(text) == decimals


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("mg/dL-to-mg/L", 1.3, 13),
        ("mg/L-to-mg/dL", 13, 1.3),
        ("g/24h-to-mg/24h", 0.5, 500),
        ("%-to-proportion", 47.1, 0.471),
        ("weeks-to-days", 4, 28),
        ("months-to-weeks", 12, 365.25 / 7),
        ("years-to-months", 2, 24),
        ("days-to-months", 30.4375, 1),
    ],
)
def test_units(name, value, result):
    assert outputs(name, value=value) == {"value": pytest.approx(result, rel=1e-14)}
    one, other = name.split("-to-")
    assert outputs(f"{other}-to-{one}", value=result)["value"] == pytest.approx(value, rel=1e-14)


def test_cautions_say_what_a_reader_must_know():
    skewed = convert("quantiles-to-mean-sd", n=101, q1=1, median=2, q3=9)
    assert [caution.code for caution in cautions(skewed)] == ["mean-from-quantiles", "skewed-quantiles"]
    meant_for_it = convert("quantiles-to-mean-sd-fitted", n=101, q1=1, median=2, q3=9)
    assert [caution.code for caution in cautions(meant_for_it)] == ["mean-from-quantiles"]
    of_few = convert("quantiles-to-mean-sd-fitted", n=25, min=1, median=2, max=9)
    assert [caution.code for caution in cautions(of_few)] == ["mean-from-quantiles", "range-of-few"]
    low = convert("quantiles-to-mean-sd-box-cox", n=101, q1=1, median=2, q3=3.5)
    assert [caution.code for caution in cautions(low)] == ["mean-from-quantiles", "box-cox-low"]
    change = convert("final-to-change", **EXAMPLES["final-to-change"])
    assert "0.5" in cautions(change)[0].text
    assert cautions(convert("se-to-sd", se=1, n=4)) == ()


@pytest.mark.parametrize(
    ("name", "inputs", "word"),
    [
        ("se-to-mean", {}, "there is no conversion 'se-to-mean'; there are se-to-sd"),
        ("se-to-sd", {"se": 1}, r"needs n \(people measured\)"),
        ("se-to-sd", {"se": 1, "n": 4, "sd": 2}, "does not take sd; it takes se, n"),
        ("se-to-sd", {"se": 0, "n": 4}, "se is 0; allowed: more than 0"),
        ("se-to-sd", {"se": 1, "n": 4.5}, "n is 4.5; allowed: 2 or more and a whole number"),
        ("se-to-sd", {"se": math.inf, "n": 4}, "se is inf"),
        ("se-to-sd", {"se": math.nan, "n": 4}, "se is nan"),
        ("ci-to-se", {"ci_low": 3, "ci_high": 1}, "ci_high is 1; allowed: more than ci_low, 3"),
        ("ci-to-se", {"ci_low": 1, "ci_high": 3, "estimate": 4}, "estimate is 4; allowed: between 1 and 3"),
        ("ci-to-se", {"ci_low": 1, "ci_high": 3, "n": 9, "df": 8}, "n and df were both given"),
        ("ci-to-se", {"ci_low": 1, "ci_high": 3, "level": 95}, "level is 95"),
        ("ratio-ci-to-se", {"ci_low": 0, "ci_high": 3}, "ci_low is 0; allowed: more than 0"),
        ("p-to-se", {"estimate": 0, "p": 0.5}, "estimate is 0"),
        ("p-to-se", {"estimate": 1, "p": 0}, "p is 0"),
        ("ratio-p-to-se", {"ratio": 1, "p": 0.5}, "estimate is 0"),
        ("t-to-se", {"estimate": 1, "t": 0}, "must not be 0"),
        ("f-to-se", {"estimate": 0, "f": 3}, "estimate is 0"),
        ("change-correlation", {"sd_baseline": 5, "sd_final": 6, "sd_change": 12}, "allowed with these two: 1 to 11"),
        ("final-to-change", {**EXAMPLES["final-to-change"], "correlation": 1.2}, "correlation is 1.2"),
        ("final-to-change", {**EXAMPLES["final-to-change"], "correlation": 1, "sd_final": 5}, "no variation"),
        ("combine-groups", {"n1": 5, "mean1": 1, "sd1": 1}, "needs n2"),
        ("combine-groups", {**EXAMPLES["combine-groups"], "n4": 3}, "needs n3"),
        ("combine-groups", {"n9999999": 1}, "at most 1000 groups"),
        ("combine-groups", {**EXAMPLES["combine-groups"], "n2": 1}, "sd2 is 1 with n2 = 1; allowed for one person: 0"),
        ("combine-events", {"events1": 6, "total1": 5, "events2": 2, "total2": 6}, "events is 6; allowed: at most"),
        ("split-group", {"n": 3, "parts": 4}, "parts is 4; allowed: at most the number of people, 3"),
        ("cluster-effective-size", {"n": 10, "cluster_size": 5, "icc": -0.1}, "icc is -0.1"),
        ("percent-to-events", {"percent": 101, "total": 5, "decimals": 0}, "percent is 101"),
        ("quantiles-to-mean-sd", {"n": 9, "median": 2, "q1": 3, "q3": 4}, "median is 2"),
        ("weeks-to-days", {"value": 1e308}, "gives value inf"),
    ],
)
def test_what_cannot_be_is_refused_by_name_value_and_limit(name, inputs, word):
    with pytest.raises(InvalidInput, match=word):
        convert(name, **inputs)

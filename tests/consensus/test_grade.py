"""GRADE: starts, proposals at their borders, confirmation by a person, and the sum."""

from dataclasses import replace

import pytest

from stromata.consensus import (
    certainty,
    confirm,
    judge,
    optimal_information_size,
    overall_levels,
    propose_imprecision,
    propose_inconsistency,
    propose_indirectness,
    propose_large_effect,
    propose_publication_bias,
    propose_risk_of_bias,
    start_level,
)
from stromata.consensus.grade import LOWER, Proposal, participants_of
from stromata.errors import InvalidInput
from stromata.model import Appraisal, EffectSize, Interval, Judgement, SubgroupTest, Synthesis

NONE = Interval(None, None, None)


def effect(study, weight, **inputs):
    given = inputs or {"ai": 10.0, "bi": 40.0, "ci": 20.0, "di": 30.0}
    return EffectSize(study, "RR", 0.0, 1.0, NONE, tuple(given.items()), study=study, weight=weight)


def pooled(low, high, *, measure="RR", weights=(50.0, 30.0, 20.0), estimate=None, **more):
    middle = (low + high) / 2 if estimate is None else estimate
    pi_low, pi_high = more.pop("pi", (None, None))
    effects = tuple(effect(f"s{at}", weight) for at, weight in enumerate(weights))
    natural = Interval(middle, low, high, pi_low, pi_high)
    return Synthesis(
        len(effects), measure, "random", "reml", "z", 0.95, 0.0, 0.1, 0.0, 0.0, natural, effects=effects, **more
    )


def test_the_start_follows_the_weakest_design():
    assert start_level(["rct", "rct"])[0] == "high"
    level, reason = start_level(["rct", "case-series"])
    assert level == "low"
    assert "case-series" in reason
    assert start_level(["cohort"], confounding_judged=True)[0] == "high"
    assert start_level(["cohort", "single-arm"], confounding_judged=True)[0] == "low"


@pytest.mark.parametrize("designs", [[], ["preclinical"], ["rct", "other"]])
def test_there_is_no_start_without_studies_in_people(designs):
    with pytest.raises(InvalidInput):
        start_level(designs)


def appraisal(study, level, domain="overall"):
    return Appraisal("rob2-assignment", "1", study, "ann", judgements=(Judgement(domain, level),))


def test_of_several_appraisals_the_worst_counts():
    found = overall_levels(
        [appraisal("a", "low"), appraisal("a", "high"), appraisal("a", "some-concerns"), appraisal("b", "high", "D1")]
    )
    assert found == {"a": "high"}


@pytest.mark.parametrize(
    ("levels", "expected", "share"),
    [
        (("low", "low", "low"), "not-serious", 0),
        (("low", "low", "high"), "not-serious", 20),
        (("low", "high", "low"), "serious", 30),
        (("low", "high", "serious"), "serious", 50),
        (("high", "high", "low"), "very-serious", 80),
        (("some-concerns", "low", "low"), "serious", 0),
        (("low", "some-concerns", "low"), "not-serious", 0),
    ],
)
def test_risk_of_bias_by_share_of_the_weight(levels, expected, share):
    found = propose_risk_of_bias(pooled(0.5, 0.9), {f"s{at}": level for at, level in enumerate(levels)})
    assert found.level == expected
    assert dict(found.numbers)["high_share"] == pytest.approx(share)
    assert f"{share} % of the pooled weight" in found.reason


def test_without_weights_people_count_and_the_reason_says_so():
    result = pooled(0.5, 0.9, weights=(None, None))
    result = replace(result, effects=(effect("a", None, xi=1.0, ni=10.0), effect("b", None, xi=1.0, ni=30.0)))
    found = propose_risk_of_bias(result, {"a": "low", "b": "high"})
    assert dict(found.numbers)["high_share"] == pytest.approx(75)
    assert "of the participants" in found.reason


def test_nothing_is_proposed_where_most_was_not_appraised():
    assert propose_risk_of_bias(pooled(0.5, 0.9), {"s1": "low"}).level is None
    found = propose_risk_of_bias(pooled(0.5, 0.9), {"s0": "low", "s1": "low"})
    assert found.level == "not-serious"
    assert "not appraised 20 %" in found.reason
    assert propose_risk_of_bias(pooled(0.5, 0.9, weights=()), {}).level is None


@pytest.mark.parametrize(
    ("interval", "prediction", "thresholds", "expected"),
    [
        ((0.5, 0.9), (0.4, 0.95), (), "not-serious"),
        ((0.5, 0.9), (0.3, 1.3), (), "serious"),
        ((0.5, 1.1), (0.3, 1.3), (), None),  # the confidence interval crosses as well, and no test tells more
        ((0.8, 0.95), (0.6, 1.3), (0.75, 1.25), "very-serious"),
        ((0.8, 0.95), (0.6, 1.2), (0.75, 1.25), "serious"),
        ((0.5, 0.9), (0.4, 1.0), (), "not-serious"),  # touching is not crossing
    ],
)
def test_inconsistency_by_prediction_interval(interval, prediction, thresholds, expected):
    found = propose_inconsistency(pooled(*interval, pi=prediction), thresholds=thresholds)
    assert found.level == expected


@pytest.mark.parametrize(
    ("q", "p", "expected"), [(4.0, 0.09, "serious"), (3.9, 0.01, "not-serious"), (10.0, 0.10, "not-serious")]
)
def test_inconsistency_by_i2_where_there_is_no_prediction_interval(q, p, expected):
    """Of three studies a Q of 4 on 2 degrees of freedom gives an I2 of 50 %."""
    found = propose_inconsistency(pooled(0.5, 0.9, q=q, q_df=2, q_p=p))
    assert found.level == expected
    assert found.reason.startswith("There is no prediction interval to judge by; I2 is ")
    assert "by Cochran's Q (Q = " in found.reason


def test_i2_and_p_come_from_one_statistic_and_it_is_named():
    """The I2 of a binomial-normal model rests on tau2; its test is a likelihood ratio. Side by side they contradict."""
    result = replace(pooled(0.1, 0.3, measure="PLO", i2=0.0, q=9.7, q_df=2, q_p=0.0078), model="glmm")
    found = propose_inconsistency(result)
    assert dict(found.numbers)["i2"] == pytest.approx(100 * 7.7 / 9.7)
    assert found.level == "serious"
    assert "I2 is 79 % by the likelihood-ratio test (chi2 = 9.7, df = 2, p = 0.008)" in found.reason
    assert "I2 is 0 %" in propose_inconsistency(replace(result, q=1.0, q_p=0.61)).reason


def test_a_prediction_interval_without_a_threshold_is_not_denied():
    found = propose_inconsistency(pooled(0.1, 0.3, measure="PLO", pi=(0.05, 0.5), q=9.0, q_df=2, q_p=0.011))
    assert found.level == "serious"
    assert found.reason.startswith(
        "No threshold is given to judge the prediction interval (0.05 to 0.5) by; I2 is 78 %"
    )
    assert "no prediction interval" not in found.reason


def test_a_wide_pooled_interval_does_not_hide_that_studies_differ():
    result = pooled(0.5, 1.1, pi=(0.2, 3.0), q=20.0, q_df=2, q_p=0.00005)
    found = propose_inconsistency(result)
    assert found.level == "serious"
    assert "that is imprecision. Apart from that, I2 is 90 %" in found.reason
    assert propose_inconsistency(replace(result, q=2.1, q_p=0.35)).level == "not-serious"
    # a threshold outside the confidence interval is a verdict of its own, and so is crossing none
    assert propose_inconsistency(result, thresholds=(0.75, 2.0, 2.5)).level == "very-serious"
    assert propose_inconsistency(result, thresholds=(5.0,)).level == "not-serious"
    assert propose_inconsistency(replace(result, q=None)).level is None


def test_inconsistency_of_one_study_or_without_numbers_is_open():
    assert propose_inconsistency(pooled(0.5, 0.9, weights=(100.0,))).level is None
    assert propose_inconsistency(pooled(0.5, 0.9)).level is None
    assert propose_inconsistency(pooled(0.1, 0.3, measure="PLO", pi=(0.05, 0.5))).level is None


def test_subgroups_that_may_explain_it_are_told():
    result = pooled(0.5, 0.9, q=10.0, q_df=2, q_p=0.01, subgroup_test=SubgroupTest(9.0, 1, 0.003))
    assert "may explain" in propose_inconsistency(result).reason


def test_indirectness_needs_marks_of_a_person():
    assert propose_indirectness(pooled(0.5, 0.9), {}).level == "not-serious"
    found = propose_indirectness(pooled(0.5, 0.9), {"s1": "healthy volunteers", "zz": "not here"})
    assert (found.level, dict(found.numbers)["indirect_share"]) == ("serious", pytest.approx(30))
    assert "healthy volunteers" in found.reason
    assert "not here" not in found.reason
    assert propose_indirectness(pooled(0.5, 0.9), {"s0": "", "s1": ""}).level == "very-serious"


def test_the_optimal_information_size_by_hand():
    """(1.95996 + 0.84162)^2 x (0.25 + 0.24) / 0.01 = 384.6: 385 in each arm."""
    assert optimal_information_size(0.5, 0.4) == 770
    assert optimal_information_size(0.4, 0.5) == 770
    assert optimal_information_size(0.5, 0.4, power=0.9) > 770
    assert optimal_information_size(0.5, 0.45) > 4 * 760


@pytest.mark.parametrize("risks", [(0.5, 0.5), (-0.1, 0.5), (0.5, 1.1)])
def test_an_information_size_that_cannot_be(risks):
    with pytest.raises(InvalidInput):
        optimal_information_size(*risks)


@pytest.mark.parametrize(
    ("interval", "size", "expected"),
    [
        ((0.5, 0.9), None, "not-serious"),
        ((0.5, 0.9), 300, "not-serious"),  # three studies of 100 people
        ((0.5, 0.9), 301, "serious"),
        ((0.8, 1.2), 300, "not-serious"),  # includes no effect, but nothing appreciable
        ((0.8, 1.2), 301, "serious"),
        ((0.6, 1.2), 300, "serious"),
        ((0.6, 1.4), 300, "very-serious"),
        ((0.6, 1.0), 300, "serious"),
    ],
)
def test_imprecision_in_the_view_of_a_review(interval, size, expected):
    assert propose_imprecision(pooled(*interval), information_size=size).level == expected


@pytest.mark.parametrize(
    ("interval", "thresholds", "expected"),
    [((0.2, 0.6), (0.3,), "serious"), ((0.35, 0.6), (0.3,), "not-serious"), ((0.2, 0.6), (0.3, 0.5), "very-serious")],
)
def test_imprecision_in_the_view_of_a_guideline(interval, thresholds, expected):
    assert propose_imprecision(pooled(*interval, measure="PLO"), thresholds=thresholds).level == expected


def test_a_proportion_without_thresholds_cannot_be_judged():
    found = propose_imprecision(pooled(0.2, 0.6, measure="PLO"))
    assert found.level is None
    assert "threshold" in found.reason


def test_a_difference_that_includes_none_is_serious():
    assert propose_imprecision(pooled(-1.0, 2.0, measure="MD")).level == "serious"
    assert propose_imprecision(replace(pooled(0, 1), natural=NONE)).level is None


@pytest.mark.parametrize(
    ("k", "p", "expected"), [(9, 0.001, None), (10, 0.09, "serious"), (10, 0.10, "not-serious"), (30, None, None)]
)
def test_publication_bias_only_with_ten_studies_and_a_test(k, p, expected):
    assert propose_publication_bias(k, p).level == expected


def test_a_p_value_that_cannot_be():
    with pytest.raises(InvalidInput):
        propose_publication_bias(12, 1.5)


@pytest.mark.parametrize(
    ("estimate", "interval", "expected"),
    [
        (2.0, (1.5, 2.7), "raised"),
        (1.99, (1.5, 2.7), "none"),
        (0.5, (0.3, 0.8), "raised"),
        (5.0, (3.0, 8.0), "raised-twice"),
        (0.2, (0.1, 0.4), "raised-twice"),
        (6.0, (0.9, 40.0), "none"),
    ],
)
def test_large_effects(estimate, interval, expected):
    result = pooled(*interval, estimate=estimate)
    assert propose_large_effect(result, start="low", lowered=False).level == expected
    assert propose_large_effect(result, start="high", lowered=False).level == "none"
    assert propose_large_effect(result, start="low", lowered=True).level == "none"


def test_a_large_odds_ratio_carries_its_reservation():
    result = pooled(1.5, 8.0, estimate=3.0, measure="OR")
    assert "odds ratio" in propose_large_effect(result, start="low", lowered=False).reason
    assert propose_large_effect(pooled(0.1, 0.9, measure="PLO"), start="low", lowered=False).level is None


def test_a_person_may_decide_otherwise_with_a_reason():
    found = confirm(
        Proposal("imprecision", "serious", (("n", 3.0),), "few"),
        level="very-serious",
        reason=" 3 people. ",
        person="Ann",
    )
    assert (found.proposed, found.level, found.steps, found.reason, found.person) == (
        "serious",
        "very-serious",
        -2,
        "3 people.",
        "Ann",
    )
    assert found.numbers == (("n", 3.0),)


@pytest.mark.parametrize(
    ("domain", "level", "reason", "person"),
    [
        ("imprecision", "serious", " ", "Ann"),
        ("imprecision", "serious", "few", ""),
        ("imprecision", "raised", "few", "Ann"),
        ("large-effect", "serious", "few", "Ann"),
        ("dose-response", "raised-twice", "few", "Ann"),
    ],
)
def test_a_judgement_that_cannot_be(domain, level, reason, person):
    with pytest.raises(InvalidInput):
        judge(domain, level=level, reason=reason, person=person)


def judgements(*others, **levels):
    own = {name.replace("_", "-"): level for name, level in levels.items()}
    found = [judge(name, level=own.get(name, "not-serious"), reason="seen", person="Ann") for name in LOWER]
    return [*found, *(judge(name, level=level, reason="seen", person="Ann") for name, level in others)]


@pytest.mark.parametrize(
    ("start", "given", "expected"),
    [
        ("high", judgements(), "high"),
        ("high", judgements(risk_of_bias="serious", imprecision="serious"), "low"),
        ("low", judgements(("large-effect", "raised-twice")), "high"),
        ("low", judgements(risk_of_bias="serious"), "very-low"),
        (
            "high",
            judgements(risk_of_bias="very-serious", inconsistency="serious", imprecision="very-serious"),
            "very-low",
        ),
        ("low", judgements(("large-effect", "raised-twice"), ("dose-response", "raised")), "high"),
        ("low", judgements(("dose-response", "raised")), "moderate"),
    ],
)
def test_the_level_is_the_start_and_all_steps_within_bounds(start, given, expected):
    assert certainty("o", start, given).level == expected


def test_each_step_has_its_footnote():
    found = certainty(
        "o", "high", judgements(imprecision="very-serious", risk_of_bias="serious"), start_reason="Trials."
    )
    assert found.footnotes == (
        "Rated down one level for risk of bias: seen.",
        "Rated down two levels for imprecision: seen.",
    )
    assert found.start_reason == "Trials."


def test_missing_and_double_domains_are_refused():
    with pytest.raises(InvalidInput, match="publication-bias"):
        certainty("o", "high", judgements()[:4])
    with pytest.raises(InvalidInput, match="twice"):
        certainty("o", "high", [*judgements(), judgements()[0]])


def test_rating_up_where_it_is_not_meant_is_told():
    up = ("large-effect", "raised")
    assert [one.code for one in certainty("o", "high", judgements(up)).cautions] == ["raised-from-high"]
    assert [one.code for one in certainty("o", "low", judgements(up, imprecision="serious")).cautions] == [
        "raised-and-lowered"
    ]
    assert certainty("o", "low", judgements(up)).cautions == ()


@pytest.mark.parametrize(
    ("inputs", "people"),
    [
        ({"xi": 3, "ni": 10}, 10),
        ({"ai": 1, "bi": 9, "ci": 2, "di": 8}, 20),
        ({"m1i": 1, "n1i": 9, "n2i": 8}, 17),
        ({"ai": 1, "n1i": 10, "ci": 2, "n2i": 12}, 22),
        ({}, 0),
    ],
)
def test_people_behind_an_effect(inputs, people):
    assert participants_of(inputs) == people


def test_a_tiny_p_value_is_not_told_as_zero():
    result = pooled(0.4, 0.9, q=30.0, q_df=2, q_p=0.00001)
    assert ", p < 0.001)" in propose_inconsistency(result).reason
    assert ", p = 0.012)" in propose_inconsistency(replace(result, q_p=0.0123)).reason

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis.advice import recommend, side_by_side
from stromata.synthesis.bayesian.priors import half_normal
from stromata.synthesis.counts.beta_binomial import pool_beta_binomial
from stromata.synthesis.counts.glmm import pool_glmm
from stromata.synthesis.intervals import exact_interval
from synthesis.published import BCG, PRITZ
from synthesis.sparse_data import CATHETERS

BCG_TOTALS = {
    "ai": BCG["ai"],
    "n1i": [a + b for a, b in zip(BCG["ai"], BCG["bi"], strict=True)],
    "ci": BCG["ci"],
    "n2i": [c + d for c, d in zip(BCG["ci"], BCG["di"], strict=True)],
}
RARE = {"ai": [1, 0, 2, 1], "n1i": [600, 500, 800, 400], "ci": [4, 3, 3, 2], "n2i": [580, 520, 810, 410]}


def first(**columns):
    return recommend(**columns).first.method


def against(advice):
    return {option.method for option in advice.against}


def codes(advice):
    return {caution.code for caution in advice.cautions}


@pytest.mark.parametrize(
    ("columns", "method"),
    [
        ({"xi": [3], "ni": [9]}, "exact"),
        ({"xi": [0, 0, 0, 0, 0, 0], "ni": [3, 9, 4, 6, 8, 2]}, "exact"),
        ({"xi": [3, 9], "ni": [3, 9]}, "exact"),
        ({"xi": [1, 0, 1], "ni": [1, 1, 1]}, "exact"),
        ({"xi": [3, 4], "ni": [9, 12]}, "bayes"),
        (PRITZ, "glmm"),
        ({"xi": [3], "ti": [9.5]}, "exact"),
        ({"xi": [3, 4, 1], "ti": [9.5, 3, 4]}, "glmm"),
        ({"ai": [3], "n1i": [30], "ci": [5], "n2i": [31]}, "exact"),
        ({"ai": [0, 0], "n1i": [30, 40], "ci": [5, 1], "n2i": [31, 44]}, "exact"),
        (RARE, "peto"),
        ({**RARE, "n1i": [1800, 1500, 2400, 1200]}, "exact"),
        (CATHETERS, "glmm-cm.el"),
        ({"ai": [10, 20], "n1i": [60, 50], "ci": [14, 13], "n2i": [58, 52]}, "bayes"),
        ({"yi": [0.2], "vi": [0.1]}, "common"),
        ({"yi": [0.2, 0.5], "vi": [0.1, 0.2]}, "bayes"),
        ({"yi": [0.2, 0.5, 0.1, 0.9, 0.3], "vi": [0.1] * 5}, "random-adhoc"),
    ],
)
def test_the_first_choice(columns, method):
    assert first(**columns) == method


def test_peto_is_for_rare_events_balanced_arms_and_moderate_effects():
    assert "peto" not in against(recommend(**RARE))
    uneven = recommend(**{**RARE, "n1i": [1800, 1500, 2400, 1200]})
    frequent = recommend(**{**RARE, "n1i": [60, 50, 80, 40], "n2i": [58, 52, 81, 41]})
    strong = recommend(**{**RARE, "ai": [1, 0, 0, 0], "ci": [8, 7, 9, 9]})
    for advice, reason in ((uneven, "size"), (frequent, "had the event"), (strong, "large")):
        (option,) = (option for option in advice.against if option.method == "peto")
        assert reason in option.why


def test_corrections_are_never_advised_and_every_option_has_its_reference():
    for columns in (PRITZ, CATHETERS, RARE, BCG_TOTALS, {"xi": [0], "ni": [6]}, {"yi": [0.1, 0.4], "vi": [0.1, 0.2]}):
        advice = recommend(**columns)
        options = (advice.first, *advice.others)
        assert "inverse-variance-corrected" not in {option.method for option in options}
        assert "double-arcsine" not in {option.method for option in options}
        for option in (*options, *advice.against):
            assert option.references
            assert option.why.endswith(".")


def test_studies_without_events_are_told_and_used_where_they_can_be():
    advice = recommend(**CATHETERS)
    assert "double-zero" in codes(advice)
    assert "beta-binomial" in {option.method for option in advice.others}
    assert "double-zero" not in codes(recommend(**RARE))


def test_wide_heterogeneity_rules_out_one_common_value():
    advice = recommend(**BCG_TOTALS)
    assert "heterogeneity-large" in codes(advice)
    assert not {"mh", "common"} & {option.method for option in (advice.first, *advice.others) if advice.k < 5}
    estimates = recommend(yi=[0.1, 2.0, -1.5, 3.0, 0.0, 1.0], vi=[0.01] * 6)
    assert "common" not in {option.method for option in estimates.others}
    assert "heterogeneity-large" in codes(estimates)


def test_two_studies_are_not_given_a_random_effects_variance_without_warning():
    advice = recommend(yi=[0.2, 0.5], vi=[0.1, 0.2])
    assert "random" in against(advice)
    assert "few-studies" in codes(advice)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"xi": [], "ni": []}, "no study"),
        ({"ai": [], "n1i": [], "ci": [], "n2i": []}, "no study"),
        ({"yi": [], "vi": []}, "no study"),
        ({"ai": [0, 0], "n1i": [9, 4], "ci": [0, 0], "n2i": [8, 5]}, "no ratio"),
        ({"ai": [9], "n1i": [9], "ci": [8], "n2i": [8]}, "no ratio"),
    ],
)
def test_what_is_meaningless_is_refused_with_its_reason(columns, text):
    advice = recommend(**columns)
    assert advice.first is None
    assert text in advice.refused
    assert side_by_side(**columns) == ()


def test_analyses_stand_side_by_side_the_first_choice_first():
    found = side_by_side(xi=[3, 4, 0], ni=[9, 12, 5])
    assert [each.method for each in found] == ["bayes", "glmm", "beta-binomial", "exact"]
    for each in found:
        assert each.natural.ci_low < each.natural.estimate < each.natural.ci_high
        assert not each.refused
    assert (found[-1].natural.ci_low, found[-1].natural.ci_high) == exact_interval(7, 26)
    assert "prior" in {caution.code for caution in found[0].cautions}


def test_ratios_of_all_models_are_alike_and_carry_their_cautions():
    found = side_by_side(**CATHETERS)
    assert len(found) == 5
    for each in found:
        assert 0.2 < each.natural.estimate < 0.4
    assert any(caution.code == "arms-unpaired" for each in found for caution in each.cautions)


def test_without_a_scale_there_is_no_prior_and_the_analysis_says_so():
    without = side_by_side(yi=[0.2, 0.5], vi=[0.1, 0.2])
    assert without[0].method == "bayes"
    assert "no prior" in without[0].refused
    assert without[0].natural.estimate is None
    with_prior = side_by_side(yi=[0.2, 0.5], vi=[0.1, 0.2], tau_prior=half_normal(0.3))
    assert with_prior[0].natural.ci_low < 0.3 < with_prior[0].natural.ci_high


@given(st.lists(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=4))
@settings(max_examples=6, deadline=None)
def test_single_arms_always_have_an_answer(case):
    found = side_by_side(xi=[x for x, _ in case], ni=[n for _, n in case])
    assert found
    assert found[0].natural.ci_low is not None
    assert 0 <= found[0].natural.ci_low <= found[0].natural.estimate <= found[0].natural.ci_high <= 1
    assert all(math.isfinite(each.natural.estimate) for each in found if each.natural.estimate is not None)


def test_bad_input_is_named():
    with pytest.raises(InvalidInput, match="there are"):
        recommend(xi=[1])
    with pytest.raises(InvalidInput, match="row 2, xi is 5"):
        recommend(xi=[1, 5], ni=[3, 4])
    with pytest.raises(InvalidInput, match="level"):
        side_by_side(xi=[1], ni=[3], level=2)


# A sample of sets of one to three studies with 1 to 40 people each: none, some and all of them with the event.
SINGLE_ARMS = [
    *(([x], [n]) for n in (1, 7, 40) for x in sorted({0, n // 2, n})),
    ([0, 0], [1, 14]), ([0, 0, 0], [1, 14, 27]), ([1, 1], [1, 1]), ([5, 12, 40], [5, 12, 40]),
    ([1, 0], [1, 1]), ([0, 30], [30, 30]), ([3, 1, 0], [9, 1, 40]), ([2, 4, 6], [10, 20, 30]),
]  # fmt: skip


@pytest.mark.parametrize(("x", "n"), SINGLE_ARMS)
def test_every_honest_analysis_answers_for_every_single_arm_set(x, n):
    found = side_by_side(xi=x, ni=n)
    assert found[0].method == recommend(xi=x, ni=n).first.method
    answered = [each for each in found if each.natural.ci_low is not None]
    assert answered[0] is found[0]
    for each in found:
        assert each.refused == ""
        assert "uncontrolled" in {caution.code for caution in each.cautions}
        if each not in answered:
            # A spread without a finite estimate: the analysis says so and names no number.
            assert {"glmm-did-not-converge", "all-or-nothing"} & {caution.code for caution in each.cautions}
            continue
        low, high = each.natural.ci_low, each.natural.ci_high
        assert 0 <= low < high <= 1
        assert high < 1 or low > 0  # something is excluded, on one side at least
        codes = {caution.code for caution in each.cautions}
        assert ("no-events" in codes) == (sum(x) == 0)
        assert ("all-events" in codes) == (sum(x) == sum(n))
        assert ("single-study" in codes) == (len(x) == 1)


@pytest.mark.parametrize(("x", "n"), [([0], [1]), ([40], [40]), ([0, 0, 0], [1, 9, 40]), ([1, 1], [1, 1])])
def test_all_or_none_leave_a_bound_on_one_side(x, n):
    for each in side_by_side(xi=x, ni=n):
        if each.method == "bayes":
            continue  # the prior keeps both ends off 0 and 1
        end = each.natural.ci_low if sum(x) == 0 else each.natural.ci_high
        assert end == each.natural.estimate == (0 if sum(x) == 0 else 1)
    exact = exact_interval(sum(x), sum(n))
    for model in (pool_glmm, pool_beta_binomial):
        natural = model("PLO", xi=x, ni=n).natural
        assert (natural.ci_low, natural.ci_high) == pytest.approx(exact, rel=1e-12)

"""Fits of other models as syntheses: their own numbers, in one form."""

import math
from dataclasses import replace

import pytest

from stromata import synthesis
from stromata.errors import InvalidInput
from stromata.review.analyses import analyse
from stromata.review.methods import Method

SINGLE = synthesis.effect_sizes(
    "PLO", xi=[3, 0, 5, 9], ni=[6, 8, 9, 20], labels=list("abcd"), groups=["x", "x", "y", "y"]
)
PAIRS = synthesis.effect_sizes(
    "OR", ai=[3, 0, 5, 0], n1i=[30, 28, 29, 20], ci=[6, 3, 9, 0], n2i=[31, 27, 30, 21], labels=list("abcd")
)
MEANS = synthesis.effect_sizes("MD", yi=[0.2, 0.5, 0.9, 1.0], vi=[0.02, 0.03, 0.02, 0.05], labels=list("abcd"))


@pytest.mark.parametrize("way", ["um.fs", "cm.el"])
def test_a_glmm_of_two_groups_is_that_of_the_library(way):
    found = analyse(PAIRS, Method("OR", "glmm", glmm=way))
    own = synthesis.pool_glmm("OR", model=way, ai=[3, 0, 5], n1i=[30, 28, 29], ci=[6, 3, 9], n2i=[31, 27, 30])
    assert (found.k, found.estimate, found.q) == (3, own.estimate, own.q)
    assert [item.code for item in found.left_out] == ["double-zero"]
    assert dict(found.parameters) == ({} if way == "um.fs" else {"glmm": way})


def test_a_beta_binomial_result_keeps_its_own_numbers_and_says_that_nothing_is_compared():
    found = analyse(SINGLE, Method("PLO", "beta-binomial", by_group=True))
    own = synthesis.pool_beta_binomial("PLO", xi=[3, 0, 5, 9], ni=[6, 8, 9, 20])
    assert (found.natural, found.rho, found.tau2) == (own.natural, own.rho, None)
    assert [(name, part.k) for name, part in found.subgroups] == [("x", 2), ("y", 2)]
    assert "uncontrolled" in {item.code for item in found.cautions}


def test_a_posterior_of_counts_and_one_of_estimates_say_the_same_in_one_form():
    counted = analyse(SINGLE, Method("PLO", "bayes", thresholds=(0.5,)))
    measured = analyse(MEANS, Method("MD", "bayes", tau_prior="half-normal 0.3", thresholds=(0.0, 5.0)))
    assert counted.natural.estimate == pytest.approx(1 / (1 + math.exp(-counted.estimate)))
    assert counted.natural.pi_low < counted.natural.ci_low < counted.natural.ci_high < counted.natural.pi_high
    assert [round(one.mean_below, 2) for one in measured.probabilities][1] == 1
    assert measured.natural.estimate == measured.estimate
    assert measured.tau2_low <= measured.tau2 <= measured.tau2_high
    assert (measured.p, measured.subgroup_test) == (None, None)


def test_moderators_give_coefficients_and_no_single_estimate():
    found = analyse(MEANS, Method("MD", moderators="~ dose"), data={"dose": [1.0, 2.0, 3.0, 4.0]})
    own = synthesis.regress([0.2, 0.5, 0.9, 1.0], [0.02, 0.03, 0.02, 0.05], "~ dose", data={"dose": [1, 2, 3, 4]})
    assert [one.estimate for one in found.coefficients] == [one.estimate for one in own.coefficients]
    assert (found.q, found.q_df, found.r2) == (own.q, own.q_df, own.r2)
    assert (found.estimate, found.natural.estimate) == (None, None)
    assert sum(effect.weight for effect in found.effects) == pytest.approx(100)


def test_a_study_without_its_moderator_is_left_out_by_name():
    found = analyse(MEANS, Method("MD", moderators="~ dose"), data={"dose": [1.0, None, 3.0, 4.0]})
    assert (found.k, [item.text for item in found.left_out]) == (
        3,
        ["b: a moderator of the meta-regression was not reported."],
    )
    assert "b." in next(item.text for item in found.cautions if item.code == "moderators-missing")
    assert [effect.label for effect in found.effects] == ["a", "c", "d"]


def test_effects_without_an_estimate_are_named():
    broken = (*MEANS[:3], replace(MEANS[3], yi=None, vi=None))
    for method in (
        Method("MD", "bayes", tau_prior="half-normal 1"),
        Method("MD", moderators="~ dose", test="z"),
    ):
        found = analyse(broken, method, data={"dose": [1.0, 2.0, 3.5, 4.0]})
        assert (found.k, [item.code for item in found.left_out]) == (3, ["no-variance"])
        assert "d." in next(item.text for item in found.cautions if item.code == "effects-left-out")


def test_counts_that_are_not_there_are_named_by_study():
    printed = synthesis.effect_sizes("OR", yi=[0.1, 0.4], vi=[0.1, 0.2], labels=["p", "q"])
    with pytest.raises(InvalidInput, match="without: p, q"):
        analyse(printed, Method("OR", "glmm"))


@pytest.mark.parametrize(("measure", "model"), [("PLO", "random"), ("PLO", "glmm")])
def test_people_of_studies_without_a_moderator_are_not_counted(measure, model):
    effects = synthesis.effect_sizes(measure, xi=[3, 5, 8, 6, 9, 4], ni=[10, 12, 20, 18, 30, 11])
    method = Method(measure, model, moderators="~ dose")
    found = analyse(effects, method, data={"dose": [1.0, None, 2.0, 3.0, 4.0, 2.5]})
    assert (found.k, len(found.effects)) == (5, 5)
    assert sum(dict(effect.inputs)["ni"] for effect in found.effects) == 89
    assert [item.study for item in found.left_out] == [effects[1].study]

"""One way to any model: what is left as it was, hashes, groups, nothing at all."""

import pytest

from stromata import synthesis
from stromata.review.analyses import analyse, coefficients
from stromata.review.methods import Method

SINGLE = synthesis.effect_sizes(
    "PLO", xi=[3, 0, 5, 9], ni=[6, 8, 9, 20], labels=list("abcd"), groups=["x", "x", "y", "y"]
)
PAIRS = synthesis.effect_sizes(
    "OR", ai=[3, 0, 5, 0], n1i=[30, 28, 29, 20], ci=[6, 3, 9, 0], n2i=[31, 27, 30, 21], labels=list("abcd")
)
MEANS = synthesis.effect_sizes("MD", yi=[0.2, 0.5, 0.9, 1.0], vi=[0.02, 0.03, 0.02, 0.05], labels=list("abcd"))


@pytest.mark.parametrize(
    "method",
    [
        Method("OR", "glmm"),
        Method("MD", test="knha", moderators="~ year"),
        Method("PLO", "bayes", thresholds=(0.5,)),
    ],
)
def test_an_empty_synthesis_keeps_what_was_asked(method):
    found = analyse((), method)
    assert (found.k, found.model, found.test, found.moderators) == (0, method.model, method.test, method.moderators)


def test_what_pool_can_do_it_does_and_nothing_is_changed():
    method = Method("PLO", "glmm", by_group=True)
    assert analyse(SINGLE, method) == synthesis.pool(SINGLE, model="glmm", by_group=True)


def test_groups_are_compared_by_their_estimates_and_standard_errors():
    found = analyse(SINGLE, Method("PLO", "beta-binomial", by_group=True))
    (_, one), (_, two) = found.subgroups
    by_hand = (one.estimate - two.estimate) ** 2 / (one.se**2 + two.se**2)
    assert (found.subgroup_test.df, found.subgroup_test.q) == (1, pytest.approx(by_hand))


def test_the_hash_tells_one_question_from_another():
    data = {"dose": [1.0, 2.0, 3.0, 4.0]}
    one = analyse(MEANS, Method("MD", moderators="~ dose"), data=data)
    assert one.input_hash == analyse(MEANS, Method("MD", moderators="~ dose"), data=data).input_hash
    other = analyse(MEANS, Method("MD", moderators="~ dose"), data={"dose": [1.0, 2.0, 3.0, 5.0]})
    assert one.input_hash != other.input_hash
    priors = [analyse(MEANS, Method("MD", "bayes", tau_prior=f"half-normal {scale}")) for scale in (0.5, 1)]
    assert priors[0].input_hash != priors[1].input_hash


@pytest.mark.parametrize("model", ["bayes", "beta-binomial", "glmm"])
def test_no_study_is_an_answer_that_says_so(model):
    found = analyse((), Method("PLO", model))
    assert (found.k, found.model, [item.code for item in found.cautions]) == (0, model, ["no-studies"])


def test_the_only_coefficient_of_a_plain_model_is_its_estimate():
    plain = analyse(MEANS, Method("MD"))
    (one,) = coefficients(plain)
    assert (one.term, one.estimate, one.p) == ("intrcpt", plain.estimate, plain.p)
    assert plain.coefficients == (), "the log stays as it is"
    assert coefficients(analyse((), Method("MD"))) == ()

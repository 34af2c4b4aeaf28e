"""What a method may ask for, and what does not go together."""

import pytest

from stromata.errors import InvalidInput
from stromata.model import SynthesisPlan
from stromata.review.methods import Method, check_method, method_fault, method_of, read_prior


@pytest.mark.parametrize(
    ("method", "says"),
    [
        (Method("SMD", "mh"), "OR, RR, RD, IRR, IRD, not SMD"),
        (Method("RR", "laplace"), "no model"),
        (Method("OR", "glmm", glmm="um"), "no GLMM 'um'"),
        (Method("OR", test="wald"), "no test"),
        (Method("PLO", "beta-binomial", test="t"), "a normal one"),
        (Method("MD", "bayes"), "no usual prior"),
        (Method("MD", tau_prior="half-normal 1"), "a prior of tau"),
        (Method("OR", "peto", moderators="~ x"), "takes no moderators"),
        (Method("OR", moderators="~ x", tau2="genqm"), "genqm"),
        (Method("OR", moderators="~ x", prediction="hts"), "does not go with moderators"),
    ],
)
def test_what_does_not_go_together_is_said(method, says):
    what, hint = method_fault(method)
    assert says in what
    assert hint
    with pytest.raises(InvalidInput):
        check_method(method)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("half-normal 0.5", "half-normal, scale 0.5"),
        ("Half-Cauchy, 1", "half-Cauchy, scale 1"),
        ("half-t 0.5 4", "half-t, scale 0.5, 4 df"),
        ("uniform", "uniform"),
        ("log-normal -2.56 1.74", "log-normal, -2.56, 1.74"),
        ("jeffreys", "Jeffreys"),
    ],
)
def test_priors_are_read_from_words(text, name):
    assert read_prior(text).name == name


@pytest.mark.parametrize("text", ["", "normal 1", "half-normal", "half-normal x", "half-normal -1", "turner-2015 luck"])
def test_what_is_no_prior_is_refused(text):
    with pytest.raises(InvalidInput):
        read_prior(text)


def test_a_plan_pools_as_it_says():
    plan = SynthesisPlan("p", "P", "o", "PLO", "bayes", by_condition=False, tau_prior="half-normal 1", level=0.9)
    found = method_of(plan)
    assert (found.measure, found.model, found.tau_prior, found.level) == ("PLO", "bayes", "half-normal 1", 0.9)

import numpy as np
import pytest

from reporting.figures.samples import (
    description,
    effects,
    ids,
    nothing,
    numbers_of,
    part,
    proportions,
    read,
    texts,
    trials,
)
from stromata.reporting.figures import describe_drapery, describe_posterior, drapery, posterior
from stromata.reporting.figures.curves import _p_values
from stromata.synthesis import pool
from stromata.synthesis.bayesian.estimates import pool_bayes
from stromata.synthesis.bayesian.priors import half_normal, uniform


def belief(**options):
    options = {"tau_prior": half_normal(0.5), "mu_prior": (0.0, 2.0)} | options
    found = effects()
    return pool_bayes([each.yi for each in found], [each.vi for each in found], **options)


def test_p_values_are_those_of_the_pool_and_one_at_the_estimate():
    for test in ("z", "knha"):
        result = pool(effects(), test=test)
        values = _p_values(np.array([0.0, result.estimate, result.ci_low]), result.estimate, result.se, result.df)
        assert values == pytest.approx([result.p, 1.0, 0.05])


def test_every_study_and_the_pool_have_a_curve_that_reaches_one():
    root = read(drapery(trials(), width_mm=84))
    assert len(ids(root, "study-")) == 7
    tops = [min(y for _, y in numbers_of(part(root, name))) for name in [*ids(root, "study-"), "pooled"]]
    assert tops == pytest.approx([tops[0]] * 8, abs=0.01)
    assert "95 % prediction interval" in texts(root)
    assert ids(root, "prediction") == ["prediction"]


def test_a_drapery_without_no_effect_and_without_studies_is_drawn():
    assert not ids(read(drapery(proportions(), width_mm=84)), "no-effect")
    root = read(drapery(nothing(), width_mm=84))
    assert not ids(root, "study-") + ids(root, "pooled")
    assert "There is no pooled estimate." in description(root)


def test_a_pool_without_a_standard_error_has_no_curve_but_its_studies_have():
    from dataclasses import replace

    root = read(drapery(replace(trials(), se=None), width_mm=84))
    assert not ids(root, "pooled")
    assert len(ids(root, "study-")) == 7


def test_the_description_tells_the_p_values_against_no_effect():
    text = describe_drapery(trials()).replace("\u00a0", " ")
    assert "Aronson 1948: 0.41, 95 % interval 0.13 to 1.26, p = 0.12." in text


@pytest.mark.parametrize("width", [84, 174])
def test_posteriors_have_their_curves_intervals_and_priors(width):
    root = read(posterior(belief(), measure="RR", width_mm=width))
    for name in ("mean", "mean-interval", "new", "tau", "tau-interval", "prior-mean", "prior-tau"):
        assert name in ids(root, name)
    assert "Risk ratio (logarithmic axis)" in texts(root)


def test_the_shaded_area_is_the_shortest_interval():
    root, found = read(posterior(belief())), belief()
    shade = [x for x, _ in numbers_of(part(root, "tau-interval"))]
    line = [x for x, _ in numbers_of(part(root, "tau"))]
    unit = (max(line) - min(line)) / (found.tau.curve[-1][0] - found.tau.curve[0][0])
    assert (max(shade) - min(shade)) / unit == pytest.approx(found.tau.high - found.tau.low, abs=0.01)


def test_improper_priors_are_not_drawn():
    root = read(posterior(belief(mu_prior=None, tau_prior=uniform(float("inf")))))
    assert not ids(root, "prior")
    assert "prior" not in texts(root)


def test_posteriors_are_told_with_their_probabilities():
    text = describe_posterior(belief(), measure="RR")
    assert "Mean effect: median 0.4" in text
    assert "Probability of less than 1.00: " in text

"""Plans run on a review: only what was included enters, and nothing is written twice."""

from dataclasses import replace

import pytest

from projects import ANN, as_person, screened, write_tables
from stromata import review
from stromata.errors import NotAllowed, NotFound
from stromata.model import SynthesisPlan


@pytest.fixture
def project(tmp_path):
    with screened(tmp_path) as opened:
        review.load_studies(opened, write_tables(tmp_path / "tables"))
        yield opened


def test_only_included_studies_enter_and_numbers_lead_to_data_points(project):
    responders, *_ = review.run_plans(project)
    assert [effect.study for effect in responders.effects] == ["a", "b"]
    assert [(item.study, item.code) for item in responders.left_out] == [("c", "not-included")]
    ids = {point.id for point in review.studies(project).data_points}
    assert all(set(effect.data_points) <= ids for effect in responders.effects)
    assert [label for label, _ in responders.subgroups] == ["Psoriasis", "Lupus"]
    assert (responders.plan, responders.title) == ("responders", "Responders")


def test_a_plan_without_data_says_so(project):
    (deaths,) = review.run_plans(project, ["deaths"])
    assert (deaths.k, deaths.estimate) == (0, None)
    assert "outcome-not-reported" in [caution.code for caution in deaths.cautions]


def test_an_unchanged_result_is_not_written_again(project):
    first = review.run_plans(project)
    before = review.info(project).events
    assert review.run_plans(project) == first
    assert review.info(project).events == before
    assert review.syntheses(project) == first


def test_only_the_lead_runs_and_only_known_plans(project):
    with pytest.raises(NotAllowed):
        review.run_plans(as_person(project, ANN))
    with pytest.raises(NotFound, match="there are: responders"):
        review.run_plans(project, ["cures"])


PLAN = SynthesisPlan("extra", "Extra", "response", "PLO", "random", by_condition=False)


def planned(project, **changes):
    protocol = review.protocol(project)
    review.set_protocol(project, replace(protocol, plans=(*protocol.plans, replace(PLAN, **changes))), reason="More.")
    (found,) = review.run_plans(project, ["extra"])
    return found


@pytest.mark.parametrize("model", ["bayes", "beta-binomial", "common", "glmm"])
def test_a_plan_may_name_any_model_and_its_result_is_kept(project, model):
    found = planned(project, model=model)
    assert (found.model, found.k) == (model, 2)
    assert found.natural.estimate is not None
    assert review.syntheses(project)[-1] == found, "what is read back is what was computed"


def test_a_model_that_the_data_cannot_carry_says_so_and_stops_no_other(project):
    found = planned(project, moderators="~ year + factor(condition)")
    assert (found.k, found.coefficients) == (0, ())
    assert "could not be fitted" in next(item.text for item in found.cautions if item.code == "not-fitted")
    assert [effect.study for effect in found.effects] == ["a", "b"]

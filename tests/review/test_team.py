"""People, roles, and a protocol that does not contradict itself."""

import pytest

from projects import ANN, LEAD, as_person, begin
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import Panel, Panellist, PanelSet


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        yield opened


def test_only_the_lead_names_people(project):
    with pytest.raises(NotAllowed, match="lead"):
        review.grant(as_person(project, ANN), "carl", "reviewer")
    review.grant(project, "carl", "observer")
    assert ("carl", "observer") in review.team(project)


def test_granting_twice_is_one_event(project):
    before = review.info(project).events
    review.grant(project, ANN, "reviewer")
    assert review.info(project).events == before


@pytest.mark.parametrize("name", ["Ann", "ANN", " ann", "ann ", "an  n"])
def test_one_person_cannot_be_two_by_a_name_that_looks_the_same(project, name):
    with pytest.raises(InvalidInput):
        review.grant(project, name, "extractor")


def test_a_name_that_looks_like_that_of_a_panellist_is_refused(project):
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(PanelSet(Panel("p", members=(Panellist("Vera"),))))
    with pytest.raises(InvalidInput, match="capital letters only"):
        review.grant(project, "vera", "facilitator")
    review.grant(project, "Vera", "facilitator")


def test_the_last_lead_stays(project):
    with pytest.raises(InvalidInput, match="only lead"):
        review.revoke(project, LEAD, "lead")
    review.grant(project, ANN, "lead")
    review.revoke(project, LEAD, "lead")
    assert (LEAD, "lead") not in review.team(project)


def test_unknown_roles_and_people_are_refused(project):
    with pytest.raises(InvalidInput, match="there are: lead"):
        review.grant(project, "carl", "boss")
    with pytest.raises(NotFound):
        review.revoke(project, "carl", "reviewer")

"""Families are proposed by rules and said by people, each time with a reason that the log keeps."""

import pytest

from projects import ANN, LEAD, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import StudiesLoaded, Study, StudyLink, StudyTables

STUDIES = (
    Study(
        "s1", "A trial", "psoriasis", "rct", registry_ids=("NCT00000001",), links=(StudyLink("10.5555/1", "report"),)
    ),
    Study("s2", "Its extension", "psoriasis", "single-arm", registry_ids=("NCT00000001",)),
)


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path / "review") as opened:
        records = [entry | {"AN": "NCT00000001", "N1": "Registered as NCT00000001."} for entry in entries()[:2]]
        import_text(opened, tmp_path, "search.ris", ris(*records))
        with opened.store.transaction(opened.id, actor=LEAD, at=opened.clock()) as tx:
            tx.append(StudiesLoaded(StudyTables(studies=STUDIES)))
        yield opened


def study(project, id_):
    return next(item for item in review.studies(project).studies if item.id == id_)


def test_a_shared_registration_is_proposed_and_nothing_is_changed_by_that(project):
    before = review.info(project)
    _, overlaps = review.propose_families(project)
    assert [set(item.studies) for item in overlaps] == [{"s1", "s2"}]
    assert "NCT00000001" in overlaps[0].reason
    assert review.info(project) == before


def test_a_link_is_made_and_taken_back_with_reasons(project):
    review.link_study(project, "s2", "10.5555/2", reason="the extension's report")
    assert study(project, "s2").links == (StudyLink("10.5555/2", "the extension's report"),)
    review.unlink_study(project, "s2", "10.5555/2", reason="it is another trial")
    assert study(project, "s2").links == ()
    assert project.store.verify().ok


def test_a_marked_cohort_is_no_longer_proposed(project):
    review.mark_cohort(project, "oslo", ("s1", "s2"), reason="one registration")
    assert {study(project, id_).cohort for id_ in ("s1", "s2")} == {"oslo"}
    assert review.propose_families(project)[1] == ()
    review.mark_cohort(project, "", ("s2",), reason="other wards")
    assert study(project, "s2").cohort == ""


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda project: review.link_study(project, "s2", "10.5555/2", reason=" "), InvalidInput),
        (lambda project: review.link_study(project, "s9", "10.5555/2", reason="r"), NotFound),
        (lambda project: review.link_study(project, "s2", "10.5555/77", reason="r"), NotFound),
        (lambda project: review.unlink_study(project, "s1", "10.5555/2", reason="r"), InvalidInput),
        (lambda project: review.unlink_study(project, "s9", "10.5555/2", reason="r"), NotFound),
        (lambda project: review.mark_cohort(project, "c", ("s1",), reason=""), InvalidInput),
        (lambda project: review.mark_cohort(project, "c", ("s1", "s9"), reason="r"), NotFound),
        (lambda project: review.link_study(as_person(project, ANN), "s1", "10.5555/2", reason="r"), NotAllowed),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(project, act, error):
    before = review.info(project)
    with pytest.raises(error):
        act(project)
    assert review.info(project) == before

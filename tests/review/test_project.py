"""Beginning and opening reviews."""

from dataclasses import replace

import pytest

from projects import LEAD, begin, tick
from stromata import review
from stromata.errors import Conflict, InvalidInput, NotFound
from stromata.extraction.conversions import convert
from stromata.model import Arm, DataPoint, Outcome, StudiesLoaded, Study, StudyTables


def test_who_begins_a_review_has_every_role(tmp_path):
    with review.create(tmp_path, " Title ", actor="solo", clock=tick()) as project:
        assert review.info(project).title == "Title"
        assert {role for _, role in review.team(project)} == {
            "lead",
            "reviewer",
            "adjudicator",
            "extractor",
            "facilitator",
            "observer",
        }


def test_a_review_needs_a_title_and_a_person(tmp_path):
    for title, actor in ((" ", "solo"), ("Title", "")):
        with pytest.raises(InvalidInput):
            review.create(tmp_path, title, actor=actor, clock=tick())


def test_the_same_title_is_not_begun_twice(tmp_path):
    begin(tmp_path).close()
    with pytest.raises(Conflict, match="already"):
        begin(tmp_path)


def test_where_nothing_is_nothing_is_opened_or_made(tmp_path):
    with pytest.raises(NotFound):
        review.open_project(tmp_path / "none", actor=LEAD, clock=tick())
    assert not (tmp_path / "none").exists()


def test_of_several_reviews_one_must_be_named(tmp_path):
    begin(tmp_path, title="One").close()
    begin(tmp_path, title="Two").close()
    with pytest.raises(Conflict, match="2 reviews"):
        review.open_project(tmp_path, actor=LEAD, clock=tick())
    with review.open_project(tmp_path, actor=LEAD, clock=tick(), review="Two") as project:
        assert review.info(project).title == "Two"
    with pytest.raises(NotFound, match="there are"):
        review.open_project(tmp_path, actor=LEAD, clock=tick(), review="Three")


def test_a_review_verifies(tmp_path):
    begin(tmp_path).close()
    found = review.verify(tmp_path)
    assert (found.ok, found.reviews) == (True, 1)
    assert found.events > 5


def test_verification_does_every_conversion_again(tmp_path):
    right = convert("se-to-sd", se=2, n=9)
    wrong = replace(right, outputs=(("sd", 6.5),))
    for number, (steps, ok) in enumerate((((right,), True), ((wrong,), False))):
        folder = tmp_path / str(number)
        tables = StudyTables(
            studies=(Study("a", "A", "psoriasis", "rct"),),
            arms=(Arm("a/1", "a", "Cells"),),
            outcomes=(Outcome("a/o", "a", "response"),),
            data_points=(DataPoint("a/1/o/sd", "a", "a/1", "a/o", "sd", 6.0, steps=steps),),
        )
        with begin(folder) as project, project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
            tx.append(StudiesLoaded(tables))
        found = review.verify(folder)
        assert found.ok is ok
        assert len(found.differences) == (not ok)
    assert "a/1/o/sd: se-to-sd gives sd 6.0 now; recorded was 6.5" in found.differences[0]

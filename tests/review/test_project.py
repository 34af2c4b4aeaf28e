"""Beginning and opening reviews."""

import pytest

from projects import LEAD, begin, tick
from stromata import review
from stromata.errors import Conflict, InvalidInput, NotFound


def test_who_begins_a_review_has_every_role(tmp_path):
    with review.create(tmp_path, " Title ", actor="solo", clock=tick()) as project:
        assert review.info(project).title == "Title"
        assert {role for _, role in review.team(project)} == {
            "lead",
            "reviewer",
            "adjudicator",
            "extractor",
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

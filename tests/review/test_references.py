"""Merging, splitting, and finding a reference by what people know of it."""

import pytest

from projects import ANN, TITLES, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        first, second, third = entries()
        other = {**first, "TI": first["TI"].upper(), "DO": "https://doi.org/10.5555/1", "AN": "12345"}
        import_text(opened, tmp_path, "a.ris", ris(first, second))
        import_text(opened, tmp_path, "b.ris", ris(other, third))
        yield opened


def test_duplicates_become_one_reference_and_keep_all_records(project):
    found = review.find_duplicates(project)
    (done,) = found.merges
    assert (done.rule, "DOI" in done.evidence) == ("weights", True)
    kept = review.reference(project, "10.5555/1")
    assert len(kept.records) == 2
    assert dict(kept.provenance)["title"] == kept.records[0]
    assert len(list(review.references(project))) == 3


def test_a_second_run_changes_nothing(project):
    review.find_duplicates(project)
    before = review.info(project).events
    assert review.find_duplicates(project).merges == ()
    assert review.info(project).events == before


def test_what_a_person_splits_is_not_merged_again(project):
    review.find_duplicates(project)
    kept = review.reference(project, TITLES[0])
    review.split(project, kept.id, (kept.records[1],), reason="two editions")
    assert review.find_duplicates(project).merges == ()
    assert len(list(review.references(project))) == 4


def test_what_a_person_keeps_apart_is_neither_merged_nor_asked_about(project):
    one, other = (r.id for r in review.references(project) if "10.5555/1" in r.merged.doi)
    with pytest.raises(InvalidInput, match="both keys name"):
        review.keep_apart(project, one, one, reason="a slip")
    with pytest.raises(InvalidInput, match="reason"):
        review.keep_apart(project, one, other, reason=" ")
    review.keep_apart(project, one, other, reason="two editions")
    found = review.find_duplicates(project)
    assert (found.merges, found.questions) == ((), ())
    review.merge(project, one, (other,), reason="after all")
    assert review.find_duplicates(project).merges == ()
    assert len(list(review.references(project))) == 3


@pytest.mark.parametrize("key", ["10.5555/2", "https://doi.org/10.5555/2", TITLES[1], TITLES[1].upper()])
def test_a_reference_is_found_by_doi_or_title(project, key):
    assert review.reference(project, key).merged.title == TITLES[1]


def test_a_reference_is_found_by_id(project):
    id_ = review.reference(project, "10.5555/2").id
    assert review.reference(project, id_).id == id_


def test_a_key_of_two_references_is_refused_with_both(project):
    with pytest.raises(InvalidInput, match="2 references"):
        review.reference(project, "10.5555/1")


def test_only_the_lead_merges_and_a_reason_is_needed(project):
    one, two = review.reference(project, "10.5555/2").id, review.reference(project, "10.5555/3").id
    with pytest.raises(NotAllowed):
        review.merge(as_person(project, ANN), one, (two,), reason="same")
    with pytest.raises(InvalidInput, match="reason"):
        review.merge(project, one, (two,), reason=" ")
    with pytest.raises(InvalidInput, match="itself"):
        review.merge(project, one, (one,), reason="same")
    with pytest.raises(NotFound):
        review.split(project, one, (two,), reason="not a member")

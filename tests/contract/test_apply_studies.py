"""What events about studies do to the state of both databases, and that the state can be rebuilt from the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from strategies import append
from stromata.errors import InvalidInput, NotFound
from stromata.model import (
    Answer,
    Appraisal,
    AppraisalSettled,
    AppraisalWithdrawn,
    Appraised,
    CohortMarked,
    Extraction,
    ExtractionSettled,
    ExtractionWithdrawn,
    Judgement,
    ReviewInclusion,
    Settlement,
    SignallingAnswer,
    StudiesLoaded,
    Study,
    StudyExtracted,
    StudyLink,
    StudyLinked,
    StudyTables,
    StudyUnlinked,
    Suggestion,
    SuggestionJudged,
    SuggestionRun,
    SuggestionsMade,
)
from stromata.model.codec import event_hash
from stromata.store import Store

STUDIES = StudyTables(
    studies=(
        Study("a", "A", "psoriasis", "rct", links=(StudyLink("10.5555/1", "main report"),)),
        Study("b", "B", "psoriasis", "rct", cohort="oslo"),
    ),
    inclusions=(ReviewInclusion("10.5555/9/a", "10.5555/9", "Ames 2020", "a"),),
)
RUN = SuggestionRun("1" * 64, "a", "2" * 64, "rules", "1", (), (Suggestion("n", "17", "", 0, 2, "17", 0.9),))


@pytest.fixture
def loaded(store: Store) -> Store:
    append(store, StudiesLoaded(STUDIES))
    return store


def _study(store: Store, id_: str) -> Study:
    with store.snapshot("r") as view:
        return next(study for study in view.tables().studies if study.id == id_)


def test_inclusions_are_kept_with_the_tables(loaded: Store) -> None:
    with loaded.snapshot("r") as view:
        assert view.tables().inclusions == STUDIES.inclusions


def test_a_link_holds_although_the_study_is_loaded_anew(loaded: Store) -> None:
    append(
        loaded, StudyLinked("a", "NCT00000001", "same registration"), StudyUnlinked("a", "10.5555/1", "another trial")
    )
    assert _study(loaded, "a").links == (StudyLink("NCT00000001", "same registration"),)
    append(loaded, StudiesLoaded(STUDIES))
    assert _study(loaded, "a").links == (StudyLink("NCT00000001", "same registration"),)
    append(loaded, StudyLinked("a", "10.5555/1", "it is the main report"))
    assert [link.key for link in _study(loaded, "a").links] == ["NCT00000001", "10.5555/1"]
    assert _study(loaded, "b").links == ()
    assert loaded.verify().ok


def test_a_cohort_is_marked_and_taken_back(loaded: Store) -> None:
    append(loaded, CohortMarked("nanjing", ("a",), "same ward"), CohortMarked("", ("b",), "different years"))
    assert (_study(loaded, "a").cohort, _study(loaded, "b").cohort) == ("nanjing", "")
    assert (_study(loaded, "a").cohort_reason, _study(loaded, "b").cohort_reason) == ("same ward", "different years")
    assert loaded.verify().ok


@pytest.mark.parametrize(
    "payload",
    [StudyLinked("x", "10.5555/1", "r"), StudyUnlinked("x", "10.5555/1", "r"), CohortMarked("c", ("a", "x"), "r")],
)
def test_what_is_said_of_a_study_that_is_not_there_is_refused(loaded: Store, payload: StudyLinked) -> None:
    with pytest.raises(NotFound, match="no study 'x'"):
        append(loaded, payload)
    assert _study(loaded, "a").cohort == ""


def test_a_cohort_without_studies_is_refused(loaded: Store) -> None:
    with pytest.raises(InvalidInput, match="names no studies"):
        append(loaded, CohortMarked("c", (), "r"))


def _extraction(by: str, value: str) -> Extraction:
    return Extraction("a", by, (Answer("study", "", "year", value),))


def test_an_extraction_replaces_the_same_persons_earlier_one(store: Store) -> None:
    append(
        store, *(StudyExtracted(_extraction(by, value), "s") for by, value in (("ann", "1"), ("bo", "2"), ("ann", "3")))
    )
    with store.snapshot("r") as view:
        assert view.extractions("a") == (_extraction("bo", "2"), _extraction("ann", "3"))
        assert view.extractions("other") == ()
        assert view.extractions() == view.extractions("a")
    assert store.verify().ok


def test_what_is_withdrawn_is_gone_from_the_state_and_stays_in_the_log(store: Store) -> None:
    made = Appraisal("syrcle", "2014", "a", "ann")
    append(store, StudyExtracted(_extraction("ann", "1"), "s"), Appraised(made, "s"))
    append(store, ExtractionWithdrawn("a", "ann", "slip"), AppraisalWithdrawn("syrcle", "a", "", "ann", "slip"))
    with store.snapshot("r") as view:
        assert view.extractions() == ()
        assert view.appraisals() == ()
        assert {"study-extracted", "appraised"} <= {event.payload.kind for event in view.events()}
    for again in (ExtractionWithdrawn("a", "ann", "slip"), AppraisalWithdrawn("syrcle", "a", "", "ann", "slip")):
        with pytest.raises(NotFound, match="nothing to withdraw"):
            append(store, again)
    assert store.verify().ok


def test_settlements_are_kept_per_field_with_the_adjudicator(store: Store) -> None:
    first = Settlement("a", Answer("study", "", "year", "2019"), "title page")
    other = Settlement("a", Answer("arm", "cells", "n", "12"), "table 1")
    again = Settlement("a", Answer("study", "", "year", "2020"), "erratum")
    append(store, ExtractionSettled((first, other)), ExtractionSettled((again,)))
    with store.snapshot("r") as view:
        found = {item.answer.field: item for item in view.settlements("a")}
        assert view.settlements("b") == ()
    assert (found["year"].answer.value, found["n"].reason) == ("2020", "table 1")
    assert all(item.adjudicator for item in found.values())
    assert store.verify().ok


def test_a_suggestion_is_judged_once_per_number_and_only_in_a_run_that_is_there(store: Store) -> None:
    append(
        store, SuggestionsMade(RUN), SuggestionJudged(RUN.id, 0, "accepted"), SuggestionJudged(RUN.id, 0, "rejected")
    )
    with store.snapshot("r") as view:
        assert view.suggestion_runs() == (RUN,)
        assert [(item.number, item.verdict) for item in view.suggestion_verdicts()] == [(0, "rejected")]
    with pytest.raises(NotFound, match="no suggestions"):
        append(store, SuggestionJudged("9" * 64, 0, "accepted"))
    assert store.verify().ok


def test_appraisals_are_kept_per_person_and_one_consensus(store: Store) -> None:
    by = [
        Appraisal(
            "syrcle", "2014", "a", who, answers=(SignallingAnswer("1", said),), judgements=(Judgement("1", "low"),)
        )
        for who, said in (("ann", "yes"), ("bo", "no"), ("ann", "unclear"))
    ]
    settled = Appraisal("syrcle", "2014", "a", "cy")
    append(store, *(Appraised(item, "s") for item in by), AppraisalSettled(by[0]), AppraisalSettled(settled))
    with store.snapshot("r") as view:
        assert view.appraisals() == (by[1], by[2])
        assert view.settled_appraisals() == (settled,)
    assert store.verify().ok


@pytest.mark.parametrize(
    "payload",
    [
        StudyExtracted(Extraction("", "ann", ()), ""),
        StudyExtracted(Extraction("a", "an\nn", ()), ""),
        Appraised(Appraisal("syrcle", "1", "a", ""), ""),
        Appraised(Appraisal("syrcle", "1", "x" * 201, "ann"), ""),
        ExtractionSettled((Settlement("a", Answer("study", "", "", "x")),)),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(store: Store, payload: Appraised) -> None:
    with pytest.raises(InvalidInput):
        append(store, payload)


@contextmanager
def _meddling(store: Store) -> Iterator[sa.Connection]:
    with store._engine.connect() as connection, connection.begin():
        yield connection


def _without(data: object, names: set[str]) -> object:
    if isinstance(data, dict):
        return {name: _without(value, names) for name, value in data.items() if name not in names}
    return [_without(item, names) for item in data] if isinstance(data, list) else data


def test_a_log_from_before_a_type_gained_fields_verifies_and_reads_on(loaded: Store) -> None:
    """Written as an older stromata would have: fewer fields in the payload, its hash over those, and in the state."""
    newer = {"inclusions", "cohort"}
    with _meddling(loaded) as connection:
        row = connection.execute(sa.text("SELECT * FROM events WHERE kind = 'studies-loaded'")).one()
        payload = _without(json.loads(row.payload), newer)
        hashed = event_hash(
            review=row.review, sequence=row.sequence, at=row.at, actor=row.actor, kind=row.kind, version=row.version,
            payload=payload, previous=row.previous,
        )  # fmt: skip
        connection.execute(
            sa.text("UPDATE events SET payload = :payload, hash = :hash WHERE kind = 'studies-loaded'"),
            {"payload": json.dumps(payload), "hash": hashed},
        )
        connection.execute(sa.text("UPDATE reviews SET head = :hash WHERE id = 'r'"), {"hash": hashed})
        connection.execute(sa.text("DELETE FROM inclusions"))
        for study in connection.execute(sa.text("SELECT id, data FROM studies")).all():
            data = json.dumps(_without(json.loads(study.data), newer), separators=(",", ":"))
            connection.execute(
                sa.text("UPDATE studies SET data = :data WHERE id = :id"), {"data": data, "id": study.id}
            )
    assert loaded.verify().differences == ()
    assert _study(loaded, "b").cohort == ""
    append(loaded, CohortMarked("oslo", ("b",), "as before"))
    assert loaded.verify().ok


def test_a_value_that_was_changed_in_an_older_row_is_still_found(loaded: Store) -> None:
    with _meddling(loaded) as connection:
        (text,) = connection.execute(sa.text("SELECT data FROM studies WHERE id = 'b'")).one()
        data = {name: value for name, value in json.loads(text).items() if name != "cohort"}
        connection.execute(sa.text("UPDATE studies SET data = :data WHERE id = 'b'"), {"data": json.dumps(data)})
    (found,) = loaded.verify().differences
    assert "table studies: row b differs" in found

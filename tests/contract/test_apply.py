from __future__ import annotations

from dataclasses import replace

import pytest

from strategies import append, import_records, make_records, merge, prepare_import
from stromata.errors import Conflict, InvalidInput, NotFound, StoreError
from stromata.model import (
    Arm,
    ConflictResolved,
    DataPoint,
    Decision,
    DecisionMade,
    Interval,
    Merge,
    Outcome,
    ProtocolSet,
    PublishedClaim,
    ReferencesKeptApart,
    ReferencesMerged,
    ReferenceSplit,
    Resolution,
    Retrieval,
    RetrievalRecorded,
    ReviewProtocol,
    RoleGranted,
    RoleRevoked,
    Source,
    SourceImported,
    StudiesLoaded,
    Study,
    StudyTables,
    Synthesis,
    SynthesisRun,
)
from stromata.store import Store


def _clusters(store: Store) -> dict[str, tuple[str, ...]]:
    with store.snapshot("r") as view:
        return dict(view.references())


def _refused(store: Store, error: type[Exception], words: str, *payloads: object) -> None:
    """Assert that the events are refused and that nothing changed."""
    with store.snapshot("r") as view:
        before = (view.info(), tuple(view.references()), view.tables(), view.sources(), view.roles())
    with pytest.raises(error, match=words):
        append(store, *payloads)
    with store.snapshot("r") as view:
        assert before == (view.info(), tuple(view.references()), view.tables(), view.sources(), view.roles())


# Roles and protocol


def test_a_role_is_granted_once_and_revoked(store: Store) -> None:
    append(store, RoleGranted("bo", "lead"), RoleGranted("cy", "reviewer"), RoleGranted("bo", "lead"))
    with store.snapshot("r") as view:
        assert view.roles() == (("bo", "lead"), ("cy", "reviewer"))
    append(store, RoleRevoked("bo", "lead"))
    with store.snapshot("r") as view:
        assert view.roles() == (("cy", "reviewer"),)
    _refused(store, NotFound, "'bo' does not have the role 'lead'", RoleRevoked("bo", "lead"))


def test_the_newest_protocol_is_in_force(store: Store) -> None:
    with store.snapshot("r") as view:
        assert view.protocol() == ReviewProtocol()
    append(store, ProtocolSet(ReviewProtocol(about="one")), ProtocolSet(ReviewProtocol(about="two"), "better"))
    with store.snapshot("r") as view:
        assert view.protocol() == ReviewProtocol(about="two")


# Imports


def test_an_import_keeps_each_record_and_makes_it_a_reference(store: Store) -> None:
    ids = import_records(store, b"one", 3)
    more = import_records(store, b"two", 2)
    assert list(_clusters(store).items()) == [(name, (name,)) for name in ids + more]
    with store.snapshot("r") as view:
        assert [record.id for record in view.records()] == ids + more
        assert view.record(more[1]) == make_records(store.files.put(b"two"), 2)[1]
        assert [source.size for source in view.sources()] == [3, 3]


def test_an_empty_source_can_be_imported(store: Store) -> None:
    assert import_records(store, b"nothing", 0) == []
    with store.snapshot("r") as view:
        assert [source.records for source in view.sources()] == [0]


def test_records_keep_characters_that_a_database_refuses(store: Store) -> None:
    sha256 = store.files.put(b"wild")
    wild = make_records(sha256, 1, title="NUL \x00 and 间充质 \u2028", doi="10.1/\x00a", registry_ids=("x" * 5000,))
    (name,) = import_records(store, b"wild", wild)
    with store.snapshot("r") as view:
        assert view.record(name) == wild[0]
        assert view.find_records(doi="10.1/a") == (name,)
        assert view.find_records(registry="x" * 5000) == ()


def test_the_same_source_is_not_imported_twice(store: Store) -> None:
    import_records(store, b"one", 3)
    _refused(store, Conflict, "'export.ris' was already imported", prepare_import(store, b"one", 3))


def test_an_import_must_agree_with_its_files(store: Store) -> None:
    good = prepare_import(store, b"one", 3)
    sha256 = good.source.sha256
    kept, _ = store.files.write_records(make_records(sha256, 3)[::-1])
    stray, _ = store.files.write_records(make_records("a" * 64, 3))
    missing, unknown = replace(good.source, sha256="b" * 64), "c" * 64
    _refused(store, InvalidInput, "says it has 4", SourceImported(replace(good.source, records=4), good.records_sha256))
    _refused(store, InvalidInput, "record 3 of source .* record 1 of", SourceImported(good.source, kept))
    _refused(store, InvalidInput, "of source aaaaaaaaaaaa", SourceImported(good.source, stray))
    _refused(store, NotFound, "the original of 'export.ris'", SourceImported(missing, good.records_sha256))
    _refused(store, NotFound, "file of records ccc", SourceImported(good.source, unknown))
    assert store.verify().ok


def test_an_altered_file_of_records_is_not_imported(store: Store) -> None:
    event = prepare_import(store, b"one", 3)
    path = store.files.path(event.records_sha256)
    path.write_bytes(path.read_bytes() + b"\n")
    _refused(store, StoreError, "was altered", event)


def test_a_large_import_is_whole_across_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = import_records(store, b"large", 1234)
    monkeypatch.setattr("stromata.store.read.BATCH", 500)
    assert list(_clusters(store)) == ids
    with store.snapshot("r") as view:
        assert [record.number for record in view.records()] == list(range(1, 1235))
    assert store.verify().ok


# References


def test_merged_references_become_part_of_another(store: Store) -> None:
    a, b, c, d = import_records(store)
    append(store, merge(c, a, d))
    assert list(_clusters(store).items()) == [(b, (b,)), (c, (a, c, d))]
    with store.snapshot("r") as view:
        assert view.reference_of(a) == c
        assert view.members(c) == (a, c, d)
        with pytest.raises(NotFound) as caught:
            view.members(a)
    assert c in caught.value.hint


def test_merges_of_one_event_follow_one_another(store: Store) -> None:
    a, b, c, d = import_records(store)
    append(store, ReferencesMerged("m", (Merge(a, (b,), ""), Merge(c, (d,), ""), Merge(c, (a,), ""))))
    assert _clusters(store) == {c: (a, b, c, d)}


def test_a_split_gives_records_back_their_own_reference(store: Store) -> None:
    a, b, c, d = import_records(store)
    append(store, merge(a, b, c, d), ReferenceSplit(a, (b, d), "different years"))
    assert _clusters(store) == {a: (a, c), b: (b,), d: (d,)}
    assert list(_clusters(store)) == [a, b, d]


def test_when_the_native_record_is_split_off_the_earliest_that_stays_gives_the_id(store: Store) -> None:
    a, b, c, d = import_records(store)
    append(store, merge(d, a, b, c), ReferenceSplit(d, (d, a), ""))
    assert _clusters(store) == {a: (a,), b: (b, c), d: (d,)}
    append(store, merge(d, b))
    assert _clusters(store) == {a: (a,), d: (b, c, d)}


def test_splitting_all_records_off_leaves_each_alone(store: Store) -> None:
    a, b, c, d = import_records(store)
    append(store, merge(b, a, c), ReferenceSplit(b, (a, b, c), ""))
    assert _clusters(store) == {a: (a,), b: (b,), c: (c,), d: (d,)}


def test_references_kept_apart_must_be_there_and_differ(store: Store) -> None:
    a, b, c, _ = import_records(store)
    append(store, merge(a, b), ReferencesKeptApart(((a, c),), "part one and part two"))
    assert a in _clusters(store)
    _refused(store, NotFound, "no reference of its own now", ReferencesKeptApart(((a, b),), ""))
    _refused(store, InvalidInput, "apart from itself", ReferencesKeptApart(((a, a),), ""))
    _refused(store, InvalidInput, "no pair", ReferencesKeptApart((), ""))


def test_impossible_merges_and_splits_are_refused_whole(store: Store) -> None:
    a, b, c, d = import_records(store)
    append(store, merge(a, b))
    _refused(store, InvalidInput, "into itself", merge(a, c, a))
    _refused(store, InvalidInput, "no reference to merge", merge(a))
    _refused(store, NotFound, "no reference of its own now", merge(c, d, b))
    _refused(store, NotFound, "no reference of its own now", merge(b, c))
    _refused(store, NotFound, "no reference 'x'", ReferencesMerged("m", (Merge(c, (d,), ""), Merge(a, ("x",), ""))))
    _refused(store, NotFound, "no reference of its own now", ReferencesMerged("m", (Merge(c, (d, d), ""),)))
    _refused(store, NotFound, "does not belong", ReferenceSplit(a, (b, c), ""))
    _refused(store, InvalidInput, "none of them", ReferenceSplit(a, (), ""))
    _refused(store, InvalidInput, "has 1 records", ReferenceSplit(c, (c,), ""))
    _refused(store, NotFound, "no reference of its own now", ReferenceSplit(b, (b,), ""))
    assert store.verify().ok


# Screening


def test_a_new_verdict_replaces_the_same_reviewers_earlier_one(store: Store) -> None:
    a, b, *_ = import_records(store)
    append(
        store,
        DecisionMade(a, "title-abstract", "bo", "exclude", ("wrong-design",), "no"),
        DecisionMade(a, "title-abstract", "cy", "include"),
        DecisionMade(a, "full-text", "bo", "include"),
        DecisionMade(b, "title-abstract", "bo", "maybe"),
        DecisionMade(a, "title-abstract", "bo", "include"),
    )
    at = "2026-01-31T12:00:00Z"
    changed = Decision(a, "title-abstract", "bo", "include", at=at)
    with store.snapshot("r") as view:
        assert view.decisions() == (
            Decision(a, "title-abstract", "cy", "include", at=at),
            Decision(a, "full-text", "bo", "include", at=at),
            Decision(b, "title-abstract", "bo", "maybe", at=at),
            changed,
        )
        assert view.decisions(stage="full-text") == (view.decisions()[1],)
        assert view.decisions(stage="title-abstract", reference=a) == (view.decisions()[0], changed)


def test_decisions_stay_under_the_reference_they_were_given_for(store: Store) -> None:
    a, b, *_ = import_records(store)
    append(store, DecisionMade(b, "title-abstract", "bo", "include"), merge(a, b))
    with store.snapshot("r") as view:
        assert [decision.reference for decision in view.decisions()] == [b]
    _refused(store, NotFound, "of its own now", DecisionMade(b, "title-abstract", "cy", "include"))


def test_a_resolution_names_the_adjudicator_and_replaces_the_earlier_one(store: Store) -> None:
    a, *_ = import_records(store)
    append(store, ConflictResolved(a, "full-text", "include"), actor="di")
    append(store, ConflictResolved(a, "full-text", "exclude", ("dose",), "low"), actor="ed")
    with store.snapshot("r") as view:
        assert view.resolutions() == (
            Resolution(a, "full-text", "ed", "exclude", ("dose",), "low", "2026-01-31T12:00:00Z"),
        )
    _refused(store, InvalidInput, "'maybe'", ConflictResolved(a, "full-text", "maybe"))


def test_the_newest_word_on_retrieval_stands(store: Store) -> None:
    a, *_ = import_records(store)
    append(store, RetrievalRecorded(a, "not-retrieved", "asked"), RetrievalRecorded(a, "retrieved"))
    with store.snapshot("r") as view:
        assert view.retrievals() == (Retrieval(a, "retrieved", at="2026-01-31T12:00:00Z"),)


@pytest.mark.parametrize(
    "payload",
    [
        DecisionMade("x.1", "title-abstract", "bo", "include"),
        ConflictResolved("x.1", "title-abstract", "include"),
        RetrievalRecorded("x\x001", "retrieved"),
        ReferenceSplit("x.1", ("x.1",), ""),
    ],
)
def test_screening_needs_a_reference_that_is_there(store: Store, payload: object) -> None:
    with pytest.raises((NotFound, InvalidInput), match=r"no reference|NUL"):
        append(store, payload)


# Studies and syntheses

TABLES = StudyTables(
    studies=(Study("s1", "One", "c", "rct"), Study("s2", "Two", "c", "rct")),
    arms=(Arm("a1", "s1", "cells"), Arm("a2", "s2", "cells")),
    outcomes=(Outcome("o1", "s1", "response"),),
    data_points=(DataPoint("d1", "s1", "a1", "o1", "events", 3), DataPoint("d2", "s1", "a1", "o1", "total", 7)),
    claims=(PublishedClaim("p1", "10.1/x", "c", "response", "4 %", "percent", 4),),
)


def test_loading_again_replaces_rows_in_their_place_and_adds_others(store: Store) -> None:
    append(store, StudiesLoaded(TABLES))
    new_point = DataPoint("d3", "s2", "a2", "o1", "events", 0)
    again = StudyTables(
        studies=(Study("s3", "Three", "c", "rct"), replace(TABLES.studies[0], title="Uno")),
        data_points=(new_point,),
    )
    append(store, StudiesLoaded(again))
    with store.snapshot("r") as view:
        assert view.tables() == replace(
            TABLES,
            studies=(again.studies[1], TABLES.studies[1], again.studies[0]),
            data_points=(*TABLES.data_points, new_point),
        )


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (StudyTables(arms=(Arm("a", "none", "x"),)), "study 'none'"),
        (StudyTables(studies=TABLES.studies * 2), "stands twice among the studies"),
        (StudyTables(studies=(Study(" ", "t", "c", "rct"),)), "id among the studies"),
        (replace(TABLES, arms=()), "arm 'a1'"),
        (replace(TABLES, outcomes=()), "outcome 'o1'"),
    ],
)
def test_rows_that_hang_in_the_air_are_refused_whole(store: Store, tables: StudyTables, words: str) -> None:
    _refused(store, InvalidInput, words, StudiesLoaded(tables))


def _synthesis(plan: str, estimate: float) -> Synthesis:
    return Synthesis(
        2, "PLO", "glmm", "ml", "z", 0.95, estimate, 0.1, None, None, Interval(0.5, None, None), id=plan, plan=plan
    )


def test_a_synthesis_replaces_the_earlier_one_of_its_plan(store: Store) -> None:
    first, other, second = _synthesis("p", 1.0), _synthesis("q", 2.0), _synthesis("p", 0.1 + 0.2)
    append(store, SynthesisRun(first), SynthesisRun(other), SynthesisRun(second))
    with store.snapshot("r") as view:
        assert view.syntheses() == (second, other)
    _refused(store, InvalidInput, "plan of a synthesis", SynthesisRun(replace(first, plan="")))


def test_sources_may_share_no_short_name(store: Store) -> None:
    event = prepare_import(store, b"one", 1)
    append(store, event)
    twin = replace(event.source, sha256=event.source.sha256[:12] + "0" * 52)
    assert isinstance(twin, Source)
    _refused(store, Conflict, "already imported", SourceImported(twin, event.records_sha256))

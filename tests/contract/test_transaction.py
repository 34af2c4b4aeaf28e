from __future__ import annotations

import multiprocessing
import threading

import pytest
import sqlalchemy as sa

from strategies import AT, append, begin, import_records, merge
from stromata import store as stores
from stromata.errors import Conflict, InvalidInput, NotFound, StoreError
from stromata.model import (
    GENESIS,
    DataPoint,
    DecisionMade,
    ProtocolSet,
    ReviewCreated,
    ReviewProtocol,
    RoleGranted,
    StudiesLoaded,
    Study,
    StudyTables,
)
from stromata.model.codec import make_event
from stromata.store import Store


def test_each_event_is_chained_to_the_one_before(store: Store) -> None:
    with store.transaction("r", actor="bo", at=AT) as tx:
        second = tx.append(RoleGranted("bo", "reviewer"))
        third = tx.append(ProtocolSet(ReviewProtocol(rationale="why")))
    with store.snapshot("r") as view:
        first, *rest = view.events()
        assert rest == [second, third]
        assert (view.info().events, view.info().head) == (3, third.hash)
    assert first.previous == GENESIS
    assert [second.previous, third.previous] == [first.hash, second.hash]
    assert third == make_event(review="r", sequence=3, at=AT, actor="bo", payload=third.payload, previous=second.hash)


def test_events_after_a_sequence_are_the_later_ones(store: Store) -> None:
    append(store, RoleGranted("bo", "reviewer"), RoleGranted("bo", "lead"))
    with store.snapshot("r") as view:
        assert [event.sequence for event in view.events(after=1)] == [2, 3]
        assert list(view.events(after=3)) == []


def test_long_logs_are_read_to_their_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stromata.store.read.BATCH", 3)
    append(store, *(RoleGranted(f"person {number}", "reviewer") for number in range(8)))
    with store.snapshot("r") as view:
        assert [event.sequence for event in view.events()] == list(range(1, 10))


def test_an_exception_undoes_the_whole_transaction(store: Store) -> None:
    def fail() -> None:
        with store.transaction("r", actor="ana", at=AT) as tx:
            tx.append(RoleGranted("bo", "reviewer"))
            assert tx.roles() == (("bo", "reviewer"),)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.snapshot("r") as view:
        assert view.info().events == 1
        assert view.roles() == ()


def test_a_refused_event_leaves_the_rest_of_the_transaction(store: Store) -> None:
    one, two, three, _ = import_records(store)
    with store.transaction("r", actor="ana", at=AT) as tx:
        with pytest.raises(NotFound, match="no reference 'nobody'"):
            tx.append(merge(one, two, "nobody"))
        tx.append(merge(one, three))
        assert tx.members(one) == (one, three)
        assert tx.members(two) == (two,)
    with store.snapshot("r") as view:
        assert view.info().events == 3
    assert store.verify().ok


def test_a_transaction_sees_its_own_writes_and_others_do_not(store: Store) -> None:
    with store.transaction("r", actor="ana", at=AT) as tx:
        tx.append(RoleGranted("bo", "reviewer"))
        assert tx.info().events == 2
        with store.snapshot("r") as view:
            assert view.info().events == 1


def test_a_snapshot_shows_one_moment(store: Store) -> None:
    with store.snapshot("r") as view:
        append(store, RoleGranted("bo", "reviewer"))
        assert view.roles() == ()
        assert view.info().events == 1


def test_a_review_begins_once_and_with_its_creation(store: Store) -> None:
    with pytest.raises(Conflict, match="already a review 'r'"):
        append(store, ReviewCreated("again"))
    with pytest.raises(NotFound, match="no review 'new'"):
        append(store, RoleGranted("bo", "lead"), review="new")
    with pytest.raises(NotFound, match="no review 'new'"), store.snapshot("new"):
        pass
    assert [info.id for info in store.reviews()] == ["r"]


def test_reviews_in_one_database_do_not_touch_each_other(store: Store) -> None:
    begin(store, "s", title="Second")
    one, two, *_ = import_records(store)
    append(store, merge(one, two))
    with store.snapshot("s") as view:
        assert list(view.records()) == []
        assert view.find_records(pmid="1") == ()
        with pytest.raises(NotFound):
            view.reference_of(one)
    assert [(info.id, info.title, info.created_at, info.events) for info in store.reviews()] == [
        ("r", "A review", AT, 3),
        ("s", "Second", AT, 1),
    ]
    assert store.verify().ok


def _value(value: float) -> StudiesLoaded:
    return StudiesLoaded(StudyTables(data_points=(DataPoint("d", "s", "a", "o", "mean", value),)))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (ReviewCreated("nul \x00"), "NUL"),
        (ReviewCreated("half \ud800"), "cannot be kept"),
        (RoleGranted("", "lead"), "person's name"),
        (RoleGranted("x" * 201, "lead"), "201 characters"),
        (_value(float("nan")), "value"),
        (_value(float("inf")), "value"),
        (
            StudiesLoaded(StudyTables(studies=(Study("s", "t", "c", "rct", followup_months=float("nan")),))),
            "not finite",
        ),
    ],
)
def test_what_cannot_be_read_back_is_refused(store: Store, payload: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        append(store, payload)
    with store.snapshot("r") as view:
        assert view.info().events == 1


def test_text_that_only_looks_like_an_escape_is_kept(store: Store) -> None:
    begin(store, "s", title=r"\u0000 \\u0000")
    assert store.reviews()[1].title == r"\u0000 \\u0000"


@pytest.mark.parametrize("at", ["", "yesterday", "2026-01-31T12:00:00+02:00"])
def test_time_is_iso_8601_in_utc(store: Store, at: str) -> None:
    with pytest.raises(InvalidInput, match=r"UTC|ISO 8601"):
        append(store, RoleGranted("bo", "lead"), at=at)


@pytest.mark.parametrize("actor", ["", "  ", "a\x00"])
def test_an_actor_has_a_name(store: Store, actor: str) -> None:
    with pytest.raises(InvalidInput, match="actor"):
        append(store, RoleGranted("bo", "lead"), actor=actor)


CONTROLS = [
    "\x1b[2J",
    "\n",
    "\r",
    "\t",
    "\x7f",
    "\x85",
    "\x9f",
    "\u2028",
    "\u202e",
    "\u202a",
    "\u2066",
    "\u2069",
    "\ud800",
]


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_the_name_of_a_person_can_be_shown(store: Store, control: str) -> None:
    one, *_ = import_records(store)
    name = f"bo{control}bo"
    with pytest.raises(InvalidInput, match=r"the actor's name is .*U\+") as caught:
        append(store, RoleGranted("bo", "lead"), actor=name)
    assert control not in caught.value.message
    for payload in (RoleGranted(name, "lead"), DecisionMade(one, "title-abstract", name, "include")):
        with pytest.raises(InvalidInput, match=r"name is .*U\+|cannot be kept"):
            append(store, payload)
    with store.snapshot("r") as view:
        assert view.info().events == 2


@pytest.mark.parametrize("name", ["Chloé", "丁 一", "o'neil", "נעה", "M. d\u2019Arc"])
def test_names_in_any_script_are_kept(store: Store, name: str) -> None:
    append(store, RoleGranted(name, "lead"), actor=name)
    with store.snapshot("r") as view:
        assert view.roles() == ((name, "lead"),)


def test_the_id_of_a_review_is_unicode(store: Store) -> None:
    with pytest.raises(InvalidInput, match="Unicode"):
        begin(store, "\ud800")


def test_writers_in_threads_never_fork_the_chain(store: Store) -> None:
    errors: list[BaseException] = []

    def work(person: int) -> None:
        try:
            for turn in range(4):
                append(store, RoleGranted(f"{person}", "lead"), RoleGranted(f"{person}.{turn}", "reviewer"))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    _assert_chain(store, 1 + 6 * 4 * 2)


def _grant_in_process(address: str, files: str, person: str) -> None:
    with stores.open_store(address, files=__import__("pathlib").Path(files)) as opened:
        for turn in range(5):
            append(opened, RoleGranted(person, "lead"), RoleGranted(f"{person}.{turn}", "reviewer"))


def test_writers_in_processes_never_fork_the_chain(store: Store, address: str) -> None:
    context = multiprocessing.get_context("fork")
    arguments = [(address, str(store.files.folder), person) for person in ("bo", "cy")]
    store.close()
    workers = [context.Process(target=_grant_in_process, args=given) for given in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]
    _assert_chain(store, 1 + 2 * 5 * 2)


def _assert_chain(store: Store, length: int) -> None:
    with store.snapshot("r") as view:
        log = list(view.events())
    assert [event.sequence for event in log] == list(range(1, length + 1))
    assert [event.previous for event in log] == [GENESIS, *(event.hash for event in log[:-1])]
    assert store.verify().ok


def test_a_writer_that_waits_too_long_says_so(address: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stromata.store.database.WAIT_SECONDS", 0.2 if "://" not in address else 1)
    with (
        stores.open_store(address, files=store.files.folder) as impatient,
        store.transaction("r", actor="a", at=AT),
        pytest.raises(StoreError, match="another program has been writing") as caught,
    ):
        append(impatient, RoleGranted("bo", "lead"))
    assert "Wait" in caught.value.hint
    append(store, RoleGranted("bo", "lead"))


def test_a_database_failure_loses_the_transaction_even_when_it_is_caught(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sa.Connection, *_: object) -> None:
        connection.execute(sa.text("SELECT * FROM no_such_table"))

    def go_on() -> None:
        with store.transaction("r", actor="a", at=AT) as tx:
            tx.append(RoleGranted("bo", "lead"))
            with monkeypatch.context() as patch:
                patch.setattr("stromata.store.transaction.apply", fail)
                with pytest.raises(StoreError, match="no_such_table"):
                    tx.append(RoleGranted("cy", "lead"))
            with pytest.raises(StoreError, match="earlier"):
                tx.append(RoleGranted("di", "lead"))

    with pytest.raises(StoreError, match="nothing of it was kept"):
        go_on()
    with store.snapshot("r") as view:
        assert view.info().events == 1


def test_numbers_come_back_as_they_were_hashed(store: Store) -> None:
    tables = StudyTables(studies=(Study("s", "t", "c", "rct", followup_months=6),))
    append(store, StudiesLoaded(tables))
    with store.snapshot("r") as view:
        assert view.tables() == tables
    assert store.verify().ok


def test_a_decision_carries_the_time_of_its_event(store: Store) -> None:
    one, *_ = import_records(store)
    append(store, DecisionMade(one, "title-abstract", "bo", "include"), at="2026-02-01T00:00:00Z")
    with store.snapshot("r") as view:
        assert [decision.at for decision in view.decisions()] == ["2026-02-01T00:00:00Z"]

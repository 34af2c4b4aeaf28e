from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from strategies import append, begin, import_records, merge
from stromata import store as stores
from stromata.errors import Cancelled
from stromata.model import DecisionMade, ProtocolSet, ReviewProtocol, RoleGranted, StudiesLoaded, Study, StudyTables
from stromata.store import Store, Verification
from stromata.store.schema import STATE, metadata


@pytest.fixture
def filled(store: Store) -> Store:
    a, b, c, _ = import_records(store)
    append(
        store,
        RoleGranted("bo", "reviewer"),
        merge(a, b),
        DecisionMade(a, "title-abstract", "bo", "include"),
        DecisionMade(c, "title-abstract", "bo", "exclude"),
        ProtocolSet(ReviewProtocol(about="what")),
    )
    begin(store, "other")
    return store


@contextmanager
def _meddling(store: Store) -> Iterator[sa.Connection]:
    """A connection that writes past the log, foreign keys or not."""
    with store._engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.commit()
        with connection.begin():
            yield connection
        connection.invalidate()


def _found(store: Store, statement: str, **values: object) -> tuple[str, ...]:
    with _meddling(store) as connection:
        assert connection.execute(sa.text(statement), values).rowcount > 0
    verification = store.verify()
    assert verification.ok is (not verification.differences)
    return verification.differences


def _says(differences: tuple[str, ...], *words: str) -> bool:
    return any(all(word in difference for word in words) for difference in differences)


def test_a_sound_database_is_found_sound(filled: Store) -> None:
    assert filled.verify() == Verification(ok=True, events=8, reviews=2, files=2)


def test_an_edited_payload_is_found(filled: Store) -> None:
    found = _found(
        filled, "UPDATE events SET payload = replace(payload, 'exclude', 'include') WHERE review = 'r' AND sequence = 6"
    )
    assert _says(found, "review r", "event 6", "decision-made", "was altered")
    assert _says(found, "table decisions", "differs from the log in data")


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "2020-01-01T00:00:00Z"), ("actor", "mallory"), ("hash", "0" * 64), ("previous", "1" * 64)],
)
def test_an_edited_column_of_an_event_is_found(filled: Store, column: str, value: str) -> None:
    found = _found(filled, f"UPDATE events SET {column} = :value WHERE review = 'r' AND sequence = 3", value=value)
    assert _says(found, "review r", "event 3", "was altered")


def test_a_payload_with_something_added_is_found(filled: Store) -> None:
    payload = json.dumps({"person": "bo", "role": "reviewer", "unseen": "x"})
    found = _found(filled, "UPDATE events SET payload = :payload WHERE review = 'r' AND sequence = 3", payload=payload)
    assert _says(found, "event 3", "was altered")


@pytest.mark.parametrize("payload", ["{", "[]", '{"person": 1}'])
def test_a_payload_that_cannot_be_read_is_found(filled: Store, payload: str) -> None:
    found = _found(filled, "UPDATE events SET payload = :payload WHERE review = 'r' AND sequence = 3", payload=payload)
    assert _says(found, "event 3", "cannot be read")
    assert _says(found, "cannot be replayed")


def test_an_unknown_kind_is_found(filled: Store) -> None:
    found = _found(filled, "UPDATE events SET version = 99 WHERE review = 'r' AND sequence = 3")
    assert _says(found, "event 3", "newer stromata") or _says(found, "event 3", "version 99 is unknown")


def test_a_deleted_event_is_found(filled: Store) -> None:
    found = _found(filled, "DELETE FROM events WHERE review = 'r' AND sequence = 5")
    assert _says(found, "event 5 is missing")
    assert _says(found, "event 6 does not follow")
    assert _says(found, "table decisions", "is not in the log")


def test_two_deleted_events_are_found(filled: Store) -> None:
    found = _found(filled, "DELETE FROM events WHERE review = 'r' AND sequence IN (5, 6)")
    assert _says(found, "event 5 to 6 is missing")


def test_events_in_another_order_are_found(filled: Store) -> None:
    with _meddling(filled) as connection:
        for old, new in ((5, 100), (6, 5), (100, 6)):
            connection.execute(sa.text(f"UPDATE events SET sequence = {new} WHERE review = 'r' AND sequence = {old}"))
    found = filled.verify().differences
    assert _says(found, "event 5 does not follow")
    assert _says(found, "event 5", "was altered")


def test_a_log_cut_at_its_end_is_found_even_when_the_state_was_cut_too(filled: Store) -> None:
    with _meddling(filled) as connection:
        connection.execute(sa.text("DELETE FROM decisions WHERE reference LIKE '%.3'"))
        connection.execute(sa.text("UPDATE reviews SET protocol = :empty"), {"empty": _empty_protocol()})
    found = _found(filled, "DELETE FROM events WHERE review = 'r' AND sequence IN (6, 7)")
    assert _says(found, "the log ends with event 5, but event 7 was written: it was cut")


def _empty_protocol() -> str:
    from stromata.model.codec import to_json

    return to_json(ReviewProtocol())


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE decisions SET data = replace(data, 'exclude', 'include')", ("table decisions", "differs", "data")),
        ("UPDATE decisions SET sequence = 3 WHERE sequence = 5", ("table decisions", "differs", "sequence")),
        ("UPDATE records SET data = replace(data, 'Title 2', 'Title 9')", ("table records", ".2 differs", "data")),
        ("DELETE FROM records WHERE position = 4", ("table records", ".4 is missing")),
        ("DELETE FROM identifiers WHERE value = '2'", ("table identifiers", "pmid/2/", "is missing")),
        ("UPDATE members SET reference = record WHERE position = 2", ("table members", ".2 differs", "reference")),
        ("UPDATE reviews SET title = 'Changed' WHERE id = 'r'", ("table reviews", "row r differs", "title")),
        ("UPDATE reviews SET head = 'x' WHERE id = 'r'", ("another hash",)),
        ("UPDATE reviews SET events = 3 WHERE id = 'r'", ("speaks of event 3",)),
        ("INSERT INTO roles VALUES ('r', 'mallory', 'lead', 3)", ("table roles", "mallory/lead", "is not in the log")),
        ("INSERT INTO roles VALUES ('ghost', 'm', 'lead', 3)", ("review ghost", "table roles", "is not in the log")),
        ("DELETE FROM reviews WHERE id = 'r'", ("review r", "table reviews is missing")),
        ("DELETE FROM sources", ("table sources", "is missing")),
    ],
)
def test_an_edited_row_of_state_is_found(filled: Store, statement: str, words: tuple[str, ...]) -> None:
    assert _says(_found(filled, statement), *words)


def test_many_differences_are_counted(store: Store) -> None:
    import_records(store, b"one", 50)
    found = _found(store, "UPDATE records SET data = '{}'")
    assert len(found) == 21
    assert _says(found, "30 further rows differ")


@pytest.mark.parametrize("which", ["original", "records"])
def test_a_missing_or_altered_file_is_found(filled: Store, which: str) -> None:
    with filled.snapshot("r") as view:
        payload = next(event.payload for event in view.events() if event.sequence == 2)
    sha256 = payload.source.sha256 if which == "original" else payload.records_sha256  # type: ignore[union-attr]
    path = filled.files.path(sha256)
    kept = path.read_bytes()
    path.write_bytes(kept[:-1])
    assert _says(filled.verify().differences, which, "is altered", sha256)
    path.unlink()
    assert _says(filled.verify().differences, which, "is missing", sha256)
    filled.files.put(kept)
    assert filled.verify().ok


def test_a_kept_table_of_studies_is_checked_and_one_that_was_not_kept_is_not(store: Store) -> None:
    tables = StudyTables(studies=(Study("s", "t", "c", "rct"),))
    sha256 = store.files.put(b"id,title")
    append(store, StudiesLoaded(tables, (("studies.csv", sha256), ("other.csv", "a" * 64))))
    assert store.verify() == Verification(ok=True, events=2, reviews=1, files=1)
    store.files.path(sha256).write_bytes(b"")
    assert _says(store.verify().differences, "the table 'studies.csv'", "is altered")


def test_an_empty_database_is_sound(address: str, tmp_path: Path) -> None:
    with stores.create(address, files=tmp_path / "files") as empty:
        assert empty.verify() == Verification(ok=True, events=0, reviews=0, files=0)


def test_progress_is_told_and_may_stop_it(filled: Store) -> None:
    seen: list[tuple[int, int | None]] = []
    filled.verify(progress=lambda done, total, note="": seen.append((done, total)))
    assert seen == [(done, 8) for done in range(1, 9)]

    def stop(done: int, total: int | None, note: str = "") -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        filled.verify(progress=stop)


def test_every_table_but_the_log_is_compared() -> None:
    assert {table.name for table in STATE} == set(metadata.tables) - {"events"}

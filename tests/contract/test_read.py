from __future__ import annotations

import pytest
import sqlalchemy as sa

from strategies import append, import_records, make_records, merge
from stromata.errors import InvalidInput, NotFound, StoreError
from stromata.model import RoleGranted
from stromata.store import Store


def test_records_by_id_come_in_the_order_of_import(store: Store) -> None:
    ids = import_records(store, b"one", 12)
    with store.snapshot("r") as view:
        asked = [ids[11], ids[1], ids[9], ids[1]]
        assert [record.id for record in view.records(asked)] == [ids[1], ids[9], ids[11]]
        assert list(view.records([])) == []


def test_records_by_id_are_read_across_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = import_records(store, b"one", 1010)
    with store.snapshot("r") as view:
        assert [record.id for record in view.records(reversed(ids))] == ids


def test_unknown_records_are_named(store: Store) -> None:
    ids = import_records(store)
    with store.snapshot("r") as view:
        for ask in (view.record, view.reference_of, lambda name: list(view.records([ids[0], name]))):
            for name in ("nothing.1", "nothing.\x00"):
                with pytest.raises(NotFound, match="no record 'nothing"):
                    ask(name)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_references_are_whole_at_any_size_of_batch(store: Store, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    ids = import_records(store, b"one", 8)
    append(store, merge(ids[3], ids[0], ids[7]), merge(ids[6], ids[5]))
    monkeypatch.setattr("stromata.store.read.BATCH", batch)
    with store.snapshot("r") as view:
        assert list(view.references()) == [
            (ids[1], (ids[1],)),
            (ids[2], (ids[2],)),
            (ids[3], (ids[0], ids[3], ids[7])),
            (ids[4], (ids[4],)),
            (ids[6], (ids[5], ids[6])),
        ]


def test_records_are_found_by_any_identifier(store: Store) -> None:
    sha256 = store.files.put(b"one")
    first, second, third, fourth = make_records(sha256, 4, doi="", pmid="")
    given = [
        _with(first, doi="10.1000/abc"),
        _with(second, pmid="77", registry_ids=("NCT00000001", "ISRCTN12345678")),
        _with(third, pmcid="PMC5", accession="CN-001"),
        _with(fourth, doi="10.1000/abc", pmid="77"),
    ]
    a, b, c, d = import_records(store, b"one", given)
    with store.snapshot("r") as view:
        assert view.find_records(doi=" 10.1000/ABC ") == (a, d)
        assert view.find_records(pmid="77") == (b, d)
        assert view.find_records(pmcid="pmc5") == (c,)
        assert view.find_records(registry="nct00000001") == (b,)
        assert view.find_records(accession="cn-001") == (c,)
        assert view.find_records(doi="10.1000/abc", pmid="77", accession="CN-001") == (a, b, c, d)
        assert view.find_records(doi="77") == ()
        assert view.find_records() == ()


def _with(record: object, **fields: object) -> object:
    from dataclasses import replace

    return replace(record, **fields)  # type: ignore[type-var]


def _edit(store: Store, statement: str) -> None:
    with store._engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount == 1


@pytest.mark.parametrize("payload", ["{", "[]", '{"person": 1}'])
def test_a_damaged_event_is_named_with_its_place_and_the_way_out(store: Store, payload: str) -> None:
    append(store, RoleGranted("bo", "lead"))
    with store._engine.begin() as connection:
        connection.execute(sa.text("UPDATE events SET payload = :payload WHERE sequence = 2"), {"payload": payload})
    with store.snapshot("r") as view, pytest.raises(StoreError, match="event 2 of review r is damaged") as caught:
        list(view.events())
    assert "not a valid RoleGranted" in caught.value.message
    assert caught.value.hint == "Run `stromata verify`; restore the last backup."
    assert any("event 2 cannot be read: not a valid RoleGranted" in said for said in store.verify().differences)


def test_an_event_of_a_newer_kind_asks_for_an_upgrade(store: Store) -> None:
    _edit(store, "UPDATE events SET kind = 'review-sung' WHERE sequence = 1")
    with store.snapshot("r") as view, pytest.raises(InvalidInput, match="review-sung") as caught:
        list(view.events())
    assert "upgrade" in caught.value.hint


def test_a_damaged_row_of_the_state_is_an_error_of_the_store(store: Store) -> None:
    ids = import_records(store)
    _edit(store, f"UPDATE records SET data = '[]' WHERE id = '{ids[1]}'")
    _edit(store, "UPDATE reviews SET protocol = '[]'")
    _edit(store, "UPDATE sources SET data = '[]'")
    with store.snapshot("r") as view:
        asked = (
            lambda: view.record(ids[1]), lambda: list(view.records()), lambda: list(view.records(ids)),
            view.protocol, view.sources,
        )  # fmt: skip
        for ask in asked:
            with pytest.raises(StoreError, match="in the state of review r is damaged") as caught:
                ask()
            assert "backup" in caught.value.hint


def test_half_characters_are_looked_up_and_not_found(store: Store) -> None:
    import_records(store)
    with store.snapshot("r") as view:
        assert view.find_records(doi="\udcff", title="\udcff\ud800") == ()
        with pytest.raises(NotFound):
            view.record("\udcff")
    with pytest.raises(NotFound), store.snapshot("\udcff"):
        pass


def test_iterators_may_be_left_unfinished(store: Store) -> None:
    import_records(store, b"one", 30)
    with store.snapshot("r") as view:
        assert next(view.records()).number == 1
        assert next(iter(view.references()))
        assert next(view.events()).sequence == 1

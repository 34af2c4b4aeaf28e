from __future__ import annotations

import pytest

from strategies import append, import_records, merge
from stromata.errors import NotFound
from stromata.model import DecisionMade, ReferenceSplit
from stromata.store import Store


def test_a_review_is_seen_as_it_was_after_each_event(store: Store) -> None:
    a, b, _, _ = import_records(store)
    seen = []
    for payload in (
        DecisionMade(b, "title-abstract", "bo", "include"),
        merge(a, b),
        DecisionMade(a, "title-abstract", "bo", "exclude"),
        ReferenceSplit(a, (b,), "not the same"),
    ):
        append(store, payload)
        with store.snapshot("r") as now:
            seen.append((now.info().events, tuple(now.references()), now.decisions()))
    for sequence, references, decisions in seen:
        with store.past("r", sequence=sequence) as view:
            assert (view.info().events, tuple(view.references()), view.decisions()) == (
                sequence,
                references,
                decisions,
            )


@pytest.mark.parametrize("sequence", [0, 3, -1])
def test_an_event_that_is_not_there_is_told(store: Store, sequence: int) -> None:
    import_records(store)
    with pytest.raises(NotFound, match="1 to 2"), store.past("r", sequence=sequence):
        pass


def test_a_review_that_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(NotFound), store.past("nobody", sequence=1):
        pass


def test_looking_back_writes_nothing(store: Store) -> None:
    import_records(store)
    before = store.reviews()
    with store.past("r", sequence=1) as view:
        assert list(view.records()) == []
    assert store.reviews() == before
    assert store.verify().ok

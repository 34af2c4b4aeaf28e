"""Hypothesis strategies and small builders for the types of the model."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from stromata.model import Merge, Record, ReferencesMerged, ReviewCreated, Source, SourceImported, Synthesis
from stromata.store import Store

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
"""Texts that every database keeps."""

wild_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""Texts as they stand in files: the character NUL among them."""

names = st.sampled_from(["ana", "bo", "Chloé", "丁", "o'neil"])
finite = st.floats(allow_nan=False, allow_infinity=False)


def values(
    cls: Any, *, text: st.SearchStrategy[str] = texts, **given: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Return a strategy for a dataclass of the model: every field drawn from its type, or from what is `given`."""
    hints = typing.get_type_hints(cls)
    if cls is Synthesis:
        given = {"subgroups": st.just(()), **given}  # it holds itself
    drawn = {field.name: _of(hints[field.name], text) for field in dataclasses.fields(cls) if field.name not in given}
    return st.builds(cls, **drawn, **given)


def _of(hint: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    simple = {str: text, int: st.integers(0, 10**6), float: finite, bool: st.booleans(), type(None): st.none()}
    if hint in simple:
        return simple[hint]
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from(arguments)
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return st.one_of([_of(item, text) for item in arguments])
    if typing.get_origin(hint) is tuple and arguments[-1] is Ellipsis:
        return st.lists(_of(arguments[0], text), max_size=2).map(tuple)
    if typing.get_origin(hint) is tuple:
        return st.tuples(*(_of(item, text) for item in arguments))
    return values(hint, text=text)


def make_records(source: str, count: int, **fields: Any) -> list[Record]:
    """Return `count` records of a source, told apart by title, DOI and PMID."""
    return [
        Record(
            source,
            number,
            number * 10,
            number * 10 + 9,
            **({"title": f"Title {number}", "doi": f"10.1000/{source[:6]}.{number}", "pmid": str(number)} | fields),
        )
        for number in range(1, count + 1)
    ]


AT = "2026-01-31T12:00:00Z"


def begin(store: Store, review: str = "r", *, title: str = "A review") -> None:
    """Create a review."""
    with store.transaction(review, actor="ana", at=AT) as tx:
        tx.append(ReviewCreated(title))


def prepare_import(store: Store, content: bytes, records: Iterable[Record] | int) -> SourceImported:
    """Put an original and its records among the files, and return the event that imports them."""
    sha256 = store.files.put(content)
    given = make_records(sha256, records) if isinstance(records, int) else records
    kept, count = store.files.write_records(given)
    source = Source(sha256, "export.ris", len(content), "ris", "utf-8", count)
    return SourceImported(source, kept)


def append(store: Store, *payloads: Any, review: str = "r", actor: str = "ana", at: str = AT) -> None:
    """Append events in one transaction."""
    with store.transaction(review, actor=actor, at=at) as tx:
        for payload in payloads:
            tx.append(payload)


def import_records(store: Store, content: bytes = b"one", records: Sequence[Record] | int = 4) -> list[str]:
    """Import a source into review ``r`` and return the ids of its records."""
    event = prepare_import(store, content, records)
    append(store, event)
    return [f"{event.source.id}.{number}" for number in range(1, event.source.records + 1)]


def merge(into: str, *merged: str) -> ReferencesMerged:
    """Return the event of one merge."""
    return ReferencesMerged("test", (Merge(into, merged, "test"),))

"""One view of a cluster of duplicate records, each field with the record that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from stromata.model import Record, Reference

_OWN = frozenset({"source", "number", "line", "end_line"})
"""Fields that say where a record stands; a cluster takes them from its native record."""

_LONGEST = frozenset(
    {"abstract", "authors", "keywords", "urls", "registry_ids", "translations", "date", "issn", "isbn"}
)
"""Fields in which the fullest value is the best one; elsewhere the first record that has a value gives it."""


def combine(reference: str, records: Sequence[Record]) -> Reference:
    """Return the reference that a cluster of records stands for.

    Parameters
    ----------
    reference : id of the cluster's native record.
    records : (R,) members in order of import, R >= 1.

    Returns
    -------
    Reference
        For most fields the first record with a value gives it; for abstracts, authors and other lists the fullest does.
    """
    native = next((record for record in records if record.id == reference), records[0])
    values: dict[str, object] = {}
    provenance: list[tuple[str, str]] = []
    for item in fields(Record):
        if item.name in _OWN:
            continue
        holders = [record for record in records if getattr(record, item.name)]
        if not holders:
            continue
        if item.name in _LONGEST:
            best = max(holders, key=lambda record, name=item.name: len(getattr(record, name)))  # type: ignore[misc]
        else:
            best = holders[0]
        values[item.name] = getattr(best, item.name)
        provenance.append((item.name, best.id))
    merged = replace(native, **values)  # type: ignore[arg-type]
    return Reference(
        id=reference,
        records=tuple(record.id for record in records),
        merged=merged,
        provenance=tuple(provenance),
    )

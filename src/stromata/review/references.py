"""References: clusters of duplicate records, merged, split and kept apart by hand, and looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stromata import dedupe
from stromata.errors import InvalidInput, NotFound
from stromata.model import Merge, Record, Reference, ReferencesKeptApart, ReferencesMerged, ReferenceSplit
from stromata.model.identifiers import find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.review.project import Project
from stromata.review.rules import require, require_reason
from stromata.store import Snapshot

_RECORD_ID = re.compile(r"[0-9a-f]{12}\.\d+")


def merge(project: Project, into: str, merged: tuple[str, ...], *, reason: str) -> None:
    """Merge references by hand.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotFound
        There is no such reference.
    InvalidInput
        No reason was given, or a reference would be merged into itself.
    """
    require_reason("a merge or split by hand", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "merge and split references")
        into = resolve_key(tx, into)
        others = tuple(resolve_key(tx, key) for key in merged)
        if into in others:
            raise InvalidInput(f"{into} would be merged into itself")
        tx.append(ReferencesMerged(method="by hand", merges=(Merge(into, others, "by hand", reason),)))


def split(project: Project, reference: str, records: tuple[str, ...], *, reason: str) -> None:
    """Take records out of a reference; each becomes a reference of its own again, with its own earlier verdicts.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotFound
        There is no such reference, or it has no such record.
    """
    require_reason("a merge or split by hand", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "merge and split references")
        reference = resolve_key(tx, reference)
        members = tx.members(reference)
        strangers = [record for record in records if record not in members]
        if strangers or not records:
            raise NotFound(
                f"{reference} has no record {', '.join(strangers) or '(none was named)'}",
                hint=f"Its records: {', '.join(members)}.",
            )
        tx.append(ReferenceSplit(reference=reference, records=records, reason=reason))


def keep_apart(project: Project, one: str, other: str, *, reason: str) -> None:
    """Say that two references are different publications: they are never merged, or asked about, again.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    NotFound
        There is no such reference.
    InvalidInput
        No reason was given, or both keys name one reference.
    """
    require_reason("keeping references apart", reason)
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "merge and split references")
        pair = resolve_key(tx, one), resolve_key(tx, other)
        if pair[0] == pair[1]:
            hint = "Use `stromata dedupe split` to take records out of it."
            raise InvalidInput(f"both keys name {pair[0]}", hint=hint)
        tx.append(ReferencesKeptApart(pairs=(pair,), reason=reason))


def answer_questions(project: Project, answers: Iterable[tuple[str, str, bool]], *, reason: str) -> tuple[int, int]:
    """Merge, or keep apart for good, pairs that a person has looked at; all of them, or none.

    Parameters
    ----------
    answers : (reference, reference, whether they are the same), by any key.

    Returns
    -------
    how many pairs were merged, and how many are kept apart; pairs that are one reference already are passed over.

    Raises
    ------
    NotAllowed, NotFound, InvalidInput
        As for `merge` and `keep_apart`.
    """
    require_reason("answers about duplicates", reason)
    merged = kept = 0
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "merge and split references")
        for one, other, same in answers:
            pair = resolve_key(tx, one), resolve_key(tx, other)
            if pair[0] == pair[1]:
                continue
            if same:
                tx.append(ReferencesMerged(method="by hand", merges=(Merge(pair[0], (pair[1],), "by hand", reason),)))
                merged += 1
            else:
                tx.append(ReferencesKeptApart(pairs=(pair,), reason=reason))
                kept += 1
    return merged, kept


def explain_pair(project: Project, one: str, other: str) -> dedupe.Explanation:
    """Say what speaks for and against two references being one publication.

    Raises
    ------
    NotFound, InvalidInput
        As for `reference`.
    """
    with project.store.snapshot(project.id) as view:
        pair = [
            dedupe.combine(id_, [view.record(item) for item in view.members(id_)])
            for id_ in (resolve_key(view, one), resolve_key(view, other))
        ]
    return dedupe.explain(pair[0].merged, pair[1].merged)


def references(project: Project) -> Iterator[Reference]:
    """Yield every reference with its merged record and the provenance of each field, in order of import."""
    with project.store.snapshot(project.id) as view:
        yield from combined(view)


def reference(project: Project, key: str) -> Reference:
    """Return one reference by its id, a record's id, a DOI, a PMID or a registry id.

    Raises
    ------
    NotFound
        Nothing has that key.
    InvalidInput
        Several references have it.
    """
    with project.store.snapshot(project.id) as view:
        id_ = resolve_key(view, key)
        return dedupe.combine(id_, [view.record(record) for record in view.members(id_)])


def combined(view: Snapshot) -> Iterator[Reference]:
    """Yield every reference of a snapshot, combined."""
    members = dict(view.references())
    waiting: dict[str, list[Record]] = {id_: [] for id_ in members}
    home = {record: id_ for id_, records in members.items() for record in records}
    for record in view.records():
        id_ = home[record.id]
        waiting[id_].append(record)
        if len(waiting[id_]) == len(members[id_]):
            yield dedupe.combine(id_, waiting.pop(id_))


def resolve_key(view: Snapshot, key: str) -> str:
    """Return the id of the reference that `key` (an id, DOI, PMID, registry id, accession or whole title) names.

    Raises
    ------
    NotFound, InvalidInput
        See `reference`.
    """
    found = {view.reference_of(record) for record in find_by_key(view, key)}
    if not found:
        raise NotFound(
            f"no reference has the key {key!r}", hint="Give a reference id, DOI, PMID, registry id or title."
        )
    if len(found) > 1:
        raise InvalidInput(
            f"{len(found)} references have the key {key!r}: {', '.join(sorted(found))}", hint="Give the reference's id."
        )
    return found.pop()


def find_by_key(view: Snapshot, key: str) -> tuple[str, ...]:
    """Return the ids of the records that `key` names: an id, or else any identifier, or else a whole title."""
    key = key.strip()
    if _RECORD_ID.fullmatch(key):
        try:
            return (view.record(key).id,)
        except NotFound:
            return ()
    registry = find_registry_ids(key)
    found = view.find_records(
        doi=normal_doi(key),
        pmid=normal_pmid(key),
        pmcid=normal_pmcid(key),
        registry=registry[0] if registry else "",
        accession=key,
    )
    return found or view.find_records(title=key)

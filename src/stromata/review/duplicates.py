"""Duplicates among the references of a review: found anew after each import, without doing again what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

from stromata import dedupe
from stromata.model import (
    Merge,
    Record,
    ReferencesKeptApart,
    ReferencesMerged,
    ReferenceSplit,
    SourceImported,
)
from stromata.progress import Progress, silent
from stromata.review.project import Project
from stromata.review.rules import require
from stromata.store import Snapshot

_PARTING = (ReferenceSplit.kind, ReferencesKeptApart.kind)
"""Events by which a person says that records are different publications."""

_TELLING = (SourceImported.kind, ReferencesMerged.kind, *_PARTING)
"""Events on which the search depends."""


def find_duplicates(project: Project, *, anew: bool = False, progress: Progress = silent) -> dedupe.Duplicates:
    """Merge the references that are the same publication, as one event, and return what was merged and what is asked.

    Records are compared as they were imported. What is one reference stays one, and what a person has split or kept
    apart stays apart. What earlier runs worked out is kept in a file beside the review's folder of files, and is used
    where nothing that it rests on has changed; the result is the same without that file, which may be deleted.

    Parameters
    ----------
    anew : compare everything again, whatever earlier runs worked out.

    Returns
    -------
    dedupe.Duplicates
        In terms of references as they were before the merges. Questions and relatives of earlier runs are named again.

    Raises
    ------
    NotAllowed
        The actor is not the lead.
    """
    with project.store.snapshot(project.id) as view:  # others may write meanwhile: this can take minutes
        require(project, view, "merge and split references")
        events = view.info().events
        found = _searched(project, view, anew=anew, progress=progress)
    if not found.merges:
        return found
    with project.store.transaction(project.id, actor=project.actor, at=project.clock()) as tx:
        require(project, tx, "merge and split references")
        if next(tx.events(after=events, kinds=_TELLING), None):
            found = _searched(project, tx, anew=False, progress=progress)
        if found.merges:
            tx.append(ReferencesMerged(method=dedupe.METHOD, merges=found.merges))
    return found


def _searched(project: Project, view: Snapshot, *, anew: bool, progress: Progress) -> dedupe.Duplicates:
    groups = [(reference, members) for reference, members in view.references() if len(members) > 1]
    home = {record: reference for reference, members in groups for record in members}
    settled = {record: members[0] for _, members in groups for record in members[1:]}
    imported = [event.payload for event in view.events(kinds=(SourceImported.kind,))]
    sources = [item for item in imported if isinstance(item, SourceImported)]
    of = tuple(f"{item.source.sha256} {item.records_sha256}" for item in sources)
    path = project.store.files.folder.with_name(f"duplicates-{project.id}.cache")
    with dedupe.recalled(path, of=of, anew=anew) as memory:
        found = dedupe.find_duplicates(
            ((record.id, record) for record in _records(view, sources, memory.parts)),
            apart=_kept_apart(view, sources, home), settled=settled, memory=memory, progress=progress,
        )  # fmt: skip
    return _of_references(found, home)


def _records(view: Snapshot, sources: list[SourceImported], known: int) -> Iterator[Record]:
    """Yield the records of all sources but the first `known`."""
    if not known:
        yield from view.records()
        return
    for item in sources[known:]:
        yield from view.records(f"{item.source.id}.{number}" for number in range(1, item.source.records + 1))


def _kept_apart(view: Snapshot, sources: list[SourceImported], home: dict[str, str]) -> frozenset[frozenset[str]]:
    """Return the pairs of records that a person has found to differ: all that were in references kept apart, or split.

    Parameters
    ----------
    home : record -> reference, of the records of all references that have several.
    """
    last = max((event.sequence for event in view.events(kinds=_PARTING)), default=0)
    pairs: set[tuple[str, str]] = set()
    then = _Members(sources)
    for event in view.events(kinds=(ReferencesMerged.kind, *_PARTING)) if last else ():
        if event.sequence > last:
            break
        match event.payload:
            case ReferencesMerged(merges=merges):
                for item in merges:
                    then.merge(item)
            case ReferenceSplit(reference=reference, records=records):
                pairs |= then.split(reference, records)
            case ReferencesKeptApart(pairs=said):
                pairs |= {pair for one, other in said for pair in product(then.of(one), then.of(other))}
    # A person may have merged them since.
    return frozenset(frozenset(pair) for pair in pairs if home.get(pair[0], pair[0]) != home.get(pair[1], pair[1]))


class _Members:
    """The records of each reference as the log tells of them, event by event; a reference not named has its own one."""

    def __init__(self, sources: list[SourceImported]) -> None:
        self._of: dict[str, list[str]] = {}
        self._rank = {item.source.id: rank for rank, item in enumerate(sources)}

    def of(self, reference: str) -> list[str]:
        """Return the records of a reference."""
        return self._of.get(reference, [reference])

    def merge(self, merge: Merge) -> None:
        """Follow a merge."""
        self._of[merge.into] = [record for name in (merge.into, *merge.merged) for record in self._of.pop(name, [name])]

    def split(self, reference: str, records: tuple[str, ...]) -> set[tuple[str, str]]:
        """Follow a split; return the pairs that it told apart: with those that stayed, or all if none did."""
        rest = [record for record in self._of.pop(reference, [reference]) if record not in records]
        if not rest:
            return set(combinations(records, 2))
        # When the native record has left, the earliest of those that stay names the reference.
        self._of[min(rest, key=self._place) if reference in records else reference] = rest
        return set(product(records, rest))

    def _place(self, record: str) -> tuple[int, int]:
        source, _, number = record.partition(".")
        return self._rank[source], int(number)


def _of_references(found: dedupe.Duplicates, home: dict[str, str]) -> dedupe.Duplicates:
    """Return what was found among records in terms of the references that they belong to."""

    def of(record: str) -> str:
        return home.get(record, record)

    merges = (
        Merge(of(item.into), tuple(dict.fromkeys(map(of, item.merged))), item.rule, item.evidence)
        for item in found.merges
    )
    return dedupe.Duplicates(
        merges=tuple(merges),
        questions=tuple(replace(item, left=of(item.left), right=of(item.right)) for item in found.questions),
        relatives=tuple(replace(item, left=of(item.left), right=of(item.right)) for item in found.relatives),
    )

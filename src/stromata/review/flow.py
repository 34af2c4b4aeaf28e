"""The PRISMA 2020 flow, counted from what is stored: records, clusters, verdicts, retrievals and study links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stromata.model import ReviewProtocol, Source, SourceKind
from stromata.reporting import MAIN_KINDS, FlowCounts
from stromata.review.board import Board
from stromata.review.project import Project
from stromata.review.synthesis import study_references
from stromata.screening import Standing
from stromata.store import Snapshot


@dataclass(frozen=True, slots=True)
class _Column:
    """The counts of one column of the diagram."""

    references: int
    awaiting_screening: int
    unread: int
    awaiting_title_abstract: int
    excluded_title_abstract: int
    sought: int
    not_retrieved: int
    awaiting_retrieval: int
    awaiting_assessment: int
    assessed: int
    excluded_full_text: tuple[tuple[str, int], ...]


def flow(project: Project) -> FlowCounts:
    """Return the counts of the review's flow as they stand now."""
    with project.store.snapshot(project.id) as view:
        return count_flow(view)


def count_flow(view: Snapshot) -> FlowCounts:
    """Count the flow of a snapshot. Nothing is adjusted: `stromata.reporting.check` shows whether the equations hold.

    References that were left unread when screening was stopped count as excluded by automation tools.
    A reference stands in the column of databases and registers as soon as one of its records comes from there.
    Included references that no study names yet count as one study each.
    """
    sources = view.sources()
    main_sources = {source.id for source in sources if source.kind in MAIN_KINDS}
    members = dict(view.references())
    main = {id_ for id_, records in members.items() if any(record.split(".")[0] in main_sources for record in records)}
    standings = Board(view).standings()
    protocol = view.protocol()
    retrieved = {view.reference_of(item.reference) for item in view.retrievals() if item.status == "retrieved"}
    left, right = (
        _column(
            {id_: item for id_, item in standings["title-abstract"].items() if (id_ in main) is wanted},
            standings["full-text"],
            retrieved,
            protocol,
        )
        for wanted in (True, False)
    )
    included = {id_ for id_, item in standings["full-text"].items() if item.state == "included"}
    return FlowCounts(
        sources=_by_database(sources),
        duplicates_removed=sum(source.records for source in sources if source.kind in MAIN_KINDS) - len(main),
        excluded_by_automation=left.unread,
        screened=left.references - left.awaiting_screening - left.unread,
        excluded_title_abstract=left.excluded_title_abstract,
        sought=left.sought,
        not_retrieved=left.not_retrieved,
        assessed=left.assessed,
        excluded_full_text=left.excluded_full_text,
        awaiting_screening=left.awaiting_screening,
        awaiting_title_abstract=left.awaiting_title_abstract,
        awaiting_retrieval=left.awaiting_retrieval,
        awaiting_assessment=left.awaiting_assessment,
        included_reports=len(included),
        included_studies=_studies(view, included),
        other_sought=right.sought,
        other_not_retrieved=right.not_retrieved,
        other_assessed=right.assessed,
        other_excluded_full_text=right.excluded_full_text,
        other_awaiting_retrieval=right.awaiting_retrieval,
        other_awaiting_assessment=right.awaiting_assessment,
    )


def _column(
    screened: dict[str, Standing], full_text: dict[str, Standing], retrieved: set[str], protocol: ReviewProtocol
) -> _Column:
    state = Counter(item.state for item in screened.values())
    untouched = sum(item.state == "open" and not item.decisions for item in screened.values())
    sought = [id_ for id_, item in screened.items() if item.state == "included"]
    reached = {id_: full_text[id_] for id_ in sought if id_ in full_text}
    undecided = [id_ for id_, item in reached.items() if item.state in {"open", "conflict"}]
    got = [id_ for id_ in undecided if id_ in retrieved or reached[id_].decisions]
    return _Column(
        references=len(screened),
        awaiting_screening=untouched,
        unread=state["unread"],
        awaiting_title_abstract=state["open"] - untouched + state["conflict"],
        excluded_title_abstract=state["excluded"],
        sought=len(sought),
        not_retrieved=len(sought) - len(reached),
        awaiting_retrieval=len(undecided) - len(got),
        awaiting_assessment=len(got),
        assessed=len(reached) - len(undecided),
        excluded_full_text=_reasons(reached.values(), protocol),
    )


def _reasons(standings: Iterable[Standing], protocol: ReviewProtocol) -> tuple[tuple[str, int], ...]:
    counted = Counter(item.counted_reason for item in standings if item.state == "excluded")
    named = [(reason.text, counted.pop(reason.code)) for reason in protocol.reasons if reason.code in counted]
    return (*named, *((code or "no reason given", n) for code, n in sorted(counted.items())))


def _by_database(sources: tuple[Source, ...]) -> tuple[tuple[str, SourceKind, int], ...]:
    """Return (name, kind, records), sources of one database and kind taken together, in order of first import."""
    totals: dict[tuple[str, SourceKind], int] = {}
    for source in sources:
        key = (source.database or source.file, source.kind)
        totals[key] = totals.get(key, 0) + source.records
    return tuple((name, kind, n) for (name, kind), n in totals.items())


def _studies(view: Snapshot, included: set[str]) -> int:
    links = study_references(view)
    named = {id_ for references in links.values() for id_ in references}
    return sum(bool(references & included) for references in links.values()) + len(included - named)

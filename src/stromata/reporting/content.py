"""What a report is made from: the review's own values, gathered at one point of its log."""

from __future__ import annotations

from dataclasses import dataclass

from stromata.model import PublishedClaim, Reference, ReviewProtocol, Source, Stage, StudyTables, Synthesis
from stromata.reporting.prisma import FlowCounts

_NO_PROTOCOL = ReviewProtocol()
_NO_TABLES = StudyTables()


@dataclass(frozen=True, slots=True)
class ExcludedReport:
    """A report that was judged at full text and excluded.

    Attributes
    ----------
    reason : the counted reason in words, as in the protocol.
    note : what the reviewers added; may be empty.
    """

    reference: Reference
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the reviewers agreed at one stage, before conflicts were resolved.

    Attributes
    ----------
    pairs : references with two independent verdicts.
    raw : share of the pairs with equal verdicts, 0..1; None without pairs.
    kappa : Cohen's kappa, -1..1; None where it is undefined.
    conflicts : pairs that an adjudicator had to settle, or still has to.
    """

    stage: Stage
    pairs: int
    raw: float | None
    kappa: float | None
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class ClaimComparison:
    """A published figure beside what the included studies give.

    Attributes
    ----------
    synthesis : id of the synthesis that asks the same; empty when none does.
    subgroup : label of its subgroup that was compared; empty for the whole.
    result : that synthesis or subgroup; None when the claim could not be recomputed.
    why_not : why it could not be recomputed, or what limits the comparison, in a sentence.
    """

    claim: PublishedClaim
    synthesis: str = ""
    subgroup: str = ""
    result: Synthesis | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything that a report shows.

    Attributes
    ----------
    generated_at : ISO 8601 time, as given by the caller.
    version : of stromata. `head_hash` and `events` name the state of the log that was read.
    references : all references that may be cited: of included, excluded and claiming reports. They are matched by DOI,
        PMID, registry id or record id, and numbered in the order of their first citation.
    included : ids of the references whose reports are included.
    syntheses : in the order to be shown; each with an id of its own.
    """

    title: str
    generated_at: str
    version: str
    head_hash: str
    events: int
    flow: FlowCounts
    protocol: ReviewProtocol = _NO_PROTOCOL
    sources: tuple[Source, ...] = ()
    references: tuple[Reference, ...] = ()
    included: tuple[str, ...] = ()
    excluded: tuple[ExcludedReport, ...] = ()
    tables: StudyTables = _NO_TABLES
    syntheses: tuple[Synthesis, ...] = ()
    claims: tuple[ClaimComparison, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    notes: tuple[str, ...] = ()

"""What can happen to a review. The log of events is its history.

A payload class names its `kind` and `version`. A version that has been released is never edited: a new class with a
higher version is added, and `stromata.model.codec` turns the old into the new when it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from stromata.model.appraisal import Appraisal
from stromata.model.bibliography import Source
from stromata.model.consensus import Ballot, CertaintyJudgement, EtdFrame, EvidenceBasis, Panel, Round, Statement
from stromata.model.extraction import Extraction, Settlement, SuggestionRun
from stromata.model.protocol import ReviewProtocol, Stage
from stromata.model.screening import Prior, RetrievalStatus, Role, ScreeningPlan, StoppingEvidence, Verdict
from stromata.model.standards import CheckReport, Standard
from stromata.model.studies import StudyTables
from stromata.model.synthesis import Synthesis


@dataclass(frozen=True, slots=True)
class ReviewCreated:
    """A review began."""

    kind: ClassVar[str] = "review-created"
    version: ClassVar[int] = 1
    title: str


@dataclass(frozen=True, slots=True)
class ProtocolSet:
    """The protocol was set or amended; `reason` says why it was amended."""

    kind: ClassVar[str] = "protocol-set"
    version: ClassVar[int] = 1
    protocol: ReviewProtocol
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RoleGranted:
    """A person was given a role."""

    kind: ClassVar[str] = "role-granted"
    version: ClassVar[int] = 1
    person: str
    role: Role


@dataclass(frozen=True, slots=True)
class RoleRevoked:
    """A role was taken from a person."""

    kind: ClassVar[str] = "role-revoked"
    version: ClassVar[int] = 1
    person: str
    role: Role


@dataclass(frozen=True, slots=True)
class SourceImported:
    """A file was imported, whole.

    `records_sha256` names the stored file of records as they were read (one JSON object a line, compressed), so that
    the state can be rebuilt even after a reader has learnt better.
    """

    kind: ClassVar[str] = "source-imported"
    version: ClassVar[int] = 1
    source: Source
    records_sha256: str


@dataclass(frozen=True, slots=True)
class Merge:
    """References `merged` become part of reference `into`; `rule` and `evidence` say why."""

    into: str
    merged: tuple[str, ...]
    rule: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ReferencesMerged:
    """Duplicate references were merged by a method (or by hand). A split undoes it."""

    kind: ClassVar[str] = "references-merged"
    version: ClassVar[int] = 1
    method: str
    merges: tuple[Merge, ...]


@dataclass(frozen=True, slots=True)
class ReferenceSplit:
    """Records were taken out of a reference; each becomes a reference of its own again."""

    kind: ClassVar[str] = "reference-split"
    version: ClassVar[int] = 1
    reference: str
    records: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ReferencesKeptApart:
    """A person found that references are different publications: no method merges them, or asks about them again."""

    kind: ClassVar[str] = "references-kept-apart"
    version: ClassVar[int] = 1
    pairs: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A reviewer gave a verdict; it replaces this reviewer's earlier one on the same reference and stage.

    `salt` is random text. Without it, whoever sees the hash of a sealed verdict could try the few possible verdicts
    until one gives that hash. `ranking` is the id of the ranking by which references stood in order; empty for none.
    """

    kind: ClassVar[str] = "decision-made"
    version: ClassVar[int] = 1
    reference: str
    stage: Stage
    reviewer: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    note: str = ""
    salt: str = ""
    ranking: str = ""


@dataclass(frozen=True, slots=True)
class ConflictResolved:
    """An adjudicator settled a conflict."""

    kind: ClassVar[str] = "conflict-resolved"
    version: ClassVar[int] = 1
    reference: str
    stage: Stage
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class RetrievalRecorded:
    """The full report of a reference was got, or could not be got."""

    kind: ClassVar[str] = "retrieval-recorded"
    version: ClassVar[int] = 1
    reference: str
    status: RetrievalStatus
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningPlanned:
    """It was stated how a stage is screened; `reason` says why an earlier plan was changed."""

    kind: ClassVar[str] = "screening-planned"
    version: ClassVar[int] = 1
    plan: ScreeningPlan
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningStopped:
    """A person confirmed that the references that nobody has read at a stage are left unread."""

    kind: ClassVar[str] = "screening-stopped"
    version: ClassVar[int] = 1
    stage: Stage
    references: tuple[str, ...]
    evidence: StoppingEvidence
    ranking: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningResumed:
    """A stop was taken back: the references that were left unread wait for verdicts again."""

    kind: ClassVar[str] = "screening-resumed"
    version: ClassVar[int] = 1
    stage: Stage
    reason: str


@dataclass(frozen=True, slots=True)
class AuditDrawn:
    """A random sample of the references excluded at a stage was drawn, each to be read by one more person."""

    kind: ClassVar[str] = "audit-drawn"
    version: ClassVar[int] = 1
    stage: Stage
    frame: int
    references: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class PriorsImported:
    """Labels of an earlier review or another tool were taken over for the ranking to learn from."""

    kind: ClassVar[str] = "priors-imported"
    version: ClassVar[int] = 1
    priors: tuple[Prior, ...]
    file: tuple[str, str]
    """(file name, SHA-256) of what they were read from."""


@dataclass(frozen=True, slots=True)
class StudiesLoaded:
    """Studies and their data were loaded from tables. Rows with known ids are replaced, others added."""

    kind: ClassVar[str] = "studies-loaded"
    version: ClassVar[int] = 1
    tables: StudyTables
    files: tuple[tuple[str, str], ...] = ()
    """(file name, SHA-256) of each table."""


@dataclass(frozen=True, slots=True)
class StudyLinked:
    """A reference was linked to a study that it describes; `reason` says why they belong together."""

    kind: ClassVar[str] = "study-linked"
    version: ClassVar[int] = 1
    study: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class StudyUnlinked:
    """The link of a reference to a study was taken back."""

    kind: ClassVar[str] = "study-unlinked"
    version: ClassVar[int] = 1
    study: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class CohortMarked:
    """Studies may share patients (or, with an empty `cohort`, do not after all): only one of them enters a pool."""

    kind: ClassVar[str] = "cohort-marked"
    version: ClassVar[int] = 1
    cohort: str
    studies: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class SuggestionsMade:
    """A program proposed what to extract from a text. Nothing is taken over by this."""

    kind: ClassVar[str] = "suggestions-made"
    version: ClassVar[int] = 1
    run: SuggestionRun


@dataclass(frozen=True, slots=True)
class SuggestionJudged:
    """A person accepted, amended or rejected suggestion `number` of a run. `salt` as in `DecisionMade`."""

    kind: ClassVar[str] = "suggestion-judged"
    version: ClassVar[int] = 1
    run: str
    number: int
    verdict: Literal["accepted", "amended", "rejected"]
    value: str = ""
    note: str = ""
    salt: str = ""


@dataclass(frozen=True, slots=True)
class StudyExtracted:
    """One person extracted a study; it replaces this person's earlier extraction. `salt` as in `DecisionMade`."""

    kind: ClassVar[str] = "study-extracted"
    version: ClassVar[int] = 1
    extraction: Extraction
    salt: str = ""


@dataclass(frozen=True, slots=True)
class ExtractionWithdrawn:
    """A person took their own extraction of a study back, before it could be seen."""

    kind: ClassVar[str] = "extraction-withdrawn"
    version: ClassVar[int] = 1
    study: str
    extractor: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExtractionSettled:
    """An adjudicator settled fields on which two extractors differ."""

    kind: ClassVar[str] = "extraction-settled"
    version: ClassVar[int] = 1
    settlements: tuple[Settlement, ...]


@dataclass(frozen=True, slots=True)
class Appraised:
    """One person appraised a study or a result; it replaces this person's earlier one. `salt` as in `DecisionMade`."""

    kind: ClassVar[str] = "appraised"
    version: ClassVar[int] = 1
    appraisal: Appraisal
    salt: str = ""


@dataclass(frozen=True, slots=True)
class AppraisalWithdrawn:
    """A person took their own appraisal back, before it could be seen."""

    kind: ClassVar[str] = "appraisal-withdrawn"
    version: ClassVar[int] = 1
    tool: str
    study: str
    result: str
    appraiser: str
    reason: str


@dataclass(frozen=True, slots=True)
class AppraisalSettled:
    """An adjudicator set down the consensus of an appraisal."""

    kind: ClassVar[str] = "appraisal-settled"
    version: ClassVar[int] = 1
    appraisal: Appraisal


@dataclass(frozen=True, slots=True)
class SynthesisRun:
    """A planned synthesis was computed; it replaces the earlier result of the same plan."""

    kind: ClassVar[str] = "synthesis-run"
    version: ClassVar[int] = 1
    synthesis: Synthesis


@dataclass(frozen=True, slots=True)
class CertaintyJudged:
    """A person judged the certainty of the evidence of a synthesis; it replaces the earlier judgement."""

    kind: ClassVar[str] = "certainty-judged"
    version: ClassVar[int] = 1
    judgement: CertaintyJudgement


@dataclass(frozen=True, slots=True)
class PanelSet:
    """The people of a panel were named, or named anew; `reason` says why they changed."""

    kind: ClassVar[str] = "panel-set"
    version: ClassVar[int] = 1
    panel: Panel
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StatementSet:
    """A statement was written or changed; `basis` is the evidence that it rests on, as it was then."""

    kind: ClassVar[str] = "statement-set"
    version: ClassVar[int] = 1
    panel: str
    statement: Statement
    basis: tuple[EvidenceBasis, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StatementReviewed:
    """Somebody looked again at a statement whose evidence has changed, and it stands; `basis` is the evidence now."""

    kind: ClassVar[str] = "statement-reviewed"
    version: ClassVar[int] = 1
    statement: str
    basis: tuple[EvidenceBasis, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class StatementDropped:
    """A statement was taken out. Its votes stay in the log."""

    kind: ClassVar[str] = "statement-dropped"
    version: ClassVar[int] = 1
    statement: str
    reason: str


@dataclass(frozen=True, slots=True)
class RoundOpened:
    """A round of votes began; `basis` has, for each of its statements, the evidence as it was put to the panel.

    With `Round.supersedes` it takes the place of a sealed round of the same number, and of those after it.
    """

    kind: ClassVar[str] = "round-opened"
    version: ClassVar[int] = 1
    panel: str
    round: Round
    basis: tuple[tuple[str, tuple[EvidenceBasis, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class BallotCast:
    """A panellist voted on some statements, or somebody entered the votes for them."""

    kind: ClassVar[str] = "ballot-cast"
    version: ClassVar[int] = 1
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class RoundClosed:
    """A round of votes ended; `seal` is the SHA-256 of its ballots. Nothing in it changes after this."""

    kind: ClassVar[str] = "round-closed"
    version: ClassVar[int] = 1
    panel: str
    number: int
    edition: int
    seal: str


@dataclass(frozen=True, slots=True)
class FrameSet:
    """An Evidence-to-Decision frame was filled in; it replaces the earlier one of the same id."""

    kind: ClassVar[str] = "frame-set"
    version: ClassVar[int] = 1
    frame: EtdFrame
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StandardAdopted:
    """A practice standard of the team's own was adopted; it replaces the earlier version of the same id."""

    kind: ClassVar[str] = "standard-adopted"
    version: ClassVar[int] = 1
    standard: Standard
    file: tuple[str, str] = ("", "")
    """(file name, SHA-256) of what it was read from."""


@dataclass(frozen=True, slots=True)
class RecordChecked:
    """A record of a batch, an infusion or a patient was held against a standard, and what came of it was kept."""

    kind: ClassVar[str] = "record-checked"
    version: ClassVar[int] = 1
    name: str
    report: CheckReport


Payload = (
    ReviewCreated
    | ProtocolSet
    | RoleGranted
    | RoleRevoked
    | SourceImported
    | ReferencesMerged
    | ReferenceSplit
    | ReferencesKeptApart
    | DecisionMade
    | ConflictResolved
    | RetrievalRecorded
    | ScreeningPlanned
    | ScreeningStopped
    | ScreeningResumed
    | AuditDrawn
    | PriorsImported
    | StudiesLoaded
    | StudyLinked
    | StudyUnlinked
    | CohortMarked
    | SuggestionsMade
    | SuggestionJudged
    | StudyExtracted
    | ExtractionWithdrawn
    | ExtractionSettled
    | Appraised
    | AppraisalWithdrawn
    | AppraisalSettled
    | SynthesisRun
    | CertaintyJudged
    | PanelSet
    | StatementSet
    | StatementReviewed
    | StatementDropped
    | RoundOpened
    | BallotCast
    | RoundClosed
    | FrameSet
    | StandardAdopted
    | RecordChecked
)

PAYLOADS: tuple[type[Payload], ...] = (
    ReviewCreated,
    ProtocolSet,
    RoleGranted,
    RoleRevoked,
    SourceImported,
    ReferencesMerged,
    ReferenceSplit,
    ReferencesKeptApart,
    DecisionMade,
    ConflictResolved,
    RetrievalRecorded,
    ScreeningPlanned,
    ScreeningStopped,
    ScreeningResumed,
    AuditDrawn,
    PriorsImported,
    StudiesLoaded,
    StudyLinked,
    StudyUnlinked,
    CohortMarked,
    SuggestionsMade,
    SuggestionJudged,
    StudyExtracted,
    ExtractionWithdrawn,
    ExtractionSettled,
    Appraised,
    AppraisalWithdrawn,
    AppraisalSettled,
    SynthesisRun,
    CertaintyJudged,
    PanelSet,
    StatementSet,
    StatementReviewed,
    StatementDropped,
    RoundOpened,
    BallotCast,
    RoundClosed,
    FrameSet,
    StandardAdopted,
    RecordChecked,
)

GENESIS = "0" * 64
"""The previous hash of a review's first event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a review, by whom, when, chained to the one before.

    Attributes
    ----------
    sequence : 1, 2, ... within the review.
    at : ISO 8601 time in UTC.
    previous : hash of the event before, `GENESIS` for the first.
    hash : `stromata.model.codec.event_hash` of everything else.
    """

    review: str
    sequence: int
    at: str
    actor: str
    payload: Payload
    previous: str
    hash: str

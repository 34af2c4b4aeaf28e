"""Practice standards, the records that are held against them, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model.bibliography import Problem

Subject = Literal["product", "batch", "infusion", "patient", "study-report"]
"""What a criterion is about, and what a record describes."""

Operator = Literal[">=", "<=", "in", "is", "present", "not-before"]
"""How a value is compared. `present` asks that something is stated; `not-before` compares with another date field."""

Severity = Literal["must", "should"]

CheckStatus = Literal["met", "not-met", "not-reported", "not-applicable"]

CriterionStatus = Literal["sourced", "unsourced", "logic"]
"""`unsourced`: the item is known, its value was not found; it fails nothing. `logic`: it follows from time's order."""

Basis = Literal[
    "",
    "regulation",
    "pharmacopoeia",
    "society-statement",
    "product-label",
    "product-specification",
    "trial-protocol",
    "observed-practice",
    "evidence-synthesis",
    "consensus",
    "team-decision",
    "logic",
]
"""What a criterion rests on: `consensus` on a statement of the team's own panel, `team-decision` on a reason alone."""

Plain = str | float | bool
Limit = Plain | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Authority:
    """Where a limit was read."""

    title: str
    doi: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition of a criterion: the field is one of `values`, or a number between `low` and `high`."""

    field: str
    values: tuple[Plain, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LimitException:
    """Another limit that holds where all of `when` do."""

    when: tuple[Guard, ...]
    value: Limit


@dataclass(frozen=True, slots=True)
class Criterion:
    """One rule of a practice standard.

    Attributes
    ----------
    stage : step of practice, such as ``identity`` or ``infusion-management``.
    field : what a record must state; `or_fields` answer a criterion with the operator `present` as well.
    value : the limit; for `in` the words allowed, for `not-before` the name of the earlier date; None for `present`
        and where no value was found.
    unit : of the limit; empty where it has none.
    rationale : why, in our words.
    must_reason : why one group's limit (a product, a label, a trial) is a must all the same.
    applies_when : the criterion applies where all of these hold; empty = always.
    exceptions : the first whose guards hold replaces `value`.
    lead : a document that is said to hold the value, but was not read.
    instruments : ids of clinical instruments that the criterion is about.
    level : what the source calls it, for reporting items, such as ``mandatory-if-applicable``.
    statement : id of the consensus statement that set it; empty when none did.
    """

    id: str
    stage: str
    subject: Subject
    field: str
    operator: Operator
    severity: Severity
    rationale: str
    value: Limit = None
    unit: str = ""
    basis: Basis = ""
    status: CriterionStatus = "sourced"
    sources: tuple[Authority, ...] = ()
    lead: Authority | None = None
    applies_when: tuple[Guard, ...] = ()
    exceptions: tuple[LimitException, ...] = ()
    or_fields: tuple[str, ...] = ()
    must_reason: str = ""
    instruments: tuple[str, ...] = ()
    level: str = ""
    note: str = ""
    statement: str = ""


@dataclass(frozen=True, slots=True)
class StandardChange:
    """What a derived standard changed, and why. `action` is ``override``, ``add`` or ``drop``."""

    criterion: str
    action: Literal["override", "add", "drop"]
    reason: str
    statement: str = ""


@dataclass(frozen=True, slots=True)
class SourceConflict:
    """Where sources disagree, and what the standard does about it."""

    topic: str
    text: str
    source: Authority | None = None


@dataclass(frozen=True, slots=True)
class Standard:
    """A versioned set of criteria.

    Attributes
    ----------
    extends : ``id version`` of the standard that it was derived from; empty when of its own.
    changes : how it differs from that one.
    """

    id: str
    version: str
    title: str
    subjects: tuple[Subject, ...]
    criteria: tuple[Criterion, ...]
    scope: str = ""
    conflicts: tuple[SourceConflict, ...] = ()
    extends: str = ""
    changes: tuple[StandardChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """One field of a record as read.

    Attributes
    ----------
    value : number, word, yes or no, ISO date, or a list of words; None when it was stated but cannot be used, and
        `note` says why.
    relation : where the record bounds a number (``< 0.25``) instead of giving it.
    unit : of the number; as the field has it when the record gives none.
    text : as written; `line` and `place` say where (0 when it was worked out or has no line).
    """

    field: str
    value: Limit
    unit: str = ""
    relation: Literal["", "<", "<=", ">", ">="] = ""
    text: str = ""
    line: int = 0
    place: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PracticeRecord:
    """What was written down about a batch, an infusion, a patient or a study, to be held against a standard.

    Attributes
    ----------
    subject : what it says that it describes; empty when it does not say.
    id : its own number; may be empty.
    sha256 : of the bytes it was read from; empty when it was not read from any.
    """

    subject: tuple[Subject, ...]
    entries: tuple[RecordEntry, ...]
    id: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion held against one record.

    Attributes
    ----------
    value : what the record states, in the criterion's unit; None when it states nothing usable.
    shown : the value in words, with its unit; `limit_shown` likewise.
    limit : the limit that applied; None where there is none to hold against.
    source : where the limit was read; None for unsourced criteria and for logic.
    note : why it came out so, where that needs a word.
    """

    criterion: str
    stage: str
    severity: Severity
    status: CheckStatus
    value: Limit
    limit: Limit
    rationale: str
    source: Authority | None
    note: str = ""
    subject: Subject = "batch"
    label: str = ""
    field: str = ""
    operator: Operator = "present"
    unit: str = ""
    shown: str = ""
    limit_shown: str = ""
    statement: str = ""
    criterion_status: CriterionStatus = "sourced"


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """How many checks came out how."""

    met: int = 0
    not_met: int = 0
    not_reported: int = 0
    not_applicable: int = 0


@dataclass(frozen=True, slots=True)
class CheckReport:
    """A record held against a standard.

    Attributes
    ----------
    record : the record's own number; `record_sha256` its hash.
    results : in the order of the standard.
    must, should : counts by severity.
    problems : what is wrong with the record, with place and remedy.
    """

    standard: str
    version: str
    subject: tuple[Subject, ...]
    results: tuple[Check, ...]
    must: StatusCounts
    should: StatusCounts
    problems: tuple[Problem, ...] = ()
    record: str = ""
    record_sha256: str = ""
    title: str = ""

    @property
    def passed(self) -> bool:
        """Whether no must-criterion that applies is missed. What is not reported is not missed, and is counted."""
        return self.must.not_met == 0

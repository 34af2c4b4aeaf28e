"""Who may do what, and what reviewers decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model.protocol import Stage

Verdict = Literal["include", "exclude", "maybe"]
Role = Literal["lead", "reviewer", "adjudicator", "extractor", "facilitator", "observer"]
ROLES: tuple[Role, ...] = ("lead", "reviewer", "adjudicator", "extractor", "facilitator", "observer")
"""The lead runs the review (imports, protocol, merges, syntheses); the facilitator runs a panel without voting in it;
the other names say what they may do."""

RetrievalStatus = Literal["retrieved", "not-retrieved"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One reviewer's present verdict on one reference at one stage.

    Attributes
    ----------
    reference : native record id of the reference as it was when the verdict was given.
    reasons : codes of the protocol's exclusion reasons; all are kept, the highest-ranking one is counted.
    at : ISO 8601 time in UTC.
    """

    reference: str
    stage: Stage
    reviewer: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    note: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """An adjudicator's settlement of a conflict; it stands above the reviewers' verdicts."""

    reference: str
    stage: Stage
    adjudicator: str
    verdict: Literal["include", "exclude"]
    reasons: tuple[str, ...] = ()
    note: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Whether the full report of a reference could be got."""

    reference: str
    status: RetrievalStatus
    note: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class ScreeningPlan:
    """How a stage is screened, stated before it begins.

    Attributes
    ----------
    recall, confidence : the target: at least this share of the relevant references is found, with this confidence;
        both above 0 and below 1.
    rule : name of the stopping rule that is asked.
    ranker, ranker_version, seed : what puts the references in order; the seed also draws samples and splits the work.
    readers : the reviewers among whom the work goes round, as they were named then.
    split : with ``all`` everybody may read everything until the verdicts are complete; with ``drawn`` each reference is
        given to as many readers as the protocol asks for.
    dealt : with ``drawn``, ids of the references in the order in which they are dealt out; what came later follows.
    limits : (person, verdicts): nobody is asked for more than that.
    calibration : ids of the references that every reader reads first.
    kappa : advice: go on when the agreement in the calibration round is at least this; None = no advice.
    control : ids of references that were drawn at random as a control sample for the stopping rule.
    audit : share of the excluded that another person is to read again, 0 to 1.
    known : ids of references that are known to be relevant; the ranking starts from them.
    learn : whether the ranking learns from every verdict, or from complete ones only, so that nothing at all of it can
        be traced to a verdict that is still blind.
    """

    stage: Stage
    recall: float = 0.95
    confidence: float = 0.95
    rule: str = "default"
    ranker: str = "default"
    ranker_version: str = ""
    seed: int = 0
    readers: tuple[str, ...] = ()
    split: Literal["all", "drawn"] = "all"
    dealt: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    calibration: tuple[str, ...] = ()
    kappa: float | None = None
    control: tuple[str, ...] = ()
    audit: float = 0.0
    known: tuple[str, ...] = ()
    learn: Literal["every", "complete"] = "every"


@dataclass(frozen=True, slots=True)
class StoppingEvidence:
    """What a stopping rule said at the moment at which a person stopped the screening of a stage.

    Attributes
    ----------
    recall, confidence : the target that was stated before.
    references, read, relevant : at the stage in all; with complete verdicts; relevant among those.
    left, left_low, left_high : estimate of the relevant ones that were not found, with its interval at `confidence`.
    recall_low : lower bound of the recall reached. Each of the four is None where the rule gives none.
    says_stop : whether the rule said that one may stop.
    claim : what the rule claims, in words.
    """

    rule: str
    version: str
    recall: float
    confidence: float
    references: int
    read: int
    relevant: int
    says_stop: bool
    claim: str
    left: float | None = None
    left_low: float | None = None
    left_high: float | None = None
    recall_low: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Screening of a stage was stopped: a person confirmed that these references are left unread.

    A reference of them that somebody reads after all, or that becomes part of one that was read, is left no more.
    """

    stage: Stage
    confirmed_by: str
    references: tuple[str, ...]
    evidence: StoppingEvidence
    ranking: str = ""
    reason: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """A random sample of the references excluded at a stage, each to be read by one more person.

    Attributes
    ----------
    frame : how many references it was drawn from.
    """

    stage: Stage
    frame: int
    references: tuple[str, ...]
    seed: int
    at: str = ""


@dataclass(frozen=True, slots=True)
class Prior:
    """What an earlier review or another tool made of a reference. The ranking learns from it; nothing is decided by it.

    Attributes
    ----------
    relevance : 1 for a reference that was kept, 0 for one that was not.
    """

    reference: str
    relevance: float

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

"""Where each reference stands at each stage, computed from the reviewers' decisions and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from stromata.model import Decision, Resolution, ReviewProtocol, Stage

PAIR = 2
"""Reviewers per reference where the protocol does not say."""

State = Literal["open", "conflict", "included", "excluded", "unread"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one reference stands at one stage.

    Attributes
    ----------
    state : ``open`` while verdicts are missing, ``conflict`` when they disagree and nobody has settled it, ``unread``
        when screening was stopped before anybody read it.
    decisions : the reviewers' verdicts, in the order of the reviewers' names.
    counted_reason : the one reason that is counted for an exclusion: the highest-ranking of those given.
    missing : how many verdicts are still needed.
    """

    reference: str
    stage: Stage
    state: State
    decisions: tuple[Decision, ...] = ()
    resolution: Resolution | None = None
    counted_reason: str = ""
    missing: int = 0


def required_reviewers(protocol: ReviewProtocol, stage: Stage) -> int:
    """Return how many people must decide on each reference at `stage`: at least 1; 2 when the protocol does not say."""
    return max(1, next((rule.reviewers for rule in protocol.stages if rule.stage == stage), PAIR))


def standing(
    reference: str,
    stage: Stage,
    decisions: Iterable[Decision],
    resolution: Resolution | None,
    *,
    protocol: ReviewProtocol,
    required: int | None = None,
    stopped: bool = False,
) -> Standing:
    """Tell where a reference stands at a stage.

    ``maybe`` counts as ``include`` at title and abstract: what is in doubt is read in full.

    Parameters
    ----------
    decisions : all verdicts on this reference at this stage, at most one a reviewer.
    resolution : the adjudicator's settlement, if there is one; it stands above the verdicts.
    required : verdicts that this reference needs, where that differs from what the protocol asks of the stage.
    stopped : screening was stopped, and this reference was among those left unread then.
    """
    given = tuple(sorted(decisions, key=lambda decision: decision.reviewer))
    missing = max(0, (required or required_reviewers(protocol, stage)) - len(given))
    sides = {"exclude" if decision.verdict == "exclude" else "include" for decision in given}
    state: State
    reasons: Sequence[str] = ()
    if resolution is not None:
        state = "included" if resolution.verdict == "include" else "excluded"
        reasons = resolution.reasons
    elif missing:
        state = "unread" if stopped and not given else "open"
    elif len(sides) > 1:
        state = "conflict"
    else:
        state = "included" if "include" in sides else "excluded"
    if state == "excluded" and not reasons:
        reasons = [reason for decision in given for reason in decision.reasons]
    counted = counted_reason(reasons, protocol=protocol) if state == "excluded" else ""
    return Standing(reference, stage, state, given, resolution, counted, missing if state == "open" else 0)


def counted_reason(reasons: Iterable[str], *, protocol: ReviewProtocol) -> str:
    """Return the reason that the protocol ranks highest among those given; empty when none was given."""
    given = set(reasons)
    return next((reason.code for reason in protocol.reasons if reason.code in given), min(given, default=""))

"""Appraisals of studies and their results: answers to signalling questions, levels by domain, support for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignallingAnswer:
    """The answer to one question of a tool, with what supports it.

    Attributes
    ----------
    answer : one of the tool's answers, such as ``PY``.
    support : why, in the appraiser's words; `quote` the study's own words, found at `locator`.
    """

    question: str
    answer: str
    support: str = ""
    quote: str = ""
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The level given to one domain, or overall.

    Attributes
    ----------
    domain : id of the domain; ``overall`` for the whole.
    proposed : what the tool's rule gives for the answers; empty where the tool has no rule.
    level : what the appraiser decided. Where it differs from `proposed`, `reason` says why.
    direction : predicted direction of bias, where the tool asks for it; may be empty.
    """

    domain: str
    level: str
    proposed: str = ""
    reason: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """One person's appraisal of one study, or of one of its results, with one tool.

    Attributes
    ----------
    tool, version : id and version of a tool in `stromata.appraisal`, such as ``rob2-assignment``, ``2019-08-22``.
    study : id of the study; of a review (a reference's key) for tools that appraise reviews.
    result : id of the outcome that was appraised, for tools that judge each result; empty for the study as a whole.
    appraiser : person; the adjudicator for a consensus.
    """

    tool: str
    version: str
    study: str
    appraiser: str
    result: str = ""
    answers: tuple[SignallingAnswer, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    note: str = ""

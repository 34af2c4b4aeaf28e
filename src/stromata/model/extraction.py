"""What people extract, each for themselves: answers, conversions, suggestions by programs, and what was settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model.studies import Evidence, Step

Level = Literal["study", "arm", "outcome", "result"]
"""What an answer is about: the study, one of its arms, one of its outcomes, or one outcome in one arm."""

FieldKind = Literal["text", "integer", "number", "choice", "yes-no", "list"]
"""What an answer may be. A list has semicolons between its items."""


_NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a review's extraction form.

    Attributes
    ----------
    id : short name; the name of a column of the study tables, or a new one that only this review asks for.
    text : what to write, for the person who extracts.
    choices : the words allowed, for the kind ``choice``.
    low, high : smallest and largest number allowed; None where there is no limit.
    """

    id: str
    level: Level
    label: str
    kind: FieldKind = "text"
    text: str = ""
    unit: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer to one field.

    Attributes
    ----------
    subject : empty for the study; id of the arm or outcome within the study; ``arm/outcome`` for a result.
    value : the answer as text, in the field's canonical form (numbers as Python writes them); empty = not reported.
    steps : the conversions that led from what is printed to the value.
    suggestion : id of the suggestion that the answer accepts or amends; empty when a person read it unaided.
    """

    level: Level
    subject: str
    field: str
    value: str
    evidence: Evidence = _NO_EVIDENCE
    steps: tuple[Step, ...] = ()
    suggestion: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that one person extracted from one study. It replaces this person's earlier one."""

    study: str
    extractor: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an adjudicator took for one field on which two extractors differ, and why."""

    study: str
    answer: Answer
    reason: str = ""
    adjudicator: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a program proposes to extract, with the words it rests on. Only a person can accept it.

    Attributes
    ----------
    field : what is proposed, such as ``n`` or ``responders``.
    value : canonical value as text, such as ``randomised``, ``17``, ``8/17``; `unit` where there is one.
    start, end : half-open span of `quote` in the text as given, in characters (Unicode code points).
    quote : the words in that span, exactly.
    confidence : 0..1, how often such a suggestion proved right on the evaluation texts of the extractor.
    """

    field: str
    value: str
    unit: str
    start: int
    end: int
    quote: str
    confidence: float


@dataclass(frozen=True, slots=True)
class SuggestionRun:
    """The suggestions that one program drew from one text, and how.

    Attributes
    ----------
    id : SHA-256 of text, program, version and settings; suggestion number i of it is ``id:i``.
    about : reference or study that the text belongs to; empty when that is not known.
    settings : (name, value) pairs; a key for a service is never among them.
    rejected : suggestions that were dropped, and why (a quotation that is not in the text).
    """

    id: str
    about: str
    text_sha256: str
    extractor: str
    version: str
    settings: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestionVerdict:
    """What a person made of suggestion `number` (counted from 0) of a run; `value` is the amended value."""

    run: str
    number: int
    verdict: Literal["accepted", "amended", "rejected"]
    person: str
    at: str
    value: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FieldAgreement:
    """How far two extractors agreed on one field, before anything was settled.

    Attributes
    ----------
    n : subjects (studies, arms, outcomes, results) for which at least one of the two answered.
    equal : of these, how often both gave the same answer; "not reported" is an answer.
    kappa : Cohen's kappa for fields with few possible answers; None for others, and where it is undefined.
    """

    level: Level
    field: str
    n: int
    equal: int
    kappa: float | None = None

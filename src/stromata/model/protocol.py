"""What a team fixes before it begins: question, criteria, reasons, people per stage, planned syntheses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["title-abstract", "full-text"]
STAGES: tuple[Stage, ...] = ("title-abstract", "full-text")
"""The stages of screening, in order."""

MeasureName = Literal["PR", "PLN", "PLO", "PAS", "PFT", "OR", "RR", "RD", "MD", "SMD", "MN"]
ModelName = Literal["common", "random", "glmm"]
TauMethod = Literal["reml", "ml", "dl", "pm", "eb", "he", "hs", "sj"]
TestName = Literal["z", "t", "knha", "adhoc"]


@dataclass(frozen=True, slots=True)
class Question:
    """The review's question by its parts."""

    population: str = ""
    intervention: str = ""
    comparator: str = ""
    outcomes: str = ""
    designs: str = ""


@dataclass(frozen=True, slots=True)
class EligibilityCriterion:
    """One criterion of inclusion or exclusion."""

    id: str
    text: str
    kind: Literal["include", "exclude"] = "include"


@dataclass(frozen=True, slots=True)
class ExclusionReason:
    """One reason for exclusion at full text. The order in the protocol decides which of several reasons is counted."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class StageRule:
    """How a stage of screening is done: how many people decide on each reference, independently."""

    stage: Stage
    reviewers: int = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """A disease (or other grouping of populations) that results are reported by."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class OutcomeDefinition:
    """An outcome that the review seeks, with the direction in which more is good."""

    id: str
    label: str
    domain: Literal["benefit", "harm"] = "benefit"
    scale: Literal["dichotomous", "continuous"] = "dichotomous"


@dataclass(frozen=True, slots=True)
class SynthesisPlan:
    """One planned synthesis: which data points go in, and how they are pooled.

    Attributes
    ----------
    outcome : id of an `OutcomeDefinition`.
    contrast : ``single-arm`` pools each study's intervention arm; ``two-arm`` compares it with the comparator.
    conditions, products, designs : what is eligible; empty means all.
    by_condition : one subgroup per condition with a test for interaction; else a single pool.
    time : which time point stands for a study that reports several; with ``nearest``, the one closest to `weeks`.
    cohort : which study stands for several that share patients.
    """

    id: str
    title: str
    outcome: str
    measure: MeasureName
    model: ModelName
    contrast: Literal["single-arm", "two-arm"] = "single-arm"
    tau2: TauMethod = "reml"
    test: TestName = "z"
    level: float = 0.95
    conditions: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    designs: tuple[str, ...] = ()
    by_condition: bool = True
    time: Literal["first", "last", "nearest"] = "last"
    weeks: float | None = None
    cohort: Literal["most-people", "longest-follow-up"] = "most-people"


@dataclass(frozen=True, slots=True)
class ReviewProtocol:
    """The protocol of a review. A change is a new version with a reason; the log keeps all."""

    question: Question = Question()
    criteria: tuple[EligibilityCriterion, ...] = ()
    reasons: tuple[ExclusionReason, ...] = ()
    stages: tuple[StageRule, ...] = (StageRule("title-abstract"), StageRule("full-text"))
    conditions: tuple[Condition, ...] = ()
    outcomes: tuple[OutcomeDefinition, ...] = ()
    plans: tuple[SynthesisPlan, ...] = ()
    registration: str = ""
    rationale: str = ""
    about: str = ""

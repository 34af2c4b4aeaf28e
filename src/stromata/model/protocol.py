"""What a team fixes before it begins: question, criteria, reasons, people per stage, planned syntheses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stromata.model.extraction import FormField
from stromata.model.studies import Design, ResponseClass

Stage = Literal["title-abstract", "full-text"]
STAGES: tuple[Stage, ...] = ("title-abstract", "full-text")
"""The stages of screening, in order."""

MeasureName = Literal[
    "PR",
    "PLN",
    "PLO",
    "PAS",
    "PFT",
    "IR",
    "IRLN",
    "IRS",
    "IRFT",
    "OR",
    "RR",
    "RD",
    "AS",
    "PETO",
    "PHI",
    "YUQ",
    "YUY",
    "RTET",
    "PBIT",
    "OR2D",
    "OR2DL",
    "OR2DN",
    "MPRD",
    "MPRR",
    "MPOR",
    "MPORC",
    "MPPETO",
    "MPORM",
    "IRR",
    "IRD",
    "IRSD",
    "MD",
    "SMD",
    "SMDH",
    "SMD1",
    "SMD1H",
    "ROM",
    "CVR",
    "VR",
    "RPB",
    "RBIS",
    "D2OR",
    "D2ORL",
    "D2ORN",
    "MN",
    "SMN",
    "MNLN",
    "SDLN",
    "CVLN",
    "MC",
    "SMCC",
    "SMCR",
    "SMCRH",
    "ROMC",
    "CVRC",
    "VRC",
    "COR",
    "UCOR",
    "ZCOR",
    "PCOR",
    "ZPCOR",
    "SPCOR",
    "ARAW",
    "AHW",
    "ABT",
    "REH",
    "HR",
    "GEN",
]
"""Effect measures, by the names that metafor gives them."""

ModelName = Literal["common", "random", "glmm", "mh", "peto", "exact"]
PlanModel = Literal["common", "random", "glmm", "mh", "peto", "exact", "beta-binomial", "bayes"]
"""Every model that a plan can name: those of `ModelName`, and two that are fitted to counts or under a prior."""

GlmmName = Literal["um.fs", "um.rs", "cm.el", "cm.al"]
"""Ways in which a GLMM takes two groups; see `stromata.synthesis.pool_glmm`."""

TauMethod = Literal["reml", "ml", "dl", "pm", "pmm", "eb", "he", "hs", "hsk", "sj", "genq", "genqm"]
TestName = Literal["z", "t", "knha", "adhoc"]
ConversionName = Literal[
    "percent-to-events",
    "se-to-sd",
    "ci-to-sd",
    "quantiles-to-mean-sd",
    "quantiles-to-mean-sd-box-cox",
    "quantiles-to-mean-sd-fitted",
    "final-to-change",
    "combine-events",
    "combine-groups",
]
"""The conversions that a plan may allow when the statistic that it needs was not printed."""

PercentileMethod = Literal["linear", "weibull", "hazen", "median-unbiased", "averaged"]
"""Definitions 7, 6, 5, 8 and 2 of Hyndman and Fan (1996). All treat both ends of the scale alike."""

DisagreementRule = Literal["ipras", "count", "either"]
HalfMedian = Literal["middle", "higher"]


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
    """An outcome that the review seeks, with the direction in which more is good.

    Attributes
    ----------
    response_class : responder criteria harmonised to this class count as this outcome; None when none do.
    """

    id: str
    label: str
    domain: Literal["benefit", "harm"] = "benefit"
    scale: Literal["dichotomous", "continuous"] = "dichotomous"
    response_class: ResponseClass | None = None


@dataclass(frozen=True, slots=True)
class HarmonisationRule:
    """What a responder criterion counts as in this review. It goes before the default rule for the same criterion.

    Attributes
    ----------
    criterion : id of a criterion in `stromata.clinical`, such as ``PASI75``, or a word of the team's own.
    response_class : what it counts as; None = the default does not hold here and the extractor's own word does.
    """

    criterion: str
    response_class: ResponseClass | None
    reason: str


@dataclass(frozen=True, slots=True)
class AppraisalRule:
    """Which studies are appraised with which tool, and by how many people, each for themselves.

    Attributes
    ----------
    tool : id of a tool in `stromata.appraisal`, such as ``rob2-assignment``.
    designs : the studies it is for; ``review`` stands for published reviews.
    outcomes : outcomes of the protocol whose results are appraised, for tools that judge each result.
    critical : ids of the items that are critical, for tools that let a team choose them; empty = the tool's default.
    partial_is_flaw : whether a partial yes makes an item flawed, for tools that have such an answer.
    """

    tool: str
    designs: tuple[Design | Literal["review"], ...]
    outcomes: tuple[str, ...] = ()
    appraisers: int = 2
    critical: tuple[str, ...] = ()
    partial_is_flaw: bool = False


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
    criteria : responder criteria that may be pooled (``PASI75``); empty means all, with a caution that names them.
    values : of means, whether changes from baseline are pooled, final values, or what each study gives. A comparison
        within a study is always of one kind; means of one arm and standardised differences are pooled of one kind only.
    conversions : what may be worked out from other statistics when the one that is needed was not printed.
    correlation : between baseline and final values, -1..1, for ``final-to-change``; the protocol says where it is from.
    moderators : formula of a meta-regression on what was extracted of the studies, such as ``~ cells_per_kg + route``;
        empty for none.
    glmm : how a GLMM takes two groups.
    tau_prior : prior of the variation between studies under ``bayes``, such as ``half-normal 0.5``; empty is the usual
        one of the measure, where there is one.
    thresholds : values on the natural scale of which ``bayes`` tells the probability that the effect lies below.
    """

    id: str
    title: str
    outcome: str
    measure: MeasureName
    model: PlanModel
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
    criteria: tuple[str, ...] = ()
    values: Literal["change", "final", "any"] = "any"
    conversions: tuple[ConversionName, ...] = ()
    correlation: float | None = None
    moderators: str = ""
    glmm: GlmmName = "um.fs"
    tau_prior: str = ""
    thresholds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When to stop asking, fixed before the first round.

    Attributes
    ----------
    rule : id of the consensus rule.
    min_rounds, max_rounds : at least and at most so many; 1 <= min_rounds <= max_rounds.
    max_change : a statement is stable when at most this percentage of its ratings moved between two rounds.
    needs_stability : whether consensus alone closes a statement, or only consensus that is stable.
    """

    rule: str = "pct75"
    min_rounds: int = 2
    max_rounds: int = 3
    max_change: float = 15.0
    needs_stability: bool = True
    iqr_limit: float | None = None


@dataclass(frozen=True, slots=True)
class ConsensusPlan:
    """How a panel works, fixed before its first round.

    Attributes
    ----------
    id : of the panel.
    method : in words, such as ``Delphi in two rounds, RAND/UCLA classification``.
    stopping : when a statement is settled and when no further round is held.
    percentiles, disagreement, half_medians : how the RAND/UCLA classification is computed.
    feedback : what panellists are shown between rounds, in words.
    simulated : the votes were made up to show how it works; everything that is shown of the panel says so.
    told : (fact, text) for items of the ACCORD checklist that a log cannot know, such as ``("funding", "None.")``.
    """

    id: str
    title: str = ""
    method: str = ""
    stopping: StoppingRule = StoppingRule()
    percentiles: PercentileMethod = "linear"
    disagreement: DisagreementRule = "ipras"
    half_medians: HalfMedian = "middle"
    feedback: str = ""
    simulated: bool = False
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FindingsOutcome:
    """One outcome of a summary-of-findings table, as planned.

    Attributes
    ----------
    synthesis : ``plan``, or ``plan/condition`` for the subgroup of one condition.
    importance : 1 to 9 as fixed beforehand: 7-9 critical, 4-6 important; None when it was not rated.
    thresholds : effects on the natural scale at which a decision would change.
    assumed_risk : risk without the intervention, 0 to 1, for ratios and differences of risks; None = that of all
        comparators together. `assumed_reason` says where it is from.
    information_size : people that one adequately powered trial would need; None = not judged.
    instrument, unit, sd, important : for continuous outcomes; `sd` turns a standardised difference into units,
        `important` is the smallest difference that patients notice.
    """

    synthesis: str
    label: str
    timeframe: str = ""
    importance: int | None = None
    thresholds: tuple[float, ...] = ()
    assumed_risk: float | None = None
    assumed_reason: str = ""
    information_size: int | None = None
    instrument: str = ""
    unit: str = ""
    sd: float | None = None
    important: float | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class FindingsTable:
    """A summary-of-findings table, as planned: the question it answers, and its outcomes."""

    id: str
    title: str
    population: str
    intervention: str
    comparison: str
    setting: str = ""
    outcomes: tuple[FindingsOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewProtocol:
    """The protocol of a review. A change is a new version with a reason; the log keeps all.

    Attributes
    ----------
    form : what is extracted beyond the columns of the study tables, and what of those is required.
    extractors : how many people extract each study, each for themselves: 1 or 2.
    findings : the summary-of-findings tables, each with its outcomes.
    consensus : the panels and how each of them works.
    standards : ids of practice standards whose reporting items the included studies are held against.
    """

    question: Question = Question()
    criteria: tuple[EligibilityCriterion, ...] = ()
    reasons: tuple[ExclusionReason, ...] = ()
    stages: tuple[StageRule, ...] = (StageRule("title-abstract"), StageRule("full-text"))
    conditions: tuple[Condition, ...] = ()
    outcomes: tuple[OutcomeDefinition, ...] = ()
    plans: tuple[SynthesisPlan, ...] = ()
    harmonisation: tuple[HarmonisationRule, ...] = ()
    form: tuple[FormField, ...] = ()
    extractors: int = 1
    appraisal: tuple[AppraisalRule, ...] = ()
    registration: str = ""
    rationale: str = ""
    about: str = ""
    findings: tuple[FindingsTable, ...] = ()
    consensus: tuple[ConsensusPlan, ...] = ()
    standards: tuple[str, ...] = ()

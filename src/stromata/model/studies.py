"""Studies, their arms and cell products, outcomes and data points, each value with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Design = Literal[
    "rct",
    "nonrandomised-controlled",
    "single-arm",
    "cohort",
    "case-series",
    "case-report",
    "cross-sectional",
    "preclinical",
    "other",
]
ProductClass = Literal["msc", "svf", "ev", "secretome", "engineered", "hsct", "other-cells", "other"]
Statistic = Literal[
    "events",
    "total",
    "mean",
    "sd",
    "se",
    "ci-low",
    "ci-high",
    "median",
    "q1",
    "q3",
    "min",
    "max",
    "change-mean",
    "change-sd",
    "change-se",
    "change-ci-low",
    "change-ci-high",
    "baseline-mean",
    "baseline-sd",
    "percent",
    "person-time",
    "estimate",
    "estimate-se",
    "estimate-ci-low",
    "estimate-ci-high",
    "estimate-level",
    "estimate-p",
    "correlation",
    "partial-correlation",
    "predictors",
]
"""`ci-low` and `ci-high` are limits of the mean's 95 % interval. Mean and standard deviation at baseline stand beside
a later value, so that a change can be worked out. An `estimate` was printed as such, with a standard error, an interval
of coverage `estimate-level` (percent; 95 when it is not given) or a p-value; the unit of all of them is an
`EstimateScale`. A partial correlation is of a model with so many `predictors`."""
EstimateScale = Literal[
    "HR",
    "log HR",
    "OR",
    "log OR",
    "RR",
    "log RR",
    "IRR",
    "log IRR",
    "ratio",
    "log ratio",
    "MD",
    "SMD",
    "RD",
    "other",
]
"""What a printed estimate is of. Ratios are analysed as logarithms; what is no ratio, as it stands."""
TimeUnit = Literal["person-years", "person-months", "person-weeks", "person-days"]
"""The unit of a person-time."""
EvidenceLevel = Literal["article", "abstract", "registry", "review-table", "press", "secondary", "unknown"]
ResponseClass = Literal["any-improvement", "response", "complete-response", "relapse"]
"""What responder criteria of different instruments are harmonised to."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value came from.

    Attributes
    ----------
    reference : DOI, registry id or record id of the document.
    address : URL at which it was read.
    locator : page, table or part, such as ``abstract`` or ``table 1``.
    quote : words exactly as they stand in the document; empty when only a retelling was seen.
    note : in our words, how the value was read, derived or doubted.
    level : how near to the study's own report the value was read.
    derived : the value was computed from others (a count from a percentage, a sum of groups).
    extractor : person or program.
    file, line, column : cell of the table that the value was loaded from.
    """

    reference: str = ""
    address: str = ""
    locator: str = ""
    quote: str = ""
    note: str = ""
    level: EvidenceLevel = "unknown"
    derived: bool = False
    extractor: str = ""
    file: str = ""
    line: int = 0
    column: str = ""


@dataclass(frozen=True, slots=True)
class StudyLink:
    """A reference that describes a study, and why it is linked. `key` is a DOI, PMID, registry id or record id."""

    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """One investigation, described by one or more references.

    Attributes
    ----------
    condition : id of one of the protocol's conditions.
    population : ``patients``, or what else was studied (``healthy volunteers``): only patients enter syntheses.
    cohort : studies that share patients carry the same name here; only one of them enters a synthesis.
    cohort_reason : why it is thought to share patients with the others of its cohort.
    n_enrolled : people enrolled; None when not reported.
    """

    id: str
    title: str
    condition: str
    design: Design
    year: int | None = None
    first_author: str = ""
    journal: str = ""
    country: str = ""
    phase: str = ""
    registry_ids: tuple[str, ...] = ()
    n_enrolled: int | None = None
    followup_months: float | None = None
    population: str = "patients"
    cohort: str = ""
    links: tuple[StudyLink, ...] = ()
    evidence: Evidence = Evidence()
    note: str = ""
    cohort_reason: str = ""


@dataclass(frozen=True, slots=True)
class CellProduct:
    """What was given. Fields hold what the report says; nothing is filled in.

    Attributes
    ----------
    dose : as reported, such as ``1e6 cells/kg``; `schedule` likewise, such as ``2 infusions, 7 days apart``.
    """

    product_class: ProductClass
    tissue: str = ""
    donor: Literal["", "autologous", "allogeneic", "xenogeneic"] = ""
    passage: str = ""
    preservation: str = ""
    dose: str = ""
    schedule: str = ""
    route: str = ""
    concomitant: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """A group of people in a study and what they got.

    Attributes
    ----------
    role : ``intervention``, ``comparator``, or ``subgroup`` of the arm that `part_of` names (it never enters a pool).
    n : people treated in the arm; None when not reported.
    """

    id: str
    study: str
    label: str
    role: Literal["intervention", "comparator", "subgroup"] = "intervention"
    part_of: str = ""
    n: int | None = None
    product: CellProduct | None = None
    treatment: str = ""
    evidence: Evidence = Evidence()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured in a study, how and when.

    Attributes
    ----------
    kind : id of one of the protocol's outcomes.
    weeks : time from first treatment; None when not reported.
    counts : what is counted: ``patients``; or ``events``, ``ulcers`` and the like, which are never pooled as patients.
        Rates may be of events.
    denominator : ``treated``, or the smaller group counted against (``completers``, ``responders``).
    component_of : id of a composite outcome that this one is a part of; parts never enter a pool.
    criterion : the responder criterion that was counted, by its id in `stromata.clinical` (``PASI75``); else empty.
    exclude : a reason why this outcome must not be pooled, in a sentence; empty when it may.
    """

    id: str
    study: str
    kind: str
    instrument: str = ""
    definition: str = ""
    weeks: float | None = None
    counts: str = "patients"
    denominator: str = "treated"
    component_of: str = ""
    exclude: str = ""
    note: str = ""
    criterion: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeMapping:
    """What an outcome of a study was taken for, and by which rule.

    Attributes
    ----------
    outcome : id of the outcome; `kind` the protocol's outcome that it counts as.
    criterion : the responder criterion as extracted; empty when the extractor named the kind by hand.
    by : whose rule it was: ``default`` of stromata, the ``protocol``, or the person who extracted (``hand``).
    reason : why, in a sentence.
    """

    outcome: str
    kind: str
    criterion: str
    by: Literal["default", "protocol", "hand"]
    response_class: ResponseClass | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One conversion of reported statistics, so written that it can be done again and gives the same.

    Attributes
    ----------
    method : name in `stromata.extraction.CONVERSIONS`, such as ``ci-to-se``.
    inputs, outputs : (name, value), such as ``(("ci_low", 1.2), ("ci_high", 3.4))``.
    assumptions : what had to be assumed, a sentence each.
    source : who published the formula, such as ``Wan 2014, scenario C3, 10.1186/1471-2288-14-135``.
    """

    method: str
    inputs: tuple[tuple[str, float], ...]
    outputs: tuple[tuple[str, float], ...]
    assumptions: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One extracted value: arm, outcome, statistic, value, unit, evidence; `steps` lead to it from what was printed."""

    id: str
    study: str
    arm: str
    outcome: str
    statistic: Statistic
    value: float
    unit: str = ""
    evidence: Evidence = Evidence()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewInclusion:
    """A published review includes a primary study: one mark in the matrix of overlap.

    Attributes
    ----------
    id : ``review/study``.
    review : DOI, PMID or record id of the review; `label` what the matrix prints, such as ``Zhuang 2023``.
    study : id of the study where this review extracted it; else the DOI, PMID or registry id of its report.
    """

    id: str
    review: str
    label: str
    study: str
    evidence: Evidence = Evidence()
    note: str = ""


@dataclass(frozen=True, slots=True)
class PublishedClaim:
    """A figure that a published review states, to be held against what the included studies give.

    Attributes
    ----------
    review : DOI or record id of the review that states it.
    claim : the figure as stated, such as ``4 % of patients``.
    statistic : what the figure is; `value` its number (a percentage for ``percent``, a count for ``events``).
    total : denominator as stated; None when not stated.
    plan : id of the synthesis plan that asks the same; empty when none does.
    why_not : why the figure cannot be recomputed, or what limits the comparison.
    """

    id: str
    review: str
    condition: str
    outcome: str
    claim: str
    statistic: Literal["percent", "events"]
    value: float
    total: int | None = None
    plan: str = ""
    why_not: str = ""
    evidence: Evidence = Evidence()


@dataclass(frozen=True, slots=True)
class StudyTables:
    """Everything a set of extraction tables holds, ready to be loaded as one event."""

    studies: tuple[Study, ...] = ()
    arms: tuple[Arm, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    data_points: tuple[DataPoint, ...] = ()
    claims: tuple[PublishedClaim, ...] = ()
    inclusions: tuple[ReviewInclusion, ...] = ()

"""The columns of the study tables, as data: the reader and the reference page both rest on this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from stromata.model import Design, EstimateScale, EvidenceLevel, ProductClass, Statistic, TimeUnit

Kind = Literal["text", "list", "links", "integer", "number", "choice", "yes-no"]
"""What a cell may hold. A list has semicolons between its items; links are ``key|reason``, with a semicolon and a
space between them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a study table.

    Attributes
    ----------
    text : what to write in it, for the person who fills it in.
    choices : the words allowed, for the kind ``choice``.
    low, high : smallest and largest number allowed; None where there is no limit.
    above : the number must be larger than this; None where that does not apply.
    """

    name: str
    text: str
    example: str = ""
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One study table: a CSV file, what a row of it is, and its columns in the usual order."""

    file: str
    text: str
    columns: tuple[Column, ...]
    optional: bool = False


STATISTIC_COLUMNS: dict[str, Statistic] = {name.replace("-", "_"): name for name in get_args(Statistic)}
"""The columns of ``data.csv`` that hold values, and the statistic each stands for."""


def _evidence(*, note: bool) -> tuple[Column, ...]:
    """Return the columns that say where a row was read; `note` belongs to the evidence in some tables only."""
    columns = (
        Column("reference", "The document the row was read in: DOI, PMID or registry number.", "10.1000/example.1"),
        Column("address", "The web address at which it was read.", "https://doi.org/10.1000/example.1"),
        Column("locator", "The place in the document.", "table 2"),
        Column("quote", "The words exactly as they stand there. Leave empty if you saw only a retelling.", "8 of 17"),
        Column("note", "In your own words: how the value was read, worked out or doubted.", "counted from figure 2"),
        Column(
            "level",
            "How near to the study's own report you were.",
            "article",
            kind="choice",
            choices=get_args(EvidenceLevel),
        ),
        Column("derived", "yes if the value was worked out from other figures.", "no", kind="yes-no"),
        Column("extractor", "Who, or which program, read it.", "A. Reader"),
    )
    return columns if note else tuple(column for column in columns if column.name != "note")


_STUDY = Column("study", "The id of the study, as in studies.csv.", "Miller2020", required=True)
_NOTE = Column("note", "Anything a reader must know, in your own words.")

_STUDIES = Table(
    "studies.csv",
    "One row is one investigation, however many papers describe it.",
    (
        Column("id", "A short name of your choice; each only once.", "Miller2020", required=True),
        Column("title", "The title of its main report.", "Cells for psoriasis: a pilot trial", required=True),
        Column("condition", "The disease: an id from the protocol.", "psoriasis", required=True),
        Column("design", "How it was done.", "single-arm", kind="choice", choices=get_args(Design), required=True),
        Column("year", "Year of the main report.", "2020", kind="integer", low=1800, high=2200),
        Column("first_author", "Family name and initials of the first author.", "Miller A"),
        Column("journal", "Where it was published.", "Journal of Examples"),
        Column("country", "Where it was done.", "Norway"),
        Column("phase", "Phase of the trial, as stated.", "1/2"),
        Column("registry_ids", "Registry numbers, with semicolons between.", "NCT00000000", kind="list"),
        Column("n_enrolled", "People enrolled. Leave empty if not reported.", "17", kind="integer", low=0),
        Column("followup_months", "Length of follow-up in months.", "6", kind="number", low=0),
        Column("population", "patients, or who else took part. Only patients are pooled.", "patients"),
        Column(
            "cohort", "The same word for all studies that may share patients; one of them is pooled.", "oslo-trials"
        ),
        Column("cohort_reason", "Why it may share patients with them.", "same hospital, overlapping years"),
        Column(
            "links",
            "The papers and registrations that describe it: DOI, PMID, registry number or title, each with a reason"
            " after an upright bar, and a semicolon and a space between.",
            "10.1000/example.1|main report; NCT00000000|registration",
            kind="links",
        ),
        *_evidence(note=False),
        _NOTE,
    ),
)

_ARMS = Table(
    "arms.csv",
    "One row is one group of people in a study and what they got.",
    (
        _STUDY,
        Column("id", "A short name, each only once within its study.", "cells", required=True),
        Column("label", "What tables and plots print.", "Adipose MSC", required=True),
        Column(
            "role",
            "intervention; comparator; or subgroup, for part of another arm (men, one dose, responders).",
            "intervention",
            kind="choice",
            choices=("intervention", "comparator", "subgroup"),
            required=True,
        ),
        Column("part_of", "For a subgroup: the id of the whole arm.", "cells"),
        Column("n", "People treated in the arm. Leave empty if not reported.", "17", kind="integer", low=0),
        Column(
            "product_class",
            "What kind of cell product was given. Leave empty if none was.",
            "msc",
            kind="choice",
            choices=get_args(ProductClass),
        ),
        Column("tissue", "The tissue the cells came from.", "adipose"),
        Column(
            "donor",
            "Whose cells they were.",
            "allogeneic",
            kind="choice",
            choices=("autologous", "allogeneic", "xenogeneic"),
        ),
        Column("passage", "Passage at harvest, as reported.", "4"),
        Column("preservation", "fresh, cryopreserved, or as reported.", "cryopreserved"),
        Column("dose", "The dose as reported, with its unit.", "1e6 cells/kg"),
        Column("schedule", "How often and how far apart.", "2 infusions, 14 days apart"),
        Column("route", "How they were given.", "intravenous"),
        Column("concomitant", "What else the arm was given.", "methotrexate"),
        Column("treatment", "For an arm without cells: what it got.", "placebo"),
        *_evidence(note=False),
        _NOTE,
    ),
)

_OUTCOMES = Table(
    "outcomes.csv",
    "One row is one thing that was measured in a study, in one way, at one time.",
    (
        _STUDY,
        Column("id", "A short name, each only once within its study.", "pasi75-12w", required=True),
        Column("kind", "The outcome it stands for: an id from the protocol.", "response", required=True),
        Column("instrument", "The score or test.", "PASI"),
        Column("definition", "In your own words: who counted as having the outcome.", "PASI fell by at least 75 %"),
        Column("weeks", "Weeks from the first treatment. Leave empty if not reported.", "12", kind="number", low=0),
        Column("counts", "What was counted: patients, events, ulcers ... Empty means patients.", "patients"),
        Column(
            "denominator",
            "treated (or empty), or the smaller group counted against: completers, responders.",
            "treated",
        ),
        Column("component_of", "For part of a composite: the id of the whole outcome.", "response-12w"),
        Column(
            "criterion",
            "The responder criterion that was counted, by its id: see the reference of instruments.",
            "PASI75",
        ),
        Column("exclude", "If it must not be pooled: why, in a sentence.", "measured before treatment began"),
        _NOTE,
    ),
)

_TIMES = (
    Column("person_time", "Time at risk of all people together, beside the events.", "42.5", kind="number", above=0),
    Column(
        "person_time_unit",
        "Its unit. 1.2 thousand person-years are 1200 person-years.",
        "person-years",
        kind="choice",
        choices=get_args(TimeUnit),
    ),
)
_ESTIMATES = (
    Column(
        "estimate",
        "An estimate as printed, such as a hazard ratio. For a comparison: in the row of the arm with the"
        " intervention, against the comparator.",
        "0.62",
        kind="number",
    ),
    Column(
        "estimate_scale",
        "What the estimate is of. log HR and the like: what is printed is the logarithm, as a model's coefficient is.",
        "HR",
        kind="choice",
        choices=get_args(EstimateScale),
    ),
    Column(
        "estimate_se",
        "Its standard error. Of a ratio: that of the logarithm.",
        "0.22",
        kind="number",
        above=0,
    ),
    Column("estimate_ci_low", "Lower limit of its interval, on the scale of the estimate.", "0.40", kind="number"),
    Column("estimate_ci_high", "Upper limit of that interval.", "0.96", kind="number"),
    Column(
        "estimate_level",
        "Coverage of that interval in percent. Empty means 95.",
        "95",
        kind="number",
        low=50,
        high=99.99,
    ),
    Column(
        "estimate_p",
        "Its two-sided p-value, when it is printed exactly and nothing else is.",
        "0.03",
        kind="number",
        above=0,
        high=0.9999,
    ),
)
_CORRELATIONS = (
    Column(
        "correlation",
        "A correlation of two things in the people of the arm; the number is their total.",
        "0.41",
        kind="number",
        low=-1,
        high=1,
    ),
    Column(
        "partial_correlation",
        "The same, when a model took other things into account.",
        "0.33",
        kind="number",
        low=-1,
        high=1,
    ),
    Column("predictors", "How many predictors that model has, this one among them.", "3", kind="integer", low=1),
)

_DATA = Table(
    "data.csv",
    "One row holds the values of one outcome in one arm, as read in one place."
    " A second row for the same arm and outcome may add values read elsewhere.",
    (
        _STUDY,
        Column("arm", "The id of the arm.", "cells", required=True),
        Column("outcome", "The id of the outcome.", "pasi75-12w", required=True),
        Column(
            "unit", "Unit of means, medians and changes. Not needed for counts, times and printed estimates.", "mg/24 h"
        ),
        Column("events", "How many had the outcome.", "8", kind="integer", low=0),
        Column("total", "Out of how many.", "17", kind="integer", low=0),
        Column("mean", "Mean at that time.", "13.8", kind="number"),
        Column("sd", "Standard deviation (not the standard error).", "10.2", kind="number", above=0),
        Column(
            "se", "Standard error of the mean, when no standard deviation was given.", "2.3", kind="number", above=0
        ),
        Column("ci_low", "Lower limit of the mean's 95 % interval, likewise.", "9.2", kind="number"),
        Column("ci_high", "Upper limit of that interval.", "18.4", kind="number"),
        Column("median", "Median at that time.", "6", kind="number"),
        Column("q1", "First quartile.", "2.9", kind="number"),
        Column("q3", "Third quartile.", "30", kind="number"),
        Column("min", "Smallest value.", "0", kind="number"),
        Column("max", "Largest value.", "18", kind="number"),
        Column("change_mean", "Mean change from baseline; a fall is negative.", "-9.2", kind="number"),
        Column("change_sd", "Standard deviation of that change.", "12.2", kind="number", above=0),
        Column("change_se", "Standard error of the mean change.", "2.7", kind="number", above=0),
        Column("change_ci_low", "Lower limit of the mean change's 95 % interval.", "-14.6", kind="number"),
        Column("change_ci_high", "Upper limit of that interval.", "-3.8", kind="number"),
        Column("baseline_mean", "Mean before treatment, in the same people.", "23", kind="number"),
        Column("baseline_sd", "Standard deviation before treatment.", "11.4", kind="number", above=0),
        Column("percent", "A percentage as printed, when no count was given.", "31.82", kind="number"),
        *_TIMES,
        *_ESTIMATES,
        *_CORRELATIONS,
        *_evidence(note=True),
    ),
)

_CLAIMS = Table(
    "claims.csv",
    "One row is one figure that a published review states, to be held against the included studies.",
    (
        Column("id", "A short name of your choice; each only once.", "miller-psoriasis", required=True),
        Column("review", "The review that states it: DOI, PMID or title.", "10.1000/example.9", required=True),
        Column("condition", "The disease: an id from the protocol.", "psoriasis", required=True),
        Column("outcome", "The outcome: an id from the protocol.", "response", required=True),
        Column("claim", "The figure as stated, in a few words.", "efficacious in 100 % of 6 patients", required=True),
        Column(
            "statistic",
            "percent or events.",
            "percent",
            kind="choice",
            choices=("percent", "events"),
            required=True,
        ),
        Column("value", "The number: a percentage, or a count of events.", "100", kind="number", required=True, low=0),
        Column("total", "The number of patients it rests on, if stated.", "6", kind="integer", low=0),
        Column("plan", "The id of the planned synthesis that asks the same.", "responders"),
        Column("why_not", "Why the figure cannot be worked out again, or what limits the comparison.", ""),
        *_evidence(note=True),
    ),
    optional=True,
)

_INCLUSIONS = Table(
    "inclusions.csv",
    "One row says that a published review includes a primary study: a mark in the table of overlap.",
    (
        Column("review", "The review: DOI, PMID or title.", "10.1000/example.9", required=True),
        Column("label", "What tables print for it.", "Miller 2023", required=True),
        Column(
            "study",
            "The id of the study in studies.csv; else the DOI, PMID or registry number of its report.",
            "Miller2020",
            required=True,
        ),
        *_evidence(note=False),
        _NOTE,
    ),
    optional=True,
)

TABLES: tuple[Table, ...] = (_STUDIES, _ARMS, _OUTCOMES, _DATA, _CLAIMS, _INCLUSIONS)
"""The study tables in the order in which they rest on one another."""

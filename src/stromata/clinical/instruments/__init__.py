"""Clinical instruments as calculators: components, totals, bands, responder criteria, patient tables."""

from stromata.clinical.instruments.catalogue import (
    Alternative,
    Band,
    BandScheme,
    Citation,
    Component,
    DerivedScore,
    Formula,
    GradingRule,
    ImportantDifference,
    Instrument,
    Note,
    ResponderCriterion,
    StepPoints,
    criteria,
    criterion,
    instrument,
    instruments,
)
from stromata.clinical.instruments.columns import visit_name
from stromata.clinical.instruments.grades import Grade, grade_event
from stromata.clinical.instruments.page import reference_page
from stromata.clinical.instruments.patients import (
    CriterionCount,
    ScoredRow,
    ScoredTable,
    Summary,
    VisitScore,
    score_table,
)
from stromata.clinical.instruments.responses import Response, Verdict, respond
from stromata.clinical.instruments.scores import Score, score

__all__ = [
    "Alternative",
    "Band",
    "BandScheme",
    "Citation",
    "Component",
    "CriterionCount",
    "DerivedScore",
    "Formula",
    "Grade",
    "GradingRule",
    "ImportantDifference",
    "Instrument",
    "Note",
    "ResponderCriterion",
    "Response",
    "Score",
    "ScoredRow",
    "ScoredTable",
    "StepPoints",
    "Summary",
    "Verdict",
    "VisitScore",
    "criteria",
    "criterion",
    "grade_event",
    "instrument",
    "instruments",
    "reference_page",
    "respond",
    "score",
    "score_table",
    "visit_name",
]

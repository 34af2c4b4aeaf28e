"""What the domain knows: the terms of cell therapy, doses, instruments and what their responder criteria count as."""

from stromata.clinical import instruments
from stromata.clinical.doses import Amount, Dose, DoseMatch, DoseUnit, find_doses, find_schedules, parse_dose
from stromata.clinical.harmonise import DefaultRule, criterion_of, default_rules, harmonise, thresholds_differ
from stromata.clinical.terms import (
    VOCABULARIES,
    Match,
    Term,
    Vocabulary,
    ancestors,
    find,
    is_a,
    recognise,
    term,
    terms,
)

__all__ = [
    "VOCABULARIES",
    "Amount",
    "DefaultRule",
    "Dose",
    "DoseMatch",
    "DoseUnit",
    "Match",
    "Term",
    "Vocabulary",
    "ancestors",
    "criterion_of",
    "default_rules",
    "find",
    "find_doses",
    "find_schedules",
    "harmonise",
    "instruments",
    "is_a",
    "parse_dose",
    "recognise",
    "term",
    "terms",
    "thresholds_differ",
]

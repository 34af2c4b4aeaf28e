"""The fields that are suggested, and the values and units that each may have."""

from __future__ import annotations

import re
from dataclasses import dataclass

# fmt: off
DESIGNS = frozenset({
    "rct", "nonrandomised-controlled", "single-arm", "cohort", "case-control", "cross-sectional", "case-series",
    "case-report", "animal-model", "in-vitro", "review",
})
DISEASES = frozenset({
    "psoriasis", "psoriatic-arthritis", "atopic-dermatitis", "chronic-spontaneous-urticaria", "alopecia-areata",
    "vitiligo", "pemphigus", "epidermolysis-bullosa", "systemic-sclerosis", "systemic-lupus-erythematosus",
    "lupus-nephritis", "rheumatoid-arthritis", "primary-sjogren", "inflammatory-myopathy",
    "graft-versus-host-disease", "crohn-disease",
})
TISSUES = frozenset({
    "bone-marrow", "adipose", "umbilical-cord", "wharton-jelly", "cord-blood", "placenta", "amniotic-membrane",
    "amniotic-fluid", "dental-pulp", "gingiva", "tonsil", "menstrual-blood", "hair-follicle", "skin",
    "induced-pluripotent", "embryonic",
})
DONORS = frozenset({
    "autologous", "allogeneic", "xenogeneic",
})
PRODUCT_CLASSES = frozenset({
    "msc", "svf", "ev", "secretome", "conditioned-medium", "engineered", "hsct",
})
ROUTES = frozenset({
    "intravenous", "intradermal", "subcutaneous", "intralesional", "intramuscular", "intra-articular",
    "intra-arterial", "intrathecal", "intraperitoneal", "topical", "inhaled", "intranasal", "oral", "microneedle",
})
# fmt: on

_COUNT = r"\d{1,7}"
_AMOUNT = r"\d{1,6}(?:\.\d{1,6})?(?:e\d{1,2})?"
_COUNT_OF = rf"{_COUNT}(?:/{_COUNT})?"


@dataclass(frozen=True, slots=True)
class SuggestionField:
    """One field of a suggestion.

    Attributes
    ----------
    text : what it says of the study, for the person who reads it and for a language model that fills it in.
    choices : the values allowed; empty where `pattern` says what a value looks like.
    units : the units allowed; a single empty one where there is no unit. None where any short unit will do.
    """

    name: str
    text: str
    choices: frozenset[str] = frozenset()
    pattern: str = ""
    units: tuple[str, ...] | None = ("",)


_DOSE_UNITS = ("cells/kg", "cells", "cells/cm2", "cells/ml", "particles", "particles/kg", "ug", "ug/kg", "mg", "ml")

FIELDS: tuple[SuggestionField, ...] = (
    SuggestionField("design", "How the study was set up.", DESIGNS),
    SuggestionField("disease", "The disease treated or modelled.", DISEASES),
    SuggestionField(
        "n",
        "How many people (or animals) took part in all; not screened, not per group.",
        pattern=_COUNT,
        units=("patients", "animals"),
    ),
    SuggestionField("arms", "How many groups were compared.", pattern=r"\d{1,2}"),
    SuggestionField("tissue", "The tissue that the cells come from.", TISSUES),
    SuggestionField("donor", "Whose cells they are.", DONORS),
    SuggestionField("product_class", "What kind of product was given.", PRODUCT_CLASSES),
    SuggestionField(
        "dose",
        "The amount of one administration; a range as 1e6-2e6.",
        pattern=rf"{_AMOUNT}(?:-{_AMOUNT})?",
        units=_DOSE_UNITS,
    ),
    SuggestionField("route", "How the product was given.", ROUTES),
    SuggestionField("administrations", "How often it was given to one patient.", pattern=r"\d{1,3}"),
    SuggestionField(
        "interval_days", "Days from one administration to the next.", pattern=r"\d{1,4}(?:\.\d{1,2})?", units=("days",)
    ),
    SuggestionField(
        "followup_months",
        "How long patients were followed, in months; a range as 6-12.",
        pattern=r"\d{1,4}(?:\.\d{1,2})?(?:-\d{1,4}(?:\.\d{1,2})?)?",
        units=("months",),
    ),
    SuggestionField(
        "responders",
        "Patients who met a criterion, of all: 8/17. The unit is the criterion, such as PASI75, response or relapse.",
        pattern=rf"{_COUNT}/{_COUNT}",
        units=None,
    ),
    SuggestionField(
        "adverse_events",
        "Patients with an adverse event: 3/17, 3, or 0 when there were none.",
        pattern=_COUNT_OF,
        units=("", "serious"),
    ),
    SuggestionField("deaths", "Patients who died: 2/40, 2, or 0 when nobody did.", pattern=_COUNT_OF),
    SuggestionField("registry_id", "The registration of the study.", pattern=r"[A-Za-z][A-Za-z0-9/ .-]{4,40}"),
)
BY_NAME = {field.name: field for field in FIELDS}
UNITS: dict[str, tuple[str, ...]] = {field.name: field.units or () for field in FIELDS}

_LONGEST_UNIT = 40


def fault(name: str, value: str, unit: str) -> str:
    """Return what is wrong with a value of a field, in a few words; empty when nothing is.

    Examples
    --------
    >>> fault("n", "17", "patients"), fault("route", "by courier", "")
    ('', "route has no value 'by courier'")
    """
    field = BY_NAME.get(name)
    if field is None:
        return f"there is no field {name[:60]!r}"
    if field.choices and value not in field.choices:
        return f"{name} has no value {value[:60]!r}"
    if field.pattern and not re.fullmatch(field.pattern, value, re.ASCII):
        return f"{value[:60]!r} is not written as {name} is"
    events, slash, total = value.partition("/")
    if slash and events.isdigit() and total.isdigit() and int(events) > int(total):
        return f"{value} is more than all"
    if field.units is None:
        return "" if len(unit) <= _LONGEST_UNIT else f"the unit of {name} is longer than {_LONGEST_UNIT} characters"
    if unit not in field.units:
        return f"{name} has no unit {unit[:60]!r}"
    return ""

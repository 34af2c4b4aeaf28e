# ruff: noqa: E501 - a sentence and what it says stay on one line

import pytest

from stromata.clinical import term
from stromata.extraction.suggestions import fields
from stromata.extraction.suggestions.fields import FIELDS, fault


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("design", "rct", ""), ("n", "17", "animals"), ("dose", "1.5e6", "cells/kg"), ("dose", "1e6-2e6", "cells"), ("dose", "80", "ug"),
        ("interval_days", "7", "days"), ("followup_months", "5.52", "months"), ("followup_months", "6-48", "months"), ("responders", "8/17", "PASI75"),
        ("responders", "0/17", ""), ("adverse_events", "0", "serious"), ("deaths", "2/40", ""), ("registry_id", "EudraCT 2012-001234-56", ""),
    ],
)  # fmt: skip
def test_well_formed_values(name, value, unit):
    assert fault(name, value, unit) == ""


@pytest.mark.parametrize(
    ("name", "value", "unit", "says"),
    [
        ("colour", "red", "", "no field 'colour'"),
        ("design", "RCT", "", "no value 'RCT'"),
        ("n", "seventeen", "patients", "not written as n is"),
        ("n", "１７", "patients", "not written as n is"),
        ("n", "17\n", "patients", "not written as n is"),
        ("n", "17", "", "no unit ''"),
        ("dose", "1e6", "cells/lb", "no unit 'cells/lb'"),
        ("responders", "8", "PASI75", "not written as responders is"),
        ("responders", "18/17", "PASI75", "more than all"),
        ("responders", "8/17", "x" * 41, "longer than 40"),
        ("adverse_events", "5/3", "", "more than all"),
    ],
)
def test_what_is_wrong_is_said(name, value, unit, says):
    assert says in fault(name, value, unit)


def test_choices_are_terms_of_the_vocabularies():
    for vocabulary, names in (
        ("diseases", fields.DISEASES),
        ("tissues", fields.TISSUES),
        ("donors", fields.DONORS),
        ("products", fields.PRODUCT_CLASSES),
        ("routes", fields.ROUTES),
        ("designs", fields.DESIGNS),
    ):
        assert {term(vocabulary, name).id for name in names} == names


def test_every_field_has_choices_or_a_pattern():
    assert all(bool(one.choices) != bool(one.pattern) for one in FIELDS)
    assert len({one.name for one in FIELDS}) == len(FIELDS) == 16

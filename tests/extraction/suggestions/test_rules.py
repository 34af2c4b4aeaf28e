"""The rules as a whole, and registrations. The sentences were written for this file."""

# ruff: noqa: E501 - a sentence and what it says stay on one line

import re
from pathlib import Path

import pytest

from stromata.extraction.suggestions import rules
from stromata.extraction.suggestions.fields import FIELDS
from stromata.extraction.suggestions.rules import CONFIDENCE, SEEN, Rules, RulesSettings
from stromata.extraction.suggestions.run import suggest


def found(text: str, field: str) -> list[str]:
    """Return the values of a field with their units, sorted."""
    return sorted(f"{one.value} {one.unit}".strip() for one in suggest(text).suggestions if one.field == field)


REGISTRIES = [
    ("ClinicalTrials.gov, NCT01741857.", ["NCT01741857"]),
    ("Registered as NCT 02492308 and ISRCTN 12345678.", ["ISRCTN12345678", "NCT02492308"]),
    ("ChiCTR-ONC-16008283; ChiCTR 2000012345", ["ChiCTR-ONC-16008283", "ChiCTR2000012345"]),
    ("EudraCT number 2012-001234-56.", ["EudraCT 2012-001234-56"]),
    ("CTRI/2019/01/012345 and KCT0001234 and IRCT20080901001165N25", ["CTRI/2019/01/012345", "IRCT20080901001165N25", "KCT0001234"]),
    ("ACTRN12612000123456, UMIN000012345, jRCT2031200123", ["ACTRN12612000123456", "UMIN000012345", "jRCT2031200123"]),
    ("The trial will be registered later; grant NCT12.", []),
    ("A previous trial (NCT01741857) was negative.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REGISTRIES)
def test_registrations(text, expected):
    assert found(text, "registry_id") == expected


def test_facts_of_background_and_discussion_are_left_to_their_own_studies():
    text = (
        "Cells in lupus\n\nBackground: Lupus flares in 40 of 100 patients. A trial enrolled 30 patients.\n"
        "Methods: We enrolled 14 patients.\nResults: Ten of 14 patients responded.\n"
        "Discussion: Others treated 81 patients, and 5 of 81 patients died.\n"
        "References\n1. Trial of 300 patients. NCT01741857."
    )
    assert found(text, "n") == ["14 patients"]
    assert found(text, "responders") == ["10/14 response"]
    assert found(text, "deaths") == []
    assert found(text, "registry_id") == []


def test_every_rule_that_claims_has_its_confidence_and_none_is_certain():
    assert all(0 < confidence < 1 for confidence in CONFIDENCE.values())
    folder = Path(rules.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name != "rules.py")
    named = set(re.findall(rf'"((?:{"|".join(NAMES)}):[a-z-]+)"', sources))
    made = {f"{field}:fraction" for field in ("responders", "adverse_events", "deaths")}
    made |= {"product_class:foremost", "product_class:named"}
    assert named | made | {"registry_id"} == set(CONFIDENCE)


NAMES = [field.name for field in FIELDS] + ["followup"]


def test_confidence_rests_on_what_was_seen():
    assert SEEN["n:analysed"] == SEEN["adverse_events:none-of-a-kind"] == (0, 0)
    assert CONFIDENCE["adverse_events:none-of-a-kind"] == 0.5
    assert 0.5 < CONFIDENCE["deaths:none-of-a-kind"] < 0.6
    right, every = SEEN["dose:cells"]
    assert CONFIDENCE["dose:cells"] == round((right + 8) / (every + 10), 2)
    assert all(right <= every for right, every in SEEN.values())


def test_the_least_confidence_leaves_out_the_rest():
    text = "We enrolled 17 patients. No treatment-related adverse events occurred."
    every = Rules().extract(text).suggestions
    sure = Rules(RulesSettings(least_confidence=0.8)).extract(text).suggestions
    assert {one.field for one in every} - {one.field for one in sure} == {"adverse_events"}

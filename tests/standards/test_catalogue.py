"""The standards that ship, and what is refused in a row of one."""

import pytest

from stromata.errors import InvalidInput, NotFound
from stromata.standards import standard, standards
from stromata.standards.catalogue import ONE_GROUP, criterion, wrong_with
from stromata.standards.certificate import address
from stromata.standards.fields import find, key

ROW = {
    "id": "X-1",
    "stage": "identity",
    "subject": "batch",
    "field": "cd73_pct",
    "operator": ">=",
    "value": 95,
    "unit": "percent",
    "severity": "should",
    "rationale": "Why.",
    "sources": [{"title": "A paper", "doi": "10.1/x"}],
}


def test_the_cell_therapy_standard_is_whole():
    found = standard("cell-therapy")
    assert standard("Cell-Therapy") is found
    stages = {one.stage for one in found.criteria}
    assert {"donor-screening", "identity", "infusion-management", "safety-follow-up"} <= stages
    assert {one.subject for one in found.criteria} == set(found.subjects)
    assert len(found.criteria) == 147
    assert len([one for one in found.criteria if one.status == "unsourced"]) == 16
    by_id = {one.id: one for one in found.criteria}
    assert (by_id["ID-01"].operator, by_id["ID-01"].value, by_id["ID-04"].value) == (">=", 95, 2)
    assert (by_id["SA-01"].value, by_id["SA-01"].severity, by_id["SA-02"].severity) == (70, "must", "should")
    assert (by_id["SA-09"].value, by_id["SA-10"].value) == (5, 0.2)
    assert by_id["IN-02"].value == 3_100_000


def test_nucleic_acid_of_hiv_and_hepatitis_c_is_a_must_by_regulation_and_of_hepatitis_b_a_should():
    by_field = {one.field: one for one in standard("cell-therapy").criteria if one.stage == "donor-screening"}
    for virus, severity in (("hiv_1", "must"), ("hcv", "must"), ("hbv", "should")):
        found = by_field[f"donor_nat_{virus}"]
        assert (found.severity, found.basis, found.value) == (severity, "regulation", "negative")


def test_every_standard_is_sound():
    assert len(standards()) == 12
    for one in standards():
        ids = [each.id for each in one.criteria]
        assert len(ids) == len(set(ids)), one.id
        for each in one.criteria:
            assert list(wrong_with(each)) == [], each.id
            assert each.field == key(each.field), each.id
            assert each.rationale.endswith("."), each.id
            assert (each.status == "sourced") == bool(each.sources), each.id
            assert all(address(source).startswith("http") for source in each.sources), each.id
            if each.severity == "must" and each.basis in ONE_GROUP:
                assert each.must_reason, each.id
            for guard in each.applies_when:
                assert find(guard.field) is not None, each.id


def test_number_fields_of_the_shipped_standards_are_known_with_their_unit():
    for one in standards():
        for each in one.criteria:
            if each.operator in {">=", "<="}:
                assert find(each.field).kind == "number", each.id


def test_an_unknown_standard_is_not_found_and_near_names_are_told():
    with pytest.raises(NotFound) as caught:
        standard("cell-terapy")
    assert "Did you mean cell-therapy?" in caught.value.hint


def test_a_row_becomes_a_criterion():
    found = criterion(ROW, {})
    assert (found.value, found.sources[0].doi, found.status) == (95, "10.1/x", "sourced")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "colour: there is no such key"),
        ({"operator": ">"}, "operator: '>' is not one of"),
        ({"value": "much"}, "'much' is not a number"),
        ({"value": True}, "True is not a number"),
        ({"value": None}, "None is not a number"),
        ({"value": float("nan")}, "nan is not a number"),
        ({"value": {"a": 1}}, "value:"),
        ({"unit": "EU/mL"}, "'EU/mL' does not fit cd73_pct"),
        ({"field": "sterility", "unit": ""}, "sterility is no number"),
        ({"operator": "in"}, "is not a list of words"),
        ({"operator": "present"}, "has no meaning beside"),
        ({"operator": "not-before", "value": "cd73_pct"}, "holds a date"),
        ({"sources": []}, "must have status unsourced"),
        ({"sources": ["nobody"]}, "'nobody' is neither"),
        ({"severity": "must", "basis": "product-label"}, "must_reason: missing"),
        ({"rationale": ""}, "rationale: missing"),
        ({"applies_when": ["route"]}, "applies_when"),
        ({"applies_when": {"route": {"minimum": 1}}}, "neither a value"),
        ({"exceptions": [{"value": 3}]}, "exceptions"),
        ({"or_fields": ["x"]}, "or_fields: only"),
        ({"subject": "planet"}, "subject: 'planet'"),
    ],
)
def test_a_row_that_does_not_fit_together_is_refused(change, said):
    with pytest.raises(InvalidInput, match=said.replace("(", "\\(")):
        criterion({**ROW, **change}, {})


def test_all_faults_of_a_row_are_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        criterion({"id": "X-1", "operator": "?", "severity": "never"}, {})
    for name in ("operator", "severity", "stage", "field", "rationale"):
        assert f"{name}:" in caught.value.message

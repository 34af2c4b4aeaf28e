"""Facts of studies by name, for meta-regression in a review."""

import pytest

from stromata.model import Arm, CellProduct, DataPoint, Outcome, Study, StudyTables
from stromata.review.moderators import MODERATORS, formula_fault, moderator_values

TABLES = StudyTables(
    studies=(
        Study("A", "A", "psoriasis", "rct", year=2015, n_enrolled=20),
        Study("B", "B", "psoriasis", "single-arm"),
    ),
    arms=(
        Arm("A1", "A", "cells", product=CellProduct("msc", route="i.v.", dose="2e6 cells/kg", schedule="single dose")),
        Arm("A2", "A", "placebo", role="comparator"),
        Arm("B1", "B", "low", product=CellProduct("msc", route="intravenous", dose="1e6 cells/kg")),
        Arm("B2", "B", "high", product=CellProduct("msc", route="intravenous", dose="3e6 cells/kg")),
    ),
    outcomes=(Outcome("oA", "A", "response", weeks=12), Outcome("oB", "B", "response")),
    data_points=tuple(
        DataPoint(f"{arm}/{name}", arm[0], arm, f"o{arm[0]}", name, 3.0)
        for arm in ("A1", "A2", "B1", "B2")
        for name in ("events", "total")
    ),
)
ROWS = [("A", ("A1/events", "A2/events")), ("B", ("B1/events", "B2/events"))]


def test_facts_of_study_outcome_and_product_are_found_by_name():
    found = moderator_values(ROWS, TABLES, "~ year + weeks + factor(route) + million_cells_per_kg + enrolled")
    assert found == {
        "year": [2015.0, None],
        "weeks": [12.0, None],
        "route": ["intravenous", "intravenous"],
        "million_cells_per_kg": [2.0, None],  # the arms of B differ
        "enrolled": [20.0, None],
    }


@pytest.mark.parametrize("name", MODERATORS)
def test_every_name_that_is_offered_can_be_asked_for(name):
    assert formula_fault(f"~ {name}") == ""
    assert [len(values) for values in moderator_values(ROWS, TABLES, f"~ {name}").values()] == [2]


@pytest.mark.parametrize(
    ("formula", "says"),
    [("~ dosage", "million_cells_per_kg"), ("~ log(year", "position"), ("~ 1", "names no moderator")],
)
def test_a_formula_that_cannot_be_used_is_told(formula, says):
    assert says in formula_fault(formula)


def test_no_formula_is_no_fault():
    assert formula_fault("") == ""

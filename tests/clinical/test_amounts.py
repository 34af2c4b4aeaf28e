"""Amounts with units, where they stand in a text."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.amounts import Amount, DoseUnit, read_amounts


def amounts(text, *, bare=False):
    return [one.amount for one in read_amounts(text, bare=bare)]


def test_positions_hold_for_the_text_as_given():
    text = "给予（１～２）×１０⁶个／kg，静脉"
    (one,) = read_amounts(text)
    assert text[one.start : one.end] == "（１～２）×１０⁶个／kg"
    assert one.amount == Amount(1e6, "cells/kg", 2e6)


def test_a_number_without_a_unit_counts_only_where_a_dose_is_expected():
    assert amounts("2 × 10⁷") == []
    assert amounts("2 × 10⁷", bare=True) == [Amount(2e7, "cells")]
    assert amounts("12", bare=True) == []


@pytest.mark.parametrize(
    "text", ["4e9/L", "2e5 cells/well", "500 cells/mm3", "1e3 cells/µL", "3e6 cells per flask", "1e6个/孔"]
)
def test_counts_by_other_vessels_are_no_amounts(text):
    assert amounts(text, bare=True) == []


@pytest.mark.parametrize("text", ["2e6 IU", "1e12 vg", "30000 patients", "1e6 CFU", "50000 RMB"])
def test_a_bare_number_of_something_else_is_not_taken_for_cells(text):
    assert amounts(text, bare=True) == []


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("each infusion of 1e6 cells", "each"),
        ("1e6 cells per infusion", "each"),
        ("1e6 cells/dose", "each"),
        ("1e6个/次", "each"),
        ("每次输注1e6个", "each"),
        ("total dose: 1e6 cells", "total"),
        ("1e6 cells in total", "total"),
        ("总量为1e6个", "total"),
        ("a total of 1e6 cells", "sum"),
        ("1e6 cells", ""),
    ],
)
def test_words_beside_the_amount_say_whether_it_is_each_or_all(text, basis):
    (one,) = read_amounts(text)
    assert one.basis == basis


def test_a_unit_before_the_number_is_not_borrowed_from_the_amount_before():
    assert amounts("1e6 cells/kg 3x per week", bare=True) == [Amount(1e6, "cells/kg")]


def test_levels_with_different_units_stay_apart():
    assert amounts("1e6 cells/kg or 7e7 cells") == [Amount(1e6, "cells/kg"), Amount(7e7, "cells")]


def test_vesicle_words_are_told_from_other_weights():
    assert [one.vesicles for one in read_amounts("80 µg exosomes; methotrexate 15 mg")] == [True, False]
    assert [one.vesicles for one in read_amounts("exosomes and methotrexate 15 mg")] == [False]


def test_an_amount_can_be_multiplied():
    assert Amount(1e6, "cells/kg").times(3) == Amount(3e6, "cells/kg")
    assert Amount(1e6, "cells/kg", 2e6).times(3) == Amount(3e6, "cells/kg", 6e6)
    assert Amount(1e6, "cells/kg", 2e6, "knee").times(2, 4) == Amount(2e6, "cells/kg", 8e6, "knee")


@given(st.floats(1, 9).map(lambda x: round(x, 2)), st.sampled_from(get_args(DoseUnit)))
def test_every_unit_is_read_as_it_is_named(size, unit):
    text = f"{size} {unit}" if unit.startswith(("ug", "mg", "ml")) else f"{size}e7 {unit}"
    (amount,) = amounts(text)
    assert amount is not None
    assert amount.unit == unit


@given(st.text())
def test_any_text_gives_amounts_in_order_without_overlap(text):
    end = 0
    for one in read_amounts(text, bare=True):
        assert end <= one.start < one.end <= len(text)
        end = one.end

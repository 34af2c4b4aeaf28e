"""A number that is only a part of a longer number, sign, fraction or exponent is never read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.cuts import cut_at
from stromata.clinical.doses import find_doses, parse_dose
from stromata.clinical.quantities import fold, read_quantity

CUT = [
    "10^10^10 cells",
    "2 x 10-6 cells/kg",
    "2x10-6 cells/kg",
    "2 x 10 -6 cells/kg",
    "2 × 10⁻⁶ cells/kg",
    "2 x 10^-6 cells/kg",
    "2 x 10^ - 6 cells/kg",
    "2 x 10<sup>-6</sup> cells/kg",
    "10-6 cells/kg",
    "2 e - 6 cells",
    "2e6e7 cells",
    "10**6**2 cells",
    "(10^6)^2 cells",
    "10^6⁷ cells",
    "10^6.5 cells",
    "10^6,5 cells",
    "10^{6.5} cells",
    "10^5-6 cells/kg",
    "10^6 - 7 cells/kg",
    "1e6 to 5 cells/kg",
    "10^6 × 4 cells/kg",
    "2 x 10^6 x 10^2 cells",
    "2 x 3 x 4 x 10^6 cells",
    "2 x 10 x 6 cells",
    "2 x 10 cells/kg",
    "2 x 10 [6] cells",
    "2 x 10 to the 6 cells/kg",
    "10 to the power of 6 cells/kg",
    "2 x 10 exp 6 cells",
    "10 6 cells/kg",
    "2 10^6 cells/kg",
    "× 10^6 cells/kg",
    "1/2 million cells/kg",
    "1/2 x 10^6 cells/kg",
    "1 1/2 million cells",
    "1½ million cells",
    "2½ x 10^6 cells/kg",
    "5e6/0.1 mL",
    "1 in 10^6 cells",
    "1:2 x 10^6 cells",
    "day 7 100 ug exosomes",
    "1.5.6 cells",
    "1,00,000 cells",
    "0,500,000 cells",
    "2,500,00 cells",
    "2.50.000 cells",
    "12 000,500 cells",
    "1 00 500 cells",
    "2 .5 x 10^6 cells",
    "1,2,3 x 10^6 cells/kg",
    "1-2-3 million cells",
    "5-3 x 10^6 cells/kg",
    "1500-2 x 10^6 cells",
    "2e6--5e6 cells/kg",
    "2e6+3e6 cells",
    "-2e6 cells",
    "--2e6 cells",
    "1.2 (0.3) x 10^6 cells/kg",
    "mean 1.2 (SD 0.3) x 10^6 cells/kg",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 million cells",
    "twenty-five million cells",
    "twenty five million cells",
    "seventy five million cells",
    "one hundred and fifty million cells",
    "two and a half million cells",
    "one point five million cells",
    "three to five million cells",
    "2 hundred million cells",
    "ten thousand million cells",
    "2 million million cells",
    "1 million 500 thousand cells",
    "3千5百万个细胞",
    "2亿5千万个细胞",
    "一点五亿个细胞",
    "1亿半细胞",
    "数百万细胞",
    "300多万个细胞",
]


@pytest.mark.parametrize("text", CUT)
def test_a_part_of_a_number_is_no_dose(text):
    dose = parse_dose(text)
    assert dose.stated is None
    assert "not-understood" in [caution.code for caution in dose.cautions]
    assert find_doses(f"Patients were given {text} .") == ()


@pytest.mark.parametrize(
    ("text", "value", "high", "unit"),
    [
        ("1000000000000000 particles", 1e15, None, "particles"),
        ("20000000000000000000 particles", 2e19, None, "particles"),
        ("1,000,000,000,000,000,000,000 particles", 1e21, None, "particles"),
        ("2.000,5 cells", 2000.5, None, "cells"),
        ("12 000,5 cells", 12000.5, None, "cells"),
        ("1.000.000,5 cells", 1000000.5, None, "cells"),
        ("1.123456789012 x 10^6 cells", 1123456.789012, None, "cells"),
        ("2 x 10 6 cells/kg", 2e6, None, "cells/kg"),
        ("2 x 10 E 6 cells", 2e6, None, "cells"),
        ("2 x 10 (6) cells", 2e6, None, "cells"),
        ("4 x 500000 cells", 5e5, None, "cells"),
        ("2 x 10-20 mL", 10, 20, "ml"),
        ("2-3,5 million cells", 2e6, 3.5e6, "cells"),
        ("10^6-10^7 cells/kg", 1e6, 1e7, "cells/kg"),
        ("0.5,1.0,2.0 x 10^6 cells/kg", 5e5, 2e6, "cells/kg"),
        ("1/2/5 x 10^6 cells/kg", 1e6, 5e6, "cells/kg"),
        ("10/20/40 x 10^6 cells/kg", 1e7, 4e7, "cells/kg"),
        ("report 3850/,40 million cells", 4e7, None, "cells"),
        ("day 7 50 ug exosomes", 50, None, "ug"),
        ("+2e6 cells", 2e6, None, "cells"),
        ("细胞数一百万", 1e6, None, "cells"),
        ("每次一百万一次", 1e6, None, "cells"),
        ("1e6 cells/cm2-2e6 cells/cm2", 1e6, 2e6, "cells/cm2"),
    ],
)
def test_a_whole_number_is_read_as_it_stands(text, value, high, unit):
    amount = parse_dose(text).stated
    assert amount is not None
    assert (amount.value, amount.high, amount.unit) == (value, high, unit)


def test_repeats_before_a_plain_number_are_the_number_of_administrations():
    dose = parse_dose("4 x 500000 cells")
    assert (dose.administrations, dose.stated.value, dose.cumulative.value) == (4, 5e5, 2e6)


def test_the_end_of_a_cut_number_is_its_last_sign():
    text = fold("2 x 10-6 cells")
    assert cut_at(text, 0, read_quantity(text, 0)) == len("2 x 10-6")
    whole = fold("2 x 10^6 cells")
    assert cut_at(whole, 0, read_quantity(whole, 0)) is None


DIGITS = st.integers(1, 9).map(str)


@given(st.integers(1, 10**29))
def test_no_digit_of_a_long_number_is_lost(number):
    amount = parse_dose(f"{number} particles").stated
    assert amount is not None
    assert (amount.value, amount.unit) == (float(number), "particles")


@given(st.integers(10**41, 10**80))
def test_a_number_beyond_all_measure_is_none(number):
    assert parse_dose(f"{number} particles").stated is None


@given(DIGITS, st.sampled_from(["^-", "^", "⁻", "e-", "/", ".", "½", "**-"]), DIGITS)
def test_whatever_is_tied_to_a_power_of_ten_spoils_it(mantissa, tie, tail):
    assert parse_dose(f"{mantissa} × 10^6{tie}{tail} cells/kg").stated is None


@given(st.text("0123456789.,-+/^ex×* ()½⁶", max_size=30))
def test_a_result_never_starts_or_ends_inside_a_run_of_digits(text):
    given_ = f"Patients were given {text} cells."
    for match in find_doses(given_):
        before, after = given_[match.start - 1], given_[match.end : match.end + 1]
        assert not before.isdigit()
        assert not after.isdigit()

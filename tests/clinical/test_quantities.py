"""Numbers, ranges and levels as papers print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.clinical.quantities import bare_power, chinese_number, fold, number_starts, read_number, read_quantity


def quantity(text):
    folded = fold(text)
    for start in number_starts(folded):
        found = read_quantity(folded, start)
        if found is not None:
            return found
    return None


@given(st.text())
def test_folding_keeps_every_position(text):
    assert len(fold(text)) == len(text)


def test_folding_makes_full_width_and_typographic_signs_plain():
    assert fold("１．５×１０＾６～２\u2009µg") == "1.5×10^6~2 ug"


@pytest.mark.parametrize(
    ("text", "values", "kind"),
    [
        ("1.5×10^6", (1.5e6,), "one"),
        ("1.1 × 10^6", (1.1e6,), "one"),
        ("2.10^6", (2e6,), "one"),
        ("1,000,000", (1e6,), "one"),
        ("1.000.000", (1e6,), "one"),
        ("1,5", (1.5,), "one"),
        ("1–2 × 10^6", (1e6, 2e6), "range"),
        ("(1-2)×10^6", (1e6, 2e6), "range"),
        ("3e6-1e6", (1e6, 3e6), "range"),
        ("1, 2 or 4 x 10^6", (1e6, 2e6, 4e6), "levels"),
        ("1e6, 2e6 and 4e6", (1e6, 2e6, 4e6), "levels"),
        ("between 1 and 2 million", (1e6, 2e6), "range"),
        ("1万至2万", (1e4, 2e4), "range"),
        ("1e6-1e6", (1e6,), "one"),
    ],
)
def test_reads_numbers_ranges_and_levels(text, values, kind):
    found = quantity(text)
    assert found is not None
    assert (found.values, found.kind) == (values, kind)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("phase 1, 2 × 10^6", 2e6),
        ("days 0, 7 and 14, 1×10^6", 1e6),
        ("group 1, 2 × 10^6", 2e6),
        ("2014, 3 × 10^6", 3e6),
    ],
)
def test_a_number_that_only_stands_beside_is_not_scaled(text, value):
    found = quantity(text)
    assert found is not None
    assert found.values == (value,)


def test_a_number_after_a_complete_one_is_another_matter():
    found = quantity("2e6, 3 infusions")
    assert found is not None
    assert found.values == (2e6,)


def test_a_mean_keeps_its_spread_apart():
    found = quantity("(1.2 ± 0.3) × 10^6")
    assert found is not None
    assert (found.values, found.spread) == ((1.2e6,), 3e5)


@pytest.mark.parametrize("text", ["1e31", "10^99", "2 × 10^999999999"])
def test_an_exponent_beyond_all_measure_gives_no_value(text):
    found = quantity(text)
    assert found is not None
    assert found.values == ()


@pytest.mark.parametrize("text", ["NCT03765957", "MSC2", "10^-6", "1e-6 "])
def test_digits_inside_a_word_and_small_powers_are_no_quantity_of_millions(text):
    found = quantity(text)
    assert found is None or max(found.values) <= 10


def test_powers_are_exact():
    for power in range(31):
        number = read_number(f"1.7 × 10^{power}", 0)
        assert number is not None
        assert number.value == float(f"1.7e{power}")


def test_only_a_bare_power_without_superscript_is_restored():
    number = read_number("106", 0)
    assert number is not None
    restored = bare_power("106", number)
    assert restored is not None
    assert (restored.value, restored.notes) == (1e6, ("lost-superscript",))
    plain = read_number("116", 0)
    assert plain is not None
    assert bare_power("116", plain) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一", 1),
        ("十二", 12),
        ("两百", 200),
        ("一百万", 10**6),
        ("两千万", 2 * 10**7),
        ("一亿", 10**8),
        ("一亿五千万", 15 * 10**7),
    ],
)
def test_reads_chinese_numerals(text, value):
    assert chinese_number(text) == value


@pytest.mark.parametrize("text", ["", "abc", "一x"])
def test_what_is_no_numeral_is_none(text):
    assert chinese_number(text) is None


@given(st.text())
def test_reading_never_raises(text):
    folded = fold(text)
    for start in number_starts(folded):
        found = read_quantity(folded, start)
        assert found is None or list(found.values) == sorted(set(found.values))

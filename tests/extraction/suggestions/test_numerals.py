# ruff: noqa: E501 - a sentence and what it says stay on one line

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.extraction.suggestions.numerals import COUNT, COUNT_ZH, plain, whole


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0", 0), ("17", 17), ("1,024", 1024), ("one", 1), ("Seventeen", 17), ("twenty", 20), ("Twenty-one", 21), ("thirty two", 32),
        ("ninety-\nnine", 99), ("a hundred", 100), ("One hundred and five", 105), ("two hundred thirty-four", 234), ("十", 10), ("十七", 17),
        ("二十", 20), ("三十五", 35), ("一百零五", 105), ("一百二十", 120), ("两", 2), ("双", 2),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(written, number):
    assert whole(written) == number


@pytest.mark.parametrize("written", ["", "few", "1.5", "-3", "twenty patients", "a", "and", "1" * 30, "①", "十几"])
def test_what_says_no_number(written):
    assert whole(written) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We saw 17 of 1,204 patients", ["17", "1,204"]),
        ("PASI-75 fell by 47.1% in 2.5 years on 2/3 days at 10^6", []),
        ("one hundred and twenty-one, or seventeen", ["one hundred and twenty-one", "seventeen"]),
        ("someone else, tenfold, bone", []),
        ("12 % and 12%", []),
        ("ended with 17.", ["17"]),
    ],
)
def test_counts_in_running_text(text, found):
    assert re.findall(COUNT, text, re.IGNORECASE) == found


def test_chinese_counts_in_running_text():
    assert re.findall(COUNT_ZH, "纳入17例，十八例完成，47.1%") == ["17", "十八"]


@given(st.integers(0, 99_999))
def test_digits_are_read_back(number):
    assert whole(str(number)) == number
    assert whole(f"{number:,}") == number


def test_decimals_are_written_short():
    assert [plain(value) for value in (12.0, 24 / 4.345, 0.5, 100.0, 2.999)] == ["12", "5.52", "0.5", "100", "3"]

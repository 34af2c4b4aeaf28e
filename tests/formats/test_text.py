from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.formats.text import clean, iso_date, name_of, page_span, person, without_tags, written_name
from stromata.model import Name


def test_text_is_tidied_without_losing_a_sign_that_shows() -> None:
    assert clean(" A&nbsp;B\u00a0\t C&amp;lt;D\u200b\x00 e\u0301 间 ") == "A B C<D é 间"


@given(st.text(st.characters(exclude_characters="&")))
def test_nothing_a_terminal_obeys_or_that_reorders_text_is_left(text: str) -> None:
    marks = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
    tidy = clean("".join(f"{sign}{mark}" for sign, mark in zip(text + marks, marks + text, strict=True)))
    assert not set(tidy) & set(marks)
    assert unicodedata.is_normalized("NFC", tidy)


def test_the_next_line_control_is_white_space_and_the_others_are_nothing() -> None:
    assert clean("a\x85b \x9b31mc\x9d\u202ed\u2066e") == "a b 31mcde"
    assert without_tags("a <\x9bb>c</b> d") == "a c d"
    assert clean("e\u200b\u0301") == "é"


@given(st.text())
def test_tidying_twice_changes_nothing_where_no_entity_is_left(text: str) -> None:
    once = clean(text)
    if "&" not in once:
        assert clean(once) == once
    assert once == once.strip()
    assert "\x00" not in once
    once.encode()


def test_markup_goes_and_comparisons_stay() -> None:
    assert without_tags("<p>A <i>b</i></p><p>p &lt; 0.05 and q < 3 > 2</p>") == "A b p < 0.05 and q < 3 > 2"
    assert without_tags("<jats:title>Aim</jats:title><jats:p>x</jats:p>") == "Aim x"


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("2024/6/23", "2024-06-23"),
        ("2024//", "2024"),
        ("2023年6月5日", "2023-06-05"),
        ("20240623", "2024-06-23"),
        ("25/12/2020", "2020-12-25"),
        ("12/25/2020", "2020-12-25"),
        ("03/04/2020", "2020"),
        ("May 3, 2018", "2018-05-03"),
        ("2021-03-12T00:00:00Z", "2021-03-12"),
        ("2024-02-30", "2024-02"),
        ("2024-13-01", "2024"),
        ("1023-1095", ""),
        ("in press", ""),
    ],
)
def test_a_date_is_read_as_far_as_it_is_certain(said: str, date: str) -> None:
    assert iso_date(said) == date


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Smith, John, Jr.", Name(family="Smith", given="John", suffix="Jr.")),
        ("Smith, Jr., John", Name(family="Smith", given="John", suffix="Jr.")),
        ("Labanski A.B.", Name(family="Labanski", given="A.B.")),
        ("A. Author-One", Name(family="Author-One", given="A.")),
        ("World Health Organization", Name(literal="World Health Organization")),
        ("Group, ", Name(literal="Group")),
        ("张三", Name(literal="张三")),
        ("张，三", Name(family="张", given="三")),
    ],
)
def test_names_are_split_only_where_they_can_be(written: str, name: Name) -> None:
    assert name_of(written) == name
    assert name_of(written_name(name)) == name


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Ana M. van Dijk", Name(family="van Dijk", given="Ana M.")),
        ("Tom Baker Jr.", Name(family="Baker", given="Tom", suffix="Jr")),
        ("Kowalska A", Name(family="Kowalska", given="A")),
        ("罗 平", Name(literal="罗平")),
    ],
)
def test_names_on_pages_put_the_given_name_first(shown: str, name: Name) -> None:
    assert person(shown) == name


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [("12", "19", "12-19"), ("12–19", "19", "12-19"), ("5", "5", "5"), ("", "9", "9"), ("e1", "", "e1")],
)
def test_pages_are_one_span(first: str, last: str, span: str) -> None:
    assert page_span(first, last) == span


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000 + "9" * 8, "1" * 8])
def test_an_entity_with_an_endless_number_is_a_sign_that_stands_for_none(digits: str) -> None:
    filler = "a" * 5000
    assert clean(f"{filler} b&#{digits};c") == f"{filler} b\ufffdc"
    assert without_tags(f"{filler} <b>&#{digits};</b>") == f"{filler} \ufffd"

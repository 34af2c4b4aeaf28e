"""Entities of HTML, with numbers of any length."""

import pytest

from stromata.entities import unescape


def test_entities_are_the_signs_that_they_name() -> None:
    assert unescape("&alpha;-MSC &lt;5 &#x4E2D;&#65;&amp;amp;") == "α-MSC <5 中A&amp;"


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000 + "9" * 8])
def test_an_endless_number_stands_for_no_sign(digits: str) -> None:
    assert unescape(f"a&#{digits};b") == "a\ufffdb"


def test_zeros_before_a_number_of_a_sign_count_for_nothing() -> None:
    filler = "a" * 5000
    assert unescape(f"{filler}&#{'0' * 5000}65;&#65;&#x41;&#;&#{'0' * 5000};") == f"{filler}AAA&#;\ufffd"

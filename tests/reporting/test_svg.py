import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from stromata.reporting import svg


def test_widths_are_those_of_helvetica():
    assert svg.text_width("0", 1000) == 556
    assert svg.text_width("Wi", 10) == pytest.approx(9.44 + 2.22)
    assert svg.text_width("é", 1000) == svg.text_width("e", 1000)
    assert svg.text_width("中文", 10) == 20
    assert svg.text_width("Study", 10, bold=True) > svg.text_width("Study", 10)


@given(st.text(max_size=80), st.floats(10, 200))
def test_wrapping_loses_nothing_and_stays_within_the_width(text, width):
    lines = svg.wrap(text, width, 12)
    kept = "".join(lines).replace(" ", "")
    assert kept == "".join(letter for letter in text if letter not in " \t\r\n")
    assert all(svg.text_width(line, 12) <= width or len(line) == 1 for line in lines)


def test_chinese_breaks_between_characters_and_units_stay_with_their_numbers():
    assert svg.wrap("间充质干细胞", 36, 12) == ("间充质", "干细胞")
    assert svg.wrap("I² = 37\u00a0%", 45, 12)[-1] == "37\u00a0%"
    assert svg.wrap("", 10, 12) == ("",)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_gives_well_formed_svg(text, value):
    made = etree.fromstring(str(svg.element("text", text, title=value)))
    assert len(made) == 0
    assert "<script" not in etree.tostring(made, method="text", encoding="unicode") or "<script" in text


def test_markup_in_text_and_attributes_is_only_text():
    made = svg.element("text", "<script>alert(1)</script>", fill='"><script>')
    root = etree.fromstring(str(made))
    assert root.text == "<script>alert(1)</script>"
    assert root.get("fill") == '"><script>'


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "", "//evil.example"])
def test_only_pages_and_places_become_links(href):
    inner = svg.element("tspan", "8")
    assert svg.anchored(inner, href) == inner
    assert str(svg.anchored(inner, "#dp-1")).startswith('<a href="#dp-1">')


def test_a_drawing_is_named_and_described():
    text = svg.drawing(width=10, height=20, title="T & t", description="D", identifier="x", roledescription="plot")
    root = etree.fromstring(text)
    assert root.get("viewBox") == "0 0 10 20"
    assert root.get("aria-labelledby") == "x-title x-desc"
    assert {child.get("id"): child.text for child in root} == {"x-title": "T & t", "x-desc": "D"}


def test_a_line_of_text_escapes_what_it_says_and_leaves_out_what_is_usual():
    plain = str(svg.words(("a<b",), 1, 2))
    assert plain == '<text x="1" y="2" font-size="12">a&lt;b</text>'
    full = str(svg.words(("x",), 0, 0, bold=True, anchor="end", colour="#555555"))
    assert 'font-weight="bold" text-anchor="end" fill="#555555"' in full

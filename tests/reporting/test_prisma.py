from dataclasses import replace

import pytest
from lxml import etree

from reporting.builders import FLOW
from stromata.reporting import FlowCounts, check, flow_svg, flow_table

SIMPLE = FlowCounts(
    sources=(("MEDLINE", "database", 100),),
    duplicates_removed=10,
    screened=90,
    excluded_title_abstract=70,
    sought=20,
    not_retrieved=2,
    assessed=18,
    excluded_full_text=(("Wrong population", 13),),
    included_reports=5,
    included_studies=4,
)
NS = {"s": "http://www.w3.org/2000/svg"}


def drawn(counts, **options):
    return etree.fromstring(flow_svg(counts, **options))


def texts(root):
    return ["".join(each.itertext()) for each in root.iterfind(".//s:text", NS)]


def test_the_equations_of_a_whole_flow_hold():
    assert all(each.holds for each in check(SIMPLE))
    assert all(each.holds for each in check(FLOW))
    assert len(check(FLOW)) == len(check(SIMPLE)) + 2


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("duplicates_removed", 0),
        ("excluded_by_automation", 0),
        ("removed_other", 0),
        ("excluded_title_abstract", 1),
        ("not_retrieved", 2),
        ("included_reports", 3),
    ],
)
def test_a_wrong_count_breaks_its_equation_and_no_other(field, place):
    wrong = replace(SIMPLE, **{field: getattr(SIMPLE, field) + 1})
    assert [each.holds for each in check(wrong)] == [number != place for number in range(4)]


def test_a_wrong_count_of_reasons_breaks_the_last_equation():
    wrong = replace(SIMPLE, excluded_full_text=(("Wrong population", 12),))
    last = check(wrong)[-1]
    assert (last.holds, last.left, last.right) == (False, 6, 5)
    assert last.numbers == "18 − 12 ≠ 5"


def test_other_methods_count_towards_what_is_included():
    last = check(FLOW)[-1]
    assert (last.left, last.right) == (66 - 56 + 7 - 4, 13)
    wrong = replace(FLOW, other_not_retrieved=3)
    assert [each.text for each in check(wrong) if not each.holds] == [check(FLOW)[4].text]


def test_more_reports_sought_than_records_found_by_other_methods_is_shown():
    sixteen = replace(FLOW, other_sought=16, other_not_retrieved=9)
    assert [each.holds for each in check(sixteen)] == [True, True, True, False, True, True]


def test_undecided_records_stand_in_the_equation_and_in_the_box():
    running = replace(SIMPLE, awaiting_title_abstract=3, excluded_title_abstract=67)
    second = check(running)[1]
    assert second.holds
    assert second.numbers == "90 − 67 = 20 + 3"
    assert any("Without a final verdict yet (n = 3)" in text for text in texts(drawn(running)))


def test_a_documented_difference_is_named_and_not_counted_as_holding():
    counted = replace(
        SIMPLE, sought=21, assessed=19, excluded_full_text=(("x", 14),), records_to_reports="One had two."
    )
    second = check(counted)[1]
    assert not second.holds
    assert second.note == "One had two."
    assert any("Documented difference" in text for text in texts(drawn(counted)))


def test_an_equation_that_fails_is_printed_below_the_diagram():
    wrong = " ".join(texts(drawn(replace(SIMPLE, screened=91))))
    assert "Does not add up: records identified" in wrong
    assert "Does not add up" not in " ".join(texts(drawn(SIMPLE)))


def test_table_and_diagram_hold_the_same_counts_and_each_count_is_a_link():
    rows = {f"#flow-{row.key}": f"(n = {row.n:,})" for row in flow_table(FLOW)}
    links = {each.get("href"): "".join(each.itertext()) for each in drawn(FLOW).iterfind(".//s:a", NS)}
    assert links == rows
    assert len({row.key for row in flow_table(FLOW)}) == len(flow_table(FLOW))


def test_other_methods_are_hidden_when_there_are_none():
    assert not any("other methods" in text for text in texts(drawn(SIMPLE)))
    assert {row.column for row in flow_table(SIMPLE)} == {"Databases and registers", "Both"}
    assert float(drawn(SIMPLE).get("width")) < 0.6 * float(drawn(FLOW).get("width"))


def test_sources_and_reasons_are_named_with_their_counts():
    shown = " ".join(texts(drawn(FLOW)))
    for words in (
        "Embase (n = 988)",
        "ClinicalTrials.gov (n = 61)",
        "中国知网",
        "Citation searching (n = 11)",
        "(n = 21)",
    ):
        assert words in shown
    assert {row.box for row in flow_table(FLOW)} == {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 13, 15}


def test_boxes_do_not_overlap_and_texts_stay_inside():
    root = drawn(FLOW)
    boxes = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in root.iterfind(".//s:g/s:rect", NS)
    ]
    for place, (x, y, w, h) in enumerate(boxes):
        assert x + w <= float(root.get("width"))
        assert y + h <= float(root.get("height"))
        for u, v, p, q in boxes[place + 1 :]:
            assert x + w <= u or u + p <= x or y + h <= v or v + q <= y
    for text in root.iterfind(".//s:g/s:text[@x]", NS):
        x, y = float(text.get("x")), float(text.get("y"))
        assert any(u < x < u + w and v < y < v + h for u, v, w, h in boxes)


def test_a_hostile_source_name_stays_text():
    name = '<script>alert(1)</script>"><a href="javascript:alert(1)">'
    root = drawn(replace(SIMPLE, sources=((name, "database", 100),)))
    assert not root.findall(".//s:script", NS)
    assert all(each.get("href").startswith("#") for each in root.iterfind(".//s:a", NS))
    assert "alert(1)" in " ".join(texts(root))


def test_the_figure_has_a_name_a_description_and_ids_of_its_own():
    root = drawn(SIMPLE, identifier="first")
    assert root.get("aria-labelledby") == "first-title first-desc"
    assert "4 studies in 5 reports were included" in root.findtext("s:desc", namespaces=NS)
    assert flow_svg(SIMPLE) == flow_svg(SIMPLE)

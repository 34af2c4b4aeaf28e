"""How a report shows what a result hangs on: folded, and with a way back from every number."""

from dataclasses import replace

import lxml.html
import pytest

from reporting.builders import example, full, sensitivity
from stromata.model import Interval
from stromata.reporting import LeaveOneOut, Refit, SensitivitySection, lineage_gaps, render
from stromata.reporting.results import views
from stromata.reporting.sensitivity import refit_groups, section_of


@pytest.fixture(scope="module")
def page():
    return lxml.html.fromstring(render(full()))


def words(element):
    return " ".join(element.text_content().split()).replace("\u00a0", " ")


def folded(page, beginning):
    (found,) = [each for each in page.iter("details") if words(each.find("summary")).startswith(beginning)]
    assert found.get("open") is None
    return found


def ratio_of(content):
    return next(each for each in content.syntheses if each.id == "ratio")


def test_the_range_stands_on_the_line_that_opens_the_table(page):
    found = folded(page, "Leaving out")
    assert words(found.find("summary")) == "Leaving out one study at a time: 1.49 to 2.02"


def test_the_result_stands_first_and_each_row_leads_to_the_study_or_the_result(page):
    table = folded(page, "Leaving out").find(".//table")
    rows = [[words(cell) for cell in row] for row in table.iterfind("tbody/tr")]
    assert rows == [
        ["None: all 3 studies", "1.56 [1.17, 2.09]", "τ² < 0.01, I² = 4 %"],
        ["Abel 2016", "1.49 [1.09, 2.03]", "τ² = 0.20, I² = 12 %"],
        ["Dvořák 2021", "2.02 [0.80, 5.11]", "τ² = 0.20, I² = 12 %"],
        ["Hale 2014", "not estimable", "–"],
    ]
    hrefs = table.xpath("tbody//a/@href")
    assert hrefs[0] == "#result-ratio"
    for href, name in zip(hrefs[1:], ("Abel 2016", "Dvořák 2021", "Hale 2014"), strict=True):
        assert words(page.get_element_by_id(href[1:])).startswith(name)
    assert "All hangs on Hale 2014." in words(table.find("caption"))


def test_each_point_of_the_funnel_leads_to_the_numbers_of_its_study(page):
    found = folded(page, "Funnel plot of 3 studies")
    hrefs = [each.get("href") for each in found.find(".//svg").iter("a")]
    table = page.get_element_by_id("effects-ratio")
    assert set(hrefs) == {f"#{row.get('id')}" for row in table.xpath("tbody/tr[not(@class)]")}
    assert "Asymmetry was not tested." in words(found.find(".//figcaption"))


def test_words_for_a_paper_are_not_printed_and_the_lines_of_r_keep_their_breaks(page):
    found = folded(page, "In words for a paper, and in R")
    assert found.get("class") == "screen"
    assert "Studies were pooled." in words(found)
    assert found.find(".//pre").text == 'rma(measure="RR", ai=c(8, 61, 3))'


def test_a_section_shows_only_what_it_holds():
    content = full()
    bare = SensitivitySection("ratio", methods="Methods.", results="Results.")
    shown = lxml.html.fromstring(render(replace(content, sensitivity=(bare,))))
    lines = [words(each.find("summary")) for each in shown.iter("details")]
    assert "In words for a paper" in lines
    assert not [each for each in lines if each.startswith(("Funnel", "Leaving"))]
    empty = render(replace(content, sensitivity=(SensitivitySection("ratio"),)))
    assert empty == render(replace(content, sensitivity=()))


def test_subgroups_stand_under_their_names_with_a_range_each_and_the_whole_last():
    content = example()
    whole = next(each for each in content.syntheses if each.id == "response")
    refits = tuple(Refit(each, Interval(0.25 + place / 8, 0.1, 0.9)) for place, each in enumerate(whole.effects[:3]))
    section = SensitivitySection("response", left_out=(LeaveOneOut("psoriasis", refits), LeaveOneOut("", refits[:2])))
    shown = views(replace(content, sensitivity=(section,)))
    first, second = refit_groups(shown, whole, section)
    assert (first.label, first.span.replace("\u00a0", " ")) == ("Psoriasis", "25 to 50 %")
    assert (second.label, second.span.replace("\u00a0", " ")) == ("All conditions", "25 to 38 %")
    assert first.rows[0].without.href == "#result-response~psoriasis"
    assert first.rows[0].estimate == "52 [23, 80]"
    assert second.rows[0].without.href == "#result-response"
    html = render(shown.content)
    assert lineage_gaps(shown.content, html) == ()
    assert "Leaving out one study at a time: 25 to 38\u00a0%, all conditions" in html


def test_sections_are_found_by_their_synthesis():
    content = full()
    shown = views(content)
    assert section_of(shown, ratio_of(content)) == sensitivity(ratio_of(content))
    assert section_of(shown, content.syntheses[0]) is None


def test_no_estimate_at_all_gives_no_range():
    content = full()
    whole = ratio_of(content)
    nothing = tuple(Refit(each, Interval(None, None, None)) for each in whole.effects)
    section = SensitivitySection("ratio", left_out=(LeaveOneOut("", nothing),))
    (group,) = refit_groups(views(content), whole, section)
    assert group.span == ""
    assert [row.estimate for row in group.rows[1:]] == ["not estimable"] * 3


def test_hostile_words_stay_text():
    h = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    content = full()
    section = sensitivity(ratio_of(content))
    bad = replace(
        section, funnel=h, methods=h, results=h, r_lines=h, left_out=(replace(section.left_out[0], remark=h),)
    )
    html = render(replace(content, sensitivity=(bad,)))
    page = lxml.html.fromstring(html)
    assert not page.xpath("//script | //img")
    assert html.count("&lt;script&gt;") == 5

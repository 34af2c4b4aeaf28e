import re
from dataclasses import replace
from itertools import pairwise

import lxml.html
import pytest

from reporting.builders import FLOW, REFERENCES, example, pooled, proportion
from stromata.model import (
    Arm,
    Caution,
    CellProduct,
    Condition,
    DataPoint,
    Evidence,
    Interval,
    Name,
    Outcome,
    OutcomeDefinition,
    ReviewProtocol,
    Source,
    Study,
    StudyLink,
    StudyTables,
    SynthesisPlan,
)
from stromata.reporting import ExcludedReport, ReportContent, lineage_gaps, render
from stromata.reporting.prisma import FlowCounts
from stromata.reporting.report import mark_languages

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1) {{ 7*7 }} \x00\x08 &amp;"


@pytest.fixture(scope="module")
def html():
    return render(example())


@pytest.fixture(scope="module")
def page(html):
    return lxml.html.fromstring(html)


def words(element):
    return " ".join(element.text_content().split()).replace("\u00a0", " ")


def test_the_file_asks_nothing_of_the_network(html, page):
    assert not page.xpath("//script | //link | //img | //iframe | //object | //embed | //form | //@src")
    assert "url(" not in html
    assert "@import" not in html
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'")
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on") or name == "style"]


def test_headings_stand_in_order_and_there_is_one_title(page):
    levels = [int(each.tag[1]) for each in page.iter("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_tables_have_captions_and_headers_with_scope(page):
    for table in page.iter("table"):
        assert words(table.find("caption"))
        assert all(each.get("scope") for each in table.iter("th"))
        width = len(table.xpath("./thead/tr/th"))
        for row in table.xpath("./tbody/tr"):
            assert sum(int(each.get("colspan", 1)) for each in row) == width


def test_every_section_of_the_contents_exists(page):
    targets = [href[1:] for href in page.xpath("//nav//a/@href")]
    assert [each for each in targets if not page.xpath("//*[@id=$id]", id=each)] == []
    assert len([each for each in targets if not each.startswith("outcome-")]) == 13


def test_chinese_text_is_marked_and_other_text_is_not(page):
    assert page.get("lang") == "en"
    marked = [each.text_content() for each in page.xpath("//span[@lang='zh']")]
    assert "七例患者均无应答" in marked
    assert all(re.search("[\u3400-\u9fff]", text) for text in marked)
    assert mark_languages("日本のデータ") == "日本のデータ"
    assert mark_languages("a<b 中文，b") == 'a&lt;b <span lang="zh">中文，</span>b'


def test_each_data_point_says_what_where_and_in_which_words(page):
    entry = page.get_element_by_id("dp-Abel2016.x")
    text = words(entry)
    assert "UC-MSC; Response, improved by half, 26 weeks: events 8" in text
    assert words(entry.find(".//blockquote")) == "8 of 17 patients responded (PASI 50)"
    assert "Read in the study's abstract (abstract), [2]" in text
    assert "Table cell: outcomes.csv, line 4, column x." in text
    assert "https://example.org/abstract?id=1&lang=en" in [each.get("href") for each in entry.iter("a")]


def test_a_value_without_a_quotation_says_so(page):
    text = words(page.get_element_by_id("dp-Abel2016.n"))
    assert "No verbatim quotation was seen. Curator's note: Read from the flow chart; completers only." in text
    assert "derived, not stated" in words(page.get_element_by_id("dp-Hale2014.x"))


def test_pooled_numbers_lead_to_effects_and_effects_to_data_points(page):
    estimate = page.xpath("//section[@id='summary']//td/a[.='52']")[0]
    row = page.get_element_by_id(estimate.get("href")[1:])
    table = page.get_element_by_id(row.xpath(".//td/a/@href")[0][1:])
    effect = table.xpath(".//tr[contains(., 'Abel')]")[0]
    assert effect.xpath(".//a[.='8']/@href")[0] == "#dp-Abel2016.x"
    assert effect.xpath(".//a[.='17']/@href")[0] == "#dp-Abel2016.n"


def test_numbers_of_the_forest_plot_lead_to_their_own_data_points(page):
    [figure] = page.xpath("//*[local-name()='svg' and @id='forest-ratio']")
    links = [(each.text_content(), each.get("href")) for each in figure.iter() if each.tag.split("}")[-1] == "a"]
    assert ("4", "#dp-Abel2016.cx") in links
    assert ("16", "#dp-Abel2016.cn") in links
    assert ("1.56 [1.17, 2.09]", "#result-ratio") in links
    assert ("1.88 [0.70, 5.06]", "#effect-ratio~Abel2016.x") in links


def test_what_was_left_out_is_shown_with_the_reason(page):
    text = words(page.get_element_by_id("results"))
    assert "Ulcers were counted, not patients." in text
    assert "Shares its patients with Abel 2016." in text


def test_harms_stand_in_their_own_section(page):
    assert "Serious adverse events" in words(page.get_element_by_id("harms"))
    assert "Serious adverse events" not in words(page.get_element_by_id("results"))


def test_failing_equations_are_shown():
    wrong = render(replace(example(), flow=replace(FLOW, screened=1000)))
    [cell] = lxml.html.fromstring(wrong).xpath("//tr[th[starts-with(., 'records identified')]]/td[2]")
    assert words(cell) == "no"


def test_undefined_kappa_is_not_printed_as_a_number(page):
    [row] = page.xpath("//tr[th[.='Full text']]")
    assert [words(cell) for cell in row] == ["Full text", "66", "91 %", "undefined", "6"]


def test_equal_content_gives_equal_text(html):
    assert render(example()) == html


def test_a_review_that_has_just_begun_can_be_rendered():
    empty = FlowCounts(sources=(), screened=0, sought=0, assessed=0, included_reports=0, included_studies=0)
    content = ReportContent("New", generated_at="t", version="0", head_hash="", events=1, flow=empty)
    shown = render(content)
    assert lineage_gaps(content, shown) == ()
    assert "No synthesis has been run." in shown


def hostile():
    """Return a report in which every text of every record is hostile."""
    h = HOSTILE
    evidence = Evidence(h, "javascript:alert(1)", h, h, h, "press", False, h, h, 3, h)
    effect = replace(proportion(h, 1, 4, group=h, study=h), data_points=(h,))
    effects = (effect, replace(proportion("B", 1, 5), data_points=(h,), study="b"))
    base = pooled(
        Interval(0.2, 0.1, 0.3), effects, id=h, plan=h, title=h, cautions=(Caution(h, h),), versions=((h, h),)
    )
    synthesis = replace(base, subgroups=((h, replace(base, id="", effects=effects[:1], k=1)),), tau2_method=h, test=h)
    synthesis = replace(synthesis, effects=(effects[0],))
    reference = replace(
        REFERENCES[0],
        merged=replace(
            REFERENCES[0].merged,
            title=h,
            authors=(Name(h, h),),
            journal=h,
            doi=h,
            pmid=h,
            urls=("javascript:alert(1)",),
            language=h,
        ),
    )
    return ReportContent(
        title=h,
        generated_at=h,
        version=h,
        head_hash=h,
        events=1,
        flow=replace(FLOW, sources=((h, "database", 1701), (h, "other", 15)), excluded_full_text=((h, 56),)),
        protocol=ReviewProtocol(
            conditions=(Condition(h, h),),
            outcomes=(OutcomeDefinition(h, h),),
            plans=(SynthesisPlan(h, h, h, "PLO", "glmm"),),
            registration=h,
            about=h,
            rationale=h,
        ),
        sources=(Source(h, h, 1, h, h, 1, database=h, platform=h, searched_on=h, strategy=h, note=h),),
        references=(reference,),
        included=(reference.id,),
        excluded=(ExcludedReport(reference, h, h),),
        tables=StudyTables(
            studies=(
                Study(h, h, h, "other", first_author=h, country=h, phase=h, links=(StudyLink(h),), note=h, cohort=h),
            ),
            arms=(Arm(h, h, h, product=CellProduct("msc", h, "", h, h, h, h, h, h)),),
            outcomes=(Outcome(h, h, h, definition=h),),
            data_points=(DataPoint(h, h, h, h, "events", 1, h, evidence),),
        ),
        syntheses=(synthesis,),
        notes=(h,),
    )


def test_hostile_records_never_become_code_or_links():
    shown = render(hostile())
    page = lxml.html.fromstring(shown)
    assert not page.xpath("//script | //img")
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]
    hrefs = [each.get("href") for each in page.iter() if each.get("href")]
    assert all(href.startswith(("#", "https://")) for href in hrefs)
    assert "49" not in words(page.get_element_by_id("question"))  # template code in data is not run
    assert "{{ 7*7 }}" in shown
    assert not re.search("[\x00-\x08]", shown)
    assert lineage_gaps(hostile(), shown) == ()


def test_the_style_prints_without_navigation_and_with_addresses(html):
    style = html.split("<style>")[1].split("</style>")[0]
    printed = style.split("@media print")[1]
    assert "nav.contents, .skip, .screen { display: none; }" in printed
    assert "attr(href)" in printed
    assert "break-inside: avoid" in printed

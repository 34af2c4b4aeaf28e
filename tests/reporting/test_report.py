import re
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise

import lxml.html
import pytest

from reporting.builders import FLOW, REFERENCES, example, full, pooled, proportion
from stromata.model import (
    Arm,
    Caution,
    CellProduct,
    Condition,
    DataPoint,
    Evidence,
    Interval,
    Judgement,
    Name,
    Outcome,
    OutcomeDefinition,
    ReviewInclusion,
    ReviewProtocol,
    Source,
    Step,
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
            arms=(Arm(h, h, h, n=4, product=CellProduct("msc", h, "", h, h, h, h, h, h)),),
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


@pytest.fixture(scope="module")
def full_html():
    return render(full())


@pytest.fixture(scope="module")
def full_page(full_html):
    return lxml.html.fromstring(full_html)


NEW = ("extraction", "harmonised", "families", "answers", "evidence-map", "appraisals", "overlap", "conversions")


def test_sections_without_content_do_not_appear(page, full_page):
    places = {each.get("id") for each in page.iter() if each.get("id")}
    assert places & set(NEW) == {"families"}  # one study of the example has two references
    assert set(NEW) <= {each.get("id") for each in full_page.iter() if each.get("id")}


def test_the_full_report_keeps_the_rules_of_the_page(full_page, full_html):
    test_the_file_asks_nothing_of_the_network(full_html, full_page)
    test_headings_stand_in_order_and_there_is_one_title(full_page)
    test_tables_have_captions_and_headers_with_scope(full_page)
    targets = [href[1:] for href in full_page.xpath("//nav//a/@href")]
    assert [each for each in targets if not full_page.xpath("//*[@id=$id]", id=each)] == []
    assert {"extraction", "evidence-map", "appraisals", "tool-imagined", "overlap"} <= set(targets)


def test_figures_have_names_of_their_own_and_descriptions(full_page):
    figures = full_page.xpath("//*[local-name()='svg']")
    assert len({each.get("id") for each in figures}) == len(figures) == 1 + 4 + 1 + 1 + 2 + 2 + 2
    for figure in figures:
        names = [full_page.get_element_by_id(each) for each in figure.get("aria-labelledby").split()]
        assert all(words(each) for each in names)


def test_long_tables_are_folded_and_places_that_numbers_lead_to_are_not(full_page):
    folded = {each.get("id") for each in full_page.xpath("//details//*[@id]")}
    assert folded
    # A browser may not open what is folded when a link leads there, so numbers must not lead into it.
    assert not [each for each in folded if each.startswith(("dp-", "effect-", "effects-", "result-", "steps-", "arm-"))]
    assert not full_page.xpath("//details[@open]")
    assert all(words(each.find("summary")) for each in full_page.iter("details"))


def test_a_dose_stands_in_common_units_beside_the_reported_one(full_page):
    row = full_page.get_element_by_id("arm-Abel2016.cells")
    cells = [words(each) for each in row]
    assert cells[4:8] == [
        "1e6 cells/kg; 2 infusions, 14 days apart",
        "1 × 10⁶ cells/kg; 2 times, every 14 days",
        "2 × 10⁶ cells/kg",
        "1 × 10⁶",
    ]
    assert words(row.getnext()) == "A body weight of 70 kg was assumed."


def test_a_harmonised_outcome_shows_rule_and_what_was_extracted(full_page):
    [row] = full_page.xpath("//tr[td[contains(., 'PASI75')]]")
    assert "extracted as Severity score" in words(row)
    assert "stromata's default rule" in words(row)


def test_conversions_stand_with_their_number_and_in_the_appendix(full_page):
    [figure] = full_page.xpath("//*[local-name()='svg' and @id='forest-ratio']")
    links = [(each.text_content(), each.get("href")) for each in figure.iter() if each.tag.split("}")[-1] == "a"]
    place = "steps-ratio~Abel2016.pct"
    assert ("8", f"#{place}") in links
    row = full_page.get_element_by_id(place)
    assert "percent to events: percent = 47.1, total = 17, decimals = 1 → events = 8." in words(row)
    assert "The percentage refers to all 17 people." in words(row)
    assert row.xpath(".//a[.='percent\u00a0=\u00a047.1']/@href") == ["#dp-Abel2016.pct"]
    assert "Worked out by se to sd" in words(full_page.get_element_by_id("dp-Abel2016.s"))
    table = full_page.xpath("//*[@id='conversions']/following-sibling::details//tbody/tr")
    assert [words(each[1]) for each in table] == ["percent to events", "se to sd"]


def test_appraisals_show_support_quotation_and_the_rule_that_was_overruled(full_page):
    text = words(full_page.get_element_by_id("appraisals"))
    assert "Drawn by computer." in text
    assert "The rule proposes: High." in text
    assert "not settled yet" in text
    assert next(each.text_content() for each in full_page.iter("q")) == "randomised by computer in Abel2016"
    [link] = full_page.xpath("//tr[@id='appraisal-list~10.5555:2f:review~']//a/@href")
    assert link.startswith("#ref-")


def test_the_overlap_says_both_figures_and_what_x_is(full_page):
    text = words(full_page.get_element_by_id("overlap"))
    assert "The corrected covered area is 37.5 % (very high overlap)" in text
    assert "without the 1 cell in which a study is younger than the review's search it is 42.9 %" in text


def test_automation_is_accounted_for_to_the_last_suggestion(full_page):
    [row] = full_page.xpath("//section[@id='extraction']//tr[th[.='stromata.suggest']]")
    assert [words(each) for each in row] == ["stromata.suggest", "0.2.0", "40", "21", "6", "10", "3"]
    assert "They agreed on 27 of 30 values (90 %)" in words(full_page.get_element_by_id("extraction"))


def test_an_answer_without_a_value_is_not_reported_and_not_zero(full_page):
    [row] = full_page.xpath("//h3[@id='answers']/following-sibling::details//tr[td[.='UC-MSC']][1]")
    assert [words(each) for each in row] == ["Abel 2016", "UC-MSC", "Viability", "–", "–"]


def poisoned(value, h):
    """Return a value with every text in it replaced, but for words that the code itself gave."""
    if isinstance(value, str):
        return h
    if isinstance(value, tuple):
        return tuple(poisoned(each, h) for each in value)
    if not is_dataclass(value):
        return value
    kept = {"level", "by", "response_class", "design", "product_class", "donor", "role", "statistic"}
    changes = {
        each.name: poisoned(getattr(value, each.name), h)
        for each in fields(value)
        if each.name not in kept or isinstance(value, Judgement)
    }
    return replace(value, **changes)


def test_hostile_words_in_the_new_parts_stay_text():
    h = HOSTILE.replace("\x00\x08", "")
    content = replace(
        hostile(),
        **{
            name: poisoned(getattr(full(), name), h)
            for name in (
                "doses",
                "mappings",
                "reviews",
                "cohorts",
                "extraction_agreement",
                "automation",
                "answers",
                "map_labels",
            )
        },
    )
    first, second = (poisoned(each, h) for each in full().appraisals)
    inclusions = tuple(
        ReviewInclusion(f"{at}", review, h, study, Evidence(h, "javascript:alert(1)", h, h, file=h), h)
        for at, (review, study) in enumerate(((h, h), (h + "2", h)))
    )
    tables = replace(hostile().tables, inclusions=inclusions)
    effect = hostile().syntheses[0].effects[0]
    step = Step(h, ((h, 1.0),), ((h, 1.0),), (h,), h)
    synthesis = replace(hostile().syntheses[0], effects=(replace(effect, steps=(step,)),))
    shown = render(
        replace(
            content,
            appraisals=(replace(first, rows=first.rows[:1]), replace(second, id="b", rows=second.rows[:1])),
            tables=tables,
            syntheses=(synthesis,),
        )
    )
    page = lxml.html.fromstring(shown)
    assert not page.xpath("//script | //img")
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]
    assert all(each.startswith(("#", "https://")) for each in page.xpath("//@href"))
    assert len(page.xpath("//*[local-name()='svg']")) > 6

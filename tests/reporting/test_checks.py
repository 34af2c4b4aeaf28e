import csv
import io
from dataclasses import replace

import lxml.html
import pytest

from reporting.builders import example
from reporting.test_panels import panel
from stromata.model import Criterion, Problem, RecordChecked, Standard
from stromata.model.standards import (
    Authority,
    Check,
    CheckReport,
    Guard,
    LimitException,
    StandardChange,
    StatusCounts,
)
from stromata.reporting import StudyChecks, TeamStandard, checks_csv, lineage_gaps, render
from stromata.reporting.checks import MOST_ITEMS, asks, cell_of, groups, others, verdict
from stromata.reporting.export import record_checks_csv
from stromata.reporting.results import views

RULES = Authority("Rules for imagined cells", doi="10.5555/rules")
REPORTED, AMISS, SILENT, APART = "met", "not-met", "not-reported", "not-applicable"


def item(number, group="isct"):
    return Criterion(
        f"{group}-{number}", "reporting", "study-report", f"field_{number}", "present", "must", f"Why {number}."
    )


def answer(criterion, status, *, value=None, note=""):
    return Check(
        criterion.id, criterion.stage, "must", status, value, "present", criterion.rationale, RULES, note,
        subject="study-report", label=f"Field {criterion.id}", field=criterion.field, limit_shown="stated",
        shown=str(value or ""),
    )  # fmt: skip


def study_checks(rows, *, items=None, not_looked_for=(), notes=()):
    """Return studies held against items; `rows` has the statuses of each study in the order of the items."""
    first = next(iter(rows.values()))
    items = items or tuple(item(number) for number in range(1, len(first) + 1))
    standard = Standard("reporting", "2026", "Reporting items", ("study-report",), items)
    reports = tuple(
        CheckReport(
            "reporting", "2026", ("study-report",),
            tuple(answer(each, status) for each, status in zip(items, statuses, strict=True)),
            StatusCounts(), StatusCounts(), record=study,
        )
        for study, statuses in rows.items()
    )  # fmt: skip
    labels = {"isct": "ISCT", "doses": "DOSES"}
    found = dict.fromkeys(each.id.partition("-")[0] for each in items)
    return StudyChecks(
        standard,
        tuple((name, labels.get(name, name)) for name in found),
        tuple((each.id, each.id.partition("-")[0]) for each in items),
        reports,
        notes,
        not_looked_for,
    )


SMALL = study_checks(
    {
        "Abel2016": (REPORTED, SILENT, APART, SILENT),
        "Chén2019": (REPORTED, SILENT, REPORTED, SILENT),
        "Dvořák2021": (SILENT, REPORTED, AMISS, SILENT),
    },
    items=(item(1), item(2), item(1, "doses"), item(2, "doses")),
    not_looked_for=("doses-2",),
    notes=("Only articles were read.",),
)


def batch(name="batch-7"):
    """Return a batch that misses one criterion, leaves another open, and is measured against one without a source."""

    def row(criterion, severity, status, *, shown="", limit="≥ 80 %", source=RULES, **fields):
        return Check(
            criterion, "release", severity, status, shown or None, limit, f"Why {criterion}.", source,
            label=f"Label of {criterion}", shown=shown, limit_shown=limit, **fields,
        )  # fmt: skip

    results = (
        row("PU-1", "must", "met", shown="91 %"),
        row("PU-2", "should", "not-met", shown="9 %"),
        row("PU-3", "must", "not-met", shown="71 %", note="Below the limit.", statement="S1"),
        row("PU-4", "must", "not-reported"),
        row("PU-5", "should", "not-reported", source=None, limit="no limit found", criterion_status="unsourced"),
        row("PU-6", "must", "not-reported", source=None, limit="no limit found", criterion_status="unsourced"),
        row("PU-7", "must", "not-applicable", source=None, criterion_status="logic"),
        row(
            "PU-8",
            "must",
            "not-applicable",
            source=None,
            shown="yes",
            limit="no limit found",
            criterion_status="unsourced",
            note="No source for a limit was found: shown as unsourced.",
        ),
    )
    report = CheckReport(
        "cell-therapy", "1.0", ("batch",), results, StatusCounts(1, 1, 2, 2), StatusCounts(0, 1, 1, 0),
        (Problem(3, "unit", "The unit 'dram' is not known.", "Write it in grams."),), "B-2026-7", "9c" * 32,
        "Cell therapy",
    )  # fmt: skip
    return RecordChecked(name, report)


def own_standard():
    """Return a standard that changes one criterion by a statement, adds one by decision, and drops one."""
    viability = Criterion(
        "PU-03", "purity/safety release tests", "batch", "viability_at_release", ">=", "must",
        "Dead cells do not work.", 85.0, "%",
        exceptions=(LimitException((Guard("product_state", ("thawed",)),), 75.0),), statement="S1",
    )  # fmt: skip
    waiting = Criterion(
        "TEAM-1", "infusion-management", "infusion", "hours_from_thaw", "<=", "should", "Cells age.", 4.0, "h",
        applies_when=(Guard("product_state", ("thawed",)), Guard("volume", low=10.0, high=100.0)),
    )  # fmt: skip
    kept = Criterion("PU-04", "purity/safety release tests", "batch", "endotoxin", "<=", "must", "Fever.", 5.0, "EU/kg")
    changes = (
        StandardChange("PU-03", "override", "The panel agreed on more.", "S1"),
        StandardChange("TEAM-1", "add", "Our pharmacy asks for it."),
        StandardChange("DS-09", "drop", "It is not tested here.", "S9"),
    )
    standard = Standard(
        "our-cells", "1.1", "Our own standard", ("batch", "infusion"), (viability, kept, waiting),
        extends="cell-therapy 1.0", changes=changes,
    )  # fmt: skip
    return TeamStandard(
        standard, ("ours.yaml", "d1" * 32), (("PU-03", "Statement S1 needs another look."), ("DS-77", "Lost."))
    )


def content(**changes):
    fields = {"study_checks": (SMALL,), "record_checks": (batch(),), "team_standards": (own_standard(),)} | changes
    return replace(example(), panels=(panel(),), **fields)


def words(element):
    return " ".join(element.text_content().replace("\u00ad", "").split()).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def html():
    return render(content())


@pytest.fixture(scope="module")
def page(html):
    return lxml.html.fromstring(html)


def held(checks):
    return groups(views(replace(example(), study_checks=(checks,))), checks)


# What the studies report.


def test_items_are_numbered_through_and_stand_worst_first():
    isct, doses = held(SMALL)
    assert [(each.number, each.check.criterion, each.shown) for each in isct.items] == [
        (2, "isct-2", "1 of 3 (33\u00a0%)"),
        (1, "isct-1", "2 of 3 (67\u00a0%)"),
    ]
    assert [(each.number, each.shown) for each in doses.items] == [(3, "2 of 2 (100\u00a0%)"), (4, "not looked for")]
    assert (isct.shown, isct.asked, doses.shown, doses.asked) == ("3 of 6 (50\u00a0%)", 2, "2 of 2 (100\u00a0%)", 1)


def test_what_is_reported_and_not_as_asked_counts_as_reported_and_is_told():
    _, doses = held(SMALL)
    assert (doses.items[0].reported, doses.items[0].amiss) == (2, 1)


def test_an_item_that_was_not_looked_for_has_no_share_even_where_some_state_it():
    checks = study_checks(
        {"Abel2016": (REPORTED, SILENT), "Chén2019": (SILENT, SILENT), "Dvořák2021": (REPORTED, REPORTED)},
        not_looked_for=("isct-1",),
    )
    [group] = held(checks)
    assert [(each.check.criterion, each.shown, each.counted) for each in group.items] == [
        ("isct-2", "1 of 3 (33\u00a0%)", True),
        ("isct-1", "2 state it; not looked for", False),
    ]
    assert (group.reported, group.applies) == (1, 3)
    [matrix] = group.matrices
    assert [cells for _, cells, _ in matrix.rows] == [("R", "N"), ("?", "N"), ("R", "R")]
    assert [sum_ for *_, sum_ in matrix.rows] == ["0/1", "0/1", "1/1"]


def test_a_value_that_could_not_be_used_was_seen_and_is_not_taken_for_unseen():
    check = answer(item(1), SILENT, value="soon")
    checks = replace(SMALL, not_looked_for=("isct-1",))
    assert cell_of(checks, check) == "N"
    assert cell_of(checks, replace(check, value=None)) == "?"
    assert cell_of(checks, None) == ""


def test_columns_that_nobody_looked_for_are_left_out_of_the_matrix():
    isct, doses = held(SMALL)
    assert [each.number for each in isct.matrices[0].items] == [1, 2]
    assert [each.number for each in doses.matrices[0].items] == [3]
    assert [cells for _, cells, _ in doses.matrices[0].rows] == [("–",), ("R",), ("X",)]
    assert doses.items[1].column == ""


def test_many_items_are_shared_out_evenly_over_several_matrices():
    checks = study_checks({"Abel2016": (REPORTED,) * (MOST_ITEMS + 1)})
    [group] = held(checks)
    assert [len(each.items) for each in group.matrices] == [19, 18]
    assert [each.part for each in group.matrices] == [", part 1 of 2", ", part 2 of 2"]


def test_an_item_of_no_group_is_not_lost():
    checks = replace(SMALL, member=(), groups=())
    [group] = held(checks)
    assert (group.label, len(group.items)) == ("Further items", 4)


def test_the_matrix_has_studies_in_rows_with_letters_and_classes(page):
    [table] = page.xpath("//table[@class='matrix'][.//th[@id='column-reporting~doses-1']]")
    assert [words(each) for each in table.xpath("./thead/tr/th")] == ["Study", "3", "Sum"]
    rows = [[words(cell) for cell in row] for row in table.xpath("./tbody/tr")]
    assert rows == [["Abel 2016", "–", "–"], ["Chén 2019", "R", "1/1"], ["Dvořák 2021", "X", "1/1"]]
    assert [row[1].get("class") for row in table.xpath("./tbody/tr")] == ["a", None, "x"]
    assert table.xpath("./tbody/tr/th/a/@href")[0] == "#study-Abel2016"
    key = words(table.xpath("./ancestor::details/p")[0])
    assert "R: reported; X: reported, but not as asked; N: not reported; ?: not looked for" in key


def test_numbers_lead_to_the_column_and_the_column_to_the_name_of_the_item(page):
    row = page.get_element_by_id("item-reporting~isct-2")
    [link] = row.iter("a")
    assert words(link) == "1 of 3 (33 %)"
    column = page.get_element_by_id(link.get("href")[1:])
    assert words(column) == words(row[0]) == "2"
    assert column.xpath("./a/@href") == ["#item-reporting~isct-2"]
    widths = [each.get("width") for each in row.iter() if each.tag.endswith("rect")]
    assert widths == ["100", "33.3"]


def test_the_overview_names_the_least_reported_item_of_each_group(page):
    [table] = page.xpath("//section[@id='reporting-items']//table[caption/strong='How much is reported,']")
    assert [[words(cell) for cell in row] for row in table.xpath("./tbody/tr")] == [
        ["ISCT", "2", "2", "3 of 6 (50 %)", "Field isct-2: 1 of 3 (33 %)"],
        ["DOSES", "2", "1", "2 of 2 (100 %)", "every study reports every item"],
    ]
    assert "Only articles were read." in words(page.get_element_by_id("reporting-items"))


def test_a_hundred_studies_by_all_items_stay_light():
    statuses = (REPORTED, SILENT, SILENT, APART, AMISS)
    rows = {f"S{n:03}": tuple(statuses[(n * 7 + m * m) % 5] for m in range(118)) for n in range(100)}
    checks = study_checks(rows)
    shown = render(replace(example(), study_checks=(checks,)))
    section = shown.split('<section id="reporting-items"')[1].split("</section>")[0]
    assert len(section.encode()) < 400_000
    cells = lxml.html.fromstring(f"<section{section}</section>").xpath("//table[@class='matrix']/tbody/tr/td")
    assert len(cells) == 100 * (118 + 4)  # four matrices, each with its sums


# Records.


def certificate(page):
    return page.xpath("//article[@class='certificate']")


def test_what_is_missed_stands_first_then_what_is_open_then_the_rest_folded(page):
    [article] = certificate(page)
    captions = [words(each) for each in article.xpath(".//table[@class='criteria']/caption")]
    assert captions == [
        "Must-criteria that are not met.",
        "Must-criteria that are not reported.",
        "The other criteria.",
    ]
    tables = article.xpath(".//table[@class='criteria']")
    assert [[row[0].text for row in table.xpath("./tbody/tr")] for table in tables] == [
        ["Label of PU-3"],
        ["Label of PU-4"],
        ["Label of PU-2", "Label of PU-5", "Label of PU-6", "Label of PU-1", "Label of PU-7", "Label of PU-8"],
    ]
    assert tables[2].xpath("./ancestor::details")
    assert not tables[0].xpath("./ancestor::details")


def test_a_certificate_names_record_standard_hash_and_counts(page):
    [article] = certificate(page)
    text = words(article)
    assert "✗ Not passed. 1 must-criterion is not met. 1 must-criterion is not reported: whether it is met" in text
    assert "3 criteria have no sourced limit and fail nothing." in text
    assert "B-2026-7 (batch)" in text
    assert "Cell therapy (cell-therapy), version 1.0" in text
    assert "9c" * 32 in text
    [must, should] = article.xpath(".//table[@class='counts']/tbody/tr")
    assert [words(cell) for cell in must] == ["must", "1", "1", "2", "2"]
    assert [words(cell) for cell in should] == ["should", "0", "1", "1", "0"]
    assert "Line 3: The unit 'dram' is not known. unit Write it in grams." in text
    assert "It is no certification" in words(page.get_element_by_id("record-checks"))


def test_a_criterion_stands_with_value_limit_reason_and_source(page):
    [row] = page.xpath("//tr[th[starts-with(., 'Label of PU-3')]]")
    assert [words(cell) for cell in row][1:] == [
        "✗ not met", "71 %", "≥ 80 %", "Why PU-3. Below the limit.", "Rules for imagined cells (statement S1)",
    ]  # fmt: skip
    assert row.xpath(".//a/@href") == ["https://doi.org/10.5555/rules", "#statement-S1"]


def test_what_has_no_source_is_shown_as_such(page):
    sources = {
        each: words(page.xpath("//tr[th[starts-with(., $name)]]", name=f"Label of {each}")[0][5])
        for each in ("PU-5", "PU-7")
    }
    assert sources == {"PU-5": "unsourced", "PU-7": "order of time"}
    stated, other = (
        words(page.xpath("//tr[th[starts-with(., $name)]]", name=f"Label of {each}")[0][1]) for each in ("PU-8", "PU-7")
    )
    assert (stated, other) == ("○ unsourced", "– does not apply")


def test_a_record_that_passes_says_what_is_still_unknown():
    report = batch().report
    passed = replace(report, must=StatusCounts(1, 0, 1, 0), results=(report.results[0], report.results[3]))
    assert verdict(passed) == (
        "No must-criterion that applies is missed. 1 must-criterion is not reported: whether it is met is not known."
    )
    [article] = certificate(lxml.html.fromstring(render(content(record_checks=(RecordChecked("b", passed),)))))
    assert "✓ Passed." in words(article)
    assert [each.criterion for each in others(passed)] == ["PU-1"]


def test_one_record_may_be_held_against_several_standards():
    again = replace(batch(), report=replace(batch().report, standard="our-cells"))
    both = content(record_checks=(batch(), again))
    assert lineage_gaps(both, render(both)) == ()


# The team's own standard.


def test_what_differs_stands_with_reason_and_statement(page):
    rows = {row[0].text: row for row in page.xpath("//section[@id='team-standards']//tbody/tr")}
    assert list(rows) == ["PU-03", "TEAM-1", "DS-09"]
    assert [words(rows["PU-03"][place]) for place in (1, 2)] == [
        "changed", "viability at release ≥ 85 %; ≥ 75 % where product state is thawed",
    ]  # fmt: skip
    assert "The panel agreed on more." in words(rows["PU-03"][3])
    assert rows["PU-03"].xpath(".//a/@href") == ["#statement-S1"]
    assert "Needs another look. Statement S1 needs another look." in words(rows["PU-03"][4])
    assert [words(cell) for cell in rows["TEAM-1"]][1:3] == [
        "added", "hours from thaw ≤ 4 h; applies where product state is thawed and volume ≥ 10 and ≤ 100",
    ]  # fmt: skip
    assert words(rows["TEAM-1"][4]) == "a decision of the team"
    assert [words(cell) for cell in rows["DS-09"]][1:3] == ["taken out", "–"]
    assert rows["DS-09"].xpath(".//a/@href") == ["#statement-S9"]


def test_a_flag_without_a_row_is_shown_above(page):
    [box] = page.xpath("//section[@id='team-standards']/div[@class='look']")
    assert words(box) == "Needs another look.DS-77: Lost."


def test_a_standard_that_extends_none_shows_every_criterion():
    own = own_standard()
    alone = replace(own, standard=replace(own.standard, extends="", changes=()), flags=())
    page = lxml.html.fromstring(render(content(team_standards=(alone,))))
    rows = page.xpath("//section[@id='team-standards']//tbody/tr")
    assert [(row[0].text, words(row[1])) for row in rows] == [("PU-03", "own"), ("PU-04", "own"), ("TEAM-1", "own")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operator": "present", "value": None, "or_fields": ("other_field",)}, "some field or other field stated"),
        ({"operator": "in", "value": ("umbilical_cord", "fat")}, "some field one of umbilical cord, fat"),
        ({"operator": "is", "value": True}, "some field is yes"),
        ({"operator": "not-before", "value": "donation_date"}, "some field not before donation date"),
        ({"operator": ">=", "value": None, "status": "unsourced"}, "some field: no limit found"),
    ],
)
def test_a_criterion_is_told_in_words(changes, said):
    base = Criterion("X", "stage", "batch", "some_field", ">=", "must", "Why.", 1.0)
    assert asks(replace(base, **changes)) == said


def test_a_statement_that_rests_on_a_criterion_of_the_team_leads_to_it():
    made = panel()
    view = made.statements[1]
    moved = replace(view.kept.statement, criteria=("our-cells/PU-03", "our-cells/PU-04"))
    shown = replace(
        content(),
        panels=(
            replace(made, statements=(replace(view, kept=replace(view.kept, statement=moved)), made.statements[0])),
        ),
    )
    page = lxml.html.fromstring(render(shown))
    hrefs = page.get_element_by_id("statement-S1").xpath(".//a/@href")
    assert hrefs[-2:] == ["#criterion-our-cells~PU-03", "#standard-our-cells"]
    assert lineage_gaps(shown, render(shown)) == ()


# Structure, gaps, hostile texts.


def test_a_criterion_that_does_not_exist_or_a_statement_that_is_gone_is_a_gap():
    made = panel()
    view = made.statements[1]
    wrong = replace(view.kept.statement, criteria=("our-cells/NONE",))
    shown = replace(
        content(), panels=(replace(made, statements=(replace(view, kept=replace(view.kept, statement=wrong)),)),)
    )
    assert set(lineage_gaps(shown, render(shown))) == {
        "the statement 'S1' rests on the criterion 'our-cells/NONE', which is not in the standard",
        "our-cells/DS-09 was set by the statement 'S9', which is not in the report",
    }


def test_the_whole_has_no_gap_and_sections_without_content_do_not_appear(page, html):
    assert lineage_gaps(content(), html) == ()
    wanted = {"#reporting-items", "#record-checks", "#team-standards"}
    assert wanted <= set(page.xpath("//nav//a/@href"))
    bare = lxml.html.fromstring(render(example()))
    assert not wanted & {f"#{each}" for each in bare.xpath("//@id")}
    empty = replace(example(), study_checks=(replace(SMALL, reports=()),))
    assert "reporting-items" not in lxml.html.fromstring(render(empty)).xpath("//@id")


def test_the_sections_keep_the_rules_of_the_page(page):
    assert not page.xpath("//script | //img | //*[@style]")
    wanted = ("reporting-items", "record-checks", "team-standards")
    tables = [each for name in wanted for each in page.get_element_by_id(name).iter("table")]
    for table in tables:
        assert words(table.find("caption"))
        assert all(each.get("scope") for each in table.iter("th"))
        width = len(table.xpath("./thead/tr/th"))
        assert {sum(int(each.get("colspan", 1)) for each in row) for row in table.xpath("./tbody/tr")} == {width}
        assert table.getparent().get("tabindex") == "0"
    assert len(tables) == 1 + 2 + 2 + 1 + 3 + 1
    assert not page.xpath("//details[@open]")


def test_hostile_texts_stay_texts():
    h = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}\x00"
    odd = Criterion(
        h, h, "study-report", h, "in", "must", h, (h,), h, sources=(Authority(h, h, "javascript:alert(1)"),)
    )
    source = Authority(h, h, "javascript:alert(1)")
    check = replace(answer(odd, AMISS, note=h), label=h, shown=h, limit_shown=h, source=source, statement=h, stage=h)
    report = CheckReport(
        h, h, ("batch",), (check,), StatusCounts(0, 1), StatusCounts(), (Problem(1, h, h, h),), h, h, h
    )
    standard = Standard(h, h, h, ("batch",), (odd,), h, extends=h, changes=(StandardChange(h, "override", h, h),))
    shown = render(
        replace(
            example(),
            study_checks=(StudyChecks(standard, ((h, h),), ((h, h),), (report,), (h,)),),
            record_checks=(RecordChecked(h, report),),
            team_standards=(TeamStandard(standard, (h, h), ((h, h), ("other", h))),),
        )
    )
    page = lxml.html.fromstring(shown)
    assert not page.xpath("//script | //img")
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]
    assert all(each.get("href").startswith(("#", "https://")) for each in page.iter("a"))
    assert "{{ 7*7 }}" in shown
    assert "\x00" not in shown


# The table to export.


def test_checks_are_exported_study_by_item():
    rows = list(csv.DictReader(io.StringIO(checks_csv(content().study_checks))))
    assert len(rows) == 3 * 4
    found = {(row["study"], row["item"]): row["status"] for row in rows}
    assert found["Abel2016", "isct-1"] == "reported"
    assert found["Dvořák2021", "doses-1"] == "reported, but not as asked"
    assert found["Abel2016", "doses-1"] == "does not apply to this study"
    assert found["Abel2016", "isct-2"] == "not reported"
    assert found["Abel2016", "doses-2"].startswith("not looked for")
    assert {row["group"] for row in rows} == {"isct", "doses"}


def test_kept_checks_of_records_are_exported_criterion_by_criterion():
    kept = content().record_checks[0]
    rows = {row["criterion"]: row for row in csv.DictReader(io.StringIO(record_checks_csv([kept])))}
    assert list(rows) == [each.criterion for each in kept.report.results]
    assert {row["name"] for row in rows.values()} == {kept.name}
    assert {row["record_sha256"] for row in rows.values()} == {"9c" * 32}
    assert (rows["PU-3"]["status"], rows["PU-3"]["statement"], rows["PU-3"]["source_address"]) == (
        "not-met", "S1", "10.5555/rules"
    )  # fmt: skip
    assert (rows["PU-8"]["status"], rows["PU-7"]["status"]) == ("unsourced", "not-applicable")


def test_exported_texts_begin_no_formula():
    evil = replace(SMALL.reports[0], record="=1+1")
    [first, *_] = csv.DictReader(io.StringIO(checks_csv([replace(SMALL, reports=(evil,))])))
    assert first["study"] == "'=1+1"


def test_a_field_without_a_label_is_named_in_words():
    bare = replace(SMALL.reports[0].results[0], label="", field="effect_estimates")
    checks = replace(SMALL, reports=(replace(SMALL.reports[0], results=(bare,)),))
    assert held(checks)[0].items[0].name == "effect estimates"

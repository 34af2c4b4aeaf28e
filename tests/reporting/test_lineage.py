from dataclasses import replace

import pytest

from reporting.builders import example, full, ratios, response
from stromata.model import Evidence
from stromata.reporting import lineage_gaps, render
from stromata.reporting.lineage import behind, library, used_data_points


@pytest.fixture(scope="module")
def page():
    return render(example())


def test_the_example_has_no_gap(page):
    assert lineage_gaps(example(), page) == ()


def test_a_link_to_nowhere_is_a_gap(page):
    broken = page.replace('id="dp-Abel2016.x"', 'id="dp-elsewhere"')
    gaps = lineage_gaps(example(), broken)
    assert "the link '#dp-Abel2016.x' leads nowhere" in gaps
    assert any("'Abel2016.x' has no entry" in gap for gap in gaps)


def test_two_places_of_one_name_are_a_gap(page):
    doubled = page.replace('<main id="main">', '<main id="main"><p id="ref-1"></p>')
    assert lineage_gaps(example(), doubled) == ("2 places are called 'ref-1'",)


def test_a_data_point_that_a_synthesis_used_and_nobody_entered_is_a_gap():
    content = example()
    fewer = replace(content, tables=replace(content.tables, data_points=content.tables.data_points[1:]))
    gaps = lineage_gaps(fewer, render(fewer))
    assert "Responders, cells alone: data point 'Abel2016.x' has no entry in the appendix" in gaps


def test_a_left_out_data_point_without_an_entry_is_a_gap():
    content = example()
    fewer = replace(content, tables=replace(content.tables, data_points=content.tables.data_points[:-1]))
    assert lineage_gaps(fewer, render(fewer)) == (
        "Responders, cells alone: data point 'Fabre2017.x' has no entry in the appendix",
    )


def test_an_effect_without_data_points_and_a_point_without_a_source_are_gaps():
    content = example()
    silenced = (replace(response().effects[0], data_points=()), *response().effects[1:])
    bare = replace(response(), subgroups=(), effects=silenced)
    silent = tuple(
        replace(point, evidence=Evidence(quote="somewhere")) if point.id == "Dvořák2021.n" else point
        for point in content.tables.data_points
    )
    changed = replace(content, syntheses=(bare,), claims=(), tables=replace(content.tables, data_points=silent))
    assert set(lineage_gaps(changed, render(changed))) == {
        "Responders, cells alone: the effect of Abel 2016 names no data point",
        "Responders, cells alone: data point 'Dvořák2021.n' does not say where it was read",
    }


def test_each_input_is_traced_to_the_data_point_of_its_group_and_kind():
    tables = example().tables
    points, arms = {each.id: each for each in tables.data_points}, {each.id: each for each in tables.arms}
    effect = ratios().effects[0]
    traced = {part: behind(part, effect, points, arms) for part in ("ai", "bi", "ci", "di")}
    assert traced == {"ai": "Abel2016.x", "bi": "Abel2016.n", "ci": "Abel2016.cx", "di": "Abel2016.cn"}
    assert behind("xi", replace(effect, data_points=()), points, arms) == ""
    assert behind("n2i", replace(effect, data_points=("Abel2016.x", "Abel2016.cx")), points, arms) == "Abel2016.cx"


def test_references_are_numbered_in_the_order_of_their_first_citation_and_found_by_any_key():
    shelf = library(example())
    titles = [reference.merged.title for _, reference in shelf.cited()]
    assert [number for number, _ in shelf.cited()] == [1, 2, 3]
    assert titles[0] == "Mice are not patients"
    assert shelf.find("11111111") is shelf.find("10.5555/ABEL.2016") is shelf.find("abababababab.1")
    assert shelf.find("https://doi.org/10.5555/Abel.2016") is shelf.find("PMID: 11111111") is shelf.find("11111111")
    assert shelf.find("stromal cells for plaque psoriasis, a fictional single-arm trial.") is shelf.find("11111111")
    assert shelf.find("间充质干细胞治疗系统性红斑狼疮的虚构研究") is shelf.find("abababababab.2")
    assert shelf.find("unknown") is None
    assert shelf.find("") is None


def test_data_points_of_subgroups_count_once():
    used = used_data_points(response())
    assert len(used) == len(set(used)) == 12


@pytest.fixture(scope="module")
def full_page():
    return render(full())


def test_the_full_report_has_no_gap(full_page):
    assert lineage_gaps(full(), full_page) == ()


def gaps(**changes):
    content = replace(full(), **changes)
    return lineage_gaps(content, render(content))


def test_a_number_that_its_data_points_and_steps_do_not_lead_to_is_a_gap():
    content = full()
    ratio = content.syntheses[1]
    bare = replace(ratio, effects=(replace(ratio.effects[0], steps=()), *ratio.effects[1:]))
    assert gaps(syntheses=(bare,), claims=()) == (
        "Responders, cells against comparator: ai = 8 of Abel 2016 does not follow from its data points and steps",
        "Responders, cells against comparator: bi = 9 of Abel 2016 does not follow from its data points and steps",
    )


def test_steps_that_give_another_value_than_their_data_point_are_a_gap():
    content = full()
    points = tuple(
        replace(each, steps=(replace(each.steps[0], outputs=(("sd", 3.3),)),)) if each.steps else each
        for each in content.tables.data_points
    )
    assert gaps(tables=replace(content.tables, data_points=points)) == (
        "the steps of data point 'Abel2016.s' do not give its value 3.2",
    )


def test_inclusions_and_answers_without_a_source_are_gaps():
    content = full()
    first, *others = content.tables.inclusions
    tables = replace(content.tables, inclusions=(replace(first, evidence=Evidence(quote="here")), *others))
    answer = replace(content.answers[0], evidence=Evidence())
    assert gaps(tables=tables, answers=(answer, content.answers[1])) == (
        "Reviewer 2022: the inclusion of Abel2016 does not say where it was read",
        "Abel2016: the answer to 'Medium' does not say where it was read",
    )


def test_a_converted_input_is_traced_to_what_it_was_converted_from():
    content = full()
    points = {each.id: each for each in content.tables.data_points}
    arms = {each.id: each for each in content.tables.arms}
    effect = content.syntheses[1].effects[0]
    assert behind("ai", effect, points, arms) == "Abel2016.pct"
    assert behind("ai", replace(effect, data_points=("Abel2016.pct", "Abel2016.x")), points, arms) == "Abel2016.x"
    assert behind("other", effect, points, arms) == "Abel2016.pct"


def test_reviews_of_the_overlap_and_answers_are_cited():
    content = full()
    alone = replace(content, claims=(), tables=replace(content.tables, data_points=()))
    assert "A fictional review of everything" in [each.merged.title for _, each in library(alone).cited()]

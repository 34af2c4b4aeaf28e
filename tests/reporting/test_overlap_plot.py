from dataclasses import replace

import pytest
from lxml import etree

from reporting.builders import full
from stromata.model import Evidence, ReviewInclusion
from stromata.reporting.lineage import library
from stromata.reporting.overlap_plot import banded, matrix_svg, overlap_of, pairs_svg, readings, share


def found(content):
    return overlap_of(content, library(content))


@pytest.fixture(scope="module")
def overlap():
    return found(full())


def test_a_report_of_a_study_counts_as_the_study(overlap):
    assert overlap.matrix.studies == ("Abel2016", "Hale2014", "Dvořák2021", "10.5555/elsewhere")
    assert overlap.studies[:2] == ("Abel 2016", "Hale 2014")
    assert overlap.reviews == ("Reviewer 2022", "Early 2018", "Third and others 2020")
    area = overlap.matrix.area()
    assert (area.marks, area.studies, area.reviews) == (7, 4, 3)
    assert share(area.corrected) == "37.5"


def test_the_year_of_the_search_goes_before_that_of_publication(overlap):
    # Dvořák 2021 came after the search of 2015; a review published in 2018 whose search is unknown is judged by 2018.
    assert overlap.matrix.impossible == {(2, 1)}
    content = full()
    [review] = content.reviews
    assert found(replace(content, reviews=(replace(review, searched=None, year=2021),))).matrix.impossible == set()


def test_years_of_reviews_and_reports_come_from_their_references():
    content = full()
    read = Evidence(reference="x")
    pairs = (("10.5555/still", "10.5555/mouse"), ("10.5555/review", "10.5555/dvorak.2021"))
    inclusions = tuple(ReviewInclusion(f"{one}/{two}", one, one, two, read) for one, two in pairs)
    cells = found(replace(content, tables=replace(content.tables, inclusions=inclusions))).matrix
    assert [(cells.studies[row], cells.reviews[at]) for row, at in cells.impossible] == [
        ("10.5555/dvorak.2021", "10.5555/still")
    ]


def test_one_review_alone_has_no_overlap():
    content = full()
    alone = tuple(each for each in content.tables.inclusions if each.review == "third")
    assert found(replace(content, tables=replace(content.tables, inclusions=alone))) is None


def test_the_matrix_draws_each_mark_and_each_impossible_cell(overlap):
    figure = etree.fromstring(matrix_svg(overlap))
    kinds = [each.get("class") for each in figure.iter() if each.get("class")]
    assert kinds.count("included") == 7
    assert kinds.count("impossible") == 1
    links = [each.get("href") for each in figure.iter() if each.tag.endswith("}a")]
    assert links[0] == "#included-Abel2016"


def test_many_studies_stand_in_panels_side_by_side(overlap):
    content = full()
    more = tuple(
        ReviewInclusion(f"{review}/{at}", review, review, f"study {at}", Evidence(file="x"))
        for review in ("one", "two")
        for at in range(70)
    )
    wide = found(replace(content, tables=replace(content.tables, inclusions=more)))
    figure = etree.fromstring(matrix_svg(wide))
    assert float(figure.get("height")) < 700
    assert float(figure.get("width")) <= 1040
    assert [each.get("class") for each in figure.iter()].count("included") == 140


def test_pairs_stand_below_the_diagonal_as_they_are_and_above_it_adjusted(overlap):
    figure = etree.fromstring(pairs_svg(overlap))
    shown = ["".join(each.itertext()) for each in figure.iter() if each.get("class") == "pair"]
    # Reviewer and Early: 2 shared of 4; one cell of them was not possible. By rows: (0,1), (0,2), (1,0), ...
    assert shown[0].startswith("66.7")
    assert shown[2].startswith("50.0")
    assert "4 studies" in "".join(figure.itertext())
    assert "Reviewer 2022 and Early 2018: 50.0 %." in figure[1].text


def test_places_of_reading_are_grouped_by_review(overlap):
    assert [(each.review, len(each.studies), each.evidence.locator) for each in readings(overlap)] == [
        ("Reviewer 2022", 4, "table 1"),
        ("Early 2018", 2, "table 1"),
        ("Third and others 2020", 1, "table 1"),
    ]


def test_what_is_undefined_is_said_to_be():
    assert (share(None), banded(None), banded(5.2)) == ("–", "undefined", "moderate")


def test_hostile_names_stay_text():
    h = '"><script>alert(1)</script>'
    content = full()
    bad = tuple(ReviewInclusion(h, f"{h}{at}", h, h, Evidence(file=h)) for at in (1, 2))
    shown = found(replace(content, tables=replace(content.tables, inclusions=bad)))
    for text in (matrix_svg(shown), pairs_svg(shown)):
        assert "<script" not in text
        etree.fromstring(text)

from dataclasses import replace

import pytest
from lxml import etree

from reporting.builders import MAP_LABELS, full
from stromata.model import Arm, CellProduct, Study, StudyTables
from stromata.reporting import MapLabels, evidence_cells, evidence_map_svg
from stromata.reporting.evidence_map import NOT_REPORTED, count_text, letter


def study(id_, condition="psoriasis", design="single-arm", **fields):
    return Study(id_, id_, condition, design, **fields)


def arm(study_id, n=None, *, tissue="adipose", route="intravenous", product="msc", name="a", **fields):
    given = CellProduct(product, tissue, route=route)
    return Arm(f"{study_id}.{name}", study_id, name, n=n, product=given, **fields)


def content(*things, labels=MAP_LABELS):
    studies = tuple(each for each in things if isinstance(each, Study))
    arms = tuple(each for each in things if isinstance(each, Arm))
    return replace(full(), tables=StudyTables(studies, arms), map_labels=labels)


def only(*things, **options):
    [cell] = evidence_cells(content(*things, **options))
    return cell


def test_a_cell_counts_studies_and_people_and_takes_the_highest_level():
    cell = only(study("one"), arm("one", 5), study("two", design="rct"), arm("two", 8))
    assert (cell.disease, cell.route, cell.product, cell.tissue) == (
        "Psoriasis",
        "Intravenous",
        "Stromal cells",
        "Adipose tissue",
    )
    assert (cell.level, cell.rank, cell.letter, cell.people) == ("Randomised trial", 0, "A", 13)
    assert cell.studies == ("one", "two")


def test_designs_of_one_level_share_its_rank():
    assert only(study("one", design="cohort"), arm("one", 1)).rank == 1
    assert only(study("one", design="single-arm"), arm("one", 1)).rank == 1
    assert only(study("one", design="preclinical"), arm("one", 1)).rank == 2


def test_a_design_without_a_level_is_lowest_and_keeps_its_name():
    cell = only(study("one", design="other"), arm("one", 1))
    assert (cell.level, cell.rank) == ("other", 3)


def test_people_of_studies_that_share_patients_count_once():
    cell = only(
        study("one", cohort="c"), arm("one", 5), study("two", cohort="c"), arm("two", 8), study("x"), arm("x", 2)
    )
    assert (cell.people, cell.shared) == (10, True)


def test_arms_of_one_study_add_up_and_subgroups_and_comparators_without_product_do_not_count():
    bare = Arm("s.c", "s", "placebo", role="comparator", n=50)
    cell = only(study("s"), arm("s", 5), arm("s", 6, name="b"), arm("s", 3, name="men", role="subgroup"), bare)
    assert cell.people == 11


def test_animals_and_healthy_people_are_no_patients():
    cell = only(study("mice", design="preclinical"), arm("mice", 24))
    assert (cell.people, cell.unknown) == (0, 1)
    assert only(study("h", population="healthy volunteers"), arm("h", 9)).people == 0


def test_people_enrolled_stand_for_the_arm_only_where_it_is_the_only_one():
    assert only(study("s", n_enrolled=12), arm("s")).people == 12
    control = Arm("s.c", "s", "placebo", role="comparator", n=6)
    assert (only(study("s", n_enrolled=12), arm("s"), control).people) == 0


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((5, 8), "2\u00a0/\u00a013"), ((5, None), "2\u00a0/\u00a05+"), ((None, None), "2\u00a0/\u00a0–")],
)
def test_unknown_numbers_are_never_written_as_zero(numbers, text):
    first, second = numbers
    assert count_text(only(study("one"), arm("one", first), study("two"), arm("two", second))) == text


def test_words_without_a_label_stay_as_they_are_and_missing_ones_say_so():
    cell = only(study("one", "rare"), arm("one", 1, tissue="gingiva", route=""))
    assert (cell.disease, cell.tissue, cell.route) == ("rare", "gingiva", NOT_REPORTED)


def test_several_words_may_share_a_label():
    labels = replace(MAP_LABELS, routes=(("i.v.", "Into a vein"), ("intravenous", "Into a vein")))
    cell = only(study("one"), arm("one", 1, route="i.v."), study("two"), arm("two", 2), labels=labels)
    assert (cell.route, cell.people) == ("Into a vein", 3)


def test_cells_stand_in_the_order_of_the_labels_and_not_reported_last():
    found = evidence_cells(
        content(
            study("a", "lupus"),
            arm("a", 1, route=""),
            study("b", "lupus"),
            arm("b", 1, route="into the skin"),
            study("c"),
            arm("c", 1),
        )
    )
    assert [(each.disease, each.route) for each in found] == [
        ("Psoriasis", "Intravenous"),
        ("Lupus", "Into the skin"),
        ("Lupus", NOT_REPORTED),
    ]


def test_a_study_with_two_products_stands_in_both_cells():
    found = evidence_cells(content(study("s"), arm("s", 5), arm("s", 6, name="b", product="svf")))
    assert [(each.product, each.people) for each in found] == [("Stromal cells", 5), ("Vascular fraction", 6)]


def test_gaps_are_drawn_as_rows_and_columns_and_named():
    figure = etree.fromstring(evidence_map_svg(full()))
    words = "".join(figure.itertext())
    assert "No study was found for: Vitiligo." in words
    assert "Bone marrow" in " ".join(each.text for each in figure.iter() if each.tag.endswith("}text")).replace(
        "  ", " "
    )
    assert "no study" in words
    bubbles = [each for each in figure.iter() if each.get("class") == "bubble"]
    gaps = [each for each in figure.iter() if each.get("class") == "gap"]
    assert len(bubbles) == 3
    assert len(gaps) == 4 * 3


def test_bubbles_grow_in_area_with_people_and_lead_to_the_table():
    few, many = 4, 400
    shown = content(study("one"), arm("one", few), study("two", "lupus"), arm("two", many))
    figure = etree.fromstring(evidence_map_svg(shown))
    radii = [
        float(each.get("r"))
        for bubble in figure.iter()
        if bubble.get("class") == "bubble"
        for each in bubble.iter()
        if each.get("r")
    ]
    assert (radii[0] - 7.5) / (radii[1] - 7.5) == pytest.approx(0.1, abs=0.01)
    links = [each.get("href") for each in figure.iter() if each.tag.endswith("}a")]
    assert links == [f"#{cell.place}" for cell in evidence_cells(shown)]


def test_letters_name_the_levels():
    assert [letter(0), letter(1), letter(3)] == ["A", "B", "D"]


def test_without_levels_or_without_products_there_is_no_map():
    assert evidence_map_svg(content(study("s"), arm("s", 1), labels=MapLabels())) == ""
    assert evidence_map_svg(content(study("s"))) == ""


def test_hostile_words_stay_text():
    h = '"><script>alert(1)</script>'
    text = evidence_map_svg(content(study(h, h), arm(h, 1, tissue=h, route=h)))
    assert "<script" not in text
    etree.fromstring(text)

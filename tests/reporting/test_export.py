import csv
import io
from dataclasses import replace

from reporting.builders import example, full
from stromata.model import StudyTables
from stromata.reporting import appraisals_csv, data_points_csv, evidence_map_csv, overlap_csv, studies_csv


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_data_point_is_a_row_with_its_evidence():
    content = example()
    found = rows(data_points_csv(content))
    assert [row["id"] for row in found] == [point.id for point in content.tables.data_points]
    first = found[0]
    assert (first["statistic"], first["value"], first["quote"]) == (
        "events",
        "8",
        "8 of 17 patients responded (PASI 50)",
    )
    assert (first["file"], first["line"], first["column"], first["derived"]) == ("outcomes.csv", "4", "x", "no")


def test_every_study_is_a_row():
    found = rows(studies_csv(example()))
    assert found[0]["links"] == "10.5555/abel.2016; 10.5555/not-imported"
    assert found[0]["followup_months"] == "6"


def test_a_formula_in_any_field_is_guarded_and_negative_numbers_stay_numbers():
    content = example()
    point = content.tables.data_points[0]
    hostile = replace(point, id="=cmd()", value=-3.5, evidence=replace(point.evidence, quote='@a, "b"\n=c'))
    row = rows(data_points_csv(replace(content, tables=StudyTables(data_points=(hostile,)))))[0]
    assert (row["id"], row["value"], row["quote"]) == ("'=cmd()", "-3.5", '\'@a, "b"\n=c')


def test_the_evidence_map_is_a_row_for_each_cell():
    found = rows(evidence_map_csv(full()))
    assert [(row["disease"], row["studies"], row["people"], row["shared_patients"]) for row in found] == [
        ("Psoriasis", "4", "51", "yes"),
        ("Lupus", "4", "68", "no"),
        ("Alopecia areata", "1", "17", "no"),
    ]
    assert found[2]["which"] == "Eriksson2022"


def test_appraisals_are_a_row_for_each_judgement():
    found = rows(appraisals_csv(full()))
    assert len(found) == 3 * 3 + 3 * 4
    second = found[1]
    assert (second["domain"], second["level"], second["proposed"], second["settled"]) == (
        "D2",
        "some-concerns",
        "high",
        "yes",
    )
    assert (second["answers"], second["appraisers"]) == ("2.1: NI", "A. Judge; B. Judge")
    checklist = found[9]
    assert (checklist["tool"], checklist["domain"], checklist["level"], checklist["level_label"]) == (
        "list",
        "1",
        "yes",
        "Yes",
    )


def test_the_overlap_is_a_row_for_each_study_and_review():
    found = {(row["study"], row["review_label"]): row["cell"] for row in rows(overlap_csv(full()))}
    assert len(found) == 4 * 3
    assert found["Abel2016", "Early 2018"] == "included"
    assert found["Dvořák2021", "Early 2018"] == "not possible"
    assert found["Dvořák2021", "Third and others 2020"] == "not included"
    assert rows(overlap_csv(example())) == []


def test_formulas_in_the_new_tables_are_guarded():
    content = full()
    labels = replace(content.map_labels, diseases=(("psoriasis", "=cmd()"),))
    assert rows(evidence_map_csv(replace(content, map_labels=labels)))[0]["disease"] == "'=cmd()"

import csv
import io
from dataclasses import replace

import pytest

from reporting.builders import example
from stromata.model import StudyTables
from stromata.reporting import data_points_csv, studies_csv
from stromata.reporting.export import guarded


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


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_formulas_are_quoted_and_other_text_is_not(text):
    assert guarded(text) == "'" + text
    assert guarded("a" + text) == "a" + text


def test_a_formula_in_any_field_is_guarded_and_negative_numbers_stay_numbers():
    content = example()
    point = content.tables.data_points[0]
    hostile = replace(point, id="=cmd()", value=-3.5, evidence=replace(point.evidence, quote='@a, "b"\n=c'))
    row = rows(data_points_csv(replace(content, tables=StudyTables(data_points=(hostile,)))))[0]
    assert (row["id"], row["value"], row["quote"]) == ("'=cmd()", "-3.5", '\'@a, "b"\n=c')

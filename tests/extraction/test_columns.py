"""The columns are the contract with people: their documentation, the model and the reader must agree."""

from dataclasses import fields
from pathlib import Path

from stromata.extraction.columns import STATISTIC_COLUMNS, TABLES
from stromata.model import Arm, CellProduct, Evidence, Outcome, PublishedClaim, Study

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "study-tables.md"
COLUMNS = {table.file: [column.name for column in table.columns] for table in TABLES}
EVIDENCE = {field.name for field in fields(Evidence)} - {"file", "line", "column"}


UNITS = ("unit", "person_time_unit", "estimate_scale")


def _names(*classes, without=()):
    return {field.name for cls in classes for field in fields(cls)} - {"evidence", *without}


def test_every_field_of_the_model_has_its_column():
    assert set(COLUMNS["studies.csv"]) == _names(Study) | EVIDENCE
    assert set(COLUMNS["arms.csv"]) == _names(Arm, CellProduct, without=("product",)) | EVIDENCE
    assert set(COLUMNS["outcomes.csv"]) == _names(Outcome)
    assert set(COLUMNS["claims.csv"]) == _names(PublishedClaim) | EVIDENCE
    assert set(COLUMNS["data.csv"]) == {"study", "arm", "outcome", *UNITS, *STATISTIC_COLUMNS} | EVIDENCE


def test_no_table_names_a_column_twice():
    for names in COLUMNS.values():
        assert len(names) == len(set(names))


def test_a_column_of_choices_lists_them_and_its_example_is_one_of_them():
    for table in TABLES:
        for column in table.columns:
            assert (column.kind == "choice") == bool(column.choices)
            if column.choices:
                assert column.example in column.choices


def test_the_reference_page_describes_every_column_under_its_table():
    page = PAGE.read_text(encoding="utf-8")
    shared = page.split("## Evidence")[1].split("\n## ")[0]
    for table in TABLES:
        section = page.split(f"\n## {table.file}")[1].split("\n## ")[0]
        for column in table.columns:
            star = "` *" if column.required else "`"
            assert f"`{column.name}{star}" in section, (table.file, column.name)
            if column.name in EVIDENCE and column.name != "note":
                assert f"`{column.name}`" in shared
            for choice in column.choices:
                assert f"`{choice}`" in page, (table.file, column.name, choice)

"""Tables that people fill in: separators, headings, broken rows, and what cannot be read."""

import pytest

from stromata.consensus.sheet import cut, folded, read_sheet
from stromata.errors import NotFound, Unreadable

NAMES = {"name": "name", "full_name": "name", "age": "age"}


def read(text):
    return read_sheet(text, NAMES, needed=("name",))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_stand_under_our_names_with_their_lines(separator):
    sheet = read(f"Full Name{separator}AGE{separator}shoe\n\nAnn{separator}7{separator}41\n")
    assert sheet.rows == [(3, {"name": "Ann", "age": "7"})]
    assert sheet.problems == []


def test_a_fault_is_named_by_the_heading_of_the_file():
    sheet = read("Full Name\nAnn\n")
    sheet.report(2, "code", "text", "hint", "name")
    assert (sheet.problems[0].line, sheet.problems[0].column) == (2, "Full Name")


def test_a_row_with_too_many_cells_is_left_out_and_one_with_too_few_is_filled_up():
    sheet = read("name,age\nAnn,7,more\nBob\n")
    assert sheet.rows == [(3, {"name": "Bob", "age": ""})]
    assert [(item.line, item.code) for item in sheet.problems] == [(2, "row-too-long")]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("age\n7\n", "no column name"),
        ("name,full name\nAnn,Ann\n", "several columns"),
        ("name\n", "no rows"),
        ("", "no rows"),
        (b"name\n\xff\xfe\xfa\n", "line 2: the file is not UTF-8"),
        (b"name\n\x00\n", "not a text table"),
    ],
)
def test_what_is_no_such_table_is_refused(source, said):
    with pytest.raises(Unreadable, match=said):
        read(source)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        read(tmp_path / "none.csv")


def test_a_file_in_utf_16_is_read(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("name;age\nÅsa;7\n", encoding="utf-16")
    assert read(path).rows == [(2, {"name": "Åsa", "age": "7"})]


def test_a_cell_that_is_too_long_is_named_for_what_it_is():
    sheet = read(f"name,age\nAnn,{'9' * 200_000}\nBob,8\n")
    assert [(item.line, item.code) for item in sheet.problems] == [(2, "broken-row")]
    assert "131072 characters" in sheet.problems[0].text
    assert [row["name"] for _, row in sheet.rows] == ["Bob"]


def test_what_is_long_is_cut_in_messages():
    assert cut("a" * 60) == "a" * 60
    assert cut("a" * 61) == "a" * 60 + "… (61 characters)"


def test_names_are_folded():
    assert folded("  ＡNN \t Lee ") == "ann lee"

"""Cells know their line, whatever the file looks like; no bytes make the reader fail."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.extraction.sheet import plain_name, read_sheet

NAMES = frozenset({"study", "id", "note"})


def _texts(sheet):
    return [[cell.text for cell in row] for row in (sheet.header, *sheet.rows)]


def test_cells_after_a_line_end_inside_a_cell_know_their_own_line():
    sheet = read_sheet(b'id,note,study\n1,"two\r\nlines\nor three",x\n2,b,y\n', names=NAMES)
    assert [[cell.line for cell in row] for row in sheet.rows] == [[2, 2, 4], [5, 5, 5]]
    assert sheet.rows[0][1].text == "two\r\nlines\nor three"


def test_empty_rows_are_passed_over_and_still_counted():
    sheet = read_sheet(b"id,note\n\n,,\n \n1,a\n", names=NAMES)
    assert _texts(sheet) == [["id", "note"], ["1", "a"]]
    assert sheet.rows[0][0].line == 5


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_separator_is_told_from_the_header(delimiter):
    text = "id,study,note\n1,a,b\n".replace(",", delimiter)
    assert _texts(read_sheet(text.encode(), names=NAMES)) == [["id", "study", "note"], ["1", "a", "b"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_known(end):
    sheet = read_sheet(f"id,note{end}1,a{end}2,b{end}".encode(), names=NAMES)
    assert [row[0].line for row in sheet.rows] == [2, 3]


@pytest.mark.parametrize(
    ("encoding", "codes"),
    [("utf-8", []), ("utf-8-sig", []), ("gb18030", ["encoding"]), ("utf-16", ["encoding"])],
)
def test_chinese_text_is_read_in_each_encoding_and_a_foreign_one_is_reported(encoding, codes):
    sheet = read_sheet("id,note\n1,系统性硬化症\n".encode(encoding), names=NAMES)
    assert _texts(sheet)[1] == ["1", "系统性硬化症"]
    assert [problem.code for problem in sheet.problems] == codes


def test_western_one_byte_text_is_not_taken_for_chinese():
    data = "id,note\n1,plain\n2,Sjögren\n".encode("latin-1")
    sheet = read_sheet(data, names=NAMES)
    assert (sheet.header, sheet.rows) == ((), ())
    assert [(problem.code, problem.line) for problem in sheet.problems] == [("wrong-encoding", 3)]


def test_a_stray_quotation_mark_costs_one_row_and_is_reported_with_its_line():
    sheet = read_sheet(b'id,note\n1,a\n2,"b"c\n3,d\n', names=NAMES)
    assert _texts(sheet)[1:] == [["1", "a"], ["3", "d"]]
    assert [(problem.code, problem.line) for problem in sheet.problems] == [("broken-row", 3)]


def test_a_quotation_mark_that_is_never_closed_is_reported_where_it_was_opened():
    sheet = read_sheet(b'id,note\n1,a\n2,"b\n3,c\n', names=NAMES)
    assert _texts(sheet)[1:] == [["1", "a"]]
    (problem,) = sheet.problems
    assert (problem.code, problem.line) == ("broken-row", 3)
    assert "line 3 to 4" in problem.text


def test_a_file_of_blanks_has_no_header():
    assert read_sheet(b" \n\n", names=NAMES).header == ()


def test_column_names_are_compared_without_case_blanks_and_hyphens():
    assert plain_name(' "First author" ') == "first_author"
    assert plain_name("Change-mean") == "change_mean"


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data):
    sheet = read_sheet(data, names=NAMES)
    assert all(cell.line >= 1 for row in (sheet.header, *sheet.rows) for cell in row)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).map(str.strip).filter(bool)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_back(rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["id", "note"], *rows])
    assert _texts(read_sheet(out.getvalue().encode(), names=NAMES))[1:] == rows

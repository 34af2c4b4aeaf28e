"""Cells know their line, whatever the file looks like; no bytes make the reader fail."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.extraction.sheet import Cell, column_names, plain_name, read_sheet

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


def test_a_cell_that_is_too_long_is_called_so_and_costs_its_row():
    sheet = read_sheet(b'id,note\n1,"' + b"x" * 3_000_000 + b'"\n2,b\n', names=NAMES)
    assert _texts(sheet)[1:] == [["2", "b"]]
    (problem,) = sheet.problems
    assert (problem.code, problem.line) == ("broken-row", 2)
    assert f"a cell of more than {csv.field_size_limit()} characters" in problem.text


def test_utf_16_that_cannot_be_decoded_whole_is_not_read():
    sheet = read_sheet("id,note\n1,a\n".encode("utf-16-le").join([b"\xff\xfe", b"x"]), names=NAMES)
    assert (sheet.header, sheet.rows) == ((), ())
    assert [(problem.code, problem.line) for problem in sheet.problems] == [("wrong-encoding", 3)]


def test_a_file_of_blanks_in_another_encoding_has_nothing_to_remark():
    assert read_sheet(" \n".encode("utf-16"), names=NAMES).problems == ()


def _names(*texts, **options):
    return column_names([Cell(text, 1) for text in texts], ("id", "note"), **options)


def test_columns_that_are_unknown_or_doubled_are_not_read_and_named():
    names, problems = _names("Id", "", "notes", "ID", "note")
    assert names == ["id", "", "", "", "note"]
    assert [(problem.code, problem.column) for problem in problems] == [
        ("unknown-column", ""),
        ("duplicate-column", "id"),
    ]
    assert "'notes'" in problems[0].text
    assert "id, note" in problems[0].hint


def test_columns_that_are_passed_over_need_no_word():
    assert _names("id", "Ann B says", "says", passed_over=("_says",))[0] == ["id", "", ""]
    assert [p.text for p in _names("id", "Ann B says", "says", passed_over=("_says",))[1]] == [
        "column 'says' is unknown and was not read"
    ]


def test_of_many_bad_columns_ten_are_named_and_the_others_counted():
    _, problems = _names("id", *["id"] * 11, *(f"c{number}" for number in range(10_000)))
    assert [problem.code for problem in problems] == ["unknown-column"] * 11 + ["duplicate-column"] * 11
    assert "'c9'" in problems[9].text
    assert problems[10].text.startswith("9990 more columns")
    assert problems[21].text.startswith("1 more column")


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

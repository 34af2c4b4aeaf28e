"""Rows of tables as spreadsheet programs save them: separators, encodings, and stretches that cannot be split."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import Unreadable
from stromata.sheets import check_read, decode, guarded, line_ends, plain_name, read_rows, unguarded

NAMES = {"study", "events", "total"}


def rows_of(data, **options):
    return read_rows(data, lambda cells: len(NAMES & set(map(plain_name, cells))), **options)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_separator_is_the_one_that_shows_the_headings(mark):
    table = rows_of(mark.join(("Study", "events", "total")) + f"\nAnn 2020{mark}1{mark}6\n")
    assert table.rows == ((1, ["Study", "events", "total"]), (2, ["Ann 2020", "1", "6"]))
    assert table.problems == ()


def test_a_line_that_names_the_separator_is_no_row_and_counts_as_a_line():
    assert rows_of("sep=|\nstudy|events\nAnn|1\n").rows == ((2, ["study", "events"]), (3, ["Ann", "1"]))


def test_empty_rows_are_left_out_and_lines_inside_cells_are_counted():
    table = rows_of('study,events\n\n"Ann\nand Bob",1\n , \nCy,2\n')
    assert [(line, cells[0]) for line, cells in table.rows] == [(1, "study"), (3, "Ann\nand Bob"), (6, "Cy")]


@pytest.mark.parametrize(
    ("encoding", "codes"), [("utf-8", []), ("utf-8-sig", []), ("utf-16", ["encoding"]), ("gb18030", ["encoding"])]
)
def test_what_spreadsheet_programs_save_in_china_and_elsewhere_is_read(encoding, codes):
    table = rows_of("study,events\n患者一号,3\n".encode(encoding))
    assert table.rows[1][1] == ["患者一号", "3"]
    assert [problem.code for problem in table.problems] == codes
    assert all(problem.is_remark for problem in table.problems)


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"study\nM\xfcller,1\n", 2), ("study\nAnn".encode("utf-16") + b"\x00", 2), (b"\xff\xfe\x00\xd8", 1)],
)
def test_bytes_that_are_no_text_are_told_with_their_line(data, line):
    text, problems = decode(data)
    assert text == ""
    assert [(problem.line, problem.code) for problem in problems] == [(line, "wrong-encoding")]
    assert rows_of(data).rows == ()


def test_a_table_that_was_not_read_is_refused_by_name_and_line():
    check_read("a.csv", read_rows(b"key\nM\xc3\xbcller\n", len))
    check_read("a.csv", read_rows('key\n"M'.encode("utf-16"), len))
    with pytest.raises(Unreadable, match=r"^a\.csv, line 2: the file is not UTF-8 from this line on") as caught:
        check_read("a.csv", read_rows(b"key\nM\xfcller\n", len))
    assert "CSV UTF-8" in caught.value.hint


def test_an_empty_table_has_no_rows_and_no_remarks():
    assert rows_of(" \n".encode("utf-16")) == rows_of("")


def test_a_quotation_mark_that_is_not_closed_takes_the_rest_unless_reading_is_persistent():
    data = 'study,events\n"Ann,1\nBob,2\nCy,3\n'
    whole = rows_of(data)
    assert len(whole.rows) == 1
    assert [(problem.line, problem.code) for problem in whole.problems] == [(2, "broken-row")]
    assert "line 2 to 4" in whole.problems[0].text
    again = rows_of(data, persistent=True)
    assert [line for line, _ in again.rows] == [1, 3, 4]
    assert [problem.line for problem in again.problems] == [2]
    assert "line 2 could" in again.problems[0].text


def test_a_cell_that_is_too_long_is_named_for_what_it_is():
    table = rows_of(f"study\n{'9' * (csv.field_size_limit() + 1)}\nBob\n")
    assert [line for line, _ in table.rows] == [1, 3]
    assert "more than" in table.problems[0].text


def test_a_hostile_table_does_not_take_for_ever():
    data = "study\n" + 'a"b\n"\n' * 3_000 + '"'
    assert rows_of(data, persistent=True).problems


def test_headings_are_compared_without_case_spaces_and_hyphens():
    assert plain_name(' "Study ID" ') == "study_id"
    assert plain_name("follow-up") == "follow_up"
    assert line_ends("a\r\nb\rc\nd") == 3


@given(st.lists(st.lists(st.text(alphabet="ab,;\t\"'\n é", max_size=6), min_size=2, max_size=4), max_size=6))
def test_every_cell_that_csv_can_write_comes_back(cells):
    lines = ["study,events,total,more\r\n"]
    for row in cells:
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n")
    kept = [row for row in cells if any(cell.strip() for cell in row)]
    assert [found for _, found in rows_of("".join(lines)).rows[1:]] == kept


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_formulas_are_quoted_and_other_text_is_not(text):
    assert guarded(text) == "'" + text
    assert guarded("a" + text) == "a" + text


def test_a_name_with_an_apostrophe_is_left_alone_and_what_looks_guarded_is_not():
    assert guarded("'t Hart, P") == "'t Hart, P"
    assert guarded("'=1") == "''=1"


@given(st.text(alphabet="'=+-@\t\r＝＋－＠a ", max_size=5) | st.text())
def test_a_guarded_cell_is_no_formula_and_can_be_undone(text):
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert unguarded(guarded(text)) == text

"""Statements from tables: every fault is named with its place, the rest is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.consensus import StatementRow, read_statements
from stromata.consensus.statements import id_fault
from stromata.errors import NotFound, Unreadable
from stromata.model import Statement

HEAD = "id,text,syntheses,criteria,proposed_by,reason\n"


def test_statements_are_read():
    rows, problems = read_statements(HEAD + '"S1","One, and more.", a/psoriasis ; b;a/psoriasis,std/C1,vera,clearer\n')
    statement = Statement("S1", "One, and more.", ("a/psoriasis", "b"), ("std/C1",), "vera")
    assert (rows, problems) == ((StatementRow(2, statement, "clearer"),), ())


@pytest.mark.parametrize("text", ["S1", "S-1", "1.2", "Dose A", "剂量1", "Übersicht_3", "A(b)"])
def test_ids_of_any_script_will_do(text):
    assert id_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\u202eS1", "U+202E"),
        ("S\u200b1", "U+200B"),
        ("S\x07", "U+0007"),
        ("S\u00a01", "U+00A0"),
        ("S\ud800", "U+D800"),
        ("-x", "hyphen"),
        ("a/b", "holds /"),
        ("a\\b", "holds"),
        ("a,b", "holds ,"),
        ("*", "holds *"),
        ("a;b", "holds ;"),
        ("..", "neither a letter nor a digit"),
        (" S1", "space"),
        ("", "empty"),
        (" ", "empty"),
        ("S" * 61, "61 characters"),
    ],
)
def test_what_cannot_be_an_id_is_said(text, said):
    assert said in id_fault(text)


def test_a_bad_id_is_shown_so_that_it_does_nothing():
    _, problems = read_statements(HEAD + "\u202eS1,One.,,,,\n")
    assert [(one.line, one.code) for one in problems] == [(2, "id-invalid")]
    assert problems[0].text.isprintable()


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_separators_and_columns_that_are_not_there(mark):
    rows, problems = read_statements(mark.join(("Statement ID", "Wording")) + "\n" + mark.join(("S1", "One.")) + "\n")
    assert ([row.statement for row in rows], problems) == ([Statement("S1", "One.")], ())


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (",One.,,,,", "id-missing", "id"),
        ("S1,,,,,", "text-missing", "text"),
        ('"S;1",One.,,,,', "id-invalid", "id"),
        ("*,One.,,,,", "id-invalid", "id"),
        (f"{'S' * 61},One.,,,,", "id-invalid", "id"),
        ("S0,Again.,,,,", "statement-twice", "id"),
        ("s0,Again.,,,,", "statement-twice", "id"),
    ],
)
def test_a_bad_row_is_named_and_left_out(row, code, column):
    rows, problems = read_statements(f"{HEAD}S0,First.,,,,\n{row}\nS9,Last.,,,,\n")
    assert [one.statement.id for one in rows] == ["S0", "S9"]
    assert [(one.line, one.code, one.column) for one in problems] == [(3, code, column)]


def test_all_faults_of_a_row_are_named():
    _rows, problems = read_statements(HEAD + ",,a,,,\n")
    assert [one.code for one in problems] == ["id-missing", "text-missing"]


@pytest.mark.parametrize(("text", "said"), [("", "no rows"), (HEAD, "no rows"), ("id,x\n1,2\n", "no column text")])
def test_what_cannot_be_read(text, said):
    with pytest.raises(Unreadable, match=said):
        read_statements(text)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(NotFound):
        read_statements(tmp_path / "none.csv")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_statements_or_problems(text):
    try:
        rows, problems = read_statements(HEAD + text)
    except Unreadable:
        return
    assert all(row.statement.id and row.statement.text for row in rows)
    assert rows or problems

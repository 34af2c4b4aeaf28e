"""Verdicts in CSV files: the good rows, and every bad cell."""

import pytest

from stromata.errors import Unreadable
from stromata.screening import DECISIONS, read_rows


def write(tmp_path, text: str):
    path = tmp_path / "verdicts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_bad_cell_is_named_with_line_and_column(tmp_path):
    rows, problems = read_rows(
        write(
            tmp_path,
            "key,stage,reviewer,verdict,reasons\n"
            "10.1/a,title-abstract,ann,include,\n"
            "10.1/b,titles,ann,perhaps,\n"
            "\n"
            ",full-text,ann,exclude,design; population\n",
        ),
        DECISIONS,
    )
    assert [row.key for row in rows] == ["10.1/a"]
    assert [(p.line, p.column) for p in problems] == [(3, "stage"), (3, "verdict"), (5, "key")]
    assert "title-abstract" in problems[0].text


def test_reasons_are_parted_by_semicolons(tmp_path):
    text = "key,stage,reviewer,verdict,reasons\n10.1/a,full-text,ann,exclude,design; population\n"
    rows, _ = read_rows(write(tmp_path, text), DECISIONS)
    assert rows[0].reasons == ("design", "population")


@pytest.mark.parametrize("text", ["", "key,verdict\n10.1/a,include\n"])
def test_what_is_no_table_of_verdicts_is_refused_with_advice(tmp_path, text):
    with pytest.raises(Unreadable) as caught:
        read_rows(write(tmp_path, text), DECISIONS)
    assert caught.value.hint


def test_a_missing_file_and_another_encoding_are_refused(tmp_path):
    with pytest.raises(Unreadable, match="there is no file"):
        read_rows(tmp_path / "none.csv", DECISIONS)
    path = tmp_path / "latin.csv"
    path.write_bytes("key,stage,reviewer,verdict\nM\xfcller,,,\n".encode("latin-1"))
    with pytest.raises(Unreadable, match="UTF-8"):
        read_rows(path, DECISIONS)


def test_a_row_that_cannot_be_split_is_told_and_the_rest_is_read(tmp_path):
    path = tmp_path / "decisions.csv"
    path.write_text('key;stage;reviewer;verdict\n10.1/a;title-abstract;ann;include\n"open;a;b;c\n', encoding="utf-8")
    rows, problems = read_rows(path, DECISIONS)
    assert [row.key for row in rows] == ["10.1/a"]
    assert [(problem.line, problem.code) for problem in problems] == [(3, "broken-row")]

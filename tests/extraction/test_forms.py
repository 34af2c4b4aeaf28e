"""Forms ask for what the tables and the protocol ask for; what people fill in is checked cell by cell."""

import csv
import io

import pytest

from stromata.errors import InvalidInput, NotFound
from stromata.extraction import (
    FORM_COLUMNS,
    Difference,
    form_fields,
    read_form,
    read_settlements,
    write_differences,
    write_form,
)
from stromata.model import Answer, Condition, Evidence, FormField, OutcomeDefinition, ReviewProtocol, Suggestion

PROTOCOL = ReviewProtocol(
    conditions=(Condition("psoriasis", "Psoriasis"),),
    outcomes=(OutcomeDefinition("response", "Response"),),
    form=(
        FormField("funder", "study", "Funder", choices=("public", "industry"), kind="choice", required=True),
        FormField("viability", "arm", "Viability", kind="number", unit="%", low=0, high=100),
        FormField("title", "study", "Title", text="The title of the trial, in English.", required=True),
        FormField("masked", "study", "Masked", kind="yes-no"),
    ),
)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def sheet(tmp_path, *rows, columns=FORM_COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({"study": "A", **row} for row in rows)
    path = tmp_path / "form.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def read(tmp_path, *rows):
    return read_form(sheet(tmp_path, *rows), extractor="ann", protocol=PROTOCOL)


def test_the_protocols_own_words_take_the_place_of_a_columns():
    fields = {(field.level, field.id): field for field in form_fields(PROTOCOL)}
    assert fields["study", "title"].text == "The title of the trial, in English."
    assert [name for level, name in fields if level == "study"].count("title") == 1
    assert fields["study", "condition"].choices == ("psoriasis",)
    assert fields["outcome", "kind"].choices == ("response",)
    assert ("arm", "viability") in fields
    assert not {name for _, name in fields} & {"id", "study", "quote", "extractor"}


def test_a_form_has_a_row_for_each_field_of_each_subject():
    rows = rows_of(write_form("A", protocol=PROTOCOL, arms=("cells", "sham"), outcomes=("resp",)))
    subjects = {(row["about"], row["subject"]) for row in rows}
    assert subjects == {("study", ""), ("arm", "cells"), ("arm", "sham"), ("outcome", "resp")} | {
        ("result", "cells/resp"),
        ("result", "sham/resp"),
    }
    per_arm = [row["field"] for row in rows if row["subject"] == "sham"]
    assert per_arm == [row["field"] for row in rows if row["subject"] == "cells"]
    assert all(row["value"] == "" for row in rows)
    assert next(row for row in rows if row["field"] == "funder")["allowed"] == "public, industry"


def test_a_suggestion_stands_beside_its_field_and_is_not_the_value():
    found = Suggestion("n", "17", "patients", 0, 11, "17 patients", 0.9)
    rows = rows_of(write_form("A", protocol=PROTOCOL, suggestions=[("run:0", found)]))
    (row,) = [row for row in rows if row["suggested"]]
    assert (row["field"], row["suggested"], row["suggestion"]) == ("n_enrolled", "17", "run:0")
    assert (row["quote"], row["value"]) == ("17 patients", "")


def test_two_suggestions_for_one_field_leave_the_choice_to_the_person():
    found = [("r:0", Suggestion("n", "17", "", 0, 2, "17", 0.9)), ("r:1", Suggestion("n", "21", "", 3, 5, "21", 0.9))]
    assert not any(row["suggested"] for row in rows_of(write_form("A", protocol=PROTOCOL, suggestions=found)))


def test_a_quotation_that_looks_like_a_formula_is_kept_from_spreadsheets_and_read_back(tmp_path):
    found = Suggestion("n", "17", "", 0, 4, "=cmd", 0.9)
    rows = rows_of(write_form("A", protocol=PROTOCOL, suggestions=[("r:0", found)]))
    row = next(row for row in rows if row["suggested"]) | {"value": "17"}
    assert row["quote"] == "'=cmd"
    (one,), problems = read(tmp_path, row)
    assert (problems, one.answers[0].evidence.quote) == ((), "=cmd")


def test_answers_are_put_into_one_form_and_carry_their_evidence(tmp_path):
    (one,), problems = read(
        tmp_path,
        {
            "about": "study",
            "field": "n_enrolled",
            "value": "17.0",
            "quote": "17 were",
            "locator": "p. 3",
            "level": "article",
        },
        {"about": "study", "field": "masked", "value": "TRUE"},
        {"about": "study", "field": "registry_ids", "value": "NCT1;NCT2 ; "},
        {"about": "arm", "subject": "cells", "field": "viability", "value": "92.50"},
        {"about": "result", "subject": "cells/resp", "field": "events", "value": "8", "suggestion": "r:3", "note": "n"},
        {"about": "result", "subject": "cells/resp", "field": "total", "value": ""},
        {"about": "result", "subject": "cells/resp", "field": "mean", "value": "(not reported)"},
    )
    assert problems == ()
    assert [answer.value for answer in one.answers] == ["17", "yes", "NCT1; NCT2", "92.5", "8"]
    first, last = one.answers[0], one.answers[-1]
    assert (first.evidence.quote, first.evidence.locator, first.evidence.level) == ("17 were", "p. 3", "article")
    assert first.evidence.extractor == one.extractor == "ann"
    assert (last.suggestion, last.note, last.level, last.subject) == ("r:3", "n", "result", "cells/resp")


def converted(field, conversion, **more):
    return {"about": "result", "subject": "c/o", "field": field, "conversion": conversion, **more}


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ({"about": "paper", "field": "title", "value": "x"}, "unknown-choice", "about"),
        ({"about": "study", "field": "colour", "value": "x"}, "unknown-field", "field"),
        ({"about": "study", "subject": "cells", "field": "title", "value": "x"}, "bad-subject", "subject"),
        ({"about": "arm", "field": "n", "value": "3"}, "bad-subject", "subject"),
        ({"about": "arm", "subject": "a/b", "field": "n", "value": "3"}, "bad-subject", "subject"),
        ({"about": "result", "subject": "cells", "field": "events", "value": "3"}, "bad-subject", "subject"),
        ({"about": "study", "field": "n_enrolled", "value": "17 people"}, "bad-value", "value"),
        ({"about": "study", "field": "n_enrolled", "value": "1.5"}, "bad-value", "value"),
        ({"about": "study", "field": "n_enrolled", "value": "-1"}, "bad-value", "value"),
        ({"about": "study", "field": "n_enrolled", "value": "1e999"}, "bad-value", "value"),
        ({"about": "arm", "subject": "c", "field": "viability", "value": "101"}, "bad-value", "value"),
        ({"about": "study", "field": "condition", "value": "gout"}, "bad-value", "value"),
        ({"about": "study", "field": "masked", "value": "perhaps"}, "bad-value", "value"),
        ({"about": "study", "field": "title", "value": "x", "level": "hearsay"}, "unknown-choice", "level"),
        ({"study": "", "about": "study", "field": "title", "value": "x"}, "missing-value", "study"),
        ({"study": "A/B", "about": "study", "field": "title", "value": "x"}, "bad-id", "study"),
        (converted("sd", "se-to-sd se=2 n=9") | {"subject": "c/"}, "bad-subject", "subject"),
        (converted("sd", "se-to-sd method=2 n=9"), "bad-conversion", "conversion"),
        (converted("sd", "magic x=1"), "bad-conversion", "conversion"),
        (converted("sd", "se-to-sd se=two"), "bad-conversion", "conversion"),
        (converted("mean", "se-to-sd se=2 n=9"), "bad-conversion", "conversion"),
        (converted("sd", "se-to-sd se=2 n=9", value="7"), "conversion-differs", "value"),
    ],
)
def test_a_bad_row_is_named_with_line_and_column_and_the_rest_is_read(tmp_path, row, code, column):
    good = {"about": "study", "field": "title", "value": "A trial"}
    found, problems = read(tmp_path, row, good)
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [(code, 2, column)]
    assert [answer.value for item in found for answer in item.answers] == ["A trial"]


def test_a_field_answered_twice_is_a_problem(tmp_path):
    row = {"about": "study", "field": "title", "value": "A trial"}
    (one,), problems = read(tmp_path, row, row | {"value": "Another"})
    assert [(problem.code, problem.line) for problem in problems] == [("duplicate-field", 3)]
    assert [answer.value for answer in one.answers] == ["A trial"]


def test_a_conversion_gives_the_value_and_can_be_done_again(tmp_path):
    row = converted("sd", "se-to-sd se=2.5 n=16")
    (one,), problems = read(tmp_path, row, row | {"subject": "d/o", "value": "10.0"})
    assert problems == ()
    assert [float(answer.value) for answer in one.answers] == [10, 10]
    step = one.answers[0].steps[0]
    assert (step.method, dict(step.inputs), dict(step.outputs)) == ("se-to-sd", {"se": 2.5, "n": 16}, {"sd": 10})
    assert one.answers[0].evidence.derived


def test_an_input_given_twice_to_a_conversion_is_a_problem(tmp_path):
    found, (problem,) = read(tmp_path, converted("sd", "se-to-sd se=1.5 se=2 n=16"))
    assert (found, problem.code, problem.line, problem.column) == ((), "bad-conversion", 2, "conversion")
    assert "se is given twice" in problem.text


@pytest.mark.parametrize("column", ["study", "value", "quote"])
def test_of_a_doubled_column_the_first_is_read_and_a_problem_told(tmp_path, column):
    path = tmp_path / "form.csv"
    cells = {"study": "A", "about": "study", "field": "title", "value": "A trial", "quote": "Trial"}
    path.write_text(f"{','.join(cells)},{column}\n{','.join(cells.values())},B\n", encoding="utf-8")
    (one,), problems = read_form(path, extractor="ann", protocol=PROTOCOL)
    assert (one.study, one.answers[0].value, one.answers[0].evidence.quote) == ("A", "A trial", "Trial")
    assert [(p.code, p.line, p.column) for p in problems] == [("duplicate-column", 1, column)]


def test_a_misspelt_column_is_named_with_those_allowed(tmp_path):
    path = sheet(tmp_path, {"about": "study", "field": "title", "value": "A trial"})
    path.write_text(path.read_text().replace("quote", "qoute").replace("conversion", "convertion"))
    _, problems = read_form(path, extractor="ann", protocol=PROTOCOL)
    assert [(problem.code, problem.line) for problem in problems] == [("unknown-column", 1)] * 2
    assert "'qoute'" in problems[0].text
    assert "quote, note" in problems[0].hint


def test_without_a_column_for_values_nothing_is_read(tmp_path):
    path = tmp_path / "form.csv"
    path.write_text("study,about,field,valeu,conversion\nA,study,title,A trial,\n", encoding="utf-8")
    found, problems = read_form(path, extractor="ann", protocol=PROTOCOL)
    assert found == ()
    assert [(problem.code, problem.column) for problem in problems] == [
        ("unknown-column", ""),
        ("missing-column", "value"),
    ]


def test_the_columns_that_show_both_sides_to_an_adjudicator_are_no_problem(tmp_path):
    one = Answer("study", "", "year", "2019", Evidence())
    form = write_differences([Difference("A", "study", "", "year", one, None)], ("Ann B", "bob"))
    path = tmp_path / "differences.csv"
    path.write_text(form.replace("year,,,,", "year,,,2019,", 1), encoding="utf-8")
    (settled,), problems = read_settlements(path, protocol=PROTOCOL)
    assert (settled.answer.value, problems) == ("2019", ())


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_a_foreign_encoding_is_a_remark_and_every_row_is_read(tmp_path, encoding):
    path = sheet(tmp_path, {"about": "study", "field": "title", "value": "系统性硬化症"})
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    (one,), problems = read_form(path, extractor="ann", protocol=PROTOCOL)
    assert one.answers[0].value == "系统性硬化症"
    assert [problem.code for problem in problems] == ["encoding"]


def test_a_nul_byte_costs_its_row_and_is_named_with_line_and_column(tmp_path):
    good = {"about": "study", "field": "title", "value": "A trial"}
    found, problems = read(tmp_path, good | {"field": "journal", "quote": "a\0b"}, good)
    assert [answer.field for item in found for answer in item.answers] == ["title"]
    assert [(p.code, p.line, p.column) for p in problems] == [("nul-byte", 2, "quote")]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\0", "a\nb"])
@pytest.mark.parametrize("what", ["study", "arm", "outcome"])
def test_no_form_is_written_for_ids_that_no_table_can_hold(what, name):
    given = {"study": "A", "arm": "cells", "outcome": "resp"} | {what: name}
    with pytest.raises(InvalidInput, match=f"the id of the {what}") as caught:
        write_form(given["study"], protocol=PROTOCOL, arms=[given["arm"]], outcomes=[given["outcome"]])
    assert repr(name.strip()) in caught.value.message


@pytest.mark.parametrize("twice", [{"arms": ("x", "y", "x ")}, {"outcomes": ("x", "x")}])
def test_no_form_is_written_with_an_arm_or_outcome_named_twice(twice):
    with pytest.raises(InvalidInput, match="'x' is named twice"):
        write_form("A", protocol=PROTOCOL, **twice)


def test_several_studies_in_one_file_are_told_apart(tmp_path):
    found, _ = read(
        tmp_path,
        {"about": "study", "field": "title", "value": "A trial"},
        {"study": "B", "about": "study", "field": "title", "value": "B trial"},
    )
    assert [(item.study, item.answers[0].value) for item in found] == [("A", "A trial"), ("B", "B trial")]


def test_a_file_without_the_columns_says_which_is_missing(tmp_path):
    path = tmp_path / "form.csv"
    path.write_text("study,field,value\nA,title,x\n", encoding="utf-8")
    found, problems = read_form(path, extractor="ann", protocol=PROTOCOL)
    assert (found, problems[0].code) == ((), "missing-column")
    assert "'about'" in problems[0].text
    with pytest.raises(NotFound, match="no file"):
        read_form(tmp_path / "none.csv", extractor="ann", protocol=PROTOCOL)


def test_settlements_keep_their_reason_and_an_empty_row_settles_nothing(tmp_path):
    path = sheet(
        tmp_path,
        {"about": "study", "field": "n_enrolled", "value": "18", "note": "table 1 counts everyone"},
        {"about": "study", "field": "phase", "value": ""},
        {"about": "study", "field": "year", "value": "(not reported)"},
        {"about": "arm", "subject": "sham", "field": "id", "value": "(not reported)"},
    )
    found, problems = read_settlements(path, protocol=PROTOCOL)
    assert problems == ()
    assert [(item.answer.field, item.answer.value, item.reason) for item in found] == [
        ("n_enrolled", "18", "table 1 counts everyone"),
        ("year", "", ""),
        ("id", "", ""),
    ]

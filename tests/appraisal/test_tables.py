"""A form is written, filled in and read; every bad cell is told with its place, and no faulty appraisal slips in."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.appraisal import FORM_COLUMNS, check, complete, form_rows, form_text, read_table, tool, tools
from stromata.appraisal.tables import read_finished
from stromata.errors import InvalidInput, NotFound
from stromata.model import Judgement, SignallingAnswer

LOW = {
    "1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "PN", "2.6": "Y", "3.1": "PY", "4.1": "N", "4.2": "N",
    "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N",
}  # fmt: skip
HEAD = "study,result,tool,item,answer,support,quote,locator,level,reason,direction\n"


def fill(of, answers, levels=(), *, study="A1", result="resp"):
    rows = form_rows(of, [(study, result)])
    for row in rows:
        row["answer"] = answers.get(row["item"], "")
        row["support"] = "as printed" if row["answer"] else ""
        row["level"] = dict(levels).get(row["item"], "")
    return form_text(rows)


def rob2(*lines):
    """Return a table with a header and lines for one result of one study, each written from the item on."""
    return HEAD + "".join(f"A1,resp,rob2-assignment,{line}\n" for line in lines)


def places(problems):
    return [(problem.line, problem.column, problem.code) for problem in problems]


@pytest.mark.parametrize("one", tools(), ids=lambda one: one.id)
def test_a_form_has_a_row_for_every_question_and_level(one):
    rows = form_rows(one, [("A1", ""), ("B2", "")])
    items = [row["item"] for row in rows if row["study"] == "B2"]
    judged = [domain.id for domain in one.domains if domain.judged]
    assert sorted(items) == sorted(
        [question.id for question in one.questions()] + judged + (["overall"] if one.overall_levels else [])
    )
    assert all(tuple(row) == FORM_COLUMNS and row["question"] and row["allowed"] for row in rows)
    assert list(csv.DictReader(io.StringIO(form_text(rows)))) == list(rows)


def test_a_form_says_when_a_question_is_asked_and_where_a_level_is_proposed():
    rows = {row["item"]: row for row in form_rows("rob2-assignment", [("A1", "resp")])}
    assert rows["2.4"]["question"].startswith("Only if 2.3 is Y or PY: ")
    assert rows["3.2"]["allowed"] == "Y / PY / PN / N"
    assert rows["D1"]["allowed"] == "Low / Some concerns / High"
    assert "proposed" in rows["overall"]["question"]
    rows = {row["item"]: row for row in form_rows("robins-i", [("A1", "resp")])}
    assert "proposed" not in rows["D1"]["question"]


def test_an_empty_form_is_no_appraisal_and_no_problem_but_an_unfinished_one():
    appraisals, problems = read_table(form_text(form_rows("syrcle", [("A1", "")])), appraiser="ann")
    assert problems == ()
    assert [(one.study, one.answers, one.judgements) for one in appraisals] == [("A1", (), ())]
    assert {problem.code for problem in check(appraisals[0])} == {"missing-answer"}


def test_a_filled_form_becomes_an_appraisal():
    text = fill("rob2-assignment", LOW, {"overall": "low"}.items())
    (one,), problems = read_table(text, appraiser="ann")
    assert problems == ()
    assert (one.tool, one.version, one.study, one.result, one.appraiser) == (
        "rob2-assignment",
        "2019-08-22",
        "A1",
        "resp",
        "ann",
    )
    assert {answer.question: answer.answer for answer in one.answers} == LOW
    assert one.judgements == (Judgement("overall", "low"),)
    assert check(complete(one)) == ()


def test_all_cells_are_kept():
    text = rob2('1.1,Y,"central, by phone","a computer",p. 3,,,', "D1,,,,,high,leaked,favours cells")
    (one,), problems = read_table(text, appraiser="ann")
    assert problems == ()
    assert one.answers == (SignallingAnswer("1.1", "Y", "central, by phone", "a computer", "p. 3"),)
    assert one.judgements == (Judgement("D1", "high", "", "leaked", "favours cells"),)


def test_answers_and_levels_are_read_by_id_label_or_a_known_short_form():
    text = (
        HEAD
        + "A1,,JBI-case-series,1,Y,,,,,,\nA1,,jbi-case-series,2,Unclear,,,,,,\nA1,,jbi-case-series,3,N/A,,,,,,\n"
        + "A1,,jbi-case-series,Overall,,,,,Seek further info,,\n"
        + "B2,r,rob2-assignment,1.1,probably yes,,,,,,\nB2,r,rob2-assignment,d1,,,,,SOME CONCERNS,x,\n"
        + "rev,,amstar-2,11a,No MA,,,,,,\n"
    )
    (jbi, rob, amstar), problems = read_table(text, appraiser="ann")
    assert problems == ()
    assert [answer.answer for answer in jbi.answers] == ["yes", "unclear", "not-applicable"]
    assert jbi.judgements[0].level == "seek-information"
    assert (rob.answers[0].answer, rob.judgements[0].domain, rob.judgements[0].level) == ("PY", "D1", "some-concerns")
    assert amstar.answers[0].answer == "no-meta-analysis"


def test_every_bad_cell_is_told_at_once_with_its_place():
    text = rob2(
        "1.1,maybe,,,,,,",
        "1.9,Y,,,,,,",
        "1.2,,read it,,,,,",
        "1.3,N,,,,high,,",
        "D1,Y,,,,,,",
        "D2,,,,,terrible,,",
        "2.1,N,,,,,,",
        "2.1,Y,,,,,,",
        ",Y,,,,,,",
        "5.1,Y,,,,,,,surplus",
    )
    text += "B2,r,rob9,1.1,Y,,,,,,\n,r,rob2-assignment,1.1,Y,,,,,,\n"
    appraisals, problems = read_table(text, appraiser="ann")
    assert appraisals == ()
    assert places(problems) == [
        (2, "answer", "answer-not-allowed"),
        (3, "item", "unknown-item"),
        (4, "answer", "answer-missing"),
        (5, "level", "not-for-questions"),
        (6, "answer", "not-for-levels"),
        (7, "level", "unknown-level"),
        (9, "item", "named-twice"),
        (10, "item", "missing-cell"),
        (11, "", "too-many-cells"),
        (12, "tool", "unknown-tool"),
        (13, "study", "missing-cell"),
    ]
    assert all(problem.hint for problem in problems)
    assert "on line 8" in problems[6].text


def test_what_contradicts_the_rules_is_told_at_its_line():
    text = rob2("3.1,Y,,,,,,", "3.3,Y,,,,,,", "1.1,Y,,,,,,", "1.2,N,,,,,,", "1.3,N,,,,,,", "D1,,,,,low,,")
    appraisals, problems = read_table(text, appraiser="ann")
    assert appraisals == ()
    assert places(problems) == [(3, "answer", "unreached-answer"), (7, "level", "missing-reason")]


def test_a_result_must_be_named_for_tools_that_judge_results():
    appraisals, problems = read_table(HEAD + "A1,,rob2-assignment,1.1,Y,,,,,,\n", appraiser="ann")
    assert (appraisals, places(problems)) == ((), [(2, "result", "missing-result")])


def test_a_fault_holds_back_its_own_appraisal_only():
    text = rob2("1.1,maybe,,,,,,", "1.2,Y,,,,,,") + "B2,resp,rob2-assignment,1.1,Y,,,,,,\n"
    appraisals, problems = read_table(text, appraiser="ann")
    assert [one.study for one in appraisals] == ["B2"]
    assert places(problems) == [(2, "answer", "answer-not-allowed")]


@pytest.mark.parametrize("row", [",r,syrcle,1,no,,,,,,\n", "A1,,,1,no,,,,,,\n", 'A1,,syrcle,1,"n"o,,,,,,\n'])
def test_a_row_that_belongs_to_nothing_holds_back_all(row):
    """It may be the one that changes what an appraisal says."""
    appraisals, problems = read_table(HEAD + "A1,,syrcle,2,yes,,,,,,\n" + row, appraiser="ann")
    assert appraisals == ()
    assert [problem.line for problem in problems] == [3]


def test_the_words_for_not_reached_may_be_written_where_they_belong():
    text = fill("rob2-assignment", LOW | {"2.3": "NA", "3.2": "Not applicable"})
    (one,), problems = read_table(text, appraiser="ann")
    assert problems == ()
    assert check(one) == ()
    (_,), problems = read_table(rob2("2.1,N,,,,,,"), appraiser="ann")
    assert problems == ()
    _, problems = read_table(rob2("2.1,NA,,,,,,"), appraiser="ann")
    assert places(problems) == [(2, "answer", "answer-not-allowed")]


def test_settings_of_the_protocol_decide_what_needs_a_reason():
    good = {question.id: "yes" for question in tool("amstar-2").questions()} | {"2": "no"}
    text = fill("amstar-2", good, {"overall": "High"}.items(), result="")
    assert [problem.code for problem in read_table(text, appraiser="ann")[1]] == ["overall-too-good"]
    (one,), problems = read_table(text, appraiser="ann", critical=("4",))
    assert (one.study, problems) == ("A1", ())
    assert read_table(fill("syrcle", {"1": "yes"}, result=""), appraiser="ann", critical=("4",))[1] == ()
    with pytest.raises(InvalidInput):
        read_table(text, appraiser="ann", critical=("99",))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheet_programs_write_is_read(tmp_path, delimiter, encoding):
    path = tmp_path / "filled.csv"
    rows = [FORM_COLUMNS, *([row[name] for name in FORM_COLUMNS] for row in form_rows("syrcle", [("A1", "")]))]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    appraisals, problems = read_table(path, appraiser="ann")
    assert ([one.study for one in appraisals], problems) == (["A1"], ())


def test_other_encodings_are_read_or_refused_and_told(tmp_path):
    path = tmp_path / "a.csv"
    text = rob2("1.1,Y,随机数字表法,,,,,")
    path.write_bytes(text.encode("gb18030"))
    (one,), problems = read_table(path, appraiser="ann")
    assert (one.answers[0].support, places(problems)) == ("随机数字表法", [(2, "", "encoding")])
    path.write_bytes(text.encode("utf-16"))
    appraisals, problems = read_table(path, appraiser="ann")
    assert (appraisals, places(problems)) == ((one,), [(0, "", "encoding")])
    path.write_bytes(text.encode("utf-16") + b"\n")
    appraisals, problems = read_table(path, appraiser="ann")
    assert (appraisals, places(problems)) == ((), [(3, "", "wrong-encoding")])
    path.write_bytes(rob2("1.1,Y,Präzision,,,,,").encode("latin-1"))
    appraisals, problems = read_table(path, appraiser="ann")
    assert (appraisals, places(problems)) == ((), [(2, "", "wrong-encoding")])


def test_the_name_of_the_file_is_left_to_whoever_shows_the_problem(tmp_path):
    path = tmp_path / "filled.csv"
    path.write_text(rob2("1.1,maybe,,,,,,"), encoding="utf-8")
    (problem,) = read_table(path, appraiser="ann")[1]
    assert "filled.csv" not in problem.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [(0, "", "empty-table")]),
        ("study,item\nA1,1.1\n", [(1, "", "missing-column")]),
        ("study,tool,item,item\n", [(1, "item", "column-twice")]),
        ("study,tool,item,colour\n", [(1, "", "unknown-column")]),
        ('study,tool,item\nA1,"syrcle"x,1\n', [(2, "", "broken-row")]),
    ],
)
def test_a_table_that_cannot_be_read_is_told(text, found):
    assert places(read_table(text, appraiser="ann")[1]) == found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_without_text_is_empty_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(" \n".encode(encoding))
    assert "empty-table" in [problem.code for problem in read_table(path, appraiser="ann")[1]]


def test_many_unknown_columns_are_counted():
    names = [f"c{number}" for number in range(40)]
    _, problems = read_table(f"study,tool,item,{','.join(names)}\n", appraiser="ann")
    assert [problem.code for problem in problems] == ["unknown-column"] * 11
    assert "'c9'" in problems[9].text
    assert problems[10].text.startswith("30 more columns")


def test_columns_without_a_name_are_passed_over():
    """Spreadsheet programs write them when a cell to the right was once filled in."""
    text = "study,tool,item,answer,,\nA1,syrcle,1,yes,,\n"
    (one,), problems = read_table(text, appraiser="ann")
    assert (one.answers[0].answer, problems) == ("yes", ())


def test_a_cell_that_is_too_long_is_called_so():
    text = HEAD + f'A1,,syrcle,1,yes,"{"x" * 200_000}",,,,,\n'
    appraisals, (problem,) = read_table(text, appraiser="ann")
    assert (appraisals, problem.line, problem.code) == ((), 2, "broken-row")
    assert f"more than {csv.field_size_limit()} characters" in problem.text


def test_a_nul_byte_holds_back_its_appraisal_or_all_if_it_may_belong_to_any():
    good = "B2,,syrcle,1,yes,,,,,,\n"
    appraisals, problems = read_table(HEAD + good + "A1,,syrcle,1,yes,b\0d,,,,,\n", appraiser="ann")
    assert ([one.study for one in appraisals], places(problems)) == (["B2"], [(3, "support", "nul-byte")])
    appraisals, problems = read_table(HEAD + good + "A\0,,syrcle,1,yes,,,,,,\n", appraiser="ann")
    assert (appraisals, places(problems)) == ((), [(3, "study", "nul-byte")])


def test_what_is_wanting_stands_at_its_own_row_or_at_the_first_of_its_appraisal():
    """The ids of some tools' items are numbers, which must not be taken for lines."""
    asked = [question.id for question in tool("syrcle").questions()]
    first = fill("syrcle", dict.fromkeys(asked, "yes") | {"10": ""}, study="B2", result="")
    whole, problems = read_finished(first + "A1,,syrcle,1,,,yes,,,,,,\n", appraiser="ann")
    assert whole == ()
    rows = list(csv.DictReader(io.StringIO(first)))
    own = 2 + next(place for place, row in enumerate(rows) if row["item"] == "10")
    of_first = [problem for problem in problems if "B2" in problem.text]
    assert places(of_first) == [(own, "answer", "missing-answer")]
    of_second = [problem for problem in problems if "A1" in problem.text and problem.code == "missing-answer"]
    assert len(of_second) == len(asked) - 1
    assert {(problem.line, problem.column) for problem in of_second} == {(len(rows) + 2, "answer")}


def test_finished_appraisals_are_completed_and_unsupported_answers_keep_nothing_out():
    text = fill("rob2-assignment", LOW).replace("as printed", "", 1)
    (one,), problems = read_finished(text, appraiser="ann")
    assert one == complete(read_table(text, appraiser="ann")[0][0])
    assert {judgement.domain: judgement.level for judgement in one.judgements}["overall"] == "low"
    assert places(problems) == [(2, "answer", "support-missing")]
    assert problems[0].text.startswith("rob2-assignment, A1 resp: 1.1")


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"gone\.csv"):
        read_table(tmp_path / "gone.csv", appraiser="ann")


WORDS = st.sampled_from(["Y", "PN", "NI", "NA", "yes", "no", "low", "High", "x", "", " ", '"', ",", ";", "\n", "D1"])
CELLS = st.sampled_from(["A1", "syrcle", "rob2-assignment", "1", "1.1", "D1", "overall", *FORM_COLUMNS]) | WORDS


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=12), max_size=6))
def test_any_table_gives_appraisals_or_problems(rows):
    text = HEAD + "\n".join(",".join(row) for row in rows)
    appraisals, problems = read_table(text, appraiser="ann")
    filled = [row for row in rows if any(cell.strip(' ,\n"') for cell in row)]
    assert appraisals or problems or not filled
    for one in appraisals:
        assert complete(complete(one)) == complete(one)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_what_is_written_is_read_back(data):
    of = data.draw(st.sampled_from(["syrcle", "jbi-cohort", "amstar-2"]))
    questions = list(tool(of).questions())
    answers = {question.id: data.draw(st.sampled_from(question.answers)) for question in questions}
    text = data.draw(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20))
    rows = form_rows(of, [("A1", "")])
    for row in rows:
        if row["item"] in answers:
            row |= {"answer": answers[row["item"]], "support": text}
    appraisals, problems = read_table(form_text(rows), appraiser="ann")
    if any(problem.code == "contradiction" for problem in problems):
        return
    (one,) = appraisals
    assert {answer.question: answer.answer for answer in one.answers} == answers
    assert {answer.support for answer in one.answers} == {text}

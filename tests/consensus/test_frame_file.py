"""Frames as YAML: what is written is read back, bare words are answers, and every fault has its line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.consensus import etd_criteria, frame_yaml, read_frame
from stromata.consensus.frame_file import frame_text
from stromata.errors import NotFound, Unreadable
from stromata.model.consensus import EtdFrame, EtdJudgement, Recommendation

MADE = Recommendation("S1", "conditional", "for", "offer cells to adults", "low", "few studies")
FRAME = EtdFrame(
    "lupus",
    "Should cells be offered: yes or no?",
    "population",
    (
        EtdJudgement("problem", "yes", "Many are ill # really.", "Seen daily.", "Ann", (("yes", 5), ("varies", 1))),
        EtdJudgement("acceptability", "no", person="Ann"),
    ),
    MADE,
    "Children: no data.",
    "Train staff.\n\nBuy freezers.",
    "Yearly.",
    "A trial.",
    ("responders/lupus", "deaths"),
    "cells or usual care",
)
TEXT = "id: f\nquestion: Should it?\n"


def faults(text, **options):
    found, problems = read_frame(TEXT + text, **options)
    assert (found is None) == bool(problems)
    assert all(item.text for item in problems)
    return [(item.line, item.code, item.column) for item in problems]


def test_what_is_written_is_read_back():
    assert read_frame(frame_yaml(FRAME), person="Ann") == (FRAME, ())


def test_an_empty_frame_names_every_criterion_with_its_answers_and_is_read_back_empty():
    text = frame_yaml(EtdFrame("f", "Should it?"))
    for criterion in etd_criteria():
        assert f"criterion: {criterion.id}\n" in text
        assert f"# {', '.join(answer.id for answer in criterion.answers)}\n" in text
    assert read_frame(text) == (EtdFrame("f", "Should it?"), ())


def test_evidence_without_an_answer_is_written_and_stays_unanswered():
    text = frame_yaml(EtdFrame("f", "Should it?", judgements=(EtdJudgement("certainty", "", "Low for response."),)))
    assert "evidence: Low for response." in text
    assert read_frame(text)[0].judgements == ()


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60).map(str.strip)


@settings(max_examples=60, deadline=None)
@given(words.filter(bool), words, words)
def test_any_words_survive_the_file(question, evidence, action):
    frame = EtdFrame(
        "f",
        question,
        judgements=(EtdJudgement("values", "important", evidence),),
        recommendation=Recommendation("", "strong", "against", f"do {action}".strip()),
    )
    assert read_frame(frame_yaml(frame)) == (frame, ())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_frame_or_problems_and_never_a_crash(text):
    try:
        found, problems = read_frame(text)
    except Unreadable:
        return
    assert (found is None) == bool(problems)


def test_yes_and_no_without_quotes_are_answers_not_truth_values():
    text = TEXT + "judgements:\n- {criterion: problem, answer: no, votes: {no: 4, yes: 2, varies: 0}}\n"
    (judgement,) = read_frame(text)[0].judgements
    assert (judgement.answer, judgement.votes) == ("no", (("no", 4), ("yes", 2)))


def test_answers_may_be_written_with_capitals_and_spaces():
    text = TEXT + "judgements:\n- {criterion: certainty, answer: Very low}\n"
    assert read_frame(text)[0].judgements[0].answer == "very-low"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("judgement: []\n", (3, "key-unknown", "judgement")),
        ("id: g\n", (3, "key-twice", "id")),
        ("perspective: mine\n", (3, "word-unknown", "perspective")),
        ("research: [a, b]\n", (3, "no-text", "research")),
        ("outcomes: deaths\n", (3, "no-list", "outcomes")),
        ("outcomes:\n- deaths\n- deaths\n", (5, "outcome-twice", "outcomes")),
        ("judgements:\n- problem\n", (4, "no-mapping", "")),
        ("judgements:\n- {answer: yes}\n", (4, "key-missing", "criterion")),
        ("judgements:\n- criterion: problme\n  answer: yes\n", (4, "criterion-unknown", "criterion")),
        ("judgements:\n- criterion: problem\n  answer: maybe\n", (5, "answer-unknown", "answer")),
        ("judgements:\n- criterion: problem\n  answer: large\n", (5, "answer-unknown", "answer")),
        ("judgements:\n- criterion: problem\n  answer: yes\n  votes: {large: 3}\n", (6, "answer-unknown", "answer")),
        ("judgements:\n- criterion: problem\n  answer: yes\n  votes: {yes: -3}\n", (6, "votes-not-a-number", "votes")),
        ("judgements:\n- criterion: problem\n  answer: yes\n  votes: {yes: 2.5}\n", (6, "votes-not-a-number", "votes")),
        ("judgements:\n- criterion: problem\n  answer: yes\n  votes: 7\n", (6, "no-mapping", "")),
        ("judgements:\n- criterion: problem\n  considerations: it is\n", (4, "answer-missing", "answer")),
        ("judgements:\n- criterion: problem\n  reason: it is\n", (5, "key-unknown", "reason")),
        (
            "judgements:\n- {criterion: problem, answer: yes}\n- {criterion: problem, answer: no}\n",
            (5, "criterion-twice", "criterion"),
        ),
        ("recommendation:\n  strength: weak\n  direction: for\n  action: do\n", (4, "word-unknown", "strength")),
        ("recommendation:\n  strength: strong\n  action: do\n", (4, "key-missing", "direction")),
        ("recommendation:\n  strength: strong\n  direction: for\n", (4, "key-missing", "action")),
        (
            "recommendation:\n  direction: either\n  strength: strong\n  action: do\n",
            (5, "recommendation-unsound", "strength"),
        ),
        (
            "recommendation:\n  strength: strong\n  direction: for\n  action: do\n  certainty: lowest\n",
            (7, "word-unknown", "certainty"),
        ),
    ],
)
def test_each_fault_has_its_line(text, fault):
    assert faults(text) == [fault]


def test_id_and_question_are_needed():
    _, problems = read_frame("options: a or b\n")
    assert [(item.code, item.column) for item in problems] == [("key-missing", "id"), ("key-missing", "question")]
    assert read_frame("- a\n- b\n")[1][0].code == "no-mapping"


def test_outcomes_must_have_been_judged_and_statements_be_there():
    text = "outcomes: [deaths, pain]\nrecommendation: {statement: S9, strength: strong, direction: for, action: do}\n"
    assert faults(text) == []
    assert faults(text, judged=["deaths", "pain"], statements=["S9"]) == []
    assert faults(text, judged=["deaths"], statements=["S1"]) == [
        (3, "outcome-not-judged", "outcomes"), (4, "statement-unknown", "statement")
    ]  # fmt: skip


def test_a_statement_may_be_left_out():
    text = "recommendation: {strength: strong, direction: for, action: do}\n"
    assert faults(text, statements=[]) == []


@pytest.mark.parametrize("text", ["a: [", "a: b: c\n", "", "# nothing\n", "\x00", "a: 1\n---\nb: 2\n"])
def test_what_is_no_yaml_is_unreadable(text):
    with pytest.raises(Unreadable, match=r"frame\.yaml"):
        read_frame(text, name="frame.yaml")


def test_a_broken_file_is_named_with_its_line():
    with pytest.raises(Unreadable, match="line 3"):
        read_frame(TEXT + "a: b: c\n", name="frame.yaml")


@pytest.mark.parametrize("name", ["../../x", '"\\e[31mred"', "a b", "a/b", ".hidden", "x" * 101])
def test_an_id_that_cannot_be_typed_is_refused(name):
    frame, problems = read_frame(f"id: {name}\nquestion: q\n")
    assert (frame, [(one.code, one.line) for one in problems]) == (None, [("id-unsound", 1)])
    assert "\x1b" not in problems[0].text


def test_an_id_that_differs_in_capital_letters_alone_is_refused():
    frame, problems = read_frame("question: q\nid: F1\n", frames=["f1", "other"])
    assert (frame, [(one.code, one.line) for one in problems]) == (None, [("id-alike", 2)])
    assert read_frame("question: q\nid: f1\n", frames=["f1"])[0] is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: &a x\nquestion: *a\n", r"frame\.yaml, line 2: the alias \*a stands"),
        ("id: x\noutcomes: " + "[" * 4000, r"line 2: it is nested deeper than 20 levels"),
        ("id: x\nquestion: a\x00b\n", r"line 2: the character U\+0000 cannot stand in a text"),
        ("id: x\n  question: q\n", r"line 2: this is not YAML"),
    ],
)
def test_a_file_that_is_no_frame_is_told_in_our_words(text, said):
    with pytest.raises(Unreadable, match=said):
        read_frame(text, name="frame.yaml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_utf_16_with_its_mark_are_read_alike(tmp_path, encoding):
    path = tmp_path / "frame.yaml"
    path.write_bytes("id: x\nquestion: \u4e00?\n".encode(encoding))
    assert read_frame(frame_text(path))[0].question == "\u4e00?"


def test_a_file_without_text_is_told_by_its_line(tmp_path):
    path = tmp_path / "frame.yaml"
    path.write_bytes(b"id: x\nquestion: \xe9\n")
    with pytest.raises(Unreadable, match="not UTF-8 text: line 2 holds other bytes"):
        frame_text(path)
    with pytest.raises(Unreadable, match="is a folder; a file is needed"):
        frame_text(tmp_path)
    with pytest.raises(NotFound):
        frame_text(tmp_path / "none.yaml")

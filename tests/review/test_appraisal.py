"""Two people appraise, each for themselves: sealed until both are in; the consensus counts, or what they agree on."""

import csv
import io
from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, as_person, begin
from stromata import appraisal, review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import AppraisalRule, Arm, Outcome, StudiesLoaded, Study, StudyTables

CARL = "carl"
TABLES = StudyTables(
    studies=(Study("s1", "A trial in mice", "psoriasis", "preclinical"), Study("s2", "A trial", "psoriasis", "rct")),
    arms=(Arm("s2/cells", "s2", "Cells"),),
    outcomes=(Outcome("s2/resp", "s2", "response"), Outcome("s2/dead", "s2", "death")),
)
LOW = {"1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y"} | {
    "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N"
}  # fmt: skip
"""Answers that lead to a low risk of bias in every domain of RoB 2."""

RULES = (AppraisalRule("syrcle", ("preclinical",)), AppraisalRule("rob2-assignment", ("rct",), outcomes=("response",)))


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path / "review") as opened:
        review.grant(opened, LEAD, "adjudicator")
        review.set_protocol(opened, replace(PROTOCOL, appraisal=RULES))
        with opened.store.transaction(opened.id, actor=LEAD, at=opened.clock()) as tx:
            tx.append(StudiesLoaded(TABLES))
        yield opened


def rows(project, tool="syrcle", studies=("s1",)):
    return list(csv.DictReader(io.StringIO(review.appraisal_form(project, tool, studies))))


def filled(project, path, answers=None, *, tool="syrcle", studies=("s1",), word="unclear"):
    """Fill in a form: every question with `word`, or as told; the levels stay empty."""
    asked = {question.id for question in appraisal.tool(tool).questions()}
    given = rows(project, tool, studies)
    for row in given:
        row["answer"] = (answers or {}).get(row["item"], word) if row["item"] in asked else ""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(given[0]))
        writer.writeheader()
        writer.writerows(given)
    return path


@pytest.fixture
def questions(project):
    return [question.id for question in appraisal.tool("syrcle").questions()]


@pytest.fixture
def load(project, tmp_path, questions):
    def load(person, **answers):
        named = {questions[int(number[1:])]: answer for number, answer in answers.items()}
        path = filled(project, tmp_path / f"{person}.csv", dict.fromkeys(questions, "unclear") | named)
        return review.load_appraisals(as_person(project, person), path)

    return load


def test_a_form_has_a_block_per_study_or_per_result_of_the_rule(project):
    assert {(row["study"], row["result"]) for row in rows(project)} == {("s1", "")}
    found = rows(project, "rob2-assignment", ("s2",))
    assert {(row["study"], row["result"]) for row in found} == {("s2", "s2/resp")}
    review.set_protocol(project, PROTOCOL)
    found = rows(project, "rob2-assignment", ("s2",))
    assert {row["result"] for row in found} == {"s2/resp", "s2/dead"}
    with pytest.raises(NotFound, match="no study 's9'"):
        review.appraisal_form(project, "syrcle", ["s9"])


def test_levels_follow_from_the_answers(load):
    (made,), problems = load(ANN, q0="yes", q1="no")
    assert {problem.code for problem in problems} == {"support-missing"}
    levels = [item.level for item in made.judgements]
    assert len(set(levels)) == 3, levels
    assert all(item.level == item.proposed for item in made.judgements)


def test_what_two_agree_on_counts(project, load):
    load(ANN)
    (standing,) = review.appraisals(project)
    assert (standing.state, standing.appraisers, standing.final) == ("open", (ANN,), None)
    load(BOB)
    (standing,) = review.appraisals(project)
    assert (standing.state, standing.final.appraiser) == ("agreed", ANN)
    assert review.compare_appraisals(project) == ()
    assert project.store.verify().ok


def test_an_appraisal_is_sealed_until_the_other_is_in(project, load):
    load(ANN, q0="yes")
    assert review.compare_appraisals(project) == review.appraisal_agreement(project) == ()
    for person, sealed in ((BOB, True), (LEAD, True), (ANN, False)):
        entry = review.events(as_person(project, person), last=1)[0]
        assert (entry.kind, entry.sealed, "answers" in str(entry.payload)) == ("appraised", sealed, not sealed)
    load(ANN, q0="no")
    load(BOB, q0="no")
    assert not any(entry.sealed for entry in review.events(as_person(project, BOB)))
    with pytest.raises(NotAllowed, match="cannot be changed any more"):
        load(ANN)


def test_whoever_has_seen_the_other_changes_nothing_whatever_the_protocol_says_later(project, load):
    load(ANN, q0="yes")
    load(BOB, q0="no")
    review.set_protocol(project, replace(PROTOCOL, appraisal=(replace(RULES[0], appraisers=1),)))
    with pytest.raises(NotAllowed, match="cannot be changed any more"):
        load(ANN, q0="no")
    with pytest.raises(NotAllowed, match="nothing is taken back"):
        review.withdraw_appraisal(as_person(project, ANN), "syrcle", "s1", reason="second thoughts")


def test_a_slip_is_taken_back_before_anybody_sees_it(project, load):
    load(ANN)
    with pytest.raises(NotFound, match="nothing to withdraw"):
        review.withdraw_appraisal(as_person(project, BOB), "syrcle", "s1", reason="not mine")
    review.withdraw_appraisal(as_person(project, ANN), "syrcle", "s1", reason="wrong study")
    assert review.appraisals(project) == ()
    assert project.store.verify().ok


def test_a_third_person_is_not_asked_for(project, load):
    review.grant(project, CARL, "extractor")
    load(ANN)
    load(BOB)
    with pytest.raises(NotAllowed, match="asks for 2"):
        load(CARL)


def test_differences_wait_for_the_consensus(project, load, questions, tmp_path):
    load(ANN, q0="yes", q1="no")
    load(BOB, q0="no", q1="no")
    (standing,) = review.appraisals(project)
    assert (standing.state, standing.final) == ("differing", None)
    differing = review.compare_appraisals(project)
    assert (questions[0], ("yes", "no")) in [(item.item, item.given) for item in differing]
    assert questions[1] not in [item.item for item in differing]
    agreed = {item.column: item.observed for item in review.appraisal_agreement(project)}
    assert sorted(set(agreed.values())) == [0, 1]
    consensus = filled(project, tmp_path / "both.csv", dict.fromkeys(questions, "unclear") | {questions[0]: "no"})
    with pytest.raises(NotAllowed, match="may not settle appraisals"):
        review.settle_appraisals(as_person(project, ANN), consensus)
    review.settle_appraisals(project, consensus)
    (standing,) = review.appraisals(project)
    assert (standing.state, standing.final.appraiser) == ("settled", LEAD)
    assert review.compare_appraisals(project) == ()
    assert project.store.verify().ok


def test_nothing_is_settled_before_both_are_in(project, load, tmp_path):
    load(ANN)
    with pytest.raises(NotAllowed, match="by ann; 2 are needed"):
        review.settle_appraisals(project, filled(project, tmp_path / "both.csv"))


def test_an_appraisal_of_what_is_not_there_is_refused(project, tmp_path):
    path = filled(project, tmp_path / "a.csv", LOW, tool="rob2-assignment", studies=("s2",), word="")
    text = path.read_text(encoding="utf-8")
    for right, wrong, error in (("s2,", "s9,", "no study 's9'"), ("s2/resp", "s2/none", "no result 's2/none'")):
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        with pytest.raises(NotFound, match=error):
            review.load_appraisals(as_person(project, ANN), path, strict=False)


def test_a_fault_keeps_everything_out(project, load, questions):
    before = review.info(project).events
    _, problems = load(ANN, q0="maybe so")
    assert problems
    assert review.info(project).events == before


def test_an_unfinished_appraisal_is_not_kept(project, tmp_path, questions):
    before = review.info(project).events
    path = filled(project, tmp_path / "a.csv", dict.fromkeys(questions[1:], "unclear"), word="")
    found, problems = review.load_appraisals(as_person(project, ANN), path)
    assert [(problem.code, problem.column) for problem in problems if problem.code != "missing-level"] == [
        ("missing-answer", "answer")
    ]
    assert {problem.line > 0 for problem in problems} == {True}
    assert (found, review.info(project).events) == ((), before)
    assert review.load_appraisals(as_person(project, ANN), path, strict=False)[0] == ()


def test_an_answer_without_support_is_named_and_kept(project, tmp_path):
    path = filled(project, tmp_path / "a.csv", LOW, tool="rob2-assignment", studies=("s2",), word="")
    (made,), problems = review.load_appraisals(as_person(project, ANN), path)
    assert {problem.code for problem in problems} == {"support-missing"}
    assert {item.level for item in made.judgements} == {"low"}
    assert len(review.appraisals(project)) == 1


def test_fewer_appraisers_cannot_unseal(project, load):
    load(ANN)
    with pytest.raises(NotAllowed, match="1 appraisers with syrcle instead of 2"):
        review.set_protocol(project, replace(PROTOCOL, appraisal=(replace(RULES[0], appraisers=1),)))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((AppraisalRule("tarot", ("rct",)),), "'tarot' is unknown"),
        ((RULES[0], RULES[0]), "has 2 rules"),
        ((replace(RULES[0], appraisers=3),), "3 appraisers"),
        ((replace(RULES[1], outcomes=("joy",)),), "outcome 'joy' is not defined"),
        ((replace(RULES[0], designs=()),), "no designs are named"),
        ((AppraisalRule("amstar-2", ("review",), critical=("99",)),), "99"),
        ((replace(RULES[0], critical=("1",)),), "no critical items"),
    ],
)
def test_a_protocol_with_impossible_rules_is_refused(rules, words):
    with pytest.raises(InvalidInput, match=words):
        review.check_protocol(replace(PROTOCOL, appraisal=rules))


def test_one_appraiser_is_enough_where_the_protocol_says_so(project, load):
    review.set_protocol(project, replace(PROTOCOL, appraisal=(replace(RULES[0], appraisers=1),)))
    load(ANN, q0="yes")
    load(ANN, q0="no")
    (standing,) = review.appraisals(project)
    assert standing.state == "agreed"

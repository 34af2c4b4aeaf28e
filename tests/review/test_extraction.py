"""Two people extract, each for themselves: sealed until both are in, compared, settled, and only then loaded."""

import csv
import io
from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, as_person, begin
from stromata import review
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound
from stromata.model import FormField, Suggestion, SuggestionRun
from stromata.review.extraction import automation_ledger

CARL = "carl"
RUN = SuggestionRun(
    id="ab" * 32, about="S1", text_sha256="0" * 64, extractor="rules", version="1",
    suggestions=(Suggestion("n", "17", "patients", 0, 11, "17 patients", 0.9),
                 Suggestion("design", "single-arm", "", 12, 22, "single-arm", 0.8)),
)  # fmt: skip
GIVEN = {
    ("study", "", "title"): "A trial",
    ("study", "", "condition"): "psoriasis",
    ("study", "", "design"): "single-arm",
    ("study", "", "n_enrolled"): "17",
    ("arm", "cells", "label"): "Cells",
    ("arm", "cells", "role"): "intervention",
    ("arm", "cells", "product_class"): "msc",
    ("outcome", "resp", "kind"): "response",
    ("result", "cells/resp", "events"): "8",
    ("result", "cells/resp", "total"): "17",
}


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path / "review") as opened:
        for person in (ANN, BOB, CARL):
            review.grant(opened, person, "extractor")
        review.grant(opened, LEAD, "adjudicator")
        review.set_protocol(opened, replace(PROTOCOL, extractors=2, form=(FormField("funder", "study", "Funder"),)))
        yield opened


def fill(project, folder, answers, *, study="S1", suggestion=None, name="form.csv"):
    """Fill in a form as a person would: from the empty one."""
    text = review.extraction_form(project, study, arms=("cells",), outcomes=("resp",))
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        row["value"] = answers.get((row["about"], row["subject"], row["field"]), "")
        row["address"] = "https://example.org/1" if row["value"] else ""
        if suggestion and row["field"] in suggestion:
            row["suggestion"] = suggestion[row["field"]]
    return write(folder / name, rows)


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def both(project, folder, *, second=None):
    review.load_extraction(as_person(project, ANN), fill(project, folder, GIVEN))
    review.load_extraction(as_person(project, BOB), fill(project, folder, GIVEN | (second or {})))


def test_what_both_agree_on_is_loaded_with_its_evidence(project, tmp_path):
    both(project, tmp_path)
    assert [(item.state, item.differences) for item in review.extractions(project)] == [("agreed", 0)]
    tables, problems = review.finish_extraction(project, "S1")
    assert problems == ()
    assert review.studies(project) == tables
    assert {(p.id, p.value) for p in tables.data_points} == {
        ("S1/cells/resp/events", 8),
        ("S1/cells/resp/total", 17),
    }
    assert {p.evidence.extractor for p in tables.data_points} == {ANN}
    assert [item.state for item in review.extractions(project)] == ["loaded"]
    assert project.store.verify().ok


def test_an_extraction_stays_sealed_until_the_other_is_in(project, tmp_path):
    review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    for person in (BOB, LEAD, ANN):
        with pytest.raises(NotAllowed, match="each for themselves"):
            review.compare_extractions(as_person(project, person), "S1")
    (standing,) = review.extractions(project)
    assert (standing.extractors, standing.state, standing.differences) == ((ANN,), "open", None)
    assert review.extraction_agreement(project) == ()
    for person, sealed in ((BOB, True), (LEAD, True), (ANN, False)):
        entry = review.events(as_person(project, person), last=1)[0]
        assert (entry.kind, entry.sealed) == ("study-extracted", sealed)
        assert ("A trial" in str(entry.payload)) is not sealed


def test_once_both_are_in_everybody_sees_and_nobody_changes_their_own(project, tmp_path):
    both(project, tmp_path, second={("study", "", "n_enrolled"): "18"})
    names, merged = review.compare_extractions(project, "S1")
    assert names == (ANN, BOB)
    assert [(d.field, d.first.value, d.second.value) for d in merged.open] == [("n_enrolled", "17", "18")]
    assert not any(entry.sealed for entry in review.events(as_person(project, CARL)))
    with pytest.raises(NotAllowed, match="cannot be changed any more"):
        review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    with pytest.raises(NotAllowed, match="asks for 2"):
        review.load_extraction(as_person(project, CARL), fill(project, tmp_path, GIVEN))


def test_before_that_an_extractor_may_change_their_own(project, tmp_path):
    ann = as_person(project, ANN)
    review.load_extraction(ann, fill(project, tmp_path, GIVEN))
    review.load_extraction(ann, fill(project, tmp_path, GIVEN | {("study", "", "n_enrolled"): "18"}))
    review.load_extraction(as_person(project, BOB), fill(project, tmp_path, GIVEN))
    assert len(review.compare_extractions(project, "S1")[1].open) == 1


def test_a_difference_must_be_settled_before_the_study_is_loaded(project, tmp_path):
    both(project, tmp_path, second={("study", "", "n_enrolled"): "18"})
    with pytest.raises(Conflict, match=r"1 fields .* study n_enrolled"):
        review.finish_extraction(project, "S1")
    row = {"study": "S1", "about": "study", "subject": "", "field": "n_enrolled", "value": "18", "note": "table 1"}
    path = write(tmp_path / "settled.csv", [row])
    with pytest.raises(NotAllowed, match="may not settle extractions"):
        review.settle_extraction(as_person(project, ANN), path)
    (settled,), problems = review.settle_extraction(project, path)
    assert (problems, settled.answer.value, settled.reason) == ((), "18", "table 1")
    tables, _ = review.finish_extraction(project, "S1")
    assert tables.studies[0].n_enrolled == 18
    assert project.store.verify().ok


def test_nothing_is_settled_while_an_extractor_is_missing(project, tmp_path):
    review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    row = {"study": "S1", "about": "study", "subject": "", "field": "n_enrolled", "value": "18"}
    with pytest.raises(NotAllowed, match="by ann alone"):
        review.settle_extraction(project, write(tmp_path / "settled.csv", [row]))


def test_a_bad_row_keeps_the_whole_form_out_unless_part_is_asked_for(project, tmp_path):
    ann, before = as_person(project, ANN), review.info(project).events
    path = fill(project, tmp_path, GIVEN | {("study", "", "n_enrolled"): "many"})
    _, problems = review.load_extraction(ann, path)
    assert (problems[0].code, review.info(project).events) == ("bad-value", before)
    review.load_extraction(ann, path, strict=False)
    assert review.info(project).events == before + 1


def test_agreement_is_counted_per_field_over_finished_pairs(project, tmp_path):
    both(project, tmp_path, second={("study", "", "n_enrolled"): "18"})
    found = {(item.level, item.field): (item.n, item.equal) for item in review.extraction_agreement(project)}
    assert found["study", "n_enrolled"] == (1, 0)
    assert found["result", "events"] == (1, 1)


def test_the_form_shows_kept_suggestions(project):
    ann = as_person(project, ANN)
    review.keep_suggestions(ann, RUN)
    review.keep_suggestions(ann, RUN)
    assert review.suggestion_runs(project) == (RUN,)
    text = review.extraction_form(ann, "S1", suggestions=RUN.id[:12])
    shown = {row["field"]: row for row in csv.DictReader(io.StringIO(text)) if row["suggested"]}
    assert {name: row["suggested"] for name, row in shown.items()} == {"n_enrolled": "17", "design": "single-arm"}
    assert shown["n_enrolled"]["value"] == ""
    assert {row["suggestion"] for row in shown.values()} == {f"{RUN.id[:12]}:0", f"{RUN.id[:12]}:1"}


def test_a_suggestion_can_be_rejected_and_the_log_says_by_whom(project):
    ann = as_person(project, ANN)
    review.keep_suggestions(ann, RUN)
    review.judge_suggestion(ann, f"{RUN.id[:12]}:1", "rejected", note="of another trial")
    assert review.events(as_person(project, BOB), last=1)[0].sealed, "S1 is still to be extracted by two"
    with project.store.snapshot(project.id) as view:
        (verdict,) = view.suggestion_verdicts()
    assert (verdict.person, verdict.number, verdict.verdict) == (ANN, 1, "rejected")


@pytest.mark.parametrize(
    ("name", "verdict", "value", "error"),
    [
        ("cd:0", "rejected", "", NotFound),
        (f"{'ab' * 6}:2", "rejected", "", NotFound),
        (f"{'ab' * 6}:x", "rejected", "", NotFound),
        (f"{'ab' * 6}:１", "rejected", "", NotFound),
        (f"{'ab' * 6}:{'9' * 5000}", "rejected", "", NotFound),
        (f"{'ab' * 6}:0", "amended", "", InvalidInput),
        (f"{'ab' * 6}:0", "accepted", "18", InvalidInput),
        (f"{'ab' * 6}:0", "perhaps", "", InvalidInput),
    ],
)
def test_a_judgement_that_makes_no_sense_is_refused(project, name, verdict, value, error):
    ann = as_person(project, ANN)
    review.keep_suggestions(ann, RUN)
    with pytest.raises(error):
        review.judge_suggestion(ann, name, verdict, value=value)


def test_fewer_extractors_cannot_unseal_an_extraction(project, tmp_path):
    review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    with pytest.raises(NotAllowed, match="unseal the extractions of S1"):
        review.set_protocol(project, replace(PROTOCOL, extractors=1))


def test_half_a_form_opens_nothing(project, tmp_path):
    review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    bob, before = as_person(project, BOB), review.info(project).events
    few = {("study", "", "n_enrolled"): "18"}
    for strict in (True, False):
        _, problems = review.load_extraction(bob, fill(project, tmp_path, few), strict=strict)
        assert any("title is empty" in problem.text for problem in problems)
    assert review.info(project).events == before
    with pytest.raises(NotAllowed):
        review.compare_extractions(bob, "S1")


def test_whoever_has_seen_the_other_changes_nothing_whatever_the_protocol_says_later(project, tmp_path):
    both(project, tmp_path, second={("study", "", "n_enrolled"): "18"})
    review.set_protocol(project, replace(PROTOCOL, extractors=1))
    with pytest.raises(NotAllowed, match="cannot be changed any more"):
        review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    with pytest.raises(NotAllowed, match="nothing is taken back"):
        review.withdraw_extraction(as_person(project, ANN), "S1", reason="second thoughts")


def test_a_slip_is_taken_back_before_anybody_sees_it(project, tmp_path):
    ann = as_person(project, ANN)
    review.load_extraction(ann, fill(project, tmp_path, GIVEN, study="S9"))
    with pytest.raises(InvalidInput, match="needs a reason"):
        review.withdraw_extraction(ann, "S9", reason="")
    with pytest.raises(NotFound, match="nothing to withdraw"):
        review.withdraw_extraction(as_person(project, BOB), "S9", reason="not mine")
    review.withdraw_extraction(ann, "S9", reason="the study is S1")
    assert review.extractions(project) == ()
    assert project.store.verify().ok


def test_what_is_made_of_suggestions_is_sealed_with_its_study(project, tmp_path):
    ann, bob = as_person(project, ANN), as_person(project, BOB)
    review.keep_suggestions(ann, RUN)
    review.judge_suggestion(ann, f"{RUN.id[:12]}:1", "rejected")
    review.keep_suggestions(bob, replace(RUN, about=""))
    assert [run.about for run in review.suggestion_runs(project)] == ["S1"]
    with pytest.raises(Conflict, match="about 'S1'"):
        review.keep_suggestions(bob, replace(RUN, about="S2"))
    entry = review.events(bob, last=1)[0]
    assert entry.sealed
    assert review.events(ann, last=1)[0].payload["salt"]
    with project.store.snapshot(project.id) as view:
        assert automation_ledger(view) == (("rules", "1", 2, {}),)


def test_where_two_extract_suggestions_must_be_about_a_study_before_they_are_judged(project):
    ann = as_person(project, ANN)
    review.keep_suggestions(ann, replace(RUN, about=""))
    with pytest.raises(InvalidInput, match="could not be sealed"):
        review.judge_suggestion(ann, f"{RUN.id[:12]}:1", "rejected")
    review.keep_suggestions(ann, RUN)
    review.judge_suggestion(ann, f"{RUN.id[:12]}:1", "rejected")


def test_the_ledger_counts_answers_once_they_are_open(project, tmp_path):
    review.keep_suggestions(as_person(project, ANN), RUN)
    named = {"n_enrolled": f"{RUN.id[:12]}:0", "design": f"{RUN.id[:12]}:1"}
    given = GIVEN | {("study", "", "design"): "rct"}
    review.load_extraction(as_person(project, ANN), fill(project, tmp_path, given, suggestion=named))
    with project.store.snapshot(project.id) as view:
        assert automation_ledger(view) == (("rules", "1", 2, {}),)
    review.load_extraction(as_person(project, BOB), fill(project, tmp_path, GIVEN))
    with project.store.snapshot(project.id) as view:
        assert automation_ledger(view) == (("rules", "1", 2, {"accepted": 1, "amended": 1}),)


def test_who_is_no_extractor_extracts_nothing(project, tmp_path):
    review.revoke(project, ANN, "extractor")
    with pytest.raises(NotAllowed, match="may not extract"):
        review.load_extraction(as_person(project, ANN), fill(project, tmp_path, GIVEN))
    with pytest.raises(NotFound, match="nobody has extracted"):
        review.compare_extractions(project, "S1")

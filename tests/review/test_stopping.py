"""Stopping, taken back; the flow; audits of the excluded; the ledger."""

import pytest

from projects import ANN, BOB, as_person, begin, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.reporting import check
from stromata.review import PlanWish

TA = "title-abstract"
N = 12


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        import_text(opened, tmp_path, "s.ris", ris(*({"TI": f"study {i}", "DO": f"10.5555/{i}"} for i in range(N))))
        yield opened


def decide(project, numbers, verdict="exclude", people=(ANN, BOB)):
    for number in numbers:
        for person in people:
            review.decide(as_person(project, person), f"10.5555/{number}", verdict, stage=TA)


def states(project):
    return [item.state for item in review.standings(project, stage=TA)]


def stop(project, **given):
    return review.stop_screening(project, **({"reason": "enough", "against_rule": True} | given))


def test_a_rule_that_does_not_say_stop_is_gone_against_only_with_a_reason(project):
    decide(project, [0], "include")
    with pytest.raises(NotAllowed, match="does not say stop"):
        review.stop_screening(project)
    with pytest.raises(InvalidInput, match="reason"):
        stop(project, reason=" ")
    with pytest.raises(NotAllowed, match="lead"):
        stop(as_person(project, ANN))
    assert "unread" not in states(project)


def test_stopping_leaves_the_unread_out_and_keeps_what_was_begun(project):
    decide(project, [0], "include")
    decide(project, [1])
    decide(project, [2], people=[ANN])
    made = stop(project)
    assert (len(made.references), made.confirmed_by, made.evidence.read) == (9, "lead", 2)
    assert made.evidence.says_stop is False
    assert states(project) == ["included", "excluded", "open", *["unread"] * 9]
    assert len(review.queue(as_person(project, BOB), stage=TA)) == 1
    flow = review.flow(project)
    assert (flow.excluded_by_automation, flow.screened, flow.awaiting_screening) == (9, 3, 0)
    assert flow.awaiting_title_abstract == 1
    assert all(item.holds for item in check(flow))
    assert review.verify(project.store.files.folder.parent).ok


def test_a_stop_can_be_taken_back_and_stands_in_the_ledger(project):
    decide(project, [0], "include")
    stop(project)
    with pytest.raises(InvalidInput, match="reason"):
        review.resume_screening(project, reason="")
    assert review.resume_screening(project, reason="a topic was missed") == 11
    assert states(project).count("open") == 11
    with pytest.raises(NotFound, match="not stopped"):
        review.resume_screening(project, reason="again")
    first, second = review.automation_of_screening(project)
    assert (first.what, first.references, first.standing, first.evidence.relevant) == ("stopped", 11, 0, 1)
    assert (second.what, second.references, second.reason) == ("resumed", 11, "a topic was missed")
    assert review.flow(project).excluded_by_automation == 0


def test_who_reads_one_after_all_takes_it_out_of_what_was_left(project):
    decide(project, [0], "include")
    stop(project)
    decide(project, [5], "include", people=[ANN])
    assert states(project).count("unread") == 10
    (entry,) = review.automation_of_screening(project)
    assert (entry.references, entry.standing) == (11, 10)


def test_what_is_imported_after_a_stop_waits(project, tmp_path):
    decide(project, [0], "include")
    stop(project)
    import_text(project, tmp_path, "more.ris", ris({"TI": "a new one", "DO": "10.5555/99"}))
    assert states(project)[-1] == "open"


def test_there_is_no_stop_when_all_is_read_nor_at_full_text(project):
    decide(project, range(N), "include")
    with pytest.raises(InvalidInput, match="nothing to stop"):
        stop(project)
    with pytest.raises(NotAllowed, match="full text"):
        stop(project, stage="full-text")


def test_the_assessment_counts_complete_verdicts_only(project):
    decide(project, [0], "include")
    decide(project, [1, 2, 3], "include", people=[ANN])
    said = review.assess_screening(project)
    assert (said.read, said.found, said.unread) == (1, 1, N - 1)
    decide(project, [4], "include", people=[ANN])
    decide(project, [4], "exclude", people=[BOB])
    assert review.assess_screening(project).found == 2  # a conflict is a doubt, and a doubt counts


def test_an_audit_is_read_blind_by_one_more_person(project):
    decide(project, range(6))
    with pytest.raises(InvalidInput, match="nobody is left"):
        review.draw_audit(project, size=3)
    review.grant(project, "cat", "reviewer")
    made = review.draw_audit(project, size=3, seed=5)
    assert (made.frame, len(made.references)) == (6, 3)
    assert set(review.queue(as_person(project, "cat"), stage=TA)) >= set(made.references)
    assert not set(review.queue(as_person(project, ANN), stage=TA)) & set(made.references)
    seen = {s.reference: s for s in review.standings(as_person(project, "cat"), stage=TA)}
    assert [seen[id_].decisions for id_ in made.references] == [(), (), ()]
    for id_, verdict in zip(made.references, ("include", "exclude"), strict=False):
        review.decide(as_person(project, "cat"), id_, verdict, stage=TA)
    (found,) = review.audits(project)
    assert (found.waiting, found.unsettled) == (1, 1)
    assert (found.estimate.read, found.estimate.wrong, found.estimate.number) == (2, 1, 3)
    review.resolve(project, made.references[0], "exclude", stage=TA)
    (found,) = review.audits(project)
    assert (found.unsettled, found.estimate.wrong) == (0, 0)
    assert review.verify(project.store.files.folder.parent).ok


def test_an_audit_takes_the_planned_share_and_never_the_same_twice(project):
    review.grant(project, "cat", "reviewer")
    review.plan_screening(project, PlanWish(audit=0.5, readers=(ANN, BOB)))
    decide(project, range(6))
    first = review.draw_audit(project)
    assert len(first.references) == 3
    second = review.draw_audit(project, size=3)
    assert (second.frame, set(first.references) & set(second.references)) == (3, set())
    with pytest.raises(InvalidInput, match="nothing to audit"):
        review.draw_audit(project, size=1)


@pytest.mark.parametrize("given", [{"share": 0.5, "size": 2}, {"share": 0}, {"size": 7}, {}])
def test_an_audit_of_an_impossible_size_is_refused(project, given):
    review.grant(project, "cat", "reviewer")
    decide(project, range(6))
    with pytest.raises(InvalidInput):
        review.draw_audit(project, **given)


def test_strangers_learn_nothing(project):
    for ask in (review.assess_screening, review.audits, review.automation_of_screening, review.screening_status):
        with pytest.raises(NotAllowed):
            ask(as_person(project, "stranger"))


def test_the_report_says_what_was_left_unread_and_who_confirmed_it(project):
    decide(project, [0], "include")
    decide(project, [1, 2])
    stop(project, reason="enough <b>for now</b>")
    (told,) = review.report_content(project).stopped
    assert (told.left, told.stop.confirmed_by) == (9, "lead")
    page = review.report_html(project)
    assert "9 of 12 references were left unread" in page
    assert "did not say that reading may stop" in page
    assert "enough &lt;b&gt;for now&lt;/b&gt;" in page


def test_the_report_is_silent_about_a_stop_that_was_taken_back(project):
    decide(project, [0], "include")
    stop(project)
    review.resume_screening(project, stage=TA, reason="more time")
    assert review.report_content(project).stopped == ()
    assert "left unread" not in review.report_html(project)

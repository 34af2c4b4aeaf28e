"""Blinding, order of stages, conflicts and settlements."""

import pytest

from projects import ANN, BOB, LEAD, as_person, begin, entries, import_text, ris, screened
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from wordy import Wordy

TA, FT = "title-abstract", "full-text"
FIRST = "10.5555/1"


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        import_text(opened, tmp_path, "search.ris", ris(*entries()))
        yield opened


def decide(project, person, verdict, *, key=FIRST, stage=TA, reasons=()):
    review.decide(as_person(project, person), key, verdict, stage=stage, reasons=tuple(reasons))


def seen_by(project, person, key=FIRST, stage=TA):
    id_ = review.reference(project, key).id
    (found,) = [item for item in review.standings(as_person(project, person), stage=stage) if item.reference == id_]
    return {decision.reviewer: decision.verdict for decision in found.decisions}


def test_nobody_sees_another_verdict_before_all_are_in(project):
    decide(project, ANN, "exclude")
    assert seen_by(project, BOB) == {}
    assert seen_by(project, LEAD) == {}
    assert seen_by(project, ANN) == {ANN: "exclude"}
    decide(project, BOB, "include")
    assert seen_by(project, BOB) == {ANN: "exclude", BOB: "include"}


def test_a_verdict_can_be_changed_while_blind_and_not_after(project):
    decide(project, ANN, "exclude")
    decide(project, ANN, "include")
    decide(project, BOB, "include")
    with pytest.raises(NotAllowed, match="complete"):
        decide(project, ANN, "exclude")
    assert seen_by(project, ANN) == {ANN: "include", BOB: "include"}


def test_the_queue_holds_what_waits_for_this_reviewer(project):
    assert len(review.queue(as_person(project, ANN), stage=TA)) == 3
    decide(project, ANN, "include")
    assert len(review.queue(as_person(project, ANN), stage=TA)) == 2
    assert len(review.queue(as_person(project, BOB), stage=TA)) == 3


def test_a_conflict_is_listed_and_only_an_adjudicator_settles_it(project):
    decide(project, ANN, "include")
    decide(project, BOB, "exclude")
    (conflict,) = review.conflicts(project, stage=TA)
    assert {item.verdict for item in conflict.decisions} == {"include", "exclude"}
    with pytest.raises(NotAllowed, match="adjudicator"):
        review.resolve(as_person(project, ANN), FIRST, "include", stage=TA)
    review.resolve(project, FIRST, "include", stage=TA, note="cells were given")
    assert review.conflicts(project, stage=TA) == ()
    assert [item.state for item in review.standings(project, stage=FT)] == ["open"]


def test_what_is_no_conflict_cannot_be_settled(project):
    with pytest.raises(InvalidInput, match="no conflict"):
        review.resolve(project, FIRST, "include", stage=TA)


def test_full_text_comes_after_title_and_abstract(project):
    with pytest.raises(NotAllowed, match="after title-abstract"):
        decide(project, ANN, "include", stage=FT)


def test_an_exclusion_at_full_text_needs_one_of_the_protocols_reasons(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "search.ris", ris(*entries()))
        for person in (ANN, BOB):
            decide(project, person, "include")
        with pytest.raises(InvalidInput, match="needs a reason"):
            decide(project, ANN, "exclude", stage=FT)
        with pytest.raises(InvalidInput, match="not in the protocol"):
            decide(project, ANN, "exclude", stage=FT, reasons=["boring"])
        with pytest.raises(InvalidInput, match="include or exclude"):
            decide(project, ANN, "maybe", stage=FT)
        decide(project, ANN, "exclude", stage=FT, reasons=["design"])
        decide(project, BOB, "exclude", stage=FT, reasons=["population"])
        (found,) = review.standings(project, stage=FT)
        assert (found.state, found.counted_reason) == ("excluded", "population")


@pytest.mark.parametrize("fault", [{"stage": "titles"}, {"verdict": "perhaps"}])
def test_unknown_words_are_refused_with_the_allowed_ones(project, fault):
    wanted = {"stage": TA, "verdict": "include"} | fault
    with pytest.raises(InvalidInput, match="allowed"):
        decide(project, ANN, wanted["verdict"], stage=wanted["stage"])


def test_strangers_and_other_roles_do_not_screen(project):
    for person in ("stranger", LEAD):
        with pytest.raises(NotAllowed):
            decide(project, person, "include")


def test_a_report_that_was_not_got_leaves_the_flow_until_it_is(project):
    for person in (ANN, BOB):
        decide(project, person, "include")
    review.record_retrieval(project, FIRST, "not-retrieved", note="no library holds it")
    assert review.standings(project, stage=FT) == ()
    with pytest.raises(NotAllowed, match="not retrieved"):
        decide(project, ANN, "include", stage=FT)
    review.record_retrieval(project, FIRST, "retrieved")
    decide(project, ANN, "include", stage=FT)
    assert [item.state for item in review.standings(project, stage=FT)] == ["open"]


def test_verdicts_follow_a_merge_and_come_back_at_a_split(tmp_path):
    with begin(tmp_path) as project:
        one, two, _ = entries()
        import_text(project, tmp_path, "a.ris", ris(one))
        import_text(project, tmp_path, "b.ris", ris(two))
        decide(project, ANN, "include", key="10.5555/1")
        decide(project, BOB, "exclude", key="10.5555/2")
        left, right = review.reference(project, "10.5555/1").id, review.reference(project, "10.5555/2").id
        review.merge(project, left, (right,), reason="for the test")
        assert [item.state for item in review.standings(project, stage=TA)] == ["conflict"]
        review.split(project, left, (right,), reason="they differ after all")
        assert [item.state for item in review.standings(project, stage=TA)] == ["open", "open"]
        assert seen_by(project, ANN, key="10.5555/1") == {ANN: "include"}
        assert seen_by(project, BOB, key="10.5555/2") == {BOB: "exclude"}


def test_a_table_of_verdicts_goes_in_and_bad_rows_are_named(project, tmp_path):
    path = tmp_path / "verdicts.csv"
    path.write_text(
        "key,stage,reviewer,verdict,reasons,note\n"
        f"{FIRST},{TA},{ANN},include,,\n"
        f"https://doi.org/10.5555/2,{TA},{ANN},exclude,design,a mouse\n"
        f"10.5555/99,{TA},{ANN},include,,\n"
        f"{FIRST},{TA},stranger,include,,\n"
        f"{FIRST},{FT},{BOB},include,,\n",
        encoding="utf-8",
    )
    done, problems = review.import_decisions(project, path)
    assert done == 2
    assert [problem.line for problem in problems] == [4, 5, 6]
    assert "10.5555/99" in problems[0].text
    assert "stranger" in problems[1].text
    with pytest.raises(NotAllowed):
        review.import_decisions(as_person(project, ANN), path)


def test_progress_and_agreement_count_what_was_decided(tmp_path):
    with screened(tmp_path) as project:
        first, second = review.progress_of(project)
        assert (first.total, first.included, first.excluded, first.open) == (3, 2, 1, 0)
        assert dict(first.verdicts) == {ANN: 3, BOB: 3}
        assert (second.total, second.included) == (2, 2)
        pair = review.agreements(project)[0]
        assert (pair.n, pair.observed, pair.kappa) == (3, 1.0, 1.0)


def test_an_unknown_reference_is_not_found(project):
    with pytest.raises(NotFound, match="no reference has the key"):
        decide(project, ANN, "include", key="10.5555/404")


@pytest.fixture
def ranked(project, monkeypatch):
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Wordy()})
    return project


def next_for(project, person):
    return review.next_reference(as_person(project, person))


def test_the_first_next_is_ranked_and_later_ones_do_not_wait(ranked):
    found = next_for(ranked, ANN)
    assert (found.why, found.place, found.left) == ("ranking", 1, 3)
    assert found.doi == FIRST  # the protocol asks for stromal cells in adults with psoriasis
    info = review.rank(ranked).info
    decide(ranked, ANN, "include")
    after = next_for(ranked, ANN)
    assert (after.ranking, after.left, after.doi) == (info.id, 2, "10.5555/2")
    assert next_for(ranked, BOB).doi == FIRST


def test_nothing_is_next_when_all_is_read(ranked):
    for number in (1, 2, 3):
        decide(ranked, ANN, "exclude", key=f"10.5555/{number}")
    assert next_for(ranked, ANN) is None
    assert review.left_of(as_person(ranked, ANN)) == 0


def test_what_the_ranking_does_not_know_yet_comes_last(ranked, tmp_path):
    review.rank(ranked)
    import_text(ranked, tmp_path, "more.ris", ris({"TI": "Cells for psoriasis in adults", "DO": "10.5555/9"}))
    assert review.queue(as_person(ranked, ANN), stage=TA)[-1] == review.reference(ranked, "10.5555/9").id
    for number in (1, 2, 3):
        decide(ranked, ANN, "exclude", key=f"10.5555/{number}")
    assert (next_for(ranked, ANN).why, next_for(ranked, ANN).place) == ("import", None)


def test_conflicts_come_in_the_order_of_the_ranking(ranked):
    for number in (3, 2, 1):
        decide(ranked, ANN, "include", key=f"10.5555/{number}")
        decide(ranked, BOB, "exclude", key=f"10.5555/{number}")
    order = [item.reference for item in review.rank(ranked).order]
    assert [item.reference for item in review.conflicts(ranked, stage=TA)] == order


def test_the_same_verdict_for_different_reasons_is_settled_by_the_protocols_order_and_listed(project):
    decide(project, ANN, "exclude", reasons=("design",))
    decide(project, BOB, "exclude", reasons=("population",))
    decide(project, ANN, "exclude", key="10.5555/2", reasons=("design",))
    decide(project, BOB, "exclude", key="10.5555/2", reasons=("design",))
    (found,) = review.reason_differences(project, stage=TA)
    assert (found.state, found.counted_reason) == ("excluded", "population")
    assert review.conflicts(project, stage=TA) == ()


def test_status_counts_people_without_telling_what_they_said(project):
    decide(project, ANN, "include")
    decide(project, ANN, "exclude", key="10.5555/2")
    before = review.screening_status(as_person(project, BOB))
    decide(project, ANN, "exclude")
    decide(project, ANN, "include", key="10.5555/2")
    assert review.screening_status(as_person(project, BOB)) == before
    first = before[0]
    assert [(item.reviewer, item.done, item.left) for item in first.reviewers] == [(ANN, 2, 1), (BOB, 0, 3)]
    assert first.stopping.said.read == 0


def test_the_calibration_round_is_told_apart_with_advice(project):
    review.plan_screening(project, review.PlanWish(calibration=2, kappa=0.6))
    advice = [review.screening_status(project)[0].calibration.advice]
    one, two = review.screening_plans(project)[0].calibration
    for person in (ANN, BOB):
        decide(project, person, "include", key=one)
        decide(project, person, "exclude", key=two)
    found = review.screening_status(project)[0].calibration
    advice.append(found.advice)
    assert "wait for verdicts" in advice[0]
    assert "1.00" in advice[1]
    assert "Go on" in advice[1]
    assert (found.references, found.open, found.agreement[0].n) == (2, 0, 2)

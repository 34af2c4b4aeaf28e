"""The plan of screening: stated before, changed with a reason, and who reads what under it."""

import pytest

from projects import ANN, BOB, LEAD, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import ScreeningPlan
from stromata.review import PlanWish
from wordy import Wordy

TA = "title-abstract"
CAT = "cat"


@pytest.fixture(autouse=True)
def wordy(monkeypatch):
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Wordy()})


def titles(n, start=0):
    return ris(*({"TI": f"study number {i} of cells", "DO": f"10.5555/{i}"} for i in range(start, start + n)))


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        review.grant(opened, CAT, "reviewer")
        import_text(opened, tmp_path, "search.ris", titles(30))
        yield opened


def queue(project, person, stage=TA):
    return review.queue(as_person(project, person), stage=stage)


def decide(project, person, id_, verdict="exclude"):
    review.decide(as_person(project, person), id_, verdict, stage=TA)


def test_a_plan_keeps_what_was_wished_and_shows_it(project):
    made = review.plan_screening(
        project, PlanWish(recall=0.9, confidence=0.9, seed=4, calibration=5, kappa=0.6, control=0.1, audit=0.2)
    )
    assert review.screening_plans(project) == (made,)
    assert (made.recall, made.seed, made.kappa, made.audit, made.ranker_version) == (0.9, 4, 0.6, 0.2, "1")
    assert (len(made.calibration), len(made.control)) == (5, 3)
    assert not set(made.calibration) & set(made.control)
    assert made.readers == (ANN, BOB, CAT)
    assert review.verify(project.store.files.folder.parent).ok


def test_a_change_needs_a_reason_and_leaves_the_rest_as_it_was(project):
    before = review.plan_screening(project, PlanWish(calibration=5, kappa=0.6))
    with pytest.raises(InvalidInput, match="reason"):
        review.plan_screening(project, PlanWish(recall=0.99))
    after = review.plan_screening(project, PlanWish(recall=0.99), reason="the funder asks for it")
    assert (after.recall, after.kappa, after.calibration) == (0.99, 0.6, before.calibration)


def test_a_plan_after_the_first_verdict_needs_a_reason(project):
    decide(project, ANN, "10.5555/1")
    with pytest.raises(InvalidInput, match="has begun"):
        review.plan_screening(project, PlanWish())
    assert review.plan_screening(project, PlanWish(), reason="forgotten") == review.screening_plans(project)[0]


def test_samples_depend_on_the_seed_and_on_nothing_else(project):
    first = review.plan_screening(project, PlanWish(calibration=5, seed=1))
    other = review.plan_screening(project, PlanWish(calibration=5, seed=2), reason="again")
    again = review.plan_screening(project, PlanWish(calibration=5, seed=1), reason="back")
    assert first.calibration == again.calibration != other.calibration


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (PlanWish(recall=0), InvalidInput),
        (PlanWish(confidence=1), InvalidInput),
        (PlanWish(rule="guess"), NotFound),
        (PlanWish(ranker="guess"), NotFound),
        (PlanWish(readers=("nobody",)), NotAllowed),
        (PlanWish(split="half"), InvalidInput),
        (PlanWish(split="drawn", readers=(ANN,)), InvalidInput),
        (PlanWish(limits=((ANN, 0),)), InvalidInput),
        (PlanWish(calibration=31), InvalidInput),
        (PlanWish(calibration=-1), InvalidInput),
        (PlanWish(kappa=2), InvalidInput),
        (PlanWish(control=1.5), InvalidInput),
        (PlanWish(audit=-0.1), InvalidInput),
        (PlanWish(known=("10.9999/none",)), NotFound),
        (PlanWish(learn="nothing"), InvalidInput),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(project, wish, error):
    with pytest.raises(error):
        review.plan_screening(project, wish)
    assert review.screening_plans(project) == ()


def test_only_the_lead_plans(project):
    with pytest.raises(NotAllowed):
        review.plan_screening(as_person(project, ANN), PlanWish())


def test_drawn_work_gives_each_reference_to_two_and_everybody_the_same_load(project):
    review.plan_screening(project, PlanWish(split="drawn", seed=1))
    queues = {person: queue(project, person) for person in (ANN, BOB, CAT)}
    assert [len(found) for found in queues.values()] == [20, 20, 20]
    assert len(set(queues[ANN]) & set(queues[BOB])) == 10


def test_merging_splitting_and_importing_move_no_other_reference(project, tmp_path):
    review.plan_screening(project, PlanWish(split="drawn", seed=1))
    before = {person: set(queue(project, person)) for person in (ANN, BOB, CAT)}
    review.merge(project, "10.5555/3", ("10.5555/7",), reason="the same")
    review.merge(project, "10.5555/9", ("10.5555/4", "10.5555/11"), reason="the same")
    review.split(project, "10.5555/9", (review.reference(project, "10.5555/9").records[0],), reason="not the same")
    gone = {item for found in before.values() for item in found} - {r.id for r in review.references(project)}
    import_text(project, tmp_path, "more.ris", titles(20, start=100))
    late = {r.id for r in review.references(project)} - {item for found in before.values() for item in found}
    assert len(late) == 20
    for person, held in before.items():
        assert set(queue(project, person)) - late == held - gone
    assert {len(set(queue(project, person)) & late) for person in before} <= {13, 14}


def test_everybody_reads_the_calibration_round_first(project):
    made = review.plan_screening(project, PlanWish(split="drawn", calibration=4, seed=1))
    for person in (ANN, BOB, CAT):
        assert queue(project, person)[:4] == made.calibration
    for person in (ANN, BOB):
        decide(project, person, made.calibration[0])
    (item,) = [s for s in review.standings(project, stage=TA) if s.reference == made.calibration[0]]
    assert (item.state, item.missing, item.decisions) == ("open", 1, ())
    decide(project, CAT, made.calibration[0], "include")
    assert [c.reference for c in review.conflicts(project, stage=TA)] == [made.calibration[0]]


def test_who_is_no_reader_of_the_plan_is_not_asked_to_read_the_round(project):
    made = review.plan_screening(project, PlanWish(calibration=4, readers=(ANN, BOB)))
    assert set(queue(project, ANN)[:4]) == set(made.calibration)
    assert not set(queue(project, CAT)) & set(made.calibration)
    assert len(queue(project, CAT)) == 26


def test_the_round_cannot_be_given_up_while_somebody_is_to_read_it(project):
    made = review.plan_screening(project, PlanWish(calibration=4))
    for person in (ANN, BOB):
        decide(project, person, made.calibration[0])
    with pytest.raises(NotAllowed, match="unseal"):
        review.plan_screening(project, PlanWish(calibration=0), reason="hurry")
    review.revoke(project, CAT, "reviewer")
    assert review.plan_screening(project, PlanWish(readers=(ANN, BOB)), reason="cat has left").readers == (ANN, BOB)


def test_what_was_dealt_to_somebody_who_left_is_open_to_all(project):
    review.plan_screening(project, PlanWish(split="drawn", seed=1))
    of_cat = set(queue(project, CAT))
    review.revoke(project, CAT, "reviewer")
    assert of_cat <= set(queue(project, ANN))
    assert of_cat <= set(queue(project, BOB))


def test_nobody_is_asked_for_more_than_their_limit(project):
    review.plan_screening(project, PlanWish(limits=((ANN, 2),)))
    for number in range(2):
        decide(project, ANN, f"10.5555/{number}")
    assert queue(project, ANN) == ()
    assert len(queue(project, BOB)) == 30


def test_limits_are_read_as_name_and_number():
    assert review.read_limits(["ann=5", "o'neil = 7"]) == (("ann", 5), ("o'neil", 7))
    with pytest.raises(InvalidInput, match="NAME=NUMBER"):
        review.read_limits(["ann"])


def test_without_a_plan_everything_is_as_before(tmp_path):
    with begin(tmp_path) as project:
        import_text(project, tmp_path, "search.ris", ris(*entries()))
        assert review.screening_plans(project) == ()
        assert len(queue(project, ANN)) == 3
        with pytest.raises(NotAllowed):
            queue(project, LEAD)
        assert ScreeningPlan(TA).split == "all"

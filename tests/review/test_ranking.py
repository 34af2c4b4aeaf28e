"""The ranking in a review: what it learns, that it can be rebuilt, and that it hides what is blind."""

import pytest

from projects import ANN, BOB, LEAD, as_person, begin, import_text, ris
from stromata import review
from stromata.errors import InvalidInput, NotAllowed, NotFound
from stromata.model import Prior, PriorsImported
from stromata.review import rank_file
from stromata.review.ranking import is_stale, keep_ranked, rank
from stromata.screening.engine_features import Counting
from stromata.screening.rankers import Words
from wordy import Wordy

TA = "title-abstract"
TITLES = [
    *(f"stromal cells for skin {word}" for word in ("alpha", "beta", "gamma", "delta")),
    *(f"mice and liver {word}" for word in ("alpha", "beta", "gamma", "delta")),
    "stromal cells were given: adults with psoriasis and their response",
    "something else entirely",
]
DOIS = [f"10.5555/{number}" for number in range(1, len(TITLES) + 1)]


@pytest.fixture(autouse=True)
def wordy(monkeypatch):
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Wordy()})


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        import_text(opened, tmp_path, "s.ris", ris(*({"TI": t, "DO": d} for t, d in zip(TITLES, DOIS, strict=True))))
        yield opened


def decide(project, person, number, verdict):
    review.decide(as_person(project, person), DOIS[number - 1], verdict, stage=TA)


def numbers(project, table):
    places = {review.reference(project, doi).id: number for number, doi in enumerate(DOIS, start=1)}
    return [places[item.reference] for item in table.order]


def test_the_protocols_words_put_the_first_reference_on_top(project):
    assert numbers(project, rank(project))[0] == 9


def test_verdicts_of_all_reviewers_move_what_is_alike(project):
    for number, verdict in ((1, "include"), (5, "exclude")):
        for person in (ANN, BOB):
            decide(project, person, number, verdict)
    order = numbers(project, rank(project))
    assert set(order[:4]) == {1, 2, 3, 4}
    assert set(order[-4:]) == {5, 6, 7, 8}


def test_a_fresh_ranking_is_kept_and_a_deleted_one_made_again(project):
    made = rank(project)
    assert rank_file.read_info(project, TA) == made.info
    folder = project.store.files.folder.parent / rank_file.FOLDER
    for path in folder.iterdir():
        path.unlink()
    assert rank(project) == made


def test_words_counted_on_an_engine_give_the_same_ranking(project, monkeypatch, tmp_path):
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Words()})
    decide(project, ANN, 1, "include")
    decide(project, BOB, 5, "exclude")
    in_memory = rank(project)
    folder = project.store.files.folder.parent / rank_file.FOLDER
    for path in folder.iterdir():
        path.unlink()
    opened = []

    class Noted(Counting):
        def opened(self):
            opened.append(self.engine)
            return super().opened()

    counting = Noted("duckdb", memory_mb=256, folder=tmp_path)
    assert rank(project, counting=counting) == in_memory
    assert rank(project, at=in_memory.info.sequence, counting=counting) == in_memory
    assert opened == ["duckdb", "duckdb"]


def test_an_engine_that_is_not_there_or_not_used_is_told(project, monkeypatch):
    with pytest.raises(InvalidInput, match="counts no words") as told:
        rank(project, counting=Counting("duckdb"))
    assert "--engine" in told.value.hint
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Words()})
    with pytest.raises(InvalidInput, match="'abacus'"):
        rank(project, counting=Counting("abacus"))


def test_an_earlier_ranking_is_rebuilt_from_the_log(project):
    before = rank(project)
    for person in (ANN, BOB):
        decide(project, person, 1, "include")
    after = rank(project)
    review.merge(project, DOIS[1], (DOIS[2],), reason="the same")
    last = rank(project)
    assert len({before.info.id, after.info.id, last.info.id}) == 3
    for made in (before, after, last):
        assert rank(project, at=made.info.sequence) == made


def test_an_event_that_is_not_there_is_told(project):
    with pytest.raises(NotFound, match="999"):
        rank(project, at=999)


def test_the_verdict_keeps_the_ranking_that_showed_the_reference(project):
    info = rank(project).info
    decide(project, ANN, 1, "include")
    (entry,) = review.events(as_person(project, ANN), last=1)
    assert entry.payload["ranking"] == info.id
    review.decide(as_person(project, ANN), DOIS[2], "include", stage=TA, ranking="3-old")
    assert review.events(as_person(project, ANN), last=1)[0].payload["ranking"] == "3-old"


def place_of(project, number):
    return numbers(project, rank(project)).index(number)


@pytest.mark.parametrize("number", range(1, 11))
def test_a_blind_verdict_does_not_move_the_reference_it_is_on(project, number):
    """The same whichever the verdict was; with it, an include would stand far above an exclude."""
    for person in (ANN, BOB):
        decide(project, person, 2 if number != 2 else 3, "include")
    decide(project, ANN, number, "include")
    kept = next(
        item for item in rank(project).order if item.reference == review.reference(project, DOIS[number - 1]).id
    )
    decide(project, ANN, number, "exclude")
    out = next(item for item in rank(project).order if item.reference == kept.reference)
    assert kept.score == out.score


def test_a_complete_verdict_does(project):
    for person in (ANN, BOB):
        decide(project, person, 10, "include")
    assert numbers(project, rank(project))[0] == 10


def test_explanations_know_only_what_the_reader_may_see(project):
    decide(project, ANN, 1, "include")
    id_ = review.reference(project, DOIS[0]).id
    seen = {
        who: {item.text for item in review.explain_rank(as_person(project, who), DOIS[1]).reasons}
        for who in (ANN, BOB, LEAD)
    }
    assert id_ in seen[ANN]
    assert id_ not in seen[BOB] | seen[LEAD]
    decide(project, BOB, 1, "include")
    assert id_ in {item.text for item in review.explain_rank(as_person(project, BOB), DOIS[1]).reasons}


def test_a_reviewer_cannot_lay_rankings_side_by_side_while_verdicts_are_blind(project):
    sequence = rank(project).info.sequence
    decide(project, ANN, 1, "include")
    with pytest.raises(NotAllowed, match="blind"):
        rank(as_person(project, BOB), at=sequence)
    assert rank(as_person(project, ANN), at=sequence)
    assert rank(project, at=sequence)


def test_learning_from_complete_verdicts_only_leaves_no_trace_of_blind_ones(project):
    review.plan_screening(project, review.PlanWish(learn="complete"))
    before = rank(project).order
    decide(project, ANN, 1, "include")
    assert rank(project).order == before
    decide(project, BOB, 1, "include")
    assert rank(project).order != before


def test_settlements_and_full_text_outcomes_stand_above_verdicts(project):
    decide(project, ANN, 1, "include")
    decide(project, BOB, 1, "exclude")
    review.resolve(project, DOIS[0], "include", stage=TA)
    before = rank(project).order
    for person in (ANN, BOB):
        review.decide(as_person(project, person), DOIS[0], "exclude", stage="full-text", reasons=("design",))
    after = rank(project)
    assert after.order != before
    assert numbers(project, after)[-1] in {1, 2, 3, 4}


def test_priors_count_until_somebody_decides(project):
    id_ = review.reference(project, DOIS[4]).id
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        tx.append(PriorsImported((Prior(id_, 1.0),), ("old.csv", "0" * 64)))
    assert set(numbers(project, rank(project))[:4]) == {5, 6, 7, 8}
    for person in (ANN, BOB):
        decide(project, person, 5, "exclude")
    assert set(numbers(project, rank(project))[-4:]) == {5, 6, 7, 8}


def test_a_control_sample_is_not_learnt_from(project):
    review.plan_screening(project, review.PlanWish(control=1.0))
    before = rank(project).order
    for person in (ANN, BOB):
        decide(project, person, 1, "include")
    assert rank(project).order == before


def test_known_relevant_references_start_the_ranking(project):
    assert numbers(project, rank(project))[-1] in {5, 6, 7, 8, 10}
    review.plan_screening(project, review.PlanWish(known=(DOIS[9],)))
    assert numbers(project, rank(project)).index(10) < 5


def test_a_keeper_ranks_once_for_all_that_came_in_and_then_ends(project):
    rank(project)
    assert not is_stale(project)
    decide(project, ANN, 1, "include")
    decide(project, BOB, 1, "include")
    assert is_stale(project)
    looks = []

    def wait(idle):
        looks.append(idle)
        if len(looks) == 1:
            decide(project, ANN, 2, "include")
        return idle < 2

    assert keep_ranked(project, wait=wait) == 2
    assert looks == [1, 1, 2]
    assert not is_stale(project)


def test_a_keeper_gives_way_to_one_at_work(project):
    with rank_file.alone(project, TA):
        assert keep_ranked(project, wait=lambda _: False) == 0


def test_nobody_is_at_fault_for_a_ranking_that_was_never_asked_for(project):
    decide(project, ANN, 1, "include")
    assert not is_stale(project)


def test_strangers_see_no_ranking(project):
    with pytest.raises(NotAllowed):
        rank(as_person(project, "stranger"))


def test_without_references_there_is_nothing_to_rank(tmp_path):
    with begin(tmp_path) as empty, pytest.raises(InvalidInput, match="no references"):
        rank(empty)


def test_the_second_look_is_for_lead_and_adjudicator_and_leaves_out_what_is_blind(tmp_path):
    with begin(tmp_path) as project:
        titles = [f"{'cells skin' if i < 12 else 'mice liver'} {i}" for i in range(24)]
        import_text(project, tmp_path, "s.ris", ris(*({"TI": t, "DO": f"10.5555/{i}"} for i, t in enumerate(titles))))
        for i in range(24):
            wrong = i in {3, 20}
            for person in (ANN, BOB):
                if not (i == 20 and person == BOB):
                    verdict = "include" if (i < 12) != wrong else "exclude"
                    review.decide(as_person(project, person), f"10.5555/{i}", verdict, stage=TA)
        with pytest.raises(NotAllowed):
            review.suspicious_verdicts(as_person(project, ANN))
        found = [item.reference for item in review.suspicious_verdicts(project)]
        assert found[0] == review.reference(project, "10.5555/3").id
        assert review.reference(project, "10.5555/20").id not in found


def test_a_keeper_that_goes_on_gives_what_a_fresh_ranking_gives(project):
    """What it learnt before, changed verdicts, completed ones and settlements included."""
    rank(project)
    steps = [
        lambda: decide(project, ANN, 1, "include"),
        lambda: decide(project, BOB, 2, "exclude"),
        lambda: decide(project, BOB, 1, "exclude"),
        lambda: decide(project, BOB, 2, "include"),
        lambda: review.resolve(project, DOIS[0], "exclude", stage=TA),
        lambda: decide(project, ANN, 6, "maybe"),
        lambda: decide(project, ANN, 2, "include"),
    ]
    seen = []

    def wait(_idle):
        with rank_file.opened(project, TA) as held:
            seen.append((held[0], tuple(held[1])))
        if not steps:
            return False
        steps.pop(0)()
        return True

    assert keep_ranked(project, wait=wait) == 7
    for info, order in seen[1:]:
        again = rank(project, at=info.sequence)
        assert (again.info, again.order) == (info, order)

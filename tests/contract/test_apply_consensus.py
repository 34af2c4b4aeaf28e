"""What events about panels and their rounds do to the state of both databases: a sealed round stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strategies import append
from stromata.errors import Conflict, InvalidInput, NotFound
from stromata.model import (
    Ballot,
    BallotCast,
    CertaintyJudged,
    CertaintyJudgement,
    CheckReport,
    EtdFrame,
    EvidenceBasis,
    FrameSet,
    Panel,
    Panellist,
    PanelSet,
    RecordChecked,
    Round,
    RoundClosed,
    RoundOpened,
    Standard,
    StandardAdopted,
    Statement,
    StatementDropped,
    StatementReviewed,
    StatementSet,
    Vote,
)
from stromata.model.codec import round_seal
from stromata.model.standards import StatusCounts
from stromata.store import Store

PANEL = Panel("p", members=(Panellist("ann"), Panellist("bob")))
BASIS = EvidenceBasis("response", "synthesis", "f" * 64, k=3)
FIRST = Round(1, invited=("ann", "bob"), statements=("s", "t"))


@pytest.fixture
def panel(store: Store) -> Store:
    append(store, PanelSet(PANEL))
    append(store, StatementSet("p", Statement("s", "Cells help.", ("response",)), (BASIS,)))
    append(store, StatementSet("p", Statement("t", "Cells are safe.")))
    return store


def ballot(person: str, *votes: tuple[str, int | None], number: int = 1, edition: int = 1) -> BallotCast:
    cast = tuple(Vote(statement, person, number, score) for statement, score in votes)
    return BallotCast(Ballot("p", number, edition, person, cast, salt=f"salt of {person}"))


def close(store: Store, number: int = 1, edition: int = 1) -> str:
    with store.snapshot("r") as view:
        ballots = view.ballots("p", number, edition)
    votes = [vote for one in ballots for vote in one.votes]
    seal = round_seal(votes, round_number=number, salts=[one.salt for one in ballots])
    append(store, RoundClosed("p", number, edition, seal))
    return seal


def rounds(store: Store) -> tuple[Round, ...]:
    with store.snapshot("r") as view:
        return view.rounds("p")


def held(store: Store) -> Store:
    append(store, RoundOpened("p", FIRST))
    append(store, ballot("ann", ("s", 8), ("t", None)))
    append(store, ballot("bob", ("s", 3)))
    return store


def test_a_round_keeps_what_was_put_and_when(panel: Store) -> None:
    changed = replace(BASIS, k=4)
    append(panel, RoundOpened("p", FIRST, (("s", (changed,)),)))
    (found,) = rounds(panel)
    assert found.opened
    assert not found.closed
    assert found.texts == ("Cells help.", "Cells are safe.")
    with panel.snapshot("r") as view:
        assert [kept.basis for kept in view.statements("p")] == [(changed,), ()]
    assert panel.verify().ok


def test_a_later_ballot_replaces_votes_and_keeps_the_others(panel: Store) -> None:
    held(panel)
    append(panel, ballot("ann", ("s", 9)))
    with panel.snapshot("r") as view:
        votes = {(one.panellist, vote.statement): vote.score for one in view.ballots("p", 1, 1) for vote in one.votes}
    assert votes == {("ann", "s"): 9, ("ann", "t"): None, ("bob", "s"): 3}


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (ballot("eve", ("s", 8)), NotFound),
        (ballot("ann", ("u", 8)), NotFound),
        (ballot("ann", ("s", 0)), InvalidInput),
        (ballot("ann", ("s", 10)), InvalidInput),
        (ballot("ann", ("s", 7), ("s", 8)), InvalidInput),
        (ballot("ann", ("s", 7), number=2), Conflict),
        (ballot("ann", ("s", 7), edition=2), Conflict),
        (BallotCast(Ballot("p", 1, 1, "ann", (Vote("s", "bob", 1, 7),))), InvalidInput),
        (RoundOpened("p", Round(2, invited=("ann",), statements=("s",))), Conflict),
        (StatementSet("p", Statement("s", "Cells help much.")), Conflict),
        (RoundClosed("p", 1, 1, "0" * 64), InvalidInput),
        (RoundClosed("p", 2, 1, "0" * 64), Conflict),
    ],
)
def test_an_open_round_takes_no_other_votes_and_no_other_seal(panel: Store, event, error) -> None:
    held(panel)
    before = rounds(panel)
    with pytest.raises(error):
        append(panel, event)
    assert rounds(panel) == before
    assert panel.verify().ok


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (Round(2, invited=("ann",), statements=("s",)), Conflict),
        (Round(1, invited=("eve",), statements=("s",)), InvalidInput),
        (Round(1, invited=(), statements=("s",)), InvalidInput),
        (Round(1, invited=("ann",), statements=()), InvalidInput),
        (Round(1, invited=("ann",), statements=("u",)), NotFound),
        (Round(1, edition=2, invited=("ann",), statements=("s",)), Conflict),
        (Round(1, supersedes="0" * 64, invited=("ann",), statements=("s",)), Conflict),
        (Round(1, invited=("ann",), statements=("s",), people=(Panellist("eve"),)), InvalidInput),
    ],
)
def test_a_round_that_does_not_fit_is_not_opened(panel: Store, asked: Round, error: type[Exception]) -> None:
    with pytest.raises(error):
        append(panel, RoundOpened("p", asked))
    assert rounds(panel) == ()


def test_a_round_keeps_its_people_and_knows_if_it_was_ended_while_it_was_open(panel: Store) -> None:
    append(panel, RoundOpened("p", replace(FIRST, people=PANEL.members, unfinished=True)))
    assert (rounds(panel)[0].people, rounds(panel)[0].unfinished) == (PANEL.members, False)
    append(panel, ballot("ann", ("s", 8)))
    first = close(panel)
    again = replace(FIRST, edition=2, supersedes=first, reason="a slip", interrupted=first)
    append(panel, RoundOpened("p", again))
    append(panel, ballot("ann", ("s", 8), edition=2))
    second = close(panel, 1, 2)
    append(panel, RoundOpened("p", replace(FIRST, edition=3, supersedes=second, reason="another slip")))
    assert [(one.edition, one.superseded, one.unfinished) for one in rounds(panel)] == [
        (1, True, True),
        (2, True, False),
        (3, False, False),
    ]
    assert panel.verify().ok


def test_a_closed_round_takes_no_votes_and_another_takes_its_place(panel: Store) -> None:
    seal = close(held(panel))
    for event in (ballot("ann", ("s", 1)), RoundClosed("p", 1, 1, seal), RoundOpened("p", FIRST)):
        with pytest.raises(Conflict):
            append(panel, event)
    with pytest.raises(InvalidInput, match="reason"):
        append(panel, RoundOpened("p", replace(FIRST, edition=2, supersedes=seal)))
    append(panel, RoundOpened("p", Round(2, invited=("ann",), statements=("s",))))
    append(panel, ballot("ann", ("s", 8), number=2))
    close(panel, 2)
    append(panel, RoundOpened("p", replace(FIRST, edition=2, supersedes=seal, reason="a ballot was mixed up")))
    assert [(one.number, one.edition, one.superseded, bool(one.closed)) for one in rounds(panel)] == [
        (1, 1, True, True),
        (1, 2, False, False),
        (2, 1, True, True),
    ]
    with panel.snapshot("r") as view:
        assert len(view.ballots("p", 1, 1)) == 2, "the ballots of the superseded round stay"
    append(panel, ballot("bob", ("t", 5), edition=2))
    close(panel, 1, 2)
    append(panel, RoundOpened("p", Round(2, edition=2, invited=("ann",), statements=("s",))))
    assert panel.verify().ok


def test_the_seal_tells_every_change_of_a_ballot() -> None:
    votes = [Vote("s", "ann", 1, 8, "yes"), Vote("s", "bob", 1, None)]
    seal = round_seal(votes, round_number=1, salts=["x", "y"])
    assert seal == round_seal(votes[::-1], round_number=1, salts=["y", "x"])
    others = [
        round_seal([replace(votes[0], score=7), votes[1]], round_number=1, salts=["x", "y"]),
        round_seal([replace(votes[0], comment=""), votes[1]], round_number=1, salts=["x", "y"]),
        round_seal([replace(votes[0], panellist="eve"), votes[1]], round_number=1, salts=["x", "y"]),
        round_seal(votes[:1], round_number=1, salts=["x", "y"]),
        round_seal(votes, round_number=1, salts=["x", "z"]),
        round_seal(votes, round_number=1),
    ]
    assert seal not in others
    assert len(set(others)) == len(others)


def test_a_statement_is_dropped_looked_at_again_and_brought_back(panel: Store) -> None:
    append(panel, StatementReviewed("s", (replace(BASIS, k=5),), "one more study, same direction"))
    append(panel, StatementDropped("t", "covered by s"))
    with panel.snapshot("r") as view:
        first, second = view.statements()
    assert (first.basis[0].k, first.reviewed, second.dropped) == (5, "one more study, same direction", "covered by s")
    with pytest.raises(InvalidInput, match="taken out"):
        append(panel, RoundOpened("p", FIRST))
    append(panel, StatementSet("p", Statement("t", "Cells are safe enough."), reason="needed after all"))
    append(panel, StatementSet("p", Statement("s", "Cells may help."), reason="too strong"))
    with panel.snapshot("r") as view:
        first, second = view.statements()
    assert (first.reviewed, first.reason, second.dropped) == ("", "too strong", "")
    assert panel.verify().ok


def test_what_rests_on_nothing_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        append(store, StatementSet("p", Statement("s", "Cells help.")))
    append(store, PanelSet(PANEL))
    append(store, PanelSet(Panel("q", members=(Panellist("ann"),))))
    append(store, StatementSet("p", Statement("s", "Cells help.")))
    with pytest.raises(Conflict):
        append(store, StatementSet("q", Statement("s", "Cells help.")))
    with pytest.raises(InvalidInput):
        append(store, StatementSet("p", Statement("t", "  ")))
    for event in (StatementDropped("u", "why"), StatementReviewed("u", (), "why")):
        with pytest.raises(NotFound):
            append(store, event)


def test_each_id_has_one_row_that_keeps_its_place(store: Store) -> None:
    counts = StatusCounts()
    report = CheckReport("own", "1", ("batch",), (), counts, counts, record_sha256=store.files.put(b"{}"))
    for version in ("1", "2"):
        for name in ("b", "a"):
            append(store, CertaintyJudged(CertaintyJudgement(name, "low", version, (), "low")))
            append(store, FrameSet(EtdFrame(name, f"Question {version}?")))
            append(store, StandardAdopted(Standard(name, version, "Own", ("batch",), ())))
            append(store, RecordChecked(name, replace(report, version=version)))
    with store.snapshot("r") as view:
        assert [(item.outcome, item.start_reason) for item in view.certainty()] == [("b", "2"), ("a", "2")]
        assert [(item.id, item.question) for item in view.frames()] == [("b", "Question 2?"), ("a", "Question 2?")]
        assert [(item.standard.id, item.standard.version) for item in view.adopted_standards()] == [
            ("b", "2"),
            ("a", "2"),
        ]
        assert [(item.name, item.report.version) for item in view.record_checks()] == [("b", "2"), ("a", "2")]
    assert store.verify().ok

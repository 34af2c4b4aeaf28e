"""The log as people may read it."""

import pytest

from projects import ANN, BOB, LEAD, as_person, begin, entries, import_text, ris
from stromata import review
from stromata.errors import NotAllowed
from stromata.model import (
    Ballot,
    BallotCast,
    DecisionMade,
    Panel,
    Panellist,
    PanelSet,
    Round,
    RoundClosed,
    RoundOpened,
    Statement,
    StatementSet,
    Vote,
    codec,
)

KEY = "10.5555/1"


@pytest.fixture
def project(tmp_path):
    with begin(tmp_path) as opened:
        import_text(opened, tmp_path, "search.ris", ris(*entries()))
        yield opened


def shown_to(project, person):
    found = review.events(as_person(project, person))
    return {entry.payload["reviewer"]: entry.payload.get("verdict") for entry in found if entry.kind == "decision-made"}


def test_a_verdict_stays_sealed_until_all_are_in(project):
    review.decide(as_person(project, ANN), KEY, "exclude", stage="title-abstract", note="a mouse")
    assert shown_to(project, BOB) == {ANN: None}
    assert shown_to(project, LEAD) == {ANN: None}
    assert shown_to(project, ANN) == {ANN: "exclude"}
    assert "a mouse" not in review.export(as_person(project, BOB), "log")
    review.decide(as_person(project, BOB), KEY, "include", stage="title-abstract")
    assert shown_to(project, LEAD) == {ANN: "exclude", BOB: "include"}


def test_a_stranger_does_not_read_the_log(project):
    with pytest.raises(NotAllowed, match="no role"):
        review.events(as_person(project, "stranger"))
    with pytest.raises(NotAllowed):
        review.export(as_person(project, "stranger"), "log")


def test_the_newest_events_come_last_and_are_chained(project):
    found = review.events(project, last=3)
    assert [entry.sequence for entry in found] == [found[0].sequence + step for step in range(3)]
    assert [entry.previous for entry in found[1:]] == [entry.hash for entry in found[:-1]]
    assert len(review.events(project)) == review.info(project).events


def test_the_hash_of_a_sealed_verdict_cannot_be_guessed(project):
    review.decide(as_person(project, ANN), KEY, "exclude", stage="title-abstract")
    (sealed,) = [entry for entry in review.events(as_person(project, BOB)) if entry.sealed]
    assert sealed.payload.keys() == {"reference", "stage", "reviewer"}
    for verdict in ("include", "exclude", "maybe"):
        guess = DecisionMade(**sealed.payload, verdict=verdict)
        tried = codec.event_hash(
            review=project.id, sequence=sealed.sequence, at=sealed.at, actor=sealed.actor, kind=sealed.kind,
            version=sealed.version, payload=codec.to_data(guess), previous=sealed.previous,
        )  # fmt: skip
        assert tried != sealed.hash


def test_two_equal_verdicts_have_different_salts(project):
    for key in ("10.5555/1", "10.5555/2"):
        review.decide(as_person(project, ANN), key, "include", stage="title-abstract")
    salts = [entry.payload["salt"] for entry in review.events(as_person(project, ANN)) if entry.kind == "decision-made"]
    assert len(set(salts)) == 2
    assert all(len(salt) == 32 for salt in salts)


def votes_shown_to(project, person):
    found = review.events(as_person(project, person))
    cast = [entry for entry in found if entry.kind == "ballot-cast"]
    assert [entry.payload.get("panellist", "") for entry in cast if entry.sealed] == [ANN] * sum(
        entry.sealed for entry in cast
    )
    return [None if entry.sealed else entry.payload["ballot"]["votes"][0]["score"] for entry in cast]


@pytest.fixture
def voted(project):
    vote = Vote("s", ANN, 1, 8, "a frank word")
    with project.store.transaction(project.id, actor=ANN, at=project.clock()) as tx:
        tx.append(PanelSet(Panel("p", members=(Panellist(ANN), Panellist(BOB), Panellist(LEAD)))))
        tx.append(StatementSet("p", Statement("s", "Cells help.")))
        tx.append(RoundOpened("p", Round(1, invited=(ANN, BOB), statements=("s",))))
        tx.append(BallotCast(Ballot("p", 1, 1, ANN, (vote,), "salt")))
    review.grant(project, "guide", "facilitator")
    return project


def close(project):
    with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
        votes = [vote for ballot in tx.ballots("p", 1, 1) for vote in ballot.votes]
        tx.append(RoundClosed("p", 1, 1, codec.round_seal(votes, round_number=1, salts=["salt"])))


def test_a_ballot_is_seen_by_its_owner_alone_while_the_round_is_open(voted):
    assert votes_shown_to(voted, ANN) == [8]
    for person in (BOB, LEAD, "guide"):
        assert votes_shown_to(voted, person) == [None]
        assert "frank" not in review.export(as_person(voted, person), "log")


def test_after_the_round_a_facilitator_without_a_vote_may_see_names_and_peers_never(voted):
    close(voted)
    assert votes_shown_to(voted, "guide") == [8]
    for person in (BOB, LEAD):  # the lead has the role too, but sits on the panel as a voter
        assert votes_shown_to(voted, person) == [None]
        assert "frank" not in review.export(as_person(voted, person), "log")

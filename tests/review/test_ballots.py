"""Rounds: opened one at a time, voted in by those who may, sealed, never changed and only begun anew."""

import random
from dataclasses import replace

import pytest

from panels import FAY, HEAD, PEOPLE, PLAN, STATEMENTS, VOTERS, begin_panel, copied, hold_round, named, vote, write
from projects import ANN, LEAD, as_person
from stromata import consensus, review
from stromata.errors import Conflict, InvalidInput, NotAllowed, NotFound, StromataError
from stromata.model import StoppingRule

VOTES = "statement,panellist,round,vote,comment\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    named(folder).close()
    return folder


@pytest.fixture
def project(template, tmp_path):
    with copied(template, tmp_path) as opened:
        yield opened


@pytest.fixture
def table(tmp_path):
    return lambda text: write(tmp_path, "votes.csv", text)


def ballots(project, number=1, edition=1):
    with project.store.snapshot(project.id) as view:
        return view.ballots("dosing", number, edition)


# Opening


def test_the_first_round_asks_everybody_everything(project):
    held = review.open_round(project)
    assert (held.number, held.edition, held.statements) == (1, 1, ("S1", "S2", "S3"))
    assert held.invited == VOTERS
    assert held.texts[0] == "Cells may be offered in psoriasis."
    assert (bool(held.opened), held.closed) == (True, "")


def test_only_who_runs_the_panel_opens_and_closes(project):
    with pytest.raises(NotAllowed, match="may not run the panel"):
        review.open_round(as_person(project, "vera"))
    review.open_round(as_person(project, LEAD))
    with pytest.raises(NotAllowed, match="may not run the panel"):
        review.close_round(as_person(project, "vera"))


def test_statements_and_people_can_be_chosen(project):
    held = review.open_round(project, statements=["S2", "S2"], invited=["walt"])
    assert (held.statements, held.invited) == (("S2",), ("walt",))


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"statements": ["S7"]}, NotFound, "no statement 'S7'; there are: S1, S2, S3"),
        ({"invited": ["zoe"]}, NotFound, "'zoe' is not on the panel"),
        ({"invited": ["olga"]}, InvalidInput, "'olga' may vote on none"),
        ({"statements": ["S2"], "invited": ["yuri"]}, InvalidInput, "'yuri' may vote on none"),
        ({"invited": ["yuri"]}, InvalidInput, "nobody who is asked may vote on the statement 'S2'"),
        ({"supersede": 1, "reason": "why not"}, NotFound, "has no round 1 to begin anew; there are: none"),
        ({"supersede": 1}, InvalidInput, "needs a reason"),
        ({"statements": []}, Conflict, "no statement is left"),
    ],
)
def test_a_round_that_cannot_be_opened(project, options, error, said):
    with pytest.raises(error, match=said):
        review.open_round(project, **options)
    assert review.participation(project).round is None


def test_a_round_needs_people_and_statements(tmp_path):
    with begin_panel(tmp_path) as project:
        with pytest.raises(NotFound, match="no people yet"):
            review.open_round(project)
        review.set_panel(project, write(tmp_path, "panel.csv", PEOPLE))
        with pytest.raises(NotFound, match="no statements yet"):
            review.open_round(project)


def test_an_interest_in_a_statement_that_does_not_exist_stops_the_opening(tmp_path):
    with begin_panel(tmp_path) as project:
        review.set_panel(project, write(tmp_path, "panel.csv", HEAD + "vera,chair,,shares,S02,\nwalt,,,,,\n"))
        review.set_statements(project, write(tmp_path, "statements.csv", STATEMENTS))
        with pytest.raises(InvalidInput, match="vera is kept from voting on 'S02'"):
            review.open_round(project)


def test_one_round_at_a_time(project):
    review.open_round(project)
    with pytest.raises(Conflict, match="round 1 of the panel 'dosing' is open"):
        review.open_round(project)


def test_a_later_round_asks_what_is_not_settled(project):
    hold_round(project, (8, 8, 8, 8), (2, 5, 8, 0), (1, 9, 1, 9))
    assert review.open_round(project).statements == ("S1", "S2", "S3")  # two rounds were planned at least
    vote(project, {person: {"S1": 8, "S3": 9 - place * 2} for place, person in enumerate(VOTERS)})
    vote(project, {"vera": {"S2": 2}, "walt": {"S2": 5}, "xena": {"S2": 8}})
    review.close_round(project)
    assert review.open_round(project).statements == ("S3",)  # S1 agreed, S2 stable without consensus, S3 moved


def test_the_stopping_rule_ends_it(tmp_path):
    plan = replace(PLAN, stopping=StoppingRule(min_rounds=1, max_rounds=2, needs_stability=False))
    with named(tmp_path, plan) as project:
        hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (1, 9, 1, 9))
        assert review.open_round(project).statements == ("S3",)
        vote(project, {"vera": {"S3": 9}})
        review.close_round(project)
        with pytest.raises(Conflict, match="as many as were planned at most"):
            review.open_round(project, statements=["S3"])
        assert review.open_round(project, supersede=2, reason="only one had voted").edition == 2


def test_no_statement_left_ends_it_unless_some_are_named(tmp_path):
    plan = replace(PLAN, stopping=StoppingRule(min_rounds=1, max_rounds=2, needs_stability=False))
    with named(tmp_path, plan) as project:
        hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
        with pytest.raises(Conflict, match="no statement is left"):
            review.open_round(project)
        assert review.open_round(project, statements=["S2"]).number == 2


def test_reworded_and_new_statements_are_asked_again(tmp_path):
    plan = replace(PLAN, stopping=StoppingRule(min_rounds=1, max_rounds=3, needs_stability=False))
    with named(tmp_path, plan) as project:
        hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
        text = STATEMENTS.replace("may be offered", "can be offered") + "S4,A new one.,,,,\n"
        review.set_statements(project, write(tmp_path, "more.csv", text), reason="as the panel asked")
        assert review.open_round(project).statements == ("S1", "S4")


# Voting


def test_people_vote_bit_by_bit_and_change_their_minds_while_it_is_open(project):
    review.open_round(project)
    vera = as_person(project, "vera")
    assert review.cast(vera, {"S1": 7}) == ("S2", "S3")
    assert review.cast(vera, [("S1", 8, " sure "), ("S2", None, "not my field")]) == ("S3",)
    assert review.cast(as_person(project, "yuri"), {"S1": 3}) == ("S3",)  # S2 is not for yuri
    (first, second) = ballots(project)
    assert [(one.statement, one.score, one.comment) for one in first.votes] == [
        ("S1", 8, "sure"),
        ("S2", None, "not my field"),
    ]
    assert second.panellist == "yuri"
    assert first.salt
    assert second.salt
    assert first.salt != second.salt


@pytest.mark.parametrize(
    ("person", "votes", "error", "said"),
    [
        ("vera", {"S1": 0}, InvalidInput, "vote on 'S1' is 0; whole numbers from 1 to 9"),
        ("vera", {"S1": 10}, InvalidInput, "is 10"),
        ("vera", {"S1": 7.5}, InvalidInput, "is 7.5"),
        ("vera", {"S1": True}, InvalidInput, "is True"),
        ("vera", {"S9": 7}, NotFound, "'S9' is not part of round 1; it asks S1, S2"),
        ("vera", {"S3": 7}, NotFound, "'S3' is not part of round 1"),
        ("vera", [("S1", 7, ""), ("S1", 8, "")], InvalidInput, "2 votes on the statement 'S1'"),
        ("vera", {}, InvalidInput, "no votes"),
        ("yuri", {"S2": 7}, NotAllowed, "'yuri' may not vote on 'S2': a declared interest"),
        ("xena", {"S1": 7}, NotAllowed, "'xena' was not asked to vote in round 1"),
        ("olga", {"S1": 7}, NotAllowed, "on the panel as observer"),
        (FAY, {"S1": 7}, NotAllowed, "on the panel as facilitator"),
        (LEAD, {"S1": 7}, NotAllowed, "'lead' is not on the panel"),
        ("Vera", {"S1": 7}, NotAllowed, "'Vera' is not on the panel"),
    ],
)
def test_votes_that_are_refused(project, person, votes, error, said):
    review.open_round(project, statements=["S1", "S2"], invited=["vera", "walt", "yuri"])
    with pytest.raises(error, match=said):
        review.cast(as_person(project, person), votes)
    assert ballots(project) == ()


def test_votes_are_taken_while_a_round_is_open(project):
    vera = as_person(project, "vera")
    with pytest.raises(Conflict, match="has been opened yet"):
        review.cast(vera, {"S1": 7})
    review.open_round(project)
    review.cast(vera, {"S1": 7})
    closed = review.close_round(project)
    with pytest.raises(Conflict, match=f"was closed on {closed.closed[:10]} and sealed"):
        review.cast(vera, {"S1": 8})
    with pytest.raises(Conflict, match="was closed on"):
        review.close_round(project)


# Tables of votes


def test_votes_of_others_are_entered_by_who_runs_the_panel(project, table):
    review.open_round(project)
    path = table("statement,panellist,vote\nS1,Vera,7\nS2,vera,U\nS1,walt,8\n")
    with pytest.raises(NotAllowed, match="may not run the panel"):
        review.load_votes(as_person(project, "vera"), path)
    with pytest.raises(NotAllowed, match="may not run the panel"):
        review.load_votes(as_person(project, ANN), path)
    votes, problems = review.load_votes(project, path)
    assert ([(one.panellist, one.round, one.score) for one in votes], problems) == (
        [("vera", 1, 7), ("vera", 1, None), ("walt", 1, 8)],
        (),
    )
    before = review.info(project).events
    review.load_votes(project, path)
    assert review.info(project).events == before


def test_a_panellist_enters_their_own_table(project, table):
    review.open_round(project)
    vera = as_person(project, "vera")
    votes, problems = review.load_votes(vera, table(VOTES + "S1,vera,1,7,fine\nS3,vera,1,2,\n"))
    assert (len(votes), problems, len(ballots(project)[0].votes)) == (2, (), 2)


def test_bad_rows_keep_all_out_or_only_themselves(project, table):
    review.open_round(project, statements=["S1", "S2"], invited=["vera", "walt", "yuri"])
    rows = (
        "S1,vera,1,7,\nS1,vera,1,8,\nS1,walt,1,12,\nS1,zoe,1,7,\nS2,yuri,1,7,\nS3,vera,1,7,\nS2,vera,2,7,\n"
        "S1,xena,1,7,\nS1,olga,1,7,\nS2,walt,1,6,\n"
    )
    votes, problems = review.load_votes(project, table(VOTES + rows))
    assert [(one.line, one.code) for one in problems] == [
        (3, "vote-twice"),
        (4, "vote-out-of-range"),
        (5, "panellist-unknown"),
        (6, "vote-not-allowed"),
        (7, "statement-unknown"),
        (8, "round-not-open"),
        (9, "panellist-not-asked"),
        (10, "vote-not-allowed"),
    ]
    assert ballots(project) == ()
    again, _ = review.load_votes(project, table(VOTES + rows), strict=False)
    assert again == votes
    assert sorted((one.panellist, len(one.votes)) for one in ballots(project)) == [("walt", 1)]


def test_nobody_replaces_a_vote_that_a_person_gave_themselves(project, table):
    review.open_round(project)
    review.cast(as_person(project, "vera"), {"S1": 7})
    said = set()
    for row in (
        "S1,vera,1,2,",
        "S1,vera,1,7,",
        "S3,vera,1,5,",
    ):  # the answer must not tell on what, nor what, they voted
        votes, problems = review.load_votes(project, table(VOTES + row + "\nS3,walt,1,4,\n"))
        assert [(problem.line, problem.code) for problem in problems] == [(2, "vote-there")]
        assert [vote.panellist for vote in votes] == ["walt"]
        said.add((problems[0].text, problems[0].hint))
    assert len(said) == 1
    assert "S1" not in said.pop()[0]
    with pytest.raises(NotAllowed, match="may not run the panel"):
        review.load_votes(as_person(project, "walt"), table(VOTES + "S1,vera,1,2,\n"))
    review.load_votes(project, table(VOTES + "S3,vera,1,5,\nS3,walt,1,4,\n"), strict=False)
    assert {one.panellist: [vote.score for vote in one.votes] for one in ballots(project)} == {"vera": [7], "walt": [4]}
    review.cast(as_person(project, "walt"), {"S3": 9})  # a vote entered for them is still theirs
    review.load_votes(as_person(project, "walt"), table(VOTES + "S1,walt,1,6,\n"))
    assert {one.statement: one.score for one in ballots(project)[1].votes} == {"S3": 9, "S1": 6}


# Closing, sealing, beginning anew


def test_a_closed_round_carries_the_seal_of_its_ballots(project):
    review.open_round(project)
    with pytest.raises(Conflict, match="nobody has voted in round 1"):
        review.close_round(project)
    vote(project, {"vera": {"S1": 7}, "walt": {"S1": 3}})
    closed = review.close_round(project)
    there = ballots(project)
    votes = [one for ballot in there for one in ballot.votes]
    assert closed.seal == consensus.seal(votes, round_number=1, salts=[one.salt for one in there])
    assert closed.seal != consensus.seal(votes, round_number=1)
    assert project.store.verify().ok


def test_a_sealed_round_is_only_begun_anew_with_a_reason(project):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 1))
    with pytest.raises(InvalidInput, match="needs a reason"):
        review.open_round(project, supersede=1)
    sealed = review.results(project).rounds[0].round.seal
    anew = review.open_round(project, supersede=1, reason="the wrong table was sent out")
    assert (anew.number, anew.edition, anew.supersedes) == (1, 2, sealed)
    assert anew.reason == "the wrong table was sent out"
    found = review.results(project)
    assert found.rounds == ()
    assert [(one.number, one.edition) for one in found.superseded] == [(1, 1), (2, 1)]
    vote(project, {"vera": {"S1": 2}})
    review.close_round(project)
    following = review.open_round(project)
    assert (following.number, following.edition, following.supersedes) == (2, 2, "")
    kinds = [entry.kind for entry in review.events(as_person(project, LEAD))]
    assert kinds.count("round-opened") == 4
    assert project.store.verify().ok


def test_a_round_opened_by_mistake_is_sealed_as_it_is_and_begun_anew(project):
    review.open_round(project, statements=["S1"])
    anew = review.open_round(project, supersede=1, reason="two statements were forgotten")
    assert (anew.edition, anew.statements) == (2, ("S1", "S2", "S3"))
    assert [one.closed != "" for one in review.results(project).superseded] == [True]
    assert [one.unfinished for one in review.results(project).superseded] == [True]
    vote(project, {"vera": {"S1": 2}})
    review.close_round(project)
    review.open_round(project, supersede=1, reason="a statement was misprinted")
    # The first was sealed while people were voting; the second was closed, and its votes were known by then.
    assert [(one.edition, one.unfinished) for one in review.results(project).superseded] == [(1, True), (2, False)]
    assert project.store.verify().ok


def test_a_later_round_that_was_open_when_an_earlier_one_was_begun_anew_is_unfinished(project):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (9, 9, 9, 9))
    review.open_round(project)
    review.open_round(project, supersede=1, reason="the wrong table was sent out")
    assert [(one.number, one.unfinished) for one in review.results(project).superseded] == [(1, False), (2, True)]


def test_a_round_keeps_its_people_as_they_were(project, table):
    held = review.open_round(project)
    assert [(one.name, one.role) for one in held.people][:2] == [("vera", "chair"), ("walt", "panellist")]
    assert [one.name for one in held.people] == ["vera", "walt", "xena", "yuri", FAY, "olga"]
    vote(project, {"vera": {"S1": 7}})
    review.close_round(project)
    review.set_panel(project, table(PEOPLE.replace("walt,panellist", "walt,observer")), reason="walt steps back")
    with project.store.snapshot(project.id) as view:
        assert view.rounds("dosing")[0].people == held.people
    assert project.store.verify().ok


# How far


def test_after_a_round_was_closed_those_who_run_it_see_who_is_missing(project, table):
    review.open_round(project)
    vote(project, {"vera": {"S1": 7}})
    review.close_round(project)
    review.set_panel(project, table(PEOPLE.replace("walt,panellist,dermatology,none,,yes\n", "")), reason="walt left")
    found = review.participation(project)
    assert (found.round, found.closed.number) == (None, 1)
    assert [(one.panellist, one.votes, one.asked) for one in found.people] == [
        ("vera", 1, 3),
        ("walt", 0, 3),
        ("xena", 0, 3),
        ("yuri", 0, 2),
    ]
    assert review.participation(as_person(project, "vera")).people is None


def test_who_has_voted_is_for_those_who_run_the_panel_and_what_for_nobody(project):
    assert review.participation(project).people == ()
    review.open_round(project)
    vote(project, {"vera": {"S1": 7, "S3": 2}})
    found = review.participation(project)
    assert [(one.panellist, one.votes, one.asked) for one in found.people] == [
        ("vera", 2, 3),
        ("walt", 0, 3),
        ("xena", 0, 3),
        ("yuri", 0, 2),
    ]
    assert found.mine == ()
    mine = review.participation(as_person(project, "vera"))
    assert mine.people is None
    assert [(one.statement, one.vote.score if one.vote else None) for one in mine.mine] == [
        ("S1", 7),
        ("S2", None),
        ("S3", 2),
    ]
    assert [one.barred for one in review.participation(as_person(project, "yuri")).mine] == [False, True, False]
    assert all(one.vote is None for one in review.participation(as_person(project, "walt")).mine)
    with pytest.raises(NotAllowed, match="neither on the panel"):
        review.participation(as_person(project, "stranger"))


def _attempt(project, chance, folder):
    """Do one thing at random that a member of the panel or its facilitator may try; a refusal is fine."""
    person = chance.choice([*VOTERS, "olga", FAY])
    choice = chance.randrange(10)
    try:
        if choice < 6:
            votes = {chance.choice(["S1", "S2", "S3", "S8"]): chance.choice([None, *range(11)]) for _ in range(2)}
            review.cast(as_person(project, person), votes)
        elif choice == 6:
            review.close_round(project)
        elif choice == 7:
            review.open_round(project, statements=chance.choice([None, ["S1"], ["S2", "S3"]]))
        elif choice == 8:
            rows = f"S1,{person},{chance.choice([1, 2])},{chance.randrange(1, 10)},\n"
            review.load_votes(project, write(folder, "some.csv", VOTES + rows))
        else:
            text = STATEMENTS.replace("may be", chance.choice(["may be", "must be"]))
            review.set_statements(project, write(folder, "reworded.csv", text), reason="as asked")
    except StromataError:
        pass


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_tried_a_closed_round_stays_as_it_was(tmp_path, seed):
    chance = random.Random(seed)
    known: dict[int, object] = {}
    with named(tmp_path, replace(PLAN, stopping=StoppingRule(min_rounds=1, max_rounds=4))) as project:
        review.open_round(project)
        for _ in range(40):
            _attempt(project, chance, tmp_path)
            rounds = review.results(project).rounds
            for section in rounds:
                assert known.setdefault(section.round.number, section) == section
            assert len(rounds) >= len(known)
        assert known
        review.open_round(project, supersede=1, reason="to see it fall")
        assert review.results(project).rounds == ()
        assert project.store.verify().ok

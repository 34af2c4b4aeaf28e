"""Delphi: each named rule, response and attrition, convergence, and the stopping rule."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.consensus import consensus_rule, consensus_rules, convergence, evaluate_stopping, judge_round, rounds
from stromata.consensus.delphi import average_majority
from stromata.errors import InvalidInput, NotFound
from stromata.model.consensus import Panel, Panellist, Round, Vote
from stromata.model.protocol import StoppingRule


def ballots(*statements, number=1):
    return [
        Vote(f"S{place}", f"p{at}", number, score)
        for place, scores in enumerate(statements, 1)
        for at, score in enumerate(scores)
    ]


def judged(ratings, rule, **options):
    (found,) = judge_round(ballots(ratings), consensus_rule(rule, **options), round_number=1)
    return found


def outcome(ratings, rule, **options):
    return judged(ratings, rule, **options).outcome


def share(high, low, n=20):
    return [8] * high + [2] * low + [5] * (n - high - low)


@pytest.mark.parametrize(
    ("ratings", "rule", "expected"),
    [
        (share(15, 5), "pct75", "in"),
        (share(14, 0), "pct75", "none"),
        (share(0, 20), "pct75", "none"),
        (share(16, 4), "pct80", "in"),
        (share(15, 0), "pct80", "none"),
        (share(16, 0), "pct80-dis5", "none"),  # exactly 80 % is not more than 80 %
        (share(17, 0), "pct80-dis5", "in"),
        (share(18, 1), "pct80-dis5", "none"),  # exactly 5 % is not fewer than 5 %
        (share(14, 6), "pct70", "in"),
        (share(14, 2), "pct70-15", "in"),
        (share(14, 3), "pct70-15", "none"),  # exactly 15 %
        (share(13, 0), "pct70-15", "none"),
        (share(2, 14), "pct70-15", "out"),
        (share(3, 14), "pct70-15", "none"),
        (share(10, 2), "pct50-15", "in"),
        (share(16, 0), "pct80-category", "in"),
        (share(0, 16), "pct80-category", "out"),
        (share(2, 2), "pct80-category", "middle"),
        (share(10, 10), "pct80-category", "none"),
    ],
)
def test_rules_of_shares_at_their_borders(ratings, rule, expected):
    assert outcome(ratings, rule) == expected


def test_the_70_15_rule_by_hand():
    first = judged([9, 8, 8, 7, 7, 7, 9, 6, 7, 3], "pct70-15")
    assert (first.agree, first.disagree, first.outcome) == (80, 10, "in")
    second = judged([9, 8, 8, 7, 7, 7, 9, 2, 1, 3], "pct70-15")
    assert (second.agree, second.disagree, second.outcome) == (70, 30, "none")


def test_apmo_takes_its_cutoff_from_all_statements():
    """Agreeing majorities 8 of 10 and 6 of 10, a disagreeing one 7 of 10: (8 + 6 + 7) / 30 = 70 %."""
    votes = ballots(share(8, 1, 10), share(6, 2, 10), share(1, 7, 10))
    found = judge_round(votes, consensus_rule("apmo"), round_number=1)
    assert [one.limit for one in found] == [70, 70, 70]
    assert [one.outcome for one in found] == ["in", "none", "out"]


def test_apmo_without_any_majority_gives_no_consensus():
    assert outcome([8, 8, 2, 2], "apmo") == "none"
    assert average_majority([[8, 8, 2, 2]]) == 0
    assert average_majority([]) is None


@pytest.mark.parametrize(
    ("ratings", "expected", "grade"),
    [
        ([8, 8, 8, 8, 8, 1], "in", "very good"),
        ([7, 8, 8, 9, 2], "in", "very good"),  # 80 % within one point
        ([7, 8, 8, 4, 1], "in", "good"),  # 60 % within one point
        ([5, 6, 8, 2, 9], "none", "some"),  # 40 % within one, 60 % within two points of 6
        ([1, 1, 5, 9, 9], "none", "no"),
        ([2, 2, 2, 2], "out", "very good"),
        ([5, 5, 5, 6], "middle", "very good"),
    ],
)
def test_distance_from_the_median(ratings, expected, grade):
    found = judged(ratings, "median-distance")
    assert found.outcome == expected
    assert found.text.startswith(f"{grade} consistency")


def test_the_iqr_rule_needs_a_width_of_the_team():
    assert outcome([7, 8, 8, 9], "iqr", limit=1) == "in"
    assert outcome([5, 8, 8, 9], "iqr", limit=0.5) == "none"
    for call in (
        lambda: consensus_rule("iqr"),
        lambda: consensus_rule("iqr", limit=-1),
        lambda: consensus_rule("pct75", limit=1),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_every_rule_says_where_it_comes_from():
    for rule in consensus_rules():
        assert rule.text
        assert rule.status in {"sourced", "secondary", "unsourced", "project"}
        assert rule.source
    with pytest.raises(NotFound, match="pct99"):
        consensus_rule("pct99")


def test_nobody_scored_is_no_consensus_and_unable_enters_no_denominator():
    votes = [Vote("S", "a", 1, None), Vote("T", "a", 1, None), Vote("T", "b", 1, 8)]
    first, second = judge_round(votes, consensus_rule("pct75"), round_number=1)
    assert (first.n, first.outcome, first.agree) == (0, "none", None)
    assert (second.n, second.outcome, second.agree) == (1, "in", 100)


@settings(max_examples=50, deadline=None)
@given(
    ratings=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    rule=st.sampled_from(["pct70-15", "pct80-category", "apmo", "median-distance"]),
)
def test_rules_with_two_sides_mirror(ratings, rule):
    swapped = {"in": "out", "out": "in", "middle": "middle", "none": "none"}
    assert outcome([10 - one for one in ratings], rule) == swapped[outcome(ratings, rule)]


@settings(max_examples=60, deadline=None)
@given(
    ratings=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    rule=st.sampled_from(["pct75", "pct80-dis5", "pct70-15"]),
)
def test_a_higher_vote_never_ends_consensus_for(ratings, rule):
    if outcome(ratings, rule) == "in":
        assert outcome([min(one + 1, 9) for one in ratings], rule) == "in"


PANEL = Panel("p", members=tuple(Panellist(f"p{at}") for at in range(5)))


def test_response_and_attrition():
    votes = ballots([8, 8, 8, 8]) + [replace(vote, round=2) for vote in ballots([8, 8])] + [Vote("S1", "p4", 2, None)]
    first, second = rounds(votes, consensus_rule("pct75"), panel=PANEL)
    assert (first.invited, first.voted, first.response, first.retained, first.left) == (5, 4, 80, None, ())
    assert (second.voted, second.response, second.retained, second.left) == (3, 60, 50, ("p2", "p3"))
    (own, _) = rounds(votes, consensus_rule("pct75"), panel=PANEL, asked=[Round(1, invited=("p0", "p1", "p2", "p3"))])
    assert (own.invited, own.response) == (4, 100)
    assert rounds(votes, consensus_rule("pct75"))[0].response is None


def test_convergence_compares_with_the_last_round_that_rated_the_statement():
    votes = ballots([1, 5, 9], [5, 5, 5], number=1) + ballots([5, 5, 9], number=3)
    rows = convergence(votes, consensus_rule("pct75"))
    assert [(row.statement, row.round) for row in rows] == [("S1", 1), ("S1", 3), ("S2", 1)]
    assert rows[0].moved is None
    assert (rows[1].moved.before, rows[1].moved.after) == (1, 3)
    assert rows[1].moved.changed == pytest.approx(100 / 3)
    assert (rows[0].median, rows[0].iqr, rows[0].agree) == (5, 4, pytest.approx(100 / 3))


PLAN = StoppingRule("pct75", min_rounds=2, max_rounds=3, max_change=15)


def standing(votes, plan=PLAN):
    return [one.standing for one in evaluate_stopping(votes, plan).statements]


def test_consensus_alone_does_not_stop():
    votes = ballots([8, 8, 8, 8])
    assert standing(votes) == ["open"]
    found = evaluate_stopping(votes, PLAN)
    assert (found.stop, found.round) == (False, 1)
    assert "2 rounds" in found.reason
    assert standing(votes, replace(PLAN, needs_stability=False)) == ["consensus"]


def test_consensus_that_is_stable_stops():
    votes = ballots([8, 8, 8, 8]) + ballots([8, 8, 8, 8], number=2)
    found = evaluate_stopping(votes, PLAN)
    assert (found.stop, found.statements[0].standing, found.statements[0].changed) == (True, "consensus", 0)


def test_stable_opinions_without_consensus_stop_too():
    votes = ballots([2, 8, 2, 8]) + ballots([2, 8, 2, 8], number=2)
    assert evaluate_stopping(votes, PLAN).stop
    assert standing(votes) == ["stable-without-consensus"]


def test_moving_opinions_go_on_until_the_last_round():
    votes = ballots([2, 8, 2, 8]) + ballots([3, 8, 2, 8], number=2)
    assert not evaluate_stopping(votes, PLAN).stop
    assert standing(votes) == ["open"]
    assert standing(votes, replace(PLAN, max_change=25)) == ["stable-without-consensus"]
    last = evaluate_stopping([*votes, *ballots([8, 3, 4, 5], number=3)], PLAN)
    assert (last.stop, last.statements[0].standing) == (True, "open")
    assert "1 statement is open" in last.reason


@pytest.mark.parametrize(
    "plan", [replace(PLAN, min_rounds=0), replace(PLAN, min_rounds=4), replace(PLAN, max_change=101)]
)
def test_a_stopping_rule_that_cannot_be_is_refused(plan):
    with pytest.raises(InvalidInput):
        evaluate_stopping(ballots([8]), plan)
    with pytest.raises(InvalidInput):
        evaluate_stopping([], PLAN)


def test_ratings_of_another_wording_are_not_compared():
    votes = [vote for number in (1, 2, 3) for vote in ballots([8, 8, 8, 8], number=number)]
    rows = convergence(votes, consensus_rule("pct75"), reworded={("S1", 2)})
    assert [row.moved.before if row.moved else None for row in rows] == [None, None, 2]
    assert evaluate_stopping(votes[:8], PLAN, reworded={("S1", 2)}).statements[0].standing == "open"
    assert evaluate_stopping(votes, PLAN, reworded={("S1", 2)}).statements[0].standing == "consensus"

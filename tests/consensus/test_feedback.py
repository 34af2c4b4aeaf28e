"""Feedback sheets: one's own votes, the group's, and nothing that tells who voted what."""

from dataclasses import replace

import pytest

from stromata.consensus import feedback_sheet, stability
from stromata.consensus.feedback import may_tell_movement
from stromata.errors import InvalidInput, NotFound
from stromata.model.consensus import Panel, Panellist, Statement, Vote

VOTES = [
    Vote("S1", "Ann Lee", 1, 2, "too early"),
    Vote("S1", "Bob", 1, 8, "As Ann Lee said; lee is right, sleep is not."),
    Vote("S1", "Cy", 1, 8, "zero risk"),
    Vote("S1", "Di", 1, 9, "zero risk"),
    Vote("S1", "Ed", 1, None),
    Vote("S2", "Ann Lee", 1, 5),
    Vote("S2", "Bob", 1, 6),
]


def test_own_votes_stand_beside_the_distribution():
    sheet = feedback_sheet(VOTES, "Ann Lee", statements=[Statement("S1", "Give cells.")])
    first, second = sheet.items
    assert (first.text, first.own, first.own_comment, first.voted, first.unable) == (
        "Give cells.",
        2,
        "too early",
        True,
        1,
    )
    assert first.ratings.counts == (0, 1, 0, 0, 0, 0, 0, 2, 1)
    assert (first.result.median, first.result.n) == (8, 4)
    assert (second.own, second.ratings, second.result) == (5, None, None)
    assert [caution.code for caution in sheet.cautions] == ["few-ratings", "names-in-comments"]
    assert "S2" in sheet.cautions[0].text
    assert "where a program can find them" in sheet.cautions[1].text


def test_comments_of_others_come_once_in_order_and_without_names():
    comments = feedback_sheet(VOTES, "Ann Lee").items[0].comments
    assert comments == ("As [name] said; [name] is right, sleep is not.", "zero risk")
    assert "too early" in feedback_sheet(VOTES, "Bob").items[0].comments


def test_names_of_silent_members_of_the_panel_are_hidden_too():
    panel = Panel("p", members=(Panellist("Zoe"),))
    votes = [*VOTES, Vote("S1", "Gus", 1, 7, "ask Zoe")]
    assert "ask [name]" in feedback_sheet(votes, "Bob", panel=panel).items[0].comments
    assert feedback_sheet(votes, "Zoe", panel=panel).items[0].voted is False


def test_chinese_names_are_hidden_and_pseudonyms_of_one_letter_are_not():
    votes = [
        Vote("S", name, 1, 7, comment) for name, comment in (("张伟", "a 12 b"), ("a", "同意张伟的意见"), ("12", ""))
    ]
    assert feedback_sheet(votes, "12").items[0].comments == ("a 12 b", "同意[name]的意见")


def test_fewer_than_three_voters_show_no_comment_and_fewer_than_three_ratings_not_who_was_unable():
    two = [Vote("S", "Ann", 1, 7, "mine"), Vote("S", "Bob", 1, None, "only Bob could write this")]
    item = feedback_sheet(two, "Ann").items[0]
    assert (item.comments, item.unable, item.own_comment) == ((), None, "mine")
    item = feedback_sheet([*two, Vote("S", "Cy", 1, None)], "Ann").items[0]
    assert (item.comments, item.unable) == (("only [name] could write this",), None)
    four = [*two, Vote("S", "Cy", 1, 8), Vote("S", "Di", 1, 8)]
    assert feedback_sheet(four, "Ann").items[0].unable == 1


@pytest.mark.parametrize(
    ("gone", "came", "told"),
    [
        (0, 0, True),
        (1, 0, False),
        (2, 0, False),
        (3, 0, True),
        (0, 1, False),
        (0, 3, True),
        (3, 2, False),
        (3, 3, True),
    ],
)
def test_movement_is_told_where_nobody_or_several_rated_in_one_round_only(gone, came, told):
    first = [Vote("S", f"p{at}", 1, 7) for at in range(8)]
    second = [replace(vote, round=2) for vote in first[gone:]] + [Vote("S", f"q{at}", 2, 3) for at in range(came)]
    (moved,) = stability([*first, *second], before=1, after=2)
    assert (moved.pairs, moved.n_before, moved.n_after) == (8 - gone, 8, 8 - gone + came)
    assert may_tell_movement(moved) is told


def test_movement_of_two_people_is_told_to_nobody():
    votes = [Vote("S", name, number, 7) for name in ("Ann", "Bob") for number in (1, 2)]
    (moved,) = stability(votes, before=1, after=2)
    assert not may_tell_movement(moved)


def test_not_voted_and_unable_differ():
    own = feedback_sheet(VOTES, "Ed").items
    assert (own[0].voted, own[0].own) == (True, None)
    assert (own[1].voted, own[1].own) == (False, None)


def grouped(sizes):
    members = [Panellist(f"{group}{at}", group=group) for group, size in sizes.items() for at in range(size)]
    votes = [Vote("S", one.name, 1, 7) for one in members]
    sheet = feedback_sheet(votes, members[0].name, panel=Panel("p", members=tuple(members)))
    return [group.group for group in sheet.items[0].groups]


def test_groups_are_shown_when_no_small_one_can_be_worked_out():
    assert grouped({"derm": 3, "pat": 4}) == ["derm", "pat"]
    assert grouped({"derm": 3, "pat": 2}) == []
    assert grouped({"derm": 3, "pat": 2, "law": 2}) == ["derm"]


def test_the_last_round_unless_another_is_asked_for():
    votes = [*VOTES, Vote("S1", "Bob", 2, 9)]
    assert feedback_sheet(votes, "Bob").round == 2
    assert feedback_sheet(votes, "Bob", round_number=1).items[0].own == 8
    with pytest.raises(InvalidInput):
        feedback_sheet(votes, "Bob", round_number=7)
    with pytest.raises(NotFound):
        feedback_sheet(votes, "Nobody")


def test_the_class_follows_the_settings_of_the_panel():
    votes = [Vote("S1", f"p{at}", 1, score) for at, score in enumerate((6, 6, 7, 7))]
    plain = feedback_sheet(votes, "p0").items[0].result
    higher = feedback_sheet(votes, "p0", half_medians="higher", method="hazen").items[0].result
    assert (plain.appropriateness, higher.appropriateness) == ("uncertain", "appropriate")

"""Votes and panels from tables: every fault is named with its place, the rest is read."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.consensus import may_vote, read_panel, read_votes, seal
from stromata.consensus.votes import read_members, read_score
from stromata.errors import InvalidInput, NotFound, Unreadable
from stromata.model.consensus import Interest, Panel, Panellist, Round, Vote

HEAD = "statement,panellist,round,vote,comment\n"
PANEL = Panel(
    "p",
    members=(
        Panellist("Ann", interests=(Interest("patent", ("S2",)),), declared=True),
        Panellist("Bob", "observer"),
        Panellist("Cy", "patient"),
    ),
)


def problems(text, **options):
    return [(one.line, one.code, one.column) for one in read_votes(HEAD + text, **options)[1]]


def test_votes_are_read():
    votes, found = read_votes(HEAD + 'S1,Ann,2,7,"fine, mostly"\nS1,Cy,2,unable,\n')
    assert votes == (Vote("S1", "Ann", 2, 7, "fine, mostly"), Vote("S1", "Cy", 2, None))
    assert found == ()


@pytest.mark.parametrize("word", ["U", "u", "unable", "Unable to score", "NA", "n/a", "Ｕ"])
def test_words_for_unable_to_score(word):
    votes, found = read_votes(HEAD + f"S1,Ann,1,{word},\n")
    assert (votes[0].score, found) == (None, ())


@pytest.mark.parametrize(("cell", "score"), [("9", 9), (" 1 ", 1), ("7.0", 7), ('"7,0"', 7), ("７", 7), ("+3", 3)])
def test_whole_numbers_however_they_are_written(cell, score):
    assert read_votes(HEAD + f"S1,Ann,1,{cell},\n")[0][0].score == score


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("0", "vote-out-of-range"),
        ("10", "vote-out-of-range"),
        ("-3", "vote-out-of-range"),
        ("7.5", "vote-not-whole"),
        ('"7,5"', "vote-not-whole"),
        ("seven", "vote-not-a-number"),
        ("nan", "vote-not-a-number"),
        ("inf", "vote-not-a-number"),
        ("=1+6", "vote-not-a-number"),
        ("7-8", "vote-not-a-number"),
        ("²", "vote-not-a-number"),
        ("", "vote-missing"),
    ],
)
def test_a_bad_vote_is_named_and_left_out(cell, code):
    votes, found = read_votes(HEAD + f"S1,Ann,1,{cell},\nS1,Bob,1,5,\n")
    assert [(one.line, one.code, one.column) for one in found] == [(2, code, "vote")]
    assert [vote.panellist for vote in votes] == ["Bob"]
    assert found[0].hint


def test_of_double_votes_the_first_counts_and_each_further_one_is_named():
    text = "S1,Ann,1,7,\nS1,ann ,1,8,\nS1,Ann,2,8,\nS1,Ann,1,7,\n"
    votes, found = read_votes(HEAD + text)
    assert [(vote.round, vote.score) for vote in votes] == [(1, 7), (2, 8)]
    assert [(one.line, one.code) for one in found] == [(3, "vote-twice"), (5, "vote-twice")]
    assert "line 2" in found[0].text
    assert "another vote" in found[0].text
    assert "the same vote" in found[1].text


def test_of_two_different_votes_neither_counts_where_it_is_so_asked():
    text = "S1,Ann,1,7,\nS1,ann,1,8,\nS1,Ann,1,7,\nS2,Ann,1,4,\nS2,Ann,1,4,\n"
    votes, found = read_votes(HEAD + text, first_counts=False)
    assert [(vote.statement, vote.score) for vote in votes] == [("S2", 4)]
    assert [(one.line, "neither is kept" in one.text) for one in found] == [(3, True), (4, False), (6, False)]


def test_a_score_is_read_alike_from_a_table_and_from_a_command():
    assert [read_score(text) for text in ("7", "7.0", "7,0", "+7", " ７ ", "na", "U", "n/a")] == [7] * 5 + [None] * 3
    for text, said in (("", "is empty"), ("7,5", "not a whole number"), ("12", "not in 1 to 9"), ("x", "no number")):
        with pytest.raises(InvalidInput, match=said) as refused:
            read_score(text)
        assert "7, 7.0, 7,0 and +7" in refused.value.hint
    with pytest.raises(InvalidInput) as refused:
        read_score("9" * 5000)
    assert len(refused.value.message) < 150


def test_long_cells_are_cut_in_messages():
    text = f"{'s' * 5000},{'a' * 5000},1,{'9' * 5000},\nS1,{'b' * 5000},1,7,\nS1,{'b' * 5000},1,7,\n"
    _, found = read_votes(HEAD + text, panel=PANEL)
    assert len(found) == 3
    assert max(len(one.text) for one in found) < 300
    assert "5000 characters" in found[0].text


def test_nobody_enters_votes_for_who_votes_themselves():
    text = "S1,ann,2,7,\nS2,ann,2,5,\n"
    votes, found = read_votes(
        HEAD + text, panel=replace(PANEL, members=(Panellist("Ann"),)), asked=ASKED, by_hand=["Ann"]
    )
    assert votes == ()
    assert [(one.line, one.code) for one in found] == [(2, "vote-there"), (3, "vote-there")]
    assert found[0].text == found[1].text


def test_spellings_of_a_name_are_one_person_over_the_rounds():
    votes, _ = read_votes(HEAD + "S1,Ann  Lee,1,7,\nS1,ann lee,2,8,\n")
    assert {vote.panellist for vote in votes} == {"Ann  Lee"}


def test_a_bad_vote_does_not_stand_in_the_way_of_a_good_one():
    votes, found = read_votes(HEAD + "S1,Ann,1,12,\nS1,Ann,1,8,\n")
    assert [vote.score for vote in votes] == [8]
    assert [one.code for one in found] == ["vote-out-of-range"]


def test_missing_statement_panellist_and_round():
    assert problems(",Ann,1,7,\nS1,,1,7,\nS1,Ann,,7,\nS1,Ann,0,7,\nS1,Ann,1.5,7,\n") == [
        (2, "statement-missing", "statement"),
        (3, "panellist-missing", "panellist"),
        (4, "round-invalid", "round"),
        (5, "round-invalid", "round"),
        (6, "round-invalid", "round"),
    ]


def test_all_faults_of_a_row_are_named():
    assert [code for _, code, _ in problems(",,x,99,\n")] == [
        "statement-missing",
        "panellist-missing",
        "round-invalid",
        "vote-out-of-range",
    ]


def test_who_is_not_on_the_panel_or_may_not_vote():
    text = "S1,Ann,1,7,\nS2,Ann,1,7,\nS1,Bob,1,7,\nS1,Zoe,1,7,\nS1,CY,1,7,\n"
    votes, found = read_votes(HEAD + text, panel=PANEL)
    assert [vote.panellist for vote in votes] == ["Ann", "Cy"]
    assert [(one.line, one.code) for one in found] == [
        (3, "vote-not-allowed"),
        (4, "vote-not-allowed"),
        (5, "panellist-unknown"),
    ]
    assert "interest" in found[0].text
    assert "observer" in found[1].text


def test_an_unknown_statement():
    assert problems("S9,Ann,1,7,\n", statements=("S1",)) == [(2, "statement-unknown", "statement")]


def test_lines_count_from_the_file_even_after_a_comment_of_several_lines():
    assert problems('S1,Ann,1,7,"one\ntwo\nthree"\n\nS1,Bob,1,x,\n') == [(6, "vote-not-a-number", "vote")]


def test_other_names_of_columns_separators_and_encodings():
    plain = "Item;Rater;Score\nS1;Ann;7\n"
    expected = (Vote("S1", "Ann", 1, 7),)
    assert read_votes(plain)[0] == expected
    assert read_votes(plain.replace(";", "\t").encode("utf-16"))[0] == expected
    assert read_votes(b"\xef\xbb\xbf" + plain.encode())[0] == expected


def test_a_problem_names_the_column_as_the_table_does():
    assert read_votes("Item,Rater,Score\nS1,Ann,70\n")[1][0].column == "Score"


def test_surplus_cells_and_broken_quotes():
    assert problems("S1,Ann,1,7,a comment, with a comma\n") == [(2, "row-too-long", "")]
    assert [code for _, code, _ in problems('S1,Ann,1,7,"open\n')] == ["broken-row"]
    assert problems("S1,Ann,1,7\n") == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "no rows"),
        (HEAD, "no rows"),
        ("a,b\n1,2\n", "no column statement, panellist, vote"),
        ("statement,panellist,vote,score\nS,A,1,2\n", "several columns"),
        (b"statement,panellist,vote\nS,J\xfcrg,7\n", "line 2"),
        (b"PK\x03\x04\x00\x00", "not a text table"),
    ],
)
def test_what_cannot_be_read(data, said):
    with pytest.raises(Unreadable, match=said):
        read_votes(data)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(NotFound):
        read_votes(tmp_path / "none.csv")
    with pytest.raises(Unreadable):
        read_votes(tmp_path)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_votes_or_problems(data):
    try:
        votes, found = read_votes(HEAD.encode() + data)
    except Unreadable:
        return
    assert all(vote.score is None or 1 <= vote.score <= 9 for vote in votes)
    assert all(one.text and one.line >= 1 for one in found)


def test_a_panel_is_read():
    head = "name,role,group,interests,excluded_from,declared\n"
    panel, found = read_panel(head + "Ann,chair,derm,shares in X,S1;S2,\nBob,,pat,none,,\nCy,panelist,,,,no\n")
    assert found == ()
    ann, bob, cy = panel.members
    assert ann == Panellist("Ann", "chair", "derm", (Interest("shares in X", ("S1", "S2")),), declared=True)
    assert (bob.role, bob.interests, bob.declared) == ("panellist", (), True)
    assert (cy.role, cy.declared) == ("panellist", False)


def test_faults_of_a_panel():
    text = "name,role,declared\nAnn,king,\n,chair,\nBob,chair,perhaps\nbob,,\n"
    panel, found = read_panel(text)
    assert [(one.line, one.code) for one in found] == [
        (2, "role-unknown"),
        (3, "name-missing"),
        (4, "declared-unclear"),
        (5, "panellist-twice"),
    ]
    assert [member.name for member in panel.members] == ["Bob"]


@pytest.mark.parametrize("name", ["An\x07n", "An\u202en", "An\u200bn", "A" * 201])
def test_a_name_that_cannot_be_shown_is_named_with_its_line(name):
    panel, found = read_panel(f"name,role\nBob,chair\n{name},chair\n")
    assert [(one.line, one.code, one.column) for one in found] == [(3, "name-invalid", "name")]
    assert [member.name for member in panel.members] == ["Bob"]
    assert found[0].text.isprintable()


def test_rows_of_a_panel_keep_their_lines():
    rows, _ = read_members("name\n\nAnn\nBob\n")
    assert [(row.line, row.member.name) for row in rows] == [(3, "Ann"), (4, "Bob")]


@pytest.mark.parametrize(
    ("member", "allowed"),
    [
        (Panellist("a"), True),
        (Panellist("a", "patient"), True),
        (Panellist("a", "facilitator"), False),
        (Panellist("a", interests=(Interest("x", ("*",)),)), False),
        (Panellist("a", interests=(Interest("x", ("S2",)),)), True),
        (Panellist("a", interests=(Interest("x"), Interest("y", ("S1",)))), False),
    ],
)
def test_who_may_vote(member, allowed):
    assert may_vote(member, "S1") is allowed


VOTES = [Vote("S1", "Ann", 1, 7, "ok"), Vote("S1", "Bob", 1, None), Vote("S1", "Ann", 2, 8)]


def test_a_seal_holds_the_ballots_of_its_round_in_any_order():
    sealed = seal(VOTES, round_number=1)
    assert len(sealed) == 64
    assert seal(reversed(VOTES), round_number=1) == sealed
    assert seal(VOTES[:2], round_number=1) == sealed
    assert seal(VOTES, round_number=2) != sealed


@pytest.mark.parametrize(
    "changed",
    [
        Vote("S1", "Ann", 1, 8, "ok"),
        Vote("S1", "Ann", 1, 7, "OK"),
        Vote("S2", "Ann", 1, 7, "ok"),
        Vote("S1", "Anna", 1, 7, "ok"),
    ],
)
def test_any_change_breaks_the_seal(changed):
    assert seal([changed, VOTES[1]], round_number=1) != seal(VOTES, round_number=1)
    assert seal(VOTES[:1], round_number=1) != seal(VOTES, round_number=1)


ASKED = Round(2, invited=("Ann",), statements=("S1", "S2"))


def test_votes_of_an_open_round_are_of_it_on_what_it_asks_and_of_whom_it_asks():
    text = "S1,ann,2,7,\nS1,ann,1,7,\nS3,Ann,2,7,\nS1,Cy,2,7,\nS2,Ann,2,7,\n"
    votes, found = read_votes(HEAD + text, panel=PANEL, asked=ASKED)
    assert votes == (Vote("S1", "Ann", 2, 7),)
    assert [(one.line, one.code) for one in found] == [
        (3, "round-not-open"),
        (4, "statement-unknown"),
        (5, "panellist-not-asked"),
        (6, "vote-not-allowed"),
    ]
    assert "round 2 is open" in found[0].text
    assert "only superseded" in found[0].hint


def test_a_table_without_rounds_is_of_the_round_that_is_open():
    votes, found = read_votes("statement,panellist,vote\nS1,Ann,7\n", panel=PANEL, asked=ASKED)
    assert (votes, found) == ((Vote("S1", "Ann", 2, 7),), ())

"""`stromata consensus`: the JSON it gives, the tables it prints, its exit statuses."""

import pytest

import stromata.cli.consensus  # noqa: F401 - registers the commands

HEAD = "statement,panellist,round,vote,comment\n"
SPLIT = "".join(f"S1,p{at},1,{score},\n" for at, score in enumerate([1, 2, 2, 5, 7, 8, 8, 9, 9]))
GOOD = "".join(f"S2,p{at},1,{score},\n" for at, score in enumerate([6, 7, 7, 7, 8, 8, 8, 9, 9]))


@pytest.fixture
def table(tmp_path):
    def write(text, name="votes.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_appropriateness_gives_everything_per_statement(run, table):
    done = run("consensus", "appropriateness", table(HEAD + SPLIT + GOOD), "--json")
    split, good = done.json["statements"]
    assert (done.status, done.err, done.json["problems"]) == (0, "", [])
    assert (split["statement"], split["round"], split["n"], split["unable"]) == ("S1", 1, 9, 0)
    assert (split["median"], split["tertile"], split["disagreement"], split["class"]) == (7, "7-9", True, "uncertain")
    assert (split["p30"], split["p70"], split["ipr"], split["ipras"]) == (3.2, 8, 4.8, 3.25)
    assert split["agreement"] is False
    rules = split["agreement_rules"]
    assert (rules["in_1_3"], rules["in_7_9"], rules["disagreement_min_each_end"]) == (3, 5, 3)
    assert (rules["disagreement"], rules["verdict"]) == (True, "disagreement")
    assert (good["median"], good["iqr"], good["disagreement"], good["class"]) == (8, 1, False, "appropriate")
    assert (good["agreement"], good["agreement_rules"]["outside_median_band"]) == (True, 1)
    assert good["agreement_rules"]["agreement_max_outside"] == 2
    assert done.json["settings"]["percentiles"] == "linear"


def test_without_json_it_prints_a_table(run, table):
    done = run("consensus", "appropriateness", table(HEAD + SPLIT + GOOD))
    assert done.status == 0
    assert "uncertain" in done.out
    assert "3.25" in done.out


def test_rows_with_problems_are_named_and_the_rest_is_computed(run, table):
    text = HEAD + GOOD + "S2,p0,1,1,\nS2,p9,1,10,\nS2,pX,1,7.5,\n,p1,1,7,\n"
    done = run("consensus", "appropriateness", table(text), "--json")
    assert done.status == 3
    assert [one["code"] for one in done.json["problems"]] == [
        "vote-twice",
        "vote-out-of-range",
        "vote-not-whole",
        "statement-missing",
    ]
    assert "votes.csv:11:panellist: " in done.err
    assert "votes.csv:12:vote: " in done.err
    assert (done.json["statements"][0]["n"], done.json["statements"][0]["median"]) == (9, 8)


def test_the_last_round_unless_another_is_asked_for(run, table):
    path = table(HEAD + "S1,a,1,2,\nS1,a,2,8,\nS2,a,1,3,\n")
    found = run("consensus", "appropriateness", path, "--json").json["statements"]
    assert [(one["statement"], one["round"], one["median"]) for one in found] == [("S1", 2, 8), ("S2", 1, 3)]
    first = run("consensus", "appropriateness", path, "--round", "1", "--json").json["statements"]
    assert [one["median"] for one in first] == [2, 3]
    assert run("consensus", "appropriateness", path, "--round", "5").status == 4


def test_unable_to_score_is_counted_apart(run, table):
    (one,) = run("consensus", "appropriateness", table(HEAD + "S,a,1,U,\nS,b,1,NA,\n"), "--json").json["statements"]
    assert (one["n"], one["unable"], one["class"], one["median"]) == (0, 2, None, None)
    assert one["cautions"][0]["code"] == "no-ratings"
    assert run("consensus", "appropriateness", table(HEAD + "S,a,1,U,\n")).status == 0


def test_choices_change_the_result_and_unknown_ones_are_refused(run, table):
    path = table(HEAD + "".join(f"S,p{at},1,{score},\n" for at, score in enumerate([6, 6, 7, 7])))
    plain = run("consensus", "appropriateness", path, "--json").json["statements"][0]
    higher = run("consensus", "appropriateness", path, "--half-medians", "higher", "--json").json["statements"][0]
    assert (plain["class"], higher["class"]) == ("uncertain", "appropriate")
    for option in ("--percentiles", "--disagreement", "--half-medians"):
        done = run("consensus", "appropriateness", path, option, "nonsense")
        assert done.status == 4
        assert "nonsense" in done.err


def test_votes_are_held_against_a_panel(run, table):
    panel = table("name,role\np0,panellist\np1,observer\n", "panel.csv")
    done = run(
        "consensus", "appropriateness", table(HEAD + "S,p0,1,7,\nS,p1,1,7,\nS,p2,1,7,\n"), "--panel", panel, "--json"
    )
    assert done.status == 3
    assert [one["code"] for one in done.json["problems"]] == ["vote-not-allowed", "panellist-unknown"]
    assert done.json["statements"][0]["n"] == 1
    bad = run(
        "consensus", "appropriateness", table(HEAD + "S,p0,1,7,\n"), "--panel", table("name,role\na,king\n", "p.csv")
    )
    assert bad.status == 4
    assert "king" in bad.err


@pytest.mark.parametrize(("text", "said"), [("", "no rows"), ("a,b\n1,2\n", "no column"), (HEAD, "no rows")])
def test_what_cannot_be_read(run, table, text, said):
    done = run("consensus", "appropriateness", table(text), "--json")
    assert (done.status, done.out) == (4, "")
    assert said in done.err


def test_a_file_that_is_not_there(run, tmp_path):
    assert run("consensus", "appropriateness", tmp_path / "none.csv").status == 5


def test_stdin(run):
    done = run("consensus", "appropriateness", "-", "--json", stdin=(HEAD + "S,a,1,7,\n").encode())
    assert (done.status, done.json["statements"][0]["median"]) == (0, 7)


def test_feedback_shows_own_vote_distribution_and_comments_without_names(run, table):
    path = table(HEAD + SPLIT + "S1,p9,1,7,p1 is wrong\n")
    done = run("consensus", "feedback", path, "--panellist", "p0", "--json")
    (item,) = done.json["items"]
    assert (done.status, item["own"], item["ratings"]["counts"]) == (0, 1, [1, 2, 0, 0, 1, 0, 2, 2, 2])
    assert item["comments"] == ["[name] is wrong"]
    shown = run("consensus", "feedback", path, "--panellist", "p0")
    assert "[name] is wrong" in shown.out
    assert not any(f"p{at}" in shown.out for at in range(1, 10))
    assert run("consensus", "feedback", path, "--panellist", "nobody").status == 5

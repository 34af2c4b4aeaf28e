"""A panel run from the command line: people, statements, two rounds, results, and every refusal with its status."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from panels import FAY, PEOPLE, PLAN, STATEMENTS, VOTERS, begin_panel, copied, hold_round, named, write
from projects import ANN, LEAD, TABLES, as_person, write_tables
from stromata import review
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
def panel(run, project, tmp_path):
    """`stromata consensus` in the hands of a person; by default of the facilitator."""

    def panel(*words, person=FAY):
        return run("--dir", tmp_path / "review", "--as", person, "consensus", *words)

    assert project
    return panel


def test_help_reads_like_a_table_of_contents(run):
    shown = run("consensus", "--help").out
    places = [
        shown.index(f"│ {name} ") for name in ("panel", "statements", "open", "vote", "close", "results", "sheet")
    ]
    assert places == sorted(places)
    assert shown.index("Files without a review") < shown.index("appropriateness")


def test_people_and_statements_are_named_and_listed(run, tmp_path):
    begin_panel(tmp_path).close()
    words = ("--dir", tmp_path / "review", "--as", FAY, "consensus")
    assert "dermatology" in run(*words, "panel", write(tmp_path, "panel.csv", PEOPLE)).out
    found = run(*words, "panel", "--json").json
    assert (found["simulated"], [one["name"] for one in found["panel"]["members"][:2]]) == (False, ["vera", "walt"])
    done = run(*words, "statements", write(tmp_path, "statements.csv", STATEMENTS))
    assert (done.status, done.out) == (0, "3 new, 0 changed, 0 as they were.\n")
    listed = run(*words, "statements", "--json").json["statements"]
    assert [(one["kept"]["statement"]["id"], one["state"]) for one in listed] == [
        ("S1", "open"),
        ("S2", "open"),
        ("S3", "open"),
    ]
    assert "responders/psoriasis" in run(*words, "statements").out


def test_tables_at_fault_are_refused_with_line_and_remedy(panel, tmp_path):
    done = panel("panel", write(tmp_path, "panel.csv", PEOPLE.replace("chair", "king")))
    assert done.status == 4
    assert "panel.csv:2:role: The role is 'king'" in done.err
    bad = write(tmp_path, "statements.csv", "id,text,syntheses\nS9,A text.,cures\n")
    done = panel("statements", bad)
    assert (done.status, done.out) == (4, "Nothing was kept: 1 thing is wrong. Mend it.\n")
    assert "statements.csv:2:syntheses: The statement 'S9' rests on 'cures'" in done.err
    assert panel("statements", bad, "--json").json["kept"] is False
    assert panel("statements", tmp_path / "none.csv").status == 5


def test_a_whole_panel_of_two_rounds(panel, tmp_path):
    assert "Round 1 is open: 4 people, 3 statements." in panel("open").out
    done = panel("vote", "S1", "8", "--comment", "as walt said", person="vera")
    assert (done.status, done.out) == (0, "8 on S1. Still to vote on: S2, S3.\n")
    mine = panel("status", person="vera")
    assert "A register should be kept." in mine.out
    assert "Who has voted" not in mine.out
    rows = "".join(f"S{number},{name},1,{6 + number},\n" for number in (1, 3) for name in VOTERS[1:])
    assert panel("votes", write(tmp_path, "votes.csv", VOTES + rows)).out == "6 votes of 3 people kept.\n"
    people = panel("status", "--json").json["participation"]["people"]
    assert [(one["panellist"], one["votes"], one["asked"]) for one in people][:2] == [("vera", 1, 3), ("walt", 2, 3)]
    assert "Who has voted" in panel("status").out
    assert panel("results", "--json").json["results"]["rounds"] == []
    closed = panel("close")
    assert "Round 1 is closed. 4 of 4 voted. Its seal is " in closed.out
    assert "No vote of" not in closed.out
    assert "Who voted in round 1" in panel("status").out
    assert "A further round is to be held, on S1, S2, S3." in closed.out
    sheet = panel("sheet", person="walt")
    assert "as [name] said" in sheet.out
    assert panel("sheet", "--json", person="walt").json["sheet"]["items"][0]["own"] == 7
    assert panel("sheet", "--panellist", "walt").out == sheet.out
    assert panel("open", "--statement", "S1", "--invite", "vera", "--json").json["round"]["statements"] == ["S1"]
    assert panel("vote", "S1", "u", person="vera").out == "Unable to score S1. You have voted on all.\n"
    found = panel("close", "--json").json
    assert (found["round"]["number"], len(found["round"]["seal"])) == (2, 64)
    shown = panel("results")
    assert "Round 1; 4 of 4 (100 %) voted" in shown.out
    assert "Votes, for the facilitator only" in shown.out
    assert "Votes, for the facilitator only" not in panel("results", person="vera").out
    assert panel("results", "--json", person="vera").json["results"]["votes"] == []
    assert panel("accord", "--json").json["accord"][0]["id"] == "T1"
    assert "items are answered" in panel("accord").out


def test_a_sealed_round_is_begun_anew(panel, project):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (8, 8, 8, 8))
    done = panel("vote", "S1", "2", person="vera")
    assert done.status == 7
    assert "sealed" in done.err
    assert "anew with a reason" in done.err
    assert panel("open", "--supersede", "1").status == 4
    done = panel("open", "--supersede", "1", "--reason", "the wrong table was sent out")
    assert "Round 1, begun anew (edition 2) is open" in done.out
    assert "Round 1, edition 1, was superseded. Its seal is " in panel("results").out


@pytest.mark.parametrize(
    ("words", "person", "status", "said"),
    [
        (("vote", "S1", "12"), "vera", 4, "the vote is '12', not in 1 to 9"),
        (("vote", "S1", "9" * 5000), "vera", 4, "(5000 characters)', which is no number"),
        (("vote", "S1", "7,5"), "vera", 4, "'7,5', not a whole number"),
        (("vote", "S1", "7,5"), "vera", 4, "7, 7.0, 7,0 and +7 are the same"),
        (("vote", "s1", "7"), "vera", 5, "Did you mean S1?"),
        (("vote", "S1", "7", "--comment", "a \udcff b"), "vera", 4, "its character 3 is broken"),
        (("vote", "S1", "seven"), "vera", 4, "'seven'"),
        (("vote", "S9", "7"), "vera", 5, "not part of round 1"),
        (("vote", "S2", "7"), "yuri", 6, "declared interest"),
        (("vote", "S1", "7"), "olga", 6, "observer"),
        (("vote", "S1", "7"), "zoe", 6, "not on the panel"),
        (("open",), FAY, 7, "is open"),
        (("open", "--supersede", "4", "--reason", "x"), FAY, 5, "no round 4"),
        (("close",), FAY, 7, "nobody has voted"),
        (("close",), ANN, 6, "may not run the panel"),
        (("drop", "S1", "--reason", "no"), FAY, 7, "being voted on"),
        (("sheet",), "vera", 7, "no round"),
        (("status", "--panel", "other"), FAY, 5, "no panel 'other'"),
    ],
)
def test_what_is_refused_while_a_round_is_open(panel, words, person, status, said):
    assert panel("open").status == 0
    done = panel(*words, person=person)
    assert (done.status, done.out) == (status, "")
    assert said in done.err


def test_votes_at_fault_keep_all_out_or_only_themselves(panel, tmp_path):
    panel("open")
    rows = "S1,vera,1,7,\nS1,vera,1,8,\nS1,zoe,1,7,\nS1,walt,1,0,\nS3,walt,1,7,\n"
    path = write(tmp_path, "votes.csv", VOTES + rows)
    done = panel("votes", path)
    assert done.status == 4
    assert done.out.startswith("Nothing was kept: 3 things are wrong. Mend them, or keep the good ones with --partly.")
    assert "votes.csv:3:panellist: vera voted on S1 in round 1 already on line 2" in done.err
    assert panel("votes", path, "--json").json["votes"] == 0
    done = panel("votes", path, "--partly")
    assert (done.status, done.out) == (3, "1 vote of 1 person kept.\n")
    assert "where another vote stands; neither is kept" in done.err
    (turnout, *_) = panel("status", "--json").json["participation"]["people"]
    assert (turnout["panellist"], turnout["votes"]) == ("vera", 0)
    nothing = write(tmp_path, "none.csv", VOTES + "S1,walt,1,0,\n")
    done = panel("votes", nothing, "--partly")
    assert (done.status, done.out) == (4, "Nothing was kept: 1 thing is wrong. Mend it.\n")


def test_new_evidence_is_told_until_somebody_looked(panel, project, tmp_path):
    assert panel("statements", "--flagged").status == 0
    lead = as_person(project, LEAD)
    tables = TABLES | {"data.csv": TABLES["data.csv"].replace("ao,8,17", "ao,12,17")}
    review.load_studies(lead, write_tables(tmp_path / "more", tables))
    review.run_plans(lead)
    done = panel("statements", "--flagged", "--json")
    assert (done.status, [one["kept"]["statement"]["id"] for one in done.json["statements"]]) == (3, ["S1", "S2"])
    assert "! S1 needs another look. responders/psoriasis: estimate" in panel("statements").out
    assert panel("review", "S1").status == 4
    assert "S1 stands" in panel("review", "S1", "--reason", "larger, so it stands").out
    assert "taken out" in panel("drop", "S2", "--reason", "overtaken").out
    assert panel("statements", "--flagged").status == 0
    assert panel("review", "S3", "--reason", "x", "--json").status == 4
    assert panel("drop", "S3", "--reason", "x", "--json").json["statement"]["dropped"] == "x"


def test_every_command_says_first_that_votes_are_simulated(run, tmp_path):
    plan = replace(PLAN, simulated=True, stopping=StoppingRule(min_rounds=1, max_rounds=3))
    with named(tmp_path, plan) as project:
        review.open_round(project)
    people, statements = tmp_path / "panel.csv", tmp_path / "statements.csv"
    rows = "".join(f"{id_},{name},1,8,\n" for name in VOTERS[:3] for id_ in ("S1", "S2", "S3"))
    commands = [
        (FAY, "panel"),
        (FAY, "panel", people),
        (FAY, "statements", statements),
        (FAY, "statements"),
        ("yuri", "vote", "S1", "7"),
        (FAY, "votes", write(tmp_path, "votes.csv", VOTES + rows)),
        (FAY, "status"),
        (FAY, "close"),
        (FAY, "results"),
        ("vera", "sheet"),
        (FAY, "accord"),
        (FAY, "drop", "S3", "--reason", "no"),
        (FAY, "open", "--statement", "S1"),
        ("vera", "vote", "S1", "U"),
        (FAY, "close"),
        ("vera", "sheet"),
    ]
    for person, *words in commands:
        done = run("--dir", tmp_path / "review", "--as", person, "consensus", *words)
        assert (done.status, done.err) == (0, ""), words
        assert done.out.startswith("Simulated"), words
        told = ("panel", "statements", "status", "results", "sheet", "accord")
        if words[0] in told and len(words) == 1:
            found = run("--dir", tmp_path / "review", "--as", person, "consensus", *words, "--json").json
            assert found["simulated"] is True, words


def test_refusals_and_json_of_a_simulated_panel_say_so_too(run, tmp_path):
    with named(tmp_path, replace(PLAN, simulated=True, stopping=StoppingRule(min_rounds=1, max_rounds=3))) as project:
        hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (8, 8, 8, 8))
    bad = write(tmp_path, "bad.csv", VOTES + "S1,vera,2,99,\n")
    commands = [
        (4, "panel", write(tmp_path, "p.csv", PEOPLE.replace("chair", "king"))),
        (4, "statements", write(tmp_path, "s.csv", "id,text\n-x,A.\n")),
        (0, "open", "--statement", "S1"),
        (4, "votes", bad),
        (4, "votes", bad, "--partly"),
        (0, "votes", write(tmp_path, "v.csv", VOTES + "S1,vera,2,9,\n")),
        (0, "close"),
        (0, "results"),
        (0, "sheet", "--panellist", "vera"),
    ]
    for status, *words in commands:
        done = run("--dir", tmp_path / "review", "--as", FAY, "consensus", *words)
        assert (done.status, done.out.startswith("Simulated")) == (status, True), words
        again = run("--dir", tmp_path / "review", "--as", FAY, "consensus", *words, "--json")
        assert words[0] in ("open", "close") or again.json["simulated"] is True, words


def test_closing_tells_who_is_missing(panel, project):
    review.open_round(project)
    for person in VOTERS[:2]:
        review.cast(as_person(project, person), {"S1": 7})
    done = panel("close")
    assert "Round 1 is closed. 2 of 4 voted." in done.out
    assert "No vote of: xena, yuri." in done.out
    panel("open", "--statement", "S1", "--invite", "walt")
    review.cast(as_person(project, "walt"), {"S1": 7})
    found = panel("close", "--json").json
    assert (found["voted"], found["asked"], found["missing"]) == (1, 1, [])


def test_a_round_held_again_and_again_is_told_in_the_results(panel, project):
    hold_round(project, (8, 8, 8, 8), (8, 8, 8, 0), (8, 8, 8, 8))
    for reason in ("once", "twice"):
        assert (
            "1 person, 1 statement"
            in panel("open", "--supersede", "1", "--reason", reason, "--statement", "S1", "--invite", "vera").out
        )
    assert "! Round 1 was held 3 times." in panel("results").out


def test_the_how_to_works_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[2] / "docs" / "how-to" / "panel.md"
    shown = {}
    blocks = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for language, words, text in blocks:
        if "file=" in words:
            Path(words.split("file=")[1].strip()).write_text(text, encoding="utf-8")
        elif language == "sh" and "skip" not in words:
            for line in text.splitlines():
                done = run(*shlex.split(line)[1:])
                assert done.status == 0, f"{line}\n{done.out}\n{done.err}"
                shown[line.partition("consensus ")[2]] = done.out
    assert shown["votes votes.csv"] == "4 votes of 2 people kept.\n"
    assert "As [name] I would ask for one hour." in shown["sheet --panellist vera"]
    assert "agreed" in shown["statements"]
    assert "Round 2 is closed" in shown["close"]

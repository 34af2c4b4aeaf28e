"""The commands of screening, as people and scripts call them."""

import json
import subprocess
import sys

import pytest

from projects import ris
from stromata.screening.rankers import Words
from wordy import Wordy

START = subprocess.Popen
"""The real one: the tests of the commands put another in its place."""

TITLES = ["stromal cells for psoriasis in adults", "mice and liver", "cells in a dish", "letters to the editor"]


@pytest.fixture
def started(monkeypatch):
    """Commands that would have been started beside this one."""
    calls = []
    monkeypatch.setattr("stromata.cli.screen.subprocess.Popen", lambda words, **_: calls.append(words))
    return calls


@pytest.fixture
def folder(run, tmp_path, monkeypatch, started):
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Wordy()})
    monkeypatch.delenv("STROMATA_DATABASE_URL", raising=False)
    monkeypatch.setenv("STROMATA_USER", "lead")
    place = tmp_path / "review"
    assert run("--dir", place, "new", "Cells for psoriasis in adults").status == 0
    for person in ("ann", "bob"):
        run("--dir", place, "team", "add", person, "--role", "reviewer")
    (tmp_path / "s.ris").write_text(
        ris(*({"TI": title, "DO": f"10.5555/{number}"} for number, title in enumerate(TITLES, start=1))),
        encoding="utf-8",
    )
    assert run("--dir", place, "import", tmp_path / "s.ris").status == 0
    return place


def test_rank_next_decide_and_status_answer_in_json(run, folder):
    ranked = run("--dir", folder, "screen", "rank", "--json").json
    assert [item["place"] for item in ranked["order"]] == [1, 2, 3, 4]
    assert ranked["ranking"]["labels"] == 0
    found = run("--dir", folder, "screen", "next", "--reviewer", "ann", "--json").json
    assert (found["reviewer"], found["next"]["doi"], found["next"]["left"]) == ("ann", "10.5555/1", 4)
    assert found["next"]["ranking"] == ranked["ranking"]["id"]
    for person in ("ann", "bob"):
        done = run("--dir", folder, "screen", "decide", "10.5555/1", "include", "--reviewer", person, "--json")
        assert done.json["left"] == 3
    first = run("--dir", folder, "screen", "status", "--json").json["stages"][0]
    assert (first["stage"], first["total"], first["open"], first["included"]) == ("title-abstract", 4, 3, 1)
    assert {one["reviewer"]: (one["done"], one["left"]) for one in first["reviewers"]} == {
        "ann": (1, 3),
        "bob": (1, 3),
        "lead": (0, 3),
    }
    assert first["estimate"]["high"] >= 0
    assert isinstance(first["stopping"]["said"]["says_stop"], bool)


def test_rank_counts_words_on_an_engine_when_told_to(run, folder, monkeypatch):
    monkeypatch.setattr("stromata.screening.rankers.RANKERS", {"default": Words()})
    words = ("--dir", folder, "screen", "rank", "--json")
    in_memory = run(*words).json
    again = (*words, "--at", in_memory["ranking"]["sequence"], "--engine")
    assert run(*again, "duckdb", "--memory", 256).json == in_memory
    refused = run(*again, "abacus")
    assert (refused.status, "duckdb and spark" in refused.err) == (4, True)


def test_reviewer_is_the_same_as_as_and_both_must_agree(run, folder):
    assert run("--dir", folder, "--as", "ann", "screen", "next", "--reviewer", "ann", "--json").status == 0
    done = run("--dir", folder, "--as", "ann", "screen", "decide", "10.5555/1", "include", "--reviewer", "bob")
    assert (done.status, "Name one person" in done.err) == (4, True)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("decide", "10.9999/none", "include"), 5, "no reference"),
        (("decide", "10.5555/1", "perhaps"), 4, "allowed"),
        (("decide", "10.5555/1", "exclude", "--reason", "boring"), 4, "not in the protocol"),
        (("next", "--stage", "titles"), 4, "allowed"),
        (("rank", "--at", "999"), 5, "999"),
        (("why", "10.9999/none"), 5, "no reference"),
        (("stop",), 6, "does not say stop"),
        (("resume",), 4, "reason"),
        (("audit", "--draw"), 4, "nothing to audit"),
        (("second-look",), 4, "needs 10"),
        (("assess", "--stop-rule", "guess"), 5, "guess"),
        (("plan", "--limit", "ann"), 4, "NAME=NUMBER"),
    ],
)
def test_what_cannot_be_ends_in_a_sentence(run, folder, words, status, says):
    done = run("--dir", folder, "screen", *words)
    assert done.status == status, done.err
    assert says in done.err


def test_a_plan_is_set_shown_and_changed_with_a_reason(run, folder):
    assert "Nothing is planned" in run("--dir", folder, "screen", "plan").out
    made = run(
        *("--dir", folder, "screen", "plan", "--target", "0.9", "--calibration", "2", "--split", "drawn"),
        *("--limit", "ann=3", "--kappa", "0.6", "--known", "10.5555/1", "--json"),
    )
    (plan,) = made.json["plans"]
    assert (plan["recall"], len(plan["calibration"]), plan["limits"]) == (0.9, 2, [["ann", 3]])
    assert run("--dir", folder, "screen", "plan", "--json").json["plans"] == [plan]
    assert run("--dir", folder, "screen", "plan", "--target", "0.99").status == 4
    shown = run("--dir", folder, "screen", "plan", "--target", "0.99", "--reason", "the funder").out
    assert "99%" in shown
    assert "ann at most 3" in shown


def test_stale_rankings_are_made_anew_beside_the_command(run, folder, started):
    run("--dir", folder, "screen", "decide", "10.5555/2", "exclude", "--reviewer", "ann")
    assert started == []  # nobody has asked for a ranking yet
    run("--dir", folder, "screen", "rank")
    run("--dir", folder, "screen", "decide", "10.5555/3", "exclude", "--reviewer", "ann")
    (words,) = started
    assert words[-4:] == ["screen", "keep-ranked", "--stage", "title-abstract"]
    assert words[words.index("--as") + 1] == "ann"


def test_stop_ledger_and_resume(run, folder):
    for person in ("ann", "bob"):
        run("--dir", folder, "screen", "decide", "10.5555/1", "include", "--reviewer", person)
    made = run("--dir", folder, "screen", "stop", "--against-rule", "--reason", "time is up")
    assert "3 references are left unread" in made.out
    assert "excluded_by_automation" in run("--dir", folder, "export", "flow").out
    (entry,) = run("--dir", folder, "screen", "ledger", "--json").json["ledger"]
    assert (entry["references"], entry["confirmed_by"], entry["reason"]) == (3, "lead", "time is up")
    assert "time is up" in run("--dir", folder, "screen", "ledger").out
    assert "3 references wait again" in run("--dir", folder, "screen", "resume", "--reason", "more time").out
    assert run("--dir", folder, "verify").status == 0


def test_what_people_read_is_shown(run, folder):
    assert "place 1" in run("--dir", folder, "screen", "next", "--reviewer", "ann").out
    assert "stromal cells" in run("--dir", folder, "screen", "rank").out
    assert "topic" in run("--dir", folder, "screen", "why", "10.5555/1").out
    shown = run("--dir", folder, "screen", "status").out
    assert "left unread" in shown
    assert "ann" in shown
    assert run("--dir", folder, "screen", "assess").status == 0
    assert run("--dir", folder, "screen", "audit").status == 0
    assert run("--dir", folder, "screen", "conflicts", "--reasons").status == 0


def test_neighbours_in_an_explanation_bear_their_titles(run, folder):
    for key, verdict in (("10.5555/1", "include"), ("10.5555/2", "exclude")):
        for person in ("ann", "bob"):
            done = run("--dir", folder, "screen", "decide", key, verdict, "--reviewer", person)
            assert done.status == 0, done.err
    told = run("--dir", folder, "screen", "why", "10.5555/3", "--json").json
    near = {item["text"] for item in told["reasons"] if item["kind"] == "neighbour"}
    assert near == told["neighbours"].keys()
    assert set(told["neighbours"].values()) == set(TITLES[:2])
    assert "psoriasis" in run("--dir", folder, "screen", "why", "10.5555/3").out


def test_verdicts_of_two_processes_at_once_are_all_kept(folder):
    """Each process decides and ranks; writers take turns, and the file of the ranking stays whole."""
    code = (
        "import sys\nfrom stromata import review, session\n"
        "project = session.open(sys.argv[1], actor=sys.argv[2])\n"
        "for number in (1, 2, 3, 4):\n"
        "    review.decide(project, f'10.5555/{number}', 'exclude', stage='title-abstract')\n"
        "    review.rank(project)\n"
    )
    running = [START([sys.executable, "-c", code, str(folder), who]) for who in ("ann", "bob")]
    assert [one.wait(timeout=120) for one in running] == [0, 0]
    from stromata import review, session

    with session.open(folder, actor="lead") as project:
        assert review.progress_of(project)[0].verdicts == (("ann", 4), ("bob", 4))
        assert len(review.rank(project).order) == 4
    assert json.loads(next((folder / "rankings").glob("*.ranking")).read_text().splitlines()[0])["labels"] == 4

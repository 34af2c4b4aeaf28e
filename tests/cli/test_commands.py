"""Every command on a small review: what it prints, what JSON it gives, with which status it ends."""

import json
import re
import shutil
from pathlib import Path

import pytest

from projects import PROTOCOL, entries, ris
from stromata.review import protocol_yaml

TA = "title-abstract"
FIRST, SECOND, THIRD = "10.5555/1", "10.5555/2", "10.5555/3"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Give a folder for reviews that were made once, to be copied: each command takes its time."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def begun(run, tmp_path, monkeypatch, kept):
    """Give a folder with a review: two reviewers, a protocol, three imported references."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "r"
    Path("protocol.yaml").write_text(protocol_yaml(PROTOCOL), encoding="utf-8")
    Path("search.ris").write_text(ris(*entries()), encoding="utf-8")
    if (kept / "begun").exists():
        return shutil.copytree(kept / "begun", folder)
    for words in (
        ("new", "A review"),
        ("team", "add", "ann"),
        ("team", "add", "bob"),
        ("team", "remove", "lead", "--role", "reviewer"),
        ("protocol", "set", "protocol.yaml"),
        ("import", "search.ris", "--database", "MEDLINE"),
    ):
        done = run("--dir", folder, *words)
        assert done.status == 0, done.err
    shutil.copytree(folder, kept / "begun")
    return folder


@pytest.fixture
def filled(run, begun, tmp_path, kept):
    """Give a folder with a review that is screened and has its studies."""
    if (kept / "filled").exists():
        shutil.rmtree(begun)
        return shutil.copytree(kept / "filled", begun)
    screen(run, begun)
    assert run("--dir", begun, "studies", "load", tables(tmp_path / "tables")).status == 0
    shutil.copytree(begun, kept / "filled")
    return begun


def screen(run, folder):
    for stage, keys in ((TA, (FIRST, SECOND)), ("full-text", (FIRST, SECOND))):
        for key in keys:
            for person in ("ann", "bob"):
                done = run("--dir", folder, "--as", person, "screen", "decide", key, "include", "--stage", stage)
                assert done.status == 0, done.err


def tables(folder: Path) -> Path:
    folder.mkdir()
    files = {
        "studies.csv": "id,title,condition,design,year,first_author,links\n"
        f"a,A,psoriasis,single-arm,2019,Ames,{FIRST}\nb,B,lupus,single-arm,2020,Brook,{SECOND}\n",
        "arms.csv": "id,study,label,role,n,product_class\na1,a,cells,intervention,17,msc\n"
        "b1,b,cells,intervention,6,msc\n",
        "outcomes.csv": "id,study,kind,weeks\nao,a,response,26\nbo,b,response,24\n",
        "data.csv": "study,arm,outcome,events,total,address\na,a1,ao,8,17,https://example.org/a\n"
        "b,b1,bo,6,6,https://example.org/b\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_new_says_where_and_gives_json(run, tmp_path):
    made = run("--dir", tmp_path / "r", "new", "Cells", "--json").json
    assert (made["title"], made["id"]) == ("Cells", made["id"])
    assert (tmp_path / "r" / "stromata.db").exists()
    again = run("--dir", tmp_path / "r", "new", "Cells")
    assert again.status == 7
    assert "already" in again.err


def test_import_gives_the_promised_account(run, begun):
    Path("more.ris").write_text("garbage before\n" + ris(*entries(first=7)), encoding="utf-8")
    done = run("--dir", begun, "import", "more.ris", "--json")
    (source,) = done.json["sources"]
    assert (done.status, source["file"], source["format"], source["records"]) == (0, "more.ris", "ris", 3)
    assert {"line", "code", "text"} <= source["problems"][0].keys()


def test_a_failed_import_ends_with_the_status_of_its_error(run, begun):
    Path("empty.ris").write_text("")
    done = run("--dir", begun, "import", "empty.ris", "--json")
    assert done.status == 4
    assert done.json["failed"][0]["file"] == "empty.ris"
    assert "empty.ris" in done.err
    again = run("--dir", begun, "import", "search.ris")
    assert again.status == 7


def test_sources_dedupe_and_references(run, begun):
    assert run("--dir", begun, "sources", "--json").json["sources"][0]["database"] == "MEDLINE"
    one = entries()[0]
    Path("again.ris").write_text(ris({**one, "TI": one["TI"].upper()}), encoding="utf-8")
    run("--dir", begun, "import", "again.ris")
    done = run("--dir", begun, "dedupe", "--json").json
    assert [merge["rule"] for merge in done["merges"]] == ["identical"]
    (shown,) = run("--dir", begun, "references", FIRST, "--json").json["references"]
    assert len(shown["records"]) == 2
    split = run("--dir", begun, "dedupe", "split", FIRST, shown["records"][1], "--reason", "differ")
    assert split.status == 0
    merged = run(
        "--dir", begun, "dedupe", "merge", shown["records"][0], shown["records"][1], "--reason", "same", "--json"
    )
    assert len(merged.json["records"]) == 2
    assert "doi: 10.5555/1" in run("--dir", begun, "references", FIRST).out
    assert "10.5555/2" in run("--dir", begun, "references").out
    assert "0 references merged" in run("--dir", begun, "dedupe").out


def test_screening_from_queue_to_settlement(run, begun):
    assert len(run("--dir", begun, "--as", "ann", "screen", "queue", "--json").json["queue"]) == 3
    left = run("--dir", begun, "--as", "ann", "screen", "decide", FIRST, "include", "--json").json["left"]
    assert left == 2
    run("--dir", begun, "--as", "bob", "screen", "decide", FIRST, "exclude", "--reason", "design")
    (conflict,) = run("--dir", begun, "screen", "conflicts", "--json").json["conflicts"]
    assert len(conflict["decisions"]) == 2
    assert "ann: include" in run("--dir", begun, "screen", "conflicts").out
    refused = run("--dir", begun, "--as", "ann", "screen", "resolve", FIRST, "include")
    assert refused.status == 6
    assert run("--dir", begun, "screen", "resolve", FIRST, "include", "--note", "cells").status == 0
    assert (
        run("--dir", begun, "screen", "retrieval", FIRST, "not-retrieved", "--json").json["status"] == "not-retrieved"
    )
    stages = run("--dir", begun, "screen", "status", "--json").json["stages"]
    assert (stages[0]["included"], stages[1]["total"]) == (1, 0)
    assert "title-abstract" in run("--dir", begun, "screen", "status").out


def test_an_import_of_verdicts_names_bad_rows(run, begun):
    Path("v.csv").write_text(f"key,stage,reviewer,verdict\n{FIRST},{TA},ann,include\nnone,{TA},ann,include\n")
    done = run("--dir", begun, "screen", "import", "v.csv", "--json")
    assert (done.status, done.json["imported"], done.json["problems"][0]["line"]) == (0, 1, 3)
    assert "v.csv:3" in done.err
    Path("bad.csv").write_text(f"key,stage,reviewer,verdict\nnone,{TA},ann,include\n")
    assert run("--dir", begun, "screen", "import", "bad.csv").status == 4
    assert run("--dir", begun, "screen", "import", "v.csv", "--what", "votes").status == 4


def test_from_tables_to_a_verified_report(run, begun, tmp_path):
    screen(run, begun)
    folder = tables(tmp_path / "tables")
    loaded = run("--dir", begun, "studies", "load", folder, "--json")
    assert (loaded.status, loaded.json["loaded"], loaded.json["studies"]) == (0, True, 2)
    assert "Ames" in run("--dir", begun, "studies").out
    results = run("--dir", begun, "synthesize", "--json").json["syntheses"]
    (responders,) = [item for item in results if item["plan"] == "responders"]
    assert responders["k"] == 2
    assert responders["effects"][0]["data_points"]
    assert "Responders" in run("--dir", begun, "synthesize", "responders").out
    assert run("--dir", begun, "synthesize", "cures").status == 5
    report = run("--dir", begun, "report", "--json").json
    text = Path(report["report"]).read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "https://example.org/a" in text
    found = run("--dir", begun, "verify", "--json")
    assert (found.status, found.json["ok"], found.json["reviews"]) == (0, True, 1)
    assert found.json["events"] > 10
    assert "All is well" in run("--dir", begun, "verify").out


def test_bad_cells_keep_tables_out_until_mended_or_taken_partly(run, begun, tmp_path):
    folder = tables(tmp_path / "tables")
    path = folder / "data.csv"
    path.write_text(path.read_text().replace("8,17", "18,17"), encoding="utf-8")
    refused = run("--dir", begun, "studies", "load", folder)
    assert refused.status == 4
    assert "data.csv" in refused.err
    assert run("--dir", begun, "studies", "--json").json["studies"] == []
    assert run("--dir", begun, "studies", "load", folder, "--partly").status == 0


@pytest.mark.parametrize("what", ["references", "included", "studies", "data", "flow", "log"])
def test_exports(run, filled, tmp_path, what):
    text = run("--dir", filled, "export", what).out
    expected = {
        "references": "10.5555/3", "included": "10.5555/2", "studies": "Ames", "data": "https://example.org/a",
        "flow": "screened", "log": "decision-made",
    }  # fmt: skip
    assert expected[what] in text
    if what == "included":
        assert "10.5555/3" not in text
    done = run("--dir", filled, "export", what, "-o", tmp_path / "out", "--json")
    assert done.json["bytes"] == len((tmp_path / "out").read_bytes())


def test_references_are_exported_in_each_format(run, begun):
    assert len(json.loads(run("--dir", begun, "export", "references", "--to", "csl-json").out)) == 3
    assert "TI  - " in run("--dir", begun, "export", "references", "--to", "nbib").out
    unknown = run("--dir", begun, "export", "references", "--to", "docx")
    assert unknown.status == 4
    assert "csl-json" in unknown.err
    assert run("--dir", begun, "export", "everything").status == 4


def test_the_log_shows_what_happened(run, begun):
    found = run("--dir", begun, "log", "--last", "1", "--json").json["events"]
    assert found[0]["payload"]["source"]["file"] == "search.ris"
    assert "source-imported" in run("--dir", begun, "log").out


def test_team_and_protocol(run, begun):
    people = run("--dir", begun, "team", "list", "--json").json["team"]
    assert {"person": "ann", "role": "reviewer"} in people
    assert "ann" in run("--dir", begun, "team", "list").out
    assert run("--dir", begun, "team", "add", "x", "--role", "boss").status == 4
    shown = run("--dir", begun, "protocol", "show", "--json").json
    assert [plan["id"] for plan in shown["plans"]] == ["responders", "deaths", "versus"]
    Path("shown.yaml").write_text(run("--dir", begun, "protocol", "show").out, encoding="utf-8")
    assert run("--dir", begun, "protocol", "set", "shown.yaml", "--reason", "again", "--json").json == shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("question: [", "line 1"),
        ("aim: x", "unknown key aim"),
        ("plans: [{id: p}]", "plans.0.title"),
        ("- a", "mapping"),
    ],
)
def test_a_bad_protocol_is_refused_with_the_place(run, begun, text, says):
    Path("bad.yaml").write_text(text, encoding="utf-8")
    done = run("--dir", begun, "protocol", "set", "bad.yaml")
    assert done.status == 4
    assert says in done.err


def test_where_there_is_no_review_each_command_says_so(run, tmp_path):
    done = run("--dir", tmp_path, "sources")
    assert done.status == 5
    assert "stromata" in done.err


def test_verify_ends_with_3_and_names_what_differs(run, begun):
    import sqlite3

    connection = sqlite3.connect(begun / "stromata.db")
    connection.execute("update events set actor = 'mallory' where sequence = 2")
    connection.commit()
    connection.close()
    done = run("--dir", begun, "verify", "--json")
    assert (done.status, done.json["ok"]) == (3, False)
    assert done.json["differences"]


def test_a_report_that_cannot_be_written_leaves_the_older_one(run, begun, tmp_path):
    target = tmp_path / "file" / "report.html"
    (tmp_path / "file").write_text("not a folder")
    done = run("--dir", begun, "report", "-o", target)
    assert done.status == 8
    assert "cannot be written" in done.err
    full = Path("/dev/full")
    if full.exists():
        (tmp_path / "report.html").write_text("older")
        assert run("--dir", begun, "export", "log", "-o", "/dev/full").status == 8


def test_help_lists_commands_by_stage(run):
    done = run("--help")
    assert done.status == 0
    commands = re.findall(r"^│ ([a-z]+) {2,}", done.out, re.MULTILINE)
    order = [commands.index(name) for name in ("demo", "import", "screen", "synthesize", "report", "pool")]
    assert order == sorted(order)
    assert run("--version").out.startswith("stromata ")
    assert run("fly").status == 2


def test_synthesize_shows_coefficients_and_probabilities(run, begun, monkeypatch):
    from dataclasses import replace

    from stromata import synthesis
    from stromata.model import Coefficient, ThresholdProbability

    plain = synthesis.pool(synthesis.effect_sizes("PLO", xi=[3, 4], ni=[9, 8]))
    slope = Coefficient("dose", 0.25, 0.1, 2.5, None, 0.0124, 0.054, 0.446)
    made = (
        replace(plain, title="By dose", moderators="~ dose", coefficients=(slope,)),
        replace(plain, title="Posterior", probabilities=(ThresholdProbability(0.5, 0.81, 0.7),)),
    )
    monkeypatch.setattr("stromata.review.run_plans", lambda *_, **__: made)
    shown = run("--dir", begun, "synthesize").out
    assert "By dose, ~ dose, k = 2" in shown
    assert "0.2500" in shown
    assert "Probability of less than 0.5: 0.8100 for the mean effect, 0.7000 in a new study" in shown

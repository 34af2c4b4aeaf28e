"""`stromata standard`: the lists, what is shown and adopted, and studies held against reporting items."""

import csv
import io
import shutil
from dataclasses import replace

import pytest

import stromata.cli.standard  # noqa: F401 - registers the commands
from projects import PROTOCOL, TABLES, entries, ris, tick, write_tables
from stromata import review
from stromata.model import ConsensusPlan, Panel, PanelSet, Statement, StatementSet

OWN = """id: our-unit
version: "1"
title: =Our unit
extends: cell-therapy
changes:
  - {override: SA-01, value: 80, reason: A reserve.}
  - {drop: SF-16, reason: Local law.}
"""


@pytest.fixture
def inside(run, tmp_path):
    folder = tmp_path / "review"
    assert run("--dir", folder, "new", "A review").status == 0
    return lambda *words: run("--dir", folder, *words)


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Give a folder for a review that was made once, to be copied: it takes a dozen commands."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def studies(run, tmp_path, kept):
    """A review with two included studies and a protocol that names standards."""
    folder = tmp_path / "review"

    def inside(*words):
        return run("--dir", folder, *words)

    if (kept / "review").exists():
        shutil.copytree(kept / "review", folder)
        return inside
    assert inside("new", "A review").status == 0
    (tmp_path / "protocol.yaml").write_text(
        review.protocol_yaml(PROTOCOL).replace("standards: []", "standards: [doses, isct]"), encoding="utf-8"
    )
    (tmp_path / "search.ris").write_text(ris(*entries()), encoding="utf-8")
    assert inside("protocol", "set", tmp_path / "protocol.yaml").status == 0
    assert inside("import", tmp_path / "search.ris").status == 0
    assert inside("team", "add", "ann", "--role", "reviewer").status == 0
    for stage in ("title-abstract", "full-text"):
        for person in ("lead", "ann"):
            for number in (1, 2):
                done = inside("--as", person, "screen", "decide", f"10.5555/{number}", "include", "--stage", stage)
                assert done.status == 0, done.err
    tables = {**TABLES, "arms.csv": TABLES["arms.csv"].replace("product_class\n", "product_class,tissue\n")}
    tables["arms.csv"] = tables["arms.csv"].replace("17,msc", "17,msc,umbilical cord").replace("6,msc", "6,msc,")
    tables["arms.csv"] = tables["arms.csv"].replace("9,msc", "9,msc,")
    assert inside("studies", "load", write_tables(tmp_path / "tables", tables)).status == 0
    shutil.copytree(folder, kept / "review")
    return inside


def test_the_list_has_what_ships_and_what_was_adopted(run, inside, own, tmp_path):
    shipped = run("--dir", tmp_path / "nowhere", "standard", "--json").json["standards"]
    assert {one["from"] for one in shipped} == {"stromata"}
    assert sum(one["criteria"] for one in shipped if one["id"] != "cell-therapy") == 118
    assert not (tmp_path / "nowhere").exists()
    assert inside("standard", "adopt", own).status == 0
    both = inside("standard", "--json").json["standards"]
    assert set(both[-1].pop("subjects").split(", ")) == set(both[0]["subjects"].split(", "))
    assert both[-1] == {
        "id": "our-unit",
        "version": "1",
        "criteria": 146,
        "from": "this review",
        "title": "=Our unit",
        "extends": "cell-therapy 1.0",
    }
    assert "our-unit" in inside("standard").out


def test_a_standard_is_shown_by_stage(inside, own):
    inside("standard", "adopt", own)
    found = inside("standard", "show", "our-unit", "--stage", "safety-follow-up", "--json").json
    assert {one["stage"] for one in found["criteria"]} == {"safety-follow-up"}
    assert found["extends"] == "cell-therapy 1.0"
    shown = inside("standard", "show", "our-unit").out
    assert "≥ 80 %" in shown
    assert "SF-16 taken out: Local law." in shown
    assert inside("standard", "show", "isct").status == 0
    wrong = inside("standard", "show", "isct", "--stage", "release")
    assert (wrong.status, "There are: reporting." in wrong.err) == (5, True)
    assert "our-unit" in inside("standard", "show", "nothing").err


def test_adopting_tells_whether_anything_was_written(inside, own):
    assert "our-unit 1 adopted: 146 criteria, 2 changes" in inside("standard", "adopt", own).out
    again = inside("standard", "adopt", own, "--json").json
    assert (again["standard"], again["version"], again["new"]) == ("our-unit", "1", False)
    assert "nothing was written" in inside("standard", "adopt", own).out
    own.write_text(OWN.replace("80", "85"), encoding="utf-8")
    refused = inside("standard", "adopt", own)
    assert (refused.status, refused.out) == (7, "")
    assert "higher version" in refused.err
    assert inside("--as", "bob", "standard", "adopt", own).status == 6


def test_the_yaml_comes_back_as_adopted(inside, own, tmp_path):
    inside("standard", "adopt", own)
    assert inside("standard", "export", "our-unit").out == OWN
    target = tmp_path / "back.yaml"
    assert inside("standard", "export", "our-unit", "-o", target).status == 0
    assert target.read_bytes() == own.read_bytes()
    assert inside("standard", "export", "our-unit", "--json").json == {"standard": "our-unit", "yaml": OWN}
    assert inside("standard", "export", "doses").status == 5


def test_studies_are_counted_item_by_item(studies):
    done = studies("standard", "studies")
    assert done.status == 0
    assert "DOSES (doses 2019)" in done.out
    assert "ISCT (isct 2006)" in done.out
    row = next(line for line in done.out.splitlines() if "DOSES-O" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")][-5:] == ["1", "0", "1", "0", "0"]
    assert "items were not looked for" in done.err
    one = studies("standard", "studies", "doses", "--study", "a").out
    assert "umbilical-cord" in one
    assert "not looked for" in one


def test_studies_as_json_and_csv_hold_every_item_of_every_study(studies, tmp_path):
    found = studies("standard", "studies", "--json").json["checks"]
    assert [one["standard"]["id"] for one in found] == ["doses", "isct"]
    assert [len(report["results"]) for one in found for report in one["reports"]] == [5, 5, 5, 5]
    assert found[0]["not_looked_for"] == ["DOSES-S", "DOSES-E"]
    assert studies("standard", "studies", "--csv", tmp_path / "items.csv").status == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "items.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 20
    by_item = {(row["item"], row["study"]): row for row in rows}
    assert by_item["DOSES-O", "a"]["status"] == "reported"
    assert by_item["DOSES-O", "a"]["value"] == "umbilical-cord"
    assert by_item["DOSES-O", "b"]["status"] == "not reported"
    assert by_item["DOSES-E", "a"]["status"].startswith("not looked for")
    assert list(csv.DictReader(io.StringIO(studies("standard", "studies", "--csv", "-").out))) == rows


def test_no_cell_of_the_csv_is_a_formula(studies, tmp_path):
    path = tmp_path / "own.yaml"
    change = "{add: =X, stage: reporting, subject: study-report, field: funding, severity: should, reason: Ours.}"
    path.write_text(f"id: ours\nversion: 1\nextends: doses\nchanges:\n  - {change}\n", encoding="utf-8")
    assert studies("standard", "adopt", path).status == 0
    rows = csv.DictReader(io.StringIO(studies("standard", "studies", "ours", "--csv", "-").out))
    assert "'=X" in {row["item"] for row in rows}


def test_what_is_not_there_is_said(studies, run, tmp_path):
    assert studies("standard", "studies", "nothing").status == 5
    assert studies("standard", "studies", "--study", "z").status == 5
    assert studies("standard", "studies", "--study", "c").status == 4  # loaded, and not included
    assert run("--dir", tmp_path / "nowhere", "standard", "studies").status == 5


def test_a_standard_of_a_simulated_panel_says_so_wherever_it_is_used(inside, own, tmp_path):
    protocol = replace(PROTOCOL, consensus=(ConsensusPlan("p", "Dry run", simulated=True),))
    (tmp_path / "protocol.yaml").write_text(review.protocol_yaml(protocol), encoding="utf-8")
    assert inside("protocol", "set", tmp_path / "protocol.yaml").status == 0
    with (
        review.open_project(tmp_path / "review", actor="lead", clock=tick()) as project,
        project.store.transaction(project.id, actor="lead", at=project.clock()) as tx,
    ):
        tx.append(PanelSet(panel=Panel("p")))
        tx.append(StatementSet(panel="p", statement=Statement("S1", "Hold a reserve.")))
    own.write_text(OWN.replace("reason: A reserve.", "reason: A reserve., statement: S1"), encoding="utf-8")
    assert inside("standard", "adopt", own).status == 0
    said = "our-unit rests on a simulated panel (Dry run)"
    assert said in inside("standard", "show", "our-unit").err
    record = tmp_path / "batch.json"
    record.write_text('{"subject": "batch", "viability_release_pct": 90}', encoding="utf-8")
    for name in ("our-unit", own):
        done = inside("check", record, "--standard", name)
        assert (done.status, said in done.err) == (0, True)
        assert inside("check", record, "--standard", name, "--json").json["problems"][0]["code"] == "panel-simulated"
        page = tmp_path / "page.html"
        assert inside("check", record, "--standard", name, "--html", page).status == 0
        assert said in page.read_text(encoding="utf-8")
    assert "simulated panel" not in inside("check", record).err


def test_items_as_csv_and_json_at_once_are_json_alone(studies):
    assert len(studies("standard", "studies", "doses", "--csv", "-", "--json").json["checks"]) == 1
    assert studies("standard", "studies", "doses", "--csv", "-").out.startswith("standard,version")


@pytest.mark.parametrize("command", [("standard", "adopt"), ("check", "--standard")])
def test_files_that_are_no_standard_end_alike(inside, tmp_path, command):
    record = tmp_path / "batch.json"
    record.write_text('{"subject": "batch", "viability_release_pct": 90}', encoding="utf-8")
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"id: caf\xe9\n")
    words = ("check", record, "--standard") if command[0] == "check" else command
    done = inside(*words, path)
    assert (done.status, "bad.yaml is not UTF-8 text: line 1 holds other bytes" in done.err) == (4, True)
    assert inside(*words, tmp_path / "none.yaml").status == 5
    (tmp_path / "folder.yaml").mkdir()
    done = inside(*words, tmp_path / "folder.yaml")
    assert (done.status, "is a folder; a file is needed" in done.err) == (4, True)

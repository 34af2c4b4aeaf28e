"""`stromata check`: the JSON it gives, its exit statuses, what it says about bad records."""

import json
from importlib.resources import files

import pytest

import stromata.cli.check  # noqa: F401 - registers the command

RECORDS = files("stromata.examples").joinpath("records")


@pytest.fixture
def record(tmp_path):
    def write(data, name="record.json"):
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    return write


def test_the_json_has_the_promised_shape(run, record):
    done = run("check", record({"subject": "batch", "cd73_pct": 97}), "--standard", "cell-therapy", "--json")
    assert done.status == 0
    assert {"standard", "version", "results", "summary"} <= set(done.json)
    assert (done.json["standard"], done.json["version"]) == ("cell-therapy", "1.0")
    by_id = {row["criterion"]: row for row in done.json["results"]}
    row = by_id["ID-01"]
    assert (row["stage"], row["severity"], row["status"], row["value"], row["limit"]) == (
        "identity",
        "must",
        "met",
        97,
        95,
    )
    assert row["source"]["doi"] == "10.1080/14653240600855905"
    assert row["rationale"]
    assert {row["status"] for row in done.json["results"]} <= {"met", "not-met", "not-reported", "not-applicable"}
    assert by_id["PR-04"]["source"] is None
    summary = done.json["summary"]
    assert summary["must"]["met"] == summary["met"] == 1
    assert sum(summary[name] for name in ("met", "not-met", "not-reported", "not-applicable")) == len(by_id)


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ({"viability_release_pct": 70}, 0),
        ({"viability_release_pct": 69.9}, 3),
        ({"viability_release_pct": 75}, 0),  # misses a should
        ({"viability_release_pct": "soon"}, 0),  # not reported, and a problem
        ({"adventitious_virus": "positive"}, 0),  # unsourced
        ({"gram_stain": "positive"}, 0),  # does not apply
        ({"gram_stain": "positive", "released_before_final_sterility": True}, 3),
    ],
)
def test_the_exit_status_is_3_when_a_must_that_applies_is_not_met(run, record, stated, status):
    assert run("check", record({"subject": "batch", **stated}), "--json").status == status


def test_problems_go_to_stderr_with_place_and_remedy(run, record):
    text = '{"subject": "batch",\n"viability_release_pct": 85,\n"endotoxin": "0.1 mg",\n"cd73_pct": "abc"}'
    done = run("check", record(text), "--json")
    assert "record.json:3:endotoxin: " in done.err
    assert "Give it in EU/mL." in done.err
    assert "record.json:4:cd73_pct: " in done.err
    assert "Add the field sterility." in done.err
    assert {"other-unit", "not-a-number", "missing-field"} <= {one["code"] for one in done.json["problems"]}


@pytest.mark.parametrize(
    ("data", "words", "status"),
    [
        ("{", (), 4),
        ("", (), 4),
        ({"subject": "batch"}, ("--standard", "nothing"), 5),
        ({"subject": "batch"}, ("--standard", "nothing.yaml"), 5),
        ({"subject": "batch"}, ("--subject", "potato"), 4),
        ({"hello": "world"}, (), 4),
        ({"subject": "batch"}, ("--standard", "doses"), 4),
        ({"subject": "batch", "cd73_pct": 97}, ("--row", "2"), 5),
    ],
)
def test_what_cannot_be_read_has_its_own_status(run, record, data, words, status):
    done = run("check", record(data), *words)
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith("stromata: ")


def test_a_record_that_is_not_there_is_not_found(run, tmp_path):
    assert run("check", tmp_path / "none.json").status == 5
    assert run("check").status == 4


def test_the_worked_records_do_what_their_page_says(run):
    assert run("check", RECORDS.joinpath("batch-passes.json")).status == 0
    assert run("check", RECORDS.joinpath("infusion.csv")).status == 0
    failed = run("check", RECORDS.joinpath("batch-fails.json"), "--json")
    assert failed.status == 3
    missed = {row["criterion"] for row in failed.json["results"] if row["status"] == "not-met"}
    assert {"DS-02", "ID-02", "SA-01", "SA-06", "SA-12", "CR-03", "DT-01"} <= missed
    status = {row["criterion"]: row["status"] for row in failed.json["results"]}
    assert (status["DS-09"], status["ID-04"], status["SA-11"]) == ("met", "not-reported", "not-reported")
    passed = run("check", RECORDS.joinpath("batch-passes.json"), "--json").json
    open_musts = [
        row["criterion"]
        for row in passed["results"]
        if row["severity"] == "must" and row["status"] != "met" and not row["unsourced"]
    ]
    assert open_musts == ["SA-06", "DT-02"]


def test_a_standard_of_the_teams_own_is_a_file(run, record):
    own = RECORDS.joinpath("team-standard.yaml")
    path = record({"subject": "batch", "viability_release_pct": 82})
    assert run("check", path).status == 0
    done = run("check", path, "--standard", own, "--json")
    assert (done.status, done.json["standard"], done.json["version"]) == (3, "example-unit", "2025-01")
    assert {row["criterion"]: row["statement"] for row in done.json["results"]}["SA-02"] == "S3"


def test_csv_stdin_and_subject_by_option(run):
    done = run("check", "-", "--subject", "infusion,patient", "--json", stdin=b"field,value\nage_years,17\n")
    assert done.status == 0
    assert done.json["subject"] == ["infusion", "patient"]


def test_the_page_is_written(run, record, tmp_path):
    path = tmp_path / "check.html"
    done = run("check", record({"subject": "batch", "id": "<b>", "cd73_pct": 90}), "--html", path)
    assert done.status == 3
    assert "Not met" in done.out
    text = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;" in text
    assert "✗ not met" in text


def test_the_standards_are_listed(run):
    assert "cell-therapy" in run("check", "--list").out
    assert {"cell-therapy", "doses", "tidier"} <= {
        one["id"] for one in run("check", "--list", "--json").json["standards"]
    }


def test_hostile_text_cannot_steer_the_terminal(run, record):
    done = run("check", record({"subject": "batch", "gmp_certificate": "\x1b[2J\u202e", "\x1b[31m": 1}))
    assert "\x1b[2J" not in done.out + done.err
    assert "\x1b[31m" not in done.out + done.err

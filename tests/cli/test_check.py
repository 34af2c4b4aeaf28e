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
        ({"viability_release_pct": "pending"}, 0),  # not reported
        ({"viability_release_pct": None}, 0),
        ({"viability_release_pct": "soon"}, 3),  # stated, and no number
        ({"viability_release_pct": {"value": 70, "unit": "mg"}}, 3),  # stated in another unit
        ({"viability_release_pct": "> 60"}, 3),  # stated, and leaves the limit open
        ({"viability_release_pct": "> 70"}, 0),
        ({"viability_freeze_thaw_pct": "soon"}, 0),  # unknown to the standard
        ({"adventitious_virus": "positive"}, 0),  # unsourced
        ({"gram_stain": "positive"}, 0),  # does not apply
        ({"gram_stain": "positive", "released_before_final_sterility": True}, 3),
    ],
)
def test_the_exit_status_is_3_when_a_must_that_applies_is_not_met(run, record, stated, status):
    assert run("check", record({"subject": "batch", **stated}), "--json").status == status


def test_what_is_stated_and_unsourced_is_named_as_such(run, record):
    done = run("check", record({"subject": "infusion", "bedside_identity_check": True}))
    assert (
        "Stated, but unsourced, and held against nothing (1): IN-20 (Identity checked at the bedside: yes)." in done.out
    )
    assert "IN-20" not in done.out.partition("Not applicable")[2].partition("Stated, but")[0]
    assert ", 1 unsourced" in done.out


@pytest.mark.parametrize(
    ("data", "name", "place", "remedy", "status"),
    [
        (
            '{"subject": "batch",\n"viability_release_pct": {"value": 70, "unit": "mg"}}',
            "a.json",
            "a.json:2:viability_release_pct.value",
            "Give it in percent.",
            3,
        ),
        (
            "field,value,unit\nsubject,batch,\nviability_release_pct,70,mg\n",
            "a.csv",
            "a.csv:3:viability_release_pct",
            "Give it in percent.",
            3,
        ),
        ('{"subject": "batch", "cd73_pct": 97}', "a.json", "a.json:sterility", "Add the field sterility.", 0),
        (
            '{"subject": "batch",\n"donation_date": "2024-03-05",\n"collection_date": "2024-03-01"}',
            "a.json",
            "a.json:3:collection_date",
            "Correct the date that is wrong.",
            3,
        ),
        (
            "field,value\nsubject,batch\ndonation_date,2024-03-05\ncollection_date,2024-03-01\n",
            "a.csv",
            "a.csv:4:collection_date",
            "Correct the date that is wrong.",
            3,
        ),
        (
            '{"subject": "batch",\n"donation_date": "5.3.2024",\n"collection_date": "2024-03-01"}',
            "a.json",
            "a.json:2:donation_date",
            "Write it as 2024-05-31 or 2024-05-31T14:30.",
            3,
        ),
    ],
)
def test_bad_input_has_its_sentence_with_place_and_remedy(run, record, data, name, place, remedy, status):
    done = run("check", record(data, name), "--json")
    (line,) = [line for line in done.err.splitlines() if f"{place}: " in line]
    assert line.endswith(remedy)
    assert done.status == status
    stated = [row["status"] for row in done.json["results"]]
    assert set(stated) <= {"met", "not-met", "not-reported", "not-applicable"}


def test_what_cannot_be_used_is_shown_with_why(run, record):
    done = run("check", record({"subject": "batch", "cd45_pct": "< 5 %", "endotoxin": "0.2 ng/mL", "cd73_pct": 96}))
    assert done.status == 3
    assert "0.2 ng/mL" in done.out
    assert "not shown" in done.out
    assert "1 must-criterion is not met." in done.out
    assert "whether they are met is not known" in done.out


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
    assert (status["DS-09"], status["ID-04"], status["SA-11"]) == ("met", "not-met", "not-met")
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


STANDARD = """id: our-unit
version: "1"
extends: cell-therapy
changes:
  - {override: SA-01, value: 80, reason: A reserve.}
"""


@pytest.fixture
def folder(run, tmp_path):
    assert run("--dir", tmp_path / "review", "new", "A review").status == 0
    return tmp_path / "review"


@pytest.fixture
def own(folder, run, tmp_path):
    path = tmp_path / "our-unit.yaml"
    path.write_text(STANDARD, encoding="utf-8")
    assert run("--dir", folder, "standard", "adopt", path).status == 0
    return folder


def test_a_standard_that_the_review_adopted_is_found_by_its_id(run, record, own):
    path = record({"subject": "batch", "viability_release_pct": 75})
    assert run("check", path, "--standard", "our-unit").status == 5
    done = run("--dir", own, "check", path, "--standard", "our-unit", "--json")
    assert (done.status, done.json["standard"], done.json["version"]) == (3, "our-unit", "1")
    assert run("--dir", own, "check", path, "--standard", "cell-therapy").status == 0


def test_looking_for_a_standard_without_a_review_changes_no_answer(run, record, tmp_path):
    done = run(
        "--dir", tmp_path / "nowhere", "check", record({"subject": "batch", "cd73_pct": 97}), "--standard", "our-unit"
    )
    assert (done.status, done.out) == (5, "")
    assert done.err.startswith("stromata: there is no standard 'our-unit'")
    assert not (tmp_path / "nowhere").exists()
    with_review = run("--dir", tmp_path / "nowhere", "--review", "x", "check", record({}), "--standard", "our-unit")
    assert "database" in with_review.err


def test_an_unknown_standard_is_told_with_those_that_were_adopted(run, record, own):
    done = run("--dir", own, "check", record({"subject": "batch"}), "--standard", "our-units")
    assert done.status == 5
    assert "This review has adopted: our-unit." in done.err


def test_a_check_is_kept_once(run, record, own):
    path = record({"subject": "batch", "id": "UC-1", "viability_release_pct": 75})
    first = run("--dir", own, "check", path, "--keep")
    assert (first.status, "Kept as UC-1." in first.out) == (0, True)
    again = run("--dir", own, "check", path, "--keep", "--json")
    assert again.json["kept"] == {"name": "UC-1", "new": False}
    failed = run("--dir", own, "check", path, "--standard", "our-unit", "--keep", "--json")
    assert (failed.status, failed.json["kept"]) == (3, {"name": "UC-1 (our-unit)", "new": True})
    named = run("--dir", own, "check", path, "--keep", "--name", "first batch", "--json")
    assert named.json["kept"]["name"] == "first batch"
    assert "kept" not in run("--dir", own, "check", path, "--json").json


def test_what_cannot_be_kept_says_so(run, record, own, tmp_path):
    path = record({"subject": "batch", "cd73_pct": 97})
    assert run("--dir", own, "check", path, "--name", "x").status == 4
    file = run("--dir", own, "check", path, "--standard", tmp_path / "our-unit.yaml", "--keep")
    assert file.status == 4
    assert "stromata standard adopt" in file.err
    nameless = run("--dir", own, "check", "-", "--keep", stdin=b'{"subject": "batch", "cd73_pct": 97}')
    assert nameless.status == 4
    assert "--name" in nameless.err
    assert run("--dir", own, "check", record("{"), "--keep").status == 4
    assert run("--dir", own, "--as", "bob", "check", path, "--keep").status == 6
    assert run("--dir", tmp_path / "nowhere", "check", path, "--keep").status == 5

"""Appraisal from the command line: tools, forms, two appraisers, consensus."""

import csv
import io
from dataclasses import replace

import pytest

from projects import ANN, BOB, LEAD, PROTOCOL, begin
from stromata import appraisal, review
from stromata.model import AppraisalRule, StudiesLoaded, Study, StudyTables


@pytest.fixture
def folder(tmp_path):
    with begin(tmp_path / "review") as project:
        review.grant(project, LEAD, "adjudicator")
        review.set_protocol(project, replace(PROTOCOL, appraisal=(AppraisalRule("syrcle", ("preclinical",)),)))
        with project.store.transaction(project.id, actor=LEAD, at=project.clock()) as tx:
            tx.append(StudiesLoaded(StudyTables(studies=(Study("mice", "Mice", "psoriasis", "preclinical"),))))
    return tmp_path / "review"


@pytest.fixture
def fill(run, folder, tmp_path):
    asked = [question.id for question in appraisal.tool("syrcle").questions()]

    def fill(first):
        out = tmp_path / "form.csv"
        assert run("--dir", folder, "appraise", "form", "mice", "--tool", "syrcle", "-o", out).status == 0
        rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
        for row in rows:
            if row["item"] in asked:
                row["answer"], row["support"] = first if row["item"] == asked[0] else "unclear", "not said"
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return out

    return fill


def test_the_tools_are_listed(run):
    found = {tool["id"]: tool for tool in run("appraise", "tools", "--json").json["tools"]}
    assert {"rob2-assignment", "rob2-adherence", "robins-i", "syrcle", "amstar-2", "jbi-case-series"} <= set(found)
    assert "rob2-assignment" in run("appraise", "tools").out


def test_two_appraisers_and_a_consensus(run, folder, fill):
    assert run("--dir", folder, "--as", ANN, "appraise", "load", fill("yes")).status == 0
    listed = run("--dir", folder, "appraise", "--json").json["appraisals"]
    assert [(item["state"], item["final"]) for item in listed] == [("open", None)]
    assert run("--dir", folder, "appraise", "compare", "--json").json["differences"] == []
    assert run("--dir", folder, "--as", BOB, "appraise", "load", fill("no"), "--json").json["kept"]
    differing = run("--dir", folder, "appraise", "compare").out
    assert "ann: yes" in differing
    assert "bob: no" in differing
    assert run("--dir", folder, "--as", ANN, "appraise", "settle", fill("no")).status == 6
    assert run("--dir", folder, "appraise", "settle", fill("no")).status == 0
    listed = run("--dir", folder, "appraise", "--json").json["appraisals"]
    assert [(item["state"], item["final"]["appraiser"]) for item in listed] == [("settled", LEAD)]
    assert "settled" in run("--dir", folder, "appraise").out
    agreed = run("--dir", folder, "appraise", "agreement", "--json").json["agreement"]
    assert {item["observed"] for item in agreed} == {0, 1}


def test_an_empty_form_can_be_had_as_json(run, folder):
    rows = run("--dir", folder, "appraise", "form", "mice", "--tool", "syrcle", "--json").json["rows"]
    assert {(row["study"], row["tool"]) for row in rows} == {("mice", "syrcle")}


def test_a_form_at_fault_is_refused(run, folder, fill):
    done = run("--dir", folder, "--as", ANN, "appraise", "load", fill("perhaps"))
    assert done.status == 4
    assert "perhaps" in done.err
    assert run("--dir", folder, "appraise", "--json").json["appraisals"] == []


def test_an_unknown_tool_names_the_near_ones(run, folder):
    done = run("--dir", folder, "appraise", "form", "mice", "--tool", "rob2")
    assert done.status == 5
    assert "rob2-assignment" in done.err


def test_an_appraisal_is_taken_back_with_a_reason(run, folder, fill):
    assert run("--dir", folder, "--as", ANN, "appraise", "load", fill("yes")).status == 0
    words = ("appraise", "withdraw", "mice", "--tool", "syrcle", "--reason", "wrong study")
    assert run("--dir", folder, "--as", BOB, *words).status == 5
    assert run("--dir", folder, "--as", ANN, *words).status == 0
    assert run("--dir", folder, "appraise", "--json").json["appraisals"] == []


def test_what_is_unanswered_is_named_at_a_line_of_the_file(run, folder, fill):
    path = fill("yes")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3]), encoding="utf-8")
    done = run("--dir", folder, "--as", ANN, "appraise", "load", path)
    assert done.status == 4
    assert f"{path}:2:answer: syrcle, mice: 10: " in done.err

"""Evidence-to-Decision frames from the command line."""

import pytest
import yaml

from graded import begin_graded, judge


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("framed")
    with begin_graded(base / "review") as project:
        judge(project, base, "versus", imprecision="serious")
        judge(project, base, "versus/psoriasis", imprecision="serious")
    return base / "review"


def test_a_frame_from_the_template_to_the_recommendation(run, folder, tmp_path):
    out = tmp_path / "frame.yaml"
    assert run("--dir", folder, "etd", "--json").json == {"frames": []}
    form = ("--dir", folder, "etd", "form", "skin", "--question", "Should cells be offered?")
    assert run(*form, "-o", out).status == 0
    assert "question: Should cells be offered?" in run(*form, "--json").json["yaml"]
    data = yaml.safe_load(out.read_text(encoding="utf-8"))
    data["judgements"][0] |= {"answer": "yes", "votes": {"yes": 3}, "considerations": "Seen daily."}
    data["recommendation"] = {"strength": "conditional", "direction": "for", "action": "offer cells"}
    out.write_text(yaml.safe_dump(data), encoding="utf-8")
    done = run("--dir", folder, "etd", "load", out)
    assert (done.status, "The frame skin was kept." in done.out, "! Not judged yet" in done.out) == (0, True, True)
    again = run("--dir", folder, "etd", "load", out)
    assert (again.status, "nothing was written" in again.out, "was kept." in again.out) == (0, True, False)
    assert run("--dir", folder, "etd", "load", out, "--json").json["new"] is False
    listed = run("--dir", folder, "etd").out
    assert "2 of 12" in listed
    assert "We suggest to offer cells." in listed
    shown = run("--dir", folder, "etd", "show", "skin").out
    for words in ("Recommendation (conditional): We suggest to offer cells.", "Yes 3", "Seen daily.", "Patients: "):
        assert words in shown, words
    assert run("--dir", folder, "etd", "show", "skin", "--json").json["frame"]["id"] == "skin"
    data["research"] = "A trial."
    out.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert run("--dir", folder, "etd", "load", out).status == 4
    assert run("--dir", folder, "etd", "load", out, "--reason", "one more point").status == 0


def test_a_fault_is_named_with_its_line(run, folder, tmp_path):
    path = tmp_path / "frame.yaml"
    path.write_text("id: x\nquestion: q\njudgements:\n- criterion: problem\n  answer: maybe\n", encoding="utf-8")
    done = run("--dir", folder, "etd", "load", path)
    assert (done.status, "Nothing was kept: 1 thing is wrong." in done.out) == (4, True)
    assert f"{path}:5:answer: problem: 'maybe' is not one of no, probably-no" in done.err
    done = run("--dir", folder, "etd", "load", path, "--json")
    assert (done.json["kept"], done.json["frame"], done.json["problems"][0]["line"]) == (False, None, 5)


def test_what_is_not_there_is_not_found(run, folder):
    assert run("--dir", folder, "etd", "show", "none").status == 5
    assert run("--dir", folder, "etd", "form", "new").status == 4


def test_files_that_cannot_be_frames_end_alike(run, folder, tmp_path):
    path = tmp_path / "frame.yaml"
    for data, said in (
        (b"id: [", f"{path}, line 1: this is not YAML"),
        (b"a:\n  " + b"[" * 3000, f"{path}, line 2: it is nested deeper than"),
        (b"id: x\nquestion: \xe9\n", f"{path} is not UTF-8 text: line 2"),
    ):
        path.write_bytes(data)
        done = run("--dir", folder, "etd", "load", path)
        assert (done.status, said in done.err) == (4, True), done.err
    assert run("--dir", folder, "etd", "load", tmp_path / "none.yaml").status == 5
    done = run("--dir", folder, "etd", "load", tmp_path)
    assert (done.status, "is a folder; a file is needed" in done.err) == (4, True)

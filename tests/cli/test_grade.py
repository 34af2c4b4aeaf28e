"""Certainty from the command line: form, load, list, summary of findings."""

import csv
import io

import pytest

from graded import appraise, begin_graded, copied, filled, judge


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graded") / "review"
    begin_graded(folder).close()
    return folder


@pytest.fixture
def folder(prepared, tmp_path):
    copied(prepared, tmp_path / "review").close()
    return tmp_path / "review"


@pytest.fixture
def opened(prepared, tmp_path):
    """Return what works on the same review from Python."""
    with copied(prepared, tmp_path / "review") as project:
        yield project, tmp_path / "review"


def test_a_form_is_written_filled_in_and_loaded(run, opened, tmp_path):
    project, folder = opened
    out = tmp_path / "form.csv"
    assert run("--dir", folder, "grade", "form", "versus", "-o", out).status == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [row["domain"] for row in rows][:2] == ["start", "risk-of-bias"]
    done = run("--dir", folder, "grade", "load", filled(project, out, "versus", imprecision="serious"))
    assert (done.status, "1 judgement kept" in done.out, done.err) == (0, True, "")
    listed = run("--dir", folder, "grade", "--json").json["certainty"]
    assert {item["synthesis"]: item["judgement"] and item["judgement"]["level"] for item in listed} == {
        "deaths": None, "versus": "moderate", "versus/psoriasis": None, "pain": None
    }  # fmt: skip
    shown = run("--dir", folder, "grade").out
    assert "moderate" in shown
    assert "not been judged" in shown


def test_a_form_at_fault_is_refused_with_place_and_remedy(run, opened, tmp_path):
    project, folder = opened
    path = filled(project, tmp_path / "f.csv", "versus", "pain", imprecision="sirious")
    done = run("--dir", folder, "grade", "load", path)
    assert (done.status, "Nothing was kept: 2" in done.out) == (4, True)
    assert f"{path}:6:level: versus: 'sirious' is no level of imprecision. Write one of not-serious" in done.err
    done = run("--dir", folder, "grade", "load", path, "--json")
    assert (done.status, done.json["kept"], len(done.json["problems"])) == (4, False, 2)
    path.write_text(path.read_text(encoding="utf-8").replace("sirious", "serious", 1), encoding="utf-8")
    done = run("--dir", folder, "grade", "load", path, "--partly", "--json")
    assert (done.status, [item["outcome"] for item in done.json["certainty"]]) == (3, ["versus"])
    assert done.json["kept"] is True
    done = run("--dir", folder, "grade", "load", path)
    assert (done.status, "Nothing was kept: 1 thing is wrong." in done.out) == (4, True)
    bad = path.read_text(encoding="utf-8").replace("serious", "sirious")
    path.write_text(bad, encoding="utf-8")
    done = run("--dir", folder, "grade", "load", path, "--partly", "--json")
    assert (done.status, done.json["kept"]) == (4, False)


def test_who_may_not_judge_is_told_so(run, opened, tmp_path):
    project, folder = opened
    path = filled(project, tmp_path / "f.csv", "versus")
    assert run("--dir", folder, "--as", "olga", "grade", "load", path).status == 6


def test_an_unknown_synthesis_lists_those_there_are(run, folder):
    done = run("--dir", folder, "grade", "form", "virus")
    assert (done.status, "versus" in done.err) == (5, True)
    done = run("--dir", folder, "grade", "form", "versus/")
    assert (done.status, "names no condition after the slash" in done.err) == (5, True)


def test_a_file_that_is_not_there_and_a_folder_in_its_place(run, folder, tmp_path):
    for words in (("load", "{}"), ("form", "--indirect", "{}")):
        for path, status in ((tmp_path / "none.csv", 5), (tmp_path, 4)):
            assert run("--dir", folder, "grade", *(word.format(path) for word in words)).status == status


def test_indirect_studies_come_from_a_table(run, folder, tmp_path):
    table = tmp_path / "indirect.csv"
    table.write_text("study,reason\na,children\n", encoding="utf-8")
    words = ("--dir", folder, "grade", "form", "versus/psoriasis", "--indirect", table, "--json")
    rows = {row["domain"]: row for row in run(*words).json["rows"]}
    assert rows["indirectness"]["proposed"] == "very-serious"
    table.write_text("study,reason\na,\n", encoding="utf-8")
    done = run(*words)
    assert (done.status, f"{table}:2:reason" in done.err) == (4, True)


def test_a_judgement_whose_evidence_changed_is_flagged(run, opened, tmp_path):
    project, folder = opened
    judge(project, tmp_path, "versus/psoriasis")
    assert "changed" not in run("--dir", folder, "grade").out
    appraise(project, "a", "high", result="a/ar")
    shown = run("--dir", folder, "grade").out
    assert "changed: look at it again" in shown
    assert "! versus/psoriasis: what the numbers propose for risk of bias: nothing → very serious." in shown


def test_the_summary_of_findings_is_shown_and_written(run, opened, tmp_path):
    project, folder = opened
    judge(project, tmp_path, "versus/psoriasis", "pain", imprecision="serious")
    done = run("--dir", folder, "grade", "findings", "main")
    assert done.status == 0
    for words in (
        "Cells against control",
        "400 more",
        "⊕⊕⊕◯ moderate",
        "1 Rated down one level",
        "Deaths: Its certainty",
    ):
        assert words in done.out, words
    (section,) = run("--dir", folder, "grade", "findings", "--json").json["findings"]
    assert [row["outcome"] for row in section["rows"]] == ["versus/psoriasis", "pain"]
    out = tmp_path / "sof.csv"
    assert run("--dir", folder, "grade", "findings", "--csv", out).out == ""
    assert len(out.read_text(encoding="utf-8").splitlines()) == 5
    assert run("--dir", folder, "grade", "findings", "mein").status == 5
    both = run("--dir", folder, "grade", "findings", "--csv", "-", "--json")
    assert len(both.json["findings"]) == 1
    assert run("--dir", folder, "grade", "findings", "--csv", "-").out.startswith("table,synthesis")
    run("--dir", folder, "grade", "findings", "--csv", out, "--json").json  # noqa: B018 - it is JSON alone


def test_the_effect_of_a_mean_stands_once_with_instrument_and_unit_and_people_are_whole(run, opened, tmp_path):
    project, folder = opened
    judge(project, tmp_path, "versus", "pain", imprecision="serious")
    table = run("--dir", folder, "grade", "findings", "main").out
    flat = " ".join(table.replace("│", " ").split())
    assert "MD " not in flat
    assert table.count("-2 (") == 1
    assert "260 per 1000" in flat
    assert "! Response: The risk without the intervention is that of comparators with different diseases" in flat

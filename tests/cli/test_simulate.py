"""simulate: from labelled files to measures, figures and projects."""

import csv
import gzip
import io
import json

import pytest

import stromata.cli.simulate  # noqa: F401 - registers the command
from stromata.cli.simulate import read_sets
from stromata.screening import asreview, metrics


def labelled(size=40, relevant=8, extra=""):
    rows = [
        (f"Stromal cells for skin, trial {place}" if place < relevant else f"Bridges and roads, part {place}",
         f"We gave cells to {place} people." if place % 4 else "", int(place < relevant))
        for place in range(size)
    ]  # fmt: skip
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("title", "abstract", "label"), *rows])
    return text.getvalue() + extra


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "skin.csv"
    path.write_text(labelled(), encoding="utf-8")
    return path


KEYS = {"n", "relevant", "order", "loss", "ndcg", "wss95", "wss100", "recall", "atd", "cpu_ms_per_verdict", "stopping"}


def test_one_file_and_one_seed_give_one_object(run, data):
    done = run("simulate", data, "--title-text", "stromal cells for skin", "--priors", "1,1", "--seed", "0", "--json")
    assert done.status == 0
    found = done.json
    assert found.keys() >= KEYS
    assert (found["n"], found["relevant"], len(found["order"]), len(found["priors"])) == (40, 8, 38, 2)
    assert sorted(found["order"] + found["priors"]) == list(range(40))
    labels = [int(position < 8) for position in found["order"]]  # positions of rows in the file, from 0
    measured = metrics.measures(labels)
    assert (found["loss"], found["ndcg"], found["wss95"]) == (measured.loss, measured.ndcg, measured.wss95)
    assert found["recall"] == {"0.05": measured.recall[0][1], "0.1": measured.recall[1][1],
                               "0.2": measured.recall[2][1], "0.5": measured.recall[3][1]}  # fmt: skip
    assert found["stopping"]["rule"] == "default"
    assert found["loss"] < 0.1


def test_several_seeds_give_runs_and_their_means(run, data):
    found = run("simulate", data, "--seeds", "0-2", "--ranker", "random", "--stop-rule", "none", "--json").json
    losses = [one["loss"] for one in found["runs"]]
    assert [one["seed"] for one in found["runs"]] == [0, 1, 2]
    assert found["macro"]["loss"] == pytest.approx(sum(losses) / 3)
    assert found["macro"]["worst"]["loss"] == max(losses)
    assert found["runs"][0]["stopping"] is None


def test_the_mean_counts_each_set_once_whatever_its_size(run, data, tmp_path):
    (tmp_path / "small.csv").write_text(labelled(12, 3), encoding="utf-8")
    args = ("--ranker", "random", "--seeds", "0,4", "--stop-rule", "none", "--json")
    found = run("simulate", data, tmp_path / "small.csv", *args).json
    assert [one["name"] for one in found["runs"]] == ["skin", "skin", "small", "small"]
    of = {name: [one["wss95"] for one in found["runs"] if one["name"] == name] for name in ("skin", "small")}
    assert found["macro"]["wss95"] == pytest.approx((sum(of["skin"]) / 2 + sum(of["small"]) / 2) / 2)
    assert found["macro"]["sets"] == 2


def test_a_cold_start_with_the_topic_finds_at_once(run, data):
    cold = run(
        "simulate", data, "--priors", "0,0", "--title-text", "stromal cells", "--stop-rule", "none", "--json"
    ).json
    assert cold["priors"] == []
    assert cold["order"][0] < 8


def test_criteria_and_topics_come_from_files(run, data, tmp_path):
    (tmp_path / "criteria.txt").write_text("include: stromal cells for skin\nExclude: roads\n", encoding="utf-8")
    (tmp_path / "topics.csv").write_text("name,topic\nskin,stromal cells\n", encoding="utf-8")
    for option, file in (("--criteria", "criteria.txt"), ("--topics", "topics.csv")):
        found = run("simulate", data, "--priors", "0,0", option, tmp_path / file, "--stop-rule", "none", "--json").json
        assert found["order"][0] < 8
    assert run("simulate", data, "--topics", data).status == 4


def test_the_table_shows_each_replay_and_their_summary(run, data):
    done = run("simulate", data, "--seeds", "0-1", "--stop-rule", "row-50")
    assert done.status == 0
    for word in ("skin", "WSS@95", "mean", "median", "worst"):
        assert word in done.out
    assert "2 of 2 replays" in done.err


def test_outputs_are_written(run, data, tmp_path):
    curve, table, project = (tmp_path / name for name in ("c.svg", "r.csv", "p.asreview"))
    done = run("simulate", data, "--curve", curve, "-o", table, "--asreview", project, "--json")
    assert done.status == 0
    assert curve.read_text(encoding="utf-8").startswith("<svg")
    (row,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert float(row["loss"]) == pytest.approx(done.json["loss"])
    read = asreview.read_project(project.read_bytes(), name="p")
    assert [verdict.id for verdict in read.verdicts] == done.json["priors"] + done.json["order"]
    again = run("simulate", project, "--stop-rule", "none", "--json")
    assert (again.status, again.json["n"], again.json["relevant"]) == (0, 40, 8)


def test_every_layout_is_read(run, data, tmp_path):
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(labelled().encode()))
    ris = "".join(
        f"TY  - JOUR\nTI  - Paper {place} on cells\nN1  - ASReview_{'ir' * (place > 1)}relevant\nER  - \n\n"
        for place in range(6)
    )
    (tmp_path / "notes.ris").write_text(ris, encoding="utf-8")
    assert run("convert", data, "--to", "xlsx", "-o", tmp_path / "book.xlsx").status == 0
    sets = read_sets([str(tmp_path / name) for name in ("packed.csv.gz", "notes.ris", "book.xlsx")])
    assert [(one.name, len(one.documents), sum(one.relevant)) for one in sets] == [
        ("packed", 40, 8), ("notes", 6, 2), ("book", 40, 8),
    ]  # fmt: skip
    assert run("simulate", "-", "--json", stdin=labelled().encode()).json["name"] == "input"


def test_files_of_one_name_are_told_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "set.csv").write_text(labelled(), encoding="utf-8")
    sets = read_sets([str(tmp_path / folder / "set.csv") for folder in ("a", "b")])
    assert [one.name for one in sets] == ["set", "set (2)"]


def test_lists_of_one_review_in_covidence_are_one_set(tmp_path):
    for name, rows in (("included", 2), ("irrelevant", 5)):
        text = "Title,Authors,Abstract,Published Year,Covidence #,Study,Notes,Tags\n"
        text += "".join(f'{name} {place},,Text,2020,#{rows}{place},S,"",""\n' for place in range(rows))
        (tmp_path / f"review_9_{name}_csv_20240101.csv").write_text(text, encoding="utf-8")
    (found,) = read_sets(sorted(map(str, tmp_path.glob("*.csv"))))
    assert (found.name, len(found.documents), sum(found.relevant)) == ("review_9", 7, 2)


def test_rows_that_cannot_be_used_are_named_and_the_rest_goes_on(run, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(labelled(extra="Odd,Text,maybe not\n,,0\n"), encoding="utf-8")
    done = run("simulate", path, "--stop-rule", "none", "--json")
    assert done.status == 3
    assert (done.json["n"], done.json["left_out"], done.json["textless"]) == (40, 1, 1)
    assert "odd.csv:42:label: 'maybe not' is no label" in done.err
    assert "odd.csv:43:" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--priors", "1"), "--priors"),
        (("--priors", "8,0"), "leave nothing to find"),
        (("--seeds", "2-x"), "--seeds"),
        (("--seeds", "1,1"), "one twice"),
        (("--ranker", "nonsense"), "There are: "),
        (("--stop-rule", "nonsense"), "ranked-sample"),
        (("--target", "2"), "recall"),
        (("--jobs", "0"), "0 processes"),
        (("--curve", "x.docx"), ".svg"),
        (("--asreview", "x.zip"), ".asreview"),
        (("--asreview", "x.asreview", "--seeds", "0-1"), "one replay"),
        (("--label", "verdikt"), "verdikt"),
    ],
)
def test_wrong_options_say_what_is_allowed(run, data, words, said):
    done = run("simulate", data, *words)
    assert done.status in (4, 5)
    assert said in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("title,abstract,label\nA,B,0\nC,D,0\n", 4, "is relevant"),
        ("title,abstract,label\nA,B,5\nC,D,6\nE,F,3\n", 4, "line 2, column label: '5' is no label"),
        ("title,abstract\nA,B\n", 4, "no column holds labels"),
        ("doi,label\n10.1/a,1\n10.1/b,0\n", 4, "no column holds titles"),
        ("", 4, "bad.csv"),
        (None, 5, "no file"),
    ],
)
def test_wrong_data_say_what_is_wrong_and_where(run, tmp_path, text, status, said):
    path = tmp_path / "bad.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = run("simulate", path, "--json")
    assert done.status == status
    assert said in done.err


def test_json_is_the_same_for_any_number_of_processes(run, data):
    args = ("simulate", data, "--seeds", "0-1", "--ranker", "random", "--stop-rule", "none", "--json")
    one, two = run(*args).json, run(*args, "--jobs", "2").json
    for found in (one, two):
        for part in (*found["runs"], found["macro"], found["macro"]["median"], found["macro"]["worst"]):
            part.pop("cpu_ms_first", None)
            part.pop("cpu_ms_per_verdict", None)
    assert json.dumps(one) == json.dumps(two)

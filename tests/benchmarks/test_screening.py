"""The benchmark of screening and the validation script run at toy size."""

import csv
import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load(name, path):
    spec = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bench():
    return load("benchmark_screening", ROOT / "benchmarks" / "screening.py")


@pytest.fixture(scope="module")
def validation():
    return load("validation_screening", ROOT / "validation" / "screening" / "run.py")


def test_invented_references_are_the_same_each_time(bench):
    one, two = list(bench.invented(300, 1)), list(bench.invented(300, 1))
    assert one == two
    assert 0 < sum(relevant for _, relevant in one) < 30
    assert any(not document.abstract for document, _ in one)


def test_cases_report_what_was_done(bench):
    found = bench.verdicts("random", 200, 10)
    assert (found["records"], found["verdicts"]) == (200, 10)
    assert found["cpu_first"] >= 0
    assert found["peak_mb"] > 0
    assert bench.first("random", 150)["ranked"] == 150
    json.dumps(found)


@pytest.fixture
def folder(tmp_path):
    """Two labelled sets and their manifest; one has no protocol."""
    for name, size in (("one", 30), ("two", 40)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            sheet = csv.writer(stream)
            sheet.writerow(("title", "abstract", "label"))
            sheet.writerows(
                (f"Cells {place}" if place < 6 else f"Roads {place}", "", int(place < 6)) for place in range(size)
            )
    (tmp_path / "MANIFEST.csv").write_text(
        "name,file,review_topic\ntwo,two.csv,\none,one.csv,Cells\n", encoding="utf-8"
    )
    return tmp_path


def test_the_table_has_each_tool_start_and_set(validation, folder, monkeypatch, tmp_path):
    out = tmp_path / "table.md"
    monkeypatch.setattr(sys, "argv", ["run", str(folder), "--rankers", "random", "--seeds", "0-1", "-o", str(out)])
    validation.main()
    text = out.read_text(encoding="utf-8")
    for word in (
        "random, mean",
        "random, median",
        "random, worst replay",
        "| one |",
        "| two |",
        "Cold start",
        "Stopping",
    ):
        assert word in text


def test_sets_are_smallest_first_with_their_protocols(validation, folder):
    sets, topics = validation.load(folder, set())
    assert [one.name for one in sets] == ["one", "two"]
    assert topics == {"one": "Cells", "two": ""}


def test_means_count_each_set_once_and_the_worst_is_a_replay(validation):
    def line(tool, name, labels):
        return validation.Line(tool, "warm", name, 0, validation.metrics.measures(labels), 2.0)

    lines = [
        line("x", "a", [1, 0, 0, 0, 0, 0]), line("x", "a", [0, 0, 0, 0, 0, 1]), line("x", "b", [0, 0, 1, 0, 0, 0]),
        line("ASReview 3", "a", [1, 0, 0, 0, 0, 0]), line("ASReview 3", "b", [0, 0, 1, 0, 0, 0]),
    ]  # fmt: skip
    told = list(validation.summary("x", lines[:3]))
    assert told[0].startswith("| x, mean | 0.450 |")
    assert told[2].startswith("| x, worst replay | 1.000 |")
    assert told[2].endswith("| 2.0 |")
    table = list(validation.by_set(lines, ("x", "ASReview 3")))
    assert "| a | 0.500 (worse) | 0.000 |" in table
    assert "| b | 0.400 | 0.400 |" in table

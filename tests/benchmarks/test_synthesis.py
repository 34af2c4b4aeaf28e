"""The benchmark of the synthesis at toy size, and how it asks other programs."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "synthesis.py"

PROMISED = {
    "pool_estimates, REML",
    "pool_many, REML",
    "leave-one-out and influence",
    "all subsets",
    "three levels",
    "GLMM, PLO",
    "selection model, stepfun",
    "selection model, beta",
    "import stromata.synthesis",
}

ANOTHER = """
import sys
print("another 1.0", flush=True)
for line in sys.stdin:
    case, path, least = line.rstrip("\\n").split("\\t")
    first = open(path).read().split()[1]
    print("none" if case == "unknown" else f"0.5\\t{first.split(',')[1]}\\t2", flush=True)
"""


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmark_synthesis", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def said(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_json_line_per_case_tells_what_it_took(script, capsys):
    script.main(["--toy"])
    lines = said(capsys)
    assert {line["case"] for line in lines} >= PROMISED
    assert all(line["seconds"] > 0 and line["k"] > 0 for line in lines)
    assert all(line["peak_mib"] > 0 for line in lines if not line["case"].startswith("import"))
    # without others beside it nothing is said to be so many times faster than they are
    assert all(line["met"] is None for line in lines if "times" in line.get("goal", ""))


def test_another_program_is_asked_with_the_same_data(script, tmp_path):
    peer = script.start("another", [sys.executable, "-c", ANOTHER])
    case = script.Case("sum", 2, lambda: 7.5, "known", {"set": [1, 1], "yi": [7.25, 1.0]}, fits=2, times=3.0)
    row = script.measure(case, [peer], tmp_path, rounds=2)
    unknown = script.measure(script.Case("sum", 2, lambda: 7.5, "unknown", case.table), [peer], tmp_path, rounds=1)
    peer.stop()
    assert row["another"]["seconds"] == 0.25
    assert row["another"]["apart"] == 0.2
    assert row["another"]["failed"] == 2
    assert row["another"]["ratio"] >= row["another"]["lowest"] > 1
    assert row["met"] is None  # the promise is about metafor
    assert "another" not in unknown


def test_a_promise_against_metafor_is_kept_or_not(script, tmp_path):
    peer = script.start("metafor", [sys.executable, "-c", ANOTHER])
    rows = [
        script.measure(
            script.Case("sum", 1, lambda: 1.0, "known", {"a": [0.0], "b": [1.0]}, times=times),
            [peer],
            tmp_path,
            rounds=1,
        )
        for times in (2.0, 1e12)
    ]
    peer.stop()
    assert [row["met"] for row in rows] == [True, False]


def test_programs_that_are_not_there_are_named(script, capsys):
    assert script.start("nobody", ["no-such-program"]) is None
    assert script.start("silent", [sys.executable, "-c", ""]) is None
    assert [line["peer"] for line in said(capsys)] == ["nobody", "silent"]

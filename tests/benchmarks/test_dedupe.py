"""The benchmark of de-duplication at toy size, and the library that it invents."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_library_is_the_beginning_of_a_longer_one_and_holds_copies():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from dedupe_library import library
    finally:
        sys.path.remove(str(BENCHMARKS))
    long, short = list(library(300, seed=3)), list(library(100, seed=3))
    assert long[:100] == short
    assert [id_ for id_, _, _ in short] == [f"r{number}" for number in range(1, 101)]
    assert len({work for _, _, work in long}) < 300
    assert next(library(1, seed=4))[1] != short[0][1]


def test_one_line_per_case_with_what_it_took_and_how_right_it_was():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "dedupe.py", "400", "--memory-mb", "256"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["case"], line["records"], line["added"]) == ("whole-400", 400, 400)
    assert line["cpu_seconds"] >= line["cpu_normal_forms"] > 0
    assert line["recall"] > 0.95
    assert line["precision"] > 0.95

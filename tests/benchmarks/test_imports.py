"""The benchmarks of the whole run at toy size."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def lines(script: str, *words: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *words], capture_output=True, text=True, check=True, timeout=300
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_imports_prints_one_line_per_size():
    (found,) = lines("imports.py", "50")
    assert (found["case"], found["records"]) == ("import-ris-sqlite", 50)
    assert found["seconds"] > 0
    assert found["peak_mb"] > 10


def test_startup_prints_a_line_per_case():
    found = lines("startup.py", "1")
    assert [line["case"] for line in found] == ["import-stromata", "help", "demo"]
    assert all(line["seconds"] > 0 for line in found)

"""The benchmark of de-duplication in a review, at toy size."""

import importlib.util
import json
import sys
from pathlib import Path

PATH = Path(__file__).parents[2] / "benchmarks" / "dedupe_review.py"


def test_each_step_is_a_line_and_a_small_import_merges_little(monkeypatch, capsys):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("benchmark_dedupe_review", PATH)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", ["dedupe_review.py", "60", "--added", "10"])
    script.main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["case"] for line in lines] == ["first-60", "10-into-60", "nothing-new", "all-anew"]
    assert lines[0]["merged"] > lines[1]["merged"] > 0
    assert [line["merged"] for line in lines[2:]] == [0, 0]
    assert all(0 < line["matching"] <= line["cpu_seconds"] for line in lines)

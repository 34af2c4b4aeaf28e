"""The benchmark and the comparison with metafor run at toy size."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem + "_script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_prints_one_json_line_per_case(capsys):
    load(ROOT / "benchmarks" / "synthesis.py").main(["--toy"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["case"] for line in lines] == ["effect sizes PLO", "random REML knha", "glmm"]
    assert all(line["seconds"] > 0 and line["peak_mib"] > 0 and line["k"] == 5 for line in lines)


@pytest.mark.parametrize(("beta", "beyond"), [(0.5, 0), (0.51, 1)])
def test_the_comparison_notices_a_difference(tmp_path, beta, beyond, monkeypatch):
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "input.csv").write_text("yi,vi\n0.1,0.04\n0.5,0.04\n0.9,0.04\n")
    record = {
        "id": "toy.EE",
        "kind": "rma.uni",
        "r": 'rma(yi, vi, data=dat, method="EE")',
        "value": {"k": 3, "se": [0.115470053837925], "beta": [beta], "tau2": 0},
    }
    (folder / "results.json").write_text(json.dumps({"results": [record]}))
    monkeypatch.setattr("sys.modules", {**__import__("sys").modules})
    path = ROOT / "validation" / "metafor" / "compare.py"
    spec = importlib.util.spec_from_file_location("compare_script", path)
    module = importlib.util.module_from_spec(spec)
    __import__("sys").modules["compare_script"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    tally = module.run(tmp_path)
    assert tally.records["rma.uni"] == 1
    assert len(tally.beyond) == beyond

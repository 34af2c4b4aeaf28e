"""The benchmark and the comparison with metafor run at toy size."""

import dataclasses
import importlib.util
import json
import sys
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
    assert [line["case"] for line in lines[:3]] == ["effect sizes PLO", "random REML knha", "glmm"]
    assert {"kernel REML", "pool_estimates REML", "leave-one-out REML", "pool_many REML"} <= {
        line["case"] for line in lines
    }
    assert all(line["seconds"] > 0 and line["peak_mib"] > 0 and line["k"] in {5, 13} for line in lines)


def test_random_sets_are_fitted_without_a_failure(capsys):
    assert load(ROOT / "benchmarks" / "stress.py").main(["60"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["sets"] for line in lines] == [10] * 6
    assert all(line["failures"] == 0 for line in lines)


def test_the_stress_run_notices_an_estimate_that_is_not_the_best(monkeypatch, capsys):
    script = load(ROOT / "benchmarks" / "stress.py")
    real = script.pool_many

    def lower(y, v, **options):
        found = real(y, v, **options)
        return dataclasses.replace(found, tau2=0.7 * found.tau2)

    monkeypatch.setattr(script, "pool_many", lower)
    assert script.main(["60"]) == 3
    assert sum(json.loads(line)["failures"] for line in capsys.readouterr().out.splitlines()) > 10


def compare(tmp_path, monkeypatch, rows, record):
    """Run the comparison on one folder with one record."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "input.csv").write_text(rows)
    (folder / "results.json").write_text(json.dumps({"results": [record]}))
    path = ROOT / "validation" / "metafor" / "compare.py"
    spec = importlib.util.spec_from_file_location("compare_script", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "compare_script", module)  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module.run(tmp_path)


@pytest.mark.parametrize(("beta", "beyond"), [(0.5, 0), (0.51, 1)])
def test_the_comparison_notices_a_difference(tmp_path, beta, beyond, monkeypatch):
    record = {
        "id": "toy.EE",
        "kind": "rma.uni",
        "r": 'rma(yi, vi, data=dat, method="EE")',
        "value": {"k": 3, "se": [0.115470053837925], "beta": [beta], "tau2": 0},
    }
    tally = compare(tmp_path, monkeypatch, "yi,vi\n0.1,0.04\n0.5,0.04\n0.9,0.04\n", record)
    assert tally.records["rma.uni"] == 1
    assert len(tally.beyond) == beyond


@pytest.mark.parametrize(("vi", "beyond"), [(0.021, 0), (0.0210001, 1)])
def test_the_comparison_notices_a_difference_of_an_effect_size(tmp_path, vi, beyond, monkeypatch):
    record = {
        "id": "toy.escalc",
        "kind": "escalc",
        "r": 'escalc(measure="PR", xi=x, ni=x+y, data=dat)',
        "value": {"yi": [0.3, None, 0.25], "vi": [vi, None, 0.09375]},
    }
    tally = compare(tmp_path, monkeypatch, "x,y\n3,7\nNA,5\n0,1\n", record)
    assert tally.records["escalc"] == 1
    assert len(tally.beyond) == beyond

"""The stress run at toy size: it finds nothing where nothing is wrong, and notices what is."""

import dataclasses
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "stress.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("benchmark_stress", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def failures(capsys):
    return sum(json.loads(line)["failures"] for line in capsys.readouterr().out.splitlines())


def test_random_sets_are_fitted_without_a_failure(script, capsys):
    assert script.main(["60"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["sets"] for line in lines] == [10] * 6
    assert all(line["failures"] == 0 for line in lines)


@pytest.mark.parametrize("method", ["reml", "ml", "pm", "pmm"])
def test_an_estimate_that_is_off_by_little_is_noticed(script, monkeypatch, capsys, method):
    real = script.pool_many

    def lower(y, v, **options):
        found = real(y, v, **options)
        return dataclasses.replace(found, tau2=0.999 * found.tau2)

    monkeypatch.setattr(script, "METHODS", (method,))
    monkeypatch.setattr(script, "SINGLE", 10**6)
    monkeypatch.setattr(script, "pool_many", lower)
    assert script.main(["60"]) == 3
    assert failures(capsys) > 5


def test_a_missing_number_and_a_single_fit_that_differs_are_noticed(script, monkeypatch, capsys):
    many, alone = script.pool_many, script.pool_estimates
    monkeypatch.setattr(script, "METHODS", ("dl",))
    monkeypatch.setattr(script, "SINGLE", 10**6)

    def without(y, v, **options):
        found = many(y, v, **options)
        return dataclasses.replace(found, se=np.full_like(found.se, np.nan))

    monkeypatch.setattr(script, "pool_many", without)
    assert script.main(["60"]) == 3
    assert failures(capsys) == 60
    monkeypatch.setattr(script, "pool_many", many)
    monkeypatch.setattr(script, "SINGLE", 1)
    monkeypatch.setattr(
        script, "pool_estimates", lambda y, v, **options: dataclasses.replace(alone(y, v, **options), tau2=1e9)
    )
    assert script.main(["60"]) == 3

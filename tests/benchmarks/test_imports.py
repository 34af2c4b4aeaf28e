"""The benchmarks of the whole run at toy size: inside this process, and as the processes that they are."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load(script: str):
    spec = importlib.util.spec_from_file_location(f"benchmark_{script}", BENCHMARKS / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(script: str, *words: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *words], capture_output=True, text=True, check=True, timeout=300
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_import(found):
    assert (found["case"], found["records"]) == ("import-ris-sqlite", 50)
    assert found["seconds"] > 0
    assert found["peak_mb"] > 10


def check_startup(found):
    assert [line["case"] for line in found] == ["import-stromata", "help", "demo"]
    assert all(line["seconds"] > 0 for line in found)


def test_one_size_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["imports.py", "--one", "50"])
    load("imports").main()
    (line,) = capsys.readouterr().out.splitlines()
    check_import(json.loads(line))


def test_what_startup_measures_is_a_line_each(monkeypatch, capsys):
    """The demo itself is run by tests/review/test_demo.py, through the same command."""
    script = load("startup")
    asked = []
    monkeypatch.setattr("stromata.cli.main", lambda: asked.append(sys.argv[1:]))
    monkeypatch.setattr(sys, "argv", ["startup.py", "1"])

    def inside(code):
        exec(code, {})
        return 1.0

    monkeypatch.setattr(script, "seconds", inside)
    script.main()
    check_startup([json.loads(line) for line in capsys.readouterr().out.splitlines()])
    help_page, (demo, _, folder) = asked
    assert (help_page, demo) == (["--help"], "demo")
    assert not Path(folder).exists()


@pytest.mark.slow
def test_imports_prints_one_line_per_size_in_processes_of_their_own():
    check_import(*lines("imports.py", "50"))


@pytest.mark.slow
def test_startup_prints_a_line_per_case_in_processes_of_their_own():
    check_startup(lines("startup.py", "1"))

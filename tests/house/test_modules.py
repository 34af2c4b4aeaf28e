"""The shape of the code: size of modules and functions, tests that mirror it, names that are promised."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "stromata"
MODULES = sorted(path for path in SRC.rglob("*.py") if "migrations" not in path.parts)

MODULE_CAP = 900
FUNCTION_CAP = 60

UNTESTED = {
    "cli/app.py": "options and order only; every command's test goes through it",
    "cli/evidence.py": "tests/cli/test_commands.py drives every command",
    "cli/files.py": "tests/cli/test_files.py",
    "cli/output.py": "tests/cli/test_commands.py reads what it writes",
    "cli/publish.py": "tests/cli/test_commands.py drives every command",
    "cli/records.py": "tests/cli/test_commands.py drives every command",
    "cli/screen.py": "tests/cli/test_commands.py drives every command",
    "cli/start.py": "tests/cli/test_commands.py drives every command",
    "errors.py": "tests/house/test_docs.py holds the tree against its documentation",
    "model/appraisal.py": "types without behaviour",
    "model/bibliography.py": "types without behaviour",
    "model/findings.py": "types without behaviour",
    "model/events.py": "types without behaviour; tests/model/test_codec.py carries them to JSON and back",
    "model/extraction.py": "types without behaviour",
    "model/protocol.py": "types without behaviour",
    "model/screening.py": "types without behaviour",
    "model/standards.py": "types without behaviour; tests/standards/ drives them",
    "model/studies.py": "types without behaviour",
    "model/synthesis.py": "types without behaviour",
    "reporting/content.py": "types without behaviour; tests/reporting/test_report.py renders them",
    "store/schema.py": "tables without behaviour; tests/contract/ drives them on both databases",
    "progress.py": "a protocol and an empty function",
}
"""Modules without a test file of the same name, and where their behaviour is tested instead."""

PUBLIC = ROOT / "tests" / "house" / "public_names.txt"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_module_stays_within_its_cap(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_CAP


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_function_fits_on_a_page(path):
    """Docstrings do not count: they are read elsewhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            has_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            documented = (first.end_lineno or 0) - first.lineno + 1 if has_text else 0
            length = (node.end_lineno or 0) - node.lineno + 1 - documented
            assert length <= FUNCTION_CAP, f"{path.name}: {node.name} has {length} lines"


def test_tests_mirror_the_code():
    """What must hold on both databases is tested in one suite for both, `tests/contract/`."""
    missing = []
    for path in MODULES:
        name = path.relative_to(SRC)
        if path.name == "__init__.py" or str(name) in UNTESTED or name.parts[0] == "examples":
            continue
        folders = (name.parent, "contract") if name.parts[0] == "store" else (name.parent,)
        tests = [ROOT / "tests" / folder / f"test_{path.name.lstrip('_')}" for folder in folders]
        if not any(test.exists() for test in tests):
            missing.append(str(name))
    assert missing == []


def test_exceptions_to_the_mirror_exist():
    assert [name for name in UNTESTED if not (SRC / name).exists()] == []


def promised() -> list[str]:
    names = [f"stromata.{name}" for name in import_module("stromata").__all__]
    for package in sorted(path.parent for path in SRC.glob("*/__init__.py")):
        module = import_module(f"stromata.{package.name}")
        names += [f"stromata.{package.name}.{name}" for name in getattr(module, "__all__", ())]
    return sorted(names)


def test_public_names_are_the_promised_ones():
    """A change here is a change to what users may rely on: edit the list on purpose, and write a fragment."""
    assert promised() == PUBLIC.read_text(encoding="utf-8").split()


def test_every_promised_name_exists():
    for name in promised():
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name


HEAVY = ("alembic", "jinja2", "lxml", "numpy", "pydantic", "rich", "scipy", "sqlalchemy", "typer", "yaml")


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_stromata_stays_light():
    assert loaded_by("import stromata") & set(HEAVY) == set()


def test_the_help_page_loads_terminal_libraries_only():
    names = "appraise, check, clinical, consensus, evidence, extract, files, publish, records, screen, start"
    code = f"from stromata.cli import {names}"
    assert loaded_by(code) & set(HEAVY) <= {"rich", "typer"}

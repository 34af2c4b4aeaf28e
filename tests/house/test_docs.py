"""The documentation is true: its code runs, its generated pages are fresh, and nothing is left out of it."""

import re
import shlex
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import get_args

import pytest

from command import Command
from stromata import errors, review, session
from stromata.model import (
    AppraisalRule,
    ConsensusPlan,
    FindingsOutcome,
    FindingsTable,
    FormField,
    HarmonisationRule,
    OutcomeDefinition,
    Question,
    ReviewProtocol,
    StoppingRule,
    SynthesisPlan,
)
from stromata.model.protocol import ConversionName

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[tuple[str, str]]:
    """Return (words after the language, text) of each block."""
    found = FENCE.findall(path.read_text(encoding="utf-8"))
    return [(words.strip(), text) for name, words, text in found if name == language]


def named(pages: list[Path]):
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


@named([page for page in PAGES if blocks(page, "python")])
def test_python_in_the_documentation_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for words, text in blocks(page, "python"):
        if "skip" not in words:
            exec(compile(text, str(page), "exec"), names)


def follow(page: Path, run: Command) -> str:
    """Do what a tutorial says, file by file and line by line, and return what it showed.

    RUN stands for the id of the run of suggestions that was kept, as the tutorial tells its reader.
    """
    shown, kept = "", "RUN"
    for language, words, text in FENCE.findall(page.read_text(encoding="utf-8")):
        name = re.match(r"\s*file=(\S+)", words)
        if name:
            Path(name.group(1)).parent.mkdir(parents=True, exist_ok=True)
            Path(name.group(1)).write_text(re.sub(r"\bRUN\b", kept, text), encoding="utf-8")
        elif language == "sh":
            for line in text.splitlines():
                program, *arguments = shlex.split(re.sub(r"\bRUN\b", kept, line))
                assert program == "stromata"
                done = run(*arguments)
                assert done.status == 0, f"{line}\n{done.out}\n{done.err}"
                shown += done.out
                found = re.search(r"Run (\w+) was kept", done.out + done.err)
                kept = found.group(1) if found else kept
    return shown


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STROMATA_DATABASE_URL", raising=False)
    return Command(monkeypatch, capsys)


def test_the_first_tutorial_works_as_it_stands(command):
    shown = follow(DOCS / "tutorial" / "first-review.md", command)
    report = Path("skin/report.html").read_text(encoding="utf-8")
    assert "1 references merged into 1" in shown
    assert "All is well" in shown
    assert "8/17 (47.1 %)" in report


def test_the_tutorial_of_statements_goes_on_where_the_first_ended(command):
    follow(DOCS / "tutorial" / "first-review.md", command)
    shown = follow(DOCS / "tutorial" / "statements.md", command)
    report = Path("skin/statements.html").read_text(encoding="utf-8")
    assert "studies 2 → 3" in shown
    assert "All is well" in shown
    assert "The new study points the same way" in report
    missed = command("--dir", "skin", "check", "batch.json", "--standard", "skin-panel", "--json")
    assert missed.status == 3
    (one,) = [item for item in missed.json["results"] if item["criterion"] == "SA-01"]
    assert (one["status"], one["limit"]) == ("not-met", 80)
    assert command("--dir", "skin", "check", "batch.json", "--standard", "cell-therapy").status == 0


def test_the_tutorial_of_one_study_works_as_it_stands(command):
    shown = follow(DOCS / "tutorial" / "one-study.md", command)
    report = Path("one/report.html").read_text(encoding="utf-8")
    program = re.search(r">rules</th>(.*?)</tr>", report, re.DOTALL).group(1)
    _version, _made, *judged = re.findall(r">(\d+)</td>", program)
    assert "PASI75 at week24: 8/16 (50.0 %)" in shown
    assert "25 fields agreed or settled, 2 differ" in shown
    assert "All is well" in shown
    assert "47 [23, 72]" in report
    assert "Worked out by" in report
    assert judged[:3] == ["4", "0", "0"], "accepted, amended, rejected: do RUN:0 to RUN:3 still mean the same fields?"


def test_generated_pages_are_fresh():
    spec = spec_from_file_location("build", DOCS / "build.py")
    build = module_from_spec(spec)
    spec.loader.exec_module(build)
    assert [name for name, text in build.pages().items() if (DOCS / name).read_text(encoding="utf-8") != text] == []


@named(PAGES)
def test_links_lead_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_error_has_its_entry():
    text = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    names = [name for name, cls in vars(errors).items() if isinstance(cls, type) and name != "StromataError"]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_exit_statuses_are_told_apart_and_drawn_in_the_tree():
    tree = errors.__doc__ or ""
    for name, cls in vars(errors).items():
        if isinstance(cls, type) and name != "StromataError":
            assert re.search(rf"{name}\b.*exit {cls.exit_status}\b.*HTTP {cls.http_status}\b", tree), name


NO_COMMAND = {
    "AppraisalStanding", "CertaintyStanding", "Clock", "OwnVote", "PanelResults", "Participation",  # types
    "StatementChanges", "Turnout", "DemoResult", "Imported", "LogEntry",  # types
    "Project", "Row", "Selection", "SourceDetails", "StageProgress", "StudyExtraction",  # types
    "check_protocol",  # part of set_protocol; for those who build protocols in Python
    "flow",  # `export flow` and the report
    "compute", "select",  # the pure parts of run_plans
    "create", "open_project", "info",  # `new` and every other command
    "import_account", "read_text", "report_content",  # parts of import, convert and report
    "syntheses", "standings",  # shown by the report and by `screen status`
    "suggestion_runs",  # `suggest --keep` names the run; forms and the report show it
    "import_file",  # one file of `import`
    "AuditResult", "LedgerEntry", "NextReference", "RankingTable", "StageStatus",  # types
    "agreements", "progress_of",  # parts of `screen status`
}  # fmt: skip
"""Public names of `review` without a command of their own, and why."""


def test_every_use_case_has_a_command():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "stromata" / "cli").glob("*.py"))
    missing = [name for name in review.__all__ if name not in NO_COMMAND and f"review.{name}" not in source]
    assert missing == []
    assert sorted(NO_COMMAND - set(review.__all__)) == []


def test_changes_are_told_in_fragments_of_known_kinds():
    kinds = {"added", "changed", "fixed", "removed", "numbers"}
    fragments = list((ROOT / "changes").glob("*"))
    assert fragments
    assert [path.name for path in fragments if path.suffixes[-2:-1] and path.suffixes[-2][1:] not in kinds] == []


PROTOCOL = [
    *(ReviewProtocol, SynthesisPlan, Question, OutcomeDefinition, HarmonisationRule, FormField, AppraisalRule),
    *(FindingsTable, FindingsOutcome, ConsensusPlan, StoppingRule),
]


@pytest.mark.parametrize("cls", PROTOCOL)
def test_every_key_of_the_protocol_file_has_its_entry(cls):
    text = (DOCS / "reference" / "protocol.md").read_text(encoding="utf-8")
    assert [field.name for field in fields(cls) if f"`{field.name}`" not in text] == []


def test_every_conversion_of_a_plan_has_its_entry():
    text = (DOCS / "reference" / "protocol.md").read_text(encoding="utf-8")
    assert [name for name in get_args(ConversionName) if f"`{name}`" not in text] == []


@named([page for page in PAGES if blocks(page, "yaml")])
def test_yaml_in_the_documentation_is_a_protocol(page, tmp_path):
    for _, text in blocks(page, "yaml"):
        path = tmp_path / "protocol.yaml"
        path.write_text(text, encoding="utf-8")
        review.check_protocol(review.read_protocol(path))


def test_every_setting_has_its_entry():
    text = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert f"`{session.DATABASE_VARIABLE}`" in text
    assert f"`{session.PERSON_VARIABLE}`" in text
    assert f"`{session.LLM_KEY_VARIABLE}`" in text

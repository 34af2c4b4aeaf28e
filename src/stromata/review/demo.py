"""The shipped review, run from its files to its report, as a team would run its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from stromata.errors import Conflict, InvalidInput, StoreError, StromataError
from stromata.model import STAGES, Problem, codec
from stromata.progress import Progress, silent
from stromata.review.appraisal import load_appraisals
from stromata.review.ballots import close_round, load_votes, open_round
from stromata.review.certainty import load_certainty
from stromata.review.documents import read_protocol, read_yaml
from stromata.review.duplicates import find_duplicates
from stromata.review.frames import load_frame
from stromata.review.panel_results import statements
from stromata.review.panels import set_panel, set_statements
from stromata.review.planning import set_protocol
from stromata.review.practice import adopt_standard, adopted_standards, keep_check
from stromata.review.project import DATABASE, FILES, Clock, Project, create
from stromata.review.reports import report_html
from stromata.review.sources import SourceDetails, import_file
from stromata.review.studies import load_studies
from stromata.review.synthesis import run_plans
from stromata.review.team import grant
from stromata.review.verdict_files import import_decisions, import_resolutions, import_retrievals
from stromata.store import open_store

TITLE = "Mesenchymal stromal cells in immune-mediated skin and connective-tissue diseases"
REVIEWERS = ("example-reviewer-a", "example-reviewer-b")
APPRAISER = "example-appraiser"
FACILITATOR = "example-facilitator"
TABLES = ("studies.csv", "arms.csv", "outcomes.csv", "data.csv", "claims.csv", "inclusions.csv")
REPORT = "report.html"
_ELSEWHERE = "Choose another folder: only an earlier demonstration may be replaced."


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration made, in numbers.

    Attributes
    ----------
    statements : that the simulated panel voted on. `flagged` : those that the update left in need of another look.
    """

    folder: str
    report: str
    sources: int
    records: int
    references: int
    studies: int
    data_points: int
    appraisals: int
    syntheses: int
    events: int
    statements: int
    flagged: tuple[str, ...]


def run_demo(folder: Path, *, actor: str, clock: Clock, force: bool = False, progress: Progress = silent) -> DemoResult:
    """Run the shipped review in `folder` and write its report.

    Parameters
    ----------
    force : begin anew where an earlier demonstration lies.

    Raises
    ------
    Conflict
        The folder holds a review and `force` is not given, or it holds something that is not a demonstration.
    StoreError
        The folder cannot be written.
    """
    _clear(folder, force=force)
    with as_file(files("stromata.examples").joinpath("msc")) as example, _begin(folder, actor, clock) as project:
        return _run(project, folder, example, progress)


def _run(project: Project, folder: Path, example: Path, progress: Progress) -> DemoResult:
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("protocol and team", lambda: _team(project, example)),
        ("searches, screening, data, syntheses", lambda: _evidence(project, example)),
        ("certainty of the evidence", lambda: _judge(project, example)),
        ("a simulated panel", lambda: _panel(project, example / "consensus")),
        ("records of batches and infusions", lambda: _records(project)),
        ("an update", lambda: _evidence(project, example / "update")),
        ("certainty after the update", lambda: _judge(project, example / "update")),
    )
    for done, (what, act) in enumerate(steps):
        progress(done, len(steps) + 1, what)
        act()
    progress(len(steps), len(steps) + 1, "report")
    report = folder / REPORT
    try:
        report.write_text(report_html(project), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{report} cannot be written: {error.strerror}", hint="Check folder and disk.") from error
    progress(len(steps) + 1, len(steps) + 1, "done")
    return _count(project, folder, report)


def _count(project: Project, folder: Path, report: Path) -> DemoResult:
    said = statements(project)
    with project.store.snapshot(project.id) as view:
        tables, sources = view.tables(), view.sources()
        return DemoResult(
            folder=str(folder),
            report=str(report),
            sources=len(sources),
            records=sum(source.records for source in sources),
            references=sum(1 for _ in view.references()),
            studies=len(tables.studies),
            data_points=len(tables.data_points),
            appraisals=len(view.appraisals()),
            syntheses=len(view.syntheses()),
            events=view.info().events,
            statements=len(said),
            flagged=tuple(item.kept.statement.id for item in said if item.flags),
        )


def _team(project: Project, example: Path) -> None:
    set_protocol(project, read_protocol(example / "protocol.yaml"))
    for person in REVIEWERS:
        grant(project, person, "reviewer")
    grant(project, APPRAISER, "extractor")
    grant(project, APPRAISER, "adjudicator")  # whoever judges certainty
    grant(project, FACILITATOR, "facilitator")


def _evidence(project: Project, folder: Path) -> None:
    """Take in what a folder holds, from search files to appraisals, and compute the syntheses anew."""
    for path, details in _search_files(folder):
        import_file(project, path, details=details)
    find_duplicates(project)
    for stage in STAGES:
        _all_good("decisions.csv", import_decisions(project, folder / "decisions.csv", stage=stage))
        if (folder / "resolutions.csv").exists():
            _all_good("resolutions.csv", import_resolutions(project, folder / "resolutions.csv", stage=stage))
        if stage == STAGES[0]:
            _all_good("retrievals.csv", import_retrievals(project, folder / "retrievals.csv"))
    _, problems = load_studies(project, [path for path in map(folder.joinpath, TABLES) if path.exists()])
    _all_good("tables", (0, problems))
    for path in sorted((folder / "appraisals").glob("*.csv")):
        _, problems = load_appraisals(replace(project, actor=APPRAISER), path)
        _all_good(path.name, (0, problems))
    run_plans(project)


def _judge(project: Project, folder: Path) -> None:
    _, problems = load_certainty(replace(project, actor=APPRAISER), folder / "certainty.csv")
    _all_good("certainty.csv", (0, problems))


def _panel(project: Project, folder: Path) -> None:
    """Hold the two rounds of the simulated panel, and write down what follows from them."""
    guide = replace(project, actor=FACILITATOR)
    _, problems = set_panel(guide, folder / "panel.csv")
    _all_good("panel.csv", (0, problems))
    for wording, votes in (
        ("statements.csv", "votes-round-1.csv"),
        ("statements-round-2.csv", "votes-round-2.csv"),
    ):
        _, problems = set_statements(guide, folder / wording)
        _all_good(wording, (0, problems))
        open_round(guide)
        _, problems = load_votes(guide, folder / votes)
        _all_good(votes, (0, problems))
        close_round(guide)
    _, problems = load_frame(guide, folder / "etd-psoriasis.yaml")
    _all_good("etd-psoriasis.yaml", (0, problems))
    adopt_standard(guide, folder / "standard.yaml")


def _records(project: Project) -> None:
    """Hold the worked records against the panel's own standard, and keep what comes of it."""
    (adopted,) = adopted_standards(project)
    with as_file(files("stromata.examples").joinpath("records")) as folder:
        for name in ("batch-passes.json", "batch-fails.json", "infusion.csv"):
            keep_check(project, folder / name, adopted.standard.id, name=Path(name).stem)


def _begin(folder: Path, actor: str, clock: Clock) -> Project:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}", hint="Choose another with --dir.") from error
    return create(folder, TITLE, actor=actor, clock=clock)


def _clear(folder: Path, *, force: bool) -> None:
    """Make way for a new demonstration. Only an earlier one is removed, never anybody's review."""
    if not (folder / DATABASE).exists():
        return
    if not force:
        raise Conflict(
            f"{folder / DATABASE} exists already",
            hint="Choose another folder, or replace a demo with --force.",
        )
    try:
        with open_store(folder / DATABASE, files=folder / FILES) as held:
            titles = [item.title for item in held.reviews()]
    except StromataError as error:
        raise Conflict(f"{folder / DATABASE} is in the way: {error.message}", hint=_ELSEWHERE) from error
    if titles != [TITLE]:
        raise Conflict(f"{folder} holds {', '.join(titles) or 'something'}, not the demonstration", hint=_ELSEWHERE)
    for path in folder.glob(DATABASE + "*"):
        path.unlink()
    shutil.rmtree(folder / FILES)


def _search_files(example: Path) -> Iterator[tuple[Path, SourceDetails]]:
    listed = read_yaml(example / "sources.yaml")
    if not isinstance(listed, dict):
        raise InvalidInput("sources.yaml names no files")
    for name, details in listed.items():
        yield example / "search" / str(name), codec.from_data(SourceDetails, details)


def _all_good(name: str, done: tuple[int, tuple[Problem, ...]]) -> None:
    """Raise unless a file of the shipped review went in whole: a demonstration that hides faults shows nothing."""
    if done[1]:
        first = done[1][0]
        raise InvalidInput(f"{name}, line {first.line}: {first.text} ({len(done[1])} problems)", hint=first.hint)

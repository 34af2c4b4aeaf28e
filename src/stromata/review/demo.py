"""The shipped review, run from its files to its report, as a team would run its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from stromata.errors import Conflict, InvalidInput, StoreError, StromataError
from stromata.model import STAGES, Problem, codec
from stromata.progress import Progress, silent
from stromata.review.appraisal import load_appraisals
from stromata.review.documents import read_protocol, read_yaml
from stromata.review.project import DATABASE, FILES, Clock, Project, create
from stromata.review.references import find_duplicates, references
from stromata.review.reports import report_html
from stromata.review.screening import import_decisions, import_resolutions, import_retrievals
from stromata.review.sources import SourceDetails, import_file
from stromata.review.studies import load_studies
from stromata.review.synthesis import run_plans
from stromata.review.team import grant, set_protocol
from stromata.store import open_store

TITLE = "Mesenchymal stromal cells in immune-mediated skin and connective-tissue diseases"
REVIEWERS = ("example-reviewer-a", "example-reviewer-b")
APPRAISER = "example-appraiser"
REPORT = "report.html"
_ELSEWHERE = "Choose another folder: only an earlier demonstration may be replaced."


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration made, in numbers."""

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
    steps = 8
    progress(0, steps, "protocol and team")
    set_protocol(project, read_protocol(example / "protocol.yaml"))
    for person in REVIEWERS:
        grant(project, person, "reviewer")
    grant(project, APPRAISER, "extractor")
    progress(1, steps, "importing")
    imported = [import_file(project, path, details=details) for path, details in _search_files(example)]
    progress(2, steps, "de-duplicating")
    find_duplicates(project)
    progress(3, steps, "screening")
    for stage in STAGES:
        _all_good("decisions.csv", import_decisions(project, example / "decisions.csv", stage=stage))
        _all_good("resolutions.csv", import_resolutions(project, example / "resolutions.csv", stage=stage))
        if stage == STAGES[0]:
            _all_good("retrievals.csv", import_retrievals(project, example / "retrievals.csv"))
    progress(4, steps, "extracted data")
    tables, problems = load_studies(project, example)
    _all_good("tables", (0, problems))
    progress(5, steps, "appraisals")
    appraised = sum(_appraise(project, path) for path in sorted((example / "appraisals").glob("*.csv")))
    progress(6, steps, "syntheses")
    results = run_plans(project)
    progress(7, steps, "report")
    report = folder / REPORT
    try:
        report.write_text(report_html(project), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{report} cannot be written: {error.strerror}", hint="Check folder and disk.") from error
    progress(steps, steps, "done")
    with project.store.snapshot(project.id) as view:
        count = view.info().events
    return DemoResult(
        folder=str(folder),
        report=str(report),
        sources=len(imported),
        records=sum(source.records for source in imported),
        references=sum(1 for _ in references(project)),
        studies=len(tables.studies),
        data_points=len(tables.data_points),
        appraisals=appraised,
        syntheses=len(results),
        events=count,
    )


def _appraise(project: Project, path: Path) -> int:
    found, problems = load_appraisals(replace(project, actor=APPRAISER), path)
    _all_good(path.name, (0, problems))
    return len(found)


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

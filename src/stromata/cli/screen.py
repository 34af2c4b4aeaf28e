"""Commands of screening: decide, import, status, queue, conflicts, resolve, retrieval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stromata.cli.app import SCREEN, Argument, Json, app, opened
from stromata.cli.output import emit, say, show_problems, table

if TYPE_CHECKING:
    from stromata.model import Problem, RetrievalStatus, Stage, Verdict

screen_app = typer.Typer(help="Blinded double screening: decide, settle conflicts, retrieve.", no_args_is_help=True)
app.add_typer(screen_app, name="screen", rich_help_panel=SCREEN)

Key = Annotated[str, typer.Argument(help="The reference: id, DOI, PMID, registry id or title.")]
StageOption = Annotated[str, typer.Option("--stage", help="title-abstract or full-text.")]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Code of a protocol's reason; may be repeated.")]
Note = Annotated[str, typer.Option(help="A remark for the log.")]


@screen_app.command()
def decide(
    context: typer.Context,
    key: Key,
    verdict: Annotated[str, typer.Argument(help="include, exclude or maybe.")],
    stage: StageOption = "title-abstract",
    reason: Reasons = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Give your verdict on a reference (you are who --as says)."""
    from stromata import review

    with opened(context) as project:
        review.decide(project, key, _verdict(verdict), stage=_stage(stage), reasons=tuple(reason or ()), note=note)
        left = len(review.queue(project, stage=_stage(stage)))
    if as_json:
        emit({"key": key, "verdict": verdict, "stage": stage, "left": left})
    else:
        say(f"{verdict}; {left} references wait for you at {stage}.")


@screen_app.command("import")
def import_decisions(
    context: typer.Context,
    file: Annotated[Path, Argument(help="CSV: key, stage, reviewer, verdict, reasons, note.")],
    what: Annotated[str, typer.Option(help="decisions, resolutions or retrievals.")] = "decisions",
    stage: Annotated[str | None, typer.Option(help="Only the rows of this stage.")] = None,
    as_json: Json = False,
) -> None:
    """Import verdicts, settlements or retrievals from a table."""
    from stromata import review
    from stromata.errors import InvalidInput

    only = None if stage is None else _stage(stage)
    with opened(context) as project:
        if what == "decisions":
            done, problems = review.import_decisions(project, file, stage=only)
        elif what == "resolutions":
            done, problems = review.import_resolutions(project, file, stage=only)
        elif what == "retrievals":
            done, problems = review.import_retrievals(project, file)
        else:
            raise InvalidInput(f"--what is {what!r}; allowed: decisions, resolutions, retrievals")
    _account(file, what, done, problems, as_json=as_json)


@screen_app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Show how far each stage is, and how far the reviewers agree."""
    from stromata import review

    with opened(context) as project:
        stages, pairs = review.progress_of(project), review.agreements(project)
    if as_json:
        emit({"stages": stages, "agreement": pairs})
        return
    table(
        "Stages",
        ("stage", "references", "open", "conflicts", "included", "excluded"),
        [(s.stage, s.total, s.open, s.conflicts, s.included, s.excluded) for s in stages],
    )
    table(
        "Agreement",
        ("stage", "reviewers", "n", "agree", "kappa"),
        [(p.stage, " and ".join(p.reviewers), p.n, _rounded(p.observed), _rounded(p.kappa)) for p in pairs],
    )


@screen_app.command()
def queue(context: typer.Context, stage: StageOption = "title-abstract", as_json: Json = False) -> None:
    """List the references that wait for your verdict."""
    from stromata import review

    with opened(context) as project:
        waiting = review.queue(project, stage=_stage(stage))
        titles = {item.id: item.merged.title for item in review.references(project)}
    if as_json:
        emit({"stage": stage, "queue": [{"reference": id_, "title": titles[id_]} for id_ in waiting]})
    else:
        table(f"Waiting for you at {stage}", ("reference", "title"), [(id_, titles[id_]) for id_ in waiting])


@screen_app.command()
def conflicts(context: typer.Context, stage: StageOption = "title-abstract", as_json: Json = False) -> None:
    """List the references on which verdicts disagree."""
    from stromata import review

    with opened(context) as project:
        found = review.conflicts(project, stage=_stage(stage))
    if as_json:
        emit({"stage": stage, "conflicts": found})
        return
    rows = [
        (item.reference, "; ".join(f"{given.reviewer}: {given.verdict}" for given in item.decisions)) for item in found
    ]
    table(f"Conflicts at {stage}", ("reference", "verdicts"), rows)


@screen_app.command()
def resolve(
    context: typer.Context,
    key: Key,
    verdict: Annotated[str, typer.Argument(help="include or exclude.")],
    stage: StageOption = "title-abstract",
    reason: Reasons = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Settle a conflict as adjudicator."""
    from stromata import review

    with opened(context) as project:
        review.resolve(project, key, _verdict(verdict), stage=_stage(stage), reasons=tuple(reason or ()), note=note)
    if as_json:
        emit({"key": key, "verdict": verdict, "stage": stage})
    else:
        say(f"Settled: {verdict}.")


@screen_app.command()
def retrieval(
    context: typer.Context,
    key: Key,
    state: Annotated[str, typer.Argument(metavar="STATUS", help="retrieved or not-retrieved.")],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Record that a full report was got, or could not be got."""
    from stromata import review

    with opened(context) as project:
        review.record_retrieval(project, key, cast("RetrievalStatus", state), note=note)
    if as_json:
        emit({"key": key, "status": state})
    else:
        say(f"Recorded: {state}.")


def _verdict(text: str) -> Verdict:
    return cast("Verdict", text)  # the use case checks the word


def _stage(text: str) -> Stage:
    return cast("Stage", text)  # the use case checks the word


def _account(file: Path, what: str, done: int, problems: tuple[Problem, ...], *, as_json: bool) -> None:
    from stromata.model import faults

    if as_json:
        emit({"file": file.name, "what": what, "imported": done, "problems": problems})
    else:
        say(f"{file.name}: {done} {what} imported, {len(faults(problems))} rows left out")
    show_problems(file.name, problems)
    if faults(problems) and not done:
        raise typer.Exit(4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

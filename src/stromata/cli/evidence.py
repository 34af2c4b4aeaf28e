"""Commands about evidence: studies, synthesize."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import EVIDENCE, Argument, Json, app, opened
from stromata.cli.output import bar, emit, say, show_cautions, show_problems, table
from stromata.cli.pool import probabilities, show_coefficients

if TYPE_CHECKING:
    from stromata.model import Synthesis

studies_app = typer.Typer(help="Studies, arms, cell products, outcomes, data points.", invoke_without_command=True)


@studies_app.callback()
def studies(context: typer.Context, as_json: Json = False) -> None:
    """List the studies that have been loaded."""
    if context.invoked_subcommand:
        return
    from stromata import review

    with opened(context) as project:
        found = review.studies(project)
    if as_json:
        emit(found)
        return
    rows = [(s.id, s.first_author, s.year, s.condition, s.design, s.n_enrolled, s.cohort) for s in found.studies]
    table("Studies", ("id", "author", "year", "condition", "design", "enrolled", "cohort"), rows)
    say(f"{len(found.arms)} arms, {len(found.outcomes)} outcomes, {len(found.data_points)} data points.")


@studies_app.command("load")
def studies_load(
    context: typer.Context,
    tables: Annotated[list[Path], Argument(metavar="FOLDER|FILE...", help="Extraction tables (CSV).")],
    partly: Annotated[bool, typer.Option("--partly", help="Load the good rows although some are bad.")] = False,
    as_json: Json = False,
) -> None:
    """Load extraction tables. While a cell is bad nothing is loaded, and every bad cell is named."""
    from stromata import review
    from stromata.model import faults

    where = tables[0] if len(tables) == 1 and tables[0].is_dir() else tables
    with opened(context) as project:
        found, problems = review.load_studies(project, where, strict=not partly)
    loaded = partly or not faults(problems)
    if as_json:
        emit(
            {
                "loaded": loaded,
                "studies": len(found.studies),
                "arms": len(found.arms),
                "outcomes": len(found.outcomes),
                "data_points": len(found.data_points),
                "claims": len(found.claims),
                "problems": problems,
            }
        )
    elif loaded:
        say(f"{len(found.studies)} studies, {len(found.arms)} arms, {len(found.data_points)} data points loaded.")
    else:
        say(f"Nothing was loaded: {len(problems)} bad cells. Mend them, or load the good rows with --partly.")
    for problem in problems:  # the text begins with the table's name
        file, _, text = problem.text.partition(": ")
        show_problems(file, [replace(problem, text=text)])
    if not loaded:
        raise typer.Exit(4)


Reason = Annotated[str, typer.Option(help="Why, in a sentence; the report shows it.")]


@studies_app.command()
def families(context: typer.Context, as_json: Json = False) -> None:
    """Propose which references describe one study, and which studies may share patients. Nothing is changed."""
    from stromata import review

    with opened(context) as project:
        links, overlaps = review.propose_families(project)
    if as_json:
        emit({"links": links, "overlaps": overlaps})
        return
    rows = [(item.study or "a new study", ", ".join(item.references), item.strength, item.reason) for item in links]
    table("References that may describe one study", ("study", "references", "strength", "reason"), rows)
    table(
        "Studies that may share patients",
        ("studies", "strength", "reason"),
        [(", ".join(item.studies), item.strength, item.reason) for item in overlaps],
    )


@studies_app.command()
def link(
    context: typer.Context,
    study: Annotated[str, typer.Argument(help="The id of the study.")],
    reference: Annotated[str, typer.Argument(help="DOI, PMID, registry id, title or id of the reference.")],
    reason: Reason = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take the link back.")] = False,
    as_json: Json = False,
) -> None:
    """Say that a reference describes a study, or take it back."""
    from stromata import review

    with opened(context) as project:
        (review.unlink_study if undo else review.link_study)(project, study, reference, reason=reason)
    if as_json:
        emit({"study": study, "reference": reference, "linked": not undo, "reason": reason})
    else:
        say(f"{reference} is {'no longer ' if undo else ''}linked to {study}.")


@studies_app.command()
def cohort(
    context: typer.Context,
    studies: Annotated[list[str], typer.Argument(help="Ids of the studies that may share patients.")],
    name: Annotated[str, typer.Option(help="A name for the patients they share; empty = they share none.")] = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Say that studies may share patients, so that only one of them enters a pool."""
    from stromata import review

    with opened(context) as project:
        review.mark_cohort(project, name, tuple(studies), reason=reason)
    if as_json:
        emit({"cohort": name, "studies": studies, "reason": reason})
    else:
        say(f"{', '.join(studies)}: {f'cohort {name}' if name else 'no shared patients'}.")


app.add_typer(studies_app, name="studies", rich_help_panel=EVIDENCE)


@app.command(rich_help_panel=EVIDENCE)
def synthesize(
    context: typer.Context,
    plans: Annotated[list[str] | None, typer.Argument(metavar="[PLAN...]", help="Plans; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Compute the planned syntheses from the extracted data."""
    from stromata import review

    with opened(context) as project, bar("Pooling") as progress:
        results = review.run_plans(project, plans or None, progress=progress)
    if as_json:
        emit({"syntheses": results})
        return
    for result in results:
        if result.moderators:
            show_coefficients(f"{result.title}, {result.moderators}, k = {result.k}", result)
            show_cautions(result.cautions)
            continue
        rows = [("all" if result.subgroups else "", result), *result.subgroups]
        table(result.title, ("group", "k", "estimate", "95 % interval"), [_line(name, item) for name, item in rows])
        for text in probabilities(result):
            say(text)
        show_cautions(result.cautions)


def _line(name: str, result: Synthesis) -> tuple[str, int, str, str]:
    natural = result.natural
    if natural.estimate is None or natural.ci_low is None or natural.ci_high is None:
        interval = "" if natural.ci_low is None else f"{natural.ci_low:.3f} to {natural.ci_high:.3f}"
        return name, result.k, "not estimable", interval
    return name, result.k, f"{natural.estimate:.3f}", f"{natural.ci_low:.3f} to {natural.ci_high:.3f}"

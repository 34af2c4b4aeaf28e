"""Commands of appraisal: tools, form, load, list, compare, settle, agreement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import EVIDENCE, Argument, Json, app, opened
from stromata.cli.output import STDOUT, emit, say, show_problems, table, write_form

if TYPE_CHECKING:
    from stromata.appraisal import Difference
    from stromata.model import Appraisal, Problem

appraise_app = typer.Typer(
    help="Risk of bias and critical appraisal: RoB 2, ROBINS-I, JBI, SYRCLE, AMSTAR 2.", invoke_without_command=True
)

Partly = Annotated[bool, typer.Option("--partly", help="Keep the good appraisals although some are at fault.")]


@appraise_app.callback()
def appraise(context: typer.Context, as_json: Json = False) -> None:
    """List how far each appraisal is."""
    if context.invoked_subcommand:
        return
    from stromata import review

    with opened(context) as project:
        found = review.appraisals(project)
    if as_json:
        emit({"appraisals": found})
        return
    rows = [
        (item.tool, item.study, item.result, ", ".join(item.appraisers), item.state, _overall(item.final))
        for item in found
    ]
    table("Appraisals", ("tool", "study", "result", "appraised by", "state", "overall"), rows)


def _overall(final: Appraisal | None) -> str:
    return next((item.level for item in final.judgements if item.domain == "overall"), "") if final else ""


app.add_typer(appraise_app, name="appraise", rich_help_panel=EVIDENCE)


@appraise_app.command()
def tools(as_json: Json = False) -> None:
    """List the tools that there are."""
    from stromata import appraisal

    found = appraisal.tools()
    if as_json:
        emit({"tools": found})
        return
    rows = [(one.id, one.name, one.version, one.per, ", ".join(one.designs)) for one in found]
    table("Appraisal tools", ("tool", "name", "version", "judges each", "for designs"), rows)


@appraise_app.command()
def form(
    context: typer.Context,
    studies: Annotated[list[str], typer.Argument(metavar="STUDY...", help="Ids of studies (of reviews: their keys).")],
    tool: Annotated[str, typer.Option(help="Id of the tool, such as rob2-assignment.")],
    output: Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")] = STDOUT,
    as_json: Json = False,
) -> None:
    """Write an empty form (CSV); each appraiser fills in a copy."""
    from stromata import review

    with opened(context) as project:
        text = review.appraisal_form(project, tool, studies)
    write_form(output, text, as_json=as_json)


@appraise_app.command()
def load(
    context: typer.Context,
    file: Annotated[Path, Argument(help="A filled-in form (CSV).")],
    partly: Partly = False,
    as_json: Json = False,
) -> None:
    """Keep your appraisals (you are who --as says). They stay sealed until all appraisers are in."""
    from stromata import review

    with opened(context) as project:
        found, problems = review.load_appraisals(project, file, strict=not partly)
    _account(file, found, problems, partly=partly, as_json=as_json)


@appraise_app.command()
def compare(context: typer.Context, as_json: Json = False) -> None:
    """Show where two appraisers differ."""
    from stromata import review

    with opened(context) as project:
        found = review.compare_appraisals(project)
    if as_json:
        emit({"differences": found})
        return
    rows = [
        (item.tool, item.study, item.result, item.item, *(f"{who}: {said or 'nothing'}" for who, said in _sides(item)))
        for item in found
    ]
    table("Where appraisers differ", ("tool", "study", "result", "item", "one", "the other"), rows)


def _sides(item: Difference) -> zip[tuple[str, str]]:
    return zip(item.appraisers, item.given, strict=True)


@appraise_app.command()
def settle(
    context: typer.Context,
    file: Annotated[Path, Argument(help="A form with the consensus (CSV).")],
    partly: Partly = False,
    as_json: Json = False,
) -> None:
    """Set down the consensus, as adjudicator."""
    from stromata import review

    with opened(context) as project:
        found, problems = review.settle_appraisals(project, file, strict=not partly)
    _account(file, found, problems, partly=partly, as_json=as_json)


@appraise_app.command()
def withdraw(
    context: typer.Context,
    study: Annotated[str, typer.Argument(help="The id of the study (of a review: its key).")],
    tool: Annotated[str, typer.Option(help="Id of the tool.")],
    result: Annotated[str, typer.Option(help="Id of the outcome, for tools that judge results.")] = "",
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")] = "",
    as_json: Json = False,
) -> None:
    """Take your own appraisal back, before the other's can be seen."""
    from stromata import review

    with opened(context) as project:
        review.withdraw_appraisal(project, tool, study, result=result, reason=reason)
    if as_json:
        emit({"tool": tool, "study": study, "result": result, "withdrawn": True})
    else:
        say(f"Your appraisal of {study} with {tool} was taken back.")


@appraise_app.command()
def agreement(context: typer.Context, as_json: Json = False) -> None:
    """Show how far two appraisers agreed, per column of each tool."""
    from stromata import review

    with opened(context) as project:
        found = review.appraisal_agreement(project)
    if as_json:
        emit({"agreement": found})
        return
    rows = [
        (
            item.tool,
            " and ".join(item.appraisers),
            item.column,
            item.n,
            *map(_round, (item.observed, item.kappa, item.weighted)),
        )
        for item in found
    ]
    table("Agreement of two appraisers", ("tool", "who", "column", "n", "observed", "kappa", "weighted"), rows)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _account(
    file: Path, found: tuple[Appraisal, ...], problems: tuple[Problem, ...], *, partly: bool, as_json: bool
) -> None:
    from stromata.model import faults

    kept = partly or not faults(problems)
    if as_json:
        emit({"kept": kept, "appraisals": found, "problems": problems})
    elif kept:
        say(f"{len(found)} appraisals kept.")
    else:
        say(f"Nothing was kept: {len(problems)} things are wrong. Mend them, or keep the good ones with --partly.")
    show_problems(str(file), problems)
    if not kept:
        raise typer.Exit(4)

"""Commands of certainty: list, form, load, and the summary of findings."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import AGREE, Argument, Json, Option, app, opened
from stromata.cli.output import STDOUT, emit, say, show_cautions, show_problems, table, tell, write_file, write_form

if TYPE_CHECKING:
    from stromata.model import CertaintyJudgement, FindingsRow
    from stromata.reporting import FindingsSection
    from stromata.review import CertaintyStanding

grade_app = typer.Typer(
    help="GRADE: the certainty of each synthesis, and summaries of findings.", invoke_without_command=True
)

NOTHING_KEPT, FOUND_WANTING = 4, 3
"""Exit statuses when all was refused, and when the judgements at fault were left out."""

Partly = Annotated[bool, typer.Option("--partly", help="Keep the good judgements although some are at fault.")]
Indirect = Annotated[
    Path | None,
    Option("--indirect", metavar="FILE", help="Table of studies that do not match the question: study, reason."),
]


@grade_app.callback()
def grade(context: typer.Context, as_json: Json = False) -> None:
    """List the certainty of each synthesis, and what has changed since it was judged."""
    if context.invoked_subcommand:
        return
    from stromata import review

    with opened(context) as project:
        found = review.certainty(project)
    if as_json:
        emit({"certainty": found})
        return
    rows = [(one.synthesis, one.label, _level(one.judgement), _people(one), _state(one)) for one in found]
    table("Certainty", ("synthesis", "outcome", "certainty", "judged by", "state"), rows)
    for one in found:
        for text in one.changed:
            say(f"! {text}")


def _level(judgement: CertaintyJudgement | None) -> str:
    return judgement.level.replace("-", " ") if judgement else ""


def _people(one: CertaintyStanding) -> str:
    return ", ".join(dict.fromkeys(item.person for item in one.judgement.domains)) if one.judgement else ""


def _state(one: CertaintyStanding) -> str:
    if one.judgement is None:
        return one.missing
    return "changed: look at it again" if one.changed else "as judged"


app.add_typer(grade_app, name="grade", rich_help_panel=AGREE)


@grade_app.command()
def form(
    context: typer.Context,
    syntheses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYNTHESIS...", help="plan, or plan/condition; by default those of the tables of findings."
        ),
    ] = None,
    indirect: Indirect = None,
    output: Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")] = STDOUT,
    as_json: Json = False,
) -> None:
    """Write a form (CSV) with what the numbers propose for each domain; you fill in levels and reasons."""
    from stromata import review

    marked = _indirect(indirect)
    with opened(context) as project:
        text = review.certainty_form(project, syntheses, indirect=marked)
        standings = () if syntheses else review.certainty(project)
    write_form(output, text, as_json=as_json)
    there = {row["synthesis"] for row in csv.DictReader(io.StringIO(text))}
    for one in standings:
        if one.judgement is None and one.synthesis not in there:
            tell(f"{one.synthesis} is not in the form: {one.missing}")


def _indirect(file: Path | None) -> dict[str, str] | None:
    """Return the studies of a table by their reasons; a table with a fault is none."""
    if file is None:
        return None
    from stromata import consensus
    from stromata.errors import InvalidInput
    from stromata.model import faults

    found, problems = consensus.read_indirect(file)
    show_problems(str(file), problems)
    if wrong := faults(problems):
        many = "1 problem" if len(wrong) == 1 else f"{len(wrong)} problems"
        raise InvalidInput(f"{file} has {many}", hint="Mend the table first.")
    return found


@grade_app.command()
def load(
    context: typer.Context,
    file: Annotated[Path, Argument(help="A filled-in form (CSV).")],
    partly: Partly = False,
    indirect: Indirect = None,
    as_json: Json = False,
) -> None:
    """Keep your judgements (you are who --as says).

    The exit status is 4 when nothing was kept, and 3 when --partly left some out.
    """
    from stromata import review
    from stromata.model import faults

    marked = _indirect(indirect)
    with opened(context) as project:
        found, problems = review.load_certainty(project, file, strict=not partly, indirect=marked)
    kept = not faults(problems) or (partly and bool(found))
    if as_json:
        emit({"kept": kept, "certainty": found, "problems": problems})
    elif kept:
        table("Certainty", ("synthesis", "certainty", "starts"), [(i.outcome, _level(i), i.start) for i in found])
        for item in found:
            show_cautions(item.cautions)
        say(f"{len(found)} {'judgement' if len(found) == 1 else 'judgements'} kept.")
    else:
        count = len(faults(problems))
        wrong = "1 thing is" if count == 1 else f"{count} things are"
        say(f"Nothing was kept: {wrong} wrong. Mend them, or keep the good ones with --partly.")
    show_problems(str(file), problems)
    if faults(problems):
        raise typer.Exit(FOUND_WANTING if kept else NOTHING_KEPT)


@grade_app.command()
def findings(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="Id of a table; all by default.")] = None,
    to_csv: Annotated[str, typer.Option("--csv", metavar="FILE", help="Write it as CSV; - is stdout.")] = "",
    as_json: Json = False,
) -> None:
    """Show the summary of findings."""
    from stromata import reporting, review

    with opened(context) as project:
        found = review.findings(project, name)
    if to_csv and not (as_json and to_csv == STDOUT):
        write_file(to_csv, reporting.findings_csv(found))
    if as_json:
        emit({"findings": found})
    elif not to_csv:
        for section in found:
            _show(section)
        if not found:
            say("The protocol plans no table of findings.")


_COLUMNS = ("outcome", "effect", "risk without", "relative", "people (studies)", "certainty", "notes", "comment")


def _show(section: FindingsSection) -> None:
    planned = section.table
    say(planned.title)
    for what, text in (
        ("Population", planned.population),
        ("Setting", planned.setting),
        ("Intervention", planned.intervention),
        ("Comparison", planned.comparison),
    ):
        if text:
            say(f"{what}: {text}")
    if section.rows:
        table(planned.id, _COLUMNS, [_row(section, row) for row in section.rows])
    for number, note in enumerate(section.footnotes, start=1):
        say(f"{number} {note}")
    for label, why in section.missing:
        say(f"{label}: {why}")
    for _, text in section.changed:
        say(f"! {text}")
    show_cautions(section.cautions)
    for row in section.rows:
        for caution in row.cautions:
            say(f"! {row.label}: {caution.text}")


def _row(section: FindingsSection, row: FindingsRow) -> tuple[object, ...]:
    from stromata import consensus, review
    from stromata.consensus.absolute import whole_people
    from stromata.consensus.findings import relative_beside

    people = "?" if row.participants is None else str(row.participants)
    numbers = ", ".join(str(section.footnotes.index(note) + 1) for note in row.certainty.footnotes)
    without = ""
    if row.absolute:
        share = f"{whole_people(row.absolute.comparator, row.absolute.per)} per {row.absolute.per}"
        without = f"{share} ({review.risk_from(section.table, row)})"
    return (
        f"{row.label}, {row.timeframe}" if row.timeframe else row.label,
        consensus.effect_in_words(row),
        without,
        relative_beside(row),
        f"{people} ({row.studies})",
        f"{row.symbols} {_level(row.certainty)}",
        numbers,
        row.comment,
    )

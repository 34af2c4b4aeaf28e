"""Commands that report and keep: report, verify, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stromata.cli.app import REPORT, Json, Option, Options, app, opened
from stromata.cli.output import STDOUT, bar, emit, open_output, say, table, tell, write_file

BIBLIOGRAPHIES = ("references", "included")
"""Exports that --to applies to."""

WANTING = 3
"""Exit status of a check that found something wanting."""


@app.command(rich_help_panel=REPORT)
def report(
    context: typer.Context,
    output: Annotated[Path | None, Option("-o", "--output", help="File to write; - is stdout.")] = None,
    as_json: Json = False,
) -> None:
    """Write the report: one HTML file in which every number leads to its source."""
    from stromata import review

    options: Options = context.obj
    target = output or options.folder / "report.html"
    with opened(context) as project, bar("Reporting") as progress:
        text = review.report_html(project, progress=progress)
    write_file(target, text)
    if as_json and str(target) != STDOUT:
        emit({"report": str(target), "bytes": len(text.encode())})
    elif str(target) != STDOUT:
        say(f"Report: {target.resolve()}")


@app.command(rich_help_panel=REPORT)
def verify(context: typer.Context, as_json: Json = False) -> None:
    """Check the chain of the log, rebuild the state from it, and compare."""
    from stromata import review, session

    options: Options = context.obj
    with bar("Verifying") as progress:
        found = review.verify(options.folder, database=session.database(), progress=progress)
    if as_json:
        emit(found)
    elif found.ok:
        say(f"All is well: {found.events} events of {found.reviews} reviews, {found.files} files.")
    for difference in found.differences:
        tell(difference)
    if not found.ok:
        raise typer.Exit(WANTING)


@app.command(rich_help_panel=REPORT)
def export(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="references, included, studies, data, flow, appraisals, evidence-map, overlap, findings, statements, "
            "votes, checks, record-checks or log."
        ),
    ],
    output: Annotated[str, typer.Option("-o", "--output", help="File to write; - is stdout.")] = STDOUT,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="For references and included: ris, nbib, bibtex, csl-json, endnote-xml, csv, xlsx or parquet.",
        ),
    ] = "ris",
    as_json: Json = False,
) -> None:
    """Export references (in eight formats), studies, data and the flow's counts (CSV), or the log (JSON lines)."""
    from stromata import review
    from stromata.cli.convert import is_text

    with opened(context) as project, open_output(output, text=what not in BIBLIOGRAPHIES or is_text(to)) as stream:
        review.write_export(project, what, stream, to=to)
    if as_json and output != STDOUT:
        emit({"exported": what, "file": output, "bytes": Path(output).stat().st_size})
    elif output != STDOUT:
        say(f"{what} written to {output}.")


@app.command(rich_help_panel=REPORT)
def log(
    context: typer.Context,
    last: Annotated[int, typer.Option(help="How many of the newest events; 0 for all.")] = 20,
    as_json: Json = False,
) -> None:
    """Show what happened, by whom and when."""
    from stromata import review

    with opened(context) as project:
        found = review.events(project, last=last)
    if as_json:
        emit({"events": found})
        return
    rows = [(e.sequence, e.at[:19], e.actor, e.kind, "sealed" if e.sealed else "", e.hash[:12]) for e in found]
    table("Log", ("no.", "at (UTC)", "by", "what", "", "hash"), rows)

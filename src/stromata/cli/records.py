"""Commands about records: import, sources, references."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from stromata.cli.app import RECORDS, Argument, Json, Option, app, opened
from stromata.cli.output import bar, emit, say, show_error, show_problems, table, tell


@app.command("import", rich_help_panel=RECORDS)
def import_(
    context: typer.Context,
    files: Annotated[list[Path], Argument(metavar="FILE...", help="Exports, saved pages, registries' files.")],
    kind: Annotated[
        str, typer.Option(help="database, register, website, organisation, citation or other.")
    ] = "database",
    database: Annotated[str, typer.Option(help="Such as MEDLINE.")] = "",
    platform: Annotated[str, typer.Option(help="Such as Ovid.")] = "",
    searched_on: Annotated[str, typer.Option("--searched-on", help="Date of the search, YYYY-MM-DD.")] = "",
    strategy: Annotated[Path | None, Option(help="Text file with the search as it was run.")] = None,
    as_json: Json = False,
) -> None:
    """Import files, each whole or not at all, and account for what was read."""
    from stromata import review
    from stromata.cli.convert import told
    from stromata.model import SourceKind

    details = review.SourceDetails(
        kind=cast("SourceKind", kind),
        database=database,
        platform=platform,
        searched_on=searched_on,
        strategy=review.read_text(strategy) if strategy else "",
    )
    with opened(context) as project, bar("Importing") as progress:
        done = review.import_files(project, files, details=details, progress=progress)
    failed = [item for item in done if item.error]
    if as_json:
        emit(review.import_account(done))
    else:
        for item in done:
            if item.source:
                source = item.source
                show_problems(source.file, source.problems)
                if item.account:
                    say(told(item.account))
    for item in failed:
        if item.error:
            show_error(item.error)
    if failed and failed[0].error:
        raise typer.Exit(failed[0].error.exit_status)


@app.command(rich_help_panel=RECORDS)
def sources(context: typer.Context, as_json: Json = False) -> None:
    """List the imported sources: the search log."""
    from stromata import review

    with opened(context) as project:
        found = review.sources(project)
    if as_json:
        emit({"sources": found})
        return
    table(
        "Sources",
        ("id", "file", "format", "kind", "database", "searched", "records", "problems"),
        [(s.id, s.file, s.format, s.kind, s.database, s.searched_on, s.records, len(s.problems)) for s in found],
    )


@app.command(rich_help_panel=RECORDS)
def references(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Show one: id, DOI, PMID, registry id or title.")] = "",
    as_json: Json = False,
) -> None:
    """List the references, or show one with the origin of each field."""
    from stromata import review

    with opened(context) as project:
        found = [review.reference(project, key)] if key else list(review.references(project))
    if as_json:
        emit({"references": found})
        return
    if not key:
        rows = [(r.id, r.merged.year, r.merged.title, r.merged.doi, len(r.records)) for r in found]
        table("References", ("id", "year", "title", "doi", "records"), rows)
        return
    for field, record in found[0].provenance:
        value = getattr(found[0].merged, field)
        say(f"{field}: {'; '.join(str(item) for item in value) if isinstance(value, tuple) else value}")
        tell(f"    from record {record}")

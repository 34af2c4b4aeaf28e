"""Commands of practice standards: list, show, adopt, export, and studies held against them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stromata.cli.app import AGREE, Argument, Json, Option, Options, app, opened
from stromata.cli.output import STDOUT, emit, say, table, tell, write_file

if TYPE_CHECKING:
    from stromata.model import Problem, StandardAdopted
    from stromata.model.standards import Check, Standard
    from stromata.reporting import StudyChecks

standard_app = typer.Typer(
    help="Practice standards: those that ship, the team's own, studies held against them.", invoke_without_command=True
)


@standard_app.callback()
def standard(context: typer.Context, as_json: Json = False) -> None:
    """List the standards: those that ship with stromata, and those that the review has adopted."""
    if context.invoked_subcommand:
        return
    from stromata import standards

    found = [(one, "stromata") for one in standards.standards()]
    found += [(one.standard, "this review") for one in adopted(context)]
    rows = [(one.id, one.version, len(one.criteria), ", ".join(one.subjects), by, one.title) for one, by in found]
    if as_json:
        names = ("id", "version", "criteria", "subjects", "from", "title")
        data = [
            {**dict(zip(names, row, strict=True)), "extends": one.extends}
            for row, (one, _) in zip(rows, found, strict=True)
        ]
        emit({"standards": data})
        return
    table("Standards", ("standard", "version", "criteria", "about", "from", "title"), rows)


app.add_typer(standard_app, name="standard", rich_help_panel=AGREE)


def adopted(context: typer.Context) -> tuple[StandardAdopted, ...]:
    """Return the standards that the review in the folder has adopted; none where there is no review."""
    from stromata import review
    from stromata.errors import NotFound

    options: Options = context.obj
    try:
        with opened(context) as project:
            return review.adopted_standards(project)
    except NotFound:
        if options.review is not None:
            raise
        return ()


def find(context: typer.Context, name: str) -> Standard:
    """Return the standard of this id: one that ships, else one that the review in the folder has adopted.

    Raises
    ------
    NotFound
        There is neither.
    """
    from stromata import standards
    from stromata.errors import NotFound

    try:
        return standards.standard(name)
    except NotFound as error:
        own = adopted(context)
        found = next((one.standard for one in own if one.standard.id.lower() == name.lower()), None)
        if found is not None:
            return found
        there = ", ".join(one.standard.id for one in own)
        raise NotFound(
            error.message, hint=f"{error.hint} This review has adopted: {there}." if there else error.hint
        ) from error


def simulated(context: typer.Context, chosen: Standard) -> tuple[Problem, ...]:
    """Say which criteria of a standard a simulated panel has set; nothing where there is no review to tell."""
    from stromata.errors import NotFound
    from stromata.review.practice import simulated_panels

    if not any([*(one.statement for one in chosen.criteria), *(one.statement for one in chosen.changes)]):
        return ()
    try:
        with opened(context) as project:
            return simulated_panels(project, chosen)
    except NotFound:
        return ()


@standard_app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of a standard.")],
    stage: Annotated[str, typer.Option(help="Only the criteria of this stage.")] = "",
    as_json: Json = False,
) -> None:
    """Show the criteria of a standard."""
    from stromata.errors import NotFound
    from stromata.standards import asks

    found = find(context, name)
    rows = [one for one in found.criteria if stage in ("", one.stage)]
    if not rows:
        stages = ", ".join(dict.fromkeys(one.stage for one in found.criteria))
        raise NotFound(f"{found.id} has no stage {stage!r}", hint=f"There are: {stages}.")
    doubts = simulated(context, found)
    if as_json:
        emit(
            {
                "standard": found.id,
                "version": found.version,
                "extends": found.extends,
                "criteria": rows,
                "problems": doubts,
            }
        )
        return
    for one in doubts:
        tell(f"{one.text} {one.hint}")
    heads = ("criterion", "", "stage", "about", "field", "asks for", "set by")
    listed = [
        (one.id, one.severity, one.stage, one.subject, one.field, asks(one), _set_by(one.statement, one.basis))
        for one in rows
    ]
    table(f"{found.title}, {found.id} {found.version}", heads, listed)
    for change in found.changes:
        by = f" (statement {change.statement})" if change.statement else ""
        done = {"override": "changed", "add": "added", "drop": "taken out"}[change.action]
        say(f"{change.criterion} {done}: {change.reason}{by}")


def _set_by(statement: str, basis: str) -> str:
    return f"statement {statement}" if statement else basis or "unsourced"


@standard_app.command()
def adopt(
    context: typer.Context,
    file: Annotated[Path, Argument(help="The YAML file of a standard of your own.")],
    as_json: Json = False,
) -> None:
    """Adopt a standard of the team's own, as lead or facilitator; a later version takes its place."""
    from stromata import review

    with opened(context) as project:
        found, new = review.adopt_standard(project, file)
    one = found.standard
    if as_json:
        emit(
            {"standard": one.id, "version": one.version, "criteria": len(one.criteria), "file": found.file, "new": new}
        )
    elif new:
        changes = f"{len(one.changes)} changes to {one.extends}"
        say(f"{one.id} {one.version} adopted: {len(one.criteria)} criteria, {changes}.")
    else:
        say(f"{one.id} {one.version} is adopted already; nothing was written.")


@standard_app.command()
def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of an adopted standard.")],
    output: Annotated[str, Option("-o", "--output", metavar="FILE", help="File to write; - is stdout.")] = STDOUT,
    as_json: Json = False,
) -> None:
    """Write the YAML of an adopted standard, as it was adopted."""
    from stromata import review

    with opened(context) as project:
        text = review.export_standard(project, name)
    if as_json:
        emit({"standard": name, "yaml": text})
    if not as_json or output != STDOUT:
        write_file(output, text)


@standard_app.command()
def studies(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[ID]", help="Id of a standard; by default those of the protocol.")
    ] = "",
    study: Annotated[str, typer.Option(help="Only this study.")] = "",
    output: Annotated[str, Option("--csv", metavar="FILE", help="Write a row per item and study; - is stdout.")] = "",
    as_json: Json = False,
) -> None:
    """Show which items the reports of the included studies state."""
    from stromata import reporting, review

    with opened(context) as project:
        found = review.check_studies(project, name, study=study)
    if output and not (as_json and output == STDOUT):
        write_file(output, reporting.checks_csv(found))
    if as_json:
        emit({"checks": found})
    if as_json or output == STDOUT:
        return
    for checks in found:
        _show_studies(checks, one_study=bool(study))


def _show_studies(checks: StudyChecks, *, one_study: bool) -> None:
    member = dict(checks.member)
    by_item: dict[str, list[Check]] = {}
    for report in checks.reports:
        for check in report.results:
            by_item.setdefault(check.criterion, []).append(check)
    for group, label in checks.groups:
        found = [items for name, items in by_item.items() if member.get(name) == group]
        if not found:
            continue
        title = f"{label} ({checks.standard.id} {checks.standard.version})"
        if one_study:
            rows = [(one.criterion, one.severity, one.label, _state(one), one.shown, one.note) for (one,) in found]
            table(title, ("item", "", "field", "state", "value", "note"), rows)
        else:
            heads = ("item", "", "field", *STATES)
            table(
                title,
                heads,
                [(items[0].criterion, items[0].severity, items[0].label, *_counts(items)) for items in found],
            )
    for note in checks.notes:
        tell(note)


STATES = ("reported", "not as asked", "not reported", "not looked for", "not applicable")


def _state(check: Check) -> str:
    """Return what a report does with an item; what was never looked for is told apart from what is not reported."""
    from stromata.standards import NOT_LOOKED_FOR
    from stromata.standards.judge import is_unsourced

    if is_unsourced(check):
        return "reported"
    if check.status == "not-reported" and check.note.endswith(NOT_LOOKED_FOR):
        return "not looked for"
    return {"met": "reported", "not-met": "not as asked"}.get(check.status, check.status.replace("-", " "))


def _counts(items: list[Check]) -> tuple[int, ...]:
    states = [_state(one) for one in items]
    return tuple(states.count(state) for state in STATES)

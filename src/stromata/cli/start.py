"""Commands that begin a review: demo, new, team, protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from stromata.cli.app import START, Argument, Json, Option, Options, app, opened
from stromata.cli.output import STDOUT, bar, emit, say, table, tell, write_file

team_app = typer.Typer(help="The people of the review and their roles.", no_args_is_help=True)
app.add_typer(team_app, name="team", rich_help_panel=START)
protocol_app = typer.Typer(help="The protocol: question, criteria, reasons, planned syntheses.", no_args_is_help=True)


@app.command(rich_help_panel=START)
def demo(
    context: typer.Context,
    folder: Annotated[Path | None, Option("--dir", metavar="FOLDER", help="Where to put it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier demo in the folder.")] = False,
    as_json: Json = False,
) -> None:
    """Run the shipped review end to end: import, de-duplicate, screen, synthesise, report."""
    from stromata import review, session

    options: Options = context.obj
    target = folder or (options.folder if options.folder != Path() else Path("stromata-demo"))
    with bar("Demo") as progress:
        made = review.run_demo(
            target, actor=options.actor or session.person(), clock=session.now, force=force, progress=progress
        )
    if as_json:
        emit(made)
        return
    say(f"{made.records} records from {made.sources} files became {made.references} references.")
    counts = ("studies", "data_points", "appraisals", "syntheses")
    say(", ".join(f"{getattr(made, name)} {name.replace('_', ' ')}" for name in counts) + ".")
    say(f"{made.statements} statements of a simulated panel; after the update look again at {', '.join(made.flagged)}.")
    say(f"Report: {Path(made.report).resolve()}")


@app.command(rich_help_panel=START)
def new(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="Title of the review.")],
    as_json: Json = False,
) -> None:
    """Begin a review in the folder given with --dir."""
    from stromata import review, session

    options: Options = context.obj
    with session.new(options.folder, title, actor=options.actor or None) as project:
        made = review.info(project)
        where = project.store.url
    if as_json:
        emit(made)
    else:
        say(f"Review {made.id} begun in {where}.")


@team_app.command("list")
def team_list(context: typer.Context, as_json: Json = False) -> None:
    """List people and roles."""
    from stromata import review

    with opened(context) as project:
        found = review.team(project)
    if as_json:
        emit({"team": [{"person": person, "role": role} for person, role in found]})
    else:
        table("Team", ("person", "role"), found)


@team_app.command("add")
def team_add(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Name, as it will stand in the log.")],
    role: Annotated[str, typer.Option(help="lead, reviewer, adjudicator, extractor or observer.")] = "reviewer",
    as_json: Json = False,
) -> None:
    """Give a person a role."""
    from stromata import review
    from stromata.model import Role

    with opened(context) as project:
        review.grant(project, person, cast("Role", role))
    _say_role(person, role, as_json=as_json, held=True)


@team_app.command("remove")
def team_remove(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Name, as it stands in the log.")],
    role: Annotated[str, typer.Option(help="The role to take away.")],
    as_json: Json = False,
) -> None:
    """Take a role from a person; what they decided stays."""
    from stromata import review
    from stromata.model import Role

    with opened(context) as project:
        review.revoke(project, person, cast("Role", role))
    _say_role(person, role, as_json=as_json, held=False)


@protocol_app.command("set")
def protocol_set(
    context: typer.Context,
    file: Annotated[Path, Argument(help="YAML file of the protocol.")],
    reason: Annotated[str, typer.Option(help="Why it is amended.")] = "",
    as_json: Json = False,
) -> None:
    """Set the protocol, or amend it."""
    from stromata import review

    with opened(context) as project:
        protocol = review.read_protocol(file)
        review.set_protocol(project, protocol, reason=reason)
    if as_json:
        emit(protocol)
    else:
        say(f"Protocol set: {len(protocol.criteria)} criteria, {len(protocol.plans)} planned syntheses.")


@protocol_app.command("show")
def protocol_show(context: typer.Context, as_json: Json = False) -> None:
    """Show the protocol in force."""
    from stromata import review

    with opened(context) as project:
        protocol = review.protocol(project)
    if as_json:
        emit(protocol)
    else:
        tell("As YAML; edit it and set it again with `stromata protocol set FILE`.")
        write_file(STDOUT, review.protocol_yaml(protocol))


app.add_typer(protocol_app, name="protocol", rich_help_panel=START)


def _say_role(person: str, role: str, *, as_json: bool, held: bool) -> None:
    if as_json:
        emit({"person": person, "role": role, "held": held})
    else:
        say(f"{person} {'is now' if held else 'is no longer'} {role}.")

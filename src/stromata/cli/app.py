"""The root of the command line: options that stand before every command, and the order of the help page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from stromata import __version__

if TYPE_CHECKING:
    from stromata.review import Project

ORDER = (
    *("demo", "new", "team", "protocol"),
    *("import", "sources", "dedupe", "references"),
    *("screen",),
    *("suggest", "extract", "studies", "appraise", "synthesize"),
    *("grade", "consensus", "etd", "standard"),
    *("report", "verify", "export", "log"),
    *("convert", "dose", "score", "pool", "simulate", "overlap", "check"),
)
"""Every command, by stage."""

START = "Begin"
RECORDS = "Records: find, read, de-duplicate"
SCREEN = "Screen"
EVIDENCE = "Extract, appraise, synthesise"
AGREE = "Agree: certainty, panel, decision, standards"
REPORT = "Report and keep"
FILES = "Files without a review"


@dataclass(frozen=True, slots=True)
class Options:
    """What stands before the command."""

    folder: Path
    actor: str
    review: str | None


class InOrder(TyperGroup):
    """Commands in the order of a review's stages, whatever the order in which they were registered."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        """Return the names of the commands as the help page lists them."""
        return [name for name in ORDER if name in self.commands]


app = typer.Typer(
    name="stromata",
    cls=InOrder,
    help="From search exports to a report in which every number can be walked back to its source.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
)

Argument = partial(typer.Argument, readable=False)
"""A path among the arguments. Typer must not test it: the use case says better what is wrong, and goes on."""

Option = partial(typer.Option, readable=False)
"""The same for a path among the options."""

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stromata {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    folder: Annotated[Path, Option("--dir", metavar="FOLDER", help="Folder of the review.")] = Path(),
    actor: Annotated[str, typer.Option("--as", metavar="NAME", help="Who acts; the log records it.")] = "",
    review: Annotated[str | None, typer.Option(metavar="ID", help="Which review, when the database has many.")] = None,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and stop.")
    ] = False,
) -> None:
    """Hold what stands before the command."""
    context.obj = Options(folder, actor, review)


@contextmanager
def opened(context: typer.Context) -> Iterator[Project]:
    """Open the review that the options name."""
    from stromata import session

    options: Options = context.obj
    with session.open(options.folder, actor=options.actor or None, review_id=options.review) as project:
        yield project

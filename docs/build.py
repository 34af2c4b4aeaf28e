"""Write the generated pages of the documentation, or check that they are up to date.

Usage: python docs/build.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import click
import typer.main

from stromata import clinical, errors, standards
from stromata.appraisal import describe
from stromata.cli import commands
from stromata.clinical import instruments

DOCS = Path(__file__).parent
WARNING = "<!-- Written by docs/build.py: edit the code, then run `make docs`. -->\n"
VOCABULARIES = DOCS / "reference" / "vocabularies.md"
TABLES = (
    "<!-- The tables below are written by docs/build.py from the vocabularies: edit those, then run `make docs`. -->\n"
)
"""Parts what is written by hand on the page of vocabularies from what is not."""


EVERY = """Every command takes `--json`.
Results go to stdout; remarks, problems and progress to stderr.
The exit status follows the class of the error: see [errors](errors.md).
"""

ERRORS = """An error says what is wrong, the value met and what is allowed; a hint says what to do.
The exit status belongs to the class. Trouble inside data is not an error: readers return what they could read,
and a list of problems with line, column and remedy.
"""

STATUSES = """| status | meaning |
| --- | --- |
| 0 | done |
| 1 | a defect in stromata |
| 2 | a wrong command line |
| 3 | done, and found wanting: `verify` met a difference, `check` a missed criterion, another left out input |
"""


def main() -> int:
    """Write or check every generated page; the status is 1 when a checked page is stale."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, text in pages().items():
        path = DOCS / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{'stale' if check else 'written'}: {', '.join(stale) or 'none'}\n")
    return 1 if check and stale else 0


def pages() -> dict[str, str]:
    """Return the text of every generated page by its place under docs/."""
    return {
        "reference/cli.md": cli_page(),
        "reference/errors.md": errors_page(),
        "reference/vocabularies.md": vocabularies_page(),
        "reference/instruments.md": f"{WARNING}\n{instruments.reference_page()}",
        "reference/appraisal.md": f"{WARNING}\n{describe.reference_page()}",
        "reference/standard.md": f"{WARNING}\n{standards.reference_page()}",
    }


def vocabularies_page() -> str:
    """Return the page of the vocabularies: the part written by hand, and under it one table per vocabulary."""
    written, _, _ = VOCABULARIES.read_text(encoding="utf-8").partition(TABLES)
    return "\n".join([written + TABLES, *(_vocabulary(name) for name in clinical.VOCABULARIES)])


def _vocabulary(name: clinical.Vocabulary) -> str:
    last = "design, level, identifiers" if name == "designs" else "identifiers"
    head = f"| id | what it is | names beside the label | {last} |\n| --- | --- | --- | --- |"
    return "\n".join([f"## {name.capitalize()}\n", head, *(_term(term) for term in clinical.terms(name)), ""])


def _term(term: clinical.Term) -> str:
    parent = f", a form of `{term.parent}`" if term.parent else ""
    names = ", ".join(_marked(term, text) for text in (*term.synonyms, *term.synonyms_zh))
    ids = ", ".join(value if ":" in value else f"{scheme} {value}" for scheme, value in term.ids)
    return f"| `{term.id}` | {term.label}{parent}. {term.definition} | {names} | {_placed(term)}{ids} |"


def _marked(term: clinical.Term, text: str) -> str:
    marks = {"=": term.exact, "?": term.guarded, "#": term.whole}
    return text + "".join(f" `{mark}`" for mark, texts in marks.items() if text in texts)


def _placed(term: clinical.Term) -> str:
    if not term.design:
        return ""
    return f"`{term.design}`, {'no level' if term.level is None else f'level {term.level}'}{'; ' if term.ids else ''}"


def cli_page() -> str:
    """Return the page of all commands with their arguments and options."""
    root = typer.main.get_command(commands())
    parts = [
        WARNING,
        "# Command line\n",
        f"{root.help}\n",
        "Options that stand before the command:\n",
        _options(root),
        EVERY,
    ]
    parts += [_command(command, ("stromata",)) for command in _children(root)]
    return "\n".join(parts)


def _children(command: Any) -> list[Any]:  # Any: Typer has its own copy of click
    if not hasattr(command, "commands"):
        return []
    context = click.Context(command)
    found = [command.get_command(context, name) for name in command.list_commands(context)]
    return [child for child in found if child is not None]


def _command(command: Any, above: tuple[str, ...]) -> str:
    path = (*above, command.name or "")
    arguments = " ".join(_metavar(param) for param in command.params if _positional(param))
    parts = [f"{'#' * len(path)} `{' '.join(path)}`\n", f"{inspect.cleandoc(command.help or '')}\n"]
    parts.append(f"```\n{' '.join(path)}{' ' + arguments if arguments else ''} [OPTIONS]\n```\n")
    parts.append(_options(command))
    return "\n".join([*parts, *(_command(child, path) for child in _children(command))])


def _metavar(param: Any) -> str:
    return param.metavar or (param.name or "").upper()


def _positional(param: Any) -> bool:
    return param.param_type_name == "argument"


def _options(command: Any) -> str:
    rows = []
    for param in command.params:
        name = ", ".join(param.opts) if not _positional(param) else _metavar(param)
        text = getattr(param, "help", None) or ""
        default = param.default
        shown = (
            f" Default: `{default}`." if isinstance(default, str | int | float) and default not in {"", False} else ""
        )
        rows.append(f"| `{name.replace('|', chr(92) + '|')}` | {text}{shown} |")
    return "\n".join(["| | |", "| --- | --- |", *rows, ""]) if rows else ""


def errors_page() -> str:
    """Return the page of all errors with their exit and HTTP statuses."""
    rows = [
        f"| `{cls.__name__}` | {inspect.getdoc(cls)} | {cls.exit_status} | {cls.http_status} |"
        for cls in _tree(errors.StromataError)
    ]
    parts = [
        WARNING,
        "# Errors and exit statuses\n",
        ERRORS,
        STATUSES,
        "| error | meaning | exit | HTTP |\n| --- | --- | --- | --- |",
        *rows,
    ]
    return "\n".join(parts) + "\n"


def _tree(root: type[errors.StromataError]) -> list[type[errors.StromataError]]:
    return [cls for child in root.__subclasses__() for cls in (child, *_tree(child))]


if __name__ == "__main__":
    sys.exit(main())

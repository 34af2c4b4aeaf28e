"""How the command line speaks: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stromata.errors import StoreError, StromataError
from stromata.progress import Progress, silent

if TYPE_CHECKING:
    from stromata.model import Caution, Problem

STDOUT = "-"


def say(text: str) -> None:
    """Write a line of a result to stdout."""
    sys.stdout.write(text + "\n")


def tell(text: str) -> None:
    """Write a remark to stderr."""
    sys.stderr.write(text + "\n")


def emit(data: object) -> None:
    """Write a result as JSON to stdout."""
    from stromata.model import codec

    plain = (
        {key: codec.to_data(value) for key, value in data.items()} if isinstance(data, dict) else codec.to_data(data)
    )
    say(json.dumps(plain, ensure_ascii=False, indent=2))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout; numbers to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=title, title_justify="left", header_style="bold")
    body = [["" if cell is None else cell for cell in row] for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[place], int | float) or row[place] == "" for row in body)
        grid.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        grid.add_row(*(Text(str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(grid)


def show_error(error: StromataError) -> None:
    """Write an error and its hint to stderr."""
    tell(f"stromata: {error.message}")
    if error.hint:
        tell(f"  {error.hint}")


def show_problems(file: str, problems: Iterable[Problem]) -> None:
    """Write each problem of a file to stderr: file, line, column, what is wrong, how to mend it."""
    for problem in problems:
        place = ":".join(str(part) for part in (file, problem.line or "", problem.column) if part)
        tell(f"{place}: {problem.text}" + (f" {problem.hint}" if problem.hint else ""))


def show_cautions(cautions: Iterable[Caution]) -> None:
    """Write each caution to stdout, since it belongs to the result."""
    for caution in cautions:
        say(f"! {caution.text}")


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """Give a progress callable that draws a bar on stderr, or stays silent when nobody looks at a terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None, note="")

        def draw(done: int, total: int | None, note: str = "") -> None:
            bars.update(task, completed=done, total=total, note=note)

        yield draw


def write_file(target: str | Path, text: str) -> None:
    """Write a text to a file, whole or not at all, or to stdout for ``-``.

    Raises
    ------
    StoreError
        The file cannot be written; an older one of the same name is as it was.
    """
    if str(target) == STDOUT:
        sys.stdout.write(text)
        return
    path = Path(target)
    try:
        if path.exists() and not path.is_file():  # a device or a pipe: it is written to, never replaced
            path.write_text(text, encoding="utf-8")
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as stream:
            temporary = Path(stream.name)
            try:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Check the folder, its permissions and the disk.",
        ) from error

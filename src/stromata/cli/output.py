"""How the command line speaks: results on stdout, everything else on stderr."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from stromata import disk
from stromata.errors import InvalidInput, StoreError, StromataError
from stromata.progress import Progress, silent

if TYPE_CHECKING:
    from stromata.model import Caution, Problem

STDOUT = "-"

_STEERING = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
"""Control characters (the tab is harmless), bidirectional overrides, line separators, and halves of characters."""

_STEERING_IN_JSON = re.compile("[\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
"""The same where JSON has escaped the rest."""


def visible(text: str) -> str:
    """Return `text` with characters that steer a terminal or turn the reading direction shown as escapes.

    Names of files and people, headings of tables and records come from elsewhere; none of them may move the cursor.
    """
    return _STEERING.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def encodable(text: str) -> str:
    """Return a file's name as UTF-8 can hold it: bytes of it that are none are shown as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def say(text: str) -> None:
    """Write a line of a result to stdout."""
    sys.stdout.write(visible(text) + "\n")


def tell(text: str) -> None:
    """Write a remark to stderr."""
    sys.stderr.write(visible(text) + "\n")


def emit(data: object) -> None:
    """Write a result as JSON to stdout."""
    text = json_text(data)
    sys.stdout.write(_STEERING_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def json_text(data: object) -> str:
    """Return a result as the JSON that commands write."""
    from stromata.model import codec

    plain = (
        {key: encodable(value) if isinstance(value, str) else codec.to_data(value) for key, value in data.items()}
        if isinstance(data, dict)
        else codec.to_data(data)
    )
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout, numbers to the right; on a terminal that is too narrow for it, row by row."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 160)
    rows = list(rows)
    if _needed(columns, rows) > console.width:
        _listed(title, columns, rows)
        return
    # As text, not as markup: a title may come from a file, and its brackets mean nothing.
    grid = Table(title=Text(visible(title), style="table.title"), title_justify="left", header_style="bold")
    body = [["" if cell is None else cell for cell in row] for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[place], int | float) or row[place] == "" for row in body)
        grid.add_column(Text(visible(column)), justify="right" if numeric else "left", overflow="fold")
    for row in body:
        grid.add_row(*(Text(visible(str(cell))) for cell in row))
    console.print(grid)


_WORD = 6
"""Characters of a word or number that a column of a table must have room for; longer ones may be folded."""


def _needed(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """Return the width below which the cells of a table would be cut into pieces that nobody can read."""
    texts = [
        [column, *("" if row[place] is None else str(row[place]) for row in rows)]
        for place, column in enumerate(columns)
    ]
    words = [max((len(word) for text in column for word in text.split()), default=0) for column in texts]
    return sum(min(width, _WORD) + 3 for width in words) + 1


def _listed(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write each row as lines ``column: value``, parted by blank lines; what is empty is left out."""
    say(title)
    for row in rows:
        say("")
        for column, cell in zip(columns, row, strict=True):
            if cell is not None and str(cell):
                say(f"{column}: {cell}")


def show_error(error: StromataError) -> None:
    """Write an error and its hint to stderr."""
    tell(f"stromata: {error.message}")
    if error.hint:
        tell(f"  {error.hint}")


def show_problems(file: str, problems: Iterable[Problem]) -> None:
    """Write each problem of a file to stderr: file, line, column, what is wrong, how to mend it."""
    for problem in problems:
        place = ":".join(str(part) for part in (file, problem.line or "", problem.column) if part)
        text = problem.text if problem.text.endswith((".", "!", "?")) else problem.text + "."
        tell(f"{place}: {text}" + (f" {problem.hint}" if problem.hint else ""))


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


def source(file: str) -> Path | bytes:
    """Return the path of a file to read, or the bytes of stdin for ``-``."""
    return sys.stdin.buffer.read() if file == STDOUT else Path(file)


def write_file(target: str | Path, text: str) -> None:
    """Write a text to a file, whole or not at all, or to stdout for ``-``; errors as for `open_output`."""
    if str(target) == STDOUT:
        sys.stdout.write(text)
        return
    with open_output(target) as stream:
        stream.write(text.encode("utf-8"))


@contextmanager
def open_output(target: str | Path, *, text: bool = True) -> Iterator[BinaryIO]:
    """Give a stream of bytes to a file that appears when all is written, or not at all; or to stdout for ``-``.

    Parameters
    ----------
    text : whether a terminal can show what is written.

    Raises
    ------
    InvalidInput
        What is no text would be written to a terminal.
    StoreError
        The file cannot be written; an older one of the same name is as it was.
    """
    if str(target) == STDOUT:
        if not text and sys.stdout.isatty():
            hint = "Name a file with --output, or pass it on to one: stromata ... > FILE."
            raise InvalidInput("this format is no text and cannot be shown on a terminal", hint=hint)
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    try:
        if path.exists() and not path.is_file():  # a device or a pipe: it is written to, never replaced
            with path.open("wb") as stream:
                yield stream
        else:
            with disk.replacing(path) as stream:
                yield stream
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Check the folder, its permissions and the disk.",
        ) from error


def write_form(target: str, text: str, *, as_json: bool) -> None:
    """Write an empty form (CSV) to a file or stdout; with `as_json` its rows go to stdout as well as to a file."""
    if as_json:
        emit({"rows": list(csv.DictReader(io.StringIO(text)))})
    if not as_json or target != STDOUT:
        write_file(target, text)

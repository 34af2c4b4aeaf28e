"""Tables that people save from spreadsheet programs, as rows with their lines; nothing in a cell is evaluated.

And the one guard for cells that we write, so that no spreadsheet program evaluates them either.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from stromata.errors import Unreadable
from stromata.model import Problem

DELIMITERS = (",", ";", "\t")
"""Separators that spreadsheet programs write: which one depends on the country they are set to."""

ENCODING_HINT = "Save the table as “CSV UTF-8”."

_MARKS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet program take a cell for a formula, in the width of Latin or of Chinese letters."""

_CHINESE_RUN = re.compile("[\u4e00-\u9fff]{2}")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?[ \t]*(?:\r\n|\n|\r)")
"""What some spreadsheet programs write on the first line."""

_RESTARTS = 200
"""How often reading begins anew inside a broken stretch: a hostile table must not take forever."""

Row = tuple[int, list[str]]
"""The 1-based line on which a row begins, and its cells as they stand."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table that hold anything, the line of headings first.

    `problems` tells what could not be split, and of an encoding that is not UTF-8: code ``encoding``, a remark, when
    the table was read in another one without loss; ``wrong-encoding`` when it was not read.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()


def read_rows(data: bytes | str, likeness: Callable[[list[str]], object], *, persistent: bool = False) -> Rows:
    """Split a table into rows and cells.

    Parameters
    ----------
    data : the text, or its bytes: UTF-8, with or without a byte order mark; UTF-16 with one; or GB18030.
    likeness : tells how much the cells of the first line look like headings, as something that can be ordered. The
        separator (comma, semicolon or tab) is the one whose cells look most like it, unless a line ``sep=`` names it.
    persistent : whether reading begins anew on the line after one that cannot be split, so that a quotation mark that
        is never closed does not take the rest of the table with it. Good where a row says by itself that it is whole.
    """
    text, problems = decode(data) if isinstance(data, bytes) else (data.removeprefix("\ufeff"), ())
    told = _SEPARATOR.match(text)
    if told:
        text = "\n" + text[told.end() :]
    if not text.strip():
        return Rows((), tuple(problem for problem in problems if not problem.is_remark))
    first = next(line for line in _LINE_END.split(text) if line.strip())
    mark = told.group(1) if told else max(DELIMITERS, key=lambda one: likeness(first.split(one)))  # type: ignore[arg-type,return-value]
    rows, broken = _split(io.StringIO(text, newline="").readlines(), mark, _RESTARTS if persistent else 0)
    return Rows(tuple(rows), (*problems, *broken))


def check_read(name: str, table: Rows) -> None:
    """Raise Unreadable, with the name of the table and the line, when it was not read for its encoding."""
    for problem in table.problems:
        if problem.code == "wrong-encoding":
            raise Unreadable(f"{name}, line {problem.line}: {problem.text}", hint=problem.hint)


def decode(data: bytes) -> tuple[str, tuple[Problem, ...]]:
    """Return the text of a file and a problem where it is not UTF-8, as in `Rows`; empty text if it cannot be read."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            line = data[: error.start].decode("utf-16", errors="ignore").count("\n") + 1
            wrong = "the file begins as UTF-16, but is not from this line on; it was not read"
            return "", (Problem(line, "wrong-encoding", wrong, ENCODING_HINT),)
        return text, (Problem(0, "encoding", "the file is UTF-16, not UTF-8; it was read as such", ENCODING_HINT),)
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    # Western one-byte text often passes as GB18030 too, but then gives lone Chinese characters between letters.
    if _CHINESE_RUN.search(text):
        said = "the file is not UTF-8; it was read as GB18030 (Chinese)"
        return text, (Problem(line, "encoding", said, ENCODING_HINT),)
    said = "the file is not UTF-8 from this line on; it was not read"
    return "", (Problem(line, "wrong-encoding", said, ENCODING_HINT),)


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet program takes for a formula: an apostrophe is put before what might begin one.

    A cell that looks guarded already gets another apostrophe, so that `unguarded` gives back what there was; a name
    such as ``'t Hart`` stays as it is.

    References
    ----------
    OWASP, CSV Injection: cells that begin with ``= + - @``, a tab or a carriage return, and the same signs in full
    width.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("'t Hart"), guarded("a = b")
    ("'=1+1", "''=1+1", "'t Hart", 'a = b')
    """
    return f"'{text}" if text.lstrip("'").startswith(_MARKS) else text


def unguarded(text: str) -> str:
    """Undo `guarded`; text that was not guarded stays as it is.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'t Hart")
    ('=1+1', "'=1+1", "'t Hart")
    """
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_MARKS) else text


def plain_name(heading: str) -> str:
    """Return a heading as it is compared: lower case, spaces and hyphens as underscores.

    >>> plain_name(' "Study ID" ')
    'study_id'
    """
    return re.sub(r"[\s-]+", "_", heading.strip().strip('"').strip().lower())


def line_ends(cell: str) -> int:
    """Return how many lines a cell goes down."""
    return len(_LINE_END.findall(cell))


def _split(lines: list[str], delimiter: str, restarts: int) -> tuple[list[Row], list[Problem]]:
    """Return the rows that hold anything, and a problem for each stretch that is not CSV."""
    rows: list[Row] = []
    problems: list[Problem] = []
    start = 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = start + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return rows, problems
        except csv.Error as error:
            last = start + reader.line_num
            again = last > line and restarts > 0
            problems.append(_broken(error, line, line if again else last))
            if again:
                start, restarts = line, restarts - 1
                reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
            continue
        if any(cell.strip() for cell in cells):
            rows.append((line, cells))


def _broken(error: csv.Error, line: int, last: int) -> Problem:
    """Return what is wrong with a stretch that is not CSV."""
    lines = f"line {line} to {last}" if last > line else f"line {line}"
    if "field limit" in str(error):  # the reader has one class of error for everything
        text = f"{lines} holds a cell of more than {csv.field_size_limit()} characters and was left out"
        hint = "Shorten the cell; or look for a quotation mark that is not closed, on this line."
        return Problem(line, "broken-row", text, hint)
    text = f"{lines} could not be split into cells ({error}) and was left out"
    hint = "Look for a quotation mark that is not closed, or not doubled, on this line."
    return Problem(line, "broken-row", text, hint)

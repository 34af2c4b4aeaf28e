"""A CSV file as cells that know their line. Nothing in a cell is ever evaluated."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stromata.model import Problem

_LINE_END = re.compile(r"\r\n|\r|\n")
_CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]{2}")
_DELIMITERS = (",", ";", "\t")
"""Separators that spreadsheet programs write: which one depends on the country they are set to."""

_MOST_NAMED = 10
"""Columns that are named one by one when they cannot be read; the others are counted."""

_NOT_READ = {
    "unknown-column": "more columns are unknown and were not read",
    "duplicate-column": "more columns are there a second time and were not read",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of one cell, without surrounding spaces, and the 1-based line on which the cell begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The header and the other rows of a CSV file; rows without any text are left out."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    problems: tuple[Problem, ...] = ()


def read_sheet(data: bytes, *, names: frozenset[str]) -> Sheet:
    """Return the cells of a CSV file.

    Parameters
    ----------
    data : the bytes of the file: UTF-8, with or without a byte order mark; UTF-16 with one; or GB18030.
    names : column names to expect; the separator (comma, semicolon or tab) is the one that shows most of them.

    Returns
    -------
    Sheet
        With `problems` for rows that are not CSV and for a file that is not UTF-8. The code ``encoding`` is a remark:
        the file was read without loss in another encoding; ``wrong-encoding`` says that it was not read. The header
        is empty when nothing could be read.
    """
    text, problems = _decode(data)
    if not text.strip():
        return Sheet((), (), tuple(problem for problem in problems if problem.code != "encoding"))
    delimiter = max(_DELIMITERS, key=lambda mark: len(names & set(map(plain_name, _first_line(text).split(mark)))))
    rows, broken = _rows(text, delimiter)
    return Sheet(rows[0] if rows else (), tuple(rows[1:]), problems + tuple(broken))


def plain_name(text: str) -> str:
    """Return a column name as it is compared: lower case, spaces and hyphens as underscores."""
    return re.sub(r"[\s-]+", "_", text.strip().strip('"').strip().lower())


def column_names(
    header: Sequence[Cell], known: Collection[str], *, passed_over: tuple[str, ...] = ()
) -> tuple[list[str], tuple[Problem, ...]]:
    """Return the name of each column, and problems for those that are not read.

    Parameters
    ----------
    known : the names that there are; of two columns with the same name the first is read.
    passed_over : endings of names that are not read and need no word.

    Returns
    -------
    list of str
        One for each cell of the header; empty for a column that is not read.
    tuple of Problem
        For columns that are unknown or doubled: the first ten of each kind by name, the others by number.
    """
    names: list[str] = []
    found: dict[str, list[Problem]] = {code: [] for code in _NOT_READ}
    for cell in header:
        name = plain_name(cell.text)
        doubled = name in known and name in names
        names.append(name if name in known and not doubled else "")
        if doubled:
            text = f"column {name!r} is there twice; the second was not read"
            found["duplicate-column"].append(Problem(cell.line, "duplicate-column", text, "Keep one.", name))
        elif name and not names[-1] and not (passed_over and name.endswith(passed_over)):
            text = f"column {shortened(cell.text)!r} is unknown and was not read"
            hint = f"The columns are {', '.join(known)}."
            found["unknown-column"].append(Problem(cell.line, "unknown-column", text, hint))
    for code, problems in found.items():
        surplus = len(problems) - _MOST_NAMED
        if surplus > 0:
            problems[_MOST_NAMED:] = [Problem(header[0].line, code, f"{surplus} {_NOT_READ[code]}", problems[0].hint)]
    return names, tuple(problem for problems in found.values() for problem in problems)


def shortened(text: str) -> str:
    """Return a text as a message can hold it."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _first_line(text: str) -> str:
    """Return the first line that holds anything."""
    return next((line for line in _LINE_END.split(text) if line.strip()), "")


def _decode(data: bytes) -> tuple[str, tuple[Problem, ...]]:
    """Return the text of a file and a problem if it was not UTF-8; empty text when it cannot be read."""
    hint = "Save the table as “CSV UTF-8”."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            line = data[: error.start].decode("utf-16", errors="ignore").count("\n") + 1
            wrong = "the file begins as UTF-16, but is not from this line on; it was not read"
            return "", (Problem(line, "wrong-encoding", wrong, hint),)
        return text, (Problem(0, "encoding", "the file is UTF-16, not UTF-8; it was read as such", hint),)
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
        return text, (Problem(line, "encoding", "the file is not UTF-8; it was read as GB18030 (Chinese)", hint),)
    return "", (Problem(line, "wrong-encoding", "the file is not UTF-8 from this line on; it was not read", hint),)


def _rows(text: str, delimiter: str) -> tuple[list[tuple[Cell, ...]], list[Problem]]:
    """Return all rows that hold text, and a problem for each stretch that is not CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[Cell, ...]] = []
    problems: list[Problem] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return rows, problems
        except csv.Error as error:
            problems.append(_broken(error, line, reader.line_num))
            continue
        if any(cell.strip() for cell in cells):
            rows.append(_with_lines(cells, line))


def _broken(error: csv.Error, line: int, last: int) -> Problem:
    """Return what is wrong with a stretch that is not CSV."""
    lines = f"line {line} to {last}" if last > line else f"line {line}"
    if "field limit" in str(error):  # the reader has one class of error for everything
        text = f"{lines} holds a cell of more than {csv.field_size_limit()} characters and was left out"
        hint = "Shorten the cell; or look for a quotation mark that is not closed, on this line."
        return Problem(line, "broken-row", text, hint)
    text = f"{lines} could not be split into cells ({error}) and was left out"
    return Problem(
        line, "broken-row", text, "Look for a quotation mark that is not closed, or not doubled, on this line."
    )


def _with_lines(cells: list[str], line: int) -> tuple[Cell, ...]:
    """Return the cells of a row that begins on `line`; line ends inside a cell move the next one down."""
    found = []
    for cell in cells:
        found.append(Cell(cell.strip(), line))
        line += len(_LINE_END.findall(cell))
    return tuple(found)

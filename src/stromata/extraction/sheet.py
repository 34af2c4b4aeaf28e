"""A CSV file as cells that know their line. Nothing in a cell is ever evaluated."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from stromata.model import Problem

_LINE_END = re.compile(r"\r\n|\r|\n")
_CHINESE_RUN = re.compile(r"[\u4e00-\u9fff]{2}")
_DELIMITERS = (",", ";", "\t")
"""Separators that spreadsheet programs write: which one depends on the country they are set to."""


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
        With `problems` for a foreign encoding and for rows that are not CSV. The header is empty when nothing
        could be read.
    """
    text, problems = _decode(data)
    if not text.strip():
        return Sheet((), (), problems)
    delimiter = max(_DELIMITERS, key=lambda mark: len(names & set(map(plain_name, _first_line(text).split(mark)))))
    rows, broken = _rows(text, delimiter)
    return Sheet(rows[0] if rows else (), tuple(rows[1:]), problems + tuple(broken))


def plain_name(text: str) -> str:
    """Return a column name as it is compared: lower case, spaces and hyphens as underscores."""
    return re.sub(r"[\s-]+", "_", text.strip().strip('"').strip().lower())


def _first_line(text: str) -> str:
    """Return the first line that holds anything."""
    return next((line for line in _LINE_END.split(text) if line.strip()), "")


def _decode(data: bytes) -> tuple[str, tuple[Problem, ...]]:
    """Return the text of a file and a problem if it was not UTF-8; empty text when it cannot be read."""
    hint = "Save the table as “CSV UTF-8”."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
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
            end = f" to {reader.line_num}" if reader.line_num > line else ""
            text_ = f"line {line}{end} could not be split into cells ({error}) and was left out"
            hint = "Look for a quotation mark that is not closed, or not doubled, on this line."
            problems.append(Problem(line, "broken-row", text_, hint))
            continue
        if any(cell.strip() for cell in cells):
            rows.append(_with_lines(cells, line))


def _with_lines(cells: list[str], line: int) -> tuple[Cell, ...]:
    """Return the cells of a row that begins on `line`; line ends inside a cell move the next one down."""
    found = []
    for cell in cells:
        found.append(Cell(cell.strip(), line))
        line += len(_LINE_END.findall(cell))
    return tuple(found)

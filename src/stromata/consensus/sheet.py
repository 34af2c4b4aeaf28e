"""Tables that people fill in: rows under the names we use, whatever the separator, with every fault at its line."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stromata.errors import NotFound, Unreadable
from stromata.model import Problem

_DELIMITERS = (",", ";", "\t")
LONGEST = 60
"""Characters of a cell that a message shows; the rest of a longer one is cut off."""

_ENCODING_HINT = "Save the table as “CSV UTF-8”."


@dataclass(slots=True)
class Sheet:
    """Rows of a table under the names we use, with the lines on which they begin, and the problems so far."""

    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def report(self, line: int, code: str, text: str, hint: str = "", column: str = "") -> None:
        """Note a fault; its column is named as the table's heading spells it."""
        self.problems.append(Problem(line, code, text, hint, self.columns.get(column, column)))


def folded(name: str) -> str:
    """Return a name without regard to capital letters, width of letters, and spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def cut(text: str) -> str:
    """Return a cell as a message may show it: its beginning, and how long it is where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def read_sheet(source: Path | str | bytes, names: Mapping[str, str], *, needed: tuple[str, ...]) -> Sheet:
    """Read a table.

    Parameters
    ----------
    source : the path of a file, or its text or bytes; UTF-8, or UTF-16 with its mark. Comma, semicolon or tab.
    names : heading (lower case, underscores) to the name we use; other columns are not looked at.
    needed : names that must be there.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It cannot be opened or decoded, a needed column is missing, or it has no rows.
    """
    where, text = _text(source)
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = {mark: sum(_plain(cell) in names for cell in first.split(mark)) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: known[mark])
    sheet = Sheet()
    header: list[str] | None = None
    for line, cells in _records(text, delimiter, sheet):
        if header is None:
            header = _header(where, cells, names, needed, sheet)
        elif len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            sheet.report(
                line,
                "row-too-long",
                f"The row has {len(cells)} cells and the table has {len(header)} columns; the row is left out.",
                "Put text that holds the separator in quotation marks.",
            )
        else:
            row = dict.fromkeys(sheet.columns, "")
            row.update((name, cell.strip()) for name, cell in zip(header, cells, strict=False) if name)
            sheet.rows.append((line, row))
    if header is None or not (sheet.rows or sheet.problems):
        columns = ", ".join(dict.fromkeys(names.values()))
        raise Unreadable(f"{where} holds no rows", hint=f"The first line names the columns: {columns}.")
    return sheet


def _text(source: Path | str | bytes) -> tuple[str, str]:
    if isinstance(source, str):
        return "the table", source
    if isinstance(source, bytes):
        return "the table", _decoded("the table", source)
    try:
        return source.name, _decoded(source.name, source.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {source}") from error
    except OSError as error:
        raise Unreadable(f"{source} cannot be opened: {error.strerror or error}") from error


def _decoded(where: str, data: bytes) -> str:
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(f"{where} is not UTF-8: line {line} holds other bytes", hint=_ENCODING_HINT) from error
    if "\x00" in text:
        raise Unreadable(f"{where} is not a text table", hint=_ENCODING_HINT)
    return text


def _records(text: str, delimiter: str, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _report_broken(line, error, sheet)
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _report_broken(line: int, error: csv.Error, sheet: Sheet) -> None:
    if "field larger than field limit" in str(error):
        text = f"A cell of the row has more than {csv.field_size_limit()} characters; the row is left out."
        hint = "Shorten it; if no cell should be so long, look for a quotation mark that is not closed."
        sheet.report(line, "cell-too-long", text, hint)
        return
    hint = "Look for a quotation mark that is not closed, or not doubled."
    sheet.report(line, "broken-row", f"The row could not be split into cells ({error}).", hint)


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFKC", heading).strip().strip('"').casefold())


def _header(where: str, cells: list[str], names: Mapping[str, str], needed: tuple[str, ...], sheet: Sheet) -> list[str]:
    found = [names.get(_plain(cell), "") for cell in cells]
    twice = [cell for cell, name in zip(cells, found, strict=True) if name and found.count(name) > 1]
    if twice:
        raise Unreadable(
            f"{where} has several columns for one thing: {cut(', '.join(twice))}", hint="Keep one of them."
        )
    missing = [name for name in needed if name not in found]
    if missing:
        there = cut(", ".join(cell.strip() for cell in cells))
        raise Unreadable(
            f"{where} has no column {', '.join(missing)}; it has {there}",
            hint=f"The columns are {', '.join(dict.fromkeys(names.values()))}.",
        )
    sheet.columns = {name: cell.strip() for name, cell in zip(found, cells, strict=True) if name}
    return found

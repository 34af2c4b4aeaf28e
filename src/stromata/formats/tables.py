"""Tables as text: comma, semicolon, tab or bar between the cells, read row by row in memory that does not grow.

Headings may stand below other lines; a file may hold several tables, one below the other. A quotation mark that is not
closed takes only its own row: the rest of the file is split anew.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Protocol

from stromata.formats.columns import OWN, Columns, known_heading, plain, read_headings, recognise
from stromata.formats.content import HEAD, Passage
from stromata.formats.rows import SAMPLE_ROWS, Habits, Row, Tally, aligned, habits_of, is_total, read_row, stands_right
from stromata.formats.text import clean
from stromata.model import Problem, Record

Item = Record | Problem | Passage
Lines = Iterable[tuple[int, str | Problem]]

DELIMITERS = (",", ";", "\t", "|")

_HEAD_LINES = 120
"""Lines in which headings are looked for."""

_PREAMBLE_ROWS = 40
"""Rows that may stand above the headings."""

_ROW_LINES, _ROW_CHARS = 5000, 1 << 23
"""What a row has at most: beyond that its quotation mark is taken to be unclosed."""

_SPARE_CHARS, _SPARE_SHARE = 1 << 20, 2
"""Characters that may be split a second time, in one file, and so many more for each one read: a hostile table must
not take forever."""

_MOST_COLUMNS = 16_384
"""Cells of a row of headings; no spreadsheet has more."""

_UNCLOSED = 50
"""Unclosed quotation marks in a row after which all are taken as they stand."""

_LOOK_AHEAD = 400
"""Lines that a row with a wrong quotation mark may go on."""

_SAMPLE_CHARS = 1 << 22
"""Characters of rows that are held to find out the habits of columns."""

_SAMPLE_ENTRIES = 20
"""Likewise, entries of a table that has a line for each field."""

_SEPARATOR = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t]*", re.IGNORECASE)
_STRATEGY = frozenset(
    plain(word)
    for word in (
        "search query",
        "search strategy",
        "search string",
        "query",
        "search",
        "检索式",
        "检索表达式",
        "检索策略",
    )
)
_RULE = re.compile(r"[\s\-=_*#.,;]*")
_LONGEST_ROW = 1 << 24
"""Characters of a row that is read; the largest registry entry with results has about ten million."""

_SHOWN = 300
"""Characters of a row that is not read that are shown."""

_HINT = "Look for a quotation mark that is not closed, or not doubled, in this row."


class RowSource(Protocol):
    """Gives the rows of a table, one after the other."""

    told: list[Problem | Passage]
    """What was odd about the rows given last, and rows of empty cells; whoever takes them empties it."""

    def rows(self) -> Iterator[Row]:
        """Yield each row that holds anything."""

    def under(self, columns: Columns) -> None:
        """Take note of the headings of the rows that follow."""


@dataclass(slots=True)
class _Splitter:
    """Splits lines into rows; `told` takes what was odd about them and Problems of decoding."""

    lines: Iterator[tuple[int, str | Problem]]
    delimiter: str
    width: int = 0
    columns: Columns | None = None
    told: list[Problem | Passage] = field(default_factory=list)
    waiting: deque[tuple[int, str]] = field(default_factory=deque)
    fed: list[tuple[int, str]] = field(default_factory=list)
    spare: int = _SPARE_CHARS
    fed_chars: int = 0
    empty: tuple[int, int] = (0, -1)  # the first and last line of rows of empty cells that are not told yet

    def rows(self) -> Iterator[Row]:
        """Yield each row that holds anything."""
        while True:
            reader = csv.reader(self._feed(), delimiter=self.delimiter, strict=True)
            broken = ""
            try:
                for cells in reader:
                    fed, self.fed, self.fed_chars = self.fed, [], 0
                    if len(fed) > 1 and self.width > 1 and self._swallowed(fed, sure=len(cells) != self.width):
                        self.fed, broken = fed, "a quotation mark is not closed"
                        break
                    if any(cells) and not all(not cell or cell.isspace() for cell in cells):
                        yield from self._whole(fed, cells)
                    elif fed and cells:
                        self._empty(fed[0][0], fed[-1][0])
            except csv.Error as error:
                broken = str(error)
            if not broken:
                self._tell_empty()
                return
            yield from self._mended(broken)

    def under(self, columns: Columns) -> None:
        """Take note of how many cells rows should have."""
        self.width, self.columns = len(columns.fields), columns

    def _whole(self, fed: list[tuple[int, str]], cells: list[str]) -> Iterator[Row]:
        """Yield a row, unless it is longer than any is."""
        self._tell_empty()
        first, last = fed[0][0], fed[-1][0]
        size = sum(len(line) for _, line in fed)
        if size <= _LONGEST_ROW:
            yield Row(first, last, cells)
            return
        self.told.append(Passage(first, last, "stray", clean(fed[0][1][:_SHOWN])))
        said = f"The row that begins in line {first} is longer than any row is; its {size} characters were not read."
        self.told.append(Problem(first, "table-long-row", said, _HINT))

    def _empty(self, line: int, end_line: int) -> None:
        """Note a row of empty cells; those right behind one another are one passage."""
        first, last = self.empty
        if last != line - 1:
            self._tell_empty()
            first = line
        self.empty = (first, end_line)

    def _tell_empty(self) -> None:
        first, last = self.empty
        if last >= 0:
            self.told.append(Passage(first, last, "wrapper"))
            self.empty = (0, -1)

    def _next(self) -> tuple[int, str] | None:
        if self.waiting:
            return self.waiting.popleft()
        for number, line in self.lines:
            if isinstance(line, str):
                self.spare += _SPARE_SHARE * len(line)
                return number, line
            self._tell_empty()
            self.told.append(line)
        return None

    def _feed(self) -> Iterator[str]:
        """Give lines to the csv module, and remember those of the row at hand."""
        fed_line = self._next
        while (item := fed_line()) is not None:
            self.fed.append(item)
            self.fed_chars += len(item[1])
            yield item[1] + "\n"
            if len(self.fed) > _ROW_LINES or (self.fed_chars > _ROW_CHARS and len(self.fed) > 1):
                return  # in the middle of a cell: the csv module then says that it is not closed

    def _swallowed(self, fed: list[tuple[int, str]], *, sure: bool) -> bool:
        """Tell whether a row of several lines holds whole rows: then a mark was not closed.

        sure : the row has a wrong width. Otherwise lines of a text may have as many delimiters as a row by chance: the
            values of the first and of a further one must stand under their headings too.
        """
        if not sure:
            first = lenient(fed[0][1], self.delimiter)
            if self.columns is None or len(first) != self.width or not stands_right(first, self.columns):
                return False
        alone = (line for _, line in fed[1:] if self._alone(line) == self.width)
        if sure or self.columns is None:
            return next(alone, None) is not None
        return any(stands_right(next(csv.reader((line,), delimiter=self.delimiter)), self.columns) for line in alone)

    def _alone(self, line: str) -> int:
        """Return how many cells a line has that is a row by itself, 0 when it is none."""
        if line.count(self.delimiter) + 1 < self.width:
            return 0
        try:
            return len(next(csv.reader((line,), delimiter=self.delimiter, strict=True), []))
        except csv.Error:
            return 0

    def _mended(self, broken: str) -> Iterator[Row]:
        """Find the end of a row that is not CSV, yield it, and give the lines after it back."""
        fed, self.fed, self.fed_chars = self.fed, [], 0
        if not fed:
            return
        taken, cells = self._ended(fed)
        rest = fed[len(taken) :]
        self.spare -= sum(len(line) for _, line in fed)
        self.waiting.extendleft(reversed(rest))
        self._tell_empty()
        too_large = "field limit" in broken and len(cells) == self.width
        if not too_large:
            first, last = taken[0][0], taken[-1][0]
            where = f"line {first}" if first == last else f"lines {first} to {last}"
            said = f"The row in {where} is not proper CSV ({broken}); it was read as {len(cells)} cells."
            self.told.append(Problem(first, "table-quote", said, _HINT))
        if any(not cell.isspace() for cell in cells if cell):
            yield from self._whole(taken, cells)
        else:
            self._empty(taken[0][0], taken[-1][0])

    def _ended(self, fed: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[str]]:
        """Return the lines of the broken row at the beginning of `fed`, and its cells."""
        first = lenient(fed[0][1], self.delimiter)
        if len(first) == self.width or self.spare < 0 or self.width < 2:
            return fed[:1], first
        marks, length = fed[0][1].count('"'), 1
        while length < _LOOK_AHEAD:
            if length == len(fed):
                item = self._next()
                if item is None:
                    break
                fed.append(item)
            line = fed[length][1]
            if self._alone(line) == self.width:
                break
            length += 1
            if '"' in line:
                marks += line.count('"')
                self.spare -= sum(len(one) for _, one in fed[:length])
                cells = lenient("\n".join(one for _, one in fed[:length]), self.delimiter)
                if len(cells) == self.width:
                    return fed[:length], cells
                if self.spare < 0:
                    return fed[:1], first
        if length == _LOOK_AHEAD or (length == len(fed) and length > 1 and marks % 2 == 0):
            return fed[:1], first  # no end in sight: the row is its first line
        return fed[:length], lenient("\n".join(one for _, one in fed[:length]), self.delimiter)


@cache
def _quoted(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a quoted cell: marks inside it are doubled, or stand before no delimiter."""
    end = rf"(?={re.escape(delimiter)}|\Z)"
    return re.compile(rf'"((?:[^"]++|""|"(?!{end}))*+)"{end}', re.DOTALL)


def lenient(text: str, delimiter: str) -> list[str]:
    """Split one row whose quotation marks are wrong: a cell ends at a mark before a delimiter or the end.

    >>> lenient('"a "b" c",1,"d', ",")
    ['a "b" c', '1', '"d']
    """
    quoted = _quoted(delimiter)
    cells: list[str] = []
    at, size, failed = 0, len(text), 0
    while at <= size:
        mark = text.find('"', at) if failed < _UNCLOSED else -1
        if mark < 0:
            return cells + text[at:].split(delimiter)
        before = text.rfind(delimiter, at, mark)
        if before >= 0:  # cells without any mark
            cells += text[at:before].split(delimiter)
            at = before + 1
        found = quoted.match(text, at) if at == mark else None
        if found:
            cells.append(found[1].replace('""', '"'))
            at = found.end() + 1
        else:
            failed += at == mark
            end = text.find(delimiter, at)
            end = size if end < 0 else end
            cells.append(text[at:end])
            at = end + 1
    return cells


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file begins: what separates cells, the headings' line, whether fields stand in rows."""

    delimiter: str
    line: int
    columns: Columns
    by_rows: bool = False


def sniff(head: str) -> bool:
    """Tell whether the first part of a file is a table with a title and one more column of a publication."""
    return _layout(_head_lines(head.split("\n"))) is not None


def refusal(head: str) -> str:
    """Return why a table is not read, as a sentence that names its headings; nothing when it is no table."""
    best: Sequence[str] = ()
    for delimiter in DELIMITERS:
        rows = list(_first_rows(_head_lines(head.split("\n")[:20]), delimiter))
        if len(rows) >= 2 and len(rows[0].cells) == len(rows[1].cells) > max(1, len(best)):
            best = rows[0].cells
    if not best:
        return ""
    shown = ", ".join(f"'{clean(cell)[:40]}'" for cell in best[:12] if cell.strip())
    missing = (
        "a title" if "title" not in read_headings(best).fields else "authors, a year, a journal, an abstract or a DOI"
    )
    return f"It is a table with the headings {shown}; {missing} is missing among them."


def _head_lines(lines: Iterable[str]) -> list[tuple[int, str]]:
    kept = [(number, line) for number, line in enumerate(lines, start=1) if line and not line.isspace()]
    return kept[:_HEAD_LINES]


def _first_rows(lines: Sequence[tuple[int, str]], delimiter: str) -> Iterator[Row]:
    given = [(number, line) for number, line in lines if not (number == lines[0][0] and _SEPARATOR.fullmatch(line))]
    return _Splitter(iter(given), delimiter, spare=1 << 20).rows()


def _layout(lines: Sequence[tuple[int, str]]) -> Layout | None:
    """Return the layout whose headings are known best."""
    if not lines or lines[0][1].lstrip("\ufeff \t")[:1] in {"<", "{", "["}:
        return None
    told = _SEPARATOR.fullmatch(lines[0][1])
    best: Layout | None = None
    for delimiter in (told[1],) if told else DELIMITERS:
        found = _headings_in(list(_first_rows(lines, delimiter)), delimiter)
        if found is not None and (best is None or found.columns.known > best.columns.known):
            best = found
    return best


def find_headings(rows: Sequence[Row]) -> Layout | None:
    """Return where the headings stand among the first rows of a sheet, and what they are; its rows may be shorter."""
    return _headings_in(rows, "\t", ragged=True)


def _headings_in(rows: Sequence[Row], delimiter: str, *, ragged: bool = False) -> Layout | None:
    for place, row in enumerate(rows[:_PREAMBLE_ROWS]):
        found = recognise(_trimmed(row.cells)) if 1 < len(row.cells) <= _MOST_COLUMNS else None
        if found is None:
            continue
        width, after = len(found.fields), rows[place + 1 : place + 6]
        if ragged or not after or any(abs(len(_trimmed(one.cells, width)) - width) <= width // 4 for one in after):
            return Layout(delimiter, row.line, found)
    return _fields_in_rows(rows, delimiter)


def _fields_in_rows(rows: Sequence[Row], delimiter: str) -> Layout | None:
    """Recognise a table in which each line is one field: its name, then its values."""
    start = next((place for place, row in enumerate(rows[:_PREAMBLE_ROWS]) if plain(row.cells[0]) == "title"), None)
    if start is None or len(rows[start].cells) < 2:
        return None
    following = rows[start : start + 6]
    named = [row.cells[0] for row in following if len(row.cells) > 1 and known_heading(row.cells[0])]
    if len(named) < 4:
        return None
    columns = read_headings(tuple(dict.fromkeys(named)))
    return Layout(delimiter, rows[start].line, columns, by_rows=True) if columns.is_bibliography else None


def _trimmed(cells: Sequence[str], width: int = 0) -> Sequence[str]:
    """Leave out empty cells at the end, beyond `width`."""
    end = len(cells)
    while end > max(width, 1) and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def read(lines: Lines, *, source: str) -> Iterator[Item]:
    """Yield a Record for each row, a Passage for headings and what stands above them, and a Problem for each odd thing.

    Parameters
    ----------
    lines : (1-based number, text without line end), and Problems of decoding, which are passed on.
    source : SHA-256 of the file, written into each record.
    """
    given = iter(lines)
    first: list[tuple[int, str | Problem]] = []
    for item in given:
        first.append(item)
        if len(first) >= _HEAD_LINES:
            break
    texts = [(number, line[:HEAD]) for number, line in first if isinstance(line, str) and line.strip()]
    layout = _layout(texts)
    if layout is None:
        yield from _unreadable(chain(first, given))
        return
    told = _SEPARATOR.fullmatch(texts[0][1])
    if told:
        yield Passage(texts[0][0], texts[0][0], "wrapper", texts[0][1])
        first = [item for item in first if item[0] != texts[0][0] or not isinstance(item[1], str)]
    splitter = _Splitter(chain(first, given), layout.delimiter)
    yield from RecordReader(splitter, layout, source).items()


def _unreadable(lines: Lines) -> Iterator[Item]:
    begin = end = 0
    for number, line in lines:
        if isinstance(line, Problem):
            yield line
        elif line.strip():
            begin, end = begin or number, number
    if begin:
        yield Passage(begin, end, "stray")
    said = "No row of headings with a title and one more column of a publication was found."
    yield Problem(begin, "table-no-headings", said, "Put the names of the columns into the first line.")


@dataclass(slots=True)
class RecordReader:
    """Goes down a table: what stands above the headings, the headings, the rows, and perhaps further tables.

    Attributes
    ----------
    splitter : gives the rows.
    source : SHA-256 of the file.
    number : records read so far.
    """

    splitter: RowSource
    layout: Layout
    source: str
    columns: Columns | None = None
    heading: Sequence[str] = ()
    habits: Habits | None = None
    held: list[Row | Passage | Problem] = field(default_factory=list)
    held_chars: int = 0
    number: int = 0
    short: tuple[int, int] = (0, 0)  # rows with fewer cells than headings, the first's line
    tally: Tally = field(default_factory=Tally)

    def items(self) -> Iterator[Item]:
        """Yield what the table holds, in its order."""
        if self.layout.by_rows:
            fields = _FieldRows(self.splitter, self.source, self.number)
            yield from fields.items()
            self.number = fields.number
            return
        told = self.splitter.told
        for row in self.splitter.rows():
            if told:
                yield from self._pass(*told)
                told.clear()
            if self.columns is None:
                yield from self._above(row)
                continue
            headings = self._headings(row)
            if headings is not None:
                if headings is not self.columns:
                    yield from self._flush()
                    self._begin(headings, row)
                yield from self._pass(_frame(row))
            elif is_total(row.cells) if len(row.cells[0]) < 40 and not any(row.cells[4:]) else False:
                yield from self._pass(*_stray(row, "is a sum or a remark below the table"))
            else:
                yield from self._row(row)
        yield from self._flush()
        yield from told
        yield from self.tally.rest()
        if self.short[0]:
            count, line = self.short
            said = (
                f"{count} rows have fewer cells than there are headings, the first in line {line}; the rest is empty."
            )
            yield Problem(line, "table-short-rows", said, "Look whether a delimiter is missing in them.")

    def _above(self, row: Row) -> Iterator[Item]:
        """Read what stands above the headings, or the headings."""
        if row.line >= self.layout.line:
            self._begin(self.layout.columns, row)
            yield _frame(row)
            return
        text = clean(" ".join(cell for cell in row.cells if cell.strip()))
        if plain(row.cells[0]) in _STRATEGY and len(row.cells) > 1:
            strategy = self.layout.delimiter.join(_trimmed(row.cells)[1:])
            yield Passage(row.line, row.end_line, "search-strategy", strategy)
        else:
            yield Passage(row.line, row.end_line, "wrapper" if _RULE.fullmatch(text) else "preamble", text)

    def _begin(self, columns: Columns, row: Row) -> None:
        self.columns, self.heading, self.habits = columns, row.cells, None
        self.splitter.under(columns)

    def _headings(self, row: Row) -> Columns | None:
        """Return the headings that a row below the first ones is, or None."""
        assert self.columns is not None  # noqa: S101 - for the type checker: rows come after headings
        cells = row.cells
        if cells == self.heading:
            return self.columns
        title = self.columns.fields.index("title")
        if self.columns.dialect.name == OWN and "record_id" in self.columns.fields:  # a title may be "Title"
            place = self.columns.fields.index("record_id")
            likely = place < len(cells) and known_heading(cells[place])
        else:
            likely = known_heading(cells[0]) or (title < len(cells) and known_heading(cells[title]))
        if not likely or not 2 <= len(cells) <= _MOST_COLUMNS:
            return None
        found = recognise(_trimmed(cells))
        named = sum(bool(cell.strip()) for cell in cells)
        return found if found is not None and 2 * found.known >= named else None

    def _row(self, row: Row) -> Iterator[Item]:
        assert self.columns is not None  # noqa: S101 - as above
        width = len(self.columns.fields)
        if len(row.cells) != width:
            cells = _trimmed(row.cells, width)
            if len(cells) < width:
                count, line = self.short
                self.short = (count + 1, line or row.line)
            elif len(cells) > width:
                row, problem = _fitted(row, cells, self.columns)
                yield from self._pass(problem)
        if self.habits is not None:
            yield from self._read(row)
            return
        self.held.append(row)
        self.held_chars += sum(map(len, row.cells))
        if len(self.held) >= SAMPLE_ROWS or self.held_chars > _SAMPLE_CHARS:
            yield from self._flush()

    def _pass(self, *items: Problem | Passage) -> Iterator[Item]:
        """Yield problems and passages in their place among the rows that are held."""
        for item in items:
            if self.held:
                self.held.append(item)
            else:
                yield from self._counted(item)

    def _counted(self, item: Problem | Passage) -> Iterator[Item]:
        if isinstance(item, Problem) and item.code.startswith("table-"):
            yield from self.tally.tell(item)
        else:
            yield item

    def _flush(self) -> Iterator[Item]:
        if self.columns is None:
            return
        if self.habits is None:
            self.habits = habits_of(self.columns, [row for row in self.held if isinstance(row, Row)])
        held, self.held, self.held_chars = self.held, [], 0
        for item in held:
            yield from self._read(item) if isinstance(item, Row) else self._counted(item)

    def _read(self, row: Row) -> Iterator[Item]:
        assert self.columns is not None  # noqa: S101 - as above
        assert self.habits is not None  # noqa: S101 - as above
        record, problems = read_row(row, self.columns, self.habits, source=self.source, number=self.number + 1)
        if record is not None:
            self.number += 1
            yield record
        else:
            passage, problem = _stray(row, "says nothing of a publication")
            yield passage
            problems.append(problem)
        for problem in problems:
            yield from self.tally.tell(problem)


def _frame(row: Row) -> Passage:
    return Passage(row.line, row.end_line, "wrapper", clean(" | ".join(row.cells))[:500])


def _stray(row: Row, why: str) -> tuple[Passage, Problem]:
    text = clean(" | ".join(cell for cell in row.cells if cell.strip()))[:500]
    problem = Problem(row.line, "table-no-record", f"The row in line {row.line} {why}: {text}")
    return Passage(row.line, row.end_line, "stray", text), problem


def _fitted(row: Row, cells: Sequence[str], columns: Columns) -> tuple[Row, Problem]:
    """Put a row that is wider than the headings under them."""
    width = len(columns.fields)
    said = f"The row in line {row.line} has {len(cells)} cells under {width} headings"
    fitted = aligned(cells, columns)
    hint = "Export it again, or look for a heading that is missing."
    if fitted is None:
        problem = Problem(
            row.line, "table-wide-row", f"{said}; those beyond them were kept as 'column {width + 1}' and so on.", hint
        )
        return Row(row.line, row.end_line, cells), problem
    under, left = fitted
    problem = Problem(
        row.line,
        "table-wide-row",
        f"{said}; {len(left)} that belong to no heading for certain were kept by number.",
        hint,
    )
    return Row(row.line, row.end_line, under, surplus=tuple(left)), problem


@dataclass(slots=True)
class _FieldRows:
    """Reads a table in which each line is a field of a record: its name, then its values."""

    splitter: RowSource
    source: str
    number: int
    tally: Tally = field(default_factory=Tally)
    names: list[str] = field(default_factory=list)
    sample: list[Row] = field(default_factory=list)
    habits: Habits | None = None

    def items(self) -> Iterator[Item]:
        entry: list[Row] = []
        told = self.splitter.told
        for row in self.splitter.rows():
            yield from told
            told.clear()
            key = plain(row.cells[0])
            if not entry and key != "title" and not known_heading(row.cells[0]):
                strategy = key in _STRATEGY and len(row.cells) > 1
                text = " ".join(row.cells[1:] if strategy else row.cells).strip()
                yield Passage(row.line, row.end_line, "search-strategy" if strategy else "preamble", text)
                continue
            if entry and (key == "title" or row.line > entry[-1].end_line + 1):
                yield from self._read(entry)
                entry = []
            entry.append(row)
        if entry:
            yield from self._read(entry)
        yield from told
        yield from self.tally.rest()

    def _read(self, entry: list[Row]) -> Iterator[Item]:
        values: dict[str, list[str]] = {}
        for row in entry:
            values.setdefault(clean(row.cells[0]) or "text", []).extend(cell for cell in row.cells[1:] if cell.strip())
        self.names += [name for name in values if name not in self.names]
        columns = read_headings(self.names)
        row = Row(entry[0].line, entry[-1].end_line, ["; ".join(values.get(name, ())) for name in self.names])
        if len(self.sample) < _SAMPLE_ENTRIES:
            self.sample.append(row)
        if self.habits is None or len(self.habits.separators) != len(self.names) or row is self.sample[-1]:
            self.habits = habits_of(columns, self.sample)
        record, problems = read_row(row, columns, self.habits, source=self.source, number=self.number + 1)
        if record is None:
            passage, problem = _stray(row, "says nothing of a publication")
            yield passage
            problems.append(problem)
        else:
            self.number += 1
            yield record
        for problem in problems:
            yield from self.tally.tell(problem)

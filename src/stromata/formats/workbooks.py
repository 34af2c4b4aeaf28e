"""Workbooks (XLSX): unpacked part by part and read row by row.

A workbook is a ZIP archive of XML. Every sheet whose headings are those of publications is read; the others are named.
Formulas give the value that was saved with them; nothing is computed. Lines are the numbers of the sheet's rows.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice
from posixpath import normpath
from typing import IO, Any

from lxml import etree

from stromata.errors import Unreadable
from stromata.formats.columns import OWN, Columns
from stromata.formats.content import Content, Passage
from stromata.formats.rows import Row
from stromata.formats.tables import RecordReader, find_headings
from stromata.formats.text import clean
from stromata.model import Problem, Record
from stromata.progress import Progress, silent
from stromata.sheets import unguarded

Item = Record | Problem | Passage
Element = Any  # lxml's stubs leave the elements of iterparse open

CONTINUED = "continued"
"""The sheet on which our own writer puts what is too long for one cell."""

_MOST_BYTES = 1 << 31
"""Unpacked bytes of all parts together (2 GiB)."""

_MOST_STRINGS = 1 << 28
"""Unpacked bytes of the table of texts, which is held in memory."""

_MOST_RATIO = 400
"""Unpacked bytes to a packed one, for parts of more than `_FREE_BYTES`: sheets of texts have 3 to 60."""

_FREE_BYTES = 1 << 25
_MOST_COLUMNS = 16_384
_MOST_MERGES = 200_000
_MOST_TAIL = 1 << 25
_HEAD_ROWS = 60

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Numbers of the built-in formats that show dates and times (ECMA-376, part 1, 18.8.30), East Asian ones included."""

_FORMAT_TEXT = re.compile(r"\"[^\"]*\"|\[[^\]]*\]|\\.|_.")
_FORMAT_DATE = re.compile(r"[dmyh年月日]|ss?", re.IGNORECASE)
_ROWS_END = re.compile(rb"</(?:\w+:)?sheetData>|<(?:\w+:)?sheetData\s*/>")
_HYPERLINK = re.compile(rb"<(?:\w+:)?hyperlink\b([^>]*)>")
_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*\"([^\"]*)\"")
_ADDRESS = re.compile(r"(?:https?|ftp)://|mailto:|www\.", re.IGNORECASE)
_TROUBLES = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError,
    etree.XMLSyntaxError,
)  # fmt: skip
"""What unpacking and parsing raise on damaged parts; RuntimeError stands for encrypted ones."""


def read_workbook(content: Content, *, progress: Progress = silent) -> Iterator[Item]:
    """Yield a Record for each row of each sheet that lists publications, Passages for headings, and Problems.

    Raises
    ------
    Unreadable
        No workbook, a damaged or encrypted one, or one that unpacks to far more than a table ever does.
    """
    with _unpacked(content) as book:
        sheets = [sheet for sheet in book.sheets() if sheet.name != CONTINUED or not book.is_own()]
        layouts = [(sheet, find_headings(list(islice(_SheetRows(book, sheet).rows(), _HEAD_ROWS)))) for sheet in sheets]
        several = sum(layout is not None for _, layout in layouts) > 1
        number = 0
        for done, (sheet, layout) in enumerate(layouts):
            progress(done, len(layouts), f"{content.name}: {sheet.name}")
            if layout is None:
                yield from _left_out(book, sheet)
                continue
            source = _SheetRows(book, sheet, told=[*sheet.problems()], more=book.continued() if book.is_own() else {})
            reader = RecordReader(source, layout, content.sha256, number=number)
            for item in reader.items():
                yield (
                    replace(item, extra=(*item.extra, ("sheet", sheet.name)))
                    if several and isinstance(item, Record)
                    else item
                )
            number = reader.number
        progress(len(layouts), len(layouts), content.name)


def _left_out(book: _Book, sheet: _Sheet) -> Iterator[Item]:
    """Name a sheet that is no list of publications."""
    first = next(_SheetRows(book, sheet).rows(), None)
    if first is None:
        return
    last = first.line
    for row in _SheetRows(book, sheet).rows():
        last = row.line
    shown = ", ".join(f"'{clean(cell)[:40]}'" for cell in first.cells if cell.strip())[:300]
    yield Passage(first.line, last, "stray", f"{sheet.name}: {shown}")
    said = f"The sheet '{sheet.name}' was not read: its first row ({shown}) holds no headings of publications."
    yield Problem(
        first.line,
        "workbook-sheet",
        said,
        "If it lists references, put the names of the columns into one row above them.",
    )


@contextmanager
def _unpacked(content: Content) -> Iterator[_Book]:
    """Open a workbook, with all troubles of its packing told in words."""
    with content.open() as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except (*_TROUBLES, struct.error) as error:  # names and extra fields that cannot be decoded
            raise _damaged(content.name, error) from error
        with archive:
            _check(content.name, archive)
            try:
                yield _Book(content.name, archive)
            except _TROUBLES as error:
                raise _damaged(content.name, error) from error


def _damaged(name: str, error: Exception) -> Unreadable:
    return Unreadable(
        f"{name} is a damaged workbook: {error}.", hint="Open it in a spreadsheet program and save it as CSV UTF-8."
    )


def _check(name: str, archive: zipfile.ZipFile) -> None:
    """Refuse what no table is."""
    total = 0
    for info in archive.infolist():
        if info.flag_bits & 0x1:
            raise Unreadable(f"{name} is encrypted.", hint="Save it without a password.")
        total += info.file_size
        too_dense = info.file_size > _FREE_BYTES and info.file_size > _MOST_RATIO * max(info.compress_size, 1)
        if (
            too_dense
            or total > _MOST_BYTES
            or (info.filename.endswith("sharedStrings.xml") and info.file_size > _MOST_STRINGS)
        ):
            raise Unreadable(
                f"{name} unpacks to {total:,} bytes or more: no list of references is packed like that.",
                hint="If it is one, save it as CSV UTF-8.",
            )


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str
    links: dict[tuple[int, int], str]
    merges: dict[tuple[int, int], int]  # (row, column) of the upper cell -> last row

    def problems(self) -> list[Problem]:
        """Tell of cells that were merged over several rows."""
        if not self.merges:
            return []
        row = min(row for row, _ in self.merges)
        said = (
            f"The sheet '{self.name}' has {len(self.merges)} cells merged over several rows, the first in row {row}; "
            "each of these rows that has a title was given their value."
        )
        return [Problem(row, "workbook-merged", said, "Look whether the value holds for all of them.")]


@dataclass(slots=True)
class _Book:
    """The parts of a workbook."""

    name: str
    archive: zipfile.ZipFile
    _strings: list[str] | None = None
    _dates: list[bool] | None = None
    _epoch: date = date(1899, 12, 30)
    _sheets: list[_Sheet] | None = None
    _own: bool | None = None
    _more: dict[int, dict[int, str]] | None = None

    def sheets(self) -> list[_Sheet]:
        """Return the sheets in their order."""
        if self._sheets is not None:
            return self._sheets
        root = self._tree("xl/workbook.xml")
        properties = root.find("{*}workbookPr")
        if properties is not None and properties.get("date1904") in {"1", "true"}:
            self._epoch = date(1904, 1, 1)
        targets = self._targets("xl/workbook.xml")
        self._sheets = []
        for one in root.iter("{*}sheet"):
            key = next((value for name, value in one.attrib.items() if name.endswith("}id")), "")
            part = targets.get(key, "")
            if part in self.archive.namelist():
                links, merges = self._below(part)
                self._sheets.append(_Sheet(clean(one.get("name", "")), part, links, merges))
        return self._sheets

    def is_own(self) -> bool:
        """Tell whether our own writer wrote it."""
        if self._own is None:
            self._own = False
            for sheet in self.sheets()[:1]:
                layout = find_headings(list(islice(_SheetRows(self, sheet).rows(), 3)))
                self._own = layout is not None and layout.columns.dialect.name == OWN
        return self._own

    def continued(self) -> dict[int, dict[int, str]]:
        """Return what our own writer put on a sheet of its own: row -> column -> the rest of the text."""
        if self._more is None:
            self._more = {}
            for sheet in self.sheets():
                if sheet.name != CONTINUED:
                    continue
                for row in islice(_SheetRows(self, sheet).rows(), 1, None):
                    if len(row.cells) > 2 and _is_place(row.cells[0]) and _is_place(row.cells[1]):
                        of_row = self._more.setdefault(int(row.cells[0]), {})
                        place = int(row.cells[1])
                        of_row[place] = of_row.get(place, "") + unguarded(row.cells[2])
        return self._more

    def open(self, part: str) -> IO[bytes]:
        """Open a part; a document type declaration is refused."""
        if part not in self.archive.namelist():
            raise Unreadable(
                f"{self.name} has no part {part}: it is no workbook.", hint="Save it again, as XLSX or CSV UTF-8."
            )
        with self.archive.open(part) as stream:
            if b"<!DOCTYPE" in stream.read(4096):
                raise Unreadable(
                    f"A part of the workbook ({part}) declares a document type.", hint="Save it as CSV UTF-8."
                )
        return self.archive.open(part)

    def _tree(self, part: str) -> Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        with self.open(part) as stream:
            return etree.parse(stream, parser).getroot()

    def elements(self, part: str, tag: str) -> Iterator[Element]:
        """Yield the elements of a name, one after the other; each is emptied after its use."""
        with self.open(part) as stream:
            found = etree.iterparse(
                stream,
                events=("end",),
                tag=f"{{*}}{tag}",
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
            )
            for _, element in found:
                yield element
                element.clear()
                parent = element.getparent()
                while parent is not None and len(parent) > 1 and parent[0] is not element:
                    del parent[0]

    def _targets(self, part: str) -> dict[str, str]:
        """Return the relations of a part: name -> part or address."""
        folder, _, name = part.rpartition("/")
        relations = f"{folder}/_rels/{name}.rels"
        if relations not in self.archive.namelist():
            return {}
        found: dict[str, str] = {}
        for one in self._tree(relations).iter("{*}Relationship"):
            target = one.get("Target", "")
            if one.get("TargetMode") != "External":
                target = normpath(target[1:] if target.startswith("/") else f"{folder}/{target}")
            found[one.get("Id", "")] = target
        return found

    def _below(self, part: str) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], int]]:
        """Return links and merged cells, which stand below the rows of a sheet."""
        tail, below = b"", False
        with self.open(part) as stream:
            while block := stream.read(1 << 18):
                tail += block
                end = None if below else _ROWS_END.search(tail)
                below = below or end is not None
                tail = tail[end.end() :] if end else tail[:_MOST_TAIL] if below else tail[-64:]
        targets = self._targets(part) if b"hyperlink" in tail else {}
        links: dict[tuple[int, int], str] = {}
        for match in _HYPERLINK.finditer(tail):
            named = {
                key.rpartition(b":")[2]: value.decode("utf-8", "replace") for key, value in _ATTRIBUTE.findall(match[1])
            }
            place, address = _REFERENCE.match(named.get(b"ref", "")), targets.get(named.get(b"id", ""), "")
            if place and _ADDRESS.match(address):
                links[int(place[2]), _column(place[1])] = address
        merges: dict[tuple[int, int], int] = {}
        for left, top, _, bottom in islice(_MERGE.findall(tail), _MOST_MERGES):
            if int(bottom) > int(top):
                merges[int(top), _column(left.decode())] = int(bottom)
        return links, merges

    def strings(self) -> list[str]:
        """Return the table of texts that cells point to."""
        if self._strings is None:
            part = "xl/sharedStrings.xml"
            there = part in self.archive.namelist()
            self._strings = [_rich(one) for one in self.elements(part, "si")] if there else []
        return self._strings

    def is_date(self, style: int) -> bool:
        """Tell whether a cell's style shows a number as a date."""
        if self._dates is None:
            self._dates = list(self._date_styles()) if "xl/styles.xml" in self.archive.namelist() else []
        return style < len(self._dates) and self._dates[style]

    def _date_styles(self) -> Iterator[bool]:
        root = self._tree("xl/styles.xml")
        own = {
            one.get("numFmtId"): bool(
                _FORMAT_DATE.search(_FORMAT_TEXT.sub("", one.get("formatCode", "")).replace("General", ""))
            )
            for one in root.iter("{*}numFmt")
        }
        formats = root.find("{*}cellXfs")
        for one in formats if formats is not None else ():
            number = one.get("numFmtId", "0")
            yield own[number] if number in own else _is_place(number) and int(number) in _DATE_FORMATS

    def day(self, serial: float) -> str:
        """Return the date, and the time if there is one, that a number stands for; nothing when it is none."""
        if not 0 <= serial < 2_958_466:  # the last day of the year 9999
            return ""
        first = self._epoch.year == 1899 and serial < 60  # the format counts a 29 February 1900, which never was
        moment = datetime.combine(self._epoch, datetime.min.time()) + timedelta(days=serial + first)
        moment = moment.replace(microsecond=0)
        return moment.date().isoformat() if serial == int(serial) else moment.isoformat()


def _rich(element: Element) -> str:
    """Return the text of an element with runs; readings of Japanese names are no part of it."""
    parts = [
        one.text or "" for one in element.iter("{*}t") if not str(getattr(one.getparent(), "tag", "")).endswith("}rPh")
    ]
    text = "".join(parts)
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _is_place(text: str) -> bool:
    """Tell whether a text is the number of a row, a column, a style or a shared text, none of which has ten digits."""
    return text.isdecimal() and len(text) < 10


def _column(letters: str) -> int:
    """Return the place of a column from 0: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


@dataclass(slots=True)
class _SheetRows:
    """The rows of one sheet."""

    book: _Book
    sheet: _Sheet
    told: list[Problem | Passage] = field(default_factory=list)
    more: dict[int, dict[int, str]] = field(default_factory=dict)
    columns: Columns | None = None

    def under(self, columns: Columns) -> None:
        """Take note of the headings: of their width, and of the title, for values of merged cells."""
        self.columns = columns

    def rows(self) -> Iterator[Row]:
        """Yield each row that holds anything."""
        number = 0
        merged: dict[int, tuple[int, str]] = {}
        for element in self.book.elements(self.sheet.part, "row"):
            said = element.get("r", "")
            number = int(said) if _is_place(said) and int(said) > number else number + 1
            cells = self._cells(element)
            if self.sheet.merges:
                self._merge(number, cells, merged)
            for place, text in self.more.get(number, {}).items():
                cells += [""] * (place + 1 - len(cells)) if place < _MOST_COLUMNS else []
                if place < len(cells):
                    cells[place] += text
            if self.columns is not None:  # a sheet does not store empty cells at the end of a row
                cells += [""] * (len(self.columns.fields) - len(cells))
            if not any(cells) or all(not cell or cell.isspace() for cell in cells):
                continue
            links = self._links(number, cells) if self.sheet.links else ()
            yield Row(number, number, cells, links=links)

    def _links(self, number: int, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the addresses behind the cells of a row that no cell shows."""
        behind = (self.sheet.links.get((number, place), "") for place, cell in enumerate(cells) if cell)
        return tuple(address for address in behind if address and not any(address in cell for cell in cells))

    def _cells(self, row: Element) -> list[str]:
        cells: list[str] = []
        for element in row.iterchildren("{*}c"):
            found = _REFERENCE.fullmatch(element.get("r", ""))
            place = _column(found[1]) if found else len(cells)
            if place >= _MOST_COLUMNS:
                raise Unreadable(
                    f"A row of the sheet '{self.sheet.name}' has more than {_MOST_COLUMNS} cells.",
                    hint="Save it as CSV UTF-8.",
                )
            text = self._value(element)
            if place < len(cells):
                cells[place] = text
            else:
                cells += [""] * (place - len(cells))
                cells.append(text)
        return cells

    def _value(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inner = cell.find("{*}is")
            return _rich(inner) if inner is not None else ""
        value = cell.find("{*}v")
        text = (value.text or "") if value is not None else ""
        if kind == "s":
            strings = self.book.strings()
            return strings[int(text)] if _is_place(text) and int(text) < len(strings) else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(text, text)
        if kind == "n" and text:
            style = cell.get("s", "0")
            return self._number(text, int(style) if _is_place(style) else 0)
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text

    def _number(self, text: str, style: int) -> str:
        try:
            number = float(text)
        except ValueError:
            return text
        if style and self.book.is_date(style):
            return self.book.day(number) or text
        if number.is_integer() and abs(number) < 1e15:
            return str(int(number))
        return text

    def _merge(self, number: int, cells: list[str], merged: dict[int, tuple[int, str]]) -> None:
        """Give a row the values of cells that were merged with those above, if it has a title of its own."""
        for place, text in enumerate(cells):
            last = self.sheet.merges.get((number, place))
            if last and text:
                merged[place] = (last, text)
        title = self.columns.fields.index("title") if self.columns and "title" in self.columns.fields else None
        if title is None or title >= len(cells) or not cells[title].strip():
            return
        for place, (last, text) in merged.items():
            if number <= last and place != title:
                cells += [""] * (place + 1 - len(cells))
                cells[place] = cells[place] or text

"""Records written as tables, CSV and XLSX, from which they are read back as they were.

The columns are those of `columns.OWN_COLUMNS`. Lists are written with ``; `` between their parts, authors as ``Family,
Given, Suffix``, and as JSON where that could be misread; translations and `extra` are always JSON. A cell that a
spreadsheet program could take for a formula begins with an apostrophe, which the reader takes away again.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO, TextIO

from stromata.formats.columns import OWN_COLUMNS
from stromata.formats.own import tidied
from stromata.formats.rows import own_list, own_names
from stromata.formats.text import written_name
from stromata.formats.workbooks import CONTINUED
from stromata.model import Name, Record
from stromata.sheets import guarded

SHEET = "records"

_CELL = 16_000
"""Characters of a cell of a workbook: the format takes 32,767 units of UTF-16, and a character may need two."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def write_csv(records: Iterable[Record], stream: TextIO) -> None:
    """Write records as CSV, one row to a record.

    Parameters
    ----------
    stream : open it with ``encoding="utf-8", newline=""``.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(OWN_COLUMNS)
    writer.writerows([guarded(cell) for cell in cells(record)] for record in records)


def write_xlsx(records: Iterable[Record], stream: BinaryIO) -> None:
    """Write records as a workbook with one sheet, one row to a record.

    What is too long for a cell goes on in the sheet ``continued``: row, column from 0, text.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - a heavy import that few commands need

    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "A2"
    sheet.append(list(OWN_COLUMNS))
    over: list[tuple[int, int, str]] = []
    for number, record in enumerate(records, start=2):
        row = [_NO_XML.sub("", guarded(cell)) for cell in cells(record)]
        for place, text in enumerate(row):
            if len(text) > _CELL:
                over += [(number, place, text[at : at + _CELL]) for at in range(_CELL, len(text), _CELL)]
                row[place] = text[:_CELL]
        sheet.append([_LIKE_ESCAPE.sub("_x005F_", cell) if "_x" in cell else cell or None for cell in row])
    if over:
        further = book.create_sheet(CONTINUED)
        further.append(["row", "column", "text"])
        for number, place, text in over:
            further.append([number, place, _LIKE_ESCAPE.sub("_x005F_", guarded(text))])
    with TemporaryFile() as whole:  # openpyxl writes on when it is collected, which a full disk would not allow
        book.save(whole)
        whole.seek(0)
        shutil.copyfileobj(whole, stream)


def cells(record: Record) -> list[str]:
    """Return the cells of a record, in the order of `OWN_COLUMNS`, not yet guarded against formulas."""
    record = tidied(record)
    translations = [
        {"language": one.language, "title": one.title, "abstract": one.abstract, "machine": one.machine}
        for one in record.translations
    ]
    return [
        record.id, record.type, record.title, _names(record.authors), "" if record.year is None else str(record.year),
        record.date, record.journal, record.journal_abbreviation, record.volume, record.issue, record.pages,
        record.publisher, _list(record.issn), _list(record.isbn), record.doi, record.pmid, record.pmcid,
        _list(record.registry_ids), record.accession, record.database, _list(record.urls), record.abstract,
        _list(record.keywords), record.language, record.language_basis, _json(translations), _list(record.notes),
        _json([list(pair) for pair in record.extra]),
    ]  # fmt: skip


def _json(value: Sequence[object]) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _list(values: tuple[str, ...]) -> str:
    joined = "; ".join(values)
    plain = not joined.startswith("[") and own_list(joined) == values
    return joined if plain or not values else _json(values)


def _names(names: tuple[Name, ...]) -> str:
    joined = "; ".join(map(written_name, names))
    if not names or (not joined.startswith("[") and own_names(joined) == names):
        return joined
    parts = ("family", "given", "suffix", "literal")
    return _json([{part: value for part in parts if (value := getattr(name, part))} for name in names])

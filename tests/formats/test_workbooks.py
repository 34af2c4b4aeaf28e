from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from stromata.errors import Unreadable
from stromata.formats.content import Content, Passage, weigh
from stromata.formats.workbooks import read_workbook
from stromata.model import Name, Problem, Record

HEAD = ["Title", "Authors", "Year", "Pages", "DOI"]
ROW = ["Cells for skin", "Smith J.; Doe A.", 2020, "12-19", "10.99999/abc"]


def content(data: bytes) -> Content:
    return weigh("x.xlsx", lambda: io.BytesIO(data), "xlsx")


def read(book: Workbook | bytes) -> tuple[list[Record], list[Problem], list[Passage]]:
    if not isinstance(book, bytes):
        stream = io.BytesIO()
        book.save(stream)
        book = stream.getvalue()
    items = list(read_workbook(content(book)))
    return (
        [one for one in items if isinstance(one, Record)],
        [one for one in items if isinstance(one, Problem)],
        [one for one in items if isinstance(one, Passage)],
    )


def sheet(*rows: Sequence[object]) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return book


def changed(book: Workbook, part: str, old: bytes, new: bytes) -> bytes:
    """Return the workbook's bytes with something in one of its parts replaced."""
    stream, other = io.BytesIO(), io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace(old, new) if name == part else data)
    return other.getvalue()


def test_rows_become_records_with_their_numbers() -> None:
    records, problems, passages = read(sheet(["SEARCH QUERY", "skin"], [], HEAD, ROW, [], ROW))
    assert problems == []
    assert [(record.number, record.line, record.end_line) for record in records] == [(1, 4, 4), (2, 6, 6)]
    assert (records[0].title, records[0].year, records[0].pages) == ("Cells for skin", 2020, "12-19")
    assert records[0].authors == (Name("Smith", "J."), Name("Doe", "A."))
    assert [(one.kind, one.line) for one in passages] == [("search-strategy", 1), ("wrapper", 3)]


def test_numbers_and_dates_are_what_they_are() -> None:
    book = sheet(
        [*HEAD, "Date", "PMID"], ["Cells", "Smith J.", 2020, date(2024, 10, 6), "x", date(2020, 5, 3), 12345678.0]
    )
    (record,), problems, _ = read(book)
    assert (record.date, record.pmid, record.pages) == ("2020-05-03", "12345678", "")
    assert {problem.code for problem in problems} == {"table-cell-date", "table-doi"}
    assert ("Pages", "2024-10-06") in record.extra


def test_dates_counted_from_1904_are_read() -> None:
    book = sheet(["Title", "Authors", "Date"], ["Cells", "Smith J.", 42_491])
    book.active["C2"].number_format = "yyyy\\-mm\\-dd"
    assert read(book)[0][0].date == "2016-05-01"
    book.epoch = CALENDAR_MAC_1904
    assert read(book)[0][0].date == "2020-05-02"


def test_formulas_give_the_value_that_was_saved() -> None:
    book = sheet(HEAD, ["Cells", "Smith J.", "=2000+20", "=1+", "#NAME?"])
    (record,), problems, _ = read(
        changed(book, "xl/worksheets/sheet1.xml", b"<f>2000+20</f><v></v>", b"<f>2000+20</f><v>2020</v>")
    )
    assert record.year == 2020
    assert [problem.code for problem in problems] == ["table-cell-destroyed"]


def test_addresses_behind_cells_are_kept() -> None:
    book = sheet(HEAD, ROW)
    book.active["A2"].hyperlink = "https://a.example/cells"
    book.active["B2"].hyperlink = "#Sheet!A1"
    (record,), problems, _ = read(book)
    assert problems == []
    assert record.urls == ("https://a.example/cells",)


def test_cells_merged_over_rows_hold_for_rows_with_a_title() -> None:
    book = sheet(
        HEAD,
        ROW,
        ["Bone", "Li B.", None, "1", None],
        [None, "Wu C.", None, None, None],
        ["Blood", "Wu C.", 2021, "1", None],
    )
    book.active.merge_cells("C2:C4")
    records, problems, _ = read(book)
    assert [record.year for record in records] == [2020, 2020, None, 2021]
    assert [problem.code for problem in problems] == ["workbook-merged", "table-no-title"]


def test_every_sheet_with_headings_is_read_and_the_others_named() -> None:
    book = sheet(HEAD, ROW)
    book.create_sheet("Empty")
    other = book.create_sheet("Doses")
    other.append(["study", "dose"])
    other.append(["A", 1])
    further = book.create_sheet("More")
    for row in (["标题", "作者", "年"], ["细胞治疗皮肤病", "张三；李四", 2021]):
        further.append(row)
    records, problems, passages = read(book)
    assert [record.extra[-1] for record in records] == [("sheet", "Sheet"), ("sheet", "More")]
    assert [record.number for record in records] == [1, 2]
    assert records[1].authors == (Name(literal="张三"), Name(literal="李四"))
    assert [problem.code for problem in problems] == ["workbook-sheet"]
    assert "Doses" in problems[0].text
    assert ("stray", 1, 2) in [(one.kind, one.line, one.end_line) for one in passages]


def test_inline_texts_runs_and_readings() -> None:
    book = sheet(HEAD, ROW)
    data = changed(
        book, "xl/sharedStrings.xml", b"<si><t>Cells for skin</t></si>",
        b"<si><r><t>Cells </t></r><r><t>for_x000D_ skin</t></r><rPh sb='0' eb='1'><t>reading</t></rPh></si>",
    )  # fmt: skip
    assert read(data)[0][0].title == "Cells for skin"


def test_a_zip_bomb_a_document_type_and_damage_are_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (1 << 26))
    with pytest.raises(Unreadable, match="unpacks to"):
        read(bomb.getvalue())
    typed = changed(sheet(HEAD, ROW), "xl/workbook.xml", b"<workbook ", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook ')
    with pytest.raises(Unreadable, match="document type"):
        read(typed)
    whole = changed(sheet(HEAD, ROW), "x", b"", b"")
    for broken in (whole[:400], whole[:-40], b"PK\x03\x04"):
        with pytest.raises(Unreadable):
            read(broken)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 6000), st.binary(min_size=1, max_size=4))
def test_damaged_workbooks_are_read_or_refused(at: int, bytes_: bytes) -> None:
    data = changed(sheet(HEAD, ROW), "x", b"", b"")
    at = min(at, len(data))
    with contextlib.suppress(Unreadable):
        read(data[:at] + bytes_ + data[at + len(bytes_) :])


def test_signs_that_look_like_numbers_are_none() -> None:
    book = sheet(HEAD, ROW)
    data = changed(book, "xl/worksheets/sheet1.xml", b'<row r="2"', '<row r="²"'.encode())
    assert [record.title for record in read(data)[0]] == ["Cells for skin"]

from __future__ import annotations

import io
from dataclasses import replace

import pyarrow as pa
import pytest
from pyarrow import parquet as files

from stromata.errors import Unreadable
from stromata.formats.content import Content, Passage, weigh
from stromata.formats.parquet import read_parquet, write_parquet
from stromata.model import Name, Problem, Record, Translation

RECORD = Record(
    source="a" * 64,
    number=3,
    line=9,
    end_line=9,
    type="article-journal",
    title="Cells",
    year=2020,
    date="2020-05",
    authors=(Name("Smith", "J."), Name(literal="A Group")),
    keywords=("one", "two"),
    notes=("a; b", "=c"),
    issn=("1234-567X",),
    translations=(Translation("zh", "细胞", machine=True),),
    extra=(("label", "1"),),
    language="en",
    language_basis="stated",
    abstract="Words.",
    urls=("https://a.example",),
    registry_ids=("NCT01234567",),
    doi="10.99999/x",
)


def content(data: bytes) -> Content:
    return weigh("x.parquet", lambda: io.BytesIO(data), "parquet")


def read(data: bytes) -> list[Record | Problem | Passage]:
    return list(read_parquet(content(data)))


def written(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    files.write_table(table, stream)
    return stream.getvalue()


def test_records_come_back_as_they_were() -> None:
    stream = io.BytesIO()
    empty = Record(source="a" * 64, number=4, line=1, end_line=1)
    write_parquet([RECORD, empty], stream)
    source = content(stream.getvalue()).sha256
    records = [item for item in read(stream.getvalue()) if isinstance(item, Record)]
    assert records == [
        replace(RECORD, source=source, number=1, line=2, end_line=2),
        replace(empty, source=source, number=2, line=3, end_line=3),
    ]


def test_columns_have_types() -> None:
    stream = io.BytesIO()
    write_parquet([RECORD], stream)
    schema = files.read_schema(io.BytesIO(stream.getvalue()))
    assert schema.field("year").type == pa.int32()
    assert schema.field("authors").type.value_type.field("family").type == pa.string()
    assert files.read_table(io.BytesIO(stream.getvalue()))["record_id"].to_pylist() == ["aaaaaaaaaaaa.3"]


def test_nothing_is_written_as_an_empty_table() -> None:
    stream = io.BytesIO()
    write_parquet([], stream)
    assert [type(item) for item in read(stream.getvalue())] == [Passage]


def test_tables_of_others_are_read_by_the_names_of_their_columns() -> None:
    rows = [
        {
            "ID": 7,
            "title": "Cells",
            "author": "Smith, J. and Doe, A.",
            "year": 2020,
            "doi": "10.99999/X",
            "tags": ["a", "b"],
        },
        {"ID": 8, "title": "Bone", "author": "Li, B. and Wu, C.", "year": None, "doi": None, "tags": []},
    ]
    records = [item for item in read(written(pa.Table.from_pylist(rows))) if isinstance(item, Record)]
    assert [(one.line, one.title, one.year, one.doi) for one in records] == [
        (2, "Cells", 2020, "10.99999/x"),
        (3, "Bone", None, ""),
    ]
    assert records[0].authors == (Name("Smith", "J."), Name("Doe", "A."))
    assert records[0].extra == (("ID", "7"), ("tags", '["a", "b"]'))


def test_other_tables_and_damaged_ones_are_refused() -> None:
    with pytest.raises(Unreadable, match="study, dose"):
        read(written(pa.table({"study": ["A"], "dose": [1]})))
    whole = written(pa.table({"title": ["A"], "year": [1]}))
    for broken in (b"PAR1", whole[:60], whole[:-20], b"PAR1" + b"\x00" * 50 + b"PAR1"):
        with pytest.raises(Unreadable, match="damaged"):
            read(broken)


def test_text_that_is_no_utf_8_is_told_in_words() -> None:
    data = written(pa.table({"title": ["Cells QQQQ"], "year": [2020]})).replace(b"QQQQ", b"\xdc\xdc\xdc\xdc")
    with pytest.raises(Unreadable, match="damaged Parquet table"):
        read(data)


def test_a_moment_beyond_the_calendar_is_told_in_words() -> None:
    late = pa.array([1 << 60], pa.timestamp("ms"))
    with pytest.raises(Unreadable, match="damaged Parquet table"):
        read(written(pa.table({"title": ["Cells"], "year": late})))


def test_two_columns_of_one_name_are_both_read() -> None:
    table = pa.Table.from_arrays([pa.array([one]) for one in ("Cells", "2020", "a", "b")], ["title", "year", "x", "x"])
    record = next(item for item in read(written(table)) if isinstance(item, Record))
    assert (record.title, record.year, record.extra) == ("Cells", 2020, (("x", "a"), ("x (2)", "b")))

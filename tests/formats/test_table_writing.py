from __future__ import annotations

import csv
import errno
import gc
import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata import formats
from stromata.formats import tables
from stromata.formats.columns import OWN_COLUMNS
from stromata.formats.content import examine, weigh
from stromata.formats.table_writing import write_csv, write_xlsx
from stromata.formats.text import clean
from stromata.formats.workbooks import read_workbook
from stromata.model import Name, Record, Translation

PLAIN = Record(
    source="a" * 64,
    number=3,
    line=2,
    end_line=2,
    type="article-journal",
    title="Cells",
    year=2020,
    date="2020-05",
    authors=(Name("Smith", "J."), Name(literal="A Group; of two")),
    keywords=("one", "two"),
    notes=("a; b", "=c"),
    translations=(Translation("zh", "细胞", machine=True),),
    extra=(("label_included", "1"), ("=x", "'y")),
)

WORD = st.text(st.sampled_from("aB;, '\"[]{}=+-@|\t\n_x0041中é&#1N/"), max_size=12).map(clean)
WORDS = st.lists(WORD.filter(bool), max_size=3, unique=True).map(tuple)
NAME = st.builds(Name, family=WORD, given=WORD, suffix=WORD, literal=WORD).filter(lambda name: str(name) != "")
RECORD = st.builds(
    Record,
    source=st.just("a" * 64),
    number=st.just(1),
    line=st.just(2),
    end_line=st.just(2),
    type=WORD,
    title=WORD.filter(bool),
    authors=st.lists(NAME, max_size=3).map(tuple),
    year=st.none() | st.integers(1500, 2099),
    date=st.sampled_from(["", "2024", "2024-05", "2024-05-06"]),
    journal=WORD,
    volume=WORD,
    issue=WORD,
    pages=WORD,
    publisher=WORD,
    issn=WORDS,
    isbn=WORDS,
    doi=WORD,
    pmid=WORD,
    pmcid=WORD,
    registry_ids=WORDS,
    accession=WORD,
    database=WORD,
    urls=WORDS,
    abstract=WORD,
    keywords=WORDS,
    language=WORD,
    journal_abbreviation=WORD,
    language_basis=st.sampled_from(["", "stated", "detected"]),
    notes=WORDS,
    translations=st.lists(
        st.builds(Translation, language=WORD, title=WORD, abstract=WORD, machine=st.booleans()), max_size=2
    ).map(tuple),
    extra=st.lists(st.tuples(WORD, WORD), max_size=3).map(tuple),
)


def alike(records: Iterable[object]) -> list[Record]:
    """Return the records without their place in a file."""
    return [replace(one, source="", number=0, line=0, end_line=0) for one in records if isinstance(one, Record)]


def by_csv(records: list[Record]) -> list[Record]:
    stream = io.StringIO()
    write_csv(records, stream)
    content = examine("x.csv", lambda: io.BytesIO(stream.getvalue().encode()))
    assert tables.sniff(content.head())
    return alike(tables.read(content.lines(), source="s"))


def by_xlsx(records: list[Record]) -> list[Record]:
    stream = io.BytesIO()
    write_xlsx(records, stream)
    return alike(read_workbook(weigh("x.xlsx", lambda: io.BytesIO(stream.getvalue()), "xlsx")))


def test_columns_are_written_in_their_order_and_lists_as_people_read_them() -> None:
    stream = io.StringIO()
    write_csv([PLAIN], stream)
    head, row = csv.reader(stream.getvalue().splitlines())
    cells = dict(zip(head, row, strict=True))
    assert tuple(head) == OWN_COLUMNS
    assert (cells["record_id"], cells["year"], cells["keywords"]) == ("aaaaaaaaaaaa.3", "2020", "one; two")
    assert cells["authors"].startswith('[{"family": "Smith"')
    assert cells["extra"] == '[["label_included", "1"], ["=x", "\'y"]]'


def test_no_cell_begins_like_a_formula() -> None:
    stream = io.StringIO()
    write_csv(
        [replace(PLAIN, title="=HYPERLINK(1)", journal="+1", volume="-2", issue="@x", pages="'p", abstract="\t=1")],
        stream,
    )
    cells = next(row for row in csv.reader(stream.getvalue().splitlines()[1:]))
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t"}]


@settings(max_examples=50, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=3))
def test_csv_is_read_back_as_it_was(records: list[Record]) -> None:
    assert by_csv(records) == alike(records)


@settings(max_examples=20, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=2))
def test_workbooks_are_read_back_as_they_were(records: list[Record]) -> None:
    assert by_xlsx(records) == alike(records)


@pytest.mark.parametrize("filling", ["word ", "𝄞 ab", "=1 +"])
def test_a_text_too_long_for_a_cell_goes_on_and_comes_back(filling: str) -> None:
    long = replace(PLAIN, abstract=(filling * 20_000).strip(), title="_x0041_ and more")
    assert by_xlsx([PLAIN, long, PLAIN]) == alike([PLAIN, long, PLAIN])
    assert by_csv([long]) == alike([long])


def test_ten_thousand_authors_come_back() -> None:
    many = replace(PLAIN, authors=tuple(Name(f"Nomen{i}", "A.") for i in range(10_000)))
    assert by_csv([many]) == by_xlsx([many]) == alike([many])


@pytest.mark.parametrize("name", ["csv", "xlsx"])
def test_records_that_look_like_headings_and_empty_ones_come_back(name: str) -> None:
    records = [
        Record(source="a" * 64, number=1, line=1, end_line=1, title="Title", volume="Volume", issue="Issue", doi=""),
        Record(source="a" * 64, number=2, line=2, end_line=2, journal="Journal", abstract="Abstract"),
        Record(source="a" * 64, number=3, line=3, end_line=3),
        Record(source="a" * 64, number=4, line=4, end_line=4, title="Cells"),
    ]
    stream = io.BytesIO()
    formats.write(records, name, stream)
    back = [item for item in formats.scan_bytes(stream.getvalue()) if isinstance(item, Record)]
    assert [(one.title, one.volume, one.journal) for one in back] == [
        ("Title", "Volume", ""), ("", "", "Journal"), ("", "", ""), ("Cells", "", ""),
    ]  # fmt: skip


def test_two_tables_of_ours_below_each_other_are_both_read() -> None:
    stream = io.BytesIO()
    formats.write([Record(source="a" * 64, number=1, line=1, end_line=1, title="Cells")], "csv", stream)
    twice = stream.getvalue() + stream.getvalue() + b"title,authors,year\nOther,Li B,2020\n"
    back = [item for item in formats.scan_bytes(twice) if isinstance(item, Record)]
    assert [one.title for one in back] == ["Cells", "Cells", "Other"]


class FullDisk(io.BytesIO):
    """A stream behind which there is room for a few bytes."""

    def write(self, data: Any, /) -> int:  # Any: whatever holds bytes
        if self.tell() + len(data) > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_full_disk_under_a_workbook_leaves_nothing_to_be_told_later() -> None:
    stream = FullDisk()
    with pytest.raises(OSError, match="No space left"):
        write_xlsx([PLAIN] * 50, stream)
    stream.close()
    gc.collect()  # a workbook that is still open would fail here, where nobody can catch it

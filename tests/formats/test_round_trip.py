"""Whatever a reader can find is the same after it was written, in every format that is written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import replace

import bibtexparser
import nbib
import pytest
import rispy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl import Workbook
from pybtex.database import parse_string

from strategies import values, wild_texts
from stromata import formats
from stromata.errors import Unreadable
from stromata.formats.columns import OWN_COLUMNS
from stromata.formats.own import tidied
from stromata.model import Name, Problem, Record, Translation

WRITTEN = sorted(form.name for form in formats.FORMATS if form.write or form.write_binary)

PIECES = st.text(st.sampled_from("aB1 ;,:=.-/&<>{}\\\"'#%$@~^_()[]\t\n\r\x9b\u200b\u202e\xa0中é𝄞"), max_size=12)
LIKE_MARKUP = st.sampled_from(
    [
        "&amp;lt;", "&amp;", "TY  - JOUR", "ER  - ", "PMID- 1", "@article{x,", "</record>", "]]>", "=1+1", "'=x",
        "et al.", "10.99999/abc", "PMID: 12", "stromata.extra: X=y", "stromata.record: {}", "NCT01234567",
        "12-19", "12--19",
        "Smith, J.", "Smith JA", "van der Berg", "Jr", "others", "a and b", "[Title]", "2024", "$x^2$", "\\'e", "",
    ]
)  # fmt: skip
TEXT = st.one_of(wild_texts, PIECES, LIKE_MARKUP)
TAGS = st.sampled_from(
    [
        "TY", "ER", "AU", "CN", "FAU", "PMID", "TI", "T1", "AB", "N1", "N2", "C1", "C2", "ID", "KW", "LID", "AID",
        "DEP", "SO", "PT", "GN", "OWN", "STAT", "XX", "JF", "UR", "SN", "DO", "DA", "PY", "title", "author", "editor",
        "doi",
        "crossref", "ref-type", "custom1", "research-notes", "source-app", "type", "authorships", "stromata-key", "DOI",
        "record_id", "a name with spaces", "名称", "x" * 120, "a=b", "protocolSection.x",
    ]
)  # fmt: skip
DATES = st.one_of(st.just(""), st.dates().filter(lambda day: 1500 <= day.year < 2100).map(str)).flatmap(
    lambda date: st.sampled_from([date, date[:7], date[:4]])
)
RECORDS = values(
    Record,
    text=TEXT,
    source=st.just("s" * 64),
    number=st.integers(1, 9),
    date=DATES,
    year=st.none() | st.integers(1000, 2999),
    extra=st.lists(st.tuples(st.one_of(TAGS, TEXT), TEXT), max_size=4).map(tuple),
).filter(lambda record: alike([record]) != alike([Record("", 0, 0, 0)]))  # a row that says nothing is no record

FULL = Record(
    source="s" * 64, number=1, line=1, end_line=9, type="article-journal", title="[Cells & {skin}] <i>in</i> 5 % A_1",
    authors=(
        Name("Smith", "John", "Jr"), Name("van der Berg", "Jan"), Name("Li"), Name("", "Ana"), Name("", "", "III"),
        Name(literal="The A, B and C Group; of two"), Name(literal="王伟"), Name("王", "伟"), Name(literal="et al."),
    ),
    year=2024, date="2024-06-23", journal="Gut", journal_abbreviation="Gut", volume="12", issue="3-4", pages="35-35",
    publisher="A & B", issn=("1234-5679", "2049-3630"), isbn=("9783161484100",), doi="10.99999/a_(b)<c>",
    pmid="12345678", pmcid="PMC123", registry_ids=("NCT01234567", "ChiCTR2000012345"), accession="WOS:1",
    database="Embase", urls=("https://e.example/a b{c}", "<Go to ISI>://0002"),
    abstract="AIM: x < 5 and &lt; 6. 题\\alpha $y$",
    keywords=("one; two",), language="de", language_basis="stated",
    translations=(Translation("de", "Zellen", "Ziel"), Translation("zh", "细胞", machine=True), Translation("fr")),
    notes=("first", "stromata.registry: none", "PMID: 9"),
    extra=(
        ("CN", "A call number"), ("a long name with spaces " * 9, "v"), ("名称", "值"), ("ID", "key"), ("C1", "x"),
        ("C1", "x"), ("C1", "y"), ("TY", "EJOUR"), ("AD", ""), ("PT", "Review"), ("x=y", "a=b"),
        ("ref-type", "Electronic Article"),
    ),
)  # fmt: skip


def again(records: Iterable[Record], name: str) -> list[Record]:
    """Write the records and read them: the format must be told by its content too."""
    stream = io.BytesIO()
    formats.write(records, name, stream)
    reading = formats.scan_bytes(stream.getvalue())
    assert reading.format == name
    return [item for item in reading if isinstance(item, Record)]


def alike(records: Iterable[Record]) -> list[Record]:
    """Return the records without their place in a file."""
    return [replace(tidied(one), source="", number=0, line=0, end_line=0) for one in records]


@pytest.mark.parametrize("name", WRITTEN)
@settings(max_examples=12, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=3))
@example([FULL])
@example([FULL, replace(FULL, number=2), Record("s" * 64, 3, 1, 1, title="Alone")])
@example([Record("s" * 64, 1, 1, 1, title="Only this"), Record("s" * 64, 2, 1, 1, urls=("x",))])
def test_every_record_comes_back_as_it_was(name: str, records: list[Record]) -> None:
    assert alike(again(records, name)) == alike(records)


@pytest.mark.parametrize("name", WRITTEN)
def test_writing_what_was_read_changes_nothing_more(name: str) -> None:
    first = again([FULL], name)
    assert alike(again(first, name)) == alike(first)


@pytest.mark.parametrize("name", ["bibtex", "csl-json", "endnote-xml", "nbib", "ris"])
def test_a_change_made_elsewhere_counts_and_our_note_does_not(name: str) -> None:
    stream = io.BytesIO()
    formats.write([replace(FULL, title="Old &amp;lt; title")], name, stream)
    text = stream.getvalue().decode()
    changed = text.replace("Old", "New", 1)  # the note, which follows, says what it said
    assert "Old" in changed
    (record,), problems = formats.read_bytes(changed.encode())
    codes = [problem.code for problem in problems if "-own-" in problem.code]
    assert len(codes) == 1
    assert codes[0].endswith("-own-note-older")
    assert record.title.startswith("New")
    assert alike([replace(record, title="")]) == alike([replace(FULL, title="")])


TAGGED = ["bibtex", "csl-json", "endnote-xml", "nbib", "ris"]
NOTED = Record(
    "s" * 64, 1, 1, 1, type="article-journal", title="Old &amp;lt; title", authors=(Name("Berg", "Ana"),), year=2020,
    date="2020", journal="Gut", doi="10.99999/x.2", notes=("a note", "another"), extra=(("a long name", "v"),),
    registry_ids=("NCT01234567",), urls=("https://e.example/1", "https://e.example/2"), keywords=("one, two",),
    translations=(Translation("zh", "细胞", machine=True),),
)  # fmt: skip
"""What no format can say all of, so that a note of ours stands in each of `TAGGED`."""


def written(name: str) -> str:
    stream = io.BytesIO()
    formats.write([NOTED], name, stream)
    return stream.getvalue().decode()


def note_in(text: str) -> tuple[int, int]:
    """Return where our note begins and ends."""
    found = list(re.finditer('stromata[.-]record|"record": ', text))[-1]
    ends = [
        place for sign in ("\n\n", "\nER", "</research", "},\n", '"}}') if (place := text.find(sign, found.end())) > 0
    ]
    return found.start(), min(ends)


@pytest.mark.parametrize("name", TAGGED)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_to_a_note_of_ours_goes_unsaid(name: str, data: st.DataObject) -> None:
    text = written(name)
    start, end = note_in(text)
    place = data.draw(st.integers(start, end - 1))
    sign = data.draw(st.sampled_from("aZ0[,"))
    is_cut = place > start + 30 and data.draw(st.booleans())  # one that is gone whole was taken away
    changed = text[:place] + sign + text[end if is_cut else place + 1 :]
    if text[place].isspace() or changed == text:
        return
    try:
        (record,), problems = formats.read_bytes(changed.encode())
    except Unreadable:
        assert name == "csl-json"  # what is no JSON is told in its own way
        return
    assert record.title.endswith("title")
    assert any("own-note" in problem.code or problem.code == "bibtex-stray-text" for problem in problems), changed


@pytest.mark.parametrize("name", TAGGED)
def test_a_damaged_note_stays_in_the_record_and_goes_into_every_other_format(name: str) -> None:
    text = written(name)
    start, end = note_in(text)
    cut = text.index("61e33", start)
    (record,), problems = formats.read_bytes(f"{text[:cut]}{text[end:]}".encode())
    (problem,) = [problem for problem in problems if "own-note" in problem.code]
    assert problem.line
    assert problem.hint
    kept = " ".join((*record.notes, *(value for _, value in record.extra)))
    assert "bac" in kept
    for other in WRITTEN:
        assert alike(again([record], other)) == alike([record])


@pytest.mark.parametrize("name", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("field", "cell", "damaged"),
    [
        ("extra", '[["X", "1"]]', '[["X", "1"]'), ("extra", '[["X", "1"]]', '[["X"]]'),
        ("translations", '[{"language": "zh", "title": "t"}]', '[{"languge": "zh", "title": "t"}]'),
        ("authors", '[{"family": "A; B"}]', '[{"famly": "A; B"}]'), ("keywords", '["a; b"]', '["a; b"'),
        ("language_basis", "stated", "statd"),
    ],
)  # fmt: skip
def test_a_damaged_cell_of_ours_is_told_and_kept(name: str, field: str, cell: str, damaged: str) -> None:
    columns = {"title": "A", "abstract": "B", "doi": "10.99999/x"}
    (record,), problems = table({**columns, field: cell}, name)
    assert problems == ()
    (record,), problems = table({**columns, field: damaged}, name)
    assert [(one.code, one.line, one.column) for one in problems] == [("table-own-cell", 2, field)]
    kept = (*record.keywords, *map(str, record.authors), *(value for _, value in record.extra))
    assert set(re.findall(r"\w+", damaged)) <= set(re.findall(r"\w+", " ".join(kept)))


def table(cells: dict[str, str], name: str) -> tuple[list[Record], list[Problem]]:
    """Read a table of one row as our own writer heads it."""
    values = [list(OWN_COLUMNS), [cells.get(column, "") for column in OWN_COLUMNS]]
    stream = io.BytesIO()
    if name == "xlsx":
        book = Workbook()
        for row in values:
            book.active.append(row)
        book.save(stream)
    else:
        text = io.StringIO()
        csv.writer(text).writerows(values)
        stream.write(text.getvalue().encode())
    return formats.read_bytes(stream.getvalue())


def test_a_damaged_byte_of_a_parquet_file_is_told() -> None:
    stream = io.BytesIO()
    formats.write([replace(NOTED, abstract="word " * 300)] * 3, "parquet", stream)
    data = stream.getvalue()
    (record, *_), _ = formats.read_bytes(data)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for place in range(8, footer, 29):
        changed = bytes((*data[:place], data[place] ^ 4, *data[place + 1 :]))
        try:
            (found, *_), _ = formats.read_bytes(changed)
        except Unreadable:
            continue
        assert alike([found]) == alike([record])


SOME = (
    FULL,
    Record(
        source="s" * 64, number=2, line=1, end_line=1, type="article-journal", title="Cells for stiff hands",
        authors=(Name("Berg", "Ana"), Name("Li", "Bo")), year=2020, date="2020-03", journal="Journal of Cells",
        doi="10.99999/x.2", pmid="2", accession="L200", database="Embase", extra=(("CN", "call"), ("X", "y")),
    ),
    Record(
        source="s" * 64, number=3, line=1, end_line=1, type="book", title="Only a book", authors=(Name("Moe", "Lia"),),
        year=1999, doi="10.99999/x.3", urls=("https://e.example/3",), accession="3",
    ),
)  # fmt: skip


def text_in(name: str) -> str:
    stream = io.BytesIO()
    formats.write(SOME[1:], name, stream)
    return stream.getvalue().decode()


SAID = [(record.title, [one.family for one in record.authors], str(record.year), record.doi) for record in SOME[1:]]


def test_rispy_finds_the_same_records() -> None:
    entries = rispy.loads(text_in("ris"))
    found = [
        (one["title"], [name.split(",")[0] for name in one["authors"]], one["year"], one["doi"]) for one in entries
    ]
    assert found == SAID


def test_the_package_nbib_finds_the_same_records() -> None:
    entries = nbib.read(text_in("nbib"))
    found = [
        (
            one["title"],
            [name["author"].split(",")[0] for name in one["authors"]],
            str(one["publication_date"])[:4],
            one["doi"],
        )
        for one in entries
    ]
    assert found == SAID


def test_bibtexparser_and_pybtex_find_the_same_records() -> None:
    text = text_in("bibtex")
    library = bibtexparser.parse_string(text)
    other = parse_string(text, "bibtex")
    assert library.failed_blocks == []
    theirs = [other.entries[entry.key] for entry in library.entries]
    assert [
        (
            entry["title"],
            [" ".join(person.last_names) for person in one.persons["author"]],
            entry["year"],
            one.fields["doi"],
        )
        for entry, one in zip(library.entries, theirs, strict=True)
    ] == SAID


def test_zotero_and_endnote_meet_only_what_they_know() -> None:
    """Their programs do not run here: lines, types and elements are held against the published lists."""
    stream = io.BytesIO()
    formats.write(SOME, "ris", stream)
    lines = [line for line in stream.getvalue().decode().splitlines() if line]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines)
    assert [line[6:] for line in lines if line.startswith("TY")] == ["EJOUR", "JOUR", "BOOK"]
    stream = io.BytesIO()
    formats.write(SOME, "endnote-xml", stream)
    root = etree.fromstring(stream.getvalue())
    kinds = [(one.get("name"), one.text) for one in root.iter("ref-type")]
    assert kinds == [("Electronic Article", "43"), ("Journal Article", "17"), ("Book", "6")]
    assert {child.tag for record in root.iter("record") for child in record} <= ENDNOTE


ENDNOTE = {
    "source-app", "ref-type", "contributors", "auth-address", "titles", "periodical", "pages", "volume", "number",
    "keywords", "dates", "publisher", "isbn", "accession-num", "electronic-resource-num", "abstract", "notes", "urls",
    "remote-database-name", "language", "research-notes", "call-num", "work-type", "pub-location", "edition", "custom1",
}  # fmt: skip
"""Elements of EndNote's own files that may stand here."""

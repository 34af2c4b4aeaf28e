from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.formats import tables
from stromata.formats.content import Passage
from stromata.model import Name, Problem, Record

HEAD = "id,title,authors,year,journal"


def read(text: str) -> tuple[list[Record], list[Problem], list[Passage]]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1)]
    items = list(tables.read(lines, source="s"))
    return (
        [item for item in items if isinstance(item, Record)],
        [item for item in items if isinstance(item, Problem)],
        [item for item in items if isinstance(item, Passage)],
    )


def lines_of(records: list[Record]) -> list[tuple[int, int]]:
    return [(record.line, record.end_line) for record in records]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_each_separator_is_found(mark: str) -> None:
    rows = [HEAD.split(","), ["1", "Cells, for skin", "Smith, J.; Doe, A.", "2020", "J Cells"]]
    stream = io.StringIO()
    csv.writer(stream, delimiter=mark, lineterminator="\n").writerows(rows)
    assert tables.sniff(stream.getvalue())
    (record,), problems, _ = read(stream.getvalue())
    assert problems == []
    assert (record.title, record.authors) == ("Cells, for skin", (Name("Smith", "J."), Name("Doe", "A.")))
    assert record.extra == (("id", "1"),)


def test_line_breaks_in_cells_keep_lines_exact() -> None:
    text = f'{HEAD}\n1,"Cells\nfor\n""skin""",Smith J,2020,J\n\n2,Bone,Doe A,2021,J\n'
    records, problems, passages = read(text)
    assert problems == []
    assert lines_of(records) == [(2, 4), (6, 6)]
    assert records[0].title == 'Cells for "skin"'
    assert [(one.kind, one.line, one.end_line) for one in passages] == [("wrapper", 1, 1)]


def test_what_stands_above_the_headings_is_kept_and_a_strategy_goes_to_the_search_log() -> None:
    text = f'sep=,\nMy list\n"SEARCH QUERY","skin AND cells"\n-----\n\n{HEAD}\n1,Cells,Smith J,2020,J\n'
    assert tables.sniff(text)
    records, problems, passages = read(text)
    assert (lines_of(records), problems) == ([(7, 7)], [])
    assert [(one.kind, one.line, one.text) for one in passages[:4]] == [
        ("wrapper", 1, "sep=,"), ("preamble", 2, "My list"), ("search-strategy", 3, "skin AND cells"),
        ("wrapper", 4, "-----"),
    ]  # fmt: skip


def test_several_tables_and_repeated_headings_in_a_file() -> None:
    text = f"{HEAD}\n1,Cells,Smith J,2020,J\n{HEAD}\n2,Bone,Doe A,2021,J\nDOI,Title,Abstract\n10.99999/x,Blood,Words\n"
    records, problems, passages = read(text)
    assert problems == []
    assert [(record.number, record.title, record.doi) for record in records] == [
        (1, "Cells", ""), (2, "Bone", ""), (3, "Blood", "10.99999/x"),
    ]  # fmt: skip
    assert [(one.kind, one.line) for one in passages] == [("wrapper", 1), ("wrapper", 3), ("wrapper", 5)]


def test_sums_and_remarks_below_a_table_are_told() -> None:
    records, problems, passages = read(f"{HEAD}\n1,Cells,Smith J,2020,J\n,Total records: 1,,,\nlast changed in May\n")
    assert len(records) == 1
    assert [(problem.code, problem.line) for problem in problems] == [
        ("table-no-record", 3), ("table-no-record", 4), ("table-short-rows", 4),
    ]  # fmt: skip
    assert [(one.kind, one.line) for one in passages[1:]] == [("stray", 3), ("stray", 4)]


def test_a_quotation_mark_that_is_not_closed_takes_only_its_own_row() -> None:
    rows = "".join(f'{i},"Title {i}, on cells",Smith J,2020,J\n' for i in range(3, 40))
    records, problems, _ = read(f'{HEAD}\n1,Cells,Smith J,2020,J\n2,"Bone of mice,Doe A,2021,J\n{rows}')
    assert [record.extra[0][1] for record in records] == [str(i) for i in range(1, 40)]
    assert (records[1].title, records[1].authors) == ('"Bone of mice', (Name("Doe", "A"),))
    assert [(problem.code, problem.line) for problem in problems] == [("table-quote", 3)]


def test_an_unclosed_mark_before_rows_without_any_is_found() -> None:
    rows = "".join(f"{i},Title {i},Smith J,2020,J\n" for i in range(2, 200))
    records, problems, _ = read(f'{HEAD}\n1,"Cells,Smith J,2020,J\n{rows}')
    assert len(records) == 199
    assert [(problem.code, problem.line) for problem in problems] == [("table-quote", 2)]


def test_an_unclosed_mark_that_a_later_cell_happens_to_close_is_found() -> None:
    text = f'{HEAD}\n1,"Cells,Smith J,2020,J\n2,Bone,Doe A,2021,J\n3,Pipe of 5",Li B,2022,J\n4,Blood,Wu C,2023,J\n'
    records, problems, _ = read(text)
    assert [record.year for record in records] == [2020, 2021, 2022, 2023]
    assert problems[0].line == 2


def test_marks_that_are_not_doubled_are_read() -> None:
    text = f'{HEAD}\n1,"On "good" cells\nand skin",Smith J,2020,J\n2,Bone,Doe A,2021,J\n'
    records, problems, _ = read(text)
    assert records[0].title == 'On "good" cells and skin'
    assert lines_of(records) == [(2, 3), (4, 4)]
    assert [(problem.code, problem.line) for problem in problems] == [("table-quote", 2)]


def test_a_cell_of_any_size_is_read() -> None:
    long = "word, " * 50_000
    records, problems, _ = read(f'title,year,abstract\nCells,2020,"{long}"\nBone,2021,x\n')
    assert [len(record.abstract) for record in records] == [len(long.strip()), 1]
    assert problems == []


def test_rows_of_other_width_are_told() -> None:
    text = f"{HEAD}\n1,Cells,Smith J\n2,Bone,Doe A,2021,J,,\n3,Blood,Li B,2022,J,left over\n"
    records, problems, _ = read(text)
    assert [(problem.code, problem.line) for problem in problems] == [("table-wide-row", 4), ("table-short-rows", 2)]
    assert records[2].extra == (("id", "3"), ("column 6", "left over"))


def test_problems_of_one_kind_are_counted_after_fifty() -> None:
    rows = "".join(f"{i},,Smith J,2020,J\n" for i in range(70))
    records, problems, _ = read(f"{HEAD}\n{rows}")
    assert len(records) == 70
    assert len(problems) == 51
    assert "20 more rows" in problems[-1].text


def test_a_table_with_a_line_for_each_field_is_read() -> None:
    text = (
        '"SEARCH QUERY","skin"\n\n"TITLE","Cells for skin"\n"AUTHOR NAMES","Smith J.","Doe A."\n'
        '"SOURCE","Skin Cells (2014) 3:3 (152-160)"\n"PUBLICATION YEAR","2014"\n"AUTHOR KEYWORDS","one","two"\n'
        '"ABSTRACT","Line\nbreak"\n"FOO","bar"\n\n"TITLE","Bone"\n"AUTHOR NAMES","Li B."\n"DOI","10.99999/x"\n'
    )
    assert tables.sniff(text)
    records, problems, passages = read(text)
    assert problems == []
    assert [(record.title, record.database) for record in records] == [("Cells for skin", "Embase"), ("Bone", "Embase")]
    assert records[0].authors == (Name("Smith", "J."), Name("Doe", "A."))
    assert (records[0].keywords, records[0].pages, records[0].abstract) == (("one", "two"), "152-160", "Line break")
    assert ("FOO", "bar") in records[0].extra
    assert lines_of(records) == [(3, 10), (12, 14)]
    assert [(one.kind, one.text) for one in passages] == [("search-strategy", "skin")]


def test_labels_of_screening_tools_are_kept() -> None:
    records, _, _ = read("record_id,title,abstract,label_included\n4,Cells,Words,1\n5,Bone,Words,0\n")
    assert [record.extra for record in records] == [
        (("record_id", "4"), ("label_included", "1")), (("record_id", "5"), ("label_included", "0")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Title, Authors, Year\nThis is prose about a title and authors.\nIt goes on, and on, and on, as prose does.\n",
        "TY  - JOUR\nTI  - Cells, authors, year\nER  - \n",
        "study,dose,effect\nA,1,2\nB,3,4\n",
        "authors,year,journal\nSmith J,2020,J\n",
        '[{"title": "x", "year": 2020}]',
        "<html><title>Title,Authors,Year</title></html>",
        "",
    ],
)
def test_other_text_is_no_table(text: str) -> None:
    assert not tables.sniff(text)


def test_why_a_table_is_not_read_names_its_headings() -> None:
    assert tables.refusal("study,dose,effect\nA,1,2\n") == (
        "It is a table with the headings 'study', 'dose', 'effect'; a title is missing among them."
    )
    assert "a title" not in tables.refusal("Title,Colour,Dose\nA,1,2\n")
    assert tables.refusal("Just words.\nAnd more words.") == ""


def test_a_table_without_headings_is_accounted_for() -> None:
    records, problems, passages = read("a,b\n\nc,d\n")
    assert records == []
    assert [(problem.code, problem.line) for problem in problems] == [("table-no-headings", 1)]
    assert [(one.kind, one.line, one.end_line) for one in passages] == [("stray", 1, 3)]


def test_problems_of_decoding_are_passed_on() -> None:
    odd = Problem(2, "encoding-line", "odd")
    lines: list[tuple[int, str | Problem]] = [(1, HEAD), (2, odd), (2, "1,Cells,Smith J,2020,J")]
    assert odd in list(tables.read(lines, source="s"))


@given(st.text(st.sampled_from('a1,;"\n\t|=\x00中 '), max_size=300))
def test_any_text_below_headings_is_read_and_accounted_for(body: str) -> None:
    text = f"title,year\n{body}"
    records, _, passages = read(text)
    spans: list[Record | Passage] = [*records, *passages]
    covered = {line for one in spans for line in range(one.line, one.end_line + 1)}
    for number, line in enumerate(text.split("\n"), start=1):
        assert number in covered or not line.strip(' \t,;|"\x00'), (number, line)


@given(st.lists(st.lists(st.text(st.sampled_from('ab,"\n; '), max_size=6), min_size=3, max_size=3), max_size=8))
def test_proper_csv_is_split_as_the_csv_module_splits_it(rows: list[list[str]]) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["title", "year", "mark"], *rows])
    records, problems, _ = read(stream.getvalue())
    assert not [problem for problem in problems if problem.code == "table-quote"]
    wanted = [" ".join(row[0].split()) for row in rows if row[0].strip()]
    assert [record.title for record in records if record.title] == wanted


def test_a_row_longer_than_any_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LONGEST_ROW", 200)
    rows = ("A title,Li,2020", f"Long,{'x' * 300},2020", f'Quoted,"{"y" * 300},2020', "B title,Li,2021")
    lines = list(enumerate(("title,authors,year", *rows), start=1))
    items = list(tables.read(iter(lines), source="s"))
    assert [one.title for one in items if isinstance(one, Record)] == ["A title", "B title"]
    told = [one for one in items if isinstance(one, Problem) and one.code == "table-long-row"]
    assert [one.line for one in told] == [3, 4]
    strays = [(one.line, one.end_line) for one in items if isinstance(one, Passage) and one.kind == "stray"]
    assert strays == [(3, 3), (4, 4)]

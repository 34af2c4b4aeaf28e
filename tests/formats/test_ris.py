from __future__ import annotations

import io
from dataclasses import replace

import pytest
import rispy
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata import formats
from stromata.errors import Unreadable
from stromata.model import Name, Problem, Record, Translation


def read(text: str) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    return formats.read_bytes(text.encode())


def one(text: str) -> Record:
    (record,) = read(text)[0]
    return record


def codes(text: str) -> list[str]:
    return [problem.code for problem in read(text)[1]]


def written(*records: Record) -> str:
    stream = io.BytesIO()
    formats.write(records, "ris", stream)
    return stream.getvalue().decode()


PORTAL = """TY - JOUR
T1 - Cells for skin
AU - Kim, Ha-Neul
AU - O'Neill, Tara
PY - 2024/6/23
Y1 - 2024/6/23
N2 - One and the same text.
AB - One and the same text.
U2 - 10.99999/AD.2024.1
DO - 10.99999/AD.2024.1
M3 - Review article
SN - 2152-5250
JO - Fictional Journal
JF - Fictional Journal
ER -"""


def test_a_portal_s_single_blanks_and_doubled_fields_are_read() -> None:
    record = one(PORTAL)
    assert record.title == "Cells for skin"
    assert [str(name) for name in record.authors] == ["Kim, Ha-Neul", "O'Neill, Tara"]
    assert (record.year, record.date) == (2024, "2024-06-23")
    assert record.abstract == "One and the same text."
    assert record.doi == "10.99999/ad.2024.1"
    assert record.journal == "Fictional Journal"
    assert record.issn == ("2152-5250",)
    assert record.extra == (("M3", "Review article"),)
    assert codes(PORTAL) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_line_ends_and_encodings_do_not_matter(end: str, encoding: str) -> None:
    text = end.join(("TY  - JOUR", "TI  - Résumé of the Müller cells", "AB  - first", "second", "ER  - ", ""))
    records, problems = formats.read_bytes(text.encode(encoding))
    assert records[0].title == "Résumé of the Müller cells"
    assert records[0].abstract == "first second"
    assert (records[0].line, records[0].end_line) == (1, 5)
    assert problems == ()


def test_of_two_abstracts_the_longer_one_is_kept_and_the_other_not_lost() -> None:
    record = one("TY  - JOUR\nTI  - T\nAB  - Short.\nN2  - A longer abstract.\nER  - \n")
    assert record.abstract == "A longer abstract."
    assert ("AB", "Short.") in record.extra


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        ("PY  - 2014//", "2014"),
        ("Y1  - 2005/07/15\nPY  - 2005", "2005-07-15"),
        ("PY  - 1999\nDA  - AUG", "1999-08"),
        ("PY  - 1999\nDA  - JUN 15", "1999-06-15"),
        ("PY  - 2020\nY1  - 4-8 Aug. 2020", "2020-08-04"),
        ("PY  - 2020\nDA  - 2019/12/30", "2020"),
        ("TI  - T", ""),
    ],
)
def test_dates_are_joined_and_py_decides_the_year(lines: str, date: str) -> None:
    record = one(f"TY  - JOUR\nTI  - T\n{lines}\nER  - \n")
    assert record.date == date
    assert record.year == (int(date[:4]) if date else None)


def test_what_is_no_date_is_named_and_kept() -> None:
    records, problems = read("TY  - JOUR\nTI  - T\nPY  - in press\nER  - \n")
    assert records[0].year is None
    assert ("PY", "in press") in records[0].extra
    assert [problem.code for problem in problems] == ["ris-date"]


@pytest.mark.parametrize(
    "line",
    ["DO  - https://doi.org/10.99999/X.1", "UR  - http://dx.doi.org/10.99999/x.1", "M3  - doi: 10.99999/x.1",
     "L3  - 10.99999/x.1", "N1  - doi: 10.99999/X.1", "U2  - 10.99999/x.1", "AN  - 10.99999/x.1"],
)  # fmt: skip
def test_the_doi_is_found_where_sources_hide_it(line: str) -> None:
    assert one(f"TY  - JOUR\nTI  - T\n{line}\nER  - \n").doi == "10.99999/x.1"


def test_a_cited_doi_is_not_taken_for_the_article_s_own() -> None:
    record = one("TY  - JOUR\nTI  - T\nN1  - References: Li B, A paper, https://doi.org/10.88888/other\nER  - \n")
    assert record.doi == ""
    assert len(record.notes) == 1


@pytest.mark.parametrize(
    ("lines", "pmid", "pmcid"),
    [
        ("AN  - 12345\nDB  - Ovid MEDLINE(R)", "12345", ""),
        ("AN  - 12345\nDB  - Embase", "", ""),
        ("C3  - PUBMED 21314913,EMBASE 1", "21314913", ""),
        ("UR  - https://pubmed.ncbi.nlm.nih.gov/12345/", "12345", ""),
        ("PMID  - 33355555", "33355555", ""),
        ("C2  - PMC123456", "", "PMC123456"),
        ("N1  - PMID: 77", "77", ""),
    ],
)
def test_pubmed_numbers_are_found_where_sources_put_them(lines: str, pmid: str, pmcid: str) -> None:
    record = one(f"TY  - JOUR\nTI  - T\n{lines}\nER  - \n")
    assert (record.pmid, record.pmcid) == (pmid, pmcid)


def test_pages_serial_numbers_keywords_and_registrations() -> None:
    record = one(
        "TY  - JOUR\nTI  - Trial (NCT 01234567)\nSP  - 12\nEP  - 19\nSN  - 03064530 (ISSN)\nSN  - 978-3-642-32156-6\n"
        "KW  - one; two\nthree\nJA  - Fict J\nT2  - Fictional Journal\nER  - \n"
    )
    assert (record.pages, record.issn, record.isbn) == ("12-19", ("0306-4530",), ("9783642321566",))
    assert record.keywords == ("one", "two", "three")
    assert record.registry_ids == ("NCT01234567",)
    assert (record.journal, record.journal_abbreviation) == ("Fictional Journal", "Fict J")


def test_text_is_decoded_and_tidied_and_chinese_kept() -> None:
    record = one("TY  - JOUR\nTI  - A&amp;B\u00a0 of   Sj&ouml;gren &lt; 0.05 间充质\nER  - \n")
    assert record.title == "A&B of Sjögren < 0.05 间充质"


def test_a_list_of_authors_that_is_cut_is_named() -> None:
    records, problems = read("TY  - JOUR\nTI  - T\nAU  - Li, B\nAU  - et al.\nER  - \n")
    assert records[0].authors == (Name(family="Li", given="B"),)
    assert [problem.code for problem in problems] == ["ris-authors-cut"]


def test_an_empty_entry_is_named_and_no_record() -> None:
    records, problems = read("TY  - JOUR\nER  - \nTY  - JOUR\nTI  - T\nER  - \n")
    assert [record.number for record in records] == [1]
    assert [problem.code for problem in problems] == ["ris-empty-entry"]


def test_a_record_of_ten_megabytes_is_read() -> None:
    line = "word " * 2000
    records, problems = read("TY  - JOUR\nTI  - T\nAB  - x\n" + (line + "\n") * 1000 + "ER  - \n")
    assert len(records[0].abstract) > 9_900_000
    assert problems == ()


def test_unknown_tags_survive_a_round_trip() -> None:
    record = one("TY  - EJOUR\nTI  - T\nC1  - a\nXX  - b\nA2  - Editor, E\nC1  - c\nER  - \n")
    assert record.extra == (("TY", "EJOUR"), ("C1", "a"), ("XX", "b"), ("A2", "Editor, E"), ("C1", "c"))
    again = one(written(record))
    assert again.extra == record.extra


def test_what_is_written_is_strict_and_rispy_reads_the_same() -> None:
    record = one(PORTAL)
    text = written(record, record)
    assert text.startswith("TY  - JOUR\nTI  - Cells for skin\nAU  - Kim, Ha-Neul\nAU  - O'Neill, Tara\nPY  - 2024\n")
    assert text.endswith("ER  - \n\n")
    entries = rispy.loads(text)
    assert len(entries) == 2
    assert entries[0]["title"] == record.title
    assert entries[0]["authors"] == ["Kim, Ha-Neul", "O'Neill, Tara"]
    assert entries[0]["doi"] == record.doi


@pytest.mark.parametrize(
    "name",
    [
        Name(family="Li", given="Bo"),
        Name(family="Smith", given="J", suffix="Jr."),
        Name(literal="World Health Organization"),
        Name(literal="WHO"),
        Name(literal="张三"),
        Name(family="Plato"),
        Name(literal="Merck, Sharp & Dohme"),
    ],
)
def test_names_survive_a_round_trip(name: Name) -> None:
    record = replace(one("TY  - JOUR\nTI  - T\nER  - \n"), authors=(name,))
    assert one(written(record)).authors == (name,)


WORDS = st.text(st.sampled_from("abcdeé αβ 间充质<>&;,.-'\"()10/=:"), min_size=1, max_size=30).map(
    lambda t: " ".join(t.split())
)
LETTERS = st.text(st.sampled_from("abcdefgé"), min_size=3, max_size=10)
CHINESE = Translation(language="zh", title="题名", abstract="摘要", machine=True)


@st.composite
def records(draw: st.DrawFn) -> Record:
    year = draw(st.integers(1900, 2030))
    people = draw(st.lists(st.tuples(LETTERS, LETTERS), max_size=3, unique=True))
    return Record(
        source="s",
        number=1,
        line=1,
        end_line=1,
        type="article-journal",
        title=draw(LETTERS),
        authors=tuple(Name(family=family.title(), given=given.title()) for family, given in people),
        year=year,
        date=draw(st.sampled_from([f"{year}", f"{year}-06", f"{year}-06-23"])),
        journal=draw(LETTERS),
        doi=draw(st.sampled_from(["", "10.99999/x.1", "10.1016/s0140-6736(05)67889-0"])),
        pages=draw(st.sampled_from(["", "12-19", "e12", "S1-S9"])),
        keywords=tuple(draw(st.lists(LETTERS, max_size=3, unique=True))),
        notes=tuple(draw(st.lists(LETTERS, max_size=2, unique=True))),
        extra=tuple(draw(st.lists(st.tuples(st.sampled_from(["C1", "XQ", "PHST"]), LETTERS), max_size=3))),
        translations=draw(st.sampled_from([(), (CHINESE,)])),
        registry_ids=draw(st.sampled_from([(), ("NCT01234567",)])),
        pmid="123",
        pmcid="PMC1234",
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(records(), min_size=1, max_size=4))
@pytest.mark.parametrize("form", ["ris", "csl-json"])
def test_what_is_written_is_read_again_as_the_same(form: str, given_records: list[Record]) -> None:
    stream = io.BytesIO()
    formats.write(given_records, form, stream)
    back, problems = formats.read_bytes(stream.getvalue())
    assert problems == ()
    place = {"source": "s", "number": 1, "line": 1, "end_line": 1, "language": "", "language_basis": ""}
    plain = [replace(record, **place, extra=tuple(sorted(record.extra))) for record in back]
    assert plain == [replace(record, extra=tuple(sorted(record.extra))) for record in given_records]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["TY", "TI", "AU", "AB", "N1", "ER", "XX", "PY", "DO", ""]), WORDS), max_size=12)
)
def test_writing_what_was_read_changes_nothing_more(fields: list[tuple[str, str]]) -> None:
    text = "TY  - JOUR\n" + "\n".join(f"{tag}  - {value}" if tag else value for tag, value in fields) + "\nER  - \n"
    try:
        records, _ = read(text)
    except Unreadable:
        return  # no record came out
    once, _ = read(written(*records))
    twice, _ = read(written(*once))
    ignore = {"source": "", "line": 0, "end_line": 0}
    assert [replace(record, **ignore) for record in once] == [replace(record, **ignore) for record in twice]
    assert [record.title for record in once] == [record.title for record in records]

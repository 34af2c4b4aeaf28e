from __future__ import annotations

from typing import Any

import pytest

from stromata.formats.columns import Columns, read_headings, recognise
from stromata.formats.rows import Row, aligned, habits_of, is_total, own_list, own_names, read_row
from stromata.model import Name, Problem, Record
from stromata.sheets import guarded, unguarded


def read(**cells: str) -> tuple[Record, list[Problem]]:
    columns = read_headings(tuple(cells))
    row = Row(7, 8, list(cells.values()))
    record, problems = read_row(row, columns, habits_of(columns, [row]), source="s", number=3)
    assert record is not None
    return record, problems


def test_every_cell_finds_its_field_or_stays_under_its_heading() -> None:
    record, problems = read(
        Title="Cells for <i>skin</i> &amp; more", Authors="Smith J, Doe A", Journal="J Cells", Year="2020",
        Volume="12.0", Issue="3", Start_page="12", End_page="19", DOI="https://doi.org/10.99999/ABC",
        PMID="12345678.0", PMCID="PMC777", ISSN="1234567X", Language="English", Abstract="Registered as NCT01234567.",
        Keywords="one; two", URL="https://a.example https://b.example", label_included="1",
    )  # fmt: skip
    assert problems == []
    assert record == Record(
        source="s", number=3, line=7, end_line=8, title="Cells for skin & more", journal="J Cells", year=2020,
        date="2020",
        authors=(Name("Smith", "J"), Name("Doe", "A")), volume="12", issue="3", pages="12-19", doi="10.99999/abc",
        pmid="12345678", pmcid="PMC777", issn=("1234-567X",), language="en", language_basis="stated",
        abstract="Registered as NCT01234567.", keywords=("one", "two"), registry_ids=("NCT01234567",),
        urls=("https://a.example", "https://b.example"), extra=(("label_included", "1"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "cell", "code"),
    [
        ("Journal", "#NAME?", "table-cell-destroyed"), ("Pages", "06-Oct", "table-cell-date"),
        ("Pages", "Oct-06", "table-cell-date"), ("Issue", "2024-03-02", "table-cell-date"),
        ("Pages", "6/10/2024", "table-cell-date"), ("PMID", "2.02E+07", "table-cell-rounded"),
        ("Year", "2.02E+03", "table-cell-rounded"), ("DOI", "10.1", "table-doi"), ("PMID", "abc", "table-pmid"),
        ("Year", "soon", "table-date"),
    ],
)  # fmt: skip
def test_what_was_damaged_is_told_kept_and_not_guessed(heading: str, cell: str, code: str) -> None:
    record, problems = read(Title="T", **{heading: cell})
    assert [(problem.code, problem.column, problem.line) for problem in problems] == [(code, heading, 7)]
    assert record.extra == ((heading, cell),)
    assert (record.journal, record.pages, record.issue, record.pmid, record.doi, record.year) == (
        "",
        "",
        "",
        "",
        "",
        None,
    )


@pytest.mark.parametrize("pages", ["e06-e10", "S1-S9", "10-12", "103640", "1245.e1-1245.e9", "2E10"])
def test_pages_that_only_look_odd_are_kept(pages: str) -> None:
    assert read(Title="T", Pages=pages)[0].pages == pages


def test_formulas_are_text_and_give_what_they_show() -> None:
    record, _ = read(Title='=HYPERLINK("https://a.example/x","Cells ""for"" skin")', DOI='="10.99999/x"', Notes="=1+1")
    assert record.title == 'Cells "for" skin'
    assert record.doi == "10.99999/x"
    assert record.urls == ("https://a.example/x",)
    assert record.notes == ("=1+1",)


def test_words_for_nothing_are_nothing_in_a_field_and_stay_elsewhere() -> None:
    record, problems = read(Title="T", Year="NA", Journal="None", Abstract="[No abstract available]", Mark="NA")
    assert problems == []
    assert (record.year, record.journal, record.abstract) == (None, "", "")
    assert record.extra == (("Abstract", "[No abstract available]"), ("Mark", "NA"))


def test_a_second_column_for_one_field_stays_when_it_differs() -> None:
    record, _ = read(**{"Authors": "Smith J", "Author full names": "Smith, John", "Title": "T", "Primary title": "t."})
    assert record.authors == (Name("Smith", "John"),)
    assert record.extra == (("Authors", "Smith J"),)


def test_year_month_and_day_make_a_date() -> None:
    assert read(Title="T", Year="2020", Month="May", Day="3")[0].date == "2020-05-03"
    assert read(Title="T", Year="2020", Month="5")[0].date == "2020-05"
    other = read(Title="T", Year="2020", Date="2019-12-30")[0]
    assert (other.year, other.date, other.extra) == (2020, "2020", (("Date", "2019-12-30"),))


def test_a_citation_in_one_cell_is_taken_apart_and_kept() -> None:
    cell = "J Cells. 2020 Feb;63(2):12-19. doi: 10.99999/x. Epub 2019 Mar 25."
    record, _ = read(
        **{"PMID": "1", "Title": "T", "Journal/Book": "J Cells", "Publication Year": "2020", "Citation": cell}
    )
    assert (record.date, record.volume, record.issue, record.pages) == ("2020-02", "63", "2", "12-19")
    assert ("Citation", cell) in record.extra
    cell = "Skin Cells (2014) 3:3 (152-160). Date of Publication: 4 May 2014"
    record, _ = read(**{"Title": "T", "Author Names": "Li B.", "Source": cell})
    assert (record.journal, record.volume, record.issue, record.pages) == ("Skin Cells", "3", "3", "152-160")
    assert (record.date, record.database) == ("2014-05-04", "Embase")


def test_a_source_that_is_a_database_is_no_journal() -> None:
    assert read(Title="T", Source="PubMed", Year="2020")[0].database == "PubMed"
    assert read(Title="T", Source="The Lancet", Year="2020")[0].journal == "The Lancet"


def test_trial_registers_give_their_number() -> None:
    record, _ = read(
        **{"NCT Number": "NCT01234567", "Study Title": "Cells", "Study URL": "https://x.example", "Conditions": "A|B"}
    )
    assert (record.registry_ids, record.accession, record.type) == (("NCT01234567",), "NCT01234567", "report")
    assert (record.database, record.keywords) == ("ClinicalTrials.gov", ("A", "B"))
    record, _ = read(
        TrialID="ChiCTR2000012345", Public_title="Cells", Source_Register="ChiCTR", Date_registration="2020-02-03"
    )
    assert (record.registry_ids, record.database, record.date) == (("ChiCTR2000012345",), "ChiCTR", "2020-02-03")


def test_commas_inside_brackets_do_not_separate_keywords() -> None:
    assert read(Title="T", Keywords="cyst (surgery, diagnosis), human")[0].keywords == (
        "cyst (surgery, diagnosis)",
        "human",
    )


def test_a_record_without_title_is_one_and_a_row_of_nothing_is_none() -> None:
    record, problems = read(Title="", Abstract="Words.")
    assert record.abstract == "Words."
    assert [problem.code for problem in problems] == ["table-no-title"]
    columns = read_headings(("Title", "Year"))
    row = Row(2, 2, ["", "2020"])
    assert read_row(row, columns, habits_of(columns, [row]), source="s", number=1)[0] is None


def test_sums_below_a_table_are_told_from_titles() -> None:
    assert is_total(["", "Total records: 12", "12"])
    assert is_total(["合计", "34"])
    assert not is_total(["Total knee replacement", "2020"])
    assert not is_total(["Total", "Smith J", "2020"])


def headings() -> Columns:
    found = recognise(["Title", "Year", "Funding text", "DOI", "Language", "Source"])
    assert found is not None
    return found


def test_a_wider_row_is_put_under_its_headings_where_its_values_prove_how() -> None:
    cells = ["T", "2020", "we thank", "and more", "10.99999/x", "English", "Scopus"]
    assert aligned(cells, headings()) == (
        ["T", "2020", "", "10.99999/x", "English", "Scopus"], [(2, "we thank"), (3, "and more")],
    )  # fmt: skip


def test_a_wider_row_that_proves_nothing_is_left_as_it_is() -> None:
    assert aligned(["T", "2020", "thanks", "10.99999/x", "English", "Scopus", "more"], headings()) is None
    assert aligned(["T", "2020", "a", "b", "c", "d", "e"], headings()) is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-5", "@x", "'quoted'", "''", "'=x", "plain", "＝1"])
def test_the_mark_against_formulas_can_be_taken_away_again(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@"))
    assert unguarded(guarded(text)) == text


def test_lists_and_names_of_our_own_are_read_back() -> None:
    assert own_list("one; two") == ("one", "two")
    assert own_list('["a; b", "c"]') == ("a; b", "c")
    assert own_names("Smith, J; Doe, A, Jr") == (Name("Smith", "J"), Name("Doe", "A", "Jr"))
    assert own_names('[{"literal": "A, B; C"}]') == (Name(literal="A, B; C"),)


def test_a_changed_cell_of_our_own_is_told_and_kept() -> None:
    cells: dict[str, Any] = {
        "title": "T",
        "language_basis": "",
        "registry_ids": "",
        "translations": "",
        "extra": "{oops",
    }
    record, problems = read(**cells)
    assert [problem.code for problem in problems] == ["table-own-cell"]
    assert record.extra == (("extra", "{oops"),)

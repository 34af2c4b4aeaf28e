from __future__ import annotations

import pytest

from stromata.formats.columns import csl_type, is_database, plain, read_headings, recognise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Publication Year", "publication_year"), ("Author/s", "Author(s)"), ("pubmedID", "PubMed ID"),
        ("\ufeffTitle", "title"), ("ＤＯＩ", "DOI"),
    ],
)  # fmt: skip
def test_headings_are_compared_without_case_spaces_and_signs(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("name", "headings"),
    [
        ("Scopus", ["Authors", "Title", "Year", "Source title", "Cited by", "Link", "EID"]),
        ("Web of Science", ["Publication Type", "Authors", "Article Title", "Source Title", "Document Type", "DOI"]),
        ("Web of Science tags", ["PT", "AU", "AF", "TI", "SO", "PY", "UT"]),
        ("Embase", ["Title", "Author Names", "Source", "Abstract", "PUI"]),
        ("PubMed", ["PMID", "Title", "Authors", "Citation", "Journal/Book"]),
        ("Covidence", ["Title", "Authors", "Covidence #", "Study", "Notes"]),
        ("Rayyan", ["key", "title", "authors", "pubmed_id", "pmc_id"]),
        ("Zotero", ["Key", "Item Type", "Title", "Abstract Note", "Date"]),
        ("The Lens", ["Lens ID", "Title", "Author/s"]),
        ("IEEE Xplore", ["Document Title", "Authors", "PDF Link"]),
        ("Springer Link", ["Item Title", "Item DOI", "Authors"]),
        ("Dimensions", ["Publication ID", "DOI", "Title", "PubYear"]),
        ("Publish or Perish", ["Cites", "Authors", "Title", "GSRank"]),
        ("ClinicalTrials.gov", ["NCT Number", "Study Title", "Study URL"]),
        ("WHO ICTRP", ["TrialID", "Public title", "Source Register"]),
        ("CENTRAL", ["Cochrane Review ID", "Title", "Author(s)"]),
    ],
)  # fmt: skip
def test_a_tool_is_told_by_its_headings(name: str, headings: list[str]) -> None:
    found = recognise(headings)
    assert found is not None
    assert found.dialect.name == name


def test_the_same_heading_means_what_its_tool_means() -> None:
    def field(headings: list[str]) -> str:
        return read_headings(headings).fields[headings.index("Source")]

    assert field(["Title", "Source"]) == "journal"
    assert field(["Authors", "Title", "Source title", "EID", "Source"]) == "database"
    assert field(["Title", "Author Names", "Source"]) == "citation"


def test_chinese_headings_are_known() -> None:
    found = recognise(["题名", "作者", "刊名", "年", "卷", "期", "页码", "摘要", "关键词", "DOI"])
    assert found is not None
    assert found.fields == (
        "title", "authors", "journal", "year", "volume", "issue", "pages", "abstract", "keywords", "doi",
    )  # fmt: skip


@pytest.mark.parametrize(
    "cells",
    [
        ["Authors", "Year", "Journal"],
        ["Title", "Colour"],
        ["Title", "a", "b", "c", "d", "e", "f", "g", "h"],
        ["The title of this paper " * 9, "Authors"],
        [""],
    ],
)
def test_other_cells_are_no_headings(cells: list[str]) -> None:
    assert recognise(cells) is None


def test_repeated_and_missing_headings_can_be_told_apart() -> None:
    assert read_headings(["Title", "Year", "Year", ""]).headings == ("Title", "Year", "Year (2)", "column 4")


def test_words_for_kinds_become_csl_types() -> None:
    assert csl_type("journalArticle") == csl_type("Journal Article; Review") == csl_type("JOUR") == "article-journal"
    assert csl_type("Conference Paper") == "paper-conference"
    assert csl_type("mixtape") == ""


def test_databases_are_known_by_name() -> None:
    assert is_database("Web of Science")
    assert not is_database("The Lancet")

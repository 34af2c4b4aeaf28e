"""From fields to a record: the rules that formats share."""

from __future__ import annotations

import pytest

from stromata.formats.draft import Draft
from stromata.model import Record


def record(*said: tuple[str, str]) -> Record:
    draft = Draft(1, 2, "x")
    for name, value in (("title", "T"), *said):
        draft.add(name, name, value)
    found = draft.record(source="s", number=1)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ((("year", "2020"), ("month", "3"), ("day", "4")), "2020-03-04"),
        ((("year", "2020"), ("month", "jan")), "2020-01"),
        ((("year", "2006"), ("date", "JUN 14")), "2006-06-14"),
        ((("year", "2006"), ("date", "2006 May-Jun")), "2006-05"),
        ((("year", "2006"), ("date", "SPR")), "2006"),
        ((("year", "2020"), ("date", "2019-01-01")), "2020"),
        ((("date", "2020-03"), ("month", "4")), "2020-03"),
    ],
)
def test_the_year_decides_and_the_rest_makes_it_finer(said: tuple[tuple[str, str], ...], date: str) -> None:
    assert record(*said).date == date


def test_what_does_not_fit_its_field_stays_in_extra_in_the_order_met() -> None:
    found = record(("doi", "none"), ("year", "in press"), ("serial", "none"), ("pmid", "x"))
    assert found.extra == (("doi", "none"), ("year", "in press"), ("serial", "none"), ("pmid", "x"))


def test_a_doi_is_found_where_sources_hide_it_but_not_in_resolvers() -> None:
    assert record(("maybe-doi", "10.1234/x")).doi == "10.1234/x"
    assert record(("url", "https://doi.org/10.1234/y")).doi == "10.1234/y"
    assert record(("url", "https://resolver.example/?id=doi:10.1234/z")).doi == ""


def test_journals_and_their_abbreviations() -> None:
    found = record(("journal", "Journal of Cells"), ("abbreviation", "J Cells"), ("abbreviation", "JOURNAL OF CELLS"))
    assert (found.journal, found.journal_abbreviation, found.extra) == ("Journal of Cells", "J Cells", ())
    assert record(("kind", "chapter"), ("journal", "Series"), ("container", "Book")).journal == "Book"


def test_pages_prefer_a_range_and_take_an_article_number_last() -> None:
    assert record(("pages", "5"), ("pages", "269 – 273")).pages == "269-273"
    assert record(("first-page", "10"), ("last-page", "19"), ("article-number", "e7")).pages == "10-19"
    assert record(("article-number", "e7")).pages == "e7"


def test_translations_are_told_apart_by_language() -> None:
    found = record(("translated-title", "间充质干细胞治疗膝骨关节炎"), ("translated-abstract", "目的 探讨间充质干细胞"))
    (one,) = found.translations
    assert (one.language, one.title, one.abstract) == ("zh", "间充质干细胞治疗膝骨关节炎", "目的 探讨间充质干细胞")


def test_an_entry_that_says_nothing_is_a_problem() -> None:
    draft = Draft(3, 4, "x")
    draft.keep("ID", "key")
    assert draft.record(source="s", number=1) is None
    assert [problem.code for problem in draft.problems] == ["x-empty-entry"]


@pytest.mark.parametrize("said", ["²", "①", "٣٣٣"])
def test_a_sign_that_looks_like_a_number_is_no_month(said: str) -> None:
    found = record(("year", "2020"), ("month", said), ("day", said))
    assert (found.date, found.extra) == ("2020", (("month", said), ("day", said)))

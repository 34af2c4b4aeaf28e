"""Lines of a page that credit the article: authors, and the citation of the article itself."""

from __future__ import annotations

import pytest

from stromata.formats.page_credits import citation_in, is_like_citation, names_in, year_issue


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Yue Shi1  Nan Jiang1  Mengtao Li1 ", ["Shi, Yue", "Jiang, Nan", "Li, Mengtao"]),
        ("Kowalska, Anna; Li, Bo", ["Kowalska, Anna", "Li, Bo"]),
        ("Anna Kowalska, MD, PhD,1,2* and Jan de Vries†", ["Kowalska, Anna", "de Vries, Jan"]),
        ("林晓东1,2 赵一鸣 陈可心*", ["林晓东", "赵一鸣", "陈可心"]),
        ("MA Junjie, XU Wenjing", ["MA, Junjie", "XU, Wenjing"]),
        ("Stem Cell Research & Therapy", []),
        ("Safety, efficacy, and tolerability of cells", []),
        ("Department of Dermatology, Invented University", []),
        ("银屑病 治疗 研究", []),
    ],
)
def test_a_list_of_authors_is_told_from_other_lists(line: str, names: list[str]) -> None:
    assert [str(name) for name in names_in(line)[0]] == names


def test_a_list_that_is_cut_says_so() -> None:
    names, cut = names_in("Anna Kowalska, Bo Li, et al.")
    assert (len(names), cut) == (2, True)


@pytest.mark.parametrize("text", ["2021,54(3)", "2021年第54卷第3期", "2021, 54(03)"])
def test_year_volume_and_issue_are_taken_apart(text: str) -> None:
    assert year_issue(text) == {"date": "2021", "volume": "54", "issue": "3"}


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Fict J Cells. 2021 Mar 3;12(3):45-56. doi: 10.99999/x", ("Fict J Cells", "2021 Mar 3", "12", "3", "45-56")),
        ("Invented Therapy volume 12, Article number: 45 (2021)", ("Invented Therapy", "2021", "12", "", "45")),
        ("June 2018 Invented Therapy 44(6):512-520", ("Invented Therapy", "June 2018", "44", "6", "512-520")),
        ("Invented Therapy 2021, 12(3), 45", ("Invented Therapy", "2021", "12", "3", "45")),
        ("Published in: Invented Therapy, 1 July 2020", ("Invented Therapy", "1 July 2020", "", "", "")),
        ("虚构皮肤科杂志, 2021, 54(3): 200-205", ("虚构皮肤科杂志", "2021", "54", "3", "200-205")),
    ],
)
def test_the_citation_of_the_article_is_taken_apart(line: str, parts: tuple[str, ...]) -> None:
    names = ("journal", "date", "volume", "issue", "pages")
    assert is_like_citation(line)
    assert citation_in(line, title="A title") == dict(zip(names, parts, strict=True))


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Cells were given in three doses.", "A title"),
        ("Stem cells in lupus 2021, 12(3), 45", "Stem cells in lupus"),
        ("Anna Kowalska, 12 March 2021", "A title"),
        ("10 March 2021", "A title"),
    ],
)
def test_a_title_a_name_or_a_date_is_no_journal(line: str, title: str) -> None:
    assert citation_in(line, title=title) == {}

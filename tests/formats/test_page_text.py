from __future__ import annotations

import pytest

from stromata.formats import page_text
from stromata.formats.page_text import class_lines, find, is_prose, names_in, split_keywords, year_issue

PROSE = (
    "Stiff hands limit daily life, and few treatments help. We compared two treatments in an invented cohort. Mobility "
    "rose with the first and not with the second. A larger comparison is needed before any advice can be given."
)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Abstract", "heading"),
        ("【 摘 要 】", "heading"),
        ("Conclusions:", "label"),
        ("DOI  :  10.99999/x", "field"),
        ("关键词：甲；乙", "field"),
        ("Journal Article | Review", "type"),
        ("Add to saved papers", "furniture"),
        ("京ICP备00000000号-1", "furniture"),
        ("本内容由机器翻译。", "machine"),
        (PROSE, "prose"),
        (PROSE + " © 2021 The Authors. All rights reserved.", "prose"),
        ("The views are solely those of the authors. " + PROSE, "furniture"),
        ("Open-label trial of cells in lupus", "text"),
        ("If cells could talk: a trial in lupus", "text"),
        ("Register-based study of cells in lupus", "text"),
        ("A mobile app for self-care in psoriasis", "text"),
        ("推荐剂量的间充质干细胞治疗银屑病的研究", "text"),
        ("Amira Hassan, Jonas Berg", "text"),
        ("", "blank"),
    ],
)
def test_a_line_is_classed_by_what_it_says(line: str, kind: str) -> None:
    assert class_lines(line)[0].kind == kind


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


def test_prose_is_told_from_titles() -> None:
    assert is_prose(PROSE)
    assert not is_prose(
        "Stromal cells for chronic spontaneous urticaria: what eleven small studies can and cannot tell"
    )


@pytest.mark.parametrize("text", ["a; b; c;", "a，b，c", "a | b | c", "a   b   c"])
def test_keywords_are_split_however_they_are_parted(text: str) -> None:
    assert split_keywords(text) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["2021,54(3)", "2021年第54卷第3期", "2021, 54(03)"])
def test_year_volume_and_issue_are_taken_apart(text: str) -> None:
    assert year_issue(text) == {"date": "2021", "volume": "54", "issue": "3"}


def test_the_body_of_an_article_is_not_its_abstract() -> None:
    lines = class_lines(f"A title of some length about cells\nAbstract\n{PROSE}\nIntroduction\n{PROSE} More.")
    found = find(lines)
    assert found.abstract is not None
    assert found.abstract.joined() == PROSE
    assert page_text.find(class_lines("Log in\nSearch")).title == ""

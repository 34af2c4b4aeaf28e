from __future__ import annotations

import pytest

from stromata.formats import page_text
from stromata.formats.page_text import class_lines, find, is_prose, split_keywords

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


def test_prose_is_told_from_titles() -> None:
    assert is_prose(PROSE)
    assert not is_prose(
        "Stromal cells for chronic spontaneous urticaria: what eleven small studies can and cannot tell"
    )


@pytest.mark.parametrize("text", ["a; b; c;", "a，b，c", "a | b | c", "a   b   c"])
def test_keywords_are_split_however_they_are_parted(text: str) -> None:
    assert split_keywords(text) == ["a", "b", "c"]


def test_the_body_of_an_article_is_not_its_abstract() -> None:
    lines = class_lines(f"A title of some length about cells\nAbstract\n{PROSE}\nIntroduction\n{PROSE} More.")
    found = find(lines)
    assert found.abstract is not None
    assert found.abstract.joined() == PROSE
    assert page_text.find(class_lines("Log in\nSearch")).title == ""

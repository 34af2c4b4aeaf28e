from __future__ import annotations

import re
from pathlib import Path

import pytest

from stromata.errors import Unreadable
from stromata.formats.catalogue import FORMATS, recognise


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("TY  - JOUR\nTI  - x", "ris"),
        ("1. \nTY - JOUR", "ris"),
        ("PMID- 123\nTI  - x", "nbib"),
        ("OWN - ERIC\nTI  - x", "nbib"),
        ('[{"type":"book","title":"x"}]', "csl-json"),
        ("<!DOCTYPE html><html><body>x", "web-page"),
        ('{"title":"x","authors":"A B","abstract":"y"}', "json"),
        ("title,authors,abstract\nx,y,z\n", "csv"),
        ("<?xml version='1.0'?><PubmedArticleSet><PubmedArticle><PMID>1</PMID>", "pubmed-xml"),
        ("%0 Journal Article\n%T x\n%A Li, Bo\n", "enw"),
        ("@article{key,\n  title = {x},\n}", "bibtex"),
    ],
)
def test_a_format_is_known_by_its_content(head: str, name: str) -> None:
    assert recognise("x", head).name == name


def test_plain_text_is_tried_last() -> None:
    assert FORMATS[-1].name == "page-text"


def test_a_title_with_commas_is_no_table() -> None:
    with pytest.raises(Unreadable, match="holds nothing"):
        recognise("x", "Safety, efficacy, and tolerability of cells\n")


TRIAL = """Trial number: FCT-{0}
Scientific title: Stromal cells for hand stiffness {0}
Recruitment status: Completed
Sponsor: A fictional hospital {0}
Study type: Interventional
Sample size: 3{0}
Date of registration: 2020-01-0{0}

"""
NUMBERED = "".join(f"E.{n}.{m} A field of the form: value {n}{m}\n" for n in range(1, 5) for m in range(1, 3))
LABELLED = "".join(f"{key}: some text {{0}}\n" for key in ("Alpha", "Beta", "Gamma two", "Delta", "Epsilon", "Zeta"))


@pytest.mark.parametrize(
    "text", [TRIAL.format(1), TRIAL.format(1) + TRIAL.format(2), NUMBERED, "".join(map(LABELLED.format, range(3)))]
)
def test_a_dump_of_labelled_fields_is_no_page(text: str) -> None:
    with pytest.raises(Unreadable, match="list of labelled fields") as caught:
        recognise("x.txt", f"These are the records that you chose.\n\n{text}")
    assert caught.value.hint


def test_a_page_with_labels_and_related_articles_stays_a_page() -> None:
    prose = "Stiff hands limit daily life, and cells may help. We treated 30 adults and looked at them for a year. " * 5
    related = "".join(f"Title: Other {n}\nAuthors: A B\nJournal: J\nYear: 2020\nDOI: 10.99999/{n}\n" for n in range(3))
    head = f"Cells for stiff hands in systemic sclerosis\nAna Berg, Bo Li\nAbstract\n{prose}\nSponsor: None\nPhase: 2\n"
    assert recognise("x.txt", head + related).name == "page-text"


ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\"((?:ris|nbib|csl|bibtex|xml|pubmed|endnote|registry|jats|json|page|table|workbook)-[a-z-]+)\"")
SHARED = ("-empty-entry", "-no-title", "-date", "-doi", "-authors-cut", "-outside-entry", "-stray-line", "-no-end")


def test_every_code_of_a_problem_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    names = {form.name for form in FORMATS} | {"page-range"}  # a heading of tables
    told = {
        code
        for path in (ROOT / "src" / "stromata" / "formats").glob("*.py")
        for code in CODE.findall(path.read_text(encoding="utf-8"))
        if code not in names
    }
    assert len(told) > 50
    assert sorted(code for code in told if not code.endswith(SHARED) and f"`{code}`" not in page) == []
    assert [ending for ending in SHARED if f"`{ending}`" not in page] == []


def test_every_format_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    assert [form.name for form in FORMATS if f"`{form.name}`" not in page] == []

from __future__ import annotations

import json

from stromata.formats.page_data import article_in, linked, meta, objects_in, salvaged
from stromata.model import Name

PAPER = {
    "title": "Cells",
    "authors": [{"name": "Ana Berg"}],
    "year": 2020,
    "externalIds": {"DOI": "10.99999/x", "PubMed": "123"},
    "journal": {"name": "Fictional Journal", "volume": "3"},
    "abstract": "Text.",
}


def test_objects_are_found_in_text_with_their_places() -> None:
    text = f'before {json.dumps(PAPER)} after {{not json}} {{"a": 1}}'
    found, broken = objects_in(text)
    assert [value for _, _, value in found] == [PAPER, {"a": 1}]
    assert broken == []
    start, end, _ = found[0]
    assert json.loads(text[start:end]) == PAPER


def test_the_article_is_found_inside_a_larger_object() -> None:
    facts = article_in([{"props": {"related": [{"title": "Other", "doi": "10.1/x"}], "paper": PAPER}}], "")
    assert facts is not None
    assert (facts.title, facts.doi, facts.pmid, facts.journal, facts.volume) == (
        "Cells", "10.99999/x", "123", "Fictional Journal", "3",
    )  # fmt: skip
    assert facts.authors == (Name(family="Berg", given="Ana"),)
    assert facts.date == "2020"


def test_the_object_whose_title_the_page_shows_is_preferred() -> None:
    other = {**PAPER, "title": "Another"}
    facts = article_in([other, PAPER], "page says Cells here")
    assert facts is not None
    assert facts.title == "Cells"


def test_an_object_that_is_cut_off_gives_its_whole_fields() -> None:
    text = json.dumps(PAPER)[:-20]
    assert objects_in(text)[1] == [(0, len(text))]
    assert salvaged(text)["title"] == "Cells"


def test_json_ld_that_is_broken_or_of_another_kind_is_passed_over() -> None:
    assert linked(["{oops", json.dumps({"@type": "WebSite", "name": "x"})]) is None


def test_pages_without_article_tags_have_no_meta() -> None:
    assert meta([("viewport", "width", ""), ("keywords", "a, b", "")]) is None


def test_references_in_meta_tags_are_not_the_article() -> None:
    facts = meta(
        [
            ("citation_title", "Cells", ""),
            ("citation_reference", "citation_doi=10.88888/o", ""),
            ("citation_x", "y", ""),
        ]
    )
    assert facts is not None
    assert facts.doi == ""
    assert facts.extra == [("citation_x", "y")]

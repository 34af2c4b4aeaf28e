from __future__ import annotations

import pytest

from stromata.errors import Unreadable
from stromata.formats.table import FORMATS, recognise


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("TY  - JOUR\nTI  - x", "ris"),
        ("1. \nTY - JOUR", "ris"),
        ("PMID- 123\nTI  - x", "nbib"),
        ("OWN - ERIC\nTI  - x", "nbib"),
        ('[{"type":"book","title":"x"}]', "csl-json"),
        ("<!DOCTYPE html><html><body>x", "web-page"),
        ('{"title":"x","authors":"A B","abstract":"y"}', "page-text"),
    ],
)
def test_a_format_is_known_by_its_content(head: str, name: str) -> None:
    assert recognise("x", head).name == name


def test_plain_text_is_tried_last() -> None:
    assert FORMATS[-1].name == "page-text"


def test_a_title_with_commas_is_no_table() -> None:
    with pytest.raises(Unreadable, match="holds nothing"):
        recognise("x", "Safety, efficacy, and tolerability of cells\n")

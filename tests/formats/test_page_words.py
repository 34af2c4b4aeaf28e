from __future__ import annotations

from stromata.formats.page_words import words


def test_headings_are_listed_as_they_are_looked_up() -> None:
    assert all(word == word.lower().strip() for word in words().headings)
    assert all(word == word.lower().strip() for word in words().labels)


def test_common_english_sentences_are_no_furniture() -> None:
    for text in (
        "Cells were given to patients at one site.",
        "The search found nine studies.",
        "We report a case of lupus.",
    ):
        assert not words().any_furniture.search(text)

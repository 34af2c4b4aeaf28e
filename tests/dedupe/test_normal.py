"""Forms in which two spellings are equal."""

import pytest

from stromata.dedupe.normal import author_key, folded, same_journal, title_key
from stromata.model import Name, Record


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Annals of the Rheumatic Diseases", "Ann Rheum Dis", True),
        ("Journal of Dermatology", "Journal of Dermatology (Tokyo)", True),
        ("Stem Cells", "Stem Cells Translational Medicine", False),
        ("Lupus", "Nature", False),
        ("", "Nature", None),
    ],
)
def test_journals_match_when_each_word_begins_the_other(left, right, same):
    assert same_journal(left, right) is same
    assert same_journal(right, left) is same


def test_folding_drops_case_accents_markup_and_punctuation():
    assert folded("The <i>Sjögren’s</i> Syndrome: (Part-II)") == "the sjogren s syndrome part ii"


def test_a_family_name_is_the_key_and_a_whole_name_gives_its_first_word():
    assert author_key(Name("Müller", "A")) == "muller"
    assert author_key(Name(literal="Cell Therapy Group")) == "cell"
    assert author_key(Name()) == ""


def test_a_title_needs_four_words_or_eight_characters():
    def key(title: str) -> str:
        return title_key(Record(source="a" * 64, number=1, line=1, end_line=1, title=title))

    assert key("A reply to authors") == "a reply to authors"
    assert key("Three short words") == ""
    assert key("间充质干细胞治疗") != ""
    assert key("社论") == ""

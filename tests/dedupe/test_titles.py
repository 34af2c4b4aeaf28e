"""Titles without what is not their own, and what an equal one says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.dedupe.titles import core, folded, folded_lines, mended, numbers, title_words, weight, words_key


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The <i>Sjögren’s</i> Syndrome: (Part-II)", "the sjogrens syndrome part ii"),
        ("CD4<sup>+</sup> T&nbsp;cells &amp; IL-2", "cd4 t cells il 2"),
        ("TNF-α in ЗАЙНЯТІСТЬ", "tnf alpha in zainiatist"),
        ("Straße – Øre", "strasse ore"),
        ("KÃ¶nig's cells", "konigs cells"),
    ],
)
def test_folding_drops_case_accents_markup_and_punctuation(text, plain):
    assert folded(text) == plain
    assert folded_lines([text, "Other"]) == [plain, "other"] or "<" in text


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    assert folded(folded(text)) == folded(text)


def test_folding_many_texts_is_folding_each():
    texts = ["Ames, J.", "Müller K", "M?ller", "O'Brien"]
    assert folded_lines(texts) == ["ames j", "muller k", "mller", "obrien"]
    assert folded_lines([]) == []
    assert folded_lines(["one\ntwo", "three"]) == ["one two", "three"]


def test_text_read_in_the_wrong_encoding_is_mended_and_other_text_left():
    assert mended("RosenschÃ¶ld") == "Rosenschöld"
    assert mended("SÃ£o €") == "SÃ£o €"


@pytest.mark.parametrize(
    ("title", "words", "marks"),
    [
        ("[Stromal cells for lupus]", "stromal cells for lupus", ""),
        ("Stromal cells for lupus. [Review] [31 refs]", "stromal cells for lupus", ""),
        ("Stromal cells for lupus.[Erratum appears in J Cells. 2011", "stromal cells for lupus", ""),
        ("Stromal cells for lupus [Chinese]", "stromal cells for lupus", ""),
        ("STROMAL CELLS FOR LUPUS. GERMAN", "stromal cells for lupus", ""),
        ("Stromal cells for lupus (Provisional abstract)", "stromal cells for lupus", ""),
        ("#21 Stromal cells for lupus", "stromal cells for lupus", ""),
        ("Erratum to: Stromal cells for lupus", "stromal cells for lupus", "erratum"),
        ("Stromal cells for lupus (vol 35, pg 122, 2016)", "stromal cells for lupus", "erratum"),
        ("Retraction: Stromal cells for lupus", "stromal cells for lupus", "retraction"),
        ("RETRACTED: Stromal cells for lupus", "stromal cells for lupus", "withdrawn"),
        ("WITHDRAWN. Stromal cells for lupus", "stromal cells for lupus", "withdrawn"),
        ("Expression of concern: Stromal cells for lupus", "stromal cells for lupus", "concern"),
        ("Re: Stromal cells for lupus", "stromal cells for lupus", "comment"),
        ("Stromal cells for lupus - authors' reply", "stromal cells for lupus", "reply"),
        ("Stromal cells for lupus: study protocol for a randomised trial", "stromal cells for lupus", "protocol"),
        ("Effects of [18F]FDG", "effects of 18f fdg", ""),
        ("#NAME?", "", ""),
        ("", "", ""),
        ("Reply", "reply", ""),
    ],
)
def test_a_title_is_freed_of_notes_and_says_what_the_entry_is(title, words, marks):
    assert title_words(title) == (words, marks)


@given(st.text(alphabet="[]() .:Re#12aZé", max_size=25))
def test_no_title_is_too_odd(title):
    words, _ = title_words(title)
    assert words == folded(words)


def test_the_core_ends_before_the_subtitle():
    assert core("Stromal cells for lupus: a review", "stromalcellsforlupusareview", "") == len("stromalcellsforlupus")
    assert core("Lupus: a review", "lupusareview", "") == len("lupusareview"), "one word stands for no work"
    assert core("Stromal cells", "stromalcells", "") == len("stromalcells")


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("part ii of 3 trials", "2 3"),
        ("part i", "1"),
        ("vitamin i", ""),
        ("10 049 women", "10049"),
        ("cd4 and p16ink4a", "4 16 4"),
        ("no number", ""),
    ],
)
def test_numbers_of_a_title(title, found):
    assert numbers(title) == found


def test_general_titles_say_little_and_long_ones_much():
    def weighed(title: str, journal: str = "") -> int:
        return weight(title, title.replace(" ", ""), journal)

    assert weighed("editorial") == weighed("reply to the authors") == weighed("news") == 0
    assert weighed("quarterly remarks", "mis quarterly") == 0, "words of the journal's name are not the title's own"
    assert weighed("stromal cells lupus") == 1
    assert weighed("stromal cells treatment of lupus nephritis") == 2
    assert weighed("stromal cells for the treatment of refractory lupus nephritis in adolescents") == 3
    assert weighed("间充质干细胞治疗红斑狼疮") == 2, "a character counts for three letters"


def test_the_longest_words_make_a_key_in_order_of_the_alphabet():
    assert words_key("stromal cells against refractory nephritis") == "against nephritis refractory"
    assert words_key("stromal cells") == ""

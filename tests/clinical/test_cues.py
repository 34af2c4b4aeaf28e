"""What the words around a number say."""

import pytest

from stromata.clinical.cues import is_of_a_drug, is_of_a_visit, nearest_cue, sentence


def span(text, part):
    start = text.index(part)
    return start, start + len(part)


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("patients received 2e7 cells", "given"),
        ("2e7 cells were infused", "given"),
        ("2e7 cells were seeded in flasks", "other"),
        ("cultured cells; then 2e7 cells were injected", "given"),
        ("输注2e7 cells", "given"),
        ("收获2e7 cells", "other"),
        ("here are 2e7 cells", None),
    ],
)
def test_the_nearest_word_decides(text, cue):
    assert nearest_cue(text, *span(text, "2e7 cells")) == cue


def test_words_of_another_sentence_do_not_count():
    text = "Cells were cultured. 2e7 cells. They were frozen"
    assert nearest_cue(text, *span(text, "2e7 cells")) is None


def test_a_sentence_does_not_end_at_a_decimal_point():
    text = "given at 1.5 or 2e7 cells"
    assert sentence(text, *span(text, "2e7"))[0] == 0


@pytest.mark.parametrize(
    ("text", "drug"),
    [("methotrexate 15 mg", True), ("甲氨蝶呤 15 mg", True), ("adalimumab 15 mg", True), ("exosomes 15 mg", False)],
)
def test_a_drug_beside_the_number_is_seen(text, drug):
    assert is_of_a_drug(text, *span(text, "15 mg")) is drug


def test_a_drug_far_away_is_not_beside_the_number():
    text = "methotrexate had been stopped long before they got 15 mg"
    assert not is_of_a_drug(text, *span(text, "15 mg"))


@pytest.mark.parametrize(
    ("text", "visit"),
    [
        ("assessed every 3 months", True),
        ("infused every 3 months", False),
        ("infused every 3 months and assessed", False),
        ("随访every 3 months", True),
        ("every 3 months", False),
    ],
)
def test_a_visit_is_told_from_an_infusion(text, visit):
    assert is_of_a_visit(text, *span(text, "every 3 months")) is visit

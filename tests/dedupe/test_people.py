"""Family names from lists of authors in every form."""

import pytest

from stromata.dedupe.people import authors
from stromata.model import Name


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("Adeli K.Lewis G. F.", ["adeli", "lewis"]),
        ("McDonald A.DeFronzo R. A.O'Driscoll K.", ["mcdonald", "defronzo", "odriscoll"]),
        ("Sweiti HusseinEkwunife ObinnaLhachimi Stefan K.", ["sweiti", "ekwunife", "lhachimi"]),
        ("van Steeg Harryvan Benthem Jan", ["vansteeg", "vanbenthem"]),
        ("Kanaan RAAKim JSKaufmann WE", ["kanaan", "kim", "kaufmann"]),
        ("Ames, J.; Bo, K.", ["ames", "bo"]),
        ("Jane Ames and Kim Bo", ["ames", "bo"]),
        ("Ames J, Bo K, Coe L", ["ames", "bo", "coe"]),
        ("王小明；李华", ["wang", "li"]),
        ("Per-?ke Larson", ["larson"]),
    ],
)
def test_a_list_in_one_text_is_parted(text, families):
    assert authors((Name(literal=text),))[0] == families


def test_names_that_are_parted_already_are_taken_as_they_are():
    names = (Name("de la Cruz", "María"), Name(literal="Cell Therapy Group"), Name("Müller", "K"))
    families, first, given = authors(names)
    assert families == ["delacruz", "group", "muller"]
    assert (first, given) == ("delacruz", "maria")


def test_a_whole_name_ends_in_the_family_name_or_in_initials():
    assert authors((Name(literal="Andrew Eisenberg"), Name(literal="Melton J. K.")))[0] == ["eisenberg", "melton"]
    assert authors((Name(literal="Zhang XY"), Name(literal="Li Na")))[0] == ["zhang", "na"]


def test_nobody_is_no_author():
    assert authors((Name(literal="[Anonymous]"),)) == ([], "", "")
    assert authors(()) == ([], "", "")
    assert authors((Name(literal="et al"), Name("Ames", "J")))[1] == "ames"


def test_family_names_in_chinese_characters_become_pinyin():
    assert authors((Name("张", "伟"), Name("Zhang", "Wei")))[0] == ["zhang", "zhang"]

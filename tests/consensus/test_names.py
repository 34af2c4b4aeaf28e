"""Names in comments are hidden however they are written, and words that are no names are not."""

import pytest

from stromata.consensus.names import NameHider

NAMES = ("Wu Li", "王小明", "Jürgen Vogel", "Anne-Marie O’Neil", "vera", "X Y", "Dr. Hu", "李娜", "Ng", "欧阳修文")


@pytest.fixture(scope="module")
def hide():
    return NameHider(NAMES).hide


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("VERA said, as Vera's paper", "[name] said, as [name]'s paper"),
        ("_vera_ and v\u200bera and véra and ｖｅｒａ", "_[name]_ and [name] and [name] and [name]"),
        ("Ju\u0308rgen, Ｊürgen, Juergen, Jurgen, Jürgens view", "[name], [name], [name], [name], [name] view"),
        ("O'Neil, O’Neil, Oneil, Anne-Marie and Annemarie", "[name], [name], [name], [name] and [name]"),
        ("As Wu said to Li, and Ng", "As [name] said to [name], and [name]"),
        ("dr hu asked; Dr. Hu; Hu", "[name] asked; [name]; [name]"),
        ("王小明说", "[name]说"),
        ("小明同意, 王教授也同意, 王医生", "[name]同意, [name]教授也同意, [name]医生"),
        ("李娜 and 娜, 娜说, 李主任", "[name] and [name], [name]说, [name]主任"),
        ("修文和欧阳老师", "[name]和[name]老师"),
        ("同意vera的意见", "同意[name]的意见"),
        ("Vogel, J.", "[name], J."),
        ("\u0301vera\u0301", "\u0301[name]"),
    ],
)
def test_names_are_hidden(hide, text, shown):
    assert hide(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a number of li and wu, hu knows",  # two letters without a capital are words of other languages
        "veracity, overall, severance",
        "王国, 国王, 大王",
        "婀娜多姿",
        "y is x",
        "no names here: 1 in 3",
        "",
    ],
)
def test_what_is_no_name_stays(hide, text):
    assert hide(text) == text


def test_pseudonyms_are_hidden_and_their_words_are_not():
    names = [*(f"Simulated panellist {number}" for number in range(1, 12)), "example-facilitator", "Simulated observer"]
    hide = NameHider(names).hide
    assert hide("simulated comment: the panellist and a patient observer") == (
        "simulated comment: the panellist and a patient observer"
    )
    assert hide("As Simulated panellist 1 and panellist 11 say.") == "As [name] and [name] say."
    assert hide("panellist 12") == "panellist 12"
    assert hide("ask example-facilitator, simulated observer") == "ask [name], [name]"


def test_what_all_share_is_no_name():
    assert NameHider(["Skin Ann", "Skin Bob", "Skin Cy"]).hide("skin of Bob") == "skin of [name]"
    assert NameHider(["Skin Ann", "Skin Bob"]).hide("skin of Bob") == "[name] of [name]"


def test_nobody_to_hide():
    assert NameHider([]).hide("Ann") == NameHider(["", " "]).hide("Ann") == "Ann"


def test_a_pseudonym_that_is_a_word_counts_with_a_capital():
    assert NameHider(["Expert", "Bob"]).hide("The Expert is no expert") == "The [name] is no expert"

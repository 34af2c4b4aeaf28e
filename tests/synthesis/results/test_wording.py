import re

import pytest

from stromata.model import Caution
from stromata.synthesis.results.wording import (
    CITED,
    ESTIMATORS,
    Write,
    ci,
    cite,
    in_brackets,
    listed,
    paragraph,
    participants,
    plain_number,
    reservations,
    significance,
    spread,
    studies,
)
from stromata.synthesis.results.wording import (
    test_sentence as sentence_on_tests,
)


def spaces(text):
    return text.replace("\u00a0", " ")


def test_every_source_has_authors_a_year_and_a_place():
    assert [text for text in CITED.values() if not re.match(r"^[A-ZÀ-Ž].* \(\d{4}\), .*\d", text)] == []


def test_every_estimator_cites_a_source_that_exists():
    assert {source for _, source in ESTIMATORS.values()} <= set(CITED)


def test_references_stand_in_brackets_once_each():
    assert cite("egger", "egger") == "(Egger et al. 1997, BMJ 315, 629-634)"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.34, 0.7, "95 % CI 0.34 to 0.70"),
        (0.34, float("inf"), "95 % CI 0.34 or more"),
        (None, 0.7, "95 % CI 0.70 or less"),
        (None, None, ""),
        (None, float("inf"), ""),
    ],
)
def test_intervals_say_which_ends_they_have(low, high, text):
    assert spaces(ci(low, high, 0.95, Write("OR"))) == text


def test_proportions_are_in_percent_and_never_rounded_to_none_or_all():
    write = Write("PLO", 6)
    assert spaces(write(0.5407)) == "54 %"
    assert spaces(write(0.9999)) == ">99.9 %"
    assert spaces(write(1.0)) == "100 %"


def test_infinity_is_a_word():
    assert Write("OR")(float("inf")) == "infinite"


def test_counts_agree_with_their_nouns():
    assert [studies(1), studies(2), studies(1200)] == ["1 study", "2 studies", "1,200 studies"]
    assert [participants(1), participants(60), participants(None)] == ["1 participant", "60 participants", ""]
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_tests_are_told_with_what_there_is():
    assert spaces(significance(2.313, 12, 0.0392)) == "t = 2.31 on 12 degrees of freedom, p = 0.039"
    assert spaces(significance(-2.0, None, 0.0456)) == "z = −2.00, p = 0.046"
    assert spaces(significance(3.0, 1, 0.08, "χ²")) == "χ² = 3.00 on 1 degree of freedom, p = 0.080"
    assert significance(None, None, None) == ""
    assert significance(float("nan"), 3, float("nan")) == ""


def test_heterogeneity_says_nothing_where_there_is_nothing():
    assert spread() == ""
    assert spread(q=0.0, q_df=0, q_p=1.0) == ""
    assert "τ²" in spread(tau2=0.5)


def test_hartung_knapp_is_cited():
    assert "Knapp and Hartung 2003" in sentence_on_tests("knha", 0.95)
    assert "90" in sentence_on_tests("z", 0.9)


def test_empty_parts_leave_no_trace():
    assert paragraph("One.", "", " Two. ") == "One. Two."
    assert in_brackets("", "") == ""
    assert in_brackets("a", "", "b") == " (a; b)"


def test_cautions_can_be_left_to_other_sentences():
    found = (Caution("one", "First."), Caution("two", "Second."))
    assert reservations(found) == "First. Second."
    assert reservations(found, but=("one",)) == "Second."


def test_numbers_without_a_scale_keep_three_digits():
    assert plain_number(0.033812) == "0.0338"

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.synthesis.results import r_code


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_every_digit(value):
    assert float(r_code.number(value)) == value


def test_numbers_that_are_not_finite_have_their_words_in_r():
    assert [r_code.number(value) for value in (math.nan, math.inf, -math.inf)] == ["NA", "Inf", "-Inf"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "TRUE"),
        (np.bool_(False), "FALSE"),
        (None, "NA"),
        (3, "3"),
        ("a", '"a"'),
        ([1, None, 0.5], "c(1, NA, 0.5)"),
        (("x", "y"), 'c("x", "y")'),
        (np.array([0.1]), "c(0.1)"),
        (r_code.Bare("exp"), "exp"),
    ],
)
def test_values_have_their_words_in_r(value, text):
    assert r_code.literal(value) == text


def test_names_cannot_break_out_of_their_quotes():
    assert r_code.text('a"); q("no') == '"a\\"); q(\\"no"'
    assert r_code.text("a\\") == '"a\\\\"'
    assert "\n" not in r_code.text("a\nb")


def test_what_r_has_no_word_for_is_refused():
    with pytest.raises(TypeError):
        r_code.literal(object())


def test_columns_with_odd_names_are_quoted():
    assert "`my dose` = c(1)" in r_code.frame({"my dose": [1]})


def test_options_that_were_not_given_are_left_out():
    assert r_code.call("rma", "yi", "vi", test=None, level=90) == "rma(yi, vi, level=90)"


def test_comments_are_comments_on_every_line():
    assert r_code.without("One.", "Two.") == "# One.\n# Two.\n"


def test_matrices_are_written_by_row():
    assert r_code.matrix(np.array([[1.0, 2.0], [3.0, 4.0]])) == "matrix(c(1, 2, 3, 4), nrow = 2, byrow = TRUE)"


def test_iterations_run_to_the_end_and_closed_forms_need_nothing():
    assert "threshold" in r_code.control("reml")
    assert "tol" in r_code.control("pm")
    assert r_code.control("dl") is None
    assert r_code.rma_options("common", "reml", "z", 0.95) == ['method="EE"']
    assert r_code.rma_options("random", "dl", "knha", 0.9) == ['method="DL"', 'test="knha"', "level=90"]


def test_names_are_made_where_there_are_none():
    assert r_code.names_of((), 2) == ["1", "2"]
    assert r_code.names_of(("a", "b"), 2) == ["a", "b"]

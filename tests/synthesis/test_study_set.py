"""Checks that every analysis of sensitivity and bias shares."""

import math

import pytest

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes
from stromata.synthesis.study_set import check_options, study_set


def test_a_study_without_an_estimate_is_left_out_and_named():
    found = study_set([0.1, math.nan, 0.3], [0.01, 0.02, 0.03], labels=["A", "B", "C"])
    assert found.labels == ("A", "C")
    assert found.used == (0, 2)
    assert [caution.code for caution in found.cautions] == ["effects-left-out"]
    assert "B" in found.cautions[0].text


def test_effect_sizes_bring_their_labels_and_people():
    effects = effect_sizes("OR", labels=["A", "B"], ai=[3, 4], bi=[7, 6], ci=[5, 5], di=[5, 7])
    found = study_set(effects)
    assert found.labels == ("A", "B")
    assert found.n.tolist() == [20, 22]
    assert found.y.tolist() == [effect.yi for effect in effects]


def test_sizes_that_are_given_replace_those_of_the_effects():
    effects = effect_sizes("OR", ai=[3, 4], bi=[7, 6], ci=[5, 5], di=[5, 7])
    assert study_set(effects, ni=[1, 2]).n.tolist() == [1, 2]


def test_arrays_cannot_be_changed_afterwards():
    found = study_set([0.1, 0.2], [0.01, 0.02])
    with pytest.raises(ValueError, match="read-only"):
        found.y[0] = 9


@pytest.mark.parametrize(
    ("yi", "vi", "message"),
    [
        ([0.1, 0.2], [0.1, -0.1], "study 2, vi is -0.1"),
        ([0.1, 0.2], [0.1, 0.0], "study 2, vi is 0"),
        ([0.1, math.inf], [0.1, 0.1], "study 2, yi is inf"),
        ([0.1, 0.2], [0.1], "2 estimates and 1 vi"),
        ([0.1, 0.2], None, "without variances"),
        (["a", 0.2], [0.1, 0.1], "yi holds something that is not a number"),
        ([[0.1]], [[0.1]], "2 dimensions"),
    ],
)
def test_bad_values_are_refused_by_study_and_column(yi, vi, message):
    with pytest.raises(InvalidInput, match=message):
        study_set(yi, vi)


def test_too_few_studies_are_refused_in_words():
    with pytest.raises(InvalidInput, match="a test of asymmetry needs at least 3 studies; there are 2"):
        study_set([0.1, 0.2], [0.1, 0.1], least=3, purpose="a test of asymmetry")


def test_effects_of_two_measures_are_refused():
    effects = (
        *effect_sizes("OR", ai=[3], bi=[7], ci=[5], di=[5]),
        *effect_sizes("RR", ai=[3], bi=[7], ci=[5], di=[5]),
    )
    with pytest.raises(InvalidInput, match="several measures: OR, RR"):
        study_set(effects)


@pytest.mark.parametrize(
    "options", [{"method": "bogus"}, {"test": "bogus"}, {"level": 1.0}, {"method": "ee", "test": "knha"}]
)
def test_options_that_do_not_exist_are_refused(options):
    with pytest.raises(InvalidInput):
        check_options(**options)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": ["A", None]}, "row 2, labels is None"),
        ({"labels": 7}, "labels are 7"),
        ({"ni": [10, 0]}, "study 2, ni is 0"),
        ({"ni": [10, "x"]}, "ni holds"),
    ],
)
def test_names_and_sizes_that_cannot_be_right_are_refused_by_row_and_column(given, said):
    with pytest.raises(InvalidInput, match=said):
        study_set([0.1, 0.2], [0.01, 0.02], **given)

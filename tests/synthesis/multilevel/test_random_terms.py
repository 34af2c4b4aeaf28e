import math

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.multilevel.random_terms import coded, held, inner_outer, intercepts, parse

DATA = {
    "lab": ["b", "b", "a", "a", "a"],
    "run": [2, 1, 1, 1, 2],
    "time": [0.0, 2.5, 0.0, 1.0, 2.5],
    "dose": [1.0, 2.0, 3.0, 4.0, 5.0],
}
ALL = np.arange(5)


def term(text, struct, **options):
    options = {"data": DATA, "kept": ALL, "k": 5, "distances": None, "names": ("tau2", "rho")} | options
    return inner_outer(parse(text), struct, **options)


def test_nested_intercepts_have_the_levels_of_the_inner_factor_within_those_of_the_outer():
    first, second = intercepts(parse("~ 1 | lab/run"), DATA, ALL, 5, {})
    assert first.outer_levels == ("a", "b")
    assert first.outer.tolist() == [1, 1, 0, 0, 0]
    assert second.label == "lab/run"
    assert second.outer_levels == ("a/1", "a/2", "b/1", "b/2")
    assert second.outer.tolist() == [3, 2, 0, 0, 1]


def test_known_correlations_are_taken_by_name():
    matrix = np.array([[4.0, 1.0], [1.0, 1.0]])
    (only,) = intercepts(parse("~ 1 | lab"), DATA, ALL, 5, {"lab": (["b", "a"], matrix)})
    assert only.structure.known == pytest.approx(np.array([[1.0, 0.5], [0.5, 1.0]]))
    with pytest.raises(InvalidInput, match="no row for b"):
        intercepts(parse("~ 1 | lab"), DATA, ALL, 5, {"lab": (["c", "a"], matrix)})


def test_levels_are_sorted_as_numbers_or_by_the_alphabet():
    assert coded([10, 9.0, 2])[1] == ("2", "9", "10")
    assert coded(["b", "C", "a"])[1] == ("a", "b", "C")


@pytest.mark.parametrize("text", ["study", "~ 1", "~ 1 | ", "~ out | a/b", "~ | study"])
def test_a_term_of_another_form_is_refused(text):
    with pytest.raises(InvalidInput, match="cannot be read"):
        parse(text)


def test_levels_that_never_meet_leave_their_correlation_unknown():
    data = {"lab": ["a", "a", "b", "b"], "out": ["x", "y", "y", "z"]}
    found = term("~ out | lab", "UN", data=data, kept=np.arange(4), k=4)
    assert found.missing_pairs == {1}
    assert [found.structure.pairs[i] for i in found.missing_pairs] == [(0, 2)]


def test_continuous_times_are_apart_by_their_difference_and_plain_ones_by_their_rank():
    assert term("~ time | lab", "CAR").structure.known.tolist() == [[0, 1, 2.5], [1, 0, 1.5], [2.5, 1.5, 0]]
    assert term("~ time | lab", "AR").structure.known.tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]


def test_places_are_apart_by_their_coordinates_or_as_told():
    plane = term("~ time + dose | lab", "SPEXP").structure.known
    assert plane[0, 1] == pytest.approx(2.0)
    names, distances = ["1", "2"], [[0.0, 7.0], [7.0, 0.0]]
    assert term("~ run | lab", "SPEXP", distances=(names, distances)).structure.known[0, 1] == 7.0
    with pytest.raises(InvalidInput, match="no row for 2"):
        term("~ run | lab", "SPEXP", distances=(["1", "3"], distances))


def test_random_slopes_take_the_values_of_their_columns():
    found = term("~ dose | lab", "GEN")
    assert found.inner_levels == ("intrcpt", "dose")
    assert found.z[:, 1].tolist() == DATA["dose"]


def test_fixed_values_are_counted_and_kept_in_range():
    assert np.isnan(held("tau2", None, 2)).all()
    assert held("rho", 0.5, 3).tolist() == [0.5] * 3
    assert math.isnan(held("sigma2", [None, 0.1], 2)[0])
    with pytest.raises(InvalidInput, match="has 1 values; the model has 2"):
        held("tau2", [0.1], 2)
    with pytest.raises(InvalidInput, match=r"tau2 is -0\.1; it must be a variance from 0"):
        held("tau2", -0.1, 1)


def test_a_factor_of_a_column_is_the_column():
    found = parse("~ factor(time) | as.factor(`lab`)")
    assert (found.inner, found.outer) == ("time", ("lab",))

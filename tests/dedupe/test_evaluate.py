"""What precision, recall and lost references mean, on numbers that can be counted by hand."""

import pytest

from stromata.dedupe.evaluate import evaluate
from stromata.errors import InvalidInput


def test_figures_of_a_small_example():
    # Works: A = a1 a2 a3, B = b1 b2, C = c1. Predicted: {a1 a2}, {a3}, {b1 c1}, {b2}.
    truth = {"a1": "A", "a2": "A", "a3": "A", "b1": "B", "b2": "B", "c1": "C"}
    clusters = {"a1": 1, "a2": 1, "a3": 2, "b1": 3, "c1": 3, "b2": 4}
    found = evaluate(clusters, truth)
    assert (found.records, found.works, found.duplicates) == (6, 3, 3)
    assert (found.true_pairs, found.predicted_pairs, found.common_pairs) == (4, 2, 1)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.25, pytest.approx(1 / 3))
    assert found.specificity == pytest.approx(1 - 1 / 11)
    assert (found.found, found.missed) == (1, 2)
    assert found.references_lost == 1, "C was merged into B, whose record is kept"
    assert found.false_merges == (("b1", "c1"),)
    assert found.missed_works == (("a1", "a3"), ("b1", "b2"))


def test_a_work_that_is_kept_elsewhere_is_not_lost():
    truth = {"a": "A", "b1": "B", "b2": "B"}
    assert evaluate({"a": 1, "b1": 1, "b2": 2}, truth).references_lost == 0
    assert evaluate({"a": 1, "b1": 1, "b2": 1}, truth).references_lost == 1


def test_the_perfect_and_the_empty_prediction():
    truth = {"a": 1, "b": 1, "c": 2}
    perfect = evaluate(truth, truth)
    assert (perfect.precision, perfect.recall, perfect.f1, perfect.missed) == (1, 1, 1, 0)
    empty = evaluate({"a": 1, "b": 2, "c": 3}, truth)
    assert (empty.precision, empty.recall, empty.f1, empty.missed) == (1, 0, 0, 1)


def test_records_must_be_the_same():
    with pytest.raises(InvalidInput, match="'c'"):
        evaluate({"a": 1, "c": 1}, {"a": 1})

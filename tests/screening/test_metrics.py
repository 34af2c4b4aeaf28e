"""Measures of an order of reading, pinned on made-up orders that ASReview measured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.screening import metrics

# From asreview 3.0.8 (asreview.metrics: loss, ndcg) and asreview-insights 1.6.1 (_wss, _recall, _erf,
# _average_time_to_discovery), on these labels; the tolerance is rounding of doubles.
MIXED = [0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
LATE = [1] * 3 + [0] * 30 + [1] + [0] * 10
LAST = [0] * 12 + [1]
PINNED = [
    (MIXED, {"loss": 0.28125, "ndcg": 0.6671257879301893, "wss95": 0.3, "wss100": 0.1, "erf": 0.25, "atd": 7.0},
     [0.0, 0.25, 0.5, 0.75]),
    (LATE, {"loss": 0.1875, "ndcg": 0.9079805764421901, "wss95": 0.5681818181818182, "wss100": 0.11363636363636363,
            "erf": 0.75, "atd": 10.0}, [0.5, 0.75, 0.75, 0.75]),
    (LAST, {"loss": 1.0, "ndcg": 0.26264953503719357, "wss95": -0.38461538461538464, "wss100": -0.38461538461538464,
            "erf": 0.0, "atd": 13.0}, [0.0] * 4),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "numbers", "recalls"), PINNED)
def test_measures_agree_with_asreview(labels, numbers, recalls):
    found = metrics.measures(labels)
    assert {name: getattr(found, name) for name in numbers} == pytest.approx(numbers, abs=1e-12)
    assert [value for _, value in found.recall] == pytest.approx(recalls, abs=1e-12)
    assert [share for share, _ in found.recall] == [0.05, 0.1, 0.2, 0.5]
    assert (found.n, found.relevant) == (len(labels), sum(labels))


orders = st.lists(st.integers(0, 1), min_size=2, max_size=60).filter(lambda one: 0 < sum(one) < len(one))


@given(orders)
def test_an_order_and_its_reverse_share_the_loss(labels):
    assert metrics.loss(labels) + metrics.loss(labels[::-1]) == pytest.approx(1)
    assert metrics.loss(sorted(labels)) == pytest.approx(1)
    assert metrics.loss(sorted(labels, reverse=True)) == pytest.approx(0)


@given(orders)
def test_loss_follows_from_the_mean_place(labels):
    """The area above a curve of steps is the sum of the places, whatever their order."""
    n, relevant = len(labels), sum(labels)
    best = (relevant + 1) / 2
    assert metrics.loss(labels) == pytest.approx((metrics.atd(labels) - best) / (n - relevant))


@given(orders)
def test_the_recall_curve_rises_from_the_first_to_all(labels):
    curve = metrics.recall_curve(labels)
    assert curve[-1] == 1
    assert (curve[1:] >= curve[:-1]).all()
    assert metrics.recall(labels, 1.0) == 1
    assert metrics.recall(labels, 0.5 / len(labels)) == 0


@given(orders)
def test_gain_is_full_only_for_the_best_order(labels):
    gain = metrics.ndcg(labels)
    assert 0 < gain <= 1 + 1e-12
    assert math.isclose(gain, 1) == (labels == sorted(labels, reverse=True))


def test_work_saved_at_95_percent_is_taken_at_the_last_find_that_does_not_lead_beyond():
    """With 4 relevant references the fourth find is 100 %, so 95 % is taken at the third."""
    early, late = [1, 1, 1, 1] + [0] * 16, [1, 1, 1] + [0] * 16 + [1]
    assert metrics.wss(early, 0.95) == metrics.wss(late, 0.95)
    assert metrics.wss(early, 1.0) > metrics.wss(late, 1.0)
    assert metrics.wss([1, 0, 0], 0.95) == metrics.wss([1, 0, 0], 1.0)


@pytest.mark.parametrize("labels", [[], [0, 0], [1, 1], [0, 2, 1], [[0, 1]]])
def test_what_cannot_be_measured_is_refused(labels):
    with pytest.raises(InvalidInput):
        metrics.measures(labels)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.model import Interval
from stromata.reporting.axes import axis_for


def test_proportions_always_stand_on_0_to_100_per_cent():
    axis = axis_for("PLO", [Interval(0.01, 0.0, 0.02)])
    assert (axis.low, axis.high) == (0, 1)
    assert [text for _, text in axis.ticks] == ["0", "20", "40", "60", "80", "100"]
    assert axis.place(0.25) == pytest.approx(0.25)


def test_equal_ratios_take_equal_room():
    axis = axis_for("RR", [Interval(1.5, 0.5, 4.0)])
    assert axis.place(2) - axis.place(1) == pytest.approx(axis.place(1) - axis.place(0.5))
    assert axis.place(0) < 0
    assert "1" in [text for _, text in axis.ticks]


def test_one_wide_interval_does_not_press_the_others_together():
    narrow = [Interval(1.1, 0.9, 1.3), Interval(1.2, 1.0, 1.5), Interval(0.9, 0.7, 1.2)]
    axis = axis_for("OR", [*narrow, Interval(1.4, 0.001, 2000.0)])
    assert axis.high < 10
    assert axis.place(2000) > 1
    assert axis.place(0.001) < 0


_bound = st.floats(-1e4, 1e4)


@given(st.lists(st.tuples(_bound, _bound, _bound).map(sorted), max_size=6))
def test_every_difference_and_zero_lie_on_the_axis(triples):
    intervals = [Interval(mid, low, high) for low, mid, high in triples]
    axis = axis_for("MD", intervals)
    assert all(-1e-6 <= axis.place(value) <= 1 + 1e-6 for value in [0.0, *(each.estimate for each in intervals)])
    values = [value for value, _ in axis.ticks]
    assert values == sorted(set(values))
    assert 2 <= len(values) <= 9
    assert len({text for _, text in axis.ticks}) == len(values)


@given(st.lists(st.tuples(*[st.floats(-9, 9)] * 3).map(sorted), min_size=1, max_size=6))
def test_every_ratio_and_one_lie_on_the_axis(triples):
    intervals = [Interval(10**mid, 10**low, 10**high) for low, mid, high in triples]
    axis = axis_for("RR", intervals)
    assert all(-1e-6 <= axis.place(value) <= 1 + 1e-6 for value in [1.0, *(each.estimate for each in intervals)])
    assert 2 <= len(axis.ticks) <= 12


def test_an_axis_without_any_interval_still_has_a_range():
    for measure in ("PLO", "RR", "MD", "MN"):
        axis = axis_for(measure, [Interval(None, None, None)])
        assert axis.low < axis.high

import math
from typing import get_args

import pytest

from reporting.figures.samples import nothing, trials
from stromata.model import Interval, MeasureName
from stromata.reporting.figures.scales import Scale, axis_of, finite, pooled_text, studies
from stromata.synthesis import MEASURES

READABLE = [name for name in get_args(MeasureName) if Scale(name).readable]


@pytest.mark.parametrize("name", READABLE)
def test_values_come_back_as_the_pool_itself_brings_them_back(name):
    """The table here and that of the measures are written apart; they must agree."""
    inside = (-0.9, -0.5, -0.1) if name == "PLN" else (0.1, 0.5, 0.9)
    for y in inside:
        assert Scale(name).natural(y) == pytest.approx(MEASURES[name].to_natural(y, 100.0))
        assert Scale(name).analysis(Scale(name).natural(y)) == pytest.approx(y)


@pytest.mark.parametrize("name", get_args(MeasureName))
def test_ticks_lie_within_their_axis_in_order_and_are_few(name):
    for low, high in ((-0.5, 0.9), (0.01, 0.02), (-6.0, 6.0), (0.2, 0.21)):
        ticks = Scale(name).ticks(low, high)
        places = [place for place, _ in ticks]
        assert 2 <= len(ticks) <= 12
        assert places == sorted(set(places))
        assert all(low - 1e-9 <= place <= high + 1e-9 for place in places)


def test_ticks_of_ratios_and_proportions_read_on_the_natural_scale():
    ticks = Scale("RR").ticks(math.log(0.1), math.log(10))
    assert [text for _, text in ticks] == ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
    assert [place for place, _ in ticks] == pytest.approx([math.log(float(text)) for _, text in ticks])
    halves = [place for place, text in Scale("PLO").ticks(-3, 3) if text == "50"]
    assert halves == [0.0]
    assert [text for _, text in Scale("PR").ticks(0, 1)] == ["0", "20", "40", "60", "80", "100"]


def test_extreme_values_have_a_place():
    assert Scale("OR").natural(1e6) == math.inf
    assert Scale("PLO").natural(-1e6) == pytest.approx(0)
    assert Scale("PLO").natural(1e6) == 1
    assert Scale("OR").analysis(0) == -math.inf
    assert Scale("PLO").analysis(1) == math.inf
    assert Scale("ZCOR").analysis(-1) == -math.inf


def test_measures_that_need_each_studys_size_stay_on_the_scale_of_analysis():
    scale = Scale("PFT")
    assert not scale.readable
    assert "scale of analysis" in scale.label
    assert scale.text(0.784) == "0.78"
    assert axis_of(scale, [Interval(0.7, 0.6, 0.8)]).label == scale.label


def test_no_effect_is_given_on_the_scale_of_analysis():
    assert (Scale("OR").no_effect, Scale("MD").no_effect, Scale("PLO").no_effect) == (0.0, 0.0, None)


def test_what_is_not_finite_is_left_out():
    assert finite(Interval(1.0, -math.inf, math.nan)) == Interval(1.0, None, None)
    assert Scale("OR").interval(0.0, -math.inf, 1e6) == Interval(1.0, None, None)


def test_the_pooled_result_is_said_in_a_sentence():
    assert pooled_text(trials()).replace("\u00a0", " ").startswith("Pooled risk ratio with 95 % interval: 0.")
    assert pooled_text(nothing()) == "There is no pooled estimate."
    assert (studies(0), studies(1), studies(2)) == ("0 studies", "1 study", "2 studies")

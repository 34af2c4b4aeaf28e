import math
from functools import cache

import pytest

from reporting.figures.samples import (
    description,
    effects,
    ids,
    nothing,
    numbers_of,
    part,
    proportions,
    read,
    texts,
    trials,
)
from stromata.errors import InvalidInput
from stromata.reporting.figures import describe_funnel, describe_radial, funnel, radial
from stromata.reporting.figures.contours import quantile
from stromata.synthesis import effect_sizes, pool
from stromata.synthesis.bias.asymmetry import trimfill


@cache
def drawn(result, **options):
    return read(funnel(result, width_mm=84, **options))


def dots(root, start):
    found = []
    for name in ids(root, start):
        use = next(each for each in part(root, name).iter() if each.tag.endswith("use"))
        found.append((float(use.get("x")), float(use.get("y"))))
    return found


def test_studies_stand_by_estimate_and_standard_error_the_precise_ones_above():
    root, found = drawn(trials()), effects()
    places = dots(root, "study-")
    assert len(places) == 7
    for at, key in ((0, lambda effect: effect.yi), (1, lambda effect: math.sqrt(effect.vi))):
        values = [key(effect) for effect in found]
        slope = (places[3][at] - places[0][at]) / (values[3] - values[0])
        assert [place[at] for place in places] == pytest.approx(
            [places[0][at] + slope * (value - values[0]) for value in values], abs=0.01
        )
        assert slope > 0


def test_contours_are_drawn_where_there_is_a_value_of_no_effect():
    assert len(ids(drawn(trials()), "contour-")) == 3
    assert ids(drawn(trials(), contours=(0.95,)), "contour-") == ["contour-0.95"]
    assert not ids(drawn(trials(), contours=()), "contour-")
    assert not ids(drawn(proportions()), "contour-")


def test_regions_are_named_by_their_p_values_and_have_different_greys():
    root = drawn(trials())
    assert {"p > 0.1", "0.05 < p ≤ 0.1", "0.01 < p ≤ 0.05", "p ≤ 0.01"} <= set(texts(root))
    greys = [
        next(each.get("style") for each in part(root, name).iter() if each.get("style"))
        for name in ids(root, "contour-")
    ]
    assert len(set(greys)) == 3


@pytest.mark.parametrize("contours", [(0.0,), (1.0,), (95,), (0.5, 0.6, 0.7, 0.8, 0.9)])
def test_impossible_contours_are_refused(contours):
    with pytest.raises(InvalidInput):
        funnel(trials(), contours=contours)


def test_mirrored_studies_are_open_diamonds_of_their_own():
    filled = trimfill(effects(), side="right")
    assert filled.k0
    root = read(funnel(trials(), trimfill=filled))
    assert len(ids(root, "filled-")) == filled.k0
    assert "added by trim-and-fill" in texts(root)
    assert len(ids(root, "pooled-filled")) == 1
    assert f"Trim-and-fill adds {filled.k0} stud" in description(root)
    assert not ids(drawn(trials()), "filled-")


def test_a_funnel_of_no_study_and_of_one_is_drawn():
    assert not ids(drawn(nothing()), "study-")
    assert len(ids(drawn(pool(effects()[:1])), "study-")) == 1
    assert "0 studies" in describe_funnel(nothing())


def test_studies_without_an_estimate_are_not_drawn():
    found = effect_sizes("OR", ai=[0, 8, 5], bi=[10, 2, 6], ci=[0, 3, 4], di=[9, 7, 8], to="none")
    assert len(ids(drawn(pool(found)), "study-")) == 2


def test_the_description_counts_what_lies_in_each_region():
    inside = sum(abs(effect.yi) > quantile(0.95) * math.sqrt(effect.vi) for effect in effects())
    assert f"{inside} have p < 0.05" in describe_funnel(trials(), contours=(0.95,))


def test_in_a_radial_plot_the_slope_of_a_study_is_its_estimate():
    root, result = read(radial(trials())), trials()
    places = dots(root, "study-")
    line = numbers_of(part(root, "pooled"))
    (x0, y0), (x1, y1) = line[0], line[-1]
    zero = (x0, y0)
    unit = (y1 - y0) / (x1 - x0) / result.estimate
    slopes = [(y - zero[1]) / (x - zero[0]) / unit for x, y in places]
    assert slopes == pytest.approx([effect.yi for effect in result.effects], abs=0.002)


def test_a_radial_plot_names_its_slopes_and_what_lies_outside_the_band():
    shown = [text for text in texts(read(radial(trials()))) if text in {"0.1", "0.2", "0.5", "1"}]
    assert len(shown) >= 2
    assert "Outside the band of 95 %: none." in describe_radial(trials())
    common = describe_radial(trials(model="common"))
    assert "Hart & Sutherland 1977" in common.split("Outside the band of 95 %: ")[1].split(".")[0]
    assert not ids(read(radial(nothing())), "study-")

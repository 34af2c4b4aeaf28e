"""Funnel plots in a report: what stands where, where it leads, and what it says to those who cannot see it."""

import math
from dataclasses import replace

import lxml.etree
import pytest

from reporting.builders import pooled, proportion
from stromata import synthesis
from stromata.model import Interval
from stromata.reporting import funnel_svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(result, **options):
    return lxml.etree.fromstring(funnel_svg(result, **options))


def text(figure):
    return " ".join("".join(figure.itertext()).split())


def circles(figure):
    return {each.findtext(f"{SVG}title").split(":")[0]: each for each in figure.iter(f"{SVG}circle")}


def at(circle):
    return float(circle.get("cx")), float(circle.get("cy"))


def compared(tables=((8, 20, 4, 20), (30, 90, 20, 90), (3, 10, 5, 10), (0, 9, 3, 9)), measure="OR", **options):
    columns = dict(zip(("ai", "n1i", "ci", "n2i"), zip(*tables, strict=True), strict=True))
    names = [f"S{place}" for place in range(len(tables))]
    effects = synthesis.effect_sizes(measure, labels=names, data_points=[(f"{name}.x",) for name in names], **columns)
    return synthesis.pool(effects, **options)


def single(*counts):
    effects = tuple(proportion(f"S{place}", x, n) for place, (x, n) in enumerate(counts))
    return pooled(Interval(0.5, 0.3, 0.7), effects)


def test_larger_and_more_precise_studies_stand_higher_and_larger_effects_further_right():
    found = circles(drawn(compared()))
    assert at(found["S1"])[1] < at(found["S0"])[1] < at(found["S3"])[1]
    assert at(found["S3"])[0] < at(found["S2"])[0] < at(found["S1"])[0] < at(found["S0"])[0]
    of_people = circles(drawn(single((10, 100), (9, 10), (2, 4))))
    assert at(of_people["S0"])[1] < at(of_people["S1"])[1] < at(of_people["S2"])[1]
    assert at(of_people["S0"])[0] < at(of_people["S2"])[0] < at(of_people["S1"])[0]


def test_the_depth_of_a_proportion_is_one_over_the_root_of_its_people():
    found = circles(drawn(single((1, 4), (5, 16), (40, 64))))
    tops = [at(found[name])[1] for name in ("S0", "S1", "S2")]
    assert (tops[0] - tops[1]) / (tops[1] - tops[2]) == pytest.approx((1 / 2 - 1 / 4) / (1 / 4 - 1 / 8), rel=1e-3)


def test_none_and_all_of_a_group_have_their_place_without_a_correction():
    figure = drawn(single((0, 5), (5, 5), (3, 6)))
    found = circles(figure)
    ends = [float(each.get("x")) for each in figure.iter(f"{SVG}text") if each.text in ("0", "100")]
    assert [at(found["S0"])[0], at(found["S1"])[0]] == ends
    assert "Open circles" not in text(figure)
    assert "S0: 0 of 5" in text(figure)


@pytest.mark.parametrize(
    ("counts", "pooled_at", "ends"),
    [
        (((1, 90), (0, 70), (2, 80)), 0.02, ("0", "6")),
        (((89, 90), (70, 70), (78, 80)), 0.98, ("94", "100")),
        (((30, 90), (0, 70), (60, 80)), 0.5, ("0", "100")),
        (((0, 9), (0, 7)), 0.0, ("0.0", "1.0")),
    ],
)
def test_rare_and_common_events_fill_the_width_and_keep_their_end(counts, pooled_at, ends):
    figure = drawn(replace(single(*counts), natural=Interval(pooled_at, None, None)))
    ticks = {each.text: float(each.get("x")) for each in figure.iter(f"{SVG}text") if each.get("y") == "332"}
    assert (min(ticks, key=ticks.get), max(ticks, key=ticks.get)) == ends
    found = circles(figure)
    if pooled_at > 0.9:
        assert at(found["S1"])[0] == ticks["100"]
    else:
        assert at(found["S1" if pooled_at else "S0"])[0] == ticks[ends[0]]


def test_the_funnel_of_a_proportion_holds_what_chance_allows():
    figure = drawn(single((5, 10), (10, 20), (2, 4)))
    (path,) = [each for each in figure.iter(f"{SVG}path") if each.get("class") == "funnel-lines"]
    left, _, right = [line.split("L") for line in path.get("d").split("M")[1:]]
    centre, top = map(float, left[0].split())
    deepest = 1.06 / math.sqrt(4)
    wide, foot = map(float, right[1].split())
    per_unit = next(float(each.get("x")) for each in figure.iter(f"{SVG}text") if each.text == "100") - next(
        float(each.get("x")) for each in figure.iter(f"{SVG}text") if each.text == "0"
    )
    reach = 1.959964 * math.sqrt(0.5 * 0.5) * deepest  # beyond 100 %: the line ends at the side
    assert reach > 0.5
    assert (wide - centre) / per_unit == pytest.approx(0.5, abs=1e-3)
    assert (foot - top) / 300 == pytest.approx(0.5 / reach, abs=1e-3)


def test_comparisons_have_contours_around_no_effect_and_single_groups_have_none():
    figure = drawn(compared())
    assert sum(each.get("class") == "contour" for each in figure.iter()) == 4
    assert "0.01 < p ≤ 0.05" in text(figure)
    alone = drawn(single((5, 10), (6, 12)))
    assert not [each for each in alone.iter() if each.get("class") == "contour"]
    assert " p " not in text(alone)


def test_contours_tell_the_p_value_of_a_study():
    figure = drawn(compared(((5, 50, 20, 50), (10, 50, 12, 50), (9, 40, 10, 40))))
    assert "1 have p < 0.1, 1 have p < 0.05, 1 have p < 0.01." in figure.findtext(f"{SVG}desc")
    x, y = at(circles(figure)["S0"])
    inner = [each for each in figure.iter(f"{SVG}path") if each.get("class") == "contour"][-1]  # p > 0.1
    apex, left = (tuple(map(float, part.split())) for part in inner.get("d").removeprefix("M").split("L")[:2])
    edge = apex[0] + (left[0] - apex[0]) * (y - apex[1]) / (left[1] - apex[1])
    assert x < edge


def test_every_study_is_a_link_with_a_name_to_where_the_caller_says():
    figure = drawn(compared(), link=lambda _result, effect, part: f"#{effect.label}-{part}")
    links = {each.get("href"): each for each in figure.iter(f"{SVG}a")}
    assert list(links) == [f"#S{place}-estimate" for place in range(4)]
    assert links["#S0-estimate"].find(f"{SVG}circle/{SVG}title").text.startswith("S0: 2.67")


def test_without_a_link_a_study_is_still_named_to_a_screen_reader():
    bare = drawn(compared(), link=lambda *_: "")
    assert not list(bare.iter(f"{SVG}a"))
    assert all(each.get("role") == "img" and each.get("aria-label") for each in bare.iter(f"{SVG}circle"))


def test_studies_that_share_a_place_stand_side_by_side():
    figure = drawn(single((2, 2), (2, 2), (2, 2), (8, 20)))
    found = circles(figure)
    across = [at(found[name])[0] for name in ("S0", "S1", "S2")]
    assert len(set(across)) == 3
    assert max(across) == across[0]  # towards the middle: none beyond the axis
    assert "side by side" in text(figure)
    assert "side by side" not in text(drawn(single((2, 2), (8, 20))))


def test_corrected_studies_are_open_and_those_without_a_place_are_named():
    found = compared(((0, 9, 3, 9), (30, 90, 20, 90), (0, 8, 0, 8)))
    figure = drawn(found)
    shown = circles(figure)
    assert shown["S0"].get("fill") == "#ffffff"
    assert shown["S1"].get("fill") != "#ffffff"
    assert "Open circles" in text(figure)
    lost = replace(found, effects=(*found.effects[:2], replace(found.effects[2], yi=None, vi=None)))
    assert "Without a place, because they have no standard error: S2." in text(drawn(lost))


def test_means_of_single_groups_stand_against_their_error_without_contours():
    effects = synthesis.effect_sizes("MN", labels=["A", "B"], mi=[-3.0, -4.0], sdi=[1.0, 2.0], ni=[10, 12])
    figure = drawn(synthesis.pool(effects))
    assert "standard error" in figure.findtext(f"{SVG}desc")
    assert not [each for each in figure.iter() if each.get("class") == "contour"]


def test_the_description_says_what_the_eye_would_see():
    figure = drawn(single((1, 10), (9, 10), (8, 10)), identifier="here")
    said = figure.findtext(f"{SVG}desc")
    assert said.startswith("Funnel plot of 3 studies against their number of people.")
    assert "1 lie below the pooled estimate, 2 at or above it." in said
    assert figure.get("role") == "group"
    assert figure.get("aria-labelledby") == "here-title here-desc"


def test_a_result_without_studies_or_estimate_can_be_drawn():
    nothing = pooled(Interval(None, None, None), (), estimate=None)
    assert not circles(drawn(nothing))
    silent = replace(compared(), estimate=None, natural=Interval(None, None, None))
    assert "funnel-lines" not in funnel_svg(silent)
    assert len(circles(drawn(silent))) == 4


def test_nothing_of_a_label_becomes_markup():
    hostile = proportion("<script>x</script>\x00&amp;", 3, 5)
    figure = drawn(pooled(Interval(0.5, 0.3, 0.7), (hostile,)))
    assert not [each for each in figure.iter() if each.tag == f"{SVG}script"]

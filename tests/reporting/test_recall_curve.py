"""Recall curves: their steps, their key, and their words."""

import re

import pytest
from lxml import etree

from stromata.errors import InvalidInput
from stromata.reporting.recall_curve import Curve, describe_recall_curve, recall_curve_svg

ONE = Curve("one", (1, 0, 1, 0, 0, 0, 0, 0, 0, 0), stop=5)
TWO = Curve("two <b>", (0, 0, 0, 0, 0, 0, 0, 0, 1, 1))


def drawn(curves, **more):
    return etree.fromstring(recall_curve_svg(curves, **more).encode())


def paths(root, kind):
    return [one.get("d") for one in root.iter("{*}path") if one.get("class") == kind]


def test_a_curve_goes_up_at_each_find_and_along_between():
    root = drawn([ONE])
    (path,) = paths(root, "curve")
    steps = re.findall(r"([MHV])([\d. ]+)", path)
    assert [kind for kind, _ in steps] == ["M", "H", "V", "H", "V", "H"]
    start, top = (float(one) for one in steps[0][1].split())
    across = [float(value) for kind, value in steps if kind == "H"]
    up = [float(value) for kind, value in steps if kind == "V"]
    whole = across[-1] - start
    assert [(one - start) / whole for one in across] == pytest.approx([0.1, 0.3, 1.0], abs=1e-3)
    assert (top - up[0]) * 2 == pytest.approx(top - up[1])
    assert paths(root, "mean") == []


def test_several_curves_have_a_mean_and_a_name_each():
    root = drawn([ONE, TWO, Curve("one", TWO.labels)])
    assert len(paths(root, "curve")) == 3
    assert len(paths(root, "mean")) == 1
    texts = ["".join(one.itertext()) for one in root.iter("{*}text")]
    assert texts.count("one") == 1
    assert "two <b>" in texts
    assert "mean of all" in texts


def test_a_dot_stands_where_reading_would_have_ended():
    (dot,) = drawn([ONE, TWO]).iter("{*}circle")
    assert "stop after 50 % read, 100.0 % found" in "".join(dot.itertext())


def test_the_figure_says_its_numbers_in_words():
    said = describe_recall_curve([ONE, TWO])
    assert "one: 50 % after 10 %, 50 % after 20 %, 100 % after 50 %; the rule said stop after 50 %" in said
    assert "two <b>: 0 % after 10 %, 0 % after 20 %, 0 % after 50 %" in said
    root = drawn([ONE])
    assert root.find("{*}desc").text == describe_recall_curve([ONE])
    assert root.find("{*}title").text == "Recall curve"


def test_many_long_names_stay_inside_the_figure():
    curves = [Curve(f"A rather long name of a labelled set, number {place}", ONE.labels) for place in range(30)]
    root = drawn(curves)
    bottom = max(float(one.get("y")) for one in root.iter("{*}text") if one.get("y"))
    assert bottom < float(root.get("height"))
    looks = {
        (one.get("stroke"), one.get("stroke-dasharray")) for one in root.iter("{*}path") if one.get("class") == "curve"
    }
    assert len(looks) == 28


@pytest.mark.parametrize("curves", [[], [Curve("none", (0, 0))]])
def test_there_must_be_something_to_draw(curves):
    with pytest.raises(InvalidInput):
        recall_curve_svg(curves)

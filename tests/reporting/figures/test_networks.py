"""Network graphs, rankograms and comparison-adjusted funnels: what stands where, and what is said."""

import itertools
from functools import cache

import pytest

from reporting.figures.samples import description, ids, part, read, texts
from stromata.errors import InvalidInput
from stromata.reporting.figures import (
    comparison_funnel,
    describe_comparison_funnel,
    describe_network_graph,
    describe_rankogram,
    network_graph,
    rankogram,
)
from stromata.reporting.figures.canvas import checked, overlap
from stromata.reporting.figures.networks import _crosses, _graph, _Layout
from stromata.synthesis.networks.contribution import funnel
from stromata.synthesis.networks.network import network
from stromata.synthesis.networks.ranking import rank_probabilities
from stromata.synthesis.networks.rare_events import network_mh

ARMS = {
    "study": ["a", "a", "b", "b", "c", "c", "d", "d", "d", "e", "e", "f", "f"],
    "treatment": [*"xyxyyzxyzyzwx"],
    "events": [10, 15, 7, 9, 12, 5, 9, 14, 4, 20, 8, 5, 6],
    "n": [50, 52, 40, 41, 60, 55, 45, 47, 44, 90, 85, 20, 21],
}
NAMES = (
    "placebo",
    "bone-marrow stromal cells, intravenous, low dose",
    "bone-marrow stromal cells, intravenous, high dose",
    "umbilical-cord stromal cells",
    "haematopoietic stem-cell transplantation",
    "methotrexate",
    "王氏中药",
    "phototherapy (narrow-band UVB)",
)


@cache
def net():
    return network(**ARMS, measure="OR")


@cache
def star(t):
    """A network of t treatments with long names, all against the first."""
    names = [NAMES[i % len(NAMES)] + (f" {i}" if i >= len(NAMES) else "") for i in range(t)]
    others = names[1:]
    k = len(others)
    return network(range(k), treat1=others, treat2=[names[0]] * k, TE=[0.1 * i for i in range(k)], seTE=[0.2] * k)


@cache
def ranks():
    return rank_probabilities(net(), better="lower", draws=2000)


def test_every_treatment_and_every_comparison_is_drawn():
    root = read(network_graph(net()))
    assert len(ids(root, "treatment-")) == 4
    assert ids(root, "edge-") == ["edge-1-2", "edge-2-3", "edge-2-4", "edge-3-4"]
    assert ids(root, "shade-") == ["shade-2-3-4"]
    assert not ids(read(network_graph(net(), shaded=False)), "shade-")
    assert {"w", "x", "y", "z"} <= set(texts(root))
    assert {"3", "1"} <= set(texts(root))  # studies on the lines


def test_areas_are_people_or_studies():
    graph = _graph(net(), None, ())
    assert (graph.size, graph.mass) == ("people", (20, 50 + 40 + 45 + 21, 52 + 41 + 60 + 47 + 90, 55 + 44 + 85))
    assert _graph(net(), "studies", ()).mass == (1, 4, 5, 3)
    layout = _Layout(graph, checked({}))
    assert layout.radii[1] / layout.radii[2] == pytest.approx((156 / 290) ** 0.5)
    assert "people in its arms (20 to 290)" in " ".join(layout.notes)
    assert "x: 156 people." in describe_network_graph(net())
    assert "x with y: 3 studies." in describe_network_graph(net())
    assert "In one study x, y, z: 1 study." in describe_network_graph(net())


def test_people_that_are_not_known_give_way_to_studies():
    assert _graph(star(3), None, ()).size == "studies"
    with pytest.raises(InvalidInput, match="people in the arms"):
        network_graph(star(3), size="people")


def test_the_studies_of_a_mantel_haenszel_network_are_counted():
    assert _graph(network_mh(**ARMS), None, ()).edges == _graph(net(), None, ()).edges


def test_treatments_stand_in_the_order_asked_for():
    assert _graph(net(), None, list("zyxw")).edges == {(0, 1): 3, (0, 2): 1, (1, 2): 3, (2, 3): 1}
    with pytest.raises(InvalidInput, match="every treatment once"):
        network_graph(net(), order=["x"])
    with pytest.raises(InvalidInput, match="no size 'weight'"):
        network_graph(net(), size="weight")


@pytest.mark.parametrize("width", [84, 174])
@pytest.mark.parametrize("t", [2, 3, 5, 8, 13, 20])
def test_names_keep_to_the_page_and_touch_neither_each_other_nor_circles(t, width):
    layout = _Layout(_graph(star(t), None, ()), checked({"width_mm": width}))
    boxes = [layout._box(label) for label in layout.labels]
    circles = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(layout.places, layout.radii, strict=True)]
    assert not any(overlap(one, other) for one, other in itertools.combinations(boxes, 2))
    assert not any(overlap(box, circle) for box in boxes for circle in circles)
    assert not any(overlap(one, other) for one, other in itertools.combinations(circles, 2))
    assert min(box[0] for box in boxes) >= 0
    assert max(box[2] for box in boxes) <= width + 1
    assert min(box[1] for box in boxes) >= 0
    assert max(box[3] for box in boxes) < layout.height


def test_a_line_crosses_a_box_or_passes_it():
    box = (1.0, 1.0, 2.0, 2.0)
    assert _crosses(box, (0, 0), (3, 3))
    assert _crosses(box, (1.5, 0), (1.5, 5))
    assert not _crosses(box, (0, 0), (3, 0.9))
    assert not _crosses(box, (0, 0), (0.9, 0.9))


def test_the_best_treatment_has_the_first_panel():
    root, ranking = read(rankogram(ranks(), width_mm=84)), ranks()
    assert len(ids(root, "rank-")) == 4
    best = ranking.treatments[int(ranking.sucra.argmax())]
    shown = texts(root)
    assert shown.index(best) == min(shown.index(name) for name in ranking.treatments)
    assert f"SUCRA {100 * ranking.sucra.max():.0f} %" in shown
    assert describe_rankogram(ranking).split("best. ")[1].startswith(f"{best}: SUCRA")


def test_the_curve_of_a_panel_is_cumulative_and_ends_at_one():
    root, ranking = read(rankogram(ranks())), ranks()
    curve = part(root, "cumulative-1")
    heights = [float(use.get("y")) for use in curve.iter() if use.tag.endswith("use")]
    at = int(ranking.sucra.argmax())
    share = [(heights[0] - y) / (heights[0] - heights[-1]) for y in heights]
    first = float(ranking.cumulative[at][0])
    assert share == pytest.approx([(float(p) - first) / (1 - first) for p in ranking.cumulative[at]], abs=1e-3)


def test_rankograms_of_two_treatments_are_drawn():
    two = network(["1", "2"], treat1=["a"] * 2, treat2=["b"] * 2, TE=[0.1, 0.4], seTE=[0.2, 0.3])
    root = read(rankogram(rank_probabilities(two, better="higher")))
    assert len(ids(root, "rank-")) == 2
    assert "worked out" in description(root)


def test_each_point_of_a_funnel_is_a_deviation_from_its_comparison():
    points = funnel(net(), list("wxyz"))
    root = read(comparison_funnel(points, measure="OR"))
    assert len(ids(root, "study-")) == len(points) == 8
    assert {"y against x", "z against y", "other comparisons"} <= set(texts(root))
    assert "x against w" not in texts(root)  # one study: it lies at zero whatever it found
    text = describe_comparison_funnel(points, measure="OR")
    assert text.startswith("Comparison-adjusted funnel plot of 8 comparisons in 6 studies")
    assert "f, x against w: 1.00, standard error" in text


def test_comparisons_of_one_study_each_are_named_so():
    assert describe_comparison_funnel(funnel(star(4), star(4).treatments)).count("standard error") == 3
    assert len(ids(read(comparison_funnel(funnel(star(4), star(4).treatments))), "study-")) == 3


def test_many_comparisons_share_the_marks_that_there_are():
    k = 12
    names = [f"drug {i}" for i in range(k)]
    big = network(
        range(2 * k), treat1=names * 2, treat2=["placebo"] * 2 * k, TE=[0.1] * k + [0.3] * k, seTE=[0.2] * 2 * k
    )
    shown = texts(read(comparison_funnel(funnel(big, ["placebo", *names]))))
    assert sum("against placebo" in text for text in shown) == 9
    assert "other comparisons" in shown


def test_a_funnel_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="no comparison"):
        comparison_funnel(())

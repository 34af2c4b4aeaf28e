"""In print without colour each mark of a key is told from all others: by dashes, shape, filling, width or lightness."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from reporting.figures import test_curves, test_influences, test_networks, test_responses, test_scatter, test_sequential
from reporting.figures.samples import trials
from stromata.reporting import figures
from stromata.reporting.figures import canvas
from stromata.reporting.figures.contours import SHADES
from stromata.synthesis import sensitivity, trimfill
from stromata.synthesis.curves.diagnostic import region, summary_curve
from stromata.synthesis.networks.contribution import FunnelPoint
from stromata.synthesis.networks.ranking import rank_probabilities

LINES_APART, SHADES_APART = 50 / 255, 15 / 255
"""Differences in lightness that print keeps, of thin lines and of areas side by side."""


def lightness(colour):
    """Return the luma of a colour on white paper, as a conversion to grey takes it (ITU-R BT.601)."""
    red, green, blue, alpha = to_rgba(colour)
    return alpha * (0.299 * red + 0.587 * green + 0.114 * blue) + 1 - alpha


def shape(entry):
    """Return what of a mark does not depend on its colour."""
    if not isinstance(entry, Line2D):
        return "area"
    marker = entry.get_marker()
    filled = None if marker == "None" else lightness(entry.get_markerfacecolor()) > 0.7
    return entry.get_linestyle(), entry._unscaled_dash_pattern, marker, filled


def colour(entry):
    return entry.get_color() if isinstance(entry, Line2D) else entry.get_facecolor()


def told_apart(one, other):
    if shape(one) != shape(other):
        return True
    if isinstance(one, Line2D) and max(one.get_linewidth(), other.get_linewidth()) >= 2.5 * min(
        one.get_linewidth(), other.get_linewidth()
    ):
        return True
    return abs(lightness(colour(one)) - lightness(colour(other))) >= (
        LINES_APART if isinstance(one, Line2D) else SHADES_APART
    )


def comparisons():
    return [
        FunnelPoint(f"{i} {j}", f"drug {i}", "placebo", 0.1 * j, 0.1 * j, 0.2 + 0.01 * i, adjusted=i == j == 1)
        for i in range(12)
        for j in (1, 2)
    ]


def accuracy():
    fit, rates = test_responses.examined(), np.linspace(0.01, 0.99, 50)
    bounds = {name: region(fit, name) for name in ("confidence", "prediction")}
    return figures.sroc(fit, curve=(rates, summary_curve(fit, rates)), **bounds)


def filled():
    found = trials().effects
    return trimfill([each.yi for each in found], [each.vi for each in found])


def influenced():
    return figures.influence_panel(sensitivity.influence(test_influences.outlier()))


DRAWN = {
    "funnel": lambda: figures.funnel(trials(), trimfill=filled(), contours=(0.8, 0.9, 0.95, 0.99)),
    "drapery": lambda: figures.drapery(trials()),
    "posterior": lambda: figures.posterior(test_curves.belief(), measure="RR"),
    "labbe": lambda: figures.labbe(trials()),
    "bubble": lambda: figures.bubble(test_scatter.fit(), "lat"),
    "influence_panel": influenced,
    "rankogram": lambda: figures.rankogram(rank_probabilities(test_networks.net(), better="lower", draws=1000)),
    "comparison_funnel": lambda: figures.comparison_funnel(comparisons(), measure="OR"),
    "dose_curve": lambda: figures.dose_curve(test_responses.fit(), test_responses.predicted(), dose="Dose"),
    "sroc": accuracy,
    "trial_sequential": lambda: figures.trial_sequential(test_sequential.found(), unit="people"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_marks_of_a_key_are_told_apart_without_colour(name, monkeypatch):
    seen = []
    monkeypatch.setattr(canvas, "key", lambda _figure, _page, entries: seen.extend(entries))
    DRAWN[name]()
    assert len(seen) > 1
    alike = [(one.get_label(), other.get_label()) for one, other in combinations(seen, 2) if not told_apart(one, other)]
    assert not alike


def test_every_figure_with_a_key_is_looked_at():
    without_a_key = {"baujat", "cumulative", "forest", "gosh", "leave_one_out", "network_graph", "radial"}
    public = {name for name in figures.__all__ if not name.startswith("describe_")}
    assert public == without_a_key | DRAWN.keys()


def test_neighbouring_regions_of_p_values_differ_in_lightness():
    apart = [lightness(one) - lightness(other) for one, other in pairwise(SHADES)]
    assert min(apart) >= SHADES_APART

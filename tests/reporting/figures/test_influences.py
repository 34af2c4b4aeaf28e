import numpy as np
import pytest

from reporting.figures.samples import description, effects, ids, read, texts, trials
from stromata.errors import InvalidInput
from stromata.reporting.figures import baujat, describe_baujat, describe_gosh, gosh, influence_panel
from stromata.reporting.figures.influences import _baujat_points
from stromata.synthesis import effect_sizes, pool, sensitivity


def outlier():
    """Nine equal studies and one that is far off."""
    estimates = [0.0, 0.02, -0.02, 0.01, -0.01, 0.03, -0.03, 0.0, 0.01, 2.0]
    return effect_sizes("GEN", yi=estimates, vi=[0.01] * 10, labels=[f"S{place}" for place in range(1, 11)])


def test_contributions_of_a_baujat_plot_add_up_to_q_under_a_common_effect():
    result = trials(model="common")
    points = _baujat_points(result, sensitivity.leave_one_out(effects(), method="ee"))
    assert sum(x for _, x, _ in points) == pytest.approx(result.q)
    without = pool(effects()[1:], model="common")
    assert points[0][2] == pytest.approx(((result.estimate - without.estimate) / without.se) ** 2)


def test_the_farthest_study_of_a_baujat_plot_is_named():
    found = outlier()
    root = read(baujat(pool(found), sensitivity.leave_one_out(found), width_mm=84))
    assert "S10" in texts(root)
    assert len(ids(root, "study-")) == 10
    assert "S10: " in describe_baujat(pool(found), sensitivity.leave_one_out(found))


def test_refits_of_other_studies_are_refused():
    with pytest.raises(InvalidInput, match="refits"):
        baujat(trials(), sensitivity.leave_one_out(outlier()))


@pytest.mark.parametrize("width", [84, 174])
def test_every_diagnostic_of_every_study_is_drawn_and_the_influential_one_marked(width):
    found = sensitivity.influence(outlier())
    root = read(influence_panel(found, width_mm=width))
    assert {"Residual", "DFFITS", "Cook’s D", "Cov. ratio", "τ² without", "Q without", "Hat", "Weight, %"} <= set(
        texts(root)
    )
    for name in ("residual", "dffits", "cooks-d", "cov.-ratio", "τ²-without", "q-without", "hat", "weight"):
        assert len(ids(root, f"{name}-")) == 10
    assert "Influential by some rule: S10." in description(root)


def test_a_diagnostic_that_does_not_exist_is_left_out():
    found = sensitivity.influence([0.1, 0.5], [0.04, 0.05], labels=["a", "b"])
    assert len(ids(read(influence_panel(found, width_mm=84)), "weight-")) == 2


def test_a_gosh_plot_shows_all_subsets_and_says_their_quartiles():
    subsets = sensitivity.gosh(effects())
    root = read(gosh(subsets, measure="RR", width_mm=84))
    assert ids(root, "gosh") == ["gosh"]
    assert "Risk ratio (logarithmic axis)" in texts(root)
    half = np.exp(np.median(subsets.estimate[subsets.k > 1]))
    assert f"120 subsets of two studies or more: the pooled estimates have the median {half:.2f}" in description(root)


def test_a_highlighted_study_splits_the_subsets_in_two_panels():
    subsets = sensitivity.gosh(effects())
    root = read(gosh(subsets, measure="RR", highlight="TPT Madras 1980"))
    assert "63 subsets with TPT Madras 1980" in texts(root)
    assert "57 subsets without TPT Madras 1980" in texts(root)
    assert "63 subsets of two studies or more with" in describe_gosh(subsets, highlight="TPT Madras 1980")
    with pytest.raises(InvalidInput, match="Nobody"):
        gosh(subsets, highlight="Nobody")


def test_two_studies_have_one_subset_to_draw():
    assert b"<svg" in gosh(sensitivity.gosh([0.1, 0.5], [0.04, 0.05]), width_mm=84)

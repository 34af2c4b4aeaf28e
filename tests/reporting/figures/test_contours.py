from statistics import NormalDist

import pytest

from reporting.figures.samples import proportions, trials
from stromata.reporting import funnel_svg
from stromata.reporting.figures import describe_funnel, funnel
from stromata.reporting.figures.contours import POOLED, SHADES, beyond, quantile, regions, sides


def test_regions_go_from_no_effect_outwards_and_share_their_bounds():
    found = regions()
    assert [each.text for each in found] == ["p > 0.1", "0.05 < p ≤ 0.1", "0.01 < p ≤ 0.05", "p ≤ 0.01"]
    assert [each.outer for each in found] == [0.9, 0.95, 0.99, 1.0]
    assert [each.shade for each in found] == list(SHADES[:4])
    assert [each.text for each in regions((0.95,))] == ["p > 0.05", "p ≤ 0.05"]
    assert regions(()) == ()


def test_a_study_on_the_edge_of_a_region_is_inside():
    edge = quantile(0.95)
    assert beyond([(edge, 1.0), (edge + 1e-9, 1.0), (-3.0, 1.0), (0.0, 1.0)], 0.0, (0.95,)) == "2 have p < 0.05."
    assert beyond([(1 + 2.0, 1.0)], 1.0) == "1 have p < 0.1, 1 have p < 0.05, 0 have p < 0.01."


def test_a_study_at_the_pooled_estimate_counts_as_not_below():
    assert sides([0.1, 0.2, 0.2, 0.3], 0.2) == "1 lie below the pooled estimate, 3 at or above it."


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95, 0.999])
def test_quantiles_hold_their_coverage(coverage):
    z = quantile(coverage)
    assert NormalDist().cdf(z) - NormalDist().cdf(-z) == pytest.approx(coverage)


def test_the_funnel_of_the_report_and_that_for_papers_say_the_same():
    report, paper = funnel_svg(trials()), funnel(trials()).decode()
    for region in regions():
        shown = region.text.replace(">", "&gt;").replace("<", "&lt;")
        assert shown in report
        assert shown in paper
        assert region.shade in report
        assert region.shade in paper
    assert POOLED[1:] in report
    assert POOLED in paper
    counts = beyond([(each.yi, each.vi**0.5) for each in trials().effects], 0.0)
    assert counts in report.replace("&lt;", "<")
    assert counts in describe_funnel(trials())
    assert regions()[1].text.replace("<", "&lt;") not in funnel_svg(proportions())

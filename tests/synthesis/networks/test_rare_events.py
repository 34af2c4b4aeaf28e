"""Mantel-Haenszel networks: against the pairwise method, against inverse variances, against the jackknife."""

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes, pool
from stromata.synthesis.networks.contribution import contributions, funnel
from stromata.synthesis.networks.inconsistency import split
from stromata.synthesis.networks.network import CODES, edges, league, network
from stromata.synthesis.networks.ranking import p_scores
from stromata.synthesis.networks.rare_events import mantel_haenszel, network_mh

ARMS = {
    "study": ["a", "a", "b", "b", "c", "c", "d", "d", "d", "e", "e", "f", "f", "g", "g", "g"],
    "treatment": [*"xyxyxzxyzyzyzxyz"],
    "events": [0, 3, 2, 5, 1, 4, 2, 3, 0, 6, 2, 3, 1, 1, 2, 4],
    "n": [50, 52, 40, 41, 60, 55, 45, 47, 44, 90, 85, 61, 70, 33, 35, 31],
}


def codes(net):
    return {caution.code for caution in net.cautions}


def test_a_network_of_two_treatments_is_the_pairwise_method():
    x1, n1, x2, n2 = [0, 4, 2], [40, 52, 30], [3, 7, 2], [41, 50, 33]
    study = [label for label in "abc" for _ in range(2)]
    cells = {"events": np.ravel([x1, x2], order="F"), "n": np.ravel([n1, n2], order="F")}
    net = network_mh(study, treatment=["cells", "placebo"] * 3, **cells)
    pair = pool(effect_sizes("OR", ai=x1, n1i=n1, ci=x2, n2i=n2), model="mh")
    assert (net.common.estimates[0, 1], net.common.se[0, 1]) == pytest.approx((pair.estimate, pair.se), rel=1e-12)
    assert (net.k, net.method, net.tau2) == (3, "mh", None)


def test_with_one_study_per_design_it_is_the_inverse_variance_method():
    data = {
        "treatment": [*"xyyzxzwxyz"],
        "events": [3, 8, 5, 9, 4, 11, 6, 7, 8, 12],
        "n": [40, 42, 50, 51, 60, 63, 44, 45, 46, 47],
    }
    study = ["1", "1", "2", "2", "3", "3", "4", "4", "4", "4"]
    ours, other = network_mh(study, **data), network(study, **data, measure="OR")
    assert ours.common.estimates == pytest.approx(other.common.estimates, rel=1e-10, abs=1e-12)
    assert ours.common.covariance == pytest.approx(other.common.covariance, rel=1e-10, abs=1e-14)
    assert ours.q == pytest.approx(other.q)


def test_odds_ratios_of_several_arms_have_the_covariance_of_the_jackknife():
    draw = np.random.default_rng(4)
    k = 400
    n = draw.integers(20, 120, (k, 3)).astype(float)
    x = draw.binomial(n.astype(int), np.array([0.03, 0.06, 0.1]) * draw.uniform(0.5, 1.5, (k, 1))).astype(float)
    estimate, covariance = mantel_haenszel(x, n)
    left = np.array([mantel_haenszel(np.delete(x, i, 0), np.delete(n, i, 0))[0] for i in range(k)])
    spread = (k - 1) * np.cov(left.T, bias=True)
    assert covariance == pytest.approx(spread, rel=0.2)
    assert estimate == pytest.approx(np.log([0.06 / 0.94, 0.1 / 0.9]) - np.log(0.03 / 0.97), abs=0.1)


def test_the_order_of_arms_and_studies_does_not_matter():
    net = network_mh(**ARMS)
    turned = network_mh(**{name: values[::-1] for name, values in ARMS.items()})
    assert turned.common.estimates == pytest.approx(net.common.estimates, abs=1e-12)
    assert turned.common.se == pytest.approx(net.common.se, abs=1e-12)


def test_what_rests_on_a_network_takes_it():
    net = network_mh(**ARMS)
    counts = {(edge.treatment, edge.against): (edge.trials, edge.people) for edge in edges(net)}
    assert counts["x", "y"] == (4, 50 + 52 + 40 + 41 + 45 + 47 + 33 + 35)
    assert (net.k, net.comparisons, len(net.designs), net.q_between_df) == (7, 11, 4, 3)
    assert {(each.treatment, each.against): each.trials for each in split(net)}["x", "y"] == 4
    assert len(league(net)) == len(p_scores(net, better="lower")) == 3
    assert contributions(net).shares.sum(axis=1) == pytest.approx(1)
    assert net.random is net.common
    assert (net.i2, net.random.pi_low) == (None, None)
    with pytest.raises(InvalidInput, match="pooled before"):
        funnel(net, net.treatments)


def test_studies_and_arms_that_say_nothing_are_left_out_and_named():
    study = ["1", "1", "2", "2", "3", "3", "4", "4", "5", "5", "5"]
    treatment = ["x", "y", "x", "y", "x", "z", "x", "y", "x", "y", "z"]
    events = [0, 0, 2, 4, 3, 0, 30, 30, 1, 2, 0]
    net = network_mh(study, treatment=treatment, events=events, n=[30] * 11)
    assert net.treatments == ("x", "y")
    assert net.k == 2  # study 5 without its third arm joins study 2
    text = {caution.code: caution.text for caution in net.cautions}
    assert text["double-zero-left-out"].endswith("left out: 1, 4.")
    assert text["arms-left-out"].endswith("left out: z in 3, z in 5.")
    assert "common-effect-assumed" in text
    assert codes(net) <= set(CODES)


def test_arms_that_never_meet_the_other_outcome_are_left_out():
    # y has events where x has events only, and the other way round: no odds ratio of the two exists
    study, treatment = ["1", "1", "2", "2", "3", "3"], ["x", "y", "x", "y", "x", "z"]
    net = network_mh(study, treatment=treatment, events=[5, 2, 3, 0, 3, 5], n=[5, 9, 3, 7, 20, 21])
    assert net.treatments == ("x", "z")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": [0] * 16}, "no study is left"),
        ({"events": [60] + [1] * 15}, "events are 60 among 50"),
        ({"n": [0.5] + [50] * 15}, "study a, n is 0.5"),
        ({"treatment": ["x", "x", *"xyxzxyzyzyzxyz"]}, "study a has x in more than one arm"),
    ],
)
def test_impossible_data_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        network_mh(**(ARMS | change))


def test_a_network_that_falls_apart_names_its_studies():
    apart = {"study": [*"aabb"], "treatment": [*"wxyz"], "events": [1, 2, 3, 4], "n": [30] * 4}
    with pytest.raises(InvalidInput, match=r"w, x \(in a\); \(2\) y, z \(in b\)"):
        network_mh(**apart)
    assert network_mh(**apart, component="z").treatments == ("y", "z")

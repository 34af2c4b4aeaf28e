"""Mantel-Haenszel networks: against the pairwise method, against inverse variances, against the jackknife."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats.contingency import odds_ratio

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes, pool
from stromata.synthesis.networks.contribution import contributions, funnel
from stromata.synthesis.networks.inconsistency import split
from stromata.synthesis.networks.network import CODES, edges, league, network
from stromata.synthesis.networks.ranking import p_scores
from stromata.synthesis.networks.rare_events import conditional, mantel_haenszel, network_conditional, network_mh

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


def test_a_funnel_shows_the_studies_that_were_pooled():
    net = network_mh(**ARMS)
    points = {(each.study, each.treatment): each for each in funnel(net, ["x", "y", "z"]) if each.against == "x"}
    assert [label for label, treatment in points if treatment == "y"] == ["a", "b", "d", "g"]
    plain = points["b", "y"]
    assert plain.effect == pytest.approx(np.log(5 * 38 / (2 * 36)))
    assert plain.se == pytest.approx((1 / 5 + 1 / 36 + 1 / 2 + 1 / 38) ** 0.5)
    # nobody had the event in an arm of a, and in one of d's arms that is not compared here
    assert {label for (label, _), each in points.items() if each.adjusted} == {"a", "d"}
    assert points["a", "y"].effect == pytest.approx(np.log(3.5 * 50.5 / (0.5 * 49.5)))
    # deviations are from what Mantel and Haenszel found for the comparison, without a correction
    direct = {(each.against, each.treatment): each.direct for each in split(net)} | {
        (each.treatment, each.against): each.direct for each in split(net)
    }
    mean = abs(direct["x", "y"].estimate)
    assert [points[label, "y"].effect - points[label, "y"].deviation for label in "abdg"] == pytest.approx([mean] * 4)


def test_a_funnel_of_a_part_shows_its_studies_only():
    study, treatment = ["a", "a", "b", "b", "c", "c"], ["x", "y", "x", "y", "v", "w"]
    net = network_mh(study, treatment=treatment, events=[1, 2, 3, 5, 1, 1], n=[30] * 6, component="x")
    assert [each.study for each in funnel(net, ["x", "y"])] == ["a", "b"]


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


# The conditional likelihood.

THREE = ((0, 1, 2), np.array([2.0, 0.0, 4.0]), np.array([9.0, 7.0, 12.0]))
TWO = ((0, 1), np.array([1.0, 3.0]), np.array([8.0, 6.0]))
OTHER = ((1, 2), np.array([3.0, 1.0]), np.array([10.0, 9.0]))


def log_likelihood(studies, effects):
    """Sum over all tables with the same totals, one by one."""
    effects, total = np.array([0.0, *effects]), 0.0
    for places, x, n in studies:

        def weight(counts, places=places, n=n):
            ways = [comb(int(size), count) for size, count in zip(n, counts, strict=True)]
            return float(np.prod(ways)) * np.exp(effects[list(places)] @ np.array(counts))

        tables = product(*(range(int(size) + 1) for size in n))
        whole = sum(weight(counts) for counts in tables if sum(counts) == x.sum())
        total += np.log(weight([int(each) for each in x]) / whole)
    return total


def test_the_exact_maximum_is_that_of_all_tables_one_by_one():
    studies = [THREE, TWO, OTHER]
    estimates, covariance = conditional(studies, 3)
    h = 1e-3
    steps = h * np.eye(2)
    slope = [(log_likelihood(studies, estimates + e) - log_likelihood(studies, estimates - e)) / (2 * h) for e in steps]
    assert slope == pytest.approx([0, 0], abs=1e-5)
    curved = [
        [
            (
                log_likelihood(studies, estimates + a + b)
                - log_likelihood(studies, estimates + a - b)
                - log_likelihood(studies, estimates - a + b)
                + log_likelihood(studies, estimates - a - b)
            )
            / (4 * h * h)
            for a in steps
        ]
        for b in steps
    ]
    assert np.linalg.inv(-np.array(curved)) == pytest.approx(covariance, rel=1e-4)


def test_a_single_table_has_the_conditional_odds_ratio():
    estimates, _ = conditional([TWO], 2)
    assert np.exp(-estimates[0]) == pytest.approx(odds_ratio([[1, 7], [3, 3]], kind="conditional").statistic, rel=1e-6)


@pytest.mark.parametrize("events", [[5, 3], [3000, 3300], [9990, 9985]])
def test_large_and_common_counts_keep_their_digits(events):
    n = np.array([10_000.0, 10_000.0])
    x = np.array(events, dtype=float)
    estimates, covariance = conditional([((0, 1), x, n)], 2)
    odds = np.log(x / (n - x))
    assert estimates[0] == pytest.approx(odds[1] - odds[0], abs=1e-3 if x.min() > 100 and x.max() < 9000 else 0.05)
    assert covariance[0, 0] == pytest.approx((1 / x + 1 / (n - x)).sum(), rel=0.05)


def test_what_did_not_happen_has_the_inverse_odds():
    turned = [(places, n - x, n) for places, x, n in (THREE, TWO, OTHER)]
    ours, other = conditional([THREE, TWO, OTHER], 3), conditional(turned, 3)
    assert ours[0] == pytest.approx(-other[0], abs=1e-10)
    assert ours[1] == pytest.approx(other[1], abs=1e-10)


def test_the_approximation_of_breslow_compares_shares_not_odds():
    estimates, covariance = conditional([TWO], 2, "breslow")
    assert estimates[0] == pytest.approx(np.log((3 / 6) / (1 / 8)))
    assert covariance[0, 0] == pytest.approx(1 / 1 + 1 / 3)
    rare = [(places, x, 1000 * n) for places, x, n in (THREE, TWO, OTHER)]
    exact, near = conditional(rare, 3), conditional(rare, 3, "breslow")
    assert near[0] == pytest.approx(exact[0], abs=1e-3)
    assert near[1] == pytest.approx(exact[1], rel=1e-3)


def test_a_conditional_network_maximises_the_likelihood_of_all_studies():
    net = network_conditional(**ARMS)
    rows = {}
    for label, name, x, n in zip(*ARMS.values(), strict=True):
        rows.setdefault(label, []).append(("xyz".index(name), x, n))
    studies = [
        (tuple(i for i, _, _ in own), *(np.array([each[j] for each in own], dtype=float) for j in (1, 2)))
        for own in rows.values()
    ]
    estimates, covariance = conditional(studies, 3)
    assert codes(net).isdisjoint({"arms-left-out", "double-zero-left-out"})
    assert net.common.estimates[1:, 0] == pytest.approx(estimates, abs=1e-9)
    assert net.common.covariance[1:, 1:] == pytest.approx(covariance, abs=1e-9)
    assert (net.k, net.method, net.tau2) == (7, "conditional", None)
    assert net.random is net.common
    close = network_mh(**ARMS).common
    assert net.common.estimates == pytest.approx(close.estimates, abs=0.1)
    assert net.common.se == pytest.approx(close.se, rel=0.1, abs=1e-12)
    assert len(funnel(net, net.treatments)) == 11
    assert len(split(net)) == len(p_scores(net, better="lower")) == 3


def test_the_order_of_arms_does_not_matter_to_the_likelihood():
    net = network_conditional(**ARMS)
    turned = network_conditional(**{name: values[::-1] for name, values in ARMS.items()})
    assert turned.common.estimates == pytest.approx(net.common.estimates, abs=1e-9)


def test_a_likelihood_that_does_not_exist_is_refused():
    with pytest.raises(InvalidInput, match="likelihood"):
        network_conditional(**ARMS, likelihood="profile")


def test_several_large_arms_take_no_time_and_keep_their_digits():
    n = np.array([40_000.0, 50_000.0, 45_000.0])
    x = np.array([6000.0, 9000.0, 7000.0])
    estimates, covariance = conditional([((0, 1, 2), x, n)], 3)
    odds = np.log(x / (n - x))
    assert estimates == pytest.approx(odds[1:] - odds[0], abs=1e-4)
    v = 1 / x + 1 / (n - x)
    assert covariance == pytest.approx(np.diag(v[1:]) + v[0], rel=1e-3)


def test_the_text_says_which_likelihood_it_was():
    exact, near = network_conditional(**ARMS), network_conditional(**ARMS, likelihood="breslow")
    assert "by the conditional (non-central hypergeometric) likelihood under the common-effect" in exact.methods_text()
    assert "Breslow's approximation" in near.methods_text()
    assert "neither metafor nor netmeta" in exact.r_call()
    assert 'method="NCH"' in near.r_call()
    assert [text for net in (exact, near) for code, text in ((c.code, c.text) for c in net.cautions)
            if code == "common-effect-assumed"][1].startswith("The approximate conditional likelihood")  # fmt: skip


def test_variances_that_contradict_one_another_are_refused_and_have_a_way_out():
    arms = {
        "study": [*"aaaabbbb"],
        "treatment": [*"wxyzwxyz"],
        "events": [2, 859, 0, 16, 0, 74, 198, 78],
        "n": [2, 1737, 22, 17, 7, 78, 411, 146],
    }
    with pytest.raises(InvalidInput, match="w, x, y, z contradict one another") as caught:
        network_mh(**arms)
    assert "network_conditional" in caught.value.hint
    net = network_conditional(**arms)
    assert (net.common.se[np.triu_indices(4, 1)] > 0).all()

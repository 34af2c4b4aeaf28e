"""Direct against indirect evidence, designs against one another."""

import numpy as np
import pytest

from stromata.synthesis.networks.inconsistency import inconsistency, split
from stromata.synthesis.networks.network import network


def triangle(te=(0.1, 0.2, 0.9), se=(0.2, 0.3, 0.25), tau2=0.0):
    return network(["1", "2", "3"], treat1=["a", "b", "a"], treat2=["b", "c", "c"], TE=te, seTE=se, tau2=tau2)


def test_indirect_evidence_of_a_triangle_is_the_detour():
    parts = {(s.treatment, s.against): s for s in split(triangle(), model="common")}
    ac = parts["a", "c"]
    assert (ac.direct.estimate, ac.direct.se, ac.trials) == (pytest.approx(0.9), pytest.approx(0.25), 1)
    assert (ac.indirect.estimate, ac.indirect.se) == (pytest.approx(0.3), pytest.approx(np.hypot(0.2, 0.3)))
    assert ac.difference.estimate == pytest.approx(0.6)
    w = 1 / 0.25**2, 1 / (0.2**2 + 0.3**2)
    assert ac.share == pytest.approx(w[0] / sum(w))
    assert ac.network.estimate == pytest.approx((w[0] * 0.9 + w[1] * 0.3) / sum(w))


def test_in_one_triangle_every_difference_and_the_design_test_say_the_same():
    net = triangle()
    squared = [s.difference.statistic**2 for s in split(net, model="common")]
    found = inconsistency(net)
    assert squared == pytest.approx([found.q] * 3)
    assert (found.df, found.p, found.tau2_within, found.q_random) == (1, pytest.approx(net.q_between_p), None, None)
    assert [(d.q, d.df) for d in found.detached] == [(0.0, 0)] * 3


def test_a_pair_without_trials_has_indirect_evidence_only():
    net = network(["1", "2"], treat1=["a", "b"], treat2=["b", "c"], TE=[0.1, 0.2], seTE=[0.2, 0.3])
    parts = {(s.treatment, s.against): s for s in split(net)}
    assert (parts["a", "c"].direct, parts["a", "c"].difference, parts["a", "c"].share) == (None, None, 0.0)
    assert parts["a", "c"].indirect.estimate == pytest.approx(0.3)
    assert (parts["a", "b"].indirect, parts["a", "b"].share) == (None, pytest.approx(1.0))


def test_direct_evidence_allows_for_heterogeneity_under_random_effects():
    net = network(
        list("123456"), treat1=list("aabbaa"), treat2=list("bbcccc"), TE=[0, 1, 0, 1, 0.2, 2], seTE=[0.3] * 6, tau2="dl"
    )
    ab = split(net)[0]
    assert ab.direct.estimate == pytest.approx(0.5)
    assert ab.direct.se == pytest.approx(np.sqrt((0.09 + net.tau2) / 2))


def test_detaching_the_odd_design_leaves_no_inconsistency():
    studies = list("1234567")
    one, other = list("abaabcd"), list("bccddda")
    te = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 2.0, ("a", "d"): 3.0, ("b", "d"): 2.0, ("c", "d"): 4.0}
    effects = [te.get((x, y), -te.get((y, x), 0)) for x, y in zip(one, other, strict=True)]
    net = network(studies, treat1=one, treat2=other, TE=effects, seTE=[0.1] * 7)
    found = {d.treatments: d for d in inconsistency(net).detached}
    assert net.q_between > 100
    assert found["c", "d"].q == pytest.approx(0, abs=1e-8)
    assert min(d.q for names, d in found.items() if names != ("c", "d")) > 100
    assert {d.df for d in found.values()} == {net.q_between_df - 1}


def test_the_test_that_allows_for_heterogeneity_uses_the_variance_within_designs():
    net = network(list("123456"), treat1=list("aabbaa"), treat2=list("bbcccc"), TE=[0, 1, 0, 1, 1.2, 3], seTE=[0.3] * 6)
    found = inconsistency(net)
    assert found.tau2_within == pytest.approx((0.5 + 0.5 + 1.62) / 3 - 0.09)
    # design means 0.5, 0.5 and 2.1 each with variance (0.09 + tau2) / 2, one degree of freedom
    assert found.q_random == pytest.approx((2.1 - 1.0) ** 2 / (3 * (0.09 + found.tau2_within) / 2))

"""Shares of direct evidence, and funnels."""

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.networks.contribution import contributions, funnel
from stromata.synthesis.networks.network import network


def square():
    return network(
        list("12345"),
        treat1=list("abcda"),
        treat2=list("bcdac"),
        TE=[0.1, 0.2, 0.3, -0.5, 0.4],
        seTE=[0.2, 0.3, 0.25, 0.4, 0.5],
    )


def test_the_hat_matrix_returns_the_estimates():
    net = square()
    found = contributions(net, model="common")
    direct = dict(
        zip([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c")], [0.1, 0.2, 0.3, 0.5, 0.4], strict=True)
    )
    made = found.hat @ [direct[pair] for pair in found.direct]
    assert made == pytest.approx([net.common.estimates[net.place(a), net.place(b)] for a, b in found.estimates])


def test_a_triangle_shares_by_its_two_ways():
    net = network(list("123"), treat1=list("aba"), treat2=list("bcc"), TE=[0, 0, 0], seTE=[0.2, 0.3, 0.25])
    found = contributions(net, model="common")
    w = np.array([1 / 0.25**2, 1 / (0.2**2 + 0.3**2)])
    direct = w[0] / w.sum()
    row = dict(zip(found.direct, found.shares[found.estimates.index(("a", "c"))], strict=True))
    assert row == pytest.approx({("a", "c"): direct, ("a", "b"): (1 - direct) / 2, ("b", "c"): (1 - direct) / 2})


def test_shares_add_up_to_one_and_are_nothing_where_the_hat_matrix_is():
    found = contributions(square())
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(6))
    assert ((found.shares > 0) == (np.abs(found.hat) > 1e-9)).all()
    assert (found.shares <= np.abs(found.hat) + 1e-12).all()


def test_names_of_treatments_do_not_move_shares():
    found = contributions(square())
    turned = {"a": "z", "b": "y", "c": "x", "d": "w"}
    net = network(
        list("12345"), treat1=[turned[t] for t in "abcda"], treat2=[turned[t] for t in "bcdac"],
        TE=[0.1, 0.2, 0.3, -0.5, 0.4], seTE=[0.2, 0.3, 0.25, 0.4, 0.5],
    )  # fmt: skip
    other = contributions(net)
    cells = {
        (frozenset(row), frozenset(column)): other.shares[i, j]
        for i, row in enumerate(other.estimates)
        for j, column in enumerate(other.direct)
    }
    for i, row in enumerate(found.estimates):
        for j, column in enumerate(found.direct):
            key = frozenset(turned[t] for t in row), frozenset(turned[t] for t in column)
            assert cells[key] == pytest.approx(found.shares[i, j], abs=1e-6)


def test_funnel_points_are_later_minus_earlier_around_their_comparison():
    net = network(list("123"), treat1=list("aab"), treat2=list("bbc"), TE=[0.2, 0.8, 0.3], seTE=[0.1, 0.2, 0.3])
    points = funnel(net, ["c", "b", "a"])
    mean = (0.2 * 100 + 0.8 * 25) / 125
    assert [(p.treatment, p.against, p.study) for p in points] == [("b", "c", "3"), ("a", "b", "1"), ("a", "b", "2")]
    assert [p.deviation for p in points] == pytest.approx([0, 0.2 - mean, 0.8 - mean])
    assert [p.se for p in points] == pytest.approx([0.3, 0.1, 0.2])
    turned = funnel(net, ["a", "b", "c"])
    assert sorted(p.deviation for p in turned) == pytest.approx(sorted(-p.deviation for p in points))


def test_an_order_that_misses_a_treatment_is_refused():
    with pytest.raises(InvalidInput, match="order must hold every treatment once"):
        funnel(square(), ["a", "b", "c"])

"""Additive models of components."""

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.networks.components import additive
from stromata.synthesis.networks.network import network


def trials(te=(1.0, 2.0, 3.2, 2.1), se=(0.2, 0.3, 0.25, 0.4)):
    return network(
        list("1234"), treat1=["a", "b", "a+b", "a+b"], treat2=["p", "p", "p", "a"], TE=te, seTE=se, tau2="dl"
    )


def test_components_are_weighted_least_squares():
    found = additive(trials(), inactive="p", model="common")
    x, y = np.array([[1, 0], [0, 1], [1, 1], [0, 1]]), np.array([1.0, 2.0, 3.2, 2.1])
    w = np.diag(1 / np.array([0.2, 0.3, 0.25, 0.4]) ** 2)
    covariance = np.linalg.inv(x.T @ w @ x)
    beta = covariance @ x.T @ w @ y
    assert [e.component for e in found.effects] == ["a", "b"]
    assert [e.estimate for e in found.effects] == pytest.approx(beta)
    assert [e.se for e in found.effects] == pytest.approx(np.sqrt(covariance.diagonal()))
    assert (found.q, found.q_df) == (pytest.approx((y - x @ beta) @ w @ (y - x @ beta)), 2)
    assert found.q_difference == pytest.approx(found.q - trials().q)
    assert found.q_difference_df == 1
    assert found.cautions == ()


def test_effects_that_do_not_add_up_are_reported():
    assert [c.code for c in additive(trials((1, 2, 9, 8.0)), inactive="p").cautions] == ["not-additive"]


def test_treatments_without_common_components_are_the_network():
    net = network(
        list("123"), treat1=list("aba"), treat2=list("bcc"), TE=[0.1, 0.2, 0.5], seTE=[0.2, 0.3, 0.25], tau2="dl"
    )
    found = additive(net, inactive="a")
    assert [e.estimate for e in found.effects] == pytest.approx(net.random.estimates[1:, 0])
    assert [c.code for c in found.cautions] == ["additivity-untestable"]


@pytest.mark.parametrize(("inactive", "message"), [("x", "no component 'x'"), (None, "cannot tell these components")])
def test_components_that_cannot_be_told_are_refused(inactive, message):
    net = network(list("12"), treat1=list("ab"), treat2=list("bc"), TE=[0.1, 0.2], seTE=[0.2, 0.3])
    with pytest.raises(InvalidInput, match=message):
        additive(net, inactive=inactive)

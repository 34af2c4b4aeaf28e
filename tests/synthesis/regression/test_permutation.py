"""Permutation tests of moderators."""

import math
from itertools import permutations

import numpy as np
import pytest

from stromata.errors import Cancelled, InvalidInput
from stromata.synthesis.regression.meta_regression import regress
from stromata.synthesis.regression.permutation import permutation_test

Y = [0.1, 0.9, 0.4, 0.7, 0.2, 1.1]
V = [0.05, 0.1, 0.02, 0.08, 0.04, 0.2]
X = [1.0, 4.0, 2.0, 3.0, 1.0, 5.0]


def by_hand(y, v, x, **options):
    """Return the p-value of all orders of x, written out."""
    observed = abs(regress(y, v, "~ x", data={"x": x}, **options).coefficients[1].statistic)
    reached = [
        abs(regress(y, v, "~ x", data={"x": list(order)}, **options).coefficients[1].statistic) >= observed * (1 - 1e-9)
        for order in permutations(x)
    ]
    return sum(reached) / len(reached)


@pytest.mark.parametrize("options", [{"method": "dl"}, {"method": "ee"}, {"method": "dl", "test": "knha"}])
def test_all_orders_are_gone_through_when_they_are_few(options):
    y, v, x = Y[:5], V[:5], X[:5]
    found = permutation_test(regress(y, v, "~ x", data={"x": x}, **options))
    assert found.exact
    assert found.permutations == 60  # 5! / 2!: one value stands twice
    assert found.seed is None
    assert found.names == ("x",)
    assert found.p[0] == pytest.approx(by_hand(y, v, x, **options))
    assert found.omnibus_p == pytest.approx(found.p[0])


def test_groups_are_shuffled_as_groups():
    found = permutation_test(regress(Y, V, "~ g", data={"g": list("aabbab")}, method="dl"))
    assert found.permutations == 20  # 6 over 3
    assert found.p[0] * 20 == pytest.approx(round(found.p[0] * 20))


def test_each_coefficient_and_all_together_are_tested():
    fit = regress(Y, V, "~ x + g", data={"x": X, "g": list("aabbab")}, method="dl")
    found = permutation_test(fit)
    assert found.names == ("x", "gb")
    assert all(1 / found.permutations <= p <= 1 for p in (*found.p, found.omnibus_p))


def test_too_many_orders_are_drawn_from_the_seed():
    fit = regress(Y, V, "~ x", data={"x": X}, method="dl")
    found = permutation_test(fit, permutations=200, seed=3)
    assert (found.exact, found.permutations, found.seed) == (False, 200, 3)
    assert found == permutation_test(fit, permutations=200, seed=3)
    assert found.p != permutation_test(fit, permutations=200, seed=4).p
    assert found.p[0] == pytest.approx(permutation_test(fit).p[0], abs=0.06)
    assert found.p[0] >= 1 / 201  # never 0: the observed order counts


def test_without_moderators_signs_are_flipped():
    found = permutation_test(regress(Y, V, method="dl"))
    assert (found.names, found.permutations) == (("intrcpt",), 64)
    assert found.p[0] == pytest.approx(2 / 64)  # all are positive: only all and none flipped reach as far


def test_shuffling_moderators_that_mean_nothing_gives_even_p_values():
    random = np.random.default_rng(11)
    found = []
    for _ in range(40):
        x = random.normal(size=6).tolist()
        fit = regress(random.normal(size=6), V, "~ x", data={"x": x}, method="ee")
        found.append(permutation_test(fit, permutations=30, seed=1).p[0])
    assert 0.35 < np.mean(found) < 0.65


def test_it_can_be_stopped_and_says_where_it_stands():
    told = []

    def stop(done, total, note=""):
        told.append((done, total, note))
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        permutation_test(regress(Y, V, "~ x", data={"x": X}, method="dl"), progress=stop)
    assert told == [(100, 360, "permutations")]


@pytest.mark.parametrize("times", [0, 2.5, math.inf, 1e30, "many", None])
def test_permutations_that_are_no_whole_number_within_reach_are_refused(times):
    with pytest.raises(InvalidInput, match=r"permutations is .*whole number from 1"):
        permutation_test(regress(Y, V, "~ x", data={"x": X}), permutations=times)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", None, math.nan])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(InvalidInput, match="seed"):
        permutation_test(regress(Y, V, "~ x", data={"x": X}), seed=seed)

"""Excess significance and p-curve against enumeration, simulation and the definitions."""

import itertools
import math

import numpy as np
import pytest
from scipy import special

from stromata.errors import InvalidInput
from stromata.synthesis.bias.evidence_value import p_curve, tes
from stromata.synthesis.pooling.estimates import pool_estimates

Y = np.array([0.5, 0.7, 0.4, 0.9, 0.1, 0.3])
V = np.array([0.04, 0.05, 0.02, 0.1, 0.06, 0.03])


def powers(theta):
    z = theta / np.sqrt(V)
    return special.ndtr(z - 1.959963984540054) + special.ndtr(-z - 1.959963984540054)


def enumerated(power, observed):
    total = 0.0
    for hits in itertools.product((0, 1), repeat=len(power)):
        if sum(hits) >= observed:
            total += math.prod(p if hit else 1 - p for p, hit in zip(power, hits, strict=True))
    return total


def test_the_exact_p_is_the_sum_over_all_outcomes():
    found = tes(Y, V)
    theta = pool_estimates(Y, V, method="ee").estimate
    assert found.power == pytest.approx(powers(theta), rel=1e-12)
    assert found.observed == 4
    assert found.significant.tolist() == [True, True, True, True, False, False]
    assert found.expected == pytest.approx(powers(theta).sum())
    assert found.p == pytest.approx(enumerated(powers(theta), 4), rel=1e-12)


def test_the_binomial_p_uses_the_mean_power():
    found = tes(Y, V, test="binom", theta=0.2)
    mean = powers(0.2).mean()
    assert found.p == pytest.approx(sum(math.comb(6, n) * mean**n * (1 - mean) ** (6 - n) for n in range(4, 7)))


def test_the_chi_squared_p_is_one_sided():
    found = tes(Y, V, test="chi2", theta=0.2)
    expected = powers(0.2).sum()
    statistic = (4 - expected) ** 2 / expected + (4 - expected) ** 2 / (6 - expected)
    assert found.statistic == pytest.approx(statistic)
    assert found.p == pytest.approx(special.erfc(math.sqrt(statistic / 2)) / 2)
    opposite = tes(Y, V, test="chi2", theta=0.2, excess="less")
    assert opposite.p == pytest.approx(1 - found.p)


def test_the_two_tails_of_the_exact_test_share_the_outcome():
    more, fewer = tes(Y, V, excess="greater").p, tes(Y, V, excess="less").p
    assert more + fewer > 1
    assert tes(Y, V, excess="two.sided").p >= min(more, fewer)


def test_the_limits_are_where_p_crosses_the_level():
    found = tes(Y, V)
    assert found.limits
    for limit in found.limits:
        assert tes(Y, V, theta=limit).p == pytest.approx(0.10, abs=1e-9)


def test_one_direction_counts_one_direction():
    assert tes([0.9, -0.9], [0.04, 0.04], alternative="greater").significant.tolist() == [True, False]
    assert tes([0.9, -0.9], [0.04, 0.04], alternative="less").significant.tolist() == [False, True]


def test_heterogeneity_is_a_caution_on_excess():
    codes = [caution.code for caution in tes([0.1, 0.9], [0.02, 0.03]).cautions]
    assert codes == ["excess-despite-heterogeneity"]
    assert tes([0.5, 0.5], [0.02, 0.03]).cautions == ()


def test_no_power_and_no_results_are_no_error():
    found = tes([0.0, 0.0], [1.0, 1.0], test="chi2")
    assert found.observed == 0
    assert 0 <= found.p <= 1


def test_a_theta_that_is_not_a_number_is_refused():
    with pytest.raises(InvalidInput, match="theta"):
        tes(Y, V, theta=math.nan)


def test_right_skew_is_stouffers_sum_of_p_over_its_level():
    """Three results with z of 2.1, 2.6 and 3.2; the half curve has the last two."""
    found = p_curve([2.1, -2.6, 3.2, 1.0], [1.0] * 4)
    p = 2 * special.ndtr(-np.array([2.1, 2.6, 3.2]))
    assert (found.k, found.significant, found.half) == (4, 3, 2)
    assert found.right_z == pytest.approx(special.ndtri(p / 0.05).sum() / math.sqrt(3), rel=1e-9)
    assert found.right_half_z == pytest.approx(special.ndtri(p[1:] / 0.025).sum() / math.sqrt(2), rel=1e-9)
    assert found.right_p == pytest.approx(special.ndtr(found.right_z))


def test_flatness_is_judged_under_a_power_of_one_third():
    found = p_curve([2.1, 2.6, 3.2], [1.0] * 3)
    shift = 1.5278  # of a z-test with power 1/3
    power = special.ndtr(shift - 1.959964) + special.ndtr(-shift - 1.959964)
    assert power == pytest.approx(1 / 3, abs=1e-3)
    z = np.array([2.1, 2.6, 3.2])
    below = 1 - (special.ndtr(shift - z) + special.ndtr(-shift - z)) / power
    assert found.flat_z == pytest.approx(special.ndtri(below).sum() / math.sqrt(3), abs=2e-3)


def test_strong_results_are_evidence_and_results_at_the_threshold_are_not():
    strong, weak = p_curve([4.0] * 6, [1.0] * 6), p_curve([1.97] * 12, [1.0] * 12)
    assert (strong.evidence, strong.inadequate) == (True, False)
    assert (weak.evidence, weak.inadequate) == (False, True)
    assert weak.power < 0.2 < 0.9 < strong.power
    assert strong.power_low < strong.power <= strong.power_high


def test_the_power_of_studies_that_were_selected_is_recovered():
    random = np.random.default_rng(8)
    z = random.normal(2.2, 1.0, 40_000)
    found = p_curve(z, np.ones_like(z))
    true = special.ndtr(2.2 - 1.959964) + special.ndtr(-2.2 - 1.959964)
    assert found.power == pytest.approx(true, abs=0.01)
    assert found.power_low < found.power < found.power_high


def test_few_or_no_significant_results_are_said():
    found = p_curve([0.1, 0.2], [1.0, 1.0])
    assert (found.right_p, found.flat_p, found.power) == (None, None, None)
    assert [caution.code for caution in found.cautions] == ["few-significant"]


def test_an_overwhelming_result_stays_finite():
    found = p_curve([60.0, 50.0, 40.0], [1.0] * 3)
    assert math.isfinite(found.right_z)
    assert found.evidence


@pytest.mark.parametrize(("name", "value"), [("alpha", 1.0), ("alpha", "x"), ("theta", "x"), ("theta", math.inf)])
def test_options_that_are_no_numbers_are_refused(name, value):
    with pytest.raises(InvalidInput, match=f"{name} is"):
        tes([0.1, 0.3], [0.02, 0.03], **{name: value})

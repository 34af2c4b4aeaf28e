"""Fail-safe N: each number is the smallest that overturns the result, by adding the studies outright."""

import math

import numpy as np
import pytest
from scipy import special

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes
from stromata.synthesis.bias.failsafe import fsn
from stromata.synthesis.pooling.estimates import pool_estimates
from synthesis.published import BCG

Y = np.array([0.5, 0.7, 0.4, 0.9, 0.6])
V = np.array([0.04, 0.05, 0.02, 0.1, 0.06])


def with_nulls(n, v):
    return np.concatenate((Y, np.zeros(n))), np.concatenate((V, np.full(n, v)))


def test_rosenthals_number_is_the_smallest_that_makes_stouffers_p_unclear():
    number = fsn(Y, V).number

    def p(n):
        return special.ndtr(-(Y / np.sqrt(V)).sum() / math.sqrt(5 + n))

    assert p(number) >= 0.05 > p(number - 1)
    assert fsn(Y, V).p == pytest.approx(p(0))


def test_fishers_combination_counts_added_studies_at_one_half():
    number = fsn(Y, V, combination="fisher").number
    logs = -2 * np.log(special.ndtr(-Y / np.sqrt(V))).sum()

    def p(n):
        return special.gammaincc(5 + n, (logs - 2 * n * math.log(0.5)) / 2)

    assert p(number) >= 0.05 > p(number - 1)


@pytest.mark.parametrize("weighted", [True, False])
def test_orwins_number_brings_the_average_down_to_the_target(weighted):
    found = fsn(Y, V, type="orwin", target=0.1, weighted=weighted)
    average = pool_estimates(Y, V, method="ee").estimate if weighted else Y.mean()
    assert 5 * average / (5 + found.number) <= 0.1 < 5 * average / (4 + found.number)


def test_orwin_without_a_target_doubles_the_studies():
    assert fsn(Y, V, type="orwin").number == 5


def test_a_target_takes_the_sign_of_the_estimate():
    up, down = fsn(Y, V, type="orwin", target=0.1), fsn(-Y, V, type="orwin", target=0.1)
    assert up.number == down.number
    assert down.target == -0.1


def test_rosenbergs_number_is_the_smallest_that_makes_the_common_effect_unclear():
    number = fsn(Y, V, type="rosenberg").number
    mean_v = 5 / (1 / V).sum()
    p = [pool_estimates(*with_nulls(n, mean_v), method="ee").p for n in (number - 1, number)]
    assert p[0] < 0.05 <= p[1]


def test_the_general_number_under_the_common_effect_is_rosenbergs():
    assert fsn(Y, V, type="general", method="ee").number == fsn(Y, V, type="rosenberg").number


def test_the_general_number_follows_its_mixture_variance():
    y, v = np.array([0.1, 0.5, 0.9, -0.2, 0.4, 0.7]), np.full(6, 0.05)
    found = fsn(y, v, type="general")
    assert found.tau2 == pytest.approx(0.11)
    assert found.number == 3
    together = ((6 - 1) * 0.11 + (3 - 1) * 0.11 + 6 * 3 / 9 * 0.4**2) / 8
    assert found.tau2_with == pytest.approx(together)
    assert found.estimate_with == pytest.approx(0.4 * 6 / 9)
    assert found.p_with == pytest.approx(special.erfc(0.4 * 6 / 9 * math.sqrt(9 / (0.05 + together)) / math.sqrt(2)))
    assert found.p_with >= 0.05


def test_the_general_target_is_reached():
    found = fsn(Y, V, type="general", target=0.2)
    assert found.estimate_with <= 0.2
    assert found.alpha is None


@pytest.mark.parametrize("kind", ["rosenthal", "rosenberg", "general"])
def test_a_result_that_is_unclear_already_needs_none(kind):
    assert fsn([0.1, -0.1, 0.05], [1.0, 1.0, 1.0], type=kind).number == 0


def test_a_result_beyond_all_file_drawers_says_so():
    found = fsn(np.full(3, 100.0), np.full(3, 1e-20), type="general", method="ee")
    assert found.number == 10_000_000
    assert [caution.code for caution in found.cautions] == ["failsafe-beyond"]


def test_the_numbers_of_the_bcg_trials():
    """Log risk ratios of Colditz et al. (1994)."""
    effects = effect_sizes("RR", **BCG)
    z = np.array([effect.yi / math.sqrt(effect.vi) for effect in effects])
    assert fsn(effects).number == math.ceil((z.sum() / 1.6448536269514722) ** 2 - 13) == 598
    assert fsn(effects, type="rosenberg").number == 370


@pytest.mark.parametrize(
    "options", [{"type": "bogus"}, {"combination": "bogus"}, {"alpha": 0.0}, {"type": "orwin", "target": 0.0}]
)
def test_options_that_do_not_exist_are_refused(options):
    with pytest.raises(InvalidInput):
        fsn(Y, V, **options)


def test_one_study_has_no_random_effects_model():
    assert fsn([1.0], [0.04], type="rosenberg").number == 6
    with pytest.raises(InvalidInput, match="at least 2"):
        fsn([1.0], [0.04], type="general")


@pytest.mark.parametrize("alpha", [0.5, 0.7, 0.0, "x", None, math.nan])
def test_a_level_that_every_mean_of_no_effect_reaches_is_refused(alpha):
    with pytest.raises(InvalidInput, match="alpha"):
        fsn([0.1, 0.3], [0.02, 0.03], alpha=alpha)

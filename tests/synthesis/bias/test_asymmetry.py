"""Regression and rank tests, trim-and-fill, PET-PEESE and Henmi and Copas against plain algebra and enumeration."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes
from stromata.synthesis.bias import asymmetry
from stromata.synthesis.pooling.estimates import pool_estimates
from synthesis.published import BCG

Y = np.array([0.1, 0.5, 0.9, -0.2, 0.4, 1.4])
V = np.array([0.05, 0.08, 0.02, 0.1, 0.04, 0.3])
LOPSIDED_V = np.array([0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
LOPSIDED = 0.2 + 1.2 * np.sqrt(LOPSIDED_V) + np.array([0, 1, -1, 2, -2, 1, -1, 2, 0, -2, 1, 2]) * 0.02


def codes(found):
    return [caution.code for caution in found.cautions]


@pytest.mark.parametrize("predictor", ["sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"])
def test_eggers_regression_is_weighted_least_squares(predictor):
    n = np.array([40.0, 30, 90, 20, 55, 12])
    x = {"sei": np.sqrt(V), "vi": V, "ni": n, "ninv": 1 / n, "sqrtni": n**0.5, "sqrtninv": n**-0.5}[predictor]
    found = asymmetry.regtest(Y, V, ni=n, predictor=predictor, model="lm")
    matrix = np.column_stack((np.ones(6), x))
    w = np.diag(1 / V)
    inverse = np.linalg.inv(matrix.T @ w @ matrix)
    beta = inverse @ matrix.T @ w @ Y
    e = Y - matrix @ beta
    scale = e @ w @ e / 4
    se = np.sqrt(scale * np.diag(inverse))
    assert found.slope == pytest.approx(beta[1], rel=1e-8)
    assert found.statistic == pytest.approx(beta[1] / se[1], rel=1e-8)
    assert found.df == 4
    assert found.p == pytest.approx(2 * special.stdtr(4, -abs(beta[1] / se[1])), rel=1e-8)
    assert found.scale == pytest.approx(scale, rel=1e-9)
    if predictor in {"ni", "sqrtni"}:
        assert found.limit is None
    else:
        half = special.stdtrit(4, 0.975) * se[0]
        assert (found.limit_low, found.limit_high) == pytest.approx((beta[0] - half, beta[0] + half), rel=1e-8)


def test_eggers_original_form_is_the_same_test():
    """Egger regressed z on precision; the intercept there is the slope here."""
    found = asymmetry.regtest(Y, V, model="lm")
    z, precision = Y / np.sqrt(V), 1 / np.sqrt(V)
    matrix = np.column_stack((np.ones(6), precision))
    beta, rss, *_ = np.linalg.lstsq(matrix, z, rcond=None)
    se = math.sqrt(rss[0] / 4 * np.linalg.inv(matrix.T @ matrix)[0, 0])
    assert found.statistic == pytest.approx(beta[0] / se, rel=1e-10)


def test_the_mixed_model_adds_tau2_to_the_weights():
    found = asymmetry.regtest(Y, V, method="dl", test="knha")
    matrix = np.column_stack((np.ones(6), np.sqrt(V)))
    w = np.diag(1 / (V + found.tau2))
    inverse = np.linalg.inv(matrix.T @ w @ matrix)
    beta = inverse @ matrix.T @ w @ Y
    e = Y - matrix @ beta
    assert found.slope == pytest.approx(beta[1], rel=1e-9)
    assert found.se == pytest.approx(math.sqrt(e @ w @ e / 4 * inverse[1, 1]), rel=1e-9)
    assert found.df == 4


def test_a_moderator_takes_away_the_limit():
    found = asymmetry.regtest(Y, V, moderators=np.column_stack((np.ones(6), [1, 0, 1, 0, 1, 0])))
    assert found.limit is None
    assert found.statistic is not None


def test_sizes_come_from_the_effects():
    effects = effect_sizes("OR", **BCG)
    n = np.sum([BCG[name] for name in ("ai", "bi", "ci", "di")], axis=0)
    arrays = [effect.yi for effect in effects], [effect.vi for effect in effects]
    given = asymmetry.regtest(*arrays, ni=n, predictor="ninv")
    assert asymmetry.regtest(effects, predictor="ninv").statistic == given.statistic


def test_few_studies_carry_a_caution_and_many_do_not():
    assert codes(asymmetry.regtest(Y, V)) == ["few-for-asymmetry"]
    assert codes(asymmetry.ranktest(Y, V)) == ["few-for-asymmetry"]
    assert codes(asymmetry.regtest(LOPSIDED, LOPSIDED_V)) == []


@pytest.mark.parametrize("call", [asymmetry.regtest, asymmetry.ranktest, asymmetry.trimfill, asymmetry.pet_peese])
def test_two_studies_are_refused(call):
    with pytest.raises(InvalidInput, match="at least 3 studies; there are 2"):
        call([0.1, 0.2], [0.1, 0.2])


def test_equal_variances_leave_nothing_to_test():
    with pytest.raises(InvalidInput, match="sei does not vary"):
        asymmetry.regtest(Y, np.full(6, 0.1))
    assert asymmetry.ranktest(Y, np.full(6, 0.1)).p is None


def test_sizes_must_be_known_for_predictors_that_need_them():
    with pytest.raises(InvalidInput, match="number of people in every study"):
        asymmetry.regtest(Y, V, predictor="ninv")


def test_a_perfect_line_has_no_test():
    found = asymmetry.regtest(np.zeros(4), [0.1, 0.2, 0.3, 0.5], model="lm")
    assert (found.statistic, found.p) == (None, None)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_the_exact_rank_distribution_is_that_of_all_orders(n):
    first = np.arange(float(n))
    scores = [asymmetry.kendall(first, np.array(order, dtype=float))[0] for order in itertools.permutations(range(n))]
    for order in itertools.islice(itertools.permutations(range(n)), 0, None, 5):
        tau, p, exact = asymmetry.kendall(first, np.array(order, dtype=float))
        low = np.mean([score <= tau + 1e-9 for score in scores])
        high = np.mean([score >= tau - 1e-9 for score in scores])
        assert exact
        assert p == pytest.approx(min(1, 2 * min(low, high)))


def test_ties_take_the_normal_distribution_with_their_variance():
    """Kendall (1970), section 4.4: two rankings of ten with ties; the variance of the score by enumeration."""
    x = np.array([1.0, 2, 2, 4, 5])
    y = np.array([1.0, 1, 3, 4, 2])
    scores = []
    for order in itertools.permutations(y):
        again = np.array(order)
        scores.append((np.sign(x[:, None] - x) * np.sign(again[:, None] - again)).sum() / 2)
    score = (np.sign(x[:, None] - x) * np.sign(y[:, None] - y)).sum() / 2
    tau, p, exact = asymmetry.kendall(x, y)
    assert not exact
    assert p == pytest.approx(special.erfc(abs(score) / np.std(scores) / math.sqrt(2)), rel=1e-12)
    assert tau == pytest.approx(score / 9)  # nine pairs are untied in each


def test_beggs_deviates_are_standardised_by_what_the_mean_leaves():
    found = asymmetry.ranktest(Y, V)
    w = 1 / V
    deviates = (Y - (w @ Y) / w.sum()) / np.sqrt(V - 1 / w.sum())
    assert (found.tau, found.p) == asymmetry.kendall(deviates, V)[:2]


def test_trim_and_fill_restores_studies_taken_from_a_symmetric_funnel():
    v = np.array([0.01, 0.02, 0.03, 0.05, 0.05, 0.1, 0.1, 0.2, 0.2, 0.4, 0.4])
    y = np.array([0.0, 0.05, -0.04, 0.12, -0.13, 0.3, -0.31, 0.5, -0.52, 0.9, -0.91])
    kept = y > -0.4
    found = asymmetry.trimfill(y[kept], v[kept], method="ee")
    assert found.side == "left"
    assert found.k0 >= 1
    assert "trimfill-filled" in codes(found)
    assert abs(found.pooled.estimate) < abs(found.original.estimate)
    assert found.pooled.k == found.original.k + found.k0


@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_a_mirrored_funnel_misses_studies_on_the_other_side(estimator):
    right, left = (asymmetry.trimfill(sign * LOPSIDED, LOPSIDED_V, estimator=estimator) for sign in (-1, 1))
    assert (left.side, right.side) == ("left", "right")
    assert left.k0 == right.k0
    assert left.filled_y == pytest.approx(-right.filled_y)
    assert left.pooled.estimate == pytest.approx(-right.pooled.estimate, rel=1e-10)


def test_filled_studies_mirror_those_trimmed():
    found = asymmetry.trimfill(LOPSIDED, LOPSIDED_V, method="ee")
    order = np.argsort(LOPSIDED)
    kept = order[: len(order) - found.k0]
    centre = pool_estimates(LOPSIDED[kept], LOPSIDED_V[kept], method="ee").estimate
    gone = order[len(order) - found.k0 :]
    assert found.filled_y == pytest.approx(2 * centre - LOPSIDED[gone])
    assert found.filled_v == pytest.approx(LOPSIDED_V[gone])


def test_the_estimators_are_their_formulas_of_the_ranks():
    """Duval and Tweedie (2000): five studies around 0 with signed ranks -1, 2, 3, 4, 5."""
    deviations = np.array([-0.1, 0.2, 0.3, 0.4, 0.5])
    assert asymmetry._missing_count(deviations, "R0")[0] == 3
    assert asymmetry._missing_count(deviations, "L0")[0] == pytest.approx((4 * 14 - 30) / 9)
    assert asymmetry._missing_count(np.array([-0.3, -0.1, 0.2, 0.4, 0.5]), "Q0")[0] == pytest.approx(
        4.5 - math.sqrt(50 - 4 * 11 + 0.25)
    )


def test_the_variance_of_the_rank_sum_is_wilcoxons_with_none_missing():
    assert asymmetry._rank_variance(9, 0) == pytest.approx(9 * 10 * 19 / 24)


def test_an_estimator_that_does_not_exist_says_so():
    found = asymmetry.trimfill(
        [0.0, 0.1, 0.2, 0.3, 2.0], [0.0001, 0.1, 0.1, 0.1, 0.4], estimator="Q0", method="ee", side="left"
    )
    assert (found.k0, found.pooled) == (None, None)
    assert "trimfill-undefined" in codes(found)


def test_the_run_test_of_r0():
    found = asymmetry.trimfill(LOPSIDED, LOPSIDED_V, estimator="R0", method="ee")
    assert found.p_k0 == 0.5 ** (found.k0 + 1)


def test_equal_studies_miss_nothing():
    for estimator in ("L0", "R0", "Q0"):
        assert asymmetry.trimfill([0.4] * 5, [0.1, 0.2, 0.3, 0.4, 0.5], estimator=estimator, side="right").k0 == 0


def test_no_side_can_be_told_from_equal_variances():
    with pytest.raises(InvalidInput, match="same standard error"):
        asymmetry.trimfill(Y, np.full(6, 0.1))
    assert asymmetry.trimfill(Y, np.full(6, 0.1), side="left").side == "left"


def test_pet_is_kept_until_its_limit_is_clear_of_zero():
    kept = asymmetry.pet_peese(1.2 * np.sqrt(LOPSIDED_V) + 0.01 * np.cos(np.arange(12.0)), LOPSIDED_V)
    assert kept.chosen == "pet"
    assert kept.estimate == kept.pet.limit
    clear = asymmetry.pet_peese(LOPSIDED, LOPSIDED_V)
    assert clear.chosen == "peese"
    assert clear.estimate == clear.peese.limit > clear.pet.limit


def test_the_pivots_moments_are_those_of_a_quadratic_form():
    """P(|U| < t) at the t found, with the conditional moments of Q from dense matrices and a plain grid."""
    w = 1 / V
    tau2 = pool_estimates(Y, V, method="dl").tau2
    t = asymmetry._pivot_quantile(w, tau2, 0.95)
    d, p = np.diag(V + tau2), np.diag(w) - np.outer(w, w) / w.sum()
    ratio = 1 + tau2 * (w @ w) / w.sum()
    given = d - d @ np.outer(w, w) @ d / (w @ d @ w)
    slope = d @ w * math.sqrt(w.sum()) / (w @ d @ w)
    r = np.linspace(t, t + 14 * math.sqrt(ratio), 20001)
    expected = np.trace(p @ given) + r**2 * (slope @ p @ slope)
    variance = 2 * np.trace(p @ given @ p @ given) + 4 * r**2 * (slope @ p @ given @ p @ slope)
    limit = 5 + (w.sum() ** 2 / (w @ w) - 1) * ((r / t) ** 2 - 1)
    below = special.gammainc(expected**2 / variance, limit * expected / variance)
    density = np.exp(-(r**2) / (2 * ratio)) / math.sqrt(2 * math.pi * ratio)
    assert 2 * np.trapezoid(below * density, r) == pytest.approx(0.05, abs=1e-8)


def test_henmi_and_copas_is_wider_than_the_common_effect_interval():
    common = pool_estimates(Y, V, method="ee")
    found = asymmetry.henmi_copas(Y, V)
    assert found.estimate == pytest.approx(common.estimate)
    assert found.ci_high - found.ci_low > common.ci_high - common.ci_low
    wider = asymmetry.henmi_copas(Y, V, level=0.99)
    assert wider.ci_high > found.ci_high


STUDIES = st.lists(
    st.tuples(st.floats(-2, 2).map(lambda x: round(x, 3)), st.floats(0.01, 1).map(lambda x: round(x, 3))),
    min_size=4,
    max_size=9,
    unique_by=(lambda study: study[0], lambda study: study[1]),
)


@settings(deadline=None, max_examples=40)
@given(
    STUDIES, st.randoms(use_true_random=False), st.sampled_from([0.01, 3.0, 100.0]), st.sampled_from([-1.0, 0.0, 2.0])
)
def test_order_shift_and_scale_leave_the_tests_as_they_are(studies, random, scale, shift):
    y, v = np.array(studies).T
    order = random.sample(range(len(y)), len(y))
    moved, spread = scale * (y[order] + shift), scale**2 * v[order]
    for model in ("lm", "rma"):
        plain, other = asymmetry.regtest(y, v, model=model), asymmetry.regtest(moved, spread, model=model)
        if plain.p is None or other.p is None or (plain.scale is not None and plain.scale < 1e-9):
            continue
        assert other.p == pytest.approx(plain.p, rel=1e-6, abs=1e-9)
        assert other.slope == pytest.approx(plain.slope, rel=1e-6, abs=1e-7)
        assert other.limit == pytest.approx(scale * (plain.limit + shift), rel=1e-6, abs=1e-6 * scale)


@settings(deadline=None, max_examples=40)
@given(STUDIES, st.sampled_from([0.01, 3.0]))
def test_order_sign_and_scale_leave_the_ranks_as_they_are(studies, scale):
    y, v = np.array(studies).T
    plain, other = asymmetry.ranktest(y, v), asymmetry.ranktest(-scale * y[::-1], scale**2 * v[::-1])
    if plain.tau is None or not plain.exact or not other.exact:
        return
    assert other.tau == pytest.approx(-plain.tau, abs=1e-12)
    assert other.p == pytest.approx(plain.p, abs=1e-12)

import math

import numpy as np
import pytest
from scipy import stats

from stromata.errors import InvalidInput
from stromata.synthesis.multilevel.inference import (
    Inverse,
    compare_fits,
    component_intervals,
    contrast_mv,
    predict_mv,
    profile_likelihood,
    random_effects,
    residuals_mv,
)
from stromata.synthesis.multilevel.multivariate import pool_mv
from synthesis.multilevel.test_fitting import opposed
from synthesis.multilevel.test_multivariate import berkey, calendars
from synthesis.published_dependent import BERKEY, CALENDARS


def dense(fit):
    """Return marginal covariance, projector and residuals of the three-level model by plain matrices."""
    district, school = fit.values("sigma2")
    z = (np.array(CALENDARS["district"])[:, None] == np.unique(CALENDARS["district"])[None, :]).astype(float)
    m = np.diag(CALENDARS["vi"]) + district * z @ z.T + school * np.eye(56)
    w = np.linalg.inv(m)
    one = np.ones((56, 1))
    p = w - w @ one @ one.T @ w / w.sum()
    return z, m, w, p, np.array(CALENDARS["yi"]) - fit.beta[0]


def test_random_effects_are_best_linear_unbiased_predictions():
    fit = calendars()
    z, _, w, p, e = dense(fit)
    district, school = fit.values("sigma2")
    first, second = random_effects(fit)
    assert first.levels[:2] == ("11", "12")
    assert first.estimate == pytest.approx(district * z.T @ w @ e, rel=1e-9)
    assert first.se == pytest.approx(np.sqrt(district - district**2 * np.diag(z.T @ p @ z)), rel=1e-9)
    assert second.estimate == pytest.approx(school * w @ e, rel=1e-9)
    assert second.levels[0] == "11/1"
    assert first.pi_high - first.estimate == pytest.approx(stats.norm.ppf(0.975) * first.se)
    # metafor 3.8-1, ranef().
    assert (first.estimate[0], first.se[0]) == pytest.approx((-0.189985955600587, 0.166539657935587), rel=1e-6)


def test_random_effects_of_correlated_outcomes_borrow_from_one_another():
    (found,) = random_effects(berkey())
    assert found.levels[:2] == ("1 | AL", "1 | PD")
    assert len(found.estimate) == 10


def test_the_inverse_by_blocks_is_the_inverse():
    fit = calendars()
    _, _, w, p, e = dense(fit)
    inverse, rows = Inverse.at(fit.model), np.arange(4, 8)
    assert inverse.within(rows) / fit.model.unit**2 == pytest.approx(w[np.ix_(rows, rows)], rel=1e-9)
    assert inverse.projector(rows) / fit.model.unit**2 == pytest.approx(p[np.ix_(rows, rows)], rel=1e-9)
    assert inverse.residual / fit.model.unit == pytest.approx(w @ e, rel=1e-8)


def test_predictions_add_the_variances_of_the_random_effects():
    fit = calendars()
    found = predict_mv(fit)
    reach = stats.norm.ppf(0.975) * math.sqrt(fit.se[0] ** 2 + sum(fit.values("sigma2")))
    assert found.pi_low[0] == pytest.approx(fit.beta[0] - reach)
    # metafor 3.8-1, predict().
    assert (found.pi_low[0], found.pi_high[0]) == pytest.approx((-0.450230970084651, 0.819657297430414), rel=1e-6)


def test_predictions_take_the_variance_of_the_level_named():
    fit = berkey()
    found = predict_mv(fit, X=np.eye(2), levels={"outcome | trial": ["AL", "PD"]})
    # metafor 5.1-12, predict(newmods = rbind(c(1, 0), c(0, 1)), tau2.levels = 1:2).
    assert found.pi_low == pytest.approx([-0.73305886523806, 0.11181791548176], rel=1e-5)
    assert np.isnan(predict_mv(fit, X=np.eye(2)).pi_low).all()
    by_name = predict_mv(fit, data={"outcome": ["AL", "PD"]})
    assert by_name.estimate == pytest.approx(fit.beta)
    with pytest.raises(InvalidInput, match="no level 'XY'"):
        predict_mv(fit, X=np.eye(2), levels={"outcome | trial": ["AL", "XY"]})
    with pytest.raises(InvalidInput, match="no setting"):
        predict_mv(fit)


def test_the_profile_peaks_at_the_estimate():
    fit = calendars()
    first = fit.components[0]
    found = profile_likelihood(fit, first, [0.0, 0.025, first.value, 0.3])
    assert found[2] == pytest.approx(fit.log_likelihood_reml, abs=1e-9)
    # metafor 3.8-1, profile(sigma2 = 1).
    assert found[[0, 1, 3]] == pytest.approx([-16.8454994526106, -9.50519549325002, -11.0967502156898], abs=1e-7)


def test_a_profile_looks_at_both_hills_of_a_correlation():
    # At -0.4 one variance of 0 is a maximum, and a lower one than that with both.
    fit = berkey()
    held = berkey(rho=-0.4)
    assert profile_likelihood(fit, fit.components[2], [-0.4])[0] == pytest.approx(held.log_likelihood_reml, abs=1e-7)
    assert held.values("tau2")[1] > 0


def test_bounds_lie_where_the_profile_has_fallen_by_half_the_quantile():
    fit = calendars()
    for interval in component_intervals(fit, level=0.9):
        drop = fit.log_likelihood_reml - profile_likelihood(fit, interval.component, [interval.low, interval.high])
        assert drop == pytest.approx([stats.chi2.ppf(0.9, 1) / 2] * 2, abs=1e-5)
        assert interval.low < interval.component.value < interval.high


def test_a_correlation_may_have_no_bound_short_of_its_limit():
    # metafor 3.8-1, confint(): -0.5996 to 1, its search stopping at 1.2e-4.
    fit = berkey()
    low = profile_likelihood(fit, fit.components[2], [-0.6, -0.59, 1.0]) - fit.log_likelihood_reml
    limit = -stats.chi2.ppf(0.95, 1) / 2
    assert low[0] < limit < low[1] < low[2]


def test_held_components_have_no_profile():
    fit = berkey(rho=0.5)
    with pytest.raises(InvalidInput, match="was held"):
        profile_likelihood(fit, fit.components[2], [0.1])


def test_models_are_compared_by_their_likelihoods():
    found = compare_fits(calendars(), calendars(sigma2=[0.0, None]))
    assert found.statistic == pytest.approx(17.7735508378, rel=1e-6)
    assert (found.df, found.p) == (1, pytest.approx(stats.chi2.sf(found.statistic, 1)))
    with pytest.raises(InvalidInput, match="no wider"):
        compare_fits(calendars(sigma2=[0.0, None]), calendars())
    with pytest.raises(InvalidInput, match="other moderators"):
        compare_fits(calendars(formula="~ school"), calendars())
    with pytest.raises(InvalidInput, match="same effects"):
        compare_fits(calendars(), berkey())


def test_contrasts_are_combinations_of_coefficients():
    fit = berkey()
    found = contrast_mv(fit, [1, -1])
    variance = fit.covariance[0, 0] + fit.covariance[1, 1] - 2 * fit.covariance[0, 1]
    assert found.estimate[0] == pytest.approx(fit.beta[0] - fit.beta[1])
    assert found.qm == pytest.approx(found.estimate[0] ** 2 / variance)
    assert contrast_mv(fit, np.eye(2)).qm == pytest.approx(fit.qm)
    with pytest.raises(InvalidInput, match="follow from one another"):
        contrast_mv(fit, [[1, -1], [2, -2]])


def test_residuals_leverages_and_weights_are_those_of_the_full_matrix():
    fit = calendars()
    _, m, w, _, e = dense(fit)
    found = residuals_mv(fit)
    hat = np.ones((56, 56)) @ w / w.sum()
    assert found.hat == pytest.approx(np.diag(hat), rel=1e-9)
    assert found.weight == pytest.approx(100 * w.sum(axis=1) / w.sum(), rel=1e-9)
    rest = np.eye(56) - hat
    assert found.standardised == pytest.approx(e / np.sqrt(np.diag(rest @ m @ rest.T)), rel=1e-9)


def test_the_data_of_a_fit_are_not_changed_by_what_follows():
    fit = pool_mv(BERKEY["yi"], [0.01] * 10, random="~ 1 | trial", data=BERKEY)
    before = fit.model.theta.copy()
    component_intervals(fit)
    assert fit.model.theta.tolist() == before.tolist()
    with pytest.raises(ValueError, match="read-only"):
        fit.beta[0] = 1.0


def test_the_profile_beside_a_variance_at_zero_knows_both_ways_there():
    """At a correlation that all three levels may have, it is the better of the fits with and without the variance."""
    y, vi, data = opposed(0)
    model = {"formula": "~ out - 1", "random": "~ out | study", "struct": "HCS", "data": data}
    fit = pool_mv(y, vi, **model)
    rho = fit.components[-1]
    assert rho.value < -0.5
    at = [-0.8, -0.3, 0.5]
    free = [-math.inf, *(pool_mv(y, vi, rho=value, **model).log_likelihood_reml for value in at[1:])]
    held = [pool_mv(y, vi, rho=value, tau2=[None, None, 0], **model).log_likelihood_reml for value in at]
    assert profile_likelihood(fit, rho, at) == pytest.approx(np.maximum(free, held), abs=1e-7)
    assert component_intervals(fit)[-1].low == -1
    zero = fit.components[2]
    assert profile_likelihood(fit, zero, [0.0])[0] == pytest.approx(fit.log_likelihood_reml, abs=1e-9)
    ahead = pool_mv(y, vi, tau2=[None, None, 0.1], **model).log_likelihood_reml
    assert profile_likelihood(fit, zero, [0.1])[0] == pytest.approx(ahead, abs=1e-7)

"""Contrasts, predictions, residuals, comparisons, inflation and intervals of a meta-regression."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes
from stromata.synthesis.pooling import heterogeneity
from stromata.synthesis.regression.inference import (
    contrast,
    likelihood_ratio,
    predict,
    residuals,
    tau2_interval,
    variance_inflation,
)
from stromata.synthesis.regression.meta_regression import regress
from synthesis.published import BCG
from synthesis.published_moderators import BCG_MODERATORS

EFFECTS = effect_sizes("RR", **BCG)
Y, V = np.array([e.yi for e in EFFECTS]), np.array([e.vi for e in EFFECTS])


def bcg(formula, **options):
    return regress(Y, V, formula, data=BCG_MODERATORS, **options)


# Contrasts.


def test_a_contrast_is_the_difference_of_two_groups():
    apart, together = bcg("~ alloc - 1"), bcg("~ alloc")
    found = contrast(apart, {"allocrandom": 1, "allocalternate": -1}, names=["random less alternate"])
    row = together.coefficients[1]
    (ours,) = found.rows
    assert ours.name == "random less alternate"
    assert (ours.estimate, ours.se, ours.p) == pytest.approx((row.estimate, row.se, row.p), rel=1e-9)
    assert found.joint.statistic == pytest.approx(row.statistic**2, rel=1e-9)


def test_the_joint_test_of_all_pairs_counts_those_that_are_independent():
    apart = bcg("~ alloc - 1", test="knha")
    pairs = contrast(apart, [[1, -1, 0], [1, 0, -1], [0, 1, -1]])
    term = bcg("~ alloc", test="knha").terms[0]
    assert len(pairs.rows) == 3
    assert (pairs.joint.df, pairs.joint.df2) == (2, 10)
    assert pairs.joint.statistic == pytest.approx(term.statistic, rel=1e-9)
    assert pairs.joint.p == pytest.approx(term.p, rel=1e-9)


@pytest.mark.parametrize(
    ("weights", "what"),
    [({"alloc": 1}, "no coefficient 'alloc'"), ([[1, 0]], "3 finite weights"), ([[0, 0, 0]], "only zeros")],
)
def test_contrasts_that_mean_nothing_are_refused(weights, what):
    with pytest.raises(InvalidInput, match=what):
        contrast(bcg("~ alloc - 1"), weights)


# Predictions.


def test_predictions_have_both_intervals():
    fit = bcg("~ ablat", test="knha", level=0.9)
    (found,) = predict(fit, {"ablat": [33]})
    x = np.array([1.0, 33.0])
    se, quantile = np.sqrt(x @ fit.covariance @ x), stats.t(11).ppf(0.95)
    assert found.estimate == pytest.approx(x @ fit.beta)
    assert found.se == pytest.approx(se)
    assert (found.ci_low, found.ci_high) == pytest.approx((x @ fit.beta - quantile * se, x @ fit.beta + quantile * se))
    ahead = quantile * np.sqrt(se**2 + fit.tau2)
    assert (found.pi_low, found.pi_high) == pytest.approx((x @ fit.beta - ahead, x @ fit.beta + ahead))
    assert predict(fit, [1.0, 33.0]) == (found,)
    assert predict(fit, {"ablat": [33]}, level=0.99)[0].ci_low < found.ci_low


def test_predictions_agree_with_metafor():
    # R's metafor 3.8-1: predict(rma(yi, vi, mods = ~ ablat)), first study, with thresholds of 1e-12.
    found = predict(bcg("~ ablat"))[0]
    assert found.estimate == pytest.approx(-1.02900769050533, rel=1e-9)
    assert (found.se, found.ci_low) == pytest.approx((0.140371174838618, -1.3041301376566), rel=1e-9)
    assert (found.pi_low, found.pi_high) == pytest.approx((-1.63644486462872, -0.421570516381947), rel=1e-8)


def test_predictions_know_factors_and_dropped_columns():
    data = {**BCG_MODERATORS, "twice": [2 * each for each in BCG_MODERATORS["ablat"]]}
    fit = regress(Y, V, "~ alloc + twice + ablat", data=data)
    assert fit.dropped == ("ablat",)
    found = predict(fit, {name: values[3:4] for name, values in data.items()})
    assert (found[0].estimate, found[0].pi_low) == pytest.approx((predict(fit)[3].estimate, predict(fit)[3].pi_low))


def test_a_common_effect_predicts_no_new_study():
    assert predict(bcg("~ ablat", method="ee"))[0].pi_low is None


@pytest.mark.parametrize(
    ("formula", "new", "what"),
    [
        ("~ ablat", {"year": [1]}, "no column 'ablat'"),
        ("~ ablat", [[1, 2, 3]], "2 finite columns"),
        (None, {}, "matrix"),
    ],
)
def test_settings_that_are_not_known_are_refused(formula, new, what):
    fit = bcg(formula) if formula else regress(Y, V, np.ones(13))
    with pytest.raises(InvalidInput, match=what):
        predict(fit, new)


# Residuals.


@pytest.mark.parametrize("method", ["reml", "ee", "genq"])
def test_residuals_have_the_variances_of_the_model(method):
    weights = 1 / np.sqrt(V) if method == "genq" else None
    fit = bcg("~ ablat + alloc", method=method, weights=weights)
    x, d = fit.matrix.x, V + (fit.tau2 or 0.0)
    a = 1 / d if weights is None else weights
    hat = x @ np.linalg.inv(x.T @ (x * a[:, None])) @ (x * a[:, None]).T
    rest = np.eye(13) - hat
    found = residuals(fit)
    assert_allclose(found.residual, rest @ Y, atol=1e-12)
    assert_allclose(found.se, np.sqrt(np.diagonal((rest * d) @ rest.T)), rtol=1e-10)
    assert_allclose(found.leverage, np.diagonal(hat), rtol=1e-10)
    assert_allclose(found.standardised, found.residual / found.se, rtol=1e-12)


def test_a_study_alone_in_its_group_has_no_standardised_residual():
    found = residuals(regress([0.1, 0.2, 0.3, 0.9], [0.1] * 4, [[1, 0], [1, 0], [1, 0], [0, 1]]))
    assert np.isnan(found.standardised[3])
    assert np.isfinite(found.standardised[:3]).all()
    assert found.leverage[3] == pytest.approx(1)


# Comparisons.


def test_nested_models_are_compared_by_their_likelihoods():
    full, reduced = bcg("~ ablat", method="ml"), bcg("~ 1", method="ml")
    found = likelihood_ratio(full, reduced)
    # R's metafor 3.8-1: anova() of the same two models, with thresholds of 1e-12.
    assert found.statistic == pytest.approx(9.95882163972536, rel=1e-9)
    assert found.p == pytest.approx(0.00160080481067469, rel=1e-8)
    assert found.r2 == pytest.approx(87.7328604129088, rel=1e-7)
    assert found.df == 1


def test_a_model_is_nested_in_another_coding_of_itself():
    assert likelihood_ratio(bcg("~ alloc - 1", method="ml"), bcg("~ 1", method="ml")).df == 2


def test_models_that_cannot_be_compared_are_refused():
    ml = {"method": "ml"}
    other = regress(Y[1:], V[1:], "~ 1", data=None, **ml)
    for full, reduced, what in (
        (bcg("~ ablat"), bcg("~ 1"), "fitted by reml and reml"),
        (bcg("~ ablat", **ml), bcg("~ 1", method="ee"), "ml and ee"),
        (bcg("~ ablat", **ml), other, "different studies"),
        (bcg("~ ablat + alloc", **ml), bcg("~ year", **ml), "cannot express column 'year'"),
        (bcg("~ ablat", **ml), bcg("~ year", **ml), "no more coefficients"),
    ):
        with pytest.raises(InvalidInput, match=what):
            likelihood_ratio(full, reduced)


# Inflation.


def test_inflation_is_the_inverse_of_what_others_leave():
    fit = bcg("~ ablat + year")
    first, second = variance_inflation(fit)
    # R's metafor 3.8-1: vif() of the same model.
    assert first.vif == pytest.approx(1.53913018354858, rel=1e-8)
    assert (first.label, second.label) == ("ablat", "year")
    assert second.vif == pytest.approx(first.vif)


def test_a_factor_has_one_inflation_whatever_its_reference():
    by_term = variance_inflation(bcg("~ ablat + alloc"), by_term=True)
    other = variance_inflation(bcg('~ ablat + relevel(alloc, ref="random")'), by_term=True)
    assert [(each.label, each.df) for each in by_term] == [("ablat", 1), ("alloc", 2)]
    assert [each.vif for each in by_term] == pytest.approx([each.vif for each in other], rel=1e-9)
    assert by_term[1].per_df == pytest.approx(by_term[1].vif ** 0.25)
    assert variance_inflation(bcg("~ ablat"))[0].vif == pytest.approx(1)


def test_without_moderators_nothing_is_inflated():
    with pytest.raises(InvalidInput, match="no moderators"):
        variance_inflation(bcg("~ 1"))


# Intervals of tau2.


def test_the_q_profile_interval_solves_its_equations():
    fit = bcg("~ ablat")
    found = tau2_interval(fit)
    x = fit.matrix.x

    def q(tau2):
        w = 1 / (V + tau2)
        residual = Y - x @ np.linalg.solve(x.T @ (x * w[:, None]), x.T @ (w * Y))
        return residual @ (w * residual)

    assert q(found.tau2_low) == pytest.approx(stats.chi2(11).ppf(0.975), rel=1e-9)
    assert q(found.tau2_high) == pytest.approx(stats.chi2(11).ppf(0.025), rel=1e-9)
    # R's metafor 3.8-1: confint() of the same model.
    assert (found.tau2_low, found.tau2_high) == pytest.approx((0.0166800683208299, 0.784835254575501), rel=1e-8)
    assert found.i2_high == pytest.approx(100 * found.tau2_high / (found.tau2_high + fit.typical))
    assert found.h2_high == pytest.approx(1 + found.tau2_high / fit.typical)
    assert not found.empty


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_the_profile_likelihood_falls_by_half_a_quantile_at_its_bounds(method):
    fit = bcg("~ ablat", method=method)
    found = tau2_interval(fit, kind="pl", level=0.9)

    def value(tau2):
        d, x = V + tau2, fit.matrix.x
        information = x.T @ (x / d[:, None])
        residual = Y - x @ np.linalg.solve(information, x.T @ (Y / d))
        whole = -0.5 * (np.log(d).sum() + residual @ (residual / d))
        return whole - 0.5 * np.linalg.slogdet(information)[1] * (method == "reml")

    drop = stats.chi2(1).ppf(0.9) / 2
    assert value(fit.tau2) - value(found.tau2_high) == pytest.approx(drop, rel=1e-8)
    assert found.tau2_low == 0 or value(fit.tau2) - value(found.tau2_low) == pytest.approx(drop, rel=1e-8)


def test_studies_that_agree_too_well_leave_no_value():
    fit = regress([1.0, 2.0, 3.0001, 4.0, 5.0], [1.0] * 5, [[1, i] for i in range(5)])
    found = tau2_interval(fit)
    assert found.empty
    assert (found.tau2_low, found.tau2_high) == (0, 0)


def test_intervals_that_do_not_exist_are_refused():
    for fit, kind, what in (
        (bcg("~ ablat", method="dl"), "pl", "needs method ml or reml"),
        (bcg("~ ablat"), "wald", "no interval 'wald'"),
        (regress([0.1, 0.5], [0.1, 0.2], [[1, 0], [1, 1]], method="ee"), "qp", "as many coefficients"),
    ):
        with pytest.raises(InvalidInput, match=what):
            tau2_interval(fit, kind=kind)


# The generalised Q.


def chance_of_more(q, a, s, x):
    """P(Q > q) from the eigenvalues of the quadratic form, by Imhof's integral."""
    weights = np.diag(a)
    projected = weights - weights @ x @ np.linalg.inv(x.T @ weights @ x) @ x.T @ weights
    root = np.sqrt(s)
    values = np.linalg.eigvalsh(projected * np.multiply.outer(root, root))[x.shape[1] :]

    def inside(u):
        angle = 0.5 * np.arctan(values * u).sum() - 0.5 * q * u
        return np.sin(angle) / (u * np.prod((1 + (values * u) ** 2) ** 0.25))

    return 0.5 + integrate.quad(inside, 0, np.inf, limit=2000, epsabs=1e-11)[0] / np.pi


@pytest.mark.parametrize("power", [1.0, 0.5, 0.0])
def test_the_generalised_q_has_its_tails_at_the_bounds_and_its_median_at_the_estimate(power):
    a = V**-power
    fit = bcg("~ ablat + year", method="genqm", weights=a)
    x, bounds = fit.matrix.x, tau2_interval(fit, kind="genq", level=0.9)
    weighted = np.linalg.lstsq(np.sqrt(a)[:, None] * x, np.sqrt(a) * Y, rcond=None)[0]
    q = float(a @ (Y - x @ weighted) ** 2)
    for tau2, chance in ((fit.tau2, 0.5), (bounds.tau2_low, 0.05), (bounds.tau2_high, 0.95)):
        assert chance_of_more(q, a, V + tau2, x) == pytest.approx(chance, abs=2e-6)
    assert not bounds.empty


def test_without_weights_the_generalised_q_takes_inverse_variances():
    plain, weighted = bcg("~ ablat", method="dl"), bcg("~ ablat", method="genq", weights=1 / V)
    assert plain.tau2 == pytest.approx(weighted.tau2, rel=1e-9)
    ours, theirs = (tau2_interval(fit, kind="genq") for fit in (plain, weighted))
    assert (ours.tau2_low, ours.tau2_high) == pytest.approx((theirs.tau2_low, theirs.tau2_high), rel=1e-9)


def test_with_a_constant_alone_it_is_the_interval_of_a_pooled_set():
    fit = bcg("~ 1", method="genqm", weights=1 / np.sqrt(V))
    plain = heterogeneity.estimate(Y, V, "genqm", weights=1 / np.sqrt(V))
    assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-9)
    assert fit.tau2_se == pytest.approx(plain.se, rel=1e-9)
    ours = tau2_interval(fit, kind="genq")
    theirs = heterogeneity.interval(Y, V, kind="genq", level=0.95, weights=1 / np.sqrt(V))
    assert (ours.tau2_low, ours.tau2_high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_studies_that_agree_too_well_leave_the_interval_empty():
    fit = regress(np.linspace(0, 1, 8), np.full(8, 5.0), np.ones(8))
    found = tau2_interval(fit, kind="genq")
    assert (found.tau2_low, found.tau2_high, found.empty) == (0.0, 0.0, True)

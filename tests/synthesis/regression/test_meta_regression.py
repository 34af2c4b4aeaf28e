"""Meta-regression from formulas or matrices: its tests, its measures, its cautions, its errors."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes
from stromata.synthesis.pooling.estimates import pool_estimates
from stromata.synthesis.regression.meta_regression import METHODS, REGRESSION_CAUTION_CODES, regress
from synthesis.published import BCG
from synthesis.published_moderators import BCG_MODERATORS

EFFECTS = effect_sizes("RR", **BCG)
Y, V = [e.yi for e in EFFECTS], [e.vi for e in EFFECTS]


def bcg(formula, **options):
    return regress(Y, V, formula, data=BCG_MODERATORS, **options)


def codes(fit):
    return [each.code for each in fit.cautions]


@pytest.mark.parametrize(
    ("method", "tau2", "ablat"),
    [
        # R's metafor 3.8-1, rma(yi, vi, mods = ~ ablat, method), with thresholds of 1e-12.
        ("reml", 0.0763479639559193, -0.0291017250116429),
        ("ee", None, -0.0292369342595418),
    ],
)
def test_coefficients_agree_with_metafor(method, tau2, ablat):
    fit = bcg("~ ablat", method=method)
    assert fit.coefficients[1].estimate == pytest.approx(ablat, rel=1e-9)
    assert fit.tau2 == (None if tau2 is None else pytest.approx(tau2, rel=1e-8))


def test_fit_statistics_agree_with_metafor():
    fit = bcg("~ ablat")
    # As above: AIC, BIC and AICc of the restricted likelihood, R2, I2, typical variance.
    assert (fit.aic, fit.bic, fit.aicc) == pytest.approx(
        (22.1746401165515, 23.3683259349466, 25.6032115451229), rel=1e-9
    )
    assert (fit.r2, fit.i2, fit.typical) == pytest.approx(
        (75.6266218113933, 68.3912248383852, 0.0352861881393774), rel=1e-8
    )
    common = bcg("~ ablat", method="ee")
    assert (common.r2, common.i2, common.h2) == pytest.approx((77.9765192143401, 64.2079595766237, 2.79391727370448))
    assert (common.aic, common.bic, common.aicc) == pytest.approx(
        (22.9472217372377, 24.0771204521608, 24.1472217372377)
    )


def test_tests_follow_their_distributions():
    z, t, knha, adhoc = (bcg("~ ablat + alloc", test=name) for name in ("z", "t", "knha", "adhoc"))
    df = 13 - 4
    for fit, distribution in ((z, stats.norm()), (t, stats.t(df)), (knha, stats.t(df))):
        row = fit.coefficients[1]
        assert row.statistic == pytest.approx(row.estimate / row.se)
        assert row.p == pytest.approx(2 * distribution.sf(abs(row.statistic)), rel=1e-9)
        half = distribution.ppf(0.975) * row.se
        assert (row.ci_low, row.ci_high) == pytest.approx((row.estimate - half, row.estimate + half), rel=1e-9)
    assert (z.df, t.df) == (None, df)
    beta, part = z.beta[1:], z.covariance[1:, 1:]
    assert z.omnibus.statistic == pytest.approx(beta @ np.linalg.solve(part, beta), rel=1e-10)
    assert z.omnibus.p == pytest.approx(stats.chi2(3).sf(z.omnibus.statistic), rel=1e-9)
    assert (t.omnibus.df, t.omnibus.df2) == (3, df)
    assert t.omnibus.statistic == pytest.approx(z.omnibus.statistic / 3)
    assert t.omnibus.p == pytest.approx(stats.f(3, df).sf(t.omnibus.statistic), rel=1e-9)
    d = np.array(V) + knha.tau2
    residual = np.array(Y) - knha.matrix.x @ knha.beta
    assert knha.scale == pytest.approx((residual**2 / d).sum() / df, rel=1e-10)
    assert_allclose(knha.covariance, z.covariance * knha.scale, rtol=1e-12)
    assert adhoc.scale == max(knha.scale, 1.0)


def test_each_term_has_its_test():
    fit = bcg("~ ablat + alloc")
    assert [each.label for each in fit.terms] == ["ablat", "alloc"]
    assert fit.terms[0].statistic == pytest.approx(fit.coefficients[1].statistic ** 2)
    assert fit.terms[1].coefficients == ("allocrandom", "allocsystematic")
    assert fit.terms[1].df == 2


def test_without_an_intercept_all_coefficients_are_tested_and_groups_stand_alone():
    fit = bcg("~ alloc - 1")
    assert fit.omnibus.df == 3
    assert fit.r2 is None
    contrasted = bcg("~ alloc")
    assert fit.tau2 == pytest.approx(contrasted.tau2, rel=1e-11)
    assert fit.coefficients[1].estimate == pytest.approx(
        contrasted.coefficients[0].estimate + contrasted.coefficients[1].estimate, rel=1e-10
    )


@pytest.mark.parametrize("method", [name for name in METHODS if name not in {"genq", "genqm"}])
def test_without_moderators_it_is_pooling(method):
    fit = regress(Y, V, method=method, test="knha" if method != "ee" else "z")
    pooled = pool_estimates(Y, V, method=method, test="knha" if method != "ee" else "z")
    row = fit.coefficients[0]
    assert (row.estimate, row.se, row.ci_low, row.p) == pytest.approx(
        (pooled.estimate, pooled.se, pooled.ci_low, pooled.p), rel=1e-9
    )
    assert fit.q == pytest.approx(pooled.q, rel=1e-12)
    assert (fit.i2, fit.h2) == pytest.approx((pooled.i2, pooled.h2), rel=1e-9)
    assert fit.r2 is None


def test_a_matrix_gives_what_the_formula_gives():
    x = np.column_stack((np.ones(13), BCG_MODERATORS["ablat"]))
    fit, same = regress(Y, V, x, names=["intrcpt", "ablat"]), bcg("~ ablat")
    assert_allclose(fit.beta, same.beta, rtol=1e-13)
    assert fit.r2 == pytest.approx(same.r2)
    unnamed = regress(Y, V, x)
    assert [each.name for each in unnamed.coefficients] == ["intrcpt", "x1"]
    assert unnamed.omnibus.coefficients == ("x1",)
    through_zero = regress(Y, V, x[:, 1])
    assert through_zero.omnibus.df == 1
    assert through_zero.r2 is None


def test_rows_without_moderators_are_left_out_with_a_caution():
    year = [None if i in {2, 5} else each for i, each in enumerate(BCG_MODERATORS["year"])]
    fit = regress(Y, V, "~ year", data={"year": year, "unused": [None] * 13})
    keep = [i for i in range(13) if i not in {2, 5}]
    same = regress([Y[i] for i in keep], [V[i] for i in keep], "~ year", data={"year": [year[i] for i in keep]})
    assert_allclose(fit.beta, same.beta, rtol=1e-12)
    assert fit.k == 11
    assert fit.matrix.rows == tuple(keep)
    (told,) = (each.text for each in fit.cautions if each.code == "moderators-missing")
    assert "rows 3, 6" in told
    assert "year" in told


def test_columns_that_depend_on_others_are_dropped_or_refused():
    data = {"x": BCG_MODERATORS["ablat"], "twice": [2 * each for each in BCG_MODERATORS["ablat"]], "one": [1.0] * 13}
    fit = regress(Y, V, "~ x + twice + one", data=data)
    assert fit.dropped == ("twice", "one")
    assert [each.name for each in fit.coefficients] == ["intrcpt", "x"]
    assert "collinear-dropped" in codes(fit)
    with pytest.raises(InvalidInput, match="'twice'"):
        regress(Y, V, "~ x + twice", data=data, collinear="refuse")


def test_columns_that_nearly_depend_on_others_are_kept_and_told():
    x = [float(i) for i in range(1, 14)]
    near = [*x[:-1], 13.0001]
    fit = regress(Y, V, "~ x + near", data={"x": x, "near": near})
    assert len(fit.coefficients) == 3
    (told,) = (each.text for each in fit.cautions if each.code == "nearly-collinear")
    assert "x, near" in told
    assert "nearly-collinear" not in codes(bcg("~ ablat"))


def test_cautions_are_stated_when_they_are_true():
    assert "few-studies-per-coefficient" in codes(bcg("~ ablat + year"))
    assert "few-studies-per-coefficient" not in codes(bcg("~ ablat"))
    assert "common-despite-heterogeneity" in codes(bcg("~ ablat", method="ee"))
    line = regress([1.0, 2.0, 3.0, 4.0], [0.1] * 4, [[1, 1], [1, 2], [1, 3], [1, 4]], test="knha")
    assert {"perfect-fit", "tau2-zero"} <= set(codes(line))
    close = regress([1.0, 2.0, 3.0, 4.05], [0.1] * 4, [[1, 1], [1, 2], [1, 3], [1, 4]], test="knha")
    assert "knha-narrower" in codes(close)
    assert "perfect-fit" not in codes(close)
    peaks = regress([0, 3, 0.1, 0.2, 2.9], [1e-4, 1e-4, 5, 5, 5], np.ones(5))
    assert ("several-maxima" in codes(peaks)) == (peaks.modes > 1)
    found = {code for fit in (bcg("~ ablat + year"), line, close, peaks) for code in codes(fit)}
    assert found <= set(REGRESSION_CAUTION_CODES)


def test_one_study_more_than_coefficients_is_enough():
    fit = regress([0.1, 0.5, 0.2], [0.1, 0.2, 0.1], [[1, 0], [1, 1], [1, 2]], test="knha")
    assert (fit.k, fit.q_df) == (3, 1)
    assert all(math.isfinite(each.se) for each in fit.coefficients)


def test_as_many_studies_as_coefficients_fit_a_common_effect_exactly():
    fit = regress([0.1, 0.5], [0.1, 0.2], [[1, 0], [1, 1]], method="ee")
    assert_allclose(fit.beta, [0.1, 0.4], rtol=1e-12)
    assert (fit.q, fit.q_df, fit.q_p, fit.i2) == (0.0, 0, 1.0, None)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in {"genq", "genqm"}])
def test_any_finite_input_has_a_finite_answer(method):
    random = np.random.default_rng(METHODS.index(method))
    for _ in range(25):
        p = int(random.integers(1, 5))
        k = p + int(random.integers(1, 9))
        span = float(random.choice([0.3, 4, 28]))
        v = 10 ** random.uniform(-span, span, k)
        choices = (random.normal(size=k), 1950.0 + random.integers(0, 30, k), 1e-12 * random.normal(size=k))
        x = np.column_stack([np.ones(k), *(choices[int(random.integers(3))] for _ in range(p - 1))])
        y = random.normal(size=k) * np.sqrt(v + 10 ** random.uniform(-span, span))
        y = y if random.random() < 0.8 else np.full(k, y[0])
        fit = regress(y, v, x, method=method, test=str(random.choice(["z", "t", "knha", "adhoc"])))
        numbers = (fit.tau2, fit.tau2_se, fit.i2, fit.h2, fit.q, fit.log_likelihood, *fit.beta, *fit.covariance.ravel())
        assert all(math.isfinite(each) for each in numbers if each is not None)


def test_results_are_frozen():
    fit = bcg("~ ablat")
    with pytest.raises(ValueError, match="read-only"):
        fit.covariance[0, 0] = 0
    with pytest.raises(AttributeError):
        fit.tau2 = 1


@pytest.mark.parametrize(
    ("yi", "vi", "moderators", "options", "what"),
    [
        ([0.1, math.nan], [1, 1], "~ 1", {}, "study 2: yi is nan"),
        ([0.1, 0.2], [1, 0], "~ 1", {}, "study 2: vi is 0.0"),
        ([0.1, 0.2], [1, -1], "~ 1", {"studies": ["Lee", "Kim"]}, "study 'Kim': vi is -1.0"),
        ([0.1, 0.2], [1, math.inf], "~ 1", {}, "study 2: vi is inf"),
        ([0.1, 0.2], [1, 1, 1], "~ 1", {}, "yi has 2 values, vi has 3"),
        ([0.1, "a"], [1, 1], "~ 1", {}, "yi has a value that is not a number"),
        ([0.1, 0.2], [1, 1], "~ x", {"data": {"x": [1, 2, 3]}}, "column 'x' has 3 values; there are 2 studies"),
        ([0.1, 0.2], [1, 1], "~ x", {"data": {"z": [1, 2]}}, "no column 'x'"),
        ([0.1, 0.2], [1, 1], "~ x", {"data": {"x": ["a", "a"]}}, "only the level 'a'"),
        ([0.1, 0.2], [1, 1], "~ x", {"data": {"x": [1, 2]}}, "2 studies for 2 coefficients; at least 3"),
        ([0.1, 0.2], [1, 1], [[1, 1, 3], [1, 2, 9]], {"method": "ee"}, "2 studies for 3 coefficients; at least 3"),
        ([0.1, 0.2], [1, 1], "~ 0", {}, "no coefficients"),
        ([0.1, 0.2], [1, 1], [[1.0], [math.nan]], {}, "study 2: column 'x1' is nan"),
        ([0.1, 0.2], [1, 1], [[1.0]], {}, "needs 2 rows"),
        ([0.1, 0.2], [1, 1], [[1.0], [1.0]], {"names": ["a", "b"]}, "2 names for 1 columns"),
        ([0.1, 0.2], [1, 1], "~ 1", {"method": "genq"}, "genq needs weights"),
        ([0.1, 0.2], [1, 1], "~ 1", {"weights": [1, 2]}, "weights were given"),
        ([0.1, 0.2], [1, 1], "~ 1", {"method": "genq", "weights": [1, 0]}, "study 2: weights is 0.0"),
        ([0.1, 0.2], [1, 1], "~ 1", {"method": "genqm"}, "genqm needs weights"),
        ([0.1, 0.2], [1, 1], "~ 1", {"test": "F"}, "no test 'F'"),
        ([0.1, 0.2], [1, 1], "~ 1", {"level": 95}, "level is 95"),
        ([0.1], [1], "~ 1", {}, "1 studies for 1 coefficients; at least 2"),
    ],
)
def test_bad_input_has_one_clear_error(yi, vi, moderators, options, what):
    with pytest.raises(InvalidInput) as error:
        regress(yi, vi, moderators, **options)
    assert what in error.value.message


def test_two_peaks_within_two_units_are_a_warning_of_their_own():
    # three precise studies that agree, and vague ones that do not: tau2 is near 0, or large
    v, x = [1e-3] * 3 + [2.0] * 4, np.column_stack((np.ones(7), [0, 1, 2, 0, 1, 2, 3]))
    close = regress([0.5, -0.1, -0.1, -3.9, 2.1, -0.2, -2.1], v, x)
    assert close.modes == 2
    assert close.gap == pytest.approx(0.0511, abs=1e-4)
    assert {"several-maxima", "maxima-close"} <= set(codes(close))
    apart = regress([0.5, -0.1, -0.1, -39, 21, -2, -21], v, x)
    assert "maxima-close" not in codes(apart)

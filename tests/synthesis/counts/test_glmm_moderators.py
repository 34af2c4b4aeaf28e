import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.counts import models as count_models
from stromata.synthesis.counts.binomial_normal import model as proportions
from stromata.synthesis.counts.glmm import pool_glmm
from stromata.synthesis.counts.glmm_moderators import Columns, choose_rows, runaways, typical_variance
from stromata.synthesis.intervals import t_quantile
from stromata.synthesis.pooling.inverse_variance import typical_variance as plain_typical_variance
from stromata.synthesis.regression.inference import contrast, predict
from stromata.synthesis.regression.meta_regression import moderator_matrix
from synthesis.published import BCG
from synthesis.sparse_data import CATHETER_DAYS

LATITUDE = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
THREE = {"x": [i % 3 for i in range(len(CATHETER_DAYS["x1i"]))]}
ARM = {"xi": [1, 3, 2, 6, 5, 9, 0], "ni": [12, 15, 11, 14, 10, 12, 8]}
DOSE = {"dose": [1, 2, 2, 4, 4, 8, 1], "route": ["iv", "iv", "local", "local", "iv", "local", "iv"]}


def codes(result):
    return {caution.code for caution in result.cautions}


# rma.glmm(measure="OR", mods=~ablat) of metafor 3.8-1 with lme4 1.1-31 on dat.bcg: coefficients and standard errors,
# tau2, I2, likelihood-ratio and Wald tests, omnibus test. lme4's stopping rule limits them.
@pytest.mark.parametrize(
    ("model", "beta", "se", "tau2", "i2", "lrt", "wald", "omnibus"),
    [
        ("um.fs", (0.398859044978659, -0.0333291441598172), (0.0822144375708236, 0.00278536167828911), 0, 0,
         25.0138523489091, 25.0954176698009, 143.180914280032),
        ("cm.al", (0.292970431976288, -0.0299316133545058), (0.186836461184063, 0.00536125463348995),
         0.0318679833681326, 45.9730826867869, 30.0133866894769, 29.8946245624652, 31.1693240346505),
        ("um.rs", (0.3623995, -0.03260911), (0.1391387, 0.003737426), 0.004674063, 11.09573,
         24.05346, 24.4944, 76.12591),
    ],
)  # fmt: skip
def test_odds_ratios_agree_with_metafor(model, beta, se, tau2, i2, lrt, wald, omnibus):
    found = pool_glmm("OR", model=model, moderators="~ latitude", data={"latitude": LATITUDE}, **BCG)
    rough = 2e-2 if model == "um.rs" else 1e-3  # lme4 stops early there, metafor says so itself
    assert found.regression.beta == pytest.approx(beta, rel=1e-3)
    assert [each.se for each in found.regression.coefficients] == pytest.approx(se, rel=rough)
    assert (found.tau2, found.i2) == pytest.approx((tau2, i2), rel=1e-2)
    assert (found.q, found.q_df) == (pytest.approx(lrt, rel=1e-4), 11)
    assert found.wald.statistic == pytest.approx(wald, rel=rough)
    assert found.regression.omnibus.statistic == pytest.approx(omnibus, rel=rough)


# The same: rma.glmm(measure="IRR", mods=~x) and rma.glmm(measure="IRLN", mods=~x) on dat.nielweise2008.
@pytest.mark.parametrize("model", ["um.fs", "cm.el"])
def test_rates_agree_with_metafor(model):
    ratio = pool_glmm("IRR", model=model, moderators="~ x", data=THREE, **CATHETER_DAYS)
    assert ratio.regression.beta == pytest.approx((-0.02373271, -0.5877396), rel=1e-5)
    assert (ratio.q, ratio.wald.statistic, ratio.tau2) == pytest.approx((5.16816, 5.1398, 0), rel=1e-5)
    one = pool_glmm("IRLN", moderators="~ x", data=THREE, xi=CATHETER_DAYS["x1i"], ti=CATHETER_DAYS["t1i"])
    assert one.regression.beta == pytest.approx((-5.505218, -0.6843414), rel=1e-5)
    assert (one.tau2, one.i2) == pytest.approx((0.3297662, 60.41407), rel=1e-4)
    later = predict(one.regression, {"x": [2]})[0]
    assert (later.estimate, later.se, later.pi_low) == pytest.approx((-6.8739, 0.5113, -8.3809), abs=1e-4)


def test_a_constant_alone_is_the_model_without_moderators():
    plain, fitted = pool_glmm("PLO", **ARM), pool_glmm("PLO", moderators="~ 1", **ARM)
    (only,) = fitted.regression.coefficients
    assert (only.estimate, only.se, fitted.tau2, fitted.i2, fitted.q, fitted.log_likelihood) == pytest.approx(
        (plain.estimate, plain.se, plain.tau2, plain.i2, plain.q, plain.log_likelihood), rel=1e-9, abs=1e-12
    )
    assert fitted.estimate is None


@pytest.mark.parametrize("model", ["um.fs", "um.rs", "cm.el", "cm.al"])
def test_the_scale_of_a_moderator_changes_only_its_coefficient(model):
    near, far = (
        pool_glmm("OR", model=model, moderators="~ x", data={"x": [a * u for a in LATITUDE]}, method="ee", **BCG)
        for u in (1, 1e4)
    )
    assert far.regression.beta * [1, 1e4] == pytest.approx(near.regression.beta, rel=1e-7)
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-9)


def test_a_factor_is_fitted_level_by_level_when_nothing_else_varies():
    found = pool_glmm("PLO", method="ee", moderators="~ 0 + route", data=DOSE, **ARM)
    by_hand = []
    for route in ("iv", "local"):
        own = [i for i, value in enumerate(DOSE["route"]) if value == route]
        by_hand.append(
            pool_glmm("PLO", method="ee", **{name: [column[i] for i in own] for name, column in ARM.items()})
        )
    assert found.regression.beta == pytest.approx([each.estimate for each in by_hand], rel=1e-9)
    assert found.log_likelihood == pytest.approx(sum(each.log_likelihood for each in by_hand), rel=1e-9)
    apart = contrast(found.regression, {"routelocal": 1, "routeiv": -1}).rows[0]
    assert apart.se == pytest.approx(np.hypot(by_hand[0].se, by_hand[1].se), rel=1e-9)


def test_nothing_near_the_estimates_is_more_likely():
    found = pool_glmm("PLO", moderators="~ dose", data=DOSE, **ARM)
    x = np.stack((np.ones(7), DOSE["dose"]))
    built = proportions(np.array(ARM["xi"], float), np.array(ARM["ni"], float))
    built = count_models.Model(built.family, built.offset, x[:, None], None, built.loading)
    steps = np.array([[a, b, c] for a in (-0.3, 0, 0.3) for b in (-0.05, 0, 0.05) for c in (0, 0.2, 0.6)])
    heights = count_models.log_likelihood(
        built, found.regression.beta + steps[:, :2], np.sqrt(found.tau2) + steps[:, 2:], points=found.points or 7
    )
    assert heights.max() <= found.log_likelihood + 1e-9


def test_a_matrix_does_what_its_formula_does_and_t_tests_count_the_coefficients():
    formula = pool_glmm("PLO", test="t", moderators="~ dose", data=DOSE, **ARM)
    matrix = pool_glmm("PLO", test="t", moderators=np.column_stack((np.ones(7), DOSE["dose"])), **ARM)
    assert matrix.regression.beta == pytest.approx(formula.regression.beta, rel=1e-12)
    assert [each.name for each in matrix.regression.coefficients] == ["intrcpt", "x1"]
    slope = formula.regression.coefficients[1]
    assert slope.df == formula.regression.omnibus.df2 == 5
    assert slope.ci_high - slope.estimate == pytest.approx(t_quantile(0.95, 5) * slope.se, rel=1e-12)
    assert formula.regression.omnibus.p == pytest.approx(slope.p, rel=1e-9)


def test_a_level_without_events_has_no_finite_coefficient_and_is_named():
    data = {"g": ["a", "a", "b", "b", "b"], "x": [1, 2, 3, 4, 5]}
    found = pool_glmm("PLO", xi=[0, 0, 3, 4, 2], ni=[9, 8, 9, 10, 11], moderators="~ g", data=data)
    assert (found.outcome, found.regression, found.natural.ci_high) == ("infinite", None, None)
    (said,) = [each.text for each in found.cautions if each.code == "moderators-separate"]
    assert "intrcpt, gb" in said
    mixed = pool_glmm("PLO", xi=[0, 1, 3, 4, 2], ni=[9, 8, 9, 10, 11], moderators="~ g", data=data)
    assert mixed.outcome == "fitted"


@pytest.mark.parametrize("model", ["um.fs", "um.rs", "cm.el"])
def test_a_level_with_events_in_one_group_only_has_none_either(model):
    data = {"g": ["a", "a", "b", "b", "b"]}
    counts = {"ai": [0, 0, 3, 4, 2], "n1i": [9, 8, 9, 10, 11], "ci": [1, 2, 3, 1, 5], "n2i": [9, 9, 9, 12, 11]}
    found = pool_glmm("OR", model=model, moderators="~ g", data=data, **counts)
    assert found.outcome == "infinite"
    assert "moderators-separate" in codes(found)
    assert "events-in-one-arm" not in codes(found)


def test_a_slope_that_parts_none_from_all_has_no_end():
    x = np.column_stack((np.ones(4), [1.0, 2, 3, 4]))
    columns = choose_rows(moderator_matrix(x, None, None, 4), np.ones(4, dtype=bool))
    low, high = np.array([True, True, False, False]), np.array([False, False, True, True])
    assert runaways(columns.scaled.T, columns, low, high) == ("intrcpt", "x1")
    crossed = np.array([True, False, True, False])
    assert runaways(columns.scaled.T, columns, crossed, ~crossed) == ()
    assert runaways(columns.scaled.T, columns, np.zeros(4, dtype=bool), np.zeros(4, dtype=bool)) == ()


def test_scaled_columns_are_orthogonal_and_lead_back():
    x = np.column_stack((np.ones(5), [10.0, 20, 30, 40, 60], [1.0, 0, 0, 1, 1]))
    columns = choose_rows(moderator_matrix(x, None, None, 5), np.ones(5, dtype=bool))
    assert isinstance(columns, Columns)
    assert columns.scaled @ columns.scaled.T == pytest.approx(5 * np.eye(3), abs=1e-12)
    assert x @ columns.back == pytest.approx(columns.scaled.T, abs=1e-9)


def test_the_typical_variance_without_moderators_is_the_plain_one():
    v = np.array([0.1, 0.3, 0.2, 1.5])
    assert typical_variance(v, np.ones((1, 4))) == pytest.approx(plain_typical_variance(v), rel=1e-12)


def test_missing_values_and_columns_that_say_the_same_are_told():
    data = {"dose": [1, 2, None, 4, 4, 8, 1], "twice": [2, 4, 4, 8, 8, 16, 2]}
    found = pool_glmm("PLO", moderators="~ dose + twice", data=data, labels=list("ABCDEFG"), **ARM)
    assert (found.k, found.regression.dropped) == (6, ("twice",))
    assert {"moderators-missing", "collinear-dropped", "few-studies-per-coefficient"} <= codes(found)
    assert "C" in next(each.text for each in found.cautions if each.code == "moderators-missing")


def test_as_many_coefficients_as_studies_are_refused():
    with pytest.raises(InvalidInput, match="2 studies with information for 2 coefficients"):
        pool_glmm("PLO", xi=[1, 2], ni=[4, 5], moderators="~ x", data={"x": [1, 2]})
    with pytest.raises(InvalidInput, match="there are 2 studies"):
        pool_glmm("PLO", xi=[1, 2], ni=[4, 5], moderators="~ x", data={"x": [1, 2, 3]})

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis import pool_estimates
from stromata.synthesis.multilevel.fitting import blocks_of
from stromata.synthesis.multilevel.multivariate import MultilevelFit, pool_mv
from stromata.synthesis.multilevel.sampling_covariance import sampling_covariance
from synthesis.published_dependent import BERKEY, CALENDARS

THREE_LEVELS = "~ 1 | district/school"


def calendars(**options):
    return pool_mv(CALENDARS["yi"], CALENDARS["vi"], data=CALENDARS, **{"random": THREE_LEVELS} | options)


def berkey(**options):
    V = sampling_covariance(1.0, cluster=BERKEY["trial"], rvars=BERKEY["rows"])
    options = {"formula": "~ outcome - 1", "random": "~ outcome | trial", "struct": "UN", "data": BERKEY} | options
    return pool_mv(BERKEY["yi"], V, **options)


def codes(fit):
    return {caution.code for caution in fit.cautions}


# metafor 3.8-1, rma.mv(yi, vi, random = ~ 1 | district/school); the likelihood is flat to 1e-9 there.
def test_three_levels_agree_with_metafor():
    fit = calendars()
    assert fit.values("sigma2") == pytest.approx((0.0650619442753117, 0.0327365170279351), rel=1e-6)
    assert (fit.beta[0], fit.se[0]) == pytest.approx((0.184713163672882, 0.0845559187420597), rel=1e-7)
    assert fit.log_likelihood_reml == pytest.approx(-7.95872403371097, abs=1e-9)
    assert fit.log_likelihood == pytest.approx(-8.4199962090585, abs=1e-6)
    assert (fit.aic, fit.bic, fit.aicc) == pytest.approx((21.9174480674219, 27.9394476231193, 22.3880363027161))
    assert fit.q == pytest.approx(578.864017958223, rel=1e-12)
    assert fit.parameters == 3
    assert fit.qm is None
    assert fit.cautions == ()


# metafor 5.1-12, rma.mv(yi, V, mods = ~ outcome - 1, random = ~ outcome | trial, struct = "UN").
def test_two_outcomes_agree_with_metafor():
    fit = berkey()
    assert fit.beta == pytest.approx([-0.339215180366805, 0.353428169966055], rel=1e-6)
    assert fit.se == pytest.approx([0.0879051221068964, 0.0588486275319313], rel=1e-5)
    assert fit.log_likelihood_reml == pytest.approx(3.69176769430302, abs=1e-7)
    assert fit.qm_df == (2, None)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_one_effect_per_study_is_the_ordinary_random_effects_model(method):
    y, v = CALENDARS["yi"], CALENDARS["vi"]
    plain = pool_estimates(y, v, method=method)
    fit = pool_mv(y, v, random="~ 1 | row", data={"row": list(range(56))}, method=method)
    assert fit.values("sigma2")[0] == pytest.approx(plain.tau2, rel=1e-8)
    assert (fit.beta[0], fit.se[0], fit.ci_low[0]) == pytest.approx((plain.estimate, plain.se, plain.ci_low), rel=1e-8)
    assert (fit.q, fit.q_p) == (pytest.approx(plain.q), pytest.approx(plain.q_p))


def test_without_random_terms_it_is_generalised_least_squares():
    fit = berkey(random=())
    V = sampling_covariance(1.0, cluster=BERKEY["trial"], rvars=BERKEY["rows"]).matrix()
    x = np.array([[float(outcome == "AL"), float(outcome == "PD")] for outcome in BERKEY["outcome"]])
    covariance = np.linalg.inv(x.T @ np.linalg.solve(V, x))
    assert fit.covariance == pytest.approx(covariance, rel=1e-10)
    assert fit.beta == pytest.approx(covariance @ x.T @ np.linalg.solve(V, BERKEY["yi"]), rel=1e-10)
    assert fit.method == "ee"
    assert fit.components == ()


def test_the_estimate_is_the_highest_point():
    fit = calendars()
    for first, second in [(0.5, 1), (2, 1), (1, 0.5), (1, 2), (0, 1), (1.01, 0.99)]:
        held = [first * fit.values("sigma2")[0], second * fit.values("sigma2")[1]]
        assert calendars(sigma2=held).log_likelihood_reml < fit.log_likelihood_reml


def test_held_components_are_kept_and_not_counted():
    fit = berkey(rho=0.5)
    assert fit.values("rho") == (0.5,)
    assert fit.parameters == 4
    assert [component.fixed for component in fit.components] == [False, False, True]
    held = berkey(tau2=[0.0, None])
    assert held.values("tau2")[0] == 0
    assert held.parameters == 3


def test_an_equal_and_negative_correlation_may_be_held():
    # With the sign of a standard deviation left open the correlation would turn round and fit better.
    low, high = berkey(rho=-0.9), berkey(rho=0.9)
    assert low.values("rho") == (-0.9,)
    assert low.log_likelihood_reml < high.log_likelihood_reml - 1


def test_a_variance_that_the_data_do_not_show_is_exactly_zero():
    fit = pool_mv([0.1, 0.11, 0.09, 0.1], [0.04] * 4, random="~ 1 | a/b", data={"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]})
    assert fit.values("sigma2") == (0.0, 0.0)
    assert {"variance-at-zero", "few-clusters"} <= codes(fit)
    assert fit.beta[0] == pytest.approx(0.1)


def test_two_terms_that_cannot_be_told_apart_are_told():
    fit = pool_mv(CALENDARS["yi"], CALENDARS["vi"], random=["~ 1 | district", "~ 1 | district"], data=CALENDARS)
    alone = pool_mv(CALENDARS["yi"], CALENDARS["vi"], random="~ 1 | district", data=CALENDARS)
    assert "flat-likelihood" in codes(fit)
    assert sum(fit.values("sigma2")) == pytest.approx(alone.values("sigma2")[0], rel=1e-6)
    assert all(component.se is None for component in fit.components)


def test_as_many_coefficients_as_effects_leave_no_variance():
    fit = pool_mv([0.1, 0.4, 0.9], [0.01, 0.02, 0.03], X=np.eye(3), random="~ 1 | s", data={"s": ["a", "a", "b"]})
    assert fit.values("sigma2") == (0.0,)
    assert fit.se == pytest.approx(np.sqrt([0.01, 0.02, 0.03]))
    assert (fit.q, fit.q_p) == (pytest.approx(0, abs=1e-20), 1.0)


def test_crossed_factors_are_one_block_and_nested_ones_are_not():
    data = {"a": [0, 0, 1, 1], "b": [0, 1, 1, 0]}
    crossed = pool_mv([0.1, 0.5, 0.2, 0.9], [0.1] * 4, random=["~ 1 | a", "~ 1 | b"], data=data)
    nested = pool_mv([0.1, 0.5, 0.2, 0.9], [0.1] * 4, random="~ 1 | a/b", data=data)
    count = [len(blocks_of(4, fit.model.terms, fit.model.sampling)) for fit in (crossed, nested)]
    assert count == [1, 2]


def test_incomplete_effects_are_left_out_by_name():
    yi = [math.nan, *CALENDARS["yi"][1:]]
    data = {**CALENDARS, "district": [*CALENDARS["district"][:-1], None]}
    names = [f"e{i}" for i in range(56)]
    fit = pool_mv(yi, CALENDARS["vi"], random=THREE_LEVELS, data=data, labels=names)
    assert fit.k == 54
    assert "e0, e55" in fit.cautions[0].text
    assert fit.rows == tuple(range(1, 55))
    assert fit.labels[0] == "e1"


def test_redundant_columns_are_dropped_in_their_order():
    x = np.column_stack([np.ones(56), CALENDARS["district"], 2 * np.array(CALENDARS["district"])])
    fit = calendars(X=x, names=["intrcpt", "d", "twice"])
    assert fit.names == ("intrcpt", "d")
    assert "twice" in next(c.text for c in fit.cautions if c.code == "redundant-columns")


def test_t_tests_take_the_degrees_of_freedom_asked_for():
    residual, contained = calendars(test="t"), calendars(dfs="contain")
    assert residual.df.tolist() == [55]
    assert contained.df.tolist() == [10]
    # metafor 3.8-1, dfs = "contain".
    assert contained.p_values[0] == pytest.approx(0.0538335411820413, rel=1e-6)
    assert contained.ci_low[0] == pytest.approx(-0.003689164041696, rel=1e-5)


def test_a_matrix_with_impossible_correlations_names_its_clusters():
    V = sampling_covariance([0.1] * 4, cluster=["a", "a", "b", "c"], obs=[1, 2, 1, 1], rho=1.0)
    with pytest.raises(InvalidInput, match="not positive definite in cluster a"):
        pool_mv([0.1, 0.2, 0.3, 0.4], V)


def test_a_singular_sampling_covariance_is_no_hindrance_with_random_effects():
    V = sampling_covariance([0.1] * 6, cluster=list("aabbcc"), obs=[1, 2] * 3, rho=1.0)
    fit = pool_mv([0.1, 0.2, 0.3, 0.9, 0.5, 0.8], V, random="~ 1 | row", data={"row": list(range(6))})
    assert math.isfinite(fit.beta[0])
    assert fit.q is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"random": "~ 1 | nobody"}, "no column 'nobody'"),
        ({"struct": "AB", "random": "~ school | district"}, "no structure 'AB'"),
        ({"method": "dl"}, "no method 'dl'"),
        ({"test": "knha"}, "no test 'knha'"),
        ({"tau2": 0.1}, "tau2 is given"),
        ({"sigma2": [0.1, 0.2, 0.3]}, "has 3 values; the model has 2"),
        ({"X": np.ones((3, 1))}, "a row for each of 56"),
        ({"formula": "~ school", "X": np.ones((56, 1))}, "both as a formula and as a matrix"),
        ({"R": {"nobody": (["a"], [[1.0]])}}, "no random intercept"),
        ({"level": 95}, "level"),
        ({"random": "~ school | district", "rho": 1.5}, "must lie within"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        calendars(**options)


def test_bad_variances_name_the_effect():
    with pytest.raises(InvalidInput, match="effect second, vi is 0"):
        pool_mv([0.1, 0.2], [0.1, 0.0], labels=["first", "second"])


def test_known_correlations_bring_levels_together():
    data = {"species": ["x", "y", "z", "x", "y", "z"]}
    y, v = [0.2, 0.3, 0.9, 0.25, 0.2, 1.1], [0.02] * 6
    near = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]])
    apart = pool_mv(y, v, random="~ 1 | species", data=data)
    alike = pool_mv(y, v, random="~ 1 | species", data=data, R={"species": (["x", "y", "z"], np.eye(3))})
    close = pool_mv(y, v, random="~ 1 | species", data=data, R={"species": (["x", "y", "z"], near)})
    assert alike.log_likelihood_reml == pytest.approx(apart.log_likelihood_reml, abs=1e-10)
    assert close.log_likelihood_reml > apart.log_likelihood_reml


def test_distances_are_searched_far_and_near():
    # Two ranges fit: three close pairs far from one another, with a trend between neighbours within them.
    place = [0.0, 0.1, 50.0, 50.1, 100.0, 100.1]
    y = [0.0, 0.02, 1.0, 1.03, -0.9, -0.93]
    data = {"place": place, "all": [1] * 6}
    fit = pool_mv(y, [0.001] * 6, random="~ place | all", struct="SPEXP", data=data)
    for rho in (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0):
        held = pool_mv(y, [0.001] * 6, random="~ place | all", struct="SPEXP", data=data, rho=rho)
        assert held.log_likelihood_reml <= fit.log_likelihood_reml + 1e-9


@given(st.floats(-5, 5), st.floats(0.01, 100))
@settings(max_examples=10, deadline=None)
def test_a_shift_moves_the_estimate_and_a_scale_stretches_it(shift, scale):
    base = calendars()
    y, v = np.array(CALENDARS["yi"]), np.array(CALENDARS["vi"])
    moved = pool_mv(scale * (y + shift), scale**2 * v, random=THREE_LEVELS, data=CALENDARS)
    assert moved.beta[0] == pytest.approx(scale * (base.beta[0] + shift), rel=1e-6, abs=1e-6 * scale)
    assert moved.values("sigma2") == pytest.approx([scale**2 * value for value in base.values("sigma2")], rel=1e-5)


@given(st.permutations(range(10)))
@settings(max_examples=10, deadline=None)
def test_the_order_of_effects_does_not_matter(order):
    V = sampling_covariance(1.0, cluster=BERKEY["trial"], rvars=BERKEY["rows"]).matrix()
    data = {name: [BERKEY[name][i] for i in order] for name in ("trial", "outcome")}
    y = [BERKEY["yi"][i] for i in order]
    fit = pool_mv(
        y, V[np.ix_(order, order)], formula="~ outcome - 1", random="~ outcome | trial", struct="UN", data=data
    )
    base = berkey()
    assert fit.beta == pytest.approx(base.beta, rel=1e-6)
    assert fit.log_likelihood_reml == pytest.approx(base.log_likelihood_reml, abs=1e-9)


@pytest.mark.parametrize("spread", [1e-8, 1e-3, 1.0, 1e4])
def test_variances_that_lie_far_apart_are_no_hindrance(spread):
    v = np.array(CALENDARS["vi"]) * np.geomspace(1, spread, 56)
    fit = pool_mv(CALENDARS["yi"], v, random=THREE_LEVELS, data=CALENDARS)
    assert isinstance(fit, MultilevelFit)
    assert np.isfinite(fit.beta).all()
    assert "did-not-converge" not in codes(fit)


def test_the_short_way_and_the_long_way_agree():
    short = calendars()
    long = pool_mv(CALENDARS["yi"], np.diag(CALENDARS["vi"]) + 1e-300, random=THREE_LEVELS, data=CALENDARS)
    assert short.model.objective.intercepts is not None
    assert long.model.objective.intercepts is None
    assert short.values("sigma2") == pytest.approx(long.values("sigma2"), rel=1e-8)
    assert short.log_likelihood_reml == pytest.approx(long.log_likelihood_reml, abs=1e-10)


@st.composite
def nested_sets(draw):
    """Draw effects in studies: yi, vi and the study of each."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=3, max_size=7))
    k = sum(sizes)
    y = draw(st.lists(st.floats(-2, 2).map(lambda each: round(each, 3)), min_size=k, max_size=k))
    v = draw(st.lists(st.floats(0.01, 1).map(lambda each: round(each, 3)), min_size=k, max_size=k))
    return np.array(y), np.array(v), np.repeat(np.arange(len(sizes)), sizes)


@given(nested_sets(), st.sampled_from(["reml", "ml"]))
@settings(max_examples=25, deadline=None)
def test_one_random_intercept_per_effect_is_pooling_of_any_set(drawn, method):
    y, v, _ = drawn
    plain = pool_estimates(y, v, method=method)
    fit = pool_mv(y, v, random="~ 1 | row", data={"row": np.arange(len(y))}, method=method)
    assert fit.values("sigma2")[0] == pytest.approx(plain.tau2, rel=1e-6, abs=1e-9)
    assert (fit.beta[0], fit.se[0]) == pytest.approx((plain.estimate, plain.se), rel=1e-6, abs=1e-9)


@given(nested_sets(), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_neither_order_nor_the_names_of_studies_matter(drawn, random):
    y, v, study = drawn
    order = list(range(len(y)))
    random.shuffle(order)
    fit = pool_mv(y, v, random="~ 1 | s/e", data={"s": study, "e": np.arange(len(y))})
    named = {"s": [f"study {9 - study[i]}" for i in order], "e": [f"e{i}" for i in order]}
    other = pool_mv(y[order], v[order], random="~ 1 | s/e", data=named)
    assert other.log_likelihood_reml == pytest.approx(fit.log_likelihood_reml, rel=1e-10, abs=1e-9)
    assert (other.beta[0], other.se[0]) == pytest.approx((fit.beta[0], fit.se[0]), rel=1e-5, abs=1e-7)


@given(nested_sets(), st.floats(-10, 10), st.sampled_from([1e-4, 0.1, 7.0, 1e5]))
@settings(max_examples=15, deadline=None)
def test_any_shift_and_scale_carry_over(drawn, shift, scale):
    y, v, study = drawn
    data = {"s": study, "e": np.arange(len(y))}
    fit = pool_mv(y, v, random="~ 1 | s/e", data=data)
    moved = pool_mv(scale * (y + shift), scale**2 * v, random="~ 1 | s/e", data=data)
    constant = (len(y) - 1) * math.log(scale)
    assert moved.log_likelihood_reml + constant == pytest.approx(fit.log_likelihood_reml, rel=1e-9, abs=1e-8)
    assert moved.beta[0] / scale - shift == pytest.approx(fit.beta[0], rel=1e-5, abs=1e-6)


@given(nested_sets(), st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_copies_of_all_studies_narrow_the_interval_by_the_root_of_their_number(drawn, copies):
    y, v, study = drawn
    data = {"s": study, "e": np.arange(len(y))}
    fit = pool_mv(y, v, random="~ 1 | s/e", data=data, method="ml")
    again = {
        "s": np.concatenate([study + 100 * i for i in range(copies)]),
        "e": np.arange(copies * len(y)),
    }
    many = pool_mv(np.tile(y, copies), np.tile(v, copies), random="~ 1 | s/e", data=again, method="ml")
    assert many.log_likelihood == pytest.approx(copies * fit.log_likelihood, rel=1e-9, abs=1e-8)
    assert many.beta[0] == pytest.approx(fit.beta[0], rel=1e-5, abs=1e-6)
    assert many.se[0] * math.sqrt(copies) == pytest.approx(fit.se[0], rel=1e-5)


def test_levels_keep_their_names_and_numbers_that_read_the_same_are_one():
    data = {"s": [2, 10, 2.0, 10.0], "e": ["b", "a", "a", "b"]}
    fit = pool_mv([0.1, 0.2, 0.3, 0.4], [0.1] * 4, random="~ 1 | s/e", data=data)
    assert fit.model.terms[0].outer_levels == ("2", "10")
    assert fit.model.terms[1].outer_levels == ("2/a", "2/b", "10/a", "10/b")


_Y, _V = [0.1, 0.3, -0.2, 0.5, 0.4, 0.2], [0.02, 0.03, 0.05, 0.04, 0.03, 0.02]
_PLACES = {"study": list("aabbcc"), "outcome": list("xyxyxy")}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"yi": ["x"] * 6}, "yi holds something"),
        ({"yi": [value * 1e100 for value in _Y]}, "effect 1, yi is 1e\\+99"),
        ({"V": ["x"] * 6}, "V holds something"),
        ({"V": [["x"] * 6] * 6}, "V holds something"),
        ({"V": [1e-40, *_V[1:]]}, "effect 1, vi is 1e-40"),
        ({"X": [[1.0], [1.0, 2.0]] * 3}, "X holds something"),
        ({"random": "~ 1 | study", "sigma2": math.inf}, "sigma2 is inf"),
        ({"random": "~ 1 | study", "sigma2": "x"}, "sigma2 is 'x'"),
        ({"random": "~ 1 | study", "R": {"study": 5}}, "R of study is 5"),
        ({"labels": 7}, "labels are 7"),
    ],
)
def test_what_is_no_number_or_out_of_range_is_named(changed, named):
    given = {"yi": _Y, "V": _V, "data": _PLACES, **changed}
    with pytest.raises(InvalidInput, match=named):
        pool_mv(**given)


@pytest.mark.parametrize("X", [None, [[1.0, i] for i in range(6)]])
def test_a_held_variance_leaves_its_correlation_to_be_estimated(X):
    given = {"random": "~ outcome | study", "data": _PLACES, "X": X}
    held = pool_mv(_Y, _V, tau2=0.05, **given)
    profile = [pool_mv(_Y, _V, tau2=0.05, rho=rho, **given).log_likelihood_reml for rho in np.linspace(-1, 1, 21)]
    assert held.values("tau2") == (0.05,)
    assert held.log_likelihood_reml >= max(profile) - 1e-9

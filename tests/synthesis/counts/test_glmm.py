import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis.counts.glmm import pool_glmm
from stromata.synthesis.intervals import exact_rate_interval, t_quantile
from stromata.synthesis.pooling.conditional import common_odds_ratio
from synthesis.published import BCG, PRITZ
from synthesis.sparse_data import CATHETER_DAYS, CATHETERS

MODELS = ["um.fs", "um.rs", "cm.el", "cm.al"]


def codes(result):
    return [caution.code for caution in result.cautions]


# rma.glmm() of metafor 3.8-1 with lme4 1.1-31: estimate, standard error, tau2, LRT and Wald statistics. lme4's stopping
# rule limits them to about 1e-3 (um.fs, um.rs) and 1e-4 (cm.al); cm.el has no record for these data.
@pytest.mark.parametrize(
    ("model", "estimate", "se", "tau2", "lrt", "wald"),
    [
        ("um.fs", -1.23692028, 0.280409043, 0.319793684, 28.7359061, 11.9382549),
        ("um.rs", -1.28122355, 0.329646494, 0.725845581, 28.4327996, 12.9196598),
        ("cm.al", -1.30265303, 0.33864093, 0.600684708, 27.3917307, 11.1154540),
    ],
)
def test_odds_ratios_agree_with_metafor(model, estimate, se, tau2, lrt, wald):
    found = pool_glmm("OR", model=model, **CATHETERS)
    assert found.k == 17
    assert found.estimate == pytest.approx(estimate, rel=1e-3)
    assert found.se == pytest.approx(se, rel=1e-3)
    assert found.tau2 == pytest.approx(tau2, rel=2e-3)
    assert (found.q, found.q_df) == (pytest.approx(lrt, rel=1e-4), 16)
    assert found.wald.statistic == pytest.approx(wald, rel=1e-3)


# The same, dat.nielweise2008.
@pytest.mark.parametrize(
    ("model", "estimate", "se", "tau2"),
    [
        ("um.fs", -0.458744538668444, 0.22482654318452, 0.0956216550320061),
        ("cm.el", -0.476239431396022, 0.237700427557119, 0.122561383404268),
    ],
)
def test_rate_ratios_agree_with_metafor(model, estimate, se, tau2):
    found = pool_glmm("IRR", model=model, **CATHETER_DAYS)
    assert (found.estimate, found.se) == pytest.approx((estimate, se), rel=2e-4)
    assert found.tau2 == pytest.approx(tau2, rel=1e-3)


def test_the_printed_log_likelihood_can_be_had():
    # rma.glmm prints the conditional one, which is far above the likelihood that was maximised.
    found = pool_glmm("IRR", model="cm.el", **CATHETER_DAYS)
    assert found.conditional_log_likelihood == pytest.approx(-15.1293945217358, abs=1e-4)
    assert found.log_likelihood < found.conditional_log_likelihood < found.saturated_log_likelihood


def test_rates_agree_with_metafor():
    found = pool_glmm("IRLN", xi=CATHETER_DAYS["x1i"], ti=CATHETER_DAYS["t1i"])
    assert (found.estimate, found.se, found.tau2) == pytest.approx(
        (-6.05835132190807, 0.330264656110094, 0.654291869222138), rel=2e-5
    )
    common = pool_glmm("IRLN", method="ee", xi=CATHETER_DAYS["x1i"], ti=CATHETER_DAYS["t1i"])
    assert common.estimate == pytest.approx(math.log(48 / sum(CATHETER_DAYS["t1i"])), rel=1e-12)
    assert (common.tau2, common.pi_low, common.q) == (None, None, pytest.approx(44.4877956741138, rel=1e-9))


def test_equal_odds_ratios_by_exact_conditioning_are_the_common_odds_ratio():
    found = pool_glmm("OR", model="cm.el", method="ee", **CATHETERS)
    a, n1, c, n2 = (np.array(CATHETERS[name], dtype=float) for name in ("ai", "n1i", "ci", "n2i"))
    assert found.natural.estimate == pytest.approx(common_odds_ratio(a, n1, a + c, n2, level=0.95).estimate, rel=1e-9)


def test_rates_in_two_groups_condition_to_the_same_common_ratio():
    # With Poisson counts the baselines' own parameters change nothing under equal effects.
    fixed, conditional = (pool_glmm("IRR", model=m, method="ee", **CATHETER_DAYS) for m in ("um.fs", "cm.el"))
    assert (fixed.estimate, fixed.se, fixed.q) == pytest.approx(
        (conditional.estimate, conditional.se, conditional.q), rel=1e-9
    )


def test_the_exact_conditional_model_comes_close_to_its_approximation_when_events_are_rare():
    rare = {**CATHETERS, "n1i": [1000 * n for n in CATHETERS["n1i"]], "n2i": [1000 * n for n in CATHETERS["n2i"]]}
    exact, near = (pool_glmm("OR", model=m, **rare) for m in ("cm.el", "cm.al"))
    assert (exact.estimate, exact.se, exact.tau2) == pytest.approx((near.estimate, near.se, near.tau2), rel=1e-3)
    assert "not-rare" not in codes(near)
    assert "not-rare" in codes(pool_glmm("OR", model="cm.al", ai=[5, 9], n1i=[10, 14], ci=[3, 6], n2i=[12, 15]))


@pytest.mark.parametrize("model", MODELS)
def test_order_does_not_matter_and_exchanged_arms_turn_the_sign(model):
    found = pool_glmm("OR", model=model, **BCG)
    backwards = pool_glmm("OR", model=model, **{name: column[::-1] for name, column in BCG.items()})
    exchanged = pool_glmm("OR", model=model, ai=BCG["ci"], bi=BCG["di"], ci=BCG["ai"], di=BCG["bi"])
    assert (backwards.estimate, backwards.tau2) == pytest.approx((found.estimate, found.tau2), rel=1e-6)
    assert (-exchanged.estimate, exchanged.tau2) == pytest.approx((found.estimate, found.tau2), rel=1e-6)


def test_a_t_test_widens_both_intervals():
    z, t = (pool_glmm("PLO", test=test, **PRITZ) for test in ("z", "t"))
    assert (t.df, z.df) == (13, None)
    assert t.ci_high - t.estimate == pytest.approx(t_quantile(0.95, 13) * z.se, rel=1e-9)
    assert t.pi_high > z.pi_high > z.ci_high


def test_laplace_is_the_default_of_two_random_effects_and_more_points_are_nearer_to_many():
    laplace, seven, many = (pool_glmm("OR", model="um.rs", points=q, **CATHETERS) for q in (None, 7, 15))
    assert (laplace.points, seven.points) == (1, 7)
    assert "laplace" in codes(laplace)
    assert "laplace" not in codes(seven)
    assert abs(seven.tau2 - many.tau2) < abs(laplace.tau2 - many.tau2)


@pytest.mark.parametrize("model", MODELS)
def test_one_study_is_answered_with_its_exact_interval(model):
    found = pool_glmm("OR", model=model, ai=[1], n1i=[20], ci=[3], n2i=[21])
    assert (found.outcome, found.tau2, found.q) == ("fitted", None, None)
    assert found.natural.ci_low < 0.01
    assert found.natural.ci_high > 4
    assert "single-study" in codes(found)


@pytest.mark.parametrize("model", MODELS)
def test_events_in_one_group_leave_a_one_sided_bound(model):
    found = pool_glmm(
        "OR", model=model, ai=[0, 0, 0], n1i=[10, 12, 9], ci=[1, 2, 0], n2i=[11, 9, 10], labels=list("ABC")
    )
    assert (found.outcome, found.estimate, found.k, found.left_out) == ("infinite", None, 2, ("C",))
    assert found.natural.estimate == 0
    assert 0 < found.natural.ci_high < 5
    assert {"events-in-one-arm", "studies-without-information"} <= set(codes(found))


@pytest.mark.parametrize("model", MODELS)
def test_no_events_at_all_are_no_failure(model):
    found = pool_glmm("OR", model=model, ai=[0, 0], n1i=[10, 12], ci=[0, 0], n2i=[11, 9])
    assert (found.k, found.outcome, found.natural.estimate) == (0, "no-studies", None)
    assert {"no-studies", "no-events"} <= set(codes(found))


def test_a_rate_without_events_has_an_upper_bound():
    found = pool_glmm("IRLN", xi=[0, 0], ti=[10.0, 5.0])
    assert (found.outcome, found.natural.ci_low) == ("infinite", 0.0)
    assert found.natural.ci_high == pytest.approx(exact_rate_interval(0, 15)[1])


def test_all_or_nothing_studies_have_no_finite_spread():
    found = pool_glmm("PLO", xi=[0, 30, 0, 25], ni=[30, 30, 40, 25])
    assert (found.outcome, found.estimate) == ("unbounded", None)
    assert "glmm-did-not-converge" in codes(found)


def test_studies_without_events_can_inform_random_baselines_only():
    kept = pool_glmm("OR", model="um.rs", drop00=False, **CATHETERS)
    dropped = pool_glmm("OR", model="um.rs", **CATHETERS)
    assert (kept.k, dropped.k) == (18, 17)
    assert kept.sigma2 != pytest.approx(dropped.sigma2, rel=1e-3)
    assert pool_glmm("OR", model="cm.al", drop00=False, **CATHETERS).k == 17


def test_one_event_per_study_leaves_tau2_unidentified():
    found = pool_glmm("OR", model="cm.al", ai=[1, 0, 1], n1i=[50, 60, 40], ci=[0, 1, 0], n2i=[50, 61, 44])
    assert (found.outcome, found.tau2) == ("fitted", 0.0)
    assert "tau2-not-identified" in codes(found)


@given(
    st.lists(
        st.tuples(st.integers(1, 15), st.integers(1, 15), st.integers(0, 15), st.integers(0, 15)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(MODELS),
)
@settings(max_examples=40, deadline=None)
def test_there_is_always_an_answer(rows, model):
    n1, n2 = [r[0] for r in rows], [r[1] for r in rows]
    a, c = [min(r[2], r[0]) for r in rows], [min(r[3], r[1]) for r in rows]
    found = pool_glmm("OR", model=model, ai=a, n1i=n1, ci=c, n2i=n2)
    assert found.outcome in {"fitted", "infinite", "unbounded", "no-studies", "stuck"}
    assert found.outcome != "stuck"
    if found.outcome == "fitted":
        assert math.isfinite(found.estimate)
        assert found.se > 0
        assert found.tau2 is None or found.tau2 >= 0
    elif found.outcome == "infinite":
        assert found.natural.ci_low is not None or found.natural.ci_high is not None


@pytest.mark.parametrize(
    ("measure", "columns", "text"),
    [
        ("RD", {"ai": [1], "n1i": [2], "ci": [1], "n2i": [2]}, "no GLMM"),
        ("PLO", {"xi": [3, 5], "ni": [5, 4]}, "row 2, xi is 5"),
        ("PLO", {"xi": [3, 5], "ni": [5, 4, 3]}, "unequal length"),
        ("IRLN", {"xi": [3.5], "ti": [5]}, "whole"),
    ],
)
def test_bad_input_is_named(measure, columns, text):
    with pytest.raises(InvalidInput, match=text):
        pool_glmm(measure, **columns)


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(InvalidInput, match=r"cm\.al approximates"):
        pool_glmm("IRR", model="cm.al", **CATHETER_DAYS)
    with pytest.raises(InvalidInput, match="no model"):
        pool_glmm("OR", model="um", **CATHETERS)
    with pytest.raises(InvalidInput, match="points"):
        pool_glmm("PLO", points=0, **PRITZ)
    with pytest.raises(InvalidInput, match="labels"):
        pool_glmm("PLO", labels=["A"], **PRITZ)


def test_a_count_that_no_likelihood_holds_is_refused_by_study_and_column():
    with pytest.raises(InvalidInput, match=r"row 2 \(B\), ni is 1e\+300"):
        pool_glmm("PLO", xi=[1, 2, 3], ni=[10, 1e300, 12], labels=["A", "B", "C"])


@pytest.mark.parametrize("labels", [7, "abc", ["a", None, "c"], ["a"]])
def test_labels_that_are_no_list_of_names_are_refused(labels):
    with pytest.raises(InvalidInput, match="labels"):
        pool_glmm("PLO", xi=[1, 2, 3], ni=[10, 12, 14], labels=labels)


@pytest.mark.parametrize("points", [True, "x", 2.5, math.nan, 0, 101])
def test_a_number_of_points_that_is_none_is_refused(points):
    with pytest.raises(InvalidInput, match="points is"):
        pool_glmm("PLO", xi=[1, 2, 3], ni=[10, 12, 14], points=points)

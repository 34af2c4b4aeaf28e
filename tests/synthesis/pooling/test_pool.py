import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import contingency

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Interval, Synthesis
from stromata.model.codec import from_json, to_json
from stromata.synthesis import effect_sizes, exact_interval, pool
from synthesis.published import BCG, PRITZ


def bcg(**options):
    return pool(effect_sizes("RR", **BCG), **options)


# dat.bcg, log risk ratios, REML, metafor 3.8-1 with stopping rules at 1e-12: rma() and its prediction interval.
@pytest.mark.parametrize(
    ("test", "ci", "pi", "p"),
    [
        ("z", (-1.06689763881035, -0.362167045505926), (-1.8666922179029, 0.437627533586617), 7.05425810164237e-05),
        ("t", (-1.10624261598519, -0.322822068331089), (-1.99534195850911, 0.566277274192836), 0.00184464721013837),
        ("knha", (-1.10844371368555, -0.320620970630728), (-1.99601683419621, 0.566952149879933), 0.0019200150960573),
        ("adhoc", (-1.10844371368555, -0.320620970630728), (-1.99601683419621, 0.566952149879933), 0.0019200150960573),
    ],
)
def test_intervals_and_tests_agree_with_metafor(test, ci, pi, p):
    result = bcg(test=test)
    assert (result.ci_low, result.ci_high) == pytest.approx(ci, rel=1e-9)
    assert (result.pi_low, result.pi_high) == pytest.approx(pi, rel=1e-9)
    assert result.p == pytest.approx(p, rel=1e-8)
    assert result.df == (None if test == "z" else 12)


def test_the_natural_scale_is_the_transformed_analysis_scale():
    result = bcg()
    n = result.natural
    assert [n.estimate, n.ci_low, n.ci_high, n.pi_low, n.pi_high] == pytest.approx(
        [math.exp(v) for v in (result.estimate, result.ci_low, result.ci_high, result.pi_low, result.pi_high)]
    )


def test_double_arcsine_is_undone_at_the_harmonic_mean():
    # dat.pritz1997, PFT, REML, predict(transf=transf.ipft.hm), metafor 3.8-1.
    n = pool(effect_sizes("PFT", **PRITZ)).natural
    assert [n.estimate, n.ci_low, n.ci_high, n.pi_low, n.pi_high] == pytest.approx(
        [0.802899888786311, 0.702205641734926, 0.889346782690558, 0.464630486269446, 0.998942036480408], rel=1e-9
    )


def test_glmm_agrees_with_metafor_on_every_derived_quantity():
    # dat.pritz1997, rma.glmm(measure="PLO"), metafor 3.8-1 with lme4 1.1-31.
    result = pool(effect_sizes("PLO", **PRITZ), model="glmm", tau2="reml")
    assert (result.ci_low, result.ci_high) == pytest.approx((0.811375887174223, 1.94183289074692), abs=2e-5)
    assert (result.pi_low, result.pi_high) == pytest.approx((-0.230683279825395, 2.98389205774654), abs=2e-5)
    assert result.i2 == pytest.approx(67.7897368096, rel=1e-4)
    assert result.q == pytest.approx(42.2323980252337, rel=1e-10)
    assert (result.q_df, result.q_p) == (13, pytest.approx(6.0002983757727e-05, rel=1e-8))
    assert result.tau2_method == "ml"
    assert all(effect.weight is None for effect in result.effects)


def test_the_glmm_takes_studies_with_no_or_only_events_as_they_are():
    corrected = pool(effect_sizes("PLO", **PRITZ, to="all"), model="glmm")
    plain = pool(effect_sizes("PLO", **PRITZ, to="none"), model="glmm")
    assert corrected.estimate == plain.estimate
    assert corrected.effects == plain.effects
    assert corrected.input_hash == plain.input_hash
    assert corrected.k == 14
    assert not any(effect.adjusted for effect in corrected.effects)


@pytest.mark.parametrize(("x", "crude"), [([0, 0, 0], 0.0), ([6, 9, 12], 1.0)])
def test_no_or_only_events_give_the_exact_interval_of_all_people_and_no_estimate(x, crude):
    result = pool(effect_sizes("PLO", xi=x, ni=[6, 9, 12]), model="glmm")
    assert (result.estimate, result.se, result.ci_low, result.tau2, result.p) == (None,) * 5
    assert result.natural.estimate == crude
    assert (result.natural.ci_low, result.natural.ci_high) == exact_interval(crude * 27, 27)


def test_a_fit_at_infinity_gives_no_number_at_all():
    result = pool(effect_sizes("PLO", xi=[0, 30, 0, 25], ni=[30, 30, 40, 25]), model="glmm")
    assert result.estimate is None
    assert result.natural == Interval(None, None, None)


@pytest.mark.parametrize("model", ["common", "random", "glmm"])
@pytest.mark.parametrize("x", [0, 2, 6])
def test_one_proportion_is_its_exact_interval_on_both_scales(model, x):
    result = pool(effect_sizes("PLO", xi=[x], ni=[6]), model=model)
    low, high = exact_interval(x, 6)
    assert (result.natural.estimate, result.natural.ci_low, result.natural.ci_high) == (x / 6, low, high)
    assert result.estimate == (pytest.approx(math.log(2 / 4)) if x == 2 else None)
    assert result.ci_low == (None if x == 0 else pytest.approx(math.log(low / (1 - low))))
    assert result.ci_high == (None if x == 6 else pytest.approx(math.log(high / (1 - high))))
    assert (result.k, result.tau2, result.pi_low) == (1, None, None)


def test_one_comparison_is_itself():
    effect = effect_sizes("RR", ai=[7], n1i=[50], ci=[15], n2i=[48])[0]
    result = pool([effect])
    assert result.estimate == effect.yi
    assert result.se == pytest.approx(math.sqrt(effect.vi))
    assert result.natural.ci_low == pytest.approx(effect.natural.ci_low)
    assert (result.tau2, result.q) == (None, None)


def test_no_studies_say_so():
    result = pool([], measure="PLO", model="glmm")
    assert (result.k, result.estimate, result.natural) == (0, None, Interval(None, None, None))
    assert [caution.code for caution in result.cautions] == ["no-studies"]


def test_the_common_model_has_neither_tau2_nor_a_prediction_interval():
    result = bcg(model="common")
    assert (result.tau2, result.pi_low, result.natural.pi_low, result.tau2_method) == (None, None, None, "")


def test_weights_are_percentages_in_the_order_of_the_effects():
    result = bcg(model="common")
    assert sum(effect.weight for effect in result.effects) == pytest.approx(100)
    assert result.effects[7].weight == max(effect.weight for effect in result.effects)


def test_groups_are_pooled_apart_in_order_of_appearance():
    allocation = ["random"] * 4 + ["alternate"] * 2 + ["random"] * 2 + ["alternate"] + ["systematic"] * 4
    effects = effect_sizes("RR", **BCG, groups=allocation)
    result = pool(effects, by_group=True)
    assert [label for label, _ in result.subgroups] == ["random", "alternate", "systematic"]
    for label, group in result.subgroups:
        alone = pool([effect for effect in effects if effect.group == label])
        assert (group.estimate, group.tau2, group.k) == (alone.estimate, alone.tau2, alone.k)
    y = [group.estimate for _, group in result.subgroups]
    w = [1 / group.se**2 for _, group in result.subgroups]
    mean = sum(a * b for a, b in zip(y, w, strict=True)) / sum(w)
    q = sum(b * (a - mean) ** 2 for a, b in zip(y, w, strict=True))
    assert (result.subgroup_test.q, result.subgroup_test.df) == (pytest.approx(q), 2)
    assert result.estimate == bcg().estimate


def test_under_a_common_effect_q_splits_into_within_and_between():
    effects = effect_sizes("RR", **BCG, groups=["a"] * 6 + ["b"] * 7)
    result = pool(effects, model="common", by_group=True)
    within = sum(group.q for _, group in result.subgroups)
    assert within + result.subgroup_test.q == pytest.approx(result.q)


def test_a_group_without_an_estimate_leaves_the_test_and_says_so():
    effects = effect_sizes("PLO", xi=[3, 4, 0, 0, 5, 6], ni=[9] * 6, groups=["a", "a", "none", "none", "b", "b"])
    result = pool(effects, model="glmm", by_group=True)
    assert result.subgroup_test.df == 1
    assert "none" in {c.code: c.text for c in result.cautions}["subgroups-without-estimate"]


def test_the_hash_follows_inputs_and_method_and_nothing_else():
    base = bcg().input_hash
    assert len(base) == 64
    assert bcg().input_hash == base
    assert bcg(model="common").input_hash == bcg(model="common", tau2="dl").input_hash != base
    changed = {**BCG, "ai": [5, *BCG["ai"][1:]]}
    assert pool(effect_sizes("RR", **changed)).input_hash != base
    assert bcg(test="t").input_hash != base
    assert bcg(by_group=True).input_hash != base


def test_the_result_survives_the_codec():
    result = pool(effect_sizes("PLO", **PRITZ, groups=["a", "b"] * 7), model="glmm", by_group=True)
    assert from_json(Synthesis, to_json(result)) == result
    assert [name for name, _ in result.versions] == ["numpy", "scipy", "stromata"]


@given(st.permutations(range(13)))
@settings(max_examples=15)
def test_the_order_of_studies_does_not_matter(order):
    effects = effect_sizes("RR", **BCG)
    result, shuffled = pool(effects, test="knha"), pool([effects[i] for i in order], test="knha")
    for name in ("estimate", "se", "tau2", "q", "i2", "ci_low", "pi_high"):
        assert getattr(shuffled, name) == pytest.approx(getattr(result, name), rel=1e-10)


def test_a_wider_level_widens_every_interval_and_those_of_the_studies():
    narrow, wide = bcg(level=0.9), bcg(level=0.99)
    assert wide.ci_low < narrow.ci_low < narrow.ci_high < wide.ci_high
    assert wide.effects[0].natural.ci_high > narrow.effects[0].natural.ci_high


def test_the_given_effects_are_left_as_they_were():
    effects = effect_sizes("RR", **BCG)
    before = [dataclasses.replace(effect) for effect in effects]
    pool(effects)
    assert list(effects) == before


def test_effects_without_counts_can_be_pooled_by_inverse_variance():
    nothing = Interval(None, None, None)
    effects = [EffectSize(str(i), "MD", y, 0.04, nothing) for i, y in enumerate((0.1, 0.5, 0.9))]
    assert pool(effects).estimate == pytest.approx(0.5)
    with pytest.raises(InvalidInput, match="needs measure PLO"):
        pool(effects, model="glmm")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"model": "fixed"}, "no model 'fixed'"),
        ({"tau2": "dlit"}, "no tau2 'dlit'"),
        ({"test": "wald"}, "no test 'wald'"),
        ({"model": "common", "test": "knha"}, "rescales"),
        ({"level": 95}, "strictly between"),
        ({"measure": "OR"}, "several measures: OR, RR"),
    ],
)
def test_what_does_not_fit_together_is_refused(options, part):
    with pytest.raises(InvalidInput) as caught:
        bcg(**options)
    assert part in caught.value.message


def test_no_effects_need_a_measure_and_a_glmm_needs_counts():
    with pytest.raises(InvalidInput, match="no effects and no measure"):
        pool([])
    with pytest.raises(InvalidInput, match="without: Smith"):
        pool([EffectSize("Smith", "PLO", 0.1, 0.2, Interval(None, None, None))], model="glmm")


ASTRONOMIC = {"ai": [1e308, 1, 3], "bi": [1e308, 9, 9], "ci": [1e308, 2, 2], "di": [1e308, 8, 8]}


@pytest.mark.parametrize("model", ["common", "random"])
@pytest.mark.parametrize("tau2", ["reml", "ml", "dl", "pm", "eb", "he", "hs", "sj"])
def test_a_study_whose_variance_cannot_be_computed_with_is_left_out_and_told(model, tau2):
    result = pool(effect_sizes("OR", labels=["far", "a", "b"], **ASTRONOMIC), model=model, tau2=tau2)
    rest = pool(effect_sizes("OR", **{name: cells[1:] for name, cells in ASTRONOMIC.items()}), model=model, tau2=tau2)
    assert (result.k, result.estimate, result.se, result.tau2) == (2, rest.estimate, rest.se, rest.tau2)
    assert [item.code for item in result.left_out] == ["no-variance"]
    assert "far: no estimate with a variance that can be computed with" in result.left_out[0].text
    assert "effects-left-out" in [caution.code for caution in result.cautions]


@pytest.mark.parametrize(
    ("yi", "vi"), [(math.inf, 1.0), (math.nan, 1.0), (0.0, math.inf), (0.0, math.nan), (1e200, 1.0)]
)
def test_an_effect_that_is_not_finite_is_left_out(yi, vi):
    good = effect_sizes("MD", m1i=[1, 2], sd1i=[1, 1], n1i=[9, 9], m2i=[0, 0], sd2i=[1, 1], n2i=[9, 9])
    bad = dataclasses.replace(good[0], label="bad", yi=yi, vi=vi)
    result = pool((bad, *good))
    assert (result.k, result.estimate) == (2, pool(good).estimate)
    assert result.left_out[0].text.startswith("bad: no ")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e30, 1e30), st.floats(1e-30, 1e30)), min_size=2, max_size=5),
    st.sampled_from(["reml", "ml", "dl", "pm", "eb", "he", "hs", "sj"]),
)
def test_any_effect_that_is_not_left_out_can_be_computed_with(pairs, tau2):
    effects = [EffectSize(str(i), "MD", y, v, Interval(None, None, None)) for i, (y, v) in enumerate(pairs)]
    result = pool(effects, tau2=tau2, model="random")
    assert result.k == len(pairs)
    assert all(math.isfinite(value) for value in (result.estimate, result.se, result.tau2, result.tau2_se, result.q))


def test_a_total_beyond_counting_is_left_out_of_the_binomial_model_and_told():
    result = pool(effect_sizes("PLO", labels=["far", "a", "b"], xi=[1e300, 3, 4], ni=[1e301, 9, 12]), model="glmm")
    assert result.k == 2
    assert "far: its total is too large for a count" in result.left_out[0].text


@pytest.mark.parametrize("tau2", ["reml", "ml"])
def test_equal_estimates_have_no_spread_however_large_they_are(tau2):
    pairs = [(4227169386492049.0, 1.0), (4227169386492049.0, 7.0)]
    effects = [EffectSize(str(i), "MD", y, v, Interval(None, None, None)) for i, (y, v) in enumerate(pairs)]
    assert pool(effects, tau2=tau2).tau2 == 0


@pytest.mark.parametrize("tau2", ["reml", "ml"])
def test_differences_too_small_to_square_are_no_spread(tau2):
    effects = [EffectSize(str(i), "MD", y, 1.0, Interval(None, None, None)) for i, y in enumerate([0.0, 1e-160])]
    assert pool(effects, tau2=tau2).tau2 == 0


def two_arms(measure="OR", **options):
    return effect_sizes(measure, **BCG, **options)


@pytest.mark.parametrize(
    ("compat", "prediction", "low", "high"),
    [
        ("metafor", "hts", -2.00905765037112, 0.579992966054843),  # metafor 5.1-12, pi.type="Riley"
        ("metafor", "test", -1.99601963, 0.56695495),
        ("metafor", "t", -1.99601963, 0.56695495),
        ("metafor", "z", -1.86729927, 0.43823459),
        ("meta", None, -2.0083769, 0.5793123),  # meta: t on k - 2 and the standard error without rescaling
        ("revman", None, -1.99601963, 0.56695495),
    ],
)
def test_prediction_intervals_by_convention(compat, prediction, low, high):
    result = pool(two_arms("RR"), test="knha", compat=compat, prediction=prediction)
    df = {"hts": 11, "test": 12, "t": 12, None: 11 if compat == "meta" else 12}.get(prediction)
    se = 0.1797815 if compat == "meta" else result.se
    quantile = stats.norm.ppf(0.975) if prediction == "z" else stats.t.ppf(0.975, df)
    half = quantile * math.sqrt(result.tau2 + se**2)
    assert result.pi_low == pytest.approx(result.estimate - half, rel=1e-6)
    assert (result.pi_low, result.pi_high) == (pytest.approx(low, abs=3e-6), pytest.approx(high, abs=3e-6))


def test_two_studies_have_no_interval_on_no_degrees_of_freedom():
    effects = effect_sizes("RD", ai=[4, 9], n1i=[20, 30], ci=[2, 3], n2i=[20, 30])
    result = pool(effects, prediction="hts")
    assert (result.pi_low, result.pi_high) == (None, None)
    assert result.ci_low is not None


def test_heterogeneity_by_metas_conventions_agrees_with_meta():
    # metabin(sm="OR", method="Inverse") of R's meta, dat.bcg.
    result = pool(two_arms(), compat="meta")
    assert result.i2 == pytest.approx(92.6454777445856, rel=1e-12)
    assert (result.i2_low, result.i2_high) == pytest.approx((89.1861931768239, 94.9981538888356), rel=1e-12)
    assert math.sqrt(result.h2) == pytest.approx(3.68742135713654, rel=1e-12)
    assert (math.sqrt(result.h2_low), math.sqrt(result.h2_high)) == pytest.approx((3.04095992198822, 4.47131057754181))
    assert result.compat == "meta"


def test_intervals_of_heterogeneity_agree_with_metafor():
    # confint(rma(yi, vi, method="REML")) of metafor 3.8-1, dat.bcg, log risk ratios.
    result = pool(two_arms("RR"))
    assert result.tau2_interval == "qp"
    assert (result.tau2_low, result.tau2_high) == pytest.approx((0.119718361141152, 1.11147908406093), rel=1e-10)
    assert (result.i2_low, result.i2_high) == pytest.approx((81.9205745585831, 97.6780749578874), rel=1e-10)
    assert (result.h2_low, result.h2_high) == pytest.approx((5.53114922396356, 43.0677124309817), rel=1e-10)
    assert pool(two_arms("RR"), tau2="ml", tau2_interval="pl").tau2_high == pytest.approx(0.833912476824103, rel=1e-9)
    assert pool(two_arms("RR"), model="common").tau2_interval == ""


def test_weights_go_with_their_effects_and_agree_with_metafor():
    # rma(yi, vi, method="GENQ", weights=1/vi) and (method="DL", weighted=FALSE), dat.bcg, log risk ratios.
    effects = two_arms("RR")
    weights = [1 / effect.vi for effect in effects]
    result = pool(effects, tau2="genq", weights=weights)
    assert result.estimate == pytest.approx(-0.430285163654091, rel=1e-12)
    assert result.se == pytest.approx(0.28354435135525, rel=1e-12)
    assert result.log_likelihood == pytest.approx(-13.9431155660888, rel=1e-12)
    assert result.tau2_interval == "genq"
    swapped = pool(effects[::-1], tau2="genq", weights=weights[::-1])
    assert swapped.estimate == pytest.approx(result.estimate, rel=1e-12)
    plain = pool(effects, tau2="dl", weights=[2.0] * 13)
    assert plain.estimate == pytest.approx(sum(effect.yi for effect in effects) / 13, rel=1e-12)
    assert [effect.weight for effect in plain.effects] == pytest.approx([100 / 13] * 13)


def test_weights_follow_their_groups():
    effects = effect_sizes("RR", groups=["a"] * 6 + ["b"] * 7, **BCG)
    weights = list(range(1, 14))
    whole = pool(effects, tau2="dl", weights=weights, by_group=True)
    alone = pool(effects[6:], tau2="dl", weights=weights[6:])
    assert dict(whole.subgroups)["b"].estimate == pytest.approx(alone.estimate, rel=1e-12)


def test_a_given_tau2_is_taken_and_named():
    # rma(yi, vi, tau2=0.05) of metafor 3.8-1 on dat.bcg weights by 1 / (vi + 0.05).
    effects = two_arms("RR")
    result = pool(effects, tau2=0.05)
    w = [1 / (effect.vi + 0.05) for effect in effects]
    assert result.estimate == pytest.approx(
        sum(a * effect.yi for a, effect in zip(w, effects, strict=True)) / sum(w), rel=1e-12
    )
    assert (result.tau2, result.tau2_method, result.tau2_se, result.tau2_interval) == (0.05, "fixed", None, "")
    one = pool(effects[:1], tau2=0.05)
    assert one.se == pytest.approx(math.sqrt(effects[0].vi + 0.05), rel=1e-12)
    assert one.pi_low == pytest.approx(one.estimate - 1.959963984540054 * math.sqrt(effects[0].vi + 0.1), rel=1e-12)


def test_mantel_haenszel_from_the_counts_of_the_effects():
    # rma.mh of metafor 3.8-1, dat.bcg.
    result = pool(two_arms(), model="mh")
    assert (result.estimate, result.se) == pytest.approx((-0.473410988388585, 0.0410077784042314), rel=1e-12)
    assert (result.q, result.q_df) == (pytest.approx(163.942579569193, rel=1e-12), 12)
    assert (result.i2, result.h2) == pytest.approx((92.6803640448177, 13.6618816307661), rel=1e-12)
    assert result.log_likelihood == pytest.approx(-76.4178103455401, rel=1e-12)
    assert result.natural.estimate == pytest.approx(math.exp(-0.473410988388585))
    assert [test.name for test in result.tests] == ["cmh", "cochran", "breslow-day", "tarone"]
    assert sum(effect.weight for effect in result.effects) == pytest.approx(100)
    assert (result.tau2, result.pi_low) == (None, None)
    totals = {
        "ai": BCG["ai"],
        "n1i": [a + b for a, b in zip(BCG["ai"], BCG["bi"], strict=True)],
        "ci": BCG["ci"],
        "n2i": [c + d for c, d in zip(BCG["ci"], BCG["di"], strict=True)],
    }
    assert pool(effect_sizes("OR", **totals), model="mh").estimate == pytest.approx(result.estimate, rel=1e-13)


def test_peto_takes_odds_ratios_by_either_name():
    result = pool(two_arms("PETO"), model="peto")
    assert (result.estimate, result.se) == pytest.approx((-0.474446310940636, 0.0406590807446483), rel=1e-12)
    assert result.q == pytest.approx(167.730167511489, rel=1e-12)
    assert pool(two_arms("OR"), model="peto").estimate == pytest.approx(result.estimate, rel=1e-13)


def test_a_constant_is_added_only_when_asked_for_and_then_said():
    columns = {"ai": [0, 5, 3], "n1i": [20, 30, 40], "ci": [4, 6, 9], "n2i": [20, 30, 40]}
    plain, added = (pool(effect_sizes("OR", **columns), model="mh", add=add) for add in (None, 0.5))
    assert added.estimate > plain.estimate
    assert "zero-cells-corrected" in {caution.code for caution in added.cautions}
    assert "zero-cells-corrected" not in {caution.code for caution in plain.cautions}
    assert pool(effect_sizes("OR", **columns), model="mh", compat="meta").estimate == pytest.approx(added.estimate)


@pytest.mark.parametrize(("model", "measure"), [("mh", "OR"), ("exact", "OR"), ("mh", "IRR"), ("mh", "RR")])
def test_events_in_one_arm_alone_leave_a_one_sided_bound(model, measure):
    columns = {"x1i": [0, 0], "t1i": [20, 30], "x2i": [3, 2], "t2i": [20, 30]}
    if measure != "IRR":
        columns = {"ai": [0, 0], "n1i": [20, 30], "ci": [3, 2], "n2i": [20, 30]}
    result = pool(effect_sizes(measure, **columns), model=model)
    assert (result.estimate, result.ci_low, result.se) == (None, None, None)
    assert result.natural.estimate == 0.0
    assert "events-in-one-arm" in {caution.code for caution in result.cautions}
    if measure == "RR":
        assert result.natural.ci_high is None
    else:
        assert 0 < result.natural.ci_high < 2


def test_the_exact_common_odds_ratio_of_one_table_is_fishers():
    result = pool(effect_sizes("OR", ai=[7], bi=[3], ci=[2], di=[9]), model="exact")
    assert (result.natural.ci_low, result.natural.ci_high) == pytest.approx(
        contingency.odds_ratio([[7, 3], [2, 9]]).confidence_interval(0.95), rel=1e-6
    )
    assert result.estimate == pytest.approx(math.log(result.natural.estimate))
    assert result.se is None


def test_nobody_with_the_event_gives_no_number_from_tables():
    effects = effect_sizes("OR", ai=[0, 0], n1i=[9, 8], ci=[0, 0], n2i=[9, 8])
    for model in ("mh", "peto", "exact"):
        result = pool(effects, model=model)
        assert (result.estimate, result.natural.estimate) == (None, None)
        assert "no-events" in {caution.code for caution in result.cautions}


@pytest.mark.parametrize(
    ("measure", "options", "part"),
    [
        ("RR", {"model": "peto"}, "the peto model pools OR, PETO, not RR"),
        ("RR", {"model": "mh", "add": -1.0}, "add is -1.0"),
        ("RR", {"add": 0.5}, "adds nothing to tables"),
        ("RR", {"tau2": -0.1}, "tau2 is -0.1"),
        ("RR", {"tau2": "genq"}, "needs weights"),
        ("RR", {"weights": [1.0]}, "1 weights for 13 effects"),
        ("RR", {"weights": [1.0] * 12 + [0.0]}, "the weight of 13 is 0.0"),
        ("RR", {"weights": [1.0] * 13, "test": "knha"}, "weights do not go with"),
        ("RR", {"weights": [1.0] * 13, "model": "mh"}, "weights do not go with"),
        ("RR", {"compat": "stata"}, "no compat 'stata'"),
        ("RR", {"prediction": "f"}, "no prediction 'f'"),
        ("RR", {"tau2_interval": "wald"}, "no tau2_interval 'wald'"),
    ],
)
def test_further_things_that_do_not_fit_together_are_refused(measure, options, part):
    with pytest.raises(InvalidInput, match=part):
        pool(two_arms(measure), **options)


def test_tables_need_counts():
    bare = EffectSize("A", "OR", 0.2, 0.1, Interval(None, None, None))
    with pytest.raises(InvalidInput, match="needs the counts of both arms in inputs; without: A"):
        pool([bare], model="mh")


def test_new_options_change_the_hash_and_their_defaults_do_not():
    effects = two_arms("RR")
    plain = pool(effects).input_hash
    assert pool(effects, compat="metafor", correct=True, add=0.0).input_hash == plain
    others = (
        {"compat": "meta"},
        {"prediction": "hts"},
        {"tau2_interval": "pl"},
        {"tau2": 0.1},
        {"weights": [1.0] * 13},
        {"model": "mh", "correct": False},
        {"model": "mh", "add": 0.5},
    )
    assert len({plain, *(pool(effects, **options).input_hash for options in others)}) == len(others) + 1


@pytest.mark.parametrize("by_group", [math.nan, "x", None])
def test_a_choice_of_groups_that_is_none_is_refused(by_group):
    with pytest.raises(InvalidInput, match="by_group is"):
        pool(effect_sizes("PLO", xi=[1, 2], ni=[9, 9]), by_group=by_group)

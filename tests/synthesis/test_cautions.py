import numpy as np
import pytest

from stromata.model import EffectSize, Interval
from stromata.synthesis import CAUTION_CODES, effect_sizes, pool
from stromata.synthesis.cautions import counted
from stromata.synthesis.pooling import kernels


def codes(measure="PLO", *, model="random", test="z", tau2="reml", to="only0", **columns):
    return {
        caution.code
        for caution in pool(effect_sizes(measure, to=to, **columns), model=model, test=test, tau2=tau2).cautions
    }


def raw(y, v):
    nothing = Interval(None, None, None)
    return [EffectSize(str(i), "MD", a, b, nothing) for i, (a, b) in enumerate(zip(y, v, strict=True))]


LARGE = {"xi": [50, 52, 49, 51, 55, 48], "ni": [100, 101, 99, 102, 110, 96]}
LARGE_TWO_ARMS = {"ai": [40, 44, 38, 41, 39], "n1i": [200] * 5, "ci": [80, 85, 77, 81, 83], "n2i": [200] * 5}


def test_a_large_homogeneous_controlled_set_has_nothing_but_the_boundary_to_report():
    assert codes("RR", **LARGE_TWO_ARMS) == {"tau2-zero", "tau2-interval-empty"}


def test_single_arms_always_say_that_nothing_was_compared():
    assert "uncontrolled" in codes(**LARGE)
    assert "uncontrolled" in codes("MN", mi=[1, 2], sdi=[1, 1], ni=[90, 90])
    assert "uncontrolled" not in codes("RR", **LARGE_TWO_ARMS)


def test_few_studies_are_two_to_four_when_tau2_is_estimated():
    four = {name: values[:4] for name, values in LARGE.items()}
    assert "few-studies" in codes(**four)
    assert "few-studies" in codes(model="glmm", **four)
    assert "few-studies" not in codes(model="common", **four)
    assert "few-studies" not in codes(**{name: values[:5] for name, values in LARGE.items()})


@pytest.mark.parametrize("model", ["random", "glmm"])
def test_one_study(model):
    assert "single-study" in codes(model=model, xi=[3], ni=[9])


def test_none_and_all_events():
    assert "no-events" in codes(model="glmm", xi=[0, 0], ni=[8, 9])
    assert "all-events" in codes(model="glmm", xi=[8, 9], ni=[8, 9])
    assert "no-events" in codes("OR", ai=[0, 0], n1i=[5, 6], ci=[0, 0], n2i=[5, 6])
    assert not {"no-events", "all-events"} & codes(model="glmm", xi=[0, 9], ni=[8, 9], to="none")


def test_corrections_are_reported_where_they_entered():
    assert "zero-cells-corrected" in codes(xi=[0, 3, 4], ni=[8, 9, 9])
    assert "zero-cells-corrected" not in codes(model="glmm", xi=[0, 3, 4], ni=[8, 9, 9])
    assert "zero-cells-corrected" not in codes(xi=[1, 3, 4], ni=[8, 9, 9])


def test_studies_without_an_estimate_are_counted():
    result = pool(effect_sizes("PLO", xi=[0, 3, 4], ni=[8, 9, 9], to="none"))
    assert (result.k, len(result.effects), len(result.left_out)) == (2, 3, 1)
    assert "1 of 3 studies was left out" in {c.code: c.text for c in result.cautions}["effects-left-out"]


def test_considerable_heterogeneity_names_the_prediction_interval():
    result = pool(effect_sizes("PLO", xi=[10, 90, 20, 80, 50], ni=[100] * 5), model="glmm")
    text = {c.code: c.text for c in result.cautions}["heterogeneity-large"]
    assert f"{100 * result.natural.pi_low:.0f} %" in text
    assert "heterogeneity-large" not in codes(**LARGE)


def test_a_prediction_interval_across_no_effect_beside_a_clear_average():
    effects = raw([-1.5, -0.2, -1.0, -0.1, -1.6, -0.9, -0.05, -1.2], [0.02] * 8)
    assert "prediction-includes-null" in {caution.code for caution in pool(effects).cautions}
    assert "prediction-includes-null" not in {
        caution.code for caution in pool(raw([-1, -1.1, -0.9], [0.02] * 3)).cautions
    }


def test_a_common_effect_in_spite_of_heterogeneity():
    columns = {"xi": [10, 90, 20, 80, 50], "ni": [100] * 5}
    assert "common-despite-heterogeneity" in codes(model="common", **columns)
    assert "common-despite-heterogeneity" not in codes(model="random", **columns)
    assert "common-despite-heterogeneity" not in codes(model="common", **LARGE)


def test_hartung_knapp_narrower_than_the_ordinary_interval():
    alike = raw([0.5, 0.501, 0.499, 0.5, 0.502, 0.498], [0.1] * 6)
    assert "knha-narrower" in {caution.code for caution in pool(alike, test="knha").cautions}
    assert "knha-narrower" not in {caution.code for caution in pool(alike, test="adhoc").cautions}
    assert "knha-narrower" not in {caution.code for caution in pool(raw([0, 1, 5], [0.1] * 3), test="knha").cautions}


def test_traces_of_the_fit():
    assert "tau2-not-identified" in codes(model="glmm", xi=[1, 0, 1], ni=[1, 1, 1])
    assert "glmm-did-not-converge" in codes(model="glmm", xi=[0, 30, 0, 25], ni=[30, 30, 40, 25])
    assert "quadrature" in codes(model="glmm", xi=[6, 4, 0], ni=[6, 9, 12])
    bimodal = raw([0.0, 0.02, 5.0, -4.0, 6.0], [1e-6, 1e-6, 4.0, 4.0, 4.0])
    assert "several-maxima" in {caution.code for caution in pool(bimodal).cautions}
    assert "variances-unequal" in {caution.code for caution in pool(raw([0, 1], [1e-9, 1.0])).cautions}
    assert "double-arcsine" in codes("PFT", **LARGE)


def test_small_totals():
    assert "small-total" in codes(xi=[3, 4], ni=[49, 50])
    assert "small-total" not in codes(xi=[3, 4], ni=[50, 50])


def test_codes_are_listed_once_and_texts_are_sentences():
    assert len(set(CAUTION_CODES)) == len(CAUTION_CODES)
    result = pool(effect_sizes("PLO", xi=[0, 3, 1], ni=[8, 9, 4]))
    for caution in result.cautions:
        assert caution.code in CAUTION_CODES
        assert caution.text.endswith(".")
        assert caution.text[0].isupper() or caution.text[0].isdigit()


def test_rates_without_events_say_so_and_are_uncontrolled():
    assert {"no-events", "uncontrolled"} <= codes("IRLN", xi=[0, 0], ti=[8, 9])
    assert "no-events" in codes("IRLN", xi=[0], ti=[8])
    assert "no-events" not in codes("IRLN", xi=[0, 1], ti=[8, 9])
    assert "no-events" in codes("IRR", x1i=[0, 0], t1i=[8, 9], x2i=[0, 0], t2i=[8, 9])


def test_printed_ratios_are_not_taken_for_studies_without_events():
    assert "no-events" not in codes("OR", out=[0.5, 0.6], ci_lb=[0.2, 0.3], ci_ub=[1.25, 1.2])


def test_an_estimate_off_the_middle_of_its_interval_is_told_by_name():
    effects = effect_sizes("HR", labels=["Wang 2014", "Lee 2019"], out=[0.5, 0.9], ci_lb=[0.2, 0.1], ci_ub=[1.25, 1.2])
    texts = {caution.code: caution.text for caution in pool(effects).cautions}
    assert "Lee 2019" in texts["interval-lopsided"]
    assert "Wang 2014" not in texts["interval-lopsided"]


def test_changes_in_one_group_are_uncontrolled_and_correlations_are_no_such_thing():
    change = {"m1i": [5, 6], "sd1i": [1, 1], "m2i": [4, 4], "sd2i": [1, 1], "ni": [90, 90], "ri": [0.5, 0.5]}
    assert "uncontrolled" in codes("MC", **change)
    assert "uncontrolled" not in codes("ZCOR", ri=[0.2, 0.3], ni=[90, 90])


def test_double_roots_are_told():
    assert "double-arcsine" in codes("IRFT", xi=[3, 4], ti=[8, 90])


@pytest.mark.parametrize(("third", "close"), [(5.0, True), (8.0, False)])
def test_maxima_that_are_nearly_alike_are_named_with_their_distance(third, close):
    # Two precise studies that agree and three vague ones: the further apart these, the likelier is a spread.
    effects = raw([0.0, 0.02, third, -4.0, third + 1], [1e-6, 1e-6, 4.0, 4.0, 4.0])
    fit = kernels.fit(kernels.one_set(*np.array([(e.yi, e.vi) for e in effects]).T), "reml")
    texts = {caution.code: caution.text for caution in pool(effects).cautions}
    assert fit.modes[0] == 2
    assert (fit.gap[0] <= 2) == close
    assert ("maxima-close" in texts) == close
    if close:
        assert f"{fit.gap[0]:.2g} log-likelihood units apart" in texts["maxima-close"]


def test_studies_that_agree_too_well_leave_no_value_of_tau2():
    alike = raw([0.5, 0.501, 0.499, 0.5, 0.502, 0.498], [0.1] * 6)
    result = pool(alike)
    assert (result.tau2_low, result.tau2_high) == (0.0, 0.0)
    assert "tau2-interval-empty" in {caution.code for caution in result.cautions}
    assert "tau2-interval-empty" not in {caution.code for caution in pool(raw([0, 1, 5], [0.1] * 3)).cautions}


def texts(code, measure, model, **columns):
    found = pool(effect_sizes(measure, labels=list("ABCD"), **columns), model=model).cautions
    return [caution.text for caution in found if caution.code == code]


@pytest.mark.parametrize("model", ["mh", "peto", "exact"])
def test_tables_that_cannot_tell_the_arms_apart_are_named(model):
    # A without events, B with nothing else, C with a zero cell, which says something
    columns = {"ai": [0, 9, 0, 4], "n1i": [10, 9, 10, 12], "ci": [0, 7, 3, 6], "n2i": [10, 7, 10, 15]}
    (said,) = texts("tables-without-information", "OR", model, **columns)
    assert said == (
        "Nobody, or everybody, had the event in A, B: those tables cannot tell the arms apart, and add nothing to the "
        "pooled estimate."
    )


def test_what_a_table_says_depends_on_the_measure():
    columns = {"ai": [0, 9, 0, 4], "n1i": [10, 9, 10, 12], "ci": [0, 7, 3, 6], "n2i": [10, 7, 10, 15]}
    (said,) = texts("tables-without-information", "RR", "mh", **columns)
    assert said.startswith("Nobody had the event in A: that table")  # of B a risk ratio says that it is 1
    assert not texts("tables-without-information", "RD", "mh", **columns)
    times = {"x1i": [0, 2, 3, 4], "t1i": [9, 8, 7, 6], "x2i": [0, 1, 0, 4], "t2i": [5, 6, 7, 8]}
    (said,) = texts("tables-without-information", "IRR", "mh", **times)
    assert said.startswith("Nobody had the event in A: that table")


def test_a_table_to_which_a_constant_was_added_says_something():
    columns = {"ai": [0, 3], "n1i": [10, 9], "ci": [0, 4], "n2i": [10, 7]}
    effects = effect_sizes("OR", **columns)
    found = {"plain": pool(effects, model="mh"), "added": pool(effects, model="mh", add=0.5)}
    named = {name for name, each in found.items() if "tables-without-information" in {c.code for c in each.cautions}}
    assert named == {"plain"}


def test_without_any_event_the_tables_are_not_named_again():
    found = pool(effect_sizes("OR", ai=[0, 0], n1i=[10, 9], ci=[0, 0], n2i=[10, 7]), model="mh").cautions
    assert {"no-events"} <= {each.code for each in found}
    assert "tables-without-information" not in {each.code for each in found}


def test_one_person_is_not_people_nor_one_study_studies():
    found = pool(effect_sizes("PLO", xi=[0], ni=[1])).cautions
    said = " ".join(caution.text for caution in found)
    assert "The only person did not have the event." in said
    assert "In 1 of 1 study" in said
    assert "1 people" not in said
    assert "1 studies" not in said
    found = pool(effect_sizes("PLO", xi=[0, 0], ni=[1200, 800])).cautions
    assert "None of 2,000 people had the event." in " ".join(each.text for each in found)


def test_numbers_agree_with_what_is_counted():
    assert [counted(n, "set") for n in (0, 1, 2)] == ["0 sets", "1 set", "2 sets"]
    assert [counted(n, "study", "studies") for n in (1, 2000)] == ["1 study", "2,000 studies"]

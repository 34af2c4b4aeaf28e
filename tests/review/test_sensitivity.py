"""What the report says on small studies and on single ones, and for which results it can."""

from dataclasses import replace

import pytest

from stromata import synthesis
from stromata.review.analyses import analyse
from stromata.review.methods import Method
from stromata.review.sensitivity import FEWEST, MOST, sensitivity_sections


def series(k, **options):
    groups = ["x" if place % 2 else "y" for place in range(k)]
    counts = {"xi": [3 + place % 3 for place in range(k)], "ni": [8 + place for place in range(k)]}
    labels = [f"S{place}" for place in range(k)]
    effects = synthesis.effect_sizes("PLO", labels=labels, groups=groups, **counts)
    return replace(synthesis.pool(effects, measure="PLO", model="glmm", **options), id="plan")


TRIALS = {"ai": [8, 30, 3, 9, 4], "n1i": [20, 90, 10, 30, 9], "ci": [4, 20, 5, 3, 1], "n2i": [20, 90, 10, 30, 9]}


def trials(measure="RR", times=1, **options):
    columns = {name: values * times for name, values in TRIALS.items()}
    labels = [f"T{place}" for place in range(5 * times)]
    return replace(synthesis.pool(synthesis.effect_sizes(measure, labels=labels, **columns), **options), id="plan")


def section(result):
    (found,) = sensitivity_sections([result])
    assert found.synthesis == result.id
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"model": "common"},
        {"model": "random", "tau2": "pm", "test": "knha"},
        {"model": "mh", "measure": "OR"},
        {"model": "peto", "measure": "OR", "level": 0.9},
        {"model": "exact", "measure": "OR"},
    ],
)
def test_each_refit_is_the_pool_of_the_others_by_the_same_model(options):
    result = trials(**options)
    (found,) = section(result).left_out
    assert [each.without for each in found.refits] == list(result.effects)
    for place, each in enumerate(found.refits):
        rest = result.effects[:place] + result.effects[place + 1 :]
        again = synthesis.pool(rest, **{name: value for name, value in options.items() if name != "measure"})
        for name in ("estimate", "ci_low", "ci_high"):
            assert getattr(each.natural, name) == pytest.approx(getattr(again.natural, name), rel=1e-7)
        assert each.tau2 == (None if again.tau2 is None else pytest.approx(again.tau2, abs=1e-9))
        assert each.i2 == (None if again.i2 is None else pytest.approx(again.i2, abs=1e-7))


def test_proportions_are_refitted_from_their_counts_in_each_subgroup_and_together():
    result = series(6, by_group=True)
    found = section(result).left_out
    assert [each.label for each in found] == ["y", "x", ""]
    assert [len(each.refits) for each in found] == [3, 3, 6]
    again = synthesis.pool(result.effects[1:], measure="PLO", model="glmm")
    assert found[-1].refits[0].natural.estimate == pytest.approx(again.natural.estimate, rel=1e-9)


def test_the_size_that_undoes_a_double_root_is_that_of_the_others():
    effects = synthesis.effect_sizes("PFT", xi=[3, 4, 9], ni=[8, 9, 60])
    result = synthesis.pool(effects)
    (found,) = section(result).left_out
    again = synthesis.pool(effects[:2])
    assert found.refits[2].natural.estimate == pytest.approx(again.natural.estimate, rel=1e-9)


@pytest.mark.parametrize(("k", "there"), [(FEWEST - 1, False), (FEWEST, True), (MOST, True), (MOST + 1, False)])
def test_neither_two_studies_nor_very_many_are_left_out_in_turn(k, there):
    effects = synthesis.effect_sizes("MN", mi=[1.0 + place / 9 for place in range(k)], sdi=[1.0] * k, ni=[9] * k)
    assert bool(section(synthesis.pool(effects)).left_out) is there


def test_a_study_without_an_estimate_is_not_left_out_as_it_was_never_in():
    result = trials(measure="OR")
    lost = replace(result, effects=(*result.effects, replace(result.effects[0], label="lost", yi=None, vi=None)))
    (found,) = section(lost).left_out
    assert [each.without.label for each in found.refits] == [f"T{place}" for place in range(5)]


def test_a_rest_that_determines_no_estimate_has_none():
    effects = synthesis.effect_sizes("PLO", labels=list("abc"), xi=[3, 0, 0], ni=[8, 9, 7])
    (found,) = section(synthesis.pool(effects, measure="PLO", model="glmm")).left_out
    assert found.refits[0].natural.estimate is None
    assert found.refits[0].tau2 is None
    assert found.refits[1].natural.estimate is not None


def test_of_comparisons_it_is_said_which_study_the_conclusion_hangs_on_and_of_single_groups_nothing():
    tables = {"ai": [40, 5, 5, 6], "n1i": [60, 20, 20, 20], "ci": [10, 5, 6, 5], "n2i": [60, 20, 20, 20]}
    effects = synthesis.effect_sizes("OR", labels=["large", "b", "c", "d"], **tables)
    (found,) = section(synthesis.pool(effects, model="common")).left_out
    assert found.remark == "The conclusion changes when one study is left out: large."
    assert all(each.remark == "" for each in section(series(6)).left_out)


@pytest.mark.parametrize(
    "method",
    [
        Method("RR", "random", tau2=0.1),
        Method("OR", "glmm"),
        Method("OR", "beta-binomial"),
        Method("OR", "random", moderators="~ dose"),
    ],
)
def test_models_that_are_not_fitted_this_way_are_not_refitted(method):
    effects = synthesis.effect_sizes(method.measure, **TRIALS)
    result = analyse(effects, method, data={"dose": [1.0, 2.0, 3.0, 5.0, 4.0]})
    assert section(replace(result, id="plan")).left_out == ()


def test_a_funnel_plot_takes_ten_studies_and_says_which_test_suits():
    assert section(trials(times=1)).funnel == ""
    assert section(series(9)).funnel == ""
    assert "Asymmetry was not tested" in section(series(10)).funnel
    assert "Peters" in section(trials(times=2)).funnel


def test_a_meta_regression_has_no_funnel_around_one_mean():
    effects = synthesis.effect_sizes("RR", **{name: values * 2 for name, values in TRIALS.items()})
    result = analyse(effects, Method("RR", moderators="~ dose"), data={"dose": [float(place) for place in range(10)]})
    assert result.k == 10
    assert section(result).funnel == ""


def test_the_words_and_the_lines_of_r_are_those_of_the_result():
    result = trials()
    found = section(result)
    assert found.methods == synthesis.methods_text(result)
    assert found.results == synthesis.results_text(result)
    assert found.r_lines == synthesis.r_call(result)


def test_what_pools_no_study_has_no_section():
    assert list(sensitivity_sections([synthesis.pool((), measure="RR", model="common")])) == []

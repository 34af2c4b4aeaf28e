from dataclasses import replace

import pytest

from stromata import synthesis as st
from stromata.model import Coefficient, ModeratorTest, ThresholdProbability
from stromata.synthesis.results.pooled import measure_sentence, noun, used_of

BCG = {"ai": [4, 6, 3], "bi": [119, 300, 228], "ci": [11, 29, 11], "di": [128, 274, 209]}


def said(result):
    return st.results_text(result).replace("\u00a0", " ")


def methods(result):
    return st.methods_text(result).replace("\u00a0", " ")


def proportions(xi, ni, **more):
    return st.pool(st.effect_sizes("PLO", xi=xi, ni=ni), **more)


def test_six_of_six_is_not_called_certain():
    text = said(proportions([6], [6]))
    assert "The event occurred in 6 of 6 participants." in text
    assert "The proportion was 100 % (95 % CI 54 % to 100 %)." in text
    assert "One study only" in text
    assert "pooled proportion" not in text
    assert "constant was added" not in text
    assert "Clopper and Pearson 1934" in methods(proportions([6], [6]))


def test_no_events_in_a_glmm_are_told_with_the_bound_and_without_a_test_of_heterogeneity():
    result = proportions([0, 0], [6, 3], model="glmm")
    assert "The proportion in all participants together was 0 % (95 % CI 0 % to 34 %)." in said(result)
    assert "Heterogeneity" not in said(result)
    assert "exact confidence interval (Clopper" in methods(result)


def test_two_studies_get_no_prediction_interval():
    assert "prediction interval was" not in said(proportions([3, 1], [6, 3]))
    assert "prediction interval was" in said(proportions([3, 1, 4], [6, 3, 9]))


def test_one_study_is_not_pooled():
    text = methods(proportions([6], [6]))
    assert "nothing was pooled" in text
    assert "random-effects" not in text


def test_none_at_all_says_so_once():
    result = st.pool([], measure="OR")
    assert said(result).count("No study gave a usable result") == 1
    assert st.r_call(result).startswith("#")


def test_an_infinite_ratio_has_its_one_bound():
    effects = st.effect_sizes("OR", ai=[3, 3], bi=[5, 6], ci=[0, 0], di=[4, 5])
    assert "no finite estimate, because all events were in one group (95 % CI 0.69 or more;" in said(
        st.pool(effects, model="exact")
    )


def test_zero_cells_and_what_was_added_are_told():
    effects = st.effect_sizes("OR", ai=[0, 3], bi=[5, 6], ci=[2, 1], di=[4, 5])
    assert "In 1 study with a zero cell 1/2 was added to each cell." in methods(st.pool(effects))
    effects = st.effect_sizes("OR", ai=[0, 3], bi=[5, 6], ci=[2, 1], di=[4, 5], add=0.25)
    assert "a constant was added to each cell" in methods(st.pool(effects))
    assert "added" not in methods(st.pool(effects, model="exact"))


def test_methods_name_the_estimator_and_cite_it():
    effects = st.effect_sizes("OR", **BCG)
    text = methods(st.pool(effects, tau2="dl", test="knha"))
    assert "the DerSimonian-Laird method (Viechtbauer 2005," in text
    assert "Hartung-Knapp method (Knapp and Hartung 2003," in text
    assert "Q-profile" in text
    assert "one true effect" in methods(st.pool(effects, model="common"))
    assert "held at 0.200" in methods(st.pool(effects, tau2=0.2))
    assert "Mantel and Haenszel 1959" in methods(st.pool(effects, model="mh"))
    assert "Review Manager" in methods(st.pool(effects, compat="revman"))


def test_numbers_are_those_of_the_result():
    effects = st.effect_sizes("OR", **BCG)
    result = st.pool(effects)
    natural = result.natural
    text = said(result)
    assert f"{natural.estimate:.2f} (95 % CI {natural.ci_low:.2f} to {natural.ci_high:.2f}; z = " in text
    assert "13 of 660 participants in the first group and 51 of 662 participants in the second" in text
    assert "3 studies with 1,322 participants" in text


def test_subgroups_are_told_with_their_test():
    effects = st.effect_sizes("MD", yi=[1, 2, 3, 4], vi=[0.1] * 4, groups=["a", "a", "b", "b"])
    result = st.pool(effects, by_group=True)
    assert "a, 2 studies: 1.50" in said(result)
    assert "Test between subgroups: Q = " in said(result)
    table = st.to_table(result)
    assert [row[0] for row in table.rows] == ["1", "2", "3", "4", "subgroup a", "subgroup b", "pooled"]


def test_the_table_has_studies_with_weights_and_the_pool():
    result = st.pool(st.effect_sizes("OR", **BCG))
    table = st.to_table(result)
    weights = [row[table.headers.index("weight")] for row in table.rows]
    assert weights[-1] is None
    assert sum(weights[:-1]) == pytest.approx(100)
    last = dict(zip(table.headers, table.rows[-1], strict=True))
    assert (last["term"], last["estimate"], last["natural"]) == ("pooled", result.estimate, result.natural.estimate)


def test_counts_are_repeated_by_escalc_and_anything_else_by_its_estimate():
    by_counts = st.r_call(st.pool(st.effect_sizes("OR", **BCG)))
    assert 'escalc(measure="OR", ai=ai, bi=bi, ci=ci, di=di, data=dat)' in by_counts
    other = st.r_call(st.pool(st.effect_sizes("OR", **BCG, add=0.25, to="all")))
    assert "escalc" not in other
    assert "yi = c(" in other


def test_options_reach_r():
    effects = st.effect_sizes("OR", **BCG)
    call = st.r_call(st.pool(effects, tau2="pm", test="knha", level=0.9))
    assert 'method="PM", test="knha", level=90' in call
    assert "tau2=0.2" in st.r_call(st.pool(effects, tau2=0.2))
    assert "correct=FALSE" in st.r_call(st.pool(effects, model="mh", correct=False))
    assert 'add=c(0.5, 0.5), to=c("only0", "only0")' in st.r_call(st.pool(effects, model="mh", add=0.5))
    assert "conventions of meta" in st.r_call(st.pool(effects, compat="meta"))
    assert "rma.peto(" in st.r_call(st.pool(effects, model="peto"))


def test_measures_are_named_as_in_a_sentence():
    assert noun("OR") == "odds ratio"
    assert noun("YUQ").startswith("Yule")
    assert measure_sentence(st.get_measure("OR")) == (
        "The effect measure was the odds ratio, analysed as the log odds ratio."
    )
    assert measure_sentence(st.get_measure("PR")) == "The outcome measure was the proportion."


def test_studies_that_were_left_out_are_not_used():
    first, second, third = st.effect_sizes("MD", yi=[1, 2, 3], vi=[0.1, 0.1, 0.1])
    effects = [first, replace(second, yi=None, vi=None), third]
    assert [effect.label for effect in used_of(st.pool(effects))] == ["1", "3"]


def test_models_that_are_fitted_elsewhere_are_told_by_what_the_synthesis_holds():
    """A review turns the results of other functions into a synthesis; their data are not in it."""
    plain = st.pool(st.effect_sizes("OR", **BCG))
    coefficient = Coefficient("dose", 0.2, 0.1, 2.0, None, 0.046, 0.004, 0.396)
    tested = ModeratorTest("all moderators", 4.0, 1, None, 0.046)
    regression = replace(plain, moderators="~ dose", coefficients=(coefficient,), moderator_tests=(tested,))
    assert "dose 0.200 (95 % CI 0.00400 to 0.396; z = 2.00, p = 0.046)" in said(regression)
    assert "Test of all moderators: χ² = 4.00 on 1 df" in said(regression)
    assert "regressed on the moderators ~ dose" in methods(regression)
    assert [row["term"] for row in st.to_data(regression)["coefficients"]] == ["dose"]
    bayes = replace(plain, model="bayes", probabilities=(ThresholdProbability(1.0, 0.98, 0.9),))
    assert "95 % CrI" in said(bayes)
    assert "95 % CI" not in said(bayes)
    assert "below 1.00 with probability 0.980" in said(bayes)
    counts = replace(plain, model="beta-binomial")
    assert "beta-binomial" in methods(counts)
    assert all(st.r_call(each).startswith("#") for each in (regression, bayes, counts))


def test_r_is_not_asked_for_what_it_cannot_estimate():
    nobody = st.effect_sizes("PLO", xi=[0, 0, 0], ni=[10, 4, 7])
    assert st.r_call(st.pool(nobody, model="glmm")).startswith("#")
    alone = st.effect_sizes("PLO", xi=[3], ni=[10])
    assert "binom.test" in st.r_call(st.pool(alone, model="glmm"))
    tables = st.effect_sizes("PETO", ai=[0, 0], n1i=[10, 4], ci=[0, 0], n2i=[9, 5])
    assert st.r_call(st.pool(tables, model="peto")).startswith("#")

from stromata import synthesis as st
from stromata.synthesis.results.regressions import formula_fits, used_columns
from synthesis.results.answers import answer

Y, V = [0.1, 0.4, 0.5, 0.9, 0.3, 0.6], [0.02, 0.03, 0.02, 0.05, 0.1, 0.04]
DATA = {"dose": [1, 2, 3, 4, 5, 7], "route": list("aabbab"), "unused": [0] * 6}


def test_r_gets_the_formula_and_the_columns_that_it_names():
    call = st.r_call(st.regress(Y, V, "~ dose + factor(route)", data=DATA, studies=list("uvwxyz")))
    assert "mods=~ dose + factor(route)" in call
    assert 'route = c("a", "a", "b", "b", "a", "b")' in call
    assert 'study = c("u"' in call
    assert "unused" not in call


def test_formulas_that_r_may_read_otherwise_go_as_their_matrix():
    call = st.r_call(st.regress(Y, V, "~ rcs(dose, 3)", data=DATA))
    assert "X <- matrix(" in call
    assert "mods=X" in call
    assert "library(splines)" in st.r_call(st.regress(Y, V, "~ ns(dose, df=2)", data=DATA))
    assert not formula_fits("~ `my dose`", ("intrcpt",), {"my dose": [1]})


def test_rows_that_were_left_out_stay_out():
    data = {"dose": [1, 2, None, 4, 5, 7]}
    call = st.r_call(st.regress(Y, V, "~ dose", data=data))
    assert "dose = c(1, 2, 4, 5, 7)" in call
    assert 'study = c("1", "2", "4", "5", "6")' in call
    assert used_columns(tuple(data.items()), "~ dose", (0, 1)) == {"dose": [1, 2]}


def test_coefficients_tests_and_explained_heterogeneity_are_told():
    result = st.regress(Y, V, "~ dose", data=DATA, test="knha")
    text = st.results_text(result).replace("\u00a0", " ")
    assert "intercept " in text
    assert f"dose {result.coefficients[1].estimate:.3g} (95 % CI" in text
    assert "Test of all moderators together: F = " in text
    assert "on 1 and 4 df" in text
    assert "(R²)" in text
    assert "regressed on dose" in st.methods_text(result)


def test_a_constant_alone_is_no_test_of_moderators():
    text = st.results_text(st.regress(Y, V, "~ 1"))
    assert "moderators" not in text


def test_many_coefficients_are_left_to_the_table():
    data = {"g": [str(i // 2) for i in range(30)]}
    result = st.regress(list(range(30)), [0.1] * 30, "~ g", data=data)
    assert "15 coefficients are in the table" in st.results_text(result)
    assert len(st.to_table(result).rows) == 15


def test_contrasts_by_name_reach_r_as_weights():
    found = st.contrast(st.regress(Y, V, "~ dose", data=DATA), [{"dose": 1}, {"intrcpt": 1, "dose": 2}])
    assert [row[0] for row in st.to_table(found).rows] == ["contrast 1", "contrast 2"]
    assert "anova(fit, X=matrix(c(0, 1, 1, 2), nrow = 2, byrow = TRUE))" in st.r_call(found)
    assert "Test of all together: χ² = " in st.results_text(found)
    one = st.contrast(st.regress(Y, V, "~ dose", data=DATA), {"dose": 1})
    assert "together" not in st.results_text(one)
    assert "anova(fit, X=matrix(c(0, 1), nrow = 1, byrow = TRUE))" in st.r_call(one)


def test_permutations_say_how_many_and_whether_they_are_all():
    fit = st.regress(Y, V, "~ dose", data=DATA)
    drawn, every = st.permutation_test(fit, permutations=20), st.permutation_test(fit, permutations=720)
    assert "over 20 arrangements drawn at random" in st.methods_text(drawn)
    assert "permutest(fit, iter=20)" in st.r_call(drawn)
    assert "over all 720 different arrangements" in st.methods_text(every)
    assert "permutest(fit, exact=TRUE)" in st.r_call(every)
    assert [row[0] for row in st.to_table(every).rows] == ["dose"]
    two = st.permutation_test(st.regress(Y, V, "~ dose + route", data=DATA), permutations=20)
    assert [row[0] for row in st.to_table(two).rows] == ["dose", "routeb", "all"]


def test_a_comparison_of_regressions_gives_both_to_r():
    found = answer("likelihood_ratio")
    assert found.to_table().rows == (
        ("statistic", found.statistic),
        ("df", 1),
        ("p", found.p),
        ("r2", found.r2),
    )
    call = found.r_call()
    assert call.index("mods=~ dose") < call.index("full <- fit") < call.index("anova(full, fit)")
    assert "of the heterogeneity (R²)" in found.results_text()

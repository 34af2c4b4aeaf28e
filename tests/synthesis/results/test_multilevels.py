import json

import numpy as np

from stromata import synthesis as st
from stromata.synthesis.multilevel.sampling_covariance import sampling_covariance

DATA = {"study": list("aabbcc"), "x": [1, 2, 3, 4, 5, 7.0], "effect": [1, 2] * 3}
Y = [0.1, 0.2, 0.5, 0.4, 0.9, 0.7]


def fit(covariance=None, **options):
    return st.pool_mv(Y, [0.04] * 6 if covariance is None else covariance, data=DATA, **options)


def test_r_gets_random_terms_and_their_columns():
    call = st.r_call(fit(random="~ 1 | study/effect"))
    assert "random=list(~ 1 | study/effect)" in call
    assert 'study = c("a", "a", "b", "b", "c", "c")' in call
    assert "effect = c(1, 2, 1, 2, 1, 2)" in call
    assert "struct" not in call
    assert 'struct="CS"' in st.r_call(fit(random="~ effect | study"))


def test_r_gets_held_components_options_and_moderators():
    call = st.r_call(fit(random="~ 1 | study", sigma2=0.05, method="ml", test="t", formula="~ x", level=0.9))
    assert "sigma2=0.05" in call
    assert 'method="ML", test="t", level=90' in call
    assert "mods=~ x" in call


def test_r_gets_covariances_by_their_blocks():
    covariance = sampling_covariance([0.04] * 6, cluster=DATA["study"], obs=DATA["effect"], rho=0.5)
    call = st.r_call(fit(covariance, random="~ 1 | study"))
    assert "V[c(3, 4), c(3, 4)] <- matrix(" in call
    assert "rma.mv(yi, V, " in call


def test_known_correlations_are_given_by_name_and_distances_are_not_guessed():
    known = np.full((3, 3), 0.2) + 0.8 * np.eye(3)
    call = st.r_call(fit(random="~ 1 | study", R={"study": (["a", "b", "c"], known)}))
    assert "R=list(study=R1)" in call
    assert 'dimnames(R1) <- list(c("a", "b", "c"), c("a", "b", "c"))' in call


def test_components_are_told_and_an_intercept_alone_is_the_mean():
    text = st.results_text(fit(random="~ 1 | study")).replace("\u00a0", " ")
    assert "mean effect 0.467 (95 % CI" in text
    assert "σ² for study: " in text
    assert "intercept " in st.results_text(fit(random="~ 1 | study", formula="~ x"))


def test_robust_variances_name_their_kind():
    model = fit(random="~ 1 | study")
    for kind, option in {"CR0": "adjust=FALSE", "CR1": "adjust=TRUE", "CR2": "clubSandwich=TRUE"}.items():
        assert option in st.r_call(st.cluster_robust(model, DATA["study"], kind=kind))
    assert st.r_call(st.cluster_robust(model, DATA["study"], kind="CR1S")).startswith("#")
    assert "Satterthwaite" in st.methods_text(st.cluster_robust(model, DATA["study"]))


def test_left_out_clusters_are_told_by_their_range():
    refits = st.leave_one_out_mv(fit(random="~ 1 | study"), cluster=DATA["study"])
    low, high = refits.beta.min(), refits.beta.max()
    assert f"mean effect from {low:.3f} to {high:.3f}" in st.results_text(refits)
    assert "unique(dat$left)" in st.r_call(refits)


def test_influence_has_a_row_for_what_is_left_out_together():
    found = fit(random="~ 1 | study")
    alone, together = st.influence_mv(found), st.influence_mv(found, cluster=DATA["study"])
    table = st.to_table(alone)
    assert table.headers[:3] == ("term", "residual", "se")
    assert table.headers[-1] == "intrcpt dfbetas"
    assert [row[0] for row in table.rows] == list("123456")
    table = st.to_table(together)
    assert table.headers[:4] == ("term", "joint", "joint_df", "joint_p")
    assert [row[0] for row in table.rows] == list("abc")
    top = "abc"[int(np.argmax(together.cook))]
    assert f"that of {top}." in st.results_text(together)
    assert 'left = c("a", "a", "b", "b", "c", "c")' in st.r_call(together)
    assert "without each cluster in turn" in st.methods_text(together)


def test_combinations_say_what_they_rest_on():
    found = st.contrast_mv(fit(random="~ 1 | study", formula="~ x", test="t", level=0.9), [[1, 0], [1, 2]])
    assert [row[0] for row in st.to_table(found).rows] == ["combination 1", "combination 2"]
    assert "90 % CI" in st.results_text(found).replace("\N{NO-BREAK SPACE}", " ")
    assert "Test of all combinations together: F = " in st.results_text(found)
    assert "Student's t distribution" in st.methods_text(found)
    assert "anova(fit, X=matrix(c(1, 0, 1, 2), nrow = 2, byrow = TRUE))" in st.r_call(found)


def test_predictions_have_a_row_for_each_setting():
    model = fit(random="~ 1 | study", formula="~ x", level=0.9)
    found = st.predict_mv(model, data={"x": [1.0, 4.0]})
    table = found.to_table()
    assert table.headers == ("term", "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high")
    assert [row[0] for row in table.rows] == ["setting 1", "setting 2"]
    assert table.rows[1][5] == found.pi_low[1]
    data = json.loads(found.to_json())
    assert (data["result"], data["function"]) == ("Predictions", "predict_mv")
    assert data["x"] == [[1.0, 1.0], [1.0, 4.0]]
    text = found.results_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "setting 2" in text
    assert "90 % prediction interval" in text
    assert "rows <- matrix(c(1, 4), nrow = 2, byrow = TRUE)" in found.r_call()
    assert "predict(fit, newmods=rows, level=90)" in found.r_call()


def test_a_prediction_of_an_intercept_alone_is_the_average_and_levels_reach_r():
    found = st.predict_mv(fit(random="~ 1 | study"))
    assert found.to_table().rows[0][0] == "average effect"
    assert found.r_call().endswith("predict(fit)\n")
    outcomes = fit(random="~ effect | study", struct="HCS")
    assert st.predict_mv(outcomes).to_table().headers[-1] == "ci_high"
    chosen = st.predict_mv(outcomes, levels={"effect | study": ["2"]})
    assert chosen.to_table().headers[-1] == "pi_high"
    assert 'predict(fit, tau2.levels=c("2"))' in chosen.r_call()


def test_settings_that_r_cannot_be_asked_for_are_told():
    model = fit(random="~ 1 | study", formula="~ x")
    assert "takes the intercept as 1" in st.r_call(st.predict_mv(model, X=[[0, 1]]))


def test_residuals_name_the_effect_that_is_furthest_off():
    found = st.residuals_mv(fit(random="~ 1 | study"))
    table = found.to_table()
    assert table.headers == ("term", "residual", "se", "standardised", "hat", "weight")
    assert [row[0] for row in table.rows] == list("123456")
    far = int(np.argmax(np.abs(found.standardised)))
    assert f"that of {far + 1}; " in found.results_text()
    assert "rstandard(fit)" in found.r_call()
    assert json.loads(found.to_json())["hat"] == found.hat.tolist()
    assert 'weights(fit, type="rowsum")' in found.r_call()
    assert "rowsum" not in st.r_call(st.residuals_mv(fit(random="~ 1 | study", formula="~ x")))


def test_a_comparison_gives_both_fits_to_r():
    found = st.compare_fits(fit(random="~ 1 | study"), fit(random="~ 1 | study", sigma2=0))
    assert found.to_table().rows == (("statistic", found.statistic), ("df", 1), ("p", found.p))
    call = found.r_call()
    assert call.index("full <- fit") < call.index("sigma2=0") < call.index("anova(full, fit)")
    assert "on 1 df" in found.results_text()
    assert "too large, up to twice" in found.results_text()
    assert json.loads(found.to_json())["p"] == found.p

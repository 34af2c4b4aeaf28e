from stromata import synthesis as st

TABLES = {"ai": [1, 2, 2], "n1i": [60, 50, 80], "ci": [4, 3, 5], "n2i": [58, 52, 81]}


def said(result):
    return st.results_text(result).replace("\u00a0", " ")


def test_models_of_two_groups_are_named():
    conditional = st.methods_text(st.pool_glmm("OR", model="cm.el", **TABLES))
    assert (
        "conditional on the number of events in each study, with the exact likelihood; in metafor CM.EL" in conditional
    )
    assert "a fixed baseline for each study; in metafor UM.FS" in st.methods_text(st.pool_glmm("OR", **TABLES))
    assert "Poisson" in st.methods_text(st.pool_glmm("IRLN", xi=[1, 2, 3], ti=[9, 8, 7]))


def test_r_gets_the_model_and_the_counts():
    call = st.r_call(st.pool_glmm("OR", model="cm.al", method="ee", test="t", **TABLES))
    assert 'model="CM.AL", method="EE", test="t"' in call
    assert "ai = c(1, 2, 2)" in call


def test_without_an_estimate_all_counts_together_are_told():
    result = st.pool_glmm("PLO", xi=[0, 0], ni=[3, 4])
    assert "from all counts together the proportion is 0 % (95 % CI 0 % to 41 %)" in said(result)
    assert "binom.test(sum(dat$xi), sum(dat$ni), conf.level=0.95)" in st.r_call(result)
    assert "Heterogeneity" not in said(result)
    rate = st.pool_glmm("IRLN", xi=[0, 0], ti=[3, 4])
    assert "poisson.test" in st.r_call(rate)


def test_one_study_is_not_pooled():
    result = st.pool_glmm("PLO", xi=[3], ni=[9])
    assert "nothing was pooled" in st.methods_text(result)
    assert "pooled" not in said(result)


def test_people_are_counted_unless_some_were_left_out():
    assert "3 studies with 381 participants" in said(st.pool_glmm("OR", **TABLES))
    some = st.pool_glmm("OR", ai=[1, 2, 0, 3], n1i=[9, 9, 9, 9], ci=[2, 3, 0, 1], n2i=[9, 9, 9, 9])
    assert some.left_out
    assert "participants were" not in said(some)


def test_moderators_have_their_coefficients():
    result = st.pool_glmm("PLO", xi=[1, 3, 5, 7, 8], ni=[9] * 5, moderators="~ dose", data={"dose": [1, 2, 3, 4, 5]})
    assert "The moderators were dose." in st.methods_text(result)
    assert "dose " in said(result)
    assert "Residual heterogeneity" in said(result)
    assert "mods=X" in st.r_call(result)
    assert [row["term"] for row in st.to_data(result)["coefficients"]] == ["intrcpt", "dose"]


def test_beta_binomial_results_tell_the_correlation():
    result = st.pool_beta_binomial("PLO", xi=[6, 4, 0], ni=[6, 9, 12])
    assert "correlation between participants of one arm was 0.71" in said(result)
    assert "Kuss 2015" in st.methods_text(result)
    assert st.r_call(result).startswith("#")
    none = st.pool_beta_binomial("PLO", xi=[0, 0], ni=[6, 9])
    assert "from all counts together the proportion is 0 %" in said(none)

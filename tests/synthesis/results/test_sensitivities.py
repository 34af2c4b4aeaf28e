from stromata import synthesis as st
from stromata.synthesis.sensitivity import residuals
from synthesis.results.answers import V, Y, answer


def said(result):
    return st.results_text(result).replace("\u00a0", " ")


def test_left_out_studies_give_a_range():
    result = answer("leave_one_out")
    assert f"from {result.estimate.min():.3f} to {result.estimate.max():.3f}" in said(result)
    assert "excluded 0 in 7 of 7 refits" in said(result)
    assert "leave1out(fit)" in st.r_call(result)


def test_cumulative_syntheses_tell_first_and_last_and_keep_their_order():
    result = st.cumulative(Y, V, order=[7, 6, 5, 4, 3, 2, 1])
    assert f"went from {result.estimate[0]:.3f} to {result.estimate[-1]:.3f}" in said(result)
    assert "order = c(7, 6, 5, 4, 3, 2, 1)" in st.r_call(result)
    assert "cumul(fit, order=dat$order)" in st.r_call(result)


def test_refits_of_tables_go_by_their_own_model():
    effects = st.effect_sizes("OR", ai=[4, 6, 3], bi=[119, 300, 228], ci=[11, 29, 11], di=[128, 274, 209])
    call = st.r_call(st.leave_one_out(effects, model="mh"))
    assert 'rma.mh(measure="OR", ai=ai, bi=bi, ci=ci, di=di, data=dat)' in call
    assert "Mantel-Haenszel" in st.methods_text(st.leave_one_out(effects, model="mh"))


def test_influential_studies_are_named():
    result = st.influence(Y, V, labels=list("abcdefg"))
    marked = [label for label, each in zip(result.labels, result.influential, strict=True) if each]
    assert f"{len(marked)} was marked as influential: {marked[0]}." in said(result)


def test_subsets_name_their_members():
    table = st.to_table(st.gosh([1, 2], [0.1, 0.1], labels=["u", "v"]))
    assert [row[0] for row in table.rows] == ["u", "v", "u v"]
    sample = st.gosh(Y, V, subsets=20)
    assert "random sample of 20" in st.methods_text(sample)
    assert "other subsets" in st.r_call(sample)


def test_predictions_are_effects_or_deviations():
    assert "blup(fit)" in st.r_call(st.blups(Y, V))
    apart = st.blups(Y, V, deviations=True)
    assert "deviations of the studies" in said(apart)
    assert "ranef(fit)" in st.r_call(apart)


def test_residuals_say_of_which_kind_they_are():
    assert "externally" in st.methods_text(residuals(Y, V, deleted=True))
    assert "rstandard(fit)" in st.r_call(residuals(Y, V))


def test_a_sequential_analysis_tells_how_much_information_there_is():
    early = st.trial_sequential(Y[:2], V[:2], delta=0.1)
    assert "was not reached and no boundary was crossed" in said(early)
    assert "units of inverse variance" in said(early)
    assert "O'Brien-Fleming" in st.methods_text(early)
    people = st.trial_sequential(Y, V, people=900, ni=[100] * 7)
    assert "900 participants" in said(people)


def test_fragility_is_told_with_both_p_values():
    result = st.fragility(1, 100, 9, 100)
    assert f"another outcome of {result.index} participant" in said(result)
    assert "fisher.test(matrix(c(1, 100 - 1, 9, 100 - 9), nrow=2))" in st.r_call(result)
    assert "the synthesis" in st.methods_text(answer("fragility_of_synthesis"))

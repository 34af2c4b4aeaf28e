from reporting.figures.samples import description, effects, ids, nothing, read, texts, trials
from stromata.reporting.figures import cumulative, describe_cumulative, describe_leave_one_out, leave_one_out
from stromata.synthesis import effect_sizes, pool, sensitivity


def test_each_row_is_the_pool_without_its_study():
    refits = sensitivity.leave_one_out(effects())
    root = read(leave_one_out(refits, trials(), width_mm=120))
    assert len([name for name in ids(root, "row-") if name.endswith("-marker")]) == 7
    assert len(ids(root, "row-8-diamond")) == 1
    rest = pool(effects()[1:]).natural
    said = f"Without Aronson 1948: {rest.estimate:.2f} [{rest.ci_low:.2f}, {rest.ci_high:.2f}]."
    assert said in describe_leave_one_out(refits, trials())
    assert said in description(root)


def test_the_last_row_of_a_cumulative_plot_is_the_pool_of_all():
    refits = sensitivity.cumulative(effects())
    root = read(cumulative(refits, trials()))
    whole = trials().natural
    shown = f"{whole.estimate:.2f} [{whole.ci_low:.2f}, {whole.ci_high:.2f}]"
    assert f"With TPT Madras 1980 (k = 7): {shown}." in describe_cumulative(refits, trials())
    assert shown in texts(root)
    assert "Added" in texts(root)
    assert not [name for name in ids(root, "row-") if name.endswith("-diamond")]


def test_proportions_are_printed_in_percent_and_double_arcsines_as_they_are():
    counts = {"xi": [8, 6, 3], "ni": [17, 9, 12], "labels": ["a", "b", "c"]}
    for measure, head in (("PLO", "Proportion, %"), ("PFT", "Proportion")):
        found = effect_sizes(measure, **counts)
        root = read(leave_one_out(sensitivity.leave_one_out(found), pool(found)))
        assert head in texts(root)
    assert any("scale of analysis" in text for text in texts(root))


def test_one_study_is_drawn():
    one = effects()[:1]
    root = read(cumulative(sensitivity.cumulative(one), pool(one)))
    assert len(ids(root, "row-1-marker")) == 1


def test_a_result_without_an_estimate_has_no_diamond():
    root = read(leave_one_out(sensitivity.leave_one_out(effects()), nothing("RR")))
    assert not [name for name in ids(root, "row-") if name.endswith("-diamond")]

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis import MEASURES, effect_sizes, exact_interval
from stromata.synthesis.effects.sizes import (
    at_level,
    at_levels,
    counted,
    effect_arrays,
    events,
    lopsided,
    scale_size,
    total,
    uncorrected,
)
from synthesis.published import BCG, NORMAND, PRITZ

# First and last study of each set, from R's metafor 3.8-1, escalc(), 15 digits.
PINNED = [
    ("RR", BCG, (-0.889311333920205, 0.325584765003961), (-0.0173139482168798, 0.0714046596839863)),
    ("OR", BCG, (-0.938694140870392, 0.357124952253629), (-0.0173418739290936, 0.0716351172956587)),
    ("RD", BCG, (-0.04661636544423, 0.000780068664855938), (-2.78807421670098e-05, 1.85066801251602e-07)),
    ("SMD", NORMAND, (-0.355169640940107, 0.0130646755415297), (0.289556230080755, 0.0362717341580545)),
]


@pytest.mark.parametrize(("measure", "columns", "first", "last"), PINNED)
def test_estimates_and_variances_agree_with_metafor(measure, columns, first, last):
    effects = effect_sizes(measure, **columns)
    assert (effects[0].yi, effects[0].vi) == (pytest.approx(first[0], rel=1e-12), pytest.approx(first[1], rel=1e-12))
    assert (effects[-1].yi, effects[-1].vi) == (pytest.approx(last[0], rel=1e-10), pytest.approx(last[1], rel=1e-12))


def test_formulas_by_hand():
    one = {"xi": [3], "ni": [10]}
    expected = {
        "PR": (0.3, 0.021),
        "PLN": (math.log(0.3), 1 / 3 - 1 / 10),
        "PLO": (math.log(3 / 7), 1 / 3 + 1 / 7),
        "PAS": (math.asin(math.sqrt(0.3)), 1 / 40),
        "PFT": ((math.asin(math.sqrt(3 / 11)) + math.asin(math.sqrt(4 / 11))) / 2, 1 / 42),
    }
    for measure, (yi, vi) in expected.items():
        effect = effect_sizes(measure, **one)[0]
        assert (effect.yi, effect.vi) == (pytest.approx(yi), pytest.approx(vi))
    mean = effect_sizes("MN", mi=[5], sdi=[2], ni=[16])[0]
    assert (mean.yi, mean.vi) == (5.0, 0.25)
    difference = effect_sizes("MD", m1i=[5], sd1i=[2], n1i=[16], m2i=[4], sd2i=[3], n2i=[9])[0]
    assert (difference.yi, difference.vi) == (1.0, 1.25)


def test_the_two_ways_to_give_a_table_are_one():
    totals = {
        "ai": BCG["ai"],
        "n1i": [a + b for a, b in zip(BCG["ai"], BCG["bi"], strict=True)],
        "ci": BCG["ci"],
        "n2i": [c + d for c, d in zip(BCG["ci"], BCG["di"], strict=True)],
    }
    for cells, arms in zip(effect_sizes("OR", **BCG), effect_sizes("OR", **totals), strict=True):
        assert (cells.yi, cells.vi, total(cells), events(cells)) == (arms.yi, arms.vi, total(arms), events(arms))


def test_only_studies_with_a_zero_cell_are_corrected_and_marked():
    effects = effect_sizes("PLO", **PRITZ)
    assert [effect.label for effect in effects if effect.adjusted] == ["5", "8"]
    assert effects[4].yi == pytest.approx(math.log(10.5 / 0.5))
    assert effects[4].vi == pytest.approx(1 / 10.5 + 1 / 0.5)
    assert effects[0].yi == pytest.approx(math.log(16 / 1))


@pytest.mark.parametrize(("to", "who"), [("only0", [False, True]), ("all", [True, True]), ("none", [False, False])])
def test_who_is_corrected(to, who):
    effects = effect_sizes("RR", ai=[3, 0], n1i=[10, 10], ci=[5, 2], n2i=[10, 10], to=to)
    assert [effect.adjusted for effect in effects] == who


def test_if0all_corrects_everybody_once_one_cell_is_zero():
    effects = effect_sizes("OR", ai=[3, 0], n1i=[10, 10], ci=[5, 2], n2i=[10, 10], to="if0all")
    assert all(effect.adjusted for effect in effects)
    assert not any(e.adjusted for e in effect_sizes("OR", ai=[3], n1i=[10], ci=[5], n2i=[10], to="if0all"))


def test_a_correction_adds_to_every_cell_so_that_a_risk_ratio_has_one_more_person_per_arm():
    effect = effect_sizes("RR", ai=[0], n1i=[10], ci=[0], n2i=[11])[0]
    assert effect.yi == pytest.approx(math.log((0.5 / 11) / (0.5 / 12)))


def test_without_a_correction_what_does_not_exist_is_none():
    effect = effect_sizes("PLO", xi=[0], ni=[6], to="none")[0]
    assert (effect.yi, effect.vi, effect.adjusted) == (None, None, False)
    assert effect.natural.estimate == 0.0
    assert (effect.natural.ci_low, effect.natural.ci_high) == exact_interval(0, 6)


def test_arcsine_scales_are_never_corrected_unless_asked():
    for measure in ("PAS", "PFT"):
        assert not effect_sizes(measure, xi=[0], ni=[6])[0].adjusted
        assert effect_sizes(measure, xi=[0], ni=[6], add=0.5)[0].adjusted


def test_drop00_leaves_out_trials_that_cannot_tell_the_arms_apart():
    effects = effect_sizes("OR", ai=[0, 10, 0], n1i=[10] * 3, ci=[0, 10, 3], n2i=[10] * 3, drop00=True)
    assert [effect.yi is None for effect in effects] == [True, True, False]
    assert [effect.adjusted for effect in effects] == [False, False, True]


def test_proportions_carry_exact_and_wilson_intervals_that_ignore_the_correction():
    effect = effect_sizes("PLO", xi=[6], ni=[6])[0]
    assert (effect.natural.estimate, effect.natural.ci_high, effect.wilson.ci_high) == (1.0, 1.0, 1.0)
    assert effect.natural.ci_low == pytest.approx(0.025 ** (1 / 6))
    assert at_level(effect, 0.9).natural.ci_low == pytest.approx(0.05 ** (1 / 6))


def test_ratios_are_shown_as_ratios():
    effect = effect_sizes("RR", ai=[7], n1i=[50], ci=[15], n2i=[48])[0]
    assert effect.natural.estimate == pytest.approx(0.448)
    assert effect.natural.ci_low == pytest.approx(0.200296321950893, rel=1e-12)  # metafor 3.8-1, predict(transf=exp)
    assert effect.wilson is None


def test_provenance_is_carried():
    effect = effect_sizes(
        "PR", labels=["Wang 2014"], studies=["s1"], groups=["psoriasis"], data_points=[("d1", "d2")], xi=[1], ni=[4]
    )[0]
    assert (effect.label, effect.study, effect.group, effect.data_points) == (
        "Wang 2014",
        "s1",
        "psoriasis",
        ("d1", "d2"),
    )
    assert effect.inputs == (("xi", 1.0), ("ni", 4.0))


def test_all_impossible_cells_are_named_at_once():
    with pytest.raises(InvalidInput) as caught:
        effect_sizes("PLO", xi=[3, -1, 9, 1.5, np.nan, 1, 0], ni=[5, 5, 8, 5, 5, np.inf, 0])
    message = caught.value.message
    assert message.startswith("6 impossible values")
    for part in ("row 2, xi is -1", "row 3, xi is 9: more than the total of 8", "row 4, xi is 1.5", "row 5, xi is nan"):
        assert part in message
    assert "row 6, ni is inf" in message
    assert "row 7, ni is 0" in message
    assert "row 1," not in message


@pytest.mark.parametrize(
    ("measure", "columns", "part"),
    [
        ("MD", {"m1i": [1], "sd1i": [0], "n1i": [9], "m2i": [1], "sd2i": [-2], "n2i": [9]}, "sd2i is -2"),
        ("SMD", {"m1i": [1], "sd1i": [1], "n1i": [1], "m2i": [1], "sd2i": [2], "n2i": [1]}, "fewer than 4"),
        ("OR", {"ai": [0], "bi": [0], "ci": [1], "di": [2]}, "empty arm"),
        ("OR", {"ai": [1], "n1i": [2], "ci": [3], "n2i": [2]}, "ci is 3: more than the total of 2"),
        ("PLO", {"xi": [1], "n": [2]}, "it needs xi, ni"),
        ("PLO", {"xi": [1, 2], "ni": [2]}, "unequal length"),
        ("PLO", {"xi": ["many"], "ni": [2]}, "not a number"),
        ("PLO", {"xi": [[1]], "ni": [[2]]}, "dimensions"),
    ],
)
def test_what_cannot_be_right_is_refused(measure, columns, part):
    with pytest.raises(InvalidInput) as caught:
        effect_sizes(measure, **columns)
    assert part in caught.value.message


def test_labels_of_another_length_and_unknown_options_are_refused():
    for options in ({"labels": ["a", "b"]}, {"to": "some"}, {"add": -1.0}, {"level": 0.0}):
        with pytest.raises(InvalidInput):
            effect_sizes("PLO", xi=[1], ni=[2], **options)


def test_taking_a_correction_back_gives_the_effect_without_it():
    corrected = effect_sizes("PLO", xi=[0, 3], ni=[6, 9], to="all")
    plain = effect_sizes("PLO", xi=[0, 3], ni=[6, 9], to="none")
    assert tuple(uncorrected(effect) for effect in corrected) == plain


RATES = {"x1i": [0, 3, 0], "t1i": [10, 20, 30], "x2i": [2, 4, 0], "t2i": [10, 20, 30]}


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ({}, [True, False, True]),
        ({"to": "all"}, [True, True, True]),
        ({"to": "if0all"}, [True, True, True]),
        ({"to": "none"}, [False, False, False]),
        ({"drop00": True}, [True, False, False]),
        ({"drop00": True, "to": "all"}, [True, True, False]),
    ],
)
def test_rates_are_corrected_like_tables(options, who):
    effects = effect_sizes("IRR", **options, **RATES)
    assert [effect.adjusted for effect in effects] == who
    assert (effects[2].yi is None) == ("drop00" in options or options.get("to") == "none")
    if effects[0].adjusted:
        assert effects[0].yi == pytest.approx(math.log(0.5 / 2.5))
        assert effects[0].vi == pytest.approx(1 / 0.5 + 1 / 2.5)


def test_a_study_that_is_dropped_calls_for_no_correction_of_the_others():
    columns = {"ai": [0, 3], "n1i": [9, 9], "ci": [0, 4], "n2i": [9, 9]}
    assert [e.adjusted for e in effect_sizes("OR", to="if0all", drop00=True, **columns)] == [False, False]
    assert [e.adjusted for e in effect_sizes("OR", to="if0all", **columns)] == [True, True]


@pytest.mark.parametrize("measure", ["AS", "PHI", "IRSD"])
def test_measures_that_exist_without_a_correction_get_none_unless_asked(measure):
    columns = RATES if measure == "IRSD" else {"ai": [0], "n1i": [9], "ci": [2], "n2i": [9]}
    assert not any(effect.adjusted for effect in effect_sizes(measure, **columns))
    assert effect_sizes(measure, add=0.5, **columns)[0].adjusted


@pytest.mark.parametrize("measure", ["PETO", "YUQ", "YUY", "PBIT", "OR2D", "RD"])
def test_other_tables_with_a_zero_cell_are_corrected_and_marked(measure):
    effect = effect_sizes(measure, ai=[0], n1i=[9], ci=[2], n2i=[9])[0]
    same = effect_sizes(measure, ai=[1], bi=[19], ci=[5], di=[15], to="none")[0]
    assert effect.adjusted
    assert effect.yi is not None
    if measure != "PETO":  # the odds are those of a table of twice the size
        assert effect.yi == pytest.approx(same.yi)


def test_means_are_never_corrected():
    effect = effect_sizes("MD", to="all", m1i=[0], sd1i=[1], n1i=[9], m2i=[0], sd2i=[1], n2i=[9])[0]
    assert not effect.adjusted


def test_a_rate_carries_its_exact_interval_that_ignores_the_correction():
    effect = effect_sizes("IRLN", xi=[0], ti=[40])[0]
    assert effect.adjusted
    assert effect.yi == pytest.approx(math.log(0.5 / 40))
    assert (effect.natural.estimate, effect.natural.ci_low) == (0.0, 0.0)
    assert effect.natural.ci_high == pytest.approx(-math.log(0.025) / 40)
    assert effect.wilson is None
    assert at_level(effect, 0.9).natural.ci_high == pytest.approx(-math.log(0.05) / 40)
    assert uncorrected(effect).yi is None


def test_events_and_non_events_of_one_arm_are_kept_as_events_and_people():
    effect = effect_sizes("PLO", xi=[3], mi=[7])[0]
    assert effect.inputs == (("xi", 3.0), ("ni", 10.0))
    assert effect == effect_sizes("PLO", xi=[3], ni=[10])[0]


def test_printed_results_become_effects_on_both_scales():
    z = 1.959963984540054
    effect = effect_sizes("HR", labels=["Wang 2014"], out=[0.7], ci_lb=[0.5], ci_ub=[0.98])[0]
    assert effect.yi == pytest.approx(math.log(0.7))
    assert math.sqrt(effect.vi) == pytest.approx(math.log(0.98 / 0.5) / (2 * z))
    assert effect.natural.ci_low == pytest.approx(0.5)
    assert effect.natural.ci_high == pytest.approx(0.98)
    assert dict(effect.inputs) == {"out": 0.7, "ci_lb": 0.5, "ci_ub": 0.98, "ci_level": 0.95}
    wider = effect_sizes("HR", out=[0.7], ci_lb=[0.5], ci_ub=[0.98], ci_level=0.9)[0]
    assert wider.vi > effect.vi
    same = effect_sizes("OR", out=[0.7], ci_lb=[0.5], ci_ub=[0.98])[0]
    assert (same.yi, same.vi, counted(same)) == (effect.yi, effect.vi, False)


def test_estimates_off_the_middle_of_their_interval_are_found():
    middle, off = effect_sizes("HR", out=[0.7, 0.7], ci_lb=[0.5, 0.3], ci_ub=[0.98, 0.98])
    assert (lopsided(middle), lopsided(off)) == (False, True)
    assert not lopsided(effect_sizes("GEN", yi=[1], sei=[2])[0])
    assert lopsided(effect_sizes("GEN", yi=[1], ci_lb=[0.9], ci_ub=[2])[0])


def test_people_and_events_are_counted_where_there_are_any():
    margins = effect_sizes("MPORM", ai=[6], bi=[4], ci=[5], di=[5], ri=[0.2])[0]
    assert (total(margins), events(margins)) == (10.0, 11.0)
    assert events(effect_sizes("ARAW", ai=[0.8], mi=[4], ni=[30])[0]) == 0.0
    rate = effect_sizes("IR", xi=[3], ti=[40])[0]
    assert (total(rate), events(rate)) == (0.0, 3.0)
    assert events(effect_sizes("IRR", **RATES)[1]) == 7.0


def test_the_size_that_undoes_a_double_root_is_the_harmonic_mean():
    assert scale_size(effect_sizes("PFT", xi=[1, 1], ni=[4, 12])) == 6.0
    assert scale_size(effect_sizes("IRFT", xi=[1, 1], ti=[4, 12])) == 6.0
    assert scale_size(effect_sizes("OR", ai=[3], n1i=[10], ci=[5], n2i=[10])) == scale_size(()) == 1.0


def test_ways_to_compute_that_a_measure_does_not_have_are_refused():
    means = {"m1i": [5], "sd1i": [1], "n1i": [9], "m2i": [4], "sd2i": [1], "n2i": [9]}
    for measure, options, part in (
        ("SMD", {"vtype": "CS"}, "LS, LS2, UB, AV"),
        ("MD", {"correct": "exact"}, "none"),
        ("ROM", {"correct": "approximate"}, "exact, none"),
    ):
        with pytest.raises(InvalidInput, match=f"{measure} has no") as caught:
            effect_sizes(measure, **options, **means)
        assert part in caught.value.hint
    with pytest.raises(InvalidInput, match="strictly between 0 and 1"):
        effect_sizes("GEN", yi=[1], ci_lb=[0], ci_ub=[2], ci_level=95)


def test_defaults_by_name_are_the_defaults():
    means = {"m1i": [5], "sd1i": [1], "n1i": [9], "m2i": [4], "sd2i": [1], "n2i": [9]}
    assert effect_sizes("SMD", vtype="LS", correct="exact", **means) == effect_sizes("SMD", **means)
    assert effect_sizes("MD", correct="none", **means) == effect_sizes("MD", **means)


def test_arrays_agree_with_effects_and_keep_many_syntheses_apart():
    columns = {"ai": [[3, 0], [2, 5]], "n1i": [[9, 8], [9, 8]], "ci": [[1, 0], [4, 4]], "n2i": [[9, 9], [9, 9]]}
    for options in ({}, {"to": "if0all"}, {"to": "none"}, {"drop00": True}):
        yi, vi = effect_arrays("OR", **options, **columns)
        for row in range(2):
            effects = effect_sizes("OR", **options, **{name: values[row] for name, values in columns.items()})
            for place, effect in enumerate(effects):
                assert effect.yi == (None if np.isnan(yi[row, place]) else yi[row, place])
                assert effect.vi == (None if np.isnan(vi[row, place]) else vi[row, place])
    _, both = effect_arrays("RD", vtype="AV", **columns)
    _, first = effect_arrays("RD", vtype="AV", **{name: values[0] for name, values in columns.items()})
    assert both[0].tolist() == first.tolist()


def test_arrays_are_checked_as_effects_are():
    with pytest.raises(InvalidInput, match="row 2, xi is 9: more than the total of 8"):
        effect_arrays("PLO", xi=[3, 9], ni=[5, 8])


def test_a_bad_cell_is_named_by_its_study():
    with pytest.raises(InvalidInput, match=r"row 2 \(Lee 2019\), xi is 9"):
        effect_sizes("PLO", labels=["Wang 2014", "Lee 2019"], xi=[3, 9], ni=[5, 8])


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(sorted(name for name, measure in MEASURES.items() if measure.kind == "two-by-two")),
    st.sampled_from(["only0", "all", "if0all", "none"]),
    st.booleans(),
)
def test_any_table_gives_both_halves_of_an_effect_or_neither(tables, measure, to, drop00):
    ai, bi, ci, di = zip(*tables, strict=True)
    for effect in effect_sizes(measure, to=to, drop00=drop00, ai=ai, bi=bi, ci=ci, di=di):
        assert (effect.yi is None) == (effect.vi is None) == (effect.natural.estimate is None)
        assert effect.yi is None or (math.isfinite(effect.yi) and effect.vi >= 0)


def test_intervals_of_mixed_effects_are_set_to_a_level_in_their_order():
    mixed = (
        effect_sizes("PLO", xi=[3], ni=[9])[0],
        effect_sizes("OR", ai=[3], n1i=[9], ci=[4], n2i=[9])[0],
        effect_sizes("OR", out=[0.7], ci_lb=[0.5], ci_ub=[0.98])[0],
        effect_sizes("PLO", xi=[0], ni=[5], to="none")[0],
        effect_sizes("OR", ai=[0], n1i=[9], ci=[4], n2i=[9], to="none")[0],
    )
    assert at_levels(mixed, 0.95) == mixed
    narrower = at_levels(mixed, 0.8)
    assert [effect.label for effect in narrower] == [effect.label for effect in mixed]
    for wide, narrow in zip(mixed[:4], narrower[:4], strict=True):
        assert narrow.natural.ci_high - narrow.natural.ci_low < wide.natural.ci_high - wide.natural.ci_low
    assert narrower[4] == mixed[4]
    assert at_levels((), 0.8) == ()


@pytest.mark.parametrize("labels", [7, "abc", ["a", None, "c"], ["a"]])
def test_labels_that_are_no_list_of_names_are_refused(labels):
    with pytest.raises(InvalidInput, match="labels"):
        effect_sizes("PLO", xi=[1, 2, 3], ni=[10, 12, 14], labels=labels)


def test_no_labels_are_the_numbers_of_the_rows():
    effects = effect_sizes("PLO", xi=[1, 2], ni=[10, 12], labels=None)
    assert [effect.label for effect in effects] == ["1", "2"]


def test_a_variance_that_vanishes_in_floating_point_is_missing_and_one_that_is_nil_is_0():
    y, v = effect_arrays("PR", xi=[4, 0], ni=[1e200, 6], to="none")
    assert np.isnan([y[0], v[0]]).all()
    assert (y[1], v[1]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"yi": [0.5], "pval": [5e-324]}, "pval is 4.94066e-324"),
        ({"yi": [0.5], "zval": [1e-320]}, "zval is 9.99989e-321"),
    ],
)
def test_a_test_that_tells_no_standard_error_is_refused(columns, named):
    with pytest.raises(InvalidInput, match=named):
        effect_sizes("MD", **columns)

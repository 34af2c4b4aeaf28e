import math

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes, exact_interval
from stromata.synthesis.effects import at_level, events, total, uncorrected
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

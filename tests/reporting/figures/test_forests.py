import math
from dataclasses import replace
from functools import cache

import pytest

from reporting.figures.samples import (
    description,
    effects,
    ids,
    nothing,
    numbers_of,
    part,
    proportions,
    read,
    texts,
    trials,
)
from stromata.errors import InvalidInput
from stromata.reporting.figures import describe_forest, forest
from stromata.synthesis import effect_sizes, pool


@cache
def drawn(result, **options):
    return read(forest(result, **options))


def place(root, row):
    return sum(x for x, _ in numbers_of(part(root, f"row-{row}-marker"))[:4]) / 4


def test_every_study_has_its_row_with_data_estimate_and_weight():
    root = drawn(trials())
    shown = texts(root)
    assert len(ids(root, "row-")) > 0
    assert len([name for name in ids(root, "row-") if name.endswith("-marker")]) == 7
    assert {"Hart & Sutherland 1977", "62/13,598", "248/12,867", "0.24 [0.18, 0.31]"} <= set(shown)
    weights = [float(text.removesuffix(" %")) for text in shown if text.endswith(" %") and "[" not in text]
    assert sum(weights) == pytest.approx(100, abs=0.4)


def test_ratios_stand_on_a_logarithmic_axis():
    root, result = drawn(trials()), trials()
    logs = [math.log(effect.natural.estimate) for effect in result.effects]
    xs = [place(root, row) for row in range(1, 8)]
    slope = (xs[6] - xs[0]) / (logs[6] - logs[0])
    assert xs == pytest.approx([xs[0] + slope * (log - logs[0]) for log in logs], abs=0.02)


def test_squares_grow_with_the_weight():
    root, result = drawn(trials()), trials()
    sides = []
    for row in range(1, 8):
        xs = [x for x, _ in numbers_of(part(root, f"row-{row}-marker"))]
        sides.append(max(xs) - min(xs))
    order = sorted(range(7), key=lambda at: result.effects[at].weight)
    assert [sides[at] for at in order] == sorted(sides)


def test_the_prediction_interval_can_be_left_out():
    assert "95 % prediction interval" in texts(drawn(trials()))
    assert "95 % prediction interval" not in texts(drawn(trials(), prediction=False))
    assert "prediction" not in describe_forest(trials(), prediction=False)


def test_subgroups_have_headings_subtotals_and_their_test():
    result = trials(by_group=True)
    shown = texts(drawn(result))
    assert {"random", "alternate", "Subtotal (k = 5)", "Subtotal (k = 2)"} <= set(shown)
    assert any(text.startswith("Test for subgroup differences") for text in shown)
    plain = texts(drawn(result, subgroups=False))
    assert not any(text.startswith(("Subtotal", "Test for")) for text in plain)
    assert "Hart & Sutherland 1977" in plain


def test_a_subgroup_shows_the_weights_of_the_whole_pool():
    shown = texts(drawn(trials(by_group=True)))
    weights = [f"{effect.weight:.1f} %" for effect in trials().effects]
    assert set(weights) <= set(shown)


def test_further_models_have_a_diamond_each():
    root = drawn(trials(), others=(trials(model="common"),))
    assert len([name for name in ids(root, "row-") if name.endswith("-diamond")]) == 2
    assert "Common-effect model" in texts(root)
    assert "Common-effect model: " in describe_forest(trials(), others=(trials(model="common"),))
    with pytest.raises(InvalidInput, match="PLO"):
        forest(trials(), others=(proportions(),))


@pytest.mark.parametrize("model", ["common", "random", "mh"])
def test_every_model_has_a_name(model):
    assert any("model" in text for text in texts(drawn(trials(model=model))))


def test_one_study_has_no_diamond_and_no_study_says_so():
    one = drawn(pool(effects()[:1]))
    assert len(ids(one, "row-1-marker")) == 1
    assert not [name for name in ids(one, "row-") if name.endswith("diamond")]
    assert "No study could be shown." in texts(drawn(nothing()))
    assert "There is no pooled estimate." in describe_forest(nothing())


def test_a_study_without_an_estimate_keeps_its_row_without_a_mark():
    found = effect_sizes("OR", ai=[0, 8], bi=[10, 2], ci=[0, 3], di=[9, 7], labels=["none", "some"], to="none")
    root = drawn(pool(found))
    assert "not estimable" in texts(root)
    assert not ids(root, "row-1-marker")
    assert ids(root, "row-2-marker")


def test_bounds_that_are_infinite_become_arrows():
    result = trials()
    wide = replace(result.effects[0], natural=replace(result.effects[0].natural, ci_low=0.0, ci_high=math.inf))
    root = drawn(replace(result, effects=(wide, *result.effects[1:])))
    assert ids(root, "row-1-arrow") == ["row-1-arrow-low", "row-1-arrow-high"]


def test_an_adjusted_study_has_its_star_and_footnote():
    found = effect_sizes("OR", ai=[0, 8, 4], bi=[10, 2, 5], ci=[3, 3, 2], di=[9, 7, 8], labels=["a", "b", "c"])
    shown = texts(drawn(pool(found)))
    assert sum(text.endswith("*") for text in shown) == 1
    assert any(text.startswith("* With a continuity correction") for text in shown)


def test_words_of_favour_stand_only_where_two_groups_are_compared():
    said = ("favours cells", "favours control")
    assert "← favours cells" in texts(drawn(trials(), favours=said))
    assert "← favours cells" not in texts(drawn(proportions(), favours=said))


def test_sixty_studies_fit_on_one_page():
    counts = {"xi": [place % 9 for place in range(60)], "ni": [10 + place % 23 for place in range(60)]}
    root = drawn(pool(effect_sizes("PLO", **counts, labels=[f"Study {place}" for place in range(60)])))
    assert float(root.get("height").removesuffix("pt")) / 72 * 25.4 < 240
    assert len([name for name in ids(root, "row-") if name.endswith("-marker")]) == 60


def test_the_description_says_all_that_is_drawn():
    text = description(drawn(trials(by_group=True)))
    assert text.startswith("Forest plot of 7 studies with ")
    for effect in trials().effects:
        assert effect.label in text
    assert "Subgroup random." in text
    assert "Heterogeneity: τ² =" in text
    assert "weight" in text

"""Trial sequential analysis: path, boundaries, required size."""

from functools import cache

import pytest

from reporting.figures.samples import description, numbers_of, part, read, texts
from stromata.reporting.figures import describe_trial_sequential, trial_sequential
from stromata.synthesis import effect_sizes
from stromata.synthesis.sequential import trial_sequential as analyse

COUNTS = {"ai": [3, 5, 4, 9, 7], "n1i": [40, 60, 52, 110, 95], "ci": [6, 9, 9, 17, 15], "n2i": [41, 58, 50, 112, 92]}


@cache
def found(people=1500.0):
    labels = ["Abel 2012", "Chen 2014", "Dvorak 2015", "Eriksson 2017", "Fontana 2019"]
    return analyse(effect_sizes("RR", **COUNTS, labels=labels), people=people, beta=0.1)


def names(root):
    return {each.get("id") for each in root.iter()}


def test_the_path_starts_at_zero_and_has_a_point_per_study():
    root = read(trial_sequential(found(), unit="people"))
    line = numbers_of(part(root, "path"))
    assert len(line) == 6
    (x0, y0), (x1, y1) = line[0], line[-1]
    required = numbers_of(part(root, "required"))[0][0]
    assert (x1 - x0) / (required - x0) == pytest.approx(found().information[-1] / 1500, abs=1e-3)
    heights = [(y - y0) / (y1 - y0) * found().z[-1] for _, y in line[1:]]
    assert heights == pytest.approx(found().z.tolist(), abs=0.01)
    assert {"required people: 1,500", "Cumulative people", "usual limits, p = 0.05"} <= set(texts(root))


def test_boundaries_stand_on_both_sides():
    root = read(trial_sequential(found(), width_mm=84))
    upper, lower = (numbers_of(part(root, f"efficacy-{side}")) for side in ("upper", "lower"))
    middle = numbers_of(part(root, "path"))[0][1]
    assert [middle - y for _, y in upper] == pytest.approx([y - middle for _, y in lower], abs=0.01)
    assert {"usual-upper", "usual-lower", "futility-upper"} <= names(root)


def test_boundaries_go_on_to_the_required_size():
    root = read(trial_sequential(found(), favours=("favours cells", "favours control")))
    required = numbers_of(part(root, "required"))[0][0]
    assert numbers_of(part(root, "efficacy-upper"))[-1][0] == pytest.approx(required, abs=0.01)
    assert numbers_of(part(root, "futility-upper"))[-1] == pytest.approx(
        numbers_of(part(root, "efficacy-upper"))[-1], abs=0.01
    )
    assert {"favours cells", "favours control"} <= set(texts(root))


def test_far_too_little_information_is_drawn_with_boundaries_far_ahead():
    root = read(trial_sequential(found(people=1e6)))
    reached = max(x for x, _ in numbers_of(part(root, "path")))
    assert min(x for x, _ in numbers_of(part(root, "efficacy-upper"))) > reached


def test_an_analysis_is_told_in_words():
    text = describe_trial_sequential(found(), unit="people")
    assert text.startswith("Trial sequential analysis of 5 studies. Required people: 1,500.")
    assert f"With Chen 2014, 199: Z {found().z[1]:.2f}".replace("-", "−") in text
    assert "Verdict: " in description(read(trial_sequential(found())))

"""Dose-response curves and summary curves of tests."""

import math
from functools import cache

import numpy as np
import pytest

from reporting.figures.samples import description, ids, numbers_of, part, read, texts
from stromata.errors import InvalidInput
from stromata.reporting.figures import describe_dose_curve, describe_sroc, dose_curve, sroc
from stromata.synthesis.curves.diagnostic import accuracy, region, summary_curve
from stromata.synthesis.curves.dose_response import dose_response, predict_doses

TABLE = (
    [20, 45, 18, 60, 33, 25, 70, 12, 41, 30],
    [5, 3, 9, 6, 2, 10, 4, 6, 8, 2],
    [6, 30, 4, 22, 25, 5, 60, 3, 10, 28],
    [80, 90, 60, 120, 70, 95, 110, 70, 88, 60],
)


@cache
def fit(curve="quadratic"):
    return dose_response(
        ["a"] * 4 + ["b"] * 4 + ["c"] * 4,
        [0, 5, 15, 30, 0, 8, 20, 40, 12, 20, 25, 50],
        [0, -0.1, -0.3, 0.1, 0, -0.3, -0.2, 0.4, 0, -0.2, 0.0, 0.3],
        [None, 0.2, 0.25, 0.3, None, 0.15, 0.2, 0.3, None, 0.2, 0.22, 0.3],
        cases=[90, 70, 40, 25, 120, 100, 60, 30, 80, 75, 60, 40],
        n=[300, 260, 170, 80, 400, 420, 260, 90, 260, 270, 200, 110],
        curve=curve,
    )


def predicted(low=0.0, high=50.0):
    return predict_doses(fit(), np.linspace(low, high, 51))


@cache
def examined():
    return accuracy(*TABLE)


def dot(root, name):
    use = next(each for each in part(root, name).iter() if each.tag.endswith("use"))
    return float(use.get("x")), float(use.get("y"))


def test_the_curve_the_band_and_every_dose_are_drawn():
    root = read(dose_curve(fit(), predicted(), dose="Alcohol, g/day"))
    assert len(ids(root, "point-")) == 9
    assert len(ids(root, "dose-")) == 9
    assert {"pooled", "band", "no-effect"} <= {each.get("id") for each in root.iter()}
    assert {"Alcohol, g/day", "Risk ratio (logarithmic axis), against 0", "95 % confidence interval"} <= set(
        texts(root)
    )


def test_relative_risks_stand_on_the_curve_at_their_own_reference_dose():
    shown = predicted()
    root = read(dose_curve(fit(), shown))
    line = numbers_of(part(root, "pooled"))
    (x0, y0), (x1, y1) = line[0], line[-1]
    unit_x, unit_y = (x1 - x0) / 50, (y1 - y0) / shown[-1].log
    x, y = dot(root, "point-7")  # study c, dose 20, against 12
    assert (x - x0) / unit_x == pytest.approx(20, abs=0.05)
    assert (y - y0) / unit_y == pytest.approx(-0.2 + shown[12].log, abs=0.003)


def test_a_dose_curve_is_told_in_words():
    text = describe_dose_curve(fit(), predicted(), dose="Dose")
    assert text.startswith("Dose-response curve of 3 studies, quadratic. Risk ratio (logarithmic axis) against dose 0.")
    assert "Departure from a line: p" in text
    assert f"c, dose 20: {math.exp(-0.2 + predicted()[12].log):.2f}." in text
    linear = describe_dose_curve(fit("linear"), predict_doses(fit("linear"), [0, 25, 50]), dose="Dose")
    assert "Departure" not in linear


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (lambda: predicted()[:1], "two ascending doses"),
        (lambda: predicted()[::-1], "two ascending doses"),
        (lambda: predicted(5, 50), "study a compares with dose 0; predictions reach from 5 to 50"),
    ],
)
def test_predictions_that_do_not_serve_are_refused(shown, message):
    with pytest.raises(InvalidInput, match=message):
        dose_curve(fit(), shown())


def test_studies_stand_at_sensitivity_and_specificity():
    root, found = read(sroc(examined())), examined()
    assert len(ids(root, "study-")) == 10
    (x0, y0), (x1, y1) = (numbers_of(part(root, "useless"))[at] for at in (0, -1))
    x, y = dot(root, "study-3")
    assert 1 - (x - x0) / (x1 - x0) == pytest.approx(60 / 64, abs=1e-3)
    assert (y - y0) / (y1 - y0) == pytest.approx(18 / 27, abs=1e-3)
    x, y = dot(root, "summary")
    assert (y - y0) / (y1 - y0) == pytest.approx(found.sensitivity.estimate, abs=1e-3)
    assert not {"confidence", "prediction", "curve"} & {each.get("id") for each in root.iter()}


def test_regions_and_the_curve_are_drawn_where_they_are_given():
    rates = np.linspace(0.01, 0.99, 50)
    found = examined()
    extra = {
        "curve": (rates, summary_curve(found, rates)),
        "confidence": region(found, "confidence"),
        "prediction": region(found, "prediction"),
    }
    root = read(sroc(found, intervals=True, width_mm=84, **extra))
    assert {"confidence", "prediction", "curve", "curve-among-studies"} <= {each.get("id") for each in root.iter()}
    assert {"95 % confidence region", "95 % prediction region", "summary curve"} <= set(texts(root))
    whole, among = (numbers_of(part(root, name)) for name in ("curve", "curve-among-studies"))
    assert min(x for x, _ in whole) < min(x for x, _ in among)
    assert max(x for x, _ in whole) > max(x for x, _ in among)
    with pytest.raises(InvalidInput, match="confidence must be two rows"):
        sroc(found, confidence=([0.5], [0.5, 0.6]))


def test_the_accuracy_of_a_test_is_told_in_words():
    found = examined()
    text = describe_sroc(found).replace("\u00a0", " ")
    assert f"Summary sensitivity {100 * found.sensitivity.estimate:.0f} % (" in text
    assert "3: sensitivity 67 %" in text
    assert description(read(sroc(found))) == text

import pytest

from reporting.figures.samples import (
    LATITUDE,
    description,
    effects,
    ids,
    numbers_of,
    part,
    proportions,
    read,
    texts,
    trials,
)
from stromata.errors import InvalidInput
from stromata.reporting.figures import bubble, describe_bubble, describe_labbe, labbe
from stromata.reporting.figures.scatter import Curve, _line, _pooled_risks
from stromata.synthesis import pool
from stromata.synthesis.regression.inference import predict
from stromata.synthesis.regression.meta_regression import regress


def fit(formula="~ lat", **options):
    found = effects()
    data = {"lat": LATITUDE, "how": [each.group for each in found]}
    return regress([each.yi for each in found], [each.vi for each in found], formula, data=data, **options)


def centre(root, name):
    use = next(each for each in part(root, name).iter() if each.tag.endswith("use"))
    return float(use.get("x")), float(use.get("y"))


def test_each_study_of_a_labbe_plot_stands_at_its_two_risks():
    root = read(labbe(trials()))
    assert len(ids(root, "study-")) == 7
    (x0, y0), (x1, y1) = (numbers_of(part(root, "equal"))[at] for at in (0, -1))
    x, y = centre(root, "study-6")
    assert ((y - y0) / (y1 - y0)) / ((x - x0) / (x1 - x0)) == pytest.approx((180 / 1541) / (372 / 1451), rel=1e-3)
    assert "Stein & Aronson 1953: 11.7 % against 25.6 %." in describe_labbe(trials())


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_the_line_of_a_labbe_plot_has_the_pooled_effect_everywhere(measure):
    result = pool(effects(measure))
    x, y = (each[20:40] for each in _pooled_risks(result))
    effect = {"OR": y / (1 - y) / (x / (1 - x)), "RR": y / x, "RD": y - x}[measure]
    assert effect == pytest.approx([result.natural.estimate] * 20)


def test_other_measures_have_no_line_and_data_of_one_group_no_plot():
    assert "pooled" not in ids(read(labbe(pool(effects("AS")))), "pooled")
    with pytest.raises(InvalidInput, match="two groups"):
        labbe(proportions())


def test_the_line_of_a_bubble_plot_is_that_of_the_model():
    model = fit("~ lat + how", test="knha")
    line = _line(model, "lat", None, None)
    share = sum(each.group == "random" for each in effects()) / 7
    rows = [[1.0, line.at[at], share] for at in (0, -1)]
    for at, expected in zip((0, -1), predict(model, rows), strict=True):
        found = line.predictions[at]
        assert (found.estimate, found.ci_low, found.pi_high) == pytest.approx(
            (expected.estimate, expected.ci_low, expected.pi_high)
        )


def test_bubbles_grow_with_the_weight_and_carry_names_where_there_is_room():
    labels = [each.label for each in effects()]
    root = read(bubble(fit(), "lat", measure="RR", labels=labels))
    assert len(ids(root, "study-")) == 7
    assert len(ids(root, "name-")) >= 3
    assert {"fitted", "confidence", "prediction-low", "prediction-high"} <= {each.get("id") for each in root.iter()}
    assert "Risk ratio (logarithmic axis)" in texts(root)
    assert "Slope on the scale of analysis −0.0" in description(root)
    assert "Aronson 1948: 44, 0.41." in description(root)


def test_a_common_effect_has_no_prediction_interval():
    root = read(bubble(fit(method="ee"), "lat", width_mm=84))
    assert not ids(root, "prediction")
    assert "95 % prediction interval" not in texts(root)


def test_a_moderator_that_is_no_column_brings_its_values_and_its_curve():
    model = fit("~ poly(lat, 2)")
    at = (13.0, 30.0, 55.0)
    curve = Curve(at, predict(model, {"lat": at}))
    root = read(bubble(model, "Latitude", values=LATITUDE, curve=curve, width_mm=84))
    assert "fitted" in ids(root, "fitted")
    assert "fitted" not in ids(read(bubble(model, "Latitude", values=LATITUDE, width_mm=84)), "fitted")
    assert "At 13 the average effect is" in describe_bubble(model, "Latitude", values=LATITUDE, curve=curve)


@pytest.mark.parametrize(
    ("moderator", "options", "words"),
    [
        ("dose", {}, "dose"),
        ("x", {"values": [1.0]}, "1 values"),
        ("lat", {"labels": ["a"]}, "1 labels"),
        ("lat", {"curve": Curve((1.0,), ())}, "0 predictions"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(moderator, options, words):
    with pytest.raises(InvalidInput, match=words):
        bubble(fit(), moderator, **options)

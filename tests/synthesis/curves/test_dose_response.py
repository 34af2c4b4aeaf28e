"""Dose-response curves: reading, both stages, curves and knots, predictions, refusals."""

import math

import numpy as np
import pytest

from stromata.errors import DidNotConverge, InvalidInput
from stromata.synthesis.curves.dose_response import dose_response, predict_doses

NAN = float("nan")
TABLE = {
    "study": ["a"] * 4 + ["b"] * 4 + ["c"] * 3 + ["d"] * 4,
    "dose": [0, 5, 15, 30, 0, 8, 20, 40, 2, 12, 25, 0, 4, 10, 35],
    "yi": [0, -0.1, -0.3, 0.1, 0, -0.3, -0.2, 0.4, 0, -0.2, 0.0, 0, 0.1, -0.4, 0.2],
    "sei": [NAN, 0.2, 0.25, 0.3, NAN, 0.15, 0.2, 0.3, NAN, 0.2, 0.22, NAN, 0.3, 0.3, 0.4],
    "cases": [90, 70, 40, 25, 120, 100, 60, 30, 80, 75, 60, 40, 35, 30, 20],
    "n": [300, 260, 170, 80, 400, 420, 260, 90, 260, 270, 200, 130, 110, 120, 50],
}


def fit(**options):
    data = {**TABLE, **{key: options.pop(key) for key in list(options) if key in TABLE}}
    rows = [data.pop(key) for key in ("study", "dose", "yi", "sei")]
    return dose_response(*rows, **data, **options)


@pytest.mark.parametrize("curve", ["linear", "quadratic", "rcs"])
@pytest.mark.parametrize("method", ["fixed", "ml", "reml"])
def test_two_stages_are_one_stage_where_every_study_has_doses_enough(curve, method):
    two, one = (fit(curve=curve, method=method, stages=stages, knots=[0, 8, 30]) for stages in (2, 1))
    assert [c.estimate for c in one.coefficients] == pytest.approx([c.estimate for c in two.coefficients], rel=1e-5)
    assert one.covariance == pytest.approx(two.covariance, rel=1e-4)


def test_a_fixed_line_is_generalised_least_squares():
    found = fit(method="fixed")
    weight, total = 0.0, 0.0
    for study in found.studies:
        x = study.doses - study.reference
        w = np.linalg.inv(study.covariance)
        weight, total = weight + x @ w @ x, total + x @ w @ study.y
    (slope,) = found.coefficients
    assert (slope.estimate, slope.se) == (pytest.approx(total / weight), pytest.approx(weight**-0.5))
    assert found.association.statistic == pytest.approx(slope.statistic**2)


def test_rows_of_the_reference_may_stand_anywhere_and_have_a_dose():
    order = [3, 0, 2, 1, *range(4, 15)]
    turned = fit(**{key: [TABLE[key][i] for i in order] for key in TABLE})
    assert turned.coefficients[0].estimate == pytest.approx(fit().coefficients[0].estimate)
    assert fit().studies[2].reference == 2.0


def test_the_unit_of_the_dose_changes_only_the_unit_of_the_slope():
    big = fit(dose=[1000 * d for d in TABLE["dose"]], curve="quadratic")
    small = fit(curve="quadratic")
    assert [c.estimate * s for c, s in zip(big.coefficients, (1e3, 1e6), strict=True)] == pytest.approx(
        [c.estimate for c in small.coefficients], rel=1e-6
    )
    assert big.nonlinearity.statistic == pytest.approx(small.nonlinearity.statistic, rel=1e-6)


def test_predictions_are_one_at_the_reference_and_follow_the_curve():
    found = fit(curve="quadratic")
    first, second = (c.estimate for c in found.coefficients)
    at = predict_doses(found, [5, 20], reference=5)
    assert (at[0].ratio, at[0].log_se, at[0].ci_high) == (1.0, 0.0, 1.0)
    assert at[1].log == pytest.approx(first * 15 + second * (400 - 25))
    x = np.array([15, 375])
    assert at[1].log_se == pytest.approx(np.sqrt(x @ found.covariance @ x))
    assert at[1].ci_low < at[1].ratio < at[1].ci_high


def test_a_spline_is_straight_beyond_its_outer_knots():
    found = fit(curve="rcs", knots=[5, 10, 20])
    low = [p.log for p in predict_doses(found, [0, 2, 4])]
    high = [p.log for p in predict_doses(found, [25, 30, 35])]
    assert low[0] + low[2] == pytest.approx(2 * low[1], abs=1e-12)
    assert high[0] + high[2] == pytest.approx(2 * high[1], abs=1e-12)
    assert found.coefficients[0].estimate * 2 == pytest.approx(low[1] - low[0])


def test_knots_stand_at_harrells_quantiles_of_all_doses():
    found = fit(curve="rcs", knots=4)
    assert found.knots == pytest.approx(np.quantile(TABLE["dose"], [0.05, 0.35, 0.65, 0.95]))
    assert [c.name for c in found.coefficients] == ["dose", "dose'", "dose''"]
    assert found.nonlinearity.df == 2


def test_a_study_with_too_few_doses_is_left_out_of_two_stages_and_used_by_one():
    keep = [i for i in range(15) if i != 9]
    rows = {key: [TABLE[key][i] for i in keep] for key in TABLE}
    two, one = fit(**rows, curve="quadratic"), fit(**rows, curve="quadratic", stages=1)
    assert [s.label for s in two.studies] == ["a", "b", "d"]
    assert next(c.text for c in two.cautions if c.code == "studies-left-out").endswith(
        "left out (one stage can use them): c."
    )
    assert [s.label for s in one.studies] == ["a", "b", "c", "d"]
    assert one.covariance[0, 0] != pytest.approx(two.covariance[0, 0], rel=1e-3)


def test_independence_is_said_aloud():
    assert "no-covariances" in [c.code for c in fit(covariance="independent").cautions]
    cases = [NAN if s == "b" else c for s, c in zip(TABLE["study"], TABLE["cases"], strict=True)]
    assert next(c.text for c in fit(cases=cases).cautions if c.code == "no-covariances").endswith("weight: b.")
    assert "few-studies" in [c.code for c in fit().cautions]


def test_the_other_program_takes_risks_for_rates():
    ours, theirs, rates = fit(design="ci"), fit(design="ci", compat="dosresmeta"), fit(design="ir")
    assert theirs.coefficients == rates.coefficients
    assert ours.coefficients != rates.coefficients


def test_moments_have_no_likelihood():
    found = fit(method="mm", curve="quadratic")
    assert found.log_likelihood is None
    assert np.linalg.eigvalsh(found.psi)[0] >= -1e-15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sei": [0.1, *TABLE["sei"][1:]]}, "study a, sei: 0 rows are without a standard error"),
        ({"sei": [NAN, NAN, *TABLE["sei"][2:]]}, "study a, sei: 2 rows are without a standard error"),
        ({"sei": [NAN, -1, *TABLE["sei"][2:]]}, "study a, sei is -1"),
        ({"yi": [0.3, *TABLE["yi"][1:]]}, "study a, yi is 0.3 at the reference dose"),
        ({"yi": [0, NAN, *TABLE["yi"][2:]]}, "study a, yi is nan"),
        ({"dose": [0, 0, *TABLE["dose"][2:]]}, "study a, dose 0 is also the reference dose"),
        ({"dose": TABLE["dose"][1:]}, "15 rows of study and 14 of dose"),
        ({"cases": [0, *TABLE["cases"][1:]]}, "study a, cases are 0"),
        ({"n": [80, *TABLE["n"][1:]]}, "study a, n is 80 with 90 cases"),
        ({"cases": None}, "cases is missing; the covariances need it"),
        ({"curve": "cubic"}, "no curve 'cubic'"),
        ({"curve": "rcs", "knots": 9}, "9 knots; from 3 to 5"),
        ({"curve": "rcs", "knots": [1, 1, 2]}, "at least three different ones"),
        ({"design": "xx"}, "no design 'xx'"),
        ({"method": "mm", "stages": 1}, "one stage has no estimator by moments"),
        ({"curve": "rcs", "knots": [0, 1, 2, 3, 20]}, "no study has the 4 doses"),
    ],
)
def test_what_cannot_be_right_is_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        fit(**options)


@pytest.mark.parametrize("far", [1e-12, 1e-9, 1e9, 1e12])
def test_standard_errors_of_any_ratio_leave_a_finite_slope(far):
    (slope,) = fit(sei=[far if i == 1 else value for i, value in enumerate(TABLE["sei"])]).coefficients
    assert np.isfinite([slope.estimate, slope.se]).all()
    assert slope.se > 0


def test_knots_above_all_doses_are_refused():
    with pytest.raises(InvalidInput, match="no dose tells the coefficient of dose'"):
        fit(curve="rcs", knots=[1e6, 2e6, 3e6])


@pytest.mark.parametrize("doses", [[1.0, "x"], [1e12], [float("nan")]])
def test_doses_at_which_there_is_no_risk_to_predict_are_refused(doses):
    with pytest.raises(InvalidInput, match="dose"):
        predict_doses(fit(), doses)


@pytest.mark.parametrize("stages", [1, 2])
@pytest.mark.parametrize("method", ["reml", "ml", "fixed"])
@pytest.mark.parametrize(
    ("column", "value"), [("sei", 1e-12), ("dose", 1e9), ("n", math.inf), ("yi", 1e5), ("cases", math.inf)]
)
@pytest.mark.parametrize("curve", ["linear", "quadratic", "rcs"])
def test_one_row_out_of_all_proportion_gives_an_answer_or_a_plain_error(stages, method, column, value, curve):
    columns = {
        "dose": [0.0, 1, 2, 4] * 3,
        "yi": [0, 0.1, 0.2, 0.4, 0, 0.2, 0.3, 0.3, 0, 0.1, 0.1, 0.5],
        "sei": [0, 0.1, 0.1, 0.2] * 3,
        "cases": [20.0, 25, 30, 40] * 3,
        "n": [100.0] * 12,
    }
    columns[column] = [*columns[column][:2], value, *columns[column][3:]]
    study = [name for name in "abc" for _ in range(4)]
    for covariance in ("gl", "independent"):
        try:
            fit = dose_response(study, **columns, covariance=covariance, curve=curve, stages=stages, method=method)
        except (InvalidInput, DidNotConverge):
            continue
        assert all(each.se > 0 for each in fit.coefficients)


@pytest.mark.parametrize("column", ["n", "cases"])
def test_endless_counts_are_refused_by_study_and_column(column):
    counts = {"cases": [9, 9, 9], "n": [99, 99, 99], column: [9, math.inf, 99]}
    with pytest.raises(InvalidInput, match=f"study a, {column} is inf"):
        dose_response(["a"] * 3, [0, 1, 2], [0, 0.1, 0.2], [0, 0.1, 0.1], design="ir", **counts)

"""Diagnostic accuracy: the bivariate model, its curve and regions, corrections, refusals."""

import numpy as np
import pytest
from scipy.special import expit, logit

from stromata.errors import InvalidInput
from stromata.synthesis.curves.diagnostic import accuracy, area, region, study_accuracy, summary_curve
from stromata.synthesis.curves.vector_pooling import pool_vectors
from stromata.synthesis.intervals import wilson_interval

TP = [20, 45, 18, 60, 33, 25, 70, 12, 41, 30, 55]
FN = [5, 3, 9, 6, 2, 10, 4, 6, 8, 2, 9]
FP = [6, 30, 4, 22, 25, 5, 60, 3, 10, 28, 14]
TN = [80, 90, 60, 120, 70, 95, 110, 70, 88, 60, 140]


def test_the_model_pools_the_two_logits():
    fit = accuracy(TP, FN, FP, TN)
    tp, fn, fp, tn = (np.array(x, dtype=float) for x in (TP, FN, FP, TN))
    y = list(np.column_stack((np.log(tp / fn), np.log(tn / fp))))
    v = [np.diag(row) for row in np.column_stack((1 / tp + 1 / fn, 1 / tn + 1 / fp))]
    plain = pool_vectors(y, v, "reml")
    assert fit.logits == pytest.approx(plain.estimates)
    assert fit.psi == pytest.approx(plain.psi)
    assert fit.sensitivity.estimate == pytest.approx(expit(plain.estimates[0]))
    half = 1.959963984540054 * np.sqrt(plain.covariance[1, 1])
    assert fit.specificity.ci_low == pytest.approx(expit(plain.estimates[1] - half))
    assert fit.correlation < 0
    assert [c.code for c in fit.cautions] == ["correlation-at-limit"]


def test_ratios_belong_to_the_summary_point():
    fit = accuracy(TP, FN, FP, TN)
    se, sp = fit.sensitivity.estimate, fit.specificity.estimate
    assert fit.positive_ratio.estimate == pytest.approx(se / (1 - sp))
    assert fit.negative_ratio.estimate == pytest.approx((1 - se) / sp)
    assert fit.odds_ratio.estimate == pytest.approx(fit.positive_ratio.estimate / fit.negative_ratio.estimate)
    step = 1e-6
    slope = [
        (np.log(expit(fit.logits[0] + a) / (1 - expit(fit.logits[1] + b))) - np.log(se / (1 - sp))) / step
        for a, b in ((step, 0), (0, step))
    ]
    spread = np.sqrt(slope @ fit.covariance @ slope)
    assert np.log(fit.positive_ratio.ci_high / fit.positive_ratio.estimate) == pytest.approx(1.95996 * spread, rel=1e-4)


def test_the_curve_goes_through_the_summary_point_and_its_area_is_its_integral():
    fit = accuracy(TP, FN, FP, TN)
    at = summary_curve(fit, [1 - fit.specificity.estimate])
    assert at[0] == pytest.approx(fit.sensitivity.estimate)
    grid = (np.arange(100_000) + 0.5) / 100_000
    assert area(fit) == pytest.approx(summary_curve(fit, grid).mean(), abs=1e-5)
    assert area(fit) == fit.curve.area


def test_the_other_programs_area_is_its_own_sum():
    fit = accuracy(TP, FN, FP, TN)
    heights = summary_curve(fit, np.arange(1, 100) / 100)
    assert area(fit, compat="mada") == pytest.approx(np.trapezoid(heights, dx=0.01) / 0.99)


def test_hierarchical_parameters_return_the_bivariate_ones():
    fit = accuracy(TP, FN, FP, TN)
    c = fit.curve
    half = np.exp(c.shape / 2)
    assert (c.accuracy / 2 + c.threshold) / half == pytest.approx(fit.logits[0])
    assert (c.accuracy / 2 - c.threshold) * half == pytest.approx(fit.logits[1])
    product = (c.accuracy_variance / 2 + 2 * c.threshold_variance) / 2
    assert product == pytest.approx(np.sqrt(fit.psi[0, 0] * fit.psi[1, 1]))
    assert (c.accuracy_variance / 2 - 2 * c.threshold_variance) / 2 == pytest.approx(fit.psi[0, 1])


@pytest.mark.parametrize("kind", ["confidence", "prediction"])
def test_a_region_is_an_ellipse_of_the_logits(kind):
    fit = accuracy(TP, FN, FP, TN)
    sens, spec = region(fit, kind)
    gap = np.stack((logit(sens), logit(spec))) - fit.logits[:, None]
    spread = fit.covariance + (fit.psi if kind == "prediction" else 0)
    assert np.einsum("ik,ij,jk->k", gap, np.linalg.inv(spread), gap) == pytest.approx(np.full(200, 5.991464547))
    assert sens[0] == pytest.approx(sens[-1])


def test_an_empty_cell_is_corrected_in_its_own_study_or_in_all_and_said():
    tp, fn = [*TP[:-1], 55], [*FN[:-1], 0]
    one, everywhere = accuracy(tp, fn, FP, TN), accuracy(tp, fn, FP, TN, to="if0all")
    assert [s.adjusted for s in one.studies] == [False] * 10 + [True]
    assert all(s.adjusted for s in everywhere.studies)
    assert one.cautions[0].text.startswith("0.5 was added to every cell of 11; a cell is empty in 11.")
    assert everywhere.cautions[0].text.startswith("0.5 was added to every cell of all studies;")
    assert one.studies[10].sensitivity.estimate == pytest.approx(55.5 / 56)
    with pytest.raises(InvalidInput, match="study 11 has an empty cell"):
        accuracy(tp, fn, FP, TN, to="none")


def test_a_study_alone_shows_wilson_intervals_and_ratios():
    (one,) = study_accuracy([20], [5], [6], [80])
    assert (one.sensitivity.ci_low, one.sensitivity.ci_high) == pytest.approx(wilson_interval(20, 25))
    assert one.positive_ratio.estimate == pytest.approx(0.8 / (6 / 86))
    spread = np.sqrt(1 / 20 - 1 / 25 + 1 / 6 - 1 / 86)
    assert np.log(one.positive_ratio.ci_high / one.positive_ratio.estimate) == pytest.approx(1.959964 * spread)
    (bare,) = study_accuracy([20], [0], [6], [80], to="none")
    assert (bare.sensitivity.estimate, np.isnan(bare.odds_ratio.estimate)) == (1.0, True)


def test_a_common_model_has_no_curve():
    fit = accuracy(TP, FN, FP, TN, method="fixed")
    assert (fit.curve, fit.correlation, fit.cautions) == (None, None, ())
    with pytest.raises(InvalidInput, match="there is no summary curve"):
        summary_curve(fit, [0.5])


def test_few_studies_that_agree_are_said_to_have_no_curve():
    fit = accuracy([20, 20], [5, 5], [6, 6], [80, 80])
    codes = [c.code for c in fit.cautions]
    assert {"few-studies", "no-summary-curve"} <= set(codes)
    assert fit.sensitivity.estimate == pytest.approx(0.8)


def test_sensitivity_and_specificity_that_rise_together_are_pointed_out():
    fit = accuracy([40, 90, 60, 95, 50], [60, 10, 40, 5, 50], [50, 10, 35, 4, 45], [50, 90, 65, 96, 55])
    assert fit.correlation > 0
    assert "positive-correlation" in [c.code for c in fit.cautions]


@pytest.mark.parametrize(
    ("tables", "options", "message"),
    [
        (([1, 2], [1], [1, 2], [1, 2]), {}, "2 rows of study and 1 of FN"),
        (([1, -2], [1, 1], [1, 2], [1, 2]), {}, "study 2, TP is -2"),
        (([1, 2.5], [1, 1], [1, 2], [1, 2]), {"labels": ["a", "b"]}, "study b, TP is 2.5"),
        (([1, 0], [1, 0], [1, 2], [1, 2]), {}, "study 2 has no diseased people"),
        (([1, 2], [1, 1], [1, 0], [1, 0]), {}, "study 2 has no healthy people"),
        (([1, 2], [1, 1], [1, 1], [1, 1]), {"to": "some"}, "no choice of tables 'some'"),
        (([1, 2], [1, 1], [1, 1], [1, 1]), {"method": "dl"}, "no method 'dl'"),
    ],
)
def test_what_cannot_be_right_is_refused(tables, options, message):
    with pytest.raises(InvalidInput, match=message):
        accuracy(*tables, **options)


@pytest.mark.parametrize("labels", [7, "abc", ["a", None, "c"], ["a"]])
def test_labels_that_are_no_list_of_names_are_refused(labels):
    with pytest.raises(InvalidInput, match="labels"):
        accuracy([10, 12, 8], [2, 3, 1], [3, 2, 2], [20, 25, 22], labels=labels)


def test_counts_beyond_whole_numbers_are_refused_by_study_and_column():
    with pytest.raises(InvalidInput, match="study 2, FP is 1e\\+16"):
        accuracy([10, 12], [2, 3], [3, 1e16], [20, 25])

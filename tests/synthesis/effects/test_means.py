import math

import numpy as np
import pytest
from scipy import stats

from stromata.synthesis.effects import means as kernels

COLUMNS = {
    "m1i": np.array([14.0, 9.0]),
    "sd1i": np.array([2.5, 3.0]),
    "n1i": np.array([9.0, 31.0]),
    "m2i": np.array([11.0, 10.0]),
    "sd2i": np.array([2.0, 4.0]),
    "n2i": np.array([12.0, 25.0]),
}


def test_the_unbiased_variance_of_g_is_unbiased():
    # Under normal data d is a noncentral t times a constant, so both moments are known.
    n1, n2, delta = 6.0, 8.0, 0.7
    df, root = n1 + n2 - 2, math.sqrt(1 / n1 + 1 / n2)
    t = stats.nct(df, delta / root)
    factor = float(kernels.hedges(np.array([df]))[0])
    mean, second = factor * root * t.mean(), (factor * root) ** 2 * (t.var() + t.mean() ** 2)
    assert mean == pytest.approx(delta, rel=1e-9)
    # E[vi] = root^2 + (1 - (df - 2) / (df J^2)) E[g^2] must be the variance of g.
    expected = root**2 + (1 - (df - 2) / (df * factor**2)) * second
    assert expected == pytest.approx(second - mean**2, rel=1e-9)
    c = {
        "m1i": np.array([delta]), "sd1i": np.ones(1), "n1i": np.array([n1]),
        "m2i": np.zeros(1), "sd2i": np.ones(1), "n2i": np.array([n2]),
    }  # fmt: skip
    g, v = kernels.standardised_difference(c, vtype="UB")
    assert v[0] == pytest.approx(root**2 + (1 - (df - 2) / (df * factor**2)) * g[0] ** 2)


def test_corrections_of_g():
    d = 3 / math.sqrt((8 * 6.25 + 11 * 4) / 19)
    for correct, factor in (
        ("none", 1.0),
        ("approximate", 1 - 3 / 75),
        ("exact", math.gamma(9.5) / math.gamma(9) / math.sqrt(9.5)),
    ):
        g, v = kernels.standardised_difference(COLUMNS, correct=correct)
        assert g[0] == pytest.approx(factor * d)
        assert v[0] == pytest.approx(1 / 9 + 1 / 12 + (factor * d) ** 2 / 42)
    assert kernels.standardised_difference(COLUMNS, vtype="LS2", correct="none")[1][0] == pytest.approx(
        1 / 9 + 1 / 12 + d**2 / 42
    )


def test_one_spread_for_both_arms_gives_the_classical_variance():
    pooled = (8 * 6.25 + 11 * 4) / 19
    assert kernels.mean_difference(COLUMNS, vtype="HO")[1][0] == pytest.approx(pooled * (1 / 9 + 1 / 12))


def test_averages_over_studies_depend_on_all_of_them():
    whole = kernels.standardised_difference(COLUMNS, vtype="AV")[1]
    alone = kernels.standardised_difference({name: values[:1] for name, values in COLUMNS.items()}, vtype="AV")[1]
    assert alone[0] == pytest.approx(kernels.standardised_difference(COLUMNS)[1][0])
    assert whole[0] != pytest.approx(alone[0])


def test_ratios_of_means_by_hand():
    cv1, cv2 = 2.5 / 14, 2 / 11
    y, v = kernels.ratio_of_means(COLUMNS)
    assert y[0] == pytest.approx(math.log(14 / 11) + (cv1**2 / 9 - cv2**2 / 12) / 2)
    assert v[0] == pytest.approx(cv1**2 / 9 + cv2**2 / 12)
    assert kernels.ratio_of_means(COLUMNS, correct="none")[0][0] == pytest.approx(math.log(14 / 11))


def test_ratios_of_spread_without_correction_are_plain_ratios():
    assert kernels.variability_ratio(COLUMNS, correct="none")[0][0] == pytest.approx(math.log(2.5 / 2))
    assert kernels.variation_ratio(COLUMNS, correct="none")[0][0] == pytest.approx(math.log(2.5 / 14 / (2 / 11)))
    one = {"mi": np.array([14.0]), "sdi": np.array([2.5]), "ni": np.array([9.0])}
    assert kernels.log_deviation(one, correct="none")[0][0] == pytest.approx(math.log(2.5))
    assert kernels.log_deviation(one)[0][0] == pytest.approx(math.log(2.5) + 1 / 16)
    assert kernels.log_variation(one, correct="none")[0][0] == pytest.approx(math.log(2.5 / 14))


def test_the_point_biserial_correlation_is_that_of_the_raw_data():
    rng = np.random.default_rng(7)
    x, y = rng.normal(1, 2, 12), rng.normal(0, 1, 9)
    c = {
        "m1i": np.array([x.mean()]), "sd1i": np.array([x.std(ddof=1)]), "n1i": np.array([12.0]),
        "m2i": np.array([y.mean()]), "sd2i": np.array([y.std(ddof=1)]), "n2i": np.array([9.0]),
    }  # fmt: skip
    expected = np.corrcoef(np.concatenate([x, y]), np.repeat([1.0, 0.0], [12, 9]))[0, 1]
    assert kernels.point_biserial(c)[0][0] == pytest.approx(expected, rel=1e-12)
    assert abs(kernels.biserial(c)[0][0]) > abs(expected)


def test_a_biserial_correlation_beyond_1_keeps_a_positive_variance():
    far = {**COLUMNS, "m1i": np.array([60.0, 90.0])}
    r, v = kernels.biserial(far)
    assert (r > 1).all()
    assert (v > 0).all()


BEFORE_AFTER = {
    "m1i": np.array([12.0]), "sd1i": np.array([2.0]), "m2i": np.array([10.0]), "sd2i": np.array([3.0]),
    "ni": np.array([16.0]), "ri": np.array([0.6]),
}  # fmt: skip


def test_changes_by_hand():
    sd2 = 4 + 9 - 2 * 0.6 * 6
    y, v = kernels.mean_change(BEFORE_AFTER)
    assert (y[0], v[0]) == (2.0, pytest.approx(sd2 / 16))
    g, v = kernels.change_by_change(BEFORE_AFTER, correct="none")
    assert (g[0], v[0]) == (pytest.approx(2 / math.sqrt(sd2)), pytest.approx(1 / 16 + 4 / sd2 / 32))
    g, v = kernels.change_by_raw(BEFORE_AFTER, correct="none")
    assert (g[0], v[0]) == (1.0, pytest.approx(0.8 / 16 + 1 / 32))
    g, v = kernels.change_by_raw_heteroscedastic(BEFORE_AFTER, correct="none")
    assert (g[0], v[0]) == (1.0, pytest.approx(sd2 / 60 + 1 / 30))
    y, v = kernels.variability_change(BEFORE_AFTER)
    assert (y[0], v[0]) == (pytest.approx(math.log(2 / 3)), pytest.approx(0.64 / 15))


def test_a_change_without_correlation_is_a_difference_of_independent_arms():
    apart = {**BEFORE_AFTER, "ri": np.array([0.0])}
    arms = {**BEFORE_AFTER, "n1i": np.array([16.0]), "n2i": np.array([16.0])}
    for change, difference in (
        (kernels.mean_change, kernels.mean_difference),
        (kernels.change_ratio, kernels.ratio_of_means),
    ):
        np.testing.assert_allclose(change(apart), difference(arms), rtol=1e-14)

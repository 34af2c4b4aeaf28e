import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stromata.errors import DidNotConverge, InvalidInput
from stromata.model import TauMethod
from stromata.synthesis import effect_sizes
from stromata.synthesis.pooling import heterogeneity
from stromata.synthesis.pooling.quadratic_forms import probability_below
from synthesis.published import BCG

METHODS = TauMethod.__args__

# tau2 and its standard error for dat.bcg, log risk ratios; R's metafor 3.8-1 with its stopping rules at 1e-12.
PINNED = {
    "dl": (0.308760262862376, 0.229869992511026),
    "he": (0.328563857995769, 0.207087178298934),
    "hs": (0.228362863676907, 0.12790455661328),
    "sj": (0.345515701598595, 0.149680511347343),
    "ml": (0.280028137268671, 0.144251949382776),
    "reml": (0.313243258136486, 0.166425752836973),
    "eb": (0.318068452205031, 0.17366302746276),
    "pm": (0.318068452205024, 0.173663027462756),
    "pmm": (0.343387906895853, 0.184775715543443),
    "hsk": (0.249169930280965, 0.150709190075735),
    "genq": (0.315495514121575, 0.178373352846584),
    "genqm": (0.382809496480988, 0.28346686331602),
}
# genq with weights 1 / sqrt(v), genqm with weights 1 / v.
POWER = {"genq": -0.5, "genqm": -1.0}


def bcg():
    effects = effect_sizes("RR", **BCG)
    return np.array([effect.yi for effect in effects]), np.array([effect.vi for effect in effects])


def weighted(y, v, method):
    weights = v ** POWER[method] if method in POWER else None
    return heterogeneity.estimate(y, v, method, weights=weights)


def projection(w):
    return np.diag(w) - np.outer(w, w) / w.sum()


studies = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=2, max_size=12
).map(lambda pairs: (np.array([y for y, _ in pairs]), np.array([v for _, v in pairs])))  # fmt: skip


def test_every_method_is_pinned_and_none_is_missing():
    assert set(PINNED) == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_estimates_agree_with_metafor(method):
    found = weighted(*bcg(), method)
    # metafor finds the median of GENQM to 1e-8 only; ours is checked by its equation below.
    rel = 1e-7 if method == "genqm" else 1e-11
    assert (found.tau2, found.se) == (
        pytest.approx(PINNED[method][0], rel=rel),
        pytest.approx(PINNED[method][1], rel=rel),
    )


@given(studies)
def test_restricted_likelihood_by_matrix_algebra(case):
    y, v = case
    k = len(y)
    w = 1 / (v + 0.3)
    p = projection(w)
    ones = np.ones(k)
    expected = -0.5 * (
        (k - 1) * math.log(2 * math.pi)
        - math.log(ones @ ones)
        + np.log(v + 0.3).sum()
        + math.log(ones @ np.diag(w) @ ones)
        + y @ p @ y
    )
    assert heterogeneity.log_likelihood(y, v, 0.3, restricted=True) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@given(studies)
@settings(max_examples=40)
def test_reml_solves_its_equation_or_lies_on_the_boundary(case):
    y, v = case
    found = heterogeneity.estimate(y, v, "reml")
    p = projection(1 / (v + found.tau2))
    score = y @ p @ p @ y - np.trace(p)
    if found.tau2 == 0:
        assert score <= 1e-9 * np.trace(p)
    else:
        assert abs(score) <= 1e-7 * np.trace(p)
    assert found.se == pytest.approx(math.sqrt(2 / np.trace(p @ p)), rel=1e-8)


@given(studies)
@settings(max_examples=40)
def test_no_tau2_on_a_fine_grid_beats_the_likelihood_estimates(case):
    y, v = case
    grid = np.concatenate(([0.0], np.geomspace(1e-6, 60, 150)))
    for method, restricted in (("reml", True), ("ml", False)):
        best = heterogeneity.estimate(y, v, method).tau2
        top = heterogeneity.log_likelihood(y, v, best, restricted=restricted)
        assert all(heterogeneity.log_likelihood(y, v, t, restricted=restricted) <= top + 1e-9 for t in grid)


@given(studies)
def test_paule_mandel_makes_the_generalised_q_equal_its_degrees_of_freedom(case):
    y, v = case
    tau2 = heterogeneity.estimate(y, v, "pm").tau2
    q = heterogeneity.fitted(y, 1 / (v + tau2))[1]
    assert q <= (len(y) - 1) * (1 + 1e-9)
    if tau2 > 0:
        assert q == pytest.approx(len(y) - 1, rel=1e-9)


@given(studies)
def test_moment_estimators_by_matrix_algebra(case):
    y, v = case
    k = len(y)
    p, centre = projection(1 / v), projection(np.ones(k))
    dl = max(0.0, (y @ p @ y - (k - 1)) / np.trace(p))
    he = max(0.0, (y @ centre @ y - np.trace(centre @ np.diag(v))) / (k - 1))
    assert heterogeneity.estimate(y, v, "dl").tau2 == pytest.approx(dl, rel=1e-9, abs=1e-12)
    assert heterogeneity.estimate(y, v, "he").tau2 == pytest.approx(he, rel=1e-9, abs=1e-12)
    s = np.diag(v + dl)
    se = math.sqrt(2 * np.trace(p @ s @ p @ s)) / np.trace(p)
    assert heterogeneity.estimate(y, v, "dl").se == pytest.approx(se, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_order_shift_and_scale(method):
    y, v = bcg()
    tau2 = weighted(y, v, method).tau2
    assert weighted(y[::-1], v[::-1], method).tau2 == pytest.approx(tau2, rel=1e-10)
    assert weighted(y + 100, v, method).tau2 == pytest.approx(tau2, rel=1e-9)
    for factor in (1e-6, 1e6):
        scaled = weighted(y * factor, v * factor**2, method).tau2
        assert scaled == pytest.approx(tau2 * factor**2, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_identical_studies_have_none(method):
    assert weighted(np.full(5, 0.4), np.array([0.01, 0.1, 1, 10, 100]), method).tau2 == 0.0


@pytest.mark.parametrize("method", ["reml", "dl", "pm", "he", "eb"])
def test_equal_variances_have_a_closed_form(method):
    y = np.array([0.1, 0.9, 1.7, -0.4])
    expected = y.var(ddof=1) - 0.05
    assert heterogeneity.estimate(y, np.full(4, 0.05), method).tau2 == pytest.approx(expected, rel=1e-10)


def test_the_higher_of_two_peaks_is_found():
    # Two precise studies far apart and many vague ones between them give the restricted likelihood several peaks.
    y = np.array([0.0, 0.02, 5.0, -4.0, 6.0])
    v = np.array([1e-6, 1e-6, 4.0, 4.0, 4.0])
    found = heterogeneity.estimate(y, v, "reml")
    grid = np.geomspace(1e-8, 200, 2000)
    best = grid[np.argmax([heterogeneity.log_likelihood(y, v, t, restricted=True) for t in grid])]
    assert found.modes == 2
    assert found.tau2 == pytest.approx(best, rel=1e-2)


def test_an_unknown_method_lists_those_there_are():
    with pytest.raises(InvalidInput) as caught:
        heterogeneity.estimate(*bcg(), "dlit")
    assert "reml" in caught.value.hint


def test_one_study_with_nearly_all_the_weight_leaves_the_others_their_digits():
    # With two studies REML is the sample variance minus the mean sampling variance, whatever their ratio.
    y, v = np.array([0.0, 3.0]), np.array([1e-14, 1.0])
    found = heterogeneity.estimate(y, v, "reml")
    assert found.tau2 == pytest.approx(4.5 - 0.5, rel=1e-10)
    assert heterogeneity.trace_p(1 / v) == pytest.approx(2.0, rel=1e-12)
    assert heterogeneity.estimate(np.array([0.0, 1.0]), v, "reml").se == pytest.approx(math.sqrt(0.5), rel=1e-10)


def test_variances_beyond_double_precision_are_said():
    with np.errstate(all="ignore"), pytest.raises(DidNotConverge, match="no maximum can be computed"):
        heterogeneity.estimate(np.array([0.0, 0.1]), np.array([1e-308, 0.3]), "reml")


def test_generalised_estimators_need_weights():
    with pytest.raises(InvalidInput, match="needs weights"):
        heterogeneity.estimate(*bcg(), "genq")


@given(studies)
def test_generalised_q_with_inverse_variances_is_dersimonian_and_laird(case):
    y, v = case
    expected = heterogeneity.estimate(y, v, "dl")
    found = heterogeneity.estimate(y, v, "genq", weights=3 / v)
    assert (found.tau2, found.se) == (
        pytest.approx(expected.tau2, rel=1e-9, abs=1e-12),
        pytest.approx(expected.se, rel=1e-8),
    )


@given(studies)
@settings(max_examples=30)
def test_median_unbiased_estimators_put_q_at_its_median(case):
    y, v = case
    for method in ("pmm", "genqm"):
        tau2 = heterogeneity.estimate(y, v, method, weights=1 / v).tau2
        if method == "pmm":
            probability = stats.chi2.cdf(heterogeneity.fitted(y, 1 / (v + tau2))[1], len(y) - 1)
        else:
            probability = probability_below(heterogeneity.fitted(y, 1 / v)[1], 1 / v, v + tau2)
        assert probability <= 0.5 + 1e-9 if tau2 == 0 else probability == pytest.approx(0.5, abs=1e-9)


# Intervals. dat.bcg, log risk ratios, confint() of metafor 3.8-1 with tolerances at 1e-12.


@pytest.mark.parametrize(
    ("kind", "restricted", "low", "high"),
    [
        ("qp", True, 0.119718361141152, 1.11147908406093),
        ("pl", True, 0.115266105748054, 0.964695326514216),
        ("pl", False, 0.105077380808933, 0.833912476824103),
    ],
)
def test_intervals_agree_with_metafor(kind, restricted, low, high):
    found = heterogeneity.interval(*bcg(), kind=kind, level=0.95, restricted=restricted)
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-10), pytest.approx(high, rel=1e-10))
    assert not found.empty


@given(studies, st.floats(0.5, 0.99))
@settings(max_examples=30)
def test_interval_bounds_solve_their_equations(case, level):
    y, v = case
    tail = (1 - level) / 2
    a = 1 / np.sqrt(v)
    q = heterogeneity.fitted(y, a)[1]
    profile = heterogeneity.interval(y, v, kind="qp", level=level)
    general = heterogeneity.interval(y, v, kind="genq", level=level, weights=a)
    for bound, upper in ((profile.low, tail), (profile.high, 1 - tail)):
        here = stats.chi2.sf(heterogeneity.fitted(y, 1 / (v + bound))[1], len(y) - 1)
        assert here >= upper - 1e-9 if bound == 0 else here == pytest.approx(upper, abs=1e-9)
    for bound, below in ((general.low, 1 - tail), (general.high, tail)):
        here = probability_below(q, a, v + bound)
        assert here <= below + 1e-9 if bound == 0 else here == pytest.approx(below, abs=1e-9)


@given(studies)
@settings(max_examples=20)
def test_with_inverse_variance_weights_and_two_studies_both_methods_are_one(case):
    y, v = case[0][:2], case[1][:2]
    profile = heterogeneity.interval(y, v, kind="qp", level=0.95)
    general = heterogeneity.interval(y, v, kind="genq", level=0.95)
    assert (general.low, general.high) == (
        pytest.approx(profile.low, rel=1e-7, abs=1e-9),
        pytest.approx(profile.high, rel=1e-7, abs=1e-9),
    )


def test_an_interval_may_be_far_beyond_100_or_empty():
    wide = heterogeneity.interval(np.array([0.2, 1.0]), np.array([0.02, 0.03]), kind="qp", level=0.95)
    q = heterogeneity.fitted(np.array([0.2, 1.0]), 1 / (np.array([0.02, 0.03]) + wide.high))[1]
    assert wide.high > 300
    assert q == pytest.approx(stats.chi2.ppf(0.025, 1), rel=1e-10)
    v = np.array([0.1, 0.2, 0.3, 0.1, 0.2])
    for kind in ("qp", "genq"):
        assert heterogeneity.interval(np.full(5, 0.3), v, kind=kind, level=0.95) == heterogeneity.Bounds(0.0, 0.0, True)


def test_the_profile_likelihood_holds_all_values_that_are_likely_enough():
    # Two peaks: the interval runs from the first to the last value within 1.92 of the highest.
    y, v = np.array([0.0, 0.02, 5.0, -4.0, 6.0]), np.array([1e-6, 1e-6, 4.0, 4.0, 4.0])
    found = heterogeneity.interval(y, v, kind="pl", level=0.95)
    grid = np.concatenate(([0.0], np.geomspace(1e-9, 1e4, 4000)))
    values = np.array([heterogeneity.log_likelihood(y, v, t, restricted=True) for t in grid])
    inside = grid[values > values.max() - stats.chi2.ppf(0.95, 1) / 2]
    assert found.low <= inside.min() <= found.low * 1.02 + 1e-9
    assert inside.max() <= found.high <= inside.max() * 1.02

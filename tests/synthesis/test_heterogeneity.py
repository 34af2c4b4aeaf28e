import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import DidNotConverge, InvalidInput
from stromata.model import TauMethod
from stromata.synthesis import effect_sizes, heterogeneity
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
}


def bcg():
    effects = effect_sizes("RR", **BCG)
    return np.array([effect.yi for effect in effects]), np.array([effect.vi for effect in effects])


def projection(w):
    return np.diag(w) - np.outer(w, w) / w.sum()


studies = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=2, max_size=12
).map(lambda pairs: (np.array([y for y, _ in pairs]), np.array([v for _, v in pairs])))  # fmt: skip


def test_every_method_is_pinned_and_none_is_missing():
    assert set(PINNED) == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_estimates_agree_with_metafor(method):
    found = heterogeneity.estimate(*bcg(), method)
    assert (found.tau2, found.se) == (
        pytest.approx(PINNED[method][0], rel=1e-11),
        pytest.approx(PINNED[method][1], rel=1e-11),
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
    tau2 = heterogeneity.estimate(y, v, method).tau2
    assert heterogeneity.estimate(y[::-1], v[::-1], method).tau2 == pytest.approx(tau2, rel=1e-10)
    assert heterogeneity.estimate(y + 100, v, method).tau2 == pytest.approx(tau2, rel=1e-9)
    for factor in (1e-6, 1e6):
        scaled = heterogeneity.estimate(y * factor, v * factor**2, method).tau2
        assert scaled == pytest.approx(tau2 * factor**2, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_identical_studies_have_none(method):
    assert heterogeneity.estimate(np.full(5, 0.4), np.array([0.01, 0.1, 1, 10, 100]), method).tau2 == 0.0


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


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_a_likelihood_without_a_maximum_is_said(method):
    with np.errstate(all="ignore"), pytest.raises(DidNotConverge, match="no maximum"):
        heterogeneity.estimate(np.array([0.0, 0.1]), np.array([1e-308, 0.3]), method)

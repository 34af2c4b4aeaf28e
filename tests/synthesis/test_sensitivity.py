"""Leave-one-out, cumulative, influence, GOSH, shrinkage and residuals against plain refits and matrix algebra."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.synthesis import effect_sizes, pool, sensitivity
from stromata.synthesis.pooling.estimates import pool_estimates

Y = np.array([0.1, 0.5, 0.9, -0.2, 0.4, 1.4])
V = np.array([0.05, 0.08, 0.02, 0.1, 0.04, 0.3])
METHODS = ("ee", "reml", "ml", "dl", "pm", "he", "hs", "sj", "eb")


def codes(found):
    return [caution.code for caution in found.cautions]


@pytest.mark.parametrize("method", METHODS)
def test_leaving_out_is_pooling_the_rest(method):
    found = sensitivity.leave_one_out(Y, V, method=method)
    for i in range(len(Y)):
        rest = pool_estimates(np.delete(Y, i), np.delete(V, i), method=method)
        for name in ("estimate", "se", "statistic", "p", "ci_low", "ci_high", "q", "q_p", "i2", "h2"):
            assert getattr(found, name)[i] == pytest.approx(getattr(rest, name), rel=1e-9, abs=1e-12), name
        assert found.tau2[i] == pytest.approx(rest.tau2 or 0.0, rel=1e-9, abs=1e-14)
    assert found.k.tolist() == [5] * 6


@pytest.mark.parametrize("test", ["t", "knha", "adhoc"])
def test_the_test_is_that_of_the_pool(test):
    found = sensitivity.leave_one_out(Y, V, method="dl", test=test)
    rest = pool_estimates(Y[1:], V[1:], method="dl", test=test)
    assert (found.ci_low[0], found.p[0]) == (pytest.approx(rest.ci_low, rel=1e-10), pytest.approx(rest.p, rel=1e-9))


def test_of_two_studies_each_is_the_other_alone():
    found = sensitivity.leave_one_out([0.2, 0.8], [0.01, 0.04])
    assert found.estimate.tolist() == [0.8, 0.2]
    assert found.se.tolist() == [0.2, 0.1]
    assert (found.q.tolist(), found.q_p.tolist(), found.i2.tolist(), found.h2.tolist()) == (
        [0, 0],
        [1, 1],
        [0, 0],
        [1, 1],
    )


def test_a_conclusion_that_hangs_on_one_study_names_it():
    found = sensitivity.leave_one_out([0.0, 0.05, 2.0], [0.01, 0.01, 0.01], labels=["A", "B", "C"], method="ee")
    assert codes(found) == ["hinges-on-one-study"]
    assert found.cautions[0].text.endswith(": C.")


def test_one_study_cannot_be_left_out():
    with pytest.raises(InvalidInput, match="at least 2 studies"):
        sensitivity.leave_one_out([0.1], [0.1])


@pytest.mark.parametrize("method", METHODS)
def test_cumulating_adds_one_study_at_a_time(method):
    found = sensitivity.cumulative(Y, V, method=method)
    assert found.k.tolist() == [1, 2, 3, 4, 5, 6]
    assert (found.estimate[0], found.se[0]) == (Y[0], math.sqrt(V[0]))
    for i in range(2, 7):
        part = pool_estimates(Y[:i], V[:i], method=method)
        assert found.estimate[i - 1] == pytest.approx(part.estimate, rel=1e-9)
        assert found.se[i - 1] == pytest.approx(part.se, rel=1e-9)


def test_cumulating_follows_the_order_asked_for():
    years = [2003, 2001, math.nan, 2002, 2000, 2005]
    years[2] = 2001  # a tie keeps the order given
    found = sensitivity.cumulative(Y, V, labels=list("abcdef"), order=years, method="dl")
    assert found.labels == ("e", "b", "c", "d", "a", "f")
    assert found.estimate[0] == Y[4]
    assert found.estimate[-1] == pytest.approx(pool_estimates(Y, V, method="dl").estimate, rel=1e-12)


def test_the_order_keeps_to_its_study_when_one_is_left_out():
    found = sensitivity.cumulative([0.1, math.nan, 0.3], [0.1, 0.1, 0.1], labels=list("abc"), order=[3, 2, 1])
    assert found.labels == ("c", "a")


def plain_influence(y, v, x, method):
    """The definitions with dense matrices, each study deleted in turn."""
    k, p = x.shape
    names = ("rstudent", "dffits", "cook", "cov_ratio", "hat")
    out = {name: np.empty(k) for name in names} | {"dfbetas": np.empty((k, p))}

    def fit(y, v, x):
        tau2 = 0.0 if method == "ee" else sensitivity.fit_regression(y, v, x, method)[1].between.tau2
        w = np.diag(1 / (v + tau2))
        cov = np.linalg.inv(x.T @ w @ x)
        return tau2, cov @ x.T @ w @ y, cov

    tau2, b, cov = fit(y, v, x)
    hat = np.diag(x @ cov @ x.T @ np.diag(1 / (v + tau2)))
    for i in range(k):
        keep = np.arange(k) != i
        t, c, own = fit(y[keep], v[keep], x[keep])
        out["rstudent"][i] = (y[i] - x[i] @ c) / math.sqrt(v[i] + t + x[i] @ own @ x[i])
        out["dffits"][i] = x[i] @ (b - c) / math.sqrt(hat[i] * (v[i] + t))
        out["cook"][i] = (b - c) @ np.linalg.inv(cov) @ (b - c)
        out["cov_ratio"][i] = np.linalg.det(own) / np.linalg.det(cov)
        at = np.linalg.inv(x.T @ np.diag(1 / (v + t)) @ x)
        out["dfbetas"][i] = (b - c) / np.sqrt(np.diag(at))
        out["hat"][i] = hat[i]
    return out


@pytest.mark.parametrize("method", ["ee", "reml", "dl"])
def test_influence_is_what_its_definitions_say(method):
    found = sensitivity.influence(Y, V, method=method)
    for name, values in plain_influence(Y, V, np.ones((6, 1)), method).items():
        assert getattr(found, name) == pytest.approx(values, rel=1e-8, abs=1e-10), name
    assert found.refits.estimate == pytest.approx(sensitivity.leave_one_out(Y, V, method=method).estimate, rel=1e-12)


RESCALED = {
    # metafor 3.8-1, influence(rma(yi, vi, test="knha")), tau2 to 1e-12: of the first, third and fourth study
    "rstudent": (-0.5685477828, -0.3170456379, 2.0549647531),
    "dffits": (-0.28079301133, -0.18806639305, 0.77008770656),
    "dfbetas": (-0.28038505164, -0.19659488902, 0.85324911494),
    "cook": (0.093194542335, 0.048836857244, 0.386796980308),
    "cov_ratio": (1.4301735727, 1.6049178201, 0.5968171983),
}


@pytest.mark.parametrize("test", ["knha", "adhoc"])
def test_a_rescaled_test_rescales_every_variance_of_the_diagnostics(test):
    y, v = [0.1, 0.4, 0.2, 0.9, 0.5, -0.2], [0.05, 0.1, 0.02, 0.08, 0.04, 0.06]
    found = sensitivity.influence(y, v, test=test)
    for name, values in RESCALED.items():
        assert getattr(found, name).ravel()[[0, 2, 3]] == pytest.approx(values, rel=1e-7), name
    plain = sensitivity.influence(y, v, test="t")
    assert plain.rstudent[0] == pytest.approx(-0.5857130918, rel=1e-8)


def test_the_rescaling_of_a_regression_is_that_of_the_fit_without_the_study():
    y, v = [0.1, 0.4, 0.2, 0.9, 0.5, -0.2], [0.05, 0.1, 0.02, 0.08, 0.04, 0.06]
    x = np.column_stack((np.ones(6), [1, 2, 3, 4, 5, 7]))
    for test, third in (("knha", -0.3357962494), ("adhoc", -0.3349484459)):  # metafor 3.8-1, mods=~x
        found = sensitivity.influence(y, v, test=test, moderators=x)
        assert found.rstudent[[0, 2]] == pytest.approx([-0.9751293734, third], rel=1e-8)
        assert found.dffits[0] == pytest.approx(-0.97106510503, rel=1e-7)
        assert found.dfbetas[0] == pytest.approx([-0.96167983587, 0.78468835212], rel=1e-7)


def test_where_the_others_agree_exactly_a_rescaled_diagnostic_does_not_exist():
    found = sensitivity.influence([0.5, 0.5, 0.5, 2.0], [0.25] * 4, method="dl", test="knha")
    assert np.isnan(found.rstudent[3])
    assert np.isfinite(found.rstudent[:3]).all()


@pytest.mark.parametrize("name", ["leave_one_out", "cumulative", "influence", "gosh", "blups", "residuals"])
def test_variances_that_lie_far_apart_are_told(name):
    found = getattr(sensitivity, name)([0.0, 0.5, 1.0], [1e-9, 1.0, 1.0])
    assert "variances-unequal" in codes(found)
    assert "variances-unequal" not in codes(getattr(sensitivity, name)([0.0, 0.5, 1.0], [1e-6, 1.0, 1.0]))


@pytest.mark.parametrize("name", ["leave_one_out", "cumulative"])
def test_refits_of_tables_name_those_that_say_nothing(name):
    tables = {"ai": [0, 4, 6], "n1i": [9, 20, 30], "ci": [0, 8, 9], "n2i": [9, 20, 30]}
    found = getattr(sensitivity, name)(effect_sizes("OR", labels=list("ABC"), **tables), model="mh")
    (said,) = [each.text for each in found.cautions if each.code == "tables-without-information"]
    assert said.startswith("Nobody, or everybody, had the event in A: that table cannot tell the arms apart")


@pytest.mark.parametrize("method", ["ee", "reml"])
def test_influence_with_a_moderator_is_what_its_definitions_say(method):
    x = np.column_stack((np.ones(6), [1.0, 2.0, 4.0, 3.0, 7.0, 5.0]))
    found = sensitivity.influence(Y, V, method=method, moderators=x)
    for name, values in plain_influence(Y, V, x, method).items():
        assert getattr(found, name) == pytest.approx(values, rel=1e-7, abs=1e-9), name
    assert found.refits is None


def test_a_column_of_ones_is_no_moderator():
    plain = sensitivity.influence(Y, V)
    matrix = sensitivity.influence(Y, V, moderators=np.ones(6))
    assert matrix.cook == pytest.approx(plain.cook, rel=1e-9)
    assert matrix.dfbetas == pytest.approx(plain.dfbetas, rel=1e-9)


def test_a_study_that_alone_determines_a_coefficient_has_no_deletion():
    x = np.column_stack((np.ones(6), [1.0, 0, 0, 0, 0, 0]))
    found = sensitivity.influence(Y, V, moderators=x)
    assert np.isnan(found.cook[0])
    assert np.isfinite(found.cook[1:]).all()


@pytest.mark.parametrize(
    ("moderators", "message"),
    [
        (np.ones((6, 2)), "columns of the moderators depend on the others: 2"),
        (np.ones((3, 1)), "one row per study"),
        ([1, 2, 3, 4, 5, math.nan], "study 6 has a moderator"),
        (np.eye(6), "6 coefficients cannot be estimated from 6 studies"),
    ],
)
def test_moderators_that_cannot_be_used_are_refused(moderators, message):
    with pytest.raises(InvalidInput, match=message):
        sensitivity.influence(Y, V, moderators=moderators)


def test_an_outlier_is_marked_and_named():
    found = sensitivity.influence([0.1, 0.2, 0.15, 0.12, 0.17, 3.0], [0.01] * 6, labels=list("abcdef"))
    assert found.influential.tolist() == [False] * 5 + [True]
    assert found.cautions[0].text.startswith("Of unusual influence on the result: f.")


def test_all_subsets_are_pooled_when_they_are_few():
    found = sensitivity.gosh(Y, V, method="dl")
    assert found.complete
    assert len(found.k) == 63
    assert len({tuple(row) for row in found.members.tolist()}) == 63
    place = found.members.tolist().index([True, False, True, True, False, False])
    rest = pool_estimates(Y[[0, 2, 3]], V[[0, 2, 3]], method="dl")
    assert found.estimate[place] == pytest.approx(rest.estimate, rel=1e-12)
    assert found.i2[place] == pytest.approx(rest.i2, rel=1e-10)
    assert found.q[found.k == 1].tolist() == [0.0] * 6


def test_many_subsets_are_sampled_without_repeats_and_by_seed():
    y, v = np.linspace(0, 1, 40), np.full(40, 0.1)
    one, same, other = (sensitivity.gosh(y, v, method="ee", subsets=500, seed=seed) for seed in (1, 1, 2))
    assert not one.complete
    assert codes(one) == ["subsets-sampled"]
    assert len({tuple(row) for row in one.members.tolist()}) == 500
    assert (one.members == same.members).all()
    assert not (one.members == other.members).all()


def test_a_sample_is_not_of_small_subsets_only():
    found = sensitivity.gosh(np.linspace(0, 1, 40), np.full(40, 0.1), method="ee", subsets=500, seed=3)
    assert found.k.mean() == pytest.approx(20, abs=1)


def test_shrinkage_is_full_without_heterogeneity():
    found = sensitivity.blups([0.1, 0.1, 0.2], [1.0, 1.0, 1.0])
    assert found.value == pytest.approx(np.full(3, 0.4 / 3))
    assert found.se == pytest.approx(np.full(3, math.sqrt(1 / 3)))


def test_shrunken_effects_are_the_mixed_model_equations_solution():
    """Henderson's equations for mu and u together, tau2 known."""
    tau2 = pool_estimates(Y, V).tau2
    w = 1 / V
    left = np.zeros((7, 7))
    left[0, 0], left[0, 1:], left[1:, 0] = w.sum(), w, w
    left[1:, 1:] = np.diag(w + 1 / tau2)
    inverse = np.linalg.inv(left)
    solved = inverse @ np.concatenate(([w @ Y], w * Y))
    found = sensitivity.blups(Y, V)
    assert found.value == pytest.approx(solved[0] + solved[1:], rel=1e-9)
    pick = np.column_stack((np.ones(6), np.eye(6)))
    assert found.se == pytest.approx(np.sqrt(np.diag(pick @ inverse @ pick.T)), rel=1e-9)
    deviations = sensitivity.blups(Y, V, deviations=True)
    assert deviations.value == pytest.approx(solved[1:], rel=1e-8)
    assert deviations.se == pytest.approx(np.sqrt(np.diag(inverse)[1:]), rel=1e-9)


def test_residuals_have_the_variance_of_the_projection():
    found = sensitivity.residuals(Y, V, method="dl")
    tau2 = pool_estimates(Y, V, method="dl").tau2
    d = np.diag(V + tau2)
    w = np.linalg.inv(d)
    take_out = np.eye(6) - np.ones((6, 6)) @ w / w.sum()
    assert found.residual == pytest.approx(take_out @ Y, rel=1e-9)
    assert found.se == pytest.approx(np.sqrt(np.diag(take_out @ d @ take_out.T)), rel=1e-9)
    assert found.z == pytest.approx(found.residual / found.se)


def test_deleted_residuals_are_those_of_the_influence_set():
    assert sensitivity.residuals(Y, V, deleted=True).z == pytest.approx(sensitivity.influence(Y, V).rstudent, rel=1e-10)


estimates = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 4)), min_size=3, max_size=7)


@settings(max_examples=30, deadline=None)
@given(estimates, st.floats(-10, 10), st.sampled_from(["ee", "dl", "reml"]))
def test_a_shift_moves_estimates_and_nothing_else(studies, shift, method):
    y, v = np.array(studies).T
    here, there = (sensitivity.leave_one_out(each, v, method=method) for each in (y, y + shift))
    assert there.estimate == pytest.approx(here.estimate + shift, abs=1e-7)
    assert there.se == pytest.approx(here.se, rel=1e-6, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(estimates, st.permutations(range(7)))
def test_order_does_not_matter_to_influence(studies, order):
    y, v = np.array(studies).T
    places = [place for place in order if place < len(y)]
    here, there = sensitivity.influence(y, v, method="dl"), sensitivity.influence(y[places], v[places], method="dl")
    assert there.cook == pytest.approx(here.cook[places], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("model", ["mh", "peto"])
def test_tables_are_pooled_anew_from_their_counts(model):
    measure = "OR" if model == "mh" else "PETO"
    counts = {"ai": [4, 6, 3, 12], "n1i": [40, 50, 30, 90], "ci": [11, 15, 9, 20], "n2i": [41, 52, 33, 88]}
    effects = effect_sizes(measure, **counts, labels=list("abcd"))
    left = sensitivity.leave_one_out(effects, model=model)
    added = sensitivity.cumulative(effects, model=model, order=[4, 3, 2, 1])
    for i in range(4):
        rest = pool([effect for effect in effects if effect.label != "abcd"[i]], model=model)
        for name in ("estimate", "se", "ci_low", "p", "q", "i2", "h2"):
            assert getattr(left, name)[i] == pytest.approx(getattr(rest, name)), name
    assert added.labels == ("d", "c", "b", "a")
    assert added.k.tolist() == [1, 2, 3, 4]
    assert added.q[0] == 0
    assert added.estimate[-1] == pytest.approx(pool(effects, model=model).estimate)


def test_a_model_of_counts_needs_counts():
    with pytest.raises(InvalidInput, match="effect sizes with their counts"):
        sensitivity.leave_one_out(Y, V, model="mh")
    with pytest.raises(InvalidInput, match="no model"):
        sensitivity.leave_one_out(Y, V, model="bogus")


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_study_without_its_place_in_the_order_is_refused_by_row(value):
    with pytest.raises(InvalidInput, match="row 2, order is"):
        sensitivity.cumulative([0.1, 0.3, 0.2], [0.02, 0.03, 0.05], order=[2001, value, 2003])


def test_an_order_that_mixes_texts_and_numbers_is_refused():
    with pytest.raises(InvalidInput, match="cannot be compared"):
        sensitivity.cumulative([0.1, 0.3], [0.02, 0.03], order=np.array([2001, "x"], dtype=object))


@pytest.mark.parametrize(
    "options", [{"subsets": value} for value in ("x", 0, 2.5, math.nan, True, 1e9)] + [{"seed": "x"}]
)
def test_subsets_and_seeds_that_cannot_be_are_refused(options):
    with pytest.raises(InvalidInput, match=f"{next(iter(options))} is"):
        sensitivity.gosh([0.1, 0.3, 0.2], [0.02, 0.03, 0.05], **options)

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import expit, logit

from stromata.errors import InvalidInput
from stromata.synthesis.counts.beta_binomial import pool_beta_binomial
from stromata.synthesis.intervals import exact_interval
from synthesis.published import DEBRUIN, PRITZ
from synthesis.sparse_data import CATHETERS


def log_likelihood(x, n, p, rho):
    total = 1 / rho - 1
    return stats.betabinom.logpmf(x, n, p * total, (1 - p) * total).sum()


def codes(result):
    return {caution.code for caution in result.cautions}


@pytest.mark.parametrize("data", [PRITZ, DEBRUIN])
def test_the_maximum_is_that_of_the_distribution(data):
    x, n = np.array(data["xi"]), np.array(data["ni"])
    found = pool_beta_binomial("PLO", **data)
    assert found.log_likelihood == pytest.approx(log_likelihood(x, n, found.means[0], found.rho), rel=1e-10)
    other = optimize.minimize(
        lambda t: -log_likelihood(x, n, expit(t[0]), expit(t[1])), [0.0, -2.0], method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
    )  # fmt: skip
    assert found.log_likelihood >= -other.fun - 1e-9
    assert (found.estimate, logit(found.rho)) == pytest.approx(other.x, abs=1e-5)


def test_the_standard_error_is_the_curvature():
    x, n = np.array(PRITZ["xi"]), np.array(PRITZ["ni"])
    found, h = pool_beta_binomial("PLO", **PRITZ), 1e-3
    at = {
        (i, j): log_likelihood(x, n, expit(found.estimate + i * h), expit(logit(found.rho) + j * h))
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    bb, tt = (at[1, 0] - 2 * at[0, 0] + at[-1, 0]) / h**2, (at[0, 1] - 2 * at[0, 0] + at[0, -1]) / h**2
    bt = (at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / (4 * h**2)
    assert found.se == pytest.approx(math.sqrt(-tt / (bb * tt - bt**2)), rel=1e-4)


def test_two_arms_share_one_correlation_and_studies_without_events_count():
    found = pool_beta_binomial("OR", **CATHETERS)
    a, n1, c, n2 = (np.array(CATHETERS[name]) for name in ("ai", "n1i", "ci", "n2i"))
    value = log_likelihood(a, n1, found.means[0], found.rho) + log_likelihood(c, n2, found.means[1], found.rho)
    assert (found.k, found.log_likelihood) == (18, pytest.approx(value, rel=1e-9))
    without = {
        name: [v for v, keep in zip(column, a + c > 0, strict=True) if keep] for name, column in CATHETERS.items()
    }
    assert pool_beta_binomial("OR", **without).estimate != pytest.approx(found.estimate, abs=1e-4)
    ratio = pool_beta_binomial("RR", **CATHETERS)
    assert ratio.natural.estimate == pytest.approx(found.means[0] / found.means[1], rel=1e-9)
    assert "arms-unpaired" in codes(found)


def test_homogeneous_counts_are_binomial():
    found = pool_beta_binomial("PLO", xi=[2, 4, 6], ni=[10, 20, 30])
    assert (found.rho, found.means[0]) == (0.0, pytest.approx(0.2))
    assert found.se == pytest.approx(math.sqrt(1 / 12 + 1 / 48))
    assert found.log_likelihood == pytest.approx(stats.binom.logpmf([2, 4, 6], [10, 20, 30], 0.2).sum())
    assert "rho-zero" in codes(found)


def test_all_or_nothing_arms_are_one_observation_each():
    found = pool_beta_binomial("PLO", xi=[0, 3, 9, 0], ni=[7, 3, 9, 4])
    assert (found.rho, found.means[0], found.se) == (1.0, 0.5, pytest.approx(1.0))
    assert "all-or-nothing" in codes(found)


@pytest.mark.parametrize(("x", "code"), [([0, 0], "no-events"), ([5, 9], "all-events")])
def test_none_or_all_events_carry_the_exact_bound(x, code):
    found = pool_beta_binomial("PLO", xi=x, ni=[5, 9])
    assert (found.outcome, found.estimate) == ("infinite", None)
    assert (found.natural.ci_low, found.natural.ci_high) == exact_interval(sum(x), 14)
    assert code in codes(found)


def test_events_in_one_arm_leave_a_bound_for_odds():
    odds = pool_beta_binomial("OR", ai=[0, 0], n1i=[10, 12], ci=[1, 2], n2i=[11, 9])
    risks = pool_beta_binomial("RR", ai=[0, 0], n1i=[10, 12], ci=[1, 2], n2i=[11, 9])
    assert (odds.natural.estimate, risks.natural.estimate) == (0.0, 0.0)
    assert odds.natural.ci_high > 0
    assert risks.natural.ci_high is None
    assert "events-in-one-arm" in codes(odds)


def test_one_person_and_one_person_per_study_are_answered():
    one = pool_beta_binomial("PLO", xi=[1], ni=[1])
    assert (one.natural.estimate, one.natural.ci_low) == (1.0, pytest.approx(0.025))
    many = pool_beta_binomial("PLO", xi=[1, 0, 1], ni=[1, 1, 1])
    assert (many.rho, many.natural.estimate) == (0.0, pytest.approx(2 / 3))
    assert "rho-not-identified" in codes(many)
    assert pool_beta_binomial("PLO", xi=[], ni=[]).outcome == "no-studies"


@given(st.lists(st.integers(1, 25).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=7))
@settings(max_examples=40, deadline=None)
def test_nothing_on_a_grid_is_more_likely_and_the_mirror_image_mirrors_the_result(case):
    x, n = np.array([a for a, _ in case]), np.array([b for _, b in case])
    found, mirrored = pool_beta_binomial("PLO", xi=x, ni=n), pool_beta_binomial("PLO", xi=n - x, ni=n)
    assert found.outcome == mirrored.outcome
    if found.outcome != "fitted":
        assert x.sum() in {0, n.sum()}
        return
    assert mirrored.estimate == pytest.approx(-found.estimate, abs=1e-5)
    for p in np.linspace(0.05, 0.95, 10):
        for rho in (0.001, 0.05, 0.2, 0.5, 0.9, 0.999):
            assert log_likelihood(x, n, p, rho) <= found.log_likelihood + 1e-6


def test_bad_input_is_named():
    with pytest.raises(InvalidInput, match="no beta-binomial"):
        pool_beta_binomial("RD", ai=[1], n1i=[2], ci=[1], n2i=[2])
    with pytest.raises(InvalidInput, match="row 1, xi is 3"):
        pool_beta_binomial("PLO", xi=[3], ni=[2])
    with pytest.raises(InvalidInput, match="more than"):
        pool_beta_binomial("PLO", xi=[3], ni=[2e7])


@pytest.mark.parametrize("labels", [7, "abc", ["a", None, "c"], ["a"]])
def test_labels_that_are_no_list_of_names_are_refused(labels):
    with pytest.raises(InvalidInput, match="labels"):
        pool_beta_binomial("PLO", xi=[1, 2, 3], ni=[10, 12, 14], labels=labels)

"""Boundaries against simulation-free identities and printed values, information sizes, and fragility by enumeration."""

import math

import numpy as np
import pytest
from scipy import special, stats

from stromata.errors import InvalidInput
from stromata.synthesis import sequential
from stromata.synthesis.pooling.estimates import pool_estimates

Y = np.array([0.5, 0.2, 0.4, 0.3, 0.35])
V = np.array([0.2, 0.1, 0.08, 0.05, 0.04])


def codes(found):
    return [caution.code for caution in found.cautions]


def crossing_probability(t, bounds):
    """P(|Z| crosses any of two or three bounds), by the multivariate normal distribution of the looks."""
    t, bounds = np.array(t), np.array(bounds)
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    inside = stats.multivariate_normal.cdf(
        bounds, cov=covariance, lower_limit=-bounds, maxpts=2_000_000, abseps=1e-7, releps=1e-7
    )
    return 1 - inside


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("t", [(0.5, 1.0), (0.3, 0.7, 1.0), (0.2, 0.25, 0.9)])
def test_all_looks_together_spend_the_error(spending, t):
    found = sequential.monitoring_boundaries(t, spending=spending)
    assert crossing_probability(t, found.efficacy) == pytest.approx(found.spent[-1], abs=2e-5)


def test_a_single_look_at_the_end_is_the_usual_test():
    assert sequential.monitoring_boundaries([1.0]).efficacy[0] == pytest.approx(1.959963984540054, rel=1e-12)


def test_the_first_look_spends_by_the_function():
    found = sequential.monitoring_boundaries([0.4, 1.0], alpha=0.05)
    side = 2 * special.ndtr(special.ndtri(0.0125) / math.sqrt(0.4))
    assert found.spent[0] == pytest.approx(2 * side)
    assert found.efficacy[0] == pytest.approx(-special.ndtri(side), rel=1e-9)
    even = sequential.monitoring_boundaries([0.4, 1.0], spending="pocock")
    assert even.spent[0] == pytest.approx(0.05 * math.log(1 + (math.e - 1) * 0.4))


def test_looks_beyond_the_required_size_keep_its_boundary():
    found = sequential.monitoring_boundaries([0.5, 1.1, 1.4])
    at_end = sequential.monitoring_boundaries([0.5, 1.0])
    assert found.efficacy.tolist() == pytest.approx([*at_end.efficacy, at_end.efficacy[-1]])


def test_too_little_information_has_no_boundary():
    assert sequential.monitoring_boundaries([0.005, 1.0]).efficacy[0] == math.inf


def test_looks_close_together_are_integrated_as_well():
    near = sequential.monitoring_boundaries([0.5, 0.5001, 1.0])
    apart = sequential.monitoring_boundaries([0.5, 1.0])
    assert near.efficacy[-1] == pytest.approx(apart.efficacy[-1], abs=2e-3)


def test_futility_spends_its_error_under_the_drift():
    """First look alone: P(Z < f | drift) is the error spent."""
    found = sequential.monitoring_boundaries([0.6, 1.0], beta=0.2)
    drift = 1.959963984540054 - special.ndtri(0.2)
    spent = 2 * special.ndtr(special.ndtri(0.1) / math.sqrt(0.6))
    assert special.ndtr(found.futility[0] - drift * math.sqrt(0.6)) == pytest.approx(spent, rel=1e-9)
    assert math.isnan(found.futility[1])


def test_futility_does_not_change_efficacy():
    t = [0.3, 0.6, 1.0]
    plain, both = sequential.monitoring_boundaries(t), sequential.monitoring_boundaries(t, beta=0.1)
    assert plain.efficacy.tolist() == both.efficacy.tolist()
    assert np.isnan(plain.futility).all()


@pytest.mark.parametrize("fraction", [[], [0.5, 0.4], [0.0, 1.0], [math.nan], [0.5, 0.5]])
def test_fractions_must_rise(fraction):
    with pytest.raises(InvalidInput, match="must rise"):
        sequential.monitoring_boundaries(fraction)


def test_required_information_gives_the_power():
    information = sequential.required_information(0.4, alpha=0.05, beta=0.2)
    power = special.ndtr(0.4 * math.sqrt(information) - 1.959963984540054)
    assert power == pytest.approx(0.8)
    assert sequential.required_information(0.4, beta=0.2, diversity=0.75) == pytest.approx(4 * information)


def test_required_people_of_a_trial_of_risks():
    """20 % against 15 %: 4 (1.960 + 0.842)^2 0.175 0.825 / 0.05^2."""
    found = sequential.required_people(control_risk=0.2, relative_reduction=0.25, beta=0.2)
    assert found == pytest.approx(4 * 7.848879734 * 0.175 * 0.825 / 0.0025, rel=1e-8)
    assert sequential.required_people(difference=5, sd=10, beta=0.2) == pytest.approx(4 * 7.848879734 * 4, rel=1e-8)


def test_diversity_is_the_variance_that_the_common_effect_model_lacks():
    y, v = [0.1, 0.9, 0.5], [0.02, 0.03, 0.05]
    random, common = pool_estimates(y, v, method="dl"), pool_estimates(y, v, method="ee")
    assert sequential.diversity(y, v) == pytest.approx((random.se**2 - common.se**2) / random.se**2)
    assert sequential.diversity([0.5, 0.5], [0.1, 0.1]) == 0


def test_early_significance_is_told_from_enough_information():
    found = sequential.trial_sequential(Y, V, delta=0.1)
    assert found.verdict == "insufficient"
    assert codes(found) == ["early-significance"]
    assert found.information[-1] == pytest.approx((1 / V).sum())
    enough = sequential.trial_sequential(Y, V / 100, delta=0.3)
    assert enough.verdict == "benefit-or-harm"


def test_an_effect_is_ruled_out_by_futility_and_by_reaching_the_size():
    none = np.array([0.01, -0.01, 0.005, 0.0])
    assert sequential.trial_sequential(none, np.full(4, 0.01), delta=0.18).verdict == "futile"
    assert sequential.trial_sequential([0.12, 0.12], [0.0081, 0.0081], delta=2.0).verdict == "reached"


def test_too_little_for_either_says_so():
    found = sequential.trial_sequential([0.1, -0.1], [1.0, 1.0], delta=0.2)
    assert (found.verdict, codes(found)) == ("insufficient", ["information-insufficient"])


def test_information_in_people_and_in_order():
    found = sequential.trial_sequential(Y, V, people=1000, ni=[50, 100, 120, 200, 250], order=[5, 4, 3, 2, 1])
    assert found.labels == ("5", "4", "3", "2", "1")
    assert found.information.tolist() == [250, 450, 570, 670, 720]
    assert found.boundaries.fraction[-1] == pytest.approx(0.72)
    assert found.diversity == 0


@pytest.mark.parametrize(
    "options", [{}, {"delta": 0.2, "people": 10}, {"people": 100}, {"delta": 0.0}, {"delta": 0.2, "beta": 1.0}]
)
def test_an_analysis_needs_to_know_what_is_required(options):
    with pytest.raises(InvalidInput):
        sequential.trial_sequential(Y, V, **options)


@pytest.mark.parametrize("table", [(1, 100, 10, 100), (3, 8, 7, 8), (0, 5, 0, 5), (12, 40, 4, 37), (5, 5, 0, 6)])
def test_fishers_p_is_that_of_all_tables(table):
    a, n1, c, n2 = table
    expected = stats.fisher_exact([[a, n1 - a], [c, n2 - c]])[1]
    assert sequential.fisher(*table) == pytest.approx(expected, rel=1e-9)


def test_the_fragility_index_is_the_smallest_number_that_turns_fishers_test():
    found = sequential.fragility(1, 100, 12, 100)
    assert found.significant
    p = [stats.fisher_exact([[1 + n, 99 - n], [12, 88]])[1] for n in range(found.index + 1)]
    assert all(value < 0.05 for value in p[:-1])
    assert p[-1] >= 0.05
    assert found.p_after == pytest.approx(p[-1])
    assert found.quotient == found.index / 200


def test_a_result_that_is_not_significant_has_a_reverse_index():
    found = sequential.fragility(4, 50, 8, 50)
    assert not found.significant
    assert found.p_before >= 0.05 > found.p_after
    assert found.changes[0] == ("", 1, -1)


def test_two_tiny_arms_cannot_be_turned():
    assert sequential.fragility(0, 2, 1, 2).index is None


@pytest.mark.parametrize(
    ("counts", "column"),
    [
        ((5, 4, 1, 4), "events1 is 5"),
        ((-1, 4, 1, 4), "events1 is -1"),
        ((1, 4, 1.5, 4), "events2 is 1.5"),
        ((0, 0, 1, 4), "total1 is 0"),
        ((0, 4, 1, math.nan), "total2 is nan"),
        ((0, 4, "x", 4), "events2 is 'x'"),
        ((0, 1e9, 1, 4), "total1 is 1000000000.0"),
    ],
)
def test_counts_must_be_counts(counts, column):
    with pytest.raises(InvalidInput, match=column):
        sequential.fragility(*counts)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ai": [1, 2]}, "unequal length"),
        ({"ai": [1, "x", 3]}, "column ai"),
        ({"ai": [1, 99, 3]}, r"row 2 \(B\), ai is 99"),
        ({"labels": ["A"]}, "label"),
        ({"most": 0}, "most is 0"),
        ({"alpha": 5}, "alpha is 5"),
    ],
)
def test_trials_that_cannot_be_right_are_refused_by_row_and_column(changed, said):
    trials = {"ai": [1, 2, 3], "n1i": [20, 20, 20], "ci": [4, 5, 6], "n2i": [20, 20, 20], "labels": list("ABC")}
    with pytest.raises(InvalidInput, match=said):
        sequential.fragility_of_synthesis(**(trials | changed))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sequential.required_information("large"), "delta is 'large'"),
        (lambda: sequential.required_information(0.3, alpha=None), "alpha is None"),
        (lambda: sequential.required_information(0.3, diversity=1), "diversity is 1"),
        (lambda: sequential.monitoring_boundaries(["x"]), "fraction holds"),
        (lambda: sequential.penalised_z([1, None], [2, "x"]), "information holds"),
    ],
)
def test_options_of_another_type_are_refused_by_name(call, said):
    with pytest.raises(InvalidInput, match=said):
        call()


def test_a_synthesis_turns_after_its_changes_and_not_before():
    ai, n1i, ci, n2i = [4, 6, 3, 6], [50, 60, 40, 70], [11, 15, 9, 14], [50, 60, 40, 70]
    found = sequential.fragility_of_synthesis(ai, n1i, ci, n2i, labels=list("ABCD"), method="ee")
    assert found.significant
    counts = {1: dict(zip("ABCD", ai, strict=True)), 2: dict(zip("ABCD", ci, strict=True))}

    def p():
        a, c = np.array(list(counts[1].values())), np.array(list(counts[2].values()))
        y = np.log(a / np.array(n1i) / (c / np.array(n2i)))
        v = 1 / a - 1 / np.array(n1i) + 1 / c - 1 / np.array(n2i)
        return pool_estimates(y, v, method="ee").p

    assert p() == pytest.approx(found.p_before)
    for study, arm, change in found.changes:
        assert p() < 0.05
        counts[arm][study] += change
    assert p() >= 0.05
    assert p() == pytest.approx(found.p_after)
    assert found.index == len(found.changes)


def test_a_synthesis_that_is_not_significant_can_be_made_so():
    found = sequential.fragility_of_synthesis([9, 8], [50, 50], [12, 11], [50, 50], method="ee")
    assert not found.significant
    assert found.p_after < 0.05


def test_the_penalised_z_is_the_law_of_the_iterated_logarithm():
    z, information = np.array([2.5, -3.0, 2.0, 1.8]), np.array([math.e, 4.0, 60.0, 400.0])
    found = sequential.penalised_z(z, information)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(-3.0)  # the penalty would be below 1
    assert found[2:] == pytest.approx(z[2:] / np.sqrt(2 * np.log(np.log(information[2:]))), rel=1e-12)
    assert (np.abs(sequential.penalised_z(z, information, factor=1.5)[1:]) >= np.abs(found[1:])).all()


@pytest.mark.parametrize(
    ("z", "information", "options", "message"),
    [
        ([1.0], [5.0, 6.0], {}, "one each"),
        ([math.nan], [5.0], {}, "finite"),
        ([1.0], [0.0], {}, "above 0"),
        ([1.0], [5.0], {"factor": 0.0}, "factor"),
    ],
)
def test_a_penalty_needs_information(z, information, options, message):
    with pytest.raises(InvalidInput, match=message):
        sequential.penalised_z(z, information, **options)


def test_the_outlook_goes_on_from_the_looks_made_to_the_required_size():
    found = sequential.trial_sequential([0.3, 0.4, 0.2], [0.04, 0.05, 0.03], delta=0.4)
    made = found.boundaries
    count = len(made.fraction)
    assert found.outlook.fraction[-1] == pytest.approx(max(1.0, made.fraction[-1]))
    assert found.outlook.efficacy[:count].tolist() == pytest.approx(made.efficacy.tolist())
    assert found.outlook.futility[:count].tolist() == pytest.approx(made.futility.tolist(), nan_ok=True)


@pytest.mark.parametrize(
    ("yi", "vi", "named"),
    [
        ([0.1, 0.3, -0.2], [1e-30] * 3, "vi from 1e-30 to 1e-30"),
        ([0.1, 0.3, -0.2], [1e-20, 1e20, 0.1], "study 2, vi"),
    ],
)
def test_variances_out_of_all_proportion_are_named(yi, vi, named):
    with pytest.raises(InvalidInput, match=named):
        sequential.trial_sequential(yi, vi, delta=0.3)

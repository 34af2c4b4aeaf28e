"""Mean and standard deviation from quantiles: against samples whose truth is known, and against published output."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.errors import InvalidInput
from stromata.extraction.quantiles import (
    FEW_FOR_ENDS,
    Quantiles,
    box_cox,
    box_cox_caution,
    fitted,
    fitted_caution,
    implausible,
    normal_mean,
    normal_sd,
    skewness,
    skewness_caution,
)

METHODS = {
    "normal": lambda sample: (normal_mean(sample), normal_sd(sample)),
    "box-cox": lambda sample: box_cox(sample)[:2],
    "fitted": lambda sample: fitted(sample)[:2],
}


def summary(values, scenario):
    q1, median, q3 = np.quantile(values, (0.25, 0.5, 0.75))
    ends = {} if scenario == "C3" else {"min": values.min(), "max": values.max()}
    quartiles = {} if scenario == "C1" else {"q1": q1, "q3": q3}
    return Quantiles(n=len(values), median=median, **ends, **quartiles)


def few_or_many(few, many):
    """Return how many samples to search for: each search is slow."""
    return [few, pytest.param(many, marks=pytest.mark.slow)]


def summaries(samples, scenario):
    """Return the summary of each row."""
    q1, median, q3 = np.quantile(samples, (0.25, 0.5, 0.75), axis=1)
    columns = {"median": median}
    columns |= {} if scenario == "C3" else {"min": samples.min(axis=1), "max": samples.max(axis=1)}
    columns |= {} if scenario == "C1" else {"q1": q1, "q3": q3}
    rows = zip(*columns.values(), strict=True)
    return [Quantiles(n=samples.shape[1], **dict(zip(columns, row, strict=True))) for row in rows]


@pytest.mark.parametrize("scenario", ["C1", "C2", "C3"])
@pytest.mark.parametrize("n", [9, 41, 201])
def test_normal_samples_give_back_their_mean_and_sd_on_average(scenario, n):
    random = np.random.default_rng(20140)
    samples = random.normal(50, 8, (2000, n))
    found = np.array([METHODS["normal"](sample) for sample in summaries(samples, scenario)])
    assert found[:, 0].mean() == pytest.approx(50, abs=4 * 8 / math.sqrt(n * 2000) * 2)
    # Wan's approximations are within a few percent for the smallest samples, and nearer for larger ones.
    assert found[:, 1].mean() == pytest.approx(8, rel=0.035 if n == 9 else 0.015)


def test_the_weights_of_luo_beat_the_plain_average():
    random = np.random.default_rng(1)
    samples = summaries(random.normal(0, 1, (1500, 101)), "C1")
    weighted = np.std([normal_mean(sample) for sample in samples])
    plain = np.std([(sample.min + 2 * sample.median + sample.max) / 4 for sample in samples])
    assert weighted < 0.8 * plain


def test_three_numbers_by_hand():
    # Luo's equation 11 and Wan's equation 16, n = 25: weights 0.7 + 0.39/25 and the quantile at 18.625/25.25.
    sample = Quantiles(n=25, q1=10, median=14, q3=22)
    assert normal_mean(sample) == pytest.approx(0.7156 * 16 + 0.2844 * 14)
    assert normal_sd(sample) == pytest.approx(12 / (2 * NormalDist().inv_cdf(18.625 / 25.25)))


def test_five_numbers_use_all_of_them():
    sample = Quantiles(n=41, min=1, q1=4, median=6, q3=9, max=20)
    for name in ("min", "q1", "q3", "max"):
        moved = replace(sample, **{name: getattr(sample, name) + 0.5})
        assert normal_mean(moved) > normal_mean(sample)
    alone = [normal_sd(Quantiles(n=41, median=6, min=1, max=20)), normal_sd(Quantiles(n=41, median=6, q1=4, q3=9))]
    assert normal_sd(sample) == pytest.approx(sum(alone) / 2)


@pytest.mark.parametrize("scenario", ["C1", "C2", "C3"])
@pytest.mark.parametrize("count", few_or_many(13, 25))
def test_methods_for_skewed_data_are_nearer_to_the_truth_for_skewed_data(scenario, count):
    random = np.random.default_rng(5)
    misses = {name: [] for name in METHODS}
    for values in random.gamma(2, 3, (count, 201)):
        sample = summary(values, scenario)
        for name, method in METHODS.items():
            try:
                mean, _ = method(sample)
            except InvalidInput:
                continue
            misses[name].append(mean / values.mean() - 1)
    bias = {name: abs(float(np.median(found))) for name, found in misses.items()}
    assert all(len(found) > 0.6 * count for found in misses.values())
    assert bias["box-cox"] < bias["normal"]
    assert bias["fitted"] < bias["normal"]
    assert max(bias["box-cox"], bias["fitted"]) < 0.04


def test_box_cox_refuses_much_skewed_data_with_quartiles_and_is_too_low_for_the_rest():
    misses, refused = [], 0
    for values in np.random.default_rng(11).lognormal(0, 0.8, (150, 101)):
        try:
            mean, sd, _ = box_cox(summary(values, "C3"))
        except InvalidInput:
            refused += 1
        else:
            misses.append((mean / values.mean() - 1, sd / values.std(ddof=1) - 1))
    assert 0.2 < refused / 150 < 0.6
    mean, sd = np.mean(misses, axis=0)
    assert -0.15 < mean < -0.04
    assert -0.35 < sd < -0.08


@pytest.mark.parametrize("count", few_or_many(18, 40))
def test_the_fitted_method_takes_the_same_data_with_less_error(count):
    samples = np.random.default_rng(11).lognormal(0, 0.8, (count, 101))
    found = [(fitted(summary(values, "C3"))[:2], values) for values in samples]
    mean, sd = np.mean([(m / v.mean() - 1, s / v.std(ddof=1) - 1) for (m, s), v in found], axis=0)
    assert abs(mean) < 0.08
    assert abs(sd) < 0.15


@pytest.mark.parametrize("count", few_or_many(18, 40))
def test_the_fitted_method_overstates_the_spread_of_few_people_with_their_range(count):
    samples = np.random.default_rng(11).normal(50, 8, (count, 25))
    ratios = [fitted(summary(values, "C1"))[1] / values.std(ddof=1) for values in samples]
    assert 1.08 < np.mean(ratios) < 1.25


def test_each_method_owns_up_to_its_weakness():
    quartiles = Quantiles(n=25, q1=2, median=3, q3=5)
    range_of_few = Quantiles(n=25, min=1, median=3, max=8)
    both = Quantiles(n=FEW_FOR_ENDS - 1, min=1, q1=2, median=3, q3=5, max=8)
    assert box_cox_caution(quartiles).code == "box-cox-low"
    assert [box_cox_caution(sample) for sample in (range_of_few, both)] == [None, None]
    assert fitted_caution(quartiles) is None
    assert "largest of 25 values" in fitted_caution(range_of_few).text
    assert fitted_caution(both).code == "range-of-few"
    assert fitted_caution(replace(both, n=FEW_FOR_ENDS)) is None


def test_a_result_that_the_range_does_not_allow_is_refused():
    # The closest distribution is log-normal with a long tail; 25 values from 0.2 to 40 have an SD of 20.3 at most.
    with pytest.raises(InvalidInput, match=r"does not suit the sample: the SD, 24\.8.*, is more than a range of 39\.8"):
        fitted(Quantiles(n=25, min=0.2, q1=2, median=3, q3=8, max=40))
    assert fitted(Quantiles(n=25, q1=2, median=3, q3=8))[2] == "log-normal"


@pytest.mark.parametrize("name", METHODS)
def test_a_change_of_unit_changes_the_results_in_proportion(name):
    sample = Quantiles(n=30, min=2, q1=4, median=6, q3=10, max=17)
    larger = Quantiles(n=30, min=200, q1=400, median=600, q3=1000, max=1700)
    assert METHODS[name](larger) == pytest.approx([100 * value for value in METHODS[name](sample)], rel=1e-9)


def test_symmetrical_values_need_no_power():
    sample = Quantiles(n=41, q1=90, median=100, q3=110)
    mean, sd, power = box_cox(sample)
    assert power == pytest.approx(1, abs=1e-6)
    assert (mean, sd) == pytest.approx((100, normal_sd(sample)), rel=1e-4)


def test_log_normal_quantiles_give_the_log_normal_moments():
    z = 0.6744897501960817
    sample = Quantiles(n=10_001, q1=math.exp(1 - 0.5 * z), median=math.exp(1), q3=math.exp(1 + 0.5 * z))
    mean = math.exp(1 + 0.125)
    sd = mean * math.sqrt(math.expm1(0.25))
    estimate = fitted(sample)
    assert estimate[2] == "log-normal"
    assert estimate[:2] == pytest.approx((mean, sd), rel=1e-8)
    assert box_cox(sample)[2] == pytest.approx(0, abs=1e-9)
    assert box_cox(sample)[:2] == pytest.approx((mean, sd), rel=2e-3)


@pytest.mark.parametrize(
    ("name", "values", "mean", "sd"),
    [
        # Quantiles of the exponential distribution with mean 5 (a gamma and a Weibull), and of beta(2, 2).
        ({"gamma", "Weibull"}, [5 * math.log(1 / 0.75), 5 * math.log(2), 5 * math.log(4)], 5, 5),
        ({"beta"}, [0.3263518223, 0.5, 0.6736481777], 0.5, math.sqrt(0.05)),
    ],
)
def test_exact_quantiles_lead_back_to_their_distribution(name, values, mean, sd):
    found = fitted(Quantiles(n=99, q1=values[0], median=values[1], q3=values[2]))
    assert found[2] in name
    assert found[:2] == pytest.approx((mean, sd), rel=1e-6)


@pytest.mark.parametrize("last_digits", [-3e-13, 0, 3e-13])
def test_of_equally_close_distributions_the_last_digits_do_not_choose(last_digits):
    low, high = 0.3263518223 + last_digits, 0.6736481777
    assert fitted(Quantiles(n=99, q1=low, median=0.5, q3=high))[2] == "beta"
    assert fitted(Quantiles(n=99, q1=low + 5, median=5.5, q3=high + 5))[2] == "normal"


def test_values_below_zero_are_fitted_by_the_normal_distribution_alone():
    mean, sd, name = fitted(Quantiles(n=50, q1=-3, median=-1, q3=1))
    assert name == "normal"
    assert (mean, sd) == pytest.approx((-1, 2 / 0.6744897501960817))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"n": 20, "q1": 0, "median": 2, "q3": 5}, "more than 0"),
        ({"n": 20, "q1": 2, "median": 2, "q3": 5}, "equals one of its neighbours"),
        ({"n": 9, "min": 1, "median": 2, "max": 900}, "so long a tail"),
    ],
)
def test_box_cox_refuses_what_it_cannot_do(values, word):
    with pytest.raises(InvalidInput, match=word):
        box_cox(Quantiles(**values))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"n": 4, "median": 2, "q1": 1, "q3": 3}, "at least 5"),
        ({"n": 12.5, "median": 2, "q1": 1, "q3": 3}, "whole"),
        ({"n": 9, "median": 2, "q1": 1}, "belong together"),
        ({"n": 9, "median": 2}, "only the median"),
        ({"n": 9, "median": 2, "q1": 1, "q3": float("nan")}, "finite"),
        ({"n": 9, "median": 2, "q1": 3, "q3": 4}, "median is 2; allowed: q1, 3, or more"),
        ({"n": 9, "median": 2, "q1": 2, "q3": 2}, "all values are the same"),
        ({"n": 9, "median": 2, "min": 1, "q1": 2, "q3": 2, "max": 4}, "all values are the same"),
    ],
)
def test_impossible_quantiles_are_refused(values, word):
    with pytest.raises(InvalidInput, match=word):
        Quantiles(**values)


@pytest.mark.parametrize("scenario", ["C1", "C2", "C3"])
@pytest.mark.parametrize("n", [21, 101])
def test_the_skewness_test_alarms_in_about_one_of_twenty_normal_samples(scenario, n):
    random = np.random.default_rng(2023)
    samples = summaries(random.normal(0, 1, (4000, n)), scenario)
    alarms = [skewness_caution(sample) is not None for sample in samples]
    assert 0.033 < np.mean(alarms) < 0.067


def test_the_skewness_test_finds_skewed_samples():
    random = np.random.default_rng(2)
    samples = summaries(random.lognormal(0, 1, (200, 101)), "C2")
    assert np.mean([skewness(sample)[0] > skewness(sample)[1] for sample in samples]) > 0.95
    caution = skewness_caution(samples[0])
    assert caution.code == "skewed-quantiles"


@settings(deadline=None, max_examples=12)
@given(st.lists(st.floats(0.1, 1000), min_size=5, max_size=5, unique=True), st.integers(5, 400))
def test_any_positive_quantiles_give_finite_numbers_or_a_refusal(values, n):
    low, q1, median, q3, high = sorted(values)
    for sample in (
        Quantiles(n=n, min=low, q1=q1, median=median, q3=q3, max=high),
        Quantiles(n=n, q1=q1, median=median, q3=q3),
    ):
        for method in METHODS.values():
            try:
                mean, sd = method(sample)
            except InvalidInput:
                continue
            assert math.isfinite(mean)
            assert sd > 0


@pytest.mark.parametrize(
    ("statistics", "codes"),
    [
        ({"median": 5, "q1": 6, "q3": 4}, ["quantile-order", "quantile-order"]),
        ({"mean": 12, "min": 1, "max": 10}, ["mean-outside-range"]),
        ({"sd": 6, "min": 0, "max": 10, "n": 100}, ["sd-over-range"]),
        ({"sd": 5.02, "min": 0, "max": 10, "n": 100}, []),
        ({"sd": 7.07, "min": 0, "max": 10, "n": 2}, []),
        ({"mean": 10, "median": 4, "sd": 5}, ["mean-far-from-median"]),
        ({"mean": 8, "median": 4, "sd": 5, "min": 1, "q1": 2, "q3": 9, "max": 30, "n": 20}, []),
        ({}, []),
    ],
)
def test_statistics_that_cannot_be_true_together_are_reported(statistics, codes):
    assert [problem.code for problem in implausible(**statistics)] == codes


def test_a_search_that_strays_where_numbers_overflow_is_refused_and_not_warned_of():
    with pytest.raises(InvalidInput, match="does not suit the sample"):
        fitted(Quantiles(n=19, min=1, q1=1.5, median=2, q3=3, max=296))

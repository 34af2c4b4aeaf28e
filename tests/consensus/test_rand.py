"""RAND/UCLA: printed tables, mirrored scales, and everything that ratings can be."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stromata.consensus import appropriateness, count_agreement, count_limits, ipras, percentile, rate
from stromata.consensus.data import load
from stromata.consensus.rand import BANDS, band_of, median
from stromata.errors import InvalidInput
from stromata.model.consensus import Vote

RATINGS = st.lists(st.integers(1, 9), min_size=1, max_size=30)
METHODS = {
    "linear": "linear",
    "weibull": "weibull",
    "hazen": "hazen",
    "median-unbiased": "median_unbiased",
    "averaged": "averaged_inverted_cdf",
}
MIRRORED = {"appropriate": "inappropriate", "inappropriate": "appropriate", "uncertain": "uncertain"}


def mirror(ratings):
    return [10 - rating for rating in ratings]


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(ratings=RATINGS, share=st.sampled_from(["0.25", "0.3", "0.5", "0.7", "0.75"]))
def test_percentiles_are_those_of_numpy(method, ratings, share):
    expected = np.quantile(ratings, float(share), method=METHODS[method])
    assert float(percentile(ratings, share, method=method)) == pytest.approx(expected, abs=1e-9)


def test_the_definition_of_the_percentile_matters():
    ratings = [1, 2, 3, 7, 8, 9, 9]
    assert percentile(ratings, "0.3", method="linear") == Fraction("2.8")
    assert percentile(ratings, "0.3", method="weibull") == Fraction("2.4")
    assert percentile(ratings, "0.3", method="averaged") == 3


@pytest.mark.parametrize(("ratings", "share"), [([], "0.3"), ([5], "0"), ([5], "1")])
def test_a_percentile_that_cannot_be_is_refused(ratings, share):
    with pytest.raises(InvalidInput):
        percentile(ratings, share)


@pytest.mark.parametrize("row", load("rand")["counts"]["printed"], ids=lambda row: str(row["from"]))
def test_the_general_rule_gives_the_printed_table(row):
    for n in range(row["from"], row["to"] + 1):
        assert count_limits(n) == (row["outside_max"], row["extreme_min"])


@pytest.mark.parametrize("row", load("rand")["counts"]["extension"], ids=lambda row: str(row["from"]))
def test_the_general_rule_gives_the_printed_extension(row):
    assert [count_limits(n)[0] for n in range(row["from"], row["to"] + 1)] == [row["outside_max"]] * 3


def test_limits_grow_with_the_panel_one_at_a_time():
    thirds = [count_limits(n)[1] for n in range(1, 400)]
    assert {b - a for a, b in pairwise(thirds)} == {0, 1}
    assert all(abs(third - n / 3) <= 0.5 for n, third in enumerate(thirds, 1) if n > 1)
    with pytest.raises(InvalidInput):
        count_limits(0)


@pytest.mark.parametrize(
    ("ratings", "verdict"),
    [
        ([7] * 7 + [1, 1], "agreement"),
        ([7] * 6 + [1, 1, 4], "indeterminate"),
        ([7] * 6 + [3, 3, 3], "disagreement"),
        ([7] * 6 + [3, 3, 4], "indeterminate"),
        ([1], "agreement"),
        ([1, 9], "disagreement"),
        ([1, 5, 9], "disagreement"),
        ([7, 8], "agreement"),
    ],
)
def test_agreement_and_disagreement_by_count(ratings, verdict):
    assert count_agreement(ratings).verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "expected"), [("7", "8", "6.1"), ("2", "8", "2.35"), ("7", "9", "6.85"), ("3", "6", "3.10")]
)
def test_ipras_by_hand(low, high, expected):
    assert ipras(low, high)[0] == Fraction(expected)


def test_a_range_equal_to_its_limit_is_no_disagreement():
    """P30 = 2.6 and P70 = 6: the range is 3.4, and 2.35 + 1.5 x 0.7 is 3.4 as well. Floating point would waver."""
    found = rate([1, 1, 1, 5, 5, 6, 6, 6, 6])
    assert (found.ipr, found.ipras, found.disagreement) == (3.4, 3.4, False)
    assert 2.35 + 1.5 * abs(5 - (2.6 + 6) / 2) != 6 - 2.6


@pytest.mark.parametrize("disagreement", ["ipras", "count", "either"])
@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(ratings=RATINGS)
def test_a_mirrored_scale_gives_the_mirrored_class(method, disagreement, ratings):
    one = rate(ratings, method=method, disagreement=disagreement)
    other = rate(mirror(ratings), method=method, disagreement=disagreement)
    assert other.appropriateness == MIRRORED[one.appropriateness]
    assert (other.ipras, other.ipr, other.iqr) == (one.ipras, one.ipr, one.iqr)
    assert other.median == 10 - one.median
    assert (other.disagreement, other.counts.verdict) == (one.disagreement, one.counts.verdict)


@settings(max_examples=60, deadline=None)
@given(ratings=RATINGS, order=st.randoms(use_true_random=False))
def test_the_order_of_panellists_does_not_matter(ratings, order):
    shuffled = list(ratings)
    order.shuffle(shuffled)
    assert rate(shuffled) == rate(ratings)


@settings(max_examples=60, deadline=None)
@given(score=st.integers(1, 9), n=st.integers(1, 40))
def test_a_unanimous_panel_agrees_and_is_classed_by_its_vote(score, n):
    found = rate([score] * n)
    expected = "inappropriate" if score <= 3 else "appropriate" if score >= 7 else "uncertain"
    assert found.appropriateness == expected
    assert (found.iqr, found.ipr, found.disagreement) == (0, 0, False)
    assert (found.counts.verdict, found.counts.outside) == ("agreement", 0)


@settings(max_examples=60, deadline=None)
@given(ratings=RATINGS, place=st.integers(0, 29))
def test_a_higher_vote_never_lowers_the_median(ratings, place):
    raised = list(ratings)
    at = place % len(raised)
    raised[at] = min(raised[at] + 1, 9)
    assert median(raised) >= median(ratings)
    assert percentile(raised, "0.3") >= percentile(ratings, "0.3")


@settings(max_examples=60, deadline=None)
@given(ratings=RATINGS)
def test_the_class_follows_from_median_and_disagreement(ratings):
    found = rate(ratings)
    scores = set(BANDS[found.tertile])
    if found.disagreement:
        assert found.appropriateness == "uncertain"
    elif found.median == int(found.median):
        assert int(found.median) in scores


@settings(max_examples=100, deadline=None)
@given(ratings=RATINGS)
def test_the_same_by_plain_floating_point(ratings):
    """Away from ties, the method written down in five lines of NumPy gives the same."""
    p30, p70 = np.quantile(ratings, [0.3, 0.7])
    limit = 2.35 + 1.5 * abs(5 - (p30 + p70) / 2)
    found = rate(ratings)
    assert (found.ipr, found.ipras) == (pytest.approx(p70 - p30), pytest.approx(limit))
    if abs(p70 - p30 - limit) > 1e-9:
        middle = np.median(ratings)
        plain = "appropriate" if middle >= 7 else "inappropriate" if middle <= 3 else "uncertain"
        assert found.appropriateness == ("uncertain" if p70 - p30 > limit else plain)


def test_all_at_both_ends_is_disagreement():
    found = rate([1] * 5 + [9] * 5)
    assert (found.ipr, found.ipras, found.disagreement, found.appropriateness) == (8, 2.35, True, "uncertain")


@pytest.mark.parametrize(
    ("ratings", "half_medians", "band", "kind"),
    [
        ([6, 6, 7, 7], "middle", "4-6", "uncertain"),
        ([6, 6, 7, 7], "higher", "7-9", "appropriate"),
        ([3, 3, 4, 4], "middle", "4-6", "uncertain"),
        ([3, 3, 4, 4], "higher", "4-6", "uncertain"),
    ],
)
def test_half_medians_follow_the_stated_rule_and_are_told(ratings, half_medians, band, kind):
    found = rate(ratings, half_medians=half_medians)
    assert (found.tertile, found.appropriateness) == (band, kind)
    assert "half-median" in {caution.code for caution in found.cautions}


@pytest.mark.parametrize(
    ("value", "band"), [(3, "1-3"), (3.5, "4-6"), (4, "4-6"), (6, "4-6"), (6.5, "4-6"), (7, "7-9")]
)
def test_bands(value, band):
    assert band_of(value) == band


def test_the_two_rules_of_disagreement_can_differ_and_say_so():
    ratings = [3, 3, 3, 7, 7, 7, 7, 7, 7]
    by_range = rate(ratings)
    assert (by_range.disagreement, by_range.counts.verdict) == (False, "disagreement")
    assert by_range.appropriateness == "appropriate"
    assert "rules-differ" in {caution.code for caution in by_range.cautions}
    assert rate(ratings, disagreement="count").appropriateness == "uncertain"
    assert rate(ratings, disagreement="either").appropriateness == "uncertain"


def test_nobody_rated():
    found = rate([], statement="S", unable=4)
    assert (found.n, found.unable, found.appropriateness, found.median) == (0, 4, None, None)
    assert [caution.code for caution in found.cautions] == ["no-ratings"]


def test_small_and_large_panels_are_told_apart_from_the_table():
    assert "panel-size" not in {caution.code for n in range(8, 17) for caution in rate([7] * n).cautions}
    assert all("panel-size" in {caution.code for caution in rate([7] * n).cautions} for n in (1, 7, 17))


@pytest.mark.parametrize("wrong", [0, 10, -1])
def test_ratings_off_the_scale_are_refused(wrong):
    with pytest.raises(InvalidInput, match=str(wrong)):
        rate([5, wrong])


def test_each_statement_is_taken_in_its_own_last_round():
    votes = [Vote("A", "x", 1, 2), Vote("B", "x", 1, 3), Vote("A", "x", 2, 8), Vote("A", "y", 2, None)]
    first, second = appropriateness(votes)
    assert (first.statement, first.round, first.n, first.unable, first.median) == ("A", 2, 1, 1, 8)
    assert (second.statement, second.round, second.median) == ("B", 1, 3)
    assert [one.statement for one in appropriateness(votes, round_number=1)] == ["A", "B"]
    assert [one.statement for one in appropriateness(votes, round_number=2)] == ["A"]


def test_a_round_without_votes_is_refused_and_no_votes_are_none():
    with pytest.raises(InvalidInput, match="round 3"):
        appropriateness([Vote("A", "x", 1, 2)], round_number=3)
    assert appropriateness([]) == ()


def test_the_conflict_about_the_constant_is_recorded():
    text = load("rand")["constants"]["conflict"]
    assert "2.35" in text
    assert "2.5" in text

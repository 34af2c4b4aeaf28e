"""Measures between rounds, against scipy and plain matrix algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stromata.consensus import concordance, kendall_w, mcnemar, stability, weighted_kappa
from stromata.consensus.stability import EXACT_PAIRS, variation
from stromata.errors import InvalidInput
from stromata.model.consensus import Vote

PAIRS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12)


def between(first, second):
    votes = [Vote("S", f"p{at}", 1, score) for at, score in enumerate(first)]
    votes += [Vote("S", f"p{at}", 2, score) for at, score in enumerate(second)]
    (found,) = stability(votes, before=1, after=2)
    return found


def test_the_variation_of_two_rounds_by_hand():
    found = between([7, 8, 6, 9, 7], [7, 8, 7, 8, 7])
    assert found.cv_before == pytest.approx(0.1541, abs=5e-5)
    assert found.cv_after == pytest.approx(0.0740, abs=5e-5)
    assert found.cv_difference == pytest.approx(0.0801, abs=5e-5)
    assert (found.pairs, found.changed, found.changed_band) == (5, 40, 20)


def test_variation_needs_two_ratings():
    assert variation([5]) is None
    assert variation([5, 5]) == 0


def test_only_people_of_both_rounds_are_paired():
    votes = [Vote("S", "a", 1, 7), Vote("S", "b", 1, 2), Vote("S", "c", 1, None)]
    votes += [Vote("S", "a", 2, 8), Vote("S", "c", 2, 5), Vote("S", "d", 2, 9), Vote("T", "a", 2, 1)]
    (found,) = stability(votes, before=1, after=2)
    assert (found.statement, found.pairs, found.changed, found.changed_band) == ("S", 1, 100, 0)


def test_nobody_in_both_rounds():
    (found,) = stability([Vote("S", "a", 1, 7), Vote("S", "b", 2, 7)], before=1, after=2)
    assert (found.pairs, found.changed, found.kappa, found.wilcoxon_p, found.mcnemar_p) == (0, None, None, None, None)


def test_rounds_in_the_wrong_order_are_refused():
    with pytest.raises(InvalidInput):
        stability([], before=2, after=2)


@settings(max_examples=60, deadline=None)
@given(pairs=PAIRS)
def test_weighted_kappa_by_matrix_algebra(pairs):
    for weights, power in (("none", 0), ("linear", 1), ("quadratic", 2)):
        table = np.zeros((9, 9))
        for a, b in pairs:
            table[a - 1, b - 1] += 1
        at = np.arange(9)
        gap = np.abs(at[:, None] - at[None, :])
        cost = (gap > 0).astype(float) if power == 0 else gap.astype(float) ** power
        expected = np.outer(table.sum(1), table.sum(0)) / len(pairs)
        found = weighted_kappa(pairs, weights=weights)
        if (cost * expected).sum() == 0:
            assert found is None
        else:
            assert found == pytest.approx(1 - (cost * table).sum() / (cost * expected).sum())


def test_kappa_of_perfect_agreement_and_of_one_value_throughout():
    assert weighted_kappa([(1, 1), (5, 5)]) == 1
    assert weighted_kappa([(5, 5), (5, 5)]) is None
    assert weighted_kappa([]) is None


def test_a_far_disagreement_weighs_more_than_a_near_one():
    near, far = [(1, 1), (9, 9), (5, 6)], [(1, 1), (9, 9), (5, 9)]
    assert weighted_kappa(near) > weighted_kappa(far)


@settings(max_examples=60, deadline=None)
@given(up=st.integers(0, 12), down=st.integers(0, 12), same=st.integers(0, 3))
def test_mcnemar_is_the_binomial_test_of_those_who_moved(up, down, same):
    found = mcnemar([(False, True)] * up + [(True, False)] * down + [(True, True)] * same)
    if not up + down:
        assert found is None
    else:
        assert found == pytest.approx(stats.binomtest(up, up + down).pvalue)


def test_wilcoxon_without_ties_is_that_of_scipy():
    first, second = [5, 5, 2, 1, 1, 9], [4, 7, 5, 5, 6, 3]  # moves of -1, 2, 3, 4, 5, -6
    expected = stats.wilcoxon(np.subtract(second, first), method="exact").pvalue
    assert between(first, second).wilcoxon_p == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2, max_size=8))
def test_wilcoxon_with_ties_is_exact(pairs):
    """All sign patterns, one by one."""
    moves = np.array([b - a for a, b in pairs if a != b])
    found = between([a for a, _ in pairs], [b for _, b in pairs]).wilcoxon_p
    if not len(moves):
        assert found is None
        return
    ranks = stats.rankdata(np.abs(moves))
    signs = (np.arange(2 ** len(moves))[:, None] >> np.arange(len(moves))) & 1
    sums = signs @ ranks
    seen = ranks[moves > 0].sum()
    low = min(seen, ranks.sum() - seen)
    assert found == pytest.approx(min(1, 2 * np.mean(sums <= low + 1e-9)))


def test_wilcoxon_of_a_large_panel_is_close_to_scipy():
    rng = np.random.default_rng(3)
    first = rng.integers(1, 10, 400)
    second = np.clip(first + rng.integers(-2, 4, 400), 1, 9)
    assert sum(first != second) > EXACT_PAIRS
    expected = stats.wilcoxon((second - first).tolist()).pvalue
    assert between(first.tolist(), second.tolist()).wilcoxon_p == pytest.approx(expected, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.permutations([1, 2, 3, 4, 5]), min_size=2, max_size=6))
def test_kendall_w_is_the_mean_rank_correlation(rows):
    """Without ties W = (1 + (m - 1) r) / m with r the mean of Spearman's rho over all pairs of raters."""
    m = len(rows)
    pairs = [(a, b) for a in range(m) for b in range(a)]
    mean = np.mean([stats.spearmanr(rows[a], rows[b]).statistic for a, b in pairs])
    assert kendall_w(rows) == pytest.approx((1 + (m - 1) * mean) / m, abs=1e-9)


def test_kendall_w_with_ties():
    assert kendall_w([[1, 1, 9], [1, 1, 9], [2, 2, 3]]) == pytest.approx(1)
    assert kendall_w([[5, 5, 5], [7, 7, 7]]) is None
    assert kendall_w([[5, 5, 5], [1, 2, 3]]) == pytest.approx(0.5)


def test_kendall_w_of_too_little():
    assert kendall_w([]) is None
    assert kendall_w([[1, 2]]) is None
    assert kendall_w([[1], [2]]) is None
    with pytest.raises(InvalidInput):
        kendall_w([[1, 2], [1]])


def test_concordance_rests_on_those_who_rated_everything():
    votes = [
        Vote(s, p, 1, score)
        for p, scores in (("a", (1, 5)), ("b", (2, 6)))
        for s, score in zip("ST", scores, strict=True)
    ]
    votes += [Vote("S", "c", 1, 9), Vote("T", "c", 1, None)]
    assert concordance(votes, round_number=1) == (1, 2, 2)

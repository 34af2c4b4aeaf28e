"""Tests of asymmetry on tables: against their formulas by plain matrices, and what they do with odd tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stromata.errors import InvalidInput
from stromata.synthesis.bias.asymmetry import kendall, ranktest, regtest
from stromata.synthesis.bias.table_asymmetry import ranktest_tables, regtest_tables
from stromata.synthesis.effects.sizes import effect_sizes

A = np.array([4.0, 6, 3, 62, 33, 18, 0])
N1 = np.array([123.0, 306, 231, 1366, 506, 254, 40])
C = np.array([11.0, 29, 11, 248, 47, 29, 3])
N2 = np.array([139.0, 303, 220, 1290, 629, 248, 44])
TABLES = {"ai": A, "n1i": N1, "ci": C, "n2i": N2}
M, N = A + C, N1 + N2
KINDS = ("harbord", "peters", "deeks", "macaskill", "macaskill-pooled")


def codes(found):
    return [caution.code for caution in found.cautions]


def weighted_line(y, w, x):
    """Slope, its standard error and p of weighted least squares, from the definition."""
    columns = np.column_stack((np.ones(len(y)), x))
    inverse = np.linalg.inv(columns.T @ np.diag(w) @ columns)
    beta = inverse @ columns.T @ (w * y)
    df = len(y) - 2
    se = math.sqrt(w @ (y - columns @ beta) ** 2 / df * inverse[1, 1])
    return beta[1], se, 2 * stats.t.sf(abs(beta[1] / se), df)


def by_formula(kind):
    half = np.where((A == 0) | (C == 0), 0.5, 0.0)
    cells = [each + half for each in (A, N1 - A, C, N2 - C)]
    y, v = np.log(cells[0] * cells[3] / cells[1] / cells[2]), sum(1 / each for each in cells)
    score, variance = A - N1 * M / N, N1 * N2 * M * (N - M) / (N * N * (N - 1))
    size, pooled = 4 * N1 * N2 / N, 1 / (1 / M + 1 / (N - M))
    return {
        "harbord": (score / variance, variance, variance**-0.5),
        "peters": (y, pooled, 1 / N),
        "deeks": (y, size, size**-0.5),
        "macaskill": (y, 1 / v, N),
        "macaskill-pooled": (y, pooled, N),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_test_is_its_papers_weighted_regression(kind):
    found = regtest_tables(**TABLES, type=kind)
    slope, se, p = weighted_line(*by_formula(kind))
    assert (found.k, found.df, found.tau2) == (7, 5, None)
    assert found.slope == pytest.approx(slope, rel=1e-9)
    assert found.se == pytest.approx(se, rel=1e-9)
    assert found.statistic == pytest.approx(slope / se, rel=1e-9)
    assert found.p == pytest.approx(p, rel=1e-8)


def test_the_arcsine_test_is_the_mixed_regression_of_arcsine_differences():
    found = regtest_tables(**TABLES, type="arcsine")
    plain = regtest(effect_sizes("AS", **TABLES), model="rma", method="reml", test="t")
    assert (found.slope, found.se, found.p, found.tau2) == (plain.slope, plain.se, plain.p, plain.tau2)


def moments(a, n1, m, n2, ratio):
    """Mean and variance of the noncentral hypergeometric distribution, by the sum over all tables."""
    low, high = int(max(0, m - n2)), int(min(n1, m))
    x = np.arange(low, high + 1)
    weights = [math.comb(int(n1), int(i)) * math.comb(int(n2), int(m - i)) * ratio ** float(i - a) for i in x]
    p = np.array([float(each) for each in weights])
    p /= p.sum()
    mean = p @ x
    return mean, p @ (x - mean) ** 2


@pytest.mark.parametrize("add", [0.0, 0.5])
def test_schwarzers_ranks_are_those_of_standardised_counts(add):
    some = np.array([0, 2, 5, 6])
    a, n1, c, n2 = A[some], N1[some], C[some], N2[some]
    half = np.where(a == 0, add, 0.0)
    total = n1 + n2 + 4 * half
    top, bottom = (a + half) * (n2 - c + half) / total, (n1 - a + half) * (c + half) / total
    found = [moments(*each, top.sum() / bottom.sum()) for each in zip(a, n1, a + c, n2, strict=True)]
    mean, variance = np.array(found).T
    tau, p, exact = kendall((a - mean) / np.sqrt(variance), 1 / variance)
    ours = ranktest_tables(a, n1, c, n2, add=add)
    assert (ours.k, ours.exact) == (4, exact)
    assert (ours.tau, ours.p) == pytest.approx((tau, p), rel=1e-9)


def test_the_arcsine_ranks_are_beggs_test_of_arcsine_differences():
    plain = ranktest(effect_sizes("AS", **TABLES))
    found = ranktest_tables(**TABLES, type="arcsine")
    assert (found.tau, found.p) == (plain.tau, plain.p)


def test_tables_without_events_are_named_and_only_arcsines_keep_them():
    tables = {name: np.append(values, 0.0 if name in {"ai", "ci"} else 30.0) for name, values in TABLES.items()}
    labels = [*"abcdefg", "empty"]
    for found in (regtest_tables(**tables, type="peters", labels=labels), ranktest_tables(**tables, labels=labels)):
        assert found.k == 7
        assert "empty" in next(each.text for each in found.cautions if each.code == "tables-left-out")
        assert "few-for-asymmetry" in codes(found)
    for found in (regtest_tables(**tables, type="arcsine"), ranktest_tables(**tables, type="arcsine")):
        assert found.k == 8
        assert "tables-left-out" not in codes(found)


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(InvalidInput, match="there are 2"):
        regtest_tables(A[:2], N1[:2], C[:2], N2[:2], type="peters")
    with pytest.raises(InvalidInput, match="does not vary"):
        regtest_tables([3, 4, 5, 6], [40] * 4, [5, 6, 7, 9], [40] * 4, type="deeks")
    with pytest.raises(InvalidInput, match="must be whole"):
        ranktest_tables([3.5, 4, 5], [40, 50, 60], [5, 6, 7], [40, 50, 60])
    with pytest.raises(InvalidInput, match="no common odds ratio"):
        ranktest_tables([0, 0, 0], [40, 50, 60], [5, 6, 7], [40, 50, 60])
    with pytest.raises(InvalidInput, match="no type 'begg'"):
        regtest_tables(**TABLES, type="begg")
    with pytest.raises(InvalidInput, match="add is -1"):
        ranktest_tables(**TABLES, add=-1)


@given(st.permutations(range(7)), st.sampled_from(KINDS))
def test_the_order_of_studies_does_not_matter(order, kind):
    order = list(order)
    found = regtest_tables(A[order], N1[order], C[order], N2[order], type=kind)
    plain = regtest_tables(**TABLES, type=kind)
    assert found.statistic == pytest.approx(plain.statistic, rel=1e-8)
    mixed, straight = ranktest_tables(A[order], N1[order], C[order], N2[order]), ranktest_tables(**TABLES)
    assert mixed.tau == pytest.approx(straight.tau, abs=1e-12)


@given(st.sampled_from(KINDS))
def test_arms_that_change_places_turn_the_sign(kind):
    plain = regtest_tables(**TABLES, type=kind)
    turned = regtest_tables(C, N2, A, N1, type=kind)
    assert turned.slope == pytest.approx(-plain.slope, rel=1e-8)
    assert turned.p == pytest.approx(plain.p, rel=1e-8)

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, nchypergeom_fisher
from scipy.stats.contingency import odds_ratio

from stromata.synthesis.pooling.conditional import common_odds_ratio, homogeneity

tables = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8)).filter(
        lambda t: t[0] + t[1] > 0 and t[2] + t[3] > 0
    ),
    min_size=1,
    max_size=4,
)


def exact(cells, level=0.95):
    a, b, c, d = np.array(cells, dtype=float).T
    return common_odds_ratio(a, a + b, a + c, c + d, level=level)


@given(tables.filter(lambda t: len(t) == 1))
def test_one_table_gives_fishers_interval(cells):
    found = exact(cells)
    a, b, c, d = cells[0]
    reference = odds_ratio([[a, b], [c, d]], kind="conditional")
    if found is None:
        assert math.isnan(reference.statistic)
        return
    low, high = reference.confidence_interval(0.95)
    assert found.estimate == pytest.approx(reference.statistic, rel=1e-6)
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-6), pytest.approx(high, rel=1e-6))


@given(tables)
@settings(max_examples=40)
def test_the_bounds_leave_half_the_error_in_each_tail(cells):
    found = exact(cells, level=0.9)
    if found is None:
        return
    a = np.array(cells)[:, 0].sum()

    def tails(ratio):
        total, start = np.ones(1), 0
        for x, b, c, d in cells:
            n1, n2, m = x + b, c + d, x + c
            support = range(max(0, m - n2), min(n1, m) + 1)
            weights = np.array([math.comb(n1, i) * math.comb(n2, m - i) * ratio**i for i in support])
            total, start = np.convolve(total, weights / weights.sum()), start + support[0]
        counts = start + np.arange(len(total))
        return total[counts >= a].sum(), total[counts <= a].sum()

    if found.low > 0:
        assert tails(found.low)[0] == pytest.approx(0.05, rel=1e-9)
    if found.high < math.inf:
        assert tails(found.high)[1] == pytest.approx(0.05, rel=1e-9)
    assert found.p == pytest.approx(min(1.0, 2 * min(tails(1.0))), rel=1e-9)
    assert found.low <= found.estimate <= found.high


@given(tables)
@settings(max_examples=40)
def test_swapping_the_arms_inverts_everything(cells):
    here, there = exact(cells), exact([(c, d, a, b) for a, b, c, d in cells])
    if here is None:
        assert there is None
        return
    for one, other in ((here.low, there.high), (here.estimate, there.estimate), (here.high, there.low)):
        assert (1 / one if one else math.inf) == pytest.approx(other, rel=1e-9)


def test_large_tables_do_not_underflow():
    found = exact([(400, 99600, 300, 99700), (50, 49950, 30, 49970)])
    assert found.low < found.estimate < found.high
    assert found.estimate == pytest.approx(1.365, abs=0.01)
    assert found.p == pytest.approx(
        fisher_exact([[450, 149550], [330, 149670]])[1], rel=0.2
    )  # not the same test, but of the same order
    assert 0 < found.p < 1e-3


def test_margins_that_leave_no_choice_estimate_nothing():
    assert exact([(0, 5, 0, 6), (4, 0, 7, 0)]) is None


def test_homogeneity_is_the_sum_over_tables_of_what_the_hypergeometric_distribution_expects():
    cells = np.array([[4, 6, 2, 8], [1, 9, 7, 3], [5, 5, 4, 6]], dtype=float)
    a, b, c, d = cells.T
    found = common_odds_ratio(a, a + b, a + c, c + d, level=0.95)
    q, df = homogeneity(a, a + b, a + c, c + d, log_ratio=math.log(found.estimate))
    expected, total = 0.0, 0.0
    for w, x, y, z in cells:
        law = nchypergeom_fisher(w + x + y + z, w + x, w + y, found.estimate)
        expected += (w - law.mean()) ** 2 / law.var()
        total += w - law.mean()
    assert (q, df) == (pytest.approx(expected, rel=1e-8), 2)
    assert total == pytest.approx(0, abs=1e-9)  # why Tarone's correction is 0


@given(tables)
def test_the_p_value_leaves_one_out_just_where_the_interval_does(cells):
    found = exact(cells)
    if found is None:
        return
    outside = found.low > 1 or found.high < 1
    assert outside == (found.p < 0.05) or found.p == pytest.approx(0.05, rel=1e-9)

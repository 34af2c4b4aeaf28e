import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stromata.synthesis.pooling import mantel_haenszel
from synthesis.published import BCG

TABLES = tuple(np.array(BCG[name], dtype=float) for name in ("ai", "bi", "ci", "di"))
TESTS = {
    "cmh": 135.688943723906,
    "cochran": 135.70871485512,
    "breslow-day": 171.765366579396,
    "tarone": 171.756672993871,
}

some_tables = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=6
).map(lambda rows: tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True)))


# dat.bcg; rma.mh and rma.peto of metafor 3.8-1.
@pytest.mark.parametrize(
    ("function", "estimate", "se"),
    [
        (mantel_haenszel.odds_ratio, -0.473410988388585, 0.0410077784042314),
        (mantel_haenszel.risk_ratio, -0.453709604683754, 0.0393373668712944),
        (mantel_haenszel.risk_difference, -0.003288181832613, 0.000286656748527374),
    ],
)
def test_estimates_agree_with_metafor(function, estimate, se):
    found = function(*TABLES)
    assert (found.estimate, found.se) == (pytest.approx(estimate, rel=1e-12), pytest.approx(se, rel=1e-12))
    assert found.weights.sum() == pytest.approx(100)


def test_tests_agree_with_metafor():
    found = {test.name: test for test in mantel_haenszel.odds_ratio(*TABLES).tests}
    assert set(found) == set(TESTS)
    for name, statistic in TESTS.items():
        assert found[name].statistic == pytest.approx(statistic, rel=1e-12)
    assert (found["breslow-day"].df, found["cmh"].df) == (12, 1)
    plain = {test.name: test for test in mantel_haenszel.odds_ratio(*TABLES, correct=False).tests}
    assert plain["cmh"].statistic == pytest.approx(136.162976744635, rel=1e-12)
    assert plain["tarone"] == found["tarone"]


def test_peto_agrees_with_metafor():
    found, q, df = mantel_haenszel.peto(*TABLES)
    assert found.estimate == pytest.approx(-0.474446310940636, rel=1e-12)
    assert found.se == pytest.approx(0.0406590807446483, rel=1e-12)
    assert (q, df) == (pytest.approx(167.730167511489, rel=1e-12), 12)


def test_the_older_variance_of_the_risk_difference_agrees_with_meta():
    # metabin(sm="RD", method="MH") of R's meta; it takes Greenland and Robins's.
    a, b, c, d = TABLES
    n1, n2 = a + b, c + d
    w = n1 * n2 / (n1 + n2)
    p1, p2 = a / n1, c / n2
    expected = math.sqrt((w**2 * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)).sum()) / w.sum()
    found = mantel_haenszel.risk_difference(*TABLES, sparse=False)
    assert found.se == pytest.approx(expected, rel=1e-12)
    assert found.se != pytest.approx(0.000286656748527374, rel=1e-3)


@given(some_tables)
def test_one_table_gives_its_own_estimates(tables):
    a, b, c, d = (column[:1] for column in tables)
    ratio = mantel_haenszel.odds_ratio(a, b, c, d)
    assert ratio.estimate == pytest.approx(math.log(a[0] * d[0] / (b[0] * c[0])), abs=1e-12)
    assert ratio.se == pytest.approx(math.sqrt(sum(1 / x[0] for x in (a, b, c, d))), rel=1e-12)
    risk = mantel_haenszel.risk_ratio(a, b, c, d)
    n1, n2 = a[0] + b[0], c[0] + d[0]
    assert risk.se == pytest.approx(math.sqrt(1 / a[0] - 1 / n1 + 1 / c[0] - 1 / n2), rel=1e-9)
    older = mantel_haenszel.risk_difference(a, b, c, d, sparse=False)
    assert older.se == pytest.approx(math.sqrt(a[0] * b[0] / n1**3 + c[0] * d[0] / n2**3), rel=1e-9)
    rates = mantel_haenszel.rate_ratio(a, b, c, d)
    assert rates.estimate == pytest.approx(math.log(a[0] / b[0] / (c[0] / d[0])), abs=1e-12)
    assert rates.se == pytest.approx(math.sqrt(1 / a[0] + 1 / c[0]), rel=1e-12)
    difference = mantel_haenszel.rate_difference(a, b, c, d)
    assert difference.se == pytest.approx(math.sqrt(a[0] / b[0] ** 2 + c[0] / d[0] ** 2), rel=1e-12)


@given(some_tables)
def test_swapping_the_arms_turns_the_sign(tables):
    a, b, c, d = tables
    for function in (mantel_haenszel.odds_ratio, mantel_haenszel.risk_ratio, mantel_haenszel.rate_ratio):
        here, there = function(a, b, c, d), function(c, d, a, b)
        assert here.estimate == pytest.approx(-there.estimate, abs=1e-10)
        assert here.se == pytest.approx(there.se, rel=1e-10)
    assert mantel_haenszel.risk_difference(a, b, c, d).se == pytest.approx(
        mantel_haenszel.risk_difference(c, d, a, b).se, rel=1e-9
    )


@given(some_tables, st.floats(0.2, 5))
def test_expected_tables_have_the_common_odds_ratio_and_their_margins(tables, ratio):
    a, b, c, d = tables
    expected = mantel_haenszel._expected(a + b, c + d, a + c, ratio)
    x, y, z = expected, a + b - expected, a + c - expected
    rest = d - a + expected
    assert np.all(x > 0)
    assert np.all(y > 0)
    assert np.all(z > 0)
    assert np.all(rest > 0)
    assert x * rest / (y * z) == pytest.approx(np.full(len(a), ratio), rel=1e-8)


def test_tables_in_which_nobody_had_the_event_change_nothing_of_a_ratio():
    silent = tuple(np.append(column, value) for column, value in zip(TABLES, (0, 40, 0, 50), strict=True))
    for function in (mantel_haenszel.odds_ratio, mantel_haenszel.risk_ratio):
        assert function(*silent).estimate == pytest.approx(function(*TABLES).estimate, rel=1e-13)
        assert function(*silent).se == pytest.approx(function(*TABLES).se, rel=1e-13)
    assert mantel_haenszel.odds_ratio(*silent).tests == pytest.approx(mantel_haenszel.odds_ratio(*TABLES).tests)
    assert mantel_haenszel.peto(*silent)[2] == 12


@pytest.mark.parametrize(("events", "direction"), [((0, 3), -1), ((3, 0), 1), ((0, 0), 0)])
def test_events_in_one_arm_alone_give_no_estimate_but_a_direction(events, direction):
    a, c = (np.array([float(x), 0.0]) for x in events)
    b, d = np.array([20.0, 30.0]), np.array([22.0, 31.0])
    for function in (mantel_haenszel.odds_ratio, mantel_haenszel.risk_ratio, mantel_haenszel.rate_ratio):
        found = function(a, b, c, d)
        assert (found.estimate, found.se, found.direction) == (None, None, direction)


def test_no_events_leave_no_risk_difference():
    none = np.zeros(2)
    assert mantel_haenszel.risk_difference(none, none + 5, none, none + 6).estimate is None
    assert mantel_haenszel.rate_difference(none, none + 5, none, none + 6).estimate is None
    assert mantel_haenszel.peto(none, none + 5, none, none + 6)[0].estimate is None


def test_the_exact_bound_of_a_rate_ratio_leaves_half_the_error():
    x, t1, t2 = np.array([3.0, 4.0]), np.array([20.0, 30.0]), np.array([25.0, 10.0])
    none = np.zeros(2)
    high = mantel_haenszel.rate_ratio_bound(none, t1, x, t2, level=0.95)
    assert np.prod((t2 / (high * t1 + t2)) ** x) == pytest.approx(0.025, rel=1e-9)
    assert mantel_haenszel.rate_ratio_bound(x, t2, none, t1, level=0.95) == pytest.approx(1 / high, rel=1e-9)

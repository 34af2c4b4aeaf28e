"""Mantel-Haenszel and Peto pooling, straight from the tables, with the tests that go with them.

K two-by-two tables (K,): `a` events and `b` non-events in the first arm, `c` and `d` in the second; or events and
person-times `x1`, `t1`, `x2`, `t2`. Tables may hold fractions where a constant was added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stromata.model import StatisticalTest
from stromata.synthesis.intervals import FloatArray, chi_squared_p

_CONTINUITY = 0.5
"""What the continuity correction of the Cochran-Mantel-Haenszel test takes from the distance."""


@dataclass(frozen=True, slots=True)
class TablesFit:
    """A common effect of K tables.

    Attributes
    ----------
    estimate, se : on the analysis scale; None where the tables determine none.
    direction : -1 or 1 where the estimate of a ratio is 0 or infinite, else 0.
    weights : (K,) in percent; None where there are none.
    tests : of no association, and of equal effects.
    """

    estimate: float | None
    se: float | None
    direction: int
    weights: FloatArray | None
    tests: tuple[StatisticalTest, ...] = ()


def odds_ratio(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, *, correct: bool = True) -> TablesFit:
    """Pool odds ratios; the estimate is the logarithm.

    Parameters
    ----------
    a, b, c, d : (K,) tables, no arm empty.
    correct : whether the tests of association take 1/2 from the distance.

    Returns
    -------
    Tests: ``cmh`` Cochran-Mantel-Haenszel, with the variance of margins that are fixed, and ``cochran`` with that of
    two samples; ``breslow-day`` and ``tarone``, of equal odds ratios, over the tables in which both outcomes occur.

    References
    ----------
    Mantel and Haenszel (1959), Journal of the National Cancer Institute 22, 719-748; Robins, Breslow and Greenland
    (1986), Biometrics 42, 311-323, for the variance; Cochran (1954), Biometrics 10, 417-451; Breslow and Day (1980),
    Statistical Methods in Cancer Research I, eq. 4.30; Tarone (1985), Biometrika 72, 91-95.
    """
    n = a + b + c + d
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    top, bottom = float(r.sum()), float(s.sum())
    tests = _association(a, b, c, d, correct=correct)
    if top == 0 or bottom == 0:
        return TablesFit(None, None, _direction(top, bottom), None, tests)
    variance = 0.5 * (
        float((p * r).sum()) / top**2 + float((p * s + q * r).sum()) / (top * bottom) + float((q * s).sum()) / bottom**2
    )
    return TablesFit(
        math.log(top / bottom),
        math.sqrt(variance),
        0,
        100 * s / bottom,
        tests + _homogeneity(a, b, c, d, top / bottom),
    )


def risk_ratio(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> TablesFit:
    """Pool risk ratios; the estimate is the logarithm.

    References
    ----------
    Greenland and Robins (1985), Biometrics 41, 55-68, eqs. 4 and 13.
    """
    n1, n2 = a + b, c + d
    n = n1 + n2
    top, bottom = float((a * n2 / n).sum()), float((c * n1 / n).sum())
    if top == 0 or bottom == 0:
        return TablesFit(None, None, _direction(top, bottom), None)
    variance = float(((n1 / n) * (n2 / n) * (a + c) - a * c / n).sum()) / (top * bottom)
    return TablesFit(math.log(top / bottom), math.sqrt(max(variance, 0.0)), 0, 100 * (c * n1 / n) / bottom)


def risk_difference(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, *, sparse: bool = True) -> TablesFit:
    """Pool risk differences, with a variance that holds in `sparse` tables too, or the older one that does not.

    References
    ----------
    Greenland and Robins (1985), Biometrics 41, 55-68, eqs. 3 and 12, for the estimate and the older variance; Sato,
    Greenland and Robins (1989), Biometrics 45, 1323-1324, for the other.
    """
    n1, n2 = a + b, c + d
    n = n1 + n2
    w = n1 * n2 / n
    estimate = float((w * (a / n1 - c / n2)).sum()) / float(w.sum())
    older = float((w**2 * (a * b / n1**3 + c * d / n2**3)).sum()) / float(w.sum()) ** 2
    share = (n1 / n) ** 2 * c - (n2 / n) ** 2 * a + (n1 / n) * (n2 / n) * (n2 - n1) / 2
    rest = (a * d + b * c) / (2 * n)
    variance = (estimate * float(share.sum()) + float(rest.sum())) / float(w.sum()) ** 2
    variance = variance if sparse else older
    if variance <= 0:
        return TablesFit(None, None, 0, None)
    return TablesFit(estimate, math.sqrt(variance), 0, 100 * w / w.sum())


def rate_ratio(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray, *, correct: bool = True) -> TablesFit:
    """Pool rate ratios; the estimate is the logarithm. The test ``cmh`` is that of no association.

    References
    ----------
    Greenland and Robins (1985), Biometrics 41, 55-68, eq. 14 for the variance; Rothman, Greenland and Lash (2008),
    Modern Epidemiology, 3rd ed., chapter 15, for the test.
    """
    t = t1 + t2
    top, bottom = float((x1 * t2 / t).sum()), float((x2 * t1 / t).sum())
    m, shared = x1 + x2, (t1 / t) * (t2 / t)
    tests = _score("cmh", float((x1 - m * (t1 / t)).sum()), float((m * shared).sum()), correct=correct)
    if top == 0 or bottom == 0:
        return TablesFit(None, None, _direction(top, bottom), None, tests)
    variance = float((m * shared).sum()) / (top * bottom)
    return TablesFit(math.log(top / bottom), math.sqrt(variance), 0, 100 * (x2 * t1 / t) / bottom, tests)


def rate_ratio_bound(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray, *, level: float) -> float:
    """Return the exact bound of a common rate ratio when one arm has no events: below it for the first, above else.

    Given their sum, events in the first arm are binomial; all lie in one arm with a probability that is a product over
    the studies. The bound makes it half of 1 - `level`.
    """
    empty_first = float(x1.sum()) == 0
    here, there, m = (t1, t2, x2) if empty_first else (t2, t1, x1)
    target = math.log((1 - level) / 2)

    def log_probability(theta: float) -> float:
        return -float(m @ np.logaddexp(0.0, theta + np.log(here / there)))

    low, high = -1.0, 1.0
    while log_probability(low) < target:
        low *= 2
    while log_probability(high) > target:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if log_probability(middle) > target else (low, middle)
    return math.exp(high if empty_first else -high)


def rate_difference(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray) -> TablesFit:
    """Pool rate differences.

    References
    ----------
    Greenland and Robins (1985), Biometrics 41, 55-68, for person-time.
    """
    w = t1 * (t2 / (t1 + t2))
    variance = float((w**2 * (x1 / t1**2 + x2 / t2**2)).sum()) / float(w.sum()) ** 2
    if variance == 0:
        return TablesFit(None, None, 0, None)
    estimate = float((w * (x1 / t1 - x2 / t2)).sum()) / float(w.sum())
    return TablesFit(estimate, math.sqrt(variance), 0, 100 * w / w.sum())


def peto(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> tuple[TablesFit, float, int]:
    """Pool odds ratios by Peto's one-step method; the estimate is the logarithm.

    Returns
    -------
    The fit, Cochran's Q of the tables in which both outcomes occur, and its degrees of freedom.

    References
    ----------
    Yusuf, Peto, Lewis, Collins and Sleight (1985), Progress in Cardiovascular Diseases 27, 335-371.
    """
    distance, v = _hypergeometric(a, b, c, d)
    total = float(v.sum())
    if total == 0:
        return TablesFit(None, None, 0, None), 0.0, 0
    estimate = float(distance.sum()) / total
    some = v > 0
    q = float((v[some] * (distance[some] / v[some] - estimate) ** 2).sum())
    return TablesFit(estimate, 1 / math.sqrt(total), 0, 100 * v / total), q, int(some.sum()) - 1


def _direction(top: float, bottom: float) -> int:
    return int(np.sign(top) - np.sign(bottom))


def _hypergeometric(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return observed minus expected events of the first arm, and their variance, with the margins fixed."""
    n1, n2, m = a + b, c + d, a + c
    n = n1 + n2
    return a - m * (n1 / n), (n1 / n) * (n2 / n) * m * ((b + d) / (n - 1))


def _association(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, *, correct: bool
) -> tuple[StatisticalTest, ...]:
    distance, v = _hypergeometric(a, b, c, d)
    n = a + b + c + d
    away, fixed = float(distance.sum()), float(v.sum())
    samples = float((v * ((n - 1) / n)).sum())
    return _score("cmh", away, fixed, correct=correct) + _score("cochran", away, samples, correct=correct)


def _score(name: str, distance: float, variance: float, *, correct: bool) -> tuple[StatisticalTest, ...]:
    if variance <= 0:
        return ()
    away = abs(distance) - (_CONTINUITY if correct else 0.0)
    statistic = away**2 / variance
    return (StatisticalTest(name, statistic, 1, chi_squared_p(statistic, 1)),)


def _homogeneity(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, ratio: float
) -> tuple[StatisticalTest, ...]:
    """Return Breslow and Day's test and Tarone's correction of it; nothing for fewer than two tables."""
    both = (a + c > 0) & (b + d > 0)
    a, b, c, d = a[both], b[both], c[both], d[both]
    df = len(a) - 1
    if df < 1:
        return ()
    expected = _expected(a + b, c + d, a + c, ratio)
    n1, n2, m = a + b, c + d, a + c
    variance = 1 / (1 / expected + 1 / (n1 - expected) + 1 / (m - expected) + 1 / (n2 - m + expected))
    away = a - expected
    breslow_day = float((away**2 / variance).sum())
    tarone = max(breslow_day - float(away.sum()) ** 2 / float(variance.sum()), 0.0)
    return (
        StatisticalTest("breslow-day", breslow_day, df, chi_squared_p(breslow_day, df)),
        StatisticalTest("tarone", tarone, df, chi_squared_p(tarone, df)),
    )


def _expected(n1: FloatArray, n2: FloatArray, m: FloatArray, ratio: float) -> FloatArray:
    """Return the events of the first arm that give each table this odds ratio with its margins (a quadratic)."""
    linear = n2 - m + ratio * (m + n1)
    root = np.sqrt(linear**2 + 4 * (1 - ratio) * ratio * m * n1)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(linear > 0, 2 * ratio * m * n1 / (linear + root), (root - linear) / (2 - 2 * ratio)))

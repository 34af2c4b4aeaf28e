"""Kernels for counts: events in one arm, two arms, pairs, and events over time.

Columns are float64 arrays, the last axis the studies. Each kernel returns estimates and sampling variances on the
analysis scale; where they do not exist they come out as infinite or NaN. Nothing is checked here.

References
----------
Fleiss and Berlin (2009), in Cooper, Hedges and Valentine, Handbook of Research Synthesis and Meta-Analysis, chapter 13;
Rücker et al. (2009), Statistics in Medicine 28, 721-738 (arcsine difference); Yusuf et al. (1985), Progress in
Cardiovascular Diseases 27, 335-371 (Peto); Barendregt et al. (2013) and Schwarzer et al. (2019) on the proportions.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy import special

from stromata.synthesis.effects.scales import double_arcsine, double_root
from stromata.synthesis.effects.standardising import LOGISTIC_SCALE, Columns, Estimates, average
from stromata.synthesis.intervals import FloatArray

# One arm: `xi` events of `ni` people.


def raw_proportion(c: Columns, *, vtype: Literal["LS", "UB", "AV"] = "LS") -> Estimates:
    """Return proportions; UB divides by n - 1, AV takes the average proportion for every variance."""
    p, n = c["xi"] / c["ni"], c["ni"]
    if vtype == "AV":
        mean = average(p, n)
        return p, mean * (1 - mean) / n
    return p, p * (1 - p) / (n - 1 if vtype == "UB" else n)


def log_proportion(c: Columns) -> Estimates:
    """Return log proportions."""
    return np.log(c["xi"] / c["ni"]), 1 / c["xi"] - 1 / c["ni"]


def logit_proportion(c: Columns) -> Estimates:
    """Return log odds."""
    rest = c["ni"] - c["xi"]
    return np.log(c["xi"] / rest), 1 / c["xi"] + 1 / rest


def arcsine_proportion(c: Columns) -> Estimates:
    """Return arcsines of the roots."""
    return np.arcsin(np.sqrt(c["xi"] / c["ni"])), 1 / (4 * c["ni"])


def freeman_tukey(c: Columns) -> Estimates:
    """Return double arcsines, halved: that makes the variance 1 / (4n + 2)."""
    return double_arcsine(c["xi"] / c["ni"], c["ni"]), 1 / (4 * c["ni"] + 2)


# Two arms, all four cells, so that a correction that adds to each cell also adds to the totals.


def odds_ratio(c: Columns) -> Estimates:
    """Return log odds ratios (Woolf 1955)."""
    a, b, c_, d = _cells(c)
    return np.log(a / b) - np.log(c_ / d), 1 / a + 1 / b + 1 / c_ + 1 / d


def risk_ratio(c: Columns) -> Estimates:
    """Return log risk ratios."""
    a, b, c_, d = _cells(c)
    n1, n2 = a + b, c_ + d
    return np.log(a / n1) - np.log(c_ / n2), 1 / a - 1 / n1 + 1 / c_ - 1 / n2


def risk_difference(c: Columns, *, vtype: Literal["LS", "UB", "AV"] = "LS") -> Estimates:
    """Return risk differences; UB divides by n - 1, AV takes each arm's average risk for every variance."""
    a, b, c_, d = _cells(c)
    n1, n2 = a + b, c_ + d
    first, second = {"xi": a, "ni": n1}, {"xi": c_, "ni": n2}
    (p1, v1), (p2, v2) = (raw_proportion(arm, vtype=vtype) for arm in (first, second))
    return p1 - p2, v1 + v2


def arcsine_difference(c: Columns) -> Estimates:
    """Return differences of the arcsines of the roots of two risks."""
    a, b, c_, d = _cells(c)
    n1, n2 = a + b, c_ + d
    return np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c_ / n2)), 1 / (4 * n1) + 1 / (4 * n2)


def peto(c: Columns) -> Estimates:
    """Return Peto's one-step log odds ratios: observed minus expected events over the hypergeometric variance."""
    a, b, c_, d = _cells(c)
    n1, n2 = a + b, c_ + d
    n = n1 + n2
    v = (a + c_) * (b + d) * (n1 / n) * (n2 / n) / (n - 1)
    return (a - (a + c_) * n1 / n) / v, 1 / v


def phi(c: Columns, *, vtype: Literal["LS", "ST", "CS"] = "LS") -> Estimates:
    """Return phi coefficients.

    ST takes the sizes of the arms as fixed (trials), CS only the grand total (surveys; Yule 1912, Bishop et al. 1975);
    LS is CS.
    """
    a, b, c_, d = _cells(c)
    n1, n2, m1, m2 = a + b, c_ + d, a + c_, b + d
    n = n1 + n2
    r = (a * d - b * c_) / np.sqrt(n1 * n2 * m1 * m2)
    if vtype == "ST":
        # Delta method: r is (p1 - p2) root(n1 n2 / (m1 m2)) with m1 = n1 p1 + n2 p2.
        p1, p2 = a / n1, c_ / n2
        root = np.sqrt(n1 * n2 / (m1 * m2))
        bend = (p1 - p2) * (m2 - m1) / (2 * m1 * m2)
        return r, root**2 * ((1 - n1 * bend) ** 2 * p1 * b / n1**2 + (1 + n2 * bend) ** 2 * p2 * d / n2**2)
    rows, columns = n1 * n2 / n**2, m1 * m2 / n**2
    tilt, lean = (n1 - n2) / n, (m1 - m2) / n
    skew = r * (1 + r**2 / 2) * tilt * lean / np.sqrt(rows * columns)
    return r, (1 - r**2 + skew - 0.75 * r**2 * (tilt**2 / rows + lean**2 / columns)) / n


def yule_q(c: Columns) -> Estimates:
    """Return Yule's Q (1912)."""
    a, b, c_, d = _cells(c)
    q = (a * d - b * c_) / (a * d + b * c_)
    return q, (1 - q**2) ** 2 / 4 * (1 / a + 1 / b + 1 / c_ + 1 / d)


def yule_y(c: Columns) -> Estimates:
    """Return Yule's Y, the coefficient of colligation (1912)."""
    a, b, c_, d = _cells(c)
    y = (np.sqrt(a * d) - np.sqrt(b * c_)) / (np.sqrt(a * d) + np.sqrt(b * c_))
    return y, (1 - y**2) ** 2 / 16 * (1 / a + 1 / b + 1 / c_ + 1 / d)


def probit_difference(c: Columns) -> Estimates:
    """Return differences of two probits: the standardised difference behind two dichotomised normal outcomes."""
    a, b, c_, d = _cells(c)
    found = []
    for x, n in ((a, a + b), (c_, c_ + d)):
        p, z = x / n, special.ndtri(x / n)
        found.append((z, 2 * math.pi * p * (1 - p) * np.exp(z**2) / n))
    return found[0][0] - found[1][0], found[0][1] + found[1][1]


def odds_ratio_as_d(c: Columns, *, scale: float = LOGISTIC_SCALE) -> Estimates:
    """Return log odds ratios as standardised mean differences: divided by `scale`."""
    yi, vi = odds_ratio(c)
    return yi / scale, vi / scale**2


# Pairs: `ai` both times an event, `bi` at the first only, `ci` at the second only, `di` neither.


def paired_difference(c: Columns) -> Estimates:
    """Return differences of two marginal risks in matched pairs."""
    a, b, c_, d = _cells(c)
    n = a + b + c_ + d
    return (b - c_) / n, (b + c_) / n**2 - (b - c_) ** 2 / n**3


def paired_risk_ratio(c: Columns) -> Estimates:
    """Return log ratios of two marginal risks in matched pairs."""
    a, b, c_, _ = _cells(c)
    return np.log((a + b) / (a + c_)), (b + c_) / ((a + b) * (a + c_))


def paired_odds_ratio(c: Columns) -> Estimates:
    """Return log ratios of two marginal odds in matched pairs (Becker and Balagtas 1993)."""
    a, b, c_, d = _cells(c)
    n, (r1, r2), (s1, s2) = a + b + c_ + d, (a + b, c_ + d), (a + c_, b + d)
    v = n / (r1 * r2) + n / (s1 * s2) - 2 * n * (a * d - b * c_) / (r1 * r2 * s1 * s2)
    return np.log(r1 / r2) - np.log(s1 / s2), v


def paired_odds_ratio_from_margins(c: Columns) -> Estimates:
    """Return the same from the two margins (`ai`, `bi` first time; `ci`, `di` second) and the correlation `ri`."""
    a, b, c_, d = _cells(c)
    v = 1 / a + 1 / b + 1 / c_ + 1 / d - 2 * c["ri"] * (a + b) / np.sqrt(a * b * c_ * d)
    return np.log(a / b) - np.log(c_ / d), v


def conditional_odds_ratio(c: Columns) -> Estimates:
    """Return log odds ratios given the pair: from the discordant pairs alone."""
    return np.log(c["bi"] / c["ci"]), 1 / c["bi"] + 1 / c["ci"]


def paired_peto(c: Columns) -> Estimates:
    """Return Peto's one-step log odds ratios of matched pairs."""
    v = (c["bi"] + c["ci"]) / 4
    return (c["bi"] - c["ci"]) / 2 / v, 1 / v


def relative_excess_heterozygosity(c: Columns) -> Estimates:
    """Return log relative excess heterozygosity from genotype counts `ai`, `bi` (heterozygous), `ci` (Ziegler 2011)."""
    a, b, c_ = c["ai"], c["bi"], c["ci"]
    return np.log(b / (2 * np.sqrt(a * c_))), 1 / (4 * a) + 1 / b + 1 / (4 * c_)


# Events over time: `xi` events in a person-time of `ti`; `x1i`, `t1i` and `x2i`, `t2i` in two arms.


def rate(c: Columns) -> Estimates:
    """Return incidence rates."""
    return c["xi"] / c["ti"], c["xi"] / c["ti"] ** 2


def log_rate(c: Columns) -> Estimates:
    """Return log incidence rates."""
    return np.log(c["xi"] / c["ti"]), 1 / c["xi"]


def root_rate(c: Columns) -> Estimates:
    """Return roots of incidence rates."""
    return np.sqrt(c["xi"] / c["ti"]), 1 / (4 * c["ti"])


def double_root_rate(c: Columns) -> Estimates:
    """Return Freeman and Tukey's double roots of incidence rates."""
    return double_root(c["xi"] / c["ti"], c["ti"]), 1 / (4 * c["ti"])


def rate_ratio(c: Columns) -> Estimates:
    """Return log ratios of two rates."""
    return np.log(c["x1i"] / c["t1i"]) - np.log(c["x2i"] / c["t2i"]), 1 / c["x1i"] + 1 / c["x2i"]


def rate_difference(c: Columns) -> Estimates:
    """Return differences of two rates."""
    return c["x1i"] / c["t1i"] - c["x2i"] / c["t2i"], c["x1i"] / c["t1i"] ** 2 + c["x2i"] / c["t2i"] ** 2


def root_rate_difference(c: Columns) -> Estimates:
    """Return differences of the roots of two rates."""
    return np.sqrt(c["x1i"] / c["t1i"]) - np.sqrt(c["x2i"] / c["t2i"]), 1 / (4 * c["t1i"]) + 1 / (4 * c["t2i"])


def _cells(c: Columns) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return c["ai"], c["bi"], c["ci"], c["di"]

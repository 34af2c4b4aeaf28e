"""Kernels for correlations, coefficient alpha, and estimates that were printed with their precision.

Columns are float64 arrays, the last axis the studies. Each kernel returns estimates and sampling variances on the
analysis scale. Nothing is checked here.

References
----------
Fisher (1921), Metron 1, 3-32; Olkin and Pratt (1958), Annals of Mathematical Statistics 29, 201-211; Hedges (1989),
Journal of Educational Statistics 14, 299-312; Aloe and Becker (2012), Journal of Educational and Behavioral Statistics
37, 278-297, and van Aert and Goos (2023), Research Synthesis Methods 14, 520-525 (partial correlations); Hakstian and
Whalen (1976), Bonett (2002, 2010) (alpha).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy import special

from stromata.synthesis.effects.standardising import Columns, Estimates, average
from stromata.synthesis.intervals import FloatArray, normal_quantile

_SERIES_FROM = 20.0
"""Third parameter from which the hypergeometric series below has converged after `_TERMS`, even at 1."""

_TERMS = 80

_SMALLEST = 4
"""People below which no unbiased correlation exists; with four the series grows without bound as r nears 0."""


def correlation(c: Columns, *, vtype: Literal["LS", "AV"] = "LS") -> Estimates:
    """Return correlations; AV takes the average correlation for every variance."""
    r, n = c["ri"], c["ni"]
    at = average(r, n) if vtype == "AV" else r
    return r, (1 - at**2) ** 2 / (n - 1)


def unbiased_correlation(c: Columns, *, vtype: Literal["LS", "UB", "AV"] = "LS") -> Estimates:
    """Return Olkin and Pratt's unbiased correlations; UB is the unbiased variance, AV the one at their average."""
    r, n = c["ri"], c["ni"]
    rest = 1 - r**2
    with np.errstate(invalid="ignore"):  # n = 4 and r = 0: 0 times infinity, and the limit is 0
        # The same function for n = 4, exact where 1 - r^2 rounds to 1.
        four = 2 / math.pi * special.ellipkm1(np.maximum(r**2, np.finfo(np.float64).tiny))
        factor = np.where(n == _SMALLEST, four, _hypergeometric(0.5, (n - 2) / 2, rest))
        g = np.where(r == 0, 0.0, r * factor)
    if vtype == "UB":
        return g, g**2 - 1 + (n - 3) / (n - 2) * rest * _hypergeometric(1.0, n / 2, rest)
    at = average(g, n) if vtype == "AV" else g
    return g, (1 - at**2) ** 2 / (n - 1)


def fisher_z(c: Columns) -> Estimates:
    """Return Fisher's z."""
    return np.arctanh(c["ri"]), 1 / (c["ni"] - 3)


def partial_correlation(c: Columns, *, vtype: Literal["LS", "AV"] = "LS") -> Estimates:
    """Return partial correlations, from t statistics `ti` where `ri` is not given, of models with `mi` predictors."""
    r = _partial(c)
    at = average(r, c["ni"]) if vtype == "AV" else r
    return r, (1 - at**2) ** 2 / (c["ni"] - c["mi"])


def partial_fisher_z(c: Columns) -> Estimates:
    """Return Fisher's z of partial correlations."""
    return np.arctanh(_partial(c)), 1 / (c["ni"] - c["mi"] - 2)


def semipartial_correlation(c: Columns) -> Estimates:
    """Return semi-partial correlations, from t statistics where `ri` is not given; `r2i` is the model's R-squared."""
    r2 = c["r2i"]
    r = c["ri"] if "ri" in c else c["ti"] * np.sqrt((1 - r2) / (c["ni"] - c["mi"] - 1))
    without = r2 - r**2
    return r, (r2**2 - 2 * r2 + without + 1 - without**2) / c["ni"]


def _partial(c: Columns) -> FloatArray:
    if "ri" in c:
        return c["ri"]
    found: FloatArray = c["ti"] / np.sqrt(c["ti"] ** 2 + c["ni"] - c["mi"] - 1)
    return found


def _hypergeometric(a: float, c: FloatArray, z: FloatArray) -> FloatArray:
    """Return 2F1(a, a; c; z) for 0 <= z <= 1.

    The power series where `c` is large: there the library routine gives NaN near 1.
    """
    long = c >= _SERIES_FROM
    ratios = [(a + k) ** 2 / ((c + k) * (k + 1)) * z for k in range(_TERMS)]
    series = 1 + np.sum(np.cumprod(ratios, axis=0), axis=0)
    short = np.asarray(special.hyp2f1(a, a, np.where(long, 1.0, c), np.where(long, 0.0, z)), dtype=np.float64)
    return np.where(long, series, short)


# Coefficient alpha `ai` of `mi` items in `ni` people.


def alpha(c: Columns) -> Estimates:
    """Return coefficients alpha."""
    return c["ai"], 2 * c["mi"] * (1 - c["ai"]) ** 2 / ((c["mi"] - 1) * (c["ni"] - 2))


def alpha_hakstian_whalen(c: Columns) -> Estimates:
    """Return 1 minus the cube root of 1 - alpha."""
    root = np.cbrt(1 - c["ai"])
    m, n = c["mi"], c["ni"]
    return 1 - root, 18 * m * (n - 1) * root**2 / ((m - 1) * (9 * n - 11) ** 2)


def alpha_bonett(c: Columns) -> Estimates:
    """Return minus the logarithm of 1 - alpha."""
    return -np.log1p(-c["ai"]), 2 * c["mi"] / ((c["mi"] - 1) * (c["ni"] - 2))


# Printed estimates.


def printed(c: Columns, *, level: float = 0.95) -> Estimates:
    """Return estimates with the variances that what was printed beside them implies, under a normal distribution.

    `yi` is on the analysis scale; `out` is a ratio, of which the logarithm is taken, and of its bounds too. Beside it
    stands a variance `vi`, a standard error `sei` (both on the analysis scale), the bounds `ci_lb` and `ci_ub` of an
    interval of coverage `level`, a test statistic `zval` or a two-sided p-value `pval`.

    References
    ----------
    Cochrane Handbook 6.3.1 and 6.3.2 (version 6.5); Altman and Bland (2011), BMJ 343, d2090.
    """
    ratio = "out" in c
    y = np.log(c["out"]) if ratio else c["yi"]
    if "vi" in c:
        return y, c["vi"]
    if "sei" in c:
        return y, c["sei"] ** 2
    if "ci_lb" in c:
        low, high = (np.log(c[name]) if ratio else c[name] for name in ("ci_lb", "ci_ub"))
        return y, ((high - low) / (2 * normal_quantile(level))) ** 2
    z = c["zval"] if "zval" in c else special.ndtri(c["pval"] / 2)
    return y, (y / z) ** 2

"""What several kernels share: the correction of standardised means for bias, averages over studies, and two scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from stromata.synthesis.intervals import FloatArray

Columns: TypeAlias = Mapping[str, FloatArray]
Estimates: TypeAlias = tuple[FloatArray, FloatArray]
"""Estimates and sampling variances."""

Correction = Literal["exact", "approximate", "none"]
"""Of bias: the exact factor, its usual approximation (standardised means only), or none."""

LOGISTIC_SCALE = math.pi / math.sqrt(3)
"""Standard deviation of the logistic distribution: a log odds ratio is a standardised difference times this."""

COX_SCALE = 1.65
"""Cox's (1970) factor between a log odds ratio and a standardised difference of normal outcomes."""

_SERIES_FROM = 101.0
"""Degrees of freedom from which the series below is exact in double precision; differences of log gammas are not."""

_SERIES = (1.0, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304, 39325 / 33554432)
"""Coefficients in 1/x of gamma(x + 1/2) / (gamma(x) root(x)) (Tricomi and Erdelyi 1951, Pac J Math 1, 133)."""


def hedges(df: FloatArray, correct: Correction = "exact") -> FloatArray:
    """Return the factor that takes the bias from a standardised mean on `df` degrees of freedom, `df` above 1.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128, equations 6e and (approximate) 6f.
    """
    if correct == "none":
        return np.ones_like(df)
    if correct == "approximate":
        return 1 - 3 / (4 * df - 1)
    with np.errstate(all="ignore"):  # where it is not used, the unused branch may overflow
        x = (df - 1) / 2
        series = np.polynomial.polynomial.polyval(1 / x, _SERIES) * np.sqrt(x / (df / 2))
        exact = np.exp(special.gammaln(df / 2) - np.log(np.sqrt(df / 2)) - special.gammaln(x))
    return np.where(df >= _SERIES_FROM, series, exact)


def average(values: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return the average over the last axis, weighted by size, with that axis kept; what is not finite is left out."""
    known = np.isfinite(values) & np.isfinite(sizes)
    weights = np.where(known, sizes, 0.0)
    total: FloatArray = np.sum(weights * np.where(known, values, 0.0), axis=-1, keepdims=True)
    mean: FloatArray = total / np.sum(weights, axis=-1, keepdims=True)
    return mean

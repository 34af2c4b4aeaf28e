"""Distribution of a generalised Q statistic: a weighted sum of squares around a weighted mean of normal estimates.

K weights `a` (> 0) and variances `s` (> 0) of the estimates. Q = sum(a (y - m)^2) with m = sum(a y) / sum(a).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from stromata.synthesis.intervals import FloatArray

_STEP = 0.07
"""First step of the trapezoidal rule in u, where y = width sinh(u) runs along the path; it is halved until nothing
changes. The error falls like exp(-2.6 / step) on chi-squared distributions, slower when variances lie far apart."""

_HALVINGS = 6
_UNCHANGED = 1e-14

_REACH = (14.0, 100.0, 1000.0)
"""Widths of the transform alone after which the integrand is negligible: the first nearly always."""

_NEGLIGIBLE = 1e-17
_LOG_NEGLIGIBLE = -39.0
_TINY = 1e-28
"""Chi-squared on one degree of freedom is below this with a probability of 1e-14."""


def probability_below(q: float, a: FloatArray, s: FloatArray) -> float:
    """Return the probability that Q is at most `q`, with an error of about 1e-13.

    With d = a s and shares p = a / sum(a), the Laplace transform of Q is

        prod((1 + 2 t d)^(-1/2)) * sum(p / (1 + 2 t d))^(-1/2),

    which needs neither eigenvalues nor a K x K matrix (matrix determinant lemma). It is inverted along a parabola
    through the saddle point, on which the integrand does not oscillate.

    References
    ----------
    Rice (1980), SIAM Journal on Scientific and Statistical Computing 1, 438-448, for the path; Jackson (2013), Research
    Synthesis Methods 4, 220-229, for Q as a sum of weighted chi-squared variables.
    """
    unit = float(np.mean(a * s))
    d, p, q = a * s / unit, a / float(a.sum()), q / unit
    if q <= _TINY * float(d.min()):  # no eigenvalue lies below the smallest of `d`
        return 0.0
    if _surely_below(q, d):
        return 1.0
    centre = _saddle(q, d, p)
    second, third = _derivatives(centre, d, p)
    width = 1 / math.sqrt(second + 1 / centre**2)
    bend = third / (6 * second)

    def along(u: FloatArray) -> FloatArray:
        y = width * np.sinh(u)
        t = centre + 1j * y + bend * y * y
        value = np.exp(t * q + _log_transform(t, d, p)) / t * (1j + 2 * bend * y) * np.cosh(u)
        return np.asarray(value.imag * (width / math.pi))

    return min(max(_integral(along, 1 / (width * math.sqrt(second))), 0.0), 1.0)


def _integral(along: Callable[[FloatArray], FloatArray], reach: float) -> float:
    """Return the integral of a function from 0 to where it is negligible, by the trapezoidal rule."""
    u, values = np.zeros(1), np.zeros(1)
    for widths in _REACH:
        u = np.arange(0.0, math.asinh(widths * reach) + _STEP, _STEP)
        values = along(u)
        if abs(values[-1]) < _NEGLIGIBLE * abs(values[0]):
            break
    step, total = _STEP, _STEP * (float(values.sum()) - 0.5 * float(values[0]))
    for _ in range(_HALVINGS):
        before, total = total, 0.5 * (total + step * float(along(u[:-1] + step / 2).sum()))
        if abs(total - before) < _UNCHANGED:
            break
        u, step = np.arange(0.0, u[-1] + step / 4, step / 2), step / 2
    return total


def _surely_below(q: float, d: FloatArray) -> bool:
    """Return whether the upper tail is below rounding, by Chernoff's bound on a sum that exceeds Q."""
    t = 1 / (4 * float(d.max()))
    return -t * q - 0.5 * float(np.log1p(-2 * t * d).sum()) < _LOG_NEGLIGIBLE


def _log_transform(t: np.ndarray, d: FloatArray, p: FloatArray) -> np.ndarray:
    factors = 1 + 2 * t[:, None] * d
    # The phase of each logarithm stays on its principal branch: eigenvalues and `d` interlace.
    return np.asarray(-0.5 * (np.log(factors).sum(axis=1) + np.log((p / factors).sum(axis=1))))


def _slope(t: float, d: FloatArray, p: FloatArray) -> float:
    """Return the derivative of the log transform minus log(t)."""
    f = 1 / (1 + 2 * t * d)
    return float(-(d * f).sum() + (p * d * f * f).sum() / (p * f).sum()) - 1 / t


def _saddle(q: float, d: FloatArray, p: FloatArray) -> float:
    """Return the point above 0 at which exponent's derivative q + `_slope` is 0; it rises with t."""
    low = high = 1 / q
    while q + _slope(low, d, p) > 0:
        low /= 4
    while q + _slope(high, d, p) < 0:
        high *= 4
    for _ in range(60):
        middle = math.sqrt(low * high)
        if high <= low * (1 + 1e-4):
            break
        low, high = (middle, high) if q + _slope(middle, d, p) < 0 else (low, middle)
    return math.sqrt(low * high)


def _derivatives(t: float, d: FloatArray, p: FloatArray) -> tuple[float, float]:
    """Return second and third derivative of the log transform at `t`."""
    f = 1 / (1 + 2 * t * d)
    g = d * f
    s0, s1, s2, s3 = (float((p * f * g**power).sum()) for power in range(4))
    # With S = sum(p f): S' = -2 s1, S'' = 8 s2, S''' = -48 s3.
    r1, r2, r3 = -2 * s1 / s0, 8 * s2 / s0, -48 * s3 / s0
    second = 2 * float((g**2).sum()) - 0.5 * (r2 - r1 * r1)
    third = -8 * float((g**3).sum()) - 0.5 * (r3 - 3 * r2 * r1 + 2 * r1**3)
    return second, third

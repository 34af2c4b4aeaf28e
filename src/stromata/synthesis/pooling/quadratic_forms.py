"""Distribution of a generalised Q statistic: a weighted sum of squares around a weighted mean of normal estimates.

K weights `a` (> 0) and variances `s` (> 0) of the estimates. Q = sum(a (y - m)^2) with m = sum(a y) / sum(a); with
moderators, m are the fitted values of the weighted regression on X (K, p). U (K, p) is an orthonormal basis of the
columns of root(a) X: root(a / sum(a)) without moderators.
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


def probability_below(q: float, a: FloatArray, s: FloatArray, x: FloatArray | None = None) -> float:
    """Return the probability that Q is at most `q`, with an error of about 1e-13; `x` (K, p) of full rank, or 1.

    With d = a s and F the diagonal matrix of 1 / (1 + 2 t d), the Laplace transform of Q is

        det(F)^(1/2) * det(U' F U)^(-1/2),

    which needs neither eigenvalues nor a K x K matrix (matrix determinant lemma). It is inverted along a parabola
    through the saddle point, on which the integrand does not oscillate.

    References
    ----------
    Rice (1980), SIAM Journal on Scientific and Statistical Computing 1, 438-448, for the path; Jackson (2013), Research
    Synthesis Methods 4, 220-229, for Q as a sum of weighted chi-squared variables.
    """
    unit = float(np.mean(a * s))
    d, q = a * s / unit, q / unit
    root = np.sqrt(a)[:, None]
    basis = root / math.sqrt(float(a.sum())) if x is None else np.linalg.qr(root * x)[0]
    if q <= _TINY * float(d.min()):  # no eigenvalue lies below the smallest of `d`
        return 0.0
    if _surely_below(q, d):
        return 1.0
    centre = _saddle(q, d, basis)
    second, third = _derivatives(centre, d, basis)
    width = 1 / math.sqrt(second + 1 / centre**2)
    bend = third / (6 * second)

    def along(u: FloatArray) -> FloatArray:
        y = width * np.sinh(u)
        t = centre + 1j * y + bend * y * y
        value = np.exp(t * q + _log_transform(t, d, basis)) / t * (1j + 2 * bend * y) * np.cosh(u)
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


def _log_transform(t: np.ndarray, d: FloatArray, u: FloatArray) -> np.ndarray:
    factors = 1 + 2 * t[:, None] * d
    # The phase of each logarithm stays on its principal branch: eigenvalues and `d` interlace.
    if u.shape[1] == 1:
        inner = np.log((u[:, 0] ** 2 / factors).sum(axis=1))
    else:
        inner = np.log(np.linalg.eigvals((u.T / factors[:, None]) @ u)).sum(axis=1)
    return np.asarray(-0.5 * (np.log(factors).sum(axis=1) + inner))


def _traces(f: FloatArray, g: FloatArray, u: FloatArray, highest: int) -> tuple[float, ...]:
    """Return the first derivatives of log det(U' F U), up to the third."""
    if u.shape[1] == 1:
        w = u[:, 0] ** 2 * f
        s0 = float(w.sum())
        r1 = -2 * float((w * g).sum()) / s0
        if highest == 1:
            return (r1,)
        r2, r3 = 8 * float((w * g * g).sum()) / s0, -48 * float((w * g**3).sum()) / s0
        return r1, r2 - r1 * r1, r3 - 3 * r2 * r1 + 2 * r1**3
    inner = [(u.T * (f * factor * g**power)) @ u for power, factor in enumerate((1.0, -2.0, 8.0, -48.0)[: highest + 1])]
    first, *more = (np.linalg.solve(inner[0], each) for each in inner[1:])
    found = [float(np.trace(first))]
    if more:
        found += [
            float(np.trace(more[0] - first @ first)),
            float(np.trace(more[1] - 3 * first @ more[0] + 2 * first @ first @ first)),
        ]
    return tuple(found)


def _slope(t: float, d: FloatArray, u: FloatArray) -> float:
    """Return the derivative of the log transform minus log(t)."""
    f = 1 / (1 + 2 * t * d)
    return -float((d * f).sum()) - 0.5 * _traces(f, d * f, u, 1)[0] - 1 / t


def _saddle(q: float, d: FloatArray, u: FloatArray) -> float:
    """Return the point above 0 at which exponent's derivative q + `_slope` is 0; it rises with t."""
    low = high = 1 / q
    while q + _slope(low, d, u) > 0:
        low /= 4
    while q + _slope(high, d, u) < 0:
        high *= 4
    for _ in range(60):
        middle = math.sqrt(low * high)
        if high <= low * (1 + 1e-4):
            break
        low, high = (middle, high) if q + _slope(middle, d, u) < 0 else (low, middle)
    return math.sqrt(low * high)


def _derivatives(t: float, d: FloatArray, u: FloatArray) -> tuple[float, float]:
    """Return second and third derivative of the log transform at `t`."""
    f = 1 / (1 + 2 * t * d)
    g = d * f
    _, second, third = _traces(f, g, u, 3)
    return 2 * float((g**2).sum()) - 0.5 * second, -8 * float((g**3).sum()) - 0.5 * third

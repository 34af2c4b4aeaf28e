"""Ways between the scale on which studies are combined and the natural one that people read.

Every function works element by element on floats or arrays. `n` is the size of the study, or the typical size of
several, that the two double-root scales need; the others do not look at it.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from stromata.synthesis.intervals import FloatArray

LARGEST_LOG = float(np.log(np.finfo(np.float64).max))
"""Above it a ratio is beyond the range of a double: infinite, which is what the interval then honestly says."""


def same(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return what was given: the two scales are one."""
    return y


def exp(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return a ratio from its logarithm."""
    return np.where(y < LARGEST_LOG, np.exp(np.minimum(y, LARGEST_LOG)), np.inf)


def unit(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Keep a proportion within 0 and 1."""
    return np.clip(y, 0.0, 1.0)


def within_one(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Keep a correlation within -1 and 1."""
    return np.clip(y, -1.0, 1.0)


def at_most_one(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Keep coefficient alpha at 1 or below."""
    return np.minimum(y, 1.0)


def not_negative(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Keep a rate at 0 or above."""
    return np.maximum(y, 0.0)


def exp_unit(y: FloatArray, n: FloatArray) -> FloatArray:
    """Return a proportion from its logarithm."""
    return np.minimum(exp(y, n), 1.0)


def expit(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return a proportion from its logit."""
    found: FloatArray = special.expit(y)
    return found


def sine_squared(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return a proportion from the arcsine of its root."""
    found: FloatArray = np.sin(np.clip(y, 0.0, np.pi / 2)) ** 2
    return found


def square(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return a rate from its root."""
    return np.maximum(y, 0.0) ** 2


def tanh(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return a correlation from Fisher's z."""
    return np.tanh(y)


def one_minus_exp(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return coefficient alpha from Bonett's transformation (2002)."""
    return -np.expm1(-y)


def one_minus_cube(y: FloatArray, _n: FloatArray) -> FloatArray:
    """Return coefficient alpha from Hakstian and Whalen's transformation (1976); at most 1."""
    return 1 - np.maximum(1 - y, 0.0) ** 3


def double_arcsine(p: FloatArray, n: FloatArray) -> FloatArray:
    """Return Freeman and Tukey's double arcsine (1950) of a proportion among `n`, halved so that it is an angle."""
    x = p * n
    found: FloatArray = (np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2
    return found


def undo_double_arcsine(y: FloatArray, n: FloatArray) -> FloatArray:
    """Return the proportion at a total of `n` (Miller 1978, American Statistician 32, 138).

    Values that no count reaches become 0 or 1.
    """
    with np.errstate(all="ignore"):  # at both ends the sine is 0; those values are replaced
        s = np.sin(2 * y)
        inner = 1 - (s + (s - 1 / s) / n) ** 2
        middle = 0.5 * (1 - np.copysign(1.0, np.cos(2 * y)) * np.sqrt(np.maximum(inner, 0.0)))
    low, high = double_arcsine(np.zeros_like(n), n), double_arcsine(np.ones_like(n), n)
    return np.where(y <= low, 0.0, np.where(y >= high, 1.0, middle))


def double_root(rate: FloatArray, t: FloatArray) -> FloatArray:
    """Return Freeman and Tukey's double root (1950) of a rate over a time `t`."""
    found: FloatArray = (np.sqrt(rate) + np.sqrt(rate + 1 / t)) / 2
    return found


def undo_double_root(y: FloatArray, t: FloatArray) -> FloatArray:
    """Return the rate at a time of `t`; values that no count reaches become 0.

    From y = (root(rate) + root(rate + 1/t)) / 2 follows root(rate) = y - 1 / (4 t y).
    """
    with np.errstate(all="ignore"):  # y of 0 or below is replaced
        root = y - 1 / (4 * t * y)
    return np.where(y > double_root(np.zeros_like(t), t), root**2, 0.0)


def log_of(p: FloatArray, _n: FloatArray) -> FloatArray:
    """Return the logarithm; minus infinity at 0."""
    with np.errstate(divide="ignore"):
        return np.log(p)


def logit_of(p: FloatArray, _n: FloatArray) -> FloatArray:
    """Return the logit; infinite at 0 and 1."""
    found: FloatArray = special.logit(p)
    return found


def arcsine_of(p: FloatArray, _n: FloatArray) -> FloatArray:
    """Return the arcsine of the root."""
    found: FloatArray = np.arcsin(np.sqrt(p))
    return found


def root_of(rate: FloatArray, _n: FloatArray) -> FloatArray:
    """Return the root."""
    found: FloatArray = np.sqrt(rate)
    return found

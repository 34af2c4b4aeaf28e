"""The tetrachoric correlation of a two-by-two table: that of two normal variables, each cut in two, that would give it.

Columns are float64 arrays, the last axis the studies. A table has as many cells as the model has parameters (two cuts
and the correlation), so the most likely correlation is the one that fits the table exactly, and its variance follows
from the multinomial one by the delta method.

References
----------
Pearson (1900), Philosophical Transactions A 195, 1-47; Hamdan (1970), Biometrika 57, 212-215; Owen (1956), Annals of
Mathematical Statistics 27, 1075-1090, for the bivariate normal distribution.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from stromata.synthesis.effects.standardising import Columns, Estimates
from stromata.synthesis.intervals import FloatArray

_STEPS = 80
"""Steps of the search at most: halving alone would reach the last digit in 54."""


def tetrachoric(c: Columns) -> Estimates:
    """Return tetrachoric correlations; NaN for a table with an empty cell, where none fits."""
    cells = np.stack([c["ai"], c["bi"], c["ci"], c["di"]])
    n = np.sum(cells, axis=0)
    share = cells / n
    h, k = special.ndtri(share[0] + share[1]) + 0.0, special.ndtri(share[0] + share[2]) + 0.0
    r = np.where(np.all(cells > 0, axis=0), _fitting(share[0], h, k), np.nan)
    s = np.sqrt(1 - r**2)
    row, column = special.ndtr((k - r * h) / s), special.ndtr((h - r * k) / s)
    slopes = np.stack([1 - row - column, -row, -column, np.zeros_like(r)])
    spread = np.sum(share * slopes**2, axis=0) - np.sum(share * slopes, axis=0) ** 2
    return r, spread / (n * _density(h, k, r) ** 2)


def _fitting(p: FloatArray, h: FloatArray, k: FloatArray) -> FloatArray:
    """Return the correlation at which P(X < h, Y < k) is `p`: Newton's steps, halving where they leave the bracket."""
    low, high, r = np.full_like(p, -1.0), np.ones_like(p), np.zeros_like(p)
    for _ in range(_STEPS):
        over = below_both(h, k, r) - p
        low, high = np.where(over < 0, r, low), np.where(over < 0, high, r)
        step = r - over / _density(h, k, r)
        moved = np.where((step > low) & (step < high), step, (low + high) / 2)
        settled = np.abs(moved - r) <= 2e-16 * np.abs(moved)
        r = moved
        if np.all(settled | (high - low <= np.finfo(np.float64).eps) | ~np.isfinite(over)):
            break
    return r


def below_both(h: FloatArray, k: FloatArray, r: FloatArray) -> FloatArray:
    """Return P(X < h, Y < k) of two standard normal variables that correlate by `r`, strictly between -1 and 1."""
    s = np.sqrt(1 - r**2)
    with np.errstate(all="ignore"):  # a cut at 0 gives infinite slopes, which Owen's function takes
        parts = special.owens_t(h, (k - r * h) / (h * s)) + special.owens_t(k, (h - r * k) / (k * s))
    apart = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    found = (special.ndtr(h) + special.ndtr(k)) / 2 - parts - np.where(apart, 0.5, 0.0)
    centre = 0.25 + np.arcsin(r) / (2 * np.pi)
    return np.where((h == 0) & (k == 0), centre, found)


def _density(h: FloatArray, k: FloatArray, r: FloatArray) -> FloatArray:
    rest = 1 - r**2
    found: FloatArray = np.exp(-(h**2 - 2 * r * h * k + k**2) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    return found

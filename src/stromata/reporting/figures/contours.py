"""Regions of equal p-values around no effect, and the words beside a funnel: one table for every funnel plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from stromata.model import numbers

CONTOURS = (0.9, 0.95, 0.99)
"""Coverages of the regions around no effect: outside of them a study has p < 0.1, 0.05 and 0.01."""

SHADES = ("#ffffff", "#ececec", "#d4d4d4", "#b8b8b8", "#9c9c9c")
"""Of the regions, from the one around no effect outwards; as many as can be told apart in print."""

COVERAGE = 0.95
"""Of the funnel: where so many studies would lie if they differed by chance alone."""

WITHIN = f"where {100 * COVERAGE:.0f}{numbers.KEPT}% of studies would lie if they differed by chance"
"""What the sides of a funnel are called in a key."""

POOLED = f"pooled estimate, and {WITHIN}"
"""The same, for a key that names the middle line with them."""


@dataclass(frozen=True, slots=True)
class Region:
    """One region of p-values: its shade, what a key calls it, and the coverage at its outer edge (1 without one)."""

    shade: str
    text: str
    outer: float


def quantile(coverage: float) -> float:
    """Return z such that a standard normal variable lies within -z and z with this probability."""
    return NormalDist().inv_cdf((1 + coverage) / 2)


def regions(levels: Sequence[float] = CONTOURS) -> tuple[Region, ...]:
    """Return the regions that ascending coverages divide, from no effect outwards; none without coverages.

    Parameters
    ----------
    levels : fewer than there are shades.
    """
    found = []
    bounds = [0.0, *levels, 1.0] if levels else []
    for shade, (inner, outer) in zip(SHADES, pairwise(bounds), strict=False):
        upper, lower = f"{1 - inner:.3g}", f"{1 - outer:.3g}"
        text = f"p > {lower}" if inner == 0 else f"p ≤ {upper}" if outer == 1 else f"{lower} < p ≤ {upper}"
        found.append(Region(shade, text, outer))
    return tuple(found)


def beyond(studies: Iterable[tuple[float, float]], null: float, levels: Sequence[float] = CONTOURS) -> str:
    """Return how many studies, as (estimate, standard error), lie outside each region, in a sentence."""
    known = list(studies)
    counts = [(sum(abs(y - null) > quantile(level) * se for y, se in known), level) for level in levels]
    return ", ".join(f"{count} have p < {1 - level:.3g}" for count, level in counts) + "."


def sides(places: Sequence[float], centre: float) -> str:
    """Return how many studies lie on either side of the pooled estimate, in a sentence."""
    below = sum(place < centre for place in places)
    return f"{below} lie below the pooled estimate, {len(places) - below} at or above it."

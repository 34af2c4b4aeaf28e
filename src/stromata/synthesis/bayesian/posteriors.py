"""One-dimensional posterior distributions, and their summaries.

Either a mixture of normal distributions, or a density that is known at the points of Gauss-Legendre rules on panels,
on its own scale or on that of the logarithm. T components or points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.polynomial import legendre
from scipy import optimize, special

from stromata.synthesis.intervals import FloatArray

ORDER = 10
"""Points per panel."""

_CURVE = 201
"""Points of the curve that figures draw."""

_COARSE = 25
"""Places at which the width of an interval is tried before the shortest is refined."""

_NODES, _WEIGHTS = legendre.leggauss(ORDER)
_TO_SERIES = (np.arange(ORDER)[:, None] + 0.5) * legendre.legvander(_NODES, ORDER - 1).T * _WEIGHTS
"""Values at the nodes to the coefficients of a Legendre series."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """Summary of one posterior distribution.

    Attributes
    ----------
    mean, sd : None where they do not exist (a tail that falls too slowly).
    low, high : the shortest interval that holds `level` of the probability.
    central_low, central_high : the one that leaves as much on either side.
    curve : (x, density) for a figure.
    """

    mean: float | None
    median: float
    mode: float
    sd: float | None
    low: float
    high: float
    central_low: float
    central_high: float
    curve: tuple[tuple[float, float], ...]


class Distribution(Protocol):
    """What a summary needs."""

    @property
    def lowest(self) -> float:
        """End of the support; minus infinity when there is none."""

    def density(self, x: float) -> float:
        """Return the density."""
        ...

    def below(self, x: float) -> float:
        """Return the probability of less."""
        ...

    def quantile(self, p: float) -> float:
        """Return the value with probability `p` below it."""
        ...


@dataclass(frozen=True, slots=True)
class Mixture:
    """Normal distributions with (T,) weights that sum to 1, means and standard deviations above 0."""

    weights: FloatArray
    means: FloatArray
    deviations: FloatArray

    @property
    def lowest(self) -> float:
        """See `Distribution`."""
        return -math.inf

    def density(self, x: float) -> float:
        """See `Distribution`."""
        z = (x - self.means) / self.deviations
        return float(self.weights @ (np.exp(-0.5 * z * z) / self.deviations)) / math.sqrt(2 * math.pi)

    def below(self, x: float) -> float:
        """See `Distribution`."""
        return float(self.weights @ special.ndtr((x - self.means) / self.deviations))

    def above(self, x: float) -> float:
        """Return the probability of more."""
        return float(self.weights @ special.ndtr((self.means - x) / self.deviations))

    def quantile(self, p: float) -> float:
        """See `Distribution`."""

        # From either side the smaller tail is compared, which keeps its digits.
        def function(x: float) -> float:
            return self.below(x) - p if p < 0.5 else (1 - p) - self.above(x)

        low = high = float(self.means[int(np.argmax(self.weights))])
        step = float(self.deviations.min())
        while function(low) > 0:
            low, step = low - step, 2 * step
        step = float(self.deviations.min())
        while function(high) < 0:
            high, step = high + step, 2 * step
        if not high > low:
            return low
        return float(optimize.brentq(function, low, high, xtol=1e-14 * max(-low, high, high - low), rtol=1e-14))

    @property
    def mean(self) -> float:
        """Mean of all."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Standard deviation of all."""
        return math.sqrt(float(self.weights @ (self.deviations**2 + (self.means - self.mean) ** 2)))


def compressed(mixture: Mixture) -> Mixture:
    """Return nearly the same distribution with fewer components: those that are alike are merged.

    Weight, mean and variance of the merged are kept; they lie within a twelfth of their own standard deviation, and
    their standard deviations within a twentieth of one another: the distribution function moves by less than 1e-4.
    """
    size = np.round(np.log(mixture.deviations) / 0.05)
    place = np.round(mixture.means / (0.08 * np.exp(0.05 * size)))
    keys = np.stack((size, place), axis=1)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.ravel()
    weights = np.asarray(np.bincount(group, mixture.weights), dtype=np.float64)
    means = np.bincount(group, mixture.weights * mixture.means) / weights
    squares = mixture.deviations**2 + (mixture.means - means[group]) ** 2
    return Mixture(weights, means, np.sqrt(np.bincount(group, mixture.weights * squares) / weights))


@dataclass(frozen=True, slots=True)
class Panels:
    """A density by its Legendre series on each panel.

    Attributes
    ----------
    edges : (N + 1,) ends of the panels, on the scale of the series.
    series, areas : (N, ORDER) coefficients of the density on that scale, and (N, ORDER + 1) of its integral.
    before : (N,) probability before each panel.
    logarithmic : the scale is the logarithm of the quantity.
    lowest : end of the support of the quantity.
    """

    edges: FloatArray
    series: FloatArray
    areas: FloatArray
    before: FloatArray
    logarithmic: bool
    lowest: float

    def _find(self, s: float) -> tuple[int, float]:
        i = min(max(int(np.searchsorted(self.edges, s, side="right")) - 1, 0), len(self.series) - 1)
        a, b = float(self.edges[i]), float(self.edges[i + 1])
        return i, min(max((2 * s - a - b) / (b - a), -1.0), 1.0)

    def density(self, x: float) -> float:
        """See `Distribution`; at 0 on a logarithmic scale the limit."""
        s, jacobian = x, 1.0
        if self.logarithmic:
            jacobian = max(x, math.exp(float(self.edges[0])))
            s = math.log(jacobian)
        if not self.edges[0] <= s <= self.edges[-1]:
            return 0.0
        i, t = self._find(s)
        return max(float(legendre.legval(t, self.series[i])), 0.0) / jacobian

    def below(self, x: float) -> float:
        """See `Distribution`."""
        if self.logarithmic and x <= 0:
            return 0.0
        s = math.log(x) if self.logarithmic else x
        if s <= self.edges[0]:
            return 0.0
        i, t = self._find(min(s, float(self.edges[-1])))
        return float(self.before[i] + legendre.legval(t, self.areas[i]))

    def quantile(self, p: float) -> float:
        """See `Distribution`."""
        i = min(max(int(np.searchsorted(self.before, p, side="right")) - 1, 0), len(self.series) - 1)
        low, high = float(self.edges[i]), float(self.edges[i + 1])

        def excess(s: float) -> float:
            return float(self.before[i] + legendre.legval((2 * s - low - high) / (high - low), self.areas[i])) - p

        s = (
            low
            if excess(low) >= 0
            else high
            if excess(high) <= 0
            else float(optimize.brentq(excess, low, high, xtol=1e-14))
        )
        return math.exp(s) if self.logarithmic else s


def nodes(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points on all panels and their weights, each (N * ORDER,)."""
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (middle[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _WEIGHTS).ravel()


def panels(edges: FloatArray, density: FloatArray, *, logarithmic: bool, lowest: float = -math.inf) -> Panels:
    """Return the distribution from its normalised density at `nodes`, on the scale of the panels."""
    values = density.reshape(len(edges) - 1, ORDER)
    series = values @ _TO_SERIES.T
    areas = np.asarray(legendre.legint(series, lbnd=-1, axis=1)) * (np.diff(edges) / 2)[:, None]
    whole = legendre.legval(1.0, areas.T)
    return Panels(edges, series, areas, np.concatenate(([0.0], np.cumsum(whole)[:-1])), logarithmic, lowest)


def summarise(distribution: Distribution, *, mean: float | None, sd: float | None, level: float) -> Posterior:
    """Return the summary; mean and standard deviation come from whoever knows whether they exist."""
    tail = (1 - level) / 2
    low, high = shortest(distribution, level)
    central = distribution.quantile(tail), distribution.quantile(1 - tail)
    ends = distribution.quantile(0.002), distribution.quantile(0.998)
    start = distribution.lowest if math.isfinite(distribution.lowest) else ends[0]
    grid = np.linspace(start, ends[1], _CURVE).tolist()
    curve = tuple((x, distribution.density(x)) for x in grid)
    return Posterior(mean, distribution.quantile(0.5), _mode(distribution, curve), sd, low, high, *central, curve)


def shortest(distribution: Distribution, level: float) -> tuple[float, float]:
    """Return the shortest interval that holds `level`.

    Where it does not begin at the end of the support, the density is the same at both of its ends.
    """
    steps = np.linspace(0, 1 - level, _COARSE)
    steps[-1] -= 1e-9 * (1 - level)
    steps[0] = 0.0 if math.isfinite(distribution.lowest) else 1e-9 * (1 - level)

    def ends(p: float) -> tuple[float, float]:
        return (distribution.lowest if p == 0 else distribution.quantile(p)), distribution.quantile(p + level)

    widths = [b - a for a, b in map(ends, steps.tolist())]
    i = int(np.argmin(widths))

    def tilt(p: float) -> float:
        a, b = ends(p)
        return distribution.density(a) - distribution.density(b)

    first, last = float(steps[max(i - 1, 0)]), float(steps[min(i + 1, _COARSE - 1)])
    if tilt(first) >= 0:
        return ends(first)
    if tilt(last) <= 0:
        return ends(last)
    return ends(float(optimize.brentq(tilt, first, last, xtol=1e-15)))


def _mode(distribution: Distribution, curve: tuple[tuple[float, float], ...]) -> float:
    i = max(range(len(curve)), key=lambda j: curve[j][1])
    if i == 0 and math.isfinite(distribution.lowest):
        nearer = curve[1][0] * 1e-4
        if distribution.density(distribution.lowest) >= distribution.density(nearer):
            return distribution.lowest
    low, high = curve[max(i - 1, 0)][0], curve[min(i + 1, len(curve) - 1)][0]
    found = optimize.minimize_scalar(
        lambda x: -distribution.density(x),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-10 * (high - low)},
    )
    return float(found.x)

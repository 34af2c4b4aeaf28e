"""One-dimensional posterior distributions, and their summaries.

Either a mixture of normal distributions, or a density that is known at the points of Gauss-Legendre rules on panels,
on its own scale or on that of the logarithm. T components or points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre
from scipy import optimize, special

from stromata.synthesis.intervals import FloatArray

ORDER = 10
"""Points per panel."""

_CURVE = 201
"""Points of the curve that figures draw."""

_COARSE = 25
"""Places at which the width of an interval is tried before the shortest is refined."""

_ROW = 41
"""Places in a row of the search for the mode."""

_HEIGHT = 1 / math.sqrt(2 * math.pi)
"""Largest density of a standard normal variable."""

_TRACE = 1e-13
"""Weight below which a component of a mixture is not looked for."""

_REACH = 7.6
"""Standard deviations beyond which a normal distribution holds less than 1e-13."""

_BLOCK = 30_000
"""Numbers that are worked on at a time: as many as stay in the processor's cache."""

_REST = 1e-9
"""Probability that the last two terms of a panel's series may hold."""

_DEPTH = 40
"""Times that a panel may be halved."""

_STEPS = 3.0 * 1.6 ** np.arange(200)
"""Edges of panels beside the peak of a mixture, in its smallest standard deviation, before they are split."""

_NODES, _WEIGHTS = legendre.leggauss(ORDER)
_TO_SERIES = (np.arange(ORDER)[:, None] + 0.5) * legendre.legvander(_NODES, ORDER - 1).T * _WEIGHTS
"""Values at the nodes to the coefficients of a Legendre series."""

_TO_SLOPE = legendre.legder(np.eye(ORDER), axis=1)
"""Coefficients of a Legendre series to those of its derivative."""

_NEWTON = 12
"""Steps of Newton's method to the shortest interval; four are usual."""


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
    """What a summary needs; places and probabilities are (P,) arrays."""

    @property
    def lowest(self) -> float:
        """End of the support; minus infinity when there is none."""

    def density(self, x: FloatArray) -> FloatArray:
        """Return the densities."""
        ...

    def slope(self, x: FloatArray) -> FloatArray:
        """Return the derivatives of the density."""
        ...

    def below(self, x: FloatArray) -> FloatArray:
        """Return the probabilities of less."""
        ...

    def quantile(self, p: FloatArray) -> FloatArray:
        """Return the values with probabilities `p` below them."""
        ...


@dataclass(frozen=True, slots=True)
class Mixture:
    """Normal distributions with (T,) weights that sum to 1, means and standard deviations above 0.

    Weights may be below 0 where their sum still is a density.
    """

    weights: FloatArray
    means: FloatArray
    deviations: FloatArray

    @property
    def lowest(self) -> float:
        """See `Distribution`."""
        return -math.inf

    def density(self, x: FloatArray) -> FloatArray:
        """See `Distribution`."""
        scaled = math.sqrt(0.5) / self.deviations
        places, share = self.means * scaled, self.weights / self.deviations * _HEIGHT
        found = np.empty_like(x)
        each = max(1, _BLOCK // len(share))
        for i in range(0, len(x), each):
            z = x[i : i + each, None] * scaled
            z -= places
            z *= z
            np.negative(z, out=z)
            found[i : i + each] = np.exp(z, out=z) @ share
        return found

    def slope(self, x: FloatArray) -> FloatArray:
        """See `Distribution`."""
        z = (x[:, None] - self.means) / self.deviations
        return np.asarray(-(z * np.exp(-0.5 * z * z)) @ (self.weights / self.deviations**2) * _HEIGHT)

    def below(self, x: FloatArray) -> FloatArray:
        """See `Distribution`."""
        return np.asarray(special.ndtr((x[:, None] - self.means) / self.deviations) @ self.weights)

    def quantile(self, p: FloatArray) -> FloatArray:
        """See `Distribution`; Newton's method, the interval halved where it steps outside."""
        # Cantelli's inequality; a trace more, for weights below 0.
        low = self.mean - self.sd * np.sqrt((1 - p) / p) * (1 + 1e-6)
        high = self.mean + self.sd * np.sqrt(p / (1 - p)) * (1 + 1e-6)
        # From either side the smaller tail is compared, which keeps its digits.
        side = np.where(p < 0.5, 1.0, -1.0)
        tail = np.minimum(p, 1 - p)

        def excess(x: FloatArray) -> tuple[FloatArray, FloatArray]:
            z = (x[:, None] - self.means) / self.deviations
            slope = np.exp(-0.5 * z * z) @ (self.weights / self.deviations) * _HEIGHT
            return side * (special.ndtr(side[:, None] * z) @ self.weights - tail), slope

        return _solve(excess, low, high, self.mean + self.sd * special.ndtri(p), 1e-14 * float(self.deviations.min()))

    @property
    def mean(self) -> float:
        """Mean of all."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Standard deviation of all."""
        return math.sqrt(float(self.weights @ (self.deviations**2 + (self.means - self.mean) ** 2)))

    def tabulated(self) -> Panels:
        """Return the same distribution by its density on panels, which is cheap to ask often."""
        counted = np.abs(self.weights) > _TRACE
        means, deviations = self.means[counted], self.deviations[counted]
        low = float((means - _REACH * deviations).min())
        high = float((means + _REACH * deviations).max())
        top = float(self.means[int(np.argmax(self.weights / self.deviations))])
        side = float(deviations.min()) * np.append(0.0, _STEPS)
        left, right = (side[: int(np.searchsorted(side, reach)) + 1] for reach in (top - low, high - top))
        return panels(*resolved(self.density, np.concatenate((top - left[:0:-1], top + right))), logarithmic=False)


def _solve(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    low: FloatArray,
    high: FloatArray,
    start: FloatArray,
    floor: float,
) -> FloatArray:
    """Return (P,) roots of rising functions between `low` and `high`; `function` returns values and slopes.

    Steps below `floor` end the search.
    """
    x = np.clip(start, low, high)
    for _ in range(200):
        value, slope = function(x)
        low, high = np.where(value < 0, x, low), np.where(value < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            following = x - value / slope
        following = np.where((following >= low) & (following <= high), following, (low + high) / 2)
        moved = np.abs(following - x)
        x = following
        if bool((moved <= np.maximum(4e-15 * np.abs(x), floor)).all()):
            break
    return x


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

    def _find(self, s: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
        i = np.clip(np.searchsorted(self.edges, s, side="right") - 1, 0, len(self.series) - 1)
        a, b = self.edges[i], self.edges[i + 1]
        return i, np.clip((2 * s - a - b) / (b - a), -1.0, 1.0)

    def density(self, x: FloatArray) -> FloatArray:
        """See `Distribution`; at 0 on a logarithmic scale the limit."""
        s, jacobian = x, np.ones_like(x)
        if self.logarithmic:
            jacobian = np.maximum(x, math.exp(float(self.edges[0])))
            s = np.log(jacobian)
        i, t = self._find(s)
        value = np.maximum(_series(t, self.series[i]), 0.0) / jacobian
        return np.where((s < self.edges[0]) | (s > self.edges[-1]), 0.0, value)

    def slope(self, x: FloatArray) -> FloatArray:
        """See `Distribution`; 0 outside."""
        s = np.log(np.maximum(x, math.exp(float(self.edges[0])))) if self.logarithmic else x
        i, t = self._find(s)
        series = self.series[i]
        found = _series(t, series @ _TO_SLOPE) * (2 / (self.edges[i + 1] - self.edges[i]))
        if self.logarithmic:
            found = (found - _series(t, series)) / np.exp(2 * s)
        return np.where((s < self.edges[0]) | (s > self.edges[-1]), 0.0, found)

    def below(self, x: FloatArray) -> FloatArray:
        """See `Distribution`."""
        # Below every panel on either scale; log(0) is not asked.
        s = np.log(np.maximum(x, math.exp(float(self.edges[0])))) if self.logarithmic else x
        i, t = self._find(s)
        return np.asarray(self.before[i] + _series(t, self.areas[i]))

    def quantile(self, p: FloatArray) -> FloatArray:
        """See `Distribution`."""
        i = np.clip(np.searchsorted(self.before, p, side="right") - 1, 0, len(self.series) - 1)
        low, high = self.edges[i], self.edges[i + 1]
        half, areas, series = (high - low) / 2, self.areas[i], self.series[i]
        part = p - self.before[i]

        def excess(t: FloatArray) -> tuple[FloatArray, FloatArray]:
            return _series(t, areas) - part, half * _series(t, series)

        ends = -np.ones_like(p), np.ones_like(p)
        s = (low + high) / 2 + half * _solve(excess, *ends, np.zeros_like(p), 2e-14)
        return np.exp(s) if self.logarithmic else s


def _series(t: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return Legendre series at (P,) places, each with its own row of `coefficients`."""
    return np.asarray(legendre.legval(t, coefficients.T, tensor=False))


def resolved(
    function: Callable[[FloatArray], FloatArray], edges: FloatArray, *, rest: float = _REST
) -> tuple[FloatArray, FloatArray]:
    """Return edges of panels that hold `function`, split until its series ends on each, and its values at their nodes.

    `function` is a density, whose integral is about 1. A panel is split while the last two terms of its series hold
    more than `rest`; what follows them, and is left out, is far less. `function` may return several densities at
    (P,) places, (P, S); the values are then (N * ORDER, S).
    """
    first, last = edges[:-1], edges[1:]
    starts, found = [], []
    for depth in range(_DEPTH + 1):
        middle, half = (first + last) / 2, (last - first) / 2
        flat = function((middle[:, None] + half[:, None] * _NODES).ravel())
        values = flat.reshape(len(middle), ORDER, *flat.shape[1:])
        left = np.abs(np.tensordot(values, _TO_SERIES[-2:], axes=(1, 1))).sum(axis=-1) * half.reshape(
            -1, *(1,) * (flat.ndim - 1)
        )
        left = left.reshape(len(middle), -1).max(axis=1)
        done = (left <= rest) | (depth == _DEPTH)
        starts.append(first[done])
        found.append(values[done])
        first, middle, last = first[~done], middle[~done], last[~done]
        if not len(first):
            break
        first, last = np.concatenate((first, middle)), np.concatenate((middle, last))
    begin = np.concatenate(starts)
    order = np.argsort(begin)
    values = np.concatenate(found)[order]
    return np.append(begin[order], edges[-1]), values.reshape(-1, *values.shape[2:])


def nodes(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points on all panels and their weights, each (N * ORDER,)."""
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (middle[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _WEIGHTS).ravel()


def panels(edges: FloatArray, density: FloatArray, *, logarithmic: bool = False, lowest: float = -math.inf) -> Panels:
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
    first, last, left, right, median = distribution.quantile(np.array([0.002, 0.998, tail, 1 - tail, 0.5])).tolist()
    start = distribution.lowest if math.isfinite(distribution.lowest) else first
    x = np.linspace(start, last, _CURVE)
    heights = distribution.density(x)
    mode = _mode(distribution, x, heights)
    curve = tuple(zip(x.tolist(), heights.tolist(), strict=True))
    return Posterior(mean, median, mode, sd, low, high, left, right, curve)


def shortest(distribution: Distribution, level: float) -> tuple[float, float]:
    """Return the shortest interval that holds `level`.

    Where it does not begin at the end of the support, the density is the same at both of its ends.
    """
    steps = np.linspace(0, 1 - level, _COARSE)
    steps[-1] -= 1e-9 * (1 - level)
    bounded = math.isfinite(distribution.lowest)
    steps[0] = 0.0 if bounded else 1e-9 * (1 - level)

    def ends(p: FloatArray) -> FloatArray:
        found = distribution.quantile(np.concatenate((np.where(p == 0, level, p), p + level))).reshape(2, -1)
        found[0, p == 0] = distribution.lowest
        return found

    places = ends(steps)
    i = int(np.argmin(places[1] - places[0]))
    first, last = max(i - 1, 0), min(i + 1, _COARSE - 1)
    tilts = np.subtract(*distribution.density(places[:, [first, last]].ravel()).reshape(2, 2))
    if tilts[0] >= 0:
        low, high = places[:, first].tolist()
    elif tilts[1] <= 0:
        low, high = places[:, last].tolist()
    else:
        low, high = _level_ends(distribution, places[:, i], places[:, [first, last]], level)
        if math.isnan(low):

            def tilt(p: float) -> float:
                return float(np.subtract(*distribution.density(ends(np.array([p]))[:, 0])))

            p = float(optimize.brentq(tilt, steps[first], steps[last], xtol=1e-12))
            low, high = ends(np.array([p]))[:, 0].tolist()
    return low, high


def _level_ends(distribution: Distribution, start: FloatArray, within: FloatArray, level: float) -> tuple[float, float]:
    """Return the ends of the interval that holds `level` with the same density at both, by Newton's method.

    `within` (2, 2) has the bounds of either end, a row each. Two nan where the method leaves them, or does not settle.
    """
    x = start
    for _ in range(_NEWTON):
        f, slope, area = distribution.density(x), distribution.slope(x), distribution.below(x)
        matrix = np.array([[-f[0], f[1]], [-slope[0], slope[1]]])
        if not abs(float(np.linalg.det(matrix))) > 0:
            break
        step = np.linalg.solve(matrix, np.array([level - (area[1] - area[0]), f[0] - f[1]]))
        x = x + step
        if not bool(((x >= within.min(axis=1)) & (x <= within.max(axis=1))).all()):
            break
        if bool((np.abs(step) <= 1e-12 * (x[1] - x[0])).all()):
            return float(x[0]), float(x[1])
    return math.nan, math.nan


def _mode(distribution: Distribution, x: FloatArray, heights: FloatArray) -> float:
    i = int(np.argmax(heights))
    if i == 0 and math.isfinite(distribution.lowest):
        at_end, nearer = distribution.density(np.array([distribution.lowest, float(x[1]) * 1e-4])).tolist()
        if at_end >= nearer:
            return distribution.lowest
    low, high = float(x[max(i - 1, 0)]), float(x[min(i + 1, len(x) - 1)])
    ends = distribution.slope(np.array([low, high]))
    if ends[0] > 0 > ends[1]:
        tilt = lambda place: float(distribution.slope(np.array([place]))[0])  # noqa: E731 - named for the search alone
        return float(optimize.brentq(tilt, low, high, xtol=1e-12 * (high - low), rtol=1e-14))
    # The best of a row of places, and of ever closer rows around it.
    while high - low > 1e-9 * max(abs(low), abs(high), float(x[-1] - x[0])):
        row = np.linspace(low, high, _ROW)
        j = int(np.argmax(distribution.density(row)))
        low, high = float(row[max(j - 1, 0)]), float(row[min(j + 1, _ROW - 1)])
    return (low + high) / 2

"""From the scale on which studies are pooled to the one that people read: values, ticks and labels of an axis.

Funnels, curves and their like are drawn on the analysis scale, where errors are symmetric, with ticks that read on the
natural one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stromata.model import Interval, MeasureName, Synthesis, numbers
from stromata.reporting.axes import Axis, axis_for

Back = Literal["same", "exp", "logistic", "sine-squared", "square", "tanh"]

_BACK: dict[MeasureName, Back] = {
    "PLN": "exp",
    "IRLN": "exp",
    "MNLN": "exp",
    "SDLN": "exp",
    "CVLN": "exp",
    "PLO": "logistic",
    "PAS": "sine-squared",
    "IRS": "square",
    "ZCOR": "tanh",
    "ZPCOR": "tanh",
}
"""How the measures that are no ratios come back; those that are not here need no way back, or have none that holds for
all studies."""

_WITHOUT: frozenset[MeasureName] = frozenset({"PFT", "IRFT", "AHW", "ABT"})
"""Measures that stay on the analysis scale: the double roots need each study's size, the two coefficients alpha are not
read there."""

_MOST_TICKS = 7
_LARGEST_LOG = 700.0
"""Logarithm above which a ratio is infinite to all purposes."""

_SHARES = (
    (0.01, 0.02, 0.05, *(part / 10 for part in range(1, 10)), 0.95, 0.98, 0.99),
    (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99),
    (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999),
    (1e-6, 1e-4, 0.01, 0.5, 0.99, 0.9999),
)
_CORRELATIONS = (
    (-0.99, -0.95, *(part / 10 for part in range(-9, 10)), 0.95, 0.99),
    (-0.99, -0.95, -0.9, -0.8, -0.5, 0.0, 0.5, 0.8, 0.9, 0.95, 0.99),
    (-0.99, -0.9, -0.5, 0.0, 0.5, 0.9, 0.99),
    (-0.99, 0.0, 0.99),
)
"""Round values, from a fine set to a coarse one; the finest with no more ticks than fit is taken."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What an analysis scale reads as.

    Attributes
    ----------
    readable : whether values come back to the natural scale; else they are printed as they are.
    """

    measure: MeasureName

    @property
    def back(self) -> Back:
        """How a value comes back."""
        return "exp" if numbers.family(self.measure) == "ratio" else _BACK.get(self.measure, "same")

    @property
    def readable(self) -> bool:
        """Whether values are printed on the natural scale."""
        return self.measure not in _WITHOUT

    def natural(self, y: float) -> float:
        """Return a value of the analysis scale on the natural one; infinite where it is beyond all bounds."""
        match self.back:
            case "exp":
                value = math.inf if y > _LARGEST_LOG else math.exp(y)
                return min(value, 1.0) if numbers.family(self.measure) == "proportion" else value
            case "logistic":
                return 1 / (1 + math.exp(-max(y, -_LARGEST_LOG)))
            case "sine-squared":
                return math.sin(min(max(y, 0.0), math.pi / 2)) ** 2
            case "square":
                return max(y, 0.0) ** 2
            case "tanh":
                return math.tanh(y)
            case _:
                return y

    def analysis(self, value: float) -> float:
        """Return the analysis scale's value for one of the natural scale; infinite at an end that it never reaches."""
        match self.back:
            case "exp":
                return math.log(value) if value > 0 else -math.inf
            case "logistic":
                return -math.inf if value <= 0 else math.inf if value >= 1 else math.log(value / (1 - value))
            case "sine-squared":
                return math.asin(math.sqrt(min(max(value, 0.0), 1.0)))
            case "square":
                return math.sqrt(max(value, 0.0))
            case "tanh":
                return math.copysign(math.inf, value) if abs(value) >= 1 else math.atanh(value)
            case _:
                return value

    @property
    def no_effect(self) -> float | None:
        """The value of no effect on the analysis scale; None for measures of a single group."""
        value = numbers.no_effect(self.measure)
        return None if value is None else self.analysis(value)

    def interval(self, estimate: float | None, low: float | None, high: float | None) -> Interval:
        """Return an estimate with its bounds on the natural scale; what is not finite is left out."""
        back = [
            self.natural(value) if value is not None and math.isfinite(value) else None
            for value in (estimate, low, high)
        ]
        return finite(Interval(*back))

    def text(self, y: float) -> str:
        """Return a value of the analysis scale as it is read, with its percent sign where it has one."""
        if not self.readable:
            return numbers.difference(y)
        mark = numbers.unit(self.measure)
        return numbers.natural(self.natural(y), self.measure, None) + (f"{numbers.KEPT}{mark}" if mark else "")

    @property
    def label(self) -> str:
        """What an axis of the analysis scale is called, by how its ticks read."""
        name = numbers.measure_name(self.measure)
        if not self.readable:
            return f"{name} (on the scale of analysis)"
        mark = numbers.unit(self.measure)
        how = {"exp": "logarithmic axis", "logistic": "logit axis", "sine-squared": "arcsine axis"}
        how |= {"square": "square-root axis", "tanh": "Fisher’s z axis"}
        words = f"{name}, {mark}" if mark else name
        return f"{words} ({how[self.back]})" if self.back in how else words

    def ticks(self, low: float, high: float) -> tuple[tuple[float, str], ...]:
        """Return (place on the analysis scale, text) of round natural values within a range of the analysis scale."""
        found = [(self.analysis(value), text) for value, text in self._natural_ticks(low, high)]
        inside = tuple((place, text) for place, text in found if low - 1e-9 <= place <= high + 1e-9)
        if len(inside) >= 2:
            return inside
        middle = [low, (low + high) / 2, high]
        return tuple((place, self.text(place).removesuffix("%").strip()) for place in middle)

    def _natural_ticks(self, low: float, high: float) -> Sequence[tuple[float, str]]:
        if not self.readable or self.back == "same":
            percent = numbers.family(self.measure) == "proportion" and self.readable
            factor = 100.0 if percent else 1.0
            axis = _span("MD", low * factor, high * factor)
            return [(value / factor, text) for value, text in axis.ticks]
        if numbers.family(self.measure) == "ratio":
            return _span(self.measure, self.natural(low), self.natural(high)).ticks
        if self.back == "square":
            return _span("IR", self.natural(low), self.natural(high)).ticks
        if self.back == "tanh":
            return [(value, numbers.plain(value)) for value in _fitting(_CORRELATIONS, self, low, high)]
        if numbers.family(self.measure) == "proportion":
            return [(value, f"{100 * value:g}") for value in _fitting(_SHARES, self, low, high)]
        return [(value, f"{value:g}") for value in _fitting(_powers(low, high), self, low, high)]


def axis_of(scale: Scale, intervals: Sequence[Interval]) -> Axis:
    """Return the axis for intervals that `Scale.interval` made."""
    if scale.readable:
        return axis_for(scale.measure, intervals)
    return replace(axis_for("GEN", intervals), label=scale.label)


def _span(measure: MeasureName, low: float, high: float) -> Axis:
    """Return our axis over a range of the natural scale."""
    return axis_for(measure, [Interval(value, None, None) for value in (low, high)])


def _fitting(sets: Sequence[Sequence[float]], scale: Scale, low: float, high: float) -> list[float]:
    inside: list[float] = []
    for values in sets:
        inside = [value for value in values if low <= scale.analysis(value) <= high]
        if len(inside) <= _MOST_TICKS:
            break
    return inside


def _powers(low: float, high: float) -> tuple[tuple[float, ...], ...]:
    """Return values 1, 2, 5 of each power of ten, then the powers alone, then every third, tenth and hundredth."""
    first, last = math.floor(low / math.log(10)), math.ceil(high / math.log(10))
    powers = range(first, last + 1)
    coarse = [tuple(10.0**power for power in powers if power % step == 0) for step in (1, 3, 10, 100)]
    return (tuple(base * 10.0**power for power in powers for base in (1, 2, 5)), *coarse)


def finite(interval: Interval) -> Interval:
    """Return an interval without what is not finite."""
    values = (interval.estimate, interval.ci_low, interval.ci_high, interval.pi_low, interval.pi_high)
    return Interval(*(value if value is not None and math.isfinite(value) else None for value in values))


def pooled_text(result: Synthesis) -> str:
    """Return the pooled result in a sentence, for the text equivalents of figures."""
    name = numbers.measure_name(result.measure)
    natural = finite(result.natural)
    if natural.estimate is None:
        return "There is no pooled estimate."
    people = numbers.people(result.effects)
    mark = f" in {numbers.unit(result.measure)}" if numbers.unit(result.measure) else ""
    shown = numbers.estimate(natural, result.measure, people)
    return f"Pooled {name.lower()}{mark} with {numbers.level(result.level)} interval: {shown}."


def studies(k: int) -> str:
    """Return a count of studies in words."""
    return f"{k} {'study' if k == 1 else 'studies'}"

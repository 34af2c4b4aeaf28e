"""Axes of a forest plot: the range, the ticks, and where a value stands between the two ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from stromata.model import Interval, MeasureName, numbers

_REACH = 3.0
"""Intervals are drawn up to three times the median half-width beyond the estimates, so that one wide interval does not
press all others together; what reaches further is cut, and ends in an arrow."""

_MOST_TICKS = 7
_LEAST_LOG = 0.2
"""An axis of ratios spans at least this much on the log scale (a fifth), so that near-equal ratios look near-equal."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis on the natural scale.

    Attributes
    ----------
    low, high : values at its two ends; low < high.
    logarithmic : equal ratios take equal room.
    ticks : (value, text), from low to high.
    label : what is measured, with its unit.
    """

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[tuple[float, str], ...]
    label: str

    def place(self, value: float) -> float:
        """Return where a value stands: 0 at the low end, 1 at the high end, outside 0..1 beyond them."""
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            return -math.inf
        return math.log(value / self.low) / math.log(self.high / self.low)


def axis_for(measure: MeasureName, intervals: Sequence[Interval]) -> Axis:
    """Return the axis for intervals on a measure's natural scale; it holds all estimates and the value of no effect."""
    kind = numbers.family(measure)
    name = numbers.measure_name(measure)
    if kind == "proportion":
        return Axis(0.0, 1.0, False, tuple((part / 5, f"{part * 20}") for part in range(6)), f"{name}, %")  # noqa: FBT003
    if kind == "ratio":
        low, high = _range([_logs(each) for each in intervals], 0.0)
        if high - low < _LEAST_LOG:
            low, high = low - _LEAST_LOG / 2, high + _LEAST_LOG / 2
        ticks = _log_ticks(math.exp(low), math.exp(high))
        low, high = min(math.exp(low), ticks[0]), max(math.exp(high), ticks[-1])
        return Axis(low, high, True, tuple((tick, f"{tick:g}") for tick in ticks), f"{name} (logarithmic axis)")  # noqa: FBT003
    low, high = _range(intervals, numbers.no_effect(measure))
    ticks, decimals = _linear_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    return Axis(low, high, False, tuple((tick, numbers.fixed(tick, decimals)) for tick in ticks), name)  # noqa: FBT003


def _logs(interval: Interval) -> Interval:
    """Return an interval of ratios on the log scale; a bound of zero has none there."""

    def log(value: float | None) -> float | None:
        return math.log(value) if value is not None and value > 0 else None

    return Interval(estimate=log(interval.estimate), ci_low=log(interval.ci_low), ci_high=log(interval.ci_high))


def _range(intervals: Sequence[Interval], reference: float | None) -> tuple[float, float]:
    estimates = [each.estimate for each in intervals if each.estimate is not None]
    points = estimates + ([] if reference is None else [reference])
    lows = [each.ci_low for each in intervals if each.ci_low is not None]
    highs = [each.ci_high for each in intervals if each.ci_high is not None]
    if not points:
        points = lows + highs or [0.0]
    halves = [
        (each.ci_high - each.ci_low) / 2 for each in intervals if each.ci_low is not None and each.ci_high is not None
    ]
    reach = _REACH * median(halves) if halves else 1.0
    low = max(min([*lows, *points]), min(points) - reach)
    high = min(max([*highs, *points]), max(points) + reach)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return low, high


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round ratios that span the range: 1-2-5 steps, or powers of ten (and their threes) on long axes."""
    decades = math.log10(high / low)
    bases = (1, 2, 5) if decades <= 2 else (1, 3) if decades <= 3 else (1,)
    step = max(1, math.ceil(decades / (_MOST_TICKS - 1))) if bases == (1,) else 1
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    marks = sorted(base * 10.0**power for power in powers if power % step == 0 for base in bases)
    if decades < 0.45:
        marks = sorted({*marks, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.5, 1.7, 2.5, 3, 4})
    first = max((place for place, mark in enumerate(marks) if mark <= low * 1.0001), default=0)
    last = min((place for place, mark in enumerate(marks) if mark >= high * 0.9999), default=len(marks) - 1)
    return marks[first : last + 1]


def _linear_ticks(low: float, high: float) -> tuple[list[float], int]:
    """Return round values that span the range, and the decimals they need."""
    rough = (high - low) / (_MOST_TICKS - 2)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(base * power for base in (1, 2, 5, 10) if base * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [round(place * step, 12) for place in range(first, last + 1)], decimals

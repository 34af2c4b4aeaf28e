"""Clouds of studies: L'Abbe plots of the risks in two groups, and bubble plots of a meta-regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import EffectSize, MeasureName, Synthesis, numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import BLUE, GREY, INK, PALE, Page, PageOptions, checked
from stromata.reporting.figures.funnels import ticks
from stromata.reporting.figures.scales import Scale, pooled_text, studies
from stromata.reporting.lineage import effects_of

if TYPE_CHECKING:
    from stromata.synthesis.regression.meta_regression import MetaRegression

FloatArray = npt.NDArray[np.float64]

_POINTS = 101
_SMALLEST_MM, _LARGEST_MM = 1.2, 5.0
"""Diameters of bubbles."""

_EQUAL: dict[str, Any] = {"color": GREY, "linewidth": 0.7}
_POOLED: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}
_BUBBLE: dict[str, Any] = {
    "marker": "o",
    "linestyle": "",
    "markerfacecolor": "#9ecae1c0",
    "markeredgecolor": INK,
    "markeredgewidth": 0.5,
    "color": INK,
}


def _diameters(weights: Sequence[float]) -> list[float]:
    """Return the diameters of bubbles, in points: areas grow with the weights."""
    most = max(weights, default=1.0) or 1.0
    return [
        (_SMALLEST_MM + (_LARGEST_MM - _SMALLEST_MM) * math.sqrt(max(each, 0.0) / most)) * canvas.MM for each in weights
    ]


# Risks in two groups.


def labbe(result: Synthesis, **page: Unpack[PageOptions]) -> bytes:
    """Return a L'Abbe plot: the risk in the intervention group against that in the comparator group.

    Parameters
    ----------
    result : of two-group effects with events and totals among their inputs; others are not drawn.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. Bubbles grow with the weight (with the number of people in models without weights). The full line is
    equal risks; the dashed one is the pooled result where it is an odds ratio, a risk ratio or a risk difference.

    Raises
    ------
    InvalidInput
        No study has events and totals of two groups.

    References
    ----------
    L'Abbe, Detsky and O'Rourke (1987), Annals of Internal Medicine 107, 224-233.
    """
    given, found = checked(page), _risks(result)
    if not found:
        raise InvalidInput(
            "no study has events and totals of two groups",
            hint="A L'Abbe plot needs counts, such as those of OR or RR.",
        )
    line = _pooled_risks(result)
    entries = [Line2D([], [], markersize=5, label="study", **_BUBBLE), Line2D([], [], label="equal risks", **_EQUAL)]
    if line is not None:
        entries.append(Line2D([], [], label=f"pooled {numbers.measure_name(result.measure).lower()}", **_POOLED))
    labels = [str(entry.get_label()) for entry in entries]
    side = min(given.width_mm - 20, 90.0)
    with canvas.settings():
        margins = canvas.Margins(left=15, right=given.width_mm - 15 - side)
        figure, axes = canvas.one_panel(given, side, labels, "labbe", margins)
        _draw_labbe(axes, given, found, line)
        canvas.key(figure, given, entries)
        return canvas.to_bytes(figure, given, kind="L’Abbé plot", description=describe_labbe(result))


def _risks(result: Synthesis) -> list[tuple[EffectSize, float, float]]:
    """Return the effects with the risks in the comparator and in the intervention group."""
    found = []
    for effect in effects_of(result):
        sizes, events = numbers.group_sizes(effect), numbers.group_events(effect)
        if len(sizes) == 2 and len(events) == 2 and min(sizes) > 0:
            found.append((effect, events[1] / sizes[1], events[0] / sizes[0]))
    return found


def _pooled_risks(result: Synthesis) -> tuple[FloatArray, FloatArray] | None:
    """Return the line on which the pooled effect is the same at every risk in the comparator group."""
    pooled = result.natural.estimate
    if pooled is None or not math.isfinite(pooled):
        return None
    x = np.linspace(0, 1, _POINTS)
    if result.measure in ("OR", "PETO"):
        return x, pooled * x / (1 - x + pooled * x)
    if result.measure == "RR":
        return x, pooled * x
    return (x, x + pooled) if result.measure == "RD" else None


def _draw_labbe(
    axes: Axes, page: Page, found: Sequence[tuple[EffectSize, float, float]], line: tuple[FloatArray, FloatArray] | None
) -> None:
    most = max(max(x, y) for _, x, y in found)
    limit = min(1.0, 1.15 * most) if most else 1.0
    weighted = all(effect.weight is not None for effect, _, _ in found)
    weights = [effect.weight or 0.0 if weighted else float(sum(numbers.group_sizes(effect))) for effect, _, _ in found]
    axes.plot((0, limit), (0, limit), gid="equal", zorder=1, **_EQUAL)
    if line is not None:
        shown = (line[0] <= limit) & (line[1] <= limit) & (line[1] >= 0)
        axes.plot(line[0][shown], line[1][shown], gid="pooled", zorder=1, **_POOLED)
    order = sorted(range(len(found)), key=lambda place: -weights[place])
    sizes = _diameters(weights)
    for place in order:
        _, x, y = found[place]
        axes.plot((x,), (y,), markersize=sizes[place], gid=f"study-{place + 1}", clip_on=False, zorder=3, **_BUBBLE)
    axes.set_xlim(0, limit)
    axes.set_ylim(0, limit)
    marks = [place for place, _ in Scale("PR").ticks(0, limit)]
    names = [text for _, text in Scale("PR").ticks(0, limit)]
    axes.set_xticks(marks, names)
    axes.set_yticks(marks, names)
    canvas.caption(axes, page, x="Events in the comparator group, %", y="Events in the intervention group, %")
    points = [(found[place][1], found[place][2], found[place][0].label) for place in order]
    canvas.name_points(axes, page, points, radii=[sizes[place] / 2 / canvas.MM for place in order])


def describe_labbe(result: Synthesis) -> str:
    """Return a L'Abbe plot in words."""
    found = _risks(result)
    what = "events in the intervention and the comparator group"
    parts = [f"L’Abbé plot of {studies(len(found))}: {what}. {pooled_text(result)}"]
    for effect, x, y in found:
        own, other = numbers.group_sizes(effect)
        parts.append(f"{effect.label}: {numbers.percent(y, own)} % against {numbers.percent(x, other)} %.")
    return " ".join(parts)


# Meta-regression.


class Predicted(Protocol):
    """A prediction at one value of the moderator, such as `stromata.synthesis.regression.inference.Prediction`."""

    @property
    def estimate(self) -> float:
        """The average effect."""

    @property
    def ci_low(self) -> float:
        """Lower bound of its interval."""

    @property
    def ci_high(self) -> float:
        """Upper bound of its interval."""

    @property
    def pi_low(self) -> float | None:
        """Lower bound of the prediction interval."""

    @property
    def pi_high(self) -> float | None:
        """Upper bound of the prediction interval."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Predictions along a moderator, for `bubble`: (M,) ascending values, and one prediction each."""

    at: tuple[float, ...]
    predictions: tuple[Predicted, ...]


def bubble(
    fit: MetaRegression,
    moderator: str,
    *,
    values: Sequence[float] | None = None,
    curve: Curve | None = None,
    measure: MeasureName = "GEN",
    labels: Sequence[str] = (),
    **page: Unpack[PageOptions],
) -> bytes:
    """Return a bubble plot: the studies' effects against a moderator, with the line of a meta-regression.

    Parameters
    ----------
    fit : what `stromata.synthesis.regression.meta_regression.regress` returns.
    moderator : name of a column of the model matrix; with `values`, what the axis is called.
    values : (K,) of the moderator, where it is no column of the matrix (a logarithm, a spline).
    curve : predictions along it, from `stromata.synthesis.regression.inference.predict`. Without, and without
        `values`, the line is that of the column, every other column at its mean over the studies.
    measure : of the effects; their axis then reads on its natural scale.
    labels : (K,) names of the studies; written beside the bubbles as far as there is room.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. Bubbles grow with the weight, 1 / (variance + tau2). The dark band is the confidence interval of the
    average effect, the lines outside it the prediction interval.

    Raises
    ------
    InvalidInput
        No such column, another number of values or labels than of studies, another number of predictions than places.

    References
    ----------
    Thompson and Higgins (2002), Statistics in Medicine 21, 1559-1573.
    """
    given, x, line = checked(page), _moderator(fit, moderator, values), _line(fit, moderator, values, curve)
    if labels and len(labels) != fit.k:
        raise InvalidInput(f"{len(labels)} labels; there are {studies(fit.k)}")
    entries = [Line2D([], [], markersize=5, label="study", **_BUBBLE)]
    if line is not None:
        level = numbers.level(fit.level)
        entries.append(Line2D([], [], label=f"average effect, {level} confidence interval", **_FITTED))
        if line.predictions[0].pi_low is not None:
            entries.append(Line2D([], [], label=f"{level} prediction interval", **_AHEAD))
    texts = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        figure, axes = canvas.one_panel(given, min(0.6 * given.width_mm, 95.0), texts, "bubble", canvas.Margins())
        _draw_bubble(axes, fit, x, line=line, scale=Scale(measure))
        canvas.caption(axes, given, x=moderator, y=Scale(measure).label)
        order = np.argsort(fit.vi).tolist() if labels else []
        sizes = _diameters(_weights(fit))
        points = [(float(x[at]), float(fit.yi[at]), labels[at]) for at in order]
        canvas.name_points(axes, given, points, radii=[sizes[at] / 2 / canvas.MM for at in order])
        canvas.key(figure, given, entries)
        description = describe_bubble(fit, moderator, values=values, curve=curve, measure=measure, labels=labels)
        return canvas.to_bytes(figure, given, kind="Bubble plot", description=description)


_FITTED: dict[str, Any] = {"color": BLUE, "linewidth": 1.3}
_AHEAD: dict[str, Any] = {"color": BLUE, "linewidth": 0.8, "linestyle": (0, (1, 1.5))}


def _moderator(fit: MetaRegression, moderator: str, values: Sequence[float] | None) -> FloatArray:
    if values is not None:
        if len(values) != fit.k:
            raise InvalidInput(f"{len(values)} values of {moderator!r}; there are {studies(fit.k)}")
        return np.array(values, dtype=np.float64)
    if moderator not in fit.matrix.names:
        raise InvalidInput(
            f"no column {moderator!r} in the model matrix",
            hint=f"There are: {', '.join(fit.matrix.names)}; or give its values.",
        )
    return np.asarray(fit.matrix.x[:, fit.matrix.names.index(moderator)], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Point:
    """A prediction of ours."""

    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None


def _line(fit: MetaRegression, moderator: str, values: Sequence[float] | None, curve: Curve | None) -> Curve | None:
    if curve is not None:
        if len(curve.at) != len(curve.predictions) or not curve.at:
            raise InvalidInput(
                f"{len(curve.predictions)} predictions at {len(curve.at)} values; there must be one each"
            )
        return curve
    if values is not None:
        return None
    x = _moderator(fit, moderator, None)
    at = np.linspace(float(x.min()), float(x.max()), _POINTS)
    rows = np.repeat(fit.matrix.x.mean(axis=0)[None, :], _POINTS, axis=0)
    rows[:, fit.matrix.names.index(moderator)] = at
    estimates = rows @ fit.beta
    variances = np.maximum(np.einsum("mp,pq,mq->m", rows, fit.covariance, rows), 0.0)
    upper = (1 + fit.level) / 2
    quantile = float(special.ndtri(upper) if fit.df is None else special.stdtrit(fit.df, upper))
    half = quantile * np.sqrt(variances)
    ahead = None if fit.tau2 is None else quantile * np.sqrt(variances + fit.tau2)
    found = [
        _Point(
            float(estimates[m]),
            float(estimates[m] - half[m]),
            float(estimates[m] + half[m]),
            None if ahead is None else float(estimates[m] - ahead[m]),
            None if ahead is None else float(estimates[m] + ahead[m]),
        )
        for m in range(_POINTS)
    ]
    return Curve(tuple(at.tolist()), tuple(found))


def _weights(fit: MetaRegression) -> list[float]:
    found: list[float] = (1 / (fit.vi + (fit.tau2 or 0.0))).tolist()
    return found


def _draw_bubble(axes: Axes, fit: MetaRegression, x: FloatArray, *, line: Curve | None, scale: Scale) -> None:
    heights = fit.yi.tolist()
    if line is not None:
        low, high = ([getattr(each, name) for each in line.predictions] for name in ("ci_low", "ci_high"))
        axes.fill_between(line.at, low, high, color="#d6e6f2", linewidth=0, gid="confidence", zorder=0)
        axes.plot(line.at, [each.estimate for each in line.predictions], gid="fitted", zorder=2, **_FITTED)
        heights += [*low, *high]
        for name in ("pi_low", "pi_high"):
            bounds = [getattr(each, name) for each in line.predictions]
            if None not in bounds:
                axes.plot(line.at, bounds, gid=f"prediction-{name[3:]}", zorder=1, **_AHEAD)
                heights += bounds
    null = scale.no_effect
    bottom, top = min(heights), max(heights)
    room = 0.08 * (top - bottom) or 0.5
    if null is not None and bottom - room <= null <= top + room:
        axes.axhline(null, color=PALE, linewidth=0.7, zorder=0, gid="no-effect")
    sizes = _diameters(_weights(fit))
    for place in np.argsort(fit.vi).tolist():
        at, y = float(x[place]), float(fit.yi[place])
        axes.plot((at,), (y,), markersize=sizes[place], gid=f"study-{place + 1}", clip_on=False, zorder=3, **_BUBBLE)
    spare = 0.06 * float(x.max() - x.min()) or 0.5
    axes.set_xlim(float(x.min()) - spare, float(x.max()) + spare)
    axes.set_ylim(bottom - room, top + room)
    axes.locator_params(axis="x", nbins=7)
    ticks(axes, scale, bottom - room, top + room, along="y")


def describe_bubble(
    fit: MetaRegression,
    moderator: str,
    *,
    values: Sequence[float] | None = None,
    curve: Curve | None = None,
    measure: MeasureName = "GEN",
    labels: Sequence[str] = (),
) -> str:
    """Return a bubble plot in words; parameters as for `bubble`."""
    scale, x = Scale(measure), _moderator(fit, moderator, values)
    line = _line(fit, moderator, values, curve)
    parts = [f"Bubble plot of {studies(fit.k)}: {scale.label} against {moderator}."]
    own = next((each for each in fit.coefficients if each.name == moderator), None) if values is None else None
    if own is not None:
        bounds = f"{numbers.level(fit.level)} interval {numbers.number(own.ci_low)} to {numbers.number(own.ci_high)}"
        parts.append(
            f"Slope on the scale of analysis {numbers.number(own.estimate)}, {bounds}, {numbers.p_value(own.p)}."
        )
    if line is not None:
        for at, found in ((line.at[0], line.predictions[0]), (line.at[-1], line.predictions[-1])):
            ends = f"{scale.text(found.ci_low)} to {scale.text(found.ci_high)}"
            parts.append(f"At {numbers.precise(at)} the average effect is {scale.text(found.estimate)} ({ends}).")
    names = labels or [f"Study {place}" for place in range(1, fit.k + 1)]
    for name, at, y in zip(names, x.tolist(), fit.yi.tolist(), strict=True):
        parts.append(f"{name}: {numbers.precise(at)}, {scale.text(y)}.")
    return " ".join(parts)

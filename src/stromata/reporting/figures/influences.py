"""Which studies a result hangs on: Baujat plot, case-deletion diagnostics, and the results of all subsets (GOSH)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import MeasureName, Synthesis, numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import GREY, INK, ORANGE, Page, PageOptions, checked
from stromata.reporting.figures.contours import quantile
from stromata.reporting.figures.funnels import DOT, ticks, usable
from stromata.reporting.figures.scales import Scale, studies

if TYPE_CHECKING:
    from stromata.synthesis.sensitivity import Influence, Refits, Subsets

FloatArray = npt.NDArray[np.float64]

_GRID = 45
"""Hexagons across a GOSH plot: fine enough for two clouds to be told apart, few enough for a small file."""

_BARS = 40


def baujat(result: Synthesis, refits: Refits, **page: Unpack[PageOptions]) -> bytes:
    """Return a Baujat plot: each study's share in the heterogeneity against its influence on the pooled result.

    Parameters
    ----------
    result : the pool of all studies, under the same model as `refits`.
    refits : what `stromata.synthesis.sensitivity.leave_one_out` returns for the same studies.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. Across: squared residual over variance plus tau2 (under a common effect, the study's term of Cochran's Q).
    Up: squared change of the pooled estimate without the study, over its variance without the study. Names stand
    beside the farthest points, as far as there is room.

    Raises
    ------
    InvalidInput
        Other studies in `refits` than in `result`.

    References
    ----------
    Baujat, Mahe, Pignon and Hill (2002), Statistics in Medicine 21, 2641-2652.
    """
    given, points = checked(page), _baujat_points(result, refits)
    description = describe_baujat(result, refits)
    with canvas.settings():
        figure, axes = canvas.one_panel(given, min(0.6 * given.width_mm, 95.0), (), "baujat", canvas.Margins())
        for place, (_, x, y) in enumerate(points, start=1):
            axes.plot((x,), (y,), gid=f"study-{place}", zorder=4, clip_on=False, **DOT)
        for along, values in (("x", [x for _, x, _ in points]), ("y", [y for _, _, y in points])):
            limit = 1.12 * max(values, default=0.0) or 1.0
            (axes.set_xlim if along == "x" else axes.set_ylim)(0, limit)
        canvas.caption(axes, given, x="Contribution to heterogeneity", y="Influence on the pooled estimate")
        canvas.name_points(axes, given, _farthest(points))
        return canvas.to_bytes(figure, given, kind="Baujat plot", description=description)


def _farthest(points: Sequence[tuple[str, float, float]]) -> list[tuple[float, float, str]]:
    """Return points as (x, y, name), the farthest from the origin first, both axes counting alike."""
    wide = max((x for _, x, _ in points), default=0.0) or 1.0
    tall = max((y for _, _, y in points), default=0.0) or 1.0
    order = sorted(points, key=lambda point: -math.hypot(point[1] / wide, point[2] / tall))
    return [(x, y, label) for label, x, y in order]


def _baujat_points(result: Synthesis, refits: Refits) -> list[tuple[str, float, float]]:
    found = usable(result)
    if tuple(effect.label for effect, _, _ in found) != tuple(refits.labels):
        raise InvalidInput(
            f"the refits are of {len(refits.labels)} studies, the result of {len(found)}, or their names differ",
            hint="Leave one out of the result's own effects, and do not sort them.",
        )
    centre, tau2 = result.estimate, result.tau2 or 0.0
    if centre is None:
        return []
    moved = (centre - refits.estimate) ** 2 / refits.se**2
    return [
        (effect.label, (y - centre) ** 2 / (se * se + tau2), shift)
        for (effect, y, se), shift in zip(found, moved.tolist(), strict=True)
        if math.isfinite(shift)
    ]


def describe_baujat(result: Synthesis, refits: Refits) -> str:
    """Return a Baujat plot in words."""
    points = _baujat_points(result, refits)
    parts = [
        f"Baujat plot of {studies(len(points))}: contribution to heterogeneity, and influence on the pooled estimate."
    ]
    parts += [f"{label}: {numbers.number(x)} and {numbers.number(y)}." for label, x, y in points]
    return " ".join(parts)


# Case-deletion diagnostics.


@dataclass(frozen=True, slots=True)
class _Measure:
    """One diagnostic: its name, its values, and where its limits or its resting value lie."""

    name: str
    spoken: str
    values: FloatArray
    limits: tuple[float, ...] = ()
    rest: float | None = None


def _measures(found: Influence) -> tuple[_Measure, ...]:
    k = len(found.labels)
    p = found.dfbetas.shape[1]
    moved = 3 * math.sqrt(p / (k - p)) if k > p else math.nan
    middle = float(special.chdtri(p, 0.5))
    z = quantile(0.95)
    return (
        _Measure("Residual", "studentised residual", found.rstudent, (-z, z), 0.0),
        _Measure("DFFITS", "DFFITS", found.dffits, (-moved, moved), 0.0),
        _Measure("Cook’s D", "Cook's distance", found.cook, (middle,), 0.0),
        _Measure("Cov. ratio", "covariance ratio", found.cov_ratio, (), 1.0),
        _Measure("τ² without", "tau-squared without it", found.tau2_deleted),
        _Measure("Q without", "Q without it", found.q_deleted),
        _Measure("Hat", "hat value", found.hat, (3 * p / k,) if k else ()),
        _Measure("Weight, %", "weight in %", found.weight, (), 100 / k if k else None),
    )


def influence_panel(found: Influence, **page: Unpack[PageOptions]) -> bytes:
    """Return the eight case-deletion diagnostics side by side, a row per study.

    Parameters
    ----------
    found : what `stromata.synthesis.sensitivity.influence` returns.
    page : see `stromata.reporting.figures.canvas.PageOptions`. A figure for one column of a journal has two bands of
        four panels.

    Returns
    -------
    The file. Dashed lines are the limits that Viechtbauer and Cheung propose (for residuals, of 95 %), dotted ones
    resting values. A study that any rule marks has an open diamond and bold letters.

    References
    ----------
    Viechtbauer and Cheung (2010), Research Synthesis Methods 1, 112-125.
    """
    given, measures = checked(page), _measures(found)
    description = describe_influence(found)
    with canvas.settings():
        bands = [measures[:4], measures[4:]] if given.narrow else [measures]
        size = given.size if len(found.labels) <= 45 else min(given.size, 6.5)
        pitch = size * 1.45 / canvas.MM
        names = max((canvas.width_of(label, size, bold=True) for label in found.labels), default=10.0)
        left = min(names, 0.3 * given.width_mm) + 3.5
        body = max(len(found.labels), 1) * pitch + 1.5
        head = canvas.title_room(given) + 2.0
        band = pitch + 1.2 + body + 6.5
        entries = _influence_entries()
        labels = [str(entry.get_label()) for entry in entries]
        figure, paper = canvas.sheet(given, head + band * len(bands) + canvas.key_room(given, labels))
        canvas.heading(figure, given)
        for number, members in enumerate(bands):
            top = head + number * band + pitch + 1.2
            _names(paper, found, left=left, top=top, pitch=pitch, size=size)
            room = (given.width_mm - left - 1.5) / len(members)
            for place, measure in enumerate(members):
                x = left + place * room
                canvas.put(paper, x + (room - 2.5) / 2, top - 1.2, measure.name, size, bold=True, align="center")
                axes = canvas.panel(figure, given, left=x, top=top, width=room - 2.5, height=body)
                _diagnostic(axes, given, measure, found)
        canvas.key(figure, given, entries)
        return canvas.to_bytes(figure, given, kind="Influence plot", description=description)


_OPEN: dict[str, Any] = DOT | {
    "marker": "D",
    "markersize": 4.2,
    "color": ORANGE,
    "markerfacecolor": "white",
    "markeredgecolor": ORANGE,
    "markeredgewidth": 1.0,
}
_LIMIT: dict[str, Any] = {"color": INK, "linewidth": 0.6, "linestyle": (0, (4, 2))}
_REST: dict[str, Any] = {"color": GREY, "linewidth": 0.6, "linestyle": (0, (1, 1.5))}


def _influence_entries() -> list[Line2D]:
    return [
        Line2D([], [], label="study", **DOT),
        Line2D([], [], label="influential by some rule", **_OPEN),
        Line2D([], [], label="limit", **_LIMIT),
        Line2D([], [], label="resting value", **_REST),
    ]


def _names(paper: Axes, found: Influence, *, left: float, top: float, pitch: float, size: float) -> None:
    for place, label in enumerate(found.labels):
        marked = bool(found.influential[place])
        lines = canvas.wrapped(label, left - 3.0, size, bold=marked)
        text = lines[0] if len(lines) == 1 else lines[0][:-1].rstrip() + "…"
        y = top + 0.75 + (place + 0.5) * pitch + size * 0.36 / canvas.MM
        canvas.put(paper, 1.5, y, text, size, bold=marked)


def _diagnostic(axes: Axes, page: Page, measure: _Measure, found: Influence) -> None:
    k = len(found.labels)
    name = measure.name.split(",")[0].replace("’", "").replace(" ", "-").lower()
    axes.set_gid(f"panel-{name}")
    axes.set_ylim(k - 0.5 + 0.2, -0.5 - 0.2)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    for place in range(k):
        axes.axhline(place, color="#e4e4e4", linewidth=0.4, zorder=0)
    known = measure.values[np.isfinite(measure.values)]
    shown = [limit for limit in measure.limits if math.isfinite(limit)]
    ends = [*known.tolist(), *([measure.rest] if measure.rest is not None else [])]
    reach = (max(ends) - min(ends) if ends else 0.0) or 1.0
    near = [limit for limit in shown if ends and min(ends) - reach <= limit <= max(ends) + reach]
    ends += near
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    room = 0.1 * (high - low) or 0.5
    axes.set_xlim(low - room, high + room)
    for limit in near:
        axes.axvline(limit, zorder=1, **_LIMIT)
    if measure.rest is not None:
        axes.axvline(measure.rest, zorder=1, **_REST)
    axes.plot(measure.values, np.arange(k), color=GREY, linewidth=0.6, zorder=2)
    for place, value in enumerate(measure.values.tolist()):
        if math.isfinite(value):
            style = _OPEN if found.influential[place] else DOT
            axes.plot((value,), (place,), zorder=3, gid=f"{name}-{place + 1}", clip_on=False, **style)
    axes.xaxis.set_major_locator(
        MaxNLocator(nbins=2 if axes.get_position().width * page.width_mm < 16 else 3, steps=[1, 2, 5, 10])
    )
    axes.tick_params(labelsize=page.size - 0.5)


def describe_influence(found: Influence) -> str:
    """Return the diagnostics in words."""
    marked = [label for label, flag in zip(found.labels, found.influential.tolist(), strict=True) if flag]
    parts = [
        f"Influence of {studies(len(found.labels))}. Influential by some rule: {', '.join(marked) or 'none'}.",
    ]
    for place, label in enumerate(found.labels):
        values = [f"{each.spoken} {numbers.number(float(each.values[place]))}" for each in _measures(found)]
        parts.append(f"{label}: {', '.join(values)}.")
    return " ".join(parts)


# All subsets.


def gosh(subsets: Subsets, *, measure: MeasureName = "GEN", highlight: str = "", **page: Unpack[PageOptions]) -> bytes:
    """Return a GOSH plot: the pooled estimate and I2 of all subsets of the studies, as a map of how many there are.

    Parameters
    ----------
    subsets : what `stromata.synthesis.sensitivity.gosh` returns. Subsets of a single study are not drawn.
    measure : of the effects; the axis then reads on its natural scale.
    highlight : a study; the subsets with it and those without stand in two panels.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. The darker a hexagon, the more subsets (logarithmic); bars show how many there are along each axis. Two
    clouds mean two kinds of studies.

    Raises
    ------
    InvalidInput
        A study of another name.

    References
    ----------
    Olkin, Dahabreh and Trikalinos (2012), Research Synthesis Methods 3, 214-223.
    """
    given = checked(page)
    parts = _parts(subsets, highlight)
    with canvas.settings():
        wide = given.width_mm
        tall = min(0.62 * wide, 95.0) if len(parts) == 1 or given.narrow else 0.42 * wide
        across = 1 if given.narrow else len(parts)
        room = wide / across
        down = len(parts) // across
        top = canvas.title_room(given) + 2
        figure = Figure(figsize=(wide * canvas.MM / 72, (top + down * tall) * canvas.MM / 72))
        canvas.heading(figure, given)
        for place, (name, rows) in enumerate(parts):
            corner = (place % across * room, top + place // across * tall)
            _gosh_panel(figure, given, subsets, rows, scale=Scale(measure), box=(*corner, room, tall), name=name)
        description = describe_gosh(subsets, measure=measure, highlight=highlight)
        return canvas.to_bytes(figure, given, kind="GOSH plot", description=description)


def _parts(subsets: Subsets, highlight: str) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    several = (subsets.k > 1) & np.isfinite(subsets.estimate) & np.isfinite(subsets.i2)
    if not highlight:
        return [("", several)]
    if highlight not in subsets.labels:
        raise InvalidInput(f"no study {highlight!r} to highlight", hint=f"There are: {', '.join(subsets.labels)}.")
    has = subsets.members[:, subsets.labels.index(highlight)]
    return [(f"with {highlight}", several & has), (f"without {highlight}", several & ~has)]


def _gosh_panel(
    figure: Figure,
    page: Page,
    subsets: Subsets,
    rows: npt.NDArray[np.bool_],
    *,
    scale: Scale,
    box: tuple[float, float, float, float],
    name: str,
) -> None:
    left, top, wide, tall = box
    bar, gap = 9.0, 0.8
    everything = subsets.estimate[(subsets.k > 1) & np.isfinite(subsets.estimate)]
    low, high = (float(everything.min()), float(everything.max())) if len(everything) else (-1.0, 1.0)
    spare = 0.04 * (high - low) or 0.5
    low, high = low - spare, high + spare
    across, down = wide - 18 - bar, tall - 16 - bar
    x, y = left + 14, top + 5 + bar
    axes = canvas.panel(
        figure,
        page,
        left=x,
        top=y,
        width=across,
        height=down,
        name=f"gosh {name}".strip().replace(" ", "-"),
    )
    above = canvas.panel(figure, page, left=x, top=y - gap - bar, width=across, height=bar)
    beside = canvas.panel(figure, page, left=x + across + gap, top=y, width=bar, height=down)
    estimates, i2 = subsets.estimate[rows], subsets.i2[rows]
    if len(estimates):
        grid = (_GRID, max(int(_GRID * down / across / math.sqrt(3)), 4))
        style: dict[str, Any] = {"cmap": "Greys", "vmin": 0.3, "linewidths": 0.1}
        axes.hexbin(estimates, i2, gridsize=grid, extent=(low, high, 0, 100), bins="log", mincnt=1, **style)
        above.hist(estimates, bins=_BARS, range=(low, high), color="#6b6b6b")
        beside.hist(i2, bins=_BARS, range=(0, 100), color="#6b6b6b", orientation="horizontal")
    for each in (above, beside):
        each.set_xticks([])
        each.set_yticks([])
        each.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlim(low, high)
    axes.set_ylim(-3, 103)
    above.set_xlim(low, high)
    beside.set_ylim(-3, 103)
    ticks(axes, scale, low, high)
    canvas.caption(axes, page, x=scale.label, y="I², %")
    if name:
        title = f"{numbers.fixed(int(rows.sum()), 0)} subsets {name}"
        canvas.put(above, 0, 1.12, title, page.size, bold=True, transform=above.transAxes)


def describe_gosh(subsets: Subsets, *, measure: MeasureName = "GEN", highlight: str = "") -> str:
    """Return a GOSH plot in words: quartiles of the estimates and of I2; parameters as for `gosh`."""
    scale = Scale(measure)
    drawn = "all" if subsets.complete else "a random sample of the"
    parts = [f"GOSH plot of {drawn} subsets of {studies(len(subsets.labels))}."]
    for name, rows in _parts(subsets, highlight):
        if not rows.any():
            continue
        low, middle, high = (scale.text(float(each)) for each in np.quantile(subsets.estimate[rows], (0.25, 0.5, 0.75)))
        least, half, most = (numbers.fixed(float(each), 0) for each in np.quantile(subsets.i2[rows], (0.25, 0.5, 0.75)))
        parts.append(
            f"{numbers.fixed(int(rows.sum()), 0)} subsets of two studies or more{f' {name}' if name else ''}: "
            f"the pooled estimates have the median {middle} (quartiles {low} and {high}), "
            f"I² the median {half} % (quartiles {least} % and {most} %)."
        )
    return " ".join(parts)

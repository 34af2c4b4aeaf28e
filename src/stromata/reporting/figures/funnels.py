"""Funnel and radial plots: whether small studies tell another story than large ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from stromata.errors import InvalidInput
from stromata.model import EffectSize, Synthesis, numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import GREY, INK, ORANGE, Page, PageOptions, checked
from stromata.reporting.figures.contours import CONTOURS, COVERAGE, POOLED, SHADES, beyond, quantile, regions, sides
from stromata.reporting.figures.scales import Scale, pooled_text, studies
from stromata.reporting.lineage import effects_of

if TYPE_CHECKING:
    from stromata.synthesis.bias.asymmetry import TrimAndFill


def usable(result: Synthesis) -> list[tuple[EffectSize, float, float]]:
    """Return the effects that have an estimate and a variance, with estimate and standard error."""
    return [
        (effect, effect.yi, math.sqrt(effect.vi))
        for effect in effects_of(result)
        if effect.yi is not None and effect.vi is not None and math.isfinite(effect.yi) and 0 < effect.vi < math.inf
    ]


def funnel(
    result: Synthesis,
    *,
    contours: Sequence[float] = CONTOURS,
    trimfill: TrimAndFill | None = None,
    **page: Unpack[PageOptions],
) -> bytes:
    """Return a funnel plot: estimates against standard errors, the most precise study at the top.

    Parameters
    ----------
    result : its studies and pooled estimate. Studies without an estimate or a variance are not drawn.
    contours : coverages, each strictly between 0 and 1, of the regions around no effect; within the region of 0.95 a
        study has p > 0.05. None for measures of a single group, which have no such value, and with an empty sequence.
    trimfill : its mirrored studies are drawn as open diamonds, its pooled estimate as a dotted line.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. Dashed lines form the funnel: the pooled estimate, and where 95 % of studies would lie without
    heterogeneity.

    Raises
    ------
    InvalidInput
        A coverage or an option out of range.

    References
    ----------
    Sterne and Egger (2001), Journal of Clinical Epidemiology 54, 1046-1055; Peters et al. (2008), Journal of Clinical
    Epidemiology 61, 991-996, for the contours.
    """
    given, levels = checked(page), sorted(set(contours))
    bad = [level for level in levels if not 0 < level < 1]
    if bad:
        raise InvalidInput(f"a contour of {bad[0]!r}; it must lie strictly between 0 and 1")
    if len(levels) >= len(SHADES):
        raise InvalidInput(f"{len(levels)} contours; at most {len(SHADES) - 1} can be told apart")
    description = describe_funnel(result, contours=contours, trimfill=trimfill)
    entries = _entries(levels if Scale(result.measure).no_effect is not None else (), trimfill)
    with canvas.settings():
        tall = min(0.6 * given.width_mm, 95.0)
        labels = [str(entry.get_label()) for entry in entries]
        figure, axes = canvas.one_panel(given, tall, labels, "funnel", canvas.Margins())
        _draw_funnel(axes, given, result, levels, trimfill)
        canvas.key(figure, given, entries)
        return canvas.to_bytes(figure, given, kind="Funnel plot", description=description)


DOT: dict[str, Any] = {  # styles of several types
    "linestyle": "",
    "marker": "o",
    "markersize": 3.6,
    "color": INK,
    "markeredgecolor": "white",
    "markeredgewidth": 0.4,
}
_DIAMOND = DOT | {
    "marker": "D",
    "color": ORANGE,
    "markerfacecolor": "white",
    "markeredgecolor": ORANGE,
    "markeredgewidth": 0.8,
}
DASHED: dict[str, Any] = {"color": INK, "linewidth": 0.7, "linestyle": (0, (4, 2))}
DOTTED: dict[str, Any] = {"color": ORANGE, "linewidth": 1.2, "linestyle": (0, (1, 1.5))}


def _draw_funnel(
    axes: Axes, page: Page, result: Synthesis, levels: Sequence[float], trimfill: TrimAndFill | None
) -> None:
    scale, found = Scale(result.measure), usable(result)
    filled = [] if trimfill is None else list(zip(trimfill.filled_y, np.sqrt(trimfill.filled_v), strict=True))
    points = [(y, se) for _, y, se in found] + [(float(y), float(se)) for y, se in filled]
    deepest = 1.06 * max((se for _, se in points), default=1.0)
    centre, z, null = result.estimate, quantile(COVERAGE), scale.no_effect
    ends = [y for y, _ in points]
    if centre is not None:
        ends += [centre - z * deepest, centre + z * deepest]
    if levels and null is not None:  # the inner part of the regions, so that they can be told
        ends += [null + side * quantile(levels[-1]) * deepest * 0.6 for side in (-1, 1)]
    low, high = (min(ends), max(ends)) if ends else (-1.0, 1.0)
    room = 0.04 * (high - low) or 1.0
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(deepest, 0)
    if levels and null is not None:
        _contours(axes, null, levels, deepest)
    if centre is not None:
        xs, ys = (centre - z * deepest, centre, centre + z * deepest), (deepest, 0, deepest)
        axes.plot(xs, ys, gid="funnel-lines", **DASHED)
        axes.plot((centre, centre), (0, deepest), gid="pooled", **DASHED)
    for place, (_, y, se) in enumerate(found, start=1):
        axes.plot((y,), (se,), zorder=4, gid=f"study-{place}", clip_on=False, **DOT)
    for place, (y, se) in enumerate(filled, start=1):
        axes.plot((y,), (se,), zorder=4, gid=f"filled-{place}", clip_on=False, **_DIAMOND)
    if trimfill is not None and trimfill.pooled is not None:
        axes.plot((trimfill.pooled.estimate,) * 2, (0, deepest), gid="pooled-filled", **DOTTED)
    ticks(axes, scale, low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    canvas.caption(axes, page, x=scale.label, y="Standard error")


def _entries(levels: Sequence[float], trimfill: TrimAndFill | None) -> list[Artist]:
    """Return what the key says."""
    entries: list[Artist] = [
        Line2D([], [], label="study", **DOT),
        Line2D([], [], label=POOLED, **DASHED),
    ]
    if trimfill is not None:
        entries.append(Line2D([], [], label="added by trim-and-fill", **_DIAMOND))
        entries.append(Line2D([], [], label="pooled with them", **DOTTED))
    entries += [
        Patch(facecolor=region.shade, edgecolor=GREY, linewidth=0.4, label=region.text) for region in regions(levels)
    ]
    return entries


def _contours(axes: Axes, null: float, levels: Sequence[float], deepest: float) -> None:
    """Shade the regions of equal p-values around no effect."""
    *inner, outermost = regions(levels)
    axes.set_facecolor(outermost.shade)
    for region in reversed(inner):
        reach = quantile(region.outer) * deepest
        axes.fill(
            (null - reach, null, null + reach),
            (deepest, 0, deepest),
            facecolor=region.shade,
            edgecolor=GREY,
            linewidth=0.3,
            zorder=0,
            gid=f"contour-{region.outer:g}",
        )
    axes.plot((null, null), (0, deepest), color=GREY, linewidth=0.6, zorder=1, gid="no-effect")


def ticks(axes: Axes, scale: Scale, low: float, high: float, *, along: str = "x") -> None:
    """Set ticks that read on the natural scale on one axis of a panel."""
    found = scale.ticks(low, high)
    axis = axes.xaxis if along == "x" else axes.yaxis
    axis.set_ticks([place for place, _ in found], [text for _, text in found])


def describe_funnel(
    result: Synthesis, *, contours: Sequence[float] = CONTOURS, trimfill: TrimAndFill | None = None
) -> str:
    """Return a funnel plot in words; parameters as for `funnel`."""
    scale, found = Scale(result.measure), usable(result)
    parts = [f"Funnel plot of {studies(len(found))}. {scale.label} against the standard error. {pooled_text(result)}"]
    if result.estimate is not None and found:
        parts.append(sides([y for _, y, _ in found], result.estimate))
    if scale.no_effect is not None and contours:
        parts.append(beyond([(y, se) for _, y, se in found], scale.no_effect, sorted(set(contours))))
    if trimfill is not None and trimfill.k0 is not None:
        parts.append(f"Trim-and-fill adds {studies(trimfill.k0)} on the {trimfill.side}.")
        if trimfill.pooled is not None and trimfill.k0:
            parts.append(f"The pooled estimate with them is {scale.text(trimfill.pooled.estimate)}.")
    parts += [f"{effect.label}: {scale.text(y)}, standard error {numbers.number(se)}." for effect, y, se in found]
    return " ".join(parts)


def radial(result: Synthesis, **page: Unpack[PageOptions]) -> bytes:
    """Return a radial (Galbraith) plot: standardised estimates against precision.

    Parameters
    ----------
    result : its studies and pooled estimate; its tau2 is part of the precision.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. The slope of a line from the origin to a study is its estimate; a scale of slopes stands at the right.
    Under the model 95 % of studies lie within the band around the pooled estimate's line.

    References
    ----------
    Galbraith (1988), Technometrics 30, 271-281.
    """
    given = checked(page)
    with canvas.settings():
        margins = canvas.Margins(right=18)
        figure, axes = canvas.one_panel(given, min(0.6 * given.width_mm, 95.0), (), "radial", margins)
        _draw_radial(axes, given, result)
        return canvas.to_bytes(figure, given, kind="Radial plot", description=describe_radial(result))


def _standardised(result: Synthesis) -> list[tuple[EffectSize, float, float]]:
    """Return the effects with precision and standardised estimate."""
    tau2 = result.tau2 or 0.0
    spread = [(effect, y, math.sqrt(se * se + tau2)) for effect, y, se in usable(result)]
    return [(effect, 1 / width, y / width) for effect, y, width in spread]


def _draw_radial(axes: Axes, page: Page, result: Synthesis) -> None:
    scale, found = Scale(result.measure), _standardised(result)
    z = quantile(0.95)
    far = 1.05 * max((x for _, x, _ in found), default=1.0)
    centre = result.estimate
    heights = [y for _, _, y in found] + [-z, z]
    if centre is not None:
        heights += [centre * far - z, centre * far + z]
        axes.fill_between((0, far), (-z, centre * far - z), (z, centre * far + z), color="#e6e6e6", lw=0, gid="band")
        axes.plot((0, far), (0, centre * far), color=INK, linewidth=0.8, gid="pooled")
    for place, (_, x, y) in enumerate(found, start=1):
        axes.plot((x,), (y,), gid=f"study-{place}", zorder=4, clip_on=False, **DOT)
    low, high = min(heights), max(heights)
    axes.set_xlim(0, far)
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    axes.axhline(0, color=GREY, linewidth=0.4, zorder=0)
    root = "standard error" if not result.tau2 else "√(variance + τ²)"
    canvas.caption(axes, page, x=f"Precision, 1 / {root}", y=f"Estimate / {root}")
    _slopes(axes, page, scale, far)


def _slopes(axes: Axes, page: Page, scale: Scale, far: float) -> None:
    """Draw the scale of slopes along the right side, where rays from the origin end."""
    bottom, top = axes.get_ylim()
    found = scale.ticks(bottom / far, top / far)
    axes.axvline(far, color=INK, linewidth=0.6, gid="slopes")
    least = (top - bottom) * page.size * 1.2 / (axes.get_position().height * _tall(axes) * canvas.MM)
    last = -math.inf
    for place, text in found:
        y = place * far
        axes.plot((0, far), (0, y), color=canvas.PALE, linewidth=0.4, zorder=0)
        if y - last >= least:
            canvas.put(axes, far * 1.012, y, text, page.size, va="center", name=f"slope-{text}")
            last = y
    beyond = 1 + 12 / (axes.get_position().width * page.width_mm)
    canvas.put(
        axes, beyond, 0.5, scale.label, page.size, align="center", va="center", rotation=90, transform=axes.transAxes
    )


def _tall(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    return 0.0 if figure is None else figure.get_figheight() * 72 / canvas.MM


def describe_radial(result: Synthesis) -> str:
    """Return a radial plot in words."""
    scale, found = Scale(result.measure), _standardised(result)
    parts = [f"Radial plot of {studies(len(found))}: standardised estimates against precision. {pooled_text(result)}"]
    if result.estimate is not None and found:
        outside = [effect.label for effect, x, y in found if abs(y - result.estimate * x) > quantile(0.95)]
        parts.append(f"Outside the band of 95 %: {', '.join(outside) or 'none'}.")
    parts += [
        f"{effect.label}: {scale.text(y / x)}, precision {numbers.number(x)}, standardised {numbers.difference(y)}."
        for effect, x, y in found
    ]
    return " ".join(parts)

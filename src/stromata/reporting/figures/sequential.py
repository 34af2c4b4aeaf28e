"""Trial sequential analysis: the cumulative test statistic among its boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from stromata.model import numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import BLUE, GREY, INK, ORANGE, PALE, Page, PageOptions, checked, put
from stromata.reporting.figures.contours import quantile
from stromata.reporting.figures.scales import studies

if TYPE_CHECKING:
    from stromata.synthesis.sequential import Boundaries, TrialSequential

FloatArray = npt.NDArray[np.float64]

_FARTHEST = 8.0
"""|Z| beyond which the figure ends; boundaries at the first looks lie above."""

_VERDICTS = {
    "benefit-or-harm": "a boundary of significance was crossed",
    "futile": "the effect looked for is ruled out",
    "reached": "the required information was reached without a boundary crossed",
    "insufficient": "there is too little information for either",
}

_PATH: dict[str, Any] = {
    "color": BLUE,
    "linewidth": 1.4,
    "marker": "o",
    "markersize": 3.6,
    "markeredgecolor": "white",
    "markeredgewidth": 0.5,
}
_BOUND: dict[str, Any] = {"color": ORANGE, "linewidth": 1.3, "linestyle": (0, (6, 1.2, 1, 1.2))}
_FUTILE: dict[str, Any] = {"color": INK, "linewidth": 1.0, "linestyle": (0, (1, 1.2))}
_USUAL: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (5, 2.5))}
_REQUIRED: dict[str, Any] = {"color": INK, "linewidth": 0.9}


def trial_sequential(
    found: TrialSequential,
    *,
    unit: str = "information",
    favours: tuple[str, str] = ("", ""),
    **page: Unpack[PageOptions],
) -> bytes:
    """Return a trial sequential analysis: Z as one study after another joins, and the boundaries it may cross.

    Parameters
    ----------
    found : what `stromata.synthesis.sequential.trial_sequential` returns.
    unit : what information is counted in, such as ``people``.
    favours : words at the foot (negative Z) and at the head of the axis.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. Lines of dashes and dots are the boundaries of significance, dashed ones the usual limits of p = 0.05; the
    inner dotted lines bound futility.

    References
    ----------
    Thorlund et al. (2017), User Manual for Trial Sequential Analysis, 2nd ed.; Wetterslev, Thorlund, Brok and Gluud
    (2008), Journal of Clinical Epidemiology 61, 64-75.
    """
    given, lines = checked(page), found.outlook
    entries = _entries(futile=len(_futility(found, lines)[0]) > 1, unit=unit, required=found.required)
    labels = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        margins = canvas.Margins(left=17 if any(favours) else 15, top=4.0)
        figure, axes = canvas.one_panel(given, min(0.55 * given.width_mm, 90.0), labels, "sequential", margins)
        _draw_boundaries(axes, found, lines)
        _draw_path(axes, given, found)
        for word, place, align in ((favours[0], 0.02, "bottom"), (favours[1], 0.98, "top")):
            if word:
                put(axes, 0.015, place, word, given.size, va=align, colour=GREY, transform=axes.transAxes)
        canvas.caption(axes, given, x=f"Cumulative {unit}", y="Cumulative Z")
        canvas.key(figure, given, entries)
        description = describe_trial_sequential(found, unit=unit)
        return canvas.to_bytes(figure, given, kind="Trial sequential analysis", description=description)


def _entries(*, futile: bool, unit: str, required: float) -> list[Artist]:
    entries: list[Artist] = [
        Line2D([], [], label="cumulative Z, a point per study", **_PATH),
        Line2D([], [], label="boundary of significance", **_BOUND),
    ]
    if futile:
        entries.append(Line2D([], [], label="boundary of futility", **_FUTILE))
    entries.append(Line2D([], [], label="usual limits, p = 0.05", **_USUAL))
    entries.append(Line2D([], [], label=f"required {unit}: {_amount(required)}", **_REQUIRED))
    return entries


def _amount(information: float) -> str:
    return numbers.fixed(information, 0) if information >= 100 else numbers.number(information)


def _draw_boundaries(axes: Axes, found: TrialSequential, lines: Boundaries) -> None:
    at = lines.fraction * found.required
    inside = np.isfinite(lines.efficacy) & (lines.fraction <= 1 + 1e-9)
    for side, name in ((1, "upper"), (-1, "lower")):
        if inside.any():
            axes.plot(at[inside], side * lines.efficacy[inside], zorder=3, gid=f"efficacy-{name}", **_BOUND)
        axes.axhline(side * quantile(0.95), zorder=1, gid=f"usual-{name}", **_USUAL)
    x, y = _futility(found, lines)
    if len(x) > 1:
        for side, name in ((1, "upper"), (-1, "lower")):
            axes.plot(x, side * y, zorder=2, gid=f"futility-{name}", **_FUTILE)
        axes.fill_between(x, -y, y, color="#efefef", linewidth=0, zorder=0, gid="futile")
    axes.axvline(found.required, zorder=2, gid="required", **_REQUIRED)
    axes.axhline(0, color=PALE, linewidth=0.6, zorder=1)


def _futility(found: TrialSequential, lines: Boundaries) -> tuple[FloatArray, FloatArray]:
    """Return the places of the boundary of futility; it meets that of significance where all information is there."""
    here = lines.fraction <= 1 + 1e-9
    futile, inside = np.isfinite(lines.futility) & here, np.isfinite(lines.efficacy) & here
    x, y = lines.fraction[futile] * found.required, lines.futility[futile]
    if futile.any() and inside.any() and lines.fraction[inside][-1] >= 1 - 1e-9:
        x, y = np.append(x, found.required), np.append(y, lines.efficacy[inside][-1])
    return x, y


def _draw_path(axes: Axes, page: Page, found: TrialSequential) -> None:
    x = np.append(0.0, found.information)
    y = np.clip(np.append(0.0, found.z), -_FARTHEST, _FARTHEST)
    axes.plot(x, y, zorder=5, clip_on=False, gid="path", markevery=range(1, len(x)), **_PATH)
    tops = [abs(value) for value in y.tolist()] + [3.0]
    known = found.boundaries.efficacy[np.isfinite(found.boundaries.efficacy)]
    tops += [float(value) for value in known]
    reach = min(max(tops) * 1.12, _FARTHEST)
    axes.set_ylim(-reach, reach)
    axes.set_xlim(0, 1.04 * max(found.required, float(found.information[-1])))
    axes.locator_params(axis="x", nbins=6)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: _amount(value) if value else "0")
    points = list(zip(x[1:].tolist(), y[1:].tolist(), found.labels, strict=True))
    usual = [[(0.0, side * quantile(0.95)), (found.required, side * quantile(0.95))] for side in (1, -1)]
    canvas.name_points(axes, page, points[::-1], lines=[list(zip(x.tolist(), y.tolist(), strict=True)), *usual])


def describe_trial_sequential(found: TrialSequential, *, unit: str = "information") -> str:
    """Return a trial sequential analysis in words: required size, verdict, every look; parameters as there."""
    share = numbers.percent(min(float(found.information[-1]) / found.required, 1.0), None)
    parts = [
        f"Trial sequential analysis of {studies(len(found.labels))}. Required {unit}: {_amount(found.required)}.",
        f"{_amount(float(found.information[-1]))} are there, {share} %. Verdict: {_VERDICTS[found.verdict]}.",
    ]
    bounds = found.boundaries
    looks = zip(
        found.labels,
        found.information.tolist(),
        found.z.tolist(),
        bounds.efficacy.tolist(),
        bounds.futility.tolist(),
        strict=True,
    )
    for label, information, z, efficacy, futility in looks:
        limits = f"significant from {numbers.number(efficacy)}" if np.isfinite(efficacy) else "no boundary yet"
        futile = f", futile within {numbers.number(futility)}" if np.isfinite(futility) else ""
        parts.append(f"With {label}, {_amount(information)}: Z {numbers.difference(z)}, {limits}{futile}.")
    return " ".join(parts)

"""Dose-response curves, and the summary curve of a diagnostic test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from stromata.errors import InvalidInput
from stromata.model import MeasureName, numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import BLUE, INK, ORANGE, PALE, PageOptions, checked
from stromata.reporting.figures.funnels import ticks
from stromata.reporting.figures.scales import Scale, studies

if TYPE_CHECKING:
    from stromata.synthesis.curves.diagnostic import Accuracy, Proportion
    from stromata.synthesis.curves.dose_response import DoseResponse, Predicted

FloatArray = npt.NDArray[np.float64]

# Dose-response.

_CURVE: dict[str, Any] = {"color": BLUE, "linewidth": 1.5}
_BAND = "#d6e6f2"
_POINT: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markerfacecolor": "#ffffffb0",
    "markeredgecolor": INK,
    "markeredgewidth": 0.6,
    "color": INK,
}
_SMALLEST_MM, _LARGEST_MM = 1.0, 4.4
"""Diameters of points."""
_BEYOND = 0.4
"""How far the axis follows the band beyond curve and points, by their height."""


def dose_curve(
    fit: DoseResponse,
    predictions: Sequence[Predicted],
    *,
    dose: str = "Dose",
    measure: MeasureName = "RR",
    **page: Unpack[PageOptions],
) -> bytes:
    """Return a dose-response curve with its band, and the relative risks that studies give.

    Parameters
    ----------
    fit : what `stromata.synthesis.curves.dose_response.dose_response` returns.
    predictions : what `predict_doses` returns for ascending doses, fifty or so, that include the studies' reference
        doses.
    dose : what the axis of doses is called, with its unit.
    measure : of the relative risks: RR, OR, HR or IRR; the axis is called so.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. A point is one dose of one study; its area grows with the precision, 1 / variance. Each study's relative
    risks are moved onto the curve at its own reference dose, because studies compare with different doses. Lines along
    the foot are the doses; triangles at the edge stand for points beyond it.

    Raises
    ------
    InvalidInput
        Fewer than two predictions, doses that do not ascend, or a reference dose outside them.

    References
    ----------
    Orsini, Li, Wolk, Khudyakov and Spiegelman (2012), American Journal of Epidemiology 175, 66-73.
    """
    given, scale, points = checked(page), Scale(measure), _moved(fit, predictions)
    entries: list[Artist] = [
        Line2D([], [], label="pooled curve", **_CURVE),
        Patch(facecolor=_BAND, linewidth=0, label=f"{numbers.level(fit.level)} confidence interval"),
        Line2D([], [], label="one dose of one study", markersize=4, **_POINT),
    ]
    labels = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        figure, axes = canvas.one_panel(given, min(0.6 * given.width_mm, 90.0), labels, "curve", canvas.Margins())
        _draw_curve(axes, predictions, points, scale)
        reference = numbers.precise(predictions[0].reference)
        canvas.caption(axes, given, x=dose, y=f"{scale.label}, against {reference}")
        canvas.key(figure, given, entries)
        description = describe_dose_curve(fit, predictions, dose=dose, measure=measure)
        return canvas.to_bytes(figure, given, kind="Dose-response curve", description=description)


def _moved(fit: DoseResponse, predictions: Sequence[Predicted]) -> list[tuple[float, float, float, str]]:
    """Return dose, log relative risk on the curve's footing, its variance, and the study, of every dose."""
    at = np.array([each.dose for each in predictions])
    if len(at) < 2 or not (np.diff(at) > 0).all():
        raise InvalidInput("predictions must be at two ascending doses or more")
    logs = np.array([each.log for each in predictions])
    found = []
    for study in fit.studies:
        if not at[0] <= study.reference <= at[-1]:
            raise InvalidInput(
                f"study {study.label} compares with dose {study.reference:g}; predictions reach from {at[0]:g} to "
                f"{at[-1]:g}",
                hint="Predict over all doses, reference doses included.",
            )
        shift = float(np.interp(study.reference, at, logs))
        for place, (x, y) in enumerate(zip(study.doses.tolist(), study.y.tolist(), strict=True)):
            found.append((x, y + shift, float(study.covariance[place, place]), study.label))
    return found


def _draw_curve(
    axes: Axes, predictions: Sequence[Predicted], points: Sequence[tuple[float, float, float, str]], scale: Scale
) -> None:
    at = [each.dose for each in predictions]
    low, high = ([math.log(getattr(each, name)) for each in predictions] for name in ("ci_low", "ci_high"))
    axes.fill_between(at, low, high, color=_BAND, linewidth=0, zorder=1, gid="band")
    axes.plot(at, [each.log for each in predictions], zorder=3, gid="pooled", **_CURVE)
    # neither points far off nor a band that knows nothing must flatten the curve
    heights = sorted(y for _, y, _, _ in points)
    tenth = len(heights) // 10
    reach = [*(each.log for each in predictions), *heights[tenth : len(heights) - tenth], 0.0]
    spread = max(reach) - min(reach) or 0.1
    bottom = max(min(reach) - _BEYOND * spread, min(*low, *reach) - 0.08 * spread)
    top = min(max(reach) + _BEYOND * spread, max(*high, *reach) + 0.08 * spread)
    axes.axhline(0, color=INK, linewidth=0.6, linestyle=(0, (4, 2)), zorder=0, gid="no-effect")
    most = max((1 / variance for _, _, variance, _ in points), default=1.0)
    for number, (x, y, variance, _) in enumerate(points, start=1):
        wide = _SMALLEST_MM + (_LARGEST_MM - _SMALLEST_MM) * math.sqrt(1 / variance / most)
        style = {**_POINT, "markersize": wide * canvas.MM}
        if not bottom <= y <= top:
            style |= {"marker": "^" if y > top else "v", "markersize": 4.5}
        axes.plot((x,), (min(max(y, bottom), top),), zorder=4, clip_on=False, gid=f"point-{number}", **style)
        axes.plot(
            (x, x), (0, 0.018), color=INK, linewidth=0.4, transform=axes.get_xaxis_transform(), gid=f"dose-{number}"
        )
    right = max([at[-1], *(x for x, _, _, _ in points)])
    left = min([at[0], *(x for x, _, _, _ in points)])
    room = 0.02 * (right - left)
    axes.set_xlim(left - room, right + room)
    axes.set_ylim(bottom, top)
    axes.locator_params(axis="x", nbins=8)
    ticks(axes, scale, bottom, top, along="y")


def describe_dose_curve(
    fit: DoseResponse, predictions: Sequence[Predicted], *, dose: str = "Dose", measure: MeasureName = "RR"
) -> str:
    """Return a dose-response curve in words; parameters as for `dose_curve`."""
    scale, points = Scale(measure), _moved(fit, predictions)
    form = {"linear": "linear", "quadratic": "quadratic", "rcs": "restricted cubic spline"}[fit.curve]
    against = f"{scale.label} against {dose.lower()} {numbers.precise(predictions[0].reference)}"
    parts = [
        f"Dose-response curve of {studies(len(fit.studies))}, {form}. {against}.",
        f"Any association: {numbers.p_value(fit.association.p)}.",
    ]
    if fit.nonlinearity is not None:
        parts.append(f"Departure from a line: {numbers.p_value(fit.nonlinearity.p)}.")
    step = max((len(predictions) - 1) // 5, 1)
    for each in predictions[::step]:
        ends = f"{scale.text(math.log(each.ci_low))} to {scale.text(math.log(each.ci_high))}"
        parts.append(f"At {numbers.precise(each.dose)}: {scale.text(each.log)} ({ends}).")
    parts += [f"{label}, dose {numbers.precise(x)}: {scale.text(y)}." for x, y, _, label in points]
    return " ".join(parts)


# Accuracy of a test.

_SUMMARY: dict[str, Any] = {
    "linestyle": "",
    "marker": "s",
    "markersize": 5.5,
    "color": BLUE,
    "markeredgecolor": "white",
    "markeredgewidth": 0.6,
}
_SROC: dict[str, Any] = {"color": INK, "linewidth": 1.1}
_CONFIDENCE: dict[str, Any] = {"color": BLUE, "linewidth": 1.0, "linestyle": (0, (6, 1.2, 1, 1.2))}
_PREDICTION: dict[str, Any] = {"color": ORANGE, "linewidth": 1.0, "linestyle": (0, (4, 2))}

Boundary = tuple[npt.ArrayLike, npt.ArrayLike]


def sroc(
    fit: Accuracy,
    *,
    curve: Boundary | None = None,
    confidence: Boundary | None = None,
    prediction: Boundary | None = None,
    intervals: bool = False,
    **page: Unpack[PageOptions],
) -> bytes:
    """Return the studies of a diagnostic test with the summary point, its regions and the summary curve.

    Parameters
    ----------
    fit : what `stromata.synthesis.curves.diagnostic.accuracy` returns.
    curve : false positive rates, and what `summary_curve` returns for them.
    confidence, prediction : what `region` returns for each: sensitivities and specificities of the boundary.
    intervals : draw each study's own intervals.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file: sensitivity against specificity, the latter from right to left. The curve is thick where studies are, and
    thin where it goes beyond their specificities.

    References
    ----------
    Harbord, Deeks, Egger, Whiting and Sterne (2007), Biostatistics 8, 239-251; Deeks, Bossuyt, Leeflang and Takwoingi
    (2023), Cochrane Handbook for Systematic Reviews of Diagnostic Test Accuracy, version 2.0, chapter 9.
    """
    given = checked(page)
    entries = _sroc_entries(fit, curve=curve, confidence=confidence, prediction=prediction)
    labels = [str(entry.get_label()) for entry in entries]
    side = min(given.width_mm - 20, 95.0)
    with canvas.settings():
        margins = canvas.Margins(left=15, right=given.width_mm - 15 - side)
        figure, axes = canvas.one_panel(given, side, labels, "sroc", margins)
        if prediction is not None:
            _draw_region(axes, prediction, "prediction", _PREDICTION)
        if confidence is not None:
            _draw_region(axes, confidence, "confidence", _CONFIDENCE)
        if curve is not None:
            _draw_sroc(axes, fit, curve)
        _draw_studies(axes, fit, intervals=intervals)
        x, y = 1 - fit.specificity.estimate, fit.sensitivity.estimate
        axes.plot((x,), (y,), zorder=6, gid="summary", **_SUMMARY)
        axes.plot((0, 1), (0, 1), color=PALE, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0, gid="useless")
        marks = np.linspace(0, 1, 6)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xticks(marks, [f"{100 * (1 - mark):.0f}" for mark in marks])
        axes.set_yticks(marks, [f"{100 * mark:.0f}" for mark in marks])
        canvas.caption(axes, given, x="Specificity, %", y="Sensitivity, %")
        canvas.key(figure, given, entries)
        return canvas.to_bytes(figure, given, kind="Summary receiver operating curve", description=describe_sroc(fit))


def _sroc_entries(
    fit: Accuracy, *, curve: Boundary | None, confidence: Boundary | None, prediction: Boundary | None
) -> list[Artist]:
    level = numbers.level(fit.level)
    entries: list[Artist] = [
        Line2D([], [], label="study", markersize=4, **_POINT),
        Line2D([], [], label="summary point", **_SUMMARY),
    ]
    if confidence is not None:
        entries.append(Line2D([], [], label=f"{level} confidence region", **_CONFIDENCE))
    if prediction is not None:
        entries.append(Line2D([], [], label=f"{level} prediction region", **_PREDICTION))
    if curve is not None:
        entries.append(Line2D([], [], label="summary curve", **_SROC))
    return entries


def _pair(boundary: Boundary, name: str) -> tuple[FloatArray, FloatArray]:
    one, other = (np.array(each, dtype=np.float64) for each in boundary)
    if one.ndim != 1 or one.shape != other.shape or not len(one):
        raise InvalidInput(f"{name} must be two rows of numbers of one length")
    return one, other


def _draw_region(axes: Axes, boundary: Boundary, name: str, style: dict[str, Any]) -> None:
    sensitivity, specificity = _pair(boundary, name)
    if name == "confidence":
        axes.fill(1 - specificity, sensitivity, facecolor=BLUE, alpha=0.13, linewidth=0, zorder=1)
    axes.plot(1 - specificity, sensitivity, zorder=2, gid=name, **style)


def _draw_sroc(axes: Axes, fit: Accuracy, curve: Boundary) -> None:
    rates, heights = _pair(curve, "curve")
    seen = [1 - each.specificity.estimate for each in fit.studies]
    axes.plot(rates, heights, zorder=3, gid="curve", **{**_SROC, "linewidth": 0.5})
    inside = (rates >= min(seen)) & (rates <= max(seen))
    axes.plot(rates[inside], heights[inside], zorder=3, gid="curve-among-studies", **_SROC)


def _draw_studies(axes: Axes, fit: Accuracy, *, intervals: bool) -> None:
    for number, each in enumerate(fit.studies, start=1):
        x, y = 1 - each.specificity.estimate, each.sensitivity.estimate
        if intervals:
            style: dict[str, Any] = {"color": "#9a9a9a", "linewidth": 0.5, "zorder": 3}
            axes.plot((1 - each.specificity.ci_low, 1 - each.specificity.ci_high), (y, y), **style)
            axes.plot((x, x), (each.sensitivity.ci_low, each.sensitivity.ci_high), **style)
        axes.plot((x,), (y,), zorder=5, clip_on=False, gid=f"study-{number}", markersize=4, **_POINT)


def describe_sroc(fit: Accuracy) -> str:
    """Return the accuracy of a test in words: summary point, how it varies, every study."""
    parts = [
        f"Summary receiver operating curve of {studies(fit.k)}, with {numbers.level(fit.level)} intervals.",
        f"Summary sensitivity {_shown(fit.sensitivity)}, specificity {_shown(fit.specificity)}.",
    ]
    if fit.correlation is not None:
        parts.append(f"Correlation of their logits between studies {numbers.difference(fit.correlation)}.")
    if fit.curve is not None:
        parts.append(f"Area under the summary curve {numbers.fixed(fit.curve.area, 2)}.")
    parts += [
        f"{each.label}: sensitivity {_shown(each.sensitivity)}, specificity {_shown(each.specificity)}."
        for each in fit.studies
    ]
    return " ".join(parts)


def _shown(found: Proportion) -> str:
    low, high = (numbers.percent(bound, None) for bound in (found.ci_low, found.ci_high))
    return f"{numbers.percent(found.estimate, None)} % ({low} % to {high} %)"

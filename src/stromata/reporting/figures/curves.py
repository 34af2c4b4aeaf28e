"""Curves of belief: p-value functions (drapery plot) and posterior distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import special

from stromata.model import MeasureName, Synthesis, numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import BLUE, GREY, INK, ORANGE, PALE, Page, PageOptions, checked
from stromata.reporting.figures.contours import quantile
from stromata.reporting.figures.funnels import ticks, usable
from stromata.reporting.figures.scales import Scale, pooled_text, studies

if TYPE_CHECKING:
    from stromata.synthesis.bayesian.estimates import PooledBayes
    from stromata.synthesis.bayesian.posteriors import Posterior

FloatArray = npt.NDArray[np.float64]

_POINTS = 401
_LEVELS = (0.5, 0.1, 0.05, 0.01)
"""p-values at which a drapery plot has a line."""


# p-value functions.


def drapery(result: Synthesis, **page: Unpack[PageOptions]) -> bytes:
    """Return a drapery plot: for every value of the effect, the p-value of the test against it.

    Parameters
    ----------
    result : its studies (by a normal test each) and its pooled estimate (by the test it was made with).
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. A curve cuts the line p = 0.05 at the ends of its 95 % interval, and so for every level: the scale at the
    right. The bar at the foot is the prediction interval.

    References
    ----------
    Ruecker and Schwarzer (2021), Research Synthesis Methods 12, 34-49.
    """
    given, scale = checked(page), Scale(result.measure)
    entries = _drapery_entries(result)
    labels = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        margins = canvas.Margins(right=17)
        figure, axes = canvas.one_panel(given, min(0.55 * given.width_mm, 90.0), labels, "drapery", margins)
        _draw_drapery(axes, given, result, scale)
        canvas.key(figure, given, entries)
        return canvas.to_bytes(figure, given, kind="Drapery plot", description=describe_drapery(result))


_STUDY: dict[str, Any] = {"color": "#8c8c8c", "linewidth": 0.6}
_POOL: dict[str, Any] = {"color": BLUE, "linewidth": 1.8}
_AHEAD: dict[str, Any] = {
    "color": ORANGE,
    "linewidth": 2.4,
    "solid_capstyle": "butt",
    "marker": "|",
    "markersize": 8.0,
    "markeredgewidth": 1.4,
}
_NULL: dict[str, Any] = {"color": INK, "linewidth": 0.6, "linestyle": (0, (4, 2))}


def _drapery_entries(result: Synthesis) -> list[Artist]:
    entries: list[Artist] = [Line2D([], [], label="study", **_STUDY)]
    if result.estimate is not None and result.se is not None:
        entries.append(Line2D([], [], label="pooled", **_POOL))
    if result.pi_low is not None and result.pi_high is not None:
        entries.append(Line2D([], [], label=f"{numbers.level(result.level)} prediction interval", **_AHEAD))
    if Scale(result.measure).no_effect is not None:
        entries.append(Line2D([], [], label="no effect", **_NULL))
    return entries


def _p_values(values: FloatArray, estimate: float, se: float, df: float | None) -> FloatArray:
    """Return two-sided p-values of a test of each value."""
    distance = np.abs(values - estimate) / se
    below = special.ndtr(-distance) if df is None else special.stdtr(df, -distance)
    return np.asarray(2 * below, dtype=np.float64)


def _draw_drapery(axes: Axes, page: Page, result: Synthesis, scale: Scale) -> None:
    found = usable(result)
    z = quantile(0.95)
    ends = [end for _, y, se in found for end in (y - z * se, y + z * se)]
    middle = sorted(se for _, _, se in found)[len(found) // 2] if found else 1.0
    if found:  # one very wide study must not press all others together
        reach = 3 * z * middle
        ends = [min(max(end, min(y for _, y, _ in found) - reach), max(y for _, y, _ in found) + reach) for end in ends]
    ends += [value for value in (result.pi_low, result.pi_high, scale.no_effect) if value is not None]
    low, high = (min(ends), max(ends)) if ends else (-1.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 1.0, high + 1.0
    values = np.linspace(low, high, _POINTS)
    for p in _LEVELS:
        axes.axhline(p, color=PALE, linewidth=0.5, zorder=0)
    for place, (_, y, se) in enumerate(found, start=1):
        own = np.unique(np.append(values, y))
        axes.plot(own, _p_values(own, y, se, None), gid=f"study-{place}", zorder=2, **_STUDY)
    if result.estimate is not None and result.se:
        own = np.unique(np.append(values, result.estimate))
        axes.plot(own, _p_values(own, result.estimate, result.se, result.df), gid="pooled", zorder=3, **_POOL)
    if result.pi_low is not None and result.pi_high is not None:
        at = 1 - result.level
        axes.plot((result.pi_low, result.pi_high), (at, at), gid="prediction", zorder=4, **_AHEAD)
    if scale.no_effect is not None:
        axes.axvline(scale.no_effect, gid="no-effect", zorder=1, **_NULL)
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.02)
    ticks(axes, scale, low, high)
    shown = [level for level in (1.0, *_LEVELS) if not page.narrow or level != 0.05]
    axes.set_yticks(shown, [f"{level:g}" for level in shown])
    for level in shown[1:]:
        text = f"{100 * (1 - level):g}{numbers.KEPT}%"
        canvas.put(axes, high + 0.015 * (high - low), level, text, page.size, va="center", name=f"level-{text}")
    beyond = 1 + 14 / (axes.get_position().width * page.width_mm)
    name = "Level of the interval"
    canvas.put(axes, beyond, 0.5, name, page.size, align="center", va="center", rotation=90, transform=axes.transAxes)
    canvas.caption(axes, page, x=scale.label, y="p-value")


def describe_drapery(result: Synthesis) -> str:
    """Return a drapery plot in words."""
    scale, found = Scale(result.measure), usable(result)
    parts = [f"Drapery plot, p-value functions of {studies(len(found))}. {pooled_text(result)}"]
    if result.pi_low is not None and result.pi_high is not None:
        ends = f"{scale.text(result.pi_low)} to {scale.text(result.pi_high)}"
        parts.append(f"{numbers.level(result.level)} prediction interval: {ends}.")
    null = scale.no_effect
    for effect, y, se in found:
        p = "" if null is None else f", {numbers.p_value(float(_p_values(np.array([null]), y, se, None)[0]))}"
        z = quantile(0.95)
        ends = f"95 % interval {scale.text(y - z * se)} to {scale.text(y + z * se)}"
        parts.append(f"{effect.label}: {scale.text(y)}, {ends}{p}.")
    return " ".join(parts)


# Posterior distributions.


def posterior(result: PooledBayes, *, measure: MeasureName = "GEN", **page: Unpack[PageOptions]) -> bytes:
    """Return the posterior distributions of the mean effect, of the effect in a new study, and of tau.

    Parameters
    ----------
    result : what `stromata.synthesis.bayesian.estimates.pool_bayes` returns.
    measure : of the effects; their axis then reads on its natural scale.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. The shaded area is the shortest interval of the mean effect and of tau at the result's level. Proper
    priors are drawn as dashed lines.
    """
    given, scale = checked(page), Scale(measure)
    entries = _posterior_entries(result)
    labels = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        across = 1 if given.narrow else 2
        room = given.width_mm / across
        tall = min(0.62 * room, 70.0)
        top = canvas.title_room(given) + 2
        whole = top + (2 // across) * tall + canvas.key_room(given, labels)
        figure = Figure(figsize=(given.width_mm * canvas.MM / 72, whole * canvas.MM / 72))
        canvas.heading(figure, given)
        for place, name in enumerate(("effect", "tau")):
            axes = canvas.panel(
                figure,
                given,
                left=place % across * room + 12,
                top=top + place // across * tall + 1.5,
                width=room - 17,
                height=tall - 12,
                name=f"panel-{name}",
            )
            (_effects if name == "effect" else _spread)(axes, given, result, scale)
        canvas.key(figure, given, entries)
        description = describe_posterior(result, measure=measure)
        return canvas.to_bytes(figure, given, kind="Posterior distributions", description=description)


_MEAN: dict[str, Any] = {"color": BLUE, "linewidth": 1.4}
_NEW: dict[str, Any] = {"color": ORANGE, "linewidth": 1.2, "linestyle": (0, (1, 1))}
_PRIOR: dict[str, Any] = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (5, 2))}


def _posterior_entries(result: PooledBayes) -> list[Artist]:
    entries: list[Artist] = [
        Line2D([], [], label="posterior", **_MEAN),
        Patch(facecolor=BLUE, alpha=0.22, linewidth=0, label=f"shortest {numbers.level(result.level)} interval"),
        Line2D([], [], label="effect in a new study", **_NEW),
    ]
    if result.mu_prior is not None or _proper(result):
        entries.append(Line2D([], [], label="prior", **_PRIOR))
    return entries


def _proper(result: PooledBayes) -> bool:
    """Return whether the prior of tau has a density of its own that can be drawn."""
    prior = result.tau_prior
    return prior.kind in ("half-normal", "half-t", "log-normal", "log-t") or (
        prior.kind == "uniform" and math.isfinite(prior.scale)
    )


def _curve(found: Posterior) -> tuple[FloatArray, FloatArray]:
    points = np.array(found.curve, dtype=np.float64).reshape(-1, 2)
    good = np.isfinite(points).all(axis=1)
    return points[good, 0], points[good, 1]


def _drawn(axes: Axes, found: Posterior, name: str) -> None:
    x, y = _curve(found)
    axes.plot(x, y, gid=name, zorder=3, **_MEAN)
    inside = (x >= found.low) & (x <= found.high)
    own = np.concatenate(([found.low], x[inside], [found.high]))
    axes.fill_between(own, np.interp(own, x, y), color=BLUE, alpha=0.22, linewidth=0, zorder=2, gid=f"{name}-interval")
    axes.plot(
        (found.median,) * 2, (0, float(np.interp(found.median, x, y))), color=INK, linewidth=0.8, gid=f"{name}-median"
    )


def _effects(axes: Axes, page: Page, result: PooledBayes, scale: Scale) -> None:
    _drawn(axes, result.mu, "mean")
    x, y = _curve(result.new)
    axes.plot(x, y, gid="new", zorder=3, **_NEW)
    reach = [result.mu.low, result.mu.high, result.new.central_low, result.new.central_high]
    low, high = min(reach), max(reach)
    low, high = low - 0.15 * (high - low), high + 0.15 * (high - low)
    if result.mu_prior is not None:
        mean, sd = result.mu_prior
        at = np.linspace(low, high, _POINTS)
        axes.plot(
            at, np.exp(-0.5 * ((at - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi)), gid="prior-mean", **_PRIOR
        )
    null = scale.no_effect
    if null is not None and low <= null <= high:
        axes.axvline(null, zorder=1, gid="no-effect", **_NULL)
    axes.set_xlim(low, high)
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    ticks(axes, scale, low, high)
    canvas.caption(axes, page, x=scale.label, y="Density")


def _spread(axes: Axes, page: Page, result: PooledBayes, _scale: Scale) -> None:
    _drawn(axes, result.tau, "tau")
    high = 1.3 * max(result.tau.high, result.tau.central_high, 1e-9)
    if _proper(result):
        at = np.linspace(high / _POINTS, high, _POINTS)
        axes.plot(at, np.exp(result.tau_prior.log_density(at, np.ones(1))), gid="prior-tau", **_PRIOR)
    axes.set_xlim(0, high)
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=5)
    canvas.caption(axes, page, x="τ, standard deviation between studies", y="Density")


def describe_posterior(result: PooledBayes, *, measure: MeasureName = "GEN") -> str:
    """Return the posterior distributions in words; parameters as for `posterior`."""
    scale = Scale(measure)
    level = numbers.level(result.level)
    parts = [f"Posterior distributions from {studies(result.k)}. {scale.label}."]
    for name, found in (("Mean effect", result.mu), ("Effect in a new study", result.new)):
        parts.append(
            f"{name}: median {scale.text(found.median)}, shortest {level} interval {scale.text(found.low)} to "
            f"{scale.text(found.high)}."
        )
    tau = result.tau
    parts.append(
        f"Tau: median {numbers.number(tau.median)}, shortest {level} interval {numbers.number(tau.low)} to "
        f"{numbers.number(tau.high)}."
    )
    return " ".join([*parts, *_thresholds(result, scale)])


def _thresholds(result: PooledBayes, scale: Scale) -> Sequence[str]:
    return [
        f"Probability of less than {scale.text(each.value)}: {numbers.percent(each.mu_below, None)} % for the mean "
        f"effect, {numbers.percent(each.new_below, None)} % for a new study."
        for each in result.thresholds
    ]

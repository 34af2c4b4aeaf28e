"""Funnel plots as SVG: each study by its precision, and every study a link to the numbers that it rests on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stromata.model import EffectSize, Interval, Synthesis, numbers
from stromata.reporting.axes import axis_for
from stromata.reporting.figures.contours import CONTOURS, COVERAGE, POOLED, beyond, quantile, regions, sides
from stromata.reporting.figures.scales import Scale, pooled_text, studies
from stromata.reporting.forest import Link, data_point_link
from stromata.reporting.lineage import effects_of
from stromata.reporting.svg import GREY, INK, LINK, anchored, drawing, element, text_width, words, wrap

_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 640.0, 64.0, 20.0, 14.0, 300.0
_SMALL, _LEADING = 11.5, 15.0
_RADIUS, _ASIDE = 4.5, 10.0
_SIZES = tuple(base * 10**power for power in range(7) for base in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class _Point:
    """A study: where it stands across, and how far down (its standard error, or one over the root of its people)."""

    effect: EffectSize
    x: float
    depth: float


@dataclass(frozen=True, slots=True)
class _Funnel:
    """What is drawn, in the units of the two axes.

    Attributes
    ----------
    by_people : depth is one over the root of the number of people, not the standard error.
    centre : the pooled estimate; `spread` what a study's standard error is, per unit of depth, if it is the true value.
    null : no effect, around which the contours stand; None without them.
    across, down : ticks. `names` : of the two axes, the downward one first.
    absent : studies that have no place.
    """

    result: Synthesis
    by_people: bool
    points: tuple[_Point, ...]
    centre: float | None
    spread: float
    null: float | None
    low: float
    high: float
    deepest: float
    across: tuple[tuple[float, str], ...]
    down: tuple[tuple[float, str], ...]
    names: tuple[str, str]
    absent: tuple[str, ...]


def funnel_svg(
    synthesis: Synthesis, *, link: Link = data_point_link, title: str = "", identifier: str = "funnel"
) -> str:
    """Return the funnel plot of a synthesis as SVG.

    Parameters
    ----------
    synthesis : its studies and pooled estimate.
    link : where each study leads; asked for the part ``estimate``.
    title : of the figure; made from the synthesis' own when empty.
    identifier : id of the SVG element, unique in the page.

    Returns
    -------
    SVG text. Proportions stand against the number of people, so that none of *n* and all of *n* have their place
    without a correction; all other measures against their standard error. Comparisons have contours of their p-values.
    Studies without a place are named below. Studies that share a place stand side by side.

    References
    ----------
    Sterne and Egger (2001), Journal of Clinical Epidemiology 54, 1046-1055. Peters et al. (2008), Journal of Clinical
    Epidemiology 61, 991-996, for the contours. Hunter et al. (2014), Journal of Clinical Epidemiology 67, 897-903, for
    proportions against size; Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202, for their limits.
    """
    shape = _by_people(synthesis) or _by_error(synthesis)
    notes = [line for text in _notes(shape) for line in wrap(text, _WIDTH - 4, 10.5)]
    keys = _key(shape)
    height = _TOP + _PLOT + 44 + _LEADING * (len(keys) + len(notes)) + 6
    return drawing(
        element("rect", width=_WIDTH, height=height, fill="#ffffff"),
        element("g", *_ground(shape), role="img", aria_label=_named_ground(shape)),
        *_points(shape, link),
        *_below(keys, notes),
        width=_WIDTH,
        height=height,
        title=title or f"Funnel plot: {synthesis.title or synthesis.id}",
        description=_description(shape),
        identifier=identifier,
        roledescription="funnel plot",
    )


# From the synthesis to the two axes.


def _by_people(result: Synthesis) -> _Funnel | None:
    """Return a funnel of proportions against people; None for other measures, and where a number is not known."""
    effects = effects_of(result)
    if numbers.family(result.measure) != "proportion" or numbers.no_effect(result.measure) is not None:
        return None
    points = []
    for effect in effects:
        people, value = dict(effect.inputs).get("ni", 0.0), effect.natural.estimate
        if people <= 0 or value is None:
            return None
        points.append(_Point(effect, value, 1 / math.sqrt(people)))
    deepest = 1.06 * max((point.depth for point in points), default=1.0)
    centre = result.natural.estimate
    spread = 0.0 if centre is None else math.sqrt(centre * (1 - centre))
    reach = quantile(COVERAGE) * spread * deepest
    across = _shares([point.x for point in points] + ([] if centre is None else [centre - reach, centre + reach]))
    return _Funnel(
        result,
        True,  # noqa: FBT003 - as the fields
        tuple(points),
        centre,
        spread,
        None,
        across[0][0],
        across[-1][0],
        deepest,
        across,
        _sizes(deepest, min((point.depth for point in points), default=deepest)),
        ("People (on the scale of 1/√n)", axis_for(result.measure, ()).label),
        (),
    )


def _shares(ends: Sequence[float]) -> tuple[tuple[float, str], ...]:
    """Return ticks from 0 to 100 %, or from one of them to what there is when all is in its half."""
    low, high = max(min(ends, default=0.0), 0.0), min(max(ends, default=1.0), 1.0)
    low, high = (0.0, high) if high <= 0.5 else (low, 1.0) if low >= 0.5 else (0.0, 1.0)
    axis = axis_for("MN", (Interval(100 * low, None, None), Interval(100 * max(high, low + 0.01), None, None)))
    return tuple((value / 100, text) for value, text in axis.ticks)


def _sizes(deepest: float, least: float) -> tuple[tuple[float, str], ...]:
    """Return ticks of people, as many as have room, from few to about as many as the largest study has."""
    found: list[tuple[float, str]] = []
    for size in _SIZES:
        depth = 1 / math.sqrt(size)
        last = found[-1][0] if found else math.inf
        if last <= least:
            break
        if depth <= deepest and (last - depth) / deepest * _PLOT >= 1.2 * _SMALL:
            found.append((depth, numbers.count(size)))
    return tuple(found)


def _by_error(result: Synthesis) -> _Funnel:
    scale = Scale(result.measure)
    points = tuple(
        _Point(effect, effect.yi, math.sqrt(effect.vi))
        for effect in effects_of(result)
        if effect.yi is not None and effect.vi is not None and math.isfinite(effect.yi) and 0 < effect.vi < math.inf
    )
    placed = {id(point.effect) for point in points}
    deepest = 1.06 * max((point.depth for point in points), default=1.0)
    centre, null = result.estimate, scale.no_effect
    ends = [point.x for point in points]
    if centre is not None:
        ends += [centre + side * quantile(COVERAGE) * deepest for side in (-1, 1)]
    if null is not None:  # the inner part of the regions, so that they can be told
        ends += [null + side * quantile(CONTOURS[-1]) * deepest * 0.6 for side in (-1, 1)]
    low, high = (min(ends), max(ends)) if ends else (-1.0, 1.0)
    room = 0.04 * (high - low) or 1.0
    return _Funnel(
        result,
        False,  # noqa: FBT003 - as the fields
        points,
        centre,
        1.0,
        null,
        low - room,
        high + room,
        deepest,
        scale.ticks(low - room, high + room),
        axis_for("MD", (Interval(0.0, None, None), Interval(deepest, None, None))).ticks,
        ("Standard error", scale.label),
        tuple(effect.label for effect in effects_of(result) if id(effect) not in placed),
    )


# In words.


def _description(shape: _Funnel) -> str:
    against = "number of people" if shape.by_people else "standard error"
    parts = [f"Funnel plot of {studies(len(shape.points))} against their {against}. {pooled_text(shape.result)}"]
    if shape.centre is not None:
        parts.append(sides([point.x for point in shape.points], shape.centre))
    if shape.null is not None:
        parts.append(beyond([(point.x, point.depth) for point in shape.points], shape.null))
    return " ".join(parts)


def _named_ground(shape: _Funnel) -> str:
    return "axes, funnel and regions of p-values" if shape.null is not None else "axes and funnel"


def _told(point: _Point) -> str:
    """Return a study in words."""
    effect = point.effect
    given, people = dict(effect.inputs), numbers.people((effect,))
    mark = numbers.unit(effect.measure)
    value = numbers.estimate(effect.natural, effect.measure, people) + (f" {mark}" if mark else "")
    if {"xi", "ni"} <= given.keys():
        return f"{effect.label}: {numbers.entered(given['xi'])} of {numbers.entered(given['ni'])}, {value}"
    return f"{effect.label}: {value}, standard error {numbers.number(point.depth)}"


def _notes(shape: _Funnel) -> Iterator[str]:
    if len({_place(shape, point) for point in shape.points}) < len(shape.points):
        yield "Studies that share a place stand side by side."
    if not shape.by_people and any(point.effect.adjusted for point in shape.points):
        yield "Open circles: computed with a continuity correction, because a group had no event, or events only."
    if shape.absent:
        yield f"Without a place, because they have no standard error: {', '.join(shape.absent)}."


def _key(shape: _Funnel) -> list[list[tuple[str, str]]]:
    """Return the lines of the key: (shade or ``dashes``, text)."""
    lines: list[list[tuple[str, str]]] = []
    if shape.centre is not None:
        lines.append([("dashes", POOLED[0].upper() + POOLED[1:])])
    if shape.null is not None:
        lines.append([(region.shade, region.text) for region in regions()])
    return lines


# The drawing. Units are those of the viewBox (at 100 %, CSS pixels).


def _x(shape: _Funnel, value: float) -> float:
    return _LEFT + (value - shape.low) / (shape.high - shape.low) * (_WIDTH - _LEFT - _RIGHT)


def _y(shape: _Funnel, depth: float) -> float:
    return _TOP + depth / shape.deepest * _PLOT


def _side(shape: _Funnel, apex: float, slope: float) -> tuple[float, float]:
    """Return where a line from the apex leaves the panel: at its side or at its foot."""
    end = apex + slope * shape.deepest
    inside = min(max(end, shape.low), shape.high)
    return inside, shape.deepest if inside == end else (inside - apex) / slope


def _path(shape: _Funnel, places: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    return "M" + "L".join(f"{_x(shape, x):.2f} {_y(shape, depth):.2f}" for x, depth in places) + ("z" if closed else "")


def _ground(shape: _Funnel) -> Iterator[Markup]:
    """Yield all but the studies: regions, axes, the funnel."""
    right, foot = _WIDTH - _RIGHT, _TOP + _PLOT
    if shape.null is not None:
        yield from _regions(shape, shape.null)
    yield element("path", d=f"M{_LEFT} {_TOP}V{foot}H{right}", fill="none", stroke=INK)
    for value, text in shape.across:
        if shape.low <= value <= shape.high:
            yield element("line", x1=_x(shape, value), x2=_x(shape, value), y1=foot, y2=foot + 5, stroke=INK)
            yield words((text,), _x(shape, value), foot + 18, size=_SMALL, anchor="middle")
    for depth, text in shape.down:
        if 0 <= depth <= shape.deepest:
            y = _y(shape, depth)
            yield element("line", x1=_LEFT - 5, x2=_LEFT, y1=y, y2=y, stroke=INK)
            yield words((text,), _LEFT - 8, y + 4, size=_SMALL, anchor="end")
    yield words((shape.names[1],), (_LEFT + right) / 2, foot + 34, size=_SMALL, anchor="middle", colour=GREY)
    middle = _TOP + _PLOT / 2
    turned = f"rotate(-90 12 {middle:g})"
    yield element(
        "text", shape.names[0], x=12, y=middle, font_size=_SMALL, text_anchor="middle", fill=GREY, transform=turned
    )
    if shape.centre is not None:
        slope = quantile(COVERAGE) * shape.spread
        lines = [((shape.centre, 0.0), _side(shape, shape.centre, way * slope)) for way in (-1, 0, 1)]
        path = "".join(_path(shape, line) for line in lines)
        yield element("path", d=path, fill="none", stroke=INK, stroke_dasharray="5 3", class_="funnel-lines")


def _regions(shape: _Funnel, null: float) -> Iterator[Markup]:
    """Yield the regions of equal p-values around no effect."""
    width = _WIDTH - _LEFT - _RIGHT
    *inner, outermost = regions()
    yield element("rect", x=_LEFT, y=_TOP, width=width, height=_PLOT, fill=outermost.shade, class_="contour")
    for region in reversed(inner):
        slope = quantile(region.outer)
        (left, high), (right, low) = _side(shape, null, -slope), _side(shape, null, slope)
        foot = shape.deepest
        places = [(null, 0.0), (left, high), (left, foot), (right, foot), (right, low)]
        outline = _path(shape, places, closed=True)
        yield element("path", d=outline, fill=region.shade, stroke=GREY, stroke_width=0.3, class_="contour")
    yield element("path", d=_path(shape, ((null, 0.0), (null, shape.deepest))), stroke=GREY, stroke_width=0.8)


def _place(shape: _Funnel, point: _Point) -> tuple[int, int]:
    """Return where a study stands, so coarsely that equal places hide one another."""
    return round(_x(shape, point.x) / _RADIUS), round(_y(shape, point.depth) / _RADIUS)


def _points(shape: _Funnel, link: Link) -> Iterator[Markup]:
    """Yield the studies; those that share a place stand side by side, towards the middle."""
    middle, taken = (_LEFT + _WIDTH - _RIGHT) / 2, Counter[tuple[int, int]]()
    for point in shape.points:
        x, y = _x(shape, point.x), _y(shape, point.depth)
        place = _place(shape, point)
        x += taken[place] * (_ASIDE if x < middle else -_ASIDE)
        taken[place] += 1
        text, href = _told(point), link(shape.result, point.effect, "estimate")
        hollow = point.effect.adjusted and not shape.by_people
        circle = element(
            "circle",
            element("title", text),
            cx=x,
            cy=y,
            r=_RADIUS,
            fill="#ffffff" if hollow else LINK if href else INK,
            stroke=(LINK if href else INK) if hollow else "#ffffff",
            class_="study",
            role=None if href else "img",
            aria_label=None if href else text,
        )
        yield anchored(circle, href)


def _below(keys: list[list[tuple[str, str]]], notes: list[str]) -> Iterator[Markup]:
    """Yield the key and the notes."""
    y = _TOP + _PLOT + 44 + _LEADING * 0.8
    for line in keys:
        x = 2.0
        for mark, text in line:
            if mark == "dashes":
                yield element("line", x1=x, x2=x + 22, y1=y - 4, y2=y - 4, stroke=INK, stroke_dasharray="5 3")
            else:
                yield element("rect", x=x, y=y - 10, width=22, height=11, fill=mark, stroke=GREY, stroke_width=0.5)
            yield words((text,), x + 28, y, size=10.5)
            x += 28 + text_width(text, 10.5) + 18
        y += _LEADING
    for note in notes:
        yield words((note,), 2, y, size=10.5, colour=GREY)
        y += _LEADING

"""Recall curves as SVG: how soon an order of reading finds what is relevant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stromata.errors import InvalidInput
from stromata.reporting.svg import GREY, INK, drawing, element, text_width, words, wrap

_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 640.0, 58.0, 16.0, 16.0, 380.0
_SMALL, _LEADING = 11.0, 15.0
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
"""Okabe and Ito's palette without yellow, which is too pale for a line."""

_DASHES = (None, "6 3", "2 2", "8 3 2 3")
"""What tells lines of one colour apart."""

_TARGET = 0.95
"""Recall at which a line is drawn: what most reviews aim at."""

_MEAN_POINTS = 200


@dataclass(frozen=True, slots=True)
class Curve:
    """One order of reading.

    Attributes
    ----------
    name : of the set; curves of one name have one colour.
    labels : 1 for relevant, 0 for irrelevant, in the order of reading.
    stop : how many were read when the stopping rule said stop; None without one.
    """

    name: str
    labels: tuple[int, ...]
    stop: int | None = None


def recall_curve_svg(curves: Sequence[Curve], *, title: str = "", identifier: str = "recall") -> str:
    """Return recall against the share of references read, one line for each order.

    Parameters
    ----------
    curves : at least one. With more than one their mean is drawn as well; a dot stands where reading would have ended.
    title : of the figure; made from the number of curves when empty.
    identifier : id of the SVG element, unique in the page.

    Raises
    ------
    InvalidInput
        No curve, or one without relevant references.
    """
    if not curves or not all(any(curve.labels) for curve in curves):
        raise InvalidInput("a recall curve needs at least one order of reading, with something relevant in each")
    names = tuple(dict.fromkeys(curve.name for curve in curves))
    key = tuple(_key(names, mean=len(curves) > 1))
    height = _TOP + _PLOT + 46 + _LEADING * (key[-1][1] + 1) + 8
    return drawing(
        element("rect", width=_WIDTH, height=height, fill="#ffffff"),
        element("g", *_ground(), role="img", aria_label="Axes: share of references read, and share found"),
        *(_line(curve, names.index(curve.name)) for curve in curves),
        *([_mean(curves)] if len(curves) > 1 else []),
        *(_stop(curve, names.index(curve.name)) for curve in curves if curve.stop is not None),
        *(_entry(text, row, left, style) for text, row, left, style in key),
        width=_WIDTH,
        height=height,
        title=title or ("Recall curve" if len(curves) == 1 else f"Recall curves of {len(curves)} replays"),
        description=describe_recall_curve(curves),
        identifier=identifier,
        roledescription="recall curve",
    )


def describe_recall_curve(curves: Sequence[Curve]) -> str:
    """Return the figure in words: for each order, how much was found after a tenth, a fifth and a half."""
    said = []
    for curve in curves:
        found = ", ".join(f"{100 * _found(curve, share):.0f} % after {100 * share:.0f} %" for share in (0.1, 0.2, 0.5))
        stop = "" if curve.stop is None else f"; the rule said stop after {100 * curve.stop / len(curve.labels):.0f} %"
        said.append(f"{curve.name}: {found}{stop}")
    return "Share of the relevant references found after a share of all is read. " + ". ".join(said) + "."


def _found(curve: Curve, share: float) -> float:
    return sum(curve.labels[: int(share * len(curve.labels) + 1e-9)]) / sum(curve.labels)


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(recall: float) -> float:
    return _TOP + (1 - recall) * _PLOT


def _ground() -> Iterator[Markup]:
    """Yield axes, the line of chance and the line of the usual target."""
    for step in range(6):
        share = step / 5
        yield element("line", x1=_x(share), x2=_x(share), y1=_y(0), y2=_y(0) + 4, stroke=INK)
        yield words((f"{step * 20} %",), _x(share), _y(0) + 17, size=_SMALL, anchor="middle")
        yield element("line", x1=_x(0) - 4, x2=_x(0), y1=_y(share), y2=_y(share), stroke=INK)
        yield words((f"{step * 20} %",), _x(0) - 7, _y(share) + 4, size=_SMALL, anchor="end")
    yield element("path", d=f"M{_x(0):.1f} {_y(1):.1f}V{_y(0):.1f}H{_x(1):.1f}", fill="none", stroke=INK)
    yield element("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), stroke=GREY, stroke_dasharray="1 4")
    yield words(("chance",), _x(0.9), _y(0.86), size=_SMALL, anchor="middle", colour=GREY)
    target = _y(_TARGET)
    yield element("line", x1=_x(0), y1=target, x2=_x(1), y2=target, stroke=GREY, stroke_dasharray="5 4")
    yield words((f"{100 * _TARGET:.0f} %",), _x(1) - 2, target + 13, size=_SMALL, anchor="end", colour=GREY)
    yield words(("References read",), _x(0.5), _y(0) + 36, anchor="middle")
    turned = f"translate(14 {_y(0.5):.1f}) rotate(-90)"
    yield element("g", words(("Relevant references found",), 0, 0, anchor="middle"), transform=turned)


def _line(curve: Curve, place: int) -> Markup:
    """Return the steps of one order: up at each find, along between them."""
    n, relevant, found = len(curve.labels), sum(curve.labels), 0
    path = [f"M{_x(0):.1f} {_y(0):.1f}"]
    for read, label in enumerate(curve.labels, start=1):
        if label:
            found += 1
            path.append(f"H{_x(read / n):.1f}V{_y(found / relevant):.1f}")
    path.append(f"H{_x(1):.1f}")
    colour, dash = _style(place)
    return element(
        "path", d="".join(path), fill="none", stroke=colour, stroke_width=1.5, stroke_dasharray=dash, class_="curve"
    )


def _mean(curves: Sequence[Curve]) -> Markup:
    """Return the mean of all curves at equal shares."""
    points = []
    for step in range(_MEAN_POINTS + 1):
        share = step / _MEAN_POINTS
        recall = sum(_found(curve, share) for curve in curves) / len(curves)
        points.append(f"{_x(share):.1f} {_y(recall):.1f}")
    return element("path", d="M" + "L".join(points), fill="none", stroke=INK, stroke_width=3, class_="mean")


def _stop(curve: Curve, place: int) -> Markup:
    read = curve.stop or 0
    recall = sum(curve.labels[:read]) / sum(curve.labels)
    share = read / len(curve.labels)
    told = f"{curve.name}: stop after {100 * share:.0f} % read, {100 * recall:.1f} % found"
    return element(
        "circle", element("title", told), cx=_x(share), cy=_y(recall), r=3.5, fill=_style(place)[0], stroke="#ffffff"
    )


def _style(place: int) -> tuple[str, str | None]:
    return _COLOURS[place % len(_COLOURS)], _DASHES[place // len(_COLOURS) % len(_DASHES)]


def _key(names: Sequence[str], *, mean: bool) -> Iterator[tuple[str, int, float, int | None]]:
    """Yield (text, row, left, style) for each entry of the key; None stands for the mean."""
    row, left = 0, _LEFT
    entries: list[tuple[str, int | None]] = [(name, place) for place, name in enumerate(names)]
    for name, style in [*entries, *([("mean of all", None)] if mean else [])]:
        text = wrap(name, _WIDTH - _LEFT - 60, _SMALL)[0]
        width = 30 + text_width(text, _SMALL) + 14
        if left > _LEFT and left + width > _WIDTH - _RIGHT:
            row, left = row + 1, _LEFT
        yield text, row, left, style
        left += width


def _entry(text: str, row: int, left: float, style: int | None) -> Markup:
    down = _TOP + _PLOT + 46 + _LEADING * (row + 0.7)
    colour, dash = (INK, None) if style is None else _style(style)
    thick = 3.0 if style is None else 1.5
    line = element(
        "line",
        x1=left,
        x2=left + 24,
        y1=down - 4,
        y2=down - 4,
        stroke=colour,
        stroke_width=thick,
        stroke_dasharray=dash,
    )
    return element("g", line, words((text,), left + 30, down, size=_SMALL))

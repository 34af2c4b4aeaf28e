"""Tables with a plot in them: rows of text around intervals on one axis. Forest plots and their relatives are these.

Places are in millimetres. Every mark and text of a row carries its number as the id of its group in the SVG, such as
``row-3-marker``, counted from 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from stromata.errors import InvalidInput
from stromata.model import Interval
from stromata.model.numbers import KEPT
from stromata.reporting.axes import Axis
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import GREY, INK, MM, Page, put, width_of, wrapped

Kind = Literal["heading", "study", "subtotal", "total", "prediction", "note"]
Column = Literal["inputs", "estimate", "weight"]

_EDGE = 1.5
_GAP = 2.6
_LEAST_PLOT = 15.0
"""Millimetres below which intervals cannot be told apart."""

_GOOD_PLOT = 0.27
"""Share of the page that the plot gets before all columns have room."""

_LABEL_LEAST, _LABEL_SHARE = 0.2, 0.3
"""Shares of the page: what the names of pooled results get, and the most that labels take; longer ones are broken into
lines."""

_MANY_ROWS = 45
"""Rows above which letters are small, so that sixty studies fit on one page."""

_SMALL = 6.5
_LEAST_MARKER = 0.9
_CHOICES: tuple[tuple[Column, ...], ...] = (
    ("inputs", "estimate", "weight"),
    ("inputs", "estimate"),
    ("estimate", "weight"),
    ("estimate",),
)
"""What stands beside the plot, the fullest first; the first that leaves the plot its room is taken."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes
    ----------
    cells : texts of the input columns. value, weight : of the two columns after the plot.
    interval : on the axis' scale; a missing bound is drawn as an arrow, a missing estimate without a mark.
    share : of the largest marker's area, 0 to 1.
    """

    kind: Kind
    label: str
    cells: tuple[str, ...] = ()
    interval: Interval | None = None
    value: str = ""
    weight: str = ""
    share: float = 0.0
    indented: bool = False

    @property
    def bold(self) -> bool:
        """Whether its texts are bold."""
        return self.kind in ("heading", "subtotal", "total")


@dataclass(frozen=True, slots=True)
class Table:
    """What is drawn.

    Attributes
    ----------
    heads : group and heading of each input column. value_head : lines above the estimates.
    reference, pooled : values at which a full and a dashed line stand; None for none.
    """

    rows: tuple[Row, ...]
    axis: Axis
    value_head: tuple[str, ...]
    heads: tuple[tuple[str, str], ...] = ()
    label_head: str = "Study"
    reference: float | None = None
    pooled: float | None = None
    favours: tuple[str, str] = ("", "")
    footnotes: tuple[str, ...] = ()


def draw(table: Table, page: Page, columns: Sequence[Column] | None, *, kind: str, description: str) -> bytes:
    """Return the figure as a file.

    Raises
    ------
    InvalidInput
        An unknown column, or columns that leave no room for the plot.
    """
    with canvas.settings():
        layout = _chosen(table, page, columns)
        figure, axes = canvas.sheet(page, layout.height)
        canvas.heading(figure, page)
        _Drawing(layout, axes).everything()
        return canvas.to_bytes(figure, page, kind=kind, description=description)


def _chosen(table: Table, page: Page, columns: Sequence[Column] | None) -> _Layout:
    size = min(page.size, _SMALL) if len(table.rows) > _MANY_ROWS else page.size
    if columns is None:
        tried = [_Layout(table, page, choice, each) for choice in _CHOICES for each in (size, min(size, _SMALL))]
        return next((each for each in tried if each.plot >= _GOOD_PLOT * page.width_mm), tried[-1])
    unknown = [name for name in columns if name not in _CHOICES[0]]
    if unknown:
        raise InvalidInput(f"no column {unknown[0]!r} beside a plot", hint=f"There are: {', '.join(_CHOICES[0])}.")
    tried = [_Layout(table, page, tuple(columns), each) for each in (size, min(size, _SMALL))]
    layout = tried[0] if tried[0].plot >= _GOOD_PLOT * page.width_mm else tried[1]
    if layout.plot < _LEAST_PLOT:
        raise InvalidInput(
            f"the columns leave {layout.plot:.0f} mm of {page.width_mm:g} mm for the plot; it needs {_LEAST_PLOT:g} mm",
            hint="Ask for fewer columns or for a wider figure.",
        )
    return layout


@dataclass(frozen=True)  # without slots: widths are measured once and kept
class _Layout:
    """Where everything stands."""

    table: Table
    page: Page
    columns: tuple[Column, ...]
    size: float

    @property
    def pitch(self) -> float:
        """Height of a line."""
        return self.size * (1.36 if len(self.table.rows) > _MANY_ROWS else 1.45) / MM

    @cached_property
    def heads(self) -> tuple[tuple[str, str], ...]:
        return self.table.heads if "inputs" in self.columns else ()

    @property
    def indent(self) -> float:
        return self.size * 0.8 / MM

    @cached_property
    def label(self) -> float:
        """Width of the labels: that of the longest study, but not less than pooled results need to be read."""
        studies = [row for row in self.table.rows if row.kind == "study"]
        others = [row for row in self.table.rows if row.kind in ("subtotal", "total", "prediction")]
        least = min(
            max((width_of(row.label, self.size, bold=row.bold) for row in others), default=0.0), self.label_least
        )
        widest = [width_of(row.label, self.size, bold=row.bold) + self.indent * row.indented for row in studies]
        return min(max([least, *widest, width_of(self.table.label_head, self.size, bold=True)]), self.label_most)

    @property
    def label_least(self) -> float:
        """Most that the names of pooled results ask for; their words are never broken."""
        rows = [row for row in self.table.rows if row.kind in ("subtotal", "total")]
        words = [width_of(word, self.size, bold=True) for row in rows for word in row.label.split(" ")]
        return max([_LABEL_LEAST * self.page.width_mm, *words])

    @property
    def label_most(self) -> float:
        return _LABEL_SHARE * self.page.width_mm

    @cached_property
    def inputs(self) -> tuple[float, ...]:
        """Width of each input column; a group's name may run over its columns."""
        widths = []
        for place, (group, head) in enumerate(self.heads):
            cells = [width_of(row.cells[place], self.size, bold=row.bold) for row in self.table.rows if row.cells]
            alone = [other for other, _ in self.heads].count(group) == 1
            tops = [group, *head.split(" ")] if alone else head.split(" ")
            widths.append(max([*cells, *(width_of(top, self.size, bold=True) for top in tops)]))
        return tuple(widths)

    @cached_property
    def input_heads(self) -> tuple[tuple[str, ...], ...]:
        """Lines of the headings of the input columns."""
        return tuple(
            wrapped(head, width + 0.01, self.size, bold=True)
            for (_, head), width in zip(self.heads, self.inputs, strict=True)
        )

    @cached_property
    def value(self) -> float:
        if "estimate" not in self.columns:
            return 0.0
        cells = [width_of(row.value, self.size, bold=row.bold) for row in self.table.rows]
        return max([*cells, width_of(self.table.value_head[-1], self.size, bold=True)])

    @cached_property
    def value_head(self) -> tuple[str, ...]:
        if not self.value:
            return ()
        room = max(self.value, 14.0)
        return tuple(line for text in self.table.value_head for line in wrapped(text, room, self.size, bold=True))

    @cached_property
    def weight(self) -> float:
        if "weight" not in self.columns or not any(row.weight for row in self.table.rows):
            return 0.0
        cells = [width_of(row.weight, self.size, bold=row.bold) for row in self.table.rows]
        return max([*cells, width_of("Weight", self.size, bold=True)])

    @cached_property
    def left(self) -> float:
        """Left end of the plot."""
        return _EDGE + self.label + sum(width + _GAP for width in self.inputs) + _GAP

    @cached_property
    def plot(self) -> float:
        """Width of the plot."""
        after = sum(width + _GAP for width in (self.value, self.weight) if width)
        return self.page.width_mm - _EDGE - after - self.left

    @cached_property
    def head(self) -> float:
        """Depth of the line under the headings."""
        own = max((len(lines) for lines in self.input_heads), default=1)
        lines = max(len(self.value_head), own + any(group for group, _ in self.heads))
        return canvas.title_room(self.page) + 1.5 + lines * self.pitch + 1.0

    def lines(self, row: Row) -> tuple[str, ...]:
        """Return the lines of a row's label; headings and notes run on over the plot."""
        if row.kind in ("heading", "note"):
            room = self.page.width_mm - 2 * _EDGE - self.indent * row.indented
        else:
            room = self.label - self.indent * row.indented + 0.01
        return wrapped(row.label, room, self.text_size(row), bold=row.bold)

    def text_size(self, row: Row) -> float:
        return max(self.size - 0.5, 6.0) if row.kind == "note" else self.size

    def tall(self, row: Row) -> float:
        gap = {"heading": 0.3, "total": 0.3}.get(row.kind, 0.0)
        return (len(self.lines(row)) + gap) * self.pitch

    @cached_property
    def bottom(self) -> float:
        """Depth at which the rows end."""
        return self.head + 0.8 + sum(self.tall(row) for row in self.table.rows) + 0.8

    @property
    def plotted(self) -> bool:
        """Whether there is anything on the axis."""
        return any(row.interval is not None for row in self.table.rows)

    @cached_property
    def axis_label(self) -> tuple[str, ...]:
        return wrapped(self.table.axis.label, max(1.4 * self.plot, 40.0), self.size)

    @cached_property
    def favours(self) -> tuple[tuple[str, ...], ...]:
        if not any(self.table.favours):
            return ()
        room = self.plot / 2 - 0.8
        left, right = self.table.favours
        return (wrapped(f"←{KEPT}{left}", room, self.size), wrapped(f"{right}{KEPT}→", room, self.size))

    @cached_property
    def footnotes(self) -> tuple[str, ...]:
        room = self.page.width_mm - 2 * _EDGE
        return tuple(line for text in self.table.footnotes for line in wrapped(text, room, self.small))

    @property
    def small(self) -> float:
        return max(self.size - 1, 6.0)

    @cached_property
    def height(self) -> float:
        if not self.plotted:
            return self.bottom + 0.95 * len(self.footnotes) * self.pitch + 2.0
        below = len(self.axis_label) + 1.3 + max((len(lines) for lines in self.favours), default=0)
        return self.bottom + (below + 0.95 * len(self.footnotes)) * self.pitch + 2.0

    def x(self, value: float) -> float:
        return self.left + self.table.axis.place(value) * self.plot

    def within(self, value: float | None) -> bool:
        return value is not None and -1e-9 <= self.table.axis.place(value) <= 1 + 1e-9


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A layout on its way onto axes."""

    at: _Layout
    axes: Axes

    def everything(self) -> None:
        self._heads()
        if self.at.plotted:
            self._guides()
            self._axis()
        y = self.at.head + 0.8
        for place, row in enumerate(self.at.table.rows, start=1):
            tall = self.at.tall(row)
            self._row(row, y, tall, f"row-{place}")
            y += tall
        base = self.at.height - 1.5 - 0.95 * self.at.pitch * (len(self.at.footnotes) - 1)
        for place, line in enumerate(self.at.footnotes):
            put(self.axes, _EDGE, base + 0.95 * self.at.pitch * place, line, self.at.small, colour=GREY)

    def _line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        name: str = "",
        **style: Any,  # noqa: ANN401 - what matplotlib's lines take
    ) -> None:
        own: dict[str, Any] = {"color": INK, "linewidth": 0.8, "solid_capstyle": "butt", "dash_capstyle": "butt"}
        self.axes.plot(xs, ys, gid=name or None, scalex=False, scaley=False, **(own | style))

    def _heads(self) -> None:
        at, size = self.at, self.at.size
        base = at.head - 1.4
        put(self.axes, _EDGE, base, at.table.label_head, size, bold=True)
        x, spans = _EDGE + at.label, dict[str, list[float]]()
        over = base - max((len(lines) for lines in at.input_heads), default=1) * at.pitch
        for (group, _), lines, width in zip(at.heads, at.input_heads, at.inputs, strict=True):
            x += _GAP + width
            for place, line in enumerate(reversed(lines)):
                put(self.axes, x, base - place * at.pitch, line, size, bold=True, align="right")
            if group:
                spans.setdefault(group, [x - width, x])[1] = x
        for group, (left, right) in spans.items():
            put(self.axes, (left + right) / 2, over - 0.2, group, size, bold=True, align="center")
            self._line((left, right), (over + 0.5,) * 2, color=GREY, linewidth=0.4)
        right = at.left + at.plot + _GAP + at.value
        for place, line in enumerate(reversed(at.value_head)):
            put(self.axes, right, base - place * at.pitch, line, size, bold=True, align="right")
        if at.weight:
            after = right + _GAP if at.value else at.left + at.plot + _GAP
            put(self.axes, after + at.weight, base, "Weight", size, bold=True, align="right")
        self._line((_EDGE, at.page.width_mm - _EDGE), (at.head,) * 2, linewidth=0.6)

    def _guides(self) -> None:
        """Draw the lines of no effect and of the pooled estimate, but not behind texts that run over the plot."""
        at = self.at
        for number, (top, bottom) in enumerate(self._open(), start=1):
            for value, name, colour, dashes in (
                (at.table.reference, "no-effect", INK, "-"),
                (at.table.pooled, "pooled", GREY, "--"),
            ):
                if value is not None and at.within(value):
                    style: dict[str, Any] = {"color": colour, "linestyle": dashes, "linewidth": 0.6, "zorder": 1}
                    self._line((at.x(value),) * 2, (top, bottom), name=f"{name}-{number}", **style)

    def _open(self) -> Iterator[tuple[float, float]]:
        at, start = self.at, self.at.head
        y = at.head + 0.8
        for row in at.table.rows:
            tall = at.tall(row)
            if row.kind in ("note", "heading"):
                size = at.text_size(row)
                ends = [
                    _EDGE + at.indent * row.indented + width_of(line, size, bold=row.bold) for line in at.lines(row)
                ]
                if max(ends) > at.left - 0.5:
                    if y > start:
                        yield start, y
                    start = y + tall
            y += tall
        yield start, at.bottom

    def _axis(self) -> None:
        at = self.at
        left, right, y = at.left, at.left + at.plot, at.bottom
        self._line((left, right), (y, y), name="axis", linewidth=0.6)
        shown = _readable_ticks(at)
        for value, text in at.table.axis.ticks:
            x = at.x(value)
            self._line((x, x), (y, y + (0.9 if text in shown else 0.6)), linewidth=0.6)
            if text in shown:
                put(self.axes, x, y + 0.7 + at.pitch * 0.85, text, at.size, align="center", name=f"tick-{text}")
        middle = (left + right) / 2
        base = y + 0.7 + at.pitch * 1.85
        for place, line in enumerate(at.axis_label):
            half = width_of(line, at.size) / 2
            x = min(max(middle, _EDGE + half), at.page.width_mm - _EDGE - half)
            put(self.axes, x, base + place * at.pitch, line, at.size, align="center", colour=GREY)
        base += len(at.axis_label) * at.pitch
        if at.favours and at.table.reference is not None:
            for lines, x, align in zip(at.favours, (left, right), ("left", "right"), strict=True):
                for place, line in enumerate(lines):
                    put(self.axes, x, base + place * at.pitch, line, at.size, align=align)  # type: ignore[arg-type]

    def _row(self, row: Row, y: float, tall: float, name: str) -> None:
        at = self.at
        lines = at.lines(row)
        first = y + tall - at.pitch * (len(lines) - 1) - at.pitch * 0.28
        colour = GREY if row.kind == "note" else INK
        for place, line in enumerate(lines):
            put(
                self.axes,
                _EDGE + at.indent * row.indented,
                first + place * at.pitch,
                line,
                at.text_size(row),
                bold=row.bold,
                colour=colour,
                name=f"{name}-label" + (f"-{place + 1}" if place else ""),
            )
        x = _EDGE + at.label
        for place, width in enumerate(at.inputs):
            x += _GAP + width
            if row.cells:
                put(self.axes, x, first, row.cells[place], at.size, bold=row.bold, align="right")
        right = at.left + at.plot
        for text, width, part in ((row.value, at.value, "value"), (row.weight, at.weight, "weight")):
            right += _GAP + width if width else 0.0
            if text and width:
                put(self.axes, right, first, text, at.size, bold=row.bold, align="right", name=f"{name}-{part}")
        if row.interval is not None:
            self._mark(row, row.interval, first - at.size * 0.36 / MM, name)

    def _mark(self, row: Row, interval: Interval, y: float, name: str) -> None:
        at = self.at
        if row.kind in ("subtotal", "total"):
            self._diamond(row, interval, y, name)
            return
        if interval.ci_low is not None or interval.ci_high is not None:
            self._bar(interval, y, name, predicted=row.kind == "prediction")
        if interval.estimate is not None and at.within(interval.estimate):
            most = 0.82 * at.pitch
            side = _LEAST_MARKER + (most - _LEAST_MARKER) * math.sqrt(min(max(row.share, 0.0), 1.0))
            corner = (at.x(interval.estimate) - side / 2, y - side / 2)
            square = Rectangle(corner, side, side, facecolor="#4d4d4d", edgecolor="white", linewidth=0.3, zorder=3)
            square.set_gid(f"{name}-marker")
            self.axes.add_patch(square)

    def _bar(self, interval: Interval, y: float, name: str, *, predicted: bool) -> None:
        """Draw an interval; an end outside the axis, or without a bound, becomes an arrow."""
        at, place = self.at, self.at.table.axis.place
        low = 0.0 if interval.ci_low is None else place(interval.ci_low)
        high = 1.0 if interval.ci_high is None else place(interval.ci_high)
        left, right = (at.left + min(max(end, 0.0), 1.0) * at.plot for end in (low, high))
        if high >= 0 and low <= 1:
            wide = 2.0 if predicted else 0.9
            self._line((left, right), (y, y), name=f"{name}-interval", linewidth=wide, zorder=2)
        cut_low, cut_high = low < -1e-9 or interval.ci_low is None, high > 1 + 1e-9 or interval.ci_high is None
        for cut, x, way, end in ((cut_low, left, 1, "low"), (cut_high, right, -1, "high")):
            if cut and (low <= 1 if way == 1 else high >= 0):
                head = Polygon(
                    [(x, y), (x + way * 1.5, y - 0.75), (x + way * 1.5, y + 0.75)], facecolor=INK, linewidth=0, zorder=4
                )
                head.set_gid(f"{name}-arrow-{end}")
                self.axes.add_patch(head)
            elif predicted:
                self._line((x, x), (y - 0.8, y + 0.8), linewidth=0.9, zorder=2)

    def _diamond(self, row: Row, interval: Interval, y: float, name: str) -> None:
        if interval.estimate is None:
            return
        at, place = self.at, self.at.table.axis.place
        ends = (interval.ci_low, interval.estimate, interval.ci_high)
        known = [interval.estimate if value is None else value for value in ends]
        low, middle, high = (at.left + min(max(place(value), 0.0), 1.0) * at.plot for value in known)
        half = 0.4 * at.pitch
        shape = Polygon(
            [(low, y), (middle, y - half), (high, y), (middle, y + half)],
            facecolor=INK if row.kind == "total" else "white",
            edgecolor=INK,
            linewidth=0.7,
            joinstyle="miter" if high - low > 2 else "round",
            zorder=3,
        )
        shape.set_gid(f"{name}-diamond")
        self.axes.add_patch(shape)
        beyond = (place(known[0]) < -1e-9, place(known[2]) > 1 + 1e-9)
        for cut, x, way, end in ((beyond[0], low, 1, "low"), (beyond[1], high, -1, "high")):
            if cut:
                tip = [(x, y), (x + way * 1.5, y - 0.9), (x + way * 1.5, y + 0.9)]
                head = Polygon(tip, facecolor="white", edgecolor=INK, linewidth=0.7, zorder=4)
                head.set_gid(f"{name}-arrow-{end}")
                self.axes.add_patch(head)


def _readable_ticks(at: _Layout) -> set[str]:
    """Return the ticks whose labels have room: that of no effect first, then the ends, then those between."""
    ticks, reference = list(at.table.axis.ticks), at.table.reference
    ends = [ticks[0], ticks[-1]] if ticks else []
    order = [tick for tick in ticks if reference is not None and tick[0] == reference] + ends + ticks
    kept: list[tuple[float, float, str]] = []
    for value, text in order:
        half = width_of(text, at.size) / 2 + 0.5
        left, right = at.x(value) - half, at.x(value) + half
        if all(right <= other_left or left >= other_right for other_left, other_right, _ in kept):
            kept.append((left, right, text))
    return {text for _, _, text in kept}

"""Networks of treatments: who was compared with whom, how treatments rank, and whether small studies differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon
from matplotlib.ticker import MaxNLocator

from stromata.errors import InvalidInput
from stromata.model import MeasureName, numbers
from stromata.reporting.figures import canvas
from stromata.reporting.figures.canvas import BLUE, GREY, INK, MM, ORANGE, Page, PageOptions, checked, put, width_of
from stromata.reporting.figures.contours import WITHIN, quantile
from stromata.reporting.figures.funnels import DASHED, DOT, ticks
from stromata.reporting.figures.scales import Scale, studies

if TYPE_CHECKING:
    from stromata.synthesis.networks.contribution import FunnelPoint
    from stromata.synthesis.networks.network import Network
    from stromata.synthesis.networks.ranking import Ranking

Size = Literal["people", "studies"]
"""What the area of a treatment's circle stands for."""

# The graph.

_EDGE = "#8f8f8f"
_TINTS = (BLUE, ORANGE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of studies with several arms, each set of treatments its own: Okabe and Ito's palette, laid on thinly."""
_TINT = 0.16
_THINNEST, _THICKEST = 0.7, 6.0
"""Widths of lines in points: of one study, and of the most."""
_SMALLEST_MM, _LARGEST_MM = 2.4, 9.0
"""Diameters of circles."""
_GAP = 1.6
_LEAST_RADIUS = 14.0
_MOST_RADIUS = 52.0


def network_graph(
    net: Network,
    *,
    size: Size | None = None,
    shaded: bool = True,
    order: Sequence[str] = (),
    **page: Unpack[PageOptions],
) -> bytes:
    """Return a network graph: a circle per treatment, a line per comparison that studies make.

    Parameters
    ----------
    net : what `stromata.synthesis.networks.network.network` or `network_mh` returns.
    size : what the area of a circle stands for: ``people`` in the arms, or ``studies``. Without, people where all
        studies give them.
    shaded : shade the treatments that studies of three arms or more compare.
    order : all treatments, clockwise from the top; those of the network without. Neighbours cross fewer lines.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. The width of a line grows with the number of studies, which stands on it as far as there is room.

    Raises
    ------
    InvalidInput
        `order` does not hold every treatment once; people are asked for and not known.

    References
    ----------
    Salanti, Kavvoura and Ioannidis (2008), Annals of Internal Medicine 148, 544-553.
    """
    given, graph = checked(page), _graph(net, size, order)
    with canvas.settings():
        layout = _Layout(graph, given)
        figure, axes = canvas.sheet(given, layout.height)
        canvas.heading(figure, given)
        if shaded:
            _draw_shades(axes, layout)
        _draw_edges(axes, layout)
        _draw_nodes(axes, layout)
        _draw_counts(axes, layout)
        for place, line in enumerate(layout.notes):
            y = layout.height - 1.5 - (len(layout.notes) - 1 - place) * given.size * 1.4 / MM
            put(axes, 1.5, y, line, given.size - 0.5, colour=GREY, name=f"note-{place + 1}")
        description = describe_network_graph(net, size=size)
        return canvas.to_bytes(figure, given, kind="Network graph", description=description)


@dataclass(frozen=True, slots=True)
class _Graph:
    """What is drawn: treatments in order, masses of their circles, studies per pair, and per set of three or more."""

    treatments: tuple[str, ...]
    size: Size
    mass: tuple[float, ...]
    edges: Mapping[tuple[int, int], int]
    sets: Mapping[tuple[int, ...], int]


def _graph(net: Network, size: Size | None, order: Sequence[str]) -> _Graph:
    known = all(trial.n for trial in net.trials)
    if size is not None and size not in get_args(Size):
        raise InvalidInput(f"no size {size!r} of circles", hint=f"There are: {', '.join(get_args(Size))}.")
    if size == "people" and not known:
        raise InvalidInput("people in the arms are not known", hint="Ask for studies.")
    if order and sorted(order) != sorted(net.treatments):
        raise InvalidInput("order must hold every treatment once", hint=f"There are: {', '.join(net.treatments)}.")
    names = tuple(order) or net.treatments
    place = [names.index(name) for name in net.treatments]
    chosen: Size = size or ("people" if known else "studies")
    mass, edges, sets = [0.0] * len(names), Counter[tuple[int, int]](), Counter[tuple[int, ...]]()
    for trial in net.trials:
        for at, arm in enumerate(trial.arms):
            mass[place[arm]] += trial.n[at] if chosen == "people" else trial.studies
        for one, other in trial.pairs():
            first, second = sorted((place[one], place[other]))
            edges[first, second] += trial.studies
        if len(trial.arms) > 2:
            sets[tuple(sorted(place[arm] for arm in trial.arms))] += trial.studies
    return _Graph(names, chosen, tuple(mass), dict(sorted(edges.items())), dict(sorted(sets.items())))


@dataclass(frozen=True, slots=True)
class _Label:
    """Lines of a name, and the place in millimetres of the middle of its side next to the circle."""

    lines: tuple[str, ...]
    x: float
    y: float
    align: Literal["left", "center", "right"]


@dataclass(frozen=True)  # without slots: places are worked out once and kept
class _Layout:
    """Where everything stands, in millimetres. Treatments stand on an ellipse, the first at the top."""

    graph: _Graph
    page: Page

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return self.page.size * 1.25 / MM

    @cached_property
    def angles(self) -> tuple[float, ...]:
        """Angles clockwise from the top; two treatments stand side by side."""
        t = len(self.graph.treatments)
        turn = -math.pi / 2 if t == 2 else 0.0
        return tuple(turn + 2 * math.pi * place / t for place in range(t))

    @cached_property
    def room(self) -> float:
        """Width of a name at either side; longer ones are broken into lines."""
        widest = max(width_of(canvas.tidy(name), self.page.size) for name in self.graph.treatments)
        return min(
            widest, 0.27 * self.page.width_mm, self.page.width_mm / 2 - _LEAST_RADIUS - _GAP - _LARGEST_MM / 2 - 2.0
        )

    @cached_property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        return tuple(canvas.wrapped(name, self.room + 0.01, self.page.size) for name in self.graph.treatments)

    @cached_property
    def across(self) -> float:
        """Half the width of the ellipse."""
        free = self.page.width_mm / 2 - self.room - _GAP - self.largest / 2 - 1.5
        return min(max(free, _LEAST_RADIUS), _MOST_RADIUS)

    @cached_property
    def down(self) -> float:
        """Half its height: no flatter than a circle, and enough for the names at a side to stand below one another."""
        if len(self.graph.treatments) == 2:
            return 0.0
        taller = sum(len(lines) * self.line + 1.2 for lines in self.lines) / 4
        return max(self.across, taller)

    @cached_property
    def largest(self) -> float:
        """Largest diameter of a circle: neighbours never touch."""
        t = len(self.graph.treatments)
        wide = self.page.width_mm / 2 - self.room - _GAP - 1.5
        apart = 2 * max(min(wide, _MOST_RADIUS), _LEAST_RADIUS) * math.sin(math.pi / t)
        return min(_LARGEST_MM, max(0.62 * apart, _SMALLEST_MM))

    @cached_property
    def radii(self) -> tuple[float, ...]:
        """Radii of the circles; areas grow with the masses."""
        most = max(self.graph.mass) or 1.0
        return tuple(max(_SMALLEST_MM, self.largest * math.sqrt(mass / most)) / 2 for mass in self.graph.mass)

    @cached_property
    def spots(self) -> tuple[tuple[float, float], ...]:
        """Middles of the circles, from the middle of the ellipse."""
        return tuple((self.across * math.sin(angle), -self.down * math.cos(angle)) for angle in self.angles)

    @cached_property
    def names(self) -> tuple[_Label, ...]:
        """Names, from the middle of the ellipse."""
        found: dict[int, _Label] = {}
        for side in (1, -1):
            own = [at for at, angle in enumerate(self.angles) if side * math.sin(angle) > 1e-9]
            for at, y in self._spread(own):
                x = self.spots[at][0] + side * (self.radii[at] + _GAP)
                found[at] = _Label(self.lines[at], x, y, "left" if side == 1 else "right")
        beside = [self._box(label) for label in found.values()]
        for at, (x, y) in enumerate(self.spots):
            if at not in found:  # at the very top or bottom
                side = -1 if math.cos(self.angles[at]) > 0 else 1
                away = self.radii[at] + _GAP + len(self.lines[at]) * self.line / 2
                label = _Label(self.lines[at], x, y + side * away, "center")
                while any(canvas.overlap(self._box(label), box) for box in beside):
                    label = replace(label, y=label.y + side * 0.5)
                found[at] = label
        return tuple(found[at] for at in range(len(found)))

    def _box(self, label: _Label) -> tuple[float, float, float, float]:
        """Return the room of a name: left, top, right, bottom."""
        wide = max(width_of(line, self.page.size) for line in label.lines) + 1.0
        tall = len(label.lines) * self.line
        left = label.x - {"left": 0.0, "center": wide / 2, "right": wide}[label.align]
        return left, label.y - tall / 2, left + wide, label.y + tall / 2

    @cached_property
    def reach(self) -> tuple[float, float]:
        """How far circles and names reach up (negative) and down from the middle."""
        boxes = [self._box(label) for label in self.names]
        ends = [(y - r, y + r) for (_, y), r in zip(self.spots, self.radii, strict=True)]
        return min([box[1] for box in boxes] + [up for up, _ in ends]), max(
            [box[3] for box in boxes] + [down for _, down in ends]
        )

    @property
    def middle(self) -> tuple[float, float]:
        return self.page.width_mm / 2, canvas.title_room(self.page) + 2.0 - self.reach[0]

    @cached_property
    def places(self) -> tuple[tuple[float, float], ...]:
        return tuple((self.middle[0] + x, self.middle[1] + y) for x, y in self.spots)

    @cached_property
    def labels(self) -> tuple[_Label, ...]:
        return tuple(replace(label, x=self.middle[0] + label.x, y=self.middle[1] + label.y) for label in self.names)

    def _spread(self, own: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Yield heights of the names at one side: at their circles, moved outwards where they would meet."""
        for upper in (True, False):
            half = [at for at in own if (self.spots[at][1] <= 0) == upper]
            last = math.inf if upper else -math.inf
            # from the middle outwards, so that it is the outer ones that move
            for at in sorted(half, key=lambda at: abs(self.spots[at][1])):
                tall = len(self.lines[at]) * self.line / 2
                centre = y = self.spots[at][1]
                y = min(y, last - tall) if upper else max(y, last + tall)
                # a name reaches over circles further out, so that it stays clear of them too
                tall, radius = tall + 0.8, self.radii[at] + 0.5
                last = min(y - tall, centre - radius) if upper else max(y + tall, centre + radius)
                yield at, y

    @cached_property
    def notes(self) -> tuple[str, ...]:
        what = "people in its arms" if self.graph.size == "people" else "studies"
        low, high = min(self.graph.mass), max(self.graph.mass)
        least, most = min(self.graph.edges.values()), max(self.graph.edges.values())
        text = f"Area of a circle: {what} ({_span(low, high)}). Width of a line: studies ({_span(least, most)})."
        if self.graph.sets:
            text += f" Shaded: {studies(sum(self.graph.sets.values()))} of three arms or more."
        return canvas.wrapped(text, self.page.width_mm - 6, self.page.size - 0.5)

    @property
    def height(self) -> float:
        return self.middle[1] + self.reach[1] + 3.5 + len(self.notes) * self.page.size * 1.4 / MM


def _span(low: float, high: float) -> str:
    if low == high:
        return numbers.fixed(low, 0)
    return f"{numbers.fixed(low, 0)} to {numbers.fixed(high, 0)}"


def _draw_shades(axes: Axes, layout: _Layout) -> None:
    # the larger below, so that none is hidden
    for number, members in enumerate(sorted(layout.graph.sets, key=lambda each: (-len(each), each))):
        corners = [layout.places[at] for at in members]
        shade = Polygon(
            corners, closed=True, facecolor=_TINTS[number % len(_TINTS)], alpha=_TINT, linewidth=0, zorder=1
        )
        shade.set_gid("shade-" + "-".join(str(at + 1) for at in members))
        axes.add_patch(shade)


def _draw_edges(axes: Axes, layout: _Layout) -> None:
    most = max(layout.graph.edges.values())
    for (one, other), count in layout.graph.edges.items():
        thickest = (0.6 if layout.page.narrow else 1.0) * _THICKEST
        wide = _THINNEST + (thickest - _THINNEST) * (count - 1) / max(most - 1, 4)
        ends = layout.places[one], layout.places[other]
        style: dict[str, Any] = {"color": _EDGE, "linewidth": wide, "solid_capstyle": "butt", "zorder": 2}
        axes.plot(*zip(*ends, strict=True), gid=f"edge-{one + 1}-{other + 1}", **style)


def _draw_nodes(axes: Axes, layout: _Layout) -> None:
    size = layout.page.size
    for at, (centre, radius, label) in enumerate(zip(layout.places, layout.radii, layout.labels, strict=True)):
        node = Circle(centre, radius, facecolor=BLUE, edgecolor="white", linewidth=0.8, zorder=4)
        node.set_gid(f"treatment-{at + 1}")
        axes.add_patch(node)
        if label.align != "center" and abs(label.y - centre[1]) > layout.line:
            side = 1 if label.align == "left" else -1
            start = centre[0] + side * radius * 0.7, centre[1] + math.copysign(radius * 0.7, label.y - centre[1])
            axes.plot((start[0], label.x - side * 0.4), (start[1], label.y), color=GREY, linewidth=0.4, zorder=3)
        for number, line in enumerate(label.lines):
            down = label.y + (number + 1 - len(label.lines) / 2) * layout.line - 0.3 * layout.line
            put(axes, label.x, down, line, size, align=label.align, name=f"name-{at + 1}-{number + 1}", zorder=6)


def _draw_counts(axes: Axes, layout: _Layout) -> None:
    """Write numbers of studies on lines, the most first, where they touch neither circles nor one another."""
    taken = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(layout.places, layout.radii, strict=True)]
    size, ranked = layout.page.size - 1, sorted(layout.graph.edges.items(), key=lambda item: -item[1])
    for (one, other), count in ranked:
        text = str(count)
        half_w, half_h = width_of(text, size) / 2 + 0.5, size / MM / 2 + 0.2
        (x0, y0), (x1, y1) = layout.places[one], layout.places[other]
        for share in (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75):
            x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
            box = (x - half_w, y - half_h, x + half_w, y + half_h)
            crossed = any(
                _crosses(box, layout.places[a], layout.places[b])
                for a, b in layout.graph.edges
                if (a, b) != (one, other)
            )
            if crossed or any(canvas.overlap(box, each) for each in taken):
                continue
            taken.append(box)
            style: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.12"}
            put(
                axes, x, y, text, size, align="center", va="center", name=f"count-{one + 1}-{other + 1}", bbox=style,
                zorder=5,
            )  # fmt: skip
            break


def _crosses(box: tuple[float, ...], start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Return whether a straight line passes through a box (Liang and Barsky's clipping)."""
    low, high = 0.0, 1.0
    for axis in (0, 1):
        move = end[axis] - start[axis]
        if abs(move) < 1e-12:
            if not box[axis] <= start[axis] <= box[axis + 2]:
                return False
            continue
        ends = sorted((box[side] - start[axis]) / move for side in (axis, axis + 2))
        low, high = max(low, ends[0]), min(high, ends[1])
    return low <= high


def describe_network_graph(net: Network, *, size: Size | None = None) -> str:
    """Return a network graph in words: treatments, comparisons, studies of several arms; parameters as there."""
    graph = _graph(net, size, ())
    names = graph.treatments
    parts = [f"Network graph of {len(names)} treatments in {studies(net.k)}."]
    for name, mass in zip(names, graph.mass, strict=True):
        parts.append(f"{name}: {f'{numbers.fixed(mass, 0)} people' if graph.size == 'people' else studies(int(mass))}.")
    for (one, other), count in graph.edges.items():
        parts.append(f"{names[one]} with {names[other]}: {studies(count)}.")
    for members, count in graph.sets.items():
        parts.append(f"In one study {', '.join(names[at] for at in members)}: {studies(count)}.")
    return " ".join(parts)


# Ranks.

_BAR = "#a9cbe3"
_TALL = 22.0
"""Millimetres of a panel."""


def rankogram(ranking: Ranking, **page: Unpack[PageOptions]) -> bytes:
    """Return rankograms: for each treatment how probable each rank is, and this rank or a better one.

    Parameters
    ----------
    ranking : what `stromata.synthesis.networks.ranking.rank_probabilities` returns.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file: a panel per treatment, the one with the highest SUCRA first. SUCRA is the mean height of the cumulative
    curve over all ranks but the last.

    References
    ----------
    Salanti, Ades and Ioannidis (2011), Journal of Clinical Epidemiology 64, 163-171.
    """
    given = checked(page)
    order = _best_first(ranking)
    entries: list[Artist] = [
        Patch(facecolor=_BAR, edgecolor=INK, linewidth=0.4, label="probability of the rank"),
        Line2D([], [], label="of this rank or a better one", **_CUMULATIVE),
    ]
    labels = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        across = min(len(order), 2 if given.narrow else 5 if len(order) > 12 else 4 if len(order) > 6 else 3)
        left, gap = 13.0, 4.0
        wide = (given.width_mm - left - 3.0 - (across - 1) * gap) / across
        heads = [canvas.wrapped(ranking.treatments[at], wide, given.size, bold=True) for at in order]
        line = given.size * 1.3 / MM
        rows = [range(start, min(start + across, len(order))) for start in range(0, len(order), across)]
        y = canvas.title_room(given) + 2.0
        tops = []
        for row in rows:
            y += (max(len(heads[at]) for at in row) + 1) * line + 1.0
            tops.append(y)
            y += _TALL + 5.0
        whole = y + 6.0 + canvas.key_room(given, labels)
        figure = Figure(figsize=(given.width_mm * MM / 72, whole * MM / 72))
        canvas.heading(figure, given)
        for row, top in zip(rows, tops, strict=True):
            for at in row:
                x = left + (at - row.start) * (wide + gap)
                axes = canvas.panel(figure, given, left=x, top=top, width=wide, height=_TALL, name=f"rank-{at + 1}")
                _draw_ranks(axes, given, ranking, at, heads[at])
                if at != row.start:
                    axes.set_yticklabels([])
        _outer(figure, given, middle=(tops[0] + tops[-1] + _TALL) / 2, foot=y + 1.5)
        canvas.key(figure, given, entries)
        return canvas.to_bytes(figure, given, kind="Rankograms", description=describe_rankogram(ranking))


_CUMULATIVE: dict[str, Any] = {
    "color": INK,
    "linewidth": 1.0,
    "marker": "o",
    "markersize": 2.2,
    "markeredgewidth": 0,
}


def _best_first(ranking: Ranking) -> list[int]:
    order: list[int] = np.argsort(-ranking.sucra, kind="stable").tolist()
    return order


def _draw_ranks(axes: Axes, page: Page, ranking: Ranking, place: int, head: Sequence[str]) -> None:
    """Draw the panel of the treatment that has this place by its SUCRA."""
    t, at = len(ranking.treatments), _best_first(ranking)[place]
    ranks = np.arange(1, t + 1)
    axes.bar(ranks, 100 * ranking.probabilities[at], width=0.8, color=_BAR, edgecolor=INK, linewidth=0.3, zorder=2)
    axes.plot(
        ranks, 100 * ranking.cumulative[at], zorder=3, clip_on=False, gid=f"cumulative-{place + 1}", **_CUMULATIVE
    )
    for level in (25, 50, 75, 100):
        axes.axhline(level, color="#e4e4e4", linewidth=0.4, zorder=0)
    axes.set_xlim(0.4, t + 0.6)
    axes.set_ylim(0, 100)
    axes.set_yticks((0, 50, 100))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    if t <= 6:
        axes.set_xticks(ranks)
    line = page.size * 1.3 / MM / _TALL
    sucra = f"SUCRA {numbers.percent(float(ranking.sucra[at]), None)}{numbers.KEPT}%"
    for number, text in enumerate((*head, sucra)):
        up = 1 + (len(head) - number) * line + 0.06
        put(axes, 0, up, text, page.size, bold=number < len(head), transform=axes.transAxes)


def _outer(figure: Figure, page: Page, *, middle: float, foot: float) -> None:
    """Name the axes once for all panels."""
    tall = figure.get_figheight() * 72 / MM
    style: dict[str, Any] = {"fontsize": page.size, "color": INK, "ha": "center", "va": "center"}
    figure.text(
        3.0 / page.width_mm, 1 - middle / tall, "Probability, %", rotation=90, fontfamily=canvas.faces(""), **style
    )
    figure.text(0.5, 1 - foot / tall, "Rank (1 is best)", fontfamily=canvas.faces(""), **style)


def describe_rankogram(ranking: Ranking) -> str:
    """Return rankograms in words, the treatment with the highest SUCRA first."""
    how = "worked out" if ranking.exact else f"drawn {numbers.fixed(ranking.draws, 0)} times"
    parts = [f"Rankograms of {len(ranking.treatments)} treatments; probabilities were {how}. Rank 1 is best."]
    for at in _best_first(ranking):
        shown = ", ".join(
            f"rank {rank} {numbers.percent(p, None)} %"
            for rank, p in enumerate(ranking.probabilities[at].tolist(), start=1)
            if p >= 0.005
        )
        sucra, mean = numbers.percent(float(ranking.sucra[at]), None), numbers.fixed(float(ranking.mean_ranks[at]), 1)
        parts.append(f"{ranking.treatments[at]}: SUCRA {sucra} %, mean rank {mean}; {shown}.")
    return " ".join(parts)


# Comparison-adjusted funnel.

_MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_COLOURS = (BLUE, ORANGE, "#009e73", INK, "#cc79a7", "#7a5195", "#56b4e9", "#8c564b", "#e69f00")
"""A comparison has a shape and a colour of its own: either tells it."""


def comparison_funnel(
    points: Sequence[FunnelPoint], *, measure: MeasureName = "GEN", **page: Unpack[PageOptions]
) -> bytes:
    """Return a comparison-adjusted funnel plot: how far each study lies from the mean of its comparison.

    Parameters
    ----------
    points : what `stromata.synthesis.networks.contribution.funnel` returns, with the order of treatments that gives
        right and left their meaning.
    measure : of the effects; differences of logarithms then read as ratios.
    page : see `stromata.reporting.figures.canvas.PageOptions`.

    Returns
    -------
    The file. The nine comparisons with most studies have marks of their own; the others share a small grey dot, and so
    do those of a single study, which lie at zero whatever the study found. Open marks are effects that a correction of
    empty cells made possible.

    Raises
    ------
    InvalidInput
        There is no point.

    References
    ----------
    Chaimani, Higgins, Mavridis, Spyridonos and Salanti (2013), PLoS ONE 8(10): e76654.
    """
    given, scale = checked(page), Scale(measure)
    if not points:
        raise InvalidInput("there is no comparison to draw")
    styles = _styles(points)
    entries = [Line2D([], [], label=_named(pair, styles), **style) for pair, style in styles.items()]
    if any(point.adjusted for point in points):
        entries.append(Line2D([], [], label=_ADJUSTED, **_open(DOT)))
    entries.append(Line2D([], [], label=WITHIN, **DASHED))
    labels = [str(entry.get_label()) for entry in entries]
    with canvas.settings():
        figure, axes = canvas.one_panel(given, min(0.6 * given.width_mm, 95.0), labels, "funnel", canvas.Margins())
        z, deepest = quantile(0.95), 1.06 * max(point.se for point in points)
        reach = 1.04 * max(z * deepest, *(abs(point.deviation) for point in points))
        axes.set_xlim(-reach, reach)
        axes.set_ylim(deepest, 0)
        axes.plot((-z * deepest, 0, z * deepest), (deepest, 0, deepest), gid="funnel-lines", **DASHED)
        axes.plot((0, 0), (0, deepest), gid="mean", **DASHED)
        for number, point in enumerate(points, start=1):
            style = styles.get((point.treatment, point.against), styles.get(_REST, {}))
            style = _open(style) if point.adjusted else style
            axes.plot((point.deviation,), (point.se,), zorder=4, gid=f"study-{number}", clip_on=False, **style)
        ticks(axes, scale, -reach, reach)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        what = "ratio to" if scale.back == "exp" else "difference from"
        canvas.caption(axes, given, x=f"{scale.label}: {what} the mean of the comparison", y="Standard error")
        canvas.key(figure, given, entries)
        description = describe_comparison_funnel(points, measure=measure)
        return canvas.to_bytes(figure, given, kind="Comparison-adjusted funnel plot", description=description)


_REST = ("", "")
"""Stands for all comparisons without a mark of their own."""


def _styles(points: Sequence[FunnelPoint]) -> dict[tuple[str, str], dict[str, Any]]:
    count = Counter((point.treatment, point.against) for point in points)
    own = [pair for pair, studies_of in count.most_common() if studies_of > 1][: len(_MARKS)]
    common: dict[str, Any] = {"linestyle": "", "markeredgecolor": "white", "markeredgewidth": 0.4}
    found = {
        pair: common | {"marker": _MARKS[number], "color": _COLOURS[number], "markersize": 4.6}
        for number, pair in enumerate(own)
    }
    if len(own) < len(count):
        found[_REST] = common | {"marker": "o", "color": "#9a9a9a", "markersize": 2.6}
    return found


_ADJUSTED = "open: computed with a continuity correction"


def _open(style: Mapping[str, Any]) -> dict[str, Any]:  # Any: as matplotlib takes
    """Return the style of a mark with a white face."""
    return {**style, "markerfacecolor": "white", "markeredgecolor": style["color"], "markeredgewidth": 0.9}


def _named(pair: tuple[str, str], styles: Mapping[tuple[str, str], object]) -> str:
    if pair != _REST:
        return f"{pair[0]} against {pair[1]}"
    return "other comparisons" if len(styles) > 1 else "comparisons of one study each"


def describe_comparison_funnel(points: Sequence[FunnelPoint], *, measure: MeasureName = "GEN") -> str:
    """Return a comparison-adjusted funnel plot in words; parameters as for `comparison_funnel`."""
    scale = Scale(measure)
    right = sum(point.deviation > 0 for point in points)
    left = sum(point.deviation < 0 for point in points)
    outside = [point.study for point in points if abs(point.deviation) > quantile(0.95) * point.se]
    start = (
        f"Comparison-adjusted funnel plot of {len(points)} comparisons in {studies(len({p.study for p in points}))}: "
        f"{scale.label} against the mean of the same comparison. {right} lie to the right of it, {left} to the left. "
        f"Outside the funnel of 95 %: {', '.join(dict.fromkeys(outside)) or 'none'}."
    )
    each = [
        f"{point.study}, {point.treatment} against {point.against}: {scale.text(point.deviation)}, standard error "
        f"{numbers.number(point.se)}{', computed with a continuity correction' if point.adjusted else ''}."
        for point in points
    ]
    return " ".join([start, *each])

"""Forest plots as SVG: one row per study, exact intervals, pooled diamonds, and every number a link to its source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

from markupsafe import Markup

from stromata.model import EffectSize, Interval, Synthesis, measure_family, numbers
from stromata.reporting.anchors import data_point_href
from stromata.reporting.axes import Axis, axis_for
from stromata.reporting.lineage import effects_of
from stromata.reporting.svg import GREY, INK, LINK, anchored, drawing, element, text_width, words, wrap


class Link(Protocol):
    """Where a printed number leads."""

    def __call__(self, result: Synthesis, effect: EffectSize | None, part: str) -> str:
        """Return the address for one number of a plot; empty for none.

        Parameters
        ----------
        result : the pool (or subgroup) that the number belongs to.
        effect : the study's effect; None for a pooled number.
        part : name of the input that is printed (``xi``, ``ni``, ...), or ``estimate``.
        """


def data_point_link(result: Synthesis, effect: EffectSize | None, part: str) -> str:  # noqa: ARG001 - a `Link`
    """Lead each number of a study to its data point: inputs by their order, the estimate to the first.

    Pooled numbers get no link, since they rest on many data points; a report passes a `Link` that knows its pages.
    """
    if effect is None or not effect.data_points:
        return ""
    names = [name for name, _ in effect.inputs]
    place = names.index(part) if part in names and len(names) == len(effect.data_points) else 0
    return data_point_href(effect.data_points[place])


# What is printed: cells of linked texts in columns, an interval to be drawn, and how.

Kind = Literal["heading", "study", "subtotal", "total", "prediction", "note"]


@dataclass(frozen=True, slots=True)
class Linked:
    """A printed text, and where it leads (nowhere when empty)."""

    text: str
    href: str = ""


Cell = tuple[Linked, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Kind
    label: str
    cells: tuple[Cell, ...] = ()
    interval: Interval | None = None
    value: Cell = ()
    weight: Cell = ()
    share: float = 0.0  # of the largest marker's area, 0..1
    indent: float = 0.0


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column of cells before the plot: the group it belongs to, its heading, and the inputs it prints."""

    group: str
    heading: str
    parts: tuple[str, ...]


_ADJUSTED_EXACT = "* A continuity correction went into the pooled result; the interval shown here is exact, without it."
_ADJUSTED = "* Computed with a continuity correction, because a group had no event, or events only."
_TWO = ("Intervention", "Comparator")
_COUNTED = "Events / total"
_PER_TIME = "Events / time"
_FINE = frozenset({"yi", "sei", "ri"})
"""Inputs that are shown with four decimals: two would say too little of a logarithm or a correlation."""
_SIZE = 12.5
_SMALL = 11.5
_ROW = 21.0
_LEADING = 15.0
_COLUMN_GAP = 18.0
_PLOT = 300.0
_LABEL_MIN, _LABEL_MAX = 120.0, 250.0
_MARKER_MIN, _MARKER_MAX = 4.5, 12.0


def forest_svg(
    synthesis: Synthesis,
    *,
    link: Link = data_point_link,
    title: str = "",
    favours: tuple[str, str] = ("", ""),
    identifier: str = "forest",
) -> str:
    """Return the forest plot of a synthesis as SVG.

    Parameters
    ----------
    synthesis : the result. With `subgroups`, each is printed under its heading, with a subtotal when it has at least
        two studies; the overall result follows when there is one.
    link : where each number leads.
    title : of the figure; the synthesis' own when empty.
    favours : words below the axis, left and right of no effect; only for contrasts.
    identifier : id of the SVG element, unique in the page.

    Returns
    -------
    SVG text. Proportions stand on a linear axis from 0 to 100 %, ratios on a logarithmic one, differences and means on
    a linear one that holds all estimates; intervals that reach beyond it end in an arrow. Markers grow with the study's
    weight, or with the number of people where the model has no weights.
    """
    columns = input_columns(synthesis)
    rows = tuple(_rows(synthesis, columns, link))
    axis = axis_for(synthesis.measure, [row.interval for row in rows if row.interval is not None])
    figure = _Figure(synthesis, rows, columns, axis, favours if synthesis.measure in numbers.CONTRASTS else ("", ""))
    name = title or synthesis.title or "Forest plot"
    return drawing(
        *figure.draw(),
        width=figure.width,
        height=figure.height,
        title=name,
        description=_description(synthesis),
        identifier=identifier,
        roledescription="forest plot",
    )


def _description(synthesis: Synthesis) -> str:
    k = f"{synthesis.k} {'study' if synthesis.k == 1 else 'studies'}"
    people = numbers.people(synthesis.effects)
    who = f" with {numbers.count(people)} people" if people is not None and synthesis.effects else ""
    pooled = ""
    if synthesis.natural.estimate is not None:
        text = numbers.estimate(synthesis.natural, synthesis.measure, people)
        mark = numbers.unit(synthesis.measure)
        pooled = f" Pooled {numbers.measure_name(synthesis.measure).lower()}{' in %' if mark else ''}: {text}."
    groups = ", ".join(label for label, _ in synthesis.subgroups)
    parts = f" Subgroups: {groups}." if groups else ""
    return f"Forest plot of {k}{who}.{pooled}{parts}"


# From the synthesis to rows.


def input_columns(synthesis: Synthesis) -> tuple[InputColumn, ...]:
    """Return the columns before the plot, by the inputs that the effects carry."""
    names = {name for effect in effects_of(synthesis) for name, _ in effect.inputs}
    if {"xi", "ni"} <= names:
        return (InputColumn("", _COUNTED, ("xi", "ni")),)
    if {"xi", "ti"} <= names:
        return (InputColumn("", _PER_TIME, ("xi", "ti")),)
    if {"x1i", "t1i", "x2i", "t2i"} <= names:
        return (InputColumn(_TWO[0], _PER_TIME, ("x1i", "t1i")), InputColumn(_TWO[1], _PER_TIME, ("x2i", "t2i")))
    if {"yi", "sei"} <= names:
        ratio = numbers.family(synthesis.measure) == "ratio"
        heading = f"log {synthesis.measure}" if ratio else "Estimate"
        return (InputColumn("", heading, ("yi",)), InputColumn("", "SE", ("sei",)))
    if {"ri", "ni"} <= names and "m1i" not in names:
        return (
            InputColumn("", "r", ("ri",)),
            InputColumn("", "n", ("ni",)),
            *((InputColumn("", "Predictors", ("mi",)),) if "mi" in names else ()),
        )
    if {"ai", "n1i", "ci", "n2i"} <= names:
        return (
            InputColumn(_TWO[0], _COUNTED, ("ai", "n1i")),
            InputColumn(_TWO[1], _COUNTED, ("ci", "n2i")),
        )
    if {"ai", "bi", "ci", "di"} <= names:
        return (
            InputColumn(_TWO[0], _COUNTED, ("ai", "ai+bi")),
            InputColumn(_TWO[1], _COUNTED, ("ci", "ci+di")),
        )
    if {"m1i", "m2i", "ni"} <= names:  # the same people before and after
        return (
            *(
                InputColumn(group, heading, (part,))
                for group, arm in (("After", "1"), ("Before", "2"))
                for heading, part in (("Mean", f"m{arm}i"), ("SD", f"sd{arm}i"))
                if part in names
            ),
            InputColumn("", "n", ("ni",)),
        )
    if {"m1i", "m2i"} <= names:
        return tuple(
            InputColumn(group, heading, (part,))
            for group, arm in zip(_TWO, "12", strict=True)
            for heading, part in (("Mean", f"m{arm}i"), ("SD", f"sd{arm}i"), ("n", f"n{arm}i"))
            if part in names
        )
    single = (("Mean", "mi"), ("SD", "sdi"), ("n", "ni"))
    return tuple(InputColumn("", heading, (part,)) for heading, part in single if part in names)


def _rows(synthesis: Synthesis, columns: tuple[InputColumn, ...], link: Link) -> Iterator[_Row]:
    effects = effects_of(synthesis)
    weights = {(effect.label, effect.group): effect.weight for effect in effects}  # in the pool of all, which is drawn
    largest = max((mass(effect, effects) for effect in effects), default=1.0) or 1.0
    weighted = any(effect.weight is not None for effect in effects)

    def studies(result: Synthesis, members: Sequence[EffectSize], indent: float) -> Iterator[_Row]:
        for effect in members:
            yield _study(
                result, effect, columns, link, share=mass(effect, effects) / largest, weighted=weighted, indent=indent
            )

    for label, part in synthesis.subgroups:
        members = part.effects or tuple(effect for effect in synthesis.effects if effect.group == label)
        if not members:
            continue
        members = tuple(replace(item, weight=weights.get((item.label, item.group), item.weight)) for item in members)
        yield _Row("heading", label)
        yield from studies(part, members, 12.0)
        if part.k >= 2:
            yield from _pooled(part, members, columns, link, kind="subtotal")
    if not synthesis.subgroups:
        yield from studies(synthesis, effects, 0.0)
    if synthesis.natural.estimate is not None and synthesis.k >= 2:
        yield from _pooled(synthesis, effects, columns, link, kind="total")
    test = synthesis.subgroup_test
    if test is not None:
        text = f"Test for subgroup differences: {numbers.heterogeneity(q=test.q, df=test.df, p=test.p)}"
        yield _Row("note", text)


def mass(effect: EffectSize, effects: Sequence[EffectSize]) -> float:
    """Return what the marker's area stands for: the weight, or the people where some study has no weight."""
    if all(each.weight is not None for each in effects):
        return max(effect.weight or 0.0, 0.0)
    return float(sum(numbers.group_sizes(effect)))


def _study(
    result: Synthesis,
    effect: EffectSize,
    columns: tuple[InputColumn, ...],
    link: Link,
    *,
    share: float,
    weighted: bool,
    indent: float,
) -> _Row:
    sizes = numbers.group_sizes(effect)
    text = numbers.estimate(effect.natural, effect.measure, sum(sizes) if sizes else None)
    weight = "" if effect.weight is None else f"{numbers.fixed(effect.weight, 1)} %"
    return _Row(
        "study",
        effect.label,
        cells=tuple(input_cell(result, effect, column, link) for column in columns),
        interval=effect.natural,
        value=(Linked(text + (" *" if effect.adjusted else ""), link(result, effect, "estimate")),),
        weight=(Linked(weight),) if weighted else (),
        share=share,
        indent=indent,
    )


def input_cell(result: Synthesis, effect: EffectSize, column: InputColumn, link: Link) -> Cell:
    """Return the linked numbers of one study in one column; a sum leads to its first term."""
    given = dict(effect.inputs)
    texts: list[Linked] = []
    for part in column.parts:
        terms = part.split("+")
        if not all(term in given for term in terms):
            texts.append(Linked(numbers.MISSING))
            continue
        value = sum(given[term] for term in terms)
        shown = numbers.entered(value, decimals=4 if part in _FINE else 2)
        texts.append(Linked(shown, link(result, effect, terms[-1])))
    between = (Linked("/"),) if len(texts) == 2 else ()
    return (texts[0], *between, *texts[1:])


_MODELS = {
    "common": "Common-effect model",
    "random": "Random-effects model",
    "glmm": "Binomial-normal model",
    "mh": "Mantel-Haenszel model",
    "peto": "Peto model",
    "exact": "Exact common effect",
    "beta-binomial": "Beta-binomial model",
    "bayes": "Bayesian model",
}


def _pooled(
    result: Synthesis,
    effects: Sequence[EffectSize],
    columns: tuple[InputColumn, ...],
    link: Link,
    *,
    kind: Literal["subtotal", "total"],
) -> Iterator[_Row]:
    """Yield the rows of a pooled result: the diamond, the prediction interval, heterogeneity."""
    people = numbers.people(effects)
    indent = 12.0 if kind == "subtotal" else 0.0
    timed = measure_family(result.measure).kind in {"rate", "two-rates"}
    model = "Poisson-normal model" if timed and result.model == "glmm" else _MODELS[result.model]
    name = "Subtotal" if kind == "subtotal" else model
    href = link(result, None, "estimate")
    yield _Row(
        kind,
        f"{name} (k = {result.k})",
        cells=tuple(_total(effects, column) for column in columns),
        interval=result.natural,
        value=(Linked(numbers.estimate(result.natural, result.measure, people), href),),
        indent=indent,
    )
    if result.natural.pi_low is not None or result.natural.pi_high is not None:
        shown = numbers.bounds(result.natural.pi_low, result.natural.pi_high, result.measure, people)
        drawn = Interval(estimate=None, ci_low=result.natural.pi_low, ci_high=result.natural.pi_high)
        label = f"{numbers.level(result.level)} prediction interval"
        yield _Row("prediction", label, interval=drawn, value=(Linked(shown, href),), indent=indent)
    line = numbers.heterogeneity(tau2=result.tau2, i2=result.i2, q=result.q, df=result.q_df, p=result.q_p)
    if line:
        yield _Row("note", f"Heterogeneity: {line}", indent=indent)


def _total(effects: Sequence[EffectSize], column: InputColumn) -> Cell:
    """Return the sums of a column of counts; nothing below means, which do not add up."""
    if column.heading not in (_COUNTED, _PER_TIME, "n"):
        return ()
    sums = []
    for part in column.parts:
        terms = part.split("+")
        values = [sum(dict(effect.inputs).get(term, math.nan) for term in terms) for effect in effects]
        sums.append(numbers.entered(sum(values)))
    return (Linked("/".join(sums)),)


# From rows to the drawing. Units are those of the viewBox (at 100 %, CSS pixels).


@dataclass(frozen=True)  # without slots: widths are measured once and kept
class _Figure:
    synthesis: Synthesis
    rows: tuple[_Row, ...]
    columns: tuple[InputColumn, ...]
    axis: Axis
    favours: tuple[str, str]

    @cached_property
    def label_width(self) -> float:
        """Width of the first column: its widest label, within limits; longer ones are wrapped."""
        widest = max(
            (text_width(row.label, _SIZE, bold=_bold(row)) + row.indent for row in self.rows if row.kind != "note"),
            default=0.0,
        )
        return min(max(widest, _LABEL_MIN), _LABEL_MAX)

    @cached_property
    def column_widths(self) -> tuple[float, ...]:
        widths = []
        for place, column in enumerate(self.columns):
            printed = [_cell_width(row.cells[place], bold=_bold(row)) for row in self.rows if row.cells]
            alone = sum(each.group == column.group for each in self.columns) == 1
            heads = [column.heading, column.group] if alone else [column.heading]
            widths.append(max(*printed, *(text_width(head, _SMALL, bold=True) for head in heads), 0.0))
        return tuple(widths)

    @cached_property
    def value_width(self) -> float:
        printed = [_cell_width(row.value, bold=_bold(row)) for row in self.rows if row.value]
        return max([*printed, *(text_width(line, _SMALL, bold=True) for line in self.value_heading)])

    @cached_property
    def value_heading(self) -> tuple[str, str]:
        mark = numbers.unit(self.synthesis.measure)
        name = numbers.measure_name(self.synthesis.measure)
        return (f"{name}, {mark}" if mark else name), f"[{numbers.level(self.synthesis.level)} CI]"

    @cached_property
    def weight_width(self) -> float:
        widths = [_cell_width(row.weight, bold=False) for row in self.rows if row.weight]
        return max(*widths, text_width("Weight", _SMALL, bold=True)) + _COLUMN_GAP if widths else 0.0

    @cached_property
    def plot_left(self) -> float:
        return self.label_width + sum(width + _COLUMN_GAP for width in self.column_widths) + _COLUMN_GAP + 4

    @cached_property
    def value_left(self) -> float:
        return self.plot_left + _PLOT + _COLUMN_GAP

    @cached_property
    def width(self) -> float:
        return math.ceil(self.value_left + self.value_width + self.weight_width + 4)

    @cached_property
    def head(self) -> float:
        return 48.0 if any(column.group for column in self.columns) else 40.0

    @cached_property
    def body(self) -> float:
        return sum(self.row_height(row) for row in self.rows)

    @cached_property
    def height(self) -> float:
        footnotes = _LEADING * len(self.footnotes)
        return self.head + self.body + 8 + 46 + (16 if any(self.favours) else 0) + footnotes

    @cached_property
    def footnotes(self) -> tuple[str, ...]:
        effects = effects_of(self.synthesis)
        weighted = all(effect.weight is not None for effect in effects)
        texts = [f"Squares grow with {'weight' if weighted else 'the number of people'}."]
        if any(effect.adjusted for effect in effects):
            exact = numbers.family(self.synthesis.measure) == "proportion"
            texts.append(_ADJUSTED_EXACT if exact else _ADJUSTED)
        return tuple(line for text in texts for line in wrap(text, self.width - 4, 10.5))

    def row_height(self, row: _Row) -> float:
        if row.kind == "note":
            return _ROW - 1 + _LEADING * (len(self.label_lines(row)) - 1)
        gap = 5.0 if row.kind in ("heading", "total") else 0.0
        return _ROW + gap + _LEADING * (len(self.label_lines(row)) - 1)

    def label_lines(self, row: _Row) -> tuple[str, ...]:
        # Headings and notes run on over the columns of inputs, up to the plot.
        beside = row.kind in ("heading", "note")
        room = (self.plot_left - _COLUMN_GAP if beside else self.label_width) - row.indent
        return wrap(row.label, room, _SMALL if row.kind == "note" else _SIZE, bold=_bold(row))

    def x(self, value: float) -> float:
        return self.plot_left + self.axis.place(value) * _PLOT

    def draw(self) -> Iterator[Markup]:
        yield element("rect", width=self.width, height=self.height, fill="#ffffff")
        yield from self._heading()
        top, bottom = self.head, self.head + self.body
        yield element("g", *self._axis(top, bottom), role="img", aria_label="axis")
        y = self.head
        for row in self.rows:
            height = self.row_height(row)
            yield element("g", *self._row(row, y, height))
            y += height
        for place, text in enumerate(self.footnotes):
            below = self.height - 6 - _LEADING * (len(self.footnotes) - 1 - place)
            yield element("text", text, x=2, y=below, font_size=10.5, fill=GREY)

    def _heading(self) -> Iterator[Markup]:
        base = self.head - 12
        yield words(("Study",), 0, base, size=_SMALL, bold=True)
        x = self.label_width
        spans: dict[str, list[float]] = {}
        for column, width in zip(self.columns, self.column_widths, strict=True):
            x += _COLUMN_GAP + width
            yield words((column.heading,), x, base, size=_SMALL, bold=True, anchor="end")
            if column.group:
                spans.setdefault(column.group, [x - width, x])[1] = x
        for group, (left, right) in spans.items():
            yield words((group,), (left + right) / 2, base - 19, size=_SMALL, bold=True, anchor="middle")
            yield element("line", x1=left, x2=right, y1=base - 14, y2=base - 14, stroke=GREY, stroke_width=0.7)
        right = self.value_left + self.value_width
        yield words((self.value_heading[0],), right, base - 14, size=_SMALL, bold=True, anchor="end")
        yield words((self.value_heading[1],), right, base, size=_SMALL, bold=True, anchor="end")
        if self.weight_width:
            yield words(("Weight",), right + self.weight_width, base, size=_SMALL, bold=True, anchor="end")
        yield element("line", x1=0, x2=self.width, y1=self.head - 4, y2=self.head - 4, stroke=INK, stroke_width=1)

    def _axis(self, top: float, bottom: float) -> Iterator[Markup]:
        left, right, y = self.plot_left, self.plot_left + _PLOT, bottom + 6
        reference = numbers.no_effect(self.synthesis.measure)
        if reference is not None:
            yield element(
                "line", x1=self.x(reference), x2=self.x(reference), y1=top, y2=y, stroke=INK, stroke_width=0.9
            )
        pooled = self.synthesis.natural.estimate
        if pooled is not None and self.synthesis.k >= 2 and 0 <= self.axis.place(pooled) <= 1:
            x = self.x(pooled)
            yield element("line", x1=x, x2=x, y1=top, y2=y, stroke=GREY, stroke_width=0.8, stroke_dasharray="3 3")
        yield element("line", x1=left, x2=right, y1=y, y2=y, stroke=INK, stroke_width=1)
        for value, text in self.axis.ticks:
            x = self.x(value)
            yield element("line", x1=x, x2=x, y1=y, y2=y + 5, stroke=INK, stroke_width=1)
            yield words((text,), x, y + 18, size=_SMALL, anchor="middle")
        yield words((self.axis.label,), (left + right) / 2, y + 34, size=_SMALL, anchor="middle", colour=GREY)
        if any(self.favours) and reference is not None:
            yield words((f"← {self.favours[0]}",), left, y + 50, size=_SMALL, colour=GREY)
            yield words((f"{self.favours[1]} →",), right, y + 50, size=_SMALL, anchor="end", colour=GREY)

    def _row(self, row: _Row, y: float, height: float) -> Iterator[Markup]:
        lines = self.label_lines(row)
        base = y + height - _ROW * 0.3 - _LEADING * (len(lines) - 1)
        small = row.kind == "note"
        for place, line in enumerate(lines):
            at = base + _LEADING * place
            size, colour = (_SMALL, GREY) if small else (_SIZE, INK)
            yield words((line,), row.indent, at, size=size, bold=_bold(row), colour=colour)
        x = self.label_width
        for cell, width in zip(row.cells, self.column_widths, strict=False):
            x += _COLUMN_GAP + width
            yield from _linked(cell, x, base, bold=_bold(row))
        right = self.value_left + self.value_width
        yield from _linked(row.value, right, base, bold=_bold(row))
        yield from _linked(row.weight, right + self.weight_width, base, bold=False)
        if row.interval is not None:
            yield from self._mark(row, base - 4.2)

    def _mark(self, row: _Row, y: float) -> Iterator[Markup]:
        if row.kind in ("subtotal", "total"):
            yield from self._diamond(row, y)
            return
        interval = row.interval
        if interval is None:
            return
        low, high = interval.ci_low, interval.ci_high
        if low is not None or high is not None:
            yield from self._bar(low, high, y, predicted=row.kind == "prediction")
        if interval.estimate is not None and 0 <= self.axis.place(interval.estimate) <= 1:
            side = _MARKER_MIN + (_MARKER_MAX - _MARKER_MIN) * math.sqrt(max(row.share, 0.0))
            x = self.x(interval.estimate)
            yield element(
                "rect", x=x - side / 2, y=y - side / 2, width=side, height=side, fill="#3f3f3f", class_="marker"
            )

    def _bar(self, low: float | None, high: float | None, y: float, *, predicted: bool) -> Iterator[Markup]:
        """Yield an interval's line; an end outside the axis, or without a bound, becomes an arrow."""
        from_, to = (0.0 if low is None else self.axis.place(low)), (1.0 if high is None else self.axis.place(high))
        if from_ > 1 or to < 0:
            return
        left, right = self.plot_left + max(from_, 0.0) * _PLOT, self.plot_left + min(to, 1.0) * _PLOT
        yield element(
            "line",
            x1=left,
            x2=right,
            y1=y,
            y2=y,
            stroke=INK,
            stroke_width=3 if predicted else 1.3,
            class_="prediction" if predicted else "interval",
        )
        for clipped, x, way in ((from_ < 0 or low is None, left, 1), (to > 1 or high is None, right, -1)):
            if clipped:
                yield element("path", d=f"M{x:g} {y:g}l{8 * way} -4.5v9z", fill=INK, class_="clipped")
            elif predicted:
                yield element("line", x1=x, x2=x, y1=y - 4.5, y2=y + 4.5, stroke=INK, stroke_width=1.3)

    def _diamond(self, row: _Row, y: float) -> Iterator[Markup]:
        interval = row.interval
        if interval is None or interval.estimate is None:
            return
        middle = min(max(self.axis.place(interval.estimate), 0.0), 1.0)
        low = middle if interval.ci_low is None else min(max(self.axis.place(interval.ci_low), 0.0), 1.0)
        high = middle if interval.ci_high is None else min(max(self.axis.place(interval.ci_high), 0.0), 1.0)
        left, centre, right = (self.plot_left + place * _PLOT for place in (low, middle, high))
        half = 7.0 if row.kind == "total" else 6.0
        yield element(
            "path",
            d=f"M{left:.2f} {y:.2f}L{centre:.2f} {y - half:.2f}L{right:.2f} {y:.2f}L{centre:.2f} {y + half:.2f}z",
            fill=INK if row.kind == "total" else "#ffffff",
            stroke=INK,
            stroke_width=1.2,
            stroke_linejoin="round",
            class_=f"diamond {row.kind}",
        )


def _bold(row: _Row) -> bool:
    return row.kind in ("heading", "total", "subtotal")


def _cell_width(cell: Cell, *, bold: bool) -> float:
    return sum(text_width(each.text, _SIZE, bold=bold) for each in cell)


def _linked(cell: Cell, x: float, y: float, *, bold: bool) -> Iterator[Markup]:
    """Yield the texts of a cell as one line that ends at `x`."""
    if not any(each.text for each in cell):
        return
    spans = (anchored(element("tspan", each.text, fill=LINK if each.href else None), each.href) for each in cell)
    yield words(tuple(spans), x, y, bold=bold, anchor="end")

"""Appraisals as figures and rows: the traffic-light plot, the summary bars, and every judgement with its support.

The layout follows robvis (McGuinness and Higgins 2021): one row per study, one column per domain, the overall judgement
last; symbols stand in the circles, so that nothing rests on colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from stromata.model import Judgement, SignallingAnswer, numbers
from stromata.reporting.anchors import anchor
from stromata.reporting.content import AppraisalLevel, AppraisalRow, AppraisalSection
from stromata.reporting.svg import GREY, INK, anchored, drawing, element, text_width, words, wrap

OVERALL = "overall"
"""The id that a judgement of the whole carries in place of a domain."""

PALETTE = (("#8fd0b0", INK), ("#f3d455", INK), ("#c4472f", "#ffffff"), ("#4f1212", "#ffffff"))
"""Colour of the circle and of its symbol, from best to worst: good, some concern, grave, critical. The worst two are
much darker than the others, so that they stand out without colour vision and on a black-and-white print."""

UNRANKED = ("#d3dfee", INK)
"""The same for what is no judgement: no information, not applicable."""

MARK_LETTERS = 4
"""Ids of domains up to so many letters (``D1``, ``9a``) head their columns; longer ones are numbered."""

_GLYPHS = {"-": "−", "x": "×", "X": "×"}
_SMALL = 11.0
_ROW = 25.0
_LEADING = 13.0
_COLUMN = 32.0
_RADIUS = 9.5
_LABEL_MIN, _LABEL_MAX = 110.0, 230.0
_KEY_WIDTH = 270.0
_GAP = 24.0
_NARROWEST = 660.0
"""Figures are no narrower: a page would stretch them, and their letters with them."""
MOST_ROWS = 30
"""Rows in one figure: what stays readable on one printed page. More rows make more figures."""
_BAR = 20.0
_BAR_WIDTH = 360.0


@dataclass(frozen=True, slots=True)
class Level:
    """A level as it is drawn: colours of circle and symbol, and the symbol as printed (a true minus, a true cross)."""

    label: str
    glyph: str
    fill: str
    ink: str


@dataclass(frozen=True, slots=True)
class JudgementEntry:
    """One judgement in the table below the figure.

    Attributes
    ----------
    name : the domain's mark and label. `level` is None where the appraiser judged nothing.
    overruled : the level that the tool's rule proposes, where the appraiser decided otherwise; else empty.
    answers : (question in words, answer).
    """

    name: str
    level: Level | None
    overruled: str
    reason: str
    direction: str
    answers: tuple[tuple[str, SignallingAnswer], ...]


def columns(section: AppraisalSection) -> tuple[tuple[str, str, str], ...]:
    """Return (id, mark, label) per column: the domains, then the overall judgement if any row has one.

    The mark heads the column: the domain's id where it is short, else ``D1`` and on.
    """
    short = all(len(id_) <= MARK_LETTERS for id_, _ in section.domains)
    found = [(id_, id_ if short else f"D{place}", label) for place, (id_, label) in enumerate(section.domains, 1)]
    if any(judgement.domain == OVERALL for row in section.rows for judgement in row.appraisal.judgements):
        found.append((OVERALL, "Overall", "Overall"))
    return tuple(found)


def level_of(section: AppraisalSection, row: AppraisalRow, domain: str) -> Level | None:
    """Return the level that a row gives to a domain; None where it was not judged.

    Where nobody judges the column, as it is a question, the answer stands for a level.
    """
    judgement = _judgement(row, domain)
    if judgement is not None:
        return _level(section, judgement.level, domain) if judgement.level else None
    answer = next((each.answer for each in row.appraisal.answers if each.question == domain), "")
    return _level(section, answer, domain) if answer else None


def entries(section: AppraisalSection, row: AppraisalRow) -> tuple[JudgementEntry, ...]:
    """Return every judgement of a row with the answers that it rests on; answers to unknown questions stand last."""
    answers = {each.question: each for each in row.appraisal.answers}
    asked = {id_: text for id_, _, text in section.questions}
    found = []
    for id_, mark, label in columns(section):
        judgement = _judgement(row, id_)
        mine = [each for each, domain, _ in section.questions if id_ in (domain, each) and each in answers]
        found.append(
            JudgementEntry(
                name=mark if id_ == OVERALL else f"{mark} {label}",
                level=level_of(section, row, id_),
                overruled=_overruled(section, judgement),
                reason=judgement.reason if judgement else "",
                direction=judgement.direction if judgement else "",
                answers=tuple((f"{each} {asked[each]}".strip(), answers[each]) for each in mine)
                or ((("", answers[id_]),) if id_ in answers else ()),
            )
        )
    ids = {id_ for id_, _, _ in columns(section)}
    placed = ids | {question for question, domain, _ in section.questions if domain in ids}
    rest = tuple((each.question, each) for each in row.appraisal.answers if each.question not in placed)
    return (*found, JudgementEntry("Further answers", None, "", "", "", rest)) if rest else tuple(found)


def shares(section: AppraisalSection, domain: str) -> tuple[tuple[Level, float, int], ...]:
    """Return (level, share in percent, rows) of one column, in the order of the levels.

    Shares are of the rows that were judged; by weight when every row has one, else each row counts the same.
    """
    judged = [(row, level) for row in section.rows if (level := level_of(section, row, domain)) is not None]
    weighted = is_weighted(section)
    total = sum((row.weight or 0.0) if weighted else 1.0 for row, _ in judged)
    known = dict.fromkeys([*_declared(section, domain), *(level for _, level in judged)])
    found = []
    for level in known:
        rows = [row for row, given in judged if given == level]
        mass = sum((row.weight or 0.0) if weighted else 1.0 for row in rows)
        if rows:
            found.append((level, 100 * mass / total if total else 0.0, len(rows)))
    return tuple(found)


def is_weighted(section: AppraisalSection) -> bool:
    """Return whether the summary bars are weighted: every row has a weight, and they are not all zero."""
    weights = [row.weight for row in section.rows]
    return bool(section.weighting and weights) and None not in weights and any(weights)


def row_place(section: AppraisalSection, row: AppraisalRow) -> str:
    """Return the id of a row in the table of judgements."""
    return anchor("appraisal", section.id, row.appraisal.study, row.appraisal.result)


def traffic_light_svgs(section: AppraisalSection, *, identifier: str = "") -> tuple[str, ...]:
    """Draw the traffic-light plot, in figures of at most `MOST_ROWS` rows; each circle leads to its support.

    Returns
    -------
    SVG texts; none without rows. The key to domains and levels stands beside the rows of each figure.

    References
    ----------
    McGuinness LA, Higgins JPT. Res Synth Methods 2021;12:55-61. 10.1002/jrsm.1411
    """
    parts = [section.rows[start : start + MOST_ROWS] for start in range(0, len(section.rows), MOST_ROWS)]
    drawn = []
    for place, rows in enumerate(parts, 1):
        name = f"{section.tool}: judgements" + (f", part {place} of {len(parts)}" if len(parts) > 1 else "")
        figure = _Lights(section, rows)
        drawn.append(
            drawing(
                *figure.draw(),
                width=figure.width,
                height=figure.height,
                title=name,
                description=f"{len(rows)} appraisals in rows, domains in columns. The table below holds the same.",
                identifier=anchor("lights", identifier or section.id, str(place)),
                roledescription="traffic-light plot",
            )
        )
    return tuple(drawn)


def summary_svg(section: AppraisalSection, *, identifier: str = "") -> str:
    """Draw the summary: per domain a bar with the share of each level; empty text without rows.

    Shares are weighted by the synthesis that the section names, when every row has a weight in it.
    """
    shown = [(mark, label, shares(section, id_)) for id_, mark, label in columns(section)]
    if not section.rows:
        return ""
    return drawing(
        *_bars(section, shown),
        width=_bars_width(),
        height=_bars_height(section, shown),
        title=f"{section.tool}: summary of judgements",
        description=" ".join(f"{mark}: {_said(parts)}." for mark, _, parts in shown),
        identifier=anchor("bars", identifier or section.id),
        roledescription="bar chart",
    )


def _said(parts: tuple[tuple[Level, float, int], ...]) -> str:
    return ", ".join(f"{level.label} {numbers.fixed(share, 0)} %" for level, share, _ in parts) or "not judged"


def _judgement(row: AppraisalRow, domain: str) -> Judgement | None:
    return next((each for each in row.appraisal.judgements if each.domain == domain), None)


def _set(section: AppraisalSection, domain: str) -> tuple[AppraisalLevel, ...]:
    return section.overall_levels or section.levels if domain == OVERALL else section.levels


def _declared(section: AppraisalSection, domain: str) -> tuple[Level, ...]:
    return tuple(_level(section, each.id, domain) for each in _set(section, domain))


def _level(section: AppraisalSection, name: str, domain: str) -> Level:
    """Return the level of that id or label as drawn; one that the tool does not have by its name, without a symbol."""
    levels, wanted = _set(section, domain), name.casefold()
    found = next((each for each in levels if wanted in (each.id.casefold(), each.label.casefold())), None)
    if found is None:
        return Level(name, "", *UNRANKED)
    glyph = _GLYPHS.get(found.symbol, found.symbol[:1])
    if found.rank is None:
        return Level(found.label, glyph, *UNRANKED)
    worst = max(each.rank for each in levels if each.rank is not None)
    steps = len(PALETTE) - 1 if worst >= len(PALETTE) - 1 else 2
    place = found.rank if worst == steps else round(found.rank * steps / worst) if worst else 0
    return Level(found.label, glyph, *PALETTE[place])


def _overruled(section: AppraisalSection, judgement: Judgement | None) -> str:
    if judgement is None or not judgement.proposed or judgement.proposed == judgement.level:
        return ""
    return _level(section, judgement.proposed, judgement.domain).label


@dataclass(frozen=True, slots=True)
class _Lights:
    """The plot of some rows. Units are those of the viewBox (CSS pixels)."""

    section: AppraisalSection
    rows: tuple[AppraisalRow, ...]

    @property
    def label_width(self) -> float:
        widths = [text_width(text, 12) for row in self.rows for text in (_named(row), row.result)]
        return min(max([*widths, _LABEL_MIN]), _LABEL_MAX)

    @property
    def key_left(self) -> float:
        return self.label_width + 12 + _COLUMN * len(columns(self.section)) + 14 + _GAP

    @property
    def width(self) -> float:
        return max(self.key_left + _KEY_WIDTH, _NARROWEST)

    @property
    def height(self) -> float:
        body = 40 + sum(self._row_height(row) for row in self.rows) + 4
        return max(body + (18 if self._unsettled else 0), self._key_height)

    @property
    def _unsettled(self) -> bool:
        return any(not row.consensus for row in self.rows)

    def _lines(self, row: AppraisalRow) -> tuple[tuple[str, float], ...]:
        names = [(line, 12.0) for line in wrap(_named(row), self.label_width, 12)]
        results = [(line, _SMALL) for line in wrap(row.result, self.label_width, _SMALL)] if row.result else []
        return (*names, *results)

    def _row_height(self, row: AppraisalRow) -> float:
        return max(_ROW, 11 + _LEADING * len(self._lines(row)))

    def _key(self) -> Iterator[tuple[float, str, str, Level | None]]:
        """Yield (y, mark, line, level) of the key: the domains, then the levels that the rows use."""
        y = 20.0
        for _, mark, label in columns(self.section):
            if mark != "Overall":
                for place, line in enumerate(wrap(label, _KEY_WIDTH - 34, _SMALL)):
                    yield y, mark if place == 0 else "", line, None
                    y += _LEADING + 1
        y += 14
        for level in self._used():
            for place, line in enumerate(wrap(level.label, _KEY_WIDTH - 34, _SMALL)):
                yield y, "", line, level if place == 0 else None
                y += 22 if place == 0 else _LEADING

    def _used(self) -> tuple[Level, ...]:
        ids = [id_ for id_, _, _ in columns(self.section)]
        declared = [level for id_ in ids for level in _declared(self.section, id_)]
        used = [level_of(self.section, row, id_) for row in self.rows for id_ in ids]
        known = [level for level in declared if level in used]
        return tuple(dict.fromkeys([*known, *(level for level in used if level is not None)]))

    @property
    def _key_height(self) -> float:
        return max((y for y, *_ in self._key()), default=0.0) + 16

    def draw(self) -> Iterator[Markup]:
        yield element("rect", width=self.width, height=self.height, fill="#ffffff")
        right = self.key_left - _GAP
        yield words(("Study",), 0, 24, size=_SMALL, bold=True)
        for place, (_, mark, _) in enumerate(columns(self.section)):
            yield words((mark,), self._x(place), 24, size=_SMALL, bold=True, anchor="middle")
        yield element("line", x1=0, x2=right, y1=33, y2=33, stroke=INK, stroke_width=1)
        y = 37.0
        for row in self.rows:
            height = self._row_height(row)
            yield element("g", *self._row(row, y, height))
            y += height
            yield element("line", x1=0, x2=right, y1=y, y2=y, stroke="#d5d5d5", stroke_width=0.7)
        if self._unsettled:
            yield words((f"* {UNSETTLED}",), 0, y + 15, size=_SMALL, colour=GREY)
        yield from self._draw_key()

    def _x(self, place: int) -> float:
        marks = columns(self.section)
        gap = 14 if marks[place][0] == OVERALL else 0  # the overall judgement stands a little apart
        return self.label_width + 12 + _COLUMN * (place + 0.5) + gap

    def _row(self, row: AppraisalRow, y: float, height: float) -> Iterator[Markup]:
        href = "#" + row_place(self.section, row)
        lines = self._lines(row)
        base = y + height / 2 + 4 - _LEADING * (len(lines) - 1) / 2
        for place, (line, size) in enumerate(lines):
            text = words((line,), 0, base + _LEADING * place, size=size, colour=INK if size == 12 else GREY)
            yield anchored(text, href)
        for place, (id_, mark, label) in enumerate(columns(self.section)):
            level = level_of(self.section, row, id_)
            said = f"{_named(row)}, {mark if mark == 'Overall' else label}: {level.label if level else 'not judged'}"
            circle = _circle(level, self._x(place), y + height / 2, title=said)
            yield anchored(circle, href)

    def _draw_key(self) -> Iterator[Markup]:
        for y, mark, line, level in self._key():
            if mark:
                yield words((mark,), self.key_left, y, size=_SMALL, bold=True)
            if level is not None:
                yield _circle(level, self.key_left + _RADIUS, y - 4, title="")
            yield words((line,), self.key_left + 30, y, size=_SMALL)


UNSETTLED = "Not settled yet between the appraisers."


def _named(row: AppraisalRow) -> str:
    return row.label if row.consensus else f"{row.label} *"


def _circle(level: Level | None, x: float, y: float, *, title: str) -> Markup:
    """Return a judgement: a filled circle with its symbol; a dashed one where nothing was judged."""
    said = (element("title", title),) if title else ()
    if level is None:
        ring = element("circle", cx=x, cy=y, r=_RADIUS, fill="#ffffff", stroke=GREY, stroke_dasharray="2 2")
        return element("g", *said, ring, class_="judgement none")
    circle = element("circle", cx=x, cy=y, r=_RADIUS, fill=level.fill, stroke=INK, stroke_width=0.8)
    glyph = element(
        "text", level.glyph, x=x, y=y + 4.8, font_size=14, font_weight="bold", text_anchor="middle", fill=level.ink
    )
    return element("g", *said, circle, *((glyph,) if level.glyph else ()), class_="judgement")


_BARS_LEFT = 250.0
_Shown = list[tuple[str, str, tuple[tuple[Level, float, int], ...]]]


def _bars_width() -> float:
    return _BARS_LEFT + _BAR_WIDTH + 60


def _bar_lines(mark: str, label: str) -> tuple[str, ...]:
    return wrap(label if mark == "Overall" else f"{mark} {label}", _BARS_LEFT - 14, _SMALL)


def _bar_height(mark: str, label: str) -> float:
    return max(_BAR + 7, 8 + _LEADING * len(_bar_lines(mark, label)))


def _legend(section: AppraisalSection, shown: _Shown) -> tuple[tuple[tuple[Level, float], ...], ...]:
    """Return the levels in lines of the legend, each with its x."""
    used = [level for _, _, parts in shown for level, _, _ in parts]
    declared = [level for id_, _, _ in columns(section) for level in _declared(section, id_)]
    levels = dict.fromkeys([*(level for level in declared if level in used), *used])
    lines: list[list[tuple[Level, float]]] = [[]]
    x = 0.0
    for level in levels:
        width = 32 + text_width(level.label, _SMALL)
        if lines[-1] and x + width > _bars_width():
            lines.append([])
            x = 0.0
        lines[-1].append((level, x))
        x += width
    return tuple(tuple(line) for line in lines)


def _bars_height(section: AppraisalSection, shown: _Shown) -> float:
    bars = sum(_bar_height(mark, label) for mark, label, _ in shown)
    return 10 + bars + 40 + 24 * len(_legend(section, shown)) + _LEADING * len(_bars_note(section))


def _bars_note(section: AppraisalSection) -> tuple[str, ...]:
    if is_weighted(section):
        text = f"Bars are weighted by the studies' weights in: {section.weighting}."
    else:
        text = "Each appraisal counts the same."
    return wrap(text, _bars_width() - 4, _SMALL)


def _bars(section: AppraisalSection, shown: _Shown) -> Iterator[Markup]:
    yield element("rect", width=_bars_width(), height=_bars_height(section, shown), fill="#ffffff")
    y = 10.0
    for mark, label, parts in shown:
        height = _bar_height(mark, label)
        lines = _bar_lines(mark, label)
        for place, line in enumerate(lines):
            base = y + height / 2 + 4 + _LEADING * (place - (len(lines) - 1) / 2)
            yield words((line,), 0, base, size=_SMALL, bold=mark == "Overall")
        yield from _bar(parts, y + (height - _BAR) / 2)
        y += height
    yield element("line", x1=_BARS_LEFT, x2=_BARS_LEFT + _BAR_WIDTH, y1=y + 3, y2=y + 3, stroke=INK)
    for percent in (0, 25, 50, 75, 100):
        x = _BARS_LEFT + _BAR_WIDTH * percent / 100
        yield element("line", x1=x, x2=x, y1=y + 3, y2=y + 7, stroke=INK)
        yield words((f"{percent}\u00a0%",), x, y + 19, size=_SMALL, anchor="middle")
    y += 42
    for levels in _legend(section, shown):
        for level, x in levels:
            yield _circle(level, x + _RADIUS, y - 4, title="")
            yield words((level.label,), x + 25, y, size=_SMALL)
        y += 24
    for place, text in enumerate(_bars_note(section)):
        yield words((text,), 0, y - 4 + _LEADING * place, size=10.5, colour=GREY)


def _bar(parts: tuple[tuple[Level, float, int], ...], y: float) -> Iterator[Markup]:
    """Yield one bar; segments name their symbol and share where there is room."""
    x = _BARS_LEFT
    if not parts:
        yield words(("not judged",), x + 4, y + 14, size=_SMALL, colour=GREY)
    for level, share, rows in parts:
        width = _BAR_WIDTH * share / 100
        bar = element("rect", x=x, y=y, width=width, height=_BAR, fill=level.fill, stroke=INK, stroke_width=0.8)
        said = element("title", f"{level.label}: {numbers.fixed(share, 0)} % ({rows})")
        text = f"{level.glyph} {numbers.fixed(share, 0)}\u00a0%".strip()
        text = text if text_width(text, _SMALL) + 4 < width else level.glyph
        shown = words((text,), x + width / 2, y + 14, size=_SMALL, anchor="middle", colour=level.ink)
        fits = bool(text) and text_width(text, _SMALL) + 2 < width
        yield element("g", said, bar, *((shown,) if fits else ()), class_="share")
        x += width

"""The PRISMA 2020 flow of a new review: counts, the equations between them, the diagram and its text equivalent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from markupsafe import Markup

from stromata.model import SourceKind
from stromata.model.numbers import count
from stromata.reporting.svg import GREY, INK, LINK, anchored, drawing, element, text_width, wrap

Column = Literal["databases", "other"]


@dataclass(frozen=True, slots=True)
class FlowCounts:
    """What happened to the records and reports of a review, as counted from stored decisions. All counts are >= 0.

    Attributes
    ----------
    sources : (name, kind, records) per source or per database, in the order to be shown. Databases and registers feed
        the left column of the diagram, all other kinds the right one (``other_...``).
    duplicates_removed, excluded_by_automation, removed_other : records removed before screening.
    screened, excluded_title_abstract : records on which title and abstract were judged, and those excluded there.
    sought, not_retrieved : reports sought for retrieval, and those that could not be got.
    assessed, excluded_full_text : reports judged at full text, and (reason, reports) with one reason per report.
    included_reports, included_studies : of both columns together.
    awaiting_screening, awaiting_title_abstract, awaiting_retrieval, awaiting_assessment : still undecided, in a review
        that is under way: records not yet looked at, records screened without a final verdict, reports not yet got,
        reports got but not judged. The template has no box for them; they are shown in the box that they wait in.
    records_to_reports : why ``screened - excluded`` and `sought` differ (one record may name two reports); empty when
        they do not.
    other_... : the same for records found by other methods, which go straight to retrieval.
    """

    sources: tuple[tuple[str, SourceKind, int], ...]
    screened: int
    sought: int
    assessed: int
    included_reports: int
    included_studies: int
    duplicates_removed: int = 0
    excluded_by_automation: int = 0
    removed_other: int = 0
    excluded_title_abstract: int = 0
    not_retrieved: int = 0
    excluded_full_text: tuple[tuple[str, int], ...] = ()
    awaiting_screening: int = 0
    awaiting_title_abstract: int = 0
    awaiting_retrieval: int = 0
    awaiting_assessment: int = 0
    records_to_reports: str = ""
    other_sought: int = 0
    other_not_retrieved: int = 0
    other_assessed: int = 0
    other_excluded_full_text: tuple[tuple[str, int], ...] = ()
    other_awaiting_retrieval: int = 0
    other_awaiting_assessment: int = 0

    def identified(self, *kinds: SourceKind) -> int:
        """Return the records of the sources of these kinds."""
        return sum(n for _, kind, n in self.sources if kind in kinds)

    @property
    def has_other_methods(self) -> bool:
        """Whether the right column holds anything."""
        other = (self.other_sought, self.other_not_retrieved, self.other_assessed, len(self.other_excluded_full_text))
        return self.identified(*OTHER_KINDS) > 0 or any(other)


MAIN_KINDS: tuple[SourceKind, ...] = ("database", "register")
OTHER_KINDS: tuple[SourceKind, ...] = ("website", "organisation", "citation", "other")


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation that the counts of a flow must satisfy.

    Attributes
    ----------
    text : the equation in words; `numbers` the same with the counts.
    left, right : its two sides; `holds` compares them.
    note : a documented reason for a difference.
    """

    text: str
    numbers: str
    left: int
    right: int
    holds: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One count of the diagram.

    Attributes
    ----------
    key : stable name of the count, unique in the flow, such as ``screened`` or ``excluded_full_text.2``.
    stage, column, box : where it stands: stage of the flow, column, and number of the official template's box.
    label : what is counted.
    indented : it is a part of the count above it.
    """

    key: str
    stage: Literal["Identification", "Screening", "Included"]
    column: Literal["Databases and registers", "Other methods", "Both"]
    box: int
    label: str
    n: int
    indented: bool = False


def check(counts: FlowCounts) -> tuple[Equation, ...]:
    """Return the equations between the counts, each with its two sides; none is ever adjusted to hold.

    References
    ----------
    Page MJ et al. The PRISMA 2020 statement. BMJ 2021;372:n71 (flow diagram; boxes as numbered by the template).
    """
    return (
        *_main_equations(counts),
        *(_other_equations(counts) if counts.has_other_methods else ()),
        _included(counts),
    )


def _main_equations(counts: FlowCounts) -> Iterator[Equation]:
    removed = counts.duplicates_removed + counts.excluded_by_automation + counts.removed_other
    yield _equation(
        "records identified − records removed before screening = records screened",
        (counts.identified(*MAIN_KINDS), -removed),
        (counts.screened,),
        waiting=("awaiting screening", counts.awaiting_screening),
    )
    yield _equation(
        "records screened − records excluded = reports sought for retrieval",
        (counts.screened, -counts.excluded_title_abstract),
        (counts.sought,),
        waiting=("records without a final verdict", counts.awaiting_title_abstract),
        note=counts.records_to_reports,
    )
    yield _equation(
        "reports sought − reports not retrieved = reports assessed for eligibility",
        (counts.sought, -counts.not_retrieved),
        (counts.assessed,),
        waiting=("reports awaiting retrieval or assessment", counts.awaiting_retrieval + counts.awaiting_assessment),
    )


def _other_equations(counts: FlowCounts) -> Iterator[Equation]:
    identified = counts.identified(*OTHER_KINDS)
    yield Equation(
        text="reports sought by other methods ≤ records identified by other methods",
        numbers=f"{count(counts.other_sought)} ≤ {count(identified)}",
        left=counts.other_sought,
        right=identified,
        holds=counts.other_sought <= identified,
        note="The template has no box for records of other methods that were not sought as reports."
        if counts.other_sought < identified
        else "",
    )
    yield _equation(
        "other methods: reports sought − reports not retrieved = reports assessed for eligibility",
        (counts.other_sought, -counts.other_not_retrieved),
        (counts.other_assessed,),
        waiting=(
            "reports awaiting retrieval or assessment",
            counts.other_awaiting_retrieval + counts.other_awaiting_assessment,
        ),
    )


def _included(counts: FlowCounts) -> Equation:
    excluded = sum(n for _, n in counts.excluded_full_text)
    terms: tuple[int, ...] = (counts.assessed, -excluded)
    if counts.has_other_methods:
        terms += (counts.other_assessed, -sum(n for _, n in counts.other_excluded_full_text))
    both = " (both columns)" if counts.has_other_methods else ""
    return _equation(
        f"reports assessed − reports excluded = reports of included studies{both}", terms, (counts.included_reports,)
    )


def _equation(
    text: str, left: tuple[int, ...], right: tuple[int, ...], *, waiting: tuple[str, int] = ("", 0), note: str = ""
) -> Equation:
    """Return an equation; counts that wait stand on the right side, and are named only when there are any."""
    words, n = waiting
    if n:
        text, right = f"{text} + {words}", (*right, n)
    return Equation(
        text=text,
        numbers=f"{_sum(left)} {'=' if sum(left) == sum(right) else '≠'} {_sum(right)}",
        left=sum(left),
        right=sum(right),
        holds=sum(left) == sum(right),
        note=note,
    )


def _sum(terms: tuple[int, ...]) -> str:
    first, *rest = terms
    return count(first) + "".join(f" {'−' if term <= 0 else '+'} {count(abs(term))}" for term in rest)


# The boxes. Diagram and table are both made from them, so that they cannot differ.


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    key: str = ""
    n: int = 0
    indent: int = 0


@dataclass(frozen=True, slots=True)
class _Box:
    number: int
    heading: str
    lines: tuple[_Line, ...]


_KIND_WORDS: dict[SourceKind, str] = {
    "database": "Databases",
    "register": "Registers",
    "website": "Websites",
    "organisation": "Organisations",
    "citation": "Citation searching",
    "other": "Other methods",
}


def _identified(counts: FlowCounts, kinds: tuple[SourceKind, ...], number: int) -> _Box:
    lines: list[_Line] = []
    for kind in kinds:
        named = [(place, name, n) for place, (name, each, n) in enumerate(counts.sources, 1) if each == kind]
        if named or kind in MAIN_KINDS:
            lines.append(_Line(_KIND_WORDS[kind], f"identified.{kind}", counts.identified(kind)))
        lines += [_Line(name, f"source.{place}", n, 1) for place, name, n in named if name]
    return _Box(number, "Records identified from:", tuple(lines))


def _optional(text: str, key: str, n: int) -> tuple[_Line, ...]:
    return (_Line(text, key, n),) if n else ()


def _excluded(reasons: tuple[tuple[str, int], ...], key: str, number: int) -> _Box:
    total = sum(n for _, n in reasons)
    lines = tuple(_Line(reason, f"{key}.{place}", n, 1) for place, (reason, n) in enumerate(reasons, 1))
    return _Box(number, "", (_Line("Reports excluded", key, total), *lines))


def _boxes(counts: FlowCounts) -> dict[str, _Box]:
    """Return the boxes by name; those of the other methods only when there are any."""
    c = counts
    removed = (
        _Line("Duplicate records", "duplicates_removed", c.duplicates_removed, 1),
        _Line("Marked as ineligible by automation tools", "excluded_by_automation", c.excluded_by_automation, 1),
        _Line("Other reasons", "removed_other", c.removed_other, 1),
    )
    boxes = {
        "identified": _identified(c, MAIN_KINDS, 2),
        "removed": _Box(3, "Records removed before screening:", removed),
        "screened": _Box(
            4,
            "",
            (
                _Line("Records screened", "screened", c.screened),
                *_optional("Awaiting screening", "awaiting_screening", c.awaiting_screening),
                *_optional("Without a final verdict yet", "awaiting_title_abstract", c.awaiting_title_abstract),
            ),
        ),
        "excluded": _Box(5, "", (_Line("Records excluded", "excluded_title_abstract", c.excluded_title_abstract),)),
        "sought": _Box(
            6,
            "",
            (
                _Line("Reports sought for retrieval", "sought", c.sought),
                *_optional("Awaiting retrieval", "awaiting_retrieval", c.awaiting_retrieval),
            ),
        ),
        "not_retrieved": _Box(7, "", (_Line("Reports not retrieved", "not_retrieved", c.not_retrieved),)),
        "assessed": _Box(
            8,
            "",
            (
                _Line("Reports assessed for eligibility", "assessed", c.assessed),
                *_optional("Awaiting assessment", "awaiting_assessment", c.awaiting_assessment),
            ),
        ),
        "excluded_full_text": _excluded(c.excluded_full_text, "excluded_full_text", 9),
    }
    if counts.has_other_methods:
        boxes |= _other_boxes(counts)
    included = (
        _Line("Studies included in review", "included_studies", c.included_studies),
        _Line("Reports of included studies", "included_reports", c.included_reports),
    )
    return boxes | {"included": _Box(10, "", included)}


def _other_boxes(counts: FlowCounts) -> dict[str, _Box]:
    c = counts
    return {
        "other_identified": _identified(c, OTHER_KINDS, 11),
        "other_sought": _Box(
            12,
            "",
            (
                _Line("Reports sought for retrieval", "other_sought", c.other_sought),
                *_optional("Awaiting retrieval", "other_awaiting_retrieval", c.other_awaiting_retrieval),
            ),
        ),
        "other_not_retrieved": _Box(
            13, "", (_Line("Reports not retrieved", "other_not_retrieved", c.other_not_retrieved),)
        ),
        "other_assessed": _Box(
            14,
            "",
            (
                _Line("Reports assessed for eligibility", "other_assessed", c.other_assessed),
                *_optional("Awaiting assessment", "other_awaiting_assessment", c.other_awaiting_assessment),
            ),
        ),
        "other_excluded_full_text": _excluded(c.other_excluded_full_text, "other_excluded_full_text", 15),
    }


def flow_table(counts: FlowCounts) -> tuple[FlowRow, ...]:
    """Return the counts of the diagram as rows, in reading order: the text equivalent of `flow_svg`."""
    rows = []
    for name, box in _boxes(counts).items():
        stage: Literal["Identification", "Screening", "Included"] = (
            "Included" if box.number == 10 else "Identification" if box.number in (2, 3, 11) else "Screening"
        )
        column: Literal["Databases and registers", "Other methods", "Both"] = (
            "Both" if box.number == 10 else "Other methods" if name.startswith("other_") else "Databases and registers"
        )
        for line in box.lines:
            label = f"Removed before screening: {line.text.lower()}" if box.number == 3 else line.text
            label = f"Records identified from {line.text.lower()}" if line.key.startswith("identified.") else label
            rows.append(
                FlowRow(line.key, stage, column, box.number, label, line.n, line.indent > 0 and box.number != 3)
            )
    return tuple(rows)


# Drawing. Units are those of the viewBox (at 100 %, CSS pixels).

_SIZE = 12.5
_NOTE = 11.5
_LEADING = 16.0
_PAD = 9.0
_BOX = 240.0
_GAP = 34.0
_ROW_GAP = 30.0
_BAR = 26.0
_BAR_GAP = 14.0
_HALF = 2 * _BOX + _GAP
_HEAD = 38.0
_LEFT, _RIGHT = (
    ("identified", "screened", "sought", "assessed"),
    ("removed", "excluded", "not_retrieved", "excluded_full_text"),
)
_ROWS = (
    ("identified", "removed", "other_identified", ""),
    ("screened", "excluded", "", ""),
    ("sought", "not_retrieved", "other_sought", "other_not_retrieved"),
    ("assessed", "excluded_full_text", "other_assessed", "other_excluded_full_text"),
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A box on the page: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def middle(self) -> float:
        return self.y + self.h / 2

    @property
    def centre(self) -> float:
        return self.x + self.w / 2


def row_link(key: str) -> str:
    """Return the address of the row of the flow table that holds a count."""
    return f"#flow-{key}"


def flow_svg(counts: FlowCounts, *, link: Callable[[str], str] = row_link, identifier: str = "flow") -> str:
    """Return the PRISMA 2020 flow diagram of a new review as SVG.

    Parameters
    ----------
    counts : the counts. Equations between them that do not hold are printed below the diagram.
    link : address for each count, by its key in `flow_table`; an empty one leaves the count without a link.
    identifier : id of the SVG element, unique in the page.

    Returns
    -------
    SVG text in the layout of the official template: two columns when other methods were used, else one.
    """
    boxes = _boxes(counts)
    places = _arrange(boxes)
    bottom = places["included"].y + places["included"].h
    width = _BAR + _BAR_GAP + (2 * _HALF + _GAP if counts.has_other_methods else _HALF) + 1
    notes, height = _notes(counts, width, bottom + 24)
    return drawing(
        element("rect", width=width, height=height, fill="#ffffff"),
        *_headers(counts),
        *_bars(places),
        element("g", *_arrows(places), fill="none", stroke=INK, stroke_width=1.2, role="img", aria_label="arrows"),
        *(_draw(boxes[name], place, link) for name, place in places.items()),
        *notes,
        width=width,
        height=height,
        title="PRISMA 2020 flow diagram",
        description=_description(counts),
        identifier=identifier,
        roledescription="flow diagram",
    )


def _description(counts: FlowCounts) -> str:
    found = counts.identified(*MAIN_KINDS)
    other = f", and {count(counts.identified(*OTHER_KINDS))} from other methods" if counts.has_other_methods else ""
    assessed = count(counts.assessed + counts.other_assessed)
    return (
        f"{count(found)} records were identified from databases and registers{other}; "
        f"{count(counts.screened)} were screened, {assessed} reports were assessed for eligibility, and "
        f"{count(counts.included_studies)} studies in {count(counts.included_reports)} reports were included. "
        "The table of the flow holds every number."
    )


def _arrange(boxes: dict[str, _Box]) -> dict[str, _Place]:
    """Place the boxes: rows as high as their highest box, columns of one width."""
    start = _BAR + _BAR_GAP
    lefts = (start, start + _BOX + _GAP, start + _HALF + _GAP, start + _HALF + _GAP + _BOX + _GAP)
    places: dict[str, _Place] = {}
    y = _HEAD + 16
    for row in _ROWS:
        heights = {name: _height(boxes[name]) for name in row if name in boxes}
        tallest = max(heights.values())
        for name, x in zip(row, lefts, strict=True):
            if name in boxes:
                # Boxes of the main line fill the row, so that arrows from box to box have one length.
                main = name in _LEFT or name == "other_identified"
                places[name] = _Place(x, y, _BOX, tallest if main and row[0] == "identified" else heights[name])
        y += tallest + _ROW_GAP
    # As high as its stage's name at the side, which runs upwards.
    places["included"] = _Place(start, y, _BOX, max(_height(boxes["included"]), _side("Included")))
    return places


def _rows(box: _Box) -> Iterator[tuple[float, str, _Line | None]]:
    """Yield the printed lines of a box: indent, text without the count, and the line whose count ends it."""
    for text in wrap(box.heading, _BOX - 2 * _PAD, _SIZE) if box.heading else ():
        yield 0.0, text, None
    for line in box.lines:
        indent = 10.0 * max(line.indent, 1 if box.heading else 0) + (
            10.0 if box.heading and line.indent and box.number != 3 else 0
        )
        room = _BOX - 2 * _PAD - indent
        rows = wrap(line.text, room, _SIZE)
        full = text_width(f"{rows[-1]} {_n(line)}", _SIZE) > room
        for text in rows if full else rows[:-1]:
            yield indent, text, None
        yield indent, "" if full else f"{rows[-1]} ", line


def _n(line: _Line) -> str:
    return f"(n = {count(line.n)})"


def _height(box: _Box) -> float:
    return sum(1 for _ in _rows(box)) * _LEADING + 2 * _PAD


def _draw(box: _Box, place: _Place, link: Callable[[str], str]) -> Markup:
    texts = []
    for number, (indent, text, line) in enumerate(_rows(box)):
        y = place.y + _PAD + _LEADING * (number + 0.76)
        parts: list[str] = [text]
        if line is not None:
            href = link(line.key)
            parts.append(anchored(element("tspan", _n(line), fill=LINK if href else INK), href))
        texts.append(element("text", *parts, x=place.x + _PAD + indent, y=y, font_size=_SIZE))
    frame = element(
        "rect", x=place.x, y=place.y, width=place.w, height=place.h, fill="#ffffff", stroke=INK, stroke_width=1.2
    )
    return element("g", frame, *texts)


def _headers(counts: FlowCounts) -> Iterator[Markup]:
    yield _header("Identification of studies via databases and registers", _BAR + _BAR_GAP)
    if counts.has_other_methods:
        yield _header("Identification of studies via other methods", _BAR + _BAR_GAP + _HALF + _GAP)


def _header(text: str, x: float) -> Markup:
    frame = element("rect", x=x, y=1, width=_HALF, height=_HEAD - 8, rx=6, fill="#f1e3b0", stroke=INK, stroke_width=1)
    words = element(
        "text", text, x=x + _HALF / 2, y=_HEAD / 2 + 1.5, font_size=13, font_weight="bold", text_anchor="middle"
    )
    return element("g", frame, words)


def _bars(places: dict[str, _Place]) -> Iterator[Markup]:
    """Yield the three stages at the left side."""
    spans = (
        ("Identification", places["identified"], places["identified"]),
        (
            "Screening",
            places["screened"],
            max(places["assessed"], places["excluded_full_text"], key=lambda p: p.y + p.h),
        ),
        ("Included", places["included"], places["included"]),
    )
    for text, first, last in spans:
        height = max(last.y + last.h - first.y, _side(text))
        x, middle = _BAR / 2, first.y + height / 2
        yield element(
            "g",
            element(
                "rect", x=0.5, y=first.y, width=_BAR, height=height, rx=6, fill="#d5e2ee", stroke=INK, stroke_width=1
            ),
            element(
                "text",
                text,
                font_size=13,
                font_weight="bold",
                text_anchor="middle",
                transform=f"translate({x + 5:g} {middle:g}) rotate(-90)",
            ),
        )


def _side(text: str) -> float:
    """Return the height that the name of a stage needs at the side."""
    return text_width(text, 13, bold=True) + 14


def _arrows(places: dict[str, _Place]) -> Iterator[Markup]:
    main = ("identified", "screened", "sought", "assessed", "included")
    for upper, lower in pairwise(main):
        yield from _down(places[upper], places[lower])
    for left, right in zip(_LEFT, _RIGHT, strict=True):
        yield from _across(places[left], places[right])
    if "other_identified" in places:
        yield from _down(places["other_identified"], places["other_sought"])
        yield from _down(places["other_sought"], places["other_assessed"])
        yield from _across(places["other_sought"], places["other_not_retrieved"])
        yield from _across(places["other_assessed"], places["other_excluded_full_text"])
        yield from _joining(places["other_assessed"], places["included"])


def _line(points: str, tip: str) -> Iterator[Markup]:
    yield element("path", d=points)
    yield element("path", d=tip, fill=INK, stroke="none")


def _down(upper: _Place, lower: _Place) -> Iterator[Markup]:
    x, end = upper.centre, lower.y
    return _line(f"M{x:g} {upper.y + upper.h:g}V{end - 6:g}", f"M{x:g} {end:g}l-4.5 -8h9z")


def _across(left: _Place, right: _Place) -> Iterator[Markup]:
    y = min(left.middle, right.y + right.h - 10)
    return _line(f"M{left.x + left.w:g} {y:g}H{right.x - 6:g}", f"M{right.x:g} {y:g}l-8 -4.5v9z")


def _joining(source: _Place, target: _Place) -> Iterator[Markup]:
    """Yield the arrow from the other methods' last box down and back to the included studies."""
    y, end = target.middle, target.x + target.w
    return _line(f"M{source.centre:g} {source.y + source.h:g}V{y:g}H{end + 6:g}", f"M{end:g} {y:g}l8 -4.5v9z")


def _notes(counts: FlowCounts, width: float, top: float) -> tuple[list[Markup], float]:
    """Return the lines below the diagram (equations that do not hold, documented differences), and its height."""
    equations = check(counts)
    loud = [f"Does not add up: {each.text}: {each.numbers}." for each in equations if not (each.holds or each.note)]
    quiet = [
        each.note if each.holds else f"Documented difference: {each.text}: {each.numbers}. {each.note}"
        for each in equations
        if each.note
    ]
    lines = [(line, True) for text in loud for line in wrap(text, width - 4, _NOTE, bold=True)]
    lines += [(line, False) for text in quiet for line in wrap(text, width - 4, _NOTE)]
    drawn = [
        element(
            "text",
            line,
            x=2,
            y=top + 15 * place,
            font_size=_NOTE,
            fill=INK if bold else GREY,
            font_weight="bold" if bold else None,
        )
        for place, (line, bold) in enumerate(lines)
    ]
    return drawn, top - 22 if not lines else top + 15 * len(lines)

"""Where there is evidence and where there is none: diseases and routes against cell products, by level of evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from stromata.model import Arm, CellProduct, Study, numbers
from stromata.reporting.anchors import anchor
from stromata.reporting.content import Labels, ReportContent
from stromata.reporting.svg import GREY, INK, anchored, drawing, element, text_width, words, wrap

NOT_REPORTED = "not reported"

SHADES = (
    ("#08306b", "#ffffff"),
    ("#2a6fb0", "#ffffff"),
    ("#76b0d8", INK),
    ("#bcd7ec", INK),
    ("#e3ecf4", INK),
    ("#ffffff", INK),
)
"""Fill and ink of a bubble, from the highest level of evidence to the lowest: one hue, so that the order is in the
lightness. A letter in the bubble says the same."""

_SMALL = 10.5
_TINY = 9.5
_CELL_WIDTH, _CELL_HEIGHT = 46.0, 48.0
_DISEASE, _ROUTE = 138.0, 98.0
_LEADING = 12.5
_RADIUS_MIN, _RADIUS_MAX = 7.5, 15.5
_NARROWEST = 660.0


@dataclass(frozen=True, slots=True)
class EvidenceCell:
    """What there is for one disease, route, product and tissue.

    Attributes
    ----------
    disease, route, product, tissue : as shown.
    level : the highest level of evidence, in words; `rank` its place, 0 for the highest.
    studies : their ids, in the order of the table of studies.
    people : patients treated in the arms of this cell; those of studies that share patients count once (the largest).
    unknown : studies whose number of patients is not known, or that treated animals or healthy people.
    shared : some of the studies may share patients.
    """

    disease: str
    route: str
    product: str
    tissue: str
    level: str
    rank: int
    studies: tuple[str, ...]
    people: int
    unknown: int = 0
    shared: bool = False

    @property
    def place(self) -> str:
        """Id of the cell's row in the table."""
        return anchor("map", self.disease, self.route, self.product, self.tissue)

    @property
    def letter(self) -> str:
        """The letter that stands for the level: A for the highest."""
        return letter(self.rank)


def letter(rank: int) -> str:
    """Return the letter of a level's place: 0 is ``A``."""
    return chr(ord("A") + min(rank, 25))


def levels(content: ReportContent) -> tuple[str, ...]:
    """Return the levels of evidence in words, from the highest; designs without a level come last, by their names."""
    known = dict(content.map_labels.levels)
    others = (study.design for study in content.tables.studies if study.design not in known)
    return tuple(dict.fromkeys([*known.values(), *others]))


def evidence_cells(content: ReportContent) -> tuple[EvidenceCell, ...]:
    """Return the cells of the evidence map that hold a study, in the order of its rows and columns.

    Counted are arms that got a product, without subgroups. A study stands in each cell that one of its arms belongs to.
    Without levels in the labels there is no map.
    """
    labels, studies = content.map_labels, {study.id: study for study in content.tables.studies}
    if not labels.levels:
        return ()
    found: dict[tuple[str, str, str, str], list[tuple[Study, Arm]]] = {}
    for arm in content.tables.arms:
        if arm.product is None or arm.role == "subgroup" or arm.study not in studies:
            continue
        study, product = studies[arm.study], arm.product
        key = (
            _shown(study.condition, labels.diseases),
            _shown(product.route, labels.routes),
            *_column(product, content),
        )
        found.setdefault(key, []).append((study, arm))
    orders = [
        _order(pairs, each)
        for pairs, each in zip(
            (labels.diseases, labels.routes, labels.products, labels.tissues),
            zip(*found, strict=True),
            strict=False,
        )
    ]
    ranked = sorted(found, key=lambda key: [order.index(part) for order, part in zip(orders, key, strict=True)])
    return tuple(_cell(key, found[key], content) for key in ranked)


def _column(product: CellProduct, content: ReportContent) -> tuple[str, str]:
    labels = content.map_labels
    return _shown(product.product_class, labels.products), _shown(product.tissue, labels.tissues)


def _shown(word: str, labels: Labels) -> str:
    return dict(labels).get(word, word) or NOT_REPORTED


def _order(labels: Labels, found: Sequence[str]) -> list[str]:
    """Return the labels in their order, then other words in the order of their first use; not reported is last."""
    every = list(dict.fromkeys([*(label for _, label in labels), *found]))
    return sorted(every, key=lambda label: label == NOT_REPORTED)


def _cell(key: tuple[str, str, str, str], members: Sequence[tuple[Study, Arm]], content: ReportContent) -> EvidenceCell:
    names, ranks = levels(content), dict(content.map_labels.levels)
    rank = min(names.index(ranks.get(study.design, study.design)) for study, _ in members)
    treated: dict[str, int | None] = {}
    cohorts: dict[str, str] = {}
    for study, arm in members:
        people = _people(study, arm, content)
        before = treated.get(study.id, 0)
        treated[study.id] = None if people is None or before is None else before + people
        cohorts[study.id] = study.cohort or f"\x00{study.id}"
    groups: dict[str, list[int]] = {}
    for id_, known in treated.items():
        groups.setdefault(cohorts[id_], []).append(known or 0)
    return EvidenceCell(
        *key,
        level=names[rank],
        rank=rank,
        studies=tuple(treated),
        people=sum(max(group) for group in groups.values()),
        unknown=sum(known is None for known in treated.values()),
        shared=len(groups) < len(treated),
    )


def _people(study: Study, arm: Arm, content: ReportContent) -> int | None:
    """Return the patients of an arm; those enrolled where the study has no other arm; None for animals and others."""
    if study.design == "preclinical" or study.population != "patients":
        return None
    if arm.n is not None:
        return arm.n
    alone = sum(other.study == study.id and other.role != "subgroup" for other in content.tables.arms) == 1
    return study.n_enrolled if alone else None


def count_text(cell: EvidenceCell) -> str:
    """Return ``studies / people``; an en dash where no number of people is known, a plus sign where some are not."""
    people = numbers.MISSING if not cell.people and cell.unknown else numbers.count(cell.people)
    return f"{len(cell.studies)}\u00a0/\u00a0{people}{'+' if cell.unknown and cell.people else ''}"


def evidence_map_svg(content: ReportContent, *, identifier: str = "evidence-map-figure") -> str:
    """Draw the evidence map; empty text when there is nothing to map.

    A row is a route within a disease, a column a tissue within a class of products. A bubble grows with the number of
    people; its shade and letter say the highest level of evidence. Each leads to its row of the table. Diseases and
    tissues that the labels name and no study has stay, empty.
    """
    cells = evidence_cells(content)
    if not cells:
        return ""
    figure = _Map(content, cells)
    gaps = [label for label in figure.diseases if label not in {cell.disease for cell in cells}]
    missing = f" No study was found for: {', '.join(gaps)}." if gaps else ""
    return drawing(
        *figure.draw(),
        width=figure.width,
        height=figure.height,
        title="Evidence map: disease and route by cell product",
        description=f"{len(cells)} combinations hold studies. The table below lists each of them.{missing}",
        identifier=identifier,
        roledescription="evidence map",
    )


@dataclass(frozen=True)  # without slots: the rows and columns are worked out once and kept
class _Map:
    """The figure. Units are those of the viewBox (CSS pixels)."""

    content: ReportContent
    cells: tuple[EvidenceCell, ...]

    @cached_property
    def diseases(self) -> tuple[str, ...]:
        found = [cell.disease for cell in self.cells]
        return tuple(_order(self.content.map_labels.diseases, found))

    @cached_property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """(disease, route); a disease without evidence has one row and no route."""
        routes = {
            name: dict.fromkeys(each.route for each in self.cells if each.disease == name) for name in self.diseases
        }
        return tuple((name, route) for name, found in routes.items() for route in (found or ("",)))

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(product, tissue); tissues without evidence stand below the first product."""
        labels = self.content.map_labels
        products = _order(labels.products, [cell.product for cell in self.cells])
        tissues = _order(labels.tissues, [cell.tissue for cell in self.cells])
        used = {(cell.product, cell.tissue) for cell in self.cells}
        seen = {tissue for _, tissue in used}
        products = [each for each in products if any(product == each for product, _ in used)]
        return tuple(
            (product, tissue)
            for product in products
            for tissue in tissues
            if (product, tissue) in used or (product == products[0] and tissue not in seen)
        )

    @cached_property
    def groups(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """(product, its columns)."""
        products = dict.fromkeys(product for product, _ in self.columns)
        return tuple((each, tuple(at for at, (one, _) in enumerate(self.columns) if one == each)) for each in products)

    @cached_property
    def edges(self) -> tuple[float, ...]:
        """Left edges of the columns, and the right edge of the last: each as wide as the words of its headings."""
        least = {at: _word_width(name, bold=True) / len(places) for name, places in self.groups for at in places}
        edges = [_DISEASE + _ROUTE]
        for at, (_, tissue) in enumerate(self.columns):
            edges.append(edges[-1] + max(_CELL_WIDTH, least[at], _word_width(tissue, bold=False)))
        return tuple(edges)

    @cached_property
    def right(self) -> float:
        return self.edges[-1]

    @cached_property
    def width(self) -> float:
        return max(self.right + 2, _NARROWEST)

    def middle(self, column: int) -> float:
        return (self.edges[column] + self.edges[column + 1]) / 2

    @cached_property
    def tissue_lines(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            wrap(tissue, self.edges[at + 1] - self.edges[at] - 4, _SMALL) for at, (_, tissue) in enumerate(self.columns)
        )

    @cached_property
    def product_lines(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            wrap(name, self.edges[places[-1] + 1] - self.edges[places[0]] - 4, _SMALL, bold=True)
            for name, places in self.groups
        )

    @cached_property
    def rule(self) -> float:
        """Height of the line below the products."""
        return 8 + _LEADING * max(map(len, self.product_lines))

    @cached_property
    def head(self) -> float:
        return self.rule + 12 + _LEADING * max(map(len, self.tissue_lines))

    @cached_property
    def body(self) -> float:
        return self.head + _CELL_HEIGHT * len(self.rows)

    @cached_property
    def height(self) -> float:
        return self.body + 30 + 22 * len(self._legend) + 46

    @cached_property
    def most(self) -> int:
        return max(1, *(cell.people for cell in self.cells))

    @cached_property
    def _legend(self) -> tuple[tuple[tuple[int, str, float], ...], ...]:
        """Lines of the legend: (rank, level, x)."""
        shown = sorted({cell.rank for cell in self.cells})
        lines: list[list[tuple[int, str, float]]] = [[]]
        x = 0.0
        for rank in shown:
            name = levels(self.content)[rank]
            width = 38 + text_width(name, _SMALL)
            if lines[-1] and x + width > self.width:
                lines.append([])
                x = 0.0
            lines[-1].append((rank, name, x))
            x += width
        return tuple(tuple(line) for line in lines)

    def radius(self, people: int) -> float:
        return _RADIUS_MIN + (_RADIUS_MAX - _RADIUS_MIN) * math.sqrt(people / self.most)

    def draw(self) -> Iterator[Markup]:
        yield element("rect", width=self.width, height=self.height, fill="#ffffff")
        yield from self._heading()
        yield from self._grid()
        for cell in self.cells:
            column = self.columns.index((cell.product, cell.tissue))
            row = self.rows.index((cell.disease, cell.route))
            yield self._bubble(cell, self.middle(column), self.head + _CELL_HEIGHT * row)
        yield from self._key()

    def _heading(self) -> Iterator[Markup]:
        base = self.head - 8
        yield words(("Disease",), 0, base, size=_SMALL, bold=True)
        yield words(("Route",), _DISEASE, base, size=_SMALL, bold=True)
        for (_, places), lines in zip(self.groups, self.product_lines, strict=True):
            left, right = self.edges[places[0]], self.edges[places[-1] + 1]
            for place, line in enumerate(lines):
                y = self.rule - 5 - _LEADING * (len(lines) - 1 - place)
                yield words((line,), (left + right) / 2, y, size=_SMALL, bold=True, anchor="middle")
            yield element("line", x1=left + 3, x2=right - 3, y1=self.rule, y2=self.rule, stroke=GREY, stroke_width=0.8)
        for at, lines in enumerate(self.tissue_lines):
            for place, line in enumerate(lines):
                y = base - _LEADING * (len(lines) - 1 - place)
                yield words((line,), self.middle(at), y, size=_SMALL, anchor="middle")
        yield element("line", x1=0, x2=self.right, y1=self.head, y2=self.head, stroke=INK)

    def _grid(self) -> Iterator[Markup]:
        right = self.right
        before = ""
        for place, (disease, route) in enumerate(self.rows):
            y = self.head + _CELL_HEIGHT * place
            if disease != before:
                if place:
                    yield element("line", x1=0, x2=right, y1=y, y2=y, stroke=GREY, stroke_width=0.8)
                for at, line in enumerate(wrap(disease, _DISEASE - 8, 11.5, bold=True)):
                    yield words((line,), 0, y + 18 + 13.5 * at, size=11.5, bold=True)
            elif place:
                yield element("line", x1=_DISEASE, x2=right, y1=y, y2=y, stroke="#dcdcdc", stroke_width=0.7)
            before = disease
            for at, line in enumerate(wrap(route or "no study", _ROUTE - 8, _SMALL)):
                yield words((line,), _DISEASE, y + 18 + _LEADING * at, size=_SMALL, colour=INK if route else GREY)
            for at in range(len(self.columns)):
                yield element("circle", cx=self.middle(at), cy=y + 20, r=1.1, fill="#b5b5b5", class_="gap")
        for x in self.edges:
            yield element("line", x1=x, x2=x, y1=self.head, y2=self.body, stroke="#ececec", stroke_width=0.7)
        yield element("line", x1=0, x2=right, y1=self.body, y2=self.body, stroke=INK)

    def _bubble(self, cell: EvidenceCell, x: float, y: float) -> Markup:
        people = f"{numbers.count(cell.people)} people" if cell.people else "number of people not known"
        said = (
            f"{cell.disease}, {cell.route}, {cell.product}, {cell.tissue}: {len(cell.studies)} "
            f"{'study' if len(cell.studies) == 1 else 'studies'}, {people}; highest level: {cell.level}"
        )
        drawn = (
            _mark(cell.rank, x, y + 20, self.radius(cell.people), dashed=not cell.people),
            words((count_text(cell),), x, y + _CELL_HEIGHT - 4, size=_TINY, anchor="middle"),
        )
        return anchored(element("g", element("title", said), *drawn, class_="bubble"), f"#{cell.place}")

    def _key(self) -> Iterator[Markup]:
        y = self.body + 24
        yield words(("Highest level of evidence",), 0, y, size=_SMALL, bold=True)
        y += 22
        for line in self._legend:
            for rank, name, x in line:
                yield _mark(rank, x + 9, y - 4, 9, dashed=False)
                yield words((name,), x + 23, y, size=_SMALL)
            y += 22
        x = 0.0
        for people in _sizes(self.most):
            r = self.radius(people)
            yield element("circle", cx=x + r, cy=y, r=r, fill="none", stroke=INK, stroke_width=0.8)
            text = f"{numbers.count(people)} {'person' if people == 1 else 'people'}"
            yield words((text,), x + 2 * r + 5, y + 4, size=_SMALL)
            x += 2 * r + 20 + text_width(text, _SMALL)
        yield words(("Below each: studies / people. Dashed: number not known.",), x, y + 4, size=_SMALL, colour=GREY)


def _word_width(text: str, *, bold: bool) -> float:
    """Return the room that the widest word of a heading takes in its column."""
    return max((text_width(word, _SMALL, bold=bold) for word in text.split()), default=0.0) + 7


def _sizes(most: int) -> tuple[int, ...]:
    """Return up to three round numbers of people for the legend, the largest not above `most`."""
    found = [10**power * step for power in range(6) for step in (1, 2, 5) if 10**power * step <= most]
    return tuple(dict.fromkeys((found[0], found[len(found) // 2], found[-1])))


def _mark(rank: int, x: float, y: float, radius: float, *, dashed: bool) -> Markup:
    fill, ink = SHADES[min(rank, len(SHADES) - 1)]
    circle = element(
        "circle",
        cx=x,
        cy=y,
        r=radius,
        fill=fill,
        stroke=INK,
        stroke_width=0.9,
        stroke_dasharray="2 2" if dashed else None,
    )
    text = element(
        "text", letter(rank), x=x, y=y + 3.7, font_size=10.5, font_weight="bold", text_anchor="middle", fill=ink
    )
    return element("g", circle, text)

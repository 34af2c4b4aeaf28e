"""The overlap of published reviews as rows and figures: citation matrix, pairwise overlap, what each mark rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from stromata.model import Evidence, ReviewInclusion, numbers
from stromata.model.identifiers import find_registry_ids, normal_doi, normal_pmcid, normal_pmid
from stromata.reporting.anchors import anchor
from stromata.reporting.content import ReportContent
from stromata.reporting.lineage import Library
from stromata.reporting.overlap import Area, Matrix, band, matrix
from stromata.reporting.svg import GREY, INK, anchored, drawing, element, text_width, words, wrap

SHADES: dict[str, tuple[str, str]] = {
    "slight": ("#f4f6f8", INK),
    "moderate": ("#c9dcec", INK),
    "high": ("#6fa3cf", INK),
    "very high": ("#0b3c6f", "#ffffff"),
}
"""Fill and ink by band of overlap: one hue, so that the order is in the lightness."""

_SMALL = 10.5
_ROW, _COLUMN = 17.0, 24.0
_LABEL_MAX = 170.0
_HEAD_MAX = 120.0
_PANEL_GAP = 28.0
_MOST_ROWS = 30
_WIDEST = 1040.0
_NARROWEST = 660.0
_LEADING = 12.5


@dataclass(frozen=True, slots=True)
class Overlap:
    """The overlap of the reviews that the tables name.

    Attributes
    ----------
    matrix : its names are keys; `studies` and `reviews` what is printed for them, in the same order.
    marks : the inclusions behind each (row, column).
    """

    matrix: Matrix
    studies: tuple[str, ...]
    reviews: tuple[str, ...]
    marks: dict[tuple[int, int], tuple[ReviewInclusion, ...]]


def overlap_of(content: ReportContent, library: Library) -> Overlap | None:
    """Return the overlap of the published reviews; None for fewer than two of them.

    Reports of one study count once: a study that a review names by the DOI, PMID or registry id of a report is found by
    the links of the table of studies. Years come from the studies and from what is known of the reviews, else from
    their references; where a year is not known, no cell is taken for impossible.
    """
    known = {each.key: each for each in content.reviews}
    studies = _study_keys(content)
    names: dict[tuple[str, str], list[ReviewInclusion]] = {}
    for each in content.tables.inclusions:
        names.setdefault((each.review, _resolved(each.study, studies)), []).append(each)
    labels = {each.review: each.label or each.review for each in content.tables.inclusions}
    labels |= {key: review.label for key, review in known.items() if review.label}
    found = matrix(
        names,
        study_years=_study_years(content, library, [study for _, study in names]),
        review_years={key: year for key in labels if (year := _review_year(key, content, library)) is not None},
    )
    if len(found.reviews) < 2:
        return None
    rows, columns = (
        {name: at for at, name in enumerate(found.studies)},
        {name: at for at, name in enumerate(found.reviews)},
    )
    printed = {study.id: _study_name(study.first_author, study.year, study.id) for study in content.tables.studies}
    return Overlap(
        found,
        tuple(printed.get(key) or _report_name(key, library) for key in found.studies),
        tuple(labels[key] for key in found.reviews),
        {(rows[study], columns[review]): tuple(given) for (review, study), given in names.items()},
    )


def _study_name(author: str, year: int | None, id_: str) -> str:
    return f"{author} {year or ''}".strip() if author else id_


def _report_name(key: str, library: Library) -> str:
    """Return author and year of a report that is no study here, or its key where the report is not known."""
    reference = library.find(key)
    if reference is None or not reference.merged.authors:
        return key
    return _study_name(reference.merged.authors[0].family, reference.merged.year, key)


def _study_keys(content: ReportContent) -> dict[str, str]:
    found: dict[str, str] = {}
    for study in content.tables.studies:
        for key in (study.id, *study.registry_ids, *(link.key for link in study.links)):
            for form in _forms(key):
                found.setdefault(form, study.id)
    return found


def _forms(key: str) -> tuple[str, ...]:
    forms = (key.strip(), normal_doi(key), normal_pmid(key), normal_pmcid(key), *find_registry_ids(key))
    return tuple(form.lower() for form in forms if form)


def _resolved(key: str, studies: dict[str, str]) -> str:
    return next((studies[form] for form in _forms(key) if form in studies), key.strip())


def _study_years(content: ReportContent, library: Library, keys: list[str]) -> dict[str, int]:
    years = {study.id: study.year for study in content.tables.studies}
    for key in keys:
        reference = None if key in years else library.find(key)
        if reference is not None:
            years[key] = reference.merged.year
    return {key: year for key, year in years.items() if year is not None}


def _review_year(key: str, content: ReportContent, library: Library) -> int | None:
    """Return the last year from which a review could know studies: of its search, else of its publication."""
    known = next((each for each in content.reviews if each.key == key), None)
    if known is not None and (known.searched or known.year):
        return known.searched or known.year
    reference = library.find(key)
    return reference.merged.year if reference else None


@dataclass(frozen=True, slots=True)
class Reading:
    """The studies of one review that were read at one place, in the matrix' order."""

    review: str
    evidence: Evidence
    note: str
    studies: tuple[str, ...]


def readings(overlap: Overlap) -> tuple[Reading, ...]:
    """Return where the inclusions were read, by review and place."""
    found: dict[tuple[int, Evidence, str], list[str]] = {}
    for column in range(len(overlap.reviews)):
        for row, study in enumerate(overlap.studies):
            for each in overlap.marks.get((row, column), ()):
                found.setdefault((column, each.evidence, each.note), []).append(study)
    return tuple(
        Reading(overlap.reviews[column], evidence, note, tuple(studies))
        for (column, evidence, note), studies in found.items()
    )


def share(value: float | None) -> str:
    """Return a corrected covered area in percent with one decimal, without the sign; an en dash when undefined."""
    return numbers.MISSING if value is None else numbers.fixed(value, 1)


def banded(value: float | None) -> str:
    """Return the band of a corrected covered area in words; ``undefined`` when there is none."""
    return "undefined" if value is None else band(value)


def pair_place(overlap: Overlap, one: int, two: int) -> str:
    """Return the id of the row of two reviews in the table of pairs."""
    return anchor("overlap", overlap.matrix.reviews[one], overlap.matrix.reviews[two])


def study_place(overlap: Overlap, row: int) -> str:
    """Return the id of a study's row in the citation matrix."""
    return anchor("included", overlap.matrix.studies[row])


def matrix_svg(overlap: Overlap, *, identifier: str = "overlap-matrix") -> str:
    """Draw the citation matrix: a square where a review includes a study, a stroke where it could not have."""
    figure = _Figure(overlap)
    return drawing(
        *figure.draw(),
        width=figure.width,
        height=figure.height,
        title="Citation matrix: primary studies by published reviews",
        description=(
            f"{len(overlap.studies)} studies, {len(overlap.reviews)} reviews, {len(overlap.matrix.marks)} inclusions. "
            "The table below holds the same."
        ),
        identifier=identifier,
        roledescription="citation matrix",
    )


@dataclass(frozen=True, slots=True)
class _Figure:
    """The citation matrix in panels side by side. Units are those of the viewBox (CSS pixels)."""

    overlap: Overlap

    @property
    def label_width(self) -> float:
        return min(max(text_width(name, _SMALL) for name in self.overlap.studies) + 8, _LABEL_MAX)

    @property
    def panel(self) -> float:
        return self.label_width + _COLUMN * len(self.overlap.reviews) + _PANEL_GAP

    @property
    def panels(self) -> int:
        wanted = math.ceil(len(self.overlap.studies) / _MOST_ROWS)
        return max(1, min(wanted, int(_WIDEST // self.panel)))

    @property
    def head(self) -> float:
        lines = [line for name in self.overlap.reviews for line in _two_lines(name, _HEAD_MAX, _SMALL)]
        return max(text_width(line, _SMALL) for line in lines) + 12

    @property
    def per_panel(self) -> int:
        return math.ceil(len(self.overlap.studies) / self.panels)

    @property
    def width(self) -> float:
        return max(self.panel * self.panels, _NARROWEST)

    @property
    def height(self) -> float:
        starts = range(0, len(self.overlap.studies), self.per_panel)
        return max(self.head + sum(map(self.row_height, range(at, self.end(at)))) for at in starts) + 32

    def end(self, start: int) -> int:
        return min(start + self.per_panel, len(self.overlap.studies))

    def lines(self, row: int) -> tuple[str, ...]:
        return wrap(self.overlap.studies[row], self.label_width - 6, _SMALL)

    def row_height(self, row: int) -> float:
        return _ROW + _LEADING * (len(self.lines(row)) - 1)

    def draw(self) -> Iterator[Markup]:
        yield element("rect", width=self.width, height=self.height, fill="#ffffff")
        for panel, start in enumerate(range(0, len(self.overlap.studies), self.per_panel)):
            yield element("g", *self._panel(panel * self.panel, start))
        y = self.height - 9
        yield _square(2, y - 9)
        yield words(("included",), 18, y, size=_SMALL)
        if self.overlap.matrix.impossible:
            yield _stroke(86, y - 9)
            text = "not possible: the study is younger than the review's search"
            yield words((text,), 102, y, size=_SMALL)

    def _panel(self, x: float, start: int) -> Iterator[Markup]:
        left = x + self.label_width
        for at, name in enumerate(self.overlap.reviews):
            middle = left + _COLUMN * (at + 0.5)
            lines = _two_lines(name, _HEAD_MAX, _SMALL)
            shown = (
                element("text", line, x=0, y=11.0 * place - 5.5 * (len(lines) - 1), font_size=_SMALL)
                for place, line in enumerate(lines)
            )
            turned = element("g", *shown, transform=f"translate({middle + 3.5:g} {self.head - 6:g}) rotate(-90)")
            yield element("g", element("title", name), turned)
        right = left + _COLUMN * len(self.overlap.reviews)
        yield element("line", x1=x, x2=right, y1=self.head, y2=self.head, stroke=INK)
        y = self.head
        for row in range(start, self.end(start)):
            yield anchored(element("g", *self._row(row, x, y)), "#" + study_place(self.overlap, row))
            y += self.row_height(row)
            yield element("line", x1=x, x2=right, y1=y, y2=y, stroke="#dcdcdc", stroke_width=0.6)

    def _row(self, row: int, x: float, y: float) -> Iterator[Markup]:
        for place, line in enumerate(self.lines(row)):
            yield words((line,), x, y + 12.5 + _LEADING * place, size=_SMALL)
        for at, review in enumerate(self.overlap.reviews):
            corner = x + self.label_width + _COLUMN * (at + 0.5) - 5.5
            if (row, at) in self.overlap.matrix.marks:
                said = f"{review} includes {self.overlap.studies[row]}"
                yield element("g", element("title", said), _square(corner, y + 3), class_="included")
            elif (row, at) in self.overlap.matrix.impossible:
                yield element("g", _stroke(corner, y + 3), class_="impossible")


def _square(x: float, y: float) -> Markup:
    return element("rect", x=x, y=y, width=11, height=11, fill="#1f4e79")


def _stroke(x: float, y: float) -> Markup:
    return element("path", d=f"M{x + 1:g} {y + 10:g}L{x + 10:g} {y + 1:g}", stroke=GREY, stroke_width=1.2, fill="none")


_CELL_WIDTH, _CELL_HEIGHT = 74.0, 40.0


def pairs_svg(overlap: Overlap, *, identifier: str = "overlap-pairs") -> str:
    """Draw the overlap of each two reviews: below the diagonal as it is, above it without the impossible cells.

    The diagonal holds how many studies each review includes.
    """
    count = len(overlap.reviews)
    label = min(max(text_width(name, 11.5) for name in overlap.reviews) + 10, 190.0)
    width = max(label + _CELL_WIDTH * count + 2, _NARROWEST)
    height = 44 + _CELL_HEIGHT * count + 62
    said = " ".join(
        f"{overlap.reviews[one]} and {overlap.reviews[two]}: {share(area.corrected)} %."
        for one, two, area in overlap.matrix.pairs()
    )
    return drawing(
        element("rect", width=width, height=height, fill="#ffffff"),
        *_pair_cells(overlap, label),
        *_pair_key(44 + _CELL_HEIGHT * count + 20),
        width=width,
        height=height,
        title="Overlap of each two reviews (corrected covered area, %)",
        description=said,
        identifier=identifier,
        roledescription="heat map",
    )


def _pair_cells(overlap: Overlap, label: float) -> Iterator[Markup]:
    areas = {(one, two): area for one, two, area in overlap.matrix.pairs()}
    for at, name in enumerate(overlap.reviews):
        for place, line in enumerate(_two_lines(name, _CELL_WIDTH - 4, _SMALL)):
            yield words((line,), label + _CELL_WIDTH * (at + 0.5), 22 + 13 * place, size=_SMALL, anchor="middle")
        for place, line in enumerate(_two_lines(name, label - 8, 11.5)):
            yield words((line,), 0, 44 + _CELL_HEIGHT * at + 18 + 14 * place, size=11.5)
    for row in range(len(overlap.reviews)):
        for column in range(len(overlap.reviews)):
            x, y = label + _CELL_WIDTH * column, 44 + _CELL_HEIGHT * row
            if row == column:
                yield _diagonal(overlap.matrix.area((row,)).marks, x, y)
                continue
            one, two = sorted((row, column))
            area = areas[one, two]
            value = area.corrected if column < row else area.adjusted
            yield anchored(_pair_cell(value, area, x, y), "#" + pair_place(overlap, one, two))


def _two_lines(text: str, width: float, size: float) -> tuple[str, ...]:
    """Return at most two lines of a name; the tables below hold the whole."""
    lines = wrap(text, width, size)
    return lines if len(lines) <= 2 else (lines[0], lines[1].rstrip() + "…")


def _pair_cell(value: float | None, area: Area, x: float, y: float) -> Markup:
    fill, ink = SHADES[band(value)] if value is not None else ("#ffffff", GREY)
    return element(
        "g",
        element(
            "rect", x=x, y=y, width=_CELL_WIDTH, height=_CELL_HEIGHT, fill=fill, stroke="#ffffff", stroke_width=1.5
        ),
        words((share(value),), x + _CELL_WIDTH / 2, y + 18, anchor="middle", colour=ink),
        words(
            (f"{area.marks - area.studies} shared",), x + _CELL_WIDTH / 2, y + 32, size=9.5, anchor="middle", colour=ink
        ),
        class_="pair",
    )


def _diagonal(studies: int, x: float, y: float) -> Markup:
    text = f"{studies} {'study' if studies == 1 else 'studies'}"
    box = element(
        "rect",
        x=x + 1,
        y=y + 1,
        width=_CELL_WIDTH - 2,
        height=_CELL_HEIGHT - 2,
        fill="none",
        stroke=GREY,
        stroke_width=0.7,
    )
    return element("g", box, words((text,), x + _CELL_WIDTH / 2, y + 24, size=_SMALL, anchor="middle", colour=GREY))


def _pair_key(y: float) -> Iterator[Markup]:
    x = 0.0
    for name, bounds in (
        ("slight", "0-5"),
        ("moderate", "above 5-10"),
        ("high", "above 10-15"),
        ("very high", "above 15"),
    ):
        fill, _ = SHADES[name]
        text = f"{name} ({bounds.replace('-', '–')} %)"
        yield element("rect", x=x, y=y - 10, width=14, height=12, fill=fill, stroke=GREY, stroke_width=0.7)
        yield words((text,), x + 19, y, size=_SMALL)
        x += 36 + text_width(text, _SMALL)
    text = "Below the diagonal: all cells. Above it: without cells that were not possible."
    yield words((text,), 0, y + 22, size=_SMALL, colour=GREY)

"""How far published reviews rest on the same studies: citation matrix and corrected covered area.

Letters: N marks in the matrix, r rows (studies), c columns (reviews), X cells that could not hold a mark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

Band = Literal["slight", "moderate", "high", "very high"]

BANDS: tuple[tuple[float, Band], ...] = ((5.0, "slight"), (10.0, "moderate"), (15.0, "high"))
"""Upper bounds of the bands, in percent (Pieper 2014); what lies above the last is very high."""


@dataclass(frozen=True, slots=True)
class Area:
    """The overlap of some reviews, as counts.

    Attributes
    ----------
    marks, studies, reviews : N, r and c.
    impossible : X, cells without a mark whose study appeared after the review had searched.
    """

    marks: int
    studies: int
    reviews: int
    impossible: int = 0

    @property
    def covered(self) -> float | None:
        """Covered area N / (r c), in percent; None without cells."""
        cells = self.studies * self.reviews
        return 100 * self.marks / cells if cells else None

    @property
    def corrected(self) -> float | None:
        """Corrected covered area (N - r) / (r c - r), in percent; None for fewer than two reviews, or no study.

        References
        ----------
        Pieper D, Antoine SL, Mathes T, Neugebauer EA, Eikermann M. J Clin Epidemiol 2014;67:368-75.
        10.1016/j.jclinepi.2013.11.007
        """
        return self._share(0)

    @property
    def adjusted(self) -> float | None:
        """Corrected covered area without the impossible cells, (N - r) / (r c - r - X), in percent.

        References
        ----------
        Perez-Bracchiglione J, Meza N, Bangdiwala SI, et al. Res Synth Methods 2022;13:381-8. 10.1002/jrsm.1557
        """
        return self._share(self.impossible)

    def _share(self, impossible: int) -> float | None:
        room = self.studies * self.reviews - self.studies - impossible
        return 100 * (self.marks - self.studies) / room if room > 0 else None


@dataclass(frozen=True, slots=True)
class Matrix:
    """A citation matrix.

    Attributes
    ----------
    studies, reviews : names of the r rows and c columns, each once.
    marks : (row, column) where the review includes the study.
    impossible : (row, column) without a mark, where the study is younger than the review's search.
    """

    studies: tuple[str, ...]
    reviews: tuple[str, ...]
    marks: frozenset[tuple[int, int]]
    impossible: frozenset[tuple[int, int]] = frozenset()

    def area(self, columns: Iterable[int] | None = None) -> Area:
        """Return the overlap of the reviews in `columns` (by default all), over the studies that they include."""
        kept = set(range(len(self.reviews)) if columns is None else columns)
        marks = [mark for mark in self.marks if mark[1] in kept]
        rows = {row for row, _ in marks}
        gaps = [cell for cell in self.impossible if cell[1] in kept and cell[0] in rows]
        return Area(len(marks), len(rows), len(kept), len(gaps))

    def pairs(self) -> tuple[tuple[int, int, Area], ...]:
        """Return (column, later column, overlap) for each two reviews."""
        return tuple((one, two, self.area((one, two))) for one, two in combinations(range(len(self.reviews)), 2))


def matrix(
    inclusions: Iterable[tuple[str, str]],
    *,
    study_years: dict[str, int] | None = None,
    review_years: dict[str, int] | None = None,
) -> Matrix:
    """Arrange inclusions as a citation matrix.

    Parameters
    ----------
    inclusions : (review, study). A pair that comes twice counts once: an overlap of studies, not of reports, is meant.
    study_years : year in which a study was published, as far as known.
    review_years : last year from which a review could know studies, as far as known.

    Returns
    -------
    Reviews in the order of their first mark; studies by falling number of reviews, then in the order of their first
    mark. A cell counts as impossible only when the study's year is later than the review's: within one year nobody can
    tell.
    """
    pairs = list(dict.fromkeys(inclusions))
    reviews = tuple(dict.fromkeys(review for review, _ in pairs))
    found = tuple(dict.fromkeys(study for _, study in pairs))
    times = {study: sum(study == other for _, other in pairs) for study in found}
    studies = tuple(sorted(found, key=lambda study: -times[study]))
    rows, columns = {name: row for row, name in enumerate(studies)}, {name: at for at, name in enumerate(reviews)}
    marks = frozenset((rows[study], columns[review]) for review, study in pairs)
    appeared, searched = study_years or {}, review_years or {}
    impossible = frozenset(
        (rows[study], columns[review])
        for study in studies
        for review in reviews
        if study in appeared
        and review in searched
        and appeared[study] > searched[review]
        and (rows[study], columns[review]) not in marks
    )
    return Matrix(studies, reviews, marks, impossible)


def band(cca: float) -> Band:
    """Return the band of a corrected covered area in percent: up to 5 slight, 10 moderate, 15 high, else very high.

    The published bands name whole percents (0-5, 6-10, 11-15); what lies between is taken to the next higher band.

    References
    ----------
    Pieper D, et al. J Clin Epidemiol 2014;67:368-75. 10.1016/j.jclinepi.2013.11.007
    """
    return next((name for bound, name in BANDS if cca <= bound), "very high")

"""Tables of a review as CSV, safe to open in a spreadsheet program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from stromata.model import DataPoint, Evidence, Study
from stromata.reporting.content import ReportContent

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""Letters with which a spreadsheet program begins to compute (the last four are their full-width forms)."""

_POINT_COLUMNS = (
    "id", "study", "arm", "outcome", "statistic", "value", "unit", "reference", "address", "locator", "quote", "note",
    "level", "derived", "extractor", "file", "line", "column",
)  # fmt: skip
_STUDY_COLUMNS = (
    "id", "title", "condition", "design", "year", "first_author", "journal", "country", "phase", "registry_ids",
    "n_enrolled", "followup_months", "population", "cohort", "links", "note",
)  # fmt: skip


def data_points_csv(content: ReportContent) -> str:
    """Return all data points as CSV, one row each, with their evidence.

    Text that a spreadsheet program would take for a formula begins with an apostrophe; numbers are written as they are.
    """
    return _csv(_POINT_COLUMNS, map(_point, content.tables.data_points))


def studies_csv(content: ReportContent) -> str:
    """Return all studies as CSV, one row each; several identifiers in a cell are parted by semicolons."""
    return _csv(_STUDY_COLUMNS, map(_study, content.tables.studies))


def guarded(text: str) -> str:
    """Return `text` with an apostrophe before it when a spreadsheet program would take it for a formula.

    References
    ----------
    OWASP, CSV Injection: cells that begin with ``= + - @``, a tab or a carriage return.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return buffer.getvalue()


def _number(value: float | None) -> float | None:
    """Return whole numbers as such, so that a count of 8 is not written as 8.0."""
    return int(value) if value is not None and value == int(value) else value


def _point(point: DataPoint) -> Sequence[str | float | None]:
    e: Evidence = point.evidence
    return (
        point.id, point.study, point.arm, point.outcome, point.statistic, _number(point.value), point.unit,
        e.reference, e.address, e.locator, e.quote, e.note, e.level, "yes" if e.derived else "no", e.extractor,
        e.file, e.line or None, e.column,
    )  # fmt: skip


def _study(study: Study) -> Sequence[str | float | None]:
    return (
        study.id, study.title, study.condition, study.design, study.year, study.first_author, study.journal,
        study.country, study.phase, "; ".join(study.registry_ids), study.n_enrolled, _number(study.followup_months),
        study.population, study.cohort, "; ".join(link.key for link in study.links), study.note,
    )  # fmt: skip

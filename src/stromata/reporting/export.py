"""Tables of a review as CSV, safe to open in a spreadsheet program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from stromata.model import DataPoint, Evidence, Judgement, Study
from stromata.reporting.appraisals import columns, level_of
from stromata.reporting.content import ReportContent
from stromata.reporting.evidence_map import evidence_cells
from stromata.reporting.lineage import library
from stromata.reporting.overlap_plot import overlap_of

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
_MAP_COLUMNS = (
    "disease", "route", "product", "tissue", "level", "studies", "people", "studies_without_number", "shared_patients",
    "which",
)  # fmt: skip
_APPRAISAL_COLUMNS = (
    "tool", "version", "study", "result", "domain", "domain_label", "level", "level_label", "proposed", "reason",
    "direction", "appraisers", "settled", "answers",
)  # fmt: skip


def data_points_csv(content: ReportContent) -> str:
    """Return all data points as CSV, one row each, with their evidence.

    Text that a spreadsheet program would take for a formula begins with an apostrophe; numbers are written as they are.
    """
    return _csv(_POINT_COLUMNS, map(_point, content.tables.data_points))


def studies_csv(content: ReportContent) -> str:
    """Return all studies as CSV, one row each; several identifiers in a cell are parted by semicolons."""
    return _csv(_STUDY_COLUMNS, map(_study, content.tables.studies))


def evidence_map_csv(content: ReportContent) -> str:
    """Return the evidence map as CSV: one row for each combination that holds a study."""
    rows = (
        (
            cell.disease, cell.route, cell.product, cell.tissue, cell.level, len(cell.studies), cell.people,
            cell.unknown, "yes" if cell.shared else "no", "; ".join(cell.studies),
        )
        for cell in evidence_cells(content)
    )  # fmt: skip
    return _csv(_MAP_COLUMNS, rows)


def appraisals_csv(content: ReportContent) -> str:
    """Return all appraisals as CSV: one row for each judgement, with the answers that it rests on.

    `level` is as the appraiser gave it, `level_label` the tool's word for it. Answers are written as
    ``question: answer`` and parted by semicolons; their support stands in the report.
    """
    return _csv(_APPRAISAL_COLUMNS, _judgements(content))


def overlap_csv(content: ReportContent) -> str:
    """Return the citation matrix as CSV: one row for each study and review, with what the cell holds.

    `cell` is ``included``, ``not possible`` (the study is younger than the review's search) or ``not included``. Fewer
    than two reviews give no rows.
    """
    found = overlap_of(content, library(content))
    rows: list[Sequence[str]] = []
    if found is not None:
        for row, study in enumerate(found.matrix.studies):
            for column, review in enumerate(found.matrix.reviews):
                here, label = (row, column), found.reviews[column]
                gap = "not possible" if here in found.matrix.impossible else "not included"
                rows.append((study, review, label, "included" if here in found.matrix.marks else gap))
    return _csv(("study", "review", "review_label", "cell"), rows)


def _judgements(content: ReportContent) -> Iterator[Sequence[str]]:
    for section in content.appraisals:
        domains = {question: domain for question, domain, _ in section.questions}
        for row in section.rows:
            item = row.appraisal
            given = {each.domain: each for each in item.judgements}
            for id_, _, label in columns(section):
                level = level_of(section, row, id_)
                answers = [each for each in item.answers if id_ in (each.question, domains.get(each.question))]
                own = next((each.answer for each in answers if each.question == id_), "")
                judgement = given.get(id_, Judgement(id_, own))
                yield (
                    section.id, section.version, item.study, item.result, id_, label, judgement.level,
                    level.label if level else "", judgement.proposed, judgement.reason, judgement.direction,
                    "; ".join(row.appraisers or (item.appraiser,)), "yes" if row.consensus else "no",
                    "; ".join(f"{each.question}: {each.answer}" for each in answers),
                )  # fmt: skip


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

"""Tables of a review as CSV, safe to open in a spreadsheet program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from stromata.model import DataPoint, Evidence, FindingsOutcome, FindingsRow, Interval, Judgement, RecordChecked, Study
from stromata.reporting.appraisals import columns, level_of
from stromata.reporting.checks import CELLS, cell_of, is_unsourced
from stromata.reporting.content import (
    FindingsSection,
    PanelSection,
    Ratings,
    ReportContent,
    RoundSection,
    StatementView,
    StudyChecks,
)
from stromata.reporting.evidence_map import evidence_cells
from stromata.reporting.findings import footnotes_of
from stromata.reporting.lineage import library
from stromata.reporting.overlap_plot import overlap_of
from stromata.reporting.panels import FEW, disagrees, hidden
from stromata.sheets import guarded

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

_STATEMENT_COLUMNS = (
    "panel", "simulated", "statement", "text", "state", "standing", "syntheses", "criteria", "needs_another_look",
    "what_changed", "looked_at_again", "votes_are_older", "last_round", "taken_out", "changed_on", "changed_how",
    "earlier_wording", "reason",
)  # fmt: skip
_VOTE_COLUMNS = (
    "panel", "simulated", "round", "edition", "statement", "text", "n", "unable", *(f"rated_{n}" for n in range(1, 10)),
    "median", "p25", "p75", "iqr", "p30", "p70", "ipr", "ipras", "disagreement", "class", "agree_percent",
    "disagree_percent", "moved_percent", "rule", "consensus", "note",
)  # fmt: skip
_CHECK_COLUMNS = (
    "standard", "version", "study", "group", "item", "label", "severity", "status", "value", "limit", "note",
)  # fmt: skip
_RECORD_CHECK_COLUMNS = (
    "name", "standard", "version", "record", "record_sha256", "subject", "criterion", "stage", "severity", "status",
    "field", "label", "value", "limit", "rationale", "note", "source", "source_address", "statement",
)  # fmt: skip

_DOMAINS = (
    "risk-of-bias", "inconsistency", "indirectness", "imprecision", "publication-bias", "large-effect", "dose-response",
    "plausible-confounding",
)  # fmt: skip
_FINDINGS_COLUMNS = (
    "table", "synthesis", "outcome", "timeframe", "importance", "measure", "effect", "effect_low", "effect_high", "per",
    "without", "without_from", "with", "with_low", "with_high", "difference", "difference_low", "difference_high",
    "instrument", "unit", "units", "units_low", "units_high", "important", "multiples", "multiples_low",
    "multiples_high", "participants", "studies", "start", "certainty", *_DOMAINS, "footnotes", "comment", "changed",
    "missing",
)  # fmt: skip
_PER = 1000
"""People that the risks of single arms are told for."""


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


def statements_csv(content: ReportContent) -> str:
    """Return the statements of all panels as CSV, one row each, with where they stand and what has changed since.

    `reason` and the three columns before it are about the last change of the statement itself after a round.
    """
    return _csv(_STATEMENT_COLUMNS, (_statement(panel, each) for panel in content.panels for each in panel.statements))


def votes_csv(content: ReportContent) -> str:
    """Return the ratings of all closed rounds that count as CSV: one row for each round and statement, without names.

    Where so few people rated that the numbers would tell who voted what, they are left empty and `note` says so.
    `moved_percent` is empty, too, where one or two people rated in one of two rounds only.
    """
    return _csv(
        _VOTE_COLUMNS,
        (_ratings(panel, held, each) for panel in content.panels for held in panel.rounds for each in held.ratings),
    )


def checks_csv(sections: Iterable[StudyChecks]) -> str:
    """Return what the studies report as CSV: one row for each study and item.

    `status` is ``reported``, ``reported, but not as asked``, ``not reported``, ``not looked for: ...`` or ``does not
    apply ...``, as in the report.
    """
    return _csv(_CHECK_COLUMNS, _checks(sections))


def record_checks_csv(checks: Iterable[RecordChecked]) -> str:
    """Return the kept checks of records as CSV: one row for each criterion of each.

    `status` is ``met``, ``not-met``, ``not-reported``, ``unsourced`` (stated, and no source gives a limit) or
    ``not-applicable``. `record_sha256` tells which file it was.
    """
    return _csv(_RECORD_CHECK_COLUMNS, _record_checks(checks))


def _record_checks(checks: Iterable[RecordChecked]) -> Iterator[Sequence[str]]:
    for kept in checks:
        report = kept.report
        known = (kept.name, report.standard, report.version, report.record, report.record_sha256)
        for each in report.results:
            yield (
                *known, "; ".join(report.subject), each.criterion, each.stage, each.severity,
                "unsourced" if is_unsourced(each) else each.status, each.field, each.label, each.shown,
                each.limit_shown, each.rationale, each.note, each.source.title if each.source else "",
                (each.source.doi or each.source.url) if each.source else "", each.statement,
            )  # fmt: skip


def _statement(panel: PanelSection, view: StatementView) -> Sequence[str | float | None]:
    kept, statement, last = view.kept, view.kept.statement, view.last
    few = last is not None and hidden(last) == FEW
    change = view.changes[-1] if view.changes else None
    return (
        panel.plan.id, _yes(panel.plan.simulated), statement.id, statement.text, view.state,
        "" if few else view.standing, "; ".join(statement.syntheses), "; ".join(statement.criteria),
        _yes(bool(view.flags) and view.state != "dropped"), " ".join(view.flags), kept.reviewed,
        _yes(view.votes_are_older),
        last.appropriateness.round if last else None, kept.dropped,
        *((change.at[:10], change.what, change.before, change.reason) if change else ("", "", "", "")),
    )  # fmt: skip


def _ratings(panel: PanelSection, held: RoundSection, each: Ratings) -> Sequence[str | float | None]:
    a, note = each.appropriateness, hidden(each)
    split = disagrees(panel, a)
    numbers: Sequence[str | float | None] = (
        *(each.counts or (None,) * 9), a.median, a.p25, a.p75, a.iqr, a.p30, a.p70, a.ipr, a.ipras,
        None if split is None else _yes(split), a.appropriateness, each.verdict.agree,
        each.verdict.disagree, each.moved, each.verdict.rule, each.verdict.outcome,
    )  # fmt: skip
    return (
        panel.plan.id, _yes(panel.plan.simulated), held.round.number, held.round.edition, each.statement, each.text,
        *((None, None) if note == FEW else (a.n, a.unable)),
        *((None,) * len(numbers) if note else map(_rounded, numbers)), note,
    )  # fmt: skip


def _checks(sections: Iterable[StudyChecks]) -> Iterator[Sequence[str]]:
    said = {letter: text for letter, _, text in CELLS}
    for section in sections:
        member = dict(section.member)
        for report in section.reports:
            for check in report.results:
                yield (
                    section.standard.id, section.standard.version, report.record, member.get(check.criterion, ""),
                    check.criterion, check.label, check.severity, said[cell_of(section, check)], check.shown,
                    check.limit_shown, check.note,
                )  # fmt: skip


def _yes(fact: bool) -> str:  # noqa: FBT001 - a fact, and no switch
    return "yes" if fact else "no"


def _rounded(value: str | float | None) -> str | float | None:
    """Return numbers with six decimals at most: what is beyond is arithmetic and no vote."""
    return _number(round(value, 6)) if isinstance(value, float) else value


def findings_csv(sections: Iterable[FindingsSection]) -> str:
    """Return the summaries of findings as CSV: one row for each outcome, and for each that is planned and missing.

    `effect` is on the natural scale. `without` and `with` are people of `per`, `difference` the second less the first;
    `units` is a difference in the units of an instrument, `multiples` the same in multiples of `important`. The eight
    domains hold the level that was decided, `start` and `certainty` the levels at both ends.
    """
    return _csv(
        _FINDINGS_COLUMNS,
        ([cells.get(name) for name in _FINDINGS_COLUMNS] for section in sections for cells in _findings(section)),
    )


def _findings(section: FindingsSection) -> Iterator[dict[str, str | float | None]]:
    """Yield the cells of each row by column; what is not named is empty."""
    planned = {each.synthesis: each for each in section.table.outcomes}
    notes = footnotes_of(section)
    for row in section.rows:
        plan, judgement = planned.get(row.outcome), row.certainty
        yield {
            "table": section.table.id,
            "synthesis": row.outcome,
            "outcome": row.label,
            "timeframe": row.timeframe,
            "importance": row.importance,
            "measure": row.measure,
            **_ends("effect", row.relative),
            **_people_of(row),
            "without_from": _risk_from(plan) if row.absolute is not None else "",
            **_units(row),
            "participants": row.participants,
            "studies": row.studies,
            "start": judgement.start,
            "certainty": judgement.level,
            **{each.domain: each.level for each in judgement.domains},
            "footnotes": " ".join(f"{notes.index(note) + 1}. {note}" for note in judgement.footnotes),
            "comment": row.comment,
            "changed": " ".join(text for name, text in section.changed if name == row.outcome),
        }
    for label, why in section.missing:
        yield {"table": section.table.id, "outcome": label, "missing": why}


def _risk_from(plan: FindingsOutcome | None) -> str:
    if plan is None or plan.assumed_risk is None:
        return "all comparators together"
    return plan.assumed_reason


def _people_of(row: FindingsRow) -> dict[str, str | float | None]:
    if row.absolute is not None:
        each = row.absolute
        ends = _ends("with", each.intervention) | _ends("difference", each.difference)
        return {"per": each.per, "without": _number(each.comparator), **ends}
    if row.proportion is None:
        return {}
    return {"per": _PER, **_ends("with", row.proportion, times=_PER)}


def _units(row: FindingsRow) -> dict[str, str | float | None]:
    each = row.continuous
    if each is None:
        return {}
    multiples = _ends("multiples", each.multiples) if each.multiples is not None else {}
    named = {"instrument": each.instrument, "unit": each.unit, "important": _number(each.important)}
    return named | _ends("units", each.difference) | multiples


def _ends(name: str, interval: Interval, *, times: float = 1.0) -> dict[str, str | float | None]:
    """Return estimate and bounds as three cells."""
    ends = (("", interval.estimate), ("_low", interval.ci_low), ("_high", interval.ci_high))
    return {name + end: None if value is None else _number(times * value) for end, value in ends}


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

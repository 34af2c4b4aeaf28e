"""A table of patients scored row by row. Rows in are rows out; a bad cell costs what rests on it and nothing else.

Layouts: one assessment a row; several in columns (``baseline_PASI``, ``week12_PASI``); or one a row with a column
`visit` that names it, several rows a patient. Nothing is imputed: a missing value leaves its total open and is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stromata.clinical.instruments.catalogue import Instrument
from stromata.clinical.instruments.columns import (
    BASELINE,
    SHARED,
    Layout,
    Plan,
    plan_columns,
    read_cells,
    read_text,
    row_visit,
)
from stromata.clinical.instruments.responses import Response, Verdict, Visits, judge
from stromata.clinical.instruments.scores import (
    Fault,
    Given,
    Score,
    Value,
    about_name,
    evaluate,
    is_missing,
    resolve,
    take,
)
from stromata.model import Caution, Problem

REASONS = {
    "missing": "a component is missing",
    "no-values": "nothing was given at a visit",
    "out-of-range": "a value is out of range",
    "not-a-number": "a value is not a number",
    "not-a-step": "a value lies between the allowed steps",
    "not-yes-or-no": "a value is neither yes nor no",
    "not-a-choice": "a value is none of the choices",
    "unknown-item": "a list holds an unknown item",
    "do-not-agree": "two forms of one component do not agree",
    "totals-differ": "the total given is not the one that the components make",
    "no-baseline": "the patient has no baseline",
    "two-baselines": "the patient has several baselines",
    "visit-twice": "the patient has this visit twice",
    "patient-twice": "the patient has several rows",
    "no-patient": "the row names no patient",
    "no-visit": "the row names no visit",
    "row-too-long": "the row has more cells than columns",
    "broken-row": "the row is not CSV",
}
"""Why a row could not be used, by the code of its problem."""

_DUPLICATE = frozenset({"patient-twice", "visit-twice"})
"""Problems of rows that count in no summary until one of them is left."""


@dataclass(frozen=True, slots=True)
class VisitScore:
    """One assessment: its score, and the response where it follows a baseline. `visit` is empty if it has no name."""

    visit: str
    score: Score
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One row of the table: its visits, baseline first, and the columns that were not used, as they stood."""

    line: int
    patient: str
    visits: tuple[VisitScore, ...]
    kept: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """Responders among the rows that could be judged at one visit; rows that repeat a patient or a visit are left out.

    `undetermined` rows are in neither number; `reasons` says why, with the number of rows each.
    """

    id: str
    label: str
    visit: str
    responders: int
    judged: int
    undetermined: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of the table.

    Attributes
    ----------
    rows, usable : rows, and rows without a problem.
    unusable : (why, rows), the most frequent first; a row with several problems counts for each.
    """

    rows: int
    usable: int
    criteria: tuple[CriterionCount, ...]
    unusable: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ScoredTable:
    """A scored table.

    Attributes
    ----------
    rows : as many as the table has, in its order.
    columns : (heading, visit, component) of each column that was used; `unused` : headings of the others.
    """

    instrument: str
    layout: Layout
    rows: tuple[ScoredRow, ...]
    problems: tuple[Problem, ...]
    summary: Summary
    columns: tuple[tuple[str, str, str], ...]
    unused: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """One row while it is scored."""

    line: int
    patient: str
    assessments: tuple[tuple[str, Score, Mapping[str, Value]], ...]
    kept: tuple[tuple[str, str], ...]


def score_table(
    instrument: Given, source: Path | bytes | str, *, constants: Mapping[str, str] | None = None
) -> ScoredTable:
    r"""Score a table of patients with one instrument.

    Parameters
    ----------
    instrument : an instrument, or its id or alias.
    source : a file, or the table itself as bytes or text. CSV with comma, semicolon or tab; UTF-8, UTF-16 with a
        byte order mark, or GB18030.
    constants : components that are the same for every patient and have no column, such as ``{"age_years": "30"}``.

    Raises
    ------
    NotFound
        No such instrument or file.
    Unreadable
        The file is not text, holds no rows, or has one heading twice.
    InvalidInput
        No column belongs to the instrument, or a component has no column at all; the message names what is wanted.

    Examples
    --------
    >>> table = score_table("PASI", "patient,baseline_PASI,week12_PASI\n1,20,4\n")
    >>> count = table.summary.criteria[1]
    >>> count.id, count.visit, count.responders, count.judged
    ('PASI75', 'week12', 1, 1)
    """
    item = resolve(instrument)
    text, encoded = read_text(source)
    header, body, broken = read_cells(text, item)
    plan = plan_columns(item, header, body, tuple((constants or {}).items()))
    problems: list[Problem] = list(broken)
    read = [_row(plan, header, line, cells, problems) for line, cells in body]
    read += [_Read(problem.line, "", (), ()) for problem in broken]
    read.sort(key=lambda row: row.line)
    rows = tuple(_by_rows(plan, read, problems) if plan.layout == "rows" else _by_columns(plan, read, problems))
    problems.sort(key=lambda problem: problem.line)
    columns = tuple((column.heading, column.visit, column.component) for column in plan.columns)
    unused = tuple(name for place, name in enumerate(header) if name and place not in plan.used)
    summary = _summary(item, rows, problems)
    cautions = (*encoded, *about_name(item, instrument), *_table_cautions(plan, rows))
    return ScoredTable(item.id, plan.layout, rows, tuple(problems), summary, columns, unused, cautions)


# Rows


def _row(plan: Plan, header: list[str], line: int, cells: list[str], problems: list[Problem]) -> _Read:
    patient = cells[plan.patient] if plan.patient is not None and plan.patient < len(cells) else ""
    if len(cells) > len(header) and any(cells[len(header) :]):
        text = f"the row has {len(cells)} cells and the table {len(header)} columns, so they cannot be told apart"
        hint = "A decimal comma needs quotation marks around it, or semicolons between the cells."
        problems.append(Problem(line, "row-too-long", text, hint))
        return _Read(line, patient, (), tuple((f"cell {place + 1}", cell) for place, cell in enumerate(cells)))
    cells = cells + [""] * (len(header) - len(cells))
    kept = tuple((name, cells[place]) for place, name in enumerate(header) if place not in plan.used)
    visits = (row_visit(plan, header, cells),) if plan.layout == "rows" else plan.visits
    if plan.layout == "rows":
        problems += _nameless(plan, header, line, patient, visits[0])
    found = tuple((visit, *_assessment(plan, visit, line, cells, problems)) for visit in visits)
    return _Read(line, patient, found, kept)


def _nameless(plan: Plan, header: list[str], line: int, patient: str, visit: str) -> Iterator[Problem]:
    if not patient:
        yield Problem(line, "no-patient", "the row names no patient", "Fill the cell.", header[plan.patient or 0])
    if not visit:
        yield Problem(
            line, "no-visit", "the row names no visit", "Write baseline, or week 12.", header[plan.visit or 0]
        )


def _assessment(
    plan: Plan, visit: str, line: int, cells: list[str], problems: list[Problem]
) -> tuple[Score, Mapping[str, Value]]:
    """Return the score of one visit in a row, and all that is known of it by component."""
    ours = [column for column in plan.columns if column.visit == visit or not column.visit or plan.layout == "rows"]
    headings = {column.component: column.heading for column in ours}
    values: dict[str, object] = {column.component: cells[column.place] for column in ours}
    at = f" at {visit}" if visit else ""
    if all(is_missing(value) for id_, value in values.items() if id_ not in SHARED):
        text, hint = f"nothing is given{at}", "The row counts as not judged, never as no response."
        problems.append(Problem(line, "no-values", text, hint, ours[0].heading if len(ours) == 1 else ""))
        return Score(plan.item.id, (), None), {}
    values |= dict(plan.constants)
    if plan.item.computes == "response":
        read, _, faults = take(plan.item, values)
        given = tuple((part.id, read[part.id]) for part in plan.item.components if part.id in read)
        found = Score(plan.item.id, given, None)
    else:
        found, faults = evaluate(plan.item, values)
        read = dict(found.components) | dict(found.derived)
    problems += _problems(faults, headings, line, at)
    return found, read


def _problems(faults: Iterable[Fault], headings: Mapping[str, str], line: int, at: str) -> Iterator[Problem]:
    """Return a problem for each fault, the missing components together."""
    absent = []
    for fault in faults:
        if fault.code == "missing":
            absent.append(fault)
            continue
        heading = headings.get(fault.component, "")
        text = fault.text.replace(fault.component, heading, 1) if heading else fault.text + at
        yield Problem(line, fault.code, text, fault.hint, heading)
    if absent:
        names = [headings.get(fault.component, fault.text) for fault in absent]
        column = headings.get(absent[0].component, "") if len(absent) == 1 else ""
        yield Problem(line, "missing", f"missing{at}: {', '.join(names)}", absent[0].hint, column)


def _by_columns(plan: Plan, read: list[_Read], problems: list[Problem]) -> Iterator[ScoredRow]:
    times = Counter(row.patient for row in read if row.patient)
    for row in read:
        if times[row.patient] > 1:
            text = f"patient {row.patient} has {times[row.patient]} rows, and none of them is counted"
            hint = "Keep one of them; several visits need a column that names the visit."
            problems.append(Problem(row.line, "patient-twice", text, hint))
        known = {visit: (found, values) for visit, found, values in row.assessments}
        before = known.get(BASELINE)
        visits = tuple(
            VisitScore(visit, found, _response(plan, visit, before, (found, values)))
            for visit, found, values in row.assessments
        )
        yield ScoredRow(row.line, row.patient, visits, row.kept)


Known = tuple[Score, Mapping[str, Value]]


def _response(plan: Plan, visit: str, before: Known | None, after: Known) -> Response | None:
    """Return the response; None at the baseline, and where there is but one assessment of a score."""
    alone = not visit and plan.item.computes == "total" and not plan.item.measures_change
    if visit == BASELINE or alone:
        return None
    first, values = before if before is not None else (None, {})
    return judge(plan.item, Visits(first.total if first else None, after[0].total, values, after[1]))


def _by_rows(plan: Plan, read: list[_Read], problems: list[Problem]) -> Iterator[ScoredRow]:
    """Return the rows, each follow-up compared with its patient's baseline."""
    seen = Counter((row.patient, row.assessments[0][0]) for row in read if row.assessments)
    first = {
        row.patient: row.assessments[0][1:] for row in read if row.assessments and row.assessments[0][0] == BASELINE
    }
    for row in read:
        if not row.assessments:
            yield ScoredRow(row.line, row.patient, (), row.kept)
            continue
        ((visit, found, values),) = row.assessments
        baselines = seen[row.patient, BASELINE]
        problems += _unclear(plan, row, visit, seen[row.patient, visit], baselines)
        usable = bool(row.patient) and baselines == 1
        before = first.get(row.patient) if usable else None
        response = _response(plan, visit or "?", before, (found, values))
        yield ScoredRow(row.line, row.patient, (VisitScore(visit, found, response),), row.kept)


def _unclear(plan: Plan, row: _Read, visit: str, times: int, baselines: int) -> Iterator[Problem]:
    if not row.patient:
        return
    if times > 1:
        code = "two-baselines" if visit == BASELINE else "visit-twice"
        text = f"patient {row.patient} has {times} rows of {visit or 'no visit'}, and none of them is counted"
        yield Problem(row.line, code, text, "Keep one of them.")
    needs = plan.item.computes == "total" and not plan.item.measures_change
    needs = needs or any(part.at == "both" for part in plan.item.components)
    if visit != BASELINE and baselines == 0 and needs:
        text = f"patient {row.patient} has no row of the baseline"
        yield Problem(row.line, "no-baseline", text, "Name the visit before treatment baseline.")


# The whole


def _summary(item: Instrument, rows: tuple[ScoredRow, ...], problems: list[Problem]) -> Summary:
    repeated = {problem.line for problem in problems if problem.code in _DUPLICATE}
    verdicts: dict[str, list[Verdict]] = {}
    for row in rows:
        for visit in row.visits:
            if visit.response is not None and row.line not in repeated:
                verdicts.setdefault(visit.visit, []).extend(visit.response.criteria)
    counts = []
    for name, found in verdicts.items():
        for one in item.criteria:
            ours = [verdict for verdict in found if verdict.id == one.id]
            judged = [verdict.met for verdict in ours if verdict.met is not None]
            why = Counter(verdict.why for verdict in ours if verdict.met is None)
            counts.append(
                CriterionCount(
                    one.id, one.label, name, sum(judged), len(judged), sum(why.values()), tuple(why.most_common())
                )
            )
    bad = {(problem.code, problem.line) for problem in problems}
    reasons = Counter(code for code, _ in bad)
    lines = {line for _, line in bad}
    return Summary(
        len(rows),
        sum(row.line not in lines for row in rows),
        tuple(counts),
        tuple((REASONS.get(code, code), count) for code, count in reasons.most_common()),
    )


def _table_cautions(plan: Plan, rows: tuple[ScoredRow, ...]) -> Iterator[Caution]:
    names = {visit.visit for row in rows for visit in row.visits if visit.visit}
    if names and BASELINE not in names and not plan.item.measures_change and plan.item.computes == "total":
        text = f"No visit is called baseline ({', '.join(sorted(names))}), so no change was worked out."
        yield Caution("no-baseline", text)
    if plan.item.missing:
        yield from (Caution("partial-instrument", text) for text in plan.item.missing if plan.item.status == "partial")

"""A patient table: its cells, and what its columns mean for an instrument: which component, at which visit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stromata import disk
from stromata.clinical.instruments.catalogue import Instrument, words
from stromata.clinical.instruments.scores import TOTAL, find_component, take, wanting
from stromata.errors import InvalidInput, StoreError, Unreadable
from stromata.model import Caution, Problem
from stromata.sheets import decode, read_rows

Layout = Literal["single", "columns", "rows"]
"""One assessment a patient; several in columns; several in rows with a column that names the visit."""

BASELINE = "baseline"

_PATIENT = frozenset({
    *("patient", "patientid", "patientno", "patientnumber", "patientcode", "id", "subject", "subjectid", "subjid"),
    *("usubjid", "participant", "participantid", "case", "caseid", "caseno", "pid", "recordid", "studyid"),
    *("no", "nr", "number", "序号"),
    *("患者", "病人", "编号", "患者编号", "病例号", "受试者", "受试者编号"),
})  # fmt: skip
_VISIT = frozenset({"visit", "visitname", "timepoint", "time", "assessment", "访视", "时间点", "时间"})
_BEFORE = frozenset({"baseline", "base", "bl", "pre", "before", "pretreatment", "基线", "治疗前"})
_AFTER = frozenset(
    {"followup", "fu", "post", "posttreatment", "after", "end", "final", "last", "eot", "随访", "治疗后"}
)
_FILLERS = frozenset({"at", "in", "of", "on", "the", "第"})
_UNITS = {
    **dict.fromkeys(("week", "weeks", "wk", "wks", "w", "周"), "week"),
    **dict.fromkeys(("month", "months", "mo", "m", "个月", "月"), "month"),
    **dict.fromkeys(("day", "days", "d", "天"), "day"),
    **dict.fromkeys(("year", "years", "yr", "y", "年"), "year"),
    **dict.fromkeys(("visit", "v", "t", "访视"), "visit"),
}
SHARED = frozenset({"age_years"})
"""Components of the patient, not of the visit: one column may serve all visits."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is used: where it stands, and which component it holds; `visit` is empty if it names none."""

    place: int
    heading: str
    visit: str
    component: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How the columns are read."""

    item: Instrument
    layout: Layout
    columns: tuple[Column, ...]
    visits: tuple[str, ...]
    patient: int | None
    visit: int | None
    constants: tuple[tuple[str, str], ...]

    @property
    def used(self) -> frozenset[int | None]:
        """Places of the columns that are read."""
        return frozenset({*(column.place for column in self.columns), self.patient, self.visit})


# Cells


def read_text(source: Path | bytes | str) -> tuple[str, tuple[Caution, ...]]:
    """Return the text of a table given as file, bytes or text, and a caution where it is not UTF-8.

    Errors as `score_table`.
    """
    if isinstance(source, str):
        return source.removeprefix("\ufeff"), ()
    data = source if isinstance(source, bytes) else disk.content(source, failed=StoreError)
    text, problems = decode(data)
    for problem in problems:
        if not problem.is_remark:
            raise Unreadable(
                f"the table is not UTF-8 text (line {problem.line}), nor UTF-16 or GB18030", hint=problem.hint
            )
    return text, tuple(Caution(problem.code, f"{problem.text[:1].upper()}{problem.text[1:]}.") for problem in problems)


Line = tuple[int, list[str]]


def read_cells(text: str, item: Instrument) -> tuple[list[str], list[Line], list[Problem]]:
    """Return the headings, the rows with their lines, and a problem for each stretch that is not CSV."""
    table = read_rows(text, lambda parts: _likeness(parts, item), persistent=True)
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in table.rows]
    problems = list(table.problems)
    if not rows:
        raise Unreadable("the table is empty", hint="The first line names the columns; each further line is a row.")
    if problems and problems[0].line < rows[0][0]:
        raise Unreadable(f"the line of headings cannot be split: {problems[0].text}", hint=problems[0].hint)
    header = rows[0][1]
    twice = [name for name, count in Counter(name.lower() for name in header if name).items() if count > 1]
    if twice:
        raise Unreadable(f"several columns are called {', '.join(twice)}", hint="Give each column a name of its own.")
    if len(rows) == 1 and not problems:
        raise Unreadable(
            "the table holds no rows", hint="The first line names the columns; each further line is a row."
        )
    return header, rows[1:], problems


def _likeness(parts: list[str], item: Instrument) -> tuple[int, int]:
    names = [part.strip().strip('"') for part in parts]
    return sum(_meaning(item, name) is not None or _is_patient(name) for name in names), len(names)


def _is_patient(heading: str) -> bool:
    return "".join(words(heading)) in _PATIENT


# Columns


def visit_name(text: str) -> str | None:
    """Return the name of a visit as it is compared, ``baseline`` for week 0; None if the text names none.

    >>> visit_name("Wk 12"), visit_name("pre"), visit_name("12 months"), visit_name("PASI")
    ('week12', 'baseline', 'month12', None)
    """
    return _visit(words(text))


def _visit(parts: tuple[str, ...]) -> str | None:
    parts = tuple(part for part in parts if part not in _FILLERS)
    joined = "".join(parts)
    if joined in _BEFORE:
        return BASELINE
    if joined in _AFTER:
        return "followup"
    number = next((part for part in parts if part.isdigit()), None)
    if number is None:
        return None
    unit = "".join(part for part in parts if part is not number and part not in {"after", "post"})
    if unit in _AFTER or not unit:
        return f"followup{int(number)}" if len(parts) > 1 else None
    if unit not in _UNITS:
        return None
    return BASELINE if int(number) == 0 else f"{_UNITS[unit]}{int(number)}"


def _meaning(item: Instrument, heading: str) -> tuple[str, str] | None:
    """Return (visit, component) of a heading; the visit is empty if none is named, None if it is no component."""
    found = find_component(item, heading)
    if found is not None:
        return "", found
    parts = tuple(part for part in words(heading) if part not in _FILLERS)
    for size in range(min(3, len(parts)), 0, -1):
        for ours, rest in ((parts[:size], parts[size:]), (parts[-size:], parts[:-size])):
            visit = _visit(ours)
            if visit is None:
                continue
            inner = find_component(item, " ".join(rest)) if rest else TOTAL if item.computes == "total" else None
            if inner is not None:
                return visit, inner
    return None


def plan_columns(item: Instrument, header: list[str], body: list[Line], constants: tuple[tuple[str, str], ...]) -> Plan:
    """Return how the columns are read, or refuse a table in which every row would fail alike."""
    _check_constants(item, constants)
    patient = next((place for place, name in enumerate(header) if _is_patient(name)), None)
    visit = _visit_column(item, header, body, patient)
    columns = tuple(
        Column(place, name, *meaning)
        for place, name in enumerate(header)
        if name and place not in {patient, visit} and (meaning := _meaning(item, name)) is not None
    )
    if not columns:
        raise InvalidInput(
            f"no column belongs to {item.aliases[0]}; the table has {', '.join(filter(None, header))}",
            hint=f"Wanted are {_wanted(item)}. For several visits put baseline_, followup_ or week12_ before it.",
        )
    named = list(dict.fromkeys(column.visit for column in columns if column.visit))
    layout: Layout = "rows" if visit is not None else "columns" if named else "single"
    if layout == "rows" and named:
        raise InvalidInput(
            f"there is a column of visits, and other columns name visits too ({', '.join(named)})",
            hint="Use one of the two layouts.",
        )
    if layout == "rows" and patient is None:
        raise InvalidInput("there is a column of visits, but none that names the patient", hint="Add a column patient.")
    visits = tuple(sorted(named, key=lambda name: name != BASELINE)) if layout == "columns" else ("",)
    plan = Plan(item, layout, columns, visits, patient, visit, constants)
    _check_columns(plan, header)
    return plan


def _visit_column(item: Instrument, header: list[str], body: list[Line], patient: int | None) -> int | None:
    """Return the column that names visits.

    One that is called a week or a month counts only where a patient has several rows and no other column names a
    visit: it may hold a duration.
    """
    names = ["".join(words(name)) for name in header]
    found = next((place for place, name in enumerate(names) if name in _VISIT and place != patient), None)
    if found is not None or patient is None:
        return found
    ids = [cells[patient] for _, cells in body if patient < len(cells) and cells[patient]]
    wide = any(meaning[0] for name in header if (meaning := _meaning(item, name)) is not None)
    if wide or len(set(ids)) == len(ids):
        return None
    units = {"week", "month", "day"}
    return next((place for place, name in enumerate(names) if len(name) > 1 and _UNITS.get(name) in units), None)


def _wanted(item: Instrument) -> str:
    names = ", ".join(part.id for part in item.components)
    return f"{item.aliases[0]} (the total), or its components {names}" if item.computes == "total" else names


def _check_constants(item: Instrument, constants: tuple[tuple[str, str], ...]) -> None:
    _, total, faults = take(item, dict(constants))
    texts = [fault.text for fault in faults] + ["a total cannot be the same for all"] * (total is not None)
    if texts:
        raise InvalidInput(f"a value set for all rows: {'; '.join(texts)}", hint=" ".join(one.hint for one in faults))


def _check_columns(plan: Plan, header: list[str]) -> None:
    """Refuse a table in which a column is missing or not told apart: each of its rows would fail alike."""
    item = plan.item
    for visit in plan.visits:
        components = Counter(column.component for column in plan.columns if column.visit == visit)
        twice = [id_ for id_, count in components.items() if count > 1]
        if twice:
            names = [column.heading for column in plan.columns if column.component in twice and column.visit == visit]
            raise InvalidInput(f"{', '.join(names)} mean the same ({', '.join(twice)})", hint="Keep one of them.")
    fixed = {find_component(item, name) for name, _ in plan.constants}
    clash = [column.heading for column in plan.columns if column.component in fixed]
    if clash:
        raise InvalidInput(f"{', '.join(clash)} is a column, and a value for all rows too", hint="Keep one of them.")
    shared = SHARED if item.computes == "total" else frozenset(part.id for part in item.components)
    loose = [column.heading for column in plan.columns if not column.visit and column.component not in shared]
    if plan.layout == "columns" and loose:
        raise InvalidInput(
            f"{', '.join(loose)} names no visit, while other columns do ({', '.join(plan.visits)})",
            hint=f"Call it {BASELINE}_{loose[0]} if that is the visit.",
        )
    if item.computes == "response":
        _check_baseline(plan)
        return
    for visit in plan.visits:
        have = {column.component for column in plan.columns if column.visit in {visit, ""}} | (fixed - {None})
        lacking = [ways for _, ways in wanting(item, {name for name in have if name})]
        if TOTAL not in have and lacking and not item.formula.partial:
            at = f" at {visit}" if visit else ""
            raise InvalidInput(
                f"{item.aliases[0]} cannot be computed{at}: no column for {', '.join(lacking)}",
                hint=f"Add the columns, or set one value for all rows, or give the total.{_left(plan, header)}",
            )


def _left(plan: Plan, header: list[str]) -> str:
    left = [name for place, name in enumerate(header) if name and place not in plan.used]
    return f" Not understood: {', '.join(left)}; a unit may be missing from a name." if left else ""


def _check_baseline(plan: Plan) -> None:
    both = [part.id for part in plan.item.components if part.at == "both"]
    if both and plan.layout != "rows" and BASELINE not in plan.visits:
        raise InvalidInput(
            f"{plan.item.aliases[0]} compares two visits, and no column is of the baseline",
            hint=f"Wanted are columns such as {BASELINE}_{both[0]} and followup_{both[0]}.",
        )


def row_visit(plan: Plan, header: list[str], cells: list[str]) -> str:
    """Return the visit of a row; a bare number takes the heading for its unit."""
    place = plan.visit or 0
    cell, heading = cells[place], header[place]
    if cell.isdigit() and "".join(words(heading)) in _UNITS:
        cell = f"{heading} {cell}"
    return _visit(words(cell)) or cell.lower()

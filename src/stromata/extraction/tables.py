"""Read the study tables, and report every bad cell at once with file, line, column, value and what is allowed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar, cast

from stromata import disk
from stromata.errors import NotFound
from stromata.extraction.columns import STATISTIC_COLUMNS, TABLES, Column, Table
from stromata.extraction.sheet import Cell, Sheet, column_names, read_sheet, shortened
from stromata.model import (
    Arm,
    CellProduct,
    DataPoint,
    Design,
    Evidence,
    EvidenceLevel,
    Outcome,
    Problem,
    ProductClass,
    PublishedClaim,
    ReviewInclusion,
    ReviewProtocol,
    Study,
    StudyLink,
    StudyTables,
)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LINK_END = re.compile(r";(?:\s+|$)")
"""What stands between links: a semicolon alone may be part of an old DOI."""

_FORMULA_MARKS = ("=", "+", "-", "@")
"""First characters that make a spreadsheet program take a cell for a formula."""

_ORDERED = (
    ("min", "q1", "median", "q3", "max"),
    ("min", "mean", "max"),
    ("ci_low", "mean", "ci_high"),
    ("change_ci_low", "change_mean", "change_ci_high"),
    ("estimate_ci_low", "estimate", "estimate_ci_high"),
)
"""Columns whose values can only rise from left to right."""

_DECIMALS = 9
"""Decimals of a percentage that count: further ones come from a machine's arithmetic, not from print."""

_PRODUCT_COLUMNS = ("tissue", "donor", "passage", "preservation", "dose", "schedule", "route", "concomitant")
_Item = TypeVar("_Item", Arm, Outcome)


def read_tables(folder: Path | Sequence[Path], *, protocol: ReviewProtocol) -> tuple[StudyTables, tuple[Problem, ...]]:
    """Read studies, arms, outcomes, values and claims from CSV files.

    Parameters
    ----------
    folder : the folder that holds ``studies.csv``, ``arms.csv``, ``outcomes.csv``, ``data.csv`` and, if wished,
        ``claims.csv``; or the paths of those files. Their columns stand in `TABLES`.
    protocol : says which conditions, outcomes and plans there are.

    Returns
    -------
    StudyTables
        All rows without a fault, in the order of the files. In the tables arms and outcomes have short ids, each
        only once within its study; here the id of the study stands before them: ``study/arm``, ``study/outcome``.
        A data point's id is ``study/arm/outcome/statistic``; its evidence names file, line and column of its cell.
    tuple of Problem
        Every fault that was met, in the order of the files; each text begins with the file's name. A row with a
        faulty cell is left out, and so are the rows that rest on it.

    Raises
    ------
    NotFound
        There is no such folder or file.
    Unreadable
        A file cannot be opened.
    """
    paths, problems = _find(folder)
    tables, faults = _read({table.file: _grid(table, paths.get(table.file)) for table in TABLES}, protocol)
    return tables, (*problems, *faults)


def assemble(
    rows: Mapping[str, Sequence[Mapping[str, str]]], *, protocol: ReviewProtocol
) -> tuple[StudyTables, tuple[Problem, ...]]:
    """Build study tables from rows that are not in a file, under the same checks as `read_tables`.

    Parameters
    ----------
    rows : by the name of the table (``studies.csv``), the rows as column name -> text. The line of a fault is the
        number of its row, counted from 1; evidence of the values names no file.
    """
    grids = {}
    for table in TABLES:
        numbered = enumerate(rows.get(table.file, ()), start=1)
        cells = [{name: Cell(text, line) for name, text in row.items()} for line, row in numbered]
        grids[table.file] = _Grid(table, cells, from_file=False)
    return _read(grids, protocol)


def _read(grids: Mapping[str, _Grid], protocol: ReviewProtocol) -> tuple[StudyTables, tuple[Problem, ...]]:
    studies = _Studies.read(grids["studies.csv"], protocol)
    arms = _whole(_arms(grids["arms.csv"], studies), "part_of", grids["arms.csv"])
    outcomes = _whole(_outcomes(grids["outcomes.csv"], studies, protocol), "component_of", grids["outcomes.csv"])
    points = tuple(_points(grids["data.csv"], studies, arms, outcomes, protocol))
    claims = tuple(_claims(grids["claims.csv"], protocol))
    inclusions = tuple(_inclusions(grids["inclusions.csv"]))
    tables = StudyTables(
        tuple(studies.kept.values()), tuple(arms.values()), tuple(outcomes.values()), points, claims, inclusions
    )
    faults = (sorted(grids[table.file].problems, key=lambda problem: problem.line) for table in TABLES)
    return tables, tuple(problem for found in faults for problem in found)


# -- files ---------------------------------------------------------------------------------------------------------


def _find(folder: Path | Sequence[Path]) -> tuple[dict[str, Path], list[Problem]]:
    """Return the path of each table that is there, and problems for files that are missing or not tables."""
    names = [table.file for table in TABLES]
    problems: list[Problem] = []
    if isinstance(folder, Path):
        if not folder.is_dir():
            raise NotFound(f"there is no folder {folder}", hint=f"It should hold {', '.join(names)}.")
        paths = {name: folder / name for name in names if (folder / name).exists()}
    else:
        paths = {}
        for path in folder:
            if not path.exists():
                raise NotFound(f"there is no file {path}")
            if path.name in names:
                paths[path.name] = path
            else:
                text = f"{path.name}: this is not one of the study tables and was not read"
                problems.append(Problem(0, "unknown-table", text, f"The tables are {', '.join(names)}."))
    for table in TABLES:
        if table.file not in paths and not table.optional:
            text = f"{table.file}: the table is missing"
            problems.append(Problem(0, "missing-table", text, f"{table.text} Without rows, give its header alone."))
    return paths, problems


@dataclass(slots=True)
class _Grid:
    """The rows of one table under its column names, and the problems met so far."""

    table: Table
    rows: list[dict[str, Cell]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    from_file: bool = True

    def report(self, line: int, code: str, text: str, *, hint: str = "", column: str = "") -> None:
        self.problems.append(Problem(line, code, f"{self.table.file}: {text}", hint, column))


def _grid(table: Table, path: Path | None) -> _Grid:
    """Return the rows of one file; a file that is not there has none."""
    grid = _Grid(table)
    if path is None:
        return grid
    sheet = read_sheet(disk.content(path), names=frozenset(column.name for column in table.columns))
    for problem in sheet.problems:
        grid.report(problem.line, problem.code, problem.text, hint=problem.hint)
    if not sheet.header:
        if not sheet.problems:
            grid.report(0, "empty-table", "the file is empty", hint="Its first line should name the columns.")
        return grid
    names = _header(grid, sheet)
    if names is not None:
        for cells in sheet.rows:
            _add_row(grid, names, cells)
    return grid


def _header(grid: _Grid, sheet: Sheet) -> list[str] | None:
    """Return the name of each column, empty for one that is not read; None when a required column is missing."""
    names, problems = column_names(sheet.header, [column.name for column in grid.table.columns])
    for problem in problems:
        grid.report(problem.line, problem.code, problem.text, hint=problem.hint, column=problem.column)
    missing = [column for column in grid.table.columns if column.required and column.name not in names]
    for column in missing:
        text = f"column {column.name!r} is missing; no row of the table was read"
        grid.report(sheet.header[0].line, "missing-column", text, hint=column.text, column=column.name)
    return None if missing else names


def _add_row(grid: _Grid, names: list[str], cells: tuple[Cell, ...]) -> None:
    """Add one row to the grid if it has one cell per column."""
    extra = cells[len(names) :]
    if len(cells) < len(names) or any(cell.text for cell in extra):
        text = f"the row has {len(cells)} cells, the header has {len(names)}; the row was left out"
        hint = "A comma inside a cell needs quotation marks around the cell."
        grid.report(cells[0].line, "ragged-row", text, hint=hint)
        return
    row = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    nul = [name for name, cell in row.items() if "\0" in cell.text]
    for name in nul:
        grid.report(row[name].line, "nul-byte", "the cell holds a NUL byte; the row was left out", column=name)
    if not nul:
        grid.rows.append(row)


# -- cells ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    """One row, read column by column. `good` turns false with the first fault; each fault is reported once."""

    grid: _Grid
    cells: Mapping[str, Cell]
    columns: Mapping[str, Column]
    good: bool = True
    read: set[str] = field(default_factory=set)

    @property
    def line(self) -> int:
        return next(iter(self.cells.values())).line

    def fault(self, name: str, code: str, text: str, *, hint: str = "") -> None:
        """Report a fault in a column; the row will be left out."""
        self.good = False
        cell = self.cells.get(name)
        self.grid.report(cell.line if cell else self.line, code, text, hint=hint, column=name)

    def text(self, name: str) -> str:
        """Return the text of a cell; a required cell without any is a fault, a formula is reported and kept."""
        cell = self.cells.get(name)
        found = cell.text if cell else ""
        first = name not in self.read
        self.read.add(name)
        if first and not found and self.columns[name].required:
            self.fault(name, "missing-value", f"{name} is empty", hint=self.columns[name].text)
        if (
            first
            and self.grid.from_file
            and found.startswith(_FORMULA_MARKS)
            and len(found) > 1
            and not _NUMBER.fullmatch(found)
        ):
            text = f"{name} {_short(found)} looks like a formula; it was kept as text and not evaluated"
            hint = f"Let the text begin with another character than {' '.join(_FORMULA_MARKS)}."
            self.grid.report(cell.line if cell else self.line, "formula-cell", text, hint=hint, column=name)
        return found

    def name(self) -> str:
        """Return the id of the row's thing; ids of data points are joined with slashes, so it may hold none."""
        found = self.text("id")
        if "/" in found:
            self.fault("id", "bad-id", f"id is {_short(found)}; allowed: any text without a slash")
        return found

    def choice(self, name: str, *, allowed: Sequence[str] = (), code: str = "unknown-choice") -> str:
        """Return one of the allowed words, or an empty string."""
        found = self.text(name)
        words = allowed or self.columns[name].choices
        if found and found not in words:
            listed = ", ".join(words) or "none: the protocol names none"
            self.fault(name, code, f"{name} is {_short(found)}; allowed: {listed}")
        return found

    def flag(self, name: str) -> bool:
        found = self.text(name).lower()
        if found not in {"", "yes", "no", "true", "false", "1", "0"}:
            self.fault(name, "unknown-choice", f"{name} is {_short(found)}; allowed: yes, no")
        return found in {"yes", "true", "1"}

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in self.text(name).split(";") if item.strip())

    def number(self, name: str) -> float | None:
        """Return the number in a cell; None when the cell is empty or at fault."""
        column, cell = self.columns[name], self.cells.get(name)
        if cell is None or not cell.text:
            self.text(name)  # reports a required cell that is empty
            return None
        found = cell.text.replace("\u2212", "-")  # the typographic minus sign that word processors put in
        if not _NUMBER.fullmatch(found):
            hint = "Write digits with a full stop for decimals, no thousands separators, no unit, no sign but a minus."
            self.fault(name, "bad-number", f"{name} is {_short(cell.text)}, which is not a number", hint=hint)
            return None
        value = float(found)
        if column.kind == "integer" and not value.is_integer():
            self.fault(name, "bad-number", f"{name} is {cell.text}; allowed: a whole number")
            return None
        wrong = _limit(column, value)
        if wrong:
            self.fault(name, "impossible-value", f"{name} is {cell.text}; allowed: {wrong}")
            return None
        return value

    def integer(self, name: str) -> int | None:
        value = self.number(name)
        return None if value is None else int(value)

    def evidence(self, *, note: bool = False) -> Evidence:
        """Return where the row was read; `note` says that the note of this table belongs to the evidence."""
        return Evidence(
            reference=self.text("reference"),
            address=self.text("address"),
            locator=self.text("locator"),
            quote=self.text("quote"),
            note=self.text("note") if note else "",
            level=cast("EvidenceLevel", self.choice("level") or "unknown"),
            derived=self.flag("derived"),
            extractor=self.text("extractor"),
            file=self.grid.table.file if self.grid.from_file else "",
            line=self.line if self.grid.from_file else 0,
        )


def _limit(column: Column, value: float) -> str:
    """Return what a column allows if `value` is outside it, else an empty string."""
    if not abs(value) < float("inf"):
        return "a finite number"
    if column.above is not None and value <= column.above:
        return f"more than {column.above:g}"
    if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
        if column.high is None:
            return f"{column.low:g} or more"
        return f"{column.low:g} to {column.high:g}"
    return ""


def _short(text: str) -> str:
    """Return a value as it is shown in a message."""
    return repr(shortened(text))


def _rows(grid: _Grid) -> Iterator[_Row]:
    """Yield the rows of a table, ready to be read."""
    columns = {column.name: column for column in grid.table.columns}
    return (_Row(grid, cells, columns) for cells in grid.rows)


# -- tables --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Studies:
    """The studies without a fault, and the ids of those that were left out."""

    kept: dict[str, Study] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, grid: _Grid, protocol: ReviewProtocol) -> _Studies:
        """Read all studies."""
        self = cls()
        for row in _rows(grid):
            study = _study(row, protocol)
            if study.id in self.kept:
                row.fault("id", "duplicate-id", f"study {study.id!r} is there already; this row was left out")
            elif row.good:
                self.kept[study.id] = study
            else:
                self.dropped.add(study.id)
        self.dropped -= self.kept.keys()
        return self

    def check(self, row: _Row) -> str:
        """Return the study that a row belongs to; a fault if there is no such study."""
        name = row.text("study")
        if name and name not in self.kept:
            why = "was left out of studies.csv" if name in self.dropped else "is not in studies.csv"
            row.fault("study", "unknown-id", f"study {_short(name)} {why}", hint="Write its id exactly as there.")
        return name


def _study(row: _Row, protocol: ReviewProtocol) -> Study:
    """Return the study of one row; what cannot be read is empty, and the row not good."""
    return Study(
        id=row.name(),
        title=row.text("title"),
        condition=row.choice("condition", allowed=[item.id for item in protocol.conditions], code="unknown-id"),
        design=cast("Design", row.choice("design")),
        year=row.integer("year"),
        first_author=row.text("first_author"),
        journal=row.text("journal"),
        country=row.text("country"),
        phase=row.text("phase"),
        registry_ids=row.items("registry_ids"),
        n_enrolled=row.integer("n_enrolled"),
        followup_months=row.number("followup_months"),
        population=row.text("population") or "patients",
        cohort=row.text("cohort"),
        cohort_reason=row.text("cohort_reason"),
        links=tuple(_link(item) for item in _LINK_END.split(row.text("links")) if item.strip()),
        evidence=row.evidence(),
        note=row.text("note"),
    )


def _link(item: str) -> StudyLink:
    key, _, reason = item.partition("|")
    return StudyLink(key.strip(), reason.strip())


def _arms(grid: _Grid, studies: _Studies) -> Iterator[tuple[_Row, Arm]]:
    """Yield the arms that have no fault of their own."""
    for row in _rows(grid):
        study = studies.check(row)
        role, part_of = row.choice("role"), row.text("part_of")
        if role == "subgroup" and not part_of:
            row.fault("part_of", "missing-value", "part_of is empty", hint="A subgroup names the arm it is a part of.")
        elif part_of and role and role != "subgroup":
            row.fault("part_of", "unknown-choice", f"part_of is {_short(part_of)}; allowed: empty, for role {role}")
        arm = Arm(
            id=_full(study, row.name()),
            study=study,
            label=row.text("label"),
            role=cast('Literal["intervention", "comparator", "subgroup"]', role),
            part_of=_full(study, part_of),
            n=row.integer("n"),
            product=_product(row),
            treatment=row.text("treatment"),
            evidence=row.evidence(),
            note=row.text("note"),
        )
        if row.good:
            yield row, arm


def _product(row: _Row) -> CellProduct | None:
    """Return the cell product of an arm; None when no cells were given."""
    kind = row.choice("product_class")
    texts = {name: row.text(name) for name in _PRODUCT_COLUMNS}
    row.choice("donor")
    filled = [name for name, text in texts.items() if text]
    if not kind:
        if filled:
            words = ", ".join(row.columns["product_class"].choices)
            hint = f"One of {words}. For an arm without cells, write what it got under treatment."
            row.fault("product_class", "missing-value", f"product_class is empty, but {filled[0]} is not", hint=hint)
        return None
    return CellProduct(
        product_class=cast("ProductClass", kind),
        tissue=texts["tissue"],
        donor=cast('Literal["", "autologous", "allogeneic", "xenogeneic"]', texts["donor"]),
        passage=texts["passage"],
        preservation=texts["preservation"],
        dose=texts["dose"],
        schedule=texts["schedule"],
        route=texts["route"],
        concomitant=texts["concomitant"],
    )


def _outcomes(grid: _Grid, studies: _Studies, protocol: ReviewProtocol) -> Iterator[tuple[_Row, Outcome]]:
    """Yield the outcomes that have no fault of their own."""
    kinds = [outcome.id for outcome in protocol.outcomes]
    for row in _rows(grid):
        study = studies.check(row)
        outcome = Outcome(
            study=study,
            id=_full(study, row.name()),
            kind=row.choice("kind", allowed=kinds, code="unknown-id"),
            instrument=row.text("instrument"),
            definition=row.text("definition"),
            weeks=row.number("weeks"),
            counts=row.text("counts") or "patients",
            denominator=row.text("denominator") or "treated",
            component_of=_full(study, row.text("component_of")),
            exclude=row.text("exclude"),
            note=row.text("note"),
            criterion=row.text("criterion"),
        )
        if row.good:
            yield row, outcome


def _full(study: str, name: str) -> str:
    """Return the id by which an arm or outcome is known in the whole review; empty for an empty name."""
    return f"{study}/{name}" if name else ""


def _short_name(full: str) -> str:
    """Return the id by which an arm or outcome is known within its study."""
    return full.partition("/")[2]


def _whole(found: Iterator[tuple[_Row, _Item]], column: str, grid: _Grid) -> dict[str, _Item]:
    """Return arms or outcomes by id, without second ones and without parts of wholes that are not there."""
    kept: dict[str, _Item] = {}
    rows: dict[str, _Row] = {}
    for row, item in found:
        if item.id in kept:
            text = f"id {_short_name(item.id)!r} is in study {item.study!r} already; this row was left out"
            row.fault("id", "duplicate-id", text)
        else:
            kept[item.id], rows[item.id] = item, row
    while True:  # a part of a part falls with it
        orphans = [item for item in kept.values() if _is_orphan(item, column, kept)]
        if not orphans:
            return kept
        for item in orphans:
            del kept[item.id]
            whole = _short(_short_name(str(getattr(item, column))))
            text = f"{column} is {whole}; allowed: the id of another row of study {item.study!r} in {grid.table.file}"
            rows[item.id].fault(column, "unknown-id", text)


def _is_orphan(item: Arm | Outcome, column: str, kept: Mapping[str, object]) -> bool:
    whole = str(getattr(item, column))
    return bool(whole) and (whole == item.id or whole not in kept)


def _points(
    grid: _Grid,
    studies: _Studies,
    arms: Mapping[str, Arm],
    outcomes: Mapping[str, Outcome],
    protocol: ReviewProtocol,
) -> Iterator[DataPoint]:
    """Yield one data point for each value in a row without a fault."""
    counted = {outcome.id for outcome in protocol.outcomes if outcome.scale == "dichotomous"}
    seen: set[str] = set()
    held: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    printed: dict[tuple[str, str, str], str] = {}  # percentages as they are written, for their decimals
    named: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)  # units of times and printed estimates
    for row in _rows(grid):
        study, arm, outcome = studies.check(row), row.text("arm"), row.text("outcome")
        if study in studies.kept:
            _refer(row, "arm", study, arms, "arms.csv")
            _refer(row, "outcome", study, outcomes, "outcomes.csv")
        numbers = {name: row.number(name) for name in STATISTIC_COLUMNS}
        values = {name: value for name, value in numbers.items() if value is not None}
        if not values and row.good:
            text = f"the row holds no value; fill one of {', '.join(STATISTIC_COLUMNS)}"
            row.fault("study", "missing-value", text)
        together = held[study, arm, outcome]
        percent = row.text("percent") if "percent" in values else printed.get((study, arm, outcome), "")
        _check_values(row, together | values, outcomes.get(_full(study, outcome)), counted)
        _check_percent(row, together | values, percent, outcomes.get(_full(study, outcome)), counted)
        units = _units(row, values, named[study, arm, outcome])
        _check_estimates(row, together | values, units["estimate_scale"])
        ids = {name: f"{study}/{arm}/{outcome}/{STATISTIC_COLUMNS[name]}" for name in values}
        for name in values:
            if ids[name] in seen:
                row.fault(name, "duplicate-id", f"{name} of arm {arm!r}, outcome {outcome!r} was given on a line above")
        evidence = row.evidence(note=True)
        if not evidence.reference and not evidence.address:
            hint = "Say where the values were read: a DOI, PMID or registry number, or a web address."
            row.fault("reference", "missing-value", "reference and address are both empty", hint=hint)
        if not row.good:
            continue
        seen.update(ids.values())
        together |= values
        printed[study, arm, outcome] = percent
        named[study, arm, outcome] |= {name: unit for name, unit in units.items() if unit}
        for name, value in values.items():
            yield DataPoint(
                id=ids[name],
                study=study,
                arm=_full(study, arm),
                outcome=_full(study, outcome),
                statistic=STATISTIC_COLUMNS[name],
                value=value,
                unit=_unit(name, units),
                evidence=replace(evidence, line=row.cells[name].line, column=name) if grid.from_file else evidence,
            )


_UNIT_OF = {
    **dict.fromkeys(("events", "total", "correlation", "partial_correlation", "predictors", "estimate_p"), ""),
    "percent": "unit",
    "person_time": "person_time_unit",
    **dict.fromkeys(("estimate", "estimate_se", "estimate_ci_low", "estimate_ci_high"), "estimate_scale"),
}
"""Which column holds the unit of a value; none for counts and the like, ``unit`` for all that stand in no line here."""

_PER_CENT = frozenset({"percent", "estimate_level"})


def _units(row: _Row, values: Mapping[str, float], earlier: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of a row that say what its values are in; times and printed estimates need one."""
    units = {"unit": row.text("unit")}
    for column, name in (("person_time_unit", "person_time"), ("estimate_scale", "estimate")):
        found, before = row.choice(column), earlier.get(column, "")
        if found and before and found != before:
            row.fault(column, "unknown-choice", f"{column} is {found}; allowed: {before}, as on a line above")
        if name in values and not (found or before):
            row.fault(column, "missing-value", f"{column} is empty", hint=row.columns[column].text)
        units[column] = found or before
    return units


def _unit(name: str, units: Mapping[str, str]) -> str:
    """Return the unit of a value: counts have none, percentages one of their own unless the row says otherwise."""
    column = _UNIT_OF.get(name, "" if name in _PER_CENT else "unit")
    return (units[column] if column else "") or ("%" if name in _PER_CENT else "")


_RATIOS = frozenset({"HR", "OR", "RR", "IRR", "ratio"})
"""Scales on which nothing lies at or below 0."""


def _check_estimates(row: _Row, values: Mapping[str, float], scale: str) -> None:
    """Report a ratio, or a limit of one, that is not above 0: its logarithm was meant, or a difference."""
    if scale not in _RATIOS:
        return
    for name in ("estimate", "estimate_ci_low", "estimate_ci_high"):
        if name in values and values[name] <= 0:
            text = f"{name} is {values[name]:g}; allowed for {scale}: more than 0"
            row.fault(name, "impossible-value", text, hint=f"If it is a logarithm, write log {scale} as its scale.")


def _refer(row: _Row, column: str, study: str, there: Mapping[str, Arm | Outcome], file: str) -> None:
    """Report a reference to an arm or outcome that is not there."""
    name = row.text(column)
    if name and _full(study, name) not in there:
        names = ", ".join(_short_name(item.id) for item in there.values() if item.study == study) or "none"
        row.fault(
            column, "unknown-id", f"{column} {_short(name)} of study {study!r} is not in {file}; allowed: {names}"
        )


def _check_values(row: _Row, values: Mapping[str, float], outcome: Outcome | None, counted: set[str]) -> None:
    """Report values of one arm and outcome that cannot be true together, in whichever rows they stand."""
    events, total = values.get("events"), values.get("total")
    # Several events can befall one patient; nothing else that is counted can outnumber those counted among.
    several = outcome is not None and outcome.counts == "events"
    if events is not None and total is not None and events > total and not several:
        row.fault("events", "impossible-value", f"events is {events:g}; allowed: at most the total, {total:g}")
    percent = values.get("percent")
    if percent is not None and outcome is not None and outcome.kind in counted and not 0 <= percent <= 100:
        row.fault("percent", "impossible-value", f"percent is {percent:g}; allowed: 0 to 100")
    for names in _ORDERED:
        ordered = [(name, values[name]) for name in names if name in values]
        for (low_name, low), (high_name, high) in pairwise(ordered):
            if low > high:
                text = f"{high_name} is {high:g}; allowed: {low_name}, {low:g}, or more"
                row.fault(high_name, "impossible-value", text)


def _check_percent(
    row: _Row, values: Mapping[str, float], written: str, outcome: Outcome | None, counted: set[str]
) -> None:
    """Report a percentage that the count of the same arm and outcome does not give, however it was rounded.

    Rounded up, down or cut off, it is less than one unit of its last decimal away from the quotient.
    """
    events, total = values.get("events"), values.get("total")
    # The patients who had events may be fewer than the events.
    several = outcome is not None and outcome.counts == "events"
    if not written or events is None or not total or outcome is None or outcome.kind not in counted or several:
        return
    percent = Decimal(written.replace("\u2212", "-"))
    if events > total or not 0 <= percent <= 100:  # reported already
        return
    decimals = -min(int(percent.as_tuple().exponent), 0)
    unit = Fraction(1, 10 ** min(decimals, _DECIMALS))
    exact = Fraction(100 * int(events), int(total))
    if abs(Fraction(percent) - exact) >= unit:
        gives = f"{float(exact):.{min(decimals + 1, _DECIMALS)}f}"
        text = f"percent is {written}; allowed: what {events:g} of {total:g} gives, {gives}"
        hint = "If it counts among other people, give that outcome a row of its own in outcomes.csv."
        row.fault("percent", "impossible-value", text, hint=hint)


def _claims(grid: _Grid, protocol: ReviewProtocol) -> Iterator[PublishedClaim]:
    """Yield the claims without a fault."""
    seen: set[str] = set()
    conditions = [condition.id for condition in protocol.conditions]
    outcomes = [outcome.id for outcome in protocol.outcomes]
    plans = [plan.id for plan in protocol.plans]
    for row in _rows(grid):
        statistic = cast('Literal["percent", "events"]', row.choice("statistic"))
        value, total = row.number("value"), row.integer("total")
        claim = PublishedClaim(
            id=row.name(),
            review=row.text("review"),
            condition=row.choice("condition", allowed=conditions, code="unknown-id"),
            outcome=row.choice("outcome", allowed=outcomes, code="unknown-id"),
            claim=row.text("claim"),
            statistic=statistic,
            value=value or 0.0,
            total=total,
            plan=row.choice("plan", allowed=plans, code="unknown-id"),
            why_not=row.text("why_not"),
            evidence=row.evidence(note=True),
        )
        _check_claim(row, claim, value)
        if claim.id in seen:
            row.fault("id", "duplicate-id", f"claim {claim.id!r} is there already; this row was left out")
        if row.good:
            seen.add(claim.id)
            yield claim


def _inclusions(grid: _Grid) -> Iterator[ReviewInclusion]:
    """Yield the inclusions without a fault, each once."""
    seen: set[str] = set()
    for row in _rows(grid):
        review, study = row.text("review"), row.text("study")
        item = ReviewInclusion(
            id=f"{review}/{study}",
            review=review,
            label=row.text("label"),
            study=study,
            evidence=row.evidence(),
            note=row.text("note"),
        )
        if item.id in seen:
            row.fault("study", "duplicate-id", f"study {study!r} of this review is there already; the row was left out")
        if row.good:
            seen.add(item.id)
            yield item


def _check_claim(row: _Row, claim: PublishedClaim, value: float | None) -> None:
    """Report a claim whose number cannot be, or that leads nowhere."""
    if value is not None and claim.statistic == "percent" and value > 100:
        row.fault("value", "impossible-value", f"value is {value:g}; allowed: 0 to 100, for a percentage")
    if value is not None and claim.statistic == "events" and not value.is_integer():
        row.fault("value", "bad-number", f"value is {value:g}; allowed: a whole number of events")
    if not claim.plan and not claim.why_not:
        hint = "Name the plan that asks the same; if there is none, say in why_not why the figure cannot be worked out."
        row.fault("plan", "missing-value", "plan and why_not are both empty", hint=hint)

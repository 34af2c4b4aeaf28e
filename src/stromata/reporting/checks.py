"""What was held against practice standards: studies by reporting item, kept records, and a team's own standard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from stromata.model import CheckReport, Criterion, RecordChecked, numbers
from stromata.model.standards import Authority, Check, Guard, Limit, StandardChange
from stromata.reporting.anchors import anchor
from stromata.reporting.citations import doi_url, safe_url
from stromata.reporting.content import ReportContent, StudyChecks, TeamStandard
from stromata.reporting.forest import Linked
from stromata.reporting.panels import statement_link
from stromata.reporting.results import Views
from stromata.reporting.studies import study_link

Cell = Literal["R", "X", "N", "?", "–", ""]
"""What a study's report does with an item: reported, reported but not as asked, not reported, not looked for, does not
apply, not held against it."""

CELLS: tuple[tuple[Cell, str, str], ...] = (
    ("R", "", "reported"),
    ("X", "x", "reported, but not as asked"),
    ("N", "n", "not reported"),
    ("?", "q", "not looked for: the extraction does not ask for it"),
    ("–", "a", "does not apply to this study"),
)
"""Letter, class of the style, and words. Most cells are R or N; R needs no class."""

MOST_ITEMS = 36
"""Items side by side in one matrix: what stays readable across a printed page."""

SYMBOLS = {"met": "✓", "not-met": "✗", "not-reported": "?", "not-applicable": "–"}
STATUSES = {"met": "met", "not-met": "not met", "not-reported": "not reported", "not-applicable": "does not apply"}
ACTIONS = {"override": "changed", "add": "added", "drop": "taken out"}
_SIGNS = {">=": "≥", "<=": "≤", "in": "one of", "is": "is", "present": "stated", "not-before": "not before"}


@dataclass(frozen=True, slots=True)
class Item:
    """One reporting item with what the studies did.

    Attributes
    ----------
    number : in the order of the standard, from 1; the columns of the matrices carry it.
    check : the item as it was asked of the first study.
    reported, applies : studies that report it, and those that it applies to and in which it was looked for.
    amiss : of `reported`, those in which it is not as asked.
    unseen : studies in which it was not looked for. Where there are any, `reported` is a share of nothing: only those
        that state it were noticed.
    place : id of its row in the list; `column` of its column in the matrix, empty where it has none.
    """

    number: int
    check: Check
    group: str
    reported: int
    applies: int
    amiss: int
    unseen: int
    place: str
    column: str

    @property
    def name(self) -> str:
        """Return what the item asks for."""
        return name_of(self.check)

    @property
    def counted(self) -> bool:
        """Return whether a share can be given: it applies to some study, and was looked for in all of these."""
        return self.applies > 0 and not self.unseen

    @property
    def share(self) -> float:
        """Return the share of the studies that report it; 1 where it applies to none."""
        return self.reported / self.applies if self.applies else 1.0

    @property
    def shown(self) -> str:
        """Return the same in words, with the percentage."""
        if self.unseen:
            return f"{self.reported} state it; not looked for" if self.reported else "not looked for"
        if not self.applies:
            return "applies to none"
        return f"{self.reported} of {self.applies} ({numbers.percent(self.share, self.applies)}{numbers.KEPT}%)"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Studies in rows, some items of one group in columns; `rows` have a cell per item and how many are reported."""

    part: str
    items: tuple[Item, ...]
    rows: tuple[tuple[Linked, tuple[Cell, ...], str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One set of items, such as ISCT.

    Attributes
    ----------
    items : worst first; those that were not looked for, or apply to no study, stand last.
    reported, applies : cells of the matrix, over all studies and all items of which a share can be given.
    """

    place: str
    label: str
    items: tuple[Item, ...]
    matrices: tuple[Matrix, ...]
    reported: int
    applies: int

    @property
    def asked(self) -> int:
        """Return how many of the items were looked for."""
        return sum(not item.unseen for item in self.items)

    @property
    def shown(self) -> str:
        """Return the share of what could be reported that is, in words."""
        if not self.applies:
            return numbers.MISSING
        part = numbers.percent(self.reported / self.applies, self.applies)
        return f"{numbers.count(self.reported)} of {numbers.count(self.applies)} ({part}{numbers.KEPT}%)"


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion of the team's own standard that differs from the standard it extends.

    Attributes
    ----------
    place : id of the row; empty where the criterion has one already.
    asks : what it asks for; empty for one that was taken out.
    statement : what set it; without a text when no statement did.
    flags : what must be known of that statement.
    """

    place: str
    name: str
    criterion: Criterion | None
    asks: str
    action: str
    reason: str
    statement: Linked
    flags: tuple[str, ...]


def name_of(check: Check) -> str:
    """Return what a criterion is about: its label, else its field, in words."""
    return _plain(check.label or check.field)


def is_unsourced(check: Check) -> bool:
    """Tell whether a record states what a criterion asks for, and no source gives a limit to hold it against.

    Such a check is neither met nor missed; its status is "not applicable", and its note begins with the reason.
    """
    return check.status == "not-applicable" and check.note.startswith("No source for a limit")


def cell_of(checks: StudyChecks, check: Check | None) -> Cell:
    """Return what a study's report does with an item."""
    if check is None:
        return ""
    if check.status == "not-reported":
        return "?" if check.value is None and check.criterion in checks.not_looked_for else "N"
    if is_unsourced(check):
        return "R"
    return {"met": "R", "not-met": "X", "not-applicable": "–"}[check.status]  # type: ignore[return-value]


def cell_markup() -> dict[Cell, Markup]:
    """Return each cell of a matrix as it is written: with a class for its shape, and without its end tag."""
    cells = {letter: Markup("<td class={}>{}").format(name, letter) for letter, name, _ in CELLS}
    return cells | {"R": Markup("<td>R"), "": Markup("<td class=a>")}


def groups(views: Views, checks: StudyChecks) -> tuple[Group, ...]:
    """Return the groups of items in order, each with its items and matrices; items of no group come last."""
    table = _table(checks)
    found = _items(checks, table)
    labels = [*checks.groups]
    labels += [("", "Further items")] if any(not item.group for item in found) else []
    return tuple(
        _group(views, checks, (id_, label), [item for item in found if item.group == id_], table)
        for id_, label in labels
        if any(item.group == id_ for item in found)
    )


_Table = dict[str, dict[str, Check]]


def _table(checks: StudyChecks) -> _Table:
    """Return the checks by study and criterion."""
    return {report.record: {check.criterion: check for check in report.results} for report in checks.reports}


def _items(checks: StudyChecks, table: _Table) -> tuple[Item, ...]:
    """Return the items in the order of the standard, then those that it does not list."""
    held = {name: check for row in reversed(table.values()) for name, check in row.items()}
    order = dict.fromkeys([*(each.id for each in checks.standard.criteria if each.id in held), *held])
    known, member = {id_ for id_, _ in checks.groups}, dict(checks.member)
    items = []
    for number, name in enumerate(order, 1):
        cells = [cell_of(checks, row.get(name)) for row in table.values()]
        shown = any(cell in ("R", "X", "N") for cell in cells)
        group = member.get(name, "")
        items.append(
            Item(
                number=number,
                check=held[name],
                group=group if group in known else "",
                reported=sum(cell in ("R", "X") for cell in cells),
                applies=sum(cell in ("R", "X", "N") for cell in cells),
                amiss=cells.count("X"),
                unseen=cells.count("?"),
                place=anchor("item", checks.standard.id, name),
                column=anchor("column", checks.standard.id, name) if shown else "",
            )
        )
    return tuple(items)


def _group(views: Views, checks: StudyChecks, named: tuple[str, str], items: list[Item], table: _Table) -> Group:
    id_, label = named
    columns = [item for item in items if item.column]
    width = math.ceil(len(columns) / math.ceil(len(columns) / MOST_ITEMS)) if columns else 1
    parts = [columns[start : start + width] for start in range(0, len(columns), width)]
    return Group(
        place=anchor("items", checks.standard.id, id_),
        label=label,
        items=tuple(sorted(items, key=lambda item: (not item.counted, not item.reported, item.share, item.number))),
        matrices=tuple(
            Matrix(
                part=f", part {place} of {len(parts)}" if len(parts) > 1 else "",
                items=tuple(part),
                rows=tuple(_row(views, checks, study, row, part) for study, row in table.items()),
            )
            for place, part in enumerate(parts, 1)
        ),
        reported=sum(item.reported for item in items if item.counted),
        applies=sum(item.applies for item in items if item.counted),
    )


def _row(
    views: Views, checks: StudyChecks, study: str, row: dict[str, Check], items: list[Item]
) -> tuple[Linked, tuple[Cell, ...], str]:
    cells = tuple(cell_of(checks, row.get(item.check.criterion)) for item in items)
    counted = [cell for cell, item in zip(cells, items, strict=True) if not item.unseen]
    reported = sum(cell in ("R", "X") for cell in counted)
    applies = reported + counted.count("N")
    return study_link(views, study), cells, f"{reported}/{applies}" if applies else numbers.MISSING


# Records.


def check_place(kept: RecordChecked) -> str:
    """Return the id of a kept check of a record."""
    return anchor("check", kept.name, kept.report.standard)


def missed(report: CheckReport) -> tuple[Check, ...]:
    """Return the must-criteria that are not met."""
    return tuple(each for each in report.results if each.severity == "must" and each.status == "not-met")


def unknown(report: CheckReport) -> tuple[Check, ...]:
    """Return the must-criteria that are not reported; what has no sourced limit is not among them."""
    return tuple(
        each
        for each in report.results
        if each.severity == "must" and each.status == "not-reported" and each.criterion_status != "unsourced"
    )


def others(report: CheckReport) -> tuple[Check, ...]:
    """Return the other criteria: not met, not reported, met, and those that do not apply, each in their order."""
    first = {*map(id, missed(report)), *map(id, unknown(report))}
    rank = ("not-met", "not-reported", "met", "not-applicable")
    return tuple(
        sorted((each for each in report.results if id(each) not in first), key=lambda each: rank.index(each.status))
    )


def verdict(report: CheckReport) -> str:
    """Return what came of a check, in a sentence or two."""
    if report.passed:
        text = "No must-criterion that applies is missed."
    else:
        count = report.must.not_met
        text = f"{count} must-{'criterion is' if count == 1 else 'criteria are'} not met."
    open_ = len(unknown(report))
    if open_:
        whole = f"{open_} must-{'criterion is' if open_ == 1 else 'criteria are'} not reported"
        text += f" {whole}: whether {'it is' if open_ == 1 else 'they are'} met is not known."
    unsourced = sum(each.criterion_status == "unsourced" for each in report.results)
    if unsourced:
        text += (
            f" {unsourced} {'criterion has' if unsourced == 1 else 'criteria have'} no sourced limit and fail nothing."
        )
    return text


def authority(source: Authority | None) -> Linked:
    """Return where a limit was read, with the address at which it can be opened."""
    if source is None:
        return Linked("")
    return Linked(source.title, doi_url(source.doi) or safe_url(source.url))


# The team's own standard.


def criterion_rows(content: ReportContent, own: TeamStandard) -> tuple[CriterionRow, ...]:
    """Return what differs from the standard that it extends; of a standard that extends none, every criterion."""
    return tuple(_criterion_rows(content, own))


def _criterion_rows(content: ReportContent, own: TeamStandard) -> Iterator[CriterionRow]:
    criteria = {each.id: each for each in own.standard.criteria}
    changes = own.standard.changes
    if not own.standard.extends:
        changes = (*changes, *_own(own, {each.criterion for each in changes}))
    seen: set[str] = set()
    for change in changes:
        found = criteria.get(change.criterion)
        statement = change.statement or (found.statement if found else "")
        yield CriterionRow(
            place="" if change.criterion in seen else anchor("criterion", own.standard.id, change.criterion),
            name=change.criterion,
            criterion=found,
            asks=asks(found) if found else "",
            action=ACTIONS[change.action] if own.standard.extends else "own",
            reason=change.reason,
            statement=statement_link(content, statement) if statement else Linked(""),
            flags=tuple(text for name, text in own.flags if name == change.criterion and name not in seen),
        )
        seen.add(change.criterion)


def _own(own: TeamStandard, told: set[str]) -> Iterator[StandardChange]:
    for each in own.standard.criteria:
        if each.id not in told:
            yield StandardChange(each.id, "add", "", each.statement)


def loose_flags(own: TeamStandard) -> tuple[tuple[str, str], ...]:
    """Return the flags of criteria that have no row of their own."""
    listed = {each.criterion for each in own.standard.changes}
    if not own.standard.extends:
        listed |= {each.id for each in own.standard.criteria}
    return tuple(flag for flag in own.flags if flag[0] not in listed)


def asks(criterion: Criterion) -> str:
    """Return what a criterion asks for, in words: ``viability ≥ 80 %``."""
    if criterion.status == "unsourced" and criterion.value is None and criterion.operator != "present":
        return f"{_plain(criterion.field)}: no limit found"
    fields = " or ".join(_plain(each) for each in (criterion.field, *criterion.or_fields))
    text = f"{fields} {_limit(criterion, criterion.value)}"
    for each in criterion.exceptions:
        text += f"; {_limit(criterion, each.value)} where {' and '.join(map(_guard, each.when))}"
    if criterion.applies_when:
        text += f"; applies where {' and '.join(map(_guard, criterion.applies_when))}"
    return text


def _limit(criterion: Criterion, value: Limit) -> str:
    sign = _SIGNS[criterion.operator]
    if criterion.operator == "present":
        return sign
    shown = _plain(str(value)) if criterion.operator == "not-before" else _value(value)
    return " ".join(part for part in (sign, shown, criterion.unit) if part)


def _guard(guard: Guard) -> str:
    name = _plain(guard.field)
    if guard.values:
        return f"{name} is {' or '.join(map(_value, guard.values))}"
    bounds = ((guard.low, "≥"), (guard.high, "≤"))
    return f"{name} {' and '.join(f'{sign} {numbers.plain(value)}' for value, sign in bounds if value is not None)}"


def _value(value: Limit) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    return _plain(value) if isinstance(value, str) else numbers.MISSING if value is None else numbers.plain(value)


def _plain(text: str) -> str:
    """Return the name of a field or a word of its list as it is read."""
    return text.replace("_", " ")

"""Batch, infusion and other records, read from JSON or CSV with everything that is wrong in them.

JSON may be flat or nested, hold values as ``{"value": 85, "unit": "%"}``, and lists of tests. CSV has either a field a
row (``field,value,unit``) or a record a row. Whatever cannot be used is a problem with its place; nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, cast, get_args

from stromata import disk
from stromata.errors import InvalidInput, NotFound, StoreError, Unreadable
from stromata.model import Problem, faults
from stromata.model.standards import PracticeRecord, RecordEntry, Subject
from stromata.sheets import decode, read_rows
from stromata.standards.fields import find, key, take

SUBJECTS: tuple[Subject, ...] = get_args(Subject)
_SUBJECT_NAMES = frozenset({"subject", "record_type", "type", "kind"})
_ID_NAMES = frozenset(
    {"id", "record_id", "batch_id", "infusion_id", "batch_number", "lot", "lot_number", "batch", "infusion", "product"}
)
_VALUE_NAMES = ("value", "result")
_TEST_NAMES = ("field", "test", "name", "parameter", "item", "analyte")
_UNIT_NAMES = ("unit", "units")
DEEPEST = 40
"""Levels of nesting beyond which a file is no record."""
_HUGE = 1e300  # beyond, a whole number is no float
LARGEST = 5_000_000
"""Bytes beyond which a file is no record."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """One thing stated: the names that lead to it, what stands there, and where."""

    path: tuple[str, ...]
    raw: object
    unit: str
    line: int
    place: str


@dataclass(frozen=True, slots=True)
class _Member:
    """A value of a JSON file with its line. Objects are lists of (name, member), so that a name may come twice."""

    value: object
    line: int


def read_record(source: Path | bytes, *, row: int | None = None) -> tuple[PracticeRecord, tuple[Problem, ...]]:
    """Read one record.

    Parameters
    ----------
    source : a file, or its bytes: JSON, or CSV with comma, semicolon or tab.
    row : which record, counted from 1, where the file holds several.

    Returns
    -------
    record : with every field that could be read.
    problems : fields given twice, values of the wrong kind or in another unit, each with line, place and remedy.

    Raises
    ------
    NotFound
        There is no such file, or no such row.
    Unreadable
        The bytes are neither JSON nor CSV that states anything.
    InvalidInput
        The file holds several records and `row` does not say which.
    """
    data = source if isinstance(source, bytes) else disk.content(source, failed=StoreError)
    if len(data) > LARGEST:
        raise Unreadable(
            f"the record has {len(data)} bytes; a record has at most {LARGEST}", hint="Is it the right file?"
        )
    text, remarks = _decoded(data)
    cells = _from_json(text, row) if text.lstrip()[:1] in {"{", "["} else _from_csv(text, row)
    record, problems = _record(cells)
    return replace(record, sha256=hashlib.sha256(data).hexdigest()), (*remarks, *problems)


def record_of(
    values: Iterable[tuple[str, object]],
    *,
    subject: Subject,
    id: str = "",  # noqa: A002 - as in `PracticeRecord`
) -> tuple[PracticeRecord, tuple[Problem, ...]]:
    """Return a record of values that a program holds, and what is wrong with them; what is empty is left out."""
    record, problems = _record(_Cell((name,), value, "", 0, name) for name, value in values)
    return replace(record, subject=(subject,), id=id), problems


def _decoded(data: bytes) -> tuple[str, tuple[Problem, ...]]:
    text, problems = decode(data)
    for problem in faults(problems):
        raise Unreadable(f"the record is no text (line {problem.line}): {problem.text}", hint="Save it as UTF-8.")
    if not text.strip():
        raise Unreadable("the record is empty", hint="It is JSON, or CSV with the columns field and value.")
    return text, problems


# From cells to a record


def _record(cells: Iterable[_Cell]) -> tuple[PracticeRecord, tuple[Problem, ...]]:
    problems: list[Problem] = []
    found: dict[str, RecordEntry] = {}
    bare: list[RecordEntry] = []
    subjects: list[Subject] = []
    number = ""
    for cell in cells:
        name = key(cell.path[-1])
        if len(cell.path) == 1 and name in _SUBJECT_NAMES:
            subjects += _subjects(cell, problems)
            continue
        if name in _ID_NAMES and find(name) is None and not number and isinstance(cell.raw, str | int):
            number = str(cell.raw)
            continue
        entry, trouble = _entry(cell)
        problems += trouble
        if entry is None:
            continue
        if entry.unit == "percent" and not cell.unit and isinstance(cell.raw, int | float):
            bare.append(entry)
        before = found.get(entry.field)
        found[entry.field] = entry if before is None else _twice(before, entry, problems)
    problems += _fractions(bare)
    return PracticeRecord(tuple(dict.fromkeys(subjects)), tuple(found.values()), id=number), tuple(problems)


def _subjects(cell: _Cell, problems: list[Problem]) -> Iterator[Subject]:
    words = cell.raw if isinstance(cell.raw, list | tuple) else re.split(r"[,;+]", str(cell.raw))
    for word in words:
        plain = key(str(word)).replace("_", "-").removesuffix("-record")
        if plain in {"study", "report"}:
            plain = "study-report"
        if plain in SUBJECTS:
            yield plain
        elif plain:
            text = f"{str(word)!r} is nothing that a record can describe."
            problems.append(
                Problem(cell.line, "unknown-subject", text, f"Write one of: {', '.join(SUBJECTS)}.", cell.place)
            )


def _entry(cell: _Cell) -> tuple[RecordEntry | None, tuple[Problem, ...]]:
    names = [key(part) for part in cell.path]
    joined = ["_".join(names[start:]) for start in range(len(names))]
    field = next(filter(None, map(find, joined)), None)
    if field is not None:
        return take(field, cell.raw, unit=cell.unit, line=cell.line, place=cell.place)
    if names[-1] == "dose":
        return _dose(cell)
    raw, name = cell.raw, joined[0]
    if raw is None or raw in ("", []) or not name:
        return None, ()
    text = "; ".join(map(str, raw)) if isinstance(raw, list) else str(raw).strip()
    value = raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        value = float(raw) if abs(raw) < _HUGE else text
    plain = tuple(map(str, value)) if isinstance(value, list) else text if isinstance(value, str) else value
    entry = RecordEntry(name, cast("str | float | bool | tuple[str, ...]", plain), cell.unit)
    return replace(entry, text=text, line=cell.line, place=cell.place), ()


def _dose(cell: _Cell) -> tuple[RecordEntry | None, tuple[Problem, ...]]:
    """Read a dose whose unit says whether it is by weight or in all; without a unit it is neither."""
    text = str(cell.raw).strip()
    if cell.raw is None or not text:
        return None, ()
    counted = cell.unit or re.search("cell|细胞", text.lower())
    for field in filter(None, map(find, ("dose_cells_per_kg", "dose_cells_total"))) if counted else ():
        entry, problems = take(field, cell.raw, unit=cell.unit, line=cell.line, place=cell.place)
        if not problems:
            return entry, ()
    said = f"the dose {text!r} does not say in a known unit whether it is per kg or in all; it was not used."
    hint = "Write dose_cells_per_kg or dose_cells_total, or give the unit cells/kg or cells."
    return None, (Problem(cell.line, "dose-without-unit", said, hint, cell.place),)


def _twice(before: RecordEntry, entry: RecordEntry, problems: list[Problem]) -> RecordEntry:
    """Return what holds when a field comes twice: the one value, or none where the two differ."""
    same = (before.value, before.relation, before.unit) == (entry.value, entry.relation, entry.unit)
    where = f"{before.place} (line {before.line})" if before.line else before.place
    said = f"{entry.field} is given twice: {before.text!r} at {where}, and {entry.text!r} here."
    said += "" if same else " They differ, and neither is used."
    problems.append(Problem(entry.line, "given-twice", said, "Keep the right one.", entry.place))
    if same:
        return before
    both = f"{before.text}; {entry.text}"
    return replace(before, value=None, text=both, note="It is given twice with different values.")


def _fractions(bare: list[RecordEntry]) -> Iterator[Problem]:
    """Doubt percentages that all look like fractions: 0.97 in a field that is in percent is 0.97 percent."""
    values = [entry.value for entry in bare if isinstance(entry.value, float) and entry.value > 0]
    if len(values) > 1 and max(values) <= 1:
        names = ", ".join(entry.field for entry in bare)
        text = f"No percentage in this record is larger than 1 ({names}). They were read as percent."
        hint = "If they are fractions, give the unit fraction with each."
        yield Problem(bare[0].line, "percent-or-fraction", text, hint, bare[0].place)


# JSON


def _from_json(text: str, row: int | None) -> list[_Cell]:
    top = _Reader(text).document()
    parts = top.value if isinstance(top.value, list) else None
    if parts is not None and not all(_is_test(part) for part in parts):
        top = _chosen([part for part in parts if isinstance(part, _Member)], row)
    elif row not in {None, 1}:
        raise NotFound(f"there is no record {row}: the file holds one", hint="Leave the row out.")
    cells = list(_flat(top, (), ""))
    if not cells:
        raise Unreadable("the JSON file states nothing", hint='Such as {"subject": "batch", "cd73_pct": 97}.')
    return cells


def _chosen(parts: list[_Member], row: int | None) -> _Member:
    if not parts:
        raise Unreadable("the JSON file states nothing", hint='Such as {"subject": "batch", "cd73_pct": 97}.')
    if row is None and len(parts) > 1:
        raise InvalidInput(f"the file holds {len(parts)} records", hint="Say which one by its row, such as 1.")
    if row is not None and not 1 <= row <= len(parts):
        raise NotFound(f"there is no record {row}: the file holds {len(parts)}", hint=f"Choose 1 to {len(parts)}.")
    return parts[(row or 1) - 1]


def _members(member: object) -> dict[str, _Member] | None:
    """Return the members of a JSON object by name, the last of each name; None for anything else."""
    if not isinstance(member, _Member) or not isinstance(member.value, tuple):
        return None
    return {key(name): part for name, part in member.value}


def _is_test(member: object) -> bool:
    parts = _members(member)
    return parts is not None and any(name in parts for name in _TEST_NAMES) and any(n in parts for n in _VALUE_NAMES)


def _flat(member: _Member, path: tuple[str, ...], place: str) -> Iterator[_Cell]:
    parts = _members(member)
    if parts is not None and isinstance(member.value, tuple):
        if any(name in parts for name in _VALUE_NAMES):
            yield from _measured(member, parts, path, place)
            return
        for name, part in member.value:
            if not path and key(name).replace("_", "-") in SUBJECTS and isinstance(part.value, tuple):
                yield _Cell(("subject",), key(name).replace("_", "-"), "", part.line, name)
            yield from _flat(part, (*path, name), f"{place}.{name}" if place else name)
        return
    if isinstance(member.value, list) and any(isinstance(part.value, tuple | list) for part in member.value):
        for count, part in enumerate(member.value, start=1):
            yield from _flat(part, path, f"{place}[{count}]")
        return
    raw = [part.value for part in member.value] if isinstance(member.value, list) else member.value
    if path:
        yield _Cell(path, raw, "", member.line, place)


def _measured(member: _Member, parts: dict[str, _Member], path: tuple[str, ...], place: str) -> Iterator[_Cell]:
    """Give an object with a value: a test by its name, or the field that it stands under; its other members too."""
    named = next((name for name in _TEST_NAMES if name in parts), "")
    unit = next((str(parts[name].value or "") for name in _UNIT_NAMES if name in parts), "")
    own = (str(parts[named].value),) if named and isinstance(parts[named].value, str) else path or ("value",)
    for name, part in cast("tuple[tuple[str, _Member], ...]", member.value):
        where = f"{place}.{name}" if place else name
        if key(name) in _VALUE_NAMES:
            yield from (replace(cell, unit=cell.unit or unit) for cell in _flat(part, own, where))
        elif key(name) not in {*_UNIT_NAMES, named}:
            yield from _flat(part, (own[-1], name), where)


class _Reader:
    """Reads JSON keeping lines and names that come twice, which the standard library forgets."""

    _BLANK = re.compile(r"[ \t\r\n]*")

    def __init__(self, text: str) -> None:
        self.text = text
        self.decoder = json.JSONDecoder(parse_constant=self._constant)

    def document(self) -> _Member:
        member, at = self._value(self._skip(0), 0)
        if self._skip(at) != len(self.text):
            self._fail(self._skip(at), "something follows the end of the record")
        return member

    def _constant(self, name: str) -> NoReturn:
        raise ValueError(name)

    def _skip(self, at: int) -> int:
        found = self._BLANK.match(self.text, at)
        return found.end() if found else at

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def _fail(self, at: int, what: str) -> NoReturn:
        raise Unreadable(
            f"the record is not JSON: {what} (line {self._line(at)})",
            hint="Check commas, quotation marks and brackets there.",
        )

    def _value(self, at: int, depth: int) -> tuple[_Member, int]:
        mark = self.text[at : at + 1]
        if depth > DEEPEST:
            self._fail(at, f"it is nested more than {DEEPEST} deep")
        if mark == "{":
            return self._object(at, depth)
        if mark == "[":
            return self._list(at, depth)
        try:
            value, end = self.decoder.raw_decode(self.text, at)
        except ValueError:
            self._fail(at, "a value cannot be read" if mark else "it ends too early")
        return _Member(value, self._line(at)), end

    def _object(self, start: int, depth: int) -> tuple[_Member, int]:
        parts: list[tuple[str, _Member]] = []
        at = self._skip(start + 1)
        while self.text[at : at + 1] != "}":
            if parts:
                at = self._after(at, ",", "a comma is missing between two fields")
            if self.text[at : at + 1] != '"':
                self._fail(at, "a field's name in quotation marks is missing")
            try:
                name, at = self.decoder.raw_decode(self.text, at)
            except ValueError:
                self._fail(at, "a name cannot be read")
            at = self._after(self._skip(at), ":", "a colon is missing after a name")
            member, at = self._value(at, depth + 1)
            parts.append((name, member))
            at = self._skip(at)
        return _Member(tuple(parts), self._line(start)), at + 1

    def _list(self, start: int, depth: int) -> tuple[_Member, int]:
        parts: list[_Member] = []
        at = self._skip(start + 1)
        while self.text[at : at + 1] != "]":
            if parts:
                at = self._after(at, ",", "a comma is missing between two items")
            member, at = self._value(at, depth + 1)
            parts.append(member)
            at = self._skip(at)
        return _Member(parts, self._line(start)), at + 1

    def _after(self, at: int, mark: str, what: str) -> int:
        if self.text[at : at + 1] != mark:
            self._fail(at, what)
        return self._skip(at + 1)


# CSV


def _from_csv(text: str, row: int | None) -> list[_Cell]:
    table = read_rows(text, lambda cells: (sum(find(cell) is not None for cell in cells), len(cells)))
    for problem in table.problems:
        raise Unreadable(f"the record is no CSV table: {problem.text}", hint=problem.hint)
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in table.rows]
    if not rows:
        raise Unreadable("the record is empty", hint="It is JSON, or CSV with the columns field and value.")
    header = [key(cell) for cell in rows[0][1]]
    if len(header) > 1 and header[0] in _TEST_NAMES and header[1] in _VALUE_NAMES:
        _only(row)
        return list(_listed(rows[1:], _column(header, _UNIT_NAMES)))
    if 1 < len(header) <= 3 and (find(rows[0][1][1]) is None and (find(rows[0][1][0]) or header[0] in _SUBJECT_NAMES)):
        _only(row)
        return list(_listed(rows, 2))
    if len(rows) == 1 or not any(find(name) or name in _SUBJECT_NAMES for name in header):
        raise Unreadable(
            "the file is neither JSON nor a CSV table of fields that are known",
            hint="Use the columns field and value, or one column per field and one row per record.",
        )
    return _wide(rows, row)


def _only(row: int | None) -> None:
    if row not in {None, 1}:
        raise NotFound(f"there is no record {row}: the file holds one", hint="Leave the row out.")


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((place for place, name in enumerate(header) if name in names), None)


def _listed(rows: Iterable[tuple[int, list[str]]], unit: int | None) -> Iterator[_Cell]:
    for line, cells in rows:
        name, value = cells[0], cells[1] if len(cells) > 1 else ""
        stated = cells[unit] if unit is not None and len(cells) > unit else ""
        if name:
            yield _Cell((name,), value, stated, line, name)


def _wide(rows: list[tuple[int, list[str]]], row: int | None) -> list[_Cell]:
    header, body = rows[0][1], rows[1:]
    if row is None and len(body) > 1:
        raise InvalidInput(f"the file holds {len(body)} records", hint="Say which one by its row, such as 1.")
    if row is not None and not 1 <= row <= len(body):
        raise NotFound(f"there is no record {row}: the file holds {len(body)}", hint=f"Choose 1 to {len(body)}.")
    line, cells = body[(row or 1) - 1]
    return [_Cell((name,), cell, "", line, name) for name, cell in zip(header, cells, strict=False) if name]

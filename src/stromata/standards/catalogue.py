"""Practice standards as data: those that ship with stromata, and how the rows of a file become criteria."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, cast, get_args

import yaml

from stromata.errors import InvalidInput, NotFound
from stromata.model.standards import (
    Authority,
    Basis,
    Criterion,
    CriterionStatus,
    Guard,
    Limit,
    LimitException,
    Operator,
    Plain,
    Severity,
    SourceConflict,
    Standard,
    Subject,
)
from stromata.standards import units
from stromata.standards.fields import find

Data = Mapping[str, Any]  # Any: as YAML gives it; every value is looked at before it is used

ONE_GROUP: frozenset[Basis] = frozenset({"product-label", "product-specification", "trial-protocol"})
"""What is one group's own limit and no norm: a must that rests on it has to say why."""

CRITERION_KEYS = (
    *("id", "stage", "subject", "field", "operator", "value", "unit", "severity", "basis", "status", "rationale"),
    *("sources", "lead", "applies_when", "exceptions", "or_fields", "must_reason", "instruments", "level", "note"),
    "statement",
)


def standards() -> tuple[Standard, ...]:
    """Return every standard that ships with stromata: ``cell-therapy`` first, then those for reports of studies."""
    return _shipped()


def standard(id: str) -> Standard:  # noqa: A002 - the word that users know it by
    """Return the shipped standard with this id.

    Raises
    ------
    NotFound
        There is none; the hint names those there are.
    """
    found = {one.id: one for one in standards()}
    if id.lower() in found:
        return found[id.lower()]
    near = get_close_matches(id.lower(), found, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise NotFound(f"there is no standard {id!r}", hint=f"{hint}There are: {', '.join(found)}.")


@cache
def _shipped() -> tuple[Standard, ...]:
    first, reporting = (_load(name) for name in ("cell-therapy.yaml", "reporting.yaml"))
    rows = [(first, first["sources"]), *((row, reporting["sources"]) for row in reporting["standards"])]
    return tuple(_standard(row, sources) for row, sources in rows)


def _load(name: str) -> Data:
    text = files("stromata.standards").joinpath(f"data/{name}").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("Data", yaml.load(text, Loader=loader))  # noqa: S506 - both loaders are safe


def _standard(row: Data, sources: Data) -> Standard:
    authorities = {name: _authority(value) for name, value in sources.items()}
    return Standard(
        id=row["id"],
        version=row["version"],
        title=row["title"],
        subjects=tuple(row["subjects"]),
        criteria=tuple(criterion(one, authorities) for one in row["criteria"]),
        scope=row["scope"],
        conflicts=tuple(
            SourceConflict(one["topic"], one["text"], _authority(one["source"]) if "source" in one else None)
            for one in row.get("conflicts", ())
        ),
    )


def _authority(row: Data) -> Authority:
    return Authority(**row)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxdict = 3, 6, 6


def shown(value: object) -> str:
    """Return a value as a message shows it: at most a line of it, however much stands there."""
    return _SHORT.repr(value)


class Faults(list[str]):
    """What is wrong with a row, in words; filled while it is read."""

    def choice(self, row: Data, name: str, allowed: Sequence[str], default: str) -> str:
        """Return the word under `name`, and note it where it is not one of those allowed."""
        value = row.get(name, default)
        if value not in allowed:
            self.append(f"{name}: {shown(value)} is not one of {', '.join(filter(None, allowed))}")
            return default
        return cast("str", value)

    def text(self, row: Data, name: str, default: str = "", *, required: bool = False) -> str:
        """Return the text under `name`, and note it where it is missing or something else."""
        value = row.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (required and not value.strip()):
            self.append(f"{name}: {'missing' if value in ('', None) else f'{shown(value)} is not a text'}")
            return default
        return value.strip()

    def listed(self, row: Data, name: str) -> tuple[str, ...]:
        """Return the list of texts under `name`; one text alone is a list of one."""
        value = row.get(name, ())
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            self.append(f"{name}: {shown(value)} is not a list of texts")
            return ()
        return tuple(value)


def criterion(row: Data, authorities: Mapping[str, Authority]) -> Criterion:
    """Return the criterion that a row of a file describes.

    Raises
    ------
    InvalidInput
        Something in the row is missing, unknown, or does not fit together; the message names every such key.
    """
    faults = Faults()
    unknown = [str(name)[:60] for name in row if name not in CRITERION_KEYS]
    faults.extend(f"{name}: there is no such key" for name in unknown)
    operator = cast("Operator", faults.choice(row, "operator", get_args(Operator), "present"))
    found = Criterion(
        id=faults.text(row, "id", required=True),
        stage=faults.text(row, "stage", required=True),
        subject=cast("Subject", faults.choice(row, "subject", get_args(Subject), "batch")),
        field=faults.text(row, "field", required=True),
        operator=operator,
        severity=cast("Severity", faults.choice(row, "severity", get_args(Severity), "should")),
        rationale=faults.text(row, "rationale", required=True),
        value=_limit(row.get("value"), faults),
        unit=faults.text(row, "unit"),
        basis=cast("Basis", faults.choice(row, "basis", get_args(Basis), "")),
        status=cast("CriterionStatus", faults.choice(row, "status", get_args(CriterionStatus), "sourced")),
        sources=tuple(_sources(row.get("sources", ()), authorities, faults)),
        lead=next(_sources([row["lead"]], authorities, faults), None) if "lead" in row else None,
        applies_when=_guards(row.get("applies_when", {}), faults, "applies_when"),
        exceptions=tuple(_exceptions(row.get("exceptions", ()), faults)),
        or_fields=faults.listed(row, "or_fields"),
        must_reason=faults.text(row, "must_reason"),
        instruments=faults.listed(row, "instruments"),
        level=faults.text(row, "level"),
        note=faults.text(row, "note"),
        statement=faults.text(row, "statement"),
    )
    if not faults:
        faults.extend(wrong_with(found))
    if faults:
        raise InvalidInput("; ".join(faults), hint="Mend these keys; see the page on standards.")
    return found


def wrong_with(one: Criterion) -> Iterator[str]:
    """Say what in a criterion does not fit together, one sentence each."""
    limits = [one.value, *(each.value for each in one.exceptions)]
    if one.status != "unsourced":
        for limit in limits:
            wrong = _FITS[one.operator](limit)
            if wrong:
                yield f"value: {wrong}"
        own = bool(one.sources or one.statement) or one.basis == "team-decision"
        if not own and one.status == "sourced":
            yield "sources: a criterion without a source or a statement must have status unsourced"
    field = find(one.field)
    if field is not None and field.kind == "number" and one.unit and units.convert(1, field.unit, one.unit) is None:
        yield f"unit: {one.unit!r} does not fit {one.field}, which is in {field.unit!r}"
    if field is not None and field.kind != "number" and one.operator in {">=", "<="}:
        yield f"operator: {one.field} is no number and cannot be compared by {one.operator}"
    if one.or_fields and one.operator != "present":
        yield "or_fields: only a criterion with the operator present may have them"
    if one.severity == "must" and one.basis in ONE_GROUP and not (one.must_reason or one.statement):
        yield f"must_reason: missing; a {one.basis} is one group's limit, so a must has to say why"


def _number_wanted(value: Limit) -> str:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return "" if fine else f"{shown(value)} is not a number"


def _words_wanted(value: Limit) -> str:
    return "" if isinstance(value, tuple) and value else f"{shown(value)} is not a list of words"


def _nothing_wanted(value: Limit) -> str:
    return "" if value is None else f"{shown(value)} has no meaning beside the operator present"


def _one_wanted(value: Limit) -> str:
    return f"{shown(value)} is not one word, number, true or false" if value is None or isinstance(value, tuple) else ""


def _date_wanted(value: Limit) -> str:
    field = find(value) if isinstance(value, str) else None
    return "" if field is not None and field.kind == "date" else f"{shown(value)} is not a field that holds a date"


_FITS: dict[Operator, Callable[[Limit], str]] = {
    ">=": _number_wanted,
    "<=": _number_wanted,
    "in": _words_wanted,
    "is": _one_wanted,
    "present": _nothing_wanted,
    "not-before": _date_wanted,
}


def _limit(value: object, faults: Faults) -> Limit:
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return tuple(str(part) for part in value)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return value
    faults.append(f"value: {shown(value)} is no number, word, list of words, true or false")
    return None


def _sources(value: object, authorities: Mapping[str, Authority], faults: Faults) -> Iterator[Authority]:
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, str) and one in authorities:
            yield authorities[one]
        elif isinstance(one, dict) and set(one) <= {"title", "doi", "url"} and str(one.get("title") or "").strip():
            yield Authority(**{name: str(part or "") for name, part in one.items()})
        else:
            faults.append(f"sources: {shown(one)} is neither the name of a source nor title, doi and url")


def _guards(value: object, faults: Faults, name: str) -> tuple[Guard, ...]:
    if not isinstance(value, dict):
        faults.append(f"{name}: {shown(value)} is not a list of field: value")
        return ()
    return tuple(_guard(str(field), wanted, faults, name) for field, wanted in value.items())


def _guard(field: str, wanted: object, faults: Faults, name: str) -> Guard:
    if isinstance(wanted, dict):
        ends = {key: end for key, end in wanted.items() if key in {"min", "max"} and not _number_wanted(end)}
        if ends and len(ends) == len(wanted):
            return Guard(field, low=ends.get("min"), high=ends.get("max"))
    elif isinstance(wanted, str | int | float | bool):
        return Guard(field, (wanted,))
    elif isinstance(wanted, list) and wanted and all(isinstance(part, str | int | float) for part in wanted):
        return Guard(field, cast("tuple[Plain, ...]", tuple(wanted)))
    faults.append(f"{name}: {shown(wanted)} under {field} is neither a value, a list of values, nor min and max")
    return Guard(field)


def _exceptions(value: object, faults: Faults) -> Iterator[LimitException]:
    for one in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(one, dict) or set(one) != {"when", "value"}:
            faults.append(f"exceptions: {shown(one)} is not when and value")
            continue
        yield LimitException(_guards(one["when"], faults, "exceptions"), _limit(one["value"], faults))

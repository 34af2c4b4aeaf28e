"""A team's own standard: one that ships with stromata, changed criterion by criterion, each change with its reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any, Literal

from stromata.errors import InvalidInput, NotFound
from stromata.model.standards import Authority, Criterion, Guard, LimitException, Standard, StandardChange
from stromata.standards.catalogue import Data, Faults, criterion, shown, standard
from stromata.standards.own_file import OwnFile, read_own_file

_TOP = ("id", "version", "title", "scope", "extends", "extends_version", "changes")
_ACTIONS: tuple[Literal["override", "add", "drop"], ...] = ("override", "add", "drop")


def derive(
    base: Standard,
    changes: Sequence[Data],
    *,
    id: str,  # noqa: A002 - the word that users know it by
    version: str,
    title: str = "",
    scope: str = "",
    statements: Collection[str] | None = None,
) -> Standard:
    """Return a standard that differs from `base` by `changes`.

    Parameters
    ----------
    changes : each with ``override``, ``add`` or ``drop`` naming a criterion's id, a ``reason``, and for the first two
        the keys of a criterion to set; ``statement`` names the consensus statement that the change rests on.
    statements : ids of the statements there are; None when they are not known here.

    Raises
    ------
    InvalidInput
        A change names an unknown criterion or statement, has no reason, or does not fit; every such place is named.
    """
    return _derived(
        base, changes, {"id": id, "version": version, "title": title, "scope": scope}, statements=statements
    )


def _derived(
    base: Standard,
    changes: Sequence[Data],
    named: Data,
    *,
    statements: Collection[str] | None,
    file: OwnFile | None = None,
) -> Standard:
    """Return the standard; what is wrong is told with the file and the line, where it is from a file."""
    criteria = {one.id: one for one in base.criteria}
    done: list[StandardChange] = []
    wrong: list[str] = []
    for number, change in enumerate(changes, start=1):
        try:
            done.append(_apply(change, criteria, statements))
        except InvalidInput as error:
            line = file.changes[number - 1] if file is not None and number <= len(file.changes) else None
            wrong.append(f"change {number}{_named(change, line)}: {error.message}")
    where = f"{file.name}: " if file is not None else ""
    if wrong:
        raise InvalidInput(f"{where}{_joined(wrong)}", hint="Mend these changes; nothing was derived.")
    faults = Faults()
    for name in ("id", "version"):
        faults.text(named, name, required=True)
    if faults:
        raise InvalidInput(f"{where}{'; '.join(faults)}", hint="A standard has a name and a version of its own.")
    kept = tuple(criteria.values())
    return Standard(
        id=named["id"],
        version=named["version"],
        title=named["title"] or base.title,
        subjects=tuple(dict.fromkeys(one.subject for one in kept)),
        criteria=kept,
        scope=named["scope"] or base.scope,
        conflicts=base.conflicts,
        extends=f"{base.id} {base.version}",
        changes=tuple(done),
    )


MOST_TOLD = 20
"""Faults that one message names; of more it tells the number."""


def _joined(wrong: Sequence[str]) -> str:
    more = len(wrong) - MOST_TOLD
    return "; ".join(wrong[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _named(change: object, line: int | None) -> str:
    """Return in brackets which criterion a change names, and its line, as far as they are known."""
    found = [shown(change[name]) for name in _ACTIONS if name in change] if isinstance(change, Mapping) else []
    parts = [*(text.strip("'") for text in found[:1]), *([f"line {line}"] if line else [])]
    return f" ({', '.join(parts)})" if parts else ""


def _apply(change: object, criteria: dict[str, Criterion], statements: Collection[str] | None) -> StandardChange:
    """Carry out one change on the criteria, and return what it was."""
    if not isinstance(change, Mapping):
        raise InvalidInput(f"{shown(change)} is not a list of key: value")
    actions = [name for name in _ACTIONS if name in change]
    if len(actions) != 1:
        raise InvalidInput("it needs exactly one of the keys override, add and drop, with a criterion's id")
    faults = Faults()
    action, name = actions[0], faults.text(change, actions[0], required=True)
    reason = faults.text(change, "reason", required=True)
    statement = faults.text(change, "statement")
    if statement and statements is not None and statement not in statements:
        faults.append(f"statement: there is no statement {shown(statement)}")
    if action == "add" and name in criteria:
        faults.append(f"there is a criterion {name} already: override it")
    if action != "add" and name not in criteria:
        faults.append(f"there is no criterion {name[:40]}")
    if action == "drop":
        faults.extend(
            f"{shown(key)}: has no meaning in a drop" for key in change if key not in {"drop", "reason", "statement"}
        )
    if faults:
        raise InvalidInput("; ".join(faults))
    if action == "drop":
        del criteria[name]
    else:
        row = {key: value for key, value in change.items() if key not in {action, "reason"}}
        criteria[name] = _changed(criteria.get(name), {**row, "id": name}, reason)
    return StandardChange(name, action, reason, statement)


def _changed(before: Criterion | None, row: Data, reason: str) -> Criterion:
    """Return the new criterion: the old one's keys with those of the change over them, checked as a whole.

    A new limit no longer rests on the old one's sources and exceptions. It rests on the statement or the sources that
    the change names, or on the team's own decision, whose reason then stands in the note.
    """
    old = _row(before) if before is not None else {"rationale": reason}
    if before is None or {"value", "operator", "unit"} & set(row):
        old = {name: value for name, value in old.items() if name not in {"sources", "exceptions", "basis", "status"}}
        old["basis"] = "consensus" if row.get("statement") else "" if row.get("sources") else "team-decision"
        old["note"] = "" if before is None else f"The team's own limit. {reason}"
    merged = {**old, **row}
    if merged.get("severity") == "must" and not merged.get("must_reason"):
        merged["must_reason"] = reason
    return criterion(merged, {})


def _row(one: Criterion) -> dict[str, Any]:  # Any: as YAML would give it
    """Return a criterion as the row of a file that would make it again."""
    row: dict[str, Any] = {}  # Any: as above
    for field in fields_of(one):
        value = getattr(one, field.name)
        if value is not None and value not in ("", ()):
            row[field.name] = _plain(value)
    return row


def _plain(value: object) -> Any:  # noqa: ANN401 - as YAML would give it
    if isinstance(value, Authority):
        return {"title": value.title, "doi": value.doi, "url": value.url}
    if isinstance(value, tuple) and value and isinstance(value[0], Guard):
        return {one.field: _wanted(one) for one in value if isinstance(one, Guard)}
    if isinstance(value, LimitException):
        return {"when": _plain(value.when), "value": _plain(value.value)}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _wanted(guard: Guard) -> object:
    if guard.values:
        return list(guard.values)
    return {name: end for name, end in (("min", guard.low), ("max", guard.high)) if end is not None}


def read_standard(source: Path | bytes, *, statements: Collection[str] | None = None, name: str = "") -> Standard:
    """Read a standard that a team derived, from YAML.

    Parameters
    ----------
    source : a file, or its bytes; keys ``id``, ``version``, ``extends``, ``changes``, and ``title``, ``scope``. With
        ``extends_version`` the standard is refused when the one it extends has moved on.
    statements : as for `derive`.
    name : of the file, for messages, where `source` is its bytes.

    Raises
    ------
    NotFound
        There is no such file, or no standard of the name under ``extends``.
    Unreadable
        It is no text, no YAML, names a key twice, or holds aliases.
    InvalidInput
        As for `derive`, or a key of the file is missing or unknown.
    """
    file = read_own_file(source, name=name)
    faults = Faults(
        f"{shown(key)}{_at(file.lines.get(str(key)))}: there is no such key" for key in file.data if key not in _TOP
    )
    texts = {key: faults.text(file.data, key, required=key in {"id", "version", "extends"}) for key in _TOP[:-1]}
    changes = file.data.get("changes") or []
    if not isinstance(changes, list):
        faults.append("changes: it is not a list")
    if faults:
        raise InvalidInput(f"{file.name}: {_joined(faults)}", hint=f"A standard's file has the keys {', '.join(_TOP)}.")
    base = _extended(file, texts)
    return _derived(
        base,
        changes,
        {"id": texts["id"], "version": texts["version"], "title": texts["title"], "scope": texts["scope"]},
        statements=statements,
        file=file,
    )


def _at(line: int | None) -> str:
    return f" (line {line})" if line else ""


def _extended(file: OwnFile, texts: Data) -> Standard:
    """Return the standard that a file extends."""
    place = f"{file.name}, line {file.lines['extends']}"
    try:
        base = standard(texts["extends"])
    except NotFound as error:
        raise NotFound(f"{place}: {error.message}", hint=error.hint) from error
    if texts["extends_version"] not in {"", base.version}:
        raise InvalidInput(
            f"{place}: it extends {base.id} {texts['extends_version'][:40]}, but this stromata has {base.version}",
            hint="Look at what changed, then write the new version under extends_version.",
        )
    return base

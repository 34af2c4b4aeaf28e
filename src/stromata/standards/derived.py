"""A team's own standard: one that ships with stromata, changed criterion by criterion, each change with its reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any, Literal

import yaml

from stromata.errors import InvalidInput, Unreadable
from stromata.model.standards import Authority, Criterion, Guard, LimitException, Standard, StandardChange
from stromata.standards.catalogue import Data, Faults, criterion, standard
from stromata.standards.records import bytes_of

_TOP = ("id", "version", "title", "scope", "extends", "extends_version", "changes")
_ACTIONS: tuple[Literal["override", "add", "drop"], ...] = ("override", "add", "drop")
LARGEST = 2_000_000
"""Bytes beyond which a file is no standard."""


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
    criteria = {one.id: one for one in base.criteria}
    done: list[StandardChange] = []
    wrong: list[str] = []
    for number, change in enumerate(changes, start=1):
        try:
            done.append(_apply(change, criteria, statements))
        except InvalidInput as error:
            wrong.append(f"change {number}{_named(change)}: {error.message}")
    if wrong:
        raise InvalidInput("; ".join(wrong), hint="Mend these changes; nothing was derived.")
    named = Faults()
    for name, value in (("id", id), ("version", version)):
        named.text({name: value}, name, required=True)
    if named:
        raise InvalidInput("; ".join(named), hint="A standard has a name and a version of its own.")
    kept = tuple(criteria.values())
    return Standard(
        id=id,
        version=version,
        title=title or base.title,
        subjects=tuple(dict.fromkeys(one.subject for one in kept)),
        criteria=kept,
        scope=scope or base.scope,
        conflicts=base.conflicts,
        extends=f"{base.id} {base.version}",
        changes=tuple(done),
    )


def _named(change: object) -> str:
    """Return the criterion of a change in brackets, where it names one."""
    found = [change[name] for name in _ACTIONS if name in change] if isinstance(change, Mapping) else []
    return f" ({found[0]})" if found else ""


def _apply(change: object, criteria: dict[str, Criterion], statements: Collection[str] | None) -> StandardChange:
    """Carry out one change on the criteria, and return what it was."""
    if not isinstance(change, Mapping):
        raise InvalidInput(f"{change!r} is not a list of key: value")
    actions = [name for name in _ACTIONS if name in change]
    if len(actions) != 1:
        raise InvalidInput("it needs exactly one of the keys override, add and drop, with a criterion's id")
    faults = Faults()
    action, name = actions[0], faults.text(change, actions[0], required=True)
    reason = faults.text(change, "reason", required=True)
    statement = faults.text(change, "statement")
    if statement and statements is not None and statement not in statements:
        faults.append(f"statement: there is no statement {statement!r}")
    if action == "add" and name in criteria:
        faults.append(f"there is a criterion {name} already: override it")
    if action != "add" and name not in criteria:
        faults.append(f"there is no criterion {name}")
    if action == "drop":
        faults.extend(
            f"{key}: has no meaning in a drop" for key in change if key not in {"drop", "reason", "statement"}
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


def read_standard(source: Path | bytes, *, statements: Collection[str] | None = None) -> Standard:
    """Read a standard that a team derived, from YAML.

    Parameters
    ----------
    source : a file, or its bytes; keys ``id``, ``version``, ``extends``, ``changes``, and ``title``, ``scope``. With
        ``extends_version`` the standard is refused when the one it extends has moved on.
    statements : as for `derive`.

    Raises
    ------
    NotFound
        There is no such file, or no standard of the name under ``extends``.
    Unreadable
        It is not YAML, or names a key twice.
    InvalidInput
        As for `derive`, or a key of the file is missing or unknown.
    """
    data = _loaded(source if isinstance(source, bytes) else bytes_of(source))
    faults = Faults(f"{name}: there is no such key" for name in data if name not in _TOP)
    texts = {name: faults.text(data, name, required=name in {"id", "version", "extends"}) for name in _TOP[:-1]}
    changes = data.get("changes") or []
    if not isinstance(changes, list):
        faults.append("changes: it is not a list")
    if faults:
        raise InvalidInput("; ".join(faults), hint=f"A standard's file has the keys {', '.join(_TOP)}.")
    base = standard(texts["extends"])
    if texts["extends_version"] not in {"", base.version}:
        raise InvalidInput(
            f"it extends {base.id} {texts['extends_version']}, but this stromata has version {base.version}",
            hint="Look at what changed, then write the new version under extends_version.",
        )
    return derive(
        base,
        changes,
        id=texts["id"],
        version=texts["version"],
        title=texts["title"],
        scope=texts["scope"],
        statements=statements,
    )


def _loaded(data: bytes) -> Data:
    hint = "It is a YAML file with the keys id, version, extends and changes."
    if len(data) > LARGEST:
        raise Unreadable(f"the standard has {len(data)} bytes; one has at most {LARGEST}", hint="Is it the right file?")
    try:
        node = yaml.compose(data, Loader=yaml.SafeLoader)
        twice = list(_twice(node, set()))
        found = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise Unreadable(f"the standard is not YAML{where}", hint=hint) from error
    if twice:
        raise Unreadable(f"the standard names keys twice: {', '.join(twice)}", hint="Keep one of each.")
    if not isinstance(found, dict):
        raise Unreadable("the standard holds no keys", hint=hint)
    return found


def _twice(node: yaml.Node | None, seen: set[int]) -> Iterator[str]:
    """Name every key that one mapping has twice, with its line; YAML itself would silently keep the last."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    below: Iterable[yaml.Node] = ()
    if isinstance(node, yaml.MappingNode):
        names = [name.value for name, _ in node.value]
        for place, (name, _) in enumerate(node.value):
            if name.value in names[:place]:
                yield f"{name.value} (line {name.start_mark.line + 1})"
        below = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        below = node.value
    for one in below:
        yield from _twice(one, seen)

"""The YAML file of a team's own standard: what it holds, and on which line each part of it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stromata import disk
from stromata.errors import StoreError, Unreadable
from stromata.yaml_text import compose, line_of, loader_class, place_of, text_of

LARGEST = 2_000_000
"""Bytes beyond which a file is no standard."""
DEEPEST = 40
"""Levels of nesting beyond which a file is no standard; ours have five."""

_HINT = "It is a YAML file with the keys id, version, extends and changes."
_DATE, _TEXT = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What a file says.

    Attributes
    ----------
    name : of the file, as messages call it.
    data : by key. `lines` : key to the line on which it stands.
    changes : the line on which each of the ``changes`` begins.
    """

    name: str
    data: Mapping[str, Any]  # Any: as YAML gives it; every value is looked at before it is used
    lines: Mapping[str, int]
    changes: tuple[int, ...]


def read_own_file(source: Path | bytes, *, name: str = "") -> OwnFile:
    """Read a file: UTF-8, or UTF-16 with its mark.

    Aliases are refused: a few lines of them can stand for millions of values. Dates are taken as they are written.

    Parameters
    ----------
    name : of the file, where `source` is its bytes.

    Raises
    ------
    NotFound
        There is no such file.
    Unreadable
        It is no text, or no YAML that a standard may be written in; the message names the file and the line.
    """
    where = name or (source.name if isinstance(source, Path) else "the standard")
    text = _decoded(where, source if isinstance(source, bytes) else disk.content(source, failed=StoreError))
    node, data = _loaded(where, text)
    twice = list(_twice(node))
    if twice:
        raise Unreadable(f"{where} names keys twice: {', '.join(twice)}", hint="Keep one of each.")
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode):
        raise Unreadable(f"{where} holds no keys", hint=_HINT)
    changes = next((value for key, value in node.value if key.value == "changes"), None)
    return OwnFile(
        where,
        data,
        {str(key.value): line_of(key) for key, _ in node.value},
        tuple(map(line_of, changes.value)) if isinstance(changes, yaml.SequenceNode) else (),
    )


def _decoded(where: str, data: bytes) -> str:
    if len(data) > LARGEST:
        raise Unreadable(
            f"{where} has {len(data)} bytes; a standard has at most {LARGEST}", hint="Is it the right file?"
        )
    return text_of(data, where=where)


def _loaded(where: str, text: str) -> tuple[yaml.Node | None, object]:
    """Return the nodes of a file and what they hold."""
    node = compose(text, where=where, what="a standard", deepest=DEEPEST, hint=_HINT)
    if node is None:
        return None, None
    _keep_dates(node)
    try:
        return node, loader_class()("").construct_document(node)
    except yaml.constructor.ConstructorError as error:
        raise Unreadable(
            f"{where}, {place_of(error, text)}what stands there is neither text, number, list nor key with value",
            hint=_HINT,
        ) from error
    except ValueError as error:
        raise Unreadable(f"{where} holds a number that is too long to be read", hint="Look for it.") from error


def _children(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from (part for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _keep_dates(node: yaml.Node | None) -> None:
    """Make texts of what YAML takes for dates: a version such as 2024-13-01 is no day, and need not be one."""
    if isinstance(node, yaml.ScalarNode) and node.tag == _DATE:
        node.tag = _TEXT
    for one in _children(node):
        _keep_dates(one)


def _twice(node: yaml.Node | None) -> Iterator[str]:
    """Name every key that one mapping has twice, with its line; YAML itself would silently keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield f"{key.value[:40]} (line {line_of(key)})"
                seen.add(key.value)
    for one in _children(node):
        yield from _twice(one)

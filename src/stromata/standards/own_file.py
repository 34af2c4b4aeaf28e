"""The YAML file of a team's own standard: what it holds, and on which line each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stromata.errors import Unreadable
from stromata.standards.records import bytes_of

LARGEST = 2_000_000
"""Bytes beyond which a file is no standard."""
DEEPEST = 40
"""Levels of nesting beyond which a file is no standard; ours have five."""

_HINT = "It is a YAML file with the keys id, version, extends and changes."
_NO_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow in a text."""
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
    text = _decoded(where, source if isinstance(source, bytes) else bytes_of(source))
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
        {str(key.value): _line(key) for key, _ in node.value},
        tuple(map(_line, changes.value)) if isinstance(changes, yaml.SequenceNode) else (),
    )


def _decoded(where: str, data: bytes) -> str:
    if len(data) > LARGEST:
        raise Unreadable(
            f"{where} has {len(data)} bytes; a standard has at most {LARGEST}", hint="Is it the right file?"
        )
    encoding = "UTF-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "UTF-8"
    try:
        text = data.decode("utf-16" if encoding == "UTF-16" else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(
            f"{where} is not {encoding} text: line {line} holds other bytes", hint="Save it as UTF-8."
        ) from error
    wrong = _NO_TEXT.search(text)
    if wrong is not None:
        line, code = text.count("\n", 0, wrong.start()) + 1, ord(wrong.group())
        raise Unreadable(
            f"{where}, line {line}: the character U+{code:04X} cannot stand in a text", hint="Take it out."
        )
    return text


def _loaded(where: str, text: str) -> tuple[yaml.Node | None, object]:
    """Return the nodes of a file and what they hold."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _look_through(where, text, loader)
        reader = loader(text)
        node = reader.get_single_node()
        _keep_dates(node)
        return node, None if node is None else reader.construct_document(node)
    except yaml.constructor.ConstructorError as error:
        raise Unreadable(
            f"{where}, {_place(error, text)}what stands there is neither text, number, list nor key with value",
            hint=_HINT,
        ) from error
    except yaml.YAMLError as error:
        hint = f"Check indentation, quotes and colons. {_HINT}"
        raise Unreadable(f"{where}, {_place(error, text)}this is not YAML", hint=hint) from error
    except ValueError as error:
        raise Unreadable(f"{where} holds a number that is too long to be read", hint="Look for it.") from error


def _place(error: yaml.YAMLError, text: str) -> str:
    """Return the line of an error; what is missing at the end is missing on the last one."""
    mark = getattr(error, "problem_mark", None)
    return f"line {min(mark.line + 1, len(text.splitlines()))}: " if mark is not None else ""


def _look_through(where: str, text: str, loader: Any) -> None:  # noqa: ANN401 - a class of PyYAML, in C where there is one
    """Refuse what must not be built: aliases, and nesting without an end."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        place = f"{where}, line {event.start_mark.line + 1}" if event.start_mark is not None else where
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(
                f"{place}: the alias *{str(event.anchor)[:40]} stands for what is written elsewhere, and a standard "
                "has no aliases",
                hint="Write it out there.",
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Unreadable(
                f"{place}: it is nested deeper than {DEEPEST} levels", hint="Look for brackets that are not closed."
            )


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
                    yield f"{key.value[:40]} (line {_line(key)})"
                seen.add(key.value)
    for one in _children(node):
        yield from _twice(one)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1

"""YAML that people write by hand: read into nodes that know their line, and refused where it could do harm."""

from __future__ import annotations

import re
from typing import Any

import yaml

from stromata.errors import Unreadable

_NO_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow in a text."""


def loader_class() -> Any:  # noqa: ANN401 - a class of PyYAML
    """Return PyYAML's safe loader, the one in C where there is one."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text_of(data: bytes, *, where: str) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with its mark.

    Raises
    ------
    Unreadable
        It is neither; the message names the line.
    """
    encoding = "UTF-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "UTF-8"
    try:
        return data.decode("utf-16" if encoding == "UTF-16" else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"{where} is not {encoding} text: line {line} holds other bytes"
        raise Unreadable(message, hint="Save it as UTF-8.") from error


def compose(text: str, *, where: str, what: str, deepest: int, hint: str = "") -> yaml.Node | None:
    """Return the nodes of a text; None when it holds nothing.

    Aliases are refused: a few lines of them can stand for millions of values. So is nesting without an end.

    Parameters
    ----------
    where, what : how messages call the file, and what it is: ``frame.yaml``, ``a frame``.
    deepest : levels of nesting beyond which it is none.
    hint : what to say beside the advice to look at that line.

    Raises
    ------
    Unreadable
        The message names the file and the line.
    """
    wrong = _NO_TEXT.search(text)
    if wrong is not None:
        line, code = text.count("\n", 0, wrong.start()) + 1, ord(wrong.group())
        raise Unreadable(
            f"{where}, line {line}: the character U+{code:04X} cannot stand in a text", hint="Take it out."
        )
    try:
        _look_through(text, where, what, deepest, hint)
        node: yaml.Node | None = yaml.compose(text, Loader=loader_class())
    except yaml.YAMLError as error:
        advice = f"Check indentation, quotes and colons. {hint}".strip()
        raise Unreadable(f"{where}, {place_of(error, text)}this is not YAML", hint=advice) from error
    return node


def place_of(error: yaml.YAMLError, text: str) -> str:
    """Return the line of an error, as the beginning of a message; what is missing at the end is so on the last line."""
    mark = getattr(error, "problem_mark", None)
    return f"line {max(1, min(mark.line + 1, len(text.splitlines())))}: " if mark is not None else ""


def line_of(node: yaml.Node) -> int:
    """Return the 1-based line on which a node begins."""
    return int(node.start_mark.line) + 1


def _look_through(text: str, where: str, what: str, deepest: int, hint: str) -> None:
    """Refuse what must not be built."""
    depth = 0
    for event in yaml.parse(text, Loader=loader_class()):
        place = f"{where}, line {event.start_mark.line + 1}" if event.start_mark is not None else where
        if isinstance(event, yaml.AliasEvent):
            said = (
                f"the alias *{str(event.anchor)[:40]} stands for what is written elsewhere, and {what} has no aliases"
            )
            raise Unreadable(f"{place}: {said}", hint="Write it out there.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            said = f"it is nested deeper than {deepest} levels"
            raise Unreadable(f"{place}: {said}", hint=f"Look for brackets that are not closed. {hint}".strip())

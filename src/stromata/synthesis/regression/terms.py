"""Formulas in the notation of R, read into terms: ``~ a * b`` into a, b and a:b.

A formula becomes a tree of nodes; the operators of terms (``+ - : * / ^``) are worked out here, what stands inside a
function is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal, TypeAlias

from stromata.errors import InvalidInput

# Reading.


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a formula: a number, a text, a name, a call, or an operator with one or two arguments."""

    kind: Literal["number", "text", "name", "call", "operator"]
    value: str
    arguments: tuple[Node, ...] = ()
    names: tuple[str, ...] = ()
    place: int = 0


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d][\w.]*|\.[A-Za-z_.][\w.]*|`[^`]+`)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<operator>[-+*/^:(),=~]))"
)

_BINDING = {"~": 1, "+": 2, "-": 2, "*": 3, "/": 3, ":": 4, "^": 6}
"""How tightly an operator binds; ``^`` to the right. A sign before a number or name binds between ``:`` and ``^``."""

_SIGN = 5


class _Reader:
    """A formula being read, left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if not match or match.lastgroup is None:
                raise self.error(
                    "no such character in a formula", place + len(text[place:]) - len(text[place:].lstrip())
                )
            self.tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            place = match.end()
        self.tokens.append(("end", "", len(text)))
        self.at = 0

    def error(self, what: str, place: int) -> InvalidInput:
        return InvalidInput(
            f"formula {self.text!r}, position {place + 1}: {what}",
            hint="Write moderators as in '~ year + factor(design)'.",
        )

    def next(self) -> tuple[str, str, int]:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, sign: str) -> None:
        _, value, place = self.next()
        if value != sign:
            raise self.error(f"{sign!r} is missing" + (f" before {value!r}" if value else ""), place)

    def expression(self, binding: int = 0) -> Node:
        left = self.operand()
        while True:
            kind, sign, place = self.tokens[self.at]
            if kind != "operator" or _BINDING.get(sign, 0) <= binding:
                return left
            self.at += 1
            right = self.expression(_BINDING[sign] - (sign == "^"))
            left = Node("operator", sign, (left, right), place=place)

    def operand(self) -> Node:
        kind, value, place = self.next()
        if kind == "number":
            return Node("number", value, place=place)
        if kind == "text":
            return Node("text", value[1:-1], place=place)
        if kind == "name":
            if self.tokens[self.at][1] == "(":
                self.at += 1
                return self.call(value, place)
            return Node("name", value.strip("`"), place=place)
        if value == "(":
            inside = self.expression()
            self.expect(")")
            return Node("operator", "(", (inside,), place=place)
        if value and value in "+-~":
            return Node("operator", value, (self.expression(1 if value == "~" else _SIGN),), place=place)
        raise self.error(f"{value!r} cannot stand here" if value else "something is missing at the end", place)

    def call(self, name: str, place: int) -> Node:
        arguments: list[Node] = []
        names: list[str] = []
        while self.tokens[self.at][1] != ")":
            named = self.tokens[self.at + 1][1] == "=" if self.at + 1 < len(self.tokens) else False
            names.append(self.next()[1] if named else "")
            if named:
                self.at += 1
            arguments.append(self.expression())
            if self.tokens[self.at][1] != ",":
                break
            self.at += 1
        self.expect(")")
        return Node("call", name, tuple(arguments), tuple(names), place)


def written(node: Node) -> str:
    """Write a node as R does."""
    if node.kind == "text":
        return f'"{node.value}"'
    if node.kind == "call":
        inside = (
            (f"{name} = " if name else "") + written(each)
            for name, each in zip(node.names, node.arguments, strict=True)
        )
        return f"{node.value}({', '.join(inside)})"
    if node.kind != "operator":
        return node.value
    parts = [written(each) for each in node.arguments]
    if node.value == "(":
        return f"({parts[0]})"
    if len(parts) == 1:
        return node.value + parts[0]
    return (f" {node.value} " if node.value in "+-*~" else node.value).join(parts)


# Terms.

FormulaTerm: TypeAlias = tuple[Node, ...]
"""Factors of a term in the order of their appearance in the formula; none for the intercept."""


class _Terms:
    """The terms of a formula, with equal factors told by their writing."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.factors: dict[str, Node] = {}

    def term(self, keys: frozenset[str]) -> FormulaTerm:
        return tuple(self.factors[key] for key in self.factors if key in keys)

    def expand(self, node: Node) -> dict[frozenset[str], bool]:
        """Return terms in order; False marks one that is taken out. The empty set is the intercept."""
        if node.kind == "number":
            if float(node.value) not in {0.0, 1.0}:
                raise self.reader.error(
                    f"the number {node.value} is no moderator; 1 and 0 stand for the intercept", node.place
                )
            return {frozenset(): float(node.value) == 1.0}
        if node.kind == "text":
            raise self.reader.error("a text in quotes is no moderator", node.place)
        if node.kind in {"name", "call"}:
            key = written(node)
            self.factors.setdefault(key, node)
            return {frozenset([key]): True}
        return self.operator(node)

    def operator(self, node: Node) -> dict[frozenset[str], bool]:
        sign = node.value
        if sign == "~":
            raise self.reader.error(
                "'~' stands at the beginning only; the estimates are not part of the formula", node.place
            )
        if len(node.arguments) == 1:
            inside = self.expand(node.arguments[0])
            return {key: not kept for key, kept in inside.items()} if sign == "-" else inside
        left = self.expand(node.arguments[0])
        if sign == "^":
            return self.power(node, left)
        right = self.expand(node.arguments[1])
        if sign == "+":
            return left | right
        if sign == "-":
            gone = {key: not kept for key, kept in right.items()}
            return {key: kept for key, kept in left.items() if key not in gone} | gone
        if sign == "/":
            whole = frozenset().union(*left)
            return left | {whole | key: True for key in right}
        both = {a | b: True for a in left for b in right}
        return left | right | both if sign == "*" else both

    def power(self, node: Node, left: dict[frozenset[str], bool]) -> dict[frozenset[str], bool]:
        exponent = node.arguments[1]
        if exponent.kind != "number" or not exponent.value.isdigit() or int(exponent.value) < 1:
            raise self.reader.error(
                "the power of terms must be a whole number from 1 on; write I(x^2) for squares", node.place
            )
        found = dict(left)
        for size in range(2, int(exponent.value) + 1):
            for keys in combinations(left, size):
                found.setdefault(frozenset().union(*keys), True)
        return found


@lru_cache(maxsize=256)
def read_terms(text: str) -> tuple[bool, tuple[FormulaTerm, ...]]:
    """Return whether there is an intercept, and the other terms, main effects first as in R."""
    reader = _Reader(text)
    if reader.tokens[0][1] != "~":
        raise reader.error("a formula begins with '~'", reader.tokens[0][2])
    reader.at = 1
    node = reader.expression(1)
    if reader.tokens[reader.at][0] != "end":
        _, value, place = reader.tokens[reader.at]
        raise reader.error(f"{value!r} cannot stand here", place)
    terms = _Terms(reader)
    found = terms.expand(node)
    intercept = found.pop(frozenset(), True)
    keys = sorted((key for key, kept in found.items() if kept), key=len)
    return intercept, tuple(terms.term(key) for key in keys)


def walk(node: Node) -> Iterator[Node]:
    """Go through a node and all below it."""
    yield node
    for each in node.arguments:
        yield from walk(each)


def column_names(node: Node) -> tuple[str, ...]:
    """Return the data columns that a node uses."""
    if node.kind == "name":
        return (node.value,)
    return tuple(dict.fromkeys(name for each in node.arguments for name in column_names(each)))


def failure(formula: str, node: Node, what: str, hint: str = "") -> InvalidInput:
    """Return the error that something is wrong at a node, with its position in the formula."""
    return InvalidInput(f"formula {formula!r}, position {node.place + 1}: {what}", hint=hint)

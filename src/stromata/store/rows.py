"""Rows of current state, as all that applies events writes them; and the limits on what can name something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from stromata.errors import InvalidInput

T = TypeVar("T")

BATCH = 1000
"""Rows handled at a time: enough for speed, little enough for memory."""

KEY_LENGTH = 200
"""Longest name, id or identifier in characters: PostgreSQL's indexes hold no more than 2700 bytes an entry."""

Row = dict[str, Any]  # Any: a row holds texts and integers


def check_key(name: str, value: str) -> str:
    """Return `value` if it can name something: 1 to `KEY_LENGTH` characters, not only spaces; else InvalidInput."""
    if not value.strip() or len(value) > KEY_LENGTH:
        shown = f"{value[:40]!r} ({len(value)} characters)"
        raise InvalidInput(f"{name} is {shown}; 1 to {KEY_LENGTH} characters are allowed")
    return value


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line breaks, marks that turn the direction of text, and halves of characters."""


def check_person(name: str, value: str) -> str:
    """Return `value` if it can name a person: as `check_key`, and each character can be shown; else InvalidInput.

    Only new events are held to it: those in a log are replayed as they are.
    """
    found = _UNSEEN.search(value)
    if found:
        raise InvalidInput(
            f"{name} is {value[:40]!a}: it holds the character U+{ord(found.group()):04X}; control characters, "
            "line breaks, marks of direction and broken characters are not allowed",
            hint="Write the name in plain letters, as UTF-8.",
        )
    return check_key(name, value)


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def replace_row(connection: Connection, table: Table, key: Row, values: Row) -> None:
    """Put a row in the place of the one with the same key, if there is one."""
    connection.execute(_delete(table, tuple(key)), key)
    connection.execute(table.insert(), key | values)


@cache
def _delete(table: Table, names: tuple[str, ...]) -> sa.Delete:
    return table.delete().where(*(table.c[name] == sa.bindparam(name) for name in names))


def next_position(connection: Connection, table: Table, review: str) -> int:
    """Return the position after the last one that a review has in a table."""
    last = connection.execute(sa.select(sa.func.max(table.c.position)).where(table.c.review == review)).scalar()
    return 1 if last is None else int(last) + 1

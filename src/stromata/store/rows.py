"""Rows of current state, as all that applies events writes them; and the limits on what can name something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from stromata.errors import InvalidInput, NotFound
from stromata.store import schema

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


UNKEPT = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL refuses, and halves of characters, which are no UTF-8."""


_REFERENCE_OF = sa.select(schema.members.c.reference).where(
    schema.members.c.review == sa.bindparam("of"), schema.members.c.record == sa.bindparam("name")
)


def sound(text: str) -> str:
    """Return an id as it may be asked for: without what databases refuse and no id holds."""
    return UNKEPT.sub("\ufffd", text)


def missing_reference(connection: Connection, review: str, reference: str) -> NotFound:
    """Return the error for an id that is no reference now, saying what became of it."""
    now = connection.execute(_REFERENCE_OF, {"of": review, "name": sound(reference)}).scalar()
    if now is None:
        return NotFound(f"there is no reference {reference!r} in this review")
    return NotFound(f"{reference!r} is no reference of its own now", hint=f"It is part of reference {now!r}.")


def require_reference(connection: Connection, review: str, reference: str) -> None:
    """Raise NotFound unless `reference` is a reference now."""
    found = connection.execute(_REFERENCE_OF, {"of": review, "name": sound(reference)}).scalar()
    if found != reference:
        raise missing_reference(connection, review, reference)

"""What the fields of a format cannot hold: written beside them, so that every record comes back as it was.

A writer reads its own text back before it hands it on. Where a record would not come back the same, the differing
fields are added to the entry in one note of our own, as JSON of plain signs that no reader changes. Beside each value
stands a checksum of what the format's own fields say instead: where another program or a person has changed them since,
the change counts and the note does not.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from itertools import islice
from typing import Protocol

from stromata.formats.content import Content, Passage, examine
from stromata.formats.text import iso_date, tidy
from stromata.model import LanguageBasis, Name, Problem, Record, Translation

NOTE = "stromata.record"
"""Name of the note, as formats that have notes write it."""

_PLACE = frozenset(("source", "number", "line", "end_line"))
_LISTS = frozenset(("issn", "isbn", "registry_ids", "urls", "keywords", "notes"))
_FIELDS = tuple(field.name for field in fields(Record) if field.name not in _PLACE)
_TEXTS = frozenset(_FIELDS) - _LISTS - {"authors", "year", "date", "language_basis", "translations", "extra"}
_BASES: dict[object, LanguageBasis] = {"": "", "stated": "stated", "detected": "detected"}

_TOGETHER = 200
"""Records that are read back at a time."""

_UNSAFE = re.compile(r"[^A-Za-z0-9 .,:;()/+*=?!|'-]|^ | $|(?<= ) ")
"""What other programs could take for markup, braces, entities or line ends."""


class ReadBack(Protocol):
    """The reader of a format, for text that was just written."""

    def __call__(self, content: Content) -> Iterator[Record | Problem | Passage]:
        """Yield what the text holds."""


def lossless(
    records: Iterable[Record], *, write: Callable[[Record], str], add: Callable[[str, str], str], read: ReadBack
) -> Iterator[str]:
    """Yield the entry of each record, with a note of our own where its fields alone would not bring it back.

    Parameters
    ----------
    write : makes the entry of a record.
    add : puts the JSON of the note into an entry.
    read : reads entries back.
    """
    given = map(tidied, records)
    while group := list(islice(given, _TOGETHER)):
        entries = [write(record) for record in group]
        back: list[Record] | list[Record | None] = _read("".join(entries), read)
        if len(back) != len(group):
            alone = (_read(entry, read) for entry in entries)
            back = [found[0] if len(found) == 1 else None for found in alone]
        for record, entry, found in zip(group, entries, back, strict=True):
            if found is None:  # it may be told apart once it has a note
                noted = _read(add(entry, "{}"), read)
                note = note_of(record, noted[0]) or "{}" if len(noted) == 1 else note_of(record, None)
            else:
                note = note_of(record, found)
            yield add(entry, note) if note else entry


def _read(text: str, read: ReadBack) -> list[Record]:
    data = text.encode()
    return [item for item in read(examine("", lambda: io.BytesIO(data))) if isinstance(item, Record)]


def note_of(record: Record, back: Record | None) -> str:
    """Return the JSON that makes `record` of what was read back in its stead; nothing where they are the same.

    back : None where nothing, or not one record, was read.
    """
    found = back or Record("", 0, 0, 0)
    said: list[str] = []
    for name in _FIELDS:
        value, other = getattr(record, name), getattr(found, name)
        if value == other:
            continue
        if name == "extra" and Counter(value) == Counter(other):
            said.append(f'"order": [{_json(_sum(other))}, {_json(_order(value, other))}]')
        else:
            said.append(f"{_json(name)}: [{_json(_sum(other))}, {_json(_plain(value))}]")
    return f"{{{', '.join(said)}}}" if said or back is None else ""


def restored(record: Record, note: str) -> Record:
    """Return the record with the values of a note; those of fields that were changed since are left alone.

    A note that cannot be read changes nothing.
    """
    try:
        said = json.loads(note)
    except (ValueError, RecursionError):
        return record
    changes: dict[str, object] = {}
    for name, pair in said.items() if isinstance(said, dict) else ():
        place = "extra" if name == "order" else name
        if place not in _FIELDS or not isinstance(pair, list) or len(pair) != 2:
            continue
        now = getattr(record, place)
        if pair[0] != _sum(now):
            continue
        value = _ordered(record.extra, pair[1]) if name == "order" else _value(name, pair[1])
        if value is not None:
            changes[place] = value
    if "year" in changes and changes["year"] == "":
        changes["year"] = None
    return replace(record, **changes)  # type: ignore[arg-type]  # each value was made for its field


def _value(name: str, given: object) -> object:
    """Return what a note says as the value of a field; None where it is none."""
    if name == "year":
        return given if (isinstance(given, int) and not isinstance(given, bool)) or given == "" else None
    if name == "date":
        return given if isinstance(given, str) and given == iso_date(given) else None
    if name == "language_basis":
        return _BASES.get(given) if isinstance(given, str) else None
    if name in _TEXTS:
        return tidy(given) if isinstance(given, str) else None
    rows = given if isinstance(given, list) else []
    if name in _LISTS:
        return tuple(tidy(one) for one in rows if isinstance(one, str))
    rows = [row for row in rows if isinstance(row, list)]
    texts = [[tidy(one) if isinstance(one, str) else "" for one in row] for row in rows]
    if name == "authors":
        return tuple(Name(*row) for row in texts if len(row) == 4)
    if name == "extra":
        return tuple((row[0], row[1]) for row in texts if len(row) == 2)
    both = zip(rows, texts, strict=True)
    return tuple(Translation(row[0], row[1], row[2], machine=raw[3] is True) for raw, row in both if len(row) == 4)


def _plain(value: object) -> object:
    """Return the value of a field as lists, texts, numbers and truth values."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Name):
        return [value.family, value.given, value.suffix, value.literal]
    if isinstance(value, Translation):
        return [value.language, value.title, value.abstract, value.machine]
    return "" if value is None else value


def _json(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, str):
        return f'"{_UNSAFE.sub(_escaped, value)}"'
    return json.dumps(value)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _sum(value: object) -> str:
    return f"{zlib.crc32(_json(_plain(value)).encode()):08x}"


def _order(wanted: tuple[tuple[str, str], ...], given: tuple[tuple[str, str], ...]) -> list[int]:
    """Return for each place of `wanted` the place that its pair has in `given`."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, pair in reversed(tuple(enumerate(given))):
        places.setdefault(pair, []).append(place)
    return [places[pair].pop() for pair in wanted]


def _ordered(extra: tuple[tuple[str, str], ...], order: object) -> tuple[tuple[str, str], ...] | None:
    whole = isinstance(order, list) and all(type(place) is int for place in order)
    if not isinstance(order, list) or not whole or sorted(order) != list(range(len(extra))):
        return None
    return tuple(extra[place] for place in order)


def tidied(record: Record) -> Record:
    """Return the record with its texts as readers give them: one blank for all white space, nothing invisible."""
    changes = {name: value for name in _TEXTS if (value := tidy(getattr(record, name))) != getattr(record, name)}
    lists: dict[str, object] = {name: tuple(map(tidy, getattr(record, name))) for name in _LISTS}
    lists["authors"] = tuple(
        Name(tidy(one.family), tidy(one.given), tidy(one.suffix), tidy(one.literal)) for one in record.authors
    )
    lists["translations"] = tuple(
        Translation(tidy(one.language), tidy(one.title), tidy(one.abstract), machine=one.machine)
        for one in record.translations
    )
    lists["extra"] = tuple((tidy(tag), tidy(value)) for tag, value in record.extra)
    odd = {name: value for name, value in lists.items() if value != getattr(record, name)}
    return replace(record, **changes, **odd) if changes or odd else record  # type: ignore[arg-type]  # as above

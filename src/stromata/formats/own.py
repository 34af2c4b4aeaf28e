"""What the fields of a format cannot hold: written beside them, so that every record comes back as it was.

A writer reads its own text back before it hands it on. Where a record would not come back the same, the differing
fields are added to the entry in one note of our own, as JSON of plain signs that no reader changes. Beside each value
stands a checksum of what the format's own fields say instead: where another program or a person has changed them since,
the change counts and the note does not. The note as a whole has a checksum too: one that was damaged is not used, but
kept among the notes of the record, and told.
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

_CHECK = "check"
"""What the checksum of the note itself stands under."""

_BEGINS = "stromata."
_NAMED = re.compile(r"stromata\.(?:extra: ?[^=]+=|(?:record|registry|translation|order|type): ?)")
"""How the notes begin that tagged text and EndNote XML have room for."""

_INSIDE = re.compile(r'"[a-z_]+": \["[0-9a-f]{8}", ')
"""How what a note says begins, whatever became of its name."""

_SHOWN = 200
"""Characters of a damaged note that are shown."""

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
            if found is None or NOTE in entry:  # it may be told apart once it has a note; it may hold one as a text
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
    if not said:
        return "{}" if back is None else ""
    body = ", ".join(said)
    check = _sum_of(json.loads(f"{{{body}}}"))
    return f"{{{body}, {_json(_CHECK)}: {_json(check)}}}"


def restored(record: Record, note: str, *, form: str, problems: list[Problem]) -> Record:
    """Return the record with the values of a note; those of fields that were changed since are left alone.

    Parameters
    ----------
    note : what the note says; empty where there is none.
    form : beginning of the codes of Problems.
    problems : takes what is wrong with the note. One that is damaged is not used; it stays among the record's notes.
    """
    if not note:
        return record
    said = _whole(note)
    if said is None:
        problems.append(damaged(f"{NOTE}: {note}", line=record.line, form=form))
        return replace(record, notes=(*record.notes, f"{NOTE}: {tidy(note)}"))
    changes: dict[str, object] = {}
    changed: list[str] = []
    for name, (of_field, given) in said.items():
        place = "extra" if name == "order" else name
        value = _ordered(record.extra, given) if name == "order" else _value(name, given)
        if of_field == _sum(getattr(record, place)) and value is not None:
            changes[place] = value
        else:
            changed.append(place)
    if changed:
        problems.append(
            Problem(
                record.line,
                f"{form}-own-note-older",
                f"Since stromata wrote the entry that begins in line {record.line}, these fields were changed: "
                f"{', '.join(changed)}. They were read as they stand now; what the note {NOTE} says of them was left "
                "out.",
                "Nothing is to be done if the change was meant.",
            )
        )
    if "year" in changes and changes["year"] == "":
        changes["year"] = None
    return replace(record, **changes)  # type: ignore[arg-type]  # each value was made for its field


def damaged(note: str, *, line: int, form: str) -> Problem:
    """Return the Problem of a note of ours that cannot be read as one.

    Parameters
    ----------
    note : the note with its name.
    line : first line of its entry.
    form : beginning of the code.
    """
    text = (
        f"A note that stromata had put into the entry that begins in line {line} was damaged or changed: "
        f"'{_shown(note)}'. It was kept as it stands, and the record was read from the other fields."
    )
    return Problem(line, f"{form}-own-note", text, "Take the entry from the original file, or delete the note.")


def astray(pairs: Iterable[tuple[str, str]], *, place: str, line: int, form: str) -> Iterator[Problem]:
    """Yield a Problem for each value that must have been a note of ours: under another name, or in another place.

    Parameters
    ----------
    pairs : (tag, value) of an entry; what is under another tag than `place` was read as that tag says.
    line, form : as for `damaged`.
    """
    for tag, value in pairs:
        begins = value.startswith(_BEGINS)
        if (begins and not (tag == place and _NAMED.match(value))) or (not begins and _alike(value)):
            yield damaged(value, line=line, form=form)


def _alike(value: str) -> bool:
    return '": ["' in value and _INSIDE.search(value, 0, _SHOWN) is not None


def translation_of(text: str) -> Translation | None:
    """Return the translation that a note of ours holds as JSON; None where it is damaged."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("language"), str):
        return None
    machine = said.pop("machine", False)
    if said.keys() - {"language", "title", "abstract"} or not isinstance(machine, bool):
        return None
    if not all(isinstance(one, str) for one in said.values()):
        return None
    return Translation(**{name: tidy(one) for name, one in said.items()}, machine=machine)


def _whole(note: str) -> dict[str, tuple[str, object]] | None:
    """Return what a note says: for each field the checksum of the format's own, and the value; None if it is damaged.

    The checksum shows what was altered. Whoever reckons it anew may still say what no field can hold.
    """
    try:
        said = json.loads(note)
        if said == {}:
            return {}
        if not isinstance(said, dict) or said.pop(_CHECK, None) != _sum_of(said):
            return None
    except (ValueError, RecursionError):
        return None
    pairs = {name: (pair[0], pair[1]) for name, pair in said.items() if isinstance(pair, list) and len(pair) == 2}
    fits = [name == "order" or (name in _FIELDS and _value(name, pair[1]) is not None) for name, pair in pairs.items()]
    return pairs if all(fits) and len(pairs) == len(said) else None


def _shown(text: str) -> str:
    return tidy(text) if len(text) <= _SHOWN else f"{tidy(text[:_SHOWN])}..."


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


def _sum_of(said: dict[str, object]) -> str:
    """Return the checksum of what a note says, however blanks and line ends came to stand in it."""
    return _sum([[name, value] for name, value in said.items()])


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

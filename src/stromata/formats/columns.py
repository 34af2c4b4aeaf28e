"""The headings of tables: which tool wrote a table, and which field each of its columns fills.

Headings are looked up in ``columns.yaml``, without case, spaces and signs; never by their position. First the tool is
told by its signs, then each heading gets its field: the tool's own rules come before those that hold for all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

NameOrder = Literal["", "given", "joined"]
"""How a tool writes full names: given name first; or one after the other without any sign. Empty: to be found out."""

OWN = "stromata"
"""Name of the dialect that our own writers use."""

OWN_COLUMNS = (
    "record_id", "type", "title", "authors", "year", "date", "journal", "journal_abbreviation", "volume",
    "issue", "pages", "publisher", "issn", "isbn", "doi", "pmid", "pmcid", "registry_ids", "accession",
    "database", "urls", "abstract", "keywords", "language", "language_basis", "translations", "notes", "extra",
)  # fmt: skip
"""The columns that our own writers write, in their order."""

BIBLIOGRAPHIC = frozenset(
    (
        "authors", "year", "date", "journal", "abstract", "doi", "pmid", "pmcid", "registry", "accession", "keywords",
        "citation", "volume", "pages", "start_page", "issn", "isbn", "urls", "database", "type",
    )
)  # fmt: skip
"""Fields one of which a table needs besides the title."""

_LONGEST = 120
"""Characters of a heading; what is longer is a value."""

_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one tool names its columns.

    Attributes
    ----------
    signs : lists of headings; all of one list make the dialect.
    fields : (heading, field); an empty field sends the column to `extra`.
    database : what the records come from, when the tool is a database.
    names : see `NameOrder`.
    """

    name: str
    signs: tuple[frozenset[str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    database: str = ""
    names: NameOrder = ""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    ranks: dict[str, tuple[str, int]]  # heading -> (field, rank within the field)
    joined: frozenset[str]
    dialects: tuple[Dialect, ...]
    databases: frozenset[str]
    types: dict[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings of one table.

    Attributes
    ----------
    headings : as they stand, cleaned; a heading met before gets ``(2)``, one that is missing ``column 7``.
    fields : the field of each column; empty when it goes to `extra`.
    order : for each column its rank among the columns of its field, lowest first.
    dialect : the tool that wrote the table.
    known : how many headings were recognised.
    """

    headings: tuple[str, ...]
    fields: tuple[str, ...]
    order: tuple[int, ...]
    dialect: Dialect
    known: int

    @property
    def is_bibliography(self) -> bool:
        """Whether there is a title and at least one more column that belongs to a publication."""
        found = set(self.fields)
        return "title" in found and bool(found & BIBLIOGRAPHIC)


def plain(heading: str) -> str:
    """Return a heading or a word as it is compared.

    >>> plain("Author(s)"), plain("Publication_Year")
    ('authors', 'publicationyear')
    """
    return _SIGNS.sub("", (heading if heading.isascii() else unicodedata.normalize("NFKC", heading)).casefold())


def recognise(cells: Sequence[str]) -> Columns | None:
    """Return what the cells are as headings of a table; None when they are none.

    They are when all of them are short, a title column and one more column of a publication are among them, and a
    third of them, or four, are known.
    """
    found = read_headings(cells)
    named = sum(bool(cell.strip()) for cell in cells)
    if not found.is_bibliography or (found.known < 4 and 3 * found.known < named):
        return None
    if any(len(cell) > _LONGEST for cell in cells):
        return None
    return found


def read_headings(cells: Sequence[str]) -> Columns:
    """Return the fields that headings name, whether or not they make a table of publications."""
    words = _vocabulary()
    keys = tuple(plain(cell) if len(cell) <= _LONGEST else "" for cell in cells)
    present = frozenset(keys)
    if {plain(name) for name in ("language_basis", "registry_ids", "translations", "extra")} <= present:
        dialect = _own()
    else:
        dialect = next((one for one in words.dialects if any(sign <= present for sign in one.signs)), Dialect(name=""))
    special = dict(dialect.fields)
    fields: list[str] = []
    order: list[int] = []
    for place, key in enumerate(keys):
        field, rank = words.ranks.get(key, ("", 0))
        if key in special:
            rank = -1000 + list(special).index(key)
            field = special[key]
        elif dialect.name == OWN:
            field = ""
        fields.append(field)
        order.append(rank * 1000 + place)
    return Columns(
        headings=_named(cells), fields=tuple(fields), order=tuple(order), dialect=dialect,
        known=sum(bool(key) and (key in words.ranks or key in special) for key in keys),
    )  # fmt: skip


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """Return headings by which columns can be told apart."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").split()).strip('"') or f"column {place}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def known_heading(cell: str) -> bool:
    """Tell whether one cell, by itself, is a heading that is known: quick, for looking at every row."""
    return len(cell) <= _LONGEST and _is_known(cell)


@lru_cache(maxsize=1 << 12)
def _is_known(cell: str) -> bool:
    return plain(cell) in _vocabulary().ranks


def is_database(value: str) -> bool:
    """Tell whether a value is the name of a bibliographic database."""
    return plain(value) in _vocabulary().databases


def is_joined(field: str) -> bool:
    """Tell whether a field takes the values of all its columns."""
    return field in _vocabulary().joined


@lru_cache(maxsize=1 << 10)
def csl_type(word: str) -> str:
    """Return the CSL type that a word for a kind of publication means; nothing when it is unknown.

    >>> csl_type("Journal Article")
    'article-journal'
    """
    types = _vocabulary().types
    first = re.split(r"[;|]", word, maxsplit=1)[0]
    return types.get(plain(word)) or types.get(plain(first), "")


@cache
def _own() -> Dialect:
    names = {"registry_ids": "registry", "record_id": "record_id"}
    return Dialect(name=OWN, fields=tuple((plain(name), names.get(name, name)) for name in OWN_COLUMNS))


@cache
def _vocabulary() -> _Vocabulary:
    import yaml  # noqa: PLC0415 - a slow import that reading other formats does not need

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # Any: the C loader has no stubs
    text = files("stromata.formats").joinpath("columns.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    ranks: dict[str, tuple[str, int]] = {}
    for part in ("fields", "joined"):
        for field, names in data[part].items():
            for rank, name in enumerate(names):
                ranks.setdefault(plain(str(name)), (field, rank))
    return _Vocabulary(
        ranks=ranks,
        joined=frozenset((*data["joined"], "group_authors")),
        dialects=tuple(_dialect(one) for one in data["dialects"]),
        databases=frozenset(plain(str(name)) for name in data["databases"]),
        types={plain(str(name)): kind for kind, names in data["types"].items() for name in names},
    )


def _dialect(given: dict[str, Any]) -> Dialect:  # Any: as YAML gives it
    fields = given.get("fields") or {}
    return Dialect(
        name=given["name"],
        signs=tuple(frozenset(plain(str(name)) for name in sign) for sign in given["signs"]),
        fields=tuple((plain(str(name)), field or "") for name, field in fields.items()),
        database=given.get("database", ""),
        names=given.get("names", ""),
    )

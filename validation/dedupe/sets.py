"""Labelled sets: from a folder of Parquet files to records with the truth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from stromata.model import Name, Record
from stromata.model.identifiers import find_isbns, find_issns, normal_doi

TYPES = {"article": "article-journal", "inproceedings": "paper-conference", "proceedings": "book", "book": "book",
         "inbook": "chapter", "incollection": "chapter", "phdthesis": "thesis", "mastersthesis": "thesis"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Records of one file in its order, and the work that each of them is a copy of."""

    name: str
    entries: tuple[tuple[str, Record], ...]
    truth: dict[str, str]


def read_sets(folder: Path) -> Iterator[LabelledSet]:
    """Read every Parquet file of a folder, in order of the files' names."""
    for path in sorted(folder.glob("*.parquet")):
        yield read_set(path)


def read_set(path: Path) -> LabelledSet:
    """Read one labelled set: text columns as in BibTeX, and `cluster` for the truth."""
    rows = pq.read_table(path).to_pylist()
    entries = tuple((row["ID"], _record(number, row)) for number, row in enumerate(rows, start=1))
    return LabelledSet(name=path.stem, entries=entries, truth={row["ID"]: row["cluster"] for row in rows})


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label that we doubt: records of different `groups` are, as the set says, the `same` work, or different ones."""

    same: bool
    groups: tuple[tuple[str, ...], ...]


@cache
def doubts(name: str) -> tuple[Doubt, ...]:
    """Return our doubts about a set (``label_doubts.yaml``)."""
    items = yaml.safe_load(Path(__file__).with_name("label_doubts.yaml").read_text(encoding="utf-8"))
    return tuple(
        Doubt(same=item["label"] == "same", groups=tuple(map(tuple, item["groups"])))
        for item in items
        if item["set"] == name
    )


def reread(one: LabelledSet) -> LabelledSet:
    """Return the set with its labels as we read them."""
    truth = dict(one.truth)
    for doubt in doubts(one.name):
        for group in doubt.groups[1:]:
            work = f"{group[0]} reread" if doubt.same else truth[doubt.groups[0][0]]
            truth |= dict.fromkeys(group, work)
    return replace(one, truth=truth)


def _record(number: int, row: dict[str, str | None]) -> Record:
    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    year = re.search(r"(?:1[5-9]|20)\d\d", text("year"))
    return Record(
        source="0" * 64, number=number, line=number, end_line=number, type=TYPES.get(text("ENTRYTYPE"), ""),
        title=text("title"), authors=_authors(text("author")), year=int(year.group()) if year else None,
        journal=text("journal") or text("booktitle"), volume=text("volume"), issue=text("number"),
        pages=text("pages"), issn=find_issns(text("isbn")), isbn=find_isbns(text("isbn")),
        doi=normal_doi(text("doi")), abstract=text("abstract"), database=text("database"),
    )  # fmt: skip


def _authors(text: str) -> tuple[Name, ...]:
    names = []
    for part in re.split(r"\s+and\s+", text):
        family, comma, given = part.partition(",")
        names.append(Name(family=family.strip(), given=given.strip()) if comma else Name(literal=part.strip()))
    return tuple(name for name in names if name.family or name.literal)

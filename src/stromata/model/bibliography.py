"""Sources, the records read from them, and the references that clusters of records stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SourceKind = Literal["database", "register", "website", "organisation", "citation", "other"]
"""Where a source's records were found: PRISMA 2020 keeps databases and registers apart from all other methods."""

LanguageBasis = Literal["", "stated", "detected"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Trouble met in data: where, what, and how to mend it. A value, never an exception.

    Attributes
    ----------
    line : 1-based line of the file; 0 when the trouble concerns the whole file.
    code : short stable name, such as ``ris-stray-line``.
    text : one sentence: what is wrong and the value met.
    hint : one sentence: how to mend it; may be empty.
    column : name of the column, for tables; empty otherwise.
    """

    line: int
    code: str
    text: str
    hint: str = ""
    column: str = ""

    @property
    def is_remark(self) -> bool:
        """Tell whether it is there to be known only: nothing was lost by it, so that nothing is kept out for it."""
        return self.code in _REMARKS


_REMARKS = frozenset(("encoding", "support-missing"))
"""Codes of remarks: a file read whole in a foreign encoding; an answer of an appraisal without support."""


def faults(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that keep something out: all but remarks."""
    return tuple(problem for problem in problems if not problem.is_remark)


@dataclass(frozen=True, slots=True)
class Name:
    """One author: a person (family, given) or, where it cannot or must not be split, a `literal` name."""

    family: str = ""
    given: str = ""
    suffix: str = ""
    literal: str = ""

    def __str__(self) -> str:
        """Return ``Family, Given, Suffix`` or the literal name."""
        return self.literal or ", ".join(part for part in (self.family, self.given, self.suffix) if part)


@dataclass(frozen=True, slots=True)
class Translation:
    """Title and abstract in a further language.

    Attributes
    ----------
    language : BCP 47 code, such as ``zh``.
    machine : the source says that a program translated it.
    """

    language: str
    title: str = ""
    abstract: str = ""
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One entry as read from one source. Never changes.

    Attributes
    ----------
    source : SHA-256 of the source's bytes, in hexadecimal.
    number : 1-based position among the records of the source.
    line, end_line : 1-based first and last line of the entry in the decoded file.
    type : CSL type, such as ``article-journal``, ``chapter``, ``webpage``; empty when the source does not say.
    year : year of publication; None when the source does not say.
    date : as precise as the source gives it, ISO 8601 (``2024``, ``2024-06``, ``2024-06-23``).
    doi : lower case, without resolver. `pmid`, `pmcid` likewise bare (``PMC123``).
    language : BCP 47 code; `language_basis` tells whether the source states it or we detected it from the text.
    extra : tags that have no field here, in the order met, so that nothing is lost: (tag, value).
    """

    source: str
    number: int
    line: int
    end_line: int
    type: str = ""
    title: str = ""
    authors: tuple[Name, ...] = ()
    year: int | None = None
    date: str = ""
    journal: str = ""
    journal_abbreviation: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publisher: str = ""
    issn: tuple[str, ...] = ()
    isbn: tuple[str, ...] = ()
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    registry_ids: tuple[str, ...] = ()
    accession: str = ""
    database: str = ""
    urls: tuple[str, ...] = ()
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    language: str = ""
    language_basis: LanguageBasis = ""
    translations: tuple[Translation, ...] = ()
    notes: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The record's name within a review: twelve digits of the source's hash, a dot, the number."""
        return f"{self.source[:12]}.{self.number}"


@dataclass(frozen=True, slots=True)
class Source:
    """One imported file or executed search. Never changes.

    Attributes
    ----------
    sha256 : of the bytes as they came.
    file : name of the file as it was given, without folders.
    size : bytes.
    format, encoding : as detected by the reader.
    kind : see `SourceKind`.
    database, platform : such as ``MEDLINE`` and ``Ovid``.
    searched_on : ISO date on which the search was run; empty when unknown.
    strategy : the search string as it was run; empty when unknown.
    records : how many records were read.
    """

    sha256: str
    file: str
    size: int
    format: str
    encoding: str
    records: int
    kind: SourceKind = "database"
    database: str = ""
    platform: str = ""
    searched_on: str = ""
    strategy: str = ""
    note: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def id(self) -> str:
        """The source's name within a review: twelve digits of its hash."""
        return self.sha256[:12]


@dataclass(frozen=True, slots=True)
class Reference:
    """One publication: a reversible cluster of duplicate records.

    Attributes
    ----------
    id : the id of the record that the cluster was built around (its native record).
    records : ids of all member records, in order of import; the native one among them.
    merged : one record's view of the cluster, each field from the record named in `provenance`.
    provenance : (field, record id) for each field of `merged` that is not empty.
    """

    id: str
    records: tuple[str, ...]
    merged: Record
    provenance: tuple[tuple[str, str], ...] = ()

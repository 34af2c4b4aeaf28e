"""What a protocol lets one expect of the references that it looks for, before any verdict.

Two things are read off it: what they are about, from its own words less those that speak of the review itself; and,
where it asks for a design of study, the words by which titles and abstracts show such a design, and others show that
they have another. Both are rows over the terms of the documents.

References
----------
Rocchio (1971), Relevance feedback in information retrieval; Lavrenko, Croft (2001), Relevance-based language models:
the documents that come first lend their words to the question. Here the first ten do, at half the weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.screening.documents import Topic
from stromata.screening.features import Features, words
from stromata.yaml_text import loader_class

FloatArray = NDArray[np.float64]

_DESIGN = 0.6
"""Weight of the design beside that of the subject, both being rows of length 1."""

_AGAINST = 0.7
"""Weight of the words against a design beside those for it."""

_LENDERS = 10
_LENT = 0.5

_TYPICAL = 0.3
"""Weight of what is typical of all documents: a search is made for the relevant ones, and what only chance brought in
lies at its edge."""


@dataclass(frozen=True, slots=True)
class Design:
    """How protocols ask for a design, and how texts show it."""

    id: str
    asked: tuple[str, ...]
    marks: tuple[str, ...]
    against: tuple[str, ...]


def text_of(topic: Topic) -> str:
    """Return what the protocol asks for, in one piece; what it excludes is left out, for its words mislead."""
    return " . ".join((topic.question, *topic.include))


def designs_asked(text: str) -> tuple[Design, ...]:
    """Return the designs of study that a protocol asks for."""
    said = f" {' '.join(words(text))} "
    designs, _ = _table()
    return tuple(one for one in designs if any(f" {' '.join(words(phrase))} " in said for phrase in one.asked))


def about(text: str) -> str:
    """Return the words of a protocol less those that speak of the review itself."""
    _, review_words = _table()
    return " ".join(word for word in words(text) if word not in review_words)


def expectation(topic: Topic, read: Features) -> FloatArray:
    """Return what the references looked for should be like: (T,) of length 1, or 0 when nothing can be told."""
    text = text_of(topic)
    row = read.project([about(text)])
    wanted = np.asarray(row.todense(), dtype=np.float64).ravel()
    wanted += _DESIGN * design_row(text, read)
    if wanted.any():
        first = np.argsort(-(read.rows @ wanted.astype(np.float32)), kind="stable")[:_LENDERS]
        wanted = _unit(wanted + _LENT * _unit(_sum(read.rows[np.sort(first)])))
    return _unit(wanted + _TYPICAL * _unit(_sum(read.rows)))


def design_row(text: str, read: Features) -> FloatArray:
    """Return the words for and against the designs that a protocol asks for: (T,), zeros when it asks for none."""
    asked = designs_asked(text)
    marks = {term for design in asked for term in design.marks}
    against = {term for design in asked for term in design.against} - marks
    return _row(marks, read) - _AGAINST * _row(against, read)


def _sum(rows: sparse.csr_array) -> FloatArray:
    return np.asarray(rows.sum(axis=0), dtype=np.float64).ravel()


def _row(terms: set[str], read: Features) -> FloatArray:
    """Return the terms, each at the weight of its rarity, as a row of length 1."""
    row = np.zeros(len(read.keys))
    for term in terms:
        column = read.column(term)
        if column is not None:
            row[column] = read.idf[column]
    return _unit(row)


def _unit(row: FloatArray) -> FloatArray:
    length = float(np.linalg.norm(row))
    return row / length if length else row


@cache
def _table() -> tuple[tuple[Design, ...], frozenset[str]]:
    """Read the table of designs."""
    import yaml  # noqa: PLC0415 - takes long to load

    text = files("stromata.screening").joinpath("designs.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, Loader=loader_class())  # noqa: S506 - a safe loader
    designs = tuple(
        Design(one["id"], tuple(one["asked"]), tuple(one["marks"]), tuple(one["against"])) for one in table["designs"]
    )
    return designs, frozenset(table["review_words"])

"""Who cites whom, as further columns beside the words.

Two references are near when one cites the other, when both cite the same works (bibliographic coupling), or when
others cite both (co-citation). One row a document says all three: it has the works that the document cites, the works
that cite it, and the document itself. Rare works weigh more than those that everybody cites.

The letters: N documents, W works that two documents or more have in their rows.

References
----------
Amsler (1972), Applications of citation-based automatic classification: what two papers share in cited and in citing
works taken together. Belter (2016), Citation analysis as a literature search method for systematic reviews: works that
are cited with, or cite the same as, the known ones led to more of what reviews included than direct citations did.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.screening.documents import Document
from stromata.screening.features import BATCH, joined

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WEIGHT = 0.25
"""Most that citations count in the likeness of two documents, the words counting 1 at most.

It rests on invented libraries alone, for no labelled set with cited works was at hand: at a quarter, works in common
find most of what shares no words, and citations that say nothing cost little. For finding like papers in TREC Genomics
2005, Guo, Shen, Zeng and Hong (2022, doi:10.3233/SHTI220080) found 0.8 of bibliographic coupling to 0.2 of words best;
there nothing was learnt from verdicts, and lists of cited works in libraries are less complete.
"""

_MANY = 2_000_000
"""From this number of distinct cited works on, those met once are forgotten (lossy counting; Manku & Motwani 2002)."""


@dataclass(frozen=True, slots=True)
class Links:
    """The documents in the network of their citations.

    Attributes
    ----------
    rows : (N, W) float32, one row a document in the order noted, without entries where no citations are known.
    lengths : (N,) squared length of each row over all its works, those of no other document included.
    names : (W,) what a column is called: the title of a document, or the id under which a work is cited.
    """

    rows: sparse.csr_array
    lengths: FloatArray
    names: tuple[str, ...]


class Reader:
    """Notes the citations of documents while they pass; what is held is 4 bytes a citation, and the distinct ids."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._next = 0
        self._room = _MANY
        self._names, self._named = array("i"), array("i")
        self._cited, self._citing = array("i"), array("i")
        self._called: list[str] = []

    def noting(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Pass documents on and note what they cite."""
        for document in documents:
            self._note(document)
            yield document

    def links(self, more: Sequence[Document] = (), *, weight: float = WEIGHT) -> Links | None:
        """Note further documents, the last ones, and return the network of all; None when it links nothing.

        Parameters
        ----------
        weight : squared length of the row of a document with citations, above 0.
        """
        for document in more:
            self._note(document)
        if not self._cited:
            return None
        own, work = self._works()
        citing = np.repeat(np.arange(len(own)), np.frombuffer(self._citing, dtype=np.int32))
        cited = work[np.frombuffer(self._cited, dtype=np.int32)]
        others = cited != own[citing]
        citing, cited = citing[others], cited[others]
        # Most works are cited once. They bring nothing together and only count in the length of a row.
        alone = np.bincount(cited, minlength=len(work) + len(own)) == 1
        alone[own] = False
        lone = np.bincount(citing[alone[cited]], minlength=len(own))
        citing, cited = citing[~alone[cited]], cited[~alone[cited]]
        works, number = np.unique(np.concatenate([own, cited]), return_inverse=True)
        rows = _neighbourhoods(number[: len(own)], citing, number[len(own) :], len(works), lone)
        df = np.bincount(rows.indices, minlength=len(works))
        kept = np.flatnonzero(df > 1)
        if not len(kept):
            return None
        there = _narrow(_weighed(rows, df, lone, weight)[:, kept])
        lengths = np.where(np.diff(there.indptr) > 0, weight, 0.0)
        return Links(there, lengths, self._names_of(works[kept], own, work))

    def _note(self, document: Document) -> None:
        for ids, numbers, counts in (
            (document.names, self._names, self._named),
            (document.cites, self._cited, self._citing),
        ):
            found = dict.fromkeys(id_.casefold() for id_ in ids if id_)
            numbers.extend(map(self._number, found))
            counts.append(len(found))
        linked = document.names or document.cites
        self._called.append(document.title or document.id if linked else "")
        if len(self._numbers) > self._room:
            self._forget()

    def _number(self, id_: str) -> int:
        number = self._numbers.setdefault(id_, self._next)
        self._next += number == self._next
        return number

    def _forget(self) -> None:
        """Forget the ids of works that were cited once and are no document's own."""
        often = np.bincount(np.frombuffer(self._cited, dtype=np.int32), minlength=self._next) > 1
        often[np.frombuffer(self._names, dtype=np.int32)] = True
        self._numbers = {id_: number for id_, number in self._numbers.items() if often[number]}
        self._room = max(_MANY, 2 * len(self._numbers))

    def _works(self) -> tuple[IntArray, IntArray]:
        """Return which work each document is, (N,), and which one each number of an id.

        All names of a document are one work; a document without a name is one too, for what it cites is cited together.
        """
        many, before = len(self._named), self._next
        document = np.repeat(np.arange(many), np.frombuffer(self._named, dtype=np.int32)) + before
        ends = (document, np.frombuffer(self._names, dtype=np.int32))
        graph = sparse.csr_array((np.ones(len(document), dtype=np.int8), ends), shape=(before + many, before + many))
        found = sparse.csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
        return found[before:], found[:before]

    def _names_of(self, kept: IntArray, own: IntArray, work: IntArray) -> tuple[str, ...]:
        """Return what each kept work is called."""
        names = [""] * len(kept)
        column = np.full(len(work) + len(own), -1)
        column[kept] = np.arange(len(kept))
        for id_, number in self._numbers.items():
            place = column[work[number]]
            if place >= 0 and not names[place]:
                names[place] = id_
        for document in np.flatnonzero(column[own] >= 0):
            names[column[own[document]]] = self._called[document]
        return tuple(names)


def beside(
    rows: sparse.csr_array, below: sparse.csr_array, links: Links | None
) -> tuple[sparse.csr_array, FloatArray | None]:
    """Return the rows of words, one set below the other, with those of citations beside them, and their lengths.

    Parameters
    ----------
    rows, below : (N, T) and (M, T) words, each row of length 1 over all its words, or without any.
    links : (N + M, W) of the same documents; None: there is nothing beside the words.

    Returns
    -------
    tuple
        The rows, and the squared length of each over all that is known of it; None where words are all there is.
    """
    if links is None:
        return sparse.csr_array(sparse.vstack([rows, below], format="csr")), None
    n, width = rows.shape[0], rows.shape[1] + links.rows.shape[1]

    def blocks() -> Iterator[sparse.csr_array]:
        for start in range(0, n, BATCH):
            stop = min(start + BATCH, n)
            yield sparse.csr_array(sparse.hstack([rows[start:stop], links.rows[start:stop]], format="csr"))
        yield sparse.csr_array(sparse.hstack([below, links.rows[n:]], format="csr"))

    worded = np.concatenate([np.diff(rows.indptr), np.diff(below.indptr)]) > 0
    both = joined(blocks(), rows.nnz + below.nnz + links.rows.nnz, width)
    return both, np.where(worded, 1.0, 0.0) + links.lengths


def _neighbourhoods(own: IntArray, citing: IntArray, cited: IntArray, works: int, lone: IntArray) -> sparse.csr_array:
    """Return the works that each document cites, that cite it, and itself where there are any: (N, works) of ones.

    `lone` is how many works that nobody else cites each document cites besides.
    """
    itself = _ones(np.arange(len(own)), own, len(own), works)
    cites = _ones(citing, cited, len(own), works)
    links = sparse.csr_array(cites + itself @ cites.T @ itself)
    linked = np.flatnonzero((np.diff(links.indptr) > 0) | (lone > 0))
    rows = sparse.csr_array(links + _ones(linked, own[linked], len(own), works))
    rows.data[:] = 1.0
    return rows


def _ones(rows: IntArray, columns: IntArray, height: int, width: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(height, width))


def _weighed(rows: sparse.csr_array, df: IntArray, lone: IntArray, weight: float) -> sparse.csr_array:
    """Weigh works by their rarity among the documents with citations, each row at this squared length over all."""
    linked = np.diff(rows.indptr)
    many = int(np.count_nonzero(linked))
    idf = np.log((1 + many) / (1 + df)) + 1
    data = idf[rows.indices]
    row = np.repeat(np.arange(len(linked)), linked)
    rarest = np.log((1 + many) / 2) + 1
    length = np.sqrt(np.bincount(row, weights=data**2, minlength=len(linked)) + lone * rarest**2)
    data *= np.sqrt(weight) / length[row]
    return sparse.csr_array((data.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)


def _narrow(rows: sparse.csr_array) -> sparse.csr_array:
    """Return rows with the narrow indices that those of words have, where they hold them."""
    if rows.nnz <= np.iinfo(np.int32).max:
        rows.indices, rows.indptr = rows.indices.astype(np.int32), rows.indptr.astype(np.int32)
    return rows

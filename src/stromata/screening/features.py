"""Texts as rows of weighted terms: words, pairs of neighbouring words, and single Chinese or Japanese characters.

The letters: N documents, T terms that were kept.

A term weighs ``(1 + ln tf) (ln((1 + N) / (1 + df)) + 1)``, and each row has length 1 over *all* its terms. Terms that
occur in a single document are then left out of the matrix: they are in no product of two documents, so that nothing
but memory is saved. Chinese and Japanese are written without spaces: each character counts as a word, and the pairs of
neighbours serve as words, so that no segmenter and no dictionary is needed and a record can mix languages.

Texts are read once, in batches; what is held is 5 bytes a distinct term and document until the weights are known.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.errors import InvalidInput
from stromata.progress import Progress, silent
from stromata.screening.documents import Document

FloatArray = NDArray[np.float64]
Keys = NDArray[np.int64]

_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]{{2,}}")

BATCH = 10_000
"""Documents a batch: about two million terms, which fit the memory of any machine."""

_COMMON = 0.95
"""A term in more than this share of the documents says nothing about any of them."""

_MANY_KEYS = 12_000_000
"""From this number of distinct terms on, those seen once are forgotten (lossy counting; Manku & Motwani 2002)."""

_PAIR = np.int64(32)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case: two letters or digits or more, or one Chinese or Japanese character."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.lower())


def text_of(document: Document) -> str:
    """Return everything that is read of a document, in one piece."""
    return " ".join((document.title, document.abstract, *document.keywords))


@dataclass(frozen=True, slots=True)
class Features:
    """The weighted terms of the documents.

    Attributes
    ----------
    rows : (N, T) float32, one row a document in the order given, of length 1 or below (0: a document without words).
    keys : (T,) which term a column is, ascending; `term` puts it into words.
    idf : (T,) weight of a term by its rarity.
    vocabulary : word to number.
    """

    rows: sparse.csr_array
    keys: Keys
    idf: FloatArray
    vocabulary: dict[str, int]
    spelled: tuple[str, ...]

    def term(self, column: int) -> str:
        """Return the word, or the pair of words, that a column stands for."""
        first, second = divmod(int(self.keys[column]), 1 << 32)
        if not first:
            return self.spelled[second]
        left, right = self.spelled[first - 1], self.spelled[second]
        return left + right if len(left) == len(right) == 1 else f"{left} {right}"

    def column(self, term: str) -> int | None:
        """Return the column of a word, of two words, or of two characters; None when it was not kept."""
        numbers = [self.vocabulary.get(word, -1) for word in words(term)]
        if not 1 <= len(numbers) <= 2 or min(numbers) < 0:
            return None
        key = numbers[0] if len(numbers) == 1 else ((numbers[0] + 1) << 32) | numbers[1]
        column = int(np.searchsorted(self.keys, key))
        return column if column < len(self.keys) and self.keys[column] == key else None

    def project(self, texts: Sequence[str]) -> sparse.csr_array:
        """Return further texts as rows of the same terms: (len(texts), T) float32, of length 1 or 0.

        Terms that no document has, or only one, are left out before the length is taken.
        """
        known = [[self.vocabulary[word] for word in words(text) if word in self.vocabulary] for text in texts]
        local, counts = _count([array("i", ids) for ids in known])
        column = np.searchsorted(self.keys, local)
        column[column == len(self.keys)] = 0
        there = self.keys[column] == local if len(self.keys) else np.zeros(len(local), dtype=bool)
        kept = counts[:, np.flatnonzero(there)].tocoo()
        columns = column[there][kept.col]
        data = (1 + np.log(kept.data, dtype=np.float64)) * self.idf[columns]
        rows = sparse.csr_array((data, (kept.row, columns)), shape=(len(texts), len(self.keys)))
        return _unit(rows)


def read(documents: Iterable[Document], *, progress: Progress = silent) -> tuple[tuple[str, ...], Features]:
    """Read documents once and return their ids and their features.

    Up to 20,000 documents no term of two documents or more is lost. Beyond, a word must be in 1 of 100,000 and a pair
    in 1 of 20,000 documents, so that a million documents stay within the memory of a small machine.

    Raises
    ------
    InvalidInput
        There are no documents, or two have the same id.
    """
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    ids: list[str] = []
    parts: list[tuple[Keys, sparse.csr_array]] = []
    table = _Table()
    for batch in _batches(documents):
        ids += [document.id for document in batch]
        found = [array("i", map(vocabulary.__getitem__, words(text_of(document)))) for document in batch]
        keys, counts = _count(found)
        table.add(keys, np.bincount(counts.indices, minlength=len(keys)))
        parts.append((keys, counts))
        progress(len(ids), None, "reading")
    refuse(ids)
    vocabulary.default_factory = None
    kept, idf, rare = table.weights(len(ids))
    rows = _weigh(parts, kept, idf, rare, progress)
    spelled = tuple(vocabulary)
    return tuple(ids), Features(rows=rows, keys=kept, idf=idf, vocabulary=vocabulary, spelled=spelled)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    source = iter(documents)
    while batch := list(islice(source, BATCH)):
        yield batch


def refuse(ids: Sequence[str]) -> None:
    """Refuse no documents at all, and two of the same id."""
    if not ids:
        raise InvalidInput("There are no documents to rank.", hint="Add references first.")
    if len(set(ids)) < len(ids):
        counted = Counter(ids)
        twice = next(one for one in ids if counted[one] > 1)
        raise InvalidInput(f"Two documents have the id {twice!r}; each needs its own.")


def _count(found: Sequence[array[int]]) -> tuple[Keys, sparse.csr_array]:
    """Count words and pairs: the distinct keys of a batch, ascending, and (documents, keys) how often each occurs."""
    lengths = np.array([len(one) for one in found], dtype=np.int64)
    flat = np.frombuffer(b"".join(found), dtype=np.int32).astype(np.int64)
    row = np.repeat(np.arange(len(found), dtype=np.int32), lengths)
    near = row[1:] == row[:-1]
    pairs = ((flat[:-1][near] + 1) << _PAIR) | flat[1:][near]
    keys, column = np.unique(np.concatenate([flat, pairs]), return_inverse=True)
    every = np.concatenate([row, row[:-1][near]])
    ones = np.ones(len(every), dtype=np.uint16)
    counts = sparse.csr_array((ones, (every, column.astype(np.int32))), shape=(len(found), len(keys)))
    counts.sum_duplicates()
    counts.data = np.minimum(counts.data, 255).astype(np.uint8)
    return keys, counts


class _Table:
    """In how many documents each term occurs."""

    def __init__(self) -> None:
        self.keys: Keys = np.zeros(0, dtype=np.int64)
        self.df: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, keys: Keys, df: NDArray[np.int64]) -> None:
        """Add the counts of one batch."""
        both = np.concatenate([self.keys, keys])
        order = np.argsort(both, kind="stable")
        ordered = both[order]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(both) else np.zeros(0, dtype=np.int64)
        counted = np.concatenate([self.df, df])[order]
        self.keys, self.df = ordered[first], np.add.reduceat(counted, first) if len(first) else counted
        if len(self.keys) > _MANY_KEYS:
            often = self.df > 1
            self.keys, self.df = self.keys[often], self.df[often]

    def weights(self, n: int) -> tuple[Keys, FloatArray, float]:
        """Return the keys to keep, their weights, and the weight of a term that is not kept because it is rare."""
        least = np.where(self.keys >> _PAIR == 0, max(2, n // 100_000), max(2, n // 20_000))
        usual = self.df <= max(_COMMON * n, 1)
        kept = usual & (self.df >= least)
        # A document weighs what it has: a rare term that is dropped still counts in the length of its row, a term
        # that is everywhere does not. The latter gets weight 0 and is kept, so that `_weigh` can tell the two apart.
        everywhere = ~usual
        idf = np.log((1 + n) / (1 + self.df)) + 1
        idf[everywhere] = 0.0
        keep = kept | everywhere
        return self.keys[keep], idf[keep], float(np.log((1 + n) / 2) + 1)


def _weigh(
    parts: list[tuple[Keys, sparse.csr_array]], kept: Keys, idf: FloatArray, rare: float, progress: Progress
) -> sparse.csr_array:
    """Turn counts into weights, one batch after the other; the counts are given up on the way."""
    parts.reverse()
    done: list[sparse.csr_array] = []
    total = len(parts)
    while parts:
        keys, counts = parts.pop()
        place = np.searchsorted(kept, keys)
        place[place == len(kept)] = 0
        there = kept[place] == keys if len(kept) else np.zeros(len(keys), dtype=bool)
        weight = np.full(len(keys), rare)
        weight[there] = idf[place[there]]
        data = ((1 + np.log(counts.data, dtype=np.float32)) * weight[counts.indices]).astype(np.float32)
        row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        length = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=counts.shape[0]))
        length[length == 0] = 1
        data /= length[row].astype(np.float32)
        use = there[counts.indices] & (data > 0)
        done.append(
            sparse.csr_array(
                (data[use], (row[use].astype(np.int32), place[counts.indices[use]].astype(np.int32))),
                shape=(counts.shape[0], len(kept)),
            )
        )
        progress(len(done), total, "weighing terms")
    return sparse.csr_array(sparse.vstack(done, format="csr")) if len(done) > 1 else done[0]


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    """Return the rows at length 1, empty rows as they are, as float32."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    length[length == 0] = 1
    rows.data = (rows.data / np.repeat(length, np.diff(rows.indptr))).astype(np.float32)
    return rows.astype(np.float32)

"""Texts as rows of weighted terms: words, pairs of neighbouring words, and single Chinese or Japanese characters.

The letters: N documents, T terms that were kept.

A term weighs ``(1 + ln tf) (ln((1 + N) / (1 + df)) + 1)``, and each row has length 1 over *all* its terms. Terms that
occur in a single document are then left out of the matrix: they are in no product of two documents, so that nothing
but memory is saved. Chinese and Japanese are written without spaces: each character counts as a word, and the pairs of
neighbours serve as words, so that no segmenter and no dictionary is needed and a record can mix languages.

Texts are read once, in batches; what is held is 5 bytes a distinct term and document until the weights are known.
"""

from __future__ import annotations

import mmap
import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

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
        unknown = len(self.vocabulary)  # it stands between its neighbours, which are no pair
        numbers = [[self.vocabulary.get(word, unknown) for word in words(text)] for text in texts]
        local, counts = count([array("i", one) for one in numbers])
        column = columns(local, self.keys)
        there = column >= 0
        kept = counts[:, np.flatnonzero(there)].tocoo()
        terms = column[there][kept.col]
        data = (1 + np.log(kept.data, dtype=np.float64)) * self.idf[terms]
        rows = sparse.csr_array((data, (kept.row.astype(np.int32), terms)), shape=(len(texts), len(self.keys)))
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
    for batch in batches(documents):
        ids += [document.id for document in batch]
        found = [array("i", map(vocabulary.__getitem__, words(text_of(document)))) for document in batch]
        keys, counts = count(found)
        table.add(keys, np.bincount(counts.indices, minlength=len(keys)))
        counts.data, counts.indices = _apart(counts.data), _apart(counts.indices)
        parts.append((_apart(keys), counts))
        progress(len(ids), None, "reading")
    refuse(ids)
    vocabulary.default_factory = None
    kept, idf, rare = table.weights(len(ids))
    rows = _weigh(parts, kept, idf, rare, progress)
    spelled = tuple(vocabulary)
    return tuple(ids), Features(rows=rows, keys=kept, idf=idf, vocabulary=vocabulary, spelled=spelled)


def batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield the documents in lists of `BATCH`."""
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


def count(found: Sequence[array[int]]) -> tuple[Keys, sparse.csr_array]:
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
        word, pair = least(n)
        keep = (self.df >= np.where(self.keys >> _PAIR == 0, word, pair)) | ~_usual(self.df, n)
        return self.keys[keep], weights(self.df[keep], n), rarest(n)


def least(n: int) -> tuple[int, int]:
    """Return in how many of n documents a word, and a pair of words, must be to count."""
    return max(2, n // 100_000), max(2, n // 20_000)


def weights(df: NDArray[np.int64], n: int) -> FloatArray:
    """Return the weights of terms that are in `df` of n documents.

    A document weighs what it has: a rare term that is dropped still counts in the length of its row (as `rarest`), a
    term that is everywhere does not. The latter weighs 0 and is kept, so that `weighed` can tell the two apart.
    """
    idf = np.log((1 + n) / (1 + df)) + 1
    idf[~_usual(df, n)] = 0.0
    return np.asarray(idf, dtype=np.float64)


def rarest(n: int) -> float:
    """Return the weight of a term that is in one of n documents."""
    return float(np.log((1 + n) / 2) + 1)


def _usual(df: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    return np.asarray(df <= max(_COMMON * n, 1), dtype=np.bool_)


def _apart(values: NDArray[Any]) -> NDArray[Any]:  # Any: whatever numbers there are
    """Return a copy in memory of its own, which goes back to the system as soon as nobody holds it."""
    room = mmap.mmap(-1, max(values.nbytes, 1))
    copy = np.frombuffer(room, dtype=values.dtype, count=len(values))
    copy[:] = values
    return copy


def _weigh(
    parts: list[tuple[Keys, sparse.csr_array]], kept: Keys, idf: FloatArray, rare: float, progress: Progress
) -> sparse.csr_array:
    """Turn counts into weights, one batch after the other; the counts are given up on the way."""
    parts.reverse()
    total, size = len(parts), sum(counts.nnz for _, counts in parts)

    def blocks() -> Iterator[sparse.csr_array]:
        for done in range(1, total + 1):
            keys, counts = parts.pop()
            yield weighed(counts, columns(keys, kept), idf, rare)
            progress(done, total, "weighing terms")

    return joined(blocks(), size, len(kept))


def joined(blocks: Iterable[sparse.csr_array], size: int, width: int) -> sparse.csr_array:
    """Return blocks of rows as one matrix, without holding them all; `size` is the most that they may have."""
    # Memory that is never written to is never taken: too large a size costs nothing.
    data, indices = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.int32)
    lengths, end = [np.zeros(1, dtype=np.int64)], 0
    for rows in blocks:
        start, end = end, end + rows.nnz
        data[start:end], indices[start:end] = rows.data, rows.indices
        lengths.append(np.diff(rows.indptr))
    # Wider numbers than are needed here would be wider in every copy of the rows too.
    indptr = np.cumsum(np.concatenate(lengths)).astype(np.int32 if end <= np.iinfo(np.int32).max else np.int64)
    return sparse.csr_array((data[:end], indices[:end], indptr), shape=(len(indptr) - 1, width))


def columns(keys: Keys, kept: Keys) -> NDArray[np.int32]:
    """Return which of the kept keys, ascending, each key is; -1 for none."""
    place = np.searchsorted(kept, keys)
    place[place == len(kept)] = 0
    there = kept[place] == keys if len(kept) else np.zeros(len(keys), dtype=bool)
    return np.where(there, place, -1).astype(np.int32)


def weighed(counts: sparse.csr_array, column: NDArray[np.int32], idf: FloatArray, rare: float) -> sparse.csr_array:
    """Turn the counts of some documents into rows of kept terms.

    Parameters
    ----------
    counts : (documents, keys) how often each term occurs.
    column : (keys,) the column of each term, or -1 for one that is not kept.
    idf : (T,) weights of the columns; `rare` is that of all other terms.
    """
    there = column >= 0
    weight = np.full(len(column), rare)
    weight[there] = idf[column[there]]
    data = ((1 + np.log(counts.data, dtype=np.float32)) * weight[counts.indices]).astype(np.float32)
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=counts.shape[0]))
    length[length == 0] = 1
    data /= length[row].astype(np.float32)
    use = there[counts.indices] & (data > 0)
    return sparse.csr_array(
        (data[use], (row[use].astype(np.int32), column[counts.indices[use]])), shape=(counts.shape[0], len(idf))
    )


def top(rows: sparse.csr_array, n: int) -> sparse.csr_array:
    """Return the first n rows, without copying them."""
    end = rows.indptr[n]
    return sparse.csr_array((rows.data[:end], rows.indices[:end], rows.indptr[: n + 1]), shape=(n, rows.shape[1]))


def times(rows: sparse.csr_array, weights: FloatArray) -> FloatArray:
    """Return ``rows @ weights``, a block of rows at a time: SciPy turns all of a factor to float64 at once."""
    starts = range(0, rows.shape[0], BATCH)
    return np.concatenate([rows[start : start + BATCH] @ weights for start in starts])


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    """Return the rows at length 1, empty rows as they are, as float32."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    length[length == 0] = 1
    rows.data = (rows.data / np.repeat(length, np.diff(rows.indptr))).astype(np.float32)
    return rows.astype(np.float32)

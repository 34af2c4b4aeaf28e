"""The features of more documents than the counts of one machine's memory hold, worked out on an engine.

They are those that `features.read` gives: the same terms in the same order, the same weights and rows. Up to 12 million
distinct terms, that is; beyond, one machine forgets terms that it met once, and the engine forgets none. Terms go under
hashes of their words until it is known which ones count, so that nothing depends on how the documents are dealt out.
The tables:

==========  ==========================================================================================================
texts       place, text: the documents
counted     head, tail, df, first, word: the terms of each part of the documents. A word has its hash as `tail` and a
            `head` of 0, a pair has both hashes; `first` is where a word first occurs
terms       the same, added up, of those that are in enough documents
weights     place, spot, weight: the rows
==========  ==========================================================================================================

What this machine holds is the kept terms and, at the end, the rows: 8 bytes a term and document.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.progress import Progress, silent
from stromata.screening import features
from stromata.screening.documents import Document
from stromata.screening.features import Features, FloatArray, Keys

if TYPE_CHECKING:
    import pyarrow as pa

    from stromata.engine import Engine, EngineName

_PLACES = 20
"""Bits of `first` for the place in a text; words beyond the millionth count as one place."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Where words are counted when that is not done in the memory of this process.

    Attributes
    ----------
    engine : its name.
    master : address of the cluster, for Spark.
    memory_mb : what the engine may take; Spark gives it to each executor and to the driver.
    folder : where what does not fit goes; on a cluster all machines must see it.
    """

    engine: EngineName
    master: str = "local[*]"
    memory_mb: int = 4_096
    folder: Path | None = None

    def opened(self) -> AbstractContextManager[Engine]:
        """Open the engine; leaving the context closes it.

        Raises
        ------
        InvalidInput
            No engine has that name, or the memory is too little.
        MissingExtra
            Spark is not installed.
        """
        from stromata.engine import Settings, open_engine  # noqa: PLC0415 - takes long to load

        return open_engine(
            self.engine, settings=Settings(memory_mb=self.memory_mb, folder=self.folder), master=self.master
        )


def read(
    engine: Engine, documents: Iterable[Document], *, progress: Progress = silent
) -> tuple[tuple[str, ...], Features]:
    """Read documents once and return their ids and their features, worked out on an engine.

    Parameters
    ----------
    engine : an open one; its tables texts, counted, terms and weights are made anew and dropped in the end.

    Raises
    ------
    InvalidInput
        There are no documents, or two have the same id.
    """
    ids: list[str] = []
    tables = ("texts", "counted", "terms", "weights")
    for table in tables:
        engine.drop(table)
    engine.insert("texts", _texts(documents, ids, progress), _schema("place", "text"))
    features.refuse(ids)
    n = len(ids)
    progress(n, n, "counting terms")
    engine.map("counted", "SELECT place, text FROM texts", count_terms, _schema(*_TERM))
    word, pair = features.least(n)
    engine.run(
        "terms",
        "SELECT head, tail, CAST(sum(df) AS BIGINT) AS df, min(first) AS first, max(word) AS word FROM counted "  # noqa: S608 - names and numbers of ours only
        f"GROUP BY head, tail HAVING sum(df) >= CASE WHEN head = 0 THEN {word} ELSE {pair} END",
    )
    kept = _kept(engine, n)
    progress(n, n, "weighing terms")
    engine.map(
        "weights", "SELECT place, text FROM texts", replace(kept, spelled=()).weigh, _schema("place", "spot", "weight")
    )
    rows = _rows(engine, n, len(kept.keys))
    for table in tables:
        engine.drop(table)
    vocabulary = {spelled: number for number, spelled in enumerate(kept.spelled)}
    return tuple(ids), Features(rows=rows, keys=kept.keys, idf=kept.idf, vocabulary=vocabulary, spelled=kept.spelled)


_TERM = ("head", "tail", "df", "first", "word")


def _schema(*names: str) -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - takes long to load

    types = {"text": pa.string(), "word": pa.string(), "spot": pa.int32(), "weight": pa.float32()}
    return pa.schema([(name, types.get(name, pa.int64())) for name in names])


def _texts(documents: Iterable[Document], ids: list[str], progress: Progress) -> Iterator[pa.RecordBatch]:
    """Yield places and texts, and note the ids."""
    import pyarrow as pa  # noqa: PLC0415 - takes long to load

    for batch in features.batches(documents):
        places = np.arange(len(ids), len(ids) + len(batch))
        ids += [document.id for document in batch]
        # A lone surrogate, which no file can hold, is part of no word; neither is what stands for it.
        texts = [features.text_of(document).encode("utf-8", "replace").decode() for document in batch]
        yield pa.RecordBatch.from_arrays([pa.array(places), pa.array(texts)], schema=_schema("place", "text"))
        progress(len(ids), None, "reading")


# What follows, up to the next such line, runs wherever the documents are.


@dataclass(frozen=True, slots=True)
class _Part:
    """Some documents, counted as `features.read` counts a batch, and the hashes of their words."""

    places: NDArray[np.int64]
    found: list[array[int]]
    words: tuple[str, ...]
    hashes: NDArray[np.int64]
    keys: Keys
    counts: sparse.csr_array


def _parts(batch: pa.RecordBatch) -> Iterator[_Part]:
    ordered = batch.sort_by("place")
    for start in range(0, ordered.num_rows, features.BATCH):
        part = ordered.slice(start, features.BATCH)
        vocabulary: defaultdict[str, int] = defaultdict()
        vocabulary.default_factory = vocabulary.__len__
        texts = part.column("text").to_pylist()
        found = [array("i", map(vocabulary.__getitem__, features.words(text))) for text in texts]
        known = tuple(vocabulary)
        places = part.column("place").to_numpy()
        yield _Part(places, found, known, np.array([_hash(one) for one in known], np.int64), *features.count(found))


def _hash(word: str) -> int:
    """Return a number that stands for a word everywhere; 0 stands for none."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big", signed=True) or 1


def count_terms(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Count in how many documents of a batch each term occurs, and where each word does first."""
    import pyarrow as pa  # noqa: PLC0415 - takes long to load

    made = [pa.RecordBatch.from_pylist([], schema=_schema(*_TERM))]
    for part in _parts(batch):
        head, tail = _sides(part.keys)
        df = np.bincount(part.counts.indices, minlength=len(part.keys)).astype(np.int64)
        first = np.zeros(len(part.keys), dtype=np.int64)
        first[: len(part.words)] = _firsts(part)
        spelled = [*part.words, *[""] * (len(part.keys) - len(part.words))]
        heads = np.where(head >= 0, part.hashes[head], 0) if len(part.words) else head
        columns = (heads, part.hashes[tail], df, first, spelled)
        made.append(pa.RecordBatch.from_arrays([pa.array(one) for one in columns], schema=_schema(*_TERM)))
    return pa.concat_batches(made)


def _sides(keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the first word of each pair, -1 for a word alone, and of the second, or the only one."""
    return (keys >> 32) - 1, keys & 0xFFFFFFFF


def _firsts(part: _Part) -> NDArray[np.int64]:
    """Return where each word of a part first occurs: the place of its document, then the place in it."""
    ends = np.cumsum([len(one) for one in part.found])
    _, index = np.unique(np.frombuffer(b"".join(part.found), dtype=np.int32), return_index=True)
    document = np.searchsorted(ends, index, side="right")
    within = index - np.concatenate([[0], ends[:-1]])[document]
    return np.asarray((part.places[document] << _PLACES) | np.minimum(within, (1 << _PLACES) - 1), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The terms that count: what every part of the documents must know to weigh its own.

    Attributes
    ----------
    hashes, numbers : of the words, by hash; numbers are those of their first occurrences.
    keys, idf : (T,) of the terms, as in `Features`.
    rare : weight of all other terms.
    spelled : the words by number.
    """

    hashes: NDArray[np.int64]
    numbers: NDArray[np.int64]
    keys: Keys
    idf: FloatArray
    rare: float
    spelled: tuple[str, ...]

    def number(self, hashes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of words, -1 for those that are not kept."""
        place = features.columns(hashes, self.hashes)
        return np.where(place >= 0, self.numbers[place], -1) if len(self.numbers) else place.astype(np.int64)

    def weigh(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a batch of documents."""
        import pyarrow as pa  # noqa: PLC0415 - takes long to load

        made = [pa.RecordBatch.from_pylist([], schema=_schema("place", "spot", "weight"))]
        for part in _parts(batch):
            number = np.append(self.number(part.hashes), -1)
            head, tail = _sides(part.keys)
            keys = _keys(number[head], number[tail], alone=head < 0)
            rows = features.weighed(part.counts, features.columns(keys, self.keys), self.idf, self.rare)
            places = np.repeat(part.places, np.diff(rows.indptr))
            columns = (places, rows.indices.astype(np.int32), rows.data)
            made.append(pa.RecordBatch.from_arrays([pa.array(one) for one in columns], schema=made[0].schema))
        return pa.concat_batches(made)


def _keys(head: NDArray[np.int64], tail: NDArray[np.int64], *, alone: NDArray[np.bool_]) -> Keys:
    """Return the keys of words alone and of pairs; -1 where a word has no number."""
    known = (tail >= 0) & (alone | (head >= 0))
    return np.where(known, np.where(alone, tail, ((head + 1) << 32) | tail), -1)


# What follows runs on this machine.


def _kept(engine: Engine, n: int) -> _Kept:
    """Number the words by where they first occur, and return the terms."""
    held = [batch for batch in engine.read("SELECT head, tail, df, first, word FROM terms") if batch.num_rows]
    head, tail, df, first = (
        np.concatenate([np.zeros(0, np.int64), *(batch.column(name).to_numpy() for batch in held)])
        for name in ("head", "tail", "df", "first")
    )
    alone = np.flatnonzero(head == 0)
    words = [word for batch in held for word in batch.column("word").to_pylist() if word]
    order = np.lexsort((tail[alone], first[alone]))
    numbers = np.empty(len(alone), dtype=np.int64)
    numbers[order] = np.arange(len(alone))
    by_hash = np.argsort(tail[alone])
    spelled = tuple(words[place] for place in order)
    named = _Kept(tail[alone][by_hash], numbers[by_hash], np.zeros(0, np.int64), np.zeros(0), 0.0, spelled)
    keys = _keys(named.number(head), named.number(tail), alone=head == 0)
    there = np.argsort(keys)
    idf = features.weights(df[there], n)
    return _Kept(named.hashes, named.numbers, keys[there], idf, features.rarest(n), spelled)


def _rows(engine: Engine, n: int, width: int) -> sparse.csr_array:
    """Take up the rows, one piece after the other."""
    size = sum(int(batch.column("n")[0].as_py()) for batch in engine.read("SELECT count(*) AS n FROM weights"))
    data, indices = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.int32)
    lengths = np.zeros(n + 1, dtype=np.int32 if size <= np.iinfo(np.int32).max else np.int64)
    start = 0
    for batch in engine.read("SELECT place, spot, weight FROM weights ORDER BY place, spot"):
        end = start + batch.num_rows
        data[start:end] = batch.column("weight").to_numpy()
        indices[start:end] = batch.column("spot").to_numpy()
        places, counts = np.unique(batch.column("place").to_numpy(), return_counts=True)
        lengths[places + 1] += counts.astype(lengths.dtype)
        start = end
    return sparse.csr_array((data, indices, np.cumsum(lengths, dtype=lengths.dtype)), shape=(n, width))

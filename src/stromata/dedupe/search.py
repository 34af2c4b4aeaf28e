"""Search for duplicates among records of any number: every step is a table of an engine.

Records stream in once and are kept as normal forms only; what does not fit into memory the engine spills. The tables:

=============  =====================================================================================================
prepared       normal forms of all records (`normal.SCHEMA`), in order of place
context        what the collection says of each record (`blocking.context`)
copies         place, first: records that equal an earlier one in everything that comparison reads
keyed          the columns of blocking, without copies: a record that came forty times makes no block of forty
pairs          candidate pairs (`blocking.candidate_pairs`)
decided        what `decided` says of those that are the same, doubtful or related
members        place, first, copied: all members of clusters of two or more records
made, asked, kin
               the pairs that made the clusters, that a person should look at, that are relatives
barring        of each question the pair of other records of both clusters that contradict each other, if any do
=============  =====================================================================================================

Python holds only the pairs of ``decided``, 30 bytes each. What was there before can be kept (`Findings.keep`) and a new
import matched against it: only pairs with a new record are compared then. With a `memory.Memory` the result is that of
a search of everything, and only what has not been worked out before is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from stromata.dedupe import blocking, decide, normal
from stromata.dedupe.cluster import Clusters, Decisions, Groups, Pair, cluster
from stromata.dedupe.compare import compare
from stromata.dedupe.evidence import brief, explain_pairs
from stromata.dedupe.normal import COLUMNS
from stromata.errors import InvalidInput
from stromata.model import Merge, Record
from stromata.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from stromata.dedupe.memory import Memory
    from stromata.engine import Engine

METHOD = "weights-and-rules 1"
"""Name and version of the method, as it stands in the log."""

IDENTICAL = "identical in all that is compared"
"""Evidence for records that are copies of each other."""

_MOST_REASONS = 3
"""Sets of agreeing fields that a merge names, the commonest of its pairs first."""

_CHAIN = "One of them fits further entries as well as the other does, and not all of these can be one work."
"""Said of a pair that was not merged for the sake of its clusters, where no single contradiction can be shown."""

DecidedBy = Literal["alone", "first", "evidence", "copy", "before"]
"""How a record came to its cluster: nothing joined it; it is the earliest; by comparison; as a copy; known before."""

_KEPT_CLUSTER = "cluster"
_NO_COPIES = ("id", "place", "database", "words_key", "authors_key")


@dataclass(frozen=True, slots=True)
class Question:
    """A pair that a person should look at.

    Attributes
    ----------
    left, right : ids of the references.
    rule : what forbids a merge; ``contradiction`` where other entries of their clusters cannot be one work;
        ``balance`` where the evidence for and against is about even.
    evidence, against : sentences for and against, the heaviest first.
    score : log-odds of being one work; the queue starts with the most doubtful.
    """

    left: str
    right: str
    rule: str
    evidence: str
    against: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Relatives:
    """Two different works of one family; `relation` as in `decide.Relation`."""

    left: str
    right: str
    relation: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search has found, as tables of its engine: read it before the engine closes.

    Attributes
    ----------
    records, known : how many were searched in all, and how many of them were there before.
    merged : how many records became part of an earlier one's cluster. questions : how many pairs a person should see.
    proposed : name of the table of all pairs that blocking proposed.
    """

    engine: Engine
    records: int
    known: int
    merged: int
    questions: int
    proposed: str = "pairs"

    def clusters(self) -> Iterator[tuple[str, str, DecidedBy]]:
        """Yield (record, cluster, how it came there) of all records in order; the earliest record names a cluster."""
        sql = """SELECT p.id AS id, f.id AS cluster, m.how AS how
FROM prepared p LEFT JOIN members m ON p.place = m.place LEFT JOIN prepared f ON m.first = f.place ORDER BY p.place"""
        for batch in self.engine.read(sql):
            for row in batch.to_pylist():
                yield row["id"], row["cluster"] or row["id"], row["how"] or "alone"

    def merges(self) -> Iterator[Merge]:
        """Yield the merges in order of the kept reference, each with its rule and evidence."""
        members = """SELECT m.first AS first, p.id AS id, m.how AS how
FROM members m JOIN prepared p ON m.place = p.place ORDER BY m.first, m.place"""
        words = """SELECT m.first AS first, d.evidence AS evidence, count(*) AS times
FROM made JOIN decided d ON made.left_place = d.left_place AND made.right_place = d.right_place
JOIN members m ON made.left_place = m.place GROUP BY m.first, d.evidence ORDER BY m.first, times DESC, d.evidence"""
        evidence = groupby(_rows(self.engine.read(words)), key=lambda row: row["first"])
        waiting = next(evidence, None)
        for first, rows in groupby(_rows(self.engine.read(members)), key=lambda row: row["first"]):
            said: list[str] = []
            if waiting and waiting[0] == first:
                said = [str(row["evidence"]) for row in waiting[1]][:_MOST_REASONS]
                waiting = next(evidence, None)
            kept, *others = rows
            fresh = [row for row in others if row["how"] != "before"]
            if not fresh:  # nothing new has come to it
                continue
            if any(row["how"] == "copy" for row in fresh):
                said.append(IDENTICAL)
            yield Merge(
                into=str(kept["id"]), merged=tuple(str(row["id"]) for row in fresh),
                rule="weights" if said != [IDENTICAL] else "identical", evidence="; ".join(said),
            )  # fmt: skip

    def asked(self) -> Iterator[Question]:
        """Yield the questions for a person, the most doubtful first."""
        barring = self._contradictions()
        columns = blocking.pair_columns("asked")
        sql = f"""SELECT w.*, a.rank AS rank, l.id AS left_id, r.id AS right_id FROM ({columns}) w
JOIN asked a ON w.l_place = a.left_place AND w.r_place = a.right_place
JOIN prepared l ON a.left_place = l.place JOIN prepared r ON a.right_place = r.place ORDER BY a.rank"""  # noqa: S608 - names of ours
        for batch in self.engine.read(sql, rows=5_000):
            told = explain_pairs(batch)
            named = zip(*(batch.column(name).to_pylist() for name in ("rank", "left_id", "right_id")), strict=True)
            for (rank, left, right), one in zip(named, told, strict=True):
                rule, against = one.rule or "balance", one.against
                if one.verdict == "same":  # nothing in the two themselves speaks against it
                    rule, against = "contradiction", (barring.get(rank, _CHAIN), *against)
                yield Question(
                    left=left, right=right, rule=rule, evidence=" ".join(one.evidence), against=" ".join(against),
                    score=one.score,
                )  # fmt: skip

    def _contradictions(self) -> dict[int, str]:
        """Return, by the rank of the question, what keeps two clusters apart."""
        columns = blocking.pair_columns("barring")
        sql = f"""SELECT w.*, b.rank AS rank, l.id AS left_id, r.id AS right_id FROM ({columns}) w
JOIN barring b ON w.l_place = b.left_place AND w.r_place = b.right_place
JOIN prepared l ON b.left_place = l.place JOIN prepared r ON b.right_place = r.place"""  # noqa: S608 - names of ours
        found: dict[int, str] = {}
        for batch in self.engine.read(sql, rows=5_000):
            named = zip(*(batch.column(name).to_pylist() for name in ("rank", "left_id", "right_id")), strict=True)
            for (rank, left, right), one in zip(named, explain_pairs(batch), strict=True):
                why = " ".join((one.reason, *one.against[:1]))
                found[rank] = f"To merge them would join {left} and {right} too. {why}"
        return found

    def relatives(self) -> Iterator[Relatives]:
        """Yield pairs of different works of one family, in order of their records."""
        sql = """SELECT l.id AS left_id, r.id AS right_id, d.relation AS relation FROM kin
JOIN decided d ON kin.left_place = d.left_place AND kin.right_place = d.right_place
JOIN prepared l ON kin.left_place = l.place JOIN prepared r ON kin.right_place = r.place
ORDER BY kin.left_place, kin.right_place"""
        for row in _rows(self.engine.read(sql)):
            yield Relatives(str(row["left_id"]), str(row["right_id"]), str(row["relation"]))

    def keep(self, file: Path | BinaryIO) -> None:
        """Write normal forms and clusters of all records as Parquet: what a later search is matched against."""
        import pyarrow as pa  # noqa: PLC0415 - loads late
        import pyarrow.parquet as pq  # noqa: PLC0415 - loads late

        schema = normal.SCHEMA.append(pa.field(_KEPT_CLUSTER, pa.int64()))
        columns = ", ".join(f"p.{name} AS {name}" for name, _ in COLUMNS)
        sql = f"""SELECT {columns}, coalesce(m.first, p.place) AS {_KEPT_CLUSTER}
FROM prepared p LEFT JOIN members m ON p.place = m.place ORDER BY p.place"""  # noqa: S608 - names of ours only
        with pq.ParquetWriter(file, schema, compression="lz4", use_dictionary=False) as writer:  # read often, and fast
            for batch in self.engine.read(sql):
                writer.write_batch(batch.cast(schema))

    def remember(self, memory: Memory) -> None:
        """Write what was worked out to the memory's file, unless all of it stands there already."""
        if self.records != memory.records or _count(self.engine, "pairs"):
            memory.renew(self.engine, self.proposed, _decided_schema())


def search(
    entries: Iterable[tuple[str, Record]],
    *,
    engine: Engine,
    apart: Iterable[frozenset[str]] = (),
    settled: Mapping[str, str] | None = None,
    against: Path | None = None,
    memory: Memory | None = None,
    progress: Progress = silent,
) -> Findings:
    """Search for duplicates among records, or between them and those of an earlier search.

    Parameters
    ----------
    entries : (id, record) in order of import, read once; the earliest of a cluster keeps its id. Ids are distinct.
    engine : where the tables are; it must be empty, and open until the findings are read.
    apart : pairs of ids that a person has said are different; they never share a cluster and are never asked about.
    settled : id -> id of a reference that it is part of, because a person merged them: never reopened.
    against : file of `Findings.keep`: what was there. Its clusters stay as they are but for what the new records add.
    memory : what is known of records that stand before the entries. All pairs count as if they were compared now.

    Returns
    -------
    Findings
        Independent of the order of the entries but for the choice of the record that a cluster is named after.

    Raises
    ------
    InvalidInput
        `against` is no such file.
    """
    known = memory.load(engine) if memory else _insert_kept(engine, against) if against else 0
    _insert(entries, engine, known, progress)
    added_from = 0 if memory else known
    total = _count(engine, "prepared")
    settled = settled or {}
    places = _Places(engine, {*(id_ for pair in apart for id_ in pair), *settled, *settled.values()})
    parted, joined = places.pairs(apart), places.pairs(frozenset(item) for item in settled.items())
    agreed = np.concatenate((_clusters_before(engine, against), np.array(joined, dtype=np.int64).reshape(-1, 2)))
    engine.run("context", blocking.context())
    copies = _set_copies_aside(engine, added_from, parted, agreed)
    proposed = _propose(engine, added_from, memory)
    progress(total, None, "records blocked")
    engine.map("decided", blocking.pair_columns("pairs"), decided, _decided_schema())
    if proposed != "pairs":
        engine.insert("decided", engine.read("SELECT * FROM recalled"), _decided_schema())
    progress(total, None, "pairs compared")
    found = cluster(_decisions(engine, "decided"), judge=_Judge(engine).decide, apart=parted, settled=agreed)
    merged = _show(engine, found, copies, agreed)
    progress(total, total, "clusters made")
    return Findings(
        engine, records=total, known=known, merged=merged, questions=len(found.questions), proposed=proposed
    )


def decided(pairs: pa.RecordBatch) -> pa.RecordBatch:
    """Compare and decide on pairs; return those that are the same, doubtful or related, with the evidence for a merge.

    Parameters
    ----------
    pairs : as `blocking.pair_columns` gives them.

    Returns
    -------
    pa.RecordBatch
        The columns of `decide.RESULT` and `evidence`: what agrees, where the verdict is "same".
    """
    import pyarrow as pa  # noqa: PLC0415 - loads late
    import pyarrow.compute as pc  # noqa: PLC0415 - loads late

    compared = compare(pairs)
    found = decide.decide(compared)
    telling = pc.or_(pc.greater(found.column("verdict"), 0), pc.not_equal(found.column("relation"), ""))
    compared, found = compared.filter(telling), found.filter(telling)
    levels = decide.levels_of(compared)
    same = found.column("verdict").to_numpy(zero_copy_only=False) == decide.VERDICTS.index("same")
    rows = np.flatnonzero(same)
    evidence = np.full(len(same), "", dtype=object)
    if len(rows):
        unique, which = np.unique(
            np.column_stack([column[rows] for column in levels.values()]), axis=0, return_inverse=True
        )
        said = [brief(dict(zip(levels, row, strict=True))) for row in unique.tolist()]
        evidence[rows] = np.array(said, dtype=object)[which.ravel()]
    columns = [*(found.column(name) for name in decide.RESULT), pa.array(evidence, type=pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=_decided_schema())


@cache
def _decided_schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - loads late

    types = (pa.int64(), pa.int64(), pa.float32(), pa.int8(), pa.bool_(), pa.string(), pa.string(), pa.string())
    return pa.schema(list(zip((*decide.RESULT, "evidence"), types, strict=True)))


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, object]]:
    for batch in batches:
        yield from batch.to_pylist()


def _arrays(engine: Engine, sql: str, *names: str) -> list[NDArray[np.int64]]:
    """Return columns of a query's result as arrays."""
    parts = [[batch.column(name).to_numpy(zero_copy_only=False) for name in names] for batch in engine.read(sql)]
    if not parts:
        return [np.zeros(0, dtype=np.int64) for _ in names]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _count(engine: Engine, table: str) -> int:
    return int(next(engine.read(f"SELECT count(*) AS n FROM {table}")).column("n")[0].as_py())  # noqa: S608 - ours


def _insert_pairs(engine: Engine, table: str, names: tuple[str, ...], *columns: NDArray[np.int64]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - loads late

    schema = pa.schema([(name, pa.int64()) for name in names])
    batch = pa.RecordBatch.from_arrays([pa.array(column, type=pa.int64()) for column in columns], schema=schema)
    engine.insert(table, [batch], schema)


# --- tables of records


def _insert(entries: Iterable[tuple[str, Record]], engine: Engine, known: int, progress: Progress) -> None:
    """Add the entries to the table ``prepared``."""

    def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in batches:
            yield batch
            done += batch.num_rows
            progress(done, None, "records read")

    engine.insert("prepared", counted(normal.prepare(entries, start=known)), normal.SCHEMA)


def _insert_kept(engine: Engine, path: Path) -> int:
    import pyarrow as pa  # noqa: PLC0415 - loads late
    import pyarrow.parquet as pq  # noqa: PLC0415 - loads late

    names = [name for name, _ in COLUMNS]
    with pq.ParquetFile(path) as file:
        if file.schema_arrow.names != [*names, _KEPT_CLUSTER]:
            raise InvalidInput(
                f"{path.name} does not hold the normal forms of this version",
                hint="Search all records again and keep them.",
            )
        schema = normal.SCHEMA
        engine.insert("prepared", (batch.select(names).cast(schema) for batch in file.iter_batches()), schema)
        pairs = pa.schema([("place", pa.int64()), ("first", pa.int64())])
        batches = file.iter_batches(columns=["place", _KEPT_CLUSTER])
        engine.insert("before", (batch.rename_columns(["place", "first"]) for batch in batches), pairs)
        return int(file.metadata.num_rows)


def _clusters_before(engine: Engine, against: Path | None) -> NDArray[np.int64]:
    if not against:
        return np.zeros((0, 2), dtype=np.int64)
    return np.column_stack(_arrays(engine, "SELECT first, place FROM before WHERE place <> first", "first", "place"))


class _Places:
    """Where the records of given ids stand; ids that are not there are passed over."""

    def __init__(self, engine: Engine, ids: set[str]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - loads late

        self.of: dict[str, int] = {}
        if ids:
            schema = pa.schema([("id", pa.string())])
            engine.insert("named", [pa.RecordBatch.from_arrays([pa.array(sorted(ids))], schema=schema)], schema)
            sql = "SELECT p.id AS id, p.place AS place FROM prepared p JOIN named n ON p.id = n.id"
            self.of = {str(row["id"]): int(str(row["place"])) for row in _rows(engine.read(sql))}

    def pairs(self, ids: Iterable[frozenset[str]]) -> list[Pair]:
        """Return the places of pairs of which both are there, the earlier first."""
        found = [sorted({self.of[id_] for id_ in pair if id_ in self.of}) for pair in ids]
        return [(pair[0], pair[1]) for pair in found if len(pair) == 2]


def _set_copies_aside(engine: Engine, known: int, parted: list[Pair], agreed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make the tables ``copies`` and ``keyed``; return (first, copy) of each record that only repeats an earlier one.

    Equal rows are copies only if their comparison says "same" (not an "Editorial" without a place), and never where a
    person has parted one of them, or where the later one was made part of another cluster than the first.
    """
    columns = ", ".join(name for name, _ in COLUMNS if name not in _NO_COPIES)
    # Records that share title and year come first: the wide comparison of all columns then meets few records.
    likely = f"""SELECT p.* FROM prepared p JOIN (SELECT title_key, year FROM prepared WHERE title_key <> ''
GROUP BY title_key, year HAVING count(*) > 1 AND max(place) >= {known}) t
ON p.title_key = t.title_key AND p.year = t.year"""  # noqa: S608 - names of ours only
    engine.run(
        "repeated",
        f"""SELECT place, first
FROM (SELECT place, min(place) OVER (PARTITION BY {columns}) AS first FROM ({likely}) s) r
WHERE place <> first AND place >= {known}""",  # noqa: S608 - names of ours only
    )
    first, place = _arrays(engine, "SELECT first, place FROM repeated ORDER BY place", "first", "place")
    if len(first):
        alone = np.unique(first)
        _insert_pairs(engine, "selves", ("left_place", "right_place"), alone, alone)
        engine.map("alike", blocking.pair_columns("selves"), decided, _decided_schema())
        same = decide.VERDICTS.index("same")
        (alike,) = _arrays(engine, f"SELECT left_place FROM alike WHERE verdict = {same}", "left_place")  # noqa: S608
        barred = np.array(parted, dtype=np.int64).ravel()
        held = np.isin(first, alike) & ~np.isin(place, barred) & ~np.isin(first, barred)
        groups = Groups.of(agreed)
        held &= ~np.isin(place, groups.places) | (groups.first(place) == groups.first(first))
        first, place = first[held], place[held]
    _insert_pairs(engine, "copies", ("place", "first"), place, first)
    return np.column_stack((first, place))


def _propose(engine: Engine, known: int, memory: Memory | None) -> str:
    """Make the table ``pairs``, leaving copies out: where their first is, they are.

    Return the name of the table of all pairs proposed: another one when a memory holds decisions on some.
    """
    columns = "p.place AS place, " + ", ".join(f"p.{name} AS {name}" for name in _keyed_columns())
    engine.run(
        "keyed",
        f"SELECT {columns} FROM prepared p LEFT JOIN copies c ON p.place = c.place WHERE c.place IS NULL",  # noqa: S608
    )
    proposed = "proposed" if memory and memory.records else "pairs"
    engine.run(proposed, blocking.candidate_pairs(added_from=known, table="keyed"))
    if memory and memory.records:
        memory.recall(engine, proposed)
    return proposed


def _keyed_columns() -> list[str]:
    """Return the columns of PREPARED that blocking reads, but for the place."""
    words = set(re.findall(r"\w+", blocking.candidate_pairs()))
    return [name for name, _ in COLUMNS if name in words and name != "place"]


# --- pairs and clusters


def _decisions(engine: Engine, table: str) -> Decisions:
    names = ("left_place", "right_place", "score", "verdict", "contradicts", "related")
    sql = f"""SELECT left_place, right_place, score, verdict, contradicts, relation <> '' AS related FROM {table}"""  # noqa: S608
    left, right, score, verdict, contradicts, related = _arrays(engine, sql, *names)
    same, ask = decide.VERDICTS.index("same"), decide.VERDICTS.index("ask")
    return Decisions(
        left=left, right=right, score=score.astype(np.float32), same=verdict == same, asked=verdict == ask,
        contradicts=contradicts.astype(bool), related=related.astype(bool),
    )  # fmt: skip


class _Judge:
    """Decides on pairs that share no key but would come to share a cluster."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def decide(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Decisions:
        """Compare the pairs; those that are told apart count too, for they contradict a merge."""
        _insert_pairs(self.engine, "further", ("left_place", "right_place"), left, right)
        self.engine.map("judged", blocking.pair_columns("further"), _all_decided, _decided_schema())
        kin = self.engine.read("SELECT * FROM judged WHERE relation <> ''")
        self.engine.insert("decided", kin, _decided_schema())
        return _decisions(self.engine, "judged")


def _all_decided(pairs: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415 - loads late

    found = decide.decide(compare(pairs))
    columns = [*(found.column(name) for name in decide.RESULT), pa.array([""] * found.num_rows, type=pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=_decided_schema())


def _show(engine: Engine, found: Clusters, copies: NDArray[np.int64], agreed: NDArray[np.int64]) -> int:
    """Make the tables of what was found, from ``members`` on; return how many records were merged into others."""
    import pyarrow as pa  # noqa: PLC0415 - loads late

    firsts, repeats = copies[~np.isin(copies[:, 1], found.places)].T  # the others were made part of it before
    alone = np.setdiff1d(firsts, found.places)
    places = np.concatenate((found.places, alone, repeats))
    heads = np.concatenate((found.firsts, alone, found.first(firsts)))
    how = np.full(len(places), "evidence", dtype=object)
    how[len(places) - len(repeats) :] = "copy"
    how[np.isin(places, agreed[:, 1])] = "before"
    how[places == heads] = "first"
    schema = pa.schema([("place", pa.int64()), ("first", pa.int64()), ("how", pa.string())])
    columns = [pa.array(places), pa.array(heads), pa.array(how, type=pa.string())]
    engine.insert("members", [pa.RecordBatch.from_arrays(columns, schema=schema)], schema)
    names = ("left_place", "right_place")
    _insert_pairs(engine, "made", names, *found.merges.T)
    _insert_pairs(engine, "kin", names, *found.relatives.T)
    ranks = np.arange(len(found.questions))
    _insert_pairs(engine, "asked", (*names, "rank"), *found.questions.T, ranks)
    barred = found.barring[:, 0] >= 0
    _insert_pairs(engine, "barring", (*names, "rank"), *found.barring[barred].T, ranks[barred])
    return int((places != heads).sum())

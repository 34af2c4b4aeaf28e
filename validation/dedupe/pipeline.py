"""From a labelled set to compared pairs with their truth, and to clusters with any parameters, on DuckDB in memory."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from sets import Doubt, LabelledSet, doubts

from stromata.dedupe import blocking, compare, normal
from stromata.dedupe.cluster import Decisions, cluster
from stromata.dedupe.decide import VERDICTS, Parameters, decide, levels_of


@dataclass(frozen=True, slots=True)
class Labelled:
    """Compared candidate pairs of one set.

    `levels` by field; `same`: the truth; `alike`: pairs whose fields were compared (see `compare`); `doubtful`: pairs
    whose label we doubt (``label_doubts.yaml``).
    """

    name: str
    levels: dict[str, np.ndarray]
    same: np.ndarray
    alike: np.ndarray
    doubtful: np.ndarray


def labelled(one: LabelledSet) -> Labelled:
    """Block and compare the records of a set and look up the truth of each pair."""
    compared = compared_pairs(one)
    ids = [id_ for id_, _ in one.entries]
    pairs = list(zip(compared["left_place"].to_pylist(), compared["right_place"].to_pylist(), strict=True))
    same = np.array([one.truth[ids[left]] == one.truth[ids[right]] for left, right in pairs], dtype=bool)
    groups = {id_: (doubt, group) for doubt in doubts(one.name) for group in doubt.groups for id_ in group}
    doubtful = np.array([_doubted(groups.get(ids[left]), groups.get(ids[right])) for left, right in pairs], dtype=bool)
    levels = levels_of(compared)
    alike = (levels["year"] > 0) | (levels["first"] > 0) | (levels["journal"] > 0)
    return Labelled(one.name, levels, same, alike, doubtful)


def _doubted(left: tuple[Doubt, tuple[str, ...]] | None, right: tuple[Doubt, tuple[str, ...]] | None) -> bool:
    """Tell whether two records, each with the doubt and the group that it stands in, stand in groups of one doubt."""
    return left is not None and right is not None and left[0] is right[0] and left[1] is not right[1]


def compared_pairs(one: LabelledSet) -> pa.RecordBatch:
    """Return what `compare` says of all candidate pairs of a set, in order of place."""
    with _tables(one) as base:
        return _compared(base, blocking.candidate_pairs())


def clustered(one: LabelledSet, parameters: Parameters) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the cluster of each record, by its earliest record, and the pairs asked about."""
    ids = [id_ for id_, _ in one.entries]
    with _tables(one) as base:

        def judge(left: np.ndarray, right: np.ndarray) -> Decisions:
            base.register("further", pa.table({"left_place": left, "right_place": right}))
            return _decisions(decide(_compared(base, "SELECT * FROM further"), parameters))

        found = cluster(_decisions(decide(_compared(base, blocking.candidate_pairs()), parameters)), judge=judge)
    clusters = {id_: id_ for id_ in ids}
    for place, first in zip(found.places.tolist(), found.firsts.tolist(), strict=True):
        clusters[ids[place]] = ids[first]
    return clusters, [(ids[left], ids[right]) for left, right in found.questions.tolist()]


def _tables(one: LabelledSet) -> duckdb.DuckDBPyConnection:
    base = duckdb.connect()
    base.register("prepared", pa.Table.from_batches(normal.prepare(one.entries), schema=normal.SCHEMA))
    base.execute(f"CREATE TABLE context AS {blocking.context()}")
    return base


def _compared(base: duckdb.DuckDBPyConnection, pairs: str) -> pa.RecordBatch:
    base.execute(f"CREATE OR REPLACE TABLE pairs AS {pairs}")
    found = base.sql(f"SELECT * FROM ({blocking.pair_columns()}) ORDER BY l_place, r_place").to_arrow_table()
    return compare.compare(found.combine_chunks().to_batches()[0])


def _decisions(decided: pa.RecordBatch) -> Decisions:
    verdict = decided.column("verdict").to_numpy()
    return Decisions(
        left=decided.column("left_place").to_numpy(), right=decided.column("right_place").to_numpy(),
        score=decided.column("score").to_numpy(), same=verdict == VERDICTS.index("same"),
        asked=verdict == VERDICTS.index("ask"),
        contradicts=decided.column("contradicts").to_numpy(zero_copy_only=False),
        related=np.array(decided.column("relation").to_pylist(), dtype=object) != "",
    )  # fmt: skip

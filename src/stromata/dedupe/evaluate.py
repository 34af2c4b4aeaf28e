"""How good a de-duplication was, measured against a truth.

Words: a *work* is one cluster of the truth; a *cluster* is one of the prediction; a *duplicate* is a record of a work
beyond its first, so that a set of N records and W works holds N - W duplicates. Pairs are unordered pairs of records.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from stromata.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a prediction got right and wrong.

    Attributes
    ----------
    records, works, duplicates : of the truth.
    found : duplicates removed rightly: for each work, its records less the clusters that they lie in.
    missed : duplicates left: `duplicates` - `found`.
    references_lost : works that are lost to screening: a cluster is kept as its earliest record, and none of the kept
        records belongs to the work, because all of its records were merged into earlier ones of other works.
    true_pairs, predicted_pairs, common_pairs : pairs in one work, in one cluster, in both.
    false_merges : for each cluster of several works, one record of each work, in order of the records.
    missed_works : for each work that is left in several clusters, one record of each cluster.
    """

    records: int
    works: int
    duplicates: int
    found: int
    missed: int
    references_lost: int
    true_pairs: int
    predicted_pairs: int
    common_pairs: int
    false_merges: tuple[tuple[str, ...], ...]
    missed_works: tuple[tuple[str, ...], ...]

    @property
    def precision(self) -> float:
        """Share of predicted pairs that are true; 1 when there are none."""
        return self.common_pairs / self.predicted_pairs if self.predicted_pairs else 1.0

    @property
    def recall(self) -> float:
        """Share of true pairs that were predicted; 1 when there are none."""
        return self.common_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall over pairs."""
        total = self.true_pairs + self.predicted_pairs
        return 2 * self.common_pairs / total if total else 1.0

    @property
    def specificity(self) -> float:
        """Share of pairs of different works that were kept apart."""
        different = self.records * (self.records - 1) // 2 - self.true_pairs
        return 1 - (self.predicted_pairs - self.common_pairs) / different if different else 1.0


def evaluate(clusters: Mapping[str, Hashable], truth: Mapping[str, Hashable]) -> Accuracy:
    """Compare predicted clusters with the truth.

    Parameters
    ----------
    clusters : record -> cluster, in order of the records.
    truth : record -> work, for the same records.

    Raises
    ------
    InvalidInput
        A record stands in one of them only.
    """
    odd = sorted(clusters.keys() ^ truth.keys())
    if odd:
        raise InvalidInput(
            f"{len(odd)} records stand only in the clusters or only in the truth, such as {odd[0]!r}",
            hint="Give both for the same records.",
        )
    cells = Counter((clusters[record], truth[record]) for record in clusters)
    by_cluster, by_work = Counter(clusters.values()), Counter(truth.values())
    parts = Counter(work for _, work in cells)
    false_merges, missed_works = _shared(clusters, truth), _shared(truth, clusters)
    return Accuracy(
        records=len(clusters),
        works=len(by_work),
        duplicates=len(clusters) - len(by_work),
        found=len(clusters) - sum(parts.values()),
        missed=sum(parts.values()) - len(by_work),
        references_lost=len(by_work) - len(_kept(clusters, truth)),
        true_pairs=_pairs(by_work.values()),
        predicted_pairs=_pairs(by_cluster.values()),
        common_pairs=_pairs(cells.values()),
        false_merges=false_merges,
        missed_works=missed_works,
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _kept(clusters: Mapping[str, Hashable], truth: Mapping[str, Hashable]) -> set[Hashable]:
    """Return the works of the earliest record of each cluster."""
    first: dict[Hashable, str] = {}
    for record, cluster in clusters.items():
        first.setdefault(cluster, record)
    return {truth[record] for record in first.values()}


def _shared(outer: Mapping[str, Hashable], inner: Mapping[str, Hashable]) -> tuple[tuple[str, ...], ...]:
    """Return, for each group of `outer` that several groups of `inner` meet in, one record of each of these."""
    found: dict[Hashable, dict[Hashable, str]] = defaultdict(dict)
    for record, group in outer.items():
        found[group].setdefault(inner[record], record)
    return tuple(tuple(records.values()) for records in found.values() if len(records) > 1)

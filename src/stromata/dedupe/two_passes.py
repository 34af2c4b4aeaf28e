"""From many records to unique references, without a review: one search, then one pass that writes.

The records are gone through twice. The first pass keeps normal forms only; the second passes single records on as they
come and holds those of clusters back until the cluster is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stromata.dedupe.combine import combine
from stromata.dedupe.search import Findings, search
from stromata.model import Record
from stromata.progress import Progress, silent

if TYPE_CHECKING:
    from stromata.engine import EngineName


@contextmanager
def searched(
    entries: Iterable[tuple[str, Record]],
    *,
    apart: Iterable[frozenset[str]] = (),
    settled: Mapping[str, str] | None = None,
    against: Path | None = None,
    engine: EngineName = "duckdb",
    master: str = "local[*]",
    memory_mb: int = 4_096,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Iterator[Findings]:
    """Search for duplicates on an engine of its own; the findings hold while the context is open.

    Parameters
    ----------
    entries, apart, settled, against : as for `search.search`.
    engine, master, memory_mb, folder : where it runs and what it may take, as for `stromata.engine.open_engine`.

    Raises
    ------
    MissingExtra
        The engine is Spark and PySpark is not installed.
    """
    from stromata.engine import Settings, open_engine  # noqa: PLC0415 - loads late

    settings = Settings(memory_mb=memory_mb, folder=folder)
    with open_engine(engine, settings=settings, master=master) as opened:
        yield search(entries, engine=opened, apart=apart, settled=settled, against=against, progress=progress)


def unique(entries: Iterable[tuple[str, Record]], clusters: Iterable[tuple[str, str]]) -> Iterator[Record]:
    """Yield one record for each cluster, its fields combined from its members.

    Parameters
    ----------
    entries : (id, record), the same and in the same order as were searched.
    clusters : (id, cluster) of each entry, in the same order.

    Yields
    ------
    Record
        A cluster stands where its last record stood.
    """
    cluster_of: dict[str, str] = {}
    left: dict[str, int] = {}
    for id_, cluster in clusters:
        if id_ != cluster:
            cluster_of[id_] = cluster_of[cluster] = cluster
            left[cluster] = left.get(cluster, 1) + 1
    waiting: dict[str, list[Record]] = {}
    for id_, record in entries:
        home = cluster_of.get(id_)
        if home is None:
            yield record
            continue
        members = waiting.setdefault(home, [])
        members.append(record)
        left[home] -= 1
        if not left[home]:
            del waiting[home]
            yield combine(members[0].id, members).merged

"""Measure how fast duplicates are found, and how much memory that takes, in libraries that this script invents.

    python benchmarks/dedupe.py 10000 80000 --added 1000
    python benchmarks/dedupe.py 10000 --peers splink=/path/to/an/environment/bin/python

One JSON line per case, each in a process of its own: size; CPU seconds (of all threads, without the invention of the
records) in all, for the normal forms and for the rest; wall seconds, the invention included; peak memory of the
process and the setting of the engine in MB; candidate pairs per record; bytes of a normal form; and, because the
truth is known here, precision and recall over pairs. These sets are easy ones: `validation/dedupe` measures accuracy.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from dedupe_library import library

from stromata.dedupe.evaluate import evaluate
from stromata.dedupe.search import Findings, search
from stromata.engine import Settings, open_engine
from stromata.model import Record

PEERS = Path(__file__).parents[1] / "validation" / "dedupe" / "peers.py"
CHUNK = 2_000


class Invented:
    """The records of a library, and the CPU seconds that their invention took."""

    def __init__(self, size: int, seed: int, *, start: int = 0) -> None:
        self.size, self.seed, self.start = size, seed, start
        self.cpu = 0.0
        self.truth: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        """Yield (id, record)."""
        source = islice(library(self.size, seed=self.seed), self.start, None)
        while True:
            began = time.process_time()
            chunk = list(islice(source, CHUNK))
            self.truth.update((id_, work) for id_, _, work in chunk)
            self.cpu += time.process_time() - began
            if not chunk:
                return
            yield from ((id_, record) for id_, record, _ in chunk)


def measured(
    case: str, records: Invented, memory_mb: int, *, against: Path | None, keep: Path | None
) -> dict[str, object]:
    """Search and return what it took."""
    phases: dict[str, float] = {}

    def progress(_done: int, _total: int | None, note: str = "") -> None:
        phases[note] = time.process_time() - records.cpu

    began, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(memory_mb=memory_mb, threads=2, folder=Path(folder))
        with open_engine("duckdb", settings=settings) as engine:
            found = search(records, engine=engine, against=against, progress=progress)
            if keep:
                found.keep(keep)
                return {}
            clusters = {id_: cluster for id_, cluster, _ in found.clusters()}
            questions = sum(1 for _ in found.asked())
            merges = sum(1 for _ in found.merges())
            used = time.process_time() - cpu - records.cpu
            pairs = next(engine.read("SELECT count(*) AS n FROM pairs")).column("n")[0].as_py()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "case": case, "records": found.records, "added": found.records - found.known, "cpu_seconds": round(used, 2),
        "cpu_normal_forms": round(phases.get("records read", 0.0) - cpu, 2),
        "cpu_blocking": round(phases["records blocked"] - phases.get("records read", cpu), 2),
        "cpu_comparing": round(phases["pairs compared"] - phases["records blocked"], 2),
        "cpu_clusters": round(phases["clusters made"] - phases["pairs compared"], 2),
        "seconds": round(time.perf_counter() - began, 1), "peak_mb": round(peak), "memory_mb": memory_mb,
        "pairs_per_record": round(pairs / (found.records - found.known), 2), "merges": merges,
        "questions_per_100": round(100 * questions / (found.records - found.known), 3),
        **accuracy(found, clusters, records.truth),
    }  # fmt: skip


def accuracy(found: Findings, clusters: dict[str, str], truth: dict[str, int]) -> dict[str, object]:
    """Return precision, recall and works lost, where the truth of all records is known."""
    if found.known:
        return {}
    result = evaluate(clusters, truth)
    return {
        "precision": round(result.precision, 5),
        "recall": round(result.recall, 5),
        "works_lost": result.references_lost,
    }


def whole(size: int, seed: int, memory_mb: int) -> dict[str, object]:
    """Search a whole library."""
    return measured(f"whole-{size}", Invented(size, seed), memory_mb, against=None, keep=None)


def prepared(size: int, seed: int, memory_mb: int, path: str) -> dict[str, object]:
    """Search a library and keep its normal forms."""
    return measured("", Invented(size, seed), memory_mb, against=None, keep=Path(path))


def added(size: int, more: int, seed: int, memory_mb: int, path: str) -> dict[str, object]:
    """Match the next records of a library against those that were kept."""
    records = Invented(size + more, seed, start=size)
    return measured(f"{more}-into-{size}", records, memory_mb, against=Path(path), keep=None)


def write_library(path: Path, size: int, seed: int) -> None:
    """Write a library as the labelled sets of `validation/dedupe` are written, for other tools."""
    import pyarrow as pa  # noqa: PLC0415 - loads late
    import pyarrow.parquet as pq  # noqa: PLC0415 - loads late

    rows = []
    for id_, record, work in library(size, seed=seed):
        rows.append({
            "ID": id_, "ENTRYTYPE": "article", "author": " and ".join(map(str, record.authors)),
            "year": str(record.year or ""), "title": record.title, "journal": record.journal, "booktitle": "",
            "volume": record.volume, "number": record.issue, "pages": record.pages, "abstract": record.abstract,
            "doi": record.doi, "isbn": "", "database": record.database, "cluster": str(work),
        })  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), path)


def peer(tool: str, python: str, path: Path, size: int) -> dict[str, object]:
    """Run another tool on the same records."""
    done = subprocess.run([python, str(PEERS), tool, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"case": f"{tool}-{size}", "failed": done.stderr.strip().splitlines()[-1:]}
    found = json.loads(done.stdout.splitlines()[-1])
    truth = {id_: work for id_, _, work in library(size, seed=1)}
    cluster = {id_: group[0] for group in found["clusters"] for id_ in group}
    result = evaluate({id_: cluster.get(id_, id_) for id_ in truth}, truth)
    return {
        "case": f"{tool}-{size}", "version": found["version"], "records": size,
        "cpu_seconds": round(found["cpu_seconds"], 2), "precision": round(result.precision, 5),
        "recall": round(result.recall, 5), "works_lost": result.references_lost,
    }  # fmt: skip


def alone(function: Callable[..., dict[str, object]], *words: object) -> dict[str, object]:
    """Call a function in a process of its own, so that the peak of memory is that of the case."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *words).result()


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON line per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000])
    parser.add_argument("--added", type=int, default=0, help="records that are added to each library")
    parser.add_argument("--memory-mb", type=int, default=2_048, help="setting of the engine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--peers", action="append", default=[], metavar="TOOL=PYTHON", help="such as splink=/venv/bin/python"
    )
    chosen = parser.parse_args(arguments)
    for size in chosen.sizes:
        if not chosen.added and not chosen.peers:
            print(json.dumps(alone(whole, size, chosen.seed, chosen.memory_mb)), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "library.parquet"
            if chosen.added:
                alone(prepared, size, chosen.seed, chosen.memory_mb, str(path))
                print(
                    json.dumps(alone(added, size, chosen.added, chosen.seed, chosen.memory_mb, str(path))), flush=True
                )
            if chosen.peers:
                write_library(path, size, 1)
            for word in chosen.peers:
                tool, _, python = word.partition("=")
                print(json.dumps(peer(tool, python, path, size)), flush=True)


if __name__ == "__main__":
    main()

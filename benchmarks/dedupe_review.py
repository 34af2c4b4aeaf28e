"""De-duplication inside a review: a large import, then a small one that is matched against it.

    python benchmarks/dedupe_review.py 100000 --added 1000

One JSON line per step. ``cpu_seconds`` is the process's own time for the whole step as a command does it: opening the
review, reading the store, matching, writing the event. ``matching`` is the search alone.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from dedupe_library import library

from stromata import dedupe, formats, review, session
from stromata.model import Record
from stromata.progress import silent
from stromata.review import duplicates

SEED = 20260101


def write_parts(folder: Path, size: int, added: int) -> tuple[Path, Path]:
    """Write an invented library as two files: what is there, and what comes later."""
    source = (record for _, record, _ in library(size + added, seed=SEED))
    paths = folder / "there.ris", folder / "later.ris"
    for path, number in zip(paths, (size, added), strict=True):
        out = io.BytesIO()
        formats.write(islice(source, number), "ris", out)
        path.write_bytes(out.getvalue())
    return paths


class Watch:
    """CPU seconds of the search within a use case."""

    def __init__(self) -> None:
        self.matching = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time each search of the module while the context is open; the records that it is given are read first."""
        search = dedupe.find_duplicates

        def timed(entries: Iterable[tuple[str, Record]], **options: Any) -> dedupe.Duplicates:  # noqa: ANN401 - passed on
            given = list(entries)
            began = time.process_time()
            found = search(given, **options)
            self.matching += time.process_time() - began
            return found

        duplicates.dedupe.find_duplicates = timed  # type: ignore[assignment]
        try:
            yield
        finally:
            duplicates.dedupe.find_duplicates = search


def step(case: str, folder: Path, *, anew: bool = False) -> dict[str, object]:
    """Look for duplicates once, as a command does."""
    watch = Watch()
    began, wall = time.process_time(), time.perf_counter()
    with watch.watching(), review.open_project(folder, actor="bench", clock=session.now) as project:
        found = review.find_duplicates(project, anew=anew, progress=silent)
    return {
        "case": case,
        "cpu_seconds": round(time.process_time() - began, 2),
        "matching": round(watch.matching, 2),
        "seconds": round(time.perf_counter() - wall, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "merged": sum(len(merge.merged) for merge in found.merges),
        "questions": len(found.questions),
    }


def measure(size: int, added: int) -> Iterator[dict[str, object]]:
    """Yield what each step costs."""
    with tempfile.TemporaryDirectory() as scratch:
        there, later = write_parts(Path(scratch), size, added)
        folder = Path(scratch) / "review"
        with review.create(folder, "Large", actor="bench", clock=session.now) as project:
            review.import_file(project, there)
        yield step(f"first-{size}", folder)
        with review.open_project(folder, actor="bench", clock=session.now) as project:
            review.import_file(project, later)
        yield step(f"{added}-into-{size}", folder)
        yield step("nothing-new", folder)
        yield step("all-anew", folder, anew=True)


def main() -> None:
    """Read the sizes and print one line per step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", type=int)
    parser.add_argument("--added", type=int, default=1_000)
    chosen = parser.parse_args()
    for line in measure(chosen.size, chosen.added):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

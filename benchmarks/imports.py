"""Import of a large RIS file into SQLite: seconds, and memory that must not grow with the file.

Usage: python benchmarks/imports.py [RECORDS ...]        one JSON line per size; each size in a process of its own
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stromata import review, session

SEED = 20260101
SIZES = (10_000, 100_000)
WORDS = (
    "stromal",
    "cell",
    "psoriasis",
    "lupus",
    "trial",
    "dose",
    "route",
    "marrow",
    "cord",
    "adipose",
    "response",
    "remission",
    "safety",
    "adult",
    "skin",
    "nerve",
    "placebo",
    "infusion",
    "cohort",
    "week",
    "score",
    "index",
)


def write_ris(path: Path, records: int) -> None:
    """Write a file of invented publications, about 1.5 kB each."""
    draw = random.Random(SEED)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(records):
            title = " ".join(draw.choices(WORDS, k=11)).capitalize()
            abstract = " ".join(draw.choices(WORDS, k=170))
            authors = "".join(f"AU  - Family{draw.randrange(9999)}, {chr(65 + draw.randrange(26))}\n" for _ in range(5))
            stream.write(
                f"TY  - JOUR\nTI  - {title}\n{authors}PY  - {1990 + number % 35}\nJO  - Journal {number % 97}\n"
                f"VL  - {number % 60}\nSP  - {number}\nDO  - 10.5555/{number}\nAB  - {abstract}\nER  - \n\n"
            )


def measure(records: int) -> dict[str, object]:
    """Import one file of `records` publications into a new review and return what it cost."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "large.ris"
        write_ris(path, records)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with review.create(Path(scratch) / "review", "Large", actor="bench", clock=session.now) as project:
            started = time.perf_counter()
            source = review.import_file(project, path)
            seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "case": "import-ris-sqlite",
            "records": source.records,
            "megabytes": round(path.stat().st_size / 1e6, 1),
            "seconds": round(seconds, 2),
            "peak_mb": round(peak / 1024, 1),
            "before_mb": round(before / 1024, 1),
        }


def main() -> None:
    """Print one JSON line per size."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))), flush=True)
        return
    for size in [int(word) for word in sys.argv[1:]] or SIZES:
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


if __name__ == "__main__":
    main()

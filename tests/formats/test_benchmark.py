from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "formats.py"


def test_the_benchmark_runs_at_toy_size() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--megabytes", "0.06"], capture_output=True, text=True, check=True, timeout=120
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["case"] for row in rows] == [
        f"{kind}-{part}" for kind in ("ris", "nbib", "bibtex", "pubmed-xml") for part in ("half", "whole")
    ]
    assert all(row["records"] >= 2 and row["peak_mb"] > 0 and row["size"] >= 10_000 for row in rows)

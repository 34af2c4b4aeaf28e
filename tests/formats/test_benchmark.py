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


def test_losses_are_counted_against_the_truth(tmp_path: Path) -> None:
    entry = "TY  - JOUR\nTI  - A title\nER  - \n\n"
    (tmp_path / "whole.ris").write_text(entry * 3)
    (tmp_path / "short.ris").write_text(entry * 2 + "stray\n")
    (tmp_path / "MANIFEST.csv").write_text("file,format,n_records\nwhole.ris,ris,3\nshort.ris,ris,3\nno.ris,ris,?\n")
    script = SCRIPT.parent / "losses.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "--peers", sys.executable],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    ours = next(row for row in rows if row["format"] == "ris" and row["reader"] == "stromata")
    assert ours == {
        "format": "ris", "reader": "stromata", "files": 2, "read": 2, "refused": 0, "truth": 6, "records": 5,
        "dropped": 1, "told": 1, "added": 0, "titles_lost": 0,
    }  # fmt: skip

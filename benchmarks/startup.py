"""How long a person waits before anything happens: ``import stromata``, ``stromata --help``, the demo.

Usage: python benchmarks/startup.py [REPEATS]        one JSON line per case: the median of the repeats
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 7
HELP = "import sys; sys.argv = ['stromata', '--help']; from stromata.cli import main; main()"
DEMO = "import sys; sys.argv = ['stromata', 'demo', '--dir', {folder!r}]; from stromata.cli import main; main()"


def seconds(code: str) -> float:
    """Return the wall time of a new Python that runs `code`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print one JSON line per case; a bare Python is measured too, and taken off in `net`."""
    repeats = int(sys.argv[1]) if sys.argv[1:] else REPEATS
    bare = statistics.median(seconds("pass") for _ in range(repeats))
    for case, code in (("import-stromata", "import stromata"), ("help", HELP)):
        total = statistics.median(seconds(code) for _ in range(repeats))
        print(json.dumps({"case": case, "seconds": round(total, 3), "net": round(total - bare, 3), "repeats": repeats}))
    with tempfile.TemporaryDirectory() as folder:
        total = seconds(DEMO.format(folder=folder + "/demo"))
        print(json.dumps({"case": "demo", "seconds": round(total, 2), "net": round(total - bare, 2), "repeats": 1}))


if __name__ == "__main__":
    main()

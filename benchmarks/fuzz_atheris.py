"""Look for bytes that a reader fails on, led by which code they reach: atheris, on the checks of ``fuzz.py``.

    python benchmarks/fuzz_atheris.py --save FOLDER [SEEDS ...] -- -max_total_time=600 -max_len=8000

It needs atheris, which is no dependency of ours: install it in an environment of its own. What follows ``--`` goes to
libFuzzer. ``--save`` holds the samples that reached new code (``corpus``) and the findings; a finding does not end the
search. One JSON line per finding, and one with the counts every 10,000 runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import atheris  # type: ignore[import-not-found]  # no dependency of ours

with atheris.instrument_imports(include=["stromata.formats"]):
    import fuzz

SMALL = 6_000
"""Bytes of a seed; of larger files the beginning is taken."""


def seed(folder: Path, sources: list[Path]) -> None:
    """Write the seeds: those of ``fuzz.py`` and files, each behind the two bytes that choose how it is read."""
    folder.mkdir(parents=True, exist_ok=True)
    found = fuzz.samples(None)
    for source in sources:
        paths = sorted(source.rglob("*")) if source.is_dir() else [source]
        found += [path.read_bytes()[:SMALL] for path in paths if path.is_file()]
    for data in found:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(b"\x00\x00" + data)


def main() -> None:
    """Search until libFuzzer's limits are reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=Path)
    parser.add_argument("--save", type=Path, required=True)
    own, _, other = " ".join(sys.argv[1:]).partition(" -- ")
    chosen = parser.parse_args(own.split())
    corpus = chosen.save / "corpus"
    seed(corpus, chosen.seeds)
    fuzz.watch()
    found = fuzz.Findings(chosen.save / "findings")
    runs, began = 0, time.process_time()

    def run(data: bytes) -> None:
        nonlocal runs
        runs += 1
        if len(data) > 2:
            how = data[0] % (2 * len(fuzz.READERS))  # by content as often as by all readers together
            forced = fuzz.READERS[how] if how < len(fuzz.READERS) else ""
            for wrong in fuzz.trial(data[2:], forced, fuzz.WRITTEN[data[1] % len(fuzz.WRITTEN)]):
                found.note(wrong, data[2:], forced)
        if runs % 10_000 == 0:
            spent = round(time.process_time() - began)
            print(json.dumps({"runs": runs, "cpu_seconds": spent, "findings": found.told}), flush=True)

    atheris.Setup([sys.argv[0], str(corpus), *other.split()], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

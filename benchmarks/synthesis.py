"""Time pooling. Prints one JSON line per case: case, k, seconds (best of the repeats), peak memory in MiB.

python benchmarks/synthesis.py [--toy]
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np

from stromata.synthesis import effect_sizes, pool

SEED = 20240501
REPEATS = 3


def counts(k: int, *, seed: int = SEED) -> tuple[list[int], list[int]]:
    """Return (k,) events and totals of small arms, between none and all events."""
    generator = np.random.default_rng(seed)
    n = generator.integers(5, 60, size=k)
    p = 1 / (1 + np.exp(-generator.normal(-0.5, 0.8, size=k)))
    return generator.binomial(n, p).tolist(), n.tolist()


def cases(sizes: list[int]) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield name, size and work of each case."""
    for k in sizes:
        x, n = counts(k)
        effects = effect_sizes("PLO", xi=x, ni=n)
        yield "effect sizes PLO", k, lambda x=x, n=n: effect_sizes("PLO", xi=x, ni=n)
        yield "random REML knha", k, lambda effects=effects: pool(effects, test="knha")
        yield "glmm", k, lambda effects=effects: pool(effects, model="glmm")


def measure(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the best time in seconds, and the peak memory in MiB of one more run."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(seconds), peak / 2**20


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toy", action="store_true", help="one small size, once")
    toy = parser.parse_args(arguments).toy
    for name, k, work in cases([5] if toy else [5, 30, 300, 3000]):
        seconds, peak = measure(work, 1 if toy else REPEATS)
        print(json.dumps({"case": name, "k": k, "seconds": round(seconds, 6), "peak_mib": round(peak, 4)}))


if __name__ == "__main__":
    main()

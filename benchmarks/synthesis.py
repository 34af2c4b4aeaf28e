"""Time pooling. Prints one JSON line per case: case, k, seconds of processor time (best of the repeats), peak memory.

python benchmarks/synthesis.py [--toy]

Memory is in MiB. `k` counts studies, or sets where many are pooled at once (of ten studies each).
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from stromata.synthesis import effect_sizes, pool, pool_estimates, pool_many
from stromata.synthesis.pooling import kernels, single
from stromata.synthesis.pooling.heterogeneity import interval

SEED = 20240501
REPEATS = 3
STUDIES_PER_SET = 10
SHORTEST = 0.02
"""Seconds that one measurement lasts at least; quick work is repeated within it."""

Array = npt.NDArray[np.float64]


def counts(k: int, *, seed: int = SEED) -> tuple[list[int], list[int]]:
    """Return (k,) events and totals of small arms, between none and all events."""
    generator = np.random.default_rng(seed)
    n = generator.integers(5, 60, size=k)
    p = 1 / (1 + np.exp(-generator.normal(-0.5, 0.8, size=k)))
    return generator.binomial(n, p).tolist(), n.tolist()


def estimates(k: int, *, seed: int = SEED) -> tuple[Array, Array]:
    """Return (k,) estimates with moderate heterogeneity and their variances."""
    generator = np.random.default_rng(seed)
    v = generator.gamma(1.5, 0.2, k) + 0.01
    return generator.normal(0.3, np.sqrt(v + 0.1)), v


def leave_one_out(y: Array, v: Array) -> object:
    """Fit every set that lacks one study."""
    k = len(y)
    return kernels.fit(
        kernels.arrange(np.tile(y[:, None], k), np.where(np.eye(k, dtype=np.bool_), np.inf, v[:, None])), "reml"
    )


def cases(sizes: list[int]) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield name, size and work of each case."""
    for k in sizes:
        x, n = counts(k)
        effects = effect_sizes("PLO", xi=x, ni=n)
        yield "effect sizes PLO", k, lambda x=x, n=n: effect_sizes("PLO", xi=x, ni=n)
        yield "random REML knha", k, lambda effects=effects: pool(effects, test="knha")
        yield "glmm", k, lambda effects=effects: pool(effects, model="glmm")


def array_cases(sizes: list[int], sets: list[int]) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield name, size and work of the cases on plain arrays."""
    for k in sizes:
        y, v = estimates(k)
        yield "kernel REML", k, lambda y=y, v=v: single.fit(y, v, "reml")
        yield "pool_estimates REML", k, lambda y=y, v=v: pool_estimates(y, v)
        yield "pool_estimates DL", k, lambda y=y, v=v: pool_estimates(y, v, method="dl")
        yield "Q-profile interval", k, lambda y=y, v=v: interval(y, v, kind="qp", level=0.95)
    y, v = estimates(13)
    yield "leave-one-out REML", 13, lambda y=y, v=v: leave_one_out(y, v)
    for n in sets:
        y, v = estimates(n * STUDIES_PER_SET)
        offsets = np.arange(0, len(y) + 1, STUDIES_PER_SET)
        yield "pool_many REML", n, lambda y=y, v=v, offsets=offsets: pool_many(y, v, offsets=offsets)


def measure(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the best processor time in seconds, and the peak memory in MiB of one more run."""
    work()
    seconds = []
    for _ in range(repeats):
        start, runs = time.process_time(), 0
        while runs == 0 or time.process_time() - start < SHORTEST:
            work()
            runs += 1
        seconds.append((time.process_time() - start) / runs)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(seconds), peak / 2**20


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toy", action="store_true", help="one small size, once")
    toy = parser.parse_args(arguments).toy
    plain = array_cases([5] if toy else [10, 100, 5000], [5] if toy else [1000, 10_000])
    for group in (cases([5] if toy else [5, 30, 300, 3000]), plain):
        for name, k, work in group:
            seconds, peak = measure(work, 1 if toy else REPEATS)
            print(json.dumps({"case": name, "k": k, "seconds": round(seconds, 7), "peak_mib": round(peak, 4)}))


if __name__ == "__main__":
    main()

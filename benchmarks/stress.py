"""Fit random sets of studies by every estimator and count failures. Prints one JSON line per kind of set.

python benchmarks/stress.py [COUNT] [--seed SEED]

COUNT sets in all (default 100000), 2 to 30 studies each, finite estimates and positive variances: ordinary ones, ones
whose variances span twelve powers of ten, extreme scales, outliers, equal estimates, two precise studies that disagree.
A failure is a number that is missing, a tau2 below 0, a likelihood that some trial value of tau2 exceeds, an equation
that the estimate does not solve, a set that gives something else when it is fitted alone, or bounds that are missing or
in the wrong order. Exit status 3 when there is one. An exception ends the run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.model import TauMethod
from stromata.synthesis import pool_estimates, pool_many
from stromata.synthesis.pooling.heterogeneity import WEIGHTED, interval
from stromata.synthesis.pooling.kernels import Sets, arrange, generalised_q, log_likelihoods

Array = npt.NDArray[np.float64]
Generator = np.random.Generator

BLOCK = 2_000
"""Sets that are made and fitted together."""
SINGLE = 20
"""One set in so many is also fitted alone, and its intervals of tau2 computed."""
TRIALS = 60
"""Trial values of tau2 per set that no likelihood may exceed, over the whole range."""
NEARBY = (0.0, 0.5, 0.9, 0.99, 0.999, 1.001, 1.01, 1.1, 2.0)
"""Further trial values, in estimates: a climb that stopped short shows here."""
SLACK = 1e-9
"""Relative difference that rounding explains."""

METHODS: tuple[TauMethod, ...] = tuple(name for name in get_args(TauMethod) if name not in WEIGHTED)


def ordinary(r: Generator, size: int) -> tuple[Array, Array]:
    v = r.gamma(1.5, 0.2, size) + 0.005
    return r.normal(0.3, np.sqrt(v + r.choice([0.0, 0.05, 0.5]))), v


def unequal(r: Generator, size: int) -> tuple[Array, Array]:
    v = 10 ** r.uniform(-8, 4, size)
    return r.normal(0, np.sqrt(v + r.choice([0.0, 1e-4, 1.0, 100.0]))), v


def scaled(r: Generator, size: int) -> tuple[Array, Array]:
    y, v = ordinary(r, size)
    factor = 10 ** r.uniform(-10, 10)
    return y * factor, v * factor**2


def outlying(r: Generator, size: int) -> tuple[Array, Array]:
    y, v = ordinary(r, size)
    return y + r.choice([0.0, 30.0], size, p=[0.9, 0.1]), v


def equal(r: Generator, size: int) -> tuple[Array, Array]:
    return np.full(size, r.normal()), 10 ** r.uniform(-6, 2, size)


def disagreeing(r: Generator, size: int) -> tuple[Array, Array]:
    v = np.where(r.random(size) < 0.3, 10 ** r.uniform(-6, -3, size), 10 ** r.uniform(-1, 1.5, size))
    return r.normal(0, 0.03, size) + r.normal(0, 3, size) * (v > 0.01), v


KINDS: dict[str, Callable[[Generator, int], tuple[Array, Array]]] = {
    "ordinary": ordinary,
    "variances over twelve decades": unequal,
    "extreme scales": scaled,
    "outliers": outlying,
    "equal estimates": equal,
    "precise studies that disagree": disagreeing,
}


def blocks(count: int) -> Iterator[int]:
    """Yield sizes that add up to `count`."""
    for start in range(0, count, BLOCK):
        yield min(BLOCK, count - start)


def padded(y: Array, v: Array, offsets: npt.NDArray[np.intp]) -> Sets:
    k = np.diff(offsets)
    rows = np.arange(int(k.max()))[:, None]
    place = np.minimum(offsets[:-1] + rows, len(y) - 1)
    return arrange(np.where(rows < k, y[place], 0.0), np.where(rows < k, v[place], np.inf))


def beaten(sets: Sets, tau2: Array, *, restricted: bool) -> npt.NDArray[np.bool_]:
    """Return which sets have a trial value of tau2 that is more likely than the estimate."""
    best = log_likelihoods(sets, tau2, restricted=restricted)
    spread = np.maximum((sets.y.max(axis=0) - sets.y.min(axis=0)) ** 2, 1e-9 * sets.v[0])
    smallest, span = 1e-3 * np.minimum(sets.v[0], spread), 1e3 * np.maximum(1.0, spread / sets.v[0])
    trials = [*(smallest * span**share for share in np.linspace(0, 1, TRIALS)), *(factor * tau2 for factor in NEARBY)]
    worse = np.zeros(len(tau2), dtype=np.bool_)
    for trial in trials:
        worse |= log_likelihoods(sets, trial, restricted=restricted) > best + SLACK * (1 + np.abs(best))
    return worse


def unsolved(sets: Sets, tau2: Array, *, median: bool) -> npt.NDArray[np.bool_]:
    """Return which sets have a tau2 at which the generalised Q is not what Paule and Mandel's equation asks for."""
    target = 2 * special.gammaincinv((sets.k - 1) / 2, 0.5) if median else sets.k - 1
    excess = generalised_q(sets, tau2) - target
    return np.where(tau2 > 0, np.abs(excess), excess) > SLACK * target


def failures(r: Generator, size: int, make: Callable[[Generator, int], tuple[Array, Array]]) -> int:
    """Make and fit `size` sets; return how many fits failed."""
    k = r.integers(2, 31, size)
    offsets = np.concatenate(([0], np.cumsum(k)))
    parts = [make(r, int(n)) for n in k]
    y, v = (np.concatenate(column) for column in zip(*parts, strict=True))
    sets, count = padded(y, v, offsets), 0
    for method in METHODS:
        found = pool_many(y, v, offsets=offsets, method=method)
        numbers = (found.estimate, found.se, found.tau2, found.tau2_se, found.pi_low, found.q, found.i2)
        bad = ~np.all(np.isfinite(numbers), axis=0) | (found.tau2 < 0)
        if method in {"reml", "ml"}:
            bad |= beaten(sets, found.tau2, restricted=method == "reml")
        if method in {"pm", "eb", "pmm"}:
            bad |= unsolved(sets, found.tau2, median=method == "pmm")
        for i in range(0, size, SINGLE):
            a, b = y[offsets[i] : offsets[i + 1]], v[offsets[i] : offsets[i + 1]]
            alone = pool_estimates(a, b, method=method)
            same = abs((alone.tau2 or 0.0) - found.tau2[i]) <= 1e-7 * found.tau2[i] + 1e-10 * float(b.min())
            bad[i] |= not same and found.gap[i] > SLACK
        count += int(bad.sum())
    for i in range(0, size, SINGLE):
        a, b = y[offsets[i] : offsets[i + 1]], v[offsets[i] : offsets[i + 1]]
        for kind in ("qp", "pl", "genq") if i % (20 * SINGLE) == 0 else ("qp",):
            bounds = interval(a, b, kind=kind, level=0.95)  # type: ignore[arg-type]  # the three kinds there are
            count += not 0 <= bounds.low <= bounds.high < np.inf
    return count


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=100_000, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=20240501)
    options = parser.parse_args(arguments)
    generator, total = np.random.default_rng(options.seed), 0
    for name, make in KINDS.items():
        start, sets, failed = time.process_time(), 0, 0
        for size in blocks(-(-options.count // len(KINDS))):
            failed += failures(generator, size, make)
            sets += size
        total += failed
        seconds = round(time.process_time() - start, 3)
        print(json.dumps({"case": name, "sets": sets, "methods": len(METHODS), "failures": failed, "seconds": seconds}))
    return 3 if total else 0


if __name__ == "__main__":
    sys.exit(main())

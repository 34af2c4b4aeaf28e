"""Time the synthesis, beside the programs that people use now. Prints one JSON line per case.

python benchmarks/synthesis.py [--toy] [--peers PYTHON] [--only WORD]

Each line has the case, `k` (studies, effects, sets or subsets), the processor seconds of one call (best of the rounds),
peak memory in MiB, what was promised, and whether it holds. metafor is run where Rscript finds it, the packages PyMARE,
statsmodels and PyMetaAnalysis in the interpreter that --peers names; each is a process of its own that is asked in
turn with ours, round by round, so that a busy machine slows all alike. Its seconds exclude the start. `ratio` is its
best over ours, `lowest` the worst ratio of any round, `apart` how far its number lies from ours, `failed` how many of
its fits stopped with an error. Nothing is compared with --toy.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from stromata.synthesis import (
    effect_sizes,
    gosh,
    influence,
    leave_one_out,
    pool,
    pool_estimates,
    pool_glmm,
    pool_many,
    pool_mv,
    regress,
    selmodel,
)
from stromata.synthesis.pooling import single
from stromata.synthesis.pooling.heterogeneity import interval

HERE = Path(__file__).parent
SEED = 20240501
ROUNDS = 5
STUDIES_PER_SET = 10
DIFFERENT_SETS = 20
"""Sets of the single fit: how long it takes depends on the data, so that one set would not do."""
SHORTEST = 0.05
"""Seconds that one measurement lasts at least; quick work is repeated within it."""
LONG = 3.0
"""Seconds of one call from which a peer is not asked again."""

Array = npt.NDArray[np.float64]
Work = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One piece of work, what others get to do the same, and what was promised.

    Attributes
    ----------
    work : returns a number by which programs are compared.
    fits : how many fits that peers are asked for make one call of ours; all seconds are per call.
    peers : name of the peer's case; "" where nobody is asked.
    table : its data.
    times : times faster than metafor, at least.
    limit : seconds, at most.
    """

    name: str
    k: int
    work: Work
    peers: str = ""
    table: Mapping[str, Sequence[float] | Array] = field(default_factory=dict)
    fits: int = 1
    times: float | None = None
    limit: float | None = None


def published(name: str) -> ModuleType:
    """Return a module of published data from the tests, where they are typed out once."""
    spec = importlib.util.spec_from_file_location(name, HERE.parent / "tests" / "synthesis" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def table(y: Array, v: Array, size: int) -> dict[str, Array]:
    """Return the columns of sets of `size` studies each."""
    return {"set": np.repeat(np.arange(len(y) // size), size), "yi": y, "vi": v}


def effect_cases(sizes: Sequence[int]) -> Iterator[Case]:
    """Yield the calls on effect sizes, with all that a result carries."""
    for k in sizes:
        x, n = counts(k)
        effects = effect_sizes("PLO", xi=x, ni=n)
        yield Case("effect sizes PLO", k, lambda x=x, n=n: effect_sizes("PLO", xi=x, ni=n)[0].yi)
        yield Case("pool, REML, knha", k, lambda effects=effects: pool(effects, test="knha").estimate)
        yield Case("pool, GLMM", k, lambda effects=effects: pool(effects, model="glmm").estimate)


def single_cases(k: int) -> Iterator[Case]:
    """Yield single fits of `k` studies, one call per set."""
    y, v = estimates(k * DIFFERENT_SETS)
    columns = table(y, v, k)
    sets = list(zip(y.reshape(-1, k), v.reshape(-1, k), strict=True))

    def each(fit: Callable[[Array, Array], float]) -> Work:
        def all_sets() -> float:
            return [fit(*one) for one in sets][0]  # noqa: RUF015 - all are to be fitted

        return all_sets

    yield Case("kernel, REML", k, each(lambda y, v: single.fit(y, v, "reml").estimate), fits=DIFFERENT_SETS)
    for method, times in (("reml", 30.0), ("dl", None), ("pm", None)):
        work = each(lambda y, v, method=method: pool_estimates(y, v, method=method).estimate)
        name = method.upper()
        yield Case(f"pool_estimates, {name}", k, work, name, columns, fits=DIFFERENT_SETS, times=times)
    bounds = each(lambda y, v: interval(y, v, kind="qp", level=0.95).low)
    yield Case("Q-profile interval", k, bounds, fits=DIFFERENT_SETS)


def many_cases(large: int, sets: Sequence[int]) -> Iterator[Case]:
    """Yield one large set, and many small ones at once."""
    y, v = estimates(large)
    work = lambda y=y, v=v: pool_estimates(y, v).estimate  # noqa: E731 - as everywhere here
    yield Case("pool_estimates, REML", large, work, "REML, large", table(y, v, large), limit=0.002)
    for n in sets:
        y, v = estimates(n * STUDIES_PER_SET)
        offsets = np.arange(0, len(y) + 1, STUDIES_PER_SET)
        work = lambda y=y, v=v, offsets=offsets: float(pool_many(y, v, offsets=offsets).estimate[0])  # noqa: E731
        if n > 1000:
            yield Case("pool_many, REML", n, work, limit=0.05)
        else:
            yield Case("pool_many, REML", n, work, "REML", table(y, v, STUDIES_PER_SET), times=500.0)


def sensitivity_cases() -> Iterator[Case]:
    """Yield what is refitted without studies: 13 trials of the BCG vaccine."""
    effects = effect_sizes("RR", **published("published").BCG)
    y, v = (np.array([getattr(effect, name) for effect in effects]) for name in ("yi", "vi"))
    data = {"yi": y, "vi": v}

    def one() -> float:
        return float(leave_one_out(y, v).estimate[0])

    def both() -> float:
        refits = influence(y, v).refits  # one call gives what takes two elsewhere
        return math.nan if refits is None else float(refits.estimate[0])

    yield Case("leave-one-out", 13, one, "leave-one-out", data)
    yield Case("leave-one-out and influence", 13, both, "leave-one-out and influence", data, times=90.0)
    subsets = lambda: float(gosh(y, v).estimate.mean())  # noqa: E731
    yield Case("all subsets", 8191, subsets, "all subsets", data, times=20.0)


def model_cases(multilevel: int) -> Iterator[Case]:
    """Yield the larger models."""
    bcg = effect_sizes("RR", **published("published").BCG)
    y, v = (np.array([getattr(effect, name) for effect in bcg]) for name in ("yi", "vi"))
    x = np.array(published("published_moderators").BCG_MODERATORS["ablat"], dtype=np.float64)
    data: dict[str, Any] = {"x": x}  # Any: the type that regress declares
    slope = lambda: regress(y, v, "~ x", data=data).coefficients[1].estimate  # noqa: E731
    yield Case("meta-regression", 13, slope, "regression", {"yi": y, "vi": v, "x": x})

    calendars = published("published_dependent").CALENDARS
    levels = {
        "outer": calendars["district"],
        "inner": calendars["school"],
        "yi": calendars["yi"],
        "vi": calendars["vi"],
    }
    yield Case("three levels", 56, in_levels(levels), "levels", levels, times=10.0)
    y, v = estimates(multilevel)
    generator = np.random.default_rng(SEED)
    outer = np.sort(generator.integers(0, max(2, multilevel // 5), multilevel))
    large = {
        "outer": outer,
        "inner": np.arange(multilevel),
        "yi": y + generator.normal(0, 0.3, multilevel)[outer],
        "vi": v,
    }
    yield Case("three levels", multilevel, in_levels(large), limit=1.0)

    xi, ni = counts(STUDIES_PER_SET)
    glmm = lambda: pool_glmm("PLO", xi=xi, ni=ni).estimate  # noqa: E731
    yield Case("GLMM, PLO", len(xi), glmm, "GLMM", {"xi": xi, "ni": ni}, times=10.0)
    y, v = estimates(40)
    for kind, times, options in (("stepfun", 15.0, {"steps": (0.025,)}), ("beta", 50.0, {})):
        work = lambda kind=kind, options=options: selmodel(y, v, type=kind, **options).estimate  # noqa: E731
        yield Case(f"selection model, {kind}", 40, work, kind, {"yi": y, "vi": v}, times=times)


def in_levels(data: Mapping[str, Any]) -> Work:  # Any: columns of numbers
    """Return the three-level model of `data`."""
    return lambda: float(pool_mv(data["yi"], data["vi"], random="~ 1 | outer/inner", data=data).beta[0])


def cases(*, toy: bool) -> Iterator[Case]:
    """Yield all cases."""
    yield from effect_cases([5] if toy else [5, 30, 300, 3000])
    for k in [5] if toy else [10, 100]:
        yield from single_cases(k)
    yield from many_cases(20 if toy else 5000, [5] if toy else [1000, 10_000])
    yield from sensitivity_cases()
    yield from model_cases(20 if toy else 2000)


# The others.


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program, running and waiting for requests."""

    name: str
    process: subprocess.Popen[str]
    requests: IO[str]
    answers: IO[str]

    def ask(self, case: str, path: Path, least: float) -> tuple[float, float, int] | None:
        """Return seconds, value and failures; None where it does not know the case."""
        self.requests.write(f"{case}\t{path}\t{least}\n")
        self.requests.flush()
        answer = self.answers.readline().split()
        if not answer:
            raise SystemExit(f"{self.name} stopped at {case}")
        return None if answer == ["none"] else (float(answer[0]), float(answer[1]), int(float(answer[2])))

    def stop(self) -> None:
        """Let it end."""
        self.process.communicate()


def start(name: str, command: Sequence[str]) -> Peer | None:
    """Start a peer and print which it is, or why it is missing."""
    if shutil.which(command[0]) is None:
        print(json.dumps({"peer": name, "skipped": f"{command[0]} not found"}))
        return None
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    if not said:
        process.communicate()
        print(json.dumps({"peer": name, "skipped": f"{command[0]} does not have it"}))
        return None
    print(json.dumps({"peer": name, "version": said}), flush=True)
    return Peer(name, process, process.stdin, process.stdout)


def peers(python: str | None) -> list[Peer]:
    """Start all peers that there are."""
    commands = {"metafor": ["Rscript", "--vanilla", str(HERE / "peers" / "metafor.R")]}
    for name in ("pymare", "statsmodels", "pymetaanalysis"):
        if python is not None:
            commands[name] = [python, str(HERE / "peers" / "packages.py"), name]
        else:
            print(json.dumps({"peer": name, "skipped": "no interpreter named by --peers"}))
    return [peer for name, command in commands.items() if (peer := start(name, command)) is not None]


# Measuring.


def timed(work: Work, least: float) -> float:
    """Return the processor seconds of one run."""
    start, runs = time.process_time(), 0
    while runs == 0 or time.process_time() - start < least:
        work()
        runs += 1
    return (time.process_time() - start) / runs


def peak(work: Work) -> float:
    """Return the most memory, in MiB, that one run takes."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20


def measure(case: Case, others: Sequence[Peer], folder: Path, *, rounds: int) -> dict[str, object]:
    """Return the line of one case."""
    path = folder / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(case.table)
        writer.writerows([repr(float(x)) for x in row] for row in zip(*case.table.values(), strict=True))
    value = case.work()
    ours: list[float] = []
    theirs: dict[str, list[tuple[float, float, int]]] = {}
    for _ in range(rounds):
        ours.append(timed(case.work, SHORTEST))
        for peer in others if case.peers else ():
            answers = theirs.setdefault(peer.name, [])
            if answers and answers[-1][0] > LONG:
                continue
            found = peer.ask(case.peers, path, 2 * SHORTEST)
            if found is not None:
                answers.append(found)
    best = min(ours)
    row: dict[str, object] = {"case": case.name, "k": case.k, "seconds": round(best / case.fits, 7)}
    row["peak_mib"] = round(peak(case.work), 4)
    for name, answers in theirs.items():
        if answers:
            row[name] = compared(answers, ours, value, case.fits)
    if case.limit is not None:
        row |= {"goal": f"{case.limit:g} s", "met": best / case.fits <= case.limit}
    if case.times is not None:
        seen = theirs.get("metafor")
        row |= {"goal": f"{case.times:g} times metafor"}
        row |= {"met": min(answer[0] for answer in seen) >= case.times * best if seen else None}
    return row


def compared(
    answers: Sequence[tuple[float, float, int]], ours: Sequence[float], value: float | None, fits: int
) -> dict[str, object]:
    """Return a peer's seconds, and how it stands to ours."""
    best = min(answer[0] for answer in answers)
    return {
        "seconds": round(best / fits, 7),
        "ratio": float(f"{best / min(ours):.3g}"),
        "lowest": float(f"{min(answer[0] / own for answer, own in zip(answers, ours, strict=False)):.3g}"),
        "apart": float(f"{abs(answers[0][1] - (value or 0.0)):.1g}"),
        "failed": answers[0][2],
    }


IMPORTS = {
    "import stromata.synthesis": "import stromata.synthesis",
    "import and the first REML fit": "from stromata.synthesis import pool_estimates as p; p([1, 2, 3], [1, 1, 1])",
    "import and the first pool": (
        "from stromata.synthesis import pool, effect_sizes as e; pool(e('PLO', xi=[1, 2, 3], ni=[9, 9, 9]))"
    ),
}
IMPORT_GOAL = 0.3
PEER_IMPORTS = {
    "import pymare": "import pymare.estimators",
    "import statsmodels": "import statsmodels.stats.meta_analysis",
    "import pymetaanalysis": "import meta_analyze",
}


def started(command: Sequence[str]) -> float:
    """Return the processor seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports(codes: Mapping[str, str], python: str, *, rounds: int) -> Iterator[dict[str, object]]:
    """Yield processor seconds of new interpreters, without those of a bare one."""
    bare = min(started([python, "-c", "pass"]) for _ in range(rounds))
    for name, code in codes.items():
        seconds = min(started([python, "-c", code]) for _ in range(rounds)) - bare
        row: dict[str, object] = {"case": name, "k": 1, "seconds": round(seconds, 4)}
        if name == "import stromata.synthesis":
            row |= {"goal": f"{IMPORT_GOAL:g} s", "met": seconds < IMPORT_GOAL}
        yield row


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toy", action="store_true", help="small sizes, once, without others")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter that has PyMARE, statsmodels, PyMetaAnalysis")
    parser.add_argument("--only", metavar="WORD", default="", help="cases whose name holds this word")
    chosen = parser.parse_args(arguments)
    others = [] if chosen.toy else peers(chosen.peers)
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(toy=chosen.toy):
            if chosen.only in case.name:
                rounds = 1 if chosen.toy else ROUNDS
                print(json.dumps(measure(case, others, Path(folder), rounds=rounds)), flush=True)
    rounds = 1 if chosen.toy else ROUNDS
    wanted = {name: code for name, code in IMPORTS.items() if chosen.only in name}
    for row in imports(wanted, sys.executable, rounds=rounds):
        print(json.dumps(row), flush=True)
    if chosen.peers and not chosen.toy and chosen.only in "import":
        for row in imports(PEER_IMPORTS, chosen.peers, rounds=rounds):
            print(json.dumps(row), flush=True)
    for peer in others:
        peer.stop()


if __name__ == "__main__":
    main()

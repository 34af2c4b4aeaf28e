"""Measure how long people wait for a ranking, and how much memory it takes, on references that this script invents.

    python benchmarks/screening.py 2400 9000                      # a verdict: learn it and rank anew
    python benchmarks/screening.py --first 10000 100000 1000000   # features and first ranking
    python benchmarks/screening.py --first 100000 --cites 30      # the same, each reference citing 30 works
    python benchmarks/screening.py --first 100000 --engine spark --master "local[2]"   # words counted on an engine
    python benchmarks/screening.py --sets FOLDER --peers PYTHON   # the sets of a manifest, and ASReview on the same

One JSON line per case, each in a process of its own: size; CPU seconds (of all threads, without the invention of the
references) until the first ranking; CPU milliseconds per verdict, mean and the slowest; verdicts; wall seconds of the
whole process; its peak memory in MB. PYTHON is that of an environment with asreview 3.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1] / "validation" / "screening"))

import numpy as np

from stromata import plugins
from stromata.engine import open_engine
from stromata.screening.documents import Document, Label, Topic
from stromata.screening.rankers import RANKERS

TOPIC = "stromal cells for disease one: comparative effectiveness"
WORDS = 40_000
"""Words that the invented texts are made of; half as many are new in each hundred thousand references."""

RELEVANT = 0.02
VERDICTS = 600
"""Verdicts after which a case ends; they take the longer, the more have been given."""


def invented(size: int, seed: int, cites: int = 0) -> Iterator[tuple[Document, bool]]:
    """Yield references: 12 words of title, 180 of abstract, by Zipf's law; relevant ones have words of their own.

    A tenth of what they cite are other references, a third are works that many cite, the rest nobody else does.
    """
    dice = random.Random(seed)
    marks = [f"mark{number}" for number in range(40)]
    exponents = [10 ** (dice.random() * 4.6) for _ in range(1 << 16)]  # ranks of words, drawn log-uniformly
    for number in range(size):
        relevant = dice.random() < RELEVANT
        words = [f"w{int(exponents[dice.randrange(1 << 16)]) % WORDS:x}" for _ in range(192)]
        if number % 5 == 0:
            words[dice.randrange(192)] = f"n{number:x}"  # a name that stands nowhere else
        for _ in range(6 if relevant else dice.random() < 0.1):
            words[dice.randrange(192)] = marks[dice.randrange(40)]
        abstract = " ".join(words[12:]) if dice.random() < 0.9 else ""
        names = (f"doi:10.1000/{number}",) if cites else ()
        works = [f"doi:10.1000/{dice.randrange(size)}" for _ in range(cites // 10)]
        works += [f"doi:10.2000/{int(10 ** (dice.random() * 6))}" for _ in range(cites // 3)]
        works += [f"doi:10.3000/{number}.{place}" for place in range(cites - len(works))]
        yield Document(str(number), " ".join(words[:12]), abstract, names=names, cites=tuple(works)), relevant


class Timed:
    """Invents references while a ranker reads them, and takes the time that this costs."""

    def __init__(self, size: int, seed: int, cites: int = 0) -> None:
        self.size, self.seed, self.cites, self.cpu = size, seed, cites, 0.0
        self.relevant: list[bool] = []

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents."""
        source = invented(self.size, self.seed, self.cites)
        while True:
            began = time.process_time()
            chunk = [one for _, one in zip(range(1000), source, strict=False)]
            self.relevant += [relevant for _, relevant in chunk]
            self.cpu += time.process_time() - began
            if not chunk:
                return
            yield from (document for document, _ in chunk)


def first(
    ranker: str, size: int, cites: int = 0, engine: Literal["", "duckdb", "spark"] = "", master: str = ""
) -> dict[str, object]:
    """Read references and rank them by the topic; the CPU time of Spark's own processes is not in the figure."""
    began, cpu = time.perf_counter(), time.process_time()
    library = Timed(size, 1, cites)
    chosen = plugins.get("rankers", ranker, builtin=RANKERS)
    if engine:
        with open_engine(engine, master=master or "local[*]") as at_work:
            scores = chosen.open(library, topic=Topic(TOPIC), engine=at_work).scores()
    else:
        scores = chosen.open(library, topic=Topic(TOPIC)).scores()
    used = time.process_time() - cpu - library.cpu
    return report(
        "first", ranker, size, began, cites=cites, engine=engine, cpu_first=round(used, 2), ranked=len(scores),
        invented=round(library.cpu, 1),
    )  # fmt: skip


def verdicts(ranker: str, size: int, most: int) -> dict[str, object]:
    """Read references, then learn verdicts one by one, each on the reference that ranks first."""
    began, cpu = time.perf_counter(), time.process_time()
    library = Timed(size, 1)
    ranking = plugins.get("rankers", ranker, builtin=RANKERS).open(library, topic=Topic(TOPIC))
    scores = ranking.scores()
    used = time.process_time() - cpu - library.cpu
    read = np.zeros(size, dtype=bool)
    times = []
    for _ in range(min(most, size - 1)):
        scores = np.where(read, -np.inf, scores)
        place = int(np.argmax(scores))
        read[place] = True
        start = time.process_time()
        ranking.learn([Label(str(place), float(library.relevant[place]))])
        scores = ranking.scores()
        times.append(1000 * (time.process_time() - start))
    found = int(np.array(library.relevant)[read].sum())
    return report(
        "verdicts", ranker, size, began, cpu_first=round(used, 2), verdicts=len(times), found=found,
        cpu_ms_per_verdict=round(float(np.mean(times)), 2), slowest_ms=round(max(times), 1),
    )  # fmt: skip


def report(case: str, ranker: str, size: int, began: float, **more: object) -> dict[str, object]:
    """Return what a case took."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = round(time.perf_counter() - began, 1)
    return {
        "case": f"{case}-{size}",
        "ranker": ranker,
        "records": size,
        **more,
        "seconds": seconds,
        "peak_mb": round(peak),
    }


def labelled(folder: str, python: str, ranker: str, seed: int) -> Iterator[dict[str, object]]:
    """Replay the sets of a manifest to the last relevant reference, and let ASReview do the same."""
    import run  # noqa: PLC0415 - beside this script, in validation/screening

    sets, topics = run.load(Path(folder), set())
    for one in sets:
        lines = run.ours([one], topics, ranker, "warm", [seed], rules=(), jobs=1)
        if python:
            lines.append(run.peer(python, one, "", start="warm", seed=seed, keep=None))
        for line in lines:
            yield {
                "case": f"set-{one.name}", "ranker": line.tool, "records": len(one.documents),
                "cpu_ms_per_verdict": round(line.milliseconds, 2), "loss": round(line.found.loss, 4),
            }  # fmt: skip


def main() -> None:
    """Run the cases that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", help="references; verdicts are learnt one by one")
    parser.add_argument("--first", type=int, nargs="*", default=[], help="references; only the first ranking")
    parser.add_argument("--cites", type=int, default=0, help="works that each reference of --first cites")
    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), default="", help="duckdb or spark: counts the words of --first"
    )
    parser.add_argument("--master", default="", help="of Spark, such as local[2]")
    parser.add_argument("--verdicts", type=int, default=VERDICTS)
    parser.add_argument("--ranker", default="default")
    parser.add_argument("--sets", default="", help="folder with labelled sets and MANIFEST.csv")
    parser.add_argument("--peers", default="", help="Python of an environment with asreview 3")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    cases = [(first, (asked.ranker, size, asked.cites, asked.engine, asked.master)) for size in asked.first]
    cases += [(verdicts, (asked.ranker, size, asked.verdicts)) for size in asked.sizes]
    for function, arguments in cases:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            print(json.dumps(pool.submit(function, *arguments).result()), flush=True)
    if asked.sets:
        for found in labelled(asked.sets, asked.peers, asked.ranker, asked.seed):
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

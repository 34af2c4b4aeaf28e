"""How well the rankers order what they have not seen when nine tenths of all verdicts are known: a bound to go by.

    python validation/screening/ceiling.py DIR --seeds 0-1 --rankers default,embedding

DIR is as for ``run.py``. The references of a set are divided into ten parts at random, relevant and irrelevant ones
apart. Each part is scored by a ranker that knows the protocol and every verdict on the other nine, and the ten scored
parts are put into one order by their share of the part that ranks higher. In a replay the same ranker begins with one
verdict of each kind and has to find its own way. Where it does as well as here, what is missing is not verdicts but
something in the text that tells the relevant references from the others.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

import numpy as np
from run import load

from stromata.cli.output import bar
from stromata.screening import metrics
from stromata.screening.documents import Label, Topic
from stromata.screening.labelled import LabelledSet
from stromata.screening.rankers import RANKERS

PARTS = 10

Job = tuple[LabelledSet, str, str, range]
Figures = tuple[float, float, float, float]


def main() -> None:
    """Print a table per ranker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0-1")
    parser.add_argument("--rankers", default="default")
    parser.add_argument("--only", default="", help="names of sets, separated by commas")
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    sets, topics = load(asked.folder, {name for name in asked.only.split(",") if name})
    first, _, last = asked.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    for ranker in asked.rankers.split(","):
        jobs = [(one, topics[one.name], ranker, seeds) for one in sets]
        found = []
        with bar(ranker) as progress, ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
            for done, figures in enumerate(pool.map(scored, jobs), start=1):
                found.append(figures)
                progress(done, len(jobs), "scoring")
        sys.stdout.write("\n".join(table(ranker, [one.name for one in sets], found)) + "\n\n")


def scored(job: Job) -> Figures:
    """Return recall at 10 and 20 %, WSS@95 and WSS@100 of a set, means over the seeds."""
    data, topic, ranker, seeds = job
    opened = RANKERS[ranker].open(data.documents, topic=Topic(topic), seed=0)
    relevant = np.array(data.relevant, dtype=bool)
    rows = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        part = np.empty(len(relevant), dtype=np.int64)
        for kind in (True, False):
            members = rng.permutation(np.flatnonzero(relevant == kind))
            part[members] = np.arange(len(members)) % PARTS
        place = np.empty(len(relevant))
        for number in range(PARTS):
            inside = np.flatnonzero(part == number)
            ranking = copy.deepcopy(opened)
            told = rng.permutation(np.flatnonzero(part != number))
            ranking.learn([Label(data.documents[i].id, float(relevant[i])) for i in told])
            scores = ranking.scores()[inside]
            place[inside] = (np.argsort(np.argsort(-scores)) + 0.5) / len(inside)
        order = np.argsort(place + 1e-9 * rng.permutation(len(place)))
        found = metrics.measures(relevant[order].astype(int).tolist())
        recall = dict(found.recall)
        rows.append((recall[0.1], recall[0.2], found.wss95, found.wss100))
    a, b, c, d = (mean(column) for column in zip(*rows, strict=True))
    return a, b, c, d


def table(ranker: str, names: list[str], found: list[Figures]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {ranker} | recall at 10 % | recall at 20 % | WSS@95 | WSS@100 |"
    yield "| --- | --- | --- | --- | --- |"
    means = [mean(column) for column in zip(*found, strict=True)]
    for name, row in [("mean", means), *zip(names, found, strict=True)]:
        yield f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} |"


if __name__ == "__main__":
    main()

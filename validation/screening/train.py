"""Learn how much each voter of the rankers is heard, from labelled sets: the numbers of ``voters.yaml``.

    python validation/screening/train.py DIR --seeds 0-2 --jobs 2 -o src/stromata/screening/voters.yaml
    python validation/screening/train.py DIR --left-out weights.json

DIR is as for ``run.py``. Every set is replayed, warm and cold, and on the way, ever more seldom, some of the unread
references are noted: what each voter says of them, and whether they are relevant. The weights are those that best put
the relevant before the irrelevant (logistic loss over pairs), held near the words alone by a penalty. First the words
alone decide what is read, then once more the voters themselves with weights learnt without the set: what is left
unread depends on who chose what was read.

``--left-out`` writes, for each set, weights that were learnt without all sets of its publication (the part of the name
before the first ``_``). ``run.py --weights weights.json`` replays each set with its own: these are the honest figures.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from run import load, weighed
from scipy.optimize import minimize

from stromata.screening.documents import Label, Topic
from stromata.screening.labelled import LabelledSet
from stromata.screening.rankers import RANKERS
from stromata.screening.voters import Weights, stage
from stromata.screening.word_ranking import WordRanking

FloatArray = NDArray[np.float64]

VOTERS = {
    "default": ("words", "nearest", "theme", "spread", "asked"),
    "embedding": ("words", "nearest", "theme", "spread", "asked", "meaning", "question"),
}
BEFORE = {"default": ("words", "asked"), "embedding": ("words", "asked", "question")}
STAGES = (0, 1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 130, 190, 280, 400, 600, 900, 1300, 2000, 3000)
"""Verdicts at which examples are noted."""

RELEVANT, IRRELEVANT = 15, 45
"""References noted at most, each time."""

PENALTY = 0.03


@dataclass(frozen=True)
class Example:
    """What the voters said at one time of one replay, in standard deviations: (references, voters)."""

    relevant_known: int
    votes: dict[str, FloatArray]
    relevant: NDArray[np.bool_]


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--rankers", default=",".join(VOTERS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--left-out", type=Path, help="JSON file: weights for each set, learnt without its publication")
    parser.add_argument("-o", "--output", type=Path, help="YAML file: weights learnt from all sets")
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    sets, topics = load(asked.folder, set())
    shipped, left_out = {}, {}
    for ranker in asked.rankers.split(","):
        examples: dict[str, list[Example]] = {one.name: [] for one in sets}
        weights: dict[str, Weights] = {one.name: alone() for one in sets}
        for _ in range(2):
            jobs = [(one, topics[one.name], ranker, weights[one.name], seeds) for one in sets]
            for one, found in zip(sets, noted(jobs, asked.jobs), strict=True):
                examples[one.name] += found
            weights = without_own(examples, ranker)
        shipped[ranker] = learnt(list(examples.values()), ranker)
        left_out[ranker] = {name: as_data(one) for name, one in weights.items()}
    if asked.left_out:
        asked.left_out.write_text(json.dumps(left_out, indent=1), encoding="utf-8")
    if asked.output:
        asked.output.write_text("\n".join(yaml_lines(shipped, [one.name for one in sets])) + "\n", encoding="utf-8")


def alone() -> Weights:
    """Return the weights of the words alone."""
    return Weights((("words", 1.0),), (("words", (1.0, 0.0, 0.0)),))


def publication(name: str) -> str:
    """Return what sets of one publication have in common."""
    return name.split("_", maxsplit=1)[0]


def without_own(examples: Mapping[str, list[Example]], ranker: str) -> dict[str, Weights]:
    """Return for each set the weights learnt without all sets of its publication."""
    found = {}
    for own in sorted({publication(name) for name in examples}):
        found[own] = learnt([rows for name, rows in examples.items() if publication(name) != own], ranker)
    return {name: found[publication(name)] for name in examples}


# Examples.

Job = tuple[LabelledSet, str, str, Weights, Sequence[int]]


def noted(jobs: Sequence[Job], processes: int) -> Iterator[list[Example]]:
    """Yield the examples of each set."""
    if processes < 2:
        yield from map(examples_of, jobs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(examples_of, jobs)


def examples_of(job: Job) -> list[Example]:
    """Replay a set, warm and cold, and return what the voters said on the way."""
    data, topic, ranker, weights, seeds = job
    opened = weighed(RANKERS[ranker], weights).open(data.documents, topic=Topic(topic), seed=0)
    truth = np.array(data.relevant, dtype=bool)
    found = []
    for seed in seeds:
        for warm in (True, False):
            if warm or seed == seeds[0]:
                found += list(_examples(copy.deepcopy(opened), data, truth, warm=warm, seed=seed))
    return found


def _examples(
    ranking: WordRanking, data: LabelledSet, truth: NDArray[np.bool_], *, warm: bool, seed: int
) -> Iterator[Example]:
    rng = np.random.default_rng(seed)
    unread = np.ones(len(truth), dtype=bool)

    def tell(which: Sequence[int]) -> None:
        unread[list(which)] = False
        ranking.learn([Label(data.documents[i].id, float(truth[i])) for i in which])

    if warm:
        tell([int(rng.choice(np.flatnonzero(truth))), int(rng.choice(np.flatnonzero(~truth)))])
    stages = iter(STAGES)
    due = next(stages)
    while (truth & unread).any():
        read = int((~unread).sum())
        if due is not None and read >= due:
            while due is not None and read >= due:
                due = next(stages, None)
            yield _noted(ranking.votes(), truth, unread, rng)
        order = np.argsort(-np.where(unread, ranking.scores(), -np.inf), kind="stable")
        tell(order[: min(1 if read < 40 else read // 20, int(unread.sum()))].tolist())
        if not warm and read > 12:  # from here on a cold start is a warm one
            return


def _noted(
    votes: Mapping[str, FloatArray], truth: NDArray[np.bool_], unread: NDArray[np.bool_], rng: np.random.Generator
) -> Example:
    some = [
        rng.permutation(np.flatnonzero(unread & kind))[:most]
        for kind, most in ((truth, RELEVANT), (~truth, IRRELEVANT))
    ]
    chosen = np.concatenate(some)
    told = {}
    for name, vote in votes.items():
        among = vote[unread]
        told[name] = (vote[chosen] - among.mean()) / max(float(among.std()), 1e-9)
    return Example(int((truth & ~unread).sum()), told, truth[chosen])


# Weights.


def learnt(sets: Sequence[Sequence[Example]], ranker: str) -> Weights:
    """Return the weights that best put relevant before irrelevant; every set counts the same."""
    before = _fitted(sets, BEFORE[ranker], began=False)
    after = _fitted(sets, VOTERS[ranker], began=True).reshape(-1, 3)
    return Weights(
        tuple(zip(BEFORE[ranker], before.tolist(), strict=True)),
        tuple((name, (a, b, c)) for name, (a, b, c) in zip(VOTERS[ranker], after.tolist(), strict=True)),
    )


def _fitted(sets: Sequence[Sequence[Example]], names: Sequence[str], *, began: bool) -> FloatArray:
    pairs, shares = [], []
    for examples in sets:
        usable = [one for one in examples if bool(one.relevant_known) == began and len(set(one.relevant.tolist())) > 1]
        for one in usable:
            votes = np.stack([one.votes[name] for name in names], axis=1)
            known = stage(one.relevant_known) if began else np.ones(1)
            rows = (votes[:, :, None] * known).reshape(len(votes), -1)
            difference = rows[one.relevant][:, None] - rows[~one.relevant][None]
            pairs.append(difference.reshape(-1, rows.shape[1]).astype(np.float32))
            shares.append(np.full(len(pairs[-1]), 1 / (len(usable) * len(pairs[-1]) * len(sets)), dtype=np.float32))
    X, share = np.concatenate(pairs), np.concatenate(shares)
    start = np.zeros(X.shape[1])
    start[0] = 1.0
    goal = partial(_loss, X=X, share=share, start=start)
    return np.asarray(minimize(goal, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x)


def _loss(
    w: FloatArray, *, X: NDArray[np.float32], share: NDArray[np.float32], start: FloatArray
) -> tuple[float, FloatArray]:
    margin = np.clip(X @ w.astype(np.float32), -30, 30)
    lost = np.exp(-margin)
    value = float(share @ np.log1p(lost)) + PENALTY * float((w - start) @ (w - start))
    slope = -((share * lost / (1 + lost)) @ X).astype(np.float64) + 2 * PENALTY * (w - start)
    return value, slope


# Files.


def as_data(weights: Weights) -> dict[str, dict[str, object]]:
    """Return weights as plain data."""
    return {"before": dict(weights.before), "after": {name: list(three) for name, three in weights.after}}


def yaml_lines(shipped: Mapping[str, Weights], names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of ``voters.yaml``."""
    yield "# How much each voter is heard (see voters.py). Written by validation/screening/train.py; not to be edited."
    yield "# Learnt from:"
    for first in range(0, len(names), 4):
        yield f"#   {', '.join(names[first : first + 4])}"
    for ranker, weights in shipped.items():
        yield f"{ranker}:"
        yield f"  before: {{{', '.join(f'{name}: {weight:.3f}' for name, weight in weights.before)}}}"
        yield "  after:"
        for name, three in weights.after:
            yield f"    {name}: [{', '.join(f'{number:.3f}' for number in three)}]"


if __name__ == "__main__":
    main()

"""Replay one labelled set with ASReview's default model: stdin and stdout are JSON. Needs asreview 3, not stromata.

Rows are shuffled by ``numpy.random.default_rng(seed).permutation``; the first relevant and irrelevant ones are priors.
A topic stands as a relevant record of its own that is known and not counted.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
from asreview import __version__
from asreview.learner import ActiveLearningCycle
from asreview.models.models import get_ai_config
from asreview.models.queriers import TopDown
from asreview.models.stoppers import IsFittable, LastRelevant
from asreview.simulation.simulate import Simulate


def main() -> None:
    """Read the question, replay, and answer with the labels in the order of reading."""
    asked = json.load(sys.stdin)
    rows = np.random.default_rng(asked["seed"]).permutation(len(asked["labels"]))
    texts = [asked["texts"][row] for row in rows]
    labels = [asked["labels"][row] for row in rows]
    n = len(labels)
    priors = [
        place for kind, count in zip((1, 0), asked["priors"], strict=True)
        for place in np.flatnonzero(np.array(labels) == kind)[:count].tolist()
    ]  # fmt: skip
    if asked["topic"]:
        texts, labels, priors = [*texts, asked["topic"]], [*labels, 1], [n]
    frame = pd.DataFrame({"title": texts, "abstract": ""})
    np.random.seed(asked["seed"])  # ASReview's models draw from the global state
    cycles = [
        ActiveLearningCycle(querier=TopDown(), stopper=IsFittable()),
        ActiveLearningCycle.from_meta(get_ai_config()["value"]),
    ]
    sim = Simulate(frame, pd.Series(labels), cycles, stopper=LastRelevant(), print_progress=False)
    if priors:
        sim.label(priors)
    began = time.process_time()
    sim.review()
    spent = time.process_time() - began
    shown = [int(one) for one in sim._results["record_id"]][len(priors) :]  # noqa: SLF001 - it has no public name
    rest = n - len([one for one in priors if one < n]) - len(shown)
    found = [int(labels[one]) for one in shown] + [0] * rest
    json.dump({"version": __version__, "labels": found, "ms": 1000 * spent / max(1, len(shown))}, sys.stdout)


if __name__ == "__main__":
    main()

"""Learn the weights of the de-duplication from labelled sets and write them to ``parameters.yaml``.

    python validation/dedupe/train.py FOLDER [--write]

The weights are those of a logistic regression over the levels of agreement of all candidate pairs, drawn towards
``priors.yaml`` by a quadratic penalty (`STRENGTH`), so that what the sets hardly show (PubMed numbers, registrations,
preprints) keeps the weight that we gave it. No set counts for more than `PAIRS` pairs. The least score of a merge is
then chosen on the same sets (`thresholds`). Deterministic.

DBLP-ACM is named in `UNSEEN`: it is never read here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pipeline import Labelled, labelled
from scipy.optimize import minimize
from sets import read_sets

from stromata.dedupe.compare import LEVELS
from stromata.dedupe.decide import RULES, Facts, Parameters, holds_together, parameters_from, scores

UNSEEN = ("dblp_acm",)
"""Sets that training never sees."""

STRENGTH = 100.0
"""Weight of the penalty: a weight moves by 1 only where that explains about fifty doubtful pairs better."""

MARGIN = 1.0
"""How far above the best different pair of the training sets a merge must score, in log-odds."""

LEAST_SAME = 0.0
"""A merge needs even odds at least, however well the training sets are told apart."""

LEAST_ASKED = -1.25
"""A person is asked from odds of about two to seven: two DOIs for one title, journal, year and list of authors are
asked about. In the training sets nothing true lies below; a queue with fewer true pairs tires its reader."""

PAIRS = 2000
"""A set with more pairs than this counts as if it had this many."""


@dataclass(frozen=True, slots=True)
class Design:
    """Weights as a vector: the base, each level of each field, each combination."""

    prior: Parameters

    def matrix(self, levels: dict[str, np.ndarray]) -> np.ndarray:
        facts = Facts(levels)
        columns = [np.ones(len(levels["title"]))]
        for field, weights in self.prior.weights.items():
            columns += [levels[field] == number for number in range(1, len(weights))]
        columns += [holds_together(facts, item) for item in self.prior.together]
        return np.array(columns, dtype=float).T

    def vector(self) -> np.ndarray:
        weights = [weight for values in self.prior.weights.values() for weight in values[1:]]
        return np.array([self.prior.base, *weights, *(item.weight for item in self.prior.together)])

    def parameters(self, vector: np.ndarray, trained_on: Sequence[str]) -> Parameters:
        values = iter(float(value) for value in vector)
        base = next(values)
        weights = {field: (0.0, *(next(values) for _ in own[1:])) for field, own in self.prior.weights.items()}
        together = tuple(replace(item, weight=next(values)) for item in self.prior.together)
        return replace(self.prior, base=base, weights=weights, together=together, trained_on=tuple(trained_on))


def prior() -> Parameters:
    data = yaml.safe_load(Path(__file__).with_name("priors.yaml").read_text(encoding="utf-8"))
    return parameters_from({**data, "thresholds": {"same": 0, "ask": 0, "ask_ruled": 0}, "trained_on": []})


def learn(sets: Sequence[Labelled]) -> Parameters:
    """Learn weights and thresholds from labelled pairs."""
    design = Design(prior())
    matrix = np.vstack([design.matrix(one.levels)[one.alike] for one in sets])
    same = np.concatenate([one.same[one.alike] for one in sets])
    sizes = [int(one.alike.sum()) for one in sets]
    weight = np.concatenate([np.full(size, min(1.0, PAIRS / max(size, 1))) for size in sizes])
    start = design.vector()

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        score = matrix @ vector
        moved = vector - start
        value = (weight * np.logaddexp(0, np.where(same, -score, score))).sum() + STRENGTH / 2 * (moved**2).sum()
        slope = matrix.T @ (weight * (1 / (1 + np.exp(-score)) - same)) + STRENGTH * moved
        return value, slope

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000})
    return thresholds(design.parameters(found.x, [one.name for one in sets]), sets)


def thresholds(parameters: Parameters, sets: Sequence[Labelled]) -> Parameters:
    """Choose the least score of a merge: `MARGIN` above any different pair of the sets that no rule keeps apart."""
    different = [scores(one.levels, parameters)[~one.same & ~one.doubtful & ~ruled(one)] for one in sets]
    best = max((float(score.max()) for score in different if len(score)), default=-np.inf)
    return replace(parameters, same=round(max(LEAST_SAME, best + MARGIN), 2), ask=LEAST_ASKED, ask_ruled=LEAST_ASKED)


def ruled(one: Labelled) -> np.ndarray:
    """Tell which pairs a rule forbids to merge."""
    facts = Facts(one.levels)
    return np.any([rule.holds(facts) for rule in RULES], axis=0)


def written(parameters: Parameters) -> str:
    """Return the text of ``parameters.yaml``."""
    data: dict[str, Any] = {
        "trained_on": list(parameters.trained_on),
        "base": round(parameters.base, 3),
        "thresholds": {"same": parameters.same, "ask": parameters.ask, "ask_ruled": parameters.ask_ruled},
        "weights": {
            field: dict(zip(LEVELS[field][1:], (round(weight, 3) for weight in weights[1:]), strict=True))
            for field, weights in parameters.weights.items()
        },
        "together": [
            {
                "name": item.name,
                "when": {field: list(names) for field, names in item.when},
                "weight": round(item.weight, 3),
            }
            for item in parameters.together
        ],
    }
    head = "# Weights of evidence in log-odds, learnt by validation/dedupe/train.py. Do not edit by hand.\n"
    return head + yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="replace the parameters in the package")
    options = parser.parse_args()
    sets = [labelled(one) for one in read_sets(options.folder) if one.name not in UNSEEN]
    text = written(learn(sets))
    if options.write:
        Path(__file__).parents[2].joinpath("src/stromata/dedupe/parameters.yaml").write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()

"""A second look: verdicts on which the model and people disagree most, told by a model that never saw the verdict."""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stromata.errors import InvalidInput
from stromata.screening.documents import Label, Ranking
from stromata.screening.workload import draw

FOLDS = 5
"""Parts into which the labels are dealt; each part is scored by a model that learnt from the other four."""

FEWEST = 10
"""Labels of each kind below which a model has learnt too little to be held against a person."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A verdict that the model would not have given.

    Attributes
    ----------
    relevance : of the verdict: 1 kept, 0 excluded.
    surprise : share of the verdicts of the other kind that look less like their kind than this one does: 0.9 of an
        excluded reference means that it looks more relevant than 90 % of those that were kept. 0 to 1.
    """

    reference: str
    relevance: float
    surprise: float


def second_look(
    ranking: Ranking, ids: Sequence[str], labels: Sequence[Label], *, seed: int = 0
) -> tuple[Suspicion, ...]:
    """Return verdicts by how much they surprise a model that learnt from the others, the most surprising first.

    Parameters
    ----------
    ranking : has read the documents and learnt nothing yet; it is left as it is.
    ids : of the documents, in their order.
    labels : at most one a document. Doubts (relevance between 0 and 1) teach the model and are not judged themselves.

    Raises
    ------
    InvalidInput
        There are fewer than `FEWEST` references of either kind.
    """
    sure = [label for label in labels if label.relevance in {0, 1}]
    kept = sum(label.relevance == 1 for label in sure)
    if min(kept, len(sure) - kept) < FEWEST:
        raise InvalidInput(
            f"{kept} references were kept and {len(sure) - kept} excluded; a second look needs {FEWEST} of each",
            hint="Go on screening first.",
        )
    folds = _folds(sure, seed)
    place = {id_: number for number, id_ in enumerate(ids)}
    standing: dict[str, float] = {}
    for fold in range(FOLDS):
        held = [label for label in sure if folds[label.id] == fold]
        taught = [label for label in labels if folds.get(label.id) != fold]
        learner = copy.deepcopy(ranking)
        learner.learn(taught)
        scores = learner.scores()
        known = {label.id for label in taught}  # a model scores what it was taught too well to compare with
        order = sorted(float(score) for id_, score in zip(ids, scores, strict=True) if id_ not in known)
        for label in held:
            own = float(scores[place[label.id]])
            standing[label.id] = (bisect_left(order, own) + bisect_right(order, own)) / (2 * len(order))
    return _judged(sure, standing)


def _folds(labels: Sequence[Label], seed: int) -> dict[str, int]:
    """Deal the labels of each kind into folds of equal size, by chance."""
    folds = {}
    for kind in (0, 1):
        same = [label.id for label in labels if label.relevance == kind]
        same.sort(key=lambda id_: draw(f"{seed}/fold/{id_}"))
        folds.update({id_: number % FOLDS for number, id_ in enumerate(same)})
    return folds


def _judged(labels: Sequence[Label], standing: Mapping[str, float]) -> tuple[Suspicion, ...]:
    sides = {kind: sorted(standing[label.id] for label in labels if label.relevance == kind) for kind in (0, 1)}
    found = []
    for label in labels:
        own, others = standing[label.id], sides[1 - int(label.relevance)]
        lower = (bisect_left(others, own) + bisect_right(others, own)) / 2  # what looks alike counts half
        beaten = lower if label.relevance == 0 else len(others) - lower
        found.append(Suspicion(label.id, label.relevance, beaten / len(others)))
    return tuple(sorted(found, key=lambda item: -item.surprise))

"""Voters beside the machine of words, and how much each is heard.

The machine learns a line between relevant and irrelevant. Where few relevant references are known, or the last ones say
it in other words, other views of the same verdicts see what it can't:

========== =============================================================================================
words      the scores of the machine
nearest    likeness to the three relevant references that are most like this one
theme      likeness to all relevant references, by what the library is about (see `themes`)
spread     what of the machine's scores the largest themes carry: like references lend one another theirs
asked      what of the likeness to the protocol's words the themes carry
meaning    likeness of the title's meaning to the titles of the relevant references (an extra)
question   likeness of the title's meaning to the protocol's question (an extra)
========== =============================================================================================

A vote counts in units of its standard deviation among the unread. How much each is heard depends on the number r of
relevant references known, as ``w . (1, 1 / (1 + r / 3), ln(1 + r) / 7)``; the numbers w stand in voters.yaml. They were
learnt from published screenings of other reviews, see validation/screening/train.py.

The letters: N documents, V voters, K themes.

References
----------
Wolpert (1992), Stacked generalization: voters are weighed by how they do on what they did not learn from, here on
other reviews altogether.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stromata.screening.themes import Themes
from stromata.yaml_text import loader_class

FloatArray = NDArray[np.float64]
Rows = NDArray[np.float32]

NEAREST = 3
"""Relevant references that the voter for the nearest looks at."""

SPREADING = 32
"""Themes along which the machine's scores are spread."""

MOST = 1_000
"""Relevant references beyond which the voters' weights no longer change; no review had many more to learn from."""

_FLAT = 1e-6
"""A voter whose votes vary less than this says nothing, and a place nearer the origin than this has no direction."""

_OWN = slice(1, None)
"""Themes but the first, which says no more than that a document is one of this library."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each voter is heard.

    Attributes
    ----------
    before : by name, while no relevant reference is known.
    after : by name, the three numbers for the stages.
    """

    before: tuple[tuple[str, float], ...]
    after: tuple[tuple[str, tuple[float, float, float]], ...]

    def at(self, relevant: int) -> dict[str, float]:
        """Return the weight of each voter when so many relevant references are known."""
        if not relevant:
            return dict(self.before)
        now = stage(relevant)
        return {name: float(np.dot(weights, now)) for name, weights in self.after}


def stage(relevant: int) -> FloatArray:
    """Return what weights are told of the course of a screening: (3,)."""
    known = min(relevant, MOST)
    return np.array([1.0, 1 / (1 + known / 3), np.log1p(known) / 7])


def weights_of(chosen: str | Weights) -> Weights | None:
    """Return weights that were chosen by the name of those that come with stromata, or as such; None for no name."""
    if isinstance(chosen, Weights):
        return chosen
    return _shipped(chosen) if chosen else None


def weights_in(data: Mapping[str, Any]) -> Weights:  # Any: numbers, and lists of them
    """Return weights from plain data, as in voters.yaml: by voter, one number before and three after."""
    after = tuple((voter, (float(a), float(b), float(c))) for voter, (a, b, c) in data["after"].items())
    return Weights(tuple((voter, float(weight)) for voter, weight in data["before"].items()), after)


@cache
def _shipped(name: str) -> Weights:
    import yaml  # noqa: PLC0415 - takes long to load

    text = files("stromata.screening").joinpath("voters.yaml").read_text(encoding="utf-8")
    found = yaml.load(text, Loader=loader_class())[name]  # noqa: S506 - a safe loader
    return weights_in(found)


class Voters:
    """The voters at work on one set of documents.

    Parameters
    ----------
    themes : of the documents.
    further : (P - N, K) float32, the places of points below the documents, along the same themes.
    meanings : (P, D) float32, the meaning of titles, or None.
    asked : (N,) likeness of the documents to what the protocol asks for.
    question : (N,) likeness in meaning of the titles to the protocol's question, or None.
    """

    def __init__(
        self, themes: Themes, further: Rows, meanings: Rows | None, *, asked: FloatArray, question: FloatArray | None
    ) -> None:
        self.themes = themes
        self._further = further
        self._lengths = np.maximum(np.linalg.norm(themes.places[:, _OWN], axis=1), _FLAT)
        self._meanings = meanings
        self._n = themes.places.shape[0]
        self._asking = themes.smooth(asked, themes.places.shape[1])
        self._fixed = {"asked": _along(themes, self._asking)}
        if question is not None:
            self._fixed["question"] = question
        self.forget()

    def forget(self) -> None:
        """Forget all relevant references."""
        self._relevant: list[int] = []
        self._sure: list[float] = []
        self._near = np.full((NEAREST, self._n), -np.inf, dtype=np.float32)
        self._theme = np.zeros(self._n)
        self._meaning = np.zeros(self._n)

    def copy(self) -> Self:
        """Return voters that know the same and learn on their own."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._relevant, other._sure = list(self._relevant), list(self._sure)
        other._near, other._theme, other._meaning = self._near.copy(), self._theme.copy(), self._meaning.copy()
        return other

    def take(self, point: int, likeness: Rows, sure: float) -> None:
        """Learn of a relevant reference.

        Parameters
        ----------
        likeness : (N,) of the documents to it.
        sure : how much it counts, above 0.
        """
        first, second, third = self._near
        np.maximum(third, np.minimum(second, likeness), out=third)
        np.maximum(second, np.minimum(first, likeness), out=second)
        np.maximum(first, likeness, out=first)
        self._relevant.append(point)
        self._sure.append(sure)
        self._theme += sure * (self.themes.places[:, _OWN] @ self._direction(point)) / self._lengths
        if self._meanings is not None:
            self._meaning += sure * (self._meanings[: self._n] @ self._meanings[point])

    def votes(self, scores: FloatArray) -> dict[str, FloatArray]:
        """Return what each voter says of every document, by name, each (N,): the higher, the likelier relevant."""
        spread = _along(self.themes, self.themes.smooth(scores, SPREADING))
        found = {"words": scores, "spread": spread, "nearest": self._nearest(), "theme": self._theme, **self._fixed}
        if self._meanings is not None:
            found["meaning"] = self._meaning
        return found

    def heard(
        self, votes: Mapping[str, FloatArray], weights: Weights, unread: NDArray[np.bool_]
    ) -> dict[str, tuple[float, float]]:
        """Return by voter what one unit of its vote counts, and the vote that counts nothing.

        The score of a document is the sum of ``unit * (vote - middle)`` over the voters.
        """
        found = {}
        some = unread if unread.sum() > 1 else slice(None)
        for name, weight in weights.at(len(self._relevant)).items():
            among = votes[name][some]
            middle, deviation = float(among.mean()), float(among.std())
            found[name] = (weight / deviation if deviation > _FLAT else 0.0, middle)
        return found

    def total(self, scores: FloatArray, weights: Weights, unread: NDArray[np.bool_]) -> FloatArray:
        """Return the scores on which all voters agree: (N,)."""
        votes = self.votes(scores)
        total = np.zeros(self._n)
        for name, (unit, middle) in self.heard(votes, weights, unread).items():
            if unit:
                total += unit * (votes[name] - middle)
        return total

    def along(self, point: int, heard: Mapping[str, float], scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what each theme adds to the score of a document, as learnt from verdicts and from the protocol.

        Returns
        -------
        (K,), (K,) : what one unit of its place along each theme adds.
        """
        learnt = heard.get("spread", 0.0) * self.themes.smooth(scores, SPREADING)
        if self._relevant:
            towards = sum(sure * self._direction(at) for at, sure in zip(self._relevant, self._sure, strict=True))
            learnt[_OWN] += heard.get("theme", 0.0) * towards / self._lengths[point]
        return learnt, heard.get("asked", 0.0) * self._asking

    def nearest_in_meaning(self, point: int) -> int | None:
        """Return the relevant point whose title is nearest to that of a document in meaning."""
        if self._meanings is None or not self._relevant:
            return None
        return self._relevant[int(np.argmax(self._meanings[self._relevant] @ self._meanings[point]))]

    def _direction(self, point: int) -> Rows:
        """Return the place of a point along the themes but the first, at length 1: (K - 1,)."""
        place = self.themes.places[point] if point < self._n else self._further[point - self._n]
        return np.asarray(place[_OWN] / max(float(np.linalg.norm(place[_OWN])), _FLAT), dtype=np.float32)

    def _nearest(self) -> FloatArray:
        known = min(len(self._relevant), len(self._near))
        if not known:
            return np.zeros(self._n)
        return np.asarray(self._near[:known].mean(axis=0), dtype=np.float64)


def _along(themes: Themes, weights: FloatArray) -> FloatArray:
    return np.asarray(themes.places @ weights.astype(np.float32), dtype=np.float64)

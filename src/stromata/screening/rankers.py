"""The rankers that come with stromata, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.errors import NotFound
from stromata.progress import Progress, silent
from stromata.screening import cold, embeddings, features
from stromata.screening.documents import Document, Explanation, Label, Ranker, Ranking, Reason, Topic
from stromata.screening.features import text_of
from stromata.screening.solver import Machine

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_COST = 0.11
"""What a violation costs, on average over the verdicts: the value that ASReview's ELAS u4 found on the SYNERGY sets."""

_RATIO = 9.8
"""How much more all relevant references cost together than all irrelevant ones: likewise."""

_GROWTH = 1.25
"""The machine goes all the way to the optimum whenever the verdicts have grown by this factor since the last time."""

_DOUBT = 0.5
"""A label of at least this relevance is one of a reference to keep: in doubt, people read on."""

_LEAST = 0.5
"""What a doubt counts beside a verdict that is sure."""

_ENOUGH = 10
"""Relevant references from which on the second voter is heard; fewer mislead it."""

_NEIGHBOURS = 3
"""Judged documents that an explanation names at most."""

_DIGITS = 7
"""Decimals of a score that count; what different machines compute may differ beyond them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a ranker knows besides the words of the documents that were judged.

    Attributes
    ----------
    topic_until : what the protocol asks for stands as a relevant reference until this many are known; 0: never.
    design : how much the words for the designs of study that the protocol asks for count, before any is known; 0: not.
    design_fades : at this many relevant references known, the design counts half as much.
    meaning : most that the second voter counts, which knows the meaning of titles; 0: there is none.
    """

    topic_until: int = 1
    design: float = 2.0
    design_fades: int = 2
    meaning: float = 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """Rank by the words of titles, abstracts and keywords, beginning with those of the protocol."""

    name: str = "default"
    version: str = "1"
    settings: Settings = Settings()

    def open(
        self, documents: Iterable[Document], *, topic: Topic, seed: int = 0, progress: Progress = silent
    ) -> Ranking:
        """Read the documents, once, and return a ranking that knows the topic but no verdict yet.

        Raises
        ------
        InvalidInput
            There are no documents, or two have the same id.
        MissingExtra
            The ranker needs a model of language that is not installed.
        """
        model = embeddings.encoder() if self.settings.meaning else None
        titles: list[str] = []
        ids, read = features.read(_noting(documents, titles) if model else documents, progress=progress)
        points = embeddings.embed(titles, model=model, progress=progress) if model else None
        return _WordRanking(ids, read, points, topic=topic, seed=seed, settings=self.settings)


def _noting(documents: Iterable[Document], titles: list[str]) -> Iterator[Document]:
    """Pass documents on and note their titles."""
    for document in documents:
        titles.append(document.title)
        yield document


class _WordRanking:
    """Words at work on one set of documents."""

    def __init__(
        self,
        ids: tuple[str, ...],
        read: features.Features,
        points: NDArray[np.float32] | None,
        *,
        topic: Topic,
        seed: int,
        settings: Settings,
    ) -> None:
        self._ids = ids
        self._read = read
        self._settings = settings
        self._chance = np.random.default_rng(seed).permutation(len(ids)) / len(ids)
        self._place = {id_: number for number, id_ in enumerate(ids)}
        # Below the documents stand what the protocol asks for, and the known references that are not among them.
        asked = cold.expectation(topic, read) if settings.topic_until else np.zeros(len(read.keys))
        self._topic = [len(ids)] if asked.any() else []
        others = [one for one in topic.known if one.id not in self._place]
        below = [sparse.csr_array(asked[None, :].astype(np.float32)), read.project([text_of(one) for one in others])]
        rows = sparse.csr_array(sparse.vstack([read.rows, *below], format="csr"))
        self._place |= {one.id: len(ids) + 1 + number for number, one in enumerate(others)}
        self._known = {one.id: Label(one.id, 1.0) for one in topic.known}
        self._design = settings.design * cold.design_row(cold.text_of(topic), read) if settings.design else None
        self._prior = rows @ self._design if self._design is not None else np.zeros(rows.shape[0])
        self._machine = Machine(rows)
        self._meanings = points
        self._labels: dict[str, Label] = {}
        self._done: list[Label] = []
        self._points: list[int] = []
        self._y: list[float] = []
        self._sure: list[float] = []
        self._faded = 1.0
        self._fit()

    def learn(self, labels: Sequence[Label]) -> None:
        """Take in verdicts, in the order in which they were given; a later one on the same document replaces it."""
        for label in labels:
            if self._place.get(label.id, len(self._ids)) >= len(self._ids):
                raise NotFound(f"There is no document {label.id!r} to learn from.")
        for label in labels:
            if self._labels.get(label.id) != label:
                self._labels.pop(label.id, None)
                self._labels[label.id] = label
        self._fit()

    def scores(self) -> FloatArray:
        """Return one score a document, in the order of the documents: the higher, the sooner it should be read."""
        # Chance decides where scores are equal, so that the order of the documents never does.
        fine = 10.0**-_DIGITS
        return np.asarray(np.round(self._voted(), _DIGITS) + self._chance * fine / 2, dtype=np.float64)

    def explain(self, id_: str, *, limit: int = 10) -> Explanation:
        """Say why a document stands where it stands."""
        place = self._place.get(id_, len(self._ids))
        if place >= len(self._ids):
            raise NotFound(f"There is no document {id_!r} in this ranking.")
        scores = self.scores()
        row = self._read.rows[[place]]
        reasons = sorted(self._terms(row) + self._neighbours(place), key=lambda one: (-abs(one.effect), one.text))
        rank = 1 + int(np.count_nonzero(scores > scores[place]))
        return Explanation(id_, float(scores[place]), rank, tuple(reasons[:limit]))

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Copy what verdicts change; what was read is shared."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._machine = self._machine.copy()
        other._labels = dict(self._labels)
        other._points, other._y, other._sure = list(self._points), list(self._y), list(self._sure)
        memo[id(self)] = other
        return other

    def _fit(self) -> None:
        """Learn what is new.

        Where the machine goes all the way to its optimum depends on the number of verdicts alone, and there it forgets
        the way hither: the same verdicts in the same order give the same scores, learnt one by one or all at once.
        """
        wanted = list((self._known | self._labels).values())
        begun = len(self._done) if self._done and wanted[: len(self._done)] == self._done else 0
        if not begun:
            self._points, self._y, self._sure = [], [], []
        for label in wanted[begun:]:
            self._points.append(self._place[label.id])
            self._y.append(1.0 if label.relevance >= _DOUBT else -1.0)
            self._sure.append(label.weight * max(abs(2 * label.relevance - 1), _LEAST))
        self._done = wanted
        turn = _turn(len(wanted))
        first = begun + 1 if begun and begun >= turn else turn
        for count in range(first, len(wanted) + 1):
            self._advance(count, anew=count == turn)

    def _advance(self, count: int, *, anew: bool) -> None:
        """Fit the machine to the first verdicts: from where it stands, or anew."""
        y = np.array(self._y[:count])
        points, sure = np.array(self._points[:count], dtype=np.int64), np.array(self._sure[:count])
        relevant = int((y > 0).sum())
        until = self._settings.topic_until
        left = bool(self._topic) and relevant == until and bool(count) and y[-1] > 0
        if relevant < until and self._topic:
            points, y, sure = np.append(self._topic, points), np.append(1.0, y), np.append(1.0, sure)
        fades = self._settings.design_fades
        self._faded = fades / (fades + relevant) if fades else 1.0
        act = self._machine.solve if anew or left else self._machine.step
        act(points, y, _costs(y, sure), self._prior * self._faded)

    def _voted(self) -> FloatArray:
        """Return the scores of the words; or, once there is enough to go by, the mean rank by words and by meaning.

        Words that name the subject find most of what there is, and while many of the references that they find are
        relevant, they go on alone. What is left then says it in other words, and the second voter has more to say.
        """
        scores = self._machine.scores()[: len(self._ids)]
        relevant = sum(1 for y in self._y if y > 0)
        if self._meanings is None or relevant < _ENOUGH or relevant == len(self._y):
            return scores
        points, y = np.array(self._points), np.array(self._y)
        inside = points < len(self._ids)
        cost = _costs(y, np.array(self._sure))
        meant = embeddings.separate(self._meanings, points[inside], y[inside], cost[inside])
        share = self._settings.meaning * (1 - relevant / len(y)) ** 2
        return (1 - share) * _ranks(scores) + share * _ranks(meant)

    def _terms(self, row: sparse.csr_array) -> list[Reason]:
        """Say what each term of a document adds to its score: what verdicts taught, and what the protocol asks for."""
        found = []
        sources: list[tuple[Literal["term", "topic"], FloatArray]] = [("term", self._machine.weights())]
        if self._design is not None:
            sources.append(("topic", self._design * self._faded))
        for kind, weights in sources:
            effects = row.data * weights[row.indices]
            found += [
                Reason(kind, self._read.term(int(column)), float(effect))
                for column, effect in zip(row.indices, effects, strict=True)
                if effect
            ]
        return found

    def _neighbours(self, place: int) -> list[Reason]:
        """Name the judged documents that add most to a score.

        They are another view of the learnt part of it, not a further part.
        """
        points, effects = self._machine.neighbours(place)
        strongest = np.argsort(-np.abs(effects), kind="stable")[:_NEIGHBOURS]
        return [
            Reason("neighbour", self._ids[points[i]], float(effects[i]))
            for i in strongest
            if points[i] < len(self._ids) and points[i] != place and effects[i]
        ]


def _ranks(scores: FloatArray) -> FloatArray:
    """Return the rank of each score as a share of all, from above 0 for the lowest to 1; equal ones have the mean."""
    from scipy.stats import rankdata  # noqa: PLC0415 - takes long to load

    return np.asarray(rankdata(np.round(scores, _DIGITS)) / len(scores), dtype=np.float64)


def _turn(count: int) -> int:
    """Return the last number of verdicts, up to `count`, at which the machine goes all the way to the optimum."""
    turn = 1
    while (following := max(turn + 1, int(turn * _GROWTH))) <= count:
        turn = following
    return min(turn, count)


def _costs(y: FloatArray, weight: FloatArray) -> FloatArray:
    """Return what a violation costs for each verdict: the classes in a fixed ratio, all together in proportion."""
    relevant = y > 0
    ones, zeros = int(relevant.sum()), int((~relevant).sum())
    share = np.where(relevant, 1.0, ones / (_RATIO * zeros)) if ones and zeros else np.ones(len(y))
    return _COST * weight * share * (len(y) / share.sum()) if len(y) else share


class _Drawn:
    """The order of chance."""

    def __init__(self, ids: tuple[str, ...], seed: int) -> None:
        self._place = {id_: number for number, id_ in enumerate(ids)}
        self._scores = np.random.default_rng(seed).permutation(len(ids)) / len(ids)

    def learn(self, labels: Sequence[Label]) -> None:
        """Look whether the documents are there, and learn nothing."""
        for label in labels:
            if label.id not in self._place:
                raise NotFound(f"There is no document {label.id!r} to learn from.")

    def scores(self) -> FloatArray:
        """Return the numbers drawn."""
        return self._scores.copy()

    def explain(self, id_: str, *, limit: int = 10) -> Explanation:  # noqa: ARG002 - chance has no reasons
        """Say that there is no reason."""
        if id_ not in self._place:
            raise NotFound(f"There is no document {id_!r} in this ranking.")
        score = self._scores[self._place[id_]]
        return Explanation(id_, float(score), 1 + int(np.count_nonzero(self._scores > score)), ())


@dataclass(frozen=True, slots=True)
class Chance:
    """Rank by chance: what every other ranker has to beat."""

    name: str = "random"
    version: str = "1"

    def open(
        self,
        documents: Iterable[Document],
        *,
        topic: Topic,  # noqa: ARG002 - chance needs no topic
        seed: int = 0,
        progress: Progress = silent,
    ) -> Ranking:
        """Read the ids and draw an order."""
        ids = tuple(document.id for document in documents)
        features.refuse(ids)
        progress(len(ids), len(ids), "drawing")
        return _Drawn(ids, seed)


RANKERS: Mapping[str, Ranker] = {
    "default": Words(),
    "tfidf-svm": Words("tfidf-svm", settings=Settings(topic_until=0, design=0.0)),
    "elas": Words("elas", settings=Settings(topic_until=0, design=0.0)),
    "embedding": Words("embedding", settings=Settings(meaning=0.35)),
    "random": Chance(),
}
"""The built-in rankers by name."""

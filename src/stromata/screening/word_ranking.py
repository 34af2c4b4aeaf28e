"""References ranked by their words: a machine that learns from every verdict, and the voters beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stromata.errors import NotFound
from stromata.screening import citations, cold, features, themes, voters
from stromata.screening.documents import Document, Explanation, Label, Reason, Topic
from stromata.screening.features import text_of
from stromata.screening.solver import Machine
from stromata.screening.voters import Voters, Weights, weights_of

FloatArray = NDArray[np.float64]

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

_NEIGHBOURS = 3
"""Judged documents that an explanation names at most."""

_PROTOCOL = Document("")
"""Stands for what the protocol asks for, which cites nothing, where all rows are linked by their citations."""

_QUESTION = "the question of the protocol"
"""What a reason names where the meaning of a title is like it."""

_DIGITS = 6
"""Decimals of a score that count; what different machines compute may differ beyond them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a ranker knows besides the words of the documents that were judged.

    Attributes
    ----------
    topic_until : what the protocol asks for stands as a relevant reference until this many are known; 0: never.
    design : how much the words for the designs of study that the protocol asks for count, before any is known; 0: not.
    design_fades : at this many relevant references known, the design counts half as much.
    voters : weights of the voters, or the name of those that come with stromata; empty: the machine of words decides.
    meaning : whether the meaning of titles is known to the voters.
    citations : most that citations count in the likeness of two documents, words counting 1; 0: not.
    """

    topic_until: int = 1
    design: float = 2.0
    design_fades: int = 2
    voters: str | Weights = "default"
    meaning: bool = False
    citations: float = citations.WEIGHT


class WordRanking:
    """Words at work on one set of documents."""

    def __init__(
        self,
        ids: tuple[str, ...],
        read: features.Features,
        cited: citations.Reader,
        meanings: NDArray[np.float32] | None,
        *,
        topic: Topic,
        seed: int,
        settings: Settings,
    ) -> None:
        self._ids = ids
        self._settings = settings
        self._chance = np.random.default_rng(seed).permutation(len(ids)) / len(ids)
        self._place = {id_: number for number, id_ in enumerate(ids)}
        # Below the documents stand what the protocol asks for, and the known references that are not among them.
        asked = cold.expectation(topic, read) if settings.topic_until else np.zeros(len(read.keys))
        self._topic = [len(ids)] if asked.any() else []
        self._elsewhere = others = outside(topic, ids)
        asked_row = sparse.csr_array(asked[None, :].astype(np.float32))
        below = sparse.vstack([asked_row, read.project([text_of(one) for one in others])], format="csr")
        self._links = cited.links([_PROTOCOL, *others], weight=settings.citations) if settings.citations else None
        rows, lengths = citations.beside(read.rows, below, self._links)
        self._read = read if self._links else replace(read, rows=features.top(rows, len(ids)))
        self._place |= {one.id: len(ids) + 1 + number for number, one in enumerate(others)}
        self._known = {one.id: Label(one.id, 1.0) for one in topic.known}
        self._design = settings.design * cold.design_row(cold.text_of(topic), read) if settings.design else None
        self._prior = np.zeros(rows.shape[0])
        if self._design is not None:
            self._prior = np.concatenate([features.times(words, self._design) for words in (read.rows, below)])
        self._machine = Machine(rows, lengths)
        self._weights = weights_of(settings.voters)
        self._voters = self._seated(below, asked, meanings) if self._weights else None
        self._labels: dict[str, Label] = {}
        self._done: list[Label] = []
        self._points: list[int] = []
        self._y: list[float] = []
        self._sure: list[float] = []
        self._unread = np.ones(len(ids), dtype=bool)
        self._faded = 1.0
        self._fit()

    def _seated(self, below: sparse.csr_array, asked: FloatArray, meanings: NDArray[np.float32] | None) -> Voters:
        """Return the voters, who know the documents and what the protocol asks for."""
        rows, n = self._read.rows, len(self._ids)
        found = themes.themes(rows)
        further = np.asarray((below @ rows.T) @ found.makers, dtype=np.float32)
        question = None if meanings is None else (meanings[:n] @ meanings[n]).astype(np.float64)
        return Voters(found, further, meanings, asked=features.times(rows, asked), question=question)

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
        votes = self.votes()
        heard = self._heard(votes)
        effects = self._effects(place, votes["words"], {name: unit for name, (unit, _) in heard.items()})
        reasons = [*effects, *self._meant(place, votes, heard), *self._neighbours(place)]
        reasons.sort(key=lambda one: (-abs(one.effect), one.text))
        rank = 1 + int(np.count_nonzero(scores > scores[place]))
        return Explanation(id_, float(scores[place]), rank, tuple(reasons[:limit]))

    def votes(self) -> dict[str, FloatArray]:
        """Return what each voter says of every document, by name, each (N,)."""
        scores = self._worded()
        return self._voters.votes(scores) if self._voters else {"words": scores}

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Copy what verdicts change; what was read is shared."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._machine = self._machine.copy()
        other._labels = dict(self._labels)
        other._points, other._y, other._sure = list(self._points), list(self._y), list(self._sure)
        other._voters, other._unread = self._voters.copy() if self._voters else None, self._unread.copy()
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
            self._unread[:] = True
            if self._voters:
                self._voters.forget()
        for label in wanted[begun:]:
            self._note(label)
        self._done = wanted
        turn = _turn(len(wanted))
        first = begun + 1 if begun and begun >= turn else turn
        for count in range(first, len(wanted) + 1):
            self._advance(count, anew=count == turn)

    def _note(self, label: Label) -> None:
        """Note a verdict, for the machine, and tell the voters of a relevant reference."""
        point, relevant = self._place[label.id], label.relevance >= _DOUBT
        sure = label.weight * max(abs(2 * label.relevance - 1), _LEAST)
        self._points.append(point)
        self._y.append(1.0 if relevant else -1.0)
        self._sure.append(sure)
        if point < len(self._ids):
            self._unread[point] = False
        if relevant and self._voters:
            self._voters.take(point, self._machine.likeness(point)[: len(self._ids)], sure)

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

    def _worded(self) -> FloatArray:
        return self._machine.scores()[: len(self._ids)]

    def _voted(self) -> FloatArray:
        """Return the scores on which the voters agree; without voters, those of the machine of words."""
        scores = self._worded()
        if self._voters and self._weights:
            return self._voters.total(scores, self._weights, self._unread)
        return scores

    def _heard(self, votes: Mapping[str, FloatArray]) -> dict[str, tuple[float, float]]:
        """Return by voter what one unit of its vote counts in the score, and the vote that counts nothing."""
        if self._voters and self._weights:
            return self._voters.heard(votes, self._weights, self._unread)
        return {"words": (1.0, 0.0)}

    def _effects(self, place: int, scores: FloatArray, heard: Mapping[str, float]) -> list[Reason]:
        """Say what each term of a document, and each citation, adds to its score.

        All voters but those for meaning are sums over what a document has: its score is the sum of these effects,
        less a constant that all documents share.
        """
        row = self._machine.row(place)
        nearest = self._near(place)
        learnt = heard.get("words", 0.0) * self._machine.weights()[row.indices]
        if len(nearest):
            learnt += heard.get("nearest", 0.0) * self._machine.mean(nearest)[row.indices]
        asked = np.zeros(row.nnz)
        words = np.flatnonzero(row.indices < len(self._read.keys))
        columns = row.indices[words]
        if self._design is not None:
            asked[words] += heard.get("words", 0.0) * self._faded * self._design[columns]
        if self._voters:
            along, of_protocol = self._voters.along(place, heard, scores)
            of_terms = self._voters.themes.of_terms(self._read.rows, columns)
            learnt[words] += of_terms @ along
            asked[words] += of_terms @ of_protocol
        found = []
        for column, value, taught, topical in zip(row.indices.tolist(), row.data, learnt, asked, strict=True):
            is_word = column < len(self._read.keys)
            kind: Literal["term", "citation"] = "term" if is_word else "citation"
            text = self._read.term(column) if is_word else self._cited(column)
            found += [Reason(kind, text, float(value * taught))] if taught else []
            found += [Reason("topic", text, float(value * topical))] if topical else []
        return found

    def _cited(self, column: int) -> str:
        """Return what a column of citations is called."""
        return self._links.names[column - len(self._read.keys)] if self._links else ""

    def _meant(
        self, place: int, votes: Mapping[str, FloatArray], heard: Mapping[str, tuple[float, float]]
    ) -> Iterator[Reason]:
        """Say what the meaning of a title adds: likeness to relevant ones, and to the question of the protocol."""
        nearest = self._voters.nearest_in_meaning(place) if self._voters else None
        for name, (unit, middle) in heard.items():
            effect = unit * (float(votes[name][place]) - middle) if unit else 0.0
            if name == "meaning" and nearest is not None:
                yield Reason("meaning", self._called(nearest), effect)
            elif name == "question" and effect:
                yield Reason("topic", _QUESTION, effect)

    def _called(self, point: int) -> str:
        """Return the id of a document, or the title of a known reference elsewhere."""
        return self._ids[point] if point < len(self._ids) else self._elsewhere[point - len(self._ids) - 1].title

    def _near(self, place: int) -> NDArray[np.int64]:
        """Return the relevant points that the voter for the nearest looks at."""
        known = np.array([point for point, y in zip(self._points, self._y, strict=True) if y > 0], dtype=np.int64)
        likeness = self._machine.likeness(place)[known]
        return known[np.argsort(-likeness, kind="stable")[: voters.NEAREST]]

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


def outside(topic: Topic, ids: Sequence[str]) -> list[Document]:
    """Return the known relevant references that are not among the documents."""
    inside = set(ids)
    return [one for one in topic.known if one.id not in inside]


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

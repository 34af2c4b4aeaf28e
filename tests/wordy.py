"""A ranker for tests that one can follow in one's head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stromata.errors import NotFound
from stromata.progress import Progress, silent
from stromata.screening.documents import Document, Explanation, Label, Reason, Topic


class Wordy:
    """A document scores the sum, over relevant and irrelevant labelled ones, of the words that it shares with them."""

    name = "default"
    version = "1"

    def open(
        self, documents: Iterable[Document], *, topic: Topic, seed: int = 0, progress: Progress = silent
    ) -> WordyRanking:
        return WordyRanking(tuple(documents), topic)


class WordyRanking:
    def __init__(self, documents: tuple[Document, ...], topic: Topic) -> None:
        self.words = {item.id: set(item.title.casefold().split()) for item in documents}
        self.topic = set(" ".join((topic.question, *topic.include)).casefold().split())
        for item in topic.known:
            self.topic |= self.words[item.id]
        self.labels: dict[str, Label] = {}

    def learn(self, labels: Sequence[Label]) -> None:
        for label in labels:
            if label.id not in self.words:
                raise NotFound(label.id)
            self.labels[label.id] = label

    def _parts(self, id_: str) -> list[tuple[str, float]]:
        own = self.words[id_]
        near = [
            (label.id, (label.relevance - 0.5) * label.weight * len(own & self.words[label.id]))
            for label in self.labels.values()
        ]
        return [("topic", 0.01 * len(own & self.topic)), *near]

    def scores(self):
        return np.array([sum(effect for _, effect in self._parts(id_)) for id_ in self.words])

    def explain(self, id_: str, *, limit: int = 10) -> Explanation:
        if id_ not in self.words:
            raise NotFound(id_)
        scores = self.scores()
        own = float(scores[list(self.words).index(id_)])
        parts = sorted(self._parts(id_), key=lambda part: -abs(part[1]))[:limit]
        reasons = tuple(Reason("topic" if text == "topic" else "neighbour", text, effect) for text, effect in parts)
        return Explanation(id_, own, 1 + int((scores > own).sum()), reasons)

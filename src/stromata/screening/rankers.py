"""The rankers that come with stromata, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stromata.errors import NotFound
from stromata.progress import Progress, silent
from stromata.screening import citations, embeddings, engine_features, features
from stromata.screening.documents import Document, Explanation, Label, Ranker, Ranking, Topic
from stromata.screening.word_ranking import Settings, WordRanking, outside

if TYPE_CHECKING:
    from stromata.engine import Engine

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Words:
    """Rank by the words of titles, abstracts and keywords, beginning with those of the protocol."""

    name: str = "default"
    version: str = "2"
    settings: Settings = field(default_factory=Settings)

    def open(
        self,
        documents: Iterable[Document],
        *,
        topic: Topic,
        seed: int = 0,
        engine: Engine | None = None,
        progress: Progress = silent,
    ) -> Ranking:
        """Read the documents, once, and return a ranking that knows the topic but no verdict yet.

        Parameters
        ----------
        engine : counts and weighs the words where one machine's memory or time is not enough; the ranking is the same.

        Raises
        ------
        InvalidInput
            There are no documents, or two have the same id.
        MissingExtra
            The ranker needs a model of language that is not installed.
        """
        model = embeddings.encoder() if self.settings.meaning else None
        titles: list[str] = []
        cited = citations.Reader()
        passing = cited.noting(_noting(documents, titles) if model else documents)
        if engine is None:
            ids, read = features.read(passing, progress=progress)
        else:
            ids, read = engine_features.read(engine, passing, progress=progress)
        meanings = None
        if model:
            texts = [*titles, topic.question, *(one.title for one in outside(topic, ids))]
            meanings = embeddings.embed(texts, model=model, progress=progress)
        return WordRanking(ids, read, cited, meanings, topic=topic, seed=seed, settings=self.settings)


def _noting(documents: Iterable[Document], titles: list[str]) -> Iterator[Document]:
    """Pass documents on and note their titles."""
    for document in documents:
        titles.append(document.title)
        yield document


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


_PLAIN = Settings(topic_until=0, design=0.0, voters="", citations=0.0)

RANKERS: Mapping[str, Ranker] = {
    "default": Words(),
    "tfidf-svm": Words("tfidf-svm", settings=_PLAIN),
    "elas": Words("elas", settings=_PLAIN),
    "embedding": Words("embedding", settings=Settings(voters="embedding", meaning=True)),
    "random": Chance(),
}
"""The built-in rankers by name."""

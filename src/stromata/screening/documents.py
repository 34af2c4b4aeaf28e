"""What a ranker reads, what it is told, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from stromata.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Document:
    """What a ranker reads of one reference.

    Attributes
    ----------
    id : unique among the documents of a ranking.
    names : the ids under which others cite it: its DOI, its PMID, or any others.
    cites : the ids of what it cites, written as in `names`. Both are empty when nothing is known.
    """

    id: str
    title: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """What is being looked for, in the words of the protocol; every part may be empty.

    Attributes
    ----------
    question : title of the review, question, its parts: whatever says what the review is about.
    include, exclude : the criteria, a sentence each.
    known : references that are known to be relevant, whether or not they are among the documents.
    """

    question: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    known: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """One verdict, as a ranker learns from it.

    Attributes
    ----------
    id : of the document.
    relevance : 1 for a reference to keep, 0 for one to leave out, between for a doubt.
    weight : above 0; how much the verdict counts. A verdict at full text counts more than one on a title, and a prior
        from an earlier review less.
    """

    id: str
    relevance: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that raised (`effect` above 0) or lowered (below 0) the score of a document.

    Attributes
    ----------
    text : the term, the id of the neighbour, or the title or id of the cited work; for meaning the id of the relevant
        reference whose title is nearest in meaning.
    effect : its part of the score; the effects of one explanation can be compared with each other.
    """

    kind: Literal["term", "neighbour", "topic", "citation", "meaning"]
    text: str
    effect: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a document stands where it stands: reasons for and against, the strongest first."""

    id: str
    score: float
    rank: int
    reasons: tuple[Reason, ...]


class Ranking(Protocol):
    """A ranker at work on one set of documents."""

    def learn(self, labels: Sequence[Label]) -> None:
        """Take in verdicts, in the order in which they were given; a later one on the same document replaces it.

        Raises
        ------
        NotFound
            A label names an unknown document.
        """

    def scores(self) -> NDArray[np.float64]:
        """Return one score a document, in the order of the documents: the higher, the sooner it should be read.

        They are finite, depend on documents, topic, labels and seed alone, and can be compared within this ranking.
        """

    def explain(self, id_: str, *, limit: int = 10) -> Explanation:
        """Say why a document stands where it stands.

        Raises
        ------
        NotFound
            There is no such document.
        """


@runtime_checkable
class Ranker(Protocol):
    """A way of ranking, chosen by name. `version` changes whenever the order that it gives may change."""

    @property
    def name(self) -> str: ...  # noqa: D102 - described above

    @property
    def version(self) -> str: ...  # noqa: D102 - described above

    def open(
        self, documents: Iterable[Document], *, topic: Topic, seed: int = 0, progress: Progress = silent
    ) -> Ranking:
        """Read the documents, once, and return a ranking that knows the topic but no verdict yet.

        Raises
        ------
        InvalidInput
            There are no documents, or two have the same id.
        """

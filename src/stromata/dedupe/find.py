"""Duplicates among references in memory: the door for what fits there.

Two references are never merged on a title alone, nor when they contradict each other; a chain of equal pairs is held
to the same rule. What is doubtful becomes a question; different works of one family become relatives.
`search.search` does the same on any engine, for any number of records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stromata.dedupe.memory import Memory
from stromata.dedupe.search import METHOD, Question, Relatives, search
from stromata.model import Merge, Record
from stromata.progress import Progress, silent

__all__ = ["METHOD", "Duplicates", "Question", "Relatives", "find_duplicates"]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What a search for duplicates found: merges to be made, questions for a person, and relatives to be linked."""

    merges: tuple[Merge, ...]
    questions: tuple[Question, ...]
    relatives: tuple[Relatives, ...] = ()


def find_duplicates(
    references: Iterable[tuple[str, Record]],
    *,
    apart: frozenset[frozenset[str]] = frozenset(),
    settled: Mapping[str, str] | None = None,
    memory: Memory | None = None,
    progress: Progress = silent,
) -> Duplicates:
    """Find the references that are the same publication.

    Parameters
    ----------
    references : (reference id, its merged record) in order of import; the earliest of a cluster keeps its id.
    apart : pairs of reference ids that a person has said are different; they never share a cluster.
    settled : id -> id of the reference that a person has made it part of.
    memory : what is known of references that stand before these; what was worked out now is added to it.

    Returns
    -------
    Duplicates
        Merges in order of the kept reference, each with its rule and evidence; questions the most doubtful first.
    """
    from stromata.engine import Settings, open_engine  # noqa: PLC0415 - loads late

    with open_engine("duckdb", settings=Settings(memory_mb=_MEMORY_MB)) as engine:
        found = search(references, engine=engine, apart=apart, settled=settled, memory=memory, progress=progress)
        if memory:
            found.remember(memory)
        return Duplicates(tuple(found.merges()), tuple(found.asked()), tuple(found.relatives()))


_MEMORY_MB = 8_192
"""What the tables may take: a million references take about a third of it."""

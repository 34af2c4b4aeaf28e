"""From records to references: which of them are the same publication."""

from stromata.dedupe.combine import combine
from stromata.dedupe.explain import Explanation, explain
from stromata.dedupe.find import METHOD, Duplicates, Question, Relatives, find_duplicates
from stromata.dedupe.memory import Memory, recalled
from stromata.dedupe.search import Findings
from stromata.dedupe.unique import searched, unique

__all__ = [
    "METHOD",
    "Duplicates",
    "Explanation",
    "Findings",
    "Memory",
    "Question",
    "Relatives",
    "combine",
    "explain",
    "find_duplicates",
    "recalled",
    "searched",
    "unique",
]

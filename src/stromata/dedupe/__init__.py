"""From records to references: which of them are the same publication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stromata import lazy
from stromata.dedupe.combine import combine

if TYPE_CHECKING:
    from stromata.dedupe.evidence import Explanation, explain
    from stromata.dedupe.find import METHOD, Duplicates, Question, Relatives, find_duplicates
    from stromata.dedupe.memory import Memory, recalled
    from stromata.dedupe.search import Findings
    from stromata.dedupe.two_passes import searched, unique

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

_LATER = {
    "evidence": ("Explanation", "explain"),
    "find": ("METHOD", "Duplicates", "Question", "Relatives", "find_duplicates"),
    "memory": ("Memory", "recalled"),
    "search": ("Findings",),
    "two_passes": ("searched", "unique"),
}
"""Names by module. Each is loaded when it is first used: Arrow and NumPy load slowly, and references need neither."""

_MODULES = {name: module for module, names in _LATER.items() for name in names}

__getattr__, __dir__ = lazy.names(__name__, _MODULES, __all__)

"""From records to references: which of them are the same publication."""

from stromata.dedupe.combine import combine
from stromata.dedupe.find import METHOD, Duplicates, Question, find_duplicates

__all__ = ["METHOD", "Duplicates", "Question", "combine", "find_duplicates"]

"""Suggestions from text: programs propose values with the words they rest on, and people decide."""

from stromata.extraction.suggestions.extractor import Draft, Extractor
from stromata.extraction.suggestions.fields import FIELDS
from stromata.extraction.suggestions.llm import LanguageModel, LanguageModelSettings
from stromata.extraction.suggestions.rules import Rules, RulesSettings
from stromata.extraction.suggestions.run import EXTRACTORS, reason_against, setting_pairs, suggest

__all__ = [
    "EXTRACTORS",
    "FIELDS",
    "Draft",
    "Extractor",
    "LanguageModel",
    "LanguageModelSettings",
    "Rules",
    "RulesSettings",
    "reason_against",
    "setting_pairs",
    "suggest",
]

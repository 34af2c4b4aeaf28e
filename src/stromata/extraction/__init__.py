"""Studies, their arms, outcomes and values: forms, tables, suggestions, conversions, families."""

from importlib import import_module
from typing import TYPE_CHECKING

from stromata.extraction.adjudicate import (
    Difference,
    Merged,
    agreement,
    compare,
    merge,
    own_answers,
    study_tables,
    write_differences,
)
from stromata.extraction.columns import TABLES, Column, Table
from stromata.extraction.families import LinkProposal, OverlapProposal, propose_links, propose_overlaps
from stromata.extraction.forms import FORM_COLUMNS, form_fields, read_form, read_settlements, write_form
from stromata.extraction.tables import assemble, read_tables

if TYPE_CHECKING:
    from stromata.extraction.suggestions import (
        EXTRACTORS,
        FIELDS,
        Draft,
        Extractor,
        LanguageModel,
        LanguageModelSettings,
        Rules,
        RulesSettings,
        suggest,
    )

__all__ = [
    "EXTRACTORS",
    "FIELDS",
    "FORM_COLUMNS",
    "TABLES",
    "Column",
    "Difference",
    "Draft",
    "Extractor",
    "LanguageModel",
    "LanguageModelSettings",
    "LinkProposal",
    "Merged",
    "OverlapProposal",
    "Rules",
    "RulesSettings",
    "Table",
    "agreement",
    "assemble",
    "compare",
    "form_fields",
    "merge",
    "own_answers",
    "propose_links",
    "propose_overlaps",
    "read_form",
    "read_settlements",
    "read_tables",
    "study_tables",
    "suggest",
    "write_differences",
    "write_form",
]

_SUGGESTIONS = frozenset(
    {
        "EXTRACTORS",
        "FIELDS",
        "Draft",
        "Extractor",
        "LanguageModel",
        "LanguageModelSettings",
        "Rules",
        "RulesSettings",
        "suggest",
    }
)
"""Names that are loaded when they are first used: the patterns of the rules take long to compile."""


def __getattr__(name: str) -> object:
    """Load a name of the suggestions when it is first used."""
    if name not in _SUGGESTIONS:
        raise AttributeError(f"module 'stromata.extraction' has no attribute {name!r}")
    value: object = getattr(import_module("stromata.extraction.suggestions"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)

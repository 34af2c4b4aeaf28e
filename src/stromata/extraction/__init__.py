"""Studies, their arms, outcomes and values: forms, tables, suggestions, conversions, families."""

from typing import TYPE_CHECKING

from stromata import lazy
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

_SUGGESTIONS = (
    "EXTRACTORS",
    "FIELDS",
    "Draft",
    "Extractor",
    "LanguageModel",
    "LanguageModelSettings",
    "Rules",
    "RulesSettings",
    "suggest",
)
"""Names that are loaded when they are first used: the patterns of the rules take long to compile."""

__getattr__, __dir__ = lazy.names(__name__, dict.fromkeys(_SUGGESTIONS, "suggestions"), __all__)

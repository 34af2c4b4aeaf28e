"""Studies, their arms, outcomes and values: forms, tables, suggestions, conversions, families."""

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

__all__ = [
    "FORM_COLUMNS",
    "TABLES",
    "Column",
    "Difference",
    "LinkProposal",
    "Merged",
    "OverlapProposal",
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
    "write_differences",
    "write_form",
]

"""Risk of bias and critical appraisal: tools as data, their rules, forms to fill in, and how far people agree."""

from stromata.appraisal.compare import Agreement, Difference, Mark, agreement, columns, compare, marks
from stromata.appraisal.judge import MILD, Proposal, check, complete, propose
from stromata.appraisal.tables import FORM_COLUMNS, form_rows, form_text, read_finished, read_table
from stromata.appraisal.tool import OVERALL, Level, Tool, levels, tool, tools, tools_for

__all__ = [
    "FORM_COLUMNS",
    "MILD",
    "OVERALL",
    "Agreement",
    "Difference",
    "Level",
    "Mark",
    "Proposal",
    "Tool",
    "agreement",
    "check",
    "columns",
    "compare",
    "complete",
    "form_rows",
    "form_text",
    "levels",
    "marks",
    "propose",
    "read_finished",
    "read_table",
    "tool",
    "tools",
    "tools_for",
]

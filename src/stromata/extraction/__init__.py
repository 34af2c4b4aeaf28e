"""Studies, their arms, outcomes and values, read from the tables that people fill in by hand."""

from stromata.extraction.columns import TABLES, Column, Table
from stromata.extraction.tables import read_tables

__all__ = ["TABLES", "Column", "Table", "read_tables"]

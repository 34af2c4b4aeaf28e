"""From a review's values to what a reader holds: flow diagram, forest plots, the report, and tables to export."""

from stromata.reporting.citations import vancouver
from stromata.reporting.content import Agreement, ClaimComparison, ExcludedReport, ReportContent
from stromata.reporting.export import data_points_csv, guarded, studies_csv
from stromata.reporting.forest import Link, data_point_link, forest_svg
from stromata.reporting.lineage import lineage_gaps
from stromata.reporting.prisma import (
    MAIN_KINDS,
    OTHER_KINDS,
    Equation,
    FlowCounts,
    FlowRow,
    check,
    flow_svg,
    flow_table,
)
from stromata.reporting.report import render

__all__ = [
    "MAIN_KINDS",
    "OTHER_KINDS",
    "Agreement",
    "ClaimComparison",
    "Equation",
    "ExcludedReport",
    "FlowCounts",
    "FlowRow",
    "Link",
    "ReportContent",
    "check",
    "data_point_link",
    "data_points_csv",
    "flow_svg",
    "flow_table",
    "forest_svg",
    "guarded",
    "lineage_gaps",
    "render",
    "studies_csv",
    "vancouver",
]

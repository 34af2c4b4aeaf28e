"""From a review's values to what a reader holds: flow diagram, forest plots, the report, and tables to export."""

from stromata.reporting.appraisals import summary_svg, traffic_light_svgs
from stromata.reporting.citations import vancouver
from stromata.reporting.content import (
    Agreement,
    AppraisalLevel,
    AppraisalRow,
    AppraisalSection,
    ArmDose,
    AutomationUse,
    ClaimComparison,
    CohortReason,
    CustomAnswer,
    ExcludedReport,
    MapLabels,
    PublishedReview,
    ReportContent,
)
from stromata.reporting.evidence_map import EvidenceCell, evidence_cells, evidence_map_svg
from stromata.reporting.export import (
    appraisals_csv,
    data_points_csv,
    evidence_map_csv,
    guarded,
    overlap_csv,
    studies_csv,
)
from stromata.reporting.forest import Link, data_point_link, forest_svg
from stromata.reporting.lineage import lineage_gaps
from stromata.reporting.overlap import Area, Matrix, band, matrix
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
    "AppraisalLevel",
    "AppraisalRow",
    "AppraisalSection",
    "Area",
    "ArmDose",
    "AutomationUse",
    "ClaimComparison",
    "CohortReason",
    "CustomAnswer",
    "Equation",
    "EvidenceCell",
    "ExcludedReport",
    "FlowCounts",
    "FlowRow",
    "Link",
    "MapLabels",
    "Matrix",
    "PublishedReview",
    "ReportContent",
    "appraisals_csv",
    "band",
    "check",
    "data_point_link",
    "data_points_csv",
    "evidence_cells",
    "evidence_map_csv",
    "evidence_map_svg",
    "flow_svg",
    "flow_table",
    "forest_svg",
    "guarded",
    "lineage_gaps",
    "matrix",
    "overlap_csv",
    "render",
    "studies_csv",
    "summary_svg",
    "traffic_light_svgs",
    "vancouver",
]

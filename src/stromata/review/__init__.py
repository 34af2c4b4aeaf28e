"""What people do to a review: the use cases that every door calls, with roles, blinding and the order of stages."""

from stromata.review.demo import DemoResult, run_demo
from stromata.review.documents import protocol_yaml, read_protocol, read_text
from stromata.review.flow import flow
from stromata.review.history import LogEntry, events
from stromata.review.project import Clock, Project, create, info, open_project, protocol, verify
from stromata.review.references import find_duplicates, merge, reference, references, split
from stromata.review.reports import export, report_content, report_html
from stromata.review.screening import (
    StageProgress,
    agreements,
    conflicts,
    decide,
    import_decisions,
    import_resolutions,
    import_retrievals,
    progress_of,
    queue,
    record_retrieval,
    resolve,
    standings,
)
from stromata.review.select import Row, Selection, select
from stromata.review.sources import Imported, SourceDetails, import_account, import_file, import_files, sources
from stromata.review.studies import load_studies, studies
from stromata.review.synthesis import compute, run_plans, syntheses
from stromata.review.team import check_protocol, grant, revoke, set_protocol, team

__all__ = [
    "Clock",
    "DemoResult",
    "Imported",
    "LogEntry",
    "Project",
    "Row",
    "Selection",
    "SourceDetails",
    "StageProgress",
    "agreements",
    "check_protocol",
    "compute",
    "conflicts",
    "create",
    "decide",
    "events",
    "export",
    "find_duplicates",
    "flow",
    "grant",
    "import_account",
    "import_decisions",
    "import_file",
    "import_files",
    "import_resolutions",
    "import_retrievals",
    "info",
    "load_studies",
    "merge",
    "open_project",
    "progress_of",
    "protocol",
    "protocol_yaml",
    "queue",
    "read_protocol",
    "read_text",
    "record_retrieval",
    "reference",
    "references",
    "report_content",
    "report_html",
    "resolve",
    "revoke",
    "run_demo",
    "run_plans",
    "select",
    "set_protocol",
    "sources",
    "split",
    "standings",
    "studies",
    "syntheses",
    "team",
    "verify",
]

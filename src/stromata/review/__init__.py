"""What people do to a review: the use cases that every door calls, with roles, blinding and the order of stages.

A name is loaded when it is first used: a command that decides on one reference need not load what draws a forest plot.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from stromata import lazy

if TYPE_CHECKING:
    from stromata.review.analyses import analyse, coefficients, r_lines
    from stromata.review.appraisal import (
        AppraisalStanding,
        appraisal_agreement,
        appraisal_form,
        appraisals,
        compare_appraisals,
        load_appraisals,
        settle_appraisals,
        withdraw_appraisal,
    )
    from stromata.review.ballots import (
        OwnVote,
        Participation,
        Turnout,
        cast,
        close_round,
        load_votes,
        open_round,
        participation,
    )
    from stromata.review.certainty import (
        CertaintyStanding,
        certainty,
        certainty_form,
        findings,
        load_certainty,
        risk_from,
    )
    from stromata.review.demo import DemoResult, run_demo
    from stromata.review.documents import decode_as_given, protocol_yaml, read_as_given, read_protocol, read_text
    from stromata.review.duplicates import find_duplicates
    from stromata.review.extraction import (
        StudyExtraction,
        compare_extractions,
        extraction_agreement,
        extraction_form,
        extractions,
        finish_extraction,
        judge_suggestion,
        keep_suggestions,
        load_extraction,
        settle_extraction,
        suggestion_runs,
        withdraw_extraction,
    )
    from stromata.review.families import link_study, mark_cohort, propose_families, unlink_study
    from stromata.review.flow import flow
    from stromata.review.frames import frame_form, frames, load_frame
    from stromata.review.history import LogEntry, events
    from stromata.review.methods import Method, check_method
    from stromata.review.panel_results import PanelResults, accord, feedback, results, statements
    from stromata.review.panels import (
        StatementChanges,
        drop_statement,
        panel_people,
        panel_plan,
        review_statement,
        set_panel,
        set_statements,
    )
    from stromata.review.planning import check_protocol, set_protocol
    from stromata.review.practice import adopt_standard, adopted_standards, check_studies, export_standard, keep_check
    from stromata.review.project import Clock, Project, create, info, open_project, protocol, verify
    from stromata.review.ranking import RankingTable, explain_rank, is_stale, keep_ranked, rank, suspicious_verdicts
    from stromata.review.references import (
        answer_questions,
        explain_pair,
        keep_apart,
        merge,
        reference,
        references,
        split,
    )
    from stromata.review.reports import export, report_content, report_html, write_export
    from stromata.review.screening import (
        NextReference,
        StageProgress,
        StageStatus,
        agreements,
        conflicts,
        decide,
        left_of,
        next_reference,
        progress_of,
        queue,
        reason_differences,
        record_retrieval,
        resolve,
        screening_status,
        standings,
    )
    from stromata.review.screening_plan import PlanWish, plan_screening, read_limits, screening_plans
    from stromata.review.select import Row, Selection, select
    from stromata.review.sources import Imported, SourceDetails, import_account, import_file, import_files, sources
    from stromata.review.stopping import (
        AuditResult,
        LedgerEntry,
        assess_screening,
        audits,
        automation_of_screening,
        draw_audit,
        resume_screening,
        stop_screening,
    )
    from stromata.review.studies import load_studies, studies
    from stromata.review.synthesis import compute, run_plans, syntheses
    from stromata.review.team import grant, revoke, team
    from stromata.review.verdict_files import import_decisions, import_priors, import_resolutions, import_retrievals

_PUBLIC: dict[str, tuple[str, ...]] = {
    "analyses": (
        "analyse",
        "coefficients",
        "r_lines",
    ),
    "appraisal": (
        "AppraisalStanding",
        "appraisal_agreement",
        "appraisal_form",
        "appraisals",
        "compare_appraisals",
        "load_appraisals",
        "settle_appraisals",
        "withdraw_appraisal",
    ),
    "ballots": (
        "OwnVote",
        "Participation",
        "Turnout",
        "cast",
        "close_round",
        "load_votes",
        "open_round",
        "participation",
    ),
    "certainty": (
        "CertaintyStanding",
        "certainty",
        "certainty_form",
        "findings",
        "load_certainty",
        "risk_from",
    ),
    "demo": (
        "DemoResult",
        "run_demo",
    ),
    "documents": (
        "decode_as_given",
        "protocol_yaml",
        "read_as_given",
        "read_protocol",
        "read_text",
    ),
    "duplicates": ("find_duplicates",),
    "extraction": (
        "StudyExtraction",
        "compare_extractions",
        "extraction_agreement",
        "extraction_form",
        "extractions",
        "finish_extraction",
        "judge_suggestion",
        "keep_suggestions",
        "load_extraction",
        "settle_extraction",
        "suggestion_runs",
        "withdraw_extraction",
    ),
    "families": (
        "link_study",
        "mark_cohort",
        "propose_families",
        "unlink_study",
    ),
    "flow": ("flow",),
    "frames": (
        "frame_form",
        "frames",
        "load_frame",
    ),
    "history": (
        "LogEntry",
        "events",
    ),
    "methods": (
        "Method",
        "check_method",
    ),
    "panel_results": (
        "PanelResults",
        "accord",
        "feedback",
        "results",
        "statements",
    ),
    "panels": (
        "StatementChanges",
        "drop_statement",
        "panel_people",
        "panel_plan",
        "review_statement",
        "set_panel",
        "set_statements",
    ),
    "planning": (
        "check_protocol",
        "set_protocol",
    ),
    "practice": (
        "adopt_standard",
        "adopted_standards",
        "check_studies",
        "export_standard",
        "keep_check",
    ),
    "project": (
        "Clock",
        "Project",
        "create",
        "info",
        "open_project",
        "protocol",
        "verify",
    ),
    "ranking": (
        "RankingTable",
        "explain_rank",
        "is_stale",
        "keep_ranked",
        "rank",
        "suspicious_verdicts",
    ),
    "references": (
        "answer_questions",
        "explain_pair",
        "keep_apart",
        "merge",
        "reference",
        "references",
        "split",
    ),
    "reports": (
        "export",
        "report_content",
        "report_html",
        "write_export",
    ),
    "screening": (
        "NextReference",
        "StageProgress",
        "StageStatus",
        "agreements",
        "conflicts",
        "decide",
        "left_of",
        "next_reference",
        "progress_of",
        "queue",
        "reason_differences",
        "record_retrieval",
        "resolve",
        "screening_status",
        "standings",
    ),
    "screening_plan": (
        "PlanWish",
        "plan_screening",
        "read_limits",
        "screening_plans",
    ),
    "select": (
        "Row",
        "Selection",
        "select",
    ),
    "sources": (
        "Imported",
        "SourceDetails",
        "import_account",
        "import_file",
        "import_files",
        "sources",
    ),
    "stopping": (
        "AuditResult",
        "LedgerEntry",
        "assess_screening",
        "audits",
        "automation_of_screening",
        "draw_audit",
        "resume_screening",
        "stop_screening",
    ),
    "studies": (
        "load_studies",
        "studies",
    ),
    "synthesis": (
        "compute",
        "run_plans",
        "syntheses",
    ),
    "team": (
        "grant",
        "revoke",
        "team",
    ),
    "verdict_files": (
        "import_decisions",
        "import_priors",
        "import_resolutions",
        "import_retrievals",
    ),
}
"""The public names by the module that they live in."""

__all__ = [
    "AppraisalStanding",
    "AuditResult",
    "CertaintyStanding",
    "Clock",
    "DemoResult",
    "Imported",
    "LedgerEntry",
    "LogEntry",
    "Method",
    "NextReference",
    "OwnVote",
    "PanelResults",
    "Participation",
    "PlanWish",
    "Project",
    "RankingTable",
    "Row",
    "Selection",
    "SourceDetails",
    "StageProgress",
    "StageStatus",
    "StatementChanges",
    "StudyExtraction",
    "Turnout",
    "accord",
    "adopt_standard",
    "adopted_standards",
    "agreements",
    "analyse",
    "answer_questions",
    "appraisal_agreement",
    "appraisal_form",
    "appraisals",
    "assess_screening",
    "audits",
    "automation_of_screening",
    "cast",
    "certainty",
    "certainty_form",
    "check_method",
    "check_protocol",
    "check_studies",
    "close_round",
    "coefficients",
    "compare_appraisals",
    "compare_extractions",
    "compute",
    "conflicts",
    "create",
    "decide",
    "decode_as_given",
    "draw_audit",
    "drop_statement",
    "events",
    "explain_pair",
    "explain_rank",
    "export",
    "export_standard",
    "extraction_agreement",
    "extraction_form",
    "extractions",
    "feedback",
    "find_duplicates",
    "findings",
    "finish_extraction",
    "flow",
    "frame_form",
    "frames",
    "grant",
    "import_account",
    "import_decisions",
    "import_file",
    "import_files",
    "import_priors",
    "import_resolutions",
    "import_retrievals",
    "info",
    "is_stale",
    "judge_suggestion",
    "keep_apart",
    "keep_check",
    "keep_ranked",
    "keep_suggestions",
    "left_of",
    "link_study",
    "load_appraisals",
    "load_certainty",
    "load_extraction",
    "load_frame",
    "load_studies",
    "load_votes",
    "mark_cohort",
    "merge",
    "next_reference",
    "open_project",
    "open_round",
    "panel_people",
    "panel_plan",
    "participation",
    "plan_screening",
    "progress_of",
    "propose_families",
    "protocol",
    "protocol_yaml",
    "queue",
    "r_lines",
    "rank",
    "read_as_given",
    "read_limits",
    "read_protocol",
    "read_text",
    "reason_differences",
    "record_retrieval",
    "reference",
    "references",
    "report_content",
    "report_html",
    "resolve",
    "results",
    "resume_screening",
    "review_statement",
    "revoke",
    "risk_from",
    "run_demo",
    "run_plans",
    "screening_plans",
    "screening_status",
    "select",
    "set_panel",
    "set_protocol",
    "set_statements",
    "settle_appraisals",
    "settle_extraction",
    "sources",
    "split",
    "standings",
    "statements",
    "stop_screening",
    "studies",
    "suggestion_runs",
    "suspicious_verdicts",
    "syntheses",
    "team",
    "unlink_study",
    "verify",
    "withdraw_appraisal",
    "withdraw_extraction",
    "write_export",
]

_HOME = {name: module for module, names in _PUBLIC.items() for name in names}


class _Package(ModuleType):
    """The package, in which a use case goes before the module of the same name, such as `flow`."""

    def __setattr__(self, name: str, value: object) -> None:
        """Keep an attribute, unless Python hangs up a module where a public name belongs."""
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


__getattr__, __dir__ = lazy.names(__name__, _HOME, __all__)


sys.modules[__name__].__class__ = _Package

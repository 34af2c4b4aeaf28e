"""What reviewers decided, where each reference stands, and how far they agree."""

from stromata.screening.agreement import Agreement, agreement
from stromata.screening.standing import Standing, State, counted_reason, required_reviewers, standing
from stromata.screening.tables import DECISIONS, PRIORS, RESOLUTIONS, RETRIEVALS, Layout, Row, read_rows

__all__ = [
    "DECISIONS",
    "PRIORS",
    "RESOLUTIONS",
    "RETRIEVALS",
    "Agreement",
    "Layout",
    "Row",
    "Standing",
    "State",
    "agreement",
    "counted_reason",
    "read_rows",
    "required_reviewers",
    "standing",
]

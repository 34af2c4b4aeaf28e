"""What to read first, what reviewers decided, how far they agree, when to stop; finished screenings replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stromata import lazy
from stromata.screening.agreement import Agreement, agreement
from stromata.screening.standing import Standing, State, counted_reason, required_reviewers, standing
from stromata.screening.tables import DECISIONS, PRIORS, RESOLUTIONS, RETRIEVALS, Layout, Row, read_rows

if TYPE_CHECKING:
    from stromata.screening.asreview import Project, read_project, write_project
    from stromata.screening.documents import Document, Explanation, Label, Ranker, Ranking, Reason, Topic
    from stromata.screening.labelled import LabelledSet, labelled_set, read_table
    from stromata.screening.metrics import Measures, measures, recall_curve
    from stromata.screening.rankers import RANKERS
    from stromata.screening.simulate import Plan, Replay, Task, replay, replay_all
    from stromata.screening.stopping import RULES, Assessment, Control, Reading, Target, assess

__all__ = [
    "DECISIONS",
    "PRIORS",
    "RANKERS",
    "RESOLUTIONS",
    "RETRIEVALS",
    "RULES",
    "Agreement",
    "Assessment",
    "Control",
    "Document",
    "Explanation",
    "Label",
    "LabelledSet",
    "Layout",
    "Measures",
    "Plan",
    "Project",
    "Ranker",
    "Ranking",
    "Reading",
    "Reason",
    "Replay",
    "Row",
    "Standing",
    "State",
    "Target",
    "Task",
    "Topic",
    "agreement",
    "assess",
    "counted_reason",
    "labelled_set",
    "measures",
    "read_project",
    "read_rows",
    "read_table",
    "recall_curve",
    "replay",
    "replay_all",
    "required_reviewers",
    "standing",
    "write_project",
]

_LATER = {
    "asreview": ("Project", "read_project", "write_project"),
    "documents": ("Document", "Explanation", "Label", "Ranker", "Ranking", "Reason", "Topic"),
    "labelled": ("LabelledSet", "labelled_set", "read_table"),
    "metrics": ("Measures", "measures", "recall_curve"),
    "rankers": ("RANKERS",),
    "simulate": ("Plan", "Replay", "Task", "replay", "replay_all"),
    "stopping": ("RULES", "Assessment", "Control", "Reading", "Target", "assess"),
}
"""Names by module. Each is loaded when it is first used: NumPy and SciPy load slowly, and verdicts need neither."""

_MODULES = {name: module for module, names in _LATER.items() for name in names}

__getattr__, __dir__ = lazy.names(__name__, _MODULES, __all__)

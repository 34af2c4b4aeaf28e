"""When to stop reading: what may be left, and whether a stated target has been met."""

from stromata.screening.stopping.rules import DEFAULT, RULES, Rule, assess
from stromata.screening.stopping.words import Assessment, Control, Estimate, More, Reading, Target

__all__ = [
    "DEFAULT",
    "RULES",
    "Assessment",
    "Control",
    "Estimate",
    "More",
    "Reading",
    "Rule",
    "Target",
    "assess",
]

"""Effect sizes and pooled results, honest at six patients and at none or all events.

``effect_sizes`` (or ``table_effects`` for the text cells of a table) turns counts and means into effects; ``pool``
turns effects into a synthesis. The measures stand in ``MEASURES``, the estimators of tau-squared in ``heterogeneity``.
"""

from stromata.synthesis.cautions import CAUTION_CODES
from stromata.synthesis.effects import effect_sizes
from stromata.synthesis.intervals import FloatArray, exact_interval, wilson_interval
from stromata.synthesis.measures import MEASURES, Measure, get_measure
from stromata.synthesis.pooling import pool
from stromata.synthesis.tables import table_effects

__all__ = [
    "CAUTION_CODES",
    "MEASURES",
    "FloatArray",
    "Measure",
    "effect_sizes",
    "exact_interval",
    "get_measure",
    "pool",
    "table_effects",
    "wilson_interval",
]

"""Effect sizes and pooled results, honest at six patients and at none or all events.

``effect_sizes`` (or ``table_effects`` for the text cells of a table) turns counts and means into effects; ``pool``
turns effects into a synthesis; ``pool_estimates`` and ``pool_many`` pool plain arrays, one set or thousands. The
measures stand in ``MEASURES``, the estimators of tau-squared in ``heterogeneity``.
"""

from stromata.synthesis.cautions import CAUTION_CODES
from stromata.synthesis.conversions import (
    d_to_log_odds_ratio,
    d_to_r,
    log_odds_ratio_to_d,
    log_odds_ratio_to_r,
    r_to_d,
    r_to_log_odds_ratio,
    r_to_z,
    z_to_r,
)
from stromata.synthesis.effects import effect_arrays, effect_sizes
from stromata.synthesis.estimates import PooledEstimate, PooledMany, pool_estimates, pool_many
from stromata.synthesis.intervals import FloatArray, exact_interval, exact_rate_interval, wilson_interval
from stromata.synthesis.measures import MEASURES, Measure, get_measure
from stromata.synthesis.pooling import pool
from stromata.synthesis.tables import table_effects

__all__ = [
    "CAUTION_CODES",
    "MEASURES",
    "FloatArray",
    "Measure",
    "PooledEstimate",
    "PooledMany",
    "d_to_log_odds_ratio",
    "d_to_r",
    "effect_arrays",
    "effect_sizes",
    "exact_interval",
    "exact_rate_interval",
    "get_measure",
    "log_odds_ratio_to_d",
    "log_odds_ratio_to_r",
    "pool",
    "pool_estimates",
    "pool_many",
    "r_to_d",
    "r_to_log_odds_ratio",
    "r_to_z",
    "table_effects",
    "wilson_interval",
    "z_to_r",
]

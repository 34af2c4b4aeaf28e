"""Effect sizes, models, and what tells how far they can be trusted; honest at six patients and at none or all events.

``effect_sizes`` (or ``table_effects`` for the text cells of a table) turns counts and means into effects; ``pool``
turns effects into a synthesis; ``pool_estimates`` and ``pool_many`` pool plain arrays, one set or thousands.
``regress``, ``pool_mv``, ``pool_glmm``, ``pool_bayes`` and ``network`` fit the larger models; ``recommend`` says which
model suits sparse data. The measures stand in ``MEASURES``.
"""

from typing import TYPE_CHECKING

from stromata import lazy

if TYPE_CHECKING:
    from stromata.synthesis.advice import Advice, recommend, side_by_side
    from stromata.synthesis.bayesian.counts import PooledBayesCounts, pool_bayes_counts
    from stromata.synthesis.bayesian.estimates import PooledBayes, pool_bayes
    from stromata.synthesis.bias.asymmetry import henmi_copas, pet_peese, ranktest, regtest, trimfill
    from stromata.synthesis.bias.evidence_value import p_curve, tes
    from stromata.synthesis.bias.failsafe import fsn
    from stromata.synthesis.bias.selection import selmodel, three_parameter
    from stromata.synthesis.bias.table_asymmetry import ranktest_tables, regtest_tables
    from stromata.synthesis.cautions import CAUTION_CODES
    from stromata.synthesis.counts.beta_binomial import PooledBetaBinomial, pool_beta_binomial
    from stromata.synthesis.counts.glmm import PooledGlmm, pool_glmm
    from stromata.synthesis.counts.glmm_moderators import GlmmRegression
    from stromata.synthesis.curves.diagnostic import accuracy, area, region, study_accuracy, summary_curve
    from stromata.synthesis.curves.dose_response import predict_doses
    from stromata.synthesis.effects.conversions import (
        d_to_log_odds_ratio,
        d_to_r,
        log_odds_ratio_to_d,
        log_odds_ratio_to_r,
        r_to_d,
        r_to_log_odds_ratio,
        r_to_z,
        z_to_r,
    )
    from stromata.synthesis.effects.measures import MEASURES, Measure, get_measure
    from stromata.synthesis.effects.sizes import effect_arrays, effect_sizes
    from stromata.synthesis.effects.tables import table_effects
    from stromata.synthesis.intervals import FloatArray, exact_interval, exact_rate_interval, wilson_interval
    from stromata.synthesis.multilevel.diagnostics import influence_mv, leave_one_out_mv
    from stromata.synthesis.multilevel.inference import (
        compare_fits,
        component_intervals,
        contrast_mv,
        predict_mv,
        profile_likelihood,
        random_effects,
        residuals_mv,
    )
    from stromata.synthesis.multilevel.multivariate import MultilevelFit, pool_mv
    from stromata.synthesis.multilevel.robust import (
        cluster_robust,
        contrast_robust,
        robust_estimate,
        robust_regression,
    )
    from stromata.synthesis.multilevel.sampling_covariance import (
        SamplingCovariance,
        aggregate_effects,
        sampling_covariance,
    )
    from stromata.synthesis.networks.contribution import contributions
    from stromata.synthesis.networks.inconsistency import inconsistency, split
    from stromata.synthesis.networks.network import Network, edges, league, network
    from stromata.synthesis.networks.ranking import p_scores, rank_probabilities
    from stromata.synthesis.networks.rare_events import network_conditional, network_mh
    from stromata.synthesis.pooling.estimates import PooledEstimate, PooledMany, pool_estimates, pool_many
    from stromata.synthesis.pooling.pool import pool
    from stromata.synthesis.regression.formulas import ModelMatrix, model_matrix, new_rows
    from stromata.synthesis.regression.inference import contrast, likelihood_ratio, predict, variance_inflation
    from stromata.synthesis.regression.meta_regression import MetaRegression, regress
    from stromata.synthesis.regression.permutation import permutation_test
    from stromata.synthesis.results.account import Table
    from stromata.synthesis.results.result import (
        Result,
        methods_text,
        r_call,
        results_text,
        to_data,
        to_json,
        to_table,
    )
    from stromata.synthesis.sensitivity import blups, cumulative, gosh, influence, leave_one_out
    from stromata.synthesis.sequential import (
        diversity,
        fragility,
        fragility_of_synthesis,
        monitoring_boundaries,
        penalised_z,
        required_information,
        required_people,
        trial_sequential,
    )

__all__ = [
    "CAUTION_CODES",
    "MEASURES",
    "Advice",
    "FloatArray",
    "GlmmRegression",
    "Measure",
    "MetaRegression",
    "ModelMatrix",
    "MultilevelFit",
    "Network",
    "PooledBayes",
    "PooledBayesCounts",
    "PooledBetaBinomial",
    "PooledEstimate",
    "PooledGlmm",
    "PooledMany",
    "Result",
    "SamplingCovariance",
    "Table",
    "accuracy",
    "aggregate_effects",
    "area",
    "blups",
    "cluster_robust",
    "compare_fits",
    "component_intervals",
    "contrast",
    "contrast_mv",
    "contrast_robust",
    "contributions",
    "cumulative",
    "d_to_log_odds_ratio",
    "d_to_r",
    "diversity",
    "edges",
    "effect_arrays",
    "effect_sizes",
    "exact_interval",
    "exact_rate_interval",
    "fragility",
    "fragility_of_synthesis",
    "fsn",
    "get_measure",
    "gosh",
    "henmi_copas",
    "inconsistency",
    "influence",
    "influence_mv",
    "league",
    "leave_one_out",
    "leave_one_out_mv",
    "likelihood_ratio",
    "log_odds_ratio_to_d",
    "log_odds_ratio_to_r",
    "methods_text",
    "model_matrix",
    "monitoring_boundaries",
    "network",
    "network_conditional",
    "network_mh",
    "new_rows",
    "p_curve",
    "p_scores",
    "penalised_z",
    "permutation_test",
    "pet_peese",
    "pool",
    "pool_bayes",
    "pool_bayes_counts",
    "pool_beta_binomial",
    "pool_estimates",
    "pool_glmm",
    "pool_many",
    "pool_mv",
    "predict",
    "predict_doses",
    "predict_mv",
    "profile_likelihood",
    "r_call",
    "r_to_d",
    "r_to_log_odds_ratio",
    "r_to_z",
    "random_effects",
    "rank_probabilities",
    "ranktest",
    "ranktest_tables",
    "recommend",
    "region",
    "regress",
    "regtest",
    "regtest_tables",
    "required_information",
    "required_people",
    "residuals_mv",
    "results_text",
    "robust_estimate",
    "robust_regression",
    "sampling_covariance",
    "selmodel",
    "side_by_side",
    "split",
    "study_accuracy",
    "summary_curve",
    "table_effects",
    "tes",
    "three_parameter",
    "to_data",
    "to_json",
    "to_table",
    "trial_sequential",
    "trimfill",
    "variance_inflation",
    "wilson_interval",
    "z_to_r",
]

_LATER: dict[str, tuple[str, ...]] = {
    "advice": (
        "Advice",
        "recommend",
        "side_by_side",
    ),
    "bayesian.counts": (
        "PooledBayesCounts",
        "pool_bayes_counts",
    ),
    "bayesian.estimates": (
        "PooledBayes",
        "pool_bayes",
    ),
    "bias.asymmetry": (
        "henmi_copas",
        "pet_peese",
        "ranktest",
        "regtest",
        "trimfill",
    ),
    "bias.evidence_value": (
        "p_curve",
        "tes",
    ),
    "bias.failsafe": ("fsn",),
    "bias.selection": (
        "selmodel",
        "three_parameter",
    ),
    "bias.table_asymmetry": (
        "ranktest_tables",
        "regtest_tables",
    ),
    "cautions": ("CAUTION_CODES",),
    "counts.beta_binomial": (
        "PooledBetaBinomial",
        "pool_beta_binomial",
    ),
    "counts.glmm": (
        "PooledGlmm",
        "pool_glmm",
    ),
    "counts.glmm_moderators": ("GlmmRegression",),
    "curves.diagnostic": (
        "accuracy",
        "area",
        "region",
        "study_accuracy",
        "summary_curve",
    ),
    "curves.dose_response": ("predict_doses",),
    "effects.conversions": (
        "d_to_log_odds_ratio",
        "d_to_r",
        "log_odds_ratio_to_d",
        "log_odds_ratio_to_r",
        "r_to_d",
        "r_to_log_odds_ratio",
        "r_to_z",
        "z_to_r",
    ),
    "effects.measures": (
        "MEASURES",
        "Measure",
        "get_measure",
    ),
    "effects.sizes": (
        "effect_arrays",
        "effect_sizes",
    ),
    "effects.tables": ("table_effects",),
    "intervals": (
        "FloatArray",
        "exact_interval",
        "exact_rate_interval",
        "wilson_interval",
    ),
    "multilevel.inference": (
        "compare_fits",
        "component_intervals",
        "contrast_mv",
        "predict_mv",
        "profile_likelihood",
        "random_effects",
        "residuals_mv",
    ),
    "multilevel.multivariate": (
        "MultilevelFit",
        "pool_mv",
    ),
    "multilevel.diagnostics": (
        "influence_mv",
        "leave_one_out_mv",
    ),
    "multilevel.robust": (
        "cluster_robust",
        "contrast_robust",
        "robust_estimate",
        "robust_regression",
    ),
    "multilevel.sampling_covariance": (
        "SamplingCovariance",
        "aggregate_effects",
        "sampling_covariance",
    ),
    "networks.contribution": ("contributions",),
    "networks.inconsistency": (
        "inconsistency",
        "split",
    ),
    "networks.rare_events": ("network_conditional", "network_mh"),
    "networks.network": (
        "Network",
        "edges",
        "league",
        "network",
    ),
    "networks.ranking": (
        "p_scores",
        "rank_probabilities",
    ),
    "pooling.estimates": (
        "PooledEstimate",
        "PooledMany",
        "pool_estimates",
        "pool_many",
    ),
    "pooling.pool": ("pool",),
    "regression.formulas": (
        "ModelMatrix",
        "model_matrix",
        "new_rows",
    ),
    "regression.inference": (
        "contrast",
        "likelihood_ratio",
        "predict",
        "variance_inflation",
    ),
    "regression.meta_regression": (
        "MetaRegression",
        "regress",
    ),
    "regression.permutation": ("permutation_test",),
    "results.account": ("Table",),
    "results.result": (
        "Result",
        "methods_text",
        "r_call",
        "results_text",
        "to_data",
        "to_json",
        "to_table",
    ),
    "sensitivity": (
        "blups",
        "cumulative",
        "gosh",
        "influence",
        "leave_one_out",
    ),
    "sequential": (
        "diversity",
        "fragility",
        "fragility_of_synthesis",
        "monitoring_boundaries",
        "penalised_z",
        "required_information",
        "required_people",
        "trial_sequential",
    ),
}
"""Names by module. Each is loaded when it is first used: no work needs them all, and NumPy and SciPy load slowly."""

_MODULES = {name: module for module, names in _LATER.items() for name in names}

__getattr__, __dir__ = lazy.names(__name__, _MODULES, __all__)

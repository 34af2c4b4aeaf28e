"""One small answer of every public function that gives a result."""

from collections.abc import Callable
from functools import cache

from stromata import synthesis as st
from stromata.synthesis.bayesian.priors import half_normal

Y = [0.1, 0.25, 0.4, 0.7, 0.9, 0.3, 0.8]
V = [0.01, 0.02, 0.03, 0.08, 0.1, 0.02, 0.12]
STUDIES = ["a", "a", "b", "b", "c", "c"]
TABLES = {"ai": [4, 6, 9, 20], "n1i": [40, 50, 90, 300], "ci": [9, 9, 12, 22], "n2i": [40, 52, 88, 310]}
ARMS = {
    "study": ["1", "1", "2", "2", "3", "3", "4", "4", "4"],
    "treatment": ["cells", "placebo", "cells", "steroids", "placebo", "steroids", "cells", "placebo", "steroids"],
    "events": [4, 10, 6, 8, 9, 7, 5, 9, 6],
    "n": [30, 31, 28, 29, 33, 30, 30, 30, 30],
}


def fit(**options):
    data = {"study": STUDIES}
    return st.pool_mv([0.1, 0.2, 0.5, 0.4, 0.9, 0.7], [0.04] * 6, random="~ 1 | study", data=data, **options)


def net():
    return st.network(**ARMS, measure="OR")


def regression():
    return st.regress(Y, V, "~ dose", data={"dose": [1, 3, 2, 5, 4, 7, 6]})


ANSWERS: dict[str, Callable[[], object]] = {
    "accuracy": lambda: st.accuracy([18, 25, 9, 30], [2, 4, 3, 9], [5, 9, 4, 12], [40, 60, 33, 50]),
    "blups": lambda: st.blups(Y, V),
    "cluster_robust": lambda: st.cluster_robust(fit(), STUDIES),
    "compare_fits": lambda: st.compare_fits(fit(), fit(sigma2=0)),
    "contrast": lambda: st.contrast(regression(), {"dose": 2}),
    "contrast_mv": lambda: st.contrast_mv(fit(), [1.0]),
    "contrast_robust": lambda: st.contrast_robust(fit(), STUDIES, [1.0]),
    "contributions": lambda: st.contributions(net()),
    "cumulative": lambda: st.cumulative(Y, V),
    "fragility": lambda: st.fragility(1, 100, 9, 100),
    "fragility_of_synthesis": lambda: st.fragility_of_synthesis([1, 2], [50, 60], [7, 9], [50, 60]),
    "fsn": lambda: st.fsn(Y, V),
    "gosh": lambda: st.gosh(Y, V),
    "henmi_copas": lambda: st.henmi_copas(Y, V),
    "inconsistency": lambda: st.inconsistency(net()),
    "influence": lambda: st.influence(Y, V),
    "influence_mv": lambda: st.influence_mv(fit()),
    "leave_one_out": lambda: st.leave_one_out(Y, V),
    "leave_one_out_mv": lambda: st.leave_one_out_mv(fit()),
    "likelihood_ratio": lambda: st.likelihood_ratio(
        *(st.regress(Y, V, f, data={"dose": [1, 3, 2, 5, 4, 7, 6]}, method="ml") for f in ("~ dose", "~ 1"))
    ),
    "network": net,
    "network_conditional": lambda: st.network_conditional(**ARMS),
    "network_mh": lambda: st.network_mh(**ARMS),
    "p_curve": lambda: st.p_curve(Y, V),
    "permutation_test": lambda: st.permutation_test(regression(), permutations=50),
    "pet_peese": lambda: st.pet_peese(Y, V),
    "pool": lambda: st.pool(st.effect_sizes("OR", **TABLES)),
    "pool_bayes": lambda: st.pool_bayes(Y, V, tau_prior=half_normal(0.5)),
    "pool_bayes_counts": lambda: st.pool_bayes_counts(xi=[0, 2], ni=[6, 9], tau_prior=half_normal(0.5)),
    "pool_beta_binomial": lambda: st.pool_beta_binomial("PLO", xi=[6, 4, 0], ni=[6, 9, 12]),
    "pool_estimates": lambda: st.pool_estimates(Y, V),
    "pool_glmm": lambda: st.pool_glmm("OR", model="cm.al", **TABLES),
    "pool_many": lambda: st.pool_many(Y, V, list("aaabbbb")),
    "pool_mv": fit,
    "rank_probabilities": lambda: st.rank_probabilities(net(), better="lower", draws=1000),
    "ranktest": lambda: st.ranktest(Y, V),
    "ranktest_tables": lambda: st.ranktest_tables(**TABLES),
    "predict_mv": lambda: st.predict_mv(fit()),
    "residuals_mv": lambda: st.residuals_mv(fit()),
    "regress": regression,
    "regtest": lambda: st.regtest(Y, V),
    "regtest_tables": lambda: st.regtest_tables(**TABLES, type="peters"),
    "robust_estimate": lambda: st.robust_estimate(Y, V, list("aabbccd")),
    "robust_regression": lambda: st.robust_regression(Y, V, list("aabbccd")),
    "selmodel": lambda: st.selmodel(Y, V, type="halfnorm"),
    "tes": lambda: st.tes(Y, V),
    "three_parameter": lambda: st.three_parameter(Y, V),
    "trial_sequential": lambda: st.trial_sequential(Y, V, delta=0.3),
    "trimfill": lambda: st.trimfill(Y, V),
}
"""By the name of the function."""


@cache
def answer(name):
    """Return the answer of a function; results are frozen, so that one serves all tests."""
    return ANSWERS[name]()

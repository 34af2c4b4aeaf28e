import math

import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.multilevel.diagnostics import influence_mv, leave_one_out_mv
from stromata.synthesis.multilevel.multivariate import pool_mv
from stromata.synthesis.multilevel.sampling_covariance import sampling_covariance
from synthesis.multilevel.test_multivariate import THREE_LEVELS, berkey, calendars
from synthesis.published_dependent import BERKEY, CALENDARS

DISTRICT = np.array(CALENDARS["district"])


def without(rows, **options):
    """Refit the three-level model from the data without some rows."""
    kept = [i for i in range(56) if i not in set(rows)]
    data = {name: [values[i] for i in kept] for name, values in CALENDARS.items()}
    return pool_mv(data["yi"], data["vi"], random=THREE_LEVELS, data=data, **options)


# metafor 3.8-1, rstudent(..., cluster = district), cooks.distance(..., cluster = district).
def test_deletion_of_clusters_agrees_with_metafor():
    found = influence_mv(calendars(), cluster=CALENDARS["district"])
    assert found.labels[:2] == ("11", "12")
    assert found.residual[:2] == pytest.approx([-0.386985008755523, -0.426985008755523], rel=1e-5)
    assert found.se[:3] == pytest.approx([0.473911706941795, 0.473911706941795, 0.500591955565095], rel=1e-5)
    assert found.cook[:3] == pytest.approx([0.0693784141842406, 0.0161880606003738, 0.0419849758752858], rel=1e-5)


# metafor 3.8-1, rma.mv(yi, V, mods = ~ outcome - 1, random = ~ outcome | trial, struct = "UN"): rstudent(),
# cooks.distance() and dfbetas() with cluster = trial, whose search stops at about five digits.
def test_deletion_of_trials_with_two_outcomes_agrees_with_metafor():
    found = influence_mv(berkey(), cluster=BERKEY["trial"])
    assert found.joint == pytest.approx(
        [1.76322669936, 8.80429050565, 3.18131868207, 1.54993529333, 4.05659054553], rel=1e-5
    )
    assert found.rstudent[2:4] == pytest.approx([-1.4455587063261, -2.6424611926727], rel=1e-4)
    assert found.cook == pytest.approx(
        [0.458317646959, 0.996805294309, 0.749794969462, 0.457309605464, 0.576373329001], rel=1e-4
    )
    assert found.dfbetas[1] == pytest.approx([-1.37193130921685, -0.9166081496134], rel=1e-4)
    assert found.joint_df == (2,) * 5


def test_a_refit_is_the_fit_of_the_rest():
    fit = calendars(test="t")
    refits = leave_one_out_mv(fit, cluster=CALENDARS["district"])
    own = without(np.flatnonzero(DISTRICT == 71), test="t")
    i = refits.labels.index("71")
    assert refits.k[i] == 53
    assert refits.beta[i] == pytest.approx(own.beta, rel=1e-9)
    assert (refits.se[i], refits.ci_low[i]) == (pytest.approx(own.se, rel=1e-8), pytest.approx(own.ci_low, rel=1e-8))
    assert refits.components[i] == pytest.approx(own.values("sigma2"), rel=1e-7)
    assert refits.q[i] == pytest.approx(own.q, rel=1e-10)


def test_deleted_residuals_of_effects_are_those_of_plain_matrices():
    fit = calendars()
    found = influence_mv(fit)
    own = without([10])
    spread = CALENDARS["vi"][10] + sum(own.values("sigma2")) + own.se[0] ** 2
    residual = CALENDARS["yi"][10] - own.beta[0]
    assert found.rstudent[10] == pytest.approx(residual / math.sqrt(spread), rel=1e-7)
    assert found.joint[10] == pytest.approx(found.rstudent[10] ** 2)
    assert found.cook[10] == pytest.approx((fit.beta[0] - own.beta[0]) ** 2 / fit.se[0] ** 2, rel=1e-6)
    assert found.cov_ratio[10] == pytest.approx(own.se[0] ** 2 / fit.se[0] ** 2, rel=1e-7)
    held = calendars(sigma2=list(own.values("sigma2")))
    assert found.dfbetas[10, 0] == pytest.approx((fit.beta[0] - own.beta[0]) / held.se[0], rel=1e-6)
    assert found.hat.sum() == pytest.approx(1.0)
    assert found.weight.sum() == pytest.approx(100.0)


def test_a_cluster_that_carries_a_coefficient_alone_has_no_refit():
    x = np.column_stack([np.ones(56), DISTRICT == 71])
    found = influence_mv(calendars(X=x), cluster=CALENDARS["district"])
    lone = np.array([label == "71" for label in found.labels])
    assert np.isnan(found.cook[lone]).all()
    assert np.isfinite(found.cook[~lone]).all()
    assert np.isnan(found.rstudent[DISTRICT == 71]).all()
    assert "not-estimable-without" in {caution.code for caution in found.refits.cautions}


def test_the_spread_of_an_outcome_seen_once_is_unknown_without_it():
    y = [0.1, 0.4, 0.2, 0.3, 0.7, 0.1, 0.5]
    data = {"study": [1, 1, 2, 3, 3, 4, 4], "out": ["x", "y", "x", "x", "y", "x", "z"]}
    fit = pool_mv(y, [0.02] * 7, random="~ out | study", struct="UN", data=data)
    found = influence_mv(fit)
    assert np.isnan(found.rstudent).tolist() == [False] * 6 + [True]
    assert np.isfinite(found.cook).all()


def test_an_outlying_cluster_is_the_one_that_stands_out():
    rng = np.random.default_rng(4)
    study = np.repeat(np.arange(10), 3)
    y = rng.normal(0.0, 0.1, 30) + 2.0 * (study == 6)
    V = sampling_covariance([0.02] * 30, cluster=study, obs=list(range(30)), rho=0.5)
    found = influence_mv(pool_mv(y, V, random="~ 1 | study", data={"study": study}), cluster=study)
    assert int(np.argmax(found.joint)) == 6
    assert int(np.argmax(found.cook)) == 6
    assert found.joint_p[6] < 1e-6


def test_one_cluster_alone_cannot_be_left_out():
    with pytest.raises(InvalidInput, match="one cluster"):
        leave_one_out_mv(calendars(), cluster=["a"] * 56)
    with pytest.raises(InvalidInput, match="3 cluster labels for 56"):
        leave_one_out_mv(calendars(), cluster=["a", "b", "c"])

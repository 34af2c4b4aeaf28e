import math
import pickle

import numpy as np
import pytest
from scipy import stats

from stromata.synthesis.multilevel.fitted_model import CODES, omnibus, wald
from stromata.synthesis.multilevel.multivariate import pool_mv
from synthesis.multilevel.test_multivariate import berkey, calendars
from synthesis.published_dependent import CALENDARS


def test_wald_tests_are_normal_or_students():
    covariance = np.diag([0.04, 0.25])
    found = wald(np.array([0.5, -1.0]), covariance, None, 0.9)
    assert found["se"] == pytest.approx([0.2, 0.5])
    assert found["statistic"] == pytest.approx([2.5, -2.0])
    assert found["ci_low"] == pytest.approx(np.array([0.5, -1.0]) - stats.norm.ppf(0.95) * found["se"])
    assert found["p_values"] == pytest.approx(2 * stats.norm.sf([2.5, 2.0]))
    found = wald(np.array([0.5, -1.0]), covariance, np.array([3.5, 8.0]), 0.95)
    assert found["ci_high"][0] == pytest.approx(0.5 + stats.t.ppf(0.975, 3.5) * 0.2)
    assert found["p_values"] == pytest.approx(2 * stats.t.sf([2.5, 2.0], [3.5, 8.0]))
    assert not any(each.flags.writeable for each in found.values())


def test_the_joint_test_leaves_out_the_intercept():
    x = np.column_stack([np.ones(4), np.arange(4), [0, 1, 0, 1]])
    beta, covariance = np.array([9.0, 0.5, 0.2]), np.diag([1.0, 0.04, 0.01])
    statistic, df, p = omnibus(x, beta, covariance, None)
    assert (statistic, df) == (pytest.approx(0.25 / 0.04 + 0.04 / 0.01), (2, None))
    assert p == pytest.approx(stats.chi2.sf(statistic, 2))
    f, df, p = omnibus(x, beta, covariance, np.array([9.0, 5.0, 7.0]))
    assert (f, df) == (pytest.approx(statistic / 2), (2, 5.0))
    assert p == pytest.approx(stats.f.sf(f, 2, 5))
    assert omnibus(x[:, :1], beta[:1], covariance[:1, :1], None) == (None, None, None)


# metafor 5.1-12, rma.mv(..., struct = "UN", cvvc = TRUE)$vvc for dat.berkey1998.
def test_standard_errors_of_components_are_those_of_the_observed_information():
    gold = [
        [0.000595467094851713, 8.43597165068341e-05, 0.00361732999369131],
        [8.43597165068341e-05, 0.000186186536690523, 0.000726772741487401],
        [0.00361732999369131, 0.000726772741487401, 0.219468017476031],
    ]
    fit = berkey()
    assert fit.component_covariance == pytest.approx(np.array(gold), rel=1e-4)
    assert [c.se for c in fit.components] == pytest.approx(np.sqrt(np.diag(gold)), rel=1e-4)


def test_components_are_numbered_and_named():
    fit = pool_mv(
        CALENDARS["yi"], CALENDARS["vi"], random=["~ school | district", "~ 1 | school"], struct="CS", data=CALENDARS
    )
    assert [(c.name, c.place, c.term, c.levels) for c in fit.components] == [
        ("sigma2", 0, "school", ()),
        ("tau2", 0, "school | district", ()),
        ("rho", 0, "school | district", ()),
    ]
    assert berkey().components[2].levels == ("AL", "PD")


def test_a_correlation_between_effects_that_do_not_vary_is_unknown():
    fit = pool_mv(
        [0.1, 0.11, 0.1, 0.09, 0.1, 0.1],
        [0.04] * 6,
        random="~ out | study",
        data={"out": ["x", "y"] * 3, "study": [1, 1, 2, 2, 3, 3]},
    )
    assert fit.values("tau2") == (0.0,)
    assert math.isnan(fit.values("rho")[0])


def test_levels_that_never_meet_are_told_and_not_counted():
    data = {"out": ["x", "y", "y", "z", "x", "y", "y", "z"], "study": [1, 1, 2, 2, 3, 3, 4, 4]}
    y = [0.1, 0.4, 0.2, 0.8, 0.3, 0.7, 0.1, 0.2]
    fit = pool_mv(y, [0.01] * 8, random="~ out | study", struct="UN", data=data)
    assert "correlation-unknown" in {caution.code for caution in fit.cautions}
    assert math.isnan(fit.values("rho")[1])
    assert fit.parameters == 1 + 3 + 2


def test_cautions_have_codes_that_are_listed():
    fits = [calendars(), berkey(), pool_mv([0.1, 0.2], [0.1, 0.1], random="~ 1 | s", data={"s": [1, 2]})]
    assert {caution.code for fit in fits for caution in fit.cautions} <= set(CODES)


@pytest.mark.parametrize("formula", [None, "~ x"])
@pytest.mark.parametrize("sigma2", [None, [0.0, None], [1e4, 1e-3]])
def test_the_short_solution_of_three_levels_is_that_of_the_blocks(formula, sigma2):
    data = {**{name: CALENDARS[name] for name in ("district", "school")}, "x": np.arange(56.0) % 7}
    vi = np.array(CALENDARS["vi"]) * 10 ** np.linspace(-1, 1, 56)
    random = "~ 1 | district/school"
    model = pool_mv(CALENDARS["yi"], vi, random=random, data=data, formula=formula, sigma2=sigma2).model
    # The blocks lose digits where districts vary a million times as much as schools.
    near = 1e-10 if sigma2 is None or not sigma2[0] else 1e-8
    short, state = model.solution(), model.state()
    assert short.beta == pytest.approx(state.beta[0], rel=near)
    assert short.root @ short.root.T == pytest.approx(state.root[0] @ state.root[0].T, rel=near)
    blocks = (state.log_volume[0], state.log_gram[0], state.rss[0])
    assert (short.log_volume, short.log_gram, short.rss) == pytest.approx(blocks, rel=near)


def test_a_fit_whose_blocks_were_never_asked_for_can_be_sent_to_another_process():
    fit = calendars()
    again = pickle.loads(pickle.dumps(fit))
    assert again.model.state().beta[0] == pytest.approx(fit.model.solution().beta, rel=1e-12)

"""Selection models: maxima against a direct search, known selection recovered, bounds and cautions."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from stromata.errors import InvalidInput
from stromata.synthesis.bias import selection_kernels
from stromata.synthesis.bias.selection import VEVEA_WOODS, VEVEA_WOODS_STEPS, selmodel, three_parameter
from stromata.synthesis.pooling.estimates import pool_estimates

RANDOM = np.random.default_rng(11)
V = RANDOM.uniform(0.01, 0.2, 24)
Y = RANDOM.normal(0.25, np.sqrt(V + 0.02))
TYPES = {
    "stepfun": {"steps": (0.025, 0.5)},
    "beta": {},
    "halfnorm": {},
    "negexp": {},
    "logistic": {},
    "power": {},
    "trunc": {},
}


def codes(found):
    return [caution.code for caution in found.cautions]


@pytest.mark.parametrize("kind", TYPES)
def test_no_place_nearby_is_higher(kind):
    """Nelder-Mead from the fitted place and from far away finds nothing better."""
    found = selmodel(Y, V, type=kind, **TYPES[kind])
    if kind == "stepfun":
        model = selection_kernels.step_model(Y, V, (0.025, 0.5, 1.0), two_sided=False)
    elif kind == "trunc":
        model = selection_kernels.cut_model(Y, V, 0.0)
    else:
        clip = 1e-5 if kind in {"beta", "power"} else 0.0
        model = selection_kernels.smooth_model(Y, V, kind, two_sided=False, clip=clip, threshold=0.0, imprecision=None)

    def worth(x):
        delta = np.exp(x[2:]) if kind in {"stepfun", "beta", "trunc"} else np.abs(x[2:])
        if kind == "stepfun":
            delta = np.concatenate(([1.0], delta))
        if (delta > 100).any():
            return 1e9
        return -model.likelihood(x[0], abs(x[1]), delta)[0]

    size = {"stepfun": 2, "beta": 2}.get(kind, 1)
    for start in ([0.2, 0.02] + [0.1] * size, [-0.2, 0.2] + [1.0] * size):
        result = optimize.minimize(
            worth, start, method="Nelder-Mead", options={"maxiter": 1500, "xatol": 1e-6, "fatol": 1e-9}
        )
        assert found.log_likelihood >= -result.fun - 1e-6


@pytest.mark.parametrize("kind", TYPES)
def test_errors_are_those_of_the_curvature(kind):
    found = selmodel(Y, V, type=kind, **TYPES[kind])
    assert found.log_likelihood >= found.unselected - 1e-9
    assert found.lrt == pytest.approx(2 * (found.log_likelihood - found.unselected), abs=1e-8)
    if found.se is not None:
        assert found.ci_low == pytest.approx(found.estimate - 1.959963984540054 * found.se)
        assert found.statistic == pytest.approx(found.estimate / found.se)


def test_weights_of_one_leave_the_plain_model():
    found = selmodel(Y, V, type="stepfun", steps=(0.025,), delta=(1, 1))
    plain = pool_estimates(Y, V, method="ml")
    assert found.estimate == pytest.approx(plain.estimate, rel=1e-7)
    assert found.tau2 == pytest.approx(plain.tau2, rel=1e-6)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-10)
    assert found.se == pytest.approx(plain.se, rel=1e-2)
    assert (found.lrt_df, found.lrt_p) == (0, None)


def test_downward_selection_mirrors_upward_selection():
    up = selmodel(Y, V, type="beta")
    down = selmodel(-Y, V, type="beta", alternative="less")
    assert down.estimate == pytest.approx(-up.estimate, rel=1e-6)
    assert down.delta == pytest.approx(up.delta, rel=1e-5)
    cut_up = selmodel(Y, V, type="trunc", steps=(0.1,))
    cut_down = selmodel(-Y, V, type="trunc", steps=(-0.1,), alternative="less")
    assert cut_down.delta == pytest.approx(cut_up.delta, rel=1e-6)


def test_known_selection_is_undone():
    """Of non-significant results one in five is seen; the plain mean is too high, the model's is not."""
    random = np.random.default_rng(5)
    v = random.uniform(0.01, 0.15, 6000)
    y = random.normal(0.2, np.sqrt(v + 0.03))
    seen = (special.ndtr(-y / np.sqrt(v)) <= 0.025) | (random.random(6000) < 0.2)
    found = three_parameter(y[seen], v[seen])
    assert found.plain_estimate > 0.28
    assert found.estimate == pytest.approx(0.2, abs=0.03)
    assert found.tau2 == pytest.approx(0.03, abs=0.01)
    assert found.delta[1] == pytest.approx(0.2, abs=0.04)
    assert found.lrt_p < 1e-6


def test_an_interval_without_studies_is_not_identified():
    y, v = np.array([0.5, 0.6, 0.7, 0.8]), np.full(4, 0.02)
    found = selmodel(y, v, type="stepfun", steps=(0.025,))
    assert found.counts == (4, 0)
    assert found.delta == (1.0, 0.0)
    assert "selection-not-identified" in codes(found)
    assert found.delta_se == (None, None)


def test_without_studies_in_the_first_interval_the_others_run_to_their_bound():
    found = selmodel([0.0, 0.05, 0.1, -0.1], [0.02, 0.03, 0.04, 0.05], type="stepfun", steps=(0.025,))
    assert found.counts == (0, 4)
    assert found.delta[1] == pytest.approx(100)
    assert "selection-not-identified" in codes(found)


def test_a_parameter_on_its_bound_says_so():
    y = np.array([-0.1, -0.12, -0.08, 0.3, -0.35, -0.11, -0.1, -0.09, 0.3, -0.4])
    found = selmodel(y, np.full(10, 0.02), type="halfnorm")
    assert found.delta == (0.0,)
    assert "selection-at-bound" in codes(found)
    assert found.lrt == pytest.approx(0, abs=1e-9)


def test_the_boundary_of_tau2_is_exactly_zero():
    y = np.array([0.2, 0.21, 0.19, 0.2, 0.22, 0.18])
    found = selmodel(y, np.full(6, 0.01), type="stepfun", steps=(0.025,))
    assert found.tau2 == 0
    assert found.tau2_se is None


def test_one_true_effect_has_no_tau2():
    found = selmodel(Y, V, type="negexp", method="ee")
    assert found.tau2 == 0
    assert found.unselected == pytest.approx(pool_estimates(Y, V, method="ee").log_likelihood)


def test_decreasing_weights_do_not_rise():
    found = selmodel(Y, V, type="stepfun", steps=(0.025, 0.3, 0.6), decreasing=True)
    assert all(a >= b for a, b in zip(found.delta, found.delta[1:], strict=False))
    assert found.log_likelihood <= selmodel(Y, V, type="stepfun", steps=(0.025, 0.3, 0.6)).log_likelihood + 1e-9


def test_the_examples_of_vevea_and_woods_are_fixed_weights():
    for weights in VEVEA_WOODS.values():
        assert len(weights) == len(VEVEA_WOODS_STEPS)
    kept = VEVEA_WOODS["severe-one-tailed"]
    found = selmodel(Y, V, type="stepfun", steps=VEVEA_WOODS_STEPS, delta=kept)
    assert found.delta == kept
    assert found.estimate < found.plain_estimate
    assert found.lrt_p is None


def test_an_estimated_cut_point_is_no_worse_than_any_given_one():
    y, v = Y[:10], V[:10]
    free = selmodel(y, v, type="truncest")
    for cut in (0.0, 0.1, 0.3):
        assert free.log_likelihood >= selmodel(y, v, type="trunc", steps=(cut,)).log_likelihood - 1e-7
    assert "cutpoint-estimated" in codes(free)
    assert (len(free.delta), free.lrt_df) == (2, 2)


def test_shift_of_scale_changes_nothing_but_the_scale():
    one, ten = selmodel(Y, V, type="logistic"), selmodel(1000 * Y, 1e6 * V, type="logistic")
    assert ten.estimate == pytest.approx(1000 * one.estimate, rel=1e-5)
    assert ten.tau2 == pytest.approx(1e6 * one.tau2, rel=1e-4, abs=1e-3)
    assert ten.delta == pytest.approx(one.delta, rel=1e-4, abs=1e-6)
    assert ten.se == pytest.approx(1000 * one.se, rel=1e-4)


def test_the_higher_of_two_peaks_is_taken():
    """Small studies far out and two large ones at zero: one peak has no heterogeneity and a mean beyond zero."""
    y = [-0.83, -1.06, -1.28, -0.04, -1.1, -2.35, -1.3, -2.43, -0.73, -2.2, -2.51, -1.06, -1.62, -0.3, 0.05, 0.06]
    v = [1.55, 0.17, 0.65, 2.03, 1.29, 1.12, 0.89, 0.65, 2.02, 0.33, 1.09, 2.2, 1.5, 0.023, 0.001, 0.0013]
    found = selmodel(y, v, type="stepfun", steps=(0.025,), alternative="less")
    model = selection_kernels.step_model(-np.array(y), np.array(v), (0.025, 1.0), two_sided=False)
    grid = (
        model.likelihood(mu, tau2, np.array([1.0, delta]))[0]
        for mu in (-0.1, -0.05, 0.0, 0.3, 0.6, 1.0, 1.5)
        for tau2 in (0.0, 0.05, 0.1, 0.3, 0.8)
        for delta in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    )
    assert found.log_likelihood >= max(grid)


def test_few_studies_are_a_caution():
    assert "few-for-selection" in codes(selmodel(Y[:6], V[:6], type="power"))
    assert "few-for-selection" not in codes(selmodel(Y, V, type="power"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"type": "bogus"}, "no type"),
        ({"type": "beta", "steps": (0.05,)}, "no steps"),
        ({"type": "stepfun"}, "must rise within 0 and 1"),
        ({"type": "stepfun", "steps": (0.5, 0.05)}, "must rise within 0 and 1"),
        ({"type": "halfnorm", "steps": (2.0,)}, "between 0 and 1"),
        ({"type": "trunc", "alternative": "two.sided"}, "needs a direction"),
        ({"type": "trunc", "steps": (0.0, 1.0)}, "one cut-point"),
        ({"type": "beta", "prec": "sei"}, "no meaning"),
        ({"type": "halfnorm", "prec": "ninv"}, "number of people"),
        ({"type": "beta", "delta": (1.0,)}, "2 parameters"),
        ({"type": "stepfun", "steps": (0.025,), "delta": (0.5, None)}, "first delta"),
        ({"type": "halfnorm", "delta": (-1.0,)}, "at least 0"),
        ({"type": "beta", "decreasing": True}, "decreasing"),
        ({"type": "truncest", "delta": (1.0, 0.0)}, "estimates both"),
        ({"type": "beta", "delta_max": 0.5}, "delta_max"),
        ({"type": "beta", "method": "reml"}, "no method"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        selmodel(Y, V, **options)


def test_two_studies_are_refused():
    with pytest.raises(InvalidInput, match="at least 3"):
        selmodel([0.1, 0.2], [0.1, 0.1], type="beta")


def test_every_type_answers_hostile_data():
    y, v = np.array([5.0, -3.0, 40.0, 0.0, 0.0]), np.array([1e-6, 1e4, 1.0, 0.5, 0.5])
    for kind, options in (("stepfun", {"steps": (0.025,)}), ("beta", {}), ("logistic", {})):
        found = selmodel(y, v, type=kind, **options)
        assert math.isfinite(found.estimate)
        assert math.isfinite(found.log_likelihood)
        assert found.tau2 >= 0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"delta_max": "x"}, "delta_max is 'x'"),
        ({"delta_max": 0.5}, "delta_max is 0.5"),
        ({"delta": 0.5}, "delta is 0.5"),
        ({"steps": ["x"]}, "steps holds something"),
    ],
)
def test_options_of_the_wrong_type_are_refused(options, named):
    with pytest.raises(InvalidInput, match=named):
        selmodel([0.1, 0.3, 0.2, 0.5], [0.02, 0.03, 0.05, 0.04], type="stepfun", **{"steps": [0.025], **options})

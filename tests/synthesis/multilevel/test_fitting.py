import numpy as np
import pytest

from stromata.errors import InvalidInput
from stromata.synthesis.multilevel import block_likelihood
from stromata.synthesis.multilevel.fitting import summit_near
from stromata.synthesis.multilevel.multivariate import pool_mv
from stromata.synthesis.multilevel.sampling_covariance import sampling_covariance


def outcomes(seed, struct, q):
    """Return a few studies with up to q outcomes each."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 8))
    study, out = np.repeat(np.arange(k), q), np.tile(np.arange(q), k)
    kept = rng.random(k * q) > 0.15
    kept[:q] = True
    study, out = study[kept], out[kept]
    vi = 10 ** rng.uniform(-2.5, -0.5, len(study))
    common = rng.normal(0, 10 ** rng.uniform(-1.5, 0), k)[study] * rng.choice([-1.0, 1.0], q)[out]
    y = common + rng.normal(0, 10 ** rng.uniform(-2, 0, q)[out]) + rng.normal(0, np.sqrt(vi))
    V = sampling_covariance(vi, cluster=study, obs=range(len(study)), rho=float(rng.uniform(0, 0.8)))
    return pool_mv(y, V, random="~ out | study", struct=struct, data={"study": study, "out": out})


def slopes(seed, method):
    """Return a few quadratic dose-response curves, whose coefficients lie scales apart."""
    rng = np.random.default_rng(seed)
    dose, study, y = [], [], []
    for i in range(int(rng.integers(4, 9))):
        own = np.sort(rng.uniform(1, rng.choice([12, 60]), int(rng.integers(2, 5))))
        dose += own.tolist()
        study += [i] * len(own)
        y += (rng.normal(0.01, 0.02) * own + rng.normal(0, 0.0005) * own**2).tolist()
    vi = np.repeat(10 ** rng.uniform(-3, -1), len(y)) * rng.uniform(1, 3, len(y))
    V = sampling_covariance(vi, cluster=study, obs=range(len(y)), rho=0.5)
    data = {"study": study, "d": dose, "d2": [each**2 for each in dose]}
    estimates = np.array(y) + rng.normal(0, np.sqrt(vi))
    return pool_mv(
        estimates, V, formula="~ d + d2 - 1", random="~ d + d2 - 1 | study", struct="GEN", data=data, method=method
    )


def crossed(seed):
    """Return effects of crossed factors, with variances that lie far apart."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 16))
    data = {"a": rng.integers(0, 4, n), "b": rng.integers(0, 4, n)}
    vi = 10 ** rng.uniform(-3, 0, n)
    y = rng.normal(0, 0.5, 4)[data["a"]] + rng.normal(0, np.sqrt(vi))
    return pool_mv(y, vi, random=["~ 1 | a", "~ 1 | b"], data=data)


CASES = {
    **{f"UN {i}": lambda i=i: outcomes(i, "UN", 2 + i % 2) for i in range(3)},
    **{f"HCS {i}": lambda i=i: outcomes(20 + i, "HCS", 3) for i in range(3)},
    **{f"CS {i}": lambda i=i: outcomes(40 + i, "CS", 2) for i in range(2)},
    **{f"HAR {i}": lambda i=i: outcomes(60 + i, "HAR", 3) for i in range(2)},
    **{f"GEN {i}": lambda i=i: slopes(80 + i, "ml" if i % 2 else "reml") for i in range(3)},
    **{f"crossed {i}": lambda i=i: crossed(100 + i) for i in range(2)},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_no_random_start_leads_higher(case):
    fit = case()
    target, n = fit.model.objective, len(fit.model.theta)
    rng = np.random.default_rng(7)
    starts = rng.normal(size=(50, n)) * 10 ** rng.uniform(-1.5, 1, (50, 1)) * 10 ** rng.uniform(-0.7, 0.3, (50, n))
    highest = max(each.value for each in block_likelihood.climb(target.both, starts, least=target.least))
    assert fit.model.value >= highest - 1e-9 * max(1.0, abs(highest))
    assert "did-not-converge" not in {caution.code for caution in fit.cautions}


def test_a_fit_comes_to_rest_where_the_slope_is_nil_to_twelve_digits():
    fit = outcomes(1, "UN", 2)
    value, slope = fit.model.objective.both(np.array(fit.model.theta)[None])
    bend = -block_likelihood.curvature(fit.model.objective.both, np.array(fit.model.theta))
    moving = np.abs(fit.model.theta) > 0
    gain = slope[0, moving] @ np.linalg.solve(bend[np.ix_(moving, moving)], slope[0, moving]) / 2
    assert abs(gain) <= 1e-12 * max(1.0, abs(value[0]))


def test_two_maxima_that_are_nearly_as_high_are_told():
    # The precise effects say 0, the many vague ones a wide spread.
    y = [0.0, 0.001, 2.0, -2.1, 1.9, -1.8, 2.2, -2.3]
    v = [1e-6, 1e-6, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
    data = {"row": list(range(8))}
    fit = pool_mv(y, v, random="~ 1 | row", data=data)

    def at(sigma2):
        return pool_mv(y, v, random="~ 1 | row", data=data, sigma2=float(sigma2)).log_likelihood_reml

    grid = [at(value) for value in np.geomspace(1e-2, 30, 60)]
    assert fit.values("sigma2") == (0.0,)
    assert fit.modes == 2
    assert fit.log_likelihood_reml == pytest.approx(at(0.0), abs=1e-10)
    assert fit.gap == pytest.approx(at(0.0) - max(grid), abs=0.01)
    assert ("close-maxima" in {caution.code for caution in fit.cautions}) == (fit.gap < 2)


def opposed(seed):
    """Return three outcomes in eight studies, the first two of which go opposite ways."""
    rng = np.random.default_rng(seed)
    y, study = rng.normal(0, 0.5, 24), np.repeat(np.arange(8), 3)
    vi = np.tile(rng.uniform(0.05, 0.3, 3), 8) * rng.uniform(0.5, 2, 24)
    away = 0.8 * rng.normal(size=8)
    y[0::3] += away
    y[1::3] -= away
    return y, vi, {"study": study, "out": list("abc") * 8}


@pytest.mark.parametrize("seed", range(4))
def test_with_a_variance_at_zero_the_others_may_be_correlated_as_two_may(seed):
    y, vi, data = opposed(seed)
    model = {"formula": "~ out - 1", "random": "~ out | study", "struct": "HCS", "data": data}
    fit = pool_mv(y, vi, **model)
    held = [pool_mv(y, vi, tau2=tau2, **model) for tau2 in ([0, None, None], [None, 0, None], [None, None, 0])]
    assert fit.log_likelihood_reml == pytest.approx(max(each.log_likelihood_reml for each in held), abs=1e-8)
    assert fit.values("tau2")[2] == 0
    assert fit.values("rho")[0] < -0.5
    g = fit.model.matrices()[0]
    assert np.linalg.eigvalsh(g)[0] >= -1e-12 * g.max()
    assert [each.fixed for each in fit.components] == [False] * 4


def test_the_correlation_beside_a_variance_at_zero_is_that_of_metafor():
    # rma.mv of metafor 3.8-1, struct="HCS", rel.tol=1e-10: where its matrix is a covariance matrix as well
    y, vi, data = opposed(0)
    fit = pool_mv(y, vi, formula="~ out - 1", random="~ out | study", struct="HCS", data=data)
    assert fit.log_likelihood_reml == pytest.approx(-18.4042097, abs=1e-6)
    assert fit.values("rho")[0] == pytest.approx(-0.848676, abs=1e-4)


def test_a_held_variance_of_zero_widens_the_limits_of_a_held_correlation():
    y, vi, data = opposed(0)
    model = {"formula": "~ out - 1", "random": "~ out | study", "struct": "HCS", "data": data, "rho": -0.8}
    assert pool_mv(y, vi, tau2=[None, None, 0], **model).values("rho") == (-0.8,)
    with pytest.raises(InvalidInput, match=r"within -0.5 and 1"):
        pool_mv(y, vi, **model)


def bowl(n, top):
    """Return a parabola on the grid of starting values, whose summit lies at `top`."""
    at = np.array(np.meshgrid(*[np.arange(7.0)] * n, indexing="ij")) - np.array(top).reshape(-1, *[1] * n)
    bend = np.array([[2.0, 0.6], [0.6, 1.0]])[:n, :n]
    return -np.einsum("i...,ij,j...->...", at, bend, at)


@pytest.mark.parametrize(("top", "peak"), [((3.3,), (3,)), ((2.8, 4.3), (3, 4)), ((1.9, 2.0), (2, 2))])
def test_the_summit_of_a_parabola_is_found_between_the_points_of_a_grid(top, peak):
    step = summit_near(bowl(len(peak), top), peak)
    assert [at + each for at, each in zip(peak, step, strict=True)] == pytest.approx(top, abs=1e-12)


def test_a_peak_on_the_border_of_the_grid_stays_there():
    assert summit_near(bowl(2, (-1.0, 3.4)), (0, 3))[0] == 0
    assert summit_near(bowl(1, (9.0,)), (6,)) == [0]


def test_a_start_is_never_further_than_a_step_from_its_peak():
    ridge = np.array([[i * 1.0 - abs(i - j) * 1e-3 for j in range(7)] for i in range(7)])
    ridge[3, 3] = 10
    assert all(abs(each) <= 1 for each in summit_near(ridge, (3, 3)))


@pytest.mark.parametrize("seed", range(6))
def test_three_levels_have_no_higher_point_on_a_dense_grid(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(6, 20))
    outer = rng.integers(0, 4, k)
    v = 10 ** rng.uniform(-4, 1, k)
    y = rng.normal(0, 0.5, 4)[outer] + rng.normal(0, 0.3, k) + rng.normal(0, np.sqrt(v))
    fit = pool_mv(y, v, random="~ 1 | outer/inner", data={"outer": outer, "inner": np.arange(k)})
    sizes = np.concatenate([[0.0], np.geomspace(1e-3, 10, 60)])
    grid = np.array([[a, b] for a in sizes for b in sizes])
    highest = fit.model.objective.values(grid).max()
    assert fit.model.value >= highest - 1e-10 * max(1.0, abs(highest))

import numpy as np
import pytest
from scipy import linalg, stats

from stromata.errors import InvalidInput
from stromata.synthesis.multilevel.multivariate import pool_mv
from stromata.synthesis.multilevel.robust import cluster_robust, contrast_robust, robust_estimate, robust_regression
from synthesis.multilevel.test_multivariate import calendars
from synthesis.published_dependent import CALENDARS

CLUSTER = np.array(CALENDARS["district"])
Y, V = np.array(CALENDARS["yi"]), np.array(CALENDARS["vi"])
X = np.column_stack([np.ones(56), CALENDARS["school"], np.array(CALENDARS["district"]) % 7 / 7])


def plain(m, kind):
    """Return coefficients, robust covariance, and the (C, p, K) vectors whose products with y make it."""
    w = np.linalg.inv(m)
    bread = np.linalg.inv(X.T @ w @ X)
    rest = np.eye(56) - X @ bread @ X.T @ w
    beta = bread @ X.T @ w @ Y
    vectors = []
    for name in np.unique(CLUSTER):
        own = name == CLUSTER
        phi = m[np.ix_(own, own)]
        a = np.eye(own.sum())
        if kind == "CR2":
            d = linalg.cholesky(phi)
            middle = d @ (rest @ m @ rest.T)[np.ix_(own, own)] @ d.T
            values, axes = np.linalg.eigh(middle)
            good = values > 1e-10
            a = d.T @ (axes[:, good] / np.sqrt(values[good])) @ axes[:, good].T @ d
        vectors.append(bread @ X[own].T @ w[np.ix_(own, own)] @ a @ rest[own])
    vectors = np.array(vectors)
    scores = vectors @ Y
    return beta, scores.T @ scores, vectors


def marginal(fit):
    same = CLUSTER[:, None] == CLUSTER[None, :]
    return np.diag(V) + fit.values("sigma2")[0] * same + fit.values("sigma2")[1] * np.eye(56)


FIT = calendars(X=X)


@pytest.mark.parametrize("kind", ["CR0", "CR2"])
def test_variances_are_those_of_plain_matrices(kind):
    beta, covariance, _ = plain(marginal(FIT), kind)
    found = cluster_robust(FIT, CLUSTER, kind=kind)
    assert found.beta == pytest.approx(beta, rel=1e-8)
    assert found.covariance == pytest.approx(covariance, rel=1e-7)


def test_simple_corrections_are_factors():
    base = cluster_robust(FIT, CLUSTER, kind="CR0").covariance
    assert cluster_robust(FIT, CLUSTER, kind="CR1").covariance == pytest.approx(base * 11 / 8)
    assert cluster_robust(FIT, CLUSTER, kind="CR1S").covariance == pytest.approx(base * 11 * 55 / (10 * 53))
    assert cluster_robust(FIT, CLUSTER, kind="CR1").df.tolist() == [8, 8, 8]


def test_degrees_of_freedom_are_satterthwaites():
    m = marginal(FIT)
    _, _, vectors = plain(m, "CR2")
    found = cluster_robust(FIT, CLUSTER, kind="CR2")
    for j in range(3):
        q = vectors[:, j] @ m @ vectors[:, j].T
        assert found.df[j] == pytest.approx(np.trace(q) ** 2 / (q**2).sum(), rel=1e-6)
        assert found.p_values[j] == pytest.approx(2 * stats.t.sf(abs(found.statistic[j]), found.df[j]), rel=1e-8)


def test_the_joint_test_matches_the_total_variance_by_hotelling():
    m = marginal(FIT)
    _, covariance, vectors = plain(m, "CR2")
    chosen = vectors[:, 1:]
    mean = np.einsum("csk,kl,ctl->st", chosen, m, chosen)
    half = linalg.inv(linalg.sqrtm(mean))
    chosen = np.einsum("st,ctk->csk", half, chosen)
    inner = np.einsum("csk,kl,dtl->cdst", chosen, m, chosen)
    total = sum(
        float((inner[:, :, s, s] * inner[:, :, t, t] + inner[:, :, s, t] * inner[:, :, t, s]).sum())
        for s in range(2)
        for t in range(2)
    )
    eta = 6 / total
    found = cluster_robust(FIT, CLUSTER, kind="CR2")
    statistic = found.beta[1:] @ np.linalg.solve(covariance[1:, 1:], found.beta[1:])
    assert found.f_df == (2, pytest.approx(eta - 1, rel=1e-6))
    assert found.f == pytest.approx(statistic * (eta - 1) / (2 * eta), rel=1e-6)
    assert found.f_p == pytest.approx(stats.f.sf(found.f, 2, eta - 1), rel=1e-6)


# metafor 3.8-1 with clubSandwich, robust(rma.mv(yi, vi, random = ~ 1 | district/school), cluster = district).
def test_three_levels_agree_with_metafor():
    simple, adjusted = (cluster_robust(calendars(), CLUSTER, kind=kind) for kind in ("CR1", "CR2"))
    assert (simple.se[0], simple.df[0]) == (pytest.approx(0.0845022171523695, rel=1e-6), 10)
    assert simple.p_values[0] == pytest.approx(0.0537073136367331, rel=1e-6)
    assert (adjusted.se[0], adjusted.df[0]) == pytest.approx((0.0844579954347626, 9.86315623331838), rel=1e-6)
    assert adjusted.p_values[0] == pytest.approx(0.0539667424706465, rel=1e-6)
    assert adjusted.f is None


def test_a_regression_with_weights_is_the_same_as_the_model_with_that_variance():
    fit = pool_mv(Y, V, random="~ 1 | row", data={"row": list(range(56))}, X=X, sigma2=0.05)
    one, two = cluster_robust(fit, CLUSTER), robust_regression(Y, V, CLUSTER, tau2=0.05, X=X)
    assert two.covariance == pytest.approx(one.covariance, rel=1e-8)
    assert two.df == pytest.approx(one.df, rel=1e-8)
    assert two.f == pytest.approx(one.f, rel=1e-8)


def test_the_bias_reduced_variance_is_unbiased_under_the_working_model():
    m = marginal(FIT)
    _, _, vectors = plain(m, "CR2")
    w = np.linalg.inv(m)
    assert np.einsum("csk,kl,ctl->st", vectors, m, vectors) == pytest.approx(np.linalg.inv(X.T @ w @ X), rel=1e-8)


def test_labels_of_effects_that_were_left_out_are_skipped():
    y = Y.copy()
    y[3] = np.nan
    fit = pool_mv(y, V, random="~ 1 | district/school", data=CALENDARS)
    kept = np.delete(CLUSTER, 3)
    assert cluster_robust(fit, CLUSTER).se == pytest.approx(cluster_robust(fit, kept).se)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ([1] * 56, "1 clusters and 3 coefficients"),
        ([1, 2], "one each"),
        (list(range(56)), "shared between clusters"),
    ],
)
def test_what_cannot_be_is_refused(cluster, message):
    with pytest.raises(InvalidInput, match=message):
        cluster_robust(FIT, cluster)


def test_few_degrees_of_freedom_are_told():
    x = np.column_stack([np.ones(56), CLUSTER == 71])
    found = robust_regression(Y, V, CLUSTER, X=x, names=["intrcpt", "one district"])
    assert found.df[1] < 4
    assert "one district" in found.cautions[0].text


def test_correlated_effects_get_the_weight_of_their_cluster():
    found = robust_estimate(Y, V, CLUSTER, rho=0.8)
    weights = {}
    for name in np.unique(CLUSTER):
        own = name == CLUSTER
        weights[name] = 1 / (own.sum() * (V[own].mean() + found.tau2))
    w = np.array([weights[name] for name in CLUSTER])
    assert found.beta[0] == pytest.approx((w @ Y) / w.sum())
    assert found.tau2 > 0
    assert found.kind == "CR2"
    assert robust_estimate(Y, V, CLUSTER, small=False).df.tolist() == [10]


def test_the_moments_of_correlated_effects_are_met():
    # With the estimate of tau2 the expected weighted sum of squares equals the observed one.
    rho, found = 0.6, robust_estimate(Y, V, CLUSTER, rho=0.6, X=X)
    same = CLUSTER[:, None] == CLUSTER[None, :]
    mean = np.array([V[name == CLUSTER].mean() for name in CLUSTER])
    w = np.diag(1 / (same.sum(axis=1) * mean))
    phi = same * (found.tau2 + rho * mean[:, None]) + np.diag((1 - rho) * mean)
    rest = np.eye(56) - X @ np.linalg.solve(X.T @ w @ X, X.T @ w)
    assert Y @ rest.T @ w @ rest @ Y == pytest.approx(np.trace(rest.T @ w @ rest @ phi))


def test_hierarchical_effects_have_two_variances():
    rng = np.random.default_rng(4)
    y = rng.normal(0, 0.5, 11)[np.unique(CLUSTER, return_inverse=True)[1]] + rng.normal(0, np.sqrt(V + 0.1))
    found = robust_estimate(y, V, CLUSTER, model="hierarchical")
    w = 1 / (V + found.tau2 + found.omega2)
    assert min(found.tau2, found.omega2) > 0
    assert found.beta[0] == pytest.approx((w @ y) / w.sum())


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
def test_contrasts_of_single_coefficients_are_the_coefficients(kind):
    whole, found = cluster_robust(FIT, CLUSTER, kind=kind), contrast_robust(FIT, CLUSTER, np.eye(3)[1:], kind=kind)
    assert found.se == pytest.approx(whole.se[1:])
    assert found.df == pytest.approx(whole.df[1:])
    assert found.p_values == pytest.approx(whole.p_values[1:])
    assert (found.f, found.f_df, found.f_p) == (
        pytest.approx(whole.f),
        pytest.approx(whole.f_df),
        pytest.approx(whole.f_p),
    )


def test_a_contrast_is_what_the_coefficient_of_other_columns_would_be():
    # With x1 and x2 replaced by their sum and difference, half the difference of coefficients is a coefficient.
    turned = np.column_stack([X[:, 0], X[:, 1] + X[:, 2], X[:, 1] - X[:, 2]])
    other = cluster_robust(calendars(X=turned), CLUSTER)
    found = contrast_robust(FIT, CLUSTER, [[0, 0.5, 0.5], [0, 0.5, -0.5]])
    assert found.estimate == pytest.approx(other.beta[1:], rel=1e-6)
    assert found.se == pytest.approx(other.se[1:], rel=1e-6)
    assert found.df == pytest.approx(other.df[1:], rel=1e-6)
    assert found.f == pytest.approx(other.f, rel=1e-6)
    assert found.f_df == pytest.approx(other.f_df, rel=1e-6)


def test_contrasts_need_rows_of_the_right_width():
    with pytest.raises(InvalidInput, match="3 numbers per row"):
        contrast_robust(FIT, CLUSTER, [1, -1])
    with pytest.raises(InvalidInput, match="follow from one another"):
        contrast_robust(FIT, CLUSTER, [[0, 1, 0], [0, 2, 0]])


@pytest.mark.parametrize("model", ["correlated", "hierarchical"])
def test_effects_without_any_difference_have_no_test_and_say_why(model):
    fit = robust_estimate([0.0] * 6, [0.1] * 6, list("aabbcc"), model=model)
    assert fit.se[0] == 0
    assert np.isnan([fit.statistic[0], fit.p_values[0]]).all()
    assert "no-residual-variation" in [caution.code for caution in fit.cautions]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"yi": ["x"] * 6}, "yi holds something"),
        ({"yi": [1e200] * 6}, "row 1, yi is 1e\\+200"),
        ({"X": [[1.0], [1.0, 2.0]] * 3}, "X holds something"),
        ({"rho": "x"}, "rho is 'x'"),
        ({"model": "x"}, "no model 'x'"),
        ({"cluster": 5}, "cluster is 5"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options, named):
    given = {"yi": [0.1, 0.2, 0.3, 0.4, 0.2, 0.1], "vi": [0.1] * 6, "cluster": list("aabbcc"), **options}
    with pytest.raises(InvalidInput, match=named):
        robust_estimate(**given)

"""Cluster-robust variances of coefficients: CR0, CR1, CR1S and the bias-reduced CR2 with small-sample tests.

K effects in C clusters, p coefficients. They stand even when the assumed covariances are wrong, as long as clusters
are independent. With few clusters CR0 and CR1 are too small; CR2 is unbiased when the assumed covariances hold, and
its degrees of freedom are matched to its variance (Satterthwaite).

References
----------
Hedges, Tipton and Johnson (2010), Research Synthesis Methods 1, 39-65; Bell and McCaffrey (2002), Survey Methodology
28, 169-181; Tipton (2015), Psychological Methods 20, 375-393; Tipton and Pustejovsky (2015), Journal of Educational
and Behavioral Statistics 40, 604-634; Pustejovsky and Tipton (2018), Journal of Business & Economic Statistics 36,
672-683.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, check_level, number
from stromata.synthesis.multilevel import block_likelihood
from stromata.synthesis.multilevel.diagnostics import labels_of
from stromata.synthesis.multilevel.fitted_model import wald
from stromata.synthesis.multilevel.inference import Inverse, contrast_rows
from stromata.synthesis.multilevel.multivariate import MultilevelFit
from stromata.synthesis.multilevel.random_terms import Places
from stromata.synthesis.multilevel.sampling_covariance import Labels, check_variances, cluster_labels, groups, read_only
from stromata.synthesis.pooling.estimates import LARGEST
from stromata.synthesis.regression.formulas import INTERCEPT, Data, model_matrix
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import check_choice, one_column, plain_numbers

Kind = Literal["CR0", "CR1", "CR1S", "CR2"]
"""CR0: as it is. CR1: times C / (C - p), metafor's default. CR1S: times C (K - 1) / ((C - 1) (K - p)). CR2: each
cluster's residuals adjusted so that the variance is unbiased under the assumed covariances."""

FEW_DF = 4.0
"""Degrees of freedom below which a t test with a CR2 variance is not to be trusted (Tipton 2015)."""
_NULL = 1e-8
"""Eigenvalue, relative to the largest, below which a direction of an adjustment matrix counts as empty."""


@dataclass(frozen=True, slots=True)
class RobustFit(Result):
    """Coefficients with a cluster-robust variance; arrays are read-only.

    Attributes
    ----------
    kind : form of the variance.
    clusters : how many there are.
    names, beta, se, statistic, df, p_values, ci_low, ci_high : (p,) coefficients with t tests and intervals.
    covariance : (p, p), robust.
    f, f_df, f_p : test that all coefficients but the intercept are 0: F, its two degrees of freedom (the second by
        Hotelling's approximation for CR2, C - p otherwise), p. None with an intercept alone or too few clusters.
    level : coverage of the intervals.
    tau2, omega2 : variances between clusters and within them, where `robust_estimate` estimated them.
    i2 : percentage of variation that is not sampling error, likewise.
    cautions : reservations.
    """

    kind: Kind
    clusters: int
    names: tuple[str, ...]
    beta: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    covariance: FloatArray
    f: float | None
    f_df: tuple[int, float] | None
    f_p: float | None
    level: float
    tau2: float | None
    omega2: float | None
    i2: float | None
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class _Cluster:
    """One cluster: (n, p) columns, (n,) residuals, (n, n) assumed covariance, (n, p) weighted columns W X."""

    x: FloatArray
    residual: FloatArray
    phi: FloatArray | None
    wx: FloatArray


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What the variance is made of: per cluster (p, p) a'Phi a and X'a, and (p,) a'e, for the adjusted a."""

    own: FloatArray
    turn: FloatArray
    score: FloatArray

    def of(self, rows: FloatArray) -> _Pieces:
        """Return the same of combinations of the coefficients, given their (N, p) weights."""
        return _Pieces(rows @ self.own @ rows.T, self.turn @ rows.T, self.score @ rows.T)


@recorded("fit", "cluster")
def cluster_robust(fit: MultilevelFit, cluster: Labels, *, kind: Kind = "CR2", level: float | None = None) -> RobustFit:
    """Give the coefficients of a multilevel model a variance that stands when its covariances are wrong.

    Parameters
    ----------
    fit : from `pool_mv`.
    cluster : label per effect, in the order of what was given to `pool_mv` (effects left out there are skipped), or of
        the effects kept.
    kind : form of the variance.
    level : coverage; that of the fit without.

    Raises
    ------
    InvalidInput
        Another number of labels, not more clusters than coefficients, or CR2 with random effects or sampling
        covariances that are shared between clusters.
    """
    coverage = fit.level if level is None else level
    check_level(coverage)
    members, root = _clusters(fit, cluster, kind)
    return _robust(members, names=fit.names, beta=fit.beta, root=root, kind=kind, level=coverage, k=fit.k)


@dataclass(frozen=True, slots=True)
class RobustContrasts(Result):
    """Combinations of coefficients with a cluster-robust variance: arrays (N,), and the test that all are 0.

    `df` are degrees of freedom of the t tests; `f`, `f_df`, `f_p` as in `RobustFit`.
    """

    kind: Kind
    clusters: int
    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    f: float | None
    f_df: tuple[int, float] | None
    f_p: float | None
    cautions: tuple[Caution, ...]


@recorded("fit", "cluster", "L")
def contrast_robust(
    fit: MultilevelFit, cluster: Labels, L: npt.ArrayLike, *, kind: Kind = "CR2", level: float | None = None
) -> RobustContrasts:
    """Estimate and test combinations of coefficients of a multilevel model with a cluster-robust variance.

    Parameters
    ----------
    fit, cluster, kind, level : as in `cluster_robust`.
    L : (N, p) or (p,) weights of the coefficients.

    Raises
    ------
    InvalidInput
        As `cluster_robust`; rows of another width, or rows that follow from one another.
    """
    coverage = fit.level if level is None else level
    check_level(coverage)
    rows = contrast_rows(fit, L)
    members, root = _clusters(fit, cluster, kind)
    covariance, pieces = _sandwich(members, root, kind=kind, k=fit.k)
    turned = None if pieces is None else pieces.of(rows)
    estimate, own = rows @ fit.beta, rows @ covariance @ rows.T
    df = _degrees(turned, root, len(members), len(rows))
    f, f_df, f_p = _joint(list(range(len(rows))), estimate, own, pieces=turned, root=root, clusters=len(members))
    tests = wald(estimate, own, df, coverage)
    return RobustContrasts(
        kind=kind,
        clusters=len(members),
        estimate=read_only(estimate),
        df=read_only(df),
        **tests,
        f=f,
        f_df=f_df,
        f_p=f_p,
        cautions=_cautions(tuple(f"row {i + 1} of L" for i in range(len(rows))), tests["se"], df, kind),
    )


def _clusters(fit: MultilevelFit, cluster: Labels, kind: Kind) -> tuple[list[_Cluster], FloatArray]:
    """Return the clusters, and a root of the coefficients' covariance."""
    places = groups(labels_of(cluster, fit))
    inverse = Inverse.at(fit.model)
    residual = fit.model.y - fit.model.x @ fit.beta
    root = np.asarray(np.linalg.cholesky(fit.covariance), dtype=np.float64)
    # W X in the units of the data: side is W X root in those of the model.
    wx = inverse.side @ np.linalg.inv(fit.model.state().root[0]) @ np.linalg.inv(fit.model.turn) / fit.model.unit**2
    blocks = _marginal(fit, list(places.values())) if kind == "CR2" else None
    members = [
        _Cluster(fit.model.x[own], residual[own], None if blocks is None else blocks[i], wx[own])
        for i, own in enumerate(places.values())
    ]
    return members, root


def _marginal(fit: MultilevelFit, places: list[Places]) -> list[FloatArray]:
    """Return the marginal covariance within each cluster; refuse when some of it lies between clusters."""
    layout = fit.model.objective.layout
    flat = block_likelihood.covariance(layout, [g[None] for g in fit.model.matrices()])[0] * fit.model.unit**2
    of = np.empty(fit.k, dtype=np.intp)
    for i, own in enumerate(places):
        of[own] = i
    out = [np.zeros((len(own), len(own))) for own in places]
    at = np.empty(fit.k, dtype=np.intp)
    for own in places:
        at[own] = np.arange(len(own))
    for bucket in layout.buckets:
        b, m = bucket.rows.shape
        full = flat[bucket.start : bucket.stop].reshape(b, m, m)
        for rows, block in zip(bucket.rows, full, strict=True):
            here = rows[rows >= 0]
            inside = block[: len(here), : len(here)]
            for i in np.unique(of[here]):
                mine = of[here] == i
                if np.abs(inside[np.ix_(mine, ~mine)]).max(initial=0.0) > 0:
                    raise InvalidInput(
                        "random effects or sampling covariances are shared between clusters",
                        hint="Take coarser clusters, or CR1.",
                    )
                out[i][np.ix_(at[here[mine]], at[here[mine]])] = inside[np.ix_(mine, mine)]
    return out


@recorded("yi", "vi", "cluster", "data", "X")
def robust_regression(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    cluster: Labels,
    *,
    tau2: float = 0.0,
    formula: str | None = None,
    data: Data | None = None,
    X: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    kind: Kind = "CR2",
    level: float = 0.95,
) -> RobustFit:
    """Regress effects by inverse-variance weights, with a cluster-robust variance.

    Parameters
    ----------
    yi, vi : (K,) estimates and sampling variances.
    cluster : (K,) labels.
    tau2 : between-study variance, 0 or more; the weights are ``1 / (vi + tau2)``.
    formula, data, X, names : moderators as in `pool_mv`.
    kind, level : as in `cluster_robust`.

    Raises
    ------
    InvalidInput
        Unequal lengths, missing values, redundant columns, not more clusters than coefficients.
    """
    check_level(level)
    y, v, x, columns, places = _plain_data(yi, vi, cluster, formula=formula, data=data, X=X, names=names)
    tau2 = number("tau2", tau2, f"a variance from 0 to {LARGEST:g}", lambda value: 0 <= value <= LARGEST)
    return _weighted(y, v + tau2, x, columns=columns, places=places, kind=kind, level=level)


def _weighted(
    y: FloatArray,
    variance: FloatArray,
    x: FloatArray,
    *,
    columns: tuple[str, ...],
    places: dict[str, Places],
    kind: Kind,
    level: float,
    extra: tuple[float | None, float | None, float | None] = (None, None, None),
) -> RobustFit:
    """Return the weighted fit; `variance` are the inverse weights."""
    beta, root = _least_squares(y, x, 1 / variance)
    residual = y - x @ beta
    members = [
        _Cluster(x[own], residual[own], np.diag(variance[own]), x[own] / variance[own, None]) for own in places.values()
    ]
    return _robust(members, names=columns, beta=beta, root=root, kind=kind, level=level, k=len(y), extra=extra)


class _Shared(TypedDict):
    """What both working models hand on."""

    columns: tuple[str, ...]
    places: dict[str, Places]
    kind: Kind
    level: float


def _least_squares(y: FloatArray, x: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return coefficients, and a root of (X'WX)^-1."""
    half = np.sqrt(weight)
    orthonormal, triangle = np.linalg.qr(x * half[:, None])
    back = np.linalg.inv(triangle)
    return back @ (orthonormal.T @ (y * half)), back


def _plain_data(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    cluster: Labels,
    *,
    formula: str | None,
    data: Data | None,
    X: npt.ArrayLike | None,
    names: Sequence[str] | None,
) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...], dict[str, Places]]:
    y = one_column(yi, "yi")
    for i in np.flatnonzero(~(np.abs(y) <= LARGEST)):
        raise InvalidInput(
            f"row {i + 1}, yi is {y[i]:g}: estimates must lie within {-LARGEST:g} and {LARGEST:g}",
            hint="Leave incomplete effects out.",
        )
    v = check_variances(vi, len(y))
    if formula is not None:
        made = model_matrix(formula, data, rows=len(y))
        if made.left_out or len(made.x) != len(y):
            raise InvalidInput("a moderator is missing, or of another length", hint="Leave incomplete effects out.")
        x, columns = np.array(made.x), made.names
    elif X is not None:
        x = plain_numbers(X, "X")
        columns = tuple(names) if names is not None else tuple(f"x{i + 1}" for i in range(x.shape[-1]))
    else:
        x, columns = np.ones((len(y), 1)), (INTERCEPT,)
    if x.ndim != 2 or len(x) != len(y) or not np.isfinite(x).all() or len(columns) != x.shape[1]:
        raise InvalidInput(f"X has the shape {x.shape}; it needs a complete row for each of {len(y)} estimates")
    if np.linalg.matrix_rank(x / np.maximum(np.linalg.norm(x, axis=0), 1e-300)) < x.shape[1]:
        raise InvalidInput("some columns follow from the others", hint="Drop redundant moderators.")
    labels = cluster_labels(cluster)
    if len(labels) != len(y):
        raise InvalidInput(f"{len(y)} estimates and {len(labels)} cluster labels; there must be one each")
    return y, v, x, columns, groups(labels)


# The variance.


def _robust(
    members: list[_Cluster],
    *,
    names: tuple[str, ...],
    beta: FloatArray,
    root: FloatArray,
    kind: Kind,
    level: float,
    k: int,
    extra: tuple[float | None, float | None, float | None] = (None, None, None),
) -> RobustFit:
    c, p = len(members), len(beta)
    covariance, pieces = _sandwich(members, root, kind=kind, k=k)
    df = _degrees(pieces, root, c, p)
    tested = [i for i in range(p) if not all((member.x[:, i] == 1).all() for member in members)]
    f, f_df, f_p = _joint(tested, beta, covariance, pieces=pieces, root=root, clusters=c)
    tests = wald(beta, covariance, df, level)
    return RobustFit(
        kind=kind,
        clusters=c,
        names=names,
        beta=read_only(beta),
        df=read_only(df),
        **tests,
        covariance=read_only(covariance),
        f=f,
        f_df=f_df,
        f_p=f_p,
        level=level,
        tau2=extra[0],
        omega2=extra[1],
        i2=extra[2],
        cautions=_cautions(names, tests["se"], df, kind),
    )


def _sandwich(members: list[_Cluster], root: FloatArray, *, kind: Kind, k: int) -> tuple[FloatArray, _Pieces | None]:
    """Return the (p, p) robust covariance, and for CR2 what it is made of."""
    c, p = len(members), len(root)
    if kind not in {"CR0", "CR1", "CR1S", "CR2"}:
        raise InvalidInput(f"no kind {kind!r}", hint="There are: CR0, CR1, CR1S, CR2.")
    if c <= p:
        raise InvalidInput(
            f"{c} clusters and {p} coefficients; there must be more clusters", hint="Take fewer moderators."
        )
    bread = root @ root.T
    if kind == "CR2":
        pieces = _pieces(members, bread)
        return pieces.score.T @ pieces.score, pieces
    scores = np.array([member.wx.T @ member.residual for member in members]) @ bread
    factor = {"CR0": 1.0, "CR1": c / (c - p), "CR1S": c * (k - 1) / ((c - 1) * (k - p)) if k > p else math.nan}
    return scores.T @ scores * factor[kind], None


def _degrees(pieces: _Pieces | None, root: FloatArray, clusters: int, count: int) -> FloatArray:
    """Return the degrees of freedom of `count` t tests: Satterthwaite's for CR2, otherwise C - p."""
    return np.full(count, float(clusters - len(root))) if pieces is None else _satterthwaite(pieces, root)


def _cautions(names: tuple[str, ...], se: FloatArray, df: FloatArray, kind: str) -> tuple[Caution, ...]:
    exact = [name for name, value in zip(names, se, strict=True) if value == 0]
    found = []
    if exact:
        text = (
            f"The effects do not differ between the clusters at all, so that the standard error of {', '.join(exact)} "
            "is 0: there is no test and no p-value that means anything. Look for values entered twice or left at 0."
        )
        found.append(Caution("no-residual-variation", text))
    few = [name for name, value in zip(names, df, strict=True) if not value >= FEW_DF]
    if not few:
        return tuple(found)
    what = "by the spread of this moderator over the clusters" if kind == "CR2" else "by the number of clusters"
    text = f"Fewer than {FEW_DF:g} degrees of freedom for {', '.join(few)}, {what}: its p-value is not to be trusted."
    return (*found, Caution("few-clusters", text))


def _pieces(members: list[_Cluster], bread: FloatArray) -> _Pieces:
    """Return the adjusted pieces of CR2.

    The adjustment of a cluster with Phi = L L' is A = L B^(-1/2) L', B = L' (Phi - X bread X') L, so that
    A Var(residuals) A' = Phi where the working model holds; directions that B does not have get 0.
    """
    own, turn, score = [], [], []
    for member in members:
        assert member.phi is not None  # noqa: S101 - given for CR2
        lower = np.linalg.cholesky(member.phi)
        inside = lower.T @ (member.phi - member.x @ bread @ member.x.T) @ lower
        values, axes = np.linalg.eigh((inside + inside.T) / 2)
        size = np.linalg.norm(lower, 2) ** 4
        good = values > _NULL * size
        middle = (axes[:, good] / np.sqrt(values[good])) @ axes[:, good].T
        a = lower @ middle @ (lower.T @ (member.wx @ bread))
        own.append(a.T @ member.phi @ a)
        turn.append(member.x.T @ a)
        score.append(a.T @ member.residual)
    return _Pieces(np.array(own), np.array(turn), np.array(score))


def _satterthwaite(pieces: _Pieces, root: FloatArray) -> FloatArray:
    """Return (p,) degrees of freedom: twice the squared mean of each variance over its own variance."""
    p = pieces.own.shape[1]
    out = np.empty(p)
    for j in range(p):
        d, u = pieces.own[:, j, j], pieces.turn[:, :, j] @ root
        lengths = (u * u).sum(axis=1)
        diagonal = d - lengths
        square = float(((u.T @ u) ** 2).sum() - lengths @ lengths + diagonal @ diagonal)
        out[j] = float(diagonal.sum()) ** 2 / square if square > 0 else math.nan
    return out


def _joint(
    tested: list[int],
    beta: FloatArray,
    covariance: FloatArray,
    *,
    pieces: _Pieces | None,
    root: FloatArray,
    clusters: int,
) -> tuple[float | None, tuple[int, float] | None, float | None]:
    """Return the joint test of some coefficients."""
    q = len(tested)
    if not q:
        return None, None, None
    own = covariance[np.ix_(tested, tested)]
    try:
        statistic = float(beta[tested] @ np.linalg.solve(own, beta[tested]))
    except np.linalg.LinAlgError:
        return None, None, None
    if not statistic >= 0:
        return None, None, None
    if pieces is None:
        low, f = float(clusters - len(root)), statistic / q
    else:
        eta = _hotelling(tested, pieces, root)
        low = eta - q + 1
        f = statistic * low / (eta * q)
    if not low > 0:
        return None, None, None
    return f, (q, low), float(special.fdtrc(q, low, f))


def _hotelling(tested: list[int], pieces: _Pieces, root: FloatArray) -> float:
    """Return the degrees of freedom of the Wishart matrix that matches the total variance (HTZ)."""
    q = len(tested)
    d = pieces.own[:, tested][:, :, tested]
    u = np.einsum("cpq,pr->crq", pieces.turn[:, :, tested], root)
    mean = (d - np.einsum("crs,crt->cst", u, u)).sum(axis=0)
    values, axes = np.linalg.eigh((mean + mean.T) / 2)
    half = (axes / np.sqrt(values)) @ axes.T
    d = half @ d @ half
    u = u @ half
    products = np.einsum("crs,crt->cst", u, u)
    rest = d - products
    total = 0.0
    for s in range(q):
        for t in range(q):
            cross = np.einsum("cr,cw->rw", u[:, :, s], u[:, :, t])
            between = float((cross * cross).sum() + (cross * cross.T).sum())
            between -= float(products[:, s, s] @ products[:, t, t] + products[:, s, t] @ products[:, t, s])
            total += between + float(rest[:, s, s] @ rest[:, t, t] + rest[:, s, t] @ rest[:, t, s])
    return q * (q + 1) / total


# Robust variance estimation with working models for the weights.


@recorded("yi", "vi", "cluster", "data", "X")
def robust_estimate(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    cluster: Labels,
    *,
    model: Literal["correlated", "hierarchical"] = "correlated",
    rho: float = 0.8,
    small: bool = True,
    formula: str | None = None,
    data: Data | None = None,
    X: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> RobustFit:
    """Pool dependent effects with approximate weights and a robust variance, as R's ``robumeta`` does.

    Correlated effects (several outcomes of the same people): all effects of a cluster get the weight
    ``1 / (n (mean variance + tau2))``. Hierarchical effects (several studies of one team): ``1 / (v + tau2 + omega2)``.
    The variances between (tau2) and within clusters (omega2) are estimated by moments.

    Parameters
    ----------
    yi, vi : (K,) estimates and sampling variances.
    cluster : (K,) labels.
    model : which dependence dominates.
    rho : correlation of sampling errors within a cluster, 0 to 1, for correlated effects; it matters little.
    small : CR2 with Satterthwaite's degrees of freedom; otherwise CR1 with C - p.
    formula, data, X, names : moderators as in `pool_mv`.
    level : coverage of the intervals.

    Raises
    ------
    InvalidInput
        As `robust_regression`; rho outside 0 to 1.
    """
    check_level(level)
    rho = number("rho", rho, "a number from 0 to 1", lambda value: 0 <= value <= 1)
    check_choice("model", model, ("correlated", "hierarchical"))
    y, v, x, columns, places = _plain_data(yi, vi, cluster, formula=formula, data=data, X=X, names=names)
    own = list(places.values())
    if len(own) <= x.shape[1]:
        raise InvalidInput(
            f"{len(own)} clusters and {x.shape[1]} coefficients; there must be more clusters", hint="Take fewer."
        )
    kind: Kind = "CR2" if small else "CR1"
    shared = _Shared(columns=columns, places=places, kind=kind, level=level)
    if model == "correlated":
        tau2, variance, i2 = _correlated(y, v, x, own, rho)
        return _weighted(y, variance, x, **shared, extra=(tau2, None, i2))
    tau2, omega2 = _hierarchical(y, v, x, own)
    return _weighted(y, v + tau2 + omega2, x, **shared, extra=(tau2, omega2, None))


def _correlated(
    y: FloatArray, v: FloatArray, x: FloatArray, own: list[Places], rho: float
) -> tuple[float, FloatArray, float]:
    """Return tau2, the inverse weights, and I2 (Hedges, Tipton and Johnson 2010, equation 15)."""
    mean, size = np.empty_like(v), np.empty_like(v)
    for rows in own:
        mean[rows], size[rows] = float(np.mean(v[rows])), float(len(rows))
    w = 1 / (size * mean)
    beta, root = _least_squares(y, x, w)
    residual = y - x @ beta
    q = float(w @ residual**2)
    bread = root @ root.T
    first, second, together = 0.0, 0.0, 0.0
    for rows in own:
        weight, average = float(w[rows[0]]), float(mean[rows[0]])
        plain = x[rows].T @ x[rows]
        total = np.multiply.outer(x[rows].sum(axis=0), x[rows].sum(axis=0))
        first += weight**2 * average * float(np.vdot(bread, plain))
        second += weight**2 * average * float(np.vdot(bread, total))
        together += weight**2 * float(np.vdot(bread, total))
    c = len(own)
    expected = c - (1 - rho) * first - rho * second
    slope = sum(1 / float(mean[rows[0]]) for rows in own) - together
    tau2 = max((q - expected) / slope, 0.0)
    i2 = 100 * max((q - expected) / q, 0.0) if q > 0 else 0.0
    return tau2, size * (mean + tau2), i2


def _hierarchical(y: FloatArray, v: FloatArray, x: FloatArray, own: list[Places]) -> tuple[float, float]:
    """Return tau2 and omega2 from two sums of squares: of residuals, and of their sums within clusters."""
    w = 1 / v
    beta, root = _least_squares(y, x, w)
    residual = y - x @ beta
    hat = x @ (root @ root.T) @ (x * w[:, None]).T
    rest = np.eye(len(y)) - hat
    within = np.zeros((len(y), len(y)))
    for rows in own:
        within[np.ix_(rows, rows)] = 1.0
    forms = [np.diag(w), within]
    q = [float(residual @ form @ residual) for form in forms]
    seen = [rest.T @ form @ rest for form in forms]
    system = np.array([[np.vdot(m, within), np.trace(m)] for m in seen])
    right = np.array([value - float(m.diagonal() @ v) for value, m in zip(q, seen, strict=True)])
    omega2 = max(float(np.linalg.lstsq(system, right, rcond=None)[0][1]), 0.0)
    # The equation of the residuals gives tau2 once omega2 is settled.
    return max(float((right[0] - omega2 * system[0, 1]) / system[0, 0]), 0.0), omega2

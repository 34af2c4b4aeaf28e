"""Multilevel and multivariate meta-analysis: several effects per study, with random effects and known covariances.

K effects, p coefficients. y = X beta + Z u + e with known Var(e) = V and Var(u) = G, whose components are estimated
by (restricted) maximum likelihood. Options and names are those of metafor's ``rma.mv``, so that results can be held
side by side; the computations are our own.

References
----------
Konstantopoulos (2011), Research Synthesis Methods 2, 61-76; Berkey et al. (1998), Statistics in Medicine 17,
2537-2550; Harville (1977), JASA 72, 320-338; Viechtbauer (2010), Journal of Statistical Software 36(3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p
from stromata.synthesis.multilevel import block_likelihood, intercept_likelihood, structures
from stromata.synthesis.multilevel.block_likelihood import Layout, Maximum, Objective
from stromata.synthesis.multilevel.fitted_model import (
    Component,
    FittedModel,
    cautions_of,
    components_of,
    omnibus,
    read_only,
    wald,
)
from stromata.synthesis.multilevel.intercept_likelihood import Intercepts
from stromata.synthesis.multilevel.random_terms import (
    STRUCTS,
    Distances,
    Fixed,
    Parsed,
    Places,
    RandomTerm,
    column,
    columns_of,
    held,
    inner_outer,
    intercepts,
    parse,
)
from stromata.synthesis.multilevel.sampling_covariance import (
    SamplingCovariance,
    from_matrix,
    from_variances,
    is_positive_definite,
)
from stromata.synthesis.multilevel.structures import Struct
from stromata.synthesis.regression.formulas import INTERCEPT, Data, ModelMatrix, model_matrix

Known: TypeAlias = tuple[Sequence[object], npt.ArrayLike]
"""Names of levels, and a square matrix with a row for each."""

_REDUNDANT = 1e-8
"""Length of a column of X, relative to its own, that is left when the columns before it are taken out."""
_AT_ZERO = 1e-6
"""Variance, relative to the unit of the layout, below which 0 is tried instead."""
_BLOCK_WORK = 3e7
"""Multiplications per value of the likelihood above which fewer starting values are tried."""


@dataclass(frozen=True, slots=True)
class MultilevelFit:
    """A fitted multilevel or multivariate model; everything on the scale of the estimates. Arrays are read-only.

    Attributes
    ----------
    k, p : effects and coefficients.
    names : (p,) coefficients.
    beta, se, statistic, p_values, ci_low, ci_high : (p,) coefficients with their tests and intervals.
    covariance : (p, p) of the coefficients.
    df : (p,) degrees of freedom; None with z tests.
    q, q_df, q_p : Cochran's test of residual heterogeneity, from V alone.
    qm, qm_df, qm_p : Wald test that all coefficients but the intercept are 0; with t tests F with two degrees of
        freedom. None when there is only an intercept.
    components : variances and correlations.
    component_covariance : of those with a standard error, in the same order.
    log_likelihood, log_likelihood_reml : full and restricted, both at the estimates.
    parameters, aic, bic, aicc : of the likelihood that was maximised.
    method, test, level : as given; method "ee" when there are no random effects.
    labels, rows : names of the effects, and their places in what was given.
    modes, gap : local maxima met, and the lead of the highest over the next.
    cautions : reservations.
    model : everything that predictions, profiles and robust variances need.
    """

    k: int
    p: int
    names: tuple[str, ...]
    beta: FloatArray
    se: FloatArray
    statistic: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    covariance: FloatArray
    df: FloatArray | None
    q: float | None
    q_df: int
    q_p: float | None
    qm: float | None
    qm_df: tuple[int, float | None] | None
    qm_p: float | None
    components: tuple[Component, ...]
    component_covariance: FloatArray
    log_likelihood: float
    log_likelihood_reml: float
    parameters: int
    aic: float
    bic: float
    aicc: float
    method: str
    test: Literal["z", "t"]
    level: float
    labels: tuple[str, ...]
    rows: tuple[int, ...]
    modes: int
    gap: float
    cautions: tuple[Caution, ...]
    model: FittedModel

    def values(self, name: str) -> tuple[float, ...]:
        """Return all components of one name: sigma2, tau2, rho, gamma2 or phi."""
        return tuple(component.value for component in self.components if component.name == name)


def pool_mv(
    yi: npt.ArrayLike,
    V: npt.ArrayLike | SamplingCovariance,
    *,
    random: str | Sequence[str] = (),
    data: Data | None = None,
    formula: str | None = None,
    X: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    struct: Struct | Sequence[Struct] = "CS",
    R: Mapping[str, Known] | None = None,
    dist: Known | list[Known | None] | None = None,
    sigma2: Fixed = None,
    tau2: Fixed = None,
    rho: Fixed = None,
    gamma2: Fixed = None,
    phi: Fixed = None,
    method: Literal["reml", "ml"] = "reml",
    test: Literal["z", "t"] = "z",
    dfs: Literal["residual", "contain"] = "residual",
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> MultilevelFit:
    """Fit a multilevel or multivariate model to effects that may depend on one another.

    Parameters
    ----------
    yi : (K,) estimates on the measure's analysis scale.
    V : (K,) sampling variances, a (K, K) covariance matrix, or what `sampling_covariance` returns.
    random : random terms. ``~ 1 | a/b`` are random intercepts for a, and for b within a; ``~ inner | outer`` are
        random effects per outer level, correlated between the inner levels by `struct`. Two such terms at most.
    data : columns that `formula` and `random` name.
    formula, X, names : moderators as a formula such as ``~ outcome - 1``, or as a (K, p) matrix with the names of its
        columns; an intercept alone without either.
    struct : structure of each ``~ inner | outer`` term.
    R : known correlations of the levels of a random intercept, by its factor (a phylogeny, say).
    dist : for spatial structures, names of the inner levels and their distances (a list of two with two terms);
        without, distances between coordinates.
    sigma2, tau2, rho, gamma2, phi : values at which components are held. tau2 and rho belong to the first
        ``~ inner | outer`` term, gamma2 and phi to the second.
    method : restricted or full likelihood.
    test : normal tests, or t and F tests.
    dfs : degrees of freedom of t tests: K - p, or ``contain``: for a coefficient whose column is constant within the
        levels of a grouping factor, the number of levels minus p, the least of them. ``contain`` implies t tests.
    level : coverage of intervals, strictly between 0 and 1.
    labels : (K,) names of the effects.

    Returns
    -------
    The fit. Effects with a missing value are left out, redundant columns dropped, both with a caution.

    Raises
    ------
    InvalidInput
        Unequal lengths, a variance that is not positive, a column or level that is not there, an unknown structure, K
        less than p, or a marginal covariance matrix that is not positive definite.

    Examples
    --------
    >>> data = {"study": ["a", "a", "b", "b", "c", "c"]}
    >>> fit = pool_mv([0.1, 0.2, 0.5, 0.4, 0.9, 0.7], [0.04] * 6, random="~ 1 | study", data=data)
    >>> round(float(fit.beta[0]), 3), round(fit.values("sigma2")[0], 3)
    (0.467, 0.07)
    """
    _check_options(method, test, dfs, level)
    y = np.array(yi, dtype=np.float64)
    if y.ndim != 1 or not len(y):
        raise InvalidInput(f"yi has the shape {y.shape}; it must be a list of at least one estimate")
    sampling = _sampling(V, len(y))
    given = [random] if isinstance(random, str) else list(random)
    parsed = [parse(text) for text in given]
    structs = _structs(struct, sum(not each.intercept for each in parsed))
    x, made, columns = _moderators(formula, X, names, data, len(y))
    kept, gone = _complete(y, sampling, x, parsed=parsed, structs=structs, data=data)
    if len(kept) == 0:
        raise InvalidInput("no effect is complete", hint="Each needs an estimate, a variance and all its columns.")
    own_labels = _labels(labels, len(y))
    free = _terms(parsed, structs, data=data, kept=kept, k=len(y), known=R or {}, dist=dist)
    terms = _hold(free, sigma2=sigma2, tau2=tau2, rho=rho, gamma2=gamma2, phi=phi)
    y, x, sampling = y[kept], x[kept], sampling if not gone else sampling.subset(kept)
    _check_variances(sampling.vi, [own_labels[i] for i in kept])
    x, columns, dropped = _independent(x, columns)
    if x.shape[1] > len(y) or x.shape[1] == 0:
        raise InvalidInput(f"{len(y)} effects and {x.shape[1]} coefficients", hint="Take fewer moderators.")
    made = None if dropped else made
    model, modes, gap, settled = _fitted(y, x, sampling, terms, made, restricted=method == "reml")
    cautions = [*sampling.cautions, *_about_data([own_labels[i] for i in gone], dropped)]
    options = _Options(method, "t" if dfs == "contain" else test, dfs, level)
    chosen = tuple(own_labels[i] for i in kept)
    search = (modes, gap, settled)
    return _result(model, options, names=columns, labels=chosen, kept=kept, search=search, cautions=cautions)


@dataclass(frozen=True, slots=True)
class _Options:
    method: str
    test: Literal["z", "t"]
    dfs: str
    level: float


def _labels(labels: Sequence[str] | None, k: int) -> tuple[str, ...]:
    if labels is None:
        return tuple(str(i + 1) for i in range(k))
    if len(labels) != k:
        raise InvalidInput(f"{k} estimates and {len(labels)} labels; there must be one each")
    return tuple(labels)


def _about_data(gone: list[str], dropped: list[str]) -> list[Caution]:
    out = []
    if gone:
        text = f"A value is missing, and therefore left out: {', '.join(gone)}."
        out.append(Caution("effects-left-out", text))
    if dropped:
        text = f"These columns follow from the others and were dropped: {', '.join(dropped)}."
        out.append(Caution("redundant-columns", text))
    return out


def _check_options(method: str, test: str, dfs: str, level: float) -> None:
    for what, value, allowed in (
        ("method", method, ("reml", "ml")),
        ("test", test, ("z", "t")),
        ("dfs", dfs, ("residual", "contain")),
    ):
        if value not in allowed:
            raise InvalidInput(f"no {what} {value!r} here", hint=f"There are: {', '.join(allowed)}.")
    check_level(level)


def _structs(struct: Struct | Sequence[Struct], count: int) -> list[Struct]:
    many: list[Struct] = [struct] * count if isinstance(struct, str) else list(struct)[:count]
    for each in many:
        if each not in STRUCTS:
            raise InvalidInput(f"no structure {each!r}", hint=f"There are: {', '.join(STRUCTS)}.")
    if count > 2 or len(many) < count:
        raise InvalidInput(f"{count} terms of the form ~ inner | outer and {len(many)} structures; 2 at most")
    return many


def _sampling(V: npt.ArrayLike | SamplingCovariance, k: int) -> SamplingCovariance:
    if isinstance(V, SamplingCovariance):
        found = V
    else:
        given = np.array(V, dtype=np.float64)
        found = from_variances(given) if given.ndim == 1 else from_matrix(given)
    if found.k != k:
        raise InvalidInput(f"{k} estimates and {found.k} variances; there must be one each")
    return found


def _check_variances(vi: FloatArray, labels: list[str]) -> None:
    bad = np.flatnonzero(~((vi > 0) & np.isfinite(vi)))
    if len(bad):
        raise InvalidInput(
            f"effect {labels[bad[0]]}, vi is {vi[bad[0]]:g}: variances must be above 0", hint="Leave the effect out."
        )


def _moderators(
    formula: str | None, X: npt.ArrayLike | None, names: Sequence[str] | None, data: Data | None, k: int
) -> tuple[FloatArray, ModelMatrix | None, tuple[str, ...]]:
    """Return (K, p) columns, with NaN in rows that miss a value, and their names."""
    if formula is not None and X is not None:
        raise InvalidInput("moderators both as a formula and as a matrix", hint="Give one of them.")
    if formula is not None:
        made = model_matrix(formula, data, rows=k)
        x = np.full((k, len(made.names)), math.nan)
        if len(made.x) + len(made.left_out) != k:
            raise InvalidInput(f"{k} estimates, but the data have {len(made.x) + len(made.left_out)} rows")
        x[list(made.rows)] = made.x
        return x, made, made.names
    if X is None:
        return np.ones((k, 1)), None, (INTERCEPT,)
    x = np.array(X, dtype=np.float64)
    if x.ndim != 2 or len(x) != k:
        raise InvalidInput(f"X has the shape {x.shape}; it needs a row for each of {k} estimates")
    own = tuple(names) if names is not None else tuple(f"x{i + 1}" for i in range(x.shape[1]))
    if len(own) != x.shape[1]:
        raise InvalidInput(f"X has {x.shape[1]} columns and {len(own)} names; there must be one each")
    return x, None, own


def _complete(
    y: FloatArray,
    sampling: SamplingCovariance,
    x: FloatArray,
    *,
    parsed: list[Parsed],
    structs: list[Struct],
    data: Data | None,
) -> tuple[Places, list[int]]:
    """Return the rows without a missing value, and the others."""
    good = np.isfinite(y) & ~np.isnan(sampling.vi) & np.isfinite(x).all(axis=1)
    for own, block in zip(sampling.rows, sampling.blocks, strict=True):
        here = good[own]
        good[own[here]] = ~np.isnan(block[np.ix_(here, here)]).any(axis=1)
    remaining = iter(structs)
    for each in parsed:
        for name in columns_of(each, None if each.intercept else next(remaining)):
            values = column(data, name, len(y))
            good &= np.array([not _missing(value) for value in values])
    return np.flatnonzero(good), np.flatnonzero(~good).tolist()


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float | np.floating) and math.isnan(value))


def _terms(
    parsed: list[Parsed],
    structs: list[Struct],
    *,
    data: Data | None,
    kept: Places,
    k: int,
    known: Mapping[str, Known],
    dist: Known | list[Known | None] | None,
) -> list[RandomTerm]:
    """Return random intercepts first, then the other terms, as the components are numbered."""
    matrices = {name: (rows, np.array(matrix, dtype=np.float64)) for name, (rows, matrix) in known.items()}
    first = [term for each in parsed if each.intercept for term in intercepts(each, data, kept, k, matrices)]
    unused = set(matrices) - {term.label for term in first}
    if unused:
        raise InvalidInput(f"R is given for {', '.join(sorted(unused))}, which is no random intercept")
    distances: list[Distances] = [None, None]
    if dist is not None:
        distances = [dist, dist] if isinstance(dist, tuple) else [*dist, None, None]
    called = (("tau2", "rho"), ("gamma2", "phi"))
    others = [each for each in parsed if not each.intercept]
    return first + [
        inner_outer(each, own, data=data, kept=kept, k=k, distances=distances[i], names=called[i])
        for i, (each, own) in enumerate(zip(others, structs, strict=True))
    ]


def _hold(terms: list[RandomTerm], **given: Fixed) -> tuple[RandomTerm, ...]:
    """Return the terms with the components that were given, and those that nothing is known about, held."""
    known = {term.variance for term in terms} | {term.correlation for term in terms}
    for name, value in given.items():
        if value is not None and name not in known:
            raise InvalidInput(f"{name} is given, but the model has none", hint="See struct and random.")
    single = [term for term in terms if term.intercept]
    values = held("sigma2", given["sigma2"], len(single)) if single else np.zeros(0)
    out = []
    for i, term in enumerate(terms):
        if term.intercept:
            out.append(replace(term, structure=structures.with_fixed(term.structure, "tau2", 0, float(values[i]))))
            continue
        tau2 = held(term.variance, given[term.variance], len(term.structure.tau2))
        rho = held(term.correlation, given[term.correlation], len(term.structure.rho))
        alone = term.structure.kind not in structures.UNSTRUCTURED
        if alone and term.missing_pairs and math.isnan(rho[0]):
            rho = np.full(1, 0.1 if term.structure.kind in structures.SPATIAL else 0.0)
        low, high = structures.rho_range(term.structure)
        if ((rho < low) | (rho > high)).any():
            raise InvalidInput(f"{term.correlation} must lie within {low:g} and {high:g} for {term.label!r}")
        own = term.structure
        out.append(replace(term, structure=structures.Structure(own.kind, own.q, tau2, rho, own.known)))
    return tuple(out)


def _independent(x: FloatArray, names: tuple[str, ...]) -> tuple[FloatArray, tuple[str, ...], list[str]]:
    """Return the columns that do not follow from those before them."""
    basis: list[FloatArray] = []
    kept, dropped = [], []
    for i, name in enumerate(names):
        length = float(np.linalg.norm(x[:, i]))
        rest = x[:, i] / length if length > 0 else x[:, i]
        for _ in range(2):
            for direction in basis:
                rest = rest - direction * (direction @ rest)
        left = float(np.linalg.norm(rest))
        if left > _REDUNDANT:
            basis.append(rest / left)
            kept.append(i)
        else:
            dropped.append(name)
    return x[:, kept], tuple(names[i] for i in kept), dropped


# Fitting.


def blocks_of(k: int, terms: Sequence[RandomTerm], sampling: SamplingCovariance) -> list[Places]:
    """Return the rows of each set of effects that share no covariance with others."""
    left: list[Places] = []
    right: list[Places] = []
    at = k
    for term in terms:
        s = term.structure
        nodes = term.outer
        if s.kind in structures.DIAGONAL and term.z is None:
            nodes = term.outer * s.q + term.inner
        elif s.kind == "known" and s.known is not None:
            nodes = term.inner
            a, b = np.nonzero(s.known)
            left.append(at + a)
            right.append(at + b)
        left.append(np.arange(k))
        right.append(at + nodes)
        at += max(int(nodes.max()) + 1, s.q)
    for own in sampling.rows:
        left.append(own)
        right.append(np.full(len(own), at))
        at += 1
    if not left:
        return list(np.arange(k)[:, None])
    place = _connected(np.concatenate(left), np.concatenate(right), at)[:k]
    order = np.argsort(place, kind="stable")
    ends = np.flatnonzero(np.diff(place[order])) + 1
    return np.split(order, ends)


def _connected(left: Places, right: Places, count: int) -> Places:
    """Return (count,) a mark of the component that each node belongs to, given the edges."""
    parent = list(range(count))

    def top(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        one, two = top(a), top(b)
        if one != two:
            parent[max(one, two)] = min(one, two)
    return np.array([top(node) for node in range(count)], dtype=np.intp)


def _layout(
    y: FloatArray, x: FloatArray, sampling: SamplingCovariance, terms: Sequence[RandomTerm], unit: float
) -> tuple[Layout, FloatArray]:
    """Return the data arranged, and the (p, p) matrix that brings coefficients back."""
    orthonormal, triangle = np.linalg.qr(x)
    covariances = [(rows, block / unit**2) for rows, block in zip(sampling.rows, sampling.blocks, strict=True)]
    blocks = blocks_of(len(y), terms, sampling)
    buckets, flat = block_likelihood.arrange(orthonormal, y / unit, sampling.vi / unit**2, blocks, covariances)
    own = [block_likelihood.term(_scaled(t.structure, unit), buckets, t.outer, t.inner, t.z) for t in terms]
    return Layout(len(y), x.shape[1], flat, buckets, tuple(own)), np.linalg.inv(triangle)


_LEAST_VARIANCE = 1e-6
"""Least sampling variance, in units of the layout, with which Woodbury's identity keeps enough digits."""


def _intercepts(
    layout: Layout, terms: Sequence[RandomTerm], sampling: SamplingCovariance, unit: float
) -> Intercepts | None:
    """Return the short way to the likelihood, where there are only random intercepts and independent errors."""
    simple = all(term.intercept and term.structure.kind == "ID" for term in terms)
    v = sampling.vi / unit**2
    if not terms or not simple or sampling.rows or v.min() < _LEAST_VARIANCE:
        return None
    xy = np.empty((layout.k, layout.p + 1))
    for bucket in layout.buckets:
        xy[bucket.rows[bucket.rows >= 0]] = bucket.xy[bucket.rows >= 0]
    rows = [bucket.rows for bucket in layout.buckets]
    levels = [len(term.outer_levels) for term in terms]
    return intercept_likelihood.arrange(xy, v, rows, [term.outer for term in terms], levels)


def _scaled(s: structures.Structure, unit: float) -> structures.Structure:
    return structures.Structure(s.kind, s.q, s.tau2 / unit**2, s.rho, s.known)


def _fitted(
    y: FloatArray,
    x: FloatArray,
    sampling: SamplingCovariance,
    terms: tuple[RandomTerm, ...],
    made: ModelMatrix | None,
    *,
    restricted: bool,
) -> tuple[FittedModel, int, float, bool]:
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    spread = float(residual @ residual) / max(len(y) - x.shape[1], 1)
    unit = math.sqrt(float(np.mean(sampling.vi)) + spread)
    layout, turn = _layout(y, x, sampling, terms, unit)
    quick = _intercepts(layout, terms, sampling, unit)
    objective = Objective.of(layout, restricted=restricted, intercepts=quick)
    excess = max(spread - float(np.mean(sampling.vi)), 0.05 * unit**2) / unit**2
    found = _maxima(objective, excess, terms)
    best = found[0]
    if not math.isfinite(best.value):
        raise InvalidInput(
            f"the covariance matrix of the effects is not positive definite{_where(sampling)}",
            hint="Take smaller correlations between sampling errors, or add a random effect for each estimate.",
        )
    gap = best.value - found[1].value if len(found) > 1 else math.inf
    model = FittedModel(
        y=read_only(y),
        x=read_only(x),
        sampling=sampling,
        terms=terms,
        objective=objective,
        theta=read_only(best.theta),
        value=best.value,
        unit=unit,
        turn=turn,
        made=made,
    )
    return model, len(found), gap, best.settled


def _where(sampling: SamplingCovariance) -> str:
    pairs = zip(sampling.labels, sampling.blocks, strict=True)
    bad = [label for label, block in pairs if not is_positive_definite(block)]
    return f" in cluster {', '.join(bad)}" if bad else ""


def _starts(objective: Objective, excess: float, terms: Sequence[RandomTerm]) -> list[tuple[FloatArray, FloatArray]]:
    """Return starting values with where they lie.

    The excess variance is shared out over the terms, in all combinations when these are few.
    """
    free = [bool(np.isnan(term.structure.tau2).any()) for term in terms]
    count = sum(free)
    work = sum(b.rows.shape[0] * b.rows.shape[1] ** 3 for b in objective.layout.buckets)
    if count <= 2 and work < _BLOCK_WORK:
        amounts = list(product((0.01, 0.1, 0.5, 2.0), repeat=count))
    else:
        amounts = [(1.0 / max(count, 1),) * count, (0.1,) * count]
        amounts += [tuple(0.9 if i == j else 0.05 for j in range(count)) for i in range(count)]
    open_ends = any(t.structure.kind in structures.NUMERIC and np.isnan(t.structure.rho).any() for t in terms)
    correlated = any(np.isnan(term.structure.rho).any() for term in terms)
    rhos = _FAR_AND_NEAR if open_ends else _CORRELATIONS if correlated else (0.5,)
    out = []
    for amount, rho in product(amounts, rhos):
        shares = iter(amount)
        parts = [
            structures.start(term.structure, excess * (next(shares) if is_free else 1.0), rho)
            for term, is_free in zip(objective.layout.terms, free, strict=True)
        ]
        out.append(
            (
                np.array([*np.log(amount), 8 * rho if open_ends else 3 * rho]),
                np.concatenate(parts) if parts else np.zeros(0),
            )
        )
    return out


_FAR_AND_NEAR = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
"""Reaches between the least and the largest distance, on the scale of logarithms, from which a search starts."""
_CORRELATIONS = (0.7, 0.1, -0.4)
"""Correlations from which a search starts otherwise."""
_CLIMBS, _MORE_CLIMBS = 3, 6
"""Starting values from which the likelihood is climbed, the best ones that lie apart; more beside correlations, where
likelihoods have several maxima more often."""


def _maxima(objective: Objective, excess: float, terms: Sequence[RandomTerm]) -> list[Maximum]:
    """Return the local maxima met, the highest first."""
    starts = _starts(objective, excess, terms)
    values = objective.values(np.array([theta for _, theta in starts]))
    if not len(starts[0][1]):
        return [Maximum(starts[0][1], float(values[0]), settled=True)]
    climbs = _MORE_CLIMBS if any(np.isnan(term.structure.rho).any() for term in terms) else _CLIMBS
    chosen: list[int] = []
    for i in np.argsort(-values, kind="stable").tolist():
        apart = all(float(np.abs(starts[i][0] - starts[j][0]).max()) > 1.5 for j in chosen)
        if math.isfinite(values[i]) and apart and len(chosen) < climbs:
            chosen.append(i)
    if not chosen:
        return [Maximum(starts[0][1], -math.inf, settled=False)]
    least = objective.least
    raw: list[Maximum] = []
    for i in chosen:
        raw.append(block_likelihood.climb(objective.both, starts[i][1], known=raw, least=least))
    distinct = [maximum for n, maximum in enumerate(raw) if all(maximum is not other for other in raw[:n])]
    found = [block_likelihood.to_boundary(objective, maximum, _AT_ZERO) for maximum in distinct]
    found.sort(key=lambda maximum: -maximum.value)
    return [found[0], *_others(found)]


def _others(found: list[Maximum]) -> list[Maximum]:
    """Return the maxima that lie below the highest by more than rounding."""
    out: list[Maximum] = []
    last = found[0].value
    for maximum in found[1:]:
        if maximum.settled and last - maximum.value > 1e-6 * max(1.0, abs(last)):
            out.append(maximum)
            last = maximum.value
    return out


# Results.


def _result(
    model: FittedModel,
    options: _Options,
    *,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    kept: Places,
    search: tuple[int, float, bool],
    cautions: list[Caution],
) -> MultilevelFit:
    state = model.state()
    k, p = model.x.shape
    beta = model.unit * (model.turn @ state.beta[0])
    half = model.unit * (model.turn @ state.root[0])
    covariance = half @ half.T
    df = _degrees(model, options)
    components, component_covariance, flat = components_of(model)
    q = _residual_q(model)
    qm, qm_df, qm_p = omnibus(model.x, beta, covariance, df)
    full, restricted = _likelihoods(model)
    count = p + sum(not component.fixed for component in components)
    cautions = [*cautions, *([] if q is not None else [_NO_Q]), *cautions_of(model, components, flat, search)]
    aic, bic, aicc = _criteria(*((restricted, k - p) if options.method == "reml" else (full, k)), count)
    se, low, high, statistic, p_values = wald(beta, covariance, df, options.level)
    return MultilevelFit(
        k=k,
        p=p,
        names=names,
        beta=read_only(beta),
        se=se,
        statistic=statistic,
        p_values=p_values,
        ci_low=low,
        ci_high=high,
        covariance=read_only(covariance),
        df=df,
        q=q,
        q_df=k - p,
        q_p=None if q is None else (chi_squared_p(q, k - p) if k > p else 1.0),
        qm=qm,
        qm_df=qm_df,
        qm_p=qm_p,
        components=components,
        component_covariance=component_covariance,
        log_likelihood=full,
        log_likelihood_reml=restricted,
        parameters=count,
        aic=aic,
        bic=bic,
        aicc=aicc,
        method=options.method if model.terms else "ee",
        test=options.test,
        level=options.level,
        labels=labels,
        rows=tuple(kept.tolist()),
        modes=search[0],
        gap=search[1],
        cautions=tuple(cautions),
        model=model,
    )


_NO_Q = Caution(
    "covariance-not-positive-definite",
    "The sampling covariances are not positive definite, so that there is no test of heterogeneity.",
)


def _likelihoods(model: FittedModel) -> tuple[float, float]:
    """Return the full and the restricted log-likelihood in the units of the data."""
    state, (k, p) = model.state(), model.x.shape
    found = [float(state.log_likelihood(k, restricted=each)[0]) for each in (False, True)]
    return found[0] - k * math.log(model.unit), found[1] - (k - p) * math.log(model.unit)


def _criteria(log_likelihood: float, n: int, count: int) -> tuple[float, float, float]:
    """Return AIC, BIC and AICc (Hurvich and Tsai 1989) of `count` parameters and `n` free observations."""
    size = max(n, count + 2)
    deviance = -2 * log_likelihood
    bic = deviance + count * (math.log(n) if n else -math.inf)
    return deviance + 2 * count, bic, deviance + 2 * count * size / (size - count - 1)


def _degrees(model: FittedModel, options: _Options) -> FloatArray | None:
    """Return (p,) degrees of freedom of t tests; None for normal tests."""
    if options.test == "z":
        return None
    k, p = model.x.shape
    df = np.full(p, float(k - p))
    if options.dfs == "contain":
        for term in model.terms:
            codes, levels = (
                (term.inner, len(term.inner_levels))
                if term.structure.kind == "known"
                else (
                    term.outer,
                    len(term.outer_levels),
                )
            )
            first = np.zeros(levels, dtype=np.intp)
            first[codes[::-1]] = np.arange(k)[::-1]
            constant = (model.x == model.x[first[codes]]).all(axis=0)
            df[constant] = np.minimum(df[constant], levels - p)
    return read_only(df)


def _residual_q(model: FittedModel) -> float | None:
    """Return the weighted sum of squares around the fit that uses V alone."""
    layout = model.objective.layout
    state = block_likelihood.solve(layout, layout.v[None])
    return None if state is None else float(block_likelihood.refined(layout, state).rss[0])

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
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.effects.columns import label_texts
from stromata.synthesis.intervals import FloatArray, check_level, chi_squared_p
from stromata.synthesis.multilevel import structures
from stromata.synthesis.multilevel.fitted_model import (
    Component,
    FittedModel,
    Search,
    cautions_of,
    components_of,
    degrees,
    omnibus,
    residual_q,
    wald,
)
from stromata.synthesis.multilevel.fitting import fit_model, independent
from stromata.synthesis.multilevel.intercept_likelihood import Solution
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
    unknown_correlation,
)
from stromata.synthesis.multilevel.sampling_covariance import (
    SamplingCovariance,
    from_matrix,
    from_variances,
    read_only,
)
from stromata.synthesis.multilevel.structures import Struct
from stromata.synthesis.pooling.estimates import LARGEST, SMALLEST
from stromata.synthesis.regression.formulas import INTERCEPT, Data, ModelMatrix, model_matrix
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import plain_numbers

Known: TypeAlias = tuple[Sequence[object], npt.ArrayLike]
"""Names of levels, and a square matrix with a row for each."""


@dataclass(frozen=True, slots=True)
class MultilevelFit(Result):
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


@recorded("yi", "V", "data", "X", "labels")
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
        Unequal lengths, something that is no number, a variance that is not positive, estimates beyond 1e30 or
        variances outside 1e-30 to 1e30, a column or level that is not there, an unknown structure, K
        less than p, or a marginal covariance matrix that is not positive definite.

    Examples
    --------
    >>> data = {"study": ["a", "a", "b", "b", "c", "c"]}
    >>> fit = pool_mv([0.1, 0.2, 0.5, 0.4, 0.9, 0.7], [0.04] * 6, random="~ 1 | study", data=data)
    >>> round(float(fit.beta[0]), 3), round(fit.values("sigma2")[0], 3)
    (0.467, 0.086)
    """
    _check_options(method, test, dfs, level)
    y = plain_numbers(yi, "yi")
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
    chosen = own_labels if not gone else tuple(own_labels[i] for i in kept.tolist())
    free = _terms(parsed, structs, data=data, kept=kept, k=len(y), known=R or {}, dist=dist)
    terms = _hold(free, sigma2=sigma2, tau2=tau2, rho=rho, gamma2=gamma2, phi=phi)
    if gone:
        y, x, sampling = y[kept], x[kept], sampling.subset(kept)
    _check_values(y, sampling.vi, chosen)
    x, columns, dropped = independent(x, columns)
    if x.shape[1] > len(y) or x.shape[1] == 0:
        raise InvalidInput(f"{len(y)} effects and {x.shape[1]} coefficients", hint="Take fewer moderators.")
    made = None if dropped else made
    model, search = fit_model(y, x, sampling, terms, made, restricted=method == "reml")
    cautions = [*sampling.cautions, *_about_data([own_labels[i] for i in gone], dropped)]
    options = _Options(method, "t" if dfs == "contain" else test, dfs, level)
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
    found = label_texts(labels)
    if len(found) != k:
        raise InvalidInput(f"{k} estimates and {len(found)} labels; there must be one each")
    return found


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
        given = plain_numbers(V, "V")
        found = from_variances(given) if given.ndim == 1 else from_matrix(given)
    if found.k != k:
        raise InvalidInput(f"{k} estimates and {found.k} variances; there must be one each")
    return found


def _check_values(y: FloatArray, vi: FloatArray, labels: Sequence[str]) -> None:
    for label, estimate, variance in zip(labels, y.tolist(), vi.tolist(), strict=True):
        if not SMALLEST <= variance <= LARGEST:
            raise InvalidInput(
                f"effect {label}, vi is {variance:g}: variances must be above 0, from {SMALLEST:g} to {LARGEST:g}",
                hint="Leave the effect out, or measure on another scale.",
            )
        if not abs(estimate) <= LARGEST:
            raise InvalidInput(
                f"effect {label}, yi is {estimate:g}: estimates must lie within {-LARGEST:g} and {LARGEST:g}",
                hint="Leave the effect out, or measure on another scale.",
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
    x = plain_numbers(X, "X")
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
            if set(map(type, values)) != {int}:
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
    matrices = {}
    for name, pair in known.items():
        given: object = pair
        if not (isinstance(given, tuple | list) and len(given) == 2):
            raise InvalidInput(
                f"R of {name} is {pair!r}; it must be names of levels and their matrix", hint="Give (names, matrix)."
            )
        matrices[name] = pair[0], plain_numbers(pair[1], f"R of {name}")
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
        if term.intercept and given["sigma2"] is None:
            out.append(term)
            continue
        if term.intercept:
            out.append(replace(term, structure=structures.with_fixed(term.structure, "tau2", 0, float(values[i]))))
            continue
        tau2 = held(term.variance, given[term.variance], len(term.structure.tau2))
        rho = held(term.correlation, given[term.correlation], len(term.structure.rho))
        alone = term.structure.kind not in structures.UNSTRUCTURED
        if alone and term.missing_pairs and math.isnan(rho[0]):
            rho = np.full(1, unknown_correlation(term.structure))
        low, high = structures.rho_range(replace(term.structure, tau2=tau2))
        if ((rho < low) | (rho > high)).any():
            raise InvalidInput(f"{term.correlation} must lie within {low:g} and {high:g} for {term.label!r}")
        own = term.structure
        out.append(replace(term, structure=structures.Structure(own.kind, own.q, tau2, rho, own.known)))
    return tuple(out)


# Results.


def _result(
    model: FittedModel,
    options: _Options,
    *,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    kept: Places,
    search: Search,
    cautions: list[Caution],
) -> MultilevelFit:
    solution = model.solution()
    k, p = model.x.shape
    beta = model.unit * (model.turn @ solution.beta)
    half = model.unit * (model.turn @ solution.root)
    covariance = half @ half.T
    df = None if options.test == "z" else degrees(model, contain=options.dfs == "contain")
    components, component_covariance, flat = components_of(model)
    q = residual_q(model)
    qm, qm_df, qm_p = omnibus(model.x, beta, covariance, df)
    full, restricted = _likelihoods(model, solution)
    count = p + sum(not component.fixed for component in components)
    cautions = [*cautions, *([] if q is not None else [_NO_Q]), *cautions_of(model, components, flat, search)]
    aic, bic, aicc = _criteria(*((restricted, k - p) if options.method == "reml" else (full, k)), count)
    return MultilevelFit(
        k=k,
        p=p,
        names=names,
        beta=read_only(beta),
        **wald(beta, covariance, df, options.level),
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
        modes=search.modes,
        gap=search.gap,
        cautions=tuple(cautions),
        model=model,
    )


_NO_Q = Caution(
    "covariance-not-positive-definite",
    "The sampling covariances are not positive definite, so that there is no test of heterogeneity.",
)


def _likelihoods(model: FittedModel, solution: Solution) -> tuple[float, float]:
    """Return the full and the restricted log-likelihood in the units of the data."""
    k, p = model.x.shape
    each = math.log(2 * math.pi) + 2 * math.log(model.unit)
    full = k * each + solution.log_volume + solution.rss
    return -0.5 * full, -0.5 * (full - p * each + solution.log_gram)


def _criteria(log_likelihood: float, n: int, count: int) -> tuple[float, float, float]:
    """Return AIC, BIC and AICc (Hurvich and Tsai 1989) of `count` parameters and `n` free observations."""
    size = max(n, count + 2)
    deviance = -2 * log_likelihood
    bic = deviance + count * (math.log(n) if n else -math.inf)
    return deviance + 2 * count, bic, deviance + 2 * count * size / (size - count - 1)

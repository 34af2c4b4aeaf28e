"""How much a multilevel fit hangs on single effects or whole clusters: refits without them, and what these tell.

K effects, p coefficients, J components, C effects or clusters that are left out in turn.

References
----------
Belsley, Kuh and Welsch (1980), Regression Diagnostics, chapter 2; Viechtbauer and Cheung (2010), Research Synthesis
Methods 1, 112-125; Demidenko and Stukel (2005), Statistics in Medicine 24, 893-909 (mixed models).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.multilevel import block_likelihood, structures
from stromata.synthesis.multilevel.fitted_model import FittedModel, components_of, degrees, residual_q, wald
from stromata.synthesis.multilevel.fitting import fit_model, independent
from stromata.synthesis.multilevel.inference import residuals_mv
from stromata.synthesis.multilevel.multivariate import MultilevelFit
from stromata.synthesis.multilevel.random_terms import Places, subset
from stromata.synthesis.multilevel.sampling_covariance import Labels, groups, read_only
from stromata.synthesis.results.result import Result, recorded


@dataclass(frozen=True, slots=True)
class MultilevelRefits(Result):
    """The model refitted without each effect or cluster; arrays are read-only, NaN where there is no such fit.

    Attributes
    ----------
    labels : (C,) what was left out, in the order of its first effect.
    k : (C,) effects that remain.
    names : (p,) coefficients.
    beta, se, p_values, ci_low, ci_high : (C, p) with tests and intervals as in the fit.
    components : (C, J) variances and correlations in the order of those of the fit.
    q : (C,) Cochran's statistic.
    cautions : coefficients whose sign or significance hangs on one effect or cluster.
    """

    labels: tuple[str, ...]
    k: tuple[int, ...]
    names: tuple[str, ...]
    beta: FloatArray
    se: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    components: FloatArray
    q: FloatArray
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class MultilevelInfluence(Result):
    """What single effects, or whole clusters, do to a fit; arrays are read-only, NaN where there is no refit.

    Attributes
    ----------
    labels : (C,) what was left out, in the order of its first effect.
    residual, se, rstudent : (K,) deleted residual of each effect from the fit without it or its cluster, its standard
        error, and their ratio.
    joint, joint_df, joint_p : (C,) all deleted residuals of a cluster together: chi-squared statistic, degrees of
        freedom and p-value of the test that they belong to the model.
    cook : (C,) Cook's distance. cov_ratio : (C,) determinant of the coefficients' covariance without over that with.
    dfbetas : (C, p) by how many standard deviations each coefficient moves.
    hat, weight : (K,) leverages, and weights in percent, of the fit of all.
    refits : the refits themselves.
    """

    labels: tuple[str, ...]
    residual: FloatArray
    se: FloatArray
    rstudent: FloatArray
    joint: FloatArray
    joint_df: tuple[int, ...]
    joint_p: FloatArray
    cook: FloatArray
    cov_ratio: FloatArray
    dfbetas: FloatArray
    hat: FloatArray
    weight: FloatArray
    refits: MultilevelRefits


@recorded("fit", "cluster")
def leave_one_out_mv(fit: MultilevelFit, *, cluster: Labels | None = None) -> MultilevelRefits:
    """Refit the model without each effect, or without each cluster, in turn.

    Parameters
    ----------
    fit : from `pool_mv`.
    cluster : label per effect, in the order of what was given to `pool_mv` (effects left out there are skipped), or of
        the effects kept; each effect on its own without.

    Raises
    ------
    InvalidInput
        Another number of labels, or a single cluster.

    Examples
    --------
    >>> data = {"study": ["a", "a", "b", "b", "c", "c", "d", "d"]}
    >>> yi = [0.1, 0.2, 0.5, 0.4, 0.9, 0.7, 0.3, 0.4]
    >>> from stromata.synthesis.multilevel.multivariate import pool_mv
    >>> fit = pool_mv(yi, [0.04] * 8, random="~ 1 | study", data=data)
    >>> leave_one_out_mv(fit, cluster=data["study"]).beta[:, 0].round(3).tolist()
    [0.533, 0.433, 0.317, 0.467]
    """
    places = _places(fit, cluster)
    return _gathered(fit, places, [_without(fit, own) for own in places.values()])


@recorded("fit", "cluster")
def influence_mv(fit: MultilevelFit, *, cluster: Labels | None = None) -> MultilevelInfluence:
    """Measure what each effect, or each cluster, does to the fit, by refitting without it.

    Parameters
    ----------
    fit, cluster : as `leave_one_out_mv`.

    Raises
    ------
    InvalidInput
        Another number of labels, or a single cluster.
    """
    places = _places(fit, cluster)
    deleted = [_without(fit, own) for own in places.values()]
    plain = residuals_mv(fit)
    c, p = len(places), fit.p
    residual, se = np.full(fit.k, math.nan), np.full(fit.k, math.nan)
    joint, cook, cov_ratio, dfbetas = (np.full(shape, math.nan) for shape in (c, c, c, (c, p)))
    precision = np.linalg.inv(fit.covariance)
    volume = np.linalg.slogdet(fit.covariance)[1]
    for i, (own, rest) in enumerate(zip(places.values(), deleted, strict=True)):
        if rest is None:
            continue
        moved = fit.beta - rest.beta
        cook[i] = moved @ precision @ moved
        cov_ratio[i] = math.exp(np.linalg.slogdet(rest.covariance)[1] - volume)
        marginal, bread = _at_deleted(fit.model, rest, own)
        if bread is not None:
            dfbetas[i] = moved / np.sqrt(bread.diagonal())
        x = fit.model.x[own]
        residual[own] = fit.model.y[own] - x @ rest.beta
        spread = marginal + x @ rest.covariance @ x.T
        se[own] = np.sqrt(spread.diagonal())
        if np.isfinite(spread).all():
            joint[i] = residual[own] @ np.linalg.solve(spread, residual[own])
    sizes = tuple(len(own) for own in places.values())
    return MultilevelInfluence(
        labels=tuple(places),
        residual=read_only(residual),
        se=read_only(se),
        rstudent=read_only(residual / se),
        joint=read_only(joint),
        joint_df=sizes,
        joint_p=read_only(special.gammaincc(np.array(sizes) / 2, joint / 2)),
        cook=read_only(cook),
        cov_ratio=read_only(cov_ratio),
        dfbetas=read_only(dfbetas),
        hat=plain.hat,
        weight=plain.weight,
        refits=_gathered(fit, places, deleted),
    )


def labels_of(cluster: Labels, fit: MultilevelFit) -> tuple[str, ...]:
    """Return the cluster of each effect of the fit.

    Raises
    ------
    InvalidInput
        Labels neither of all effects that were given, nor of those kept.
    """
    plain = [str(value) for value in cluster]
    if len(plain) != fit.k:
        if len(plain) <= max(fit.rows):
            raise InvalidInput(f"{len(plain)} cluster labels for {fit.k} effects; there must be one each")
        plain = [plain[i] for i in fit.rows]
    return tuple(plain)


def _places(fit: MultilevelFit, cluster: Labels | None) -> dict[str, Places]:
    if cluster is None:
        return {f"{label}": np.array([i], dtype=np.intp) for i, label in enumerate(_unique(fit.labels))}
    places = groups(labels_of(cluster, fit))
    if len(places) == 1:
        raise InvalidInput("all effects are of one cluster: nothing is left without it")
    return places


def _unique(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return labels that tell effects apart: with their numbers where two are the same."""
    if len(set(labels)) == len(labels):
        return labels
    return tuple(f"{label} ({i + 1})" for i, label in enumerate(labels))


# One refit.


@dataclass(frozen=True, slots=True)
class _Rest:
    """The fit without some effects: coefficients and components in the units of the data."""

    model: FittedModel
    beta: FloatArray
    covariance: FloatArray
    components: FloatArray
    q: float


def _without(fit: MultilevelFit, gone: Places) -> _Rest | None:
    """Return the fit without some effects; None where the coefficients can no longer be estimated."""
    model = fit.model
    kept = np.setdiff1d(np.arange(fit.k), gone)
    if len(kept) < fit.p or independent(model.x[kept], fit.names)[2]:
        return None
    rest, _ = fit_model(
        model.y[kept],
        model.x[kept],
        model.sampling.subset(kept),
        tuple(subset(term, kept) for term in model.terms),
        None,
        restricted=model.objective.restricted,
    )
    solution = rest.solution()
    half = rest.unit * (rest.turn @ solution.root)
    components = np.array([component.value for component in components_of(rest)[0]])
    q = residual_q(rest)
    return _Rest(rest, rest.unit * (rest.turn @ solution.beta), half @ half.T, components, math.nan if q is None else q)


def _at_deleted(model: FittedModel, rest: _Rest, own: Places) -> tuple[FloatArray, FloatArray | None]:
    """Return the marginal covariance of the effects left out, at the components of the fit without them.

    Also the covariance of the coefficients of all effects at these; None where a component of theirs is unknown.
    """
    layout = model.objective.layout
    scale = (rest.model.unit / model.unit) ** 2
    matrices = [scale * g for g in rest.model.matrices()]
    flat = block_likelihood.covariance(layout, [g[None] for g in matrices])
    marginal = block_likelihood.entries(layout, flat[0], own) * model.unit**2
    for term, other in zip(model.terms, rest.model.terms, strict=True):
        held = ~np.isnan(other.structure.tau2) & np.isnan(term.structure.tau2)
        if held.any() and term.structure.kind in structures.SEPARATE:
            lost = held[term.inner[own]]
            marginal[lost] = marginal[:, lost] = math.nan
    if np.isnan(marginal).any():
        return marginal, None
    state = block_likelihood.solve(layout, flat)
    if state is None:
        return marginal, None
    half = model.unit * (model.turn @ state.root[0])
    return marginal, half @ half.T


# All refits.


def _gathered(fit: MultilevelFit, places: dict[str, Places], deleted: list[_Rest | None]) -> MultilevelRefits:
    c, p = len(places), fit.p
    columns = {name: np.full((c, p), math.nan) for name in ("beta", "se", "p_values", "ci_low", "ci_high")}
    components, q = np.full((c, len(fit.components)), math.nan), np.full(c, math.nan)
    for i, rest in enumerate(deleted):
        if rest is None:
            continue
        df = None if fit.df is None else degrees(rest.model, contain=bool((fit.df < fit.k - fit.p).any()))
        columns["beta"][i] = rest.beta
        tests = wald(rest.beta, rest.covariance, df, fit.level)
        columns["se"][i], columns["p_values"][i] = tests["se"], tests["p_values"]
        columns["ci_low"][i], columns["ci_high"][i] = tests["ci_low"], tests["ci_high"]
        components[i], q[i] = rest.components, rest.q
    return MultilevelRefits(
        labels=tuple(places),
        k=tuple(fit.k - len(own) for own in places.values()),
        names=fit.names,
        beta=read_only(columns["beta"]),
        se=read_only(columns["se"]),
        p_values=read_only(columns["p_values"]),
        ci_low=read_only(columns["ci_low"]),
        ci_high=read_only(columns["ci_high"]),
        components=read_only(components),
        q=read_only(q),
        cautions=_cautions(fit, tuple(places), columns),
    )


def _cautions(fit: MultilevelFit, labels: tuple[str, ...], columns: dict[str, FloatArray]) -> tuple[Caution, ...]:
    out = []
    lost = np.asarray(np.isnan(columns["beta"]).any(axis=1))
    if lost.any():
        text = f"Without these the coefficients cannot be estimated: {_listed(labels, lost)}."
        out.append(Caution("not-estimable-without", text))
    clear = (fit.ci_low > 0) | (fit.ci_high < 0)
    moved = (((columns["ci_low"] > 0) | (columns["ci_high"] < 0)) != clear) | (
        np.sign(columns["beta"]) != np.sign(fit.beta)
    )
    changed = np.asarray(moved.any(axis=1) & ~lost)
    if changed.any():
        text = f"The conclusion changes when one of these is left out: {_listed(labels, changed)}."
        out.append(Caution("hinges-on-one-study", text))
    return tuple(out)


def _listed(labels: tuple[str, ...], marked: npt.NDArray[np.bool_]) -> str:
    return ", ".join(label for label, mark in zip(labels, marked.tolist(), strict=True) if mark)

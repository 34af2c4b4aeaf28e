"""How much a pooled result hangs on single studies: leave-one-out, cumulative, influence, all subsets, residuals.

K studies, N refits. Every refit is a column of weights, and all columns are fitted at once (`kernels`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, EffectSize, TestName
from stromata.synthesis.cautions import unequal_variances
from stromata.synthesis.intervals import FloatArray, check_seed, check_times, normal_quantile, t_quantile
from stromata.synthesis.pooling import kernels, single
from stromata.synthesis.pooling.estimates import Method
from stromata.synthesis.pooling.pool import pool
from stromata.synthesis.regression import kernels as regression_kernels
from stromata.synthesis.results.result import Result, recorded
from stromata.synthesis.study_set import Studies, StudySet, check_choice, check_options, frozen, study_set

TableModel = Literal["mh", "peto", "exact", "glmm"]
"""Models that pool counts, not estimates."""

_BOTH = 2
"""Studies from which tau2 can be estimated."""

_MANY_INFLUENTIAL = 0.5
"""Lower tail of the chi-squared distribution of Cook's distance from which a study counts as influential."""

_SUBSETS = 1_000_000
"""Most subsets that are fitted; with more, that many are drawn."""

_MOST_SUBSETS = 10_000_000
"""Subsets that a caller may ask for: their results then stay within a few gigabytes."""

_BLOCK = 40_000
"""Subsets fitted together, so that memory stays within some tens of megabytes."""


@dataclass(frozen=True, slots=True)
class Refits(Result):
    """The pooled result refitted on N sets of the studies; all arrays (N,), read-only.

    Attributes
    ----------
    labels : the study left out, or the one added last.
    k : studies in each refit.
    estimate, se, statistic, p, ci_low, ci_high : on the analysis scale, under the chosen test.
    q, q_p : Cochran's test of heterogeneity.
    tau2 : 0 under the common-effect model and for a single study.
    i2, h2 : in percent, and as a ratio.
    """

    labels: tuple[str, ...]
    k: npt.NDArray[np.intp]
    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    q: FloatArray
    q_p: FloatArray
    tau2: FloatArray
    i2: FloatArray
    h2: FloatArray
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Influence(Result):
    """What each study does to the result; all arrays (K,), read-only, but for `dfbetas` (K, p).

    Attributes
    ----------
    rstudent : externally studentised residual: the study against the fit without it.
    dffits : by how many standard deviations the study's fitted value moves when it is left out.
    cook : Cook's distance, and `cov_ratio` the (determinant of the) variance of the estimate without the study over
        that with it.
    tau2_deleted, q_deleted : of the fit without the study.
    hat, weight : leverage, and weight in percent.
    dfbetas : by how many standard deviations each coefficient moves.
    influential : whether any of the four rules of Viechtbauer and Cheung marks the study.
    refits : what `leave_one_out` returns, from the same fits; None for a meta-regression.
    """

    labels: tuple[str, ...]
    rstudent: FloatArray
    dffits: FloatArray
    cook: FloatArray
    cov_ratio: FloatArray
    tau2_deleted: FloatArray
    q_deleted: FloatArray
    hat: FloatArray
    weight: FloatArray
    dfbetas: FloatArray
    influential: npt.NDArray[np.bool_]
    refits: Refits | None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Subsets(Result):
    """The pooled result of subsets of the studies (GOSH); arrays (N,), read-only, but for `members` (N, K).

    Attributes
    ----------
    members : which studies are in the subset.
    complete : whether these are all subsets; if not, a random sample of them.
    """

    labels: tuple[str, ...]
    members: npt.NDArray[np.bool_]
    k: npt.NDArray[np.intp]
    estimate: FloatArray
    q: FloatArray
    tau2: FloatArray
    i2: FloatArray
    h2: FloatArray
    complete: bool
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Predictions(Result):
    """One value per study with its standard error and interval; arrays (K,), read-only."""

    labels: tuple[str, ...]
    value: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Residuals(Result):
    """Residuals with standard errors and their ratios; arrays (K,), read-only."""

    labels: tuple[str, ...]
    residual: FloatArray
    se: FloatArray
    z: FloatArray
    cautions: tuple[Caution, ...] = ()


@recorded("effects", "vi", "labels")
def leave_one_out(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    method: Method = "reml",
    model: TableModel | None = None,
    test: TestName = "z",
    level: float = 0.95,
) -> Refits:
    """Pool K times, each time without one study.

    Parameters
    ----------
    effects, vi, labels : see `stromata.synthesis.study_set.study_set`; K >= 2.
    method : ``ee`` common-effect model, or an estimator of tau2.
    model : a model of `stromata.synthesis.pool` that works from the counts, instead of `method`; `effects` are then
        effect sizes. NaN stands where the tables that are left determine no estimate.
    test : see `stromata.synthesis.pooling.inverse_variance.fit`.
    level : coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    Refits in the order of the studies. A caution names the studies without which the result changes sign or becomes,
    or ceases to be, clear of zero.

    Raises
    ------
    InvalidInput
        Fewer than two studies, a bad value (the study and the column are named), or an unknown option.

    Examples
    --------
    >>> found = leave_one_out([0.1, 0.5, 0.9], [0.04, 0.04, 0.04], method="ee")
    >>> found.estimate.round(3).tolist()
    [0.7, 0.5, 0.3]
    """
    check_options(method=method, test=test, level=level)
    if model is not None:
        tables = _tables(effects, model, least=_BOTH)
        sets = [tables[:i] + tables[i + 1 :] for i in range(len(tables))]
        names = tuple(effect.label for effect in tables)
        return _repooled(names, [*sets, tables], model, test, level, left_out=True)
    studies = _studies(effects, vi, labels, least=_BOTH, purpose="leaving one study out")
    return _left_out_in_turn(studies, _pooled_columns(studies, _each_left_out(studies.k), method, test), test, level)


@recorded("effects", "vi", "labels", "order")
def cumulative(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    order: npt.ArrayLike | None = None,
    method: Method = "reml",
    model: TableModel | None = None,
    test: TestName = "z",
    level: float = 0.95,
) -> Refits:
    """Pool the first study, the first two, and so on.

    Parameters
    ----------
    order : (K,) values, such as years, by which the studies are put in ascending order first; equal values keep the
        order given. Without, the order given.

    Returns
    -------
    Refits in that order; the first is the first study's own result. Other parameters and errors as `leave_one_out`,
    but K >= 1.
    """
    check_options(method=method, test=test, level=level)
    if model is not None:
        tables = _tables(effects, model, least=1)
        tables = tuple(tables[i] for i in ordered(order, tuple(range(len(tables)))))
        sets = [tables[:i] for i in range(1, len(tables) + 1)]
        names = tuple(effect.label for effect in tables)
        return _repooled(names, [*sets, tables], model, test, level, left_out=False)
    studies = _studies(effects, vi, labels, purpose="a cumulative synthesis")
    places = ordered(order, studies.used)
    rank = np.empty(studies.k, dtype=np.intp)
    rank[places] = np.arange(studies.k)
    present = rank[:, None] <= np.arange(studies.k)
    found = refit(studies, present, method=method, test=test, level=level)
    names = tuple(studies.labels[place] for place in places)
    return replace(found, labels=names, cautions=studies.cautions)


@recorded("effects", "vi", "labels", "moderators")
def influence(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    method: Method = "reml",
    test: TestName = "z",
    level: float = 0.95,
    moderators: npt.ArrayLike | None = None,
) -> Influence:
    """Return the case-deletion diagnostics of a pooled result or of a meta-regression.

    Under ``knha`` and ``adhoc`` all variances are rescaled, those of a study's own result among them: by the factor of
    the fit that they are taken from.

    Parameters
    ----------
    effects, vi, labels, method, test, level : as `leave_one_out`.
    moderators : (K, p) model matrix, the column of ones included where there is an intercept; without, the intercept
        alone. A study whose deletion leaves a coefficient undetermined has NaN.

    References
    ----------
    Viechtbauer and Cheung (2010), Research Synthesis Methods 1, 112-125, for all measures and for the rules: DFFITS
    above 3 sqrt(p / (K - p)), Cook's distance beyond the median of chi-squared on p, hat above 3 p / K, any DFBETAS
    above 1.
    """
    check_options(method=method, test=test, level=level)
    studies = _studies(effects, vi, labels, least=_BOTH, purpose="an influence analysis")
    refits, p = None, 1
    if moderators is None:
        found = _pooled_columns(studies, _each_left_out(studies.k), method, test)
        columns = _influence_of_mean(studies, found)
        refits = _left_out_in_turn(studies, found, test, level)
    else:
        x = model_matrix(moderators, studies)
        p = x.shape[1]
        columns = _influence_of_regression(studies, x, method, test)
    marked = _marked(columns, studies.k, p)
    arrays: dict[str, Any] = {name: frozen(values) for name, values in columns.items()}  # Any: as the fields
    return Influence(
        labels=studies.labels,
        influential=_frozen_flags(marked),
        refits=refits,
        cautions=(*studies.cautions, *_named_influential(studies, marked)),
        **arrays,
    )


@recorded("effects", "vi", "labels")
def gosh(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    method: Method = "reml",
    subsets: int = _SUBSETS,
    seed: int = 0,
) -> Subsets:
    """Pool all subsets of the studies, or a random sample of them.

    Parameters
    ----------
    effects, vi, labels, method : as `leave_one_out`.
    subsets : most subsets to fit; all 2^K - 1 when they are not more, else that many different ones drawn at random.
    seed : of the drawing.

    References
    ----------
    Olkin, Dahabreh and Trikalinos (2012), Research Synthesis Methods 3, 214-223.
    """
    check_options(method=method)
    check_times("subsets", subsets, _MOST_SUBSETS)
    subsets, seed = int(subsets), check_seed(seed)
    studies = _studies(effects, vi, labels, least=_BOTH, purpose="a GOSH analysis")
    members, complete = _choose_subsets(studies.k, subsets, seed)
    parts = [
        refit(studies, members[start : start + _BLOCK].T, method=method, test="z", level=0.95)
        for start in range(0, len(members), _BLOCK)
    ]
    arrays: dict[str, Any] = {  # Any: as the fields
        name: frozen(np.concatenate([getattr(part, name) for part in parts]))
        for name in ("estimate", "q", "tau2", "i2", "h2")
    }
    sampled = (
        ()
        if complete
        else (
            Caution(
                "subsets-sampled", f"{len(members):,} of 2^{studies.k} - 1 subsets were drawn at random (seed {seed})."
            ),
        )
    )
    return Subsets(
        labels=studies.labels,
        members=_frozen_flags(members),
        k=members.sum(axis=1),
        complete=complete,
        cautions=(*studies.cautions, *sampled),
        **arrays,
    )


@recorded("effects", "vi", "labels")
def blups(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    method: Method = "reml",
    level: float = 0.95,
    deviations: bool = False,
) -> Predictions:
    """Return each study's true effect as the model sees it: shrunken towards the pooled estimate.

    Parameters
    ----------
    effects, vi, labels, method, level : as `leave_one_out`.
    deviations : return the deviations from the pooled estimate instead of the effects.

    References
    ----------
    Raudenbush and Bryk (1985), Journal of Educational Statistics 10, 75-98; Kackar and Harville (1981),
    Communications in Statistics A 10, 1249-1261, for the standard errors.
    """
    check_options(method=method, level=level)
    studies = _studies(effects, vi, labels, least=_BOTH, purpose="shrinkage")
    found = single.fit(studies.y, studies.v, None if method == "ee" else method)
    kept = found.tau2 / (found.tau2 + studies.v)
    mean, share = (0.0, kept) if deviations else (found.estimate, 1 - kept)
    value = mean + kept * (studies.y - found.estimate)
    se = np.sqrt(kept * studies.v + (share * found.se) ** 2)
    half = normal_quantile(level) * se
    low, high = frozen(value - half), frozen(value + half)
    return Predictions(studies.labels, frozen(value), frozen(se), low, high, studies.cautions)


@recorded("effects", "vi", "labels")
def residuals(
    effects: Studies,
    vi: npt.ArrayLike | None = None,
    *,
    labels: Sequence[str] | None = None,
    method: Method = "reml",
    deleted: bool = False,
) -> Residuals:
    """Return standardised residuals: each study against the pooled estimate, or against that of all others.

    Parameters
    ----------
    effects, vi, labels, method : as `leave_one_out`.
    deleted : take the fit without the study (externally studentised) instead of the fit of all (internally).

    References
    ----------
    Viechtbauer and Cheung (2010), Research Synthesis Methods 1, 112-125, eqs. 4 and 6.
    """
    check_options(method=method)
    studies = _studies(effects, vi, labels, least=_BOTH, purpose="a residual")
    y, v = studies.y, studies.v
    if deleted:
        rest = refit(studies, ~np.eye(studies.k, dtype=np.bool_), method=method, test="z", level=0.95)
        residual = y - rest.estimate
        se = np.sqrt(v + rest.tau2 + rest.se**2)
    else:
        found = single.fit(y, v, None if method == "ee" else method)
        residual = y - found.estimate
        w = 1 / (v + found.tau2)
        se = np.sqrt(_others(w) / w.sum() / w)
    return Residuals(studies.labels, frozen(residual), frozen(se), frozen(residual / se), studies.cautions)


def _studies(
    effects: Studies, vi: npt.ArrayLike | None, labels: Sequence[str] | None, *, purpose: str, least: int = 1
) -> StudySet:
    """Return the studies, with the reservation that holds of every weighted mean of them."""
    found = study_set(effects, vi, labels=labels, least=least, purpose=purpose)
    return replace(found, cautions=(*found.cautions, *unequal_variances(found.v.tolist())))


def ordered(order: npt.ArrayLike | None, used: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Return the places of the studies used, by ascending values given for all studies; ties keep their order.

    Raises
    ------
    InvalidInput
        Not one value per study, a value that is missing, or values that cannot be compared; the row is named.
    """
    if order is None:
        return np.arange(len(used))
    values = np.asarray(order)
    if values.ndim != 1 or len(values) <= max(used):
        raise InvalidInput(f"order has the shape {values.shape}; it must hold one value per study")
    chosen = values[list(used)]
    for row, value in zip(used, chosen.tolist(), strict=True):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            raise InvalidInput(
                f"row {row + 1}, order is {value!r}; every study needs a value", hint="Give its year, or leave it out."
            )
    try:
        return np.argsort(chosen, kind="stable")
    except TypeError as error:
        raise InvalidInput(f"order holds values that cannot be compared: {error}", hint="Give years.") from error


# Refits from counts, one after the other.


def _tables(effects: Studies, model: TableModel, *, least: int) -> tuple[EffectSize, ...]:
    check_choice("model", model, get_args(TableModel))
    given = tuple(effects) if isinstance(effects, Sequence) else ()
    if len(given) < least or not all(isinstance(effect, EffectSize) for effect in given):
        raise InvalidInput(f"model {model} needs at least {least} effect sizes with their counts")
    return given


def _repooled(
    labels: tuple[str, ...],
    sets: list[tuple[EffectSize, ...]],
    model: TableModel,
    test: TestName,
    level: float,
    *,
    left_out: bool,
) -> Refits:
    """Pool every set; the last is all studies, with which the others are compared."""
    pooled = [pool(members, model=model, test=test, level=level) for members in sets]
    for_none = {"q": 0.0, "q_p": 1.0, "i2": 0.0, "h2": 1.0, "tau2": 0.0}

    def column(name: str) -> FloatArray:
        # of one study, or of none, there is no heterogeneity to measure
        none = [for_none.get(name, math.nan) if result.k < _BOTH else math.nan for result in pooled]
        values = [getattr(result, name) for result in pooled]
        return np.array([other if value is None else value for value, other in zip(values, none, strict=True)])

    arrays = {name: column(name) for name in _ARRAYS if name != "k"}
    arrays["tau2"] = np.where(np.isnan(arrays["tau2"]), 0.0, arrays["tau2"])
    with np.errstate(invalid="ignore"):
        hinges = _hinges(labels, arrays) if left_out else ()
    carried = tuple(caution for caution in pooled[-1].cautions if caution.code in _OF_THE_STUDIES)
    k = np.array([result.k for result in pooled[:-1]])
    shown: dict[str, Any] = {name: frozen(array[:-1]) for name, array in arrays.items()}  # Any: as the fields
    return Refits(labels=labels, k=k, cautions=(*carried, *hinges), **shown)


_OF_THE_STUDIES = frozenset({"tables-without-information", "variances-unequal"})
"""Codes of cautions about the studies themselves, which hold of refits as of the pooled result."""


# Refits of sets of studies, all at once.


def refit(studies: StudySet, present: npt.NDArray[np.bool_], *, method: Method, test: TestName, level: float) -> Refits:
    """Pool the studies marked in each column of `present` (K, N); a column with one study gives its own result.

    The labels are those of the first N studies.
    """
    columns = _pooled_columns(studies, present, method, test)
    return _derived(studies.labels[: present.shape[1]], present.sum(axis=0), columns, test, level)


def _derived(
    labels: tuple[str, ...], k: npt.NDArray[np.intp], columns: dict[str, FloatArray], test: TestName, level: float
) -> Refits:
    """Add tests and intervals."""
    df = np.maximum(k - 1, 1).astype(np.float64)
    # a rescaled standard error is 0 where all estimates are equal: there is no statistic then
    se = np.where(columns["se"] > 0, columns["se"], math.nan)
    statistic = columns["estimate"] / se
    quantile: float | FloatArray
    if test == "z":
        quantile = normal_quantile(level)
        p = np.asarray(special.erfc(np.abs(statistic) / math.sqrt(2)), dtype=np.float64)
    else:
        quantile = _t_quantiles(level, df)
        p = np.asarray(special.betainc(df / 2, 0.5, df / (df + statistic * statistic)), dtype=np.float64)
    half = quantile * columns["se"]
    derived: dict[str, Any] = {  # Any: as the fields
        **columns,
        "statistic": statistic,
        "p": p,
        "ci_low": columns["estimate"] - half,
        "ci_high": columns["estimate"] + half,
        "q_p": np.where(k > 1, special.gammaincc(df / 2, columns["q"] / 2), 1.0),
    }
    for array in (*derived.values(), k):
        array.flags.writeable = False
    return Refits(labels=labels, k=k, cautions=(), **derived)


def _left_out_in_turn(studies: StudySet, columns: dict[str, FloatArray], test: TestName, level: float) -> Refits:
    """Return the refits of `_each_left_out`, without the last column, with which they are compared."""
    k = np.full(studies.k + 1, studies.k - 1)
    k[-1] = studies.k
    found = _derived(studies.labels, k, columns, test, level)
    arrays = {name: getattr(found, name) for name in _ARRAYS}
    cautions = (*studies.cautions, *_hinges(studies.labels, arrays))
    return Refits(studies.labels, cautions=cautions, **{name: array[:-1] for name, array in arrays.items()})


_ARRAYS = ("k", "estimate", "se", "statistic", "p", "ci_low", "ci_high", "q", "q_p", "tau2", "i2", "h2")


def _pooled_columns(
    studies: StudySet, present: npt.NDArray[np.bool_], method: Method, test: TestName
) -> dict[str, FloatArray]:
    several = present.sum(axis=0) >= _BOTH
    if several.all():
        return _fit_columns(studies, present, method, test)
    n = len(several)
    columns = {name: np.zeros(n) for name in ("estimate", "se", "tau2", "q", "i2")}
    columns["h2"] = np.ones(n)
    alone = np.flatnonzero(~several)
    place = present[:, alone].argmax(axis=0)
    columns["estimate"][alone], columns["se"][alone] = studies.y[place], np.sqrt(studies.v[place])
    if len(alone) < n:
        for name, values in _fit_columns(studies, present[:, several], method, test).items():
            columns[name][several] = values
    return columns


def _fit_columns(
    studies: StudySet, present: npt.NDArray[np.bool_], method: Method, test: TestName
) -> dict[str, FloatArray]:
    """Fit columns of two or more studies each."""
    y = np.where(present, studies.y[:, None], 0.0)
    v = np.where(present, studies.v[:, None], math.inf)
    found = kernels.fit(kernels.arrange(y, v), None if method == "ee" else method)
    df = present.sum(axis=0) - 1
    if method == "ee":
        with np.errstate(all="ignore"):
            i2 = np.where(found.q > df, 100 * (found.q - df) / found.q, 0.0)
        h2 = found.q / df
    else:
        i2, h2 = 100 * found.tau2 / (found.tau2 + found.typical), 1 + found.tau2 / found.typical
    factor = {"knha": found.spread, "adhoc": np.maximum(found.spread, 1.0)}.get(test)
    se = found.se if factor is None else found.se * np.sqrt(factor)
    return {"estimate": found.estimate, "se": se, "tau2": found.tau2, "q": found.q, "i2": i2, "h2": h2}


def _t_quantiles(level: float, df: FloatArray) -> FloatArray:
    sizes, inverse = np.unique(df, return_inverse=True)
    return np.array([t_quantile(level, size) for size in sizes])[inverse]


def _others(w: FloatArray) -> FloatArray:
    """Return for each weight the sum of all others, without loss of digits where one has nearly all."""
    first = int(w.argmax())
    rest = np.delete(w, first)
    total = float(w.sum())
    others = total - w
    others[first] = float(rest.sum())
    return others


def _each_left_out(k: int) -> npt.NDArray[np.bool_]:
    """Return (K, K + 1) marks: each study left out in turn, and last all studies together."""
    return ~np.eye(k, k + 1, dtype=np.bool_)


def _hinges(labels: tuple[str, ...], columns: dict[str, FloatArray]) -> tuple[Caution, ...]:
    """Compare each column with the last, of all studies."""
    clear = (columns["ci_low"] > 0) | (columns["ci_high"] < 0)
    side = np.sign(columns["estimate"])
    moved = ((clear != clear[-1]) | (side != side[-1]))[:-1]
    changed = [name for name, flag in zip(labels, moved.tolist(), strict=True) if flag]
    if not changed:
        return ()
    text = f"The conclusion changes when one study is left out: {', '.join(changed)}."
    return (Caution("hinges-on-one-study", text),)


# Influence.


def _influence_of_mean(studies: StudySet, found: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the columns of `Influence` from those of `_each_left_out`."""
    y, v = studies.y, studies.v
    (*_, whole), (*_, whole_tau2) = (found[name].tolist() for name in ("estimate", "tau2"))
    estimate, tau2, variance = found["estimate"][:-1], found["tau2"][:-1], found["se"] ** 2
    w = 1 / (v + whole_tau2)
    hat = w / w.sum()
    moved = whole - estimate
    # where all estimates are equal a rescaled variance is 0: nothing can be held against it
    variance = np.where(variance > 0, variance, math.nan)
    weights = 1 / (v[:, None] + tau2)
    together = weights.sum(axis=0)
    np.fill_diagonal(weights, 0.0)
    factor = variance[:-1] * weights.sum(axis=0)
    spread = (v + tau2) * factor
    return {
        "rstudent": (y - estimate) / np.sqrt(spread + variance[:-1]),
        "dffits": moved / np.sqrt(hat * spread),
        "cook": moved**2 / variance[-1],
        "cov_ratio": variance[:-1] / variance[-1],
        "tau2_deleted": tau2,
        "q_deleted": found["q"][:-1],
        "hat": hat,
        "weight": 100 * hat,
        "dfbetas": (moved * np.sqrt(together / factor))[:, None],
    }


def model_matrix(moderators: npt.ArrayLike, studies: StudySet) -> FloatArray:
    """Return the rows of a model matrix (K, p) that belong to the studies used.

    Raises
    ------
    InvalidInput
        Not a table of finite numbers with one row per study, columns that depend on one another, or too many.
    """
    x = np.array(moderators, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) <= max(studies.used):
        raise InvalidInput(f"moderators have the shape {x.shape}; there must be one row per study")
    x = x[list(studies.used)]
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        raise InvalidInput(f"study {studies.labels[row]} has a moderator that is not a number")
    if studies.k <= x.shape[1]:
        raise InvalidInput(f"{x.shape[1]} coefficients cannot be estimated from {studies.k} studies")
    kept = regression_kernels.design(x)[1]
    if len(kept) < x.shape[1]:
        gone = sorted(set(range(1, x.shape[1] + 1)) - {place + 1 for place in kept})
        raise InvalidInput(f"columns of the moderators depend on the others: {', '.join(map(str, gone))}")
    return x


def fit_regression(
    y: FloatArray, v: FloatArray, x: FloatArray, method: Method
) -> tuple[regression_kernels.Problem, regression_kernels.Fitted]:
    """Fit a meta-regression on (K, p) `x` of full rank."""
    data = regression_kernels.problem(y, v, regression_kernels.design(x)[0])
    return data, regression_kernels.fit(data, None if method == "ee" else method)


def _influence_of_regression(studies: StudySet, x: FloatArray, method: Method, test: TestName) -> dict[str, FloatArray]:
    y, v = studies.y, studies.v
    k, p = x.shape
    data, found = fit_regression(y, v, x, method)
    free = regression_kernels.residuals(data, found.between.tau2)[1]
    hat = 1 - free
    w = 1 / (v + found.between.tau2)
    covariance = found.covariance * _rescaling(found.rss / (k - p), test)
    columns = {name: np.full(k, math.nan) for name in _PER_STUDY}
    columns |= {"hat": hat, "weight": 100 * w / w.sum(), "dfbetas": np.full((k, p), math.nan)}
    precision = np.linalg.inv(covariance)
    for i in range(k):
        kept = np.arange(k) != i
        if k - 1 < p + (method != "ee") or len(regression_kernels.design(x[kept])[1]) < p:
            continue
        rest = fit_regression(y[kept], v[kept], x[kept], method)[1]
        factor = _rescaling(rest.rss / (k - 1 - p), test) if k - 1 > p else 1.0
        own = rest.covariance * factor
        tau2 = rest.between.tau2
        moved = found.beta - rest.beta
        spread = (v[i] + tau2) * factor
        at_deleted = np.linalg.inv((x.T / (v + tau2)) @ x) * factor
        columns["rstudent"][i] = (y[i] - x[i] @ rest.beta) / math.sqrt(spread + x[i] @ own @ x[i])
        columns["dffits"][i] = x[i] @ moved / math.sqrt(hat[i] * spread)
        columns["cook"][i] = moved @ precision @ moved
        columns["cov_ratio"][i] = math.exp(np.linalg.slogdet(own)[1] - np.linalg.slogdet(covariance)[1])
        columns["tau2_deleted"][i], columns["q_deleted"][i] = tau2, rest.q
        columns["dfbetas"][i] = moved / np.sqrt(np.diagonal(at_deleted))
    return columns


_PER_STUDY = ("rstudent", "dffits", "cook", "cov_ratio", "tau2_deleted", "q_deleted")


def _rescaling(spread: float, test: TestName) -> float:
    return {"knha": spread, "adhoc": max(spread, 1.0)}.get(test, 1.0)


def _marked(columns: dict[str, FloatArray], k: int, p: int) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(
            (np.abs(columns["dffits"]) > 3 * math.sqrt(p / max(k - p, 1)))
            | (special.gammainc(p / 2, columns["cook"] / 2) > _MANY_INFLUENTIAL)
            | (columns["hat"] > 3 * p / k)
            | (np.abs(columns["dfbetas"]) > 1).any(axis=1)
        )


def _named_influential(studies: StudySet, marked: npt.NDArray[np.bool_]) -> tuple[Caution, ...]:
    if not marked.any():
        return ()
    names = ", ".join(name for name, flag in zip(studies.labels, marked, strict=True) if flag)
    return (
        Caution("influential-studies", f"Of unusual influence on the result: {names}. Look at why before pooling."),
    )


def _frozen_flags(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    flags = np.array(flags, dtype=np.bool_)
    flags.flags.writeable = False
    return flags


# Subsets.


def _choose_subsets(k: int, most: int, seed: int) -> tuple[npt.NDArray[np.bool_], bool]:
    """Return (N, K) different subsets, none empty, and whether they are all."""
    if k < 63 and 2**k - 1 <= most:
        numbers = np.arange(1, 2**k, dtype=np.int64)
        return (numbers[:, None] >> np.arange(k)) & 1 == 1, True
    random = np.random.default_rng(seed)
    drawn = np.zeros((0, k), dtype=np.bool_)
    while len(drawn) < most:
        more = random.random((most - len(drawn), k)) < 0.5
        drawn = np.unique(np.concatenate((drawn, more[more.any(axis=1)])), axis=0)
    return drawn, False

"""Pooling of plain arrays: one set without model objects, or thousands of ragged sets at once.

For simulations and living dashboards. What carries studies, labels and cautions is `stromata.synthesis.pool`; the
numbers are the same.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from stromata.errors import InvalidInput
from stromata.model import Caution, TauMethod, TestName
from stromata.synthesis.cautions import CLOSE_MAXIMA, maxima_close
from stromata.synthesis.intervals import (
    FloatArray,
    check_level,
    chi_squared_p,
    normal_quantile,
    t_quantile,
    two_sided_p,
)
from stromata.synthesis.pooling import kernels, single
from stromata.synthesis.pooling.heterogeneity import WEIGHTED
from stromata.synthesis.results.result import Result, recorded

Method: TypeAlias = TauMethod | Literal["ee"]
"""An estimator of tau2, or ``ee``: the common-effect model (one true effect, equal in all studies)."""

SMALLEST, LARGEST = 1e-30, 1e30
"""Range of variances, and the largest size of an estimate, within which all powers in the formulas stay doubles."""

_PADDING = 1.25
"""Sets are fitted together when the largest has at most this many times the studies of the smallest."""

_METHODS = tuple(name for name in get_args(TauMethod) if name not in WEIGHTED)


@dataclass(frozen=True, slots=True)
class PooledEstimate(Result):
    """One pooled estimate, on the scale of the estimates; fields as in `stromata.model.Synthesis`.

    Under ``ee`` and for one study `tau2`, `tau2_se` and the prediction interval are None; for one study also `i2`,
    `h2` and `q`. `modes` counts the local maxima of the likelihood, the highest of which was taken; `gap` is its lead
    over the next in log-likelihood. `cautions` warns where the lead is small.
    """

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    df: int | None
    p: float
    pi_low: float | None = None
    pi_high: float | None = None
    tau2: float | None = None
    tau2_se: float | None = None
    i2: float | None = None
    h2: float | None = None
    q: float | None = None
    q_p: float | None = None
    log_likelihood: float | None = None
    modes: int = 1
    gap: float = math.inf
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class PooledMany(Result):
    """Pooled estimates of N sets: read-only arrays (N,) in the order of the sets; NaN where a number does not exist.

    Attributes
    ----------
    labels : what each set is called: its group, or its place from 0.
    k, left_out : studies pooled, and those without a finite estimate or a variance within reach.
    flag : ``""``; ``no-studies``; ``single-study`` (the study's own result, with a normal interval); ``maxima-close``
        (a second maximum of the likelihood lies within two units of log-likelihood, as `gap` tells).
    modes, gap : local maxima of the likelihood, and the lead of the highest over the next.
    """

    labels: tuple[Hashable, ...]
    k: npt.NDArray[np.intp]
    left_out: npt.NDArray[np.intp]
    flag: npt.NDArray[np.str_]
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    pi_low: FloatArray
    pi_high: FloatArray
    statistic: FloatArray
    p: FloatArray
    tau2: FloatArray
    tau2_se: FloatArray
    i2: FloatArray
    h2: FloatArray
    q: FloatArray
    q_p: FloatArray
    log_likelihood: FloatArray
    modes: npt.NDArray[np.intp]
    gap: FloatArray


@recorded("yi", "vi")
def pool_estimates(
    yi: npt.ArrayLike, vi: npt.ArrayLike, *, method: Method = "reml", test: TestName = "z", level: float = 0.95
) -> PooledEstimate:
    """Pool one set of estimates.

    Parameters
    ----------
    yi, vi : (K,) estimates and sampling variances, K >= 1; variances from 1e-30 to 1e30.
    method : ``ee`` or an estimator of tau2; see `stromata.synthesis.pooling.heterogeneity.estimate`. Not ``genq``,
        ``genqm``.
    test : see `stromata.synthesis.pooling.inverse_variance.fit`.
    level : coverage of both intervals, strictly between 0 and 1.

    Raises
    ------
    InvalidInput
        No studies, unequal lengths, a value out of range (the study and the column are named), an unknown method or
        test, a level outside (0, 1).

    Examples
    --------
    >>> result = pool_estimates([0.1, 0.5, 0.9], [0.04, 0.04, 0.04], method="ee")
    >>> round(result.estimate, 3), round(result.se, 4)
    (0.5, 0.1155)
    """
    _check_options(method, test, level)
    y, v = _checked(yi, vi)
    k = len(y)
    if k == 0:
        raise InvalidInput("no studies to pool", hint="Give at least one estimate with its variance.")
    if k == 1:
        return _one_study(float(y[0]), math.sqrt(float(v[0])), level)
    common = method == "ee"
    found = single.fit(y, v, None if method == "ee" else method)
    df = None if test == "z" else k - 1
    rescaled = test == "knha" or (test == "adhoc" and found.spread > 1)
    se = found.se * math.sqrt(found.spread) if rescaled else found.se
    quantile = _quantile(level, df)
    half, reach = quantile * se, quantile * math.sqrt(found.tau2 + se * se)
    if common:
        h2, i2 = found.q / (k - 1), 100 * max(0.0, 1 - (k - 1) / found.q) if found.q > 0 else 0.0
    else:
        h2, i2 = 1 + found.tau2 / found.typical, 100 * found.tau2 / (found.tau2 + found.typical)
    statistic = found.estimate / se if se > 0 else math.nan
    return PooledEstimate(
        k=k,
        estimate=found.estimate,
        se=se,
        ci_low=found.estimate - half,
        ci_high=found.estimate + half,
        pi_low=None if common else found.estimate - reach,
        pi_high=None if common else found.estimate + reach,
        statistic=statistic,
        df=df,
        p=two_sided_p(statistic, df),
        tau2=None if common else found.tau2,
        tau2_se=None if common else found.tau2_se,
        i2=i2,
        h2=h2,
        q=found.q,
        q_p=chi_squared_p(found.q, k - 1),
        log_likelihood=found.log_likelihood,
        modes=found.modes,
        gap=found.gap,
        cautions=(Caution("maxima-close", maxima_close(found.gap)),) if found.gap <= CLOSE_MAXIMA else (),
    )


def _one_study(estimate: float, se: float, level: float) -> PooledEstimate:
    half = _quantile(level, None) * se
    z = estimate / se
    return PooledEstimate(1, estimate, se, estimate - half, estimate + half, z, None, two_sided_p(z, None))


@lru_cache(maxsize=512)
def _quantile(level: float, df: int | None) -> float:
    return normal_quantile(level) if df is None else t_quantile(level, df)


def _check_options(method: str, test: str, level: float) -> None:
    check_level(level)
    if method not in _METHODS and method != "ee":
        raise InvalidInput(f"no method {method!r} here", hint=f"There are: ee, {', '.join(_METHODS)}.")
    if test not in _TESTS:
        raise InvalidInput(f"no test {test!r}", hint=f"There are: {', '.join(_TESTS)}.")
    if method == "ee" and test in {"knha", "adhoc"}:
        raise InvalidInput(f"test {test!r} rescales a random-effects standard error; ee has none", hint="Use z or t.")


def _checked(yi: npt.ArrayLike, vi: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    y, v = _arrays(yi, vi)
    good = _usable(y, v)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        column, value = ("yi", y[row]) if not abs(y[row]) <= LARGEST else ("vi", v[row])
        raise InvalidInput(
            f"study {row + 1}, {column} is {value:g}: variances must lie within {SMALLEST:g} and {LARGEST:g}, and "
            f"estimates within {-LARGEST:g} and {LARGEST:g}",
            hint="Leave the study out, or measure on another scale.",
        )
    return y, v


def _arrays(yi: npt.ArrayLike, vi: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    try:
        y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"yi or vi holds something that is not a number: {error}") from error
    if y.ndim != 1 or y.shape != v.shape:
        raise InvalidInput(f"yi has the shape {y.shape} and vi {v.shape}; both must be lists of one length")
    return y, v


def _usable(y: FloatArray, v: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(y) <= LARGEST) & (v >= SMALLEST) & (v <= LARGEST))


@recorded("yi", "vi", "groups", "offsets")
def pool_many(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    groups: Sequence[Hashable] | npt.NDArray[Any] | None = None,  # Any: numbers or texts
    *,
    offsets: npt.ArrayLike | None = None,
    method: Method = "reml",
    test: TestName = "z",
    level: float = 0.95,
) -> PooledMany:
    """Pool many sets of estimates at once, each for itself.

    Parameters
    ----------
    yi, vi : (M,) estimates and sampling variances of all sets, one after the other or mixed.
    groups : (M,) the set that each study belongs to; sets come in the order of their first study.
    offsets : (N + 1,) instead of `groups`: set i holds the studies from ``offsets[i]`` up to ``offsets[i + 1]``; a set
        may be empty. Exactly one of the two is given.
    method, test, level : as `pool_estimates`.

    Returns
    -------
    Arrays with one entry per set. A set without a usable study, or with one, is no error: its `flag` says so. Studies
    with a missing or infinite value, or a variance outside 1e-30 to 1e30, are left out and counted in `left_out`.

    Raises
    ------
    InvalidInput
        Unequal lengths, both or neither of `groups` and `offsets`, offsets that do not rise from 0 to M, an unknown
        method or test, a level outside (0, 1).

    Examples
    --------
    >>> result = pool_many([0.1, 0.5, 0.9, 0.2], [0.04, 0.04, 0.04, 0.1], ["a", "a", "a", "b"], method="dl")
    >>> result.labels, result.k.tolist(), result.flag.tolist()
    (('a', 'b'), [3, 1], ['', 'single-study'])
    """
    _check_options(method, test, level)
    y, v = _arrays(yi, vi)
    if groups is not None and offsets is None:
        labels, place = _by_groups(groups, len(y))
    elif offsets is not None and groups is None:
        labels, place = _by_offsets(offsets, len(y))
    else:
        raise InvalidInput("pool_many needs either groups or offsets", hint="Give exactly one of them.")
    good = _usable(y, v)
    given = np.bincount(place, minlength=len(labels))
    if not good.all():
        y, v, place = y[good], v[good], place[good]
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        y, v, place = y[order], v[order], place[order]
    k = np.bincount(place, minlength=len(labels))
    starts = np.cumsum(k) - k
    columns = {name: np.full(len(labels), np.nan) for name in _COLUMNS}
    modes, gap = np.ones(len(labels), dtype=np.intp), np.full(len(labels), math.inf)
    for sets in _batches(k):
        found = kernels.fit(_padded(y, v, starts[sets], k[sets]), None if method == "ee" else method)
        for name in ("estimate", "tau2", "tau2_se", "q", "log_likelihood"):
            columns[name][sets] = getattr(found, name)
        columns["se"][sets] = found.se * _factor(found.spread, test)
        columns["typical"][sets] = found.typical
        modes[sets], gap[sets] = found.modes, found.gap
    one = np.flatnonzero(k == 1)
    columns["estimate"][one], columns["se"][one] = y[starts[one]], np.sqrt(v[starts[one]])
    _derive(columns, k, common=method == "ee", test=test, level=level)
    close = np.where(gap <= CLOSE_MAXIMA, "maxima-close", "")
    flag = np.where(k == 0, "no-studies", np.where(k == 1, "single-study", close))
    del columns["typical"]
    arrays: dict[str, Any] = {
        **columns,
        "k": k,
        "left_out": given - k,
        "flag": flag,
        "modes": modes,
        "gap": gap,
    }  # Any: as the fields
    for array in arrays.values():
        array.flags.writeable = False
    return PooledMany(labels=labels, **arrays)


_COLUMNS = (
    "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "statistic", "p", "tau2", "tau2_se", "i2", "h2", "q",
    "q_p", "log_likelihood", "typical",
)  # fmt: skip
_TESTS = get_args(TestName)


def _by_offsets(offsets: npt.ArrayLike, size: int) -> tuple[tuple[Hashable, ...], npt.NDArray[np.intp]]:
    ends = np.asarray(offsets)
    whole = ends.ndim == 1 and len(ends) > 0 and np.issubdtype(ends.dtype, np.integer)
    if not whole or ends[0] != 0 or ends[-1] != size or (np.diff(ends) < 0).any():
        raise InvalidInput(
            f"offsets must be whole numbers that rise from 0 to the number of studies, {size}",
            hint="For sets of 3 and 2 studies they are 0, 3, 5.",
        )
    return tuple(range(len(ends) - 1)), np.repeat(np.arange(len(ends) - 1), np.diff(ends))


def _by_groups(
    groups: Sequence[Hashable] | npt.NDArray[Any],  # Any: numbers or texts
    size: int,
) -> tuple[tuple[Hashable, ...], npt.NDArray[np.intp]]:
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise InvalidInput(f"groups are {groups!r}; there must be a list of them", hint="Give one group per study.")
    names = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    if len(names) != size:
        raise InvalidInput(f"{len(names)} groups for {size} studies; there must be one each")
    places: dict[Hashable, int] = {}
    place = np.array([places.setdefault(name, len(places)) for name in names], dtype=np.intp)
    return tuple(places), place


def _batches(k: npt.NDArray[np.intp]) -> Iterator[npt.NDArray[np.intp]]:
    """Yield sets of two or more studies, together where their sizes are alike."""
    order = np.argsort(k, kind="stable")
    order = order[k[order] > 1]
    start = 0
    while start < len(order):
        size = int(np.searchsorted(k[order], k[order[start]] * _PADDING, side="right"))
        yield order[start:size]
        start = size


def _padded(y: FloatArray, v: FloatArray, starts: npt.NDArray[np.intp], k: npt.NDArray[np.intp]) -> kernels.Sets:
    """Return the sets as columns; short ones are filled up with studies of infinite variance."""
    rows = np.arange(int(k.max()))[:, None]
    here = rows < k
    if here.all():
        return kernels.arrange(y[starts + rows], v[starts + rows])
    place = np.minimum(starts + rows, len(y) - 1)
    return kernels.arrange(np.where(here, y[place], 0.0), np.where(here, v[place], np.inf))


def _factor(spread: FloatArray, test: TestName) -> FloatArray | float:
    if test == "knha":
        return np.sqrt(spread)
    return np.sqrt(np.maximum(spread, 1.0)) if test == "adhoc" else 1.0


def _derive(
    columns: dict[str, FloatArray], k: npt.NDArray[np.intp], *, common: bool, test: TestName, level: float
) -> None:
    """Fill in intervals, tests and measures of heterogeneity."""
    estimate, se, q, tau2 = columns["estimate"], columns["se"], columns["q"], columns["tau2"]
    df = np.maximum(k - 1, 1).astype(np.float64)
    quantile = np.full(len(k), normal_quantile(level))
    with np.errstate(all="ignore"):
        statistic = columns["statistic"] = estimate / se
        columns["p"] = special.erfc(np.abs(statistic) / math.sqrt(2))
        if test != "z":
            several = k > 1
            sizes, inverse = np.unique(df[several], return_inverse=True)
            quantile[several] = np.array([t_quantile(level, size) for size in sizes])[inverse]
            students = special.betainc(df / 2, 0.5, df / (df + statistic * statistic))
            columns["p"] = np.where(several, students, columns["p"])
        if common:
            columns["i2"] = np.where(q > 0, 100 * np.maximum(0.0, 1 - df / q), np.where(k > 1, 0.0, np.nan))
            columns["h2"] = q / df
            tau2[:] = columns["tau2_se"][:] = np.nan
        else:
            typical = columns["typical"]
            columns["i2"], columns["h2"] = 100 * tau2 / (tau2 + typical), 1 + tau2 / typical
            reach = quantile * np.sqrt(tau2 + se * se)
            columns["pi_low"], columns["pi_high"] = estimate - reach, estimate + reach
    columns["q_p"] = special.gammaincc(df / 2, q / 2)
    columns["ci_low"], columns["ci_high"] = estimate - quantile * se, estimate + quantile * se

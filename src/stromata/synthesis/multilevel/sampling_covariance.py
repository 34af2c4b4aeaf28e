"""Covariances of sampling errors within clusters, from variances and assumed correlations; effects brought together.

K effects in C clusters. Effects of one study are correlated when they rest on the same people: several outcomes,
several times, several comparisons with one control group. The covariance of two is the root of the product of their
variances times their correlation. Effects of different clusters are independent, so that only blocks are stored.

References
----------
Gleser and Olkin (2009), in Cooper, Hedges and Valentine (eds), The Handbook of Research Synthesis and Meta-Analysis,
357-376 (effects that share a group); Higham (2002), IMA Journal of Numerical Analysis 22, 329-343, algorithm 3.3 (the
nearest correlation matrix).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from stromata.errors import InvalidInput
from stromata.model import Caution
from stromata.synthesis.intervals import FloatArray, number
from stromata.synthesis.pooling.estimates import LARGEST, SMALLEST
from stromata.synthesis.study_set import one_column, plain_numbers

Labels: TypeAlias = Sequence[Hashable] | npt.NDArray[Any]  # Any: numbers or texts
Places: TypeAlias = npt.NDArray[np.intp]

_SINGULAR = 1e-10
"""Least eigenvalue of a correlation matrix, relative to 1, that still counts as positive."""
_LEAST_EIGENVALUE = 1e-7
"""Least eigenvalue of the nearest correlation matrix: on the border itself there would be no inverse."""
_PROJECTIONS, _CLOSE = 10_000, 1e-11
"""Projections after which the search for the nearest matrix ends, and the change of an entry at which it has."""


@dataclass(frozen=True, slots=True)
class SamplingCovariance:
    """Covariance matrix of K sampling errors, independent between clusters.

    Attributes
    ----------
    vi : (K,) variances, the diagonal.
    labels : names of the clusters that hold several effects.
    rows : their rows, counted from 0.
    blocks : their covariance matrices, in the same order.
    cautions : says which clusters have a matrix that is not positive definite.
    """

    vi: FloatArray
    labels: tuple[str, ...]
    rows: tuple[Places, ...]
    blocks: tuple[FloatArray, ...]
    cautions: tuple[Caution, ...] = ()

    @property
    def k(self) -> int:
        """Number of effects."""
        return len(self.vi)

    def matrix(self) -> FloatArray:
        """Return the whole (K, K) matrix."""
        out = np.diag(self.vi)
        for rows, block in zip(self.rows, self.blocks, strict=True):
            out[np.ix_(rows, rows)] = block
        return out

    def subset(self, rows: Places) -> SamplingCovariance:
        """Return the covariance of some effects, in the order of `rows`."""
        place = np.full(self.k, -1, dtype=np.intp)
        place[rows] = np.arange(len(rows))
        labels, kept, blocks = [], [], []
        for label, own, block in zip(self.labels, self.rows, self.blocks, strict=True):
            here = np.flatnonzero(place[own] >= 0)
            if len(here) > 1:
                labels.append(label)
                kept.append(place[own[here]])
                blocks.append(read_only(block[np.ix_(here, here)]))
        return SamplingCovariance(read_only(self.vi[rows]), tuple(labels), tuple(kept), tuple(blocks), self.cautions)


def sampling_covariance(
    vi: npt.ArrayLike,
    *,
    cluster: Labels,
    obs: Labels | None = None,
    type: Labels | None = None,  # noqa: A002 - metafor's word
    rho: float | Sequence[float] | Mapping[tuple[Hashable, Hashable], float] | None = None,
    time: npt.ArrayLike | None = None,
    phi: float | None = None,
    group1: Labels | None = None,
    group2: Labels | None = None,
    size1: npt.ArrayLike | None = None,
    size2: npt.ArrayLike | None = None,
    time2: npt.ArrayLike | None = None,
    rvars: npt.ArrayLike | None = None,
    nearest: bool = False,
) -> SamplingCovariance:
    """Build the covariances of sampling errors from variances and correlations.

    Two effects of one cluster have the correlation ``r * phi ** |difference in time|``, where r follows from `obs` and
    `type`; without both of them r is 1. Effects of different clusters are independent.

    Where effects compare two groups each, `group1` with `group2`, the people that two effects share count: each group
    has a variance that is inverse to its size, ``phi ** |difference in time|`` is the correlation of one group at two
    times, different groups are independent, and r times the correlation of the two differences is that of the effects.

    Parameters
    ----------
    vi : (K,) sampling variances, each > 0.
    cluster : (K,) the study, or another group of people, that each effect comes from.
    obs : (K,) tells effects of one cluster (and type) apart that were measured on the same people.
    type : (K,) outcome or construct; effects of different types are correlated by `rho`.
    rho : correlation within -1 to 1. One number with `obs` or `type`; with both, two: for different `obs` of one type,
        and for different types. For types also a correlation per pair, ``{("pain", "function"): 0.6}``.
    time : (K,) times, in the unit of `phi`.
    phi : correlation of two effects one unit of time apart, 0 to 1.
    group1, group2 : (K,) groups that each effect compares (metafor's ``grp1``, ``grp2``); both or neither. A name means
        the same people throughout a cluster.
    size1, size2 : (K,) people in them, or weights that are inverse to variances (``w1``, ``w2``), each > 0; both or
        neither, and without all groups are of one size.
    time2 : (K,) times at which the second groups were measured; `time` without. A change over time in one group has
        that group on both sides, and two times.
    rvars : (K, m) correlations as printed, one row per effect: in a cluster of n effects the first n numbers of its
        rows are their matrix. With ``vi=1`` for every effect it is the covariance matrix itself. Instead of all others.
    nearest : True takes, where correlations of a cluster cannot all be true, the nearest that can (metafor's
        ``nearpd``); variances stay.

    Returns
    -------
    The matrix in blocks. A matrix that is not positive definite is told by a caution that names its clusters, also
    where the nearest one was taken.

    Raises
    ------
    InvalidInput
        Unequal lengths, a variance that is not positive, a correlation outside -1 to 1, `obs` or `type` without `rho`,
        `time` without `phi`, a pair of types without a correlation, a group or size that is missing or no positive
        number, a group that is compared with itself; study and column are named.

    Examples
    --------
    >>> v = sampling_covariance([0.04, 0.09, 0.01], cluster=["a", "a", "b"], obs=[1, 2, 1], rho=0.5)
    >>> v.matrix().round(3).tolist()
    [[0.04, 0.03, 0.0], [0.03, 0.09, 0.0], [0.0, 0.0, 0.01]]
    """
    names = cluster_labels(cluster)
    given = plain_numbers(vi, "vi")
    variances = check_variances(np.full(len(names), given) if given.ndim == 0 else given, len(names))
    within = _correlations(names, obs, type, rho)
    lag = _comparisons(names, (group1, group2), (size1, size2), (time, time2), phi) or _decay(len(names), time, phi)
    alone = obs is None and type is None and time is None and group1 is None
    table = _table(rvars, names, alone=alone)
    root = np.sqrt(variances)
    places = groups(names)
    labels, rows, blocks, bad = [], [], [], []
    diagonal = variances.copy()
    for label, own in places.items():
        if table is not None:
            if len(own) > table.shape[1]:
                raise InvalidInput(f"cluster {label}: {len(own)} effects, but rvars has {table.shape[1]} columns")
            correlation = table[own, : len(own)]
            correlation = (correlation + correlation.T) / 2
            diagonal[own] = variances[own] * correlation.diagonal()
        elif len(own) == 1:
            continue
        else:
            correlation = within(own) * lag(own)
            np.fill_diagonal(correlation, 1.0)
        block = correlation * np.multiply.outer(root[own], root[own])
        if not is_positive_definite(block):
            bad.append(label)
            if nearest:
                block = _nearest_definite(block, label)
        if len(own) > 1:
            labels.append(label)
            rows.append(own)
            blocks.append(read_only(block))
    return SamplingCovariance(
        read_only(diagonal), tuple(labels), tuple(rows), tuple(blocks), _not_definite(bad, nearest)
    )


def _not_definite(bad: list[str], nearest: bool) -> tuple[Caution, ...]:  # noqa: FBT001 - the option's own value
    if not bad:
        return ()
    text = (
        f"The assumed correlations cannot all be true in cluster {', '.join(bad)}: their matrix is not positive "
        f"definite. {'The nearest matrix that is was taken.' if nearest else 'Take a smaller correlation.'}"
    )
    return (Caution("covariance-not-positive-definite", text),)


def is_positive_definite(block: FloatArray) -> bool:
    """Return whether a covariance matrix is positive definite, on the scale of its correlations."""
    diagonal = block.diagonal()
    if not (diagonal > 0).all():
        return False
    scale = 1 / np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(block * np.multiply.outer(scale, scale))[0] > _SINGULAR)


def _nearest_definite(block: FloatArray, label: str) -> FloatArray:
    """Return the covariance matrix with the same variances whose correlations are nearest to those of `block`."""
    if not (block.diagonal() > 0).all():
        raise InvalidInput(f"cluster {label}: rvars holds a variance that is not positive", hint="Correct it first.")
    root = np.sqrt(block.diagonal())
    found = block / np.multiply.outer(root, root)
    correction, definite = np.zeros_like(found), found
    for _ in range(_PROJECTIONS):
        shifted = found - correction
        values, vectors = np.linalg.eigh(shifted)
        definite = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
        correction = definite - shifted
        before, found = found, definite.copy()
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < _CLOSE:
            break
    scale = 1 / np.sqrt(definite.diagonal())
    return np.asarray(definite * np.multiply.outer(scale * root, scale * root))


def from_variances(vi: FloatArray) -> SamplingCovariance:
    """Return the covariance of independent sampling errors."""
    return SamplingCovariance(read_only(vi), (), (), ())


def from_matrix(matrix: FloatArray) -> SamplingCovariance:
    """Return a (K, K) covariance matrix in its independent blocks.

    Raises
    ------
    InvalidInput
        Not square, not symmetric, not finite, or a variance that is not positive; the rows are named.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InvalidInput(f"V has the shape {matrix.shape}; it must be square, or a list of variances")
    tolerance = 1e-8 * np.sqrt(np.abs(np.multiply.outer(matrix.diagonal(), matrix.diagonal())))
    skew = np.argwhere(~(np.abs(matrix - matrix.T) <= tolerance) & ~(np.isnan(matrix) & np.isnan(matrix.T)))
    if len(skew):
        i, j = skew[0]
        raise InvalidInput(f"V is not symmetric: row {i + 1}, column {j + 1} is {matrix[i, j]:g}, not {matrix[j, i]:g}")
    rows = [own for own in _linked(matrix != 0) if len(own) > 1]
    blocks = tuple(read_only((matrix[np.ix_(own, own)] + matrix[np.ix_(own, own)].T) / 2) for own in rows)
    labels = tuple(f"of row {own[0] + 1}" for own in rows)
    return SamplingCovariance(read_only(matrix.diagonal()), labels, tuple(rows), blocks)


def _linked(pattern: npt.NDArray[np.bool_]) -> list[Places]:
    """Return the rows of each connected part of a symmetric pattern."""
    left = np.ones(len(pattern), dtype=np.bool_)
    out = []
    for first in range(len(pattern)):
        if not left[first]:
            continue
        part = np.zeros(len(pattern), dtype=np.bool_)
        part[first] = True
        fresh = part
        while fresh.any():
            fresh = pattern[fresh].any(axis=0) & ~part
            part = part | fresh
        left &= ~part
        out.append(np.flatnonzero(part))
    return out


# Bringing effects together.


@dataclass(frozen=True, slots=True)
class AggregatedEffects:
    """One effect per cluster, clusters in the order of their first effect.

    `labels` (C,) clusters; `yi`, `vi` (C,) estimates and variances; `k` (C,) effects in each.
    """

    labels: tuple[str, ...]
    yi: FloatArray
    vi: FloatArray
    k: tuple[int, ...]


def aggregate_effects(
    yi: npt.ArrayLike,
    V: npt.ArrayLike | SamplingCovariance,
    *,
    cluster: Labels,
    rho: float | None = None,
    struct: Literal["CS", "ID"] = "CS",
    weighted: bool = True,
) -> AggregatedEffects:
    """Bring the effects of each cluster together into one, by generalised least squares.

    Parameters
    ----------
    yi : (K,) estimates.
    V : (K,) sampling variances; or a matrix or `SamplingCovariance`, whose covariances are then used.
    cluster : (K,) what each effect belongs to.
    rho : correlation of the sampling errors within a cluster; needed with variances and ``CS``.
    struct : ``CS``, all correlations within a cluster are `rho`; ``ID``, none.
    weighted : False takes the plain mean.

    Raises
    ------
    InvalidInput
        Unequal lengths, a missing value, no `rho` where it is needed, or a cluster whose matrix is not positive
        definite.
    """
    names = cluster_labels(cluster)
    y = plain_numbers(yi, "yi")
    if y.shape != (len(names),):
        raise InvalidInput(f"{len(names)} cluster labels, but yi has the shape {y.shape}")
    if not np.isfinite(y).all():
        raise InvalidInput(f"row {int(np.flatnonzero(~np.isfinite(y))[0]) + 1}, yi is not a finite number")
    covariance = _covariance_within(V, names, rho, struct)
    labels, estimates, variances, sizes = [], [], [], []
    for label, own in groups(names).items():
        block = covariance.subset(own)
        matrix = block.matrix()
        if not is_positive_definite(matrix):
            raise InvalidInput(f"cluster {label}: the covariance matrix is not positive definite")
        ones = np.ones(len(own))
        weight = np.linalg.solve(matrix, ones) if weighted else ones
        weight = weight / weight.sum()
        labels.append(label)
        estimates.append(float(weight @ y[own]))
        variances.append(float(weight @ matrix @ weight))
        sizes.append(len(own))
    return AggregatedEffects(
        tuple(labels), read_only(np.array(estimates)), read_only(np.array(variances)), tuple(sizes)
    )


def _covariance_within(
    V: npt.ArrayLike | SamplingCovariance, names: tuple[str, ...], rho: float | None, struct: str
) -> SamplingCovariance:
    if isinstance(V, SamplingCovariance):
        return V
    given = plain_numbers(V, "V")
    if given.ndim == 2:
        return from_matrix(given)
    variances = check_variances(given, len(names))
    if struct == "ID":
        return from_variances(variances)
    if rho is None:
        raise InvalidInput("no rho", hint="Say how strongly sampling errors of one cluster are correlated, or ID.")
    return sampling_covariance(variances, cluster=names, obs=range(len(names)), rho=rho)


# Checks.


def check_variances(vi: npt.ArrayLike, k: int) -> FloatArray:
    """Return (K,) variances.

    Raises
    ------
    InvalidInput
        Another length, no number, or a variance outside 1e-30 to 1e30; the row is named.
    """
    v = plain_numbers(vi, "vi")
    if v.shape != (k,):
        raise InvalidInput(f"vi has the shape {v.shape}; {k} variances are needed")
    bad = np.flatnonzero(~((v >= SMALLEST) & (v <= LARGEST)))
    if len(bad):
        raise InvalidInput(
            f"row {bad[0] + 1}, vi is {v[bad[0]]:g}: variances must be above 0, from {SMALLEST:g} to {LARGEST:g}",
            hint="Leave the effect out.",
        )
    return v


def cluster_labels(values: Labels, what: str = "cluster") -> tuple[str, ...]:
    """Return (K,) labels as texts.

    Raises
    ------
    InvalidInput
        No list, or a label is missing; the row is named.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidInput(f"{what} is {values!r}; there must be a list", hint="Give one label per effect.")
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    for i, value in enumerate(plain):
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            raise InvalidInput(f"row {i + 1}: no {what}", hint=f"Give every effect its {what}.")
    return tuple(f"{value:.15g}" if isinstance(value, float) else str(value) for value in plain)


def groups(names: Sequence[str]) -> dict[str, Places]:
    """Return the rows of each label, labels in the order of their first row."""
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(name, []).append(i)
    return {name: np.array(own, dtype=np.intp) for name, own in found.items()}


class _Constant:
    """Correlations before the lag in time: all 1."""

    def __call__(self, own: Places) -> FloatArray:
        return np.ones((len(own), len(own)))


class _Within:
    """Correlations by observation and type."""

    def __init__(
        self,
        obs: tuple[str, ...] | None,
        kinds: tuple[str, ...] | None,
        same_type: float,
        other_type: float | dict[frozenset[str], float],
    ) -> None:
        self.obs, self.kinds, self.same_type, self.other_type = obs, kinds, same_type, other_type

    def __call__(self, own: Places) -> FloatArray:
        out = np.ones((len(own), len(own)))
        for a, i in enumerate(own):
            for b, j in enumerate(own[:a]):
                out[a, b] = out[b, a] = self._pair(int(i), int(j))
        return out

    def _pair(self, i: int, j: int) -> float:
        if self.kinds is not None and self.kinds[i] != self.kinds[j]:
            if isinstance(self.other_type, dict):
                pair = frozenset((self.kinds[i], self.kinds[j]))
                if pair not in self.other_type:
                    raise InvalidInput(f"rho has no correlation of {self.kinds[j]} with {self.kinds[i]}")
                return self.other_type[pair]
            return self.other_type
        if self.obs is not None and self.obs[i] != self.obs[j]:
            return self.same_type
        return 1.0


def _correlations(
    names: tuple[str, ...],
    obs: Labels | None,
    kinds: Labels | None,
    rho: float | Sequence[float] | Mapping[tuple[Hashable, Hashable], float] | None,
) -> _Constant | _Within:
    if obs is None and kinds is None:
        if rho is not None:
            raise InvalidInput("rho without obs or type", hint="Say which effects of a cluster it is for.")
        return _Constant()
    own_obs = None if obs is None else cluster_labels(obs, "obs")
    own_kinds = None if kinds is None else cluster_labels(kinds, "type")
    for what, values in (("obs", own_obs), ("type", own_kinds)):
        if values is not None and len(values) != len(names):
            raise InvalidInput(f"{len(names)} cluster labels and {len(values)} of {what}; there must be one each")
    if isinstance(rho, Mapping):
        table = {frozenset(map(str, pair)): _correlation(value) for pair, value in rho.items()}
        return _Within(own_obs, own_kinds, 1.0, table)
    if rho is None:
        raise InvalidInput("obs or type without rho", hint="Give the correlation that you assume.")
    numbers = [_correlation(value) for value in ([rho] if isinstance(rho, int | float | str) else rho)]
    needed = 1 + (obs is not None and kinds is not None)
    if len(numbers) != needed:
        raise InvalidInput(f"rho has {len(numbers)} numbers; {needed} are needed here")
    return _Within(own_obs, own_kinds, numbers[0], numbers[-1])


def _correlation(rho: object) -> float:
    return number("rho", rho, "a correlation within -1 and 1", lambda value: -1 <= value <= 1)


class _Decay:
    """Powers of phi by the lag in time."""

    def __init__(self, time: FloatArray, phi: float) -> None:
        self.time, self.phi = time, phi

    def __call__(self, own: Places) -> FloatArray:
        return np.asarray(self.phi ** np.abs(np.subtract.outer(self.time[own], self.time[own])))


def _decay(k: int, time: npt.ArrayLike | None, phi: float | None) -> _Constant | _Decay:
    if time is None and phi is None:
        return _Constant()
    if time is None or phi is None:
        raise InvalidInput("time and phi belong together", hint="Give both, or neither.")
    phi = number("phi", phi, "a number from 0 to 1", lambda value: 0 <= value <= 1)
    times = one_column(time, "time")
    if times.shape != (k,) or not np.isfinite(times).all():
        raise InvalidInput("time must hold a number for each effect")
    return _Decay(times, phi)


class _Comparisons:
    """Correlations of differences between groups, by the people that they share.

    Arrays (2, K): group, size and time of both sides.
    """

    def __init__(
        self, names: tuple[str, ...], group: list[tuple[str, ...]], size: FloatArray, time: FloatArray
    ) -> None:
        self.names, self.group, self.size, self.time = names, np.array(group), size, time
        self.phi = 1.0

    def __call__(self, own: Places) -> FloatArray:
        group, time = self.group[:, own].ravel(), self.time[:, own].ravel()
        root = np.concatenate([1 / np.sqrt(self.size[0, own]), -1 / np.sqrt(self.size[1, own])])
        same = group[:, None] == group[None, :]
        sides = same * self.phi ** np.abs(np.subtract.outer(time, time)) * np.multiply.outer(root, root)
        n = len(own)
        found = sides.reshape(2, n, 2, n).sum(axis=(0, 2))
        variance = found.diagonal()
        nothing = np.flatnonzero(variance <= _SINGULAR * (root**2).reshape(2, n).sum(axis=0))
        if len(nothing):
            i = int(own[nothing[0]])
            name = str(self.group[0, i])
            raise InvalidInput(
                f"study {self.names[i]}, row {i + 1}: group1 and group2 are both {name!r}, at one time",
                hint="Name the two groups; for a change over time give time and time2.",
            )
        scale = 1 / np.sqrt(variance)
        return np.asarray(found * np.multiply.outer(scale, scale))


def _comparisons(
    names: tuple[str, ...],
    group: tuple[Labels | None, Labels | None],
    size: tuple[npt.ArrayLike | None, npt.ArrayLike | None],
    time: tuple[npt.ArrayLike | None, npt.ArrayLike | None],
    phi: float | None,
) -> _Comparisons | None:
    """Return correlations by shared groups; None without groups."""
    for what, given in (("group", group), ("size", size)):
        if (given[0] is None) != (given[1] is None):
            raise InvalidInput(f"{what}1 and {what}2 belong together", hint="Give both, or neither.")
    if group[0] is None or group[1] is None:
        for what, beside in (("size1", size[0]), ("time2", time[1])):
            if beside is not None:
                raise InvalidInput(f"{what} without group1 and group2", hint="Name the groups that were compared.")
        return None
    sides = [_groups_of(each, what, names) for each, what in ((group[0], "group1"), (group[1], "group2"))]
    sizes, times = np.ones((2, len(names))), np.zeros((2, len(names)))
    if size[0] is not None and size[1] is not None:
        sizes = np.stack([_sizes(each, f"size{i + 1}", names) for i, each in enumerate((size[0], size[1]))])
    found = _Comparisons(names, sides, sizes, times)
    first = _decay(len(names), time[0], phi)
    if isinstance(first, _Decay):
        second = first if time[1] is None else _decay(len(names), time[1], phi)
        assert isinstance(second, _Decay)  # noqa: S101 - both have a time and phi
        found.time, found.phi = np.stack([first.time, second.time]), first.phi
    elif time[1] is not None:
        raise InvalidInput("time2 without time and phi", hint="Give all three.")
    return found


def _groups_of(values: Labels, what: str, names: tuple[str, ...]) -> tuple[str, ...]:
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if len(plain) == len(names):
        for i, value in enumerate(plain):
            if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
                raise InvalidInput(f"study {names[i]}, row {i + 1}: no {what}", hint="Name the groups of every effect.")
    found = cluster_labels(plain, what)
    if len(found) != len(names):
        raise InvalidInput(f"{len(names)} cluster labels and {len(found)} of {what}; there must be one each")
    return found


def _sizes(values: npt.ArrayLike, what: str, names: tuple[str, ...]) -> FloatArray:
    found = plain_numbers(values, what)
    if found.shape != (len(names),):
        raise InvalidInput(f"{what} has the shape {found.shape}; {len(names)} sizes are needed")
    for i in np.flatnonzero(~((found >= SMALLEST) & (found <= LARGEST))).tolist():
        raise InvalidInput(
            f"study {names[i]}, row {i + 1}: {what} is {found[i]:g}; it must be a number above 0",
            hint="Give the people in each group, or leave out size1 and size2.",
        )
    return found


def _table(rvars: npt.ArrayLike | None, names: tuple[str, ...], *, alone: bool) -> FloatArray | None:
    if rvars is None:
        return None
    if not alone:
        raise InvalidInput("rvars holds the correlations already", hint="Leave out obs, type and time.")
    table = plain_numbers(rvars, "rvars")
    if table.ndim != 2 or len(table) != len(names):
        raise InvalidInput(f"rvars has the shape {table.shape}; it needs a row for each of {len(names)} effects")
    return table


def read_only(values: npt.ArrayLike) -> FloatArray:
    """Return a read-only copy."""
    out = np.array(values, dtype=np.float64)
    out.flags.writeable = False
    return out

"""Covariance structures of random effects: the matrix G of one term, from free numbers and back.

q levels of the inner factor, n free numbers of a term, T points. G (q, q) is the covariance of the random effects of
one outer level. The free numbers are standard deviations, angles and rows of a Cholesky factor, so that every value of
them gives a covariance matrix, and a variance of 0 or a correlation of 1 is an ordinary point that a search can reach.

References
----------
Pinheiro and Bates (1996), Statistics and Computing 6, 289-296 (parametrisations); Pinheiro and Bates (2000),
Mixed-Effects Models in S and S-PLUS, section 5.3 (serial and spatial correlation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]

Struct = Literal[
    "CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR", "SPEXP", "SPGAU", "SPLIN", "SPRAT", "SPSPH", "GEN", "GDIAG"
]
"""Compound symmetry, unstructured, identity, diagonal, autoregressive (plain, heteroscedastic, in continuous time),
spatial (exponential, Gaussian, linear, rational quadratic, spherical); GEN and GDIAG: random slopes with and without
correlation."""

SPATIAL = frozenset({"SPEXP", "SPGAU", "SPLIN", "SPRAT", "SPSPH"})
NUMERIC = frozenset({"CAR"}) | SPATIAL
"""Structures that need distances between the levels."""
SLOPES = frozenset({"GEN", "GDIAG"})
UNSTRUCTURED = frozenset({"UN", "GEN"})
DIAGONAL = frozenset({"ID", "DIAG", "GDIAG"})
SEPARATE = frozenset({"HCS", "UN", "DIAG", "HAR", "GEN", "GDIAG"})
"""Structures with a variance for each inner level."""


@dataclass(frozen=True, slots=True)
class Structure:
    """One covariance matrix with its free numbers.

    Attributes
    ----------
    kind : the structure; ``known`` is a variance times a correlation matrix that is given.
    q : inner levels.
    tau2, rho : fixed variances and correlations; NaN where they are to be estimated. One variance, or q; one
        correlation, q (q - 1) / 2 for an unstructured matrix (pairs in the order 1-2, 1-3, ..., 2-3, ...), or none.
    known : (q, q) correlations (``known``), or distances between the levels (serial and spatial structures).
    unit : standard deviation that a free number of 1 stands for; (q,) where every level has its own variance, so that
        outcomes and slopes on scales that lie far apart are searched alike.
    """

    kind: Struct | Literal["known"]
    q: int
    tau2: Array
    rho: Array
    known: Array | None = None
    unit: Array | float = 1.0

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of inner levels in the order of `rho` of an unstructured matrix."""
        return list(combinations(range(self.q), 2))

    @property
    def one_variance(self) -> bool:
        """All levels have the same variance."""
        return self.kind not in SEPARATE


def counts(kind: Struct, q: int) -> tuple[int, int]:
    """Return how many variances and correlations a structure with q levels has."""
    correlations = q * (q - 1) // 2 if kind in UNSTRUCTURED else int(kind not in DIAGONAL)
    return (q if kind in SEPARATE else 1), correlations


def rho_range(structure: Structure) -> tuple[float, float]:
    """Return the least and the largest correlation (or distance parameter) for which G is a covariance matrix.

    A level whose variance is held at 0 takes no part: the others may then be correlated more negatively.
    """
    if structure.kind in SPATIAL:
        return 0.0, math.inf
    if structure.kind == "CAR":
        return 0.0, 1.0
    if structure.kind in {"CS", "HCS"}:
        varying = structure.q - (int((structure.tau2 == 0).sum()) if structure.kind == "HCS" else 0)
        return -1.0 / max(varying - 1, 1), 1.0
    return -1.0, 1.0


def without_one_level(structure: Structure) -> list[Structure]:
    """Return the structures with one more variance held at 0, where that widens the limits of a free correlation.

    Such points are no limits of others: with all variances above 0 the correlation of m levels is -1 / (m - 1) or more
    under ``HCS``, with one of them at 0 it is -1 / (m - 2) or more.
    """
    if structure.kind != "HCS" or (structure.tau2 != 0).sum() <= 2 or not np.isnan(structure.rho).any():
        return []
    return [with_fixed(structure, "tau2", int(level), 0.0) for level in np.flatnonzero(np.isnan(structure.tau2))]


# Correlations that depend on one number.


def _correlation(s: Structure, rho: Array) -> tuple[Array, Array]:
    """Return the (T, q, q) correlations and their derivatives with respect to `rho` (T,)."""
    if s.kind in DIAGONAL or s.kind == "known":
        same = np.eye(s.q) if s.known is None else s.known
        return np.repeat(same[None], len(rho), axis=0), np.zeros((len(rho), s.q, s.q))
    each = rho[:, None, None]
    if s.kind in {"CS", "HCS"}:
        off = 1.0 - np.eye(s.q)
        return np.eye(s.q) + each * off, np.repeat(off[None], len(rho), axis=0)
    distance = s.known
    assert distance is not None  # noqa: S101 - by construction
    if s.kind in {"AR", "HAR", "CAR"}:
        with np.errstate(divide="ignore", invalid="ignore"):
            before = np.sign(each) ** (distance - 1) * np.abs(each) ** (distance - 1)
            slope = np.where(distance > 0, distance * before, 0.0)
            power = np.sign(each) ** distance * np.abs(each) ** distance
        return np.where(distance == 0, 1.0, power), np.nan_to_num(slope, posinf=0.0, neginf=0.0)
    return _spatial(s.kind, distance, each)


def _spatial(kind: str, distance: Array, rho: Array) -> tuple[Array, Array]:
    u = distance / rho
    near = u < 1
    if kind == "SPEXP":
        value = np.exp(-u)
        return value, value * u / rho
    if kind == "SPGAU":
        value = np.exp(-(u**2))
        return value, 2 * value * u**2 / rho
    if kind == "SPRAT":
        value = 1 / (1 + u**2)
        return value, 2 * value**2 * u**2 / rho
    if kind == "SPLIN":
        return np.where(near, 1 - u, 0.0), np.where(near, u / rho, 0.0)
    return np.where(near, 1 - 1.5 * u + 0.5 * u**3, 0.0), np.where(near, (1.5 * u - 1.5 * u**3) / rho, 0.0)


def _rho_of(s: Structure, angle: Array) -> tuple[Array, Array]:
    """Return the correlations that belong to free numbers, and their derivatives."""
    low, high = rho_range(s)
    if math.isinf(high):
        value = np.exp(np.clip(angle, -300.0, 300.0))
        return value, value
    if s.kind == "CAR":
        # The rate of decay is a square: powers with fractions have no smooth limit at 0 otherwise.
        value = np.exp(-np.minimum(angle * angle, 700.0))
        return value, -2 * angle * value
    half = (high - low) / 2
    return low + half * (1 + np.sin(angle)), half * np.cos(angle)


def _angle_of(s: Structure, rho: Array) -> Array:
    low, high = rho_range(s)
    if math.isinf(high):
        return np.asarray(np.log(rho))
    if s.kind == "CAR":
        return np.asarray(np.sqrt(-np.log(np.maximum(rho, 1e-300))))
    return np.asarray(np.arcsin(np.clip((rho - low) / (high - low) * 2 - 1, -1.0, 1.0)))


# An unstructured matrix: rows of its Cholesky factor, the levels in an order that puts one fixed correlation, or else
# fixed variances, first: the first row has no direction that would have to be searched.


def _order(s: Structure) -> list[int]:
    fixed = [pair for pair, value in zip(s.pairs, s.rho, strict=True) if not math.isnan(value)]
    first = list(fixed[0]) if fixed else [level for level in range(s.q) if s.tau2[level] > 0]
    return first + [level for level in range(s.q) if level not in first]


def _mode(s: Structure) -> Literal["plain", "rows", "angles"]:
    """Return how the free numbers stand for G.

    plain: standard deviations and one correlation, or fixed correlations. rows: an unstructured matrix of which at
    most one correlation is fixed; of two levels every one with a variance each is unstructured. angles: an
    unstructured matrix of which several, not all, are fixed.
    """
    if s.kind not in UNSTRUCTURED and not (s.kind in {"HCS", "HAR"} and s.q == 2):
        return "plain"
    fixed = int((~np.isnan(s.rho)).sum())
    if fixed == len(s.rho):
        return "plain"
    return "rows" if fixed <= 1 else "angles"


def _squared(s: Structure) -> bool:
    """Return whether free standard deviations are squares of the free numbers.

    Where only the product of a correlation and two standard deviations counts, a negative one would turn the sign of
    the correlation; a square stays smooth at 0.
    """
    if s.kind not in SEPARATE or s.kind in DIAGONAL:
        return False
    fixed = s.rho[~np.isnan(s.rho)]
    return _mode(s) == "angles" or bool((fixed != 0).any()) or (s.kind not in UNSTRUCTURED and not len(fixed))


def _deviation(s: Structure, theta: Array) -> tuple[Array, Array]:
    """Return standard deviations of free numbers, and their derivatives."""
    return (theta**2, 2 * theta) if _squared(s) else (theta, np.ones_like(theta))


def size(s: Structure) -> int:
    """Return how many free numbers there are."""
    free_tau, free_rho = int(np.isnan(s.tau2).sum()), int(np.isnan(s.rho).sum())
    if _mode(s) != "rows":
        return free_tau + free_rho
    order = _order(s)
    total = 0
    for place, level in enumerate(order):
        if place < 2 and free_rho < len(s.rho):
            total += int(np.isnan(s.tau2[level]))
        elif np.isnan(s.tau2[level]) or (s.tau2[level] > 0 and place > 0):
            total += place + 1
    return total


def _unit(s: Structure) -> Array:
    """Return the unit of each standard deviation, as many as there are variances."""
    return np.broadcast_to(s.unit, len(s.tau2))


def matrix(s: Structure, thetas: Array) -> Array | None:
    """Return G (T, q, q) at `thetas` (T, n); None where one is no covariance matrix.

    The latter happens only when several, not all, correlations are fixed.
    """
    mode = _mode(s)
    if mode == "rows":
        rows = _rows(s, thetas)[0]
        back = np.argsort(_order(s))
        return np.asarray((rows @ rows.transpose(0, 2, 1))[:, back[:, None], back])
    sd, correlation, _ = _plain(s, thetas, mode)
    if mode == "angles" and np.linalg.eigvalsh(correlation).min() < -1e-12:
        return None
    return np.asarray(correlation * (sd[:, :, None] * sd[:, None, :]))


def pull(s: Structure, thetas: Array, slopes: Array) -> Array:
    """Return derivatives with respect to `thetas`, both (T, n), given (T, q, q) symmetric ones with respect to G."""
    mode = _mode(s)
    if mode == "rows":
        return _pull_rows(s, thetas, slopes)
    sd, correlation, turn = _plain(s, thetas, mode)
    by_sd = 2 * ((slopes * correlation) @ sd[..., None])[..., 0]
    free = np.isnan(s.tau2)
    count = int(free.sum())
    own = by_sd.sum(axis=1, keepdims=True) if s.one_variance else by_sd
    parts = [own[:, free] * _unit(s)[free] * _deviation(s, thetas[:, :count])[1]]
    if mode == "angles":
        by_pair = [2 * slopes[:, a, b] * sd[:, a] * sd[:, b] for a, b in s.pairs]
        parts.append(np.array(by_pair)[np.isnan(s.rho)].T * turn)
    elif len(s.rho) == 1 and s.kind not in UNSTRUCTURED and math.isnan(s.rho[0]):
        rho, bend = _rho_of(s, thetas[:, -1])
        by_rho = (slopes * _correlation(s, rho)[1] * (sd[:, :, None] * sd[:, None, :])).sum(axis=(1, 2))
        parts.append((by_rho * bend)[:, None])
    return np.concatenate(parts, axis=1)


def _plain(s: Structure, thetas: Array, mode: str) -> tuple[Array, Array, Array]:
    """Return (T, q) standard deviations, (T, q, q) correlations, and the derivatives of free angles' correlations."""
    free = np.isnan(s.tau2)
    count, points = int(free.sum()), len(thetas)
    sd = np.repeat(np.sqrt(np.where(free, 0.0, s.tau2))[None], points, axis=0)
    sd[:, free] = _deviation(s, thetas[:, :count])[0] * _unit(s)[free]
    if s.one_variance:
        sd = np.repeat(sd, s.q, axis=1)
    turn = np.zeros(0)
    if s.kind in UNSTRUCTURED:
        rho = np.repeat(s.rho[None], points, axis=0)
        if mode == "angles":
            angles = thetas[:, count:]
            rho[:, np.isnan(s.rho)] = np.sin(angles)
            turn = np.cos(angles)
        correlation = np.repeat(np.eye(s.q)[None], points, axis=0)
        for i, (a, b) in enumerate(s.pairs):
            correlation[:, a, b] = correlation[:, b, a] = rho[:, i]
        return sd, correlation, turn
    rho = np.zeros(points)
    if len(s.rho):
        rho = _rho_of(s, thetas[:, -1])[0] if math.isnan(s.rho[0]) else np.full(points, s.rho[0])
    return sd, _correlation(s, rho)[0], turn


def _rows(s: Structure, thetas: Array) -> tuple[Array, list[tuple[int, str, int]]]:
    """Return (T, q, q) lower factors and, per row, where its free numbers start and how they act."""
    order, at = _order(s), 0
    held = ~np.isnan(s.rho)
    unit = _unit(s)
    rows, plan = np.zeros((len(thetas), s.q, s.q)), []
    for place, level in enumerate(order):
        fixed = s.tau2[level]
        free = math.isnan(fixed)
        if (place < 2 and held.any()) or (place == 0 and fixed > 0):
            if free:
                length = _deviation(s, thetas[:, at : at + 1])[0] * unit[level]
                rows[:, place, : place + 1] = length * _direction(s, place)
            else:
                rows[:, place, : place + 1] = math.sqrt(fixed) * _direction(s, place)
            plan.append((at, "length" if free else "none", 1))
            at += int(free)
        elif free:
            rows[:, place, : place + 1] = thetas[:, at : at + place + 1] * unit[level]
            plan.append((at, "row", place + 1))
            at += place + 1
        elif fixed > 0:
            given = thetas[:, at : at + place + 1]
            rows[:, place, : place + 1] = math.sqrt(fixed) * given / np.linalg.norm(given, axis=1, keepdims=True)
            plan.append((at, "direction", place + 1))
            at += place + 1
        else:
            plan.append((at, "none", 0))
    return rows, plan


def _direction(s: Structure, place: int) -> Array:
    """Return the direction of the first or second row, between which the one fixed correlation lies."""
    if place == 0:
        return np.ones(1)
    rho = float(s.rho[~np.isnan(s.rho)][0])
    return np.array([rho, math.sqrt(max(1 - rho * rho, 0.0))])


def _pull_rows(s: Structure, thetas: Array, slopes: Array) -> Array:
    rows, plan = _rows(s, thetas)
    order = _order(s)
    unit = _unit(s)
    by_rows = 2 * slopes[:, np.array(order)[:, None], order] @ rows
    out = np.zeros_like(thetas)
    for place, (at, act, width) in enumerate(plan):
        gradient = by_rows[:, place, : place + 1]
        if act == "row":
            out[:, at : at + width] = gradient * unit[order[place]]
        elif act == "length":
            along = gradient @ _direction(s, place) * unit[order[place]]
            out[:, at] = along * _deviation(s, thetas[:, at])[1]
        elif act == "direction":
            given = thetas[:, at : at + width]
            length = np.linalg.norm(given, axis=1, keepdims=True)
            towards = given / length
            across = gradient - towards * (gradient * towards).sum(axis=1, keepdims=True)
            out[:, at : at + width] = math.sqrt(s.tau2[order[place]]) * across / length
    return out


def start(s: Structure, tau2: Array, rho: Array) -> Array:
    """Return free numbers (T, n) at which free variances are `tau2` (T, v) in squared units, and correlations `rho`.

    `rho` (T, c) is brought within the limits. With distances it is the place of the reach between the least and the
    largest of them, on the scale of logarithms and within 0 to 1; the reach of a structure in continuous time is where
    its correlation is 1 / e.
    """
    low, high = rho_range(s)
    aim = np.clip(rho, low, high)
    if s.kind in NUMERIC and s.known is not None:
        distances = s.known[s.known > 0]
        near, far = (math.log(distances.min()), math.log(distances.max())) if len(distances) else (0.0, 0.0)
        reach = np.exp(near + rho * (far - near))
        aim = np.exp(-1 / reach) if s.kind == "CAR" else reach
    elif _mode(s) == "angles":
        aim = rho / (2 * s.q)
    return from_natural(s, tau2 * _unit(s) ** 2, aim)


def zeros(s: Structure, theta: Array, level: float) -> list[list[int]]:
    """Return groups of free numbers that, set to 0, make one variance 0 that now is below `level` squared units."""
    found = []
    if _mode(s) == "rows":
        rows, plan = _rows(s, theta[None])
        lengths = (rows[0] ** 2).sum(axis=1) / _unit(s)[_order(s)] ** 2
        for place, (at, act, width) in enumerate(plan):
            if act in {"row", "length"} and lengths[place] < level:
                found.append(list(range(at, at + width)))
        return found
    sd = _deviation(s, theta[: int(np.isnan(s.tau2).sum())])[0]
    return [[i] for i in range(len(sd)) if float(sd[i]) ** 2 < level]


def natural(s: Structure, thetas: Array) -> tuple[Array, Array]:
    """Return variances (T, v) and correlations (T, c), in the order of `tau2` and `rho`; fixed ones as given."""
    points = len(thetas)
    if len(s.tau2) == 1 and not len(s.rho):
        tau2 = np.square(thetas * s.unit) if math.isnan(s.tau2[0]) else np.full((points, 1), s.tau2[0])
        return tau2, np.zeros((points, 0))
    if _mode(s) == "rows":
        g = matrix(s, thetas)
        assert g is not None  # noqa: S101 - rows give a covariance matrix always
        found = np.diagonal(g, axis1=1, axis2=2)
        first, second = np.array(s.pairs).T
        product = np.sqrt(found[:, first] * found[:, second])
        own = np.clip(g[:, first, second] / np.where(product > 0, product, 1.0), -1.0, 1.0)
        return np.where(np.isnan(s.tau2), found, s.tau2), np.where(np.isnan(s.rho), own, s.rho)
    free, open_rho = np.isnan(s.tau2), np.isnan(s.rho)
    count = int(free.sum())
    tau2, rho = np.repeat(s.tau2[None], points, axis=0), np.repeat(s.rho[None], points, axis=0)
    tau2[:, free] = (_deviation(s, thetas[:, :count])[0] * _unit(s)[free]) ** 2
    if open_rho.any():
        rest = thetas[:, count:]
        rho[:, open_rho] = np.sin(rest) if s.kind in UNSTRUCTURED else _rho_of(s, rest)[0]
    return tau2, rho


def with_fixed(s: Structure, which: Literal["tau2", "rho"], place: int, value: float) -> Structure:
    """Return the structure with one variance or correlation held at `value`."""
    tau2, rho = s.tau2.copy(), s.rho.copy()
    (tau2 if which == "tau2" else rho)[place] = value
    return replace(s, tau2=tau2, rho=rho)


def from_natural(s: Structure, tau2: Array, rho: Array) -> Array:
    """Return free numbers (T, n) near given variances (T, v) and correlations (T, c): where it exists, the inverse."""
    sd = np.sqrt(tau2) / _unit(s)
    if _mode(s) == "rows":
        order = _order(s)
        correlation = np.repeat(np.eye(s.q)[None], len(sd), axis=0)
        for i, (a, b) in enumerate(s.pairs):
            correlation[:, a, b] = correlation[:, b, a] = rho[:, i]
        values, vectors = np.linalg.eigh(correlation)
        nearest = (vectors * np.maximum(values, 1e-10)[:, None, :]) @ vectors.transpose(0, 2, 1)
        factor = np.linalg.cholesky(nearest[:, np.array(order)[:, None], order])
        plan = _rows(s, np.ones((1, size(s))))[1]
        out = np.zeros((len(sd), size(s)))
        for place, (at, act, width) in enumerate(plan):
            own = sd[:, order[place]]
            if act == "length":
                out[:, at] = np.sqrt(own) if _squared(s) else own
            elif act != "none":
                out[:, at : at + width] = factor[:, place, : place + 1] * (own[:, None] if act == "row" else 1.0)
        return out
    own = sd[:, np.isnan(s.tau2)]
    values = rho[:, np.isnan(s.rho)]
    angles = np.arcsin(np.clip(values, -1, 1)) if s.kind in UNSTRUCTURED else _angle_of(s, values)
    return np.concatenate([np.sqrt(own) if _squared(s) else own, angles], axis=1)

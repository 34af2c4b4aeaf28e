"""Covariance structures of random effects: the matrix G of one term, from free numbers and back.

q levels of the inner factor, n free numbers of a term. G (q, q) is the covariance of the random effects of one outer
level. The free numbers are standard deviations, angles and rows of a Cholesky factor, so that every value of them
gives a covariance matrix, and a variance of 0 or a correlation of 1 is an ordinary point that a search can reach.

References
----------
Pinheiro and Bates (1996), Statistics and Computing 6, 289-296 (parametrisations); Pinheiro and Bates (2000),
Mixed-Effects Models in S and S-PLUS, section 5.3 (serial and spatial correlation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
    """

    kind: Struct | Literal["known"]
    q: int
    tau2: Array
    rho: Array
    known: Array | None = None

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
    """Return the least and the largest correlation (or distance parameter) for which G is a covariance matrix."""
    if structure.kind in SPATIAL:
        return 0.0, math.inf
    if structure.kind == "CAR":
        return 0.0, 1.0
    if structure.kind in {"CS", "HCS"} and structure.q > 1:
        return -1.0 / (structure.q - 1), 1.0
    return -1.0, 1.0


# Correlations that depend on one number.


def _correlation(s: Structure, rho: float) -> tuple[Array, Array]:
    """Return the (q, q) correlations and their derivatives with respect to `rho`."""
    if s.kind in DIAGONAL:
        return np.eye(s.q), np.zeros((s.q, s.q))
    if s.kind == "known":
        assert s.known is not None  # noqa: S101 - by construction
        return s.known, np.zeros((s.q, s.q))
    if s.kind in {"CS", "HCS"}:
        off = 1.0 - np.eye(s.q)
        return np.eye(s.q) + rho * off, off
    distance = s.known
    assert distance is not None  # noqa: S101 - by construction
    if s.kind in {"AR", "HAR", "CAR"}:
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(
                distance > 0, distance * np.sign(rho) ** (distance - 1) * np.abs(rho) ** (distance - 1), 0.0
            )
            power = np.sign(rho) ** distance * np.abs(rho) ** distance
        return np.where(distance == 0, 1.0, power), np.nan_to_num(slope, posinf=0.0, neginf=0.0)
    return _spatial(s.kind, distance, rho)


def _spatial(kind: str, distance: Array, rho: float) -> tuple[Array, Array]:
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


def _rho_of(s: Structure, angle: float) -> tuple[float, float]:
    """Return the correlation that belongs to a free number, and its derivative."""
    low, high = rho_range(s)
    if math.isinf(high):
        value = math.exp(min(max(angle, -300.0), 300.0))
        return value, value
    if s.kind == "CAR":
        # The rate of decay is a square: powers with fractions have no smooth limit at 0 otherwise.
        value = math.exp(-min(angle * angle, 700.0))
        return value, -2 * angle * value
    half = (high - low) / 2
    return low + half * (1 + math.sin(angle)), half * math.cos(angle)


def _angle_of(s: Structure, rho: float) -> float:
    low, high = rho_range(s)
    if math.isinf(high):
        return math.log(rho)
    if s.kind == "CAR":
        return math.sqrt(-math.log(max(rho, 1e-300)))
    return math.asin(min(max((rho - low) / (high - low) * 2 - 1, -1.0), 1.0))


# An unstructured matrix: rows of its Cholesky factor, the levels in an order that puts one fixed correlation first.


def _order(s: Structure) -> list[int]:
    fixed = [pair for pair, value in zip(s.pairs, s.rho, strict=True) if not math.isnan(value)]
    first = list(fixed[0]) if fixed else []
    return first + [level for level in range(s.q) if level not in first]


def _mode(s: Structure) -> Literal["plain", "rows", "angles"]:
    """Return how the free numbers stand for G.

    plain: standard deviations and one correlation, or fixed correlations. rows: an unstructured matrix of which at
    most one correlation is fixed. angles: an unstructured matrix of which several, not all, are fixed.
    """
    if s.kind not in UNSTRUCTURED:
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
        elif np.isnan(s.tau2[level]) or s.tau2[level] > 0:
            total += place + 1
    return total


def matrix(s: Structure, theta: Array) -> Array | None:
    """Return G at `theta` (n,); None where it is no covariance matrix (only when several correlations are fixed)."""
    mode = _mode(s)
    if mode == "rows":
        rows = _rows(s, theta)[0]
        back = np.argsort(_order(s))
        return np.asarray((rows @ rows.T)[np.ix_(back, back)])
    sd, correlation, _ = _plain(s, theta, mode)
    if mode == "angles" and np.linalg.eigvalsh(correlation)[0] < -1e-12:
        return None
    return np.asarray(correlation * np.multiply.outer(sd, sd))


def pull(s: Structure, theta: Array, slope: Array) -> Array:
    """Return (n,) derivatives with respect to `theta`, given (q, q) symmetric derivatives with respect to G."""
    mode = _mode(s)
    if mode == "rows":
        return _pull_rows(s, theta, slope)
    sd, correlation, turn = _plain(s, theta, mode)
    by_sd = 2 * (slope * correlation) @ sd
    parts = [np.atleast_1d(by_sd.sum())] if s.one_variance else [by_sd]
    free = np.isnan(s.tau2)
    parts[0] = parts[0][free] * _deviation(s, theta[: int(free.sum())])[1]
    if mode == "angles":
        by_pair = [2 * slope[a, b] * sd[a] * sd[b] for a, b in s.pairs]
        parts.append(np.array(by_pair)[np.isnan(s.rho)] * turn)
    elif len(s.rho) == 1 and s.kind not in UNSTRUCTURED and math.isnan(s.rho[0]):
        rho, bend = _rho_of(s, float(theta[-1]))
        by_rho = float((slope * _correlation(s, rho)[1] * np.multiply.outer(sd, sd)).sum())
        parts.append(np.array([by_rho * bend]))
    return np.concatenate(parts)


def _plain(s: Structure, theta: Array, mode: str) -> tuple[Array, Array, Array]:
    """Return (q,) standard deviations, (q, q) correlations, and the derivatives of free angles' correlations."""
    free = np.isnan(s.tau2)
    count = int(free.sum())
    sd = np.sqrt(np.where(free, 0.0, s.tau2))
    sd[free] = _deviation(s, theta[:count])[0]
    if s.one_variance:
        sd = np.full(s.q, sd[0])
    turn = np.zeros(0)
    if s.kind in UNSTRUCTURED:
        rho = s.rho.copy()
        if mode == "angles":
            angles = theta[count:]
            rho[np.isnan(rho)] = np.sin(angles)
            turn = np.cos(angles)
        correlation = np.eye(s.q)
        for (a, b), value in zip(s.pairs, rho, strict=True):
            correlation[a, b] = correlation[b, a] = value
        return sd, correlation, turn
    rho_value = 0.0
    if len(s.rho):
        rho_value = _rho_of(s, float(theta[-1]))[0] if math.isnan(s.rho[0]) else float(s.rho[0])
    return sd, _correlation(s, rho_value)[0], turn


def _rows(s: Structure, theta: Array) -> tuple[Array, list[tuple[int, str, int]]]:
    """Return the (q, q) lower factor and, per row, where its free numbers start and how they act."""
    order, at = _order(s), 0
    held = ~np.isnan(s.rho)
    rows, plan = np.zeros((s.q, s.q)), []
    for place, level in enumerate(order):
        fixed = s.tau2[level]
        free = math.isnan(fixed)
        if place < 2 and held.any():
            rho = float(s.rho[held][0])
            direction = np.array([1.0]) if place == 0 else np.array([rho, math.sqrt(max(1 - rho * rho, 0.0))])
            length = float(_deviation(s, theta[at : at + 1])[0][0]) if free else math.sqrt(fixed)
            rows[place, : place + 1] = length * direction
            plan.append((at, "length" if free else "none", 1))
            at += int(free)
        elif free:
            rows[place, : place + 1] = theta[at : at + place + 1]
            plan.append((at, "row", place + 1))
            at += place + 1
        elif fixed > 0:
            given = theta[at : at + place + 1]
            rows[place, : place + 1] = math.sqrt(fixed) * given / np.linalg.norm(given)
            plan.append((at, "direction", place + 1))
            at += place + 1
        else:
            plan.append((at, "none", 0))
    return rows, plan


def _pull_rows(s: Structure, theta: Array, slope: Array) -> Array:
    rows, plan = _rows(s, theta)
    order = _order(s)
    by_rows = 2 * slope[np.ix_(order, order)] @ rows
    out = np.zeros(len(theta))
    for place, (at, act, width) in enumerate(plan):
        gradient = by_rows[place, : place + 1]
        if act == "row":
            out[at : at + width] = gradient
        elif act == "length":
            rho = float(s.rho[~np.isnan(s.rho)][0])
            direction = np.array([1.0]) if place == 0 else np.array([rho, math.sqrt(max(1 - rho * rho, 0.0))])
            out[at] = gradient @ direction * _deviation(s, theta[at : at + 1])[1][0]
        elif act == "direction":
            given = theta[at : at + width]
            length = float(np.linalg.norm(given))
            unit = given / length
            out[at : at + width] = math.sqrt(s.tau2[order[place]]) * (gradient - unit * (unit @ gradient)) / length
    return out


def start(s: Structure, tau2: float, rho: float) -> Array:
    """Return free numbers (n,) at which all free variances are `tau2` and free correlations about `rho`.

    With distances `rho` is the place of the reach between the least and the largest of them, on the scale of logarithms
    and within 0 to 1; the reach of a structure in continuous time is where its correlation is 1 / e.
    """
    aim = rho
    if s.kind in NUMERIC and s.known is not None:
        distances = s.known[s.known > 0]
        low, high = (math.log(distances.min()), math.log(distances.max())) if len(distances) else (0.0, 0.0)
        reach = math.exp(low + rho * (high - low))
        aim = math.exp(-1 / reach) if s.kind == "CAR" else reach
    elif _mode(s) == "angles":
        aim = rho / (2 * s.q)
    return from_natural(s, np.full(len(s.tau2), tau2), np.full(len(s.rho), aim))


def zeros(s: Structure, theta: Array, level: float) -> list[list[int]]:
    """Return groups of free numbers that, set to 0, make one variance 0 that now is below `level`."""
    found = []
    if _mode(s) == "rows":
        rows, plan = _rows(s, theta)
        for place, (at, act, width) in enumerate(plan):
            if act in {"row", "length"} and float(rows[place] @ rows[place]) < level:
                found.append(list(range(at, at + width)))
        return found
    sd = _deviation(s, theta[: int(np.isnan(s.tau2).sum())])[0]
    return [[i] for i in range(len(sd)) if float(sd[i]) ** 2 < level]


def natural(s: Structure, theta: Array) -> tuple[Array, Array]:
    """Return variances and correlations, in the order of `tau2` and `rho`; fixed ones as they were given."""
    if _mode(s) == "rows":
        g = matrix(s, theta)
        assert g is not None  # noqa: S101 - rows give a covariance matrix always
        tau2 = np.where(np.isnan(s.tau2), g.diagonal(), s.tau2)
        sd = np.sqrt(g.diagonal())
        rho = [min(max(g[a, b] / (sd[a] * sd[b]), -1.0), 1.0) if sd[a] > 0 and sd[b] > 0 else 0.0 for a, b in s.pairs]
        return tau2, np.where(np.isnan(s.rho), rho, s.rho)
    free = np.isnan(s.tau2)
    tau2 = s.tau2.copy()
    tau2[free] = _deviation(s, theta[: int(free.sum())])[0] ** 2
    rho_values = s.rho.copy()
    if s.kind in UNSTRUCTURED:
        rho_values[np.isnan(s.rho)] = np.sin(theta[int(free.sum()) :])
    elif len(rho_values) and math.isnan(rho_values[0]):
        rho_values[0] = _rho_of(s, float(theta[-1]))[0]
    return tau2, rho_values


def with_fixed(s: Structure, which: Literal["tau2", "rho"], place: int, value: float) -> Structure:
    """Return the structure with one variance or correlation held at `value`."""
    tau2, rho = s.tau2.copy(), s.rho.copy()
    (tau2 if which == "tau2" else rho)[place] = value
    return Structure(s.kind, s.q, tau2, rho, s.known)


def from_natural(s: Structure, tau2: Array, rho: Array) -> Array:
    """Return free numbers near given variances and correlations; the inverse of `natural` where that exists."""
    sd = np.sqrt(tau2)
    if _mode(s) == "rows":
        order = _order(s)
        correlation = np.eye(s.q)
        for (a, b), value in zip(s.pairs, rho, strict=True):
            correlation[a, b] = correlation[b, a] = value
        values, vectors = np.linalg.eigh(correlation)
        nearest = (vectors * np.maximum(values, 1e-10)) @ vectors.T
        factor = np.linalg.cholesky(nearest[np.ix_(order, order)])
        plan = _rows(s, np.ones(size(s)))[1]
        out = np.zeros(size(s))
        for place, (at, act, width) in enumerate(plan):
            if act == "length":
                out[at] = math.sqrt(sd[order[place]]) if _squared(s) else sd[order[place]]
            elif act != "none":
                out[at : at + width] = factor[place, : place + 1] * (sd[order[place]] if act == "row" else 1.0)
        return out
    own = sd[np.isnan(s.tau2)]
    parts = [np.sqrt(own) if _squared(s) else own]
    free = np.isnan(s.rho)
    values = rho[free]
    if s.kind in UNSTRUCTURED:
        parts.append(np.arcsin(np.clip(values, -1, 1)))
    else:
        parts.append(np.array([_angle_of(s, float(value)) for value in values]))
    return np.concatenate(parts)

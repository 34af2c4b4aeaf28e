"""Likelihood of linear mixed models with known sampling covariances, block by block: plain arrays, no checks.

K effects, p columns of X, n free numbers of the covariance. The effects fall into blocks that share no covariance; the
marginal covariance of a block is M = V + Z G Z' summed over the random terms. Blocks of like size are padded to one
size and worked on together, so that no K x K matrix is formed; a padded row has variance 1, no covariance and no data.
Models with nothing but random intercepts take the shorter way of `intercept_likelihood` during the search.

With X orthonormal in its columns (X'X = I), W = M^-1 and P = W - W X (X'WX)^-1 X'W,

    l = -1/2 ((K - p) log 2 pi + log |M| + log |X'WX| + y'Py)    restricted,
    l = -1/2 (K log 2 pi + log |M| + y'Py)                       full,

and the derivative of l by an entry of M is -1/2 (P - Pyy'P), with W in place of the first P for the full likelihood.

References
----------
Harville (1977), JASA 72, 320-338 (likelihoods and derivatives); Searle, Casella and McCulloch (1992), Variance
Components, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from stromata.synthesis.multilevel import intercept_likelihood, structures
from stromata.synthesis.multilevel.intercept_likelihood import Intercepts, Nested
from stromata.synthesis.multilevel.structures import Array, Structure

Places = npt.NDArray[np.intp]

_LOG_2PI = math.log(2 * math.pi)
_PADDING = 20_000.0
"""Multiplications that a batch of blocks of another size costs in calls; less padding than that is cheaper."""


@dataclass(frozen=True, slots=True)
class Term:
    """How the matrix G of one random term enters the covariance.

    Attributes
    ----------
    structure : form of G, in the units of the layout.
    at : (N,) places in the flat blocks.
    take : (N,) places in the flat G, ascending; None when `mix` is given.
    mix : (N, q * q) weights of the entries of G, for random slopes.
    starts : where each place in the flat G begins in `take`, those that occur.
    """

    structure: Structure
    at: Places
    take: Places | None
    mix: Array | None = None
    starts: Places | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Blocks of one padded size m: (b, m) rows, -1 where padded; (b, m, p + 1) X and y; place in the flat blocks."""

    start: int
    rows: Places
    xy: Array

    @property
    def stop(self) -> int:
        """End in the flat blocks."""
        return self.start + int(self.rows.shape[0] * self.rows.shape[1] ** 2)


@dataclass(frozen=True, slots=True)
class Layout:
    """Data arranged for the likelihood: everything that does not change with the covariance.

    `k` effects, `p` columns, `v` the flat blocks of V.
    """

    k: int
    p: int
    v: Array
    buckets: tuple[Bucket, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Later:
    """A layout that is arranged when it is first wanted: with a shorter way to the likelihood few ask for it."""

    make: Callable[[], Layout]

    @cached_property
    def layout(self) -> Layout:
        """The layout."""
        return self.make()


@dataclass(frozen=True, slots=True)
class Solved:
    """State at T covariances: per bucket whitening factors (T, b, m, m) and whitened X and y (T, b, m, p + 1).

    `beta` (T, p) coefficients; `root` (T, p, p) a root of their covariance; `residuals` whitened (T, b, m);
    `log_volume` log |M|, `log_gram` log |X'WX|, `rss` y'Py, each (T,).
    """

    factors: tuple[Array, ...]
    white: tuple[Array, ...]
    beta: Array
    root: Array
    residuals: tuple[Array, ...]
    log_volume: Array
    log_gram: Array
    rss: Array

    def log_likelihood(self, k: int, *, restricted: bool) -> Array:
        """Return (T,) restricted (for orthonormal X) or full log-likelihoods, all constants included."""
        if restricted:
            count = k - self.beta.shape[1]
            return np.asarray(-0.5 * (count * _LOG_2PI + self.log_volume + self.log_gram + self.rss))
        return np.asarray(-0.5 * (k * _LOG_2PI + self.log_volume + self.rss))


def arrange(
    xy: Array, v: Array, blocks: Sequence[Places], covariances: Sequence[tuple[Places, Array]]
) -> tuple[tuple[Bucket, ...], Array]:
    """Return buckets and the flat blocks of V.

    Parameters
    ----------
    xy, v : (K, p + 1) columns of X with y last, and (K,) sampling variances.
    blocks : rows of each block; every row is in one.
    covariances : rows and covariance matrix of sampling errors that are not independent, each within one block.
    """
    k = len(v)
    sizes = np.array([len(block) for block in blocks])
    order = np.argsort(-sizes, kind="stable")
    sizes, sorted_rows = sizes[order], np.concatenate([blocks[i] for i in order.tolist()])
    block = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(k) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    buckets: list[Bucket] = []
    where = np.zeros((k, 3), dtype=np.intp)
    start = first = 0
    while first < len(sizes):
        m = int(sizes[first])
        padding = np.cumsum(float(m) ** 3 - sizes[first:].astype(np.float64) ** 3)
        count = max(int(((padding <= _PADDING) | (sizes[first:] == m)).sum()), 1)
        here = (block >= first) & (block < first + count)
        own, b, at = sorted_rows[here], block[here] - first, place[here]
        rows = np.full((count, m), -1, dtype=np.intp)
        rows[b, at] = own
        where[own] = np.column_stack([start + b * m * m, np.full(len(own), m), at])
        buckets.append(Bucket(start, rows, np.where((rows >= 0)[:, :, None], xy[rows], 0.0)))
        start += count * m * m
        first += count
    flat = np.zeros(start)
    for bucket in buckets:
        b, m = bucket.rows.shape
        corner = bucket.start + np.arange(b)[:, None] * m * m + np.arange(m) * (m + 1)
        flat[corner[bucket.rows < 0]] = 1.0
    flat[where[:, 0] + where[:, 2] * (where[:, 1] + 1)] = v
    for rows, matrix in covariances:
        flat[where[rows, 0][:, None] + where[rows, 2][:, None] * where[rows, 1][:, None] + where[rows, 2]] = matrix
    return tuple(buckets), flat


def term(
    structure: Structure, buckets: Sequence[Bucket], outer: Places, inner: Places | None, z: Array | None = None
) -> Term:
    """Return how a random term enters: (K,) codes of outer and inner levels, or (K, q) values with random slopes."""
    places, first, second = [], [], []
    for bucket in buckets:
        m = bucket.rows.shape[1]
        codes = np.where(bucket.rows >= 0, outer[bucket.rows], -1)
        same = (codes[:, :, None] == codes[:, None, :]) & (codes[:, :, None] >= 0)
        if z is None and inner is not None and structure.kind in structures.DIAGONAL:
            same &= inner[bucket.rows][:, :, None] == inner[bucket.rows][:, None, :]
        block, i, j = np.nonzero(same)
        places.append(bucket.start + block * m * m + i * m + j)
        first.append(bucket.rows[block, i])
        second.append(bucket.rows[block, j])
    at, one, two = np.concatenate(places), np.concatenate(first), np.concatenate(second)
    if z is not None:
        mix = (z[one][:, :, None] * z[two][:, None, :]).reshape(len(at), -1)
        return Term(structure, at, None, mix)
    assert inner is not None  # noqa: S101 - one of the two is given
    if structure.q == 1:
        return Term(structure, at, np.zeros(len(at), dtype=np.intp))
    take = inner[one] * structure.q + inner[two]
    order = np.argsort(take, kind="stable")
    at, take = at[order], take[order]
    return Term(structure, at, take, starts=np.flatnonzero(np.diff(take, prepend=-1)))


def covariance(layout: Layout, matrices: Sequence[Array]) -> Array:
    """Return the flat blocks (T, N) of M, given T matrices G (T, q, q) of each term."""
    count = len(matrices[0]) if matrices else 1
    flat = np.repeat(layout.v[None, :], count, axis=0)
    for term, g in zip(layout.terms, matrices, strict=True):
        entries = g.reshape(count, -1)
        if term.mix is not None:
            flat[:, term.at] += entries @ term.mix.T
        elif entries.shape[1] == 1:
            flat[:, term.at] += entries
        else:
            flat[:, term.at] += entries[:, term.take]
    return flat


def entries(layout: Layout, flat: Array, rows: Places) -> Array:
    """Return the (m, m) covariance of some rows from the flat blocks (N,); 0 between blocks."""
    out = np.zeros((len(rows), len(rows)))
    for bucket in layout.buckets:
        m = bucket.rows.shape[1]
        own, block, at = np.nonzero(rows[:, None, None] == bucket.rows)
        i, j = np.nonzero(block[:, None] == block[None, :])
        out[own[i], own[j]] = flat[bucket.start + block[i] * m * m + at[i] * m + at[j]]
    return out


def solve(layout: Layout, flat: Array) -> Solved | None:
    """Return the state at covariances whose flat blocks (T, N) are given; None where one is not positive definite."""
    count, p = len(flat), layout.p
    factors, white = [], []
    gram, volume = np.zeros((count, p + 1, p + 1)), np.zeros(count)
    for bucket in layout.buckets:
        b, m = bucket.rows.shape
        full = flat[:, bucket.start : bucket.stop].reshape(count, b, m, m)
        # Scaled to a unit diagonal, so that variances that lie far apart cost no digits.
        diagonal = np.diagonal(full, axis1=2, axis2=3)
        if not diagonal.min() > 0:
            return None
        scale = 1 / np.sqrt(diagonal)
        volume -= 2 * np.log(scale).sum(axis=(1, 2))
        if m == 1:
            factor = scale[..., None]
        else:
            try:
                lower = np.linalg.cholesky(full * (scale[..., :, None] * scale[..., None, :]))
            except np.linalg.LinAlgError:
                return None
            volume += 2 * np.log(np.diagonal(lower, axis1=2, axis2=3)).sum(axis=(1, 2))
            factor = np.linalg.inv(lower) * scale[..., None, :]
        u = factor @ bucket.xy
        spread = u.reshape(count, -1, p + 1)
        gram += spread.transpose(0, 2, 1) @ spread
        factors.append(factor)
        white.append(u)
    try:
        lower = np.linalg.cholesky(gram[:, :p, :p])
    except np.linalg.LinAlgError:
        return None
    root = np.linalg.inv(lower).transpose(0, 2, 1)
    beta = (root @ (root.transpose(0, 2, 1) @ gram[:, :p, p:]))[..., 0]
    residuals = tuple(u[..., p] - (u[..., :p] @ beta[:, None, :, None])[..., 0] for u in white)
    rss = sum((np.einsum("tbm,tbm->t", e, e) for e in residuals), np.zeros(count))
    log_gram = 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    return Solved(tuple(factors), tuple(white), beta, root, residuals, volume, log_gram, rss)


def refined(layout: Layout, state: Solved) -> Solved:
    """Return the state with the coefficients refined by one step.

    The cross products lose digits where the columns of X are weighted very unevenly; the residuals do not.
    """
    p = layout.p
    left = sum(
        (np.einsum("tbmp,tbm->tp", u[..., :p], e) for u, e in zip(state.white, state.residuals, strict=True)),
        np.zeros_like(state.beta),
    )
    more = (state.root @ (state.root.transpose(0, 2, 1) @ left[..., None]))[..., 0]
    residuals = tuple(
        e - (u[..., :p] @ more[:, None, :, None])[..., 0] for u, e in zip(state.white, state.residuals, strict=True)
    )
    rss = sum((np.einsum("tbm,tbm->t", e, e) for e in residuals), np.zeros(len(more)))
    return replace(state, beta=state.beta + more, residuals=residuals, rss=rss)


def slopes(layout: Layout, state: Solved, *, restricted: bool) -> list[Array]:
    """Return (T, q, q) derivatives of the log-likelihoods by the entries of G of each term."""
    count, p = len(state.beta), layout.p
    flat = np.empty((count, len(layout.v)))
    for bucket, factor, u, e in zip(layout.buckets, state.factors, state.white, state.residuals, strict=True):
        back = factor.transpose(0, 1, 3, 2)
        inner = e[..., None]
        if restricted:
            inner = np.concatenate([u[..., :p] @ state.root[:, None], inner], axis=3)
        side = back @ inner
        flat[:, bucket.start : bucket.stop] = (back @ factor - side @ side.transpose(0, 1, 3, 2)).reshape(count, -1)
    out = []
    for term in layout.terms:
        q = term.structure.q
        values = flat[:, term.at]
        if term.mix is not None:
            by_entry = values @ term.mix
        elif q == 1:
            by_entry = values.sum(axis=1)
        else:
            assert term.take is not None and term.starts is not None  # noqa: S101, PT018 - no random slopes
            by_entry = np.zeros((count, q * q))
            by_entry[:, term.take[term.starts]] = np.add.reduceat(values, term.starts, axis=1)
        by_matrix = by_entry.reshape(count, q, q)
        out.append(-0.25 * (by_matrix + by_matrix.transpose(0, 2, 1)))
    return out


# As a function of the free numbers.

_ROOM = 4_000_000
"""Numbers that a batch of covariances may hold; more are worked on one after the other."""


@dataclass(frozen=True, slots=True)
class Objective:
    """The log-likelihood of `k` effects and `p` columns as a function of (n,) free numbers.

    `structures` are those of the terms, whose free numbers stand one after the other, until `ends`. `least` is the size
    below which a standard deviation counts as small: that of the most precise effect, or `LEAST`. `intercepts` is a
    quicker way to the same numbers, where the model allows it.
    """

    k: int
    p: int
    structures: tuple[Structure, ...]
    restricted: bool
    ends: tuple[int, ...]
    least: float
    source: Layout | Later
    intercepts: Intercepts | Nested | None = None

    @classmethod
    def of(cls, layout: Layout, *, restricted: bool, intercepts: Intercepts | Nested | None = None) -> Objective:
        """Return the objective of a layout."""
        corners = [
            np.diagonal(layout.v[b.start : b.stop].reshape(-1, b.rows.shape[1], b.rows.shape[1]), axis1=1, axis2=2)
            for b in layout.buckets
        ]
        own = tuple(term.structure for term in layout.terms)
        least = _least(min(float(each.min()) for each in corners))
        return cls(layout.k, layout.p, own, restricted, _ends(own), least, layout, intercepts)

    @classmethod
    def nested(cls, own: Sequence[Structure], later: Later, data: Nested, *, restricted: bool) -> Objective:
        """Return the objective of random intercepts with these structures, whose layout may wait."""
        k, width = data.rows.shape
        least = _least(float(data.v.min()))
        return cls(k, width - 2, tuple(own), restricted, _ends(own), least, later, data)

    @property
    def layout(self) -> Layout:
        """The data arranged in blocks."""
        return self.source.layout if isinstance(self.source, Later) else self.source

    @property
    def room(self) -> int:
        """Numbers that one covariance takes."""
        return self.k if isinstance(self.source, Later) else len(self.source.v)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Where the free numbers of each term start and end."""
        return list(zip((0, *self.ends), self.ends, strict=False))

    def split(self, theta: Array) -> list[Array]:
        """Return the free numbers of each term."""
        return [theta[start:end] for start, end in self.places]

    def matrices(self, thetas: Array) -> list[Array] | None:
        """Return the matrices G (T, q, q) of each term at (T, n) free numbers; None where one does not exist."""
        out = []
        for structure, (start, end) in zip(self.structures, self.places, strict=True):
            own = structures.matrix(structure, thetas[:, start:end])
            if own is None:
                return None
            out.append(own)
        return out

    def state(self, thetas: Array) -> Solved | None:
        """Return the state at (T, n) free numbers; None where one has no likelihood."""
        matrices = self.matrices(thetas)
        if matrices is None:
            return None
        flat = covariance(self.layout, matrices)
        return solve(self.layout, flat) if np.isfinite(flat).all() else None

    def variances(self, thetas: Array) -> tuple[Array, list[int]]:
        """Return the variances (T, J) of random intercepts at (T, n) free numbers, and which of them are free."""
        out, free, start = np.empty((len(thetas), len(self.ends))), [], 0
        for i, (own, end) in enumerate(zip(self.structures, self.ends, strict=True)):
            if end > start:
                free.append(i)
                out[:, i] = thetas[:, start] ** 2
            else:
                out[:, i] = own.tau2[0]
            start = end
        return out, free

    def _quick(self, thetas: Array, *, slopes: bool) -> tuple[Array, Array] | None:
        """Return log-likelihoods and derivatives without block matrices; None where that cannot be."""
        if self.intercepts is None:
            return None
        variances, free = self.variances(thetas)
        found = intercept_likelihood.solve(self.intercepts, variances, restricted=self.restricted, slopes=slopes)
        if found is None or not np.isfinite(found[0]).all():
            return None
        count = self.k - self.p if self.restricted else self.k
        slope = found[1] if len(free) == len(self.ends) else found[1][:, free]
        return -0.5 * (count * _LOG_2PI + found[0]), 2 * thetas * slope

    def values(self, thetas: Array) -> Array:
        """Return (T,) log-likelihoods; minus infinity where there is none."""
        quick = self._quick(thetas, slopes=False)
        if quick is not None:
            return quick[0]
        if len(thetas) > 1 and len(thetas) * self.room > _ROOM:
            return np.concatenate([self.values(half) for half in np.array_split(thetas, 2)])
        state = self.state(thetas)
        if state is not None:
            return state.log_likelihood(self.k, restricted=self.restricted)
        if len(thetas) == 1:
            return np.array([-math.inf])
        return np.concatenate([self.values(half) for half in np.array_split(thetas, 2)])

    def both(self, thetas: Array) -> tuple[Array, Array]:
        """Return (T,) log-likelihoods and their (T, n) derivatives."""
        quick = self._quick(thetas, slopes=True)
        if quick is not None:
            return quick
        if len(thetas) > 1 and len(thetas) * self.room > _ROOM:
            return self._halves(thetas)
        state = self.state(thetas)
        if state is None:
            if len(thetas) == 1:
                return np.array([-math.inf]), np.zeros_like(thetas)
            return self._halves(thetas)
        by_matrix = slopes(self.layout, state, restricted=self.restricted)
        out = np.empty_like(thetas)
        for term, slope, (start, end) in zip(self.layout.terms, by_matrix, self.places, strict=True):
            out[:, start:end] = structures.pull(term.structure, thetas[:, start:end], slope)
        return state.log_likelihood(self.k, restricted=self.restricted), out

    def _halves(self, thetas: Array) -> tuple[Array, Array]:
        pairs = [self.both(half) for half in np.array_split(thetas, 2)]
        return np.concatenate([value for value, _ in pairs]), np.concatenate([slope for _, slope in pairs])


def _ends(own: Sequence[Structure]) -> tuple[int, ...]:
    """Return where the free numbers of each structure end."""
    return tuple(accumulate(map(structures.size, own)))


def _least(variance: float) -> float:
    return min(LEAST, max(math.sqrt(variance), 1e-8))


# Maximisation.

_SETTLED = 1e-13
"""Gain in log-likelihood, relative to its size, that a further step promises when the search ends."""
_STEP = 1e-5
LEAST = 1e-2
"""Differences of derivatives are taken over a step of `_STEP` times the number, or times this where it is less; the
units of a layout make standard deviations numbers about 1. Very precise effects need less."""
_FAMILIAR = 0.3
"""Foreseen gain in log-likelihood from which on the height of the summit is compared with those known."""
_NOISE = 1e-14
"""Loss of log-likelihood, relative to its size, that may be rounding."""
_ESCAPES = 3
"""Saddle points that a search leaves sideways before it gives in."""
_FLOOR = 1e-9
"""Curvatures below this share of the largest are taken for it, so that flat directions do not throw the search."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """A local maximum: free numbers, log-likelihood, and whether the search came to rest."""

    theta: Array
    value: float
    settled: bool


Function = Callable[[Array], tuple[Array, Array]]


def curvature(both: Function, theta: Array, *, least: float = LEAST) -> Array:
    """Return (n, n) second derivatives from central differences of the derivatives."""
    steps = _STEP * np.maximum(np.abs(theta), least)
    slope = both(np.concatenate([theta + np.diag(steps), theta - np.diag(steps)]))[1]
    n = len(theta)
    out = (slope[:n] - slope[n:]) / (2 * steps)[:, None]
    return np.asarray((out + out.T) / 2)


@dataclass(slots=True)
class _Climber:
    """One search under way: where it stands, the slope there, and the step that it tries next."""

    theta: Array
    value: float = -math.inf
    slope: Array = field(default_factory=lambda: np.zeros(0))
    step: Array = field(default_factory=lambda: np.zeros(0))
    promise: float = math.inf
    share: float = 1.0
    reach: float = 1.0
    escapes: int = 0
    found: Maximum | None = None

    @property
    def tried(self) -> Array:
        """Return the point to look at next."""
        return self.theta + self.share * self.step if len(self.step) else self.theta

    def takes(self, value: float) -> bool:
        """Judge the height of the point tried; False shortens the step, or ends the search."""
        if not len(self.step):
            if math.isfinite(value):
                return True
            self.found = Maximum(self.theta, value, settled=False)
            return False
        noise = _NOISE * max(1.0, abs(self.value))
        if value >= self.value + 1e-4 * self.share * float(self.slope @ self.step) - noise:
            length = math.sqrt(self.step @ self.step)
            self.reach = max(self.reach * 2, 1.0) if self.share == 1.0 else max(self.share * length, 1e-3)
            return True
        self.share /= 2 if math.isfinite(value) else 4
        if self.share < 1e-9:
            # Rounding hides any further gain.
            self.found = Maximum(self.theta, self.value, settled=self.promise < 1e-8 * max(1.0, abs(self.value)))
        return False

    def head(self, bend: Array, axes: Array, both: Function, known: Sequence[Maximum]) -> None:
        """Choose the next step by the curvature (n,) along its own directions (n, n); or end the search."""
        size = np.abs(bend)
        along = axes.T @ self.slope
        move = along / np.maximum(size, max(_FLOOR * float(size.max()), 1e-300))
        self.promise = float(along @ move)
        if bend[0] > 0 and self.promise < _FAMILIAR:
            # Half of it is the height still to climb, were the function a parabola.
            for other in known:
                if abs(self.value + self.promise / 2 - other.value) < 0.05 * self.promise:
                    self.found = other
                    return
        step = axes @ move
        if self.promise <= _SETTLED * max(1.0, abs(self.value)):
            saddle = bend[0] < -1e-6 * size.max() and self.escapes < _ESCAPES
            beside = _sideways(both, self.theta, self.value, axes[:, 0]) if saddle else None
            if beside is None:
                # The last step gains less than rounding, but brings the point itself to full precision.
                end = self.theta + step if bend[0] > 0 else self.theta
                self.found = Maximum(end, self.value, settled=True)
                return
            self.escapes += 1
            self.theta, self.step = beside, np.zeros(0)
            return
        self.step, self.share = step * min(1.0, self.reach / float(np.linalg.norm(step))), 1.0


def climb(
    both: Function, thetas: Array, *, steps: int = 100, known: Sequence[Maximum] = (), least: float = LEAST
) -> list[Maximum]:
    """Return the local maximum above each of `thetas` (S, n): Newton's method in the curvature's own directions.

    All searches take their steps together, so that a step costs one call. Directions in which the function bends
    upwards are turned round, so that saddle points push a search away. A search ends early where the height that it
    foresees is that of a maximum that is `known`, or that another has reached; both then return the same object.
    """
    climbers = [_Climber(theta) for theta in thetas]
    n = thetas.shape[1]
    if not n:
        values = both(thetas)[0].tolist()
        return [Maximum(theta, value, settled=True) for theta, value in zip(thetas, values, strict=True)]
    reached = list(known)
    # Each point, and then one a little further along each axis.
    aside = np.eye(n + 1, n, -1)
    for _ in range(steps):
        active = [climber for climber in climbers if climber.found is None]
        if not active:
            break
        tried = np.array([climber.tried for climber in active])
        widths = _STEP * np.maximum(np.abs(tried), least)
        points = tried[:, None] + aside * widths[:, None]
        values, slopes = both(points.reshape(-1, n))
        heights = values.reshape(-1, n + 1)[:, 0].tolist()
        slopes = slopes.reshape(-1, n + 1, n)
        moved = [i for i, climber in enumerate(active) if climber.takes(heights[i])]
        if not moved:
            continue
        if len(moved) < len(active):
            slopes, widths = slopes[moved], widths[moved]
        bends = (slopes[:, 1:] - slopes[:, :1]) / widths[..., None]
        bend, axes = np.linalg.eigh(-(bends + bends.transpose(0, 2, 1)) / 2)
        for i, slope, own_bend, own_axes in zip(moved, slopes[:, 0], bend, axes, strict=True):
            climber = active[i]
            climber.theta, climber.value, climber.slope = tried[i], heights[i], slope
            climber.head(own_bend, own_axes, both, reached)
            if climber.found is not None and climber.found.settled:
                reached.append(climber.found)
    return [climber.found or Maximum(climber.theta, climber.value, settled=False) for climber in climbers]


def _sideways(both: Function, theta: Array, value: float, axis: Array) -> Array | None:
    """Return a higher point off a saddle, or None."""
    tried = theta + np.multiply.outer(np.array([0.3, -0.3, 0.1, -0.1, 0.03, -0.03, 0.01, -0.01]), axis)
    values = both(tried)[0]
    best = int(np.argmax(values))
    return np.asarray(tried[best]) if values[best] > value else None


def to_boundary(objective: Objective, found: Maximum, level: float) -> Maximum:
    """Return the maximum with variances set to exactly 0 where that costs nothing.

    A variance below `level` may cost what rounding leaves open; a larger one, nothing at all (the data say nothing
    about it then).
    """
    if not len(found.theta):
        return found
    theta, value = found.theta, found.value
    groups, free = [], []
    for structure, (offset, end) in zip(objective.structures, objective.places, strict=True):
        own = theta[offset:end]
        small = structures.zeros(structure, own, level)
        for group in structures.zeros(structure, own, math.inf):
            groups.append([offset + place for place in group])
            free.append((1e-10 if group in small else 1e-13) * max(1.0, abs(value)))
    if not groups:
        return found
    alone = np.repeat(theta[None], len(groups), axis=0)
    for row, group in zip(alone, groups, strict=True):
        row[group] = 0.0
    # First each alone, all at once; then together, for one variance at 0 may make another matter.
    for group, cost, at_zero in zip(groups, free, objective.values(alone).tolist(), strict=True):
        if at_zero >= found.value - cost:
            tried = theta.copy()
            tried[group] = 0.0
            together = float(objective.values(tried[None])[0])
            if together >= value - cost:
                theta, value = tried, together
    return Maximum(theta, value, found.settled)

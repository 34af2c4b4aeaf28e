"""Likelihood of models that have only random intercepts and independent sampling errors, without block matrices.

T covariances, b blocks of m rows, c levels per block, p columns of X. The marginal covariance of a block is
M = D + Z S^2 Z' with D diagonal: sampling variances plus those of intercepts that each belong to one effect. By
Woodbury's identity all follows from the (c, c) matrices

    K = I + S Z'D^-1 Z S,    M^-1 = D^-1 - D^-1 Z S K^-1 S Z'D^-1,    |M| = |D| |K|.

Where every block has one level, as in two- and three-level models, these are numbers, and sums over the rows of a block
are all there is to do (`Nested`).

References
----------
Harville (1977), JASA 72, 320-338, section 5; Hager (1989), SIAM Review 31, 221-239.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


_PADDED = 4
"""Rows, per effect, up to which blocks of all sizes are padded to one."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Blocks of one padded size.

    `xy` (b, m, p + 1); `v` (b, m), 1 where padded; `here` (b, m) 1 for rows that are there; `z` (b, m, c) 1 where a
    row has a level; `term` (b, c) the term of each level, -1 where padded.
    """

    xy: Array
    v: Array
    here: Array
    z: Array
    term: Places


@dataclass(frozen=True, slots=True)
class Intercepts:
    """All blocks, `k` effects, `p` columns; `own` are the terms with one level per effect, `count` all terms."""

    k: int
    p: int
    buckets: tuple[Bucket, ...]
    own: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows and variances (K,) sorted by block; `starts` of the blocks, `block` (K,) of each row, `count` of terms.

    `rows` (K, p + 2) are X, y and a column of ones; `wide` is the term whose levels the blocks are, `own` those with
    one level per effect.
    """

    rows: Array
    v: Array
    starts: Places
    block: Places
    wide: int
    own: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One bucket at T covariances: inverse of D, factor of K^-1, root variances, N = Z'D^-1 Z and C = Z'D^-1 [X y]."""

    w: Array
    factor: Array
    s: Array
    n: Array
    c: Array


def arrange(
    xy: Array, v: Array, rows: Sequence[Places], outer: Sequence[Places], levels: Sequence[int]
) -> Intercepts | Nested | None:
    """Return the data arranged; None where there are too many levels per block for this to pay.

    Parameters
    ----------
    xy, v : (K, p + 1) and (K,).
    rows : (b, m) rows of each bucket, -1 where padded.
    outer, levels : (K,) codes of each term's levels, and how many there are.
    """
    simple = nested(xy, v, outer, levels)
    if simple is not None:
        return simple
    k = len(v)
    own, wide = _own_and_wide(k, levels)
    buckets = []
    for block in _side_by_side(rows, k):
        here = block >= 0
        found = _levels(block, [outer[i] for i in wide])
        width = max((len(each) for each in found), default=0)
        if width > max(1, block.shape[1] // 2):
            return None
        z = np.zeros((*block.shape, max(width, 1)))
        term = np.full((len(block), max(width, 1)), -1, dtype=np.intp)
        for b, each in enumerate(found):
            for place, (which, code) in enumerate(each):
                z[b, :, place] = here[b] & (outer[wide[which]][block[b]] == code)
                term[b, place] = wide[which]
        buckets.append(
            Bucket(
                np.where(here[..., None], xy[block], 0.0), np.where(here, v[block], 1.0), here.astype(float), z, term
            )
        )
    return Intercepts(k, xy.shape[1] - 1, tuple(buckets), own, len(levels))


def nested(xy: Array, v: Array, outer: Sequence[Places], levels: Sequence[int]) -> Nested | None:
    """Return the data arranged where all terms but one have a level per effect; None otherwise. See `arrange`."""
    own, wide = _own_and_wide(len(v), levels)
    if len(wide) != 1:
        return None
    codes = outer[wide[0]]
    order = codes.argsort(kind="stable")
    codes = codes[order]
    rows = np.ones((len(v), xy.shape[1] + 1))
    rows[:, :-1] = xy[order]
    first = np.ones(len(v), dtype=np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=first[1:])
    return Nested(rows, v[order], np.flatnonzero(first), first.cumsum() - 1, wide[0], own, len(levels))


def _own_and_wide(k: int, levels: Sequence[int]) -> tuple[tuple[int, ...], list[int]]:
    """Return the terms with one level per effect, and the others."""
    return tuple(i for i, n in enumerate(levels) if n == k), [i for i, n in enumerate(levels) if n != k]


def _side_by_side(rows: Sequence[Places], k: int) -> list[Places]:
    """Return the rows of the blocks, all padded to one size unless that wastes much."""
    count, width = sum(map(len, rows)), max(own.shape[1] for own in rows)
    if count * width > _PADDED * k:
        return list(rows)
    return [np.concatenate([np.pad(own, ((0, 0), (0, width - own.shape[1])), constant_values=-1) for own in rows])]


def _levels(block: Places, outer: list[Places]) -> list[list[tuple[int, int]]]:
    """Return term and code of the levels in each block."""
    out = []
    for rows in block:
        inside = rows[rows >= 0]
        out.append([(i, int(code)) for i, codes in enumerate(outer) for code in np.unique(codes[inside])])
    return out


def _part(bucket: Bucket, variances: Array, own: tuple[int, ...]) -> _Part:
    extra = variances[:, list(own)].sum(axis=1) if own else np.zeros(len(variances))
    w = 1 / (bucket.v + extra[:, None, None] * bucket.here)
    root = np.sqrt(variances)
    s = np.where(bucket.term >= 0, root[:, bucket.term], 0.0)
    across = bucket.z.transpose(0, 2, 1)
    n = across @ (w[..., None] * bucket.z)
    c = across @ (w[..., None] * bucket.xy)
    width = s.shape[2]
    if width == 1:
        return _Part(w, 1 / np.sqrt(1 + s[..., None] ** 2 * n), s, n, c)
    inside = n * (s[..., :, None] * s[..., None, :])
    inside[..., range(width), range(width)] += 1
    return _Part(w, np.linalg.inv(np.linalg.cholesky(inside)), s, n, c)


def solve(data: Intercepts | Nested, variances: Array, *, restricted: bool, slopes: bool) -> tuple[Array, Array] | None:
    """Return (T,) log-determinants plus sums of squares, and (T, J) derivatives of the log-likelihood by variances.

    Parameters
    ----------
    data : arranged; the columns of X orthonormal.
    variances : (T, J) of the terms, 0 or more.
    restricted : of the restricted likelihood; otherwise of the full one.
    slopes : False leaves the derivatives at 0.

    Returns
    -------
    The first is ``log |M| + y'Py``, plus ``log |X'WX|`` for the restricted likelihood; None where X'WX is singular.
    """
    if isinstance(data, Nested):
        return _solve_nested(data, variances, restricted=restricted, slopes=slopes)
    p = data.p
    count = len(variances)
    parts = [_part(bucket, variances, data.own) for bucket in data.buckets]
    gram, total = np.zeros((count, p + 1, p + 1)), np.zeros(count)
    for bucket, part in zip(data.buckets, parts, strict=True):
        flat = bucket.xy.reshape(-1, p + 1)
        inner = (part.factor @ (part.s[..., None] * part.c)).reshape(count, -1, p + 1)
        gram += flat.T @ (part.w.reshape(count, -1)[..., None] * flat) - inner.transpose(0, 2, 1) @ inner
        total -= np.log(part.w).sum(axis=(1, 2))
        total -= 2 * np.log(np.diagonal(part.factor, axis1=2, axis2=3)).sum(axis=(1, 2))
    found = _turn(gram)
    if found is None:
        return None
    turn, volume = found
    if restricted:
        total += volume
    out = np.zeros((count, data.count))
    for bucket, part in zip(data.buckets, parts, strict=True):
        total += _bucket(bucket, part, turn, out if slopes else None, own=data.own, restricted=restricted)
    return total, out


def _turn(gram: Array) -> tuple[Array, Array] | None:
    """Return the coefficients (T, p + 1, p + 1) that turn [X y] into X root and the residuals, and log |X'WX|."""
    p = gram.shape[1] - 1
    if p == 1:
        size = gram[:, 0, 0]
        if not (size > 0).all():
            return None
        turn = np.zeros_like(gram)
        turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 1] = 1 / np.sqrt(size), -gram[:, 0, 1] / size, 1.0
        return turn, np.log(size)
    try:
        lower = np.linalg.cholesky(gram[:, :p, :p])
    except np.linalg.LinAlgError:
        return None
    root = np.linalg.inv(lower).transpose(0, 2, 1)
    turn = np.zeros_like(gram)
    turn[:, :p, :p] = root
    turn[:, :p, p:] = -root @ (root.transpose(0, 2, 1) @ gram[:, :p, p:])
    turn[:, p, p] = 1.0
    return turn, 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)


def _solve_nested(data: Nested, variances: Array, *, restricted: bool, slopes: bool) -> tuple[Array, Array] | None:
    p = data.rows.shape[1] - 2
    xy = data.rows[:, :-1]
    between, own = variances[:, data.wide, None], list(data.own)
    w = _weights(data, variances)
    weighted = w[..., None] * data.rows
    sums = np.add.reduceat(weighted, data.starts, axis=1)
    c, a = sums[..., :-1], sums[..., -1]
    shrink = 1 / (1 + between * a)
    held = between * shrink
    gram = xy.T @ weighted[..., :-1] - c.transpose(0, 2, 1) @ (held[..., None] * c)
    found = _turn(gram)
    if found is None:
        return None
    turn, volume = found
    total = -np.log(w).sum(axis=1) - np.log(shrink).sum(axis=1)
    if restricted:
        total += volume
    rows = xy @ turn
    turned = c @ turn
    # What is left of each row when its level has taken its share: of the residuals the sum of squares is y'Py.
    pulled = rows - (held[..., None] * turned)[:, data.block]
    total += (w * rows[..., p] * pulled[..., p]).sum(axis=1)
    out = np.zeros_like(variances)
    if not slopes:
        return total, out
    first = 0 if restricted else p
    levels = shrink[..., None] * turned[..., first:]
    out[:, data.wide] = -0.5 * ((a * shrink).sum(axis=1) - (levels * levels).sum(axis=(1, 2)))
    if own:
        pulled = pulled[..., first:]
        by_row = w * (1 - w * (held[:, data.block] + (pulled * pulled).sum(axis=2)))
        out[:, own] = -0.5 * by_row.sum(axis=1)[:, None]
    return total, out


def _weights(data: Nested, variances: Array) -> Array:
    """Return the inverse (T, K) of D."""
    if not data.own:
        return np.repeat(1 / data.v[None], len(variances), axis=0)
    extra = variances[:, data.own[0]] if len(data.own) == 1 else variances[:, list(data.own)].sum(axis=1)
    return np.asarray(1 / (data.v + extra[:, None]))


@dataclass(frozen=True, slots=True)
class Solution:
    """State at one covariance: `beta` (p,), a `root` (p, p) of its covariance, log |M|, log |X'WX| and y'Py."""

    beta: Array
    root: Array
    log_volume: float
    log_gram: float
    rss: float


def solution(data: Nested, variances: Array) -> Solution | None:
    """Return the state at (J,) variances with all digits; None where X'WX is singular.

    A level of weights w with sum a has the covariance D + s^2 11', whose inverse splits into that of the rows around
    their weighted mean and that of the mean, with weight a / (1 + s^2 a): sums of squares, of which none is taken off.
    """
    p = data.rows.shape[1] - 2
    w = _weights(data, variances[None])[0]
    sums = np.add.reduceat(w[:, None] * data.rows, data.starts, axis=0)
    a = sums[:, -1]
    means = sums[:, :-1] / a[:, None]
    shrink = 1 / (1 + variances[data.wide] * a)
    around = np.sqrt(w)[:, None] * (data.rows[:, :-1] - means[data.block])
    white = np.concatenate([around, np.sqrt(a * shrink)[:, None] * means])
    triangle = np.asarray(np.linalg.qr(white, mode="r"), dtype=np.float64)
    sizes = np.abs(triangle.diagonal()[:p])
    if not (sizes > 0).all():
        return None
    root = np.asarray(np.linalg.inv(triangle[:p, :p]), dtype=np.float64)
    volume = -float(np.log(w).sum() + np.log(shrink).sum())
    log_gram = 2 * float(np.log(sizes).sum())
    return Solution(root @ triangle[:p, p], root, volume, log_gram, float(triangle[p, p] ** 2))


def _bucket(
    bucket: Bucket, part: _Part, turn: Array, out: Array | None, *, own: tuple[int, ...], restricted: bool
) -> Array:
    """Return a bucket's share of the sum of squares, and add its share of the derivatives to `out`."""
    p = turn.shape[1] - 1
    turned = bucket.xy @ turn[:, None]
    c = part.c @ turn[:, None]
    inner = part.factor @ (part.s[..., None] * c)
    rss = (part.w * turned[..., p] ** 2).sum(axis=(1, 2)) - (inner[..., p] ** 2).sum(axis=(1, 2))
    if out is None:
        return np.asarray(rss)
    first = 0 if restricted else p
    held = part.s[..., None] * (part.factor.transpose(0, 1, 3, 2) @ inner[..., first:])
    levels = c[..., first:] - part.n @ held
    spread = part.factor @ (part.s[..., None] * part.n)
    by_level = np.diagonal(part.n, axis1=2, axis2=3) - (spread**2).sum(axis=2) - (levels**2).sum(axis=3)
    for term in np.unique(bucket.term[bucket.term >= 0]):
        out[:, term] -= 0.5 * (by_level * (bucket.term == term)).sum(axis=(1, 2))
    if own:
        rows = part.w[..., None] * (turned[..., first:] - bucket.z @ held)
        reach = part.factor @ (part.s[..., None] * bucket.z.transpose(0, 2, 1))
        diagonal = part.w - part.w**2 * (reach**2).sum(axis=2)
        share = 0.5 * ((diagonal - (rows**2).sum(axis=3)) * bucket.here).sum(axis=(1, 2))
        out[:, list(own)] -= share[:, None]
    return np.asarray(rss)

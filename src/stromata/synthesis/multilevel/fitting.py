"""Fitting of multilevel models: the data in blocks and units, starting values, and the highest of the maxima.

K effects, p coefficients, n free numbers of the covariance, S starting values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import product

import numpy as np

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray
from stromata.synthesis.multilevel import block_likelihood, intercept_likelihood, structures
from stromata.synthesis.multilevel.block_likelihood import Later, Layout, Maximum, Objective
from stromata.synthesis.multilevel.fitted_model import FittedModel, Search, orthonormal
from stromata.synthesis.multilevel.random_terms import Places, RandomTerm
from stromata.synthesis.multilevel.sampling_covariance import SamplingCovariance, is_positive_definite, read_only
from stromata.synthesis.regression.formulas import ModelMatrix

_REDUNDANT = 1e-8
"""Length of a column of X, relative to its own, that is left when the columns before it are taken out."""
_AT_ZERO = 1e-6
"""Variance, relative to the unit of the layout, below which 0 is tried instead."""


def blocks_of(k: int, terms: Sequence[RandomTerm], sampling: SamplingCovariance) -> list[Places]:
    """Return the rows of each set of effects that share no covariance with others."""
    links = []
    for term in terms:
        s = term.structure
        if s.kind == "known" and s.known is not None:
            links.append(_linked(s.known)[term.inner])
        elif s.kind in structures.DIAGONAL and term.z is None:
            links.append(term.outer * s.q + term.inner)
        else:
            links.append(term.outer)
    if sampling.rows:
        own = np.arange(k)
        for rows in sampling.rows:
            own[rows] = rows.min()
        links.append(own)
    place = np.arange(k)
    while True:
        before = place
        for codes in links:
            place = _together(place, codes)
        # The lowest row of a set stands for it: its own lowest row, where it has one, is that of the set.
        place = place[place]
        if (place == before).all():
            break
    order = np.argsort(place, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(place[order])) + 1)


def _together(place: Places, codes: Places) -> Places:
    """Return the lowest place of all rows with the same code."""
    low = np.full(int(codes.max()) + 1, len(place), dtype=np.intp)
    np.minimum.at(low, codes, place)
    return low[codes]


def _linked(known: FloatArray) -> Places:
    """Return codes of levels that are the same where levels are correlated, directly or through others."""
    left, right = np.nonzero(known)
    level = np.arange(len(known))
    while True:
        before = level.copy()
        np.minimum.at(level, left, level[right])
        level = level[level]
        if (level == before).all():
            return level


def _layout(
    xy: FloatArray,
    sampling: SamplingCovariance,
    terms: Sequence[RandomTerm],
    own: Sequence[structures.Structure],
    unit: float,
) -> Layout:
    """Return the (K, p + 1) columns in units arranged in blocks, with the terms' structures in units."""
    covariances = [(rows, block / unit**2) for rows, block in zip(sampling.rows, sampling.blocks, strict=True)]
    blocks = blocks_of(len(xy), terms, sampling)
    buckets, flat = block_likelihood.arrange(xy, sampling.vi / unit**2, blocks, covariances)
    entries = [
        block_likelihood.term(structure, buckets, t.outer, t.inner, t.z)
        for t, structure in zip(terms, own, strict=True)
    ]
    return Layout(len(xy), xy.shape[1] - 1, flat, buckets, tuple(entries))


_LEAST_VARIANCE = 1e-6
"""Least sampling variance, in units of the layout, with which Woodbury's identity keeps enough digits."""


def _objective(
    xy: FloatArray,
    sampling: SamplingCovariance,
    terms: Sequence[RandomTerm],
    own: Sequence[structures.Structure],
    *,
    unit: float,
    restricted: bool,
) -> Objective:
    """Return the likelihood, by a short way where there are only random intercepts and independent errors."""
    make = partial(_layout, xy, sampling, terms, own, unit)
    simple = all(term.intercept and term.structure.kind == "ID" for term in terms)
    v = sampling.vi / unit**2
    if not terms or not simple or sampling.rows or v.min() < _LEAST_VARIANCE:
        return Objective.of(make(), restricted=restricted)
    outer, levels = [term.outer for term in terms], [len(term.outer_levels) for term in terms]
    nested = intercept_likelihood.nested(xy, v, outer, levels)
    if nested is not None:
        return Objective.nested(own, Later(make), nested, restricted=restricted)
    layout = make()
    quick = intercept_likelihood.arrange(xy, v, [bucket.rows for bucket in layout.buckets], outer, levels)
    return Objective.of(layout, restricted=restricted, intercepts=quick)


def _scaled(term: RandomTerm, squares: FloatArray, unit: float) -> structures.Structure:
    """Return the structure in the units of the layout, in which the effects vary by about 1.

    Variances of their own, of outcomes or of slopes, are measured in that which would explain all `squares` alone.
    """
    s = term.structure
    own: FloatArray | float = 1.0
    if s.kind in structures.SEPARATE:
        z = np.equal.outer(term.inner, np.arange(s.q)).astype(np.float64) if term.z is None else term.z
        weight = np.maximum((z**4).sum(axis=0), 1e-300)
        own = np.sqrt(np.maximum((z**2 * squares[:, None]).sum(axis=0) / weight, 1e-300)) / unit
    return structures.Structure(s.kind, s.q, s.tau2 / unit**2, s.rho, s.known, own)


def fit_model(
    y: FloatArray,
    x: FloatArray,
    sampling: SamplingCovariance,
    terms: tuple[RandomTerm, ...],
    made: ModelMatrix | None,
    *,
    restricted: bool,
) -> tuple[FittedModel, Search]:
    """Return the fitted model of K effects `y` with (K, p) columns `x` of full rank, and what the search met.

    Parameters
    ----------
    y, x : finite, in the units of the data.
    sampling : covariance of the K sampling errors.
    terms : random terms, NaN in their structures where a component is to be estimated.
    made : the formula's matrix, kept with the model.
    restricted : maximise the restricted likelihood.

    Raises
    ------
    InvalidInput
        The covariance of the effects is not positive definite.
    """
    basis, triangle = orthonormal(x)
    residual = y - basis @ (basis.T @ y)
    spread = float(residual @ residual) / max(len(y) - x.shape[1], 1)
    unit = math.sqrt(float(np.mean(sampling.vi)) + spread)
    squares = residual**2 + sampling.vi
    own = tuple(_scaled(term, squares, unit) for term in terms)
    xy = np.concatenate([basis, (y / unit)[:, None]], axis=1)
    objective = _objective(xy, sampling, terms, own, unit=unit, restricted=restricted)
    objective, found = _with_levels_at_zero(objective, _maxima(objective))
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
        turn=np.asarray(np.linalg.inv(triangle), dtype=np.float64),
        made=made,
    )
    return model, Search(len(found), gap, best.settled)


def _where(sampling: SamplingCovariance) -> str:
    pairs = zip(sampling.labels, sampling.blocks, strict=True)
    bad = [label for label, block in pairs if not is_positive_definite(block)]
    return f" in cluster {', '.join(bad)}" if bad else ""


_SIZES = (0.003, 0.03, 0.3, 1.0)
"""Variances from which a search starts, in units of the variance of the effects around the regression."""
_SPACING = 0.5
_FINE = tuple(10.0 ** (-2.5 + _SPACING * step) for step in range(7))
"""The same for one or two random intercepts: of these the peaks of the grid are climbed, most often a single one."""
_GRID = 2e5
"""Numbers that a fine grid may take."""
_CORRELATIONS = (0.9, 0.4, -0.4, -0.9)
"""Correlations from which a search starts."""
_EDGE_SIZES = (0.1, 1.0, 10.0)
"""Variances beside correlations at their limits: what cancels out may be large."""
_LEVELS_COMBINED = 4
"""Inner levels up to which small and large variances, and signs, are combined in all ways."""
_FAR_AND_NEAR = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
"""Reaches between the least and the largest distance, on the scale of logarithms, from which a search starts."""
_MOST_STARTS = 400
"""Combinations of starting values of the terms that are looked at; with more, one term at a time is varied."""
_CLIMBS, _MORE_CLIMBS = 3, 10
"""Starting values from which the likelihood is climbed, the best ones that lie apart; more beside correlations, where
likelihoods have several maxima more often."""
_EDGE_CLIMBS = 4
"""The same with correlations at their limits."""
_APART = 1.5
"""Distance between starting values, in logarithms of variances and thirds of correlations, that tells them apart."""
_WORK, _TOGETHER = 3e7, 3e4
"""Multiplications per value of the likelihood above which fewer starting values are tried, and numbers that searches
which climb side by side may take."""


def _sizes_of(s: structures.Structure, amounts: tuple[float, ...], *, few: bool) -> FloatArray:
    """Return variances (S, v) in squared units: the same of all levels, or large for some of them only."""
    count = len(s.tau2)
    same = np.repeat(np.array(amounts)[:, None], count, axis=1)
    if not np.isnan(s.tau2).any():
        return same[:1]
    if count == 1:
        return same
    low, high = amounts[0], amounts[2]
    if count <= _LEVELS_COMBINED and not few:
        return np.concatenate([same, np.array(list(product((low, high), repeat=count)))[1:-1]])
    alone = np.eye(count, dtype=np.bool_)
    return np.concatenate([same, np.where(alone, high, low), np.where(alone, low, high)])


def _inside(s: structures.Structure, *, few: bool) -> tuple[FloatArray, FloatArray]:
    """Return starting values of one term, (S, n), and (S, m) where they lie: all sizes with every correlation."""
    sizes = _sizes_of(s, _SIZES, few=few)
    rhos: tuple[float, ...] = (0.0,)
    if np.isnan(s.rho).any():
        rhos = _FAR_AND_NEAR if s.kind in structures.NUMERIC else _CORRELATIONS
    stretch = 8.0 if s.kind in structures.NUMERIC else 3.0
    rho = np.tile(rhos, len(sizes))[:, None]
    sizes = np.repeat(sizes, len(rhos), axis=0)
    aim = rho if s.kind in structures.NUMERIC else np.maximum(rho, 0.95 * structures.rho_range(s)[0])
    thetas = structures.start(s, sizes, np.repeat(aim, len(s.rho), axis=1))
    return thetas, np.column_stack([np.log(sizes[:, np.isnan(s.tau2)]), stretch * rho])


def _edge(s: structures.Structure) -> tuple[FloatArray, FloatArray]:
    """Return the same with correlations at their limits.

    There the likelihood has maxima of its own, which searches from inside may pass by: random effects of which one
    follows from the others.
    """
    if s.kind in structures.NUMERIC or not np.isnan(s.rho).any():
        return _inside(s, few=True)
    sizes = _sizes_of(s, _EDGE_SIZES, few=False)
    if s.kind in structures.UNSTRUCTURED:
        signs = np.array(list(product((1.0, -1.0), repeat=min(s.q - 1, _LEVELS_COMBINED))))
        signs = np.column_stack([np.ones(len(signs)), signs, np.ones((len(signs), s.q - 1 - signs.shape[1]))])
        first, second = np.array(s.pairs).T
        rhos = signs[:, first] * signs[:, second]
    else:
        rhos = np.array(structures.rho_range(s))[:, None]
    rho = np.tile(rhos, (len(sizes), 1))
    sizes = np.repeat(sizes, len(rhos), axis=0)
    return structures.start(s, sizes, rho), np.column_stack([np.log(sizes[:, np.isnan(s.tau2)]), 3 * rho])


def _combined(each: list[tuple[FloatArray, FloatArray]], most: int) -> tuple[FloatArray, FloatArray]:
    """Return starting values of all terms together, in all ways, or else one term at a time varied."""
    counts = [len(thetas) for thetas, _ in each]
    if math.prod(counts) <= most:
        chosen = np.indices(counts).reshape(len(counts), -1)
    else:
        chosen = np.repeat(np.array(counts)[:, None] // 2, sum(counts), axis=1)
        for i, count in enumerate(counts):
            first = sum(counts[:i])
            chosen[i, first : first + count] = range(count)
    return (
        np.concatenate([thetas[own] for (thetas, _), own in zip(each, chosen, strict=True)], axis=1),
        np.concatenate([places[own] for (_, places), own in zip(each, chosen, strict=True)], axis=1),
    )


def _peaks(objective: Objective) -> FloatArray | None:
    """Return the peaks of a fine grid (S, n), where the model has only one or two variances and is quick."""
    n = objective.ends[-1] if objective.ends else 0
    size = objective.k if objective.intercepts is not None else objective.room
    plain = all(len(own.tau2) == 1 and not len(own.rho) for own in objective.structures)
    if not (plain and 0 < n <= 2 and len(_FINE) ** n * size <= _GRID):
        return None
    thetas = _fine_grid(n)
    values = objective.values(thetas)
    if not np.isfinite(values).all():
        return None
    grid = values.reshape((len(_FINE),) * n)
    highest = grid
    for axis in range(n):
        highest = _highest_around(highest, axis)
    peaks = np.argwhere(grid == highest)
    on_grid = thetas[np.ravel_multi_index(tuple(peaks.T), grid.shape)]
    beside = on_grid * 10 ** (_SPACING / 2 * np.array([summit_near(grid, tuple(peak)) for peak in peaks.tolist()]))
    higher = objective.values(beside) > grid[grid == highest]
    return np.asarray(np.where(higher[:, None], beside, on_grid))


def summit_near(grid: FloatArray, peak: tuple[int, ...]) -> list[float]:
    """Return the way from a peak of a grid of one or two axes to that of the parabola around it, in steps of the grid.

    Along an axis on whose border the peak lies there is none, and nowhere more than one step.
    """
    slope, bend = [0.0] * len(peak), [-1.0] * len(peak)
    for axis, at in enumerate(peak):
        if 0 < at < len(_FINE) - 1:
            before, here, after = (float(grid[(*peak[:axis], at + i, *peak[axis + 1 :])]) for i in (-1, 0, 1))
            slope[axis], bend[axis] = (after - before) / 2, min(before - 2 * here + after, -1e-300)
    if len(peak) == 1 or 0.0 in slope:
        return [min(max(-s / b, -1.0), 1.0) for s, b in zip(slope, bend, strict=True)]
    i, j = peak
    cross = float(grid[i + 1, j + 1] - grid[i + 1, j - 1] - grid[i - 1, j + 1] + grid[i - 1, j - 1]) / 4
    volume = bend[0] * bend[1] - cross * cross
    if volume <= 0:
        return [0.0, 0.0]
    steps = (cross * slope[1] - bend[1] * slope[0]) / volume, (cross * slope[0] - bend[0] * slope[1]) / volume
    return [min(max(each, -1.0), 1.0) for each in steps]


@cache
def _fine_grid(n: int) -> FloatArray:
    """Return standard deviations (S, n)."""
    return read_only(np.sqrt(np.array(list(product(_FINE, repeat=n)))))


def _highest_around(grid: FloatArray, axis: int) -> FloatArray:
    """Return the highest of each value and its neighbours along an axis."""
    values = grid.swapaxes(0, axis)
    out = values.copy()
    np.maximum(out[1:], values[:-1], out=out[1:])
    np.maximum(out[:-1], values[1:], out=out[:-1])
    return out.swapaxes(0, axis)


def _best_apart(objective: Objective, thetas: FloatArray, places: FloatArray, most: int) -> list[FloatArray]:
    """Return the highest starting values that lie apart."""
    values = objective.values(thetas)
    chosen: list[int] = []
    for i in np.argsort(-values, kind="stable").tolist():
        if len(chosen) == most or not math.isfinite(values[i]):
            break
        if not chosen or np.abs(places[i] - places[chosen]).max(axis=1).min() > _APART:
            chosen.append(i)
    return [thetas[i] for i in chosen]


def _chosen(objective: Objective) -> FloatArray:
    """Return the starting values (S, n) from which the likelihood is climbed."""
    peaks = _peaks(objective)
    if peaks is not None:
        return peaks
    terms = objective.structures
    work = sum(b.rows.shape[0] * b.rows.shape[1] ** 3 for b in objective.layout.buckets)
    few = work > _WORK
    most = 1 if few else _MOST_STARTS
    thetas, places = _combined([_inside(s, few=few) for s in terms], most)
    if not any(np.isnan(s.rho).any() for s in terms):
        found = _best_apart(objective, thetas, places, _CLIMBS)
    else:
        # Of so many effects that searches are dear the likelihood is close to a parabola: fewer will do.
        dear = _side_by_side(objective, thetas.shape[1]) == 1
        found = _best_apart(objective, thetas, places, _CLIMBS if dear else _MORE_CLIMBS)
        if not few:
            edge = _combined([_edge(s) for s in terms], most)
            found += _best_apart(objective, *edge, 1 if dear else _EDGE_CLIMBS)
    return np.array(found or thetas[:1])


def _side_by_side(objective: Objective, n: int) -> int:
    """Return how many searches climb together."""
    return max(int(_TOGETHER / (objective.room * (n + 1))), 1)


def _maxima(objective: Objective) -> list[Maximum]:
    """Return the local maxima met, the highest first."""
    if not objective.places or not objective.places[-1][1]:
        none = np.zeros((1, 0))
        return [Maximum(none[0], float(objective.values(none)[0]), settled=True)]
    return _climbed(objective, _chosen(objective))


def _climbed(objective: Objective, starts: FloatArray) -> list[Maximum]:
    """Return the local maxima above starting values (S, n), the highest first."""
    side_by_side = _side_by_side(objective, starts.shape[1])
    raw: list[Maximum] = []
    for first in range(0, len(starts), side_by_side):
        own = starts[first : first + side_by_side]
        raw += block_likelihood.climb(objective.both, own, known=raw, least=objective.least)
    distinct = [maximum for n, maximum in enumerate(raw) if all(maximum is not other for other in raw[:n])]
    found = [block_likelihood.to_boundary(objective, maximum, _AT_ZERO) for maximum in distinct]
    # Where 0 is higher by more than rounding it is another maximum, and the others may now lie elsewhere.
    higher = [i for i, maximum in enumerate(found) if maximum.value > distinct[i].value + _rounding(maximum.value)]
    if higher:
        again = np.array([found[i].theta for i in higher])
        found += block_likelihood.climb(objective.both, again, least=objective.least)
        found += [distinct[i] for i in higher]
    found.sort(key=lambda maximum: -maximum.value)
    return [found[0], *_others(found)]


def _with_levels_at_zero(objective: Objective, found: list[Maximum]) -> tuple[Objective, list[Maximum]]:
    """Return the objective and its maxima, the highest first, where variances at 0 allow other correlations as well.

    One variance more is held at 0 as long as the likelihood rises.
    """
    best = objective, found
    for i, own in enumerate(objective.structures):
        for structure in structures.without_one_level(own):
            layout = objective.layout
            held_term = replace(layout.terms[i], structure=structure)
            terms = (*layout.terms[:i], held_term, *layout.terms[i + 1 :])
            held = Objective.of(replace(layout, terms=terms), restricted=objective.restricted)
            highest = _climbed(held, _few_chosen(held))[0]
            if highest.value > best[1][0].value + _rounding(best[1][0].value):
                best = held, [highest, *found]
    return best if best[0] is objective else _with_levels_at_zero(*best)


def _few_chosen(objective: Objective) -> FloatArray:
    """Return a few starting values (S, n): the model differs little from one that was searched thoroughly."""
    own = objective.structures
    inside, edge = (_combined([starts(s) for s in own], _MOST_STARTS) for starts in (partial(_inside, few=True), _edge))
    thetas, places = (np.concatenate(pair) for pair in zip(inside, edge, strict=True))
    return np.array(_best_apart(objective, thetas, places, _CLIMBS) or thetas[:1])


def _rounding(value: float) -> float:
    """Return the difference of log-likelihoods from which on two maxima are not the same."""
    return 1e-6 * max(1.0, abs(value))


def _others(found: list[Maximum]) -> list[Maximum]:
    """Return the maxima that lie below the highest by more than rounding."""
    out: list[Maximum] = []
    last = found[0].value
    for maximum in found[1:]:
        if maximum.settled and last - maximum.value > _rounding(last):
            out.append(maximum)
            last = maximum.value
    return out


def independent(x: FloatArray, names: tuple[str, ...]) -> tuple[FloatArray, tuple[str, ...], list[str]]:
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

"""Bases of curves for one moderator: orthogonal polynomials, B-splines, natural and restricted cubic splines.

K values x. A basis is learnt from the values of the studies (its knots, its coefficients) and can then be worked out
for any value; outside their range natural splines go on as straight lines, B-splines as the outermost polynomial.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stromata.errors import InvalidInput
from stromata.synthesis.intervals import FloatArray

CUBIC = 3

FEW = 100
"""Values below which the outer knots of restricted cubic splines are the fifth smallest and the fifth largest."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A basis that was learnt.

    Attributes
    ----------
    kind : ``poly``, ``bs``, ``ns`` or ``rcs``. suffixes : what tells its columns apart.
    knots : of ``bs`` and ``ns`` with the repeated ends; none of ``poly``.
    degree : of polynomials.
    centres, lengths : of ``poly``: its recursion.
    free, slope : of ``ns``: from B-splines to the natural ones, and the slopes of these at both ends.
    """

    kind: str
    suffixes: tuple[str, ...]
    knots: FloatArray
    degree: int = CUBIC
    centres: tuple[float, ...] = ()
    lengths: tuple[float, ...] = ()
    free: FloatArray | None = None
    slope: FloatArray | None = None

    def at(self, values: FloatArray) -> FloatArray:
        """Return (M, m) columns for (M,) values."""
        if self.kind == "poly":
            return _orthogonal(values, self.centres, self.lengths)
        if self.kind == "rcs":
            return _truncated_cubes(values, self.knots)
        if self.free is None or self.slope is None:
            return _b_splines(values, self.knots, self.degree)[:, 1:]
        low, high = self.knots[0], self.knots[-1]
        inside = _b_splines(np.clip(values, low, high), self.knots, self.degree)[:, 1:] @ self.free
        below, above = np.minimum(values - low, 0.0), np.maximum(values - high, 0.0)
        return np.asarray(inside + below[:, None] * self.slope[0] + above[:, None] * self.slope[1])


def basis(kind: str, x: FloatArray, given: Mapping[str, tuple[float, ...]]) -> Basis:
    """Learn a basis from (K,) finite values.

    Parameters
    ----------
    kind : ``poly``, ``ns``, ``bs`` or ``rcs``.
    given : arguments as written: ``degree``, ``df``, ``knots`` (for ``rcs`` their number or their places).

    Raises
    ------
    InvalidInput
        Too few different values, arguments that contradict one another, knots that are not inside the range.

    References
    ----------
    Kennedy and Gentle (1980), Statistical Computing, 343-344, for orthogonal polynomials; de Boor (1978), A Practical
    Guide to Splines, chapter X, for B-splines; Hastie (1992) in Statistical Models in S, chapter 7, for natural splines
    with knots at quantiles; Harrell (2015), Regression Modeling Strategies, 2nd ed., 2.4.5-2.4.6 with table 2.3, for
    restricted cubic splines and their knots.
    """
    if kind == "poly":
        return _polynomial(x, _whole(given, "degree", 1))
    if kind == "rcs":
        return _restricted(x, given.get("knots", (5.0,)))
    inner, degree = _knots(x, given, natural=kind == "ns")
    knots = np.concatenate((np.repeat(x.min(), degree + 1), inner, np.repeat(x.max(), degree + 1)))
    if kind == "ns":
        return _natural(knots)
    return Basis(kind, _numbered(len(inner) + degree), knots, degree)


def _whole(given: Mapping[str, tuple[float, ...]], name: str, default: int | None) -> int:
    values = given.get(name)
    if values is None:
        if default is None:
            raise InvalidInput(f"{name} is missing")
        return default
    if len(values) != 1 or values[0] != int(values[0]) or values[0] < 1:
        raise InvalidInput(f"{name} must be a whole number from 1 on")
    return int(values[0])


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(str(i + 1) for i in range(count))


# Orthogonal polynomials.


def _polynomial(x: FloatArray, degree: int) -> Basis:
    """Return polynomials that are orthogonal to one another and to the constant over x, each of length 1."""
    different = len(np.unique(x))
    if degree >= different:
        raise InvalidInput(f"degree {degree} needs {degree + 1} different values; there are {different}")
    centres, lengths = [], [1.0, float(len(x))]
    before, now = np.zeros_like(x), np.ones_like(x)
    for _ in range(degree):
        centres.append(float((x * now) @ now) / lengths[-1])
        before, now = now, (x - centres[-1]) * now - lengths[-1] / lengths[-2] * before * (len(centres) > 1)
        lengths.append(float(now @ now))

    # One column has the plain name in R, several are numbered.
    suffixes = _numbered(degree) if degree > 1 else ("",)
    return Basis("poly", suffixes, np.zeros(0), degree, tuple(centres), tuple(lengths))


def _orthogonal(values: FloatArray, centres: tuple[float, ...], lengths: tuple[float, ...]) -> FloatArray:
    old, new, columns = np.zeros_like(values), np.ones_like(values), []
    for i, centre in enumerate(centres):
        old, new = new, (values - centre) * new - lengths[i + 1] / lengths[i] * old * (i > 0)
        columns.append(new / np.sqrt(lengths[i + 2]))
    return np.stack(columns, axis=1)


# B-splines and natural splines.


def _knots(x: FloatArray, given: Mapping[str, tuple[float, ...]], *, natural: bool) -> tuple[FloatArray, int]:
    """Return inner knots, at quantiles unless given, and the degree."""
    degree = CUBIC if natural else _whole(given, "degree", CUBIC)
    if "knots" in given:
        inner = np.array(sorted(given["knots"]))
    else:
        df = _whole(given, "df", 1 if natural else degree)
        count = df - 1 if natural else df - degree
        if count < 0:
            raise InvalidInput(f"df is {df}; at least {degree} are needed for degree {degree}")
        inner = np.quantile(x, np.arange(1, count + 1) / (count + 1))
    places = [float(x.min()), *inner.tolist(), float(x.max())]
    if any(a >= b for a, b in pairwise(places)):
        raise InvalidInput(
            "the knots do not lie apart from one another and inside the range of the values",
            hint="Ask for fewer degrees of freedom, or give knots=c(...).",
        )
    return inner, degree


def _b_splines(x: FloatArray, knots: FloatArray, degree: int, derivative: int = 0) -> FloatArray:
    """Return (M, knots - degree - 1) B-splines, or a derivative of them, by de Boor's recursion.

    Values outside the knots belong to the outermost interval, so that its polynomial goes on.
    """
    count = len(knots) - degree - 1
    cell = np.clip(np.searchsorted(knots, x, side="right") - 1, degree, count - 1)
    values = np.zeros((len(x), len(knots) - 1))
    values[np.arange(len(x)), cell] = 1.0
    for order in range(1, degree + 1):
        width = knots[order:] - knots[:-order]
        share = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
        if order > degree - derivative:
            scaled = order * values * share
        else:
            rise = (x[:, None] - knots[None, : len(width)]) * share
            fall = (knots[None, order:] - x[:, None]) * share
            values = rise[:, :-1] * values[:, :-1] + fall[:, 1:] * values[:, 1:]
            continue
        values = scaled[:, :-1] - scaled[:, 1:]
    return values


def _natural(knots: FloatArray) -> Basis:
    """Return cubic splines whose second derivative is 0 at both ends of the range, without the constant.

    The null space of the two conditions on the B-splines (the first left out) by Householder's QR factorisation.
    """
    ends = knots[[0, -1]]
    conditions = _b_splines(ends, knots, CUBIC, 2)[:, 1:]
    free = np.linalg.qr(conditions.T, mode="complete")[0][:, 2:]
    slope = _b_splines(ends, knots, CUBIC, 1)[:, 1:] @ free
    return Basis("ns", _numbered(free.shape[1]), knots, free=free, slope=slope)


# Restricted cubic splines.


def _restricted(x: FloatArray, given: tuple[float, ...]) -> Basis:
    """Return x and Harrell's truncated cubes, which are straight lines outside the outer knots."""
    knots = np.array(sorted(given)) if len(given) > 1 else _harrell(x, given[0])
    count = len(knots)
    if count < 3 or (np.diff(knots) <= 0).any():
        raise InvalidInput(
            f"{count} knots at {', '.join(f'{knot:g}' for knot in knots)}; at least three different ones are needed",
            hint="Give places that lie apart: rcs(x, c(10, 20, 30)).",
        )
    return Basis("rcs", tuple("'" * i for i in range(count - 1)), knots)


def _truncated_cubes(values: FloatArray, knots: FloatArray) -> FloatArray:
    last, before = float(knots[-1]), float(knots[-2])

    def cube(knot: float) -> FloatArray:
        return np.asarray(np.maximum(values - knot, 0.0) ** 3)

    columns = [values]
    for knot in knots[:-2].tolist():
        rest = cube(before) * (last - knot) - cube(last) * (before - knot)
        columns.append((cube(knot) - rest / (last - before)) / (last - float(knots[0])) ** 2)
    return np.stack(columns, axis=1)


def _harrell(x: FloatArray, number: float) -> FloatArray:
    """Return knots at the quantiles of Harrell's table 2.3; below 100 values the outer ones are fifth from the ends.

    Where that would not leave them in order, as with a dozen values, the table's quantiles stand.
    """
    if number != int(number) or not 3 <= number <= 7:
        raise InvalidInput(
            f"{number:g} knots; from 3 to 7 can be placed", hint="Or give places: rcs(x, c(10, 20, 30))."
        )
    count = int(number)
    outer = {3: 0.10, 7: 0.025}.get(count, 0.05)
    knots = np.quantile(x, np.linspace(outer, 1 - outer, count))
    ordered = np.sort(x)
    if 5 <= len(x) < FEW:
        fifth = np.concatenate(([ordered[4]], knots[1:-1], [ordered[-5]]))
        if (np.diff(fifth) > 0).all():
            return np.asarray(fifth)
    return np.asarray(knots)

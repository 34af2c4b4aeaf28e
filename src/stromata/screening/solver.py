"""A linear support vector machine that learns one verdict more at a small part of the price of learning them all.

It minimises ``|w|^2 / 2 + sum_i C_i max(0, 1 - y_i f_i)^2`` with ``f_i = p_i + w.x_i + b``: p_i is what is thought of
the point before any verdict, and the constant b is penalised like the other weights. Its dual has one number alpha_i >=
0 a verdict, and ``w = sum_i alpha_i y_i x_i``.

There are two ways to the optimum. `Machine.solve` starts from nothing and goes all the way. `Machine.step` starts from
where the machine stands and moves the few numbers that a new verdict disturbs most: it stays within about a
thousandth of the optimum, in a small part of the time.

The letters: N points (the documents, then what the topic adds), T terms, L verdicts.

References
----------
Hsieh, Chang, Lin, Keerthi, Sundararajan (2008), A dual coordinate descent method for large-scale linear SVM, section 2
(the dual, and the step of one coordinate). Chapelle (2007), Training a support vector machine in the primal, section 4
(the Newton step on the points within the margin).
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_EXACT = 1e-7
"""Where a search for the optimum ends: the part of the first residual that is left."""

_BIAS = 1.0
"""How far the constant is let go: the square of the value that it stands for in each row."""

_NEAR = 1e-4
"""A number that is nearer than this to its optimum, in units of the score, is left where it is by `Machine.step`."""

_AT_ONCE = 16
"""Numbers that are moved between two looks at all of them."""

_LOOKS = 3
"""Looks at all numbers after a new verdict."""

_WIDE_BYTES = 1_000_000_000
"""Up to this memory the products of every labelled point with all points are kept."""


class Machine:
    """Points, the verdicts on some of them, and the scores that follow.

    Parameters
    ----------
    rows : (N, T) the terms of the points.
    lengths : (N,) squared length of each row over all terms, those that no two points share included; 1 unless given,
        and 0 for a row without terms.
    """

    def __init__(self, rows: sparse.csr_array, lengths: FloatArray | None = None) -> None:
        self._rows = rows
        self._prior: FloatArray = np.zeros(rows.shape[0])
        self._n = rows.shape[0]
        self._wide = 4 * self._n * self._n <= _WIDE_BYTES
        self._postings = sparse.csr_array(rows.T) if self._wide else None
        self._diagonal = (np.where(np.diff(rows.indptr) > 0, 1.0, 0.0) if lengths is None else lengths) + _BIAS
        self._columns: dict[int, NDArray[np.float32]] = {}
        self._order: dict[int, int] = {}
        self._points: IntArray = np.zeros(0, dtype=np.int64)
        self._y: FloatArray = np.zeros(0)
        self._alpha: FloatArray = np.zeros(0)
        self._parts: FloatArray = np.zeros((2, self._n if self._wide else 0))

    def copy(self) -> Self:
        """Return a machine that knows the same and learns on its own; what neither changes is shared."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._columns = dict(self._columns) if self._wide else {p: c.copy() for p, c in self._columns.items()}
        other._order = dict(self._order)
        other._alpha, other._parts = self._alpha.copy(), self._parts.copy()
        return other

    def solve(self, points: IntArray, y: FloatArray, cost: FloatArray, prior: FloatArray) -> None:
        """Find the optimum for these verdicts, whatever the machine knew before.

        Parameters
        ----------
        points : (L,) rows of the matrix, all different.
        y : (L,) -1 or 1.
        cost : (L,) what a violation costs (C_i), above 0.
        prior : (N,) what is thought of the points before any verdict (p_i).
        """
        self._prior = prior
        gram = self._gram(points)
        start = prior[points]
        slack = 1 / (2 * cost)
        inside = np.ones(len(points), dtype=bool)
        beta = np.zeros(len(points))
        for _ in range(50):  # two to five are usual; the bound ends a search that goes in circles
            chosen = np.flatnonzero(inside)
            part = gram if len(chosen) == len(points) else gram[np.ix_(chosen, chosen)]
            beta[~inside] = 0.0
            beta[chosen] = _solve(part, slack[chosen], (y - start)[chosen], beta[chosen])
            now = y * (start + gram @ beta.astype(np.float32)) < 1
            if np.array_equal(now, inside):
                break
            inside = now
        self._points, self._y, self._alpha = points, y, np.maximum(beta * y, 0.0)
        self._rebuild()

    def step(self, points: IntArray, y: FloatArray, cost: FloatArray, prior: FloatArray) -> None:
        """Go near the optimum for these verdicts; they are those known so far, and new ones at the end."""
        self._prior = prior
        self._gram_ready(points[len(self._alpha) :])
        slack = 1 / (2 * cost)
        self._alpha = np.concatenate([self._alpha, np.zeros(len(points) - len(self._alpha))])
        self._points, self._y = points, y
        if not self._wide:
            self._rebuild()
        at = points if self._wide else np.array([self._order[int(p)] for p in points])
        diagonal = self._diagonal[points] + slack
        start = prior[points]
        self._scale(at, slack, 1 - y * start)
        for _ in range(_LOOKS):
            score = start + self._parts[0, at] + self._parts[1, at]
            gradient = y * score - 1 + slack * self._alpha
            move = np.maximum(self._alpha - gradient / diagonal, 0.0) - self._alpha
            size = np.abs(move) * diagonal
            worst = np.flatnonzero(size > _NEAR)
            if not len(worst):
                break
            if len(worst) > _AT_ONCE:
                worst = worst[np.argpartition(-size[worst], _AT_ONCE)[:_AT_ONCE]]
            for i in worst:
                self._move(int(i), int(at[i]), float(slack[i]), float(diagonal[i]), float(start[i]))

    def scores(self) -> FloatArray:
        """Return the score of every point: (N,)."""
        if self._wide:
            return np.asarray(self._prior + self._parts[0] + self._parts[1])
        constant = _BIAS * float(self._alpha @ self._y)
        learnt = np.asarray(self._rows @ self.weights().astype(np.float32), dtype=np.float64)
        return np.asarray(self._prior + learnt + constant)

    def weights(self) -> FloatArray:
        """Return the weight that every term has learnt: (T,)."""
        used = np.flatnonzero(self._alpha)
        if not len(used):
            return np.zeros(self._rows.shape[1])
        return np.asarray(self._rows[self._points[used]].T @ (self._alpha * self._y)[used], dtype=np.float64)

    def neighbours(self, point: int) -> tuple[IntArray, FloatArray]:
        """Return the labelled points, and what the likeness to each adds to the score of a point: (L,), (L,)."""
        near = self._rows[self._points] @ self._rows[[point]].T.toarray().ravel()
        return self._points, np.asarray(near * self._alpha * self._y, dtype=np.float64)

    def likeness(self, point: int) -> NDArray[np.float32]:
        """Return the products of a point with all points, the constant left out: (N,)."""
        if not self._wide:
            return np.asarray(self._rows @ self._spelled_out(point))
        if point not in self._columns:
            self._columns[point] = self._column(point)
        return self._columns[point] - np.float32(_BIAS)

    def row(self, point: int) -> sparse.csr_array:
        """Return the terms of a point: (1, T)."""
        return self._rows[[point]]

    def mean(self, points: IntArray) -> FloatArray:
        """Return the mean of some points' terms: (T,)."""
        return np.asarray(self._rows[points].sum(axis=0), dtype=np.float64).ravel() / len(points)

    def _move(self, i: int, at: int, slack: float, diagonal: float, start: float) -> None:
        """Move one number to its optimum, the others being held."""
        y = float(self._y[i])
        gradient = y * (start + self._parts[0, at] + self._parts[1, at]) - 1 + slack * self._alpha[i]
        change = max(self._alpha[i] - gradient / diagonal, 0.0) - self._alpha[i]
        if change:
            self._alpha[i] += change
            part = self._parts[1 if y > 0 else 0]
            part += (change * y) * self._columns[int(self._points[i])][: len(part)]

    def _scale(self, at: IntArray, slack: FloatArray, lack: FloatArray) -> None:
        """Move all numbers of a class by the best factor, which single moves would take long to do."""
        signed = self._alpha * self._y
        relevant = self._y > 0
        A = np.empty((2, 2))
        r = np.empty(2)
        for c, own in enumerate((np.flatnonzero(~relevant), np.flatnonzero(relevant))):
            alpha, where = self._alpha[own], at[own]
            A[c] = self._parts[0, where] @ signed[own], self._parts[1, where] @ signed[own]
            A[c, c] += slack[own] @ (alpha * alpha)
            r[c] = alpha @ lack[own]
        if min(A[0, 0], A[1, 1]) <= 0:
            return
        factor = np.linalg.solve(A + 1e-12 * np.eye(2), r)
        if factor.min() > 0:
            self._alpha *= np.where(relevant, factor[1], factor[0])
            self._parts *= factor[:, None]

    def _rebuild(self) -> None:
        """Compute the scores anew from the numbers of the verdicts."""
        width = self._n if self._wide else len(self._order)
        self._parts = np.zeros((2, width))
        for c, sign in enumerate((-1.0, 1.0)):
            used = np.flatnonzero((self._y == sign) & (self._alpha > 0))
            for first in range(0, len(used), 256):
                some = used[first : first + 256]
                block = np.stack([self._columns[int(p)][:width] for p in self._points[some]])
                self._parts[c] += (sign * self._alpha[some]) @ block.astype(np.float64)

    def _gram(self, points: IntArray) -> NDArray[np.float32]:
        """Return the products of the labelled points with one another: (L, L)."""
        self._gram_ready(points)
        at = points if self._wide else np.array([self._order[int(p)] for p in points], dtype=np.int64)
        if not len(points):
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([self._columns[int(p)][at] for p in points])

    def _gram_ready(self, points: IntArray) -> None:
        """See to it that the products of these points are there."""
        for point in points.tolist():
            if point not in self._columns:
                if self._wide:
                    self._columns[point] = self._column(point)
                else:
                    self._grow(point)

    def _column(self, point: int) -> NDArray[np.float32]:
        """Return the products of a point with all points, the constant included."""
        start, end = self._rows.indptr[point], self._rows.indptr[point + 1]
        terms, values = self._rows.indices[start:end], self._rows.data[start:end]
        assert self._postings is not None  # noqa: S101 - for the type checker: the wide way has them
        near = self._postings[terms]
        weighted = near.data * np.repeat(values, np.diff(near.indptr))
        column = np.bincount(near.indices, weights=weighted, minlength=self._n) + _BIAS
        column[point] = self._diagonal[point]
        return column.astype(np.float32)

    def _spelled_out(self, point: int) -> NDArray[np.float32]:
        """Return the terms of a point, those that it has not as 0: (T,)."""
        dense = np.zeros(self._rows.shape[1], dtype=np.float32)
        start, end = self._rows.indptr[point], self._rows.indptr[point + 1]
        dense[self._rows.indices[start:end]] = self._rows.data[start:end]
        return dense

    def _grow(self, point: int) -> None:
        """Take in a labelled point where only products between labelled points are kept."""
        dense = self._spelled_out(point)
        place = len(self._order)
        known = np.array(list(self._order), dtype=np.int64)
        row = np.zeros(place + 1, dtype=np.float32)
        if place:
            row[:place] = self._rows[known] @ dense + _BIAS
        row[place] = self._diagonal[point]
        room = len(next(iter(self._columns.values()))) if self._columns else 0
        if room <= place:
            room = max(2 * place, 256)
            self._columns = {
                p: np.concatenate([c, np.zeros(room - len(c), np.float32)]) for p, c in self._columns.items()
            }
        for other, value in zip(self._order, row, strict=False):
            self._columns[other][place] = value
        self._columns[point] = np.concatenate([row, np.zeros(room - place - 1, np.float32)])
        self._order[point] = place


def _solve(gram: NDArray[np.float32], slack: FloatArray, y: FloatArray, start: FloatArray) -> FloatArray:
    """Solve ``(K + diag(slack)) beta = y`` by conjugate gradients, each unknown scaled by its diagonal."""
    diagonal = np.diagonal(gram) + slack
    beta = start.copy()
    residual = y - gram @ beta.astype(np.float32) - slack * beta
    z = residual / diagonal
    direction = z.copy()
    rho = float(residual @ z)
    goal = _EXACT**2 * float(y @ (y / diagonal))
    for _ in range(10 * len(y) + 10):
        if rho <= goal:
            break
        image = gram @ direction.astype(np.float32) + slack * direction
        length = rho / float(direction @ image)
        beta += length * direction
        residual -= length * image
        z = residual / diagonal
        rho, before = float(residual @ z), rho
        direction = z + (rho / before) * direction
    return beta
